//! The vendor: here a sample that is computed, so that the plugin works before it has an account.
//!
//! A real `page` asks the vendor's API for the records after the cursor, with any HTTP client. Name
//! the API's host in `Meta::egress` (`&["api.example.com:443"]`), put the token into `Config` and
//! mark it `"x-voc-secret": true` in the schema. Return `Error::auth` for 401, `rate_limited` with
//! the vendor's `Retry-After` for 429, and `transient` for 5xx and timeouts: vocd waits and tries
//! again, so never sleep here.

use vocd_plugin::Result;

/// One ticket, as the vendor tells it.
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) created_us: i64,
    pub(crate) solved_us: Option<i64>,
    pub(crate) updated_us: i64,
    pub(crate) channel: &'static str,
}

/// 2025-01-01T00:00:00Z.
const START_US: i64 = 1_735_689_600_000_000;
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const N_PAGES: u32 = 12;
const PAGE_TICKETS: u32 = 30;
const CHANNELS: [&str; 3] = ["chat", "mail", "phone"];

/// Returns the tickets of a page, or `None` after the last one.
pub(crate) fn page(page: u32) -> Result<Option<Vec<Ticket>>> {
    if page >= N_PAGES {
        return Ok(None);
    }
    let numbers = page * PAGE_TICKETS..(page + 1) * PAGE_TICKETS;
    Ok(Some(numbers.map(ticket).collect()))
}

fn ticket(number: u32) -> Ticket {
    let created_us = START_US + i64::from(number) * DAY_US;
    let solved_us = (number % 9 != 0).then_some(created_us + i64::from(1 + number % 40) * HOUR_US);
    Ticket {
        id: format!("ticket-{number}"),
        created_us,
        solved_us,
        updated_us: solved_us.unwrap_or(created_us),
        channel: CHANNELS[(number % 3) as usize],
    }
}
