//! Lines that are pairs from their first octet and have no other header: FortiGate
//! (`date=2026-03-31 time=07:48:26 devname="fw1" ... tz="-0500"`), SonicWall (`id=fw sn=... time="..." fw=192.0.2.1`),
//! Sophos (`device="SFW" date=... time=... timezone="CEST"`), Check Point Log Exporter (`time=1709802303|hostname=fw1|`).
//!
//! Invariant: the line stays content as a whole; only the time and the host are looked up in it, by walking the
//! pairs, so that a `devname=` inside a quoted value is not taken.

use super::Message;
use super::cursor::Cursor;
use super::host;
use super::notes::Notes;
use super::pairs::{Pairs, SHOWING_PAIRS};
use super::timestamp::{self, Stamp};
use super::zone;

/// Pairs that are looked at; the device's name, time and zone stand among the first.
const PAIRS_MAX: usize = 16;

/// What the first pairs say of the device and its time.
#[derive(Default)]
struct Found<'a> {
    date: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    zone: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    /// Check Point's; FortiGate calls the visited site so.
    gateway: Option<&'a [u8]>,
    /// SonicWall's serial number and address.
    serial: Option<&'a [u8]>,
    address: Option<&'a [u8]>,
}

/// Whether a line of pairs may start here: with one of the names that the devices above begin with.
pub(super) fn starts(line: Cursor<'_>) -> bool {
    matches!(line.peek(), Some(b'd' | b'i' | b't'))
        && [&b"date="[..], b"id=", b"device=", b"time="].iter().any(|name| line.rest.starts_with(name))
}

/// Looks up time, zone and host, if the line is one of pairs. `false`: it is not, or says nothing of these.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some(found) = look_up(start) else { return false };
    let stamp = match (found.date, found.time) {
        (Some(date), Some(time)) => timestamp::date_and_time(date, Cursor::new(time)).map(|(stamp, _)| stamp),
        (None, Some(time)) => timestamp::quoted(time),
        _ => None,
    };
    let address = found.address.filter(|address| found.serial.is_some() && host::is_ip_address(address));
    let gateway = found.gateway.filter(|_| found.date.is_none());
    let host = found.host.or(address).or(gateway).filter(|host| !host.is_empty());
    if stamp.is_none() && host.is_none() {
        return false;
    }
    message.content = start.rest;
    if message.hostname.is_some() && host.is_some() {
        message.notes.insert(Notes::RELAYED);
    }
    message.hostname = host.or(message.hostname);
    match stamp {
        Some(Stamp::Known { mut time, .. }) => {
            message.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
            match found.zone.map(zone::zone_of_pair) {
                Some((offset @ Some(_), _)) => time.offset_minutes = offset,
                Some((None, word)) => time.zone = word,
                None => {}
            }
            message.timestamp = Some(time);
        }
        Some(Stamp::Impossible) => {
            message.timestamp = None;
            message.notes.insert(Notes::TIMESTAMP_INVALID);
        }
        None => {}
    }
    true
}

fn look_up(start: Cursor<'_>) -> Option<Found<'_>> {
    let mut found = Found::default();
    let mut count = 0;
    for pair in Pairs::perhaps(start.rest)?.iter().take(PAIRS_MAX) {
        count += 1;
        let place = match pair.name {
            b"date" => &mut found.date,
            b"time" => &mut found.time,
            b"tz" | b"timezone" => &mut found.zone,
            b"devname" => &mut found.host,
            b"hostname" => &mut found.gateway,
            b"sn" => &mut found.serial,
            b"fw" => &mut found.address,
            _ => continue,
        };
        *place = place.or(Some(pair.raw_value));
    }
    (count >= SHOWING_PAIRS).then_some(found)
}
