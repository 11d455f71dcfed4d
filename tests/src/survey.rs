//! A made survey for tests: a CSV of NPS answers, a configuration that loads it, a dashboard.

use std::fmt::Write as _;

use crate::scratch::Scratch;

/// Header of [`rows`].
pub const HEADER: &str = "id,survey,question,metric,score,responded_at,channel,customer,comment\n";

/// 2024-11-01T00:00:00Z.
const BASE_S: i64 = 1_730_419_200;
/// About two years, in seconds.
const SPAN_S: u64 = 60_000_000;
/// From one answer to the next, so that few answers spread over the span as well as many.
const STRIDE_S: u64 = 475_147;

/// Returns `n_rows` answers as CSV lines, ids from `first`, spread over two years.
#[must_use]
pub fn rows(first: u64, n_rows: u64) -> String {
    let mut text = String::new();
    for id in first..first + n_rows {
        let score = (id * 7 + id / 11) % 11;
        let at = BASE_S + i64::try_from(id * STRIDE_S % SPAN_S).expect("within the span");
        let at = jiff::Timestamp::from_second(at).expect("inside the calendar");
        let channel = ["chat", "mail", "phone"][usize::try_from(id % 3).unwrap_or(0)];
        writeln!(
            text,
            "a{id},service,recommend,nps,{score},{at},{channel},c{},\"fine, thanks\"",
            id % 997
        )
        .expect("writing to a string");
    }
    text
}

/// Returns a configuration with one source `answers` reading `answers.csv`, plus `more`.
#[must_use]
pub fn configuration(address: std::net::SocketAddr, more: &str) -> String {
    format!(
        r#"listen = "{address}"
timezone = "Europe/Berlin"

[[source]]
name = "answers"
plugin = "csv"
every = "10m"

[[source.config.file]]
kind = "response"
path = "answers.csv"
{more}"#
    )
}

/// The dashboard of [`lay_out`].
pub const DASHBOARD: &str = r#"title = "Service"
range = "all"
grain = "week"

[[panel]]
id = "nps"
kpi = "nps"
chart = "number"

[[panel]]
id = "line"
kpi = "nps"
chart = "trend"
"#;

/// Writes answers, configuration and dashboard, and returns the folder with a free address.
#[must_use]
pub fn lay_out(n_rows: u64) -> (Scratch, std::net::SocketAddr) {
    let (scratch, address) = (Scratch::new(), crate::daemon::free_address());
    scratch.write("answers.csv", format!("{HEADER}{}", rows(0, n_rows)));
    scratch.write("vocd.toml", configuration(address, ""));
    scratch.write("dashboards/service.toml", DASHBOARD);
    (scratch, address)
}
