//! The objects of one kind that a vendor holds, in the order in which they last changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// As the vendor shows it.
    pub value: Value,
    /// When it last changed, by the vendor's clock.
    pub changed_at_s: i64,
    /// Whether it was deleted; what the vendor then shows is the service's business.
    pub is_deleted: bool,
}

/// Objects by id, each with its last change.
#[derive(Debug, Clone)]
pub struct Shelf<K> {
    items: BTreeMap<K, Item>,
    /// Ids by last change; equal instants stand in the order of the ids.
    order: BTreeSet<(i64, K)>,
}

impl<K> Default for Shelf<K> {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
            order: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone> Shelf<K> {
    /// Puts an object there, new or in place of the one with that id.
    pub fn put(&mut self, id: K, value: Value, at_s: i64) {
        self.place(
            id,
            Item {
                value,
                changed_at_s: at_s,
                is_deleted: false,
            },
        );
    }

    /// Changes an object; its last change moves to `at_s`.
    ///
    /// # Panics
    /// When there is no such object: a fault of the test.
    pub fn edit(&mut self, id: &K, at_s: i64, change: impl FnOnce(&mut Value)) {
        let mut item = self.items.get(id).expect("an object to edit").clone();
        change(&mut item.value);
        item.changed_at_s = at_s;
        self.place(id.clone(), item);
    }

    /// Marks an object as deleted at `at_s`.
    ///
    /// # Panics
    /// As [`Shelf::edit`].
    pub fn delete(&mut self, id: &K, at_s: i64) {
        let mut item = self.items.get(id).expect("an object to delete").clone();
        item.is_deleted = true;
        item.changed_at_s = at_s;
        self.place(id.clone(), item);
    }

    /// Returns an object.
    #[must_use]
    pub fn get(&self, id: &K) -> Option<&Item> {
        self.items.get(id)
    }

    /// Returns the objects by id.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Item)> {
        self.items.iter()
    }

    /// Returns the objects by last change, equal instants by id: those after the place `after`, at
    /// most `n_max`.
    pub fn changed_after(
        &self,
        after: &(i64, K),
        n_max: usize,
    ) -> impl Iterator<Item = (&K, &Item)> {
        let range = (
            std::ops::Bound::Excluded(after.clone()),
            std::ops::Bound::Unbounded,
        );
        let order = self.order.range(range).take(n_max);
        order.map(|(_, id)| (id, &self.items[id]))
    }

    /// Returns the objects that changed at `from_s` or later, by last change, equal instants by id.
    pub fn changed_since(&self, from_s: i64) -> impl Iterator<Item = (&K, &Item)> {
        let order = self.order.iter();
        order
            .filter(move |(at_s, _)| *at_s >= from_s)
            .map(|(_, id)| (id, &self.items[id]))
    }

    fn place(&mut self, id: K, item: Item) {
        let order = (item.changed_at_s, id.clone());
        if let Some(before) = self.items.insert(id.clone(), item) {
            self.order.remove(&(before.changed_at_s, id));
        }
        self.order.insert(order);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(shelf: &Shelf<u64>) -> Vec<u64> {
        shelf.changed_since(0).map(|(id, _)| *id).collect()
    }

    #[test]
    fn an_edit_moves_an_object_to_the_end() {
        let mut shelf = Shelf::default();
        for id in [2, 1, 3] {
            shelf.put(id, json!({}), 10);
        }
        assert_eq!(ids(&shelf), [1, 2, 3]);
        shelf.edit(&1, 11, |value| value["a"] = json!(1));
        assert_eq!(ids(&shelf), [2, 3, 1]);
        shelf.delete(&2, 12);
        assert_eq!(ids(&shelf), [3, 1, 2]);
        let item = shelf.get(&2).expect("kept");
        assert!(item.is_deleted && item.changed_at_s == 12);
    }

    #[test]
    fn a_page_goes_on_between_equal_instants() {
        let mut shelf = Shelf::default();
        for id in 1..=4 {
            shelf.put(id, json!({}), 10);
        }
        let page: Vec<u64> = shelf
            .changed_after(&(10, 1), 2)
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(page, [2, 3]);
    }
}
