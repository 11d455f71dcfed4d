//! The house rules that a machine can hold, so that the picture in `core/src/lib.rs` stays true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vocd_tests::binaries::root;

/// A source file of the checkout.
struct Source {
    /// Path from the checkout's root.
    path: String,
    text: String,
}

impl Source {
    /// Returns the lines before the file's own unit tests.
    fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if is_test_path(&self.path) {
            Some(0)
        } else {
            self.text.find("#[cfg(test)]\nmod ")
        };
        let product = &self.text[..end.unwrap_or(self.text.len())];
        product
            .lines()
            .enumerate()
            .map(|(idx, line)| (idx + 1, line))
    }
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.contains("/examples/")
        || path.contains("/benches/")
        || path.ends_with("tests.rs")
        || path.ends_with("testing.rs")
}

fn files(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["core", "plugins", "tests", "dashboards", "packaging"] {
        walk(&root().join(top), extensions, &mut found);
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                walk(&path, extensions, found);
            }
        } else if path
            .extension()
            .is_some_and(|end| extensions.iter().any(|known| end == *known))
        {
            let text = fs::read_to_string(&path).expect("source files are UTF-8");
            let path = path
                .strip_prefix(root())
                .expect("below the root")
                .display()
                .to_string();
            found.push(Source { path, text });
        }
    }
}

fn rust() -> Vec<Source> {
    files(&["rs"])
}

fn check(rule: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_file_opens_with_its_duty() {
    let faults = rust()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    check("a file opens with a `//!` line that says its duty", faults);
}

#[test]
fn files_are_small() {
    const LINES_MAX: usize = 600;
    let sources = rust();
    let mut lengths: Vec<usize> = sources
        .iter()
        .map(|source| source.text.lines().count())
        .collect();
    lengths.sort_unstable();
    let long = sources
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(n_lines, _)| *n_lines > LINES_MAX)
        .map(|(n_lines, path)| format!("{path}: {n_lines} lines"))
        .collect();
    check("no file is longer than 600 lines", long);
    let ninth_decile = lengths[lengths.len() * 9 / 10];
    assert!(
        ninth_decile <= 400,
        "nine files in ten stay short, but the 90 % mark is {ninth_decile}"
    );
}

#[test]
fn files_are_named_by_nouns_of_the_field() {
    const BANNED: [&str; 14] = [
        "mod", "prelude", "util", "utils", "helper", "helpers", "manager", "handler", "handlers",
        "misc", "common", "info", "data", "types",
    ];
    let faults = rust()
        .into_iter()
        .filter(|source| {
            let stem = Path::new(&source.path)
                .file_stem()
                .and_then(|stem| stem.to_str());
            stem.is_some_and(|stem| BANNED.contains(&stem))
        })
        .map(|source| source.path)
        .collect();
    check("a file is named by what it holds", faults);
}

/// Returns every product line with `needle`, outside the paths where it belongs.
fn outside(needles: &[&str], homes: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in rust() {
        if is_test_path(&source.path) || homes.iter().any(|home| source.path.starts_with(home)) {
            continue;
        }
        for (number, line) in source.product_lines() {
            let code = line.split("//").next().unwrap_or_default();
            if needles.iter().any(|needle| names(code, needle)) {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    faults
}

/// Tells whether `needle` stands in the code as a word of its own (`sd_notify::` is not `notify::`).
fn names(code: &str, needle: &str) -> bool {
    code.match_indices(needle).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

#[test]
fn sql_lives_in_the_store_alone() {
    let needles = [
        "duckdb::",
        "\"SELECT ",
        "\"INSERT ",
        "\"DELETE FROM",
        "\"UPDATE ",
    ];
    // The daemon names the implementation once, where it builds the stages.
    let homes = ["core/src/store", "core/src/daemon/house.rs"];
    check(
        "SQL and `duckdb::` stay in core/src/store",
        outside(&needles, &homes),
    );
}

#[test]
fn packages_stay_in_their_one_place() {
    let homes: [(&str, &[&str]); 5] = [
        ("libloading", &["plugins/host/src"]),
        ("notify::", &["core/src/watch"]),
        ("plotters", &["core/src/chart"]),
        ("warp::", &["core/src/http"]),
        (
            "std::process::exit",
            &["core/src/main.rs", "plugins/host/src"],
        ),
    ];
    for (package, places) in homes {
        check(
            &format!("`{package}` is used only in {places:?}"),
            outside(&[package], places),
        );
    }
}

#[test]
fn unsafe_code_stays_at_the_boundary() {
    check(
        "unsafe code is only in the SDK and the child",
        outside(
            &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"],
            &["plugins/sdk/src", "plugins/host/src"],
        ),
    );
    let core = fs::read_to_string(root().join("core/src/lib.rs")).expect("readable");
    assert!(core.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn the_engine_never_does_civil_time() {
    const ENGINE_TIME: [&str; 9] = [
        "at time zone",
        "timestamptz",
        "date_trunc",
        "time_bucket",
        "::date\"",
        "::date ",
        " now()",
        "current_timestamp",
        "set timezone",
    ];
    let mut faults = Vec::new();
    for source in files(&["rs", "sql"]) {
        if !source.path.starts_with("core/src/store") || is_test_path(&source.path) {
            continue;
        }
        for (number, line) in source.product_lines() {
            let code = line.split("//").next().unwrap_or_default().to_lowercase();
            let code = code.split("--").next().unwrap_or_default();
            if ENGINE_TIME.iter().any(|word| code.contains(word))
                && !code.contains("timestamp::now")
            {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    check(
        "civil time is computed in Rust, never by the engine",
        faults,
    );
}

/// What each module of `core` may import from its neighbours. `daemon` and `cli` see everything.
const DOWNHILL: [(&str, &[&str]); 26] = [
    ("statistic", &[]),
    ("series", &["statistic"]),
    ("improve", &["statistic"]),
    ("theme", &["statistic"]),
    ("coach", &["statistic"]),
    ("record", &[]),
    ("plan", &["record"]),
    (
        "kpi",
        &[
            "coach",
            "improve",
            "plan",
            "record",
            "series",
            "statistic",
            "theme",
        ],
    ),
    ("chart", &["kpi"]),
    ("keep", &[]),
    ("access", &["keep"]),
    ("config", &["access", "kpi", "record", "theme"]),
    ("dashboard", &["chart", "kpi", "config"]),
    ("store", &["keep", "plan", "record"]),
    ("host", &["record", "store"]),
    ("conformance", &["host", "push", "record"]),
    (
        "ingest",
        &["host", "keep", "store", "record", "config", "plan"],
    ),
    ("push", &["ingest", "host", "store", "record", "telemetry"]),
    (
        "picture",
        &[
            "chart",
            "coach",
            "dashboard",
            "improve",
            "kpi",
            "plan",
            "record",
            "series",
            "store",
            "config",
            "telemetry",
            "theme",
        ],
    ),
    (
        "http",
        &[
            "access",
            "push",
            "picture",
            "chart",
            "dashboard",
            "kpi",
            "plan",
            "record",
            "store",
            "config",
            "telemetry",
        ],
    ),
    ("nearest", &[]),
    ("watch", &[]),
    ("telemetry", &[]),
    ("template", &[]),
    ("demo", &["config"]),
    ("alert", &["picture", "chart", "dashboard", "kpi"]),
];

#[test]
fn imports_point_downhill() {
    let mut faults = Vec::new();
    for source in rust() {
        let Some(rest) = source.path.strip_prefix("core/src/") else {
            continue;
        };
        let module = rest.split(['/', '.']).next().unwrap_or_default();
        let Some((_, allowed)) = DOWNHILL.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (number, line) in source.product_lines() {
            for used in neighbours(line) {
                // Everyone may look a name up; it knows nobody.
                if used != module && used != "nearest" && !allowed.contains(&used) {
                    faults.push(format!("{}:{number}: {module} imports {used}", source.path));
                }
            }
        }
    }
    check("imports point downhill", faults);
}

/// Returns the modules of `core` that a line names by `crate::`.
fn neighbours(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        // `$crate::` in a macro and `some_crate::` are other things.
        .filter(|(at, _)| {
            !code[..*at].ends_with(|before: char| {
                before == '$' || before.is_alphanumeric() || before == '_'
            })
        })
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next()
                .unwrap_or_default()
        })
        .filter(|name| name.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

#[test]
fn the_map_names_every_module() {
    let map = fs::read_to_string(root().join("core/src/lib.rs")).expect("readable");
    let declared = map.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let faults = declared
        .map(|line| line.trim_end_matches(';'))
        .filter(|module| {
            !map.contains(&format!("//! {module}")) && !map.contains(&format!("[`{module}`]"))
        })
        .map(str::to_owned)
        .collect();
    check("core/src/lib.rs maps every module", faults);
    let ranked: BTreeSet<&str> = DOWNHILL.iter().map(|(name, _)| *name).collect();
    let unranked = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| !ranked.contains(module) && !["cli", "daemon"].contains(module))
        .map(str::to_owned)
        .collect();
    check(
        "every module has its place in the flow (tests/tests/tidy.rs)",
        unranked,
    );
}

#[test]
fn tests_wait_for_facts_and_are_never_ignored() {
    let needles = ["#[ignore", "thread::sleep(", "time::sleep("];
    let mut faults = Vec::new();
    for source in rust() {
        if source.path.ends_with("tidy.rs") || source.path.contains("/bin/") {
            continue;
        }
        let product_end = source
            .product_lines()
            .last()
            .map_or(0, |(number, _)| number);
        for (idx, line) in source.text.lines().enumerate().skip(product_end) {
            if needles.iter().any(|needle| line.contains(needle)) {
                faults.push(format!("{}:{}: {}", source.path, idx + 1, line.trim()));
            }
        }
    }
    check("tests wait for the fact", faults);
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        "todo!(",
        "unimplemented!(",
        "FIXME",
        "XXX",
        "HACK",
        "for now",
    ];
    let mut faults = Vec::new();
    for source in files(&["rs", "toml", "sh", "md", "html", "css", "js", "sql"]) {
        if source.path.ends_with("tidy.rs") {
            continue;
        }
        for (idx, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{}: {}", source.path, idx + 1, line.trim()));
            }
        }
    }
    check("nothing is left for later", faults);
}

#[test]
fn no_path_of_a_machine_is_in_the_project() {
    let home = std::env::var("HOME").unwrap_or_default();
    let homes: Vec<String> = [root().display().to_string(), home]
        .into_iter()
        .filter(|path| path.len() > 1)
        .map(|path| format!("{path}/"))
        .collect();
    let mut faults = Vec::new();
    for source in files(&[
        "rs", "toml", "sh", "md", "html", "css", "js", "sql", "json", "h", "c",
    ]) {
        if source.path.ends_with("tidy.rs") {
            continue;
        }
        for (idx, line) in source.text.lines().enumerate() {
            if homes.iter().any(|home| line.contains(home.as_str())) {
                faults.push(format!("{}:{}: {}", source.path, idx + 1, line.trim()));
            }
        }
    }
    check("the project speaks of itself alone", faults);
}

#[test]
fn every_source_plugin_is_one_complete_folder() {
    let mut faults = Vec::new();
    for folder in plugin_folders() {
        for wanted in ["Cargo.toml", "README.md", "sample.toml", "src/lib.rs"] {
            if !folder.join(wanted).exists() {
                faults.push(format!("{} has no {wanted}", folder.display()));
            }
        }
        // Files that are read, or recordings of a vendor that is asked.
        if !["testcases", "fixtures"]
            .iter()
            .any(|cases| folder.join(cases).exists())
        {
            faults.push(format!("{} has no testcases or fixtures", folder.display()));
        }
    }
    check("a source plugin is one folder with all it needs", faults);
}

fn plugin_folders() -> Vec<PathBuf> {
    let not_sources = ["sdk", "host", "examples"];
    fs::read_dir(root().join("plugins"))
        .expect("plugins")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !not_sources.iter().any(|name| path.ends_with(name)))
        .collect()
}
