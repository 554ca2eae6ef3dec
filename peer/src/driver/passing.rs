//! A node passes routed calls on: to the provider if that is connected, or else to one other node at which it may be.

use libp2p::PeerId;
use libp2p::swarm::Swarm;
use tokio::sync::mpsc;
use web_time::Instant;

use super::node::Node;
use super::routed::Routed;
use crate::behaviour::Behaviour;
use crate::route::{Answer, Failure, HOPS, Request, Route};

/// Parts of one answer that wait to be written.
const PARTS: usize = 1;

/// Passes a letter on, and returns the answer for whoever gave it to this node.
pub(super) fn pass(
    node: &Node,
    routed: &Routed,
    swarm: &mut Swarm<Behaviour>,
    from: PeerId,
    mut route: Route,
) -> Answer {
    let is_node = node.neighbours.has(&from);
    let guests = &node.guests;
    let Some(place) = guests.route(from, is_node, &route.provider, Instant::now()) else {
        return Answer::Failed(Failure::Busy);
    };
    let before = route.hops;
    let relays = if before < HOPS {
        let held = swarm.behaviour_mut().kad.store_mut();
        let held = held.relays_of(&route.provider);
        route.relays.drain(..).chain(held).collect()
    } else {
        Vec::new()
    };
    let may_pass =
        |peer: &PeerId| *peer != from && swarm.is_connected(peer) && routed.may_know(peer);
    let provider = route.provider;
    let next = next_node(provider, relays.into_iter(), |peer| {
        may_pass(peer) && (*peer == provider || node.neighbours.has(peer))
    });
    let Some(next) = next else {
        guests.routed(Err(Failure::Nobody));
        return Answer::Failed(Failure::Nobody);
    };
    if next != provider {
        route.hops += 1;
    }
    let (back, parts) = mpsc::channel(PARTS);
    let request = Request::Pass(route, back, before);
    if let Some(routes) = swarm.behaviour_mut().routes.as_mut() {
        routes.send_request(&next, request);
    }
    Answer::Passing(parts, Some(place))
}

/// To whom a letter is passed: to the provider, or to the first of the nodes at which it may be.
pub(crate) fn next_node(
    provider: PeerId,
    relays: impl Iterator<Item = PeerId>,
    may_pass: impl Fn(&PeerId) -> bool,
) -> Option<PeerId> {
    std::iter::once(provider).chain(relays).find(may_pass)
}

/// Notes what became of a letter that was passed on.
pub(super) fn ended<E>(node: &Node, answer: &Result<Answer, E>) {
    let outcome = match answer {
        Ok(Answer::Passed(true)) => Ok(()),
        Ok(_) | Err(_) => Err(Failure::Silent),
    };
    node.guests.routed(outcome);
}
