//! How tickets of a kind are rated, whoever holds them.

use std::collections::BTreeMap;

use super::tally::{Cell, Tally};

/// Fewest ratings that say what to expect of a kind of ticket.
const N_RATINGS_MIN: u64 = 30;

/// The ratings of all tickets by channel and category.
#[derive(Debug, Clone, Default)]
pub(super) struct Strata<'a> {
    both: BTreeMap<(&'a str, &'a str), Tally>,
    category: BTreeMap<&'a str, Tally>,
    channel: BTreeMap<&'a str, Tally>,
    all: Tally,
}

impl<'a> Strata<'a> {
    /// Counts the cells of everybody.
    pub(super) fn new(cells: &[Cell<'a>]) -> Self {
        let mut strata = Self::default();
        for cell in cells {
            let Self {
                both,
                category,
                channel,
                all,
            } = &mut strata;
            for known in [
                both.entry((cell.channel, cell.category)).or_default(),
                category.entry(cell.category).or_default(),
                channel.entry(cell.channel).or_default(),
                all,
            ] {
                *known = [*known, cell.tally].into_iter().sum();
            }
        }
        strata
    }

    /// Returns the share of positive ratings of all; `None` without ratings.
    pub(super) fn rate(&self) -> Option<f64> {
        self.all.rate()
    }

    /// Returns the share to expect of a cell's tickets: that of the narrowest kind with enough
    /// ratings, category before channel.
    pub(super) fn expected(&self, cell: &Cell<'_>) -> f64 {
        let both = self.both.get(&(cell.channel, cell.category));
        let kinds = [
            both,
            self.category.get(cell.category),
            self.channel.get(cell.channel),
        ];
        let known = kinds
            .into_iter()
            .flatten()
            .find(|kind| kind.n() >= N_RATINGS_MIN);
        known.unwrap_or(&self.all).rate().unwrap_or_default()
    }

    /// Returns whether a cell's tickets are measurably rated worse than the rest of all tickets.
    pub(super) fn is_hard(&self, cell: &Cell<'_>) -> bool {
        let Some(kind) = self.both.get(&(cell.channel, cell.category)) else {
            return false;
        };
        let rest = Tally {
            n_positive: self.all.n_positive - kind.n_positive,
            n_negative: self.all.n_negative - kind.n_negative,
        };
        let (Some((_, high)), Some(rest)) = (kind.interval(), rest.rate()) else {
            return false;
        };
        kind.n() >= N_RATINGS_MIN && high < rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell<'a>(channel: &'a str, category: &'a str, n_positive: u64, n: u64) -> Cell<'a> {
        Cell {
            name: "agent",
            channel,
            category,
            tally: Tally {
                n_positive,
                n_negative: n - n_positive,
            },
        }
    }

    #[test]
    fn a_thin_stratum_falls_back_to_category_channel_and_all() {
        let cells = [
            cell("mail", "billing", 15, 30),
            cell("chat", "billing", 6, 10),
            cell("chat", "delivery", 9, 29),
            cell("chat", "praise", 1, 1),
            cell("fax", "delivery", 0, 0),
            cell("fax", "odd", 1, 2),
        ];
        let strata = Strata::new(&cells);
        let expected = cells.map(|cell| strata.expected(&cell));
        let (all, chat) = (32.0 / 72.0, 16.0 / 40.0);
        assert_eq!(expected, [0.5, 21.0 / 40.0, chat, chat, all, all]);
        assert_eq!(strata.expected(&cell("new", "new", 0, 0)), all);
        assert_eq!(Strata::new(&[]).rate(), None);
    }

    #[test]
    fn hard_is_measurably_worse_than_the_rest() {
        let cells = [
            cell("mail", "billing", 20, 40),
            cell("chat", "billing", 160, 200),
            cell("chat", "thin", 0, 29),
            cell("chat", "alike", 78, 100),
        ];
        let strata = Strata::new(&cells);
        assert_eq!(
            cells.map(|cell| strata.is_hard(&cell)),
            [true, false, false, false]
        );
        let only = [cells[0]];
        assert!(!Strata::new(&only).is_hard(&only[0]));
    }
}
