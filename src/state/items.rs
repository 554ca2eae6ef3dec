//! The list of items, in the order of their ages.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{Item, ItemId};

/// The most items that are kept.
pub const MAX_ITEMS: usize = 10_000;

/// Items by id, which also knows their order by age, so that nothing is sorted when the list is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<ItemId, Item>", into = "BTreeMap<ItemId, Item>")]
pub struct Items {
    by_id: BTreeMap<ItemId, Item>,
    /// Oldest first: a new item is put at the end, where nothing has to be moved.
    by_age: Vec<(u64, ItemId)>,
}

impl From<BTreeMap<ItemId, Item>> for Items {
    fn from(by_id: BTreeMap<ItemId, Item>) -> Self {
        let mut by_age: Vec<_> = by_id.values().map(age).collect();
        by_age.sort_unstable();
        Self { by_id, by_age }
    }
}

impl FromIterator<Item> for Items {
    fn from_iter<T: IntoIterator<Item = Item>>(items: T) -> Self {
        let by_id: BTreeMap<_, _> = items
            .into_iter()
            .map(|item| (item.id.clone(), item))
            .collect();
        by_id.into()
    }
}

impl From<Items> for BTreeMap<ItemId, Item> {
    fn from(items: Items) -> Self {
        items.by_id
    }
}

impl Deref for Items {
    type Target = BTreeMap<ItemId, Item>;
    fn deref(&self) -> &Self::Target {
        &self.by_id
    }
}

impl Items {
    /// The items, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Item> {
        self.by_age
            .iter()
            .rev()
            .filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Puts an item into the list, in the place of one with its id. A list of [`MAX_ITEMS`] takes no further one.
    pub fn insert(&mut self, item: Item) {
        if self.by_id.len() >= MAX_ITEMS && !self.by_id.contains_key(&item.id) {
            return;
        }
        self.remove(&item.id);
        let age = age(&item);
        let at = self.by_age.partition_point(|other| *other < age);
        self.by_age.insert(at, age);
        self.by_id.insert(item.id.clone(), item);
    }

    /// Puts several items into the list, as [`Items::insert`] does.
    pub fn extend(&mut self, items: Vec<Item>) {
        for item in items {
            if self.by_id.len() < MAX_ITEMS || self.by_id.contains_key(&item.id) {
                self.by_id.insert(item.id.clone(), item);
            }
        }
        *self = std::mem::take(&mut self.by_id).into();
    }

    pub(super) fn remove(&mut self, id: &ItemId) {
        if let Some(item) = self.by_id.remove(id)
            && let Ok(at) = self.by_age.binary_search(&age(&item))
        {
            self.by_age.remove(at);
        }
    }

    /// Changes must leave the id and the time of making as they are.
    pub(super) fn get_mut(&mut self, id: &ItemId) -> Option<&mut Item> {
        self.by_id.get_mut(id)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.by_id.values_mut()
    }
}

fn age(item: &Item) -> (u64, ItemId) {
    (item.created, item.id.clone())
}
