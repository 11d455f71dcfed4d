//! The demo company: believable answers, tickets and contracts whose rows are a pure function of
//! (seed, day).
//!
//! One file per record kind writes the rows of one day; what the company lives through (seasons,
//! outages, releases) is planted in `mood`, so that a later test can ask whether an analysis finds
//! it. Files only ever grow: the same day always gives the same bytes, so a kept folder gets the
//! missing days alone.

mod agent;
mod answer;
mod calendar;
mod contract;
mod customer;
mod dice;
mod invitation;
mod mood;
mod occurrence;
mod office;
mod phrase;
mod sheet;
pub mod site;
mod ticket;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use self::agent::Staff;
use self::calendar::Day;
use self::customer::Customers;
use self::dice::Dice;
use self::invitation::Invitations;
use self::sheet::Rows;

/// Full months written before the one that `until` falls into.
const MONTHS: i16 = 24;

/// Why the demo's files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Reading or writing a file failed.
    #[error("failed to {doing} `{path}`")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The date is outside of the company's life.
    #[error("the demo company has no records before `{until}`; name a day from 2019 to 2100")]
    Until {
        /// First day without rows.
        until: Date,
    },
}

/// What [`generate`] found and wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoReport {
    /// First day with answers.
    pub first: Date,
    /// First day without.
    pub until: Date,
    /// Rows in all files, by record kind.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes added by this call; 0 when nothing was missing.
    pub n_bytes_written: u64,
}

/// Writes the CSV files of the company up to `until` (exclusive), or only what is missing of them.
///
/// A new folder begins with the month 24 months earlier; a kept one keeps its beginning.
///
/// # Errors
/// When a file cannot be read or written, or `until` is not in 2019–2100.
pub fn generate(dir: &Path, seed: u64, until: Date) -> Result<DemoReport, DemoError> {
    let (first, files) = files(dir, seed, until)?;
    let mut report = DemoReport {
        first: first.date(),
        until,
        rows: BTreeMap::new(),
        n_bytes_written: 0,
    };
    for (name, rows) in files {
        *report.rows.entry(rows.kind()).or_default() += rows.n_rows();
        report.n_bytes_written += sheet::extend(&dir.join(name), rows.text())?;
    }
    Ok(report)
}

/// Computes every file: name below the folder and content, without writing anything.
fn files(dir: &Path, seed: u64, until: Date) -> Result<(Day, BTreeMap<String, Rows>), DemoError> {
    if !(2019..=2100).contains(&until.year()) {
        return Err(DemoError::Until { until });
    }
    let end = Day::of(until);
    let first = sheet::first_month(dir).unwrap_or_else(|| end.before().month_start(MONTHS));
    let dice = Dice::new(seed);
    let customers = Customers::until(dice, end);
    let mut files = BTreeMap::new();
    files.insert("customers.csv".to_owned(), customers.rows());
    files.insert("events.csv".to_owned(), occurrence::rows(dice, first, end));
    files.insert("subscriptions.csv".to_owned(), contract::rows(&customers));
    let staff = Staff::until(dice, end);
    files.insert("agents.csv".to_owned(), staff.rows());
    let mut invitations = Invitations::new(dice, &customers, &staff);
    let mut day = first;
    while day < end {
        let month = day.month_name();
        let file = |files: &mut BTreeMap<String, Rows>, name: String, rows: Rows| match files
            .get_mut(&name)
        {
            Some(before) => before.append(rows),
            None => {
                files.insert(name, rows);
            }
        };
        let name = format!("tickets/{month}.csv");
        file(&mut files, name, invitations.tickets().rows(day));
        let name = format!("invitations/{month}.csv");
        file(&mut files, name, invitation::rows(&mut invitations, day));
        for survey in invitation::Survey::ALL {
            let name = format!("answers/{}-{month}.csv", survey.id());
            let rows = answer::rows(dice, &customers, &mut invitations, survey, day);
            file(&mut files, name, rows);
        }
        day = day.after();
    }
    Ok((first, files))
}

#[cfg(test)]
mod tests;
