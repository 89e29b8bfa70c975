//! Lines that are pairs from their first octet and have no other header: FortiGate
//! (`date=2026-03-31 time=07:48:26 devname="fw1" ... tz="-0500"`), SonicWall (`id=fw sn=... time="..." fw=192.0.2.1`),
//! Sophos (`device="SFW" date=... time=... timezone="CEST"`), Check Point Log Exporter (`time=1709802303|hostname=fw1|`).
//!
//! Invariant: the line stays content as a whole; only the time and the host are looked up in it, by walking the
//! pairs, so that a `devname=` inside a quoted value is not taken.

use super::cursor::Cursor;
use super::host;
use super::notes::Notes;
use super::pairs::{Pairs, SHOWING_PAIRS};
use super::timestamp::{self, Stamp};
use super::usual_time::{self, UsualTime};
use super::zone;
use super::{Format, Message};

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

/// [`decode`] of a line that starts with `date=2026-03-31 time=07:48:26 devname="fw1"` and names no zone: the places of all
/// that is looked for are known. `false`: it is not such a line, and nothing was read.
#[inline(always)]
pub(super) fn usual<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some((time, host)) = date_time_and_name(start) else { return false };
    message.format = Format::Rfc3164;
    message.hostname = Some(host);
    message.content = start.rest;
    message.set_usual_time(time);
    true
}

fn date_time_and_name<'a>(start: Cursor<'a>) -> Option<(UsualTime<'a>, &'a [u8])> {
    let (date, rest) = start.rest.split_first_chunk::<16>()?;
    let (time, rest) = rest.split_first_chunk::<14>()?;
    let [b'd', b'a', b't', b'e', b'=', date @ .., b' '] = date else { return None };
    let [b't', b'i', b'm', b'e', b'=', time @ .., b' '] = time else { return None };
    let time = usual_time::date_and_time_of_ten(date, time)?;
    let mut cursor = Cursor::new(rest);
    if !cursor.eat_all(b"devname=\"") {
        return None;
    }
    let host = cursor.take_of(|lanes| !(lanes.equal(b'"') | lanes.equal(b'\\')));
    let is_plain = !host.is_empty() && cursor.eat(b'"') && cursor.at_field_end();
    // Names of zones, and little else, have this letter.
    let is_zone = |place: usize| {
        let (before, after) = cursor.rest.split_at(place);
        after.starts_with(b"z=") && before.ends_with(b" t")
            || after.starts_with(b"zone=") && before.ends_with(b" time")
    };
    let is_known = is_plain && !memchr::memchr_iter(b'z', cursor.rest).any(is_zone);
    is_known.then_some((time, host))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn usual_pairs_are_what_all_pairs_are(
            date in "20[0-9]{2}-[0-9]{2}-[0-9]{2}|2026-3-31",
            time in "[0-9]{2}:[0-9]{2}:[0-9]{2}",
            name in "\"[a-z \\\\]{0,20}\"|[a-z]{1,9}|\"open",
            pairs in proptest::collection::vec(prop_oneof![
                Just("tz=\"+0200\""), Just("timezone=\"CEST\""), Just("msg=\"a tz=1\""), Just("tzx=1"), Just("size=3"),
                Just("hostname=\"www.example\""), Just("fw=192.0.2.1"), Just("sn=7"), Just("text"), Just("a=\"z\""),
            ], 0..6),
        ) {
            let line = format!("date={date} time={time} devname={name} {}", pairs.join(" "));
            let start = Cursor::new(line.as_bytes());
            let mut quick = Message::unparsed(line.as_bytes());
            if usual(start, &mut quick) {
                let mut thorough = Message::unparsed(line.as_bytes());
                prop_assert!(decode(start, &mut thorough));
                thorough.format = Format::Rfc3164;
                prop_assert_eq!(quick, thorough);
            }
        }
    }

    #[test]
    fn usual_pairs_are_found_to_be_usual() {
        let is_usual = |line: &'static str| usual(Cursor::new(line.as_bytes()), &mut Message::unparsed(b""));
        assert!(is_usual("date=2026-03-31 time=07:48:26 devname=\"fw1\" devid=\"FGT60F\" size=2"));
        assert!(!is_usual("date=2026-03-31 time=07:48:26 devname=\"fw1\" tz=\"-0500\""));
        assert!(!is_usual("date=2026-03-31 time=07:48:26 devname=\"\" a=b"));
    }
}
