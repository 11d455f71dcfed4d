//! Revenue at risk: whose revenue, in which group, and when nothing can be said.

use super::*;
use crate::kpi::{Base, Cell};

const EARLY: &str = "2025-02-01T10:00:00Z";
const RECENT: &str = "2026-05-01T10:00:00Z";

fn answers(name: &str, at: &str, score: f64) -> Row {
    Row::nps(format!("{name}@{at}"), at, Some(score)).text("customer", name)
}

/// Customers who pay 100 since 2024, and what they said early and lately; those without a late
/// answer left on 1 June 2025.
fn kind(prefix: &str, n: usize, score: f64, is_kept: bool) -> Vec<Row> {
    let end = (!is_kept).then_some("2025-06-01T10:00:00Z");
    let customer = |idx: usize| {
        let name = format!("{prefix}{idx}");
        let mut rows = vec![
            Row::contract(&name, "2024-01-01T10:00:00Z", end, 100.0, "EUR"),
            answers(&name, EARLY, score),
        ];
        if is_kept {
            rows.push(answers(&name, RECENT, score));
        }
        rows
    };
    (0..n).flat_map(customer).collect()
}

fn content_and_not() -> Vec<Row> {
    let mut rows = kind("angry", 30, 3.0, true);
    rows.extend(kind("gone", 10, 3.0, false));
    rows.extend(kind("happy", 30, 10.0, true));
    rows
}

#[test]
fn revenue_is_at_risk_where_such_customers_left() {
    let answer = ask("revenue_at_risk", &RowTable::new(content_and_not()));
    // A quarter of those who said so early left within a year.
    close(answer.total.value, 30.0 * 100.0 * 0.25);
    let (low, high) = (
        answer.total.low.expect("low"),
        answer.total.high.expect("high"),
    );
    assert!(low < 750.0 && 750.0 < high, "{low} to {high}");
    assert_eq!(
        (answer.total.n, answer.currency.as_deref()),
        (Some(60), Some("EUR"))
    );
    assert_eq!(amount(&answer.total, "revenue"), 6_000.0);
    assert_eq!(
        (
            count(&answer.total, "detractors"),
            count(&answer.total, "promoters")
        ),
        (30, 30)
    );
    let rows = &answer.tables.as_ref().expect("tables").main.rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0][0], Cell::Text("detractors and passives".to_owned()));
    assert_eq!(rows[0][1], Cell::Count(30));
    let Cell::Number(leaving) = rows[0][3] else {
        panic!("a share: {rows:?}");
    };
    close(Some(leaving), 25.0);
    assert_eq!(rows[1][6], Cell::Number(0.0));
    let Cell::Number(doubt) = rows[1][8] else {
        panic!("an end: {rows:?}");
    };
    // Thirty promoters that all stayed could be lucky.
    assert!(doubt > 100.0);
}

#[test]
fn old_answers_and_former_customers_have_no_revenue() {
    let mut rows = content_and_not();
    // Said something lately, and left since.
    for idx in 0..5 {
        let name = format!("late{idx}");
        let end = Some("2026-06-01T10:00:00Z");
        rows.push(Row::contract(
            &name,
            "2024-01-01T10:00:00Z",
            end,
            100.0,
            "EUR",
        ));
        rows.push(answers(&name, RECENT, 9.0));
        // Said something long ago only.
        let name = format!("silent{idx}");
        rows.push(Row::contract(
            &name,
            "2024-01-01T10:00:00Z",
            None,
            100.0,
            "EUR",
        ));
        rows.push(answers(&name, "2025-12-01T10:00:00Z", 9.0));
    }
    let answer = ask("revenue_at_risk", &RowTable::new(rows));
    assert_eq!(answer.total.n, Some(60));
    assert_eq!(amount(&answer.total, "revenue"), 6_000.0);
}

#[test]
fn the_last_answer_of_an_account_counts() {
    let mut rows = content_and_not();
    for row in &mut rows {
        if row.texts["customer"] == "angry0" || row.texts["customer"] == "happy0" {
            row.texts.insert("account", "acme".to_owned());
        }
    }
    let mut last = answers("happy0", "2026-05-02T10:00:00Z", 10.0);
    last.texts.insert("account", "acme".to_owned());
    rows.push(last);
    let answer = ask("revenue_at_risk", &RowTable::new(rows));
    assert_eq!(count(&answer.total, "promoters"), 30);
    assert_eq!(count(&answer.total, "detractors"), 29);
    assert_eq!(amount(&answer.total, "revenue"), 6_000.0);
}

#[test]
fn what_was_not_followed_for_a_year_is_not_guessed() {
    let rows = (0..40).flat_map(|idx| {
        let name = format!("c{idx}");
        let contract = Row::contract(&name, "2024-01-01T10:00:00Z", None, 100.0, "EUR");
        [contract, answers(&name, RECENT, 10.0)]
    });
    let answer = ask("revenue_at_risk", &RowTable::new(rows));
    assert_eq!((answer.total.value, answer.total.n), (None, Some(40)));
    assert!(answer.notes[0].contains("365 days"), "{:?}", answer.notes);
}

#[test]
fn few_customers_and_splits_are_refused_or_hidden() {
    let few = ask("revenue_at_risk", &RowTable::new(kind("c", 4, 10.0, true)));
    assert_eq!((few.total.value, few.total.base), (None, Base::Hidden));
    assert!(few.total.secondary.is_empty());
    let nobody = ask("revenue_at_risk", &RowTable::default());
    assert_eq!((nobody.total.value, nobody.total.n), (None, Some(0)));
    let error = try_ask("revenue_at_risk by=segment", &settings(), &table()).expect_err("split");
    assert_eq!(error.to_string(), "`revenue_at_risk` cannot be split");
    assert_eq!(error.hint().as_deref(), Some("use a filter for each group"));
}
