//! `vocd kpi`: a KPI as a table, JSON or CSV; the same answer as `/api/v1/kpis/KPI`.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::desk::{Desk, target};
use super::failure::Failure;
use super::{ConfigFlag, output};

/// What is asked, and how it is printed.
#[derive(Debug, Args)]
pub(super) struct KpiFlags {
    /// Name of the KPI, such as nps
    kpi: String,
    /// First day or instant, inclusive
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Day or instant after the last
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// 90d, 12w, 6mo, 2y, ytd, all, or FROM..TO [default: all]
    #[arg(long, conflicts_with_all = ["from", "to"])]
    range: Option<String>,
    /// day, week, month or quarter [default: the finest giving at most 120 buckets]
    #[arg(long)]
    grain: Option<String>,
    /// Let each point be of the last 28d, or other whole weeks, up to its end
    #[arg(long, value_name = "DAYS")]
    rolling: Option<String>,
    /// Dimension to split by
    #[arg(long, value_name = "DIMENSION")]
    by: Option<String>,
    /// Filter, may be given several times; a comma inside a value is `\,`
    #[arg(long = "where", value_name = "DIMENSION=A,B")]
    filters: Vec<String>,
    /// Answer as it was known at this instant
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// IANA zone of civil days [default: the configured one]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// transactional, relational or clustered
    #[arg(long)]
    mode: Option<String>,
    /// Goal of the configuration whose standing is told
    #[arg(long, value_name = "NAME")]
    goal: Option<String>,
    /// What an analysis is of, such as csat
    #[arg(long, value_name = "KPI")]
    of: Option<String>,
    /// Earlier time that an analysis compares with [default: the comparable time before]
    #[arg(long, value_name = "RANGE")]
    versus: Option<String>,
    /// Print what the store was asked instead, what it read and how long that took
    #[arg(long, conflicts_with = "format")]
    explain: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value = "table")]
    format: KpiFormat,
    #[command(flatten)]
    config: ConfigFlag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KpiFormat {
    Table,
    Json,
    Csv,
}

impl KpiFormat {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain",
            Self::Json => "application/json",
            Self::Csv => "text/csv",
        }
    }
}

/// Prints the answer.
pub(super) fn run(flags: &KpiFlags) -> Result<(), Failure> {
    let config = super::find_and_load(&flags.config)?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    let named = [
        ("from", &flags.from),
        ("to", &flags.to),
        ("range", &flags.range),
        ("grain", &flags.grain),
        ("rolling", &flags.rolling),
        ("by", &flags.by),
        ("as_of", &flags.as_of),
        ("tz", &flags.tz),
        ("mode", &flags.mode),
        ("goal", &flags.goal),
        ("of", &flags.of),
        ("versus", &flags.versus),
    ];
    for (name, value) in named {
        pairs.extend(value.as_ref().map(|value| (name.to_owned(), value.clone())));
    }
    for filter in &flags.filters {
        let (dimension, values) = filter.split_once('=').ok_or_else(|| {
            Failure::new(format!("`{filter}` is no filter"))
                .hint("write --where DIMENSION=VALUE,VALUE")
        })?;
        pairs.push((format!("where.{dimension}"), values.to_owned()));
    }
    let desk = Desk::open(&config)?;
    let kpi = ["api", "v1", "kpis", &flags.kpi];
    if flags.explain {
        let segments = [&kpi[..], &["explain"]].concat();
        let reply = desk.get(&target(&segments, &pairs), "application/json")?;
        return output::bytes(steps(&reply.or_failure()?.body).as_bytes());
    }
    let reply = desk.get(&target(&kpi, &pairs), flags.format.media_type())?;
    let reply = reply.or_failure()?;
    if flags.format != KpiFormat::Json {
        return output::bytes(&reply.body);
    }
    output::line(String::from_utf8_lossy(&reply.body).trim_end())
}

/// Returns what the store was asked, a line each.
fn steps(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let heading = [
        "asked",
        "of",
        "buckets",
        "split by",
        "read from",
        "found",
        "ms",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for step in answer["steps"].as_array().into_iter().flatten() {
        let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let split = step["split"].as_array().into_iter().flatten();
        let split: Vec<&str> = split.filter_map(Value::as_str).collect();
        let from = match step["days_of_rows"].as_u64() {
            Some(n) if n > 0 => format!("roll-up, {n} days of rows"),
            _ => text("read"),
        };
        let elapsed_ms = step["elapsed_us"].as_f64().unwrap_or_default() / 1e3;
        rows.push(vec![
            text("what"),
            text("kind"),
            step["buckets"].to_string(),
            split.join(", "),
            from,
            step["found"].to_string(),
            format!("{elapsed_ms:.1}"),
        ]);
    }
    output::table(&rows)
}
