//! `resolution_time`: how long it takes until a ticket is solved for good.

use super::definition::Definition;
use super::formula::{Entry, Standing};
use super::waiting::{INTERVAL, SOURCE, VECTORS, Waiting};
use super::{CHARTS, ENDED};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Elapsed, RowTime};

static KPI: Kpi = Kpi {
    name: "resolution_time",
    title: "Resolution time",
    unit: Unit::Seconds,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "median time from a ticket's opening to its last solution",
    charts: CHARTS,
    is_higher_better: Some(false),
};

static DEFINITION: Definition = Definition {
    expression: "quantile_7(solved_at - created_at, 0.5); p90 beside it",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "a ticket counts once, in the bucket of its last solution: one that was reopened and solved \
         again moves there, and one that is open again is in no bucket",
        "deleted tickets do not count; tickets closed without a solution do not either",
        "business seconds where the source gives them or [business_hours] says them, else all \
         seconds; clock = \"calendar\" under [kpi] counts all seconds of every ticket",
        "a solution before the opening is an error of the source and does not count",
        "open: the backlog at the end of the bucket",
        "no solutions: no value, never zero",
        "fewer than 10 tickets: counts without a time; fewer than 30: marked low; fewer distinct \
         customers than [privacy] min_group: hidden",
        "the total is the median of all tickets of the range, never a mean of medians",
        "test vectors: seconds, and the number of tickets that took them",
    ],
    vectors: VECTORS,
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Waiting {
        elapsed: Elapsed {
            from: "created_at",
            to: "solved_at",
            business_s: "business_resolution_s",
        },
        time: RowTime::FirstOf(&["solved_at"]),
        standing: Standing { until: ENDED },
    },
};
