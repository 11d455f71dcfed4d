//! `rating`: mean answer on the question's own scale.

use std::rc::Rc;

use crate::plan::{Filter, Measure, TallyValue, Worth};
use crate::record::RecordKind;
use crate::statistic::Difference;

use super::cluster::Deff;
use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale, UNANSWERED};
use super::mean::Mean;
use super::question::Terms;
use super::{ChartKind, Kpi, Unit};

/// The metric of its questions.
const METRIC: &str = "rating";

pub(super) static KPI: Kpi = Kpi {
    name: "rating",
    title: "Rating",
    unit: Unit::Score,
    range: (None, None),
    definition_version: 1,
    formula: "mean of all answers, on the question's own scale",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Stack,
        ChartKind::Distribution,
        ChartKind::Bars,
        ChartKind::Table,
        ChartKind::Bullet,
        ChartKind::Control,
    ],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "sum(score) / answers",
    interval: "Student's t, 95 %: mean ± t(n − 1) sd/sqrt(n), sd with n − 1, within the scale where \
               it is said; transactional surveys take n/deff for n; differences: Welch",
    source: "Student 1908 (interval); Welch 1947 (differences)",
    edge_cases: &[
        "the mean stays on the question's own scale; nothing is rescaled",
        "questions on different scales or in different directions are never pooled: the question is \
         refused as ambiguous and told which filter picks each",
        "`sd` is told under `secondary`",
        "one answer, or fewer than two effective ones: no interval; answers that are all equal show \
         no spread, and their interval is the mean alone",
        "a row without a score is counted as unanswered and is not in the base",
        "partial responses with a score count; deleted rows and test rows do not",
        "relational surveys count the last answer per customer, bucket and filter; where both \
         survey modes have answers, the relational ones are counted unless mode says otherwise",
        "no answers: no value, never zero",
        "fewer than 10 answers: counts without a score; fewer than 30: marked low",
        "fewer distinct persons than [privacy] min_group: hidden",
        "the total is computed from the rows of the whole range, never the mean of its points",
    ],
    vectors: &[
        Vector {
            counts: &[("1", 0), ("5", 0)],
            value: None,
        },
        Vector {
            counts: &[("4", 12)],
            value: Some(4.0),
        },
        Vector {
            counts: &[("1", 1), ("2", 0), ("3", 2), ("4", 3), ("5", 4)],
            value: Some(3.9),
        },
        Vector {
            counts: &[("1", 1), ("2", 8), ("3", 44), ("4", 151), ("5", 610)],
            value: Some(4.671_990_171_990_172),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Rating { terms: None },
};

struct Rating {
    /// The questions it is asked of; `None` before they are known.
    terms: Option<Terms>,
}

impl Rating {
    fn own_scale(&self) -> Option<Scale> {
        self.terms.and_then(|terms| terms.scale)
    }

    fn mean(cell: &Measured) -> Option<Mean> {
        Mean::new(&cell.histogram, cell.deff.factor())
    }
}

impl Formula for Rating {
    fn kind(&self) -> RecordKind {
        RecordKind::Response
    }

    fn metric(&self) -> Option<&'static str> {
        Some(METRIC)
    }

    fn scale(&self) -> Option<Scale> {
        None
    }

    fn rows(&self) -> Filter {
        formula::survey_rows(METRIC)
    }

    fn answered(&self) -> Filter {
        Filter::Present("score")
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::CountIf(self.answered()),
            Measure::Count,
            Measure::PersonsIf(self.answered()),
            // The moments come from here: their sum does not depend on the order of the rows.
            Measure::Histogram("score"),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let deff = self.terms.map(|terms| terms.deff).unwrap_or_default();
        self.clustered(values, deff)
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        Self::mean(now)?.difference(Self::mean(before)?)
    }

    fn on(&self, terms: &Terms) -> Option<Rc<dyn Formula>> {
        Some(Rc::new(Self {
            terms: Some(*terms),
        }))
    }

    fn worth(&self) -> Option<Worth> {
        Some(Worth::Column("score"))
    }

    fn clustered(&self, values: &[TallyValue], deff: Deff) -> Measured {
        let [n, n_all, n_persons] = [0, 1, 2].map(|idx| formula::count(values, idx));
        let mut cell = Measured {
            n,
            n_persons,
            counts: vec![(UNANSWERED, n_all - n)],
            histogram: formula::histogram(values, 3),
            deff,
            ..Measured::default()
        };
        let Some(mean) = Self::mean(&cell) else {
            return cell;
        };
        cell.value = Some(mean.value);
        cell.interval = mean.interval().map(|(low, high)| match self.own_scale() {
            Some(scale) => (low.max(scale.min), high.min(scale.max)),
            None => (low, high),
        });
        cell.secondary = mean
            .deviation
            .map(|deviation| ("sd", deviation))
            .into_iter()
            .collect();
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        for vector in DEFINITION.vectors {
            let bars: Vec<(f64, u64)> = vector
                .counts
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(answer, count)| (answer.parse().expect(answer), *count))
                .collect();
            let n = bars.iter().map(|(_, count)| count).sum();
            let values = [
                TallyValue::Count(n),
                TallyValue::Count(n),
                TallyValue::Count(n),
                TallyValue::Histogram(bars),
            ];
            let found = ENTRY.formula.measured(&values).value;
            let is_close = match (found, vector.value) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
                (found, expected) => found == expected,
            };
            assert!(is_close, "{vector:?}: {found:?}");
        }
    }
}
