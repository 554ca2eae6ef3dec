//! Announces what this peer provides until a stranger can find and reach it, and again before nodes
//! forget it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use super::Engine;
use super::journal::log_line;
use super::pace::backoff;
use crate::Cid;
use crate::names::FunctionName;
use crate::ports::{Network, Platform};
use crate::state::{EventKind, ItemId, LogEntry, Status};

/// The most names that are announced together.
const BATCH: usize = 256;
/// The same for names that an earlier run announced, which nobody waits for.
const KNOWN_BATCH: usize = 1024;
/// The most batches that are announced at the same time, so that a new share does not wait for a slow batch.
const BATCHES_AT_ONCE: usize = 3;
/// How long a batch may take before it counts as not confirmed.
const BATCH_PATIENCE: Duration = Duration::from_secs(120);
/// How long after its confirmation a name is announced again. Records in the DHT live a day or
/// more, but a node may lose them sooner.
const AGAIN_AFTER: Duration = Duration::from_secs(3 * 3600);
/// The waits between attempts that were not confirmed.
const RETRY_BASE: Duration = Duration::from_secs(2);
const RETRY_MOST: Duration = Duration::from_secs(5 * 60);
/// How many times nodes that do not answer are told again of what is not provided any more. Records expire by themselves.
const LAST_ATTEMPT: u32 = 8;

/// The files that are offered, and when each is announced next.
#[derive(Default)]
pub(super) struct Offers(RefCell<OffersInner>);

#[derive(Default)]
struct OffersInner {
    by_item: HashMap<ItemId, Offer>,
    batches: usize,
    wake: Option<oneshot::Sender<()>>,
}

struct Offer {
    name: FunctionName,
    /// When to announce it, in Unix milliseconds. Zero means at once, before all others.
    due: u64,
    attempt: u32,
    in_flight: bool,
    /// Whether it was confirmed before this program started, in which case little about it is
    /// logged.
    known: bool,
}

impl<P: Platform> Engine<P> {
    /// Offers the file of an item from now on. It is announced as soon as there is a network.
    pub(super) fn offer(&self, id: &ItemId, cid: &Cid) {
        self.insert_offer(id, cid, false);
    }

    /// Like [`Self::offer`], for a file that [was shared](crate::state::Item::is_shared) in an
    /// earlier run.
    pub(super) fn offer_known(&self, id: &ItemId, cid: &Cid) {
        self.insert_offer(id, cid, true);
    }

    fn insert_offer(&self, id: &ItemId, cid: &Cid, known: bool) {
        let mut offers = self.0.offers.0.borrow_mut();
        offers.by_item.insert(
            id.clone(),
            Offer {
                name: FunctionName::file(cid),
                due: 0,
                attempt: 0,
                in_flight: false,
                known,
            },
        );
        wake(&mut offers);
    }

    /// Stops offering the file of an item.
    pub(super) fn withdraw(&self, id: &ItemId) {
        self.ask_no_more(id, false);
        let mut offers = self.0.offers.0.borrow_mut();
        let Some(Offer { name, .. }) = offers.by_item.remove(id) else {
            return;
        };
        // The same file may be here twice.
        let is_offered = offers.by_item.values().any(|other| other.name == name);
        drop(offers);
        if !is_offered {
            // Whether nodes could be told is seen when it is recorded that the file is not provided any more.
            drop(self.0.platform.network().withdraw(vec![name]));
        }
    }

    /// Has nodes forget the records of everything that is no longer provided here, now or as soon as it can be. What is left
    /// to do is read from the state, so that it is done by a later run if this one ends.
    pub(super) fn withdraw_unprovided(&self) {
        if self.0.withdrawing.get() || self.with_state(|state| state.withdrawn.is_empty()) {
            return;
        }
        self.0.withdrawing.set(true);
        let engine = self.clone();
        self.spawn(async move {
            let mut attempt = 0;
            loop {
                // A peer that nobody can reach can call, but withdraws nothing.
                while !engine.is_online() {
                    engine.wait_online(RETRY_MOST).await;
                    engine.sleep(RETRY_BASE).await;
                }
                let untold = engine.withdraw_once(attempt == LAST_ATTEMPT).await;
                if engine.with_state(|state| state.withdrawn.is_empty()) {
                    break;
                }
                if untold {
                    let random = engine.0.platform.random();
                    let wait = backoff(RETRY_BASE, RETRY_MOST, attempt, random);
                    engine.sleep(wait).await;
                    attempt += 1;
                } else {
                    attempt = 0;
                }
            }
            engine.0.withdrawing.set(false);
        });
    }

    /// Tells nodes once of some of what is no longer provided. Returns whether some of that could not be told and is to be
    /// tried again, which is not so after the last time.
    async fn withdraw_once(&self, is_last: bool) -> bool {
        let (all, due) = self.with_state(|state| {
            let all = state.withdrawn.iter().take(KNOWN_BATCH).cloned();
            (all.collect::<Vec<_>>(), state.unprovided())
        });
        let due: HashMap<FunctionName, String> = due
            .into_iter()
            .filter(|cid| all.binary_search(cid).is_ok())
            .filter_map(|cid| Some((FunctionName::file(&cid.parse().ok()?), cid)))
            .collect();
        let names: Vec<FunctionName> = due.keys().cloned().collect();
        let told = self.0.platform.network().withdraw(names.clone());
        let untold = self.within(BATCH_PATIENCE, told).await.unwrap_or(names);
        let untold: HashSet<&String> = match is_last {
            true => HashSet::new(),
            false => untold.iter().filter_map(|name| due.get(name)).collect(),
        };
        let cids: Vec<String> = all
            .into_iter()
            .filter(|cid| !untold.contains(cid))
            .collect();
        if !cids.is_empty() {
            self.record([EventKind::Withdrawn { cids }]).await;
        }
        !untold.is_empty()
    }

    /// Announces everything again, because the network is there or is back.
    pub(super) fn offer_all_again(&self) {
        let now = self.now();
        let mut offers = self.0.offers.0.borrow_mut();
        for offer in offers.by_item.values_mut() {
            offer.due = offer.due.min(now);
            offer.attempt = 0;
        }
        wake(&mut offers);
    }

    /// Announces what is due, for as long as the engine runs.
    pub(super) async fn announce_forever(self) {
        loop {
            let (woken, next) = {
                let mut offers = self.0.offers.0.borrow_mut();
                let (sender, woken) = oneshot::channel();
                offers.wake = Some(sender);
                let next = if self.is_online() && offers.batches < BATCHES_AT_ONCE {
                    offers
                        .by_item
                        .values()
                        .filter(|offer| !offer.in_flight)
                        .map(|offer| offer.due)
                        .min()
                } else {
                    None
                };
                (woken, next)
            };
            let now = self.now();
            match next {
                Some(due) if due <= now => self.announce_due(now),
                Some(due) => {
                    let wait = self.0.platform.sleep(Duration::from_millis(due - now));
                    select(woken, wait).await;
                }
                None => {
                    // An offer, the network, or the end of a batch wakes this.
                    let _ = woken.await;
                }
            }
        }
    }

    /// Announces one batch of what is due.
    fn announce_due(&self, now: u64) {
        let (batch, known): (Vec<(ItemId, FunctionName)>, bool) = {
            let mut offers = self.0.offers.0.borrow_mut();
            let due = offers.by_item.iter();
            let due = due.filter(|(_, offer)| !offer.in_flight && offer.due <= now);
            // Somebody waits for what was not announced before.
            let known = due.clone().all(|(_, offer)| offer.known);
            let mut due: Vec<(u64, ItemId)> = due
                .filter(|(_, offer)| offer.known == known)
                .map(|(id, offer)| (offer.due, id.clone()))
                .collect();
            due.sort();
            due.truncate(if known { KNOWN_BATCH } else { BATCH });
            offers.batches += 1;
            let batch = due
                .into_iter()
                .filter_map(|(_, id)| {
                    let offer = offers.by_item.get_mut(&id)?;
                    offer.in_flight = true;
                    Some((id, offer.name.clone()))
                })
                .collect();
            (batch, known)
        };
        let engine = self.clone();
        self.spawn(async move {
            let names = batch.iter().map(|(_, name)| name.clone()).collect();
            let announced = engine.0.platform.network().announce(names, known);
            let patience = engine.0.platform.sleep(BATCH_PATIENCE);
            let unconfirmed: HashSet<FunctionName> = match select(announced, patience).await {
                Either::Left((Ok(unconfirmed), _)) => unconfirmed.into_iter().collect(),
                Either::Left((Err(_), _)) | Either::Right(_) => {
                    batch.iter().map(|(_, name)| name.clone()).collect()
                }
            };
            let mut ids = Vec::new();
            for (id, name) in batch {
                if engine.announced(&id, &name, !unconfirmed.contains(&name)) {
                    ids.push(id);
                }
            }
            if !ids.is_empty() {
                engine.tell([EventKind::Confirmed { ids }]);
            }
            let mut offers = engine.0.offers.0.borrow_mut();
            offers.batches -= 1;
            wake(&mut offers);
        });
    }

    /// Handles the result of one announcement. Returns whether the confirmation is to be recorded
    /// together with others.
    fn announced(&self, id: &ItemId, name: &FunctionName, confirmed: bool) -> bool {
        let random = self.0.platform.random();
        let (first_failure, known) = {
            let mut offers = self.0.offers.0.borrow_mut();
            let Some(offer) = offers
                .by_item
                .get_mut(id)
                .filter(|offer| offer.name == *name)
            else {
                // It was withdrawn while it was being announced.
                if !offers.by_item.values().any(|offer| offer.name == *name) {
                    drop(self.0.platform.network().withdraw(vec![name.clone()]));
                }
                return false;
            };
            offer.in_flight = false;
            let wait = if confirmed {
                offer.attempt = 0;
                // The times are spread out, so that not everything is announced at the same moment
                // forever after.
                AGAIN_AFTER - AGAIN_AFTER / 10 * (random % 1024) as u32 / 1024
            } else {
                offer.attempt += 1;
                backoff(RETRY_BASE, RETRY_MOST, offer.attempt - 1, random)
            };
            offer.due = self.now() + wait.as_millis() as u64;
            let known = offer.known;
            offer.known &= !confirmed;
            (!confirmed && offer.attempt == 1, known)
        };
        let found = self.item(id, |item| (item.status.clone(), item.is_shared()));
        let (status, was_shared) = found.unzip();
        let was_shared = was_shared.unwrap_or_default();
        let change = |status: Status| EventKind::Status {
            id: id.clone(),
            status,
        };
        match (confirmed, status) {
            (true, Some(Status::Announcing)) if known => return true,
            (true, Some(Status::Done)) if !was_shared => {
                if !known {
                    self.log(id, LogEntry::Reached);
                }
                return true;
            }
            (true, Some(Status::Announcing)) => {
                self.tell([log_line(id, LogEntry::Reached), change(Status::Shared)])
            }
            (false, Some(Status::Shared)) => self.tell([
                log_line(id, LogEntry::NoLongerReached),
                change(Status::Announcing),
            ]),
            (false, Some(Status::Done)) if was_shared => self.tell([
                log_line(id, LogEntry::NoLongerReached),
                EventKind::Providing {
                    id: id.clone(),
                    providing: true,
                },
            ]),
            (false, Some(Status::Announcing | Status::Done)) if first_failure => {
                self.log(id, LogEntry::NotReachedYet);
            }
            (true, Some(Status::Shared | Status::Done))
            | (false, Some(Status::Announcing | Status::Done))
            | (
                _,
                None
                | Some(
                    Status::Preparing
                    | Status::Hashing
                    | Status::Stopped
                    | Status::Searching
                    | Status::Asked { .. }
                    | Status::Downloading { .. }
                    | Status::Interrupted { .. }
                    | Status::Failed { .. },
                ),
            ) => {}
        }
        false
    }
}

fn wake(offers: &mut OffersInner) {
    if let Some(wake) = offers.wake.take() {
        // Nobody listens while the announcer is not waiting, but it looks again before it waits.
        let _ = wake.send(());
    }
}
