//! Erasure: a person is gone from every table and file, stays away, and nobody else misses a row.

mod stage;

use std::fs;

use self::stage::{
    EMAIL, ask, commit, customers, facts, filled, found_in, letters, sample, source,
};
use super::fixture::{Answer, TestStore, at, plugin_batch};
use super::people::segment;
use crate::plan::Tally as _;
use crate::record::RecordKind;
use crate::record::door::{Door, Reject};
use crate::store::duckdb::{DuckStore, StoreOptions};
use crate::store::push::{PushStore as _, PushUnit};
use crate::store::upkeep::{EraseError, PersonAsk, Upkeep as _};
use crate::store::{Ack, Store as _, StoreError};

#[test]
fn a_person_is_gone_from_every_table_and_file() {
    let store = filled();
    store.flush().unwrap();
    assert!(!found_in(store.dir.path()).is_empty(), "the test sees it");
    let before = store.holding(&ask("c1")).unwrap();
    let version = store.data_version().0;
    store.settle().unwrap();
    assert_eq!(store.count(), 6);
    let erasure = store.erase(&ask("c1"), at(7_200)).unwrap();
    assert_eq!(erasure.holding, before, "the dry run told what would go");
    let rows: Vec<(&str, u64)> = before.rows.into_iter().collect();
    let expected = [
        ("customer", 2),
        ("event", 1),
        ("response", 3),
        ("review", 2),
        ("ticket", 1),
    ];
    assert_eq!(rows, expected);
    let versions: Vec<(&str, u64)> = before.versions.into_iter().collect();
    assert_eq!(versions, [("customer", 1), ("response", 2), ("ticket", 2)]);
    assert_eq!((before.n_letters, before.n_samples), (1, 1));
    assert!(store.data_version().0 > version, "charts change at once");
    // Those of others, and those of nobody; the tallies of days follow.
    assert_eq!(store.count(), 3);
    assert_eq!(store.untrue_tallies().unwrap(), []);
    store.settle().unwrap();
    assert_eq!(
        (store.count(), store.untrue_tallies().unwrap()),
        (3, vec![])
    );
    assert!(matches!(
        store
            .holding(&ask("c2"))
            .unwrap()
            .rows
            .into_iter()
            .collect::<Vec<_>>()[..],
        [("customer", 1), ("response", 2), ("ticket", 2)]
    ));
    assert_eq!(store.letters(&source("desk"), 0).unwrap().len(), 1);
    assert_eq!(
        store.unfinished_erasures().unwrap(),
        std::slice::from_ref(&erasure.receipt)
    );
    store.compact().unwrap();
    store
        .finish_erasures(std::slice::from_ref(&erasure.receipt), 3, at(7_300))
        .unwrap();
    assert_eq!(found_in(store.dir.path()), Vec::<String>::new());
    let store = store.reopened();
    assert_eq!(
        (store.count(), store.untrue_tallies().unwrap()),
        (3, vec![])
    );
    assert_eq!(found_in(store.dir.path()), Vec::<String>::new());
    assert_eq!(store.unfinished_erasures().unwrap(), Vec::<String>::new());
    let receipts = store.receipts().unwrap();
    assert_eq!(receipts.len(), 1);
    for part in [&*erasure.receipt, r#""webhooks":3"#, r#""ticket":1"#] {
        assert!(receipts[0].contains(part), "{}", receipts[0]);
    }
}

#[test]
fn the_same_records_are_refused_and_counted_without_a_sample() {
    let store = filled();
    store
        .erase(&ask("desk/planted-user-77"), at(7_200))
        .unwrap();
    let n_before = store.count();
    // As a full sync would, in a new process too.
    let store = store.reopened();
    customers(&store);
    facts(&store);
    sample(&store);
    assert_eq!(store.count(), n_before);
    let states = store.source_states().unwrap();
    let n_erased = |name: &str| {
        let state = states.iter().find(|state| state.source.as_str() == name);
        let rejects = state.unwrap().rejects.iter();
        let mut erased = rejects.filter(|(reason, _)| reason == "erased");
        erased.next().map_or(0, |(_, n)| *n)
    };
    // Customer rows, tickets, reviews, answers: every version of each.
    assert_eq!(
        (n_erased("crm"), n_erased("desk"), n_erased("survey")),
        (2, 6, 5)
    );
    for state in &states {
        let is_told = |sample: &Reject| sample.reason == "erased";
        assert!(!state.reject_samples.iter().any(is_told));
    }
    let ack = letters(&store, 2);
    assert_eq!(
        ack,
        Ack::Applied {
            n_changed: 0,
            n_erased: 1
        },
        "a webhook that is kept aside later is not"
    );
    let mut rows = store.holding(&ask("c2")).unwrap().rows.into_iter();
    assert_eq!(rows.next(), Some(("customer", 1)));
}

#[test]
fn a_person_is_found_however_it_is_written() {
    let store = filled();
    commit(
        &store,
        "other",
        RecordKind::Customer,
        &[&[("id", "c1"), ("updated_at", "1")]],
    );
    let unresolved = [
        ("id", "x1"),
        ("customer", "nobody-knows"),
        ("created_at", "10"),
    ];
    commit(&store, "other", RecordKind::Ticket, &[&unresolved]);
    let cases = [
        ("crm/c1", None, "9 live"),
        ("planted-user-77", None, "9 live"),
        ("email:planted.person@B.EXAMPLE ", None, "9 live"),
        (EMAIL, None, "9 live"),
        ("email:planted.earlier@b.example", None, "9 live"),
        ("c1", Some("crm"), "9 live"),
        ("c1", Some("other"), "1 live"),
        ("nobody-knows", None, "1 live"),
        ("other/nobody-knows", None, "1 live"),
        (
            "c1",
            None,
            "`c1` means 2 persons, in the sources crm, other",
        ),
        ("c9", None, "no customer `c9` is known"),
        (
            "c9",
            Some("crm"),
            "no customer `c9` is known in source `crm`",
        ),
        ("crm/c9", None, "no customer `crm/c9` is known"),
        ("", None, "no customer `` is known"),
    ];
    for (reference, from, expected) in cases {
        let ask = PersonAsk {
            reference: reference.to_owned(),
            source: from.map(source),
        };
        let found = match store.holding(&ask) {
            Ok(holding) => format!("{} live", holding.rows.values().sum::<u64>()),
            Err(error) => {
                assert!(error.hint().is_some());
                error.to_string()
            }
        };
        assert_eq!(found, expected, "{reference}");
    }
    let n_before = store.count();
    let refused = store.erase(&ask("c9"), at(7_200));
    assert!(matches!(refused, Err(EraseError::Unknown { .. })));
    assert_eq!(
        (store.count(), store.receipts().unwrap().len()),
        (n_before, 0)
    );
}

#[test]
fn who_was_erased_already_is_told_by_the_receipt() {
    let store = filled();
    let receipt = store.erase(&ask(EMAIL), at(7_200)).unwrap().receipt;
    for reference in [
        "c1",
        "crm/c1",
        "planted-user-77",
        EMAIL,
        "email:planted.person@b.example",
    ] {
        let error = store.erase(&ask(reference), at(7_300)).unwrap_err();
        assert!(error.to_string().contains(&receipt), "{reference}: {error}");
    }
}

#[test]
fn another_key_is_refused_before_anybody_comes_back() {
    let store = filled();
    store.erase(&ask("c1"), at(7_200)).unwrap();
    let dir = store.closed();
    let key = dir.path().join("erasure.key");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let kept = fs::read_to_string(&key).unwrap();
    let open = || DuckStore::open(StoreOptions::new(dir.path().to_owned()));
    for (text, expected) in [
        (None, "is missing"),
        (Some("00".repeat(32)), "is not the one of this database"),
        (Some("no key".to_owned()), "is not the one of this database"),
    ] {
        match text {
            None => fs::remove_file(&key).unwrap(),
            Some(text) => fs::write(&key, text).unwrap(),
        }
        let error = open().err().unwrap();
        assert!(matches!(error, StoreError::ErasureKey { .. }));
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some());
    }
    fs::write(&key, kept).unwrap();
    assert!(open().is_ok());
}

#[test]
fn members_of_an_erased_account_lose_what_they_had_from_it() {
    let store = TestStore::with_dimensions(segment());
    commit(
        &store,
        "crm",
        RecordKind::Customer,
        &[
            &[
                ("id", "org"),
                ("account", ""),
                ("segment", "gold"),
                ("updated_at", "1"),
            ],
            &[
                ("id", "member"),
                ("account", "org"),
                ("segment", ""),
                ("updated_at", "1"),
            ],
        ],
    );
    let answer = Answer {
        customer: Some("crm/member".to_owned()),
        ..Answer::new("a", 9.0, 30)
    };
    store.commit(std::slice::from_ref(&answer));
    let segment = |store: &TestStore| {
        let read = |connection: &duckdb::Connection| {
            let sql = "SELECT dim_segment FROM response";
            connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0))
        };
        store.read("read a segment", read).unwrap()
    };
    assert_eq!(segment(&store).as_deref(), Some("gold"));
    store.erase(&ask("org"), at(7_200)).unwrap();
    assert_eq!((segment(&store), store.count()), (None, 1));
}

#[test]
fn backups_that_hold_the_person_are_named() {
    let store = filled();
    let backup = store.dir.path().join("backup");
    let target = backup.join("earlier.duckdb");
    let sql = format!(
        "ATTACH '{0}' AS b; COPY FROM DATABASE vocd TO b; DETACH b",
        target.display()
    );
    store
        .write("back up", move |connection, _| {
            connection.execute_batch(&sql)
        })
        .unwrap();
    fs::write(backup.join("packed.tar"), "packed").unwrap();
    let copies = store.holding(&ask("c1")).unwrap().copies;
    let told: Vec<(String, bool)> = copies
        .iter()
        .map(|copy| {
            (
                copy.path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                copy.is_certain,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("earlier.duckdb".to_owned(), true),
            ("packed.tar".to_owned(), false)
        ]
    );
    store.erase(&ask("c1"), at(7_200)).unwrap();
    // The erased person's backup is no other's.
    let others = store
        .write("x", |_, _| Ok(()))
        .and_then(|()| store.receipts());
    assert_eq!(others.unwrap().len(), 1);
}

#[test]
fn a_webhook_of_the_person_does_not_bring_it_back() {
    let store = filled();
    store.erase(&ask("c1"), at(7_200)).unwrap();
    let n_before = store.count();
    let mine = Answer {
        customer: Some(format!("email:{EMAIL}")),
        ..Answer::new("new", 9.0, 30)
    };
    let door = Door::new(source("pushed"));
    let checked = door
        .check(RecordKind::Response, &plugin_batch(&[mine]), at(1))
        .unwrap();
    let unit = PushUnit {
        source: source("pushed"),
        from: 0,
        to: 1,
        batches: vec![checked.batch],
        rejects: Vec::new(),
        letters: Vec::new(),
        events: Vec::new(),
        committed_at: at(5),
    };
    let ack = store.commit_pushed(unit).unwrap();
    assert_eq!(
        ack,
        Ack::Applied {
            n_changed: 0,
            n_erased: 1
        }
    );
    assert_eq!(store.count(), n_before);
    assert_eq!(store.inbox_position(&source("pushed")).unwrap(), 1);
}
