//! The incremental exports with cursors, of tickets and users.
//!
//! The vendor orders them by its own time of generation and never gives the newest minute, so a
//! cursor misses nothing and needs no overlap.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vocd_plugin::cursor::Page;
use vocd_plugin::http::Request;
use vocd_plugin::{Result, Time};

use crate::api::{Api, EXPORTS, fetch, fetch_after};

/// Most rows the vendor gives at once.
const PAGE_ROWS: &str = "1000";
/// The vendor refuses to start inside its newest minute.
const NEWEST_S: i64 = 65;

/// Where an export goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// The vendor's cursor; absent before the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl Cursor {
    /// Asks for the page at this cursor.
    pub(crate) fn fetch<T: DeserializeOwned>(
        &self,
        api: &Api,
        path: &str,
        start: Start,
    ) -> Result<T> {
        let request = api.get(path).bucket(EXPORTS).query("per_page", PAGE_ROWS);
        match &self.after {
            None => fetch(start.put(request)),
            Some(after) => fetch_after(request.query("cursor", after)),
        }
    }

    /// Returns what follows the page. The vendor may leave the cursor out at the end.
    pub(crate) fn next(&self, after: Option<String>, is_end: bool) -> Page<Self> {
        let next = Self {
            after: after.or_else(|| self.after.clone()),
        };
        match is_end {
            true => Page::Last(next),
            false => Page::More(next),
        }
    }
}

/// Where the first read begins, and what else is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) from: Time,
    pub(crate) now_ms: i64,
}

impl Start {
    /// Returns the first second to ask for: never inside the newest minute.
    pub(crate) fn second(self) -> i64 {
        self.bounded(self.from.unix_s())
    }

    /// Returns a second to ask for in place of one that may be too new.
    pub(crate) fn bounded(self, second: i64) -> i64 {
        let newest = self.now_ms.div_euclid(1_000) - NEWEST_S;
        second.min(newest).max(0)
    }

    fn put(self, request: Request<'_>) -> Request<'_> {
        request.query("start_time", &self.second().to_string())
    }
}
