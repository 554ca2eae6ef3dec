//! One link: it is dialed, reserved, watched, and re-established when it is lost.

use std::time::Duration;

use fluence::state::{LinkCause, LinkError};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use super::pool::{Pool, Scope, full};
use crate::address::bare;
use crate::backoff::{Backoff, FIRST_WAIT};
use crate::libraries::{PING_EVERY, PING_TIMEOUT};

/// A link that was online for this long was good, so the next wait is short again.
const STABLE: Duration = Duration::from_secs(10);
/// How long a node may take to answer a dial: five round trips of two seconds. A node that comes back does not answer
/// what was sent while it was away. The system sends the first packet of a connection again after 1, 3 and 7 s, and next
/// only after 15 s, so a dial that is not answered is best made again before that.
pub(crate) const DIAL: Duration = Duration::from_secs(10);
/// How long a node may take to grant a reservation.
const RESERVE: Duration = Duration::from_secs(10);
/// A node that has sent no pong for this long is considered gone.
const SILENCE: Duration = PING_EVERY.saturating_add(PING_TIMEOUT);
/// How long a link that found every node taken by other links waits before it looks for a free one
/// again.
const SPARE: Duration = Duration::from_secs(60);
/// The longest wait between two attempts, and the longest while somebody waits for the network.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(14);
pub(super) const LONGEST_HURRIED: Duration = Duration::from_secs(4);
/// The longest time after the loss of a link until it is made again, if there is no other node for it. All clients of a
/// node lose it at the same moment, and chance spreads them over this time, so that they do not all come back in the same
/// second.
const SPREAD: Duration = LONGEST_HURRIED;

/// What happened to a link. Inputs about a connection refer to that of the last [`Action::Dial`].
#[derive(Debug)]
pub(crate) enum Input {
    /// The peer has started, or a person asked to connect now.
    Connect,
    /// The given nodes have changed.
    NodesChanged,
    /// Nodes that the network told of may be used now.
    Learned,
    /// The link is not needed any more.
    Release,
    /// The dial succeeded, and this peer answered.
    Dialed(PeerId),
    /// The dial failed, at once or later.
    DialFailed(LinkCause),
    /// The node granted the reservation, or renewed it.
    Reserved,
    /// The reservation was refused, could not be requested, or was not renewed, for this reason;
    /// or it has ended without one, because its connection has.
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
    /// Ask the network for more nodes, and tell the links of them.
    Discover,
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
    /// Whether somebody waits for the network.
    pub(super) hurry: bool,
    /// The nodes that the other links use, which this one must not use.
    pub(super) others: &'a [Seat],
    pub(super) pool: &'a mut Pool,
    /// Which nodes the link may use now.
    pub(super) scope: Scope,
}

impl Moment<'_> {
    fn longest(&self) -> Duration {
        if self.hurry {
            LONGEST_HURRIED
        } else {
            LONGEST_WAIT
        }
    }
}

/// One link of a client to a node.
pub(super) struct Link {
    /// Whether to ask for a reservation, which lets others reach this peer.
    reserve: bool,
    state: State,
    /// The node that is used or tried.
    at: Multiaddr,
    /// The nodes that were tried since the link last waited.
    tried: Vec<Multiaddr>,
    /// The node that was just lost.
    lost: Option<Multiaddr>,
    backoff: Backoff,
    /// When the first node was tried.
    began: Option<Instant>,
    /// The last error since the first node was tried.
    error: Option<LinkError>,
    /// The node that refused a reservation since the first node was tried.
    refused: Option<Multiaddr>,
}

/// The state of a link.
#[derive(Clone, Copy)]
enum State {
    /// There is no node to try.
    NoNode,
    Waiting {
        until: Instant,
    },
    Dialing {
        until: Instant,
    },
    Reserving {
        peer: PeerId,
        until: Instant,
    },
    Online {
        peer: PeerId,
        since: Instant,
        /// When the link counts as lost; each pong extends it.
        until: Instant,
    },
    /// Connected to a node that refused a reservation, since every other node has failed: calling
    /// needs none.
    Unreachable {
        peer: PeerId,
        /// When the link counts as lost; each pong extends it.
        until: Instant,
        /// When a reservation is asked for again.
        again: Instant,
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
    /// The link is connected to this node, through which nobody can reach this peer.
    Unreachable(Multiaddr),
}

impl Link {
    pub(super) fn new(reserve: bool) -> Self {
        Self {
            reserve,
            state: State::NoNode,
            at: Multiaddr::empty(),
            tried: Vec::new(),
            lost: None,
            backoff: Backoff::default(),
            began: None,
            error: None,
            refused: None,
        }
    }

    /// Takes in what happened, and returns the actions to be carried out, in this order.
    pub(super) fn handle(&mut self, input: Input, moment: &mut Moment<'_>) -> Vec<Action> {
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
            State::Unreachable { until, again, .. } => Some(until.min(again)),
        }
    }

    /// The link's state as others see it.
    pub(super) fn view(&self) -> View<'_> {
        match self.state {
            State::NoNode => View::NoNode,
            State::Waiting { until } => View::Waiting(until, self.error.as_ref()),
            // It asks once more, and stays connected meanwhile.
            State::Reserving { peer, .. } if self.refused.as_ref() == Some(&self.at) => {
                View::Unreachable(full(&self.at, peer))
            }
            State::Unreachable { peer, .. } => View::Unreachable(full(&self.at, peer)),
            State::Dialing { .. } | State::Reserving { .. } => View::Connecting(&self.at),
            State::Online { peer, .. } => View::Online(full(&self.at, peer)),
        }
    }

    /// Whether the link is online.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    /// Whether the link has nothing to do until it is told to connect.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::NoNode)
    }

    /// Whether the last attempt failed, or the link was lost.
    pub(super) fn is_failing(&self) -> bool {
        !self.is_online() && self.backoff.failures() > 0
    }

    /// The node that the link is connected to, and the node's address without `/p2p/…`.
    pub(super) fn node(&self) -> Option<(PeerId, Multiaddr)> {
        match self.state {
            State::Online { peer, .. }
            | State::Reserving { peer, .. }
            | State::Unreachable { peer, .. } => Some((peer, bare(&self.at))),
            State::NoNode | State::Waiting { .. } | State::Dialing { .. } => None,
        }
    }

    /// Whether the link uses or tries this address, or did last.
    pub(super) fn is_at(&self, address: &Multiaddr) -> bool {
        self.at == *address
    }

    /// The address that the link uses or tries, or did last.
    pub(super) fn address(&self) -> &Multiaddr {
        &self.at
    }

    /// The node that the link uses or tries, which other links must leave alone.
    pub(super) fn seat(&self, pool: &Pool) -> Option<Seat> {
        match self.state {
            State::NoNode | State::Waiting { .. } => None,
            State::Dialing { .. }
            | State::Reserving { .. }
            | State::Online { .. }
            | State::Unreachable { .. } => {
                let address = self.at.clone();
                let peer = self.node().map(|(peer, _)| peer);
                let peer = peer.or_else(|| pool.peer(&address));
                Some(Seat { address, peer })
            }
        }
    }

    fn decide(&mut self, input: Input, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        let now = moment.now;
        match (input, self.state) {
            (Input::Connect, State::NoNode | State::Waiting { .. }) => {
                self.try_from_first(moment, actions);
            }
            (Input::Learned, State::Waiting { .. }) => {
                let next = moment.pool.next(moment.scope, &[], None, moment.others);
                if self.error.is_none() && next.is_some() {
                    self.try_from_first(moment, actions);
                }
            }
            (Input::NodesChanged, _) => self.nodes_changed(moment, actions),
            (Input::Release, _) => self.release(actions),
            (Input::Dialed(peer), State::Dialing { .. }) => self.dialed(peer, moment, actions),
            (Input::DialFailed(cause), State::Dialing { .. }) => {
                self.failed(cause, moment, actions);
            }
            (Input::Reserved, State::Reserving { peer, .. }) => self.online(peer, moment, actions),
            // Without a reason, its connection has ended, which is told separately and maybe later.
            (Input::ReservationEnded(None), State::Reserving { .. }) => {
                actions.push(Action::Close);
                self.failed(LinkCause::ConnectionClosed, moment, actions);
            }
            (Input::ReservationEnded(None), State::Online { .. }) => {
                actions.push(Action::Close);
                self.lost(LinkCause::ConnectionLost, moment);
            }
            (Input::ReservationEnded(detail), State::Reserving { peer, .. }) => {
                self.refused(detail, peer, moment, actions);
            }
            (Input::ReservationEnded(_), State::Online { .. }) => {
                actions.push(Action::Close);
                self.lost(LinkCause::ReservationEnded, moment);
            }
            (Input::Pong, _) => {
                if let State::Online { until, .. } | State::Unreachable { until, .. } =
                    &mut self.state
                {
                    *until = now + SILENCE;
                }
            }
            (Input::Closed, State::Reserving { .. }) => {
                self.failed(LinkCause::ConnectionClosed, moment, actions);
            }
            (Input::Closed, State::Online { .. } | State::Unreachable { .. }) => {
                self.lost(LinkCause::ConnectionLost, moment);
            }
            (Input::Due, _) if self.next_due().is_some_and(|due| due <= now) => {
                self.due(moment, actions);
            }
            // Any other input came too late or too early, and the link is doing something else.
            _ => {}
        }
    }

    /// Shortens a long wait, because somebody waits for the network. A wait that is short enough stays as chance has made it,
    /// however often this is said.
    pub(super) fn hurry(&mut self, now: Instant, chance: f64) {
        if let State::Waiting { until } = &mut self.state
            && self.error.is_some()
            && *until > now + LONGEST_HURRIED
        {
            *until = now + LONGEST_HURRIED.mul_f64(chance);
        }
    }

    fn due(&mut self, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        match self.state {
            State::NoNode => {}
            State::Waiting { .. } => self.try_from_first(moment, actions),
            State::Dialing { .. } => self.failed(LinkCause::DialTimeout, moment, actions),
            State::Reserving { .. } => {
                actions.push(Action::Close);
                self.failed(LinkCause::ReservationTimeout, moment, actions);
            }
            State::Unreachable { peer, until, .. } if until > moment.now => {
                self.reserve(peer, moment.now, actions);
            }
            State::Online { .. } | State::Unreachable { .. } => {
                actions.push(Action::Close);
                self.lost(LinkCause::PingTimeout, moment);
            }
        }
    }

    /// Handles a change of the given nodes. The connection is kept if its node is among them.
    fn nodes_changed(&mut self, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        let is_used = !matches!(self.state, State::NoNode | State::Waiting { .. });
        if is_used && moment.pool.given.contains(&self.at) {
            return;
        }
        self.release(actions);
        actions.push(Action::ForgetDht);
        self.backoff = Backoff::default();
        self.lost = None;
        self.try_from_first(moment, actions);
    }

    /// Ends the link until it is told to connect.
    fn release(&mut self, actions: &mut Vec<Action>) {
        if self.node().is_some() {
            actions.push(Action::Close);
        }
        self.error = None;
        self.refused = None;
        self.state = State::NoNode;
    }

    fn dialed(&mut self, peer: PeerId, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        moment.pool.is_at(peer, &self.at);
        if moment.others.iter().any(|seat| seat.peer == Some(peer)) {
            // This is the same node under another address, which is not an error.
            actions.push(Action::Close);
            self.try_next(moment, actions);
            return;
        }
        let address = bare(&self.at);
        // This way the DHT can query the node at once; identify would add it only a round trip
        // later.
        actions.push(Action::AddToDht(peer, address.clone()));
        if !self.reserve {
            self.online(peer, moment, actions);
            return;
        }
        if self.refused.as_ref() == Some(&self.at) {
            self.stay(peer, moment);
        } else {
            self.reserve(peer, moment.now, actions);
        }
    }

    fn reserve(&mut self, peer: PeerId, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Reserve(
            full(&bare(&self.at), peer).with(Protocol::P2pCircuit),
        ));
        self.state = State::Reserving {
            peer,
            until: now + RESERVE,
        };
    }

    /// Handles a node that refused a reservation: others are tried, and if there are none, the home stays, because
    /// calling needs no reservation.
    fn refused(
        &mut self,
        detail: Option<String>,
        peer: PeerId,
        moment: &mut Moment<'_>,
        actions: &mut Vec<Action>,
    ) {
        let lost = self.lost.as_ref();
        let next = moment
            .pool
            .next(moment.scope, &self.tried, lost, moment.others);
        let is_home = moment.scope == Scope::Given;
        if is_home {
            self.refused = Some(self.at.clone());
            let detail = detail.clone();
            moment
                .pool
                .lost(&self.at, &LinkCause::ReservationRefused { detail });
        }
        if is_home && next.is_none() {
            self.stay(peer, moment);
        } else {
            actions.push(Action::Close);
            self.failed(LinkCause::ReservationRefused { detail }, moment, actions);
        }
    }

    /// Stays connected to a node without a reservation, and asks for one again later.
    fn stay(&mut self, peer: PeerId, moment: &Moment<'_>) {
        self.state = State::Unreachable {
            peer,
            until: moment.now + SILENCE,
            again: moment.now + self.backoff.next(moment.chance, moment.longest()),
        };
    }

    fn online(&mut self, peer: PeerId, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        let now = moment.now;
        moment.pool.works(&self.at);
        actions.push(Action::Announce);
        self.lost = None;
        self.refused = None;
        self.state = State::Online {
            peer,
            since: now,
            until: now + SILENCE,
        };
    }

    fn try_from_first(&mut self, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        self.error = None;
        self.refused = None;
        self.began = Some(moment.now);
        self.tried.clear();
        self.try_next(moment, actions);
    }

    /// Dials the next node that no other link uses.
    fn try_next(&mut self, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        let lost = self.lost.as_ref();
        let next = moment
            .pool
            .next(moment.scope, &self.tried, lost, moment.others);
        // At last, a node that only refused a reservation.
        let next = next.or_else(|| {
            let refused = self.refused.as_ref()?;
            let is_last = self.tried.last() == Some(refused);
            (!is_last && moment.scope == Scope::Given).then(|| refused.clone())
        });
        if let Some(address) = next {
            self.tried.push(address.clone());
            self.at = address.clone();
            actions.push(Action::Dial(address));
            self.state = State::Dialing {
                until: moment.now + DIAL,
            };
            return;
        }
        if moment.pool.given.is_empty() {
            self.state = State::NoNode;
            return;
        }
        if moment.scope != Scope::Given {
            actions.push(Action::Discover);
        }
        let wait = match self.error {
            None => SPARE,
            Some(_) => {
                // A dial that was not answered was a wait already. Chance still keeps apart those who dialed together.
                let tried = self.began.map_or(Duration::ZERO, |began| {
                    moment.now.saturating_duration_since(began)
                });
                let wait = self.backoff.next(moment.chance, moment.longest());
                (wait.saturating_sub(tried)).max(FIRST_WAIT.mul_f64(moment.chance))
            }
        };
        self.state = State::Waiting {
            until: moment.now + wait,
        };
    }

    /// Handles a node that failed before the link was online: the next one is tried.
    fn failed(&mut self, cause: LinkCause, moment: &mut Moment<'_>, actions: &mut Vec<Action>) {
        moment.pool.failed(&self.at, &cause);
        self.error = Some(LinkError {
            node: Some(self.at.to_string()),
            others_failed: self.tried.len() > 1,
            cause,
        });
        self.try_next(moment, actions);
    }

    /// Handles the loss of a link that was online.
    fn lost(&mut self, cause: LinkCause, moment: &mut Moment<'_>) {
        match self.state {
            State::Online { since, .. } => {
                if moment.now.saturating_duration_since(since) >= STABLE {
                    self.backoff = Backoff::default();
                }
            }
            State::Unreachable { .. } => {}
            _ => return,
        }
        moment.pool.lost(&self.at, &cause);
        self.error = Some(LinkError {
            node: Some(self.at.to_string()),
            others_failed: false,
            cause,
        });
        self.lost = Some(self.at.clone());
        let mut wait = self.backoff.next(moment.chance, moment.longest());
        let next = moment
            .pool
            .next(moment.scope, &[], self.lost.as_ref(), moment.others);
        if next == self.lost {
            wait = wait.max(SPREAD.mul_f64(moment.chance));
        }
        self.state = State::Waiting {
            until: moment.now + wait,
        };
    }
}

#[cfg(test)]
mod tests;
