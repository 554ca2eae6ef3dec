//! What a face asks of the worker, and what the worker answers. Every command gets one answer.

use serde::{Deserialize, Serialize};

use crate::state::{Event, Failure, ItemId, Settings, State};

/// The longest URL that is shared, in bytes.
pub const MAX_URL: usize = 64 * 1024;

/// From a face to the worker, each with a number of the face's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// Comes back with the answer.
    pub number: u32,
    /// What is asked.
    pub command: Command,
}

/// What a face can ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// The state now, and from then on every event.
    Watch,
    /// Share what is at an address, as the page in that tab would get it.
    ShareUrl {
        /// `http:`, `https:`, `data:` or `blob:`.
        url: String,
        /// The tab that it was found in.
        tab: Option<i32>,
        /// The page's address.
        page: Option<String>,
        /// A name for it, from a download or a link.
        name: Option<String>,
    },
    /// Share blobs that the face hands over beside this message ([`HANDOVER`]).
    ShareFiles {
        /// The handover's key.
        key: String,
        /// One for each blob.
        files: Vec<HandedFile>,
        /// Whether all become one directory with one hash.
        together: bool,
    },
    /// Fetch by hash or link, as a person typed it.
    Fetch {
        /// Any form of CID, a link, a gateway's URL.
        link: String,
    },
    /// Go on with an interrupted fetch, or try a failed item again.
    Resume {
        /// The item.
        id: ItemId,
    },
    /// Stop a fetch or a share that is being prepared; it can go on later.
    Pause {
        /// The item.
        id: ItemId,
    },
    /// Stop providing; the bytes stay.
    Stop {
        /// The item.
        id: ItemId,
    },
    /// Provide again.
    ShareAgain {
        /// The item.
        id: ItemId,
    },
    /// Save to the download folder.
    Save {
        /// The item.
        id: ItemId,
    },
    /// Forget it with its bytes; what was saved stays.
    Remove {
        /// The item.
        id: ItemId,
    },
    /// Change the settings.
    Set {
        /// All of them.
        settings: Settings,
    },
    /// Connect now, without waiting for the next try.
    Reconnect,
    /// Try an IPFS node of one's own and say what is wrong.
    TestIpfs {
        /// RPC address.
        rpc: String,
        /// Gateway address.
        gateway: String,
    },
}

/// The `BroadcastChannel` over which a face hands `File`s to the worker: `{key, files: [File…]}`; the worker answers
/// `{key, taken: true}`. Structured clones copy no bytes, and outlast the face.
pub const HANDOVER: &str = "fluence-handover";

/// What a face says of a file that it hands over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandedFile {
    /// As the person's system calls it; with `/` where it is in a folder.
    pub name: String,
    /// MIME type, or empty.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// From the worker to a face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToFace {
    /// The answer to [`Command::Watch`], once.
    State {
        /// All of it.
        state: Box<State>,
        /// The settings that hold where the person set none.
        defaults: Settings,
    },
    /// Something happened.
    Event {
        /// What.
        event: Event,
    },
    /// Shares wait for the person's permission to read from these origins (match patterns such as
    /// `https://example.org/*`); once it is given they go on by themselves. Empty when none waits any more. Sent after
    /// [`ToFace::State`] where some wait, and whenever it changes.
    Access {
        /// All of them.
        origins: Vec<String>,
    },
    /// A command was done or refused.
    Answer {
        /// The command's number.
        number: u32,
        /// How it ended.
        answer: Answer,
    },
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Done, or begun: what follows comes as events.
    Done {
        /// The item that it made or found, where it did.
        id: Option<ItemId>,
    },
    /// Not done.
    Refused {
        /// Why, and what to do.
        failure: Failure,
    },
    /// The extension may not read from there yet: ask the person for these origins. The share goes on by itself once
    /// they are given; there is no need to send the command again.
    NeedsAccess {
        /// Match patterns such as `https://example.org/*`.
        origins: Vec<String>,
    },
}
