//! Question sets, survey modes and splits: which rows one number pools.

use super::*;

fn relational(id: &str, at: &str, score: Option<f64>, customer: &str) -> Row {
    Row::nps(id, at, score)
        .text("mode", "relational")
        .text("customer", customer)
}

#[test]
fn a_relational_survey_counts_each_customers_last_answer_per_bucket() {
    let mut all = Vec::new();
    for customer in 0..10 {
        let name = format!("c{customer}");
        all.push(relational(
            &format!("{name}/1"),
            "2026-05-04T08:00:00Z",
            Some(0.0),
            &name,
        ));
        all.push(relational(
            &format!("{name}/2"),
            "2026-05-20T08:00:00Z",
            Some(10.0),
            &name,
        ));
        all.push(relational(
            &format!("{name}/3"),
            "2026-06-20T08:00:00Z",
            Some(8.0),
            &name,
        ));
        // An opened but unanswered survey is nobody's last answer.
        all.push(relational(
            &format!("{name}/4"),
            "2026-06-21T08:00:00Z",
            None,
            &name,
        ));
    }
    let answer = ask("nps grain=month", &RowTable::new(all));
    assert_eq!(answer.mode, Some(Mode::Relational));
    assert!(!answer.is_additive);
    let points = &answer.series[0].points;
    assert_eq!(counts(&points[0].score), [10, 0, 0, 0]);
    assert_eq!(counts(&points[1].score), [0, 10, 0, 10]);
    assert_eq!(counts(&answer.total), [0, 10, 0, 10]);
}

#[test]
fn answers_at_one_instant_are_ordered_by_submission_and_anonymous_ones_never_merge() {
    let mut all = Vec::new();
    for customer in 0..12 {
        let name = format!("c{customer}");
        let last = relational(
            &format!("{name}/a"),
            "2026-05-04T08:00:00Z",
            Some(10.0),
            &name,
        );
        let first = relational(
            &format!("{name}/b"),
            "2026-05-04T08:00:00Z",
            Some(0.0),
            &name,
        );
        all.extend([last.text("response", "2"), first.text("response", "1")]);
        let mut anonymous = relational(
            &format!("{name}/c"),
            "2026-05-04T08:00:00Z",
            Some(8.0),
            "c0",
        );
        anonymous.flags.insert("anonymous");
        all.push(anonymous);
    }
    assert_eq!(
        counts(&ask("nps", &RowTable::new(all)).total),
        [12, 12, 0, 0]
    );
}

fn two_modes() -> RowTable {
    let mut all: Vec<Row> = rows("2026-05-04T08:00:00Z", "t", &scores(20, 0, 0));
    for customer in 0..15 {
        let name = format!("c{customer}");
        let row = relational(
            &format!("rel{customer}"),
            "2026-05-05T08:00:00Z",
            Some(0.0),
            &name,
        );
        all.push(row.text("survey", "yearly"));
    }
    RowTable::new(all)
}

#[test]
fn the_relational_survey_wins_unless_the_question_says_otherwise() {
    let table = two_modes();
    let default = ask("nps", &table);
    assert_eq!(
        (default.mode, default.total.value),
        (Some(Mode::Relational), Some(-100.0))
    );
    assert_eq!(default.notes.len(), 1);
    let other = ask("nps mode=transactional", &table);
    assert_eq!(
        (other.mode, other.total.value),
        (Some(Mode::Transactional), Some(100.0))
    );
    let narrowed = ask("nps where.survey=s", &table);
    assert_eq!(
        (narrowed.mode, narrowed.total.value),
        (Some(Mode::Transactional), Some(100.0))
    );
    let by_filter = ask("nps where.mode=transactional", &table);
    assert_eq!(by_filter.total, other.total);
}

/// Asserts that each series of a split equals the answer of the filter on its value.
fn check_split(text: &str, dimension: &str, table: &RowTable, expected_keys: &[&str]) {
    let split = ask(&format!("{text} by={dimension}"), table);
    let keys: Vec<&str> = split
        .series
        .iter()
        .map(|series| series.key.as_deref().expect("a key"))
        .collect();
    assert_eq!(keys, expected_keys, "by={dimension}");
    for series in split.series.iter().filter(|series| !series.is_rest) {
        let key = series.key.as_deref().expect("a key");
        let mut narrowed = query(text);
        narrowed.range = Some(Range::Between(
            crate::kpi::Instant::Exact(split.from),
            crate::kpi::Instant::Exact(split.to),
        ));
        let value = (key != "(none)").then(|| key.to_owned());
        narrowed.filters.insert(dimension.to_owned(), vec![value]);
        let alone = answer(&narrowed, &settings(), at(NOW), table).expect(key);
        assert_eq!(series.total, alone.total, "{dimension}={key}");
        let of = |points: &[Point]| -> Vec<(String, Score)> {
            points
                .iter()
                .map(|point| (point.label.clone(), point.score.clone()))
                .collect()
        };
        assert_eq!(
            of(&series.points),
            of(&alone.series[0].points),
            "{dimension}={key}"
        );
    }
    assert_eq!(
        split.total,
        ask(text, table).total,
        "the total is the unsplit answer"
    );
}

#[test]
fn a_split_shows_for_each_value_what_its_filter_shows() {
    check_split(
        "nps grain=month",
        "mode",
        &two_modes(),
        &["transactional", "relational"],
    );
    check_split("nps grain=month", "survey", &two_modes(), &["s", "yearly"]);
    check_split(
        "nps grain=month",
        "channel",
        &many_channels(),
        &["c9", "c8", "c7", "c6", "c5", "c4", "c3", "c2", "other"],
    );
    let mut some = rows("2026-05-04T08:00:00Z", "a", &scores(12, 1, 1));
    let named = rows("2026-06-04T08:00:00Z", "b", &scores(4, 9, 3));
    some.extend(named.into_iter().map(|row| row.dimension("segment", "smb")));
    check_split(
        "nps grain=month",
        "segment",
        &RowTable::new(some),
        &["smb", "(none)"],
    );
}

/// Channel `cN` has 10 + N answers, N of them promoters.
fn many_channels() -> RowTable {
    let all = (0..10).flat_map(|channel| {
        let name = format!("c{channel}");
        let rows = rows("2026-05-04T08:00:00Z", &name, &scores(channel, 0, 10));
        rows.into_iter()
            .map(move |row| row.text("channel", &name))
            .collect::<Vec<_>>()
    });
    RowTable::new(all)
}

#[test]
fn groups_beyond_the_eighth_are_pooled_from_their_rows() {
    let table = many_channels();
    let split = ask("nps by=channel grain=month", &table);
    let rest = split.series.last().expect("a rest");
    assert!(rest.is_rest);
    assert_eq!(counts(&rest.total), [1, 0, 20, 0]);
    assert_eq!(rest.total, ask("nps where.channel=c0,c1", &table).total);
}

#[test]
fn a_split_costs_few_plans() {
    let table = many_channels();
    let split = ask("nps by=channel range=30d grain=day", &table);
    assert_eq!(split.series.len(), 0, "nothing in June");
    let plans = |text| {
        table.plans.lock().expect("no panic while held").clear();
        ask(text, &table);
        table.plans.lock().expect("no panic while held").len()
    };
    // One of them looks for surveys that promised anonymity.
    assert_eq!(plans("nps range=60d grain=day"), 4);
    // Another asks how many were invited through each channel.
    assert_eq!(plans("nps by=channel range=60d grain=day"), 8);
    // Nothing is asked of rows that are compared with nothing.
    assert_eq!(plans("responses range=60d grain=day"), 2);
}

/// Whatever is thought to be known of the number of groups, the answer is the same.
#[test]
fn a_split_is_the_same_in_one_round_of_questions_or_two() {
    let check = |mut table: RowTable, text: &str| {
        let in_two = ask(text, &table);
        for n_values in [0, 8, 9] {
            table.n_values = Some(n_values);
            assert_eq!(ask(text, &table), in_two, "{text}, {n_values} values");
        }
    };
    check(many_channels(), "nps grain=month by=channel");
    check(many_channels(), "responses grain=week by=channel");
    check(
        many_channels(),
        "nps grain=month by=channel where.channel=c0,c1",
    );
    check(two_modes(), "nps grain=month by=mode mode=transactional");
    check(two_modes(), "nps grain=month by=source");
}

#[test]
fn a_split_by_few_values_is_one_round_of_questions() {
    let mut table = many_channels();
    table.n_values = Some(2);
    ask("nps by=channel range=60d grain=day", &table);
    let plans = table.plans.lock().expect("no panic");
    let by_bucket = |plan: &&TallyPlan| !plan.group.is_empty() && plan.buckets.len() > 1;
    let first = plans.iter().find(by_bucket).expect("asked");
    assert!(!first.filter.names(&first.group[0]), "of all values");
}

#[test]
fn a_named_question_set_pools_its_questions() {
    let mut all = rows("2026-06-02T08:00:00Z", "a", &scores(10, 0, 0));
    let web = rows("2026-06-02T08:00:00Z", "b", &scores(0, 0, 10));
    all.extend(web.into_iter().map(|row| {
        Row {
            source: "web".to_owned(),
            ..row
        }
        .text("question", "q2")
    }));
    let third = rows("2026-06-02T08:00:00Z", "c", &scores(0, 10, 0));
    all.extend(third.into_iter().map(|row| row.text("question", "q3")));
    let table = RowTable::new(all);
    let check = |text, expected: &[u64]| assert_eq!(counts(&ask(text, &table).total), expected);
    check("nps", &[10, 10, 10, 0]);
    check("nps where.question=everything", &[10, 0, 10, 0]);
    check("nps where.question=q3", &[0, 10, 0, 0]);
    check("nps where.question=web/q2,q3", &[0, 10, 10, 0]);
}

#[test]
fn another_scale_is_never_mapped() {
    let mut all = rows("2026-06-02T08:00:00Z", "a", &scores(0, 0, 10));
    for row in rows("2026-06-02T09:00:00Z", "b", &[5.0; 10]) {
        let mut row = row.text("question", "five");
        row.numbers.extend([("scale_min", 1.0), ("scale_max", 5.0)]);
        all.push(row);
    }
    for row in rows("2026-06-02T10:00:00Z", "c", &scores(10, 0, 0)) {
        let mut row = row.text("question", "ten");
        row.numbers
            .extend([("scale_min", 0.0), ("scale_max", 10.0)]);
        all.push(row);
    }
    let answer = ask("nps", &RowTable::new(all));
    assert_eq!(counts(&answer.total), [10, 0, 10, 0]);
    assert_eq!(
        answer.notes,
        ["question `five` of `csv` is left out: its scale is 1 to 5"]
    );
}
