//! The commands of a face to the worker, and the worker's answers. Every command gets one answer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::identity_file::Passphrase;
use crate::live::{CallLine, NodeView};
use crate::private::SEALED;
use crate::state::flat::{Slot, flat};
use crate::state::{
    Copy, Ends, Event, EventKind, Item, ItemId, LinkError, LogLine, NetworkStatus, Settings, State,
    Unreadable,
};

/// The longest URL that is shared, in bytes.
pub const MAX_URL: usize = 64 * 1024;
/// The most items in the first message to a face.
pub const FIRST_ITEMS: usize = 200;
/// The most items in each further message.
pub const MORE_ITEMS: usize = 1_000;
/// The most files of a folder in one answer.
pub const FOLDER_PART: usize = 500;
/// The most thumbnails that can be asked for at a time.
pub const MAX_THUMBNAILS: usize = 64;

/// A message from a face to the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// A number that the face chooses; the answer carries it too.
    pub number: u32,
    /// The command.
    pub command: Command,
}

/// Everything that a face can ask of the worker.
///
/// It is written by serde alone, which is less code in the popup, and read through `FlatCommand`, which is much less
/// in the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatCommand", tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Send the state as it is now, and every event from then on.
    Watch,
    /// Share what is at a URL, read as the page in that tab would read it.
    ShareUrl {
        /// A URL with the scheme `http:`, `https:`, `data:` or `blob:`.
        url: String,
        /// The tab in which the URL was found.
        tab: Option<i32>,
        /// The URL of the page on which it was found.
        page: Option<String>,
        /// A name for the file, from a download or a link.
        name: Option<String>,
        /// Whether it is shared privately; `None` for what the settings say.
        private: Option<bool>,
        /// When it stops being shared by itself; `None` for what the settings say.
        ends: Option<Ends>,
    },
    /// Share blobs that the face hands over beside this message ([`HANDOVER`]).
    ShareFiles {
        /// The key of the handover.
        key: String,
        /// A description of each blob, in their order.
        files: Vec<HandedFile>,
        /// Whether all of them become one directory with one CID.
        together: bool,
        /// Whether they are shared privately; `None` for what the settings say.
        private: Option<bool>,
        /// When they stop being shared by themselves; `None` for what the settings say.
        ends: Option<Ends>,
        /// What the person notes about each of them, for nobody else; empty if they only gave it a name.
        note: Option<String>,
    },
    /// Fetch a file by the hash or link that a person typed.
    Fetch {
        /// Any form of CID, a link, or the URL of a gateway.
        link: String,
    },
    /// Say what is at a link, without fetching it ([`Answer::Seen`]).
    Look {
        /// As for [`Command::Fetch`].
        link: String,
    },
    /// List what is in a folder at a link, without fetching it ([`Answer::Inside`]).
    Inside {
        /// As for [`Command::Fetch`].
        link: String,
        /// The CID of the folder in it that is listed; `None` for the folder at the link.
        within: Option<String>,
        /// Whether whoever shares it may be asked to upload it for that, if no storage has it.
        upload: bool,
    },
    /// Continue an interrupted fetch, or try a failed item again.
    Resume {
        /// The item's id.
        id: ItemId,
    },
    /// Pause a fetch, or stop a share that is being prepared.
    Pause {
        /// The item's id.
        id: ItemId,
    },
    /// Stop providing a file; its bytes stay.
    Stop {
        /// The item's id.
        id: ItemId,
    },
    /// Provide a file again.
    ShareAgain {
        /// The item's id.
        id: ItemId,
    },
    /// Read anew what could not be read, and share it even if it is a web page.
    SharePage {
        /// The item's id.
        id: ItemId,
    },
    /// Give an item another name, which those who fetch it from now on are told, and note something about it, which nobody is
    /// told. Of what [cannot get one](Item::can_be_renamed) the name stays.
    Rename {
        /// The item's id.
        id: ItemId,
        /// The name as it was typed; `None` if it stays.
        name: Option<String>,
        /// The note as it was typed; `None` for none.
        note: Option<String>,
    },
    /// Set when a file stops being shared by itself, counted from now; without values it does not.
    Limit {
        /// The item's id.
        id: ItemId,
        /// After so many seconds.
        seconds: Option<u64>,
        /// After so many more calls for it were answered.
        calls: Option<u64>,
    },
    /// Set whether the person is asked before anybody gets the file.
    AskFirst {
        /// The item's id.
        id: ItemId,
        /// Whether they are.
        asks: bool,
    },
    /// Say whether the caller about whom the person is asked gets the file.
    Decide {
        /// The item's id.
        id: ItemId,
        /// Whether they do.
        allow: bool,
    },
    /// Save a file to the download folder.
    Save {
        /// The item's id.
        id: ItemId,
    },
    /// Save one file of a folder to the download folder.
    SaveFile {
        /// The item's id.
        id: ItemId,
        /// The number of the file ([`Command::Files`]).
        file: u32,
    },
    /// Hand over what is in an item, or in one file of a folder, so that it can be shown: as a blob, over the channel
    /// [`HANDOVER`]. What is private is decrypted for that until the face shows something else, or hides it. Of a file that is
    /// being fetched, what is here is handed over, which is said beside it; the face asks again for more.
    Show {
        /// The item's id.
        id: ItemId,
        /// The number of the file; `None` for an item that is one file.
        file: Option<u32>,
        /// The key under which it is handed over.
        key: String,
    },
    /// Do away with what was decrypted because this face shows it.
    Hide,
    /// Send which files are in a folder, at most [`FOLDER_PART`] of them ([`Answer::Files`]). What is private is decrypted for
    /// that, as by [`Command::Show`].
    Files {
        /// The item's id.
        id: ItemId,
        /// How many files are known already.
        after: u64,
    },
    /// Remove items and their bytes; a copy that was saved stays. Those that are gone already are no error.
    Remove {
        /// The ids of the items.
        ids: Vec<ItemId>,
    },
    /// Change the settings.
    Set {
        /// All settings, changed and unchanged.
        settings: Settings,
    },
    /// Connect now, without waiting for the next attempt.
    Reconnect,
    /// Send the thumbnails of these items, at most [`MAX_THUMBNAILS`] of them: the ones that are
    /// visible now.
    Thumbnails {
        /// The ids of the items.
        ids: Vec<ItemId>,
    },
    /// Send the log of an item.
    Log {
        /// The item's id.
        id: ItemId,
    },
    /// Say whether a file that nobody shares here may be looked for in the public IPFS, this one and others from now on; if
    /// it may, the fetch goes on.
    LookPublicly {
        /// The item's id.
        id: ItemId,
        /// Whether it may.
        allow: bool,
    },
    /// Send a report for those who look for a fault ([`crate::report`]).
    Report,
    /// Send a part of what happened ([`crate::history`], [`Answer::History`]).
    History {
        /// The number of the last event that is known; `None` for the beginning.
        after: Option<u64>,
    },
    /// Send what happened as a file for those who look for a fault.
    ExportHistory,
    /// Forget what happened before now. The list stays as it is.
    ForgetHistory,
    /// Test the person's own IPFS node, and say what is wrong with it.
    TestIpfs {
        /// The base URL of its RPC.
        rpc: String,
        /// The base URL of its gateway.
        gateway: String,
    },
    /// Send what the nodes, and the calls if they are wanted, are like now, and whenever that changes
    /// ([`ToFace::Live`]).
    Live {
        /// Whether calls are wanted.
        with_calls: bool,
    },
    /// Connect to a node with an identity made for it, and say how that went ([`Answer::Tested`]).
    TestNode {
        /// The node's multiaddr.
        address: String,
    },
    /// Read a list of nodes ([`crate::node_list`]), and send the nodes in it.
    NodeList {
        /// The URL of the list, or of the host that has it.
        url: String,
    },
    /// Send the settings as a file ([`crate::settings_file`]).
    ExportSettings {
        /// The theme of the face.
        theme: String,
    },
    /// Read a settings file, and send what is in it; nothing is changed.
    ReadSettings {
        /// The file.
        text: String,
    },
    /// Replace this peer's identity by a new one.
    NewIdentity,
    /// Send this peer's identity as a file ([`crate::identity_file`]).
    ExportIdentity {
        /// What opens the file.
        passphrase: Passphrase,
    },
    /// Replace this peer's identity by the one in a file.
    ImportIdentity {
        /// The file.
        text: String,
        /// What opens it.
        passphrase: Passphrase,
    },
    /// Call a function of whoever provides it, and send the reply.
    Call {
        /// The function's name.
        function: String,
        /// Its arguments, as JSON; nothing for none.
        args: String,
    },
}

/// A [`Command`] on the wire.
#[derive(Default, Serialize, Deserialize)]
struct FlatCommand {
    command: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tab: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<Vec<HandedFile>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    together: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<Ends>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asks: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allow: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<ItemId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rpc: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with_calls: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passphrase: Option<Passphrase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    args: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
}

flat! {
    Command as FlatCommand { command }:
    Watch = "watch",
    ShareUrl { url, tab, page, name, private, ends } = "share_url",
    ShareFiles { key, files, together, private, ends, note } = "share_files",
    Fetch { link } = "fetch",
    Look { link } = "look",
    Inside { link, within, upload } = "inside",
    Resume { id } = "resume",
    Pause { id } = "pause",
    Stop { id } = "stop",
    ShareAgain { id } = "share_again",
    SharePage { id } = "share_page",
    Rename { id, name, note } = "rename",
    Limit { id, seconds, calls } = "limit",
    AskFirst { id, asks } = "ask_first",
    Decide { id, allow } = "decide",
    Save { id } = "save",
    SaveFile { id, file } = "save_file",
    Show { id, file, key } = "show",
    Hide = "hide",
    Files { id, after } = "files",
    Remove { ids } = "remove",
    Set { settings } = "set",
    Reconnect = "reconnect",
    Thumbnails { ids } = "thumbnails",
    Log { id } = "log",
    LookPublicly { id, allow } = "look_publicly",
    Report = "report",
    History { after } = "history",
    ExportHistory = "export_history",
    ForgetHistory = "forget_history",
    TestIpfs { rpc, gateway } = "test_ipfs",
    Live { with_calls } = "live",
    TestNode { address } = "test_node",
    NodeList { url } = "node_list",
    ExportSettings { theme } = "export_settings",
    ReadSettings { text } = "read_settings",
    NewIdentity = "new_identity",
    ExportIdentity { passphrase } = "export_identity",
    ImportIdentity { text, passphrase } = "import_identity",
    Call { function, args } = "call",
}

impl TryFrom<FlatCommand> for Command {
    type Error = Unreadable;

    fn try_from(flat: FlatCommand) -> Result<Self, Unreadable> {
        Self::read(flat)
    }
}

/// The name of the `BroadcastChannel` over which a face hands `File`s to the worker as `{key, files: [File…]}`. The
/// worker answers `{key, taken: true}`, and hands over what a face shows as `{told: key, blob}`. Structured clones copy no bytes, and they outlive the face.
pub const HANDOVER: &str = "fluence-handover";
/// The key in the extension's storage for the session under which the worker keeps [`ToFace::remembered`].
pub const REMEMBERED: &str = "first";
/// The key in the extension's storage for the session under which the worker leaves a text for a page that it opens, with
/// `given` in its address. What may have a key in it is in no address.
pub fn given_key(id: &str) -> String {
    format!("given {id}")
}
/// The name of the port by which the worker knows a face.
pub const FACE_PORT: &str = "face";

/// The description of a file that a face hands over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandedFile {
    /// The name that the person's system gives it, with `/` between the folders that it is in.
    pub name: String,
    /// Its MIME type, or nothing.
    pub mime: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What is at a link, as far as it can be known before it is fetched.
///
/// All of it is what a provider says, made safe. What is at a private link has its name and type inside, and the size is that
/// of the encrypted bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The MIME type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// The size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The peer that says so; `None` if the file is here already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Whether the link is a private one.
    pub private: bool,
}

impl Look {
    /// Whether it may be a private share, to which the link has no key: its provider says neither a name nor a type.
    pub fn lacks_key(&self) -> bool {
        let is_sealed = self.mime.as_deref() == Some(SEALED);
        is_sealed && self.name.is_none() && !self.private && self.peer.is_some()
    }
}

/// What is in a folder that is not here, as the folder says it. What it says of sizes is not to be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The name, made safe.
    pub name: String,
    /// The name as it stands in the path of a link.
    pub part: String,
    /// The CID.
    pub cid: String,
    /// The size in bytes; that of a folder, and of a large file, is a little more than that of what is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Whether it is a folder; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<bool>,
}

/// A file in a folder that is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FolderFile {
    /// The names from the folder down to it, with `/` between them; that of an empty folder ends with `/`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The thumbnail of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The item's id.
    pub id: ItemId,
    /// A small picture of it, as a `data:` URL.
    pub data_url: String,
}

/// A message from the worker to a face.
///
/// On the wire it is one flat object, like an event ([`crate::state::EventKind`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatToFace", into = "FlatToFace")]
pub enum ToFace {
    /// The answer to [`Command::Watch`], once: the state with its newest items, of which there are at most
    /// [`FIRST_ITEMS`], so that a list can be shown at once. The others follow in [`ToFace::Items`].
    State {
        /// The state, with its newest items.
        state: Box<State>,
        /// The settings that apply if the person set none.
        defaults: Settings,
        /// The number of all items.
        count: usize,
    },
    /// Further items, newest first, as they were when [`ToFace::State`] was sent: at most [`MORE_ITEMS`]. Events that
    /// are sent later apply to them too.
    Items {
        /// The items.
        items: Vec<Item>,
        /// The copies of their files at storages.
        copies: Vec<Copy>,
    },
    /// Something happened.
    Event {
        /// What happened.
        event: Event,
    },
    /// Some shares wait for the person's permission to read from these origins (match patterns such
    /// as `https://example.org/*`), and continue by themselves once it is given. The list is empty
    /// when no share waits any more. This is sent after [`ToFace::State`] if some wait, and
    /// whenever the list changes.
    Access {
        /// All origins for which shares wait.
        origins: Vec<String>,
    },
    /// What changed of what [`Command::Live`] asks for.
    Live {
        /// All nodes, if anything about them changed.
        nodes: Option<Vec<NodeView>>,
        /// The ends of the ids of all connected peers, at most [`MAX_PEERS`](crate::live::MAX_PEERS), if any have come or gone.
        peers: Option<Vec<String>>,
        /// The calls that are new or have changed, oldest first.
        calls: Vec<CallLine>,
    },
    /// A command was carried out or refused.
    Answer {
        /// The number of the command.
        number: u32,
        /// How it ended.
        answer: Answer,
    },
}

impl ToFace {
    /// The messages for a face that begins to watch, in this order.
    pub fn first(state: &State, defaults: &Settings) -> impl Iterator<Item = Self> {
        let mut rest = state.items.newest().skip(FIRST_ITEMS);
        let more = std::iter::from_fn(move || {
            let items: Vec<Item> = rest.by_ref().take(MORE_ITEMS).cloned().collect();
            let copies = state.copies_of(&items);
            (!items.is_empty()).then_some(Self::Items { items, copies })
        });
        let first = Self::State {
            state: Box::new(newest(state)),
            defaults: defaults.clone(),
            count: state.items.len(),
        };
        std::iter::once(first).chain(more)
    }

    /// What a face may show while the worker starts: the first of these messages, without what is true only while a
    /// worker runs.
    pub fn remembered(state: &State, defaults: &Settings) -> Self {
        let mut first = newest(state);
        first.apply(&Event {
            seq: state.seq,
            at: 0,
            kind: EventKind::Unconfirmed,
        });
        first.network = NetworkStatus::default();
        first.notice = None;
        Self::State {
            state: Box::new(first),
            defaults: defaults.clone(),
            count: state.items.len(),
        }
    }
}

/// A state with its newest items, of which there are at most [`FIRST_ITEMS`].
fn newest(state: &State) -> State {
    let items: Vec<Item> = state.items.newest().take(FIRST_ITEMS).cloned().collect();
    let mut copies = state.removed_copies();
    copies.extend(state.copies_of(&items));
    State {
        items: items.into_iter().collect(),
        copies,
        // Faces do not show them.
        withdrawn: BTreeSet::new(),
        sent_day: state.sent_day,
        sent: state.sent,
        fetched_day: state.fetched_day,
        fetched: state.fetched,
        provides_unset: state.provides_unset,
        seq: state.seq,
        network: state.network.clone(),
        web: state.web.clone(),
        web_page: state.web_page,
        room: state.room,
        settings: state.settings.clone(),
        peer: state.peer.clone(),
        notice: state.notice.clone(),
        noticed: state.noticed,
    }
}

/// How a command ended.
///
/// On the wire it is one flat object, like an event ([`crate::state::EventKind`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatAnswer", into = "FlatAnswer")]
pub enum Answer {
    /// The command was carried out, or has begun; events report what follows.
    Done {
        /// The item that the command made or found, if it did.
        id: Option<ItemId>,
    },
    /// The command was refused.
    Refused {
        /// The reason.
        failure: Failure,
    },
    /// The answer to [`Command::Look`].
    Seen {
        /// What is there.
        look: Look,
    },
    /// The answer to [`Command::Thumbnails`].
    Thumbnails {
        /// The thumbnails that exist.
        thumbnails: Vec<Thumbnail>,
    },
    /// The answer to [`Command::Inside`].
    Inside {
        /// The CID of the folder at the link; the path of what is in it follows it in links.
        root: String,
        /// What is in the folder, in the order of the names; `None` if no storage has the folder.
        entries: Option<Vec<Entry>>,
        /// Whether there is more.
        more: bool,
    },
    /// The answer to [`Command::Files`].
    Files {
        /// The next files, in the order of the folder. The number of a file is its place among all of them, counted from 0.
        files: Vec<FolderFile>,
        /// The number of all files and empty folders.
        count: u64,
    },
    /// The answer to [`Command::Log`].
    Log {
        /// The lines, oldest first.
        lines: Vec<LogLine>,
    },
    /// The answer to [`Command::History`].
    History {
        /// A snapshot of the state in which the history begins, as the journal writes it; `None` if more of the events is asked
        /// for, or if it begins with nothing.
        snapshot: Option<String>,
        /// The next events, as the journal writes them, at most [`crate::history::PART`].
        events: Vec<String>,
        /// Whether there are more.
        more: bool,
    },
    /// The answer to [`Command::TestNode`].
    Tested {
        /// The time of a round trip in milliseconds, if the node answers.
        ms: Option<u64>,
        /// Why it cannot be used, or why it only grants no reservation if there is a time.
        error: Option<LinkError>,
    },
    /// The answer to [`Command::NodeList`].
    Nodes {
        /// The multiaddrs of the nodes.
        nodes: Vec<String>,
    },
    /// The answer to [`Command::ExportSettings`], [`Command::Report`], [`Command::ExportHistory`] and [`Command::Call`].
    Text {
        /// The file, or the reply as JSON.
        text: String,
        /// The peer that replied.
        peer: Option<String>,
        /// How long the call took, in milliseconds.
        ms: Option<u64>,
    },
    /// The answer to [`Command::ReadSettings`].
    Settings {
        /// The settings, which can be set.
        settings: Box<Settings>,
        /// The theme of the face that wrote them.
        theme: Option<String>,
    },
}

/// A [`ToFace`] on the wire: a word, and the values that belong to it.
#[derive(Default, Serialize, Deserialize)]
struct FlatToFace {
    #[serde(rename = "type")]
    kind: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Box<State>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defaults: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Item>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    copies: Vec<Copy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origins: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<NodeView>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<CallLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

impl From<ToFace> for FlatToFace {
    fn from(message: ToFace) -> Self {
        let flat = |kind: &str| Self {
            kind: kind.into(),
            ..Self::default()
        };
        match message {
            ToFace::State {
                state,
                defaults,
                count,
            } => Self {
                state: Some(state),
                defaults: Some(defaults),
                count: Some(count),
                ..flat("state")
            },
            ToFace::Items { items, copies } => Self {
                items: Some(items),
                copies,
                ..flat("items")
            },
            ToFace::Event { event } => Self {
                event: Some(event),
                ..flat("event")
            },
            ToFace::Access { origins } => Self {
                origins: Some(origins),
                ..flat("access")
            },
            ToFace::Live {
                nodes,
                peers,
                calls,
            } => Self {
                nodes,
                peers,
                calls,
                ..flat("live")
            },
            ToFace::Answer { number, answer } => Self {
                number: Some(number),
                answer: Some(answer),
                ..flat("answer")
            },
        }
    }
}

impl TryFrom<FlatToFace> for ToFace {
    type Error = Unreadable;

    fn try_from(flat: FlatToFace) -> Result<Self, Unreadable> {
        Ok(match &*flat.kind {
            "state" => Self::State {
                state: flat.state.ok_or(Unreadable)?,
                defaults: flat.defaults.ok_or(Unreadable)?,
                count: flat.count.ok_or(Unreadable)?,
            },
            "items" => Self::Items {
                items: flat.items.ok_or(Unreadable)?,
                copies: flat.copies,
            },
            "event" => Self::Event {
                event: flat.event.ok_or(Unreadable)?,
            },
            "access" => Self::Access {
                origins: flat.origins.ok_or(Unreadable)?,
            },
            "live" => Self::Live {
                nodes: flat.nodes,
                peers: flat.peers,
                calls: flat.calls,
            },
            "answer" => Self::Answer {
                number: flat.number.ok_or(Unreadable)?,
                answer: flat.answer.ok_or(Unreadable)?,
            },
            _ => return Err(Unreadable),
        })
    }
}

/// An [`Answer`] on the wire: a word, and the values that belong to it.
#[derive(Default, Serialize, Deserialize)]
struct FlatAnswer {
    answer: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    look: Option<Look>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thumbnails: Option<Vec<Thumbnail>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<FolderFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LogLine>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<LinkError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Box<Settings>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

impl From<Answer> for FlatAnswer {
    fn from(answer: Answer) -> Self {
        let flat = |answer: &str| Self {
            answer: answer.into(),
            ..Self::default()
        };
        match answer {
            Answer::Done { id } => Self { id, ..flat("done") },
            Answer::Refused { failure } => Self {
                failure: Some(failure),
                ..flat("refused")
            },
            Answer::Seen { look } => Self {
                look: Some(look),
                ..flat("seen")
            },
            Answer::Thumbnails { thumbnails } => Self {
                thumbnails: Some(thumbnails),
                ..flat("thumbnails")
            },
            Answer::Inside {
                root,
                entries,
                more,
            } => Self {
                root: Some(root),
                entries,
                more: Some(more),
                ..flat("inside")
            },
            Answer::Files { files, count } => Self {
                files,
                count: Some(count),
                ..flat("files")
            },
            Answer::Log { lines } => Self {
                lines: Some(lines),
                ..flat("log")
            },
            Answer::History {
                snapshot,
                events,
                more,
            } => Self {
                snapshot,
                events,
                more: Some(more),
                ..flat("history")
            },
            Answer::Tested { ms, error } => Self {
                ms,
                error,
                ..flat("tested")
            },
            Answer::Nodes { nodes } => Self {
                nodes: Some(nodes),
                ..flat("nodes")
            },
            Answer::Text { text, peer, ms } => Self {
                text: Some(text),
                peer,
                ms,
                ..flat("text")
            },
            Answer::Settings { settings, theme } => Self {
                settings: Some(settings),
                theme,
                ..flat("settings")
            },
        }
    }
}

impl TryFrom<FlatAnswer> for Answer {
    type Error = Unreadable;

    fn try_from(flat: FlatAnswer) -> Result<Self, Unreadable> {
        Ok(match &*flat.answer {
            "done" => Self::Done { id: flat.id },
            "refused" => Self::Refused {
                failure: flat.failure.ok_or(Unreadable)?,
            },
            "seen" => Self::Seen {
                look: flat.look.ok_or(Unreadable)?,
            },
            "thumbnails" => Self::Thumbnails {
                thumbnails: flat.thumbnails.ok_or(Unreadable)?,
            },
            "inside" => Self::Inside {
                root: flat.root.ok_or(Unreadable)?,
                entries: flat.entries,
                more: flat.more.ok_or(Unreadable)?,
            },
            "files" => Self::Files {
                files: flat.files,
                count: flat.count.ok_or(Unreadable)?,
            },
            "log" => Self::Log {
                lines: flat.lines.ok_or(Unreadable)?,
            },
            "history" => Self::History {
                snapshot: flat.snapshot,
                events: flat.events,
                more: flat.more.ok_or(Unreadable)?,
            },
            "tested" => Self::Tested {
                ms: flat.ms,
                error: flat.error,
            },
            "nodes" => Self::Nodes {
                nodes: flat.nodes.ok_or(Unreadable)?,
            },
            "text" => Self::Text {
                text: flat.text.ok_or(Unreadable)?,
                peer: flat.peer,
                ms: flat.ms,
            },
            "settings" => Self::Settings {
                settings: flat.settings.ok_or(Unreadable)?,
                theme: flat.theme,
            },
            _ => return Err(Unreadable),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{EventKind, MAX_ITEMS, Status};

    /// A state with as many items as there can be, each like a shared picture.
    fn full() -> State {
        let mut state = State::default();
        let mut seq = 0;
        let mut apply = |at, kind| {
            seq += 1;
            state.apply(&Event { seq, at, kind });
        };
        for number in 0..MAX_ITEMS {
            let id = ItemId(format!("{number:032x}"));
            let kinds = [
                EventKind::ShareBegan {
                    key: None,
                    ends: None,
                    id: id.clone(),
                    name: format!("IMG_20260101_{number:06}.jpg"),
                    mime: Some("image/jpeg".into()),
                    size: Some(3_400_000),
                    source: None,
                },
                EventKind::Hashed {
                    id: id.clone(),
                    cid: "b".repeat(59),
                    size: 3_400_000,
                    files: None,
                },
                EventKind::Status {
                    id,
                    status: Status::Shared,
                },
            ];
            for kind in kinds {
                apply(1_790_000_000_000 + number as u64, kind);
            }
        }
        state
    }

    #[test]
    fn a_command_is_read_as_it_is_written() {
        let id = || ItemId("1".into());
        let text = || "x".to_owned();
        for command in [
            Command::Watch,
            Command::ShareUrl {
                private: None,
                ends: None,
                url: text(),
                tab: Some(1),
                page: None,
                name: Some(text()),
            },
            Command::ShareFiles {
                private: None,
                ends: Some(Ends {
                    seconds: None,
                    calls: Some(1),
                }),
                key: text(),
                files: Vec::new(),
                together: true,
                note: Some(text()),
            },
            Command::Fetch { link: text() },
            Command::Inside {
                link: text(),
                within: None,
                upload: true,
            },
            Command::Resume { id: id() },
            Command::Pause { id: id() },
            Command::Stop { id: id() },
            Command::ShareAgain { id: id() },
            Command::SharePage { id: id() },
            Command::Rename {
                id: id(),
                name: Some(text()),
                note: None,
            },
            Command::Save { id: id() },
            Command::SaveFile { id: id(), file: 7 },
            Command::Show {
                id: id(),
                file: None,
                key: text(),
            },
            Command::Hide,
            Command::Files { id: id(), after: 7 },
            Command::Remove { ids: vec![id()] },
            Command::Set {
                settings: Settings::default(),
            },
            Command::Reconnect,
            Command::Thumbnails { ids: vec![id()] },
            Command::Log { id: id() },
            Command::LookPublicly {
                id: id(),
                allow: true,
            },
            Command::Report,
            Command::TestIpfs {
                rpc: text(),
                gateway: text(),
            },
            Command::Live { with_calls: true },
            Command::TestNode { address: text() },
            Command::NodeList { url: text() },
            Command::ExportSettings { theme: text() },
            Command::ReadSettings { text: text() },
            Command::NewIdentity,
            Command::ExportIdentity {
                passphrase: Passphrase(text()),
            },
            Command::ImportIdentity {
                text: text(),
                passphrase: Passphrase(text()),
            },
            Command::Call {
                function: text(),
                args: text(),
            },
        ] {
            let written = serde_json::to_value(&command).unwrap();
            assert_eq!(written["command"], command.word());
            assert_eq!(serde_json::from_value::<Command>(written).unwrap(), command);
        }
    }

    #[test]
    fn the_first_message_is_small_and_all_items_arrive_newest_first() {
        let state = full();
        let messages: Vec<ToFace> = ToFace::first(&state, &Settings::default()).collect();
        let sizes: Vec<usize> = messages
            .iter()
            .map(|message| serde_json::to_vec(message).unwrap().len())
            .collect();
        assert!(sizes[0] < 100_000, "{sizes:?}");
        assert!(sizes.iter().all(|size| *size < 2_000_000), "{sizes:?}");
        let mut items = Vec::new();
        for message in messages {
            match message {
                ToFace::State { state, count, .. } => {
                    assert_eq!(count, MAX_ITEMS);
                    items.extend(state.items.newest().cloned());
                }
                ToFace::Items { items: more, .. } => items.extend(more),
                ToFace::Event { .. }
                | ToFace::Access { .. }
                | ToFace::Live { .. }
                | ToFace::Answer { .. } => unreachable!(),
            }
        }
        assert!(items.iter().eq(state.items.newest()));
    }

    #[test]
    fn messages_are_read_as_they_were_written() {
        let state = full();
        let answers = [
            Answer::Done { id: None },
            Answer::Done {
                id: Some(ItemId("a".into())),
            },
            Answer::Refused {
                failure: crate::failure::Code::Busy.into(),
            },
            Answer::Seen {
                look: Look {
                    name: Some("a.jpg".into()),
                    mime: Some("image/jpeg".into()),
                    size: Some(7),
                    peer: Some("12D3Koo".into()),
                    private: false,
                },
            },
            Answer::Thumbnails {
                thumbnails: vec![Thumbnail {
                    id: ItemId("a".into()),
                    data_url: "data:image/png,".into(),
                }],
            },
            Answer::Inside {
                root: "c".into(),
                entries: Some(vec![Entry {
                    part: "a".into(),
                    name: "a".into(),
                    cid: "b".into(),
                    size: Some(7),
                    folder: None,
                }]),
                more: true,
            },
            Answer::Files {
                files: vec![FolderFile {
                    path: "a/b".into(),
                    size: 7,
                }],
                count: 8,
            },
            Answer::Log { lines: Vec::new() },
            Answer::History {
                snapshot: Some("{}".into()),
                events: vec!["{}".into()],
                more: true,
            },
            Answer::Tested {
                ms: Some(7),
                error: None,
            },
            Answer::Nodes {
                nodes: vec!["/dns4/a/tcp/1/ws".into()],
            },
            Answer::Text {
                text: "{}".into(),
                peer: Some("12D3Koo".into()),
                ms: Some(7),
            },
            Answer::Settings {
                settings: Box::default(),
                theme: Some("dark".into()),
            },
        ];
        let answers = answers
            .into_iter()
            .map(|answer| ToFace::Answer { number: 7, answer });
        let others = [
            ToFace::Live {
                nodes: Some(vec![NodeView {
                    address: "/dns4/a/tcp/1/ws".into(),
                    peer: None,
                    chosen: true,
                    link: crate::live::LinkView::Idle,
                    rtt: Some(7),
                    cause: Some(crate::state::LinkCause::DialTimeout),
                }]),
                peers: Some(vec!["12D3Koo".into()]),
                calls: vec![CallLine {
                    number: 1,
                    at: 2,
                    incoming: true,
                    function: "probe".into(),
                    peer: "12D3Koo".into(),
                    ms: None,
                    failed: Some(crate::failure::Reason::Busy),
                }],
            },
            ToFace::Access {
                origins: Vec::new(),
            },
            ToFace::Event {
                event: Event {
                    seq: 1,
                    at: 2,
                    kind: EventKind::Unconfirmed,
                },
            },
        ];
        let defaults = Settings::default();
        let first = ToFace::first(&state, &defaults).take(2);
        for message in first.chain(answers).chain(others) {
            let text = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<ToFace>(&text).unwrap(), message);
        }
        assert!(serde_json::from_str::<ToFace>(r#"{"type":"of_a_newer_version"}"#).is_err());
    }
}
