//! Which ratings go with a score.

use super::*;
use crate::improve::Drivers;
use crate::kpi::Gap;
use crate::statistic::Draws;

const MAY: &str = "drivers range=2026-05-01..2026-06-01";

/// One submission: an outcome and what it rates, by question.
struct Submission<'a> {
    id: usize,
    survey: &'a str,
    outcome: (&'a str, f64),
    ratings: Vec<(&'a str, f64)>,
}

impl Submission<'_> {
    fn rows(&self) -> Vec<Row> {
        let response = format!("{}-{}", self.survey, self.id);
        let row = |question: &str, metric: &str, score: f64| {
            let id = format!("{response}-{question}");
            let row = Row::nps(id, "2026-05-10T08:00:00Z", Some(score));
            row.text("survey", self.survey)
                .text("question", question)
                .text("metric", metric)
                .text("response", &response)
                .text("customer", &response)
        };
        let (metric, score) = self.outcome;
        let ratings = self.ratings.iter().map(|(question, rating)| {
            let mut row = row(question, "driver", *rating);
            row.numbers.insert("scale_min", 1.0);
            row.numbers.insert("scale_max", 5.0);
            row.text("question_text", &format!("How was our {question}?"))
        });
        let outcome = row(&format!("{metric}-question"), metric, score);
        ratings.chain([outcome]).collect()
    }
}

/// Ratings of so many persons: `speed` counts most, then `price`; `ease` is like `speed` by half.
fn answers(
    n: usize,
    survey: &'static str,
    metric: &'static str,
    asked: &[&'static str],
) -> Vec<Row> {
    let mut draws = Draws::new(5);
    let mut rating = || 1.0 + draws.position(5) as f64;
    let row = |id| {
        let (speed, price, other) = (rating(), rating(), rating());
        let ease = if id % 2 == 0 { speed } else { other };
        let told = (0.9 * speed + 0.5 * price + 0.4 * rating() + 1.2).round();
        let ratings = [
            ("speed", speed),
            ("price", price),
            ("ease", ease),
            ("same", 4.0),
        ];
        let is_asked = |(name, _): &(&str, f64)| asked.contains(name);
        let submission = Submission {
            id,
            survey,
            outcome: (metric, told),
            ratings: ratings.into_iter().filter(is_asked).collect(),
        };
        submission.rows()
    };
    (0..n).flat_map(row).collect()
}

const ALL: [&str; 3] = ["speed", "price", "ease"];

fn found_of(text: &str, rows: Vec<Row>) -> (Answer, Drivers) {
    let answer = ask(text, &RowTable::new(rows));
    match found(&answer) {
        Found::Drivers(drivers) => {
            let drivers = drivers.clone();
            (answer, drivers)
        }
        other => panic!("{other:?}: {:?}", answer.notes),
    }
}

fn names(drivers: &Drivers) -> Vec<&str> {
    drivers
        .drivers
        .iter()
        .map(|one| one.name.as_str())
        .collect()
}

/// What an analysis that tells nothing says.
fn nothing(text: &str, rows: Vec<Row>) -> (Gap, Answer) {
    let answer = ask(text, &RowTable::new(rows));
    assert_eq!(answer.total.value, None);
    match found(&answer) {
        Found::Nothing(gap) => (*gap, answer),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_strongest_driver_is_first_with_all_that_belongs_to_it() {
    let (answer, drivers) = found_of(MAY, answers(300, "s", "nps", &ALL));
    assert_eq!(names(&drivers), ["speed", "price", "ease"]);
    assert_eq!(drivers.leader().map(|one| one.name.as_str()), Some("speed"));
    let total = &answer.total;
    assert_eq!((total.n, counts(total)), (Some(300), vec![300, 0]));
    let value = total.value.expect("a value");
    assert!((value - 100.0 * drivers.r_squared.value).abs() < 1e-9 && value > 50.0);
    assert!(total.low < total.value && total.value < total.high);
    let table = &answer.tables.as_ref().expect("tables").main;
    let first = &table.rows[0];
    let cell = |name: &str| {
        let at = table.columns.iter().position(|column| column.name == name);
        &first[at.expect(name)]
    };
    assert_eq!(cell("driver"), &Cell::Text("speed".to_owned()));
    assert_eq!(
        cell("question"),
        &Cell::Text("How was our speed?".to_owned())
    );
    assert_eq!(cell("leader"), &Cell::Text("leader".to_owned()));
    assert_eq!(
        (cell("rank_low"), cell("suppressor")),
        (&Cell::Count(1), &Cell::Missing)
    );
    let part = format!("{value:.0} % of how answers of `nps` differ goes with these drivers");
    assert!(answer.notes[1].starts_with(&part), "{:?}", answer.notes);
    assert_eq!(
        [&answer.notes[0], &answer.notes[2]],
        [
            "`speed` goes with `nps` most: it is first in 100 % of resamples",
            "a driver goes with `nps`; that it causes it is not shown",
        ]
    );
}

#[test]
fn it_can_be_of_any_survey_score() {
    for metric in ["rating", "csat", "ces"] {
        let rows = answers(120, "s", metric, &ALL).into_iter().map(|mut row| {
            row.numbers.insert("scale_min", 0.0);
            row.numbers.insert("scale_max", 10.0);
            row
        });
        let (answer, drivers) = found_of(&format!("{MAY} of={metric}"), rows.collect());
        assert_eq!(names(&drivers)[0], "speed");
        assert_eq!(answer.findings.expect("findings").of, metric);
    }
}

#[test]
fn surveys_that_ask_less_cost_no_answers_and_what_is_left_out_is_said() {
    let mut rows = answers(200, "long", "nps", &ALL);
    rows.extend(answers(100, "short", "nps", &["price"]));
    let (answer, drivers) = found_of(MAY, rows.clone());
    assert_eq!(
        (drivers.drivers.len(), drivers.n_rows, drivers.n_incomplete),
        (3, 200, 100)
    );
    let incomplete = "100 of 300 answers leave some driver unrated and do not count here";
    assert!(
        answer.notes.iter().any(|note| note == incomplete),
        "{:?}",
        answer.notes
    );
    // Of many short answers and a few long ones, the short ones tell more.
    rows.extend(answers(2_000, "shorter", "nps", &["speed"]));
    let (answer, drivers) = found_of(MAY, rows.clone());
    assert_eq!((names(&drivers), drivers.n_rows), (vec!["speed"], 2_200));
    let left_out = "left out, as too few answers rate it together with the others: `ease`, `price`; \
                    ask for a survey of its own with where.survey";
    assert!(
        answer.notes.iter().any(|note| note == left_out),
        "{:?}",
        answer.notes
    );
    // A filter on the outcome takes its ratings along.
    let (_, drivers) = found_of(&format!("{MAY} where.survey=long"), rows.clone());
    assert_eq!((names(&drivers).len(), drivers.n_rows), (3, 200));
    let (_, drivers) = found_of(&format!("{MAY} where.question=nps-question"), rows);
    assert_eq!(drivers.n_rows, 2_200);
}

#[test]
fn what_everybody_rates_alike_is_named_and_costs_nothing() {
    let rows = answers(100, "s", "nps", &["speed", "price", "ease", "same"]);
    let (answer, drivers) = found_of(MAY, rows);
    assert_eq!(
        (drivers.drivers.len(), drivers.constant),
        (3, vec!["same".to_owned()])
    );
    let note = "rated alike by everybody, so without a weight however much it matters: `same`";
    assert!(
        answer.notes.iter().any(|one| one == note),
        "{:?}",
        answer.notes
    );
}

#[test]
fn a_question_goes_by_the_name_its_site_gave_it() {
    let mut rows = answers(100, "s", "nps", &ALL);
    for row in &mut rows {
        // A name of [questions] of the tests is `everything`, for the question `q` of `csv`.
        if row.texts["question"] == "ease" {
            row.texts.insert("question", "q".to_owned());
        }
    }
    let (_, drivers) = found_of(MAY, rows.clone());
    assert_eq!(names(&drivers), ["speed", "price", "everything"]);
    // Two questions of one name on different scales are two drivers, by their whole ids.
    let mut other = answers(100, "s", "nps", &ALL);
    for row in &mut other {
        row.source = "web".to_owned();
        if row.texts["question"] == "speed" {
            row.numbers.insert("scale_max", 7.0);
        }
    }
    other.extend(answers(70, "s", "nps", &ALL));
    let (_, drivers) = found_of(MAY, other);
    assert_eq!(names(&drivers), ["web/speed", "price", "ease"]);
}

#[test]
fn several_outcomes_of_one_submission_are_to_be_told_apart() {
    let rating = |question: &str| {
        let rows = answers(60, "s", "rating", &ALL).into_iter().map(|mut row| {
            if row.texts["metric"] == "rating" {
                row.id = format!("{}-{question}", row.id);
                row.texts.insert("question", question.to_owned());
            }
            row
        });
        rows.collect::<Vec<Row>>()
    };
    let mut rows = rating("overall");
    rows.extend(rating("website"));
    let table = RowTable::new(rows.clone());
    let text = format!("{MAY} of=rating");
    let error = answer(&query(&text), &settings(), at(NOW), &table).expect_err("two outcomes");
    assert_eq!(
        (error.status(), error.to_string(), error.hint()),
        (
            400,
            "`drivers` finds several questions of `rating` in one submission: `csv/overall`, \
             `csv/website`"
                .to_owned(),
            Some("pick one, such as where.question=csv/overall".to_owned())
        )
    );
    // The other one is a driver then; here it says the same as the outcome.
    let (_, drivers) = found_of(&format!("{text} where.question=overall"), rows);
    assert_eq!(names(&drivers)[0], "website");
}

#[test]
fn what_cannot_be_told_is_said_and_no_error() {
    let (gap, answer) = nothing(MAY, Vec::new());
    assert_eq!(gap, Gap::FewAnswers { n: 0, needed: 50 });
    assert_eq!(answer.notes, ["nobody answered `nps`"]);
    let (_, answer) = nothing(MAY, answers(60, "s", "nps", &[]));
    assert_eq!((answer.total.n, answer.notes.len()), (Some(60), 1));
    assert!(
        answer.notes[0].starts_with("nothing is rated beside `nps`"),
        "{:?}",
        answer.notes
    );
    let (gap, answer) = nothing(MAY, answers(49, "s", "nps", &ALL));
    assert_eq!(gap, Gap::FewAnswers { n: 49, needed: 50 });
    assert!(answer.notes[0].starts_with("49 complete answers are fewer than the 50"));
    // A copy of a driver cannot be told from it.
    let mut twins = answers(80, "s", "nps", &ALL);
    let copies: Vec<Row> = (twins.iter())
        .filter(|row| row.texts["question"] == "speed")
        .map(|row| {
            let mut copy = row.clone();
            copy.id = format!("{}-copy", row.id);
            copy.text("question", "pace")
        })
        .collect();
    twins.extend(copies);
    let (gap, answer) = nothing(MAY, twins);
    assert_eq!(gap, Gap::Entangled);
    assert!(answer.notes[0].starts_with("`pace`, `speed` say nearly the same"));
    let mut alike = answers(80, "s", "nps", &ALL);
    for row in alike.iter_mut().filter(|row| row.texts["metric"] == "nps") {
        row.numbers.insert("score", 9.0);
    }
    assert_eq!(nothing(MAY, alike).0, Gap::Alike);
    // A split is another question.
    let split = answer_of_split();
    assert_eq!(split.status(), 400);
    assert_eq!(split.to_string(), "`drivers` cannot be split");
}

fn answer_of_split() -> KpiError {
    let table = RowTable::new(answers(80, "s", "nps", &ALL));
    let text = format!("{MAY} by=channel");
    answer(&query(&text), &settings(), at(NOW), &table).expect_err("a split")
}

#[test]
fn answers_of_a_few_persons_are_hidden() {
    let mut rows = answers(80, "s", "nps", &ALL);
    for (idx, row) in rows.iter_mut().enumerate() {
        row.texts
            .insert("customer", format!("customer {}", idx / 4 % 4));
    }
    let (_, answer) = nothing(MAY, rows);
    assert_eq!((answer.total.base, answer.total.n), (Base::Hidden, None));
    assert_eq!(
        answer.notes,
        ["fewer than 5 persons answered: nothing of so few is told"]
    );
}

#[test]
fn the_same_question_gives_the_same_intervals() {
    let rows = answers(100, "s", "nps", &ALL);
    let (_, one) = found_of(MAY, rows.clone());
    let (_, other) = found_of(MAY, rows.clone());
    assert_eq!(one, other);
    // Another question of the same rows draws other persons.
    let (_, other) = found_of(&format!("{MAY} where.survey=s"), rows);
    assert_eq!(one.drivers[0].share.value, other.drivers[0].share.value);
    assert_ne!(one.drivers[0].share, other.drivers[0].share);
}
