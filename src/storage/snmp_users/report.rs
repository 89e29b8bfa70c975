//! What the store says about SNMPv3 users, for whoever asks: the API and the command line.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row};

use crate::storage::snmp_users::Clock;

/// Most rows of each kind that are told.
pub const ROWS_MAX: usize = 10_000;

/// How long a writer is waited for; in WAL mode only while the schema changes.
const WAIT: Duration = Duration::from_secs(5);

/// The last use of a user's credential by a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialUse {
    /// Address of the device.
    pub source_ip: String,
    /// Its name, as far as known.
    pub hostname: String,
    /// The user.
    pub username: String,
    /// `priority` of the credential that worked last.
    pub credential_priority: i64,
    /// securityLevel that it worked at.
    pub security_level: String,
    /// When it worked first; ISO 8601.
    pub first_success: String,
    /// When it worked last, give or take a minute; ISO 8601.
    pub last_success: String,
    /// How often the device failed since the first success.
    pub num_failures: i64,
    /// When it failed last.
    pub last_failure: Option<String>,
    /// Which counter of RFC 3414 rose then.
    pub last_failure_reason: Option<String>,
    /// The device's engine ID, in hexadecimal, when it sent traps.
    pub engine_id: Option<String>,
}

/// A user that fails since its last success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingUser {
    /// The user.
    pub username: String,
    /// The device that failed last.
    pub hostname: Option<String>,
    /// How often.
    pub num_failures: i64,
    /// When last; ISO 8601.
    pub last_failure: String,
}

/// What the store says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By user, the credential with the lowest priority number first; at most [`ROWS_MAX`].
    pub uses: Vec<CredentialUse>,
    /// Most failures first; at most [`ROWS_MAX`].
    pub failing: Vec<FailingUser>,
}

/// Reads the report of the store at `path`, while another process or thread may write.
///
/// # Errors
/// What SQLite reports, a store that is not there included.
pub fn read(path: &Path) -> rusqlite::Result<Report> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(WAIT)?;
    let mut statement = connection.prepare(
        "SELECT u.source_ip, coalesce(d.hostname, u.source_ip), u.username, u.credential_priority, u.security_level,
             u.first_success, u.last_success, u.num_failures, u.last_failure, u.last_failure_reason, u.engine_id
         FROM snmpv3_credential_use u LEFT JOIN devices d ON d.source_ip = u.source_ip
         ORDER BY u.username, u.credential_priority, u.last_success DESC LIMIT ?1",
    )?;
    let uses = statement.query_map([ROWS_MAX], credential_use)?.collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare(
        "SELECT username, hostname, num_failures, last_failure FROM snmpv3_auth_failures
         ORDER BY num_failures DESC, last_failure DESC LIMIT ?1",
    )?;
    let failing = statement
        .query_map([ROWS_MAX], |row| {
            Ok(FailingUser {
                username: row.get(0)?,
                hostname: row.get(1)?,
                num_failures: row.get(2)?,
                last_failure: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Report { uses, failing })
}

fn credential_use(row: &Row<'_>) -> rusqlite::Result<CredentialUse> {
    Ok(CredentialUse {
        source_ip: row.get(0)?,
        hostname: row.get(1)?,
        username: row.get(2)?,
        credential_priority: row.get(3)?,
        security_level: row.get(4)?,
        first_success: row.get(5)?,
        last_success: row.get(6)?,
        num_failures: row.get(7)?,
        last_failure: row.get(8)?,
        last_failure_reason: row.get(9)?,
        engine_id: row.get(10)?,
    })
}

/// The clocks that engines showed last, for the receiver that starts: what is older than that is a replay.
///
/// # Errors
/// What SQLite reports.
pub fn clocks(connection: &Connection, most: usize) -> rusqlite::Result<Vec<Clock>> {
    let mut statement = connection.prepare(
        "SELECT engine_id, engine_boots, engine_time FROM snmpv3_credential_use
         WHERE engine_id IS NOT NULL AND engine_boots IS NOT NULL AND engine_time IS NOT NULL
         ORDER BY last_success DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([most], |row| {
        Ok(Clock { engine_id: unhex(&row.get::<_, String>(0)?), boots: row.get(1)?, time: row.get(2)? })
    })?;
    rows.collect()
}

/// The octets of hexadecimal digits; a digit too many, or what is none, is left out.
pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let values: Vec<u8> =
        digits.chars().filter_map(|digit| digit.to_digit(16)).map(|value| value as u8).collect();
    values.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect()
}
