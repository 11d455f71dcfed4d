//! Writes how a goal stands: JSON as it is, a line for people rounded.

use serde_json::{Value, json};

use super::{number, rounded, shown, total_json};
use crate::kpi::{GoalStanding, GoalState, Score};

/// Returns a goal with its standing.
pub(super) fn json(standing: &GoalStanding) -> Value {
    let (goal, current) = (&standing.goal, &standing.current);
    let direction = match standing.is_falling {
        true => "lower_is_better",
        false => "higher_is_better",
    };
    let mut body = json!({
        "name": goal.name,
        "baseline": number(Some(goal.baseline)),
        "target": number(Some(goal.target)),
        "start": goal.start.to_string(),
        "due": goal.due.to_string(),
        "direction": direction,
        "window": { "start": standing.from.to_string(), "end": standing.to.to_string() },
        "value": number(current.value),
        "low": number(current.low),
        "high": number(current.high),
        "n": current.n,
        "base": super::base_name(current.base),
        "progress": number(standing.progress),
        "pace": number(Some(standing.pace)),
        "state": standing.state.map(GoalState::name),
    });
    if let Some(fields) = body.as_object_mut() {
        if let Some(gap) = standing.gap {
            fields.insert("reason".to_owned(), json!(gap.name()));
        }
        if let Some(rate) = &standing.response_rate {
            fields.insert("response_rate".to_owned(), total_json(rate));
        }
    }
    body
}

/// Returns the line of a goal, ending in a line break.
pub(super) fn line(standing: &GoalStanding) -> String {
    let goal = &standing.goal;
    let unit = goal.kpi.unit;
    let state = match (standing.state, standing.gap) {
        (Some(state), _) => state.name().replace('_', " "),
        (None, Some(gap)) => format!("no state ({})", gap.name().replace('_', " ")),
        (None, None) => "no state".to_owned(),
    };
    let mut parts = vec![format!(
        "goal {}: {} by {}",
        goal.name,
        shown(goal.target, unit),
        goal.due
    )];
    parts.extend(current(&standing.current, standing));
    let percent = |share: f64| format!("progress {} %", rounded(100.0 * share, 0));
    parts.extend(standing.progress.map(percent));
    parts.push(format!("pace {}", shown(standing.pace, unit)));
    let rate = standing.response_rate.as_ref().and_then(|rate| rate.value);
    parts.extend(rate.map(|rate| format!("response rate {} %", rounded(rate, 1))));
    format!("{}: {state}\n", parts.join(", "))
}

fn current(score: &Score, standing: &GoalStanding) -> Option<String> {
    let text = |value| shown(value, standing.goal.kpi.unit);
    let value = text(score.value?);
    Some(match score.low.zip(score.high) {
        Some((low, high)) => format!("now {value} ({} to {})", text(low), text(high)),
        None => format!("now {value}"),
    })
}
