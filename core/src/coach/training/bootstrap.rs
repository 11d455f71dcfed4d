//! The interval of a training's effect: agents drawn again, with the width that few agents need.

use std::collections::BTreeSet;

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::statistic::{Draws, quantile, real};

use super::super::normal::normal_cdf;
use super::study::{Change, Session, Study, n_effective, weighted_mean};

/// Times the agents are drawn again.
const N_REPLICATES: usize = 1_000;

/// Degrees of freedom above which Student's distribution is the normal one for our purpose.
const FREEDOM_MAX: f64 = 200.0;

/// Returns the 95 % interval of the effect; `None` where no agent's change differs from another's.
pub(super) fn interval(study: &Study<'_>, seed: u64) -> Option<(f64, f64)> {
    let mut draws = Draws::new(seed);
    let mut parts = vec![trained(study, &mut draws)];
    let teams: BTreeSet<&str> = study.sessions.iter().map(|session| session.team).collect();
    for team in teams {
        parts.push(colleagues(study, team, &mut draws));
    }
    let variance: f64 = parts.iter().map(Part::variance).sum();
    if variance < 1e-24 {
        return None;
    }
    // Welch and Satterthwaite: each part knows its own variance as well as it has agents.
    let unsure: f64 = parts
        .iter()
        .map(|part| part.variance().powi(2) / part.freedom)
        .sum();
    let tail = tail(variance.powi(2) / unsure);
    let value = study.value();
    let effects: Vec<f64> = (0..N_REPLICATES)
        .map(|idx| value + parts.iter().map(|part| part.deviations[idx]).sum::<f64>())
        .collect();
    Some((quantile(&effects, tail)?, quantile(&effects, 1.0 - tail)?))
}

/// Returns the share of replicates to leave out at either end, so that few agents get the width of
/// Student's distribution and not that of the normal one.
fn tail(freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom.clamp(1.0, FREEDOM_MAX)) {
        Ok(student) => normal_cdf(student.inverse_cdf(0.025)),
        Err(_) => 0.0,
    }
}

/// How far one group of agents takes the effect from its value, drawn again and again.
struct Part {
    deviations: Vec<f64>,
    /// How many agents tell of their variance, less the mean; at least 1.
    freedom: f64,
}

impl Part {
    fn variance(&self) -> f64 {
        self.deviations.iter().map(|one| one * one).sum::<f64>() / real(N_REPLICATES)
    }
}

/// Returns the factor by which a mean of `n` drawn again varies too little.
fn widening(n: f64) -> f64 {
    // Below two effective agents one of them decides, and no factor makes up for it.
    (n / (n - 1.0).max(0.5)).sqrt()
}

fn trained(study: &Study<'_>, draws: &mut Draws) -> Part {
    let gains = study.gains();
    let n = n_effective(gains.iter().map(|gain| gain.weight));
    let (value, widening) = (study.value(), widening(n));
    let again = |_| {
        let drawn = (0..gains.len()).map(|_| gains[draws.position(gains.len())]);
        widening * (weighted_mean(drawn).unwrap_or(value) - value)
    };
    Part {
        deviations: (0..N_REPLICATES).map(again).collect(),
        freedom: (n - 1.0).max(1.0),
    }
}

/// Returns what one team's colleagues do to the effect: they are drawn once for all its trainings.
fn colleagues(study: &Study<'_>, team: &str, draws: &mut Draws) -> Part {
    let weight: f64 = study.sessions.iter().map(Session::weight).sum();
    let sessions = || study.sessions.iter().filter(|session| session.team == team);
    let names: BTreeSet<&str> = sessions()
        .flat_map(|session| session.colleagues.keys().copied())
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let usuals: Vec<Usual> = sessions()
        .map(|session| Usual::new(session, session.weight() / weight, &names))
        .collect();
    let again = |_| {
        let mut times = vec![0.0; names.len()];
        for _ in 0..names.len() {
            times[draws.position(names.len())] += 1.0;
        }
        // Where colleagues change more, the trained gained less.
        -usuals
            .iter()
            .map(|usual| usual.deviation(&times))
            .sum::<f64>()
    };
    Part {
        deviations: (0..N_REPLICATES).map(again).collect(),
        freedom: usuals
            .iter()
            .map(|usual| usual.n - 1.0)
            .fold(f64::INFINITY, f64::min)
            .max(1.0),
    }
}

/// The colleagues of one training.
struct Usual {
    /// Each colleague's change, with the position of its name.
    changes: Vec<(usize, Change)>,
    /// The training's share in the effect.
    share: f64,
    value: f64,
    /// How many equally weighted colleagues would tell as much.
    n: f64,
}

impl Usual {
    /// `names` are sorted and hold every colleague.
    fn new(session: &Session<'_>, share: f64, names: &[&str]) -> Self {
        let place = |(name, change): (&&str, &Change)| {
            let position = names.binary_search(name).ok()?;
            Some((position, *change))
        };
        Self {
            changes: session.colleagues.iter().filter_map(place).collect(),
            share,
            value: session.usual_change(),
            n: n_effective(session.colleagues.values().map(|change| change.weight)),
        }
    }

    fn deviation(&self, times: &[f64]) -> f64 {
        let again = |(position, change): &(usize, Change)| Change {
            weight: change.weight * times[*position],
            ..*change
        };
        let drawn = weighted_mean(self.changes.iter().map(again));
        self.share * widening(self.n) * (drawn.unwrap_or(self.value) - self.value)
    }
}
