//! Routed calls: a caller seals a request and gives it to its node, which passes it on to the provider, over connections
//! that are there. This is tried before a connection to the provider is made; whatever goes wrong, the call is then made
//! over one.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fluence::call;
use fluence::ports::NetworkError;
use libp2p::identity::Keypair;
use libp2p::request_response::{Event, Message, OutboundFailure, OutboundRequestId};
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;
use web_time::{Instant, SystemTime, UNIX_EPOCH};

use super::addresses::AddressBook;
use super::lookups::LookUps;
use crate::behaviour::Behaviour;
use crate::command::OutgoingCall;
use crate::incoming::IncomingCall;
use crate::limits::{AVOIDED, LETTERS, LONGEST_ROUTED};
use crate::records::Hash;
use crate::route::{Answer, Failure, RELAYS, Request, Route};
use crate::seal::{self, Letter};

/// How much the clocks of a caller and a provider may differ, with the time that a letter takes.
const WINDOW: Duration = Duration::from_secs(60);
/// How long no calls are routed through a node that does not answer, and through one that altered something.
const AFTER_SILENCE: Duration = Duration::from_secs(60);
const AFTER_ALTERATION: Duration = Duration::from_secs(10 * 60);
/// How long no calls are routed to a provider after one did not get there.
const AFTER_MISS: Duration = Duration::from_secs(60);

/// An event about routed calls.
pub(super) type RouteEvent = Event<Request, Answer>;

/// The routed calls of this peer, in both directions, and what it knows about others.
pub(super) struct Routed {
    keypair: Keypair,
    /// Whether the connected peers know routed calls, as far as they have said.
    able: HashMap<PeerId, bool>,
    /// Nodes through which, and providers to which, nothing is routed until then.
    avoided: HashMap<PeerId, Instant>,
    /// Nodes which said that a provider had refused a letter, and that provider, which has taken the call from this peer
    /// itself.
    doubted: HashMap<PeerId, PeerId>,
    /// Calls that wait for an answer, and the nodes to which they were given.
    waiting: HashMap<OutboundRequestId, (PeerId, OutgoingCall)>,
    letters: Letters,
}

/// The letters that this peer has had, until they are too old to be taken.
#[derive(Default)]
struct Letters(HashMap<Hash, u64>);

impl Letters {
    /// Whether a letter that was sealed at this time (in milliseconds since 1970) is to be taken: it is new, and has not
    /// been here before.
    fn take(&mut self, hash: Hash, sealed: u64, now: u64) -> bool {
        let window = WINDOW.as_millis() as u64;
        if sealed.abs_diff(now) > window || self.0.contains_key(&hash) {
            return false;
        }
        if self.0.len() >= LETTERS {
            self.0.retain(|_, sealed| *sealed + window >= now);
        }
        self.0.len() < LETTERS && self.0.insert(hash, sealed).is_none()
    }
}

impl Routed {
    pub(super) fn new(keypair: Keypair) -> Self {
        Self {
            keypair,
            able: HashMap::new(),
            avoided: HashMap::new(),
            doubted: HashMap::new(),
            waiting: HashMap::new(),
            letters: Letters::default(),
        }
    }

    /// Notes whether a connected peer knows routed calls.
    pub(super) fn is_able(&mut self, peer: PeerId, is_able: bool) {
        self.able.insert(peer, is_able);
    }

    /// Forgets a peer that is not connected any more.
    pub(super) fn disconnected(&mut self, peer: &PeerId) {
        self.able.remove(peer);
    }

    /// Whether a connected peer knows routed calls, or has not said yet what it knows.
    pub(super) fn may_know(&self, peer: &PeerId) -> bool {
        self.able.get(peer).is_none_or(|is_able| *is_able)
    }

    /// The calls that wait for an answer.
    pub(super) fn waiting(&self) -> impl ExactSizeIterator<Item = &OutgoingCall> {
        self.waiting.values().map(|(_, call)| call)
    }

    /// Gives a call to a node of this peer, or gives it back if it cannot be routed.
    pub(super) fn call(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        addresses: &AddressBook,
        nodes: &[(PeerId, Multiaddr)],
        mut call: OutgoingCall,
    ) -> Option<OutgoingCall> {
        // A node has no nodes.
        if nodes.is_empty() || !swarm.behaviour().routes.is_enabled() {
            return Some(call);
        }
        let now = Instant::now();
        let is_long = call.deadline.saturating_duration_since(now) > LONGEST_ROUTED;
        if call.was_routed || is_long || self.avoids(&call.to, now) {
            return Some(call);
        }
        // Whoever can be reached directly is, once and for all calls.
        let Some(mut relays) = addresses.relays(swarm, call.to) else {
            return Some(call);
        };
        // The look-up may have connected this peer to a node that has the provider.
        let own = nodes.iter().map(|(node, _)| node);
        let node = first_node(relays.iter().chain(own), |node| {
            swarm.is_connected(node) && self.may_know(node) && !self.avoids(node, now)
        });
        let Some(node) = node.copied() else {
            return Some(call);
        };
        if relays.contains(&node) {
            relays.clear();
        }
        relays.truncate(RELAYS);
        let (to, function, secret) = (call.to, &call.function, rand::random());
        let sealed = seal::seal(
            &self.keypair,
            to,
            function,
            &call.request,
            unix_ms(),
            secret,
        );
        let Some((letter, opener)) = sealed else {
            return Some(call);
        };
        let route = Route {
            hops: 0,
            provider: to,
            relays,
            letter,
        };
        let request = Request::Own(route, Box::new(opener), call.deadline);
        let Some(routes) = swarm.behaviour_mut().routes.as_mut() else {
            return Some(call);
        };
        let id = routes.send_request(&node, request);
        call.was_routed = true;
        call.sent.store(true, Ordering::Relaxed);
        self.waiting.insert(id, (node, call));
        None
    }

    /// Notes that a provider has taken a call over a connection. If its letter was refused, either the provider takes none,
    /// or the node has altered it: a node at which that happens with two providers is left.
    pub(super) fn taken(&mut self, call: &OutgoingCall) {
        let Some(node) = call.refused_at else {
            return;
        };
        match self.doubted.get(&node) {
            Some(provider) if *provider != call.to => {
                self.doubted.remove(&node);
                self.avoid(node, AFTER_ALTERATION);
            }
            None if self.doubted.len() < AVOIDED => {
                self.doubted.insert(node, call.to);
            }
            _ => {}
        }
    }

    fn avoids(&self, peer: &PeerId, now: Instant) -> bool {
        self.avoided.get(peer).is_some_and(|until| *until > now)
    }

    fn avoid(&mut self, peer: PeerId, time: Duration) {
        let now = Instant::now();
        if self.avoided.len() >= AVOIDED {
            self.avoided.retain(|_, until| *until > now);
        }
        if self.avoided.len() < AVOIDED {
            self.avoided.insert(peer, now + time);
        }
    }

    /// Handles the answer to a call of this peer, and returns the call if it is to be made in another way.
    pub(super) fn answered(
        &mut self,
        id: OutboundRequestId,
        answer: Result<Answer, OutboundFailure>,
    ) -> Option<OutgoingCall> {
        let (node, mut call) = self.waiting.remove(&id)?;
        let failure = match answer {
            Ok(Answer::In(reply)) => {
                self.doubted.remove(&node);
                let _ = call.reply.send(Ok(reply));
                return None;
            }
            Ok(Answer::Failed(failure)) => failure,
            // The reply is the provider's, and it is none.
            Err(OutboundFailure::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                let failure = super::causes::of_call(&OutboundFailure::Io(error));
                let _ = call.reply.send(Err(failure));
                return None;
            }
            Ok(_) | Err(_) => Failure::Dropped,
        };
        if !call.is_wanted() {
            let _ = call.reply.send(Err(NetworkError::NoReply));
            return None;
        }
        tracing::debug!(to = %call.to, %node, ?failure, "a call could not be routed");
        match failure {
            Failure::Nobody | Failure::Refused => {
                // The provider has not taken it.
                call.sent.store(false, Ordering::Relaxed);
                call.refused_at = (failure == Failure::Refused).then_some(node);
                self.avoid(call.to, AFTER_MISS);
            }
            Failure::Busy => call.sent.store(false, Ordering::Relaxed),
            Failure::Silent => self.avoid(call.to, AFTER_MISS),
            Failure::Dropped => self.avoid(node, AFTER_SILENCE),
            Failure::Altered => self.avoid(node, AFTER_ALTERATION),
        }
        Some(call)
    }

    /// Opens a letter to this peer. What is returned with the answer is the call for the program.
    pub(super) fn take(
        &mut self,
        own: PeerId,
        look_ups: &LookUps,
        letter: &[u8],
    ) -> (Answer, Option<IncomingCall>) {
        let refused = (Answer::Failed(Failure::Refused), None);
        let name = seal::key_of(letter).and_then(|key| look_ups.provided(&key));
        let Some(name) = name else {
            return refused;
        };
        let Ok(letter) = seal::open(own, name, letter) else {
            return refused;
        };
        let Letter {
            hash, unix_ms: at, ..
        } = letter;
        let request = match call::decode::<call::Request>(&letter.request) {
            Ok(request) if request.function == *name => request,
            _ => return refused,
        };
        if !self.letters.take(hash, at, unix_ms()) {
            return refused;
        }
        let Some((first, sealer)) = letter.answer(&self.keypair, name, rand::random()) else {
            return refused;
        };
        let (answer, answered) = oneshot::channel();
        let incoming = IncomingCall {
            from: letter.from,
            address: None,
            request,
            answer,
            place: None,
        };
        (Answer::Out(first, sealer, answered), Some(incoming))
    }
}

/// The node to which a call is given: one that has the provider, if that is connected, and else one of this peer's own,
/// which come last.
pub(crate) fn first_node<'a>(
    mut nodes: impl Iterator<Item = &'a PeerId>,
    is_usable: impl Fn(&PeerId) -> bool,
) -> Option<&'a PeerId> {
    nodes.find(|node| is_usable(node))
}

/// The parts of an event that are of use: a letter that came, or what became of one that was sent.
pub(super) enum Happened {
    Came(
        PeerId,
        Route,
        libp2p::request_response::ResponseChannel<Answer>,
    ),
    Ended(OutboundRequestId, Result<Answer, OutboundFailure>),
}

/// What an event tells; `None` if that is nothing of use.
pub(super) fn happened(event: RouteEvent) -> Option<Happened> {
    match event {
        Event::Message { peer, message, .. } => match message {
            Message::Request {
                request: Request::In(route),
                channel,
                ..
            } => Some(Happened::Came(peer, route, channel)),
            Message::Request { .. } => None,
            Message::Response {
                request_id,
                response,
            } => Some(Happened::Ended(request_id, Ok(response))),
        },
        Event::OutboundFailure {
            request_id, error, ..
        } => Some(Happened::Ended(request_id, Err(error))),
        Event::InboundFailure { peer, error, .. } => {
            tracing::debug!(%peer, %error, "a routed call was not answered");
            None
        }
        Event::ResponseSent { .. } => None,
    }
}

fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_taken_once_and_soon() {
        let (mut letters, now, window) = (Letters::default(), 1_000_000, 60_000);
        assert!(letters.take([1; 32], now, now));
        assert!(!letters.take([1; 32], now, now + window));
        assert!(letters.take([2; 32], now - window, now));
        assert!(!letters.take([3; 32], now - window - 1, now));
        assert!(!letters.take([3; 32], now + window + 1, now));
    }

    #[test]
    fn letters_that_are_remembered_are_bounded_and_none_is_forgotten_that_could_come_again() {
        let (mut letters, now) = (Letters::default(), 1_000_000);
        let hash = |n: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            hash
        };
        let taken = (0..2 * LETTERS).filter(|n| letters.take(hash(*n), now, now));
        assert_eq!(taken.count(), LETTERS);
        assert!(!letters.take(hash(0), now, now + 60_000));
        assert!(letters.take(hash(2 * LETTERS), now + 60_001, now + 60_001));
        assert_eq!(letters.0.len(), 1);
    }
}
