//! The root of the face: what it holds, and what happens to that.

use fluence::command::{Answer, Command, HandedFile, MAX_THUMBNAILS, Thumbnail, ToFace, ToWorker};
use fluence::failure::{About, Code, Failure, Reason};
use fluence::names;
use fluence::state::{
    Event, EventKind, ItemId, LogLine, MAX_LOG, NetworkStatus, Settings, State, Status,
};
use gloo_timers::callback::{Interval, Timeout};
use web_sys::File;
use yew::html::Scope;
use yew::prelude::*;

use crate::browser::{self, FromWorker, Handover, PasteListener, Tab, Worker};
use crate::files::{self, Dropped, PickError, Picked};
use crate::page::{self, PageFile};
use crate::preferences::{self, Filter, Theme};
use crate::small_map::SmallMap;
use crate::{text, view};

/// The first wait before the face connects to the worker again, in milliseconds; each further one is twice as long.
const FIRST_WAIT_MS: u32 = 50;
/// The longest wait, in milliseconds.
const MAX_WAIT_MS: u32 = 5_000;
/// How long the worker may take for its first word before the person is told, in milliseconds.
const SILENCE_MS: u32 = 15_000;
/// Commands that wait while the worker is away.
const MAX_QUEUE: usize = 100;
/// Progress is painted at most this often, in milliseconds.
const PAINT_MS: u32 = 50;
/// How long a button says that it has copied, in milliseconds.
const COPIED_MS: u32 = 2_000;
/// Items that are listed at first, and with each click more.
pub const PAGE_OF_ITEMS: usize = 50;
/// The most thumbnails that are kept; those of the items that are listed are asked for again when they are needed.
const MAX_KEPT_THUMBNAILS: usize = 1_000;
/// Files of the page that are listed at first.
pub const FEW_PAGE_FILES: usize = 4;

/// What a command is about: where the face says how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The field for hashes.
    Fetch,
    /// A file of the page, by address.
    Page(String),
    /// Files that were picked.
    Files,
    /// An item.
    Item(ItemId),
    /// The settings.
    Settings,
    /// The person's own IPFS node.
    Ipfs,
    /// Shares that wait for permission, from a context menu for instance.
    Shares,
    /// The connection.
    Network,
    /// The thumbnails of listed items.
    Thumbnails,
    /// The log of an item.
    Log(ItemId),
}

/// Which of the three pages this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Under the toolbar's button.
    Popup,
    /// In a tab of its own.
    Tab,
    /// The settings.
    Options,
}

/// How things are with the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It has not yet said anything.
    Starting,
    /// It has, and is there.
    Ready,
    /// It was there and is gone; the face connects again.
    Lost,
    /// It has said nothing for long.
    Silent,
    /// What it says is not understood.
    Strange,
}

/// What is known of the page in the tab.
pub enum PageView {
    /// Not looked at yet.
    Reading,
    /// This is no popup of a page.
    Elsewhere,
    /// No extension may look into it.
    Closed,
    /// Its files.
    Files {
        /// Its tab.
        tab: Tab,
        /// Downloads that came from it.
        downloads: Vec<PageFile>,
        /// Files that it links to; `None` when the browser did not let the extension look.
        links: Option<Vec<PageFile>>,
    },
}

/// The extension needs the person's permission first.
pub struct Access {
    /// Match patterns.
    pub origins: Vec<String>,
    /// What is sent again then; shares go on by themselves.
    pub again: Option<Command>,
    /// Whether the person said no.
    pub refused: bool,
}

/// Where the focus goes as soon as it is there.
enum Focus {
    /// An item of the list.
    Item(ItemId),
    /// The button that shares what was picked.
    Stage,
}

/// What can happen to the face.
pub enum Msg {
    /// The worker's end said something.
    Worker(FromWorker),
    /// Time to connect to the worker again.
    Connect,
    /// The worker was silent for long.
    Silence,
    /// Time to paint what has moved.
    Paint,
    /// A second has passed.
    Tick,
    /// Send a command.
    Send(Topic, Command),
    /// The text in the field for hashes.
    FetchText(String),
    /// Fetch what is in the field.
    Fetch,
    /// Take the hash from the clipboard.
    Paste,
    /// What the clipboard gave.
    Pasted(Option<String>),
    /// Something was pasted outside of the fields.
    PastedHere(browser::Pasted),
    /// What was found out about the page.
    Page(PageView),
    /// Share a file of the page.
    SharePage(PageFile),
    /// Show all files of the page.
    MorePage,
    /// Show or hide the files of the page.
    TogglePage,
    /// Ask the person for permission; inside a click.
    Allow(Topic),
    /// What the person said.
    Allowed(Topic, bool),
    /// The person read it.
    Dismiss(Topic),
    /// Files are dragged over the face, or away.
    Dragged(bool),
    /// Something was dropped.
    Dropped(Dropped),
    /// Files were chosen.
    Picked(Result<Vec<Picked>, PickError>),
    /// Whether all become one directory.
    Together(bool),
    /// Share what was picked.
    ShareStage,
    /// Forget what was picked.
    DropStage,
    /// The worker took the files of the command with this number, or did not.
    HandedOver(u32, bool),
    /// Copy a text; the word says which button it was.
    Copy(String, String),
    /// It was copied, or refused.
    Copied(String, bool),
    /// The button need not say so any longer.
    CopiedLong,
    /// Show or hide an item's details.
    ToggleDetails(ItemId),
    /// Ask whether the item is to go, or ask no longer.
    AskRemove(Option<ItemId>),
    /// List these.
    Filter(Filter),
    /// List those with this in their name.
    Search(String),
    /// List more.
    More,
    /// Light or dark.
    Theme(Theme),
    /// The person read the notice.
    DismissNotice,
}

/// All that a face holds; [`State`] is the worker's, the rest is this page's own.
pub struct Face {
    /// Which page this is.
    pub view: View,
    /// How things are with the worker.
    pub link: Connection,
    /// The same as the worker's.
    pub state: State,
    /// The settings that hold where the person set none.
    pub defaults: Settings,
    /// Which items are listed.
    pub filter: Filter,
    /// Whether the files of the page are shown.
    pub page_open: bool,
    /// Light or dark.
    pub theme: Theme,
    /// Commands that were refused, until the person reads it or tries again.
    pub failures: SmallMap<Topic, Failure>,
    /// What waits for the person's permission.
    pub access: SmallMap<Topic, Access>,
    /// What the last command about it did well.
    pub done: SmallMap<Topic, ()>,
    /// The text in the field for hashes.
    pub fetch_text: String,
    /// What is wrong with it.
    pub fetch_error: Option<String>,
    /// The page in the tab.
    pub page: PageView,
    /// Whether all of its files are listed.
    pub page_all: bool,
    /// Whether files are dragged over the face.
    pub dragging: bool,
    /// Files that were picked and not shared yet.
    pub stage: Vec<Picked>,
    /// Why what was picked last is not among them.
    pub stage_error: Option<String>,
    /// Whether they become one directory.
    pub together: bool,
    /// Items whose details are shown, with their logs; `None` until the log has arrived.
    pub open: SmallMap<ItemId, Option<Vec<LogLine>>>,
    /// The thumbnails of listed items, as `data:` URLs; `None` where one was asked for and has not arrived.
    pub thumbnails: SmallMap<ItemId, Option<AttrValue>>,
    /// The item that the person is asked about.
    pub removing: Option<ItemId>,
    /// What listed items have in their name or hash.
    pub search: String,
    /// How many items are listed.
    pub shown: usize,
    /// The button that copied last, and whether it could.
    pub copied: Option<(String, bool)>,
    /// What a screen reader says next.
    pub said: String,
    /// Whether the person has read the last notice.
    pub notice_read: bool,
    /// The field for hashes.
    pub fetch_field: NodeRef,
    /// The button that shares what was picked.
    pub stage_button: NodeRef,
    worker: Option<Worker>,
    wait: u32,
    queue: Vec<ToWorker>,
    last_number: u32,
    pending: SmallMap<u32, (Topic, Command)>,
    handovers: SmallMap<u32, Handover>,
    /// What shares wait for, as the worker says.
    wanted: Vec<String>,
    focus: Option<Focus>,
    /// What this face has begun to share last, until its link is copied.
    begun: Option<ItemId>,
    timers: Timers,
    _paste: Option<PasteListener>,
}

/// What runs only while it is here.
#[derive(Default)]
struct Timers {
    connect: Option<Timeout>,
    silence: Option<Timeout>,
    paint: Option<Timeout>,
    copied: Option<Timeout>,
    tick: Option<Interval>,
}

impl Component for Face {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let view = match browser::parameter("view").as_deref() {
            Some("tab") => View::Tab,
            Some("options") => View::Options,
            // Where the browser cannot open popups it is opened as a page.
            _ if browser::is_wide() => View::Tab,
            _ => View::Popup,
        };
        browser::mark_page("data-view", view::word(view));
        let tab = browser::parameter("tab").and_then(|tab| tab.parse().ok());
        let mut face = Self {
            view,
            link: Connection::Starting,
            state: State::default(),
            defaults: Settings::default(),
            filter: Filter::load(),
            page_open: preferences::page_was_open(),
            theme: Theme::load(),
            failures: SmallMap::default(),
            access: SmallMap::default(),
            done: SmallMap::default(),
            fetch_text: String::new(),
            fetch_error: None,
            page: PageView::Reading,
            page_all: false,
            dragging: false,
            stage: Vec::new(),
            stage_error: None,
            together: false,
            open: SmallMap::default(),
            thumbnails: SmallMap::default(),
            removing: None,
            search: String::new(),
            shown: PAGE_OF_ITEMS,
            copied: None,
            said: String::new(),
            notice_read: false,
            fetch_field: NodeRef::default(),
            stage_button: NodeRef::default(),
            worker: None,
            wait: FIRST_WAIT_MS,
            queue: Vec::new(),
            last_number: 0,
            pending: SmallMap::default(),
            handovers: SmallMap::default(),
            wanted: Vec::new(),
            focus: None,
            begun: None,
            timers: Timers::default(),
            _paste: None,
        };
        if view != View::Options {
            let on = ctx.link().callback(Msg::PastedHere);
            face._paste = Some(PasteListener::new(move |pasted| on.emit(pasted)));
        }
        face.connect(ctx.link());
        match (view, tab) {
            (View::Options, _) => {}
            (View::Tab, None) => face.page = PageView::Elsewhere,
            (_, tab) => ctx
                .link()
                .send_future(async move { Msg::Page(look_at(tab).await) }),
        }
        face
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let link = ctx.link();
        match msg {
            Msg::Worker(FromWorker::Message(ToFace::Event { event })) => {
                return self.happened(link, &event);
            }
            Msg::Worker(from) => self.heard(link, from),
            Msg::Connect => self.connect(link),
            Msg::Silence => self.link = Connection::Silent,
            Msg::Paint => self.timers.paint = None,
            Msg::Tick => {}
            Msg::Send(about, command) => {
                self.removing = None;
                self.send(link, about, command);
            }
            Msg::FetchText(text) => {
                self.fetch_text = text;
                self.fetch_error = None;
                self.failures.remove(&Topic::Fetch);
            }
            Msg::Fetch => self.fetch(link),
            Msg::Paste => link.send_future(async { Msg::Pasted(browser::paste().await.ok()) }),
            Msg::Pasted(text) => {
                match text {
                    Some(text) => {
                        self.fetch_text = text.trim().to_owned();
                        self.fetch_error = None;
                    }
                    None => self.fetch_error = Some(text::FETCH_PASTE_REFUSED.to_owned()),
                }
                view::focus(&self.fetch_field);
            }
            Msg::PastedHere(browser::Pasted::Files(list)) => {
                self.picked(link, files::of_list(&list));
            }
            Msg::PastedHere(browser::Pasted::Text(text)) => {
                link.send_message(Msg::Pasted(Some(text)))
            }
            Msg::Page(page) => self.page = page,
            Msg::SharePage(file) => self.share_page(link, file),
            Msg::MorePage => self.page_all = true,
            Msg::TogglePage => {
                self.page_open = !self.page_open;
                preferences::keep_page_open(self.page_open);
            }
            Msg::Allow(about) => self.allow(link, about),
            Msg::Allowed(about, granted) => self.allowed(link, about, granted),
            Msg::Dismiss(about) => {
                self.failures.remove(&about);
                self.access.remove(&about);
            }
            Msg::Dragged(over) => {
                if self.dragging == over {
                    return false;
                }
                self.dragging = over;
            }
            Msg::Dropped(dropped) => {
                self.dragging = false;
                link.send_future(async move { Msg::Picked(dropped.files().await) });
            }
            Msg::Picked(picked) => self.picked(link, picked),
            Msg::Together(together) => self.together = together,
            Msg::ShareStage => {
                let picked = std::mem::take(&mut self.stage);
                self.share_files(link, picked);
            }
            Msg::DropStage => self.stage.clear(),
            Msg::HandedOver(number, taken) => self.handed_over(number, taken),
            Msg::Copy(key, text) => link.send_future(async move {
                let copied = browser::copy(text).await.is_ok();
                Msg::Copied(key, copied)
            }),
            Msg::Copied(key, copied) => {
                self.said = if copied {
                    text::COPIED
                } else {
                    text::COPY_REFUSED
                }
                .to_owned();
                self.copied = Some((key, copied));
                let link = link.clone();
                self.timers.copied = Some(Timeout::new(COPIED_MS, move || {
                    link.send_message(Msg::CopiedLong)
                }));
            }
            Msg::CopiedLong => self.copied = None,
            Msg::ToggleDetails(id) => {
                if self.open.remove(&id).is_none() {
                    self.open.insert(id.clone(), None);
                    self.send(link, Topic::Log(id.clone()), Command::Log { id });
                }
            }
            Msg::AskRemove(id) => self.removing = id,
            Msg::Filter(filter) => {
                self.filter = filter;
                filter.keep();
                self.shown = PAGE_OF_ITEMS;
            }
            Msg::Search(search) => {
                self.search = search;
                self.shown = PAGE_OF_ITEMS;
            }
            Msg::More => self.shown += PAGE_OF_ITEMS,
            Msg::Theme(theme) => {
                self.theme = theme;
                theme.choose();
            }
            Msg::DismissNotice => {
                self.notice_read = true;
                if let Some(notice) = &self.state.notice {
                    preferences::keep_dismissed(&text::notice(notice));
                }
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        view::face(self, ctx.link())
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        self.ask_for_thumbnails(ctx.link());
        let is_there = |focus: &mut Focus| match focus {
            Focus::Item(id) => self.state.items.contains_key(id),
            Focus::Stage => true,
        };
        match self.focus.take_if(is_there) {
            Some(Focus::Item(id)) => view::focus_item(&id),
            Some(Focus::Stage) => view::focus(&self.stage_button),
            None => {}
        }
    }
}

/// Looks at the page of a tab: the one that the popup was opened on, or the one with this number.
async fn look_at(number: Option<i32>) -> PageView {
    let tab = browser::tab(number).await.ok();
    let Some((tab, url)) = tab.and_then(|tab| {
        let url = tab.url.clone()?;
        Some((tab, url))
    }) else {
        // The popup is always shown its page, unless that is the browser's own. A tab that was opened from the popup is
        // shown it until that page goes.
        return if number.is_some() {
            PageView::Elsewhere
        } else {
            PageView::Closed
        };
    };
    if page::host(&url).is_none() && !url.starts_with("file:") {
        return PageView::Closed;
    }
    let downloads = page::downloads_of(&url, browser::downloads().await.unwrap_or_default());
    let links = browser::links(tab.id)
        .await
        .ok()
        .map(|links| page::files_of(&url, links, &downloads));
    PageView::Files {
        tab,
        downloads,
        links,
    }
}

impl Face {
    /// The settings that hold.
    pub fn settings(&self) -> &Settings {
        self.state.settings.as_ref().unwrap_or(&self.defaults)
    }

    /// What the words about a failure of this topic are about.
    pub fn about(&self, topic: &Topic) -> About {
        match topic {
            Topic::Fetch => About::Fetch,
            Topic::Page(_) | Topic::Files | Topic::Shares => About::Share,
            Topic::Item(id) => match self.state.items.get(id) {
                Some(item) => text::about(item.origin),
                None => About::Other,
            },
            Topic::Settings | Topic::Ipfs | Topic::Network | Topic::Thumbnails | Topic::Log(_) => {
                About::Other
            }
        }
    }

    /// Whether a command about this has no answer yet.
    pub fn is_waiting(&self, about: &Topic) -> bool {
        self.pending.values().any(|(other, _)| other == about)
    }

    fn connect(&mut self, link: &Scope<Self>) {
        self.timers.connect = None;
        let on = link.callback(Msg::Worker);
        match Worker::connect(move |from| on.emit(from)) {
            Ok(worker) => {
                self.worker = Some(worker);
                let number = self.number();
                self.post(ToWorker {
                    number,
                    command: Command::Watch,
                });
                if self.timers.silence.is_none() && self.link != Connection::Silent {
                    let link = link.clone();
                    self.timers.silence = Some(Timeout::new(SILENCE_MS, move || {
                        link.send_message(Msg::Silence)
                    }));
                }
            }
            // The extension was unloaded or updated: this page belongs to no extension any more.
            Err(_) => self.link = Connection::Silent,
        }
    }

    /// Asks for the thumbnails of listed items that are not here yet.
    fn ask_for_thumbnails(&mut self, link: &Scope<Self>) {
        if self.link != Connection::Ready || self.is_waiting(&Topic::Thumbnails) {
            return;
        }
        let mut ids: Vec<ItemId> = Vec::new();
        for item in view::listed(self).0.into_iter().take(MAX_KEPT_THUMBNAILS) {
            if item.thumbnail && ids.len() < MAX_THUMBNAILS && !self.thumbnails.contains(&item.id) {
                ids.push(item.id.clone());
            }
        }
        if ids.is_empty() {
            return;
        }
        if self.thumbnails.len() + ids.len() > 2 * MAX_KEPT_THUMBNAILS {
            // Those of a list that was left; the present one asks for its own again.
            self.thumbnails = SmallMap::default();
        }
        for id in &ids {
            self.thumbnails.insert(id.clone(), None);
        }
        self.send(link, Topic::Thumbnails, Command::Thumbnails { ids });
    }

    /// Asks anew, after a connection, for what an earlier one may have left unanswered: thumbnails, and the logs that are
    /// shown, whose latest lines came while nobody listened.
    fn ask_again(&mut self, link: &Scope<Self>) {
        if !self.is_waiting(&Topic::Thumbnails) {
            self.thumbnails.retain(|_, picture| picture.is_some());
        }
        let open: Vec<ItemId> = self.open.keys().cloned().collect();
        for id in open {
            let topic = Topic::Log(id.clone());
            if !self.is_waiting(&topic) {
                self.send(link, topic, Command::Log { id });
            }
        }
    }

    fn keep_thumbnail(&mut self, id: ItemId, data_url: String) {
        if self.thumbnails.len() < 2 * MAX_KEPT_THUMBNAILS {
            self.thumbnails.insert(id, Some(data_url.into()));
        }
    }

    fn number(&mut self) -> u32 {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    /// Sends now; what the port does not take waits for the next connection. What finds no room to wait ends as a failure
    /// that the person sees.
    fn post(&mut self, message: ToWorker) {
        let sent = self
            .worker
            .as_ref()
            .is_some_and(|worker| worker.send(&message).is_ok());
        if let Some(handover) = self.handovers.get(&message.number).filter(|_| sent) {
            handover.offer();
        }
        if sent || matches!(message.command, Command::Watch) {
            return;
        }
        if self.queue.len() < MAX_QUEUE {
            self.queue.push(message);
        } else if let Some((topic, _)) = self.pending.remove(&message.number) {
            self.handovers.remove(&message.number);
            self.failures.insert(topic, Code::NotSent.into());
        }
    }

    fn send(&mut self, link: &Scope<Self>, about: Topic, command: Command) {
        self.failures.remove(&about);
        self.access.remove(&about);
        self.done.remove(&about);
        let number = self.number();
        self.pending.insert(number, (about, command.clone()));
        self.post(ToWorker { number, command });
        if self.worker.is_none() && self.timers.connect.is_none() {
            self.connect(link);
        }
    }

    fn heard(&mut self, link: &Scope<Self>, from: FromWorker) {
        match from {
            FromWorker::Message(ToFace::State {
                state, defaults, ..
            }) => {
                self.state = *state;
                self.defaults = defaults;
                self.link = Connection::Ready;
                self.wait = FIRST_WAIT_MS;
                self.timers.silence = None;
                let notice = self.state.notice.as_ref();
                self.notice_read =
                    notice.is_none_or(|notice| preferences::is_dismissed(&text::notice(notice)));
                self.watch_clock(link);
                for message in std::mem::take(&mut self.queue) {
                    self.post(message);
                }
                self.ask_again(link);
            }
            FromWorker::Message(ToFace::Items { items }) => {
                self.state.items.extend(items);
            }
            FromWorker::Message(ToFace::Access { origins }) => {
                self.wanted = origins;
                if self.wanted.is_empty() {
                    self.access.retain(|_, access| access.again.is_some());
                }
                self.ask_for_shares();
            }
            FromWorker::Message(ToFace::Answer { number, answer }) => {
                self.answered(number, answer);
                self.copy_begun(link);
            }
            // Taken in `update`.
            FromWorker::Message(ToFace::Event { .. }) => {}
            FromWorker::Strange => self.link = Connection::Strange,
            FromWorker::Gone => self.gone(link),
        }
    }

    /// The worker ended: the browser stops it, or it was updated.
    fn gone(&mut self, link: &Scope<Self>) {
        self.worker = None;
        if self.link == Connection::Ready {
            self.link = Connection::Lost;
        }
        let queue = &self.queue;
        let waits = |number: &u32| queue.iter().any(|message| message.number == *number);
        self.handovers.retain(|number, _| waits(number));
        let failures = &mut self.failures;
        self.pending.retain(|number, (about, _)| {
            let waits = waits(number);
            // Thumbnails and logs are asked for again by themselves.
            if !waits && !matches!(about, Topic::Thumbnails | Topic::Log(_)) {
                failures.insert(about.clone(), Code::NoAnswer.into());
            }
            waits
        });
        let wait = self.wait;
        self.wait = (wait * 2).min(MAX_WAIT_MS);
        let link = link.clone();
        self.timers.connect = Some(Timeout::new(wait, move || link.send_message(Msg::Connect)));
    }

    /// Applies an event; whether to paint at once.
    fn happened(&mut self, link: &Scope<Self>, event: &Event) -> bool {
        self.state.apply(event);
        match &event.kind {
            EventKind::Progress { .. } => {
                if self.timers.paint.is_none() {
                    let link = link.clone();
                    self.timers.paint = Some(Timeout::new(PAINT_MS, move || {
                        link.send_message(Msg::Paint)
                    }));
                }
                return false;
            }
            EventKind::Merged { id, into } if self.begun.as_ref() == Some(id) => {
                self.begun = Some(into.clone());
                self.copy_begun(link);
            }
            EventKind::Status { id, status } => {
                if *status == Status::Shared && self.begun.as_ref() == Some(id) {
                    self.copy_begun(link);
                }
                if let Some(item) = self.state.items.get(id)
                    && status.is_final()
                    && *status != Status::Stopped
                {
                    self.said =
                        text::announcement(&item.name, &text::status(item, &self.state.network));
                }
            }
            EventKind::Network { .. } => {
                self.failures.remove(&Topic::Network);
                self.watch_clock(link);
            }
            EventKind::Notice { failure } => {
                self.notice_read = false;
                self.said = text::notice(failure);
            }
            EventKind::Thumbnail { id, data_url } => {
                self.keep_thumbnail(id.clone(), data_url.clone());
            }
            EventKind::Log { id, entry } => {
                let Some(Some(lines)) = self.open.get_mut(id) else {
                    return false;
                };
                lines.push(LogLine {
                    at: event.at,
                    entry: entry.clone(),
                });
                let beyond = lines.len().saturating_sub(MAX_LOG);
                lines.drain(..beyond);
            }
            EventKind::Removed { id } => {
                self.thumbnails.remove(id);
                self.open.remove(id);
                self.failures.remove(&Topic::Item(id.clone()));
                self.failures.remove(&Topic::Log(id.clone()));
                self.removing.take_if(|removing| removing == id);
            }
            _ => {}
        }
        true
    }

    /// Puts the link of what this face has begun to share on the clipboard, as soon as others can have it: the worker can
    /// only do so in a page that has the focus, which this face has now.
    fn copy_begun(&mut self, link: &Scope<Self>) {
        let item = self.begun.as_ref().and_then(|id| self.state.items.get(id));
        let Some((id, cid)) = item
            .filter(|item| item.status == Status::Shared)
            .and_then(|item| Some((item.id.clone(), item.cid.clone()?)))
        else {
            return;
        };
        self.begun = None;
        if self.settings().copy_link {
            link.send_future(async move {
                match browser::copy(names::link_to(&cid)).await {
                    Ok(()) => Msg::Copied(view::copy_key(&id), true),
                    // Nobody asked for it just now; the button is there.
                    Err(_) => Msg::Paint,
                }
            });
        }
    }

    /// Counts seconds only while there is something to count.
    fn watch_clock(&mut self, link: &Scope<Self>) {
        let counting = matches!(self.state.network, NetworkStatus::Offline { .. });
        if counting && self.timers.tick.is_none() {
            let link = link.clone();
            self.timers.tick = Some(Interval::new(1000, move || link.send_message(Msg::Tick)));
        } else if !counting {
            self.timers.tick = None;
        }
    }

    fn answered(&mut self, number: u32, answer: Answer) {
        self.handovers.remove(&number);
        let Some((about, command)) = self.pending.remove(&number) else {
            return;
        };
        match answer {
            Answer::Done { id } => {
                if matches!(
                    command,
                    Command::ShareUrl { .. } | Command::ShareFiles { .. }
                ) {
                    self.begun.clone_from(&id);
                }
                match about {
                    Topic::Fetch => {
                        self.fetch_text.clear();
                        self.show(Filter::Fetched, id);
                    }
                    Topic::Files => self.show(Filter::Shared, id),
                    _ => {}
                }
                self.done.insert(about, ());
            }
            Answer::Thumbnails { thumbnails } => {
                for Thumbnail { id, data_url } in thumbnails {
                    self.keep_thumbnail(id, data_url);
                }
            }
            Answer::Log { lines } => {
                if let Command::Log { id } = command
                    && let Some(log) = self.open.get_mut(&id)
                {
                    *log = Some(lines);
                }
            }
            Answer::Refused { failure } if about == Topic::Fetch => {
                self.fetch_error = Some(text::fetch_refused(&failure));
                view::focus(&self.fetch_field);
            }
            Answer::Refused { failure } => {
                self.said = text::notice(&failure);
                self.failures.insert(about, failure);
            }
            Answer::NeedsAccess { origins } => {
                let goes_on = matches!(
                    command,
                    Command::ShareUrl { .. } | Command::ShareFiles { .. }
                );
                let access = Access {
                    origins,
                    again: (!goes_on).then_some(command),
                    refused: false,
                };
                self.access.insert(about, access);
                self.ask_for_shares();
            }
        }
    }

    /// Puts the focus on an item that is in the list of this filter, and makes sure that it is listed.
    fn show(&mut self, filter: Filter, id: Option<ItemId>) {
        self.search.clear();
        if self.filter != filter {
            self.filter = Filter::All;
        }
        self.focus = id.map(Focus::Item);
    }

    /// The worker reads the link, and says what is wrong with it.
    fn fetch(&mut self, link: &Scope<Self>) {
        let typed = self.fetch_text.trim().to_owned();
        if typed.is_empty() {
            let empty = Failure::new(Code::BadLink).reason(Reason::Empty);
            self.fetch_error = Some(text::fetch_refused(&empty));
            view::focus(&self.fetch_field);
        } else {
            self.fetch_error = None;
            self.send(link, Topic::Fetch, Command::Fetch { link: typed });
        }
    }

    fn share_page(&mut self, link: &Scope<Self>, file: PageFile) {
        let PageView::Files { tab, .. } = &self.page else {
            return;
        };
        let command = Command::ShareUrl {
            url: file.url.clone(),
            tab: Some(tab.id),
            page: tab.url.clone(),
            name: Some(file.name),
        };
        self.send(link, Topic::Page(file.url), command);
    }

    /// Asks the person for what shares wait for, unless that is asked already where the share was begun.
    fn ask_for_shares(&mut self) {
        self.access.remove(&Topic::Shares);
        let asked = |origin: &String| {
            self.access
                .values()
                .any(|access| access.origins.contains(origin))
        };
        let origins: Vec<String> = self
            .wanted
            .iter()
            .filter(|origin| !asked(origin))
            .cloned()
            .collect();
        if !origins.is_empty() {
            let access = Access {
                origins,
                again: None,
                refused: false,
            };
            self.access.insert(Topic::Shares, access);
        }
    }

    fn allow(&mut self, link: &Scope<Self>, about: Topic) {
        if let Some(access) = self.access.get(&about) {
            let asked = browser::ask_for(&access.origins);
            link.send_future(async move { Msg::Allowed(about, asked.await) });
        }
    }

    fn allowed(&mut self, link: &Scope<Self>, about: Topic, granted: bool) {
        if !granted {
            if let Some(access) = self.access.get_mut(&about) {
                access.refused = true;
            }
        } else if let Some(Access {
            again: Some(command),
            ..
        }) = self.access.remove(&about)
        {
            self.send(link, about, command);
        }
    }

    /// One file is shared at once: nothing leaves the browser before somebody asks for it, and there is nothing to choose.
    /// Of several, folders included, the person says whether they get one hash or one each.
    fn picked(&mut self, link: &Scope<Self>, picked: Result<Vec<Picked>, PickError>) {
        self.stage_error = None;
        self.failures.remove(&Topic::Files);
        match picked {
            Ok(picked)
                if self.stage.is_empty()
                    && matches!(&picked[..], [only] if !only.path.contains('/')) =>
            {
                self.share_files(link, picked);
            }
            Ok(picked) => {
                if self.stage.len() + picked.len() > files::MAX_FILES {
                    self.stage_error = Some(text::too_many_files(files::MAX_FILES));
                    return;
                }
                self.together |= picked.iter().any(|picked| picked.path.contains('/'));
                self.stage.extend(picked);
                self.focus = Some(Focus::Stage);
            }
            Err(error) => {
                self.stage_error = Some(match error {
                    PickError::TooMany => text::too_many_files(files::MAX_FILES),
                    PickError::None => text::SHARE_EMPTY.to_owned(),
                    PickError::Unreadable => text::SHARE_UNREADABLE.to_owned(),
                });
            }
        }
    }

    fn share_files(&mut self, link: &Scope<Self>, picked: Vec<Picked>) {
        if picked.is_empty() {
            return;
        }
        let handed = picked
            .iter()
            .map(|picked| HandedFile {
                name: picked.path.clone(),
                mime: picked.file.type_(),
                size: picked.size(),
            })
            .collect();
        let blobs: Vec<File> = picked.into_iter().map(|picked| picked.file).collect();
        // The number that the command below gets; the channel is open before the worker learns of the key.
        let number = self.last_number.wrapping_add(1);
        let ended = link.callback(move |taken| Msg::HandedOver(number, taken));
        let together = std::mem::take(&mut self.together);
        let handover = browser::unique_key().and_then(|key| {
            let handover = Handover::open(key.clone(), &blobs, move |taken| ended.emit(taken))?;
            Ok((key, handover))
        });
        match handover {
            Ok((key, handover)) => {
                self.handovers.insert(number, handover);
                let command = Command::ShareFiles {
                    key,
                    files: handed,
                    together,
                };
                self.send(link, Topic::Files, command);
            }
            Err(_) => {
                self.failures.insert(Topic::Files, Code::Handover.into());
            }
        }
    }

    fn handed_over(&mut self, number: u32, taken: bool) {
        if taken {
            // Kept until the answer, which says what became of them.
            return;
        }
        self.handovers.remove(&number);
        if self.pending.remove(&number).is_some() {
            self.failures.insert(Topic::Files, Code::Handover.into());
        }
    }
}
