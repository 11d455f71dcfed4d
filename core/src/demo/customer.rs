//! The customers: who joins when, what they are, and when they grow. Kind `customer`.

use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::contract::{self, Period};
use crate::demo::dice::{Dice, Stream};
use crate::demo::sheet::Rows;
use crate::demo::world::World;

/// The company's first day (2015-01-01).
const FOUNDED: Day = Day(16_436);
/// Customers that join in a hundred days: 4,000 of them by the end of 2026.
const JOINS_IN_100_DAYS: i64 = 92;
/// Share of customers that grow into the next segment.
const GROWING_SHARE: f64 = 0.15;

/// How large a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment {
    SmallBusiness,
    MidMarket,
    Enterprise,
}

impl Segment {
    pub(super) const ALL: [Self; 3] = [Self::SmallBusiness, Self::MidMarket, Self::Enterprise];

    /// Name in records.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SmallBusiness => "small business",
            Self::MidMarket => "mid-market",
            Self::Enterprise => "enterprise",
        }
    }

    /// Name of the plan they buy.
    pub(super) const fn plan(self) -> &'static str {
        match self {
            Self::SmallBusiness => "basic",
            Self::MidMarket => "plus",
            Self::Enterprise => "premium",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::SmallBusiness => Self::MidMarket,
            Self::MidMarket | Self::Enterprise => Self::Enterprise,
        }
    }
}

/// One customer.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    /// Position, from 0, by joining.
    pub(super) idx: u64,
    /// Day of joining.
    pub(super) joined: Day,
    /// Whether they answer in German.
    pub(super) is_german: bool,
    /// What makes them kinder or harder than others, a bell of deviation 1.
    pub(super) temper: f64,
    survey_lot: u64,
    /// When they grow into the next segment, if ever.
    pub(super) grows: Option<Day>,
    segment: Segment,
    industry: &'static str,
    region: &'static str,
    name: String,
}

impl Customer {
    /// Position in the list of all.
    pub(super) fn position(&self) -> usize {
        usize::try_from(self.idx).expect("a few thousand")
    }

    /// Place in a cycle of so many surveys.
    pub(super) fn survey_slot(&self, n_slots: usize) -> usize {
        usize::try_from(self.survey_lot % n_slots as u64).expect("below a length")
    }

    /// Record id.
    fn id(&self) -> String {
        format!("C{:05}", self.idx)
    }

    /// Language of their answers, as records name it.
    pub(super) const fn language(&self) -> &'static str {
        if self.is_german { "de" } else { "en" }
    }

    /// Segment on a day.
    pub(super) fn segment(&self, day: Day) -> Segment {
        match self.grows {
            Some(grows) if grows <= day => self.segment.next(),
            _ => self.segment,
        }
    }
}

/// All customers up to a day.
#[derive(Debug)]
pub(super) struct Customers {
    all: Vec<Customer>,
    /// What each one pays, by position.
    periods: Vec<Vec<Period>>,
    end: Day,
}

impl Customers {
    /// Computes the customers that joined before `end`.
    pub(super) fn until(world: &World, end: Day) -> Self {
        let mut all = Vec::new();
        let mut day = FOUNDED;
        while day < end {
            for _ in n_joined(world, day)..n_joined(world, day.after()) {
                all.push(customer(world.dice(), all.len() as u64, day));
            }
            day = day.after();
        }
        let periods = all.iter().map(|one| contract::periods(world, one, end));
        Self {
            periods: periods.collect(),
            all,
            end,
        }
    }

    /// Price periods of a customer, in their order.
    pub(super) fn periods(&self, customer: &Customer) -> &[Period] {
        &self.periods[customer.position()]
    }

    /// Whether a customer has a contract on a day.
    pub(super) fn is_active(&self, customer: &Customer, day: Day) -> bool {
        let mut periods = self.periods(customer).iter();
        periods.any(|period| period.covers(day))
    }

    /// Customers in the order of joining.
    pub(super) fn all(&self) -> &[Customer] {
        &self.all
    }

    /// Customers that had joined before a day.
    pub(super) fn joined_before(&self, day: Day) -> &[Customer] {
        let n_customers = self.all.partition_point(|customer| customer.joined < day);
        &self.all[..n_customers]
    }

    /// Writes joins and growth in the order they happened.
    pub(super) fn rows(&self) -> Rows {
        let columns = [
            "id",
            "updated_at",
            "name",
            "segment",
            "industry",
            "region",
            "plan",
            "first_seen_at",
        ];
        let mut rows = Rows::new("customer", &columns);
        let joins = self.all.iter().map(|customer| (customer.joined, customer));
        let growth = self
            .all
            .iter()
            .filter_map(|customer| Some((customer.grows?, customer)));
        let mut changes: Vec<_> = joins
            .chain(growth)
            .filter(|(day, _)| *day < self.end)
            .collect();
        changes.sort_by_key(|(day, customer)| (*day, customer.idx));
        for (day, customer) in changes {
            let moment = |day| Moment {
                day,
                second: 8 * HOUR_S,
            };
            let (updated_at, seen) = (moment(day).to_string(), moment(customer.joined).to_string());
            let segment = customer.segment(day);
            rows.push(&[
                &customer.id(),
                &updated_at,
                &customer.name,
                segment.name(),
                customer.industry,
                customer.region,
                segment.plan(),
                &seen,
            ]);
        }
        rows
    }
}

/// Reference to a customer from another source.
pub(super) fn reference(customer_idx: usize) -> String {
    format!("{}/C{customer_idx:05}", super::site::CRM_SOURCE)
}

fn n_joined(world: &World, day: Day) -> i64 {
    (day.0 - FOUNDED.0) * JOINS_IN_100_DAYS * i64::from(world.n_fold()) / 100
}

fn customer(dice: Dice, idx: u64, joined: Day) -> Customer {
    const SEGMENTS: [(f64, Segment); 3] = [
        (0.58, Segment::SmallBusiness),
        (0.30, Segment::MidMarket),
        (0.12, Segment::Enterprise),
    ];
    const REGIONS: [(f64, &str); 5] = [
        (0.38, "DACH"),
        (0.24, "UK and Ireland"),
        (0.16, "Nordics"),
        (0.12, "Benelux"),
        (0.10, "North America"),
    ];
    const INDUSTRIES: [&str; 6] = [
        "retail",
        "logistics",
        "manufacturing",
        "hospitality",
        "health",
        "software",
    ];
    const FIRST: [&str; 16] = [
        "Amber", "Birch", "Cedar", "Delta", "Elm", "Fjord", "Granite", "Harbour", "Juniper",
        "Lagoon", "Maple", "North", "Orchard", "Quarry", "River", "Summit",
    ];
    const SECOND: [&str; 12] = [
        "Bakeries", "Clinics", "Foods", "Freight", "Hotels", "Labs", "Machines", "Markets",
        "Mills", "Software", "Textiles", "Tools",
    ];
    let mut cast = dice.cast(Stream::Customer, 0, idx);
    let segment = *cast.weighted(&SEGMENTS);
    let region = *cast.weighted(&REGIONS);
    let grows_after = 400 + i64::try_from(cast.below(1_000)).expect("below 1,000");
    let is_growing = cast.happens(GROWING_SHARE) && segment != Segment::Enterprise;
    Customer {
        idx,
        joined,
        is_german: cast.happens(if region == "DACH" { 0.85 } else { 0.03 }),
        temper: cast.bell(),
        survey_lot: cast.bits(),
        segment,
        grows: is_growing.then(|| Day(joined.0 + grows_after)),
        industry: cast.pick::<&str>(&INDUSTRIES),
        region,
        name: format!("{} {} {idx}", cast.pick(&FIRST), cast.pick(&SECOND)),
    }
}
