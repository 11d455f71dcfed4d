//! One run from the first frame to the last, and the exit code of each stage.

use std::io;
use std::sync::mpsc::Receiver;

use rustix::process::{Resource, Rlimit, setrlimit};
use vocd_plugin::frame::{FrameKind, LIBRARY_FD};

use crate::hello::{Hello, Mode};
use crate::library::{Instance, Library};
use crate::pipe::{self, FrameReader, FrameWriter, StopFlag};
use crate::session::{Report, Session};
use crate::webhook::{self, Delivery};

/// Descriptors a plugin may have open.
const OPEN_FILES_MAX: u64 = 256;

/// Where a run ended, as the exit code: a daemon that lost the frames still learns the stage.
/// Success has an END frame too; the code alone proves nothing.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Stage {
    Done = 0,
    Descriptors = 11,
    Hello = 12,
    Load = 13,
    Open = 14,
    Work = 15,
    End = 16,
}

/// Runs to the end and returns the exit code.
pub(crate) fn run() -> u8 {
    let stage = match pipe::take_frames() {
        Ok((reader, writer)) => converse(reader, writer),
        Err(_) => Stage::Descriptors,
    };
    stage as u8
}

fn converse(mut reader: FrameReader, writer: FrameWriter) -> Stage {
    let stop = StopFlag::default();
    let hello = match first_frame(&mut reader) {
        Ok(hello) => hello,
        Err(error) => {
            let report = Report::protocol(format!("the first frame is unusable: {error}"));
            Session::new(writer, stop, String::new()).fail(&report);
            return Stage::Hello;
        }
    };
    let session = Session::new(writer, stop.clone(), hello.stream.clone());
    let (deliverer, deliveries) = webhook::deliveries();
    let listening = reader
        .listen(stop, deliverer)
        .and_then(|()| limit(hello.limits.memory_bytes));
    if let Err(error) = listening {
        session.fail(&Report::new(
            "internal",
            format!("failed to set the process up: {error}"),
        ));
        return Stage::Hello;
    }
    match perform(&hello, &session, &deliveries) {
        Ok(()) => Stage::Done,
        Err((stage, report)) => {
            session.fail(&report);
            stage
        }
    }
}

fn first_frame(reader: &mut FrameReader) -> io::Result<Hello> {
    match reader.next()? {
        Some((FrameKind::Hello, payload)) => Ok(serde_json::from_slice(&payload)?),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "it is no HELLO")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Bounds what the library may use, before any of its code runs.
fn limit(memory_bytes: u64) -> io::Result<()> {
    set(Resource::Core, 0)?;
    set(Resource::Nofile, OPEN_FILES_MAX)?;
    if memory_bytes > 0 {
        // Not the address space: runtimes reserve far more of it than they use.
        set(Resource::Data, memory_bytes)?;
    }
    Ok(())
}

fn set(resource: Resource, limit: u64) -> io::Result<()> {
    let rlimit = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    Ok(setrlimit(resource, rlimit)?)
}

fn perform(
    hello: &Hello,
    session: &Session,
    deliveries: &Receiver<Delivery>,
) -> Result<(), (Stage, Report)> {
    let path = format!("/proc/self/fd/{LIBRARY_FD}");
    let library = Library::open(&path)
        .map_err(|error| (Stage::Load, Report::new("load", error.to_string())))?;
    let at = |stage| move |report| (stage, report);
    let instance =
        Instance::open(&library, session, hello.config.get()).map_err(at(Stage::Open))?;
    session
        .ready(library.abi_minor())
        .map_err(at(Stage::Open))?;
    match hello.mode {
        Mode::Open => {}
        Mode::Read => instance
            .read(&hello.read_request())
            .map_err(at(Stage::Work))?,
        Mode::Call => {
            let params = hello.params.as_ref().map_or("{}", |params| params.get());
            instance
                .call(&hello.method, params)
                .map_err(at(Stage::Work))?;
        }
        Mode::Webhook => webhook::parse_all(&instance, session, deliveries, hello.n_webhooks)
            .map_err(at(Stage::Work))?,
    }
    // Before `close`: the run is complete, and a crash while tidying up does not undo it.
    session.end().map_err(at(Stage::End))
}
