//! Queries of the DHT: look-ups of providers, and the storing of this peer's own records.

use std::collections::{HashMap, HashSet};

use fluence::names::FunctionName;
use libp2p::identity::Keypair;
use libp2p::kad::{GetProvidersOk, QueryId, QueryResult, RecordKey};
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;
use web_time::Instant;

use super::addresses::{AddressBook, known_to_dht};
use super::withdrawals::Withdrawals;
use crate::address::relay_of;
use crate::behaviour::Behaviour;
use crate::command::Find;
use crate::libraries::KAD_REPLICATION;
use crate::limits::{FOUND, LOOK_UPS};
use crate::offers::Offers;
use crate::records::Hash;

/// The queries under way, and the records to be stored.
pub(super) struct LookUps {
    running: HashMap<QueryId, LookUp>,
    offers: Offers,
    storing: HashMap<QueryId, FunctionName>,
    pub(super) withdrawals: Withdrawals,
}

struct LookUp {
    find: Find,
    seen: HashSet<PeerId>,
    /// How many were seen before the query under way began.
    seen_before: usize,
}

impl LookUp {
    /// Whether another query may find more: an answer that is full has a choice of the providers,
    /// which is another one each time. One of its places may be that of this peer.
    fn may_find_more(&self) -> bool {
        self.seen.len() + 1 >= KAD_REPLICATION.get()
            && self.seen.len() > self.seen_before
            && !self.find.found.is_closed()
    }
}

impl LookUps {
    /// Nothing is looked up or stored yet by the peer of this identity.
    pub(super) fn new(keypair: Keypair) -> Self {
        Self {
            running: HashMap::new(),
            offers: Offers::default(),
            storing: HashMap::new(),
            withdrawals: Withdrawals::new(keypair),
        }
    }

    /// Begins a look-up. If [`LOOK_UPS`] are running already, it ends at once, without a result.
    pub(super) fn find(&mut self, swarm: &mut Swarm<Behaviour>, find: Find) {
        self.running
            .retain(|_, look_up| !look_up.find.found.is_closed());
        if self.running.len() < LOOK_UPS {
            let query = swarm.behaviour_mut().kad.get_providers(key(&find.name));
            let look_up = LookUp {
                find,
                seen: HashSet::new(),
                seen_before: 0,
            };
            self.running.insert(query, look_up);
        }
    }

    /// Whether any look-up is under way.
    pub(super) fn is_waiting(&self) -> bool {
        !self.running.is_empty()
    }

    /// Provides a function; `done` is told once its record has been sent.
    pub(super) fn provide(&mut self, name: FunctionName, done: oneshot::Sender<()>) {
        self.offers.provide(name, done);
    }

    /// Provides functions whose records nodes have.
    pub(super) fn keep(&mut self, names: Vec<FunctionName>) {
        self.offers.keep(names);
    }

    /// Stops providing these functions.
    pub(super) fn withdraw(&mut self, swarm: &mut Swarm<Behaviour>, names: &[FunctionName]) {
        for name in names {
            self.offers.withdraw(name);
            swarm.behaviour_mut().kad.stop_providing(&key(name));
            // An earlier run may have provided it.
            self.withdrawals.add(name.clone());
        }
    }

    /// Begins to take back what was withdrawn, first at this peer's own nodes. `done` is told of what some node could not be
    /// told.
    pub(super) fn take_back(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        nodes: &[(PeerId, Multiaddr)],
        done: oneshot::Sender<Vec<FunctionName>>,
    ) {
        self.withdrawals.hasten(swarm, &self.offers, nodes);
        self.withdrawals.when_done(done);
    }

    /// Stops providing everything.
    pub(super) fn withdraw_all(&mut self, swarm: &mut Swarm<Behaviour>) {
        let names: Vec<FunctionName> = self.offers.names().cloned().collect();
        self.withdraw(swarm, &names);
    }

    /// The function with this digest in its DHT key, if this peer provides it.
    pub(super) fn provided(&self, digest: &Hash) -> Option<&FunctionName> {
        self.offers.name(digest)
    }

    /// Marks these records, which were sent but not found, as not stored.
    pub(super) fn not_found(&mut self, names: &[FunctionName]) {
        self.offers.not_found(names);
    }

    /// Stores every record again.
    pub(super) fn renew_all(&mut self) {
        self.offers.renew_all();
    }

    /// Stores the records again that are due for renewal.
    pub(super) fn renew_old(&mut self, now: Instant) {
        self.offers.renew_old(now);
    }

    /// Begins to store the records whose turn it is, and takes back those that were withdrawn.
    pub(super) fn store(&mut self, swarm: &mut Swarm<Behaviour>) {
        self.withdrawals.proceed(swarm, &self.offers);
        while let Some(name) = self.offers.next() {
            match swarm.behaviour_mut().kad.start_providing(key(&name)) {
                Ok(query) => {
                    self.storing.insert(query, name);
                }
                Err(error) => {
                    tracing::warn!(%name, %error, "the function cannot be provided");
                    self.offers.refused(&name);
                }
            }
        }
    }

    /// Handles a result of a query; `last` says whether the query has ended with it.
    pub(super) fn on_query(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        addresses: &mut AddressBook,
        id: QueryId,
        result: QueryResult,
        last: bool,
    ) {
        match result {
            QueryResult::StartProviding(result) => {
                if let Some(name) = self.storing.remove(&id) {
                    if !self.offers.has(&name) {
                        // It was withdrawn meanwhile, and this has come after that.
                        self.withdrawals.add(name.clone());
                    }
                    let stored = result.is_ok().then(Instant::now);
                    self.offers.finished(&name, stored);
                }
            }
            QueryResult::GetProviders(result) => {
                if let Ok(GetProvidersOk::FoundProviders { providers, .. }) = result {
                    self.found(swarm, addresses, id, providers);
                }
                if last
                    && let Some(mut look_up) = self.running.remove(&id)
                    && look_up.may_find_more()
                {
                    look_up.seen_before = look_up.seen.len();
                    let name = key(&look_up.find.name);
                    let again = swarm.behaviour_mut().kad.get_providers(name);
                    self.running.insert(again, look_up);
                }
            }
            _ => {}
        }
    }

    fn found(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        addresses: &mut AddressBook,
        id: QueryId,
        providers: HashSet<PeerId>,
    ) {
        let Some(look_up) = self.running.get_mut(&id) else {
            return;
        };
        for provider in providers {
            let is_new = provider != *swarm.local_peer_id()
                && look_up.seen.len() < FOUND
                && look_up.seen.insert(provider);
            if is_new {
                let known = known_to_dht(swarm, provider);
                if !known.is_empty() && known.iter().all(|address| relay_of(address).is_some()) {
                    swarm.behaviour_mut().guard.is_client(provider);
                }
                addresses.learn(provider, known);
                // The channel has room for as many as can be seen, so this fails only if nobody is
                // listening any more.
                let _ = look_up.find.found.try_send(provider);
            }
        }
        let wanted = look_up.find.wanted.as_ref();
        let is_done = look_up.find.found.is_closed()
            || look_up.seen.len() >= FOUND
            || wanted.is_some_and(|wanted| look_up.seen.contains(wanted));
        if is_done {
            self.running.remove(&id);
            if let Some(mut query) = swarm.behaviour_mut().kad.query_mut(&id) {
                query.finish();
            }
        }
    }
}

/// The key under which a function's providers are stored.
fn key(name: &FunctionName) -> RecordKey {
    RecordKey::new(&name.dht_key())
}
