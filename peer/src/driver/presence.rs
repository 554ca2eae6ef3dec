//! Whether providers are there that are not connected to this node.
//!
//! Where a function has more providers than an answer names, those that are there are to come first. A node sees by itself
//! who is connected to it, but the nodes that hold a record need not be those through which its provider is reached. So it
//! asks these: `FLUENCE_present`, which every node answers to everybody, as it would refuse a circuit to who is not there.
//! A node may lie about its own guests alone, and whoever is said to be there has no better place than the others from the
//! same address block (see [`crate::records`]).

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use fluence::call::{ErrorCode, Reply, Request};
use libp2p::PeerId;
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::Swarm;
use serde_json::{Value, json};
use web_time::Instant;

use crate::behaviour::Behaviour;
use crate::codec::CallRequest;
use crate::guests::Guests;
use crate::records::Hash;

/// The name of the function.
pub(super) const FUNCTION: &str = "FLUENCE_present";
/// The time between two rounds of questions.
const EVERY: Duration = Duration::from_secs(20);
/// How long an answer counts: one or two that fail hide nobody.
const COUNTS: Duration = Duration::from_secs(70);
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// About how many providers are asked for in one round, how many nodes are asked, and each of them for how many.
const PROVIDERS: usize = 4096;
const NODES: usize = 32;
const ASKED: usize = 512;

/// What this node asks others about providers.
pub(super) struct Presence {
    due: Instant,
    /// The last function whose providers were asked for.
    after: Option<Hash>,
    asked: HashMap<OutboundRequestId, Vec<PeerId>>,
}

impl Presence {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            due: now + EVERY,
            after: None,
            asked: HashMap::new(),
        }
    }

    /// When [`Presence::ask`] is to be called next.
    pub(super) fn next_due(&self) -> Instant {
        self.due
    }

    /// Asks the relays of providers, if it is time.
    pub(super) fn ask(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
        if self.due > now {
            return;
        }
        self.due = now + EVERY;
        let own = *swarm.local_peer_id();
        let store = swarm.behaviour_mut().kad.store_mut();
        let absent = store.absent(&mut self.after, PROVIDERS);
        let mut questions: HashMap<PeerId, BTreeSet<PeerId>> = HashMap::new();
        for (provider, relays) in absent {
            for relay in relays {
                let is_asked = questions.contains_key(&relay);
                // Whoever provides something can name any peer as a relay.
                if relay == own || !is_asked && (questions.len() >= NODES || !is_node(swarm, relay))
                {
                    continue;
                }
                let providers = questions.entry(relay).or_default();
                if providers.len() < ASKED {
                    providers.insert(provider);
                }
            }
        }
        for (node, providers) in questions {
            let providers: Vec<PeerId> = providers.into_iter().collect();
            let peers: Vec<String> = providers.iter().map(PeerId::to_string).collect();
            let request = json!({"function": FUNCTION, "args": {"peers": peers}}).to_string();
            let request = CallRequest::Out(request.into_bytes(), now + PATIENCE);
            let id = swarm.behaviour_mut().calls.send_request(&node, request);
            self.asked.insert(id, providers);
        }
    }

    /// Handles the answer to a call, or its failure; returns whether the call was one of these.
    pub(super) fn answered(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: OutboundRequestId,
        reply: Option<&Reply>,
        now: Instant,
    ) -> bool {
        let Some(asked) = self.asked.remove(&id) else {
            return false;
        };
        let present = match reply {
            Some(Reply::Ok(ok)) => ok.get("present").and_then(Value::as_array),
            // Nodes of an earlier version do not know this function.
            Some(Reply::Error(_)) | None => None,
        };
        let store = swarm.behaviour_mut().kad.store_mut();
        for (provider, is_present) in asked.iter().zip(present.into_iter().flatten()) {
            if *is_present == Value::Bool(true) {
                store.is_present(provider, now + COUNTS);
            }
        }
        true
    }
}

/// Whether a peer is connected, or a node that can be reached.
fn is_node(swarm: &mut Swarm<Behaviour>, peer: PeerId) -> bool {
    swarm.is_connected(&peer)
        || swarm
            .behaviour_mut()
            .kad
            .kbucket(peer)
            .is_some_and(|bucket| {
                bucket
                    .iter()
                    .any(|entry| *entry.node.key.preimage() == peer)
            })
}

/// Answers anybody who asks which of these peers are connected to this node.
pub(super) fn answer(guests: Option<&Guests>, request: &Request) -> Reply {
    let peers = request.args.get("peers").and_then(Value::as_array);
    let Some(peers) = peers.filter(|peers| peers.len() <= ASKED) else {
        let message = "“peers” is not a list of up to 512 peer ids";
        return Reply::error(ErrorCode::BadRequest, message);
    };
    let is_present = |peer: &Value| {
        let peer = peer.as_str().and_then(|text| text.parse().ok());
        let found = peer.and_then(|peer: PeerId| guests?.find(&peer));
        found.is_some()
    };
    let present: Vec<bool> = peers.iter().map(is_present).collect();
    Reply::ok(&json!({"present": present}))
}
