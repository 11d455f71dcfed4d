//! What is acknowledged is there after a restart, whatever happened to the files.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;

fn source() -> SourceName {
    SourceName::new("survey").unwrap()
}

fn arrival(number: u128) -> Arrival {
    Arrival {
        received_at_ms: 1_767_225_600_000,
        digest: number.to_be_bytes(),
        event_id: number.to_string(),
        headers: Vec::new(),
        body: format!("{{\"n\":{number}}}").into_bytes(),
        is_again: false,
    }
}

/// An inbox in a temporary folder.
struct TestInbox {
    dir: TempDir,
    inbox: Inbox,
    n_woken: Arc<AtomicUsize>,
}

impl TestInbox {
    fn open(dir: TempDir, bytes_max: u64, position: u64) -> Self {
        let n_woken = Arc::new(AtomicUsize::new(0));
        let woken = Arc::clone(&n_woken);
        let inbox = Inbox::open(
            dir.path(),
            bytes_max,
            &mut |_| Ok((position, Vec::new())),
            Arc::new(move |_| {
                woken.fetch_add(1, Ordering::SeqCst);
            }),
        )
        .unwrap();
        inbox.prepare(&source(), position).unwrap();
        Self {
            dir,
            inbox,
            n_woken,
        }
    }

    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), 1 << 30, 0)
    }

    fn reopen(self, position: u64) -> Self {
        let Self { dir, inbox, .. } = self;
        drop(inbox);
        Self::open(dir, 1 << 30, position)
    }

    fn keep(&self, arrival: Arrival) -> Kept {
        let answer = self.inbox.keep(&source(), arrival).expect("few wait");
        answer.blocking_recv().expect("an answer")
    }

    /// Returns the event ids from a position on, and where the reading ended.
    fn read(&self, from: u64) -> (Vec<String>, u64) {
        let (items, end) = self.inbox.read(&source(), from, 1_000, 1 << 30).unwrap();
        (items.into_iter().map(|item| item.event_id).collect(), end)
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path().join("survey")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

#[test]
fn what_is_kept_is_read_in_order() {
    let test = TestInbox::new();
    for number in 0..3 {
        assert_eq!(test.keep(arrival(number)), Kept::Durable);
    }
    assert_eq!(test.read(0), (vec!["0".into(), "1".into(), "2".into()], 3));
    assert_eq!(test.read(2), (vec!["2".into()], 3));
    assert_eq!(test.read(3), (Vec::new(), 3));
    let (two, end) = test.inbox.read(&source(), 0, 2, 1 << 30).unwrap();
    assert_eq!((two.len(), end), (2, 2));
    let (one, end) = test.inbox.read(&source(), 0, 9, 0).unwrap();
    assert_eq!((one.len(), end), (1, 1));
    // The parsers are woken after the answer: wait for the clerk's end.
    test.inbox.stop();
    assert_eq!(test.n_woken.load(Ordering::SeqCst), 3);
}

#[test]
fn an_event_is_kept_once_even_over_a_restart() {
    let test = TestInbox::new();
    assert_eq!(test.keep(arrival(1)), Kept::Durable);
    assert_eq!(test.keep(arrival(1)), Kept::Replayed);
    let test = test.reopen(0);
    assert_eq!(test.keep(arrival(1)), Kept::Replayed);
    let again = Arrival {
        is_again: true,
        ..arrival(1)
    };
    assert_eq!(test.keep(again), Kept::Durable);
    assert_eq!(test.read(0).1, 2);
}

#[test]
fn many_at_once_are_each_kept_once() {
    let test = TestInbox::new();
    let n_durable = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (test, n_durable) = (&test, &n_durable);
            scope.spawn(move || {
                // Every event comes from two threads.
                for number in 0..50 {
                    let kept = test.keep(arrival(u128::from(thread / 2 * 1_000 + number as u64)));
                    n_durable.fetch_add(usize::from(kept == Kept::Durable), Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(n_durable.into_inner(), 200);
    let (mut ids, end) = test.read(0);
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), end), (200, 200));
}

#[test]
fn positions_go_on_after_a_restart() {
    let test = TestInbox::new();
    test.keep(arrival(0));
    test.keep(arrival(1));
    let test = test.reopen(1);
    test.keep(arrival(2));
    assert_eq!(test.read(1), (vec!["1".into(), "2".into()], 3));
    // The files are lost, the store is not: positions are never used again.
    for file in test.files() {
        fs::remove_file(file).unwrap();
    }
    let test = test.reopen(3);
    test.keep(arrival(3));
    assert_eq!(test.read(3), (vec!["3".into()], 4));
}

#[test]
fn a_tail_that_a_crash_left_is_dropped() {
    let test = TestInbox::new();
    test.keep(arrival(0));
    test.keep(arrival(1));
    let file = test.files().remove(0);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 3]).unwrap();
    let test = test.reopen(0);
    assert_eq!(test.read(0), (vec!["0".into()], 1));
    assert_eq!(test.keep(arrival(1)), Kept::Durable);
    assert_eq!(test.read(0), (vec!["0".into(), "1".into()], 2));
}

#[test]
fn damage_costs_what_it_hit_and_nothing_behind_it() {
    let test = TestInbox::new();
    for number in 0..3 {
        test.keep(arrival(number));
    }
    let file = test.files().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let second = bytes.len() / 3 + 20;
    bytes[second] ^= 0xff;
    fs::write(&file, &bytes).unwrap();
    let test = test.reopen(0);
    assert_eq!(test.read(0), (vec!["0".into(), "2".into()], 3));
}

#[test]
fn a_full_inbox_takes_nothing_until_something_is_consumed() {
    let test = TestInbox::open(tempfile::tempdir().unwrap(), 700 << 10, 0);
    let large = |number: u128| Arrival {
        body: vec![7; 600 << 10],
        ..arrival(number)
    };
    assert_eq!(test.keep(large(0)), Kept::Durable);
    assert_eq!(test.keep(large(1)), Kept::Full);
    assert_eq!(test.keep(arrival(2)), Kept::Durable);
    test.inbox.consumed(&source(), 2);
    assert_eq!(test.keep(large(1)), Kept::Durable);
    assert_eq!(test.read(2), (vec!["1".into()], 3));
}

#[test]
fn consumed_segments_are_deleted() {
    let test = TestInbox::new();
    for number in 0..9 {
        let large = Arrival {
            body: vec![7; 1 << 20],
            ..arrival(number)
        };
        assert_eq!(test.keep(large), Kept::Durable);
    }
    assert_eq!(test.files().len(), 3);
    test.inbox.consumed(&source(), 5);
    // The clerk works in order: what it answers next is after the deletion.
    test.keep(arrival(100));
    assert_eq!(test.files().len(), 2);
    assert_eq!(test.read(5).1, 10);
    test.inbox.consumed(&source(), 10);
    test.keep(arrival(101));
    assert_eq!(test.files().len(), 1);
    assert_eq!(test.read(10), (vec!["101".into()], 11));
}

#[test]
fn a_folder_that_cannot_be_written_keeps_nothing() {
    let test = TestInbox::new();
    assert_eq!(test.keep(arrival(0)), Kept::Durable);
    let test = test.reopen(0);
    fs::remove_dir_all(test.dir.path().join("survey")).unwrap();
    assert_eq!(test.keep(arrival(1)), Kept::Failed);
    fs::create_dir(test.dir.path().join("survey")).unwrap();
    assert_eq!(test.keep(arrival(1)), Kept::Durable);
}

#[test]
fn what_was_consumed_or_is_to_go_is_taken_out_and_the_rest_keeps_its_place() {
    let goes_out = |_: &SourceName, item: &Item| item.event_id == "3";
    for is_open in [true, false] {
        let test = TestInbox::new();
        for number in 0..6 {
            assert_eq!(test.keep(arrival(number)), Kept::Durable);
        }
        let test = match is_open {
            true => {
                let positions = [(source(), 2)].into();
                let scrubbed = test.inbox.scrub(positions, Arc::new(goes_out));
                assert_eq!(scrubbed.unwrap(), 1);
                assert_eq!(
                    test.read(2),
                    (["2", "4", "5"].map(str::to_owned).to_vec(), 6)
                );
                test
            }
            false => {
                let TestInbox { dir, inbox, .. } = test;
                drop(inbox);
                let half = dir.path().join("survey/000000000000.new");
                fs::write(&half, "what a crash left").unwrap();
                let scrubbed = scrub_closed(dir.path(), &mut |_| Ok(2), &goes_out);
                assert_eq!(scrubbed.unwrap(), 1);
                assert!(!half.exists());
                TestInbox::open(dir, 1 << 30, 2)
            }
        };
        let bytes = files(&test.dir);
        for (number, expected) in [(0, false), (1, false), (2, true), (3, false), (4, true)] {
            let body = format!("{{\"n\":{number}}}").into_bytes();
            let is_there = bytes.windows(body.len()).any(|window| window == body);
            assert_eq!(is_there, expected, "{number}, open: {is_open}");
        }
        // Positions go on behind the last, in this process and the next.
        assert_eq!(test.keep(arrival(6)), Kept::Durable);
        let expected = (["2", "4", "5", "6"].map(str::to_owned).to_vec(), 7);
        assert_eq!(test.read(2), expected);
        let test = test.reopen(2);
        assert_eq!(test.read(2), expected);
        let positions = [(source(), 7)].into();
        assert_eq!(
            test.inbox.scrub(positions, Arc::new(|_, _| false)).unwrap(),
            0
        );
        assert_eq!(files(&test.dir), Vec::<u8>::new());
        assert_eq!(test.keep(arrival(7)), Kept::Durable);
        assert_eq!(test.read(7), (vec!["7".to_owned()], 8));
    }
}

/// Returns the bytes of all segments.
fn files(dir: &TempDir) -> Vec<u8> {
    let entries = fs::read_dir(dir.path().join("survey")).unwrap();
    entries
        .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect()
}
