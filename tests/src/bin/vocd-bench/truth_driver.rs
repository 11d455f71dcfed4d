//! How often the planted driver is first, and how often one is called so where all are alike.

use std::ops::Range;

use vocd::demo::Effects;
use vocd_tests::truth::{Size, driver};

use super::print_with_target;

pub(super) fn drivers(name: &str, seeds: Range<u64>) {
    let percent = |what: &str, part: u32, whole: u32, target: &str| {
        let share = 100.0 * f64::from(part) / f64::from(whole.max(1));
        print_with_target(&format!("driver_{what}_{name}"), share, "%", target);
    };
    let found = driver::finds(seeds.clone(), Effects::Truths, Size::Told);
    percent("first", found.n_first, found.n, ">= 95 %");
    percent("leads", found.n_led, found.n, "as often as can be sure");
    percent("misleads", found.n_misled, found.n, "0 %");
    let alike = driver::finds(seeds, Effects::Nothing, Size::Told);
    percent("leads_of_nothing", alike.n_misled, alike.n, "<= 5 %");
}
