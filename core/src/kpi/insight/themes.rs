//! `themes`: what people write about, what it does to the score, and what is new.

mod change;
mod novel;
mod subject;
mod times;
mod written;

use super::case::{Asked, Case, bare_score, base};
use super::{Entry, Found, Gap};
use crate::improve::{self, Impacts};
use crate::kpi::definition::Definition;
use crate::kpi::desk::Line;
use crate::kpi::formula::Measured;
use crate::kpi::interval::real;
use crate::kpi::{
    Answer, Cell, ChartKind, Counted, Kpi, KpiError, Score, Settings, Table, Tables, Unit, privacy,
};
use crate::statistic::Proportion;
use crate::theme::Library;
use subject::{Spoken, Subject};
use times::Times;
use written::{Written, n_persons, written};

static KPI: Kpi = Kpi {
    name: "themes",
    title: "Themes of comments",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "what comments are about, and the score with each theme against the score without",
    charts: &[ChartKind::Pareto, ChartKind::Slope],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "answers with a comment in a language that is read / answers; impact of a theme = \
        score of those - score of those without the theme",
    interval: "of the share: Wilson; of an impact: linearised, summed by person; of a change of a \
        share: Newcombe",
    source: "themes: curated terms by language; impact: Saerndal, Swensson and Wretman 1992; new \
        terms: Monroe, Colaresi and Quinn 2008; finds: Benjamini and Hochberg 1995, at a false \
        discovery rate of 10 %",
    edge_cases: &[
        "a comment belongs to all answers of its submission",
        "the language is that of the answer, else the one found in 25 letters or more; comments in a \
         language that is not read, or in none that is known, count in no theme",
        "themes overlap: their impacts do not add up",
        "relational answers: the last of each customer at each time",
        "themes and terms of fewer persons than [privacy] min_group_verbatim are not told, nor is the \
         impact of a theme that all but so few speak of",
        "of anonymous surveys nothing is told of less than whole weeks, nor the impact of a theme \
         whose answers all agree",
        "names of customers and agents are no terms",
        "new terms: this time against the last three comparable times before, or against `versus`",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: &["nps", "csat", "ces"],
    has_versus: true,
    answer,
};

/// What comments are about.
#[derive(Debug, Clone, PartialEq)]
pub struct Themes {
    /// What each theme does to the score, by title.
    pub impacts: Impacts,
    /// The score of all answers, with words or without; `None` where there are too few.
    pub score: Option<f64>,
    /// Percent of all answers that have a comment in a language that is read.
    pub coverage: f64,
    /// How often themes are spoken of at both times, the commonest first; empty without an earlier
    /// time.
    pub changes: Vec<Changed>,
    /// Comments of the earlier time in a language that is read; `None` without one.
    pub n_before: Option<u64>,
    /// Terms that are new.
    pub emerging: Vec<String>,
}

/// A theme at two times.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Its name to people.
    pub title: String,
    /// Share of the comments of the earlier time, 0..=1; `None` where it may not be told.
    pub before: Option<f64>,
    /// Share of the comments of this time, 0..=1; `None` where it may not be told.
    pub after: Option<f64>,
    /// Whether it changed, given that all themes are looked at.
    pub is_find: bool,
}

const COLUMNS: [(&str, &str); 10] = [
    ("theme", "text"),
    ("title", "text"),
    ("n", "count"),
    ("share", "percent"),
    ("score_with", "of"),
    ("score_without", "of"),
    ("impact", "of"),
    ("impact_low", "of"),
    ("impact_high", "of"),
    ("found", "text"),
];

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    if case.query.by.is_some() {
        let kpi = case.entry.kpi.name;
        return Err(KpiError::NoSplit { kpi });
    }
    // Whatever isolates so few that nothing may be read from their comments is refused.
    let strict = Settings {
        min_group: least_group(case.settings),
        ..case.settings.clone()
    };
    let case = case.under(&strict);
    let asked = case.rows_of(base(case.of())?)?;
    let Some(times) = Times::of(&case, &asked) else {
        return Ok(nothing(&case, &asked, 0));
    };
    let library = &case.settings.library;
    let now = written(&asked, KPI.name, times.now, library)?;
    let n_told = n_persons(&now.told);
    if n_told < strict.min_group {
        return Ok(nothing(&case, &asked, n_told));
    }
    let earlier = match times.earlier {
        Some(span) => written(&asked, KPI.name, span, library)?.told,
        None => Vec::new(),
    };
    let whole = asked
        .desk
        .ask(&[Line::over(&asked.subject.scope, Some(times.now))])?;
    let whole = whole.into_iter().next().unwrap_or_default();
    let whole = whole
        .cells
        .into_values()
        .next()
        .and_then(|mut cells| cells.pop());
    let score = whole.and_then(|whole| asked.desk.shown(&whole).value);
    let spoken = Spoken {
        library,
        k: strict.min_group,
        now: &now.told,
        before: times.before_in(&earlier),
        earlier: &earlier,
    };
    told(&case, &asked, &times, &now, (score, &spoken))
}

/// Returns the fewest persons of whom anything is told.
fn least_group(settings: &Settings) -> u64 {
    settings.min_group.max(settings.min_group_verbatim)
}

fn told(
    case: &Case<'_>,
    asked: &Asked<'_>,
    times: &Times,
    now: &Written,
    (score, spoken): (Option<f64>, &Spoken<'_>),
) -> Result<Answer, KpiError> {
    let subjects = spoken.subjects();
    let mut impacts = impacts(asked, spoken, &subjects);
    let (changes, change) = change::change(spoken, &subjects);
    let novel = novel::novel(asked, spoken, case.of() == "nps")?;
    let main = table(&impacts, &subjects, now.told.len());
    for impact in &mut impacts.ranked {
        impact.name = subject::title(&subjects, &impact.name);
    }
    let total = total(now, impacts.score, score, case.settings.min_group);
    let found = Themes {
        score,
        coverage: total.value.unwrap_or_default(),
        impacts,
        changes,
        n_before: spoken.has_before().then_some(spoken.before.len() as u64),
        emerging: novel.names,
    };
    let tables = Tables {
        main,
        further: vec![
            ("change", change),
            ("emerging", novel.emerging),
            ("groups", novel.groups),
        ],
        is_read_whole: true,
        ..Tables::default()
    };
    let found = Found::Themes(Box::new(found));
    let before = times.before.filter(|_| spoken.has_before());
    let mut answer = case.around(&asked.frame, before, total, found, tables);
    (answer.from, answer.to) = (times.now.start, times.now.end);
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    answer
        .notes
        .push("themes overlap: their impacts do not add up".to_owned());
    let n_unread = now.n_commented - now.told.len() as u64;
    if n_unread > 0 {
        answer.notes.push(format!(
            "{n_unread} of {} comments are in a language that is not read, or not known",
            now.n_commented
        ));
    }
    Ok(answer)
}

/// Returns an answer that tells nothing, as too few persons wrote something.
fn nothing(case: &Case<'_>, asked: &Asked<'_>, n: u64) -> Answer {
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let needed = case.settings.min_group;
    let gap = Gap::FewAnswers {
        n: count(n),
        needed: count(needed),
    };
    let tables = Tables {
        main: Table::new(&COLUMNS),
        ..Tables::default()
    };
    let mut answer = case.around(
        &asked.frame,
        None,
        bare_score(n),
        Found::Nothing(gap),
        tables,
    );
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    answer.notes.push(format!(
        "at least {needed} persons with a comment in a language that is read are needed"
    ));
    answer
}

/// Returns how many answers have words that are read.
fn total(now: &Written, score_commented: Option<f64>, score: Option<f64>, k: u64) -> Score {
    let (n_read, n) = (now.told.len() as u64, now.n_answers);
    let share = Proportion::new(real(n_read), real(n), real(n));
    let percent = |(low, high): (f64, f64)| (100.0 * low, 100.0 * high);
    let scores = [("score_commented", score_commented), ("score", score)];
    let secondary = scores
        .into_iter()
        .filter_map(|(name, score)| Some((name, score?)));
    let cell = Measured {
        value: (n > 0).then(|| 100.0 * real(n_read) / real(n)),
        interval: share.map(|share| percent(share.interval())),
        n,
        n_persons: now.n_persons,
        counts: vec![("commented", now.n_commented), ("read", n_read)],
        secondary: secondary.collect(),
        ..Measured::default()
    };
    privacy::shown(&cell, false, k)
}

/// Returns what each theme does to the score, by its id.
fn impacts(asked: &Asked<'_>, spoken: &Spoken<'_>, subjects: &[Subject]) -> Impacts {
    let comments: Vec<improve::Comment> = spoken
        .now
        .iter()
        .map(|one| improve::Comment {
            score: one.points,
            person: one.person,
        })
        .collect();
    let may_tell = |subject: &&Subject| spoken.may_tell_impact(subject, asked.desk.is_promised);
    let themes: Vec<improve::Theme<'_>> = (subjects.iter().filter(may_tell))
        .map(|subject| improve::Theme {
            name: &subject.id,
            comments: &subject.now,
        })
        .collect();
    improve::impact(&comments, &themes)
}

fn table(impacts: &Impacts, subjects: &[Subject], n_all: usize) -> Table {
    let mut table = Table::new(&COLUMNS);
    let share = |n: usize| Cell::number(Some(100.0 * real(n as u64) / real(n_all as u64)));
    for impact in &impacts.ranked {
        let effect = &impact.effect;
        let numbers = [
            impact.score_with,
            impact.score_without,
            effect.value,
            effect.low,
            effect.high,
        ];
        let mut row = vec![
            Cell::Text(impact.name.clone()),
            Cell::Text(subject::title(subjects, &impact.name)),
            Cell::Count(impact.n as u64),
            share(impact.n),
        ];
        row.extend(numbers.map(|number| Cell::number(Some(number))));
        row.push(Cell::text(impact.is_find.then_some("beyond chance")));
        table.rows.push(row);
    }
    // Spoken of by enough, and too few have the score with it or without it.
    let is_ranked = |id: &str| impacts.ranked.iter().any(|impact| impact.name == id);
    for subject in subjects
        .iter()
        .filter(|one| one.is_told_now && !is_ranked(&one.id))
    {
        let mut row = vec![
            Cell::Text(subject.id.clone()),
            Cell::Text(subject.title.clone()),
            Cell::Count(subject.now.len() as u64),
            share(subject.now.len()),
        ];
        row.resize(COLUMNS.len(), Cell::Missing);
        table.rows.push(row);
    }
    table
}

/// Returns the titles of themes in the order in which files name them.
fn titles(library: &Library) -> impl Iterator<Item = (&str, &str)> {
    let themes = library.taxonomy().themes().iter();
    themes.map(|theme| (&*theme.id, theme.title(crate::theme::Language::English)))
}
