//! `quality_score`: how good the work is in the eyes of those who review it.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::CHARTS;
use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale};
use crate::kpi::interval::real;
use crate::kpi::{Kpi, Unit};
use crate::plan::{Dimension, Filter, Keep, Measure, TallyValue};
use crate::record::RecordKind;

/// Who reviews, as records name them.
const REVIEWERS: [&str; 4] = ["peer", "self", "manager", "auto"];
/// Probability below the upper end of the interval.
const UPPER_95: f64 = 0.975;

static KPI: Kpi = Kpi {
    name: "quality_score",
    title: "Quality score",
    unit: Unit::Points,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "mean score of reviews, 0 to 100; 0 where a critical category failed",
    charts: CHARTS,
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "mean over reviews of 100 * sum(weight * score / score_max) / sum(weight), 0 where a \
                 critical category has 0",
    interval: "Student's t, 95 %, clustered by agent: variance m/(m - 1) * sum over agents of \
               (sum(y - mean))^2 / n^2 with m - 1 degrees of freedom for m agents, never less than \
               that of independent reviews; none for one agent or where all reviews are equal",
    source: "definition of this project (score); Cameron and Miller 2015 (clustered variance)",
    edge_cases: &[
        "the categories of one review are one score, in the bucket of the earliest; a category \
         without a weight has weight 1, a review whose weights are all 0 has no score",
        "every review counts the same, however many categories it has",
        "agents are persons over all sources; reviews of one agent are alike and widen the interval",
        "who reviewed matters: ask with by=reviewer_kind, or where.reviewer_kind=peer",
        "deleted categories do not count; the latest version of a category does",
        "no reviews: no value, never zero",
        "fewer than 10 reviews: counts without a score; fewer than 30: marked low",
        "test vectors: scores of reviews, and their number",
    ],
    vectors: &[
        Vector {
            counts: &[],
            value: None,
        },
        Vector {
            counts: &[("80", 1)],
            value: Some(80.0),
        },
        Vector {
            counts: &[("0", 1), ("100", 3)],
            value: Some(75.0),
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &QualityScore,
};

struct QualityScore;

impl Formula for QualityScore {
    fn kind(&self) -> RecordKind {
        RecordKind::Review
    }

    fn metric(&self) -> Option<&'static str> {
        None
    }

    fn scale(&self) -> Option<Scale> {
        None
    }

    fn rows(&self) -> Filter {
        Filter::All
    }

    fn answered(&self) -> Filter {
        Filter::Present("score")
    }

    fn measures(&self) -> Vec<Measure> {
        let reviewers = REVIEWERS.map(|reviewer| {
            let kind = Dimension::Column("reviewer_kind");
            let is_theirs = Filter::In(kind, vec![Some(reviewer.to_owned())]);
            Measure::CountIf(Filter::And(vec![self.answered(), is_theirs]))
        });
        let mut measures = vec![
            Measure::CountIf(self.answered()),
            Measure::Sum("score"),
            Measure::SumSquares("score"),
        ];
        measures.extend(reviewers);
        measures
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let agents: Vec<Agent> = values.chunks(3 + REVIEWERS.len()).map(Agent::of).collect();
        let n: u64 = agents.iter().map(|agent| agent.n).sum();
        let counts = REVIEWERS.iter().enumerate().map(|(idx, name)| {
            let n = agents.iter().map(|agent| agent.by_reviewer[idx]).sum();
            (*name, n)
        });
        let counts = counts.collect();
        if n == 0 {
            return Measured {
                counts,
                ..Measured::default()
            };
        }
        let mean = agents.iter().map(|agent| agent.sum).sum::<f64>() / real(n);
        Measured {
            value: Some(mean.clamp(0.0, 100.0)),
            interval: error(&agents, mean).map(|half| {
                let (low, high) = (mean - half, mean + half);
                (low.clamp(0.0, 100.0), high.clamp(0.0, 100.0))
            }),
            n,
            // A review is about work, not about a customer: each stands for itself.
            n_persons: n,
            counts,
            ..Measured::default()
        }
    }

    fn is_compared(&self) -> bool {
        false
    }

    fn keep(&self) -> Keep {
        Keep::OnePerReview
    }

    fn cluster(&self) -> Option<Dimension> {
        Some(Dimension::ServedBy)
    }
}

/// The reviews of one agent.
#[derive(Debug, Clone, Copy)]
struct Agent {
    n: u64,
    sum: f64,
    squares: f64,
    by_reviewer: [u64; REVIEWERS.len()],
}

impl Agent {
    fn of(values: &[TallyValue]) -> Self {
        Self {
            n: formula::count(values, 0),
            sum: formula::number(values, 1),
            squares: formula::number(values, 2),
            by_reviewer: [3, 4, 5, 6].map(|idx| formula::count(values, idx)),
        }
    }
}

/// Returns half the width of the interval around the mean of all reviews; `None` where their
/// spread is not known.
fn error(agents: &[Agent], mean: f64) -> Option<f64> {
    let agents: Vec<&Agent> = agents.iter().filter(|agent| agent.n > 0).collect();
    let n: f64 = agents.iter().map(|agent| real(agent.n)).sum();
    let m = real(agents.len() as u64);
    if m < 2.0 {
        return None;
    }
    let between: f64 = agents
        .iter()
        .map(|agent| (agent.sum - real(agent.n) * mean).powi(2))
        .sum();
    let squares: f64 = agents.iter().map(|agent| agent.squares).sum();
    // What is left of equal scores is rounding.
    let spread = Some(squares - n * mean * mean).filter(|left| *left > squares * 1e-12)?;
    let clustered = m / (m - 1.0) * between / (n * n);
    let independent = spread / (n - 1.0) / n;
    let student = StudentsT::new(0.0, 1.0, m - 1.0).ok()?;
    Some(student.inverse_cdf(UPPER_95) * clustered.max(independent).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the cell of some agents' review scores.
    fn cell(agents: &[&[f64]]) -> Measured {
        let values: Vec<TallyValue> = agents
            .iter()
            .flat_map(|scores| {
                let n = TallyValue::Count(scores.len() as u64);
                let number = |sum: f64| TallyValue::Number((!scores.is_empty()).then_some(sum));
                [
                    n.clone(),
                    number(scores.iter().sum()),
                    number(scores.iter().map(|score| score * score).sum()),
                    n,
                    TallyValue::Count(0),
                    TallyValue::Count(0),
                    TallyValue::Count(0),
                ]
            })
            .collect();
        QualityScore.measured(&values)
    }

    #[test]
    fn every_published_vector_holds() {
        for vector in DEFINITION.vectors {
            let scores: Vec<f64> = vector
                .counts
                .iter()
                .flat_map(|(score, n)| {
                    let score: f64 = score.parse().expect("a score");
                    vec![score; usize::try_from(*n).expect("small")]
                })
                .collect();
            assert_eq!(cell(&[&scores]).value, vector.value, "{vector:?}");
        }
    }

    #[test]
    fn reviews_of_one_agent_or_all_alike_have_no_interval() {
        assert_eq!(cell(&[&[70.0, 80.0, 90.0]]).interval, None);
        assert_eq!(cell(&[&[80.0; 20], &[80.0; 20]]).interval, None);
        assert_eq!(cell(&[&[70.1; 7], &[70.1; 9], &[70.1; 3]]).interval, None);
        assert_eq!(cell(&[]).value, None);
    }

    #[test]
    fn agents_that_differ_widen_the_interval() {
        // Two agents, each of one mind: two independent facts, not twenty.
        let (low, high) = cell(&[&[60.0; 10], &[80.0; 10]])
            .interval
            .expect("a spread");
        // m/(m-1) * 2 * 100² / 20² = 100, and t(1) = 12.7062.
        assert_eq!((low, high), (0.0, 100.0));
        // Five agents of the same mind, whose reviews differ: Student's interval with 4 degrees of
        // freedom and the variance of independent reviews.
        let mixed: &[f64] = &[60.0, 100.0];
        let (low, high) = cell(&[mixed; 5]).interval.expect("a spread");
        let half = 2.776_445_105_198 * (4_000.0_f64 / 9.0 / 10.0).sqrt();
        assert!((low - (80.0 - half)).abs() < 1e-6, "{low}");
        assert!((high - (80.0 + half).min(100.0)).abs() < 1e-6, "{high}");
    }

    #[test]
    fn who_reviewed_is_counted() {
        let counts = cell(&[&[60.0; 3], &[80.0; 4]]).counts;
        assert_eq!(
            counts,
            [("peer", 7), ("self", 0), ("manager", 0), ("auto", 0)]
        );
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_mean_in_any_order(
            agents in prop::collection::vec(prop::collection::vec(0_u8..=100, 0..12), 0..9),
            turn in any::<prop::sample::Index>(),
        ) {
            let scores: Vec<Vec<f64>> = agents
                .iter()
                .map(|scores| scores.iter().map(|score| f64::from(*score)).collect())
                .collect();
            let lines: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
            let mut turned = lines.clone();
            if !turned.is_empty() {
                turned.rotate_left(turn.index(lines.len()));
            }
            let (one, other) = (cell(&lines), cell(&turned));
            prop_assert_eq!(one.n, other.n);
            if let (Some((low, high)), Some(value)) = (one.interval, one.value) {
                prop_assert!(0.0 <= low && low <= value && value <= high && high <= 100.0);
                let (turned_low, turned_high) = other.interval.expect("the same spread");
                prop_assert!((low - turned_low).abs() < 1e-6 && (high - turned_high).abs() < 1e-6);
            }
        }
    }
}
