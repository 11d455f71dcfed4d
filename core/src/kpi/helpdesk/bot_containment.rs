//! `bot_containment`: the share of a bot's tickets that never reached a person.

use jiff::SignedDuration;

use super::CHARTS;
use super::definition::{Definition, Vector};
use super::formula::Entry;
use super::share::{INTERVAL, SOURCE, Share};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Dimension, Filter, RowTime};

static KPI: Kpi = Kpi {
    name: "bot_containment",
    title: "Bot containment",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of tickets a bot took part in that it ended alone",
    charts: CHARTS,
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * contained / (contained + handed_off)",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "contained: handled_by = bot and no handed_off_at; the base is handled_by = bot or both",
        "a ticket counts in the bucket it was opened in",
        "tickets handled by people, or of which nobody says by whom, are counted as without_bot and \
         not in the base",
        "contained is not solved: read it beside reopen_rate and fcr",
        "no tickets with a bot: no value, never zero",
        "fewer than 10 tickets: counts without a share; fewer than 30: marked low; fewer distinct \
         customers than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("contained", 18), ("handed_off", 6)],
            value: Some(75.0),
        },
        Vector {
            counts: &[("contained", 10), ("handed_off", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("contained", 0), ("handed_off", 0)],
            value: None,
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Share {
        time: RowTime::Event,
        base: || handled_by(&["bot", "both"]),
        hit: || {
            Filter::And(vec![
                handled_by(&["bot"]),
                Filter::Not(Box::new(Filter::Present("handed_off_at"))),
            ])
        },
        names: ["contained", "handed_off", "without_bot"],
        maturity: SignedDuration::ZERO,
        follows_clock: false,
    },
};

fn handled_by(whom: &[&str]) -> Filter {
    let whom = whom.iter().map(|name| Some((*name).to_owned()));
    Filter::In(Dimension::Column("handled_by"), whom.collect())
}

#[cfg(test)]
mod tests {
    use super::super::share::tests::check_vectors;
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        check_vectors(ENTRY.formula, &DEFINITION);
    }
}
