//! The definitions that need no MIB file: the modules of RFCs, IEEE and IANA that network devices implement, and those
//! of net-snmp.
//!
//! Invariant: sub-identifiers, descriptors, labels and display hints are those of the modules; no text of theirs is here.

use std::sync::{Arc, LazyLock};

use crate::mib::definition::Definitions;
use crate::mib::names::Names;
use crate::mib::table;

/// The table; see [`table`] for its form.
const TABLE: &str = include_str!("standard.tsv");

/// The definitions of the table. Takes some milliseconds.
#[must_use]
pub fn definitions() -> Definitions {
    // It is part of the program, and a test reads it whole.
    table::read(TABLE).unwrap_or_default()
}

/// The definitions of the table, read once.
pub(crate) fn shared() -> &'static Definitions {
    static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(definitions);
    &DEFINITIONS
}

/// The names that need no MIB file, made once and shared.
#[must_use]
pub fn names() -> Arc<Names> {
    static NAMES: LazyLock<Arc<Names>> = LazyLock::new(|| Arc::new(Names::standard()));
    Arc::clone(&NAMES)
}

impl Names {
    /// The names that need no MIB file.
    #[must_use]
    pub fn standard() -> Self {
        Self::from_definitions(definitions().names)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let definitions = table::read(TABLE).unwrap();
        assert!(definitions.names.len() > 7_000 && definitions.types.len() > 400);
        let names = Names::from_definitions(definitions.names.iter().cloned());
        for definition in &definitions.names {
            let found = names.lookup(&definition.arcs).unwrap();
            assert_eq!((found.label, found.suffix.len()), (&*definition.label, 0), "each name once");
        }
        assert!(names.modules() > 120);
    }

    /// A few of each kind, as the RFC in the first column has them.
    #[test]
    fn names_are_those_of_the_rfcs() {
        let names = Names::standard();
        for (rfc, oid, module, label, syntax) in [
            ("RFC 3418", "1.3.6.1.2.1.1.3", "SNMPv2-MIB", "sysUpTime", "TimeTicks"),
            ("RFC 2863", "1.3.6.1.2.1.2.2.1.6", "IF-MIB", "ifPhysAddress", "PhysAddress OCTET STRING 1x:"),
            ("RFC 2863", "1.3.6.1.6.3.1.1.5.4", "IF-MIB", "linkUp", ""),
            ("RFC 4188", "1.3.6.1.2.1.17.0.1", "BRIDGE-MIB", "newRoot", ""),
            ("RFC 4273", "1.3.6.1.2.1.15.0.2", "BGP4-MIB", "bgpBackwardTransNotification", ""),
            ("RFC 4273", "1.3.6.1.2.1.15.7.0.1", "BGP4-MIB", "bgpEstablished", ""),
            ("RFC 4750", "1.3.6.1.2.1.14.16.2.2", "OSPF-TRAP-MIB", "ospfNbrStateChange", ""),
            ("RFC 2819", "1.3.6.1.2.1.16.0.1", "RMON-MIB", "risingAlarm", ""),
            ("RFC 1628", "1.3.6.1.2.1.33.2.3", "UPS-MIB", "upsTrapAlarmEntryAdded", ""),
            (
                "RFC 2790",
                "1.3.6.1.2.1.25.1.2",
                "HOST-RESOURCES-MIB",
                "hrSystemDate",
                "DateAndTime OCTET STRING 2d-1d-1d,1d:1d:1d.1d,1a1d:1d",
            ),
            ("RFC 6933", "1.3.6.1.2.1.47.2.0.1", "ENTITY-MIB", "entConfigChange", ""),
            (
                "RFC 3433",
                "1.3.6.1.2.1.99.1.1.1.4",
                "ENTITY-SENSOR-MIB",
                "entPhySensorValue",
                "EntitySensorValue INTEGER",
            ),
            ("802.1AB", "1.0.8802.1.1.2.0.0.1", "LLDP-MIB", "lldpRemTablesChange", ""),
            ("RFC 3621", "1.3.6.1.2.1.105.0.1", "POWER-ETHERNET-MIB", "pethPsePortOnOffNotification", ""),
            ("RFC 2787", "1.3.6.1.2.1.68.0.1", "VRRP-MIB", "vrrpTrapNewMaster", ""),
            ("RFC 3813", "1.3.6.1.2.1.10.166.2.0.2", "MPLS-LSR-STD-MIB", "mplsXCDown", ""),
            ("RFC 7331", "1.3.6.1.2.1.222.0.2", "BFD-STD-MIB", "bfdSessDown", ""),
            ("RFC 4560", "1.3.6.1.2.1.80.0.1", "DISMAN-PING-MIB", "pingProbeFailed", ""),
            (
                "RFC 3014",
                "1.3.6.1.2.1.92.1.3.1.1.4",
                "NOTIFICATION-LOG-MIB",
                "nlmLogEngineID",
                "SnmpEngineID OCTET STRING",
            ),
            ("net-snmp", "1.3.6.1.4.1.8072.4.0.2", "NET-SNMP-AGENT-MIB", "nsNotifyShutdown", ""),
            (
                "net-snmp",
                "1.3.6.1.4.1.2021.10.1.3",
                "UCD-SNMP-MIB",
                "laLoad",
                "DisplayString OCTET STRING 255a",
            ),
        ] {
            let arcs: Vec<u32> = oid.split('.').map(|arc| arc.parse().unwrap()).collect();
            let name = names.lookup(&arcs).unwrap();
            let known = name.syntax.map_or_else(String::new, |syntax| {
                format!("{} {} {}", syntax.name, syntax.base.as_str(), syntax.hint)
            });
            assert_eq!(
                (name.module, name.label, name.suffix.len(), known.trim()),
                (module, label, 0, syntax),
                "{rfc}"
            );
        }
    }

    #[test]
    fn labels_and_indexes_are_those_of_the_modules() {
        let names = Names::standard();
        let one = |label: &'static str| names.by_label(None, label).next().map(|(_, name)| name).unwrap();
        assert_eq!(one("ifType").value_label(161), Some("ieee8023adLag"));
        assert_eq!(
            one("ifType").syntax.map(|syntax| syntax.labels.len() > 280),
            Some(true),
            "all of IANAifType"
        );
        assert_eq!(one("bgpPeerState").value_label(6), Some("established"));
        assert_eq!(one("ospfNbrState").value_label(8), Some("full"));
        assert_eq!(one("vrrpOperState").value_label(3), Some("master"));
        assert_eq!(one("upsBatteryStatus").value_label(3), Some("batteryLow"));
        assert_eq!(one("entPhySensorOperStatus").value_label(3), Some("nonoperational"));
        let index = |label: &'static str| {
            let parts = one(label).index.iter();
            parts
                .map(|part| format!("{}{}", if part.implied { "*" } else { "" }, part.label))
                .collect::<Vec<_>>()
        };
        assert_eq!(index("ifAlias"), ["ifIndex"], "AUGMENTS ifEntry");
        assert_eq!(index("ospfNbrState"), ["ospfNbrIpAddr", "ospfNbrAddressLessIndex"]);
        assert_eq!(index("snmpTargetAddrTDomain"), ["*snmpTargetAddrName"]);
        assert_eq!(index("lldpRemSysName"), ["lldpRemTimeMark", "lldpRemLocalPortNum", "lldpRemIndex"]);
        assert_eq!(index("ipNetToPhysicalPhysAddress").len(), 3);
    }
}
