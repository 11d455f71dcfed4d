//! What is usual in a process: limits from a baseline that stays, and points that are not usual.

use super::Context;
use super::point::{Answers, DISTANCE_TO_DEVIATION, Point, Pool, Track, real_u64};
use super::shift::Shift;
use super::signal::{Placed, Signal, signals};
use crate::statistic::{mean, real};

/// Points of a baseline; the limits stay once it is full.
pub const BASELINE_POINTS: usize = 20;

/// Points below which there are no limits.
const BASELINE_POINTS_MIN: usize = 12;

/// Turns the mean distance of neighbours into three deviations: 3 / 1.128.
const DISTANCE_TO_LIMIT: f64 = 2.66;

/// Turns the mean distance of neighbours into the limit of a distance (D4 of two values).
const DISTANCE_TO_DISTANCE_LIMIT: f64 = 3.267;

/// Deviations between the centre and a limit.
const DEVIATIONS: f64 = 3.0;

/// Share of their mean by which numbers of answers may differ and still be called similar: the
/// usual rule for one average limit.
const SIMILAR: f64 = 0.25;

/// How limits are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// From the distances of neighbouring values (XmR): values with similar numbers of answers.
    Distances,
    /// Binomial, widened for what moves beyond chance (Laney p′): percentages.
    Shares,
    /// Trinomial, widened likewise: Net Promoter Scores with varying numbers of answers (NPS′).
    Classes,
}

/// What is usual for one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The usual level.
    pub centre: f64,
    /// Lower limit, not below what is possible.
    pub low: f64,
    /// Upper limit, not above what is possible.
    pub high: f64,
    /// Distance from the centre beyond which a point is not usual; nothing clips it.
    pub reach: f64,
}

/// Buckets judged by one baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Place of its first point.
    pub start: usize,
    /// Place of its last point.
    pub last: usize,
    /// Points of its baseline.
    pub n_baseline: usize,
    /// Place of the baseline's last point.
    pub baseline_last: usize,
    /// Whether the baseline is full, so that later points no longer move the limits.
    pub is_frozen: bool,
    /// The usual level.
    pub centre: f64,
    /// Greatest usual distance between neighbours; of [`Method::Distances`] only.
    pub distance_limit: Option<f64>,
    /// Whether all values of the baseline are equal, so that it tells no limits.
    pub is_flat: bool,
}

/// What is usual in a series, and what is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// How limits are computed.
    pub method: Method,
    /// Stretches with a baseline each, in time order; empty of too few points.
    pub stretches: Vec<Stretch>,
    /// What is usual for each place of the slice; `None` at gaps and where nothing tells it.
    pub limits: Vec<Option<Limits>>,
    /// Points that are not usual, in time order.
    pub signals: Vec<Signal>,
}

/// Says what is usual. The baseline begins anew at confirmed shifts and where a person said so,
/// once that many points follow; until then the earlier limits stay.
///
/// # Source
/// XmR: Wheeler, Understanding Variation. p′: Laney 2002, never narrower than binomial.
#[must_use]
pub fn control(points: &[Point], context: &Context, shifts: &[Shift]) -> Control {
    let track = Track::new(points);
    let chart = Chart {
        points,
        context,
        method: method(points, &track),
    };
    let mut control = Control {
        method: chart.method,
        stretches: Vec::new(),
        limits: vec![None; points.len()],
        signals: Vec::new(),
    };
    for (own, end) in levels(&track, context, shifts) {
        let n_baseline = (own.1 - own.0).min(BASELINE_POINTS);
        let baseline = track.part(own.0, own.0 + n_baseline);
        let usual = chart.usual(&baseline);
        let judged = track.part(own.0, end);
        for (position, limits) in chart.limits(&usual, &judged) {
            control.limits[position] = Some(limits);
        }
        control.stretches.push(Stretch {
            start: baseline.positions[0],
            last: judged.positions[judged.n() - 1],
            n_baseline,
            baseline_last: baseline.positions[n_baseline - 1],
            is_frozen: n_baseline == BASELINE_POINTS,
            centre: usual.centre,
            distance_limit: usual.distance_limit,
            is_flat: usual.spread <= 0.0,
        });
        control.signals.extend(chart.signals(&usual, &judged));
    }
    control
}

/// Returns, by indices of points, the levels with enough points for a baseline, each with the end
/// of what it judges: up to the next of them.
fn levels(track: &Track, context: &Context, shifts: &[Shift]) -> Vec<((usize, usize), usize)> {
    let confirmed = shifts.iter().filter(|shift| shift.is_confirmed);
    let mut starts: Vec<usize> = confirmed
        .map(|shift| shift.position)
        .chain(context.rebased.iter().copied())
        .map(|start| {
            track
                .positions
                .partition_point(|position| *position < start)
        })
        .chain([0, track.n()])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let mut levels: Vec<((usize, usize), usize)> = Vec::new();
    for own in starts.windows(2) {
        if own[1] - own[0] >= BASELINE_POINTS_MIN {
            levels.push(((own[0], own[1]), own[1]));
        } else if let Some(last) = levels.last_mut() {
            last.1 = own[1];
        }
    }
    levels
}

/// Picks the chart that fits all points that count.
fn method(points: &[Point], track: &Track) -> Method {
    let used = || track.positions.iter().map(|position| &points[*position]);
    let all = |is: fn(&Answers) -> bool| track.n() > 0 && used().all(|point| is(&point.answers));
    if all(|answers| matches!(answers, Answers::Share { .. })) {
        return Method::Shares;
    }
    let sizes: Vec<f64> = used().map(|point| real_u64(point.n)).collect();
    let usual = mean(&sizes).unwrap_or_default();
    let is_similar = sizes.iter().all(|n| (n - usual).abs() <= SIMILAR * usual);
    match all(|answers| matches!(answers, Answers::Classes { .. })) && !is_similar {
        true => Method::Classes,
        false => Method::Distances,
    }
}

/// A series and how its limits are computed.
struct Chart<'a> {
    points: &'a [Point],
    context: &'a Context,
    method: Method,
}

/// What a baseline tells.
struct Usual {
    centre: f64,
    /// Reach of the limits, times the root of the answers where those count.
    spread: f64,
    distance_limit: Option<f64>,
}

impl Chart<'_> {
    fn usual(&self, baseline: &Track) -> Usual {
        let pool = match self.method {
            Method::Distances => None,
            Method::Shares | Method::Classes => {
                Pool::new(baseline.positions.iter().map(|place| &self.points[*place]))
            }
        };
        pool.map_or_else(
            || by_distances(baseline),
            |pool| self.by_pool(baseline, pool),
        )
    }

    fn by_pool(&self, baseline: &Track, pool: Pool) -> Usual {
        let (centre, deviation) = (pool.value(), pool.deviation());
        let mut standard = baseline.clone();
        for (value, position) in standard.values.iter_mut().zip(&baseline.positions) {
            *value = (*value - centre) / deviation * self.root_n(*position);
        }
        let widened = match deviation > 0.0 {
            true => standard.mean_distance().unwrap_or_default() / DISTANCE_TO_DEVIATION,
            false => 1.0,
        };
        Usual {
            centre,
            spread: DEVIATIONS * widened.max(1.0) * deviation,
            distance_limit: None,
        }
    }

    fn root_n(&self, position: usize) -> f64 {
        real_u64(self.points[position].n).sqrt()
    }

    fn reach(&self, usual: &Usual, position: usize) -> f64 {
        match self.method {
            Method::Distances => usual.spread,
            Method::Shares | Method::Classes => usual.spread / self.root_n(position),
        }
    }

    fn limits(&self, usual: &Usual, judged: &Track) -> Vec<(usize, Limits)> {
        let limits = |position: &usize| {
            let reach = self.reach(usual, *position);
            let limits = Limits {
                centre: usual.centre,
                low: self.context.clip(usual.centre - reach),
                high: self.context.clip(usual.centre + reach),
                reach,
            };
            (*position, limits)
        };
        let told = judged.positions.iter().filter(|_| usual.spread > 0.0);
        told.map(limits).collect()
    }

    fn signals(&self, usual: &Usual, judged: &Track) -> Vec<Signal> {
        if usual.spread <= 0.0 {
            return Vec::new();
        }
        let placed = judged.positions.iter().zip(&judged.values);
        let placed: Vec<Placed> = placed
            .map(|(position, value)| Placed {
                position: *position,
                height: (value - usual.centre) / self.reach(usual, *position),
            })
            .collect();
        signals(&placed)
    }
}

fn by_distances(baseline: &Track) -> Usual {
    let distance = baseline.mean_distance().unwrap_or_default();
    Usual {
        centre: baseline.values.iter().sum::<f64>() / real(baseline.n()),
        spread: DISTANCE_TO_LIMIT * distance,
        distance_limit: Some(DISTANCE_TO_DISTANCE_LIMIT * distance),
    }
}

#[cfg(test)]
mod tests;
