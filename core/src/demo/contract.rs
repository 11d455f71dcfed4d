//! What customers pay, when they leave and who comes back. Kind `subscription`: one price period a
//! row, written again when it ends.

use jiff::civil::date;

use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::customer::{self, Customer, Customers, Segment};
use crate::demo::dice::{Cast, Stream};
use crate::demo::occurrence;
use crate::demo::sheet::Rows;
use crate::demo::world::World;

/// Days in which a contract meets at most one chance of ending or changing.
const QUARTER_DAYS: i64 = 91;
/// Quarters of a new contract, in which it ends more easily.
const YOUNG_QUARTERS: i64 = 4;
/// Shares of quarters in which a customer buys more, and less.
const EXPANDING_SHARE: f64 = 0.05;
const SHRINKING_SHARE: f64 = 0.02;
/// Share of older contracts that the new prices of February reach.
const REPRICED_SHARE: f64 = 0.25;
/// Share of customers that come back after leaving.
const RETURNING_SHARE: f64 = 0.15;
/// What one unit of a customer's temper takes from their chance of leaving: the kind ones stay.
const TEMPER_EFFECT: f64 = 0.3;
/// Days after an outage in which customers leave more easily, and how much more.
const OUTAGE_DAYS: i64 = 60;
const OUTAGE_EFFECT: f64 = 0.8;

/// Prices are in one currency.
const CURRENCY: &str = "EUR";

/// One price of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    /// Position of the contract among those of its customer, from 1.
    contract: u64,
    started: Moment,
    ended: Option<Moment>,
    mrr_cents: u64,
    plan: &'static str,
}

impl Period {
    /// Whether a day lies in it.
    pub(super) fn covers(&self, day: Day) -> bool {
        self.started.day <= day && self.ended.is_none_or(|ended| day < ended.day)
    }

    fn contract_id(&self, customer: &Customer) -> String {
        format!("S{:05}-{}", customer.idx, self.contract)
    }
}

/// What happens to a contract in a quarter.
enum Fate {
    Nothing,
    Ends,
    /// A new price in thousandths of the old one.
    Repriced(u64),
}

/// Computes the periods of a customer that began before `end`.
pub(super) fn periods(world: &World, customer: &Customer, end: Day) -> Vec<Period> {
    let mut life = Life {
        world,
        customer,
        end,
        periods: Vec::new(),
    };
    let mut started = Some(Moment {
        day: customer.joined,
        second: 9 * HOUR_S,
    });
    let mut contract = 0;
    while let Some(start) = started.filter(|start| start.day < end) {
        contract += 1;
        started = life.run(contract, start);
    }
    life.periods
}

/// The contracts of one customer as they come.
struct Life<'c> {
    world: &'c World,
    customer: &'c Customer,
    end: Day,
    periods: Vec<Period>,
}

impl Life<'_> {
    /// Adds one contract; returns when the next one starts, if it ended and there is one.
    fn run(&mut self, contract: u64, started: Moment) -> Option<Moment> {
        let mut cast = self.cast(contract, u64::MAX);
        self.periods.push(Period {
            contract,
            started,
            ended: None,
            mrr_cents: list_price(&mut cast, self.customer.segment(started.day)),
            plan: self.customer.segment(started.day).plan(),
        });
        let mut n_quarters = 0;
        loop {
            let first = Day(started.day.0 + n_quarters * QUARTER_DAYS);
            if first >= self.end {
                return None;
            }
            let mut cast = self.cast(contract, u64::try_from(n_quarters).expect("not negative"));
            let fate = self.fate(&mut cast, first, n_quarters);
            let day = Day(first.0 + 1 + n_days(&mut cast, 89));
            if let Fate::Ends = fate {
                return self.end_contract(&mut cast, first, day);
            }
            let grows = self.grow(&mut cast, first, Day(first.0 + QUARTER_DAYS));
            match fate {
                // One change a quarter, so that a later one never takes back an earlier one.
                _ if grows => {}
                Fate::Repriced(permille) => self.reprice(day, permille, None),
                Fate::Nothing if n_quarters >= YOUNG_QUARTERS && self.world.has_seasons() => {
                    self.new_prices(&mut cast, first);
                }
                Fate::Nothing | Fate::Ends => {}
            }
            n_quarters += 1;
        }
    }

    fn cast(&self, contract: u64, part: u64) -> Cast {
        let customer = i64::try_from(self.customer.idx).expect("a few thousand");
        let part = part.wrapping_mul(16).wrapping_add(contract);
        self.world.dice().cast(Stream::Contract, customer, part)
    }

    fn fate(&self, cast: &mut Cast, first: Day, n_quarters: i64) -> Fate {
        let leaving = self.world.leaving_share(self.customer.segment(first));
        let age = match n_quarters {
            0 => 0.3,
            1..=YOUNG_QUARTERS => 1.4,
            _ => 0.8,
        };
        let temper = (1.0 - TEMPER_EFFECT * self.customer.temper).max(0.2);
        let outage = if self.is_hit(first) {
            1.0 + OUTAGE_EFFECT
        } else {
            1.0
        };
        let leaving = leaving * age * temper * outage;
        let share = cast.share();
        if share < leaving {
            Fate::Ends
        } else if share < leaving + EXPANDING_SHARE {
            Fate::Repriced(1_080 + cast.below(320))
        } else if share < leaving + EXPANDING_SHARE + SHRINKING_SHARE {
            Fate::Repriced(650 + cast.below(300))
        } else {
            Fate::Nothing
        }
    }

    /// Whether an outage is not forgotten yet.
    fn is_hit(&self, day: Day) -> bool {
        self.world.has_seasons()
            && occurrence::outages(self.world.dice(), day)
                .iter()
                .any(|outage| (0..OUTAGE_DAYS).contains(&(day.0 - outage.day.0)))
    }

    fn end_contract(&mut self, cast: &mut Cast, first: Day, day: Day) -> Option<Moment> {
        self.grow(cast, first, day);
        if day >= self.end {
            return None;
        }
        let ended = Moment {
            day,
            second: 15 * HOUR_S,
        };
        self.close(ended);
        cast.happens(RETURNING_SHARE).then(|| Moment {
            day: Day(day.0 + 60 + n_days(cast, 300)),
            second: 9 * HOUR_S,
        })
    }

    /// Moves a customer that grows in these days to their new plan, at the instant the CRM says so;
    /// returns whether they grow.
    fn grow(&mut self, cast: &mut Cast, from: Day, to: Day) -> bool {
        let permille = 1_900 + cast.below(900);
        let Some(day) = self.customer.grows.filter(|day| (from..to).contains(day)) else {
            return false;
        };
        self.reprice(day, permille, Some(self.customer.segment(day).plan()));
        true
    }

    fn new_prices(&mut self, cast: &mut Cast, first: Day) {
        let year = first.date().year();
        let mut februaries = [year, year + 1]
            .map(|year| Day::of(date(year, 2, 1)))
            .into_iter();
        let in_force = februaries.find(|day| (1..QUARTER_DAYS).contains(&(day.0 - first.0)));
        if let Some(day) = in_force.filter(|_| cast.happens(REPRICED_SHARE)) {
            self.reprice(day, 1_040, None);
        }
    }

    /// Ends the last period where the next one begins; a day has one price.
    fn reprice(&mut self, day: Day, permille: u64, plan: Option<&'static str>) {
        let last = self.periods.last().expect("a contract has a period");
        if day >= self.end || day <= last.started.day {
            return;
        }
        let started = Moment {
            day,
            second: 8 * HOUR_S,
        };
        let next = Period {
            contract: last.contract,
            started,
            ended: None,
            mrr_cents: last.mrr_cents * permille / 1_000,
            plan: plan.unwrap_or(last.plan),
        };
        self.close(started);
        self.periods.push(next);
    }

    fn close(&mut self, ended: Moment) {
        let last = self.periods.last_mut().expect("a contract has a period");
        last.ended = Some(ended);
    }
}

fn list_price(cast: &mut Cast, segment: Segment) -> u64 {
    let euros = match segment {
        Segment::SmallBusiness => 39 + cast.below(160),
        Segment::MidMarket => 350 + cast.below(1_200),
        Segment::Enterprise => 2_400 + cast.below(9_600),
    };
    100 * euros
}

fn n_days(cast: &mut Cast, below: u64) -> i64 {
    i64::try_from(cast.below(below)).expect("some days")
}

/// Writes starts and ends of periods in the order they happened.
pub(super) fn rows(customers: &Customers) -> Rows {
    let columns = [
        "id",
        "updated_at",
        "customer",
        "subscription",
        "started_at",
        "ended_at",
        "mrr",
        "currency",
        "plan",
    ];
    let mut changes = Vec::new();
    for customer in customers.all() {
        for period in customers.periods(customer) {
            changes.push((period.started, customer, period, false));
            changes.extend(period.ended.map(|ended| (ended, customer, period, true)));
        }
    }
    // What ends at an instant stands before what begins there.
    changes.sort_by_key(|(moment, customer, _, is_end)| (*moment, customer.idx, !*is_end));
    let mut rows = Rows::new("subscription", &columns);
    for (moment, customer, period, is_end) in changes {
        let contract = period.contract_id(customer);
        let ended = period.ended.filter(|_| is_end);
        let (euros, cents) = (period.mrr_cents / 100, period.mrr_cents % 100);
        rows.push(&[
            &format!("{contract}@{}", period.started.day.date()),
            &moment.to_string(),
            &customer::reference(customer.position()),
            &contract,
            &period.started.to_string(),
            &ended.map_or_else(String::new, |ended| ended.to_string()),
            &format!("{euros}.{cents:02}"),
            CURRENCY,
            period.plan,
        ]);
    }
    rows
}
