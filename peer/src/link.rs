//! A client's connection to its node: made, reserved, watched, and made again.

use std::time::Duration;

use fluence::state::NetworkStatus;
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, Swarm};
use libp2p::{Multiaddr, PeerId};
use web_time::{Instant, SystemTime, UNIX_EPOCH};

use crate::behaviour::{Behaviour, PING_EVERY};

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A connection that held for so long was good: the next wait is short again.
const STABLE: Duration = Duration::from_secs(10);
/// How long a node may take to answer a dial.
const DIAL: Duration = Duration::from_secs(15);
/// How long a node may take to grant a reservation.
const RESERVE: Duration = Duration::from_secs(10);
/// A node from which no pong has come for so long is gone.
const SILENCE: Duration = PING_EVERY.saturating_add(Duration::from_secs(10));
/// Nodes that are tried, the first of the list.
const NODES: usize = 16;

/// The connection to a node.
pub(crate) struct Link {
    nodes: Vec<Multiaddr>,
    /// Whether a reservation is wanted: whether others shall reach this peer.
    reserve: bool,
    state: State,
    backoff: Backoff,
    /// What went wrong at the last node.
    reason: String,
}

enum State {
    NoNode,
    Waiting {
        until: Instant,
    },
    Dialing {
        at: usize,
        connection: ConnectionId,
        until: Instant,
    },
    Reserving {
        at: usize,
        node: PeerId,
        connection: ConnectionId,
        listener: ListenerId,
        until: Instant,
    },
    Online {
        at: usize,
        node: PeerId,
        connection: ConnectionId,
        listener: Option<ListenerId>,
        since: Instant,
        /// Moved on by each pong.
        until: Instant,
    },
}

impl Link {
    pub(crate) fn new(nodes: Vec<Multiaddr>, reserve: bool) -> Self {
        Self {
            nodes: first_few(nodes),
            reserve,
            state: State::NoNode,
            backoff: Backoff::default(),
            reason: String::new(),
        }
    }

    /// Goes to the first node, unless it is on its way or there.
    pub(crate) fn connect(&mut self, swarm: &mut Swarm<Behaviour>) {
        if matches!(self.state, State::NoNode | State::Waiting { .. }) {
            self.try_from(swarm, 0);
        }
    }

    /// Changes the nodes; the connection stays if its node is among them.
    pub(crate) fn set_nodes(&mut self, swarm: &mut Swarm<Behaviour>, nodes: Vec<Multiaddr>) {
        let nodes = first_few(nodes);
        let present = self.at().and_then(|at| self.nodes.get(at)).cloned();
        let stays = present.and_then(|present| nodes.iter().position(|node| *node == present));
        self.nodes = nodes;
        match (stays, &mut self.state) {
            (
                Some(new),
                State::Dialing { at, .. } | State::Reserving { at, .. } | State::Online { at, .. },
            ) => *at = new,
            _ => {
                self.drop_connection(swarm);
                forget_network(swarm);
                self.backoff = Backoff::default();
                self.state = State::NoNode;
                self.connect(swarm);
            }
        }
    }

    /// Ends the connection, and the reservation with it.
    pub(crate) fn drop_connection(&mut self, swarm: &mut Swarm<Behaviour>) {
        // The listener goes with its connection. To remove it by hand would be a fault: the relay client panics on a
        // reservation that is granted after its listener is gone.
        if let State::Reserving { connection, .. } | State::Online { connection, .. } = self.state {
            swarm.close_connection(connection);
        }
    }

    /// A dial succeeded; it may be the link's.
    pub(crate) fn connected(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        id: ConnectionId,
    ) {
        let State::Dialing { at, connection, .. } = self.state else {
            return;
        };
        if connection != id {
            return;
        }
        let address = self.bare(at);
        // The node is there for look-ups at once; identify would tell kad a round trip later.
        swarm
            .behaviour_mut()
            .kad
            .add_address(&peer, address.clone());
        let now = Instant::now();
        if !self.reserve {
            self.state = State::Online {
                at,
                node: peer,
                connection,
                listener: None,
                since: now,
                until: now + SILENCE,
            };
            return;
        }
        let circuit = address.with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
        match swarm.listen_on(circuit) {
            Ok(listener) => {
                self.state = State::Reserving {
                    at,
                    node: peer,
                    connection,
                    listener,
                    until: now + RESERVE,
                };
            }
            Err(error) => {
                swarm.close_connection(connection);
                self.failed(
                    swarm,
                    at,
                    format!("no reservation can be asked for: {error}"),
                );
            }
        }
    }

    /// A dial failed; it may be the link's.
    pub(crate) fn dial_failed(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: ConnectionId,
        error: &DialError,
    ) {
        if let State::Dialing { at, connection, .. } = self.state
            && connection == id
        {
            self.failed(swarm, at, dial_error(error));
        }
    }

    /// A node granted a reservation, or renewed it.
    pub(crate) fn reserved(&mut self, peer: PeerId) {
        if let State::Reserving {
            at,
            node,
            connection,
            listener,
            ..
        } = self.state
            && node == peer
        {
            let now = Instant::now();
            self.state = State::Online {
                at,
                node,
                connection,
                listener: Some(listener),
                since: now,
                until: now + SILENCE,
            };
        }
    }

    /// A pong came over a connection.
    pub(crate) fn alive(&mut self, id: ConnectionId) {
        if let State::Online {
            connection, until, ..
        } = &mut self.state
            && *connection == id
        {
            *until = Instant::now() + SILENCE;
        }
    }

    /// A connection ended, or is as good as ended.
    pub(crate) fn disconnected(&mut self, swarm: &mut Swarm<Behaviour>, id: ConnectionId) {
        match self.state {
            State::Reserving { at, connection, .. } if connection == id => {
                self.failed(swarm, at, "it closed the connection".to_owned());
            }
            State::Online { connection, .. } if connection == id => {
                self.lost(swarm, "the connection to the node was lost");
            }
            _ => {}
        }
    }

    /// A reservation was refused or has ended.
    pub(crate) fn listener_closed(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: ListenerId,
        reason: Result<(), String>,
    ) {
        match self.state {
            State::Reserving {
                at,
                listener,
                connection,
                ..
            } if listener == id => {
                swarm.close_connection(connection);
                let reason = reason
                    .err()
                    .unwrap_or_else(|| "it gave no reason".to_owned());
                self.failed(swarm, at, format!("it grants no reservation ({reason})"));
            }
            State::Online {
                listener: Some(listener),
                ..
            } if listener == id => self.lost(swarm, "the node ended the reservation"),
            _ => {}
        }
    }

    /// When [`Link::on_time`] is to be called next.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        match self.state {
            State::NoNode => None,
            State::Waiting { until, .. }
            | State::Dialing { until, .. }
            | State::Reserving { until, .. }
            | State::Online { until, .. } => Some(until),
        }
    }

    /// What waits for a time that has come.
    pub(crate) fn on_time(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
        if self.next_time().is_none_or(|until| until > now) {
            return;
        }
        match self.state {
            State::NoNode => {}
            State::Waiting { .. } => self.try_from(swarm, 0),
            State::Dialing { at, .. } => {
                self.failed(swarm, at, "it does not answer".to_owned());
            }
            State::Reserving { at, .. } => {
                self.drop_connection(swarm);
                self.failed(swarm, at, "it does not answer the reservation".to_owned());
            }
            State::Online { .. } => self.lost(swarm, "the node has been silent for too long"),
        }
    }

    /// As a face shows it.
    pub(crate) fn status(&self) -> NetworkStatus {
        match &self.state {
            State::NoNode => NetworkStatus::NoNode,
            State::Waiting { until } => NetworkStatus::Offline {
                error: fluence::state::LinkError {
                    node: None,
                    others_failed: false,
                    cause: fluence::state::LinkCause::Unreachable {
                        detail: Some(self.reason.clone()),
                    },
                },
                retry_at: unix_ms(*until),
            },
            State::Dialing { at, .. } | State::Reserving { at, .. } => NetworkStatus::Connecting {
                node: self.nodes[*at].to_string(),
            },
            State::Online { at, node, .. } => NetworkStatus::Online {
                node: self.bare(*at).with(Protocol::P2p(*node)).to_string(),
            },
        }
    }

    /// The node that it is connected to, and its address without `/p2p/…`.
    pub(crate) fn node(&self) -> Option<(PeerId, Multiaddr)> {
        match self.state {
            State::Online { at, node, .. } | State::Reserving { at, node, .. } => {
                Some((node, self.bare(at)))
            }
            _ => None,
        }
    }

    fn at(&self) -> Option<usize> {
        match self.state {
            State::NoNode | State::Waiting { .. } => None,
            State::Dialing { at, .. } | State::Reserving { at, .. } | State::Online { at, .. } => {
                Some(at)
            }
        }
    }

    /// A node's address without `/p2p/…`.
    fn bare(&self, at: usize) -> Multiaddr {
        self.nodes[at]
            .iter()
            .filter(|part| !matches!(part, Protocol::P2p(_)))
            .collect()
    }

    /// Dials the node at this place in the list, or the next one that can be dialed.
    fn try_from(&mut self, swarm: &mut Swarm<Behaviour>, first: usize) {
        for at in first..self.nodes.len() {
            let address = self.nodes[at].clone();
            let known = address.iter().find_map(|part| match part {
                Protocol::P2p(id) => Some(id),
                _ => None,
            });
            let dial = match known {
                Some(id) => DialOpts::peer_id(id)
                    .condition(PeerCondition::Always)
                    .addresses(vec![address])
                    .build(),
                None => DialOpts::unknown_peer_id().address(address).build(),
            };
            let connection = dial.connection_id();
            match swarm.dial(dial) {
                Ok(()) => {
                    self.state = State::Dialing {
                        at,
                        connection,
                        until: Instant::now() + DIAL,
                    };
                    return;
                }
                Err(error) => self.note(at, &dial_error(&error)),
            }
        }
        self.state = if self.nodes.is_empty() {
            State::NoNode
        } else {
            State::Waiting {
                until: Instant::now() + self.backoff.next(),
            }
        };
    }

    /// A node failed before it was reached: on to the next.
    fn failed(&mut self, swarm: &mut Swarm<Behaviour>, at: usize, why: String) {
        self.note(at, &why);
        self.try_from(swarm, at + 1);
    }

    /// A node was lost that had been reached.
    fn lost(&mut self, swarm: &mut Swarm<Behaviour>, why: &str) {
        self.drop_connection(swarm);
        if let State::Online { since, .. } = self.state
            && since.elapsed() >= STABLE
        {
            self.backoff = Backoff::default();
        }
        why.clone_into(&mut self.reason);
        self.state = State::Waiting {
            until: Instant::now() + self.backoff.next(),
        };
    }

    fn note(&mut self, at: usize, why: &str) {
        let others = match self.nodes.len() {
            0 | 1 => "",
            _ => ", nor any other node of the settings",
        };
        self.reason = format!("{} cannot be used: {why}{others}", self.nodes[at]);
    }
}

fn first_few(mut nodes: Vec<Multiaddr>) -> Vec<Multiaddr> {
    nodes.truncate(NODES);
    nodes
}

/// What a failed dial means to a person.
fn dial_error(error: &DialError) -> String {
    match error {
        DialError::WrongPeerId { obtained, .. } => {
            format!("another peer answers there, {obtained}")
        }
        DialError::LocalPeerId { .. } => "that is this peer itself".to_owned(),
        DialError::NoAddresses | DialError::Transport(_) if transport_missing(error) => {
            "this kind of address cannot be dialed from here".to_owned()
        }
        DialError::Transport(errors) => errors.last().map_or_else(
            || "no connection".to_owned(),
            |(_, error)| format!("no connection ({})", root_cause(error)),
        ),
        DialError::Denied { .. } => "too many connections are open".to_owned(),
        DialError::NoAddresses | DialError::Aborted | DialError::DialPeerConditionFalse(_) => {
            "no connection".to_owned()
        }
    }
}

fn transport_missing(error: &DialError) -> bool {
    use libp2p::TransportError::MultiaddrNotSupported;
    match error {
        DialError::Transport(errors) => errors
            .iter()
            .all(|(_, error)| matches!(error, MultiaddrNotSupported(_))),
        _ => false,
    }
}

/// The innermost cause: the outer ones are about layers that a person does not know.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn unix_ms(at: Instant) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let then = now + at.saturating_duration_since(Instant::now());
    u64::try_from(then.as_millis()).unwrap_or(u64::MAX)
}

/// Forgets whom the old node knew: who changes to another node asks the old one, and its storage, no more.
fn forget_network(swarm: &mut Swarm<Behaviour>) {
    let kad = &mut swarm.behaviour_mut().kad;
    let known: Vec<PeerId> = kad
        .kbuckets()
        .flat_map(|bucket| {
            bucket
                .iter()
                .map(|entry| *entry.node.key.preimage())
                .collect::<Vec<_>>()
        })
        .collect();
    for peer in known {
        kad.remove_peer(&peer);
    }
}

/// Waits that double, each with chance in it so that a node's clients do not all come back at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = FIRST_WAIT
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        wait.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let mut whole = FIRST_WAIT;
        for _ in 0..100 {
            let wait = backoff.next();
            assert!(
                wait <= whole && wait >= whole / 2,
                "{wait:?} is not within half of {whole:?}"
            );
            whole = (whole * 2).min(LONGEST_WAIT);
        }
    }
}
