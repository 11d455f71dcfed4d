//! Puts the cells of plans together from the counts of rows that are alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::plan::{Filter, Measure, Path, Span, Tallies, TallyPlan, TallyRow, TallyValue};
use crate::store::duckdb::answer::{Extent, widen};

/// Rows of one group in one piece that are alike in all that matters to the measures.
pub(super) struct Piece {
    /// Position among the pieces.
    pub(super) idx: usize,
    pub(super) key: Vec<Option<String>>,
    pub(super) flags: Vec<bool>,
    pub(super) score: Option<f64>,
    pub(super) extent: Extent,
    /// Rows.
    pub(super) n: u64,
    /// Rows without a person.
    pub(super) n_alone: u64,
    /// A bit for each person, which some share.
    pub(super) person_bits: u64,
    /// Rows with a person.
    pub(super) n_named: u64,
}

/// How it is known whether rows count in a measure.
pub(super) enum Test {
    /// They do.
    Every,
    /// By their score.
    Score(Filter),
    /// By one of their flags.
    Flag(usize),
}

impl Test {
    fn passes(&self, piece: &Piece) -> bool {
        match self {
            Self::Every => true,
            Self::Score(filter) => passes(filter, piece.score),
            Self::Flag(idx) => piece.flags.get(*idx).copied().unwrap_or(false),
        }
    }
}

/// Whether a filter looks at nothing but the score.
pub(super) fn is_of_score(filter: &Filter) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(is_of_score),
        Filter::Not(inner) => is_of_score(inner),
        Filter::NumberIn { column, .. } | Filter::Present(column) => *column == "score",
        _ => false,
    }
}

/// Whether rows of a score pass a filter that looks at nothing else.
fn passes(filter: &Filter, score: Option<f64>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| passes(part, score)),
        Filter::Or(parts) => parts.iter().any(|part| passes(part, score)),
        Filter::Not(inner) => !passes(inner, score),
        Filter::NumberIn { low, high, .. } => score.is_some_and(|score| {
            low.is_none_or(|low| score >= low) && high.is_none_or(|high| score < high)
        }),
        Filter::Present(_) => score.is_some(),
        _ => true,
    }
}

/// What rows add to a measure.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Count(u64),
    Persons { alone: u64, bits: u64, named: u64 },
    Bars(BTreeMap<u64, (f64, u64)>),
}

impl Part {
    fn none(measure: &Measure) -> Self {
        match measure {
            Measure::PersonsToward { .. } => Self::Persons {
                alone: 0,
                bits: 0,
                named: 0,
            },
            Measure::Histogram(_) => Self::Bars(BTreeMap::new()),
            _ => Self::Count(0),
        }
    }

    fn add(&mut self, piece: &Piece) {
        match self {
            Self::Count(n) => *n += piece.n,
            Self::Persons { alone, bits, named } => {
                *alone += piece.n_alone;
                *bits |= piece.person_bits;
                *named += piece.n_named;
            }
            Self::Bars(bars) => {
                if let Some(score) = piece.score {
                    bars.entry(score.to_bits()).or_insert((score, 0)).1 += piece.n;
                }
            }
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

/// The group and bucket of a cell.
type Place<'a> = (&'a [Option<String>], usize);

/// Puts the cells of a plan together; `None` when one of them is left open.
pub(super) fn put_together(
    plan: &TallyPlan,
    tests: &[Test],
    pieces: &[Span],
    found: &[Piece],
    path: Path,
) -> Option<Tallies> {
    let mut cells = BTreeMap::<Place<'_>, (Extent, Vec<Part>)>::new();
    for piece in found {
        let Some(bucket_idx) = bucket_of(plan, pieces.get(piece.idx)?) else {
            continue;
        };
        let key = match plan.group.is_empty() {
            true => &[][..],
            false => &piece.key[..],
        };
        let (extent, parts) = match cells.entry((key, bucket_idx)) {
            Entry::Occupied(place) => place.into_mut(),
            Entry::Vacant(place) => {
                place.insert((None, plan.measures.iter().map(Part::none).collect()))
            }
        };
        widen(extent, piece.extent);
        for (part, test) in parts.iter_mut().zip(tests) {
            if test.passes(piece) {
                part.add(piece);
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

/// Returns the position of a plan's bucket that a piece is in.
fn bucket_of(plan: &TallyPlan, piece: &Span) -> Option<usize> {
    let after = plan
        .buckets
        .partition_point(|bucket| bucket.start <= piece.start);
    let bucket_idx = after.checked_sub(1)?;
    (piece.end <= plan.buckets[bucket_idx].end).then_some(bucket_idx)
}
