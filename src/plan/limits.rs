//! Ends shares at their time or after their last call, and keeps uploads within what the person allows.

use std::time::Duration;

use super::Engine;
use super::jobs::JobKind;
use super::upload::most_sent;
use crate::content::Dag;
use crate::failure::{Code, Failure};
use crate::ports::Platform;
use crate::state::{Ends, EventKind, Item, ItemId, Limits, LogEntry, Status};

/// The longest wait for the next end of a share, in milliseconds: a clock that is set, or a machine that slept, is noticed
/// by then.
const LOOK_MS: u64 = 60_000;

impl<P: Platform> Engine<P> {
    /// Sets when a file stops being shared by itself, from now on.
    pub(super) async fn limit(&self, id: &ItemId, seconds: Option<u64>, calls: Option<u64>) {
        let now = self.now();
        let requests = self.item(id, |item| item.requests).unwrap_or_default();
        self.record([EventKind::Limited {
            id: id.clone(),
            until: seconds.map(|seconds| now.saturating_add(seconds.saturating_mul(1000))),
            calls: calls.map(|calls| requests.saturating_add(calls)),
        }])
        .await;
        self.watch_limits();
    }

    /// Forgets when a file stops being shared by itself, if that was set.
    pub(super) async fn unlimit(&self, id: &ItemId) {
        let limits = self.item(id, |item| item.limits).unwrap_or_default();
        if limits != Limits::default() {
            self.limit(id, None, None).await;
        }
    }

    /// What a file is limited by that is shared from now on and ends like this, or else as the person has set it for all;
    /// `None` if it is so already.
    pub(super) fn limits(&self, id: &ItemId, ends: Option<Ends>) -> Option<EventKind> {
        let ends = ends.unwrap_or_else(|| self.settings().ends());
        let (requests, before) = self
            .item(id, |item| (item.requests, item.limits))
            .unwrap_or_default();
        let for_ms = |seconds: u64| self.now().saturating_add(seconds.saturating_mul(1000));
        let limits = Limits {
            until: ends.seconds.map(for_ms),
            calls: ends.calls.map(|calls| requests.saturating_add(calls)),
        };
        (limits != before).then(|| EventKind::Limited {
            id: id.clone(),
            until: limits.until,
            calls: limits.calls,
        })
    }

    /// Ends every share whose time has come, now and from now on.
    pub(super) fn watch_limits(&self) {
        let now = self.now();
        let over: Vec<ItemId> = self.with_state(|state| {
            let items = state.items.values();
            let over =
                items.filter(|item| item.providing && item.status.is_here() && item.is_over(now));
            over.map(|item| item.id.clone()).collect()
        });
        for id in over {
            // Whoever made the last call still gets the file.
            let is_answered = !self.has_job(JobKind::Out, &id) && !self.is_placing(&id);
            if is_answered || self.item(&id, Item::is_spent) == Some(false) {
                let engine = self.clone();
                self.spawn(async move {
                    // An earlier look may have ended it.
                    if engine.item(&id, |item| item.providing) != Some(true) {
                        return;
                    }
                    engine.log(&id, LogEntry::Expired);
                    engine.stop_offering(&id).await;
                    // Its bytes may be gone meanwhile.
                    if engine.item(&id, |item| item.status.is_here()) == Some(true) {
                        engine.set_status(&id, Status::Stopped).await;
                    }
                    engine.watch_limits();
                });
            }
        }
        self.release_unwanted();
        let next = self.with_state(|state| {
            let changes = state.items.values().filter_map(next_change);
            // What should have happened by now has begun, or waits for something else.
            let changes = changes.filter(|change| *change > now);
            changes.chain(state.next_expiry(now)).min()
        });
        let Some(next) = next else {
            return;
        };
        let next = next.clamp(now + 1000, now + LOOK_MS);
        if self.0.watching.get() > now && self.0.watching.get() <= next {
            return;
        }
        self.0.watching.set(next);
        let engine = self.clone();
        self.spawn(async move {
            engine.sleep(Duration::from_millis(next - now)).await;
            if engine.0.watching.get() == next {
                engine.0.watching.set(0);
                engine.watch_limits();
            }
        });
    }

    /// Why a file may not be uploaded now, if so.
    pub(super) fn over_budget(&self, dag: &Dag) -> Option<Failure> {
        if let Some(failure) = self.over_file_budget(dag.len()) {
            return Some(failure);
        }
        // What has left of the uploads that are under way is counted already.
        let to_leave = |item: &Item| Some(item.size?.saturating_sub(item.upload.as_ref()?.sent));
        let under_way: u64 =
            self.with_state(|state| state.items.values().filter_map(to_leave).sum());
        let day = self.over_day_budget(under_way.saturating_add(most_sent(dag)));
        day.or_else(|| {
            let metered = self.rests().filter(|why| *why == Code::Metered);
            metered.map(Failure::new)
        })
    }

    /// Why so many bytes may not leave today any more, if so.
    pub(super) fn over_day_budget(&self, size: u64) -> Option<Failure> {
        let most = self.settings().max_sent_day?;
        let now = self.now();
        let sent = self.with_state(|state| state.sent_today(now));
        let over = sent.saturating_add(size) > most;
        over.then(|| Failure::new(Code::DayBudget).limit(most))
    }

    /// Why a file of this size may never be uploaded, if so.
    fn over_file_budget(&self, size: u64) -> Option<Failure> {
        let most = self.settings().max_sent_file.filter(|most| size > *most)?;
        Some(Failure::new(Code::Budget).limit(most))
    }

    /// Why the upload of an item may not go on, if so.
    pub(super) fn held_back(&self, item: &Item) -> Option<Failure> {
        let budget = item.size.and_then(|size| self.over_file_budget(size));
        budget.or_else(|| self.rests().map(Failure::new))
    }

    /// Why nothing may be uploaded now, if so: sharing is paused, or the network is not one that may be used for it.
    pub(super) fn rests(&self) -> Option<Code> {
        let settings = self.settings();
        let is_metered = || settings.metered_now || self.0.platform.is_metered();
        match () {
            () if settings.paused => Some(Code::Paused),
            () if !settings.metered && is_metered() => Some(Code::Metered),
            () => None,
        }
    }

    /// Ends the uploads that may not go on.
    pub(super) async fn rest(&self) {
        let uploading: Vec<Item> = self.with_state(|state| {
            let items = state.items.values().filter(|item| item.upload.is_some());
            items.cloned().collect()
        });
        for item in uploading {
            if let Some(why) = self.held_back(&item) {
                self.cut_upload(&item.id, why).await;
            }
        }
    }
}

/// When the limits of an item have to be looked at again, in Unix milliseconds.
fn next_change(item: &Item) -> Option<u64> {
    // The time of what waits for a click goes on.
    if item.providing || item.needs_click() {
        return item.limits.until;
    }
    item.fetched_until().filter(|_| item.placed.is_some())
}
