//! The functions that this peer provides, and when the record of each must be stored at nodes (again).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use fluence::names::FunctionName;
use libp2p::kad::{QueryId, RecordKey};
use tokio::sync::oneshot;
use web_time::Instant;

/// After this time a record is stored anew: nodes keep it far longer, but a node may be new, or have begun anew.
pub(crate) const RENEW: Duration = Duration::from_secs(2 * 60 * 60);
/// Records that are being stored at the same time; kad drops what is over 32 streams of a connection.
const PARALLEL: usize = 16;

/// What is provided.
#[derive(Default)]
pub(crate) struct Offers {
    offers: HashMap<FunctionName, Offer>,
    queue: VecDeque<FunctionName>,
    running: HashMap<QueryId, FunctionName>,
}

#[derive(Default)]
struct Offer {
    /// When it was stored, on the present connection.
    stored: Option<Instant>,
    /// In the queue, or running.
    underway: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Offers {
    /// Provides a function; `done` hears when its record was sent.
    pub(crate) fn provide(&mut self, name: FunctionName, done: oneshot::Sender<()>) {
        let offer = self.offers.entry(name.clone()).or_default();
        if offer.stored.is_some() {
            let _ = done.send(());
            return;
        }
        offer.waiting.push(done);
        if !offer.underway {
            offer.underway = true;
            self.queue.push_back(name);
        }
    }

    /// Provides it no more; whether it was provided.
    pub(crate) fn withdraw(&mut self, name: &FunctionName) -> bool {
        self.offers.remove(name).is_some()
    }

    /// Counts these as not stored.
    pub(crate) fn not_found(&mut self, names: &[FunctionName]) {
        for name in names {
            if let Some(offer) = self.offers.get_mut(name) {
                offer.stored = None;
            }
        }
    }

    /// Stores every record again: the peer came (back) to the network, or the network has grown.
    pub(crate) fn renew_all(&mut self) {
        self.renew(|_| true);
    }

    /// Stores again what was stored long ago.
    pub(crate) fn renew_old(&mut self, now: Instant) {
        self.renew(|stored| now.saturating_duration_since(stored) >= RENEW);
    }

    fn renew(&mut self, which: impl Fn(Instant) -> bool) {
        for (name, offer) in &mut self.offers {
            if offer.stored.is_none_or(&which) {
                offer.stored = None;
                if !offer.underway {
                    offer.underway = true;
                    self.queue.push_back(name.clone());
                }
            }
        }
    }

    /// The next name whose record is to be stored, while not too many are.
    pub(crate) fn next(&mut self) -> Option<FunctionName> {
        if self.running.len() >= PARALLEL {
            return None;
        }
        while let Some(name) = self.queue.pop_front() {
            if self.offers.contains_key(&name) {
                return Some(name);
            }
        }
        None
    }

    /// The record is being stored.
    pub(crate) fn started(&mut self, query: QueryId, name: FunctionName) {
        self.running.insert(query, name);
    }

    /// The record cannot be stored.
    pub(crate) fn failed(&mut self, name: &FunctionName) {
        if let Some(offer) = self.offers.get_mut(name) {
            offer.underway = false;
            offer.waiting.clear();
        }
    }

    /// The record was sent at this time, or to too few nodes.
    pub(crate) fn finished(&mut self, query: QueryId, stored: Option<Instant>) {
        let Some(name) = self.running.remove(&query) else {
            return;
        };
        if let Some(offer) = self.offers.get_mut(&name) {
            offer.underway = false;
            offer.stored = stored;
            for done in offer.waiting.drain(..) {
                let _ = done.send(());
            }
        }
    }
}

/// The key under which a function is stored.
pub(crate) fn key(name: &FunctionName) -> RecordKey {
    RecordKey::new(&name.dht_key())
}
