//! A person in two sources of customers, with everything it did and said, beside others.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};

use crate::record::door::Reject;
use crate::record::{RecordKind, SourceName};
use crate::store::duckdb::DuckStore;
use crate::store::duckdb::tests::fixture::{Answer, TestStore, at};
use crate::store::duckdb::tests::people::commit_rows;
use crate::store::duckdb::tests::rollup;
use crate::store::push::{DeadLetter, PushStore as _, PushUnit};
use crate::store::upkeep::PersonAsk;
use crate::store::{Ack, Store};

/// Said by the person, and found nowhere afterwards.
const COMMENT: &str = "planted-words-of-a-comment-7c1e";
pub(super) const EMAIL: &str = "planted.person@b.example";
const NAME: &str = "Planted Nameofaperson";

pub(super) fn source(name: &str) -> SourceName {
    SourceName::new(name).unwrap()
}

pub(super) fn ask(reference: &str) -> PersonAsk {
    PersonAsk {
        reference: reference.to_owned(),
        source: None,
    }
}

/// Commits rows of any kind: columns of texts, those named `…_at` as seconds into the test.
pub(super) fn commit(store: &TestStore, from: &str, kind: RecordKind, rows: &[&[(&str, &str)]]) {
    commit_rows(store, source(from), kind, &batch(rows));
}

fn batch(rows: &[&[(&str, &str)]]) -> RecordBatch {
    let names: Vec<&str> = rows[0].iter().map(|(name, _)| *name).collect();
    let columns = names.iter().enumerate().map(|(idx, name)| {
        let values = rows.iter().map(|row| row[idx].1);
        let array: ArrayRef = if name.ends_with("_at") {
            let times = values.map(|text| Some(at(text.parse().unwrap()).as_microsecond()));
            Arc::new(
                times
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            )
        } else if *name == "aliases" {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for text in values {
                lists.append_value(text.split_whitespace().map(Some));
            }
            Arc::new(lists.finish())
        } else {
            let texts = values.map(|text| (!text.is_empty()).then_some(text));
            Arc::new(texts.collect::<StringArray>())
        };
        (*name, array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(super) fn customers(store: &TestStore) {
    let alias = format!("email:{EMAIL}");
    let older = "email:planted.earlier@b.example phone:+4400000000";
    commit(
        store,
        "crm",
        RecordKind::Customer,
        &[
            &[
                ("id", "c1"),
                ("name", NAME),
                ("segment", "gold"),
                ("aliases", older),
                ("updated_at", "1"),
            ],
            &[
                ("id", "c1"),
                ("name", NAME),
                ("segment", "gold"),
                ("aliases", &alias),
                ("updated_at", "2"),
            ],
            &[
                ("id", "c2"),
                ("name", "Other"),
                ("segment", "tin"),
                ("aliases", "phone:+4400000000"),
                ("updated_at", "3"),
            ],
        ],
    );
    commit(
        store,
        "desk",
        RecordKind::Customer,
        &[&[
            ("id", "planted-user-77"),
            ("aliases", &alias),
            ("updated_at", "2"),
        ]],
    );
}

pub(super) fn facts(store: &TestStore) {
    commit(
        store,
        "desk",
        RecordKind::Ticket,
        &[
            &[
                ("id", "t1"),
                ("customer", "planted-user-77"),
                ("created_at", "10"),
                ("updated_at", "10"),
            ],
            &[
                ("id", "t1"),
                ("customer", "planted-user-77"),
                ("created_at", "10"),
                ("updated_at", "20"),
            ],
            &[
                ("id", "t2"),
                ("customer", "crm/c2"),
                ("created_at", "10"),
                ("updated_at", "10"),
            ],
            // Handed over: the earlier version is the person's.
            &[
                ("id", "t3"),
                ("customer", "crm/c1"),
                ("created_at", "10"),
                ("updated_at", "10"),
            ],
            &[
                ("id", "t3"),
                ("customer", "crm/c2"),
                ("created_at", "10"),
                ("updated_at", "20"),
            ],
        ],
    );
    answers(store);
    reviews(store);
}

fn answers(store: &TestStore) {
    let said = |id: &str, customer: &str| Answer {
        customer: (!customer.is_empty()).then(|| customer.to_owned()),
        attributes: Some(format!(r#"{{"words":"{COMMENT}"}}"#)),
        ..Answer::new(id, 9.0, 30)
    };
    let deletion = Answer {
        is_deleted: true,
        updated_at: Some(50),
        ..Answer::new("planted-answer-4", 9.0, 30)
    };
    store.commit(&[
        said("planted-answer-1", "crm/c1"),
        said(
            "planted-answer-2",
            &format!("Email:{}", EMAIL.to_uppercase()),
        ),
        said("planted-answer-3", "email:planted.earlier@b.example"),
        said("planted-answer-4", "desk/planted-user-77"),
        deletion,
        Answer {
            customer: Some("crm/c2".to_owned()),
            ..Answer::new("o1", 3.0, 30)
        },
        Answer {
            customer: Some("phone:+4400000000".to_owned()),
            ..Answer::new("o2", 4.0, 30)
        },
        Answer::new("o3", 5.0, 30),
    ]);
}

fn reviews(store: &TestStore) {
    let review = |id, ticket| {
        [
            ("id", id),
            ("review", id),
            ("agent", "a1"),
            ("reviewer_kind", "peer"),
            ("category", "tone"),
            ("ticket", ticket),
            ("comment", COMMENT),
            ("reviewed_at", "40"),
        ]
    };
    let (r1, r2) = (review("r1", "t1"), review("r2", "desk/t1"));
    commit_reviews(store, &[&r1, &r2]);
}

fn commit_reviews(store: &TestStore, rows: &[&[(&str, &str)]]) {
    let batch = batch(rows);
    let scores = |value: f64| -> ArrayRef {
        Arc::new(arrow_array::Float64Array::from(vec![value; rows.len()]))
    };
    let mut columns: Vec<(String, ArrayRef, bool)> = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| (field.name().clone(), array.clone(), true))
        .collect();
    columns.push(("score".to_owned(), scores(1.0), true));
    columns.push(("score_max".to_owned(), scores(2.0), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    commit_rows(store, source("desk"), RecordKind::Review, &batch);
}

fn letter(position: u64, body: &str) -> DeadLetter {
    DeadLetter {
        position,
        event_id: format!("e{position}"),
        received_at: at(3),
        headers: vec![("x-topic".to_owned(), "a".to_owned())],
        body: body.as_bytes().to_vec(),
        reason: "schema_changed".to_owned(),
        detail: "not known".to_owned(),
    }
}

pub(super) fn letters(store: &DuckStore, from: u64) -> Ack {
    let bodies = [
        format!(r#"{{"mail":"{EMAIL}","words":"{COMMENT}"}}"#),
        r#"{"mail":"other@b.example"}"#.to_owned(),
    ];
    let letters = bodies.iter().enumerate();
    let unit = PushUnit {
        source: source("desk"),
        from,
        to: from + 2,
        batches: Vec::new(),
        rejects: Vec::new(),
        letters: letters
            .map(|(idx, body)| letter(from + idx as u64, body))
            .collect(),
        events: Vec::new(),
        committed_at: at(5),
    };
    store.commit_pushed(unit).unwrap()
}

pub(super) fn sample(store: &TestStore) {
    let (run_id, _) = store.begin_run(&source("desk"), at(0)).unwrap();
    let mut unit = store.unit_of(Vec::new(), run_id, 0);
    unit.source = source("desk");
    unit.rejects = vec![Reject {
        kind: RecordKind::Ticket,
        reason: "bad_time".to_owned(),
        place: "planted-ticket-of-the-person".to_owned(),
        detail: "created_at is before 1970".to_owned(),
    }];
    Store::commit(&**store, unit).unwrap();
}

pub(super) fn filled() -> TestStore {
    let store = rollup::store();
    customers(&store);
    facts(&store);
    sample(&store);
    letters(&store, 0);
    let label = format!("call with {EMAIL}");
    let event = |id, label| [("id", id), ("label", label), ("happened_at", "10")];
    let (call, release) = (event("e1", label.as_str()), event("e2", "release"));
    commit(&store, "diary", RecordKind::Event, &[&call, &release]);
    store
}

/// Returns the files under a folder that hold any of the planted words.
pub(super) fn found_in(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let planted = b"lanted";
        if bytes.windows(planted.len()).any(|window| window == planted) {
            found.push(path.display().to_string());
        }
    }
    found
}
