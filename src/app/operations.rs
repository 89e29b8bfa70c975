//! What the running program does on request, and what a command does itself when no program has the store.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::app::redecode::{self, Summary};
use crate::app::reload::SettingsInForce;
use crate::config;
use crate::http::operations::{Answering, ForgetEngine, Operations, Redecode};
use crate::http::problem::Problem;
use crate::security::Usm;
use crate::storage::jobs::{Job, JobError, JobSender};
use crate::storage::snmp_users::forget::{ForgetClocks, Selection};

/// The operations of the running program.
#[derive(Debug)]
pub(super) struct DaemonOperations {
    settings: SettingsInForce,
    jobs: JobSender,
    usm: Arc<Usm>,
    /// Held while messages are decoded again: two at once would do the same work twice.
    redecoding: Arc<Mutex<()>>,
}

impl DaemonOperations {
    /// The operations on the store whose writer takes `jobs`.
    pub(super) fn new(settings: SettingsInForce, jobs: JobSender, usm: Arc<Usm>) -> Self {
        Self { settings, jobs, usm, redecoding: Arc::default() }
    }
}

impl Operations for DaemonOperations {
    fn forget_engine(&self, request: ForgetEngine) -> Answering {
        let (jobs, usm) = (self.jobs.clone(), Arc::clone(&self.usm));
        Box::pin(async move {
            let selection = selection(&request).map_err(Problem::bad_request)?;
            let asked = run(&jobs, ForgetClocks(selection)).await;
            let engines = asked.map_err(|error| problem(&error))?;
            if engines.is_empty() {
                let source = request.source.map(|source| source.to_string()).unwrap_or_default();
                return Err(Problem::new(StatusCode::NOT_FOUND, no_engine(&source)));
            }
            for id in engines.iter().filter_map(|id| config::engine_id_of(id)) {
                let word = if usm.forget(&id) { "is forgotten" } else { "was not known" };
                tracing::info!("the clock of SNMP engine {id} {word}, as asked for; its next is believed");
            }
            Ok(json!({ "engines": engines }))
        })
    }

    fn redecode(&self, request: Redecode) -> Answering {
        let (settings, jobs) = (self.settings.load_full(), self.jobs.clone());
        let engine = self.usm.engine.as_ref().map(|engine| engine.id);
        let redecoding = Arc::clone(&self.redecoding);
        Box::pin(async move {
            let work = move || {
                let _alone = match redecoding.try_lock() {
                    Ok(guard) => guard,
                    Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
                    Err(TryLockError::WouldBlock) => {
                        let detail = "messages are being decoded again already; try again when that is done";
                        return Err(Problem::new(StatusCode::CONFLICT, detail));
                    }
                };
                redecode::run(&settings, engine, request.dry_run, &mut |job| jobs.run(job))
                    .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")))
            };
            let summary = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
                Err(Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("it could not be ended: {error}"),
                ))
            })?;
            tracing::info!("as asked for: {summary}");
            Ok(json_of(&summary))
        })
    }
}

/// What a job's failure is to who asked over HTTP.
fn problem(error: &JobError) -> Problem {
    match error {
        JobError::Failed(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        _ => Problem::unavailable(error.to_string()),
    }
}

/// Has the writer run a job, without a thread that waits for it.
pub(super) async fn run<J: Job>(jobs: &JobSender, job: J) -> Result<J::Answer, JobError> {
    let (answer, answered) = oneshot::channel();
    jobs.submit(job, move |outcome| {
        // Whoever asked may have gone.
        let _ = answer.send(outcome);
    })?;
    answered.await.unwrap_or(Err(JobError::Closed))
}

fn json_of(summary: &Summary) -> Value {
    // Numbers and texts: that cannot fail.
    serde_json::to_value(summary).unwrap_or_default()
}

/// Whose clocks a request means; the error says what is wrong with it.
pub(super) fn selection(request: &ForgetEngine) -> Result<Selection, String> {
    match (&request.engine_id, request.source) {
        (Some(text), None) => match config::engine_id_of(text) {
            Some(id) => Ok(Selection::Engine(id.as_bytes().to_vec())),
            None => Err("engine_id must be 5 to 32 octets in hexadecimal digits".to_owned()),
        },
        (None, Some(source)) => Ok(Selection::Source(source)),
        _ => Err("either engine_id or source is needed".to_owned()),
    }
}

/// Says that no engine is known that sent from `source`.
pub(super) fn no_engine(source: &str) -> String {
    format!("no engine that sent from {source} is known; muttd snmpv3 status tells who sent")
}
