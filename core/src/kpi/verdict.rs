//! What the complete buckets of an answer say together: where it goes, and where it moved.
//!
//! Weeks and months only: days follow each other too closely, and quarters are too few. What is
//! hidden is a gap here as well.

use std::ops::Range;

use jiff::Timestamp;

use super::civil::Calendar;
use super::formula::{Formula, Measured};
use super::history::History;
use super::{Answer, Grain, Kpi, Point, Score, Settings, Unit};
use crate::plan::{SheetColumn, SheetPlan, Span, Tally, TallyError, TallyValue};
use crate::record::RecordKind;
use crate::series::{self, Answers, Context, Difference, Event, Season};
use crate::statistic::mean;

/// Most events that are looked through for those near a shift.
const EVENTS_MAX: usize = 2_000;

/// What a series says in words, and the figures behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Where it goes, how steeply and how surely.
    pub trend: series::Trend,
    /// What a bucket is called in words.
    pub bucket: &'static str,
    /// Where it moved to another level, in time order; nowhere where it rises or falls steadily.
    pub moves: Vec<LevelMove>,
    /// Whether it rises or falls steadily: a straight line fits better than levels between moves.
    pub is_steady: bool,
    /// All of it in one sentence.
    pub text: String,
    /// What is usual and what comes next; `None` of a part of the history.
    pub history: Option<History>,
}

/// A move to another level.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelMove {
    /// First instant of the first bucket of the new level.
    pub start: Timestamp,
    /// Label of that bucket.
    pub label: String,
    /// Level before, in units of the KPI.
    pub before: f64,
    /// New level minus old.
    pub size: f64,
    /// Two-sided p of the pooled rows; `None` where no test is defined.
    pub p: Option<f64>,
    /// Whether the pooled rows differ at 99 %; else it is only possible.
    pub is_confirmed: bool,
    /// What happened around it, nearest first.
    pub events: Vec<String>,
}

/// The rows behind the buckets of an unsplit answer.
pub(super) struct Behind<'a> {
    formula: &'a dyn Formula,
    values: &'a [Vec<TallyValue>],
}

/// Returns what the series of an answer says, as known now or at `known`; `None` where it is not
/// asked of it: a split, another grain, windows that overlap, or a KPI that is no series. Of the
/// whole history, by its calendar, also what is usual and what comes next.
///
/// # Errors
/// When the events near a move cannot be read.
pub(super) fn of(
    answer: &Answer,
    behind: Option<&Behind<'_>>,
    settings: &Settings,
    rows: &dyn Tally,
    known: Option<Timestamp>,
    whole_by: Option<&Calendar>,
) -> Result<Option<Verdict>, TallyError> {
    let bucket = match answer.grain {
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Day | Grain::Quarter => return Ok(None),
    };
    let [only] = &answer.series[..] else {
        return Ok(None);
    };
    if only.key.is_some() || answer.rolling.is_some() || answer.tables.is_some() {
        return Ok(None);
    }
    let shown = complete(&only.points);
    let Some(points) = only
        .points
        .get(shown.clone())
        .filter(|points| !points.is_empty())
    else {
        return Ok(None);
    };
    let track: Vec<series::Point> = points.iter().map(|point| seen(point, answer.kpi)).collect();
    let context = context(answer, bucket, settings);
    let pooled = |before: Range<usize>, after: Range<usize>| {
        let behind = behind?;
        let pool = |part: Range<usize>| behind.pooled(points, shown.start, part);
        let found = behind.formula.difference(&pool(after)?, &pool(before)?)?;
        Some(Difference {
            value: found.value,
            p: found.p,
        })
    };
    let mut found = series::course(&track, &context, &pooled, &[]);
    if found.is_steady {
        found.shifts.clear();
    }
    let mut near = Vec::new();
    if !found.shifts.is_empty() {
        near = events(points, rows, known)?;
        found = series::course(&track, &context, &pooled, &near);
    }
    let mut history = None;
    if let Some(calendar) = whole_by {
        let reading = series::read(&track, &context, &pooled, &near);
        found.text.clone_from(&reading.course.text);
        history = Some(History::new(points, reading, answer.grain, calendar));
    }
    let mut level_start = 0;
    let moves = found.shifts.into_iter().filter_map(|shift| {
        let point = points.get(shift.position)?;
        let before = mean_of(points.get(level_start..=shift.last_before)?)?;
        level_start = shift.position;
        Some(LevelMove {
            start: point.start,
            label: point.label.clone(),
            before: before + 0.0,
            size: shift.size + 0.0,
            p: shift.p,
            is_confirmed: shift.is_confirmed,
            events: shift.events,
        })
    });
    Ok(Some(Verdict {
        trend: found.trend,
        bucket,
        moves: moves.collect(),
        is_steady: found.is_steady,
        text: found.text,
        history,
    }))
}

impl Verdict {
    /// Whether a season may be taken for a trend, as too few years are known.
    #[must_use]
    pub fn may_be_season(&self) -> bool {
        self.trend.season == Season::NotAssessable
    }
}

/// Returns the mean of the scores that are shown.
fn mean_of(points: &[Point]) -> Option<f64> {
    let scores: Vec<f64> = points
        .iter()
        .filter_map(|point| point.score.value)
        .collect();
    mean(&scores)
}

/// Returns the buckets from the first complete one to the last.
fn complete(points: &[Point]) -> Range<usize> {
    let first = points.iter().position(|point| point.is_complete);
    let last = points.iter().rposition(|point| point.is_complete);
    match first.zip(last) {
        Some((first, last)) => first..last + 1,
        None => 0..0,
    }
}

fn context(answer: &Answer, bucket: &str, settings: &Settings) -> Context {
    let (relevant_change, unit) = match answer.kpi.unit {
        Unit::Points => (settings.relevant_points, "points"),
        Unit::Percent => (settings.relevant_percent, "points"),
        Unit::Seconds => (0.0, "seconds"),
        Unit::Score | Unit::Money | Unit::Count => (0.0, ""),
    };
    Context {
        period: (answer.grain == Grain::Month).then_some(12),
        relevant_change,
        range: answer.kpi.range,
        bucket: bucket.to_owned(),
        unit: unit.to_owned(),
        ..Context::default()
    }
}

/// Returns a bucket as the analysis of series sees it.
fn seen(point: &Point, kpi: &Kpi) -> series::Point {
    let score = &point.score;
    let value = score.value.filter(|_| point.is_complete);
    let n = score.n.unwrap_or(0);
    series::Point {
        label: point.label.clone(),
        value,
        // A plain count is what it is, however small.
        n: if kpi.unit == Unit::Count {
            n.max(series::ANSWERS_MIN)
        } else {
            n
        },
        answers: answers(score, kpi, n),
    }
}

/// Returns what is known of the answers behind a score.
fn answers(score: &Score, kpi: &Kpi, n: u64) -> Answers {
    let count = |name: &str| {
        let found = score.counts.iter().find(|(known, _)| *known == name);
        found.map(|(_, count)| *count)
    };
    match (kpi.unit, score.value) {
        (Unit::Points, Some(_)) => match count("promoters").zip(count("detractors")) {
            Some((plus, minus)) => Answers::Classes { plus, minus },
            None => Answers::Counted,
        },
        (Unit::Percent, Some(value)) if (0.0..=100.0).contains(&value) => {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count is a count"
            )]
            let hits = (value / 100.0 * n as f64).round() as u64;
            Answers::Share { hits }
        }
        _ => Answers::Counted,
    }
}

impl<'a> Behind<'a> {
    /// Takes the numbers of each bucket, empty of one without rows.
    pub(super) fn new(formula: &'a dyn Formula, values: &'a [Vec<TallyValue>]) -> Self {
        Self { formula, values }
    }

    /// Pools the rows of some complete buckets that are shown; `None` where they do not add up.
    fn pooled(&self, points: &[Point], first: usize, part: Range<usize>) -> Option<Measured> {
        let mut sum: Option<Vec<TallyValue>> = None;
        for position in part {
            let point = points.get(position)?;
            let values = self.values.get(first + position)?;
            if point.score.value.is_none() || values.is_empty() {
                continue;
            }
            sum = Some(match sum {
                None => values.clone(),
                Some(sum) => added(&sum, values)?,
            });
        }
        Some(self.formula.measured(&sum?))
    }
}

/// Adds the numbers of rows that are in one bucket only; `None` of numbers that do not add up.
pub(super) fn added(one: &[TallyValue], other: &[TallyValue]) -> Option<Vec<TallyValue>> {
    if one.len() != other.len() {
        return None;
    }
    let sum = |(one, other): (&TallyValue, &TallyValue)| match (one, other) {
        (TallyValue::Count(one), TallyValue::Count(other)) => Some(TallyValue::Count(one + other)),
        (TallyValue::Histogram(one), TallyValue::Histogram(other)) => {
            let mut bars = one.clone();
            for (score, n) in other {
                match bars.iter_mut().find(|(known, _)| known == score) {
                    Some((_, known)) => *known += n,
                    None => bars.push((*score, *n)),
                }
            }
            bars.sort_by(|a, b| a.0.total_cmp(&b.0));
            Some(TallyValue::Histogram(bars))
        }
        _ => None,
    };
    one.iter().zip(other).map(sum).collect()
}

/// Returns what happened while the buckets lasted.
fn events(
    points: &[Point],
    rows: &dyn Tally,
    known: Option<Timestamp>,
) -> Result<Vec<Event>, TallyError> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Ok(Vec::new());
    };
    let sheet = rows.sheet(&SheetPlan {
        kind: RecordKind::Event,
        filter: crate::plan::Filter::All,
        span: Span {
            start: first.start,
            end: last.end,
        },
        columns: vec![SheetColumn::EventTime, SheetColumn::Text("label")],
        as_of: known,
        rows_max: EVENTS_MAX,
    })?;
    let event = |(row, at_us): (usize, &i64)| {
        let at = Timestamp::from_microsecond(*at_us).ok()?;
        let after = points.partition_point(|point| point.start <= at);
        Some(Event {
            position: after.checked_sub(1)?,
            name: sheet.text(1, row)?.to_owned(),
        })
    };
    Ok(sheet
        .times(0)
        .iter()
        .enumerate()
        .filter_map(event)
        .collect())
}
