//! What a client sees, over a real connection on a free port.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

use crate::config::Anonymous;
use crate::picture::testing::FakeHouse;

mod access;
mod limits;

/// A running server over fakes.
struct Served {
    house: FakeHouse,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A response as it came.
#[derive(Debug)]
struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Served {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let house = FakeHouse::new();
        let metrics = Arc::clone(&house.metrics);
        let mut options = ServeOptions {
            base_path: String::new(),
            front: Front::default(),
            access: Arc::default(),
            studio: Studio::with_limits(Arc::clone(&house.gallery), Arc::clone(&metrics), 2, 64),
            metrics,
            readiness: Arc::new(Readiness::default),
            missing_layers: Arc::new(|| Ok(vec!["network".to_owned()])),
            store_files: Vec::new(),
            paused: Arc::new(BTreeMap::new),
            commands: None,
            plugins: None,
            rows: None,
            push: None,
            limits: Limits::default(),
        };
        change(&mut options);
        let listener = Listener::network(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.address().unwrap();
        let (stop, shutdown) = watch::channel(false);
        let task = tokio::spawn(serve(listener, options, shutdown));
        Self {
            house,
            address,
            stop,
            task,
        }
    }

    async fn get(&self, target: &str) -> Heard {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
        .await
    }

    async fn ask(&self, method: &str, target: &str, headers: &str) -> Heard {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
        );
        self.send(&request).await
    }

    async fn send(&self, request: &str) -> Heard {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        read(&mut stream).await
    }
}

async fn read(stream: &mut TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Heard {
        status,
        head,
        body: bytes.get(end + 4..).unwrap_or_default().to_vec(),
    }
}

#[tokio::test]
async fn every_address_answers_with_its_type() {
    let served = Served::start().await;
    for (target, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/dashboards/executive", "text/html; charset=utf-8"),
        ("/dashboards/executive/brief", "text/plain; charset=utf-8"),
        ("/api/v1/brief?range=28d", "text/plain; charset=utf-8"),
        (
            "/dashboards/executive?range=30d&where.channel=web&theme=light",
            "text/html; charset=utf-8",
        ),
        ("/walls/executive", "text/html; charset=utf-8"),
        ("/walls/executive?page=2", "text/html; charset=utf-8"),
        ("/walls/executive.png?width=1280&height=720", "image/png"),
        ("/charts/executive/nps.svg", "image/svg+xml"),
        (
            "/charts/executive/trend.png?width=640&height=360&theme=light",
            "image/png",
        ),
        ("/charts/executive/nps.json", "application/json"),
        ("/charts/executive/nps.csv", "text/csv; charset=utf-8"),
        ("/charts/executive/nps.txt", "text/plain; charset=utf-8"),
        ("/charts/executive.svg", "image/svg+xml"),
        ("/api/v1/kpis", "application/json"),
        ("/api/v1/kpis/nps", "application/json"),
        ("/api/v1/kpis/nps?range=30d&by=channel", "application/json"),
        ("/api/v1/kpis/nps/definition", "application/json"),
        ("/api/v1/sources", "application/json"),
        ("/assets/vocd.css", "text/css; charset=utf-8"),
        ("/assets/wall.js", "text/javascript; charset=utf-8"),
        ("/healthz", "text/plain; charset=utf-8"),
        (
            "/metrics",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ] {
        let heard = served.get(target).await;
        assert_eq!(
            (heard.status, heard.header("content-type")),
            (200, Some(media_type)),
            "{target}"
        );
        assert_eq!(
            heard.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
        let policy = heard.header("content-security-policy").unwrap();
        let is_open = policy.contains("script-src 'unsafe") || policy.contains('*');
        assert!(
            policy.starts_with("default-src 'none'") && !is_open,
            "{target}: {policy}"
        );
    }
}

#[tokio::test]
async fn same_question_has_the_same_number_everywhere() {
    let served = Served::start().await;
    let api = served
        .get("/api/v1/kpis/nps?range=8w&grain=week")
        .await
        .json();
    let chart = served.get("/charts/executive/nps.json").await.json();
    assert_eq!(api["series"], chart["series"]);
    let value = chart["series"][0]["total"]["value"].as_f64().unwrap();
    let csv = served.get("/charts/executive/nps.csv").await.text();
    assert!(
        csv.starts_with("key,start,end,label,value,low,high,n,base,complete,"),
        "{csv}"
    );
    let shown = format!("{value:.0}");
    for ending in ["txt", "svg"] {
        let text = served
            .get(&format!("/charts/executive/nps.{ending}"))
            .await
            .text();
        assert!(text.contains(&shown), "{ending} has no {shown}");
    }
}

#[tokio::test]
async fn known_picture_answers_304_until_it_changes() {
    let served = Served::start().await;
    let target = "/charts/executive/nps.svg";
    let first = served.get(target).await;
    let etag = first.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.len() == 66, "{etag}");
    assert!(first.header("last-modified").unwrap().ends_with(" GMT"));
    assert!(
        first
            .header("cache-control")
            .unwrap()
            .contains("must-revalidate")
    );
    assert_eq!(
        first.header("content-disposition"),
        Some("inline; filename=\"executive-nps-2026-06-30.svg\"")
    );
    let known = format!("if-none-match: {etag}\r\n");
    let second = served.ask("GET", target, &known).await;
    assert_eq!((second.status, second.body.len()), (304, 0));
    assert_eq!(second.header("etag"), Some(etag.as_str()));
    let other = served
        .ask("GET", "/charts/executive/nps.svg?theme=light", &known)
        .await;
    assert_eq!(other.status, 200);
    let pinned = served
        .get("/charts/executive/nps.svg?as_of=2026-06-01")
        .await;
    assert_eq!(
        pinned.header("cache-control"),
        Some("private, max-age=3600")
    );
}

#[tokio::test]
async fn stale_picture_says_its_age() {
    let served = Served::start().await;
    *served.house.now.lock().unwrap() += jiff::SignedDuration::from_mins(20);
    let heard = served.get("/charts/executive/nps.json").await;
    assert_eq!(heard.status, 200);
    assert_eq!(heard.header("age"), Some("1200"));
    assert_eq!(
        heard.header("warning"),
        Some("110 vocd \"Response is Stale\"")
    );
    assert_eq!(heard.json()["age_s"], 1200);
}

#[tokio::test]
async fn refusals_have_the_face_of_their_address() {
    let served = Served::start().await;
    let check =
        |target: &'static str, status: u16, media_type: &'static str, words: &'static str| {
            let served = &served;
            async move {
                let heard = served.get(target).await;
                assert_eq!(heard.status, status, "{target} {heard:?}");
                assert_eq!(heard.header("content-type"), Some(media_type), "{target}");
                assert!(heard.text().contains(words), "{target}: {}", heard.text());
            }
        };
    let (html, problem) = ("text/html; charset=utf-8", "application/problem+json");
    check("/nowhere", 404, html, "nothing at this address").await;
    check(
        "/dashboards/executiv",
        404,
        html,
        "did you mean `executive`?",
    )
    .await;
    check(
        "/dashboards/executive?rnage=3d",
        400,
        html,
        "did you mean `range`?",
    )
    .await;
    check("/walls/executive?page=9", 404, html, "no page 9").await;
    check("/api/v1/kpis/npx", 404, problem, "nps").await;
    check(
        "/api/v1/kpis/nps?grian=week",
        400,
        problem,
        "did you mean `grain`?",
    )
    .await;
    check("/api/v1/kpis/nps?by=chanel", 400, problem, "channel").await;
    check("/api/v1/nowhere", 404, problem, "nothing at this address").await;
    check("/charts/executive/npps.svg", 404, "image/svg+xml", "nps").await;
    check(
        "/charts/executive/nps.svg?width=9999",
        400,
        "image/svg+xml",
        "width=9999",
    )
    .await;
    check(
        "/charts/executive/nps.json?width=9999",
        400,
        problem,
        "width=9999",
    )
    .await;
    check(
        "/charts/executive/nps.csv?x=1",
        400,
        "text/plain; charset=utf-8",
        "unknown",
    )
    .await;
    check("/charts/executive/nps.gif", 404, "image/svg+xml", "gif").await;
    check("/walls/executive.gif", 404, html, "gif").await;
}

#[tokio::test]
async fn refused_picture_is_a_card_of_the_asked_size() {
    let served = Served::start().await;
    let card = served
        .get("/charts/executive/npps.png?width=400&height=300&bogus=1")
        .await;
    let info = png::Decoder::new(std::io::Cursor::new(&card.body))
        .read_info()
        .unwrap();
    assert_eq!(
        (card.status, info.info().width, info.info().height),
        (400, 400, 300)
    );
}

#[tokio::test]
async fn text_from_files_and_addresses_is_escaped() {
    let served = Served::start().await;
    let page = served
        .get("/dashboards/executive?where.channel=%22%3E%3Cscript%3E")
        .await
        .text();
    assert!(page.contains("Executive &#60;view&#62;"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
    let error = served
        .get("/dashboards/x%3Cscript%3E?%3Cscript%3E=1")
        .await
        .text();
    assert!(!error.contains("<script>"), "{error}");
}

#[tokio::test]
async fn nothing_outside_the_routes_can_be_reached() {
    let served = Served::start().await;
    for target in [
        "/assets/../../etc/passwd",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/vocd.css",
        "/charts/../dashboards/executive",
        "/charts/executive/..%2fnps.svg",
        "/dashboards/..",
        "/walls/%00",
        "//executive",
    ] {
        let heard = served.get(target).await;
        assert_eq!(heard.status, 404, "{target}");
    }
}

#[tokio::test]
async fn addresses_can_only_be_read() {
    let served = Served::start().await;
    let head = served.ask("HEAD", "/charts/executive/nps.svg", "").await;
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert!(
        head.status == 200 && head.body.is_empty() && length > 1_000,
        "{head:?}"
    );
    let options = served.ask("OPTIONS", "/charts/executive/nps.svg", "").await;
    assert_eq!(
        (options.status, options.header("allow")),
        (204, Some("GET, HEAD, OPTIONS"))
    );
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let heard = served.ask(method, "/charts/executive/nps.svg", "").await;
        assert_eq!(
            (heard.status, heard.header("allow")),
            (405, Some("GET, HEAD, OPTIONS"))
        );
        assert_eq!(served.ask(method, "/nowhere", "").await.status, 404);
    }
}

#[tokio::test]
async fn strangers_are_refused_in_words() {
    let served = Served::start().await;
    let proxied = served
        .ask("GET", "/", "x-forwarded-for: 192.0.2.1\r\n")
        .await;
    assert_eq!(
        (proxied.status, proxied.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert!(
        proxied.text().contains("anonymous = &#34;viewer&#34;"),
        "{}",
        proxied.text()
    );
    let rebound = "GET /api/v1/kpis HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    let rebound = served.send(rebound).await;
    assert_eq!(rebound.json()["status"], 401);
    let health = "GET /healthz HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(served.send(health).await.status, 200);
    let open = Served::with(|options| options.front.anonymous = Anonymous::Viewer).await;
    assert_eq!(
        open.ask("GET", "/", "x-forwarded-for: 192.0.2.1\r\n")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn readiness_gives_its_reasons() {
    let served = Served::with(|options| {
        options.readiness = Arc::new(|| Readiness {
            blocks: vec!["the store is read-only".to_owned()],
            notes: vec!["vocd.toml:3:1 was refused".to_owned()],
        });
    })
    .await;
    let heard = served.get("/readyz").await;
    assert_eq!(heard.status, 503);
    assert_eq!(heard.json()["ready"], false);
    assert!(
        heard.text().contains("the store is read-only"),
        "{}",
        heard.text()
    );
    assert!(heard.text().contains("vocd.toml:3:1"), "{}", heard.text());
    let stranger = served
        .ask("GET", "/readyz", "forwarded: for=192.0.2.1\r\n")
        .await;
    assert_eq!(stranger.json(), serde_json::json!({ "ready": false }));
}

#[tokio::test]
async fn metrics_count_requests_and_cache_hits() {
    let served = Served::start().await;
    served.get("/charts/executive/nps.svg").await;
    served.get("/charts/executive/nps.svg").await;
    served.get("/charts/executive/none.svg").await;
    let text = served.get("/metrics").await.text();
    for line in [
        "vocd_http_requests_total{route=\"charts\",status=\"200\"} 2",
        "vocd_http_requests_total{route=\"charts\",status=\"404\"} 1",
        "vocd_cache_lookups_total{cache=\"picture\",outcome=\"hit\"} 1",
        "vocd_source_stale{source=\"csv\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn base_path_stands_before_every_address() {
    let served = Served::with(|options| options.base_path = "/voice".to_owned()).await;
    assert_eq!(served.get("/").await.status, 404);
    assert_eq!(served.get("/charts/executive/nps.svg").await.status, 404);
    assert_eq!(served.get("/voice/healthz").await.status, 200);
    assert_eq!(
        served.get("/voice/charts/executive/nps.svg").await.status,
        200
    );
    let page = served.get("/voice/dashboards/executive").await.text();
    assert!(
        page.contains("src=\"/voice/charts/executive/nps.svg?"),
        "{page}"
    );
    assert!(
        !page.contains("=\"/charts") && !page.contains("=\"/assets"),
        "{page}"
    );
}
