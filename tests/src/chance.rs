//! How often the series analysis claims what is not there, or finds what is: shares over many
//! series drawn from a seed.

use std::f64::consts::TAU;

use vocd::series::{
    self, Answers, BASELINE_POINTS, Context, Foretold, HitRate, Outlook, Point, SignalKind,
};
use vocd::statistic::{Draws, mean, real};

/// Points after the baseline in which a signal is looked for.
const WATCHED: usize = 12;

/// Answers of a bucket, and how much one differs from another: their mean has variance 1.
const N_ANSWERS: u64 = 100;
const ANSWER_DEVIATION: f64 = 10.0;

/// Buckets by which the date of a shift may be missed.
const DATED_WITHIN: usize = 2;

/// p below which a trend is told.
const SIGNIFICANCE: f64 = 0.05;

/// A kind of series without trend, shift or season.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// Points.
    pub n: usize,
    /// Share that a point keeps of the one before.
    pub phi: f64,
}

impl Noise {
    /// Draws one series of variance 1.
    #[must_use]
    pub fn draw(self, draws: &mut Draws) -> Vec<f64> {
        let fresh = (1.0 - self.phi * self.phi).sqrt();
        let mut last = normal(draws);
        let mut next = |_| {
            let value = last;
            last = self.phi * last + fresh * normal(draws);
            value
        };
        (0..self.n).map(&mut next).collect()
    }
}

/// Draws from the standard normal distribution.
pub fn normal(draws: &mut Draws) -> f64 {
    let radius = (-2.0 * (1.0 - draws.unit()).ln()).sqrt();
    radius * (TAU * draws.unit()).cos()
}

/// Makes buckets of values: each the mean of answers that differ as much as the values do.
#[must_use]
pub fn buckets(values: &[f64]) -> Vec<Point> {
    let bucket = |value: &f64| Point {
        label: String::new(),
        value: Some(*value),
        n: N_ANSWERS,
        answers: Answers::Spread {
            deviation: ANSWER_DEVIATION,
        },
    };
    values.iter().map(bucket).collect()
}

fn context(period: Option<usize>) -> Context {
    Context {
        period,
        ..Context::default()
    }
}

/// Returns the share of `n_runs` series for which `is_claimed` holds.
fn share(n_runs: usize, seed: u64, mut is_claimed: impl FnMut(&mut Draws) -> bool) -> f64 {
    let mut draws = Draws::new(seed);
    let n_claimed = (0..n_runs).filter(|_| is_claimed(&mut draws)).count();
    real(n_claimed) / real(n_runs)
}

/// Share of series with a slope of `slope` a bucket in which a trend is told.
#[must_use]
pub fn trends(noise: Noise, slope: f64, period: Option<usize>, n_runs: usize, seed: u64) -> f64 {
    share(n_runs, seed, |draws| {
        let mut values = noise.draw(draws);
        for (at, value) in values.iter_mut().enumerate() {
            *value += slope * real(at);
        }
        let trend = series::trend(&buckets(&values), &context(period));
        trend.slope.is_some_and(|slope| slope.p < SIGNIFICANCE)
    })
}

/// Shares of series with a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shifts {
    /// A possible one.
    pub possible: f64,
    /// One that the answers confirm.
    pub confirmed: f64,
    /// A confirmed one within two buckets of the middle.
    pub dated: f64,
}

/// Counts shifts in series moved by `size` in their middle; of size 0 they are false.
#[must_use]
pub fn shifts(noise: Noise, size: f64, n_runs: usize, seed: u64) -> Shifts {
    let mut draws = Draws::new(seed);
    let middle = noise.n / 2;
    let mut counts = [0_usize; 3];
    for _ in 0..n_runs {
        let mut values = noise.draw(&mut draws);
        for value in &mut values[middle..] {
            *value += size;
        }
        let points = buckets(&values);
        let found = series::shifts(
            &points,
            &|before, after| series::welch(&points, before, after),
            &[],
        );
        let is_near = |position: usize| position.abs_diff(middle) <= DATED_WITHIN;
        let mut confirmed = found.iter().filter(|shift| shift.is_confirmed);
        let claims = [
            !found.is_empty(),
            found.iter().any(|shift| shift.is_confirmed),
            confirmed.any(|shift| is_near(shift.position)),
        ];
        count(&mut counts, claims);
    }
    let [possible, confirmed, dated] = counts.map(|n| real(n) / real(n_runs));
    Shifts {
        possible,
        confirmed,
        dated,
    }
}

fn count<const N: usize>(counts: &mut [usize; N], claims: [bool; N]) {
    for (count, is_claimed) in counts.iter_mut().zip(claims) {
        *count += usize::from(is_claimed);
    }
}

/// Shares of series with a signal among the points after a full baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
    /// A point beyond a limit.
    pub beyond: f64,
    /// A run of eight.
    pub run: f64,
    /// Three of four far out.
    pub cluster: f64,
    /// One of the first two, which alert.
    pub alerts: f64,
    /// Any.
    pub all: f64,
}

/// Counts signals in the twelve points after a baseline, moved by `size`; with noise alone they
/// are false. The length of `noise` is not used.
#[must_use]
pub fn signals(noise: Noise, size: f64, n_runs: usize, seed: u64) -> Signals {
    let noise = Noise {
        n: BASELINE_POINTS + WATCHED,
        ..noise
    };
    let mut draws = Draws::new(seed);
    let mut counts = [0_usize; 5];
    for _ in 0..n_runs {
        let mut values = noise.draw(&mut draws);
        for value in &mut values[BASELINE_POINTS..] {
            *value += size;
        }
        let control = series::control(&buckets(&values), &context(None), &[]);
        let has = |is: &dyn Fn(SignalKind) -> bool| {
            let mut later = control.signals.iter();
            later.any(|signal| signal.position >= BASELINE_POINTS && is(signal.kind))
        };
        let claims = [
            has(&|kind| kind == SignalKind::Beyond),
            has(&|kind| kind == SignalKind::Run),
            has(&|kind| kind == SignalKind::Cluster),
            has(&SignalKind::is_alert),
            has(&|_| true),
        ];
        count(&mut counts, claims);
    }
    let [beyond, run, cluster, alerts, all] = counts.map(|count| real(count) / real(n_runs));
    Signals {
        beyond,
        run,
        cluster,
        alerts,
        all,
    }
}

/// What forecasts were worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecasts {
    /// Share of series with a forecast: better than the last value so far.
    pub told: f64,
    /// How often the bands held, over all horizons.
    pub hits: HitRate,
    /// Mean absolute error over that of the last value, over all horizons; below 1 is better.
    pub error: f64,
}

/// Foretells series from their beginning and compares with how they went on; `None` where none was
/// foretold.
#[must_use]
pub fn forecasts(noise: Noise, n_runs: usize, seed: u64) -> Option<Forecasts> {
    let mut draws = Draws::new(seed);
    let (mut past, mut errors, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let mut n_told = 0;
    let longer = Noise {
        n: noise.n + series::HORIZON_MAX,
        ..noise
    };
    for _ in 0..n_runs {
        let values = longer.draw(&mut draws);
        let known = &values[..noise.n];
        let Outlook::Told(forecast) = series::forecast(&buckets(known), &context(None)) else {
            continue;
        };
        n_told += 1;
        for step in forecast.steps {
            let outcome = values[step.position];
            errors.push((outcome - step.value).abs());
            naive.push((outcome - known[noise.n - 1]).abs());
            past.push(Foretold {
                band_80: step.band_80,
                band_95: step.band_95,
                outcome: Some(outcome),
            });
        }
    }
    Some(Forecasts {
        told: real(n_told) / real(n_runs),
        hits: series::hit_rate(&past),
        error: mean(&errors)? / mean(&naive)?,
    })
}
