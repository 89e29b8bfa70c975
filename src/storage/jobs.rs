//! Jobs: small changes of the store that the writer makes for others, so that nobody else writes it.
//!
//! A job is handed over through a bounded queue and answered with its own type. It runs inside the next transaction, or in
//! one of its own when there is nothing to write; a turn takes no more than [`TURN_MAX`] and leaves the rest for the
//! next. Invariant: a job that fails is taken back alone, and is answered after the commit that holds what it did.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use rusqlite::Connection;

use crate::base::clock::Stopwatch;
use crate::model::event::EventId;
use crate::storage::devices::Registry;
use crate::storage::error::WriteError;

/// How long the jobs of one transaction may take: messages wait for it. The last one is not interrupted, so that a job
/// must be small.
pub const TURN_MAX: Duration = Duration::from_millis(20);

/// Jobs that may wait.
pub const WAITING_MAX: usize = 1_024;

/// A change of the store.
pub trait Job: Send + 'static {
    /// What who asked is told.
    type Answer: Send + 'static;

    /// Makes the change. It may be tried on a connection on which nothing of it stays.
    ///
    /// # Errors
    /// What SQLite reports; nothing of the job stays then.
    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<Self::Answer>;

    /// Whether the job is only to say what it would do: nothing of it stays.
    fn is_rehearsal(&self) -> bool {
        false
    }
}

/// Why a job was not done. Nothing of it is in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Too many jobs wait; worth trying again.
    #[error("{WAITING_MAX} changes of the store wait already; try again")]
    QueueFull,
    /// The writer has ended.
    #[error("the store is being closed")]
    Closed,
    /// The job itself failed.
    #[error("the store refused the change: {0}")]
    Failed(#[source] rusqlite::Error),
    /// The transaction that the job was a part of was not committed; worth trying again.
    #[error("the change was not committed: {0}")]
    NotCommitted(String),
}

/// What a job works with.
pub struct Workspace<'a> {
    connection: &'a Connection,
    registry: &'a mut Registry,
    has_used_registry: bool,
    changed: &'a mut Vec<EventId>,
}

impl<'a> Workspace<'a> {
    /// What a job on `connection` works with; it adds to `changed`.
    pub(super) fn new(
        connection: &'a Connection,
        registry: &'a mut Registry,
        changed: &'a mut Vec<EventId>,
    ) -> Self {
        Self { connection, registry, has_used_registry: false, changed }
    }

    /// The writing connection, inside a transaction that a job neither begins nor ends.
    #[must_use]
    pub fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// The registry of devices, and the connection that it writes to.
    pub(super) fn registry(&mut self) -> (&mut Registry, &'a Connection) {
        self.has_used_registry = true;
        (self.registry, self.connection)
    }

    /// Says that the stored row `id` was changed: it becomes a row of a commit of its own, so that whoever follows the
    /// store sees it again.
    pub fn note_changed(&mut self, id: EventId) {
        self.changed.push(id);
    }
}

impl fmt::Debug for Workspace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").finish_non_exhaustive()
    }
}

/// A job of any type, with who waits for its answer.
trait Task: Send {
    /// Runs the job; returns whether what it did is to stay.
    fn run(&mut self, store: &mut Workspace<'_>) -> bool;

    /// Answers: with what the job said, or with `failure` where it did well and was not committed.
    fn answer(self: Box<Self>, failure: Option<&str>);
}

struct Pending<J: Job, F> {
    job: J,
    answer: F,
    outcome: Option<Result<J::Answer, JobError>>,
}

impl<J: Job, F: FnOnce(Result<J::Answer, JobError>) + Send> Task for Pending<J, F> {
    fn run(&mut self, store: &mut Workspace<'_>) -> bool {
        let outcome = self.job.run(store).map_err(JobError::Failed);
        let is_kept = outcome.is_ok() && !self.job.is_rehearsal();
        self.outcome = Some(outcome);
        is_kept
    }

    fn answer(self: Box<Self>, failure: Option<&str>) {
        let Self { job, answer, outcome } = *self;
        let is_rehearsal = job.is_rehearsal();
        answer(match (outcome, failure) {
            (Some(Ok(_)), Some(failure)) if !is_rehearsal => Err(JobError::NotCommitted(failure.to_owned())),
            (Some(outcome), _) => outcome,
            (None, failure) => Err(JobError::NotCommitted(failure.unwrap_or("it was not run").to_owned())),
        });
    }
}

/// Wakes the thread that runs jobs.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

struct Shared {
    waiting: ArrayQueue<Box<dyn Task>>,
    is_closed: AtomicBool,
}

/// The end of the queue that others hold. Cheap to clone.
#[derive(Clone)]
pub struct JobSender {
    shared: Arc<Shared>,
    wake: Wake,
}

/// The end of the queue that the writer holds.
pub struct JobReceiver {
    shared: Arc<Shared>,
    /// Jobs of the open transaction.
    done: Vec<Box<dyn Task>>,
}

/// A queue of at most [`WAITING_MAX`] jobs; `wake` is called when there is one more.
#[must_use]
pub fn bounded(wake: Wake) -> (JobSender, JobReceiver) {
    let shared =
        Arc::new(Shared { waiting: ArrayQueue::new(WAITING_MAX), is_closed: AtomicBool::new(false) });
    (JobSender { shared: Arc::clone(&shared), wake }, JobReceiver { shared, done: Vec::new() })
}

impl JobSender {
    /// Hands a job over. `answer` is called on the writer's thread and must not wait for anything; it is dropped without
    /// a call when the writer ends before.
    ///
    /// # Errors
    /// [`JobError::QueueFull`] and [`JobError::Closed`].
    pub fn submit<J: Job>(
        &self,
        job: J,
        answer: impl FnOnce(Result<J::Answer, JobError>) + Send + 'static,
    ) -> Result<(), JobError> {
        if self.shared.is_closed.load(Ordering::Acquire) {
            return Err(JobError::Closed);
        }
        let task: Box<dyn Task> = Box::new(Pending { job, answer, outcome: None });
        self.shared.waiting.push(task).map_err(|_| JobError::QueueFull)?;
        // The writer may have ended between the question and the push: nobody else takes the job out then.
        if self.shared.is_closed.load(Ordering::Acquire) {
            self.shared.drop_waiting();
        }
        (self.wake)();
        Ok(())
    }

    /// Hands a job over and waits for its answer.
    ///
    /// # Errors
    /// See [`JobError`].
    pub fn run<J: Job>(&self, job: J) -> Result<J::Answer, JobError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.submit(job, move |outcome| {
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        })?;
        answered.recv().unwrap_or(Err(JobError::Closed))
    }
}

impl Shared {
    fn drop_waiting(&self) {
        while let Some(task) = self.waiting.pop() {
            drop(task);
        }
    }
}

impl JobReceiver {
    /// Whether a job waits.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.shared.waiting.is_empty()
    }

    /// Runs waiting jobs in the transaction that is open, for at most [`TURN_MAX`]. Call
    /// [`answer`](Self::answer) when the transaction has ended.
    pub(super) fn run_turn(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<()> {
        let turn = Stopwatch::start();
        while turn.elapsed() < TURN_MAX
            && let Some(mut task) = self.shared.waiting.pop()
        {
            let connection = store.connection;
            connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            let (changed, had_used_registry) = (store.changed.len(), store.has_used_registry);
            store.has_used_registry = false;
            let is_kept = task.run(store);
            self.done.push(task);
            // A full disk or a failed write takes the whole transaction back, messages too; they are written again.
            if connection.is_autocommit() {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
                    Some("a change of the store took the transaction back".to_owned()),
                ));
            }
            if !is_kept {
                connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
                store.changed.truncate(changed);
                if store.has_used_registry {
                    store.registry.reset(connection)?;
                }
            }
            connection.prepare_cached("RELEASE job")?.execute([])?;
            store.has_used_registry |= had_used_registry;
        }
        Ok(())
    }

    /// Answers the jobs of the transaction that has ended: well, or with `failure`. When it failed, those that wait are
    /// answered, too: nobody knows when the store takes writes again.
    pub(super) fn answer(&mut self, failure: Option<&WriteError>) {
        let failure = failure.map(ToString::to_string);
        for task in self.done.drain(..) {
            task.answer(failure.as_deref());
        }
        while failure.is_some()
            && let Some(task) = self.shared.waiting.pop()
        {
            task.answer(failure.as_deref());
        }
    }
}

impl Drop for JobReceiver {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        self.shared.drop_waiting();
    }
}

impl fmt::Debug for JobSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSender").finish_non_exhaustive()
    }
}

impl fmt::Debug for JobReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobReceiver").finish_non_exhaustive()
    }
}
