//! SNMPv3 users in the store: which credential each device used last, and which users fail.
//!
//! A row costs a statement only when it says something new, at most every [`REFRESH_MICROS`] for the time of the last
//! success; failures are summed up for each transaction. Names that nobody configured get a bounded number of rows.

pub mod forget;
pub mod report;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use rusqlite::{Connection, params};

use crate::base::clock::Timestamp;
use crate::model::batch::Batch;
use crate::model::snmp_user::{UserOutcome, UserSighting};

/// How stale `last_success` may be while a device keeps sending, in microseconds.
pub const REFRESH_MICROS: i64 = 60_000_000;

/// Pairs of device and user remembered in memory. Of more, the store is told each time.
const USES_MAX: usize = 131_072;

/// Rows of failing users beyond which a name that is not configured gets none: names are free for anybody to invent.
const STRANGERS_MAX: usize = 1_000;

/// The last use of a credential, as the store has it or is about to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    priority: u32,
    level: &'static str,
    at: Timestamp,
}

/// What one transaction is to say about a device's user.
#[derive(Debug, Default)]
struct News {
    success: Option<(Use, Option<Clock>)>,
    failures: u64,
    last_failure: Option<(Timestamp, &'static str)>,
}

/// The clock of an engine as it showed it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// snmpEngineID.
    pub engine_id: Vec<u8>,
    /// snmpEngineBoots.
    pub boots: i32,
    /// snmpEngineTime.
    pub time: i32,
}

/// What one transaction is to say about a failing user.
#[derive(Debug)]
struct Failures {
    count: u64,
    source: IpAddr,
    at: Timestamp,
}

/// Names of users, as octets.
type Name = Box<[u8]>;

/// The tables' front in memory. Nothing in it is ahead of the store but `news`, `failures` and `cleared`.
#[derive(Debug, Default)]
pub struct SnmpUsers {
    uses: HashMap<IpAddr, Vec<(Name, Use)>>,
    uses_count: usize,
    failing: HashSet<Name>,
    news: HashMap<(IpAddr, Name), News>,
    failures: HashMap<Name, Failures>,
    cleared: HashSet<Name>,
}

impl SnmpUsers {
    /// The users of the store behind `connection`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT username FROM snmpv3_auth_failures")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        let failing = names.map(|name| Ok(name?.into_bytes().into())).collect::<rusqlite::Result<_>>()?;
        Ok(Self { failing, ..Self::default() })
    }

    /// Writes what the messages of `batches` say. Call inside their transaction, and then one of
    /// [`committed`](Self::committed) and [`rolled_back`](Self::rolled_back).
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn write(&mut self, connection: &Connection, batches: &[Batch]) -> rusqlite::Result<()> {
        for batch in batches {
            for sighting in &batch.sightings {
                self.note(batch, sighting);
            }
        }
        for name in &self.cleared {
            connection
                .prepare_cached("DELETE FROM snmpv3_auth_failures WHERE username = ?1")?
                .execute([text(name)])?;
        }
        for (name, failures) in &self.failures {
            write_failures(connection, name, failures)?;
        }
        for ((source, name), news) in &self.news {
            write_news(connection, &source.to_string(), &text(name), news)?;
        }
        Ok(())
    }

    /// What was written is durable.
    pub fn committed(&mut self) {
        for name in self.cleared.drain() {
            self.failing.remove(&name);
        }
        self.failing.extend(self.failures.drain().map(|(name, _)| name));
        for ((source, name), news) in self.news.drain() {
            let Some((last, _)) = news.success else { continue };
            if self.uses_count >= USES_MAX {
                self.uses.clear();
                self.uses_count = 0;
            }
            let users = self.uses.entry(source).or_default();
            match users.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = last,
                None => {
                    users.push((name, last));
                    self.uses_count += 1;
                }
            }
        }
    }

    /// Nothing was written; the same messages come again.
    pub fn rolled_back(&mut self) {
        self.news.clear();
        self.failures.clear();
        self.cleared.clear();
    }

    /// Takes note of one message.
    fn note(&mut self, batch: &Batch, sighting: &UserSighting) {
        let name = batch.bytes(sighting.user);
        match sighting.outcome {
            UserOutcome::Authentic { priority, level, engine_id, boots, time } => {
                self.failures.remove(name);
                if self.failing.contains(name) && !self.cleared.contains(name) {
                    self.cleared.insert(name.into());
                }
                let last = Use { priority, level, at: sighting.at };
                if self.is_news(sighting.source, name, last) {
                    let engine_id = batch.bytes(engine_id);
                    let clock =
                        (!engine_id.is_empty()).then(|| Clock { engine_id: engine_id.to_vec(), boots, time });
                    self.news.entry((sighting.source, name.into())).or_default().success =
                        Some((last, clock));
                }
            }
            UserOutcome::Failed { reason, is_known } => self.note_failure(name, sighting, reason, is_known),
        }
    }

    fn note_failure(&mut self, name: &[u8], sighting: &UserSighting, reason: &'static str, is_known: bool) {
        if let Some(failures) = self.failures.get_mut(name) {
            failures.count += 1;
            (failures.source, failures.at) = (sighting.source, sighting.at);
        } else if is_known
            || self.failing.contains(name)
            || self.failing.len() + self.failures.len() < STRANGERS_MAX
        {
            let first = Failures { count: 1, source: sighting.source, at: sighting.at };
            self.failures.insert(name.into(), first);
        }
        // A row is made by a success only, and so is an entry here.
        let users = self.uses.get(&sighting.source);
        if users.is_some_and(|users| users.iter().any(|(known, _)| **known == *name)) {
            let news = self.news.entry((sighting.source, name.into())).or_default();
            news.failures += 1;
            news.last_failure = Some((sighting.at, reason));
        }
    }

    /// Whether the store does not know yet that `source` used this credential, or has not heard for long.
    fn is_news(&self, source: IpAddr, name: &[u8], last: Use) -> bool {
        let users = self.uses.get(&source).map_or(&[][..], |users| users);
        users.iter().find(|(known, _)| **known == *name).is_none_or(|(_, known)| {
            (known.priority, known.level) != (last.priority, last.level)
                || !(0..REFRESH_MICROS).contains(&(last.at.0 - known.at.0))
        })
    }
}

/// A name as text.
fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn write_failures(connection: &Connection, name: &[u8], failures: &Failures) -> rusqlite::Result<()> {
    let source = failures.source.to_string();
    connection
        .prepare_cached(
            "INSERT INTO snmpv3_auth_failures(id, username, hostname, num_failures, last_failure)
             VALUES (?1, ?2, coalesce((SELECT hostname FROM devices WHERE source_ip = ?3), ?3), ?4, ?5)
             ON CONFLICT (username) DO UPDATE SET hostname = excluded.hostname,
                 num_failures = num_failures + excluded.num_failures, last_failure = excluded.last_failure",
        )?
        .execute(params![
            uuid::Uuid::now_v7().to_string(),
            text(name),
            source,
            failures.count,
            failures.at.to_string()
        ])?;
    Ok(())
}

fn write_news(connection: &Connection, source: &str, name: &str, news: &News) -> rusqlite::Result<()> {
    if let Some((last, clock)) = &news.success {
        let engine = clock.as_ref().map(|clock| hex(&clock.engine_id));
        connection
            .prepare_cached(
                "INSERT INTO snmpv3_credential_use(source_ip, username, credential_priority, security_level,
                     first_success, last_success, engine_id, engine_boots, engine_time)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)
                 ON CONFLICT (source_ip, username) DO UPDATE SET
                     credential_priority = excluded.credential_priority, security_level = excluded.security_level,
                     last_success = excluded.last_success, engine_id = coalesce(excluded.engine_id, engine_id),
                     engine_boots = coalesce(excluded.engine_boots, engine_boots),
                     engine_time = coalesce(excluded.engine_time, engine_time)",
            )?
            .execute(params![
                source,
                name,
                last.priority,
                last.level,
                last.at.to_string(),
                engine,
                clock.as_ref().map(|clock| clock.boots),
                clock.as_ref().map(|clock| clock.time)
            ])?;
    }
    if let Some((at, reason)) = news.last_failure {
        connection
            .prepare_cached(
                "UPDATE snmpv3_credential_use SET num_failures = num_failures + ?3, last_failure = ?4,
                     last_failure_reason = ?5 WHERE source_ip = ?1 AND username = ?2",
            )?
            .execute(params![source, name, news.failures, at.to_string(), reason])?;
    }
    Ok(())
}

/// Hexadecimal digits, in lower case.
fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
