//! One link: it is dialed, reserved, watched, and re-established when it is lost.

use std::time::Duration;

use fluence::state::{LinkCause, LinkError};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use super::backoff::{Backoff, LONGEST_WAIT};
use crate::address::{bare, peer_of};
use crate::behaviour::PING_EVERY;
use crate::limits::NODES;

/// A link that was online for this long was good, so the next wait is short again.
const STABLE: Duration = Duration::from_secs(10);
/// How long a node may take to answer a dial.
const DIAL: Duration = Duration::from_secs(15);
/// How long a node may take to grant a reservation.
const RESERVE: Duration = Duration::from_secs(10);
/// A node that has sent no pong for this long is considered gone.
const SILENCE: Duration = PING_EVERY.saturating_add(Duration::from_secs(10));
/// How long a link that found every node taken by other links waits before it looks for a free one
/// again.
const SPARE: Duration = LONGEST_WAIT;

/// What happened to a link. Inputs about a connection refer to that of the last [`Action::Dial`].
#[derive(Debug)]
pub(crate) enum Input {
    /// The peer has started, or a person asked to connect now.
    Connect,
    /// The configured nodes have changed.
    SetNodes(Vec<Multiaddr>),
    /// The dial succeeded, and this peer answered.
    Dialed(PeerId),
    /// The dial failed, at once or later.
    DialFailed(LinkCause),
    /// The node granted the reservation, or renewed it.
    Reserved,
    /// The reservation was refused, could not be requested, or has ended. The reason is given if
    /// there is one.
    ReservationEnded(Option<String>),
    /// A ping was answered.
    Pong,
    /// The connection is closed.
    Closed,
    /// The time of [`Link::next_due`] may have come.
    Due,
}

/// What the driver is to do for a link.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Dial this address. From now on the resulting connection is that of the link.
    Dial(Multiaddr),
    /// Ask this node for a reservation, by listening on its circuit address.
    Reserve(Multiaddr),
    /// Close the link's connection; its reservation ends with it.
    Close,
    /// Tell the DHT that this peer serves it at this address.
    AddToDht(PeerId, Multiaddr),
    /// Forget the peers that the DHT knows through abandoned nodes.
    ForgetDht,
    /// The link is online, so records are to be stored through it.
    Announce,
}

/// The node that a link uses, or tries.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) address: Multiaddr,
    pub(super) peer: Option<PeerId>,
}

/// The circumstances in which a link decides.
pub(super) struct Moment<'a> {
    pub(super) now: Instant,
    /// A number between 0 and 1, drawn anew for each moment.
    pub(super) chance: f64,
    /// The nodes that the other links use, which this one must not use.
    pub(super) others: &'a [Seat],
}

/// One link of a client to a node.
pub(super) struct Link {
    nodes: Vec<Multiaddr>,
    /// Whether to ask for a reservation, which lets others reach this peer.
    reserve: bool,
    state: State,
    backoff: Backoff,
    /// The last error since the first node of the list was tried.
    error: Option<LinkError>,
}

/// The state of a link; `at` is an index into [`Link::nodes`].
#[derive(Clone, Copy)]
enum State {
    /// There is no node to try.
    NoNode,
    Waiting {
        until: Instant,
    },
    Dialing {
        at: usize,
        until: Instant,
    },
    Reserving {
        at: usize,
        peer: PeerId,
        until: Instant,
    },
    Online {
        at: usize,
        peer: PeerId,
        since: Instant,
        /// When the link counts as lost; each pong extends it.
        until: Instant,
    },
}

/// A link's state as others see it.
pub(super) enum View<'a> {
    NoNode,
    /// The link waits until this time. There is no error if every node is used by another link.
    Waiting(Instant, Option<&'a LinkError>),
    /// The link is connecting to this node.
    Connecting(&'a Multiaddr),
    /// The link is online at this node; the address ends in `/p2p/…`.
    Online(Multiaddr),
}

impl Link {
    pub(super) fn new(nodes: Vec<Multiaddr>, reserve: bool) -> Self {
        Self {
            nodes: first_few(nodes),
            reserve,
            state: State::NoNode,
            backoff: Backoff::default(),
            error: None,
        }
    }

    /// Takes in what happened, and returns the actions to be carried out, in this order.
    pub(super) fn handle(&mut self, input: Input, moment: &Moment<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.decide(input, moment, &mut actions);
        actions
    }

    /// When the link next needs [`Input::Due`].
    pub(super) fn next_due(&self) -> Option<Instant> {
        match self.state {
            State::NoNode => None,
            State::Waiting { until }
            | State::Dialing { until, .. }
            | State::Reserving { until, .. }
            | State::Online { until, .. } => Some(until),
        }
    }

    /// The link's state as others see it.
    pub(super) fn view(&self) -> View<'_> {
        match self.state {
            State::NoNode => View::NoNode,
            State::Waiting { until } => View::Waiting(until, self.error.as_ref()),
            State::Dialing { at, .. } | State::Reserving { at, .. } => {
                View::Connecting(&self.nodes[at])
            }
            State::Online { at, peer, .. } => {
                View::Online(bare(&self.nodes[at]).with(Protocol::P2p(peer)))
            }
        }
    }

    /// The node that the link is connected to, and the node's address without `/p2p/…`.
    pub(super) fn node(&self) -> Option<(PeerId, Multiaddr)> {
        match self.state {
            State::Online { at, peer, .. } | State::Reserving { at, peer, .. } => {
                Some((peer, bare(&self.nodes[at])))
            }
            State::NoNode | State::Waiting { .. } | State::Dialing { .. } => None,
        }
    }

    /// The node that the link uses or tries, which other links must leave alone.
    pub(super) fn seat(&self) -> Option<Seat> {
        let address = self.nodes[self.at()?].clone();
        let peer = self.node().map(|(peer, _)| peer).or(peer_of(&address));
        Some(Seat { address, peer })
    }

    fn decide(&mut self, input: Input, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        let now = moment.now;
        match (input, self.state) {
            (Input::Connect, State::NoNode | State::Waiting { .. }) => {
                self.try_from_first(moment, actions);
            }
            (Input::SetNodes(nodes), _) => self.set_nodes(nodes, moment, actions),
            (Input::Dialed(peer), State::Dialing { at, .. }) => {
                self.dialed(at, peer, moment, actions);
            }
            (Input::DialFailed(cause), State::Dialing { at, .. }) => {
                self.failed(at, cause, moment, actions);
            }
            (Input::Reserved, State::Reserving { at, peer, .. }) => {
                self.online(at, peer, now, actions);
            }
            (Input::ReservationEnded(detail), State::Reserving { at, .. }) => {
                actions.push(Action::Close);
                self.failed(
                    at,
                    LinkCause::ReservationRefused { detail },
                    moment,
                    actions,
                );
            }
            (Input::ReservationEnded(_), State::Online { .. }) => {
                actions.push(Action::Close);
                self.lost(LinkCause::ReservationEnded, moment);
            }
            (Input::Pong, _) => {
                if let State::Online { until, .. } = &mut self.state {
                    *until = now + SILENCE;
                }
            }
            (Input::Closed, State::Reserving { at, .. }) => {
                self.failed(at, LinkCause::ConnectionClosed, moment, actions);
            }
            (Input::Closed, State::Online { .. }) => self.lost(LinkCause::ConnectionLost, moment),
            (Input::Due, _) if self.next_due().is_some_and(|due| due <= now) => {
                self.due(moment, actions);
            }
            // Any other input came too late or too early, and the link is doing something else.
            _ => {}
        }
    }

    fn due(&mut self, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        match self.state {
            State::NoNode => {}
            State::Waiting { .. } => self.try_from_first(moment, actions),
            State::Dialing { at, .. } => {
                self.failed(at, LinkCause::DialTimeout, moment, actions);
            }
            State::Reserving { at, .. } => {
                actions.push(Action::Close);
                self.failed(at, LinkCause::ReservationTimeout, moment, actions);
            }
            State::Online { .. } => {
                actions.push(Action::Close);
                self.lost(LinkCause::PingTimeout, moment);
            }
        }
    }

    /// Changes the nodes. The connection is kept if its node is among them.
    fn set_nodes(&mut self, nodes: Vec<Multiaddr>, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        let present = self.at().map(|at| self.nodes[at].clone());
        self.nodes = first_few(nodes);
        let stays = present.and_then(|present| self.nodes.iter().position(|node| *node == present));
        match (stays, &mut self.state) {
            (
                Some(new),
                State::Dialing { at, .. } | State::Reserving { at, .. } | State::Online { at, .. },
            ) => *at = new,
            (_, state) => {
                if matches!(state, State::Reserving { .. } | State::Online { .. }) {
                    actions.push(Action::Close);
                }
                actions.push(Action::ForgetDht);
                self.backoff = Backoff::default();
                self.try_from_first(moment, actions);
            }
        }
    }

    fn dialed(&mut self, at: usize, peer: PeerId, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        if moment.others.iter().any(|seat| seat.peer == Some(peer)) {
            // This is the same node under another address, which is not an error.
            actions.push(Action::Close);
            self.try_from(at + 1, moment, actions);
            return;
        }
        let address = bare(&self.nodes[at]);
        // This way the DHT can query the node at once; identify would add it only a round trip
        // later.
        actions.push(Action::AddToDht(peer, address.clone()));
        if !self.reserve {
            self.online(at, peer, moment.now, actions);
            return;
        }
        let circuit = address.with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
        actions.push(Action::Reserve(circuit));
        self.state = State::Reserving {
            at,
            peer,
            until: moment.now + RESERVE,
        };
    }

    fn online(&mut self, at: usize, peer: PeerId, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Announce);
        self.state = State::Online {
            at,
            peer,
            since: now,
            until: now + SILENCE,
        };
    }

    fn try_from_first(&mut self, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        self.error = None;
        self.try_from(0, moment, actions);
    }

    /// Dials the next node that no other link uses, beginning with index `first`.
    fn try_from(&mut self, first: usize, moment: &Moment<'_>, actions: &mut Vec<Action>) {
        let free = (first..self.nodes.len()).find(|at| self.is_free(*at, moment.others));
        self.state = match free {
            Some(at) => {
                actions.push(Action::Dial(self.nodes[at].clone()));
                State::Dialing {
                    at,
                    until: moment.now + DIAL,
                }
            }
            None if self.nodes.is_empty() => State::NoNode,
            None if self.error.is_none() => State::Waiting {
                until: moment.now + SPARE,
            },
            None => State::Waiting {
                until: moment.now + self.backoff.next(moment.chance),
            },
        };
    }

    fn is_free(&self, at: usize, others: &[Seat]) -> bool {
        let address = &self.nodes[at];
        let peer = peer_of(address);
        !others
            .iter()
            .any(|seat| seat.address == *address || (peer.is_some() && seat.peer == peer))
    }

    /// Handles a node that failed before the link was online: the next one is tried.
    fn failed(
        &mut self,
        at: usize,
        cause: LinkCause,
        moment: &Moment<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.error = Some(LinkError {
            node: Some(self.nodes[at].to_string()),
            others_failed: self.nodes.len() > 1,
            cause,
        });
        self.try_from(at + 1, moment, actions);
    }

    /// Handles the loss of a link that was online.
    fn lost(&mut self, cause: LinkCause, moment: &Moment<'_>) {
        let State::Online { at, since, .. } = self.state else {
            return;
        };
        if moment.now.saturating_duration_since(since) >= STABLE {
            self.backoff = Backoff::default();
        }
        self.error = Some(LinkError {
            node: Some(self.nodes[at].to_string()),
            others_failed: false,
            cause,
        });
        self.state = State::Waiting {
            until: moment.now + self.backoff.next(moment.chance),
        };
    }

    fn at(&self) -> Option<usize> {
        match self.state {
            State::NoNode | State::Waiting { .. } => None,
            State::Dialing { at, .. } | State::Reserving { at, .. } | State::Online { at, .. } => {
                Some(at)
            }
        }
    }
}

fn first_few(mut nodes: Vec<Multiaddr>) -> Vec<Multiaddr> {
    nodes.truncate(NODES);
    nodes
}

#[cfg(test)]
mod tests;
