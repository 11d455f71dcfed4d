//! Which rows a question is about: its dimensions, its filters, and the question set it pools.

use crate::plan::{Dimension, Filter, Keep, QuestionSet, Tally};
use crate::record::RecordKind;

use super::formula::{Entry, Scale};
use super::{KpiError, Mode, Query, Settings};
use crate::nearest::nearest;

/// Dimensions of every survey row, besides configured ones; a row may be without a value.
const BUILT_IN: [&str; 8] = [
    "source", "survey", "question", "mode", "channel", "language", "agent", "team",
];
/// Modes a survey KPI is computed in.
const MODES: &[Mode] = &[Mode::Transactional, Mode::Relational];

/// A set of rows and how a person's rows among them count.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scope {
    pub(super) filter: Filter,
    pub(super) keep: Keep,
}

/// One part of a split: rows to group by a dimension, or one group under a fixed key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branch {
    pub(super) scope: Scope,
    pub(super) by: BranchBy,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum BranchBy {
    Dimension(Dimension),
    Key(String),
}

/// Everything a question asks about except its time.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// The unsplit rows.
    pub(super) scope: Scope,
    pub(super) mode: Option<Mode>,
    /// Whether a split was asked for; it may have no branch.
    pub(super) is_split: bool,
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
        let mut asked = vec![entry.formula.rows()];
        for (name, values) in &query.filters {
            asked.push(names.filter(name, values)?);
        }
        let by = query
            .by
            .as_deref()
            .map(|name| names.dimension(name))
            .transpose()?;
        if query.mode == Some(Mode::Clustered) {
            return Err(KpiError::UnsupportedMode {
                kpi: entry.kpi.name,
                mode: Mode::Clustered,
                supported: MODES,
            });
        }
        let Some(metric) = entry.formula.metric() else {
            asked.extend(query.mode.map(mode_filter));
            let scope = Scope {
                filter: Filter::And(asked),
                keep: Keep::All,
            };
            let branches = branches_of(by, |_| scope.clone());
            return Ok(Self {
                scope,
                mode: query.mode,
                is_split: query.by.is_some(),
                branches,
                notes: Vec::new(),
            });
        };
        let mut sets = rows.question_sets(metric)?;
        sets.retain(|set| {
            query
                .filters
                .iter()
                .all(|(name, values)| names.admits(name, values, set))
        });
        let mut notes = Vec::new();
        if let Some(scale) = entry.formula.scale() {
            asked.extend(on_scale(scale, &mut sets, &mut notes));
        }
        let mode = query
            .mode
            .unwrap_or_else(|| default_mode(&sets, &mut notes));
        let answered = entry.formula.answered();
        let scope_of = |mode| scope(&asked, mode, &answered);
        let branches = match by {
            Some(dimension) if query.mode.is_none() => branches(dimension, &sets, mode, scope_of),
            by => branches_of(by, |_| scope_of(mode)),
        };
        Ok(Self {
            scope: scope_of(mode),
            mode: Some(mode),
            is_split: query.by.is_some(),
            branches,
            notes,
        })
    }
}

fn scope(asked: &[Filter], mode: Mode, answered: &Filter) -> Scope {
    let mut filters = asked.to_vec();
    filters.push(mode_filter(mode));
    let keep = if mode == Mode::Relational {
        // Only an answer can be a customer's last answer; the unanswered rows are counted.
        Keep::LastPerCustomer(answered.clone())
    } else {
        Keep::All
    };
    Scope {
        filter: Filter::And(filters),
        keep,
    }
}

fn branches_of(by: Option<Dimension>, scope_of: impl Fn(&Dimension) -> Scope) -> Vec<Branch> {
    by.into_iter()
        .map(|dimension| Branch {
            scope: scope_of(&dimension),
            by: BranchBy::Dimension(dimension),
        })
        .collect()
}

/// Splits so that each value gives what a filter on it would give, which may be in another mode.
fn branches(
    by: Dimension,
    sets: &[QuestionSet],
    mode: Mode,
    scope_of: impl Fn(Mode) -> Scope,
) -> Vec<Branch> {
    let has_both =
        sets.iter().any(|set| set.is_relational) && sets.iter().any(|set| !set.is_relational);
    let key_of: fn(&QuestionSet) -> String = match by {
        Dimension::Column("mode") => {
            let modes = [Mode::Relational, Mode::Transactional].into_iter();
            return modes
                .filter(|mode| has_both || sets.iter().any(|set| mode_of(set) == *mode))
                .map(|mode| Branch {
                    scope: scope_of(mode),
                    by: BranchBy::Key(mode.to_string()),
                })
                .collect();
        }
        Dimension::Column("source") => |set| set.source.to_string(),
        Dimension::Column("survey") => |set| set.survey.clone(),
        Dimension::Column("question") => |set| set.question.clone(),
        by => return branches_of(Some(by), |_| scope_of(mode)),
    };
    if !has_both {
        return branches_of(Some(by), |_| scope_of(mode));
    }
    let relational: Vec<Option<String>> = sets
        .iter()
        .filter(|set| set.is_relational)
        .map(|set| Some(key_of(set)))
        .collect();
    let in_relational = Filter::In(by.clone(), relational);
    let part = |mode, filter| {
        let mut scope = scope_of(mode);
        scope.filter = Filter::And(vec![scope.filter, filter]);
        Branch {
            scope,
            by: BranchBy::Dimension(by.clone()),
        }
    };
    vec![
        part(Mode::Relational, in_relational.clone()),
        part(Mode::Transactional, Filter::Not(Box::new(in_relational))),
    ]
}

fn mode_of(set: &QuestionSet) -> Mode {
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

/// Names of dimensions and question sets, as configured, for one KPI.
struct Names<'a> {
    entry: Entry,
    settings: &'a Settings,
}

impl Names<'_> {
    fn dimension(&self, name: &str) -> Result<Dimension, KpiError> {
        let kind = self.entry.formula.kind();
        if let Some(source) = self.settings.dimensions.get(name) {
            // A row carries what it says itself, and what its customer and its agent were.
            let is_on_rows = match source.kind {
                own if own == kind => true,
                RecordKind::Customer => kind.column("customer").is_some(),
                RecordKind::Agent => kind.column("agent").is_some(),
                _ => false,
            };
            let dimension = is_on_rows.then(|| Dimension::Configured(name.to_owned()));
            return dimension.ok_or_else(|| KpiError::DimensionElsewhere {
                name: name.to_owned(),
                from: source.kind.name(),
                kpi: self.entry.kpi.name,
                kind: kind.name(),
            });
        }
        if let Some(built_in) = BUILT_IN.into_iter().find(|built_in| *built_in == name) {
            return Ok(Dimension::Column(built_in));
        }
        let known: Vec<String> = BUILT_IN
            .into_iter()
            .map(str::to_owned)
            .chain(self.settings.dimensions.keys().cloned())
            .collect();
        let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        Err(KpiError::UnknownDimension {
            name: name.to_owned(),
            nearest,
            known,
        })
    }

    fn filter(&self, name: &str, values: &[Option<String>]) -> Result<Filter, KpiError> {
        let dimension = self.dimension(name)?;
        Ok(match dimension {
            Dimension::Column("question") => self.question_filter(values),
            Dimension::Column("mode") => {
                let mut values = values.to_vec();
                let transactional = Some(Mode::Transactional.to_string());
                if values.contains(&transactional) && !values.contains(&None) {
                    values.push(None);
                } else if values.contains(&None) && !values.contains(&transactional) {
                    values.push(transactional);
                }
                Filter::In(dimension, values)
            }
            dimension => Filter::In(dimension, values.to_vec()),
        })
    }

    /// A question is named by its id, by `SOURCE/ID`, or by a name of `[questions]`.
    fn question_filter(&self, values: &[Option<String>]) -> Filter {
        let question = || Dimension::Column("question");
        let mut alternatives = vec![Filter::In(question(), Vec::new())];
        let mut plain = Vec::new();
        for value in values {
            let ids = value.as_ref().map_or(&[][..], |name| self.named(name));
            if ids.is_empty() {
                plain.push(value.clone());
            }
            let single = value.as_ref().filter(|_| ids.is_empty());
            for id in ids.iter().chain(single) {
                if let Some((source, id)) = id.split_once('/') {
                    alternatives.push(Filter::And(vec![
                        Filter::In(Dimension::Column("source"), vec![Some(source.to_owned())]),
                        Filter::In(question(), vec![Some(id.to_owned())]),
                    ]));
                }
            }
        }
        alternatives[0] = Filter::In(question(), plain);
        if alternatives.len() == 1 {
            return alternatives.remove(0);
        }
        Filter::Or(alternatives)
    }

    fn named(&self, name: &str) -> &[String] {
        self.settings.questions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a filter lets a question set through, as far as the set alone can tell.
    fn admits(&self, name: &str, values: &[Option<String>], set: &QuestionSet) -> bool {
        let has = |wanted: &str| values.iter().flatten().any(|value| value == wanted);
        match name {
            _ if self.settings.dimensions.contains_key(name) => true,
            "source" => has(set.source.as_str()),
            "survey" => has(&set.survey),
            "mode" => {
                has(&mode_of(set).to_string()) || (!set.is_relational && values.contains(&None))
            }
            "question" => values.iter().flatten().any(|value| {
                let full = format!("{}/{}", set.source, set.question);
                let ids = self.named(value);
                ids.contains(&full)
                    || (ids.is_empty() && (*value == set.question || *value == full))
            }),
            _ => true,
        }
    }
}
