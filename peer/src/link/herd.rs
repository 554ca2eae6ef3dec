//! A thousand clients whose only node was away, on simulated time: how soon they are back, and how many come at once.

use std::time::Duration;

use fluence::state::LinkCause;
use libp2p::{Multiaddr, PeerId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use web_time::Instant;

use super::{Action, Input, Links};
use crate::libraries::PING_EVERY;

const SECOND: Duration = Duration::from_secs(1);
const CLIENTS: u64 = 1000;
/// When the system sends the first packet of a dial, and sends it again (RFC 6298; newer systems do it more often).
const PACKETS: [Duration; 4] = [
    Duration::ZERO,
    SECOND,
    Duration::from_secs(3),
    Duration::from_secs(7),
];

/// How the absence of a node looks to its clients.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Absence {
    /// The program has ended: connections end at once, and dials are refused at once.
    Refuses,
    /// The machine is off, or a line is cut: there is no answer to anything.
    Silent,
}

/// How long after a node is back the first packet of this client reaches it.
fn back(seed: u64, absence: Absence, away: Duration, is_waiting: bool) -> Duration {
    let mut rng = StdRng::seed_from_u64(seed);
    let node: Multiaddr = "/ip4/198.51.100.1/tcp/4101".parse().expect("an address");
    let mut links = Links::new(1, &[node], true);
    let peer = PeerId::random();
    let start = Instant::now();
    links.handle(0, Input::Connect, start, rng.random());
    links.handle(0, Input::Dialed(peer), start, rng.random());
    links.handle(0, Input::Reserved, start, rng.random());
    let gone = start + 60 * SECOND;
    let back = gone + away;
    let last_pong = gone - PING_EVERY.mul_f64(rng.random());
    links.handle(0, Input::Pong, last_pong, rng.random());
    // Somebody who waits from some moment on says so then, and again whenever the status changes.
    let waits = is_waiting.then(|| gone + away.mul_f64(rng.random()));
    let mut now = gone;
    if absence == Absence::Refuses {
        links.handle(0, Input::Closed, now, rng.random());
    }
    loop {
        if waits.is_some_and(|waits| waits <= now) {
            links.hurry(now, rng.random());
        }
        let due = links.next_due().expect("it does not give up");
        if let Some(waits) = waits.filter(|waits| now < *waits && *waits < due) {
            now = waits;
            continue;
        }
        now = due;
        let actions = links.handle(0, Input::Due, now, rng.random());
        if !actions
            .iter()
            .any(|action| matches!(action, Action::Dial(_)))
        {
            continue;
        }
        match absence {
            _ if now >= back => return now - back,
            Absence::Refuses => {
                let cause = LinkCause::Unreachable { detail: None };
                links.handle(0, Input::DialFailed(cause), now, rng.random());
            }
            Absence::Silent => {
                let until = links.next_due().expect("a dial has an end");
                let mut sent = PACKETS.iter().map(|after| now + *after);
                let answered = sent.find(|sent| (back..until).contains(sent));
                if let Some(answered) = answered {
                    return answered - back;
                }
            }
        }
    }
}

/// The most of these times that lie within one second.
fn most_at_once(times: &[Duration]) -> usize {
    let within = |first: &Duration| {
        let all = times.iter();
        all.filter(|time| **time >= *first && **time < *first + SECOND)
            .count()
    };
    times.iter().map(within).max().unwrap_or_default()
}

#[test]
fn a_thousand_clients_are_back_soon_and_not_all_at_once() {
    let mut all_well = true;
    for (absence, times) in [
        (Absence::Refuses, [2, 10, 40, 300]),
        // A shorter silence is not noticed.
        (Absence::Silent, [40, 60, 300, 3600]),
    ] {
        for away in times {
            for (is_waiting, soon, at_once) in [(true, 4, 600), (false, 14, 600)] {
                let away = away * SECOND;
                let times: Vec<Duration> = (0..CLIENTS)
                    .map(|seed| back(seed, absence, away, is_waiting))
                    .collect();
                let last = times.iter().max().expect("there are clients");
                let most = most_at_once(&times);
                let what = format!(
                    "{absence:?} for {away:?}, somebody waits: {is_waiting}: the last after {last:?}, {most} in one second"
                );
                eprintln!("{what}");
                // What is left of five and of fifteen seconds is for making the connection.
                all_well &= *last <= soon * SECOND && most <= at_once;
            }
        }
    }
    assert!(all_well, "see above");
}
