//! `nps`: Net Promoter Score.

use std::rc::Rc;

use crate::plan::{Filter, Measure, TallyValue, Worth};
use crate::record::RecordKind;
use crate::statistic::Difference;

use super::cluster::Deff;
use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale, UNANSWERED};
use super::interval::{AdjustedWald, real};
use super::question::Terms;
use super::{ChartKind, Kpi, Unit};

/// Lowest answer of a promoter.
const PROMOTER_MIN: f64 = 9.0;
/// Lowest answer of a passive; below it are detractors.
const PASSIVE_MIN: f64 = 7.0;

pub(super) static KPI: Kpi = Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "% answering 9–10 minus % answering 0–6, of all scores",
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
    expression: "100 * (promoters - detractors) / (promoters + passives + detractors)",
    interval: "adjusted Wald, 95 %: n' = n + 3, p' = (promoters + 3/4)/n', d' = (detractors + \
               3/4)/n', x' = p' - d', x' ± 1.96 sqrt((p' + d' - x'²)/n'), clipped to ±1, × 100; \
               the value itself stays the raw score; transactional surveys divide the three \
               counts by deff first",
    source: "Reichheld 2003 (score); Rocks 2016, The American Statistician (interval)",
    edge_cases: &[
        "promoter: score >= 9; passive: 7 <= score < 9; detractor: score < 7; answers between whole \
         numbers are partitioned, never dropped or rounded",
        "a row without a score is counted as unanswered and is not in the base",
        "partial responses with a score count; deleted rows and test rows do not",
        "only questions declared with metric nps on a 0 to 10 scale; other scales are never mapped",
        "questions of several surveys pool; relational surveys count the last answer per customer, \
         bucket and filter, anonymous answers each for themselves",
        "where both survey modes have answers, the relational ones are counted unless mode says \
         otherwise",
        "no answers: no value, never zero",
        "fewer than 10 answers: counts without a score; fewer than 30: marked low",
        "fewer distinct persons than [privacy] min_group: hidden",
        "the total is computed from the rows of the whole range, never from its points",
    ],
    vectors: &[
        Vector {
            counts: &[("promoters", 4), ("passives", 0), ("detractors", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 9), ("detractors", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 0), ("detractors", 7)],
            value: Some(-100.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 0), ("detractors", 0)],
            value: None,
        },
        Vector {
            counts: &[("promoters", 118), ("passives", 63), ("detractors", 31)],
            value: Some(41.037_735_849_056_6),
        },
        Vector {
            counts: &[("promoters", 690), ("passives", 392), ("detractors", 1271)],
            value: Some(-24.691_882_702_932_43),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &NPS,
};

static NPS: Nps = Nps { deff: None };

struct Nps {
    /// Design effect of its questions; `None` is none.
    deff: Option<Deff>,
}

fn score_in(low: Option<f64>, high: Option<f64>) -> Filter {
    Filter::NumberIn {
        column: "score",
        low,
        high,
    }
}

impl Formula for Nps {
    fn kind(&self) -> RecordKind {
        RecordKind::Response
    }

    fn metric(&self) -> Option<&'static str> {
        Some("nps")
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            min: 0.0,
            max: 10.0,
        })
    }

    fn rows(&self) -> Filter {
        formula::survey_rows("nps")
    }

    fn answered(&self) -> Filter {
        Filter::Present("score")
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::CountIf(score_in(Some(PROMOTER_MIN), None)),
            Measure::CountIf(score_in(Some(PASSIVE_MIN), Some(PROMOTER_MIN))),
            Measure::CountIf(score_in(None, Some(PASSIVE_MIN))),
            Measure::CountIf(Filter::Not(Box::new(self.answered()))),
            Measure::PersonsIf(self.answered()),
            Measure::Histogram("score"),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        self.clustered(values, self.deff.unwrap_or_default())
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        let raw = now.value? - before.value?;
        let smoothed = adjusted(now).difference(adjusted(before));
        Some(Difference {
            value: raw,
            low: 100.0 * smoothed.low,
            high: 100.0 * smoothed.high,
            p: smoothed.p,
        })
    }

    fn on(&self, terms: &Terms) -> Option<Rc<dyn Formula>> {
        let deff = Some(terms.deff);
        Some(Rc::new(Self { deff }))
    }

    fn worth(&self) -> Option<Worth> {
        Some(Worth::Classes(vec![
            (score_in(Some(PROMOTER_MIN), None), 1.0),
            (score_in(None, Some(PASSIVE_MIN)), -1.0),
        ]))
    }

    fn clustered(&self, values: &[TallyValue], deff: Deff) -> Measured {
        let [promoters, passives, detractors] =
            [0, 1, 2].map(|measure_idx| formula::count(values, measure_idx));
        let n = promoters + passives + detractors;
        let mut cell = Measured {
            value: score(promoters, passives, detractors),
            interval: None,
            n,
            n_persons: formula::count(values, 4),
            counts: vec![
                ("promoters", promoters),
                ("passives", passives),
                ("detractors", detractors),
                (UNANSWERED, formula::count(values, 3)),
            ],
            histogram: formula::histogram(values, 5),
            secondary: Vec::new(),
            deff,
        };
        cell.interval = (n > 0).then(|| interval(&cell));
        cell
    }
}

/// Returns the numbers of answers, each of a person of its own, in the order of the measures.
pub(super) fn tallied(scores: &[f64]) -> Vec<TallyValue> {
    let count = |is_meant: &dyn Fn(f64) -> bool| {
        let meant = scores.iter().filter(|score| is_meant(**score));
        TallyValue::Count(meant.count() as u64)
    };
    let mut bars: Vec<(f64, u64)> = Vec::new();
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    for score in sorted {
        match bars.last_mut() {
            Some((known, n)) if *known == score => *n += 1,
            _ => bars.push((score, 1)),
        }
    }
    vec![
        count(&|score| score >= PROMOTER_MIN),
        count(&|score| (PASSIVE_MIN..PROMOTER_MIN).contains(&score)),
        count(&|score| score < PASSIVE_MIN),
        TallyValue::Count(0),
        count(&|_| true),
        TallyValue::Histogram(bars),
    ]
}

/// Returns the score of three counts, −100..=100, or `None` when nobody answered.
fn score(promoters: u64, passives: u64, detractors: u64) -> Option<f64> {
    let n = promoters + passives + detractors;
    // Adding zero turns -0 into 0.
    (n > 0).then(|| 100.0 * (real(promoters) - real(detractors)) / real(n) + 0.0)
}

fn interval(cell: &Measured) -> (f64, f64) {
    let (low, high) = adjusted(cell).interval();
    (100.0 * low, 100.0 * high)
}

fn adjusted(cell: &Measured) -> AdjustedWald {
    let effective = |name| cell.deff.effective(cell.count(name));
    AdjustedWald::new(
        effective("promoters"),
        effective("passives"),
        effective("detractors"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(promoters: u64, passives: u64, detractors: u64) -> Measured {
        let counts = [
            promoters,
            passives,
            detractors,
            0,
            promoters + passives + detractors,
        ];
        NPS.measured(&counts.map(TallyValue::Count))
    }

    fn interval(promoters: u64, passives: u64, detractors: u64) -> (f64, f64) {
        super::interval(&cell(promoters, passives, detractors))
    }

    #[test]
    fn every_published_vector_holds() {
        for vector in DEFINITION.vectors {
            let [promoters, passives, detractors] = [0, 1, 2].map(|idx| vector.counts[idx].1);
            assert_eq!(
                score(promoters, passives, detractors),
                vector.value,
                "{vector:?}"
            );
        }
    }

    #[test]
    fn a_balanced_score_is_zero_without_a_sign() {
        let value = score(3, 0, 3).expect("a score");
        assert!(value == 0.0 && value.is_sign_positive());
    }

    fn check_interval(counts: (u64, u64, u64), expected: (f64, f64)) {
        let (low, high) = interval(counts.0, counts.1, counts.2);
        let is_close = (low - expected.0).abs() < 1e-9 && (high - expected.1).abs() < 1e-9;
        assert!(is_close, "{counts:?}: {low} to {high}");
    }

    #[test]
    fn the_interval_is_adjusted_wald() {
        check_interval((118, 63, 31), (30.6766302583533, 50.25360229978624));
        // Unanimous answers still leave doubt, and the scale's end clips it.
        check_interval((5, 0, 0), (17.49145303416897, 100.0));
    }

    #[test]
    fn a_cell_without_rows_has_neither_score_nor_interval() {
        let empty = NPS.measured(&[]);
        assert_eq!((empty.value, empty.interval, empty.n), (None, None, 0));
        assert_eq!(empty.counts.len(), 4);
    }

    /// Returns the exact probability that the interval holds the true score.
    fn coverage(n: u64, plus: f64, minus: f64) -> f64 {
        let log_factorial = |count: u64| (1..=count).map(|one| real(one).ln()).sum::<f64>();
        let power = |share: f64, count: u64| {
            if count == 0 {
                0.0
            } else {
                real(count) * share.ln()
            }
        };
        let truth = 100.0 * (plus - minus);
        let mut covered = 0.0;
        for promoters in 0..=n {
            for detractors in 0..=n - promoters {
                let passives = n - promoters - detractors;
                let (low, high) = interval(promoters, passives, detractors);
                if low - 1e-9 <= truth && truth <= high + 1e-9 {
                    let ways = log_factorial(n)
                        - log_factorial(promoters)
                        - log_factorial(passives)
                        - log_factorial(detractors);
                    let chance = power(plus, promoters)
                        + power(minus, detractors)
                        + power(1.0 - plus - minus, passives);
                    covered += (ways + chance).exp();
                }
            }
        }
        covered
    }

    /// Coverage over every true pair of shares in steps of 5 %, by exact enumeration.
    fn check_coverage(n: u64, expected_mean: f64, expected_min: f64) {
        let shares = (1..=18_u32).flat_map(|plus| (1..=19 - plus).map(move |minus| (plus, minus)));
        let all: Vec<f64> = shares
            .map(|(plus, minus)| coverage(n, f64::from(plus) / 20.0, f64::from(minus) / 20.0))
            .collect();
        let mean = all.iter().sum::<f64>() / real(all.len() as u64);
        let min = all.iter().copied().fold(1.0, f64::min);
        let is_close = (mean - expected_mean).abs() < 1e-3 && (min - expected_min).abs() < 1e-3;
        assert!(is_close, "n = {n}: mean {mean}, least {min}");
    }

    #[test]
    fn the_interval_covers_what_it_promises() {
        check_coverage(5, 0.954, 0.896);
        check_coverage(10, 0.955, 0.930);
        check_coverage(20, 0.951, 0.939);
        check_coverage(30, 0.950, 0.940);
    }

    #[test]
    fn a_difference_is_tested_on_smoothed_shares_and_shown_raw() {
        let difference = NPS
            .difference(&cell(60, 20, 20), &cell(40, 30, 30))
            .expect("a test");
        assert!((difference.value - 30.0).abs() < 1e-12);
        assert!(
            (difference.p - 0.010234364325139791).abs() < 1e-9,
            "{difference:?}"
        );
        assert!(
            (difference.low - 6.894677600748553).abs() < 1e-9,
            "{difference:?}"
        );
        assert!(
            (difference.high - 51.35774958371745).abs() < 1e-9,
            "{difference:?}"
        );
    }

    #[test]
    fn no_answers_cannot_be_compared() {
        assert_eq!(NPS.difference(&cell(10, 0, 0), &cell(0, 0, 0)), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_score_within_the_scale(
            promoters in 0_u64..500,
            passives in 0_u64..500,
            detractors in 0_u64..500,
        ) {
            prop_assume!(promoters + passives + detractors >= 2);
            let value = score(promoters, passives, detractors).expect("answers");
            let (low, high) = interval(promoters, passives, detractors);
            prop_assert!(-100.0 <= low && low <= value && value <= high && high <= 100.0);
            let (mirror_low, mirror_high) = interval(detractors, passives, promoters);
            prop_assert!((low + mirror_high).abs() < 1e-9 && (high + mirror_low).abs() < 1e-9);
        }

        #[test]
        fn a_difference_turned_round_changes_its_sign_only(
            left in (0_u64..300, 0_u64..300, 1_u64..300),
            right in (0_u64..300, 0_u64..300, 1_u64..300),
        ) {
            let (left, right) = (cell(left.0, left.1, left.2), cell(right.0, right.1, right.2));
            let one = NPS.difference(&left, &right).expect("answers");
            let other = NPS.difference(&right, &left).expect("answers");
            prop_assert!((one.value + other.value).abs() < 1e-9);
            prop_assert!((one.low + other.high).abs() < 1e-9);
            prop_assert!((one.p - other.p).abs() < 1e-12 && (0.0..=1.0).contains(&one.p));
        }
    }
}
