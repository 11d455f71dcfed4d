//! Rows come out page by page, each once, and a page has an end.

use super::fixture::{Answer, TestStore, at};
use crate::plan::Filter;
use crate::record::RecordKind;
use crate::store::export::{Cell, Disclosure, Export, PAGE_BYTES_MAX, Page, PageAsk};

fn ask(n_rows_max: usize) -> PageAsk {
    PageAsk {
        kind: RecordKind::Response,
        filter: Filter::All,
        between: (None, None),
        since: None,
        after: None,
        n_rows_max,
        disclosure: Disclosure::Everything,
    }
}

fn ids(page: &Page) -> Vec<String> {
    let column = page.columns.iter().position(|name| *name == "id").unwrap();
    let ids = page.rows.iter().map(|row| match &row[column] {
        Cell::Text(id) => id.clone(),
        other => panic!("an id is a text, not {other:?}"),
    });
    ids.collect()
}

/// Reads page after page.
fn pages(store: &TestStore, mut ask: PageAsk) -> Vec<Page> {
    let mut pages = Vec::new();
    loop {
        let page = store.page(&ask).unwrap();
        ask.after = page.next;
        pages.push(page);
        if ask.after.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_hold_every_live_row_once() {
    let store = TestStore::new();
    // All known since the same instant: the keys alone tell them apart.
    let answers: Vec<Answer> = (0..50)
        .map(|n| Answer::new(&format!("a{n}"), 9.0, n))
        .collect();
    store.commit(&answers);
    let deleted = Answer {
        is_deleted: true,
        updated_at: Some(100),
        ..Answer::new("a7", 9.0, 7)
    };
    store.commit(&[deleted]);
    for n_rows_max in [1, 7, 49, 50] {
        let pages = pages(&store, ask(n_rows_max));
        assert!(pages.iter().all(|page| page.rows.len() <= n_rows_max));
        let mut found: Vec<String> = pages.iter().flat_map(ids).collect();
        assert_eq!(found.len(), 49, "{n_rows_max}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 49, "{n_rows_max}");
        assert!(!found.contains(&"a7".to_owned()));
    }
}

#[test]
fn what_is_known_later_comes_with_since() {
    let store = TestStore::new();
    store.commit_at(
        &[Answer::new("a", 9.0, 10), Answer::new("b", 3.0, 20)],
        at(3_600),
    );
    let corrected = Answer {
        updated_at: Some(5_000),
        ..Answer::new("b", 4.0, 20)
    };
    store.commit_at(&[corrected, Answer::new("c", 5.0, 30)], at(7_200));
    let since = PageAsk {
        since: Some(at(7_200)),
        ..ask(10)
    };
    let mut found = ids(&store.page(&since).unwrap());
    found.sort_unstable();
    assert_eq!(found, ["b", "c"]);
    let between = PageAsk {
        between: (Some(at(20)), Some(at(30))),
        ..ask(10)
    };
    assert_eq!(ids(&store.page(&between).unwrap()), ["b"]);
}

#[test]
fn a_page_ends_where_it_grows_too_long() {
    let store = TestStore::new();
    let long = format!(r#"{{"note": "{}"}}"#, "x".repeat(60_000));
    let answers = (0..200).map(|n| Answer {
        attributes: Some(long.clone()),
        ..Answer::new(&format!("a{n}"), 9.0, n)
    });
    store.commit(&answers.collect::<Vec<_>>());
    let pages = pages(&store, ask(10_000));
    let n_rows: Vec<usize> = pages.iter().map(|page| page.rows.len()).collect();
    assert_eq!(n_rows.iter().sum::<usize>(), 200);
    let n_first = PAGE_BYTES_MAX / 60_000;
    assert!(n_rows.len() == 2 && n_rows[0] <= n_first + 1, "{n_rows:?}");
}

#[test]
fn an_unknown_dimension_is_refused() {
    let store = TestStore::new();
    let dimension = crate::plan::Dimension::Configured("nothing".to_owned());
    let wrong = PageAsk {
        filter: Filter::In(dimension, Vec::new()),
        ..ask(1)
    };
    let error = store.page(&wrong).unwrap_err();
    assert_eq!(error.to_string(), "no dimension `nothing` is configured");
}
