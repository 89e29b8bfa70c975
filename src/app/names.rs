//! The names of what notifications carry: loaded at the start and again when a file changes, off the receive path.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;

use crate::base::clock::Stopwatch;
use crate::config::settings::Settings;
use crate::mib::{self, standard};
use crate::shard::names::NamesInForce;

/// How long the start waits for the names of MIB modules; then messages come in with those that are there.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// Problems of MIB modules that a load logs one by one.
const PROBLEMS_LOGGED_MAX: usize = 20;

/// Held by who loads.
static LOADING: Mutex<()> = Mutex::new(());

/// The standard names, and those of the modules in `snmp.mib_dirs`, as soon as they are loaded.
///
/// # Errors
/// A directory that is not there.
pub(super) fn start(settings: &Settings) -> anyhow::Result<NamesInForce> {
    let names: NamesInForce = Arc::new(ArcSwap::new(standard::names()));
    let directories = settings.snmp.mib_dirs.clone();
    if directories.is_empty() {
        return Ok(names);
    }
    check_mib_dirs(&directories)?;
    let (done, loaded) = mpsc::sync_channel(1);
    let in_force = Arc::clone(&names);
    std::thread::Builder::new().name("names".to_owned()).spawn(move || {
        tracing::info!("{}", load(&directories, &in_force));
        // The start may have gone on without.
        let _ = done.send(());
    })?;
    if loaded.recv_timeout(START_PATIENCE).is_err() {
        tracing::warn!(
            "the MIB modules are still being read; until then notifications have the standard names"
        );
    }
    Ok(names)
}

/// All names, however long it takes.
///
/// # Errors
/// A directory that is not there.
pub(super) fn all(settings: &Settings) -> anyhow::Result<NamesInForce> {
    let names: NamesInForce = Arc::new(ArcSwap::new(standard::names()));
    if !settings.snmp.mib_dirs.is_empty() {
        check_mib_dirs(&settings.snmp.mib_dirs)?;
        tracing::info!("{}", load(&settings.snmp.mib_dirs, &names));
    }
    Ok(names)
}

/// Whether all directories can be read.
///
/// # Errors
/// The first one that cannot.
pub fn check_mib_dirs(directories: &[PathBuf]) -> anyhow::Result<()> {
    for directory in directories {
        fs::read_dir(directory)
            .with_context(|| format!("snmp.mib_dirs: {} cannot be read", directory.display()))?;
    }
    Ok(())
}

/// Loads the modules in `directories`, puts their names in force, and returns what is in force in one line. Nothing in a
/// file can prevent that.
pub(super) fn load(directories: &[PathBuf], in_force: &NamesInForce) -> String {
    // One after the other, so that the last to begin is the last to be put in force.
    let _turn = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    let watch = Stopwatch::start();
    let loaded = mib::load(directories);
    let names = loaded.names();
    let mebibytes = names.memory_octets().div_ceil(1024 * 1024);
    for problem in loaded.problems.iter().take(PROBLEMS_LOGGED_MAX) {
        tracing::warn!("{problem}");
    }
    if let Some(more) = loaded.problems.len().checked_sub(PROBLEMS_LOGGED_MAX).filter(|more| *more > 0) {
        tracing::warn!("{more} more problem(s) in MIB modules: muttd mib load-report has them all");
    }
    let names_in_force = format!(
        "{} MIB module(s) from snmp.mib_dirs are in force: {} names with the standard ones, {mebibytes} MiB, {} ms",
        loaded.modules.len(),
        names.len(),
        watch.elapsed().as_millis()
    );
    in_force.store(Arc::new(names));
    names_in_force
}
