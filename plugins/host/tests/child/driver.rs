//! Builds C plugins and plays the daemon's side of a child's pipes.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use command_fds::{CommandFdExt, FdMapping};
use serde_json::{Value, json};
use vocd_plugin::frame::{FrameKind, LIBRARY_FD, read_header, write_frame};

const PROGRAM: &str = env!("CARGO_BIN_EXE_vocd-plugin-host");

/// The HELLO of a read with one behaviour of `plugin.c`.
pub(crate) fn hello(behaviour: &str) -> Value {
    json!({
        "run_id": 7,
        "source": "courses",
        "stream": "courses",
        "mode": "read",
        "config": { "do": behaviour },
        "checkpoint": null,
        "checkpoint_format": 1,
        "limits": { "memory_bytes": 256 << 20, "idle_s": 60 },
    })
}

pub(crate) fn json(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).expect("frames carry JSON")
}

/// Returns what the program prints when asked for its build.
pub(crate) fn print_build_id() -> String {
    let output = Command::new(PROGRAM)
        .arg("--build-id")
        .output()
        .expect("was just built");
    String::from_utf8(output.stdout).expect("text")
}

/// A library file.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    library: PathBuf,
}

impl Plugin {
    /// Builds `plugin.c` once, or returns `None` without a C compiler.
    pub(crate) fn ordinary() -> Option<Self> {
        static BUILT: OnceLock<Option<Plugin>> = OnceLock::new();
        BUILT
            .get_or_init(|| Self::build("ordinary", &["-Wall", "-Wextra", "-Werror"]))
            .clone()
    }

    /// As [`Plugin::ordinary`], with other compiler flags.
    pub(crate) fn build(name: &str, flags: &[&str]) -> Option<Self> {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/child/plugin.c");
        let include = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/include");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.so"));
        let output = Command::new("cc")
            .args(["-std=gnu99", "-shared", "-fPIC", "-I", include])
            .args(flags)
            .arg("-o")
            .args([library.as_path(), source.as_ref()])
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: no C compiler `cc`");
            return None;
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(Self { library })
    }

    /// A file with these bytes.
    pub(crate) fn file(name: &str, bytes: &[u8]) -> Self {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&library, bytes).expect("the folder is cargo's own");
        Self { library }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.library).expect("was just built")
    }

    pub(crate) fn start(&self) -> Running {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let library = FdMapping {
            parent_fd: in_memory(&self.library),
            child_fd: LIBRARY_FD,
        };
        command.fd_mappings(vec![library]).expect("one mapping");
        let mut child = command.spawn().expect("was just built");
        Running {
            input: child.stdin.take(),
            output: child.stdout.take().expect("piped"),
            child,
            frames: Vec::new(),
        }
    }
}

/// Copies a library to memory, as the daemon does: the child may read no file of that folder.
fn in_memory(library: &Path) -> OwnedFd {
    let memory = rustix::fs::memfd_create("library", rustix::fs::MemfdFlags::CLOEXEC);
    let mut memory = File::from(memory.expect("memory"));
    let mut library = File::open(library).expect("was just built");
    std::io::copy(&mut library, &mut memory).expect("copied");
    memory.into()
}

/// A child that is being talked to.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Kept out of `child`, whose `wait` would close it.
    input: Option<ChildStdin>,
    output: ChildStdout,
    frames: Vec<(FrameKind, Vec<u8>)>,
}

impl Running {
    pub(crate) fn send(&mut self, kind: FrameKind, payload: &Value) {
        let input = self.input.as_mut().expect("not closed");
        write_frame(input, kind, 0, payload.to_string().as_bytes()).expect("the child listens");
    }

    /// Closes the child's input, as the death of the daemon does.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn read_until(&mut self, kind: FrameKind) {
        while self.read_frame().expect("the frame comes") != kind {}
    }

    /// Reads the rest and waits for the end.
    pub(crate) fn finish(mut self) -> Ended {
        while self.read_frame().is_some() {}
        let mut printed = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut printed).expect("text");
        Ended {
            frames: self.frames,
            status: self.child.wait().expect("started here"),
            printed,
        }
    }

    fn read_frame(&mut self) -> Option<FrameKind> {
        let header = read_header(&mut self.output).expect("whole frames")?;
        let mut payload = vec![0; header.payload_bytes as usize];
        self.output.read_exact(&mut payload).expect("whole frames");
        self.frames.push((header.kind, payload));
        Some(header.kind)
    }
}

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    frames: Vec<(FrameKind, Vec<u8>)>,
    status: ExitStatus,
    pub(crate) printed: String,
}

impl Ended {
    pub(crate) fn kinds(&self) -> Vec<FrameKind> {
        self.frames.iter().map(|(kind, _)| *kind).collect()
    }

    /// Payloads of one kind of frame.
    pub(crate) fn all(&self, wanted: FrameKind) -> Vec<&[u8]> {
        let frames = self.frames.iter().filter(|(kind, _)| *kind == wanted);
        frames.map(|(_, payload)| payload.as_slice()).collect()
    }

    /// The first batch.
    pub(crate) fn batch(&self) -> RecordBatch {
        let payload = self.all(FrameKind::Data)[0];
        let mut reader = StreamReader::try_new(Cursor::new(payload), None).expect("a stream");
        reader.next().expect("a batch").expect("valid")
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}
