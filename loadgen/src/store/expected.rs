//! What a message of the plan must look like in the store, computed from its own octets.
//!
//! Syslog is stored as it was sent. Of a notification the store has snmpTrapOID and the varbinds; those of version 1 are
//! mapped as RFC 3584 3.1 says.
//!
//! Invariant: reads the plan only, and nothing of the store.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::payload::Service;
use crate::payload::ber::{Reader, dotted, signed_number, tag};
use crate::plan::Plan;

/// snmpTraps (RFC 3418): the standard trap with generic-trap g is this plus g + 1.
const SNMP_TRAPS: &str = "1.3.6.1.6.3.1.1.5";
/// snmpTrapOID.0.
const SNMP_TRAP_OID: &str = "1.3.6.1.6.3.1.1.4.1.0";
/// generic-trap enterpriseSpecific (RFC 1157 4.1.6).
const ENTERPRISE_SPECIFIC: i64 = 6;

/// Name and value of a varbind, as `enriched_data` has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Varbind {
    /// In dots.
    pub name: String,
    /// A number, or text.
    pub value: Value,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The octets of a syslog message.
    Syslog(Vec<u8>),
    /// A notification.
    Trap {
        /// snmpTrapOID in dots.
        oid: String,
        /// The varbinds in their order.
        varbinds: Vec<Varbind>,
    },
}

/// The content of message `index` of stream `stream`; `None` when the plan's own octets cannot be read.
#[must_use]
pub fn content(plan: &Plan, stream: u32, index: u64) -> Option<Content> {
    let slot = plan.slot(index);
    let mut octets = Vec::with_capacity(slot.length);
    plan.append(&slot, stream, index, &mut octets);
    if slot.kind().service == Service::Syslog {
        return Some(Content::Syslog(octets));
    }
    let (tag, pdu) = match &slot.v3 {
        Some(places) => {
            let mut scoped = Reader(places.scoped(&octets)).inner(tag::SEQUENCE)?;
            scoped.any()?;
            scoped.any()?;
            scoped.any()?
        }
        None => match Reader(&octets).any()? {
            (tag::SEQUENCE, message) => {
                let mut message = Reader(message);
                message.any()?;
                message.any()?;
                message.any()?
            }
            // The PDU of an inform of version 3.
            pdu => pdu,
        },
    };
    if tag == tag::TRAP_V1 { trap_v1(Reader(pdu)) } else { notification(Reader(pdu)) }
}

fn trap_v1(mut pdu: Reader<'_>) -> Option<Content> {
    let enterprise = dotted(pdu.content(tag::OBJECT_IDENTIFIER)?)?;
    pdu.any()?;
    let (generic, specific) = (pdu.integer()?, pdu.integer()?);
    pdu.any()?;
    let oid = if generic == ENTERPRISE_SPECIFIC {
        format!("{enterprise}.0.{specific}")
    } else {
        format!("{SNMP_TRAPS}.{}", generic + 1)
    };
    Some(Content::Trap { oid, varbinds: varbinds(pdu)? })
}

fn notification(mut pdu: Reader<'_>) -> Option<Content> {
    pdu.integer()?;
    pdu.integer()?;
    pdu.integer()?;
    let varbinds = varbinds(pdu)?;
    let oid = varbinds.iter().find(|varbind| varbind.name == SNMP_TRAP_OID)?.value.as_str()?.to_owned();
    Some(Content::Trap { oid, varbinds })
}

fn varbinds(mut pdu: Reader<'_>) -> Option<Vec<Varbind>> {
    let mut list = pdu.inner(tag::SEQUENCE)?;
    let mut varbinds = Vec::new();
    while !list.0.is_empty() {
        let mut varbind = list.inner(tag::SEQUENCE)?;
        let name = dotted(varbind.content(tag::OBJECT_IDENTIFIER)?)?;
        let (kind, content) = varbind.any()?;
        let value = match kind {
            tag::OCTET_STRING => json!(std::str::from_utf8(content).ok()?),
            tag::OBJECT_IDENTIFIER => json!(dotted(content)?),
            tag::IP_ADDRESS => json!(Ipv4Addr::from(*content.first_chunk::<4>()?).to_string()),
            _ => json!(signed_number(content)?),
        };
        varbinds.push(Varbind { name, value });
    }
    Some(varbinds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser;

    #[test]
    fn every_message_of_every_kind_can_be_expected() {
        let line = "loadgen --mix syslog=1,rfc5424=1,v1=1,v2c=1,v3=1,v2c-inform=1,v3-inform=1 --rate 8192 --duration 1s \
                    --v3-auth-password 12345678 --v3-priv-password 12345678";
        let args = Args::try_parse_from(line.split_whitespace()).unwrap();
        let plan = Plan::build(&args.plan_settings()).unwrap();
        let mark = format!("run={:08x} stream=00003 seq=", plan.run_id);
        for index in 0..plan.total {
            let kind = plan.slot(index).kind().name;
            match content(&plan, 3, index).unwrap_or_else(|| panic!("{index}: {kind}")) {
                Content::Syslog(octets) => {
                    assert!(octets.ends_with(format!("{mark}{:010}", index + 1).as_bytes()));
                }
                Content::Trap { oid, varbinds } => {
                    assert!(oid.starts_with(SNMP_TRAPS) || oid == "1.3.6.1.4.1.9.9.43.2.0.1", "{oid}");
                    let last = varbinds.last().unwrap();
                    assert_eq!(last.name, "1.3.6.1.4.1.32473.1.1.0", "{kind}");
                    assert_eq!(last.value, json!(format!("{mark}{:010}", index + 1)), "{kind}");
                    assert_eq!(varbinds.iter().any(|varbind| varbind.name == SNMP_TRAP_OID), kind != "v1");
                }
            }
        }
    }
}
