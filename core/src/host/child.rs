//! One child process: how it is started, waited for and ended, with everything it started.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use vocd_plugin::frame::LIBRARY_FD;

/// The program's descriptor lies above everything that is mapped for the child.
const PROGRAM_FD_MIN: i32 = 64;
/// How long the child may take to answer one argument.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an ending child is looked at.
const WAIT_STEP: Duration = Duration::from_millis(2);

/// Why the child program cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The program could not be opened.
    #[error("failed to open the plugin host `{}`", path.display())]
    Open {
        /// The program.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program could not be run.
    #[error("failed to run the plugin host `{}`", path.display())]
    Run {
        /// The program.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program is from another build.
    #[error(
        "the plugin host `{}` is of build `{found}`, this vocd is of build `{expected}`",
        path.display()
    )]
    OtherBuild {
        /// The program.
        path: PathBuf,
        /// Build it reports.
        found: String,
        /// Our build.
        expected: &'static str,
    },
}

impl HostError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } => {
                "`vocd-plugin-host` lies beside `vocd`; reinstall, or build it: \
                 cargo build --workspace"
            }
            Self::Run { .. } => "check that its file system allows programs",
            Self::OtherBuild { .. } => "install `vocd` and `vocd-plugin-host` from one release",
        }
    }
}

/// The child program, opened once: replacing its file changes nothing for this daemon's life.
#[derive(Debug)]
pub(super) struct ChildProgram {
    program: OwnedFd,
    path: PathBuf,
}

/// A running child and this side of its pipes.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// Frames to the child.
    pub(super) to_child: UnixStream,
    /// Frames from the child.
    pub(super) from_child: UnixStream,
    /// What it prints.
    pub(super) printed: io::PipeReader,
}

impl ChildProgram {
    /// Opens the program and makes sure that it is of this build.
    pub(super) fn open(path: &Path, expected: &'static str) -> Result<Self, HostError> {
        let open_failed = |source| HostError::Open {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(open_failed)?;
        let program = rustix::io::fcntl_dupfd_cloexec(&file, PROGRAM_FD_MIN)
            .map_err(|source| open_failed(source.into()))?;
        let program = Self {
            program,
            path: path.to_owned(),
        };
        let found = program.ask("--build-id").map_err(|source| HostError::Run {
            path: path.to_owned(),
            source,
        })?;
        if found != expected {
            return Err(HostError::OtherBuild {
                path: path.to_owned(),
                found,
                expected,
            });
        }
        Ok(program)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(format!("/proc/self/fd/{}", self.program.as_raw_fd()));
        command
            .arg0("vocd-plugin-host")
            .env_clear()
            .current_dir("/");
        command
    }

    /// Returns the layers of confinement that are not to be had here.
    pub(super) fn missing_layers(&self) -> Result<Vec<String>, HostError> {
        let failed = |source| HostError::Run {
            path: self.path.clone(),
            source,
        };
        let text = self.ask("--missing-layers").map_err(failed)?;
        let layers = text
            .strip_prefix("missing:")
            .ok_or_else(|| failed(io::Error::other("it could not confine itself")))?;
        Ok(layers.split_whitespace().map(str::to_owned).collect())
    }

    /// Returns the line that the program answers to one argument.
    fn ask(&self, argument: &str) -> io::Result<String> {
        let mut child = self
            .command()
            .arg(argument)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let until = Instant::now() + ANSWER_TIMEOUT;
        while child.try_wait()?.is_none() {
            if Instant::now() >= until {
                child.kill()?;
                child.wait()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(WAIT_STEP);
        }
        let output = child.wait_with_output()?.stdout;
        let text = String::from_utf8_lossy(&output);
        Ok(text.trim().chars().take(80).collect())
    }

    /// Starts a child that will read `library`, in a process group of its own.
    pub(super) fn spawn(&self, library: BorrowedFd<'_>) -> io::Result<Running> {
        // Socket pairs rather than pipes: reads and writes can time out, so one thread is enough.
        let (to_child, child_in) = UnixStream::pair()?;
        let (from_child, child_out) = UnixStream::pair()?;
        let (printed, log) = io::pipe()?;
        let mut command = self.command();
        command
            .stdin(Stdio::from(OwnedFd::from(child_in)))
            .stdout(Stdio::from(OwnedFd::from(child_out)))
            .stderr(Stdio::from(log))
            .process_group(0);
        command
            .fd_mappings(vec![FdMapping {
                parent_fd: library.try_clone_to_owned()?,
                child_fd: LIBRARY_FD,
            }])
            .map_err(io::Error::other)?;
        let child = command.spawn()?;
        Ok(Running {
            child,
            to_child,
            from_child,
            printed,
        })
    }
}

/// Ends a child and its whole group when dropped, so that no path leaves one behind.
#[derive(Debug)]
pub(super) struct ChildGuard {
    child: Child,
    is_reaped: bool,
}

impl Running {
    /// Splits the guard of the process from this side of its pipes.
    pub(super) fn split(self) -> (ChildGuard, UnixStream, UnixStream, io::PipeReader) {
        let guard = ChildGuard {
            child: self.child,
            is_reaped: false,
        };
        (guard, self.to_child, self.from_child, self.printed)
    }
}

impl ChildGuard {
    /// Waits for the child to end by itself, then ends what is left of its group.
    ///
    /// Returns the status, and whether the child had to be killed.
    pub(super) fn end(mut self, patience: Duration) -> io::Result<(ExitStatus, bool)> {
        let until = Instant::now() + patience;
        let mut has_ended = self.has_ended();
        while !has_ended && Instant::now() < until {
            thread::sleep(WAIT_STEP);
            has_ended = self.has_ended();
        }
        // Before it is reaped its id cannot belong to another process.
        self.kill_group();
        let status = self.child.wait()?;
        self.is_reaped = true;
        let was_killed = !has_ended && status.signal() == Some(Signal::KILL.as_raw());
        Ok((status, was_killed))
    }

    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        matches!(
            rustix::process::waitid(WaitId::Pid(self.pid()), options),
            Ok(Some(_)) | Err(_)
        )
    }

    fn kill_group(&self) {
        // Fails only where nothing is left to kill.
        let _ = rustix::process::kill_process_group(self.pid(), Signal::KILL);
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for ChildGuard {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill_group();
            // The status is of no interest on a path that gave up.
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error =
            ChildProgram::open(Path::new("/nowhere/vocd-plugin-host"), "1").expect_err("missing");
        assert!(error.to_string().contains("/nowhere/vocd-plugin-host"));
    }

    #[test]
    fn a_program_of_another_build_is_refused() {
        let error = ChildProgram::open(Path::new("/bin/echo"), "0.1.0-abc").expect_err("refused");
        assert!(
            error
                .to_string()
                .contains("this vocd is of build `0.1.0-abc`"),
            "{error}"
        );
    }
}
