//! The journal in IndexedDB: events as text under their numbers, and now and then a snapshot that replaces them; beside
//! it thumbnails and logs, which are read when somebody looks at them ([`fluence::journal`] has the form of the texts).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use fluence::command::Thumbnail;
use fluence::journal::{self, Damage, Details, Reader};
use fluence::ports::StoreError;
use fluence::state::{Event, EventKind, ItemId, LogLine, MAX_LOG, State};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{IdbKeyRange, IdbTransaction};

use crate::browser;
use crate::database::{self, ASIDE, Database, JOURNAL, LOG, META, THUMBNAILS, beginning_with};

/// The number of events after which a snapshot is made.
const SNAPSHOT_EVERY: u32 = 1000;
/// The key of the snapshot.
const SNAPSHOT: &str = "snapshot";
/// The key of the note that items may be missing whose files are still stored.
const ADOPT: &str = "adopt";
/// The most originals that are set aside at a time.
const MAX_ASIDE: u32 = 64;
/// How many lines are added to a log before it is cut to [`MAX_LOG`] again.
const TRIM_EVERY: u32 = 100;

/// The journal. A clone is cheap, and is the same journal.
#[derive(Clone)]
pub struct Journal {
    database: Database,
    since_snapshot: Rc<Cell<u32>>,
    /// The lines that were added to each log since it was cut.
    logged: Rc<RefCell<BTreeMap<ItemId, u32>>>,
}

/// What the journal's texts hold.
struct Texts {
    read: journal::Read,
    /// What could not be read: a name for it, and the text.
    originals: Vec<(String, String)>,
    /// The number of events after the snapshot.
    count: u32,
}

/// A journal that was opened.
pub struct Opened {
    /// The journal, to append to.
    pub journal: Journal,
    /// The state that was written.
    pub state: State,
    /// What could not be read.
    pub damage: Damage,
    /// Whether items may be missing whose files are still stored, until [`Journal::adopted`].
    pub adopt: bool,
}

impl Journal {
    /// Opens the journal and reads the state that was written. What cannot be read is set aside and costs nothing else;
    /// where the database itself fails, the state is as far as it could be read.
    pub async fn open(database: Database) -> Opened {
        let journal = Self {
            database,
            since_snapshot: Rc::default(),
            logged: Rc::default(),
        };
        let Texts {
            read,
            originals,
            count,
        } = journal.read().await;
        if read.outdated || !originals.is_empty() || count >= SNAPSHOT_EVERY {
            let compacted = journal
                .compact(&read.state, &read.details, &originals, true)
                .await;
            browser::warn_on_error(
                "no snapshot was made",
                compacted.map_err(|why| why.to_string()),
            );
        } else {
            journal.since_snapshot.set(count);
        }
        let adopt = read.damage.may_miss_items() || journal.must_adopt().await;
        Opened {
            journal,
            state: read.state,
            damage: read.damage,
            adopt,
        }
    }

    /// Reads everything, however much of it can be read.
    async fn read(&self) -> Texts {
        let (snapshot, failed) = match self.database.get(META, &SNAPSHOT.into()).await {
            Ok(snapshot) => (snapshot, false),
            Err(_) => (JsValue::UNDEFINED, true),
        };
        let text = snapshot.as_string();
        let mut reader = match (&text, snapshot.is_undefined()) {
            (Some(text), _) => Reader::new(Some(text)),
            (None, true) => Reader::new(None),
            // Something that is not even a text.
            (None, false) => Reader::new(Some("")),
        };
        let mut originals: Vec<(String, String)> = Vec::new();
        let events = self.events_after(reader.seq()).await;
        for event in events.iter() {
            let text = event.as_string().unwrap_or_default();
            if !reader.event(&text) {
                originals.push((format!("event {}", originals.len()), text));
            }
        }
        let mut read = reader.finish();
        read.damage.snapshot |= failed;
        let damage = &read.damage;
        if damage.snapshot || damage.items > 0 || !damage.settings.is_empty() {
            originals.push(("snapshot".to_owned(), text.unwrap_or_default()));
        }
        Texts {
            read,
            originals,
            count: events.length(),
        }
    }

    /// The texts of the events after a number; none where they cannot be read.
    async fn events_after(&self, seq: u64) -> Array {
        let Ok(newer) = IdbKeyRange::lower_bound_with_open(&(seq as f64).into(), true) else {
            return Array::new();
        };
        let events = self
            .database
            .read(JOURNAL, |journal| journal.get_all_with_key(&newer.into()))
            .await;
        events.map_or_else(|_| Array::new(), |events| Array::from(&events))
    }

    async fn must_adopt(&self) -> bool {
        let note = self.database.get(META, &ADOPT.into()).await;
        note.is_ok_and(|note| note.is_truthy())
    }

    /// Notes that the stored files without an item have become items.
    ///
    /// # Errors
    /// [`StoreError`] where that was not written; it happens again at the next start then.
    pub async fn adopted(&self) -> Result<(), StoreError> {
        self.database
            .write(&[META], |transaction| {
                transaction.object_store(META)?.delete(&ADOPT.into())?;
                Ok(())
            })
            .await
    }

    /// Appends events, of which ephemeral ones are left out. When this returns, they survive a kill.
    ///
    /// # Errors
    /// [`StoreError`] where nothing of it was written.
    pub async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let kept: Vec<&Event> = events
            .iter()
            .filter(|event| !event.kind.is_ephemeral())
            .collect();
        if kept.is_empty() {
            return Ok(());
        }
        self.database
            .write(&[JOURNAL, LOG, THUMBNAILS], |transaction| {
                kept.iter().try_for_each(|event| put(transaction, event))
            })
            .await?;
        for id in self.to_trim(&kept) {
            let trimmed = self.trim(&id).await.map_err(|why| why.to_string());
            browser::warn_on_error("a log was not cut", trimmed);
        }
        let since = self.since_snapshot.get() + kept.len() as u32;
        self.since_snapshot.set(since);
        if since >= SNAPSHOT_EVERY {
            self.since_snapshot.set(0);
            // What was written counts, which the engine's own state may be ahead of.
            let Texts {
                read, originals, ..
            } = self.read().await;
            self.compact(&read.state, &read.details, &originals, false)
                .await?;
        }
        Ok(())
    }

    /// Writes a snapshot in the place of the events up to it, and beside it what left the state. `all` events go where
    /// some of them could not be read.
    async fn compact(
        &self,
        state: &State,
        details: &BTreeMap<ItemId, Details>,
        originals: &[(String, String)],
        all: bool,
    ) -> Result<(), StoreError> {
        let text = journal::snapshot(state);
        let older =
            IdbKeyRange::upper_bound(&(state.seq as f64).into()).map_err(database::error)?;
        let now = browser::now_ms();
        self.database
            .write(&[META, JOURNAL, LOG, THUMBNAILS, ASIDE], |transaction| {
                transaction
                    .object_store(META)?
                    .put_with_key(&text.into(), &SNAPSHOT.into())?;
                let events = transaction.object_store(JOURNAL)?;
                if all {
                    events.clear()?;
                } else {
                    events.delete(&older.into())?;
                }
                for (id, details) in details {
                    for (number, line) in details.log.iter().enumerate() {
                        put_line(transaction, id, number as u64, line)?;
                    }
                    if let Some(data_url) = &details.thumbnail {
                        put_thumbnail(transaction, id, data_url)?;
                    }
                }
                if !originals.is_empty() {
                    transaction
                        .object_store(META)?
                        .put_with_key(&JsValue::TRUE, &ADOPT.into())?;
                }
                let aside = transaction.object_store(ASIDE)?;
                for (what, original) in originals.iter().take(MAX_ASIDE as usize) {
                    let key = format!("{now} {what}");
                    aside.put_with_key(&original.as_str().into(), &key.into())?;
                }
                Ok(())
            })
            .await
    }

    /// The logs among these events that have to be cut now.
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
            .read(LOG, |log| log.get_all_keys_with_key(&range.into()))
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

    /// The log of an item, oldest line first, at most [`MAX_LOG`] lines. Lines that cannot be read are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn log(&self, id: &ItemId) -> Result<Vec<LogLine>, StoreError> {
        let range = beginning_with(&log_prefix(id)).map_err(database::error)?;
        let lines = self
            .database
            .read(LOG, |log| log.get_all_with_key(&range.into()))
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
    /// [`StoreError`] where the database fails.
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
            // The event says only that there is one.
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

fn log_prefix(id: &ItemId) -> String {
    format!("{}:", id.0)
}
