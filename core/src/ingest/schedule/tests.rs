//! The schedule with pulls that do as they are told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc;

use jiff::tz::TimeZone;

use super::*;
use crate::host::{RunLimits, StopLevel};
use crate::ingest::ResolvedConfig;

fn spec(name: &str, every: Duration) -> SourceSpec {
    SourceSpec {
        name: SourceName::new(name).expect("valid"),
        plugin: "fake".to_owned(),
        rhythm: Rhythm::Every(every),
        zone: TimeZone::UTC,
        catches_up: true,
        limits: RunLimits::default(),
        base_dir: PathBuf::new(),
        private_dir: PathBuf::new(),
        resolve: Arc::new(|| Ok(ResolvedConfig::default())),
    }
}

fn failed(spec: &SourceSpec, reason: FailureReason) -> PullError {
    PullError::Plugin {
        name: spec.name.clone(),
        failure: Box::new(Failure::new(reason, "as told")),
        report: Box::default(),
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn every_source_is_pulled_at_once_and_none_twice_at_a_time() {
    let (told, pulled) = mpsc::channel();
    let running = Mutex::new(BTreeMap::<String, u32>::new());
    let pull = move |spec: &SourceSpec, _: PullOptions, _: &StopSignal, _: OnProgress<'_>| {
        let name = spec.name.to_string();
        let mut counts = running.lock().expect("no panic");
        *counts.entry(name.clone()).or_default() += 1;
        assert_eq!(counts[&name], 1);
        drop(counts);
        told.send(name.clone()).expect("heard");
        *running
            .lock()
            .expect("no panic")
            .get_mut(&name)
            .expect("counted") -= 1;
        Ok(PullReport::default())
    };
    let sources = ["a", "b", "c"].map(|name| spec(name, HOUR)).to_vec();
    let schedule =
        Schedule::start_with(Box::new(pull), sources, &BTreeMap::new(), Arc::new(|_| {}))
            .expect("threads");
    let mut names: Vec<String> = pulled.iter().take(3).collect();
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
    schedule.make_due(|spec| spec.name.as_str() == "b");
    assert_eq!(pulled.recv().expect("pulled again"), "b");
    schedule.stop();
    assert!(
        schedule
            .states()
            .iter()
            .all(|live| live.last_failure.is_none())
    );
    assert_eq!(
        schedule
            .pull_now("a", PullOptions::default(), &mut |_| {})
            .expect_err("too late"),
        TriggerError::Stopping
    );
}

#[test]
fn a_failure_is_shown_and_tried_again_and_a_success_clears_it() {
    let (told, pulled) = mpsc::channel();
    let n_pulls = Mutex::new(0);
    let pull = move |spec: &SourceSpec, _: PullOptions, _: &StopSignal, _: OnProgress<'_>| {
        let mut n_pulls = n_pulls.lock().expect("no panic");
        *n_pulls += 1;
        match *n_pulls {
            1 => Err(failed(spec, FailureReason::Crashed(11))),
            _ => Ok(PullReport::default()),
        }
    };
    let on_pulled = move |_: &SourceName| told.send(()).expect("heard");
    let schedule = Schedule::start_with(
        Box::new(pull),
        vec![spec("a", HOUR)],
        &BTreeMap::new(),
        Arc::new(on_pulled),
    )
    .expect("threads");
    pulled.recv().expect("first");
    let failure = schedule.states()[0].last_failure.clone().expect("shown");
    assert_eq!(failure.reason, "crashed");
    pulled.recv().expect("tried again");
    let live = schedule.states().remove(0);
    assert_eq!((live.last_failure, live.n_failures), (None, 0));
    assert!(live.last_success.is_some());
}

#[test]
fn stopping_drains_the_running_pull() {
    let (told, started) = mpsc::channel();
    let pull = move |spec: &SourceSpec, _: PullOptions, stop: &StopSignal, _: OnProgress<'_>| {
        told.send(()).expect("heard");
        while stop.level() == StopLevel::Run {
            thread::yield_now();
        }
        Err(failed(spec, FailureReason::Cancelled))
    };
    let schedule = Schedule::start_with(
        Box::new(pull),
        vec![spec("a", HOUR)],
        &BTreeMap::new(),
        Arc::new(|_| {}),
    )
    .expect("threads");
    started.recv().expect("running");
    assert!(matches!(
        schedule.pull_now("a", PullOptions::default(), &mut |_| {}),
        Err(TriggerError::Running { .. })
    ));
    schedule.stop();
    assert_eq!(schedule.states()[0].last_failure, None);
}

#[test]
fn a_panic_is_one_sources_failure() {
    let pull = |spec: &SourceSpec, _: PullOptions, _: &StopSignal, _: OnProgress<'_>| {
        assert!(spec.name.as_str() != "bad", "a bug");
        Ok(PullReport::default())
    };
    let schedule = Schedule::start_with(
        Box::new(pull),
        Vec::new(),
        &BTreeMap::new(),
        Arc::new(|_| {}),
    );
    let schedule = schedule.expect("threads");
    schedule.set_sources(vec![spec("bad", HOUR), spec("good", HOUR)]);
    let pull_now = |name: &str| loop {
        match schedule.pull_now(name, PullOptions::default(), &mut |_| {}) {
            Ok(result) => return result.map_err(|error| error.reason()),
            Err(TriggerError::Running { .. }) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(pull_now("bad"), Err("internal"));
    assert!(pull_now("good").is_ok());
    assert_eq!(
        schedule.states()[0].last_failure.as_ref().map(|f| f.reason),
        Some("internal")
    );
}
