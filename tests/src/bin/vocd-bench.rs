//! Measures the whole system as its users meet it and prints one line per figure:
//! `name value unit`. Run it by `make bench`, on an otherwise idle machine.
//!
//! `VOCD_BENCH_ROWS` makes the load smaller; figures are only comparable at one size. Names of parts
//! as arguments (`children`, `webhooks`, `ingest`, `pictures`, `answers`, `series`, `insights`,
//! `themes`, `truths`) leave out the others.

#[path = "vocd-bench/answers.rs"]
mod answers;
#[path = "vocd-bench/child.rs"]
mod child;
#[path = "vocd-bench/insights.rs"]
mod insights;
#[path = "vocd-bench/series.rs"]
mod series;
#[path = "vocd-bench/themes.rs"]
mod themes;
#[path = "vocd-bench/truth_driver.rs"]
mod truth_driver;
#[path = "vocd-bench/truth_drop.rs"]
mod truth_drop;
#[path = "vocd-bench/truth_themes.rs"]
mod truth_themes;
#[path = "vocd-bench/truth_training.rs"]
mod truth_training;
#[path = "vocd-bench/truths.rs"]
mod truths;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use vocd_tests::daemon::{Daemon, free_address, vocd, wait_until};
use vocd_tests::dice::setting;
use vocd_tests::scratch::Scratch;
use vocd_tests::{pushed, request};

/// Rows of the load; every tenth repeats an earlier id.
const N_ROWS: u64 = 5_000_000;
/// Rows of one update.
const N_UPDATES: u64 = 10_000;
/// Updates of each kind after the first one, which finds nothing in memory.
const UPDATE_ROUNDS: u64 = 5;
/// Requests per figure of a picture.
const N_PICTURES: usize = 40;
/// Clients that send webhooks at once.
const N_CLIENTS: usize = 64;
/// Seconds that they do so; `VOCD_WEBHOOK_S` is another number.
const WEBHOOK_S: u64 = 10;

const HEADER: &str = "id,updated_at,survey,survey_name,question,question_text,metric,score,scale_min,scale_max,\
     response,responded_at,status,mode,customer,channel,language,comment\n";

fn main() -> anyhow::Result<()> {
    let n_rows = std::env::var("VOCD_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(N_ROWS);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let parts: [(&str, &dyn Fn() -> anyhow::Result<()>); 9] = [
        ("children", &child::children),
        ("webhooks", &webhooks),
        ("ingest", &|| ingest(n_rows)),
        ("pictures", &pictures),
        ("answers", &answers::answers),
        ("series", &series::series),
        ("insights", &insights::insights),
        ("themes", &themes::themes),
        ("truths", &truths::truths),
    ];
    let is_part = |name: &String| parts.iter().any(|(part, _)| part == name);
    if let Some(unknown) = wanted.iter().find(|name| !is_part(name)) {
        let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        anyhow::bail!("`{unknown}` is none of {}", names.join(", "));
    }
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|part| part == name) {
            measure()?;
        }
    }
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]
fn print(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.1} {unit}");
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]
fn print_with_target(name: &str, value: f64, unit: &str, target: &str) {
    println!("{name} {value:.1} {unit} (target: {target})");
}

/// One answer of 18 columns; `version` moves its last change.
fn row(line: &mut String, id: u64, version: u64) {
    line.clear();
    let minute = id % 1_000_000;
    let at = 1_700_000_000 + i64::try_from(minute).unwrap_or(0) * 60;
    let responded = jiff::Timestamp::from_second(at).expect("inside the calendar");
    let updated = jiff::Timestamp::from_second(at + i64::try_from(version).unwrap_or(0) * 3_600)
        .expect("inside the calendar");
    writeln!(
        line,
        "answer-{id:09},{updated},service,Service survey,recommend,How likely are you to recommend us?,nps,{},0,10,\
         submission-{id:09},{responded},complete,transactional,customer-{:06},{},en,it was fine {}",
        (id * 7) % 11,
        id % 200_003,
        ["chat", "mail", "phone", "web"][usize::try_from(id % 4).unwrap_or(0)],
        id % 97,
    )
    .expect("writing to a string");
}

fn write_answers(path: &Path, n_rows: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    let mut line = String::new();
    for idx in 0..n_rows {
        // Every tenth row is a later version of an earlier answer.
        let (id, version) = if idx % 10 == 9 {
            (idx / 2, 1)
        } else {
            (idx, 0)
        };
        row(&mut line, id, version);
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}

/// Which ids an update changes.
#[derive(Clone, Copy)]
enum Spread {
    /// The newest answers, as a helpdesk's list of changes has them.
    Recent,
    /// Answers of all ages: every part of the table is touched.
    Scattered,
}

impl Spread {
    /// Each version changes other scattered answers: those of the one before stand together now.
    fn id(self, idx: u64, version: u64, n_rows: u64) -> u64 {
        match self {
            Self::Recent => n_rows.saturating_sub(1 + idx),
            Self::Scattered => (idx * 467 + version * 13) % n_rows.max(1),
        }
    }
}

fn write_update(path: &Path, n_rows: u64, spread: Spread, version: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    let mut line = String::new();
    for idx in 0..N_UPDATES {
        row(&mut line, spread.id(idx, version, n_rows), version);
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}

fn configuration(address: std::net::SocketAddr, file: &str) -> String {
    format!(
        "listen = \"{address}\"\ntimezone = \"Europe/Berlin\"\nmemory_limit = \"4GiB\"\n\n\
         [[source]]\nname = \"answers\"\nplugin = \"csv\"\nevery = \"1h\"\ntimeout = \"1h\"\n\n\
         [[source.config.file]]\nkind = \"response\"\npath = \"{file}\"\n"
    )
}

fn sync(scratch: &Scratch) -> anyhow::Result<f64> {
    let start = Instant::now();
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    let elapsed_s = start.elapsed().as_secs_f64();
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    Ok(elapsed_s)
}

fn ingest(n_rows: u64) -> anyhow::Result<()> {
    let (scratch, address) = (Scratch::new(), free_address());
    scratch.write("vocd.toml", configuration(address, "answers.csv"));
    write_answers(&scratch.path("answers.csv"), n_rows)?;
    // The whole process: start, child, pipe, validation, version rule, commit, close.
    let elapsed_s = sync(&scratch)?;
    print("ingest_rows_s", n_rows as f64 / elapsed_s, "rows/s");
    updates(&scratch, address, n_rows)
}

/// Updates beside a running daemon: the command, the child, the look-up, the commit.
fn updates(scratch: &Scratch, address: std::net::SocketAddr, n_rows: u64) -> anyhow::Result<()> {
    std::fs::remove_file(scratch.path("answers.csv"))?;
    scratch.write("vocd.toml", configuration(address, "update.csv"));
    let update = scratch.path("update.csv");
    std::fs::write(&update, HEADER)?;
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    wait_until("the pull of the start", Duration::from_secs(60), || {
        daemon.log().contains(" pulled ").then_some(())
    });
    let mut version = 50;
    let mut round = |spread| -> anyhow::Result<f64> {
        version += 1;
        write_update(&update, n_rows, spread, version)?;
        Ok(sync(scratch)? * 1e3)
    };
    print("update_10k_first_ms", round(Spread::Scattered)?, "ms");
    for (name, spread) in [
        ("update_10k_recent_ms", Spread::Recent),
        ("update_10k_scattered_ms", Spread::Scattered),
    ] {
        let mut elapsed_ms = (0..UPDATE_ROUNDS)
            .map(|_| round(spread))
            .collect::<anyhow::Result<Vec<_>>>()?;
        print(name, median(&mut elapsed_ms), "ms");
    }
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

fn pictures() -> anyhow::Result<()> {
    let (scratch, address) = (Scratch::new(), free_address());
    let outcome = vocd(scratch.folder(), &["demo", "--keep", "demo", "--no-serve"]);
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    let port = address.port().to_string();
    let start = Instant::now();
    let mut daemon = Daemon::start(
        scratch.folder(),
        &["demo", "--keep", "demo", "--port", &port],
        address,
    );
    print(
        "start_to_first_answer_ms",
        start.elapsed().as_secs_f64() * 1e3,
        "ms",
    );
    for (name, first_month, target) in [
        (
            "chart_png_1080p_cold",
            3,
            "/charts/executive/trend.png?width=1920&height=1080",
        ),
        (
            "chart_svg_cold",
            7,
            "/charts/executive/trend.svg?width=1920&height=1080",
        ),
    ] {
        let mut cold = Vec::new();
        for idx in 0..N_PICTURES {
            // Another range is another question: no cache has the answer.
            let (day, month) = (1 + idx % 27, first_month + idx / 27);
            cold.push(exchange(
                address,
                &format!("{target}&from=2024-12-{day:02}&to=2026-{month:02}-01"),
            )?);
        }
        print(name, median(&mut cold), "ms");
        let mut cached = Vec::new();
        exchange(address, target)?;
        for _ in 0..N_PICTURES {
            cached.push(exchange(address, target)?);
        }
        print(&name.replace("cold", "cached"), median(&mut cached), "ms");
    }
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

/// Durable acknowledgements of webhooks from many clients at once.
fn webhooks() -> anyhow::Result<()> {
    let (scratch, address) = pushed::lay_out("", "");
    let mut daemon = pushed::serve(scratch.folder(), address);
    let length = Duration::from_secs(setting("VOCD_WEBHOOK_S", WEBHOOK_S));
    let until = Instant::now() + length;
    let times = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..N_CLIENTS)
            .map(|client| scope.spawn(move || acknowledged(address, client, until)))
            .collect();
        let times = clients
            .into_iter()
            .map(|client| client.join().expect("a client does not panic"));
        times.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let mut times = times.concat();
    print("webhook_ack_p50_ms", median(&mut times), "ms");
    let p99 = times[times.len() * 99 / 100];
    print_with_target("webhook_ack_p99_ms", p99, "ms", "<= 50 ms");
    let rate = times.len() as f64 / length.as_secs_f64();
    print("webhooks_s", rate, "webhooks/s");
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

fn acknowledged(
    address: std::net::SocketAddr,
    client: usize,
    until: Instant,
) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for event in 0.. {
        if Instant::now() >= until {
            break;
        }
        let body = pushed::body(&format!("c{client}-{event}"));
        let start = Instant::now();
        let answer = pushed::post(address, &body)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(answer.status == 200, "{}", answer.text());
    }
    Ok(times)
}

fn exchange(address: std::net::SocketAddr, target: &str) -> anyhow::Result<f64> {
    let start = Instant::now();
    let response = request::get(address, target, &[])?;
    let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
    anyhow::ensure!(response.status == 200, "{target}: {}", response.text());
    Ok(elapsed_ms)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
