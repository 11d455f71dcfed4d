//! What becomes of a build that takes another's place.

use std::fs;

use vocd_tests::daemon::wait_until;

use super::stage::{
    LIMIT, Replace, Site, build, builds, copy_over, hard_link, install, n_rows_of, rename_over,
    state, swap_link, wait_for_more_rows, wait_for_rows_of, wait_for_state, wait_for_version,
};

#[test]
fn every_way_to_replace_a_file_is_seen() {
    let Some(site) = Site::new("reload::ways", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let ways: [Replace; 5] = [copy_over, rename_over, install, hard_link, swap_link];
    let files = builds([2, 3, 4, 5, 6]);
    for ((version, file), replace) in (2..).zip(&files).zip(&ways) {
        replace(file, &site.place());
        wait_for_version(&daemon, version);
    }
    // What a symbolic link leads to is in another folder: only the rescan looks there.
    let [last] = builds([7]);
    rename_over(&last, &files[4]);
    wait_for_version(&daemon, 7);
    wait_for_rows_of(&daemon, 7);
    let generation = state(&daemon)["plugin"]["generation"].clone();
    assert_eq!(generation, 7, "{}", daemon.log());
    let metrics = daemon.get("/metrics").text();
    for line in [
        "vocd_plugin_generation{plugin=\"count\"} 7",
        "vocd_plugin_held{plugin=\"count\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[test]
fn a_touched_file_is_no_new_build_and_a_half_written_one_is_not_used() {
    let Some(site) = Site::new("reload::half", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let first = fs::read(site.place()).expect("there");
    fs::write(site.place(), &first).expect("ours");
    rename_over(&build(1, &[]).expect("a compiler"), &site.place());
    let [second] = builds([2]);
    let whole = fs::read(second).expect("built");
    fs::write(site.place(), &whole[..whole.len() / 2]).expect("ours");
    wait_for_state(&daemon, "refused");
    wait_for_more_rows(&daemon);
    assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    let sources = site.run(&["sources"], 0).stdout;
    assert!(
        sources.contains("count: plugin count is refused: ")
            && sources.contains("it is not a complete 64-bit ELF library"),
        "{sources}"
    );
    fs::write(site.place(), &whole).expect("ours");
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
    assert_eq!(
        site.events(),
        ["loaded 1.0.0", "refused -", "swapped 2.0.0"]
    );
}

#[test]
fn a_build_that_does_not_open_is_refused_even_after_a_restart() {
    let Some(site) = Site::new("reload::probe", "auto") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    for (version, fault) in [(2, "-DFAULT=1"), (3, "-DFAULT=3")] {
        let bad = build(version, &[fault]).expect("a compiler");
        rename_over(&bad, &site.place());
        wait_until("it is refused", LIMIT, || {
            let refused = format!("refused {version}.0.0");
            site.events().contains(&refused).then_some(())
        });
        assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    }
    let ready = daemon.get("/readyz");
    assert_eq!(ready.status, 200);
    let told = "plugin `count` is refused: opened with `count`: config: this build knows no pace";
    assert!(ready.text().contains(told), "{}", ready.text());
    let listed = site.run(&["plugin", "list"], 0).stdout;
    assert!(listed.contains("1.0.0 (build 1)"), "{listed}");
    assert!(listed.contains("count refused 2.0.0 ("), "{listed}");
    assert!(listed.contains("the plugin crashed: abort"), "{listed}");
    wait_for_more_rows(&daemon);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());

    let daemon = site.serve();
    wait_for_state(&daemon, "refused");
    assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    wait_for_more_rows(&daemon);
    let [good] = builds([4]);
    rename_over(&good, &site.place());
    wait_for_version(&daemon, 4);
    wait_for_rows_of(&daemon, 4);
}

#[test]
fn a_build_that_breaks_with_the_one_before_waits_for_an_approval() {
    let Some(site) = Site::new("reload::pending", "auto") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_version(&daemon, 1);
    let none = site.run(&["plugin", "approve", "count"], 1).stderr;
    assert!(none.contains("no build of `count` waits"), "{none}");
    let breaking = build(2, &["-DFORMAT=2", r#"-DREQUIRED="\"pace_ms\"""#]);
    let breaking = breaking.expect("a compiler");
    let before = site.scratch.path("before.so");
    copy_over(&site.place(), &before);
    let before = before.display().to_string();
    let library = breaking.display().to_string();
    let checked = site.run(&["plugin", "check", &library, "--against", &before], 1);
    let told = "breaks with 1.0.0: its checkpoints are of format 2, the stored ones of 1; its \
                configuration now needs the key `pace_ms`";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    rename_over(&breaking, &site.place());
    wait_for_state(&daemon, "pending");
    wait_for_more_rows(&daemon);
    assert_eq!(n_rows_of(&daemon, 2), 0);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
    let daemon = site.serve();
    wait_for_state(&daemon, "pending");
    let sources = site.run(&["sources"], 0).stdout;
    for part in [
        "plugin count is pending: its checkpoints are of format 2, the stored ones of 1",
        "its configuration now needs the key `pace_ms`",
        "vocd plugin approve count",
    ] {
        assert!(sources.contains(part), "{part}: {sources}");
    }
    let approved = site.run(&["plugin", "approve", "count"], 0).stdout;
    assert_eq!(approved, "count 2.0.0 runs from now on\n");
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
    let expected = [
        "loaded 1.0.0",
        "pending 2.0.0",
        "approved 2.0.0",
        "swapped 2.0.0",
    ];
    assert_eq!(site.events(), expected);
}

#[test]
fn a_removed_file_disables_its_sources_until_it_returns() {
    let Some(site) = Site::new("reload::removed", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let away = site.scratch.path("away.so");
    fs::rename(site.place(), &away).expect("moved");
    wait_for_state(&daemon, "missing");
    let sources = site.run(&["sources"], 0).stdout;
    assert!(
        sources.contains("plugin count is missing: no plugin `count`: looked for"),
        "{sources}"
    );
    // The run that was at work gives way; nothing that it gave is lost.
    let refused = site.run(&["sync", "count"], 1).stderr;
    assert!(
        refused.contains("no plugin `count`") || refused.contains("is being pulled already"),
        "{refused}"
    );
    let n_kept = n_rows_of(&daemon, 1);
    assert!(n_kept > 0);
    fs::rename(away, site.place()).expect("moved");
    wait_for_version(&daemon, 1);
    wait_until("it goes on", LIMIT, || {
        (n_rows_of(&daemon, 1) > n_kept).then_some(())
    });
    let events = ["loaded 1.0.0", "removed 1.0.0", "returned 1.0.0"];
    assert_eq!(site.events(), events);
}

#[test]
fn only_approved_builds_are_taken_over_where_the_configuration_says_so() {
    let Some(site) = Site::new("reload::verify", "verify") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let [second] = builds([2]);
    rename_over(&second, &site.place());
    wait_for_state(&daemon, "refused");
    wait_for_more_rows(&daemon);
    let sources = site.run(&["sources"], 0).stdout;
    for part in [
        "nobody approved this build of it (vocd.count 2.0.0)",
        "vocd plugin trust ",
    ] {
        assert!(sources.contains(part), "{part}: {sources}");
    }
    site.run(&["plugin", "trust", "count"], 0);
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
}

#[test]
fn nothing_is_taken_over_before_a_restart_where_the_configuration_says_so() {
    let Some(site) = Site::new("reload::off", "off") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let [second] = builds([2]);
    rename_over(&second, &site.place());
    daemon.signal(rustix::process::Signal::HUP);
    wait_until("the signal is heard", LIMIT, || {
        let log = daemon.log();
        log.contains("the configuration was reloaded").then_some(())
    });
    wait_for_more_rows(&daemon);
    assert_eq!(n_rows_of(&daemon, 2), 0);
    assert_eq!(daemon.stop(), 0);
    let daemon = site.serve();
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
}

#[test]
fn a_build_that_crashes_twice_gives_way_to_the_one_before() {
    let Some(site) = Site::new("reload::rollback", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let bad = build(2, &["-DFAULT=2"]).expect("a compiler");
    rename_over(&bad, &site.place());
    wait_until("it is rolled back", LIMIT, || {
        let is_back = site.events().contains(&"rolled_back 1.0.0".to_owned());
        is_back.then_some(())
    });
    let plugin = state(&daemon)["plugin"].clone();
    assert_eq!(
        (&plugin["version"], &plugin["state"], &plugin["generation"]),
        (&"1.0.0".into(), &"refused".into(), &3.into())
    );
    let n_before = n_rows_of(&daemon, 1);
    wait_until("the source works again", LIMIT, || {
        (n_rows_of(&daemon, 1) > n_before).then_some(())
    });
    let [third] = builds([3]);
    rename_over(&third, &site.place());
    wait_for_version(&daemon, 3);
    wait_for_rows_of(&daemon, 3);
}
