//! Elements of lists: which keys they have. What the keys mean is known where the list is read.

use crate::config::document::Node;
use crate::config::reader::{Fields, Reader};

/// An element that is declared with [`element!`].
pub(super) trait Element: Sized {
    /// Every key that may stand in the element.
    const KEYS: &'static [&'static str];

    /// Takes the keys from what was read already.
    fn take(fields: &mut Fields) -> Self;

    /// Reads the element; `prefix` stands before its keys in errors. A key that is not declared is a problem.
    fn read(node: Option<Node>, prefix: &str, reader: &mut Reader<'_>) -> Self {
        Self::take(&mut reader.fields(node.into_iter().collect(), prefix, Self::KEYS))
    }
}

/// Declares the keys of an element.
macro_rules! element {
    ($(#[$meta:meta])* $name:ident { $($key:ident),+ $(,)? }) => {
        $(#[$meta])*
        pub(super) struct $name {
            $(pub(super) $key: $crate::config::reader::Entry,)+
        }

        impl $crate::config::elements::Element for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            fn take(fields: &mut $crate::config::reader::Fields) -> Self {
                Self { $($key: fields.entry(stringify!($key)),)+ }
            }
        }
    };
}

pub(super) use element;
