//! The demo company: believable answers, tickets and contracts whose rows are a pure function of
//! (seed, day).
//!
//! One file per record kind writes the rows of one day. What an analysis has to find in them is
//! planted in `truth` and told by [`Truths`], to a person as the file `truths.toml`; what else the
//! company lives through (seasons, outages, prices) is in `mood`. Files only ever grow: the same day
//! always gives the same bytes, so a kept folder gets the missing days alone.
//!
//! [`Company`] is the same company in memory, for a test that asks many seeds whether an analysis
//! finds what is planted and claims nothing where nothing is.

mod agent;
mod answer;
mod calendar;
mod company;
mod contract;
mod customer;
mod dice;
mod invitation;
mod mood;
mod occurrence;
mod office;
mod phrase;
mod question;
mod review;
mod sheet;
pub mod site;
mod ticket;
mod training;
mod truth;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use self::agent::Staff;
use self::calendar::Day;
use self::customer::Customers;
use self::invitation::Invitations;
use self::sheet::Rows;
use self::world::World;

pub use self::company::{Agent, Comment, Company, Rated, Rating, Reply, Scope, SegmentChurn, Week};
pub use self::truth::{
    ChurningSegment, Course, Drop, StrongestDriver, Theme, Truths, UnlikeAgent, UnlikeAgents,
};
pub use self::world::Effects;

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
    /// A company in memory cannot be of this scope.
    #[error(
        "no company in memory from `{}` to `{}` of size {}; name 1 day to 10 years within 2019 to \
         2100, and a size of 1 to 16",
        .scope.first, .scope.until, .scope.n_fold
    )]
    Scope {
        /// What was asked for.
        scope: Scope,
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
    let (first, files, truths) = files(dir, seed, until)?;
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
    report.n_bytes_written += sheet::extend(&dir.join("truths.toml"), &truths)?;
    Ok(report)
}

/// Content of files by their name below the folder.
type Files = BTreeMap<String, Rows>;

/// Computes every file without writing anything: the first day, the rows, the text of the truths.
fn files(dir: &Path, seed: u64, until: Date) -> Result<(Day, Files, String), DemoError> {
    if !(2019..=2100).contains(&until.year()) {
        return Err(DemoError::Until { until });
    }
    let end = Day::of(until);
    let first = sheet::first_month(dir).unwrap_or_else(|| end.before().month_start(MONTHS));
    let world = World::new(seed, Effects::Life, 1);
    let customers = Customers::until(&world, end);
    let staff = Staff::until(&world, end);
    let events = occurrence::rows(world.dice(), first, end);
    let mut files = Files::from([
        ("customers.csv".to_owned(), customers.rows()),
        ("events.csv".to_owned(), events),
        ("subscriptions.csv".to_owned(), contract::rows(&customers)),
        ("agents.csv".to_owned(), staff.rows()),
        ("trainings.csv".to_owned(), training::rows(&staff, first)),
    ]);
    let mut invitations = Invitations::new(&world, &customers, &staff);
    let mut day = first;
    while day < end {
        for (name, rows) in rows_of(&world, &customers, &mut invitations, day) {
            match files.get_mut(&name) {
                Some(before) => before.append(rows),
                None => {
                    files.insert(name, rows);
                }
            }
        }
        day = day.after();
    }
    let truths = Truths::of(&world, &staff, first, end).text(seed, first);
    Ok((first, files, truths))
}

/// Computes the rows of one day, by the name of the month's file.
fn rows_of(
    world: &World,
    customers: &Customers,
    invitations: &mut Invitations<'_>,
    day: Day,
) -> Vec<(String, Rows)> {
    let month = day.month_name();
    let mut found = vec![
        (
            format!("tickets/{month}.csv"),
            invitations.tickets().rows(day),
        ),
        (
            format!("reviews/{month}.csv"),
            review::rows(world, invitations.tickets(), day),
        ),
        (
            format!("invitations/{month}.csv"),
            invitation::rows(invitations, day),
        ),
    ];
    for survey in invitation::Survey::ALL {
        let name = format!("answers/{}-{month}.csv", survey.id());
        let rows = answer::rows(world, customers, invitations, survey, day);
        found.push((name, rows));
    }
    found
}

#[cfg(test)]
mod tests;
