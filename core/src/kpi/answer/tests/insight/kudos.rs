//! Who is to be thanked, and for what.

use super::*;
use crate::kpi::Cell;

const SPRING: &str = "range=2026-04-01..2026-06-29";
const AGENTS: [&str; 8] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];

/// Sixty ratings of each agent in a month; `more` are positive of `who`.
fn rated(month: &str, who: &str, more: usize) -> Vec<Row> {
    let mut all = Vec::new();
    for (at_agent, agent) in AGENTS.into_iter().enumerate() {
        let n_positive = 40 + at_agent % 3 + if agent == who { more } else { 0 };
        for idx in 0..60 {
            let id = format!("{month}-{agent}-{idx}");
            let time = format!("2026-{month}-{:02}T08:00:00Z", 1 + idx % 27);
            let score = if idx < n_positive { 5.0 } else { 1.0 };
            all.push(
                Row::nps(&id, &time, Some(score))
                    .text("metric", "csat")
                    .text("agent", agent)
                    .text("team", if at_agent < 4 { "north" } else { "south" })
                    .text("customer", &format!("c{}", idx % 25))
                    .text("ticket", &format!("T-{id}")),
            );
        }
    }
    all
}

fn told(answer: &Answer) -> Vec<[String; 4]> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        _ => String::new(),
    };
    let rows = &answer.tables.as_ref().expect("tables").main.rows;
    rows.iter()
        .map(|row| [0, 1, 2, 3].map(|column| text(&row[column])))
        .collect()
}

fn commented() -> Vec<Row> {
    let mut all = rated("05", "", 0);
    for (id, comment) in [
        ("05-a2-3", "Thank you!"),
        (
            "05-a3-7",
            "She explained it patiently, call her on 0170 123456",
        ),
        ("05-a4-59", "friendly, and still wrong"),
    ] {
        let row = all.iter_mut().find(|row| row.id == id).expect(id);
        row.texts.insert("comment", comment.to_owned());
    }
    all
}

#[test]
fn a_comment_that_names_help_is_a_reason_and_is_not_quoted() {
    let answer = ask(&format!("kudos {SPRING}"), &RowTable::new(commented()));
    let helped: Vec<[String; 4]> = told(&answer);
    assert_eq!(
        helped,
        [[
            "a3",
            "a customer names help",
            "in the comment beside a good rating",
            "T-05-a3-7"
        ]
        .map(str::to_owned)]
    );
    assert_eq!(answer.total.value, Some(1.0));
    let text = crate::kpi::format::json(&answer).to_string();
    assert!(
        !text.contains("explained") && !text.contains("0170"),
        "{text}"
    );
}

#[test]
fn who_does_not_want_to_be_thanked_is_not() {
    let mut settings = settings();
    settings.agents.opt_out.insert("a3".to_owned());
    let rows = RowTable::new(commented());
    let answer = answer(
        &query(&format!("kudos {SPRING}")),
        &settings,
        at(NOW),
        &rows,
    );
    assert!(told(&answer.expect("an answer")).is_empty());
}

#[test]
fn comments_of_anonymous_surveys_are_no_reason() {
    let all = (commented().into_iter()).map(|mut row| {
        row.flags.insert("anonymous");
        row
    });
    let answer = ask(&format!("kudos {SPRING}"), &RowTable::new(all));
    assert!(told(&answer).is_empty());
}

#[test]
fn who_improved_is_thanked_and_a_filter_chooses_who_is_shown() {
    let mut all = rated("02", "", 0);
    all.extend(rated("05", "a6", 17));
    let improved = |text: &str| {
        let answer = ask(
            &format!("kudos {SPRING}{text}"),
            &RowTable::new(all.clone()),
        );
        let told = told(&answer).into_iter();
        let of_reason = told.filter(|line| line[1] == "improved");
        of_reason.map(|line| line[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(improved(""), ["a6"]);
    assert_eq!(improved(" where.team=south"), ["a6"]);
    assert!(improved(" where.team=north").is_empty());
    assert!(improved(" where.agent=a1").is_empty());
    assert_eq!(improved(" where.agent=a6"), ["a6"]);
}

#[test]
fn being_as_expected_four_times_in_a_row_is_a_streak() {
    // A year of quarters.
    let quarters = ["2025-08", "2025-11", "2026-02", "2026-05"];
    let rows_of = |n: usize| {
        let quarters = quarters[4 - n..].iter();
        let all = quarters.flat_map(|month| {
            let rows = rated("05", "", 0).into_iter();
            rows.map(move |mut row| {
                row.at = at(&row.at.to_string().replace("2026-05", month));
                row.id = format!("{month}-{}", row.id);
                row
            })
        });
        RowTable::new(all.collect::<Vec<_>>())
    };
    let steady = |n: usize| {
        let answer = ask(&format!("kudos {SPRING}"), &rows_of(n));
        let steady = told(&answer).into_iter().filter(|line| line[1] == "steady");
        steady.count()
    };
    assert_eq!((steady(3), steady(4)), (0, AGENTS.len()));
}

#[test]
fn kudos_are_told_by_agents_alone() {
    let error = super::answer(
        &query("kudos by=team"),
        &settings(),
        at(NOW),
        &RowTable::default(),
    );
    let error = error.expect_err("no such split");
    assert_eq!(
        format!("{error}; {}", error.hint().expect("a hint")),
        "`kudos` cannot be split by `team`; use by=agent"
    );
}
