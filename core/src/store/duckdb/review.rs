//! Reviews: the scored categories of one review become one row.

/// Returns one row per review of a table expression: its earliest category, with the review's score
/// from 0 to 100.
///
/// # Source
/// The share of points reached, by weight; 0 when a critical category has 0; none where no category
/// has a weight.
pub(super) fn folded(rows: &str) -> String {
    format!(
        "(SELECT * EXCLUDE (points, weights, is_spoilt, place) REPLACE (\
         CASE WHEN weights > 0 THEN CASE WHEN is_spoilt THEN 0 ELSE 100 * points / weights END END \
         AS score) FROM (SELECT *, \
         sum(coalesce(weight, 1) * score / score_max) OVER one AS points, \
         sum(coalesce(weight, 1)) OVER one AS weights, \
         bool_or(coalesce(critical, false) AND score = 0) OVER one AS is_spoilt, \
         row_number() OVER (PARTITION BY source, review ORDER BY bucket_time, id) AS place \
         FROM {rows} WINDOW one AS (PARTITION BY source, review)) WHERE place = 1)"
    )
}
