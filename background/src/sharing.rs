//! What a person shares, by right click, from a face, or by handing files over.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use fluence::command::{Answer, Command, HandedFile, MAX_URL, ToFace};
use fluence::failure::{Code, Failure, Reason};
use fluence::names::{safe_file_name, told_name};
use fluence::plan::{Engine, Input, ShareInput};
use fluence::ports::Source;
use fluence::state::{Ends, Item, ItemId, ItemSource, Seen, Status};
use futures::stream::{self, StreamExt};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web::extension::pages::own_jar;
use web::js::{member, message_of, warn_on_error};

use crate::acquire::{Reading, Wanted};
use crate::badge::Button;
use crate::faces::Faces;
use crate::handover::Handovers;
use crate::notices::Notices;
use crate::platform::Browser;
use crate::source::{BlobSource, blob_of};

/// The ids of the entries in the context menu.
pub const MENU: &str = "share";
/// See [`MENU`].
pub const MENU_PRIVATE: &str = "share-privately";
/// The number of files that are begun at the same time.
const BEGUN_TOGETHER: usize = 64;
/// The most files of one command.
const MAX_FILES: usize = 100_000;
/// The longest name that is made from a selected text, in characters.
const SELECTION_NAME: usize = 40;

/// What the person is told when a share that they began is done.
#[derive(Debug, Clone, Default)]
pub enum Wish {
    /// That it is shared.
    #[default]
    Told,
    /// That it is shared, after its link was copied to the clipboard.
    Link,
    /// That all that were chosen together are done.
    Together(Rc<Together>),
}

/// How something is shared, as far as the person chose that for it; `None` for what the settings say.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Whether it is shared privately.
    pub private: Option<bool>,
    /// When it stops being shared by itself.
    pub ends: Option<Ends>,
}

/// Files that were chosen together, or that an earlier worker left. The person is told once, when all of them are done.
#[derive(Debug, Default)]
pub struct Together {
    left: Cell<usize>,
    shared: Cell<usize>,
    failed: Cell<usize>,
}

/// What became of one of several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is shared.
    Shared,
    /// It could not be shared.
    Failed,
    /// The person knows what became of it.
    Known,
}

impl Together {
    fn of(count: usize) -> Rc<Self> {
        let together = Self::default();
        together.left.set(count);
        Rc::new(together)
    }

    /// Notes that one more is done. Returns how many are shared, and how many have failed, if it was the last.
    fn done(&self, ended: Ended) -> Option<(usize, usize)> {
        self.left.set(self.left.get().saturating_sub(1));
        let count = match ended {
            Ended::Shared => Some(&self.shared),
            Ended::Failed => Some(&self.failed),
            Ended::Known => None,
        };
        if let Some(count) = count {
            count.set(count.get() + 1);
        }
        (self.left.get() == 0).then(|| (self.shared.get(), self.failed.get()))
    }
}

/// A text that the person had selected when they clicked.
struct Selected {
    /// As the browser gives it, without line breaks.
    text: String,
    /// Whether that was some time ago, so that something else may be selected by now.
    is_later: bool,
}

impl Selected {
    /// Whether this text, which is selected now, may be what was selected then.
    fn may_be(&self, now: &str) -> bool {
        let visible = |text: &str| -> String { text.split_whitespace().collect() };
        !self.is_later || visible(now).starts_with(&visible(&self.text))
    }
}

/// The shares of a person.
pub struct Sharing {
    engine: Engine<Browser>,
    faces: Rc<Faces>,
    notices: Notices,
    button: Rc<Button>,
    /// Reads what is at addresses.
    pub reading: Rc<Reading>,
    /// The files that faces hand over.
    pub handovers: Handovers,
    /// Shares that the person began since the worker started: the person is told when they are done.
    fresh: RefCell<BTreeMap<ItemId, Wish>>,
    /// The functions that cross out clicks, of shares whose bytes only the click has, until these are stored.
    clicks: RefCell<BTreeMap<ItemId, Function>>,
}

impl Sharing {
    /// Creates the shares of a person.
    pub fn new(
        engine: Engine<Browser>,
        reading: Rc<Reading>,
        faces: Rc<Faces>,
        notices: Notices,
        button: Rc<Button>,
    ) -> Rc<Self> {
        let sharing = Rc::new(Self {
            engine,
            faces,
            notices,
            button,
            reading: Rc::clone(&reading),
            handovers: Handovers::default(),
            fresh: RefCell::default(),
            clicks: RefCell::default(),
        });
        let weak = Rc::downgrade(&sharing);
        reading.observe(move |host| {
            let Some(sharing) = weak.upgrade() else {
                return;
            };
            sharing.faces.send_all(&sharing.access());
            sharing.button.show(sharing.waiting_count());
            if let Some(host) = host {
                let host = Some(host).filter(|host| !host.is_empty());
                let failure = Failure {
                    host,
                    ..Code::NeedsAccess.into()
                };
                spawn_local(async move { sharing.notices.tell(failure).await });
            }
        });
        sharing
    }

    /// The number of shares that wait for the person's permission.
    pub fn waiting_count(&self) -> usize {
        self.reading.origins().len()
    }

    /// Notes that the person wants this item to be shared now, wherever they asked for it.
    pub fn is_wanted(&self, id: &ItemId) {
        self.fresh.borrow_mut().entry(id.clone()).or_default();
    }

    /// Notes that the person has not been told yet of these shares, which an earlier worker left.
    pub fn are_wanted(&self, ids: &[ItemId]) {
        let wish = match ids {
            [_] => Wish::Told,
            _ => Wish::Together(Together::of(ids.len())),
        };
        let wishes = ids.iter().map(|id| (id.clone(), wish.clone()));
        self.fresh.borrow_mut().extend(wishes);
    }

    /// One of several files that belong together is done.
    pub async fn one_is_done(&self, together: &Together, ended: Ended) {
        if let Some((shared, failed)) = together.done(ended) {
            self.notices.tell_of(shared, failed).await;
        }
    }

    /// Whether the person began this share since the worker started and has not been told of its end.
    pub fn is_fresh(&self, id: &ItemId) -> bool {
        self.fresh.borrow().contains_key(id)
    }

    /// Ends or removes a share, and returns what the person is still to be told of it.
    pub fn take(&self, id: &ItemId) -> Option<Wish> {
        self.fresh.borrow_mut().remove(id)
    }

    /// Merges a share that turned out to be the same file as another item. Returns whether the
    /// person is still to be told of the other one, and the files that it was chosen together with if
    /// it is done thereby.
    pub fn merge(&self, id: &ItemId, into: &ItemId) -> (bool, Option<Rc<Together>>) {
        let Some(wish) = self.take(id) else {
            return (false, None);
        };
        match (self.fresh.borrow_mut().entry(into.clone()), wish) {
            // The other one is a share too, of which the person is told by itself.
            (Entry::Occupied(_), Wish::Together(together)) => (true, Some(together)),
            (Entry::Occupied(_), Wish::Told | Wish::Link) => (true, None),
            (Entry::Vacant(place), wish) => {
                place.insert(wish);
                (true, None)
            }
        }
    }

    /// Shares what was clicked on. `info` and `tab` are what the browser passes to a listener of
    /// the context menu, and `asked` is a promise that says whether the person has permitted to read it, if the browser
    /// asks them. `click` is what the click is called, and `is_later` says that an earlier worker left it. Returns the share
    /// if only the click has its bytes.
    pub async fn share_clicked(
        &self,
        info: &JsValue,
        tab: &JsValue,
        asked: Option<Promise>,
        click: Option<String>,
        is_later: bool,
    ) -> Option<ItemId> {
        let private = match member(info, "menuItemId").as_string().as_deref() {
            Some(MENU_PRIVATE) => Some(true),
            _ => None,
        };
        let how = How {
            private,
            ends: None,
        };
        let text = |name| {
            member(info, name)
                .as_string()
                .filter(|text| !text.is_empty())
        };
        let number = |object: &JsValue, name| member(object, name).as_f64().map(|n| n as i32);
        // Something that is not a tab, such as a side panel, has a negative number.
        let tab_id = number(tab, "id").filter(|id| *id >= 0);
        let frame = number(info, "frameId");
        let page = text("pageUrl");
        let title = member(tab, "title").as_string();
        let jar = own_jar(tab);
        let wanted = |url: String, media: Option<String>, name: Option<String>| Wanted {
            page: page.clone(),
            own_cookies: jar.is_some(),
            seen: Seen {
                tab: tab_id,
                frame,
                jar: jar.clone(),
                name: name.as_deref().map(told_name),
                media,
                as_page: false,
                click: click.clone().filter(|_| is_data(&url)),
            },
            url,
            is_later,
        };
        // The innermost thing that was clicked on takes precedence: a picture over its link, and a
        // link over the text around it. `static/background.js` asks for permission in the same order.
        let answer = if let Some(url) = text("srcUrl") {
            let wanted = wanted(url, text("mediaType"), None);
            self.share_url(wanted, asked, Wish::Link, how).await
        } else if text("mediaType").is_some() {
            // Chromium tells no address that has more than 2 MiB. What is around a picture is not the picture.
            refused(Code::PageGone.into())
        } else if let Some(url) = text("linkUrl") {
            self.share_url(wanted(url, None, None), asked, Wish::Link, how)
                .await
        } else if let Some(selected) = text("selectionText") {
            let place = tab_id.map(|tab| (tab, frame));
            let selected = Selected {
                text: selected,
                is_later,
            };
            self.share_selection(selected, place, page, click, how)
                .await
        } else if let Some(url) = text("frameUrl").or(page.clone()) {
            let mut wanted = wanted(url, None, title.filter(|title| !title.trim().is_empty()));
            wanted.seen.as_page = true;
            self.share_url(wanted, asked, Wish::Link, how).await
        } else {
            return None;
        };
        match answer {
            Answer::Done { id } => id.filter(|id| self.needs_click(id)),
            Answer::Refused { failure } => {
                self.notices.tell(failure).await;
                None
            }
            _ => None,
        }
    }

    /// Whether the bytes of a share are not stored, and only a click has them.
    fn needs_click(&self, id: &ItemId) -> bool {
        self.engine.with_state(|state| {
            let is_open = |item: &&Item| item.cid.is_none() && item.status.failure().is_none();
            let item = state.items.get(id).filter(is_open);
            let seen = item.and_then(|item| item.source.as_ref()?.seen.as_ref());
            seen.is_some_and(|seen| seen.click.is_some())
        })
    }

    /// Has a function cross out a click, once the bytes of this share are stored.
    pub fn keep_click(&self, id: ItemId, cross_out: Function) {
        self.clicks.borrow_mut().insert(id, cross_out);
    }

    /// Crosses out the click of a share that does not need it any more.
    pub fn forget_click(&self, id: &ItemId) {
        if let Some(cross_out) = self.clicks.borrow_mut().remove(id) {
            called(&cross_out);
        }
    }

    /// Removes the share that an earlier worker made of a click, if that worker was killed before it had its bytes. Returns
    /// whether the click has to be shared: not if its bytes are here.
    pub async fn begin_again(&self, click: &str) -> bool {
        let (here, unread) = self.made_of(click);
        if !unread.is_empty() {
            self.engine.command(Command::Remove { ids: unread }).await;
        }
        here.is_empty()
    }

    /// The shares that were made of a click: those whose bytes are here, and those that are to be read once more if the
    /// worker that read them was killed.
    pub fn made_of(&self, click: &str) -> (Vec<ItemId>, Vec<ItemId>) {
        let made = self.with_click(click);
        self.engine.with_state(|state| {
            let has_bytes = |id: &ItemId| {
                let item = state.items.get(id);
                item.is_some_and(|item| item.cid.is_some() || item.status == Status::Hashing)
            };
            made.into_iter().partition(has_bytes)
        })
    }

    /// Tells the person that a click is lost whose bytes were too many to be written down, unless it is in the list, which
    /// says so.
    pub async fn tell_lost(&self, click: &str) {
        if self.with_click(click).is_empty() {
            let lost = Failure::new(Code::Interrupted).reason(Reason::TooLong);
            self.notices.tell(lost).await;
        }
    }

    /// The shares that were made of a click.
    fn with_click(&self, click: &str) -> Vec<ItemId> {
        let of_click = |item: &&Item| {
            let seen = item.source.as_ref().and_then(|source| source.seen.as_ref());
            seen.is_some_and(|seen| seen.click.as_deref() == Some(click))
        };
        self.engine.with_state(|state| {
            let items = state.items.values().filter(of_click);
            items.map(|item| item.id.clone()).collect()
        })
    }

    /// Whether what was clicked on at this time, in Unix milliseconds, has been in the list since then.
    pub fn is_listed(&self, info: &JsValue, at: f64) -> bool {
        let text = |name: &str| member(info, name).as_string();
        let thing = text("srcUrl").or_else(|| text("linkUrl"));
        // What is selected is in the click, and has no address.
        if thing.is_none() && text("selectionText").is_some_and(|text| !text.is_empty()) {
            return false;
        }
        let url = thing.or_else(|| text("frameUrl").or_else(|| text("pageUrl")));
        self.engine.with_state(|state| {
            state.items.values().any(|item| {
                let source = item.source.as_ref();
                source.is_some_and(|source| source.url == url) && item.created as f64 >= at
            })
        })
    }

    /// Whether something is shared privately: as was chosen for it, or else as the settings say.
    fn is_private(&self, how: How) -> bool {
        how.private
            .unwrap_or_else(|| self.engine.settings().private)
    }

    /// Shares what is at an address. It is in the list before anything is read.
    pub async fn share_url(
        &self,
        wanted: Wanted,
        asked: Option<Promise>,
        wish: Wish,
        how: How,
    ) -> Answer {
        if wanted.url.len() > MAX_URL && !is_data(&wanted.url) {
            return refused(Failure::new(Code::BadAddress).reason(Reason::TooLong));
        }
        // An address that contains the bytes themselves means nothing to people.
        let url = (!is_data(&wanted.url)).then(|| wanted.url.clone());
        let input = ShareInput {
            name: Some(wanted.first_name()),
            mime: None,
            size: None,
            source: Some(ItemSource {
                url,
                page: wanted.page.clone(),
                own_cookies: wanted.own_cookies,
                seen: Some(Box::new(wanted.seen.clone())),
            }),
            private: self.is_private(how),
            ends: how.ends,
            note: None,
            body: Input::Remote(self.reading.remote(wanted, asked)),
        };
        self.share(input, wish).await
    }

    async fn share(&self, input: ShareInput<BlobSource>, wish: Wish) -> Answer {
        let answer = self.engine.share(input).await;
        if let Answer::Done { id: Some(id) } = &answer
            && let Some(fresh) = self.fresh.borrow_mut().get_mut(id)
        {
            *fresh = wish;
        }
        answer
    }

    async fn share_selection(
        &self,
        selected: Selected,
        place: Option<(i32, Option<i32>)>,
        page: Option<String>,
        click: Option<String>,
        how: How,
    ) -> Answer {
        // The browser gives the selected text without line breaks; the page gives it with them.
        let whole = match place {
            Some((tab, frame)) => web::extension::pages::in_page(tab, frame, &["selection".into()])
                .await
                .ok()
                .and_then(|text| text.as_string())
                .filter(|text| !text.is_empty() && selected.may_be(text)),
            None => None,
        };
        let text = whole.unwrap_or(selected.text);
        let words: String = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SELECTION_NAME)
            .collect();
        let blob = match blob_of(&Array::of1(&text.into())) {
            Ok(blob) => blob,
            Err(why) => {
                return refused(Failure::from(&why));
            }
        };
        let input = ShareInput {
            // This name is nobody's but this program's, so it may as well be one that every system takes.
            name: Some(safe_file_name(&format!(
                "{}.txt",
                words.replace(['/', '\\', '.'], " ").trim()
            ))),
            mime: Some("text/plain".to_owned()),
            size: Some(blob.size() as u64),
            source: Some(ItemSource {
                url: None,
                page,
                own_cookies: false,
                seen: Some(Box::new(Seen {
                    click,
                    ..Seen::default()
                })),
            }),
            private: self.is_private(how),
            ends: how.ends,
            note: None,
            body: Input::Stored(BlobSource::new(blob)),
        };
        self.share(input, Wish::Link).await
    }

    /// Shares the files that a face hands over under a key, as one directory if they belong
    /// `together`, with what the person notes about each.
    pub async fn share_files(
        &self,
        key: &str,
        files: Vec<HandedFile>,
        together: bool,
        how: How,
        note: Option<String>,
    ) -> Answer {
        let private = self.is_private(how);
        let sources = self.handovers.take(key).await.unwrap_or_default();
        if sources.is_empty() || sources.len() != files.len() || sources.len() > MAX_FILES {
            return refused(Code::Handover.into());
        }
        let files = files.into_iter().zip(sources);
        if together {
            let mut body: Vec<(String, BlobSource)> =
                files.map(|(file, source)| (file.name, source)).collect();
            let input = ShareInput {
                name: Some(take_directory_name(&mut body)),
                mime: None,
                size: None,
                source: None,
                private,
                ends: how.ends,
                note,
                body: Input::Many(body),
            };
            return self.share(input, Wish::Told).await;
        }
        let count = files.len();
        let wish = if count > 1 {
            Wish::Together(Together::of(count))
        } else {
            Wish::Told
        };
        let mut first: Option<ItemId> = None;
        let mut not_shared = Vec::new();
        // They are begun in their order, and what is to be written about them is written together.
        let mut answers = stream::iter(files)
            .map(|(file, source)| {
                let input = ShareInput {
                    name: Some(file.name.clone()),
                    mime: (!file.mime.is_empty()).then_some(file.mime),
                    size: Some(source.len()),
                    source: None,
                    private,
                    ends: how.ends,
                    note: note.clone(),
                    body: Input::Stored(source),
                };
                let wish = wish.clone();
                async move { (file.name, self.share(input, wish).await) }
            })
            .buffered(BEGUN_TOGETHER);
        while let Some((name, answer)) = answers.next().await {
            match answer {
                Answer::Done { id } => first = first.or(id),
                answer => not_shared.push((name, answer)),
            }
        }
        drop(answers);
        if let Wish::Together(together) = &wish {
            // The face tells of them.
            for _ in &not_shared {
                self.one_is_done(together, Ended::Known).await;
            }
        }
        let others = not_shared.len().saturating_sub(1);
        match not_shared.into_iter().next() {
            None => Answer::Done { id: first },
            // The remaining files are shared nevertheless.
            Some((name, Answer::Refused { failure })) => refused(Failure {
                name: Some(name),
                others: (others > 0).then_some(others as u64),
                ..failure
            }),
            Some((_, answer)) => answer,
        }
    }

    /// The message to faces with the origins that shares wait for.
    pub fn access(&self) -> ToFace {
        ToFace::Access {
            origins: self.reading.origins(),
        }
    }
}

/// Whether an address contains the bytes themselves.
fn is_data(url: &str) -> bool {
    url.starts_with("data:")
}

/// Calls a function of `static/background.js` that crosses out a click.
pub fn called(cross_out: &Function) {
    let told = cross_out.call0(&JsValue::NULL);
    let told = told.map_err(|why| message_of(&why));
    warn_on_error("a click stays written down", told);
}

fn refused(failure: Failure) -> Answer {
    Answer::Refused { failure }
}

/// The name for files that become one directory. If all are in one folder, it is that of the folder, which is taken
/// from their paths: the folder is the directory, and not something in it.
fn take_directory_name<T>(files: &mut [(String, T)]) -> String {
    let common = files.first().and_then(|(name, _)| name.split_once('/'));
    let Some(common) = common.map(|(folder, _)| format!("{folder}/")) else {
        return format!("{} files", files.len());
    };
    if !files.iter().all(|(name, _)| name.starts_with(&common)) {
        return format!("{} files", files.len());
    }
    for (name, _) in files {
        name.drain(..common.len());
    }
    common.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_directory_and_not_in_it() {
        for (given, name, left) in [
            (
                &["trip/a.jpg", "trip/b/c.jpg"][..],
                "trip",
                &["a.jpg", "b/c.jpg"][..],
            ),
            (
                &["trip/a.jpg", "other/a.jpg"],
                "2 files",
                &["trip/a.jpg", "other/a.jpg"],
            ),
            (
                &["trip/a.jpg", "trips/a.jpg"],
                "2 files",
                &["trip/a.jpg", "trips/a.jpg"],
            ),
            (
                &["a.jpg", "b.jpg", "c.jpg"],
                "3 files",
                &["a.jpg", "b.jpg", "c.jpg"],
            ),
        ] {
            let mut files: Vec<(String, ())> =
                given.iter().map(|n| ((*n).to_owned(), ())).collect();
            assert_eq!(take_directory_name(&mut files), name);
            let names: Vec<&str> = files.iter().map(|(name, ())| name.as_str()).collect();
            assert_eq!(names, left);
        }
    }
}
