//! The journal in IndexedDB. It holds events as text under their numbers and, from time to time, a
//! snapshot that replaces them ([`fluence::journal`] defines the format of the texts). Thumbnails
//! and logs are stored beside it, and are read when somebody looks at them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use fluence::command::Thumbnail;
use fluence::history;
use fluence::journal::{self, Damage, Reader};
use fluence::ports::StoreError;
use fluence::state::{Event, EventKind, ItemId, LogLine, MAX_LOG, State};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web::js;
use web::time;
use web_sys::{IdbKeyRange, IdbObjectStore, IdbTransaction};

use crate::database::{self, ASIDE, Database, JOURNAL, LOG, META, THUMBNAILS, beginning_with};

/// The number of events after which a snapshot is made, unless there are many items.
const SNAPSHOT_EVERY: usize = 1000;
/// With many items a snapshot is made after this share of their number of events: it takes as long as all items are
/// many, and so does reading it at the next start, beside which as many events are not noticed.
const SNAPSHOT_SHARE: usize = 2;
/// The key of the snapshot.
const SNAPSHOT: &str = "snapshot";
/// What the keys of the snapshots begin with from which the history can be made again; the number of the last event in one
/// follows, and when it was made ([`fluence::history`]).
const FRAME: &str = "frame:";
/// The key of the note that the files of missing items may still be stored.
const ADOPT: &str = "adopt";
/// The most originals that are set aside. The oldest are dropped first.
const MAX_ASIDE: usize = 64;
/// How many lines are added to a log before it is cut to [`MAX_LOG`] again.
const TRIM_EVERY: u32 = 100;

/// The journal. A clone is cheap, and is the same journal.
#[derive(Clone)]
pub struct Journal {
    database: Database,
    since_snapshot: Rc<Cell<usize>>,
    /// The lines that were added to each log since it was cut.
    logged: Rc<RefCell<BTreeMap<ItemId, u32>>>,
}

/// What the stored journal holds.
struct Stored {
    read: journal::Read,
    /// The values that could not be understood, each with a name.
    originals: Vec<(String, JsValue)>,
    /// The number of events after the snapshot.
    count: usize,
}

/// A journal that was opened.
pub struct Opened {
    /// The journal, ready for appending.
    pub journal: Journal,
    /// The state that was written.
    pub state: State,
    /// What could not be read.
    pub damage: Damage,
    /// Whether files of missing items may still be stored. This holds until [`Journal::adopted`].
    pub adopt: bool,
}

impl Journal {
    /// Opens the journal and reads the state that was written. What cannot be read is set aside,
    /// and nothing else is lost. If the database itself fails, the state holds what could be read.
    pub async fn open(database: Database) -> Opened {
        let journal = Self {
            database,
            since_snapshot: Rc::default(),
            logged: Rc::default(),
        };
        let stored = journal.read().await;
        let damaged = !stored.read.damage.is_none();
        if stored.read.outdated || damaged {
            // Nothing is lost if this fails: the events stay, and a later snapshot includes them.
            let compacted = journal
                .compact(&stored)
                .await
                .map_err(|why| why.to_string());
            js::warn_on_error("no snapshot was made", compacted);
        } else {
            journal.since_snapshot.set(stored.count);
        }
        let journal::Read { state, damage, .. } = stored.read;
        let adopt = damage.may_miss_items() || journal.must_adopt().await;
        if !damaged {
            let dropped = journal.drop_old(&state).await;
            js::warn_on_error("old history stays", dropped.map_err(|why| why.to_string()));
        }
        Opened {
            journal,
            state,
            damage,
            adopt,
        }
    }

    /// Reads everything that can be read.
    async fn read(&self) -> Stored {
        let snapshot = self.database.get(META, &SNAPSHOT.into()).await;
        let text = match &snapshot {
            Ok(value) if value.is_undefined() => None,
            // The empty text, which is not a valid snapshot, stands for a value that is not a text
            // or that cannot be read.
            Ok(value) => Some(value.as_string().unwrap_or_default()),
            Err(why) => {
                self.leave_if_unread(why);
                Some(String::new())
            }
        };
        let mut reader = Reader::new(text.as_deref());
        let events = self.events_after(reader.seq()).await;
        let count = events.len();
        let mut unread: Vec<JsValue> = Vec::new();
        for event in events {
            if !reader.event(&event.as_string().unwrap_or_default()) {
                unread.push(event);
            }
        }
        let read = reader.finish();
        let damage = &read.damage;
        let mut originals = Vec::new();
        if damage.snapshot || damage.items > 0 || !damage.settings.is_empty() {
            originals.extend(snapshot.ok().map(|value| (SNAPSHOT.to_owned(), value)));
        }
        let unread = unread.into_iter().filter(|value| !value.is_undefined());
        let unread = unread.enumerate();
        originals.extend(unread.map(|(number, value)| (format!("event {number}"), value)));
        Stored {
            read,
            originals,
            count,
        }
    }

    /// The values of the events after a number. A value that the browser cannot read is
    /// `undefined`.
    async fn events_after(&self, seq: u64) -> Vec<JsValue> {
        match self.all_events_after(seq).await {
            Ok(events) => events,
            // The browser reads all of them or none. Read one by one, most of them may be there.
            Err(_) => self.each_event_after(seq).await,
        }
    }

    async fn all_events_after(&self, seq: u64) -> Result<Vec<JsValue>, StoreError> {
        let newer = newer_than(seq)?;
        let events = self
            .database
            .read(JOURNAL, |journal| journal.get_all_with_key(&newer))
            .await?;
        Ok(Array::from(&events).to_vec())
    }

    async fn each_event_after(&self, seq: u64) -> Vec<JsValue> {
        let keys = async {
            let newer = newer_than(seq)?;
            let keys = |journal: &IdbObjectStore| journal.get_all_keys_with_key(&newer);
            self.database.read(JOURNAL, keys).await
        };
        let keys = match keys.await {
            Ok(keys) => keys,
            Err(why) => {
                self.leave_if_unread(&why);
                // All that is known is that events are lost.
                return vec![JsValue::UNDEFINED];
            }
        };
        let mut events = Vec::new();
        for key in Array::from(&keys).iter() {
            let event = self.database.get(JOURNAL, &key).await;
            events.push(event.unwrap_or_else(|why| {
                self.leave_if_unread(&why);
                JsValue::UNDEFINED
            }));
        }
        events
    }

    /// Leaves the database as it is if it could not be read for a reason that may pass. What was not read must not be
    /// overwritten.
    fn leave_if_unread(&self, why: &StoreError) {
        if !matches!(why, StoreError::Gone(_)) {
            self.database.leave();
        }
    }

    async fn must_adopt(&self) -> bool {
        let note = self.database.get(META, &ADOPT.into()).await;
        note.is_ok_and(|note| note.is_truthy())
    }

    /// Notes that the stored files without an item have become items.
    ///
    /// # Errors
    /// [`StoreError`] if the note was not written; the next start then looks for such files again.
    pub async fn adopted(&self) -> Result<(), StoreError> {
        self.database
            .write(&[META], |transaction| {
                transaction.object_store(META)?.delete(&ADOPT.into())?;
                Ok(())
            })
            .await
    }

    /// Whether the next events, of which there are so many, should come with a snapshot of a state with so many items.
    pub fn is_snapshot_due(&self, events: usize, items: usize) -> bool {
        self.since_snapshot.get() + events >= SNAPSHOT_EVERY.max(items / SNAPSHOT_SHARE)
    }

    /// Appends events, without the ephemeral ones. Once this returns, they survive a kill. With a `snapshot` of the
    /// state after them, it takes the place of all events, which stay as history.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be written.
    pub async fn append(&self, events: &[Event], snapshot: Option<&str>) -> Result<(), StoreError> {
        let kept: Vec<&Event> = events
            .iter()
            .filter(|event| !event.kind.is_ephemeral())
            .collect();
        if kept.is_empty() && snapshot.is_none() {
            return Ok(());
        }
        let stores = [META, JOURNAL, LOG, THUMBNAILS];
        let requests = |transaction: &IdbTransaction| {
            kept.iter().try_for_each(|event| put(transaction, event))?;
            if let Some(text) = snapshot {
                let meta = transaction.object_store(META)?;
                meta.put_with_key(&text.into(), &SNAPSHOT.into())?;
            }
            Ok(())
        };
        // What the person gets a link to is to be there after a power failure, too.
        let is_claimed = |event: &&Event| matches!(event.kind, EventKind::Hashed { .. });
        match kept.iter().any(is_claimed) {
            true => self.database.write_through(&stores, requests).await?,
            false => self.database.write(&stores, requests).await?,
        }
        let since = match snapshot {
            Some(_) => 0,
            None => {
                let is_line = |event: &&&Event| matches!(event.kind, EventKind::Log { .. });
                self.since_snapshot.get() + kept.len() - kept.iter().filter(is_line).count()
            }
        };
        self.since_snapshot.set(since);
        for id in self.to_trim(&kept) {
            let trimmed = self.trim(&id).await.map_err(|why| why.to_string());
            js::warn_on_error("a log was not cut", trimmed);
        }
        Ok(())
    }

    /// Replaces the events by a snapshot, stores beside it the logs and thumbnails of older
    /// formats, which are no longer part of the state, and sets aside what could not be understood.
    async fn compact(&self, stored: &Stored) -> Result<(), StoreError> {
        let Stored {
            read, originals, ..
        } = stored;
        let text = journal::snapshot(&read.state);
        let no_longer_aside = self.no_longer_aside(originals.len()).await;
        let now = time::now_ms();
        self.database
            .write(&[META, JOURNAL, LOG, THUMBNAILS, ASIDE], |transaction| {
                let meta = transaction.object_store(META)?;
                meta.put_with_key(&text.into(), &SNAPSHOT.into())?;
                if read.damage.may_miss_items() {
                    meta.put_with_key(&JsValue::TRUE, &ADOPT.into())?;
                }
                transaction.object_store(JOURNAL)?.clear()?;
                // What is in an older format, or damaged, is no history.
                meta.delete(&beginning_with(FRAME)?.into())?;
                for (id, details) in &read.details {
                    for (number, line) in details.log.iter().enumerate() {
                        put_line(transaction, id, number as u64, line)?;
                    }
                    if let Some(data_url) = &details.thumbnail {
                        put_thumbnail(transaction, id, data_url)?;
                    }
                }
                let aside = transaction.object_store(ASIDE)?;
                for key in no_longer_aside {
                    aside.delete(&key)?;
                }
                for (what, original) in originals.iter().take(MAX_ASIDE) {
                    aside.put_with_key(original, &format!("{now:015} {what}").into())?;
                }
                Ok(())
            })
            .await
    }

    /// The keys of the oldest originals that have to make room for `new` ones.
    async fn no_longer_aside(&self, new: usize) -> Vec<JsValue> {
        if new == 0 {
            return Vec::new();
        }
        let keys = self.database.read(ASIDE, |aside| aside.get_all_keys());
        // If the keys cannot be read, all originals stay.
        let keys = keys
            .await
            .map_or_else(|_| Vec::new(), |keys| Array::from(&keys).to_vec());
        let beyond = (keys.len() + new.min(MAX_ASIDE)).saturating_sub(MAX_ASIDE);
        keys.into_iter().take(beyond).collect()
    }

    /// The items among these events whose logs have to be cut now.
    fn to_trim(&self, events: &[&Event]) -> Vec<ItemId> {
        let mut logged = self.logged.borrow_mut();
        let mut long = Vec::new();
        for event in events {
            match &event.kind {
                EventKind::Log { id, .. } => {
                    let lines = logged.entry(id.clone()).or_insert(TRIM_EVERY);
                    *lines += 1;
                    if *lines > TRIM_EVERY {
                        *lines = 0;
                        long.push(id.clone());
                    }
                }
                // The log of a new item is empty.
                EventKind::ShareBegan { id, .. } | EventKind::FetchBegan { id, .. } => {
                    logged.insert(id.clone(), 0);
                }
                EventKind::Removed { id } | EventKind::Merged { id, .. } => {
                    logged.remove(id);
                }
                _ => {}
            }
        }
        long
    }

    async fn trim(&self, id: &ItemId) -> Result<(), StoreError> {
        let range = beginning_with(&log_prefix(id)).map_err(database::error)?;
        let keys = self
            .database
            .read(LOG, |log| log.get_all_keys_with_key(&range))
            .await?;
        let keys = Array::from(&keys);
        let Some(beyond) = keys.length().checked_sub(MAX_LOG as u32 + 1) else {
            return Ok(());
        };
        let old = IdbKeyRange::bound(&keys.get(0), &keys.get(beyond)).map_err(database::error)?;
        self.database
            .write(&[LOG], |transaction| {
                transaction.object_store(LOG)?.delete(&old.into())?;
                Ok(())
            })
            .await
    }

    /// Keeps as history what came before a state, which [`fluence::history::frame`] has made a text of, and drops what is too
    /// old. If it is not carried out, a later one does it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then all of it is as it was.
    pub async fn keep_history(&self, frame: &str, seq: u64) -> Result<(), StoreError> {
        let now = time::now_ms();
        let mut frames = self.frames().await?;
        let last = frames.last().map_or(0, |frame| frame.seq);
        let events = self.all_events_after(last).await?;
        let events: Vec<Event> = events
            .iter()
            .filter_map(|text| history::event(&text.as_string()?))
            .collect();
        let kept: Vec<(f64, String)> = events
            .iter()
            .filter_map(|event| Some((event.seq as f64, history::kept(event)?)))
            .collect();
        // In the beginning there was nothing.
        let first = events.first().filter(|first| first.seq == 1);
        let began = first.filter(|_| frames.is_empty()).map(|first| Frame {
            seq: 0,
            at: first.at,
        });
        frames.extend(began);
        frames.push(Frame { seq, at: now });
        let (old, from) = too_old(&frames, now);
        self.database
            .write(&[META, JOURNAL], |transaction| {
                let (meta, journal) = (
                    transaction.object_store(META)?,
                    transaction.object_store(JOURNAL)?,
                );
                for (number, text) in &kept {
                    journal.put_with_key(&text.as_str().into(), &(*number).into())?;
                }
                if let Some(Frame { seq, at }) = began {
                    let nothing = history::frame(&State::default());
                    meta.put_with_key(&nothing.into(), &frame_key(seq, at).into())?;
                }
                meta.put_with_key(&frame.into(), &frame_key(seq, now).into())?;
                for frame in old {
                    meta.delete(&frame_key(frame.seq, frame.at).into())?;
                }
                let before = IdbKeyRange::upper_bound(&(from as f64).into())?;
                journal.delete(&before.into())?;
                Ok(())
            })
            .await
    }

    /// Drops events that are older than the history may be. A browser in which little happens makes no snapshot for a long
    /// time.
    async fn drop_old(&self, now: &State) -> Result<(), StoreError> {
        let limit = time::now_ms().saturating_sub(history::MAX_AGE_MS);
        let first = self
            .database
            .read(JOURNAL, |journal| {
                journal.get_all_with_key_and_limit(&JsValue::UNDEFINED, 1)
            })
            .await?;
        let first = Array::from(&first).get(0).as_string();
        let first = first.and_then(|text| history::event(&text));
        if first.is_none_or(|first| first.at >= limit) {
            return Ok(());
        }
        let frames = self.frames().await?;
        let (snapshot, mut events) = self.history(None).await?;
        let mut then = Reader::new(snapshot.as_deref()).finish().state;
        let begins = then.seq;
        loop {
            let before = then.seq;
            let read = events.iter().filter_map(|text| history::event(text));
            for event in read.take_while(|event| event.at < limit) {
                then.apply(&event);
            }
            if then.seq == before {
                break;
            }
            (_, events) = self.history(Some(then.seq)).await?;
        }
        if then.seq == begins {
            return Ok(());
        }
        let (text, frame) = (journal::snapshot(now), history::frame(&then));
        self.database
            .write(&[META, JOURNAL], |transaction| {
                let meta = transaction.object_store(META)?;
                meta.put_with_key(&text.into(), &SNAPSHOT.into())?;
                for frame in frames.iter().filter(|frame| frame.seq <= then.seq) {
                    meta.delete(&frame_key(frame.seq, frame.at).into())?;
                }
                meta.put_with_key(&frame.into(), &frame_key(then.seq, limit).into())?;
                let before = IdbKeyRange::upper_bound(&(then.seq as f64).into())?;
                transaction.object_store(JOURNAL)?.delete(&before.into())?;
                Ok(())
            })
            .await
    }

    /// Forgets the history before a state, whose snapshot and frame these are.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then all of it is as it was.
    pub async fn forget_history(
        &self,
        snapshot: &str,
        frame: &str,
        seq: u64,
    ) -> Result<(), StoreError> {
        let now = time::now_ms();
        self.database
            .write(&[META, JOURNAL], |transaction| {
                let meta = transaction.object_store(META)?;
                meta.put_with_key(&snapshot.into(), &SNAPSHOT.into())?;
                meta.delete(&beginning_with(FRAME)?.into())?;
                meta.put_with_key(&frame.into(), &frame_key(seq, now).into())?;
                // Events that came meanwhile stay.
                let before = IdbKeyRange::upper_bound(&(seq as f64).into())?;
                transaction.object_store(JOURNAL)?.delete(&before.into())?;
                Ok(())
            })
            .await
    }

    /// A part of the history: the snapshot with which it begins, unless what is asked for comes after an event with this
    /// number, and the next events, at most [`history::PART`].
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn history(
        &self,
        after: Option<u64>,
    ) -> Result<(Option<String>, Vec<String>), StoreError> {
        let (snapshot, after) = match after {
            Some(after) => (None, after),
            None => {
                let key = match self.frames().await?.first() {
                    Some(frame) => frame_key(frame.seq, frame.at),
                    None => SNAPSHOT.to_owned(),
                };
                let snapshot = self.database.get(META, &key.into()).await?.as_string();
                let state = Reader::new(snapshot.as_deref()).finish().state;
                (snapshot.map(|_| history::frame(&state)), state.seq)
            }
        };
        let newer = newer_than(after)?;
        let events = self
            .database
            .read(JOURNAL, |journal| {
                journal.get_all_with_key_and_limit(&newer, history::PART)
            })
            .await?;
        let events = Array::from(&events).to_vec();
        let texts = events.iter().filter_map(JsValue::as_string);
        // The newest events may still have what the history does not keep.
        let kept = texts.map(|text| {
            let kept = history::event(&text).and_then(|event| history::kept(&event));
            kept.unwrap_or(text)
        });
        Ok((snapshot, kept.collect()))
    }

    /// The snapshots from which the history can be made again, oldest first.
    async fn frames(&self) -> Result<Vec<Frame>, StoreError> {
        let range = beginning_with(FRAME).map_err(database::error)?;
        let keys = self
            .database
            .read(META, |meta| meta.get_all_keys_with_key(&range))
            .await?;
        let keys = Array::from(&keys).to_vec();
        let frames = keys.iter().filter_map(|key| frame_of(&key.as_string()?));
        Ok(frames.collect())
    }

    /// The log of an item, oldest line first, at most [`MAX_LOG`] lines. Lines that cannot be read are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn log(&self, id: &ItemId) -> Result<Vec<LogLine>, StoreError> {
        let range = beginning_with(&log_prefix(id)).map_err(database::error)?;
        let lines = self
            .database
            .read(LOG, |log| log.get_all_with_key(&range))
            .await?;
        let lines: Vec<LogLine> = Array::from(&lines)
            .iter()
            .filter_map(|line| serde_json::from_str(&line.as_string()?).ok())
            .collect();
        let beyond = lines.len().saturating_sub(MAX_LOG);
        Ok(lines.into_iter().skip(beyond).collect())
    }

    /// The thumbnails of items, as `data:` URLs. An item without one is left out.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn thumbnails(&self, ids: &[ItemId]) -> Result<Vec<Thumbnail>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            let stored = self.database.get(THUMBNAILS, &id.0.as_str().into()).await?;
            if let Some(data_url) = stored.as_string() {
                let id = id.clone();
                found.push(Thumbnail { id, data_url });
            }
        }
        Ok(found)
    }
}

/// A snapshot from which the history can be made again: the number of the last event in it, and when it was made, in Unix
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    seq: u64,
    at: u64,
}

fn frame_key(seq: u64, at: u64) -> String {
    format!("{FRAME}{seq:016}:{at:015}")
}

fn frame_of(key: &str) -> Option<Frame> {
    let (seq, at) = key.strip_prefix(FRAME)?.split_once(':')?;
    Some(Frame {
        seq: seq.parse().ok()?,
        at: at.parse().ok()?,
    })
}

/// The frames that are too old, of all of them, oldest first; and the number of the last event that is before all others.
/// The last frame stays: it is the beginning of what happens from now on.
fn too_old(frames: &[Frame], now: u64) -> (&[Frame], u64) {
    let last = frames.last().map_or(0, |frame| frame.seq);
    let is_kept = |frame: &&Frame| {
        last - frame.seq.min(last) <= history::MAX_EVENTS
            && now.saturating_sub(frame.at) <= history::MAX_AGE_MS
    };
    let kept = frames.iter().filter(is_kept).count().max(1);
    let (old, kept) = frames.split_at(frames.len().saturating_sub(kept));
    (old, kept.first().map_or(0, |frame| frame.seq))
}

/// Writes one event, and what is stored beside the state.
fn put(transaction: &IdbTransaction, event: &Event) -> Result<(), JsValue> {
    match &event.kind {
        EventKind::Log { id, entry } => {
            let line = LogLine {
                at: event.at,
                entry: entry.clone(),
            };
            return put_line(transaction, id, event.seq, &line);
        }
        EventKind::Thumbnail { id, data_url } => {
            put_thumbnail(transaction, id, data_url)?;
            // The event says only that there is a thumbnail.
            let noted = Event {
                kind: EventKind::Thumbnail {
                    id: id.clone(),
                    data_url: String::new(),
                },
                ..event.clone()
            };
            return put_event(transaction, &noted);
        }
        EventKind::Removed { id } | EventKind::Merged { id, .. } => {
            let key = JsValue::from_str(&id.0);
            transaction.object_store(THUMBNAILS)?.delete(&key)?;
            let log = beginning_with(&log_prefix(id))?;
            transaction.object_store(LOG)?.delete(&log.into())?;
        }
        _ => {}
    }
    put_event(transaction, event)
}

fn put_event(transaction: &IdbTransaction, event: &Event) -> Result<(), JsValue> {
    let text = journal::event(event);
    let number = JsValue::from_f64(event.seq as f64);
    transaction
        .object_store(JOURNAL)?
        .put_with_key(&text.into(), &number)?;
    Ok(())
}

fn put_line(
    transaction: &IdbTransaction,
    id: &ItemId,
    number: u64,
    line: &LogLine,
) -> Result<(), JsValue> {
    let text = serde_json::to_string(line).map_err(|why| JsValue::from_str(&why.to_string()))?;
    let key = format!("{}{:015}:{number:016x}", log_prefix(id), line.at);
    transaction
        .object_store(LOG)?
        .put_with_key(&text.into(), &key.into())?;
    Ok(())
}

fn put_thumbnail(transaction: &IdbTransaction, id: &ItemId, data_url: &str) -> Result<(), JsValue> {
    let key = JsValue::from_str(&id.0);
    transaction
        .object_store(THUMBNAILS)?
        .put_with_key(&data_url.into(), &key)?;
    Ok(())
}

/// The keys of the events after a number.
fn newer_than(seq: u64) -> Result<IdbKeyRange, StoreError> {
    IdbKeyRange::lower_bound_with_open(&(seq as f64).into(), true).map_err(database::error)
}

fn log_prefix(id: &ItemId) -> String {
    format!("{}:", id.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_bounded_by_events_and_by_age() {
        let frame = |seq: u64, at: u64| Frame { seq, at };
        let day = 24 * 60 * 60 * 1000;
        let now = 100 * day;
        let frames = [
            frame(1_000, now - 31 * day),
            frame(2_000, now - 29 * day),
            frame(3_000, now - day),
            frame(12_500, now),
        ];
        assert_eq!(too_old(&frames, now), (&frames[..2], 3_000));
        assert_eq!(too_old(&frames[..3], now), (&frames[..1], 2_000));
        assert_eq!(too_old(&frames[3..], now), (&frames[..0], 12_500));
        // What is long ago is still the beginning of what comes after it.
        assert_eq!(too_old(&frames[..1], now), (&frames[..0], 1_000));
        for frame in frames {
            assert_eq!(frame_of(&frame_key(frame.seq, frame.at)), Some(frame));
        }
        assert_eq!(frame_of("frame:x"), None);
    }
}
