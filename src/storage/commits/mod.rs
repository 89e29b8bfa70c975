//! Commits and their numbers: what tap, index, tail, rollups and archive follow.
//!
//! Each transaction of the writer that adds rows is a commit with the next number, and so is each that changes stored
//! rows; one that does both is two commits, the rows that it adds first. Every row carries the number of the commit that
//! wrote it last. A reader that goes from number to number sees each row once, and a row that was changed since once
//! more, in the commit that changed it.
//!
//! The newest [`SINGLE_KEPT`] commits are kept one by one, older ones are merged by [`MERGED_AT_ONCE`], and so are those
//! when there are more than [`MERGED_KEPT`]. A reader that is that far behind reads larger ranges, and gets the same rows.

mod log;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, params};

use crate::model::event::EventId;
use crate::model::group::CommitNumber;
use crate::storage::connection::key_time;

pub(super) use log::CommitLog;
#[cfg(test)]
pub(super) use log::MergeLimits;

/// Newest commits that are kept one by one, at least.
pub const SINGLE_KEPT: u64 = 100_000;

/// Merged ranges of a thousand commits that are kept, at least; of older ones a thousand are merged again.
pub const MERGED_KEPT: u64 = 10_000;

/// Commits that are merged into one range.
pub const MERGED_AT_ONCE: u64 = 1_000;

/// What a commit did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// It added the row.
    New,
    /// It changed the row, which a reader may have seen in an earlier commit.
    Changed,
    /// It did one of them: which is not known any more, since the commit was merged with others.
    NewOrChanged,
}

/// A row of the store, as a reader that follows commits sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommittedRow {
    /// The row.
    pub id: EventId,
    /// The commit that wrote it last.
    pub commit: CommitNumber,
    /// What that commit did to it.
    pub kind: RowKind,
}

/// `commits.kind`: the commit added rows.
const KIND_NEW: i64 = 1;
/// `commits.kind`: the commit changed rows.
const KIND_CHANGED: i64 = 2;

/// A row of `commits`.
#[derive(Debug, Clone, Copy)]
struct Range {
    number_first: i64,
    number: i64,
    id_first: i64,
    id_last: i64,
    kind: i64,
    is_merged: bool,
}

impl Range {
    /// Whether its rows are named one by one.
    fn is_named(&self) -> bool {
        self.kind == KIND_CHANGED && !self.is_merged
    }

    fn row_kind(&self) -> RowKind {
        match self.kind {
            KIND_NEW => RowKind::New,
            KIND_CHANGED => RowKind::Changed,
            _ => RowKind::NewOrChanged,
        }
    }
}

/// Number of the newest commit; 0 in a store without any.
///
/// # Errors
/// What SQLite reports.
pub fn newest(connection: &Connection) -> rusqlite::Result<CommitNumber> {
    connection
        .query_row("SELECT coalesce(max(number), 0) FROM commits", [], |row| row.get(0))
        .map(CommitNumber)
}

/// Hands the rows of the commits after `after`, up to and with `upto`, to `take`: each row once, in no order that means
/// anything. The writer may be at work; a row that it changes meanwhile is one of a commit after `upto` then.
///
/// # Errors
/// What SQLite reports; some rows may have been handed over then.
pub fn rows_after(
    connection: &Connection,
    after: CommitNumber,
    upto: CommitNumber,
    mut take: impl FnMut(CommittedRow),
) -> rusqlite::Result<()> {
    let mut commits = connection.prepare_cached(
        "SELECT number_first, number, id_first, id_last, kind, merged <> 0 FROM commits
         WHERE number > ?1 AND number_first <= ?2 ORDER BY number",
    )?;
    let ranges = commits
        .query_map([after.0, upto.0], |row| {
            Ok(Range {
                number_first: row.get(0)?,
                number: row.get(1)?,
                id_first: row.get(2)?,
                id_last: row.get(3)?,
                kind: row.get(4)?,
                is_merged: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Range>>>()?;
    take_named(connection, after, upto, &mut take)?;
    // Those, too, that were received while the clock was set back: they are not where their ids say.
    let mut rows = connection.prepare_cached(
        "SELECT id, commit_number FROM events
         WHERE received_at BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4 AND commit_number > ?5 AND commit_number <= ?6
         UNION ALL
         SELECT e.id, e.commit_number FROM event_times t CROSS JOIN events e
         WHERE t.id BETWEEN ?3 AND ?4 AND t.received_at NOT BETWEEN ?1 AND ?2
             AND e.received_at = t.received_at AND e.id = t.id AND e.commit_number > ?5 AND e.commit_number <= ?6",
    )?;
    for (first, last) in id_spans(&ranges) {
        let times = [first, last].map(|id| EventId(id).received_at().to_string());
        let mut found = rows.query(params![times[0], times[1], first, last, after.0, upto.0])?;
        while let Some(row) = found.next()? {
            let (id, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            let place = ranges.partition_point(|range| range.number < number);
            let Some(range) = ranges.get(place).filter(|range| range.number_first <= number) else {
                continue;
            };
            if !range.is_named() {
                let commit = CommitNumber(number.unsigned_abs());
                take(CommittedRow { id: EventId(id), commit, kind: range.row_kind() });
            }
        }
    }
    Ok(())
}

/// Hands over the rows that commits name one by one.
fn take_named(
    connection: &Connection,
    after: CommitNumber,
    upto: CommitNumber,
    take: &mut impl FnMut(CommittedRow),
) -> rusqlite::Result<()> {
    let mut names = connection
        .prepare_cached("SELECT number, id FROM commit_changes WHERE number > ?1 AND number <= ?2")?;
    let mut row = connection
        .prepare_cached("SELECT 1 FROM events WHERE received_at = ?1 AND id = ?2 AND commit_number = ?3")?;
    let mut found = names.query([after.0, upto.0])?;
    while let Some(named) = found.next()? {
        let (number, id): (u64, i64) = (named.get(0)?, named.get(1)?);
        // Changed again since, or deleted: then it is not a row of this commit.
        if row.exists(params![key_time(connection, EventId(id))?, id, number])? {
            take(CommittedRow { id: EventId(id), commit: CommitNumber(number), kind: RowKind::Changed });
        }
    }
    Ok(())
}

/// The spans of ids in which the rows of `ranges` lie that are not named, without overlap.
fn id_spans(ranges: &[Range]) -> Vec<(i64, i64)> {
    let unnamed = ranges.iter().filter(|range| !range.is_named());
    let mut spans: Vec<(i64, i64)> = unnamed.map(|range| (range.id_first, range.id_last)).collect();
    spans.sort_unstable();
    spans.dedup_by(|next, span| {
        let overlaps = next.0 <= span.1;
        if overlaps {
            span.1 = span.1.max(next.1);
        }
        overlaps
    });
    spans
}
