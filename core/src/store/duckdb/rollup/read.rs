//! What tallies can answer, and the tallies and rows that do so together.

use std::collections::BTreeSet;

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::super::answer;
use super::super::state::{instant, time};
use super::restate::person_columns;
use super::{FLAGS, NUMBERS, Rollup, TEXTS};
use crate::plan::{Dimension, Filter, Measure, QuestionSet, RowTime, Span, TallyPlan};
use crate::record::RecordKind;
use crate::record::door::BUCKET_TIME;

/// Most months of a question that are looked at; the days of later ones are read.
const MONTHS_MAX: usize = 600;

/// Runs of days that are read from rows beside the tallies; more of them are quicker without.
const RUNS_MAX: usize = 16;

/// The rows behind a question: tallies, but for some days.
pub(in super::super) struct Source {
    /// A table expression.
    pub(in super::super) sql: String,
    /// Days that are read from rows.
    pub(in super::super) n_days_of_rows: usize,
    /// Whether all of it is tallies of whole months, which begin in the bucket they are in.
    pub(in super::super) is_of_months: bool,
}

impl Rollup {
    /// Whether tallies know all that a plan asks, but for its buckets.
    pub(in super::super) fn tells_plan(&self, plan: &TallyPlan) -> bool {
        let tells_measure = |measure: &Measure| match measure {
            Measure::CountIf(filter) | Measure::PersonsToward { among: filter, .. } => {
                self.tells(filter)
            }
            _ => true,
        };
        self.is_worth()
            && plan.kind == RecordKind::Response
            && plan.time == RowTime::Event
            && plan.as_of.is_none()
            && self.tells(&plan.filter)
            && plan.group.iter().all(|one| self.splits(one))
            && plan.measures.iter().all(tells_measure)
    }

    fn splits(&self, dimension: &Dimension) -> bool {
        match dimension {
            Dimension::Column(name) => TEXTS.contains(name) || FLAGS.contains(name),
            Dimension::Configured(name) => self.dimensions.iter().any(|spec| spec.name == *name),
            Dimension::Tag | Dimension::ServedBy => false,
        }
    }

    fn tells(&self, filter: &Filter) -> bool {
        match filter {
            Filter::All => true,
            Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|part| self.tells(part)),
            Filter::Not(inner) => self.tells(inner),
            Filter::In(dimension, _) => self.splits(dimension),
            Filter::NumberIn { column, .. } => NUMBERS.contains(column),
            Filter::Present(column) => {
                NUMBERS.contains(column) || TEXTS.contains(column) || FLAGS.contains(column)
            }
            Filter::IsTrue(column) => FLAGS.contains(column),
            Filter::NotAfter(..) | Filter::InTime { .. } | Filter::HasSequel(_) => false,
        }
    }

    /// Returns what buckets are counted from as the data is now: whole clean days from tallies, all
    /// others from rows; `None` where too many days are others.
    pub(in super::super) fn source_of(
        &self,
        connection: &Connection,
        buckets: &[Span],
    ) -> duckdb::Result<Option<Source>> {
        let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
            return Ok(None);
        };
        let within = Span {
            start: first.start,
            end: last.end,
        };
        match self.cut_days(buckets) {
            Some(cut) => self.source(connection, within, buckets, cut),
            None => Ok(None),
        }
    }

    /// Returns the days that an edge of a bucket cuts; `None` beyond the calendar, or when there
    /// are far too many.
    fn cut_days(&self, buckets: &[Span]) -> Option<BTreeSet<(Timestamp, Timestamp)>> {
        let mut cut = BTreeSet::new();
        for edge in buckets.iter().flat_map(|bucket| [bucket.start, bucket.end]) {
            let day = self.days.day_of(edge)?;
            if day.start != edge {
                cut.insert((day.start, day.end));
            }
            if cut.len() > 2 * RUNS_MAX {
                return None;
            }
        }
        Some(cut)
    }

    fn source(
        &self,
        connection: &Connection,
        within: Span,
        buckets: &[Span],
        cut: BTreeSet<(Timestamp, Timestamp)>,
    ) -> duckdb::Result<Option<Source>> {
        let mut days = cut;
        let mut statement = connection.prepare_cached(
            "SELECT epoch_us(day_start), epoch_us(day_end) FROM rollup_changed \
             WHERE day_start < ? AND day_end > ?",
        )?;
        let mut found = statement.query(params![time(within.end), time(within.start)])?;
        while let Some(row) = found.next()? {
            days.extend(instant(row, 0)?.zip(instant(row, 1)?));
        }
        let runs = runs(&days);
        if runs.len() > RUNS_MAX {
            return Ok(None);
        }
        let months = self.whole_months(buckets, &days);
        let is_all = |run: &Span| run.start <= within.start && within.end <= run.end;
        let is_all_months = months.iter().any(is_all);
        Ok(Some(Source {
            sql: self.sql(is_all_months, &months, &days, &runs),
            n_days_of_rows: days.len(),
            is_of_months: is_all_months && runs.is_empty(),
        }))
    }

    /// Returns runs of months that lie within one bucket each and hold none of the days.
    fn whole_months(&self, buckets: &[Span], days: &BTreeSet<(Timestamp, Timestamp)>) -> Vec<Span> {
        let mut months: Vec<Span> = Vec::new();
        let mut n_tried = 0;
        for bucket in buckets {
            let mut at = bucket.start;
            while let Some(month) = self.days.month_of(at).filter(|_| at < bucket.end) {
                n_tried += 1;
                if n_tried > MONTHS_MAX {
                    return months;
                }
                at = month.end;
                let is_within = bucket.start <= month.start && month.end <= bucket.end;
                let in_month =
                    days.range((month.start, Timestamp::MIN)..(month.end, Timestamp::MIN));
                if !is_within || in_month.count() > 0 {
                    continue;
                }
                match months.last_mut() {
                    Some(run) if run.end == month.start => run.end = month.end,
                    _ => months.push(month),
                }
            }
        }
        months
    }

    /// Writes tallies as rows named like the stored ones: those of runs of months, those of the days
    /// between them, and those of some days made of rows.
    fn sql(
        &self,
        is_all_months: bool,
        months: &[Span],
        days: &BTreeSet<(Timestamp, Timestamp)>,
        runs: &[Span],
    ) -> String {
        let keys = self.key_list();
        let counts = "r.n, r.n_alone, r.person_bits, r.n_persons, r.first_at, r.last_at";
        let mut parts = Vec::new();
        let mut conditions = vec!["true".to_owned()];
        let starts: Vec<String> = days.iter().map(|(start, _)| literal(*start)).collect();
        if !starts.is_empty() {
            conditions.push(format!("r.day_start NOT IN ({})", starts.join(", ")));
        }
        let outside = |run: &Span| {
            let (start, end) = (literal(run.start), literal(run.end));
            format!("(r.day_start < {start} OR r.day_start >= {end})")
        };
        conditions.extend(months.iter().map(outside));
        // Else nothing is left for the days, and planning them takes its time.
        if !is_all_months {
            parts.push(format!(
                "SELECT {keys}r.day_start AS {BUCKET_TIME}, {counts} FROM rollup r WHERE {}",
                conditions.join(" AND ")
            ));
        }
        for run in months {
            parts.push(format!(
                "SELECT {keys}r.month_start AS {BUCKET_TIME}, {counts} FROM rollup_month r \
                 WHERE r.month_start >= {} AND r.month_start < {}",
                literal(run.start),
                literal(run.end)
            ));
        }
        let [alone, bits, named] = person_columns();
        for run in runs {
            // Each by itself, so that parts of the table outside of it are passed over.
            parts.push(format!(
                "SELECT {keys}r.{BUCKET_TIME} AS {BUCKET_TIME}, 1::UBIGINT AS n, {alone} AS n_alone, \
                 {bits} AS person_bits, {named} AS n_persons, r.{BUCKET_TIME} AS first_at, \
                 r.{BUCKET_TIME} AS last_at FROM response r \
                 WHERE NOT r.superseded AND r.{BUCKET_TIME} >= {} AND r.{BUCKET_TIME} < {}",
                literal(run.start),
                literal(run.end)
            ));
        }
        format!("({})", parts.join(" UNION ALL "))
    }

    /// Returns the questions of a metric from tallies; `None` where rows have to be read.
    pub(in super::super) fn question_sets(
        &self,
        connection: &Connection,
        metric: &str,
    ) -> duckdb::Result<Option<Vec<QuestionSet>>> {
        if !self.is_worth() {
            return Ok(None);
        }
        let transaction = connection.unchecked_transaction()?;
        // The instants that the engine knows.
        let always = Span {
            start: Timestamp::from_second(-9_000_000_000).unwrap_or(Timestamp::MIN),
            end: Timestamp::from_second(250_000_000_000).unwrap_or(Timestamp::MAX),
        };
        let Some(source) = self.source(&transaction, always, &[], BTreeSet::new())? else {
            return Ok(None);
        };
        // Answers without a time are in no day.
        let rows = format!(
            "({} UNION ALL SELECT {}r.{BUCKET_TIME}, 1::UBIGINT, 0::UTINYINT, 0::UBIGINT, \
             0::UTINYINT, NULL, NULL FROM response r \
             WHERE NOT r.superseded AND r.{BUCKET_TIME} IS NULL)",
            source.sql,
            self.key_list(),
        );
        answer::question_sets(&transaction, &rows, metric).map(Some)
    }

    fn key_list(&self) -> String {
        let keys = self.keys();
        let keys = keys.iter().map(|(name, _)| format!("r.{name}, "));
        keys.collect()
    }
}

fn literal(at: Timestamp) -> String {
    format!("make_timestamp({})", at.as_microsecond())
}

/// Returns days that follow each other as one span each.
fn runs(days: &BTreeSet<(Timestamp, Timestamp)>) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for (start, end) in days {
        match runs.last_mut() {
            Some(run) if run.end == *start => run.end = *end,
            _ => runs.push(Span {
                start: *start,
                end: *end,
            }),
        }
    }
    runs
}
