//! Webhooks: rows and position move together, and what is kept is bounded.

use crate::record::door::Door;
use crate::record::{RecordKind, SourceName};
use crate::store::duckdb::tests::fixture::{Answer, at, changed, plugin_batch};
use crate::store::duckdb::{DuckStore, StoreOptions};
use crate::store::push::{DeadLetter, PushStore, PushUnit, SeenEvent};
use crate::store::{Ack, Store};

fn source() -> SourceName {
    SourceName::new("pushed").unwrap()
}

fn unit(from: u64, to: u64, ids: &[&str]) -> PushUnit {
    let answers: Vec<Answer> = ids.iter().map(|id| Answer::new(id, 9.0, 0)).collect();
    let door = Door::new(source());
    let checked = door.check(RecordKind::Response, &plugin_batch(&answers), at(1));
    PushUnit {
        source: source(),
        from,
        to,
        batches: vec![checked.unwrap().batch],
        rejects: Vec::new(),
        letters: Vec::new(),
        events: (from..to).map(event).collect(),
        committed_at: at(5),
    }
}

fn event(position: u64) -> SeenEvent {
    SeenEvent {
        digest: u128::from(position).to_be_bytes(),
        received_at: at(4),
    }
}

fn letter(position: u64, n_bytes: usize) -> DeadLetter {
    DeadLetter {
        position,
        event_id: format!("e{position}"),
        received_at: at(3),
        headers: vec![("x-topic".to_owned(), "a".to_owned())],
        body: vec![7; n_bytes],
        reason: "schema_changed".to_owned(),
        detail: "not known".to_owned(),
    }
}

fn with_store(check: impl Fn(&DuckStore)) {
    let folder = tempfile::tempdir().unwrap();
    check(&DuckStore::open(StoreOptions::new(folder.path().to_owned())).unwrap());
}

fn n_rows(store: &DuckStore) -> u64 {
    let states = store.source_states().unwrap();
    states[0].rows.iter().map(|(_, n_rows)| n_rows).sum()
}

#[test]
fn a_unit_counts_once_and_only_where_the_one_before_ended() {
    with_store(|store| {
        assert_eq!(store.inbox_position(&source()).unwrap(), 0);
        let applied = store.commit_pushed(unit(0, 3, &["a", "b"])).unwrap();
        assert_eq!(applied, changed(2));
        assert_eq!(store.inbox_position(&source()).unwrap(), 3);
        let again = store.commit_pushed(unit(0, 3, &["a", "b"])).unwrap();
        assert_eq!(again, Ack::AlreadyApplied);
        for (from, to) in [(1, 4), (4, 5)] {
            let apart = store.commit_pushed(unit(from, to, &["c"])).unwrap();
            assert_eq!(apart, Ack::Fenced, "{from}..{to}");
        }
        assert_eq!(n_rows(store), 2);
        assert_eq!(store.source_states().unwrap()[0].last_success, Some(at(5)));
    });
}

#[test]
fn pulls_and_webhooks_do_not_fence_each_other() {
    with_store(|store| {
        let (run_id, _) = store.begin_run(&source(), at(0)).unwrap();
        store.commit_pushed(unit(0, 1, &["a"])).unwrap();
        let (next, is_first) = store.begin_run(&source(), at(0)).unwrap();
        assert_eq!((next, is_first), (run_id + 1, true));
        store.commit_pushed(unit(1, 2, &["b"])).unwrap();
        assert_eq!(store.inbox_position(&source()).unwrap(), 2);
        store.reset(&source()).unwrap();
        assert_eq!(store.inbox_position(&source()).unwrap(), 2);
    });
}

#[test]
fn seen_events_come_back() {
    with_store(|store| {
        store.commit_pushed(unit(0, 2, &["a"])).unwrap();
        let seen = store.seen_events(&source(), at(4)).unwrap();
        assert_eq!(seen, [event(0), event(1)]);
        assert_eq!(store.seen_events(&source(), at(5)).unwrap(), []);
    });
}

#[test]
fn letters_are_listed_read_and_forgotten() {
    with_store(|store| {
        let mut kept = unit(0, 2, &[]);
        kept.letters = vec![letter(0, 5), letter(1, 6)];
        store.commit_pushed(kept).unwrap();
        let notes = store.letter_notes().unwrap();
        assert_eq!((notes[0].1, notes[0].2[0].n_bytes), (2, 6));
        let letters = store.letters(&source(), 0).unwrap();
        assert_eq!(letters, [letter(0, 5), letter(1, 6)]);
        store.forget_letters(&source(), &[0, 1]).unwrap();
        assert_eq!(store.letter_notes().unwrap(), []);
    });
}

#[test]
fn letters_are_bounded_by_their_weight() {
    with_store(|store| {
        let mut kept = unit(0, 4, &[]);
        kept.letters = (0..4).map(|position| letter(position, 20 << 20)).collect();
        store.commit_pushed(kept).unwrap();
        let positions: Vec<u64> = store.letter_notes().unwrap()[0]
            .2
            .iter()
            .map(|note| note.position)
            .collect();
        assert_eq!(positions, [3, 2, 1]);
    });
}
