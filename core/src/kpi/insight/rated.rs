//! What answers rate beside their outcome: the ratings that came in the same submission.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::case::{Asked, Case, base};
use crate::improve::CANDIDATES_MAX;
use crate::kpi::KpiError;
use crate::kpi::question::{Terms, full_id};
use crate::plan::{Dimension, Filter, Sheet, SheetColumn, SheetPlan, Span};
use crate::record::RecordKind;

/// Answers with an outcome that are read, the latest.
const ANSWERS_MAX: usize = 200_000;
/// Ratings that are read, the latest.
const RATINGS_MAX: usize = 2_000_000;
/// The metrics whose answers are ratings of something.
const METRICS: [&str; 2] = ["driver", "rating"];

/// Answers with their outcome and what they rate, column by column.
pub(super) struct Rated<'a> {
    pub(super) asked: Asked<'a>,
    /// Outcome of each answer.
    pub(super) outcome: Vec<Option<f64>>,
    /// Who gave it.
    pub(super) persons: Vec<u64>,
    /// What is rated, by name.
    pub(super) attributes: Vec<RatedAttribute>,
    /// What has to be said of them.
    pub(super) notes: Vec<String>,
}

/// One thing that is rated.
pub(super) struct RatedAttribute {
    /// A name of `[questions]`, else the question's id; with its source where another one has it too.
    pub(super) name: String,
    /// What people were asked.
    pub(super) text: Option<String>,
    pub(super) terms: Terms,
    /// As long as there are answers.
    pub(super) ratings: Vec<Option<f64>>,
}

/// Columns of the sheet of outcomes.
const SCORE: usize = 0;
const SUBMISSION: usize = 1;
const QUESTION: usize = 2;
const SOMEONE: usize = 3;
/// Column of the sheet of ratings, after the first three of the other.
const TEXT: usize = 3;

impl<'a> Rated<'a> {
    /// Reads the answers of what an analysis is of, under the filters of the question, and their
    /// ratings, whatever survey question they are of.
    ///
    /// # Errors
    /// When a name is unknown, a filter isolates, one submission has several outcomes, or the data
    /// cannot be read.
    pub(super) fn read(case: &'a Case<'a>) -> Result<Self, KpiError> {
        let asked = case.rows_of(base(case.of())?)?;
        let mut rated = Self {
            asked,
            outcome: Vec::new(),
            persons: Vec::new(),
            attributes: Vec::new(),
            notes: Vec::new(),
        };
        if let Some(span) = rated.asked.frame.range() {
            let outcomes = rated.outcomes(span)?;
            let (answer_of, questions) = rated.take(case, &outcomes)?;
            let ratings = rated.ratings(span)?;
            rated.rate(&ratings, &answer_of, &questions)?;
        }
        Ok(rated)
    }

    /// Whether there are too few persons behind the answers to tell anything of them.
    pub(super) fn is_hidden(&self) -> bool {
        let n_persons = self.persons.iter().collect::<BTreeSet<_>>().len();
        let min_group = usize::try_from(self.asked.desk.settings.min_group);
        n_persons > 0 && min_group.is_ok_and(|min_group| n_persons < min_group)
    }

    fn outcomes(&mut self, span: Span) -> Result<Sheet, KpiError> {
        let scope = &self.asked.subject.scope;
        let columns = vec![
            SheetColumn::Number("score"),
            SheetColumn::Sourced("response"),
            SheetColumn::Sourced("question"),
            SheetColumn::Someone,
        ];
        let filter = vec![scope.filter.clone(), scope.formula.answered()];
        self.sheet(filter, span, columns, ANSWERS_MAX)
    }

    fn ratings(&mut self, span: Span) -> Result<Sheet, KpiError> {
        let metrics = METRICS.map(|metric| Some(metric.to_owned()));
        let filter = vec![
            Filter::In(Dimension::Column("metric"), metrics.to_vec()),
            Filter::Not(Box::new(Filter::IsTrue("is_test"))),
            Filter::Present("score"),
            Filter::Present("response"),
        ];
        let columns = vec![
            SheetColumn::Number("score"),
            SheetColumn::Sourced("response"),
            SheetColumn::Sourced("question"),
            SheetColumn::Text("question_text"),
        ];
        self.sheet(filter, span, columns, RATINGS_MAX)
    }

    fn sheet(
        &mut self,
        filter: Vec<Filter>,
        span: Span,
        columns: Vec<SheetColumn>,
        rows_max: usize,
    ) -> Result<Sheet, KpiError> {
        let sheet = self.asked.desk.rows.sheet(&SheetPlan {
            kind: RecordKind::Response,
            filter: Filter::And(filter),
            span,
            columns,
            as_of: self.asked.desk.as_of,
            rows_max,
        })?;
        if sheet.is_cut {
            self.notes.push(format!(
                "only the latest {rows_max} rows were read: narrow the range for earlier ones"
            ));
        }
        Ok(sheet)
    }

    /// Takes the answers over; returns their positions by submission, and the questions they are
    /// of.
    fn take<'s>(
        &mut self,
        case: &Case<'_>,
        sheet: &'s Sheet,
    ) -> Result<(HashMap<&'s str, usize>, BTreeSet<&'s str>), KpiError> {
        let mut answer_of: HashMap<&str, usize> = HashMap::new();
        let (mut of_row, mut questions) = (Vec::new(), BTreeSet::new());
        let mut rivals = BTreeSet::new();
        let scores = sheet.numbers(SCORE).iter();
        for (row, (score, person)) in scores.zip(sheet.persons(SOMEONE)).enumerate() {
            let question = sheet.text(QUESTION, row).unwrap_or_default();
            questions.insert(question);
            let submission = sheet.text(SUBMISSION, row);
            let known = submission.and_then(|submission| answer_of.get(submission));
            if let Some(at) = known.copied() {
                if of_row[at] != question {
                    rivals.extend([of_row[at], question]);
                }
                // Given again: the later one counts.
                self.outcome[at] = *score;
                continue;
            }
            if let Some(submission) = submission {
                answer_of.insert(submission, self.outcome.len());
            }
            self.outcome.push(*score);
            self.persons.push(*person);
            of_row.push(question);
        }
        match rivals.is_empty() {
            true => Ok((answer_of, questions)),
            false => Err(KpiError::SeveralOutcomes {
                kpi: case.entry.kpi.name,
                of: case.of(),
                questions: rivals.into_iter().map(str::to_owned).collect(),
            }),
        }
    }

    /// Puts the ratings of the most rated questions beside the answers.
    fn rate(
        &mut self,
        sheet: &Sheet,
        answer_of: &HashMap<&str, usize>,
        outcomes: &BTreeSet<&str>,
    ) -> Result<(), KpiError> {
        let answer = |row: usize| Some(*answer_of.get(sheet.text(SUBMISSION, row)?)?);
        let question = |row: usize| {
            let question = sheet.text(QUESTION, row);
            question.filter(|question| !outcomes.contains(question))
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in (0..sheet.n_rows).filter(|row| answer(*row).is_some()) {
            if let Some(question) = question(row) {
                *counts.entry(question).or_default() += 1;
            }
        }
        let mut asked: Vec<&str> = counts.keys().copied().collect();
        asked.sort_by_key(|question| std::cmp::Reverse(counts[question]));
        let n_left_out = asked.len().saturating_sub(CANDIDATES_MAX);
        asked.truncate(CANDIDATES_MAX);
        if n_left_out > 0 {
            let note =
                format!("{n_left_out} questions with fewer ratings than others are left out");
            self.notes.push(note);
        }
        let place_of = self.laid_out(&asked)?;
        for row in 0..sheet.n_rows {
            let place = question(row).and_then(|question| place_of.get(question));
            if let (Some(answer), Some(place)) = (answer(row), place) {
                let attribute = &mut self.attributes[*place];
                attribute.ratings[answer] = sheet.numbers(SCORE).get(row).copied().flatten();
                if let Some(text) = sheet.text(TEXT, row)
                    && attribute.text.as_deref() != Some(text)
                {
                    attribute.text = Some(text.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Lays out an attribute for every name; returns the place of each question.
    ///
    /// Questions of one name are one attribute where they are asked on the same terms.
    fn laid_out<'q>(&mut self, asked: &[&'q str]) -> Result<BTreeMap<&'q str, usize>, KpiError> {
        let terms = self.terms()?;
        let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for question in asked {
            match terms.get(*question) {
                Some(Some(_)) => named
                    .entry(self.name_of(question))
                    .or_default()
                    .push(question),
                Some(None) => self.notes.push(format!(
                    "`{question}` is left out: it is asked on several scales"
                )),
                None => {}
            }
        }
        let terms_of = |question: &str| terms.get(question).copied().flatten();
        let alike = |questions: &[&str]| {
            let mut terms = questions.iter().map(|question| terms_of(question));
            let first = terms.next();
            terms.all(|one| Some(one) == first)
        };
        let mut place_of = BTreeMap::new();
        for (name, questions) in named {
            let is_one = alike(&questions);
            for (idx, question) in questions.into_iter().enumerate() {
                if idx == 0 || !is_one {
                    self.attributes.push(RatedAttribute {
                        name: match is_one {
                            true => name.clone(),
                            false => question.to_owned(),
                        },
                        text: None,
                        terms: terms_of(question).unwrap_or_default(),
                        ratings: vec![None; self.outcome.len()],
                    });
                }
                place_of.insert(question, self.attributes.len() - 1);
            }
        }
        Ok(place_of)
    }

    /// Returns the terms of each question that rates something, by `SOURCE/QUESTION`; `None` of one
    /// that is asked on several.
    fn terms(&self) -> Result<HashMap<String, Option<Terms>>, KpiError> {
        let desk = &self.asked.desk;
        let mut known: HashMap<String, Option<Terms>> = HashMap::new();
        for metric in METRICS {
            for set in desk.rows.question_sets(metric)? {
                let terms = Some(Terms::of(&set, None, desk.settings));
                let kept = known.entry(full_id(&set)).or_insert(terms);
                if *kept != terms {
                    *kept = None;
                }
            }
        }
        Ok(known)
    }

    /// Returns what a question is called: as the site names it, else by its id.
    fn name_of(&self, question: &str) -> String {
        let named = self.asked.desk.settings.questions.iter();
        let mut named = named.filter(|(_, ids)| ids.iter().any(|id| id == question));
        let id = question.split_once('/').map_or(question, |(_, id)| id);
        named.next().map_or(id, |(name, _)| name).to_owned()
    }
}
