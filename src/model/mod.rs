//! Floor 2: what a message means, owned and Send: [`event::Event`]s in a [`batch::Batch`].
//!
//! Invariant: no I/O, no clock, no lock; nothing here knows which socket or store exists.

pub mod batch;
mod bounded;
pub mod device_time;
pub mod event;
pub mod group;
pub mod listener;
pub mod notification;
pub mod readable;
pub mod refused;
pub mod reported_source;
pub mod severity;
pub mod snmp_user;
pub mod subject;
pub mod syslog;
pub mod trailing;
pub mod zone;
