//! Rows and events over HTTP, as those who work with them meet them.

use std::net::SocketAddr;

use serde_json::Value;
use vocd_tests::daemon::{Daemon, vocd};
use vocd_tests::request::{self, Response};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey;

const ANSWERS: &str = "\
id,survey,question,metric,score,scale_min,scale_max,responded_at,customer,comment,anonymous,channel
a1,shop,q,nps,9,0,10,2026-05-01T10:00:00Z,crm/c1,call me on 555,,email
a2,shop,q,nps,3,0,10,2026-05-02T10:00:00Z,email:eve@example.org,,,chat
a3,shop,q,nps,7,0,10,2026-05-03T10:00:00Z,crm/c2,,,chat
h1,staff,q,nps,1,0,10,2026-05-04T10:00:00Z,crm/c1,never again,true,email
h2,staff,q,nps,2,0,10,2026-05-05T10:00:00Z,crm/c2,,,email
";
const INVITED: &str = "\
id,survey,sent_at,customer,response
i1,shop,2026-05-01T08:00:00Z,crm/c1,a1
i2,staff,2026-05-04T08:00:00Z,crm/c1,h1
";
const CUSTOMERS: &str = "\
id,name,segment,owner,aliases
c1,Example Bakery,small,Sales Person,email:bakery@example.org
c2,Example Clinic,large,,
";

/// A daemon that has read all of it.
struct Stage {
    scratch: Scratch,
    daemon: Daemon,
    address: SocketAddr,
}

impl Stage {
    fn new() -> Self {
        let (scratch, address) = survey::lay_out(0);
        scratch.write("answers.csv", ANSWERS);
        scratch.write("invited.csv", INVITED);
        scratch.write("customers.csv", CUSTOMERS);
        let source = |name: &str, kind: &str, path: &str| {
            format!(
                "[[source]]\nname = \"{name}\"\nplugin = \"csv\"\nevery = \"1h\"\n\
                 [[source.config.file]]\nkind = \"{kind}\"\npath = \"{path}\"\n"
            )
        };
        let sources = [
            source("shop", "response", "answers.csv"),
            source("invited", "invitation", "invited.csv"),
            source("crm", "customer", "customers.csv"),
        ];
        let head = format!(
            "data_dir = \"vocd-data\"\nlisten = \"{address}\"\ntimezone = \"Europe/Berlin\"\n\
             [auth]\nanonymous = \"none\"\n\
             [dimensions]\nsegment = {{ from = \"customer.segment\" }}\n\
             [identity]\ncustomer = [\"crm\"]\n"
        );
        scratch.write("vocd.toml", format!("{head}{}", sources.concat()));
        for source in ["crm", "shop", "invited"] {
            let pulled = vocd(scratch.folder(), &["sync", source]);
            assert_eq!(pulled.code, 0, "{pulled:?}");
        }
        let daemon = Daemon::start(scratch.folder(), &["serve"], address);
        Self {
            scratch,
            daemon,
            address,
        }
    }

    fn token(&self, role: &str) -> String {
        let made = vocd(self.scratch.folder(), &["token", "new", "--role", role]);
        assert_eq!(made.code, 0, "{made:?}");
        format!("Bearer {}", made.stdout.trim_end())
    }

    fn ask(&self, token: &str, target: &str, accept: &str) -> Response {
        let headers = [("Authorization", token), ("Accept", accept)];
        request::exchange(self.address, "GET", target, &headers, &[]).expect("an answer")
    }

    fn audit(&self) -> String {
        let path = self.scratch.path("vocd-data/audit.ndjson");
        std::fs::read_to_string(path).expect("an audit log")
    }

    fn rows(&self, token: &str, target: &str) -> Vec<Value> {
        let heard = self.ask(token, target, "application/x-ndjson");
        assert_eq!(heard.status, 200, "{target}: {}", heard.text());
        let lines = heard.text();
        let rows = lines.lines().map(serde_json::from_str);
        rows.collect::<Result<_, _>>()
            .expect("a JSON object a line")
    }

    fn ids(&self, token: &str, target: &str) -> Vec<String> {
        let rows = self.rows(token, target).into_iter();
        rows.map(|row| row["id"].as_str().expect("an id").to_owned())
            .collect()
    }
}

#[test]
fn an_editor_sees_rows_but_no_person() {
    let stage = Stage::new();
    let (editor, admin) = (stage.token("editor"), stage.token("admin"));
    let all = ["a1", "a2", "a3", "h1", "h2"];
    assert_eq!(stage.ids(&admin, "/api/v1/rows/response"), all);
    // A survey that promised anonymity once is left out as a whole, its invitations too.
    assert_eq!(stage.ids(&editor, "/api/v1/rows/response"), all[..3]);
    assert_eq!(stage.ids(&editor, "/api/v1/rows/invitation"), ["i1"]);
    assert_eq!(stage.ids(&admin, "/api/v1/rows/invitation"), ["i1", "i2"]);
    let rows = stage.rows(&editor, "/api/v1/rows/response");
    assert_eq!(rows[0]["customer"], "crm/c1");
    assert!(rows[0].get("comment").is_none(), "{}", rows[0]);
    assert_eq!(rows[1]["customer"], Value::Null, "an address of a person");
    let customers = stage.rows(&editor, "/api/v1/rows/customer");
    for column in ["name", "aliases", "owner", "attributes"] {
        assert!(customers[0].get(column).is_none(), "{column}");
    }
    let whole = stage.rows(&admin, "/api/v1/rows/customer");
    let bakery = whole.iter().find(|row| row["id"] == "c1").expect("a row");
    assert_eq!(bakery["name"], "Example Bakery");
    assert_eq!(bakery["aliases"][0], "email:bakery@example.org");
    let text = stage
        .ask(&editor, "/api/v1/rows/customer", "text/csv")
        .text();
    assert!(
        !text.contains("Bakery") && !text.contains("Sales"),
        "{text}"
    );
    let arrow = "application/vnd.apache.arrow.stream";
    let stream = stage.ask(&editor, "/api/v1/rows/customer", arrow);
    assert_eq!(stream.header("content-type"), Some(arrow));
    let text = stream.text();
    assert!(text.contains("c1") && !text.contains("Bakery"), "{text}");
    // The look of an admin at persons is in the audit log, that of an editor is none.
    let log = stage.audit();
    let looks = log.lines().filter(|line| line.contains("personal rows of"));
    assert_eq!(looks.count(), 3, "{log}");
}

#[test]
fn pages_follow_each_other_and_meet_every_row_once() {
    let stage = Stage::new();
    let admin = stage.token("admin");
    let mut found = Vec::new();
    let mut target = "/api/v1/rows/response?limit=2&where.survey=shop,staff".to_owned();
    for _ in 0..3 {
        let heard = stage.ask(&admin, &target, "application/json");
        let page: Value = serde_json::from_str(&heard.text()).expect("JSON");
        let rows = page["rows"].as_array().expect("rows").clone();
        found.extend(rows.into_iter().map(|row| row["id"].clone()));
        let Some(cursor) = page["next"].as_str() else {
            assert!(heard.header("link").is_none());
            break;
        };
        assert_eq!(heard.header("x-next-cursor"), Some(cursor));
        let link = heard.header("link").expect("a link").to_owned();
        let next = link.trim_start_matches('<').split('>').next();
        target = next.expect("an address").to_owned();
        assert!(target.contains(cursor), "{target}");
    }
    assert_eq!(found, ["a1", "a2", "a3", "h1", "h2"]);
}

#[test]
fn filters_and_times_narrow_the_rows() {
    let stage = Stage::new();
    let admin = stage.token("admin");
    for (query, expected) in [
        ("where.channel=chat", &["a2", "a3"][..]),
        ("where.segment=small", &["a1", "h1"]),
        ("where.segment=(none)", &["a2"]),
        ("source=shop&from=2026-05-02&to=2026-05-04", &["a2", "a3"]),
        ("since=2026-05-04T00:00:00Z", &["h1", "h2"]),
        ("source=elsewhere", &[]),
    ] {
        let target = format!("/api/v1/rows/response?{query}");
        assert_eq!(stage.ids(&admin, &target), expected, "{query}");
    }
    for (target, status, words) in [
        ("/api/v1/rows/respnse", 404, "did you mean `response`?"),
        (
            "/api/v1/rows/response?limti=2",
            400,
            "did you mean `limit`?",
        ),
        ("/api/v1/rows/response?limit=10001", 400, "from 1 to 10000"),
        ("/api/v1/rows/response?limit=0", 400, "from 1 to 10000"),
        ("/api/v1/rows/response?cursor=x", 400, "no cursor"),
        (
            "/api/v1/rows/response?where.segmnt=a",
            400,
            "did you mean `segment`?",
        ),
        (
            "/api/v1/rows/event?where.survey=a",
            400,
            "no dimension `survey`",
        ),
        ("/api/v1/rows/response?since=soon", 400, "`since`"),
    ] {
        let heard = stage.ask(&admin, target, "application/json");
        assert_eq!(heard.status, status, "{target}: {}", heard.text());
        assert!(heard.text().contains(words), "{target}: {}", heard.text());
    }
}

#[test]
fn an_event_is_written_once_and_read_by_all() {
    let mut stage = Stage::new();
    let (viewer, editor) = (stage.token("viewer"), stage.token("editor"));
    let write = |token: &str, body: &str| {
        let headers = [
            ("Authorization", token),
            ("Content-Type", "application/json"),
        ];
        let target = "/api/v1/events";
        request::exchange(stage.address, "POST", target, &headers, body.as_bytes())
            .expect("an answer")
    };
    let body = r#"{"happened_at": "2026-05-02T06:00:00Z", "label": "release 4.2", "event_kind": "release"}"#;
    assert_eq!(write(&viewer, body).status, 403);
    let made = write(&editor, body);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(
        write(&editor, body).text(),
        made.text(),
        "it is the same event"
    );
    let wrong = write(&editor, r#"{"happened_at": "2026-05-02T06:00:00Z"}"#);
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text().contains("`label` is missing"),
        "{}",
        wrong.text()
    );
    let events = |stage: &Stage, query: &str| -> Value {
        let heard = stage.ask(
            &viewer,
            &format!("/api/v1/events{query}"),
            "application/json",
        );
        serde_json::from_str(&heard.text()).expect("JSON")
    };
    let read = events(&stage, "");
    assert_eq!(read["events"].as_array().map(Vec::len), Some(1), "{read}");
    assert_eq!(read["events"][0]["label"], "release 4.2");
    assert_eq!(read["events"][0]["happened_at"], "2026-05-02T06:00:00Z");
    let later = events(&stage, "?from=2026-05-03");
    assert_eq!(later["events"].as_array().map(Vec::len), Some(0), "{later}");
    // Kept by more than the daemon's memory.
    stage.daemon.signal(rustix::process::Signal::KILL);
    stage.daemon.wait(std::time::Duration::from_secs(10));
    stage.daemon = Daemon::start(stage.scratch.folder(), &["serve"], stage.address);
    let read = events(&stage, "");
    assert_eq!(read["events"].as_array().map(Vec::len), Some(1), "{read}");
    let log = stage.audit();
    assert_eq!(log.matches("\"annotate\"").count(), 2, "{log}");
}
