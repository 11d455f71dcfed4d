//! Analyses never hold a picture up: it shows that one is being worked out, then the last result.

use std::time::Duration;

use super::super::testing::{FakeHouse, executive, panel};
use super::super::{Look, Overrides, PictureRequest, Subject};
use super::*;
use crate::kpi::ChartKind;

/// A house with a panel that tells why the score moved, whose pictures hardly wait.
fn house() -> FakeHouse {
    let house = FakeHouse::with_patience(Some(Duration::from_millis(1)));
    let mut page = executive();
    let mut why = panel("why", (2, 1), 1);
    why.kpi = kpi::find("contribution").expect("an analysis");
    why.chart = ChartKind::Bridge;
    why.by = Some("channel".to_owned());
    why.range = Some(Range::Days(30));
    page.panels.push(why);
    house.shelf.put(page);
    house
}

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

/// Draws the alt text of the panel and returns it with what is said of its age.
fn told(house: &FakeHouse) -> (String, Option<Timestamp>) {
    let served = house.gallery.draw(&request("why", Format::Txt));
    let served = served.expect("a text");
    let text = String::from_utf8_lossy(&served.picture.bytes).into_owned();
    (text, served.kept_since)
}

/// Asks for the first time, while the store waits, and goes on when there is a result.
fn first_result(house: &FakeHouse) {
    let gate = house.store.gate.lock().expect("no panic");
    let (text, _) = told(house);
    assert!(text.contains("being worked out"), "{text}");
    // Walls are told by the version.
    let before = house.gallery.version();
    drop(gate);
    while house.gallery.version() == before {
        std::thread::yield_now();
    }
}

#[test]
fn a_picture_says_that_an_analysis_is_being_worked_out_and_then_shows_it() {
    let house = house();
    first_result(&house);
    let (text, kept_since) = told(&house);
    assert!(!text.contains("being worked out"), "{text}");
    assert_eq!(kept_since, None);
}

#[test]
fn the_last_result_is_shown_with_its_age_while_the_next_is_worked_out() {
    let house = house();
    first_result(&house);
    let (first, _) = told(&house);
    house.store.commit_something();
    let gate = house.store.gate.lock().expect("no panic");
    let (second, kept_since) = told(&house);
    assert!(kept_since.is_some(), "it says how old it is");
    let about = |text: &str| text.split(';').next().map(str::to_owned);
    assert_eq!(about(&first), about(&second));
    drop(gate);
}

#[test]
fn who_asks_for_numbers_waits_for_them() {
    let house = house();
    let served = house.gallery.draw(&request("why", Format::Csv));
    let served = served.expect("a table");
    let text = String::from_utf8_lossy(&served.picture.bytes).into_owned();
    assert!(text.starts_with("group,"), "{text}");
    assert_eq!(served.kept_since, None);
}
