//! Formats, zones, and the days on which a zone changes.

use super::*;

fn check(format: Option<&str>, zone: &str, text: &str, expected: Option<&str>) {
    let zone = TimeZone::get(zone).expect("known zone");
    let mut reader = InstantReader::new(format, zone);
    let read = reader.read_us(text);
    let expected = expected.map(|text| text.parse::<Timestamp>().expect("valid").as_microsecond());
    assert_eq!(read, expected, "{text}");
    assert_eq!(
        reader.read_slowly(text.trim_ascii()),
        expected,
        "{text}, slowly"
    );
}

#[test]
fn formats_are_read_in_their_zone() {
    let check = |text, expected| check(Some("%d/%m/%Y %H:%M"), "Europe/London", text, expected);
    check("11/04/2018 20:09", Some("2018-04-11T19:09:00Z"));
    check("01/01/2018 00:00", Some("2018-01-01T00:00:00Z"));
    check("1/4/2018 7:05", Some("2018-04-01T06:05:00Z"));
    for wrong in [
        "31/02/2018 10:00",
        "11/13/2018 10:00",
        "11/04/2018",
        "11/04/2018 24:00",
        "",
    ] {
        check(wrong, None);
    }
}

#[test]
fn skipped_times_move_forward_and_repeated_ones_are_the_first() {
    let check = |text, expected| check(Some("%Y-%m-%d %H:%M"), "Europe/London", text, expected);
    check("2018-03-25 00:59", Some("2018-03-25T00:59:00Z"));
    check("2018-03-25 01:30", Some("2018-03-25T01:30:00Z"));
    check("2018-03-25 02:00", Some("2018-03-25T01:00:00Z"));
    check("2018-10-28 01:30", Some("2018-10-28T00:30:00Z"));
    check("2018-10-28 02:00", Some("2018-10-28T02:00:00Z"));
}

#[test]
fn without_a_format_it_is_iso_8601() {
    let check = |text, expected| check(None, "Asia/Kolkata", text, expected);
    check("2026-05-13T10:00:00Z", Some("2026-05-13T10:00:00Z"));
    check(
        "2026-05-13T10:00:00.1234567Z",
        Some("2026-05-13T10:00:00.123456Z"),
    );
    check("2026-05-13 10:00:00+02:00", Some("2026-05-13T08:00:00Z"));
    check("2026-05-13T10:00:00", Some("2026-05-13T04:30:00Z"));
    check("2026-05-13", Some("2026-05-12T18:30:00Z"));
    check("2026-05-13T10:00", Some("2026-05-13T04:30:00Z"));
    for wrong in ["13.05.2026", "2026-13-01", "yesterday"] {
        check(wrong, None);
    }
}

#[test]
fn names_and_offsets_in_a_format_are_read() {
    check(
        Some("%b %d, %Y %I:%M %p"),
        "UTC",
        "May 13, 2026 01:05 PM",
        Some("2026-05-13T13:05:00Z"),
    );
    check(
        Some("%Y-%m-%d %H:%M %z"),
        "UTC",
        "2026-05-13 10:00 +0200",
        Some("2026-05-13T08:00:00Z"),
    );
    check(
        Some("%s"),
        "UTC",
        "1760377242",
        Some("2025-10-13T17:40:42Z"),
    );
}

#[test]
fn a_day_without_one_offset_is_not_remembered_as_one() {
    let zone = TimeZone::get("Australia/Lord_Howe").expect("known zone");
    let mut reader = InstantReader::new(None, zone.clone());
    for minute in 0..(3 * 24 * 60) {
        let civil = DateTime::constant(2026, 4, 4, 0, 0, 0, 0)
            .checked_add(jiff::Span::new().minutes(minute))
            .expect("in range");
        let text = civil.strftime("%Y-%m-%d %H:%M:00").to_string();
        assert_eq!(reader.read_us(&text), civil_us(civil, &zone), "{text}");
    }
}

#[test]
fn a_format_that_names_no_day_is_refused() {
    assert!(check_format("%d/%m/%Y").is_ok());
    assert!(check_format("%s").is_ok());
    for wrong in ["%H:%M", "%Q!", "%d/%m", "%"] {
        assert!(check_format(wrong).is_err(), "{wrong}");
    }
}
