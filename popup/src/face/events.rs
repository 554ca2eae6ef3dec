//! The events that the worker reports.

use fluence::failure::Code;
use fluence::state::{Event, EventKind, Item, ItemId, LogLine, MAX_LOG, Status};
use gloo_timers::callback::Timeout;
use web::time::now_ms;

use super::{Face, Msg, STALLED_MS, Sender, Topic, copy_key};
use crate::{browser, text};

/// The shortest interval at which what the worker tells is drawn, in milliseconds.
const PAINT_MS: u32 = 50;

impl Face {
    /// Applies an event, and returns whether to draw at once.
    pub(super) fn apply_event(&mut self, sender: &Sender, event: &Event) -> bool {
        let before = match &event.kind {
            EventKind::Progress { id, .. } => self.bytes_of(id),
            _ => None,
        };
        self.state.apply(event);
        match &event.kind {
            EventKind::Merged { id, into } if self.begun.as_ref() == Some(id) => {
                self.begun = Some(into.clone());
                self.copy_begun(sender);
            }
            EventKind::Status { id, status } => {
                if self.begun.as_ref() == Some(id) {
                    self.copy_begun(sender);
                }
                if status
                    .failure()
                    .is_some_and(|failure| failure.code == Code::Interrupted)
                {
                    self.look_at_given(sender);
                }
                if let Some(item) = self.state.items.get(id)
                    && is_announced(status)
                {
                    self.said =
                        text::announcement(&item.name, &text::status(item, &self.state.network));
                }
            }
            EventKind::Progress { id, .. }
                if !self.moved.contains(id) || self.bytes_of(id) != before =>
            {
                self.moved.insert(id.clone(), now_ms());
                self.watch_clock(sender);
            }
            EventKind::Network { .. } => {
                self.failures.remove(&Topic::Network);
                self.watch_clock(sender);
            }
            EventKind::Notice { failure } => {
                self.notice_read = false;
                self.said = text::notice(failure);
            }
            EventKind::Thumbnail { id, data_url } => {
                self.keep_thumbnail(id.clone(), data_url.clone());
            }
            EventKind::Log { id, entry } => {
                let Some(Some(lines)) = self.open.get_mut(id) else {
                    return false;
                };
                lines.push(LogLine {
                    at: event.at,
                    entry: entry.clone(),
                });
                let beyond = lines.len().saturating_sub(MAX_LOG);
                lines.drain(..beyond);
            }
            EventKind::Removed { id } => {
                self.forget_picture();
                self.thumbnails.remove(id);
                self.open.remove(id);
                self.selection
                    .iter_mut()
                    .for_each(|selection| selection.forget(id));
                self.failures.remove(&Topic::Item(id.clone()));
                self.failures.remove(&Topic::Log(id.clone()));
                self.removing.take_if(|removing| removing == id);
                self.menu.take_if(|menu| menu.id == *id);
                self.qr.take_if(|shown| shown == id);
                self.close_gone(sender);
            }
            _ => {}
        }
        self.show_more(sender);
        self.fetch_back(sender);
        // Thousands of events may come in a row, and drawing looks at all items.
        let is_due = self.timers.paint.is_none();
        if is_due {
            let sender = sender.clone();
            self.timers.paint = Some(Timeout::new(PAINT_MS, move || sender.send(Msg::Paint)));
        }
        is_due
    }

    /// The bytes of an item that have moved so far, while they move.
    fn bytes_of(&self, id: &ItemId) -> Option<u64> {
        let progress = self.state.items.get(id)?.progress.as_ref()?;
        Some(progress.bytes)
    }

    /// Whether bytes of an item should be moving and have not moved for a while.
    pub fn is_stalled(&self, item: &Item) -> bool {
        let moved = self.moved.get(&item.id);
        moved.is_some_and(|moved| now_ms().saturating_sub(*moved) >= STALLED_MS)
    }

    /// Puts the link of the item that this face began to share on the clipboard, as soon as others can have it.
    /// The worker can do so only in a page that has the focus, which this face has now.
    pub(super) fn copy_begun(&mut self, sender: &Sender) {
        let item = self.begun.as_ref().and_then(|id| self.state.items.get(id));
        let Some((id, link)) = item
            .filter(|item| item.is_shared())
            .and_then(|item| Some((item.id.clone(), item.link()?)))
        else {
            return;
        };
        self.begun = None;
        if self.settings().copy_link {
            sender.send_future(async move {
                match browser::copy(link).await {
                    Ok(()) => Msg::Copied(copy_key(&id), true),
                    // Nobody has just asked for it, and there is a button.
                    Err(_) => Msg::Paint,
                }
            });
        }
    }
}

/// Whether a screen reader says that an item now has this status. The person knows what they stopped
/// themselves.
fn is_announced(status: &Status) -> bool {
    match status {
        Status::Shared | Status::Interrupted { .. } | Status::Done | Status::Failed { .. } => true,
        Status::Preparing
        | Status::Hashing
        | Status::Announcing
        | Status::Stopped
        | Status::Searching
        | Status::Asked { .. }
        | Status::Downloading { .. } => false,
    }
}
