//! How long customers stay: Kaplan–Meier with late entry, and the log-rank test of two groups.

use statrs::function::erf::erfc;

use crate::kpi::interval::real;
use crate::statistic::Z_95;

/// Fewest customers at risk for which the curve says something.
pub(super) const AT_RISK_MIN: u64 = 5;

/// How one customer was observed, in whole days since it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life {
    /// Last day before it was under observation; −1 when it was from the start.
    pub(super) entry: i32,
    /// Day of its end, or the last one seen.
    pub(super) days: i32,
    /// Whether it ended, or only the observation did.
    pub(super) is_ended: bool,
}

/// The curve at one day on which somebody left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) day: i32,
    pub(super) n_at_risk: u64,
    pub(super) n_ended: u64,
    /// Share that stays beyond the day.
    pub(super) share: f64,
    /// Sum of Greenwood's terms up to the day.
    variance: f64,
}

/// A share with its band; there is none while everybody or nobody is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Survived {
    pub(super) share: f64,
    pub(super) band: Option<(f64, f64)>,
}

/// The Kaplan–Meier curve of a group.
///
/// # Source
/// Kaplan and Meier 1958; at risk on day t are those with entry < t ≤ days, who leave before
/// others are lost from sight (Tsai, Jewell and Wang 1987); band: exponential Greenwood
/// (Kalbfleisch and Prentice).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Curve {
    /// Steps by day, as far as enough customers are at risk.
    pub(super) steps: Vec<Step>,
    pub(super) n: u64,
    pub(super) n_ended: u64,
    /// Last day on which enough customers are at risk; `None` when there is none.
    pub(super) last_day: Option<i32>,
    entries: Vec<i32>,
    ends: Vec<i32>,
}

impl Curve {
    /// Returns the curve; lives that ended before they were under observation say nothing.
    pub(super) fn new(lives: &[Life]) -> Self {
        let mut seen: Vec<Life> = lives
            .iter()
            .copied()
            .filter(|life| life.entry < life.days)
            .collect();
        seen.sort_unstable_by_key(|life| (life.days, life.is_ended));
        let mut entries: Vec<i32> = seen.iter().map(|life| life.entry).collect();
        entries.sort_unstable();
        let mut curve = Self {
            n: seen.len() as u64,
            n_ended: seen.iter().filter(|life| life.is_ended).count() as u64,
            ends: seen.iter().map(|life| life.days).collect(),
            entries,
            ..Self::default()
        };
        curve.last_day = curve.last_day_with(AT_RISK_MIN);
        let (mut share, mut variance) = (1.0, 0.0);
        for same_day in seen.chunk_by(|one, next| one.days == next.days) {
            let day = same_day[0].days;
            let n_ended = same_day.iter().filter(|life| life.is_ended).count() as u64;
            if n_ended == 0 {
                continue;
            }
            if curve.last_day.is_none_or(|last| day > last) {
                break;
            }
            let n_at_risk = curve.n_at_risk(day);
            let (ended, at_risk) = (real(n_ended), real(n_at_risk));
            share *= 1.0 - ended / at_risk;
            variance += ended / (at_risk * (at_risk - ended));
            curve.steps.push(Step {
                day,
                n_at_risk,
                n_ended,
                share,
                variance,
            });
        }
        curve
    }

    /// Returns how many are under observation and there on a day.
    pub(super) fn n_at_risk(&self, day: i32) -> u64 {
        let n_entered = self.entries.partition_point(|entry| *entry < day);
        let n_over = self.ends.partition_point(|end| *end < day);
        n_entered.saturating_sub(n_over) as u64
    }

    /// Returns the last day on which at least `n` are at risk.
    fn last_day_with(&self, n: u64) -> Option<i32> {
        // Numbers at risk fall only after the day of an end.
        let mut days = self.ends.clone();
        days.dedup();
        days.into_iter().rfind(|day| self.n_at_risk(*day) >= n)
    }

    /// Returns the share that stays beyond a day; `None` where too few are at risk.
    pub(super) fn at(&self, day: i32) -> Option<Survived> {
        self.last_day.filter(|last| day <= *last)?;
        let n_steps = self.steps.partition_point(|step| step.day <= day);
        let whole = Survived {
            share: 1.0,
            band: None,
        };
        Some(
            n_steps
                .checked_sub(1)
                .map_or(whole, |idx| self.steps[idx].survived()),
        )
    }

    /// Returns the first day by which half have left.
    pub(super) fn median(&self) -> Option<i32> {
        let step = self.steps.iter().find(|step| step.share <= 0.5)?;
        Some(step.day)
    }

    /// Returns the mean number of days that are spent as a customer out of the first `n_days`.
    pub(super) fn mean_of_first(&self, n_days: i32) -> Option<f64> {
        self.last_day.filter(|last| n_days <= *last)?;
        let (mut sum, mut since, mut share) = (0.0, 0, 1.0);
        for step in self.steps.iter().take_while(|step| step.day < n_days) {
            sum += share * f64::from(step.day - since);
            (since, share) = (step.day, step.share);
        }
        Some(sum + share * f64::from(n_days - since))
    }
}

impl Step {
    /// Returns the share beyond the step's day, with its band.
    pub(super) fn survived(&self) -> Survived {
        let band = (self.share > 0.0 && self.share < 1.0).then(|| {
            // ln S is negative: the greater exponent is the lower end.
            let reach = Z_95 * self.variance.sqrt() / self.share.ln().abs();
            (
                self.share.powf(reach.exp()),
                self.share.powf((-reach).exp()),
            )
        });
        Survived {
            share: self.share,
            band,
        }
    }
}

/// Whether two groups stay equally long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogRank {
    pub(super) chi_squared: f64,
    pub(super) p: f64,
}

/// Compares two groups over all days; `None` when nobody left while both were at risk.
///
/// # Source
/// Mantel 1966, with hypergeometric variance.
pub(super) fn log_rank(one: &[Life], other: &[Life]) -> Option<LogRank> {
    let curves = [one, other].map(Curve::new);
    let mut days = [one, other].map(days_of_ends);
    let own_days = days[0].clone();
    let [all_days, more_days] = &mut days;
    all_days.append(more_days);
    all_days.sort_unstable();
    let (mut excess, mut variance) = (0.0, 0.0);
    for same_day in all_days.chunk_by(|day, next| day == next) {
        let day = same_day[0];
        let ended = real(same_day.len() as u64);
        let own = own_days.partition_point(|own| *own <= day)
            - own_days.partition_point(|own| *own < day);
        let [at_risk, others] = [0, 1].map(|idx| real(curves[idx].n_at_risk(day)));
        let all = at_risk + others;
        let expected = ended * at_risk / all;
        excess += real(own as u64) - expected;
        if all > 1.0 {
            variance += expected * (others / all) * (all - ended) / (all - 1.0);
        }
    }
    (variance > 0.0).then(|| {
        let chi_squared = excess * excess / variance;
        LogRank {
            chi_squared,
            p: erfc((chi_squared / 2.0).sqrt()),
        }
    })
}

/// Returns the days on which somebody left who was under observation, ascending.
fn days_of_ends(lives: &[Life]) -> Vec<i32> {
    let mut days: Vec<i32> = lives
        .iter()
        .filter(|life| life.is_ended && life.entry < life.days)
        .map(|life| life.days)
        .collect();
    days.sort_unstable();
    days
}

#[cfg(test)]
mod tests;
