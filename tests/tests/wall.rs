//! A wall in a real browser: it fills the screen, shows every picture, and outlives the daemon.

use std::time::{Duration, Instant};

use fantoccini::Client;
use serde_json::Value;
use vocd_tests::browser::{Driver, evaluate};
use vocd_tests::daemon::Daemon;
use vocd_tests::survey::{self, lay_out};

/// How long a page may take to show something new, on a busy machine.
const SHOW_TIMEOUT: Duration = Duration::from_secs(30);

const PICTURES: &str = "return [...document.images].map(i => ({done: i.complete, width: i.naturalWidth, \
     left: i.getBoundingClientRect().left, top: i.getBoundingClientRect().top, \
     right: i.getBoundingClientRect().right, bottom: i.getBoundingClientRect().bottom, alt: i.alt}))";

/// Looks until the script gives `true`.
async fn wait_for(client: &Client, what: &str, script: &str) {
    let deadline = Instant::now() + SHOW_TIMEOUT;
    while evaluate(client, script).await != Value::Bool(true) {
        assert!(Instant::now() < deadline, "did not happen in time: {what}");
        tokio::task::yield_now().await;
    }
}

const ALL_SHOWN: &str = "return document.images.length > 0 && [...document.images].every(i => i.complete && i.naturalWidth > 0)";

#[tokio::test]
async fn a_wall_fills_every_screen_without_scroll_bars() {
    let Some(driver) = Driver::start("wall::fills") else {
        return;
    };
    let (scratch, address) = lay_out(3_000);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    for (width, height) in [(1920, 1080), (3840, 2160), (1280, 720), (1080, 1920)] {
        let client = driver.window(width, height).await;
        client
            .goto(&format!("http://{address}/walls/service"))
            .await
            .expect("the page loads");
        wait_for(&client, "all pictures are shown", ALL_SHOWN).await;
        let inner = evaluate(
            &client,
            "const d = document.documentElement; return [innerWidth, innerHeight, d.scrollWidth, d.scrollHeight]",
        )
        .await;
        let inner: Vec<f64> = serde_json::from_value(inner).expect("numbers");
        assert!(
            inner[2] <= inner[0] && inner[3] <= inner[1],
            "scroll bars at {width}×{height}: {inner:?}"
        );
        let pictures = evaluate(&client, PICTURES).await;
        for picture in pictures.as_array().expect("a list") {
            assert!(
                picture["alt"].as_str().is_some_and(|alt| !alt.is_empty()),
                "{picture}"
            );
            let inside = picture["left"].as_f64() >= Some(0.0)
                && picture["top"].as_f64() >= Some(0.0)
                && picture["right"].as_f64() <= Some(inner[0] + 0.5)
                && picture["bottom"].as_f64() <= Some(inner[1] + 0.5);
            assert!(inside, "{width}×{height}: {picture}");
        }
        client.close().await.expect("closes");
    }
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

#[tokio::test]
async fn a_saved_dashboard_shows_on_an_open_wall_and_a_bad_one_does_not() {
    let Some(driver) = Driver::start("wall::edit") else {
        return;
    };
    let (scratch, address) = lay_out(500);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let client = driver.window(1280, 720).await;
    client
        .goto(&format!("http://{address}/walls/service"))
        .await
        .expect("the page loads");
    wait_for(&client, "two panels", "return document.images.length === 2").await;
    scratch.write(
        "dashboards/service.toml",
        "title = \"Service\"\n[[panel]]\nid = \"x\"\nkpi = \"nsp\"\n",
    );
    let one_panel = survey::DASHBOARD
        .split("[[panel]]\nid = \"line\"")
        .next()
        .expect("the first panel");
    wait_for(
        &client,
        "the fault is noted while the last good page stays",
        "return document.images.length === 2",
    )
    .await;
    scratch.write("dashboards/service.toml", one_panel);
    wait_for(&client, "one panel", "return document.images.length === 1").await;
    client.close().await.expect("closes");
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

#[tokio::test]
async fn a_wall_outlives_a_restart_of_the_daemon() {
    let Some(driver) = Driver::start("wall::restart") else {
        return;
    };
    let (scratch, address) = lay_out(500);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let client = driver.window(1280, 720).await;
    client
        .goto(&format!("http://{address}/walls/service"))
        .await
        .expect("the page loads");
    wait_for(&client, "all pictures are shown", ALL_SHOWN).await;
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
    assert_eq!(
        evaluate(&client, ALL_SHOWN).await,
        Value::Bool(true),
        "the last picture stays"
    );
    // The same file grows while the daemon is away: the wall must show it after the restart.
    let title = survey::DASHBOARD.replace("title = \"Service\"", "title = \"Service again\"");
    scratch.write("dashboards/service.toml", title);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    wait_for(
        &client,
        "the new title",
        "return document.title.includes('Service again')",
    )
    .await;
    wait_for(&client, "all pictures are shown", ALL_SHOWN).await;
    client.close().await.expect("closes");
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

#[tokio::test]
async fn every_page_works_without_a_fault_in_the_console() {
    let Some(driver) = Driver::start("wall::console") else {
        return;
    };
    let (scratch, address) = lay_out(500);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let client = driver.window(1280, 720).await;
    for page in ["/", "/dashboards/service", "/walls/service"] {
        client
            .goto(&format!("http://{address}{page}"))
            .await
            .expect("the page loads");
        wait_for(&client, page, ALL_SHOWN).await;
        let log = client
            .issue_cmd(BrowserLog)
            .await
            .expect("the driver keeps a log");
        let faults: Vec<&Value> = log
            .as_array()
            .expect("a list")
            .iter()
            .filter(|entry| {
                entry["level"] == "SEVERE" && !entry["message"].to_string().contains("favicon")
            })
            .collect();
        assert!(faults.is_empty(), "{page}: {faults:?}");
    }
    client.close().await.expect("closes");
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
}

/// Chromium's own command for the console's entries since the last call.
#[derive(Debug)]
struct BrowserLog;

impl fantoccini::wd::WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/se/log",
            session.expect("an open window")
        ))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some("{\"type\":\"browser\"}".to_owned()),
        )
    }
}
