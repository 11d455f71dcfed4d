//! Every KPI over odd rows: no answer is a number that is none, negative zero, or out of its range.

use serde_json::Value;

use super::*;
use crate::kpi::{Bias, REGISTRY, format};

/// Whether a number can be told.
fn is_sound(value: f64) -> bool {
    value.is_finite() && !(value == 0.0 && value.is_sign_negative())
}

/// Collects every number of a document that is none.
fn unsound(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Number(number) if !number.as_f64().is_some_and(is_sound) => {
            found.push(number.to_string());
        }
        Value::Array(all) => all.iter().for_each(|one| unsound(one, found)),
        Value::Object(all) => all.values().for_each(|one| unsound(one, found)),
        _ => {}
    }
}

fn check(text: &str, answer: &Answer) -> Result<(), TestCaseError> {
    let mut found = Vec::new();
    unsound(&format::json(answer), &mut found);
    prop_assert!(found.is_empty(), "{text}: {found:?}");
    let (min, max) = answer.kpi.range;
    let points = answer.series.iter().flat_map(|series| {
        let points = series.points.iter().map(|point| &point.score);
        points.chain([&series.total])
    });
    for score in points.chain([&answer.total]) {
        for value in [score.value, score.low, score.high].into_iter().flatten() {
            prop_assert!(value.is_finite(), "{text}: {value}");
            prop_assert!(min.is_none_or(|min| min <= value), "{text}: {value}");
            prop_assert!(max.is_none_or(|max| value <= max), "{text}: {value}");
        }
    }
    if let Some(Bias::Response(bias)) = &answer.bias {
        prop_assert!(bias.r_indicator.is_finite());
    }
    for written in [format::csv(answer), format::table(answer)] {
        for word in ["NaN", "inf", "-0,", "−0\n"] {
            prop_assert!(!written.contains(word), "{text}: {word} in {written}");
        }
    }
    Ok(())
}

/// Rows with much that is odd: no score, no customer, answers at the ends of every scale.
fn odd() -> impl Strategy<Value = Vec<Row>> {
    let metric = prop::sample::select(vec!["nps", "csat", "ces", "rating", "text"]);
    let score = prop::sample::select(vec![
        None,
        Some(0.0),
        Some(-0.0),
        Some(1.0),
        Some(5.0),
        Some(10.0),
    ]);
    let row = (
        metric,
        score,
        0_i64..200,
        0_u8..4,
        any::<bool>(),
        any::<bool>(),
    );
    prop::collection::vec(row, 0..60).prop_map(|all| {
        let row = |(idx, (metric, score, day, customer, is_anonymous, is_relational))| {
            let time = at("2026-01-01T00:00:00Z")
                .checked_add(SignedDuration::from_hours(24 * day))
                .expect("in range");
            let mut row = Row::nps(idx, &time.to_string(), score).text("metric", metric);
            if customer > 0 {
                row = row.text("customer", &format!("c{customer}"));
            }
            if is_relational {
                row = row.text("mode", "relational");
            }
            if is_anonymous {
                row.flags.insert("anonymous");
            }
            row.numbers.insert("score_max", 10.0);
            row.text("channel", ["web", "mail"][usize::from(is_anonymous)])
                .text("agent", &format!("a{}", idx % 7))
                .text("comment", "They explained the waiting time")
                .text("review", &format!("r{}", idx / 2))
        };
        all.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_kpi_answers_nonsense(all in odd(), ask_idx in 0_usize..5) {
        // A review without a score never reaches the store.
        let scored = all.iter().filter(|row| row.numbers.contains_key("score")).cloned();
        let (reviews, all) = (RowTable::new(scored), RowTable::new(all));
        let rest = ["", " by=channel", " range=28d grain=day", " where.channel=web", " grain=quarter"][ask_idx];
        for kpi in REGISTRY {
            let text = format!("{}{rest}", kpi.name);
            let table = if kpi.name == "quality_score" { &reviews } else { &all };
            match answer(&query(&text), &settings(), at(NOW), table) {
                Ok(found) => check(&text, &found)?,
                Err(error) => {
                    prop_assert!(error.status() < 500, "{text}: {error}");
                    prop_assert!(error.hint().is_some(), "{text}: {error} has no hint");
                }
            }
        }
    }
}
