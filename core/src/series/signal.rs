//! Points that chance alone rarely places where they are.

/// Points on one side of the centre that are a signal.
const RUN: usize = 8;

/// Points looked at for a cluster, and how many of them must stand far out on one side.
const CLUSTER: (usize, usize) = (3, 4);

/// Height, in reaches of the limits, from which a point stands far out.
const FAR_OUT: f64 = 0.5;

/// Height below which a point is on the centre line: rounding.
const ON_THE_LINE: f64 = 1e-9;

/// Which rule a point meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// Beyond a limit.
    Beyond,
    /// Eighth or later in a row on one side; a point exactly on the line breaks the row.
    Run,
    /// Third or fourth of four in a row that stand beyond half the limit on one side.
    Cluster,
}

impl SignalKind {
    /// Whether it is sure enough to alert somebody; else it is a hint.
    #[must_use]
    pub const fn is_alert(self) -> bool {
        matches!(self, Self::Beyond | Self::Run)
    }

    /// Returns the word of an answer: `beyond`, `run`, `cluster`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beyond => "beyond",
            Self::Run => "run",
            Self::Cluster => "cluster",
        }
    }
}

/// On which side of the usual level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Greater.
    Above,
    /// Less.
    Below,
}

impl Side {
    /// Returns the word of an answer: `above`, `below`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

/// A point that is not usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Place of the point in the slice.
    pub position: usize,
    /// Which rule it meets.
    pub kind: SignalKind,
    /// On which side.
    pub side: Side,
    /// Place of the first point that the rule rests on.
    pub since: usize,
    /// Points that the rule rests on.
    pub n_points: usize,
}

/// A point and where it stands between centre (0) and limits (−1, 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) position: usize,
    pub(super) height: f64,
}

impl Placed {
    fn side(self) -> Option<Side> {
        match self.height {
            height if height > ON_THE_LINE => Some(Side::Above),
            height if height < -ON_THE_LINE => Some(Side::Below),
            _ => None,
        }
    }

    fn is_past(self, height: f64) -> bool {
        self.height.abs() > height + ON_THE_LINE
    }
}

/// Returns the signals of points in time order; gaps between them are passed over.
pub(super) fn signals(placed: &[Placed]) -> Vec<Signal> {
    let mut found = Vec::new();
    let mut run_start = 0;
    for (idx, point) in placed.iter().enumerate() {
        if idx > 0 && placed[idx - 1].side() != point.side() {
            run_start = idx;
        }
        let Some(side) = point.side() else {
            continue;
        };
        let signal = |kind, since: usize, n_points| Signal {
            position: point.position,
            kind,
            side,
            since: placed[since].position,
            n_points,
        };
        if point.is_past(1.0) {
            found.push(signal(SignalKind::Beyond, idx, 1));
        }
        if idx - run_start + 1 >= RUN {
            found.push(signal(SignalKind::Run, run_start, idx - run_start + 1));
        }
        if let Some((first, n)) = cluster(placed, idx, side) {
            found.push(signal(SignalKind::Cluster, first, n));
        }
    }
    found
}

/// Returns the first point far out among the last four, and how many are, where that is a signal.
fn cluster(placed: &[Placed], idx: usize, side: Side) -> Option<(usize, usize)> {
    let (n_min, window) = CLUSTER;
    let is_far = |at: &usize| placed[*at].is_past(FAR_OUT) && placed[*at].side() == Some(side);
    let from = (idx + 1).saturating_sub(window);
    let far: Vec<usize> = (from..=idx).filter(is_far).collect();
    (is_far(&idx) && far.len() >= n_min).then(|| (far[0], far.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signals of heights at the even places, as `(place, rule, first place, points)`.
    fn found(heights: &[f64]) -> Vec<(usize, &'static str, usize, usize)> {
        let placed: Vec<Placed> = heights
            .iter()
            .enumerate()
            .map(|(idx, height)| Placed {
                position: 2 * idx,
                height: *height,
            })
            .collect();
        let line = |signal: Signal| {
            (
                signal.position,
                signal.kind.name(),
                signal.since,
                signal.n_points,
            )
        };
        signals(&placed).into_iter().map(line).collect()
    }

    #[test]
    fn a_limit_itself_is_within() {
        assert_eq!(found(&[1.0, -1.0]), []);
        assert_eq!(
            found(&[1.01, 0.0, -1.01]),
            [(0, "beyond", 0, 1), (4, "beyond", 4, 1)]
        );
    }

    #[test]
    fn eight_in_a_row_are_a_run_that_grows() {
        assert_eq!(found(&[0.1; 7]), []);
        assert_eq!(found(&[-0.1; 9]), [(14, "run", 0, 8), (16, "run", 0, 9)]);
    }

    #[test]
    fn a_point_on_the_line_or_across_it_breaks_the_run() {
        for breaking in [0.0, 1e-12, -0.1] {
            let mut heights = [0.1; 15];
            heights[7] = breaking;
            assert_eq!(found(&heights), []);
        }
        assert_eq!(found(&[0.0; 20]), []);
    }

    #[test]
    fn three_of_four_far_out_are_a_cluster() {
        assert_eq!(found(&[0.6, 0.6, 0.1, 0.6]), [(6, "cluster", 0, 3)]);
        assert_eq!(found(&[0.6, 0.6, 0.1, 0.1, 0.6]), []);
        assert_eq!(found(&[0.6, -0.6, 0.6, 0.6]), [(6, "cluster", 0, 3)]);
        assert_eq!(found(&[0.6, -0.6, 0.6, -0.6]), []);
        assert_eq!(
            found(&[-0.6; 4]),
            [(4, "cluster", 0, 3), (6, "cluster", 0, 4)]
        );
        // What comes back to the middle is no signal of its own.
        assert_eq!(found(&[0.6, 0.6, 0.6, 0.1]), [(4, "cluster", 0, 3)]);
        assert_eq!(found(&[0.5; 4]), []);
    }

    #[test]
    fn only_sure_signals_alert() {
        let kinds = [SignalKind::Beyond, SignalKind::Run, SignalKind::Cluster];
        assert_eq!(kinds.map(SignalKind::is_alert), [true, true, false]);
        assert_eq!(
            [Side::Above, Side::Below].map(Side::name),
            ["above", "below"]
        );
    }
}
