//! The share of positive answers on a scale: what `csat` and `ces` have in common.

use std::rc::Rc;

use crate::plan::{Filter, Measure, TallyValue, Worth};
use crate::record::RecordKind;
use crate::statistic::{Difference, Proportion};

use super::cluster::Deff;
use super::formula::{self, Formula, Measured, Scale, UNANSWERED};
use super::interval::real;
use super::mean::Mean;
use super::question::Terms;

/// What makes one such KPI.
#[derive(Debug, Clone, Copy)]
pub(super) struct TopBox {
    /// The metric of its questions.
    pub(super) metric: &'static str,
    /// Names of the counts of positive and of all other answers.
    pub(super) counts: [&'static str; 2],
    /// The scale of questions that say none.
    pub(super) usual_scale: Scale,
    /// Lowest positive answer of a scale on which higher is better.
    pub(super) bound: fn(Scale) -> f64,
    /// Whether mean and deviation are told as well.
    pub(super) has_moments: bool,
    /// The questions it is asked of; `None` is the usual scale.
    pub(super) terms: Option<Terms>,
}

impl TopBox {
    fn terms(&self) -> Terms {
        self.terms.unwrap_or_default()
    }

    /// Returns the filter of positive answers.
    fn positive(&self) -> Filter {
        let terms = self.terms();
        let scale = terms.scale.unwrap_or(self.usual_scale);
        let own = || terms.turned((self.bound)(scale), scale);
        let (low, high) = terms.range_of(terms.positive.unwrap_or_else(own));
        Filter::NumberIn {
            column: "score",
            low,
            high,
        }
    }

    fn proportion(&self, cell: &Measured) -> Option<Proportion> {
        let n_positive = real(cell.count(self.counts[0]));
        Proportion::new(n_positive, real(cell.n), cell.deff.effective(cell.n))
    }

    fn moments(&self, histogram: &[(f64, u64)]) -> Vec<(&'static str, f64)> {
        let mean = Mean::new(histogram, 1.0).filter(|_| self.has_moments);
        let told = mean.map(|mean| (("mean", mean.value), mean.deviation));
        told.into_iter()
            .flat_map(|(mean, deviation)| {
                std::iter::once(mean).chain(deviation.map(|deviation| ("sd", deviation)))
            })
            .collect()
    }
}

impl Formula for TopBox {
    fn kind(&self) -> RecordKind {
        RecordKind::Response
    }

    fn metric(&self) -> Option<&'static str> {
        Some(self.metric)
    }

    fn scale(&self) -> Option<Scale> {
        None
    }

    fn rows(&self) -> Filter {
        formula::survey_rows(self.metric)
    }

    fn answered(&self) -> Filter {
        Filter::Present("score")
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::CountIf(self.positive()),
            Measure::CountIf(self.answered()),
            Measure::Count,
            Measure::PersonsIf(self.answered()),
            Measure::Histogram("score"),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        self.clustered(values, self.terms().deff)
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        let shares = self.proportion(now)?.difference(self.proportion(before)?);
        Some(shares.in_percent())
    }

    fn usual_scale(&self) -> Option<Scale> {
        Some(self.usual_scale)
    }

    fn on(&self, terms: &Terms) -> Option<Rc<dyn Formula>> {
        Some(Rc::new(Self {
            terms: Some(*terms),
            ..*self
        }))
    }

    fn worth(&self) -> Option<Worth> {
        Some(Worth::Classes(vec![(self.positive(), 1.0)]))
    }

    fn clustered(&self, values: &[TallyValue], deff: Deff) -> Measured {
        let [n_positive, n, n_all, n_persons] = [0, 1, 2, 3].map(|idx| formula::count(values, idx));
        let histogram = formula::histogram(values, 4);
        let mut cell = Measured {
            value: (n > 0).then(|| 100.0 * real(n_positive) / real(n)),
            interval: None,
            n,
            n_persons,
            counts: vec![
                (self.counts[0], n_positive),
                (self.counts[1], n - n_positive),
                (UNANSWERED, n_all - n),
            ],
            secondary: self.moments(&histogram),
            histogram,
            deff,
        };
        cell.interval = self.proportion(&cell).map(|share| {
            let (low, high) = share.interval();
            (100.0 * low, 100.0 * high)
        });
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::{ces, csat};

    #[test]
    fn every_published_vector_holds() {
        for entry in [csat::ENTRY, ces::ENTRY] {
            for vector in entry.definition.vectors {
                let [n_positive, n_others] = [0, 1].map(|idx| vector.counts[idx].1);
                let n = n_positive + n_others;
                let values = [n_positive, n, n, n].map(TallyValue::Count);
                let cell = entry.formula.measured(&values);
                assert_eq!(cell.value, vector.value, "{}: {vector:?}", entry.kpi.name);
                for (name, count) in vector.counts {
                    assert_eq!(cell.count(name), *count, "{}: {vector:?}", entry.kpi.name);
                }
            }
        }
    }

    #[test]
    fn a_cell_without_rows_has_neither_share_nor_interval() {
        let empty = csat::ENTRY.formula.measured(&[]);
        assert_eq!((empty.value, empty.interval, empty.n), (None, None, 0));
        assert_eq!(csat::ENTRY.formula.difference(&empty, &empty), None);
    }

    #[test]
    fn a_design_effect_widens_the_interval_and_leaves_the_share() {
        let values = [60, 80, 80, 80].map(TallyValue::Count);
        let plain = csat::ENTRY.formula.measured(&values);
        let terms = Terms::default();
        let formula = csat::ENTRY.formula.on(&terms).expect("a formula");
        assert_eq!(formula.measured(&values), plain);
        let few = csat::ENTRY
            .formula
            .measured(&[30, 40, 40, 40].map(TallyValue::Count));
        let sums = crate::plan::ClusterSums {
            n: 4,
            n_persons: 2,
            sum: 2.0,
            squares: 2.0,
            person_squares: 4.0,
            person_products: 4.0,
            size_squares: 8.0,
            ..crate::plan::ClusterSums::default()
        };
        // Two persons, each twice of one mind.
        let deff = Deff::of(&sums, &Worth::Classes(Vec::new()));
        assert_eq!(deff.factor(), 4.0);
        let quarter = csat::ENTRY
            .formula
            .clustered(&[120, 160, 160, 160].map(TallyValue::Count), deff);
        assert_eq!((quarter.value, quarter.n), (few.value, 160));
        assert_eq!(quarter.interval, few.interval);
    }
}
