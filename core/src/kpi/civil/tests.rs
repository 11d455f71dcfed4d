//! Boundaries against the tz database's awkward corners, and labels against ISO 8601.

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;

fn calendar(zone_name: &str, week_start: Weekday, fiscal_year_start: i8) -> Calendar {
    Calendar {
        zone: zone(zone_name).expect(zone_name),
        week_start,
        fiscal_year_start,
    }
}

fn date(text: &str) -> Date {
    text.parse().expect(text)
}

fn check_start(zone_name: &str, day: &str, expected: &str) {
    let zone = zone(zone_name).expect(zone_name);
    let start = day_start(date(day), &zone).expect(day);
    assert_eq!(start.to_string(), expected, "{day} in {zone_name}");
    let local = start.to_zoned(zone.clone()).date();
    let before = start
        .checked_sub(1.nanosecond())
        .expect("in range")
        .to_zoned(zone)
        .date();
    assert!(
        before < local,
        "{day} in {zone_name} starts at {start}, not at a day's first instant"
    );
}

#[test]
fn a_day_starts_at_its_first_instant() {
    check_start("UTC", "2026-06-01", "2026-06-01T00:00:00Z");
    check_start("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z");
    check_start("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z");
    check_start("Asia/Kolkata", "2026-06-01", "2026-05-31T18:30:00Z");
    check_start("Asia/Kathmandu", "2026-06-01", "2026-05-31T18:15:00Z");
    check_start("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z");
    check_start("Australia/Lord_Howe", "2026-04-06", "2026-04-05T13:30:00Z");
}

#[test]
fn a_day_without_midnight_starts_after_the_gap() {
    check_start("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z");
    check_start("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z");
    check_start("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z");
    // The gap begins before midnight: 23:30 became 00:30.
    check_start("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z");
}

#[test]
fn a_day_with_two_midnights_starts_at_the_first() {
    check_start("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z");
}

#[test]
fn a_day_after_a_repeated_hour_starts_once_that_hour_is_over() {
    check_start("Asia/Beirut", "2026-10-25", "2026-10-24T22:00:00Z");
    check_start("Africa/Cairo", "2026-10-30", "2026-10-29T22:00:00Z");
}

#[test]
fn a_day_that_the_zone_skipped_has_no_bucket() {
    let apia = calendar("Pacific/Apia", Weekday::Monday, 1);
    let from = apia.day_start(date("2011-12-29")).expect("a day");
    let to = apia.day_start(date("2012-01-01")).expect("a day");
    let buckets = apia.buckets(Grain::Day, from, to, 10).expect("few");
    let days: Vec<String> = buckets
        .iter()
        .map(|bucket| bucket.first.to_string())
        .collect();
    assert_eq!(days, ["2011-12-29", "2011-12-31"]);
}

fn check_hours(zone_name: &str, day: &str, expected_hours: f64) {
    let calendar = calendar(zone_name, Weekday::Monday, 1);
    let start = calendar.day_start(date(day)).expect("a day");
    let bucket = calendar
        .buckets(Grain::Day, start, after(start), 2)
        .expect("one")[0];
    let hours = bucket.end.duration_since(bucket.start).as_secs_f64() / 3600.0;
    assert_eq!(hours, expected_hours, "{day} in {zone_name}");
}

fn after(at: Timestamp) -> Timestamp {
    at.checked_add(1.microsecond()).expect("in range")
}

#[test]
fn days_of_a_clock_change_are_shorter_or_longer() {
    check_hours("Europe/Berlin", "2026-03-29", 23.0);
    check_hours("Europe/Berlin", "2026-10-25", 25.0);
    check_hours("Australia/Lord_Howe", "2026-04-05", 24.5);
    check_hours("America/Havana", "2026-03-08", 23.0);
    check_hours("Asia/Beirut", "2026-10-24", 25.0);
    check_hours("Asia/Kolkata", "2026-06-01", 24.0);
}

fn check_label(grain: Grain, week_start: Weekday, fiscal: i8, day: &str, expected: &str) {
    let calendar = calendar("UTC", week_start, fiscal);
    let first = calendar.floor(grain, date(day)).expect("in range");
    assert_eq!(calendar.label(grain, first), expected, "{day}");
}

#[test]
fn weeks_are_labelled_by_iso_year_only_when_they_start_on_monday() {
    let week = |start, day, expected| check_label(Grain::Week, start, 1, day, expected);
    week(Weekday::Monday, "2026-06-03", "2026-W23");
    week(Weekday::Monday, "2026-12-31", "2026-W53");
    week(Weekday::Monday, "2027-01-01", "2026-W53");
    week(Weekday::Monday, "2027-01-04", "2027-W01");
    week(Weekday::Monday, "2024-12-30", "2025-W01");
    week(Weekday::Sunday, "2026-06-03", "wk 2026-05-31");
    week(Weekday::Saturday, "2026-06-05", "wk 2026-05-30");
    week(Weekday::Saturday, "2026-06-06", "wk 2026-06-06");
}

#[test]
fn days_months_and_fiscal_quarters_are_labelled() {
    let label = |grain, fiscal, day, expected| {
        check_label(grain, Weekday::Monday, fiscal, day, expected);
    };
    label(Grain::Day, 1, "2026-06-01", "2026-06-01");
    label(Grain::Month, 1, "2026-06-30", "2026-06");
    label(Grain::Quarter, 1, "2026-06-30", "2026-Q2");
    label(Grain::Quarter, 1, "2026-01-01", "2026-Q1");
    label(Grain::Quarter, 4, "2026-04-01", "FY2027-Q1");
    label(Grain::Quarter, 4, "2026-03-31", "FY2026-Q4");
    label(Grain::Quarter, 10, "2026-11-15", "FY2027-Q1");
    label(Grain::Quarter, 10, "2026-09-30", "FY2026-Q4");
    label(Grain::Quarter, 2, "2026-01-31", "FY2026-Q4");
    label(Grain::Quarter, 12, "2026-12-01", "FY2027-Q1");
}

#[test]
fn a_fiscal_year_begins_in_its_month() {
    let first = |fiscal, day| {
        calendar("UTC", Weekday::Monday, fiscal)
            .fiscal_year_first(date(day))
            .expect("in range")
    };
    assert_eq!(first(1, "2026-06-30"), date("2026-01-01"));
    assert_eq!(first(4, "2026-03-31"), date("2025-04-01"));
    assert_eq!(first(4, "2026-04-01"), date("2026-04-01"));
}

#[test]
fn more_buckets_than_allowed_are_not_returned() {
    let utc = calendar("UTC", Weekday::Monday, 1);
    let from = utc.day_start(date("2026-01-01")).expect("a day");
    let to = utc.day_start(date("2026-01-11")).expect("a day");
    assert_eq!(
        utc.buckets(Grain::Day, from, to, 10)
            .map(|buckets| buckets.len()),
        Some(10)
    );
    assert_eq!(utc.buckets(Grain::Day, from, to, 9), None);
}

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
];

proptest! {
    #[test]
    fn buckets_cover_the_range_without_holes(
        zone_idx in 0..ZONES.len(),
        start_s in 0_i64..2_000_000_000,
        length_s in 1_i64..40_000_000,
        grain_idx in 0_usize..4,
        week_idx in 0_usize..3,
        fiscal in 1_i8..=12,
    ) {
        let week_start = [Weekday::Monday, Weekday::Sunday, Weekday::Saturday][week_idx];
        let grain = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter][grain_idx];
        let calendar = calendar(ZONES[zone_idx], week_start, fiscal);
        let from = Timestamp::from_second(start_s).expect("in range");
        let to = Timestamp::from_second(start_s + length_s).expect("in range");
        let buckets = calendar.buckets(grain, from, to, 2_000).expect("few");
        prop_assert!(buckets[0].start <= from && from < buckets[0].end);
        let last = buckets[buckets.len() - 1];
        prop_assert!(last.start < to && to <= last.end);
        for pair in buckets.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
        for bucket in &buckets {
            prop_assert!(bucket.start < bucket.end);
            prop_assert_eq!(calendar.floor(grain, bucket.first), Some(bucket.first));
            prop_assert_eq!(calendar.date(bucket.start), bucket.first);
        }
    }
}
