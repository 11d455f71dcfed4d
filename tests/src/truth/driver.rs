//! The strongest driver, and who is called so where all drive alike.

use std::ops::Range;

use vocd::demo::{Company, Effects};
use vocd::improve::{self, Attribute, Drivers, Ratings};

use super::{Size, company};

/// What was found over some seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finds {
    /// Seeds.
    pub n: u32,
    /// With the planted driver first.
    pub n_first: u32,
    /// With the planted driver called the leader, surely the first.
    pub n_led: u32,
    /// With another one called so.
    pub n_misled: u32,
}

impl Finds {
    /// Returns what was found over the seeds of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            n_first: self.n_first + other.n_first,
            n_led: self.n_led + other.n_led,
            n_misled: self.n_misled + other.n_misled,
        }
    }
}

/// Looks for the strongest driver of each seed.
#[must_use]
pub fn finds(seeds: Range<u64>, effects: Effects, size: Size) -> Finds {
    let mut finds = Finds::default();
    for seed in seeds {
        let company = company(seed, effects, size);
        let found = drivers(&company, seed);
        let planted = company.truths.driver.map(|driver| driver.driver);
        let first = found.drivers.first().map(|driver| driver.name.as_str());
        let leader = found.leader().map(|driver| driver.name.as_str());
        finds.n += 1;
        finds.n_first += u32::from(planted.is_some() && first == planted);
        finds.n_led += u32::from(planted.is_some() && leader == planted);
        finds.n_misled += u32::from(leader.is_some() && leader != planted);
    }
    finds
}

/// Weighs the drivers of all who rated every one.
fn drivers(company: &Company, seed: u64) -> Drivers {
    let rated: Vec<_> = company.rated().collect();
    let outcome: Vec<Option<f64>> = (rated.iter())
        .map(|one| Some(f64::from(one.recommend)))
        .collect();
    let persons: Vec<u64> = rated.iter().map(|one| one.customer).collect();
    let column = |at: usize| -> Vec<Option<f64>> {
        let ratings = rated.iter().map(|one| Some(f64::from(one.ratings[at])));
        ratings.collect()
    };
    let names = Company::drivers();
    let columns: Vec<Vec<Option<f64>>> = (0..names.len()).map(column).collect();
    let attributes: Vec<Attribute<'_>> = (names.iter().zip(&columns))
        .map(|(name, ratings)| Attribute {
            name,
            ratings,
            is_lower_better: false,
        })
        .collect();
    let ratings = Ratings {
        outcome: &outcome,
        persons: &persons,
        attributes: &attributes,
    };
    improve::drivers(&ratings, seed, &|| false).expect("hundreds rate every driver")
}
