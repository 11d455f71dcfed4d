//! How often analyses find what is planted in the demo company, and claim what is not: a list of
//! checks that know nothing of each other, over all seeds. Those that were never looked at are told
//! apart.

use std::ops::Range;

use vocd_tests::truth::{HELD_OUT, SEEN};

use super::{truth_driver, truth_drop};

/// One check: what the seeds are called, and which they are.
type Check = fn(&str, Range<u64>);

const CHECKS: [Check; 2] = [truth_drop::drops, truth_driver::drivers];

#[expect(clippy::unnecessary_wraps, reason = "a part of the bench")]
pub(super) fn truths() -> anyhow::Result<()> {
    for check in CHECKS {
        check("seen", SEEN);
        check("held_out", HELD_OUT);
    }
    Ok(())
}
