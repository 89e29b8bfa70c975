//! Follows commits for one client: from where it was up to now from the store, then from the tap.
//!
//! Invariant: a group is held only while rows of it are rendered, never while a client is waited for. What has been rendered
//! waits in a channel for one text; as long as it is full nothing is read, and the tap counts what is missed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use fastrand::Rng;
use tokio::sync::mpsc::{OwnedPermit, Sender};
use tokio::time::sleep;

use crate::base::clock::Stopwatch;
use crate::http::event;
use crate::http::tail::cursor::Cursor;
use crate::http::tail::sample::Sample;
use crate::model::columns::MessageColumns;
use crate::model::group::{CommitNumber, Group};
use crate::model::subject::ListenerNames;
use crate::queue::tap::{Next, Reader};
use crate::storage::messages::{CommitPosition, MessageReader};

/// Shortest time between two events of a stream that is up to date.
const TICK: Duration = Duration::from_millis(200);

/// After so long without an event a comment shows that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Rows that one event shows at most.
const ROWS_MAX: usize = 200;

/// Octets of rows read from the store at which an event is full.
const SLICE_OCTETS_TARGET: usize = 256 * 1024;

/// Octets of one text on its way to a client, at most.
pub(super) const TEXT_OCTETS_MAX: usize = event::EVENT_OCTETS_MAX + SLICE_OCTETS_TARGET + 1024;

/// How often a client that comes back reads on from the store since more was committed than the tap keeps, before it is
/// told what it missed.
const CATCHING_UP_MAX: usize = 64;

/// What rows are rendered with.
#[derive(Debug)]
pub(super) struct Store {
    /// The database.
    pub(super) path: PathBuf,
    /// Its node id.
    pub(super) node_id: u64,
    /// Names of listeners in rows.
    pub(super) listeners: ListenerNames,
}

/// One client's place among the commits, and what it is to be told next.
#[derive(Debug)]
pub(super) struct Follower {
    reader: Reader<Group>,
    store: Arc<Store>,
    output: Sender<Bytes>,
    position: CommitPosition,
    sample: Sample,
    skipped: u64,
}

/// The stream has ended: the client is gone, the program stops, or the store cannot be read.
#[derive(Debug)]
pub(super) struct Ended;

/// What to do before more is read from the tap.
enum Then {
    /// Nothing.
    GoOn,
    /// Commits up to this one have rows that are not in the tap.
    ReadStore(CommitNumber),
    /// There will be no more.
    End,
}

impl Follower {
    /// Follows commits behind `position`.
    pub(super) fn new(
        reader: Reader<Group>,
        store: Arc<Store>,
        output: Sender<Bytes>,
        position: CommitPosition,
    ) -> Self {
        let sample = Sample::new(ROWS_MAX, event::EVENT_OCTETS_MAX, Rng::new());
        Self { reader, store, output, position, sample, skipped: 0 }
    }

    /// Writes to the client until it is gone or the program stops.
    pub(super) async fn run(mut self) {
        // How it ended shows at both ends of the connection.
        let _: Result<(), Ended> = self.follow().await;
    }

    async fn follow(&mut self) -> Result<(), Ended> {
        // A client that comes back before anything happens shall know where it was.
        let start = format!("id: {}\n\n", Cursor(self.position));
        self.permit().await?.send(start.into());
        self.catch_up().await?;
        let mut since_tick: Option<Stopwatch> = None;
        loop {
            let permit = self.permit().await?;
            let mut then = Then::GoOn;
            if !self.has_news() {
                let first = tokio::select! {
                    next = self.reader.next() => next,
                    () = sleep(KEEP_ALIVE) => {
                        permit.send(Bytes::from_static(b":\n\n"));
                        continue;
                    }
                    () = self.output.closed() => return Err(Ended),
                };
                then = self.take(first);
            }
            if matches!(then, Then::GoOn) {
                let wait = since_tick.map_or(Duration::ZERO, |since| TICK.saturating_sub(since.elapsed()));
                then = self.gather(wait).await;
            }
            if self.has_news() {
                permit.send(self.tick());
            } else {
                drop(permit);
            }
            match then {
                Then::GoOn => {}
                Then::ReadStore(up_to) => self.read_store(up_to).await?,
                Then::End => return Ok(()),
            }
            since_tick = Some(Stopwatch::start());
        }
    }

    /// A place for one text, as soon as the client has taken those before.
    async fn permit(&self) -> Result<OwnedPermit<Bytes>, Ended> {
        self.output.clone().reserve_owned().await.map_err(|_| Ended)
    }

    /// Takes what comes within `wait`, and what is there already in any case.
    async fn gather(&mut self, wait: Duration) -> Then {
        let mut end = std::pin::pin!(sleep(wait));
        loop {
            while let Some(next) = self.reader.try_next() {
                let then = self.take(next);
                if !matches!(then, Then::GoOn) {
                    return then;
                }
            }
            let next = tokio::select! {
                () = end.as_mut() => return Then::GoOn,
                next = self.reader.next() => next,
            };
            let then = self.take(next);
            if !matches!(then, Then::GoOn) {
                return then;
            }
        }
    }

    /// Takes what came from the tap.
    fn take(&mut self, next: Next<Group>) -> Then {
        match next {
            Next::Closed => Then::End,
            Next::Missed(missed) => {
                self.skipped += missed.events;
                self.position = CommitPosition { number: CommitNumber(missed.up_to), id: None };
                Then::GoOn
            }
            Next::Group(held) => {
                let (number, group) = (held.number(), held.group());
                // Commits between two groups, and those of a note, changed rows that only the store has.
                if number > self.position.number.0 + 1 || group.places.is_empty() {
                    return Then::ReadStore(CommitNumber(number));
                }
                self.sample.add(group.places.len(), |index| {
                    let (batch, event) = group.event(*group.places.get(index)?)?;
                    let Store { listeners, node_id, .. } = &*self.store;
                    let columns = MessageColumns::of_event(batch, event, listeners, *node_id);
                    Some(event::render(&columns, None))
                });
                self.position = CommitPosition { number: CommitNumber(number), id: None };
                Then::GoOn
            }
        }
    }

    fn has_news(&self) -> bool {
        self.sample.matched() > 0 || self.skipped > 0
    }

    /// What was gathered, as an event of the stream.
    fn tick(&mut self) -> Bytes {
        let (events, matched) = self.sample.take();
        text_of(&self.position, &events, matched, std::mem::take(&mut self.skipped))
    }

    /// Brings a client that comes back to where the tap is.
    async fn catch_up(&mut self) -> Result<(), Ended> {
        if self.position == (CommitPosition { number: CommitNumber(self.reader.number()), id: None }) {
            return Ok(());
        }
        for _ in 0..CATCHING_UP_MAX {
            self.read_store(CommitNumber(self.reader.number())).await?;
            // What the tap lost meanwhile is in the store. The first group that it has is of the commit that follows.
            match self.reader.try_next() {
                Some(Next::Missed(missed)) => self.read_store(CommitNumber(missed.up_to)).await?,
                Some(next) => match self.take(next) {
                    Then::ReadStore(up_to) => self.read_store(up_to).await?,
                    Then::GoOn => return Ok(()),
                    Then::End => return Err(Ended),
                },
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Sends the rows of the commits up to `up_to` from the store, as fast as the client takes them.
    async fn read_store(&mut self, up_to: CommitNumber) -> Result<(), Ended> {
        if self.position.number >= up_to {
            return Ok(());
        }
        let mut reader = None;
        while self.position.number < up_to {
            let permit = self.permit().await?;
            let (store, at) = (Arc::clone(&self.store), self.position);
            let reading = tokio::task::spawn_blocking(move || read_slice(&store, reader, at, up_to));
            let slice = reading.await.map_err(|_| Ended)?.map_err(|error| {
                tracing::warn!(%error, "the store could not be read for a client that follows it");
                Ended
            })?;
            if !slice.events.is_empty() {
                permit.send(text_of(&slice.position, &slice.events, slice.events.len() as u64, 0));
            }
            self.position = slice.position;
            reader = Some(slice.reader);
        }
        Ok(())
    }
}

/// Rows read from the store.
struct Slice {
    reader: MessageReader,
    position: CommitPosition,
    events: Vec<String>,
}

/// Reads rows behind `position` for one event.
fn read_slice(
    store: &Store,
    reader: Option<MessageReader>,
    mut position: CommitPosition,
    up_to: CommitNumber,
) -> rusqlite::Result<Slice> {
    let mut reader = match reader {
        Some(reader) => reader,
        None => MessageReader::open(&store.path, store.node_id)?,
    };
    let mut events = Vec::new();
    let mut octets = 0;
    reader.read_on(&mut position, up_to, |columns| {
        let event = event::render(columns, None);
        octets += event.len();
        events.push(event);
        events.len() < ROWS_MAX && octets < SLICE_OCTETS_TARGET
    })?;
    Ok(Slice { reader, position, events })
}

/// An event of the stream.
fn text_of(position: &CommitPosition, events: &[String], matched: u64, skipped: u64) -> Bytes {
    let cursor = Cursor(*position);
    let events = events.join(",");
    format!("id: {cursor}\ndata: {{\"events\":[{events}],\"matched\":{matched},\"skipped\":{skipped}}}\n\n")
        .into()
}
