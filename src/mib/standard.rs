//! The definitions that need no MIB file: the notifications every agent has, and the objects they carry.
//!
//! Invariant: sub-identifiers, descriptors and enumerations are those of the RFC named beside each block.

use std::borrow::Cow;

use crate::mib::{Definition, Enumeration};

/// One row: sub-identifiers, descriptor, labels of its values.
type Row = (&'static [u32], &'static str, &'static Enumeration);

/// The definitions of the table, in no order that matters.
pub fn definitions() -> impl Iterator<Item = Definition> {
    MODULES.iter().flat_map(|(module, rows)| {
        rows.iter().map(|(arcs, label, enumeration)| Definition {
            arcs: Cow::Borrowed(arcs),
            module: Cow::Borrowed(module),
            label: Cow::Borrowed(label),
            enumeration: Cow::Borrowed(enumeration),
        })
    })
}

/// A label of an enumeration.
const fn labelled(number: i64, label: &'static str) -> (i64, Cow<'static, str>) {
    (number, Cow::Borrowed(label))
}

/// Not enumerated.
const PLAIN: &Enumeration = &[];

/// TruthValue (RFC 2579).
const TRUTH_VALUE: &Enumeration = &[labelled(1, "true"), labelled(2, "false")];

/// ifAdminStatus (RFC 2863).
const IF_ADMIN_STATUS: &Enumeration = &[labelled(1, "up"), labelled(2, "down"), labelled(3, "testing")];

/// ifOperStatus (RFC 2863).
const IF_OPER_STATUS: &Enumeration = &[
    labelled(1, "up"),
    labelled(2, "down"),
    labelled(3, "testing"),
    labelled(4, "unknown"),
    labelled(5, "dormant"),
    labelled(6, "notPresent"),
    labelled(7, "lowerLayerDown"),
];

/// ifLinkUpDownTrapEnable (RFC 2863), snmpEnableAuthenTraps (RFC 3418).
const ENABLED: &Enumeration = &[labelled(1, "enabled"), labelled(2, "disabled")];

/// ifType: those of IANAifType-MIB that network devices report most.
const IF_TYPE: &Enumeration = &[
    labelled(1, "other"),
    labelled(6, "ethernetCsmacd"),
    labelled(18, "ds1"),
    labelled(22, "propPointToPointSerial"),
    labelled(23, "ppp"),
    labelled(24, "softwareLoopback"),
    labelled(30, "ds3"),
    labelled(32, "frameRelay"),
    labelled(37, "atm"),
    labelled(39, "sonet"),
    labelled(53, "propVirtual"),
    labelled(71, "ieee80211"),
    labelled(94, "adsl"),
    labelled(97, "vdsl"),
    labelled(108, "pppMultilinkBundle"),
    labelled(117, "gigabitEthernet"),
    labelled(131, "tunnel"),
    labelled(135, "l2vlan"),
    labelled(136, "l3ipvlan"),
    labelled(150, "mplsTunnel"),
    labelled(161, "ieee8023adLag"),
    labelled(166, "mpls"),
    labelled(209, "bridge"),
];

/// bgpPeerState (RFC 4273).
const BGP_PEER_STATE: &Enumeration = &[
    labelled(1, "idle"),
    labelled(2, "connect"),
    labelled(3, "active"),
    labelled(4, "opensent"),
    labelled(5, "openconfirm"),
    labelled(6, "established"),
];

/// bgpPeerAdminStatus (RFC 4273).
const BGP_PEER_ADMIN_STATUS: &Enumeration = &[labelled(1, "stop"), labelled(2, "start")];

/// egpNeighState (RFC 1213).
const EGP_NEIGH_STATE: &Enumeration = &[
    labelled(1, "idle"),
    labelled(2, "acquisition"),
    labelled(3, "down"),
    labelled(4, "up"),
    labelled(5, "cease"),
];

/// Every module with its rows.
const MODULES: &[(&str, &[Row])] = &[
    ("SNMPv2-MIB", SNMPV2_MIB),
    ("IF-MIB", IF_MIB),
    ("SNMP-COMMUNITY-MIB", SNMP_COMMUNITY_MIB),
    ("RFC1213-MIB", RFC1213_MIB),
    ("BGP4-MIB", BGP4_MIB),
    ("ENTITY-MIB", ENTITY_MIB),
];

/// RFC 3418.
const SNMPV2_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 2, 1, 1, 1], "sysDescr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 2], "sysObjectID", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 3], "sysUpTime", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 4], "sysContact", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 5], "sysName", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 6], "sysLocation", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 7], "sysServices", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 1, 8], "sysORLastChange", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 11, 30], "snmpEnableAuthenTraps", ENABLED),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 4, 1], "snmpTrapOID", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 4, 3], "snmpTrapEnterprise", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 1], "coldStart", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 2], "warmStart", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 5], "authenticationFailure", PLAIN),
];

/// RFC 2863.
const IF_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3], "linkDown", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 4], "linkUp", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 1], "ifNumber", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1], "ifIndex", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 2], "ifDescr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 3], "ifType", IF_TYPE),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 4], "ifMtu", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 5], "ifSpeed", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 6], "ifPhysAddress", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 7], "ifAdminStatus", IF_ADMIN_STATUS),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 8], "ifOperStatus", IF_OPER_STATUS),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 9], "ifLastChange", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 10], "ifInOctets", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 11], "ifInUcastPkts", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 13], "ifInDiscards", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 14], "ifInErrors", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 16], "ifOutOctets", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 17], "ifOutUcastPkts", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 19], "ifOutDiscards", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 20], "ifOutErrors", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1], "ifName", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6], "ifHCInOctets", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10], "ifHCOutOctets", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 14], "ifLinkUpDownTrapEnable", ENABLED),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15], "ifHighSpeed", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 17], "ifConnectorPresent", TRUTH_VALUE),
    (&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18], "ifAlias", PLAIN),
];

/// RFC 3584 section 5.3.
const SNMP_COMMUNITY_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 6, 3, 18, 1, 3], "snmpTrapAddress", PLAIN),
    (&[1, 3, 6, 1, 6, 3, 18, 1, 4], "snmpTrapCommunity", PLAIN),
];

/// RFC 1213 and its traps in RFC 1215; RFC 3418 leaves number 6 of the standard traps to it.
const RFC1213_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 6], "egpNeighborLoss", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 8, 5, 1, 1], "egpNeighState", EGP_NEIGH_STATE),
    (&[1, 3, 6, 1, 2, 1, 8, 5, 1, 2], "egpNeighAddr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 8, 5, 1, 3], "egpNeighAs", PLAIN),
];

/// RFC 4273. The notifications have three forms: under bgpNotification, the older ones under bgpTraps, and what
/// RFC 3584 3.1 makes of a v1 trap whose enterprise is bgpTraps.
const BGP4_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 2, 1, 15, 0, 1], "bgpEstablishedNotification", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 0, 2], "bgpBackwardTransNotification", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 7, 1], "bgpEstablished", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 7, 2], "bgpBackwardTransition", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 7, 0, 1], "bgpEstablished", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 7, 0, 2], "bgpBackwardTransition", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 1], "bgpPeerIdentifier", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 2], "bgpPeerState", BGP_PEER_STATE),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 3], "bgpPeerAdminStatus", BGP_PEER_ADMIN_STATUS),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 5], "bgpPeerLocalAddr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 7], "bgpPeerRemoteAddr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 9], "bgpPeerRemoteAs", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 14], "bgpPeerLastError", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 15], "bgpPeerFsmEstablishedTransitions", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 15, 3, 1, 16], "bgpPeerFsmEstablishedTime", PLAIN),
];

/// RFC 6933.
const ENTITY_MIB: &[Row] = &[
    (&[1, 3, 6, 1, 2, 1, 47, 2, 0, 1], "entConfigChange", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 4, 1], "entLastChangeTime", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 2], "entPhysicalDescr", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 7], "entPhysicalName", PLAIN),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11], "entPhysicalSerialNum", PLAIN),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mib::Names;

    #[test]
    fn every_row_is_found_under_its_own_name_and_none_is_there_twice() {
        let names = Names::standard();
        assert_eq!(names.len(), definitions().count());
        for definition in definitions() {
            let found =
                names.lookup(&definition.arcs).map(|name| (name.module, name.label, name.suffix.len()));
            assert_eq!(found, Some((definition.module.as_ref(), definition.label.as_ref(), 0)));
        }
    }

    #[test]
    fn an_enumeration_has_each_number_once() {
        for definition in definitions() {
            for (number, _) in definition.enumeration.iter() {
                assert_eq!(definition.enumeration.iter().filter(|(other, _)| other == number).count(), 1);
            }
        }
    }
}
