//! What a plugin tries beyond its business is refused by the system, whoever runs the daemon.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use vocd::host::{Flow, RunLimits, RunOutcome, StopSignal};
use vocd_tests::plugin::{Start, hostile, run};
use vocd_tests::skip::{Need, skip};

fn tried(test: &str, config: &Value, base_dir: &Path, private_dir: &Path) -> Option<RunOutcome> {
    let plugin = hostile(test)?;
    let start = Start {
        plugin,
        config,
        base_dir,
        private_dir,
        checkpoint: None,
        limits: RunLimits {
            wall: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            memory_bytes: 256 * 1024 * 1024,
            ..RunLimits::default()
        },
        stop: &StopSignal::new(),
        secrets: &[],
    };
    Some(run(&start, &mut |_| Flow::Continue))
}

/// Tries a misdeed; `None` where the kernel lacks the layer that would refuse it.
fn answer(layer: &str, config: &Value, base_dir: &Path, private_dir: &Path) -> Option<String> {
    let test = format!("confinement::{}", config["deed"]).replace(['"', ' '], "-");
    let outcome = tried(&test, config, base_dir, private_dir)?;
    if outcome.unconfined.iter().any(|missing| missing == layer) {
        let why = format!("this kernel cannot confine {layer}");
        skip(&test, Need::Confinement, &why);
        return None;
    }
    Some(outcome.failure.expect("it tells by an error").message)
}

/// Checks that a misdeed which needs nothing is refused with this error.
fn check(layer: &str, deed: &str, expected: &str) {
    let nowhere = Path::new("/nowhere");
    let config = json!({ "deed": deed, "target": "/nowhere" });
    if let Some(answer) = answer(layer, &config, Path::new("/"), nowhere) {
        assert_eq!(answer, expected, "{deed}");
    }
}

#[test]
fn other_programs_processes_and_kernel_features_are_out_of_reach() {
    for deed in [
        "exec",
        "trace",
        "namespace",
        "clone",
        "ring",
        "listen",
        "local socket",
        "raw socket",
    ] {
        check("system_calls", deed, "EPERM");
    }
    check("system_calls", "clone3", "ENOSYS");
}

#[test]
fn the_daemon_cannot_be_signalled() {
    check("signals", "signal", "EPERM");
}

#[test]
fn limits_cannot_be_raised_again() {
    check("capabilities", "grow limits", "EPERM");
}

#[test]
fn nothing_of_the_daemon_is_inherited() {
    // A descriptor without close-on-exec, as a library of the daemon might leave one.
    let file = fs::File::open("/dev/null").expect("there");
    let leaked = rustix::io::fcntl_dupfd_cloexec(&file, 20).expect("a descriptor");
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).expect("set");
    check("always", "descriptors", "EBADF");
    check("always", "environment", "ENOENT");
}

#[test]
fn only_files_that_the_configuration_grants_are_readable() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let root = folder.path();
    for name in ["data/a.csv", "other/b.csv", "store/vocd.duckdb"] {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(path, "x").expect("written");
    }
    for (granted, target, expected) in [
        ("data/*.csv", "data/a.csv", "allowed"),
        ("data/a.csv", "data/a.csv", "allowed"),
        ("data/*.csv", "other/b.csv", "EACCES"),
        ("*.csv", "data/a.csv", "allowed"),
        ("*.csv", "store/vocd.duckdb", "EACCES"),
        ("store/vocd.duckdb", "store/vocd.duckdb", "EACCES"),
        ("data/*.csv", "/etc/passwd", "EACCES"),
        ("data/*.csv", "/proc/self/environ", "EACCES"),
        ("data/*.csv", "/etc/hosts", "allowed"),
    ] {
        let config = json!({ "deed": "read", "granted": granted, "target": root.join(target) });
        if let Some(answer) = answer("files", &config, root, &root.join("store")) {
            assert_eq!(answer, expected, "{granted} {target}");
        }
    }
}

#[test]
fn nothing_is_written_or_deleted() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("a.csv");
    fs::write(&file, "x").expect("written");
    for (deed, target) in [
        ("write", "new.csv"),
        ("write", "a.csv"),
        ("delete", "a.csv"),
    ] {
        let target = folder.path().join(target);
        let config = json!({ "deed": deed, "granted": "*.csv", "target": target });
        if let Some(answer) = answer("files", &config, folder.path(), Path::new("/nowhere")) {
            assert_eq!(answer, "EACCES", "{deed} {}", target.display());
        }
    }
    assert_eq!(fs::read_to_string(&file).expect("still there"), "x");
}

#[test]
fn only_declared_ports_are_reachable() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let nowhere = Path::new("/nowhere");
    for (server, expected) in [
        (format!("http://127.0.0.1:{port}/api"), "allowed"),
        ("https://api.example.com/".to_owned(), "EACCES"),
    ] {
        let config = json!({ "deed": "connect", "target": port.to_string(), "server": server });
        if let Some(answer) = answer("network", &config, nowhere, nowhere) {
            assert_eq!(answer, expected, "{server}");
        }
    }
}
