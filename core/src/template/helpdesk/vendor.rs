//! The vendor: here a sample that is computed, so that the plugin works before it has an account.
//!
//! A real `page` asks the vendor's API for the records after the cursor, with any HTTP client. Name
//! the API's host in `Meta::egress` (`&["api.example.com:443"]`), put the token into `Config` and
//! mark it `#[voc(secret)]`. Return `Error::auth` for 401, `rate_limited` with
//! the vendor's `Retry-After` for 429, and `transient` for 5xx and timeouts: vocd waits and tries
//! again, so never sleep here.

use std::time::Duration;

use vocd_plugin::{Result, Time};

/// One ticket, as the vendor tells it.
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) created_at: Time,
    pub(crate) solved_at: Option<Time>,
    pub(crate) updated_at: Time,
    pub(crate) channel: &'static str,
}

/// 2025-01-01T00:00:00Z.
const START: Time = Time::from_unix_s(1_735_689_600);
const HOUR: Duration = Duration::from_secs(3_600);
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
    let created_at = START + 24 * HOUR * number;
    let solved_at = (number % 9 != 0).then_some(created_at + HOUR * (1 + number % 40));
    Ticket {
        id: format!("ticket-{number}"),
        created_at,
        solved_at,
        updated_at: solved_at.unwrap_or(created_at),
        channel: CHANNELS[(number % 3) as usize],
    }
}
