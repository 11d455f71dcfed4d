//! Turns a panel's answer into the figure that shows it: title, filter in words, goal, events, age.

use std::fmt::Write as _;

use crate::chart::{Figure, Freshness, Language, Mark, goal_mark};
use crate::dashboard::{Dashboard, Panel};
use crate::kpi::{Answer, Query, Range};
use crate::picture::insight::{Whole, insight};

/// Most marks on one picture; more would be a wall of labels.
pub const EVENTS_MAX: usize = 40;

/// Returns the question a panel asks.
#[must_use]
pub fn question(dashboard: &Dashboard, panel: &Panel) -> Query {
    Query {
        kpi: panel.kpi.name.to_owned(),
        range: panel.range.or(dashboard.range),
        grain: panel.grain.or(dashboard.grain),
        rolling: panel.rolling,
        tz: None,
        filters: panel.filters.clone(),
        by: panel.by.clone(),
        as_of: None,
        mode: None,
        goal: panel.goal.clone(),
        of: panel.of.clone(),
        versus: panel.versus,
    }
}

/// What stands around a panel's answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// The page.
    pub(crate) dashboard: &'a Dashboard,
    /// The panel.
    pub(crate) panel: &'a Panel,
    /// The question that was asked, overrides included.
    pub(crate) query: &'a Query,
    /// Language of the words.
    pub(crate) language: Language,
}

/// Returns the figure of an answer; `whole` is that of its whole history, where the chart shows it.
pub(crate) fn figure(
    setting: Setting<'_>,
    answer: Answer,
    whole: Option<Whole<'_>>,
    source_events: &[Mark],
    freshness: Freshness,
    note: Option<String>,
) -> Figure {
    let Setting {
        dashboard,
        panel,
        query,
        language,
    } = setting;
    let planned = dashboard.events.iter().map(|event| Mark {
        at: event.at,
        label: event.label.clone(),
    });
    let mut events: Vec<Mark> = planned
        .chain(source_events.iter().cloned())
        .filter(|mark| (answer.from..answer.to).contains(&mark.at))
        .collect();
    events.sort_by(|a, b| (a.at, &a.label).cmp(&(b.at, &b.label)));
    events.dedup();
    // The newest explain what is on the right, where people look.
    events.drain(..events.len().saturating_sub(EVENTS_MAX));
    let insight = insight(panel.chart, &answer, whole);
    Figure {
        chart: panel.chart,
        title: panel
            .title
            .clone()
            .unwrap_or_else(|| panel.kpi.title.to_owned()),
        subtitle: [
            about(&answer).unwrap_or_default(),
            &subtitle(query, language),
        ]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · "),
        goal: (answer.goal.as_ref()).map(|standing| goal_mark(standing, language)),
        answer,
        events,
        freshness,
        note,
        insight,
    }
}

/// Returns the title of the KPI that an analysis is of.
fn about(answer: &Answer) -> Option<&'static str> {
    let of = answer.findings.as_ref()?.of;
    crate::kpi::find(of).ok().map(|kpi| kpi.title)
}

/// Returns range, filters and split in words, joined by middle dots.
#[must_use]
pub fn subtitle(query: &Query, language: Language) -> String {
    let mut parts = Vec::new();
    parts.extend(query.range.and_then(|range| range_words(range, language)));
    for (dimension, values) in &query.filters {
        let named: Vec<&str> = values
            .iter()
            .map(|value| value.as_deref().unwrap_or("(none)"))
            .collect();
        parts.push(match (dimension.as_str(), named.as_slice()) {
            ("mode", [mode]) => mode_words(mode, language).to_owned(),
            _ => format!("{dimension}: {}", named.join(", ")),
        });
    }
    if let Some(dimension) = &query.by {
        let by = match language {
            Language::English => "by",
            Language::German => "nach",
            Language::French => "par",
            Language::Spanish => "por",
        };
        parts.push(format!("{by} {dimension}"));
    }
    parts.join(" · ")
}

/// Returns what a survey mode means to somebody who does not know the word.
fn mode_words(mode: &str, language: Language) -> &str {
    match (mode, language) {
        ("relational", Language::English) => "relationship",
        ("relational", Language::German) => "Beziehungsumfragen",
        ("relational", Language::French) => "enquêtes relationnelles",
        ("relational", Language::Spanish) => "encuestas relacionales",
        ("transactional", Language::English) => "after a contact",
        ("transactional", Language::German) => "Umfragen nach einem Kontakt",
        ("transactional", Language::French) => "enquêtes après un contact",
        ("transactional", Language::Spanish) => "encuestas tras un contacto",
        (other, _) => other,
    }
}

fn range_words(range: Range, language: Language) -> Option<String> {
    // days, weeks, months, years, all of them "last"
    let words = match language {
        Language::English => [
            "last {} days",
            "last {} weeks",
            "last {} months",
            "last {} years",
        ],
        Language::German => [
            "letzte {} Tage",
            "letzte {} Wochen",
            "letzte {} Monate",
            "letzte {} Jahre",
        ],
        Language::French => [
            "{} derniers jours",
            "{} dernières semaines",
            "{} derniers mois",
            "{} dernières années",
        ],
        Language::Spanish => [
            "últimos {} días",
            "últimas {} semanas",
            "últimos {} meses",
            "últimos {} años",
        ],
    };
    let (idx, count) = match range {
        Range::Days(count) => (0, count),
        Range::Weeks(count) => (1, count),
        Range::Months(count) => (2, count),
        Range::Years(count) => (3, count),
        Range::YearToDate => {
            let text = match language {
                Language::English => "year to date",
                Language::German => "Jahr bis heute",
                Language::French => "depuis le début de l’année",
                Language::Spanish => "año hasta hoy",
            };
            return Some(text.to_owned());
        }
        Range::All => return None,
        Range::Between(from, to) => return Some(format!("{} – {}", instant(from), instant(to))),
    };
    Some(words[idx].replace("{}", &count.to_string()))
}

fn instant(instant: crate::kpi::Instant) -> String {
    let mut text = String::new();
    let _ = match instant {
        crate::kpi::Instant::Day(day) => write!(text, "{day}"),
        crate::kpi::Instant::Exact(at) => write!(text, "{at}"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::testing;

    fn check(range: Option<Range>, by: Option<&str>, language: Language, expected: &str) {
        let mut query = testing::query("nps");
        query.range = range;
        query.by = by.map(str::to_owned);
        query.filters.insert(
            "segment".to_owned(),
            vec![Some("enterprise".to_owned()), None],
        );
        assert_eq!(subtitle(&query, language), expected);
    }

    #[test]
    fn filter_is_said_in_words() {
        check(None, None, Language::English, "segment: enterprise, (none)");
        let range = Some(Range::Weeks(12));
        check(
            range,
            Some("channel"),
            Language::English,
            "last 12 weeks · segment: enterprise, (none) · by channel",
        );
        check(
            range,
            None,
            Language::German,
            "letzte 12 Wochen · segment: enterprise, (none)",
        );
    }
}
