//! The plugin against what others recorded and specified of the vendor's API.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use vocd::host::PluginFile;
use vocd::push::{Post, Verdict, judge_by};
use vocd_tests::binaries;
use vocd_tests::prism::{Prism, front};
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::zendesk::{EMAIL, TOKEN};
use vocd_tests::replay::{Asked, Replay, Said, Service};
use vocd_tests::skip::specification;

use super::stage::NOW_S;

/// Says what was recorded, page by page; what follows the last recorded page is an empty one.
struct Recording {
    first: Value,
    by_cursor: BTreeMap<String, Value>,
}

impl Service for Recording {
    fn answer(&mut self, asked: &Asked, _now_s: i64) -> Said {
        if asked.path.ends_with("/groups") {
            // Nobody asked for their names then.
            return Said::json(json!({"groups": []}));
        }
        let cursor = asked.parameter("cursor");
        let page = match cursor {
            None => Some(self.first.clone()),
            Some(cursor) => self.by_cursor.get(cursor).cloned(),
        };
        Said::json(page.unwrap_or_else(
            || json!({"tickets": [], "after_cursor": cursor, "end_of_stream": true}),
        ))
    }
}

/// Reads the cursor pages of a recording that were asked for with or without a page of one row.
fn recording(folder: &Path, name: &str, is_by_one: bool) -> Recording {
    let path = folder.join("recorded").join(format!("{name}.decoded.json"));
    let text = std::fs::read_to_string(path).expect("a recording");
    let exchanges: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut recording = Recording {
        first: Value::Null,
        by_cursor: BTreeMap::new(),
    };
    for exchange in exchanges {
        let uri = exchange["request"]["uri"].as_str().expect("an address");
        let uri: url::Url = uri.parse().expect("an address");
        let query: BTreeMap<String, String> = uri.query_pairs().into_owned().collect();
        let is_cursor = uri.path().contains("/incremental/tickets/cursor");
        if !is_cursor || query.contains_key("per_page") != is_by_one {
            continue;
        }
        let mut body = exchange["response"]["body"].clone();
        // Nobody asked for the metric sets then.
        for ticket in body["tickets"].as_array_mut().into_iter().flatten() {
            ticket["metric_set"] = Value::Null;
        }
        match query.get("cursor") {
            Some(cursor) => drop(recording.by_cursor.insert(cursor.clone(), body)),
            None => recording.first = body,
        }
    }
    recording
}

fn tickets(recording: &Recording) -> impl Iterator<Item = &Value> {
    let pages = std::iter::once(&recording.first).chain(recording.by_cursor.values());
    pages.flat_map(|page| page["tickets"].as_array().into_iter().flatten())
}

#[test]
fn recorded_exports_are_read_to_their_end() {
    let test = "source_zendesk::recorded";
    let Some(folder) = specification(test, "zendesk") else {
        return;
    };
    for (name, is_by_one) in [
        ("TicketsIncrementalTest.test_pagination", false),
        ("TicketsIncrementalTest.test_pagination", true),
        ("TicketsIncrementalTest.test_get_values", false),
    ] {
        let recording = recording(&folder, name, is_by_one);
        let of = |is_wanted: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            tickets(&recording)
                .filter(|ticket| is_wanted(ticket["status"].as_str().unwrap_or_default()))
                .map(|ticket| ticket["id"].to_string())
                .collect()
        };
        let live = of(&|status| status != "deleted");
        let deleted = of(&|status| status == "deleted");
        assert!(live.len() + deleted.len() > 50, "{name}");
        let vendor = Replay::start(recording, NOW_S);
        let config = json!({"url": vendor.url(""), "email": EMAIL, "token": TOKEN});
        let mut reader = Reader::new("zendesk", config, &[TOKEN]);
        let failure = reader.pull("tickets");
        assert!(failure.is_none(), "{name}: {failure:?}");
        let read: BTreeSet<String> = reader
            .live("ticket")
            .keys()
            .map(|id| (*id).to_owned())
            .collect();
        assert_eq!(read, live, "{name}");
        assert!(read.is_disjoint(&deleted), "{name}");
        assert_eq!(reader.rejects.len(), 0, "{name}");
    }
}

/// Mends what the specification lacks or says wrongly.
fn mend(_target: &str, body: &mut Value) {
    for ticket in body["tickets"].as_array_mut().into_iter().flatten() {
        // Its examples are without sideloads.
        ticket["metric_set"] = Value::Null;
        // It wants a user named to list the groups, which the API does not.
        ticket["group_id"] = Value::Null;
    }
}

#[test]
fn signatures_are_verified_as_the_vendor_makes_them() {
    let test = "source_zendesk::signatures";
    let Some(folder) = specification(test, "webhook-vectors") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("vectors.json")).expect("vectors.json");
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("vectors");
    let plugin = PluginFile::find(&[binaries::folder().to_owned()], "zendesk").expect("a plugin");
    let scheme = plugin.manifest().webhook.as_ref().expect("declared");
    // The second is of an older documentation, and must be refused.
    for (vendor, expected) in [
        ("zendesk", Verdict::Good),
        ("zendesk-OLD-doc-order", Verdict::WrongSignature),
    ] {
        let vector = vectors.iter().find(|vector| vector["vendor"] == vendor);
        let vector = vector.expect("a vector of the vendor");
        let mut headers = HeaderMap::new();
        for (name, value) in vector["expected_headers"].as_object().expect("headers") {
            let name: HeaderName = name.parse().expect("a header");
            let value = value.as_str().expect("a text");
            headers.insert(name, HeaderValue::try_from(value).expect("a value"));
        }
        let post = Post {
            method: "POST",
            uri: "",
            query: &[],
            headers: &headers,
            body: vector["body"].as_str().expect("a text").as_bytes(),
        };
        let config = json!({"webhook_secret": vector["secret"]});
        let verdict = judge_by(scheme, &config, &post, 0).expect("keys");
        assert_eq!(verdict, expected, "{vendor}");
    }
}

#[test]
fn the_specification_allows_every_request_and_its_examples_are_read() {
    let test = "source_zendesk::prism";
    let Some(folder) = specification(test, "zendesk") else {
        return;
    };
    let Some(prism) = Prism::start(test, &folder.join("openapi.json")) else {
        return;
    };
    let vendor = front(vec![("/api/v2/", "/api/v2/", prism)], "authorization", mend);
    let config = json!({"url": vendor.url(""), "email": EMAIL, "token": TOKEN});
    let mut reader = Reader::new("zendesk", config, &[TOKEN]);
    for stream in ["users", "organizations", "tickets", "csat"] {
        let failure = reader.pull(stream);
        assert!(failure.is_none(), "{stream}: {failure:?}");
    }
    assert_eq!(reader.rejects.len(), 0, "{:?}", reader.rejects);
    assert_eq!(reader.live("ticket")["35436"].cell("status"), Some("open"));
    assert_eq!(reader.live("agent")["35436"].cell("active"), Some("false"));
    let customers = reader.live("customer");
    assert_eq!(
        customers["organization-4112492"].cell("name"),
        Some("Groablet Enterprises")
    );
    assert!(!reader.live("response").is_empty());
}
