//! Writes an answer for programs (JSON, CSV) and terminals (a table). Only the table rounds.

use serde_json::{Map, Value, json};

pub use csv::csv;

mod aim;
mod csv;
mod sheet;
mod verdict;

use super::definition::unit_name;
use super::duration::{Duration, TimeUnit};
use super::{
    Answer, Base, Bias, Bound, Change, Contrast, Point, REPRESENTATIVE_MIN, Score, Series, Unit,
    civil, parse,
};
use crate::plan::Span;

/// Returns the answer as JSON, unrounded, in the published field order.
#[must_use]
pub fn json(answer: &Answer) -> Value {
    let filters: Map<String, Value> = answer
        .filters
        .iter()
        .map(|(name, values)| {
            let values: Vec<&str> = values
                .iter()
                .map(|value| value.as_deref().unwrap_or(parse::MISSING))
                .collect();
            (name.clone(), json!(values))
        })
        .collect();
    let sources: Vec<Value> = answer
        .sources
        .iter()
        .map(|source| {
            json!({
                "name": source.name,
                "last_success": source.last_success.map(|at| at.to_string()),
                "stale": source.is_stale,
                "failing": source.is_failing,
            })
        })
        .collect();
    let mut body = json!({
        "kpi": answer.kpi.name,
        "unit": unit_name(answer.kpi.unit),
        "definition_version": answer.kpi.definition_version,
        "timezone": answer.timezone,
        "as_of": answer.as_of.to_string(),
        "valid_until": answer.valid_until.to_string(),
        "grain": answer.grain.to_string(),
        "mode": answer.mode.map(|mode| mode.to_string()),
        "where": filters,
        "by": answer.by,
        "additive": answer.is_additive,
        "series": answer.series.iter().map(series_json).collect::<Vec<_>>(),
        "total": total_json(&answer.total),
    });
    if let Value::Object(fields) = &mut body {
        put_further(answer, fields);
        let provenance = json!({ "sources": sources, "tzdb": answer.tzdb });
        fields.insert("provenance".to_owned(), provenance);
    }
    body
}

/// Puts what only some answers have among the fields.
fn put_further(answer: &Answer, fields: &mut Map<String, Value>) {
    if let Some(change) = &answer.change {
        fields.insert("change".to_owned(), change_json(change));
    }
    if let Some(rolling) = answer.rolling {
        fields.insert("rolling".to_owned(), json!(rolling.to_string()));
    }
    if answer.is_lower_better {
        fields.insert("lower_is_better".to_owned(), json!(true));
    }
    if let Some(deff) = &answer.deff {
        fields.insert("deff".to_owned(), number(Some(deff.factor)));
        fields.insert("deff_as_of".to_owned(), json!(deff.as_of.to_string()));
    }
    if let Some(active) = answer.active {
        fields.insert("active".to_owned(), json!(active.to_string()));
    }
    if let Some(currency) = &answer.currency {
        fields.insert("currency".to_owned(), json!(currency));
    }
    if let Some(findings) = &answer.findings {
        fields.insert("of".to_owned(), json!(findings.of));
        fields.insert("from".to_owned(), json!(answer.from.to_string()));
        fields.insert("to".to_owned(), json!(answer.to.to_string()));
        if let Some(before) = findings.before {
            let before = json!({ "from": before.start.to_string(), "to": before.end.to_string() });
            fields.insert("versus".to_owned(), before);
        }
    }
    if let Some(tables) = &answer.tables {
        fields.remove("series");
        sheet::put_json(tables, fields);
    }
    if let Some(bias) = &answer.bias {
        fields.insert("bias".to_owned(), bias_json(bias));
    }
    if let Some(verdict) = &answer.verdict {
        fields.insert("verdict".to_owned(), verdict::json(verdict));
    }
    if let Some(standing) = &answer.goal {
        fields.insert("goal".to_owned(), aim::json(standing));
    }
    if !answer.notes.is_empty() {
        fields.insert("notes".to_owned(), json!(answer.notes));
    }
}

fn series_json(series: &Series) -> Value {
    let mut fields = Map::new();
    fields.insert("key".to_owned(), json!(series.key));
    if series.is_rest {
        fields.insert("rest".to_owned(), json!(true));
    }
    let points: Vec<Value> = series.points.iter().map(point_json).collect();
    fields.insert("points".to_owned(), json!(points));
    fields.insert("total".to_owned(), total_json(&series.total));
    if let Some(contrast) = &series.versus_rest {
        fields.insert("versus_rest".to_owned(), contrast_json(contrast));
    }
    Value::Object(fields)
}

fn point_json(point: &Point) -> Value {
    let mut body = json!({
        "start": point.start.to_string(),
        "end": point.end.to_string(),
        "label": point.label,
        "value": number(point.score.value),
        "low": number(point.score.low),
        "high": number(point.score.high),
        "n": point.score.n,
        "base": base_name(point.score.base),
        "counts": counts_json(&point.score),
        "complete": point.is_complete,
        "provisional": point.is_provisional,
        "suppressed": point.is_suppressed,
    });
    put_secondary(&mut body, &point.score);
    body
}

fn total_json(score: &Score) -> Value {
    let mut body = json!({
        "value": number(score.value),
        "low": number(score.low),
        "high": number(score.high),
        "n": score.n,
        "base": base_name(score.base),
        "counts": counts_json(score),
    });
    put_secondary(&mut body, score);
    body
}

/// Adds the further numbers of a score, where it has any, and on which side of its number it lies.
fn put_secondary(body: &mut Value, score: &Score) {
    if let (Some(fields), Some(bound)) = (body.as_object_mut(), score.bound) {
        let bound = match bound {
            Bound::AtLeast => "at_least",
            Bound::AtMost => "at_most",
        };
        fields.insert("bound".to_owned(), json!(bound));
    }
    if let (Some(fields), false) = (body.as_object_mut(), score.secondary.is_empty()) {
        let further = score.secondary.iter();
        let further: Map<String, Value> = further
            .map(|(name, value)| ((*name).to_owned(), number(Some(*value))))
            .collect();
        fields.insert("secondary".to_owned(), Value::Object(further));
    }
}

fn counts_json(score: &Score) -> Map<String, Value> {
    score
        .counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect()
}

fn change_json(change: &Change) -> Value {
    json!({
        "value": number(Some(change.value)),
        "low": number(Some(change.low)),
        "high": number(Some(change.high)),
        "p": number(Some(change.p)),
        "changed": change.is_changed,
        "previous": {
            "start": change.previous_start.to_string(),
            "end": change.previous_end.to_string(),
            "n": change.previous_n,
        },
    })
}

fn contrast_json(contrast: &Contrast) -> Value {
    json!({
        "value": number(Some(contrast.value)),
        "low": number(Some(contrast.low)),
        "high": number(Some(contrast.high)),
        "p": number(Some(contrast.p)),
        "n_rest": contrast.n_rest,
        "differs": contrast.is_different,
    })
}

fn bias_json(bias: &Bias) -> Value {
    let bias = match bias {
        Bias::Response(bias) => bias,
        Bias::Weighted(score) => {
            return json!({
                "by": score.by,
                "post_stratified": number(Some(score.value)),
                "coverage": number(Some(score.coverage)),
            });
        }
    };
    json!({
        "by": bias.by,
        "r_indicator": number(Some(bias.r_indicator)),
        "representative": bias.r_indicator >= REPRESENTATIVE_MIN,
        "groups": bias.n_groups,
        "n": bias.n,
        "n_left_out": bias.n_left_out,
    })
}

/// Returns a finite number without a negative zero, else null.
pub(super) fn number(value: Option<f64>) -> Value {
    value
        .filter(|value| value.is_finite())
        .map_or(Value::Null, |value| json!(value + 0.0))
}

/// Returns the base's name in answers.
pub(super) fn base_name(base: Base) -> &'static str {
    match base {
        Base::Ok => "ok",
        Base::Low => "low",
        Base::CountsOnly => "counts_only",
        Base::Hidden => "hidden",
    }
}

/// Columns of the table, and whether each is aligned to the right.
const TABLE_COLUMNS: [(&str, bool); 6] = [
    ("period", false),
    ("value", true),
    ("95 % interval", true),
    ("n", true),
    ("base", false),
    ("", false),
];

/// Returns the answer as an aligned table for terminals, rounded, ending in a line break.
#[must_use]
pub fn table(answer: &Answer) -> String {
    let mut text = format!("{} ({})\n", answer.kpi.title, heading(answer));
    if let Some(tables) = &answer.tables {
        text.push_str(&sheet::text(tables));
        text.push_str(&notes(answer));
        return text;
    }
    let mut rows = Vec::new();
    for series in &answer.series {
        if let Some(key) = &series.key {
            rows.push(vec![format!("[{key}]")]);
        }
        for point in &series.points {
            rows.push(table_row(
                answer,
                &point.label,
                &point.score,
                &point_marks(point),
            ));
        }
        if series.key.is_some() {
            let mark = series.versus_rest.as_ref().map_or("", contrast_mark);
            rows.push(table_row(answer, "total", &series.total, mark));
        }
    }
    if answer.by.is_some() {
        rows.push(vec!["[all]".to_owned()]);
    }
    rows.push(table_row(answer, "total", &answer.total, ""));
    text.push_str(&aligned(&TABLE_COLUMNS, &rows));
    if let Some(change) = &answer.change {
        text.push_str(&change_line(change, answer.kpi.unit));
    }
    if let Some(bias) = &answer.bias {
        text.push_str(&bias_line(bias, answer.kpi.unit));
    }
    if let Some(standing) = &answer.goal {
        text.push_str(&aim::line(standing));
    }
    text.push_str(&notes(answer));
    text
}

fn notes(answer: &Answer) -> String {
    let notes = answer.notes.iter();
    notes.map(|note| format!("note: {note}\n")).collect()
}

fn heading(answer: &Answer) -> String {
    let time = match &answer.findings {
        Some(findings) => format!("of {}, {}", findings.of, days(answer)),
        None => format!("per {}", answer.grain),
    };
    let mut parts = vec![time, answer.timezone.clone()];
    parts.extend(answer.mode.map(|mode| mode.to_string()));
    parts.extend(answer.active.map(|active| format!("active: {active}")));
    parts.extend(answer.currency.clone());
    let filters = answer.filters.iter();
    parts.extend(filters.map(|(name, values)| format!("{name}={}", parse::written(values))));
    parts.extend(answer.by.as_ref().map(|by| format!("by {by}")));
    parts.join(", ")
}

/// Returns the first and the last day of an answer that has no series.
fn days(answer: &Answer) -> String {
    let (start, end) = (answer.from, answer.to);
    let (first, last) = civil::first_and_last(Span { start, end }, &answer.timezone);
    format!("{first} to {last}")
}

fn point_marks(point: &Point) -> String {
    let mut marks = Vec::new();
    if !point.is_complete {
        marks.push("incomplete");
    } else if point.is_provisional {
        marks.push("provisional");
    }
    if point.is_suppressed {
        marks.push("hidden: too few people");
    }
    marks.join(", ")
}

fn table_row(answer: &Answer, label: &str, score: &Score, marks: &str) -> Vec<String> {
    let shown = |value| shown(value, answer.kpi.unit);
    let interval = match (score.low, score.high) {
        (Some(low), Some(high)) => format!("{} to {}", shown(low), shown(high)),
        _ => String::new(),
    };
    let base = match score.base {
        Base::Ok => "",
        Base::Low => "low",
        Base::CountsOnly => "counts only",
        Base::Hidden => "hidden",
    };
    vec![
        label.to_owned(),
        score.value.map_or_else(
            || "–".to_owned(),
            |value| format!("{}{}", bound_mark(score.bound), shown(value)),
        ),
        interval,
        score.n.map_or_else(|| "–".to_owned(), |n| n.to_string()),
        base.to_owned(),
        marks.to_owned(),
    ]
}

/// Returns what stands before a number that is only a bound.
fn bound_mark(bound: Option<Bound>) -> &'static str {
    match bound {
        Some(Bound::AtLeast) => "≥ ",
        Some(Bound::AtMost) => "≤ ",
        None => "",
    }
}

fn contrast_mark(contrast: &Contrast) -> &'static str {
    match (contrast.is_different, contrast.value > 0.0) {
        (true, true) => "above the rest",
        (true, false) => "below the rest",
        (false, _) => "",
    }
}

fn bias_line(bias: &Bias, unit: Unit) -> String {
    let bias = match bias {
        Bias::Response(bias) => bias,
        Bias::Weighted(score) => {
            let (by, value) = (&score.by, shown(score.value, unit));
            return format!("if each {by} had answered as often as it was asked: {value}\n");
        }
    };
    let verdict = match bias.r_indicator >= REPRESENTATIVE_MIN {
        true => "those who answered are like those who were asked",
        false => "those who answered are not like those who were asked",
    };
    let (by, indicator) = (&bias.by, rounded(bias.r_indicator, 2));
    format!("R-indicator by {by}: {indicator} (1 is alike), {verdict}\n")
}

fn change_line(change: &Change, unit: Unit) -> String {
    let verdict = if change.is_changed {
        "changed"
    } else {
        "could be chance"
    };
    format!(
        "change to the period before: {} ({} to {}, n before {}), {verdict}\n",
        shown(change.value, unit),
        shown(change.low, unit),
        shown(change.high, unit),
        change.previous_n,
    )
}

/// Writes a value as people read it, seconds in the unit that fits.
pub(super) fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count | Unit::Money => rounded(value, 0),
        Unit::Points | Unit::Percent => rounded(value, 1),
        Unit::Score => rounded(value, 2),
        Unit::Seconds => {
            let duration = Duration::of(value);
            let amount = rounded(duration.amount, duration.decimals);
            let unit = match duration.unit {
                TimeUnit::Second => "s",
                TimeUnit::Minute => "min",
                TimeUnit::Hour => "h",
                TimeUnit::Day if amount == "1" => "day",
                TimeUnit::Day => "days",
            };
            format!("{amount} {unit}")
        }
    }
}

/// Writes a number with a true minus sign, and never a negative zero.
fn rounded(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) => {
            format!("−{digits}")
        }
        Some(digits) => digits.to_owned(),
        None => text,
    }
}

/// Writes rows under a header, each column as wide as its widest cell; `columns` are names and
/// whether each is aligned to the right.
fn aligned(columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    // A group's heading stands alone and does not widen the columns.
    let is_cells = |row: &&Vec<String>| row.len() > 1;
    let width = |column_idx: usize| {
        std::iter::once(&header)
            .chain(rows.iter().filter(is_cells))
            .map(|row| row[column_idx].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(rows) {
        let cells = row
            .iter()
            .zip(columns)
            .zip(&widths)
            .map(|((cell, column), width)| {
                let (_, is_right) = column;
                if *is_right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
