//! Files that change, grow, go and come back.

use std::fs;

use vocd_plugin::testing::Value;

use super::stage::{A, B, C, Site, lines};

#[test]
fn an_unchanged_file_is_not_read_again() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    assert_eq!(site.pull().n_rows, 2);
    let again = site.pull();
    assert_eq!((again.n_rows, again.run.checkpoints().len()), (0, 0));
}

#[test]
fn a_file_written_a_moment_ago_is_compared_by_its_bytes_until_it_settles() {
    let mut site = Site::new();
    // A clock that stands at the time the file was written.
    site.now_s = -3_600
        + std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |now| now.as_secs())
            .cast_signed();
    site.write("x.csv", &[A, B]);
    site.pull();
    let settled = site.pull();
    assert_eq!((settled.n_rows, settled.run.checkpoints().len()), (0, 1));
    assert_eq!(site.pull().run.checkpoints().len(), 0);
}

#[test]
fn a_touched_file_with_the_same_bytes_is_not_read_again() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    fs::rename(site.path("x.csv"), site.path("x.old")).expect("movable");
    site.write("x.csv", &[A, B]);
    assert_eq!(site.pull().n_rows, 0);
}

#[test]
fn of_a_file_that_grew_only_the_tail_is_read() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.append("x.csv", &lines(&[C]));
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "x.csv:3=visit"]
    );
}

#[test]
fn a_changed_row_wins_over_the_old_one() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B, C]);
    site.pull();
    // Even when its own time moves back.
    site.write("x.csv", &[A, "b,2020-01-02,chat", C]);
    assert_eq!(site.pull().n_rows, 3);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=chat", "x.csv:3=visit"]
    );
}

#[test]
fn rows_that_are_gone_are_deleted_and_may_come_back() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B, C]);
    site.pull();
    site.write("x.csv", &[A]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    site.append("x.csv", &lines(&[B]));
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=mail"]);
}

#[test]
fn a_file_that_is_gone_takes_its_rows_along_and_brings_them_back() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.write("y.csv", &[C]);
    site.pull();
    fs::remove_file(site.path("x.csv")).expect("removable");
    site.pull();
    assert_eq!(site.live(), ["y.csv:1=visit"]);
    assert_eq!(site.pull().n_rows, 0);
    site.write("x.csv", &[A, B]);
    site.pull();
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "y.csv:1=visit"]
    );
}

#[test]
fn ids_from_columns_are_kept_when_their_row_is_gone() {
    let mut site = Site::with_column_ids();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[B]);
    site.pull();
    fs::remove_file(site.path("x.csv")).expect("removable");
    site.pull();
    assert_eq!(site.live(), ["a=call", "b=mail"]);
}

#[test]
fn row_ids_are_kept_on_request() {
    let mut site = Site::new();
    site.extra["file"]["on_missing"] = "keep".into();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[C]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=visit", "x.csv:2=mail"]);
}

#[test]
fn a_row_that_is_skipped_now_is_deleted() {
    let mut site = Site::new();
    site.extra["file"]["skip_if_null"] = "name".into();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[A, "b,2026-01-02,"]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
}

#[test]
fn new_rules_read_everything_again_and_win() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.columns["happened_at"] = serde_json::json!({"from": "at", "timezone": "Asia/Tokyo"});
    assert_eq!(site.pull().n_rows, 2);
    let expected = Value::Time(1_767_193_200_000_000);
    assert_eq!(site.store["x.csv:1"]["happened_at"], expected);
}

#[test]
fn row_ids_that_the_rules_no_longer_give_are_deleted() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.columns["id"] = "who".into();
    site.pull();
    assert_eq!(site.live(), ["a=call", "b=mail"]);
}

#[test]
fn a_last_line_without_an_end_is_read_once() {
    let mut site = Site::new();
    site.write_text("x.csv", &format!("who,at,what\n{A}\n{B}"));
    assert_eq!(site.pull().n_rows, 2);
    assert_eq!(site.pull().n_rows, 0);
    site.append("x.csv", &format!("\n{C}\n"));
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "x.csv:3=visit"]
    );
}

#[test]
fn a_last_line_that_was_half_written_is_read_again() {
    let mut site = Site::new();
    site.write_text("x.csv", &format!("who,at,what\n{A}\nb,2026-01-02,ma"));
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=ma"]);
    site.append("x.csv", "il\n");
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=mail"]);
}

#[test]
fn a_cell_that_was_half_written_over_two_lines_is_read_again() {
    let mut site = Site::new();
    site.write_text(
        "x.csv",
        &format!("who,at,what\n{A}\nb,2026-01-02,\"two\nli"),
    );
    let first = site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    assert_eq!(first.run.rejects()[0].reason, "unclosed_quote");
    site.append("x.csv", &format!("nes\"\n{C}\n"));
    site.pull();
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=two\nlines", "x.csv:3=visit"]
    );
}

#[test]
fn a_header_that_is_half_written_is_no_fault() {
    let mut site = Site::new();
    site.write_text("x.csv", "who,a");
    assert_eq!(site.pull().run.result, Ok(()));
    site.write("x.csv", &[A]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    let row = &site.store["x.csv:1"];
    assert_eq!(row.get("updated_at"), None, "it is a first read");
}

#[test]
fn an_empty_file_is_no_fault() {
    let mut site = Site::new();
    site.write_text("x.csv", "");
    assert_eq!(site.pull().run.result, Ok(()));
    site.write("x.csv", &[A]);
    site.pull();
    site.write_text("x.csv", "");
    site.pull();
    assert_eq!(site.live(), [""; 0]);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let mut site = Site::new();
    site.write_text("x.csv", "whom,at,what\na,2026-01-01,call\n");
    site.write("y.csv", &[B]);
    let pulled = site.pull();
    let error = pulled.run.result.expect_err("x.csv has no such column");
    assert_eq!(
        error.user(),
        "`x.csv` has no column `who`; did you mean `whom`?"
    );
    assert_eq!(site.live(), ["y.csv:1=mail"]);
}

#[test]
fn a_missing_folder_deletes_nothing_and_does_not_stop_the_others() {
    let mut site = Site::new();
    fs::create_dir(site.path("mount")).expect("writable");
    site.extra["file"]["path"] = "mount/*.csv".into();
    site.write("mount/x.csv", &[A]);
    site.pull();
    fs::rename(site.path("mount"), site.path("unmounted")).expect("movable");
    let error = site.pull().run.result.expect_err("the folder is gone");
    assert!(error.user().starts_with("no folder `"), "{error}");
    assert_eq!(site.live(), ["mount/x.csv:1=call"]);
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    let mut site = Site::new();
    site.write("x.csv", &[A]);
    site.checkpoint = Some(r#"{"cursor":1}"#.to_owned());
    let error = site.pull().run.result.expect_err("not ours");
    assert_eq!(error.class(), vocd_plugin::ErrorClass::CheckpointUnreadable);
}
