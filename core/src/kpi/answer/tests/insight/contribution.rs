//! What moved a score.

use super::*;
use crate::improve::Contribution;
use crate::kpi::Gap;

const MAY: &str = "contribution range=2026-05-01..2026-06-01 by=channel";

fn moved(text: &str, rows: Vec<Row>) -> (Answer, Contribution) {
    let answer = ask(text, &RowTable::new(rows));
    match found(&answer) {
        Found::Contribution(contribution) => {
            let contribution = contribution.clone();
            (answer, contribution)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_answered_and_what_they_answered_sum_to_the_change() {
    // The same scores of both channels, and other shares of them: all of it is mix.
    let mut all = of_month("04", "web", 60, 20);
    all.extend(of_month("04", "mail", 20, 20));
    all.extend(of_month("05", "web", 30, 10));
    all.extend(of_month("05", "mail", 40, 40));
    let (answer, contribution) = moved(MAY, all.clone());
    let nps = ask("nps range=2026-05-01..2026-06-01", &RowTable::new(all));
    assert_eq!(answer.total.value, nps.change.map(|change| change.value));
    assert!((contribution.mix - answer.total.value.expect("a change")).abs() < 1e-9);
    assert!(contribution.rate.abs() < 1e-9);
    assert!(contribution.effects.iter().all(|effect| !effect.is_find));
}

#[test]
fn a_group_that_surely_changed_is_found() {
    let mut all = of_month("04", "web", 50, 20);
    all.extend(of_month("04", "mail", 50, 20));
    all.extend(of_month("05", "web", 20, 50));
    all.extend(of_month("05", "mail", 50, 20));
    let (_, contribution) = moved(MAY, all);
    let finds: Vec<(&str, bool)> = (contribution.effects.iter())
        .map(|effect| (effect.name.as_str(), effect.is_find))
        .collect();
    assert_eq!(finds, [("web", true), ("mail", false)]);
    assert!(contribution.mix.abs() < 1e-9);
}

#[test]
fn any_two_times_can_be_compared() {
    let mut all = of_month("02", "web", 40, 10);
    all.extend(of_month("04", "web", 10, 40));
    all.extend(of_month("05", "web", 10, 40));
    let versus = format!("{MAY} versus=2026-02-01..2026-03-01");
    let (answer, contribution) = moved(&versus, all);
    assert_eq!(contribution.effects[0].rate, -120.0);
    let before = answer.findings.expect("findings").before.expect("a time");
    assert_eq!(before.start, at("2026-01-31T23:00:00Z"));
}

#[test]
fn groups_of_a_few_persons_are_one() {
    let mut all = of_month("04", "web", 50, 20);
    all.extend(of_month("05", "web", 50, 20));
    for channel in ["fax", "post"] {
        all.extend(of_month("04", channel, 2, 1));
        all.extend(of_month("05", channel, 1, 2));
    }
    let (answer, contribution) = moved(MAY, all);
    let mut names: Vec<&str> = (contribution.effects.iter())
        .map(|effect| effect.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["other", "web"]);
    let sum = contribution.mix + contribution.rate;
    assert!((sum - answer.total.value.expect("a change")).abs() < 1e-9);
}

#[test]
fn of_relational_answers_the_last_of_each_customer_counts() {
    let mut all = of_month("04", "web", 30, 10);
    all.extend(of_month("04", "mail", 30, 10));
    all.extend(of_month("05", "web", 30, 10));
    // Everyone who answered by web in May answers again by mail, and worse.
    let again = (of_month("05", "web", 0, 40).into_iter().enumerate()).map(|(idx, mut row)| {
        row.id = format!("again-{idx}");
        row.at = at("2026-05-20T08:00:00Z");
        row.text("channel", "mail")
    });
    all.extend(again);
    let all: Vec<Row> = all
        .into_iter()
        .map(|row| row.text("mode", "relational"))
        .collect();
    let nps = ask(
        "nps range=2026-05-01..2026-06-01",
        &RowTable::new(all.clone()),
    );
    let (answer, contribution) = moved(MAY, all);
    assert_eq!(answer.total.value, nps.change.map(|change| change.value));
    let sum = contribution.mix + contribution.rate;
    assert!(
        (sum - answer.total.value.expect("a change")).abs() < 1e-9,
        "{contribution:?}"
    );
    assert!(answer.is_additive);
}

#[test]
fn too_few_answers_tell_nothing_and_say_so() {
    let mut all = of_month("04", "web", 10, 9);
    all.extend(of_month("05", "web", 30, 10));
    let answer = ask(MAY, &RowTable::new(all));
    let gap = Gap::FewAnswers { n: 19, needed: 20 };
    assert_eq!(found(&answer), &Found::Nothing(gap));
    assert_eq!(
        answer.notes,
        ["at least 20 rows are needed at each of the two times"]
    );
    assert_eq!(answer.total.value, None);
}
