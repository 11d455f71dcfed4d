//! The rates at which the series analysis errs: each bound is passed by the formula next to the
//! one that is used. `VOCD_SERIES_RUNS` draws more series, with the same bounds; `make bench`
//! draws all.

use vocd::series;
use vocd::statistic::{Draws, real};
use vocd_tests::chance::{self, Noise};
use vocd_tests::dice::setting;

/// Series for each rate.
const N_RUNS: u64 = 400;

fn n_runs() -> usize {
    usize::try_from(setting("VOCD_SERIES_RUNS", N_RUNS)).expect("a number of runs")
}

fn check(what: &str, share: f64, bounds: std::ops::RangeInclusive<f64>) {
    assert!(
        bounds.contains(&share),
        "{what}: {share} is not in {bounds:?}"
    );
}

#[test]
fn the_noise_is_what_it_says() {
    let mut draws = Draws::new(20);
    let noise = Noise {
        n: 20_000,
        phi: 0.6,
    };
    let values = noise.draw(&mut draws);
    let product = |lag: usize| {
        let pairs = values.iter().zip(&values[lag..]);
        pairs.map(|(left, right)| left * right).sum::<f64>() / real(values.len())
    };
    check("variance", product(0), 0.95..=1.05);
    check("correlation of neighbours", product(1), 0.56..=0.64);
    check("correlation over one", product(2), 0.32..=0.40);
}

#[test]
fn false_trends_stay_near_five_percent_however_alike_neighbours_are() {
    // Plain Mann-Kendall: 0.11 to 0.15 at phi 0.3, 0.26 to 0.33 at 0.6.
    for (n, at_0, at_3, at_6) in [
        (12, 0.06, 0.09, 0.13),
        (26, 0.07, 0.10, 0.13),
        (52, 0.07, 0.10, 0.11),
    ] {
        for (phi, bound) in [(0.0, at_0), (0.3, at_3), (0.6, at_6)] {
            let share = chance::trends(Noise { n, phi }, 0.0, None, n_runs(), 1);
            check(&format!("n {n}, phi {phi}"), share, 0.005..=bound);
        }
    }
}

#[test]
fn seasonal_trends_err_no_more_often() {
    // Without the inflated variance: 0.07 to 0.12 at phi 0.3, 0.18 to 0.30 at 0.6.
    for (period, n) in [(12, 48), (7, 56), (4, 28)] {
        for phi in [0.0, 0.3, 0.6] {
            let share = chance::trends(Noise { n, phi }, 0.0, Some(period), n_runs(), 2);
            check(&format!("period {period}, phi {phi}"), share, 0.0..=0.08);
        }
    }
}

#[test]
fn a_real_trend_is_found() {
    let noise = Noise { n: 26, phi: 0.0 };
    let share = chance::trends(noise, 0.1, None, n_runs(), 3);
    check("a tenth of a deviation a week", share, 0.84..=0.95);
}

#[test]
fn false_shifts_are_rare_among_independent_points() {
    // At the textbook's price of 2 variances: 0.13 and 0.08.
    for (n, bound) in [(24, 0.085), (52, 0.04)] {
        let found = chance::shifts(Noise { n, phi: 0.0 }, 0.0, n_runs(), 4);
        check(&format!("n {n}"), found.possible, 0.0..=bound);
        assert!(found.confirmed <= found.possible);
    }
    // Points that are alike wander, which looks like levels.
    let wandering = chance::shifts(Noise { n: 52, phi: 0.3 }, 0.0, n_runs(), 4);
    check("phi 0.3", wandering.possible, 0.15..=0.40);
}

#[test]
fn a_real_shift_is_found_confirmed_and_dated() {
    let found = chance::shifts(Noise { n: 52, phi: 0.0 }, 2.0, n_runs(), 5);
    check("possible", found.possible, 0.93..=1.0);
    check("confirmed", found.confirmed, 0.93..=1.0);
    check("dated", found.dated, 0.90..=1.0);
    // Half a deviation is lost in the noise of 24 points.
    let small = chance::shifts(Noise { n: 24, phi: 0.0 }, 0.5, n_runs(), 5);
    check("a small one", small.possible, 0.0..=0.4);
}

#[test]
fn false_signals_are_as_rare_as_their_rules_say() {
    let independent = Noise { n: 0, phi: 0.0 };
    let found = chance::signals(independent, 0.0, n_runs(), 6);
    check("beyond", found.beyond, 0.06..=0.16);
    check("run", found.run, 0.02..=0.10);
    check("cluster", found.cluster, 0.02..=0.09);
    check("alerts", found.alerts, 0.10..=0.22);
    check("all", found.all, 0.13..=0.25);
    let alike = chance::signals(Noise { n: 0, phi: 0.3 }, 0.0, n_runs(), 6);
    check("all at phi 0.3", alike.all, 0.35..=0.52);
}

#[test]
fn a_process_that_moved_is_signalled() {
    let found = chance::signals(Noise { n: 0, phi: 0.0 }, 1.5, n_runs(), 7);
    check("alerts", found.alerts, 0.82..=0.94);
    check("all", found.all, 0.89..=0.98);
}

#[test]
fn forecasts_hold_as_often_as_their_bands_say() {
    for phi in [0.0, 0.3, 0.6] {
        let noise = Noise { n: 60, phi };
        let found = chance::forecasts(noise, n_runs() / 4, 8).expect("forecasts");
        let share = |share: Option<f64>| share.expect("bands");
        check("80 %", share(found.hits.share_80()), 0.76..=0.90);
        check("95 %", share(found.hits.share_95()), 0.92..=1.0);
        check("error over that of the last value", found.error, 0.5..=0.98);
    }
    // Of a walk the last value is the best that can be said.
    let walk = chance::forecasts(Noise { n: 60, phi: 0.995 }, n_runs() / 4, 9);
    check(
        "told of a walk",
        walk.map_or(0.0, |found| found.told),
        0.0..=0.5,
    );
}

#[test]
fn shifts_of_series_need_answers_to_be_confirmed() {
    let noise = Noise { n: 40, phi: 0.0 };
    let mut values = noise.draw(&mut Draws::new(3));
    for value in &mut values[20..] {
        *value += 4.0;
    }
    let points = chance::buckets(&values);
    let told = series::shifts(
        &points,
        &|before, after| series::welch(&points, before, after),
        &[],
    );
    let untold = series::shifts(&points, &|_, _| None, &[]);
    assert!(told[0].is_confirmed && !untold[0].is_confirmed);
    assert_eq!(told[0].position, untold[0].position);
}
