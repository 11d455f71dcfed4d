//! Against the vendor's own specification and examples, where they are beside this checkout.

use std::time::Duration;

use serde_json::{Value, json};
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, free_address, wait_until};
use vocd_tests::prism::{Prism, front};
use vocd_tests::pushed::{send, state};
use vocd_tests::replay::formbricks::{API_KEY, WEBHOOK_SECRET, signed};
use vocd_tests::replay::reader::Reader;
use vocd_tests::request;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::specification;

use super::stage::{STREAM, account, told, vendor};

#[test]
fn every_request_is_one_that_the_vendor_documents() {
    let test = "source_formbricks::specification";
    let Some(folder) = specification(test, "formbricks") else {
        return;
    };
    let start = |name: &str| Prism::start(test, &folder.join(name));
    let (Some(v1), Some(v2)) = (start("openapi-v1.json"), start("openapi-v2.yml")) else {
        return;
    };
    let versions = vec![("/api/v1", "/api/v1", v1), ("/api/v2", "", v2)];
    let front = front(versions, "x-api-key", |_, _| {});
    let config = json!({"url": front.url(""), "api_key": API_KEY});
    let mut reader = Reader::new("formbricks", config, &[API_KEY]);
    for _ in 0..2 {
        let failure = reader.pull(STREAM);
        assert!(failure.is_none(), "{}", told(failure.as_ref()));
    }
    // The example's response is of a survey `string`, which the example of a survey is not.
    let reasons: Vec<&str> = reader.rejects.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["bad_survey"]);
    let asked = front.seen();
    let last = asked.last().expect("asked").target().to_owned();
    assert!(
        last.contains("startDate=2020-12-31T23%3A59%3A00Z"),
        "{last}"
    );
    // What the vendor would refuse, this one does.
    let address = front.place().parse().expect("an address");
    let refused = "/api/v2/management/responses?limit=500";
    let answer = request::get(address, refused, &[("x-api-key", "k")]).expect("an answer");
    assert_eq!(answer.status, 422, "{}", answer.text());
}

#[test]
fn the_webhooks_of_the_documentation_are_understood() {
    let test = "source_formbricks::webhooks";
    let Some(folder) = specification(test, "formbricks") else {
        return;
    };
    let vendor = vendor(account());
    vendor.with(|account, _| {
        let elements = json!([
            {"id": "welcome_card_cta", "type": "cta"}, {"id": "visit_reason", "type": "openText"},
            {"id": "newsletter_consent", "type": "consent"},
        ]);
        account
            .surveys
            .push(json!({"id": "surveyId", "questions": elements}));
    });
    let (scratch, address) = (Scratch::new(), free_address());
    let (plugins, url) = (binaries::folder().display(), vendor.url(""));
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\n[[source]]\nname = \"voices\"\n\
             plugin = \"formbricks\"\nevery = \"1d\"\n\n[source.config]\nurl = \"{url}\"\n\
             surveys = [\"surveyId\"]\napi_key = \"{API_KEY}\"\nwebhook_secret = \"{WEBHOOK_SECRET}\"\n"
        ),
    );
    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let now_s = jiff::Timestamp::now().as_second();
    for name in ["response-created", "response-updated", "response-finished"] {
        let path = folder.join("webhooks").join(format!("{name}.json"));
        let body = std::fs::read(path).expect("an example");
        let headers = signed(name, &body, now_s);
        let answer = send(address, "/ingest/voices", &headers, &body).expect("an answer");
        assert_eq!(answer.status, 200, "{name}");
    }
    // Of the three, one has an answer in words.
    let state = wait_until("the webhooks are parsed", Duration::from_secs(60), || {
        let state: Value = state(&daemon);
        let is_done = state["webhooks"]["waiting"] == 0 && state["rows"]["response"] == 1;
        is_done.then_some(state)
    });
    assert_eq!(state["webhooks"]["dead_letters"], 0, "{state}");
}
