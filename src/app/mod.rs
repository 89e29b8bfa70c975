//! Floor 6: wiring. Builds the store, the sink, the shards and the HTTP server, and takes them down in reverse.
//!
//! Invariant: no message is touched here.

mod announce;
pub mod commands;
mod identity;
mod listeners;
mod memory;
pub mod mib_commands;
mod names;
mod operations;
pub mod redecode;
mod refresh;
mod reload;
pub mod snmp_refused;
pub mod snmpv3_status;
mod start;
pub mod store_upgrade;
mod wiring;

pub use listeners::port_conflicts;
pub use names::check_mib_dirs;
pub use start::{Configured, control_runtime, start};
pub use wiring::logging;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::http;
use crate::shard::group::RunningGroup;
use crate::sink::drain::Ending;
use crate::telemetry::ledger::{Ledger, Sources};

/// The program at work.
#[derive(Debug)]
pub struct App {
    group: RunningGroup,
    sink: JoinHandle<Ending>,
    sink_stop: Arc<AtomicBool>,
    context: Arc<http::Context>,
    http_address: Option<SocketAddr>,
    http_stop: watch::Sender<bool>,
    /// The socket for commands, if it is served.
    socket: Option<PathBuf>,
    reloader: reload::Reloader,
    control: Runtime,
    pid_file: Option<PathBuf>,
}

/// How the program ended.
#[derive(Debug)]
pub struct Report {
    /// The last balance.
    pub ledger: Ledger,
    /// Whether everything received is stored, discarded by a rule, or dropped for a reason that was counted while
    /// running; `false` when the store refused messages to the end, or a thread died.
    pub is_clean: bool,
}

impl App {
    /// What is bound, and everybody's counters.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.context.sources
    }

    /// Address of the HTTP server.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// Addresses of the listener called `name`.
    #[must_use]
    pub fn addresses(&self, name: &str) -> &[SocketAddr] {
        let mut listeners = self.context.sources.listeners.iter();
        listeners.find(|listener| listener.name == name).map_or(&[], |listener| &listener.addresses)
    }

    /// Reads the files of rules, credentials, MIB modules and certificates again; a bad one leaves the old in force and says so.
    pub fn reload(&self) {
        self.reloader.request();
    }

    /// Whether a thread of the receive path died.
    #[must_use]
    pub fn has_died(&self) -> bool {
        self.group.has_died() || self.sink.is_finished()
    }

    /// The runtime for signals and timers.
    #[must_use]
    pub fn control(&self) -> &Runtime {
        &self.control
    }

    /// Stops receiving, commits what was received, closes the store.
    #[must_use]
    pub fn shutdown(mut self) -> Report {
        self.context.ready.store(false, Ordering::Release);
        let shards_ended = self.group.stop();
        self.sink_stop.store(true, Ordering::Release);
        let ending = self.sink.join();
        let _ = self.http_stop.send(true);
        if let Some(socket) = &self.socket {
            // One that is left there is replaced by the next start.
            let _ = std::fs::remove_file(socket);
        }
        let ledger = self.context.sources.ledger();
        let is_clean = match ending {
            // At rest nothing is in flight, and the balance is even; otherwise this program has a fault.
            Ok(Ending::Complete) => {
                shards_ended && ledger.total.in_flight == 0 && ledger.total.difference == 0
            }
            Ok(Ending::GaveUp { events }) => {
                tracing::error!("the store refused {events} message(s) to the end; they are not stored");
                false
            }
            Err(_) => {
                tracing::error!("the sink panicked");
                false
            }
        };
        let total = &ledger.total;
        tracing::info!(
            "stopped: received {} = stored {} + discarded {} + dropped {} + in flight {} (difference {})",
            total.received,
            total.stored,
            total.discarded,
            total.dropped_total(),
            total.in_flight,
            total.difference
        );
        if let Some(path) = &self.pid_file {
            // It is ours only while it says so: a second start may have replaced it.
            let is_ours =
                std::fs::read_to_string(path).is_ok_and(|text| text.trim() == std::process::id().to_string());
            if is_ours && let Err(error) = std::fs::remove_file(path) {
                tracing::warn!("cannot remove the pid file {}: {error}", path.display());
            }
        }
        Report { ledger, is_clean }
    }
}
