//! The real binary: one command that ends, or a daemon that is ended with the test.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::binaries;
use crate::request::{self, Response};

/// How long a daemon may take to answer its first request, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Ports that tests give to daemons: below those that systems give to outgoing connections.
const PORTS: Range<u16> = 12_000..30_000;
/// Pause between two looks at something that is about to happen.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// What a command that ended left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; −signal when it was killed.
    pub code: i32,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

/// Runs `vocd` with the arguments in a folder, to its end.
///
/// # Panics
/// When the binary cannot be started.
#[must_use]
pub fn vocd(folder: &Path, arguments: &[&str]) -> Outcome {
    let output = command(folder, arguments).output().expect("vocd starts");
    Outcome {
        code: code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Returns the command `vocd` with a clean environment, not yet started.
#[must_use]
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binaries::vocd());
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("VOCD_CONFIG")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| -status.signal().unwrap_or(0))
}

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts `vocd` with the arguments and waits until it answers on `address`.
    ///
    /// # Panics
    /// When it ends or stays silent; the message carries its log.
    #[must_use]
    pub fn start(folder: &Path, arguments: &[&str], address: SocketAddr) -> Self {
        Self::start_with(folder, arguments, address, &[])
    }

    /// Starts `vocd` as [`Daemon::start`] does, with more environment variables.
    ///
    /// # Panics
    /// When it ends or stays silent; the message carries its log.
    #[must_use]
    pub fn start_with(
        folder: &Path,
        arguments: &[&str],
        address: SocketAddr,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = command(folder, arguments);
        let mut child = command
            .envs(variables.iter().copied())
            .spawn()
            .expect("vocd starts");
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stderr.take().expect("piped"), &log);
        collect(child.stdout.take().expect("piped"), &log);
        let mut daemon = Self {
            child,
            address,
            log,
        };
        daemon.wait_until_answering();
        daemon
    }

    fn wait_until_answering(&mut self) {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Ok(response) = request::get(self.address, "/healthz", &[])
                && response.status == 200
            {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("our own child") {
                panic!("the daemon ended with {}:\n{}", code(status), self.log());
            }
            assert!(
                Instant::now() < deadline,
                "no answer in time:\n{}",
                self.log()
            );
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// Gets an address of the daemon.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn get(&self, target: &str) -> Response {
        request::get(self.address, target, &[])
            .unwrap_or_else(|error| panic!("`{target}`: {error}\n{}", self.log()))
    }

    /// Returns everything it printed so far.
    ///
    /// # Panics
    /// Never: the log is only appended to.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("only appended to").clone()
    }

    /// Returns its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids are positive i32")
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid()).expect("not zero");
        rustix::process::kill_process(pid, signal).expect("still there");
    }

    /// Waits for its end and returns the exit code (−signal when it was killed).
    ///
    /// # Panics
    /// When it does not end within `limit`.
    pub fn wait(&mut self, limit: Duration) -> i32 {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return code(status);
            }
            assert!(Instant::now() < deadline, "still running:\n{}", self.log());
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// Ends it with SIGTERM and returns the exit code.
    ///
    /// # Panics
    /// When it does not end within 15 s (it promises 10).
    pub fn stop(&mut self) -> i32 {
        self.signal(rustix::process::Signal::TERM);
        self.wait(Duration::from_secs(15))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Already ended is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = log.lock().expect("only appended to");
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// Returns the processes that a process started and that still run.
#[must_use]
pub fn children(pid: i32) -> Vec<Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let lists = tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids = lists.flat_map(|list| {
        let pids = list.split_whitespace().map(str::parse);
        pids.flatten().collect::<Vec<i32>>()
    });
    pids.filter_map(Pid::from_raw).collect()
}

/// Returns a loopback address whose port was free a moment ago, and which nobody is given by chance.
///
/// A daemon that is killed and started again finds it free: outgoing connections take their ports
/// above these, and each call of this process, and hopefully of others, begins elsewhere.
///
/// # Panics
/// When no port is free.
pub fn free_address() -> SocketAddr {
    static N_GIVEN: AtomicU32 = AtomicU32::new(0);
    let n_ports = u32::try_from(PORTS.len()).expect("a few thousand");
    // Neighbouring processes have neighbouring numbers: a prime takes them apart.
    let first = std::process::id().wrapping_mul(7_919);
    let candidates = (0..n_ports).map(|_| {
        let offset = first.wrapping_add(N_GIVEN.fetch_add(1, Ordering::Relaxed)) % n_ports;
        let port = PORTS.start + u16::try_from(offset).expect("below the number of ports");
        SocketAddr::from(([127, 0, 0, 1], port))
    });
    let mut free = candidates.filter(|address| std::net::TcpListener::bind(address).is_ok());
    free.next().expect("a free port")
}

/// Looks again and again until `fact` gives a value.
///
/// # Panics
/// When it gives none within `limit`.
pub fn wait_until<T>(what: &str, limit: Duration, mut fact: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = fact() {
            return value;
        }
        assert!(Instant::now() < deadline, "did not happen in time: {what}");
        std::thread::park_timeout(LOOK_PAUSE);
    }
}
