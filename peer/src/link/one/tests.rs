//! Tests of one link on simulated time.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn node(n: u16) -> Multiaddr {
    format!("/ip4/127.0.0.1/tcp/{n}/ws").parse().unwrap()
}

fn unreachable() -> LinkCause {
    LinkCause::Unreachable { detail: None }
}

/// A link, with the time and the chance that it is given. A chance of 1 makes waits as long as
/// possible.
struct World {
    link: Link,
    pool: Pool,
    scope: Scope,
    hurry: bool,
    now: Instant,
    chance: f64,
    others: Vec<Seat>,
}

impl World {
    fn new(nodes: impl IntoIterator<Item = u16>) -> Self {
        Self {
            link: Link::new(true),
            pool: Pool::new(&nodes.into_iter().map(node).collect::<Vec<_>>()),
            scope: Scope::Given,
            hurry: false,
            now: Instant::now(),
            chance: 1.0,
            others: Vec::new(),
        }
    }

    /// A link that is online at the first node, and that node's peer id.
    fn online(nodes: impl IntoIterator<Item = u16>) -> (Self, PeerId) {
        let mut world = Self::new(nodes);
        let peer = PeerId::random();
        world.tell(Input::Connect);
        world.tell(Input::Dialed(peer));
        assert_eq!(world.tell(Input::Reserved), [Action::Announce]);
        (world, peer)
    }

    fn tell(&mut self, input: Input) -> Vec<Action> {
        let mut moment = Moment {
            now: self.now,
            chance: self.chance,
            hurry: self.hurry,
            others: &self.others,
            pool: &mut self.pool,
            scope: self.scope,
        };
        self.link.handle(input, &mut moment)
    }

    fn set_nodes(&mut self, nodes: &[u16]) -> Vec<Action> {
        let nodes: Vec<Multiaddr> = nodes.iter().map(|n| node(*n)).collect();
        self.pool.set_given(&nodes);
        self.tell(Input::NodesChanged)
    }

    /// Lets time pass, and tells the link.
    fn pass(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        self.tell(Input::Due)
    }

    fn due_in(&self) -> Option<Duration> {
        self.link.next_due().map(|due| due - self.now)
    }

    /// The error because of which the link waits.
    fn error(&self) -> LinkError {
        match self.link.view() {
            View::Waiting(_, Some(error)) => error.clone(),
            _ => panic!("it does not wait because of an error"),
        }
    }

    fn is_online(&self) -> bool {
        matches!(self.link.view(), View::Online(_))
    }
}

#[test]
fn a_link_is_dialed_reserved_and_watched() {
    let mut world = World::new([1]);
    assert_eq!(world.due_in(), None);
    assert_eq!(world.tell(Input::Connect), [Action::Dial(node(1))]);
    assert_eq!(world.due_in(), Some(DIAL));
    let peer = PeerId::random();
    let circuit = node(1).with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
    assert_eq!(
        world.tell(Input::Dialed(peer)),
        [Action::AddToDht(peer, node(1)), Action::Reserve(circuit)]
    );
    assert_eq!(world.due_in(), Some(RESERVE));
    assert!(matches!(world.link.view(), View::Connecting(at) if *at == node(1)));
    assert_eq!(world.tell(Input::Reserved), [Action::Announce]);
    assert_eq!(world.due_in(), Some(SILENCE));
    assert!(matches!(
        world.link.view(),
        View::Online(at) if at == node(1).with(Protocol::P2p(peer))
    ));
    // The link is online already, so asking again changes nothing.
    assert_eq!(world.tell(Input::Connect), []);
    // A renewal of the reservation changes nothing.
    assert_eq!(world.tell(Input::Reserved), []);
}

#[test]
fn a_visitor_asks_for_no_reservation() {
    let mut world = World::new([1]);
    world.link.reserve = false;
    world.tell(Input::Connect);
    let peer = PeerId::random();
    assert_eq!(
        world.tell(Input::Dialed(peer)),
        [Action::AddToDht(peer, node(1)), Action::Announce]
    );
    assert!(world.is_online());
}

#[test]
fn waits_grow_with_each_failure_and_chance_shortens_them() {
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    for wait in [1, 2, 4, 8, 14, 14] {
        assert_eq!(world.tell(Input::DialFailed(unreachable())), []);
        assert_eq!(world.due_in(), Some(wait * SECOND));
        // It does not dial even a moment too early.
        assert_eq!(world.pass(wait * SECOND - Duration::from_millis(1)), []);
        assert_eq!(
            world.pass(Duration::from_millis(1)),
            [Action::Dial(node(1))]
        );
    }
    world.chance = 0.0;
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.due_in(), Some(7 * SECOND));
    // Somebody waits for the network.
    world.chance = 1.0;
    world.hurry = true;
    world.link.hurry(world.now, 0.5);
    assert_eq!(world.due_in(), Some(2 * SECOND));
    world.pass(2 * SECOND);
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.due_in(), Some(LONGEST_HURRIED));
}

#[test]
fn a_person_who_asks_does_not_wait() {
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.tell(Input::Connect), [Action::Dial(node(1))]);
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.due_in(), Some(2 * FIRST_WAIT));
}

#[test]
fn each_node_is_tried_before_the_link_waits() {
    let mut world = World::new([1, 2, 3]);
    world.tell(Input::Connect);
    let wrong = LinkCause::WrongPeer {
        found: PeerId::random().to_string(),
    };
    assert_eq!(
        world.tell(Input::DialFailed(wrong.clone())),
        [Action::Dial(node(2))]
    );
    // The second node does not answer, and the third is the wrong peer too.
    assert_eq!(world.pass(DIAL - SECOND), []);
    assert_eq!(world.pass(SECOND), [Action::Dial(node(3))]);
    assert_eq!(world.tell(Input::DialFailed(wrong.clone())), []);
    assert_eq!(
        world.error(),
        LinkError {
            node: Some(node(3).to_string()),
            others_failed: true,
            cause: wrong,
        }
    );
    assert_eq!(world.due_in(), Some(FIRST_WAIT));
    // It begins again with the first node.
    assert_eq!(world.pass(FIRST_WAIT), [Action::Dial(node(1))]);
}

#[test]
fn a_link_looks_for_nodes_that_the_network_knows() {
    let mut world = World::new([1]);
    world.scope = Scope::Any;
    world.others = vec![Seat {
        address: node(1),
        peer: None,
    }];
    assert_eq!(world.tell(Input::Connect), [Action::Discover]);
    // It asks once in a while, and not each time that the network tells of none.
    assert_eq!(world.tell(Input::Learned), []);
    let (peer, far) = (PeerId::random(), "/ip4/10.0.0.1/tcp/1".parse().unwrap());
    world.pool.learn(peer, &far);
    let learned = full(&far, peer);
    assert_eq!(world.tell(Input::Learned), [Action::Dial(learned)]);
    // It does not answer, so it is forgotten until the network tells of it again.
    assert_eq!(
        world.tell(Input::DialFailed(unreachable())),
        [Action::Discover]
    );
    assert_eq!(world.due_in(), Some(FIRST_WAIT));
}

#[test]
fn a_dial_that_is_not_answered_has_its_cause() {
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    assert_eq!(world.pass(DIAL), []);
    let error = world.error();
    assert_eq!(error.cause, LinkCause::DialTimeout);
    assert!(!error.others_failed);
}

#[test]
fn a_node_without_a_reservation_is_left() {
    for (input, wait, actions, cause) in [
        (
            Input::Closed,
            Duration::ZERO,
            vec![],
            LinkCause::ConnectionClosed,
        ),
        (
            Input::Due,
            RESERVE,
            vec![Action::Close],
            LinkCause::ReservationTimeout,
        ),
    ] {
        let mut world = World::new([1]);
        world.tell(Input::Connect);
        world.tell(Input::Dialed(PeerId::random()));
        world.now += wait;
        assert_eq!(world.tell(input), actions);
        assert_eq!(world.error().cause, cause);
        assert_eq!(world.link.node(), None);
    }
}

#[test]
fn a_link_stays_where_only_a_reservation_is_refused() {
    let mut world = World::new([1]);
    let peer = PeerId::random();
    let circuit = node(1).with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
    let refused = || Input::ReservationEnded(Some("full".to_owned()));
    world.tell(Input::Connect);
    world.tell(Input::Dialed(peer));
    assert_eq!(world.tell(refused()), []);
    let stays = |world: &World| matches!(world.link.view(), View::Unreachable(at) if at == node(1).with(Protocol::P2p(peer)));
    assert!(stays(&world) && !world.is_online() && world.link.is_failing());
    // It asks again with backoff, and is connected while it does.
    for wait in [1, 2, 4, 8] {
        assert_eq!(world.due_in(), Some(wait * SECOND));
        assert_eq!(
            world.pass(wait * SECOND),
            [Action::Reserve(circuit.clone())]
        );
        world.tell(Input::Pong);
        assert!(stays(&world));
        assert_eq!(world.tell(refused()), []);
    }
    world.pass(14 * SECOND);
    assert_eq!(world.tell(Input::Reserved), [Action::Announce]);
    assert!(world.is_online());
    // Silence ends it as it ends any link.
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    world.tell(Input::Dialed(peer));
    world.tell(refused());
    world.now += SILENCE;
    assert_eq!(world.tell(Input::Due), [Action::Close]);
    assert_eq!(world.error().cause, LinkCause::PingTimeout);
}

#[test]
fn a_node_that_refuses_a_reservation_is_used_when_all_others_have_failed() {
    let mut world = World::new([1, 2]);
    let peer = PeerId::random();
    world.tell(Input::Connect);
    world.tell(Input::Dialed(peer));
    let left = world.tell(Input::ReservationEnded(Some("full".to_owned())));
    assert_eq!(left, [Action::Close, Action::Dial(node(2))]);
    let back = world.tell(Input::DialFailed(unreachable()));
    assert_eq!(back, [Action::Dial(node(1))]);
    assert_eq!(
        world.tell(Input::Dialed(peer)),
        [Action::AddToDht(peer, node(1))]
    );
    assert!(matches!(world.link.view(), View::Unreachable(_)));
    // If it is gone by now, everything begins anew.
    let mut world = World::new([1, 2]);
    world.tell(Input::Connect);
    world.tell(Input::Dialed(peer));
    world.tell(Input::ReservationEnded(Some("full".to_owned())));
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.tell(Input::DialFailed(unreachable())), []);
    assert_eq!(world.due_in(), Some(SECOND));
    // A link besides the home has other nodes to go to.
    let mut world = World::new([1]);
    world.scope = Scope::Any;
    world.tell(Input::Connect);
    world.tell(Input::Dialed(peer));
    let left = world.tell(Input::ReservationEnded(Some("full".to_owned())));
    assert_eq!(left, [Action::Close, Action::Discover]);
    let detail = Some("full".to_owned());
    assert_eq!(
        world.error().cause,
        LinkCause::ReservationRefused { detail }
    );
}

#[test]
fn pongs_keep_a_link_and_silence_ends_it() {
    let (mut world, _) = World::online([1]);
    for _ in 0..10 {
        assert_eq!(world.pass(SILENCE - SECOND), []);
        world.tell(Input::Pong);
    }
    assert_eq!(world.pass(SILENCE - SECOND), []);
    assert!(world.is_online());
    assert_eq!(world.pass(SECOND), [Action::Close]);
    assert_eq!(world.error().cause, LinkCause::PingTimeout);
}

#[test]
fn an_idle_link_is_left_within_20_s_whenever_it_dies() {
    for dies in 0..60 {
        let (mut world, _) = World::online([1]);
        // A pong comes a second after each ping, as long as the line is there.
        let pongs = (0..).map(|n| PING_EVERY * n + SECOND);
        let dies = dies * SECOND;
        let mut passed = Duration::ZERO;
        for pong in pongs.take_while(|pong| *pong <= dies) {
            assert_eq!(world.pass(pong - passed), []);
            world.tell(Input::Pong);
            passed = pong;
        }
        let left = world.due_in().expect("it is watched");
        assert_eq!(world.pass(left), [Action::Close], "{dies:?}");
        assert!(passed + left - dies <= 20 * SECOND, "{dies:?}");
    }
}

#[test]
fn a_link_that_held_resets_the_backoff_and_one_that_flaps_does_not() {
    let (mut world, _) = World::online([1]);
    world.chance = 0.0;
    let mut lose_after = |time: Duration| {
        world.now += time;
        assert_eq!(world.tell(Input::Closed), []);
        assert_eq!(world.error().cause, LinkCause::ConnectionLost);
        let wait = world.due_in().unwrap();
        world.pass(wait);
        world.tell(Input::Dialed(PeerId::random()));
        world.tell(Input::Reserved);
        wait
    };
    let short = STABLE - SECOND;
    assert_eq!(lose_after(short), SECOND / 2);
    assert_eq!(lose_after(short), SECOND);
    assert_eq!(lose_after(short), 2 * SECOND);
    assert_eq!(lose_after(STABLE), SECOND / 2);
}

#[test]
fn those_who_lose_a_node_together_do_not_come_back_in_one_second() {
    let wait = |chance: f64| {
        let (mut world, _) = World::online([1]);
        world.chance = chance;
        world.tell(Input::Closed);
        world.due_in().unwrap()
    };
    assert_eq!(
        [wait(0.0), wait(0.25), wait(0.5), wait(1.0)],
        [SECOND / 2, SECOND, 2 * SECOND, 4 * SECOND]
    );
}

#[test]
fn a_reservation_that_ends_ends_the_link() {
    let (mut world, _) = World::online([1, 2]);
    let ended = Input::ReservationEnded(Some("full".to_owned()));
    assert_eq!(world.tell(ended), [Action::Close]);
    assert_eq!(world.error().cause, LinkCause::ReservationEnded);
    assert_eq!(world.error().node, Some(node(1).to_string()));
    // The loss of a link says nothing about the other nodes.
    assert!(!world.error().others_failed);
}

#[test]
fn a_lost_connection_is_named_whichever_sign_of_it_comes_first() {
    let orders = [
        [Input::Closed, Input::ReservationEnded(None)],
        [Input::ReservationEnded(None), Input::Closed],
    ];
    for order in orders {
        let (mut world, _) = World::online([1]);
        for input in order {
            world.tell(input);
        }
        assert_eq!(world.error().cause, LinkCause::ConnectionLost);
    }
    // It is the same while a reservation is asked for.
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    world.tell(Input::Dialed(PeerId::random()));
    world.tell(Input::ReservationEnded(None));
    assert_eq!(world.error().cause, LinkCause::ConnectionClosed);
}

#[test]
fn new_nodes_move_a_link_only_if_its_own_is_not_among_them() {
    let (mut world, peer) = World::online([1, 2]);
    assert_eq!(world.set_nodes(&[5, 1]), []);
    assert_eq!(world.link.node(), Some((peer, node(1))));
    assert_eq!(
        world.set_nodes(&[5, 6]),
        [Action::Close, Action::ForgetDht, Action::Dial(node(5))]
    );
    // The end of the old connection does not concern the new dial.
    assert_eq!(world.tell(Input::Closed), []);
    assert_eq!(world.set_nodes(&[]), [Action::ForgetDht]);
    assert!(matches!(world.link.view(), View::NoNode));
    assert_eq!(world.due_in(), None);
    // A dial that succeeds after all is ignored.
    assert_eq!(world.tell(Input::Dialed(peer)), []);
}

#[test]
fn new_nodes_are_tried_at_once_whatever_the_backoff() {
    let mut world = World::new([1]);
    world.tell(Input::Connect);
    for _ in 0..5 {
        world.tell(Input::DialFailed(unreachable()));
        world.tell(Input::Connect);
    }
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(
        world.set_nodes(&[2]),
        [Action::ForgetDht, Action::Dial(node(2))]
    );
    world.tell(Input::DialFailed(unreachable()));
    assert_eq!(world.due_in(), Some(FIRST_WAIT));
}

#[test]
fn a_list_that_is_too_long_is_cut() {
    let mut world = World::new(1..=40);
    let mut dials = world.tell(Input::Connect).len();
    while !matches!(world.link.view(), View::Waiting(..)) {
        dials += world.tell(Input::DialFailed(unreachable())).len();
    }
    assert_eq!(dials, crate::limits::NODES);
}

#[test]
fn nodes_of_other_links_are_left_to_them() {
    let taken = PeerId::random();
    let mut world = World::new([1, 2, 3]);
    world.others = vec![Seat {
        address: node(1),
        peer: Some(taken),
    }];
    assert_eq!(world.tell(Input::Connect), [Action::Dial(node(2))]);
    // It turns out that the second address belongs to the same node as the first.
    assert_eq!(
        world.tell(Input::Dialed(taken)),
        [Action::Close, Action::Dial(node(3))]
    );
    assert_eq!(world.tell(Input::DialFailed(unreachable())), []);
    assert_eq!(world.error().cause, unreachable());

    // If there is no other node, the link looks again later, and reports no error.
    let mut world = World::new([1]);
    world.others = vec![Seat {
        address: node(1),
        peer: None,
    }];
    assert_eq!(world.tell(Input::Connect), []);
    assert!(matches!(world.link.view(), View::Waiting(_, None)));
    world.others.clear();
    assert_eq!(world.pass(SPARE), [Action::Dial(node(1))]);
}
