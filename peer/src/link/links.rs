//! All links of a client. No two links use the same node.
//!
//! The first link is the home: it uses only nodes that the person chose. The others use those and, beside a home that
//! is online, any that the network told of, at other hosts. While the home fails, a stand-by takes its place at one of
//! the latter, so that the client has as many links as it should.

use std::time::Duration;

use fluence::live::{LinkView, NodeView};
use fluence::state::LinkError;
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use super::one::{Action, Input, Link, Moment, Seat, View};
use super::pool::{Pool, Scope};

/// The links of a client, identified by their index.
pub(crate) struct Links {
    links: Vec<Link>,
    pool: Pool,
    /// Whether somebody waits for the network, so that attempts are made more often.
    hurry: bool,
}

/// The index of the home.
const HOME: usize = 0;

/// The states of all links as one.
#[derive(Debug, PartialEq)]
pub(crate) enum Summary {
    /// There is no node to link to.
    NoNode,
    /// No link is online, and one is on its way to this node.
    Connecting(Multiaddr),
    /// At least one link is online; this is the node of the first.
    Online(Multiaddr),
    /// No link is online, but one is connected to this node, which grants no reservation.
    Unreachable(Multiaddr),
    /// Every link waits; this is the error of the link that tries again first, and when it does.
    Offline(LinkError, Instant),
}

impl Links {
    /// Creates `count` links, but at least one, to the first nodes of this list that work. Without
    /// `reserve`, nobody can reach this peer through them.
    pub(crate) fn new(count: usize, nodes: &[Multiaddr], reserve: bool) -> Self {
        let stand_by = usize::from(count > 1);
        let links = 0..count.max(1) + stand_by;
        Self {
            links: links.map(|_| Link::new(reserve)).collect(),
            pool: Pool::new(nodes),
            hurry: false,
        }
    }

    /// How many links there are, with the stand-by.
    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    /// Changes the nodes that the person chose. All links are then to be told [`Input::NodesChanged`].
    pub(crate) fn set_nodes(&mut self, nodes: &[Multiaddr]) {
        self.pool.set_given(nodes);
        // They are of the network that is left.
        self.pool.forget_learned();
    }

    /// Adds a node that the network told of. All links are then to be told [`Input::Learned`].
    pub(crate) fn learn(&mut self, peer: PeerId, address: &Multiaddr) {
        self.pool.learn(peer, address);
    }

    /// Notes how long a round trip to a peer took.
    pub(crate) fn measured(&mut self, peer: PeerId, rtt: Duration) {
        self.pool.measured(peer, rtt);
    }

    /// Makes attempts more often until a link is online, because somebody waits for the network.
    pub(crate) fn hurry(&mut self, now: Instant, chance: f64) {
        self.hurry = !self.links.iter().any(Link::is_online);
        if self.hurry {
            for link in &mut self.links {
                link.hurry(now, chance);
            }
        }
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
        let is_home_online = self.links[HOME].is_online();
        let (scope, input) = match (self.is_stand_by(link), input) {
            (true, Input::Connect | Input::Due | Input::NodesChanged | Input::Learned)
                if self.links[link].is_idle() =>
            {
                if !self.links[HOME].is_failing() {
                    return Vec::new();
                }
                (Scope::Learned, Input::Connect)
            }
            (true, Input::NodesChanged) => (Scope::Learned, Input::Release),
            (true, input) => (Scope::Learned, input),
            (false, input) if link == HOME => (Scope::Given, input),
            (false, input) if is_home_online => (Scope::Any, input),
            // The home comes first.
            (false, input) => (Scope::Learned, input),
        };
        let others: Vec<Seat> = self
            .links
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != link)
            .filter_map(|(_, other)| other.seat(&self.pool))
            .collect();
        let mut moment = Moment {
            now,
            chance,
            hurry: self.hurry,
            others: &others,
            pool: &mut self.pool,
            scope,
        };
        let actions = self.links[link].handle(input, &mut moment);
        if self.links[link].is_online() {
            self.hurry = false;
        }
        actions
    }

    /// Whether the home is online.
    pub(crate) fn is_home_online(&self) -> bool {
        self.links[HOME].is_online()
    }

    /// What another link is to be told when the home came online.
    pub(crate) fn when_home_came(&self, link: usize) -> Option<Input> {
        match link {
            HOME => None,
            _ if self.is_stand_by(link) => Some(Input::Release),
            _ => Some(Input::Connect),
        }
    }

    fn is_stand_by(&self, link: usize) -> bool {
        link != HOME && link == self.links.len() - 1
    }

    /// When some link next needs [`Input::Due`].
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.links.iter().filter_map(Link::next_due).min()
    }

    /// The node that a link is connected to, and the node's address without `/p2p/…`.
    pub(crate) fn node(&self, link: usize) -> Option<(PeerId, Multiaddr)> {
        self.links.get(link)?.node()
    }

    /// The nodes that links are connected to, with their addresses without `/p2p/…`.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (PeerId, Multiaddr)> + '_ {
        self.links.iter().filter_map(Link::node)
    }

    /// The nodes that links are connected to and that the person chose, in their order.
    pub(crate) fn given_nodes(&self) -> Vec<PeerId> {
        let mut nodes: Vec<(usize, PeerId)> = self
            .links
            .iter()
            .filter_map(|link| {
                let at = self.pool.given.iter().position(|node| link.is_at(node))?;
                Some((at, link.node()?.0))
            })
            .collect();
        nodes.sort_unstable();
        nodes.into_iter().map(|(_, peer)| peer).collect()
    }

    /// The nodes that the person chose, in their order, and then the others that links use.
    pub(crate) fn report(&self) -> Vec<NodeView> {
        let view = |address: &Multiaddr, chosen| {
            let links = self.links.iter().filter(|link| link.is_at(address));
            let links = links.map(|link| match link.view() {
                View::Online(_) => LinkView::Online,
                View::Unreachable(_) => LinkView::Unreachable,
                View::Connecting(_) => LinkView::Connecting,
                View::NoNode | View::Waiting(..) => LinkView::Idle,
            });
            // A link that waits was there last, and another one may be there now.
            let link = links.max().unwrap_or(LinkView::Idle);
            let peer = self.pool.peer(address);
            let rtt = peer.and_then(|peer| self.pool.rtt(&peer));
            let millis = |rtt: Duration| u64::try_from(rtt.as_millis()).unwrap_or(u64::MAX);
            NodeView {
                address: address.to_string(),
                peer: peer.map(|peer| peer.to_string()),
                chosen,
                link,
                rtt: rtt.map(millis),
                cause: self.pool.cause(address).cloned(),
            }
        };
        let given = &self.pool.given;
        let mut nodes: Vec<NodeView> = given.iter().map(|address| view(address, true)).collect();
        for link in self.links.iter().filter(|link| link.node().is_some()) {
            let address = link.address();
            if !given.contains(address) {
                nodes.push(view(address, false));
            }
        }
        nodes
    }

    /// One status for all links, which is that of the best.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::NoNode;
        for link in &self.links {
            match (link.view(), &summary) {
                (View::Online(node), _) => return Summary::Online(node),
                // Only the home stays where nobody can reach this peer, and it comes first.
                (View::Unreachable(node), _) => summary = Summary::Unreachable(node),
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

    /// A node of which the network told, at another host.
    fn learned(links: &mut Links, host: u8) -> (PeerId, Multiaddr) {
        let peer = PeerId::random();
        let address = format!("/ip4/10.0.0.{host}/tcp/1").parse().unwrap();
        links.learn(peer, &address);
        (peer, address)
    }

    #[test]
    fn two_links_use_two_nodes() {
        let now = Instant::now();
        let mut links = Links::new(2, &[node(1), node(2)], true);
        assert_eq!(links.summary(), Summary::NoNode);
        assert_eq!(links.handle(0, Input::Connect, now, 1.0), dial(1));
        // The home comes first.
        let discover = [Action::Discover];
        assert_eq!(links.handle(1, Input::Connect, now, 1.0), discover);
        assert_eq!(links.handle(2, Input::Connect, now, 1.0), []);
        assert_eq!(links.summary(), Summary::Connecting(node(1)));
        let first = finish(&mut links, 0, now);
        assert!(matches!(links.when_home_came(1), Some(Input::Connect)));
        assert_eq!(links.handle(1, Input::Connect, now, 1.0), dial(2));
        let second = finish(&mut links, 1, now);
        let nodes: Vec<_> = links.nodes().collect();
        assert_eq!(nodes, [(first, node(1)), (second, node(2))]);
    }

    #[test]
    fn each_node_is_told_with_its_link() {
        let now = Instant::now();
        let mut links = Links::new(1, &[node(1), node(2), node(3)], true);
        links.handle(0, Input::Connect, now, 1.0);
        links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
        let peer = PeerId::random();
        links.handle(0, Input::Dialed(peer), now, 1.0);
        let view = |links: &Links, at: usize| {
            let node = links.report().remove(at);
            (node.link, node.cause, node.rtt)
        };
        assert_eq!(view(&links, 1), (LinkView::Connecting, None, None));
        links.handle(0, Input::Reserved, now, 1.0);
        links.measured(peer, Duration::from_millis(12));
        let failed = Some(LinkCause::DialTimeout);
        assert_eq!(view(&links, 0), (LinkView::Idle, failed, None));
        assert_eq!(view(&links, 1), (LinkView::Online, None, Some(12)));
        assert_eq!(view(&links, 2), (LinkView::Idle, None, None));
        links.handle(0, Input::Closed, now, 1.0);
        let lost = Some(LinkCause::ConnectionLost);
        assert_eq!(view(&links, 1), (LinkView::Idle, lost, Some(12)));
    }

    #[test]
    fn a_stand_by_takes_the_place_of_the_home_while_it_fails() {
        let mut now = Instant::now();
        let mut links = Links::new(2, &[node(1)], true);
        links.handle(0, Input::Connect, now, 1.0);
        finish(&mut links, 0, now);
        assert_eq!(
            links.handle(1, Input::Connect, now, 1.0),
            [Action::Discover]
        );
        let (far, farther) = (learned(&mut links, 1), learned(&mut links, 2));
        links.measured(far.0, Duration::from_millis(1));
        let dial =
            |(peer, at): &(PeerId, Multiaddr)| [Action::Dial(at.clone().with_p2p(*peer).unwrap())];
        assert_eq!(links.handle(1, Input::Learned, now, 1.0), dial(&far));
        links.handle(1, Input::Dialed(far.0), now, 1.0);
        links.handle(1, Input::Reserved, now, 1.0);
        // While the home is online, the stand-by does nothing.
        assert_eq!(links.handle(2, Input::Due, now, 1.0), []);
        now += Duration::from_secs(1);
        links.handle(0, Input::Closed, now, 1.0);
        assert!(
            matches!(links.summary(), Summary::Online(at) if at.to_string().contains("10.0.0.1"))
        );
        assert_eq!(links.handle(2, Input::Due, now, 1.0), dial(&farther));
        links.handle(2, Input::Dialed(farther.0), now, 1.0);
        links.handle(2, Input::Reserved, now, 1.0);
        assert_eq!(links.nodes().count(), 2);
        // The home comes back, and the stand-by ends.
        let due = links.next_due().unwrap();
        links.handle(0, Input::Due, due, 1.0);
        finish(&mut links, 0, due);
        assert!(matches!(links.when_home_came(2), Some(Input::Release)));
        assert_eq!(links.handle(2, Input::Release, due, 1.0), [Action::Close]);
        assert_eq!(links.nodes().count(), 2);
        assert_eq!(links.handle(2, Input::Due, due, 1.0), []);
    }

    #[test]
    fn a_client_is_online_while_one_link_is() {
        let mut now = Instant::now();
        let mut links = Links::new(2, &[node(1), node(2)], true);
        links.handle(0, Input::Connect, now, 1.0);
        finish(&mut links, 0, now);
        links.handle(1, Input::Connect, now, 1.0);
        let second = finish(&mut links, 1, now);
        now += Duration::from_secs(1);
        links.handle(0, Input::Closed, now, 0.25);
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
        // A connecting link counts more than a waiting one. Both nodes are free again, and the one that was lost is
        // tried last.
        assert_eq!(links.handle(0, Input::Due, due, 1.0), dial(2));
        assert_eq!(links.summary(), Summary::Connecting(node(2)));
    }

    #[test]
    fn who_waits_for_the_network_is_served_sooner() {
        let mut now = Instant::now();
        let mut links = Links::new(1, &[node(1)], true);
        links.handle(0, Input::Connect, now, 1.0);
        for _ in 0..6 {
            links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
            now = links.next_due().unwrap();
            links.handle(0, Input::Due, now, 1.0);
        }
        links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
        assert_eq!(links.next_due(), Some(now + Duration::from_secs(14)));
        links.hurry(now, 1.0);
        assert_eq!(links.next_due(), Some(now + Duration::from_secs(4)));
        now += Duration::from_secs(4);
        links.handle(0, Input::Due, now, 1.0);
        links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
        assert_eq!(links.next_due(), Some(now + Duration::from_secs(4)));
        links.handle(0, Input::Connect, now, 1.0);
        finish(&mut links, 0, now);
        assert!(!links.hurry);
    }

    #[test]
    fn a_link_too_many_is_no_fault() {
        let now = Instant::now();
        let mut links = Links::new(2, &[node(1)], true);
        assert_eq!(links.handle(0, Input::Connect, now, 1.0), dial(1));
        assert_eq!(
            links.handle(1, Input::Connect, now, 1.0),
            [Action::Discover]
        );
        links.handle(0, Input::DialFailed(LinkCause::DialTimeout), now, 1.0);
        assert!(
            matches!(links.summary(), Summary::Offline(error, _) if error.cause == LinkCause::DialTimeout)
        );
    }
}
