//! The child process with plugins written in C, through real pipes.
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod driver;

use arrow_array::cast::AsArray;
use driver::{Ended, Plugin, hello, json};
use serde_json::json;
use vocd_plugin::frame::FrameKind;
use vocd_plugin::manifest::{MAGIC, parse_section};

/// Runs the plugin with one behaviour, or returns `None` without a C compiler.
fn run(behaviour: &str) -> Option<Ended> {
    let mut child = Plugin::ordinary()?.start();
    child.send(FrameKind::Hello, &hello(behaviour));
    Some(child.finish())
}

/// Checks that a run fails with this class and text, and without an END frame.
fn check_failure(behaviour: &str, class: &str, expected: &str) {
    let Some(ended) = run(behaviour) else { return };
    assert!(
        ended.all(FrameKind::End).is_empty(),
        "{behaviour}: {ended:?}"
    );
    let error = ended
        .all(FrameKind::Error)
        .first()
        .map(|payload| json(payload));
    let error = error.unwrap_or_else(|| panic!("{behaviour}: no ERROR: {ended:?}"));
    assert_eq!(error["class"], class, "{behaviour}: {error}");
    let user = error["user"].as_str().expect("a text");
    assert!(user.contains(expected), "{behaviour}: {user}");
}

#[test]
fn a_good_run_sends_everything_and_an_end() {
    let Some(ended) = run("good") else { return };
    let kinds = [
        FrameKind::Ready,
        FrameKind::Reject,
        FrameKind::Data,
        FrameKind::Progress,
        FrameKind::Checkpoint,
        FrameKind::End,
    ];
    assert_eq!(ended.kinds(), kinds);
    assert_eq!(ended.code(), Some(0));
    let checkpoint = json(ended.all(FrameKind::Checkpoint)[0]);
    let expected = json!({"stream": "courses", "checkpoint": {"page": 1}, "rows_since": 2});
    assert_eq!(checkpoint, expected);
    let end = json(ended.all(FrameKind::End)[0]);
    assert_eq!(end, json!({"status": 0, "rows": 2, "batches": 1}));
    let reject = json(ended.all(FrameKind::Reject)[0]);
    assert_eq!(reject["place"], "page:1");
    let batch = ended.batch();
    let ids: Vec<_> = batch["id"].as_string::<i32>().iter().flatten().collect();
    assert_eq!(ids, ["a1", "b2"]);
}

#[test]
fn what_a_plugin_prints_never_gets_between_the_frames() {
    let Some(ended) = run("good prints") else {
        return;
    };
    assert_eq!(ended.all(FrameKind::End).len(), 1);
    assert_eq!(ended.printed, "printed by the plugin\n");
}

#[test]
fn a_crash_ends_the_run_without_an_end() {
    for (behaviour, signal) in [("segfault", 11), ("abort", 6)] {
        let Some(ended) = run(behaviour) else { return };
        assert_eq!(ended.signal(), Some(signal), "{behaviour}");
        assert_eq!(ended.kinds().last(), Some(&FrameKind::Data), "{behaviour}");
    }
}

#[test]
fn a_clean_exit_in_the_middle_is_no_end() {
    let Some(ended) = run("exit_0") else { return };
    assert_eq!(ended.code(), Some(0));
    assert!(ended.all(FrameKind::End).is_empty());
}

#[test]
fn a_crash_after_the_end_does_not_undo_it() {
    let Some(ended) = run("good crash_at_close") else {
        return;
    };
    assert_eq!(ended.kinds().last(), Some(&FrameKind::End));
    assert_eq!(ended.signal(), Some(6));
}

#[test]
fn structures_that_lie_are_refused_with_what_is_wrong() {
    let protocol = |behaviour, expected| check_failure(behaviour, "protocol", expected);
    protocol("bogus_length", "it has 1099511627776 rows");
    protocol(
        "short_column",
        "column `course` has 1 rows, the batch has 2",
    );
    protocol("bogus_offset", "ends at 1073741824 of its values");
    protocol("falling_offset", "wrong batch of `training`");
    protocol("bad_utf8", "wrong batch of `training`");
    protocol("null_buffer", "has a null buffer");
    protocol("released", "already released");
}

#[test]
fn schemas_that_are_not_the_kinds_are_refused_by_name() {
    let protocol = |behaviour, expected| check_failure(behaviour, "protocol", expected);
    protocol(
        "unknown_column",
        "has no column `curse`; is `course` meant?",
    );
    protocol(
        "lying_type",
        "column `course` of `training` must be Utf8 (`u`), not Float64",
    );
    protocol("no_agent", "lacks the required column `agent`");
    protocol("unknown_kind", "unknown record kind `lesson`");
}

#[test]
fn checkpoints_are_checked() {
    let protocol = |behaviour, expected| check_failure(behaviour, "protocol", expected);
    protocol(
        "no_checkpoint",
        "ended with 2 rows after its last checkpoint",
    );
    protocol(
        "other_stream",
        "a checkpoint of `b` while reading `courses`",
    );
    protocol("list_checkpoint", "no JSON object");
}

#[test]
fn errors_of_a_plugin_keep_their_class() {
    check_failure("rate_limited", "rate_limited", "slow down");
    check_failure("silent_error", "auth", "did not say why");
    check_failure("bad_config", "config", "`do` is wrong");
    let Some(ended) = run("rate_limited") else {
        return;
    };
    let error = json(ended.all(FrameKind::Error)[0]);
    assert_eq!(
        (&error["retry_after_ms"], &error["internal"]),
        (&json!(1500), &json!("429"))
    );
}

#[test]
fn each_stage_has_its_exit_code() {
    for (behaviour, code) in [("good", 0), ("bad_config", 14), ("silent_error", 15)] {
        let Some(ended) = run(behaviour) else { return };
        assert_eq!(ended.code(), Some(code), "{behaviour}");
    }
}

#[test]
fn memory_is_limited() {
    check_failure("eats_memory", "transient", "out of memory");
}

#[test]
fn a_drain_ends_the_run_at_a_checkpoint() {
    for behaviour in ["endless", "endless stubborn"] {
        let Some(plugin) = Plugin::ordinary() else {
            return;
        };
        let mut child = plugin.start();
        child.send(FrameKind::Hello, &hello(behaviour));
        child.read_until(FrameKind::Checkpoint);
        child.send(FrameKind::Stop, &json!({"when": "drain"}));
        let ended = child.finish();
        let last_two = ended.kinds()[ended.kinds().len() - 2..].to_vec();
        assert_eq!(
            last_two,
            [FrameKind::Checkpoint, FrameKind::Error],
            "{behaviour}"
        );
        assert_eq!(
            json(ended.all(FrameKind::Error)[0])["class"],
            "cancelled",
            "{behaviour}"
        );
    }
}

#[test]
fn a_child_whose_daemon_is_gone_ends_at_once() {
    let Some(plugin) = Plugin::ordinary() else {
        return;
    };
    let mut child = plugin.start();
    child.send(FrameKind::Hello, &hello("hang"));
    child.read_until(FrameKind::Log);
    child.close_input();
    assert_eq!(child.finish().signal(), Some(9));
}

#[test]
fn a_configuration_is_checked_without_a_read() {
    let Some(plugin) = Plugin::ordinary() else {
        return;
    };
    let mut child = plugin.start();
    child.send(
        FrameKind::Hello,
        &json!({"mode": "open", "config": {"do": "good"}}),
    );
    assert_eq!(child.finish().kinds(), [FrameKind::Ready, FrameKind::End]);
}

#[test]
fn a_method_is_called_and_answers() {
    let Some(plugin) = Plugin::ordinary() else {
        return;
    };
    let mut child = plugin.start();
    let call = json!({"mode": "call", "method": "check", "config": {"do": "good"}});
    child.send(FrameKind::Hello, &call);
    let ended = child.finish();
    assert_eq!(
        ended.kinds(),
        [FrameKind::Ready, FrameKind::Reply, FrameKind::End]
    );
    assert_eq!(json(ended.all(FrameKind::Reply)[0]), json!({"ok": true}));
}

#[test]
fn a_file_that_is_no_plugin_is_told_apart() {
    let check = |plugin: Option<Plugin>, expected: &str| {
        let Some(plugin) = plugin else { return };
        let mut child = plugin.start();
        child.send(FrameKind::Hello, &hello("good"));
        let ended = child.finish();
        assert_eq!(ended.code(), Some(13));
        let error = json(ended.all(FrameKind::Error)[0]);
        assert_eq!(error["class"], "load");
        let user = error["user"].as_str().expect("a text");
        assert!(user.contains(expected), "{user}");
    };
    check(
        Plugin::build("entryless", &["-DWITHOUT_ENTRY"]),
        "exports no `voc_plugin_entry_v1`",
    );
    check(
        Plugin::build("demanding", &["-DFLAGS=0x10000"]),
        "demands features",
    );
    // The loader's own words have to reach the user.
    check(
        Some(Plugin::file(
            "no_library",
            b"not a library, but long enough",
        )),
        "too short",
    );
}

#[test]
fn a_manifest_written_in_c_is_found_in_the_file() {
    let Some(plugin) = Plugin::ordinary() else {
        return;
    };
    let library = plugin.bytes();
    let mut starts = (0..library.len()).filter(|start| library[*start..].starts_with(MAGIC));
    let manifest = starts.find_map(|start| parse_section(&library[start..]));
    let manifest = json(manifest.expect("a section").as_bytes());
    assert_eq!(
        (&manifest["id"], &manifest["limits"]["idle_s"]),
        (&json!("org.example.c"), &json!(10))
    );
}

#[test]
fn the_build_is_named_on_request() {
    let printed = driver::print_build_id();
    assert_eq!(printed.trim(), vocd_plugin::frame::BUILD_ID);
}

/// Starts a child that is to parse webhooks with these bodies, the next when the one before is
/// parsed, and returns what it sent.
fn parse(behaviour: &str, bodies: &[&str]) -> Option<Ended> {
    let mut child = Plugin::ordinary()?.start();
    let mut hello = hello(behaviour);
    hello["mode"] = json!("webhook");
    hello["stream"] = json!("$inbox");
    hello["n_webhooks"] = json!(bodies.len());
    child.send(FrameKind::Hello, &hello);
    child.read_until(FrameKind::Ready);
    for (idx, body) in bodies.iter().enumerate() {
        let request = json!({"event_id": "e1", "received_at_ms": 1, "headers": {"x-topic": "a"}});
        child.send(FrameKind::Webhook, &request);
        child.send(FrameKind::Body, &json!(body));
        if idx + 1 < bodies.len() {
            child.read_until(FrameKind::Parsed);
        }
    }
    Some(child.finish())
}

#[test]
fn webhooks_are_parsed_one_by_one_and_one_refused_ends_nothing() {
    let Some(ended) = parse("good", &["rows", "refuse", "rows"]) else {
        return;
    };
    let mut kinds = vec![FrameKind::Ready];
    for _ in 0..3 {
        kinds.extend([FrameKind::Data, FrameKind::Parsed]);
    }
    kinds.push(FrameKind::End);
    assert_eq!(ended.kinds(), kinds, "{ended:?}");
    let parsed = ended.all(FrameKind::Parsed);
    assert_eq!(json(parsed[0]), json!({"rows_since": 2, "refusal": null}));
    let refusal = json(parsed[1])["refusal"].clone();
    assert_eq!(
        (&refusal["class"], &refusal["user"]),
        (&json!("schema_changed"), &json!("not known"))
    );
}

#[test]
fn a_webhook_that_crashes_the_child_is_the_first_without_an_answer() {
    let Some(ended) = parse("good", &["rows", "crash"]) else {
        return;
    };
    assert_eq!(ended.signal(), Some(6));
    assert_eq!(ended.all(FrameKind::Parsed).len(), 1);
}

#[test]
fn a_webhook_has_no_checkpoint() {
    let Some(ended) = parse("good", &["checkpoint"]) else {
        return;
    };
    assert!(ended.all(FrameKind::End).is_empty(), "{ended:?}");
    assert_eq!(json(ended.all(FrameKind::Error)[0])["class"], "protocol");
}

#[test]
fn a_plugin_without_the_extension_says_so() {
    let Some(mut child) = Plugin::ordinary().map(|plugin| plugin.start()) else {
        return;
    };
    let mut hello = hello("no_webhooks");
    hello["mode"] = json!("webhook");
    hello["n_webhooks"] = json!(1);
    child.send(FrameKind::Hello, &hello);
    let ended = child.finish();
    assert_eq!(json(ended.all(FrameKind::Error)[0])["class"], "unsupported");
}
