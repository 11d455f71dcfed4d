//! Why people call.

use super::*;
use crate::kpi::Reasons;

const MAY: &str = "reasons range=2026-05-01..2026-06-01";

/// So many tickets of a month and a category, each of its own customer.
fn tickets(month: &str, category: &str, n: usize) -> Vec<Row> {
    let ticket = |idx: usize| Row {
        source: "desk".to_owned(),
        id: format!("{month}-{category}-{idx}"),
        at: at(&format!("2026-{month}-10T08:00:00Z")),
        ..Row::default()
    };
    let ticket = |idx: usize| match category {
        "" => ticket(idx),
        category => ticket(idx).text("category", category),
    };
    (0..n)
        .map(ticket)
        .map(|row| {
            let customer = row.id.clone();
            row.text("customer", &customer)
        })
        .collect()
}

fn reasoned(text: &str, rows: Vec<Row>) -> (Answer, Reasons) {
    let answer = ask(text, &RowTable::new(rows));
    match found(&answer) {
        Found::Reasons(reasons) => {
            let reasons = reasons.clone();
            (answer, reasons)
        }
        other => panic!("{other:?}"),
    }
}

fn bars(reasons: &Reasons) -> Vec<(&str, u64, bool)> {
    let bars = reasons.pareto.bars.iter();
    bars.map(|bar| (bar.name.as_str(), bar.n, bar.is_find))
        .collect()
}

#[test]
fn the_commonest_category_is_first_and_what_grew_is_found() {
    let mut all = tickets("05", "bill", 60);
    all.extend(tickets("05", "login", 30));
    all.extend(tickets("05", "", 10));
    all.extend(tickets("04", "bill", 20));
    all.extend(tickets("04", "login", 60));
    all.extend(tickets("04", "", 20));
    let (answer, reasons) = reasoned(MAY, all);
    assert_eq!(bars(&reasons), [("bill", 60, true), ("login", 30, true)]);
    assert_eq!(
        (answer.total.value, answer.total.n),
        (Some(100.0), Some(100))
    );
    assert_eq!(answer.total.counts, [("n_before", 100)]);
    assert_eq!(answer.by.as_deref(), Some("category"));
    let share = reasons.pareto.bars[0].share;
    assert_eq!(share.value, 0.6);
    let change = reasons.pareto.bars[1].change.expect("tested");
    assert!((change.value + 0.3).abs() < 1e-12);
    assert!(!reasons.may_overlap);
}

#[test]
fn reasons_of_a_few_persons_are_one() {
    let mut all = tickets("05", "bill", 20);
    all.extend(tickets("05", "fax", 4));
    // Nine tickets of three persons.
    let often = tickets("05", "post", 9).into_iter().enumerate();
    all.extend(often.map(|(idx, row)| row.text("customer", &format!("p{}", idx % 3))));
    let (_, reasons) = reasoned(MAY, all.clone());
    assert_eq!(bars(&reasons), [("bill", 20, false), ("other", 13, false)]);
    // One that is all there is to pool is not told either.
    all.retain(|row| row.texts["category"] != "post");
    let (answer, reasons) = reasoned(MAY, all);
    assert_eq!(bars(&reasons), [("bill", 20, false)]);
    assert_eq!(answer.total.n, Some(24));
}

#[test]
fn tags_overlap_and_rare_ones_are_left_out() {
    let mut all = tickets("05", "bill", 20);
    for (idx, row) in all.iter_mut().enumerate() {
        row.tags = vec!["urgent".to_owned()];
        if idx < 10 {
            row.tags.push("vip".to_owned());
        }
        if idx < 2 {
            row.tags.push("odd".to_owned());
        }
    }
    let (answer, reasons) = reasoned(&format!("{MAY} by=tag"), all);
    assert_eq!(bars(&reasons), [("urgent", 20, false), ("vip", 10, false)]);
    assert!(reasons.may_overlap && !answer.is_additive);
    assert_eq!(answer.notes, ["1 rarer reasons are left out"]);
}

#[test]
fn a_review_with_a_cause_in_two_categories_gives_it_once() {
    let review = |idx: usize| {
        ["tone", "facts"].map(|category| {
            let row = Row::nps(
                format!("{idx}-{category}"),
                "2026-05-10T08:00:00Z",
                Some(1.0),
            );
            let row = row.text("review", &format!("r{idx}"));
            let row = row.text("category", category);
            match idx {
                0..12 => row.text("cause", "no time"),
                _ => row,
            }
        })
    };
    let all: Vec<Row> = (0..30).flat_map(review).collect();
    let (answer, reasons) = reasoned(&format!("{MAY} of=reviews"), all.clone());
    assert_eq!(bars(&reasons), [("no time", 12, false)]);
    assert_eq!(
        (answer.total.n, answer.by.as_deref()),
        (Some(30), Some("cause"))
    );
    let (_, reasons) = reasoned(&format!("{MAY} of=reviews by=category"), all);
    assert_eq!(bars(&reasons), [("facts", 30, false), ("tone", 30, false)]);
}

#[test]
fn a_configured_dimension_may_be_the_reason() {
    let all = tickets("05", "bill", 20).into_iter().enumerate();
    let all = all.map(|(idx, row)| row.dimension("priority", ["low", "high"][idx % 2]));
    let (answer, reasons) = reasoned(&format!("{MAY} by=priority"), all.collect());
    assert_eq!(bars(&reasons), [("high", 10, false), ("low", 10, false)]);
    assert_eq!(answer.by.as_deref(), Some("priority"));
}

#[test]
fn an_unknown_reason_names_what_there_is() {
    let error = answer(
        &query("reasons by=categroy"),
        &settings(),
        at(NOW),
        &RowTable::default(),
    );
    let error = error.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "there is no dimension `categroy`; did you mean `category`?"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("category")));
}
