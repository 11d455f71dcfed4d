//! Tallies against a plain evaluation of the same plan over the same rows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::fixture::{Answer, TestStore, at, hours};
use crate::plan::{
    Dimension, Filter, Keep, Measure, Tallies, Tally, TallyPlan, TallyRow, TallyValue,
};
use crate::record::RecordKind;

fn any_answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = (
        prop::option::weighted(0.8, 0_u8..11),
        0_i64..14_400,
        prop::option::weighted(0.7, 0_u8..4),
        prop::option::weighted(0.7, prop::sample::select(vec!["mail", "sms", "web"])),
    );
    prop::collection::vec(answer, 1..60).prop_map(|answers| {
        answers
            .into_iter()
            .enumerate()
            .map(|(idx, (score, responded_at, customer, channel))| Answer {
                score: score.map(f64::from),
                customer: customer.map(|one| format!("c{one}")),
                channel,
                ..Answer::new(&format!("a{idx:03}"), 0.0, responded_at)
            })
            .collect()
    })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        Just(Filter::All),
        Just(Filter::Present("score")),
        Just(Filter::IsTrue("is_test")),
        (0_u8..8, 1_u8..5).prop_map(|(low, width)| Filter::NumberIn {
            column: "score",
            low: Some(f64::from(low)),
            high: Some(f64::from(low + width)),
        }),
        prop::collection::vec(
            prop::option::of(prop::sample::select(vec!["mail", "sms", "web"])),
            0..3
        )
        .prop_map(|wanted| Filter::In(
            Dimension::Column("channel"),
            wanted
                .into_iter()
                .map(|one| one.map(str::to_owned))
                .collect()
        )),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|one| Filter::Not(Box::new(one))),
        ]
    })
}

fn holds(filter: &Filter, answer: &Answer) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) => parts.iter().all(|part| holds(part, answer)),
        Filter::Or(parts) => parts.iter().any(|part| holds(part, answer)),
        Filter::Not(inner) => !holds(inner, answer),
        Filter::In(_, wanted) => wanted.iter().any(|one| one.as_deref() == answer.channel),
        Filter::NumberIn { low, high, .. } => answer.score.is_some_and(|score| {
            low.is_none_or(|low| score >= low) && high.is_none_or(|high| score < high)
        }),
        Filter::Present(_) => answer.score.is_some(),
        Filter::IsTrue(_) => false,
    }
}

fn measured(measure: &Measure, rows: &[&Answer]) -> TallyValue {
    let scores = || rows.iter().filter_map(|one| one.score);
    let n = |count: usize| TallyValue::Count(count as u64);
    let persons = |rows: &[&&Answer]| {
        let keys: BTreeSet<&str> = rows
            .iter()
            .map(|one| one.customer.as_deref().unwrap_or(&one.id))
            .collect();
        n(keys.len())
    };
    let of = |filter: &Filter| -> Vec<&&Answer> {
        rows.iter().filter(|one| holds(filter, one)).collect()
    };
    match measure {
        Measure::Count => n(rows.len()),
        Measure::CountIf(filter) => n(of(filter).len()),
        Measure::Sum(_) => TallyValue::Number(scores().reduce(|a, b| a + b)),
        Measure::SumSquares(_) => TallyValue::Number(scores().map(|a| a * a).reduce(|a, b| a + b)),
        Measure::Min(_) => TallyValue::Number(scores().reduce(f64::min)),
        Measure::Max(_) => TallyValue::Number(scores().reduce(f64::max)),
        Measure::Quantile(_, p) => TallyValue::Number(quantile(scores().collect(), *p)),
        Measure::Distinct(_) => n(rows
            .iter()
            .filter_map(|one| one.channel)
            .collect::<BTreeSet<_>>()
            .len()),
        Measure::DistinctIf(_, filter) => n(of(filter)
            .iter()
            .filter_map(|one| one.channel)
            .collect::<BTreeSet<_>>()
            .len()),
        Measure::Persons => persons(&rows.iter().collect::<Vec<_>>()),
        Measure::PersonsIf(filter) => persons(&of(filter)),
        Measure::Histogram(_) => {
            let mut bars: BTreeMap<u64, u64> = BTreeMap::new();
            for score in scores() {
                *bars.entry(score as u64).or_default() += 1;
            }
            TallyValue::Histogram(bars.into_iter().map(|(a, b)| (a as f64, b)).collect())
        }
    }
}

fn quantile(mut values: Vec<f64>, p: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = p * (values.len().checked_sub(1)? as f64);
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    Some(values[low] + (values[high] - values[low]) * (place - place.floor()))
}

fn evaluated(plan: &TallyPlan, answers: &[Answer]) -> Tallies {
    let mut groups: BTreeMap<(Vec<Option<String>>, usize), Vec<&Answer>> = BTreeMap::new();
    let mut sorted: Vec<&Answer> = answers.iter().collect();
    sorted.sort_by_key(|one| (one.responded_at, one.id.clone()));
    for answer in sorted {
        let time = at(answer.responded_at);
        let bucket = plan
            .buckets
            .iter()
            .position(|span| span.start <= time && time < span.end);
        let Some(bucket_idx) = bucket.filter(|_| holds(&plan.filter, answer)) else {
            continue;
        };
        let key = match plan.group.is_empty() {
            true => Vec::new(),
            false => vec![answer.channel.map(str::to_owned)],
        };
        let rows = groups.entry((key, bucket_idx)).or_default();
        if plan.keep == Keep::LastPerCustomer && answer.customer.is_some() {
            rows.retain(|one| one.customer != answer.customer);
        }
        rows.push(answer);
    }
    let times = groups.values().flatten().map(|one| at(one.responded_at));
    Tallies {
        extent: times.clone().min().zip(times.max()),
        rows: groups
            .into_iter()
            .map(|((key, bucket_idx), rows)| TallyRow {
                bucket_idx,
                key,
                values: plan
                    .measures
                    .iter()
                    .map(|one| measured(one, &rows))
                    .collect(),
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_tally_is_what_a_plain_evaluation_says(
        answers in any_answers(),
        plans in prop::collection::vec(
            (any_filter(), any_filter(), any::<bool>(), any::<bool>(), 0_usize..4),
            8,
        ),
    ) {
        let store = TestStore::new();
        store.commit(&answers);
        for (filter, inner, is_grouped, is_last, raster) in plans {
            let mut buckets = hours(4);
            match raster {
                0 => buckets.truncate(1),
                // A hole, and ragged outer edges.
                1 => { buckets.remove(1); }
                // Edges off any raster.
                2 => {
                    let ragged = at(3_600) + jiff::SignedDuration::from_micros(1);
                    buckets[0].end = ragged;
                    buckets[1].start = ragged;
                }
                _ => buckets[0].start = at(17),
            }
            let plan = TallyPlan {
                kind: RecordKind::Response,
                filter,
                buckets,
                group: match is_grouped {
                    true => vec![Dimension::Column("channel")],
                    false => Vec::new(),
                },
                measures: vec![
                    Measure::Count,
                    Measure::CountIf(inner.clone()),
                    Measure::Sum("score"),
                    Measure::SumSquares("score"),
                    Measure::Min("score"),
                    Measure::Max("score"),
                    Measure::Quantile("score", 0.25),
                    Measure::Distinct("channel"),
                    Measure::DistinctIf("channel", inner.clone()),
                    Measure::Persons,
                    Measure::PersonsIf(inner),
                    Measure::Histogram("score"),
                ],
                keep: match is_last { true => Keep::LastPerCustomer, false => Keep::All },
                as_of: None,
            };
            let expected = evaluated(&plan, &answers);
            prop_assert_eq!(&store.tally(&plan).unwrap(), &expected);
            let as_of = TallyPlan { as_of: Some(at(3_600)), ..plan };
            prop_assert_eq!(&store.tally(&as_of).unwrap(), &expected);
        }
    }
}
