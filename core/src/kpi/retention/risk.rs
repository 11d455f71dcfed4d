//! Revenue at risk: what customers pay, by what they last answered, and how long such customers
//! stay.

use super::ledger::Customer;
use super::survival::{Curve, Life};
use crate::plan::Stance;
use crate::statistic::Proportion;

/// Classes of answers, from detractors to promoters.
pub(super) const CLASSES: [&str; 3] = ["detractors", "passives", "promoters"];
/// Fewest customers of a group on its own; a smaller one is pooled with its neighbour.
const GROUP_MIN: u64 = 20;

/// What is known of one customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Voice {
    /// Class of its last answer, where that is recent and it is still a customer.
    pub(super) class: Option<usize>,
    /// What it pays a month, in ten-thousandths.
    pub(super) revenue: i128,
    /// By class: how it was observed from its first answer of the class on.
    pub(super) lives: [Option<Observed>; CLASSES.len()],
}

/// A stay that is followed from one answer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) since_us: i64,
    pub(super) life: Life,
}

/// Customers of one class, or of several that are pooled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// First and last class.
    pub(super) classes: (usize, usize),
    pub(super) n: u64,
    pub(super) revenue: i128,
    pub(super) curve: Curve,
}

/// Returns the class of an NPS score.
pub(super) fn class_of(score: f64) -> usize {
    match score {
        promoter if promoter >= 9.0 => 2,
        passive if passive >= 7.0 => 1,
        _ => 0,
    }
}

/// Returns the answers of a customer; `stances` are sorted by customer, then time.
pub(super) fn answers_of<'a>(stances: &'a [Stance], customer: Customer<'_>) -> &'a [Stance] {
    let number = customer.periods[0].customer;
    let first = stances.partition_point(|stance| stance.customer < number);
    let after = stances.partition_point(|stance| stance.customer <= number);
    &stances[first..after]
}

impl Group {
    /// Groups customers by class; a group of fewer than 20 is pooled with its neighbour, the one
    /// below it where there are two.
    pub(super) fn all(voices: &[Voice]) -> Vec<Self> {
        let size = |classes: (usize, usize)| {
            let own = voices.iter().filter_map(|voice| voice.class);
            own.filter(|class| (classes.0..=classes.1).contains(class))
                .count() as u64
        };
        let mut ranges: Vec<(usize, usize)> =
            (0..CLASSES.len()).map(|class| (class, class)).collect();
        while let Some(small) = ranges.iter().position(|range| size(*range) < GROUP_MIN)
            && ranges.len() > 1
        {
            let lower = small.saturating_sub(1);
            ranges[lower].1 = ranges.remove(lower + 1).1;
        }
        ranges
            .into_iter()
            .map(|range| Self::new(voices, range))
            .collect()
    }

    fn new(voices: &[Voice], classes: (usize, usize)) -> Self {
        let is_own = |voice: &&Voice| {
            voice
                .class
                .is_some_and(|class| (classes.0..=classes.1).contains(&class))
        };
        let own = || voices.iter().filter(is_own);
        // One stay a customer, also where classes are pooled: the one that began first.
        let lives: Vec<Life> = voices
            .iter()
            .filter_map(|voice| {
                let stays = voice.lives[classes.0..=classes.1].iter().flatten();
                stays.min_by_key(|stay| stay.since_us).map(|stay| stay.life)
            })
            .collect();
        Self {
            classes,
            n: own().count() as u64,
            revenue: own().map(|voice| voice.revenue).sum(),
            curve: Curve::new(&lives),
        }
    }

    /// Returns the share that leaves within so many days, with its interval; `None` where too few
    /// were followed for so long.
    pub(super) fn leaving(&self, days: i32) -> Option<(f64, (f64, f64))> {
        let survived = self.curve.at(days)?;
        let share = survived.share;
        let (low, high) = survived.band.or_else(|| {
            // Where all stay, or none, those followed to the end tell how sure that is.
            let n = crate::kpi::interval::real(self.curve.n_at_risk(days));
            Some(Proportion::new(share * n, n, n)?.interval())
        })?;
        Some((1.0 - share, (1.0 - high, 1.0 - low)))
    }

    /// Returns the name of the group.
    pub(super) fn name(&self) -> String {
        CLASSES[self.classes.0..=self.classes.1].join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(class: usize, days: i32, is_ended: bool) -> Voice {
        let mut lives = [None; CLASSES.len()];
        lives[class] = Some(Observed {
            since_us: 0,
            life: Life {
                entry: -1,
                days,
                is_ended,
            },
        });
        Voice {
            class: (!is_ended).then_some(class),
            revenue: 10,
            lives,
        }
    }

    fn check(sizes: [usize; 3], expected: &[((usize, usize), u64)]) {
        let voices: Vec<Voice> = sizes
            .into_iter()
            .enumerate()
            .flat_map(|(class, size)| vec![voice(class, 400, false); size])
            .collect();
        let groups: Vec<((usize, usize), u64)> = Group::all(&voices)
            .iter()
            .map(|group| (group.classes, group.n))
            .collect();
        assert_eq!(groups, expected, "{sizes:?}");
    }

    #[test]
    fn small_groups_are_pooled_with_their_neighbour() {
        check([20, 20, 20], &[((0, 0), 20), ((1, 1), 20), ((2, 2), 20)]);
        check([19, 20, 20], &[((0, 1), 39), ((2, 2), 20)]);
        check([20, 19, 20], &[((0, 1), 39), ((2, 2), 20)]);
        check([20, 20, 19], &[((0, 0), 20), ((1, 2), 39)]);
        check([3, 4, 50], &[((0, 2), 57)]);
        check([3, 50, 4], &[((0, 2), 57)]);
        check([0, 0, 3], &[((0, 2), 3)]);
        check([0, 0, 0], &[((0, 2), 0)]);
    }

    #[test]
    fn scores_are_classed_without_gaps() {
        let found = [0.0, 6.0, 6.5, 7.0, 8.5, 9.0, 10.0].map(class_of);
        assert_eq!(found, [0, 0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn who_left_tells_how_long_such_customers_stay() {
        let mut voices = vec![voice(0, 400, false); 30];
        voices.extend(vec![voice(0, 100, true); 10]);
        voices.extend(vec![voice(2, 400, false); 30]);
        let groups = Group::all(&voices);
        // No passives: they are one with the detractors.
        assert_eq!(groups[0].name(), "detractors and passives");
        assert_eq!((groups[0].n, groups[0].revenue), (30, 300));
        let (leaving, (low, high)) = groups[0].leaving(365).expect("followed");
        assert!((leaving - 0.25).abs() < 1e-12);
        assert!(low < 0.25 && 0.25 < high);
        let (none, (low, high)) = groups[1].leaving(365).expect("followed");
        assert_eq!((none, low), (0.0, 0.0));
        // Thirty that all stayed leave doubt.
        assert!(high > 0.1, "{high}");
        assert_eq!(groups[1].leaving(500), None);
    }

    #[test]
    fn a_customer_counts_once_where_classes_are_pooled() {
        let mut both = voice(0, 400, false);
        both.lives[1] = Some(Observed {
            since_us: -5,
            life: Life {
                entry: -1,
                days: 450,
                is_ended: false,
            },
        });
        let groups = Group::all(&vec![both; 7]);
        assert_eq!((groups.len(), groups[0].curve.n), (1, 7));
        assert_eq!(groups[0].curve.last_day, Some(450));
    }
}
