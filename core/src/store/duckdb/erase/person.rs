//! Finds the one person that an operator means, and every key that stands for it.

use std::collections::{BTreeSet, HashSet};

use duckdb::Connection;

use super::{Stamps, facts, rows};
use crate::record::door::key_of;
use crate::record::{RecordKind, SourceName};
use crate::store::duckdb::directory::{Directory, Roll, alias_hash, elsewhere, texts};
use crate::store::duckdb::table::{Reach, history};
use crate::store::upkeep::{EraseError, PersonAsk};

/// A person, as the rows know it.
pub(super) struct Person {
    /// Keys of its rows, hashes of its aliases, and the key of the person: what facts are stamped with.
    pub(super) stamps: Stamps,
    /// Its aliases, also earlier ones that are nobody else's now.
    pub(super) aliases: BTreeSet<String>,
}

/// Something that a reference can mean.
struct Candidate {
    /// Where it would be somebody: a source, or the prefix of an alias.
    place: String,
    /// Key of a row, or hash of an alias.
    key: u64,
    /// The person it stands for; itself where that is nobody with rows.
    person: u64,
}

/// Finds the person.
pub(super) fn find(
    connection: &Connection,
    people: &Directory,
    ask: &PersonAsk,
) -> duckdb::Result<Result<Person, EraseError>> {
    let mut candidates = candidates(connection, people.roll(Reach::Customer), ask)?;
    let met = met(connection, &candidates)?;
    candidates.retain(|one| met.contains(&one.key) || met.contains(&one.person));
    let persons: BTreeSet<u64> = candidates.iter().map(|one| one.person).collect();
    let person = match (persons.first(), persons.len()) {
        (Some(person), 1) => *person,
        (None, _) => {
            return Ok(Err(EraseError::Unknown {
                reference: ask.reference.clone(),
                source_name: ask.source.clone(),
            }));
        }
        _ => {
            let places: BTreeSet<String> = candidates.into_iter().map(|one| one.place).collect();
            return Ok(Err(EraseError::Ambiguous {
                reference: ask.reference.clone(),
                sources: places.into_iter().collect(),
            }));
        }
    };
    let mut stamps = people.roll(Reach::Customer).called(person);
    stamps.extend(candidates.iter().map(|one| one.key));
    let aliases = aliases(connection, people, &mut stamps)?;
    Ok(Ok(Person { stamps, aliases }))
}

/// Returns the sources that ever ran.
pub(super) fn sources(connection: &Connection) -> duckdb::Result<Vec<String>> {
    connection
        .prepare("SELECT source FROM source_state ORDER BY source")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Returns everything that the reference can mean.
fn candidates(
    connection: &Connection,
    roll: &Roll,
    ask: &PersonAsk,
) -> duckdb::Result<Vec<Candidate>> {
    let names = match &ask.source {
        Some(source) => vec![source.to_string()],
        None => sources(connection)?,
    };
    let candidate = |place: &str, key| Candidate {
        place: place.to_owned(),
        key,
        person: roll.canonical(key),
    };
    let own = names.iter().filter_map(|name| {
        let key = key_of(&SourceName::new(name)?, &ask.reference);
        Some(candidate(name, key))
    });
    let mut candidates: Vec<Candidate> = own.collect();
    let mut hashes = HashSet::new();
    if ask.source.is_none() {
        for (alias, row) in written_so(connection, &ask.reference)? {
            let place = alias.split(':').next().unwrap_or_default();
            let hash = alias_hash(&alias);
            hashes.insert(hash);
            let mut meant = candidate(place, hash);
            if !roll.is_alias(hash) {
                // An earlier alias that nobody has now still means whose it was.
                meant.person = roll.canonical(row);
            }
            candidates.push(meant);
        }
    }
    if let Some(key) = elsewhere(&ask.reference).filter(|key| !hashes.contains(key)) {
        let place = ask.reference.split(['/', ':']).next().unwrap_or_default();
        candidates.push(candidate(place, key));
    }
    Ok(candidates)
}

/// Returns the aliases, also earlier ones, that are written so, `a@b.c` for `email:a@b.c`, and the
/// rows that have or had them.
fn written_so(connection: &Connection, reference: &str) -> duckdb::Result<Vec<(String, u64)>> {
    let plain = reference.trim().to_lowercase();
    connection
        .prepare(
            "SELECT DISTINCT alias, key FROM (\
             SELECT unnest(aliases) AS alias, key FROM customer UNION ALL \
             SELECT unnest(aliases), key FROM customer_history) WHERE lower(trim(alias)) = ? \
             OR lower(trim(substr(alias, strpos(alias, ':') + 1))) = ?",
        )?
        .query_map([&plain, &plain], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Returns those of the candidates' keys and persons that any row carries.
fn met(connection: &Connection, candidates: &[Candidate]) -> duckdb::Result<HashSet<u64>> {
    let asked = candidates.iter().flat_map(|one| [one.key, one.person]);
    rows::stage(connection, &asked.collect())?;
    let mut met = HashSet::new();
    let named = facts().map(|kind| (kind, "person"));
    for (kind, column) in named.chain([(RecordKind::Customer, "key")]) {
        for table in [kind.name().to_owned(), history(kind)] {
            let mut statement = connection.prepare(&format!(
                "SELECT DISTINCT {column} FROM {table} \
                 WHERE {column} IN (SELECT key FROM erased_stamp)"
            ))?;
            for key in statement.query_map([], |row| row.get::<_, u64>(0))? {
                met.insert(key?);
            }
        }
    }
    Ok(met)
}

/// Returns the aliases of the person's rows in all their versions; earlier ones that mean nobody
/// now are added to its stamps, those that became somebody else's are left out.
fn aliases(
    connection: &Connection,
    people: &Directory,
    stamps: &mut Stamps,
) -> duckdb::Result<BTreeSet<String>> {
    rows::stage(connection, stamps)?;
    let roll = people.roll(Reach::Customer);
    let mut aliases = BTreeSet::new();
    for table in ["customer", "customer_history"] {
        let mut statement = connection.prepare(&format!(
            "SELECT aliases FROM {table} WHERE aliases IS NOT NULL \
             AND key IN (SELECT key FROM erased_stamp)"
        ))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            for alias in texts(row.get(0)?) {
                let hash = alias_hash(&alias);
                if !roll.is_alias(hash) || stamps.contains(&hash) {
                    stamps.insert(hash);
                    aliases.insert(alias.trim().to_lowercase());
                }
            }
        }
    }
    Ok(aliases)
}
