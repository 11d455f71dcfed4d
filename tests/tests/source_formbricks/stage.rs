//! An account with responses in it, and readers of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vocd::host::Failure;
use vocd_tests::replay::Replay;
use vocd_tests::replay::formbricks::{API_KEY, Formbricks};
use vocd_tests::replay::reader::Reader;

/// The vendor's clock at the start: 2026-01-01T00:00:00Z, before that of any machine.
pub(crate) const NOW_S: i64 = 1_767_225_600;
pub(crate) const HOUR_S: i64 = 3_600;
/// Responses of [`account`].
pub(crate) const N_RESPONSES: u64 = 60;
/// The stream.
pub(crate) const STREAM: &str = "responses";
/// Path of the responses.
pub(crate) const RESPONSES: &str = "/api/v2/management/responses";

/// Returns an account whose responses share seconds in threes, and twenty a single one: pages of 7
/// end between them.
pub(crate) fn account() -> Formbricks {
    let mut account = Formbricks {
        page_rows: 7,
        ..Formbricks::with_survey()
    };
    for number in 0..N_RESPONSES {
        let id = format!("r{number:03}");
        let at_s = match number {
            20..40 => NOW_S - 48 * HOUR_S,
            _ => NOW_S - 72 * HOUR_S + i64::try_from(number / 3).unwrap_or(0) * HOUR_S,
        };
        account.begin(&id, number % 11, at_s);
        if number % 2 == 0 {
            account.finish(&id, "fine, thanks", at_s);
        }
    }
    account
}

/// Starts the vendor of an account.
pub(crate) fn vendor(account: Formbricks) -> Replay<Formbricks> {
    Replay::start(account, NOW_S)
}

/// Returns the source's configuration.
pub(crate) fn config(vendor: &Replay<Formbricks>) -> Value {
    json!({"url": vendor.url("/"), "api_key": API_KEY, "attributes": ["plan"]})
}

pub(crate) fn reader(vendor: &Replay<Formbricks>) -> Reader {
    Reader::new("formbricks", config(vendor), &[API_KEY])
}

/// Reads to the end.
pub(crate) fn pull(reader: &mut Reader) {
    let failure = reader.pull(STREAM);
    assert!(failure.is_none(), "{}", told(failure.as_ref()));
}

/// Returns what a failure says.
pub(crate) fn told(failure: Option<&Failure>) -> String {
    failure.map(ToString::to_string).unwrap_or_default()
}

/// Compares what was read with what the vendor shows: ids, scores, words, states and times.
pub(crate) fn assert_equal(reader: &Reader, vendor: &Replay<Formbricks>) {
    let found: BTreeMap<String, [Option<String>; 4]> = reader
        .live("response")
        .into_iter()
        .map(|(id, row)| {
            let cells = ["score", "comment", "status", "updated_at"];
            (
                id.to_owned(),
                cells.map(|name| row.cell(name).map(str::to_owned)),
            )
        })
        .collect();
    let expected = vendor.with(|account, _| expected(account));
    assert_eq!(found, expected);
}

fn expected(account: &Formbricks) -> BTreeMap<String, [Option<String>; 4]> {
    let mut expected = BTreeMap::new();
    for (id, item) in account.responses.iter() {
        let shown = account.shown(id);
        let changed_at = jiff::Timestamp::from_second(item.changed_at_s).expect("a time");
        let status = if shown["finished"] == true {
            "complete"
        } else {
            "partial"
        };
        let answers = shown["data"].as_object().expect("answers");
        for (question, answer) in answers {
            let cells = [
                answer.as_u64().map(|score| score.to_string()),
                answer.as_str().map(str::to_owned),
                Some(status.to_owned()),
                Some(changed_at.to_string()),
            ];
            if question != "plan" {
                expected.insert(format!("{id}:{question}"), cells);
            }
        }
    }
    expected
}
