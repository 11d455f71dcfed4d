//! Customers for tests, and the calendar of Berlin.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};

use super::ledger::{Joining, Ledger};
use crate::kpi::civil::{self, Calendar};
use crate::kpi::{ClockRule, RetentionRules, Settings};
use crate::plan::{Period, Periods, Span};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

pub(super) fn us(text: &str) -> i64 {
    at(text).as_microsecond()
}

pub(super) fn date(text: &str) -> Date {
    text.parse().expect(text)
}

/// Berlin, where clocks change on 2026-03-29 and 2026-10-25.
pub(super) fn settings() -> Settings {
    Settings {
        timezone: civil::zone("Europe/Berlin").expect("a zone"),
        week_start: Weekday::Monday,
        fiscal_year_start: 1,
        min_group: 5,
        min_group_verbatim: 10,
        agents: crate::kpi::AgentRules::default(),
        library: std::sync::Arc::default(),
        provisional: jiff::SignedDuration::from_hours(48),
        response_window: jiff::SignedDuration::from_hours(14 * 24),
        relevant_points: 3.0,
        relevant_percent: 2.0,
        dimensions: std::collections::BTreeMap::new(),
        questions: std::collections::BTreeMap::new(),
        positives: std::collections::BTreeMap::new(),
        retention: RetentionRules::default(),
        goals: std::collections::BTreeMap::new(),
        clock: ClockRule::Business,
        business_hours: None,
    }
}

pub(super) fn calendar() -> Calendar {
    Calendar::new(&settings(), None)
}

/// Returns a period of a customer at a price in whole units of the one currency.
pub(super) fn period(customer: u64, start: &str, end: Option<&str>, price: i64) -> Period {
    Period {
        customer,
        start_us: us(start),
        end_us: end.map(us),
        price: price * 10_000,
        currency_idx: 0,
        key_idx: 0,
        is_member: true,
    }
}

pub(super) fn periods(periods: Vec<Period>) -> Periods {
    Periods {
        periods,
        currencies: vec!["EUR".to_owned()],
        keys: vec![None],
    }
}

/// Joins periods in Berlin's days.
pub(super) fn ledger(found: Vec<Period>, grace_days: u32) -> Ledger {
    let settings = settings();
    let joining = Joining {
        zone: &settings.timezone,
        lasting_days: 0,
        grace_days,
        is_by_key: false,
    };
    Ledger::new(&periods(found), joining)
}

pub(super) fn span(start: &str, end: &str) -> Span {
    Span {
        start: at(start),
        end: at(end),
    }
}
