//! Which rows a question is about: its filters, its splits, and the question set it pools.

use std::collections::BTreeMap;

use crate::plan::{Dimension, Filter, Keep, QuestionSet, Tally};

use super::cluster::Deff;
use super::formula::{Chosen, Entry, Formula, Scale};
use super::names::Names;
use super::question::Terms;
use super::response_rate;
use super::{KpiError, Mode, Query, Settings};

/// Modes a survey KPI is computed in.
const MODES: &[Mode] = &[Mode::Transactional, Mode::Relational];

/// A set of rows, how a person's rows among them count, and the formula for their questions.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) filter: Filter,
    pub(super) keep: Keep,
    pub(super) formula: Chosen,
    pub(super) spread: Spread,
    own: &'static dyn Formula,
    terms: Terms,
}

/// How several answers of one person widen the intervals of a scope.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Spread {
    /// Not at all: each person counts once, or there is no interval.
    Plain,
    /// By the design effect of the questions behind this filter, over the last year.
    Estimated(Filter),
    /// By that of each cell's own rows.
    Direct,
}

impl Scope {
    fn new(entry: Entry, filter: Filter, keep: Keep, terms: Terms, spread: Spread) -> Self {
        Self {
            filter,
            keep,
            formula: Chosen::new(entry.formula, &terms),
            spread,
            own: entry.formula,
            terms,
        }
    }

    /// Returns the rows of this scope that pass one more filter.
    pub(super) fn narrowed(mut self, filter: Filter) -> Self {
        self.filter = Filter::And(vec![self.filter, filter]);
        self
    }

    /// Returns the formula with a design effect.
    pub(super) fn weighed(&self, deff: Deff) -> Chosen {
        Chosen::new(self.own, &Terms { deff, ..self.terms })
    }

    /// Whether a lower answer of its questions is the better one.
    pub(super) fn is_lower_better(&self) -> bool {
        self.terms.is_lower_better
    }

    /// Returns the design effect in use.
    pub(super) fn deff(&self) -> Deff {
        self.terms.deff
    }

    /// Takes a design effect over.
    pub(super) fn weigh(&mut self, deff: Deff) {
        self.terms.deff = deff;
        self.formula = self.weighed(deff);
    }
}

/// One part of a split: rows to group by a dimension, or one group under a fixed key.
#[derive(Clone)]
pub(super) struct Branch {
    pub(super) scope: Scope,
    pub(super) by: BranchBy,
    /// Design effects by group, where groups are questions of their own.
    pub(super) deffs: BTreeMap<Option<String>, Deff>,
}

impl Branch {
    fn new(scope: Scope, by: BranchBy) -> Self {
        Self {
            scope,
            by,
            deffs: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum BranchBy {
    Dimension(Dimension),
    Key(String),
}

/// The delivered invitations to the surveys of an answer, and what they are split by.
pub(super) struct Invited {
    pub(super) filter: Filter,
    pub(super) dimension: Dimension,
}

/// Everything a question asks about except its time.
pub(super) struct Subject {
    /// The unsplit rows.
    pub(super) scope: Scope,
    pub(super) mode: Option<Mode>,
    /// The split as asked; it may have no branch.
    pub(super) by: Option<String>,
    /// Who was asked, where invitations can be split the same way.
    pub(super) invited: Option<Invited>,
    /// Parts of the split, in no order; empty without one.
    pub(super) branches: Vec<Branch>,
    pub(super) notes: Vec<String>,
}

impl Subject {
    /// Resolves names, question set and mode of a question.
    ///
    /// # Errors
    /// When a dimension is unknown or not on these rows, the mode is not supported, or the
    /// question sets cannot be read.
    pub(super) fn new(
        entry: Entry,
        query: &Query,
        settings: &Settings,
        rows: &dyn Tally,
    ) -> Result<Self, KpiError> {
        let names = Names { entry, settings };
        let formula = entry.formula;
        let (mut asked, mut questions) = (vec![formula.rows()], vec![formula.rows()]);
        for (name, values) in &query.filters {
            let filter = names.filter(name, values)?;
            if is_identity(&names.dimension(name)?) {
                questions.push(filter.clone());
            }
            asked.push(filter);
        }
        let by = query
            .by
            .as_deref()
            .map(|name| names.dimension(name))
            .transpose()?;
        if query.mode == Some(Mode::Clustered) && formula.worth().is_none() {
            return Err(KpiError::UnsupportedMode {
                kpi: entry.kpi.name,
                mode: Mode::Clustered,
                supported: MODES,
            });
        }
        let Some(metric) = formula.metric() else {
            return Self::of_any_question(entry, query, asked, by);
        };
        let mut sets = rows.question_sets(metric)?;
        sets.retain(|set| {
            query
                .filters
                .iter()
                .all(|(name, values)| names.admits(name, values, set))
        });
        let mut notes = Vec::new();
        if let Some(scale) = formula.scale() {
            let on_scale = on_scale(scale, &mut sets, &mut notes);
            questions.extend(on_scale.clone());
            asked.extend(on_scale);
        }
        let mode = query
            .mode
            .unwrap_or_else(|| default_mode(&sets, &mut notes));
        let source = ScopeSource {
            entry,
            settings,
            asked,
            questions,
            sets: &sets,
        };
        let branches = match by {
            Some(dimension) if query.mode.is_none() => source.branches(dimension, mode)?,
            by => branches_of(by, |_| source.scope(mode))?,
        };
        Ok(Self {
            scope: source.scope(mode)?,
            mode: Some(mode),
            invited: source.invited(query, mode),
            by: query.by.clone(),
            branches,
            notes,
        })
    }

    /// Whether the groups of a split share no rows and add up to the unsplit answer.
    pub(super) fn is_additive(&self) -> bool {
        let overlaps = |branch: &Branch| {
            branch.by == BranchBy::Dimension(Dimension::Tag)
                || matches!(branch.scope.keep, Keep::LastPerCustomer(_))
        };
        self.mode != Some(Mode::Relational) && !self.branches.iter().any(overlaps)
    }

    /// Resolves a question about rows that are no answers to questions, or to whichever.
    fn of_any_question(
        entry: Entry,
        query: &Query,
        mut asked: Vec<Filter>,
        by: Option<Dimension>,
    ) -> Result<Self, KpiError> {
        // Only answers have a mode.
        let mode = query.mode.filter(|_| entry.formula.responses().is_none());
        asked.extend(mode.map(mode_filter));
        let asked = Filter::And(asked);
        let scope = Scope::new(
            entry,
            asked,
            entry.formula.keep(),
            Terms::default(),
            Spread::Plain,
        );
        let note = "invitations have no mode: all of them are counted";
        Ok(Self {
            branches: branches_of(by, |_| Ok(scope.clone()))?,
            scope,
            mode,
            invited: None,
            by: query.by.clone(),
            notes: (mode != query.mode)
                .then(|| note.to_owned())
                .into_iter()
                .collect(),
        })
    }
}

/// Whether a dimension says which question a row answers, so that each of its values is asked of
/// questions of its own.
pub(super) fn is_identity(dimension: &Dimension) -> bool {
    const IDENTITY: [&str; 4] = ["source", "survey", "question", "mode"];
    matches!(dimension, Dimension::Column(name) if IDENTITY.contains(name))
}

/// What the scopes of one survey question are made from.
struct ScopeSource<'a> {
    entry: Entry,
    settings: &'a Settings,
    /// All filters.
    asked: Vec<Filter>,
    /// Those that pick questions.
    questions: Vec<Filter>,
    sets: &'a [QuestionSet],
}

impl ScopeSource<'_> {
    /// Returns the rows of a mode.
    fn scope(&self, mode: Mode) -> Result<Scope, KpiError> {
        let formula = self.entry.formula;
        let with_mode = |filters: &[Filter]| {
            let mode = mode_filter(mode);
            Filter::And(filters.iter().cloned().chain([mode]).collect())
        };
        let terms = match formula.scale() {
            // Other scales have been left out.
            Some(_) => Terms::default(),
            None => {
                let is_meant = |set: &&QuestionSet| set.is_relational == (mode == Mode::Relational);
                let sets: Vec<QuestionSet> = self.sets.iter().filter(is_meant).cloned().collect();
                Terms::shared(self.entry.kpi.name, formula, &sets, self.settings)?
            }
        };
        let (keep, spread) = match mode {
            // Only an answer can be a customer's last answer; the unanswered rows are counted.
            Mode::Relational => (Keep::LastPerCustomer(formula.answered()), Spread::Plain),
            Mode::Transactional => {
                let mut questions = self.questions.clone();
                questions.push(formula.answered());
                (Keep::All, Spread::Estimated(with_mode(&questions)))
            }
            Mode::Clustered => (Keep::All, Spread::Direct),
        };
        let spread = match formula.worth() {
            Some(_) => spread,
            None => Spread::Plain,
        };
        let filter = with_mode(&self.asked);
        Ok(Scope::new(self.entry, filter, keep, terms, spread))
    }

    /// Returns who was asked; `None` without a split, or where invitations do not carry what the
    /// question splits or filters by.
    fn invited(&self, query: &Query, mode: Mode) -> Option<Invited> {
        let names = Names {
            entry: response_rate::ENTRY,
            settings: self.settings,
        };
        let dimension = names
            .dimension(query.by.as_deref()?)
            .ok()
            .filter(response_rate::is_carried)?;
        let mut filters = vec![delivered()];
        for (name, values) in &query.filters {
            // The questions and the mode have chosen the surveys already.
            if !["question", "mode"].contains(&name.as_str()) {
                names
                    .dimension(name)
                    .ok()
                    .filter(response_rate::is_carried)?;
                filters.push(names.filter(name, values).ok()?);
            }
        }
        let only = |name, value: String| Filter::In(Dimension::Column(name), vec![Some(value)]);
        let is_relational = mode == Mode::Relational;
        let sets = self
            .sets
            .iter()
            .filter(|set| set.is_relational == is_relational);
        let mut surveys: Vec<Filter> = Vec::new();
        for set in sets {
            let survey = Filter::And(vec![
                only("source", set.source.to_string()),
                only("survey", set.survey.clone()),
            ]);
            if !surveys.contains(&survey) {
                surveys.push(survey);
            }
        }
        filters.push(Filter::Or(surveys));
        Some(Invited {
            filter: Filter::And(filters),
            dimension,
        })
    }

    /// Splits so that each value gives what a filter on it would give, which may be in another
    /// mode.
    fn branches(&self, by: Dimension, mode: Mode) -> Result<Vec<Branch>, KpiError> {
        let has = |is_relational| {
            let is_meant = |set: &QuestionSet| set.is_relational == is_relational;
            self.sets.iter().any(is_meant)
        };
        let has_both = has(true) && has(false);
        let key_of: fn(&QuestionSet) -> String = match by {
            Dimension::Column("mode") => {
                let modes = [Mode::Relational, Mode::Transactional].into_iter();
                return modes
                    .filter(|mode| has(*mode == Mode::Relational))
                    .map(|mode| {
                        let key = BranchBy::Key(mode.to_string());
                        Ok(Branch::new(self.scope(mode)?, key))
                    })
                    .collect();
            }
            Dimension::Column("source") => |set| set.source.to_string(),
            Dimension::Column("survey") => |set| set.survey.clone(),
            Dimension::Column("question") => |set| set.question.clone(),
            by => return branches_of(Some(by), |_| self.scope(mode)),
        };
        if !has_both {
            return branches_of(Some(by), |_| self.scope(mode));
        }
        let relational: Vec<Option<String>> = self
            .sets
            .iter()
            .filter(|set| set.is_relational)
            .map(|set| Some(key_of(set)))
            .collect();
        let in_relational = Filter::In(by.clone(), relational);
        let part = |mode, filter: Filter| -> Result<Branch, KpiError> {
            let mut scope = self.scope(mode)?.narrowed(filter.clone());
            if let Spread::Estimated(questions) = &mut scope.spread {
                *questions = Filter::And(vec![questions.clone(), filter]);
            }
            Ok(Branch::new(scope, BranchBy::Dimension(by.clone())))
        };
        Ok(vec![
            part(Mode::Relational, in_relational.clone())?,
            part(Mode::Transactional, Filter::Not(Box::new(in_relational)))?,
        ])
    }
}

/// Invitations that were not said to have bounced.
fn delivered() -> Filter {
    let bounced = Filter::In(
        Dimension::Column("delivered"),
        vec![Some("false".to_owned())],
    );
    Filter::Not(Box::new(bounced))
}

fn branches_of(
    by: Option<Dimension>,
    scope_of: impl Fn(&Dimension) -> Result<Scope, KpiError>,
) -> Result<Vec<Branch>, KpiError> {
    by.into_iter()
        .map(|dimension| {
            let scope = scope_of(&dimension)?;
            Ok(Branch::new(scope, BranchBy::Dimension(dimension)))
        })
        .collect()
}

/// Returns the mode a question is asked in.
pub(super) fn mode_of(set: &QuestionSet) -> Mode {
    if set.is_relational {
        Mode::Relational
    } else {
        Mode::Transactional
    }
}

fn default_mode(sets: &[QuestionSet], notes: &mut Vec<String>) -> Mode {
    if !sets.iter().any(|set| set.is_relational) {
        return Mode::Transactional;
    }
    let n_left_out: u64 = sets
        .iter()
        .filter(|set| !set.is_relational)
        .map(|set| set.n_answers)
        .sum();
    if n_left_out > 0 {
        notes
            .push("relational surveys only; ask with mode=transactional for the others".to_owned());
    }
    Mode::Relational
}

/// Rows of a mode; a row without one is transactional.
fn mode_filter(mode: Mode) -> Filter {
    let name = |mode: Mode| Some(mode.to_string());
    let values = match mode {
        Mode::Relational => vec![name(mode)],
        Mode::Transactional | Mode::Clustered => vec![None, name(Mode::Transactional)],
    };
    Filter::In(Dimension::Column("mode"), values)
}

/// Leaves out questions that are on another scale or are asked the other way round, with a note;
/// returns the filter that does so, when there are any.
fn on_scale(scale: Scale, sets: &mut Vec<QuestionSet>, notes: &mut Vec<String>) -> Option<Filter> {
    let is_on = |bound: Option<f64>, wanted: f64| bound.is_none_or(|bound| bound == wanted);
    let n_before = sets.len();
    sets.retain(|set| {
        let is_right = is_on(set.scale_min, scale.min)
            && is_on(set.scale_max, scale.max)
            && !set.is_lower_better;
        if !is_right {
            let (min, max) = (
                set.scale_min.unwrap_or(scale.min),
                set.scale_max.unwrap_or(scale.max),
            );
            notes.push(format!(
                "question `{}` of `{}` is left out: its scale is {min} to {max}{}",
                set.question,
                set.source,
                if set.is_lower_better {
                    ", lower is better"
                } else {
                    ""
                },
            ));
        }
        is_right
    });
    let bound = |column, value: f64| {
        Filter::Or(vec![
            Filter::Not(Box::new(Filter::Present(column))),
            Filter::NumberIn {
                column,
                low: Some(value),
                high: Some(value.next_up()),
            },
        ])
    };
    (sets.len() < n_before).then(|| {
        Filter::And(vec![
            bound("scale_min", scale.min),
            bound("scale_max", scale.max),
            Filter::Not(Box::new(Filter::In(
                Dimension::Column("direction"),
                vec![Some("lower_is_better".to_owned())],
            ))),
        ])
    })
}
