//! `first_reply_time`: how long a customer waits for the first reply.

use super::CHARTS;
use super::definition::Definition;
use super::formula::{Entry, Standing};
use super::waiting::{INTERVAL, SOURCE, VECTORS, Waiting};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Elapsed, RowTime};

static KPI: Kpi = Kpi {
    name: "first_reply_time",
    title: "First reply time",
    unit: Unit::Seconds,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "median time from a ticket's opening to its first reply",
    charts: CHARTS,
    is_higher_better: Some(false),
};

static DEFINITION: Definition = Definition {
    expression: "quantile_7(first_reply_at - created_at, 0.5); p90 beside it",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "a ticket counts in the bucket of its first reply, by its latest version; deleted tickets \
         do not",
        "business seconds where the source gives them or [business_hours] says them, else all \
         seconds; clock = \"calendar\" under [kpi] counts all seconds of every ticket",
        "a first reply before the opening is an error of the source and does not count",
        "open: tickets opened before the end of the bucket that had no reply by then and, where they \
         never got one, were not solved or closed",
        "replied to at once: 0 seconds, which counts",
        "no replies: no value, never zero",
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
            to: "first_reply_at",
            business_s: "business_first_reply_s",
        },
        time: RowTime::FirstOf(&["first_reply_at"]),
        standing: Standing {
            until: &["first_reply_at", "solved_at", "closed_at"],
        },
    },
};
