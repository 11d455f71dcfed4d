//! Measures the store alone: a first load with repeated ids, an update, and some plans.
#![expect(
    clippy::print_stdout,
    reason = "a measuring program reports on standard output"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use jiff::{Timestamp, ToSpan};
use vocd::plan::{Dimension, Filter, Keep, Measure, Span, Tally, TallyPlan};
use vocd::record::door::Door;
use vocd::record::{RecordKind, SourceName, StreamName};
use vocd::store::duckdb::{DuckStore, StoreOptions};
use vocd::store::{Checkpoint, CommitUnit, KindBatch, Store};

/// Rows of one commit unit, as ingest coalesces them.
const UNIT_ROWS: u64 = 131_072;

/// First event time, in seconds since 1970.
const START_S: i64 = 1_600_000_000;

fn main() -> anyhow::Result<()> {
    let n_rows: u64 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 1_000_000,
    };
    let dir = tempfile::tempdir()?;
    let store = DuckStore::open(StoreOptions::new(dir.path().to_owned()))?;
    let source = SourceName::new("bench").expect("a valid name");
    load(&store, &source, n_rows)?;
    update(&store, &source, n_rows)?;
    ask(&store, n_rows)?;
    Ok(())
}

fn load(store: &DuckStore, source: &SourceName, n_rows: u64) -> anyhow::Result<()> {
    let (run_id, _) = store.begin_run(source, Timestamp::now())?;
    let door = Door::new(source.clone());
    let (mut at_door, mut in_store, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for (unit_idx, start) in (0..n_rows).step_by(UNIT_ROWS as usize).enumerate() {
        let rows = answers(start..(start + UNIT_ROWS).min(n_rows), 0);
        let clock = Instant::now();
        let checked = door.check(RecordKind::Response, &rows, Timestamp::now())?;
        at_door += clock.elapsed();
        let clock = Instant::now();
        store.commit(unit(source, run_id, unit_idx as u64, checked.batch))?;
        in_store += clock.elapsed();
        slowest = slowest.max(clock.elapsed());
    }
    let rate = |spent: Duration| n_rows as f64 / spent.as_secs_f64() / 1e3;
    println!(
        "{n_rows} rows: door {:.0} k rows/s, store {:.0} k rows/s, slowest unit {slowest:?}",
        rate(at_door),
        rate(in_store)
    );
    let clock = Instant::now();
    store.flush()?;
    println!("flush {:?}", clock.elapsed());
    Ok(())
}

fn update(store: &DuckStore, source: &SourceName, n_rows: u64) -> anyhow::Result<()> {
    let door = Door::new(source.clone());
    let (run_id, _) = store.begin_run(source, Timestamp::now())?;
    for round in 0..5_u64 {
        // Every step-th id, so that the update touches all of the table.
        let step = (n_rows / 10_000).max(1);
        let ids = (0..10_000.min(n_rows)).map(|n| n * step + round);
        let rows = answers(ids, round + 1);
        let checked = door.check(RecordKind::Response, &rows, Timestamp::now())?;
        let clock = Instant::now();
        let ack = store.commit(unit(source, run_id, round, checked.batch))?;
        println!(
            "update of 10,000 in {n_rows}: {:?} {ack:?}",
            clock.elapsed()
        );
    }
    Ok(())
}

fn ask(store: &DuckStore, n_rows: u64) -> anyhow::Result<()> {
    let start = Timestamp::from_second(START_S)?;
    let n_days = (n_rows as i64 * 20 / 86_400 + 1).min(2_000);
    let days: Vec<Span> = (0..n_days)
        .map(|day| Span {
            start: start + (day * 24).hours(),
            end: start + ((day + 1) * 24).hours(),
        })
        .collect();
    let plan = TallyPlan {
        kind: RecordKind::Response,
        filter: Filter::Not(Box::new(Filter::IsTrue("is_test"))),
        buckets: days.clone(),
        group: Vec::new(),
        measures: vec![
            Measure::Histogram("score"),
            Measure::Count,
            Measure::Distinct("response"),
        ],
        keep: Keep::All,
        as_of: None,
    };
    let one = vec![Span {
        start: days[0].start,
        end: days[days.len() - 1].end,
    }];
    let cases = [
        ("by day", plan.clone()),
        (
            "by day and channel",
            TallyPlan {
                group: vec![Dimension::Column("channel")],
                ..plan.clone()
            },
        ),
        (
            "all, last per customer",
            TallyPlan {
                keep: Keep::LastPerCustomer,
                buckets: one.clone(),
                ..plan.clone()
            },
        ),
        (
            "all",
            TallyPlan {
                buckets: one.clone(),
                ..plan.clone()
            },
        ),
        (
            "persons",
            TallyPlan {
                buckets: one.clone(),
                measures: vec![Measure::Persons],
                ..plan.clone()
            },
        ),
        (
            "as of now",
            TallyPlan {
                buckets: one,
                as_of: Some(Timestamp::now()),
                ..plan
            },
        ),
    ];
    for (name, plan) in cases {
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let clock = Instant::now();
            store.tally(&plan)?;
            best = best.min(clock.elapsed());
        }
        println!("tally {name}: {best:?}");
    }
    Ok(())
}

fn unit(source: &SourceName, run_id: u64, unit_idx: u64, batch: KindBatch) -> CommitUnit {
    CommitUnit {
        source: source.clone(),
        stream: StreamName::new("answers").expect("a valid name"),
        run_id,
        unit_idx,
        batches: vec![batch],
        rejects: Vec::new(),
        checkpoint: Checkpoint {
            json: "{}".to_owned(),
            format: 1,
            plugin_version: "1.0.0".to_owned(),
        },
        is_first_read: true,
        committed_at: Timestamp::now(),
    }
}

/// Eighteen columns; every tenth row repeats an earlier id.
fn answers(numbers: impl Iterator<Item = u64>, revision: u64) -> RecordBatch {
    let numbers: Vec<u64> = numbers.collect();
    let id = |n: u64| match n % 10 {
        9 if std::env::var_os("NODUP").is_none() => n * 7 / 10,
        _ => n,
    };
    let texts = |text: &dyn Fn(u64) -> String| -> ArrayRef {
        Arc::new(
            numbers
                .iter()
                .map(|n| Some(text(*n)))
                .collect::<StringArray>(),
        )
    };
    let number =
        |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value; numbers.len()])) };
    let time = |shift_s: i64| -> ArrayRef {
        let times = numbers
            .iter()
            .map(|n| Some((START_S + *n as i64 * 20 + shift_s) * 1_000_000));
        Arc::new(
            times
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        )
    };
    let scores = numbers
        .iter()
        .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % 11)
        .map(|score| Some(score as f64));
    RecordBatch::try_from_iter([
        ("id", texts(&|n| format!("answer-{:012}", id(n)))),
        ("updated_at", time(60 + revision as i64)),
        (
            "revision",
            Arc::new(UInt64Array::from(vec![revision; numbers.len()])) as ArrayRef,
        ),
        ("survey", texts(&|n| format!("survey-{}", n % 5))),
        (
            "survey_name",
            texts(&|n| format!("Survey number {}", n % 5)),
        ),
        ("question", texts(&|_| "recommend".to_owned())),
        (
            "question_text",
            texts(&|_| "How likely are you to recommend us?".to_owned()),
        ),
        ("metric", texts(&|_| "nps".to_owned())),
        (
            "score",
            Arc::new(scores.collect::<Float64Array>()) as ArrayRef,
        ),
        ("scale_min", number(0.0)),
        ("scale_max", number(10.0)),
        ("responded_at", time(0)),
        ("status", texts(&|_| "complete".to_owned())),
        (
            "is_test",
            Arc::new(BooleanArray::from(vec![false; numbers.len()])) as ArrayRef,
        ),
        (
            "customer",
            texts(&|n| format!("customer-{}", n * 31 % 500_000)),
        ),
        (
            "channel",
            texts(&|n| ["mail", "web", "sms", "phone"][(n % 4) as usize].to_owned()),
        ),
        (
            "language",
            texts(&|n| ["en", "de"][(n % 2) as usize].to_owned()),
        ),
        (
            "comment",
            texts(&|n| format!("The answer to the open question, number {n}, in some words.")),
        ),
    ])
    .expect("columns of one length")
}
