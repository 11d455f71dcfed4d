//! How customers felt on a day: seasons, outages, prices, and the release that cost loyalty.
//!
//! All effects are in points of the 0–10 scale; one point moves NPS by about 29 points.

use crate::demo::calendar::Day;
use crate::demo::customer::Segment;
use crate::demo::invitation::{Channel, Survey};
use crate::demo::occurrence;
use crate::demo::truth::Costing;
use crate::demo::world::World;

/// Mean of the 0–10 answer without any effect: an NPS of about 36.
const RECOMMEND_MEAN: f64 = 8.7;

/// Days in which the slow wave goes down and up again.
const WAVE_DAYS: i64 = 900;
/// A lowest day of the wave (2025-12-01).
const WAVE_LOW_DAY: i64 = 20_423;
/// Half of the distance between its lowest and highest day.
const WAVE_HEIGHT: f64 = 0.2;

/// Effect of the month: the dark ones and the end of the year cost a little.
const SEASON: [f64; 12] = [
    -0.05, 0.0, 0.03, 0.05, 0.06, 0.05, 0.02, 0.04, 0.02, 0.0, -0.04, -0.12,
];

/// Days after an outage until it is forgotten.
const OUTAGE_DAYS: i64 = 45;
/// Days after a release in which it still pleases.
const RELEASE_DAYS: i64 = 28;

/// What is rated, and what the recommendation is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    Speed,
    Ease,
    Knowledge,
    Product,
    Price,
}

impl Driver {
    pub(super) const ALL: [Self; 5] = [
        Self::Speed,
        Self::Ease,
        Self::Knowledge,
        Self::Product,
        Self::Price,
    ];

    /// Place in [`Driver::ALL`].
    pub(super) const fn position(self) -> usize {
        self as usize
    }

    /// Name in question ids.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Ease => "ease",
            Self::Knowledge => "knowledge",
            Self::Product => "product",
            Self::Price => "price",
        }
    }

    /// Mean rating, 1–5.
    pub(super) const fn mean(self) -> f64 {
        match self {
            Self::Speed => 3.8,
            Self::Ease => 4.0,
            Self::Knowledge => 4.2,
            Self::Product => 3.9,
            Self::Price => 3.3,
        }
    }
}

/// Returns what an outage still costs on a day, 0 or less.
pub(super) fn outage(world: &World, day: Day) -> f64 {
    if !world.has_seasons() {
        return 0.0;
    }
    let felt = occurrence::outages(world.dice(), day).map(|outage| {
        let n_days = day.0 - outage.day.0;
        if !(0..=OUTAGE_DAYS).contains(&n_days) {
            return 0.0;
        }
        let days = small(n_days) / 9.0;
        -outage.severity / (1.0 + days * days)
    });
    felt.into_iter().sum()
}

/// Returns the mean of the 0–10 answer of a kind of customer on a day.
pub(super) fn recommend_mean(
    world: &World,
    day: Day,
    survey: Survey,
    channel: Channel,
    segment: Segment,
) -> f64 {
    let channel = match channel {
        Channel::Chat => 0.25,
        Channel::InApp => 0.1,
        Channel::Phone => -0.05,
        Channel::Email => -0.15,
    };
    let segment = match segment {
        Segment::Enterprise => 0.3,
        Segment::MidMarket => 0.0,
        Segment::SmallBusiness => -0.15,
    };
    let survey = match survey {
        Survey::Relationship => 0.0,
        Survey::Support => 0.1,
    };
    let season = if world.has_seasons() {
        wave(day) + SEASON[day.month_idx()] + outage(world, day)
    } else {
        0.0
    };
    let costing = Costing::on(world, day).map_or(0.0, |costing| costing.scale_points());
    RECOMMEND_MEAN + season - costing + channel + segment + survey
}

/// Returns what a day adds to the rating of one driver.
pub(super) fn driver_shift(world: &World, day: Day, driver: Driver) -> f64 {
    if !world.has_seasons() {
        return 0.0;
    }
    match driver {
        Driver::Speed => 0.6 * outage(world, day),
        Driver::Product => {
            let n_days = day.0 - occurrence::latest_release(world.dice(), day).0;
            let release = if n_days <= RELEASE_DAYS { 0.15 } else { 0.0 };
            release + 0.4 * outage(world, day)
        }
        // New prices hurt for two months.
        Driver::Price if [1, 2].contains(&day.month_idx()) => -0.35,
        Driver::Ease | Driver::Knowledge | Driver::Price => 0.0,
    }
}

fn wave(day: Day) -> f64 {
    let position = small((day.0 - WAVE_LOW_DAY).rem_euclid(WAVE_DAYS)) / small(WAVE_DAYS);
    let height = if position < 0.5 {
        position
    } else {
        1.0 - position
    };
    WAVE_HEIGHT * (4.0 * height - 1.0)
}

/// Turns a count of days into a float, exactly.
fn small(n_days: i64) -> f64 {
    f64::from(i32::try_from(n_days).expect("a few years of days"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::Effects;

    #[test]
    fn the_wave_is_lowest_at_its_anchor_and_highest_half_a_wave_later() {
        assert!((wave(Day(WAVE_LOW_DAY)) + WAVE_HEIGHT).abs() < 1e-9);
        assert!((wave(Day(WAVE_LOW_DAY + WAVE_DAYS / 2)) - WAVE_HEIGHT).abs() < 1e-9);
    }

    #[test]
    fn an_outage_is_felt_and_forgotten() {
        let world = World::new(1, Effects::Life, 1);
        let [hit, _] = occurrence::outages(world.dice(), Day(20_500));
        assert!(outage(&world, hit.day) < -0.7);
        assert!(outage(&world, Day(hit.day.0 + 20)) > outage(&world, hit.day) / 2.0);
        let next_day = Day(hit.day.0 + OUTAGE_DAYS + 1);
        assert_eq!(outage(&world, next_day), 0.0);
        let still = World::new(1, Effects::Truths, 1);
        assert_eq!(outage(&still, hit.day), 0.0, "no season, no outage");
    }
}
