//! What the gallery promises: asked once, drawn once, bounded, and never without the last picture.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::testing::{FakeHouse, executive, source_state};
use super::*;
use crate::chart::Size;

fn request(panel: &str, format: Format) -> PictureRequest {
    PictureRequest {
        subject: Subject::Panel {
            dashboard: "executive".to_owned(),
            panel: Some(panel.to_owned()),
        },
        overrides: Overrides::default(),
        look: Look::default(),
        format,
    }
}

fn wall(page: u8, width_px: u32, height_px: u32) -> PictureRequest {
    let mut request = request("nps", Format::Png);
    request.subject = Subject::Wall {
        dashboard: "executive".to_owned(),
        page,
    };
    request.look.size = Some(Size {
        width_px,
        height_px,
    });
    request
}

#[test]
fn second_request_asks_the_store_nothing() {
    let house = FakeHouse::new();
    let first = house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    let asked = house.store.n_tallies();
    let second = house.gallery.cached(&request("nps", Format::Svg)).unwrap();
    assert_eq!(first, second);
    house.gallery.draw(&request("nps", Format::Json)).unwrap();
    assert_eq!(
        house.store.n_tallies(),
        asked,
        "another format has the same answer"
    );
}

#[test]
fn commit_makes_an_answer_old() {
    let house = FakeHouse::new();
    house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    house.store.commit_something();
    assert_eq!(house.gallery.cached(&request("nps", Format::Svg)), None);
}

#[test]
fn answer_is_good_until_its_time_is_over() {
    let house = FakeHouse::new();
    house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    *house.now.lock().unwrap() += SignedDuration::from_mins(5);
    assert!(house.gallery.cached(&request("nps", Format::Svg)).is_some());
    // The next civil day in Berlin starts a new last bucket.
    *house.now.lock().unwrap() += SignedDuration::from_hours(24);
    assert_eq!(house.gallery.cached(&request("nps", Format::Svg)), None);
}

#[test]
fn source_that_fails_shows_on_the_next_picture() {
    let house = FakeHouse::new();
    let fresh = house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    assert_eq!(fresh.picture.freshness, Freshness::Fresh);
    let last = Some(house.gallery.now());
    *house.store.states.lock().unwrap() = vec![source_state("csv", last, Some("http_status"))];
    house.gallery.refresh_sources();
    let asked = house.store.n_tallies();
    let failing = house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    assert_eq!(failing.picture.freshness, Freshness::Failing(last));
    assert_ne!(failing.picture.hash, fresh.picture.hash);
    assert_eq!(house.store.n_tallies(), asked, "the numbers are the same");
}

#[test]
fn silent_store_leaves_the_last_answer_with_its_age() {
    let house = FakeHouse::new();
    let first = house.gallery.draw(&request("nps", Format::Json)).unwrap();
    let since = house.gallery.now();
    house.store.commit_something();
    house.store.is_failing.store(true, Ordering::SeqCst);
    *house.now.lock().unwrap() += SignedDuration::from_mins(10);
    let kept = house.gallery.draw(&request("nps", Format::Json)).unwrap();
    assert_eq!(kept.kept_since, Some(since));
    assert!(matches!(kept.picture.freshness, Freshness::Stale(Some(_))));
    let value = |served: &Served| -> serde_json::Value {
        serde_json::from_slice(&served.picture.bytes).unwrap()
    };
    assert_eq!(value(&kept)["series"], value(&first)["series"]);
    assert_eq!(value(&kept)["age_s"], 600);
    assert_eq!(value(&first).get("age_s"), None);
    let never_asked = house.gallery.draw(&request("replies", Format::Json));
    assert!(
        never_asked.is_ok(),
        "the same question was asked by another panel"
    );
    let mut other = request("nps", Format::Json);
    other.overrides.range = Some(crate::kpi::Range::Days(3));
    assert_eq!(house.gallery.draw(&other).unwrap_err().status(), 503);
}

#[test]
fn wrong_names_name_the_nearest() {
    let house = FakeHouse::new();
    let mut unknown = request("nps", Format::Svg);
    unknown.subject = Subject::Panel {
        dashboard: "executiv".to_owned(),
        panel: None,
    };
    let error = house.gallery.draw(&unknown).unwrap_err();
    assert_eq!(
        (error.status(), error.hint().unwrap().as_str()),
        (404, "did you mean `executive`?")
    );
    let error = house
        .gallery
        .draw(&request("npss", Format::Svg))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "dashboard `executive` has no panel `npss`"
    );
    assert_eq!(error.hint().unwrap(), "did you mean `nps`?");
}

#[test]
fn changed_dashboard_is_drawn_anew() {
    let house = FakeHouse::new();
    let before = house.gallery.version();
    house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    let mut changed = executive();
    changed.panels[0].title = Some("How likely?".to_owned());
    house.shelf.put(changed);
    assert_ne!(house.gallery.version(), before);
    let drawn = house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    assert!(String::from_utf8_lossy(&drawn.picture.bytes).contains("How likely?"));
}

#[test]
fn reloaded_rules_make_answers_old() {
    let house = FakeHouse::new();
    house.gallery.draw(&request("nps", Format::Svg)).unwrap();
    let mut rules = (*house.gallery.rules()).clone();
    rules.settings.timezone = TimeZone::UTC;
    house.gallery.set_rules(rules);
    assert_eq!(house.gallery.cached(&request("nps", Format::Svg)), None);
}

#[test]
fn wall_is_one_picture_of_its_panels() {
    let house = FakeHouse::new();
    let drawn = house.gallery.draw(&wall(1, 1280, 720)).unwrap();
    let decoder = png::Decoder::new(std::io::Cursor::new(&drawn.picture.bytes));
    let reader = decoder.read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1280, 720));
    assert_eq!(house.gallery.cached(&wall(1, 1280, 720)), Some(drawn));
    house.store.commit_something();
    assert_eq!(house.gallery.cached(&wall(1, 1280, 720)), None);
}

#[test]
fn wall_refuses_what_it_cannot_be() {
    let house = FakeHouse::new();
    let check = |request: &PictureRequest, expected: u16| {
        assert_eq!(
            house.gallery.draw(request).unwrap_err().status(),
            expected,
            "{request:?}"
        );
    };
    check(&wall(3, 1280, 720), 404);
    check(&wall(1, 300, 720), 400);
    let mut vector = wall(1, 1280, 720);
    vector.format = Format::Svg;
    check(&vector, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_identical_requests_are_drawn_once() {
    let house = FakeHouse::new();
    let studio = Studio::with_limits(
        Arc::clone(&house.gallery),
        Arc::clone(&house.metrics),
        2,
        10,
    );
    let alone = {
        let other = FakeHouse::new();
        other.gallery.draw(&request("trend", Format::Png)).unwrap();
        other.store.n_tallies()
    };
    let asked: Vec<_> = {
        let _gate = house.store.gate.lock().unwrap();
        (0..50)
            .map(|_| {
                let studio = studio.clone();
                tokio::spawn(async move { studio.picture(request("trend", Format::Png)).await })
            })
            .collect()
    };
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    assert_eq!(house.store.n_tallies(), alone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_queue_serves_the_last_good_picture() {
    let house = FakeHouse::new();
    let known = request("nps", Format::Svg);
    let first = house.gallery.draw(&known).unwrap();
    house.store.commit_something();
    let studio = Studio::with_limits(Arc::clone(&house.gallery), Arc::clone(&house.metrics), 0, 0);
    let kept = studio.picture(known).await.unwrap();
    assert_eq!(kept.picture, first.picture);
    assert!(kept.kept_since.is_some());
    let error = studio
        .picture(request("trend", Format::Svg))
        .await
        .unwrap_err();
    assert_eq!(error.status(), 503);
}

fn params(query: &str, scope: Scope) -> Result<Params, ParamError> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    Params::parse(&pairs, scope, &TimeZone::UTC)
}

#[test]
fn parameters_are_checked() {
    let refused = |query: &str, expected: &str| {
        let error = params(query, Scope::Picture).unwrap_err();
        let hint = error.hint.as_deref().unwrap_or_default();
        assert_eq!(format!("{error} | {hint}"), expected, "{query}");
    };
    refused(
        "widht=400",
        "unknown parameter `widht` | did you mean `width`?",
    );
    refused(
        "width=199",
        "`width=199` is not allowed | a whole number from 200 to 7680",
    );
    refused(
        "height=4321",
        "`height=4321` is not allowed | a whole number from 120 to 4320",
    );
    refused(
        "width=-1",
        "`width=-1` is not allowed | a whole number from 200 to 7680",
    );
    refused(
        "scale=5",
        "`scale=5` is not allowed | a whole number from 1 to 4",
    );
    refused(
        "width=4000&height=400&scale=2",
        "`scale=2` makes 8000 × 800 px, more than 7680 × 4320 | ask for a smaller size",
    );
    refused("range=90d&range=30d", "parameter `range` is given twice | ");
    refused(
        "tz=Europe/Berlim",
        "`tz=Europe/Berlim` is not a time zone | did you mean `Europe/Berlin`?",
    );
    refused(
        "palette=rainbow",
        "`palette=rainbow` is not a palette | write one of okabe-ito",
    );
    for query in [
        "range=90x",
        "grain=hour",
        "theme=pink",
        "from=2026-01-01",
        "as_of=soon",
        "lang=xx",
        "mode=both",
        "text=big",
        "range=90d&from=2026-01-01&to=2026-02-01",
        "where.=a",
    ] {
        assert!(params(query, Scope::Picture).is_err(), "{query}");
    }
}

#[test]
fn parameters_are_read() {
    let query = "from=2026-01-01&to=2026-02-01T00:00:00%2B01:00&where.segment=a%5C,b,c,(none)\
                 &by=channel&theme=light&width=1920&scale=2&lang=de&as_of=2026-06-30&page=";
    assert!(
        params(query, Scope::Picture).is_err(),
        "a picture has no pages"
    );
    let read = params(query.trim_end_matches("&page="), Scope::Picture).unwrap();
    let segment = read.overrides.filters["segment"].clone();
    assert_eq!(
        segment,
        [Some("a,b".to_owned()), Some("c".to_owned()), None]
    );
    assert_eq!(
        read.look.size,
        Some(Size {
            width_px: 1920,
            height_px: 1080
        })
    );
    assert_eq!(
        read.overrides.as_of,
        Some("2026-06-30T00:00:00Z".parse().unwrap())
    );
    assert!(matches!(
        read.overrides.range,
        Some(crate::kpi::Range::Between(..))
    ));
    assert!(
        params("range=&where.segment=&page=2", Scope::Page).is_ok(),
        "an empty field is absent"
    );
    assert!(
        params("width=400", Scope::Page).is_err(),
        "a page sizes its pictures itself"
    );
    assert!(params("range=90d", Scope::Bare).is_err());
}
