//! The planted truths of agents and trainings are found, and nothing is told of agents who are alike.
//!
//! A few seeds; `make bench` measures the 200 of them, of which half were never looked at before.

use vocd::demo::Effects;
use vocd_tests::coached;
use vocd_tests::truth::HELD_OUT;

/// Companies of each test, the first of those that nothing was tuned on.
const N_SEEDS: usize = 5;

#[test]
fn the_unlike_are_found_and_a_training_is_measured_as_it_is() {
    let found = coached::coached(HELD_OUT.take(N_SEEDS), Effects::Truths);
    println!("{found:?}");
    assert_eq!(found.n_unlike, 2 * N_SEEDS);
    assert!(found.found() >= 0.75, "{found:?}");
    assert!(
        found.n_measured >= 2 * N_SEEDS && found.n_unmeasured == 0,
        "{found:?}"
    );
    // 95 % of a dozen: chance alone brings it below this once in some thousand times.
    assert!(found.coverage() >= 0.75, "{found:?}");
}

#[test]
fn where_nothing_is_planted_nobody_is_unlike() {
    let found = coached::coached(HELD_OUT.take(N_SEEDS), Effects::Nothing);
    println!("{found:?}");
    assert!(
        found.n_alike >= 10 * N_SEEDS && found.n_unlike == 0,
        "{found:?}"
    );
    assert!(found.false_rate() <= 0.03, "{found:?}");
    assert!(found.coverage() >= 0.75, "{found:?}");
}
