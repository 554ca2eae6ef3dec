//! The face: its state, and how messages change it. [`crate::view`] draws it and only reads it.
//!
//! - `connection`: the port to the worker, and the commands that wait for an answer;
//! - `events`: the events that the worker reports;
//! - `inside`: what is in the folder at the link in the field;
//! - `list`: the listed items and their thumbnails;
//! - `preview`: what is in a file or a folder, shown over the page;
//! - `naming`: the names and notes that the person gives to files;
//! - `pages`: what the pages beside the list of files have: the settings, the first page and the network;
//! - `time`: the page of what happened;
//! - `sharing`: the files on the page and those that the person picks, and the permission to read
//!   them.

mod connection;
mod events;
mod inside;
mod list;
mod naming;
mod pages;
mod preview;
mod sender;
mod sharing;
mod time;

use std::rc::Rc;

use fluence::command::{Command, Look, ToFace, ToWorker};
use fluence::failure::{About, Code, Failure, Reason};
use fluence::names::MAX_LINK;
use fluence::state::{EventKind, ItemId, LogLine, NetworkStatus, Settings, State};
use gloo_timers::callback::{Interval, Timeout};
use web::browser::is_metered;
use web::extension::commands;
use web::extension::pages::{self as tabs, Tab};
use yew::prelude::*;

use crate::browser::{self, FromWorker, Handover, PasteListener, Worker};
use crate::files::{self, Dropped, PickError, Picked};
use crate::page::PageFile;
use crate::preferences::{self, Filter, Sort, Theme};
use crate::rows::{Rows, Shape};
use crate::selection::Selection;
use crate::small_map::SmallMap;
use crate::view::Menu;
use crate::{focus, text};
pub use inside::{Inside, Listed};
pub use list::{
    COPY_BUTTON, COPY_SELECTED, LIST, LIST_MENU, ROOM_BUTTON, SELECT_ALL, SELECT_BUTTON, Spare,
    copy_key, free_id, menu_id, qr_id, question_id, sum,
};
pub use naming::{Name, Naming, naming_id};
pub use pages::{AboutIdentity, Do, PASSPHRASE, Pages, Tested};
pub use preview::{Folder, PREVIEW, PREVIEW_CLOSE, Peek, Preview, Shown, preview_file_id};
pub use sender::Sender;
pub use sharing::{FEW_PAGE_FILES, page_row};
pub use time::{Time, Travel};

/// How long a button shows that it has copied something, in milliseconds.
const COPIED_MS: u32 = 2_000;

/// How long nothing has to move before it is no longer said how fast it moves, in milliseconds.
const STALLED_MS: u64 = 5_000;

/// How long after a command about an item the button that gave it may vanish, in milliseconds.
const ACTED_MS: u64 = 2_000;

/// How long the person pauses before it is looked at what is at the link that they typed, in milliseconds.
const TYPED_MS: u32 = 300;

/// The length of the shortest text that can be a link: a CID of version 0.
const SHORTEST_LINK: usize = 46;

/// The match pattern of every site.
pub const EVERY_SITE: &str = "<all_urls>";

/// Whether there may be a link or a hash in a text, which is found there when it is fetched: no other words are as long.
fn may_have_link(text: &str) -> bool {
    let is_long = |word: &str| word.len() >= SHORTEST_LINK;
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(is_long)
}

/// What a command concerns, which is where the face shows its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The field for hashes and links.
    Fetch,
    /// What is at the link in that field.
    Look,
    /// What is in the folder at that link.
    Inside,
    /// A file of the page, by its address.
    Page(String),
    /// The files that were picked.
    Files,
    /// An item of the list.
    Item(ItemId),
    /// The settings.
    Settings,
    /// The nodes that the first page adds.
    Nodes,
    /// The settings of a file that take the place of these.
    Import,
    /// The settings as a file that is written.
    Export,
    /// The person's own IPFS node.
    Ipfs,
    /// Shares that wait for permission; they may have been begun from the context menu.
    Shares,
    /// The room that files take.
    Room,
    /// The connection to the network.
    Network,
    /// The thumbnails of the listed items.
    Thumbnails,
    /// The log of an item.
    Log(ItemId),
    /// A node that is tested, by its address.
    Node(String),
    /// A list of nodes.
    NodeList,
    /// A file of settings that is read.
    SettingsFile,
    /// A report for those who look for a fault.
    Report,
    /// What happened.
    History,
    /// What happened, as a file.
    HistoryFile,
    /// What happened, which is to be forgotten.
    Forget,
    /// This peer's identity.
    Identity,
    /// This peer's identity, as a file.
    IdentityFile,
    /// What the nodes and the calls are like.
    Live,
    /// A function that the person calls.
    Call,
    /// What is in a file or a folder.
    Preview,
    /// What is saved of that.
    PreviewSave,
    /// What is no longer shown of it.
    PreviewHide,
}

/// The pages that a face can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The popup under the toolbar's button.
    Popup,
    /// A tab of its own.
    Tab,
    /// The side panel, or sidebar, beside a page.
    Panel,
    /// The options page.
    Options,
    /// The first page.
    Welcome,
    /// The page of the network.
    Network,
    /// The page of what happened.
    Time,
}

/// The state of the connection to the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// The worker has not sent anything yet.
    Starting,
    /// The worker is connected, and has sent its state.
    Ready,
    /// The worker has ended; the face connects again.
    Lost,
    /// The worker has sent nothing for a long time.
    Silent,
    /// What the worker sends is not understood.
    Strange,
}

/// What is known about the page in the tab.
pub enum PageView {
    /// The page is being read.
    Reading,
    /// This face does not belong to a page.
    Elsewhere,
    /// No extension may read the page.
    Closed,
    /// The page has been read.
    Files {
        /// The tab of the page.
        tab: Tab,
        /// The downloads that came from the page.
        downloads: Vec<PageFile>,
        /// The files that the page links to; `None` if the browser did not let the extension read it.
        links: Option<Vec<PageFile>>,
    },
}

/// A permission that the extension needs from the person.
pub struct Access {
    /// The origins that it concerns, as match patterns.
    pub origins: Vec<String>,
    /// Whether the person has refused it.
    pub refused: bool,
}

/// The element that gets the focus as soon as it exists.
enum Focus {
    /// An item of the list.
    Item(ItemId),
    /// What is pressed in the row of an item.
    Row(ItemId),
    /// The element with this `id`, if it is there.
    Id(String),
    /// The first entry of the open menu.
    Menu,
    /// The first element that this selector finds.
    First(&'static str),
}

/// The `id` of the button that shares what was picked.
pub const STAGE_BUTTON: &str = "stage-share";
/// The `id` of the button that shows what the QR code of a picture leads to.
pub const STAGE_LINK: &str = "stage-link";
/// The `id` of the field for the name, or else the note, of what was picked.
pub const STAGE_NAME: &str = "stage-name";
/// The selector of the field with which files are chosen.
const CHOOSE: &str = "[data-testid=file-input]";
/// The `id` of the button that asks whether to remove the selected items.
pub const SELECTED_REMOVE: &str = "selected-remove";
/// The `id` of the button that answers “no”.
pub const SELECTED_KEEP: &str = "selected-keep";
/// The `id` of the field in which one searches.
pub const SEARCH_FIELD: &str = "items-search";
/// The `id` of the button that shows that field.
pub const SEARCH_BUTTON: &str = "search-toggle";

/// What can happen to a face.
pub enum Msg {
    /// Something came from the worker.
    Worker(FromWorker),
    /// What an earlier worker left to be shown while the worker starts.
    Remembered(browser::Remembered),
    /// It is time to connect to the worker again.
    Connect,
    /// It is time to look at what became of the files that were handed over.
    Given,
    /// The worker has been silent for too long.
    Silence,
    /// It is time to draw progress.
    Paint,
    /// A second has passed.
    Tick,
    /// A command is to be sent.
    Send(Topic, Command),
    /// The settings are to be changed like this.
    Set(Topic, Box<dyn FnOnce(&mut Settings)>),
    /// The browser is to be asked for files that it reads only after a click, this one among them.
    Unlock(ItemId),
    /// The text in the field for hashes and links changed.
    FetchText(String),
    /// It is time to look what is at the link in that field.
    Look,
    /// What is in a folder at that link is to be listed (`None` for the folder at the link itself), or no longer; the
    /// second value is whether it may be uploaded for that.
    LookInside(Option<String>, bool),
    /// What is at this path in such a folder is to be fetched.
    FetchEntry(String),
    /// What is in the field is to be fetched.
    Fetch,
    /// The link on the clipboard is to be put into the field.
    Paste,
    /// The text that was on the clipboard; `None` if the browser refused it.
    Pasted(Option<String>),
    /// The link that the person typed into the address bar, if it is still there.
    TypedLink(Option<String>),
    /// Something was pasted outside any field.
    PastedHere(browser::Pasted),
    /// The page was read.
    Page(PageView),
    /// A file of the page is to be shared.
    SharePage(PageFile),
    /// The files of the page at these addresses are to be selected, or no longer.
    SelectPage(Vec<String>, bool),
    /// The selected files of the page are to be shared.
    ShareSelected,
    /// All files of the page are to be listed.
    MorePage,
    /// The person granted a permission, or refused it.
    Allowed(bool),
    /// The permission to read an origin is given back.
    GiveBack(String),
    /// The origins that may be read now.
    Readable(Vec<String>),
    /// The person dismissed the failure or the question about a topic.
    Dismiss(Topic),
    /// Files are dragged over the face, or no longer.
    Dragged(bool),
    /// Something was dropped onto the face.
    Dropped(Dropped),
    /// Files were picked.
    Picked(Result<Vec<Picked>, PickError>),
    /// Files were picked in the place of an item whose bytes are gone.
    PickedFor(ItemId, Result<Vec<Picked>, PickError>),
    /// The person chose whether the picked files become one directory.
    Together(bool),
    /// The person chose whether what they share is shared privately.
    Private(bool),
    /// The person chose when what they share stops being shared by itself, as an index into [`text::ENDS`].
    Ends(usize),
    /// What is in the QR codes of a picture that was picked is known: a link in it, if there is one.
    Scanned(Box<Picked>, Option<String>),
    /// It is to be seen what that link leads to.
    FollowScanned,
    /// Something happened to the name or the note of a file.
    Name(Name),
    /// The picked files are to be shared.
    ShareStage,
    /// The picked files are to be forgotten.
    DropStage,
    /// The worker took the files of the command with this number, or it did not.
    HandedOver(u32, bool),
    /// A text is to be copied. The first value names the button.
    Copy(String, String),
    /// The text of a button was copied, or the browser refused it.
    Copied(String, bool),
    /// The button no longer has to say so.
    CopiedLong,
    /// The system is to send a link, by whatever program the person chooses there.
    SendLink(String),
    /// The browser did not ask the system for that.
    NotSent,
    /// The details of an item are to be shown or hidden.
    ToggleDetails(ItemId),
    /// The menu of an item is to be shown; the text is its style, which puts it beside its button.
    OpenMenu(ItemId, AttrValue),
    /// The menu that is shown is to be closed.
    CloseMenu,
    /// An entry of the menu was chosen, and means this.
    Chosen(Box<Msg>),
    /// The QR code of an item is to be shown, or none.
    Qr(Option<ItemId>),
    /// The person is to be asked whether to remove an item, or no longer.
    AskRemove(Option<ItemId>),
    /// The items of this filter are to be listed.
    Filter(Filter),
    /// The items with this text in their name or hash are to be listed.
    Search(String),
    /// The field in which one searches is to be shown or hidden.
    ToggleSearch,
    /// The items are to be listed in this order.
    Sort(Sort),
    /// The menu of the list is to be shown with this style, or closed.
    ListMenu(Option<AttrValue>),
    /// An entry of that menu was chosen, and means this.
    ListChosen(Box<Msg>),
    /// The list was scrolled or drawn; the value is whether the page got another size.
    Looked(bool),
    /// The focus is to move from the row of an item by this key.
    Walk(ItemId, String),
    /// Items are to be selected, or no longer.
    Select(bool),
    /// An item is to be selected, or no longer (the first value), and with it all from the last one on (the second one).
    Pick(ItemId, bool, bool),
    /// All listed items are to be selected, or none.
    PickAll(bool),
    /// The person is to be asked whether to remove the selected items, or no longer.
    AskSelected(bool),
    /// The selected items are to be removed.
    RemoveSelected,
    /// Something is to be done with each of these items.
    Each(Vec<ItemId>, fn(ItemId) -> Command),
    /// What can be removed is to be shown or hidden.
    Free,
    /// The person is to be asked whether to remove the files of a kind, or no longer.
    AskFree(Option<&'static str>),
    /// The person chose a theme.
    Theme(Theme),
    /// The tag of the language that was chosen, or nothing for that of the browser.
    Language(String),
    /// The person chose a language.
    Speak(String),
    /// The words of another language are here.
    Words,
    /// The person dismissed the notice.
    DismissNotice,
    /// The panel beside the page was opened, or the browser refused it.
    Panel(bool),
    /// Something happened to what is shown over the page.
    Peek(Peek),
    /// Something happened on one of the pages beside the list of files.
    Pages(Do),
    /// Something happened on the page of what happened.
    Time(Travel),
}

/// All that a face holds: the worker's [`State`], and what belongs to this page.
pub struct Face {
    /// Which page this is.
    pub view: View,
    /// The state of the connection to the worker.
    pub worker_state: WorkerState,
    /// The worker's state, kept up to date by its events.
    pub state: State,
    /// The settings that apply if the person has set none.
    pub defaults: Settings,
    /// Which items the person chose to list; see [`Face::tab`].
    filter: Filter,
    /// Whether the person has chosen that on this page.
    filter_chosen: bool,
    /// The theme.
    pub theme: Theme,
    /// The tag of the language that the person chose, or nothing for that of the browser; the options page alone knows it.
    pub language: String,
    /// The failures of commands, until the person dismisses them or tries again.
    pub failures: SmallMap<Topic, Failure>,
    /// The origins that may be read, as match patterns; the options page alone knows them.
    pub readable: Vec<String>,
    /// The permission that shares wait for.
    pub access: Option<Access>,
    /// The items about which the person does not want to be asked for permission now.
    not_now: Vec<ItemId>,
    /// The topics whose last command succeeded.
    pub done: SmallMap<Topic, ()>,
    /// The text in the field for hashes and links.
    pub fetch_text: String,
    /// Whether that text came from the address of the page, and not from the person.
    pub fetch_given: bool,
    /// What is wrong with that text.
    pub fetch_error: Option<String>,
    /// What is at the link in the field, or why that is not known, once somebody was asked.
    pub look: Option<Result<Look, Failure>>,
    /// What is in the folder at the link in the field.
    pub inside: Inside,
    /// The page in the tab.
    pub page: PageView,
    /// Whether all files of the page are listed.
    pub page_all: bool,
    /// The addresses of the files of the page that are selected.
    pub page_selected: Vec<String>,
    /// The selected files that are still to be shared, the next one last.
    page_next: Vec<PageFile>,
    /// Whether files are being dragged over the face.
    pub dragging: bool,
    /// The files that were picked and are not shared yet.
    pub stage: Vec<Picked>,
    /// Why the files that were picked last are not among them.
    pub stage_error: Option<String>,
    /// Whether the picked files become one directory.
    pub together: bool,
    /// The name and the note that they get.
    pub stage_naming: Naming,
    /// The link in a QR code of the picture that was picked.
    pub stage_link: Option<String>,
    /// Whether a picture that was picked is searched for such a link.
    pub scanning: bool,
    /// Whether a single file that is picked waits for a name and a note before it is shared.
    pub names_first: bool,
    /// The item whose name and note are typed, and what was typed.
    pub naming: Option<(ItemId, Naming)>,
    /// Whether what is shared here is shared privately, if the person chose that.
    pub private: Option<bool>,
    /// When what is shared here stops being shared by itself, if the person chose that, as an index into [`text::ENDS`].
    pub ends: Option<usize>,
    /// The items whose details are shown, with their logs; `None` until the log has arrived.
    pub open: SmallMap<ItemId, Option<Vec<LogLine>>>,
    /// The thumbnails of listed items, as `data:` URLs; `None` if one was requested and has not arrived.
    pub thumbnails: SmallMap<ItemId, Option<AttrValue>>,
    /// The menu of an item, if one is shown.
    pub menu: Option<Rc<Menu>>,
    /// The item whose QR code is shown.
    pub qr: Option<ItemId>,
    /// What is in a file or a folder, if that is shown.
    pub preview: Option<Preview>,
    /// When bytes of an item last moved, in Unix milliseconds, for each item whose bytes are moving.
    moved: SmallMap<ItemId, u64>,
    /// The item that the person is asked whether to remove.
    pub removing: Option<ItemId>,
    /// The text that listed items have in their name or hash.
    pub search: String,
    /// Whether the field for that text is shown.
    pub searching: bool,
    /// The order of the list.
    pub sort: Sort,
    /// The style of the list's menu, if that is shown.
    pub list_menu: Option<AttrValue>,
    /// What is selected, while the person selects.
    pub selection: Option<Selection>,
    /// What is listed, as long as this is the same.
    listing: Option<list::Listing>,
    /// The listed items, in their order.
    listed: Vec<(ItemId, Shape)>,
    /// The heights of their rows.
    pub rows: Rows,
    /// The positions of those that are in the document.
    drawn: Vec<usize>,
    /// Whether it is shown what can be removed.
    pub freeing: bool,
    /// The kind of files, in words, that the person is asked whether to remove.
    pub asked_free: Option<&'static str>,
    /// The button that copied last, and whether that succeeded.
    pub copied: Option<(String, bool)>,
    /// The text that a screen reader announces next.
    pub said: String,
    /// Whether the person has dismissed the last notice.
    pub notice_read: bool,
    /// What the pages beside the list of files have.
    pub pages: Pages,
    /// What the page of what happened has.
    pub time: Time,
    /// The field for hashes and links.
    pub fetch_field: NodeRef,
    worker: Option<Worker>,
    wait: u32,
    queue: Vec<ToWorker>,
    /// How many times the worker has ended since its last answer.
    lost: u32,
    last_number: u32,
    pending: SmallMap<u32, (Topic, Command)>,
    handovers: SmallMap<u32, Handover>,
    given: Vec<sharing::Given>,
    /// The items whose bytes are gone, by the numbers of the commands that share the same files anew: they go once those
    /// are obeyed.
    replacing: SmallMap<u32, ItemId>,
    focus: Option<Focus>,
    /// Whether anything had the focus before the last message.
    had_focus: bool,
    /// The item about which a button was pressed last, and the ones beside it in the list.
    ///
    /// They count until the given time, in Unix milliseconds: later the focus may be nowhere because the person wants that.
    acted: Option<(Vec<ItemId>, u64)>,
    /// The item that this face began to share last, until its link is copied.
    begun: Option<ItemId>,
    timers: Timers,
    _paste: Option<PasteListener>,
}

/// The timers that run; dropping one stops it.
#[derive(Default)]
struct Timers {
    connect: Option<Timeout>,
    given: Option<Timeout>,
    silence: Option<Timeout>,
    paint: Option<Timeout>,
    copied: Option<Timeout>,
    look: Option<Timeout>,
    tick: Option<Interval>,
}

impl View {
    /// The name of the view in the stylesheet.
    pub fn word(self) -> &'static str {
        match self {
            View::Popup => "popup",
            View::Tab => "tab",
            View::Panel => "panel",
            View::Options => "options",
            View::Welcome => "welcome",
            View::Network => "network",
            View::Time => "time",
        }
    }

    /// Whether it is beside a page or over one, and too small for other pages than the list of files, which open in a tab.
    pub fn is_small(self) -> bool {
        matches!(self, View::Popup | View::Panel)
    }

    /// Whether this page has the list of files, and takes more of them.
    pub fn has_files(self) -> bool {
        matches!(self, View::Popup | View::Tab | View::Panel)
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
            filter_chosen: false,
            theme: Theme::load(),
            language: String::new(),
            failures: SmallMap::default(),
            readable: Vec::new(),
            access: None,
            not_now: preferences::not_now(),
            done: SmallMap::default(),
            fetch_text: String::new(),
            fetch_given: false,
            fetch_error: None,
            look: None,
            inside: Inside::default(),
            page: PageView::Reading,
            page_all: false,
            page_selected: Vec::new(),
            page_next: Vec::new(),
            dragging: false,
            stage: Vec::new(),
            stage_error: None,
            together: false,
            stage_naming: Naming::default(),
            stage_link: None,
            scanning: false,
            names_first: false,
            naming: None,
            private: None,
            ends: None,
            open: SmallMap::default(),
            thumbnails: SmallMap::default(),
            menu: None,
            qr: None,
            preview: None,
            moved: SmallMap::default(),
            removing: None,
            search: String::new(),
            searching: false,
            sort: Sort::load(),
            list_menu: None,
            selection: None,
            listing: None,
            listed: Vec::new(),
            rows: Rows::default(),
            drawn: Vec::new(),
            freeing: false,
            asked_free: None,
            copied: None,
            said: String::new(),
            notice_read: false,
            pages: Pages::default(),
            time: Time::default(),
            fetch_field: NodeRef::default(),
            worker: None,
            wait: connection::FIRST_WAIT_MS,
            queue: Vec::new(),
            lost: 0,
            last_number: 0,
            pending: SmallMap::default(),
            handovers: SmallMap::default(),
            given: Vec::new(),
            replacing: SmallMap::default(),
            focus: None,
            had_focus: false,
            acted: None,
            begun: None,
            timers: Timers::default(),
            _paste: None,
        };
        if view.has_files() {
            let on = sender.callback(Msg::PastedHere);
            face._paste = Some(PasteListener::new(move |pasted| on.emit(pasted)));
        }
        if view.has_files() || view == View::Time {
            let on = sender.callback(Msg::Looked);
            browser::watch_view(move |resized| on.emit(resized));
        }
        let on = sender.callback(|()| Msg::Words);
        browser::watch_words(move || on.emit(()));
        face.open_as_asked(sender);
        face.connect(sender);
        sender.send_future(async { Msg::Remembered(browser::Remembered::read().await) });
        match (view, tab) {
            (View::Options | View::Welcome | View::Network, _) => {
                sender.send_future(async { Msg::Readable(tabs::readable().await) });
                if view == View::Options {
                    sender.send_future(async { Msg::Language(preferences::language().await) });
                    sender.send_future(async { Msg::Pages(Do::Keys(commands::keys().await)) });
                }
            }
            (View::Tab | View::Panel, None) | (View::Time, _) => face.page = PageView::Elsewhere,
            (_, tab) => sender.send_future(async move { Msg::Page(sharing::look_at(tab).await) }),
        }
        face
    }

    /// Does what the address of the page asks for. It may come from a link on any page, so it begins nothing: a link is
    /// shown in its field, for the person to read and to fetch.
    fn open_as_asked(&mut self, sender: &Sender) {
        if !self.view.has_files() {
            return;
        }
        if let Some(link) = browser::take_link() {
            self.give_link(&link);
        }
        if let Some(id) = browser::take_parameter("typed") {
            sender.send_future(async move { Msg::TypedLink(browser::given(&id).await) });
        }
        if let Some(id) = browser::take_parameter("item") {
            self.show(Filter::Fetched, Some(ItemId(id)));
        }
        if browser::take_parameter("choose").is_some() {
            self.focus = Some(Focus::First(CHOOSE));
        }
    }

    /// Puts a link into its field, for the person to read.
    fn give_link(&mut self, link: &str) {
        let link = link.trim();
        if link.len() > MAX_LINK {
            let long = Failure::new(Code::BadLink).reason(Reason::TooLong);
            self.fetch_error = Some(text::fetch_refused(&long));
        } else {
            // What cannot be seen in the field is not in it.
            self.fetch_text = link.chars().filter(|letter| !letter.is_control()).collect();
            self.fetch_given = !self.fetch_text.is_empty();
        }
    }

    /// Applies a message, and returns whether the face has to be drawn again.
    pub fn update(&mut self, sender: &Sender, msg: Msg) -> bool {
        self.had_focus = !focus::is_nowhere();
        match msg {
            // There it is shown as it was, except for the connection.
            Msg::Worker(FromWorker::Message(ToFace::Items { .. })) if self.view == View::Time => {
                return false;
            }
            Msg::Worker(FromWorker::Message(ToFace::Event { event }))
                if self.view == View::Time =>
            {
                let EventKind::Network { network } = event.kind else {
                    return false;
                };
                self.state.network = network;
                self.watch_clock(sender);
            }
            Msg::Worker(FromWorker::Message(ToFace::Event { event })) => {
                return self.apply_event(sender, &event);
            }
            Msg::Worker(from) => self.receive(sender, from),
            Msg::Remembered(left) => {
                if self.worker_state != WorkerState::Starting || self.view == View::Time {
                    return false;
                }
                if let Some(ToFace::State {
                    state, defaults, ..
                }) = left.message()
                {
                    self.state = *state;
                    self.defaults = defaults;
                }
            }
            Msg::Connect => self.connect(sender),
            Msg::Silence => self.worker_state = WorkerState::Silent,
            Msg::Paint => self.timers.paint = None,
            Msg::Tick => self.watch_clock(sender),
            Msg::Unlock(id) => self.unlock(sender, id),
            Msg::Send(about, command) => {
                self.removing = None;
                self.asked_free = None;
                match &about {
                    Topic::Item(id) => self.acted = self.acted_on(id),
                    Topic::Room => self.focus = Some(Focus::Id(ROOM_BUTTON.to_owned())),
                    _ => {}
                }
                self.send(sender, about, command);
            }
            Msg::Set(about, change) => {
                let mut settings = self.chosen_settings().clone();
                change(&mut settings);
                self.send(sender, about, Command::Set { settings });
            }
            Msg::FetchText(text) => {
                self.typed(sender, text);
                self.failures.remove(&Topic::Fetch);
            }
            Msg::Look => {
                let link = self.fetch_text.trim().to_owned();
                self.send(sender, Topic::Look, Command::Look { link });
            }
            Msg::LookInside(within, upload) => self.look_inside(sender, within, upload),
            Msg::FetchEntry(path) => self.fetch_entry(sender, &path),
            Msg::Fetch => self.fetch(sender),
            Msg::Paste => sender.send_future(async { Msg::Pasted(browser::paste().await.ok()) }),
            Msg::Pasted(text) => {
                match text {
                    Some(text) => self.typed(sender, text.trim().to_owned()),
                    None => self.fetch_error = Some(text::fetch_paste_refused().to_owned()),
                }
                focus::element(&self.fetch_field);
            }
            Msg::TypedLink(link) => {
                let Some(link) = link else {
                    return false;
                };
                self.give_link(&link);
                if link.trim().len() <= MAX_LINK && may_have_link(&self.fetch_text) {
                    sender.send(Msg::Look);
                }
            }
            // Nobody would see what is done with it.
            Msg::PastedHere(_) | Msg::Dropped(_) if self.preview.is_some() => return false,
            Msg::PastedHere(browser::Pasted::Files(list)) => {
                self.picked(sender, files::of_list(&list));
            }
            Msg::PastedHere(browser::Pasted::Text(text)) if may_have_link(&text) => {
                sender.send(Msg::Pasted(Some(text)));
            }
            Msg::PastedHere(browser::Pasted::Text(text)) => self.stage_text(&text),
            Msg::Page(page) => self.page = page,
            Msg::SharePage(file) => self.share_page(sender, file),
            Msg::SelectPage(urls, selected) => {
                self.page_selected.retain(|url| !urls.contains(url));
                if selected {
                    self.page_selected.extend(urls);
                }
            }
            Msg::ShareSelected => self.share_selected(sender),
            Msg::MorePage => self.page_all = true,
            Msg::Allowed(granted) => self.allowed(granted),
            Msg::GiveBack(origin) => sender.send_future(async move {
                tabs::give_back(&origin).await;
                Msg::Readable(tabs::readable().await)
            }),
            Msg::Readable(readable) => {
                if focus::is_on("[data-testid^=reading-]") {
                    self.focus = Some(Focus::First(
                        "[data-testid=reading-allow], [data-testid=reading-give-back]",
                    ));
                }
                self.readable = readable;
            }
            Msg::Dismiss(about) => {
                self.failures.remove(&about);
                if about == Topic::Shares {
                    self.do_not_ask_now();
                }
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
            Msg::PickedFor(id, picked) => match picked {
                Ok(picked) if picked.len() == 1 => self.choose_again(sender, id, picked),
                picked => self.picked(sender, picked),
            },
            Msg::Together(together) => self.together = together,
            Msg::Private(private) => self.private = Some(private),
            Msg::Ends(at) => self.ends = Some(at),
            Msg::Scanned(picked, link) => self.scanned(sender, *picked, link),
            Msg::FollowScanned => {
                if let Some(link) = self.stage_link.take() {
                    self.forget_stage();
                    self.typed(sender, link);
                    focus::element(&self.fetch_field);
                }
            }
            Msg::Name(what) => self.name(sender, what),
            Msg::ShareStage => self.share_stage(sender),
            Msg::Given => self.give_again(sender),
            Msg::DropStage => self.forget_stage(),
            Msg::HandedOver(number, taken) => self.handed_over(number, taken),
            Msg::Copy(key, text) => sender.send_future(async move {
                let copied = browser::copy(text).await.is_ok();
                Msg::Copied(key, copied)
            }),
            Msg::Copied(key, copied) => {
                self.said = if copied {
                    text::copied()
                } else {
                    text::copy_refused()
                }
                .to_owned();
                self.copied = Some((key, copied));
                let sender = sender.clone();
                self.timers.copied = Some(Timeout::new(COPIED_MS, move || {
                    sender.send(Msg::CopiedLong)
                }));
            }
            Msg::CopiedLong => self.copied = None,
            Msg::SendLink(link) => {
                self.stage_error = None;
                let not_sent = sender.callback(|()| Msg::NotSent);
                browser::send(&link, move || not_sent.emit(()));
            }
            Msg::NotSent => {
                text::send_refused().clone_into(&mut self.said);
                self.stage_error = Some(text::send_refused().to_owned());
            }
            Msg::ToggleDetails(id) => {
                if self.open.remove(&id).is_some() {
                    return true;
                }
                // There is no log of then: that of the worker is today's.
                let is_past = self.view == View::Time;
                self.open.insert(id.clone(), is_past.then(Vec::new));
                if !is_past {
                    self.send(sender, Topic::Log(id.clone()), Command::Log { id });
                }
            }
            Msg::OpenMenu(id, style) => {
                self.menu = Menu::new(self, id, style).map(Rc::new);
                self.focus = Some(Focus::Menu);
            }
            Msg::CloseMenu => self.close_menu(),
            Msg::Chosen(msg) => {
                self.close_menu();
                self.update(sender, *msg);
            }
            Msg::Qr(id) => {
                let (shown, element) = match (&id, &self.qr) {
                    (Some(id), _) => (id, qr_id as fn(&ItemId) -> String),
                    (None, Some(id)) => (id, menu_id as fn(&ItemId) -> String),
                    (None, None) => return false,
                };
                self.focus = Some(Focus::Id(element(shown)));
                self.qr = id;
            }
            Msg::AskRemove(id) => {
                if let Some(id) = id.as_ref().or(self.removing.as_ref()) {
                    self.acted = self.acted_on(id);
                }
                if let Some(id) = &id {
                    self.focus = Some(Focus::Id(question_id(id)));
                } else if let Some(id) = &self.removing {
                    self.focus = Some(Focus::Id(menu_id(id)));
                }
                self.removing = id;
            }
            Msg::Filter(filter) => self.choose(filter),
            Msg::Search(search) => self.search = search,
            Msg::ToggleSearch => {
                self.searching = !self.searching;
                self.search.clear();
                let focused = match self.searching {
                    true => SEARCH_FIELD,
                    false => SEARCH_BUTTON,
                };
                self.focus = Some(Focus::Id(focused.to_owned()));
            }
            Msg::Sort(sort) => {
                self.sort = sort;
                sort.keep();
            }
            Msg::ListMenu(style) => {
                self.focus = Some(match &style {
                    Some(_) => Focus::Menu,
                    None => Focus::Id(LIST_MENU.to_owned()),
                });
                self.list_menu = style;
            }
            Msg::ListChosen(msg) => {
                self.update(sender, Msg::ListMenu(None));
                self.update(sender, *msg);
            }
            Msg::Looked(resized) => {
                if resized {
                    self.rows.forget();
                    self.place_menu();
                }
                self.rows.place(&self.listed);
                let seen = browser::seen(LIST);
                return seen.is_some_and(|seen| self.rows.look(seen)) || resized;
            }
            Msg::Walk(from, key) => self.walk(&from, &key),
            Msg::Select(on) => self.select(on),
            Msg::Pick(id, on, range) => self.choose_items(Some((id, range)), on),
            Msg::PickAll(on) => self.choose_items(None, on),
            Msg::AskSelected(asks) => {
                if let Some(selection) = &mut self.selection {
                    selection.removing = asks;
                }
                let next = if asks { SELECTED_KEEP } else { SELECTED_REMOVE };
                self.focus = Some(Focus::Id(next.to_owned()));
            }
            Msg::RemoveSelected => {
                let (ids, _) = sum(self.selected(|_| true).into_iter());
                self.select(false);
                self.send(sender, Topic::Room, Command::Remove { ids });
            }
            Msg::Each(ids, command) => {
                for id in ids {
                    self.send(sender, Topic::Item(id.clone()), command(id));
                }
                // The button may no longer have anything to do.
                self.focus = Some(Focus::Id(SELECT_ALL.to_owned()));
            }
            Msg::Free => {
                self.freeing = !self.freeing;
                self.asked_free = None;
                // What can be removed is shown above the list, however long that is, and the button with it.
                if !self.is_tight() {
                    let next = if self.freeing { ROOM_BUTTON } else { LIST_MENU };
                    self.focus = Some(Focus::Id(next.to_owned()));
                }
            }
            Msg::AskFree(asked) => {
                // The button that was pressed goes, and the one in its place would remove the files.
                self.focus = Some(match (asked, self.asked_free) {
                    (None, Some(kind)) => Focus::Id(free_id(kind)),
                    _ => Focus::First("[data-testid=room-keep]"),
                });
                self.asked_free = asked;
            }
            Msg::Theme(theme) => {
                self.theme = theme;
                theme.choose();
            }
            Msg::Language(language) => self.language = language,
            Msg::Speak(language) => {
                self.language.clone_from(&language);
                // If the browser keeps nothing, it stays as it is.
                sender.send_future(async move {
                    let _ = preferences::speak(&language).await;
                    Msg::Language(preferences::language().await)
                });
            }
            Msg::Words => words::changed(),
            Msg::DismissNotice => {
                self.notice_read = true;
                preferences::keep_dismissed(self.state.noticed);
            }
            // The popup would cover the panel.
            Msg::Panel(true) if self.view == View::Popup => browser::close(),
            Msg::Panel(true) => return false,
            Msg::Panel(false) => self.said = text::panel_refused().to_owned(),
            Msg::Peek(what) => self.peek(sender, what),
            Msg::Pages(what) => self.on_page(sender, what),
            Msg::Time(what) => self.travel(sender, what),
        }
        true
    }

    /// Does what has to wait until the face is drawn: it requests the thumbnails of the listed
    /// items, and moves the focus to the element that waited for it.
    pub fn rendered(&mut self, sender: &Sender) {
        self.end_picture();
        self.ask_for_thumbnails(sender);
        self.keep_focus_on_page();
        self.measure(sender);
        focus::modal(PREVIEW);
        if let Some(id) = self.time.to_see.take() {
            focus::see(&id);
        }
        let is_there = |focus: &mut Focus| match focus {
            Focus::Item(id) | Focus::Row(id) => self.state.items.contains_key(id),
            Focus::Id(_) | Focus::Menu | Focus::First(_) => true,
        };
        match self.focus.take_if(is_there) {
            Some(Focus::Item(id)) => focus::item(&id),
            Some(Focus::Row(id)) => focus::id(&focus::about_id(&id)),
            Some(Focus::Id(id)) => focus::id(&id),
            Some(Focus::Menu) => focus::menu(),
            Some(Focus::First(css)) => focus::first_of(&[css]),
            None => self.keep_focus(),
        }
        // What had the focus has gone, and nothing else was meant to have it.
        if self.had_focus && focus::is_nowhere() {
            focus::element(&self.fetch_field);
        }
    }

    /// Puts the menu that is shown beside its button again, where there may be another room now.
    fn place_menu(&mut self) {
        if let Some(menu) = &mut self.menu
            && let Some(style) = browser::beside_id(&menu_id(&menu.id))
        {
            *menu = Rc::new(menu.placed(style.into()));
        }
        if let Some(style) = &mut self.list_menu
            && let Some(there) = browser::beside_id(LIST_MENU)
        {
            *style = there.into();
        }
    }

    /// Closes the menu, and puts the focus back on its button.
    fn close_menu(&mut self) {
        if let Some(menu) = self.menu.take() {
            self.focus = Some(Focus::Id(menu_id(&menu.id)));
        }
    }

    fn acted_on(&self, id: &ItemId) -> Option<(Vec<ItemId>, u64)> {
        let until = web::time::now_ms() + ACTED_MS;
        Some((self.place_of(id)?, until))
    }

    /// Puts the focus on the row of the button that was pressed last if that button has gone, and on the next row if the
    /// row has gone too.
    fn keep_focus(&mut self) {
        let Some((ids, until)) = &mut self.acted else {
            return;
        };
        let now = web::time::now_ms();
        let topic = Topic::Item(ids[0].clone());
        if self.pending.values().any(|(other, _)| *other == topic) {
            *until = now + ACTED_MS;
        } else if *until < now {
            self.acted = None;
            return;
        }
        if !focus::is_lost() {
            return;
        }
        let there = ids.iter().find(|id| self.state.items.contains_key(id));
        match there {
            Some(id) => focus::item(id),
            None => focus::element(&self.fetch_field),
        }
    }

    /// The settings that apply now.
    pub fn settings(&self) -> &Settings {
        self.state.settings.as_ref().unwrap_or(&self.defaults)
    }

    /// The settings as the person has chosen them: those that the worker was told last, even if it has not answered yet.
    pub fn chosen_settings(&self) -> &Settings {
        let told = self
            .pending
            .entries()
            .filter_map(|(number, (_, command))| match command {
                Command::Set { settings } => Some((number, settings)),
                _ => None,
            });
        let last = told.max_by_key(|(number, _)| **number);
        last.map_or_else(|| self.settings(), |(_, settings)| settings)
    }

    /// Whether nothing is uploaded because the network of now is metered.
    pub fn rests_on_metered(&self) -> bool {
        let settings = self.settings();
        let is_metered = || self.view != View::Time && is_metered();
        !settings.metered && (settings.metered_now || is_metered())
    }

    /// The connection that the list goes by.
    pub fn reach(&self) -> &NetworkStatus {
        /// Whether others can reach it now says nothing about then.
        static THEN: NetworkStatus = NetworkStatus::Online {
            node: String::new(),
        };
        match self.view {
            View::Time => &THEN,
            _ => &self.state.network,
        }
    }

    /// The subject of the sentences about a failure of this topic.
    pub fn about(&self, topic: &Topic) -> About {
        match topic {
            Topic::Fetch | Topic::Look | Topic::Inside => About::Fetch,
            Topic::Page(_) | Topic::Files | Topic::Shares => About::Share,
            Topic::Item(id) => match self.state.items.get(id) {
                Some(item) => text::about(item.origin),
                None => About::Other,
            },
            Topic::Settings
            | Topic::Nodes
            | Topic::Import
            | Topic::Export
            | Topic::Ipfs
            | Topic::Room
            | Topic::Network
            | Topic::Thumbnails
            | Topic::Log(_)
            | Topic::Node(_)
            | Topic::NodeList
            | Topic::SettingsFile
            | Topic::Report
            | Topic::History
            | Topic::HistoryFile
            | Topic::Forget
            | Topic::Identity
            | Topic::IdentityFile
            | Topic::Live
            | Topic::Call
            | Topic::Preview
            | Topic::PreviewSave
            | Topic::PreviewHide => About::Other,
        }
    }

    /// Whether a command about this topic has no answer yet.
    pub fn is_waiting(&self, about: &Topic) -> bool {
        self.pending.values().any(|(other, _)| other == about)
    }

    /// The topics of all commands that have no answer yet.
    pub fn waiting(&self) -> impl Iterator<Item = &Topic> {
        self.pending.values().map(|(topic, _)| topic)
    }

    /// Puts into the field what the person typed or pasted. What is at a link is looked at once they pause. That tells its
    /// provider that somebody asks, so it is not done with a link that comes from elsewhere.
    fn typed(&mut self, sender: &Sender, text: String) {
        let is_link = text.trim().len() >= SHORTEST_LINK;
        self.timers.look = is_link.then(|| {
            let sender = sender.clone();
            Timeout::new(TYPED_MS, move || sender.send(Msg::Look))
        });
        self.fetch_text = text;
        self.fetch_given = false;
        self.fetch_error = None;
        self.look = None;
        self.forget_inside();
    }

    /// Sends the text as it was typed; the worker parses it, and says what is wrong with it.
    fn fetch(&mut self, sender: &Sender) {
        let typed = self.fetch_text.trim().to_owned();
        if typed.is_empty() {
            let empty = Failure::new(Code::BadLink).reason(Reason::Empty);
            self.fetch_error = Some(text::fetch_refused(&empty));
            focus::element(&self.fetch_field);
        } else {
            self.fetch_given = false;
            self.fetch_error = None;
            self.timers.look = None;
            self.send(sender, Topic::Fetch, Command::Fetch { link: typed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_long_word_may_have_a_link() {
        let hash = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
        let old = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG";
        for text in [
            hash,
            old,
            &format!("see fluence:{hash}, bye"),
            &format!("https://a.example/#{old}&name=a"),
        ] {
            assert!(may_have_link(text), "{text}");
        }
        for text in [
            "",
            "milk, eggs, bread",
            &"word ".repeat(100),
            "語".repeat(50).as_str(),
        ] {
            assert!(!may_have_link(text), "{text}");
        }
    }
}
