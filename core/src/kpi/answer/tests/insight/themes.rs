//! What comments are about, and what is never told of them.

use super::*;
use crate::kpi::{Cell, Gap, Table, Themes};

const MAY: &str = "themes range=2026-05-01..2026-06-01";
const LATE: &str = "the delivery came late";
const DEAR: &str = "the price is too high";

/// So many answers of a month with a score and a comment, each of its own person.
fn wrote(month: &str, prefix: &str, n: usize, score: f64, comment: &str) -> Vec<Row> {
    let start = format!("2026-{month}-10T08:00:00Z");
    let prefix = format!("{month}-{prefix}-");
    let rows = rows(&start, &prefix, &vec![score; n]).into_iter();
    rows.map(|row| row.text("comment", comment).text("language", "en"))
        .collect()
}

fn silent(month: &str, n: usize, score: f64) -> Vec<Row> {
    let start = format!("2026-{month}-12T08:00:00Z");
    rows(&start, &format!("{month}-silent-"), &vec![score; n])
}

fn themed(text: &str, rows: Vec<Row>) -> (Answer, Themes) {
    let answer = ask(text, &RowTable::new(rows));
    match found(&answer) {
        Found::Themes(themes) => {
            let themes = Themes::clone(themes);
            (answer, themes)
        }
        other => panic!("{other:?}"),
    }
}

fn tables(answer: &Answer) -> &crate::kpi::Tables {
    answer.tables.as_ref().expect("tables")
}

fn further<'a>(answer: &'a Answer, name: &str) -> &'a Table {
    let mut all = tables(answer).further.iter();
    let found = all.find(|(known, _)| *known == name);
    &found.expect(name).1
}

/// Returns the texts of a column.
fn texts<'a>(table: &'a Table, column: &str) -> Vec<&'a str> {
    let idx = table.columns.iter().position(|one| one.name == column);
    let idx = idx.expect(column);
    let text = |row: &'a Vec<Cell>| match &row[idx] {
        Cell::Text(text) => text.as_str(),
        _ => "",
    };
    table.rows.iter().map(text).collect()
}

fn cells<'a>(table: &'a Table, theme: &str) -> &'a [Cell] {
    let mut rows = table.rows.iter();
    let row = rows.find(|row| row[0] == Cell::Text(theme.to_owned()));
    row.expect(theme)
}

/// Whether a word is anywhere in an answer, as any format tells it.
fn tells(answer: &Answer, word: &str) -> bool {
    let told = crate::kpi::format::json(answer).to_string();
    let debug = format!("{:?}", answer.findings);
    told.contains(word) || debug.contains(word)
}

fn late_and_dear() -> Vec<Row> {
    let mut all = wrote("05", "late", 20, 2.0, LATE);
    all.extend(wrote("05", "dear", 20, 10.0, DEAR));
    all.extend(silent("05", 20, 8.0));
    all
}

#[test]
fn a_theme_costs_what_the_score_is_without_it() {
    let (answer, themes) = themed(MAY, late_and_dear());
    let total = &answer.total;
    assert_eq!(
        (total.value, total.n),
        (Some(100.0 * 40.0 / 60.0), Some(60))
    );
    assert_eq!(total.counts, [("commented", 40), ("read", 40)]);
    assert_eq!(total.secondary, [("score_commented", 0.0), ("score", 0.0)]);
    let delivery = cells(&tables(&answer).main, "delivery");
    // Half of the comments, at -100; without them 100: the theme costs 0 - 100 points.
    let numbers = [50.0, -100.0, 100.0, -100.0].map(Cell::Number);
    assert_eq!(&delivery[2..3], [Cell::Count(20)]);
    assert_eq!(&delivery[3..7], numbers);
    assert_eq!(delivery[9], Cell::Text("beyond chance".to_owned()));
    assert_eq!(themes.impacts.n_comments, 40);
    assert_eq!(
        (answer.from, answer.to),
        (at("2026-04-30T22:00:00Z"), at("2026-05-31T22:00:00Z"))
    );
}

#[test]
fn of_shares_the_score_is_the_share() {
    let metric = |row: Row| {
        let row = row.text("metric", "csat").text("question", "s");
        let score = row.numbers["score"] / 2.0;
        let mut row = row;
        row.numbers.insert("score", score);
        row
    };
    let all: Vec<Row> = late_and_dear().into_iter().map(metric).collect();
    let (answer, _) = themed(&format!("{MAY} of=csat"), all);
    let delivery = cells(&tables(&answer).main, "delivery");
    assert_eq!(&delivery[4..7], [0.0, 100.0, -50.0].map(Cell::Number));
}

#[test]
fn a_comment_belongs_to_all_answers_of_its_submission() {
    let all = late_and_dear();
    let (own, _) = themed(MAY, all.clone());
    let apart = all.into_iter().flat_map(|mut row| {
        let response = row.id.clone();
        let comment = row.texts.remove("comment");
        let mut words = row
            .clone()
            .text("metric", "text")
            .text("response", &response);
        words.id = format!("{response}/text");
        words.numbers.clear();
        let words = comment.map(|comment| words.text("comment", &comment));
        [Some(row.text("response", &response)), words]
            .into_iter()
            .flatten()
    });
    let (beside, _) = themed(MAY, apart.collect());
    assert_eq!(beside.total, own.total);
    assert_eq!(beside.tables, own.tables);
}

#[test]
fn what_fewer_than_ten_persons_say_is_never_told() {
    let mut all = late_and_dear();
    // Nine persons of two answers each, and ten of one.
    let twice = wrote("05", "bill", 18, 3.0, "an invoice was wrong").into_iter();
    all.extend(
        twice
            .enumerate()
            .map(|(idx, row)| row.text("customer", &format!("b{}", idx / 2))),
    );
    let (answer, _) = themed(MAY, all.clone());
    assert!(!tells(&answer, "billing") && !tells(&answer, "invoice"));
    assert_eq!(answer.total.counts, [("commented", 58), ("read", 58)]);
    all.extend(wrote("05", "tenth", 1, 3.0, "an invoice was wrong"));
    let (answer, _) = themed(MAY, all);
    assert!(tells(&answer, "billing"));
}

#[test]
fn too_few_who_write_tell_nothing_and_say_so() {
    let mut all = wrote("05", "late", 9, 2.0, LATE);
    all.extend(silent("05", 40, 9.0));
    let answer = ask(MAY, &RowTable::new(all));
    let gap = Gap::FewAnswers { n: 9, needed: 10 };
    assert_eq!(found(&answer), &Found::Nothing(gap));
    assert!(tables(&answer).main.rows.is_empty() && answer.total.value.is_none());
    assert!(
        answer.notes[0].starts_with("at least 10 persons with a comment"),
        "{:?}",
        answer.notes
    );
}

#[test]
fn a_theme_that_grew_and_a_word_that_is_new_are_found() {
    let mut all = wrote("05", "late", 30, 4.0, "the delivery was damaged");
    for month in ["02", "03", "04", "05"] {
        all.extend(wrote(month, "dear", 60, 6.0, DEAR));
        all.extend(wrote(month, "ok", 60, 9.0, "friendly people, all good"));
    }
    let (answer, themes) = themed(MAY, all);
    let delivery = cells(further(&answer, "change"), "delivery");
    assert_eq!(
        &delivery[2..6],
        [
            Cell::Count(0),
            Cell::Count(30),
            Cell::Number(0.0),
            Cell::Number(20.0)
        ]
    );
    assert_eq!(delivery[9], Cell::Text("more".to_owned()));
    assert!(
        themes.emerging.contains(&"damaged".to_owned()),
        "{:?}",
        themes.emerging
    );
    let emerging = further(&answer, "emerging");
    let of_side = |side: &str| -> Vec<&str> {
        let sides = texts(emerging, "side")
            .into_iter()
            .zip(texts(emerging, "term"));
        sides
            .filter(|(one, _)| *one == side)
            .map(|(_, term)| term)
            .collect()
    };
    assert!(!of_side("new").contains(&"price"));
    assert!(of_side("detractors").contains(&"price"), "{emerging:?}");
    assert!(of_side("promoters").contains(&"friendly"), "{emerging:?}");
    let groups = further(&answer, "groups");
    assert!(
        texts(groups, "name")
            .iter()
            .any(|name| name.contains("damaged")),
        "{groups:?}"
    );
    let before = answer
        .findings
        .as_ref()
        .and_then(|findings| findings.before);
    assert_eq!(before.map(|before| before.end), Some(answer.from));
}

#[test]
fn names_of_customers_are_no_terms() {
    let said = "miss moneypenny helped with the router";
    let mut all = wrote("05", "who", 30, 10.0, said);
    all.extend(wrote("05", "dear", 60, 6.0, DEAR));
    all.extend(wrote("04", "dear", 60, 6.0, DEAR));
    let (known, _) = themed(MAY, all.clone());
    assert!(tells(&known, "moneypenny") && tells(&known, "router"));
    all.push(
        Row {
            source: "crm".to_owned(),
            id: "c1".to_owned(),
            at: at("2026-01-01T00:00:00Z"),
            ..Row::default()
        }
        .text("name", "Jane Moneypenny"),
    );
    let (answer, _) = themed(MAY, all);
    assert!(!tells(&answer, "moneypenny") && tells(&answer, "router"));
}

#[test]
fn of_anonymous_answers_nothing_is_told_of_less_than_weeks() {
    let anonymous = |mut row: Row| {
        row.flags.insert("anonymous");
        row
    };
    let all: Vec<Row> = late_and_dear().into_iter().map(anonymous).collect();
    let (answer, _) = themed(MAY, all.clone());
    // 4 May and 1 June are Mondays.
    assert_eq!(
        (answer.from, answer.to),
        (at("2026-05-03T22:00:00Z"), at("2026-05-31T22:00:00Z"))
    );
    // All who speak of a theme agree: the score with it would tell each opinion.
    assert_eq!(cells(&tables(&answer).main, "delivery")[4], Cell::Missing);
    let day = ask("themes range=2026-05-10..2026-05-11", &RowTable::new(all));
    assert_eq!(
        found(&day),
        &Found::Nothing(Gap::FewAnswers { n: 0, needed: 10 })
    );
}

#[test]
fn a_language_that_is_not_read_is_counted_and_said() {
    let mut all = late_and_dear();
    let others = wrote("05", "ja", 5, 9.0, "とても良い").into_iter();
    all.extend(others.map(|row| row.text("language", "ja")));
    let (answer, themes) = themed(MAY, all);
    assert_eq!(answer.total.counts, [("commented", 45), ("read", 40)]);
    assert_eq!(themes.coverage, 100.0 * 40.0 / 65.0);
    let said = "5 of 45 comments are in a language that is not read, or not known";
    assert!(
        answer.notes.contains(&said.to_owned()),
        "{:?}",
        answer.notes
    );
}

#[test]
fn of_relational_answers_the_last_of_each_customer_counts() {
    let relational = |row: Row| {
        let customer = row.id.clone();
        row.text("mode", "relational").text("customer", &customer)
    };
    let mut all: Vec<Row> = late_and_dear().into_iter().map(relational).collect();
    let again = wrote("05", "late", 20, 10.0, DEAR)
        .into_iter()
        .map(|mut row| {
            row = relational(row);
            row.id = format!("{}-again", row.id);
            row.at = at("2026-05-20T08:00:00Z");
            row
        });
    all.extend(again);
    let (answer, _) = themed(MAY, all);
    assert_eq!(answer.total.n, Some(60));
    assert!(
        !tells(&answer, "delivery"),
        "everyone who said so said something else later"
    );
}

#[test]
fn themes_are_not_split() {
    let asked = query(&format!("{MAY} by=channel"));
    let error = answer(
        &asked,
        &settings(),
        at(NOW),
        &RowTable::new(late_and_dear()),
    );
    let error = error.expect_err("refused");
    assert_eq!(error.to_string(), "`themes` cannot be split");
}
