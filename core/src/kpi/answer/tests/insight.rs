//! Analyses against rows in memory.

mod contribution;
mod drivers;
mod importance;
mod kudos;
mod reasons;
mod scorecard;
mod themes;
mod training_effect;

use super::*;
use crate::kpi::{Cell, Found};

/// What an analysis found.
fn found(answer: &Answer) -> &Found {
    &answer.findings.as_ref().expect("an analysis").found
}

#[test]
fn an_analysis_says_what_it_can_be_of() {
    let refused = |text: &str| {
        let error = answer(&query(text), &settings(), at(NOW), &RowTable::default());
        let error = error.expect_err(text);
        assert_eq!(error.status(), 400, "{text}");
        format!("{error}; {}", error.hint().unwrap_or_default())
    };
    assert_eq!(
        refused("contribution of=cast by=channel"),
        "`contribution` cannot be of `cast`; did you mean `csat`?; it can be of nps, csat, ces, \
         rating, response_rate, fcr, reopen_rate, sla, bot_containment"
    );
    assert_eq!(
        refused("nps of=csat"),
        "`nps` cannot be of `csat`; leave `of` out"
    );
    assert_eq!(
        refused("nps versus=90d"),
        "`nps` compares no two times; leave `versus` out"
    );
    assert_eq!(
        refused("contribution"),
        "`contribution` is told by groups, and no split is asked for; add `by`, such as by=channel"
    );
    assert_eq!(
        refused("contribution by=channel rolling=28d"),
        "`contribution` has no trailing windows here: an analysis is of one time; leave `rolling` \
         out"
    );
}
