//! The demo's configuration and dashboards: the same files a person would write.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::demo::DemoError;

/// Source of customers.
pub const CRM_SOURCE: &str = "crm";
/// Source of answers, invitations and events.
pub const SURVEY_SOURCE: &str = "surveys";

/// Source of tickets, agents, reviews and trainings.
pub const HELPDESK_SOURCE: &str = "helpdesk";
/// Source of contracts.
pub const BILLING_SOURCE: &str = "billing";

/// Dashboards that come with the daemon: file name and text.
pub const DASHBOARDS: [(&str, &str); 5] = [
    (
        "executive.toml",
        include_str!("../../../dashboards/executive.toml"),
    ),
    (
        "improvement.toml",
        include_str!("../../../dashboards/improvement.toml"),
    ),
    (
        "coaching.toml",
        include_str!("../../../dashboards/coaching.toml"),
    ),
    (
        "segments.toml",
        include_str!("../../../dashboards/segments.toml"),
    ),
    (
        "support.toml",
        include_str!("../../../dashboards/support.toml"),
    ),
];

/// Writes `vocd.toml` and the dashboards that are missing; returns the path of the configuration.
///
/// The configuration is written anew each time, because port and goal depend on the call;
/// dashboards are kept, so that a kept folder is a place to try changes in.
///
/// # Errors
/// When a file cannot be written.
pub fn write_config(
    dir: &Path,
    port: u16,
    plugin_dirs: &[PathBuf],
    until: Date,
) -> Result<PathBuf, DemoError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Io {
            doing: "write",
            path,
            source,
        }
    };
    let boards = dir.join("dashboards");
    fs::create_dir_all(&boards).map_err(failed(&boards))?;
    for (name, text) in DASHBOARDS {
        let path = boards.join(name);
        if !path.exists() {
            fs::write(&path, text).map_err(failed(&path))?;
        }
    }
    let path = dir.join("vocd.toml");
    fs::write(&path, config(port, plugin_dirs, until)).map_err(failed(&path))?;
    Ok(path)
}

fn config(port: u16, plugin_dirs: &[PathBuf], until: Date) -> String {
    let last_day = until
        .checked_sub(1.day())
        .expect("the demo's years are checked");
    let year = last_day.year();
    let plugin_dirs = match plugin_dirs {
        [] => String::new(),
        dirs => {
            let dirs: Vec<String> = dirs
                .iter()
                .map(|dir| quoted(&dir.to_string_lossy()))
                .collect();
            format!("plugin_dirs = [{}]\n", dirs.join(", "))
        }
    };
    format!(
        r#"# Written by `vocd demo` at each start; the dashboards beside it are yours to change.
data_dir = "store"
listen = "127.0.0.1:{port}"
timezone = "Europe/Berlin"
dashboards_dir = "dashboards"
{plugin_dirs}
[dimensions]
segment = {{ from = "customer.segment", rollup = true }}
region = {{ from = "customer.region", rollup = true }}
industry = {{ from = "customer.industry" }}
plan = {{ from = "customer.plan" }}

[identity]
customer = ["{CRM_SOURCE}"]

[agents]
enabled = true

[goals.nps]
kpi = "nps"
baseline = 25.0
target = 40.0
start = "{year}-01-01"
due = "{year}-12-31"

[[source]]
name = "{CRM_SOURCE}"
plugin = "csv"
every = "10m"
[[source.config.file]]
kind = "customer"
path = "customers.csv"

[[source]]
name = "{BILLING_SOURCE}"
plugin = "csv"
every = "10m"
[[source.config.file]]
kind = "subscription"
path = "subscriptions.csv"

[[source]]
name = "{HELPDESK_SOURCE}"
plugin = "csv"
every = "10m"
[[source.config.file]]
kind = "agent"
path = "agents.csv"
[[source.config.file]]
kind = "ticket"
path = "tickets/*.csv"
[[source.config.file]]
kind = "review"
path = "reviews/*.csv"
[[source.config.file]]
kind = "training"
path = "trainings.csv"

[[source]]
name = "{SURVEY_SOURCE}"
plugin = "csv"
every = "10m"
[[source.config.file]]
kind = "event"
path = "events.csv"
[[source.config.file]]
kind = "invitation"
path = "invitations/*.csv"
[[source.config.file]]
kind = "response"
path = "answers/*.csv"
"#
    )
}

/// Writes a TOML text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
