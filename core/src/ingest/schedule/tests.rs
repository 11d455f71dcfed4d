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
    let schedule = Schedule::start_with(
        Box::new(pull),
        sources,
        &BTreeMap::new(),
        Pauses::default(),
        Arc::new(|_, _| {}),
    )
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
    let on_pulled = move |_: &SourceName, _: &str| told.send(()).expect("heard");
    let schedule = Schedule::start_with(
        Box::new(pull),
        vec![spec("a", HOUR)],
        &BTreeMap::new(),
        Pauses::default(),
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
        Pauses::default(),
        Arc::new(|_, _| {}),
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
        Pauses::default(),
        Arc::new(|_, _| {}),
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

#[test]
fn a_paused_source_is_not_pulled_until_it_goes_on() {
    let (told, pulled) = mpsc::channel();
    let pull = move |spec: &SourceSpec, _: PullOptions, _: &StopSignal, _: OnProgress<'_>| {
        told.send(spec.name.to_string()).expect("heard");
        Ok(PullReport::default())
    };
    let pauses = Pauses::default();
    let held = SourceName::new("a").expect("valid");
    let reason = crate::record::PauseReason::Quota;
    let pause = pauses.pause(&held, reason, Timestamp::now());
    let schedule = Schedule::start_with(
        Box::new(pull),
        vec![spec("a", HOUR), spec("b", HOUR)],
        &BTreeMap::new(),
        pauses,
        Arc::new(|_, _| {}),
    )
    .expect("threads");
    assert_eq!(pulled.recv().expect("pulled"), "b");
    let refused = schedule.run_soon("a").expect_err("paused");
    assert_eq!(refused.to_string(), "`a` is paused");
    assert_eq!(schedule.pauses().of(&held), pause.ok());
    schedule.make_due(|_| true);
    assert_eq!(pulled.recv().expect("pulled"), "b");
    schedule.resume("a").expect("known");
    assert_eq!(pulled.recv().expect("pulled"), "a");
    assert!(schedule.pauses().all().is_empty());
    assert!(schedule.pause("c", reason).is_err() && schedule.resume("c").is_err());
}

#[test]
fn a_pause_ends_a_running_pull_at_its_checkpoint() {
    let (told, pulled) = mpsc::channel();
    let pull = move |_: &SourceSpec, _: PullOptions, stop: &StopSignal, _: OnProgress<'_>| {
        told.send(()).expect("heard");
        while stop.level() == StopLevel::Run {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        told.send(()).expect("heard");
        Ok(PullReport::default())
    };
    let schedule = Schedule::start_with(
        Box::new(pull),
        vec![spec("a", HOUR)],
        &BTreeMap::new(),
        Pauses::default(),
        Arc::new(|_, _| {}),
    )
    .expect("threads");
    pulled.recv().expect("pulled");
    let refused = schedule.run_soon("a").expect_err("running");
    assert_eq!(refused.to_string(), "`a` is being pulled already");
    schedule
        .pause("a", crate::record::PauseReason::Operator)
        .expect("known");
    pulled.recv().expect("the pull ended");
}

#[test]
fn a_source_with_another_build_gives_way_and_goes_on_at_once() {
    let (told, started) = mpsc::channel();
    let pull = move |spec: &SourceSpec, _: PullOptions, stop: &StopSignal, _: OnProgress<'_>| {
        told.send(spec.name.to_string()).expect("heard");
        while stop.level() == StopLevel::Run {
            thread::yield_now();
        }
        match stop.level() {
            // A failure of the build before is no reason to wait.
            StopLevel::Renew => Err(failed(spec, FailureReason::Config)),
            _ => Err(failed(spec, FailureReason::Cancelled)),
        }
    };
    let sources = ["a", "b"].map(|name| spec(name, HOUR)).to_vec();
    let schedule = Schedule::start_with(
        Box::new(pull),
        sources,
        &BTreeMap::new(),
        Pauses::default(),
        Arc::new(|_, _| {}),
    )
    .expect("threads");
    let mut names: Vec<String> = started.iter().take(2).collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
    schedule.renew(|spec| spec.name.as_str() == "b");
    assert_eq!(started.recv().expect("goes on"), "b");
    schedule.stop();
    assert!(started.try_recv().is_err(), "`a` was left alone");
}
