//! One running daemon and a plugin that does everything a plugin should not: after each deed the
//! daemon serves, other sources are pulled, what was committed is there, and the log says who, where
//! and what to do.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, Outcome, children, command, free_address, vocd, wait_until};
use vocd_tests::plugin::{compile_c_with, example};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::survey;

/// Rows of the well-behaved source before the first deed.
const N_ROWS: u64 = 200;
/// Rows that the hostile plugin emits, and covers, before each deed.
const N_HOSTILE: u64 = 5;
/// Longest wait for the first pulls, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const SECRET: &str = "hunter22-is-secret";

/// What comes of a deed.
enum End {
    /// The run fails for one of these reasons.
    Fails(&'static [&'static str]),
    /// The system refuses it, with this error, where the kernel has the layer.
    Refused {
        layer: &'static str,
        error: &'static str,
    },
    /// Nothing comes of it, but this is in the log.
    Harmless(&'static str),
}

const CRASHED: End = End::Fails(&["crashed"]);
const PROTOCOL: End = End::Fails(&["protocol"]);
const TIMEOUT: End = End::Fails(&["timeout"]);
/// Whether the read beyond the end is seen or crashes depends on what lies there.
const SEEN_OR_CRASHED: End = End::Fails(&["protocol", "crashed", "memory"]);
const NOT_PERMITTED: End = End::Refused {
    layer: "system_calls",
    error: "EPERM",
};

const DEEDS: [(&str, End); 31] = [
    ("panic", End::Fails(&["panicked"])),
    ("abort", CRASHED),
    ("segfault", CRASHED),
    ("stack overflow", CRASHED),
    ("last words", CRASHED),
    ("spin", TIMEOUT),
    ("sleep", TIMEOUT),
    ("fork", TIMEOUT),
    ("leak", End::Fails(&["memory"])),
    ("exit", End::Fails(&["exited"])),
    ("wrong kind", PROTOCOL),
    ("wrong type", PROTOCOL),
    ("unknown column", PROTOCOL),
    ("bad offsets", PROTOCOL),
    ("beyond buffers", SEEN_OR_CRASHED),
    ("endless", SEEN_OR_CRASHED),
    ("giant batch", PROTOCOL),
    ("checkpoint ahead", PROTOCOL),
    ("other stream", PROTOCOL),
    ("auth", End::Fails(&["auth"])),
    ("rate limit", End::Fails(&["rate_limited"])),
    ("flood", End::Harmless("plugin logs too fast")),
    ("secret in log", End::Harmless("the token *** was refused")),
    ("stdout", End::Harmless("pulled")),
    (
        "read",
        End::Refused {
            layer: "files",
            error: "EACCES",
        },
    ),
    (
        "connect",
        End::Refused {
            layer: "network",
            error: "EACCES",
        },
    ),
    (
        "signal",
        End::Refused {
            layer: "signals",
            error: "EPERM",
        },
    ),
    ("listen", NOT_PERMITTED),
    ("exec", NOT_PERMITTED),
    ("trace", NOT_PERMITTED),
    ("namespace", NOT_PERMITTED),
];

fn source_of(deed: &str) -> String {
    format!("hostile-{}", deed.replace(' ', "-"))
}

/// What the hostile sources do.
#[derive(Clone, Copy)]
enum Mood {
    /// Nothing wrong.
    Calm,
    /// Their deeds.
    Hostile,
}

/// Returns the block of a source that does one deed.
fn block(deed: &str, mood: Mood, scratch: &Scratch, address: SocketAddr) -> String {
    let target = match deed {
        "connect" => address.port().to_string(),
        _ => scratch.path("vocd-data/vocd.duckdb").display().to_string(),
    };
    // Only those that would go on for ever need it.
    let timeout = match deed {
        "spin" | "sleep" | "fork" => "1s",
        _ => "1m",
    };
    let name = source_of(deed);
    let deed = match mood {
        Mood::Calm => "end",
        Mood::Hostile => deed,
    };
    format!(
        "\n[[source]]\nname = \"{name}\"\nplugin = \"hostile\"\nevery = \"1h\"\n\
         catch_up = \"none\"\ntimeout = \"{timeout}\"\n[source.config]\ndeed = \"{deed}\"\n\
         target = \"{target}\"\ngranted = \"vocd-data/*\"\ntoken = \"{SECRET}\"\n"
    )
}

fn configure(scratch: &Scratch, address: SocketAddr, library: &Path, mood: Mood) {
    let plugins = binaries::folder().display();
    let hostile = library.parent().expect("it has one").display();
    let folders =
        format!("plugin_dirs = [\"{plugins}\", \"{hostile}\"]\n\n[plugins]\ntrust = \"any\"\n\n");
    let calm = survey::configuration(address, "")
        .replace("\n[[source]]", &format!("{folders}[[source]]"))
        .replace("every = \"10m\"", "every = \"1h\"\ncatch_up = \"none\"");
    let blocks: String = DEEDS
        .iter()
        .map(|(deed, _)| block(deed, mood, scratch, address))
        .collect();
    scratch.write("vocd.toml", format!("{calm}\n{blocks}"));
}

/// Starts a daemon whose sources were all pulled before, so that none of them is due.
fn start(library: &Path) -> Site {
    let (scratch, address) = (Scratch::new(), free_address());
    let answers = format!("{}{}", survey::HEADER, survey::rows(0, N_ROWS));
    scratch.write("answers.csv", answers);
    scratch.write("dashboards/service.toml", survey::DASHBOARD);
    configure(&scratch, address, library, Mood::Calm);
    let mut calm = Daemon::start(scratch.folder(), &["serve"], address);
    wait_until("every source was pulled once", START_TIMEOUT, || {
        let n_pulled = calm.log().matches(" pulled ").count();
        (n_pulled > DEEDS.len()).then_some(())
    });
    assert_eq!(calm.stop(), 0, "{}", calm.log());
    configure(&scratch, address, library, Mood::Hostile);
    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    Site {
        scratch,
        daemon,
        n_rows: N_ROWS,
    }
}

/// The daemon under attack, and what it has to have kept.
struct Site {
    scratch: Scratch,
    daemon: Daemon,
    n_rows: u64,
}

impl Site {
    fn sync(&self, source: &str, more: &[&str]) -> Outcome {
        vocd(self.scratch.folder(), &[&["sync", source], more].concat())
    }

    /// Tells whether the kernel lacks a layer of the confinement, which the daemon says once.
    fn lacks(&self, layer: &str) -> bool {
        let log = self.daemon.log();
        let line = log
            .lines()
            .find(|line| line.contains("without these layers"));
        line.is_some_and(|line| line.contains(layer))
    }

    /// Does one deed, and looks whether it changed anything for anybody else.
    fn suffer(&mut self, deed: &str, end: &End) {
        let source = source_of(deed);
        // From the beginning: the rows come again, are covered again, and then the deed is done.
        let outcome = self.sync(&source, &["--full"]);
        assert!(!outcome.stderr.contains(SECRET), "{deed}: {outcome:?}");
        match end {
            End::Fails(reasons) => {
                self.check_failed(deed, &outcome, reasons, "");
                self.check_counted(deed, reasons);
            }
            End::Refused { layer, error } => {
                if self.lacks(layer) {
                    let why = format!("this kernel cannot confine {layer}");
                    skip(
                        &format!("hostile::{}", deed.replace(' ', "-")),
                        Need::Confinement,
                        &why,
                    );
                } else {
                    self.check_failed(deed, &outcome, &["internal"], error);
                }
            }
            End::Harmless(told) => {
                assert_eq!(outcome.code, 0, "{deed}: {outcome:?}");
                let is_told = |line: &str| line.contains(&source) && line.contains(told);
                // The log comes through a pipe of its own.
                wait_until(deed, START_TIMEOUT, || {
                    self.daemon.log().lines().any(is_told).then_some(())
                });
            }
        }
        self.look_around(deed);
    }

    /// Checks that the operator is told: which plugin, where, why, and what to do.
    fn check_failed(&self, deed: &str, outcome: &Outcome, reasons: &[&str], message: &str) {
        assert_eq!(outcome.code, 1, "{deed}: {outcome:?}");
        assert!(outcome.stderr.contains("hint: "), "{deed}: {outcome:?}");
        let source = source_of(deed);
        let told = wait_until(deed, START_TIMEOUT, || {
            let log = self.daemon.log();
            let told = log.lines().filter(|line| {
                line.contains(" WARN ") && line.contains(&format!("failed to read `{source}`: "))
            });
            let told: Vec<String> = told.map(str::to_owned).collect();
            (!told.is_empty()).then_some(told)
        });
        // vocd tries again by itself meanwhile: each try has its one line.
        for line in told {
            let is_told = |part: &str| line.contains(part);
            let is_reason = |reason: &&str| is_told(&format!(" reason=\"{reason}\""));
            assert!(is_told(" plugin=\"hostile\""), "{deed}: {line}");
            assert!(is_told(" stage=\"read\""), "{deed}: {line}");
            assert!(is_told(" hint=\""), "{deed}: {line}");
            assert!(reasons.iter().any(is_reason), "{deed}: {line}");
            assert!(is_told(message), "{deed}: {line}");
        }
    }

    /// Checks that the failure is counted by its reason.
    fn check_counted(&self, deed: &str, reasons: &[&str]) {
        let source = format!("source=\"{}\"", source_of(deed));
        let is_counted = |line: &str| {
            let outcome = |reason: &&str| line.contains(&format!("outcome=\"{reason}\""));
            line.starts_with("vocd_source_pulls")
                && line.contains(&source)
                && reasons.iter().any(outcome)
        };
        wait_until(deed, START_TIMEOUT, || {
            let metrics = self.daemon.get("/metrics").text();
            metrics.lines().any(is_counted).then_some(())
        });
    }

    fn look_around(&mut self, deed: &str) {
        assert_eq!(self.daemon.get("/healthz").status, 200, "{deed}");
        let chart = self.daemon.get("/charts/service/nps.svg");
        assert_eq!(chart.status, 200, "{deed}: {}", chart.text());
        let mut answers = std::fs::OpenOptions::new()
            .append(true)
            .open(self.scratch.path("answers.csv"))
            .expect("ours");
        answers
            .write_all(survey::rows(self.n_rows, 1).as_bytes())
            .expect("writable");
        self.n_rows += 1;
        let pulled = self.sync("answers", &[]);
        assert_eq!(pulled.code, 0, "{deed}: {pulled:?}");
        // The same number that a screen shows.
        let chart = self.daemon.get("/charts/service/nps.json").json();
        assert_eq!(chart["series"][0]["total"]["n"], self.n_rows, "{deed}");
    }
}

fn rows(sources: &Value, name: &str, kind: &str) -> u64 {
    let list = sources["sources"].as_array().expect("a list");
    let source = list.iter().find(|source| source["name"] == name);
    source
        .and_then(|source| source["rows"][kind].as_u64())
        .unwrap_or(0)
}

#[test]
fn nothing_that_a_plugin_started_outlives_a_killed_daemon() {
    let library = compile_c_with("hostile", &example("hostile/hostile.c"), &[]);
    let Some(library) = library else {
        skip("hostile::orphans", Need::Compiler, "there is no C compiler");
        return;
    };
    let (scratch, address) = (Scratch::new(), free_address());
    configure(&scratch, address, &library, Mood::Hostile);
    let longer = std::fs::read_to_string(scratch.path("vocd.toml")).expect("ours");
    scratch.write("vocd.toml", longer.replace("\"1s\"", "\"1m\""));
    let mut daemon = command(scratch.folder(), &["sync", "hostile-fork"])
        .spawn()
        .expect("vocd starts");
    let first_child = |pid: i32| Some(children(pid).first()?.as_raw_nonzero().get());
    let pid = i32::try_from(daemon.id()).expect("process ids are positive i32");
    let family = wait_until("the plugin forked", START_TIMEOUT, || {
        let child = first_child(pid)?;
        Some([child, first_child(child)?])
    });
    daemon.kill().expect("our own child");
    daemon.wait().expect("our own child");
    let is_gone = |pid: &i32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        // One that nobody waited for yet is dead all the same.
        status.map_or(true, |status| status.contains(") Z "))
    };
    wait_until("both are gone", START_TIMEOUT, || {
        family.iter().all(is_gone).then_some(())
    });
}

#[test]
fn whatever_a_plugin_does_the_rest_goes_on() {
    let library = compile_c_with("hostile", &example("hostile/hostile.c"), &[]);
    let Some(library) = library else {
        skip("hostile::deeds", Need::Compiler, "there is no C compiler");
        return;
    };
    let mut site = start(&library);
    for (deed, end) in &DEEDS {
        site.suffer(deed, end);
    }
    assert_eq!(site.daemon.stop(), 0, "{}", site.daemon.log());
    assert!(!site.daemon.log().contains(SECRET));
    // What was committed outlives the daemon.
    let told = vocd(site.scratch.folder(), &["sources", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(rows(&told, "answers", "response"), site.n_rows);
    for (deed, _) in &DEEDS {
        assert_eq!(
            rows(&told, &source_of(deed), "activity"),
            N_HOSTILE,
            "{deed}"
        );
    }
}
