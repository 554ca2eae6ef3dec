//! Takes back the records of functions that this peer does not provide any more: the nodes that hold a record are looked up
//! and called. Without that, a record would be found until it expires. What they are told is signed, so that they can tell a
//! node that cannot be reached now.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use fluence::call::{self, MAX_SIGNED, Reply, Request, SignedWithdrawal, WithdrawArgs};
use fluence::names::FunctionName;
use libp2p::identity::Keypair;
use libp2p::kad::QueryId;
use libp2p::request_response::{Event, Message, OutboundRequestId};
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;
use web_time::Instant;

use crate::behaviour::Behaviour;
use crate::codec::{CallReply, CallRequest};
use crate::limits::STORES;
use crate::offers::Offers;
use crate::records::OWN_FUNCTIONS;
use crate::seal::digest_of;
use crate::taken_back::{Withdrawal, unix_seconds};

/// How many calls are made to each of this peer's own nodes at a time before any look-up.
const HASTY: usize = 4;
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two calls to this peer's own nodes that are made before any look-up.
const BETWEEN_HASTY: Duration = Duration::from_secs(1);
/// How many times the nodes of a record are looked up and told.
const TRIES: u8 = 2;

/// The records that are to be taken back.
pub(super) struct Withdrawals {
    /// With which what is taken back is signed.
    keypair: Keypair,
    /// Those whose nodes are to be looked up.
    queue: VecDeque<Withdrawn>,
    /// The names in the queue and of those that are being looked up.
    waits: HashSet<FunctionName>,
    /// Those whose nodes are being looked up.
    looking: HashMap<QueryId, Withdrawn>,
    /// Those of which a node is to be told. They are told together.
    untold: HashMap<PeerId, Vec<Withdrawn>>,
    telling: HashMap<OutboundRequestId, Vec<Withdrawn>>,
    /// The calls to this peer's own nodes, and when they were made last.
    hasty: HashSet<OutboundRequestId>,
    last_hasty: Option<Instant>,
    /// Those of which some node could not be told.
    lost: Vec<FunctionName>,
    waiting: Vec<oneshot::Sender<Vec<FunctionName>>>,
}

/// A function that is not provided any more.
#[derive(Clone)]
struct Withdrawn {
    name: FunctionName,
    /// What nodes are told; `None` if this peer cannot sign it.
    signed: Option<SignedWithdrawal>,
    /// How many times its nodes were not found, or were told and did not answer.
    tries: u8,
}

impl Withdrawals {
    /// Nothing is to be taken back yet by the peer of this identity.
    pub(super) fn new(keypair: Keypair) -> Self {
        Self {
            keypair,
            queue: VecDeque::new(),
            waits: HashSet::new(),
            looking: HashMap::new(),
            untold: HashMap::new(),
            telling: HashMap::new(),
            hasty: HashSet::new(),
            last_hasty: None,
            lost: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Takes the record of a function back.
    pub(super) fn add(&mut self, name: FunctionName) {
        if self.waits.contains(&name) {
            return;
        }
        if self.queue.len() < OWN_FUNCTIONS {
            self.waits.insert(name.clone());
            let signed = self.sign(&name);
            self.queue.push_back(Withdrawn {
                name,
                signed,
                tries: 0,
            });
        } else {
            self.lost(name);
        }
    }

    fn lost(&mut self, name: FunctionName) {
        if self.lost.len() < OWN_FUNCTIONS {
            self.lost.push(name);
        }
    }

    /// Tells `done` once everything is taken back that is to be by now, or cannot be.
    pub(super) fn when_done(&mut self, done: oneshot::Sender<Vec<FunctionName>>) {
        self.waiting.retain(|waiting| !waiting.is_closed());
        self.waiting.push(done);
        self.finish();
    }

    fn finish(&mut self) {
        let Self {
            queue,
            looking,
            untold,
            telling,
            hasty,
            lost,
            waiting,
            ..
        } = self;
        if queue.is_empty()
            && looking.is_empty()
            && untold.is_empty()
            && telling.is_empty()
            && hasty.is_empty()
        {
            for done in waiting.drain(..) {
                let _ = done.send(lost.clone());
            }
            lost.clear();
        }
    }

    /// Tells this peer's own nodes what waits to be taken back, since it may end before the look-ups do: one of them takes
    /// many seconds if a node has fallen silent. Nothing depends on the answers, as whoever holds the records is told later.
    pub(super) fn hasten(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        offers: &Offers,
        nodes: &[(PeerId, Multiaddr)],
    ) {
        let now = Instant::now();
        let is_early = |last: Instant| now.saturating_duration_since(last) < BETWEEN_HASTY;
        if self.queue.is_empty() || self.last_hasty.is_some_and(is_early) {
            return;
        }
        self.last_hasty = Some(now);
        let withdrawn = self.queue.iter().filter(|one| !offers.has(&one.name));
        let withdrawn: Vec<Withdrawn> = withdrawn.cloned().collect();
        for withdrawn in withdrawn.chunks(MAX_SIGNED).take(HASTY) {
            for (node, _) in nodes {
                self.hasty.extend(call(swarm, node, withdrawn));
            }
        }
    }

    /// Looks nodes up, and tells them what is to be told. What is provided again by now stays.
    pub(super) fn proceed(&mut self, swarm: &mut Swarm<Behaviour>, offers: &Offers) {
        while self.looking.len() < STORES
            && let Some(withdrawn) = self.queue.pop_front()
        {
            if !offers.has(&withdrawn.name) {
                let key = withdrawn.name.dht_key().to_vec();
                let query = swarm.behaviour_mut().kad.get_closest_peers(key);
                self.looking.insert(query, withdrawn);
            } else {
                self.waits.remove(&withdrawn.name);
            }
        }
        let is_all = self.queue.is_empty() && self.looking.is_empty();
        let ready = self
            .untold
            .extract_if(|_, withdrawn| is_all || withdrawn.len() >= MAX_SIGNED);
        for (node, withdrawn) in ready.collect::<Vec<_>>() {
            let withdrawn: Vec<Withdrawn> = withdrawn
                .into_iter()
                .filter(|withdrawn| !offers.has(&withdrawn.name))
                .collect();
            for withdrawn in withdrawn.chunks(MAX_SIGNED) {
                let id = call(swarm, &node, withdrawn);
                self.telling.extend(id.map(|id| (id, withdrawn.to_vec())));
            }
        }
        self.finish();
    }

    /// What this peer says to nodes that are told of this withdrawal by others.
    fn sign(&self, name: &FunctionName) -> Option<SignedWithdrawal> {
        let signed = Withdrawal::sign(&self.keypair, digest_of(name), unix_seconds())?;
        Some(SignedWithdrawal::new(signed.at, &signed.signature))
    }

    /// Handles the result of a query; returns whether it was one of these.
    pub(super) fn found(&mut self, query: QueryId, nodes: impl Iterator<Item = PeerId>) -> bool {
        let Some(withdrawn) = self.looking.remove(&query) else {
            return false;
        };
        self.waits.remove(&withdrawn.name);
        self.tell(withdrawn, nodes);
        true
    }

    /// Has these nodes told.
    fn tell(&mut self, withdrawn: Withdrawn, nodes: impl Iterator<Item = PeerId>) {
        let mut is_found = false;
        for node in nodes {
            is_found = true;
            self.untold.entry(node).or_default().push(withdrawn.clone());
        }
        if !is_found {
            self.again(withdrawn);
        }
    }

    /// Notes that the nodes of a record were not found, or that one was not told, which is tried again at most so often.
    fn again(&mut self, mut withdrawn: Withdrawn) {
        withdrawn.tries += 1;
        if withdrawn.tries < TRIES {
            // Several of its nodes may not have answered.
            if self.waits.insert(withdrawn.name.clone()) {
                self.queue.push_back(withdrawn);
            }
        } else {
            self.lost(withdrawn.name);
        }
    }

    /// Handles the answer of a node, or that there is none; returns whether the event was one.
    pub(super) fn on_answer(&mut self, event: &Event<CallRequest, CallReply>) -> bool {
        let (id, is_answered) = match event {
            Event::Message {
                message:
                    Message::Response {
                        request_id,
                        response: CallReply::In(reply),
                    },
                ..
            } => (*request_id, !is_busy(reply)),
            Event::OutboundFailure { request_id, .. } => (*request_id, false),
            _ => return false,
        };
        let Some(withdrawn) = self.telling.remove(&id) else {
            return self.hasty.remove(&id);
        };
        if !is_answered {
            for withdrawn in withdrawn {
                self.again(withdrawn);
            }
        }
        true
    }
}

/// Tells a node what is taken back, at most [`MAX_SIGNED`].
fn call(
    swarm: &mut Swarm<Behaviour>,
    node: &PeerId,
    withdrawn: &[Withdrawn],
) -> Option<OutboundRequestId> {
    let names = withdrawn.iter().map(|withdrawn| &withdrawn.name);
    let signed = withdrawn.iter().map(|withdrawn| withdrawn.signed.clone());
    let signed: Option<Vec<SignedWithdrawal>> = signed.collect();
    let args = WithdrawArgs::new(names, signed.unwrap_or_default());
    let request = Request::new(FunctionName::withdraw(), &args);
    let request = call::encode(&request).ok()?;
    let request = CallRequest::Out(request, Instant::now() + PATIENCE);
    let calls = &mut swarm.behaviour_mut().calls;
    Some(calls.send_request(node, request))
}

/// Whether a node would do it at another time. One that does not know the function never will.
fn is_busy(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(error) if error.code == call::ErrorCode::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_is_signed_fits_into_a_call() {
        let withdrawals = Withdrawals::new(Keypair::generate_ed25519());
        let names: Vec<FunctionName> = (0..MAX_SIGNED)
            .map(|n| format!("f{n}").parse().unwrap())
            .collect();
        let signed = names.iter().map(|name| withdrawals.sign(name).unwrap());
        let args = WithdrawArgs::new(names.iter(), signed.collect());
        let request = Request::new(FunctionName::withdraw(), &args);
        assert!(call::encode(&request).is_ok());
    }

    #[test]
    fn nodes_that_are_not_found_are_looked_up_again() {
        let mut withdrawals = Withdrawals::new(Keypair::generate_ed25519());
        withdrawals.add("a".parse().unwrap());
        for _ in 0..TRIES {
            // It is looked up once, however often it is withdrawn.
            withdrawals.add("a".parse().unwrap());
            assert_eq!(withdrawals.queue.len(), 1);
            let withdrawn = withdrawals.queue.pop_front().expect("another look-up");
            withdrawals.waits.clear();
            withdrawals.tell(withdrawn, std::iter::empty());
        }
        assert!(withdrawals.queue.is_empty());
        let (done, mut lost) = oneshot::channel();
        withdrawals.when_done(done);
        assert_eq!(lost.try_recv(), Ok(vec!["a".parse().unwrap()]));
        // A name of which two nodes could not be told is looked up once more, and not twice.
        for _ in 0..2 {
            let name = "c".parse().unwrap();
            withdrawals.again(Withdrawn {
                name,
                signed: None,
                tries: 0,
            });
        }
        assert_eq!(withdrawals.queue.len(), 1);
        withdrawals.queue.clear();
        let node = PeerId::random();
        withdrawals.add("b".parse().unwrap());
        let withdrawn = withdrawals.queue.pop_front().unwrap();
        withdrawals.tell(withdrawn, [node].into_iter());
        assert!(withdrawals.queue.is_empty());
        assert_eq!(withdrawals.untold[&node].len(), 1);
    }
}
