//! Measures the plugin alone: rows per second of a survey export with 18 columns.
//!
//! `cargo run --release -p vocd-source-csv --example rate -- ROWS`
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use vocd_plugin::testing::{Harness, RowKeeping};
use vocd_source_csv::CsvSource;

const CONFIG: &str = r#"{"file":[{"kind":"response","path":"answers.csv","columns":{
    "id":"id","survey":"survey","question":"question","metric":{"const":"nps"},"score":"score",
    "scale_min":{"const":0},"scale_max":{"const":10},
    "responded_at":{"from":"responded","format":"%d/%m/%Y %H:%M","timezone":"Europe/London"},
    "updated_at":"updated","response":"response","status":{"from":"state","map":{"done":"complete"},"else":"partial"},
    "customer":"customer","agent":"agent","ticket":"ticket","channel":"channel","language":"language",
    "comment":"comment","is_test":"test","attributes.product":"product","attributes.country":"country"}}]}"#;

fn write_rows(path: &Path, n_rows: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "id,survey,question,score,responded,updated,response,state,customer,agent,ticket,channel,\
         language,comment,test,product,country,unused"
    )?;
    for row in 0..n_rows {
        let (day, month, year) = (row % 28 + 1, row / 28 % 12 + 1, 2022 + row / 336 % 4);
        let (hour, minute, score) = (row % 24, row % 60, row * 7 % 11);
        writeln!(
            file,
            "r-{row},onboarding,recommend,{score},{day:02}/{month:02}/{year} {hour:02}:{minute:02},\
             {year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z,s-{row},done,c-{},a-{},t-{row},email,en,\
             \"The service was good, thank you\",false,product-{},DE,x",
            row % 50_000,
            row % 200,
            row % 12
        )?;
    }
    file.flush()
}

fn main() -> std::io::Result<()> {
    let n_rows = std::env::args()
        .nth(1)
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("answers.csv");
    write_rows(&path, n_rows)?;
    let mut config: serde_json::Value = serde_json::from_str(CONFIG)?;
    config["$base_dir"] = folder.path().to_string_lossy().into();
    for _ in 0..3 {
        let mut harness =
            Harness::open::<CsvSource>(&config.to_string()).map_err(std::io::Error::other)?;
        harness.set_row_keeping(RowKeeping::Count);
        let start = Instant::now();
        let run = harness.read("files", None);
        let elapsed_s = start.elapsed().as_secs_f64();
        run.result.map_err(std::io::Error::other)?;
        let n_bytes = std::fs::metadata(&path)?.len() as f64;
        let rate = n_rows as f64 / elapsed_s;
        println!("{rate:.0} rows/s, {:.0} MB/s", n_bytes / elapsed_s / 1e6);
    }
    Ok(())
}
