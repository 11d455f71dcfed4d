//! One thing to work on next, chosen by a rule that anybody can check.

use std::fmt;

use crate::statistic::{Z_95, finds_bound};

use super::normal::normal_cdf;
use super::scorecard::Theme;

/// Share of suggested measures that may be chance.
const FALSE_SHARE_MAX: f64 = 0.1;

/// Fewest critical comments that make a theme worth working on.
const N_CRITICAL_MIN: u64 = 5;

/// Fewest observations that a reading is shown from.
pub(super) const N_READING_MIN: u64 = 10;

/// Tickets named as examples, at most.
pub(super) const N_EXAMPLES_MAX: usize = 3;

/// What a reading is of; the first is the most worth working on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Share of satisfied customers, after case mix.
    Csat,
    /// Quality score of reviews, those of peers included, 0..=100.
    Quality,
    /// Share of tickets solved at first contact.
    FirstContact,
    /// Share of tickets reopened within seven days.
    Reopen,
    /// Share of customers who found it easy.
    Ease,
    /// Median handling time in seconds, beside that of the same strata.
    HandlingTime,
}

impl Subject {
    /// Returns whether a smaller number is better.
    #[must_use]
    pub fn is_lower_better(self) -> bool {
        matches!(self, Self::Reopen | Self::HandlingTime)
    }

    /// Returns whether this is about how fast and not about how well.
    #[must_use]
    pub fn is_speed(self) -> bool {
        self == Self::HandlingTime
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Csat => "customer satisfaction",
            Self::Quality => "quality of reviewed tickets",
            Self::FirstContact => "solved at first contact",
            Self::Reopen => "reopened tickets",
            Self::Ease => "ease for the customer",
            Self::HandlingTime => "handling time",
        })
    }
}

/// One measure of an agent beside what is expected of the same tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What is measured.
    pub subject: Subject,
    /// The agent's value, in the subject's unit.
    pub value: f64,
    /// Its 95 % interval; `None` where the agent cannot be told from the team.
    pub interval: Option<(f64, f64)>,
    /// What is expected of the same tickets.
    pub expected: f64,
    /// Observations it rests on.
    pub n: u64,
    /// References of tickets that show it, the best examples first.
    pub examples: Vec<String>,
}

impl Reading {
    /// Returns by how many standard errors the value is worse than expected, above 0 where it is
    /// worse; `None` where that cannot be told.
    fn shortfall(&self) -> Option<f64> {
        let (low, high) = self.interval?;
        let error = (high - low) / (2.0 * Z_95);
        let worse = match self.subject.is_lower_better() {
            true => self.value - self.expected,
            false => self.expected - self.value,
        };
        let shortfall = worse / error;
        (error > 0.0 && shortfall.is_finite()).then_some(shortfall)
    }
}

/// One suggestion to an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Focus {
    /// A measure that is worse than the same tickets get from others, beyond chance.
    Measure {
        /// What.
        subject: Subject,
        /// Tickets to look at together.
        examples: Vec<String>,
    },
    /// What own customers criticise most.
    Theme {
        /// Its name.
        theme: String,
        /// Tickets to look at together.
        examples: Vec<String>,
    },
    /// Nothing differs beyond chance and no theme stands out.
    Keep,
}

impl fmt::Display for Focus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measure { subject, .. } => write!(out, "look at {subject}"),
            Self::Theme { theme, .. } => write!(out, "look at what customers say of \"{theme}\""),
            Self::Keep => out.write_str("keep going: nothing differs beyond chance"),
        }
    }
}

/// Returns the one suggestion: of the measures that are worse than expected beyond chance (5 % each
/// and 10 % false over all, Benjamini and Hochberg) the one furthest off; speed only where no other
/// one is; else the theme most criticised, from five comments on; else none.
pub(super) fn focus(readings: &[Reading], themes: &[Theme]) -> Focus {
    let short: Vec<(&Reading, f64)> = readings
        .iter()
        .filter_map(|reading| Some((reading, reading.shortfall()?)))
        .collect();
    // One-sided: doing better than expected is no reason to work on it.
    let p = |shortfall: f64| normal_cdf(-shortfall);
    let bound = finds_bound(short.iter().map(|(_, z)| p(*z)), FALSE_SHARE_MAX);
    let is_find = |z: f64| z > Z_95 && bound.is_some_and(|bound| p(z) <= bound);
    let found = short.into_iter().filter(|(_, z)| is_find(*z));
    let chosen = found.min_by(|(a, a_z), (b, b_z)| {
        let quality_first = a.subject.is_speed().cmp(&b.subject.is_speed());
        quality_first
            .then(b_z.total_cmp(a_z))
            .then(a.subject.cmp(&b.subject))
    });
    match chosen {
        Some((reading, _)) => Focus::Measure {
            subject: reading.subject,
            examples: first(&reading.examples),
        },
        None => criticised(themes),
    }
}

fn criticised(themes: &[Theme]) -> Focus {
    let known = themes
        .iter()
        .filter(|theme| theme.n_critical >= N_CRITICAL_MIN);
    let most = known.min_by(|a, b| b.n_critical.cmp(&a.n_critical).then(a.name.cmp(&b.name)));
    match most {
        Some(theme) => Focus::Theme {
            theme: theme.name.clone(),
            examples: first(&theme.examples),
        },
        None => Focus::Keep,
    }
}

fn first(examples: &[String]) -> Vec<String> {
    examples.iter().take(N_EXAMPLES_MAX).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(subject: Subject, value: f64, half: f64, expected: f64) -> Reading {
        Reading {
            subject,
            value,
            interval: Some((value - half, value + half)),
            expected,
            n: 50,
            examples: ["T-1", "T-2", "T-3", "T-4"].map(str::to_owned).to_vec(),
        }
    }

    fn theme(name: &str, n_critical: u64) -> Theme {
        Theme {
            name: name.to_owned(),
            n_comments: 20,
            n_critical,
            examples: vec!["T-9".to_owned()],
        }
    }

    fn check(readings: &[Reading], themes: &[Theme], expected: &str) {
        assert_eq!(
            focus(readings, themes).to_string(),
            expected,
            "{readings:?}"
        );
    }

    #[test]
    fn the_furthest_off_beyond_chance_is_suggested() {
        let csat = reading(Subject::Csat, 0.78, 0.03, 0.82);
        let reopen = reading(Subject::Reopen, 0.14, 0.03, 0.07);
        let slow = reading(Subject::HandlingTime, 900.0, 60.0, 300.0);
        check(
            &[csat.clone(), reopen.clone()],
            &[],
            "look at reopened tickets",
        );
        // However slow: how well comes before how fast.
        check(&[slow.clone(), csat], &[], "look at customer satisfaction");
        check(&[slow], &[theme("waiting", 9)], "look at handling time");
        let Focus::Measure { examples, .. } = focus(&[reopen], &[]) else {
            panic!("a measure is suggested");
        };
        assert_eq!(examples, ["T-1", "T-2", "T-3"]);
    }

    #[test]
    fn what_chance_explains_and_what_is_better_is_no_focus() {
        let better = reading(Subject::Csat, 0.9, 0.02, 0.8);
        let faster = reading(Subject::HandlingTime, 100.0, 20.0, 300.0);
        let near = reading(Subject::Quality, 79.0, 5.0, 80.0);
        check(
            &[better, faster, near],
            &[],
            "keep going: nothing differs beyond chance",
        );
        // Alone this is 2 standard errors off; among six it is what chance gives.
        let alone = reading(Subject::Ease, 0.7, Z_95 * 0.05, 0.8025);
        let rest = [
            Subject::Csat,
            Subject::Quality,
            Subject::FirstContact,
            Subject::Reopen,
            Subject::HandlingTime,
        ]
        .map(|subject| reading(subject, 1.0, 0.1, 1.0));
        check(
            std::slice::from_ref(&alone),
            &[],
            "look at ease for the customer",
        );
        let among: Vec<Reading> = rest.into_iter().chain([alone]).collect();
        check(&among, &[], "keep going: nothing differs beyond chance");
        // One and a half standard errors would pass the share of false finds, not the 5 %.
        let hint = reading(Subject::Ease, 0.7, Z_95 * 0.05, 0.775);
        check(&[hint], &[], "keep going: nothing differs beyond chance");
        let mut unknown = reading(Subject::Csat, 0.2, 0.0, 0.9);
        check(
            std::slice::from_ref(&unknown),
            &[],
            "keep going: nothing differs beyond chance",
        );
        unknown.interval = None;
        check(&[unknown], &[], "keep going: nothing differs beyond chance");
    }

    #[test]
    fn a_theme_needs_five_critical_comments() {
        let themes = [theme("tone", 5), theme("waiting", 7), theme("billing", 7)];
        check(&[], &themes, "look at what customers say of \"billing\"");
        check(
            &[],
            &[theme("tone", 4)],
            "keep going: nothing differs beyond chance",
        );
    }
}
