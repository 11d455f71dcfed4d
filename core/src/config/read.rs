//! From the text of a configuration to a checked [`Config`], collecting every fault on the way.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::fault::{Complaint, Fault, nearest_hint};
use crate::config::reader::{Placed, Sheet, TableReader, text};
use crate::config::{
    Config, DEFAULTS, Dimension, FILE_BYTES_MAX, Goal, KpiRules, Limits, PluginReload, PluginTrust,
    SourceConfig, dimension, folder_of, goal, scalar, source,
};
use crate::kpi::{ClockRule, GOALS_MAX};
use crate::record::SourceName;

/// Reads a file of at most [`FILE_BYTES_MAX`].
pub(crate) fn file(path: &Path) -> Result<String, Fault> {
    let failed = |error: std::io::Error| {
        let what = format!("failed to read the file: {error}");
        Fault::of_file(path, what, "check the path and its permissions")
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(failed)?;
    opened
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let what = format!("the file has more than {FILE_BYTES_MAX} bytes");
        return Err(Fault::of_file(path, what, "is this the right file?"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let place = valid.len()..valid.len();
        Sheet::new(path, &valid).at(&place, "the file is not UTF-8", "save it as UTF-8")
    })
}

/// Checks a text as if read from `path`.
pub(crate) fn config(path: &Path, text: &str) -> Result<Config, Vec<Fault>> {
    let mut sheet = Sheet::new(path, text);
    let tree = sheet.parse();
    let mut embedded = Sheet::new(Path::new("default.toml"), DEFAULTS);
    let defaults = embedded.parse();
    let top = TableReader::new(
        "the configuration",
        0..0,
        Some(tree.get_ref()),
        Some(defaults.get_ref()),
    );
    let mut reading = Reading { sheet, path };
    let config = reading.config(top);
    match config {
        Some(config) if reading.sheet.is_clean() => Ok(config),
        _ => Err(reading.sheet.into_faults()),
    }
}

struct Reading<'t> {
    sheet: Sheet<'t>,
    path: &'t Path,
}

impl Reading<'_> {
    fn config(&mut self, mut top: TableReader<'_, '_>) -> Option<Config> {
        refuse_later_tables(&mut self.sheet, &mut top);
        let listen = top.parsed(&mut self.sheet, "listen", address);
        let front = super::front::read(&mut self.sheet, &mut top, listen.as_ref());
        let (min_group, min_group_verbatim) = self.privacy(&mut top);
        let (plugin_trust, plugin_signers, plugin_reload) = self.plugins(&mut top);
        let sources = self.sources(&mut top);
        let sheet = &mut self.sheet;
        let data_dir = top.text(sheet, "data_dir");
        let base_path = top.parsed(sheet, "base_path", base_path);
        let timezone = top.parsed(sheet, "timezone", scalar::timezone);
        let week_start = top.parsed(sheet, "week_start", scalar::weekday);
        let fiscal_year_start = top.whole(sheet, "fiscal_year_start", 1..=12);
        let plugin_dirs = top.texts(sheet, "plugin_dirs");
        let dashboards_dir = top.text(sheet, "dashboards_dir");
        let themes = super::comments::read(sheet, &mut top, folder_of(self.path));
        let memory_limit = top.parsed(sheet, "memory_limit", scalar::size_bytes);
        let goals = goals(sheet, &mut top);
        let dimensions = dimensions(sheet, &mut top);
        let limits = limits(sheet, &mut top);
        let font_dirs = self.font_dirs(&mut top);
        let network = super::network::read(&mut self.sheet, self.path, &mut top);
        let kpi = self.kpi(&mut top);
        let agents = super::agent::read(&mut self.sheet, &mut top);
        let exchange = super::currency::read(&mut self.sheet, &mut top);
        let zone = timezone.as_ref().map(|zone| &zone.value);
        let business_hours = super::hours::read(&mut self.sheet, &mut top, zone);
        let identity = identity(&mut self.sheet, &mut top, &sources);
        let questions = super::question::read(&mut self.sheet, &mut top, &sources);
        top.finish(&mut self.sheet);
        Some(Config {
            path: self.path.to_owned(),
            data_dir: self.absolute(&data_dir?.value),
            listen: listen?.value,
            base_path: base_path?.value,
            timezone: timezone?.value,
            week_start: week_start?.value,
            fiscal_year_start: i8::try_from(fiscal_year_start?.value).ok()?,
            plugin_dirs: self.plugin_dirs(&plugin_dirs),
            dashboards_dir: self.absolute(&dashboards_dir?.value),
            themes: themes?,
            library: Arc::default(),
            memory_limit_bytes: memory_limit?.value,
            front,
            min_group: min_group?,
            min_group_verbatim: min_group_verbatim?,
            agents: agents?,
            plugin_trust,
            plugin_signers,
            plugin_reload: plugin_reload?,
            font_dirs,
            network,
            limits: limits?,
            kpi: kpi?,
            exchange,
            business_hours,
            identity,
            dimensions,
            questions,
            goals,
            sources,
        })
    }

    fn absolute(&self, path: &str) -> PathBuf {
        folder_of(self.path).join(path)
    }

    fn privacy(&mut self, top: &mut TableReader<'_, '_>) -> (Option<u64>, Option<u64>) {
        let mut table = top.table(&mut self.sheet, "privacy");
        let min_group = table.whole(&mut self.sheet, "min_group", 1..=1_000);
        let verbatim = table.whole(&mut self.sheet, "min_group_verbatim", 1..=1_000);
        let instead = "drop the column in the source's own configuration";
        table.refuse(&mut self.sheet, "personal", instead);
        table.finish(&mut self.sheet);
        let count = |number: Option<Placed<i64>>| u64::try_from(number?.value).ok();
        (count(min_group), count(verbatim))
    }

    fn plugins(
        &mut self,
        top: &mut TableReader<'_, '_>,
    ) -> (PluginTrust, Vec<String>, Option<PluginReload>) {
        let mut table = top.table(&mut self.sheet, "plugins");
        let trusts = [
            ("any", PluginTrust::Any),
            ("pinned", PluginTrust::Pinned),
            ("signed", PluginTrust::Signed),
        ];
        let reloads = [
            ("auto", PluginReload::Auto),
            ("verify", PluginReload::Verify),
            ("off", PluginReload::Off),
        ];
        let trust = table.parsed(&mut self.sheet, "trust", |name| {
            scalar::choice(name, &trusts)
        });
        let signers = table.list(&mut self.sheet, "signers", |key| Ok(text(key)?.to_owned()));
        let reload = table.parsed(&mut self.sheet, "reload", |name| {
            scalar::choice(name, &reloads)
        });
        table.finish(&mut self.sheet);
        let trust = trust.map_or(PluginTrust::ByPlace, |trust| trust.value);
        let signers = signers.into_iter().map(|key| key.value).collect();
        (trust, signers, reload.map(|reload| reload.value))
    }

    fn kpi(&mut self, top: &mut TableReader<'_, '_>) -> Option<KpiRules> {
        let mut table = top.table(&mut self.sheet, "kpi");
        let sheet = &mut self.sheet;
        let grace_days = table.whole(sheet, "grace_days", 0..=3_660);
        let activity_days = table.whole(sheet, "activity_days", 1..=3_660);
        let provisional = table.parsed(sheet, "provisional", scalar::duration);
        let response_window = table.parsed(sheet, "response_window", scalar::duration);
        let relevant_nps = table.whole(sheet, "relevant_nps", 0..=200);
        let relevant_rate = table.whole(sheet, "relevant_rate", 0..=100);
        let records_begin = table.read(sheet, "records_begin", scalar::date);
        let clocks = [
            ("business", ClockRule::Business),
            ("calendar", ClockRule::Calendar),
        ];
        let clock = table.parsed(sheet, "clock", |name| scalar::choice(name, &clocks));
        table.finish(&mut self.sheet);
        let count = |number: Option<Placed<i64>>| u32::try_from(number?.value).ok();
        Some(KpiRules {
            grace_days: count(grace_days)?,
            activity_days: count(activity_days)?,
            provisional: provisional?.value,
            response_window: response_window?.value,
            relevant_nps: count(relevant_nps)?,
            relevant_rate: count(relevant_rate)?,
            records_begin: records_begin.map(|day| day.value),
            clock: clock?.value,
        })
    }

    fn font_dirs(&mut self, top: &mut TableReader<'_, '_>) -> Vec<PathBuf> {
        let mut table = top.table(&mut self.sheet, "fonts");
        let dirs = table.texts(&mut self.sheet, "dirs");
        table.finish(&mut self.sheet);
        dirs.iter().map(|dir| self.absolute(&dir.value)).collect()
    }

    fn plugin_dirs(&self, written: &[Placed<String>]) -> Vec<PathBuf> {
        if !written.is_empty() {
            return written
                .iter()
                .map(|dir| self.absolute(&dir.value))
                .collect();
        }
        super::beside_executable()
            .into_iter()
            .chain([self.absolute("plugins")])
            .collect()
    }

    fn sources(&mut self, top: &mut TableReader<'_, '_>) -> Vec<SourceConfig> {
        let tables = top.tables(&mut self.sheet, "source");
        if let Some(beyond) = tables.get(source::SOURCES_MAX) {
            let what = format!("more than {} sources", source::SOURCES_MAX);
            let hint = "run a second daemon for the rest";
            self.sheet.fault(&beyond.place(), what, hint);
        }
        let mut sources = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for mut table in tables.into_iter().take(source::SOURCES_MAX) {
            let written = table.written("name");
            let name = written.and_then(|entry| Some((entry.value.as_str()?, entry.place)));
            if let Some((name, place)) = name {
                if names.iter().any(|other| other == name) {
                    let what = format!("source name `{name}` is used twice");
                    let hint = "names are the keys of rows; choose another";
                    self.sheet.fault(&place, what, hint);
                }
                names.push(name.to_owned());
            }
            sources.extend(source::read(&mut self.sheet, self.path, table));
        }
        sources
    }
}

/// Tables and keys of the contract whose features come later.
fn refuse_later_tables(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) {
    for key in ["retention", "alerts"] {
        top.refuse(sheet, key, "leave the table out");
    }
}

fn goals(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) -> BTreeMap<String, Goal> {
    let mut goals = BTreeMap::new();
    for (name, table) in top.named_tables(sheet, "goals") {
        if let Err(complaint) = scalar::name(&name.value) {
            sheet.complain(&name.place, complaint);
        }
        if goals.len() == GOALS_MAX {
            let what = format!("more than {GOALS_MAX} goals");
            sheet.fault(&name.place, what, "leave out those that are over");
            break;
        }
        if let Some(goal) = goal::read(sheet, name.value.clone(), table) {
            goals.insert(name.value, goal);
        }
    }
    goals
}

fn dimensions(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) -> BTreeMap<String, Dimension> {
    let mut dimensions = BTreeMap::new();
    let mut n_rolled_up = 0;
    for (name, table) in top.named_tables(sheet, "dimensions") {
        if let Err(complaint) = scalar::name(&name.value) {
            sheet.complain(&name.place, complaint);
        }
        let Some(read) = dimension::read(sheet, &name, table) else {
            continue;
        };
        n_rolled_up += usize::from(read.is_rolled_up);
        if read.is_rolled_up && n_rolled_up == dimension::ROLLUP_DIMENSIONS_MAX + 1 {
            let max = dimension::ROLLUP_DIMENSIONS_MAX;
            let what = format!("more than {max} dimensions have `rollup`");
            sheet.fault(&name.place, what, "leave `rollup` out of the least used");
        }
        dimensions.insert(name.value, read);
    }
    dimensions
}

fn identity(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    sources: &[SourceConfig],
) -> Vec<SourceName> {
    let mut table = top.table(sheet, "identity");
    let mut ranked = Vec::new();
    for name in table.texts(sheet, "customer") {
        match known_source(&name.value, sources) {
            Ok(source) => ranked.push(source),
            Err(complaint) => sheet.complain(&name.place, complaint),
        }
    }
    table.finish(sheet);
    ranked
}

/// Returns the configured source of that name.
pub(super) fn known_source(name: &str, sources: &[SourceConfig]) -> Result<SourceName, Complaint> {
    let names = sources.iter().map(|source| source.name.as_str());
    let found = sources.iter().find(|source| source.name.as_str() == name);
    found.map(|source| source.name.clone()).ok_or_else(|| {
        let hint = match sources.is_empty() {
            true => format!("add a [[source]] with the name `{name}`"),
            false => nearest_hint(name, names),
        };
        Complaint::new(format!("no source is named `{name}`"), hint)
    })
}

fn limits(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) -> Option<Limits> {
    let mut table = top.table(sheet, "limits");
    let body = table.parsed(sheet, "body", scalar::size_bytes);
    let connections = table.whole(sheet, "connections", 1..=100_000);
    let rates = [
        "address_requests_per_minute",
        "token_requests_per_minute",
        "wrong_tokens_per_minute",
    ]
    .map(|key| u32::try_from(table.whole(sheet, key, 1..=100_000_000)?.value).ok());
    let inbox = table.parsed(sheet, "inbox_bytes", scalar::size_bytes);
    let query_deadline = table.parsed(sheet, "query_deadline", scalar::duration);
    table.finish(sheet);
    Some(Limits {
        body_bytes: body?.value,
        connections: u32::try_from(connections?.value).ok()?,
        address_requests_per_minute: rates[0]?,
        token_requests_per_minute: rates[1]?,
        wrong_tokens_per_minute: rates[2]?,
        inbox_bytes: inbox?.value,
        query_deadline: query_deadline?.value,
    })
}

fn address(text: &str) -> Result<SocketAddr, Complaint> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| {
        Complaint::new(
            format!("`{text}` is no address with a port"),
            "write an IP address and a port, such as `127.0.0.1:7878` or `[::1]:7878`",
        )
    })
}

fn base_path(text: &str) -> Result<String, Complaint> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
    let is_path = text.starts_with('/') && !text.ends_with('/') && !text.contains("//");
    if text.is_empty() || (is_plain && is_path && !text.contains("..")) {
        return Ok(text.to_owned());
    }
    Err(Complaint::new(
        format!("`{text}` is no path prefix"),
        "write it with a slash in front and none at the end, such as `/voc`",
    ))
}
