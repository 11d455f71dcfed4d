//! Single rows: which come back, in which order, and whose tickets they name.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

use super::fixture::{Answer, TestStore, at};
use super::people::commit_rows;
use crate::plan::{Dimension, Filter, SheetColumn, SheetPlan, Span, Tally};
use crate::record::{RecordKind, SourceName};

fn plan(columns: Vec<SheetColumn>) -> SheetPlan {
    SheetPlan {
        kind: RecordKind::Response,
        filter: Filter::All,
        span: Span {
            start: at(0),
            end: at(1_000),
        },
        columns,
        as_of: None,
        rows_max: 100,
    }
}

fn answer(id: &str, score: f64, responded_at: i64, customer: Option<&str>) -> Answer {
    Answer {
        customer: customer.map(str::to_owned),
        channel: Some("chat"),
        ..Answer::new(id, score, responded_at)
    }
}

#[test]
fn rows_come_in_the_order_of_time_and_the_latest_are_kept() {
    let store = TestStore::new();
    store.commit(&[
        answer("c", 3.0, 30, Some("7")),
        answer("a", 1.0, 10, Some("7")),
        answer("b", 2.0, 20, None),
        answer("late", 9.0, 1_000, None),
    ]);
    let columns = vec![
        SheetColumn::Number("score"),
        SheetColumn::EventTime,
        SheetColumn::Someone,
        SheetColumn::Dimension(Dimension::Column("channel")),
        SheetColumn::Text("comment"),
        SheetColumn::Sourced("id"),
    ];
    let all = store.sheet(&plan(columns.clone())).unwrap();
    assert_eq!((all.n_rows, all.is_cut), (3, false));
    assert_eq!(all.numbers(0), [Some(1.0), Some(2.0), Some(3.0)]);
    assert_eq!(
        all.times(1),
        [10, 20, 30].map(|second| at(second).as_microsecond())
    );
    let persons = all.persons(2);
    assert!(
        persons[0] == persons[2] && persons[0] != persons[1],
        "{persons:?}"
    );
    assert_eq!((all.text(3, 1), all.text(4, 1)), (Some("chat"), None));
    assert_eq!(all.text(5, 0).map(|id| id.ends_with("/a")), Some(true));

    let cut = store.sheet(&SheetPlan {
        rows_max: 2,
        ..plan(columns)
    });
    let cut = cut.unwrap();
    assert_eq!((cut.n_rows, cut.is_cut), (2, true));
    assert_eq!(cut.numbers(0), [Some(2.0), Some(3.0)]);
}

#[test]
fn rows_are_those_known_then() {
    let store = TestStore::new();
    store.commit(&[answer("a", 1.0, 10, None)]);
    let before = SheetPlan {
        as_of: Some(at(-100)),
        ..plan(vec![SheetColumn::Number("score")])
    };
    assert_eq!(store.sheet(&before).unwrap().n_rows, 0);
}

/// Commits rows of one kind: id, event time in seconds, and text columns.
fn commit(
    store: &TestStore,
    source: &str,
    kind: RecordKind,
    rows: &[(&str, [&str; 2])],
    names: [&str; 2],
) {
    let texts = |text: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(
            (0..rows.len())
                .map(|idx| Some(text(idx)))
                .collect::<StringArray>(),
        )
    };
    let times = rows.iter().map(|_| Some(at(50).as_microsecond()));
    let times = times
        .collect::<TimestampMicrosecondArray>()
        .with_timezone("UTC");
    let event = kind.event_time().unwrap();
    let mut columns = vec![
        ("id", texts(&|idx| rows[idx].0.to_owned())),
        (event, Arc::new(times) as ArrayRef),
        (names[0], texts(&|idx| rows[idx].1[0].to_owned())),
        (names[1], texts(&|idx| rows[idx].1[1].to_owned())),
    ];
    if kind == RecordKind::Response {
        let scores: Float64Array = rows.iter().map(|_| Some(5.0)).collect();
        columns.push(("score", Arc::new(scores)));
        columns.push(("survey", texts(&|_| "s".to_owned())));
        columns.push(("question", texts(&|_| "q".to_owned())));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    commit_rows(store, SourceName::new(source).unwrap(), kind, &batch);
}

#[test]
fn a_row_knows_the_category_of_its_ticket_in_whichever_source() {
    let store = TestStore::new();
    let tickets = [("1", ["billing", "open"]), ("2", ["login", "open"])];
    commit(
        &store,
        "desk",
        RecordKind::Ticket,
        &tickets,
        ["category", "status"],
    );
    commit(
        &store,
        "other",
        RecordKind::Ticket,
        &[("1", ["delivery", "open"])],
        ["category", "status"],
    );
    let answers = [
        ("a", ["csat", "1"]),
        ("b", ["csat", "other/1"]),
        ("c", ["csat", "9"]),
    ];
    commit(
        &store,
        "desk",
        RecordKind::Response,
        &answers,
        ["metric", "ticket"],
    );
    let columns = vec![SheetColumn::Text("id"), SheetColumn::OfTicket("category")];
    let sheet = store.sheet(&plan(columns)).unwrap();
    let mut found: Vec<_> = (0..sheet.n_rows)
        .map(|row| (sheet.text(0, row), sheet.text(1, row)))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (Some("a"), Some("billing")),
            (Some("b"), Some("delivery")),
            (Some("c"), None)
        ]
    );
}

#[test]
fn a_column_that_there_is_not_is_named() {
    let store = TestStore::new();
    let error = store
        .sheet(&plan(vec![SheetColumn::OfTicket("colour")]))
        .unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(
        cause.as_ref().is_some_and(|cause| cause.contains("colour")),
        "{cause:?}"
    );
}
