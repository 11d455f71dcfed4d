//! `vocd erase`: takes a person out of everything, beside a daemon or alone, and prints the receipt.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;
use serde_json::Value;

use crate::access::audit::{Audit, Deed};
use crate::config::Config;
use crate::daemon::House;
use crate::daemon::upkeep::{self, Inbox};
use crate::nearest::nearest;
use crate::record::SourceName;
use crate::store::upkeep::{PersonAsk, Upkeep as _};

use super::compact::size;
use super::failure::Failure;
use super::{ConfigFlag, desk, output};

/// Word that confirms an erasure at a terminal.
const CONFIRMED: &str = "erase";

/// Who is erased.
#[derive(Debug, Args)]
pub(super) struct EraseFlags {
    /// Who: the id as its source writes it, SOURCE/ID, or an alias such as email:a@b.c
    #[arg(long, value_name = "ID", required_unless_present = "receipts")]
    customer: Option<String>,
    /// Source whose id it is, where several have it
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Tell what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the receipts of all erasures, the newest first, one JSON object a line
    #[arg(long, conflicts_with_all = ["customer", "source", "yes", "dry_run"])]
    receipts: bool,
    #[command(flatten)]
    config: ConfigFlag,
}

/// Erases the person after it was confirmed.
pub(super) fn run(flags: &EraseFlags) -> Result<(), Failure> {
    let config = super::find_and_load(&flags.config)?;
    let Some(reference) = flags.customer.as_deref().filter(|_| !flags.receipts) else {
        return print_receipts(&config);
    };
    let ask = PersonAsk {
        reference: reference.to_owned(),
        source: flags
            .source
            .as_deref()
            .map(|name| source(&config, name))
            .transpose()?,
    };
    if flags.dry_run || !flags.yes {
        let holding = carry_out(&config, &ask, true)?;
        if holding["already"] == true {
            return output::bytes(receipt(&holding).as_bytes());
        }
        output::bytes(table("would be erased", &holding).as_bytes())?;
        if flags.dry_run {
            return Ok(());
        }
        confirm()?;
    }
    let report = carry_out(&config, &ask, false)?;
    output::bytes(receipt(&report).as_bytes())
}

/// Asks at the terminal; nobody there is a no.
fn confirm() -> Result<(), Failure> {
    let nothing = || Failure::new("nothing was erased");
    if !std::io::stdin().is_terminal() {
        return Err(nothing().hint("it cannot be undone: say --yes where nobody can be asked"));
    }
    output::line(&format!(
        "This cannot be undone. Type `{CONFIRMED}` to go on:"
    ))?;
    // The question is there already; a terminal that cannot be flushed shows it late.
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::of(&error))?;
    match answer.trim() == CONFIRMED {
        true => Ok(()),
        false => Err(nothing()),
    }
}

fn source(config: &Config, name: &str) -> Result<SourceName, Failure> {
    // A source that is configured no more may still have rows.
    SourceName::new(name).ok_or_else(|| {
        let names = config.sources().iter().map(|source| source.name.as_str());
        let hint = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`vocd sources` lists them".to_owned(),
        };
        Failure::new(format!("`{name}` is no name of a source")).hint(hint)
    })
}

fn carry_out(config: &Config, ask: &PersonAsk, is_dry_run: bool) -> Result<Value, Failure> {
    if let Some(socket) = desk::running_daemon(config) {
        let mut pairs = vec![
            ("customer".to_owned(), ask.reference.clone()),
            ("dry_run".to_owned(), is_dry_run.to_string()),
        ];
        pairs.extend(
            ask.source
                .iter()
                .map(|name| ("source".to_owned(), name.to_string())),
        );
        return desk::report(&socket, &desk::target(&["control", "erase"], &pairs));
    }
    let house = House::open(config).map_err(|error| Failure::of_store(&error))?;
    let dir = config.data_dir().join("inbox");
    let mut end = upkeep::erase(&house, &Inbox::Closed(&dir), ask, is_dry_run);
    if !is_dry_run {
        Audit::open(config.data_dir()).note_change(&Deed {
            who: super::terminal(),
            action: "erase",
            on: &end.on,
            outcome: end.outcome,
        });
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match text(&end.line["failure"]["what"]) {
        Some(what) => Err(Failure {
            what,
            hint: text(&end.line["failure"]["hint"]),
        }),
        None => Ok(end.line["report"].take()),
    }
}

fn print_receipts(config: &Config) -> Result<(), Failure> {
    let receipts = match desk::running_daemon(config) {
        Some(socket) => {
            let report = desk::report(&socket, "/control/receipts")?;
            let lines = report["receipts"].as_array().cloned().unwrap_or_default();
            lines.iter().map(ToString::to_string).collect()
        }
        None => {
            let house = House::open(config).map_err(|error| Failure::of_store(&error))?;
            let receipts = house.store().receipts();
            receipts.map_err(|error| Failure::of_store(&error))?
        }
    };
    if receipts.is_empty() {
        return output::line("nobody was erased yet");
    }
    receipts.iter().try_for_each(|line| output::line(line))
}

fn receipt(report: &Value) -> String {
    let text = |name: &str| report[name].as_str().unwrap_or_default();
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    if report["already"] == true {
        return format!(
            "erased already, on {} with receipt {}; nothing was left to erase\n",
            text("erased_at"),
            text("receipt"),
        );
    }
    format!(
        "{}receipt {} of {}; the database had {} and has {}\n\
         its records are refused as `erased` from now on\n",
        table("erased", report),
        text("receipt"),
        text("erased_at"),
        size(number("bytes_before")),
        size(number("bytes_after")),
    )
}

/// Lists what goes, and which files keep it.
fn table(verb: &str, report: &Value) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or(0).to_string();
    let mut rows = vec![[verb, "rows", "versions"].map(str::to_owned).to_vec()];
    let members = |name: &str| report[name].as_object().cloned().unwrap_or_default();
    let (live, past) = (members("rows"), members("versions"));
    let mut kinds: Vec<&String> = live.keys().chain(past.keys()).collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let of = |counts: &serde_json::Map<String, Value>| {
            number(counts.get(kind).unwrap_or(&Value::Null))
        };
        rows.push(vec![kind.clone(), of(&live), of(&past)]);
    }
    for (what, name) in [
        ("aliases", "aliases"),
        ("webhooks kept aside", "webhooks_kept_aside"),
        ("webhooks that waited", "webhooks"),
        ("samples of rejects", "reject_samples"),
    ] {
        if report[name].as_u64().is_some_and(|n| n > 0) {
            rows.push(vec![what.to_owned(), number(&report[name])]);
        }
    }
    let mut text = output::table(&rows);
    for copy in report["copies"].as_array().into_iter().flatten() {
        let path = copy["path"].as_str().unwrap_or_default();
        let verb = match copy["certain"].as_bool() {
            Some(true) => "still holds the person",
            _ => "may still hold the person",
        };
        text.push_str(&format!("{path} {verb}: delete it, or make it anew\n"));
    }
    text
}
