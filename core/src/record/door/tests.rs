//! What the door lets in, and what it says about the rest.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use jiff::Timestamp;

use super::{Checked, Door, DoorError, normal_schema};
use crate::record::{RecordKind, SourceName};

const NOW_S: i64 = 1_700_000_000;

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<StringArray>())
}

fn numbers(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<Float64Array>())
}

fn times(seconds: &[Option<i64>]) -> ArrayRef {
    let micros = seconds
        .iter()
        .map(|second| second.map(|second| second * 1_000_000));
    Arc::new(
        micros
            .collect::<TimestampMicrosecondArray>()
            .with_timezone("UTC"),
    )
}

/// A batch of one good answer with some columns replaced or added.
fn answer(changes: &[(&str, ArrayRef)]) -> RecordBatch {
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("responded_at", times(&[Some(NOW_S - 60)])),
        ("id", texts(&[Some("a")])),
        ("survey", texts(&[Some("s")])),
        ("question", texts(&[Some("q")])),
        ("metric", texts(&[Some("nps")])),
        ("score", numbers(&[Some(9.0)])),
    ];
    for (name, array) in changes {
        match columns.iter_mut().find(|(one, _)| one == name) {
            Some((_, old)) => *old = Arc::clone(array),
            None => columns.push((name, Arc::clone(array))),
        }
    }
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn checked(kind: RecordKind, batch: &RecordBatch) -> Result<Checked, DoorError> {
    let now = Timestamp::from_second(NOW_S).unwrap();
    Door::new(SourceName::new("survey").unwrap()).check(kind, batch, now)
}

/// `expected` is the reason, or nothing for a row that passes.
fn check(changes: &[(&str, ArrayRef)], expected: Option<&str>) {
    let checked = checked(RecordKind::Response, &answer(changes)).unwrap();
    let reasons: Vec<&str> = checked
        .rejects
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    let expected: Vec<&str> = expected.into_iter().collect();
    assert_eq!(reasons, expected, "{changes:?}");
    assert_eq!(checked.batch.rows.num_rows(), 1 - expected.len());
}

#[test]
fn each_breach_has_its_reason() {
    let text = |value| texts(&[Some(value)]);
    let long_id = "x".repeat(201);
    let full_id = "x".repeat(200);
    check(&[], None);
    check(&[("id", text(&full_id))], None);
    check(&[("id", text(&long_id))], Some("bad_id"));
    check(&[("id", text(""))], Some("bad_id"));
    check(&[("id", texts(&[None]))], Some("bad_id"));
    check(&[("survey", texts(&[None]))], Some("missing_value"));
    check(&[("survey", text(""))], Some("missing_value"));
    check(&[("metric", text("npss"))], Some("unknown_value"));
    check(&[("status", text("done"))], Some("unknown_value"));
    check(&[("score", numbers(&[Some(f64::NAN)]))], Some("bad_number"));
    check(&[("responded_at", times(&[Some(-1)]))], Some("bad_time"));
    check(&[("responded_at", times(&[Some(0)]))], None);
    check(
        &[("responded_at", times(&[Some(NOW_S + 12 * 366 * 86_400)]))],
        Some("bad_time"),
    );
    check(
        &[("responded_at", times(&[Some(NOW_S + 9 * 366 * 86_400)]))],
        None,
    );
    let long_text = "x".repeat(65_537);
    check(&[("comment", text(&long_text))], Some("too_long"));
    check(&[("attributes", text("[1]"))], Some("bad_attributes"));
    check(&[("attributes", text(r#"{"a": 1}"#))], None);
}

#[test]
fn scores_stay_on_their_scale() {
    let score = |value| ("score", numbers(&[Some(value)]));
    let low = |value| ("scale_min", numbers(&[Some(value)]));
    let high = |value| ("scale_max", numbers(&[Some(value)]));
    let csat = || ("metric", texts(&[Some("csat")]));
    check(&[score(10.5)], Some("score_out_of_scale"));
    check(&[score(-0.5)], Some("score_out_of_scale"));
    check(&[score(10.0), low(0.0), high(10.0)], None);
    check(&[score(5.0), low(1.0), high(5.0)], Some("scale_not_nps"));
    check(
        &[csat(), score(6.0), low(1.0), high(5.0)],
        Some("score_out_of_scale"),
    );
    check(&[csat(), score(5.0), low(1.0), high(5.0)], None);
    check(&[csat(), score(50.0)], None);
    check(
        &[csat(), score(1.0), low(5.0), high(1.0)],
        Some("bad_scale"),
    );
    check(&[("score", numbers(&[None]))], None);
}

#[test]
fn a_wrong_row_does_not_take_the_others_with_it() {
    let batch = RecordBatch::try_from_iter([
        ("id", texts(&[Some("a"), Some("b"), Some("c")])),
        ("happened_at", times(&[Some(1), Some(-1), Some(3)])),
        ("label", texts(&[Some("x"), Some("y"), Some("z")])),
    ])
    .unwrap();
    let checked = checked(RecordKind::Event, &batch).unwrap();
    assert_eq!(checked.rejects.len(), 1);
    assert_eq!(checked.rejects[0].place, "b");
    let ids = checked.batch.rows.column_by_name("id").unwrap();
    let ids: Vec<_> = ids.as_string::<i32>().iter().flatten().collect();
    assert_eq!(ids, ["a", "c"]);
}

#[test]
fn what_a_plugin_leaves_out_is_filled_in() {
    let rows = checked(RecordKind::Response, &answer(&[]))
        .unwrap()
        .batch
        .rows;
    assert_eq!(rows.schema(), normal_schema(RecordKind::Response));
    let time = |name| {
        let column = rows.column_by_name(name).unwrap();
        column.as_primitive::<TimestampMicrosecondType>().value(0)
    };
    assert_eq!(time("updated_at"), (NOW_S - 60) * 1_000_000);
    assert_eq!(time("bucket_time"), (NOW_S - 60) * 1_000_000);
    let response = rows.column_by_name("response").unwrap();
    assert_eq!(response.as_string::<i32>().value(0), "a");
    assert!(
        !rows
            .column_by_name("deleted")
            .unwrap()
            .as_boolean()
            .value(0)
    );
}

#[test]
fn a_deletion_needs_no_more_than_its_id() {
    let batch = RecordBatch::try_from_iter([
        ("id", texts(&[Some("a")])),
        (
            "deleted",
            Arc::new(BooleanArray::from(vec![true])) as ArrayRef,
        ),
    ])
    .unwrap();
    let checked = checked(RecordKind::Response, &batch).unwrap();
    assert_eq!(checked.rejects, []);
    assert_eq!(checked.batch.rows.num_rows(), 1);
}

fn digest(changes: &[(&str, ArrayRef)]) -> u64 {
    let rows = checked(RecordKind::Response, &answer(changes))
        .unwrap()
        .batch
        .rows;
    let digests = rows.column_by_name("digest").unwrap();
    digests.as_primitive::<UInt64Type>().value(0)
}

#[test]
fn the_digest_is_of_the_content_and_not_of_its_layout() {
    let nothing = texts(&[None]);
    let plain = digest(&[]);
    assert_eq!(plain, digest(&[("comment", nothing)]));
    assert_eq!(plain, digest(&[("updated_at", times(&[Some(NOW_S)]))]));
    let flag = |value| Arc::new(BooleanArray::from(vec![value])) as ArrayRef;
    assert_eq!(plain, digest(&[("deleted", flag(false))]));
    assert_ne!(plain, digest(&[("deleted", flag(true))]));
    assert_ne!(plain, digest(&[("score", numbers(&[Some(8.0)]))]));
    let text = |value| texts(&[Some(value)]);
    assert_ne!(
        digest(&[("channel", text("x")), ("language", text("yz"))]),
        digest(&[("channel", text("xy")), ("language", text("z"))]),
    );
}

#[test]
fn columns_that_are_not_the_kinds_refuse_the_batch() {
    let refused = |changes: &[(&str, ArrayRef)]| {
        checked(RecordKind::Response, &answer(changes))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(&[("scor", numbers(&[None]))]),
        "`response` has no column `scor`"
    );
    assert_eq!(
        refused(&[("score", texts(&[Some("9")]))]),
        "column `score` of `response` is Utf8, expected Float64"
    );
}
