//! What a syslog message means: its device's time resolved, its fields as spans, its extras as JSON.

mod enrich;
mod json;

pub use enrich::enrich;

use crate::base::civil::{self, Date, MICROS_PER_SECOND, SECONDS_PER_DAY};
use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::event::SyslogRecord;
use crate::wire::syslog::{ClockMark, DeviceTime, Message};

/// How far a device's clock may be ahead of ours before its year-less time is taken for last year's.
const AHEAD_MICROS_MAX: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// Where the octets of a message lie in its batch.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The octets as received.
    pub bytes: &'a [u8],
    /// Where they start in the batch, if they are there as text.
    pub at: Option<u32>,
}

/// The fields of `message` as spans of `out`, the batch's octets. Fields that are not text are copied, made readable.
pub fn record(
    message: &Message<'_>,
    place: Place<'_>,
    received_at: Timestamp,
    out: &mut Vec<u8>,
) -> SyslogRecord {
    SyslogRecord {
        pri: message.pri.map(|pri| pri.value()),
        host: span(message.hostname, place, out),
        program: span(message.app_name, place, out),
        process_id: message.proc_id.and_then(number),
        device_time: message.timestamp.as_ref().and_then(|time| resolve(time, received_at)),
    }
}

/// A field as a span: of the text, when it lies there and is text itself; else of a readable copy.
fn span(field: Option<&[u8]>, place: Place<'_>, out: &mut Vec<u8>) -> Span {
    let Some(field) = field.filter(|field| !field.is_empty()) else { return Span::EMPTY };
    // A cut at an octet count can fall inside a character.
    let is_text = field.is_ascii() || std::str::from_utf8(field).is_ok();
    if let (Some(at), Some(found), true) = (place.at, Span::within(place.bytes, field), is_text) {
        return found.shifted(at);
    }
    crate::model::readable::append(field, out).span
}

/// The value of a field that is nothing but a decimal number below 2^32.
fn number(field: &[u8]) -> Option<u32> {
    let digits_only = !field.is_empty() && field.len() <= 10 && field.iter().all(u8::is_ascii_digit);
    digits_only.then(|| std::str::from_utf8(field).ok()?.parse().ok()).flatten()
}

/// The moment that a device's stamp means, with what it leaves out taken from the time of receipt.
///
/// Without a year, the year that puts it nearest to `received_at` is taken, at most a day ahead of it. Without a
/// zone, UTC. A clock that was never set tells nothing.
#[must_use]
pub fn resolve(time: &DeviceTime<'_>, received_at: Timestamp) -> Option<Timestamp> {
    if time.clock == ClockMark::NotSet {
        return None;
    }
    let moment = match time.year {
        Some(year) => at_year(time, year)?,
        None => {
            let days = received_at.0.div_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY);
            let year = civil::civil_from_days(days).year;
            (year - 1..=year + 1)
                .filter_map(|year| at_year(time, year))
                .filter(|moment| moment - received_at.0 <= AHEAD_MICROS_MAX)
                .min_by_key(|moment| (moment - received_at.0).abs())?
        }
    };
    // The store writes years with four digits, and a time before 1970 is no device's.
    (0..=MICROS_YEAR_9999).contains(&moment).then_some(Timestamp(moment))
}

/// The last microsecond of the year 9999.
const MICROS_YEAR_9999: i64 = 253_402_300_799_999_999;

/// Microseconds since 1970 of a stamp in `year`; `None` when the year does not have that day.
fn at_year(time: &DeviceTime<'_>, year: i32) -> Option<i64> {
    if time.day > civil::days_in_month(year, time.month) {
        return None;
    }
    let days = civil::days_from_civil(Date { year, month: time.month, day: time.day });
    let minutes =
        i64::from(time.hour) * 60 + i64::from(time.minute) - i64::from(time.offset_minutes.unwrap_or(0));
    let seconds = days * SECONDS_PER_DAY + minutes * 60 + i64::from(time.second);
    Some(seconds * MICROS_PER_SECOND + i64::from(time.nanosecond / 1_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::syslog::decode;

    /// 2026-01-01T00:10:00Z.
    const NEW_YEAR: Timestamp = Timestamp(1_767_226_200_000_000);

    fn resolved(line: &str, received_at: Timestamp) -> Option<String> {
        let message = decode(line.as_bytes());
        resolve(message.timestamp.as_ref().unwrap(), received_at).map(|time| time.to_string())
    }

    #[test]
    fn the_year_is_the_nearest() {
        let late = resolved("<13>Dec 31 23:59:59 host su: x", NEW_YEAR);
        assert_eq!(late.as_deref(), Some("2025-12-31T23:59:59.000000Z"));
        let fast = resolved("<13>Jan  1 00:20:00 host su: x", NEW_YEAR);
        assert_eq!(fast.as_deref(), Some("2026-01-01T00:20:00.000000Z"));
        let ahead = Timestamp(NEW_YEAR.0 - 15 * 60 * 1_000_000);
        assert_eq!(
            resolved("<13>Jan  1 00:20:00 host su: x", ahead).as_deref(),
            Some("2026-01-01T00:20:00.000000Z"),
            "received on 31 December, from a clock that is fast"
        );
        assert_eq!(
            resolved("<13>Mar  1 00:00:00 host su: x", NEW_YEAR).as_deref(),
            Some("2025-03-01T00:00:00.000000Z")
        );
    }

    #[test]
    fn zones_and_fractions() {
        let time = resolved("<165>1 2003-08-24T05:14:15.000003-07:00 h a - - - x", NEW_YEAR);
        assert_eq!(time.as_deref(), Some("2003-08-24T12:14:15.000003Z"));
        let never_set = decode(b"<189>7: *Mar  1 00:00:01.123: %LINK-3-UPDOWN: x");
        assert_eq!(resolve(&never_set.timestamp.unwrap(), NEW_YEAR), None);
    }

    #[test]
    fn fields_that_are_not_text_are_copied_readable() {
        let line = b"<34>1 - ho\xffst su 17 - - x";
        let mut out = Vec::new();
        let record = record(&decode(line), Place { bytes: line, at: None }, NEW_YEAR, &mut out);
        assert_eq!(record.host.of(&out), b"ho\\xffst");
        assert_eq!(record.program.of(&out), b"su");
        assert_eq!(record.process_id, Some(17));
    }
}
