//! The triangle and the curve: cells, days, what is left out, and how they are written.

use expect_test::expect;

use super::*;
use crate::kpi::{Cell, Grain, Table};

fn rows_of<'a>(table: &'a Table, wanted: &str) -> Vec<&'a Vec<Cell>> {
    let is_wanted = |row: &&Vec<Cell>| row[0] == Cell::Text(wanted.to_owned());
    table.rows.iter().filter(is_wanted).collect()
}

#[test]
fn a_cohort_is_a_row_of_months() {
    let answer = ask("cohort", &table());
    assert_eq!(answer.grain, Grain::Month);
    let table = &answer.tables.as_ref().expect("tables").main;
    let there = |label: &str| -> Vec<Cell> {
        rows_of(table, label)
            .iter()
            .map(|row| row[3].clone())
            .collect()
    };
    let counts =
        |counts: &[u64]| -> Vec<Cell> { counts.iter().copied().map(Cell::Count).collect() };
    // January to June, June included: it ended at the instant of the answer.
    assert_eq!(there("2026-01"), counts(&[60, 60, 60, 60, 40, 40]));
    assert_eq!(there("2026-03"), counts(&[10, 10, 10, 10]));
    assert_eq!(there("all"), counts(&[70, 70, 70, 70, 40, 40]));
    assert_eq!(rows_of(table, "all")[4][2], Cell::Count(60));
    assert_eq!(rows_of(table, "2026-02").len(), 0);
    assert!(answer.notes[0].contains("12 months"), "{:?}", answer.notes);
    assert!(answer.series.is_empty());
}

#[test]
fn cohorts_before_records_begin_are_left_out() {
    let settings = Settings {
        retention: RetentionRules {
            records_begin: Some(date("2026-02-15")),
            ..RetentionRules::default()
        },
        ..settings()
    };
    let answer = try_ask("cohort", &settings, &table()).expect("an answer");
    let table = &answer.tables.as_ref().expect("tables").main;
    assert!(rows_of(table, "2026-01").is_empty());
    assert_eq!(rows_of(table, "2026-03").len(), 4);
    assert!(
        answer.notes[0].contains("2 months before records begin"),
        "{:?}",
        answer.notes
    );
}

#[test]
fn small_cohorts_are_hidden() {
    let rows = (0..4)
        .map(|idx| Row::contract(&format!("c{idx}"), "2026-04-01T09:00:00Z", None, 1.0, "EUR"));
    let answer = ask("cohort", &RowTable::new(rows));
    let table = &answer.tables.as_ref().expect("tables").main;
    let first = rows_of(table, "2026-04")[0];
    assert_eq!(first[2..7], [const { Cell::Missing }; 5]);
    assert_eq!(first[7], Cell::Text("hidden".to_owned()));
}

#[test]
fn long_histories_show_their_last_ten_years_and_longer_ranges_are_refused() {
    let rows = (0..12).map(|idx| {
        let year = if idx < 6 { "1999" } else { "2025" };
        Row::contract(
            &format!("c{idx}"),
            &format!("{year}-04-01T09:00:00Z"),
            None,
            1.0,
            "EUR",
        )
    });
    let rows = RowTable::new(rows);
    let answer = ask("cohort", &rows);
    assert_eq!(answer.notes[0], "only the last 120 months are shown");
    let table = &answer.tables.as_ref().expect("tables").main;
    assert!(rows_of(table, "1999-04").is_empty() && !rows_of(table, "2025-04").is_empty());
    let error = try_ask("cohort range=20y", &settings(), &rows).expect_err("too long");
    assert_eq!(
        error.to_string(),
        "the range has more than 120 buckets of one month"
    );
}

#[test]
fn survival_is_read_off_its_curve() {
    let answer = ask("survival", &table());
    let tables = answer.tables.as_ref().expect("tables");
    // Two of 72 left after ten days, twenty after 125: 10 May is 125 days after 5 January.
    let steps: Vec<&[Cell]> = tables.main.rows.iter().map(|row| &row[..3]).collect();
    assert_eq!(
        steps,
        [
            [Cell::Count(10), Cell::Count(72), Cell::Count(2)],
            [Cell::Count(125), Cell::Count(60), Cell::Count(20)],
        ]
    );
    let of = |name: &str| {
        let found = tables.further.iter().find(|(known, _)| *known == name);
        &found.expect(name).1
    };
    assert_eq!(
        of("groups").rows[0][..3],
        [Cell::Count(72), Cell::Count(22), Cell::Missing]
    );
    let days = &of("days").rows;
    let Cell::Number(at_30) = days[0][2] else {
        panic!("a share: {days:?}");
    };
    close(Some(at_30), 100.0 * 70.0 / 72.0);
    assert_eq!(days[3][2..], [const { Cell::Missing }; 3]);
    assert_eq!((answer.total.value, answer.total.n), (None, Some(72)));
    assert_eq!(tables.comparison, None);
}

#[test]
fn two_groups_are_compared() {
    let answer = ask("survival by=segment", &table());
    let tables = answer.tables.as_ref().expect("tables");
    let test = tables.comparison.expect("two groups");
    assert_eq!(test.test, "log_rank");
    assert!((0.0..=1.0).contains(&test.p));
    let alone = ask("survival where.segment=small", &table());
    let small: Vec<Vec<Cell>> = rows_of(&tables.main, "small")
        .iter()
        .map(|row| row[1..].to_vec())
        .collect();
    assert_eq!(small, alone.tables.expect("tables").main.rows);
}

#[test]
fn who_came_before_records_begin_enters_late() {
    let settings = Settings {
        retention: RetentionRules {
            records_begin: Some(date("2026-02-04")),
            ..RetentionRules::default()
        },
        ..settings()
    };
    let answer = try_ask("survival", &settings, &table()).expect("an answer");
    let main = &answer.tables.as_ref().expect("tables").main;
    // On day 10 only the customers of March are under observation.
    assert_eq!(
        main.rows[0][..3],
        [Cell::Count(10), Cell::Count(12), Cell::Count(2)]
    );
    assert_eq!(
        main.rows[1][..3],
        [Cell::Count(125), Cell::Count(60), Cell::Count(20)]
    );
}

#[test]
fn days_are_civil() {
    // From noon to noon is one day, also the night the clocks change; 11:59 is none.
    let pairs = [
        ("2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z", 1),
        ("2026-03-28T11:00:00Z", "2026-03-29T09:59:00Z", 0),
        ("2026-10-24T10:00:00Z", "2026-10-25T11:00:00Z", 1),
        ("2026-10-24T10:00:00Z", "2026-10-25T10:59:00Z", 0),
    ];
    for (start, end, expected) in pairs {
        let rows =
            (0..12).map(|idx| Row::contract(&format!("c{idx}"), start, Some(end), 1.0, "EUR"));
        let answer = answer(
            &query("survival"),
            &settings(),
            at("2026-12-01T00:00:00Z"),
            &RowTable::new(rows),
        );
        let tables = answer.expect("an answer").tables.expect("tables");
        assert_eq!(
            tables.main.rows[0][0],
            Cell::Count(expected),
            "{start} to {end}"
        );
    }
}

#[test]
fn tables_are_written_in_every_form() {
    let answer = ask("survival by=segment", &table());
    let body = json(&answer);
    assert!(body.get("series").is_none());
    assert_eq!(body["table"]["columns"][0]["name"], "key");
    assert_eq!(body["table"]["columns"][1]["unit"], "days");
    assert_eq!(body["days"]["rows"].as_array().map(Vec::len), Some(8));
    assert!(body["log_rank"]["p"].is_number());
    assert_eq!(body["active"], "contract");
    let csv = format::csv(&answer);
    assert!(
        csv.starts_with("key,day,at_risk,ended,value,low,high\n"),
        "{csv}"
    );
    assert_eq!(
        csv.lines().count(),
        1 + answer.tables.as_ref().expect("tables").main.rows.len()
    );
    let text = format::table(&answer);
    assert!(
        text.contains("log-rank: chi-square") && text.contains("median"),
        "{text}"
    );
}

#[test]
fn a_terminal_shows_the_triangle() {
    let text = format::table(&ask("cohort", &table()));
    expect![[r#"
        Cohort retention (per month, Europe/Berlin, active: contract)
        cohort       0      1      2      3     4     5
        2026-01  100.0  100.0  100.0  100.0  66.7  66.7
        2026-03   83.3   83.3   83.3   83.3
        all       97.2   97.2   97.2   97.2  66.7  66.7
        note: no headline: no 10 customers came 12 months ago or earlier
    "#]]
    .assert_eq(&text);
}
