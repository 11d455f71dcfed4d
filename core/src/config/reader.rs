//! Reads a TOML text key by key, keeps the place of every value and collects every fault.
//!
//! A derive stops at the first wrong value; a person who fixes a file wants all of them. Each
//! table is read by name, a missing key falls back to the same key of the embedded defaults, and
//! what nobody asked for is an unknown key.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::config::fault::{Complaint, Fault, nearest_hint};

/// A parsed tree: tables with the place of every key and value.
pub(crate) type Tree<'t> = DeTable<'t>;

/// A place in the text, in bytes.
pub(crate) type Place = Range<usize>;

/// The file being read and the faults found in it so far.
#[derive(Debug)]
pub(crate) struct Sheet<'t> {
    file: PathBuf,
    text: &'t str,
    faults: Vec<Fault>,
}

impl<'t> Sheet<'t> {
    /// Starts a sheet without faults.
    pub(crate) fn new(file: &Path, text: &'t str) -> Self {
        Self {
            file: file.to_owned(),
            text,
            faults: Vec::new(),
        }
    }

    /// Parses the text; syntax faults are recorded and the rest is read as well as it can be.
    pub(crate) fn parse(&mut self) -> Spanned<Tree<'t>> {
        let (tree, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let place = error.span().unwrap_or(0..0);
            let what = error.message().replace('\n', ", ");
            self.fault(&place, what, "this is not valid TOML here; see toml.io");
        }
        tree
    }

    /// Records a fault at a place.
    pub(crate) fn fault(
        &mut self,
        place: &Place,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let fault = self.at(place, what, hint);
        self.faults.push(fault);
    }

    /// Records what a value's parser said.
    pub(crate) fn complain(&mut self, place: &Place, complaint: Complaint) {
        self.fault(place, complaint.what, complaint.hint);
    }

    /// Builds a fault at a place without recording it.
    pub(crate) fn at(
        &self,
        place: &Place,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Fault {
        let (line, column) = position(self.text, place.start);
        Fault {
            line,
            column,
            ..Fault::of_file(&self.file, what, hint)
        }
    }

    /// Returns the text being read.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Hands out the faults in the order of the file.
    pub(crate) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        self.faults
    }
}

/// Returns line and column (in characters), both from 1, of a byte of the text.
pub(crate) fn position(text: &str, byte_idx: usize) -> (usize, usize) {
    let before = text.get(..byte_idx).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline_idx| newline_idx + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it stands.
    pub(crate) place: Place,
}

/// One value as found under a key.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a, 't> {
    /// The value.
    pub(crate) value: &'a DeValue<'t>,
    /// Where the value stands.
    pub(crate) place: Place,
    /// Where the key stands.
    pub(crate) key_place: Place,
}

/// Reads one table: remembers which keys were asked for.
#[derive(Debug)]
pub(crate) struct TableReader<'a, 't> {
    label: String,
    place: Place,
    written: Option<&'a Tree<'t>>,
    defaults: Option<&'a Tree<'t>>,
    known: Vec<&'static str>,
}

impl<'a, 't> TableReader<'a, 't> {
    /// Starts reading a table; `label` names it in faults.
    pub(crate) fn new(
        label: impl Into<String>,
        place: Place,
        written: Option<&'a Tree<'t>>,
        defaults: Option<&'a Tree<'t>>,
    ) -> Self {
        Self {
            label: label.into(),
            place,
            written,
            defaults,
            known: Vec::new(),
        }
    }

    /// Where the table stands.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Returns what is written under a key in the file itself.
    pub(crate) fn written(&mut self, key: &'static str) -> Option<Entry<'a, 't>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        entry(self.written?, key)
    }

    fn default(&self, key: &str) -> Option<Entry<'a, 't>> {
        entry(self.defaults?, key)
    }

    /// Reads a value with `read`; a bad or missing one falls back to the default.
    pub(crate) fn read<T>(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'t>) -> Result<T, Complaint>,
    ) -> Option<Placed<T>> {
        if let Some(entry) = self.written(key) {
            match read(entry.value) {
                Ok(value) => {
                    let place = entry.place;
                    return Some(Placed { value, place });
                }
                Err(complaint) => sheet.complain(&entry.place, complaint.about(key)),
            }
        }
        let entry = self.default(key)?;
        let value = read(entry.value).ok()?;
        let place = self.place();
        Some(Placed { value, place })
    }

    /// Reads a text with `parse`.
    pub(crate) fn parsed<T>(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Placed<T>> {
        self.read(sheet, key, |value| parse(text(value)?))
    }

    /// Reads a text.
    pub(crate) fn text(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
    ) -> Option<Placed<String>> {
        self.parsed(sheet, key, |text| Ok(text.to_owned()))
    }

    /// Reads a whole number within bounds.
    pub(crate) fn whole(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<Placed<i64>> {
        self.read(sheet, key, |value| {
            let number = whole(value)?;
            if bounds.contains(&number) {
                return Ok(number);
            }
            let (low, high) = (bounds.start(), bounds.end());
            Err(Complaint::new(
                format!("{number} is out of range"),
                format!("write a whole number from {low} to {high}"),
            ))
        })
    }

    /// Reads a number; a whole one counts as well.
    pub(crate) fn number(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
    ) -> Option<Placed<f64>> {
        self.read(sheet, key, number)
    }

    /// Reads true or false.
    pub(crate) fn flag(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
    ) -> Option<Placed<bool>> {
        self.read(sheet, key, |value| {
            value
                .as_bool()
                .ok_or_else(|| wrong_type(value, "`true` or `false`"))
        })
    }

    /// Reads a list of texts, each with its place; missing is empty.
    pub(crate) fn texts(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
    ) -> Vec<Placed<String>> {
        self.list(sheet, key, |value| text(value).map(str::to_owned))
    }

    /// Reads a list with one parser for its items; missing is empty, bad items are left out.
    pub(crate) fn list<T>(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'t>) -> Result<T, Complaint>,
    ) -> Vec<Placed<T>> {
        let Some(entry) = self.written(key).or_else(|| self.default(key)) else {
            return Vec::new();
        };
        let Some(items) = entry.value.as_array() else {
            sheet.complain(
                &entry.place,
                wrong_type(entry.value, "a list, such as [\"a\", \"b\"]").about(key),
            );
            return Vec::new();
        };
        read_items(sheet, key, items, read)
    }

    /// Reads a table below this one; a missing one has only defaults.
    pub(crate) fn table(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Self {
        let entry = self.written(key);
        let place = match &entry {
            Some(entry) => entry.key_place.clone(),
            None => self.place(),
        };
        let written = entry.and_then(|entry| as_table(sheet, key, &entry));
        let defaults = self.default(key).and_then(|entry| entry.value.as_table());
        Self::new(format!("[{key}]"), place, written, defaults)
    }

    /// Reads a list of tables; each falls back to the first table of the default list.
    pub(crate) fn tables(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Vec<Self> {
        let defaults = self
            .default(key)
            .and_then(|entry| entry.value.as_array()?.first()?.get_ref().as_table());
        let Some(entry) = self.written(key) else {
            return Vec::new();
        };
        let Some(items) = entry.value.as_array() else {
            let complaint = wrong_type(entry.value, &format!("tables, such as [[{key}]]"));
            sheet.complain(&entry.place, complaint.about(key));
            return Vec::new();
        };
        let mut readers = Vec::new();
        for item in items.iter() {
            let (value, place) = (item.get_ref(), item.span());
            if let Some(table) = value.as_table() {
                let label = format!("[[{key}]]");
                readers.push(Self::new(label, place, Some(table), defaults));
            } else {
                sheet.complain(&place, wrong_type(value, "a table").about(key));
            }
        }
        readers
    }

    /// Returns the tables under freely chosen names, such as `[goals.NAME]`.
    pub(crate) fn named_tables(
        &mut self,
        sheet: &mut Sheet<'_>,
        key: &'static str,
    ) -> Vec<(Placed<String>, Self)> {
        let Some(entry) = self.written(key) else {
            return Vec::new();
        };
        let Some(table) = as_table(sheet, key, &entry) else {
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in in_file_order(table) {
            let place = name.span();
            let name = name.get_ref().to_string();
            let label = format!("[{key}.{name}]");
            let Some(inner) = value.get_ref().as_table() else {
                let complaint = wrong_type(value.get_ref(), &format!("a table, such as {label}"));
                sheet.complain(&value.span(), complaint.about(&name));
                continue;
            };
            let reader = Self::new(label, place.clone(), Some(inner), None);
            let value = name;
            named.push((Placed { value, place }, reader));
        }
        named
    }

    /// Records that a required key is missing.
    pub(crate) fn missing(&self, sheet: &mut Sheet<'_>, key: &str, hint: &str) {
        let what = format!("{} has no `{key}`", self.label);
        sheet.fault(&self.place, what, hint);
    }

    /// Whether the file itself writes this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.written
            .is_some_and(|table| entry(table, key).is_some())
    }

    /// Refuses a key whose feature this version does not have.
    pub(crate) fn refuse(&mut self, sheet: &mut Sheet<'_>, key: &'static str, instead: &str) {
        if let Some(entry) = self.written(key) {
            let what = format!("`{key}` is not in this version");
            sheet.fault(&entry.key_place, what, instead);
        }
    }

    /// Faults every key that nobody asked for.
    pub(crate) fn finish(self, sheet: &mut Sheet<'_>) {
        let Some(table) = self.written else { return };
        for (key, _) in in_file_order(table) {
            let name = key.get_ref().as_ref();
            if !self.known.contains(&name) {
                let what = format!("unknown key `{name}` in {}", self.label);
                let hint = nearest_hint(name, self.known.iter().copied());
                sheet.fault(&key.span(), what, hint);
            }
        }
    }
}

impl Complaint {
    /// Puts the key in front of what is wrong.
    pub(crate) fn about(self, key: &str) -> Self {
        Self::new(format!("`{key}`: {}", self.what), self.hint)
    }
}

/// Returns the keys of a table in the order of the file.
pub(crate) fn in_file_order<'a, 't>(
    table: &'a Tree<'t>,
) -> Vec<(
    &'a Spanned<std::borrow::Cow<'t, str>>,
    &'a Spanned<DeValue<'t>>,
)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Reads a text.
pub(crate) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Complaint> {
    value
        .as_str()
        .ok_or_else(|| wrong_type(value, "a text in quotes"))
}

/// Reads a whole number.
pub(crate) fn whole(value: &DeValue<'_>) -> Result<i64, Complaint> {
    let integer = value
        .as_integer()
        .ok_or_else(|| wrong_type(value, "a whole number"))?;
    i64::from_str_radix(integer.as_str(), integer.radix())
        .map_err(|_| Complaint::new("the number is too large", "write a smaller one"))
}

/// Reads a finite number.
pub(crate) fn number(value: &DeValue<'_>) -> Result<f64, Complaint> {
    let text = match (value.as_float(), value.as_integer()) {
        (Some(float), _) => float.as_str(),
        (None, Some(integer)) if integer.radix() == 10 => integer.as_str(),
        _ => return Err(wrong_type(value, "a number")),
    };
    let number: f64 = text.parse().map_err(|_| wrong_type(value, "a number"))?;
    if number.is_finite() {
        return Ok(number);
    }
    Err(Complaint::new(
        format!("`{text}` is not finite"),
        "write a finite number",
    ))
}

/// Returns the complaint about a value of the wrong type.
pub(crate) fn wrong_type(value: &DeValue<'_>, expected: &str) -> Complaint {
    Complaint::new(
        format!("wrong type, found {}", value.type_str()),
        format!("write {expected}"),
    )
}

/// Reads the items of a list, leaving out the bad ones.
pub(crate) fn read_items<'t, T>(
    sheet: &mut Sheet<'_>,
    key: &str,
    items: &DeArray<'t>,
    read: impl Fn(&DeValue<'t>) -> Result<T, Complaint>,
) -> Vec<Placed<T>> {
    let mut found = Vec::new();
    for item in items.iter() {
        let place = item.span();
        match read(item.get_ref()) {
            Ok(value) => found.push(Placed { value, place }),
            Err(complaint) => sheet.complain(&place, complaint.about(key)),
        }
    }
    found
}

fn entry<'a, 't>(table: &'a Tree<'t>, key: &str) -> Option<Entry<'a, 't>> {
    let (name, value) = table.get_key_value(key)?;
    Some(Entry {
        value: value.get_ref(),
        place: value.span(),
        key_place: name.span(),
    })
}

fn as_table<'a, 't>(
    sheet: &mut Sheet<'_>,
    key: &str,
    entry: &Entry<'a, 't>,
) -> Option<&'a Tree<'t>> {
    let table = entry.value.as_table();
    if table.is_none() {
        let complaint = wrong_type(entry.value, &format!("a table, such as [{key}]"));
        sheet.complain(&entry.place, complaint.about(key));
    }
    table
}
