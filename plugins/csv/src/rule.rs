//! Where a record column comes from: the rules of `columns`, as written and checked.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use vocd_plugin::RecordKind;
use vocd_plugin::record::{Column, ColumnType};

use crate::fault::{Fault, nearest_hint};
use crate::instant;

/// What a rule fills.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A column of the record kind.
    Column(&'static Column),
    /// A member of `attributes`.
    Attribute(String),
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// A column of the file, as it is.
    Cell(String),
    /// The file's name and the row's number.
    Row,
    /// Text with `{COLUMN}` in it; null when one of the columns is.
    Template(Vec<Piece>),
    /// A hash of several columns; null when all of them are.
    HashOf(Vec<String>),
    /// The same value in every row.
    Const(String),
    /// A time written in a format, a zone, or both.
    Time {
        cell: String,
        format: Option<String>,
        zone: TimeZone,
    },
    /// A value looked up in a table.
    Mapped {
        cell: String,
        table: HashMap<String, String>,
        otherwise: Option<String>,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<Cell = String> {
    /// Text that stands for itself.
    Text(String),
    /// A column of the file.
    Cell(Cell),
}

impl Rule {
    /// Returns the columns of the file that the rule reads.
    pub(crate) fn cells(&self) -> Vec<&str> {
        match self {
            Self::Cell(cell) | Self::Time { cell, .. } | Self::Mapped { cell, .. } => vec![cell],
            Self::HashOf(cells) => cells.iter().map(String::as_str).collect(),
            Self::Template(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Cell(cell) => Some(cell.as_str()),
                    Piece::Text(_) => None,
                })
                .collect(),
            Self::Row | Self::Const(_) => Vec::new(),
        }
    }
}

/// Reads the rules of one record; `place` names the table in faults.
pub(crate) fn parse_columns(
    kind: RecordKind,
    columns: &Map<String, Value>,
    place: &str,
) -> Result<Vec<(Target, Rule)>, Fault> {
    let mut rules = Vec::with_capacity(columns.len());
    for (name, raw) in columns {
        let place = format!("{place}.{name}");
        let target = parse_target(kind, name).ok_or_else(|| unknown_column(kind, name, &place))?;
        let rule = parse_rule(raw, &place)?;
        check_fit(&target, &rule, &place)?;
        rules.push((target, rule));
    }
    let has_whole = columns.contains_key("attributes");
    if has_whole
        && rules
            .iter()
            .any(|(target, _)| matches!(target, Target::Attribute(_)))
    {
        let what = "both the whole object and single members are mapped";
        return Err(Fault::property(
            format!("{place}.attributes"),
            what,
            "map one or the other",
        ));
    }
    Ok(rules)
}

/// Returns what a record column's name means for a kind.
pub(crate) fn parse_target(kind: RecordKind, name: &str) -> Option<Target> {
    match name.strip_prefix("attributes.") {
        Some("") => None,
        Some(attribute) => Some(Target::Attribute(attribute.to_owned())),
        None => kind.column(name).map(Target::Column),
    }
}

fn unknown_column(kind: RecordKind, name: &str, place: &str) -> Fault {
    let what = format!("a `{}` has no column `{name}`", kind.name());
    let known = kind.columns().map(|column| column.name);
    let hint = nearest_hint(name, known);
    Fault::property(
        place,
        what,
        format!("{hint} Other fields go to `attributes.NAME`"),
    )
}

fn parse_rule(raw: &Value, place: &str) -> Result<Rule, Fault> {
    let table = match raw {
        Value::String(cell) => return Ok(Rule::Cell(cell.clone())),
        Value::Object(table) => table,
        _ => return Err(wrong_form(place)),
    };
    let keys: Vec<&str> = table.keys().map(String::as_str).collect();
    match keys.as_slice() {
        ["row"] if table["row"] == Value::Bool(true) => Ok(Rule::Row),
        ["template"] => parse_template(text(table, "template", place)?, place),
        ["hash_of"] => parse_hash_of(&table["hash_of"], place),
        ["const"] => scalar(&table["const"]).map(Rule::Const).ok_or_else(|| {
            Fault::property(
                place,
                "`const` is no text, number or flag",
                "write one value",
            )
        }),
        _ if table.contains_key("from") => parse_from(table, place),
        _ => Err(wrong_form(place)),
    }
}

fn wrong_form(place: &str) -> Fault {
    let hint = "write \"COLUMN\", { row = true }, { template = \"{A}:x\" }, { hash_of = [\"A\"] }, \
                { const = 1 }, { from = \"A\", format, timezone } or { from = \"A\", map, else }";
    Fault::property(place, "this is no rule for a column", hint)
}

fn text<'raw>(table: &'raw Map<String, Value>, key: &str, place: &str) -> Result<&'raw str, Fault> {
    let wrong = || {
        Fault::property(
            format!("{place}.{key}"),
            "this is no text",
            "put it in quotes",
        )
    };
    table[key].as_str().ok_or_else(wrong)
}

fn optional_text<'raw>(
    table: &'raw Map<String, Value>,
    key: &str,
    place: &str,
) -> Result<Option<&'raw str>, Fault> {
    table
        .contains_key(key)
        .then(|| text(table, key, place))
        .transpose()
}

fn scalar(raw: &Value) -> Option<String> {
    match raw {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn parse_hash_of(raw: &Value, place: &str) -> Result<Rule, Fault> {
    let cells = raw
        .as_array()
        .map(|cells| cells.iter().map(|cell| cell.as_str().map(str::to_owned)));
    match cells.and_then(Iterator::collect::<Option<Vec<_>>>) {
        Some(cells) if !cells.is_empty() => Ok(Rule::HashOf(cells)),
        _ => Err(Fault::property(
            place,
            "`hash_of` is no list of columns",
            "write [\"A\", \"B\"]",
        )),
    }
}

fn parse_template(template: &str, place: &str) -> Result<Rule, Fault> {
    let wrong = |what: &str| Fault::property(place, what, "write { template = \"{COLUMN}:x\" }");
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((literal, tail)) = rest.split_once('{') {
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.to_owned()));
        }
        let (cell, tail) = tail
            .split_once('}')
            .ok_or_else(|| wrong("a `{` is not closed"))?;
        if cell.is_empty() {
            return Err(wrong("`{}` names no column"));
        }
        pieces.push(Piece::Cell(cell.to_owned()));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    if !pieces.iter().any(|piece| matches!(piece, Piece::Cell(_))) {
        return Err(wrong("the template names no column"));
    }
    Ok(Rule::Template(pieces))
}

fn parse_from(table: &Map<String, Value>, place: &str) -> Result<Rule, Fault> {
    const KEYS: [&str; 5] = ["from", "format", "timezone", "map", "else"];
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let what = format!("unknown key `{key}`");
        return Err(Fault::property(place, what, nearest_hint(key, KEYS)));
    }
    let cell = text(table, "from", place)?.to_owned();
    let is_time = table.contains_key("format") || table.contains_key("timezone");
    let is_mapped = table.contains_key("map") || table.contains_key("else");
    match (is_time, is_mapped) {
        (true, true) => {
            let what = "`format` and `map` exclude each other";
            Err(Fault::property(
                place,
                what,
                "a time has a `format`, a word has a `map`",
            ))
        }
        (true, false) => parse_time(cell, table, place),
        (false, true) => parse_map(cell, table, place),
        (false, false) => Ok(Rule::Cell(cell)),
    }
}

fn parse_time(cell: String, table: &Map<String, Value>, place: &str) -> Result<Rule, Fault> {
    let format = optional_text(table, "format", place)?.map(str::to_owned);
    if let Some(format) = &format {
        instant::check_format(format).map_err(|error| {
            let what = format!("`{format}` cannot be read as a time: {error}");
            let hint = "use strptime directives that name a day, such as `%d/%m/%Y %H:%M`";
            Fault::property(format!("{place}.format"), what, hint)
        })?;
    }
    let zone = match optional_text(table, "timezone", place)? {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| {
            let what = format!("unknown time zone `{name}`");
            let known: Vec<_> = jiff::tz::db()
                .available()
                .map(|zone| zone.to_string())
                .collect();
            let nearest = crate::fault::nearest(name, known.iter().map(String::as_str));
            let hint = nearest.map_or(
                "use an IANA name such as `Europe/London`".to_owned(),
                |zone| format!("did you mean `{zone}`?"),
            );
            Fault::property(format!("{place}.timezone"), what, hint)
        })?,
    };
    Ok(Rule::Time { cell, format, zone })
}

fn parse_map(cell: String, table: &Map<String, Value>, place: &str) -> Result<Rule, Fault> {
    let map_place = format!("{place}.map");
    let raw = table.get("map").and_then(Value::as_object).ok_or_else(|| {
        Fault::property(
            &map_place,
            "this is no table",
            "write { done = \"complete\" }",
        )
    })?;
    let mut words = HashMap::with_capacity(raw.len());
    for (from, to) in raw {
        let to = scalar(to).ok_or_else(|| {
            Fault::property(
                format!("{map_place}.{from}"),
                "this is no single value",
                "write one value",
            )
        })?;
        words.insert(from.clone(), to);
    }
    let otherwise = match table.get("else") {
        None => None,
        Some(raw) => Some(scalar(raw).ok_or_else(|| {
            Fault::property(
                format!("{place}.else"),
                "this is no single value",
                "write one value",
            )
        })?),
    };
    Ok(Rule::Mapped {
        cell,
        table: words,
        otherwise,
    })
}

/// A rule that cannot give a value of the column's type is a fault before a file is opened.
fn check_fit(target: &Target, rule: &Rule, place: &str) -> Result<(), Fault> {
    let Target::Column(column) = target else {
        let what = "attributes are texts";
        return match rule {
            Rule::Time { .. } => Err(Fault::property(place, what, "map the column as it is")),
            _ => Ok(()),
        };
    };
    if matches!(rule, Rule::Time { .. }) && column.column_type != ColumnType::Time {
        let what = format!("`{}` holds no time", column.name);
        return Err(Fault::property(
            place,
            what,
            "take `format` and `timezone` away",
        ));
    }
    if matches!(rule, Rule::Row) && column.column_type != ColumnType::Text {
        let what = format!("`{}` holds no text", column.name);
        return Err(Fault::property(place, what, "`{ row = true }` makes an id"));
    }
    let (is_enum, hint) = (!column.values.is_empty(), || {
        nearest_hint("", column.values.iter().copied())
    });
    let values: Vec<&String> = match rule {
        Rule::Const(value) => vec![value],
        Rule::Mapped {
            table, otherwise, ..
        } => table.values().chain(otherwise).collect(),
        _ => Vec::new(),
    };
    match values
        .into_iter()
        .find(|value| is_enum && !column.values.contains(&value.as_str()))
    {
        Some(value) => {
            let what = format!("`{value}` is no value of `{}`", column.name);
            Err(Fault::property(place, what, hint()))
        }
        None => Ok(()),
    }
}
