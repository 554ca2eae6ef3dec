//! The listed items, what is selected of them, and their thumbnails.

use std::cmp::Reverse;

use fluence::command::{Command, MAX_THUMBNAILS};
use fluence::failure::{Code, Failure};
use fluence::state::{Item, ItemId, Origin, Status};

use web::time::now_ms;

use super::{Face, Focus, Msg, PageView, Sender, Topic, View, WorkerState};
use crate::preferences::{Filter, Sort};
use crate::rows::Shape;
use crate::selection::Selection;
use crate::small_map::SmallMap;
use crate::{browser, focus, preferences, text};

/// The attribute of the page that says whether a picture may be taken of the list, for `first.js`.
const PICTURED: &str = "data-list";
/// The `id` of the list.
pub const LIST: &str = "items-list";
/// The `id` of the button that begins to select.
pub const SELECT_BUTTON: &str = "select-toggle";
/// The `id` of the box that selects all.
pub const SELECT_ALL: &str = "select-all";
/// The `id` of the button that opens the menu of the list.
pub const LIST_MENU: &str = "list-menu";
/// The `id` of the button that shows what can be removed.
pub const ROOM_BUTTON: &str = "room-free";
/// The test id of the button that copies the links of the selected items.
pub const COPY_SELECTED: &str = "selected-copy";
/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// The most thumbnails that are kept. Those of listed items are requested again when they are needed.
const MAX_KEPT_THUMBNAILS: usize = 1_000;
/// The test id of the button that copies the link of a listed item.
pub const COPY_BUTTON: &str = "item-copy";

/// The key by which [`Face::copied`] names the copy button of a listed item.
pub fn copy_key(id: &ItemId) -> String {
    format!("{COPY_BUTTON} {}", id.0)
}

/// The `id` of the button that opens an item's menu.
pub fn menu_id(id: &ItemId) -> String {
    format!("menu-{}", id.0)
}

/// The `id` of the button that asks whether to remove the files of a kind, in words.
pub fn free_id(kind: &str) -> String {
    format!("free-{kind}")
}

/// The `id` of the button that closes an item's QR code.
pub fn qr_id(id: &ItemId) -> String {
    format!("qr-{}", id.0)
}

/// The `id` of the button that answers “no” to the question whether to remove an item.
pub fn question_id(id: &ItemId) -> String {
    format!("question-{}", id.0)
}

/// What can be removed: the words for it, whether it is said even if there is nothing, the ids of the items and their bytes.
pub type Spare = (&'static str, bool, (Vec<ItemId>, u64));

impl Face {
    /// Whether the person is asked whether a file that nobody shares may be looked for in the public IPFS.
    pub fn asks_publicly(&self, item: &Item) -> bool {
        let is_nowhere = |failure: &Failure| failure.code == Code::NoProvider;
        self.view != View::Time
            && item.origin == Origin::Fetch
            && item.status.failure().is_some_and(is_nowhere)
            && self.settings().public.is_none()
    }

    /// What is listed now: what the person chose, or the files of the page while there is nothing else to see.
    pub fn tab(&self) -> Filter {
        match self.filter {
            _ if self.view == View::Time => Filter::All,
            Filter::Page if !self.has_page() => Filter::All,
            _ if self.filter_chosen || self.worker_state != WorkerState::Ready => self.filter,
            _ if self.state.items.is_empty() && self.page_files().next().is_some() => Filter::Page,
            filter => filter,
        }
    }

    /// Lists what the person chose.
    pub(super) fn choose(&mut self, filter: Filter) {
        self.filter = filter;
        self.filter_chosen = true;
        filter.keep();
        self.menu = None;
    }

    /// Whether the list is shown as another face would show it first: as it is now, and from its beginning.
    fn is_whole(&self) -> bool {
        let removes = |command: &Command| matches!(command, Command::Remove { .. });
        self.view.has_files()
            && self.worker_state == WorkerState::Ready
            && self.tab() != Filter::Page
            && self.drawn.first() == Some(&0)
            && !self.searching
            && self.selection.is_none()
            && self.copied.is_none()
            && !self.pending.values().any(|(_, command)| removes(command))
    }

    /// Says whether a picture may be taken of the list, and takes the earlier one away that is shown until there is a list.
    pub(super) fn end_picture(&self) {
        if self.worker_state != WorkerState::Starting || !self.state.items.is_empty() {
            browser::end_picture();
        }
        browser::mark_page(PICTURED, if self.is_whole() { "whole" } else { "" });
    }

    /// Forgets how the list looked, of which something is removed. No picture is taken before it is drawn again.
    pub(super) fn forget_picture(&self) {
        browser::mark_page(PICTURED, "");
        preferences::forget_picture();
    }

    /// Whether this face belongs to a page, whose files can be listed.
    pub fn has_page(&self) -> bool {
        !matches!(self.page, PageView::Elsewhere)
    }

    /// Lists the items anew if anything about them has changed, and decides which of them are in the document.
    pub fn arrange(&mut self) {
        let listing = Listing {
            seq: self.state.seq,
            items: self.state.items.len(),
            tab: self.tab(),
            sort: self.sort,
            search: self.search.clone(),
        };
        if self.listing.as_ref() != Some(&listing) {
            let needle = browser::lower_case(self.search.trim());
            let items = self.state.items.newest();
            let mut passing: Vec<&Item> = items
                .filter(|item| is_in(item, listing.tab) && matches(item, &needle))
                .collect();
            order(&mut passing, self.sort, browser::lower_case);
            let row = |item: &&Item| (item.id.clone(), shape(item));
            self.listed = passing.iter().map(row).collect();
            self.listing = Some(listing);
            self.rows.change();
        }
        self.rows.place(&self.listed);
        // What has the focus, or is to have it, stays.
        let mut kept: Vec<ItemId> = focus::row().into_iter().collect();
        if let Some(Focus::Item(id) | Focus::Row(id)) = &self.focus {
            kept.push(id.clone());
        }
        if let Some((ids, _)) = &self.acted {
            kept.extend_from_slice(ids);
        }
        kept.extend(self.time.changed().cloned());
        let kept = kept.iter().filter_map(|id| self.position(id));
        self.drawn = self.rows.drawn(kept);
    }

    /// The number of items that are listed now.
    pub fn count_listed(&self) -> usize {
        self.listed.len()
    }

    /// The listed items that are in the document, in their order, with their positions.
    pub fn drawn(&self) -> impl Iterator<Item = (usize, &Item)> {
        let items = self.drawn.iter();
        items.filter_map(|at| Some((*at, self.state.items.get(&self.listed[*at].0)?)))
    }

    /// The items that are listed now.
    fn passing(&self) -> impl Iterator<Item = &Item> {
        let ids = self.listed.iter();
        ids.filter_map(|(id, _)| self.state.items.get(id))
    }

    fn position(&self, id: &ItemId) -> Option<usize> {
        self.listed.iter().position(|(other, _)| other == id)
    }

    /// Learns how high the rows are, and whether others have to be in the document by now.
    pub(super) fn measure(&mut self, sender: &Sender) {
        if self.drawn.len() == self.listed.len() {
            return;
        }
        for (id, shape) in self.drawn.iter().map(|at| &self.listed[*at]) {
            let opened = self.open.contains(id)
                || self.failures.contains(&Topic::Item(id.clone()))
                || self.naming.as_ref().is_some_and(|(named, _)| named == id)
                || [&self.qr, &self.removing].contains(&&Some(id.clone()));
            if let Some(height) = browser::height(&focus::item_id(id)) {
                self.rows.measured(id, *shape, height, !opened);
            }
        }
        sender.send(Msg::Looked(false));
    }

    /// Moves the focus to another row of the list by a key.
    pub(super) fn walk(&mut self, from: &ItemId, key: &str) {
        let last = self.listed.len().saturating_sub(1);
        let to = match (self.position(from), key) {
            (Some(at), "ArrowDown") => (at + 1).min(last),
            (Some(at), "ArrowUp") => at.saturating_sub(1),
            (_, "End") => last,
            _ => 0,
        };
        self.focus = self.listed.get(to).map(|(id, _)| Focus::Row(id.clone()));
    }

    /// Begins to select items, or ends.
    pub(super) fn select(&mut self, on: bool) {
        self.selection = on.then(Selection::default);
        self.said.clear();
        self.removing = None;
        self.naming = None;
        self.qr = None;
        let row = focus::row().map(Focus::Row);
        let next = if on { SELECT_ALL } else { SELECT_BUTTON };
        self.focus = row.or(Some(Focus::Id(next.to_owned())));
    }

    /// Changes what is selected, and says how many items that are.
    pub(super) fn choose_items(&mut self, of: Option<(ItemId, bool)>, on: bool) {
        if self.selection.is_none() {
            // What has the focus becomes a box.
            self.focus = focus::row().map(Focus::Row);
        }
        let selection = self.selection.get_or_insert_default();
        let list = self.listed.iter().map(|(id, _)| id);
        match of {
            Some((id, range)) => selection.set(list, &id, on, range),
            None => selection.set_all(list, on),
        }
        self.said = text::selected_count(selection.len() as u64);
    }

    /// The selected items of a kind, in the order of the list.
    pub fn selected(&self, is: fn(&Item) -> bool) -> Vec<&Item> {
        let Some(selection) = &self.selection else {
            return Vec::new();
        };
        let items = self.passing().filter(|item| selection.has(&item.id));
        items.filter(|item| is(item)).collect()
    }

    /// An item of the list, the one after it and the one before it.
    pub(super) fn place_of(&self, id: &ItemId) -> Option<Vec<ItemId>> {
        let at = self.position(id)?;
        let others = [Some(at), Some(at + 1), at.checked_sub(1)];
        let others = others.into_iter().flatten();
        let others = others.filter_map(|at| self.listed.get(at));
        Some(others.map(|(id, _)| id.clone()).collect())
    }

    /// The bytes that files take, and the most that they may take.
    pub fn room(&self) -> (u64, u64) {
        (self.state.used(None), self.state.limit(self.settings()))
    }

    /// Whether nine tenths of the room are taken.
    pub fn is_tight(&self) -> bool {
        let (used, limit) = self.room();
        used >= limit / 10 * 9
    }

    /// What can be removed.
    pub fn spare(&self) -> [Spare; 6] {
        let of = |is: fn(&Item) -> bool| sum(self.passing().filter(|item| is(item)));
        let now = now_ms();
        let old = |days| sum(self.passing().filter(|item| is_old(item, now, days)));
        [
            (
                text::free_fetched(),
                false,
                of(|item| item.origin == Origin::Fetch && item.status == Status::Done),
            ),
            (
                text::free_stopped(),
                false,
                of(|item| item.status == Status::Stopped),
            ),
            (
                text::free_failed(),
                false,
                of(|item| item.status.failure().is_some() && !item.needs_click()),
            ),
            // Whoever wants to remove what is old learns that nothing is.
            (text::free_week(), true, old(7)),
            (text::free_month(), true, old(30)),
            (text::free_listed(), false, of(|_| true)),
        ]
    }

    /// The number of items that pass a filter.
    pub fn count(&self, filter: Filter) -> usize {
        let items = self.state.items.values();
        items.filter(|item| is_in(item, filter)).count()
    }

    /// Requests the thumbnails of listed items that have not arrived yet.
    pub(super) fn ask_for_thumbnails(&mut self, sender: &Sender) {
        if self.worker_state != WorkerState::Ready || self.is_waiting(&Topic::Thumbnails) {
            return;
        }
        let mut ids: Vec<ItemId> = Vec::new();
        for (_, item) in self.drawn() {
            if item.thumbnail && ids.len() < MAX_THUMBNAILS && !self.thumbnails.contains(&item.id) {
                ids.push(item.id.clone());
            }
        }
        if ids.is_empty() {
            return;
        }
        if self.thumbnails.len() + ids.len() > 2 * MAX_KEPT_THUMBNAILS {
            // They belong to a list that is no longer shown. The present list requests its own again.
            self.thumbnails = SmallMap::default();
        }
        for id in &ids {
            self.thumbnails.insert(id.clone(), None);
        }
        self.send(sender, Topic::Thumbnails, Command::Thumbnails { ids });
    }

    /// Keeps a thumbnail, if there is room for it.
    pub(super) fn keep_thumbnail(&mut self, id: ItemId, data_url: String) {
        if self.thumbnails.len() < 2 * MAX_KEPT_THUMBNAILS {
            self.thumbnails.insert(id, Some(data_url.into()));
        }
    }

    /// Puts the focus on an item, and makes sure that it is listed: under this filter if it is chosen already,
    /// or else under all.
    pub(super) fn show(&mut self, filter: Filter, id: Option<ItemId>) {
        self.search.clear();
        if self.tab() != filter {
            self.filter = Filter::All;
            self.filter_chosen = true;
        }
        self.focus = id.map(Focus::Item);
    }
}

/// What the order of the listed items depends on.
#[derive(PartialEq)]
pub(super) struct Listing {
    seq: u64,
    items: usize,
    tab: Filter,
    sort: Sort,
    search: String,
}

/// What the height of an item's row depends on.
fn shape(item: &Item) -> Shape {
    let paused = text::is_paused(item) && item.status.is_interrupted();
    let failed = item.status.failure().is_some() && !paused;
    let failed = failed || item.upload_failure.is_some() && item.upload.is_none();
    let moving = item.status.is_moving() || item.upload.is_some();
    let moving = moving || item.progress.is_some() && item.status.is_interrupted();
    u8::from(failed) + 2 * u8::from(moving)
}

/// Puts items into another order than that of their age, which they have.
fn order(items: &mut [&Item], by: Sort, lower_case: fn(&str) -> String) {
    // One kind of key for all orders: each kind of sorting is code that is downloaded.
    let key = |item: &&Item| match by {
        Sort::Newest => (String::new(), Reverse(0)),
        Sort::Name => (lower_case(&item.name), Reverse(0)),
        Sort::Size => (String::new(), Reverse(item.size.unwrap_or_default())),
        Sort::Asked => (String::new(), Reverse(item.requests)),
    };
    items.sort_by_cached_key(key);
}

/// Whether nothing was done with an item for so many days, and nobody misses it: a fetch that has ended and is not shared, a share
/// that was stopped, or what failed and is not waiting for a click to go on.
fn is_old(item: &Item, now_ms: u64, days: u64) -> bool {
    let is_over = match item.status {
        Status::Stopped => true,
        Status::Done => !item.providing,
        Status::Failed { .. } => !item.needs_click(),
        Status::Preparing
        | Status::Hashing
        | Status::Announcing
        | Status::Shared
        | Status::Searching
        | Status::Asked { .. }
        | Status::Downloading { .. }
        | Status::Interrupted { .. } => false,
    };
    let used = item.created.max(item.since);
    is_over && item.upload.is_none() && now_ms.saturating_sub(used) > days * DAY_MS
}

/// The ids of items, and the bytes that they take.
pub fn sum<'a>(items: impl Iterator<Item = &'a Item>) -> (Vec<ItemId>, u64) {
    items.fold((Vec::new(), 0), |(mut ids, bytes), item| {
        ids.push(item.id.clone());
        (ids, bytes + item.kept())
    })
}

fn is_in(item: &Item, filter: Filter) -> bool {
    match filter {
        // The files of the page are listed in their place.
        Filter::All | Filter::Page => true,
        Filter::Shared => item.origin == Origin::Share,
        Filter::Fetched => item.origin == Origin::Fetch,
    }
}

/// Whether the name, the note or the hash of the item contains the needle, which is in lower case.
fn matches(item: &Item, needle: &str) -> bool {
    let has = |text: &str| browser::lower_case(text).contains(needle);
    let mut others = [&item.note, &item.cid].into_iter().flatten();
    needle.is_empty() || has(&item.name) || others.any(|text| has(text))
}

#[cfg(test)]
mod tests {
    use fluence::state::{Event, EventKind, State};

    use super::*;

    /// Items, made one after the other: their names, sizes and calls.
    fn state(of: &[(&str, u64, u64)]) -> State {
        let mut state = State::default();
        for (n, (name, size, calls)) in of.iter().enumerate() {
            let id = ItemId(format!("{n:032x}"));
            let mut kinds = vec![
                EventKind::ShareBegan {
                    key: None,
                    ends: None,
                    id: id.clone(),
                    name: (*name).to_owned(),
                    mime: None,
                    size: Some(*size),
                    source: None,
                },
                EventKind::Status {
                    id: id.clone(),
                    status: Status::Stopped,
                },
            ];
            let asked = || EventKind::Requested {
                id: id.clone(),
                peer: String::new(),
            };
            kinds.extend((0..*calls).map(|_| asked()));
            for kind in kinds {
                let seq = state.seq + 1;
                let at = DAY_MS * (n as u64 + 1);
                state.apply(&Event { seq, at, kind });
            }
        }
        state
    }

    fn ordered(state: &State, by: Sort) -> Vec<&str> {
        let mut items: Vec<&Item> = state.items.newest().collect();
        order(&mut items, by, str::to_lowercase);
        items.iter().map(|item| &*item.name).collect()
    }

    #[test]
    fn items_are_sorted_and_the_newest_of_equal_ones_is_first() {
        let state = state(&[("b", 3, 0), ("A", 9, 2), ("c", 3, 2), ("Ä", 1, 0)]);
        assert_eq!(ordered(&state, Sort::Newest), ["Ä", "c", "A", "b"]);
        assert_eq!(ordered(&state, Sort::Name), ["A", "b", "c", "Ä"]);
        assert_eq!(ordered(&state, Sort::Size), ["A", "c", "b", "Ä"]);
        assert_eq!(ordered(&state, Sort::Asked), ["c", "A", "Ä", "b"]);
    }

    #[test]
    fn only_what_is_over_gets_old() {
        let mut state = state(&[("a", 5, 0)]);
        let id = ItemId(format!("{:032x}", 0));
        let is = |state: &State, day: u64| is_old(&state.items[&id], DAY_MS * day, 7);
        assert!(is(&state, 9));
        // Not before a week has passed since it was stopped.
        assert!(!is(&state, 8));
        assert_eq!(sum(state.items.values()), (vec![id.clone()], 5));
        let mut become_ = |status: Status| {
            let kind = EventKind::Status {
                id: id.clone(),
                status,
            };
            let seq = state.seq + 1;
            let at = DAY_MS;
            state.apply(&Event { seq, at, kind });
            is(&state, 90)
        };
        let failed = |code| Status::Failed {
            failure: Failure::new(code),
        };
        assert!(become_(failed(Code::FileGone)));
        assert!(!become_(Status::Shared));
        assert!(!become_(Status::Announcing));
        assert!(!become_(Status::Hashing));
        assert!(become_(Status::Stopped));
        // It was shared and lost what is shared. What is only to be unlocked by a click is not lost.
        assert!(!become_(Status::Shared));
        assert!(become_(failed(Code::FileGone)));
        assert!(become_(failed(Code::NeedsClick)));
        let seq = state.seq + 1;
        let kind = EventKind::Stays { id: id.clone() };
        state.apply(&Event { seq, at: 0, kind });
        assert!(!is(&state, 90));
    }

    #[test]
    fn what_failed_gets_old_as_well_by_week_and_by_month() {
        let mut state = State::default();
        for (n, day) in [1, 20, 35, 39].into_iter().enumerate() {
            let id = ItemId(format!("{n:032x}"));
            let failure = Failure::new(Code::RoomFull);
            for kind in [
                EventKind::ShareBegan {
                    key: None,
                    ends: None,
                    id: id.clone(),
                    name: format!("of day {day}"),
                    mime: None,
                    size: Some(1),
                    source: None,
                },
                EventKind::Status {
                    id: id.clone(),
                    status: Status::Failed { failure },
                },
            ] {
                let seq = state.seq + 1;
                let at = DAY_MS * day;
                state.apply(&Event { seq, at, kind });
            }
        }
        let old = |days| {
            let items = state.items.newest();
            let old = items.filter(|item| is_old(item, DAY_MS * 40, days));
            old.map(|item| &*item.name).collect::<Vec<_>>()
        };
        assert_eq!(old(7), ["of day 20", "of day 1"]);
        assert_eq!(old(30), ["of day 1"]);
    }
}
