//! The list of items, in the order of their age.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{Item, ItemId};

/// The most items that are kept.
pub const MAX_ITEMS: usize = 10_000;

/// Items by id, with their order by age, so that nothing has to be sorted when the list is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<ItemId, Item>", into = "BTreeMap<ItemId, Item>")]
pub struct Items {
    by_id: BTreeMap<ItemId, Item>,
    /// The oldest come first. Items are mostly added at one of the ends, where nothing has to be
    /// moved.
    by_age: VecDeque<(u64, ItemId)>,
}

impl From<BTreeMap<ItemId, Item>> for Items {
    fn from(by_id: BTreeMap<ItemId, Item>) -> Self {
        let mut items = Self::default();
        for item in by_id.values() {
            items.remember_age(item);
        }
        items.by_id = by_id;
        items
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

    /// Puts an item into the list, in the place of one with its id. A list of [`MAX_ITEMS`] accepts
    /// no further item.
    pub fn insert(&mut self, item: Item) {
        if self.by_id.len() >= MAX_ITEMS && !self.by_id.contains_key(&item.id) {
            return;
        }
        self.remove(&item.id);
        self.remember_age(&item);
        self.by_id.insert(item.id.clone(), item);
    }

    /// Puts several items into the list, as [`Items::insert`] does.
    pub fn extend(&mut self, items: Vec<Item>) {
        for item in items {
            self.insert(item);
        }
    }

    fn remember_age(&mut self, item: &Item) {
        let age = age(item);
        let at = self.by_age.partition_point(|other| *other < age);
        self.by_age.insert(at, age);
    }

    pub(super) fn remove(&mut self, id: &ItemId) {
        if let Some(item) = self.by_id.remove(id)
            && let Ok(at) = self.by_age.binary_search(&age(&item))
        {
            self.by_age.remove(at);
        }
    }

    /// An item, to be changed. Its id and its time of creation must stay as they are.
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
