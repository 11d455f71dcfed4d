//! Helpdesk questions against tickets in memory: every sentence of the definitions.

use super::*;
use crate::kpi::format;
use crate::kpi::hours::{BusinessHours, Opening};

mod history;
mod quality;
mod share;

/// Every KPI of the helpdesk.
const ALL: [&str; 8] = [
    "first_reply_time",
    "resolution_time",
    "fcr",
    "reopen_rate",
    "backlog",
    "sla",
    "bot_containment",
    "quality_score",
];

fn plus(from: &str, seconds: i64) -> String {
    let later = at(from).checked_add(SignedDuration::from_secs(seconds));
    later.expect("in range").to_string()
}

/// A ticket that was replied to once and solved after so many seconds, never to come again.
fn solved(id: impl ToString, created_at: &str, seconds: i64) -> Row {
    Row::ticket(id, created_at)
        .when("first_reply_at", &plus(created_at, seconds))
        .when("solved_at", &plus(created_at, seconds))
        .number("replies", 1.0)
        .number("reopens", 0.0)
}

fn tickets(prefix: &str, n: usize, created_at: &str, seconds: i64) -> Vec<Row> {
    (0..n)
        .map(|idx| solved(format!("{prefix}{idx}"), created_at, seconds))
        .collect()
}

fn values(text: &str, table: &RowTable) -> Vec<(String, Option<f64>)> {
    let points = &ask(text, table).series[0].points;
    points
        .iter()
        .map(|point| (point.label.clone(), point.score.value))
        .collect()
}

fn count(score: &Score, name: &str) -> u64 {
    let found = score.counts.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no count {name}")).1
}

#[test]
fn without_tickets_there_is_no_value_and_no_minus_zero() {
    for kpi in ALL {
        let answer = ask(&format!("{kpi} range=2d"), &RowTable::default());
        let expected = (kpi == "backlog").then_some(0.0);
        assert_eq!(
            (answer.total.value, answer.total.n),
            (expected, Some(0)),
            "{kpi}"
        );
        assert_eq!(answer.series[0].points.len(), 2, "{kpi}");
        let text = format::json(&answer).to_string();
        assert!(
            !text.contains("NaN") && !text.contains("-0.0"),
            "{kpi}: {text}"
        );
        assert!(ask(kpi, &RowTable::default()).series[0].points.is_empty());
    }
}

#[test]
fn one_ticket_is_hidden_but_counted_in_the_backlog() {
    let table = RowTable::new([solved("t", "2026-06-01T08:00:00Z", 60)]);
    for kpi in ["first_reply_time", "resolution_time", "fcr", "reopen_rate"] {
        let total = ask(kpi, &table).total;
        assert_eq!((total.base, total.n), (Base::Hidden, None), "{kpi}");
        assert!(
            total.secondary.is_empty() && total.counts.is_empty(),
            "{kpi}"
        );
    }
    let open = RowTable::new([Row::ticket("t", "2026-06-01T08:00:00Z")]);
    assert_eq!(ask("backlog", &open).total.value, Some(1.0));
}

#[test]
fn tickets_of_few_customers_are_hidden() {
    let of = |n_customers: usize| {
        let rows = tickets("t", 40, "2026-06-01T08:00:00Z", 60).into_iter();
        RowTable::new(
            rows.enumerate()
                .map(|(idx, row)| row.text("customer", &format!("c{}", idx % n_customers))),
        )
    };
    assert_eq!(ask("resolution_time", &of(4)).total.base, Base::Hidden);
    assert_eq!(ask("resolution_time", &of(5)).total.base, Base::Ok);
}

#[test]
fn all_equal_times_have_an_interval_of_that_time() {
    let table = RowTable::new(tickets("t", 40, "2026-06-01T08:00:00Z", 300));
    let total = ask("first_reply_time", &table).total;
    assert_eq!(
        (total.value, total.low, total.high),
        (Some(300.0), Some(300.0), Some(300.0))
    );
    assert_eq!(total.secondary[0], ("p90", 300.0));
}

#[test]
fn a_time_counts_in_the_bucket_of_its_end() {
    let month_s = 31 * 86_400;
    let mut rows = tickets("a", 12, "2026-05-31T12:00:00Z", 60);
    rows.extend(tickets("b", 12, "2026-05-15T12:00:00Z", month_s));
    let table = RowTable::new(rows);
    for kpi in ["first_reply_time", "resolution_time"] {
        let found = values(&format!("{kpi} grain=month"), &table);
        let expected = [
            ("2026-05".to_owned(), Some(60.0)),
            ("2026-06".to_owned(), Some(month_s as f64)),
        ];
        assert_eq!(found, expected, "{kpi}");
    }
}

#[test]
fn a_reply_before_the_opening_does_not_count_and_one_at_once_does() {
    let mut rows = tickets("at-once", 12, "2026-06-01T08:00:00Z", 0);
    rows.extend(tickets("before", 20, "2026-06-01T08:00:00Z", -60));
    let total = ask("first_reply_time", &RowTable::new(rows)).total;
    assert_eq!((total.value, total.n), (Some(0.0), Some(12)));
}

#[test]
fn what_is_open_is_told_beside_the_times() {
    let mut rows = tickets("t", 12, "2026-06-01T08:00:00Z", 60);
    rows.push(Row::ticket("open", "2026-06-02T08:00:00Z"));
    rows.push(
        Row::ticket("replied", "2026-06-02T08:00:00Z")
            .when("first_reply_at", "2026-06-02T09:00:00Z"),
    );
    rows.push(
        Row::ticket("closed", "2026-06-02T08:00:00Z").when("closed_at", "2026-06-02T10:00:00Z"),
    );
    let table = RowTable::new(rows);
    assert_eq!(count(&ask("resolution_time", &table).total, "open"), 2);
    assert_eq!(count(&ask("first_reply_time", &table).total, "open"), 1);
    // A bucket in which nothing was solved still says so.
    let quiet = ask("resolution_time range=2026-06-03..2026-06-04", &table);
    assert_eq!((quiet.total.value, count(&quiet.total, "open")), (None, 2));
}

#[test]
fn elapsed_time_is_that_of_the_clock_when_it_is_turned() {
    // 29 March 2026 has 23 hours in Berlin, 25 October 2026 has 25: from noon to noon.
    let check = |created: &str, solved_at: &str, hours: f64| {
        let rows = (0..12).map(|idx| {
            let row = Row::ticket(idx, created);
            row.when("solved_at", solved_at)
                .when("first_reply_at", solved_at)
        });
        let now = at("2027-01-01T00:00:00Z");
        let question = query("resolution_time grain=day");
        let answer = answer(&question, &settings(), now, &RowTable::new(rows)).expect("an answer");
        assert_eq!(answer.total.value, Some(hours * 3_600.0), "{created}");
    };
    check("2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z", 23.0);
    check("2026-10-24T10:00:00Z", "2026-10-25T11:00:00Z", 25.0);
}

#[test]
fn the_total_is_the_median_of_all_tickets_not_a_mean_of_medians() {
    let mut rows = tickets("a", 30, "2026-05-10T08:00:00Z", 100);
    rows.extend(tickets("b", 10, "2026-06-10T08:00:00Z", 900));
    let answer = ask("resolution_time grain=month", &RowTable::new(rows));
    assert_eq!(answer.total.value, Some(100.0));
}

fn office() -> BusinessHours {
    let day = vec![Opening {
        from: jiff::civil::time(9, 0, 0, 0),
        to: Some(jiff::civil::time(17, 0, 0, 0)),
    }];
    let mut week: [Vec<Opening>; 7] = std::array::from_fn(|_| day.clone());
    (week[5], week[6]) = (Vec::new(), Vec::new());
    BusinessHours {
        timezone: civil::zone("Europe/Berlin").expect("a zone"),
        week,
        holidays: ["2026-06-04".parse().expect("a day")].into(),
    }
}

/// Wednesday, 16:00 in Berlin, over a holiday to Friday, 10:00: two hours of an office.
fn over_a_holiday(id: usize) -> Row {
    let row = Row::ticket(id, "2026-06-03T14:00:00Z");
    row.when("solved_at", "2026-06-05T08:00:00Z")
}

fn resolution(settings: &Settings, rows: Vec<Row>) -> Answer {
    let question = query("resolution_time");
    answer(&question, settings, at(NOW), &RowTable::new(rows)).expect("an answer")
}

#[test]
fn business_hours_count_where_they_are_known() {
    let plain = settings();
    let with_hours = Settings {
        business_hours: Some(office()),
        ..settings()
    };
    let calendar = Settings {
        clock: ClockRule::Calendar,
        ..with_hours.clone()
    };
    let rows = || (0..12).map(over_a_holiday).collect::<Vec<_>>();
    let given = || -> Vec<Row> {
        let rows = rows().into_iter();
        rows.map(|row| row.number("business_resolution_s", 1_234.0))
            .collect()
    };
    let check = |settings: &Settings, rows: Vec<Row>, expected_s: f64, n_business: u64| {
        let answer = resolution(settings, rows);
        assert_eq!(answer.total.value, Some(expected_s));
        assert_eq!(count(&answer.total, "business"), n_business);
        assert_eq!(count(&answer.total, "calendar"), 12 - n_business);
        assert_eq!(answer.notes, Vec::<String>::new());
    };
    check(&plain, rows(), 42.0 * 3_600.0, 0);
    check(&with_hours, rows(), 2.0 * 3_600.0, 12);
    check(&calendar, rows(), 42.0 * 3_600.0, 0);
    check(&plain, given(), 1_234.0, 12);
    check(&with_hours, given(), 1_234.0, 12);
    check(&calendar, given(), 42.0 * 3_600.0, 0);
}

#[test]
fn a_mixture_of_clocks_is_said() {
    let rows = (0..12).map(|idx| match idx < 5 {
        true => over_a_holiday(idx).number("business_resolution_s", 60.0),
        false => over_a_holiday(idx),
    });
    let answer = resolution(&settings(), rows.collect());
    assert_eq!(count(&answer.total, "business"), 5);
    assert!(
        answer.notes[0].starts_with("5 of 12 tickets"),
        "{:?}",
        answer.notes
    );
}

#[test]
fn the_backlog_is_what_stands_at_the_end_of_each_bucket() {
    // Midnight in Berlin is 22:00 UTC.
    let midnight = "2026-06-02T22:00:00Z";
    let table = RowTable::new([
        Row::ticket("old", "2019-01-01T00:00:00Z"),
        Row::ticket("opened at the end", midnight),
        Row::ticket("opened just before", "2026-06-02T21:59:59.999999Z"),
        Row::ticket("solved at the end", "2026-06-01T08:00:00Z").when("solved_at", midnight),
        Row::ticket("solved just before", "2026-06-01T08:00:00Z")
            .when("solved_at", "2026-06-02T21:59:59.999999Z"),
        Row::ticket("closed unsolved", "2026-06-01T08:00:00Z")
            .when("closed_at", "2026-06-02T08:00:00Z"),
        Row::ticket("solved before it was opened", "2026-06-03T08:00:00Z")
            .when("solved_at", "2026-06-01T08:00:00Z"),
    ]);
    let found = values("backlog range=2026-06-01..2026-06-05", &table);
    let found: Vec<Option<f64>> = found.into_iter().map(|(_, value)| value).collect();
    // 1 June: old and three of the first; 2 June: old, just before, solved at the end.
    assert_eq!(found, [Some(4.0), Some(3.0), Some(3.0), Some(3.0)]);
    let answer = ask("backlog range=2026-06-01..2026-06-03", &table);
    assert_eq!((answer.total.value, answer.total.n), (Some(3.0), Some(3)));
    assert!(answer.total.low.is_none());
}

#[test]
fn a_backlog_runs_over_days_of_23_and_25_hours() {
    let open = |id, at: &str| Row::ticket(id, at);
    let table = RowTable::new([
        open(1, "2026-03-28T22:30:00Z"),
        open(2, "2026-03-29T21:30:00Z"),
        open(3, "2026-03-29T22:00:00Z"),
    ]);
    let found = values("backlog range=2026-03-28..2026-03-31", &table);
    let found: Vec<Option<f64>> = found.into_iter().map(|(_, value)| value).collect();
    // The 29th ends at 22:00 UTC.
    assert_eq!(found, [Some(1.0), Some(2.0), Some(3.0)]);
    let kolkata = values(
        "backlog range=2026-03-29..2026-03-30 tz=Asia/Kolkata",
        &table,
    );
    assert_eq!(kolkata[0].1, Some(1.0), "the day ends at 18:30 UTC");
}

#[test]
fn groups_of_a_backlog_add_up() {
    let table = RowTable::new([
        Row::ticket(1, "2026-06-01T08:00:00Z").text("team", "north"),
        Row::ticket(2, "2026-06-02T08:00:00Z").text("team", "north"),
        Row::ticket(3, "2026-06-01T08:00:00Z").text("team", "south"),
        Row::ticket(4, "2026-06-01T08:00:00Z"),
    ]);
    let answer = ask("backlog range=2026-06-01..2026-06-03 by=team", &table);
    let lines: Vec<(Option<&str>, Vec<Option<f64>>)> = (answer.series.iter())
        .map(|series| {
            let values = series.points.iter().map(|point| point.score.value);
            (series.key.as_deref(), values.collect())
        })
        .collect();
    assert_eq!(
        lines,
        [
            (Some("north"), vec![Some(1.0), Some(2.0)]),
            (Some("(none)"), vec![Some(1.0), Some(1.0)]),
            (Some("south"), vec![Some(1.0), Some(1.0)]),
        ]
    );
    let north = ask(
        "backlog range=2026-06-01..2026-06-03 where.team=north",
        &table,
    );
    assert_eq!(north.series[0].points, answer.series[0].points);
    assert_eq!(answer.total.value, Some(4.0));
}

#[test]
fn the_open_tickets_beside_the_times_are_the_backlog() {
    let mut rows = tickets("t", 40, "2026-05-20T08:00:00Z", 400_000);
    for day in 1..20 {
        rows.push(Row::ticket(day, &format!("2026-05-{day:02}T08:00:00Z")));
    }
    let table = RowTable::new(rows);
    let times = ask(
        "resolution_time range=2026-05-01..2026-06-01 grain=day",
        &table,
    );
    let backlog = ask("backlog range=2026-05-01..2026-06-01 grain=day", &table);
    for (time, open) in times.series[0].points.iter().zip(&backlog.series[0].points) {
        if time.score.base != Base::Hidden {
            let open = open.score.value.map(|value| value as u64);
            assert_eq!(Some(count(&time.score, "open")), open, "{}", time.label);
        }
    }
    assert_eq!(times.total.n, Some(40));
}

const CUSTOMER: &str = "customer";

#[test]
fn a_ticket_is_in_every_group_of_its_tags() {
    let mut rows = tickets("t", 24, "2026-06-01T08:00:00Z", 60);
    for (idx, row) in rows.iter_mut().enumerate() {
        row.tags = vec!["vip".to_owned()];
        if idx < 12 {
            row.tags.push("late".to_owned());
        }
    }
    let table = RowTable::new(rows);
    let answer = ask("resolution_time by=tag", &table);
    let sizes: Vec<(Option<&str>, Option<u64>)> = (answer.series.iter())
        .map(|series| (series.key.as_deref(), series.total.n))
        .collect();
    assert_eq!(sizes, [(Some("vip"), Some(24)), (Some("late"), Some(12))]);
    assert!(!answer.is_additive);
    let late = ask("resolution_time where.tag=late", &table);
    assert_eq!(late.total, answer.series[1].total);
    let none = ask("resolution_time where.tag=(none)", &table);
    assert_eq!(none.total.n, Some(0));
}

#[test]
fn the_last_bucket_is_marked_while_it_runs() {
    let table = RowTable::new(tickets("t", 12, "2026-06-30T08:00:00Z", 60));
    for kpi in ["first_reply_time", "resolution_time", "backlog"] {
        let answer = ask(&format!("{kpi} grain=week range=2w"), &table);
        let points = &answer.series[0].points;
        let marks: Vec<bool> = points.iter().map(|point| point.is_complete).collect();
        assert_eq!(marks, [true, false], "{kpi}");
    }
}

#[test]
fn times_are_plain_seconds_for_programs_and_words_for_people() {
    let table = RowTable::new(tickets("t", 40, "2026-06-01T08:00:00Z", 196_080));
    let answer = ask("resolution_time grain=month", &table);
    let json = format::json(&answer);
    assert_eq!(
        (&json["unit"], &json["total"]["value"]),
        (&"seconds".into(), &196_080.0.into())
    );
    assert_eq!(json["total"]["secondary"]["p90"], 196_080.0);
    assert!(format::csv(&answer).contains(",196080.0,196080.0,196080.0,40,ok,"));
    let table = format::table(&answer);
    assert!(
        table.contains("2.3 days") && !table.contains("196080"),
        "{table}"
    );
}
