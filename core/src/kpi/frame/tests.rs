//! Ranges, cut and provisional buckets, and the earlier range that is a fair comparison.

use jiff::civil::Weekday;

use super::*;
use crate::kpi::{ClockRule, Settings, civil};

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn settings(zone_name: &str) -> Settings {
    Settings {
        timezone: civil::zone(zone_name).expect(zone_name),
        week_start: Weekday::Monday,
        fiscal_year_start: 1,
        min_group: 5,
        min_group_verbatim: 10,
        agents: crate::kpi::AgentRules::default(),
        library: std::sync::Arc::default(),
        provisional: SignedDuration::from_hours(48),
        response_window: SignedDuration::from_hours(14 * 24),
        relevant_points: 3.0,
        relevant_percent: 2.0,
        dimensions: std::collections::BTreeMap::new(),
        questions: std::collections::BTreeMap::new(),
        positives: std::collections::BTreeMap::new(),
        retention: crate::kpi::RetentionRules::default(),
        goals: std::collections::BTreeMap::new(),
        clock: ClockRule::Business,
        business_hours: None,
    }
}

/// A range in Berlin, asked on Wednesday, 3 June 2026, at 12:00 local time.
fn berlin(range: &str, grain: Option<Grain>) -> Frame {
    frame("Europe/Berlin", range, grain, "2026-06-03T10:00:00Z").expect(range)
}

fn frame(
    zone_name: &str,
    range: &str,
    grain: Option<Grain>,
    as_of: &str,
) -> Result<Frame, KpiError> {
    let settings = settings(zone_name);
    let calendar = Calendar::new(&settings, None);
    FrameRequest {
        range: range.parse().expect(range),
        grain,
        rolling: None,
        calendar: &calendar,
        as_of: at(as_of),
        maturity: SignedDuration::ZERO,
        provisional: settings.provisional,
        extent: Some((at("2017-12-05T09:00:00Z"), at("2018-06-20T09:00:00Z"))),
    }
    .frame()
}

fn check(range: &str, grain: Option<Grain>, expected: (&str, &str, &str, usize)) {
    let frame = berlin(range, grain);
    let labels = (
        frame.slots[0].label.as_str(),
        frame.slots[frame.slots.len() - 1].label.as_str(),
    );
    let (first, last, grain_name, n_slots) = expected;
    assert_eq!(labels, (first, last), "{range}");
    assert_eq!(frame.grain.to_string(), grain_name, "{range}");
    assert_eq!(frame.slots.len(), n_slots, "{range}");
}

#[test]
fn a_relative_range_starts_with_its_bucket_and_ends_today() {
    check("1d", None, ("2026-06-03", "2026-06-03", "day", 1));
    check("90d", None, ("2026-03-06", "2026-06-03", "day", 90));
    check("120d", None, ("2026-02-04", "2026-06-03", "day", 120));
    check("121d", None, ("2026-W06", "2026-W23", "week", 18));
    check("12w", None, ("2026-03-16", "2026-06-03", "day", 80));
    check(
        "12w",
        Some(Grain::Week),
        ("2026-W12", "2026-W23", "week", 12),
    );
    check(
        "90d",
        Some(Grain::Week),
        ("2026-W10", "2026-W23", "week", 14),
    );
    check(
        "6mo",
        Some(Grain::Month),
        ("2026-01", "2026-06", "month", 6),
    );
    check(
        "2y",
        Some(Grain::Month),
        ("2024-07", "2026-06", "month", 24),
    );
    check(
        "ytd",
        Some(Grain::Quarter),
        ("2026-Q1", "2026-Q2", "quarter", 2),
    );
    check("100y", None, ("1926-Q3", "2026-Q2", "quarter", 400));
}

#[test]
fn everything_there_is_spans_the_rows() {
    check(
        "all",
        Some(Grain::Month),
        ("2017-12", "2018-06", "month", 7),
    );
    check("all", None, ("2017-W49", "2018-W25", "week", 29));
}

#[test]
fn a_relative_range_ends_at_the_end_of_today() {
    let frame = berlin("12w", Some(Grain::Week));
    assert_eq!(frame.from, at("2026-03-15T23:00:00Z"));
    assert_eq!(frame.to, at("2026-06-03T22:00:00Z"));
    let last = &frame.slots[11];
    assert_eq!(
        (last.start, last.end),
        (at("2026-05-31T22:00:00Z"), at("2026-06-07T22:00:00Z"))
    );
    assert_eq!(last.rows.end, frame.to);
}

fn marks(frame: &Frame) -> Vec<(bool, bool)> {
    frame
        .slots
        .iter()
        .map(|slot| (slot.is_complete, slot.is_provisional))
        .collect()
}

#[test]
fn a_bucket_is_complete_when_it_ended_and_provisional_for_two_days_more() {
    let frame = berlin("5d", None);
    let expected = [
        (true, false),
        (true, false),
        (true, true),
        (true, true),
        (false, true),
    ];
    assert_eq!(marks(&frame), expected);
    let exactly = frame_at_midnight();
    assert_eq!(
        marks(&exactly),
        [(true, false), (true, true), (true, true), (false, true)]
    );
}

fn frame_at_midnight() -> Frame {
    frame("Europe/Berlin", "4d", None, "2026-06-02T22:00:00Z").expect("a frame")
}

#[test]
fn an_explicit_range_is_exact_and_a_bucket_it_cuts_is_incomplete() {
    let frame = berlin("2026-01-15..2026-04-01", Some(Grain::Month));
    let months: Vec<(&str, bool)> = frame
        .slots
        .iter()
        .map(|slot| (slot.label.as_str(), slot.is_complete))
        .collect();
    assert_eq!(
        months,
        [("2026-01", false), ("2026-02", true), ("2026-03", true)]
    );
    assert_eq!(frame.slots[0].start, at("2026-01-14T23:00:00Z"));
    assert_eq!(frame.to, at("2026-03-31T22:00:00Z"));
}

#[test]
fn an_answer_is_valid_until_the_next_bucket_end_settling_or_midnight() {
    // Midnight: the day rolls.
    assert_eq!(
        berlin("12w", Some(Grain::Week)).valid_until,
        at("2026-06-03T22:00:00Z")
    );
    // The week of 25 May ended on 31 May 22:00 UTC and settles two days later.
    let settling = frame(
        "UTC",
        "2026-05-25..2026-06-01",
        Some(Grain::Week),
        "2026-06-02T20:00:00Z",
    );
    assert_eq!(
        settling.expect("a frame").valid_until,
        at("2026-06-03T00:00:00Z")
    );
    // Nothing will change: asked again after a day at the latest.
    let old = frame(
        "UTC",
        "2025-05-01..2025-06-01",
        None,
        "2026-06-02T20:00:00Z",
    );
    assert_eq!(
        old.expect("a frame").valid_until,
        at("2026-06-03T20:00:00Z")
    );
}

#[test]
fn a_range_that_holds_nothing_or_too_much_is_refused() {
    let error = |range, grain| {
        frame("Europe/Berlin", range, grain, "2026-06-03T10:00:00Z").expect_err(range)
    };
    let empty = error("2026-06-01T12:00:00Z..2026-06-01", None);
    assert!(matches!(empty, KpiError::EmptyRange { .. }), "{empty}");
    let long = error("100y", Some(Grain::Day));
    assert_eq!(
        long.to_string(),
        "the range has more than 2000 buckets of one day"
    );
    let long = error("1900-01-01..2200-12-31", Some(Grain::Week));
    assert!(matches!(long, KpiError::TooManyBuckets { .. }), "{long}");
}

fn check_previous(range: &str, grain: Option<Grain>, expected: Option<(&str, &str)>) {
    let previous = berlin(range, grain).previous;
    let expected = expected.map(|(start, end)| plan::Span {
        start: at(start),
        end: at(end),
    });
    assert_eq!(previous, expected, "{range}");
}

#[test]
fn a_range_to_date_is_compared_with_the_same_elapsed_local_time() {
    // Three days before, to 12:00 on the last of them.
    check_previous(
        "3d",
        None,
        Some(("2026-05-28T22:00:00Z", "2026-05-31T10:00:00Z")),
    );
    // This week so far (Monday to Wednesday noon) against last week's.
    check_previous(
        "1w",
        None,
        Some(("2026-05-24T22:00:00Z", "2026-05-27T10:00:00Z")),
    );
    // June so far against May.
    check_previous(
        "1mo",
        None,
        Some(("2026-04-30T22:00:00Z", "2026-05-03T10:00:00Z")),
    );
    // Across the clock change of 29 March: 12:00 in winter is 11:00 UTC.
    let month = Some(Grain::Month);
    check_previous(
        "6mo",
        month,
        Some(("2025-06-30T22:00:00Z", "2025-12-01T11:00:00Z")),
    );
    check_previous(
        "ytd",
        month,
        Some(("2024-12-31T23:00:00Z", "2025-06-03T10:00:00Z")),
    );
    check_previous(
        "1y",
        month,
        Some(("2024-06-30T22:00:00Z", "2025-06-03T10:00:00Z")),
    );
}

#[test]
fn a_range_widened_to_its_bucket_is_compared_with_one_as_long() {
    // 90 days in weeks start on Monday, 2 March: 94 days with today.
    check_previous(
        "90d",
        Some(Grain::Week),
        Some(("2025-11-27T23:00:00Z", "2026-03-01T11:00:00Z")),
    );
}

#[test]
fn a_range_that_is_over_is_compared_with_all_of_the_one_before() {
    check_previous(
        "2026-05-11..2026-05-21",
        None,
        Some(("2026-04-30T22:00:00Z", "2026-05-10T22:00:00Z")),
    );
    // Whole months against as many whole months.
    check_previous(
        "2026-03-01..2026-04-01",
        None,
        Some(("2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z")),
    );
    check_previous(
        "2026-05-01T12:00:00Z..2026-05-02T00:00:00Z",
        None,
        Some(("2026-05-01T00:00:00Z", "2026-05-01T12:00:00Z")),
    );
}

#[test]
fn there_is_nothing_to_compare_all_rows_or_the_future_with() {
    check_previous("all", None, None);
    check_previous("2026-07-01..2026-08-01", None, None);
}

#[test]
fn the_earlier_range_never_reaches_into_the_later_one() {
    // 31 March back one month: 31 days from 1 February would end in March.
    let frame = frame("UTC", "1mo", None, "2026-03-31T18:00:00Z").expect("a frame");
    let previous = frame.previous.expect("a range before");
    assert_eq!(previous.end, frame.from);
}
