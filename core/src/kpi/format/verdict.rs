//! What a series says, for programs.

use serde_json::{Value, json};

use super::number;
use crate::kpi::{History, LevelMove, Verdict};
use crate::series::{Method, Outlook, Step};

/// Returns the verdict on a series: its trend a bucket, its moves, and the sentence; of a whole
/// history also what is usual and what comes next.
pub(super) fn json(verdict: &Verdict) -> Value {
    let trend = &verdict.trend;
    let slope = trend.slope;
    let interval = slope.and_then(|slope| slope.interval);
    let mut body = json!({
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
    });
    if let (Value::Object(fields), Some(history)) = (&mut body, &verdict.history) {
        fields.insert("control".to_owned(), control(history));
        fields.insert("forecast".to_owned(), forecast(history));
    }
    body
}

fn move_json(one: &LevelMove) -> Value {
    json!({
        "start": one.start.to_string(),
        "label": one.label,
        "before": number(Some(one.before)),
        "size": number(Some(one.size)),
        "p": number(one.p),
        "confirmed": one.is_confirmed,
        "events": one.events,
    })
}

/// Returns what is usual: each baseline with its centre, the limits of each bucket, and what is not.
fn control(history: &History) -> Value {
    let control = &history.control;
    let start = |position: usize| history.starts.get(position).map(ToString::to_string);
    let method = match control.method {
        Method::Distances => "xmr",
        Method::Shares => "p_prime",
        Method::Classes => "nps_prime",
    };
    let stretches = control.stretches.iter().map(|stretch| {
        json!({
            "start": start(stretch.start),
            "last": start(stretch.last),
            "centre": number(Some(stretch.centre)),
            "baseline_last": start(stretch.baseline_last),
            "frozen": stretch.is_frozen,
        })
    });
    let limits = control.limits.iter().zip(&history.starts);
    let limits = limits.filter_map(|(limits, start)| {
        let limits = limits.as_ref()?;
        Some(json!({
            "start": start.to_string(),
            "low": number(Some(limits.low)),
            "high": number(Some(limits.high)),
        }))
    });
    let signals = control.signals.iter().map(|signal| {
        json!({
            "start": start(signal.position),
            "kind": signal.kind.name(),
            "side": signal.side.name(),
            "alert": signal.kind.is_alert(),
        })
    });
    json!({
        "method": method,
        "baselines": stretches.collect::<Vec<_>>(),
        "limits": limits.collect::<Vec<_>>(),
        "signals": signals.collect::<Vec<_>>(),
    })
}

/// Returns what comes next, or why that is not said.
fn forecast(history: &History) -> Value {
    let forecast = match &history.outlook {
        Outlook::Told(forecast) => forecast,
        Outlook::NotEnough { n_points } => {
            let needed = crate::series::FORECAST_POINTS_MIN;
            return json!({ "none": "too_few_buckets", "n": n_points, "needed": needed });
        }
        Outlook::NoBetterThanLast => return json!({ "none": "no_better_than_last_value" }),
        Outlook::TooFewErrors => return json!({ "none": "too_few_past_forecasts" }),
    };
    let step = |step: &Step| {
        let bucket = history.bucket(step.position)?;
        let possible = step.band_95;
        Some(json!({
            "start": bucket.start.to_string(),
            "label": bucket.label,
            "value": number(Some(step.value)),
            "low_80": number(Some(step.band_80.0)),
            "high_80": number(Some(step.band_80.1)),
            "low_95": number(possible.map(|band| band.0)),
            "high_95": number(possible.map(|band| band.1)),
        }))
    };
    json!({
        "model": forecast.model.name(),
        "mase": number(Some(forecast.mase)),
        "naive_mase": number(Some(forecast.naive_mase)),
        "steps": forecast.steps.iter().filter_map(step).collect::<Vec<_>>(),
    })
}
