//! The face: its state, and how messages change it. [`crate::view`] draws it and only reads it.
//!
//! - `connection`: the port to the worker, and the commands that wait for an answer;
//! - `events`: the events that the worker reports;
//! - `list`: the listed items and their thumbnails;
//! - `sharing`: the files on the page and those that the person picks, and the permission to read
//!   them.

mod connection;
mod events;
mod list;
mod sharing;

use fluence::command::{Command, ToFace, ToWorker};
use fluence::failure::{About, Code, Failure, Reason};
use fluence::state::{ItemId, LogLine, Settings, State};
use gloo_timers::callback::{Interval, Timeout};
use web::extension::pages::Tab;
use yew::prelude::*;

use crate::browser::{self, FromWorker, Handover, PasteListener, Worker};
use crate::files::{self, Dropped, PickError, Picked};
use crate::page::PageFile;
use crate::preferences::{self, Filter, Theme};
use crate::sender::Sender;
use crate::small_map::SmallMap;
use crate::{focus, text};
pub use list::{COPY_BUTTON, copy_key};
pub use sharing::FEW_PAGE_FILES;

/// How long a button shows that it has copied something, in milliseconds.
const COPIED_MS: u32 = 2_000;

/// What a command concerns; this decides where the face shows its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The field for hashes.
    Fetch,
    /// A file on the page, by its address.
    Page(String),
    /// Files that the person picked.
    Files,
    /// An item of the list.
    Item(ItemId),
    /// The settings.
    Settings,
    /// The person's own IPFS node.
    Ipfs,
    /// Shares that wait for permission and were not begun here, but from a context menu for
    /// instance.
    Shares,
    /// The connection to the network.
    Network,
    /// The thumbnails of the listed items.
    Thumbnails,
    /// The log of an item.
    Log(ItemId),
}

/// Which of the three pages this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The popup under the toolbar button.
    Popup,
    /// The same face in a tab of its own.
    Tab,
    /// The settings page.
    Options,
}

/// The state of the connection to the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// The worker has not sent its state yet.
    Starting,
    /// The worker is connected and has sent its state.
    Ready,
    /// The connection was lost; the face connects again.
    Lost,
    /// The worker did not answer in time, or the extension was unloaded.
    Silent,
    /// The worker sent a message that this version cannot read.
    Strange,
}

/// What is known about the page in the tab.
pub enum PageView {
    /// The page has not been read yet.
    Reading,
    /// This face does not belong to a page.
    Elsewhere,
    /// The browser lets no extension read the page.
    Closed,
    /// The files on the page.
    Files {
        /// The tab that shows the page.
        tab: Tab,
        /// The downloads that came from the page.
        downloads: Vec<PageFile>,
        /// The files that the page links to; `None` when the browser did not let the extension read
        /// it.
        links: Option<Vec<PageFile>>,
    },
}

/// A permission that the extension needs from the person before a command can go on.
pub struct Access {
    /// The origins that it has to read, as match patterns.
    pub origins: Vec<String>,
    /// The command to send again once access is granted; `None` for shares, which the worker
    /// resumes.
    pub again: Option<Command>,
    /// Whether the person refused.
    pub refused: bool,
}

/// The element that gets the focus as soon as it exists.
enum Focus {
    /// An item of the list.
    Item(ItemId),
    /// The button that shares what was picked.
    Stage,
}

/// A message that changes the face.
pub enum Msg {
    /// The worker sent a message, or its port closed.
    Worker(FromWorker),
    /// It is time to connect to the worker again.
    Connect,
    /// The worker has not answered for too long.
    Silence,
    /// It is time to draw the progress that has been made.
    Paint,
    /// A second has passed.
    Tick,
    /// Send a command to the worker.
    Send(Topic, Command),
    /// The text in the field for hashes has changed to this.
    FetchText(String),
    /// Fetch the hash or link in the field.
    Fetch,
    /// Paste the clipboard into the field for hashes.
    Paste,
    /// The clipboard has been read; `None` if the browser refused.
    Pasted(Option<String>),
    /// Something was pasted outside any field.
    PastedHere(browser::Pasted),
    /// The page in the tab has been examined.
    Page(PageView),
    /// Share a file on the page.
    SharePage(PageFile),
    /// List all files on the page.
    MorePage,
    /// Show or hide the files on the page.
    TogglePage,
    /// Ask the person for permission; the browser allows this only inside a click.
    Allow(Topic),
    /// The person granted the permission (`true`) or refused it.
    Allowed(Topic, bool),
    /// The person dismissed the failure or the question about this topic.
    Dismiss(Topic),
    /// Whether files are being dragged over the face.
    Dragged(bool),
    /// Something was dropped onto the face.
    Dropped(Dropped),
    /// The person chose, dropped or pasted files, or they could not be read.
    Picked(Result<Vec<Picked>, PickError>),
    /// Whether the picked files are shared as one directory.
    Together(bool),
    /// Share the picked files.
    ShareStage,
    /// Forget the picked files.
    DropStage,
    /// Whether the worker took the files of the command with this number.
    HandedOver(u32, bool),
    /// Copy a text. The key, which comes first, names the button.
    Copy(String, String),
    /// Whether the button with this key could copy its text.
    Copied(String, bool),
    /// The button need no longer show that it has copied something.
    CopiedLong,
    /// Show or hide an item's details.
    ToggleDetails(ItemId),
    /// Ask whether to remove this item; `None` withdraws the question.
    AskRemove(Option<ItemId>),
    /// List the items that pass this filter.
    Filter(Filter),
    /// List the items with this text in their name or hash.
    Search(String),
    /// List more items.
    More,
    /// Use this theme.
    Theme(Theme),
    /// The person dismissed the notice.
    DismissNotice,
}

/// The state of a face. [`State`] is a copy of the worker's; the rest belongs to this page alone.
pub struct Face {
    /// Which page this is.
    pub view: View,
    /// The state of the connection to the worker.
    pub worker_state: WorkerState,
    /// A copy of the worker's state.
    pub state: State,
    /// The settings that apply where the person has set none.
    pub defaults: Settings,
    /// Which items are listed.
    pub filter: Filter,
    /// Whether the files on the page are shown.
    pub page_open: bool,
    /// The theme of the page: light, dark, or the system's.
    pub theme: Theme,
    /// The failures of commands, until the person dismisses them or tries again.
    pub failures: SmallMap<Topic, Failure>,
    /// The topics that wait for the person's permission.
    pub access: SmallMap<Topic, Access>,
    /// The topics whose last command succeeded.
    pub done: SmallMap<Topic, ()>,
    /// The text in the field for hashes.
    pub fetch_text: String,
    /// What is wrong with that text.
    pub fetch_error: Option<String>,
    /// The page in the tab.
    pub page: PageView,
    /// Whether all files on the page are listed.
    pub page_all: bool,
    /// Whether files are being dragged over the face.
    pub dragging: bool,
    /// The files that were picked and are not shared yet.
    pub stage: Vec<Picked>,
    /// Why the files picked last were not added to `stage`.
    pub stage_error: Option<String>,
    /// Whether the picked files are shared as one directory.
    pub together: bool,
    /// The items whose details are shown, with their logs; `None` until the log has arrived.
    pub open: SmallMap<ItemId, Option<Vec<LogLine>>>,
    /// The thumbnails of the listed items, as `data:` URLs; `None` for one that was requested and
    /// has not arrived.
    pub thumbnails: SmallMap<ItemId, Option<AttrValue>>,
    /// The item that the person is asked whether to remove.
    pub removing: Option<ItemId>,
    /// The text that listed items must have in their name or hash.
    pub search: String,
    /// How many items are listed at most.
    pub shown: usize,
    /// The key of the button that copied last, and whether it succeeded.
    pub copied: Option<(String, bool)>,
    /// The text that a screen reader announces next.
    pub said: String,
    /// Whether the person has dismissed the last notice.
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
    /// The origins that shares need permission for, as the worker reports them.
    wanted: Vec<String>,
    focus: Option<Focus>,
    /// The item that this face shared last, until its link has been copied.
    begun: Option<ItemId>,
    timers: Timers,
    _paste: Option<PasteListener>,
}

/// The running timers; dropping one stops it.
#[derive(Default)]
struct Timers {
    connect: Option<Timeout>,
    silence: Option<Timeout>,
    paint: Option<Timeout>,
    copied: Option<Timeout>,
    tick: Option<Interval>,
}

impl View {
    /// The name of the view in the stylesheet.
    pub fn word(self) -> &'static str {
        match self {
            View::Popup => "popup",
            View::Tab => "tab",
            View::Options => "options",
        }
    }
}

impl Face {
    /// Makes a face of this kind, which connects to the worker. `tab` is the id of the tab whose
    /// page it shows; without one, a popup shows the page that it was opened on.
    pub fn new(view: View, tab: Option<i32>, sender: &Sender) -> Self {
        let mut face = Self {
            view,
            worker_state: WorkerState::Starting,
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
            shown: list::PAGE_OF_ITEMS,
            copied: None,
            said: String::new(),
            notice_read: false,
            fetch_field: NodeRef::default(),
            stage_button: NodeRef::default(),
            worker: None,
            wait: connection::FIRST_WAIT_MS,
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
            let on = sender.callback(Msg::PastedHere);
            face._paste = Some(PasteListener::new(move |pasted| on.emit(pasted)));
        }
        face.connect(sender);
        match (view, tab) {
            (View::Options, _) => {}
            (View::Tab, None) => face.page = PageView::Elsewhere,
            (_, tab) => sender.send_future(async move { Msg::Page(sharing::look_at(tab).await) }),
        }
        face
    }

    /// Applies a message, and returns whether the face has to be drawn again.
    pub fn update(&mut self, sender: &Sender, msg: Msg) -> bool {
        match msg {
            Msg::Worker(FromWorker::Message(ToFace::Event { event })) => {
                return self.apply_event(sender, &event);
            }
            Msg::Worker(from) => self.receive(sender, from),
            Msg::Connect => self.connect(sender),
            Msg::Silence => self.worker_state = WorkerState::Silent,
            Msg::Paint => self.timers.paint = None,
            Msg::Tick => {}
            Msg::Send(about, command) => {
                self.removing = None;
                self.send(sender, about, command);
            }
            Msg::FetchText(text) => {
                self.fetch_text = text;
                self.fetch_error = None;
                self.failures.remove(&Topic::Fetch);
            }
            Msg::Fetch => self.fetch(sender),
            Msg::Paste => sender.send_future(async { Msg::Pasted(browser::paste().await.ok()) }),
            Msg::Pasted(text) => {
                match text {
                    Some(text) => {
                        self.fetch_text = text.trim().to_owned();
                        self.fetch_error = None;
                    }
                    None => self.fetch_error = Some(text::FETCH_PASTE_REFUSED.to_owned()),
                }
                focus::element(&self.fetch_field);
            }
            Msg::PastedHere(browser::Pasted::Files(list)) => {
                self.picked(sender, files::of_list(&list));
            }
            Msg::PastedHere(browser::Pasted::Text(text)) => sender.send(Msg::Pasted(Some(text))),
            Msg::Page(page) => self.page = page,
            Msg::SharePage(file) => self.share_page(sender, file),
            Msg::MorePage => self.page_all = true,
            Msg::TogglePage => {
                self.page_open = !self.page_open;
                preferences::keep_page_open(self.page_open);
            }
            Msg::Allow(about) => self.allow(sender, about),
            Msg::Allowed(about, granted) => self.allowed(sender, about, granted),
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
                sender.send_future(async move { Msg::Picked(dropped.files().await) });
            }
            Msg::Picked(picked) => self.picked(sender, picked),
            Msg::Together(together) => self.together = together,
            Msg::ShareStage => {
                let picked = std::mem::take(&mut self.stage);
                self.share_files(sender, picked);
            }
            Msg::DropStage => self.stage.clear(),
            Msg::HandedOver(number, taken) => self.handed_over(number, taken),
            Msg::Copy(key, text) => sender.send_future(async move {
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
                let sender = sender.clone();
                self.timers.copied = Some(Timeout::new(COPIED_MS, move || {
                    sender.send(Msg::CopiedLong)
                }));
            }
            Msg::CopiedLong => self.copied = None,
            Msg::ToggleDetails(id) => {
                if self.open.remove(&id).is_none() {
                    self.open.insert(id.clone(), None);
                    self.send(sender, Topic::Log(id.clone()), Command::Log { id });
                }
            }
            Msg::AskRemove(id) => self.removing = id,
            Msg::Filter(filter) => {
                self.filter = filter;
                filter.keep();
                self.shown = list::PAGE_OF_ITEMS;
            }
            Msg::Search(search) => {
                self.search = search;
                self.shown = list::PAGE_OF_ITEMS;
            }
            Msg::More => self.shown += list::PAGE_OF_ITEMS,
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

    /// Does what has to wait until the face is drawn: it requests the thumbnails of the listed
    /// items, and moves the focus to the element that waited for it.
    pub fn rendered(&mut self, sender: &Sender) {
        self.ask_for_thumbnails(sender);
        let is_there = |focus: &mut Focus| match focus {
            Focus::Item(id) => self.state.items.contains_key(id),
            Focus::Stage => true,
        };
        match self.focus.take_if(is_there) {
            Some(Focus::Item(id)) => focus::item(&id),
            Some(Focus::Stage) => focus::element(&self.stage_button),
            None => {}
        }
    }

    /// The settings that apply now.
    pub fn settings(&self) -> &Settings {
        self.state.settings.as_ref().unwrap_or(&self.defaults)
    }

    /// The subject of the sentences about a failure of this topic.
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

    /// Whether a command about this topic has no answer yet.
    pub fn is_waiting(&self, about: &Topic) -> bool {
        self.pending.values().any(|(other, _)| other == about)
    }

    /// Sends the text as it was typed; the worker parses it, and says what is wrong with it.
    fn fetch(&mut self, sender: &Sender) {
        let typed = self.fetch_text.trim().to_owned();
        if typed.is_empty() {
            let empty = Failure::new(Code::BadLink).reason(Reason::Empty);
            self.fetch_error = Some(text::fetch_refused(&empty));
            focus::element(&self.fetch_field);
        } else {
            self.fetch_error = None;
            self.send(sender, Topic::Fetch, Command::Fetch { link: typed });
        }
    }
}
