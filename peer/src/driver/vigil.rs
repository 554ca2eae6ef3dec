//! Notices soon that a connection is dead while something waits for it.
//!
//! A ping on an idle connection is rare, so that clients cost nodes and batteries little. While a client waits for an
//! answer, it makes sure every so often that its nodes, the peers that it called, and the relays through which it did
//! so, are still there: it makes a call that is not understood, and any answer will do. A relay may be there and its own
//! connection to the called peer dead.

use std::collections::HashMap;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::request_response::{OutboundFailure, OutboundRequestId};
use libp2p::swarm::Swarm;
use web_time::Instant;

use crate::behaviour::Behaviour;
use crate::codec::CallRequest;

/// How long something waits before its connections are looked at, and the time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(1500);
/// How long an answer may take at least; on a slow line it may take [`SLOW`] times as long as the last one.
const PATIENCE: Duration = Duration::from_secs(3);
const SLOW: u32 = 4;
/// The call that is made. It names no function, so a peer answers it by itself, however busy its program is.
const CALL: &[u8] = b"{}";

/// What a call that failed says about its peer.
pub(super) enum Sign {
    /// It is there.
    Life,
    /// It did not answer in time.
    Silent(PeerId),
}

/// The connections that are being looked at.
#[derive(Default)]
pub(super) struct Vigil {
    asked: HashMap<OutboundRequestId, (PeerId, Instant)>,
    /// How long the last answer of each peer took.
    took: HashMap<PeerId, Duration>,
    due: Option<Instant>,
}

impl Vigil {
    /// When [`Vigil::look`] is to be called, if something waits.
    pub(super) fn next_due(&mut self, is_waiting: bool) -> Option<Instant> {
        if !is_waiting {
            self.due = None;
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + LOOK_EVERY);
        }
        self.due
    }

    /// Asks the peers on which something depends for a sign of life, if it is time; returns whether it was.
    pub(super) fn look(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        now: Instant,
        peers: impl FnOnce() -> Vec<PeerId>,
    ) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = Some(now + LOOK_EVERY);
        let peers = peers();
        self.took.retain(|peer, _| peers.contains(peer));
        for peer in peers {
            let is_asked = self.asked.values().any(|(asked, _)| *asked == peer);
            if is_asked || !swarm.is_connected(&peer) {
                continue;
            }
            let slow = self.took.get(&peer).map_or(PATIENCE, |took| *took * SLOW);
            let deadline = now + slow.max(PATIENCE);
            let calls = &mut swarm.behaviour_mut().calls;
            let id = calls.send_request(&peer, CallRequest::Out(CALL.to_vec(), deadline));
            self.asked.insert(id, (peer, now));
        }
        true
    }

    /// Handles the answer to a call; returns whether the call was one of these.
    pub(super) fn answered(&mut self, id: OutboundRequestId) -> bool {
        let Some((peer, at)) = self.asked.remove(&id) else {
            return false;
        };
        self.took.insert(peer, at.elapsed());
        true
    }

    /// Handles the failure of a call; `None` if the call was not one of these.
    pub(super) fn failed(
        &mut self,
        id: OutboundRequestId,
        error: &OutboundFailure,
    ) -> Option<Sign> {
        let (peer, _) = self.asked.remove(&id)?;
        let is_silent = match error {
            OutboundFailure::Timeout => true,
            OutboundFailure::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
            // What closes a stream or speaks another protocol is alive.
            OutboundFailure::DialFailure
            | OutboundFailure::ConnectionClosed
            | OutboundFailure::UnsupportedProtocols => false,
        };
        Some(if is_silent {
            tracing::debug!(%peer, "a peer is silent while something waits for it");
            Sign::Silent(peer)
        } else {
            Sign::Life
        })
    }
}
