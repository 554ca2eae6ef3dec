//! The functions that this peer provides, and when the record of each is stored at nodes, or stored again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use fluence::names::FunctionName;
use tokio::sync::oneshot;
use web_time::Instant;

use crate::limits::STORES;
use crate::records::Hash;
use crate::seal::digest_of;

/// How long after being stored a record is stored again. Nodes keep it far longer, but a node may
/// be new, or may have lost its records.
pub(crate) const RENEW: Duration = Duration::from_secs(2 * 60 * 60);

/// The provided functions. For each name that [`Offers::next`] returns, either [`Offers::finished`]
/// or [`Offers::refused`] must be called once.
#[derive(Default)]
pub(crate) struct Offers {
    offers: HashMap<FunctionName, Offer>,
    /// The names by the digests in their DHT keys, for routed calls.
    names: HashMap<Hash, FunctionName>,
    queue: VecDeque<FunctionName>,
    /// The names whose records are being stored, which may have been withdrawn since.
    running: HashSet<FunctionName>,
}

#[derive(Default)]
struct Offer {
    /// When the record was last stored; `None` if it has yet to be stored.
    stored: Option<Instant>,
    /// Whether the record is in the queue or is being stored.
    underway: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Offers {
    /// Provides a function; `done` is told once its record has been sent, and is dropped if it can
    /// never be sent.
    pub(crate) fn provide(&mut self, name: FunctionName, done: oneshot::Sender<()>) {
        self.names.insert(digest_of(&name), name.clone());
        let offer = self.offers.entry(name.clone()).or_default();
        if offer.stored.is_some() {
            let _ = done.send(());
            return;
        }
        offer.waiting.push(done);
        if !offer.underway {
            offer.underway = true;
            // A name that was withdrawn while its record is being stored need not be stored again.
            if !self.running.contains(&name) {
                self.queue.push_back(name);
            }
        }
    }

    /// Provides functions whose records nodes have from an earlier run, nobody knows for how long: they are stored again
    /// with the next that are old.
    pub(crate) fn keep(&mut self, names: Vec<FunctionName>) {
        for name in names {
            self.names.insert(digest_of(&name), name.clone());
            self.offers.entry(name).or_default();
        }
    }

    /// Stops providing a function, and returns whether it was provided.
    pub(crate) fn withdraw(&mut self, name: &FunctionName) -> bool {
        self.names.remove(&digest_of(name));
        self.offers.remove(name).is_some()
    }

    /// The functions that are provided.
    pub(crate) fn names(&self) -> impl Iterator<Item = &FunctionName> {
        self.offers.keys()
    }

    /// Whether a function is provided.
    pub(crate) fn has(&self, name: &FunctionName) -> bool {
        self.offers.contains_key(name)
    }

    /// The function with this digest in its DHT key, if it is provided.
    pub(crate) fn name(&self, digest: &Hash) -> Option<&FunctionName> {
        self.names.get(digest)
    }

    /// Marks these records as not stored.
    pub(crate) fn not_found(&mut self, names: &[FunctionName]) {
        for name in names {
            if let Some(offer) = self.offers.get_mut(name) {
                offer.stored = None;
            }
        }
    }

    /// Stores every record again, because the peer has joined the network or the network has grown.
    pub(crate) fn renew_all(&mut self) {
        self.renew(|_| true);
    }

    /// Stores the records again that were stored [`RENEW`] ago or earlier, or that could not be
    /// stored.
    pub(crate) fn renew_old(&mut self, now: Instant) {
        self.renew(|stored| now.saturating_duration_since(stored) >= RENEW);
    }

    fn renew(&mut self, is_old: impl Fn(Instant) -> bool) {
        for (name, offer) in &mut self.offers {
            if offer.stored.is_none_or(&is_old) {
                offer.stored = None;
                if !offer.underway {
                    offer.underway = true;
                    self.queue.push_back(name.clone());
                }
            }
        }
    }

    /// The next name whose record is to be stored now, while fewer than [`STORES`] are being stored.
    pub(crate) fn next(&mut self) -> Option<FunctionName> {
        if self.running.len() >= STORES {
            return None;
        }
        while let Some(name) = self.queue.pop_front() {
            // A name that was withdrawn may be in the queue, and twice if it was provided again.
            let is_underway = self.offers.get(&name).is_some_and(|offer| offer.underway);
            if is_underway && self.running.insert(name.clone()) {
                return Some(name);
            }
        }
        None
    }

    /// Notes that the record can never be stored.
    pub(crate) fn refused(&mut self, name: &FunctionName) {
        self.running.remove(name);
        if let Some(offer) = self.offers.get_mut(name) {
            offer.underway = false;
            offer.waiting.clear();
        }
    }

    /// Notes that the record was sent, and when it was stored; `None` if too few nodes accepted it.
    pub(crate) fn finished(&mut self, name: &FunctionName, stored: Option<Instant>) {
        self.running.remove(name);
        if let Some(offer) = self.offers.get_mut(name) {
            offer.underway = false;
            offer.stored = stored;
            for done in offer.waiting.drain(..) {
                let _ = done.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::RECORD_TTL;

    const SECOND: Duration = Duration::from_secs(1);

    fn name(n: usize) -> FunctionName {
        format!("f{n}").parse().unwrap()
    }

    fn provided(offers: &mut Offers, n: usize) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        offers.provide(name(n), done);
        wait
    }

    fn all_next(offers: &mut Offers) -> Vec<FunctionName> {
        std::iter::from_fn(|| offers.next()).collect()
    }

    #[test]
    fn a_record_is_stored_once_and_everyone_who_waits_is_told() {
        let mut offers = Offers::default();
        let now = Instant::now();
        let mut waits = [provided(&mut offers, 1), provided(&mut offers, 1)];
        assert_eq!(all_next(&mut offers), [name(1)]);
        assert!(waits[0].try_recv().is_err());
        offers.finished(&name(1), Some(now));
        assert!(waits.iter_mut().all(|wait| wait.try_recv().is_ok()));
        // The record is stored already, so nothing more is sent.
        assert!(provided(&mut offers, 1).try_recv().is_ok());
        assert_eq!(all_next(&mut offers), []);
    }

    #[test]
    fn few_records_are_stored_at_the_same_time() {
        let mut offers = Offers::default();
        let _waits: Vec<_> = (0..40).map(|n| provided(&mut offers, n)).collect();
        let first = all_next(&mut offers);
        assert_eq!(first, (0..STORES).map(name).collect::<Vec<_>>());
        offers.finished(&first[0], Some(Instant::now()));
        offers.refused(&first[1]);
        assert_eq!(all_next(&mut offers), [name(STORES), name(STORES + 1)]);
    }

    #[test]
    fn records_are_stored_again_when_they_are_old_and_not_before() {
        let mut offers = Offers::default();
        let start = Instant::now();
        for (n, stored) in [(0, start), (1, start + 60 * SECOND)] {
            drop(provided(&mut offers, n));
            assert_eq!(offers.next(), Some(name(n)));
            offers.finished(&name(n), Some(stored));
        }
        offers.renew_old(start + RENEW - SECOND);
        assert_eq!(offers.next(), None);
        offers.renew_old(start + RENEW);
        assert_eq!(all_next(&mut offers), [name(0)]);
        // While it is being stored it is not queued again.
        offers.renew_old(start + RENEW);
        assert_eq!(offers.next(), None);
    }

    #[test]
    fn a_record_that_no_node_took_is_stored_at_the_next_round() {
        let mut offers = Offers::default();
        let mut wait = provided(&mut offers, 1);
        assert_eq!(offers.next(), Some(name(1)));
        offers.finished(&name(1), None);
        assert!(wait.try_recv().is_ok(), "it was sent, at least");
        assert_eq!(offers.next(), None);
        offers.renew_old(Instant::now());
        assert_eq!(offers.next(), Some(name(1)));
    }

    #[test]
    fn a_return_to_the_network_stores_everything_again() {
        let mut offers = Offers::default();
        let now = Instant::now();
        for n in 0..3 {
            drop(provided(&mut offers, n));
            let next = offers.next().unwrap();
            offers.finished(&next, Some(now));
        }
        assert!(offers.withdraw(&name(1)));
        assert!(!offers.withdraw(&name(1)));
        offers.renew_all();
        let mut again = all_next(&mut offers);
        again.sort();
        assert_eq!(again, [name(0), name(2)]);
    }

    #[test]
    fn a_record_that_was_not_found_is_sent_when_it_is_provided_again() {
        let mut offers = Offers::default();
        drop(provided(&mut offers, 1));
        let next = offers.next().unwrap();
        offers.finished(&next, Some(Instant::now()));
        offers.not_found(&[name(1), name(2)]);
        assert_eq!(offers.next(), None);
        assert!(provided(&mut offers, 1).try_recv().is_err());
        assert_eq!(offers.next(), Some(name(1)));
    }

    #[test]
    fn what_nodes_have_is_stored_with_what_is_old() {
        let mut offers = Offers::default();
        let now = Instant::now();
        drop(provided(&mut offers, 1));
        assert_eq!(all_next(&mut offers), [name(1)]);
        offers.finished(&name(1), Some(now));
        offers.keep(vec![name(1), name(2)]);
        assert_eq!(all_next(&mut offers), []);
        offers.renew_old(now);
        assert_eq!(all_next(&mut offers), [name(2)]);
        assert!(offers.withdraw(&name(2)));
    }

    #[test]
    fn withdrawn_names_are_not_stored_and_their_waiters_hear_it() {
        let mut offers = Offers::default();
        let mut wait = provided(&mut offers, 1);
        offers.withdraw(&name(1));
        assert_eq!(wait.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(offers.next(), None);
        let mut refused = provided(&mut offers, 2);
        assert_eq!(offers.next(), Some(name(2)));
        offers.refused(&name(2));
        assert_eq!(
            refused.try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        );
    }

    #[test]
    fn a_name_that_is_withdrawn_and_provided_again_is_stored_once() {
        let mut offers = Offers::default();
        let now = Instant::now();
        // While it waits.
        drop(provided(&mut offers, 1));
        offers.withdraw(&name(1));
        let mut waiting = provided(&mut offers, 1);
        assert_eq!(all_next(&mut offers), [name(1)]);
        // While it is being stored.
        offers.withdraw(&name(1));
        let mut again = provided(&mut offers, 1);
        assert_eq!(
            waiting.try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        );
        assert_eq!(all_next(&mut offers), []);
        offers.finished(&name(1), Some(now));
        assert!(again.try_recv().is_ok());
        assert_eq!(all_next(&mut offers), []);
    }

    #[test]
    fn records_outlast_two_announcements_of_any_implementation() {
        // The longest interval is go-libp2p's (`amino.DefaultReprovideInterval`).
        let others = Duration::from_secs(22 * 60 * 60);
        assert!(RECORD_TTL > 2 * others && RECORD_TTL > 2 * RENEW);
    }
}
