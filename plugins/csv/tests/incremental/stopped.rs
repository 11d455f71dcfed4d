//! Reads that are stopped go on where they were.

use vocd_plugin::RecordKind;
use vocd_plugin::testing::{Event, Row, Run};

use super::stage::{A, B, C, Site};

/// Rows with line breaks, rejects, blank lines, accents and no end of line at the end.
fn awkward_rows() -> String {
    let mut text = "who,at,what\n".to_owned();
    for row in 0..120 {
        text.push_str(&match row % 7 {
            0 => format!("p{row},2026-01-01,\"two\nlines {row}\"\n"),
            1 => format!("p{row},yesterday,call\n"),
            2 => format!("p{row},2026-01-01T10:00:00Z,caf\u{e9}\r\n\n"),
            3 => format!("p{row},2026-01-01\n"),
            4 => format!("p{row},2026-01-01,5\" screen\n"),
            _ => format!("p{},2026-01-01,call {row}\n", row % 20),
        });
    }
    text.push_str("last,2026-01-01,call");
    text
}

#[test]
fn resuming_from_any_checkpoint_gives_the_rows_of_a_full_read() {
    for checkpoint_rows in [1, 7, 25] {
        let mut site = Site::new();
        site.extra["checkpoint_rows"] = checkpoint_rows.into();
        site.write_text("x.csv", &awkward_rows());
        site.write("y.csv", &[A, B, C]);
        let full = site.pull().run;
        let n_checkpoints = full.checkpoints().len();
        assert!(n_checkpoints > 4, "{n_checkpoints}");
        for n_done in 1..=n_checkpoints {
            let (mut rows, mut rejects) = before_checkpoint(&full, n_done);
            let mut harness = site.harness();
            let rest = harness.read("files", Some(full.checkpoints()[n_done - 1]));
            rows.extend(rest.rows(RecordKind::Activity).into_iter().cloned());
            rejects.extend(
                rest.rejects()
                    .into_iter()
                    .map(|reject| reject.place.clone()),
            );
            let expected: Vec<Row> = full
                .rows(RecordKind::Activity)
                .into_iter()
                .cloned()
                .collect();
            let places: Vec<_> = full
                .rejects()
                .iter()
                .map(|reject| reject.place.clone())
                .collect();
            assert!(
                rows == expected && rejects == places,
                "after checkpoint {n_done}"
            );
        }
    }
}

fn before_checkpoint(run: &Run, n_checkpoints: usize) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut rejects, mut n_seen) = (Vec::new(), Vec::new(), 0);
    for event in &run.events {
        match event {
            Event::Batch { rows: batch, .. } => rows.extend(batch.iter().cloned()),
            Event::Reject(reject) => rejects.push(reject.place.clone()),
            Event::Checkpoint(_) => n_seen += 1,
            Event::Progress { .. } | Event::Log { .. } => {}
        }
        if n_seen == n_checkpoints {
            break;
        }
    }
    (rows, rejects)
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_was() {
    let mut site = Site::new();
    site.extra["checkpoint_rows"] = 10.into();
    site.write_text("x.csv", &awkward_rows());
    let mut harness = site.harness();
    harness.stop_after_checkpoints(1);
    let mut n_runs = 0;
    while site.pull_with(&mut harness).run.result.is_err() {
        n_runs += 1;
        assert!(n_runs < 100);
    }
    assert!(n_runs > 3);
    let stopped = std::mem::take(&mut site.store);
    site.checkpoint = None;
    site.pull();
    assert_eq!(stopped, site.store);
}

#[test]
fn a_second_read_that_is_stopped_goes_on_and_still_deletes() {
    let mut site = Site::new();
    site.extra["checkpoint_rows"] = 2.into();
    site.write("x.csv", &[A, B, C, A, B, C, A, B, C]);
    site.pull();
    site.write("x.csv", &[C, B, A, C, B]);
    let mut harness = site.harness();
    harness.stop_after_checkpoints(1);
    while site.pull_with(&mut harness).run.result.is_err() {}
    let expected = [
        "x.csv:1=visit",
        "x.csv:2=mail",
        "x.csv:3=call",
        "x.csv:4=visit",
        "x.csv:5=mail",
    ];
    assert_eq!(site.live(), expected);
}
