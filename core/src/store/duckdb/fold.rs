//! Tallies whose parts add up: many plans about the same rows are one question about the pieces
//! that their buckets have in common, and each plan's cells are put together from those.
//!
//! The engine counts rows that are alike in all that matters to a measure, and no more: the
//! measures themselves are added up from those few counts. At ten million rows that takes half the
//! time of an aggregate with a filter for each measure.
//!
//! Counts and histograms add up. Of persons only as much is asked as decides whether they are
//! enough: at least as many as fall on different bits, at most as many as there are rows. Where
//! that leaves it open, the plan is answered by name.

mod cell;

use std::collections::BTreeMap;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array as _, BooleanArray, Int64Array, RecordBatch, StringArray};
use duckdb::{Connection, params_from_iter};
use jiff::Timestamp;

use self::cell::{Piece, Test};
use super::person::person_columns;
use super::question::{Question, Writing};
use super::rollup::{Rollup, Source};
use super::table::DimensionSpec;
use crate::plan::{Dimension, Filter, Keep, Measure, Path, Span, Tallies, TallyPlan};
use crate::record::door::BUCKET_TIME;
use crate::store::StoreError;

/// Most pieces of one question; plans that have more together are asked one by one.
const PIECES_MAX: usize = 4_000;

/// Plans that differ in their buckets alone, and in whether they are split.
pub(super) struct Folded<'a> {
    /// Positions among the plans asked.
    pub(super) positions: Vec<usize>,
    plans: Vec<&'a TallyPlan>,
    /// The question about their pieces.
    pieces: TallyPlan,
}

/// What has to be alike in rows that are counted together.
struct Likeness {
    has_score: bool,
    flags: Vec<Filter>,
    has_persons: bool,
    /// How it is known whether they count, by measure.
    tests: Vec<Test>,
}

impl Likeness {
    fn new(measures: &[Measure]) -> Self {
        let mut likeness = Self {
            has_score: measures
                .iter()
                .any(|one| matches!(one, Measure::Histogram(_))),
            flags: Vec::new(),
            has_persons: measures
                .iter()
                .any(|one| matches!(one, Measure::PersonsToward { .. })),
            tests: Vec::new(),
        };
        likeness.tests = measures.iter().map(|one| likeness.test(one)).collect();
        likeness
    }

    fn test(&mut self, measure: &Measure) -> Test {
        let among = match measure {
            Measure::CountIf(filter) | Measure::PersonsToward { among: filter, .. } => filter,
            _ => return Test::Every,
        };
        if self.has_score && cell::is_of_score(among) {
            return Test::Score(among.clone());
        }
        let known = self.flags.iter().position(|flag| flag == among);
        Test::Flag(known.unwrap_or_else(|| {
            self.flags.push(among.clone());
            self.flags.len() - 1
        }))
    }
}

/// Whether the parts of a plan's cells add up.
pub(super) fn is_foldable(plan: &TallyPlan) -> bool {
    let adds_up = |measure: &Measure| match measure {
        Measure::Count | Measure::CountIf(_) | Measure::PersonsToward { .. } => true,
        Measure::Histogram(column) => *column == "score",
        _ => false,
    };
    plan.keep == Keep::All && plan.measures.iter().all(adds_up)
}

/// Puts plans together that can be one question, in the order of their first.
pub(super) fn folded<'a>(plans: impl Iterator<Item = (usize, &'a TallyPlan)>) -> Vec<Folded<'a>> {
    let mut all: Vec<Folded<'a>> = Vec::new();
    for (position, plan) in plans {
        let joined = all
            .iter_mut()
            .find_map(|one| one.with(plan).map(|pieces| (one, pieces)));
        match joined {
            Some((one, pieces)) => {
                one.pieces.buckets = pieces;
                one.pieces.group = one.group_with(plan).unwrap_or_default();
                one.positions.push(position);
                one.plans.push(plan);
            }
            None => all.push(Folded {
                positions: vec![position],
                plans: vec![plan],
                pieces: plan.clone(),
            }),
        }
    }
    all
}

/// Returns the pieces that the edges of all buckets cut them into.
fn pieces<'a>(buckets: impl Iterator<Item = &'a Span> + Clone) -> Vec<Span> {
    let edges = buckets.clone().flat_map(|span| [span.start, span.end]);
    let mut edges: Vec<Timestamp> = edges.collect();
    edges.sort_unstable();
    edges.dedup();
    // How many buckets begin less how many end at each edge: a piece behind it is in some bucket
    // while more have begun.
    let mut steps: BTreeMap<Timestamp, i64> = BTreeMap::new();
    for span in buckets {
        *steps.entry(span.start).or_default() += 1;
        *steps.entry(span.end).or_default() -= 1;
    }
    let mut n_open = 0;
    let mut pieces = Vec::new();
    for pair in edges.windows(2) {
        n_open += steps.get(&pair[0]).copied().unwrap_or_default();
        if n_open > 0 {
            pieces.push(Span {
                start: pair[0],
                end: pair[1],
            });
        }
    }
    pieces
}

impl<'a> Folded<'a> {
    /// Returns the pieces with those of another plan, where that asks the same.
    fn with(&self, plan: &TallyPlan) -> Option<Vec<Span>> {
        let first = self.plans.first()?;
        let is_same = plan.kind == first.kind
            && plan.filter == first.filter
            && plan.time == first.time
            && plan.measures == first.measures
            && plan.as_of == first.as_of
            && plan.present == first.present
            && plan.clock == first.clock;
        if !is_same {
            return None;
        }
        self.group_with(plan)?;
        let together = pieces(self.pieces.buckets.iter().chain(&plan.buckets));
        (together.len() <= PIECES_MAX).then_some(together)
    }

    /// Returns the split that answers both: what is split adds up to what is not, where each row is
    /// in one group.
    fn group_with(&self, plan: &TallyPlan) -> Option<Vec<Dimension>> {
        let (one, other) = (&self.pieces.group, &plan.group);
        let (few, many) = match one.len() <= other.len() {
            true => (one, other),
            false => (other, one),
        };
        let adds_up = few.is_empty() && !many.contains(&Dimension::Tag);
        (few == many || adds_up).then(|| many.clone())
    }

    /// Answers the plans, in their order; `None` for one that is left open.
    pub(super) fn answer(
        &self,
        connection: &Connection,
        rollup: Option<&Rollup>,
        dimensions: &[DimensionSpec],
    ) -> duckdb::Result<Result<Vec<Option<Tallies>>, StoreError>> {
        // What is noted of tallies and what is read of them must be of one state of the data.
        let transaction = connection.unchecked_transaction()?;
        let tallied = match rollup.filter(|rollup| rollup.tells_plan(&self.pieces)) {
            Some(rollup) => rollup.source_of(&transaction, &self.pieces.buckets)?,
            None => None,
        };
        let likeness = Likeness::new(&self.pieces.measures);
        let question = match self.question(&likeness, tallied.as_ref(), dimensions) {
            Ok(question) => question,
            Err(error) => return Ok(Err(error)),
        };
        let places = match &tallied {
            Some(source) if source.is_of_months => Places::Instants,
            _ => Places::Pieces,
        };
        let path = tallied.map_or(Path::Rows, |source| Path::RollUp {
            n_days_of_rows: source.n_days_of_rows,
        });
        let found = self.found(&transaction, &likeness, &question, places)?;
        let put_together = |plan: &&TallyPlan| {
            cell::put_together(plan, &likeness.tests, &self.pieces.buckets, &found, path)
        };
        Ok(Ok(self.plans.iter().map(put_together).collect()))
    }

    /// Writes the question: how many rows are alike in group, piece, score and flags.
    fn question(
        &self,
        likeness: &Likeness,
        tallied: Option<&Source>,
        dimensions: &[DimensionSpec],
    ) -> Result<Question, StoreError> {
        let plan = &self.pieces;
        let mut writing = Writing::new(plan.kind, dimensions);
        writing.begin(plan);
        let at = writing.time(plan.time)?;
        let mut columns = String::new();
        for flag in &likeness.flags {
            columns.push_str(&format!(", coalesce({}, false)", writing.condition(flag)?));
        }
        if likeness.has_score {
            columns.push_str(&format!(", {}", writing.number("score")?));
        }
        let (first, last, n) = match tallied {
            Some(_) => ("r.first_at", "r.last_at", "sum(r.n)"),
            None => (at.as_str(), at.as_str(), "count(*)"),
        };
        columns.push_str(&format!(
            ", epoch_us(min({first})), epoch_us(max({last})), {n}::UBIGINT"
        ));
        if likeness.has_persons {
            let [alone, bits, named] = match tallied {
                Some(_) => ["r.n_alone", "r.person_bits", "r.n_persons"].map(str::to_owned),
                None => person_columns(&writing.person()),
            };
            columns.push_str(&format!(
                ", sum({alone})::UBIGINT, bit_or({bits}), sum({named})::UBIGINT"
            ));
        }
        let rows = tallied.map(|source| source.sql.as_str());
        let (rows, key_names, place) = match tallied {
            // Each month says where it begins: looking its bucket up would take a join.
            Some(source) if source.is_of_months => {
                let (rows, key_names) = writing.placed_from(&in_one_bucket(plan), rows)?;
                (rows, key_names, format!("epoch_us(r.{BUCKET_TIME})"))
            }
            _ => {
                let (rows, key_names) = writing.placed_from(plan, rows)?;
                (rows, key_names, "bucket_at".to_owned())
            }
        };
        Ok(writing.finish(format!(
            "SELECT {place}{key_names}{columns} FROM ({rows}) r GROUP BY ALL"
        )))
    }

    fn found(
        &self,
        connection: &Connection,
        likeness: &Likeness,
        question: &Question,
        places: Places,
    ) -> duckdb::Result<Vec<Piece>> {
        let mut statement = connection.prepare_cached(&question.sql)?;
        let mut found = Vec::new();
        for batch in statement.query_arrow(params_from_iter(question.values.iter()))? {
            self.take(likeness, &batch, places, &mut found);
        }
        Ok(found)
    }

    /// Returns the position of the piece that a place is in; of none, one behind the last.
    fn piece_at(&self, place: i64, is: Places) -> usize {
        match is {
            Places::Pieces => usize::try_from(place).unwrap_or(usize::MAX),
            Places::Instants => {
                let pieces = &self.pieces.buckets;
                let after = pieces.partition_point(|piece| piece.start.as_microsecond() <= place);
                after.checked_sub(1).unwrap_or(pieces.len())
            }
        }
    }

    /// Reads the columns in the order that the question names them. By column, as reading value by
    /// value took longer than the engine's own work.
    fn take(&self, likeness: &Likeness, batch: &RecordBatch, is: Places, found: &mut Vec<Piece>) {
        let n_keys = self.pieces.group.len();
        let places = batch.column(0).as_primitive::<Int64Type>();
        let keys = (1..=n_keys).map(|idx| batch.column(idx).as_string::<i32>());
        let keys: Vec<&StringArray> = keys.collect();
        let mut column = n_keys;
        let mut next = || {
            column += 1;
            batch.column(column)
        };
        let flags = likeness.flags.iter().map(|_| next().as_boolean());
        let flags: Vec<&BooleanArray> = flags.collect();
        let scores = likeness
            .has_score
            .then(|| next().as_primitive::<Float64Type>());
        let (first, last) = (
            next().as_primitive::<Int64Type>(),
            next().as_primitive::<Int64Type>(),
        );
        let mut counts = || next().as_primitive::<UInt64Type>();
        let n = counts();
        let persons = likeness.has_persons.then(|| [counts(), counts(), counts()]);
        let text =
            |texts: &&StringArray, row| texts.is_valid(row).then(|| texts.value(row).to_owned());
        let at = |times: &Int64Array, row| {
            let us = times.is_valid(row).then(|| times.value(row))?;
            Timestamp::from_microsecond(us).ok()
        };
        for row in 0..batch.num_rows() {
            let [n_alone, person_bits, n_named] =
                persons.map_or([0; 3], |persons| persons.map(|counts| counts.value(row)));
            found.push(Piece {
                idx: self.piece_at(places.value(row), is),
                key: keys.iter().map(|texts| text(texts, row)).collect(),
                flags: flags.iter().map(|flags| flags.value(row)).collect(),
                score: scores
                    .filter(|scores| scores.is_valid(row))
                    .map(|scores| scores.value(row)),
                extent: at(first, row).zip(at(last, row)),
                n: n.value(row),
                n_alone,
                person_bits,
                n_named,
            });
        }
    }
}

/// How a question says where rows are.
#[derive(Debug, Clone, Copy)]
enum Places {
    /// By the position of their piece.
    Pieces,
    /// By an instant in it.
    Instants,
}

/// Returns the plan with all its time as one bucket.
fn in_one_bucket(plan: &TallyPlan) -> TallyPlan {
    let ends = plan.buckets.first().zip(plan.buckets.last());
    TallyPlan {
        buckets: (ends.into_iter())
            .map(|(first, last)| Span {
                start: first.start,
                end: last.end,
            })
            .collect(),
        ..plan.clone()
    }
}

/// Returns the plan with persons counted by name.
pub(super) fn by_name(plan: &TallyPlan) -> TallyPlan {
    let mut plan = plan.clone();
    for measure in &mut plan.measures {
        if let Measure::PersonsToward { among, .. } = measure {
            *measure = Measure::PersonsIf(among.clone());
        }
    }
    plan
}
