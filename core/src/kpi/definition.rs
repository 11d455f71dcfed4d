//! A KPI's definition as people and programs can check it: formula, source, edge cases, vectors.

use serde_json::{Map, Value, json};

use super::{Kpi, Unit, entry, goal, insight, retention};

/// What a KPI means, beyond its registry entry.
#[derive(Debug)]
pub(super) struct Definition {
    /// The formula, as an expression over its counts.
    pub(super) expression: &'static str,
    /// How its interval is computed.
    pub(super) interval: &'static str,
    /// Where score and interval come from.
    pub(super) source: &'static str,
    /// What counts and what does not.
    pub(super) edge_cases: &'static [&'static str],
    /// Inputs and the value they must give.
    pub(super) vectors: &'static [Vector],
}

/// One checked example.
#[derive(Debug)]
pub(super) struct Vector {
    /// Counts by name.
    pub(super) counts: &'static [(&'static str, u64)],
    /// The score; `None` is no value.
    pub(super) value: Option<f64>,
}

/// Returns the unit's name in answers.
pub(super) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Points => "points",
        Unit::Percent => "percent",
        Unit::Score => "score",
        Unit::Money => "money",
        Unit::Count => "count",
        Unit::Seconds => "seconds",
    }
}

/// Returns a KPI's definition as JSON: name, unit, range, formula, source, edge cases, test
/// vectors, charts.
#[must_use]
pub fn definition_json(kpi: &Kpi) -> Value {
    let charts: Vec<String> = kpi.charts.iter().map(ToString::to_string).collect();
    let mut answer = json!({
        "kpi": kpi.name,
        "title": kpi.title,
        "definition_version": kpi.definition_version,
        "unit": unit_name(kpi.unit),
        "range": { "min": kpi.range.0, "max": kpi.range.1 },
        "higher_is_better": kpi.is_higher_better,
        "charts": charts,
        "formula": kpi.formula,
    });
    let own = entry(kpi.name).map(|entry| entry.definition).ok();
    let of_customers = || Some(retention::entry(kpi.name)?.definition);
    let of_goals = || (kpi.name == goal::KPI.name).then_some(&goal::DEFINITION);
    let of_analyses = || Some(insight::entry(kpi.name)?.definition);
    let definition = own
        .or_else(of_customers)
        .or_else(of_analyses)
        .or_else(of_goals);
    if let Value::Object(fields) = &mut answer {
        if let Some(definition) = definition {
            describe(definition, fields);
        }
        if insight::is_analysis(kpi.name) {
            fields.insert("of".to_owned(), json!(insight::subjects(kpi)));
        }
    }
    answer
}

fn describe(definition: &Definition, fields: &mut Map<String, Value>) {
    fields.insert("expression".to_owned(), json!(definition.expression));
    fields.insert("interval".to_owned(), json!(definition.interval));
    fields.insert("source".to_owned(), json!(definition.source));
    fields.insert("edge_cases".to_owned(), json!(definition.edge_cases));
    let vectors: Vec<Value> = definition
        .vectors
        .iter()
        .map(|vector| {
            let counts: Map<String, Value> = vector
                .counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect();
            json!({ "counts": counts, "value": vector.value })
        })
        .collect();
    fields.insert("test_vectors".to_owned(), json!(vectors));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::{Counted, REGISTRY, find};

    #[test]
    fn every_kpi_is_found_defined_and_can_be_drawn() {
        for kpi in REGISTRY {
            assert_eq!(find(kpi.name), Ok(*kpi));
            assert!(!kpi.charts.is_empty(), "{}", kpi.name);
            let definition = definition_json(kpi);
            for field in [
                "expression",
                "interval",
                "source",
                "edge_cases",
                "test_vectors",
            ] {
                assert!(
                    definition.get(field).is_some(),
                    "{} has no {field}",
                    kpi.name
                );
            }
        }
    }

    #[test]
    fn every_kpi_says_what_it_counts() {
        let check = |name: &str, expected| {
            let kpi = find(name).expect("a KPI");
            assert_eq!(kpi.counted(), expected, "{name}");
        };
        check("nps", Counted::Answers);
        check("responses", Counted::Answers);
        check("response_rate", Counted::Invitations);
        check("tickets", Counted::Tickets);
        check("sla", Counted::Tickets);
        check("quality_score", Counted::Reviews);
        check("crr", Counted::Customers);
        check("survival", Counted::Customers);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = REGISTRY.iter().map(|kpi| kpi.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REGISTRY.len());
    }
}
