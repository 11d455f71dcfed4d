//! One run from the first frame to the last, and the exit code of each stage.

use std::io;
use std::sync::mpsc::Receiver;

use vocd_plugin::frame::{FrameKind, LIBRARY_FD};

use crate::confine::{self, Layer};
use crate::hello::{Hello, Mode};
use crate::http::{HttpService, Permits};
use crate::library::endurance::{Account, endure};
use crate::library::{Instance, Library};
use crate::pipe::{self, FrameReader, FrameWriter, StopFlag};
use crate::session::{Report, Session};
use crate::webhook::{self, Delivery};

/// Where a run ended, as the exit code: a daemon that lost the frames still learns the stage.
/// Success has an END frame too; the code alone proves nothing.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Stage {
    Done = 0,
    Descriptors = 11,
    Hello = 12,
    Confine = 17,
    Load = 13,
    Open = 14,
    Work = 15,
    End = 16,
}

/// Runs to the end and returns the exit code.
pub(crate) fn run() -> u8 {
    let frames = confine::close_inherited().and_then(|()| pipe::take_frames());
    let stage = match frames {
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
    let permits = Permits::default();
    let (deliverer, deliveries) = webhook::deliveries();
    let account = match hello.mode {
        Mode::Endure => Account::open().map(Some),
        _ => Ok(None),
    };
    // Before the first thread, so that none of them is free.
    let confined = confine::confine(&hello.reach, hello.limits).and_then(|missing| {
        let listening = reader.listen(stop, permits.clone(), deliverer);
        listening.map(|()| missing)
    });
    let (missing, account) = match confined.and_then(|missing| Ok((missing, account?))) {
        Ok(prepared) => prepared,
        Err(error) => {
            let what = format!("failed to confine the plugin's process: {error}");
            session.fail(&Report::new("internal", what));
            return Stage::Confine;
        }
    };
    let task = Task {
        hello: &hello,
        missing: &missing,
        account: account.as_ref(),
    };
    match perform(&task, &session, permits, &deliveries) {
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

/// What a run has to do, and what it has to do it.
struct Task<'a> {
    hello: &'a Hello,
    missing: &'a [Layer],
    account: Option<&'a Account>,
}

fn perform(
    task: &Task<'_>,
    session: &Session,
    permits: Permits,
    deliveries: &Receiver<Delivery>,
) -> Result<(), (Stage, Report)> {
    let hello = task.hello;
    let http = HttpService::new(&hello.http).map_err(|error| {
        (
            Stage::Hello,
            Report::new(error.class().name(), error.user()),
        )
    })?;
    let path = format!("/proc/self/fd/{LIBRARY_FD}");
    let library = Library::open(&path)
        .map_err(|error| (Stage::Load, Report::new("load", error.to_string())))?;
    let at = |stage| move |report| (stage, report);
    let offered = (http, permits);
    let instance =
        Instance::open(&library, session, offered, hello.config.get()).map_err(at(Stage::Open))?;
    session
        .ready(library.abi_minor(), task.missing)
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
        Mode::Endure => {
            let account = task.account.expect("opened for this mode");
            let endured = endure(&library, &instance, hello.config.get(), account);
            session.tell_answer(&endured.map_err(at(Stage::Work))?);
        }
    }
    // Before `close`: the run is complete, and a crash while tidying up does not undo it.
    session.end().map_err(at(Stage::End))
}
