//! Names as people write them: dimensions, filters on them, and named questions.

use crate::nearest::nearest;
use crate::plan::{Dimension, Filter, QuestionSet};
use crate::record::RecordKind;

use super::formula::Entry;
use super::scope::mode_of;
use super::{KpiError, Mode, Settings};

/// Dimensions of every survey row, besides configured ones; a row may be without a value.
const BUILT_IN: [&str; 9] = [
    "source", "survey", "question", "mode", "channel", "language", "agent", "team", "tag",
];
/// The dimension of reviews alone: who reviewed.
const REVIEWER_KIND: &str = "reviewer_kind";

/// Names of dimensions and question sets, as configured, for one KPI.
pub(super) struct Names<'a> {
    pub(super) entry: Entry,
    pub(super) settings: &'a Settings,
}

impl Names<'_> {
    pub(super) fn dimension(&self, name: &str) -> Result<Dimension, KpiError> {
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
        let of_kind = (kind == RecordKind::Review).then_some(REVIEWER_KIND);
        let built_in = BUILT_IN.into_iter().chain(of_kind);
        if let Some(built_in) = built_in.clone().find(|built_in| *built_in == name) {
            return Ok(match built_in {
                "tag" => Dimension::Tag,
                column => Dimension::Column(column),
            });
        }
        let known: Vec<String> = built_in
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

    pub(super) fn filter(&self, name: &str, values: &[Option<String>]) -> Result<Filter, KpiError> {
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
    pub(super) fn admits(&self, name: &str, values: &[Option<String>], set: &QuestionSet) -> bool {
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
