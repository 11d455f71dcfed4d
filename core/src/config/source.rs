//! One configured instance of a plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use toml::de::DeValue;

use crate::config::fault::{Complaint, Fault};
use crate::config::reader::{
    Entry, Place, Sheet, TableReader, Tree, in_file_order, number, position, whole,
};
use crate::config::scalar;
use crate::config::secret::{self, SECRET_KEY, SecretReference, SecretString};
use crate::record::{CronLine, Rhythm, SourceName, annotation};

/// A checked `[[source]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// The key of its rows for ever.
    pub name: SourceName,
    /// Name of its plugin, as in `libvocd_source_NAME.so`.
    pub plugin: String,
    /// When it is pulled.
    pub rhythm: Rhythm,
    /// Whether a pull that came due while the daemon was not running is made up for at its start.
    pub catches_up: bool,
    /// Where webhooks come: the silence that is normal.
    pub expect_every: Option<Duration>,
    /// Longest time one pull may take.
    pub timeout: Duration,
    /// What one pull may use.
    pub limits: SourceLimits,
    /// The plugin's own configuration; secrets in it are references, see
    /// [`crate::config::secret`].
    pub config: Value,
    /// Where each value of `config` stands in the file.
    pub places: Places,
}

/// What one pull may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLimits {
    /// Memory of the child process, in bytes.
    pub memory_bytes: u64,
    /// Requests to the vendor in a minute.
    pub requests_per_minute: u32,
}

/// Lines and columns of the values of a source's `config`, by JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    file: PathBuf,
    plugin: (usize, usize),
    by_pointer: BTreeMap<String, (usize, usize)>,
}

impl Places {
    /// Builds a fault at a JSON pointer, or at the nearest value around it.
    #[must_use]
    pub fn fault(&self, pointer: &str, what: impl Into<String>, hint: impl Into<String>) -> Fault {
        let mut around = pointer;
        let (line, column) = loop {
            if let Some(position) = self.by_pointer.get(around) {
                break *position;
            }
            match around.rfind('/') {
                Some(slash_idx) => around = &around[..slash_idx],
                None => break (1, 1),
            }
        };
        Fault {
            line,
            column,
            ..Fault::of_file(&self.file, what, hint)
        }
    }
}

impl SourceConfig {
    /// Builds a fault that points at the name of the plugin.
    #[must_use]
    pub fn plugin_fault(&self, what: impl Into<String>, hint: impl Into<String>) -> Fault {
        let (line, column) = self.places.plugin;
        Fault {
            line,
            column,
            ..Fault::of_file(&self.places.file, what, hint)
        }
    }

    /// Returns the plugin's configuration with a text in place of every secret it refers to.
    #[must_use]
    pub fn without_secrets(&self, instead: &str) -> Value {
        secret::replace(&self.config, instead)
    }

    /// Reads the secrets, when a run starts: the configuration for the plugin, and each secret in
    /// it for redaction.
    ///
    /// # Errors
    /// When a secret cannot be read; the fault points at the source.
    pub fn resolve(&self) -> Result<(Value, Vec<SecretString>), Fault> {
        secret::resolve(&self.config)
            .map_err(|error| self.places.fault("", error.to_string(), error.hint()))
    }
}

/// Most sources of one daemon; each has a writer of its own.
pub const SOURCES_MAX: usize = 200;

/// Reads when a source is pulled: by `every` or by `cron`.
fn rhythm(sheet: &mut Sheet<'_>, table: &mut TableReader<'_, '_>) -> Option<Rhythm> {
    let has_both = table.has("every") && table.has("cron");
    let every = table.parsed(sheet, "every", scalar::duration);
    if !table.has("cron") {
        return Some(Rhythm::Every(every?.value));
    }
    let line = table.parsed(sheet, "cron", cron_line)?;
    if has_both {
        let what = "`cron` stands beside `every`";
        sheet.fault(&line.place, what, "keep the one that says when to pull");
        return None;
    }
    Some(Rhythm::Cron(Box::new(line.value)))
}

fn cron_line(text: &str) -> Result<CronLine, Complaint> {
    CronLine::parse(text).map_err(|why| {
        Complaint::new(
            format!("`{text}` is no cron line: {why}"),
            "write minute, hour, day, month and weekday, such as `0 */2 * * *` or `30 6 * * 1-5`",
        )
    })
}

fn catch_up(text: &str) -> Result<bool, Complaint> {
    match text {
        "once" => Ok(true),
        "none" => Ok(false),
        _ => Err(Complaint::new(
            format!("`{text}` is no way to catch up"),
            "write `once` or `none`",
        )),
    }
}

/// Reads one `[[source]]`.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    file: &Path,
    mut table: TableReader<'_, '_>,
) -> Option<SourceConfig> {
    let name = table.parsed(sheet, "name", name);
    let plugin = table.parsed(sheet, "plugin", plugin);
    for (key, hint) in [
        (
            "name",
            "choose one of a-z, 0-9 and `-`; it is the key of its rows for ever",
        ),
        ("plugin", "name the plugin, such as `csv`"),
    ] {
        if !table.has(key) {
            table.missing(sheet, key, hint);
        }
    }
    let rhythm = rhythm(sheet, &mut table);
    let catches_up = table.parsed(sheet, "catch_up", catch_up);
    let timeout = table.parsed(sheet, "timeout", scalar::duration);
    let expect_every = table.parsed(sheet, "expect_every", scalar::duration);
    let mut limits = table.table(sheet, "limits");
    let memory = limits.parsed(sheet, "memory", scalar::size_bytes);
    let requests = limits.whole(sheet, "requests_per_minute", 1..=1_000_000);
    limits.finish(sheet);
    let entry = table.written("config");
    let start = table.place();
    table.finish(sheet);
    let (config, mut places) = plugin_config(sheet, file, entry, &start);
    let plugin_place = plugin.as_ref().map_or(&start, |plugin| &plugin.place);
    places.plugin = position(sheet.text(), plugin_place.start);
    Some(SourceConfig {
        name: name?.value,
        plugin: plugin?.value,
        rhythm: rhythm?,
        catches_up: catches_up?.value,
        expect_every: expect_every.map(|silence| silence.value),
        timeout: timeout?.value,
        limits: SourceLimits {
            memory_bytes: memory?.value,
            requests_per_minute: u32::try_from(requests?.value).ok()?,
        },
        config,
        places,
    })
}

fn name(text: &str) -> Result<SourceName, Complaint> {
    if text == annotation::SOURCE {
        return Err(Complaint::new(
            format!("the name `{text}` is kept for events written over HTTP"),
            "choose another name",
        ));
    }
    SourceName::new(text).ok_or_else(|| {
        Complaint::new(
            format!("`{text}` is no source name"),
            "use 1 to 40 of a-z, 0-9 and `-`",
        )
    })
}

fn plugin(text: &str) -> Result<String, Complaint> {
    let is_valid = (1..=SourceName::BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    if is_valid {
        return Ok(text.to_owned());
    }
    Err(Complaint::new(
        format!("`{text}` is no plugin name"),
        "write the name alone, such as `csv` for libvocd_source_csv.so",
    ))
}

/// Turns `[source.config]` into JSON and remembers the places.
fn plugin_config(
    sheet: &mut Sheet<'_>,
    file: &Path,
    entry: Option<Entry<'_, '_>>,
    source_place: &Place,
) -> (Value, Places) {
    let mut builder = JsonBuilder {
        folder: super::folder_of(file),
        sheet,
        places: Places {
            file: file.to_owned(),
            plugin: (1, 1),
            by_pointer: BTreeMap::new(),
        },
    };
    let place = entry
        .as_ref()
        .map_or(source_place, |entry| &entry.key_place);
    builder.remember("", place);
    let value = match entry {
        None => Value::Object(Map::new()),
        Some(entry) => match entry.value.as_table() {
            Some(table) => builder.object("", table),
            None => {
                let complaint = crate::config::reader::wrong_type(entry.value, "[source.config]");
                builder
                    .sheet
                    .complain(&entry.place, complaint.about("config"));
                Value::Object(Map::new())
            }
        },
    };
    (value, builder.places)
}

struct JsonBuilder<'s, 't> {
    folder: &'s Path,
    sheet: &'s mut Sheet<'t>,
    places: Places,
}

impl JsonBuilder<'_, '_> {
    fn remember(&mut self, pointer: &str, place: &Place) {
        let position = position(self.sheet.text(), place.start);
        self.places.by_pointer.insert(pointer.to_owned(), position);
    }

    fn object(&mut self, pointer: &str, table: &Tree<'_>) -> Value {
        let mut entries = Map::new();
        for (key, value) in in_file_order(table) {
            let name = key.get_ref().as_ref();
            if name == SECRET_KEY {
                let hint = "write { env = \"NAME\" } or { file = \"PATH\" }";
                self.sheet.fault(&key.span(), "`$secret` is reserved", hint);
                continue;
            }
            let pointer = format!("{pointer}/{}", escaped(name));
            let json = match secret_reference(value.get_ref(), self.folder) {
                Some(reference) => reference.to_json(),
                None => self.value(&pointer, value.get_ref(), &value.span()),
            };
            // The key, not the value: an editor jumps to where the name is.
            self.remember(&pointer, &key.span());
            entries.insert(name.to_owned(), json);
        }
        Value::Object(entries)
    }

    fn value(&mut self, pointer: &str, value: &DeValue<'_>, place: &Place) -> Value {
        self.remember(pointer, place);
        let scalar = match value {
            DeValue::Table(table) => return self.object(pointer, table),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                return items
                    .map(|(idx, item)| {
                        self.value(&format!("{pointer}/{idx}"), item.get_ref(), &item.span())
                    })
                    .collect();
            }
            DeValue::String(text) => Ok(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Ok(Value::Bool(*flag)),
            DeValue::Datetime(datetime) => Ok(Value::String(datetime.to_string())),
            DeValue::Integer(_) => whole(value).map(Value::from),
            DeValue::Float(_) => number(value).map(Value::from),
        };
        scalar.unwrap_or_else(|complaint| {
            self.sheet.complain(place, complaint);
            Value::Null
        })
    }
}

/// A table of exactly `env` or exactly `file`, holding a text, is a reference to a secret.
fn secret_reference(value: &DeValue<'_>, folder: &Path) -> Option<SecretReference> {
    let table = value.as_table().filter(|table| table.len() == 1)?;
    let text = |key: &str| table.get(key)?.get_ref().as_str();
    if let Some(name) = text("env") {
        return Some(SecretReference::Env(name.to_owned()));
    }
    Some(SecretReference::File(folder.join(text("file")?)))
}

/// Escapes a key for a JSON pointer (RFC 6901).
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
