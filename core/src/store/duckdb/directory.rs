//! Who is who: customers and agents of all sources, what they are called, and what held when.
//!
//! Derived from the tables and kept by the writer between commits; rebuilt when people change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use duckdb::Connection;
use duckdb::types::Value;
use twox_hash::XxHash3_64;

use super::stamp::attribute;
use super::table::{DimensionField, DimensionSpec, Reach, current, past, quoted};
use crate::record::door::key_of;
use crate::record::{RecordKind, SourceName};

/// Everyone facts can refer to.
pub(super) struct Directory {
    customers: Roll,
    agents: Roll,
}

/// Everyone of one kind.
#[derive(Default)]
pub(super) struct Roll {
    /// Keys of rows and hashes of aliases, to the person they mean where that is another one.
    links: HashMap<u64, u64>,
    /// Rows of each person, first source first.
    people: HashMap<u64, Vec<Member>>,
    /// Keys of all rows.
    keys: HashSet<u64>,
    /// Names of the dimensions whose values the versions carry, in order.
    fields: Vec<String>,
    /// Position among them of the account, which is a key and not what a row says.
    account_idx: Option<usize>,
}

/// One row of a person, in all its versions.
struct Member {
    versions: Vec<MemberVersion>,
}

struct MemberVersion {
    from_us: i64,
    values: Vec<Option<Arc<str>>>,
    account: Option<u64>,
}

/// A row of the tables, before people are told apart.
struct Listed {
    key: u64,
    source: String,
    aliases: Vec<String>,
    version: MemberVersion,
}

impl Directory {
    /// Reads everyone. Of customers' rows that are one person, those of the sources in `believed`
    /// come first, in its order; then the others by name.
    pub(super) fn load(
        connection: &Connection,
        dimensions: &[DimensionSpec],
        believed: &[SourceName],
    ) -> duckdb::Result<Self> {
        Ok(Self {
            customers: Roll::load(connection, dimensions, RecordKind::Customer, believed)?,
            agents: Roll::load(connection, dimensions, RecordKind::Agent, &[])?,
        })
    }

    /// Returns those a fact's `customer` or `agent` can mean.
    pub(super) const fn roll(&self, reach: Reach) -> &Roll {
        match reach {
            Reach::Agent => &self.agents,
            Reach::Own | Reach::Customer => &self.customers,
        }
    }

    /// Returns the person a reference means; an unresolved one is a person of its own.
    pub(super) fn person(&self, reach: Reach, source: &SourceName, reference: &str) -> u64 {
        let roll = self.roll(reach);
        resolve(source, reference, |key| roll.keys.contains(&key)).map_or_else(
            |unresolved| roll.links.get(&unresolved).copied().unwrap_or(unresolved),
            |key| roll.canonical(key),
        )
    }
}

impl Roll {
    /// Returns the person a row's key or an alias's hash means.
    pub(super) fn canonical(&self, key: u64) -> u64 {
        self.links.get(&key).copied().unwrap_or(key)
    }

    /// Returns every key of a row and hash of an alias that means this person, and its own key.
    pub(super) fn called(&self, person: u64) -> HashSet<u64> {
        let names = self.links.iter().filter(|(_, meant)| **meant == person);
        names.map(|(name, _)| *name).chain([person]).collect()
    }

    /// Whether this is the hash of an alias that somebody has now.
    pub(super) fn is_alias(&self, hash: u64) -> bool {
        self.links.contains_key(&hash)
    }

    /// Returns the value of a dimension for a person at a time: of the person, then of its
    /// account; per row the version in force, else the earliest.
    pub(super) fn value(&self, person: u64, at_us: i64, dimension: &str) -> Option<Arc<str>> {
        let field = self.fields.iter().position(|name| name == dimension)?;
        let members = self.people.get(&person)?;
        let of = |members: &'_ [Member]| {
            members
                .iter()
                .find_map(|member| member.in_force(at_us).values[field].clone())
        };
        if let Some(value) = of(members) {
            return Some(value);
        }
        let account = members
            .iter()
            .find_map(|member| member.in_force(at_us).account)?;
        of(self.people.get(&account)?)
    }

    /// Returns the persons whose account is one of these.
    pub(super) fn belonging_to<'a>(
        &'a self,
        accounts: &'a HashSet<u64>,
    ) -> impl Iterator<Item = u64> + 'a {
        self.people.iter().filter_map(move |(person, members)| {
            members
                .iter()
                .flat_map(|member| &member.versions)
                .any(|version| version.account.is_some_and(|one| accounts.contains(&one)))
                .then_some(*person)
        })
    }

    fn load(
        connection: &Connection,
        dimensions: &[DimensionSpec],
        kind: RecordKind,
        believed: &[SourceName],
    ) -> duckdb::Result<Self> {
        let specs: Vec<&DimensionSpec> =
            dimensions.iter().filter(|spec| spec.kind == kind).collect();
        let mut listed = list(connection, &specs, kind)?;
        let rank = |name: &str| believed.iter().position(|source| source.as_str() == name);
        // Stable: rows of one source stay in the order of their ids and times.
        listed.sort_by_cached_key(|(row, _)| rank(&row.source).unwrap_or(usize::MAX));
        let keys: HashSet<u64> = listed.iter().map(|row| row.0.key).collect();
        for (row, account) in &mut listed {
            let source = SourceName::new(&row.source);
            row.version.account = source.zip(account.as_deref()).map(|(source, account)| {
                resolve(&source, account, |key| keys.contains(&key))
                    .unwrap_or_else(|unresolved| unresolved)
            });
        }
        let listed: Vec<Listed> = listed.into_iter().map(|(row, _)| row).collect();
        let links = link(&listed);
        let mut roll = Self {
            links,
            keys,
            fields: specs.iter().map(|spec| spec.name.clone()).collect(),
            account_idx: specs.iter().position(|spec| spec.is_account()),
            people: HashMap::new(),
        };
        roll.gather(listed);
        Ok(roll)
    }

    /// Gathers versions into rows and rows into persons; the input is sorted by row and time.
    fn gather(&mut self, listed: Vec<Listed>) {
        let mut last_key = None;
        for mut row in listed {
            row.version.account = row.version.account.map(|account| self.canonical(account));
            if let Some(idx) = self.account_idx {
                let account = row.version.account.map(|account| account.to_string());
                row.version.values[idx] = account.map(Arc::from);
            }
            let person = self.canonical(row.key);
            let members = self.people.entry(person).or_default();
            match members.last_mut() {
                Some(member) if last_key == Some(row.key) => member.versions.push(row.version),
                _ => members.push(Member {
                    versions: vec![row.version],
                }),
            }
            last_key = Some(row.key);
        }
    }
}

impl Member {
    fn in_force(&self, at_us: i64) -> &MemberVersion {
        let n_earlier = self
            .versions
            .partition_point(|version| version.from_us <= at_us);
        &self.versions[n_earlier.saturating_sub(1)]
    }
}

/// Returns the hash of an alias as it is compared: trimmed and in lower case.
pub(super) fn alias_hash(alias: &str) -> u64 {
    XxHash3_64::oneshot(alias.trim().to_lowercase().as_bytes())
}

/// Finds what a reference names: `Ok` a row's key, `Err` the key or alias hash it would have.
fn resolve(source: &SourceName, reference: &str, is_row: impl Fn(u64) -> bool) -> Result<u64, u64> {
    let own = key_of(source, reference);
    match is_row(own) {
        true => Ok(own),
        false => Err(elsewhere(reference).unwrap_or(own)),
    }
}

/// Returns what a reference names when it is no id of its own source: `SOURCE/ID` or an alias.
pub(super) fn elsewhere(reference: &str) -> Option<u64> {
    if let Some((source, id)) = reference.split_once('/')
        && let Some(source) = SourceName::new(source)
    {
        return Some(key_of(&source, id));
    }
    reference.contains(':').then(|| alias_hash(reference))
}

/// Joins rows that share an alias; the first by source and id gives the person its key.
fn link(listed: &[Listed]) -> HashMap<u64, u64> {
    let mut parent: HashMap<u64, u64> = HashMap::new();
    let mut rank: HashMap<u64, usize> = HashMap::new();
    let mut aliases: HashMap<u64, u64> = HashMap::new();
    for (idx, row) in listed.iter().enumerate() {
        rank.entry(row.key).or_insert(idx);
        for alias in &row.aliases {
            let hash = alias_hash(alias);
            let other = *aliases.entry(hash).or_insert(row.key);
            let (a, b) = (root(&mut parent, row.key), root(&mut parent, other));
            if a != b {
                let (first, second) = if rank[&a] < rank[&b] { (a, b) } else { (b, a) };
                parent.insert(second, first);
            }
        }
    }
    let mut links = HashMap::new();
    for (hash, key) in aliases {
        links.insert(hash, root(&mut parent, key));
    }
    for key in parent.keys().copied().collect::<Vec<_>>() {
        links.insert(key, root(&mut parent, key));
    }
    links
}

fn root(parent: &mut HashMap<u64, u64>, key: u64) -> u64 {
    let mut top = key;
    while let Some(next) = parent.get(&top) {
        top = *next;
    }
    // Shortens the way for the next one.
    let mut at = key;
    while let Some(next) = parent.get(&at).copied() {
        if next == top {
            break;
        }
        parent.insert(at, top);
        at = next;
    }
    top
}

/// Reads all live versions sorted by row and time, each with its raw account; only the current
/// version's aliases count.
fn list(
    connection: &Connection,
    specs: &[&DimensionSpec],
    kind: RecordKind,
) -> duckdb::Result<Vec<(Listed, Option<String>)>> {
    let account = match kind.column("account") {
        Some(_) => "account",
        None => "NULL::VARCHAR",
    };
    let own: String = specs
        .iter()
        .map(|spec| match &spec.field {
            DimensionField::Column(name) => format!(", {}::VARCHAR", quoted(name)),
            DimensionField::Attribute(_) => ", attributes".to_owned(),
        })
        .collect();
    // A deleted person still was somebody when the facts happened.
    let sql = format!(
        "SELECT key, source, epoch_us(updated_at), aliases, {account}{own} FROM (\
         FROM {current} UNION ALL BY NAME \
         SELECT * REPLACE (NULL::VARCHAR[] AS aliases) FROM {past} WHERE NOT deleted) \
         ORDER BY source, id, updated_at, revision NULLS FIRST, digest",
        current = current(kind),
        past = past(kind),
    );
    let mut statement = connection.prepare(&sql)?;
    let mut found = statement.query([])?;
    let mut listed = Vec::new();
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(specs.len());
        for (idx, spec) in specs.iter().enumerate() {
            let text: Option<String> = row.get(5 + idx)?;
            values.push(match &spec.field {
                DimensionField::Column(_) => text.map(Arc::from),
                DimensionField::Attribute(name) => {
                    text.and_then(|text| attribute(&text, name)).map(Arc::from)
                }
            });
        }
        let account: Option<String> = row.get(4)?;
        let row = Listed {
            key: row.get(0)?,
            source: row.get(1)?,
            aliases: texts(row.get(3)?),
            version: MemberVersion {
                from_us: row.get(2)?,
                values,
                account: None,
            },
        };
        listed.push((row, account));
    }
    Ok(listed)
}

/// Returns the texts of a list as the engine gives it.
pub(super) fn texts(list: Value) -> Vec<String> {
    match list {
        Value::List(items) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
