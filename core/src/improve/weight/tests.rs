//! Relative weights against closed forms, a published example and a second method.

use proptest::prelude::*;

use super::*;

fn correlations(among: &[&[f64]], with_outcome: &[f64]) -> Correlations {
    Correlations {
        among: Square::of(among.len(), |row, column| among[row][column]),
        with_outcome: with_outcome.to_vec(),
    }
}

fn check(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < tolerance,
            "{found} is not {expected}"
        );
    }
}

/// Correlations of the 32 cars of Motor Trend 1974: cylinders, displacement, horsepower and weight,
/// with miles per gallon.
fn cars() -> Correlations {
    let [cd, ch, cw] = [0.902_032_872_147, 0.832_447_452_722, 0.782_495_794_463];
    let [dh, dw, hw] = [0.790_948_586_37, 0.887_979_922_058, 0.658_747_887_345];
    correlations(
        &[
            &[1.0, cd, ch, cw],
            &[cd, 1.0, dh, dw],
            &[ch, dh, 1.0, hw],
            &[cw, dw, hw, 1.0],
        ],
        &[
            -0.852_161_959_427,
            -0.847_551_379_262,
            -0.776_168_371_827,
            -0.867_659_376_517,
        ],
    )
}

#[test]
fn the_cars_have_the_published_weights() {
    // The example of the package `rwa` for R, as its documentation prints it.
    let found = cars().weights().expect("four attributes that differ");
    let published = [0.209_690_4, 0.188_304_3, 0.179_959_0, 0.270_681_2];
    check(&found.raw, &published, 5e-8);
    assert!(
        (found.r_squared - 0.8486).abs() < 5e-5,
        "{}",
        found.r_squared
    );
    let shares: Vec<f64> = found
        .raw
        .iter()
        .map(|raw| 100.0 * raw / found.r_squared)
        .collect();
    check(&shares, &[24.709_14, 22.189_08, 21.205_70, 31.896_07], 5e-6);
}

#[test]
fn orthogonal_attributes_weigh_their_squared_correlation() {
    let apart = correlations(
        &[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]],
        &[0.6, -0.5, 0.0],
    );
    let found = apart.weights().expect("apart");
    check(&found.raw, &[0.36, 0.25, 0.0], 1e-12);
    check(&found.betas, &[0.6, -0.5, 0.0], 1e-12);
    check(
        &apart.dominance().expect("three"),
        &[0.36, 0.25, 0.0],
        1e-12,
    );
    let alone = correlations(&[&[1.0]], &[-0.3]).weights().expect("one");
    check(&alone.raw, &[0.09], 1e-12);
}

#[test]
fn two_attributes_follow_the_closed_form() {
    for (r, one, other) in [(0.5, 0.6, 0.4), (-0.3, 0.2, 0.5), (0.9, 0.7, 0.6)] {
        let pair = correlations(&[&[1.0, r], &[r, 1.0]], &[one, other]);
        let found = pair.weights().expect("apart");
        let explained = (one * one + other * other - 2.0 * r * one * other) / (1.0 - r * r);
        // What each adds alone and last, averaged; for two attributes both methods agree.
        let first = f64::midpoint(one * one, explained - other * other);
        check(&found.raw, &[first, explained - first], 1e-12);
        check(
            &pair.dominance().expect("two"),
            &[first, explained - first],
            1e-12,
        );
        let scale = 1.0 - r * r;
        let betas = [(one - r * other) / scale, (other - r * one) / scale];
        check(&found.betas, &betas, 1e-12);
    }
}

#[test]
fn a_suppressor_has_weight_and_a_turned_coefficient() {
    // Correlates weakly upwards, but its coefficient points down: it corrects the other.
    let found = correlations(&[&[1.0, 0.8], &[0.8, 1.0]], &[0.6, 0.3])
        .weights()
        .expect("apart");
    assert!(found.betas[1] < 0.0 && found.raw[1] > 0.0, "{found:?}");
}

#[test]
fn attributes_that_say_the_same_are_named() {
    let near = 1.0 - 1e-7;
    let (pair, alone) = ([1.0, near, 0.2], [0.2, 0.2, 1.0]);
    let refused = correlations(&[&pair, &[near, 1.0, 0.2], &alone], &[0.5, 0.5, 0.4]).weights();
    let Err(Collinear {
        involved,
        eigenvalue,
    }) = refused
    else {
        panic!("told apart: {refused:?}");
    };
    assert_eq!(involved, [0, 1]);
    assert!((0.0..1e-6).contains(&eigenvalue), "{eigenvalue}");
    // Two pairs at once: all four are named, though any mixture of the two flat directions is one.
    let twice = Square::of(5, |row, column| {
        match (row == column, row / 2 == column / 2) {
            (true, _) => 1.0,
            (false, true) => near,
            (false, false) => 0.3,
        }
    });
    let refused = Correlations {
        among: twice,
        with_outcome: vec![0.4; 5],
    };
    assert_eq!(
        refused.weights().expect_err("two pairs").involved,
        [0, 1, 2, 3]
    );
    // A sum of two others involves all three.
    let half = 0.5_f64.sqrt();
    let sum = correlations(
        &[&[1.0, 0.0, half], &[0.0, 1.0, half], &[half, half, 1.0]],
        &[0.3, 0.3, 0.42],
    );
    assert_eq!(sum.weights().expect_err("a sum").involved, [0, 1, 2]);
}

#[test]
fn just_apart_is_told() {
    let near = 1.0 - 1e-5;
    let found = correlations(&[&[1.0, near], &[near, 1.0]], &[0.5, 0.5])
        .weights()
        .expect("apart");
    check(
        &found.raw,
        &[found.r_squared / 2.0, found.r_squared / 2.0],
        1e-9,
    );
    assert!((found.r_squared - 0.5 / (1.0 + near)).abs() < 1e-9);
}

#[test]
fn both_methods_nearly_agree_on_the_cars() {
    let weights = cars().weights().expect("apart");
    let dominance = cars().dominance().expect("four");
    check(&weights.raw, &dominance, 0.02);
    let many = Correlations {
        among: Square::of(13, |row, column| f64::from(u8::from(row == column))),
        with_outcome: vec![0.1; 13],
    };
    assert_eq!(many.dominance(), None);
    assert!(many.weights().is_ok());
}

/// Correlations of attributes that share one cause, as loud as `loads` says, so that they are
/// always those of some population; the outcome is a mixture of them and noise.
fn mixed(loads: &[f64], effects: &[f64]) -> Correlations {
    let n = loads.len();
    let among = Square::of(n, |row, column| match row == column {
        true => 1.0,
        false => loads[row] * loads[column],
    });
    let along = |at: usize| -> f64 { (0..n).map(|k| among[(at, k)] * effects[k]).sum() };
    let explained: f64 = (0..n).map(|at| effects[at] * along(at)).sum();
    let deviation = (explained + 0.5).sqrt();
    Correlations {
        with_outcome: (0..n).map(|at| along(at) / deviation).collect(),
        among,
    }
}

fn population() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1_usize..=8).prop_flat_map(|n| {
        let loads = prop::collection::vec(-0.95_f64..0.95, n);
        (loads, prop::collection::vec(-1.0_f64..1.0, n))
    })
}

/// R² from the normal equations, without axes.
fn explained(of: &Correlations) -> f64 {
    of.dominance().expect("at most eight").iter().sum()
}

proptest! {
    #[test]
    fn weights_are_not_negative_and_sum_to_r_squared((loads, effects) in population()) {
        let population = mixed(&loads, &effects);
        let found = population.weights().expect("loads are below 1");
        let sum: f64 = found.raw.iter().sum();
        prop_assert!(found.raw.iter().all(|raw| *raw >= 0.0 && raw.is_finite()));
        prop_assert!((sum - found.r_squared).abs() < 1e-10, "{sum} of {}", found.r_squared);
        prop_assert!((found.r_squared - explained(&population)).abs() < 1e-9);
        prop_assert!(found.r_squared < 1.0 + 1e-9);
        // The coefficients solve the normal equations.
        for at in 0..loads.len() {
            let row = |k: usize| population.among[(at, k)] * found.betas[k];
            let back: f64 = (0..loads.len()).map(row).sum();
            prop_assert!((back - population.with_outcome[at]).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_of_attributes_changes_nothing((loads, effects) in population()) {
        let turned = |numbers: &[f64]| numbers.iter().rev().copied().collect::<Vec<f64>>();
        let found = mixed(&loads, &effects).weights().expect("apart");
        let back = mixed(&turned(&loads), &turned(&effects)).weights().expect("apart");
        check(&turned(&back.raw), &found.raw, 1e-9);
        check(&turned(&back.betas), &found.betas, 1e-8);
    }

    #[test]
    fn a_turned_scale_keeps_its_weight((loads, effects) in population()) {
        let mut flipped = (loads.clone(), effects.clone());
        flipped.0[0] *= -1.0;
        flipped.1[0] *= -1.0;
        let found = mixed(&loads, &effects).weights().expect("apart");
        let turned = mixed(&flipped.0, &flipped.1).weights().expect("apart");
        check(&turned.raw, &found.raw, 1e-9);
        prop_assert!((turned.betas[0] + found.betas[0]).abs() < 1e-8);
    }

    #[test]
    fn dominance_is_the_mean_over_all_orders((loads, effects) in population()) {
        // Three at most, so that the orders can be written out: what is added first, second, third.
        let n = loads.len().min(3);
        let all = mixed(&loads[..n], &effects[..n]);
        let of = |kept: &[usize]| -> f64 {
            let part = Correlations {
                among: all.among.part(kept),
                with_outcome: kept.iter().map(|at| all.with_outcome[*at]).collect(),
            };
            part.weights().map_or(0.0, |found| found.r_squared)
        };
        let found = all.dominance().expect("three at most");
        if let [first, _, _] = found[..] {
            let second = [of(&[1, 0]) - of(&[1]), of(&[2, 0]) - of(&[2])];
            let last = of(&[0, 1, 2]) - of(&[1, 2]);
            let expected = (2.0 * of(&[0]) + second[0] + second[1] + 2.0 * last) / 6.0;
            prop_assert!((first - expected).abs() < 1e-9, "{first} is not {expected}");
        }
    }
}
