//! A node that relays and has a DHT, made from libp2p alone, and does with routed calls whatever a test wants.

#[path = "raw.rs"]
mod raw;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use fluence_peer::{Multiaddr, PeerId};
use futures::StreamExt;
use libp2p::kad::store::MemoryStore;
use libp2p::request_response::{self, Event, Message, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{StreamProtocol, SwarmBuilder, identify, kad, noise, ping, relay, tcp, yamux};

use super::SECOND;
use raw::Raw;

/// What the node does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Does {
    /// It passes letters and answers on.
    Passes,
    /// It takes letters and says nothing.
    Drops,
    /// It changes the last byte of the answer.
    AltersAnswers,
    /// It changes the last byte of the letter.
    AltersLetters,
    /// It passes each letter on once more after its answer.
    Repeats,
    /// It answers with the answer to the first letter that it ever had.
    AnswersAsBefore,
}

/// What has happened at the node.
#[derive(Default)]
pub struct Seen {
    /// The letters that callers gave it.
    pub letters: Vec<Vec<u8>>,
    /// What providers answered to letters that were repeated.
    pub repeated: Vec<Vec<u8>>,
    /// What providers answered otherwise.
    pub answers: Vec<Vec<u8>>,
}

pub struct HostileNode {
    pub address: Multiaddr,
    pub does: Arc<Mutex<Does>>,
    pub seen: Arc<Mutex<Seen>>,
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::Behaviour,
    kad: kad::Behaviour<MemoryStore>,
    routes: request_response::Behaviour<Raw>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl HostileNode {
    pub async fn start() -> Self {
        let mut swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                yamux::Config::default,
            )
            .expect("a transport")
            .with_behaviour(|key| {
                let id = key.public().to_peer_id();
                let protocol = StreamProtocol::new("/fluence/kad/1.0.0");
                let store = MemoryStore::new(id);
                let mut kad = kad::Behaviour::with_config(id, store, kad::Config::new(protocol));
                kad.set_mode(Some(kad::Mode::Server));
                let route = StreamProtocol::new("/fluence/route/1.0.0");
                Behaviour {
                    relay: relay::Behaviour::new(id, relay::Config::default()),
                    kad,
                    routes: request_response::Behaviour::new(
                        [(route, ProtocolSupport::Full)],
                        request_response::Config::default(),
                    ),
                    identify: identify::Behaviour::new(identify::Config::new(
                        "/fluence/1.0.0".into(),
                        key.public(),
                    )),
                    ping: ping::Behaviour::default(),
                }
            })
            .expect("a behaviour")
            .with_swarm_config(|config| config.with_idle_connection_timeout(60 * SECOND))
            .build();
        let listen = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
        swarm.listen_on(listen).expect("listens");
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        swarm.add_external_address(address.clone());
        let does = Arc::new(Mutex::new(Does::Passes));
        let seen = Arc::<Mutex<Seen>>::default();
        let (todo, noted) = (does.clone(), seen.clone());
        tokio::spawn(async move {
            let (mut waiting, mut dropped) = (HashMap::new(), Vec::new());
            loop {
                let event = swarm.select_next_some().await;
                let SwarmEvent::Behaviour(BehaviourEvent::Routes(Event::Message {
                    message, ..
                })) = event
                else {
                    continue;
                };
                let does = *todo.lock().expect("no panic");
                let mut seen = noted.lock().expect("no panic");
                let routes = &mut swarm.behaviour_mut().routes;
                match message {
                    Message::Request {
                        mut request,
                        channel,
                        ..
                    } => {
                        seen.letters.push(request.clone());
                        if does == Does::Drops {
                            dropped.push(channel);
                            continue;
                        }
                        if does == Does::AltersLetters {
                            *request.last_mut().expect("a letter") ^= 1;
                        }
                        let provider = PeerId::from_bytes(&request[2..][..request[1].into()]);
                        let provider = provider.expect("an id");
                        let id = routes.send_request(&provider, request.clone());
                        waiting.insert(id, (channel, provider, request));
                    }
                    Message::Response {
                        request_id,
                        mut response,
                    } => {
                        let Some((channel, provider, request)) = waiting.remove(&request_id) else {
                            seen.repeated.push(response);
                            continue;
                        };
                        seen.answers.push(response.clone());
                        match does {
                            Does::AltersAnswers => {
                                *response.last_mut().expect("an answer") ^= 1;
                            }
                            Does::AnswersAsBefore => response.clone_from(&seen.answers[0]),
                            Does::Repeats => drop(routes.send_request(&provider, request)),
                            _ => {}
                        }
                        // If this fails, the caller is gone.
                        let _ = routes.send_response(channel, response);
                    }
                }
            }
        });
        Self {
            address,
            does,
            seen,
        }
    }

    /// From now on, it does this.
    pub fn set(&self, does: Does) {
        *self.does.lock().expect("no panic") = does;
    }

    /// How many letters callers gave it.
    pub fn letters(&self) -> usize {
        self.seen.lock().expect("no panic").letters.len()
    }
}
