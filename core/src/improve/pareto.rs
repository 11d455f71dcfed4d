//! The vital few: which reasons most tickets or reviews give, and which became more or fewer.

use crate::statistic::{Difference, Proportion, real};

use super::estimate::Estimate;
use super::find::finds;

/// Share of all mentions that the vital few give together.
const VITAL_SHARE: f64 = 0.8;

/// Fewest items in each period for a change to be tested.
const ITEMS_MIN: u64 = 20;

/// One reason and how many items give it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason<'a> {
    /// How it is called.
    pub name: &'a str,
    /// Items of the period that give it.
    pub n: u64,
    /// Items of the period before that give it.
    pub n_before: u64,
}

/// Tickets or reviews, with a reason or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Items {
    /// Those of the period.
    pub n: u64,
    /// Those of the comparable period before; `None` where there is none.
    pub n_before: Option<u64>,
}

/// Reasons by how often they are given.
#[derive(Debug, Clone, PartialEq)]
pub struct Pareto {
    /// The commonest first, those alike by name; reasons that nobody gives now or gave before are
    /// left out.
    pub bars: Vec<Bar>,
    /// How many bars from the first are the vital few; 0 where there is no such few.
    pub n_vital: usize,
    /// All reasons given, several of an item counted each.
    pub n_mentions: u64,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// How it is called.
    pub name: String,
    /// Items that give it.
    pub n: u64,
    /// Share of all items, 0..=1.
    pub share: Estimate,
    /// Share of all mentions that this bar and those before it are, 0..=1.
    pub cumulative: f64,
    /// Its share minus that of the period before; `None` where that is not tested.
    pub change: Option<Difference>,
    /// It surely changed, given that all reasons are looked at.
    pub is_find: bool,
}

/// Returns reasons by how often items give them; an item may give several.
///
/// The vital few are the shortest head of the list with 80 % of all mentions, bars as high as its
/// last included, if that is no more than half of the bars with any: else nothing stands out.
///
/// # Panics
/// When more items give a reason than there are.
///
/// # Source
/// Juran's rule of the vital few; shares: Wilson 1927; change: Newcombe 1998, N−1 chi-square.
#[must_use]
pub fn pareto(reasons: &[Reason<'_>], items: Items) -> Pareto {
    let was_given = |reason: &Reason<'_>| items.n_before.is_some() && reason.n_before > 0;
    let is_given = |reason: &&Reason<'_>| reason.n > 0 || was_given(reason);
    let mut given: Vec<&Reason<'_>> = reasons.iter().filter(is_given).collect();
    given.sort_by(|one, other| other.n.cmp(&one.n).then_with(|| one.name.cmp(other.name)));
    let n_mentions: u64 = given.iter().map(|reason| reason.n).sum();
    let mut n_counted = 0;
    let mut bars: Vec<Bar> = given
        .iter()
        .map(|reason| {
            n_counted += reason.n;
            bar(reason, items, ratio(n_counted, n_mentions))
        })
        .collect();
    let changes: Vec<Option<Difference>> = bars.iter().map(|bar| bar.change).collect();
    for (bar, is_find) in bars.iter_mut().zip(finds(&changes)) {
        bar.is_find = is_find;
    }
    Pareto {
        n_vital: n_vital(&bars),
        bars,
        n_mentions,
    }
}

fn bar(reason: &Reason<'_>, items: Items, cumulative: f64) -> Bar {
    let now = share(reason.n, items.n);
    let before = items
        .n_before
        .filter(|n_before| items.n.min(*n_before) >= ITEMS_MIN)
        .and_then(|n_before| share(reason.n_before, n_before));
    let (low, high) = now.map_or((0.0, 1.0), Proportion::interval);
    Bar {
        name: reason.name.to_owned(),
        n: reason.n,
        share: Estimate {
            value: ratio(reason.n, items.n),
            low,
            high,
        },
        cumulative,
        change: now.zip(before).map(|(now, before)| now.difference(before)),
        is_find: false,
    }
}

fn n_vital(bars: &[Bar]) -> usize {
    let reaches = |bar: &Bar| bar.cumulative >= VITAL_SHARE;
    let Some(last) = bars.iter().find(|bar| reaches(bar)) else {
        return 0;
    };
    let n = bars.iter().filter(|bar| bar.n >= last.n).count();
    let n_given = bars.iter().filter(|bar| bar.n > 0).count();
    match 2 * n <= n_given {
        true => n,
        false => 0,
    }
}

fn share(n: u64, n_all: u64) -> Option<Proportion> {
    assert!(n <= n_all, "no more items with a reason than items");
    Proportion::new(counted(n), counted(n_all), counted(n_all))
}

fn ratio(n: u64, n_all: u64) -> f64 {
    match n_all {
        0 => 0.0,
        n_all => counted(n) / counted(n_all),
    }
}

fn counted(n: u64) -> f64 {
    real(usize::try_from(n).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
