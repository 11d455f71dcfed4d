//! The rules a record must keep, each with the reason its breach is counted under.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, StringArray};
use jiff::{SignedDuration, Timestamp};
use vocd_plugin::record::{Column, ColumnType, ID_BYTES_MAX};

use super::RecordKind;
use super::attribute;
use super::normal::{DELETED, position};

/// Longest text of one value, in bytes: a long e-mail thread, far below a batch.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// How far ahead a time may lie: contracts and due dates are in the future, typos further.
pub const FUTURE: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// Why a record is refused; counted per source and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The id is absent, empty or too long.
    BadId,
    /// A required column has no value.
    MissingValue,
    /// A value is not one of its enumeration.
    UnknownValue,
    /// A number is not finite.
    BadNumber,
    /// A time lies before 1970 or more than ten years ahead.
    BadTime,
    /// A text is too long.
    TooLong,
    /// `attributes` is not a JSON object of scalars.
    BadAttributes,
    /// A score lies outside its scale.
    ScoreOutOfScale,
    /// An NPS question is not asked from 0 to 10.
    ScaleNotNps,
    /// A scale's end lies before its start.
    BadScale,
    /// Its person was erased; found by the store, behind the door.
    Erased,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::BadId,
        Self::MissingValue,
        Self::UnknownValue,
        Self::BadNumber,
        Self::BadTime,
        Self::TooLong,
        Self::BadAttributes,
        Self::ScoreOutOfScale,
        Self::ScaleNotNps,
        Self::BadScale,
        Self::Erased,
    ];

    /// Returns the name it is counted under.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadId => "bad_id",
            Self::MissingValue => "missing_value",
            Self::UnknownValue => "unknown_value",
            Self::BadNumber => "bad_number",
            Self::BadTime => "bad_time",
            Self::TooLong => "too_long",
            Self::BadAttributes => "bad_attributes",
            Self::ScoreOutOfScale => "score_out_of_scale",
            Self::ScaleNotNps => "scale_not_nps",
            Self::BadScale => "bad_scale",
            Self::Erased => "erased",
        }
    }
}

/// One refused row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) row_idx: usize,
    pub(super) reason: Reason,
    pub(super) detail: String,
}

/// Returns the faulty rows in row order, each with its first breach by column order.
pub(super) fn faults(
    kind: RecordKind,
    columns: &[ArrayRef],
    n_rows: usize,
    now: Timestamp,
) -> Vec<Fault> {
    let mut found = Found::default();
    for (column, array) in kind.columns().zip(columns) {
        check_required(column, array, columns, &mut found);
        if array.null_count() < n_rows {
            check_column(column, array, now, &mut found);
        }
    }
    match kind {
        RecordKind::Response => check_response_scores(columns, &mut found),
        RecordKind::Review => check_review_scores(columns, &mut found),
        _ => {}
    }
    found
        .0
        .into_iter()
        .map(|(row_idx, (reason, detail))| Fault {
            row_idx,
            reason,
            detail,
        })
        .collect()
}

/// First breach by row; nearly always empty, so a tree costs nothing.
#[derive(Default)]
struct Found(BTreeMap<usize, (Reason, String)>);

impl Found {
    fn add(&mut self, row_idx: usize, reason: Reason, detail: impl FnOnce() -> String) {
        self.0.entry(row_idx).or_insert_with(|| (reason, detail()));
    }
}

fn check_required(column: &Column, array: &ArrayRef, columns: &[ArrayRef], found: &mut Found) {
    if !column.is_required || array.null_count() == 0 {
        return;
    }
    let deleted = columns[DELETED].as_boolean();
    for row_idx in (0..array.len()).filter(|row| array.is_null(*row)) {
        // A deletion often knows nothing but the id.
        let is_deletion = deleted.is_valid(row_idx) && deleted.value(row_idx);
        if column.name == "id" {
            found.add(row_idx, Reason::BadId, || {
                "the record has no `id`".to_owned()
            });
        } else if !is_deletion {
            found.add(row_idx, Reason::MissingValue, || {
                format!("`{}` has no value", column.name)
            });
        }
    }
}

fn check_column(column: &Column, array: &ArrayRef, now: Timestamp, found: &mut Found) {
    match column.column_type {
        ColumnType::Text if column.name == "id" => check_ids(array.as_string(), found),
        ColumnType::Text => check_texts(column, array.as_string(), found),
        ColumnType::Number => check_numbers(column, array.as_primitive(), found),
        ColumnType::Time => check_times(column, array, now, found),
        ColumnType::Json => check_attributes(array.as_string(), found),
        ColumnType::TextList => {
            check_lengths(column, array.as_list::<i32>().value_offsets(), array, found);
        }
        ColumnType::Count | ColumnType::Flag | ColumnType::Money => {}
    }
}

fn check_ids(ids: &StringArray, found: &mut Found) {
    for (row_idx, ends) in ids.value_offsets().windows(2).enumerate() {
        let n_bytes = (ends[1] - ends[0]) as usize;
        if (n_bytes == 0 || n_bytes > ID_BYTES_MAX) && ids.is_valid(row_idx) {
            found.add(row_idx, Reason::BadId, || {
                format!("`id` has {n_bytes} bytes; 1 to {ID_BYTES_MAX} are allowed")
            });
        }
    }
}

fn check_texts(column: &Column, texts: &StringArray, found: &mut Found) {
    for (row_idx, ends) in texts.value_offsets().windows(2).enumerate() {
        let n_bytes = (ends[1] - ends[0]) as usize;
        if n_bytes > TEXT_BYTES_MAX && texts.is_valid(row_idx) {
            found.add(row_idx, Reason::TooLong, || {
                format!(
                    "`{}` has {n_bytes} bytes; at most {TEXT_BYTES_MAX} are allowed",
                    column.name
                )
            });
        } else if n_bytes == 0 && column.is_required && texts.is_valid(row_idx) {
            found.add(row_idx, Reason::MissingValue, || {
                format!("`{}` is empty", column.name)
            });
        }
    }
    if column.values.is_empty() {
        return;
    }
    for row_idx in 0..texts.len() {
        if texts.is_valid(row_idx) && !column.values.contains(&texts.value(row_idx)) {
            found.add(row_idx, Reason::UnknownValue, || {
                format!("`{}` is none of {}", column.name, column.values.join(", "))
            });
        }
    }
}

fn check_numbers(column: &Column, numbers: &Float64Array, found: &mut Found) {
    for (row_idx, number) in numbers.values().iter().enumerate() {
        if !number.is_finite() && numbers.is_valid(row_idx) {
            found.add(row_idx, Reason::BadNumber, || {
                format!("`{}` is not a finite number", column.name)
            });
        }
    }
}

fn check_times(column: &Column, array: &ArrayRef, now: Timestamp, found: &mut Found) {
    let times = array.as_primitive::<TimestampMicrosecondType>();
    let latest = now
        .as_microsecond()
        .saturating_add(FUTURE.as_micros() as i64);
    for (row_idx, time) in times.values().iter().enumerate() {
        if !(0..=latest).contains(time) && times.is_valid(row_idx) {
            found.add(row_idx, Reason::BadTime, || {
                let side = if *time < 0 {
                    "before 1970"
                } else {
                    "more than ten years ahead"
                };
                format!("`{}` lies {side}", column.name)
            });
        }
    }
}

fn check_attributes(texts: &StringArray, found: &mut Found) {
    for row_idx in (0..texts.len()).filter(|row| texts.is_valid(*row)) {
        let text = texts.value(row_idx);
        if text.len() > TEXT_BYTES_MAX || !attribute::is_flat_object(text) {
            found.add(row_idx, Reason::BadAttributes, || {
                "`attributes` is not a JSON object of scalars".to_owned()
            });
        }
    }
}

fn check_lengths(column: &Column, offsets: &[i32], array: &ArrayRef, found: &mut Found) {
    /// Most items of one list: more are not tags or aliases.
    const LIST_ITEMS_MAX: i32 = 1_000;
    for (row_idx, ends) in offsets.windows(2).enumerate() {
        if ends[1] - ends[0] > LIST_ITEMS_MAX && array.is_valid(row_idx) {
            found.add(row_idx, Reason::TooLong, || {
                format!("`{}` has more than {LIST_ITEMS_MAX} items", column.name)
            });
        }
    }
}

fn check_response_scores(columns: &[ArrayRef], found: &mut Found) {
    let at = |name| &columns[position(RecordKind::Response, name)];
    let metrics = at("metric").as_string::<i32>();
    let scores = at("score").as_primitive::<Float64Type>();
    let (lows, highs) = (
        at("scale_min").as_primitive::<Float64Type>(),
        at("scale_max").as_primitive::<Float64Type>(),
    );
    let value = |array: &Float64Array, row| array.is_valid(row).then(|| array.value(row));
    for row in 0..metrics.len() {
        let (mut low, mut high) = (value(lows, row), value(highs, row));
        if metrics.is_valid(row) && metrics.value(row) == "nps" {
            if low.is_some_and(|low| low != 0.0) || high.is_some_and(|high| high != 10.0) {
                found.add(row, Reason::ScaleNotNps, || {
                    "an `nps` question is asked from 0 to 10; other scales are never mapped"
                        .to_owned()
                });
            }
            (low, high) = (Some(0.0), Some(10.0));
        }
        if low.zip(high).is_some_and(|(low, high)| low >= high) {
            found.add(row, Reason::BadScale, || {
                "`scale_max` is not above `scale_min`".to_owned()
            });
        }
        let Some(score) = value(scores, row) else {
            continue;
        };
        if low.is_some_and(|low| score < low) || high.is_some_and(|high| score > high) {
            found.add(row, Reason::ScoreOutOfScale, || {
                format!("`score` {score} lies outside its scale")
            });
        }
    }
}

fn check_review_scores(columns: &[ArrayRef], found: &mut Found) {
    let at = |name| columns[position(RecordKind::Review, name)].as_primitive::<Float64Type>();
    let (scores, maxima) = (at("score"), at("score_max"));
    for row in 0..scores.len() {
        if scores.is_null(row) || maxima.is_null(row) {
            continue;
        }
        let (score, maximum) = (scores.value(row), maxima.value(row));
        if maximum <= 0.0 {
            found.add(row, Reason::BadScale, || {
                "`score_max` is not above 0".to_owned()
            });
        } else if !(0.0..=maximum).contains(&score) {
            found.add(row, Reason::ScoreOutOfScale, || {
                format!("`score` {score} lies outside 0 to {maximum}")
            });
        }
    }
}
