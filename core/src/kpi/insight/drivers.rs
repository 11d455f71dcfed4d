//! `drivers`: which ratings go with a score, how much of it each stands for, and how sure.

use twox_hash::XxHash3_64;

use super::case::{Case, bare_score};
use super::rated::{Rated, RatedAttribute};
use super::{Entry, Found, Gap};
use crate::improve::{self, Attribute, Choice, Driver, Ratings, Refusal};
use crate::kpi::definition::Definition;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Score, Table, Tables, Unit, privacy,
};

/// Names that a note lists.
const LISTED_MAX: usize = 8;

static KPI: Kpi = Kpi {
    name: "drivers",
    title: "What goes with it",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "the part of a score's variance that goes with the ratings beside it, and each rating's \
              share of that part",
    charts: &[ChartKind::Pareto],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "R = V L V' (correlations of the ratings), Lambda = V sqrt(L) V', beta = Lambda^-1 r (r: \
                 their correlations with the outcome); value = 100 sum(beta^2) (R squared), share = 100 \
                 Lambda^2 beta^2 / sum(beta^2) (squares of the elements)",
    interval: "percentiles of 1000 seeded resamples, in which persons are drawn with all their answers",
    source: "Johnson 2000 (relative weights); Tonidandel, LeBreton and Johnson 2009 (intervals); \
             Lindeman, Merenda and Gold 1980 (`dominance`, the second opinion of up to 12 drivers)",
    edge_cases: &[
        "the outcome is the answer as it was given, never its class; every answer counts, also several \
         of one customer",
        "drivers are the questions of metric `driver` or `rating` that were answered in the same \
         submission (`response`), but for the outcome's own",
        "filters pick the outcomes; their ratings follow",
        "a driver is called by its name in [questions], else by its question's id; questions of one name \
         are one driver where scale and direction agree",
        "only answers that rate every driver count, at least 50 and 10 for each driver, of at least 30 \
         persons; where surveys ask different things, the drivers are those that most pairs of ratings \
         are known of together, and the others are named",
        "a rating that everybody gives alike has no weight, however much it matters; it is named",
        "ratings that say nearly the same are refused, as weights would be arbitrary",
        "`slope` is in points of the outcome for a point of the rating, all others held; `gain` is what \
         the mean outcome would gain if the mean rating reached its best quartile; gains do not add up",
        "`suppressor`: the slope surely points the other way than the correlation",
        "`leader`: first in at least 95 % of the resamples, and by the second opinion too",
        "a driver goes with the outcome; that it causes it is not shown",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: &["nps", "rating", "csat", "ces"],
    has_versus: false,
    answer,
};

const COLUMNS: [(&str, &str); 22] = [
    ("driver", "text"),
    ("question", "text"),
    ("n", "count"),
    ("share", "percent"),
    ("share_low", "percent"),
    ("share_high", "percent"),
    ("correlation", "ratio"),
    ("slope", "score"),
    ("slope_low", "score"),
    ("slope_high", "score"),
    ("gain", "score"),
    ("gain_low", "score"),
    ("gain_high", "score"),
    ("mean", "score"),
    ("best_quartile", "score"),
    ("rank_low", "count"),
    ("rank_high", "count"),
    ("first", "percent"),
    ("dominance", "percent"),
    ("direction", "text"),
    ("leader", "text"),
    ("suppressor", "text"),
];

/// The drivers of a question's answers.
pub(super) struct Weighed<'a> {
    pub(super) rated: Rated<'a>,
    /// Which of what is rated was weighed together.
    pub(super) choice: Choice,
    pub(super) found: Result<improve::Drivers, Refusal>,
}

/// Weighs what is rated beside the outcome of a question.
///
/// # Errors
/// When the question is split, or its answers cannot be read.
pub(super) fn weighed<'a>(case: &'a Case<'a>) -> Result<Weighed<'a>, KpiError> {
    if case.query.by.is_some() {
        let kpi = case.entry.kpi.name;
        return Err(KpiError::NoSplit { kpi });
    }
    let rated = Rated::read(case)?;
    let attributes: Vec<Attribute<'_>> = rated.attributes.iter().map(attribute).collect();
    let mut ratings = Ratings {
        outcome: &rated.outcome,
        persons: &rated.persons,
        attributes: &attributes,
    };
    let choice = ratings.choice();
    let together: Vec<Attribute<'_>> = choice.together.iter().map(|at| attributes[*at]).collect();
    ratings.attributes = &together;
    let mut found = improve::drivers(&ratings, seed(case), &|| false);
    if let Ok(found) = &mut found {
        let names = choice
            .constant
            .iter()
            .map(|at| attributes[*at].name.to_owned());
        found.constant.extend(names);
        found.constant.sort_unstable();
    }
    Ok(Weighed {
        choice,
        found,
        rated,
    })
}

fn attribute(rated: &RatedAttribute) -> Attribute<'_> {
    Attribute {
        name: &rated.name,
        ratings: &rated.ratings,
        is_lower_better: rated.terms.is_lower_better,
    }
}

/// Returns the seed of a question: whoever asks it of the same rows gets the same intervals, and so
/// does who asks for the importance of the same drivers.
fn seed(case: &Case<'_>) -> u64 {
    let mut text = case.of().to_owned();
    for (name, values) in &case.query.filters {
        text.push_str(&format!("\n{name}"));
        for value in values {
            text.push_str(&format!("\t{}", value.as_deref().unwrap_or_default()));
        }
    }
    XxHash3_64::oneshot(text.as_bytes())
}

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    let weighed = weighed(case)?;
    let found = match &weighed.found {
        Ok(found) if !weighed.rated.is_hidden() => found,
        _ => return Ok(weighed.nothing(case, &COLUMNS)),
    };
    let percent = |ratio: f64| 100.0 * ratio;
    let total = Score {
        value: Some(percent(found.r_squared.value)),
        low: Some(percent(found.r_squared.low)),
        high: Some(percent(found.r_squared.high)),
        ..weighed.score(found)
    };
    let tables = Tables {
        main: table(&weighed, found),
        ..Tables::default()
    };
    let notes = weighed.notes(case, found);
    let found = Found::Drivers(found.clone());
    Ok(weighed.around(case, total, found, tables, notes))
}

fn table(weighed: &Weighed<'_>, found: &improve::Drivers) -> Table {
    let mut table = Table::new(&COLUMNS);
    let leader = found.leader().map(|leader| &leader.name);
    let number = |number: f64| Cell::number(Some(number));
    let count = |n: usize| Cell::count(u64::try_from(n).ok());
    let mark = |is_marked: bool, mark| Cell::text(is_marked.then_some(mark));
    for driver in &found.drivers {
        let rated = weighed.attribute(&driver.name);
        let is_lower_better = rated.is_some_and(|rated| rated.terms.is_lower_better);
        table.rows.push(vec![
            Cell::Text(driver.name.clone()),
            Cell::text(rated.and_then(|rated| rated.text.as_deref())),
            count(found.n_rows),
            number(100.0 * driver.share.value),
            number(100.0 * driver.share.low),
            number(100.0 * driver.share.high),
            number(driver.correlation),
            number(driver.slope.value),
            number(driver.slope.low),
            number(driver.slope.high),
            number(driver.gain.value),
            number(driver.gain.low),
            number(driver.gain.high),
            number(driver.mean),
            number(driver.best_quartile),
            count(driver.ranks.0),
            count(driver.ranks.1),
            number(100.0 * driver.first_ratio),
            Cell::number(driver.dominance_share.map(|share| 100.0 * share)),
            mark(is_lower_better, "lower_is_better"),
            mark(leader == Some(&driver.name), "leader"),
            mark(driver.is_suppressor, "suppressor"),
        ]);
    }
    table
}

impl Weighed<'_> {
    /// Returns what is rated under a name.
    pub(super) fn attribute(&self, name: &str) -> Option<&RatedAttribute> {
        let mut all = self.rated.attributes.iter();
        all.find(|attribute| attribute.name == name)
    }

    /// Returns the score of an answer without its value.
    pub(super) fn score(&self, found: &improve::Drivers) -> Score {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Score {
            base: Base::Ok,
            counts: vec![
                ("complete", count(found.n_rows)),
                ("incomplete", count(found.n_incomplete)),
            ],
            ..bare_score(count(found.n_rows))
        }
    }

    /// Returns what has to be said of drivers, the most important first.
    pub(super) fn notes(&self, case: &Case<'_>, found: &improve::Drivers) -> Vec<String> {
        let of = case.of();
        let lead = match (found.leader(), found.drivers.first()) {
            (Some(leader), _) => format!(
                "`{}` goes with `{of}` most: it is first in {}",
                leader.name,
                resamples(leader)
            ),
            (None, Some(first)) => format!(
                "none is surely first: `{}` is in {}",
                first.name,
                resamples(first)
            ),
            (None, None) => String::new(),
        };
        let [part, low, high] = [
            found.r_squared.value,
            found.r_squared.low,
            found.r_squared.high,
        ]
        .map(|ratio| 100.0 * ratio);
        let mut notes = vec![
            lead,
            format!(
                "{part:.0} % of how answers of `{of}` differ goes with these drivers together (95 % \
                 interval {low:.0} to {high:.0})"
            ),
            format!("a driver goes with `{of}`; that it causes it is not shown"),
        ];
        if found.n_incomplete > 0 {
            notes.push(format!(
                "{} of {} answers leave some driver unrated and do not count here",
                found.n_incomplete,
                found.n_incomplete + found.n_rows
            ));
        }
        let left_out = self.left_out();
        if !left_out.is_empty() {
            notes.push(format!(
                "left out, as too few answers rate it together with the others: {}; ask for a survey \
                 of its own with where.survey",
                quoted(&left_out)
            ));
        }
        if !found.constant.is_empty() {
            let names: Vec<&str> = found.constant.iter().map(String::as_str).collect();
            notes.push(format!(
                "rated alike by everybody, so without a weight however much it matters: {}",
                quoted(&names)
            ));
        }
        let suppressors = found.drivers.iter().filter(|driver| driver.is_suppressor);
        let suppressors: Vec<&str> = suppressors.map(|driver| driver.name.as_str()).collect();
        if !suppressors.is_empty() {
            notes.push(format!(
                "mostly corrects what the others say, so its slope is no advice: {}",
                quoted(&suppressors)
            ));
        }
        notes
    }

    /// Returns the names of what varies and was not weighed.
    fn left_out(&self) -> Vec<&str> {
        let Choice { together, constant } = &self.choice;
        let all = self.rated.attributes.iter().enumerate();
        let left = all.filter(|(at, _)| !together.contains(at) && !constant.contains(at));
        left.map(|(_, attribute)| attribute.name.as_str()).collect()
    }

    /// Returns an answer that tells nothing, and why.
    pub(super) fn nothing(
        self,
        case: &Case<'_>,
        columns: &[(&'static str, &'static str)],
    ) -> Answer {
        let n_answers = self.rated.outcome.len();
        let is_hidden = self.rated.is_hidden();
        let (gap, why) = match &self.found {
            _ if is_hidden => (
                gap_of_few(0),
                format!(
                    "fewer than {} persons answered: nothing of so few is told",
                    case.settings.min_group
                ),
            ),
            _ if n_answers == 0 => (gap_of_few(0), format!("nobody answered `{}`", case.of())),
            _ if self.rated.attributes.is_empty() => (
                gap_of_few(0),
                format!(
                    "nothing is rated beside `{}`: drivers are answers of metric `driver` or `rating` \
                     with the same `response`",
                    case.of()
                ),
            ),
            Err(refusal) => (gap_of(refusal), refusal.to_string()),
            Ok(_) => (Gap::Alike, "nothing is told".to_owned()),
        };
        let total = match is_hidden {
            true => privacy::hidden(),
            false => bare_score(u64::try_from(n_answers).unwrap_or(u64::MAX)),
        };
        let tables = Tables {
            main: Table::new(columns),
            ..Tables::default()
        };
        self.around(case, total, Found::Nothing(gap), tables, vec![why])
    }

    /// Returns an answer with finds, tables and notes.
    pub(super) fn around(
        self,
        case: &Case<'_>,
        total: Score,
        found: Found,
        tables: Tables,
        notes: Vec<String>,
    ) -> Answer {
        let Rated {
            asked,
            notes: of_rows,
            ..
        } = self.rated;
        let mut answer = case.around(&asked.frame, None, total, found, tables);
        answer.mode = asked.subject.mode;
        answer.notes = notes;
        answer.notes.extend(of_rows);
        answer.notes.extend(asked.subject.notes);
        answer
    }
}

fn resamples(driver: &Driver) -> String {
    // Rounded down: 100 % is all of them.
    format!("{:.0} % of resamples", (100.0 * driver.first_ratio).floor())
}

fn quoted(names: &[&str]) -> String {
    let shown = names.iter().take(LISTED_MAX);
    let mut shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    if names.len() > LISTED_MAX {
        shown.push(format!("{} more", names.len() - LISTED_MAX));
    }
    shown.join(", ")
}

fn gap_of_few(n: usize) -> Gap {
    let needed = improve::rows_needed(1);
    Gap::FewAnswers { n, needed }
}

fn gap_of(refusal: &Refusal) -> Gap {
    match refusal {
        Refusal::TooFewRows { n_rows, needed, .. } => Gap::FewAnswers {
            n: *n_rows,
            needed: *needed,
        },
        Refusal::TooFewPersons { n_persons, needed } => Gap::FewAnswers {
            n: *n_persons,
            needed: *needed,
        },
        Refusal::NoAttributes { .. }
        | Refusal::SameOutcome { .. }
        | Refusal::NothingExplained { .. } => Gap::Alike,
        Refusal::Collinear { .. }
        | Refusal::Unsteady { .. }
        | Refusal::TooManyAttributes { .. }
        | Refusal::TooManyRows { .. }
        | Refusal::Stopped => Gap::Entangled,
    }
}
