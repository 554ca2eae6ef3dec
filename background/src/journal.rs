//! The journal in IndexedDB: events as JSON under their numbers, and now and then a snapshot that takes the place of
//! those before it.

use std::cell::Cell;
use std::rc::Rc;

use fluence::ports::StoreError;
use fluence::state::{Event, State};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::IdbKeyRange;

use crate::browser::grumble;
use crate::database::{self, Database, JOURNAL, META};

/// The events after which a snapshot is made.
const SNAPSHOT_EVERY: u32 = 1000;
/// The key of the snapshot.
const SNAPSHOT: &str = "snapshot";

/// The journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    database: Database,
    since_snapshot: Rc<Cell<u32>>,
}

impl Journal {
    /// Opens it, and reads the state that was written.
    pub async fn open(database: Database) -> Result<(Self, State), StoreError> {
        let journal = Self {
            database,
            since_snapshot: Rc::default(),
        };
        let state = journal.compact().await?;
        Ok((journal, state))
    }

    /// Appends events; when it returns, they outlast a kill. Ephemeral ones are left out.
    pub async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let kept: Vec<&Event> = events
            .iter()
            .filter(|event| !event.kind.is_ephemeral())
            .collect();
        if kept.is_empty() {
            return Ok(());
        }
        self.database
            .write(&[JOURNAL], |transaction| {
                let journal = transaction.object_store(JOURNAL)?;
                for event in &kept {
                    let text = serde_json::to_string(event)
                        .map_err(|why| JsValue::from_str(&why.to_string()))?;
                    journal.put_with_key(&text.into(), &(event.seq as f64).into())?;
                }
                Ok(())
            })
            .await?;
        let since = self.since_snapshot.get() + kept.len() as u32;
        self.since_snapshot.set(since);
        if since >= SNAPSHOT_EVERY {
            self.since_snapshot.set(0);
            self.compact().await?;
        }
        Ok(())
    }

    /// Reads the state; where many events were written since the last snapshot, makes one and drops them.
    async fn compact(&self) -> Result<State, StoreError> {
        let snapshot = self.database.get(META, &SNAPSHOT.into()).await?;
        let mut state: State = match snapshot.as_string() {
            Some(text) => serde_json::from_str(&text).map_err(damaged)?,
            None => State::default(),
        };
        let newer = IdbKeyRange::lower_bound_with_open(&(state.seq as f64).into(), true)
            .map_err(database::error)?;
        let events = self
            .database
            .read(JOURNAL, |journal| journal.get_all_with_key(&newer.into()))
            .await?;
        let events = Array::from(&events);
        for event in events.iter() {
            let text = event.as_string().unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(event) => state.apply(&event),
                // Another version's, most likely. The rest still holds.
                Err(why) => grumble(
                    "an event of the journal is left out",
                    Err::<(), _>(damaged(why).to_string()),
                ),
            }
        }
        if events.length() < SNAPSHOT_EVERY {
            self.since_snapshot.set(events.length());
            return Ok(state);
        }
        let text = serde_json::to_string(&state).map_err(damaged)?;
        let older =
            IdbKeyRange::upper_bound(&(state.seq as f64).into()).map_err(database::error)?;
        self.database
            .write(&[META, JOURNAL], |transaction| {
                transaction
                    .object_store(META)?
                    .put_with_key(&text.into(), &SNAPSHOT.into())?;
                transaction.object_store(JOURNAL)?.delete(&older.into())?;
                Ok(())
            })
            .await?;
        Ok(state)
    }
}

fn damaged(why: serde_json::Error) -> StoreError {
    StoreError::Failed(format!("the journal cannot be read: {why}"))
}
