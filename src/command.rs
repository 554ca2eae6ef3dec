//! What a face asks of the worker, and what the worker answers. Every command gets one answer.

use serde::{Deserialize, Serialize};

use std::collections::BTreeMap;

use crate::failure::Failure;
use crate::state::{Event, Item, ItemId, LogLine, Settings, State};

/// The longest URL that is shared, in bytes.
pub const MAX_URL: usize = 64 * 1024;
/// The items that are in the first message to a face.
pub const FIRST_ITEMS: usize = 200;
/// The items that are in each further message.
pub const MORE_ITEMS: usize = 1_000;
/// The thumbnails that are asked for at a time.
pub const MAX_THUMBNAILS: usize = 64;

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
    /// The thumbnails of some items, [`MAX_THUMBNAILS`] at most: those that are seen now.
    Thumbnails {
        /// The items.
        ids: Vec<ItemId>,
    },
    /// The log of an item, oldest line first.
    Log {
        /// The item.
        id: ItemId,
    },
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
    /// The answer to [`Command::Watch`], once: the state with its newest items, [`FIRST_ITEMS`] at most, so that a list can
    /// be shown at once. The others follow in [`ToFace::Items`].
    State {
        /// The state, with its newest items.
        state: Box<State>,
        /// The settings that hold where the person set none.
        defaults: Settings,
        /// The items that there are in all.
        count: usize,
    },
    /// Further items, as they were when [`ToFace::State`] was sent: newest first, [`MORE_ITEMS`] at most. Events that are
    /// sent later hold for them too.
    Items {
        /// The items.
        items: Vec<Item>,
    },
    /// Something happened.
    Event {
        /// What happened.
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

impl ToFace {
    /// What a face that begins to watch is sent, in this order.
    pub fn first(state: &State, defaults: &Settings) -> impl Iterator<Item = Self> {
        let first = State {
            items: state.items.newest().take(FIRST_ITEMS).cloned().collect(),
            seq: state.seq,
            network: state.network.clone(),
            web: state.web.clone(),
            settings: state.settings.clone(),
            peer: state.peer.clone(),
            notice: state.notice.clone(),
        };
        let first = Self::State {
            state: Box::new(first),
            defaults: defaults.clone(),
            count: state.items.len(),
        };
        let mut rest = state.items.newest().skip(FIRST_ITEMS);
        let more = std::iter::from_fn(move || {
            let items: Vec<Item> = rest.by_ref().take(MORE_ITEMS).cloned().collect();
            (!items.is_empty()).then_some(Self::Items { items })
        });
        std::iter::once(first).chain(more)
    }
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
        /// Why.
        failure: Failure,
    },
    /// The answer to [`Command::Thumbnails`].
    Thumbnails {
        /// `data:` URLs; an item without a thumbnail is left out.
        thumbnails: BTreeMap<ItemId, String>,
    },
    /// The answer to [`Command::Log`].
    Log {
        /// The lines, oldest first.
        lines: Vec<LogLine>,
    },
    /// The extension may not read from there yet: ask the person for these origins. The share goes on by itself once
    /// they are given; there is no need to send the command again.
    NeedsAccess {
        /// Match patterns such as `https://example.org/*`.
        origins: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{EventKind, MAX_ITEMS, Status};

    /// A state with as many items as there can be, each as a shared picture is.
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
                ToFace::Items { items: more } => items.extend(more),
                ToFace::Event { .. } | ToFace::Access { .. } | ToFace::Answer { .. } => {
                    unreachable!()
                }
            }
        }
        assert!(items.iter().eq(state.items.newest()));
    }
}
