//! A cache bounded in bytes that forgets what was used longest ago.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by text key; an entry heavier than the whole cache is not kept.
#[derive(Debug)]
pub(crate) struct ByteCache<V> {
    bytes_max: usize,
    shelf: Mutex<Slots<V>>,
}

#[derive(Debug)]
struct Slots<V> {
    by_key: HashMap<String, Slot<V>>,
    by_use: BTreeMap<u64, String>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<V: Clone> ByteCache<V> {
    /// Returns an empty cache of at most `bytes_max` bytes, keys included.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let slots = Slots {
            by_key: HashMap::new(),
            by_use: BTreeMap::new(),
            bytes: 0,
            clock: 0,
        };
        Self {
            bytes_max,
            shelf: Mutex::new(slots),
        }
    }

    /// Returns the value and marks it as just used.
    pub(crate) fn get(&self, key: &str) -> Option<V> {
        let mut slots = self.lock();
        let slots = &mut *slots;
        let slot = slots.by_key.get_mut(key)?;
        slots.clock += 1;
        if let Some(name) = slots.by_use.remove(&slot.used) {
            slots.by_use.insert(slots.clock, name);
        }
        slot.used = slots.clock;
        Some(slot.value.clone())
    }

    /// Keeps a value of about `bytes` bytes in the place of an older one.
    pub(crate) fn put(&self, key: &str, value: V, bytes: usize) {
        // Both maps hold the key.
        let bytes = bytes + 2 * key.len();
        let mut slots = self.lock();
        slots.remove(key);
        if bytes > self.bytes_max {
            return;
        }
        while slots.bytes + bytes > self.bytes_max {
            let Some((_, oldest)) = slots.by_use.pop_first() else {
                break;
            };
            slots.remove(&oldest);
        }
        slots.clock += 1;
        let used = slots.clock;
        slots.bytes += bytes;
        slots.by_use.insert(used, key.to_owned());
        slots
            .by_key
            .insert(key.to_owned(), Slot { value, bytes, used });
    }

    fn lock(&self) -> MutexGuard<'_, Slots<V>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Slots<V> {
    fn remove(&mut self, key: &str) {
        if let Some(slot) = self.by_key.remove(key) {
            self.by_use.remove(&slot.used);
            self.bytes -= slot.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_use_leaves_first() {
        let cache = ByteCache::new(30);
        cache.put("a", 1, 8);
        cache.put("b", 2, 8);
        cache.put("c", 3, 8);
        assert_eq!(cache.get("a"), Some(1));
        cache.put("d", 4, 8);
        let kept = ["a", "b", "c", "d"].map(|key| cache.get(key));
        assert_eq!(kept, [Some(1), None, Some(3), Some(4)]);
    }

    #[test]
    fn replaced_value_gives_its_bytes_back() {
        let cache = ByteCache::new(30);
        for value in 0..100 {
            cache.put("a", value, 20);
        }
        cache.put("b", 7, 6);
        assert_eq!((cache.get("a"), cache.get("b")), (Some(99), Some(7)));
    }

    #[test]
    fn value_heavier_than_the_cache_replaces_nothing_but_itself() {
        let cache = ByteCache::new(30);
        cache.put("a", 1, 8);
        cache.put("b", 2, 31);
        assert_eq!((cache.get("a"), cache.get("b")), (Some(1), None));
        assert_eq!(cache.lock().bytes, 10);
    }
}
