//! The retention KPIs: how they are listed and what they mean.

use crate::kpi::definition::{Definition, Vector};
use crate::kpi::{ChartKind, Kpi, Unit};

/// One KPI of this room.
#[derive(Clone, Copy)]
pub(in crate::kpi) struct Entry {
    pub(in crate::kpi) kpi: &'static Kpi,
    pub(in crate::kpi) definition: &'static Definition,
    pub(super) measure: Measure,
}

impl Entry {
    /// Whether it is one number a period.
    pub(in crate::kpi) const fn is_series(self) -> bool {
        use Measure::{Churn, Crr, Grr, Nrr};
        matches!(self.measure, Crr | Churn | Grr | Nrr)
    }
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Crr,
    Churn,
    Grr,
    Nrr,
    Cohort,
    Survival,
    AtRisk,
}

impl Measure {
    /// Whether it adds up money, which only contracts have.
    pub(super) const fn is_money(self) -> bool {
        matches!(self, Self::Grr | Self::Nrr | Self::AtRisk)
    }
}

/// The retention KPIs, in the order they are listed to people.
pub(in crate::kpi) const ENTRIES: [Entry; 7] = [
    entry(&CRR, &CRR_DEFINITION, Measure::Crr),
    entry(&CHURN, &CHURN_DEFINITION, Measure::Churn),
    entry(&GRR, &GRR_DEFINITION, Measure::Grr),
    entry(&NRR, &NRR_DEFINITION, Measure::Nrr),
    entry(&COHORT, &COHORT_DEFINITION, Measure::Cohort),
    entry(&SURVIVAL, &SURVIVAL_DEFINITION, Measure::Survival),
    entry(&AT_RISK, &AT_RISK_DEFINITION, Measure::AtRisk),
];

const fn entry(kpi: &'static Kpi, definition: &'static Definition, measure: Measure) -> Entry {
    Entry {
        kpi,
        definition,
        measure,
    }
}

const SERIES: &[ChartKind] = &[
    ChartKind::Trend,
    ChartKind::Number,
    ChartKind::Bridge,
    ChartKind::Bars,
    ChartKind::Table,
    ChartKind::Bullet,
    ChartKind::Control,
];

const fn percent(
    name: &'static str,
    title: &'static str,
    formula: &'static str,
    charts: &'static [ChartKind],
) -> Kpi {
    Kpi {
        name,
        title,
        unit: Unit::Percent,
        range: (Some(0.0), Some(100.0)),
        definition_version: 1,
        formula,
        charts,
        is_higher_better: Some(true),
    }
}

static CRR: Kpi = percent(
    "crr",
    "Customer retention",
    "customers of the period's start who are customers at its end, of all customers of the start",
    SERIES,
);
static CHURN: Kpi = Kpi {
    is_higher_better: Some(false),
    ..percent(
        "churn",
        "Customer churn",
        "customers of the period's start who are none at its end, of all customers of the start",
        SERIES,
    )
};
static GRR: Kpi = percent(
    "grr",
    "Gross revenue retention",
    "monthly revenue of the start's customers that is left at the end, growth not counted, of that of the start",
    SERIES,
);
static NRR: Kpi = Kpi {
    range: (Some(0.0), None),
    ..percent(
        "nrr",
        "Net revenue retention",
        "monthly revenue of the start's customers at the end, growth included, of that of the start",
        SERIES,
    )
};
static COHORT: Kpi = percent(
    "cohort",
    "Cohort retention",
    "of the customers who came in a month, those still there months later; the headline is all of them after 12 months",
    &[ChartKind::Cohort, ChartKind::Number],
);
static SURVIVAL: Kpi = percent(
    "survival",
    "Customer survival",
    "share of customers expected to stay longer than so many days; the headline is 365 days",
    &[ChartKind::Survival, ChartKind::Number],
);

static AT_RISK: Kpi = Kpi {
    name: "revenue_at_risk",
    title: "Revenue at risk",
    unit: Unit::Money,
    range: (Some(0.0), None),
    is_higher_better: Some(false),
    ..percent(
        "",
        "",
        "monthly revenue of those who answered NPS in the last 180 days, by the share of their group that leaves within 365",
        &[ChartKind::Number, ChartKind::Bars, ChartKind::Table],
    )
};

/// What makes a customer, the same for all.
const ACTIVE: &str = "a customer is there just before t if a contract began before t and has not \
    ended before t; contracts that touch or overlap, or whose gap is at most [kpi] grace_days, are \
    one: a change of plan is no churn";
const ACTIVITY: &str = "where no contracts are known, something done in the [kpi] activity_days \
    before t makes a customer; the answer says so as active";
const WHO: &str = "accounts count where customers have one, else persons; the same customer of \
    several sources is one";
const GROUP: &str = "a filter or split goes by what a customer was just before the period began \
    (who came later: just before it ended), so that a move between groups is no churn; by source \
    counts the contracts of each source for themselves";
const RUNNING: &str = "a period that is not over is counted up to now";
const SMALL: &str = "fewer than 10 customers at the start: counts without a rate; fewer than 30: \
    marked low; fewer than [privacy] min_group: hidden";
const MONEY: &str = "one currency; several are refused unless [currency] says what to report in, \
    then at the rates of the day the period begins; exact to the ten-thousandth";
const BRIDGE: &str = "start + expansion - contraction - churned = kept, + new + reactivated = end; \
    what new and reactivated customers pay is in neither rate";

static CRR_DEFINITION: Definition = Definition {
    expression: "100 * (start - lost) / start, with start = customers just before the period, lost \
                 = those of them that are none just before its end",
    interval: "Wilson score interval, 95 %",
    source: "set of the same customers at both ends, as logo retention; interval: Wilson 1927",
    edge_cases: &[
        ACTIVE,
        ACTIVITY,
        WHO,
        "end - new is not what is left of the start: customers who come back within the period \
         they left in are kept, those who come back later are reactivated, not new",
        "customers who came and went inside the period are counted apart, in no rate",
        GROUP,
        RUNNING,
        SMALL,
        "nobody at the start: no value",
    ],
    vectors: &[
        Vector {
            counts: &[("start", 4), ("lost", 1)],
            value: Some(75.0),
        },
        Vector {
            counts: &[("start", 7_043), ("lost", 1_869)],
            value: Some(73.463_012_920_630_42),
        },
        Vector {
            counts: &[("start", 0), ("lost", 0)],
            value: None,
        },
    ],
};

static CHURN_DEFINITION: Definition = Definition {
    expression: "100 * lost / start, that is 100 - crr",
    interval: "Wilson score interval, 95 %",
    source: "complement of crr; a year's churn is 1 - (1 - c)^12 of a month's, never 12 c",
    edge_cases: &[ACTIVE, ACTIVITY, WHO, GROUP, RUNNING, SMALL],
    vectors: &[
        Vector {
            counts: &[("start", 4), ("lost", 1)],
            value: Some(25.0),
        },
        Vector {
            counts: &[("start", 0), ("lost", 0)],
            value: None,
        },
    ],
};

static GRR_DEFINITION: Definition = Definition {
    expression: "100 * sum(min(m0, m1)) / sum(m0) over the customers of the start, with m0 and m1 \
                 what each pays a month just before start and end",
    interval: "Wilson score interval, 95 %, of as many customers as paid equally would tell as \
               much: sum(m0)^2 / sum(m0^2)",
    source: "gross dollar retention by customer; effective number: Kish 1965",
    edge_cases: &[
        ACTIVE,
        WHO,
        "by customer: one customer's growth never hides another's shrinkage, so at most 100",
        MONEY,
        BRIDGE,
        GROUP,
        RUNNING,
        SMALL,
        "nobody paid at the start: no value",
    ],
    vectors: &[
        Vector {
            counts: &[("start", 260), ("contraction", 40), ("churned", 40)],
            value: Some(69.230_769_230_769_23),
        },
        Vector {
            counts: &[("start", 0), ("contraction", 0), ("churned", 0)],
            value: None,
        },
    ],
};

static NRR_DEFINITION: Definition = Definition {
    expression: "100 * sum(m1) / sum(m0) over the customers of the start",
    interval: "linearised ratio over customers, 95 %, and never less than the interval of grr \
               around it: customers who all stayed the same could have left",
    source: "net dollar retention of the opening cohort; interval: ratio estimator (Cochran 1977)",
    edge_cases: &[
        ACTIVE,
        WHO,
        MONEY,
        BRIDGE,
        GROUP,
        RUNNING,
        SMALL,
        "nobody paid at the start: no value",
    ],
    vectors: &[
        Vector {
            counts: &[
                ("start", 260),
                ("expansion", 30),
                ("contraction", 40),
                ("churned", 40),
            ],
            value: Some(80.769_230_769_230_77),
        },
        Vector {
            counts: &[
                ("start", 0),
                ("expansion", 0),
                ("contraction", 0),
                ("churned", 0),
            ],
            value: None,
        },
    ],
};

static COHORT_DEFINITION: Definition = Definition {
    expression: "100 * there / n for the customers who came first in a month (n), there = those \
                 that are there just before the end of the month so many months later",
    interval: "Wilson score interval, 95 %",
    source: "cohort triangle of first months; pooled row weighted by size",
    edge_cases: &[
        ACTIVE,
        ACTIVITY,
        WHO,
        "age 0 is the end of their own month: below 100 if some left before it",
        "a row may rise: customers come back",
        "a cell exists once its month is over; the future is blank, never 0",
        "the pooled row `all` is sum(there) / sum(n) over the cohorts that have the cell, those of \
         which nobody stayed included",
        "a filter or split goes by what a customer was when it came",
        "months before [kpi] records_begin are left out: only those who stayed are known of them",
        "at most 120 cohorts of 120 months",
    ],
    vectors: &[
        Vector {
            counts: &[("n", 40), ("there", 30)],
            value: Some(75.0),
        },
        Vector {
            counts: &[("n", 0), ("there", 0)],
            value: None,
        },
    ],
};

static SURVIVAL_DEFINITION: Definition = Definition {
    expression: "product over the days t on which somebody left of (1 - ended / at risk), at risk \
                 = those with entry < t <= days",
    interval: "exponential Greenwood (log-log), 95 %; none while the share is 100 or 0",
    source: "Kaplan and Meier 1958; late entry: Tsai, Jewell and Wang 1987; two groups: log-rank, \
             Mantel 1966",
    edge_cases: &[
        ACTIVE,
        ACTIVITY,
        WHO,
        "the first spell of each customer, in whole civil days of the zone; those who are still \
         there are known up to now",
        "customers from before [kpi] records_begin count from that day on (late entry), else only \
         those who stayed would be known",
        "who leaves on a day leaves before others are lost from sight on it",
        "nothing is said past the last day with 5 customers at risk",
        "median: first day by which half have left; mean_of_365: days spent as a customer out of \
         the first 365",
        "range chooses customers by their first day; a filter or split goes by what they were then",
        "fewer than 10 customers: no curve; fewer than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("at_risk", 10), ("ended", 1)],
            value: Some(90.0),
        },
        Vector {
            counts: &[("at_risk", 4), ("ended", 1)],
            value: None,
        },
    ],
};

static AT_RISK_DEFINITION: Definition = Definition {
    expression: "sum over groups of revenue * (1 - S(365)), with revenue = what the customers of \
                 the group pay a month now",
    interval: "sum over groups of revenue * (1 - band of S(365)), 95 %: exponential Greenwood, or \
               Wilson of those followed for so long where all stayed or none",
    source: "definition of this project; S: Kaplan and Meier 1958",
    edge_cases: &[
        ACTIVE,
        WHO,
        "group: detractors (< 7), passives, promoters (>= 9), by the last NPS answer of anybody of \
         the customer; only if it is no older than 180 days, and the customer still one",
        "S: how many were still there so many days after their first answer of the group, whatever \
         they answered later; once a customer and group",
        "a group of fewer than 20 is pooled with its neighbour, the lower one where there are two",
        "a group whose answers are not followed for 365 days by 5 customers: no value",
        "anonymous answers are nobody's",
        MONEY,
        SMALL,
        "range says nothing here: it is about now, or as_of",
    ],
    vectors: &[
        Vector {
            counts: &[("revenue", 1_000), ("at_risk", 10), ("ended", 1)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("revenue", 1_000), ("at_risk", 4), ("ended", 1)],
            value: None,
        },
    ],
};
