//! From the text of a dashboard to a checked [`Dashboard`], collecting every fault on the way.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use crate::chart::Theme;
use crate::config::Fault;
use crate::config::fault::{Complaint, nearest_hint};
use crate::config::reader::{Placed, Sheet, TableReader, in_file_order, text, whole, wrong_type};
use crate::config::{scalar, vocabulary};
use crate::dashboard::{Dashboard, DashboardContext, Panel, PlannedEvent};
use crate::kpi::{self, ChartKind, Grain, Kpi, Range, Rolling};

/// Most panels of one dashboard; a page shows about six.
pub(crate) const PANELS_MAX: usize = 60;
/// Most pages of one dashboard.
pub(crate) const PAGES_MAX: i64 = 20;
/// Most marks written in one file.
pub(crate) const EVENTS_MAX: usize = 500;
/// Columns of the grid.
pub(crate) const COLUMNS: i64 = 4;
/// Most rows of one panel.
pub(crate) const ROWS_MAX: i64 = 4;
/// Most values of one filter.
pub(crate) const FILTER_VALUES_MAX: usize = 100;
/// Longest title or label, in characters; walls cut them far earlier.
pub(crate) const TITLE_CHARS_MAX: usize = 200;
/// How the missing value is written.
const MISSING_VALUE: &str = "(none)";

/// Every key with its default, over which a file is laid.
pub(crate) const DEFAULTS: &str = r#"
theme = "dark"
rotate = "20s"
[[panel]]
size = [2, 1]
page = 1
"#;

/// Checks a text as if read from `path`.
pub(crate) fn dashboard(
    path: &Path,
    text: &str,
    context: &DashboardContext,
) -> Result<Dashboard, Vec<Fault>> {
    let mut sheet = Sheet::new(path, text);
    let tree = sheet.parse();
    let defaults = Sheet::new(Path::new("defaults"), DEFAULTS).parse();
    let top = TableReader::new(
        "the dashboard",
        0..0,
        Some(tree.get_ref()),
        Some(defaults.get_ref()),
    );
    let read = page(&mut sheet, path, top, context);
    match read {
        Some(dashboard) if sheet.is_clean() => Ok(dashboard),
        _ => Err(sheet.into_faults()),
    }
}

/// Returns the dashboard's name, the file's without `.toml`.
pub(crate) fn name_of(path: &Path) -> Result<String, Fault> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    scalar::name(&stem).map_err(|complaint| Fault::of_file(path, complaint.what, complaint.hint))
}

fn page(
    sheet: &mut Sheet<'_>,
    path: &Path,
    mut top: TableReader<'_, '_>,
    context: &DashboardContext,
) -> Option<Dashboard> {
    let name = name_of(path);
    if let Err(fault) = &name {
        sheet.fault(&(0..0), fault.what.clone(), fault.hint.clone());
    }
    let title = top.parsed(sheet, "title", title);
    let theme = top.parsed(sheet, "theme", theme);
    let range = top.parsed(sheet, "range", vocabulary::word::<Range>);
    let grain = top.parsed(sheet, "grain", vocabulary::word::<Grain>);
    let rotate = top.parsed(sheet, "rotate", scalar::duration);
    let panels = panels(sheet, &mut top, context);
    let events = events(sheet, &mut top, &context.timezone);
    top.finish(sheet);
    let name = name.ok()?;
    Some(Dashboard {
        title: title.map_or_else(|| name.clone(), |title| title.value),
        name,
        theme: theme?.value,
        range: range.map(|range| range.value),
        grain: grain.map(|grain| grain.value),
        rotate: rotate?.value,
        panels,
        events,
    })
}

fn panels(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    context: &DashboardContext,
) -> Vec<Panel> {
    let tables = top.tables(sheet, "panel");
    if tables.is_empty() {
        let hint = "add [[panel]] with `id` and `kpi`";
        sheet.fault(&top.place(), "the dashboard has no panel", hint);
    }
    if let Some(beyond) = tables.get(PANELS_MAX) {
        let what = format!("more than {PANELS_MAX} panels");
        sheet.fault(&beyond.place(), what, "put the rest into another file");
    }
    let mut panels: Vec<Panel> = Vec::new();
    for mut table in tables.into_iter().take(PANELS_MAX) {
        let place = table.written("id").map(|entry| entry.place);
        let Some(panel) = panel(sheet, table, context) else {
            continue;
        };
        if let (Some(place), true) = (place, panels.iter().any(|other| other.id == panel.id)) {
            let what = format!("panel id `{}` is used twice", panel.id);
            sheet.fault(&place, what, "ids are addresses; choose another");
        }
        panels.push(panel);
    }
    panels
}

fn panel(
    sheet: &mut Sheet<'_>,
    mut table: TableReader<'_, '_>,
    context: &DashboardContext,
) -> Option<Panel> {
    let id = table.parsed(sheet, "id", scalar::name);
    let kpi = table.parsed(sheet, "kpi", vocabulary::kpi);
    for (key, hint) in [
        ("id", "choose one; it is the panel's part of the address"),
        ("kpi", "name what it shows, such as kpi = \"nps\""),
    ] {
        if !table.has(key) {
            table.missing(sheet, key, hint);
        }
    }
    let title = table.parsed(sheet, "title", self::title);
    let written = table.parsed(sheet, "chart", vocabulary::word::<ChartKind>);
    let chart = kpi
        .as_ref()
        .and_then(|kpi| chart_of(sheet, kpi.value, written.as_ref()));
    let goal = table.text(sheet, "goal");
    if let (Some(written), None) = (&written, &goal) {
        check_bullet(sheet, written);
    }
    if let (Some(goal), Some(kpi)) = (&goal, &kpi) {
        check_goal(sheet, goal, kpi.value, context);
    }
    let of = table.text(sheet, "of");
    if let (Some(of), Some(kpi)) = (&of, &kpi) {
        check_subject(sheet, of, kpi.value);
    }
    let versus = table.parsed(sheet, "versus", vocabulary::word::<Range>);
    let filters = filters(sheet, &mut table, context);
    let by = table.parsed(sheet, "by", |name| dimension(name, context));
    let range = table.parsed(sheet, "range", vocabulary::word::<Range>);
    let grain = table.parsed(sheet, "grain", vocabulary::word::<Grain>);
    let rolling = table.parsed(sheet, "rolling", vocabulary::word::<Rolling>);
    if let Some(kpi) = &kpi {
        check_agents(sheet, kpi, by.as_ref(), &filters);
    }
    let size = table.read(sheet, "size", size);
    let page = table.whole(sheet, "page", 1..=PAGES_MAX);
    table.finish(sheet);
    Some(Panel {
        id: id?.value,
        title: title.map(|title| title.value),
        kpi: kpi?.value,
        chart: chart?,
        goal: goal.map(|goal| goal.value),
        of: of.map(|of| of.value),
        versus: versus.map(|versus| versus.value),
        filters,
        by: by.map(|by| by.value),
        range: range.map(|range| range.value),
        grain: grain.map(|grain| grain.value),
        rolling: rolling.map(|rolling| rolling.value),
        size: size?.value,
        page: u8::try_from(page?.value).ok()?,
    })
}

/// Returns how a panel is drawn: as written, else the KPI's first chart.
fn chart_of(
    sheet: &mut Sheet<'_>,
    kpi: &'static Kpi,
    written: Option<&Placed<ChartKind>>,
) -> Option<ChartKind> {
    let Some(chart) = written else {
        return kpi.charts.first().copied();
    };
    if !kpi.charts.contains(&chart.value) {
        let list: Vec<String> = kpi
            .charts
            .iter()
            .map(|kind| format!("`{}`", kind))
            .collect();
        let what = format!("`{}` cannot be drawn as `{}`", kpi.name, chart.value);
        sheet.fault(&chart.place, what, format!("it can as {}", list.join(", ")));
    }
    Some(chart.value)
}

/// Complains of a bullet without the goal that it would show.
fn check_bullet(sheet: &mut Sheet<'_>, chart: &Placed<ChartKind>) {
    if chart.value == ChartKind::Bullet {
        let what = "a `bullet` shows a goal, and none is named";
        let hint = "add `goal`, the name of a [goals.NAME] of the configuration";
        sheet.fault(&chart.place, what, hint);
    }
}

fn check_goal(sheet: &mut Sheet<'_>, goal: &Placed<String>, kpi: &Kpi, context: &DashboardContext) {
    let Some(known) = context.goals.get(&goal.value) else {
        let hint = match context.goals.is_empty() {
            true => format!("add [goals.{}] to the configuration", goal.value),
            false => nearest_hint(&goal.value, context.goals.keys().map(String::as_str)),
        };
        let what = format!("unknown goal `{}`", goal.value);
        return sheet.fault(&goal.place, what, hint);
    };
    if known.kpi.name != kpi.name {
        let what = format!("goal `{}` is about `{}`", goal.value, known.kpi.name);
        let hint = format!("name a goal about `{}`", kpi.name);
        sheet.fault(&goal.place, what, hint);
    }
}

/// Complains of single agents on a page that everybody sees.
fn check_agents(
    sheet: &mut Sheet<'_>,
    kpi: &Placed<&'static Kpi>,
    by: Option<&Placed<String>>,
    filters: &BTreeMap<String, Vec<Option<String>>>,
) {
    let name = kpi.value.name;
    let what = format!("`{name}` would show single agents, and pages and walls show teams alone");
    if kpi::names_agents(name) {
        let hint = format!("ask for it by `vocd kpi {name}` or /api/v1/kpis/{name}");
        return sheet.fault(&kpi.place, what, hint);
    }
    if let Some(by) = by.filter(|by| by.value == "agent") {
        return sheet.fault(&by.place, what, "write by = \"team\"");
    }
    if filters.contains_key("agent") {
        sheet.fault(&kpi.place, what, "leave `agent` out of `where`");
    }
}

/// Complains of a subject that an analysis is never of.
fn check_subject(sheet: &mut Sheet<'_>, of: &Placed<String>, kpi: &Kpi) {
    let subjects = kpi::subjects(kpi);
    if subjects.contains(&of.value.as_str()) {
        return;
    }
    let what = format!("`{}` cannot be of `{}`", kpi.name, of.value);
    let hint = match subjects {
        [] => "leave `of` out: it is for analyses".to_owned(),
        _ => nearest_hint(&of.value, subjects.iter().copied()),
    };
    sheet.fault(&of.place, what, hint);
}

fn filters(
    sheet: &mut Sheet<'_>,
    table: &mut TableReader<'_, '_>,
    context: &DashboardContext,
) -> BTreeMap<String, Vec<Option<String>>> {
    let mut filters = BTreeMap::new();
    let Some(entry) = table.written("where") else {
        return filters;
    };
    let Some(written) = entry.value.as_table() else {
        let complaint = wrong_type(entry.value, "a table, such as { channel = [\"email\"] }");
        sheet.complain(&entry.place, complaint.about("where"));
        return filters;
    };
    for (name, value) in in_file_order(written) {
        let place = name.span();
        let name = match dimension(name.get_ref(), context) {
            Ok(name) => name,
            Err(complaint) => {
                sheet.complain(&place, complaint);
                continue;
            }
        };
        match filter_values(value.get_ref()) {
            Ok(values) => {
                filters.insert(name, values);
            }
            Err(complaint) => sheet.complain(&value.span(), complaint.about(&name)),
        }
    }
    filters
}

fn filter_values(value: &DeValue<'_>) -> Result<Vec<Option<String>>, Complaint> {
    let one = |value: &DeValue<'_>| {
        let text = text(value)?;
        Ok((text != MISSING_VALUE).then(|| text.to_owned()))
    };
    let Some(items) = value.as_array() else {
        return Ok(vec![one(value)?]);
    };
    if items.is_empty() || items.len() > FILTER_VALUES_MAX {
        return Err(Complaint::new(
            format!("{} values", items.len()),
            format!("write from 1 to {FILTER_VALUES_MAX} values, or leave the key out"),
        ));
    }
    items.iter().map(|item| one(item.get_ref())).collect()
}

fn dimension(name: &str, context: &DashboardContext) -> Result<String, Complaint> {
    let configured = context.dimensions.iter().map(String::as_str);
    let mut known = vocabulary::BUILT_IN_DIMENSIONS
        .into_iter()
        .chain(configured);
    if known.clone().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let hint = nearest_hint(name, known.by_ref());
    Err(Complaint::new(format!("unknown dimension `{name}`"), hint))
}

fn size(value: &DeValue<'_>) -> Result<(u8, u8), Complaint> {
    let complaint = || {
        Complaint::new(
            "not a size on the grid",
            format!("write [COLUMNS, ROWS], 1 to {COLUMNS} columns and 1 to {ROWS_MAX} rows"),
        )
    };
    let items = value.as_array().ok_or_else(complaint)?;
    let numbers: Vec<i64> = items
        .iter()
        .map(|item| whole(item.get_ref()))
        .collect::<Result<_, _>>()?;
    match numbers[..] {
        [columns, rows] if (1..=COLUMNS).contains(&columns) && (1..=ROWS_MAX).contains(&rows) => {
            let small = |number| u8::try_from(number).map_err(|_| complaint());
            Ok((small(columns)?, small(rows)?))
        }
        _ => Err(complaint()),
    }
}

fn theme(name: &str) -> Result<Theme, Complaint> {
    let themes = [
        ("dark", Theme::Dark),
        ("light", Theme::Light),
        ("contrast", Theme::Contrast),
    ];
    scalar::choice(name, &themes)
}

fn title(text: &str) -> Result<String, Complaint> {
    let n_chars = text.chars().count();
    if (1..=TITLE_CHARS_MAX).contains(&n_chars) && !text.chars().any(char::is_control) {
        return Ok(text.trim().to_owned());
    }
    Err(Complaint::new(
        "the text is empty, too long, or has control characters",
        format!("write 1 to {TITLE_CHARS_MAX} characters on one line"),
    ))
}

fn events(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    timezone: &TimeZone,
) -> Vec<PlannedEvent> {
    let tables = top.tables(sheet, "event");
    if let Some(beyond) = tables.get(EVENTS_MAX) {
        let what = format!("more than {EVENTS_MAX} events");
        sheet.fault(&beyond.place(), what, "leave the oldest out");
    }
    let mut events = Vec::new();
    for mut table in tables.into_iter().take(EVENTS_MAX) {
        let at = table.read(sheet, "at", |value| instant(value, timezone));
        let label = table.parsed(sheet, "label", title);
        for key in ["at", "label"] {
            if !table.has(key) {
                table.missing(sheet, key, "an event has `at` and `label`");
            }
        }
        table.finish(sheet);
        if let (Some(at), Some(label)) = (at, label) {
            let (at, label) = (at.value, label.value);
            events.push(PlannedEvent { at, label });
        }
    }
    events.sort_by_key(|event| event.at);
    events
}

/// Reads a day (its first instant), a local time of the zone, or an RFC 3339 instant.
fn instant(value: &DeValue<'_>, timezone: &TimeZone) -> Result<Timestamp, Complaint> {
    let written = match value.as_datetime() {
        Some(datetime) => datetime.to_string(),
        None => text(value)?.to_owned(),
    };
    if let Ok(exact) = written.parse::<Timestamp>() {
        return Ok(exact);
    }
    let complaint = || {
        Complaint::new(
            format!("`{written}` is no day or instant"),
            "write \"2026-05-13\" or \"2026-05-13T14:00:00Z\"",
        )
    };
    let local: DateTime = written.parse().map_err(|_| complaint())?;
    let zoned = timezone.to_zoned(local).map_err(|_| complaint())?;
    Ok(zoned.timestamp())
}
