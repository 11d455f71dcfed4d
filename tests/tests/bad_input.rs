//! Bad input: a clear error that names the thing, the place and the remedy, and nothing is lost.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use vocd_tests::daemon::{Daemon, Outcome, free_address, vocd};
use vocd_tests::request;
use vocd_tests::scratch::Scratch;
use vocd_tests::survey::{self, configuration, lay_out};

/// Runs `vocd check` on a configuration and asserts that its output has every one of `parts`.
fn check_configuration(text: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    scratch.write(
        "answers.csv",
        format!("{}{}", survey::HEADER, survey::rows(0, 3)),
    );
    scratch.write("vocd.toml", text);
    fs::create_dir_all(scratch.path("dashboards")).expect("writable");
    let outcome = vocd(scratch.folder(), &["check"]);
    assert_eq!(outcome.code, 1, "{}\n{}", outcome.stdout, outcome.stderr);
    says(&outcome, parts);
}

fn says(outcome: &Outcome, parts: &[&str]) {
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    for part in parts {
        assert!(all.contains(part), "`{part}` is not in:\n{all}");
    }
    assert!(!all.contains("panicked"), "{all}");
}

fn base(more: &str) -> String {
    configuration("127.0.0.1:7901".parse().expect("address"), more)
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let text = format!("time_zone = \"UTC\"\n{}", base(""));
    check_configuration(&text, &["vocd.toml:1:1", "`time_zone`", "`timezone`"]);
}

#[test]
fn a_wrong_type_names_the_place() {
    let text = base("").replace("every = \"10m\"", "every = 10");
    check_configuration(&text, &["vocd.toml:7:9", "every", "`5m`"]);
}

#[test]
fn a_wrong_time_zone_names_the_nearest() {
    let text = base("").replace("Europe/Berlin", "Europe/Berln");
    check_configuration(&text, &["vocd.toml:2:", "Europe/Berln", "Europe/Berlin"]);
}

#[test]
fn a_source_name_is_used_once() {
    let twice = base("\n[[source]]\nname = \"answers\"\nplugin = \"csv\"\nevery = \"1h\"\n");
    check_configuration(&twice, &["vocd.toml:", "`answers`", "twice"]);
}

#[test]
fn a_missing_plugin_says_where_it_was_looked_for() {
    let text = base("").replace("plugin = \"csv\"", "plugin = \"cvs\"");
    check_configuration(
        &text,
        &[
            "vocd.toml:6:",
            "`cvs`",
            "libvocd_source_cvs.so",
            "did you mean `csv`?",
        ],
    );
}

#[test]
fn a_library_that_is_no_plugin_is_refused() {
    let scratch = Scratch::new();
    scratch.write("plugins/libvocd_source_fake.so", "not a library");
    scratch.write(
        "vocd.toml",
        base("")
            .replace("plugin = \"csv\"", "plugin = \"fake\"")
            .replace("timezone", "plugin_dirs = [\"plugins\"]\ntimezone"),
    );
    let outcome = vocd(scratch.folder(), &["check"]);
    assert_eq!(outcome.code, 1);
    says(&outcome, &["libvocd_source_fake.so", "vocd.toml:"]);
}

#[test]
fn a_wrong_key_of_a_plugin_names_the_nearest() {
    check_configuration(
        &base("delimeter = \";\"\n"),
        &["vocd.toml:", "delimeter", "delimiter"],
    );
}

/// Lays out a survey with other answers, syncs it and returns folder and outcome.
fn sync(answers: &[u8]) -> (Scratch, Outcome) {
    let (scratch, _) = lay_out(0);
    scratch.write("answers.csv", answers);
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    (scratch, outcome)
}

fn live_rows(scratch: &Scratch) -> u64 {
    let outcome = vocd(scratch.folder(), &["sources", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let sources: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    sources["sources"][0]["rows"]["response"]
        .as_u64()
        .unwrap_or(0)
}

#[test]
fn an_unreadable_file_is_named() {
    let (scratch, _) = lay_out(5);
    let path = scratch.path("answers.csv");
    fs::remove_file(&path).expect("ours");
    fs::create_dir(&path).expect("a folder in the file's place");
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["answers.csv"]);
}

#[test]
fn a_file_that_is_missing_is_named() {
    let (scratch, _) = lay_out(5);
    fs::remove_file(scratch.path("answers.csv")).expect("ours");
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["answers.csv"]);
}

#[test]
fn a_wrong_encoding_is_named() {
    let text = format!("{}{}", survey::HEADER, survey::rows(0, 5));
    let utf_16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let (_, outcome) = sync(&utf_16);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["answers.csv", "UTF-16", "UTF-8"]);
}

#[test]
fn a_missing_column_names_the_nearest_header() {
    let text = format!(
        "{}{}",
        survey::HEADER.replace("responded_at", "responded"),
        survey::rows(0, 5)
    );
    let (_, outcome) = sync(text.as_bytes());
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["answers.csv", "responded"]);
}

#[test]
fn a_score_out_of_scale_is_rejected_with_its_line_and_the_rest_is_kept() {
    let mut text = format!("{}{}", survey::HEADER, survey::rows(0, 5));
    text.push_str("bad,service,recommend,nps,11,2026-01-02T00:00:00Z,chat,c1,\n");
    text.push_str("also-bad,service,recommend,nps,ten,2026-01-02T00:00:00Z,chat,c1,\n");
    let (scratch, outcome) = sync(text.as_bytes());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(live_rows(&scratch), 5);
    let sources = vocd(scratch.folder(), &["sources"]);
    says(
        &sources,
        &[
            "score_out_of_scale",
            "answers.csv:7",
            "bad_number",
            "answers.csv:8",
        ],
    );
}

#[test]
fn a_line_of_a_gigabyte_is_rejected_and_the_next_is_read() {
    let (scratch, _) = lay_out(0);
    let mut file = fs::File::create(scratch.path("answers.csv")).expect("writable");
    write!(file, "{}{}", survey::HEADER, survey::rows(0, 2)).expect("writable");
    let mebibyte = vec![b'x'; 1 << 20];
    for _ in 0..1_000 {
        file.write_all(&mebibyte).expect("writable");
    }
    write!(file, "\n{}", survey::rows(2, 3)).expect("writable");
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(live_rows(&scratch), 5);
    says(
        &vocd(scratch.folder(), &["sources"]),
        &["line_too_long", "answers.csv:4"],
    );
}

#[test]
fn a_taken_port_is_named_with_a_remedy() {
    let (scratch, address) = lay_out(3);
    let _taken = std::net::TcpListener::bind(address).expect("free a moment ago");
    let outcome = vocd(scratch.folder(), &["serve"]);
    assert_eq!(outcome.code, 1);
    says(&outcome, &[&address.to_string(), "hint:", "listen"]);
}

#[test]
fn a_data_directory_has_one_daemon() {
    let (scratch, address) = lay_out(3);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let second = configuration(free_address(), "");
    scratch.write("second.toml", second);
    let outcome = vocd(scratch.folder(), &["serve", "-c", "second.toml"]);
    assert_eq!(outcome.code, 1);
    says(&outcome, &["vocd-data", &daemon.pid().to_string(), "hint:"]);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

#[test]
fn a_corrupt_database_is_named_and_left_untouched() {
    let (scratch, _) = lay_out(3);
    assert_eq!(vocd(scratch.folder(), &["sync", "answers"]).code, 0);
    let path = scratch.path("vocd-data/vocd.duckdb");
    let mut bytes = fs::read(&path).expect("the store's file");
    bytes[..4096].fill(0x5a);
    fs::write(&path, &bytes).expect("writable");
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["vocd.duckdb", "hint:"]);
    assert_eq!(fs::read(&path).expect("still there"), bytes);
}

#[test]
fn a_read_only_data_directory_is_named() {
    let (scratch, _) = lay_out(3);
    let folder = scratch.path("vocd-data");
    fs::create_dir(&folder).expect("writable");
    if rustix::process::geteuid().is_root() {
        // Permissions do not bind root; a file in the folder's place does.
        fs::remove_dir(&folder).expect("ours");
        fs::write(&folder, "a file").expect("writable");
    } else {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).expect("ours");
    }
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    says(&outcome, &["vocd-data", "hint:"]);
}

#[test]
fn bad_requests_are_told_apart_and_never_hurt() {
    let (scratch, address) = lay_out(50);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let cases: [(&str, u16, &str); 14] = [
        ("/dashboards/servce", 404, "service"),
        ("/charts/servce/nps.json", 404, "service"),
        ("/charts/service/nsp.json", 404, "nps"),
        ("/charts/service/nps.gif", 404, ""),
        ("/charts/service/nps.json?rnage=30d", 400, "range"),
        ("/charts/service/nps.json?range=thirty", 400, "range"),
        ("/charts/service/nps.png?width=100000", 400, ""),
        (
            "/charts/service/nps.png?width=7680&height=4320&scale=4",
            400,
            "",
        ),
        ("/charts/service/nps.svg?where.chanel=chat", 400, ""),
        ("/api/v1/kpis/nsp", 404, "nps"),
        ("/api/v1/kpis/nps?by=chanel", 400, "channel"),
        ("/api/v1/kpis/nps?from=2026-01-01&to=2025-01-01", 400, ""),
        ("/charts/../../vocd.toml", 404, ""),
        ("/charts/%2e%2e%2fvocd/nps.svg", 404, ""),
    ];
    for (target, status, hint) in cases {
        let response = daemon.get(target);
        assert_eq!(response.status, status, "{target}: {}", response.text());
        let is_picture = [".png", ".svg"].iter().any(|end| {
            target
                .split('?')
                .next()
                .is_some_and(|path| path.ends_with(end))
        });
        if !is_picture {
            assert!(
                response.text().contains(hint),
                "{target} does not name `{hint}`: {}",
                response.text()
            );
        }
        assert!(
            !response.text().contains("timezone = "),
            "{target} shows the configuration"
        );
    }
    let huge = vec![b'x'; 3 << 20];
    // A stranger's change is refused before its body is read, a reader's body is bounded.
    for (target, status) in [("/api/v1/events", 401), ("/charts/service/nps.svg", 413)] {
        let response = request::exchange(address, "POST", target, &[], &huge).expect("an answer");
        assert_eq!(response.status, status, "{target}: {}", response.text());
    }
    let long = format!("/charts/service/nps.svg?range={}", "9".repeat(200_000));
    let response = request::get(address, &long, &[]).expect("an answer");
    assert!(
        [400, 414, 431].contains(&response.status),
        "{}",
        response.status
    );
    assert_eq!(daemon.get("/healthz").status, 200);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

#[test]
fn a_secret_is_in_no_output() {
    let (scratch, _) = lay_out(3);
    let text = base("").replace(
        "path = \"answers.csv\"",
        "path = { env = \"VOCD_TEST_SECRET\" }",
    );
    scratch.write("vocd.toml", text);
    for arguments in [&["check"][..], &["sync", "answers"], &["sources"]] {
        let output = vocd_tests::daemon::command(scratch.folder(), arguments)
            .env("VOCD_TEST_SECRET", "correct-horse-battery")
            .output()
            .expect("vocd starts");
        let all = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!all.contains("correct-horse"), "{arguments:?}: {all}");
    }
}
