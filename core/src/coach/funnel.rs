//! Shares against how many ratings they rest on, within the limits of chance.

use std::f64::consts::FRAC_PI_2;

use crate::statistic::{Z_95, quantile, real as count};

use super::tally::real;

/// The 99.9 % quantile of the normal distribution: 99.8 % lie between it and its negative.
const Z_998: f64 = 3.090_232_306_167_813;

/// Share of the points at either end whose distance is taken as that of the next ones in, so that
/// the unlike do not widen the limits that are to show them.
const WINSORISED: f64 = 0.1;

/// A limit of the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 95 % of the like lie inside.
    Inner,
    /// 99.8 % of the like lie inside.
    Outer,
}

/// Where a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Below the 99.8 % limit.
    FarBelow,
    /// Below the 95 % limit.
    Below,
    /// Within 95 %.
    Inside,
    /// Above the 95 % limit.
    Above,
    /// Above the 99.8 % limit.
    FarAbove,
}

/// A share of an agent or team, after case mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Who.
    pub name: String,
    /// The share, 0..=1.
    pub rate: f64,
    /// Ratings it rests on.
    pub n: u64,
}

/// A point and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The point.
    pub point: Point,
    /// Where it lies.
    pub place: Place,
}

/// A funnel and its points, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// Share of all, 0..=1: the line in the middle; 0 without points.
    pub centre: f64,
    /// Variance between points beyond chance, of the arcsine of the root of the share.
    pub tau_squared: f64,
    /// The points, by name; those without ratings are left out.
    pub placed: Vec<Placed>,
}

impl Funnel {
    /// Returns the limits at `n` ratings, within 0..=1.
    #[must_use]
    pub fn limits(&self, n: f64, level: Level) -> (f64, f64) {
        let z = match level {
            Level::Inner => Z_95,
            Level::Outer => Z_998,
        };
        if n <= 0.0 {
            return (0.0, 1.0);
        }
        let half = z * (1.0 / (4.0 * n) + self.tau_squared).sqrt();
        let share = |angle: f64| angle.clamp(0.0, FRAC_PI_2).sin().powi(2);
        let middle = angle(self.centre);
        (share(middle - half), share(middle + half))
    }

    /// Returns where a name lies.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<Place> {
        let found = self.placed.iter().find(|placed| placed.point.name == name);
        found.map(|placed| placed.place)
    }

    fn place_of(&self, point: &Point) -> Place {
        let n = real(point.n);
        let (inner, outer) = (self.limits(n, Level::Inner), self.limits(n, Level::Outer));
        // A unanimous share lies on its limit but for the last digit.
        let below = |limit: f64| point.rate < limit - 1e-12;
        let above = |limit: f64| point.rate > limit + 1e-12;
        match () {
            () if below(outer.0) => Place::FarBelow,
            () if above(outer.1) => Place::FarAbove,
            () if below(inner.0) => Place::Below,
            () if above(inner.1) => Place::Above,
            () => Place::Inside,
        }
    }
}

/// Returns the funnel of these shares.
///
/// # Source
/// Spiegelhalter 2005 for proportions, additive overdispersion of winsorised z-scores, as in the
/// package `FunnelPlotR`.
#[must_use]
pub fn funnel(points: &[Point]) -> Funnel {
    let is_rated = |point: &&Point| point.n > 0 && (0.0..=1.0).contains(&point.rate);
    let mut points: Vec<Point> = points.iter().filter(is_rated).cloned().collect();
    points.sort_by(|a, b| {
        a.name
            .cmp(&b.name)
            .then(a.rate.total_cmp(&b.rate))
            .then(a.n.cmp(&b.n))
    });
    let n: f64 = points.iter().map(|point| real(point.n)).sum();
    let hits: f64 = points.iter().map(|point| real(point.n) * point.rate).sum();
    let centre = if n > 0.0 {
        (hits / n).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let mut funnel = Funnel {
        centre,
        tau_squared: overdispersion(centre, &points),
        placed: Vec::new(),
    };
    let placed = points.into_iter().map(|point| Placed {
        place: funnel.place_of(&point),
        point,
    });
    funnel.placed = placed.collect();
    funnel
}

fn overdispersion(centre: f64, points: &[Point]) -> f64 {
    let z = |point: &Point| 2.0 * real(point.n).sqrt() * (angle(point.rate) - angle(centre));
    let scores: Vec<f64> = points.iter().map(z).collect();
    let ends = (
        quantile(&scores, WINSORISED),
        quantile(&scores, 1.0 - WINSORISED),
    );
    let (Some(low), Some(high)) = ends else {
        return 0.0;
    };
    let spread: f64 = scores.iter().map(|z| z.clamp(low, high).powi(2)).sum();
    let weights = || points.iter().map(|point| 4.0 * real(point.n));
    let sum: f64 = weights().sum();
    let scale = sum - weights().map(|weight| weight * weight).sum::<f64>() / sum;
    match points.len() > 1 && scale > 0.0 {
        true => ((spread - (count(points.len()) - 1.0)) / scale).max(0.0),
        false => 0.0,
    }
}

fn angle(share: f64) -> f64 {
    share.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(shares: &[(f64, u64)]) -> Funnel {
        let point = |(idx, (rate, n)): (usize, &(f64, u64))| Point {
            name: format!("agent {idx:02}"),
            rate: *rate,
            n: *n,
        };
        funnel(&shares.iter().enumerate().map(point).collect::<Vec<_>>())
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn limits_by_hand() {
        // asin sqrt(1/2) = pi/4, 1/(4n) = 1/400: sin² of pi/4 ± 1.96/20.
        let even = of(&[(0.5, 100), (0.5, 100)]);
        close(even.tau_squared, 0.0);
        let (low, high) = even.limits(100.0, Level::Inner);
        close(low, 0.5 - (Z_95 / 10.0).sin() / 2.0);
        close(high, 0.5 + (Z_95 / 10.0).sin() / 2.0);
        let (low, high) = even.limits(100.0, Level::Outer);
        close(high - low, (Z_998 / 10.0).sin());
        // At one rating the angle would leave the quarter turn.
        assert_eq!(even.limits(1.0, Level::Outer), (0.0, 1.0));
        assert_eq!(even.limits(0.0, Level::Inner), (0.0, 1.0));
    }

    #[test]
    fn overdispersion_by_hand() {
        // Angles pi/4 + e for e = -0.2, -0.1, 0, 0.1, 0.2 at n = 100: z = 20 e = -4, -2, 0, 2, 4.
        // Type 7 at 10 % of five lies 0.4 of the way from the first to the second: -3.2. So phi k =
        // 2 * (3.2² + 2²) = 28.48, less k - 1 = 4, over 5 * 400 - 400 = 1600.
        let shares = [-0.2, -0.1, 0.0, 0.1, 0.2]
            .map(|turn: f64| ((std::f64::consts::FRAC_PI_4 + turn).sin().powi(2), 100));
        let found = of(&shares);
        close(found.centre, 0.5);
        close(found.tau_squared, 24.48 / 1600.0);
        let (_, high) = found.limits(100.0, Level::Inner);
        close(
            high,
            0.5 + (2.0 * Z_95 * (0.0025_f64 + 0.0153).sqrt()).sin() / 2.0,
        );
    }

    #[test]
    fn extremes_lie_inside_or_far_out() {
        assert_eq!(of(&[]).limits(10.0, Level::Inner).0, 0.0);
        assert_eq!(of(&[(0.3, 50)]).placed[0].place, Place::Inside);
        for share in [0.0, 1.0] {
            let same = of(&[(share, 5), (share, 1 << 40), (share, 1)]);
            assert!(
                same.placed
                    .iter()
                    .all(|placed| placed.place == Place::Inside)
            );
        }
        let mut shares = vec![(0.8, 400); 18];
        shares.extend([(0.6, 400), (0.95, 400), (0.75, 400)]);
        let found = of(&shares);
        let places: Vec<Place> = found.placed[17..]
            .iter()
            .map(|placed| placed.place)
            .collect();
        assert_eq!(
            places,
            [
                Place::Inside,
                Place::FarBelow,
                Place::FarAbove,
                Place::Below
            ]
        );
        assert_eq!(found.place("agent 18"), Some(Place::FarBelow));
        assert_eq!(found.place("nobody"), None);
        assert!(of(&[(f64::NAN, 5), (0.5, 0)]).placed.is_empty());
    }

    proptest! {
        #[test]
        fn limits_hold_the_centre_and_narrow_with_n(
            shares in prop::collection::vec((0.0..=1.0_f64, 1_u64..500), 1..30),
            n in 1.0..1e6_f64,
        ) {
            let found = of(&shares);
            prop_assert!(found.tau_squared.is_finite() && found.tau_squared >= 0.0);
            let (inner, outer) = (found.limits(n, Level::Inner), found.limits(n, Level::Outer));
            let wider = found.limits(n / 2.0, Level::Inner);
            prop_assert!(outer.0 <= inner.0 && inner.1 <= outer.1);
            prop_assert!(wider.0 <= inner.0 + 1e-12 && inner.1 <= wider.1 + 1e-12);
            prop_assert!(inner.0 <= found.centre + 1e-9 && found.centre <= inner.1 + 1e-9);
        }
    }
}
