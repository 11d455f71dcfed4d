//! Invitations in cohorts: which answers they meet, when a cohort is mature, what is compared.

use super::*;

/// An invitation of survey `s` of the source `csv`.
fn sent(id: &str, at_text: &str, customer: &str) -> Row {
    let row = Row {
        source: "csv".to_owned(),
        id: id.to_owned(),
        at: at(at_text),
        ..Row::default()
    };
    row.text("survey", "s").text("customer", customer)
}

fn answered(id: &str, at_text: &str, customer: &str) -> Row {
    Row::nps(id, at_text, Some(9.0)).text("customer", customer)
}

fn table(invitations: Vec<Row>, answers: Vec<Row>) -> RowTable {
    RowTable {
        invitations,
        ..RowTable::new(answers)
    }
}

fn open() -> Settings {
    Settings {
        min_group: 0,
        ..settings()
    }
}

/// Asserts responded, not responded and bounced invitations of all time.
fn check(invitations: Vec<Row>, answers: Vec<Row>, expected: [u64; 3]) {
    let table = table(invitations, answers);
    let answer = answer(&query("response_rate"), &open(), at(NOW), &table).expect("an answer");
    assert_eq!(counts(&answer.total), expected);
}

const SENT: &str = "2026-05-01T08:00:00Z";

#[test]
fn an_answer_counts_from_the_sending_up_to_two_weeks_later() {
    let of = |at: &str, expected| {
        check(
            vec![sent("i", SENT, "c")],
            vec![answered("a", at, "c")],
            expected,
        );
    };
    of("2026-05-01T07:59:59.999999Z", [0, 1, 0]);
    of("2026-05-01T08:00:00Z", [1, 0, 0]);
    of("2026-05-15T07:59:59.999999Z", [1, 0, 0]);
    of("2026-05-15T08:00:00Z", [0, 1, 0]);
}

#[test]
fn the_window_is_elapsed_time_also_across_a_clock_change() {
    // Clocks in Berlin went forward on 29 March 2026.
    let invitation = || vec![sent("i", "2026-03-20T08:00:00Z", "c")];
    let of = |at: &str, expected| check(invitation(), vec![answered("a", at, "c")], expected);
    of("2026-04-03T07:30:00Z", [1, 0, 0]);
    of("2026-04-03T08:00:00Z", [0, 1, 0]);
}

#[test]
fn another_survey_customer_source_or_ticket_is_another_answer() {
    let of = |change: fn(Row) -> Row, expected| {
        let invitation = sent("i", SENT, "c").text("ticket", "t1");
        let answer = answered("a", "2026-05-02T08:00:00Z", "c");
        check(vec![invitation], vec![change(answer)], expected);
    };
    of(|row| row, [1, 0, 0]);
    of(|row| row.text("ticket", "t1"), [1, 0, 0]);
    of(|row| row.text("ticket", "t2"), [0, 1, 0]);
    of(|row| row.text("survey", "other"), [0, 1, 0]);
    of(|row| row.text("customer", "other"), [0, 1, 0]);
    of(
        |mut row| {
            row.source = "web".to_owned();
            row
        },
        [0, 1, 0],
    );
}

#[test]
fn an_anonymous_answer_meets_nothing_and_tells_no_counts_of_who_agrees() {
    let mut answer = answered("a", SENT, "c");
    answer.flags.insert("anonymous");
    let invitations = (0..12).map(|idx| sent(&format!("i{idx}"), SENT, &format!("c{idx}")));
    let invitations: Vec<Row> = invitations.chain([sent("i", SENT, "c")]).collect();
    let found = ask("response_rate", &table(invitations, vec![answer])).total;
    assert_eq!(
        (found.n, found.bound),
        (Some(13), Some(crate::kpi::Bound::AtMost))
    );
    assert!(found.value == found.high && found.counts.is_empty());
}

#[test]
fn an_invitation_that_names_its_submission_meets_no_other() {
    let named = || sent("i", SENT, "c").text("response", "r1");
    let answer =
        |submission| answered("a", "2026-05-02T08:00:00Z", "x").text("response", submission);
    check(vec![named()], vec![answer("r1")], [1, 0, 0]);
    check(vec![named()], vec![answer("r2")], [0, 1, 0]);
    let own = answered("a", "2026-05-02T08:00:00Z", "c");
    check(vec![named()], vec![own], [0, 1, 0]);
}

#[test]
fn each_answer_is_used_once() {
    let reminder = || sent("ii", "2026-05-04T08:00:00Z", "c");
    let one = || answered("a", "2026-05-05T08:00:00Z", "c");
    check(
        vec![sent("i", SENT, "c"), reminder()],
        vec![one()],
        [1, 1, 0],
    );
    let two = answered("b", "2026-05-06T08:00:00Z", "c");
    check(
        vec![sent("i", SENT, "c"), reminder()],
        vec![one(), two],
        [2, 0, 0],
    );
    // The reminder names the answer, so the first invitation cannot have it.
    let naming = reminder().text("response", "a");
    check(vec![sent("i", SENT, "c"), naming], vec![one()], [1, 1, 0]);
    // Two invitations that name one submission are answered once.
    let both = ["i", "ii"].map(|id| sent(id, SENT, "c").text("response", "a"));
    check(both.to_vec(), vec![one()], [1, 1, 0]);
}

#[test]
fn several_answers_to_one_invitation_are_one_response() {
    let answers = ["a", "b", "c"].map(|id| answered(id, "2026-05-02T08:00:00Z", "c"));
    check(vec![sent("i", SENT, "c")], answers.to_vec(), [1, 0, 0]);
}

#[test]
fn opened_dismissed_and_test_answers_are_no_responses() {
    let of = |change: fn(Row) -> Row, expected| {
        let row = Row::nps("a", "2026-05-02T08:00:00Z", None).text("customer", "c");
        check(vec![sent("i", SENT, "c")], vec![change(row)], expected);
    };
    of(|row| row, [0, 1, 0]);
    of(|row| row.text("status", "partial"), [0, 1, 0]);
    of(|row| row.text("status", "complete"), [0, 1, 0]);
    of(
        |row| row.text("status", "partial").text("comment", "so"),
        [0, 1, 0],
    );
    of(
        |row| row.text("status", "complete").text("comment", "so"),
        [1, 0, 0],
    );
    of(
        |mut row| {
            row.numbers.insert("score", 3.0);
            row.text("status", "partial")
        },
        [1, 0, 0],
    );
    of(
        |mut row| {
            row.numbers.insert("score", 3.0);
            row.flags.insert("is_test");
            row
        },
        [0, 1, 0],
    );
    of(
        |mut row| {
            row.numbers.insert("score", 3.0);
            row.text("metric", "driver")
        },
        [0, 1, 0],
    );
}

#[test]
fn bounced_invitations_are_not_in_the_base_and_meet_nothing() {
    let mut bounced = sent("i", SENT, "c");
    bounced.flags.insert("bounced");
    let later = sent("ii", "2026-05-02T08:00:00Z", "c");
    let answer = answered("a", "2026-05-03T08:00:00Z", "c");
    check(vec![bounced.clone(), later], vec![answer], [1, 0, 1]);
    check(vec![bounced], Vec::new(), [0, 0, 1]);
}

#[test]
fn nobody_was_invited_has_no_rate() {
    let answer = ask("response_rate range=3d", &RowTable::default());
    assert_eq!((answer.total.value, answer.total.n), (None, Some(0)));
}

/// Invitations of forty customers on the first day of each month from March to June, answered by
/// so many within a week.
fn monthly(n_answered: [usize; 4]) -> RowTable {
    let (mut invitations, mut answers) = (Vec::new(), Vec::new());
    for (month, n_answered) in (3..=6).zip(n_answered) {
        for idx in 0..40 {
            let id = format!("{month}/{idx}");
            let customer = format!("c{idx}");
            let first = format!("2026-{month:02}-01T10:00:00Z");
            invitations.push(sent(&id, &first, &customer));
            if idx < n_answered {
                let week = format!("2026-{month:02}-08T10:00:00Z");
                answers.push(answered(&id, &week, &customer));
            }
        }
    }
    table(invitations, answers)
}

#[test]
fn answers_belong_to_the_month_of_their_invitation() {
    let mut late = monthly([0; 4]);
    // Answered in May what was sent in April: more answers in May than invitations would be.
    late.rows = late
        .invitations
        .iter()
        .filter(|row| row.at == at("2026-04-01T10:00:00Z"))
        .map(|row| answered(&row.id, "2026-04-15T09:00:00Z", &row.texts["customer"]))
        .collect();
    let answer = ask("response_rate grain=month", &late);
    let values: Vec<Option<f64>> = (answer.series[0].points.iter())
        .map(|point| point.score.value)
        .collect();
    assert_eq!(values, [Some(0.0), Some(100.0), Some(0.0), Some(0.0)]);
    assert_eq!(answer.total.value, Some(25.0));
    assert_eq!(answer.deff, None);
}

#[test]
fn a_month_is_complete_once_its_last_invitations_had_their_time() {
    let table = monthly([10, 10, 10, 10]);
    let complete = |now: &str| -> Vec<bool> {
        let answer = answer(
            &query("response_rate grain=month"),
            &settings(),
            at(now),
            &table,
        );
        let answer = answer.expect("an answer");
        answer.series[0]
            .points
            .iter()
            .map(|point| point.is_complete)
            .collect()
    };
    // June ends in Berlin at 22:00 UTC; two weeks later it is mature.
    assert_eq!(complete("2026-06-30T22:00:00Z"), [true, true, true, false]);
    assert_eq!(complete("2026-07-14T21:59:59Z"), [true, true, true, false]);
    assert_eq!(complete("2026-07-14T22:00:00Z"), [true, true, true, true]);
}

#[test]
fn an_answer_is_asked_again_when_a_cohort_matures() {
    let table = monthly([10, 10, 10, 10]);
    let now = at("2026-07-14T12:00:00Z");
    let answer = answer(
        &query("response_rate grain=month"),
        &settings(),
        now,
        &table,
    );
    assert_eq!(
        answer.expect("an answer").valid_until,
        at("2026-07-14T22:00:00Z")
    );
}

#[test]
fn only_cohorts_that_had_their_time_are_compared() {
    // The last cohort had ten days only: nobody of it answered yet, which says nothing.
    let table = monthly([10, 10, 30, 0]);
    let query = query("response_rate range=2026-05-01..2026-07-01 grain=month");
    let answer = answer(&query, &settings(), at("2026-06-11T10:00:00Z"), &table);
    let answer = answer.expect("an answer");
    let change = answer.change.expect("a change");
    assert_eq!(answer.total.value, Some(37.5));
    // May against March, each up to the same elapsed day.
    assert_eq!((change.value, change.previous_n), (50.0, 40));
    assert_eq!(change.previous_start, at("2026-02-28T23:00:00Z"));
    assert!(change.previous_end < at("2026-04-01T10:00:00Z"));
}

#[test]
fn a_split_is_what_each_filter_gives() {
    let mut all = monthly([10, 20, 30, 40]);
    for (idx, row) in all.invitations.iter_mut().enumerate() {
        *row = row.clone().dimension("segment", ["smb", "large"][idx % 2]);
    }
    let split = ask("response_rate by=segment grain=month", &all);
    assert_eq!(split.series.len(), 2);
    let mut n_all = 0;
    for series in &split.series {
        let key = series.key.clone().expect("a key");
        let alone = ask(
            &format!("response_rate where.segment={key} grain=month"),
            &all,
        );
        assert_eq!(series.total, alone.total, "{key}");
        n_all += series.total.n.expect("shown");
    }
    assert_eq!(Some(n_all), split.total.n);
}

#[test]
fn a_split_rate_says_how_alike_the_groups_answered() {
    let mut all = monthly([40, 0, 40, 40]);
    for row in &mut all.invitations {
        let is_april = row.at == at("2026-04-01T10:00:00Z");
        *row = row
            .clone()
            .dimension("segment", if is_april { "smb" } else { "large" });
    }
    let bias = |text: &str, now: &str| {
        answer(&query(text), &settings(), at(now), &all)
            .expect("an answer")
            .bias
    };
    // All of one group answered, and nobody of the other, a quarter.
    let bias = |text: &str, now: &str| match bias(text, now) {
        Some(crate::kpi::Bias::Response(bias)) => Some(bias),
        Some(crate::kpi::Bias::Weighted(_)) | None => None,
    };
    let told = bias("response_rate by=segment", "2026-07-30T22:00:00Z").expect("told");
    assert!((told.r_indicator - (1.0 - 2.0 * 0.1875_f64.sqrt())).abs() < 1e-12);
    assert_eq!((told.n, told.n_groups, told.n_left_out), (160, 2, 0));
    // Invitations of June had not had their time by then.
    let told = bias(
        "response_rate range=2026-03-01..2026-07-01 by=segment",
        "2026-06-10T22:00:00Z",
    );
    assert_eq!(told.expect("told").n, 120);
    assert_eq!(bias("response_rate", NOW), None);
    assert_eq!(bias("nps by=segment", NOW), None);
}

#[test]
fn a_split_score_is_told_as_if_each_group_had_answered_as_often_as_it_was_asked() {
    // Of 120 small customers 20 answered, all detractors; of 40 large ones 30, all promoters.
    let (mut invitations, mut answers) = (Vec::new(), Vec::new());
    for (segment, n_sent, n_answered, score) in [("smb", 120, 20, 0.0), ("large", 40, 30, 10.0)] {
        for idx in 0..n_sent {
            let id = format!("{segment}{idx}");
            invitations.push(sent(&id, SENT, &id).dimension("segment", segment));
            if idx < n_answered {
                let answer = Row::nps(&id, "2026-05-02T08:00:00Z", Some(score));
                answers.push(answer.text("customer", &id).dimension("segment", segment));
            }
        }
    }
    let table = table(invitations, answers);
    let answer = ask("nps by=segment", &table);
    assert_eq!(answer.total.value, Some(20.0));
    let weighted = crate::kpi::WeightedScore {
        by: "segment".to_owned(),
        value: (120.0 * -100.0 + 40.0 * 100.0) / 160.0,
        coverage: 1.0,
    };
    assert_eq!(answer.bias, Some(crate::kpi::Bias::Weighted(weighted)));
    // Invitations carry no language and no question.
    assert_eq!(ask("nps by=language", &table).bias, None);
    assert_eq!(ask("nps by=question", &table).bias, None);
    assert!(
        ask("nps by=segment where.question=q", &table)
            .bias
            .is_some()
    );
    assert_eq!(ask("nps by=segment where.survey=other", &table).bias, None);
}

#[test]
fn a_mode_says_nothing_of_invitations() {
    let answer = ask("response_rate mode=relational", &monthly([10; 4]));
    assert_eq!((answer.total.n, answer.mode), (Some(160), None));
    assert_eq!(
        answer.notes,
        ["invitations have no mode: all of them are counted"]
    );
}

proptest! {
    #[test]
    fn a_rate_never_passes_all_and_no_order_of_rows_matters(
        invitations in prop::collection::vec((0_i64..40, 0_u8..3), 1..30),
        answers in prop::collection::vec((0_i64..60, 0_u8..3), 0..30),
    ) {
        let moment = |day: i64| {
            let start = at("2026-03-01T08:00:00Z");
            start.checked_add(SignedDuration::from_hours(24 * day)).expect("in range").to_string()
        };
        let sent: Vec<Row> = invitations
            .iter()
            .enumerate()
            .map(|(idx, (day, customer))| sent(&idx.to_string(), &moment(*day), &customer.to_string()))
            .collect();
        let answers: Vec<Row> = answers
            .iter()
            .enumerate()
            .map(|(idx, (day, customer))| {
                answered(&format!("a{idx}"), &moment(*day), &customer.to_string())
            })
            .collect();
        let rate = |table: &RowTable| {
            answer(&query("response_rate grain=week"), &open(), at(NOW), table).expect("an answer")
        };
        let one = rate(&table(sent.clone(), answers.clone()));
        let [n_responded, n_silent, _] = counts(&one.total)[..] else { panic!("three counts") };
        prop_assert!(n_responded <= answers.len() as u64);
        prop_assert_eq!(n_responded + n_silent, sent.len() as u64);
        let by_week: u64 =
            one.series[0].points.iter().map(|point| counts(&point.score)[0]).sum();
        prop_assert_eq!(by_week, n_responded);
        let turned = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<Row>>();
        prop_assert_eq!(one, rate(&table(turned(&sent), turned(&answers))));
    }
}
