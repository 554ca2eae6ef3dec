//! The list of items, in the order of their age.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Index;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Item, ItemId};

/// The most items that are kept.
pub const MAX_ITEMS: usize = 10_000;

/// Items by id, with their order by age, so that nothing has to be sorted when the list is shown.
///
/// Neither writing nor reading it takes a second list: what a worker has once taken of memory it does not give back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items {
    /// An item is large, and a tree leaves about a third of its places empty, so it has a box of its own.
    by_id: BTreeMap<ItemId, Box<Item>>,
    /// The oldest come first. Items are mostly added at one of the ends, where nothing has to be
    /// moved.
    by_age: VecDeque<(u64, ItemId)>,
}

impl FromIterator<Item> for Items {
    fn from_iter<T: IntoIterator<Item = Item>>(items: T) -> Self {
        let mut by_id = BTreeMap::new();
        for item in items {
            by_id.insert(item.id.clone(), Box::new(item));
        }
        let mut by_age: Vec<_> = by_id.values().map(|item| age(item)).collect();
        by_age.sort_unstable();
        Self {
            by_id,
            by_age: by_age.into(),
        }
    }
}

impl Index<&ItemId> for Items {
    type Output = Item;

    fn index(&self, id: &ItemId) -> &Item {
        &self.by_id[id]
    }
}

/// They are an object whose members are called like the items.
impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.by_id)
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading)
    }
}

/// Reads items one by one.
struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items by their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items, A::Error> {
        let mut failed = None;
        let items = std::iter::from_fn(|| {
            let entry = map.next_entry::<IgnoredAny, Item>();
            entry.map_or_else(
                |why| {
                    failed = Some(why);
                    None
                },
                |entry| Some(entry?.1),
            )
        })
        .collect();
        failed.map_or(Ok(items), Err)
    }
}

impl Items {
    /// The number of items.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether there is one with this id.
    pub fn contains_key(&self, id: &ItemId) -> bool {
        self.by_id.contains_key(id)
    }

    /// The item with this id.
    pub fn get(&self, id: &ItemId) -> Option<&Item> {
        self.by_id.get(id).map(|item| &**item)
    }

    /// The ids of the items, in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &ItemId> + Clone {
        self.by_id.keys()
    }

    /// The items, in the order of their ids.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Item> + Clone {
        self.by_id.values().map(|item| &**item)
    }

    /// The items, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Item> {
        self.by_age.iter().rev().filter_map(|(_, id)| self.get(id))
    }

    /// Puts an item into the list, in the place of one with its id. A list of [`MAX_ITEMS`] accepts
    /// no further item.
    pub fn insert(&mut self, item: Item) {
        if self.by_id.len() >= MAX_ITEMS && !self.by_id.contains_key(&item.id) {
            return;
        }
        self.remove(&item.id);
        self.remember_age(&item);
        self.by_id.insert(item.id.clone(), Box::new(item));
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
        self.by_id.get_mut(id).map(|item| &mut **item)
    }

    /// The items, to be changed. Their ids and their times of creation must stay as they are.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.by_id.values_mut().map(|item| &mut **item)
    }
}

fn age(item: &Item) -> (u64, ItemId) {
    (item.created, item.id.clone())
}
