//! The planted drops of demo companies are found, and nothing is claimed where nothing happens. A few
//! seeds here; `make bench` draws all of them.

use vocd_tests::moves;

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
