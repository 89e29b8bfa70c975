//! Commands that change the store: the program that runs is asked to, and without one the store is opened here.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::app::redecode::{self, Summary};
use crate::app::{identity, operations, wiring};
use crate::base::clock::Stopwatch;
use crate::config::Settings;
use crate::http::client::{Client, ClientError};
use crate::http::operations::ForgetEngine;
use crate::security::EngineId;
use crate::storage::connection::{StoreLock, open_locked};
use crate::storage::error::OpenError;
use crate::storage::snmp_users::forget::ForgetClocks;
use crate::storage::writer::Writer;

/// How long a program that has the store and does not answer yet, since it starts or ends, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long until it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Who writes the store for a command.
enum Reached {
    /// The program that runs; what it answered.
    Daemon(Value),
    /// Nobody else: a writer of our own, and our SNMP engine.
    Alone(Box<Writer>, Option<EngineId>),
}

/// Decodes what waits for a credential.
///
/// # Errors
/// One line that says what is wrong.
pub fn redecode(settings: &Settings, is_rehearsal: bool) -> anyhow::Result<Summary> {
    match reach(settings, "/api/v1/snmpv3/redecode", &json!({ "dry_run": is_rehearsal }))? {
        Reached::Daemon(answer) => serde_json::from_value(answer).context("the answer is not understood"),
        Reached::Alone(mut writer, engine) => {
            let summary = redecode::run(settings, engine, is_rehearsal, &mut |job| writer.run_job(job))?;
            writer.close()?;
            Ok(summary)
        }
    }
}

/// Forgets clocks of SNMP engines; returns the IDs of the engines.
///
/// # Errors
/// One line that says what is wrong.
pub fn forget_engine(settings: &Settings, request: &ForgetEngine) -> anyhow::Result<Vec<String>> {
    let body = json!({ "engine_id": request.engine_id, "source": request.source });
    match reach(settings, "/api/v1/snmpv3/forget-engine", &body)? {
        Reached::Daemon(mut answer) => {
            serde_json::from_value(answer["engines"].take()).context("the answer is not understood")
        }
        Reached::Alone(mut writer, _) => {
            let selection = operations::selection(request).map_err(anyhow::Error::msg)?;
            let engines = writer.run_job(ForgetClocks(selection))?;
            writer.close()?;
            if engines.is_empty() {
                let source = request.source.map(|source| source.to_string()).unwrap_or_default();
                bail!(operations::no_engine(&source));
            }
            Ok(engines)
        }
    }
}

/// Asks the program that has the store, or opens the store when there is none.
fn reach(settings: &Settings, path: &str, body: &Value) -> anyhow::Result<Reached> {
    let database = &settings.storage.database.path;
    let client = Client::beside(database);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let waited = Stopwatch::start();
    loop {
        let asked = runtime.block_on(async { client.post(path, body).await?.json().await });
        let unreachable = match asked {
            Ok(answer) => return Ok(Reached::Daemon(answer)),
            Err(error @ ClientError::NotReachable { .. }) => error,
            Err(error) => return Err(error.into()),
        };
        match open_alone(settings, database)? {
            Some(reached) => return Ok(reached),
            None if waited.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            None => bail!("the store {} is in use, and {unreachable}", database.display()),
        }
    }
}

/// Opens the store for writing; `None` when another process has it.
fn open_alone(settings: &Settings, database: &Path) -> anyhow::Result<Option<Reached>> {
    if !database.exists() {
        bail!("cannot use the store {}: there is no such file", database.display());
    }
    let lock = match StoreLock::take(database) {
        Ok(lock) => lock,
        Err(OpenError::InUse { .. } | OpenError::DirectoryInUse { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let identity = identity::open(settings, &lock)?;
    let store = open_locked(&wiring::store(settings, identity.node_id()), lock)?;
    let writer = Writer::new(store, settings.storage.keep_community)?;
    Ok(Some(Reached::Alone(Box::new(writer), identity.engine_number().map(EngineId::of_ours))))
}
