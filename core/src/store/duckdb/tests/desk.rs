//! Helpdesk plans give in SQL what they give row by row: tickets, elapsed times, sequels, reviews.

use std::sync::{Arc, LazyLock};

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use vocd_plugin::record::ColumnType;

use super::fixture::{TestStore, at, everything, hours};
use crate::plan::row_table::{Row, RowTable};
use crate::plan::{
    Clock, Dimension, Elapsed, Filter, Keep, Measure, Openings, RowTime, Sequel, Span, Tally,
    TallyPlan, TallyValue,
};
use crate::record::RecordKind;
use crate::record::door::Door;
use crate::store::Store;

const N_TICKETS: usize = 240;
const ENDS: &[&str] = &["first_solved_at", "solved_at", "closed_at"];
const QUANTILES: &[f64] = &[0.5, 0.9];

/// Returns rows as a plugin would send them.
fn plugin_batch(kind: RecordKind, rows: &[Row]) -> RecordBatch {
    let number = |row: &Row, name| row.numbers.get(name).copied();
    let columns = kind.columns().filter(|column| column.name != "attributes");
    let arrays = columns.map(|column| {
        let name = column.name;
        let array: ArrayRef = match column.column_type {
            ColumnType::Text if name == "id" => Arc::new(
                rows.iter()
                    .map(|row| Some(&row.id))
                    .collect::<StringArray>(),
            ),
            ColumnType::Text | ColumnType::Json => {
                let texts = rows.iter().map(|row| row.texts.get(name));
                Arc::new(texts.collect::<StringArray>())
            }
            ColumnType::Time => {
                let times = rows.iter().map(|row| match kind.event_time() {
                    Some(event) if event == name => Some(row.at.as_microsecond()),
                    _ => row.times.get(name).map(|at| at.as_microsecond()),
                });
                let times = times.collect::<TimestampMicrosecondArray>();
                Arc::new(times.with_timezone("UTC"))
            }
            ColumnType::Count => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small"
                )]
                let counts = rows.iter().map(|row| Some(number(row, name)? as u64));
                Arc::new(counts.collect::<UInt64Array>())
            }
            ColumnType::Flag => {
                let flags = rows.iter().map(|row| Some(number(row, name)? > 0.0));
                Arc::new(flags.collect::<BooleanArray>())
            }
            ColumnType::Number | ColumnType::Money => {
                let numbers = rows.iter().map(|row| number(row, name));
                Arc::new(numbers.collect::<Float64Array>())
            }
            ColumnType::TextList => {
                let mut lists = arrow_array::builder::ListBuilder::new(
                    arrow_array::builder::StringBuilder::new(),
                );
                for row in rows {
                    lists.append_value(row.tags.iter().map(Some));
                }
                let lists: ListArray = lists.finish();
                Arc::new(lists)
            }
        };
        (name, array)
    });
    RecordBatch::try_from_iter(arrays.collect::<Vec<_>>()).unwrap()
}

fn commit(store: &TestStore, kind: RecordKind, rows: &[Row], committed_at: Timestamp) {
    let (run_id, _) = store.begin_run(&store.source, committed_at).unwrap();
    let checked = Door::new(store.source.clone())
        .check(kind, &plugin_batch(kind, rows), committed_at)
        .unwrap();
    let mut unit = store.unit_of(vec![checked.batch], run_id, 0);
    unit.committed_at = committed_at;
    Store::commit(&**store, unit).unwrap();
}

/// The same rows in a store and in a table.
fn both(kind: RecordKind, mut rows: Vec<Row>) -> (TestStore, RowTable) {
    for row in &mut rows {
        row.source = "survey".to_owned();
    }
    let store = TestStore::new();
    commit(&store, kind, &rows, at(3_600));
    (store, RowTable::new(rows))
}

/// Tickets over ten hours; strides without common factors walk through every combination.
fn ticket(idx: usize) -> Row {
    let step = |stride: usize, modulus: usize| (idx * stride % modulus) as i64;
    let created = step(389, 97) * 370;
    let time = |after: i64| at(created + after).to_string();
    let mut row = Row::ticket(format!("t{idx:03}"), &time(0));
    if !idx.is_multiple_of(3) {
        // One in some is answered before it was opened, and some at once.
        row = row.when("first_reply_at", &time(step(7, 23) * 60 - 60));
    }
    if !idx.is_multiple_of(5) {
        row = row.when("solved_at", &time(step(13, 19) * 613 - 613));
    }
    if idx.is_multiple_of(7) {
        row = row.when("first_solved_at", &time(step(5, 11) * 100));
    }
    if idx.is_multiple_of(4) {
        row = row.when("closed_at", &time(step(5, 17) * 700));
    }
    if idx.is_multiple_of(2) {
        row = row.when("sla_due_at", &time(step(3, 29) * 400));
    }
    if idx.is_multiple_of(6) {
        row = row.flag("sla_met", idx.is_multiple_of(12));
    }
    if idx % 3 == 1 {
        row = row.number("business_first_reply_s", step(11, 31) as f64 * 10.0);
    }
    if !idx.is_multiple_of(8) {
        row = row.text("customer", &format!("c{}", step(5, 13)));
    }
    if !idx.is_multiple_of(9) {
        row = row.text("category", ["bill", "login"][idx % 2]);
    }
    let tags = ["vip", "late", "eu"];
    row.tags = tags[..idx % 4]
        .iter()
        .map(|tag| (*tag).to_owned())
        .collect();
    row.number("reopens", step(1, 3) as f64)
}

static TICKETS: LazyLock<(TestStore, RowTable)> =
    LazyLock::new(|| both(RecordKind::Ticket, (0..N_TICKETS).map(ticket).collect()));

fn filter() -> impl Strategy<Value = Filter> {
    let minutes = select(vec![0, 1, 30, 61, 600]);
    let leaf = prop_oneof![
        Just(Filter::All),
        Just(Filter::NotAfter("created_at", "first_reply_at")),
        Just(Filter::NotAfter("closed_at", "solved_at")),
        Just(Filter::InTime {
            done: "solved_at",
            due: "sla_due_at"
        }),
        Just(Filter::IsTrue("sla_met")),
        select(vec!["sla_met", "sla_due_at", "customer", "reopens"]).prop_map(Filter::Present),
        minutes.prop_map(|minutes| Filter::HasSequel(Sequel {
            topic: "category",
            over: ENDS,
            within: SignedDuration::from_mins(minutes),
        })),
        subsequence(vec![None, Some("vip"), Some("eu")], 0..=3).prop_map(|tags| {
            let tags = tags.into_iter().map(|tag| tag.map(str::to_owned));
            Filter::In(Dimension::Tag, tags.collect())
        }),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn clock() -> impl Strategy<Value = Clock> {
    let opening = |(start, minutes): (i64, i64)| Span {
        start: at(start * 60),
        end: at((start + minutes) * 60),
    };
    let openings = prop::collection::vec((0_i64..700, 0_i64..90).prop_map(opening), 0..12);
    prop_oneof![
        Just(Clock::Calendar),
        Just(Clock::Business(None)),
        openings.prop_map(|spans| Clock::Business(Some(Arc::new(Openings::new(spans))))),
    ]
}

fn row_time() -> impl Strategy<Value = RowTime> {
    select(vec![
        RowTime::Event,
        RowTime::FirstOf(&["first_reply_at"]),
        RowTime::FirstOf(ENDS),
        RowTime::EndOf(&["solved_at", "closed_at"]),
    ])
}

fn plan() -> impl Strategy<Value = TallyPlan> {
    let elapsed = |to, business_s| Elapsed {
        from: "created_at",
        to,
        business_s,
    };
    let measures = (filter(), filter()).prop_map(move |(one, two)| {
        vec![
            Measure::Count,
            Measure::CountIf(one),
            Measure::PersonsIf(two),
            Measure::Order(
                elapsed("first_reply_at", "business_first_reply_s"),
                QUANTILES,
            ),
            Measure::Order(elapsed("solved_at", "business_resolution_s"), QUANTILES),
        ]
    });
    let groups = select(vec![
        vec![],
        vec![Dimension::Tag],
        vec![Dimension::Column("category")],
    ]);
    (filter(), 0_i64..11, groups, row_time(), clock(), measures).prop_map(
        |(filter, n_hours, group, time, clock, measures)| TallyPlan {
            kind: RecordKind::Ticket,
            filter,
            buckets: match n_hours {
                0 => everything(Vec::new()).buckets,
                n => hours(n),
            },
            time,
            group,
            present: at(20_000),
            clock,
            ..everything(measures)
        },
    )
}

/// Forgets how sums of openings were rounded on the way.
fn rounded(mut tallies: crate::plan::Tallies) -> crate::plan::Tallies {
    for value in tallies.rows.iter_mut().flat_map(|row| &mut row.values) {
        if let TallyValue::Order(order) = value {
            for number in order.runs.iter_mut().flat_map(|run| &mut run.values) {
                *number = (*number * 1e6).round() / 1e6;
            }
        }
    }
    tallies
}

proptest! {
    // Each case is a query; 1,000 of them agreed when this was written.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_about_tickets_means_the_same_in_sql_and_row_by_row(plan in plan()) {
        let (store, table) = &*TICKETS;
        let expected = rounded(table.tally(&plan).unwrap());
        prop_assert_eq!(&rounded(store.tally(&plan).unwrap()), &expected);
        // All of it is known since its one commit.
        let as_of = TallyPlan { as_of: Some(at(3_600)), ..plan };
        prop_assert_eq!(&rounded(store.tally(&as_of).unwrap()), &expected);
    }

    #[test]
    fn an_extent_of_tickets_means_the_same_in_sql_and_row_by_row(
        filter in filter(),
        time in row_time(),
    ) {
        let (store, table) = &*TICKETS;
        let extent = |rows: &dyn Tally| {
            rows.extent(RecordKind::Ticket, &filter, time, Some(at(3_600))).unwrap()
        };
        prop_assert_eq!(extent(&**store), extent(table));
    }
}

/// Three categories of a review, and reviews that lack something.
fn category(idx: usize) -> Row {
    let review = idx / 3;
    let scores = [0.0, 1.0, 3.0, 4.0, 5.0];
    let mut row = Row {
        id: format!("k{idx:03}"),
        at: at((review * 977 % 36_000 + idx % 3) as i64),
        ..Row::default()
    };
    row = row
        .text("review", &format!("r{review}"))
        .text("agent", &format!("a{}", review % 4))
        .text("reviewer_kind", ["peer", "self", "manager"][review % 3])
        .text("category", ["tone", "facts", "process"][idx % 3])
        .number("score", scores[idx * 7 % 5])
        .number("score_max", 5.0);
    if !idx.is_multiple_of(4) {
        row = row.number("weight", (idx % 3) as f64);
    }
    if review % 10 == 3 {
        row = row.number("weight", 0.0);
    }
    match idx % 5 {
        0 => row.flag("critical", true),
        1 => row.flag("critical", false),
        _ => row,
    }
}

#[test]
fn reviews_mean_the_same_in_sql_and_row_by_row() {
    let (store, table) = both(RecordKind::Review, (0..180).map(category).collect());
    for (n_hours, group) in [
        (1, vec![]),
        (9, vec![]),
        (9, vec![Dimension::Column("reviewer_kind")]),
    ] {
        let plan = TallyPlan {
            kind: RecordKind::Review,
            keep: Keep::OnePerReview,
            buckets: hours(n_hours),
            group,
            ..everything(vec![
                Measure::Count,
                Measure::CountIf(Filter::Present("score")),
                Measure::Min("score"),
                Measure::Max("score"),
            ])
        };
        let expected = table.tally(&plan).unwrap();
        assert!(!expected.rows.is_empty());
        assert_eq!(store.tally(&plan).unwrap(), expected);
        let as_of = TallyPlan {
            as_of: Some(at(3_600)),
            ..plan
        };
        assert_eq!(store.tally(&as_of).unwrap(), expected);
    }
}

#[test]
fn an_agent_is_one_cluster_and_has_no_name_in_it() {
    let (store, _) = both(RecordKind::Review, (0..60).map(category).collect());
    let plan = TallyPlan {
        kind: RecordKind::Review,
        keep: Keep::OnePerReview,
        group: vec![Dimension::ServedBy],
        ..everything(vec![Measure::Count])
    };
    let rows = store.tally(&plan).unwrap().rows;
    let counts: Vec<&TallyValue> = rows.iter().map(|row| &row.values[0]).collect();
    assert_eq!(counts, [&TallyValue::Count(5); 4]);
    assert!(rows.iter().all(|row| row.key[0].is_some()));
}

#[test]
fn a_late_edit_and_a_deletion_change_what_is_known_then_not_what_was_known_before() {
    let store = TestStore::new();
    let first = Row::ticket("t", &at(0).to_string()).when("solved_at", &at(600).to_string());
    commit(
        &store,
        RecordKind::Ticket,
        std::slice::from_ref(&first),
        at(1_000),
    );
    let edited = first
        .clone()
        .when("solved_at", &at(5_000).to_string())
        .when("updated_at", &at(5_000).to_string());
    commit(
        &store,
        RecordKind::Ticket,
        std::slice::from_ref(&edited),
        at(6_000),
    );
    let deleted = edited
        .when("updated_at", &at(7_000).to_string())
        .flag("deleted", true);
    commit(&store, RecordKind::Ticket, &[deleted], at(8_000));
    let check = |as_of: Option<i64>, expected: &[(usize, f64)]| {
        let plan = TallyPlan {
            kind: RecordKind::Ticket,
            buckets: hours(3),
            time: RowTime::FirstOf(&["solved_at"]),
            as_of: as_of.map(at),
            ..everything(vec![Measure::Order(
                Elapsed {
                    from: "created_at",
                    to: "solved_at",
                    business_s: "business_resolution_s",
                },
                QUANTILES,
            )])
        };
        let rows = store.tally(&plan).unwrap().rows;
        let found: Vec<(usize, Option<f64>)> = rows
            .iter()
            .map(|row| match &row.values[0] {
                TallyValue::Order(order) => (row.bucket_idx, order.at(1)),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected: Vec<(usize, Option<f64>)> =
            expected.iter().map(|(idx, s)| (*idx, Some(*s))).collect();
        assert_eq!(found, expected, "{as_of:?}");
    };
    check(Some(500), &[]);
    check(Some(1_000), &[(0, 600.0)]);
    check(Some(5_999), &[(0, 600.0)]);
    check(Some(6_000), &[(1, 5_000.0)]);
    check(Some(8_000), &[]);
    check(None, &[]);
}
