//! Measures the whole system as its users meet it and prints one line per figure:
//! `name value unit`. Run it by `make bench`, on an otherwise idle machine.
//!
//! `VOCD_BENCH_ROWS` makes the load smaller; figures are only comparable at one size.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use vocd_tests::daemon::{Daemon, free_address, vocd};
use vocd_tests::request;
use vocd_tests::scratch::Scratch;

/// Rows of the load; every tenth repeats an earlier id.
const N_ROWS: u64 = 5_000_000;
/// Rows of the update.
const N_UPDATES: u64 = 10_000;
/// Requests per figure of a picture.
const N_PICTURES: usize = 40;

const HEADER: &str = "id,updated_at,survey,survey_name,question,question_text,metric,score,scale_min,scale_max,\
     response,responded_at,status,mode,customer,channel,language,comment\n";

fn main() -> anyhow::Result<()> {
    let n_rows = std::env::var("VOCD_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(N_ROWS);
    ingest(n_rows)?;
    pictures()
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]
fn print(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.1} {unit}");
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

fn write_update(path: &Path, n_rows: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    let mut line = String::new();
    for idx in 0..N_UPDATES {
        row(&mut line, (idx * 467) % n_rows.max(1), 50);
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}

fn configuration(file: &str) -> String {
    format!(
        "timezone = \"Europe/Berlin\"\nmemory_limit = \"4GiB\"\n\n[[source]]\nname = \"answers\"\nplugin = \"csv\"\n\
         every = \"1h\"\ntimeout = \"1h\"\n\n[[source.config.file]]\nkind = \"response\"\npath = \"{file}\"\n"
    )
}

fn sync(scratch: &Scratch, file: &str) -> anyhow::Result<f64> {
    scratch.write("vocd.toml", configuration(file));
    let start = Instant::now();
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    let elapsed_s = start.elapsed().as_secs_f64();
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    Ok(elapsed_s)
}

fn ingest(n_rows: u64) -> anyhow::Result<()> {
    let scratch = Scratch::new();
    write_answers(&scratch.path("answers.csv"), n_rows)?;
    write_update(&scratch.path("update.csv"), n_rows)?;
    // The whole process: start, child, pipe, validation, version rule, commit, close.
    let elapsed_s = sync(&scratch, "answers.csv")?;
    print("ingest_rows_s", n_rows as f64 / elapsed_s, "rows/s");
    let elapsed_s = sync(&scratch, "update.csv")?;
    print("update_10k_ms", elapsed_s * 1e3, "ms");
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
