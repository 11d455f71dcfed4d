//! Versions: any order and any batching ends in the same rows; fences and replays.

use proptest::prelude::*;

use super::fixture::{Answer, TestStore, at, changed, everything};
use crate::plan::{Measure, Tally, TallyPlan, TallyValue};
use crate::store::{Ack, Store};

fn histogram(store: &TestStore, as_of_s: Option<i64>) -> Vec<(f64, u64)> {
    let plan = TallyPlan {
        as_of: as_of_s.map(at),
        ..everything(vec![Measure::Histogram("score")])
    };
    match store.tally(&plan).unwrap().rows.first() {
        Some(row) => match &row.values[0] {
            TallyValue::Histogram(bars) => bars.clone(),
            other => panic!("{other:?}"),
        },
        None => Vec::new(),
    }
}

fn version(id: &str, score: f64, updated_at: i64) -> Answer {
    Answer {
        updated_at: Some(updated_at),
        ..Answer::new(id, score, 10)
    }
}

fn deletion(id: &str, updated_at: i64) -> Answer {
    Answer {
        is_deleted: true,
        ..version(id, 0.0, updated_at)
    }
}

#[test]
fn a_newer_version_replaces_and_an_older_one_does_not() {
    let store = TestStore::new();
    store.commit(&[version("a", 5.0, 100)]);
    assert_eq!(store.commit(&[version("a", 6.0, 200)]), changed(1));
    assert_eq!(histogram(&store, None), [(6.0, 1)]);
    assert_eq!(store.commit(&[version("a", 4.0, 50)]), changed(0));
    assert_eq!(histogram(&store, None), [(6.0, 1)]);
}

#[test]
fn a_deleted_record_stays_deleted_when_an_older_version_comes() {
    let store = TestStore::new();
    store.commit(&[version("a", 5.0, 100)]);
    store.commit(&[deletion("a", 200)]);
    assert_eq!(store.count(), 0);
    store.commit(&[version("a", 6.0, 150)]);
    assert_eq!(store.count(), 0);
    store.commit(&[version("a", 7.0, 300)]);
    assert_eq!(histogram(&store, None), [(7.0, 1)]);
}

#[test]
fn a_deletion_that_comes_first_is_remembered() {
    let store = TestStore::new();
    store.commit(&[deletion("a", 200)]);
    store.commit(&[version("a", 5.0, 100)]);
    assert_eq!(store.count(), 0);
}

#[test]
fn an_answer_stays_in_the_bucket_of_its_lowest_version() {
    let store = TestStore::new();
    let moved = Answer {
        updated_at: Some(500),
        ..Answer::new("a", 5.0, 400)
    };
    let first = Answer {
        updated_at: Some(100),
        ..Answer::new("a", 5.0, 10)
    };
    for answers in [[&moved, &first], [&first, &moved]] {
        let store = TestStore::new();
        for answer in answers {
            store.commit(std::slice::from_ref(answer));
        }
        let tallies = store.tally(&everything(vec![Measure::Count])).unwrap();
        assert_eq!(tallies.extent, Some((at(10), at(10))));
    }
    store.commit(&[moved, first]);
    let tallies = store.tally(&everything(vec![Measure::Count])).unwrap();
    assert_eq!(tallies.extent, Some((at(10), at(10))));
}

#[test]
fn as_of_sees_what_was_known_then() {
    let store = TestStore::new();
    store.commit_at(&[version("a", 5.0, 100)], at(1_000));
    store.commit_at(&[version("a", 6.0, 200)], at(2_000));
    store.commit_at(&[deletion("a", 300)], at(3_000));
    let cases = [
        (999, vec![]),
        (1_000, vec![(5.0, 1)]),
        (2_500, vec![(6.0, 1)]),
        (3_000, vec![]),
    ];
    for (as_of_s, expected) in cases {
        assert_eq!(histogram(&store, Some(as_of_s)), expected, "{as_of_s}");
    }
}

#[test]
fn an_earlier_run_is_fenced_and_a_repeated_unit_is_known() {
    let store = TestStore::new();
    let answers = [version("a", 5.0, 100)];
    let (old_run, is_first) = store.begin_run(&store.source, at(0)).unwrap();
    assert!(is_first);
    let (run, _) = store.begin_run(&store.source, at(1)).unwrap();
    let commit =
        |run_id, unit_idx| Store::commit(&*store, store.unit(&answers, run_id, unit_idx)).unwrap();
    assert_eq!(commit(old_run, 0), Ack::Fenced);
    assert_eq!(commit(run, 0), changed(1));
    assert_eq!(commit(run, 0), Ack::AlreadyApplied);
    assert_eq!(commit(run, 1), changed(0));
}

fn any_version() -> impl Strategy<Value = Answer> {
    (
        0_u8..4,
        0_u8..4,
        0_i64..5,
        prop::option::of(0_u64..2),
        0_i64..3,
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(id, score, updated_at, revision, responded_at, is_deleted)| Answer {
                updated_at: Some(updated_at),
                revision,
                is_deleted,
                ..Answer::new(&format!("id{id}"), f64::from(score), responded_at)
            },
        )
}

fn summary(store: &TestStore) -> crate::plan::Tallies {
    let plan = TallyPlan {
        group: vec![crate::plan::Dimension::Column("response")],
        ..everything(vec![Measure::Histogram("score"), Measure::Min("score")])
    };
    store.tally(&plan).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn order_and_batching_never_matter(
        versions in prop::collection::vec(any_version(), 1..24),
        order in any::<prop::sample::Index>(),
        cut in 1_usize..6,
    ) {
        let at_once = TestStore::new();
        at_once.commit(&versions);
        let mut shuffled = versions.clone();
        shuffled.rotate_left(order.index(versions.len()));
        shuffled.reverse();
        let in_parts = TestStore::new();
        for part in shuffled.chunks(cut) {
            in_parts.commit(part);
        }
        prop_assert_eq!(summary(&at_once), summary(&in_parts));
        let before = at_once.data_version();
        prop_assert_eq!(at_once.commit(&shuffled), changed(0));
        prop_assert_eq!(at_once.data_version(), before);
    }
}

#[test]
fn a_large_unit_meets_the_versions_of_earlier_units_and_of_an_earlier_start() {
    let store = TestStore::new();
    store.commit(&[version("0", 5.0, 100), version("gone", 5.0, 100)]);
    store.commit(&[deletion("gone", 200)]);
    let store = store.reopened();
    let many: Vec<Answer> = (0..40_000)
        .map(|idx| version(&idx.to_string(), 6.0, 150))
        .chain([version("gone", 6.0, 150)])
        .collect();
    assert_eq!(store.commit(&many), changed(40_000));
    let newer: Vec<Answer> = ["0", "39999"].map(|id| version(id, 7.0, 200)).into();
    assert_eq!(store.commit(&newer), changed(2));
    assert_eq!(store.commit(&many), changed(0));
    assert_eq!(histogram(&store, None), [(6.0, 39_998), (7.0, 2)]);
}
