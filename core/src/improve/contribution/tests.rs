//! The parts of a change: by hand, and that they are all of it.

use proptest::prelude::*;

use crate::statistic::{Draws, Proportion, real};

use super::*;

fn side(weight: f64, score: f64) -> Option<Side> {
    Some(Side { weight, score })
}

fn segment(name: &str, before: Option<Side>, after: Option<Side>) -> Segment<'_> {
    Segment {
        name,
        before,
        after,
        change: None,
    }
}

fn check(segments: &[Segment<'_>], expected: &[(&str, f64, f64)]) {
    let found = contribution(segments).expect("answers in both periods");
    assert_eq!(found.effects.len(), expected.len());
    for (effect, (name, mix, rate)) in found.effects.iter().zip(expected) {
        assert_eq!(effect.name, *name);
        let is_close = (effect.mix - mix).abs() < 1e-9 && (effect.rate - rate).abs() < 1e-9;
        assert!(is_close, "{name}: {effect:?}");
    }
    let change = found.after - found.before;
    assert!((found.mix + found.rate - change).abs() < 1e-9, "{found:?}");
}

#[test]
fn a_change_by_hand() {
    // 20 → 8: half the answers of each turn to a quarter of the happy, whose score falls by 10.
    let segments = [
        segment("happy", side(50.0, 60.0), side(25.0, 50.0)),
        segment("unhappy", side(50.0, -20.0), side(75.0, -6.0)),
    ];
    let found = contribution(&segments).expect("answers");
    assert!((found.before - 20.0).abs() < 1e-12 && (found.after - 8.0).abs() < 1e-12);
    check(
        &segments,
        &[
            ("happy", -0.25 * (55.0 - 14.0), 0.375 * -10.0),
            ("unhappy", 0.25 * (-13.0 - 14.0), 0.625 * 14.0),
        ],
    );
}

#[test]
fn the_same_people_have_no_mix_and_the_same_scores_no_rate() {
    let mix_only = [
        segment("a", side(10.0, 40.0), side(30.0, 40.0)),
        segment("b", side(10.0, 0.0), side(10.0, 0.0)),
    ];
    let found = contribution(&mix_only).expect("answers");
    assert_eq!(found.rate, 0.0);
    assert!((found.mix - 10.0).abs() < 1e-12);
    let rate_only = [
        segment("a", side(10.0, 40.0), side(20.0, 50.0)),
        segment("b", side(10.0, 0.0), side(20.0, 10.0)),
    ];
    let found = contribution(&rate_only).expect("answers");
    assert!((found.rate - 10.0).abs() < 1e-12 && found.mix.abs() < 1e-12);
}

#[test]
fn who_is_absent_in_a_period_is_all_mix() {
    check(
        &[
            segment("stays", side(100.0, 20.0), side(50.0, 20.0)),
            segment("comes", None, side(50.0, -40.0)),
        ],
        // 20 → −10, the middle is 5.
        &[
            ("comes", 0.5 * (-40.0 - 5.0), 0.0),
            ("stays", -0.5 * (20.0 - 5.0), 0.0),
        ],
    );
    // Weight 0 is absence, and who is in neither period is nowhere.
    check(
        &[
            segment("stays", side(3.0, 1.0), side(4.0, 3.0)),
            segment("leaves", side(0.0, 99.0), None),
        ],
        &[("stays", 0.0, 2.0)],
    );
    let nobody = segment("a", side(3.0, 1.0), None);
    assert_eq!(contribution(&[nobody]), None);
    assert_eq!(contribution(&[]), None);
    let no_number = segment("a", side(3.0, f64::NAN), side(f64::INFINITY, 2.0));
    assert_eq!(contribution(&[no_number]), None);
}

#[test]
fn a_rate_effect_is_as_sure_as_the_change_it_is_of() {
    let change = Difference {
        value: -9.0,
        low: -16.0,
        high: -2.0,
        p: 0.01,
    };
    let tested = Segment {
        change: Some(change),
        ..segment("a", side(50.0, 30.0), side(30.0, 21.0))
    };
    let found = contribution(&[tested, segment("b", side(50.0, 0.0), side(70.0, 0.0))]);
    let found = found.expect("answers");
    let effect = &found.effects[0];
    let doubt = effect.rate_doubt.expect("tested");
    let is_close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
    assert!(
        is_close(doubt.low, 0.4 * -16.0) && is_close(doubt.high, 0.4 * -2.0),
        "{doubt:?}"
    );
    assert!(is_close(effect.rate, 0.4 * -9.0) && effect.is_find);
    assert!(found.effects[1].rate_doubt.is_none() && !found.effects[1].is_find);
    // Who is absent in a period cannot have changed, whatever the caller says.
    let gone = Segment {
        after: None,
        ..tested
    };
    let found = contribution(&[gone, segment("b", side(5.0, 0.0), side(7.0, 0.0))]);
    assert!(
        found
            .expect("answers")
            .effects
            .iter()
            .all(|effect| effect.rate_doubt.is_none())
    );
}

/// Draws a share of `n` answers that are positive with the chance `rate`.
fn drawn(draws: &mut Draws, n: usize, rate: f64) -> f64 {
    real((0..n).filter(|_| draws.unit() < rate).count())
}

#[test]
fn the_interval_of_a_rate_effect_covers_it() {
    let mut draws = Draws::new(11);
    let n_runs = 1_000;
    let covers = |draws: &mut Draws| {
        // A third of the answers are of the group, whose share of positive ones falls by a tenth.
        let (n_before, n_after) = (60, 90);
        let before = drawn(draws, n_before, 0.7);
        let after = drawn(draws, n_after, 0.6);
        let share = |hits, n| Proportion::new(hits, real(n), real(n)).expect("answers");
        let group = Segment {
            change: Some(share(after, n_after).difference(share(before, n_before))),
            ..segment(
                "group",
                side(60.0, before / real(n_before)),
                side(90.0, after / real(n_after)),
            )
        };
        let rest = segment("rest", side(120.0, 0.5), side(180.0, 0.5));
        let found = contribution(&[group, rest]).expect("answers");
        let effect = found
            .effects
            .iter()
            .find(|one| one.name == "group")
            .expect("there");
        let doubt = effect.rate_doubt.expect("tested");
        doubt.low <= -0.1 / 3.0 && -0.1 / 3.0 <= doubt.high
    };
    let n_covered = (0..n_runs).filter(|_| covers(&mut draws)).count();
    // Three standard errors of 95 % of 1,000 are 21.
    assert!((929..=975).contains(&n_covered), "{n_covered} of {n_runs}");
}

fn any_side() -> impl Strategy<Value = Option<Side>> {
    prop::option::weighted(0.8, (0.0_f64..1e6, -100.0_f64..100.0))
        .prop_map(|pair| pair.map(|(weight, score)| Side { weight, score }))
}

proptest! {
    #[test]
    fn the_parts_sum_to_the_change(
        sides in prop::collection::vec((any_side(), any_side()), 1..40),
    ) {
        let segments: Vec<Segment<'_>> =
            sides.iter().map(|(before, after)| segment("s", *before, *after)).collect();
        let Some(found) = contribution(&segments) else {
            return Ok(());
        };
        let change = found.after - found.before;
        let sum: f64 = found.effects.iter().map(Effect::total).sum();
        prop_assert!((sum - change).abs() < 1e-9, "{sum} is not {change}");
        prop_assert!((found.mix + found.rate - change).abs() < 1e-9);
        let shares = |of: fn(&Effect) -> f64| found.effects.iter().map(of).sum::<f64>();
        prop_assert!((shares(|one| one.share_before) - 1.0).abs() < 1e-9);
        prop_assert!((shares(|one| one.share_after) - 1.0).abs() < 1e-9);
        // Time turned round turns every part round.
        let back: Vec<Segment<'_>> =
            sides.iter().map(|(before, after)| segment("s", *after, *before)).collect();
        let back = contribution(&back).expect("answers");
        prop_assert!((back.mix + found.mix).abs() < 1e-9);
        prop_assert!((back.rate + found.rate).abs() < 1e-9);
    }

    #[test]
    fn a_point_more_for_everybody_moves_no_part(
        sides in prop::collection::vec((any_side(), any_side()), 1..20),
        more in -50.0_f64..50.0,
    ) {
        let moved = |side: Option<Side>| {
            side.map(|side| Side { score: side.score + more, ..side })
        };
        let parts = |of: &dyn Fn(Option<Side>) -> Option<Side>| {
            let segments: Vec<Segment<'_>> = sides
                .iter()
                .map(|(before, after)| segment("s", of(*before), of(*after)))
                .collect();
            contribution(&segments).map(|found| (found.mix, found.rate))
        };
        if let (Some(plain), Some(moved)) = (parts(&|side| side), parts(&moved)) {
            prop_assert!((plain.0 - moved.0).abs() < 1e-9 && (plain.1 - moved.1).abs() < 1e-9);
        }
    }
}
