//! Price periods of a contract out of the states a CRM row went through.

use super::Subscription;
use crate::{Money, Time};

/// What a contract costs, as of some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Revenue a month.
    pub mrr: Money,
    /// ISO 4217 code.
    pub currency: String,
    /// Its plan, if there are any.
    pub plan: Option<String>,
}

/// A time over which a contract's price stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `CONTRACT@START`, the record's id.
    pub id: String,
    /// The price.
    pub price: Price,
    /// When it began to hold.
    pub started_at: Time,
    /// When it ceased to hold; `None` while it does.
    pub ended_at: Option<Time>,
}

/// Makes the price periods of one contract from its successive states.
///
/// Each change of price, currency or plan ends one period and starts the next; a state that repeats
/// the one before changes nothing. Ids are `CONTRACT@START`, so telling the same history again gives
/// the same records, and a state learned later only adds one and ends another.
///
/// ```
/// use vocd_plugin::records::{Price, PriceHistory};
/// use vocd_plugin::{Money, Time};
///
/// let price = |ten_thousandths| Price {
///     mrr: Money::from_ten_thousandths(ten_thousandths),
///     currency: "EUR".to_owned(),
///     plan: None,
/// };
/// let mut history = PriceHistory::new("deal-7");
/// history.costs(Time::from_unix_s(0), price(990_000));
/// history.costs(Time::from_unix_s(500), price(990_000));
/// history.costs(Time::from_unix_s(1_000), price(1_490_000));
/// history.ends(Time::from_unix_s(9_000));
/// let periods = history.periods();
/// assert_eq!(periods.len(), 2);
/// assert_eq!(periods[1].id, "deal-7@1970-01-01T00:16:40Z");
/// assert_eq!(periods[0].ended_at, Some(periods[1].started_at));
/// ```
#[derive(Debug, Clone)]
pub struct PriceHistory {
    contract: String,
    periods: Vec<Period>,
}

impl PriceHistory {
    /// Starts the history of a contract.
    #[must_use]
    pub fn new(contract: impl Into<String>) -> Self {
        Self {
            contract: contract.into(),
            periods: Vec::new(),
        }
    }

    /// From `since` on it costs this. States come in the order of time; the first one is taken to
    /// hold since its `since`, and one earlier than its predecessor replaces what began after it.
    pub fn costs(&mut self, since: Time, price: Price) {
        self.forget_from(since);
        if let Some(last) = self.periods.last_mut() {
            let still_holds = last.ended_at.is_none_or(|ended_at| ended_at == since);
            if still_holds && last.price == price {
                last.ended_at = None;
                return;
            }
            last.ended_at.get_or_insert(since);
        }
        self.periods.push(Period {
            id: format!("{}@{since}", self.contract),
            price,
            started_at: since,
            ended_at: None,
        });
    }

    /// From `at` on it costs nothing: the contract is over, unless [`PriceHistory::costs`] follows.
    pub fn ends(&mut self, at: Time) {
        self.forget_from(at);
        if let Some(last) = self.periods.last_mut() {
            last.ended_at.get_or_insert(at);
        }
    }

    /// Returns the periods so far, in the order of time; they do not overlap.
    #[must_use]
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// Returns the periods as records of a customer.
    pub fn records<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = Subscription<'a>> {
        self.periods.iter().map(move |period| Subscription {
            ended_at: period.ended_at,
            plan: period.price.plan.as_deref(),
            ..Subscription::new(
                &period.id,
                customer,
                &self.contract,
                period.started_at,
                period.price.mrr,
                &period.price.currency,
            )
        })
    }

    /// Drops what began at or after an instant, and every end after it.
    fn forget_from(&mut self, at: Time) {
        self.periods.retain(|period| period.started_at < at);
        if let Some(last) = self.periods.last_mut() {
            last.ended_at = last.ended_at.filter(|ended_at| *ended_at <= at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_unix_s(second)
    }

    fn price(units: i128) -> Price {
        Price {
            mrr: Money::from_ten_thousandths(units * 10_000),
            currency: "EUR".to_owned(),
            plan: Some("pro".to_owned()),
        }
    }

    fn spans(history: &PriceHistory) -> Vec<(i64, Option<i64>)> {
        let span = |period: &Period| {
            let ended_at = period.ended_at.map(Time::unix_s);
            (period.started_at.unix_s(), ended_at)
        };
        history.periods().iter().map(span).collect()
    }

    #[test]
    fn a_change_ends_one_period_and_starts_the_next() {
        let mut history = PriceHistory::new("7");
        history.costs(at(10), price(1));
        history.costs(at(20), price(1));
        history.costs(at(30), price(2));
        assert_eq!(spans(&history), [(10, Some(30)), (30, None)]);
        history.ends(at(40));
        history.ends(at(50));
        assert_eq!(spans(&history), [(10, Some(30)), (30, Some(40))]);
    }

    #[test]
    fn a_contract_that_comes_back_has_a_gap() {
        let mut history = PriceHistory::new("7");
        history.ends(at(5));
        history.costs(at(10), price(1));
        history.ends(at(20));
        history.costs(at(30), price(1));
        assert_eq!(spans(&history), [(10, Some(20)), (30, None)]);
    }

    #[test]
    fn an_end_taken_back_at_once_is_no_end() {
        let mut history = PriceHistory::new("7");
        history.costs(at(10), price(1));
        history.ends(at(20));
        history.costs(at(20), price(1));
        assert_eq!(spans(&history), [(10, None)]);
    }

    #[test]
    fn an_earlier_state_replaces_what_began_after_it() {
        let mut history = PriceHistory::new("7");
        history.costs(at(10), price(1));
        history.costs(at(30), price(2));
        history.costs(at(20), price(3));
        assert_eq!(spans(&history), [(10, Some(20)), (20, None)]);
        assert_eq!(history.periods()[1].price, price(3));
    }
}
