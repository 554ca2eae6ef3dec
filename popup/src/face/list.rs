//! The listed items and their thumbnails.

use fluence::command::{Command, MAX_THUMBNAILS};
use fluence::failure::{Code, Failure};
use fluence::state::{Item, ItemId, Origin, Status};

use super::{Face, Focus, PageView, Sender, Topic, WorkerState};
use crate::browser;
use crate::preferences::Filter;
use crate::small_map::SmallMap;
use crate::text;

/// The number of items that are listed at first, and that each click adds.
pub(super) const PAGE_OF_ITEMS: usize = 50;
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

/// The `id` of the button that closes an item's QR code.
pub fn qr_id(id: &ItemId) -> String {
    format!("qr-{}", id.0)
}

/// The `id` of the button that answers “no” to the question whether to remove an item.
pub fn question_id(id: &ItemId) -> String {
    format!("question-{}", id.0)
}

impl Face {
    /// Whether the person is asked whether a file that nobody shares may be looked for in the public IPFS.
    pub fn asks_publicly(&self, item: &Item) -> bool {
        let is_nowhere = |failure: &Failure| failure.code == Code::NoProvider;
        item.origin == Origin::Fetch
            && item.status.failure().is_some_and(is_nowhere)
            && self.settings().public.is_none()
    }

    /// What is listed now: what the person chose, or the files of the page while there is nothing else to see.
    pub fn tab(&self) -> Filter {
        match self.filter {
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
        self.shown = PAGE_OF_ITEMS;
        self.menu = None;
    }

    /// Whether this face belongs to a page, whose files can be listed.
    pub fn has_page(&self) -> bool {
        !matches!(self.page, PageView::Elsewhere)
    }

    /// The items that are listed now, newest first, and the number of items that pass the filter
    /// and the search.
    pub fn listed(&self) -> (Vec<&Item>, usize) {
        let mut listed = self.passing();
        let count = listed.len();
        listed.truncate(self.shown);
        (listed, count)
    }

    /// The items that pass the filter and the search, newest first.
    fn passing(&self) -> Vec<&Item> {
        let needle = browser::lower_case(self.search.trim());
        let tab = self.tab();
        let items = self.state.items.newest();
        items
            .filter(|item| is_in(item, tab) && matches(item, &needle))
            .collect()
    }

    /// An item of the list, the one after it and the one before it.
    pub(super) fn place_of(&self, id: &ItemId) -> Option<Vec<ItemId>> {
        let listed = self.listed().0;
        let at = listed.iter().position(|item| item.id == *id)?;
        let others = [Some(at), Some(at + 1), at.checked_sub(1)];
        let others = others.into_iter().flatten().filter_map(|at| listed.get(at));
        Some(others.map(|item| item.id.clone()).collect())
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

    /// What can be removed: the words for it, the ids of the items and their bytes.
    pub fn spare(&self) -> [(&'static str, (Vec<ItemId>, u64)); 4] {
        let of = |is: fn(&Item) -> bool| {
            let items = self.passing().into_iter().filter(|item| is(item));
            items.fold((Vec::new(), 0), |(mut ids, bytes), item| {
                ids.push(item.id.clone());
                (ids, bytes + item.kept())
            })
        };
        [
            (
                text::FREE_FETCHED,
                of(|item| item.origin == Origin::Fetch && item.status == Status::Done),
            ),
            (
                text::FREE_STOPPED,
                of(|item| item.status == Status::Stopped),
            ),
            (
                text::FREE_FAILED,
                of(|item| item.status.failure().is_some()),
            ),
            (text::FREE_LISTED, of(|_| true)),
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
        for item in self.listed().0.into_iter().take(MAX_KEPT_THUMBNAILS) {
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

fn is_in(item: &Item, filter: Filter) -> bool {
    match filter {
        // The files of the page are listed in their place.
        Filter::All | Filter::Page => true,
        Filter::Shared => item.origin == Origin::Share,
        Filter::Fetched => item.origin == Origin::Fetch,
    }
}

/// Whether the name or hash of the item contains the needle, which is in lower case.
fn matches(item: &Item, needle: &str) -> bool {
    let has = |text: &str| browser::lower_case(text).contains(needle);
    needle.is_empty() || has(&item.name) || item.cid.as_deref().is_some_and(has)
}
