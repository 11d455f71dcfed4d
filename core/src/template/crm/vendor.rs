//! The vendor: here a sample that is computed, so that the plugin works before it has an account.
//!
//! A real `page` asks the vendor's API for the records after the cursor, with any HTTP client. Name
//! the API's host in `Meta::egress` (`&["api.example.com:443"]`), put the token into `Config` and
//! mark it `#[voc(secret)]`. Return `Error::auth` for 401, `rate_limited` with
//! the vendor's `Retry-After` for 429, and `transient` for 5xx and timeouts: vocd waits and tries
//! again, so never sleep here.

use std::time::Duration;

use vocd_plugin::{Result, Time};

/// One customer, as the vendor tells it.
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: String,
    /// An alias: sources meet where they name the same one.
    pub(crate) email: String,
    pub(crate) segment: &'static str,
    pub(crate) updated_at: Time,
}

/// 2025-01-01T00:00:00Z.
const START: Time = Time::from_unix_s(1_735_689_600);
const DAY: Duration = Duration::from_secs(86_400);
const N_PAGES: u32 = 12;
const PAGE_CUSTOMERS: u32 = 30;
const SEGMENTS: [&str; 3] = ["enterprise", "mid-market", "small"];

/// Returns the customers of a page, or `None` after the last one.
pub(crate) fn page(page: u32) -> Result<Option<Vec<Customer>>> {
    if page >= N_PAGES {
        return Ok(None);
    }
    let numbers = page * PAGE_CUSTOMERS..(page + 1) * PAGE_CUSTOMERS;
    Ok(Some(numbers.map(customer).collect()))
}

fn customer(number: u32) -> Customer {
    Customer {
        id: format!("customer-{number}"),
        name: format!("Customer {number}"),
        email: format!("email:customer-{number}@example.com"),
        segment: SEGMENTS[(number % 3) as usize],
        updated_at: START + DAY * number,
    }
}
