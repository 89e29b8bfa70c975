//! What the file says, and what it may say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The only version of the file.
const VERSION: u32 = 1;

/// 48 bits.
pub(super) const NODE_ID_MAX: u64 = 0xffff_ffff_ffff;

/// The SNMP engine in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Engine {
    pub(super) number: u64,
    pub(super) boots: i32,
}

/// The file, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) node_id: u64,
    pub(super) engine: Option<Engine>,
    pub(super) listeners: BTreeMap<String, u8>,
    /// The number of the next new listener; those below are taken, also where no name has them. 256: none is left.
    pub(super) next_listener: u16,
}

/// The file as it is written. Numbers of 64 bits are texts: many readers of JSON know 53 bits only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    node_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    snmp_engine: Option<WrittenEngine>,
    listeners: BTreeMap<String, u8>,
    next_listener: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEngine {
    number: String,
    boots: i32,
}

impl Document {
    /// Reads the file; the error says what is wrong with it.
    pub(super) fn parse(octets: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(octets).map_err(|error| error.to_string())?;
        if written.version != VERSION {
            return Err(format!("it has version {}, this muttd knows {VERSION}", written.version));
        }
        let engine = |engine: WrittenEngine| {
            Ok::<_, String>(Engine {
                number: hexadecimal("snmp_engine.number", &engine.number)?,
                boots: engine.boots,
            })
        };
        let document = Self {
            node_id: hexadecimal("node_id", &written.node_id)?,
            engine: written.snmp_engine.map(engine).transpose()?,
            listeners: written.listeners,
            next_listener: written.next_listener,
        };
        document.check()?;
        Ok(document)
    }

    /// Whether the values are possible; the error says which is not.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(1..=NODE_ID_MAX).contains(&self.node_id) {
            return Err("node_id is not within 1 to 2^48 - 1".to_owned());
        }
        if self.engine.is_some_and(|engine| engine.boots < 1) {
            return Err("snmp_engine.boots is less than 1".to_owned());
        }
        let numbers: BTreeSet<u8> = self.listeners.values().copied().collect();
        if numbers.len() != self.listeners.len() {
            return Err("two listeners have the same number".to_owned());
        }
        let last = numbers.last().map_or(0, |last| u16::from(*last) + 1);
        if !(last..=super::LISTENERS_MAX).contains(&self.next_listener) {
            return Err("next_listener is a number that is taken, or more than 256".to_owned());
        }
        Ok(())
    }

    /// The file's text.
    pub(super) fn to_text(&self) -> String {
        let written = Written {
            version: VERSION,
            node_id: format!("{:012x}", self.node_id),
            snmp_engine: self.engine.map(|engine| WrittenEngine {
                number: format!("{:016x}", engine.number),
                boots: engine.boots,
            }),
            listeners: self.listeners.clone(),
            next_listener: self.next_listener,
        };
        // Texts and numbers: writing them as JSON cannot fail.
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn hexadecimal(name: &str, digits: &str) -> Result<u64, String> {
    u64::from_str_radix(digits, 16).map_err(|_| format!("{name} is not a number in hexadecimal digits"))
}
