//! What was known when: versions of tickets, and answers that any order of rows gives.

use super::*;

/// The states of a ticket, each known an hour after the one before.
fn versions(states: Vec<Row>) -> Vec<Row> {
    let states = states.into_iter().enumerate();
    states
        .map(|(idx, row)| {
            let hours = SignedDuration::from_hours(i64::try_from(idx).expect("small") + 1);
            Row {
                known_at: at("2026-06-01T08:00:00Z")
                    .checked_add(hours)
                    .expect("in range"),
                ..row
            }
        })
        .collect()
}

/// Opened, solved, reopened, solved again, deleted.
fn life(id: usize) -> Vec<Row> {
    let opened = Row::ticket(id, "2026-06-01T08:00:00Z");
    let solved = opened
        .clone()
        .when("solved_at", "2026-06-01T08:30:00Z")
        .when("first_solved_at", "2026-06-01T08:30:00Z")
        .number("reopens", 0.0);
    let mut reopened = solved.clone().number("reopens", 1.0);
    reopened.times.remove("solved_at");
    let again = reopened.clone().when("solved_at", "2026-06-12T08:00:00Z");
    let mut deleted = again.clone();
    deleted.flags.insert("deleted");
    versions(vec![opened, solved, reopened, again, deleted])
}

#[test]
fn a_life_of_a_ticket_reads_the_same_from_any_later_day() {
    let table = RowTable::new((0..12).flat_map(life));
    let check = |as_of: &str, kpi: &str, expected: Option<f64>| {
        let question = format!("{kpi} range=2026-06-01..2026-06-15 as_of={as_of}");
        assert_eq!(ask(&question, &table).total.value, expected, "{question}");
    };
    let opened = "2026-06-01T09:00:00Z";
    check(opened, "backlog", Some(12.0));
    check(opened, "resolution_time", None);
    let solved = "2026-06-01T10:00:00Z";
    check(solved, "backlog", Some(0.0));
    check(solved, "resolution_time", Some(1_800.0));
    check(solved, "reopen_rate", Some(0.0));
    let reopened = "2026-06-01T11:00:00Z";
    check(reopened, "backlog", Some(12.0));
    check(reopened, "resolution_time", None);
    check(reopened, "reopen_rate", Some(100.0));
    let again = "2026-06-01T12:00:00Z";
    check(again, "backlog", Some(0.0));
    check(again, "resolution_time", Some(11.0 * 86_400.0));
    check(again, "reopen_rate", Some(100.0));
    let deleted = "2026-06-01T13:00:00Z";
    check(deleted, "backlog", Some(0.0));
    check(deleted, "resolution_time", None);
    check(deleted, "reopen_rate", None);
}

#[test]
fn a_ticket_solved_twice_counts_once_and_stays_where_it_was_solved_first() {
    let rows = (0..12).map(|id| life(id).swap_remove(3));
    let table = RowTable::new(rows);
    let times = values("resolution_time grain=week", &table);
    assert_eq!(times, [("2026-W24".to_owned(), Some(11.0 * 86_400.0))]);
    let reopened = values("reopen_rate grain=week", &table);
    assert_eq!(reopened, [("2026-W23".to_owned(), Some(100.0))]);
}

/// A ticket in a few numbers: when it was opened, its ways, and its customer.
type Sketch = (i64, u8, i64, u8, u8);

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let one = (0_i64..40 * 24, 0_u8..16, 0_i64..400, 0_u8..6, 0_u8..5);
    prop::collection::vec(one, 1..80)
}

fn drawn((idx, sketch): (usize, &Sketch)) -> Row {
    let (opened_h, ways, takes_h, customer, version) = *sketch;
    let created = plus("2026-05-01T00:00:00Z", opened_h * 3_600);
    let has = |way: u8| ways & way != 0;
    let mut row = Row::ticket(idx, &created)
        .number("replies", f64::from(ways % 3))
        .number("reopens", f64::from(ways % 2))
        .text(
            "handled_by",
            ["bot", "both", "human"][usize::from(ways % 3)],
        )
        .text("team", ["north", "south"][usize::from(ways % 2)])
        .text("category", "bill");
    if customer > 0 {
        row = row.text(CUSTOMER, &customer.to_string());
    }
    if has(1) {
        row = row.when("first_reply_at", &plus(&created, takes_h * 600));
    }
    if has(2) {
        row = row.when("solved_at", &plus(&created, takes_h * 3_600));
    }
    if has(4) {
        row = row.when("sla_due_at", &plus(&created, 48 * 3_600));
    }
    if has(8) {
        row = row.number("business_resolution_s", f64::from(ways) * 100.0);
    }
    row.known_at = at("2026-05-01T00:00:00Z")
        .checked_add(SignedDuration::from_hours(i64::from(version) * 240))
        .expect("in range");
    row
}

const TICKET_KPIS: [&str; 7] = [
    "first_reply_time",
    "resolution_time",
    "fcr",
    "reopen_rate",
    "backlog",
    "sla",
    "bot_containment",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_tickets_does_not_matter_and_intervals_hold_the_point(
        sketches in sketches(),
        turn in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<Row> = sketches.iter().enumerate().map(drawn).collect();
        let mut turned = rows.clone();
        turned.rotate_left(turn.index(rows.len()));
        turned.reverse();
        let (one, other) = (RowTable::new(rows), RowTable::new(turned));
        for kpi in TICKET_KPIS {
            let question = format!("{kpi} grain=week by=team");
            let answer = ask(&question, &one);
            prop_assert_eq!(&answer, &ask(&question, &other));
            for point in answer.series.iter().flat_map(|series| &series.points) {
                let score = &point.score;
                if let (Some(low), Some(value)) = (score.low, score.value) {
                    prop_assert!(low <= value, "{}: {:?}", kpi, score);
                }
                if let (Some(value), Some(high)) = (score.value, score.high) {
                    prop_assert!(value <= high, "{}: {:?}", kpi, score);
                }
            }
        }
    }

    #[test]
    fn the_past_is_what_was_known_then(sketches in sketches()) {
        let rows: Vec<Row> = sketches.iter().enumerate().map(drawn).collect();
        let then = "2026-05-21T00:00:00Z";
        let known = rows.iter().filter(|row| row.known_at <= at(then)).cloned();
        let (all, known) = (RowTable::new(rows.clone()), RowTable::new(known));
        for kpi in TICKET_KPIS {
            let text = format!("{kpi} grain=week range=2026-05-01..2026-06-20");
            let lasting = ask(&format!("{text} as_of={then}"), &all);
            let back_then = answer(&query(&text), &settings(), at(then), &known);
            let back_then = back_then.expect("an answer");
            prop_assert_eq!(&lasting.series, &back_then.series, "{}", kpi);
            prop_assert_eq!(&lasting.total, &back_then.total, "{}", kpi);
        }
    }

    #[test]
    fn buckets_of_a_share_hold_what_the_total_holds(sketches in sketches()) {
        let open = Settings { min_group: 0, ..settings() };
        let table = RowTable::new(sketches.iter().enumerate().map(drawn));
        for kpi in ["fcr", "reopen_rate", "bot_containment"] {
            let question = query(&format!("{kpi} grain=week"));
            let answer = answer(&question, &open, at(NOW), &table).expect("an answer");
            let points = &answer.series[0].points;
            let n: u64 = points.iter().filter_map(|point| point.score.n).sum();
            prop_assert_eq!(Some(n), answer.total.n, "{}", kpi);
        }
    }

    #[test]
    fn a_backlog_grows_by_what_is_opened_and_shrinks_by_what_ends(sketches in sketches()) {
        let table = RowTable::new(sketches.iter().enumerate().map(drawn));
        let range = "grain=day range=2026-05-01..2026-06-20";
        let backlog = ask(&format!("backlog {range}"), &table);
        let opened = ask(&format!("tickets {range}"), &table);
        let mut before = 0.0;
        for (point, opened) in backlog.series[0].points.iter().zip(&opened.series[0].points) {
            let now = point.score.value.expect("a count");
            let ended = table.rows.iter().filter(|row| {
                let end = row.times.get("solved_at").map(|end| (*end).max(row.at));
                end.is_some_and(|end| point.start <= end && end < point.end)
            });
            let ended = ended.count() as f64;
            prop_assert_eq!(now, before + opened.score.value.expect("a count") - ended);
            before = now;
        }
    }
}
