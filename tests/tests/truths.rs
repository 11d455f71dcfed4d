//! What is planted in demo companies is found, and nothing is claimed where nothing is. A few seeds
//! here; `make bench` draws all of them.

use vocd::demo::Effects;
use vocd_tests::moves;
use vocd_tests::truth::{HELD_OUT, SEEN, Size, driver};

/// Seeds of each half.
const N_SEEDS: u64 = 2;

#[test]
fn planted_drops_are_dated_within_two_weeks() {
    let seen = moves::SEEN.start..moves::SEEN.start + N_SEEDS;
    let held_out = moves::HELD_OUT.start..moves::HELD_OUT.start + N_SEEDS;
    let found = moves::drops(seen.chain(held_out));
    assert!(found.n_drops >= 4, "{found:?}");
    // Nine of ten are found over all seeds; of these few one may be missed by chance.
    assert!(found.n_dated + 1 >= found.n_drops, "{found:?}");
    assert!(found.n_false <= 1, "{found:?}");
}

#[test]
fn nothing_is_claimed_where_nothing_happens() {
    let seen = moves::SEEN.start..moves::SEEN.start + N_SEEDS;
    let held_out = moves::HELD_OUT.start..moves::HELD_OUT.start + N_SEEDS;
    let silence = moves::silence(seen.chain(held_out));
    // One in twenty is said to move by chance: more than two of four are not chance.
    assert!(silence.n_trends <= 2, "{silence:?}");
    assert!(silence.n_shifts <= 1, "{silence:?}");
}

#[test]
fn the_planted_driver_is_first() {
    let found = each_half(|seeds| driver::finds(seeds, Effects::Truths, Size::Demo));
    // Nineteen of twenty; of a few all.
    assert!(20 * (found.n - found.n_first) <= found.n, "{found:?}");
    assert!(
        found.n_led > 0 && 20 * found.n_misled <= found.n,
        "{found:?}"
    );
}

#[test]
fn where_all_drive_alike_nobody_leads_but_by_chance() {
    let found = each_half(|seeds| driver::finds(seeds, Effects::Nothing, Size::Demo));
    assert_eq!(found.n_led, 0);
    // One in twenty, and one more among a few.
    assert!(20 * found.n_misled <= found.n + 20, "{found:?}");
}

/// Looks at some seeds of each half.
fn each_half(of: impl Fn(std::ops::Range<u64>) -> driver::Finds) -> driver::Finds {
    let [seen, held_out] = [SEEN, HELD_OUT].map(|half| of(half.start..half.start + N_SEEDS));
    seen.and(held_out)
}
