//! `[agents]`: whether numbers of agents are told, how far back, and who is not to be thanked.

use std::time::Duration;

use crate::config::reader::{Sheet, TableReader};
use crate::config::scalar;
use crate::kpi::AgentRules;

/// Most agents that are left out of recognition.
const OPT_OUT_MAX: usize = 10_000;
/// Shortest time that numbers of agents are told of: a card compares 90 days with the 90 before.
const KEPT_MIN: Duration = Duration::from_hours(180 * 24);

/// Reads `[agents]`.
pub(crate) fn read(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) -> Option<AgentRules> {
    let mut table = top.table(sheet, "agents");
    let is_enabled = table.flag(sheet, "enabled");
    let kept = table.parsed(sheet, "kept", scalar::duration);
    let opt_out = table.texts(sheet, "opt_out");
    table.finish(sheet);
    if let Some(beyond) = opt_out.get(OPT_OUT_MAX) {
        let what = format!("more than {OPT_OUT_MAX} agents");
        sheet.fault(&beyond.place, what, "leave out those who are gone");
    }
    let kept = kept?;
    if kept.value < KEPT_MIN {
        let what = "`kept` is shorter than the two times that a card compares";
        sheet.fault(&kept.place, what, "write at least 180d");
    }
    Some(AgentRules {
        is_enabled: is_enabled?.value,
        kept: jiff::SignedDuration::try_from(kept.value).ok()?,
        opt_out: opt_out.into_iter().map(|agent| agent.value).collect(),
    })
}
