//! All links of a client. No two links use the same node.

use fluence::state::LinkError;
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use super::one::{Action, Input, Link, Moment, Seat, View};

/// The links of a client, identified by their index.
pub(crate) struct Links(Vec<Link>);

/// The states of all links as one.
#[derive(Debug, PartialEq)]
pub(crate) enum Summary {
    /// There is no node to link to.
    NoNode,
    /// No link is online, and one is on its way to this node.
    Connecting(Multiaddr),
    /// At least one link is online; this is the node of the first.
    Online(Multiaddr),
    /// Every link waits; this is the error of the link that tries again first, and when it does.
    Offline(LinkError, Instant),
}

impl Links {
    /// Creates `count` links, but at least one, to the first nodes of this list that work. Without
    /// `reserve`, nobody can reach this peer through them.
    pub(crate) fn new(count: usize, nodes: &[Multiaddr], reserve: bool) -> Self {
        let link = |_| Link::new(nodes.to_vec(), reserve);
        Self((0..count.max(1)).map(link).collect())
    }

    /// How many links there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells a link what happened at the time `now`; `chance` is a random number between 0 and 1.
    /// The actions that it returns are to be carried out in this order, for the same link.
    pub(crate) fn handle(
        &mut self,
        link: usize,
        input: Input,
        now: Instant,
        chance: f64,
    ) -> Vec<Action> {
        let others: Vec<Seat> = self
            .0
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != link)
            .filter_map(|(_, other)| other.seat())
            .collect();
        let moment = Moment {
            now,
            chance,
            others: &others,
        };
        self.0
            .get_mut(link)
            .map(|link| link.handle(input, &moment))
            .unwrap_or_default()
    }

    /// When some link next needs [`Input::Due`].
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.0.iter().filter_map(Link::next_due).min()
    }

    /// The node that a link is connected to, and the node's address without `/p2p/…`.
    pub(crate) fn node(&self, link: usize) -> Option<(PeerId, Multiaddr)> {
        self.0.get(link)?.node()
    }

    /// The nodes that links are connected to, with their addresses without `/p2p/…`.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (PeerId, Multiaddr)> + '_ {
        self.0.iter().filter_map(Link::node)
    }

    /// One status for all links, which is that of the best.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::NoNode;
        for link in &self.0 {
            match (link.view(), &summary) {
                (View::Online(node), _) => return Summary::Online(node),
                (View::Connecting(node), Summary::NoNode | Summary::Offline(..)) => {
                    summary = Summary::Connecting(node.clone());
                }
                (View::Waiting(until, Some(error)), Summary::NoNode) => {
                    summary = Summary::Offline(error.clone(), until);
                }
                (View::Waiting(until, Some(error)), Summary::Offline(_, first))
                    if until < *first =>
                {
                    summary = Summary::Offline(error.clone(), until);
                }
                _ => {}
            }
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fluence::state::LinkCause;

    use super::*;

    fn node(n: u16) -> Multiaddr {
        format!("/ip4/127.0.0.1/tcp/{n}/ws").parse().unwrap()
    }

    fn dial(n: u16) -> Vec<Action> {
        vec![Action::Dial(node(n))]
    }

    /// Brings a dialing link online.
    fn finish(links: &mut Links, link: usize, now: Instant) -> PeerId {
        let peer = PeerId::random();
        links.handle(link, Input::Dialed(peer), now, 1.0);
        links.handle(link, Input::Reserved, now, 1.0);
        peer
    }

    #[test]
    fn two_links_use_two_nodes() {
        let now = Instant::now();
        let mut links = Links::new(2, &[node(1), node(2)], true);
        assert_eq!(links.summary(), Summary::NoNode);
        assert_eq!(links.handle(0, Input::Connect, now, 1.0), dial(1));
        assert_eq!(links.handle(1, Input::Connect, now, 1.0), dial(2));
        assert_eq!(links.summary(), Summary::Connecting(node(1)));
        let peers = [finish(&mut links, 0, now), finish(&mut links, 1, now)];
        let nodes: Vec<_> = links.nodes().collect();
        assert_eq!(nodes, [(peers[0], node(1)), (peers[1], node(2))]);
    }

    #[test]
    fn a_client_is_online_while_one_link_is() {
        let mut now = Instant::now();
        let mut links = Links::new(2, &[node(1), node(2)], true);
        for link in 0..2 {
            links.handle(link, Input::Connect, now, 1.0);
        }
        finish(&mut links, 0, now);
        let second = finish(&mut links, 1, now);
        now += Duration::from_secs(1);
        links.handle(0, Input::Closed, now, 1.0);
        assert!(
            matches!(links.summary(), Summary::Online(at) if at.to_string().ends_with(&second.to_string()))
        );
        // Each link is due at its own time.
        let due = links.next_due().unwrap();
        assert_eq!(due, now + Duration::from_secs(1));
        // With the second link lost as well, the error is that of the link that tries again first.
        now += Duration::from_millis(500);
        links.handle(1, Input::ReservationEnded(None), now, 1.0);
        let Summary::Offline(error, until) = links.summary() else {
            panic!("it is not offline");
        };
        assert_eq!((error.cause, until), (LinkCause::ConnectionLost, due));
        // A connecting link counts more than a waiting one. Both nodes are free again, and the
        // first of the list is tried first.
        assert_eq!(links.handle(0, Input::Due, due, 1.0), dial(1));
        assert_eq!(links.summary(), Summary::Connecting(node(1)));
    }

    #[test]
    fn a_link_too_many_is_no_fault() {
        let now = Instant::now();
        let mut links = Links::new(2, &[node(1)], true);
        assert_eq!(links.handle(0, Input::Connect, now, 1.0), dial(1));
        assert_eq!(links.handle(1, Input::Connect, now, 1.0), []);
        links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
        assert!(
            matches!(links.summary(), Summary::Offline(error, _) if error.cause == LinkCause::DialTimeout)
        );
    }
}
