//! Which keys a kind's tables may hold: a filter in memory that spares most look-ups.
//!
//! A blocked Bloom filter as Parquet has it: a key falls into one block of eight words and sets
//! one bit in each. It never denies a key it was told. It may affirm one it was not told, so keys
//! of rolled back commits and of deleted rows do no harm.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use duckdb::Connection;

use super::table::history;
use crate::record::RecordKind;

/// Rows of a commit from which on a filter is worth its making: smaller ones ask the tables.
const ROWS_WORTH_MAX: usize = 32 * 1024;

/// Memory of one kind's filter in bytes; beyond it more and more keys are affirmed wrongly.
const FILTER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Keys of the smallest filter; each further one has room for twice as many.
const KEYS_MIN: usize = 1 << 20;

/// Keys that share a block when the filter is as full as planned: 16 bits a key, of which about
/// one in a thousand is affirmed wrongly.
const KEYS_PER_BLOCK: usize = 16;

/// Rows whose keys are read at once, as the engine holds them all in memory.
const WINDOW_ROWS: usize = 4 * 1024 * 1024;

/// Odd numbers that spread one hash over the words of a block, from the Parquet format.
const SALTS: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

type Block = [u32; 8];

/// A set of keys that may say yes too often.
struct KeyFilter {
    blocks: Vec<Block>,
    n_keys: usize,
}

impl KeyFilter {
    /// Returns a filter with room for as many keys, within `bytes_max`.
    fn with_room(n_keys: usize, bytes_max: usize) -> Self {
        let n_wanted = n_keys.next_power_of_two().max(KEYS_MIN) / KEYS_PER_BLOCK;
        let n_blocks = n_wanted.min(bytes_max / size_of::<Block>()).max(1);
        Self {
            blocks: vec![Block::default(); n_blocks],
            n_keys: 0,
        }
    }

    fn insert(&mut self, key: u64) {
        self.n_keys += usize::from(!self.may_hold(key));
        let idx = self.place(key);
        for (word, bit) in self.blocks[idx].iter_mut().zip(bits(key)) {
            *word |= bit;
        }
    }

    fn may_hold(&self, key: u64) -> bool {
        let block = &self.blocks[self.place(key)];
        block
            .iter()
            .zip(bits(key))
            .all(|(word, bit)| word & bit != 0)
    }

    /// True when more keys came than it was made for and a larger one is allowed.
    fn is_outgrown(&self, bytes_max: usize) -> bool {
        self.n_keys > self.blocks.len() * KEYS_PER_BLOCK
            && self.blocks.len() < bytes_max / size_of::<Block>()
    }

    /// The upper half of a key picks its block, the lower half its bits.
    fn place(&self, key: u64) -> usize {
        let place = ((key >> 32) * self.blocks.len() as u64) >> 32;
        usize::try_from(place).expect("it is below the number of blocks")
    }
}

fn bits(key: u64) -> [u32; 8] {
    let low = key as u32;
    SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 27))
}

/// The filters of all kinds that had a large commit since the store was opened.
#[derive(Default)]
pub(super) struct SeenKeys {
    filters: [Option<KeyFilter>; RecordKind::ALL.len()],
}

impl SeenKeys {
    /// Returns which of these keys the tables may hold, or `None` when nothing is known.
    ///
    /// A large commit makes the filter from the tables first.
    pub(super) fn candidates(
        &mut self,
        connection: &Connection,
        kind: RecordKind,
        keys: &[u64],
    ) -> duckdb::Result<Option<Vec<u64>>> {
        let filter = &mut self.filters[kind as usize];
        let is_missing = match filter {
            Some(filter) => filter.is_outgrown(FILTER_BYTES_MAX),
            None => keys.len() >= ROWS_WORTH_MAX,
        };
        if is_missing {
            *filter = Some(read(connection, kind)?);
        }
        Ok(filter.as_ref().map(|filter| {
            let may_hold = |key: &u64| filter.may_hold(*key);
            keys.iter().copied().filter(may_hold).collect()
        }))
    }

    /// Adds keys that the commit at hand stores; before it ends, so that none is ever missing.
    pub(super) fn add(&mut self, kind: RecordKind, keys: &[u64]) {
        if let Some(filter) = &mut self.filters[kind as usize] {
            for key in keys {
                filter.insert(*key);
            }
        }
    }
}

/// Makes the filter of the keys that the tables hold.
fn read(connection: &Connection, kind: RecordKind) -> duckdb::Result<KeyFilter> {
    let mut tables = Vec::new();
    for table in [kind.name().to_owned(), history(kind)] {
        let sql = format!("SELECT count(*), coalesce(max(rowid) + 1, 0) FROM {table}");
        let (n_rows, end): (usize, i64) =
            connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        tables.push((table, n_rows, end));
    }
    let n_rows: usize = tables.iter().map(|(_, n_rows, _)| n_rows).sum();
    // Twice the room: made anew when it has doubled, not with every commit.
    let mut filter = KeyFilter::with_room(2 * n_rows, FILTER_BYTES_MAX);
    for (table, _, end) in tables {
        let mut statement = connection.prepare(&format!(
            "SELECT key FROM {table} WHERE rowid >= ? AND rowid < ?"
        ))?;
        for start in (0..end).step_by(WINDOW_ROWS) {
            for batch in statement.query_arrow([start, start + WINDOW_ROWS as i64])? {
                for key in batch.column(0).as_primitive::<UInt64Type>().values() {
                    filter.insert(*key);
                }
            }
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::door::key_of;

    fn keys(prefix: &str, n: usize) -> Vec<u64> {
        let source = crate::record::SourceName::new("answers").expect("valid");
        (0..n)
            .map(|idx| key_of(&source, &format!("{prefix}-{idx}")))
            .collect()
    }

    #[test]
    fn no_key_it_was_told_is_denied_and_few_others_are_affirmed() {
        for (room, bytes_max, n_wrong_max) in
            [(50_000, FILTER_BYTES_MAX, 0), (50_000, 1 << 17, 1_000)]
        {
            let mut filter = KeyFilter::with_room(room, bytes_max);
            let told = keys("told", 50_000);
            told.iter().for_each(|key| filter.insert(*key));
            assert!(told.iter().all(|key| filter.may_hold(*key)), "{bytes_max}");
            let others = keys("other", 50_000);
            let n_wrong = others.iter().filter(|key| filter.may_hold(**key)).count();
            assert!(n_wrong <= n_wrong_max, "{bytes_max}: {n_wrong}");
        }
    }

    #[test]
    fn a_filter_is_outgrown_only_where_a_larger_one_is_allowed() {
        let told = keys("told", 3_000);
        for (bytes_max, expected) in [(1 << 10, false), (1 << 20, true)] {
            let mut filter = KeyFilter::with_room(1, 1 << 10);
            told.iter().for_each(|key| filter.insert(*key));
            assert_eq!(filter.is_outgrown(bytes_max), expected, "{bytes_max}");
        }
    }

    #[test]
    fn memory_stays_within_its_bound() {
        let filter = KeyFilter::with_room(1 << 40, 1 << 20);
        assert_eq!(size_of_val(filter.blocks.as_slice()), 1 << 20);
    }
}
