//! What the tests share.

pub mod source;
