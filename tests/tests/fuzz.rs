//! Spoiled bytes at the daemon's two open doors: the frames of a child, and webhooks.
//!
//! Whatever comes, the daemon's own code returns: no panic escapes, nothing hangs, and no case holds
//! more memory than a few of the longest frames. `VOCD_FUZZ_CASES` makes it longer, as `make soak`
//! does; the seed is printed.

#[path = "fuzz/allocation.rs"]
mod allocation;
#[path = "fuzz/frames.rs"]
mod frames;
#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "fuzz/webhook.rs"]
mod webhook;

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use vocd::host::transcript::{self, Transcript};
use vocd::push::Sifted;
use vocd::record::SourceName;
use vocd::record::door::Door;
use vocd_plugin::frame::PAYLOAD_BYTES_MAX;
use vocd_tests::binaries;
use vocd_tests::dice::{Dice, seed, setting};
use vocd_tests::pushed;

#[global_allocator]
static ALLOCATOR: allocation::Counted = allocation::Counted;

/// Cases of each kind, unless `VOCD_FUZZ_CASES` says otherwise.
const N_CASES: u64 = 2_000;
/// Cases over a real connection for each of the others, which cost a thousandth.
const N_CASES_PER_REQUEST: u64 = 10;
/// Most memory of one case: the longest frame, and once more where its buffers have to be aligned.
const CASE_BYTES_MAX: usize = 2 * PAYLOAD_BYTES_MAX as usize;
/// Longest case: by far longer than any takes on a busy machine.
const CASE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long half of a request is kept open.
const HALF_TIMEOUT: Duration = Duration::from_millis(20);

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What a thread of cases found.
#[derive(Default)]
struct Tally {
    n_taken: u64,
    n_refused: u64,
    peak_bytes: usize,
}

#[expect(clippy::print_stdout, reason = "what was tried is told")]
fn tell(what: &str) {
    println!("{what}");
}

/// Runs cases on a thread of their own. `case` says whether its input was taken for good.
fn run_cases(name: &str, n_cases: u64, mut case: impl FnMut(&mut Dice) -> bool + Send) {
    let seed = seed();
    let (is_alive, alive) = sync_channel(1);
    std::thread::scope(|scope| {
        let cases = scope.spawn(move || {
            quiet_panics();
            let mut tally = Tally::default();
            for idx in 0..n_cases {
                // Each case has dice of its own, so that one can be repeated alone.
                let mut dice = Dice::new(seed ^ idx.wrapping_mul(0x2545_f491_4f6c_dd1d));
                let mut is_taken = Ok(false);
                let peak_bytes = allocation::peak_of(|| {
                    is_taken = catch_unwind(AssertUnwindSafe(|| case(&mut dice)));
                });
                let Ok(is_taken) = is_taken else {
                    return Err(format!("case {idx} panicked"));
                };
                if peak_bytes > CASE_BYTES_MAX {
                    return Err(format!("case {idx} held {peak_bytes} bytes"));
                }
                tally.n_taken += u64::from(is_taken);
                tally.n_refused += u64::from(!is_taken);
                tally.peak_bytes = tally.peak_bytes.max(peak_bytes);
                // A full channel says the same.
                let _ = is_alive.try_send(());
            }
            drop(is_alive);
            Ok(tally)
        });
        loop {
            match alive.recv_timeout(CASE_TIMEOUT) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    // The thread cannot be ended: the whole program is.
                    tell(&format!("{name}: seed {seed}: a case hangs"));
                    std::process::abort();
                }
            }
        }
        let tally = cases.join().expect("every panic is caught");
        match tally {
            Ok(tally) => tell(&format!(
                "{name}: {n_cases} cases, {} taken, {} refused, at most {} KiB held",
                tally.n_taken,
                tally.n_refused,
                tally.peak_bytes / 1024
            )),
            Err(fault) => panic!("{name}: seed {seed}: {fault}"),
        }
    });
}

/// Keeps the panics that the decoder's border catches out of the output of this thread.
fn quiet_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                told(panic);
            }
        }));
    });
    IS_QUIET.set(true);
}

/// Reads frames as the daemon does, up to the door that checks rows.
fn take(bytes: &[u8], door: &Door, now: Timestamp) -> Transcript {
    let mut n_rows = 0;
    let transcript = transcript::read(bytes, &mut |kind, rows| {
        n_rows += rows.num_rows() as u64;
        if let Ok(checked) = door.check(kind, rows, now) {
            let n_kept = checked.batch.rows.num_rows() + checked.rejects.len();
            assert!(n_kept >= rows.num_rows(), "a row went missing");
        }
    });
    assert_eq!(transcript.n_rows, n_rows);
    transcript
}

#[test]
fn no_frames_of_a_child_get_past_the_reader() {
    let n_cases = setting("VOCD_FUZZ_CASES", N_CASES);
    let bare = frames::record(&binaries::folder().join("libvocd_source_bare.so"), "ticks");
    let frozen = binaries::root().join("tests/fixtures/abi-v1/libvocd_source_frozen.so");
    let mut recordings = vec![bare];
    // It has a column of every type, where it runs.
    if cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    )) {
        recordings.push(frames::record(&frozen, "rows"));
    }
    let door = Door::new(SourceName::new("fuzz").expect("a plain name"));
    let now = Timestamp::now();
    for recording in &recordings {
        let whole = take(recording, &door, now);
        assert!(whole.is_complete && whole.fault.is_none(), "{whole:?}");
        assert!(whole.n_rows > 0 && whole.n_checkpoints > 0, "{whole:?}");
    }
    run_cases("frames", n_cases, |dice| {
        let recording = dice.pick(&recordings).clone();
        let donor = dice.pick(&recordings).clone();
        let bytes = frames::spoiled(dice, &recording, &donor);
        let read = take(&bytes, &door, now);
        read.is_complete && read.fault.is_none()
    });
}

#[test]
fn no_webhook_gets_past_the_proof() {
    let n_cases = setting("VOCD_FUZZ_CASES", N_CASES);
    let vendors = webhook::vendors();
    for vendor in &vendors {
        assert!(
            matches!(vendor.good().sift(vendor), Sifted::Kept { .. }),
            "{}",
            vendor.name
        );
    }
    run_cases("webhooks", n_cases, |dice| {
        let vendor = dice.pick(&vendors);
        let mut request = vendor.good();
        request.spoil(dice);
        let is_kept = matches!(request.sift(vendor), Sifted::Kept { .. });
        // What stands in the headers beside the proof may change; the body may not.
        assert!(
            !is_kept || request.body == vendor.good().body,
            "a changed body was taken"
        );
        is_kept
    });
}

/// Sends raw bytes and returns the status of the answer, or `None` when there is none.
///
/// Half of a request is waited for: after `patience` the connection is closed on this side.
fn send_raw(address: SocketAddr, bytes: &[u8], patience: Duration) -> Option<u16> {
    let mut stream = TcpStream::connect(address).expect("the daemon listens");
    stream.set_read_timeout(Some(patience)).expect("not zero");
    // A daemon that refuses early closes its side.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    if is_waiting(&stream.read_to_end(&mut answer)) {
        stream
            .set_read_timeout(Some(CASE_TIMEOUT))
            .expect("not zero");
        let _ = stream.shutdown(Shutdown::Write);
        let ended = stream.read_to_end(&mut answer);
        assert!(
            !is_waiting(&ended),
            "the daemon neither answered nor hung up"
        );
    }
    let status = answer
        .strip_prefix(b"HTTP/1.1 ")
        .or(answer.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(status.get(..3)?).ok()?.parse().ok()
}

fn is_waiting(read: &std::io::Result<usize>) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    let kind = read.as_ref().err().map(std::io::Error::kind);
    kind.is_some_and(|kind| matches!(kind, WouldBlock | TimedOut))
}

#[test]
fn no_request_takes_the_daemon_down() {
    let n_cases = setting("VOCD_FUZZ_CASES", N_CASES) / N_CASES_PER_REQUEST;
    let (scratch, address) = pushed::lay_out("", "");
    let daemon = pushed::serve(scratch.folder(), address);
    let now_s = Timestamp::now().as_second();
    let body = pushed::body("fuzz").to_string().into_bytes();
    let mut head = format!(
        "POST {}?a=b%20c HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n",
        pushed::TARGET,
        body.len()
    );
    for (name, value) in pushed::signed(&body, now_s) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let good = [head.as_bytes(), b"\r\n", &body].concat();
    assert_eq!(
        send_raw(address, &good, CASE_TIMEOUT),
        Some(200),
        "{}",
        daemon.log()
    );
    run_cases("requests", n_cases, |dice| {
        let mut bytes = good.clone();
        for _ in 0..=dice.roll(3) {
            mutation::spoil(dice, &mut bytes, &good);
        }
        let status = send_raw(address, &bytes, HALF_TIMEOUT);
        assert_ne!(status, Some(500));
        status == Some(200)
    });
    assert_eq!(daemon.get("/healthz").status, 200);
    assert_eq!(
        send_raw(address, &good, CASE_TIMEOUT),
        Some(200),
        "{}",
        daemon.log()
    );
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    // The one event that is true was sent often, and counts once.
    assert!(pushed::n_rows(&daemon) <= 1, "{}", daemon.log());
}
