//! Which bucket a row is in: a table of slots on a raster, or edges compared one by one.

use crate::plan::TallyPlan;

/// Most slots of the bucket table; finer edges are compared one by one.
const SLOTS_MAX: i64 = 100_000;

/// Returns the bucket position of a row whose time is `at`, and the join that finds it.
pub(super) fn of(plan: &TallyPlan, at: &str) -> (&'static str, String) {
    if plan.buckets.len() <= 1 {
        return ("0::BIGINT", String::new());
    }
    match slots(plan) {
        Some((width_us, ranges)) => (
            "s.bucket_idx",
            format!(
                " JOIN (SELECT i::BIGINT AS bucket_idx, unnest(range(low, high)) AS slot \
                 FROM (VALUES {ranges}) AS v(i, low, high)) s \
                 ON s.slot = epoch_us({at}) // {width_us}"
            ),
        ),
        None => ("s.bucket_idx", edge_join(plan, at)),
    }
}

/// Returns the join that compares each row with each edge.
fn edge_join(plan: &TallyPlan, at: &str) -> String {
    let edges: Vec<String> = plan
        .buckets
        .iter()
        .enumerate()
        .map(|(idx, span)| {
            format!(
                "({idx}, make_timestamp({}), make_timestamp({}))",
                span.start.as_microsecond(),
                span.end.as_microsecond()
            )
        })
        .collect();
    format!(
        " JOIN (SELECT i::BIGINT AS bucket_idx, low, high FROM (VALUES {}) AS v(i, low, high)) \
         s ON {at} >= s.low AND {at} < s.high",
        edges.join(", ")
    )
}

/// Returns a slot width that divides all inner edges, and each bucket's slots; `None` when the
/// edges are too fine for that.
fn slots(plan: &TallyPlan) -> Option<(i64, String)> {
    let (first, last) = (plan.buckets.first()?, plan.buckets.last()?);
    let mut width_us = 0_i64;
    for pair in plan.buckets.windows(2) {
        width_us = gcd(width_us, pair[0].end.as_microsecond());
        width_us = gcd(width_us, pair[1].start.as_microsecond());
    }
    let (start_us, end_us) = (first.start.as_microsecond(), last.end.as_microsecond());
    if width_us <= 0 || start_us < 0 || (end_us - start_us) / width_us > SLOTS_MAX {
        return None;
    }
    let n_buckets = plan.buckets.len();
    let ranges: Vec<String> = plan
        .buckets
        .iter()
        .enumerate()
        .map(|(idx, span)| {
            // The outer edges need not be on the raster: the time range cuts them.
            let low = span.start.as_microsecond().div_euclid(width_us);
            let end_us = span.end.as_microsecond();
            let high = match idx + 1 == n_buckets {
                true => (end_us - 1).div_euclid(width_us) + 1,
                false => end_us / width_us,
            };
            format!("({idx}, {low}, {high})")
        })
        .collect();
    Some((width_us, ranges.join(", ")))
}

fn gcd(a: i64, b: i64) -> i64 {
    match b {
        0 => a.abs(),
        _ => gcd(b, a % b),
    }
}
