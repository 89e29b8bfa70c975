//! One binary for all tests that look at the crate, or at the program, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod config;
mod config_credentials;
mod config_files;
mod corpus_daemon;
mod corpus_names;
mod corpus_reference;
mod corpus_review;
mod corpus_snmp;
mod corpus_syslog;
mod corpus_usm;
mod daemon;
mod layering;
mod loadgen;
mod peers;
mod peers_pysnmp;
mod peers_snmpv3;
mod rows;
#[path = "../samples/mod.rs"]
mod samples;
mod subject;
mod support;
mod tidy;
mod upgrade;
