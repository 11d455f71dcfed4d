//! How often analyses find what is planted in the demo company, and claim what is not: a list of
//! checks that know nothing of each other, over all seeds. Those that were never looked at are told
//! apart. `VOCD_TRUTH_SEEDS` is another number than the 200 there are.

use std::ops::Range;

use vocd_tests::dice::setting;
use vocd_tests::truth::{HELD_OUT, SEEN};

use super::{truth_driver, truth_drop, truth_themes, truth_training};

/// One check: what the seeds are called, and which they are.
type Check = fn(&str, Range<u64>);

const CHECKS: [Check; 4] = [
    truth_drop::drops,
    truth_driver::drivers,
    truth_training::trainings,
    truth_themes::themes,
];

#[expect(clippy::unnecessary_wraps, reason = "a part of the bench")]
pub(super) fn truths() -> anyhow::Result<()> {
    let half = setting(
        "VOCD_TRUTH_SEEDS",
        SEEN.end - SEEN.start + HELD_OUT.end - HELD_OUT.start,
    ) / 2;
    let some = |seeds: Range<u64>| seeds.start..(seeds.start + half).min(seeds.end);
    for check in CHECKS {
        check("seen", some(SEEN));
        check("held_out", some(HELD_OUT));
    }
    Ok(())
}
