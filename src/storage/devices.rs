//! The device registry: which addresses send, under which name, and when last.
//!
//! A row of `devices` costs a statement only when it says something new: on first sight, when the name or a protocol
//! changes, and once in each span of [`REFRESH_MICROS`] for the time of the last message. So a message costs a look into a
//! map, however many devices there are. The spans are the same for all devices: rows that stand beside each other are
//! written in a few transactions, which pay for their pages once, and not some in each.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, params};

use crate::base::clock::Timestamp;

/// How stale `last_updated` may be while a device keeps sending, in microseconds.
pub const REFRESH_MICROS: i64 = 5_000_000;

/// Devices remembered in memory; more than that are looked up again in the store.
const DEVICES_CACHED_MAX: usize = 131_072;

/// Octets of a reported host name that are kept (RFC 5424 6.2.4 allows 255).
const HOSTNAME_OCTETS_MAX: usize = 255;

/// What one message says about its device.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Where it came from.
    pub source: IpAddr,
    /// When.
    pub at: Timestamp,
    /// Name that the device gave itself, if any.
    pub host: &'a [u8],
    /// Whether the message is syslog.
    pub is_syslog: bool,
    /// `v1`, `v2c` or `v3` for a notification that says so.
    pub snmp_version: Option<&'static str>,
}

/// What is known of a device.
#[derive(Debug)]
struct Device {
    number: i64,
    /// Hash of the name in the store; a name is compared far more often than it changes.
    host_hash: u64,
    snmp_version: Option<&'static str>,
    syslog: bool,
    seen: Timestamp,
    written: Timestamp,
    dirty: bool,
    /// The name to be written, when it changed.
    new_host: Option<String>,
}

/// The registry in memory, in front of the table.
#[derive(Debug)]
pub struct Registry {
    devices: HashMap<IpAddr, Device>,
    dirty: Vec<IpAddr>,
    hasher: RandomState,
    next_number: i64,
}

impl Registry {
    /// The registry of the store behind `connection`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let mut registry =
            Self { devices: HashMap::new(), dirty: Vec::new(), hasher: RandomState::new(), next_number: 1 };
        registry.reset(connection)?;
        Ok(registry)
    }

    /// Forgets everything that is not in the store, as after a transaction that was rolled back.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn reset(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.devices.clear();
        self.dirty.clear();
        self.next_number =
            connection.query_row("SELECT coalesce(max(number), 0) + 1 FROM devices", [], |row| row.get(0))?;
        Ok(())
    }

    /// Takes note of a message; returns the number of its device.
    ///
    /// # Errors
    /// What SQLite reports, for a device not in memory.
    pub fn see(&mut self, connection: &Connection, sighting: &Sighting<'_>) -> rusqlite::Result<i64> {
        if !self.devices.contains_key(&sighting.source) {
            self.load(connection, sighting)?;
        }
        let Some(device) = self.devices.get_mut(&sighting.source) else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        device.seen = device.seen.max(sighting.at);
        // Never back, where the clock was set back.
        let mut news = span_of(sighting.at) > span_of(device.written);
        match sighting.snmp_version {
            Some(version) if device.snmp_version != Some(version) => {
                device.snmp_version = Some(version);
                news = true;
            }
            _ => {}
        }
        if sighting.is_syslog && !device.syslog {
            device.syslog = true;
            news = true;
        }
        if !sighting.host.is_empty() {
            let hash = self.hasher.hash_one(sighting.host);
            if hash != device.host_hash {
                device.host_hash = hash;
                device.new_host = Some(host_text(sighting.host));
                news = true;
            }
        }
        if news && !device.dirty {
            device.dirty = true;
            self.dirty.push(sighting.source);
        }
        Ok(device.number)
    }

    /// Brings a device into memory, from the store or as a new row of it.
    fn load(&mut self, connection: &Connection, sighting: &Sighting<'_>) -> rusqlite::Result<()> {
        if self.devices.len() >= DEVICES_CACHED_MAX {
            // Everything that is not about to be written can be read again.
            self.devices.retain(|_, device| device.dirty);
        }
        let source = sighting.source.to_string();
        let found = connection
            .prepare_cached(
                "SELECT number, hostname, last_seen_snmp_version, last_seen_syslog FROM devices WHERE source_ip = ?1",
            )?
            .query_row([&source], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, bool>(3)?,
                ))
            })
            .optional()?;
        let device = match found {
            Some((number, host, version, syslog)) => Device {
                number,
                host_hash: self.hasher.hash_one(host.as_bytes()),
                snmp_version: ["v1", "v2c", "v3"].into_iter().find(|known| version.as_deref() == Some(known)),
                syslog,
                seen: sighting.at,
                written: Timestamp(0),
                dirty: false,
                new_host: None,
            },
            None => self.insert(connection, sighting, &source)?,
        };
        self.devices.insert(sighting.source, device);
        Ok(())
    }

    /// Makes the row of a device seen for the first time.
    fn insert(
        &mut self,
        connection: &Connection,
        sighting: &Sighting<'_>,
        source: &str,
    ) -> rusqlite::Result<Device> {
        let number = self.next_number;
        let host = if sighting.host.is_empty() { source.to_owned() } else { host_text(sighting.host) };
        let now = sighting.at.to_string();
        connection
            .prepare_cached(
                "INSERT INTO devices(number, id, hostname, source_ip, last_seen_snmp_version, last_seen_syslog,
                     first_seen, last_updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            )?
            .execute(params![
                number,
                uuid::Uuid::now_v7().to_string(),
                host,
                source,
                sighting.snmp_version,
                sighting.is_syslog,
                now
            ])?;
        self.next_number += 1;
        let named = if sighting.host.is_empty() { source.as_bytes() } else { sighting.host };
        Ok(Device {
            number,
            host_hash: self.hasher.hash_one(named),
            snmp_version: sighting.snmp_version,
            syslog: sighting.is_syslog,
            seen: sighting.at,
            written: sighting.at,
            dirty: false,
            new_host: None,
        })
    }

    /// Writes what is new, one statement a device. Call inside the transaction of the messages.
    ///
    /// # Errors
    /// What SQLite reports; call [`Registry::reset`] then.
    pub fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut update = connection.prepare_cached(
            "UPDATE devices SET hostname = coalesce(?2, hostname), last_seen_snmp_version = ?3,
                 last_seen_syslog = ?4, last_updated = ?5 WHERE number = ?1",
        )?;
        for source in self.dirty.drain(..) {
            let Some(device) = self.devices.get_mut(&source) else { continue };
            update.execute(params![
                device.number,
                device.new_host.take(),
                device.snmp_version,
                device.syslog,
                device.seen.to_string()
            ])?;
            device.dirty = false;
            device.written = device.seen;
        }
        Ok(())
    }

    /// Marks devices whose `last_updated` is behind and that have sent nothing in the span of [`REFRESH_MICROS`] before
    /// `now`, at most `devices_max`, so that the next [`flush`](Self::flush) writes them. Returns how many more there are.
    pub fn refresh(&mut self, devices_max: usize, now: Timestamp) -> usize {
        let silent_since = Timestamp(now.0.saturating_sub(REFRESH_MICROS));
        let mut left = 0;
        let mut marked = 0;
        for (source, device) in &mut self.devices {
            if device.seen <= device.written || device.seen > silent_since || device.dirty {
                continue;
            }
            if marked == devices_max {
                left += 1;
                continue;
            }
            marked += 1;
            device.dirty = true;
            self.dirty.push(*source);
        }
        left
    }
}

/// Number of the span of [`REFRESH_MICROS`] that `at` lies in.
fn span_of(at: Timestamp) -> i64 {
    at.0.div_euclid(REFRESH_MICROS)
}

/// A reported name as text of bounded length.
fn host_text(host: &[u8]) -> String {
    String::from_utf8_lossy(host.get(..HOSTNAME_OCTETS_MAX).unwrap_or(host)).into_owned()
}
