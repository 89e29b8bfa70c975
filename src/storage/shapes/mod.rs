//! Shapes: what the JSON of many rows has in common is stored once, and a row has its own values alone.
//!
//! ```text
//! {"pdu":"trap","uptime":7,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.8.3","name":"IF-MIB::ifOperStatus.3","value":2}]}
//! shape:  {"pdu":"trap","uptime":(0),"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.8.(1)","name":"IF-MIB::ifOperStatus.(1)","value":(2)}]}
//! values: 7, 3, 2
//! ```
//!
//! `cut` takes JSON apart, and the view `event_rows` puts it together again, octet by octet as it was. Peers decide which shapes
//! there are, so their number and size are bounded, and one is stored when it is met a second time; JSON without a shape stays in
//! its row.

mod cut;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;
use rusqlite::{Connection, params};

pub use cut::Dialect;
use cut::{MARK, VALUES_MAX};

/// Most shapes of a store.
const SHAPES_MAX: usize = 4_096;

/// Most octets of a shape; a notification of thirty varbinds fits.
const SHAPE_OCTETS_MAX: usize = 4_096;

/// Shapes that were met once and are remembered for that, by their hashes.
const MET_ONCE_MAX: usize = 65_536;

/// Most octets of memory that the shapes of a store take.
pub const OCTETS_MAX: usize = SHAPES_MAX * (SHAPE_OCTETS_MAX + 64) + MET_ONCE_MAX * 16;

/// JSON that is to be stored, and what its columns say.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// What kind of message it is of.
    pub dialect: Dialect,
    /// `oid`; empty for none.
    pub oid: &'a [u8],
    /// `trap_type`; empty for none.
    pub trap_type: &'a [u8],
    /// The JSON; empty for none.
    pub json: &'a [u8],
}

/// The shapes of a store, in memory.
#[derive(Debug)]
pub struct Shapes {
    numbers: HashMap<Box<[u8]>, i64, RandomState>,
    met_once: HashSet<u64>,
    next_number: i64,
    hasher: RandomState,
    /// The shape at hand.
    key: Vec<u8>,
    /// Its values.
    values: Vec<u8>,
}

impl Shapes {
    /// The shapes of the store behind `connection`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let mut shapes = Self {
            numbers: HashMap::default(),
            met_once: HashSet::new(),
            next_number: 1,
            hasher: RandomState::default(),
            key: Vec::with_capacity(SHAPE_OCTETS_MAX),
            values: Vec::new(),
        };
        shapes.reset(connection)?;
        Ok(shapes)
    }

    /// Forgets shapes that are not in the store, as after a transaction that was rolled back.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn reset(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.numbers.clear();
        self.next_number = 1;
        let mut statement = connection.prepare("SELECT number, oid, trap_type, pieces FROM shapes")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            self.next_number = self.next_number.max(number.saturating_add(1));
            let column =
                |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(index)?.unwrap_or_default());
            if let Some(key) = key_of(&column(1)?, &column(2)?, &column(3)?) {
                self.numbers.insert(key.into_boxed_slice(), number);
            }
        }
        Ok(())
    }

    /// The number of the shape of `document`, whose values [`values`](Self::values) gives then; `None` when it has none, so that
    /// its row must have it whole.
    ///
    /// # Errors
    /// What SQLite reports, for a shape that is new to the store.
    pub fn find(
        &mut self,
        connection: &Connection,
        document: &Document<'_>,
    ) -> rusqlite::Result<Option<i64>> {
        self.key.clear();
        self.values.clear();
        let Document { dialect, oid, trap_type, json } = *document;
        if json.is_empty() && oid.is_empty() {
            return Ok(None);
        }
        for text in [oid, trap_type] {
            self.key.extend_from_slice(text);
            self.key.push(MARK);
        }
        let is_cut = cut::cut(dialect, json, &mut self.key, &mut self.values);
        if !is_cut || self.key.len() > SHAPE_OCTETS_MAX {
            return Ok(None);
        }
        if let Some(number) = self.numbers.get(self.key.as_slice()) {
            return Ok(Some(*number));
        }
        self.meet(connection, document)
    }

    /// The values of the shape that was found last, U+001F between them.
    #[must_use]
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// Stores a shape that is met the second time.
    fn meet(&mut self, connection: &Connection, document: &Document<'_>) -> rusqlite::Result<Option<i64>> {
        if self.numbers.len() >= SHAPES_MAX {
            return Ok(None);
        }
        if self.met_once.len() >= MET_ONCE_MAX {
            self.met_once.clear();
        }
        if self.met_once.insert(self.hasher.hash_one(&self.key)) {
            return Ok(None);
        }
        let Some(pieces) = pieces_of(&self.key) else { return Ok(None) };
        let text = |octets: &[u8]| (!octets.is_empty()).then(|| String::from_utf8_lossy(octets).into_owned());
        let number = self.next_number;
        connection
            .prepare_cached("INSERT INTO shapes(number, oid, trap_type, pieces) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![number, text(document.oid), text(document.trap_type), pieces])?;
        self.next_number += 1;
        self.numbers.insert(self.key.as_slice().into(), number);
        Ok(Some(number))
    }
}

/// The JSON list that is stored for a shape; `None` for octets that are no shape.
fn pieces_of(key: &[u8]) -> Option<String> {
    let mut rest = key.splitn(3, |octet| *octet == MARK).nth(2)?;
    let mut pieces = Vec::new();
    while let Some(at) = memchr::memchr(MARK, rest) {
        let (literal, marked) = rest.split_at(at);
        let [_, value, others @ ..] = marked else { return None };
        if !literal.is_empty() {
            pieces.push(serde_json::Value::from(std::str::from_utf8(literal).ok()?));
        }
        pieces.push(serde_json::Value::from(*value));
        rest = others;
    }
    if !rest.is_empty() {
        pieces.push(serde_json::Value::from(std::str::from_utf8(rest).ok()?));
    }
    Some(serde_json::Value::Array(pieces).to_string())
}

/// What [`cut::cut`] would say of a stored shape; `None` when it is damaged, and is then left alone.
fn key_of(oid: &str, trap_type: &str, pieces: &str) -> Option<Vec<u8>> {
    let mut key = [oid.as_bytes(), &[MARK], trap_type.as_bytes(), &[MARK]].concat();
    let serde_json::Value::Array(pieces) = serde_json::from_str(pieces).ok()? else { return None };
    for piece in &pieces {
        match piece {
            serde_json::Value::String(literal) => key.extend_from_slice(literal.as_bytes()),
            other => {
                let value = other.as_u64().and_then(|value| u8::try_from(value).ok())?;
                key.extend_from_slice(&[MARK, value]);
            }
        }
    }
    Some(key)
}

const _: () = assert!(VALUES_MAX <= u8::MAX as usize, "the number of a value is one octet");

#[cfg(test)]
mod tests;
