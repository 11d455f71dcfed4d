//! The truths planted in the company: what an analysis has to find, and when it began.
//!
//! Standing truths hold at all times. The others recur in every cycle of 52 weeks, each at its own
//! place of the cycle, so that two years that begin on any day have each of them well inside, and a
//! kept folder that grows keeps its past. All are functions of the seed and the day alone.

mod statement;

use crate::demo::agent::FOUNDERS;
use crate::demo::answer;
use crate::demo::calendar::Day;
use crate::demo::customer::Segment;
use crate::demo::dice::{Cast, Dice, Stream};
use crate::demo::mood::Driver;
use crate::demo::occurrence;
use crate::demo::world::World;

pub use statement::{
    ChurningSegment, Course, Drop, StrongestDriver, Theme, Truths, UnlikeAgent, UnlikeAgents,
};

/// Days of a cycle: whole weeks, four cycles of releases, two of outages.
pub(super) const CYCLE_DAYS: i64 = 364;
/// Cycles of releases in one of truths.
const RELEASES: i64 = 4;
/// The release of a cycle that costs, and the one of the next cycle that mends it.
const COSTING: i64 = 2;
const MENDING: i64 = 4;

/// What the costing release takes from the NPS, in points, from and to.
const DROP_POINTS: (f64, f64) = (6.0, 12.0);
/// NPS points of one point of the 0–10 scale around the company's mean.
const NPS_PER_POINT: f64 = 29.3;
/// Weight of the driver that matters most, from and to, and of the others in a drawn order: its
/// relative weight is at least 1.5 times the next one's.
const STRONGEST: (f64, f64) = (0.45, 0.54);
const OTHERS: [f64; 4] = [0.30, 0.26, 0.22, 0.18];
/// How many times more contracts of the churning segment end.
const CHURN_TIMES: (f64, f64) = (2.0, 3.0);
/// CSAT points that set an unlike agent apart.
const UNLIKE_POINTS: (f64, f64) = (12.0, 18.0);
/// Share of comments on low and middling scores that are about the theme.
const THEME_SHARE: (f64, f64) = (0.20, 0.32);

/// Streams of chance of the truths.
const DRIVERS: u64 = 0;
const CHURN: u64 = 1;
const AGENTS: u64 = 2;
const DROP: u64 = 3;
const THEME: u64 = 4;
/// Chance of the trainings; see `training`.
pub(super) const COURSE: u64 = 5;

/// The truths that hold at all times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// Weights of the drivers, in the order of [`Driver::ALL`].
    pub(super) weights: [f64; Driver::ALL.len()],
    /// The segment that leaves, and how many times more often than the others.
    pub(super) churning: Segment,
    /// See `churning`.
    pub(super) churn_times: f64,
    /// The agent above the rest and the one below, with the CSAT points that set them apart.
    pub(super) unlike: [(usize, f64); 2],
}

impl Standing {
    /// Draws the standing truths of a seed.
    pub(super) fn draw(dice: Dice) -> Self {
        let mut cast = dice.cast(Stream::Truth, 0, CHURN);
        let (churning, churn_times) = (*cast.pick(&Segment::ALL), between(&mut cast, CHURN_TIMES));
        Self {
            weights: weights(&mut dice.cast(Stream::Truth, 0, DRIVERS)),
            churning,
            churn_times,
            unlike: unlike(&mut dice.cast(Stream::Truth, 0, AGENTS)),
        }
    }

    /// Relative weights of the drivers as an analysis sees them before rounding, in the order of
    /// [`Driver::ALL`]; they sum to no certain number.
    ///
    /// # Source
    /// Johnson 2000 for predictors that all correlate alike, in closed form: the square root of
    /// their correlation matrix has one number on the diagonal and one beside it.
    pub(super) fn relative_weights(&self) -> [f64; Driver::ALL.len()] {
        let shared = answer::SHARED * answer::SHARED;
        let own = (1.0 - shared).sqrt();
        let beside = ((1.0 + 4.0 * shared).sqrt() - own) / 5.0;
        let sum: f64 = self.weights.iter().sum();
        let betas = self.weights.map(|weight| own * weight + beside * sum);
        let squares: f64 = betas.iter().map(|beta| beta * beta).sum();
        let (diagonal, beside) = ((own + beside).powi(2), beside * beside);
        betas.map(|beta| (diagonal - beside) * beta * beta + beside * squares)
    }

    /// CSAT points that set an agent apart from the rest.
    pub(super) fn agent_points(&self, agent_idx: usize) -> f64 {
        let unlike = self.unlike.iter().find(|(idx, _)| *idx == agent_idx);
        unlike.map_or(0.0, |(_, points)| *points)
    }
}

/// Draws from the whole of a range, evenly.
pub(super) fn between(cast: &mut Cast, (from, to): (f64, f64)) -> f64 {
    from + (to - from) * cast.share()
}

fn weights(cast: &mut Cast) -> [f64; Driver::ALL.len()] {
    let mut weights = [0.0; Driver::ALL.len()];
    let mut left: Vec<usize> = (0..weights.len()).collect();
    let mut take = |cast: &mut Cast, weight| {
        let at = usize::try_from(cast.below(left.len() as u64)).expect("below a length");
        weights[left.swap_remove(at)] = weight;
    };
    let strongest = between(cast, STRONGEST);
    take(cast, strongest);
    for weight in OTHERS {
        take(cast, weight);
    }
    weights
}

/// Draws two of those who are there from the first day to the last.
fn unlike(cast: &mut Cast) -> [(usize, f64); 2] {
    let n_others = FOUNDERS as u64 - 1;
    let above = cast.below(FOUNDERS as u64);
    let below = (above + 1 + cast.below(n_others)) % FOUNDERS as u64;
    let idx = |drawn: u64| usize::try_from(drawn).expect("a founder");
    [
        (idx(above), between(cast, UNLIKE_POINTS)),
        (idx(below), -between(cast, UNLIKE_POINTS)),
    ]
}

/// A release that costs loyalty until a later one mends it, and the theme it brings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Costing {
    /// The day of the release.
    pub(super) day: Day,
    /// The day of the one that mends it: the first without the effect.
    pub(super) mended: Day,
    /// NPS points that it takes, not negative.
    pub(super) nps_points: f64,
    /// Share of comments on low scores that are about the theme.
    pub(super) theme_share: f64,
}

impl Costing {
    /// Returns that of a cycle.
    pub(super) fn of_cycle(dice: Dice, cycle: i64) -> Self {
        let release = |nth: i64| occurrence::release_day(dice, cycle * RELEASES + nth);
        Self {
            day: release(COSTING),
            mended: release(MENDING),
            nps_points: between(&mut dice.cast(Stream::Truth, cycle, DROP), DROP_POINTS),
            theme_share: between(&mut dice.cast(Stream::Truth, cycle, THEME), THEME_SHARE),
        }
    }

    /// Returns the one that a day suffers from.
    pub(super) fn on(world: &World, day: Day) -> Option<Self> {
        if !world.has_truths() {
            return None;
        }
        let cycle = day.0.div_euclid(CYCLE_DAYS);
        let of_two = [cycle, cycle - 1].map(|cycle| Self::of_cycle(world.dice(), cycle));
        of_two
            .into_iter()
            .find(|costing| costing.day <= day && day < costing.mended)
    }

    /// Points of the 0–10 scale that it takes.
    pub(super) fn scale_points(&self) -> f64 {
        self.nps_points / NPS_PER_POINT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costing_releases_and_outages_keep_their_distance() {
        for seed in 0..200 {
            let dice = Dice::new(seed);
            for cycle in 50..54 {
                let costing = Costing::of_cycle(dice, cycle);
                let next = Costing::of_cycle(dice, cycle + 1);
                let (drop_days, flat_days) = (
                    costing.mended.0 - costing.day.0,
                    next.day.0 - costing.mended.0,
                );
                assert!(
                    (140..=224).contains(&drop_days),
                    "{seed} {cycle}: {drop_days}"
                );
                assert!(
                    (140..=224).contains(&flat_days),
                    "{seed} {cycle}: {flat_days}"
                );
                for edge in [costing.day, costing.mended] {
                    for day in [-42, 0, 42].map(|n_days| Day(edge.0 + n_days)) {
                        for outage in occurrence::outages(dice, day) {
                            assert!((outage.day.0 - edge.0).abs() > 42, "{seed} {cycle}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn one_driver_is_strongest_and_two_agents_differ() {
        let mut strongest = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let standing = Standing::draw(Dice::new(seed));
            let mut sorted = standing.weights;
            sorted.sort_by(|a, b| b.total_cmp(a));
            assert!(
                sorted[0] >= STRONGEST.0 && sorted[1..] == OTHERS,
                "{sorted:?}"
            );
            strongest.extend(standing.weights.iter().position(|one| *one == sorted[0]));
            let [(above, up), (below, down)] = standing.unlike;
            assert!(above != below && above.max(below) < FOUNDERS, "{seed}");
            assert!(up >= 12.0 && down <= -12.0, "{seed}: {up} {down}");
        }
        assert_eq!(
            strongest.len(),
            Driver::ALL.len(),
            "each may be the strongest"
        );
    }
}
