//! Curves of how long customers stay, read from the tables of an answer.

use super::reading::Reading;
use super::{Figure, Language};

/// The curve of one group; days and shares in percent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lifetime {
    key: Option<String>,
    /// Days on which somebody left, ascending.
    pub(super) steps: Vec<Step>,
    /// What is read off at round days.
    pub(super) read: Vec<ReadOff>,
    /// Last day for which something is said; 0 without a curve.
    pub(super) last_day: f64,
    /// Customers; `None` when hidden.
    pub(super) n: Option<u64>,
    /// First day by which half have left.
    pub(super) median: Option<f64>,
}

/// The share that stays beyond a day, with its band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) day: f64,
    pub(super) share: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

/// The curve at a round day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ReadOff {
    pub(super) day: f64,
    pub(super) share: Option<f64>,
    /// Customers still watched then; `None` when hidden.
    pub(super) n_at_risk: Option<u64>,
}

impl Lifetime {
    /// Returns the name of its group.
    pub(super) fn name(&self, language: Language) -> String {
        let missing = language.words().missing;
        self.key.clone().unwrap_or_else(|| missing.to_owned())
    }
}

/// Returns a curve a group, in the order of the answer; none where it is about something else.
pub(super) fn lifetimes(figure: &Figure) -> Vec<Lifetime> {
    let Some(tables) = &figure.answer.tables else {
        return Vec::new();
    };
    let further = |wanted: &str| {
        let mut tables = tables.further.iter();
        tables
            .find(|(name, _)| *name == wanted)
            .map(|(_, table)| Reading::new(table))
    };
    let (Some(groups), Some(days)) = (further("groups"), further("days")) else {
        return Vec::new();
    };
    let main = Reading::new(&tables.main);
    (0..groups.n_rows())
        .map(|row| {
            let key = groups.text(row, "key");
            let steps = steps(main, key);
            let read = read_off(days, key);
            let told = read.iter().filter(|read| read.share.is_some());
            let told = told.map(|read| read.day).fold(0.0, f64::max);
            Lifetime {
                key: key.map(str::to_owned),
                last_day: steps.last().map_or(0.0, |step| step.day).max(told),
                steps,
                read,
                n: groups.count(row, "n"),
                median: groups.number(row, "median"),
            }
        })
        .collect()
}

fn steps(table: Reading<'_>, key: Option<&str>) -> Vec<Step> {
    let own = (0..table.n_rows()).filter(|row| table.text(*row, "key") == key);
    own.filter_map(|row| {
        Some(Step {
            day: real(table.count(row, "day")?),
            share: table.number(row, "value")?,
            low: table.number(row, "low"),
            high: table.number(row, "high"),
        })
    })
    .collect()
}

fn read_off(table: Reading<'_>, key: Option<&str>) -> Vec<ReadOff> {
    let own = (0..table.n_rows()).filter(|row| table.text(*row, "key") == key);
    own.filter_map(|row| {
        Some(ReadOff {
            day: real(table.count(row, "day")?),
            share: table.number(row, "value"),
            n_at_risk: table.count(row, "at_risk"),
        })
    })
    .collect()
}

#[expect(clippy::cast_precision_loss, reason = "days of a life are few")]
fn real(days: u64) -> f64 {
    days as f64
}
