//! The words on the face itself, in English: its headings, buttons, hints and statuses. Sentences about
//! failures, logs and links are in the crate `words`. Another language is another module with these names.

use fluence::failure::{About, Code, Failure, Reason};
use fluence::live::{LinkView, NodeView};
use fluence::state::{
    Item, LinkCause, LinkError, LogEntry, NetworkStatus, Origin, Settings, Status,
};
use fluence::text::{host_of, quote, shorten};
use words::{Extension, Words};

use crate::askers::{Sent, Who};
use crate::face::Tested;
use crate::preferences::Sort;

pub const NAME: &str = "Fluence Share";

// The connection.
pub const NETWORK_STARTING: &str = "Starting…";
pub const NETWORK_NO_NODE: &str = "No node is set";
pub const NETWORK_CONNECTING: &str = "Connecting…";
pub const NETWORK_ONLINE: &str = "Ready to share and fetch";
pub const NETWORK_OFFLINE: &str = "Not connected";
pub const NETWORK_UNREACHABLE: &str = "Ready to fetch, not to share";
pub const UNREACHABLE_ADVICE: &str = "The node has no room to make another peer reachable. You can fetch, but nobody can fetch from you. It tries again by itself; another node may have room.";
pub const NETWORK_LABEL: &str = "Connection";
pub const NO_NODE_ADVICE: &str = "To share and fetch, Fluence Share needs the address of at least one node. Ask whoever runs one, or run your own.";
pub const NO_NODE_BUTTON: &str = "Add a node";
pub const TRY_NOW: &str = "Try now";
pub const WORKER_STARTING: &str = "Starting…";
pub const WORKER_LOST: &str = "The background worker stopped. Connecting to it again…";
pub const WORKER_SILENT: &str = "The background worker does not answer. Restarting the extension loses nothing that was shared or fetched.";
pub const WORKER_RELOAD: &str = "Restart Fluence Share";
pub const WORKER_STRANGE: &str = "This page and the background worker are of different versions. Close this page and open it again.";

// The header and the theme.
pub const OPEN_TAB: &str = "Open in a tab";
pub const OPEN_PANEL: &str = "Open in the side panel";
pub const PANEL_REFUSED: &str = "The browser did not open the side panel.";
pub const SETTINGS: &str = "Settings";
pub const BACK: &str = "Back to files";
pub const THEME: &str = "Colours";
pub const THEME_AUTO: &str = "As the system";
pub const THEME_LIGHT: &str = "Light";
pub const THEME_DARK: &str = "Dark";

// The field in which one pastes, and onto which one drops.
pub const GIVE: &str = "Fetch or share";
pub const GIVE_HINT: &str = "Paste a link, or drop files";
pub const FETCH: &str = "Fetch";
pub const FETCH_GIVEN: &str =
    "This came from a link or from the address bar. Nothing is fetched until you press Fetch.";
pub const FETCH_PASTE: &str = "Paste from the clipboard";
pub const FETCH_PASTE_REFUSED: &str = "The browser did not allow reading the clipboard. Click into the field and press Ctrl+V (⌘V on a Mac).";
pub const SHARE_CHOOSE: &str = "Choose files";
pub const SHARE_FOLDER: &str = "Folder";
pub const SHARE_DROP_NOW: &str = "Drop to share";
pub const SHARE_HOW: &str = "How several files are shared";
pub const SHARE_EACH: &str = "A link for each file";
pub const SHARE_TOGETHER: &str = "One link for all, as a folder";
pub const SHARE: &str = "Share";
pub const CANCEL: &str = "Cancel";
pub const SHARE_HANDING: &str =
    "Handing the files to the background worker. Keep this page open for a moment…";
pub const SHARE_EMPTY: &str = "There were no files in what was dropped.";
pub const SHARE_UNREADABLE: &str = "Some of it could not be read. Check that it is still there and may be read, then drop it again.";
pub const SHARE_BIG: &str = "Picking many or large files is easier in a tab:";

// The files on the page.
pub const PAGE_TITLE: &str = "This page";
pub const PAGE_READING: &str = "Looking for files on the page…";
pub const PAGE_NONE: &str = "No files on this page";
pub const PAGE_NONE_ADVICE: &str =
    "No downloads came from it, and it links to no files. Right-click anything on it to share it.";
pub const PAGE_DOWNLOADS: &str = "Downloaded from here";
pub const PAGE_LINKS: &str = "On this page";
pub const PAGE_CLOSED: &str = "This page cannot be read";
pub const PAGE_CLOSED_ADVICE: &str =
    "The browser does not let extensions read it. On other pages, their files appear here.";
pub const PAGE_LINKS_REFUSED: &str = "The browser did not let Fluence Share read the page; open it from the toolbar on that page to see its links.";
pub const PAGE_SHARING: &str = "Sharing…";
pub const PAGE_ALL: &str = "Select all";

// The question for permission.
pub const ACCESS_ALLOW: &str = "Allow access";
pub const ACCESS_NOT_NOW: &str = "Not now";
pub const ACCESS_REFUSED: &str =
    "Access was not given, so nothing was read. You can allow it whenever you like.";

// The list of items.
pub const ITEMS_TITLE: &str = "Your files";
pub const FILTER_ALL: &str = "All";
pub const FILTER_SHARED: &str = "Shared";
pub const FILTER_FETCHED: &str = "Fetched";
pub const SEARCH: &str = "Search your files";
pub const EMPTY_ALL: &str = "Nothing here yet";
pub const EMPTY_ALL_ADVICE: &str = "Right-click a link, a picture or a video on any page and choose “Share via Fluence”, or drop a file here. To fetch, paste a link above.";
pub const EMPTY_SHARED: &str = "Nothing shared yet";
pub const EMPTY_SHARED_ADVICE: &str =
    "Drop a file here, or right-click something on a page and choose “Share via Fluence”.";
pub const EMPTY_FETCHED: &str = "Nothing fetched yet";
pub const EMPTY_FETCHED_ADVICE: &str = "Paste a link that someone sent you into the field above.";
pub const EMPTY_SEARCH: &str = "No file matches";
pub const EMPTY_SEARCH_ADVICE: &str = "Try a part of the name or of the hash.";

// The room that the files take.
pub const FREE: &str = "Free space";
pub const FREE_FETCHED: &str = "Fetched";
pub const FREE_STOPPED: &str = "No longer shared";
pub const FREE_FAILED: &str = "Failed";
pub const FREE_WEEK: &str = "Not used for a week";
pub const FREE_MONTH: &str = "Not used for a month";
pub const FREE_LISTED: &str = "All that are listed";
pub const FREE_HELP: &str = "Copies that you saved stay.";

// The order of the files, and those that are selected.
pub const SORT: &str = "Sort and tidy up";
pub const CLEAR_OLD: &str = "Remove what is old…";
pub const SELECT: &str = "Select files";
pub const SELECTED: &str = "Selected files";
pub const REMOVE_SELECTED: &str = "Remove them?";
pub const SELECT_END: &str = "Done";
pub const COPY_LINKS: &str = "Copy links";

/// The name of an order.
pub fn sort(by: Sort) -> &'static str {
    match by {
        Sort::Newest => "Newest first",
        Sort::Name => "By name",
        Sort::Size => "Largest first",
        Sort::Asked => "Most asked for first",
    }
}

pub const COPY_LINK: &str = "Copy link";
pub const COPY_WEB_LINK: &str = "Copy web link";
pub const WEB_HELP: &str = "It opens in any browser, without Fluence Share.";
pub const WEB_LOCAL_HELP: &str =
    "It opens in any browser of this computer, because the node is on this computer.";
pub const QR: &str = "Show QR code";
pub const QR_WEB: &str =
    "Point the camera of a phone at it: the file opens in the phone's browser.";
pub const QR_LINK: &str = "It is the link for Fluence Share on another device.";
pub const QR_TOO_LONG: &str = "The link is too long for a QR code. Copy it instead.";
pub const CLOSE: &str = "Close";
pub const COPIED: &str = "Copied";
pub const LINK_COPIED: &str = "Link copied";
pub const COPY_REFUSED: &str =
    "The browser did not allow copying. Select the link in the details and copy it.";
pub const COPY_REFUSED_SHORT: &str = "Not copied";
pub const SAVE: &str = "Save";
pub const SAVE_AGAIN: &str = "Save again";
pub const STOP: &str = "Stop sharing";
pub const AGAIN: &str = "Start sharing";
pub const SHARE_TOO: &str = "Share it with others too";
pub const CHOOSE_AGAIN: &str = "Choose it again";
pub const COPIES: &str = "In storage";
pub const PAUSE: &str = "Pause";
pub const RESUME: &str = "Resume";
pub const DISCARD: &str = "Discard";
pub const RETRY: &str = "Try again";
pub const REMOVE: &str = "Remove";
pub const NOW: &str = "Now";
pub const NEEDS_ACCESS: &str = "Needs your permission";

/// That bytes have not moved for a while: out, or in.
pub fn stalled(out: bool) -> &'static str {
    match out {
        true => "nothing has moved for a while",
        false => "nothing has come for a while",
    }
}

pub const DETAILS: &str = "Details";
pub const MORE_ACTIONS: &str = "More";
pub const ASKERS: &str = "Who asked";
pub const ASKED_WHEN: &str = "When";
pub const ASKED_WHO: &str = "Peer";
pub const ASKED_SENT: &str = "Uploaded";
pub const LOG: &str = "What happened";
pub const LOG_READING: &str = "Reading…";
pub const LOG_EMPTY: &str = "Nothing yet.";
pub const LINK: &str = "Link";
pub const WEB_LINK: &str = "Web link";
pub const FROM: &str = "From";
pub const SAVED_AS: &str = "Saved as";
pub const ADDED: &str = "Added";
pub const UNKNOWN_NAME: &str = "A file";
pub const DISMISS: &str = "Dismiss";
pub const PROGRESS: &str = "Progress";

// The settings.
pub const OPTIONS_NODES: &str = "Nodes";
pub const OPTIONS_NODES_HELP: &str = "Nodes introduce you to other peers, and hold files on their way. The nearest is used; files go to the first in this order that takes them.";
pub const OPTIONS_NODES_TEXT: &str = "Addresses of the nodes";
pub const OPTIONS_NODES_TEXT_HELP: &str =
    "One on each line, such as /dns4/node.example.org/tcp/443/tls/ws.";
pub const OPTIONS_NODES_RESET: &str = "Use the default";
pub const OPTIONS_NODES_NONE: &str = "Without a node nothing can be shared or fetched.";
pub const OPTIONS_SHARING: &str = "What I share";
pub const OPTIONS_PROFILE: &str = "Form of new hashes";
pub const OPTIONS_PROFILE_2025: &str = "bafy… (UnixFS 2025, recommended)";
pub const OPTIONS_PROFILE_2015: &str = "Qm… (UnixFS 2015, for old programs)";
pub const OPTIONS_COPY: &str = "Copy the link at once";
pub const OPTIONS_PRIVATE: &str = "Privately: only who has the link can read it";
pub const SHARE_PRIVATELY: &str = "Privately";
pub const PRIVATE: &str = "Private";
pub const PRIVATE_HELP: &str = "It is encrypted before it leaves this browser. Only who has the link can read it, or see its name.";
pub const OPTIONS_ENDS: &str = "Stop sharing it";
pub const OPTIONS_SENT_DAY: &str = "Upload in a day at most";
pub const OPTIONS_SENT_FILE: &str = "Largest file to upload";
pub const OPTIONS_NO_LIMIT: &str = "no limit";
pub const OPTIONS_METERED: &str = "Upload over metered networks, too";
/// When a file stops being shared by itself: in words, after so many seconds, and after so many calls.
pub const ENDS: [(&str, Option<u64>, Option<u64>); 7] = [
    ("Only when I say so", None, None),
    ("After one fetch", None, Some(1)),
    ("After five fetches", None, Some(5)),
    ("After an hour", Some(3600), None),
    ("After a day", Some(24 * 3600), None),
    ("After a week", Some(7 * 24 * 3600), None),
    ("After 30 days", Some(30 * 24 * 3600), None),
];
pub const ENDS_CHANGE: &str = "Change…";
pub const ENDS_LABEL: &str = "Stops";
pub const PAUSE_ALL: &str = "Pause all sharing";
pub const RESUME_ALL: &str = "Go on sharing";
pub const PAUSED: &str = "Sharing is paused: nothing leaves this computer. What was uploaded before stays at its storage.";
pub const OPTIONS_NOTIFY: &str = "Show notifications";
pub const OPTIONS_FETCHING: &str = "What I fetch";
pub const OPTIONS_SAVE: &str = "Save it to the download folder at once";
pub const OPTIONS_PROVIDE: &str = "Share it with others, too";
/// The size that applies without another one ([`Settings::max_file`]).
pub const OPTIONS_MAX_NONE: &str = "1 TB";
pub const OPTIONS_MAX: &str = "Largest file at all";
pub const OPTIONS_MAX_HELP: &str = "Larger files are neither shared nor fetched.";
pub const OPTIONS_ROOM: &str = "Room for all files together";
pub const OPTIONS_ROOM_AUTO: &str = "automatic";
pub const OPTIONS_IPFS: &str = "My own IPFS node";
pub const OPTIONS_IPFS_USE: &str = "Put what I share on my own IPFS node";
pub const OPTIONS_IPFS_HELP: &str = "It is used instead of the storage that nodes offer. Others are told the gateway's address, so it must be one that they can reach.";
pub const OPTIONS_RPC: &str = "RPC address";
pub const OPTIONS_GATEWAY: &str = "Gateway address";
pub const OPTIONS_RPC_EXAMPLE: &str = "http://127.0.0.1:5001";
pub const OPTIONS_GATEWAY_EXAMPLE: &str = "http://127.0.0.1:8080";
pub const OPTIONS_TEST: &str = "Test";
pub const OPTIONS_TESTING: &str = "Testing…";
pub const OPTIONS_TEST_GOOD: &str = "Both answer as they should.";
pub const OPTIONS_TEST_LOCAL: &str = "Both answer as they should, but nobody beyond this computer can reach the gateway. Use an address that others can reach.";
pub const READING_TITLE: &str = "Reading sites";
pub const READING_HELP: &str = "To share something that lies on another site than the page, Fluence Share has to read it there. It asks for each site when you share from it, or once for all. Nothing is read before you share it.";
pub const PRIVATE_WINDOWS: &str = "In private windows Fluence Share does nothing: it keeps a list of what you share and fetch, and a private window is to leave no trace.";
pub const READING_ALLOW: &str = "Allow every site";
pub const READING_EVERY: &str = "Every site";
pub const READING_GIVE_BACK: &str = "Take back";
pub const OPTIONS_LOOK: &str = "Appearance";
pub const OPTIONS_SAVE_BUTTON: &str = "Save settings";
pub const OPTIONS_SAVING: &str = "Saving…";
pub const OPTIONS_SAVED: &str = "Saved.";
pub const OPTIONS_UNSAVED: &str = "There are unsaved changes.";
pub const OPTIONS_REVERT: &str = "Undo changes";
pub const OPTIONS_WRONG: &str = "Something above needs another look first.";
pub const PUBLIC: &str = "The public IPFS";
pub const PUBLIC_HELP: &str = "Where nobody shares a file here, it can be looked for in the public IPFS. The routers and gateways below then learn its hash and your network address; what they send is checked like everything else.";
pub const PUBLIC_ALLOW: &str = "Look in the public IPFS for files that nobody shares";
pub const PUBLIC_ROUTERS: &str = "Routers, which know who has a file";
pub const PUBLIC_GATEWAYS: &str = "Gateways, which are asked after those that routers name";
pub const PUBLIC_QUESTION: &str = "It may be in the public IPFS. Whoever is asked there learns the hash and your network address.";
pub const PUBLIC_LOOK: &str = "Look there";
pub const PUBLIC_NEVER: &str = "Never look there";
pub const REPORT: &str = "Save a report";
pub const REPORT_HELP: &str = "If something does not work, a report helps those who look for the fault. It says what happened and when. Names, links, keys, hashes, peers and addresses are replaced by numbers.";
pub const KEYS: &str = "Keyboard and links";
/// What the keys do, by the names of the commands in the manifest.
pub const KEY_COMMANDS: [(&str, &str); 3] = [
    ("_execute_action", "Open Fluence Share"),
    ("_execute_browser_action", "Open Fluence Share"),
    ("share-files", "Share files"),
];
pub const KEY_NONE: &str = "No key";
pub const KEYS_HELP: &str = "The browser keeps the keys of all extensions on one page, where you can change them: chrome://extensions/shortcuts, or Manage Extension Shortcuts in the menu of about:addons in Firefox.";
pub const KEYS_CHANGE: &str = "Change the keys";
pub const KEYS_REFUSED: &str =
    "The browser did not open its page. Type its address into the address bar.";
pub const KEYWORD_HELP: &str =
    "In the address bar, type fl, a space and a link or a hash to fetch it.";
pub const LINKS_HELP: &str = "Links that begin with web+fluence: can open here, from any page. Nothing is fetched before you press Fetch.";
pub const LINKS_ASK: &str = "Open such links here";
pub const LINKS_ASKED: &str = "The browser asks in or beside the address bar.";
pub const LINKS_AT_CLICK: &str =
    "The browser asks which program opens them when you click on one for the first time.";
pub const LINKS_REFUSED: &str =
    "The browser does not let an extension open such links. Copy them into the field instead.";
pub const OPTIONS_ABOUT: &str = "About";
pub const OPTIONS_ABOUT_TEXT: &str = "Everything is a function call: a file is a function that its owner answers. Nothing leaves your browser before someone asks for it, and every byte that you fetch is checked against its hash.";
pub const OPTIONS_VERSION: &str = "Version";

// The settings, further: nodes, notifications, identity, and the settings file.
pub const OPTIONS_FOLDER: &str = "Folder in the download folder";
pub const OPTIONS_FOLDER_NONE: &str = "none";
pub const OPTIONS_NOTICES: &str = "Notifications";
pub const NOTIFY_SHARED: &str = "A file is shared";
pub const NOTIFY_FETCHED: &str = "A file has arrived";
pub const NOTIFY_FAILED: &str = "Something failed";
pub const NOTIFY_ASKED: &str = "Somebody asks for a file of which I want to be asked";
pub const OPTIONS_ADVANCED: &str = "Advanced";
pub const OPTIONS_ADVANCED_HELP: &str =
    "The form of hashes, limits, addresses of nodes, an IPFS node of your own";
pub const OPTIONS_LIMITS: &str = "Limits";
pub const NODE_ADD: &str = "Add";
pub const NODE_ADD_LABEL: &str = "Address of a node, or of a list of nodes";
pub const NODE_ADD_HELP: &str =
    "Like /dns4/node.example.org/tcp/443/tls/ws, or https://example.org for the list of a group.";
pub const NODE_ADDING: &str = "Reading the list…";
pub const NODE_KNOWN: &str = "This node is in the list already.";
pub const NODES_KNOWN: &str = "These nodes are in the list already.";

/// Nodes that were not added, because there can be no more.
pub fn nodes_left(left: usize, most: usize) -> String {
    let left = match left {
        1 => "One node was not added".to_owned(),
        n => format!("{n} nodes were not added"),
    };
    format!("{left}: there can be {most}. Remove one of the others first.")
}

pub const NODE_UP: &str = "Move up: use it earlier";
pub const NODE_DOWN: &str = "Move down: use it later";
pub const NODE_REMOVE: &str = "Remove this node";
pub const NODE_TEST: &str = "Test";
pub const NODE_TESTING: &str = "Connecting to it…";
pub const NODE_UNSAVED: &str = "Not used yet: save the settings";
pub const NODE_CONNECTING: &str = "Connecting…";
pub const NODE_SPARE: &str = "Not connected: others suffice";
pub const NODE_FOUND: &str = "found through the network";
pub const NETWORK_OPEN: &str = "See the network and the calls";
pub const IDENTITY: &str = "Identity";
pub const IDENTITY_HELP: &str =
    "Others know this browser by its peer id. It has no name and no account.";
pub const IDENTITY_NEW: &str = "New identity";
pub const IDENTITY_QUESTION: &str = "Replace your peer id by a new one? Your files stay shared, under the same links. What was uploaded before stays at its storage until it expires there, because only the old identity could take it back. There is no way back.";
pub const IDENTITY_CONFIRM: &str = "Replace it";
pub const IDENTITY_DONE: &str = "This browser has a new identity.";
pub const COPY: &str = "Copy";
pub const FILE: &str = "Settings file";
pub const FILE_HELP: &str =
    "All settings, for another browser or for later. It has no files, no links and no keys.";
pub const EXPORT: &str = "Export settings";
pub const NOT_SAVED: &str = "The browser did not save the file.";
pub const IMPORT: &str = "Import settings";
pub const IMPORT_CONFIRM: &str = "Replace mine";
pub const IMPORT_CANCEL: &str = "Keep mine";
pub const IMPORT_TOO_LARGE: &str =
    "This file is too large to be one of settings. Nothing was changed.";
pub const IMPORT_UNREADABLE: &str = "This file cannot be read. Nothing was changed.";

pub const IMPORT_QUESTION: &str = "Replace all settings by those of this file?";
pub const IMPORT_DONE: &str = "The settings of the file are used now.";
/// The longest list of hosts that is shown, in bytes.
const MAX_HOSTS: usize = 600;

/// What a settings file means to who uses it, in sentences with the hosts that they end with: its nodes, and whatever else
/// decides on who sees what and differs from the settings of now. `node_host` finds the host of a node.
pub fn import_changes(
    now: &Settings,
    new: &Settings,
    node_host: fn(&str) -> String,
) -> Vec<(&'static str, String)> {
    let hosts = |hosts: Vec<String>| shorten(&quote_all(hosts), MAX_HOSTS);
    let of_urls = |urls: &[String]| hosts(urls.iter().map(|url| host_of(url)).collect());
    let nodes = hosts(new.nodes.iter().map(|node| node_host(node)).collect());
    let mut changes = vec![match new.nodes.len() {
        0 => ("It has no node.", String::new()),
        1 => ("It has 1 node:", nodes),
        _ => ("It has these nodes:", nodes),
    }];
    let mut add = |differs: bool, words, hosts| {
        if differs {
            changes.push((words, hosts));
        }
    };
    let switch = |now: bool, new: bool, on, off| (now != new, if new { on } else { off });
    match &new.own_ipfs {
        Some(own) => {
            let both = of_urls(&[own.rpc.clone(), own.gateway.clone()]);
            add(
                now.own_ipfs != new.own_ipfs,
                "What you share is uploaded to this IPFS node, as your own:",
                both,
            );
        }
        None => add(
            now.own_ipfs.is_some(),
            "Your own IPFS node is no longer used.",
            String::new(),
        ),
    }
    let is_public = |settings: &Settings| settings.public == Some(true);
    let (differs, words) = switch(
        is_public(now),
        is_public(new),
        "What nobody shares is looked for in the public IPFS without asking you.",
        "What nobody shares is not looked for in the public IPFS by itself.",
    );
    add(differs, words, String::new());
    if now.routers != new.routers {
        add(
            true,
            "The public IPFS is searched through:",
            of_urls(&new.routers),
        );
    }
    if now.gateways != new.gateways {
        add(
            true,
            "Files of the public IPFS come through:",
            of_urls(&new.gateways),
        );
    }
    let (differs, words) = switch(
        now.provide_fetched,
        new.provide_fetched,
        "What you fetch is shared with others.",
        "What you fetch is not shared with others.",
    );
    add(differs, words, String::new());
    let (differs, words) = switch(
        now.private,
        new.private,
        "What you share is private unless you say otherwise.",
        "What you share is not private unless you say so.",
    );
    add(differs, words, String::new());
    // Whatever has no sentence of its own.
    let rest = Settings {
        nodes: now.nodes.clone(),
        own_ipfs: now.own_ipfs.clone(),
        public: now.public,
        routers: now.routers.clone(),
        gateways: now.gateways.clone(),
        provide_fetched: now.provide_fetched,
        private: now.private,
        paused: now.paused,
        ..new.clone()
    };
    add(
        rest != *now,
        "Limits or other settings change, too.",
        String::new(),
    );
    changes
}

fn quote_all(texts: Vec<String>) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    quoted.join(", ")
}

/// A button of a row of nodes, for those who hear it.
pub fn of_node(what: &str, host: &str) -> String {
    format!("{what}: {host}")
}

/// A time of a round trip.
pub fn millis(ms: u64) -> String {
    match ms {
        0 => "under 1 ms".to_owned(),
        ms => format!("{ms} ms"),
    }
}

/// Why a node cannot be used, as a sentence.
pub fn link_cause(cause: &LinkCause) -> String {
    let error = LinkError {
        node: None,
        others_failed: false,
        cause: cause.clone(),
    };
    capital(&sentence(&words::link(&error)))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// What the link to a node is like.
pub fn node_state(node: &NodeView) -> String {
    let rtt = node.rtt.map(millis);
    let mut words = match (node.link, &node.cause) {
        (LinkView::Online, _) => "Online · makes you reachable".to_owned(),
        (LinkView::Unreachable, _) => "Connected · has no room to make you reachable".to_owned(),
        (LinkView::Connecting, None) => NODE_CONNECTING.to_owned(),
        (LinkView::Connecting, Some(cause)) => {
            return format!("{NODE_CONNECTING} {}", link_cause(cause));
        }
        (LinkView::Idle, Some(cause)) => {
            return format!("Not reachable. {}", link_cause(cause));
        }
        (LinkView::Idle, None) => NODE_SPARE.to_owned(),
    };
    if let Some(rtt) = rtt {
        words.push_str(" · ");
        words.push_str(&rtt);
    }
    if !node.chosen {
        words.push_str(" · ");
        words.push_str(NODE_FOUND);
    }
    words
}

/// How the test of a node ended.
pub fn tested((ms, error): &Tested) -> String {
    match (ms, error) {
        (Some(ms), None) => format!(
            "It works: it answers in {}, and makes you reachable.",
            millis(*ms)
        ),
        (None, None) => "It works, and makes you reachable.".to_owned(),
        (Some(ms), Some(error)) => format!(
            "It answers in {}, but you can only fetch through it. {}",
            millis(*ms),
            link_cause(&error.cause)
        ),
        (
            None,
            Some(LinkError {
                cause:
                    cause @ (LinkCause::ReservationRefused { .. }
                    | LinkCause::ReservationTimeout
                    | LinkCause::ReservationEnded),
                ..
            }),
        ) => format!(
            "You can connect to it, but it does not make you reachable. {}",
            link_cause(cause)
        ),
        (None, Some(error)) => format!("It does not work. {}", link_cause(&error.cause)),
    }
}

// The first page.
pub const WELCOME_TITLE: &str = "Welcome to Fluence Share";
pub const WELCOME_AGAIN: &str = "See the first page again";
pub const WELCOME_LEAD: &str = "Send files from browser to browser.";
/// What a person should know: an icon, a title and a sentence.
pub const WELCOME_FACTS: [(&str, &str, &str); 4] = [
    (
        "file",
        "What is shared",
        "Only what you choose; it stays on this computer until somebody asks for it.",
    ),
    (
        "copy",
        "With whom",
        "Whoever has the link of a file can fetch it: while this browser is open, and for a while after from a storage that has a copy.",
    ),
    (
        "key",
        "What others can see",
        "Whoever hands a file on sees your network address, and the file unless you share it privately; then they see only how large it is.",
    ),
    (
        "web",
        "What a node is",
        "A computer that introduces browsers to each other and holds files on their way; a friend runs it, or you do.",
    ),
];
pub const WELCOME_CHOICES: &str = "Choose once";
pub const WELCOME_LATER: &str = "All of it can be changed in the settings.";
pub const WELCOME_NODE: &str = "Node";
pub const WELCOME_READING: &str = "Reading from web sites";
pub const WELCOME_READING_ASK: &str = "Fluence Share asks each time that you share something that lies on another site. You can allow all sites now instead.";
pub const WELCOME_READING_ALL: &str =
    "Fluence Share may read from every site, and does so only for what you share.";
pub const WELCOME_PRIVATE: &str = "Share privately unless I say otherwise";
pub const WELCOME_PROVIDE: &str = "Share with others what I fetch";
pub const TRY: &str = "Try it";
pub const TRY_AGAIN: &str = "Try it again";
pub const TRY_LEAD: &str = "This shares a small text file and fetches it back through the network.";
pub const TRY_NAME: &str = "hello-from-fluence.txt";
pub const TRY_WAITS: &str = "There is no connection yet, so it waits for a node.";
pub const TRY_MADE: &str = "A file is made in this browser";
pub const TRY_HASHED: &str = "Its hash becomes its name";
pub const TRY_SHARED: &str = "A stranger finds it and reaches this browser";
pub const TRY_BACK: &str = "The node asks for it, and it comes back";
pub const TRY_SAME: &str = "It came back, and every byte is the same.";
pub const TRY_OTHER: &str = "Something else came back.";
pub const TRY_NOT_BACK: &str = "It did not come back through the node.";
pub const TRY_NO_WEB: &str = "Your node opens no web links, so it cannot fetch the file for you. Open the link in another browser with Fluence Share to see it arrive.";
pub const TRY_LINK: &str = "Its link";
pub const TRY_LINK_HELP: &str =
    "Whoever opens it in another browser with Fluence Share gets the file.";
pub const TRY_REMOVE: &str = "Remove the sample";
pub const TRY_REMOVED: &str = "The sample is removed.";
pub const TRY_DONE: &str = "Go to your files";

/// The text of the sample.
pub fn sample(now: &str) -> String {
    format!(
        "Hello!\n\nThis text was made in a browser, {now}.\nIt left that browser only because you asked for it.\n"
    )
}

// The page of the network.
pub const NETWORK_YOU: &str = "This browser";
pub const NETWORK_TODAY: &str = "Uploaded today";
pub const NETWORK_NODES: &str = "Links to nodes";
pub const NETWORK_NODES_NONE: &str = "There is no node.";
pub const NETWORK_REACHABLE: &str = "Others can reach this browser, through its nodes.";
pub const NETWORK_NOT_YET: &str = "A connection to a node is being made.";
pub const NODES_CHANGE: &str = "Change the nodes";
pub const CALLS: &str = "Calls";
pub const CALLS_HELP: &str = "The last 50 calls of functions, in both directions, as they happen. Names of files are left out, because whoever knows one can fetch the file.";
pub const CALLS_NONE: &str =
    "None yet. Calls appear here when you share or fetch something, and when others ask you.";
pub const CALL_WHEN: &str = "When";
pub const CALL_WAY: &str = "Way";
pub const CALL_IN: &str = "in";
pub const CALL_OUT: &str = "out";
pub const CALL_FUNCTION: &str = "Function";
pub const CALL_PEER: &str = "Peer";
pub const CALL_TOOK: &str = "Took";
pub const CALL_RESULT: &str = "Result";
pub const CALL_RUNS: &str = "under way";
pub const CALL_GOOD: &str = "answered";
pub const CALL_TITLE: &str = "Call a function";
pub const CALL_LEAD: &str = "Everything here is a function call. IPFS_multiaddr, for example, returns the address of a storage.";
pub const CALL_NAME: &str = "Name";
pub const CALL_ARGS: &str = "Arguments, as JSON";
pub const CALL: &str = "Call";
pub const CALLING: &str = "Calling…";
pub const CALLED: &str = "There is a reply.";
pub const CALL_REPLY: &str = "Reply";

/// Who replied, and when.
pub fn replied(peer: &str, ms: u64) -> String {
    format!("{peer} replied after {}.", millis(ms))
}

/// Why a call failed, in a few words.
pub fn call_failed(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoReply => "no reply",
        Reason::Unreachable => "not reached",
        Reason::NoSuchFunction => "not provided",
        Reason::Refused => "refused",
        Reason::Busy => "busy",
        Reason::Unavailable => "no storage",
        Reason::BadRequest | Reason::Malformed => "not understood",
        _ => "failed",
    }
}

/// The time that is left, in words.
pub fn time_left(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{} s left", seconds.max(1)),
        60..3600 => format!("{} min left", seconds.div_ceil(60)),
        3600..86_400 => {
            let minutes = seconds / 60;
            format!("{} h {} min left", minutes / 60, minutes % 60)
        }
        _ => "more than a day left".to_owned(),
    }
}

/// The progress of a transfer: `12 MB of 50 MB · 3.4 MB/s · 12 s left`. How fast it is and how long it takes is left out
/// when nothing has moved for a while, because nobody knows then.
pub fn progress(
    progress: &fluence::state::Progress,
    moving: bool,
    stalled: Option<&'static str>,
) -> String {
    let mut text = match progress.total {
        Some(total) => format!("{} of {}", words::size(progress.bytes), words::size(total)),
        None => words::size(progress.bytes),
    };
    if !moving {
        return text;
    }
    if let Some(stalled) = stalled {
        text.push_str(" · ");
        text.push_str(stalled);
    } else if progress.rate > 0 {
        text.push_str(&format!(" · {}/s", words::size(progress.rate)));
        if let Some(seconds) = progress.seconds_left().filter(|seconds| *seconds > 0) {
            text.push_str(" · ");
            text.push_str(&time_left(seconds));
        }
    }
    text
}

/// The state of the connection, in a word or two.
pub fn network(status: &NetworkStatus) -> &'static str {
    match status {
        NetworkStatus::Starting => NETWORK_STARTING,
        NetworkStatus::NoNode => NETWORK_NO_NODE,
        NetworkStatus::Connecting { .. } => NETWORK_CONNECTING,
        NetworkStatus::Online { .. } => NETWORK_ONLINE,
        NetworkStatus::Unreachable { .. } => NETWORK_UNREACHABLE,
        NetworkStatus::Offline { .. } => NETWORK_OFFLINE,
    }
}

/// A text as a sentence: with a full stop if it has none.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…', '。']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// The time until the next attempt to connect.
pub fn retry_in(seconds: u64) -> String {
    if seconds == 0 {
        "Trying again…".to_owned()
    } else {
        format!("Next try in {seconds} s.")
    }
}

/// The status of an item in words while sharing is paused.
pub fn paused_status(item: &Item) -> &'static str {
    match item.origin {
        Origin::Share => "Sharing is paused",
        Origin::Fetch => "Fetched. Sharing is paused",
    }
}

pub const ASK_FIRST: &str = "Ask me before it is uploaded for anybody";

/// Somebody asks for a file of which the person wants to be asked.
pub fn asking(peer: &str) -> String {
    format!("The peer {peer} asks for it. Without an answer within a minute it gets nothing.")
}

/// How many more times a file is shared.
pub fn calls_left(calls: u64) -> String {
    match calls {
        1 => "for one more fetch".to_owned(),
        n => format!("for {n} more fetches"),
    }
}

/// Until when a file is shared.
pub fn shared_until(moment: &str) -> String {
    format!("until {moment}")
}

/// Whether the person has ended or paused it, which is nothing that has gone wrong.
pub fn is_paused(item: &Item) -> bool {
    let failure = item.status.failure();
    failure.is_some_and(|failure| failure.code == Code::Paused)
}

/// The status of an item in a few words, which are true of the network as it is now.
pub fn status(item: &Item, network: &NetworkStatus) -> String {
    let online = network.is_online();
    match &item.status {
        Status::Preparing => match item.source.as_ref().and_then(|source| source.url.as_ref()) {
            Some(url) if item.progress.is_none() => format!("Waiting for {}", host_of(url)),
            _ => "Reading the file".to_owned(),
        },
        Status::Hashing => "Making its link".to_owned(),
        Status::Announcing if online => "Telling the network".to_owned(),
        Status::Announcing => "Waiting to go online".to_owned(),
        Status::Shared if item.upload.is_some() => "Sending it to somebody".to_owned(),
        Status::Shared if online => "Others can fetch it".to_owned(),
        Status::Shared => "Waiting to go online".to_owned(),
        Status::Stopped => "No longer shared".to_owned(),
        Status::Searching if network.can_call() => "Looking for somebody who has it".to_owned(),
        Status::Searching => "Waiting to go online".to_owned(),
        Status::Asked { .. } => "Waiting for an answer".to_owned(),
        Status::Downloading { from } => format!("Fetching from {from}"),
        Status::Interrupted { .. } if is_paused(item) => "Paused".to_owned(),
        Status::Interrupted { .. } => "Interrupted".to_owned(),
        Status::Done if item.upload.is_some() => "Fetched. Sending it to somebody".to_owned(),
        Status::Done if item.providing && !online => "Fetched. Waiting to share it too".to_owned(),
        Status::Done if item.is_shared() => "Fetched. You share it too".to_owned(),
        Status::Done if item.providing => "Fetched. Telling the network".to_owned(),
        Status::Done => "Fetched".to_owned(),
        Status::Failed { .. } if is_paused(item) => "Cancelled".to_owned(),
        Status::Failed { .. } if item.origin == Origin::Share => "Not shared".to_owned(),
        Status::Failed { .. } => "Not fetched".to_owned(),
    }
}

/// What others can do with an item now, in a sentence; nothing while it is on its way here.
pub fn now(item: &Item, network: &NetworkStatus, paused: bool) -> Option<&'static str> {
    Some(match () {
        () if !item.status.is_here() => return None,
        () if !item.providing && item.origin == Origin::Share => "Nobody can fetch this from you.",
        () if !item.providing => "You have it. You do not share it with others.",
        () if paused => "Nobody can fetch this from you, because sharing is paused.",
        () if !network.is_online() => {
            "Nobody can fetch this from you until there is a connection again."
        }
        () if !item.is_shared() => {
            "The network is being told of it. In a moment, anybody with the link can fetch it."
        }
        () if item.asks => {
            "Anybody with the link can ask for this while your browser is open, and gets it if you allow it."
        }
        () => "Anybody with the link can fetch this while your browser is open.",
    })
}

/// A file that others can fetch is also at a storage, at least until a moment.
pub fn copy_until(until: Option<String>) -> String {
    match until {
        Some(until) => format!("a copy is at storage until {until}"),
        None => "a copy is at storage".to_owned(),
    }
}

/// A file that is not shared any more is still at storages, which are asked to remove it.
pub fn still_at(hosts: &str) -> String {
    format!("a copy is still at {hosts}")
}

/// Files that were removed here are still at storages, which are asked to remove them.
pub fn removed_still_at(count: usize, hosts: &str) -> String {
    format!(
        "{} that you removed: copies are still at {hosts}, until its node answers.",
        files(count as u64)
    )
}

/// Files that were removed here are still at storages, which would give them up only to a former identity.
pub fn former_still_at(count: usize, hosts: &str) -> String {
    format!(
        "{} that you removed: copies of your former identity are still at {hosts}, until they expire there.",
        files(count as u64)
    )
}

/// Until when a storage has to keep a copy.
pub fn kept_until(host: &str, until: Option<String>) -> String {
    match until {
        Some(until) => format!("{host}, kept at least until {until}"),
        None => host.to_owned(),
    }
}

/// What others did with a file; empty if nothing.
pub fn counters(requests: u64, uploaded: u64) -> String {
    let asked = match requests {
        0 => String::new(),
        1 => "asked for once".to_owned(),
        2 => "asked for twice".to_owned(),
        n => format!("asked for {n} times"),
    };
    match (asked.is_empty(), uploaded) {
        (_, 0) => asked,
        (true, _) => format!("{} uploaded", words::size(uploaded)),
        (false, _) => format!("{asked} · {} uploaded", words::size(uploaded)),
    }
}

/// That an item was saved, and under which name if it could not keep its own.
pub fn saved(saved: &str, name: &str) -> String {
    if saved == name {
        "saved".to_owned()
    } else {
        format!("saved as “{saved}”")
    }
}

/// The number of files in a directory.
pub fn files(count: u64) -> String {
    if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    }
}

/// The button that removes many files.
pub fn remove_many(count: usize) -> String {
    format!("Remove {}", files(count as u64))
}

/// The number and size of the picked files, before they are shared.
pub fn picked(count: usize, bytes: u64) -> String {
    format!("{} · {}", files(count as u64), words::size(bytes))
}

/// The bytes that files take, and those that are left.
pub fn room(used: u64, limit: u64) -> String {
    let used_words = format!("{} used", words::size(used));
    match limit {
        u64::MAX => used_words,
        _ => format!(
            "{used_words} · {} free",
            words::size(limit.saturating_sub(used))
        ),
    }
}

/// The number of picked files that are not named.
pub fn and_more(count: usize) -> String {
    format!("and {count} more")
}

/// The number and size of the selected files.
pub fn selected_bytes(count: usize, bytes: u64) -> String {
    format!("{} · {}", selected(count), words::size(bytes))
}

/// The number of selected files.
pub fn selected(count: usize) -> String {
    format!("{count} selected")
}

/// The number of files that are not listed yet.
pub fn more(count: usize) -> String {
    format!("Show {count} more")
}

/// The button that shares the selected files of the page.
pub fn share_many(count: usize) -> String {
    format!("Share {}", files(count as u64))
}

/// The label of the box that selects one of many files.
pub fn select_named(name: &str) -> String {
    format!("Select {name}")
}

/// The label of the button with everything that can be done with a file.
pub fn more_about(name: &str) -> String {
    format!("More about {name}")
}

/// The label of the QR code of a link.
pub fn qr_of(name: &str) -> String {
    format!("QR code with the link to {name}")
}

/// The label of the button that shares one of many files.
pub fn share_named(name: &str) -> String {
    format!("Share {name}")
}

/// Says that too many files were picked.
pub fn too_many_files(limit: usize) -> String {
    format!("That is more than {limit} files. Pack them into an archive, or share them in parts.")
}

/// Says why access to origins is requested: for these files, of which there may be none that is known.
pub fn access(origins: &[String], names: &[&str]) -> String {
    let hosts: Vec<String> = origins.iter().map(|origin| origin_host(origin)).collect();
    let what = match names {
        [] => "this".to_owned(),
        [name] => format!("“{name}”"),
        [name, others @ ..] => format!("“{name}” {}", and_more(others.len())),
    };
    format!(
        "To share {what}, Fluence Share needs your permission to read from {}. The browser asks you next; it is used for nothing else.",
        hosts.join(", ")
    )
}

/// Whether a match pattern permits what is at an address, as far as their hosts tell.
pub fn is_of_origin(url: &str, pattern: &str) -> bool {
    let without_port = |host: String| match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_owned(),
        _ => host,
    };
    let host = origin_host(pattern);
    host == ALL_SITES || without_port(host) == without_port(host_of(url))
}

/// The host of a match pattern, as people know it.
fn origin_host(pattern: &str) -> String {
    match host_of(pattern).as_str() {
        "*" | "" | "<all_urls>" => ALL_SITES.to_owned(),
        host => host.strip_prefix("*.").unwrap_or(host).to_owned(),
    }
}

const ALL_SITES: &str = "all sites";

/// Asks whether an item is to be removed.
pub fn remove_question(item: &Item) -> &'static str {
    match item.origin {
        _ if item.status.is_interrupted() => "Discard what was fetched so far?",
        Origin::Share => {
            "Remove it from Fluence Share? Others cannot get it from you any more; your own file stays."
        }
        Origin::Fetch => "Remove it from Fluence Share? What you saved to disk stays.",
    }
}

/// A change of an item, as a screen reader says it.
pub fn announcement(name: &str, status: &str) -> String {
    format!("{name}: {status}")
}

/// What the words about an item refer to.
pub fn about(origin: Origin) -> About {
    match origin {
        Origin::Share => About::Share,
        Origin::Fetch => About::Fetch,
    }
}

/// A notice, which belongs to no item.
pub fn notice(failure: &Failure) -> String {
    words::failure::<Extension>(failure, About::Other).what
}

/// Why the typed hash or link is not fetched, and what to do.
pub fn fetch_refused(failure: &Failure) -> String {
    let Words { what, advice } = words::failure::<Extension>(failure, About::Fetch);
    format!("{what} {advice}").trim_end().to_owned()
}

/// What is wrong with a setting, and what to do.
pub fn setting_wrong(failure: &Failure) -> String {
    let Words { what, advice } = words::failure::<Extension>(failure, About::Other);
    format!("{what} {advice}")
}

/// A line of an item's log.
pub fn log(entry: &LogEntry, about: About) -> String {
    words::log::<Extension>(entry, about)
}

/// Who called.
pub fn who(who: Who<'_>) -> String {
    match who {
        Who::Peer(peer) => peer.to_owned(),
        Who::Others(1) => "one more call".to_owned(),
        Who::Others(calls) => format!("{calls} more calls"),
    }
}

/// What was uploaded because of a call.
pub fn sent(who: Who<'_>, sent: Sent) -> String {
    match sent {
        // Nobody wrote down which of them had what.
        Sent::Nothing if matches!(who, Who::Others(_)) => String::new(),
        Sent::Nothing => "nothing, storage had it".to_owned(),
        Sent::Uploading => "uploading".to_owned(),
        Sent::Bytes(bytes) => words::size(bytes),
        Sent::Failed => "failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::state::{Event, EventKind, ItemId, Progress, State};

    #[test]
    fn times_are_told_in_the_unit_that_matters() {
        for (seconds, text) in [
            (0, "1 s left"),
            (59, "59 s left"),
            (60, "1 min left"),
            (61, "2 min left"),
            (3600, "1 h 0 min left"),
            (90_000, "more than a day left"),
        ] {
            assert_eq!(time_left(seconds), text);
        }
    }

    #[test]
    fn progress_says_only_what_is_known() {
        let of = |bytes, total, rate| progress(&Progress { bytes, total, rate }, true, None);
        assert_eq!(
            of(12_000_000, Some(50_000_000), 3_400_000),
            "12 MB of 50 MB · 3.4 MB/s · 12 s left"
        );
        assert_eq!(of(12_000_000, None, 0), "12 MB");
        assert_eq!(of(5, Some(5), 10), "5 bytes of 5 bytes · 10 bytes/s");
        assert_eq!(of(6, Some(5), 10), "6 bytes of 5 bytes · 10 bytes/s");
        let moved = Progress {
            bytes: 12_000_000,
            total: Some(50_000_000),
            rate: 3_400_000,
        };
        assert_eq!(
            progress(&moved, true, Some(stalled(false))),
            "12 MB of 50 MB · nothing has come for a while"
        );
        assert_eq!(
            progress(&moved, true, Some(stalled(true))),
            "12 MB of 50 MB · nothing has moved for a while"
        );
        // A fetch that was just paused is not slow.
        assert_eq!(
            progress(&moved, false, Some(stalled(false))),
            "12 MB of 50 MB"
        );
    }

    #[test]
    fn a_settings_file_says_what_it_means_before_it_is_used() {
        let now = Settings {
            nodes: vec!["/dns4/a/tcp/1/ws".into()],
            private: true,
            ..Settings::default()
        };
        let said = |new: &Settings| {
            let changes = import_changes(&now, new, |node| format!("host of {node}"));
            let lines = changes.into_iter();
            let lines: Vec<String> = lines
                .map(|(words, hosts)| format!("{words} {hosts}"))
                .collect();
            lines.join("\n")
        };
        assert_eq!(said(&now), "It has 1 node: host of /dns4/a/tcp/1/ws");
        let stranger = Settings {
            nodes: vec!["/dns4/b/tcp/1/ws".into(), "/dns4/c/tcp/1/ws".into()],
            private: false,
            provide_fetched: !now.provide_fetched,
            public: Some(true),
            own_ipfs: Some(fluence::state::OwnIpfs {
                rpc: "https://evil.example".into(),
                gateway: "https://other.example".into(),
            }),
            routers: vec!["https://router.example".into()],
            gateways: vec!["https://gateway.example".into()],
            max_sent_day: Some(1),
            ..now.clone()
        };
        let said = said(&stranger);
        for part in [
            "host of /dns4/b/tcp/1/ws, host of /dns4/c/tcp/1/ws",
            "evil.example, other.example",
            "without asking you",
            "router.example",
            "gateway.example",
            "What you fetch is",
            "What you share is not private",
            "Limits or other settings",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn the_size_in_an_empty_field_is_the_one_that_applies() {
        assert_eq!(words::size(Settings::default().max_file), OPTIONS_MAX_NONE);
    }

    #[test]
    fn a_test_of_a_node_says_what_it_found() {
        let found = |ms, cause| {
            tested(&(
                ms,
                Some(LinkError {
                    node: None,
                    others_failed: false,
                    cause,
                }),
            ))
        };
        let refused = || LinkCause::ReservationRefused { detail: None };
        assert!(found(Some(7), refused()).contains("you can only fetch through it"));
        assert!(found(None, refused()).starts_with("You can connect to it"));
        assert!(found(None, LinkCause::ConnectionLost).starts_with("It does not work"));
    }

    /// The item that results from these events.
    fn item(kinds: impl IntoIterator<Item = EventKind>) -> Item {
        let mut state = State::default();
        for kind in kinds {
            state.apply(&Event {
                seq: 1,
                at: 1,
                kind,
            });
        }
        state.items.newest().next().cloned().unwrap()
    }

    #[test]
    fn nobody_is_said_to_get_anything_without_the_network() {
        let id = ItemId("0".repeat(32));
        let status_is = |status| EventKind::Status {
            id: id.clone(),
            status,
        };
        let online = NetworkStatus::Online {
            node: String::new(),
        };
        let shared = item([
            EventKind::ShareBegan {
                key: None,
                id: id.clone(),
                name: "a".into(),
                mime: None,
                size: None,
                source: None,
            },
            status_is(Status::Shared),
        ]);
        assert_eq!(status(&shared, &online), "Others can fetch it");
        assert_eq!(
            now(&shared, &online, false),
            Some("Anybody with the link can fetch this while your browser is open.")
        );
        for (network, paused) in [(&NetworkStatus::NoNode, false), (&online, true)] {
            let now = now(&shared, network, paused).unwrap_or_default();
            assert!(now.starts_with("Nobody can fetch this"), "{now}");
        }
        assert_eq!(
            status(&shared, &NetworkStatus::NoNode),
            "Waiting to go online"
        );
        let fetched = |confirmed: bool| {
            let mut kinds = vec![
                EventKind::FetchBegan {
                    key: None,
                    id: id.clone(),
                    cid: "Qm".into(),
                },
                status_is(Status::Done),
                EventKind::Providing {
                    id: id.clone(),
                    providing: true,
                },
            ];
            if confirmed {
                let ids = vec![id.clone()];
                kinds.push(EventKind::Confirmed { ids });
            }
            item(kinds)
        };
        assert_eq!(
            status(&fetched(false), &online),
            "Fetched. Telling the network"
        );
        assert_eq!(status(&fetched(true), &online), "Fetched. You share it too");
        assert_eq!(
            status(&fetched(true), &NetworkStatus::NoNode),
            "Fetched. Waiting to share it too"
        );
    }

    #[test]
    fn a_pause_of_ones_own_is_no_failure() {
        let id = ItemId("0".repeat(32));
        let online = NetworkStatus::Online {
            node: String::new(),
        };
        for (code, words) in [
            (Code::Paused, "Paused"),
            (Code::Interrupted, "Interrupted"),
            (Code::DiskFull, "Interrupted"),
        ] {
            let failure = Failure::new(code);
            let began = EventKind::FetchBegan {
                key: None,
                id: id.clone(),
                cid: "Qm".into(),
            };
            let status_is = EventKind::Status {
                id: id.clone(),
                status: Status::Interrupted { failure },
            };
            let fetch = item([began, status_is]);
            assert_eq!(status(&fetch, &online), words);
            assert_eq!(is_paused(&fetch), words == "Paused");
        }
    }

    #[test]
    fn sentences_end() {
        assert_eq!(sentence("it is closed "), "it is closed.");
        assert_eq!(sentence("Closed."), "Closed.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn counters_are_silent_when_nothing_happened() {
        assert_eq!(counters(0, 0), "");
        assert_eq!(counters(1, 0), "asked for once");
        assert_eq!(counters(0, 5), "5 bytes uploaded");
        assert_eq!(counters(12, 5000), "asked for 12 times · 5 kB uploaded");
    }

    #[test]
    fn access_names_files_and_hosts_as_people_know_them() {
        let one = access(&["https://example.org/*".into()], &["a.png"]);
        assert!(one.starts_with("To share “a.png”, "), "{one}");
        assert!(one.contains("from example.org."), "{one}");
        let three = access(&["*://*.example.org/*".into()], &["a.png", "b", "c"]);
        assert!(three.contains("“a.png” and 2 more, "), "{three}");
        assert!(three.contains("from example.org."), "{three}");
        for pattern in ["*://*/*", "<all_urls>"] {
            assert!(access(&[pattern.into()], &[]).contains("from all sites."));
            assert!(is_of_origin("https://example.org/a", pattern));
        }
        let at = "http://127.0.0.1:8080/a";
        assert!(is_of_origin(at, "http://127.0.0.1/*"));
        assert!(is_of_origin(at, "http://127.0.0.1:8080/*"));
        assert!(!is_of_origin(at, "http://127.0.0.2/*"));
    }
}
