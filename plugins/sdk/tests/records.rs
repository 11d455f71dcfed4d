//! Records as structures, through the C interface and back.
#![cfg(all(feature = "testing", feature = "serde"))]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocd_plugin::cursor::{self, Page, Watermark};
use vocd_plugin::records::{Attributes, Metric, Price, PriceHistory, Response, Ticket};
use vocd_plugin::testing::{Event, Harness, row_json};
use vocd_plugin::webhook::{Auth, Find};
use vocd_plugin::{
    ErrorClass, Host, Meta, Money, Out, Read, RecordKind, Result, Source, StreamMeta, Time,
    Webhook, WebhookMeta,
};

/// The next page.
#[derive(PartialEq, Serialize, Deserialize)]
struct Cursor {
    page: u32,
}

const OVERLAP: Duration = Duration::from_secs(1);

/// Two kinds in one stream, a deletion in another, and a vendor that goes in circles.
struct Desk;

impl Source for Desk {
    const META: Meta = Meta {
        streams: &[StreamMeta {
            name: "desk",
            kinds: &[RecordKind::Ticket, RecordKind::Response],
        }],
        webhook: Some(
            const {
                WebhookMeta::new(&[Auth::Token {
                    place: Find::Query("token"),
                    keys: &["{token}"],
                }])
            },
        ),
        ..Meta::new("org.example.desk", "0.1.0")
    };

    fn open(_config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self)
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        match request.stream.as_str() {
            "circle" => cursor::pages(out, Cursor { page: 1 }, |at, _| {
                Ok(Page::More(Cursor { page: at.page }))
            }),
            "prices" => prices(out),
            "changes" => changes(request, out),
            _ => desk(out),
        }
    }

    fn webhook(&mut self, _webhook: &Webhook<'_>, out: &mut Out) -> Result<()> {
        out.delete(RecordKind::Response, "7:nps", Some(Time::from_unix_s(9)))
    }
}

fn desk(out: &mut Out<'_>) -> Result<()> {
    cursor::pages(out, Cursor { page: 0 }, |at, out| {
        let id = at.page.to_string();
        let created_at = Time::from_unix_s(i64::from(at.page));
        out.row(&Ticket {
            tags: Some(vec!["a", "b"]),
            reopens: Some(0),
            attributes: Attributes::new().text("form", "web"),
            ..Ticket::new(&id, created_at)
        })?;
        let answer = format!("{id}:nps");
        out.row(&Response {
            score: Some(9.0),
            ..Response::new(&answer, "s", "nps", Metric::Nps, created_at)
        })?;
        out.delete(RecordKind::Response, &format!("{id}:old"), None)?;
        let next = Cursor { page: at.page + 1 };
        Ok(match at.page {
            2 => Page::Last(next),
            _ => Page::More(next),
        })
    })
}

fn changes(request: &Read, out: &mut Out<'_>) -> Result<()> {
    let mut mark: Watermark = request.checkpoint()?.unwrap_or_default();
    for (id, second) in [("a", 5), ("b", 6), ("c", 6)] {
        let changed_at = Time::from_unix_s(second);
        if mark.is_news(id, changed_at, OVERLAP) {
            out.row(&Ticket::new(id, changed_at))?;
        }
    }
    out.checkpoint_value(&mark)
}

fn prices(out: &mut Out<'_>) -> Result<()> {
    let mut history = PriceHistory::new("deal");
    let price = Price {
        mrr: Money::from_ten_thousandths(990_000),
        currency: "EUR".to_owned(),
        plan: None,
    };
    history.costs(Time::from_unix_s(0), price);
    history.ends(Time::from_unix_s(60));
    for period in history.records("acme") {
        out.row(&period)?;
    }
    out.checkpoint("{}")
}

fn harness() -> Harness {
    Harness::open::<Desk>("{}").expect("any configuration")
}

#[test]
fn each_checkpoint_covers_the_rows_gathered_before_it() {
    let run = harness().read("desk", None);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.checkpoints(),
        [r#"{"page":1}"#, r#"{"page":2}"#, r#"{"page":3}"#]
    );
    let first: Vec<&Event> = run.events.iter().take(4).collect();
    assert!(matches!(first[3], Event::Checkpoint { .. }), "{first:?}");
    let tickets = run.rows(RecordKind::Ticket);
    assert_eq!(tickets.len(), 3);
    let expected = r#"{"attributes":"{\"form\":\"web\"}","created_at":"1970-01-01T00:00:00Z","id":"0","reopens":0,"tags":["a","b"]}"#;
    assert_eq!(row_json(tickets[0]), expected);
    let answers = run.rows(RecordKind::Response);
    assert_eq!(answers.len(), 6);
    assert!(
        answers
            .iter()
            .any(|row| row_json(row) == r#"{"deleted":true,"id":"0:old"}"#)
    );
}

#[test]
fn a_second_read_of_the_same_edge_emits_nothing() {
    let first = harness().read("changes", None);
    assert_eq!(first.n_rows(), 3);
    let again = harness().read("changes", first.checkpoints().last().copied());
    assert_eq!((again.result.clone(), again.n_rows()), (Ok(()), 0));
}

#[test]
fn a_contract_becomes_its_periods() {
    let run = harness().read("prices", None);
    let rows = run.rows(RecordKind::Subscription);
    let expected = r#"{"currency":"EUR","customer":"acme","ended_at":"1970-01-01T00:01:00Z","id":"deal@1970-01-01T00:00:00Z","mrr":"99.0000","started_at":"1970-01-01T00:00:00Z","subscription":"deal"}"#;
    assert_eq!(row_json(rows[0]), expected);
}

#[test]
fn rows_of_a_webhook_need_no_checkpoint() {
    let run = harness().webhook(&[], b"{}");
    assert_eq!(run.result, Ok(()));
    let rows = run.rows(RecordKind::Response);
    let expected = r#"{"deleted":true,"id":"7:nps","updated_at":"1970-01-01T00:00:09Z"}"#;
    assert_eq!(row_json(rows[0]), expected);
}

#[test]
fn a_vendor_that_goes_in_circles_ends_the_run() {
    let run = harness().read("circle", None);
    let error = run.result.expect_err("it would never end");
    assert_eq!(error.class(), ErrorClass::SchemaChanged);
}
