//! A map of a few entries: a list. For a handful of keys it is as fast as a tree, and a program that is downloaded has
//! no room for a tree of each kind.

/// See the module.
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> Few<K, V> {
    fn at(&self, key: &K) -> Option<usize> {
        self.0.iter().position(|(other, _)| other == key)
    }

    /// What is under the key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.at(key).map(|at| &self.0[at].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.at(key).map(|at| &mut self.0[at].1)
    }

    /// Whether something is under the key.
    pub fn contains(&self, key: &K) -> bool {
        self.at(key).is_some()
    }

    /// Puts it there, in place of what was there.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.0.push((key, value));
    }

    /// Takes it out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.at(key).map(|at| self.0.swap_remove(at).1)
    }

    /// Keeps those that pass.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_there_once() {
        let mut few = Few::default();
        few.insert("a", 1);
        few.insert("b", 2);
        few.insert("a", 3);
        assert_eq!(few.get(&"a"), Some(&3));
        assert_eq!(few.values().sum::<i32>(), 5);
        few.retain(|key, _| *key != "b");
        assert_eq!((few.remove(&"a"), few.remove(&"b")), (Some(3), None));
    }
}
