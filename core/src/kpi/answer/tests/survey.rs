//! Survey KPIs: scales and directions, what counts as positive, ambiguous questions, clusters.

use super::*;
use crate::kpi::KpiError;

mod contrast;

/// Answers of a metric's question on a scale, each of its own person.
fn asked(metric: &str, question: &str, scale: (f64, f64), scores: &[f64]) -> Vec<Row> {
    rows("2026-06-02T08:00:00Z", question, scores)
        .into_iter()
        .map(|row| {
            let mut row = row.text("metric", metric).text("question", question);
            row.numbers
                .extend([("scale_min", scale.0), ("scale_max", scale.1)]);
            row
        })
        .collect()
}

fn each_answer(scale: (u8, u8)) -> Vec<f64> {
    let answers = scale.0..=scale.1;
    answers
        .flat_map(|answer| vec![f64::from(answer); 5])
        .collect()
}

/// Asserts how many of the answers given five times each, and of those between, are positive.
fn check_positive(metric: &str, scale: (u8, u8), is_lower_better: bool, expected: u64) {
    let bounds = (f64::from(scale.0), f64::from(scale.1));
    let mut all = asked(metric, "q", bounds, &each_answer(scale));
    if is_lower_better {
        all = all
            .into_iter()
            .map(|row| row.text("direction", "lower_is_better"))
            .collect();
    }
    let answer = ask(metric, &RowTable::new(all));
    let n_all = 5 * u64::from(scale.1 - scale.0 + 1);
    assert_eq!(
        counts(&answer.total),
        [expected, n_all - expected, 0],
        "{metric} on {scale:?}, lower is better: {is_lower_better}"
    );
}

#[test]
fn what_is_positive_follows_from_scale_and_direction() {
    check_positive("csat", (1, 5), false, 10);
    check_positive("csat", (1, 7), false, 10);
    check_positive("csat", (0, 10), false, 10);
    check_positive("csat", (1, 10), false, 10);
    check_positive("csat", (1, 3), false, 5);
    check_positive("csat", (0, 1), false, 5);
    check_positive("csat", (1, 5), true, 10);
    check_positive("ces", (1, 7), false, 15);
    check_positive("ces", (1, 5), false, 10);
    check_positive("ces", (1, 7), true, 15);
    check_positive("ces", (1, 5), true, 10);
    check_positive("ces", (0, 10), false, 10);
}

#[test]
fn low_effort_of_a_turned_scale_is_at_its_low_end() {
    let turned = |scores: &[f64]| {
        let rows = asked("ces", "q", (1.0, 5.0), scores);
        let rows = rows
            .into_iter()
            .map(|row| row.text("direction", "lower_is_better"));
        ask("ces", &RowTable::new(rows)).total
    };
    assert_eq!(turned(&[1.0; 12]).value, Some(100.0));
    assert_eq!(turned(&[2.0; 12]).value, Some(100.0));
    assert_eq!(turned(&[2.5; 12]).value, Some(0.0));
    assert_eq!(turned(&[5.0; 12]).value, Some(0.0));
}

#[test]
fn answers_between_whole_numbers_are_partitioned() {
    let scores = [3.9, 3.999, 4.0, 4.1, 4.5, 5.0, 1.0, 2.5, 3.0, 3.5];
    let table = RowTable::new(asked("csat", "q", (1.0, 5.0), &scores));
    assert_eq!(counts(&ask("csat", &table).total), [4, 6, 0]);
}

#[test]
fn unanswered_test_and_deleted_rows_are_not_in_the_base() {
    let mut all = asked("csat", "q", (1.0, 5.0), &[5.0; 12]);
    let mut unanswered = asked("csat", "q", (1.0, 5.0), &[1.0]).remove(0);
    unanswered.id = "unanswered".to_owned();
    unanswered.numbers.remove("score");
    let mut test = asked("csat", "q", (1.0, 5.0), &[1.0]).remove(0);
    test.id = "test".to_owned();
    test.flags.insert("is_test");
    let mut deleted = asked("csat", "q", (1.0, 5.0), &[1.0]).remove(0);
    deleted.id = "deleted".to_owned();
    deleted.flags.insert("deleted");
    all.extend([unanswered, test, deleted]);
    let total = ask("csat", &RowTable::new(all)).total;
    assert_eq!(counts(&total), [12, 0, 1]);
    assert_eq!((total.value, total.n), (Some(100.0), Some(12)));
    // Unanimous answers still leave doubt: Wilson, never a width of zero.
    assert!(total.low.is_some_and(|low| low < 80.0) && total.high == Some(100.0));
}

#[test]
fn nobody_answered_has_no_share_and_no_mean() {
    for kpi in ["csat", "ces", "rating"] {
        let answer = ask(&format!("{kpi} range=3d"), &RowTable::default());
        assert_eq!(
            (answer.total.value, answer.total.n),
            (None, Some(0)),
            "{kpi}"
        );
        assert!(answer.total.secondary.is_empty(), "{kpi}");
        let points = &answer.series[0].points;
        assert!(
            points.iter().all(|point| point.score.value.is_none()),
            "{kpi}"
        );
    }
}

fn two_scales() -> RowTable {
    let mut all = asked("csat", "five", (1.0, 5.0), &[5.0; 12]);
    all.extend(asked("csat", "ten", (0.0, 10.0), &[5.0; 14]));
    RowTable::new(all)
}

#[test]
fn several_scales_are_refused_and_each_can_be_picked() {
    let error = answer(&query("csat"), &settings(), at(NOW), &two_scales()).expect_err("ambiguous");
    assert_eq!((error.status(), error.reason()), (400, Some("ambiguous")));
    assert_eq!(
        error.to_string(),
        "`csat` finds questions that cannot be pooled, as their scales differ: `csv/ten` of survey \
         `s` (0 to 10; n = 14), `csv/five` of survey `s` (1 to 5; n = 12)"
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("ask with `where.question=csv/ten` or `where.question=csv/five`")
    );
    let value = |text| ask(text, &two_scales()).total.value;
    assert_eq!(value("csat where.question=csv/five"), Some(100.0));
    assert_eq!(value("csat where.question=csv/ten"), Some(0.0));
    assert_eq!(value("csat where.question=ten"), Some(0.0));
}

#[test]
fn one_scale_in_two_directions_is_refused_too() {
    let mut all = asked("ces", "ease", (1.0, 7.0), &[5.0; 12]);
    let turned = asked("ces", "effort", (1.0, 7.0), &[5.0; 14]);
    all.extend(
        turned
            .into_iter()
            .map(|row| row.text("direction", "lower_is_better")),
    );
    let error = answer(&query("ces"), &settings(), at(NOW), &RowTable::new(all)).expect_err("both");
    assert_eq!(error.reason(), Some("ambiguous"));
    assert!(
        error
            .to_string()
            .contains("1 to 7, lower is better; n = 14"),
        "{error}"
    );
}

#[test]
fn a_question_of_two_surveys_is_picked_with_its_survey() {
    let mut all = asked("csat", "q", (1.0, 5.0), &[5.0; 12]);
    let other = asked("csat", "q", (1.0, 3.0), &[1.0; 14]);
    all.extend(other.into_iter().map(|mut row| {
        row.id.push('b');
        row.text("survey", "t")
    }));
    let table = RowTable::new(all);
    let error = answer(&query("csat"), &settings(), at(NOW), &table).expect_err("ambiguous");
    assert_eq!(
        error.hint().as_deref(),
        Some(
            "ask with `where.question=csv/q&where.survey=t` or \
             `where.question=csv/q&where.survey=s`"
        )
    );
    let value = |text| ask(text, &table).total.value;
    assert_eq!(value("csat where.question=csv/q where.survey=t"), Some(0.0));
}

#[test]
fn a_question_without_a_scale_is_on_the_usual_one_or_refused() {
    let unsaid = |score: f64| {
        let mut all = asked("csat", "q", (1.0, 5.0), &[score; 12]);
        for row in &mut all {
            row.numbers.remove("scale_min");
            row.numbers.remove("scale_max");
        }
        answer(&query("csat"), &settings(), at(NOW), &RowTable::new(all))
    };
    assert_eq!(unsaid(4.0).expect("fits").total.value, Some(100.0));
    let error = unsaid(7.0).expect_err("does not fit");
    assert!(matches!(error, KpiError::ScaleUnsaid { .. }));
    assert_eq!(
        error.to_string(),
        "question `csv/q` does not say its scale, and its answers from 7 to 7 do not fit 1 to 5"
    );
}

#[test]
fn a_share_over_months_is_of_all_answers_never_the_mean_of_months() {
    let mut all = rows("2026-05-10T08:00:00Z", "a", &[5.0; 30]);
    all.extend(rows("2026-06-10T08:00:00Z", "b", &[1.0; 10]));
    for (kpi, expected) in [("csat", 75.0), ("rating", 4.0)] {
        let rows = all.iter().cloned();
        let table = RowTable::new(rows.map(|row| row.text("metric", kpi)));
        let answer = ask(&format!("{kpi} grain=month"), &table);
        assert_eq!(answer.total.value, Some(expected), "{kpi}");
        assert_eq!(answer.series[0].points.len(), 2, "{kpi}");
    }
}

#[test]
fn a_declared_bound_replaces_the_top_boxes() {
    let table = RowTable::new(asked("csat", "strict", (1.0, 5.0), &each_answer((1, 5))));
    assert_eq!(counts(&ask("csat", &table).total), [5, 20, 0]);
    // Two bounds are two question sets.
    let mut all = table.rows;
    all.extend(asked("csat", "usual", (1.0, 5.0), &[4.0; 10]));
    let error = answer(&query("csat"), &settings(), at(NOW), &RowTable::new(all));
    assert_eq!(error.expect_err("two bounds").reason(), Some("ambiguous"));
}

#[test]
fn a_rating_is_a_mean_on_its_own_scale_with_its_deviation() {
    let scores = [vec![1.0], vec![3.0; 2], vec![4.0; 3], vec![5.0; 4]].concat();
    let table = RowTable::new(asked("rating", "q", (1.0, 5.0), &scores));
    let total = ask("rating", &table).total;
    assert_eq!((total.value, total.n), (Some(3.9), Some(10)));
    let (low, high) = (total.low.expect("low"), total.high.expect("high"));
    assert!((low - 2.979_561_759_359_112).abs() < 1e-9, "{low}");
    assert!((high - 4.820_438_240_640_888).abs() < 1e-9, "{high}");
    assert_eq!(total.secondary[0].0, "sd");
    assert!((total.secondary[0].1 - 1.286_683_937_707_919).abs() < 1e-12);
    assert_eq!(total.histogram, [(1.0, 1), (3.0, 2), (4.0, 3), (5.0, 4)]);
}

#[test]
fn an_interval_of_a_mean_stays_on_the_scale() {
    let scores = [vec![5.0; 10], vec![1.0]].concat();
    let table = RowTable::new(asked("rating", "q", (1.0, 5.0), &scores));
    let total = ask("rating", &table).total;
    assert_eq!(total.high, Some(5.0));
}

#[test]
fn effort_tells_mean_and_deviation_beside_its_share() {
    let scores = [vec![5.0; 10], vec![7.0; 10], vec![1.0; 20]].concat();
    let total = ask(
        "ces",
        &RowTable::new(asked("ces", "q", (1.0, 7.0), &scores)),
    )
    .total;
    assert_eq!((total.value, counts(&total)), (Some(50.0), vec![20, 20, 0]));
    let names: Vec<&str> = total.secondary.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["mean", "sd"]);
    assert_eq!(total.secondary[0].1, 3.5);
}

#[test]
fn shares_of_two_periods_are_compared_by_their_difference() {
    let mut all = Vec::new();
    for (month, n_satisfied) in [("2026-04-10T08:00:00Z", 48), ("2026-05-10T08:00:00Z", 56)] {
        let n = if n_satisfied == 48 { 80 } else { 70 };
        let scores = [vec![5.0; n_satisfied], vec![1.0; n - n_satisfied]].concat();
        let rows = rows(month, month, &scores).into_iter();
        all.extend(rows.map(|row| row.text("metric", "csat")));
    }
    let change = ask("csat range=2026-05-01..2026-06-01", &RowTable::new(all))
        .change
        .expect("a change");
    assert!((change.value - 20.0).abs() < 1e-9);
    assert!(
        (change.low - 5.243_147_240_236_498).abs() < 1e-9,
        "{change:?}"
    );
    assert!(
        (change.high - 33.387_265_403_690_61).abs() < 1e-9,
        "{change:?}"
    );
    assert!(change.is_changed);
}

/// Forty persons who answer three times each and always the same, over the last months.
fn stubborn(metric: &str) -> Vec<Row> {
    let person = |idx: usize| {
        let start = if idx.is_multiple_of(2) {
            "2026-05-10T08:00:00Z"
        } else {
            "2026-05-20T08:00:00Z"
        };
        let score = if idx % 4 < 3 { 10.0 } else { 1.0 };
        let rows = rows(start, &format!("{idx}/"), &[score; 3]).into_iter();
        rows.map(move |row| row.text("customer", &format!("c{idx}")))
    };
    let rows = (0..40).flat_map(person);
    rows.map(|row| {
        let mut row = row.text("metric", metric);
        row.numbers
            .extend([("scale_min", 0.0), ("scale_max", 10.0)]);
        row
    })
    .collect()
}

#[test]
fn answers_of_the_same_persons_widen_the_interval_and_say_so() {
    for metric in ["nps", "csat", "rating"] {
        let table = RowTable::new(stubborn(metric));
        let answer = ask(metric, &table);
        let deff = answer.deff.expect("told");
        assert!((2.9..3.1).contains(&deff.factor), "{metric}: {deff:?}");
        // The day began in Berlin.
        assert_eq!(deff.as_of, at("2026-06-30T22:00:00Z"), "{metric}");
        let alone: Vec<Row> = stubborn(metric)
            .into_iter()
            .map(|mut row| {
                row.texts.remove("customer");
                row
            })
            .collect();
        let alone = ask(metric, &RowTable::new(alone));
        assert_eq!(alone.deff.map(|deff| deff.factor), Some(1.0), "{metric}");
        assert_eq!(alone.total.value, answer.total.value, "{metric}");
        let width = |score: &Score| score.high.expect("high") - score.low.expect("low");
        let ratio = width(&answer.total) / width(&alone.total);
        assert!((1.5..1.9).contains(&ratio), "{metric}: {ratio}");
    }
}

#[test]
fn a_design_effect_is_of_the_question_whatever_bucket_or_filter() {
    let mut all = stubborn("csat");
    // Answers through another channel have persons of their own; the question is the same.
    let web = rows(
        "2026-05-11T08:00:00Z",
        "web",
        &[[10.0; 20], [1.0; 20]].concat(),
    );
    all.extend(web.into_iter().map(|row| {
        let mut row = row.text("metric", "csat").text("channel", "web");
        row.numbers
            .extend([("scale_min", 0.0), ("scale_max", 10.0)]);
        row
    }));
    let table = RowTable::new(all);
    let deff = |text: &str| ask(text, &table).deff.expect(text).factor;
    let all = deff("csat");
    assert!(all > 1.5);
    assert_eq!(deff("csat where.channel=web"), all);
    assert_eq!(deff("csat range=2026-05-11..2026-05-12"), all);
    let direct = deff("csat where.channel=web mode=clustered");
    assert!(direct < 1.1, "its own rows hang together no more: {direct}");
    check_split_deffs(&table);
}

fn check_split_deffs(table: &RowTable) {
    for dimension in ["channel", "question", "source"] {
        let split = ask(&format!("csat by={dimension}"), table);
        for series in &split.series {
            let key = series.key.clone().expect("a key");
            let alone = ask(&format!("csat where.{dimension}={key}"), table);
            assert_eq!(series.total, alone.total, "{dimension}={key}");
        }
    }
}

#[test]
fn each_question_of_a_split_has_its_own_design_effect() {
    let mut all = stubborn("csat");
    let other = rows(
        "2026-05-11T08:00:00Z",
        "other",
        &[[10.0; 20], [1.0; 20]].concat(),
    );
    all.extend(other.into_iter().map(|row| {
        let mut row = row.text("metric", "csat").text("question", "other");
        row.numbers
            .extend([("scale_min", 0.0), ("scale_max", 10.0)]);
        row
    }));
    let table = RowTable::new(all);
    check_split_deffs(&table);
    let deff = |text: &str| ask(text, &table).deff.expect(text).factor;
    assert_eq!(deff("csat where.question=other"), 1.0);
    assert!(deff("csat where.question=q") > 2.9);
}

#[test]
fn old_answers_and_relational_ones_have_no_design_effect() {
    let later = Settings { ..settings() };
    let table = RowTable::new(stubborn("csat"));
    let next_year = at("2027-07-01T08:00:00Z");
    let old = answer(&query("csat"), &later, next_year, &table).expect("an answer");
    assert_eq!(old.deff.map(|deff| deff.factor), Some(1.0));
    let relational = stubborn("csat")
        .into_iter()
        .map(|row| row.text("mode", "relational"));
    let relational = ask("csat", &RowTable::new(relational));
    assert_eq!((relational.deff, relational.total.n), (None, Some(40)));
}

#[test]
fn an_answer_with_a_design_effect_is_asked_again_after_midnight() {
    let table = RowTable::new(stubborn("csat"));
    let noon = at("2026-06-30T10:00:00Z");
    let answer = answer(&query("csat"), &settings(), noon, &table).expect("an answer");
    assert_eq!(answer.valid_until, at("2026-06-30T22:00:00Z"));
}

#[test]
fn a_clustered_answer_takes_each_buckets_own_rows() {
    let table = RowTable::new(stubborn("csat"));
    let direct = ask("csat mode=clustered grain=week", &table);
    let estimated = ask("csat grain=week", &table);
    assert_eq!(direct.total.value, estimated.total.value);
    assert_eq!(
        direct.total.low,
        ask("csat mode=clustered", &table).total.low
    );
    let (direct, estimated) = (&direct.series[0].points[0], &estimated.series[0].points[0]);
    assert_eq!(direct.score.n, estimated.score.n);
    assert_ne!(direct.score.low, estimated.score.low);
}
