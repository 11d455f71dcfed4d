//! A customer of three sources whose every word is planted, beside customers who stay.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::daemon::vocd;
use crate::scratch::Scratch;

/// Part of everything that the customer is called or said, and of nothing else.
pub const PLANTED: &str = "zplantedq";
/// Alias that links the customer's rows.
pub const ALIAS: &str = "email:zplantedq@b.example";
/// The sources that hold the customer.
pub const SOURCES: [&str; 3] = ["crm", "desk", "survey"];

/// Whether the planted customer is among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// It is, and comes again with every full read.
    Others,
    /// It never was.
    None,
}

/// Writes three sources and their configuration.
#[must_use]
pub fn lay_out(among: Among, address: std::net::SocketAddr, more: &str) -> Scratch {
    let scratch = Scratch::new();
    let mut customers = "id,name,segment,aliases,updated_at\n".to_owned();
    let mut tickets =
        "id,customer,created_at,updated_at,first_reply_at,solved_at,status\n".to_owned();
    let mut answers =
        "id,survey,question,metric,score,responded_at,customer,comment,ticket\n".to_owned();
    for idx in 0..400_u64 {
        let (day, segment) = (1 + idx % 28, ["gold", "tin"][usize::from(idx % 3 == 0)]);
        let at = format!("2026-0{}-{day:02}T10:00:00Z", 1 + idx % 5);
        let solved = format!("2026-0{}-{day:02}T1{}:30:00Z", 1 + idx % 5, idx % 9);
        writeln!(
            customers,
            "c{idx},Name {idx},{segment},\"[\"\"email:c{idx}@a.example\"\"]\",{at}"
        )
        .expect("a string");
        writeln!(
            tickets,
            "t{idx},email:c{idx}@a.example,{at},{at},{solved},{solved},solved"
        )
        .expect("a string");
        writeln!(
            answers,
            "a{idx},s,q,nps,{},{at},crm/c{idx},fine,",
            idx * 7 % 11
        )
        .expect("a string");
    }
    if among == Among::Others {
        let alias = format!("\"[\"\"{ALIAS}\"\"]\"");
        let at = "2026-03-05T10:00:00Z";
        writeln!(customers, "{PLANTED}-1,{PLANTED} name,gold,{alias},{at}").expect("a string");
        for idx in 0..40 {
            writeln!(
                tickets,
                "t-{PLANTED}-{idx},Email:{PLANTED}@B.example,{at},{at},,,open"
            )
            .expect("a string");
            let customer = [ALIAS, "crm/zplantedq-1", "desk/zplantedq-9"][idx % 3];
            writeln!(
                answers,
                "a-{PLANTED}-{idx},s,q,nps,0,{at},{customer},\"{PLANTED} said {idx}\","
            )
            .expect("a string");
            // Names nobody, and hangs on a ticket of the person.
            writeln!(
                answers,
                "b-{PLANTED}-{idx},s,q,nps,10,{at},,\"{PLANTED} added\",desk/t-{PLANTED}-{idx}"
            )
            .expect("a string");
        }
        let own = format!("id,aliases,updated_at\n{PLANTED}-9,{alias},{at}\n");
        scratch.write("users.csv", own);
    } else {
        scratch.write("users.csv", "id,aliases,updated_at\n");
    }
    scratch.write("customers.csv", customers);
    scratch.write("tickets.csv", tickets);
    scratch.write("answers.csv", answers);
    scratch.write("vocd.toml", configuration(address, more));
    scratch
}

fn configuration(address: std::net::SocketAddr, more: &str) -> String {
    let source = |name: &str, files: &[(&str, &str)]| {
        let files = files.iter().map(|(kind, path)| {
            format!("[[source.config.file]]\nkind = \"{kind}\"\npath = \"{path}\"\n")
        });
        format!(
            "[[source]]\nname = \"{name}\"\nplugin = \"csv\"\nevery = \"1h\"\n{}",
            files.collect::<String>()
        )
    };
    let sources = [
        source("crm", &[("customer", "customers.csv")]),
        source(
            "desk",
            &[("customer", "users.csv"), ("ticket", "tickets.csv")],
        ),
        source("survey", &[("response", "answers.csv")]),
    ];
    format!(
        "data_dir = \"vocd-data\"\nlisten = \"{address}\"\ntimezone = \"Europe/Berlin\"\n\
         [dimensions]\nsegment = {{ from = \"customer.segment\" }}\n\
         [identity]\ncustomer = [\"crm\", \"desk\"]\n{}{more}",
        sources.concat()
    )
}

/// Pulls every source, again from the beginning if `is_full`, and returns what was printed.
///
/// # Panics
/// When a pull fails.
#[must_use]
pub fn sync(folder: &Path, is_full: bool) -> String {
    let mut printed = String::new();
    for source in SOURCES {
        let full = is_full.then_some("--full");
        let arguments: Vec<&str> = ["sync", source].into_iter().chain(full).collect();
        let outcome = vocd(folder, &arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        printed.push_str(&outcome.stdout);
    }
    printed
}

/// Returns what several KPIs say, without what changes from moment to moment.
///
/// # Panics
/// When one is not answered.
#[must_use]
pub fn numbers(folder: &Path) -> Vec<Value> {
    let asked = [
        ("nps", "segment"),
        ("nps", "channel"),
        ("first_reply_time", "segment"),
        ("backlog", "status"),
    ];
    asked.map(|(kpi, by)| number(folder, kpi, by)).into()
}

fn number(folder: &Path, kpi: &str, by: &str) -> Value {
    let by = if by == "segment" {
        ["--by", by]
    } else {
        ["--tz", "UTC"]
    };
    let range = ["--from", "2026-01-01", "--to", "2026-06-01"];
    let rest = ["--grain", "month", "--format", "json"];
    let arguments: Vec<&str> = ["kpi", kpi]
        .into_iter()
        .chain(by)
        .chain(range)
        .chain(rest)
        .collect();
    let outcome = vocd(folder, &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let mut answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    for moving in ["as_of", "valid_until", "provenance"] {
        answer.as_object_mut().expect("an object").remove(moving);
    }
    answer
}

/// Returns the files under a folder that hold something planted, in any writing.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn found_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(found_in(&path));
        } else if path.is_file() {
            let text = fs::read(&path).expect("readable").to_ascii_lowercase();
            let planted = PLANTED.as_bytes();
            if text.windows(planted.len()).any(|window| window == planted) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
