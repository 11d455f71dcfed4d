//! What a series says, for programs.

use serde_json::{Value, json};

use super::number;
use crate::kpi::{LevelMove, Verdict};

/// Returns the verdict on a series: its trend a bucket, its moves, and the sentence.
pub(super) fn json(verdict: &Verdict) -> Value {
    let trend = &verdict.trend;
    let slope = trend.slope;
    let interval = slope.and_then(|slope| slope.interval);
    json!({
        "trend": trend.verdict.name(),
        "slope": number(slope.map(|slope| slope.value)),
        "slope_low": number(interval.map(|interval| interval.0)),
        "slope_high": number(interval.map(|interval| interval.1)),
        "p": number(slope.map(|slope| slope.p)),
        "per": verdict.bucket,
        "n": trend.n_points,
        "season_assessable": !verdict.may_be_season(),
        "steady": verdict.is_steady,
        "moves": verdict.moves.iter().map(move_json).collect::<Vec<_>>(),
        "text": verdict.text,
    })
}

fn move_json(one: &LevelMove) -> Value {
    json!({
        "start": one.start.to_string(),
        "label": one.label,
        "size": number(Some(one.size)),
        "p": number(one.p),
        "confirmed": one.is_confirmed,
        "events": one.events,
    })
}
