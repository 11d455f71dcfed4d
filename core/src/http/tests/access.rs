//! Who may what over a real connection: every role, address and method; cookies and proxies.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::access::{Grant, Secret};

/// What each kind of visitor carries.
struct Keys {
    access: Arc<Access>,
    secrets: Vec<(&'static str, Secret)>,
}

impl Keys {
    fn new() -> Self {
        Self::of_access(Access::default())
    }

    fn of_access(access: Access) -> Self {
        let access = Arc::new(access);
        let wall = Grant::new(
            crate::access::Role::Viewer,
            None,
            None,
            Some("executive".to_owned()),
        );
        let grants = [
            ("viewer", Grant::viewer()),
            ("lead", Grant::parse("lead:emea").unwrap()),
            ("agent", Grant::parse("agent:a1").unwrap()),
            ("editor", Grant::parse("editor").unwrap()),
            ("admin", Grant::admin()),
            ("wall", wall.unwrap()),
        ];
        let secrets = grants.map(|(name, grant)| {
            let issued = access.keyring().issue(grant, None, Timestamp::now());
            (name, issued.unwrap().1)
        });
        Self {
            access: Arc::clone(&access),
            secrets: secrets.into(),
        }
    }

    fn of(&self, name: &str) -> &str {
        let found = self.secrets.iter().find(|(known, _)| *known == name);
        found.unwrap().1.reveal()
    }

    fn bearer(&self, name: &str) -> String {
        match name {
            "nobody" => String::new(),
            "forged" => {
                let mut forged = self.of("admin").to_owned();
                let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
                format!("authorization: Bearer {forged}{last}\r\n")
            }
            name => format!("authorization: Bearer {}\r\n", self.of(name)),
        }
    }

    async fn serve(&self, change: impl FnOnce(&mut ServeOptions)) -> Served {
        Served::with(|options| {
            options.access = Arc::clone(&self.access);
            options.front.anonymous = Anonymous::Nobody;
            options.commands = Some(Arc::new(NoSources));
            // The table below asks with a wrong token once a line.
            options.limits.wrong_tokens_per_minute = 1_000;
            change(options);
        })
        .await
    }
}

/// A daemon that pulls nothing.
struct NoSources;

impl control::Commands for NoSources {
    fn sync(&self, _: &str, _: bool, _: bool, _: &control::Lines) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn reset(&self, _: &str) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn retry(&self, _: &str) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn approve(&self, _: &str) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn compact(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn erase(
        &self,
        _: &crate::store::upkeep::PersonAsk,
        _: bool,
    ) -> (serde_json::Value, String, &'static str) {
        (serde_json::Value::Null, String::new(), "unknown")
    }

    fn receipts(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn steer(
        &self,
        _: &str,
        _: control::Steer,
    ) -> Result<(), (control::SteerRefusal, Option<String>)> {
        Err((control::SteerRefusal::Unknown, None))
    }
}

/// Columns of the table below.
const WHO: [&str; 8] = [
    "nobody", "forged", "viewer", "lead", "agent", "editor", "admin", "wall",
];

#[tokio::test]
async fn every_role_gets_what_the_table_says() {
    let keys = Keys::new();
    let served = keys.serve(|_| {}).await;
    let look = [401, 401, 200, 200, 200, 200, 200, 403];
    let of_wall = [401, 401, 200, 200, 200, 200, 200, 200];
    let rows = [401, 401, 403, 403, 403, 404, 404, 403];
    let agents = [401, 401, 403, 403, 403, 403, 200, 403];
    let team = [401, 401, 403, 200, 403, 403, 200, 403];
    let own = [401, 401, 403, 403, 200, 403, 200, 403];
    let admin = [401, 401, 403, 403, 403, 403, 404, 403];
    let page = [401, 401, 403, 403, 403, 403, 200, 403];
    let order = [401, 401, 403, 403, 403, 403, 404, 403];
    let write = [401, 401, 403, 403, 403, 404, 404, 403];
    let read_only = [401, 401, 405, 405, 405, 405, 405, 403];
    let open = [200; 8];
    for (method, target, expected) in [
        ("GET", "/", look),
        ("HEAD", "/", look),
        ("POST", "/", read_only),
        ("GET", "/dashboards/executive", look),
        ("GET", "/walls/executive", of_wall),
        ("GET", "/charts/executive/nps.svg", of_wall),
        ("GET", "/charts/executive.json", of_wall),
        ("DELETE", "/dashboards/executive", read_only),
        ("GET", "/assets/vocd.css", of_wall),
        ("GET", "/metrics", look),
        ("GET", "/api/v1/kpis", look),
        ("GET", "/api/v1/kpis/nps", look),
        ("PUT", "/api/v1/kpis/nps", read_only),
        ("GET", "/api/v1/sources", look),
        ("GET", "/api/v1/kpis/nps?by=agent", agents),
        ("GET", "/api/v1/kpis/nps?by=agent&where.team=emea", team),
        ("GET", "/api/v1/kpis/nps?where.agent=a1", own),
        ("GET", "/api/v1/kpis/scorecard", look),
        ("GET", "/api/v1/kpis/scorecard?by=agent", agents),
        ("GET", "/api/v1/kpis/scorecard?where.agent=a1", own),
        ("GET", "/api/v1/kpis/kudos", agents),
        ("GET", "/api/v1/kpis/kudos?where.team=emea", team),
        ("GET", "/api/v1/kpis/kudos?where.agent=a1", own),
        ("GET", "/api/v1/kpis/kudos/definition", look),
        ("GET", "/api/v1/kpis/training_effect", look),
        ("GET", "/api/v1/rows/response", rows),
        ("GET", "/admin", page),
        ("GET", "/admin/nothing", admin),
        ("POST", "/api/v1/events", write),
        ("POST", "/api/v1/sources/nothing/run", order),
        ("GET", "/healthz", open),
    ] {
        for (who, status) in WHO.into_iter().zip(expected) {
            let heard = served.ask(method, target, &keys.bearer(who)).await;
            assert_eq!(heard.status, status, "{method} {target} {who}: {heard:?}");
        }
    }
    let expired = keys.access.keyring().issue(
        Grant::admin(),
        Some(Timestamp::now() - SignedDuration::from_secs(1)),
        Timestamp::now(),
    );
    let (token, secret) = expired.unwrap();
    let header = format!("authorization: bearer {}\r\n", secret.reveal());
    let heard = served.ask("GET", "/", &header).await;
    assert!(
        heard.status == 401 && heard.text().contains("expired"),
        "{heard:?}"
    );
    keys.access.keyring().revoke(&token.id).unwrap();
    let heard = served.ask("GET", "/", &header).await;
    assert!(
        heard.status == 401 && heard.text().contains("revoked"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn who_looks_at_single_agents_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::of_access(Access::open(folder.path()).unwrap());
    let served = keys.serve(|_| {}).await;
    for (who, target) in [
        ("viewer", "/api/v1/kpis/nps?by=team"),
        ("viewer", "/api/v1/kpis/kudos"),
        ("lead", "/api/v1/kpis/nps?by=agent&where.team=emea"),
        ("agent", "/api/v1/kpis/kudos?where.agent=a1"),
    ] {
        served.ask("GET", target, &keys.bearer(who)).await;
    }
    let kept = std::fs::read_to_string(folder.path().join(crate::access::audit::LOOKS)).unwrap();
    let lines: Vec<serde_json::Value> = (kept.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<_> = (lines.iter())
        .map(|line| {
            (
                line["who"]["role"].as_str().unwrap(),
                line["on"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("lead", "api/v1/kpis/nps?by=agent&where.team=emea"),
            ("agent", "api/v1/kpis/kudos?where.agent=a1"),
        ]
    );
}

#[tokio::test]
async fn readiness_gives_reasons_to_those_who_may_look() {
    let keys = Keys::new();
    let served = keys.serve(|_| {}).await;
    for (who, is_told) in WHO
        .into_iter()
        .zip([false, false, true, true, true, true, true, false])
    {
        let heard = served.ask("GET", "/readyz", &keys.bearer(who)).await;
        assert_eq!(heard.json().get("reasons").is_some(), is_told, "{who}");
    }
}

#[tokio::test]
async fn an_address_with_a_token_becomes_a_cookie() {
    let keys = Keys::new();
    let served = keys
        .serve(|options| {
            options.base_path = "/voice".to_owned();
            options.front.trusted_proxies = vec![crate::config::AddressBlock {
                address: [127, 0, 0, 1].into(),
                prefix_bits: 32,
            }];
        })
        .await;
    let secret = keys.of("wall");
    let target = format!("/voice/walls/executive?range=30d&token={secret}");
    let heard = served.get(&target).await;
    assert_eq!(
        (heard.status, heard.header("location")),
        (303, Some("/voice/walls/executive?range=30d"))
    );
    let cookie = heard.header("set-cookie").unwrap();
    let (value, flags) = cookie.split_once("; ").unwrap();
    assert_eq!(value, format!("vocd_token={secret}"));
    assert_eq!(
        flags,
        "Path=/voice; Max-Age=34560000; HttpOnly; SameSite=Strict"
    );
    let secure = served
        .ask("GET", &target, "x-forwarded-proto: https\r\n")
        .await;
    assert!(
        secure.header("set-cookie").unwrap().ends_with("; Secure"),
        "{secure:?}"
    );
    let cookie = format!("cookie: {value}\r\n");
    for (target, status) in [
        ("/voice/walls/executive", 200),
        ("/voice/charts/executive/nps.png", 200),
        ("/voice/", 403),
    ] {
        assert_eq!(
            served.ask("GET", target, &cookie).await.status,
            status,
            "{target}"
        );
    }
    let picture = format!("/voice/charts/executive/nps.svg?token={secret}");
    let picture = served.get(&picture).await;
    assert_eq!((picture.status, picture.header("set-cookie")), (200, None));
    // Two slashes must not name another host.
    let slashes = format!("/voice//walls/executive?token={secret}");
    let heard = served.get(&slashes).await;
    assert_eq!(heard.header("location"), Some("/voice/walls/executive"));
    let wrong = served.get("/voice/walls/executive?token=vocd_x").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
}

#[tokio::test]
async fn a_change_needs_a_bearer_or_a_page_of_this_server() {
    let keys = Keys::new();
    let served = keys.serve(|_| {}).await;
    let admin = keys.of("admin");
    let cookie = format!("cookie: vocd_token={admin}\r\n");
    let target = "/api/v1/sources/nothing/run";
    for (extra, status) in [
        ("", 403),
        ("origin: http://evil.example\r\n", 403),
        ("origin: null\r\n", 403),
        ("origin: http://localhost\r\n", 404),
    ] {
        let heard = served
            .ask("POST", target, &format!("{cookie}{extra}"))
            .await;
        assert_eq!(heard.status, status, "{extra}: {heard:?}");
    }
    let in_address = format!("{target}?token={admin}");
    let heard = served
        .ask("POST", &in_address, "origin: http://localhost\r\n")
        .await;
    assert_eq!(heard.status, 401);
}

#[tokio::test]
async fn an_old_cookie_is_no_worse_than_none() {
    let keys = Keys::new();
    let stale = "cookie: vocd_token=vocd_gone\r\n";
    let closed = keys.serve(|_| {}).await;
    assert_eq!(closed.ask("GET", "/", stale).await.status, 401);
    let open = keys
        .serve(|options| options.front.anonymous = Anonymous::LoopbackViewer)
        .await;
    assert_eq!(open.ask("GET", "/", stale).await.status, 200);
    assert_eq!(open.ask("GET", "/admin", stale).await.status, 403);
    let forged = keys.bearer("forged");
    assert_eq!(open.ask("GET", "/", &forged).await.status, 401);
}

#[tokio::test]
async fn a_proxy_names_its_users() {
    let keys = Keys::new();
    let served = keys
        .serve(|options| {
            options.front.trusted_proxies = vec![crate::config::AddressBlock {
                address: [127, 0, 0, 1].into(),
                prefix_bits: 32,
            }];
            options.front.user_header = Some(http::HeaderName::from_static("x-user"));
            let users = [("ops@example.com".to_owned(), Grant::admin())];
            options.front.users = users.into();
        })
        .await;
    let target = "/api/v1/sources/nothing/run";
    let ops = "x-user: ops@example.com\r\n";
    assert_eq!(served.ask("GET", "/", ops).await.status, 200);
    assert_eq!(
        served
            .ask("GET", "/", "x-user: else@example.com\r\n")
            .await
            .status,
        403
    );
    assert_eq!(served.ask("GET", "/", "").await.status, 401);
    assert_eq!(served.ask("POST", target, ops).await.status, 403);
    let from_page = format!("{ops}origin: http://localhost\r\n");
    assert_eq!(served.ask("POST", target, &from_page).await.status, 404);
    let viewers = keys.serve(|_| {}).await;
    assert_eq!(viewers.ask("GET", "/", ops).await.status, 401);
}

#[tokio::test]
async fn operators_have_a_page_that_needs_no_script() {
    let keys = Keys::new();
    let served = keys
        .serve(|options| {
            options.base_path = "/voice".to_owned();
            options.readiness = Arc::new(|| Readiness {
                blocks: Vec::new(),
                notes: vec!["vocd.toml:3:1 was <refused>".to_owned()],
            });
        })
        .await;
    let page = served
        .ask("GET", "/voice/admin", &keys.bearer("admin"))
        .await
        .text();
    for words in [
        "action=\"/voice/api/v1/sources/csv/run\"",
        "action=\"/voice/api/v1/sources/csv/pause\"",
        "vocd.toml:3:1 was &#60;refused&#62;",
        "does not confine plugins in their network",
        "Last changes",
        // Without it a browser says `Origin: null` with the forms, and they would be refused.
        "<meta name=\"referrer\" content=\"same-origin\">",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<script"), "{page}");
}
