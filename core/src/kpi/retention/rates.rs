//! Money of several currencies in one: configured rates, exact to the ten-thousandth.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kpi::civil::Calendar;
use crate::kpi::{Exchange, KpiError};
use crate::plan::Period;

/// A rate of one.
///
/// # Units
/// Billionths of the reporting currency for one unit of the other.
const ONE: i128 = 1_000_000_000;

/// What amounts of each currency of an answer are worth at one instant.
#[derive(Debug)]
pub(super) struct Rates<'a> {
    /// By position of the currency; `None` where no rate is configured for the time.
    worth: Vec<Option<i128>>,
    /// Set to the first currency that an amount needed and that has no rate.
    missing_idx: Option<u32>,
    currencies: &'a [String],
    on: Option<Date>,
}

/// The currency of an answer, and how others become it.
#[derive(Debug)]
pub(super) struct Purse<'a> {
    exchange: &'a Exchange,
    currencies: &'a [String],
    calendar: &'a Calendar,
    /// Currency of the answer; `None` when there is no money in it.
    pub(super) currency: Option<String>,
}

impl<'a> Purse<'a> {
    /// Returns how the amounts of an answer are added up.
    ///
    /// # Errors
    /// When there are several currencies, and none is configured to report in.
    pub(super) fn new(
        kpi: &'static str,
        currencies: &'a [String],
        exchange: &'a Exchange,
        calendar: &'a Calendar,
    ) -> Result<Self, KpiError> {
        let mut names: Vec<String> = currencies.iter().map(|one| normal(one)).collect();
        names.dedup();
        let currency = match (&exchange.report, &names[..]) {
            (_, []) => None,
            (Some(report), _) => Some(report.clone()),
            (None, [one]) => Some(one.clone()),
            (None, _) => {
                return Err(KpiError::SeveralCurrencies {
                    kpi,
                    currencies: names,
                });
            }
        };
        Ok(Self {
            exchange,
            currencies,
            calendar,
            currency,
        })
    }

    /// Returns the rates in force at an instant.
    pub(super) fn rates(&self, at: Timestamp) -> Rates<'a> {
        let on = self.calendar.date(at);
        let worth = |currency: &String| {
            let currency = normal(currency);
            if self.currency.as_ref() == Some(&currency) {
                return Some(ONE);
            }
            let known = self.exchange.rates.get(&currency)?;
            // The first rate also holds for the time before it: nothing better is known.
            let in_force = known.iter().rfind(|(from, _)| *from <= on);
            in_force
                .or(known.first())
                .map(|(_, rate)| i128::from(*rate))
        };
        Rates {
            worth: self.currencies.iter().map(worth).collect(),
            missing_idx: None,
            currencies: self.currencies,
            on: Some(on),
        }
    }
}

impl Rates<'_> {
    /// Returns rates for answers without money.
    pub(super) const fn none() -> Self {
        Self {
            worth: Vec::new(),
            missing_idx: None,
            currencies: &[],
            on: None,
        }
    }

    /// Whether amounts are worth the same at both instants.
    pub(super) fn is_worth(&self, other: &Self) -> bool {
        self.worth == other.worth
    }

    /// Returns what a customer pays in all, never less than nothing: discounts may be rows of
    /// their own.
    pub(super) fn sum<'p>(&mut self, periods: impl Iterator<Item = &'p Period>) -> i128 {
        periods
            .map(|period| self.amount(period))
            .sum::<i128>()
            .max(0)
    }

    fn amount(&mut self, period: &Period) -> i128 {
        let price = i128::from(period.price);
        match self.worth.get(period.currency_idx as usize) {
            Some(Some(ONE)) | None => price,
            Some(Some(rate)) => {
                let half = if price < 0 { -ONE / 2 } else { ONE / 2 };
                (price * rate + half) / ONE
            }
            Some(None) => {
                self.missing_idx.get_or_insert(period.currency_idx);
                0
            }
        }
    }

    /// Returns the error for an amount that could not be counted.
    ///
    /// # Errors
    /// When a currency had no rate.
    pub(super) fn checked(self) -> Result<(), KpiError> {
        let missing = self
            .missing_idx
            .and_then(|idx| self.currencies.get(idx as usize));
        missing.zip(self.on).map_or(Ok(()), |(currency, on)| {
            Err(KpiError::NoRate {
                currency: normal(currency),
                on,
            })
        })
    }
}

/// Currencies are compared without their case.
fn normal(currency: &str) -> String {
    currency.trim().to_uppercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kpi::retention::testing::{at, calendar, date, period};

    fn exchange(report: Option<&str>) -> Exchange {
        let rates = [
            (date("2026-01-01"), 900_000_000),
            (date("2026-06-01"), 950_000_000),
        ];
        Exchange {
            report: report.map(str::to_owned),
            rates: BTreeMap::from([("USD".to_owned(), rates.to_vec())]),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn check(on: &str, price: i64, expected: i128) {
        let (exchange, calendar) = (exchange(Some("EUR")), calendar());
        let currencies = names(&["EUR", "usd"]);
        let purse = Purse::new("grr", &currencies, &exchange, &calendar).expect("rates");
        let mut rates = purse.rates(at(on));
        let mut one = period(1, "2026-01-01T00:00:00Z", None, 0);
        (one.price, one.currency_idx) = (price, 1);
        assert_eq!(rates.sum([one].iter()), expected, "{price} on {on}");
        rates.checked().expect("a rate");
    }

    #[test]
    fn the_rate_is_that_of_the_day() {
        check("2026-05-31T12:00:00Z", 1_000_000, 900_000);
        // The day begins in the zone: this is the first of June in Berlin.
        check("2026-05-31T22:30:00Z", 1_000_000, 950_000);
        check("2026-06-02T00:00:00Z", 1_000_000, 950_000);
        check("2019-01-01T00:00:00Z", 1_000_000, 900_000);
    }

    #[test]
    fn amounts_are_rounded_to_the_ten_thousandth_and_never_negative() {
        check("2026-05-01T00:00:00Z", 1, 1);
        check("2026-05-01T00:00:00Z", 5, 5);
        check("2026-05-01T00:00:00Z", 15, 14);
        check("2026-05-01T00:00:00Z", -1_000, 0);
    }

    #[test]
    fn several_currencies_without_rates_are_refused() {
        let (exchange, calendar) = (exchange(None), calendar());
        let currencies = names(&["EUR", "USD"]);
        let error = Purse::new("grr", &currencies, &exchange, &calendar).expect_err("two");
        assert_eq!(error.status(), 400);
        assert_eq!(
            error.to_string(),
            "`grr` adds up money, and the prices are in several currencies: EUR, USD"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("[currency]")));
    }

    #[test]
    fn one_currency_in_two_spellings_is_one() {
        let (exchange, calendar) = (exchange(None), calendar());
        let currencies = names(&["EUR", "eur"]);
        let purse = Purse::new("grr", &currencies, &exchange, &calendar).expect("one");
        assert_eq!(purse.currency.as_deref(), Some("EUR"));
    }

    #[test]
    fn a_currency_without_a_rate_is_named_when_it_counts() {
        let (exchange, calendar) = (exchange(Some("EUR")), calendar());
        let currencies = names(&["CHF", "EUR"]);
        let purse = Purse::new("nrr", &currencies, &exchange, &calendar).expect("later");
        let mut rates = purse.rates(at("2026-06-15T00:00:00Z"));
        let one = period(1, "2026-01-01T00:00:00Z", None, 100);
        assert_eq!(rates.sum([one].iter()), 0);
        let error = rates.checked().expect_err("no rate");
        assert_eq!(
            error.to_string(),
            "no rate of CHF is configured for 2026-06-15"
        );
        // What nobody pays needs no rate.
        purse
            .rates(at("2026-06-15T00:00:00Z"))
            .checked()
            .expect("nothing counted");
    }
}
