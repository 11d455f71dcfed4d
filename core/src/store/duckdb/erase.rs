//! Takes a person out of every table in one transaction.

mod copies;
mod ledger;
mod person;
mod rows;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use duckdb::{Connection, params};
use jiff::Timestamp;

pub(super) use self::copies::copies;
pub(super) use self::ledger::{finish, receipts, unfinished};
use self::person::Person;
use super::commit::Memory;
use super::directory::Directory;
use super::inbox;
use super::table::{DimensionSpec, Reach};
use super::{restamp, sieve, state};
use crate::record::{RecordKind, SourceName};
use crate::store::StoreError;
use crate::store::mark::{Mark, Marker, Marks};
use crate::store::upkeep::{EraseError, Erasure, Holding, PersonAsk};

/// Shortest word of an event's label that is taken for a person, in characters.
const WORD_CHARS_MIN: usize = 4;
/// Bytes of a receipt.
const RECEIPT_BYTES: usize = 8;
/// What is told of a run whose message named the person.
const UNTOLD: &str = "(the message named a person who was erased)";

/// What is asked, and of which store.
pub(super) struct Task<'a> {
    pub(super) connection: &'a Connection,
    pub(super) dimensions: &'a [DimensionSpec],
    /// The data directory.
    pub(super) dir: &'a Path,
    pub(super) ask: &'a PersonAsk,
}

/// The keys that a person's rows carry: what other files are searched for.
pub(super) type Stamps = HashSet<u64>;

/// Engine failures and refusals: the outer ones are the engine's.
pub(super) type Tried<T> = duckdb::Result<Result<T, EraseError>>;

impl Task<'_> {
    /// Returns what an erasure would take away, and changes nothing.
    pub(super) fn look(&self, memory: &mut Memory) -> Tried<(Holding, Stamps)> {
        let transaction = self.connection.unchecked_transaction()?;
        let people = self.people(memory)?;
        // Any key will do: its marks are compared with each other and then gone.
        let marker = Marker::new([0; crate::store::mark::KEY_BYTES]);
        let outcome = match self.find(&people, memory.marks.is_some())? {
            Ok(person) => {
                let gathered = self.gather(&person, &marker)?;
                Ok((gathered.holding, person.stamps))
            }
            Err(error) => Err(error),
        };
        transaction.rollback()?;
        memory.people = Some(people);
        Ok(outcome)
    }

    /// Erases the person, all or nothing.
    pub(super) fn carry_out(&self, memory: &mut Memory, at: Timestamp) -> Tried<(Erasure, Stamps)> {
        // Dropping out on an error rolls everything back.
        let transaction = self.connection.unchecked_transaction()?;
        let people = self.people(memory)?;
        let person = match self.find(&people, memory.marks.is_some())? {
            Ok(person) => person,
            Err(error) => return Ok(Err(error)),
        };
        let (marker, receipt) = match prepared(self.dir) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error.into())),
        };
        let gathered = self.gather(&person, &marker)?;
        self.delete_beside(&gathered)?;
        memory.note_answers(&transaction, rows::delete(&transaction)?)?;
        let after = Directory::load(&transaction, self.dimensions, &memory.believed)?;
        let stamped_us = self.restamp(&person, &people, &after)?;
        memory.note_answers(&transaction, stamped_us)?;
        let check = sieve::hex(&marker.check(&receipt));
        ledger::note(&transaction, &receipt, &check, at, &gathered)?;
        state::note_change(&transaction, true)?;
        rows::forget(&transaction)?;
        memory.end(transaction)?;
        memory.people = Some(after);
        let erasure = Erasure {
            receipt,
            erased_at: at,
            holding: gathered.holding,
        };
        match sieve::load(self.connection, self.dir) {
            Ok(marks) => memory.marks = marks,
            Err(error) => return Ok(Err(error.into())),
        }
        Ok(Ok((erasure, person.stamps)))
    }

    fn people(&self, memory: &mut Memory) -> duckdb::Result<Directory> {
        match memory.people.take() {
            Some(people) => Ok(people),
            None => Directory::load(self.connection, self.dimensions, &memory.believed),
        }
    }

    fn find(&self, people: &Directory, has_marks: bool) -> Tried<Person> {
        let found = person::find(self.connection, people, self.ask)?;
        let Err(EraseError::Unknown { .. }) = &found else {
            return Ok(found);
        };
        if !has_marks {
            return Ok(found);
        }
        let marker = match sieve::marker(self.dir) {
            Ok(marker) => marker,
            Err(error) => return Ok(Err(error.into())),
        };
        let earlier = ledger::earlier(self.connection, &marker, self.ask)?;
        Ok(match earlier {
            Some((receipt, erased_at)) => Err(EraseError::Erased {
                reference: self.ask.reference.clone(),
                receipt,
                erased_at,
            }),
            None => found,
        })
    }

    /// Finds everything that is the person's, and marks it.
    fn gather(&self, person: &Person, marker: &Marker) -> duckdb::Result<Gathered> {
        rows::gather(self.connection, &person.stamps)?;
        let mut holding = Holding {
            n_aliases: person.aliases.len() as u64,
            ..Holding::default()
        };
        let mut marks: HashSet<Mark> = HashSet::new();
        for alias in &person.aliases {
            marks.insert(marker.alias(alias));
            marks.extend(marker.alias_words(alias));
        }
        rows::mark(self.connection, marker, &mut marks)?;
        let so_far = Marks::new(marker.clone(), marks.clone());
        let is_named = |source: &str, text: &str| names(&so_far, source, text, WORD_CHARS_MIN);
        if rows::gather_events(self.connection, is_named)? {
            rows::mark(self.connection, marker, &mut marks)?;
        }
        rows::count(self.connection, &mut holding)?;
        let mut gathered = Gathered {
            marks: Marks::new(marker.clone(), marks.clone()),
            all: marks,
            holding,
            letters: Vec::new(),
            samples: Vec::new(),
            runs: Vec::new(),
        };
        self.find_beside(&mut gathered)?;
        Ok(gathered)
    }

    /// Finds webhooks kept aside, samples and messages that name the person.
    fn find_beside(&self, gathered: &mut Gathered) -> duckdb::Result<()> {
        let marks = &gathered.marks;
        for name in inbox::letter_sources(self.connection)? {
            let Some(source) = SourceName::new(&name) else {
                continue;
            };
            let mut from = 0;
            loop {
                let letters = inbox::letters(self.connection, &name, from)?;
                let Some(last) = letters.last() else { break };
                from = last.position + 1;
                let named = letters
                    .iter()
                    .filter(|letter| sieve::is_named(marks, &source, letter));
                let named = named.map(|letter| (name.clone(), letter.position));
                gathered.letters.extend(named);
            }
        }
        let is_named = |source: &str, text: &str| names(marks, source, text, 1);
        // Samples help for a day; those of the person's own sources go, whoever they are of.
        let own = rows::sources(self.connection)?;
        let samples = texts(
            self.connection,
            "SELECT source, position, place || ' ' || detail FROM reject_sample",
        )?;
        let samples = samples.into_iter();
        gathered.samples = samples
            .filter(|(source, _, text)| own.contains(source) || is_named(source, text))
            .map(|(source, position, _)| (source, position))
            .collect();
        let runs = texts(
            self.connection,
            "SELECT source, run_id, failure_message FROM run WHERE failure_message IS NOT NULL",
        )?;
        let runs = runs
            .into_iter()
            .filter(|(source, _, text)| is_named(source, text));
        gathered.runs = runs.map(|(source, run_id, _)| (source, run_id)).collect();
        gathered.holding.n_letters = gathered.letters.len() as u64;
        gathered.holding.n_samples = gathered.samples.len() as u64;
        Ok(())
    }

    fn delete_beside(&self, gathered: &Gathered) -> duckdb::Result<()> {
        for (table, places) in [
            ("dead_letter", &gathered.letters),
            ("reject_sample", &gathered.samples),
        ] {
            let sql = format!("DELETE FROM {table} WHERE source = ? AND position = ?");
            for (source, position) in places {
                self.connection.execute(&sql, params![source, position])?;
            }
        }
        for (source, run_id) in &gathered.runs {
            let sql = "UPDATE run SET failure_message = ? WHERE source = ? AND run_id = ?";
            self.connection
                .execute(sql, params![UNTOLD, source, run_id])?;
        }
        Ok(())
    }

    /// Stamps what others had from the person's rows, as an account, anew.
    fn restamp(
        &self,
        person: &Person,
        before: &Directory,
        after: &Directory,
    ) -> duckdb::Result<Vec<i64>> {
        let mut affected = person.stamps.clone();
        affected.extend(before.roll(Reach::Customer).belonging_to(&person.stamps));
        restamp::of_people(
            self.connection,
            self.dimensions,
            Reach::Customer,
            &affected,
            after,
        )
    }
}

/// Everything that is a person's.
struct Gathered {
    holding: Holding,
    /// By what the person is known from now on.
    marks: Marks,
    all: HashSet<Mark>,
    /// Source and position of webhooks kept aside.
    letters: Vec<(String, u64)>,
    /// Source and position of samples.
    samples: Vec<(String, u64)>,
    /// Source and id of runs whose message is not to be told any more.
    runs: Vec<(String, u64)>,
}

impl Gathered {
    /// Returns what the receipt says.
    fn report(&self) -> String {
        let holding = &self.holding;
        let sum = |counts: &BTreeMap<&str, u64>| counts.values().sum::<u64>();
        serde_json::json!({
            "rows": holding.rows,
            "versions": holding.versions,
            "sources": holding.sources.len(),
            "aliases": holding.n_aliases,
            "webhooks_kept_aside": holding.n_letters,
            "reject_samples": holding.n_samples,
            "records": sum(&holding.rows) + sum(&holding.versions),
        })
        .to_string()
    }
}

fn prepared(dir: &Path) -> Result<(Marker, String), StoreError> {
    let receipt = sieve::drawn::<RECEIPT_BYTES>()?;
    Ok((sieve::marker(dir)?, sieve::hex(&receipt)))
}

fn names(marks: &Marks, source: &str, text: &str, chars_min: usize) -> bool {
    let source = SourceName::new(source);
    source.is_some_and(|source| marks.name_in(&source, text.as_bytes(), chars_min))
}

/// Reads a source, a number and a text of every row.
fn texts(connection: &Connection, sql: &str) -> duckdb::Result<Vec<(String, u64, String)>> {
    connection
        .prepare(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Kinds whose facts name a customer.
fn facts() -> impl Iterator<Item = RecordKind> {
    RecordKind::ALL
        .into_iter()
        .filter(|kind| kind.column("customer").is_some())
}
