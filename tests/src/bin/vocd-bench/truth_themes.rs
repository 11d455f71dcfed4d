//! How often the planted theme of a demo company is found, and how often one is claimed that is not
//! there.

use std::ops::Range;

use vocd_tests::themed::{Claims, planted, still};

use super::print_with_target;

pub(super) fn themes(name: &str, seeds: Range<u64>) {
    let with: Vec<Claims> = seeds.clone().map(planted).collect();
    let without: Vec<Claims> = seeds.map(still).collect();
    let print = |claims: &[Claims], is_meant: fn(&Claims) -> bool, figure: &str, target: &str| {
        share(claims, is_meant, &format!("{figure}_{name}"), target);
    };
    let is_found = |claims: &Claims| claims.is_planted_new || claims.is_planted_more;
    print(
        &with,
        |claims| claims.is_planted_new,
        "themes_found_as_new",
        "most",
    );
    print(&with, is_found, "themes_found", "most");
    print(
        &without,
        |claims| claims.n_new > 0,
        "themes_false_new",
        "about 10 % or less",
    );
    print(
        &without,
        |claims| claims.n_changed > 0,
        "themes_false_change",
        "about 10 % or less",
    );
}

fn share(claims: &[Claims], is_meant: fn(&Claims) -> bool, name: &str, target: &str) {
    let n = claims.iter().filter(|claims| is_meant(claims)).count();
    print_with_target(name, 100.0 * n as f64 / claims.len() as f64, "%", target);
}
