//! The configuration of a source: as written, and checked.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};
use twox_hash::XxHash3_64;
use vocd_plugin::RecordKind;

use crate::fault::{Fault, nearest_hint};
use crate::rule::{Rule, Target, parse_columns};

/// Rows between checkpoints: a second's work, so that an interrupted run repeats little.
const CHECKPOINT_ROWS_DEFAULT: u64 = 50_000;
/// Greatest number of `file` entries, and of records of one entry.
const ENTRIES_MAX: usize = 500;
/// Greatest number of header rows.
const HEADER_ROWS_MAX: usize = 100;
/// Greatest number of texts that stand for an empty cell: each cell is compared with all of them.
const NULLS_MAX: usize = 20;
/// Raise it when the same rules give other rows, so that files are read again.
const MAPPING_VERSION: u64 = 1;

/// What is written under `[source.config]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(rename = "$base_dir", default)]
    base_dir: PathBuf,
    file: Vec<Value>,
    checkpoint_rows: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: String,
    kind: Option<String>,
    columns: Option<Map<String, Value>>,
    skip_if_null: Option<String>,
    #[serde(default)]
    record: Vec<RawRecord>,
    delimiter: Option<String>,
    encoding: Option<String>,
    header_rows: Option<usize>,
    #[serde(default)]
    nulls: Vec<String>,
    on_missing: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    kind: Option<String>,
    columns: Option<Map<String, Value>>,
    skip_if_null: Option<String>,
}

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// The folder relative paths count from.
    pub(crate) base_dir: PathBuf,
    /// The `file` entries, at least one.
    pub(crate) entries: Vec<Entry>,
    /// Rows between checkpoints.
    pub(crate) checkpoint_rows: u64,
}

/// One `file` entry.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place in the configuration, for faults: `file[0]`.
    pub(crate) place: String,
    /// The path or glob, as written.
    pub(crate) pattern: String,
    /// The records each row gives, at least one.
    pub(crate) records: Vec<RecordRules>,
    /// Set, or to be detected.
    pub(crate) delimiter: Option<u8>,
    /// Set, or to be detected.
    pub(crate) encoding: Option<Encoding>,
    /// Rows before the first record; the first of them has the names.
    pub(crate) header_rows: usize,
    /// Texts that stand for an empty cell; may be empty.
    pub(crate) nulls: Vec<String>,
    /// Changes when the same file would give other rows.
    pub(crate) fingerprint: u64,
}

/// How one row becomes one record.
#[derive(Debug)]
pub(crate) struct RecordRules {
    /// The record kind.
    pub(crate) kind: RecordKind,
    /// What fills its columns; `None`: header names are record columns.
    pub(crate) columns: Option<Vec<(Target, Rule)>>,
    /// The record column whose absence means that the row gives no such record.
    pub(crate) skip_if_null: Option<String>,
    /// Behind the row's number in row ids: empty for the first record of its kind, then `:2`, ….
    pub(crate) id_suffix: String,
    /// What happens to records whose row is gone, where written.
    pub(crate) on_missing: Option<OnMissing>,
}

/// What happens to records whose row is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMissing {
    /// They are deleted; needs row ids.
    Delete,
    /// They stay.
    Keep,
}

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// Windows-1252, of which ISO 8859-1 is a part.
    Windows1252,
}

impl Config {
    /// Reads and checks a configuration.
    pub(crate) fn parse(config_json: &str) -> Result<Self, Fault> {
        let form = |error: serde_json::Error| Fault::Form {
            what: error.to_string(),
        };
        let raw: RawConfig = serde_json::from_str(config_json).map_err(form)?;
        if raw.file.is_empty() || raw.file.len() > ENTRIES_MAX {
            let what = format!("there are {} entries", raw.file.len());
            return Err(Fault::property(
                "file",
                what,
                format!("write 1 to {ENTRIES_MAX}"),
            ));
        }
        let checkpoint_rows = raw.checkpoint_rows.unwrap_or(CHECKPOINT_ROWS_DEFAULT);
        if checkpoint_rows == 0 {
            return Err(Fault::property(
                "checkpoint_rows",
                "0 rows",
                "write 1 or more",
            ));
        }
        let entries = raw.file.iter().enumerate();
        Ok(Self {
            base_dir: raw.base_dir,
            entries: entries
                .map(|(idx, file)| Entry::parse(file, idx))
                .collect::<Result<_, _>>()?,
            checkpoint_rows,
        })
    }
}

impl Entry {
    fn parse(raw: &Value, idx: usize) -> Result<Self, Fault> {
        let place = format!("file[{idx}]");
        let file: RawFile = serde_json::from_value(raw.clone()).map_err(|error| {
            Fault::property(&place, error.to_string(), "see the plugin's README")
        })?;
        let on_missing = parse_on_missing(file.on_missing.as_deref(), &place)?;
        let mut rules = raw.clone();
        if let Some(table) = rules.as_object_mut() {
            // Where the files lie does not change what their rows mean.
            table.remove("path");
        }
        let header_rows = file.header_rows.unwrap_or(1);
        if header_rows > HEADER_ROWS_MAX {
            let what = format!("{header_rows} header rows");
            let hint = format!("write 0 to {HEADER_ROWS_MAX}");
            return Err(Fault::property(format!("{place}.header_rows"), what, hint));
        }
        Ok(Self {
            records: parse_records(&file, on_missing, &place)?,
            delimiter: parse_delimiter(file.delimiter.as_deref(), &place)?,
            encoding: parse_encoding(file.encoding.as_deref(), &place)?,
            header_rows,
            nulls: parse_nulls(&file.nulls, &place)?,
            fingerprint: XxHash3_64::oneshot_with_seed(
                MAPPING_VERSION,
                rules.to_string().as_bytes(),
            ),
            pattern: file.path,
            place,
        })
    }

    /// Returns the columns of the file that the rules read; with names from the header, those that
    /// would be understood.
    pub(crate) fn wanted_cells(&self) -> Vec<&str> {
        let mut wanted = Vec::new();
        for record in &self.records {
            match &record.columns {
                Some(rules) => wanted.extend(rules.iter().flat_map(|(_, rule)| rule.cells())),
                None => wanted.extend(record.kind.columns().map(|column| column.name)),
            }
        }
        wanted
    }
}

fn parse_on_missing(raw: Option<&str>, place: &str) -> Result<Option<OnMissing>, Fault> {
    match raw {
        None => Ok(None),
        Some("delete") => Ok(Some(OnMissing::Delete)),
        Some("keep") => Ok(Some(OnMissing::Keep)),
        Some(other) => {
            let what = format!("unknown value `{other}`");
            Err(Fault::property(
                format!("{place}.on_missing"),
                what,
                "write `delete` or `keep`",
            ))
        }
    }
}

fn parse_delimiter(raw: Option<&str>, place: &str) -> Result<Option<u8>, Fault> {
    match raw.map(str::as_bytes) {
        None => Ok(None),
        Some([byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(Some(*byte)),
        Some(_) => {
            let hint = "write one ASCII character such as `,` `;` `\\t` or `|`";
            Err(Fault::property(
                format!("{place}.delimiter"),
                "this is no delimiter",
                hint,
            ))
        }
    }
}

fn parse_nulls(raw: &[String], place: &str) -> Result<Vec<String>, Fault> {
    if raw.len() > NULLS_MAX {
        return Err(Fault::property(
            format!("{place}.nulls"),
            format!("there are {} texts", raw.len()),
            format!("write at most {NULLS_MAX}"),
        ));
    }
    Ok(raw
        .iter()
        .map(|null| null.trim_ascii().to_owned())
        .collect())
}

fn parse_encoding(raw: Option<&str>, place: &str) -> Result<Option<Encoding>, Fault> {
    match raw.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("utf-8" | "utf8") => Ok(Some(Encoding::Utf8)),
        Some("windows-1252" | "cp1252" | "iso-8859-1" | "latin1") => {
            Ok(Some(Encoding::Windows1252))
        }
        Some(other) => {
            let what = format!("unknown encoding `{other}`");
            let hint = "write `utf-8` or `windows-1252`, or save the file as UTF-8";
            Err(Fault::property(format!("{place}.encoding"), what, hint))
        }
    }
}

fn parse_records(
    file: &RawFile,
    on_missing: Option<OnMissing>,
    place: &str,
) -> Result<Vec<RecordRules>, Fault> {
    let own = RawRecord {
        kind: file.kind.clone(),
        columns: file.columns.clone(),
        skip_if_null: file.skip_if_null.clone(),
    };
    // With `record` entries a bare `kind` is only their default; with `columns` it is the first.
    let has_own = file.record.is_empty() || file.columns.is_some();
    let own = has_own.then(|| (place.to_owned(), &own));
    let others = file.record.iter().enumerate();
    let others = others.map(|(idx, record)| (format!("{place}.record[{idx}]"), record));
    let mut records: Vec<RecordRules> = Vec::new();
    for (place, raw) in own.into_iter().chain(others) {
        let mut record = parse_record(raw, file.kind.as_deref(), on_missing, &place)?;
        let n_same = records
            .iter()
            .filter(|other| other.kind == record.kind)
            .count();
        if n_same > 0 {
            record.id_suffix = format!(":{}", n_same + 1);
        }
        records.push(record);
    }
    if records.len() > ENTRIES_MAX {
        let hint = format!("at most {ENTRIES_MAX} per row");
        return Err(Fault::property(
            format!("{place}.record"),
            "too many records",
            hint,
        ));
    }
    Ok(records)
}

fn parse_record(
    raw: &RawRecord,
    default_kind: Option<&str>,
    on_missing: Option<OnMissing>,
    place: &str,
) -> Result<RecordRules, Fault> {
    let kinds = || RecordKind::ALL.into_iter().map(RecordKind::name);
    let kind_place = format!("{place}.kind");
    let Some(kind_name) = raw.kind.as_deref().or(default_kind) else {
        return Err(Fault::property(
            kind_place,
            "missing",
            nearest_hint("", kinds()),
        ));
    };
    let kind = RecordKind::from_name(kind_name).ok_or_else(|| {
        let what = format!("unknown record kind `{kind_name}`");
        Fault::property(kind_place, what, nearest_hint(kind_name, kinds()))
    })?;
    let columns_place = format!("{place}.columns");
    let columns = raw.columns.as_ref();
    let columns = columns
        .map(|raw| parse_columns(kind, raw, &columns_place))
        .transpose()?;
    if let Some(rules) = &columns {
        check_required(kind, rules, &columns_place)?;
    }
    if let Some(name) = &raw.skip_if_null {
        let is_mapped = columns
            .as_ref()
            .is_none_or(|rules| finds(rules, name).is_some());
        if !is_mapped {
            let what = format!("`{name}` is not mapped in this record");
            let hint = "name one of its `columns`";
            return Err(Fault::property(format!("{place}.skip_if_null"), what, hint));
        }
    }
    if let Some(rules) = &columns {
        deletes_missing(rules, on_missing, place)?;
    }
    Ok(RecordRules {
        kind,
        columns,
        skip_if_null: raw.skip_if_null.clone(),
        id_suffix: String::new(),
        on_missing,
    })
}

/// Returns whether records of rows that are gone are deleted: with row ids, unless told to keep.
pub(crate) fn deletes_missing(
    rules: &[(Target, Rule)],
    on_missing: Option<OnMissing>,
    place: &str,
) -> Result<bool, Fault> {
    let has_row_ids = matches!(finds(rules, "id"), None | Some(Rule::Row));
    if on_missing == Some(OnMissing::Delete) && !has_row_ids {
        let what = "`delete` needs row ids: a checkpoint cannot hold the ids of a column";
        let hint = "use id = { row = true }, or a `deleted` column and on_missing = \"keep\"";
        return Err(Fault::property(format!("{place}.on_missing"), what, hint));
    }
    Ok(has_row_ids && on_missing != Some(OnMissing::Keep))
}

fn finds<'rules>(rules: &'rules [(Target, Rule)], name: &str) -> Option<&'rules Rule> {
    let is_it = |target: &Target| match target {
        Target::Column(column) => column.name == name,
        Target::Attribute(attribute) => name.strip_prefix("attributes.") == Some(attribute),
    };
    rules
        .iter()
        .find(|(target, _)| is_it(target))
        .map(|(_, rule)| rule)
}

/// A required column that nothing fills would refuse every row; `id` falls back to the row's.
pub(crate) fn check_required(
    kind: RecordKind,
    rules: &[(Target, Rule)],
    place: &str,
) -> Result<(), Fault> {
    let missing = kind.columns().find(|column| {
        column.is_required && column.name != "id" && finds(rules, column.name).is_none()
    });
    match missing {
        None => Ok(()),
        Some(column) => Err(Fault::Unmapped {
            place: place.to_owned(),
            kind: kind.name(),
            column: column.name,
        }),
    }
}
