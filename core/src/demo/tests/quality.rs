//! Reviews and trainings belong to agents and tickets and are believable.

use std::collections::{BTreeSet, HashMap};

use super::business::{company, current, rows};

/// Score of each review, 0 to 100, with who gave it.
fn scores() -> Vec<(String, f64)> {
    let mut reviews: HashMap<String, Vec<HashMap<String, String>>> = HashMap::new();
    for row in rows(company(), "reviews/") {
        reviews.entry(row["review"].clone()).or_default().push(row);
    }
    let scores = reviews.into_iter().map(|(review, categories)| {
        assert_eq!(categories.len(), 5, "{review}");
        let number = |row: &HashMap<String, String>, column: &str| -> f64 {
            row[column].parse().expect("a number")
        };
        let (mut sum, mut weights) = (0.0, 0.0);
        let mut is_failed = false;
        for row in &categories {
            let weight = number(row, "weight");
            sum += weight * number(row, "score") / number(row, "score_max");
            weights += weight;
            is_failed |= row["critical"] == "true" && row["score"] == "0";
        }
        let score = if is_failed {
            0.0
        } else {
            100.0 * sum / weights
        };
        (categories[0]["reviewer_kind"].clone(), score)
    });
    scores.collect()
}

fn mean(scores: impl Iterator<Item = f64>) -> f64 {
    let scores: Vec<f64> = scores.collect();
    let n = u32::try_from(scores.len()).expect("some thousands");
    scores.iter().sum::<f64>() / f64::from(n)
}

#[test]
fn reviews_are_of_the_ticket_and_of_its_agent() {
    let tickets = current(rows(company(), "tickets/"));
    let mut n_reviews = 0;
    for row in rows(company(), "reviews/") {
        // The first reviews are of tickets that were closed before the files begin.
        if row["reviewed_at"].as_str() < "2024-11-25" {
            continue;
        }
        let ticket = &tickets[&row["ticket"]];
        assert_eq!(ticket["agent"], row["agent"], "{}", row["id"]);
        assert!(
            ticket["first_solved_at"] < row["reviewed_at"],
            "{}",
            row["id"]
        );
        let is_perfect = row["score"] == row["score_max"];
        assert!(!is_perfect || row["cause"].is_empty(), "{}", row["id"]);
        n_reviews += 1;
    }
    assert!(n_reviews > 10_000, "{n_reviews}");
}

#[test]
fn quality_is_believable_and_who_reviews_matters() {
    let scores = scores();
    let by = |kind: &str| mean(scores.iter().filter(|one| one.0 == kind).map(|one| one.1));
    let all = mean(scores.iter().map(|one| one.1));
    assert!((74.0..90.0).contains(&all), "{all}");
    assert!(
        by("self") > by("peer") + 2.0,
        "{} {}",
        by("self"),
        by("peer")
    );
    assert!(
        by("peer") > by("manager"),
        "{} {}",
        by("peer"),
        by("manager")
    );
    let failed = scores.iter().filter(|one| one.1 == 0.0).count();
    assert!((10..100).contains(&failed), "{failed} failed");
}

#[test]
fn poor_work_has_a_cause() {
    let mut causes: HashMap<String, u32> = HashMap::new();
    for row in rows(company(), "reviews/") {
        let is_poor = row["score_max"] == "5" && row["score"].as_str() < "4";
        assert_eq!(is_poor || row["score"] == "0", !row["cause"].is_empty());
        if !row["cause"].is_empty() {
            *causes.entry(row["cause"].clone()).or_default() += 1;
        }
    }
    assert!(causes.len() >= 6, "{causes:?}");
    let most = causes.iter().max_by_key(|(_, n)| **n);
    assert_eq!(most.map(|(cause, _)| cause.as_str()), Some("knowledge gap"));
    assert!(causes.values().sum::<u32>() > 1_000, "{causes:?}");
}

#[test]
fn trainings_are_of_agents_who_work() {
    let agents = current(rows(company(), "agents"));
    let mut courses = BTreeSet::new();
    for row in rows(company(), "trainings") {
        let agent = &agents[&row["agent"]];
        assert!(agent["started_at"] < row["completed_at"], "{}", row["id"]);
        let is_gone = agent["active"] == "false" && agent["updated_at"] < row["completed_at"];
        assert!(!is_gone, "{}", row["id"]);
        courses.insert((row["completed_at"].clone(), row["course"].clone()));
    }
    assert!(courses.len() >= 4, "{courses:?}");
}
