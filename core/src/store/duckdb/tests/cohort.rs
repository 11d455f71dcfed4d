//! Invitations meet their answers in SQL as they do row by row.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::fixture::{TestStore, at, everything, hours};
use crate::plan::row_table::{Row, RowTable};
use crate::plan::{CohortPlan, Dimension, Filter, Tally, TallyPlan};
use crate::record::RecordKind;
use crate::record::door::Door;
use crate::store::{KindBatch, Store};

/// An invitation or an answer: second, customer, ticket, submission, and whether it is left out.
type Drawn = (i64, Option<u8>, Option<u8>, Option<u8>, bool);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let one = (
        (0_i64..40).prop_map(|step| step * 600),
        prop::option::of(0_u8..3),
        prop::option::of(0_u8..2),
        prop::option::weighted(0.3, 0_u8..8),
        prop::bool::weighted(0.15),
    );
    prop::collection::vec(one, 0..25)
}

fn texts(all: &[Drawn], text: impl Fn(&Drawn) -> Option<String>) -> ArrayRef {
    Arc::new(all.iter().map(text).collect::<StringArray>())
}

fn named(prefix: &str, number: Option<u8>) -> Option<String> {
    number.map(|number| format!("{prefix}{number}"))
}

fn batch(kind: RecordKind, all: &[Drawn]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(
        (0..all.len())
            .map(|idx| Some(format!("{}{idx}", kind.name())))
            .collect::<StringArray>(),
    );
    let times = all.iter().map(|one| Some(at(one.0).as_microsecond()));
    let times: ArrayRef = Arc::new(
        times
            .collect::<TimestampMicrosecondArray>()
            .with_timezone("UTC"),
    );
    let mut columns = vec![
        ("id", ids),
        ("survey", texts(all, |_| Some("s".to_owned()))),
        ("customer", texts(all, |one| named("c", one.1))),
        ("ticket", texts(all, |one| named("t", one.2))),
        ("response", texts(all, |one| named("r", one.3))),
    ];
    if kind == RecordKind::Invitation {
        let delivered: BooleanArray = all.iter().map(|one| Some(!one.4)).collect();
        columns.push(("sent_at", times));
        columns.push(("delivered", Arc::new(delivered)));
    } else {
        let scores: Float64Array = all.iter().map(|one| (!one.4).then_some(9.0)).collect();
        columns.push(("responded_at", times));
        columns.push(("question", texts(all, |_| Some("q".to_owned()))));
        columns.push(("metric", texts(all, |_| Some("nps".to_owned()))));
        columns.push(("score", Arc::new(scores)));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

fn row(kind: RecordKind, idx: usize, one: &Drawn) -> Row {
    let mut row = Row {
        source: "survey".to_owned(),
        id: format!("{}{idx}", kind.name()),
        at: at(one.0),
        ..Row::default()
    };
    row = row.text("survey", "s");
    let texts = [
        ("customer", named("c", one.1)),
        ("ticket", named("t", one.2)),
        ("response", named("r", one.3)),
    ];
    for (name, value) in texts {
        row = value.map_or(row.clone(), |value| row.text(name, &value));
    }
    if kind == RecordKind::Invitation && one.4 {
        row.flags.insert("bounced");
    } else if kind == RecordKind::Response && !one.4 {
        row.numbers.insert("score", 9.0);
    }
    row
}

fn check(invitations: &[Drawn], answers: &[Drawn], is_split: bool) {
    let store = TestStore::new();
    let checked = |kind, all: &[Drawn]| -> Option<KindBatch> {
        let door = Door::new(store.source.clone());
        let batch = batch(kind, all);
        (!all.is_empty()).then(|| door.check(kind, &batch, at(900_000)).unwrap().batch)
    };
    let batches = [
        checked(RecordKind::Invitation, invitations),
        checked(RecordKind::Response, answers),
    ];
    let (run_id, _) = store.begin_run(&store.source, at(0)).unwrap();
    let unit = store.unit_of(batches.into_iter().flatten().collect(), run_id, 0);
    Store::commit(&*store, unit).unwrap();
    let rows = |kind, all: &[Drawn]| -> Vec<Row> {
        let rows = all.iter().enumerate();
        rows.map(|(idx, one)| row(kind, idx, one)).collect()
    };
    let table = RowTable {
        invitations: rows(RecordKind::Invitation, invitations),
        ..RowTable::new(rows(RecordKind::Response, answers))
    };
    let plan = CohortPlan {
        rows: TallyPlan {
            kind: RecordKind::Invitation,
            buckets: hours(5),
            group: is_split
                .then_some(Dimension::Column("ticket"))
                .into_iter()
                .collect(),
            ..everything(Vec::new())
        },
        answered: Filter::Present("score"),
        window: SignedDuration::from_secs(5_400),
    };
    let expected = table.cohorts(&plan).unwrap();
    assert_eq!(store.cohorts(&plan).unwrap(), expected);
    let as_of = TallyPlan {
        as_of: Some(at(3_600)),
        ..plan.rows.clone()
    };
    let plan = CohortPlan {
        rows: as_of,
        ..plan
    };
    assert_eq!(store.cohorts(&plan).unwrap(), expected);
}

proptest! {
    // Each case opens a store.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn cohorts_mean_the_same_in_sql_and_row_by_row(
        invitations in drawn(),
        answers in drawn(),
        is_split in any::<bool>(),
    ) {
        check(&invitations, &answers, is_split);
    }
}

#[test]
fn rivals_are_matched_in_the_order_of_sending() {
    let of = |second| (second, Some(1), None, None, false);
    // Three invitations within one window, two answers: the first two have them.
    check(&[of(0), of(600), of(1_200)], &[of(1_800), of(2_400)], false);
    // A chain: each invitation takes what its predecessor left.
    check(
        &[of(0), of(3_000), of(6_000), of(9_000)],
        &[of(4_200), of(4_800), of(6_600)],
        true,
    );
}
