//! The demo company as the daemon reads it: every file through the csv plugin, day after day.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use vocd_tests::daemon::vocd;
use vocd_tests::scratch::Scratch;

/// Different ids in the files of each kind, by the first part of their names.
fn n_ids(folder: &Path, start: &str) -> usize {
    let mut ids = HashSet::new();
    let mut read = |path: &Path| {
        let text = fs::read_to_string(path).expect("there");
        // No cell of the company has a line break, and no id a comma.
        let rows = text.lines().skip(1).filter_map(|row| row.split(',').next());
        ids.extend(rows.map(str::to_owned));
    };
    let path = folder.join(start);
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("there").flatten() {
            read(&entry.path());
        }
    } else {
        read(&path);
    }
    ids.len()
}

fn load(scratch: &Scratch, until: &str) -> String {
    let flags = ["demo", "--keep", "company", "--no-serve", "--until", until];
    let loaded = vocd(scratch.folder(), &flags);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    let config = ["sources", "-c", "company/vocd.toml"];
    let sources = vocd(scratch.folder(), &config);
    assert_eq!(sources.code, 0, "{sources:?}");
    sources.stdout
}

#[test]
fn every_row_is_read_and_a_later_day_adds_its_own() {
    let scratch = Scratch::new();
    // A kept company keeps its beginning; a late one is soon written.
    scratch.write("company/invitations/2025-11.csv", "");
    let mut before = 0;
    // The year's first course is before these days, whatever the company's chance.
    for until in ["2026-01-29", "2026-01-30"] {
        let told = load(&scratch, until);
        let folder = scratch.path("company");
        let counts = BTreeMap::from([
            ("ticket", n_ids(&folder, "tickets")),
            ("agent", n_ids(&folder, "agents.csv")),
            ("subscription", n_ids(&folder, "subscriptions.csv")),
            ("customer", n_ids(&folder, "customers.csv")),
            ("response", n_ids(&folder, "answers")),
            ("invitation", n_ids(&folder, "invitations")),
            ("review", n_ids(&folder, "reviews")),
            ("training", n_ids(&folder, "trainings.csv")),
        ]);
        for (kind, n_rows) in &counts {
            let words = format!("{n_rows} {kind}");
            assert!(told.contains(&words), "{until}, {words}: {told}");
        }
        for source in told.lines().skip(1) {
            assert!(source.trim_end().ends_with(" 0"), "rejected: {source}");
        }
        assert!(counts["ticket"] > before + 20, "{until}: {counts:?}");
        assert!(
            counts["training"] >= 5 && counts["review"] > 1_000,
            "{until}: {counts:?}"
        );
        before = counts["ticket"];
    }
    quality_is_scored(&scratch);
    let truths = fs::read_to_string(scratch.path("company/truths.toml")).expect("written");
    assert!(
        truths.contains("[[course]]\ncourse = \"listening first\""),
        "{truths}"
    );
}

/// The reviews answer their KPI, for each kind of reviewer.
fn quality_is_scored(scratch: &Scratch) {
    let question = ["kpi", "quality_score", "-c", "company/vocd.toml"];
    let split = [
        "--by",
        "reviewer_kind",
        "--from",
        "2025-12-01",
        "--to",
        "2026-01-01",
    ];
    let flags = [
        &question[..],
        &split,
        &["--grain", "month", "--format", "csv"],
    ]
    .concat();
    let scored = vocd(scratch.folder(), &flags);
    assert_eq!(scored.code, 0, "{scored:?}");
    for reviewer in ["peer", "manager", "self"] {
        assert!(scored.stdout.contains(reviewer), "{}", scored.stdout);
    }
}
