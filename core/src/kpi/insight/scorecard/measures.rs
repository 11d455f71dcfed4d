//! What is measured of everybody besides the ratings: ease, first contact, reopening, handling time
//! and reviews, each beside what the same kinds of tickets usually get.

use std::collections::BTreeMap;

use super::whom::Whom;
use crate::coach::{self, Reading, Subject, Tally};
use crate::kpi::formula::{self, Measured};
use crate::kpi::gather;
use crate::kpi::insight::case::{Asked, Case, base};
use crate::kpi::insight::rating::of_everybody;
use crate::kpi::interval::real;
use crate::kpi::{KpiError, Query};
use crate::plan::{Dimension, Filter, Keep, Measure, Span, TallyPlan, TallyValue};
use crate::record::RecordKind;
use crate::statistic::Z_95;

/// Filters that only answers know; tickets and reviews are those of all of them.
const OF_ANSWERS: [&str; 4] = ["survey", "question", "mode", "language"];
/// Fewest tickets of a kind whose median is one of an agent.
const N_TICKETS_MIN: u64 = 10;

/// Measures of everybody who is shown, by key.
#[derive(Default)]
pub(super) struct Measures {
    readings: BTreeMap<String, Vec<Reading>>,
    /// Tickets solved.
    n_tickets: BTreeMap<String, u64>,
    /// Reviews, and those of them by peers.
    n_reviews: BTreeMap<String, (u64, u64)>,
}

/// A cell of counts by whom it is of, channel and category.
type Cells = Vec<(String, [String; 2], Measured)>;

/// A cell of counts by the values of some dimensions.
type Group = (Vec<Option<String>>, Measured);

impl Measures {
    /// Asks for all of them.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub(super) fn read(case: &Case<'_>, whom: &Whom) -> Result<Self, KpiError> {
        let mut measures = Self::default();
        for (name, subject) in [
            ("ces", Subject::Ease),
            ("fcr", Subject::FirstContact),
            ("reopen_rate", Subject::Reopen),
        ] {
            if let Some(asked) = asked(case, name)? {
                measures.share(&asked, whom, subject)?;
            }
        }
        if let Some(asked) = asked(case, "resolution_time")? {
            measures.time(&asked, whom)?;
        }
        if let Some(asked) = asked(case, "quality_score")? {
            measures.quality(&asked, whom)?;
        }
        Ok(measures)
    }

    /// Returns the readings of a key.
    pub(super) fn readings(&self, key: &str) -> Vec<Reading> {
        self.readings.get(key).cloned().unwrap_or_default()
    }

    /// Returns the tickets that a key solved.
    pub(super) fn n_tickets(&self, key: &str) -> u64 {
        self.n_tickets.get(key).copied().unwrap_or_default()
    }

    /// Returns the reviews of a key, and those by peers.
    pub(super) fn n_reviews(&self, key: &str) -> (u64, u64) {
        self.n_reviews.get(key).copied().unwrap_or_default()
    }

    fn add(&mut self, key: &str, reading: Reading) {
        if Whom::is_shown(key) {
            let readings = self.readings.entry(key.to_owned()).or_default();
            readings.push(reading);
        }
    }

    /// Reads a share of answers or tickets, adjusted for the kinds of tickets.
    fn share(&mut self, asked: &Asked<'_>, whom: &Whom, subject: Subject) -> Result<(), KpiError> {
        let Some(span) = asked.frame.current.or(Some(asked.span)) else {
            return Ok(());
        };
        let cells = cells(asked, whom, span)?;
        let persons = persons(asked, whom, span)?;
        let tally = |cell: &Measured| {
            let count = |idx: usize| cell.counts.get(idx).map_or(0, |(_, count)| *count);
            let (n_positive, n_negative) = match subject.is_lower_better() {
                true => (count(1), count(0)),
                false => (count(0), count(1)),
            };
            Tally {
                n_positive,
                n_negative,
            }
        };
        let told: Vec<coach::Cell<'_>> = (cells.iter())
            .map(|(name, [channel, category], cell)| coach::Cell {
                name,
                channel,
                category,
                tally: tally(cell),
            })
            .collect();
        let found = coach::case_mix(&told);
        for peer in &found.peers {
            if persons.get(&peer.name).copied().unwrap_or_default() < asked.desk.settings.min_group
            {
                continue;
            }
            let expected = expected(&found, peer);
            let turned = |share: f64| match subject.is_lower_better() {
                true => 1.0 - share,
                false => share,
            };
            let interval = peer.headline.interval.map(|(low, high)| {
                let (low, high) = (turned(low), turned(high));
                (low.min(high), low.max(high))
            });
            let reading = Reading {
                subject,
                value: turned(peer.headline.value),
                interval,
                expected: turned(expected),
                n: peer.tally.n(),
                examples: Vec::new(),
            };
            self.add(&peer.name, reading);
        }
        Ok(())
    }

    /// Reads how long tickets took, kind by kind: nobody is slow for having the hard ones.
    fn time(&mut self, asked: &Asked<'_>, whom: &Whom) -> Result<(), KpiError> {
        let kinds = tallied(asked, asked.span, vec![CHANNEL, CATEGORY])?;
        let usual: BTreeMap<[String; 2], f64> = (kinds.into_iter())
            .filter_map(|(group, cell)| Some((kind(&group), cell.value?)))
            .collect();
        let mut sums: BTreeMap<String, Times> = BTreeMap::new();
        for (key, kind, cell) in cells(asked, whom, asked.span)? {
            if cell.n > 0 {
                *self.n_tickets.entry(key.clone()).or_default() += cell.n;
            }
            let (Some(median), Some((low, high)), Some(usual)) =
                (cell.value, cell.interval, usual.get(&kind))
            else {
                continue;
            };
            let is_enough = cell.n >= N_TICKETS_MIN;
            if is_enough && cell.n_persons >= asked.desk.settings.min_group {
                let times = sums.entry(key).or_default();
                times.add(cell.n, median, (high - low) / (2.0 * Z_95), *usual);
            }
        }
        for (key, times) in sums {
            self.add(&key, times.reading());
        }
        Ok(())
    }

    /// Reads what reviewers say, peers among them.
    fn quality(&mut self, asked: &Asked<'_>, whom: &Whom) -> Result<(), KpiError> {
        let answered = || Filter::Present("score");
        let reviewer = Dimension::Column("reviewer_kind");
        let by_peers = Filter::In(reviewer, vec![Some("peer".to_owned())]);
        let plan = TallyPlan {
            measures: vec![
                Measure::CountIf(answered()),
                Measure::Sum("score"),
                Measure::SumSquares("score"),
                Measure::CountIf(Filter::And(vec![answered(), by_peers])),
            ],
            keep: Keep::OnePerReview,
            ..plan(asked, asked.span, whom.group())?
        };
        let mut scores: BTreeMap<String, Scores> = BTreeMap::new();
        for row in asked.desk.rows.tally(&plan)?.rows {
            if let Some((key, _)) = whom.key_of(&row.key) {
                scores.entry(key).or_default().add(&row.values);
            }
        }
        let all = scores.values().fold(Scores::default(), Scores::with);
        let Some(expected) = all.mean() else {
            return Ok(());
        };
        for (key, scores) in scores {
            self.n_reviews
                .insert(key.clone(), (scores.n, scores.n_peer));
            if let Some(reading) = scores.reading(expected) {
                self.add(&key, reading);
            }
        }
        Ok(())
    }
}

/// Returns what is to be expected of a peer: where the peers are too few to draw them together, they
/// are shown as rated, beside what their own kinds of tickets get.
pub(super) fn expected(found: &coach::CaseMix, peer: &coach::Adjusted) -> f64 {
    match found.comparison {
        coach::Comparison::TooFew { .. } => peer.expected_rate,
        _ => found.team_rate.unwrap_or(peer.expected_rate),
    }
}

const CHANNEL: Dimension = Dimension::Column("channel");
const CATEGORY: Dimension = Dimension::Column("category");

/// Finds the rows of another KPI under the filters of the question; nothing where they cannot carry
/// one of them, or their questions are too different to be one measure.
pub(super) fn asked<'a>(case: &Case<'a>, name: &str) -> Result<Option<Asked<'a>>, KpiError> {
    let base = base(name)?;
    let mut query = of_everybody(&case.query);
    if base.formula.kind() != RecordKind::Response {
        let is_known = |name: &String| !OF_ANSWERS.contains(&name.as_str());
        query.filters.retain(|name, _| is_known(name));
        query = Query {
            mode: None,
            ..query
        };
    }
    match case.asking(query).rows_of(base) {
        Ok(mut asked) => {
            asked.desk.clock = asked.desk.clock(&asked.frame)?;
            Ok(Some(asked))
        }
        Err(
            KpiError::DimensionElsewhere { .. }
            | KpiError::Ambiguous { .. }
            | KpiError::ScaleUnsaid { .. }
            | KpiError::Isolating { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

fn plan(asked: &Asked<'_>, span: Span, group: Vec<Dimension>) -> Result<TallyPlan, KpiError> {
    let scope = &asked.subject.scope;
    Ok(TallyPlan {
        kind: scope.formula.kind(),
        filter: scope.filter.clone(),
        buckets: vec![span],
        time: scope.formula.time(),
        group,
        measures: scope.formula.measures(),
        keep: scope.keep.clone(),
        as_of: asked.desk.as_of,
        present: asked.desk.present,
        clock: asked.desk.clock.clone(),
    })
}

/// Returns the cells of a KPI by these dimensions.
fn tallied(asked: &Asked<'_>, span: Span, group: Vec<Dimension>) -> Result<Vec<Group>, KpiError> {
    let formula = &*asked.subject.scope.formula;
    let plan = plan(asked, span, group)?;
    let tallies = gather::tally_all(asked.desk.rows, formula, vec![plan])?;
    let rows = tallies.into_iter().flat_map(|tallies| tallies.rows);
    Ok(rows
        .map(|row| (row.key, formula.measured(&row.values)))
        .collect())
}

/// Returns the cells of everybody by kind of ticket.
fn cells(asked: &Asked<'_>, whom: &Whom, span: Span) -> Result<Cells, KpiError> {
    let mut group = whom.group();
    group.extend([CHANNEL, CATEGORY]);
    let found = tallied(asked, span, group)?.into_iter();
    let cell = |(group, cell): Group| {
        let (key, rest) = whom.key_of(&group)?;
        Some((key, kind(rest), cell))
    };
    Ok(found.filter_map(cell).collect())
}

/// Returns of how many different persons everybody's rows are, at least.
fn persons(asked: &Asked<'_>, whom: &Whom, span: Span) -> Result<BTreeMap<String, u64>, KpiError> {
    let mut persons: BTreeMap<String, u64> = BTreeMap::new();
    for (group, cell) in tallied(asked, span, whom.group())? {
        if let Some((key, _)) = whom.key_of(&group) {
            let known = persons.entry(key).or_default();
            *known = (*known).max(cell.n_persons);
        }
    }
    Ok(persons)
}

/// Returns channel and category of a group; an unknown one is empty.
fn kind(group: &[Option<String>]) -> [String; 2] {
    let part = |idx: usize| group.get(idx).cloned().flatten().unwrap_or_default();
    [part(0), part(1)]
}

/// Medians of the kinds of tickets that somebody had, and what is usual of them.
#[derive(Default)]
struct Times {
    n: u64,
    own: f64,
    usual: f64,
    variance: f64,
}

impl Times {
    fn add(&mut self, n: u64, median: f64, error: f64, usual: f64) {
        let weight = real(n);
        self.n += n;
        self.own += weight * median;
        self.usual += weight * usual;
        self.variance += (weight * error).powi(2);
    }

    fn reading(&self) -> Reading {
        let n = real(self.n);
        let (value, half) = (self.own / n, Z_95 * self.variance.sqrt() / n);
        Reading {
            subject: Subject::HandlingTime,
            value,
            interval: Some(((value - half).max(0.0), value + half)),
            expected: self.usual / n,
            n: self.n,
            examples: Vec::new(),
        }
    }
}

/// Scores of reviews.
#[derive(Default, Clone, Copy)]
struct Scores {
    n: u64,
    sum: f64,
    squares: f64,
    n_peer: u64,
}

impl Scores {
    fn add(&mut self, values: &[TallyValue]) {
        self.n += formula::count(values, 0);
        self.sum += formula::number(values, 1);
        self.squares += formula::number(values, 2);
        self.n_peer += formula::count(values, 3);
    }

    fn with(mut self, other: &Self) -> Self {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
        self.n_peer += other.n_peer;
        self
    }

    fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / real(self.n))
    }

    fn reading(&self, expected: f64) -> Option<Reading> {
        let (mean, n) = (self.mean()?, real(self.n));
        // What is left of equal scores is rounding.
        let spread = self.squares - n * mean * mean;
        let error =
            (n > 1.0 && spread > self.squares * 1e-12).then(|| (spread / (n - 1.0) / n).sqrt());
        let within = |score: f64| score.clamp(0.0, 100.0);
        Some(Reading {
            subject: Subject::Quality,
            value: within(mean),
            interval: error.map(|error| (within(mean - Z_95 * error), within(mean + Z_95 * error))),
            expected,
            n: self.n,
            examples: Vec::new(),
        })
    }
}
