//! Teams and agents: who is compared with whom, what is told of whom, and what is not.

use super::*;
use crate::coach::Band;
use crate::kpi::{Cell, Colleagues};

const JUNE: &str = "range=2026-04-01..2026-06-29";

/// What somebody's ratings are like: positive and all of them, of so many customers.
struct Lot {
    agent: &'static str,
    team: &'static str,
    n_positive: usize,
    n: usize,
    n_customers: usize,
}

const fn lot(agent: &'static str, n_positive: usize, n: usize) -> Lot {
    Lot {
        agent,
        team: "north",
        n_positive,
        n,
        n_customers: 30,
    }
}

/// Ratings of a month, some a day; every other one of a hard kind of ticket.
fn rated(month: &str, lots: &[Lot]) -> Vec<Row> {
    let mut all = Vec::new();
    for lot in lots {
        for idx in 0..lot.n {
            let day = 1 + idx % 27;
            let id = format!("{month}-{}-{idx}", lot.agent);
            let time = format!("2026-{month}-{day:02}T08:00:00Z");
            let score = if idx < lot.n_positive { 5.0 } else { 1.0 };
            let row = Row::nps(&id, &time, Some(score)).text("metric", "csat");
            all.push(
                row.text("customer", &format!("c{}", idx % lot.n_customers))
                    .text("agent", lot.agent)
                    .text("team", lot.team)
                    .text("channel", "email")
                    .text("ticket", &format!("T-{id}"))
                    .dimension("ticket.category", "access"),
            );
        }
    }
    all
}

fn equal() -> Vec<Lot> {
    ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"]
        .map(|agent| lot(agent, 80, 100))
        .into()
}

/// Nine alike and one far below, all of them rated by thirty customers.
fn one_unlike() -> RowTable {
    let mut lots = equal();
    lots.push(lot("z0", 40, 100));
    RowTable::new(rated("05", &lots))
}

fn names(answer: &Answer) -> Vec<String> {
    texts(answer, 0)
}

fn texts(answer: &Answer, column: usize) -> Vec<String> {
    let rows = &answer.tables.as_ref().expect("tables").main.rows;
    rows.iter()
        .map(|row| match &row[column] {
            Cell::Text(text) => text.clone(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn cell<'a>(answer: &'a Answer, name: &str, column: &str) -> &'a Cell {
    let table = &answer.tables.as_ref().expect("tables").main;
    let idx = table.columns.iter().position(|one| one.name == column);
    let is_named = |row: &&Vec<Cell>| row[0] == Cell::Text(name.to_owned());
    let row = table.rows.iter().find(is_named).expect(name);
    &row[idx.expect(column)]
}

fn colleagues(answer: &Answer) -> &Colleagues {
    match found(answer) {
        Found::Scorecard(colleagues) => colleagues,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_told_of_agents_until_the_operator_turns_it_on() {
    for kpi in ["scorecard", "kudos", "training_effect"] {
        let off = Settings {
            agents: crate::kpi::AgentRules::default(),
            ..settings()
        };
        let error = answer(&query(kpi), &off, at(NOW), &one_unlike()).expect_err(kpi);
        assert_eq!(
            (error.status(), error.reason()),
            (403, Some("agents_off")),
            "{kpi}"
        );
        assert_eq!(
            format!("{error}; {}", error.hint().expect("a hint")),
            format!(
                "`{kpi}` tells of agents, which is switched off here; the operator sets `enabled = \
                 true` under [agents] of the configuration"
            )
        );
    }
}

#[test]
fn who_is_far_below_is_in_another_band_and_nobody_is_ranked() {
    let answer = ask(&format!("scorecard by=agent {JUNE}"), &one_unlike());
    let mut expected: Vec<&str> = equal().iter().map(|lot| lot.agent).collect();
    expected.push("z0");
    assert_eq!(names(&answer), expected);
    let bands = texts(&answer, 1);
    assert!(
        bands[..9].iter().all(|band| band == "within expected"),
        "{bands:?}"
    );
    assert_eq!(bands[9], "below expected");
    let Cell::Number(csat) = cell(&answer, "z0", "csat") else {
        panic!("a number");
    };
    // Drawn towards the others, and not all the way.
    assert!((40.0..60.0).contains(csat), "{csat}");
    assert_eq!(answer.total.value, Some(76.0));
    assert_eq!(answer.total.n, Some(1_000));
    assert_eq!(
        cell(&answer, "z0", "focus"),
        &Cell::Text("look at customer satisfaction".to_owned())
    );
    let Cell::Text(examples) = cell(&answer, "z0", "examples") else {
        panic!("tickets");
    };
    assert_eq!(examples.split(", ").count(), 3);
    assert!(examples.contains("T-05-z0-"), "{examples}");
}

#[test]
fn easy_tickets_are_nobodys_merit() {
    // Everybody solves the easy kind at 90 % and the hard one at 40 %; the mixes differ.
    let mut all = Vec::new();
    for (idx, agent) in ["a1", "a2", "a3", "a4", "a5", "a6"].into_iter().enumerate() {
        let n_easy = 20 + 20 * idx;
        let easy = rated("05", &[lot(agent, n_easy * 9 / 10, n_easy)]);
        let hard = rated("06", &[lot(agent, (140 - n_easy) * 4 / 10, 140 - n_easy)]);
        let hard = (hard.into_iter()).map(|row| row.dimension("ticket.category", "fault"));
        all.extend(easy.into_iter().chain(hard));
    }
    let answer = ask(&format!("scorecard by=agent {JUNE}"), &RowTable::new(all));
    assert!(
        texts(&answer, 1)
            .iter()
            .all(|band| band == "within expected"),
        "{answer:?}"
    );
    let shown: Vec<&Cell> = ["a1", "a6"].map(|name| cell(&answer, name, "csat")).into();
    assert_eq!(shown[0], shown[1]);
    assert_eq!(
        answer.notes,
        ["agents: no measurable difference; all are shown as the whole"]
    );
}

#[test]
fn a_filter_chooses_who_is_shown_and_not_who_is_compared_with() {
    let own = ask(&format!("scorecard where.agent=z0 {JUNE}"), &one_unlike());
    assert_eq!(names(&own), ["z0"]);
    assert_eq!(texts(&own, 1), ["below expected"]);
    assert_eq!(own.total.n, Some(1_000));
    // The picture knows where the others lie, and not who they are.
    let colleagues = colleagues(&own);
    assert_eq!(colleagues.members.len(), 10);
    let named: Vec<(&str, bool)> = (colleagues.members.iter())
        .filter(|one| !one.name.is_empty() || one.is_own)
        .map(|one| (one.name.as_str(), one.is_own))
        .collect();
    assert_eq!(named, [("z0", true)]);
    let mut lots = equal();
    lots[0].team = "south";
    let rows = RowTable::new(rated("05", &lots));
    let team = ask(
        &format!("scorecard by=agent where.team=south {JUNE}"),
        &rows,
    );
    assert_eq!(names(&team), ["a1"]);
    assert_eq!(team.total.n, Some(900));
    let nobody = ask(&format!("scorecard where.agent=nobody {JUNE}"), &rows);
    assert!(names(&nobody).is_empty());
}

#[test]
fn who_changed_the_team_is_shown_to_each_team_with_what_was_done_there() {
    let mut lots = equal();
    lots[0].team = "south";
    lots.push(lot("a1", 20, 60));
    let mut all = rated("05", &lots[..9]);
    all.extend(rated("06", &lots[9..]));
    let of = |team: &str| {
        let text = format!("scorecard by=agent where.team={team} {JUNE}");
        let answer = ask(&text, &RowTable::new(all.clone()));
        cell(&answer, "a1", "n_ratings").clone()
    };
    assert_eq!(
        (of("south"), of("north")),
        (Cell::Count(100), Cell::Count(60))
    );
    let both = ask(
        &format!("scorecard by=agent {JUNE}"),
        &RowTable::new(all.clone()),
    );
    assert_eq!(cell(&both, "a1", "n_ratings"), &Cell::Count(160));
}

#[test]
fn few_ratings_or_few_customers_tell_nothing() {
    let mut lots = equal();
    lots.push(lot("b1", 1, 19));
    lots.push(Lot {
        n_customers: 9,
        ..lot("b2", 1, 60)
    });
    lots.push(Lot {
        n_customers: 4,
        ..lot("b3", 1, 60)
    });
    let answer = ask(
        &format!("scorecard by=agent {JUNE}"),
        &RowTable::new(rated("05", &lots)),
    );
    for (name, n_ratings) in [
        ("b1", Cell::Count(19)),
        ("b2", Cell::Count(60)),
        ("b3", Cell::Missing),
    ] {
        let of = |column| cell(&answer, name, column);
        assert_eq!(of("band"), &Cell::Text(Band::NotEnough.to_string()));
        assert_eq!(of("n_ratings"), &n_ratings, "{name}");
        for column in [
            "csat",
            "ces",
            "fcr",
            "quality",
            "handling_time",
            "theme_1",
            "focus",
        ] {
            assert_eq!(of(column), &Cell::Missing, "{name} {column}");
        }
    }
    assert!(
        colleagues(&answer)
            .members
            .iter()
            .all(|one| one.name.starts_with('a'))
    );
}

#[test]
fn teams_are_the_usual_split_and_the_only_other_is_of_agents() {
    let mut lots = equal();
    for lot in &mut lots[..3] {
        lot.team = "south";
    }
    let rows = RowTable::new(rated("05", &lots));
    let answer = ask(&format!("scorecard {JUNE}"), &rows);
    assert_eq!(names(&answer), ["north", "south"]);
    assert_eq!(cell(&answer, "south", "n_ratings"), &Cell::Count(300));
    assert_eq!(cell(&answer, "south", "examples"), &Cell::Missing);
    assert_eq!(
        answer.notes,
        ["teams: 2 of the 5 that a comparison needs: shown as rated, and without a band"]
    );
    assert!(colleagues(&answer).are_teams);
    let error = super::answer(&query("scorecard by=channel"), &settings(), at(NOW), &rows);
    let error = error.expect_err("no such split");
    assert_eq!(
        format!("{error}; {}", error.hint().expect("a hint")),
        "`scorecard` cannot be split by `channel`; use by=team or by=agent"
    );
}

#[test]
fn the_answer_says_who_it_was_and_the_ticket_does_not() {
    let mut all = rated("05", &equal());
    for row in all.clone().iter().take(100) {
        let ticket = Row::ticket(&row.texts["ticket"], "2026-05-01T08:00:00Z");
        all.push(
            ticket
                .text("agent", "somebody else")
                .when("solved_at", "2026-05-02T08:00:00Z"),
        );
    }
    let answer = ask(&format!("scorecard by=agent {JUNE}"), &RowTable::new(all));
    assert_eq!(cell(&answer, "a1", "n_ratings"), &Cell::Count(100));
    assert_eq!(cell(&answer, "a1", "n_tickets"), &Cell::Count(0));
}

#[test]
fn speed_is_told_beside_quality_and_within_kinds_of_tickets() {
    let mut all = rated("05", &equal());
    for agent in ["a1", "a2"] {
        // The second has ten times as many of the slow kind, and is as fast at each.
        for (category, seconds, n) in [("access", 600, 40), ("fault", 6_000, 20)] {
            let n = if (agent == "a2") == (category == "fault") {
                n * 4
            } else {
                n
            };
            for idx in 0..n {
                let id = format!("{agent}-{category}-{idx}");
                let solved = at("2026-05-10T08:00:00Z") + SignedDuration::from_secs(seconds);
                let row = Row::ticket(id, "2026-05-10T08:00:00Z")
                    .when("solved_at", &solved.to_string())
                    .text("agent", agent)
                    .text("category", category)
                    .text("channel", "email");
                all.push(row);
            }
        }
    }
    let answer = ask(&format!("scorecard by=agent {JUNE}"), &RowTable::new(all));
    let number = |name: &str, column: &str| match cell(&answer, name, column) {
        Cell::Number(number) => *number,
        other => panic!("{name} {column}: {other:?}"),
    };
    for name in ["a1", "a2"] {
        assert_eq!(
            number(name, "handling_time"),
            number(name, "handling_expected")
        );
    }
    assert!(number("a2", "handling_time") > 2.0 * number("a1", "handling_time"));
    assert_eq!(cell(&answer, "a2", "n_tickets"), &Cell::Count(120));
    let keep = Cell::Text("keep going: nothing differs beyond chance".to_owned());
    assert_eq!(cell(&answer, "a2", "focus"), &keep);
}

#[test]
fn themes_are_told_of_enough_customers() {
    let with_comments = |n: usize| {
        let mut all = rated("05", &equal());
        let own = (all.iter_mut()).filter(|row| row.texts["agent"] == "a1");
        for row in own.rev().take(n) {
            row.texts.insert(
                "comment",
                "Nobody answers, the waiting time is endless".to_owned(),
            );
            row.texts.insert("language", "en".to_owned());
        }
        let answer = ask(&format!("scorecard by=agent {JUNE}"), &RowTable::new(all));
        cell(&answer, "a1", "theme_1").clone()
    };
    assert_eq!(with_comments(9), Cell::Missing);
    assert!(matches!(with_comments(10), Cell::Text(_)));
}

#[test]
fn of_anonymous_ratings_no_ticket_is_named_and_nobody_is_worked_out() {
    let mut lots = equal();
    lots.push(lot("z0", 40, 100));
    lots.push(lot("b1", 1, 7));
    let all = (rated("05", &lots).into_iter()).map(|mut row| {
        row.flags.insert("anonymous");
        row
    });
    let answer = ask(&format!("scorecard by=agent {JUNE}"), &RowTable::new(all));
    assert_eq!(cell(&answer, "z0", "examples"), &Cell::Missing);
    // One alone would be the total less the others: another one is hidden with it.
    let hidden = texts(&answer, 1)
        .iter()
        .filter(|band| *band == "not enough yet")
        .count();
    assert_eq!(hidden, 2);
    assert_eq!(cell(&answer, "b1", "n_ratings"), &Cell::Missing);
}

#[test]
fn numbers_of_single_agents_are_forgotten_and_those_of_teams_are_not() {
    let rows = one_unlike();
    let ask = |text: &str| answer(&query(text), &settings(), at(NOW), &rows);
    let error = ask("scorecard by=agent range=2023-01-01..2023-04-01").expect_err("too old");
    assert_eq!(error.status(), 403);
    assert_eq!(
        format!("{error}"),
        "`scorecard` tells of agents of the last 728 days only"
    );
    assert!(ask("scorecard range=2023-01-01..2023-04-01").is_ok());
}
