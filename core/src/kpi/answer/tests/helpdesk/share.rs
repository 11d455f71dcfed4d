//! Shares of tickets: what counts as a first contact, reopened, met, contained.

use super::*;

/// Ten tickets that hold, and one of whose fate the rows behind it decide.
fn with_sequel(sequels: Vec<Row>) -> Score {
    let mut rows: Vec<Row> = tickets("t", 10, "2026-06-01T08:00:00Z", 3_600);
    let first = solved("first", "2026-06-01T08:00:00Z", 3_600);
    rows.push(first.text(CUSTOMER, "ann").text("category", "bill"));
    rows.extend(sequels);
    // Sequels are open, so that they are no part of the base themselves.
    ask("fcr", &RowTable::new(rows)).total
}

#[test]
fn a_new_ticket_within_seven_days_was_no_first_contact_resolution() {
    let sequel = |created_at: &str| {
        Row::ticket("next", created_at)
            .text(CUSTOMER, "ann")
            .text("category", "bill")
    };
    let check = |sequels: Vec<Row>, n_first: u64, what: &str| {
        let found = with_sequel(sequels);
        let counts = (
            count(&found, "first_contact"),
            count(&found, "further_contact"),
        );
        assert_eq!(counts, (n_first, 11 - n_first), "{what}");
    };
    check(vec![], 11, "nothing follows");
    check(vec![sequel("2026-06-05T08:00:00Z")], 10, "four days later");
    check(
        vec![sequel("2026-06-01T09:00:00Z")],
        10,
        "when it was solved",
    );
    check(
        vec![sequel("2026-06-01T08:59:59Z")],
        11,
        "before it was solved",
    );
    check(
        vec![sequel("2026-06-08T08:59:59Z")],
        10,
        "just within seven days",
    );
    check(vec![sequel("2026-06-08T09:00:00Z")], 11, "seven days later");
    let late_then_soon = vec![
        sequel("2026-06-20T09:00:00Z"),
        Row {
            id: "soon".to_owned(),
            ..sequel("2026-06-02T09:00:00Z")
        },
    ];
    check(late_then_soon, 10, "the nearest decides");
    let day_after = || sequel("2026-06-02T08:00:00Z");
    check(
        vec![day_after().text("category", "login")],
        11,
        "another category",
    );
    check(
        vec![day_after().text(CUSTOMER, "bob")],
        11,
        "another customer",
    );
    let mut deleted = day_after();
    deleted.flags.insert("deleted");
    check(vec![deleted], 11, "a deleted ticket");
    check(vec![day_after().text("team", "other")], 10, "another team");
}

#[test]
fn filters_choose_the_tickets_that_are_judged_not_those_that_follow() {
    let mut rows: Vec<Row> = tickets("t", 12, "2026-06-01T08:00:00Z", 60)
        .into_iter()
        .enumerate()
        .map(|(idx, row)| row.text("team", "north").text(CUSTOMER, &idx.to_string()))
        .collect();
    let sequel = Row::ticket("next", "2026-06-02T08:00:00Z");
    rows.push(sequel.text("team", "south").text(CUSTOMER, "3"));
    let table = RowTable::new(rows);
    let north = ask("fcr where.team=north", &table).total;
    assert_eq!((count(&north, "first_contact"), north.n), (11, Some(12)));
    let split = ask("fcr by=team", &table);
    assert_eq!(split.series[0].total, north);
}

#[test]
fn what_is_not_known_is_in_no_base() {
    let mut rows = tickets("t", 12, "2026-06-01T08:00:00Z", 60);
    for idx in 0..3 {
        let row = Row::ticket(format!("u{idx}"), "2026-06-01T08:00:00Z");
        rows.push(row.when("solved_at", "2026-06-01T09:00:00Z"));
    }
    let often = solved("often", "2026-06-01T08:00:00Z", 60);
    rows.push(often.number("reopens", 3.0));
    let table = RowTable::new(rows);
    let reopened = ask("reopen_rate", &table).total;
    assert_eq!(counts(&reopened), [1, 12, 3]);
    assert_eq!((reopened.n, reopened.value), (Some(13), Some(100.0 / 13.0)));
    let first = ask("fcr", &table).total;
    assert_eq!(counts(&first), [12, 1, 3]);
}

#[test]
fn young_buckets_are_not_complete_until_a_solution_had_time_to_hold() {
    let mut rows = tickets("a", 12, "2026-06-15T08:00:00Z", 60);
    rows.extend(tickets("b", 12, "2026-06-24T08:00:00Z", 60));
    let table = RowTable::new(rows);
    let complete = |kpi: &str, now: &str| {
        let question = query(&format!("{kpi} grain=week range=2026-06-15..2026-06-29"));
        let answer = answer(&question, &settings(), at(now), &table).expect("an answer");
        let points = &answer.series[0].points;
        points
            .iter()
            .map(|point| point.is_complete)
            .collect::<Vec<_>>()
    };
    // The first week ends on Sunday, 21 June, at 22:00 UTC.
    assert_eq!(
        complete("resolution_time", "2026-06-28T21:59:59Z"),
        [true, false]
    );
    for kpi in ["fcr", "reopen_rate"] {
        assert_eq!(
            complete(kpi, "2026-06-28T21:59:59Z"),
            [false, false],
            "{kpi}"
        );
        assert_eq!(
            complete(kpi, "2026-06-28T22:00:00Z"),
            [true, false],
            "{kpi}"
        );
        assert_eq!(complete(kpi, "2026-07-05T22:00:00Z"), [true, true], "{kpi}");
    }
    // An answer is good until the first bucket matures.
    let question = query("fcr grain=week range=2026-06-15..2026-06-29");
    let now = at("2026-06-28T12:00:00Z");
    let answer = answer(&question, &settings(), now, &table).expect("an answer");
    assert_eq!(answer.valid_until, at("2026-06-28T22:00:00Z"));
}

#[test]
fn shares_of_one_mind_leave_doubt() {
    let table = RowTable::new(tickets("t", 12, "2026-06-01T08:00:00Z", 60));
    let total = ask("fcr", &table).total;
    let low = total.low.expect("an interval");
    assert_eq!((total.value, total.high), (Some(100.0), Some(100.0)));
    assert!((70.0..80.0).contains(&low), "{low}");
}

#[test]
fn a_service_level_is_met_by_what_the_source_says_else_by_the_clock() {
    let due = "2026-06-10T12:00:00Z";
    let ticket = |id: &str| Row::ticket(id, "2026-06-01T08:00:00Z");
    let with_due = |id: &str| ticket(id).when("sla_due_at", due);
    let cases = [
        (with_due("at the instant").when("solved_at", due), "met"),
        (
            with_due("late").when("solved_at", "2026-06-10T12:00:00.000001Z"),
            "missed",
        ),
        (with_due("open past due"), "missed"),
        (
            with_due("closed without solution").when("closed_at", due),
            "missed",
        ),
        (
            with_due("late, but said to be met")
                .when("solved_at", "2026-06-11T12:00:00Z")
                .flag("sla_met", true),
            "met",
        ),
        (
            with_due("in time, but said to be missed")
                .when("solved_at", due)
                .flag("sla_met", false),
            "missed",
        ),
        (
            ticket("said, without a due time")
                .when("solved_at", due)
                .flag("sla_met", true),
            "met",
        ),
        (
            ticket("no service level").when("solved_at", due),
            "without_target",
        ),
    ];
    for (row, expected) in cases {
        let what = row.id.clone();
        let mut rows = Vec::new();
        for idx in 0..12 {
            rows.push(Row {
                id: format!("{what} {idx}"),
                ..row.clone()
            });
        }
        let total = ask("sla range=2026-06-01..2026-06-30", &RowTable::new(rows)).total;
        assert_eq!(count(&total, expected), 12, "{what}");
    }
}

#[test]
fn a_service_level_follows_the_clock_and_looks_no_further_than_now() {
    let due_tonight = |idx: usize| {
        Row::ticket(idx, "2026-06-29T08:00:00Z").when("sla_due_at", "2026-06-30T18:00:00Z")
    };
    let mut rows: Vec<Row> = (0..12).map(due_tonight).collect();
    rows.push(
        Row::ticket("next year", "2026-06-29T08:00:00Z")
            .when("sla_due_at", NOW)
            .when("sla_due_at", "2027-06-30T18:00:00Z"),
    );
    let table = RowTable::new(rows);
    let met = |now: &str| {
        let question = query("sla grain=day");
        let answer = answer(&question, &settings(), at(now), &table).expect("an answer");
        (
            answer.total.value,
            answer.valid_until,
            answer.series[0].points.len(),
        )
    };
    let (value, valid_until, _) = met("2026-06-30T18:00:00Z");
    assert_eq!(
        (value, valid_until),
        (Some(100.0), at("2026-06-30T18:01:00Z"))
    );
    let (value, _, n_points) = met("2026-06-30T18:00:00.000001Z");
    assert_eq!((value, n_points), (Some(0.0), 1));
}

#[test]
fn a_bot_contains_what_nobody_else_touched() {
    let opened = "2026-06-01T08:00:00Z";
    let by = |idx: usize, whom: &str| Row::ticket(idx, opened).text("handled_by", whom);
    let mut rows: Vec<Row> = (0..9).map(|idx| by(idx, "bot")).collect();
    rows.push(by(10, "bot").when("handed_off_at", opened));
    rows.extend([by(11, "both"), by(12, "human"), Row::ticket(13, opened)]);
    let total = ask("bot_containment", &RowTable::new(rows)).total;
    assert_eq!((counts(&total), total.n), (vec![9, 2, 2], Some(11)));
}
