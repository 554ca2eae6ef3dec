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
use web_time::Instant;

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

    /// Asks the peers on which something depends for a sign of life, if it is time; returns whether it was. `send` sends
    /// the call to a peer that is connected.
    pub(super) fn look(
        &mut self,
        now: Instant,
        peers: impl FnOnce() -> Vec<PeerId>,
        mut send: impl FnMut(&PeerId, CallRequest) -> Option<OutboundRequestId>,
    ) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = Some(now + LOOK_EVERY);
        let peers = peers();
        self.took.retain(|peer, _| peers.contains(peer));
        for peer in peers {
            let is_asked = self.asked.values().any(|(asked, _)| *asked == peer);
            if is_asked {
                continue;
            }
            let slow = self.took.get(&peer).map_or(PATIENCE, |took| *took * SLOW);
            let deadline = now + slow.max(PATIENCE);
            if let Some(id) = send(&peer, CallRequest::Out(CALL.to_vec(), deadline)) {
                self.asked.insert(id, (peer, now));
            }
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

#[cfg(test)]
mod tests {
    use libp2p::request_response::Behaviour;

    use super::*;
    use crate::codec::CallCodec;
    use crate::libraries;

    /// How soon a dead link is noticed on which something waits.
    const BUSY: Duration = Duration::from_secs(5);

    #[test]
    fn a_dead_link_is_noticed_soon_whenever_it_dies() {
        let step = Duration::from_millis(50);
        for dies in 0..100 {
            let mut calls: Behaviour<CallCodec> = libraries::calls();
            let node = PeerId::random();
            let mut vigil = Vigil::default();
            let start = vigil.next_due(true).expect("something waits") - LOOK_EVERY;
            let dies = start + step * dies;
            let mut now = start;
            // What was asked last, and until when there may be an answer.
            let mut asked = None;
            let noticed = loop {
                if let Some((_, _, deadline)) = asked
                    && deadline <= now
                {
                    break deadline;
                }
                vigil.look(
                    now,
                    || vec![node],
                    |peer, request| {
                        let CallRequest::Out(_, deadline) = &request else {
                            panic!("it is sent");
                        };
                        let deadline = *deadline;
                        let id = calls.send_request(peer, request);
                        asked = Some((id, now, deadline));
                        Some(id)
                    },
                );
                // An answer takes a step, if the link is there until then.
                if let Some((id, at, _)) = asked
                    && at < now
                    && now < dies
                {
                    assert!(vigil.answered(id));
                    asked = None;
                }
                now += step;
            };
            let (id, _, _) = asked.expect("it was asked");
            assert!(matches!(
                vigil.failed(id, &OutboundFailure::Timeout),
                Some(Sign::Silent(peer)) if peer == node
            ));
            assert!(noticed - dies <= BUSY, "{:?}", noticed - dies);
        }
    }
}
