//! A map for a handful of entries, kept as a list. For so few it is as fast as a tree, and a program that is
//! downloaded has no room for a tree of each type.

/// A map for a handful of entries, in no particular order.
pub struct SmallMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> SmallMap<K, V> {
    fn at(&self, key: &K) -> Option<usize> {
        self.0.iter().position(|(other, _)| other == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.at(key).map(|at| &self.0[at].1)
    }

    /// The value of a key, for changing it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.at(key).map(|at| &mut self.0[at].1)
    }

    /// Whether the key has a value.
    pub fn contains(&self, key: &K) -> bool {
        self.at(key).is_some()
    }

    /// Sets the value of a key, in place of any present one.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.0.push((key, value));
    }

    /// Removes a key, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.at(key).map(|at| self.0.swap_remove(at).1)
    }

    /// Keeps only the entries for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All keys with their values, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }

    /// All keys, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_there_once() {
        let mut few = SmallMap::default();
        few.insert("a", 1);
        few.insert("b", 2);
        few.insert("a", 3);
        assert_eq!(few.get(&"a"), Some(&3));
        assert_eq!(few.values().sum::<i32>(), 5);
        few.retain(|key, _| *key != "b");
        assert_eq!((few.remove(&"a"), few.remove(&"b")), (Some(3), None));
    }
}
