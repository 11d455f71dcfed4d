//! A theme that appears is found, and none is claimed where nothing changes; `make bench` asks all
//! seeds, these tests a few.

use vocd_tests::themed::{Claims, planted, still};

/// Seeds of each test.
const N_SEEDS: u64 = 12;

#[test]
fn the_theme_that_appears_is_among_what_is_new_or_grew() {
    let found: Vec<Claims> = (0..N_SEEDS).map(planted).collect();
    let n_new = found.iter().filter(|claims| claims.is_planted_new).count();
    let is_found = |claims: &&Claims| claims.is_planted_new || claims.is_planted_more;
    let n_found = found.iter().filter(is_found).count();
    assert!(n_new >= 10 && n_found >= 11, "{found:?}");
}

#[test]
fn where_nothing_changes_little_is_claimed() {
    // Of a tenth each, more than four of twelve come up once in two hundred tries.
    let found: Vec<Claims> = (0..N_SEEDS).map(still).collect();
    let n_new = found.iter().filter(|claims| claims.n_new > 0).count();
    let n_changed = found.iter().filter(|claims| claims.n_changed > 0).count();
    assert!(n_new <= 4 && n_changed <= 4, "{found:?}");
}
