//! MUTT receives SNMP notifications and syslog, matches rules, and commits every message to SQLite.
//!
//! ```text
//! socket -> net -> shard(pipeline: wire -> security -> model -> matching) -> queue -> sink -> storage
//! storage(reader) -> http (API, metrics)         telemetry reads everyone's counters, nobody reads telemetry
//! ```
//!
//! Data flows left to right and imports point down only. Floors:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`base`] |
//! | 1 | [`wire`], [`net`], [`queue`] |
//! | 2 | [`model`], [`security`], [`mib`] |
//! | 3 | [`matching`], [`identity`], [`storage`] |
//! | 4 | [`shard`], [`sink`] |
//! | 5 | [`telemetry`], [`http`], [`config`] |
//! | 6 | [`app`], [`cli`] |
//!
//! Invariant: nothing is received and then forgotten. For each listener, received = stored + discarded by a
//! rule + dropped by a named reason + still in flight; `telemetry::ledger` keeps that sum.

pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod http;
pub mod identity;
pub mod matching;
pub mod mib;
pub mod model;
pub mod net;
pub mod queue;
pub mod security;
pub mod shard;
pub mod sink;
pub mod storage;
pub mod telemetry;
pub mod wire;
