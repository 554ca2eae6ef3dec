//! Takes back the records of functions that this peer does not provide any more: the nodes that hold a record are looked up
//! and called. Without that, a record would be found until it expires.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use fluence::call::{self, MAX_HELD, Reply, Request, WithdrawArgs};
use fluence::names::FunctionName;
use libp2p::PeerId;
use libp2p::kad::QueryId;
use libp2p::request_response::{Event, Message, OutboundRequestId};
use libp2p::swarm::Swarm;
use tokio::sync::oneshot;
use web_time::Instant;

use crate::behaviour::Behaviour;
use crate::codec::{CallReply, CallRequest};
use crate::limits::STORES;
use crate::offers::Offers;
use crate::records::OWN_FUNCTIONS;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many times the nodes of a record are looked up and told.
const TRIES: u8 = 2;

/// The records that are to be taken back.
#[derive(Default)]
pub(super) struct Withdrawals {
    /// Those whose nodes are to be looked up.
    queue: VecDeque<Withdrawn>,
    /// The names in the queue and of those that are being looked up.
    waits: HashSet<FunctionName>,
    /// Those whose nodes are being looked up.
    looking: HashMap<QueryId, Withdrawn>,
    /// Those of which a node is to be told. They are told together.
    untold: HashMap<PeerId, Vec<Withdrawn>>,
    telling: HashMap<OutboundRequestId, Vec<Withdrawn>>,
    /// Those of which some node could not be told.
    lost: Vec<FunctionName>,
    waiting: Vec<oneshot::Sender<Vec<FunctionName>>>,
}

/// A function that is not provided any more.
#[derive(Clone)]
struct Withdrawn {
    name: FunctionName,
    /// How many times its nodes were not found, or were told and did not answer.
    tries: u8,
}

impl Withdrawals {
    /// Takes the record of a function back.
    pub(super) fn add(&mut self, name: FunctionName) {
        if self.waits.contains(&name) {
            return;
        }
        if self.queue.len() < OWN_FUNCTIONS {
            self.waits.insert(name.clone());
            self.queue.push_back(Withdrawn { name, tries: 0 });
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
            lost,
            waiting,
            ..
        } = self;
        if queue.is_empty() && looking.is_empty() && untold.is_empty() && telling.is_empty() {
            for done in waiting.drain(..) {
                let _ = done.send(lost.clone());
            }
            lost.clear();
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
            .extract_if(|_, withdrawn| is_all || withdrawn.len() >= MAX_HELD);
        for (node, withdrawn) in ready.collect::<Vec<_>>() {
            let withdrawn: Vec<Withdrawn> = withdrawn
                .into_iter()
                .filter(|withdrawn| !offers.has(&withdrawn.name))
                .collect();
            for withdrawn in withdrawn.chunks(MAX_HELD) {
                let names = withdrawn.iter().map(|withdrawn| &withdrawn.name);
                let request = Request::new(FunctionName::withdraw(), &WithdrawArgs::new(names));
                let Ok(request) = call::encode(&request) else {
                    continue;
                };
                let request = CallRequest::Out(request, Instant::now() + PATIENCE);
                let calls = &mut swarm.behaviour_mut().calls;
                let id = calls.send_request(&node, request);
                self.telling.insert(id, withdrawn.to_vec());
            }
        }
        self.finish();
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
            return false;
        };
        if !is_answered {
            for withdrawn in withdrawn {
                self.again(withdrawn);
            }
        }
        true
    }
}

/// Whether a node would do it at another time. One that does not know the function never will.
fn is_busy(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(error) if error.code == call::ErrorCode::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_are_not_found_are_looked_up_again() {
        let mut withdrawals = Withdrawals::default();
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
            withdrawals.again(Withdrawn { name, tries: 0 });
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
