//! Between a formula and its plans: what stands at the end of a bucket, and rows by cluster.
//!
//! What a formula gets is one list of values per cell, whatever it took to find them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::formula::{Formula, Standing};
use crate::plan::{
    Filter, Keep, Measure, RowTime, Span, Tallies, Tally, TallyError, TallyPlan, TallyRow,
    TallyValue,
};

/// Where a cell is: its group's key and its bucket.
type Place = (Vec<Option<String>>, usize);

/// Answers the plans of a formula, in their order.
pub(super) fn tally_all(
    rows: &dyn Tally,
    formula: &dyn Formula,
    plans: Vec<TallyPlan>,
) -> Result<Vec<Tallies>, TallyError> {
    let Some(standing) = formula.standing() else {
        let asked: Vec<TallyPlan> = plans
            .into_iter()
            .map(|plan| clustered(formula, plan))
            .collect();
        let tallies = rows.tally_all(&asked)?;
        return Ok(tallies
            .into_iter()
            .map(|one| merged(formula, one))
            .collect());
    };
    let mut asked = Vec::new();
    for plan in &plans {
        asked.push(began(plan));
        asked.push(ended(plan, standing));
        asked.extend(Some(plan.clone()).filter(|plan| !plan.measures.is_empty()));
    }
    let mut answers = rows.tally_all(&asked)?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    Ok(plans
        .iter()
        .map(|plan| {
            let stands = Stands::new(plan, next(), next());
            match plan.measures.is_empty() {
                true => stands.alone(),
                false => stands.beside(next()),
            }
        })
        .collect())
}

/// Returns the times between which there is something to answer about the rows of a filter: where
/// something stands, until the last of them began or ended.
pub(super) fn extent(
    rows: &dyn Tally,
    formula: &dyn Formula,
    filter: &Filter,
    as_of: Option<Timestamp>,
) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
    let extent = |filter: &Filter, time| rows.extent(formula.kind(), filter, time, as_of);
    let answered = Filter::And(vec![filter.clone(), formula.answered()]);
    let own = extent(&answered, formula.time())?;
    let Some(standing) = formula.standing() else {
        return Ok(own);
    };
    let began = extent(filter, RowTime::Event)?;
    let ended = extent(filter, RowTime::EndOf(standing.until))?;
    let lasts = [own, began, ended].into_iter().flatten();
    let last = lasts.map(|(_, last)| last).max();
    Ok(own.map(|(first, _)| first).zip(last))
}

/// Whether buckets of a plan overlap.
fn is_rolling(plan: &TallyPlan) -> bool {
    (plan.buckets.windows(2)).any(|pair| pair[0].end > pair[1].start)
}

/// Returns how many plans [`apart`] makes of a plan.
pub(super) fn n_apart(plan: &TallyPlan) -> usize {
    match is_rolling(plan) {
        true => plan.buckets.len(),
        false => 1,
    }
}

/// Returns a plan for each bucket where they overlap, else the plan itself. The store puts plans
/// together again that differ in their buckets alone.
pub(super) fn apart(plan: TallyPlan) -> Vec<TallyPlan> {
    if !is_rolling(&plan) {
        return vec![plan];
    }
    let of_bucket = |bucket: &Span| TallyPlan {
        buckets: vec![*bucket],
        ..plan.clone()
    };
    plan.buckets.iter().map(of_bucket).collect()
}

/// Puts the answers to the plans of [`apart`] together.
pub(super) fn together(answers: Vec<Tallies>) -> Tallies {
    let n_answers = answers.len();
    let mut all = Tallies::default();
    for (bucket_idx, answer) in answers.into_iter().enumerate() {
        let rows = answer.rows.into_iter().map(|row| match n_answers {
            1 => row,
            _ => TallyRow { bucket_idx, ..row },
        });
        all.rows.extend(rows);
        let extents = [all.extent, answer.extent].into_iter().flatten();
        all.extent = extents.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        all.path = answer.path;
    }
    all
}

/// Asks by cluster as well: the last dimension.
fn clustered(formula: &dyn Formula, mut plan: TallyPlan) -> TallyPlan {
    plan.group.extend(formula.cluster());
    plan
}

/// Puts the values of a cell's clusters behind each other.
fn merged(formula: &dyn Formula, tallies: Tallies) -> Tallies {
    if formula.cluster().is_none() {
        return tallies;
    }
    let mut cells: BTreeMap<Place, Vec<TallyValue>> = BTreeMap::new();
    for mut row in tallies.rows {
        row.key.pop();
        let cell = cells.entry((row.key, row.bucket_idx)).or_default();
        cell.extend(row.values);
    }
    Tallies {
        rows: cells.into_iter().map(row).collect(),
        ..tallies
    }
}

fn row((place, values): (Place, Vec<TallyValue>)) -> TallyRow {
    TallyRow {
        key: place.0,
        bucket_idx: place.1,
        values,
    }
}

/// Counts the rows that began since the last end of a bucket; before the first one, since ever.
fn began(plan: &TallyPlan) -> TallyPlan {
    let mut since = Timestamp::UNIX_EPOCH;
    let buckets = plan.buckets.iter().map(|bucket| Span {
        start: std::mem::replace(&mut since, bucket.end),
        end: bucket.end,
    });
    TallyPlan {
        buckets: buckets.collect(),
        time: RowTime::Event,
        measures: vec![Measure::Count],
        keep: Keep::All,
        ..plan.clone()
    }
}

/// Counts the rows that ended, in the buckets of [`began`].
fn ended(plan: &TallyPlan, standing: Standing) -> TallyPlan {
    TallyPlan {
        time: RowTime::EndOf(standing.until),
        ..began(plan)
    }
}

/// How many rows stand at the end of each bucket, by group.
struct Stands {
    counts: BTreeMap<Vec<Option<String>>, Vec<u64>>,
    extent: Option<(Timestamp, Timestamp)>,
    is_split: bool,
    n_buckets: usize,
}

impl Stands {
    fn new(plan: &TallyPlan, began: Tallies, ended: Tallies) -> Self {
        let n_buckets = plan.buckets.len();
        let mut moves: BTreeMap<Vec<Option<String>>, Vec<i64>> = BTreeMap::new();
        if plan.group.is_empty() {
            moves.insert(Vec::new(), vec![0; n_buckets]);
        }
        for (rows, sign) in [(&began.rows, 1), (&ended.rows, -1)] {
            for row in rows {
                let Some(TallyValue::Count(n)) = row.values.first() else {
                    continue;
                };
                let line = moves.entry(row.key.clone());
                let line = line.or_insert_with(|| vec![0; n_buckets]);
                line[row.bucket_idx] += sign * i64::try_from(*n).unwrap_or(i64::MAX);
            }
        }
        let counts = moves.into_iter().map(|(key, moves)| {
            let mut standing = 0;
            let line = moves.into_iter().map(|step| {
                standing += step;
                // Nothing ends that has not begun: `RowTime::EndOf` sees to it.
                u64::try_from(standing).unwrap_or(0)
            });
            (key, line.collect())
        });
        let ends = [began.extent, ended.extent].into_iter().flatten();
        Self {
            counts: counts.collect(),
            extent: ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))),
            is_split: !plan.group.is_empty(),
            n_buckets,
        }
    }

    /// Returns the counts as the values of all cells.
    fn alone(self) -> Tallies {
        let rows = self.counts.into_iter().flat_map(|(key, counts)| {
            let cells = counts.into_iter().enumerate();
            cells.map(move |(bucket_idx, n)| {
                row(((key.clone(), bucket_idx), vec![TallyValue::Count(n)]))
            })
        });
        Tallies {
            rows: rows.collect(),
            extent: self.extent,
            ..Tallies::default()
        }
    }

    /// Puts the counts before the values of other cells: those of the groups that have any, and of
    /// the whole.
    fn beside(self, tallies: Tallies) -> Tallies {
        let mut cells: BTreeMap<Place, Vec<TallyValue>> = BTreeMap::new();
        let mut keys: BTreeSet<Vec<Option<String>>> = BTreeSet::new();
        if !self.is_split {
            keys.insert(Vec::new());
        }
        keys.extend(tallies.rows.iter().map(|row| row.key.clone()));
        for key in keys {
            let counts = self.counts.get(&key);
            for bucket_idx in 0..self.n_buckets {
                let n = counts.map_or(0, |line| line[bucket_idx]);
                cells.insert((key.clone(), bucket_idx), vec![TallyValue::Count(n)]);
            }
        }
        for row in tallies.rows {
            let cell = cells.entry((row.key, row.bucket_idx)).or_default();
            cell.extend(row.values);
        }
        Tallies {
            rows: cells.into_iter().map(row).collect(),
            ..tallies
        }
    }
}
