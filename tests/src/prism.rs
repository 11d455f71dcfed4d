//! A vendor made of nothing but its specification: Prism answers what the vendor documents, and
//! refuses what the vendor would. It keeps no state; [`crate::replay`] is for that.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::binaries::root;
use crate::daemon::free_address;
use crate::request;
use crate::skip::{Need, skip};
use crate::vendor::{Reply, Seen, Vendor};

/// The version whose answers the tests know.
const VERSION: &str = "5.14.2";
/// How long it may take to read a specification on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// A running Prism; ended when dropped.
#[derive(Debug)]
pub struct Prism {
    child: Child,
    address: SocketAddr,
}

impl Prism {
    /// Starts Prism with a specification, or notes the skip and returns `None` where it cannot be
    /// had. It is fetched once, into the target folder.
    ///
    /// # Panics
    /// When it does not understand the specification.
    #[must_use]
    pub fn start(test: &str, specification: &Path) -> Option<Self> {
        let program = match program() {
            Ok(program) => program,
            Err(why) => {
                skip(test, Need::Npm, &why);
                return None;
            }
        };
        let address = free_address();
        // A server of [`front`] lives as long as the test's process and is never dropped: Prism ends
        // when the pipe to its shell closes, however that process ends.
        let mut child = Command::new("sh")
            .args(["-c", "node \"$@\" & read -r _; kill $!", "sh"])
            .arg(program)
            .args(["mock", "--host", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .arg(specification)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let (told, lines) = mpsc::channel();
        let stdout = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The rest is drained, or Prism would block on a full pipe.
                let _ = told.send(line);
            }
        });
        let prism = Self { child, address };
        loop {
            let line = lines.recv_timeout(START_TIMEOUT);
            let line = line.expect("Prism reads the specification");
            if line.contains("Prism is listening") {
                return Some(prism);
            }
        }
    }

    /// Passes a GET request on, to another target.
    ///
    /// # Panics
    /// When Prism does not answer.
    #[must_use]
    pub fn get(&self, target: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let response = request::get(self.address, target, headers).expect("an answer");
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        (response.status, body)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Already ended is fine.
        let _ = self.child.wait();
    }
}

/// Puts the versions of an API under one address, each at its prefix: a specification knows paths
/// below its own server's alone. `header` is passed on; `mend` changes what the lack of state spoils.
#[must_use]
pub fn front(
    versions: Vec<(&'static str, &'static str, Prism)>,
    header: &'static str,
    mend: impl Fn(&str, &mut Value) + Send + Sync + 'static,
) -> Vendor {
    Vendor::start(move |seen: &Seen, _| {
        let target = seen.target().strip_prefix("GET ").unwrap_or_default();
        let found = versions
            .iter()
            .find_map(|(prefix, base, prism)| Some((base, prism, target.strip_prefix(*prefix)?)));
        let Some((base, prism, rest)) = found else {
            return Reply::new(404, &[], "");
        };
        let value = seen.header(header).unwrap_or_default();
        let (status, mut body) = prism.get(&format!("{base}{rest}"), &[(header, value)]);
        mend(target, &mut body);
        Reply::new(
            status,
            &["content-type: application/json"],
            body.to_string(),
        )
    })
}

/// Returns Prism's program, fetching it when it is not there, or why there is none.
fn program() -> Result<PathBuf, String> {
    let folder = root().join("target").join(format!("prism-{VERSION}"));
    let program = folder.join("node_modules/@stoplight/prism-cli/dist/index.js");
    if program.is_file() {
        return Ok(program);
    }
    // Beside it, so that what was fetched by half is never taken for the whole.
    let scratch = tempfile::tempdir_in(root().join("target")).map_err(|error| error.to_string())?;
    let installed = Command::new("npm")
        .args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .arg(format!("@stoplight/prism-cli@{VERSION}"))
        .arg("--prefix")
        .arg(scratch.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match installed {
        Ok(status) if status.success() => {}
        _ => return Err("Prism cannot be had: npm is missing or reaches no registry".to_owned()),
    }
    // Whoever was faster has put the same there.
    let _ = fs::rename(scratch.path(), &folder);
    match program.is_file() {
        true => Ok(program),
        false => Err("npm installed Prism without its program".to_owned()),
    }
}
