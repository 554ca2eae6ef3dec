//! The items that a person has selected.

use std::collections::HashSet;

use fluence::state::ItemId;

/// The selected items of a list.
#[derive(Default)]
pub struct Selection {
    ids: HashSet<ItemId>,
    /// The item that was selected last, or no longer, from which a range begins.
    last: Option<ItemId>,
    /// Whether the person is asked whether to remove them.
    pub removing: bool,
}

impl Selection {
    /// The number of selected items.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether an item is selected.
    pub fn has(&self, id: &ItemId) -> bool {
        self.ids.contains(id)
    }

    /// Selects an item, or no longer if not `on`; with `range`, all from the last one on. The list is given in its order.
    pub fn set<'a>(
        &mut self,
        list: impl Iterator<Item = &'a ItemId> + Clone,
        id: &ItemId,
        on: bool,
        range: bool,
    ) {
        let place = |id: &ItemId| list.clone().position(|other| other == id);
        let last = self.last.as_ref().filter(|_| range).and_then(place);
        let ends = place(id).map(|to| (last.unwrap_or(to), to));
        if let Some((from, to)) = ends {
            let count = from.abs_diff(to) + 1;
            for id in list.skip(from.min(to)).take(count) {
                self.put(id, on);
            }
        }
        self.last = Some(id.clone());
        self.removing = false;
    }

    /// Selects all items of the list, or none.
    pub fn set_all<'a>(&mut self, list: impl Iterator<Item = &'a ItemId>, on: bool) {
        *self = Self::default();
        if on {
            self.ids.extend(list.cloned());
        }
    }

    /// Forgets an item, which has gone.
    pub fn forget(&mut self, id: &ItemId) {
        self.ids.remove(id);
    }

    fn put(&mut self, id: &ItemId, on: bool) {
        match on {
            true => self.ids.insert(id.clone()),
            false => self.ids.remove(id),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selection: &Selection, list: &[ItemId]) -> String {
        let mark = |id| if selection.has(id) { 'x' } else { '-' };
        list.iter().map(mark).collect()
    }

    #[test]
    fn a_range_goes_from_the_last_one_in_either_direction() {
        let list: Vec<ItemId> = (0..8).map(|n| ItemId(format!("{n}"))).collect();
        let mut selection = Selection::default();
        let mut set = |at: usize, on, range| {
            selection.set(list.iter(), &list[at], on, range);
            selected(&selection, &list)
        };
        // Without a last one, a range is the item alone.
        assert_eq!(set(2, true, true), "--x-----");
        assert_eq!(set(5, true, true), "--xxxx--");
        assert_eq!(set(0, true, true), "xxxxxx--");
        // All of it become what the clicked one becomes.
        assert_eq!(set(3, false, true), "----xx--");
        assert_eq!(set(7, true, false), "----xx-x");
        assert_eq!(set(6, true, true), "----xxxx");
        assert_eq!(selection.len(), 4);
        selection.forget(&list[7]);
        selection.set_all(list[..3].iter(), true);
        assert_eq!(selected(&selection, &list), "xxx-----");
        selection.set_all(list.iter(), false);
        assert_eq!(selection.len(), 0);
    }

    #[test]
    fn what_is_not_listed_is_not_selected() {
        let list = [ItemId("1".into())];
        let mut selection = Selection::default();
        selection.set(list.iter(), &ItemId("2".into()), true, false);
        assert_eq!(selection.len(), 0);
        // The last one is no longer listed, so the range has no beginning.
        selection.set(list.iter(), &list[0], true, true);
        assert_eq!(selected(&selection, &list), "x");
    }
}
