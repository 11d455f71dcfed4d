//! A made survey for tests: a CSV of NPS answers, a configuration that loads it, a dashboard.

use std::fmt::Write as _;

use crate::scratch::Scratch;

/// Header of [`rows`].
pub const HEADER: &str = "id,survey,question,metric,score,responded_at,channel,customer,comment\n";

/// Returns `n_rows` answers as CSV lines, ids from `first`, one every ten minutes from 2026-01-01.
#[must_use]
pub fn rows(first: u64, n_rows: u64) -> String {
    let mut text = String::new();
    for id in first..first + n_rows {
        let (minutes, score) = (id * 10, (id * 7 + id / 11) % 11);
        let at =
            jiff::Timestamp::from_second(1_767_225_600 + i64::try_from(minutes).unwrap_or(0) * 60)
                .expect("inside the calendar");
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
