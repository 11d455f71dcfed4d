//! What happened to the company: releases, outages, campaigns, prices. Kind `event`.

use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::dice::{Cast, Dice, Stream};
use crate::demo::sheet::Rows;

/// Days between two releases, before their jitter.
const RELEASE_CYCLE_DAYS: i64 = 91;
/// Days in which exactly one outage falls.
const OUTAGE_CYCLE_DAYS: i64 = 182;
/// Days in which exactly one campaign falls.
const CAMPAIGN_CYCLE_DAYS: i64 = 182;

/// The four cycles, as streams of chance of their own.
const RELEASE: u64 = 0;
const OUTAGE: u64 = 1;
const CAMPAIGN: u64 = 2;

/// An outage and how hard it hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outage {
    /// The day.
    pub(super) day: Day,
    /// Points of the 0–10 scale lost on that day.
    pub(super) severity: f64,
}

/// Returns the outage of the cycle that a day falls into, and the one before it.
pub(super) fn outages(dice: Dice, day: Day) -> [Outage; 2] {
    let cycle = day.0.div_euclid(OUTAGE_CYCLE_DAYS);
    [cycle, cycle - 1].map(|cycle| {
        let mut cast = dice.cast(Stream::Occurrence, cycle, OUTAGE);
        // In the middle of a cycle: two outages keep their distance, and the releases at its edges
        // stand clear of them, so that what those cost can be told apart.
        let offset = 90 + i64::try_from(cast.below(50)).expect("below 50");
        Outage {
            day: Day(cycle * OUTAGE_CYCLE_DAYS + offset),
            severity: 0.8 + 0.5 * cast.share(),
        }
    })
}

/// Returns the day of the latest release up to a day.
pub(super) fn latest_release(dice: Dice, day: Day) -> Day {
    let cycle = day.0.div_euclid(RELEASE_CYCLE_DAYS);
    let this = release_day(dice, cycle);
    if this <= day {
        this
    } else {
        release_day(dice, cycle - 1)
    }
}

/// Returns the day of the release of a cycle of releases.
pub(super) fn release_day(dice: Dice, cycle: i64) -> Day {
    let mut cast = dice.cast(Stream::Occurrence, cycle, RELEASE);
    let offset = i64::try_from(cast.below(40)).expect("below 40");
    // Nobody releases on a weekend.
    let day = Day(cycle * RELEASE_CYCLE_DAYS + offset);
    Day(day.0 + [0, 0, 0, 0, 0, 2, 1][day.weekday_idx()])
}

/// Writes the occurrences from `first` to `end` (exclusive), in order.
pub(super) fn rows(dice: Dice, first: Day, end: Day) -> Rows {
    let columns = ["id", "happened_at", "ended_at", "label", "event_kind"];
    let mut rows = Rows::new("event", &columns);
    let mut day = first;
    while day < end {
        add_release(dice, day, &mut rows);
        add_outage(dice, day, &mut rows);
        add_campaign(dice, day, &mut rows);
        let date = day.date();
        if (date.month(), date.day()) == (2, 1) {
            let label = format!("new prices {}", date.year());
            add(&mut rows, "price", day, (6, 6), &label);
        }
        day = day.after();
    }
    rows
}

fn add_release(dice: Dice, day: Day, rows: &mut Rows) {
    if let Some(name) = release_on(dice, day) {
        add(rows, "release", day, (9, 9), &name);
    }
}

/// Returns the name of the release that came out on a day, if one did.
pub(super) fn release_on(dice: Dice, day: Day) -> Option<String> {
    let cycle = day.0.div_euclid(RELEASE_CYCLE_DAYS);
    [cycle - 1, cycle]
        .into_iter()
        .find(|cycle| release_day(dice, *cycle) == day)
        .map(release_name)
}

fn release_name(cycle: i64) -> String {
    let (major, minor) = (cycle / 6 - 32, cycle % 6);
    format!("release {major}.{minor}")
}

fn add_outage(dice: Dice, day: Day, rows: &mut Rows) {
    const WHAT: [&str; 4] = [
        "outage of the sign-in",
        "outage of the app",
        "lost notifications",
        "outage of the payment page",
    ];
    for outage in outages(dice, day)
        .into_iter()
        .filter(|outage| outage.day == day)
    {
        let mut cast = dice.cast(Stream::Occurrence, outage.day.0, OUTAGE);
        let start = 6 + small(&mut cast, 6);
        let hours = 3 + small(&mut cast, 8);
        add(
            rows,
            "incident",
            day,
            (start, start + hours),
            cast.pick::<&str>(&WHAT),
        );
    }
}

fn add_campaign(dice: Dice, day: Day, rows: &mut Rows) {
    const WHAT: [&str; 12] = [
        "winter", "winter", "spring", "spring", "spring", "summer", "summer", "summer", "autumn",
        "autumn", "autumn", "winter",
    ];
    let cycle = day.0.div_euclid(CAMPAIGN_CYCLE_DAYS);
    let mut cast = dice.cast(Stream::Occurrence, cycle, CAMPAIGN);
    let offset = i64::try_from(cast.below(170)).expect("below 170");
    if cycle * CAMPAIGN_CYCLE_DAYS + offset == day.0 {
        let label = format!("{} campaign", WHAT[day.month_idx()]);
        add(rows, "campaign", day, (7, 7), &label);
    }
}

fn small(cast: &mut Cast, n: u64) -> u32 {
    u32::try_from(cast.below(n)).expect("a few hours")
}

fn add(rows: &mut Rows, kind: &str, day: Day, hours: (u32, u32), label: &str) {
    let moment = |hour: u32| Moment {
        day,
        second: hour * HOUR_S,
    };
    let (start, end) = (moment(hours.0).to_string(), moment(hours.1).to_string());
    let ended_at = if hours.0 == hours.1 { "" } else { &end };
    let id = format!("{kind}-{}", day.date());
    rows.push(&[&id, &start, ended_at, label, kind]);
}
