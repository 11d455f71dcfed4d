//! Tallies whose parts add up: many plans about the same rows are one question about the pieces
//! that their buckets have in common, and each plan's cells are put together from those.
//!
//! Counts and histograms add up. Of persons only as much is asked as decides whether they are
//! enough: at least as many as fall on different bits, at most as many as there are rows. Where
//! that leaves it open, the plan is answered by name.

use std::collections::BTreeMap;

use duckdb::types::Value;
use duckdb::{Connection, Row, params_from_iter};
use jiff::Timestamp;

use super::answer::{Extent, count, histogram, widen};
use super::question::{Question, Writing};
use super::rollup::{Rollup, Source};
use super::state::instant;
use super::table::DimensionSpec;
use crate::plan::{Keep, Measure, Path, Span, Tallies, TallyPlan, TallyRow, TallyValue};
use crate::store::StoreError;

/// Most pieces of one question; plans that have more together are asked one by one.
const PIECES_MAX: usize = 4_000;

/// Bits that persons fall on.
pub(super) const PERSON_BITS: u32 = 60;

/// Plans that differ in their buckets alone.
pub(super) struct Folded<'a> {
    /// Positions among the plans asked.
    pub(super) positions: Vec<usize>,
    plans: Vec<&'a TallyPlan>,
    /// The question about their pieces.
    pieces: TallyPlan,
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

/// What a piece adds to a cell.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Count(u64),
    Persons { alone: u64, bits: u64, named: u64 },
    Bars(BTreeMap<u64, (f64, u64)>),
}

impl Part {
    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Count(n), Self::Count(more)) => *n += more,
            (
                Self::Persons { alone, bits, named },
                Self::Persons {
                    alone: more_alone,
                    bits: more_bits,
                    named: more_named,
                },
            ) => {
                *alone += more_alone;
                *bits |= more_bits;
                *named += more_named;
            }
            (Self::Bars(bars), Self::Bars(more)) => {
                for (key, (score, n)) in more {
                    bars.entry(*key).or_insert((*score, 0)).1 += n;
                }
            }
            // Parts of one measure are alike.
            _ => {}
        }
    }

    /// Returns the value of a cell; `None` where it is open whether persons are enough.
    fn value(self, measure: &Measure) -> Option<TallyValue> {
        Some(match self {
            Self::Count(n) => TallyValue::Count(n),
            Self::Persons { alone, bits, named } => {
                let Measure::PersonsToward { enough, .. } = measure else {
                    return None;
                };
                let (least, most) = (alone + u64::from(bits.count_ones()), alone + named);
                match (least >= *enough, most < *enough) {
                    (true, _) => TallyValue::Count(least),
                    (_, true) => TallyValue::Count(most),
                    _ if least == most => TallyValue::Count(least),
                    _ => return None,
                }
            }
            Self::Bars(bars) => {
                let mut bars: Vec<(f64, u64)> = bars.into_values().collect();
                bars.sort_by(|a, b| a.0.total_cmp(&b.0));
                TallyValue::Histogram(bars)
            }
        })
    }
}

/// One group in one piece.
struct Piece {
    idx: usize,
    key: Vec<Option<String>>,
    extent: Extent,
    parts: Vec<Part>,
}

impl<'a> Folded<'a> {
    /// Returns the pieces with those of another plan, where that asks the same.
    fn with(&self, plan: &TallyPlan) -> Option<Vec<Span>> {
        let first = self.plans.first()?;
        let is_same = plan.kind == first.kind
            && plan.filter == first.filter
            && plan.time == first.time
            && plan.group == first.group
            && plan.measures == first.measures
            && plan.as_of == first.as_of
            && plan.present == first.present
            && plan.clock == first.clock;
        if !is_same {
            return None;
        }
        let together = pieces(self.pieces.buckets.iter().chain(&plan.buckets));
        (together.len() <= PIECES_MAX).then_some(together)
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
        let question = match self.question(tallied.as_ref(), dimensions) {
            Ok(question) => question,
            Err(error) => return Ok(Err(error)),
        };
        let path = tallied.map_or(Path::Rows, |source| Path::RollUp {
            n_days_of_rows: source.n_days_of_rows,
        });
        let found = self.found(&transaction, &question)?;
        let put_together =
            |plan: &&TallyPlan| put_together(plan, &self.pieces.buckets, &found, path);
        Ok(Ok(self.plans.iter().map(put_together).collect()))
    }

    /// Writes the question: of answers with a histogram in two steps, to those of each score, then
    /// to groups and pieces.
    fn question(
        &self,
        tallied: Option<&Source>,
        dimensions: &[DimensionSpec],
    ) -> Result<Question, StoreError> {
        let plan = &self.pieces;
        let mut writing = Writing::new(plan.kind, dimensions);
        writing.begin(plan);
        let at = writing.time(plan.time)?;
        let has_bars = (plan.measures.iter()).any(|one| matches!(one, Measure::Histogram(_)));
        let (mut parts, mut sums) = (String::new(), String::new());
        for (idx, measure) in plan.measures.iter().enumerate() {
            let step = step(&mut writing, idx, measure, tallied.is_some())?;
            parts.push_str(&step.part);
            sums.push_str(&step.sum);
        }
        let rows = tallied.map(|source| source.sql.as_str());
        let (rows, key_names) = writing.placed_from(plan, rows)?;
        let (first, last) = match tallied {
            Some(_) => ("r.first_at", "r.last_at"),
            None => (at.as_str(), at.as_str()),
        };
        let by_score = if has_bars { ", r.score" } else { "" };
        let cells = format!(
            "SELECT bucket_at{key_names}{by_score}, min({first}) AS first_at, \
             max({last}) AS last_at{parts} FROM ({rows}) r GROUP BY bucket_at{key_names}{by_score}"
        );
        Ok(writing.finish(format!(
            "SELECT bucket_at{key_names}, epoch_us(min(first_at)), epoch_us(max(last_at)){sums} \
             FROM ({cells}) GROUP BY bucket_at{key_names}"
        )))
    }

    fn found(&self, connection: &Connection, question: &Question) -> duckdb::Result<Vec<Piece>> {
        let n_keys = self.pieces.group.len();
        let mut statement = connection.prepare_cached(&question.sql)?;
        let mut rows = statement.query(params_from_iter(question.values.iter()))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let bucket_idx: i64 = row.get(0)?;
            let key = (1..=n_keys).map(|idx| row.get(idx));
            found.push(Piece {
                idx: usize::try_from(bucket_idx).unwrap_or(usize::MAX),
                key: key.collect::<duckdb::Result<_>>()?,
                extent: instant(row, n_keys + 1)?.zip(instant(row, n_keys + 2)?),
                parts: self.parts(row, n_keys + 3)?,
            });
        }
        Ok(found)
    }

    fn parts(&self, row: &Row<'_>, mut column: usize) -> duckdb::Result<Vec<Part>> {
        let mut next = || {
            column += 1;
            row.get::<_, Value>(column - 1)
        };
        let part = |measure: &Measure| {
            Ok(match measure {
                Measure::PersonsToward { .. } => Part::Persons {
                    alone: count(&next()?),
                    bits: count(&next()?),
                    named: count(&next()?),
                },
                Measure::Histogram(_) => {
                    let bars = histogram(&next()?).into_iter();
                    Part::Bars(
                        bars.map(|(score, n)| (score.to_bits(), (score, n)))
                            .collect(),
                    )
                }
                _ => Part::Count(count(&next()?)),
            })
        };
        self.pieces.measures.iter().map(part).collect()
    }
}

/// The group and bucket of a cell.
type Place<'a> = (&'a [Option<String>], usize);

/// Puts the cells of a plan together; `None` when one of them is left open.
fn put_together(plan: &TallyPlan, pieces: &[Span], found: &[Piece], path: Path) -> Option<Tallies> {
    let mut cells = BTreeMap::<Place<'_>, (Extent, Vec<Part>)>::new();
    for piece in found {
        let span = pieces.get(piece.idx)?;
        let after = plan
            .buckets
            .partition_point(|bucket| bucket.start <= span.start);
        let Some(bucket_idx) = after.checked_sub(1) else {
            continue;
        };
        if plan.buckets[bucket_idx].end < span.end {
            continue;
        }
        match cells.entry((&piece.key, bucket_idx)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert((piece.extent, piece.parts.clone()));
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let (extent, parts) = place.get_mut();
                widen(extent, piece.extent);
                for (part, more) in parts.iter_mut().zip(&piece.parts) {
                    part.add(more);
                }
            }
        }
    }
    let mut tallies = Tallies {
        path,
        ..Tallies::default()
    };
    for ((key, bucket_idx), (extent, parts)) in cells {
        widen(&mut tallies.extent, extent);
        let values = parts.into_iter().zip(&plan.measures);
        tallies.rows.push(TallyRow {
            bucket_idx,
            key: key.to_vec(),
            values: values
                .map(|(part, measure)| part.value(measure))
                .collect::<Option<_>>()?,
        });
    }
    Some(tallies)
}

/// A measure's columns in the cells of each score, and what makes numbers of them.
struct Step {
    part: String,
    sum: String,
}

fn step(
    writing: &mut Writing<'_>,
    idx: usize,
    measure: &Measure,
    is_tallied: bool,
) -> Result<Step, StoreError> {
    let among = match measure {
        Measure::CountIf(filter) | Measure::PersonsToward { among: filter, .. } => {
            format!(" FILTER (WHERE {})", writing.condition(filter)?)
        }
        _ => String::new(),
    };
    let n = match is_tallied {
        true => format!("sum(r.n){among}"),
        false => format!("count(*){among}"),
    };
    Ok(match measure {
        Measure::PersonsToward { .. } => {
            let [alone, bits, named] = match is_tallied {
                true => ["r.n_alone", "r.person_bits", "r.n_persons"].map(str::to_owned),
                false => person_columns(&writing.person()),
            };
            Step {
                part: format!(
                    ", sum({alone}){among} AS alone_{idx}, bit_or({bits}){among} AS bits_{idx}, \
                     sum({named}){among} AS named_{idx}"
                ),
                sum: format!(", sum(alone_{idx}), bit_or(bits_{idx}), sum(named_{idx})"),
            }
        }
        Measure::Histogram(_) => Step {
            part: format!(", {n} AS n_{idx}"),
            sum: format!(
                ", map_from_entries(list(struct_pack(score := score, n := n_{idx})) \
                 FILTER (WHERE score IS NOT NULL))"
            ),
        },
        _ => Step {
            part: format!(", {n} AS n_{idx}"),
            sum: format!(", sum(n_{idx})"),
        },
    })
}

/// Returns, for a row: 1 where it stands alone, the bit of its person, 1 where it has one.
pub(super) fn person_columns(person: &str) -> [String; 3] {
    [
        format!("({person} IS NULL)::UTINYINT"),
        format!(
            "(CASE WHEN {person} IS NULL THEN 0::UBIGINT \
             ELSE 1::UBIGINT << ({person} % {PERSON_BITS})::UBIGINT END)"
        ),
        format!("({person} IS NOT NULL)::UTINYINT"),
    ]
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
