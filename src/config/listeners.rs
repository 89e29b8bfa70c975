//! `listeners`.

use crate::config::declare::{section, subsection};
use crate::config::listeners_snmp::SnmpListener;
use crate::config::listeners_syslog::SyslogListener;

section! {
    /// `listeners`: where messages come in.
    pub struct Listeners {
        /// SNMP notifications: traps and informs of v1, v2c and v3.
        pub snmp: SnmpListener = subsection("snmp");
        /// Syslog: RFC 5424, RFC 3164, and what devices really send.
        pub syslog: SyslogListener = subsection("syslog");
    }
}
