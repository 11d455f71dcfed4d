//! Series that tests are made of.

use super::point::{Answers, Point};
use super::shift::Difference;
use super::{Context, Test};
use crate::statistic::{Draws, real};

/// Answers behind every point that says no other number.
pub(super) const N: u64 = 100;

/// Points without known answers, labelled `w0`, `w1`, ….
pub(super) fn values(values: &[f64]) -> Vec<Point> {
    let point = |(idx, value): (usize, &f64)| Point {
        label: format!("w{idx}"),
        value: Some(*value),
        n: N,
        answers: Answers::Counted,
    };
    values.iter().enumerate().map(point).collect()
}

/// Percentages of hits among answers.
pub(super) fn shares(counts: &[(u64, u64)]) -> Vec<Point> {
    let point = |(idx, (hits, n)): (usize, &(u64, u64))| Point {
        label: format!("w{idx}"),
        value: Some(100.0 * whole(*hits) / whole(*n)),
        n: *n,
        answers: Answers::Share { hits: *hits },
    };
    counts.iter().enumerate().map(point).collect()
}

fn whole(count: u64) -> f64 {
    real(usize::try_from(count).expect("a small number"))
}

/// Weeks of a score in points whose smallest relevant change is `relevant_change`.
pub(super) fn weeks(relevant_change: f64) -> Context {
    Context {
        relevant_change,
        ..Context::default()
    }
}

/// A test that always finds `p`.
pub(super) fn always(p: f64) -> Box<Test<'static>> {
    Box::new(move |_, _| Some(Difference { value: 1.0, p }))
}

/// A normal draw.
pub(super) fn normal(draws: &mut Draws) -> f64 {
    let radius = (-2.0 * (1.0 - draws.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * draws.unit()).cos()
}

/// `n` normal values each of which keeps `phi` of the one before; variance 1.
pub(super) fn noise(draws: &mut Draws, n: usize, phi: f64) -> Vec<f64> {
    let mut last = normal(draws);
    let fresh = (1.0 - phi * phi).sqrt();
    let mut next = |_| {
        let value = last;
        last = phi * last + fresh * normal(draws);
        value
    };
    (0..n).map(&mut next).collect()
}

/// Annual flow of the Nile at Aswan, 1871 to 1970, which fell to another level in 1899.
///
/// # Source
/// Cobb 1978; Durbin and Koopman 2001.
pub(super) const NILE: [f64; 100] = [
    1120., 1160., 963., 1210., 1160., 1160., 813., 1230., 1370., 1140., 995., 935., 1110., 994.,
    1020., 960., 1180., 799., 958., 1140., 1100., 1210., 1150., 1250., 1260., 1220., 1030., 1100.,
    774., 840., 874., 694., 940., 833., 701., 916., 692., 1020., 1050., 969., 831., 726., 456.,
    824., 702., 1120., 1100., 832., 764., 821., 768., 845., 864., 862., 698., 845., 744., 796.,
    1040., 759., 781., 865., 845., 944., 984., 897., 822., 1010., 771., 676., 649., 846., 812.,
    742., 801., 1040., 860., 874., 848., 890., 744., 749., 838., 1050., 918., 986., 797., 923.,
    975., 815., 1020., 906., 901., 1170., 912., 746., 919., 718., 714., 740.,
];
