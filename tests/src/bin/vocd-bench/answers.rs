//! How long numbers take: every KPI over the demo, and one over millions of answers with two
//! dimensions, from rows and from roll-ups.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use vocd_tests::daemon::{Daemon, free_address, vocd, wait_until};
use vocd_tests::dice::setting;
use vocd_tests::request;
use vocd_tests::scratch::Scratch;

use super::{exchange, median, print, print_with_target};

/// Answers of the big store; `VOCD_BENCH_ANSWERS` is another number.
const N_ANSWERS: u64 = 10_000_000;
/// Requests per figure, each another question.
const N_QUESTIONS: usize = 9;
/// Days over which the answers lie.
const N_DAYS: u64 = 1_096;

const HEADER: &str = "id,responded_at,score,channel,language,segment,region,customer\n";

pub(super) fn answers() -> anyhow::Result<()> {
    every_kpi()?;
    many_answers(setting("VOCD_BENCH_ANSWERS", N_ANSWERS))
}

/// A year of each KPI over the demo, unsplit.
fn every_kpi() -> anyhow::Result<()> {
    let (scratch, address) = (Scratch::new(), free_address());
    let outcome = vocd(scratch.folder(), &["demo", "--keep", "demo", "--no-serve"]);
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    let port = address.port().to_string();
    let flags = ["demo", "--keep", "demo", "--port", &port];
    let mut daemon = Daemon::start(scratch.folder(), &flags, address);
    let list = request::get(address, "/api/v1/kpis", &[])?;
    let list: Value = serde_json::from_str(&list.text())?;
    for kpi in list["kpis"].as_array().into_iter().flatten() {
        let name = kpi["kpi"].as_str().unwrap_or_default();
        // It names agents, which takes a token.
        if name == "kudos" {
            continue;
        }
        // An analysis says what it can be of; it runs beside the request path.
        let is_analysis = kpi["of"].is_array();
        let split = if name == "contribution" {
            "&by=channel"
        } else {
            ""
        };
        let mut times = Vec::new();
        for idx in 0..N_QUESTIONS {
            // Another range is another question: no cache has the answer.
            let target = format!(
                "/api/v1/kpis/{name}?from=2025-{:02}-01&to=2026-{:02}-01{split}",
                idx + 1,
                idx + 1
            );
            times.push(exchange(address, &target)?);
        }
        let time = median(&mut times);
        match is_analysis {
            true => print(&format!("analysis_{name}_ms"), time, "ms"),
            false => print_with_target(&format!("kpi_{name}_ms"), time, "ms", "<= 30 ms"),
        }
    }
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

fn write_answers(path: &Path, n_answers: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    let start = 1_672_531_200_u64;
    for id in 0..n_answers {
        // A stride without a common factor walks through every combination.
        let at = start + id * (N_DAYS * 86_400) / n_answers;
        let at = jiff::Timestamp::from_second(i64::try_from(at)?)?;
        let step = id.wrapping_mul(2_654_435_761) >> 7;
        let pick = |names: &'static [&'static str], by: u64| {
            names[usize::try_from(step / by % names.len() as u64).unwrap_or(0)]
        };
        writeln!(
            file,
            "a{id},{at},{},{},{},{},{},c{}",
            step % 11,
            pick(&["chat", "mail", "phone", "web"], 3),
            pick(&["de", "en", "fr"], 5),
            pick(
                &["agency", "enterprise", "mid", "public", "small", "solo"],
                7
            ),
            pick(&["apac", "dach", "nordics", "uk", "us"], 13),
            step % 1_000_003,
        )?;
    }
    Ok(file.flush()?)
}

fn configuration(address: SocketAddr) -> String {
    format!(
        "listen = \"{address}\"\ntimezone = \"Europe/Berlin\"\nmemory_limit = \"4GiB\"\n\n\
         [dimensions]\n\
         segment = {{ from = \"response.attributes.segment\", rollup = true }}\n\
         region = {{ from = \"response.attributes.region\", rollup = true }}\n\n\
         [[source]]\nname = \"answers\"\nplugin = \"csv\"\nevery = \"1h\"\ntimeout = \"1h\"\n\n\
         [[source.config.file]]\nkind = \"response\"\npath = \"answers.csv\"\n\n\
         [source.config.file.columns]\nid = \"id\"\nmetric = {{ const = \"nps\" }}\n\
         survey = {{ const = \"service\" }}\nquestion = {{ const = \"recommend\" }}\n\
         responded_at = \"responded_at\"\nscore = \"score\"\nchannel = \"channel\"\n\
         language = \"language\"\ncustomer = \"customer\"\n\
         \"attributes.segment\" = \"segment\"\n\"attributes.region\" = \"region\"\n"
    )
}

/// The same question about dimensions that are rolled up, and about some that are not.
fn many_answers(n_answers: u64) -> anyhow::Result<()> {
    let (scratch, address) = (Scratch::new(), free_address());
    scratch.write("vocd.toml", configuration(address));
    write_answers(&scratch.path("answers.csv"), n_answers)?;
    let start = Instant::now();
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    let rate = n_answers as f64 / start.elapsed().as_secs_f64();
    print("answers_load_rows_s", rate, "rows/s");
    std::fs::write(scratch.path("answers.csv"), HEADER)?;
    let start = Instant::now();
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    wait_until("every day to be tallied", Duration::from_secs(300), || {
        is_tallied(scratch.folder()).then_some(())
    });
    print("answers_tallied_s", start.elapsed().as_secs_f64(), "s");
    for (name, question, target) in [
        (
            "two_dimensions_rows_ms",
            "by=channel&where.language=en",
            "<= 300 ms",
        ),
        (
            "two_dimensions_rollup_ms",
            "by=segment&where.region=dach",
            "<= 10 ms",
        ),
        ("unsplit_rollup_ms", "where.source=answers", "<= 10 ms"),
    ] {
        let mut times = Vec::new();
        for idx in 0..N_QUESTIONS {
            let target = format!(
                "/api/v1/kpis/nps?{question}&grain=month&from=2023-01-01&to=2025-{:02}-01",
                idx + 1
            );
            times.push(exchange(address, &target)?);
        }
        // The first one estimates the design effect, for all.
        print(&name.replace("_ms", "_first_ms"), times[0], "ms");
        print_with_target(name, median(&mut times), "ms", target);
    }
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

/// Whether a question about all days needs no row.
fn is_tallied(folder: &Path) -> bool {
    let question = [
        "kpi",
        "nps",
        "--by",
        "segment",
        "--where",
        "region=dach",
        "--explain",
    ];
    let steps = vocd(
        folder,
        &[
            &question[..],
            &["--from", "2023-01-01", "--to", "2026-01-01"],
        ]
        .concat(),
    );
    let mut lines = steps.stdout.lines();
    // The one about all times is cut where the calendar ends.
    lines.any(|line| line.contains("segment ") && line.contains("roll-up  "))
}
