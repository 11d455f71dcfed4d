//! A reader that many questions share, and what it read: a comment is read once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::reader::{Comment, Reader};
use super::taxonomy::Taxonomy;
use super::terms::Terms;

/// Most bytes of what was read before that are kept; the terms of 100,000 comments take a quarter.
pub const KEPT_BYTES_MAX: usize = 128 << 20;
/// Bytes of an entry besides its terms.
const ENTRY_BYTES: usize = 96;
/// Threads that read comments which nobody has read before.
const N_READERS: usize = 2;
/// Comments below which one thread is as fast.
const SHARED_MIN: usize = 500;

/// Reads comments, and remembers what it read.
///
/// Another taxonomy needs another library, which has read nothing yet.
pub struct Library {
    taxonomy: Taxonomy,
    reader: OnceLock<Reader>,
    kept: Mutex<Kept>,
    /// Keys of this library alone: nobody can write two comments that are taken for one.
    hashers: [RandomState; 2],
}

/// What was read, by its key, in two halves: what nobody asks for leaves with the older one.
struct Kept {
    /// Bytes of the younger half at most.
    half_max: usize,
    young: HashMap<u128, Arc<Terms>>,
    old: HashMap<u128, Arc<Terms>>,
    young_bytes: usize,
}

impl Library {
    /// Makes a library that looks for the themes of a taxonomy.
    #[must_use]
    pub fn new(taxonomy: Taxonomy) -> Self {
        Self {
            taxonomy,
            reader: OnceLock::new(),
            kept: Mutex::new(Kept::new(KEPT_BYTES_MAX)),
            hashers: [RandomState::new(), RandomState::new()],
        }
    }

    /// Returns the themes that are looked for.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// Returns the reader, which is made when it is first needed.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        let taxonomy = || self.taxonomy.clone();
        self.reader.get_or_init(|| Reader::new(taxonomy()))
    }

    /// Returns what comments say, in their order.
    #[must_use]
    pub fn read(&self, comments: &[Comment<'_>]) -> Vec<Arc<Terms>> {
        let keys: Vec<u128> = comments.iter().map(|comment| self.key(comment)).collect();
        let known = self.kept().all(&keys);
        let unread = known.iter().enumerate();
        let unread = unread.filter(|(_, known)| known.is_none());
        let mut unread: Vec<usize> = unread.map(|(at, _)| at).collect();
        unread.sort_by_key(|at| keys[*at]);
        unread.dedup_by_key(|at| keys[*at]);
        let fresh = self.read_new(comments, &unread);
        let fresh: HashMap<u128, Arc<Terms>> =
            unread.iter().map(|at| keys[*at]).zip(fresh).collect();
        let mut kept = self.kept();
        for (key, terms) in &fresh {
            kept.put(*key, Arc::clone(terms));
        }
        drop(kept);
        let of_key = |(known, key): (Option<Arc<Terms>>, &u128)| {
            known.or_else(|| fresh.get(key).map(Arc::clone))
        };
        known.into_iter().zip(&keys).filter_map(of_key).collect()
    }

    /// Forgets what was read, so that nothing of an erased person is left in memory.
    pub fn forget(&self) {
        let mut kept = self.kept();
        kept.young.clear();
        kept.old.clear();
        kept.young_bytes = 0;
    }

    /// Reads the comments at some positions.
    fn read_new(&self, comments: &[Comment<'_>], positions: &[usize]) -> Vec<Arc<Terms>> {
        let reader = self.reader();
        let read = |part: &[usize]| -> Vec<Arc<Terms>> {
            let read = |at: &usize| Arc::new(reader.read(&comments[*at]));
            part.iter().map(read).collect()
        };
        if positions.len() < SHARED_MIN {
            return read(positions);
        }
        std::thread::scope(|scope| {
            let parts = positions.chunks(positions.len().div_ceil(N_READERS));
            let threads: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
            let joined = threads.into_iter().map(|thread| match thread.join() {
                Ok(terms) => terms,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.flatten().collect()
        })
    }

    fn key(&self, comment: &Comment<'_>) -> u128 {
        let said = (comment.text, comment.locale, comment.survey_language);
        let [high, low] = [&self.hashers[0], &self.hashers[1]].map(|one| one.hash_one(said));
        u128::from(high) << 64 | u128::from(low)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Library {
    fn default() -> Self {
        Self::new(Taxonomy::built_in())
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What customers wrote is nobody's to print.
        formatter.debug_struct("Library").finish_non_exhaustive()
    }
}

impl Kept {
    fn new(bytes_max: usize) -> Self {
        Self {
            half_max: bytes_max / 2,
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
        }
    }

    fn all(&mut self, keys: &[u128]) -> Vec<Option<Arc<Terms>>> {
        keys.iter().map(|key| self.get(*key)).collect()
    }

    fn get(&mut self, key: u128) -> Option<Arc<Terms>> {
        if let Some(terms) = self.young.get(&key) {
            return Some(Arc::clone(terms));
        }
        let terms = self.old.remove(&key)?;
        self.put(key, Arc::clone(&terms));
        Some(terms)
    }

    fn put(&mut self, key: u128, terms: Arc<Terms>) {
        let n_bytes = terms.n_bytes() + ENTRY_BYTES;
        if self.young_bytes + n_bytes > self.half_max {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(key, terms).is_none() {
            self.young_bytes += n_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(text: &str) -> Comment<'_> {
        Comment {
            text,
            locale: Some("en"),
            survey_language: None,
        }
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let library = Library::default();
        let said = comment("the delivery was late");
        let before = library.read(&[said]);
        assert!(Arc::ptr_eq(&before[0], &library.read(&[said])[0]));
        library.forget();
        let kept = library.kept();
        assert!(kept.young.is_empty() && kept.old.is_empty() && kept.young_bytes == 0);
        drop(kept);
        let after = library.read(&[said]);
        assert!(!Arc::ptr_eq(&before[0], &after[0]), "read anew");
        assert_eq!(before, after);
    }

    #[test]
    fn what_was_read_is_not_read_again_and_is_the_same() {
        let library = Library::default();
        let texts: Vec<String> = (0..2 * SHARED_MIN)
            .map(|idx| format!("the delivery of parcel{} was late", idx / 2))
            .collect();
        let comments: Vec<Comment<'_>> = texts.iter().map(|text| comment(text)).collect();
        let first = library.read(&comments);
        assert_eq!(first.len(), comments.len());
        for (terms, comment) in first.iter().zip(&comments) {
            assert_eq!(**terms, library.reader().read(comment), "{comment:?}");
        }
        let again = library.read(&comments);
        let is_kept = |(one, other): (&Arc<Terms>, &Arc<Terms>)| Arc::ptr_eq(one, other);
        assert!(first.iter().zip(&again).all(is_kept));
        // The same words in another language are another comment.
        let german = Comment {
            locale: Some("de"),
            ..comments[0]
        };
        let other = library.read(&[german]);
        assert_eq!(*other[0], library.reader().read(&german));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let terms = Arc::new(Library::default().reader().read(&comment("late again")));
        let n_bytes = terms.n_bytes() + ENTRY_BYTES;
        let mut kept = Kept::new(20 * n_bytes);
        for key in 0..25 {
            kept.put(key, Arc::clone(&terms));
        }
        assert_eq!((kept.young.len(), kept.old.len()), (5, 10));
        assert!(kept.get(0).is_none() && kept.get(24).is_some());
        // What is asked for stays.
        let asked = *kept.old.keys().next().expect("an older half");
        assert!(kept.get(asked).is_some() && kept.young.contains_key(&asked));
    }
}
