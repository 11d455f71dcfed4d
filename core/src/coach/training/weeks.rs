//! Each agent's weeks, beside what anybody's tickets of the same kinds get over all the weeks.

use std::collections::BTreeMap;

use super::super::case_mix::{Sums, sums_by};
use super::super::strata::Strata;
use super::super::tally::Cell;
use super::Week;

/// The ratings of one agent in one stratum of tickets in one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekCell<'a> {
    /// Number of the week on a count without gaps.
    pub week: i32,
    /// The ratings.
    pub cell: Cell<'a>,
}

/// Returns the weeks of every agent with ratings, by name and in order.
///
/// What to expect of a kind of ticket is that of all the weeks together: one week's ratings of it
/// are too few, and a yardstick that moves from week to week would hide what a week changed.
#[must_use]
pub fn weeks(cells: &[WeekCell<'_>]) -> BTreeMap<String, Vec<Week>> {
    let all: Vec<Cell<'_>> = cells.iter().map(|one| one.cell).collect();
    let strata = Strata::new(&all);
    let keyed = cells
        .iter()
        .map(|one| ((one.cell.name, one.week), one.cell));
    let mut weeks: BTreeMap<String, Vec<Week>> = BTreeMap::new();
    for ((name, week), sums) in sums_by(&strata, keyed) {
        weeks
            .entry(name.to_owned())
            .or_default()
            .push(of(week, &sums));
    }
    weeks
}

fn of(week: i32, sums: &Sums) -> Week {
    Week {
        week,
        difference: sums.measured().effect,
        n_ratings: sums.n(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tally::Tally;
    use super::*;

    fn cell<'a>(
        week: i32,
        name: &'a str,
        category: &'a str,
        n_positive: u64,
        n: u64,
    ) -> WeekCell<'a> {
        let tally = Tally {
            n_positive,
            n_negative: n - n_positive,
        };
        WeekCell {
            week,
            cell: Cell {
                name,
                channel: "mail",
                category,
                tally,
            },
        }
    }

    #[test]
    fn harder_tickets_are_no_worse_week() {
        let cells = [
            cell(2, "ann", "hard", 20, 40),
            cell(1, "ann", "easy", 36, 40),
            cell(1, "ben", "easy", 38, 40),
            cell(2, "ben", "easy", 34, 40),
            cell(2, "ben", "easy", 0, 0),
            cell(3, "ben", "easy", 0, 0),
        ];
        let found = weeks(&cells);
        let named: Vec<&String> = found.keys().collect();
        assert_eq!(named, ["ann", "ben"]);
        // Easy tickets go well at 108 of 120, hard ones at 20 of 40.
        let close = |week: &Week, number: i32, difference: f64| {
            assert_eq!((week.week, week.n_ratings), (number, 40.0));
            assert!((week.difference - difference).abs() < 1e-12, "{week:?}");
        };
        assert_eq!((found["ann"].len(), found["ben"].len()), (2, 2));
        close(&found["ann"][0], 1, 0.0);
        close(&found["ann"][1], 2, 0.0);
        close(&found["ben"][0], 1, 0.05);
        close(&found["ben"][1], 2, -0.05);
        assert!(weeks(&[]).is_empty());
    }
}
