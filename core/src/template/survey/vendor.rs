//! The vendor: here a sample that is computed, so that the plugin works before it has an account.
//!
//! A real `page` asks the vendor's API for the records after the cursor, with any HTTP client. Name
//! the API's host in `Meta::egress` (`&["api.example.com:443"]`), put the token into `Config` and
//! mark it `#[voc(secret)]`. Return `Error::auth` for 401, `rate_limited` with
//! the vendor's `Retry-After` for 429, and `transient` for 5xx and timeouts: vocd waits and tries
//! again, so never sleep here.

use std::time::Duration;

use vocd_plugin::{Result, Time};

/// One answer, as the vendor tells it.
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) score: f64,
    pub(crate) at: Time,
    pub(crate) comment: &'static str,
}

/// 2025-01-01T00:00:00Z.
const START: Time = Time::from_unix_s(1_735_689_600);
const DAY: Duration = Duration::from_secs(86_400);
const N_PAGES: u32 = 12;
const PAGE_ANSWERS: u32 = 30;
const COMMENTS: [&str; 3] = ["quick and friendly", "took too long", "solved at once"];

/// Returns the answers of a page, or `None` after the last one.
pub(crate) fn page(page: u32) -> Result<Option<Vec<Answer>>> {
    if page >= N_PAGES {
        return Ok(None);
    }
    let numbers = page * PAGE_ANSWERS..(page + 1) * PAGE_ANSWERS;
    Ok(Some(numbers.map(answer).collect()))
}

fn answer(number: u32) -> Answer {
    // Scores rise over the year, so that the chart has something to say.
    let score = 4 + (number * 7 + number / 5) % 7 + u32::from(number > 180 && number % 4 == 0);
    Answer {
        id: format!("answer-{number}"),
        score: f64::from(score.min(10)),
        at: START + DAY * number,
        comment: COMMENTS[(number % 3) as usize],
    }
}
