//! Reviews: the scored categories of one review become one row.

/// Returns one row per review of a table expression: its earliest category, with the review's score
/// from 0 to 100.
///
/// Aggregated and joined, as windows over whole rows would sort all of them: with the columns of a
/// review that takes several times as long.
///
/// # Source
/// The share of points reached, by weight; 0 when a critical category has 0; none where no category
/// has a weight.
pub(super) fn folded(rows: &str) -> String {
    format!(
        "(SELECT c.* REPLACE (\
         CASE WHEN weights > 0 THEN CASE WHEN is_spoilt THEN 0 ELSE 100 * points / weights END END \
         AS score) FROM {rows} c JOIN (SELECT source AS of_source, \
         arg_min(id, row(bucket_time, id)) AS first_id, \
         sum(coalesce(weight, 1) * score / score_max) AS points, \
         sum(coalesce(weight, 1)) AS weights, \
         bool_or(coalesce(critical, false) AND score = 0) AS is_spoilt \
         FROM {rows} GROUP BY source, review) ON c.source = of_source AND c.id = first_id)"
    )
}
