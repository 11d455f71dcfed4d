//! A band instead of a rank: above, within or below what is expected.

use std::collections::BTreeMap;
use std::fmt;

use super::case_mix::{CaseMix, case_mix};
use super::comparison::N_PEERS_MIN;
use super::funnel::{Funnel, Place};
use super::tally::{Cell, Tally};

/// Fewest ratings in a period (90 days) that a band rests on.
pub const N_RATINGS_MIN: u64 = 20;

/// Fewest different customers they come from, so that no single one decides.
pub const N_CUSTOMERS_MIN: u64 = 10;

/// How much one agent's ratings of a period rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Ratings.
    pub n_ratings: u64,
    /// Different customers who gave them.
    pub n_customers: u64,
}

impl Volume {
    /// Returns whether anything may be said of the agent.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.n_ratings >= N_RATINGS_MIN && self.n_customers >= N_CUSTOMERS_MIN
    }
}

/// One agent's or team's position in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Place in the funnel after case mix; `None` where there is no funnel to stand in.
    pub place: Option<Place>,
    /// What it rests on.
    pub volume: Volume,
}

/// What is said of one agent or team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Measurably better rated than the same tickets of others.
    Above,
    /// As expected.
    Within,
    /// Measurably worse rated than the same tickets of others.
    Below,
    /// Too few ratings, customers or colleagues.
    NotEnough,
}

impl fmt::Display for Band {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Above => "above expected",
            Self::Within => "within expected",
            Self::Below => "below expected",
            Self::NotEnough => "not enough yet",
        })
    }
}

/// Returns the band of a position, given that of the period just before.
///
/// Outside 99.8 % now, or outside 95 % on the same side twice running: at 95 % alone chance flags
/// somebody in a team of twenty in two periods of three.
#[must_use]
pub fn band(now: &Standing, before: Option<&Standing>) -> Band {
    let known = |standing: &Standing| standing.place.filter(|_| standing.volume.is_enough());
    let Some(place) = known(now) else {
        return Band::NotEnough;
    };
    let before = before.and_then(known).unwrap_or(Place::Inside);
    match (place, before) {
        (Place::FarAbove, _) | (Place::Above, Place::Above | Place::FarAbove) => Band::Above,
        (Place::FarBelow, _) | (Place::Below, Place::Below | Place::FarBelow) => Band::Below,
        _ => Band::Within,
    }
}

/// One period's ratings of everybody, looked at together.
///
/// Of fewer than ten, a single unlike one widens the limits that it is measured against, and may
/// stay within: the room errs towards saying nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Everybody after case mix.
    pub case_mix: CaseMix,
    /// Their funnel.
    pub funnel: Funnel,
    n_customers: BTreeMap<String, u64>,
}

impl Review {
    /// Looks at a period's ratings, and at how many different customers rated each name.
    #[must_use]
    pub fn new(cells: &[Cell<'_>], n_customers: &BTreeMap<String, u64>) -> Self {
        let case_mix = case_mix(cells);
        Self {
            funnel: case_mix.funnel(),
            case_mix,
            n_customers: n_customers.clone(),
        }
    }

    /// Returns how much a name's ratings rest on.
    #[must_use]
    pub fn volume(&self, name: &str) -> Volume {
        let tally = self
            .case_mix
            .peer(name)
            .map_or(Tally::default(), |peer| peer.tally);
        Volume {
            n_ratings: tally.n(),
            n_customers: self.n_customers.get(name).copied().unwrap_or_default(),
        }
    }

    /// Returns a name's position.
    #[must_use]
    pub fn standing(&self, name: &str) -> Standing {
        // Of few, each is a large part of the centre that it would be measured against.
        let is_funnel = self.funnel.placed.len() >= N_PEERS_MIN;
        Standing {
            place: self.funnel.place(name).filter(|_| is_funnel),
            volume: self.volume(name),
        }
    }

    /// Returns the band of everybody with ratings in this period, by name.
    #[must_use]
    pub fn bands(&self, before: Option<&Self>) -> Vec<(String, Band)> {
        let named = |name: &String| {
            let before = before.map(|review| review.standing(name));
            (name.clone(), band(&self.standing(name), before.as_ref()))
        };
        self.case_mix
            .peers
            .iter()
            .map(|peer| named(&peer.name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Volume = Volume {
        n_ratings: 20,
        n_customers: 10,
    };

    fn check(now: Place, before: Option<Place>, expected: Band) {
        let standing = |place| Standing {
            place: Some(place),
            volume: ENOUGH,
        };
        let before = before.map(standing);
        assert_eq!(
            band(&standing(now), before.as_ref()),
            expected,
            "{now:?} after {before:?}"
        );
    }

    #[test]
    fn once_far_out_or_twice_out_on_one_side() {
        check(Place::FarBelow, None, Band::Below);
        check(Place::FarAbove, Some(Place::Below), Band::Above);
        check(Place::Below, None, Band::Within);
        check(Place::Below, Some(Place::Inside), Band::Within);
        check(Place::Below, Some(Place::Above), Band::Within);
        check(Place::Below, Some(Place::Below), Band::Below);
        check(Place::Below, Some(Place::FarBelow), Band::Below);
        check(Place::Above, Some(Place::Above), Band::Above);
        check(Place::Inside, Some(Place::FarBelow), Band::Within);
    }

    #[test]
    fn thin_volume_says_nothing_now_and_counts_for_nothing_before() {
        let thin = [
            Volume {
                n_ratings: 19,
                n_customers: 19,
            },
            Volume {
                n_ratings: 500,
                n_customers: 9,
            },
        ];
        let enough = Standing {
            place: Some(Place::Below),
            volume: ENOUGH,
        };
        for volume in thin {
            let thin = Standing {
                place: Some(Place::FarBelow),
                volume,
            };
            assert_eq!(band(&thin, Some(&enough)), Band::NotEnough);
            assert_eq!(band(&enough, Some(&thin)), Band::Within);
        }
        let nowhere = Standing {
            place: None,
            volume: ENOUGH,
        };
        assert_eq!(band(&nowhere, None), Band::NotEnough);
    }

    fn review(shares: &[(&'static str, u64, u64)]) -> Review {
        let cell = |(name, n_positive, n_negative): &(&'static str, u64, u64)| Cell {
            name,
            channel: "mail",
            category: "billing",
            tally: Tally {
                n_positive: *n_positive,
                n_negative: *n_negative,
            },
        };
        let cells: Vec<Cell<'_>> = shares.iter().map(cell).collect();
        let persons = shares
            .iter()
            .map(|(name, ..)| ((*name).to_owned(), 10))
            .collect();
        Review::new(&cells, &persons)
    }

    #[test]
    fn a_review_names_bands_and_no_order() {
        let now = [
            ("j", 160, 40),
            ("i", 157, 43),
            ("h", 163, 37),
            ("g", 164, 36),
            ("e", 161, 39),
            ("d", 120, 80),
            ("c", 156, 44),
            ("b", 162, 38),
            ("a", 158, 42),
            ("f", 9, 1),
            ("k", 159, 41),
        ];
        let told = |bands: Vec<(String, Band)>| -> Vec<(String, Band)> {
            let is_told = |(_, band): &(String, Band)| *band != Band::Within;
            bands.into_iter().filter(is_told).collect()
        };
        let bands = review(&now).bands(None);
        assert!(bands.is_sorted_by(|(a, _), (b, _)| a < b));
        let expected = [("d", Band::Below), ("f", Band::NotEnough)];
        assert_eq!(
            told(bands),
            expected.map(|(name, band)| (name.to_owned(), band))
        );
        let few = review(&now[..4]);
        assert!(
            few.bands(Some(&few))
                .iter()
                .all(|(_, band)| *band == Band::NotEnough)
        );
        assert_eq!(few.volume("nobody"), Volume::default());
    }
}
