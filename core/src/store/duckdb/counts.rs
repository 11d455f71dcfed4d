//! How many live rows each source has and how new they are, kept up to date by every commit.
//!
//! A count reads a column of every table, and the state of the sources is asked after each pull.

use duckdb::Connection;
use jiff::Timestamp;

use super::merge::Decision;
use super::state::{data_version, instant};
use super::table::current;
use crate::record::RecordKind;

/// Live rows of one kind of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowCount {
    pub(super) source: String,
    pub(super) kind: RecordKind,
    pub(super) n_rows: u64,
    /// Latest event time, for facts.
    pub(super) newest: Option<Timestamp>,
}

/// The live rows of all sources at one version of the data.
#[derive(Debug, Clone)]
pub(super) struct RowCounts {
    pub(super) version: u64,
    /// By kind, then in no order.
    pub(super) rows: Vec<RowCount>,
}

/// What a commit does to the count of one kind of its source.
#[derive(Debug)]
pub(super) struct CountChange {
    kind: RecordKind,
    n_added: u64,
    n_removed: u64,
    /// Latest event time that came.
    newest_us: Option<i64>,
    /// Latest event time that went.
    lost_us: Option<i64>,
}

impl CountChange {
    pub(super) fn of(kind: RecordKind, decision: &Decision) -> Self {
        Self {
            kind,
            n_added: decision.n_current(),
            n_removed: decision.replaced.len() as u64,
            newest_us: decision.newest_us,
            lost_us: decision.lost_us,
        }
    }
}

impl RowCounts {
    /// Counts the rows, all in one state of the data.
    pub(super) fn read(connection: &Connection) -> duckdb::Result<Self> {
        let transaction = connection.unchecked_transaction()?;
        let version = data_version(&transaction)?;
        let tables: Vec<String> = RecordKind::ALL
            .into_iter()
            .enumerate()
            .map(|(idx, kind)| {
                format!(
                    "SELECT {idx}, source, count(*), epoch_us(max(bucket_time)) \
                     FROM {} GROUP BY source",
                    current(kind)
                )
            })
            .collect();
        let mut statement = transaction.prepare(&tables.join(" UNION ALL "))?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let kind = RecordKind::ALL[row.get::<_, usize>(0)?];
            rows.push(RowCount {
                source: row.get(1)?,
                kind,
                n_rows: row.get(2)?,
                newest: match kind.event_time() {
                    Some(_) => instant(row, 3)?,
                    None => None,
                },
            });
        }
        rows.sort_by_key(|count| count.kind);
        Ok(Self { version, rows })
    }

    /// Returns the counts after a commit of a source that led to `version`, or `None` when the
    /// rows have to be counted anew: the newest one went.
    pub(super) fn after(
        mut self,
        source: &str,
        changes: &[CountChange],
        version: u64,
    ) -> Option<Self> {
        for change in changes {
            self.apply(source, change)?;
        }
        self.rows.retain(|count| count.n_rows > 0);
        self.version = version;
        Some(self)
    }

    fn apply(&mut self, source: &str, change: &CountChange) -> Option<()> {
        let is_it = |count: &RowCount| count.kind == change.kind && count.source == source;
        let place = self.rows.iter().position(is_it).unwrap_or_else(|| {
            let place = self.rows.partition_point(|count| count.kind <= change.kind);
            let count = RowCount {
                source: source.to_owned(),
                kind: change.kind,
                n_rows: 0,
                newest: None,
            };
            self.rows.insert(place, count);
            place
        });
        let count = &mut self.rows[place];
        count.n_rows = (count.n_rows + change.n_added).checked_sub(change.n_removed)?;
        if change.kind.event_time().is_none() {
            return Some(());
        }
        let instant = |at_us: i64| Timestamp::from_microsecond(at_us).ok();
        let (came, went) = (
            change.newest_us.and_then(instant),
            change.lost_us.and_then(instant),
        );
        if went.is_some() && went >= count.newest && came < went {
            return None;
        }
        count.newest = count.newest.max(came);
        Some(())
    }
}
