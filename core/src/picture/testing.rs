//! Fakes for tests: a dashboard, rules, source states.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::dashboard::Panel;
use crate::kpi::{ChartKind, Kpi, Query, Settings, Unit};
use crate::picture::Rules;
use crate::record::SourceName;
use crate::store::{RunLog, SourceState};

pub(crate) static KPI: Kpi = Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "Share of promoters minus share of detractors.",
    charts: &[ChartKind::Number, ChartKind::Trend],
    is_higher_better: Some(true),
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn panel(id: &str, size: (u8, u8), page: u8) -> Panel {
    Panel {
        id: id.to_owned(),
        title: None,
        kpi: &KPI,
        chart: ChartKind::Number,
        goal: None,
        filters: BTreeMap::new(),
        by: None,
        range: None,
        grain: None,
        size,
        page,
    }
}

pub(crate) fn query(kpi: &str) -> Query {
    Query {
        kpi: kpi.to_owned(),
        range: None,
        grain: None,
        tz: None,
        filters: BTreeMap::new(),
        by: None,
        as_of: None,
        mode: None,
    }
}

pub(crate) fn rules() -> Rules {
    Rules {
        settings: Settings {
            timezone: TimeZone::get("Europe/Berlin").unwrap(),
            week_start: jiff::civil::Weekday::Monday,
            fiscal_year_start: 1,
            min_group: 5,
            provisional: jiff::SignedDuration::from_hours(48),
            dimensions: BTreeMap::new(),
            questions: BTreeMap::new(),
        },
        goals: BTreeMap::new(),
        sources: Vec::new(),
        since: at("2026-01-01T00:00:00Z"),
    }
}

pub(crate) fn source_state(
    name: &str,
    last_success: Option<Timestamp>,
    failure: Option<&str>,
) -> SourceState {
    let source = SourceName::new(name).unwrap();
    SourceState {
        rows: Vec::new(),
        last_success,
        last_run: failure.map(|reason| RunLog {
            source: source.clone(),
            run_id: 1,
            started_at: at("2026-06-01T00:00:00Z"),
            ended_at: at("2026-06-01T00:00:01Z"),
            n_rows: 0,
            n_rejects: 0,
            failure: Some((reason.to_owned(), "it said no".to_owned())),
        }),
        source,
        rejects: Vec::new(),
        reject_samples: Vec::new(),
        checkpoints: Vec::new(),
        newest_record: None,
    }
}
