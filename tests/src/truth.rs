//! Whether analyses find what is planted in the demo company, and claim nothing else: over many
//! seeds, each a company of its own.

pub mod driver;

use std::ops::Range;

use jiff::civil::{Date, date};
use vocd::demo::{Company, Effects, Scope};

/// Seeds that were looked at while rules and limits were chosen.
pub const SEEN: Range<u64> = 0..100;
/// Seeds that nothing was or may ever be chosen by: half of all.
pub const HELD_OUT: Range<u64> = 100..200;

/// The year of every company.
const FIRST: Date = date(2025, 11, 1);
const UNTIL: Date = date(2026, 11, 1);

/// How large a company is, in times of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The demo's: about 130 NPS answers a week.
    Demo,
    /// About 550 a week: what figures are told of.
    Told,
}

/// Draws a year of the company of a seed.
///
/// # Panics
/// Never: the scope is within the limits.
#[must_use]
pub fn company(seed: u64, effects: Effects, size: Size) -> Company {
    let n_fold = match size {
        Size::Demo => 1,
        Size::Told => 4,
    };
    let scope = Scope {
        seed,
        first: FIRST,
        until: UNTIL,
        effects,
        n_fold,
    };
    Company::draw(&scope).expect("a scope within the limits")
}
