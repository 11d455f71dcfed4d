//! Importance and performance: what to work on, what to keep, what to leave.

use crate::statistic::{mean, real};

use super::estimate::Estimate;

/// A driver as it matters and as it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<'a> {
    /// How it is called.
    pub name: &'a str,
    /// Its share of what is explained, 0..=1.
    pub share: Estimate,
    /// Share of answers in the top two boxes, 0..=1.
    pub performance: Estimate,
}

/// Drivers in the order to look at them, and the lines between the quadrants.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// By quadrant, then by priority.
    pub points: Vec<Point>,
    /// An equal share for each driver: above it one matters.
    pub share_line: f64,
    /// The goal, or the mean of all drivers: from there on one does well.
    pub performance_line: f64,
}

/// One driver in its quadrant.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// How it is called.
    pub name: String,
    /// Its share of what is explained.
    pub share: Estimate,
    /// Share of answers in the top two boxes.
    pub performance: Estimate,
    /// Where its values lie.
    pub quadrant: Quadrant,
    /// Share times what is missing to all answers in the top two boxes.
    pub priority: f64,
    /// One of its intervals holds a line, so that it may belong to another quadrant.
    pub is_undecided: bool,
}

/// What to do with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quadrant {
    /// Matters and does poorly: work on it.
    Concentrate,
    /// Matters and does well.
    Keep,
    /// Matters little and does poorly.
    LowPriority,
    /// Matters little and does well.
    Overkill,
}

/// Returns the quadrants of drivers; `None` of none.
///
/// A value on a line counts as above it. The mean of the drivers is taken as known: its own doubt
/// is small beside theirs.
///
/// # Source
/// Martilla and James 1977, with derived importance.
#[must_use]
pub fn importance(standings: &[Standing<'_>], goal: Option<f64>) -> Option<Importance> {
    let performances: Vec<f64> = standings.iter().map(|one| one.performance.value).collect();
    let performance_line = goal
        .or(mean(&performances))
        .filter(|_| !standings.is_empty())?;
    let share_line = 1.0 / real(standings.len());
    let mut points: Vec<Point> = standings
        .iter()
        .map(|standing| point(standing, share_line, performance_line))
        .collect();
    points.sort_by(|one, other| {
        let by_priority = other.priority.total_cmp(&one.priority);
        let quadrant = one.quadrant.cmp(&other.quadrant);
        quadrant
            .then(by_priority)
            .then_with(|| one.name.cmp(&other.name))
    });
    Some(Importance {
        points,
        share_line,
        performance_line,
    })
}

fn point(standing: &Standing<'_>, share_line: f64, performance_line: f64) -> Point {
    let Standing {
        name,
        share,
        performance,
    } = *standing;
    let matters = share.value >= share_line;
    let does_well = performance.value >= performance_line;
    Point {
        name: name.to_owned(),
        share,
        performance,
        quadrant: match (matters, does_well) {
            (true, false) => Quadrant::Concentrate,
            (true, true) => Quadrant::Keep,
            (false, false) => Quadrant::LowPriority,
            (false, true) => Quadrant::Overkill,
        },
        priority: share.value * (1.0 - performance.value),
        is_undecided: share.holds(share_line) || performance.holds(performance_line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(value: f64, half: f64) -> Estimate {
        Estimate {
            value,
            low: value - half,
            high: value + half,
        }
    }

    fn standing(name: &str, share: f64, performance: f64) -> Standing<'_> {
        Standing {
            name,
            share: sure(share, 0.02),
            performance: sure(performance, 0.02),
        }
    }

    fn check(standings: &[Standing<'_>], goal: Option<f64>, expected: &[(&str, Quadrant, bool)]) {
        let found = importance(standings, goal).expect("drivers");
        let told: Vec<(&str, Quadrant, bool)> = found
            .points
            .iter()
            .map(|point| (point.name.as_str(), point.quadrant, point.is_undecided))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_weakest_of_what_matters_comes_first() {
        let standings = [
            standing("design", 0.10, 0.90),
            standing("price", 0.12, 0.50),
            standing("support", 0.40, 0.60),
            standing("speed", 0.38, 0.40),
            standing("manual", 0.00, 0.30),
        ];
        // The mean performance is 0.54, an equal share 0.2.
        check(
            &standings,
            None,
            &[
                ("speed", Quadrant::Concentrate, false),
                ("support", Quadrant::Keep, false),
                ("price", Quadrant::LowPriority, false),
                ("manual", Quadrant::LowPriority, false),
                ("design", Quadrant::Overkill, false),
            ],
        );
        let found = importance(&standings, None).expect("drivers");
        assert!((found.performance_line - 0.54).abs() < 1e-12 && found.share_line == 0.2);
        assert!((found.points[0].priority - 0.38 * 0.6).abs() < 1e-12);
        // With a goal of 0.7 support is not good enough either, and weighs more.
        check(
            &standings,
            Some(0.7),
            &[
                ("speed", Quadrant::Concentrate, false),
                ("support", Quadrant::Concentrate, false),
                ("price", Quadrant::LowPriority, false),
                ("manual", Quadrant::LowPriority, false),
                ("design", Quadrant::Overkill, false),
            ],
        );
    }

    #[test]
    fn whose_interval_holds_a_line_is_undecided() {
        let standings = [standing("near", 0.51, 0.90), standing("far", 0.49, 0.10)];
        check(
            &standings,
            Some(0.5),
            &[
                ("near", Quadrant::Keep, true),
                ("far", Quadrant::LowPriority, true),
            ],
        );
        let standings = [standing("low", 0.30, 0.49), standing("high", 0.70, 0.52)];
        check(
            &standings,
            Some(0.5),
            &[
                ("high", Quadrant::Keep, true),
                ("low", Quadrant::LowPriority, true),
            ],
        );
    }

    #[test]
    fn on_the_line_is_above_it_and_alike_go_by_name() {
        let standings = [standing("b", 0.5, 0.5), standing("a", 0.5, 0.5)];
        check(
            &standings,
            None,
            &[("a", Quadrant::Keep, true), ("b", Quadrant::Keep, true)],
        );
        // One driver alone has the whole share and is its own mean.
        check(
            &[standing("one", 1.0, 0.2)],
            None,
            &[("one", Quadrant::Keep, true)],
        );
        assert_eq!(importance(&[], Some(0.5)), None);
    }
}
