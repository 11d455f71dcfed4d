//! Against the vendor's own specification, where it is beside this checkout.

use serde_json::{Value, json};
use vocd_tests::prism::{Prism, front};
use vocd_tests::replay::pipedrive::API_TOKEN;
use vocd_tests::replay::reader::Reader;
use vocd_tests::request;
use vocd_tests::skip::specification;

use super::stage::{STREAMS, pull_all};

#[test]
fn every_request_is_one_that_the_vendor_documents() {
    let test = "source_pipedrive::specification";
    let Some(folder) = specification(test, "pipedrive") else {
        return;
    };
    let start = |name: &str| Prism::start(test, &folder.join(name));
    let (Some(v1), Some(v2)) = (start("openapi-v1.yml"), start("openapi-v2.yml")) else {
        return;
    };
    let versions = vec![("/api/v1", "", v1), ("/api/v2", "", v2)];
    // Without state every page is followed by one more.
    let front = front(versions, "x-api-token", |target, body: &mut Value| {
        if target.contains("cursor=") {
            body["additional_data"]["next_cursor"] = Value::Null;
        }
        // The example's deal is open, won and lost, all in the same second.
        if let Some(status) = body.pointer_mut("/data/0/status") {
            *status = json!("won");
        }
    });
    let config = json!({"url": front.url(""), "api_token": API_TOKEN,
        "organization": {"region": "address.country"},
        "subscriptions": {"pipelines": [1], "amount": "value"}});
    let mut reader = Reader::new("pipedrive", config, &[API_TOKEN]);
    for _ in 0..2 {
        pull_all(&mut reader);
    }
    assert!(reader.rejects.is_empty(), "{:?}", reader.rejects);
    let customers = reader.live("customer");
    assert_eq!(customers["org:1"].cell("region"), Some("USA"));
    let aliases = customers["person:1"].cell("aliases").unwrap_or_default();
    assert!(aliases.contains("email:email2@email.com"), "{aliases}");
    // The example's changelog tells of one change of the value.
    let periods = reader.live("subscription");
    let prices: Vec<Option<&str>> = periods.values().map(|row| row.cell("mrr")).collect();
    assert_eq!(prices, [Some("0.0000"), Some("200.0000")]);
    let asked = front.seen();
    let asked: Vec<&str> = asked.iter().map(|seen| seen.target()).collect();
    assert!(
        asked
            .iter()
            .any(|target| target.contains("/deals/1/changelog")),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .filter(|target| target.contains("updated_since"))
            .count()
            >= STREAMS.len()
    );
    // What the vendor would refuse, this one does.
    let address = front.place().parse().expect("an address");
    for refused in ["/api/v2/deals?limit=many", "/api/v2/deals?sort_by=title"] {
        let answer = request::get(address, refused, &[("x-api-token", "k")]).expect("an answer");
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
}
