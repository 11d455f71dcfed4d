//! A whole source through the C interface and back.
#![cfg(feature = "testing")]

use vocd_plugin::testing::{Event, Harness, Value, row_json};
use vocd_plugin::{
    Error, ErrorClass, Host, Level, Meta, Out, Read, RecordKind, Result, RowsBuilder, Source,
    StreamMeta,
};

/// Emits batches of two tickets, each followed by a checkpoint.
struct Tickets {
    n_batches: u64,
    host: Host,
}

impl Source for Tickets {
    const META: Meta = Meta {
        streams: &[StreamMeta {
            name: "tickets",
            kinds: &[RecordKind::Ticket],
        }],
        ..Meta::new("org.example.tickets", "0.1.0")
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        let n_batches = config_json
            .parse()
            .map_err(|_| Error::config("`batches` must be a number").with_internal(config_json))?;
        let host = host.clone();
        Ok(Self { n_batches, host })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        assert!(request.stream != "broken", "no such stream");
        let first = request.checkpoint_json.as_deref().map_or(0, number_in);
        let columns = [
            "id",
            "created_at",
            "replies",
            "sla_met",
            "tags",
            "attributes",
            "channel",
        ];
        let mut rows = RowsBuilder::new(RecordKind::Ticket, &columns)?;
        for batch_idx in first..self.n_batches {
            self.host.log(Level::Info, "a page");
            for row_idx in 0..2 {
                rows.push_str(0, &format!("t{batch_idx}-{row_idx}"));
                rows.push_time_us(1, 1_000_000 * self.host.now_ms());
                if row_idx == 0 {
                    rows.push_count(2, batch_idx);
                    rows.push_flag(3, true);
                    rows.push_texts(4, ["a", "b"]);
                    rows.push_json(5, "{\"x\":1}");
                }
                rows.end_row();
            }
            rows.push_str(0, "half a row");
            out.reject(RecordKind::Ticket, "bad_time", "page:3", "not a time");
            out.batch(RecordKind::Ticket, rows.finish()?)?;
            out.progress(batch_idx + 1, self.n_batches, "pages");
            out.checkpoint(&format!("{{\"next\":{}}}", batch_idx + 1))?;
        }
        Ok(())
    }
}

fn number_in(checkpoint: &str) -> u64 {
    let digits: String = checkpoint.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("made by this source")
}

fn harness() -> Harness {
    Harness::open::<Tickets>("3").expect("a number")
}

#[test]
fn rows_come_out_as_they_went_in() {
    let run = harness().read("tickets", None);
    let lines: Vec<_> = run
        .rows(RecordKind::Ticket)
        .into_iter()
        .map(row_json)
        .collect();
    assert_eq!(lines.len(), 6);
    let first = r#"{"attributes":"{\"x\":1}","created_at":"1970-01-01T00:00:00Z","id":"t0-0","replies":0,"sla_met":true,"tags":["a","b"]}"#;
    assert_eq!(lines[0], first);
    assert_eq!(
        lines[1],
        r#"{"created_at":"1970-01-01T00:00:00Z","id":"t0-1"}"#
    );
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.rejects()[0].place, "page:3");
    assert!(matches!(&run.events[0], Event::Log { message, .. } if message == "a page"));
}

#[test]
fn buffers_that_come_back_are_empty() {
    let run = harness().read("tickets", None);
    let rows = run.rows(RecordKind::Ticket);
    assert_eq!(rows[4].get("id"), Some(&Value::from("t2-0")));
    assert_eq!(rows[4].get("tags"), rows[0].get("tags"));
    assert_eq!(rows[5].get("tags"), None);
}

#[test]
fn a_stop_at_a_checkpoint_and_a_resume_equal_one_read() {
    let whole = harness().read("tickets", None);
    let mut stopped = harness();
    stopped.stop_after_checkpoints(1);
    let first = stopped.read("tickets", None);
    let class = first.result.as_ref().map_err(Error::class);
    assert_eq!(class, Err(ErrorClass::Cancelled));
    let second = harness().read("tickets", first.checkpoints().last().copied());
    let mut rows = first.committed_rows(RecordKind::Ticket);
    rows.extend(second.committed_rows(RecordKind::Ticket));
    assert_eq!(rows, whole.rows(RecordKind::Ticket));
}

#[test]
fn a_wrong_configuration_is_told_in_its_class() {
    let error = Harness::open::<Tickets>("many").expect_err("not a number");
    assert_eq!(error.class(), ErrorClass::Config);
    assert_eq!(error.user(), "`batches` must be a number");
    assert_eq!(error.internal_detail(), "many");
}

#[test]
fn a_panic_is_an_error_with_its_place_and_poisons_the_instance() {
    let mut harness = harness();
    let error = harness.read("broken", None).result.expect_err("panics");
    assert_eq!(error.class(), ErrorClass::Panic);
    assert_eq!(error.user(), "the plugin panicked: no such stream");
    assert!(
        error.internal_detail().contains("source.rs"),
        "{}",
        error.internal_detail()
    );
    let again = harness.read("tickets", None).result.expect_err("poisoned");
    assert_eq!(again.class(), ErrorClass::Panic);
}

#[test]
fn static_streams_are_discovered() {
    let streams = harness().discover().expect("static");
    assert_eq!(
        streams,
        r#"{"streams":[{"name":"tickets","kinds":["ticket"]}]}"#
    );
    harness().check().expect("nothing to check");
}

#[test]
fn a_column_the_kind_lacks_is_named() {
    let error = RowsBuilder::new(RecordKind::Ticket, &["score"]).expect_err("of responses");
    let what = "record kind `ticket` has no column `score`; its columns are id, ";
    assert!(error.user().starts_with(what), "{}", error.user());
}

#[test]
fn a_dropped_row_leaves_no_trace() {
    let mut rows = RowsBuilder::new(RecordKind::Customer, &["id", "aliases"]).expect("columns");
    rows.push_str(0, "gone");
    rows.push_texts(1, ["x"]);
    rows.drop_row();
    rows.push_str(0, "kept");
    rows.end_row();
    assert_eq!(rows.n_rows(), 1);
    assert_eq!(rows.finish().expect("small").n_rows(), 1);
}
