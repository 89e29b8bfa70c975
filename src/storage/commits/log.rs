//! The writer's side: gives numbers to commits, and merges old ones.

use rusqlite::{Connection, params};

use crate::model::event::EventId;
use crate::model::group::CommitNumber;
use crate::storage::commits::{KIND_CHANGED, KIND_NEW, MERGED_AT_ONCE, MERGED_KEPT, SINGLE_KEPT};
use crate::storage::connection::key_time;

/// When ranges are merged.
#[derive(Debug, Clone, Copy)]
pub(in crate::storage) struct MergeLimits {
    /// Ranges that stay on each level that is merged.
    pub(in crate::storage) kept: [u64; 2],
    /// Ranges that become one.
    pub(in crate::storage) at_once: u64,
}

/// What is known of the table.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    newest: u64,
    /// Ranges on each level of merging.
    counts: [u64; 3],
}

/// The table of commits as the writer sees it.
#[derive(Debug)]
pub(in crate::storage) struct CommitLog {
    durable: State,
    /// The state in the open transaction.
    staged: State,
    limits: MergeLimits,
}

impl CommitLog {
    /// The log of the store behind `connection`.
    pub(in crate::storage) fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let mut state = State::default();
        let mut statement =
            connection.prepare("SELECT merged, count(*), max(number) FROM commits GROUP BY merged")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(count) = state.counts.get_mut(row.get::<_, usize>(0)?) {
                *count = row.get(1)?;
            }
            state.newest = state.newest.max(row.get(2)?);
        }
        let limits = MergeLimits { kept: [SINGLE_KEPT, MERGED_KEPT], at_once: MERGED_AT_ONCE };
        Ok(Self { durable: state, staged: state, limits })
    }

    /// Merges at other limits.
    #[cfg(test)]
    pub(in crate::storage) fn set_limits(&mut self, limits: MergeLimits) {
        self.limits = limits;
    }

    /// The number of the next commit, for the rows of the transaction that is open.
    pub(in crate::storage) fn next(&self) -> CommitNumber {
        CommitNumber(self.staged.newest + 1)
    }

    /// Notes the commit with number [`next`](Self::next): `rows` rows with ids from `first` to `last`. Call inside the
    /// transaction that writes the rows, and then one of [`committed`](Self::committed) and
    /// [`rolled_back`](Self::rolled_back).
    pub(in crate::storage) fn note_rows(
        &mut self,
        connection: &Connection,
        first: EventId,
        last: EventId,
        rows: usize,
    ) -> rusqlite::Result<CommitNumber> {
        self.note(connection, first, last, rows, KIND_NEW)
    }

    /// Makes the stored rows `ids` rows of another commit, which changed them. Ids whose row is not there any more are
    /// left out.
    pub(in crate::storage) fn note_changes(
        &mut self,
        connection: &Connection,
        ids: &mut Vec<EventId>,
    ) -> rusqlite::Result<()> {
        ids.sort_unstable();
        ids.dedup();
        let number = self.next().0;
        let mut renumber = connection
            .prepare_cached("UPDATE events SET commit_number = ?1 WHERE received_at = ?2 AND id = ?3")?;
        let mut name = connection.prepare_cached("INSERT INTO commit_changes(number, id) VALUES (?1, ?2)")?;
        let mut found: Option<(EventId, EventId, usize)> = None;
        for id in ids.drain(..) {
            if renumber.execute(params![number, key_time(connection, id)?, id.0])? == 0 {
                continue;
            }
            name.execute(params![number, id.0])?;
            let (first, _, rows) = found.unwrap_or((id, id, 0));
            found = Some((first, id, rows + 1));
        }
        if let Some((first, last, rows)) = found {
            self.note(connection, first, last, rows, KIND_CHANGED)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        connection: &Connection,
        first: EventId,
        last: EventId,
        rows: usize,
        kind: i64,
    ) -> rusqlite::Result<CommitNumber> {
        let number = self.next();
        connection
            .prepare_cached(
                "INSERT INTO commits(number, number_first, id_first, id_last, rows, kind)
                 VALUES (?1, ?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![number.0, first.0, last.0, rows, kind])?;
        self.staged.newest = number.0;
        self.staged.counts[0] += 1;
        let MergeLimits { kept, at_once } = self.limits;
        for (level, kept) in kept.into_iter().enumerate() {
            if self.staged.counts[level] >= kept + at_once {
                self.merge(connection, level)?;
            }
        }
        Ok(number)
    }

    /// Merges the oldest ranges of a level into one of the next.
    fn merge(&mut self, connection: &Connection, level: usize) -> rusqlite::Result<()> {
        let [number, number_first, id_first, id_last, rows, kind]: [i64; 6] = connection
            .prepare_cached(
                "SELECT max(number), min(number_first), min(id_first), max(id_last), sum(rows),
                     max(kind & 1) | max(kind & 2)
                 FROM (SELECT * FROM commits WHERE merged = ?1 ORDER BY number LIMIT ?2)",
            )?
            .query_row([level as u64, self.limits.at_once], |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?])
            })?;
        connection
            .prepare_cached("DELETE FROM commits WHERE number BETWEEN ?1 AND ?2")?
            .execute([number_first, number])?;
        connection.prepare_cached("DELETE FROM commit_changes WHERE number <= ?1")?.execute([number])?;
        connection
            .prepare_cached(
                "INSERT INTO commits(number, number_first, id_first, id_last, rows, kind, merged)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![number, number_first, id_first, id_last, rows, kind, level as u64 + 1])?;
        self.staged.counts[level] -= self.limits.at_once;
        self.staged.counts[level + 1] += 1;
        Ok(())
    }

    /// What was noted is durable.
    pub(in crate::storage) fn committed(&mut self) {
        self.durable = self.staged;
    }

    /// Nothing of what was noted is in the store.
    pub(in crate::storage) fn rolled_back(&mut self) {
        self.staged = self.durable;
    }
}
