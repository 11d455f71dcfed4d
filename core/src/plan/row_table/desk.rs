//! What helpdesk plans mean, row by row: times, sequels, elapsed seconds, reviews.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Row;
use crate::plan::{Clock, Elapsed, Order, RowTime, Sequel, TallyPlan, TallyValue, seconds};

/// What a filter may look at besides the row itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// Every live row.
    pub(super) live: &'a [&'a Row],
    pub(super) present: Timestamp,
    pub(super) clock: &'a Clock,
}

impl<'a> Context<'a> {
    /// Of filters that look at nothing else.
    pub(super) const PLAIN: Context<'static> = Context {
        live: &[],
        present: Timestamp::MAX,
        clock: &Clock::Calendar,
    };

    pub(super) fn of(plan: &'a TallyPlan, live: &'a [&'a Row]) -> Self {
        Self {
            live,
            present: plan.present,
            clock: &plan.clock,
        }
    }
}

impl Row {
    /// Returns a ticket of the source `desk`, opened at that time.
    pub(crate) fn ticket(id: impl ToString, created_at: &str) -> Self {
        let row = Self {
            source: "desk".to_owned(),
            id: id.to_string(),
            at: created_at.parse().expect(created_at),
            ..Self::default()
        };
        row.when("created_at", created_at)
    }

    pub(crate) fn when(mut self, name: &'static str, at: &str) -> Self {
        self.times.insert(name, at.parse().expect(at));
        self
    }

    pub(crate) fn number(mut self, name: &'static str, value: f64) -> Self {
        self.numbers.insert(name, value);
        self
    }

    pub(crate) fn flag(mut self, name: &'static str, is_set: bool) -> Self {
        self.numbers.insert(name, f64::from(u8::from(is_set)));
        if is_set {
            self.flags.insert(name);
        }
        self
    }

    pub(super) fn time(&self, time: RowTime) -> Option<Timestamp> {
        let first = |columns: &[&str]| {
            let mut times = columns.iter().filter_map(|name| self.times.get(name));
            times.next().copied()
        };
        match time {
            RowTime::Event => Some(self.at),
            RowTime::FirstOf(columns) => first(columns),
            RowTime::EndOf(columns) => Some(first(columns)?.max(self.at)),
        }
    }

    pub(super) fn is_not_after(&self, earlier: &str, later: &str) -> bool {
        let both = self.times.get(earlier).zip(self.times.get(later));
        both.is_some_and(|(earlier, later)| earlier <= later)
    }

    pub(super) fn is_in_time(&self, done: &str, due: &str, present: Timestamp) -> bool {
        let done = self.times.get(done).copied().unwrap_or(present);
        self.times.get(due).is_some_and(|due| done <= *due)
    }

    pub(super) fn has_sequel(&self, sequel: &Sequel, live: &[&Self]) -> bool {
        let Some(over) = self.time(RowTime::FirstOf(sequel.over)) else {
            return false;
        };
        let Some(customer) = self.texts.get("customer") else {
            return false;
        };
        live.iter().any(|other| {
            other.texts.get("customer") == Some(customer)
                && other.texts.get(sequel.topic) == self.texts.get(sequel.topic)
                && other.at > self.at
                && other.at >= over
                && other.at.duration_since(over.max(self.at)) < sequel.within
        })
    }

    /// Returns the seconds that count, and whether they are business seconds.
    fn elapsed(&self, elapsed: &Elapsed, clock: &Clock) -> Option<(f64, bool)> {
        let (from, to) = (*self.times.get(elapsed.from)?, *self.times.get(elapsed.to)?);
        let all = seconds(to.as_microsecond() - from.as_microsecond());
        if all < 0.0 {
            return None;
        }
        let given = self.numbers.get(elapsed.business_s).copied();
        Some(match (clock, given.filter(|given| *given >= 0.0)) {
            (Clock::Calendar, _) | (Clock::Business(None), None) => (all, false),
            (Clock::Business(_), Some(given)) => (given, true),
            (Clock::Business(Some(openings)), None) => (openings.seconds(from, to), true),
        })
    }
}

pub(super) fn order(
    rows: &[&Row],
    elapsed: &Elapsed,
    quantiles: &[f64],
    clock: &Clock,
) -> TallyValue {
    let found = rows.iter().filter_map(|row| row.elapsed(elapsed, clock));
    let (mut numbers, are_business): (Vec<f64>, Vec<bool>) = found.unzip();
    numbers.sort_by(f64::total_cmp);
    let n_business = are_business.iter().filter(|is_one| **is_one).count() as u64;
    TallyValue::Order(Order::of_sorted(&numbers, n_business, quantiles))
}

/// Returns one row per review.
pub(super) fn reviews(rows: &[&Row]) -> Vec<Row> {
    let mut reviews: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        // A category without a score never reaches the store; other rows are of other kinds.
        let is_scored = ["score", "score_max"].map(|name| row.numbers.contains_key(name));
        if let (Some(review), [true, true]) = (row.texts.get("review"), is_scored) {
            reviews.entry((&row.source, review)).or_default().push(row);
        }
    }
    let folded = reviews.into_values().map(|categories| {
        let number = |row: &Row, name| row.numbers.get(name).copied();
        let is_spoilt = categories
            .iter()
            .any(|row| row.flags.contains("critical") && number(row, "score") == Some(0.0));
        let (mut points, mut weights) = (0.0, 0.0);
        for row in &categories {
            let weight = number(row, "weight").unwrap_or(1.0);
            points += weight * number(row, "score").expect("a score")
                / number(row, "score_max").expect("a greatest score");
            weights += weight;
        }
        let first = categories.iter().min_by_key(|row| (row.at, &row.id));
        let mut review = (*first.expect("a category")).clone();
        review.numbers.remove("score");
        if weights > 0.0 {
            let score = if is_spoilt {
                0.0
            } else {
                100.0 * points / weights
            };
            review.numbers.insert("score", score);
        }
        review
    });
    folded.collect()
}
