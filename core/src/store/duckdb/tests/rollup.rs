//! Tallies say what the rows say, whatever happened to the rows and whenever they are asked.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fixture::{Answer, TestStore, at, everything};
use super::people::{commit_people, person, segment};
use crate::kpi::civil::{CivilDays, zone};
use crate::plan::{
    Days, Dimension, Filter, Keep, Measure, Path, Span, Tallies, Tally, TallyPlan, TallyValue,
};
use crate::store::duckdb::{DimensionField, DimensionSpec, RollUps};
use crate::store::upkeep::{EraseError, PersonAsk, Upkeep as _};

const CUSTOMERS: [&str; 4] = ["c0", "c1", "c2", "c3"];
const SEGMENTS: [&str; 3] = ["large", "small", "mid"];
const SCORES: [Option<f64>; 5] = [None, Some(0.0), Some(6.5), Some(8.0), Some(10.0)];
/// Few enough persons that some cells have too few.
const ENOUGH: u64 = 3;
/// Plans per history.
const N_PLANS: usize = 20;

/// Short days that do not begin with the hour, so that a test sees many of them.
#[derive(Debug)]
struct ShortDays;

const DAY_S: i64 = 5_400;

impl Days for ShortDays {
    fn day_of(&self, at_: Timestamp) -> Option<Span> {
        let offset = at(900).as_second();
        let start = (at_.as_second() - offset).div_euclid(DAY_S) * DAY_S + offset;
        Some(Span {
            start: Timestamp::from_second(start).ok()?,
            end: Timestamp::from_second(start + DAY_S).ok()?,
        })
    }

    fn month_of(&self, at_: Timestamp) -> Option<Span> {
        let offset = at(900).as_second();
        let start = (at_.as_second() - offset).div_euclid(3 * DAY_S) * 3 * DAY_S + offset;
        Some(Span {
            start: Timestamp::from_second(start).ok()?,
            end: Timestamp::from_second(start + 3 * DAY_S).ok()?,
        })
    }

    fn name(&self) -> String {
        "short".to_owned()
    }
}

fn roll_ups(days: Arc<dyn Days>) -> RollUps {
    RollUps {
        days,
        dimensions: vec!["segment".to_owned(), "region".to_owned()],
        least_gain: 0,
    }
}

fn dimensions() -> Vec<DimensionSpec> {
    let region = DimensionSpec {
        name: "region".to_owned(),
        kind: crate::record::RecordKind::Response,
        field: DimensionField::Attribute("region".to_owned()),
    };
    segment().into_iter().chain([region]).collect()
}

pub(super) fn store() -> TestStore {
    TestStore::rolled_up(dimensions(), roll_ups(Arc::new(ShortDays)))
}

/// Something that happens to a store.
#[derive(Debug, Clone)]
enum Step {
    Answers(Vec<Answer>),
    Person(&'static str, &'static str, i64),
    Erase(&'static str),
    Settle,
    Reopen,
}

fn answer() -> impl Strategy<Value = Answer> {
    let what = (0_u8..30, select(&SCORES[..]), 0_i64..40_000, 0_i64..50_000);
    let who = prop::option::of(select(&CUSTOMERS[..]));
    let region = prop::option::of(select(vec!["eu", "us"]));
    (what, who, region, prop::bool::weighted(0.1)).prop_map(
        |((id, score, responded_at, updated_at), customer, region, is_deleted)| Answer {
            score,
            updated_at: Some(updated_at),
            is_deleted,
            customer: customer.map(str::to_owned),
            attributes: region.map(|region| format!(r#"{{"region":"{region}"}}"#)),
            ..Answer::new(&format!("a{id}"), 0.0, responded_at)
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(answer(), 1..25).prop_map(Step::Answers),
        2 => (select(&CUSTOMERS[..]), select(&SEGMENTS[..]), 0_i64..50_000)
            .prop_map(|(id, segment, updated_at)| Step::Person(id, segment, updated_at)),
        1 => select(&CUSTOMERS[..]).prop_map(Step::Erase),
        2 => Just(Step::Settle),
        1 => Just(Step::Reopen),
    ]
}

fn take(store: TestStore, step: &Step) -> TestStore {
    match step {
        Step::Answers(answers) => {
            store.commit(answers);
        }
        Step::Person(id, segment, updated_at) => {
            commit_people(&store, "crm", &[person(id, segment, *updated_at)]);
        }
        Step::Erase(id) => {
            let person = PersonAsk {
                reference: (*id).to_owned(),
                source: Some(store.source.clone()),
            };
            match store.erase(&person, at(3_600)) {
                Ok(_) | Err(EraseError::Unknown { .. } | EraseError::Erased { .. }) => {}
                Err(error) => panic!("{id}: {error}"),
            }
        }
        Step::Settle => store.settle().unwrap(),
        Step::Reopen => return store.reopened(),
    }
    store
}

fn filter() -> impl Strategy<Value = Filter> {
    let segments = subsequence(vec![None, Some("large"), Some("small")], 0..=3);
    let segments = segments.prop_map(|values| {
        let values = values.into_iter().map(|one| one.map(str::to_owned));
        Filter::In(
            Dimension::Configured("segment".to_owned()),
            values.collect(),
        )
    });
    let bound = || prop::option::of(select(vec![0.0, 6.5, 7.0, 9.0]));
    let scores = (bound(), bound()).prop_map(|(low, high)| Filter::NumberIn {
        column: "score",
        low,
        high,
    });
    let leaf = prop_oneof![
        Just(Filter::All),
        segments,
        scores,
        select(vec!["score", "mode"]).prop_map(Filter::Present),
        Just(Filter::IsTrue("is_test")),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// Buckets of some days each, with edges that may cut a day.
fn buckets() -> impl Strategy<Value = Vec<Span>> {
    let cut = prop_oneof![3 => Just(0_i64), 1 => 1_i64..DAY_S];
    (prop::collection::vec((1_i64..4, cut), 1..5), -2_i64..4).prop_map(|(lengths, first)| {
        let mut start = 900 + first * DAY_S;
        let bucket = |(n_days, cut): (i64, i64)| {
            let end = start + n_days * DAY_S + cut;
            let bucket = Span {
                start: at(start),
                end: at(end),
            };
            start = end;
            bucket
        };
        lengths.into_iter().map(bucket).collect()
    })
}

fn plan() -> impl Strategy<Value = TallyPlan> {
    let splits = subsequence(
        vec![
            Dimension::Configured("segment".to_owned()),
            Dimension::Configured("region".to_owned()),
            Dimension::Column("source"),
        ],
        0..=2,
    );
    (filter(), filter(), filter(), buckets(), splits).prop_map(
        |(one, two, three, buckets, group)| TallyPlan {
            filter: one,
            buckets,
            group,
            ..everything(vec![
                Measure::Count,
                Measure::CountIf(two),
                Measure::PersonsToward {
                    enough: ENOUGH,
                    among: three,
                },
                Measure::Histogram("score"),
            ])
        },
    )
}

/// Forgets how many persons there are beyond whether they are enough.
fn told(mut tallies: Tallies) -> Tallies {
    for row in &mut tallies.rows {
        if let TallyValue::Count(n) = &mut row.values[2] {
            *n = u64::from(*n >= ENOUGH);
        }
    }
    tallies.path = Path::Rows;
    tallies
}

/// The same plan in a form that only rows can answer.
fn of_rows(plan: &TallyPlan) -> TallyPlan {
    let mut plan = plan.clone();
    let always = Filter::Not(Box::new(Filter::In(Dimension::Column("channel"), vec![])));
    plan.filter = Filter::And(vec![plan.filter, always]);
    plan
}

/// How many histories are tried; a longer run is given a number of plans.
fn n_histories() -> u32 {
    let plans = std::env::var("VOCD_ROLLUP_PLANS").ok();
    let plans: usize = plans.and_then(|text| text.parse().ok()).unwrap_or(240);
    u32::try_from(plans.div_ceil(N_PLANS)).unwrap_or(u32::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(n_histories()))]

    #[test]
    fn tallies_and_rows_answer_alike(
        steps in prop::collection::vec((step(), prop::collection::vec(plan(), 0..4)), 4..12),
        plans in prop::collection::vec(plan(), N_PLANS),
    ) {
        let mut store = store();
        for (step, plans) in &steps {
            store = take(store, step);
            for plan in plans {
                let expected = told(store.tally(&of_rows(plan)).unwrap());
                prop_assert_eq!(told(store.tally(plan).unwrap()), expected);
            }
        }
        store.settle().unwrap();
        for plan in &plans {
            let expected = told(store.tally(&of_rows(plan)).unwrap());
            prop_assert_eq!(told(store.tally(plan).unwrap()), expected);
        }
        prop_assert_eq!(store.untrue_tallies().unwrap(), Vec::<Timestamp>::new());
        let sets = store.question_sets("nps").unwrap();
        let rows = store.question_sets_of_rows("nps").unwrap();
        prop_assert_eq!(sets, rows);
    }
}

fn days_of(n: i64) -> TallyPlan {
    TallyPlan {
        buckets: vec![Span {
            start: at(900),
            end: at(900 + n * DAY_S),
        }],
        ..everything(vec![Measure::Count])
    }
}

fn count(tallies: &Tallies) -> TallyValue {
    tallies.rows[0].values[0].clone()
}

#[test]
fn whole_days_are_read_from_tallies_and_cut_ones_from_rows() {
    let store = store();
    let answers: Vec<Answer> = (0..50)
        .map(|idx| Answer::new(&format!("a{idx}"), 9.0, idx * 600 + 900))
        .collect();
    store.commit(&answers);
    store.settle().unwrap();
    let found = store.tally(&days_of(3)).unwrap();
    assert_eq!(found.path, Path::RollUp { n_days_of_rows: 0 });
    assert_eq!(count(&found), TallyValue::Count(27));
    assert_eq!(found.extent, Some((at(900), at(900 + 26 * 600))));
    let mut cut = days_of(3);
    cut.buckets[0].end = at(2_000);
    let found = store.tally(&cut).unwrap();
    assert_eq!(found.path, Path::RollUp { n_days_of_rows: 1 });
    assert_eq!(count(&found), TallyValue::Count(2));
}

#[test]
fn what_tallies_do_not_know_is_read_from_rows() {
    let store = store();
    store.commit(&[Answer::new("a", 9.0, 1_000)]);
    store.settle().unwrap();
    let path = |plan: &TallyPlan| store.tally(plan).unwrap().path;
    assert_ne!(path(&days_of(1)), Path::Rows);
    let group = vec![Dimension::Column("channel")];
    for plan in [
        TallyPlan {
            group,
            ..days_of(1)
        },
        TallyPlan {
            as_of: Some(at(4_000)),
            ..days_of(1)
        },
        TallyPlan {
            keep: Keep::LastPerCustomer(Filter::All),
            ..days_of(1)
        },
        TallyPlan {
            measures: vec![Measure::Persons],
            ..days_of(1)
        },
        TallyPlan {
            filter: Filter::Present("comment"),
            ..days_of(1)
        },
    ] {
        assert_eq!(path(&plan), Path::Rows, "{plan:?}");
    }
}

#[test]
fn persons_are_counted_by_name_where_tallies_leave_it_open() {
    let store = store();
    // One and the same person twice: one bit, two rows.
    let answers = [0, 1].map(|idx| Answer {
        customer: Some("c0".to_owned()),
        ..Answer::new(&format!("a{idx}"), 9.0, 900 + idx * DAY_S)
    });
    store.commit(&answers);
    store.settle().unwrap();
    let of = |enough| TallyPlan {
        measures: vec![Measure::PersonsToward {
            enough,
            among: Filter::All,
        }],
        ..days_of(4)
    };
    assert_eq!(store.tally(&of(2)).unwrap().path, Path::Rows);
    assert_eq!(count(&store.tally(&of(2)).unwrap()), TallyValue::Count(1));
    for enough in [1, 3, 9] {
        let found = store.tally(&of(enough)).unwrap();
        assert_ne!(found.path, Path::Rows, "{enough}");
    }
}

#[test]
fn a_file_that_others_wrote_to_is_tallied_again() {
    let store = store();
    store.commit(&[Answer::new("a", 9.0, 1_000)]);
    store.settle().unwrap();
    // A program without tallies changes a row, and does not say which.
    let store = store.without_roll_ups();
    store.commit(&[Answer {
        updated_at: Some(9_000),
        ..Answer::new("a", 1.0, 1_000)
    }]);
    let store = store.rolled_up_again(roll_ups(Arc::new(ShortDays)));
    store.settle().unwrap();
    let plan = TallyPlan {
        measures: vec![Measure::Histogram("score")],
        ..days_of(1)
    };
    let found = store.tally(&plan).unwrap();
    assert_eq!(found.path, Path::RollUp { n_days_of_rows: 0 });
    assert_eq!(count(&found), TallyValue::Histogram(vec![(1.0, 1)]));
}

#[test]
fn other_days_are_tallied_anew() {
    let store = store();
    store.commit(&[Answer::new("a", 9.0, 1_000), Answer::new("b", 9.0, 100_000)]);
    store.settle().unwrap();
    let berlin = CivilDays(zone("Europe/Berlin").unwrap());
    let day = berlin.day_of(at(100_000)).unwrap();
    let store = store.rolled_up_again(roll_ups(Arc::new(berlin)));
    store.settle().unwrap();
    let plan = TallyPlan {
        buckets: vec![day],
        ..days_of(1)
    };
    let found = store.tally(&plan).unwrap();
    assert_eq!(found.path, Path::RollUp { n_days_of_rows: 0 });
    assert_eq!(count(&found), TallyValue::Count(1));
}

#[test]
fn a_tally_that_is_not_that_of_its_rows_is_found() {
    let store = store();
    store.commit(&[Answer::new("a", 9.0, 1_000), Answer::new("b", 9.0, 9_000)]);
    store.settle().unwrap();
    assert_eq!(store.untrue_tallies().unwrap(), []);
    store.falsify("UPDATE rollup SET n = 2 WHERE first_at = (SELECT min(first_at) FROM rollup)");
    // The month is no more that of its days.
    assert_eq!(store.untrue_tallies().unwrap(), [at(900), at(900)]);
    store.falsify("UPDATE rollup SET n = 1; UPDATE rollup_month SET n_persons = 7");
    assert_eq!(store.untrue_tallies().unwrap(), [at(900)]);
}

#[test]
fn every_instant_is_in_one_day() {
    for name in [
        "Europe/Berlin",
        "Asia/Kathmandu",
        "America/Havana",
        "Pacific/Apia",
    ] {
        let days = CivilDays(zone(name).unwrap());
        let from = date(2011, 12, 20)
            .at(0, 0, 0, 0)
            .to_zoned(zone(name).unwrap())
            .unwrap();
        let mut day = days.day_of(from.timestamp()).unwrap();
        for _ in 0..800 {
            let last = Timestamp::from_microsecond(day.end.as_microsecond() - 1).unwrap();
            assert_eq!(days.day_of(last), Some(day), "{name}");
            let month = days.month_of(last).unwrap();
            assert_eq!(days.month_of(day.start), Some(month), "{name}");
            assert!(month.start <= day.start && day.end <= month.end, "{name}");
            let next = days.day_of(day.end).unwrap();
            assert_eq!(next.start, day.end, "{name}");
            day = next;
        }
    }
}
