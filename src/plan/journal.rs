//! Events on their way to the platform. They are applied at once, and recorded in order.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures::channel::oneshot;

use super::Engine;
use crate::failure::Failure;
use crate::ports::Platform;
use crate::state::{Event, EventKind, Item, ItemId, LogEntry, Status};

/// The most events that may wait to be recorded. Beyond that, ephemeral ones are left out.
const MAX_WAITING: usize = 4096;

/// The events that wait to be recorded.
#[derive(Default)]
pub(super) struct Journal(RefCell<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// The number of events that were ever accepted.
    taken: u64,
    /// The tasks that wait until this many events are recorded.
    waiters: VecDeque<(u64, oneshot::Sender<()>)>,
    /// Whether the recording task runs.
    running: bool,
}

impl<P: Platform> Engine<P> {
    /// Applies the events now, and has them recorded in order, without waiting for that.
    pub(super) fn tell(&self, kinds: impl IntoIterator<Item = EventKind>) {
        self.take(kinds);
        self.withdraw_unprovided();
    }

    fn take(&self, kinds: impl IntoIterator<Item = EventKind>) {
        let at = self.now();
        let mut waiting = self.0.journal.0.borrow_mut();
        {
            let mut state = self.0.state.borrow_mut();
            for kind in kinds {
                let ephemeral = kind.is_ephemeral();
                let seq = if ephemeral { state.seq } else { state.seq + 1 };
                let event = Event { seq, at, kind };
                state.apply(&event);
                if ephemeral && waiting.events.len() >= MAX_WAITING {
                    continue;
                }
                waiting.events.push_back(event);
                waiting.taken += 1;
            }
        }
        if !waiting.running && !waiting.events.is_empty() {
            waiting.running = true;
            drop(waiting);
            let engine = self.clone();
            self.spawn(async move { engine.record_all().await });
        }
    }

    /// Applies and records events, and returns when they survive a kill. A platform uses it for its
    /// own events: [`EventKind::Started`], [`EventKind::Thumbnail`], [`EventKind::Saved`],
    /// [`EventKind::Log`], [`EventKind::Notice`] and [`EventKind::Web`].
    pub async fn record(&self, kinds: impl IntoIterator<Item = EventKind>) {
        self.tell(kinds);
        let recorded = {
            let mut waiting = self.0.journal.0.borrow_mut();
            if !waiting.running {
                return;
            }
            let (sender, recorded) = oneshot::channel();
            let until = waiting.taken;
            waiting.waiters.push_back((until, sender));
            recorded
        };
        // An error would mean that the recording task is gone, and with it this program.
        let _ = recorded.await;
    }

    async fn record_all(&self) {
        loop {
            let (batch, until) = {
                let mut waiting = self.0.journal.0.borrow_mut();
                if waiting.events.is_empty() {
                    waiting.running = false;
                    return;
                }
                let batch: Vec<Event> = waiting.events.drain(..).collect();
                (batch, waiting.taken)
            };
            self.0.platform.record(batch).await;
            let mut waiting = self.0.journal.0.borrow_mut();
            while waiting
                .waiters
                .front()
                .is_some_and(|(wanted, _)| *wanted <= until)
            {
                if let Some((_, sender)) = waiting.waiters.pop_front() {
                    // A task that has stopped waiting needs no answer.
                    let _ = sender.send(());
                }
            }
        }
    }

    /// Adds a line to an item's log.
    pub(super) fn log(&self, id: &ItemId, entry: LogEntry) {
        self.tell([log_line(id, entry)]);
    }

    /// Changes an item's status, and returns when the change survives a kill.
    pub(super) async fn set_status(&self, id: &ItemId, status: Status) {
        self.record([EventKind::Status {
            id: id.clone(),
            status,
        }])
        .await;
    }

    /// Ends an item without success; if `resumable`, it can continue from what is here.
    pub(super) fn fail(&self, id: &ItemId, failure: Failure, resumable: bool) {
        let entry = LogEntry::Failed {
            failure: failure.clone(),
        };
        let status = if resumable {
            Status::Interrupted { failure }
        } else {
            Status::Failed { failure }
        };
        self.tell([
            log_line(id, entry),
            EventKind::Status {
                id: id.clone(),
                status,
            },
        ]);
    }

    /// Looks at an item.
    pub(super) fn item<T>(&self, id: &ItemId, look: impl FnOnce(&Item) -> T) -> Option<T> {
        self.0.state.borrow().items.get(id).map(look)
    }
}

/// The event for a line of an item's log.
pub(super) fn log_line(id: &ItemId, entry: LogEntry) -> EventKind {
    EventKind::Log {
        id: id.clone(),
        entry,
    }
}
