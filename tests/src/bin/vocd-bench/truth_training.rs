//! How often what is told of agents and trainings is true.

use std::ops::Range;

use vocd::demo::Effects;
use vocd_tests::coached;

use super::print_with_target;

/// Measures companies with the planted truths, and companies without any.
pub(super) fn trainings(name: &str, seeds: Range<u64>) {
    let found = coached::coached(seeds.clone(), Effects::Truths);
    let print = |figure: &str, share: f64, target: &str| {
        print_with_target(&format!("{figure}_{name}"), 100.0 * share, "%", target);
    };
    print("trainings_covered", found.coverage(), "90 to 98 %");
    print("unlike_agents_found", found.found(), "in most companies");
    print("alike_agents_apart", found.false_rate(), "<= 2 %");
    let nothing = coached::coached(seeds, Effects::Nothing);
    print("agents_apart_of_nothing", nothing.false_rate(), "<= 0.6 %");
    print(
        "trainings_covered_of_nothing",
        nothing.coverage(),
        "90 to 98 %",
    );
}
