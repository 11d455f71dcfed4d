//! How many planted drops are found in time, and what is claimed where nothing happens.

use std::ops::Range;

use vocd::statistic::real;
use vocd_tests::moves;

use super::{print, print_with_target};

pub(super) fn drops(name: &str, seeds: Range<u64>) {
    let percent = |part: usize, whole: usize| 100.0 * real(part) / real(whole.max(1));
    let n_seeds = real(seeds.clone().count());
    let found = moves::drops(seeds.clone());
    let dated = percent(found.n_dated, found.n_drops);
    print_with_target(&format!("drops_dated_{name}"), dated, "%", ">= 90 %");
    print(
        &format!("moves_false_{name}"),
        real(found.n_false) / n_seeds,
        "a company",
    );
    let silence = moves::silence(seeds);
    let trends = percent(silence.n_trends, silence.n);
    print_with_target(&format!("trends_of_nothing_{name}"), trends, "%", "<= 6 %");
    let shifts = percent(silence.n_shifts, silence.n);
    print_with_target(&format!("moves_of_nothing_{name}"), shifts, "%", "<= 5 %");
}
