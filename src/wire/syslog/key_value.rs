//! Lines that are pairs from their first octet and have no other header, as many firewalls write them. Which names tell
//! host and time is in [`super::vendors`].
//!
//! Invariant: the line stays content as a whole; only the time and the host are looked up in it, by walking the
//! pairs, so that a `devname=` inside a quoted value is not taken.

use super::cursor::Cursor;
use super::message::{Format, Message};
use super::notes::Notes;
use super::pairs::{Pairs, SHOWING_PAIRS};
use super::timestamp::{self, Stamp};
use super::vendors::{self, PairRole};
use super::{epoch, host, zone};

/// Pairs that are looked at; the device's name, time and zone stand among the first.
const PAIRS_MAX: usize = 16;

/// Octets of the name that a line of pairs begins with.
const FIRST_NAME_OCTETS_MAX: usize = 16;

/// What the first pairs say of the device and its time.
#[derive(Default)]
struct Found<'a> {
    date: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    zone: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    gateway: Option<&'a [u8]>,
    serial: Option<&'a [u8]>,
    address: Option<&'a [u8]>,
}

/// Whether a line of pairs starts here as one of a known vendor does.
#[inline]
pub(super) fn starts(line: Cursor<'_>) -> bool {
    let mut cursor = line;
    let name = cursor.take_while(FIRST_NAME_OCTETS_MAX, |octet| octet.is_ascii_lowercase() || octet == b'_');
    cursor.at(b'=') && vendors::is_first_pair(name)
}

/// Looks up time, zone and host, if the line is one of pairs. `false`: it is not, or says nothing of these.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some(found) = look_up(start) else { return false };
    let stamp = match (found.date, found.time) {
        (Some(date), Some(time)) => timestamp::date_and_time(date, time),
        (None, Some(time)) => timestamp::quoted(time).or_else(|| epoch::whole(time)),
        _ => None,
    };
    let address = found.address.filter(|address| found.serial.is_some() && host::is_ip_address(address));
    let gateway = found.gateway.filter(|_| found.date.is_none() && starts(start));
    let host = found.host.or(address).or(gateway).filter(|host| !host.is_empty());
    if stamp.is_none() && host.is_none() {
        return false;
    }
    message.format = Format::Rfc3164;
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
    let mut pairs = Pairs::perhaps(start.rest)?.iter();
    for index in 0..PAIRS_MAX {
        let Some(pair) = pairs.next() else { break };
        count = index + 1;
        let place = match vendors::pair_role(pair.name) {
            Some(PairRole::Date) => &mut found.date,
            Some(PairRole::Time) => &mut found.time,
            Some(PairRole::Zone) => &mut found.zone,
            Some(PairRole::Name) => &mut found.host,
            Some(PairRole::FirstName) if index == 0 => &mut found.host,
            Some(PairRole::Gateway) => &mut found.gateway,
            Some(PairRole::Serial) => &mut found.serial,
            Some(PairRole::Address) => &mut found.address,
            Some(PairRole::FirstName) | None => continue,
        };
        *place = place.or(Some(pair.raw_value));
        // Most lines name all three first, and no zone.
        if found.date.is_some() && found.time.is_some() && found.host.is_some() && !names_zone(pairs.rest()) {
            break;
        }
    }
    (count >= SHOWING_PAIRS).then_some(found)
}

/// Whether a pair in `text` may name a zone. Names of zones, and little else, have the letter z.
fn names_zone(text: &[u8]) -> bool {
    memchr::memchr_iter(b'z', text).any(|place| {
        let (before, after) = text.split_at(place);
        let start = before.iter().rposition(|octet| !octet.is_ascii_lowercase()).map_or(0, |place| place + 1);
        let length = after.iter().take_while(|octet| octet.is_ascii_lowercase()).count();
        let name = text.get(start..place + length).unwrap_or_default();
        after.get(length) == Some(&b'=') && vendors::pair_role(name) == Some(PairRole::Zone)
    })
}
