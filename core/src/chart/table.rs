//! `table`: exact numbers where people would rather read: a line a group, or a line a period.

use super::facts::{Arrow, State};
use super::fonts::Weight;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::roster::{Standing, is_thin, members};
use super::sheet::{Align, Rect, Sheet, Type};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;
use crate::kpi::{Base, Point, Score, Unit};

/// Least and greatest distance of lines, in units.
const PITCH: (f64, f64) = (1.4, 2.2);

/// Distance of columns, in units.
const GUTTER: f64 = 1.5;

/// Periods of an answer that is not split; older ones are counted.
const PERIODS_MAX: usize = 60;

/// Head of the intervals where there is no room for the word.
const INTERVAL_SHORT: &str = "95\u{202f}%";

/// One line as it is written; an empty cell says nothing.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    name: String,
    value: String,
    interval: String,
    n: String,
    difference: String,
    arrow: Option<(Arrow, Rgb)>,
    /// What stands in the place of value and interval.
    instead: &'static str,
    weight: Weight,
    is_quiet: bool,
}

/// What a column shows, from the one that goes last to the one that goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    Interval,
    N,
    Difference,
}

/// A column with its head and its right end.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    kind: Kind,
    head: String,
    right: f64,
    width: f64,
}

/// Draws the figure onto the sheet.
pub(super) fn draw_table(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let lines = lines(panel);
    let n_lines = numerals::real(lines.len() + 1);
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (n_lines * PITCH.0).clamp(4.2, 12.0),
        plot_units_least: (n_lines * PITCH.0).clamp(4.2, 7.0),
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    if lines.is_empty() || panel.facts.state == State::NoAnswers {
        return empty_plot(sheet, panel, place.plot);
    }
    let columns = columns(sheet, panel, &lines, place.plot);
    draw_lines(sheet, panel, &lines, &columns, place.plot);
}

fn draw_lines(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    lines: &[Line],
    columns: &[Column],
    room: Rect,
) {
    let unit = panel.unit;
    let n_fitting = numerals::whole((room.height() / (PITCH.0 * unit)) - 1.0).max(1);
    // The last place says how many are left out.
    let n_shown = match lines.len() > n_fitting {
        true => n_fitting.saturating_sub(1).max(1),
        false => lines.len(),
    };
    let n_places = numerals::real(lines.len().min(n_fitting) + 1);
    let pitch = (room.height() / n_places).min(PITCH.1 * unit);
    let label = panel.label();
    let middle = |idx| room.top + (numerals::real(idx) + 0.5) * pitch + label.cap_px() / 2.0;
    for column in columns {
        sheet.text(&column.head, (column.right, middle(0)), &label, Align::End);
    }
    let names_right = columns
        .first()
        .map_or(room.right, |first| first.right - first.width);
    let head = names_head(panel);
    let head = sheet.fit(head, &label, names_right - room.left - GUTTER * unit);
    sheet.text(&head, (room.left, middle(0)), &label, Align::Start);
    for (idx, line) in lines[..n_shown].iter().enumerate() {
        rule(
            sheet,
            panel,
            room,
            room.top + pitch * numerals::real(idx + 1),
        );
        draw_line(
            sheet,
            panel,
            line,
            columns,
            (room.left, names_right),
            middle(idx + 1),
        );
    }
    let n_left = lines.len() - n_shown;
    // A picture with room for a single line has none for saying so.
    if n_left > 0 && n_shown < n_fitting {
        let text = filled(panel.words.more, &[&n_left.to_string()]);
        let text = sheet.fit(&text, &label, room.width());
        let at = (room.left, middle(n_shown + 1));
        sheet.text(&text, at, &label, Align::Start);
    }
}

/// Returns what the lines are: values of a dimension, or periods.
fn names_head<'a>(panel: &Panel<'a>) -> &'a str {
    let answer = &panel.figure.answer;
    match (&answer.by, &answer.tables) {
        (Some(by), _) => by,
        (None, Some(_)) => "",
        (None, None) => panel.style.language.phrases().period,
    }
}

fn rule(sheet: &mut Sheet<'_>, panel: &Panel<'_>, room: Rect, y: f64) {
    let ends = [(room.left, y), (room.right, y)];
    sheet.stroke(&ends, panel.palette.grid, 0.05 * panel.unit);
}

fn draw_line(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    line: &Line,
    columns: &[Column],
    (left, names_right): (f64, f64),
    baseline: f64,
) {
    let unit = panel.unit;
    let quiet = panel.label();
    let ink = match line.is_quiet {
        true => quiet,
        false => quiet.coloured(panel.palette.ink),
    };
    let look = Type {
        weight: line.weight,
        ..ink
    };
    let name = sheet.fit(&line.name, &look, names_right - left - GUTTER * unit);
    sheet.text(&name, (left, baseline), &look, Align::Start);
    for column in columns {
        let (text, look) = match column.kind {
            Kind::Value => (
                &line.value,
                Type {
                    weight: Weight::Bold,
                    ..ink
                },
            ),
            Kind::Interval => (&line.interval, quiet),
            Kind::N => (&line.n, quiet),
            Kind::Difference => (&line.difference, ink),
        };
        sheet.text(text, (column.right, baseline), &look, Align::End);
        if let Some((arrow, colour)) = line.arrow.filter(|_| column.kind == arrow_kind(columns)) {
            let left = column.right - sheet.width(text, &look) - 1.05 * unit;
            arrow.draw(sheet, (left, baseline), unit, colour);
        }
    }
    // Words take the places of value and interval.
    let last = columns
        .iter()
        .take_while(|column| matches!(column.kind, Kind::Value | Kind::Interval))
        .last();
    if let Some(last) = last.filter(|_| !line.instead.is_empty()) {
        let first = columns
            .first()
            .map_or(last.right, |first| first.right - first.width);
        let text = sheet.fit(line.instead, &quiet, last.right - first);
        sheet.text(&text, (last.right, baseline), &quiet, Align::End);
    }
}

/// Returns the column that carries the arrows: the difference, or else the value.
fn arrow_kind(columns: &[Column]) -> Kind {
    let has_difference = columns.iter().any(|column| column.kind == Kind::Difference);
    match has_difference {
        true => Kind::Difference,
        false => Kind::Value,
    }
}

/// Returns the columns that have room beside the names, in their order.
fn columns(sheet: &Sheet<'_>, panel: &Panel<'_>, lines: &[Line], room: Rect) -> Vec<Column> {
    let unit = panel.unit;
    let phrases = panel.style.language.phrases();
    let is_split = panel.figure.answer.by.is_some() || panel.figure.answer.tables.is_some();
    let (label, strong) = (panel.label(), panel.strong_label());
    let difference = match is_split {
        true => phrases.versus_rest,
        false => phrases.change,
    };
    let kinds = |interval| {
        [
            (Kind::Value, phrases.value),
            (Kind::Interval, interval),
            (Kind::N, "n"),
            (Kind::Difference, difference),
        ]
    };
    let has_values = lines.iter().any(|line| !line.value.is_empty());
    let width = |kind: Kind, head: &str| {
        let cell = |line: &Line| match kind {
            Kind::Value if !has_values => sheet.width(line.instead, &label),
            Kind::Value => sheet.width(&line.value, &strong),
            Kind::Interval => sheet.width(&line.interval, &label),
            Kind::N => sheet.width(&line.n, &label),
            Kind::Difference if line.arrow.is_some() => {
                sheet.width(&line.difference, &label) + 1.2 * unit
            }
            Kind::Difference => sheet.width(&line.difference, &label),
        };
        let widest = lines.iter().map(cell).fold(0.0, f64::max);
        (widest > 0.0).then(|| widest.max(sheet.width(head, &label)))
    };
    let with_heads = |interval| -> Vec<Column> {
        let column = |(kind, head): (Kind, &str)| {
            Some(Column {
                kind,
                head: head.to_owned(),
                right: 0.0,
                width: width(kind, head)?,
            })
        };
        kinds(interval).into_iter().filter_map(column).collect()
    };
    let names = lines.iter().map(|line| sheet.width(&line.name, &strong));
    let names_min = names.fold(0.0, f64::max).min(9.0 * unit);
    let needed = |found: &[Column]| {
        let columns: f64 = found
            .iter()
            .map(|column| column.width + GUTTER * unit)
            .sum();
        names_min + columns
    };
    let mut found = with_heads(phrases.interval);
    if needed(&found) > room.width() {
        found = with_heads(INTERVAL_SHORT);
    }
    while found.len() > 1 && needed(&found) > room.width() {
        found.pop();
    }
    let mut right = room.right;
    for column in found.iter_mut().rev() {
        column.right = right;
        right -= column.width + GUTTER * unit;
    }
    found
}

/// Returns the lines: of a split its groups and the whole, else its periods, the newest first.
fn lines(panel: &Panel<'_>) -> Vec<Line> {
    let answer = &panel.figure.answer;
    let phrases = panel.style.language.phrases();
    let is_split = answer.by.is_some() || answer.tables.is_some();
    if !is_split {
        let points = answer.series.first().map_or(&[][..], |one| &one.points);
        let n_left = points.len().saturating_sub(PERIODS_MAX);
        let shown = points.iter().enumerate().skip(n_left);
        let line = |(idx, point): (usize, &Point)| {
            let before = idx.checked_sub(1).map(|before| &points[before]);
            period(panel, point, before)
        };
        return shown.rev().map(line).collect();
    }
    let mut found: Vec<Line> = members(panel.figure, panel.style.language)
        .iter()
        .map(|member| {
            let arrow = match member.standing() {
                Standing::Above => Some(Arrow::Up),
                Standing::Below => Some(Arrow::Down),
                Standing::Within => None,
            };
            Line {
                difference: member
                    .contrast
                    .map_or_else(String::new, |one| signed(panel, one.value)),
                arrow: arrow.map(|arrow| (arrow, member.colour(panel, true))),
                is_quiet: member.is_rest,
                ..line(panel, member.name.clone(), &member.score)
            }
        })
        .collect();
    if found.len() > 1 {
        found.push(Line {
            weight: Weight::Bold,
            ..line(panel, phrases.all.to_owned(), &answer.total)
        });
    }
    found
}

fn period(panel: &Panel<'_>, point: &Point, before: Option<&Point>) -> Line {
    let name = super::calendar::period_name(panel.figure, panel.style.language, point);
    // What is running is no period to compare with.
    let change = (before.filter(|before| point.is_complete && before.is_complete))
        .and_then(|before| Some(point.score.value? - before.score.value?));
    Line {
        difference: change.map_or_else(String::new, |change| signed(panel, change)),
        is_quiet: !point.is_complete,
        name: match point.is_complete {
            true => name,
            false => format!("{name} …"),
        },
        ..line(panel, String::new(), &point.score)
    }
}

fn line(panel: &Panel<'_>, name: String, score: &Score) -> Line {
    let language = panel.style.language;
    let kpi = panel.figure.answer.kpi;
    let decimals = numerals::decimals(kpi);
    let end = |end| numerals::amount(end, decimals, kpi, language);
    let value = score
        .value
        .map(|value| numerals::value(value, kpi, language));
    let ends = score.low.zip(score.high);
    let n = score.n.filter(|_| kpi.unit != Unit::Count);
    let is_low = score.base == Base::Low;
    let n = n.map(|n| numerals::count(n, language));
    Line {
        name,
        value: value.unwrap_or_default(),
        interval: ends.map_or_else(String::new, |(low, high)| {
            format!("{} … {}", end(low), end(high))
        }),
        n: match n {
            Some(n) if is_low => format!("{n} ({})", panel.words.low_base),
            n => n.unwrap_or_default(),
        },
        difference: String::new(),
        arrow: None,
        instead: match score.value {
            None if is_thin(score) && score.n != Some(0) => language.phrases().too_few,
            None => "–",
            Some(_) => "",
        },
        weight: Weight::Regular,
        is_quiet: false,
    }
}

fn signed(panel: &Panel<'_>, change: f64) -> String {
    numerals::signed(change, panel.figure.answer.kpi, panel.style.language)
}
