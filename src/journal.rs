//! The journal as text: a snapshot of the [`State`] and the events after it, each with the version
//! of its format.
//!
//! A host stores the texts wherever it likes. [`Reader`] reads what any version wrote: older texts
//! are converted to the present format by a chain of small steps, and what cannot be read affects
//! nothing else. Nothing in here fails, so a program that has a journal can always start.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::failure::{Code, Failure};
use crate::state::{
    Copy, Event, EventKind, Item, ItemId, Items, LogLine, MAX_LOG, Settings, State,
};
use crate::text::quote;

/// The version of the format that is written.
pub const VERSION: u64 = 3;

/// How a text of the present version begins.
const PRESENT: &str = "{\"version\":3,";

/// The version of a text without a number, which only version 1 wrote.
const FIRST: u64 = 1;

/// How many bytes of a snapshot an item takes, with some to spare.
const ITEM: usize = 400;

/// The snapshot of a state, as text.
pub fn snapshot(state: &State) -> String {
    #[derive(Serialize)]
    struct Snapshot<'a> {
        version: u64,
        state: &'a State,
    }
    let snapshot = Snapshot {
        version: VERSION,
        state,
    };
    // A text that grows leaves memory behind.
    let mut text = Vec::with_capacity(ITEM * (state.items.len() + 10));
    let written = serde_json::to_writer(&mut text, &snapshot);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.unwrap_or_default()
}

/// An event, as text of one line.
pub fn event(event: &Event) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        version: u64,
        #[serde(flatten)]
        event: &'a Event,
    }
    let written = Written {
        version: VERSION,
        event,
    };
    serde_json::to_string(&written).unwrap_or_default()
}

/// What is stored beside the state for one item ([`crate::state::LogLine`]).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// The `data:` URL of a small picture.
    pub thumbnail: Option<String>,
    /// What happened, oldest line first.
    pub log: Vec<LogLine>,
}

/// What a journal held.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The state that the snapshot and the events make.
    pub state: State,
    /// Logs and thumbnails that an older version kept in the snapshot; the host stores them beside the state.
    pub details: BTreeMap<ItemId, Details>,
    /// What could not be read.
    pub damage: Damage,
    /// Whether something in it was in an older format, so that a snapshot should be written.
    pub outdated: bool,
}

/// What could not be read of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// Whether the snapshot, or its list of items, could not be read at all.
    pub snapshot: bool,
    /// Items of the snapshot that could not be read.
    pub items: u64,
    /// Events that could not be read.
    pub events: u64,
    /// Settings that could not be read, and have their defaults.
    pub settings: Vec<String>,
}

impl Damage {
    /// Whether all of it could be read.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the bytes of missing items may still be stored.
    pub fn may_miss_items(&self) -> bool {
        self.snapshot || self.items > 0 || self.events > 0
    }

    /// The failures that a person is told of.
    pub fn failures(&self) -> Vec<Failure> {
        let mut failures = Vec::new();
        if self.may_miss_items() {
            let lost = self.items + self.events + u64::from(self.snapshot);
            failures.push(Failure::new(Code::JournalDamaged).size(lost));
        }
        if !self.settings.is_empty() {
            failures.push(Failure::new(Code::SettingsDamaged).name(&self.settings.join(", ")));
        }
        failures
    }
}

/// Reads a journal: first the snapshot, then the events in the order of their numbers.
#[derive(Debug, Default)]
pub struct Reader(Read);

impl Reader {
    /// Begins with a snapshot; `None` if there is none yet.
    pub fn new(snapshot: Option<&str>) -> Self {
        let mut reader = Self::default();
        if let Some(text) = snapshot {
            reader.snapshot(text);
        }
        reader
    }

    /// The number of the last event that is applied; events up to it need not be given.
    pub fn seq(&self) -> u64 {
        self.0.state.seq
    }

    /// Applies an event, unless the snapshot has it already. Returns whether all of it could be
    /// read; if not, the text is worth setting aside.
    pub fn event(&mut self, text: &str) -> bool {
        let Some((event, is_whole)) = self.read_event(text) else {
            self.0.damage.events += 1;
            return false;
        };
        if event.seq > self.0.state.seq {
            self.keep_details(&event);
            self.0.state.apply(&event);
        }
        is_whole
    }

    /// What was read.
    pub fn finish(mut self) -> Read {
        // Until version 3, whoever had set nothing provided what they fetched.
        self.0.state.provides_unset |= self.0.outdated && self.0.state.settings.is_none();
        let items = &self.0.state.items;
        self.0.details.retain(|id, _| items.contains_key(id));
        self.0
    }

    fn snapshot(&mut self, text: &str) {
        // Most snapshots are whole, and there may be thousands of items, which are read with little memory this way.
        if let Some(Ok(Present { mut state })) = present(text) {
            state.items.iter_mut().for_each(rest);
            self.0.state = State {
                seq: state.seq,
                items: state.items,
                settings: state.settings,
                provides_unset: state.provides_unset,
                copies: state.copies,
                withdrawn: state.withdrawn,
                sent_day: state.sent_day,
                sent: state.sent,
                fetched_day: state.fetched_day,
                fetched: state.fetched,
                peer: state.peer,
                ..State::default()
            };
            return;
        }
        let Ok(Value::Object(mut written)) = serde_json::from_str(text) else {
            self.0.damage.snapshot = true;
            return;
        };
        let version = version_of(&written);
        let mut state = match (version, written.remove("state")) {
            (FIRST, _) => Value::Object(written),
            (_, Some(state)) => state,
            (_, None) => {
                self.0.damage.snapshot = true;
                return;
            }
        };
        self.0.outdated |= version < VERSION;
        for step in steps(version) {
            (step.snapshot)(&mut state, &mut self.0.details);
        }
        let Value::Object(mut state) = state else {
            self.0.damage.snapshot = true;
            return;
        };
        let mut items = Vec::new();
        match state.remove("items") {
            Some(Value::Object(written)) => {
                for (id, item) in written {
                    match read_item(&id, item) {
                        Some(mut item) => {
                            rest(&mut item);
                            items.push(item);
                        }
                        None => self.0.damage.items += 1,
                    }
                }
            }
            // Every version has written a list, even if it was empty.
            _ => self.0.damage.snapshot = true,
        }
        if let Some(written) = state.remove("settings").filter(|value| !value.is_null()) {
            let (settings, lost) = Settings::salvage(&written);
            self.0.state.settings = Some(settings);
            self.0.damage.settings = lost;
        }
        self.0.state.items = Items::from_iter(items);
        self.0.state.provides_unset = state.get("provides_unset") == Some(&Value::Bool(true));
        let number = |name| state.get(name).and_then(Value::as_u64).unwrap_or_default();
        self.0.state.sent_day = number("sent_day");
        self.0.state.sent = number("sent");
        self.0.state.fetched_day = number("fetched_day");
        self.0.state.fetched = number("fetched");
        if let Some(Value::Array(copies)) = state.get("copies") {
            let copies = copies.iter().filter_map(|copy| from_value(copy).ok());
            self.0.state.copies = copies.collect();
        }
        if let Some(Value::Array(cids)) = state.get("withdrawn") {
            let cids = cids.iter().filter_map(Value::as_str);
            self.0.state.withdrawn = cids.map(str::to_owned).collect();
        }
        self.0.state.seq = state.get("seq").and_then(Value::as_u64).unwrap_or_default();
        self.0.state.peer = state.get("peer").and_then(Value::as_str).map(str::to_owned);
    }

    /// An event, and whether all of it could be read.
    fn read_event(&mut self, text: &str) -> Option<(Event, bool)> {
        if let Some(Ok(event)) = present(text) {
            return Some((event, true));
        }
        let Value::Object(mut written) = serde_json::from_str(text).ok()? else {
            return None;
        };
        let version = version_of(&written);
        written.remove("version");
        let mut event = Value::Object(written);
        for step in steps(version) {
            (step.event)(&mut event);
        }
        let read = match from_value(&event) {
            Ok(event) => (event, true),
            Err(_) => (self.salvage_settings(&event)?, false),
        };
        // A text that cannot be read says nothing about who wrote it.
        self.0.outdated |= version < VERSION;
        Some(read)
    }

    /// An event whose settings can be read in part.
    fn salvage_settings(&mut self, event: &Value) -> Option<Event> {
        let kind = event.get("kind")?;
        if kind.get("event")?.as_str()? != "settings" {
            return None;
        }
        let (settings, lost) = Settings::salvage(kind.get("settings")?);
        self.0.damage.settings = lost;
        Some(Event {
            seq: event.get("seq")?.as_u64()?,
            at: event.get("at")?.as_u64()?,
            kind: EventKind::Settings { settings },
        })
    }

    /// Version 1 kept logs and thumbnails among the events.
    fn keep_details(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Log { id, entry } => {
                let log = &mut self.0.details.entry(id.clone()).or_default().log;
                if log.len() == MAX_LOG {
                    log.remove(0);
                }
                log.push(LogLine {
                    at: event.at,
                    entry: entry.clone(),
                });
            }
            // Since version 2 the event says only that there is a thumbnail, and must not replace
            // the picture itself.
            EventKind::Thumbnail { data_url, .. } if data_url.is_empty() => {}
            EventKind::Thumbnail { id, data_url } => {
                let details = self.0.details.entry(id.clone()).or_default();
                details.thumbnail = Some(data_url.clone());
            }
            EventKind::ShareBegan { .. }
            | EventKind::FetchBegan { .. }
            | EventKind::Found { .. }
            | EventKind::Described { .. }
            | EventKind::Named { .. }
            | EventKind::Hashed { .. }
            | EventKind::Stays { .. }
            | EventKind::Status { .. }
            | EventKind::Unconfirmed
            | EventKind::Confirmed { .. }
            | EventKind::Progress { .. }
            | EventKind::Requested { .. }
            | EventKind::UploadBegan { .. }
            | EventKind::UploadSent { .. }
            | EventKind::UploadEnded { .. }
            | EventKind::Released { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Limited { .. }
            | EventKind::AsPage { .. }
            | EventKind::AsksFirst { .. }
            | EventKind::Asking { .. }
            | EventKind::Providing { .. }
            | EventKind::Saved { .. }
            | EventKind::Removed { .. }
            | EventKind::Merged { .. }
            | EventKind::Settings { .. }
            | EventKind::Network { .. }
            | EventKind::Web { .. }
            | EventKind::Room { .. }
            | EventKind::Started { .. }
            | EventKind::Notice { .. } => {}
        }
    }
}

/// A snapshot of the present version.
#[derive(Deserialize)]
struct Present {
    state: PresentState,
}

/// The part of a [`State`] that is still true at the next start.
#[derive(Deserialize)]
struct PresentState {
    seq: u64,
    items: Items,
    settings: Option<Settings>,
    #[serde(default)]
    provides_unset: bool,
    #[serde(default)]
    copies: Vec<Copy>,
    #[serde(default)]
    withdrawn: BTreeSet<String>,
    #[serde(default)]
    sent_day: u64,
    #[serde(default)]
    sent: u64,
    #[serde(default)]
    fetched_day: u64,
    #[serde(default)]
    fetched: u64,
    peer: Option<String>,
}

/// Reads a text of the present version as a whole; `None` if it is of another version.
fn present<T: DeserializeOwned>(text: &str) -> Option<serde_json::Result<T>> {
    text.starts_with(PRESENT)
        .then(|| serde_json::from_str(text))
}

/// Reads a value. Values are read from text alone, so that there is one code to read them and not two.
fn from_value<T: DeserializeOwned>(value: &Value) -> serde_json::Result<T> {
    serde_json::from_str(&value.to_string())
}

/// Notes that no bytes of an item move.
fn rest(item: &mut Item) {
    item.progress = None;
    item.asking = None;
}

fn version_of(written: &Map<String, Value>) -> u64 {
    written
        .get("version")
        .and_then(Value::as_u64)
        .unwrap_or(FIRST)
}

/// Reads an item. A value that cannot be read and that the item can do without does not affect the
/// others.
fn read_item(id: &str, mut written: Value) -> Option<Item> {
    let members = written.as_object_mut()?;
    members.insert("id".to_owned(), json!(id));
    if let Ok(item) = from_value(&written) {
        return Some(item);
    }
    let names: Vec<String> = written.as_object()?.keys().cloned().collect();
    names.iter().find_map(|name| {
        let mut without = written.clone();
        without.as_object_mut()?.remove(name);
        from_value(&without).ok()
    })
}

/// A step that converts a text from one version to the next.
struct Step {
    /// The version that it is for.
    from: u64,
    /// Changes a snapshot's state; what is no longer part of the state is moved into the details.
    snapshot: fn(&mut Value, &mut BTreeMap<ItemId, Details>),
    /// Changes an event.
    event: fn(&mut Value),
}

/// All steps that have ever existed. A new version adds one, and changes none.
const STEPS: [Step; 2] = [
    Step {
        from: 1,
        snapshot: snapshot_from_1,
        event: event_from_1,
    },
    Step {
        from: 2,
        snapshot: |state, _| settings_from_2(state),
        event: |event| {
            if let Some(kind) = event.get_mut("kind") {
                settings_from_2(kind);
            }
        },
    },
];

fn steps(version: u64) -> impl Iterator<Item = &'static Step> {
    STEPS.iter().filter(move |step| step.from >= version)
}

/// Until version 3, settings that did not say otherwise provided what was fetched.
fn settings_from_2(of: &mut Value) {
    if let Some(Value::Object(settings)) = of.get_mut("settings") {
        settings
            .entry("provide_fetched")
            .or_insert(Value::Bool(true));
    }
}

/// Version 1 kept failures as sentences, and each item's log and thumbnail in the state.
fn snapshot_from_1(state: &mut Value, details: &mut BTreeMap<ItemId, Details>) {
    failures_from_1(state);
    let Some(Value::Object(items)) = state.get_mut("items") else {
        return;
    };
    for (id, item) in items {
        let Some(item) = item.as_object_mut() else {
            continue;
        };
        let thumbnail = match item.remove("thumbnail") {
            Some(Value::String(data_url)) => Some(data_url),
            _ => None,
        };
        item.insert("thumbnail".to_owned(), json!(thumbnail.is_some()));
        let log: Vec<LogLine> = match item.remove("log") {
            Some(Value::Array(lines)) => lines.into_iter().filter_map(line_from_1).collect(),
            _ => Vec::new(),
        };
        // The last line said how the item ended.
        if let Some(last) = log.last() {
            item.insert("since".to_owned(), json!(last.at));
        }
        details.insert(ItemId(id.clone()), Details { thumbnail, log });
    }
}

fn event_from_1(event: &mut Value) {
    failures_from_1(event);
    let Some(Value::Object(kind)) = event.get_mut("kind") else {
        return;
    };
    if kind.get("event").and_then(Value::as_str) == Some("log")
        && let Some(line) = kind.remove("line")
    {
        kind.insert("entry".to_owned(), json!({"log": "text", "text": line}));
    }
}

fn line_from_1(line: Value) -> Option<LogLine> {
    let entry = json!({"log": "text", "text": line.get("text")?});
    serde_json::from_value(json!({"at": line.get("at")?, "entry": entry})).ok()
}

/// Converts each `{code, what, advice}` of version 1: the code stays, and the first sentence
/// becomes the detail.
fn failures_from_1(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let is_failure = ["code", "what", "advice"]
                .iter()
                .all(|name| members.get(*name).is_some_and(Value::is_string));
            if is_failure {
                members.remove("advice");
                let what = members.remove("what");
                if let Some(what) = what.as_ref().and_then(Value::as_str) {
                    members.insert("detail".to_owned(), json!(quote(what)));
                }
                let code = members
                    .get("code")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                if let Some(status) = code
                    .strip_prefix("http_")
                    .and_then(|n| n.parse::<u16>().ok())
                {
                    members.insert("status".to_owned(), json!(status));
                    members.insert("code".to_owned(), json!(Code::HttpStatus.as_str()));
                }
                return;
            }
            members.values_mut().for_each(failures_from_1);
        }
        Value::Array(values) => values.iter_mut().for_each(failures_from_1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{LogEntry, Progress, Status};

    fn id(name: &str) -> ItemId {
        ItemId(name.to_owned())
    }

    fn two_items() -> State {
        let mut state = State::default();
        for (seq, name) in [(1, "a"), (2, "b")] {
            state.apply(&Event {
                seq,
                at: seq * 10,
                kind: EventKind::FetchBegan {
                    key: None,
                    id: id(name),
                    cid: format!("Qm{name}"),
                    path: None,
                },
            });
        }
        state
    }

    #[test]
    fn what_is_written_is_read_as_a_whole() {
        let mut state = two_items();
        let kind = EventKind::Progress {
            id: id("a"),
            progress: Progress::default(),
        };
        let moving = Event {
            seq: 2,
            at: 0,
            kind,
        };
        assert!(event(&moving).starts_with(PRESENT));
        state.apply(&moving);
        let text = snapshot(&state);
        assert!(matches!(present::<Present>(&text), Some(Ok(_))));
        // What moved when the snapshot was made does not move at the next start.
        let read = Reader::new(Some(&text)).finish();
        assert_eq!(read.state, two_items());
        // The same item by item, because something else is damaged.
        let damaged = text.replace("\"settings\":null", "\"settings\":7");
        assert_ne!(damaged, text);
        let read = Reader::new(Some(&damaged)).finish();
        assert_eq!(read.state.items, two_items().items);
        assert_eq!(read.damage.settings, ["settings"]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let state = two_items();
        let mut reader = Reader::new(Some(&snapshot(&state)));
        let status = Event {
            seq: 3,
            at: 30,
            kind: EventKind::Status {
                id: id("a"),
                status: Status::Failed {
                    failure: Failure::new(Code::Stalled).host("a.example"),
                },
            },
        };
        // An event that the snapshot already includes changes nothing.
        let old = Event {
            seq: 2,
            ..status.clone()
        };
        assert!(reader.event(&event(&old)));
        assert_eq!(reader.seq(), 2);
        assert!(reader.event(&event(&status)));
        let read = reader.finish();
        assert!(read.damage.is_none() && !read.outdated);
        let mut expected = state;
        expected.apply(&status);
        assert_eq!(read.state, expected);
    }

    #[test]
    fn a_picture_that_is_stored_beside_the_state_is_not_replaced_by_nothing() {
        let mut reader = Reader::new(Some(&snapshot(&two_items())));
        let kind = EventKind::Thumbnail {
            id: id("a"),
            data_url: String::new(),
        };
        let noted = Event {
            seq: 3,
            at: 30,
            kind,
        };
        assert!(reader.event(&event(&noted)));
        let read = reader.finish();
        assert!(read.state.items[&id("a")].thumbnail);
        assert_eq!(read.details, BTreeMap::new());
    }

    #[test]
    fn what_cannot_be_read_costs_only_itself() {
        let mut written: Value = serde_json::from_str(&snapshot(&two_items())).unwrap();
        written["state"]["items"]["a"]["status"] = json!({"status": "teleported"});
        written["state"]["items"]["b"]["requests"] = json!("many");
        written["state"]["settings"] = json!({"notify": "maybe", "copy_link": false});
        let mut reader = Reader::new(Some(&written.to_string()));
        assert!(!reader.event("{\"seq\":3"));
        assert!(
            !reader.event(r#"{"version":3,"seq":4,"at":1,"kind":{"event":"of_a_newer_version"}}"#)
        );
        let removed = EventKind::Removed { id: id("a") };
        assert!(reader.event(&event(&Event {
            seq: 5,
            at: 50,
            kind: removed
        })));
        let read = reader.finish();
        assert_eq!(read.state.seq, 5);
        assert_eq!(read.state.items.keys().collect::<Vec<_>>(), [&id("b")]);
        assert!(!read.state.settings.unwrap().copy_link);
        let damage = Damage {
            snapshot: false,
            items: 1,
            events: 2,
            settings: vec!["notify".into()],
        };
        assert_eq!(read.damage, damage);
        let codes: Vec<Code> = damage
            .failures()
            .into_iter()
            .map(|failure| failure.code)
            .collect();
        assert_eq!(codes, [Code::JournalDamaged, Code::SettingsDamaged]);
    }

    #[test]
    fn an_event_of_which_a_part_is_read_is_not_whole() {
        let mut reader = Reader::new(None);
        let settings = json!({"notify": "maybe", "copy_link": false});
        let kind = json!({"event": "settings", "settings": settings});
        let event = json!({"version": VERSION, "seq": 1, "at": 1, "kind": kind});
        assert!(!reader.event(&event.to_string()), "the original is kept");
        let read = reader.finish();
        assert!(!read.state.settings.unwrap().copy_link);
        let damage = Damage {
            settings: vec!["notify".into()],
            ..Damage::default()
        };
        assert_eq!(read.damage, damage);
    }

    #[test]
    fn no_text_keeps_a_program_from_starting() {
        for text in [
            "",
            "null",
            "[]",
            "7",
            "{\"version\":2}",
            "{\"version\":2,\"state\":[]}",
            "{\"version\":2,\"state\":{}}",
            "{\"version\":2,\"state\":{\"items\":[]}}",
            "{}",
            "\u{0}",
        ] {
            let mut reader = Reader::new(Some(text));
            let began = EventKind::FetchBegan {
                key: None,
                id: id("c"),
                cid: "Qmc".into(),
                path: None,
            };
            assert!(reader.event(&event(&Event {
                seq: 900,
                at: 1,
                kind: began
            })));
            let read = reader.finish();
            assert!(read.damage.snapshot, "{text}");
            assert_eq!(read.state.items.len(), 1, "{text}");
        }
        assert_eq!(Reader::new(None).finish(), Read::default());
    }

    #[test]
    fn a_newer_version_is_read_as_far_as_it_is_known() {
        let mut written: Value = serde_json::from_str(&snapshot(&two_items())).unwrap();
        written["version"] = json!(VERSION + 1);
        written["state"]["items"]["a"]["colour"] = json!("red");
        let read = Reader::new(Some(&written.to_string())).finish();
        assert!(read.damage.is_none() && !read.outdated);
        assert_eq!(read.state.items.len(), 2);
    }

    #[test]
    fn whoever_provided_what_they_fetched_goes_on_with_it() {
        assert!(!Settings::default().provide_fetched);
        let provides = |read: &Read| match &read.state.settings {
            Some(settings) => settings.provide_fetched,
            None => read.state.provides_unset,
        };
        let began =
            r#"{"version":2,"seq":1,"at":1,"kind":{"event":"fetch_began","id":"a","cid":"Qma"}}"#;
        let set = r#"{"version":2,"seq":2,"at":1,"kind":{"event":"settings","settings":{"notify":false}}}"#;
        let unset = r#"{"version":2,"state":{"seq":1,"items":{},"settings":null}}"#;
        for (snapshot, events, expected) in [
            (None, vec![], false),
            (None, vec![began], true),
            (None, vec![began, set], true),
            (Some(unset.to_owned()), vec![], true),
            (Some(unset.replace("null", "{}")), vec![], true),
            (
                Some(unset.replace("null", r#"{"provide_fetched":false}"#)),
                vec![],
                false,
            ),
            (Some(unset.replace(":2,", ":3,")), vec![], false),
        ] {
            let mut reader = Reader::new(snapshot.as_deref());
            for event in &events {
                assert!(reader.event(event));
            }
            let read = reader.finish();
            assert_eq!(provides(&read), expected, "{snapshot:?} {events:?}");
            // The same is true at every later start.
            let text = super::snapshot(&read.state);
            let again = Reader::new(Some(&text)).finish();
            assert!(!again.outdated);
            assert_eq!(provides(&again), expected, "{text}");
        }
    }

    #[test]
    fn copies_at_storages_are_remembered() {
        let mut state = two_items();
        let copy = Copy {
            cid: "Qma".into(),
            multiaddr: "/dns4/a/tcp/1/http".into(),
            peer: "12D3Koo".into(),
            until: Some(7),
            at: 5,
            owner: None,
            left: None,
        };
        state.copies.push(Copy {
            owner: Some("12D3Kob".into()),
            ..copy.clone()
        });
        state.copies.push(copy);
        let text = snapshot(&state);
        let read = Reader::new(Some(&text)).finish();
        assert_eq!(read.state.copies, state.copies);
        let damaged = text.replace("\"settings\":null", "\"settings\":7");
        let read = Reader::new(Some(&damaged)).finish();
        assert_eq!(read.state.copies, state.copies);
    }

    #[test]
    fn version_1_is_brought_to_the_present_form() {
        let failure = json!({"code": "http_404", "what": "a.example has no such file (404).", "advice": "Check the link."});
        let snapshot = json!({
            "seq": 7,
            "items": {"a": {
                "id": "a", "origin": "share", "name": "a.jpg", "mime": null, "size": null, "files": null, "cid": null,
                "status": {"status": "failed", "failure": failure}, "progress": null, "upload": null, "placed": null,
                "providing": false, "confirmed": false, "requests": 0, "uploaded": 0, "created": 5,
                "thumbnail": "data:image/png;base64,AA==", "source": null, "saved_as": null, "upload_failure": null,
                "log": [{"at": 6, "text": "It began."}],
            }},
            "network": {"network": "starting"}, "web": null, "settings": null, "peer": "12D3Koo", "notice": null,
        });
        let mut reader = Reader::new(Some(&snapshot.to_string()));
        let line =
            json!({"seq": 8, "at": 9, "kind": {"event": "log", "id": "a", "line": "It went on."}});
        assert!(reader.event(&line.to_string()));
        let read = reader.finish();
        assert!(read.damage.is_none() && read.outdated);
        let item = &read.state.items[&id("a")];
        let expected = Failure::new(Code::HttpStatus)
            .status(404)
            .detail("a.example has no such file (404).");
        assert_eq!(item.status, Status::Failed { failure: expected });
        assert!(item.thumbnail);
        assert_eq!((item.since, read.state.seq), (6, 8));
        let text = |at, text: &str| LogLine {
            at,
            entry: LogEntry::Text { text: text.into() },
        };
        let details = Details {
            thumbnail: Some("data:image/png;base64,AA==".into()),
            log: vec![text(6, "It began."), text(9, "It went on.")],
        };
        assert_eq!(read.details, BTreeMap::from([(id("a"), details)]));
    }
}
