//! Random plans give in SQL what they give row by row.

use std::sync::LazyLock;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fixture::{Answer, TestStore, at, everything, hours};
use crate::plan::row_table::{Row, RowTable};
use crate::plan::{
    ClusterPlan, Dimension, Filter, Keep, Measure, RowTime, Span, Tally, TallyPlan, Worth,
};

const N_ANSWERS: usize = 300;
const CHANNELS: [Option<&str>; 3] = [None, Some("sms"), Some("web")];
/// Halves, so that sums are exact in any order.
const SCORES: [Option<f64>; 9] = [
    None,
    Some(0.0),
    Some(3.0),
    Some(6.5),
    Some(7.0),
    Some(8.5),
    Some(9.0),
    Some(9.5),
    Some(10.0),
];

/// The same answers in a store and in a table.
static ROWS: LazyLock<(TestStore, RowTable)> = LazyLock::new(|| {
    // A stride without common factor walks through every combination.
    let answers: Vec<Answer> = (0..N_ANSWERS)
        .map(|idx| Answer {
            score: SCORES[idx * 7 % SCORES.len()],
            customer: (idx % 4 != 0).then(|| format!("c{}", idx * 5 % 11)),
            channel: CHANNELS[idx * 11 % 17 % CHANNELS.len()],
            // Several answers share a second.
            ..Answer::new(&format!("a{idx:03}"), 0.0, (idx * 389 % 97 * 300) as i64)
        })
        .collect();
    let store = TestStore::new();
    store.commit(&answers);
    (store, RowTable::new(answers.iter().map(row)))
});

fn row(answer: &Answer) -> Row {
    let at = at(answer.responded_at).to_string();
    let mut row = Row::nps(&answer.id, &at, answer.score).text("response", &answer.id);
    row.source = "survey".to_owned();
    for (name, value) in [
        ("customer", answer.customer.as_deref()),
        ("channel", answer.channel),
    ] {
        row = value.map_or(row.clone(), |value| row.text(name, value));
    }
    row
}

fn filter() -> impl Strategy<Value = Filter> {
    let channels = subsequence(CHANNELS.to_vec(), 0..=3).prop_map(|values| {
        let values = values
            .into_iter()
            .map(|value| value.map(str::to_owned))
            .collect();
        Filter::In(Dimension::Column("channel"), values)
    });
    let bound = || prop::option::of(select(vec![0.0, 6.5, 7.0, 9.0, 10.0]));
    let scores = (bound(), bound()).prop_map(|(low, high)| Filter::NumberIn {
        column: "score",
        low,
        high,
    });
    let leaf = prop_oneof![
        Just(Filter::All),
        channels,
        scores,
        select(vec!["score", "customer", "comment"]).prop_map(Filter::Present),
        Just(Filter::IsTrue("is_test")),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// The whole time, some hours, and the shapes that buckets on a raster do not have.
fn buckets(shape: i64) -> Vec<Span> {
    let mut buckets = hours(shape.clamp(1, 9));
    match shape {
        0 => return everything(Vec::new()).buckets,
        10 => drop(buckets.remove(1)),
        11 => {
            let off_raster = at(3_600) + SignedDuration::from_micros(1);
            buckets[0].end = off_raster;
            buckets[1].start = off_raster;
        }
        12 => {
            buckets[0].start = at(301);
            buckets[8].end = at(28_807);
        }
        _ => {}
    }
    buckets
}

fn plan() -> impl Strategy<Value = TallyPlan> {
    let measures = (filter(), filter(), filter()).prop_map(|(one, two, three)| {
        vec![
            Measure::Count,
            Measure::CountIf(one),
            Measure::Sum("score"),
            Measure::SumSquares("score"),
            Measure::Min("score"),
            Measure::Max("score"),
            Measure::Quantile("score", 0.5),
            Measure::Distinct("customer"),
            Measure::DistinctIf("response", two),
            Measure::Persons,
            Measure::PersonsIf(three),
            Measure::Histogram("score"),
        ]
    });
    let keep = prop_oneof![Just(Keep::All), filter().prop_map(Keep::LastPerCustomer),];
    (filter(), 0_i64..13, any::<bool>(), measures, keep).prop_map(
        |(filter, n_hours, is_split, measures, keep)| TallyPlan {
            filter,
            buckets: buckets(n_hours),
            group: is_split
                .then_some(Dimension::Column("channel"))
                .into_iter()
                .collect(),
            keep,
            ..everything(measures)
        },
    )
}

proptest! {
    // Each case is a query; 2,000 of them agreed when this was written.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_means_the_same_in_sql_and_row_by_row(plan in plan()) {
        let (store, table) = &*ROWS;
        let expected = table.tally(&plan).unwrap();
        prop_assert_eq!(&store.tally(&plan).unwrap(), &expected);
        // All of it is known since its one commit.
        let as_of = TallyPlan { as_of: Some(at(3_600)), ..plan };
        prop_assert_eq!(&store.tally(&as_of).unwrap(), &expected);
    }

    #[test]
    fn sums_over_persons_mean_the_same_in_sql_and_row_by_row(
        rows in plan(),
        classes in prop::option::of((filter(), filter())),
    ) {
        let (store, table) = &*ROWS;
        let worth = match classes {
            Some((one, other)) => Worth::Classes(vec![(one, 1.0), (other, -1.0)]),
            None => Worth::Column("score"),
        };
        let rows = TallyPlan { measures: Vec::new(), ..rows };
        let plan = ClusterPlan { rows, worth, is_estimate: false };
        let expected = table.clusters(&plan).unwrap();
        prop_assert_eq!(&store.clusters(&plan).unwrap(), &expected);
        // Kept from the first time.
        prop_assert_eq!(&store.clusters(&plan).unwrap(), &expected);
        let rows = TallyPlan { as_of: Some(at(3_600)), ..plan.rows };
        let plan = ClusterPlan { rows, ..plan };
        prop_assert_eq!(&store.clusters(&plan).unwrap(), &expected);
    }

    #[test]
    fn an_extent_means_the_same_in_sql_and_row_by_row(filter in filter()) {
        let (store, table) = &*ROWS;
        let extent = |rows: &dyn Tally| {
            rows.extent(everything(Vec::new()).kind, &filter, RowTime::Event, None).unwrap()
        };
        prop_assert_eq!(extent(&**store), extent(table));
    }
}

#[test]
fn question_sets_are_the_same_in_sql_and_row_by_row() {
    let (store, table) = &*ROWS;
    let [mut in_sql, in_rows] = [
        store.question_sets("nps").unwrap(),
        table.question_sets("nps").unwrap(),
    ];
    assert!(in_sql[0].last_answer.is_some());
    for set in &mut in_sql {
        // The table does not keep it.
        set.last_answer = None;
    }
    assert_eq!(in_sql, in_rows);
}
