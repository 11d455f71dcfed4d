//! `vocd plugin dev`: build, check and read a plugin's crate, again whenever a file is saved.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use clap::Args;
use serde_json::Value;

use crate::conformance::row::Row;
use crate::conformance::{self, Bench, CheckOptions, Sample, Status, report};
use crate::host::{Host, PluginFile};
use crate::record::RecordKind;
use crate::watch::{self, Changes};

use super::super::failure::Failure;
use super::super::output;
use super::check;

/// Rows shown of each kind.
const ROWS_SHOWN: usize = 20;
/// Characters shown of one value.
const CELL_CHARS: usize = 32;
/// Folders watched; a crate with its vendored SDK has ten.
const FOLDERS_MAX: usize = 1_000;
/// Folders that hold no source of the plugin.
const NOT_WATCHED: [&str; 3] = ["target", "vocd-data", "node_modules"];

/// Which crate.
#[derive(Debug, Args)]
pub(super) struct DevFlags {
    /// Folder of the plugin's crate
    folder: PathBuf,
    /// Build, check and read once, then end
    #[arg(long)]
    once: bool,
}

/// Builds, checks and shows the crate; without `--once` until it is interrupted.
pub(super) fn run(flags: &DevFlags) -> Result<(), Failure> {
    let manifest = flags.folder.join("Cargo.toml");
    if !manifest.is_file() {
        let what = format!(
            "`{}` is no crate: it has no Cargo.toml",
            flags.folder.display()
        );
        return Err(Failure::new(what).hint("name the plugin's folder; vocd plugin new writes one"));
    }
    let host = check::host()?;
    if flags.once {
        return turn(&host, &flags.folder);
    }
    loop {
        // Before the build: what is saved while it runs is a change as well.
        let (changed, changes) = mpsc::channel();
        let watch = watch::watch(&folders(&flags.folder), move |changes| {
            // The receiver ends with this turn.
            let _ = changed.send(changes);
        })
        .map_err(|error| Failure::of(&error))?;
        if let Err(failure) = turn(&host, &flags.folder) {
            output::failure(&failure);
        }
        output::line("waiting for a change; end with Ctrl-C")?;
        while changes.recv().is_ok_and(|changes| is_cargos_own(&changes)) {}
        drop(watch);
    }
}

/// Cargo writes its lock file while it builds: that is no change of the author's.
fn is_cargos_own(changes: &Changes) -> bool {
    let mut changed = changes.written.iter().chain(&changes.removed);
    changed.all(|path| path.ends_with("Cargo.lock"))
}

/// Returns the folder and those below it that may hold sources.
fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut idx = 0;
    while idx < found.len() && found.len() < FOLDERS_MAX {
        let entries = std::fs::read_dir(&found[idx])
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_left_out = name.starts_with('.') || NOT_WATCHED.contains(&name.as_str());
            if !is_left_out && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.push(entry.path());
            }
        }
        idx += 1;
    }
    found.truncate(FOLDERS_MAX);
    found
}

/// Builds, checks and reads once.
fn turn(host: &Host, folder: &Path) -> Result<(), Failure> {
    let library = build(folder)?;
    let file = folder.join("sample.toml");
    let sample = match file.is_file() {
        true => Some(check::sample(&file, &library)?),
        false => None,
    };
    let options = CheckOptions {
        sample: sample.as_ref(),
        ..CheckOptions::default()
    };
    let verdicts = conformance::check(host, &library, options);
    let noteworthy: Vec<_> = verdicts
        .iter()
        .filter(|verdict| verdict.finding.status != Status::Pass)
        .cloned()
        .collect();
    let n_passed = report::count(&verdicts, Status::Pass);
    output::line(&format!("{n_passed} of {} tests pass", verdicts.len()))?;
    if !noteworthy.is_empty() {
        output::bytes(check::table(&noteworthy).as_bytes())?;
    }
    if let Some(sample) = &sample {
        show(host, &library, sample)?;
    }
    check::conclusion(&verdicts)
}

/// Runs cargo, whose own words go to the screen, and returns the library it made.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(&cargo)
        .args(["build", "--message-format=json-render-diagnostics"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            let what = format!("failed to run `{}`: {error}", cargo.to_string_lossy());
            Failure::new(what).hint("install Rust with rustup, or set CARGO to its path")
        })?;
    let messages = child.stdout.take().map(std::io::BufReader::new);
    let lines = messages.into_iter().flat_map(std::io::BufRead::lines);
    let mut library = None;
    for line in lines.map_while(Result::ok) {
        library = made(&line).or(library);
    }
    let status = child.wait().map_err(|error| Failure::of(&error))?;
    if !status.success() {
        return Err(
            Failure::new("the plugin does not build").hint("correct what the compiler says above")
        );
    }
    library.ok_or_else(|| {
        Failure::new("the crate makes no plugin library")
            .hint("add crate-type = [\"cdylib\"] to [lib] of Cargo.toml")
    })
}

/// Returns the shared library that one message of cargo tells of.
fn made(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let kinds = message["target"]["kind"].as_array()?;
    if message["reason"] != "compiler-artifact" || !kinds.iter().any(|kind| kind == "cdylib") {
        return None;
    }
    let files = message["filenames"].as_array()?.iter();
    let mut files = files.filter_map(Value::as_str);
    files.find(|file| file.ends_with(".so")).map(PathBuf::from)
}

/// Reads every stream once and shows the first rows of each kind.
fn show(host: &Host, library: &Path, sample: &Sample) -> Result<(), Failure> {
    let Ok(plugin) = PluginFile::open(library) else {
        // The check said why.
        return Ok(());
    };
    let bench = Bench::new(host, &plugin, Some(sample));
    for stream in &plugin.manifest().streams {
        let reading = bench.read(&bench.plan(sample, stream));
        let mut rest: Vec<&Row> = reading.rows.iter().collect();
        while let Some(first) = rest.first() {
            let kind = first.kind;
            let (of_kind, others) = rest.into_iter().partition(|row| row.kind == kind);
            rest = others;
            output::line(&format!("\n{stream}: {} rows of {kind}", of_kind.len()))?;
            output::bytes(output::table(&cells(&of_kind)).as_bytes())?;
        }
        let refused = reading.rejects.iter().chain(&reading.bad_rows);
        for reject in refused.take(ROWS_SHOWN) {
            output::line(&format!(
                "refused {}: {}: {}",
                reject.place, reject.reason, reject.detail
            ))?;
        }
        if let Some(failure) = reading.outcome.failure {
            output::line(&format!("{stream}: {failure}"))?;
        }
    }
    Ok(())
}

/// Lays out the first rows, with the columns that have a value in any of them.
fn cells(rows: &[&Row]) -> Vec<Vec<String>> {
    let shown = &rows[..rows.len().min(ROWS_SHOWN)];
    let has = |name: &str| shown.iter().any(|row| row.cell(name).is_some());
    let kind = shown
        .first()
        .and_then(|row| RecordKind::from_name(row.kind));
    let known = kind.into_iter().flat_map(RecordKind::columns);
    let columns: Vec<&str> = known
        .map(|column| column.name)
        .filter(|name| has(name))
        .collect();
    let head = columns.iter().map(|name| (*name).to_owned()).collect();
    let lines = shown.iter().map(|row| {
        let cell = |name: &&str| row.cell(name).unwrap_or("-");
        columns.iter().map(|name| short(cell(name))).collect()
    });
    std::iter::once(head).chain(lines).collect()
}

/// Returns one line of at most [`CELL_CHARS`].
fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(CELL_CHARS)
        .collect();
    match text.chars().nth(CELL_CHARS) {
        Some(_) => format!("{line}…"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_columns_with_a_value_are_shown() {
        let row = |cells: &[(&'static str, &str)]| Row {
            kind: "event",
            cells: cells
                .iter()
                .map(|(name, text)| (*name, (*text).to_owned()))
                .collect(),
        };
        let rows = [
            row(&[("id", "a"), ("label", "one\ntwo")]),
            row(&[("id", "b"), ("url", &"x".repeat(40))]),
        ];
        let table = cells(&rows.iter().collect::<Vec<_>>());
        assert_eq!(table[0], ["id", "label", "url"]);
        assert_eq!(table[1], ["a", "one two", "-"]);
        assert_eq!(table[2][2], format!("{}…", "x".repeat(32)));
    }

    #[test]
    fn the_library_is_found_in_what_cargo_says() {
        let message = r#"{"reason":"compiler-artifact","target":{"kind":["cdylib","rlib"]},
            "filenames":["/t/libvocd_source_a.so","/t/libvocd_source_a.rlib"]}"#;
        assert_eq!(made(message), Some(PathBuf::from("/t/libvocd_source_a.so")));
        for other in ["", "{}", r#"{"reason":"build-finished","success":true}"#] {
            assert_eq!(made(other), None);
        }
    }

    #[test]
    fn built_files_are_not_watched() {
        let crate_folder = tempfile::tempdir().expect("temporary folder");
        let root = crate_folder.path();
        for name in ["src/deep", "target/debug", ".git", "vocd-data"] {
            std::fs::create_dir_all(root.join(name)).expect("made");
        }
        let expected = [root.to_owned(), root.join("src"), root.join("src/deep")];
        assert_eq!(folders(root), expected);
    }
}
