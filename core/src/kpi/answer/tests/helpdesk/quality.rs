//! Reviews: their scores, who is behind them, and how sure their mean is.

use super::*;

/// One category of a review.
fn category(review: &str, name: &str, score: f64, weight: Option<f64>) -> Row {
    let row = Row {
        source: "desk".to_owned(),
        id: format!("{review}/{name}"),
        at: at("2026-06-02T08:00:00Z"),
        ..Row::default()
    };
    let row = row
        .text("review", review)
        .text("category", name)
        .text("agent", review.split('-').next().expect("an agent"))
        .text("reviewer_kind", "peer")
        .number("score", score)
        .number("score_max", 5.0);
    match weight {
        Some(weight) => row.number("weight", weight),
        None => row,
    }
}

/// Twelve reviews of four agents, each of one category with the same score.
fn reviews(score: f64) -> Vec<Row> {
    (0..12)
        .map(|idx| category(&format!("a{}-{idx}", idx % 4), "tone", score, None))
        .collect()
}

fn mean(rows: Vec<Row>) -> Option<f64> {
    ask("quality_score", &RowTable::new(rows)).total.value
}

#[test]
fn categories_count_by_weight_and_reviews_alike() {
    assert_eq!(mean(reviews(4.0)), Some(80.0));
    // One of thirteen: 100 * (3 * 5/5 + 1 * 1/5) / 4 = 80, however many categories it has.
    let mut rows = reviews(4.0);
    rows.push(category("a0-x", "facts", 5.0, Some(3.0)));
    rows.push(category("a0-x", "tone", 1.0, Some(1.0)));
    assert_eq!(mean(rows), Some(80.0));
    // Without weights both are alike: 60.
    let mut rows = reviews(4.0);
    rows.push(category("a0-x", "facts", 5.0, None));
    rows.push(category("a0-x", "tone", 1.0, None));
    assert_eq!(mean(rows), Some((12.0 * 80.0 + 60.0) / 13.0));
}

#[test]
fn a_critical_category_of_zero_spoils_the_review_and_nothing_else() {
    let with = |score: f64, is_critical: bool| {
        let mut rows = reviews(5.0);
        rows.push(category("a0-x", "facts", 5.0, Some(9.0)));
        rows.push(category("a0-x", "privacy", score, Some(1.0)).flag("critical", is_critical));
        mean(rows).expect("reviews")
    };
    assert_eq!(with(0.0, true), 1_200.0 / 13.0);
    assert_eq!(with(0.0, false), 1_290.0 / 13.0);
    assert_eq!(with(1.0, true), (1_200.0 + 92.0) / 13.0);
}

#[test]
fn a_review_without_weight_has_no_score() {
    let mut rows = reviews(5.0);
    rows.push(category("a0-x", "tone", 0.0, Some(0.0)));
    let total = ask("quality_score", &RowTable::new(rows)).total;
    assert_eq!((total.value, total.n), (Some(100.0), Some(12)));
}

#[test]
fn who_reviewed_can_be_told_apart() {
    let mut rows = reviews(4.0);
    let own = (0..10).map(|idx| {
        category(&format!("a{idx}-self"), "tone", 5.0, None).text("reviewer_kind", "self")
    });
    rows.extend(own);
    let table = RowTable::new(rows);
    let answer = ask("quality_score by=reviewer_kind", &table);
    let groups: Vec<(Option<&str>, Option<f64>)> = (answer.series.iter())
        .map(|series| (series.key.as_deref(), series.total.value))
        .collect();
    assert_eq!(
        groups,
        [(Some("peer"), Some(80.0)), (Some("self"), Some(100.0))]
    );
    assert_eq!(counts(&answer.total), [12, 10, 0, 0]);
    let peers = ask("quality_score where.reviewer_kind=peer", &table);
    assert_eq!(peers.total, answer.series[0].total);
}

#[test]
fn reviews_of_few_agents_say_less_than_reviews_of_many() {
    let of = |n_agents: usize| {
        let rows = (0..40).map(|idx| {
            let agent = idx % n_agents;
            // What an agent is good at shows in all reviews of theirs.
            let score = [2.0, 3.0, 4.0, 5.0][agent % 4];
            category(&format!("a{agent}-{idx}"), "tone", score, None)
        });
        let total = ask("quality_score", &RowTable::new(rows)).total;
        total.high.expect("an interval") - total.low.expect("an interval")
    };
    assert!(of(4) > 2.0 * of(20), "{} and {}", of(4), of(20));
}

#[test]
fn a_late_edit_counts_and_a_deleted_category_does_not() {
    let mut rows = reviews(4.0);
    rows.push(category("a0-x", "tone", 5.0, None));
    let mut edited = category("a0-x", "tone", 1.0, None);
    edited.known_at = at("2026-06-20T00:00:00Z");
    rows.push(edited.clone());
    assert_eq!(mean(rows.clone()), Some((12.0 * 80.0 + 20.0) / 13.0));
    let table = RowTable::new(rows.clone());
    let before = ask("quality_score as_of=2026-06-19T00:00:00Z", &table);
    assert_eq!(before.total.value, Some((12.0 * 80.0 + 100.0) / 13.0));
    edited.known_at = at("2026-06-21T00:00:00Z");
    edited.flags.insert("deleted");
    rows.push(edited);
    assert_eq!(mean(rows), Some(80.0));
}

#[test]
fn tickets_have_no_reviewer() {
    let question = query("tickets by=reviewer_kind");
    let error = answer(&question, &settings(), at(NOW), &RowTable::default());
    let error = error.expect_err("no such dimension");
    assert_eq!(error.to_string(), "there is no dimension `reviewer_kind`");
}
