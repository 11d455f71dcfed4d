//! Which bucket a row is in: a table of slots on a raster, or edges compared one by one.

use crate::plan::Span;

/// Most slots of the bucket table; finer edges are compared one by one.
const SLOTS_MAX: i64 = 100_000;

/// Returns the bucket position of a row whose time is `at`, and the join that finds it; `at` is not
/// before the first bucket nor after the last.
pub(super) fn of(buckets: &[Span], at: &str) -> (&'static str, String) {
    if buckets.len() <= 1 {
        return ("0::BIGINT", String::new());
    }
    match slots(buckets) {
        Some(Slots {
            width_us,
            first,
            last,
            ranges,
        }) => (
            "s.bucket_idx",
            format!(
                " JOIN (SELECT i::BIGINT AS bucket_idx, unnest(range(low, high)) AS slot \
                 FROM (VALUES {ranges}) AS v(i, low, high)) s \
                 ON s.slot = least(greatest(epoch_us({at}) // {width_us}, {first}), {last})"
            ),
        ),
        None => ("s.bucket_idx", edge_join(buckets, at)),
    }
}

/// Returns the join that compares each row with each edge.
fn edge_join(buckets: &[Span], at: &str) -> String {
    let edges: Vec<String> = buckets
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

/// Buckets on a raster.
struct Slots {
    /// Divides all inner edges.
    width_us: i64,
    /// The one slot of the first bucket: the last in it.
    first: i64,
    /// The one slot of the last bucket: the first in it.
    last: i64,
    /// Position, first slot and the slot after the last of each bucket, as SQL values.
    ranges: String,
}

/// Returns the slots; `None` when the edges are too fine for that. The outer edges need not be on
/// the raster, nor near: the time range cuts them.
fn slots(buckets: &[Span]) -> Option<Slots> {
    let (first, last) = (buckets.first()?, buckets.last()?);
    let mut width_us = 0_i64;
    for pair in buckets.windows(2) {
        width_us = gcd(width_us, pair[0].end.as_microsecond());
        width_us = gcd(width_us, pair[1].start.as_microsecond());
    }
    let (start_us, end_us) = (first.end.as_microsecond(), last.start.as_microsecond());
    if width_us <= 0 || start_us < width_us || (end_us - start_us) / width_us > SLOTS_MAX {
        return None;
    }
    let (first_slot, last_slot) = (start_us / width_us - 1, end_us / width_us);
    let ranges: Vec<String> = buckets
        .iter()
        .enumerate()
        .map(|(idx, span)| {
            let low = match idx {
                0 => first_slot,
                _ => span.start.as_microsecond() / width_us,
            };
            let high = match idx + 1 == buckets.len() {
                true => last_slot + 1,
                false => span.end.as_microsecond() / width_us,
            };
            format!("({idx}, {low}, {high})")
        })
        .collect();
    Some(Slots {
        width_us,
        first: first_slot,
        last: last_slot,
        ranges: ranges.join(", "),
    })
}

fn gcd(a: i64, b: i64) -> i64 {
    match b {
        0 => a.abs(),
        _ => gcd(b, a % b),
    }
}
