//! Lines of the formats that the benches of the decoder read, and what must be read from them.
#![allow(dead_code, reason = "each bench that includes this file uses its part of it")]

#[path = "../../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;

use mutt::model::syslog::{Delivery, enrich};
use mutt::wire::syslog::{Format, Message, Payload, decode, decode_into};

/// Lines of each format.
pub const LINES: u32 = 512;

/// A format: how line `n` is made, and what must be read from it.
pub struct Case {
    pub name: &'static str,
    make: fn(u32) -> Vec<u8>,
    is_right: fn(u32, &Message<'_>) -> bool,
}

/// Whether a field has this text.
fn is(field: Option<&[u8]>, text: &str) -> bool {
    field == Some(text.as_bytes())
}

/// How many pairs a message consists of.
fn pairs(message: &Message<'_>) -> usize {
    match message.payload() {
        Payload::Pairs(pairs) => pairs.iter().count(),
        Payload::Cef(cef) => cef.extension().iter().count(),
        Payload::Leef(leef) => leef.attributes().iter().count(),
        Payload::Text => 0,
    }
}

/// What [`samples::rfc3164`] says, as RFC 5424 with these STRUCTURED-DATA.
fn as_rfc5424(n: u32, data: &str) -> Vec<u8> {
    format!(
        "<34>1 2026-10-11T22:14:{:02}.003Z mymachine{n} su {} ID47 {data} 'su root' failed for user{n} on /dev/pts/{}",
        n % 60,
        1000 + n,
        n % 16
    )
    .into_bytes()
}

/// The same as rsyslog relays it when nothing is configured.
fn iso_time(n: u32) -> Vec<u8> {
    format!(
        "<34>2026-10-11T22:14:{:02}.123456+02:00 mymachine{n} su[{}]: 'su root' failed for user{n} on /dev/pts/{}",
        n % 60,
        1000 + n,
        n % 16
    )
    .into_bytes()
}

fn rfc5424_plain(n: u32) -> Vec<u8> {
    as_rfc5424(n, "-")
}

fn rfc5424_element(n: u32) -> Vec<u8> {
    as_rfc5424(n, &format!("[exampleSDID@32473 iut=\"3\" eventID=\"{n}\"]"))
}

fn ios_origin(n: u32) -> Vec<u8> {
    format!(
        "<190>{n}: sw{n}: {}: *Jul 14 2026 08:23:{:02}.398 UTC: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: u{n}] \
         [Source: 192.0.2.{}]",
        n + 7,
        n % 60,
        n % 256
    )
    .into_bytes()
}

fn asa(n: u32) -> Vec<u8> {
    format!(
        "<166>Mar 06 2026 12:53:{:02} fw{n} : %ASA-6-302013: Built inbound TCP connection {n} for outside:192.0.2.{}/11288 \
         to inside:198.51.100.7/443",
        n % 60,
        n % 256
    )
    .into_bytes()
}

fn junos(n: u32) -> Vec<u8> {
    format!(
        "<30>1 2026-05-04T15:27:30.{:03}+10:00 mx{n} mib2d {} SNMP_TRAP_LINK_UP [junos@2636.1.1.1.2.29 \
         snmp-interface-index=\"{n}\" admin-status=\"up(1)\" operational-status=\"up(1)\" interface-name=\"ge-0/0/{}\"] x",
        n % 1_000,
        1_000 + n,
        n % 48
    )
    .into_bytes()
}

fn huawei(n: u32) -> Vec<u8> {
    format!(
        "<29>2026-7-23 01:00:{:02}.270.1 sw{n} %%01IFNET/4/IF_STATE(l)[{n}]:Interface Ethernet0/0/{} has turned into UP \
         state.",
        n % 60,
        n % 48
    )
    .into_bytes()
}

fn cef(n: u32) -> Vec<u8> {
    format!(
        "<134>Oct 11 22:14:{:02} gw{n} CEF:0|Vendor|Product|1.0|100|worm successfully stopped|10|src=192.0.2.{} spt={} \
         dst=198.51.100.1 dpt=443 act=blocked request=http://x.example/?a\\=1 msg=Detected a threat. No action needed. \
         cs1Label=Rule cs1=rule number {n}",
        n % 60,
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

fn leef(n: u32) -> Vec<u8> {
    format!(
        "<134>Oct 11 22:14:{:02} gw{n} LEEF:1.0|Vendor|Product|1.0|42|src=192.0.2.{}\tdst=198.51.100.1\tsev=5\t\
         cat=anomaly\tsrcPort={}\tdstPort=21\tusrName=joe.black",
        n % 60,
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

fn check_point(n: u32) -> Vec<u8> {
    format!(
        "<134>1 2026-11-20T02:58:25Z gw{n} CheckPoint 22103 - [action:\"Accept\"; flags:\"18692\"; ifdir:\"inbound\"; \
         ifname:\"bond1.734\"; origin:\"192.0.2.{}\"; product:\"VPN-1 & FireWall-1\"; proto:\"6\"; s_port:\"{}\"]",
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

/// All formats.
pub const CASES: [Case; 14] = [
    Case {
        name: "rfc3164",
        make: samples::rfc3164,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.app_name, "su")
                && is(message.proc_id, &(1000 + n).to_string())
                && message.content.starts_with(b"'su root' failed")
        },
    },
    Case {
        name: "rfc5424_plain",
        make: rfc5424_plain,
        is_right: |n, message| {
            message.format == Format::Rfc5424
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.app_name, "su")
                && is(message.msg_id, "ID47")
                && message.structured_data.is_none()
                && message.content.starts_with(b"'su root' failed")
        },
    },
    Case {
        name: "rfc5424_sd",
        make: rfc5424_element,
        is_right: |n, message| {
            is(message.hostname, &format!("mymachine{n}"))
                && message.structured_data.is_some_and(|data| data.elements().count() == 1)
                && message.content.starts_with(b"'su root' failed")
        },
    },
    Case {
        name: "rfc5424",
        make: samples::rfc5424,
        is_right: |n, message| {
            message.format == Format::Rfc5424
                && is(message.hostname, &format!("edge{n}.example.com"))
                && is(message.app_name, "evntslog")
                && is(message.msg_id, "ID47")
                && message.structured_data.is_some()
                && message.content == b"An application event log entry"
        },
    },
    Case {
        name: "iso_time",
        make: iso_time,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.proc_id, &(1000 + n).to_string())
                && message.timestamp.is_some_and(|time| time.offset_minutes == Some(120))
        },
    },
    Case {
        name: "cisco",
        make: samples::cisco,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n))
                && is(message.msg_id, "LINEPROTO-5-UPDOWN")
                && message.content.starts_with(b"Line protocol on Interface")
        },
    },
    Case {
        name: "ios_origin_id",
        make: ios_origin,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n) + 7)
                && is(message.hostname, &format!("sw{n}"))
                && is(message.app_name, "SEC_LOGIN-5-LOGIN_SUCCESS")
                && message.timestamp.is_some_and(|time| time.zone == Some(b"UTC"))
        },
    },
    Case {
        name: "asa",
        make: asa,
        is_right: |n, message| {
            is(message.hostname, &format!("fw{n}"))
                && is(message.app_name, "ASA-6-302013")
                && message.timestamp.is_some()
        },
    },
    Case {
        name: "junos_sd",
        make: junos,
        is_right: |n, message| {
            is(message.hostname, &format!("mx{n}"))
                && is(message.msg_id, "SNMP_TRAP_LINK_UP")
                && message.structured_data.is_some()
        },
    },
    Case {
        name: "huawei",
        make: huawei,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n)) && is(message.app_name, "IFNET/4/IF_STATE")
        },
    },
    Case {
        name: "fortigate",
        make: samples::fortigate,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("fw{n}"))
                && message.timestamp.is_some()
                && pairs(message) == 17
        },
    },
    Case {
        name: "cef",
        make: cef,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}")) && is(message.app_name, "CEF") && pairs(message) == 9
        },
    },
    Case {
        name: "leef",
        make: leef,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}")) && is(message.app_name, "LEEF") && pairs(message) == 7
        },
    },
    Case {
        name: "check_point",
        make: check_point,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}"))
                && is(message.app_name, "CheckPoint")
                && pairs(message) == 8
        },
    },
];

impl Case {
    /// The lines, after they were found to be read right.
    pub fn lines(&self) -> Vec<String> {
        (0..LINES)
            .map(|n| {
                let line = (self.make)(n);
                let message = decode(&line);
                assert!((self.is_right)(n, &message), "{}: {message:?}", String::from_utf8_lossy(&line));
                String::from_utf8(line).unwrap_or_else(|error| panic!("{error}"))
            })
            .collect()
    }
}

/// Decodes each line, as the receive path does.
pub fn decode_all(lines: &[String]) {
    let mut message = Message::unparsed(b"");
    for line in lines {
        decode_into(black_box(line.as_bytes()), &mut message);
        black_box(&message);
    }
}

/// Decodes each line, and makes the JSON of what the columns do not say, in a buffer that is used again.
pub fn decode_and_enrich_all(lines: &[String], out: &mut Vec<u8>) {
    for line in lines {
        out.clear();
        enrich(&decode(black_box(line.as_bytes())), Delivery::default(), out);
        black_box(out.len());
    }
}
