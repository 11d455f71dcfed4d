//! What goes with the recommendation most, and what its best quartile would bring.

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind, sure};
use super::group::STANDING;
use super::level::p_of;
use crate::kpi::{Found, KpiError, Query, nps};

/// Points of the score for one point of the answer, if everybody answered so much higher: a tenth of
/// the scale moves a tenth of the answers by a class.
const SCORE_PER_ANSWER: f64 = 10.0;

/// Adds the driver that is surely the first, with what its best quartile would bring.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn look(search: &mut Search<'_>, query: &Query) -> Result<(), KpiError> {
    if query.kpi != nps::KPI.name {
        return Ok(());
    }
    let query = Query {
        kpi: "drivers".to_owned(),
        of: Some(nps::KPI.name.to_owned()),
        grain: None,
        ..query.clone()
    };
    let Some(answer) = search.asked(&query)? else {
        return Ok(());
    };
    let Some(Found::Drivers(drivers)) = answer.findings.as_ref().map(|one| &one.found) else {
        return Ok(());
    };
    let Some(leader) = drivers.leader() else {
        return Ok(());
    };
    let (gain, share) = (leader.gain, leader.share);
    let interval = (gain.low, gain.high);
    let p = p_of(gain.value, interval);
    search.ps.push(p);
    let sentence = format!(
        "{} goes with the recommendation the most: {:.0} % of what is explained (95 % {:.0} to {:.0}, \
         n = {}); at its best quartile answers would be {:.2} points higher (95 % {:.2} to {:.2})",
        leader.name,
        100.0 * share.value,
        100.0 * share.low,
        100.0 * share.high,
        drivers.n_rows,
        gain.value,
        gain.low,
        gain.high,
    );
    search.candidates.push(Candidate {
        weight: STANDING * SCORE_PER_ANSWER * sure(interval) / search.relevant(nps::KPI.unit),
        finding: Finding {
            kind: FindingKind::Driver,
            kpi: nps::KPI.name,
            sentence,
            value: gain.value,
            interval: Some(interval),
            n: drivers.n_rows as u64,
            p,
            evidence: Evidence::of(&query),
            next_step: format!(
                "work on {} first, and look at `importance` for what is done poorly",
                leader.name
            ),
        },
    });
    Ok(())
}
