//! Runs questions and reads their results back into plain numbers.

use duckdb::types::Value;
use duckdb::{Connection, Row, params_from_iter};
use jiff::Timestamp;

use super::question::{Question, Writing};
use super::state::instant;
use super::table::DimensionSpec;
use crate::plan::{
    Filter, Measure, Order, QuestionSet, RowTime, Run, Tallies, TallyPlan, TallyRow, TallyValue,
};
use crate::record::{RecordKind, SourceName};
use crate::store::StoreError;

/// Earliest and latest event time.
pub(super) type Extent = Option<(Timestamp, Timestamp)>;

/// Runs a tally; `None` where it is open whether persons are enough.
pub(super) fn tally(
    connection: &Connection,
    plan: &TallyPlan,
    question: &Question,
) -> duckdb::Result<Option<Tallies>> {
    let n_keys = plan.group.len();
    let mut statement = connection.prepare_cached(&question.sql)?;
    let mut found = statement.query(params_from_iter(question.values.iter()))?;
    let mut tallies = Tallies::default();
    while let Some(row) = found.next()? {
        let bucket_idx: i64 = row.get(0)?;
        let key = (1..=n_keys)
            .map(|idx| row.get(idx))
            .collect::<duckdb::Result<Vec<Option<String>>>>()?;
        let values = plan
            .measures
            .iter()
            .enumerate()
            .map(|(idx, measure)| value(row, n_keys + 3 + idx, measure))
            .collect::<duckdb::Result<Option<Vec<_>>>>()?;
        let Some(values) = values else {
            return Ok(None);
        };
        widen(
            &mut tallies.extent,
            instant(row, n_keys + 1)?.zip(instant(row, n_keys + 2)?),
        );
        tallies.rows.push(TallyRow {
            bucket_idx: usize::try_from(bucket_idx).unwrap_or(usize::MAX),
            key,
            values,
        });
    }
    tallies
        .rows
        .sort_by(|a, b| (&a.key, a.bucket_idx).cmp(&(&b.key, b.bucket_idx)));
    Ok(Some(tallies))
}

pub(super) fn widen(extent: &mut Extent, more: Extent) {
    *extent = match (*extent, more) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    };
}

fn value(row: &Row<'_>, idx: usize, measure: &Measure) -> duckdb::Result<Option<TallyValue>> {
    Ok(Some(match measure {
        Measure::PersonsToward { .. } => match row.get::<_, Option<u64>>(idx)? {
            Some(n) => TallyValue::Count(n),
            None => return Ok(None),
        },
        Measure::Count
        | Measure::CountIf(_)
        | Measure::Distinct(_)
        | Measure::DistinctIf(..)
        | Measure::Persons
        | Measure::PersonsIf(_) => TallyValue::Count(count(&row.get::<_, Value>(idx)?)),
        Measure::Histogram(_) => TallyValue::Histogram(histogram(&row.get(idx)?)),
        Measure::Order(..) => TallyValue::Order(order(&row.get(idx)?)),
        Measure::Sum(_)
        | Measure::SumSquares(_)
        | Measure::Min(_)
        | Measure::Max(_)
        | Measure::Quantile(..) => TallyValue::Number(row.get(idx)?),
    }))
}

pub(super) fn count(value: &Value) -> u64 {
    match value {
        Value::BigInt(n) => u64::try_from(*n).unwrap_or(0),
        Value::HugeInt(n) => u64::try_from(*n).unwrap_or(0),
        Value::UBigInt(n) => *n,
        _ => 0,
    }
}

pub(super) fn histogram(value: &Value) -> Vec<(f64, u64)> {
    let Value::Map(entries) = value else {
        return Vec::new();
    };
    let mut bars: Vec<(f64, u64)> = entries
        .iter()
        .filter_map(|(score, n)| match score {
            Value::Double(score) => Some((*score, count(n))),
            _ => None,
        })
        .collect();
    bars.sort_by(|a, b| a.0.total_cmp(&b.0));
    bars
}

/// Reads a list of lists: the counts, then runs with their first rank in front.
fn order(value: &Value) -> Order {
    let lists: Vec<Vec<f64>> = items(value)
        .iter()
        .map(|list| items(list).iter().filter_map(number).collect())
        .collect();
    let count = |idx: usize| lists.first()?.get(idx).copied();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count or a rank, written as a number"
    )]
    let whole = |number: f64| number.max(0.0) as u64;
    let runs = lists.iter().skip(1).filter_map(|list| match &list[..] {
        [first, values @ ..] if !values.is_empty() => Some(Run {
            first: whole(*first),
            values: values.to_vec(),
        }),
        _ => None,
    });
    Order {
        n: count(0).map_or(0, whole),
        n_business: count(1).map_or(0, whole),
        runs: runs.collect(),
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        _ => &[],
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

/// Writes the question for the extent of rows under a filter.
pub(super) fn extent_question(
    kind: RecordKind,
    dimensions: &[DimensionSpec],
    filter: &Filter,
    time: RowTime,
    as_of: Option<Timestamp>,
) -> Result<Question, StoreError> {
    let mut writing = Writing::new(kind, dimensions);
    let all = writing.base(as_of);
    let at = writing.time(time)?;
    let condition = writing.condition(filter)?;
    let base = writing.with_beside(all.clone(), &all)?;
    Ok(writing.finish(format!(
        "SELECT epoch_us(min({at})), epoch_us(max({at})) FROM {base} r WHERE {condition}"
    )))
}

/// Runs an extent question.
pub(super) fn extent(connection: &Connection, question: &Question) -> duckdb::Result<Extent> {
    connection.query_row(
        &question.sql,
        params_from_iter(question.values.iter()),
        |row| Ok(instant(row, 0)?.zip(instant(row, 1)?)),
    )
}

/// The current answers, as [`question_sets`] takes them.
pub(super) const ANSWERS: &str = "(SELECT *, 1::UBIGINT AS n, bucket_time AS last_at FROM response \
     WHERE NOT superseded)";

/// Lists the questions of a metric, most answers first. Each of `rows` stands for `n` answers, the
/// last of them at `last_at`.
pub(super) fn question_sets(
    connection: &Connection,
    rows: &str,
    metric: &str,
) -> duckdb::Result<Vec<QuestionSet>> {
    let sets: Vec<Option<QuestionSet>> = connection
        .prepare(&format!(
            "SELECT source, survey, question, mode IS NOT DISTINCT FROM 'relational' AS relational, \
             scale_min, scale_max, direction IS NOT DISTINCT FROM 'lower_is_better' AS lower_better, \
             coalesce(sum(n) FILTER (WHERE score IS NOT NULL), 0)::UBIGINT AS n_answers, min(score), max(score), \
             epoch_us(max(last_at) FILTER (WHERE score IS NOT NULL)) AS last_answer \
             FROM {rows} WHERE metric = ? AND NOT coalesce(is_test, false) \
             GROUP BY ALL ORDER BY n_answers DESC, source, survey, question, relational, \
             scale_min, scale_max, lower_better",
        ))?
        .query_map([metric], |row| {
            let source: String = row.get(0)?;
            let Some(source) = SourceName::new(&source) else {
                return Ok(None);
            };
            Ok(Some(QuestionSet {
                source,
                survey: row.get(1)?,
                question: row.get(2)?,
                is_relational: row.get(3)?,
                scale_min: row.get(4)?,
                scale_max: row.get(5)?,
                is_lower_better: row.get(6)?,
                n_answers: row.get(7)?,
                score_min: row.get(8)?,
                score_max: row.get(9)?,
                last_answer: instant(row, 10)?,
            }))
        })?
        .collect::<duckdb::Result<_>>()?;
    Ok(sets.into_iter().flatten().collect())
}
