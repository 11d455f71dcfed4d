//! The store as a whole: commits, versions, questions, reopening.

mod cohort;
mod compact;
mod desk;
mod erase;
mod export;
mod fixture;
mod meaning;
mod opening;
mod people;
mod periods;
mod pushed;
mod rollup;
mod sheet;
mod version;

use std::time::Duration;

use jiff::Timestamp;

use self::fixture::{Answer, TestStore, at, changed, everything};
use crate::plan::{
    ClusterPlan, ClusterSums, Dimension, Filter, Measure, RowTime, Tally, TallyPlan, TallyValue,
    Worth,
};
use crate::record::RecordKind;
use crate::store::duckdb::{DuckStore, StoreOptions, commit, migrate, state};
use crate::store::{Store, StoreError};

#[test]
fn a_committed_answer_is_counted() {
    let store = TestStore::new();
    let ack = store.commit(&[Answer::new("a", 9.0, 10), Answer::new("b", 3.0, 20)]);
    assert_eq!(ack, changed(2));
    let tallies = store
        .tally(&everything(vec![
            Measure::Count,
            Measure::Sum("score"),
            Measure::Histogram("score"),
            Measure::Persons,
        ]))
        .unwrap();
    assert_eq!(
        tallies.rows[0].values,
        [
            TallyValue::Count(2),
            TallyValue::Number(Some(12.0)),
            TallyValue::Histogram(vec![(3.0, 1), (9.0, 1)]),
            TallyValue::Count(2),
        ]
    );
    assert_eq!(tallies.extent, Some((at(10), at(20))));
}

#[test]
fn sums_over_persons_follow_the_rows() {
    let store = TestStore::new();
    let of = |id, score, customer: &str| Answer {
        customer: Some(customer.to_owned()),
        ..Answer::new(id, score, 10)
    };
    store.commit(&[of("a", 9.0, "x"), of("b", 3.0, "x"), of("c", 5.0, "y")]);
    let plan = ClusterPlan {
        rows: everything(Vec::new()),
        worth: Worth::Column("score"),
        is_estimate: false,
    };
    let sums = || store.clusters(&plan).unwrap()[0].sums;
    let expected = ClusterSums {
        n: 3,
        n_persons: 2,
        n_repeaters: 1,
        sum: 17.0,
        squares: 115.0,
        person_squares: 169.0,
        person_products: 29.0,
        size_squares: 5.0,
    };
    assert_eq!(sums(), expected);
    store.commit(&[of("d", 1.0, "y")]);
    assert_eq!((sums().n, sums().n_repeaters), (4, 2));
}

#[test]
fn the_same_rows_again_change_nothing() {
    let store = TestStore::new();
    let answers = [Answer::new("a", 9.0, 10), Answer::new("b", 3.0, 20)];
    store.commit(&answers);
    let before = store.data_version();
    assert_eq!(store.commit(&answers), changed(0));
    assert_eq!(store.data_version(), before);
}

#[test]
fn a_reopened_store_has_the_rows_and_the_checkpoint() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10)]);
    let version = store.data_version();
    let store = store.reopened();
    assert_eq!(store.count(), 1);
    assert_eq!(store.data_version(), version);
    let checkpoint = store
        .checkpoint(&store.source, &store.stream)
        .unwrap()
        .unwrap();
    assert_eq!(checkpoint.json, r#"{"n":0}"#);
}

#[test]
fn an_unclean_end_loses_no_acknowledged_unit() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10)]);
    let copy = store.copied_while_open();
    assert_eq!(copy.count(), 1);
}

#[test]
fn groups_and_buckets_without_rows_are_absent() {
    let store = TestStore::new();
    store.commit(&[
        Answer::new("a", 9.0, 10),
        Answer::new("b", 3.0, 4_000),
        Answer {
            channel: Some("sms"),
            ..Answer::new("c", 5.0, 4_100)
        },
    ]);
    let plan = TallyPlan {
        buckets: fixture::hours(3),
        group: vec![Dimension::Column("channel")],
        ..everything(vec![Measure::Count])
    };
    let rows: Vec<_> = store
        .tally(&plan)
        .unwrap()
        .rows
        .into_iter()
        .map(|row| (row.bucket_idx, row.key[0].clone()))
        .collect();
    assert_eq!(rows, [(0, None), (1, None), (1, Some("sms".to_owned()))]);
}

#[test]
fn the_extent_is_of_the_rows_that_match() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10), Answer::new("b", 3.0, 20)]);
    let filter = Filter::NumberIn {
        column: "score",
        low: Some(5.0),
        high: None,
    };
    let extent = store
        .extent(RecordKind::Response, &filter, RowTime::Event, None)
        .unwrap();
    assert_eq!(extent, Some((at(10), at(10))));
    let nothing = store
        .extent(RecordKind::Ticket, &Filter::All, RowTime::Event, None)
        .unwrap();
    assert_eq!(nothing, None::<(Timestamp, Timestamp)>);
}

#[test]
fn a_query_past_its_deadline_is_stopped_and_the_next_one_answers() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10)]);
    let dir = store.closed();
    let hurried = DuckStore::open(StoreOptions {
        n_readers: 1,
        deadline: Duration::from_millis(200),
        ..StoreOptions::new(dir.path().to_owned())
    })
    .unwrap();
    let endless = hurried.read("count for hours", |connection| {
        let sql =
            "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range < b.range";
        connection.query_row(sql, [], |row| row.get::<_, u64>(0))
    });
    assert!(
        matches!(endless, Err(StoreError::Deadline { .. })),
        "{endless:?}"
    );
    let tallies = hurried.tally(&everything(vec![Measure::Count])).unwrap();
    assert_eq!(tallies.rows[0].values, [TallyValue::Count(1)]);
}

#[test]
fn instants_stay_what_they_are_in_a_session_of_another_zone() {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    migrate::migrate(&connection, std::path::Path::new("memory")).unwrap();
    connection.execute_batch(commit::STAGE_SQL).unwrap();
    // An engine without time zones refuses this, and then has none to shift by.
    let is_zoned = connection
        .execute_batch("SET TimeZone = 'America/New_York'")
        .is_ok();
    let store = TestStore::new();
    let (run_id, _) = state::begin_run(&connection, store.source.as_str()).unwrap();
    let unit = store.unit(&[Answer::new("a", 9.0, 10)], run_id, 0);
    commit::commit(&connection, &[], &mut commit::Memory::default(), &unit).unwrap();
    let stored: (i64, i64) = connection
        .query_row(
            "SELECT epoch_us(responded_at), epoch_us(bucket_time) FROM response",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let expected = at(10).as_microsecond();
    assert_eq!(stored, (expected, expected), "zoned: {is_zoned}");
}
