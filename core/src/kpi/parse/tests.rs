//! Parameters as people write them, right and wrong.

use super::*;

#[test]
fn a_range_is_read_and_written_the_same() {
    for given in [
        "all",
        "ytd",
        "90d",
        "12w",
        "6mo",
        "2y",
        "2026-01-01..2026-06-30",
        "2026-01-01T00:00:00Z..2026-06-30",
    ] {
        let range: Range = given.parse().expect(given);
        assert_eq!(range.to_string(), given);
    }
}

#[test]
fn a_bad_range_is_told_what_is_allowed() {
    for given in [
        "",
        "90",
        "d",
        "0d",
        "-1d",
        "90 d",
        "12m",
        "101y",
        "99999999999d",
        "last week",
        "9é",
    ] {
        let error = given.parse::<Range>().expect_err(given).to_string();
        assert!(
            error.contains("`90d`") && error.contains(&format!("`{given}`")),
            "{error}"
        );
    }
    for given in [
        "2026-02-30..2026-06-30",
        "..2026-06-30",
        "2026-01-01..",
        "1..2",
    ] {
        let error = given.parse::<Range>().expect_err(given).to_string();
        assert!(error.contains("RFC 3339"), "{error}");
    }
    let error = "2026-06-30..2026-06-30"
        .parse::<Range>()
        .expect_err("empty")
        .to_string();
    assert_eq!(
        error,
        "the range ends at `2026-06-30`, which is not after its start `2026-06-30`"
    );
}

#[test]
fn a_range_is_given_one_way_only() {
    check_parts((Some("90d"), None, None), Ok(Some(Range::Days(90))));
    check_parts((None, None, None), Ok(None));
    check_parts(
        (None, Some("2026-01-01"), None),
        Err(ParseError::RangeParts),
    );
    check_parts(
        (Some("all"), Some("2026-01-01"), None),
        Err(ParseError::RangeParts),
    );
}

fn check_parts(
    parts: (Option<&str>, Option<&str>, Option<&str>),
    expected: Result<Option<Range>, ParseError>,
) {
    assert_eq!(range(parts.0, parts.1, parts.2), expected);
}

#[test]
fn a_bad_choice_names_the_list_and_the_nearest() {
    let error = "weeks"
        .parse::<Grain>()
        .expect_err("no such grain")
        .to_string();
    assert_eq!(
        error,
        "`weeks` is not a grain; it is one of `day`, `week`, `month`, `quarter`; \
         did you mean `week`?"
    );
    let error = "gauge"
        .parse::<ChartKind>()
        .expect_err("no such chart")
        .to_string();
    assert_eq!(
        error,
        "`gauge` is not a chart; it is one of `number`, `trend`, `stack`, \
         `distribution`, `bars`, `table`, `cohort`, `survival`, `bridge`, \
         `bullet`, `control`, `quadrant`, `pareto`, `slope`, `funnel`"
    );
}

#[test]
fn values_split_at_commas_that_are_not_escaped() {
    check_values("a,b", &[Some("a"), Some("b")]);
    check_values(r"a\,b,c", &[Some("a,b"), Some("c")]);
    check_values("(none)", &[None]);
    check_values(r"\(none)", &[Some("(none)")]);
    check_values(r"a\\,b", &[Some(r"a\"), Some("b")]);
    check_values("", &[]);
    check_values(",a,", &[Some("a")]);
    check_values("é ü,(none)", &[Some("é ü"), None]);
}

fn check_values(given: &str, expected: &[Option<&str>]) {
    let expected: Vec<Option<String>> = expected
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect();
    assert_eq!(values(given), expected, "{given}");
    assert_eq!(values(&written(&expected)), expected, "{given}");
}

#[test]
fn filters_of_one_dimension_add_up() {
    let read = filters([
        ("where.segment", "a,b"),
        ("segment", "b,c"),
        ("channel", "(none)"),
    ])
    .expect("valid filters");
    assert_eq!(written(&read["segment"]), "a,b,c");
    assert_eq!(read["channel"], [None]);
}

#[test]
fn a_filter_without_value_or_with_too_many_is_refused() {
    let error = filters([("where.segment", "")]).expect_err("no value");
    assert_eq!(
        error,
        ParseError::FilterEmpty {
            dimension: "segment".to_owned()
        }
    );
    let many: Vec<String> = (0..=FILTER_VALUES_MAX).map(|idx| idx.to_string()).collect();
    assert_eq!(
        filters([("x", many.join(",").as_str())]),
        Err(ParseError::FilterSize)
    );
}

#[test]
fn a_date_is_the_start_of_its_civil_day() {
    let berlin = timezone("Europe/Berlin").expect("a zone");
    let start = instant("2026-07-01", &berlin).expect("a date");
    assert_eq!(start.to_string(), "2026-06-30T22:00:00Z");
    let exact = instant("2026-07-01T00:00:00+05:30", &berlin).expect("a time");
    assert_eq!(exact.to_string(), "2026-06-30T18:30:00Z");
    assert!(instant("2026-7-1", &berlin).is_err());
    assert!(instant("9999-12-31", &berlin).is_err());
}

#[test]
fn a_zone_must_be_in_the_database() {
    assert!(timezone("Europe/Berlln").is_err());
    assert!(timezone("").is_err());
    assert!(timezone("UTC").is_ok());
}
