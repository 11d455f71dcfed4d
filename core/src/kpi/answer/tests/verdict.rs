//! What an answer says of its series: where it goes, where it moved, and when it says nothing.

use super::*;
use crate::kpi::{Verdict, format};
use crate::series;

/// First day of the first week.
const START: &str = "2025-09-01T08:00:00Z";

/// Sixty answers a week, of which so many are promoters and the rest detractors.
fn weeks(n_promoters: impl IntoIterator<Item = usize>) -> Vec<Row> {
    let weeks = n_promoters.into_iter().enumerate();
    let answers = weeks.flat_map(|(week, n)| {
        let days = i64::try_from(week).expect("few") * 7;
        let start = at(START).checked_add(SignedDuration::from_hours(24 * days));
        rows(
            &start.expect("in range").to_string(),
            &format!("w{week}-"),
            &scores(n, 0, 60 - n),
        )
    });
    answers.collect()
}

/// A level with a little unrest, the same every time.
fn unrest(level: usize, n_weeks: usize) -> Vec<usize> {
    (0..n_weeks)
        .map(|week| level + [0, 2, 1, 3, 1, 0, 2][week % 7])
        .collect()
}

fn verdict(text: &str, all: Vec<Row>) -> Option<Verdict> {
    ask(text, &RowTable::new(all)).verdict
}

#[test]
fn a_drop_is_dated_tested_and_told_with_what_happened_near_it() {
    let mut all = weeks([unrest(45, 18), unrest(33, 18)].concat());
    let event = |id: &str, at_text: &str| {
        let row = Row {
            source: "calendar".to_owned(),
            id: id.to_owned(),
            at: at(at_text),
            ..Row::default()
        };
        row.text("label", id)
    };
    all.push(event("release 4.2", "2026-01-05T10:00:00Z"));
    all.push(event("party", "2025-10-05T10:00:00Z"));
    let said = verdict("nps grain=week", all).expect("a series of weeks");
    let [only] = &said.moves[..] else {
        panic!("one move: {:?}", said.moves);
    };
    assert_eq!((&only.label[..], only.is_confirmed), ("2026-W02", true));
    assert!((-45.0..-35.0).contains(&only.size), "{only:?}");
    assert_eq!(only.events, ["release 4.2"]);
    let size = only.size.abs();
    assert!(
        said.text
            .contains(&format!("moved down by {size:.1} points at 2026-W02")),
        "{}",
        said.text
    );
    assert!(said.text.contains("near release 4.2"), "{}", said.text);
}

#[test]
fn a_steady_rise_is_a_trend() {
    let rise: Vec<usize> = (0..30).map(|week| 20 + week).collect();
    let said = verdict("nps grain=week", weeks(rise)).expect("a series of weeks");
    assert_eq!(said.trend.verdict, series::Verdict::Rising);
    assert!(said.is_steady);
    // One promoter more, and one detractor less, of sixty.
    let slope = said.trend.slope.expect("enough").value;
    assert!((slope - 200.0 / 60.0).abs() < 1e-9, "{slope}");
}

#[test]
fn chance_is_no_trend_and_few_weeks_say_nothing() {
    let said = verdict("nps grain=week", weeks(unrest(40, 30))).expect("a series of weeks");
    assert_eq!(said.trend.verdict, series::Verdict::NotSeen);
    assert!(said.moves.is_empty());
    let few = verdict("nps grain=week", weeks(unrest(40, 8))).expect("a series of weeks");
    assert_eq!(few.trend.verdict, series::Verdict::NotEnough);
    assert_eq!(few.trend.slope, None);
}

#[test]
fn days_splits_and_windows_that_overlap_say_nothing() {
    let all = || weeks(unrest(40, 20));
    for text in [
        "nps grain=day",
        "nps grain=quarter",
        "nps grain=week by=channel",
        "nps grain=week rolling=28d",
    ] {
        assert_eq!(verdict(text, all()), None, "{text}");
    }
    assert_eq!(
        verdict("nps grain=week range=30d", Vec::new()).map(|said| said.trend.n_points),
        Some(0)
    );
}

#[test]
fn a_bucket_that_is_hidden_or_not_over_is_a_gap() {
    let mut all = weeks(unrest(40, 20));
    // Three answers in the week that is not over.
    all.extend(rows("2026-06-29T08:00:00Z", "now", &scores(3, 0, 0)));
    let said = verdict("nps grain=week", all).expect("a series of weeks");
    assert_eq!((said.trend.n_points, said.trend.n_buckets), (20, 20));
}

#[test]
fn programs_get_the_verdict_with_its_figures() {
    let rise: Vec<usize> = (0..30).map(|week| 20 + week).collect();
    let table = RowTable::new(weeks(rise));
    let json = format::json(&ask("nps grain=week", &table));
    let told = &json["verdict"];
    assert_eq!(
        (told["trend"].as_str(), told["per"].as_str()),
        (Some("rising"), Some("week"))
    );
    assert!(told["slope_low"].as_f64() <= told["slope"].as_f64());
    assert!(told["slope"].as_f64() <= told["slope_high"].as_f64());
    assert_eq!(told["moves"].as_array().map(Vec::len), Some(0));
    let daily = format::json(&ask("nps grain=day", &table));
    assert!(daily.get("verdict").is_none(), "absent, not empty");
}

#[test]
fn the_whole_history_tells_what_is_usual_and_what_comes_next() {
    let table = RowTable::new(weeks(unrest(40, 40)));
    let all = ask("nps range=all grain=week", &table)
        .verdict
        .expect("a verdict");
    let history = all.history.expect("a history");
    assert_eq!(history.control.stretches.len(), 1);
    assert!(history.control.stretches[0].is_frozen);
    assert!(
        history.control.signals.is_empty(),
        "{:?}",
        history.control.signals
    );
    assert_eq!(history.next.len(), 6);
    let last = history.starts.last().expect("a bucket");
    assert!(history.next[0].start > *last);
    assert_eq!(history.bucket(history.starts.len()), Some(&history.next[0]));
    // A part of it has none: limits would move with the part.
    let part = ask("nps range=12w grain=week", &table)
        .verdict
        .expect("a verdict");
    assert_eq!(part.history, None);
    let told = format::json(&ask("nps grain=week", &table))["verdict"].clone();
    assert_eq!(told["control"]["method"], "xmr");
    assert_eq!(told["control"]["baselines"][0]["frozen"], true);
    let limits = told["control"]["limits"].as_array().expect("limits");
    assert_eq!(limits.len(), history.starts.len());
    // Chance has no better forecast than the last value, or one with steps.
    let forecast = &told["forecast"];
    assert!(
        forecast["none"].is_string() || forecast["steps"].is_array(),
        "{forecast}"
    );
}
