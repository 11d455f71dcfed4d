//! Themes of real comments: what a person who reads them would say they are about.

use std::collections::BTreeMap;
use std::path::Path;

use vocd::theme::{Comment, EmergingTerm, Reader, Taxonomy, Terms, emerging, groups};
use vocd_tests::skip::data_set;

/// Who wrote a comment, by the score beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Detractor,
    Between,
    Promoter,
}

fn read(texts: impl IntoIterator<Item = (Side, String)>) -> (Reader, Vec<(Side, Terms)>) {
    let reader = Reader::new(Taxonomy::built_in());
    let read = |(side, text): (Side, String)| {
        let comment = Comment {
            text: &text,
            locale: None,
            survey_language: Some("en"),
        };
        (side, reader.read(&comment))
    };
    let terms = texts.into_iter().map(read).collect();
    (reader, terms)
}

fn telecom(folder: &Path) -> Vec<(Side, String)> {
    let mut rows = csv::Reader::from_path(folder.join("nps_verbatim.csv")).expect("the survey");
    let answer = |row: csv::StringRecord| {
        let side = match &row[2] {
            "Detractor" => Side::Detractor,
            "Promoter" => Side::Promoter,
            _ => Side::Between,
        };
        (side, row[4].to_owned())
    };
    let rows = rows.records().map(|row| row.expect("a row"));
    rows.map(answer).collect()
}

/// Ratings run from -4 to 4.
fn reviews(folder: &Path) -> Vec<(Side, String)> {
    let file = folder.join("amazonReviewSnippets_GroundTruth.txt");
    let text = std::fs::read_to_string(file).expect("the reviews");
    let sentence = |line: &str| {
        let mut cells = line.split('\t').skip(1);
        let rating: f64 = cells.next()?.parse().ok()?;
        let side = match rating {
            low if low < -0.5 => Side::Detractor,
            high if high > 0.5 => Side::Promoter,
            _ => Side::Between,
        };
        Some((side, cells.next()?.to_owned()))
    };
    text.lines().filter_map(sentence).collect()
}

/// Returns of each theme how many comments of a side speak of it, the commonest first.
fn ranked(reader: &Reader, terms: &[(Side, Terms)], side: Side) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mentions = terms.iter().filter(|(of, _)| *of == side);
    for mention in mentions.flat_map(|(_, terms)| terms.mentions()) {
        let id = &reader.taxonomy().theme_of(mention).id;
        *counts.entry(id.clone()).or_default() += 1;
    }
    let mut ranked: Vec<(String, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    ranked
}

fn side(terms: &[(Side, Terms)], side: Side) -> Vec<&Terms> {
    let of = terms.iter().filter(|(of, _)| *of == side);
    of.map(|(_, terms)| terms).collect()
}

#[track_caller]
fn check_first(ranked: &[(String, usize)], expected: &[&str]) {
    let mut first: Vec<&str> = ranked.iter().map(|(id, _)| &**id).collect();
    first.truncate(expected.len());
    first.sort_unstable();
    assert_eq!(first, expected, "{ranked:?}");
}

#[track_caller]
fn check_terms(found: &[EmergingTerm], is_first: bool, expected: &[&str]) {
    let of_side = found
        .iter()
        .filter(|term| (term.log_odds > 0.0) == is_first);
    let shown: Vec<&str> = of_side.map(|term| &*term.term).collect();
    for term in expected {
        assert!(shown.contains(term), "`{term}` is not among {shown:?}");
    }
}

#[test]
fn customers_of_a_telecom_wait_for_their_line() {
    let Some(folder) = data_set("real_themes::telecom", "nps-telecom-verbatim") else {
        return;
    };
    let (reader, terms) = read(telecom(&folder));
    assert_eq!(terms.len(), 2_385);

    let with_theme = terms
        .iter()
        .filter(|(_, terms)| !terms.mentions().is_empty());
    assert!(
        with_theme.count() > 1_850,
        "four comments in five have a theme"
    );
    check_first(
        &ranked(&reader, &terms, Side::Detractor),
        &[
            "communication",
            "reliability",
            "resolution",
            "setup",
            "waiting",
        ],
    );
    check_first(
        &ranked(&reader, &terms, Side::Promoter),
        &["ease", "service", "setup", "staff", "waiting"],
    );

    let (detractors, promoters) = (side(&terms, Side::Detractor), side(&terms, Side::Promoter));
    let found = emerging(&detractors, &promoters).terms;
    let bad = [
        "still",
        "months",
        "weeks",
        "cancelled",
        "still waiting",
        "told",
        "not connected",
    ];
    check_terms(&found, true, &bad);
    let good = [
        "easy",
        "helpful",
        "friendly",
        "quick",
        "good service",
        "easy to use",
        "price",
    ];
    check_terms(&found, false, &good);

    let found: Vec<EmergingTerm> = found
        .into_iter()
        .filter(|term| term.log_odds > 0.0)
        .collect();
    let together = groups(&found, &detractors);
    let holding = |word: &str| {
        let holds = |terms: &&Vec<usize>| terms.iter().any(|at| found[*at].term == word);
        together.iter().map(|group| &group.terms).find(holds)
    };
    assert_eq!(holding("bill"), holding("wrong"), "{together:?}");
    assert_ne!(holding("bill"), holding("appalling"));
}

#[test]
fn buyers_of_devices_speak_of_the_device() {
    let Some(folder) = data_set("real_themes::reviews", "product-reviews-vader") else {
        return;
    };
    let (reader, terms) = read(reviews(&folder));
    assert_eq!(terms.len(), 3_708);

    check_first(
        &ranked(&reader, &terms, Side::Promoter),
        &["design", "ease", "features", "price", "quality"],
    );
    let bad = ranked(&reader, &terms, Side::Detractor);
    assert_eq!(bad[0].0, "reliability", "{bad:?}");

    let (detractors, promoters) = (side(&terms, Side::Detractor), side(&terms, Side::Promoter));
    let found = emerging(&detractors, &promoters).terms;
    check_terms(
        &found,
        true,
        &["not work", "return", "warranty", "don't buy", "customer"],
    );
    check_terms(
        &found,
        false,
        &["great", "easy to use", "price", "features", "sound quality"],
    );
}
