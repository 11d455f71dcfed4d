//! `response_rate`: share of delivered invitations that were answered in time.

use jiff::SignedDuration;

use crate::plan::{Dimension, Filter, Measure, TallyValue};
use crate::record::RecordKind;
use crate::statistic::{Difference, Proportion};

use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale};
use super::interval::real;
use super::{ChartKind, Kpi, Settings, Unit};

/// Metrics of the questions that a survey is sent for.
const KEY_METRICS: [&str; 4] = ["nps", "csat", "ces", "rating"];

/// Names of its counts.
pub(super) const RESPONDED: &str = "responded";
const SILENT: &str = "not_responded";
const BOUNCED: &str = "bounced";

pub(super) static KPI: Kpi = Kpi {
    name: "response_rate",
    title: "Response rate",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of delivered invitations answered in time, by the time of sending",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Bars,
        ChartKind::Table,
        ChartKind::Bullet,
        ChartKind::Control,
    ],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * responded / (responded + not_responded)",
    interval: "Wilson score, 95 %, of delivered invitations; differences: Newcombe's hybrid score, p \
               of the N−1 chi-square test",
    source: "AAPOR Standard Definitions, RR2 (partial answers count); Wilson 1927, Newcombe 1998, \
             Campbell 2007",
    edge_cases: &[
        "a cohort is the invitations sent in a bucket, never the answers that came in it: the rate \
         cannot pass 100 %",
        "delivered: sent and not said to have bounced; a missing `delivered` is delivered",
        "an answer meets its invitation by the submission that `invitation.response` names; else by \
         the same source, survey and customer, and the same ticket where both have one",
        "in time: from the sending up to, not including, `response_window` of [kpi] later",
        "each answer is used once: by the invitation that names it, else by the first one sent that \
         finds it free; of several answers an invitation takes the first",
        "a response is a submission with an answer whose status is complete, or with a score for a \
         question of nps, csat, ces or rating; opened or dismissed is no response",
        "test rows and deleted rows do not count",
        "a bucket is complete once its window has passed: until then its answers may still come; \
         periods are compared by invitations whose window has passed",
        "no delivered invitations: no value, never zero",
        "fewer than 10 delivered: counts without a rate; fewer than 30: marked low",
        "fewer distinct persons than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("responded", 0), ("not_responded", 0), ("bounced", 7)],
            value: None,
        },
        Vector {
            counts: &[("responded", 0), ("not_responded", 40), ("bounced", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("responded", 40), ("not_responded", 0), ("bounced", 2)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("responded", 29), ("not_responded", 71), ("bounced", 10)],
            value: Some(29.0),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &ResponseRate,
};

/// Whether invitations say a dimension of answers.
pub(super) fn is_carried(dimension: &Dimension) -> bool {
    match dimension {
        Dimension::Column(name) => !["question", "mode", "language"].contains(name),
        Dimension::Configured(_) => true,
        Dimension::Tag | Dimension::ServedBy => false,
    }
}

struct ResponseRate;

impl ResponseRate {
    fn proportion(cell: &Measured) -> Option<Proportion> {
        let n = real(cell.n);
        Proportion::new(real(cell.count(RESPONDED)), n, n)
    }
}

impl Formula for ResponseRate {
    fn kind(&self) -> RecordKind {
        RecordKind::Invitation
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
        Filter::All
    }

    /// Invitations are counted in cohorts, which need none; see [`Formula::responses`].
    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    /// Reads sent, delivered and responded invitations, and the persons of delivered ones.
    fn measured(&self, values: &[TallyValue]) -> Measured {
        let [n_sent, n, n_responded, n_persons] =
            [0, 1, 2, 3].map(|idx| formula::count(values, idx));
        let mut cell = Measured {
            value: (n > 0).then(|| 100.0 * real(n_responded) / real(n)),
            n,
            n_persons,
            counts: vec![
                (RESPONDED, n_responded),
                (SILENT, n - n_responded),
                (BOUNCED, n_sent - n),
            ],
            ..Measured::default()
        };
        cell.interval = Self::proportion(&cell).map(|share| {
            let (low, high) = share.interval();
            (100.0 * low, 100.0 * high)
        });
        cell
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        let shares = Self::proportion(now)?.difference(Self::proportion(before)?);
        Some(shares.in_percent())
    }

    fn responses(&self) -> Option<Filter> {
        let text = |name, values: &[&str]| {
            let values = values.iter().map(|value| Some((*value).to_owned()));
            Filter::In(Dimension::Column(name), values.collect())
        };
        let has_answer = Filter::Or(vec![Filter::Present("score"), Filter::Present("comment")]);
        let whole = Filter::And(vec![text("status", &["complete"]), has_answer]);
        let key = Filter::And(vec![text("metric", &KEY_METRICS), Filter::Present("score")]);
        Some(Filter::And(vec![
            Filter::Or(vec![whole, key]),
            Filter::Not(Box::new(Filter::IsTrue("is_test"))),
        ]))
    }

    fn maturity(&self, settings: &Settings) -> SignedDuration {
        settings.response_window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        for vector in DEFINITION.vectors {
            let [n_responded, n_silent, n_bounced] = [0, 1, 2].map(|idx| vector.counts[idx].1);
            let n = n_responded + n_silent;
            let values = [n + n_bounced, n, n_responded, n].map(TallyValue::Count);
            let cell = ResponseRate.measured(&values);
            assert_eq!(cell.value, vector.value, "{vector:?}");
            assert_eq!(cell.counts, vector.counts, "{vector:?}");
        }
    }
}
