//! The history of the list: a state, and the events after it, from which the list of every moment since can be made again. It
//! can be written into a file for those who look for a fault, without names, links, keys, hashes, peers and addresses.

use serde_json::{Value, json};

use crate::journal;
use crate::report::Mask;
use crate::state::{Event, EventKind, Item, State};

/// The most events that are kept, lines of logs counted, apart from those since the last snapshot of the journal.
pub const MAX_EVENTS: u64 = 10_000;
/// How long they are kept, in milliseconds.
pub const MAX_AGE_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// The most events of one [`crate::command::Answer::History`].
pub const PART: u32 = 1_000;
/// The name of the file that a history is saved as.
pub const NAME: &str = "fluence-history.json";
/// The largest such file that is read, in bytes.
pub const MAX_FILE: usize = 64 << 20;

/// The member of such a file that has the version of its format.
pub const FORMAT: &str = "fluence_history";
/// That version.
pub const VERSION: u64 = 1;

/// The most events of such a file that are read: those since the last snapshot may be as many again.
pub const MAX_READ: usize = 2 * MAX_EVENTS as usize;

/// A state and what happened after it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    start: State,
    events: Vec<Event>,
}

impl History {
    /// A history that begins with this state.
    pub fn new(start: State) -> Self {
        let events = Vec::new();
        Self { start, events }
    }

    /// Adds an event, unless it came before the last one.
    pub fn add(&mut self, event: Event) {
        if event.seq > self.seq() {
            self.events.push(event);
        }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.events.last().map_or(self.start.seq, |last| last.seq)
    }

    /// The event after which there were so many; `None` for the beginning.
    pub fn event(&self, count: usize) -> Option<&Event> {
        self.events.get(count.checked_sub(1)?)
    }

    /// The state after so many events.
    pub fn at(&self, count: usize) -> State {
        let mut state = self.start.clone();
        self.forward(&mut state, 0, count);
        state
    }

    /// Applies the events from one moment to a later one to the state of the first.
    pub fn forward(&self, state: &mut State, from: usize, to: usize) {
        let events = self.events.get(from..to.min(self.events.len()));
        for event in events.unwrap_or_default() {
            state.apply(event);
        }
    }

    /// The history as a file, in JSON: the version of the format, the version of the program, the first state, and the events.
    /// Texts that are not words of this program are replaced as in a [report](crate::report).
    pub fn export(&self, program: &str) -> String {
        let mut mask = Mask::default();
        let start = without_keys(&self.start);
        let state = readable(mask.of("state", &start));
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|event| readable(mask.of("events", &keyless(event))))
            .collect();
        let file = json!({
            FORMAT: VERSION,
            "version": program,
            "state": state,
            "events": events,
        });
        file.to_string()
    }
}

/// The snapshot of a state with which a history can begin: it has no keys.
pub fn frame(state: &State) -> String {
    let tells = |item: &Item| {
        let upload = item.upload.as_ref();
        item.key.is_some() || upload.is_some_and(|upload| upload.token.is_some())
    };
    match state.items.values().any(tells) {
        true => journal::snapshot(&without_keys(state)),
        false => journal::snapshot(state),
    }
}

/// An event of a journal as it is kept in the history, if it has anything that is not.
pub fn kept(event: &Event) -> Option<String> {
    let kept = keyless(event);
    (kept != *event).then(|| journal::event(&kept))
}

/// The event that a journal wrote as this text; `None` if it cannot be read.
pub fn event(text: &str) -> Option<Event> {
    serde_json::from_str(text).ok()
}

/// A state without keys and permissions to upload. What can be opened with a key must not be longer there than the person wants
/// it.
fn without_keys(state: &State) -> State {
    let mut state = state.clone();
    for item in state.items.iter_mut() {
        item.key = None;
        if let Some(upload) = &mut item.upload {
            upload.token = None;
        }
    }
    state
}

/// An event without the key of a private share, and without the permission to upload.
fn keyless(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event.kind {
        EventKind::ShareBegan { key, .. } | EventKind::FetchBegan { key, .. } => *key = None,
        EventKind::UploadBegan { token, .. } => *token = None,
        _ => {}
    }
    event
}

/// Makes a masked value such that it can be read again: the members of its list of items are called like the items.
fn readable(mut value: Value) -> Value {
    if let Some(Value::Object(items)) = value.get_mut("items") {
        let named = std::mem::take(items).into_iter().map(|(name, item)| {
            let id = item["id"].as_str().map(str::to_owned);
            (id.unwrap_or(name), item)
        });
        *items = named.collect();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Code, Failure};
    use crate::private::Key;
    use crate::state::{ItemId, Secret, Settings, Status};

    const CID: &str = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

    fn id() -> ItemId {
        ItemId("0123456789abcdef0123456789abcdef".into())
    }

    /// What happens when a private share is made, uploaded and removed, beside a fetch, after a state that has one item.
    fn lived() -> History {
        let key = Some(Secret(Key::new([7; 16])));
        let before = EventKind::FetchBegan {
            id: ItemId("before".into()),
            cid: CID.into(),
            key: key.clone(),
            path: None,
        };
        let mut state = State::default();
        state.apply(&Event {
            seq: 1,
            at: 5,
            kind: before,
        });
        let kinds = [
            EventKind::Started {
                peer: "12D3KooWsecret".into(),
            },
            EventKind::ShareBegan {
                id: id(),
                name: "diary.txt".into(),
                mime: Some("text/plain".into()),
                size: Some(7),
                source: None,
                key,
                ends: None,
            },
            EventKind::Hashed {
                id: id(),
                cid: CID.into(),
                size: 7,
                files: None,
            },
            EventKind::Status {
                id: id(),
                status: Status::Shared,
            },
            EventKind::UploadBegan {
                id: id(),
                multiaddr: "/dns4/secret.example/tcp/80/http".into(),
                token: Some("secrettoken".into()),
                expires: Some(9),
                peer: Some("12D3KooWsecret".into()),
            },
            EventKind::UploadEnded {
                id: id(),
                sent: 7,
                error: Some(Failure::new(Code::Stalled).host("secret.example")),
            },
            EventKind::Settings {
                settings: Settings {
                    nodes: vec!["/dns4/secret.example/tcp/443/tls/ws".into()],
                    ..Settings::default()
                },
            },
            EventKind::Removed { id: id() },
        ];
        let mut history = History::new(state);
        for (number, kind) in kinds.into_iter().enumerate() {
            let (seq, at) = (number as u64 + 2, 6 + number as u64);
            history.add(Event { seq, at, kind });
        }
        history
    }

    #[test]
    fn every_moment_is_shown_again() {
        let history = lived();
        assert_eq!((history.len(), history.seq()), (8, 9));
        let status = |count: usize| {
            let state = history.at(count);
            state.items.get(&id()).map(|item| item.status.name())
        };
        assert_eq!(
            (status(0), status(4), status(8)),
            (None, Some("shared"), None)
        );
        assert_eq!(history.at(0).items.len(), 1, "what there was before");
        let mut state = history.at(2);
        history.forward(&mut state, 2, 8);
        assert_eq!(state, history.at(8));
        assert_eq!(history.at(100), history.at(8));
        assert_eq!(history.event(0), None);
        assert_eq!(history.event(8).map(|event| event.at), Some(13));
    }

    #[test]
    fn what_comes_twice_is_left_out() {
        let mut history = lived();
        let last = history.event(8).unwrap().clone();
        history.add(last.clone());
        assert_eq!(history.len(), 8);
        assert_eq!(event(&journal::event(&last)), Some(last));
        assert_eq!(event("{}"), None);
    }

    #[test]
    fn a_file_opens_elsewhere_and_tells_nothing_but_what_happened() {
        let history = lived();
        let text = history.export("0.1.0");
        let key = Key::new([7; 16]).text();
        for secret in [CID, "diary", "secret", "0123456789abcdef", &key] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file[FORMAT], VERSION);
        let mut read = History::new(serde_json::from_value(file["state"].clone()).unwrap());
        for event in file["events"].as_array().unwrap() {
            read.add(serde_json::from_value(event.clone()).unwrap());
        }
        assert_eq!(read.len(), history.len(), "{text}");
        for count in 0..=history.len() {
            let (there, here) = (read.at(count), history.at(count));
            let statuses = |state: &State| -> Vec<String> {
                let items = state.items.newest();
                items.map(|item| item.status.name().to_owned()).collect()
            };
            assert_eq!(statuses(&there), statuses(&here), "{count}");
            assert_eq!(there.items.len(), here.items.len());
            let at = |history: &History| history.event(count).map(|event| event.at);
            assert_eq!(at(&read), at(&history));
        }
    }

    #[test]
    fn a_history_has_no_key_and_no_permission() {
        let history = lived();
        let key = Key::new([7; 16]).text();
        let state = frame(&history.at(5));
        assert!(state.contains("diary.txt") && !state.contains(&key));
        assert!(state.contains("secret.example") && !state.contains("secrettoken"));
        let kept: Vec<String> = history.events.iter().filter_map(kept).collect();
        assert_eq!(kept.len(), 2, "the others stay as they are");
        assert!(kept.iter().all(|text| !text.contains(&key)));
        assert!(kept.iter().all(|text| !text.contains("secrettoken")));
    }
}
