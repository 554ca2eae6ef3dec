//! One libp2p peer, the same natively and in a browser: it provides functions and calls functions.
//!
//! [`Peer::start`] starts one and returns three things: the [`Peer`], a handle to make requests
//! with; the incoming [`Calls`]; and the [`Statuses`] of its connection to the network. A
//! **client** keeps links to nodes, each a connection and a relay reservation, and re-establishes a
//! lost link by itself. A **node** relays, and holds the provider records of other peers.
//! `docs/protocol.md` says what crosses the wire.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use fluence_peer::{Config, Keypair, Peer};
//!
//! let node = "/ip4/127.0.0.1/tcp/4102/ws".parse()?;
//! let (peer, mut calls, _statuses) = Peer::start(Config::client(Keypair::generate_ed25519(), vec![node]))?;
//! peer.provide("greet".parse()?).await?;
//! while let Some(call) = calls.next().await {
//!     call.reply(fluence::call::Reply::ok(&serde_json::json!({"hello": "world"})));
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod address;
mod admission;
mod announce;
mod backoff;
mod behaviour;
mod block;
mod codec;
mod command;
mod config;
mod dialing;
#[cfg(not(target_family = "wasm"))]
mod door;
mod driver;
mod expiry;
#[cfg(all(not(target_family = "wasm"), any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(not(target_family = "wasm"))]
mod gate;
mod guard;
#[cfg_attr(target_family = "wasm", path = "no_guests.rs")]
mod guests;
#[cfg(not(target_family = "wasm"))]
mod handed;
mod incoming;
mod libraries;
mod limits;
mod link;
#[cfg(not(target_family = "wasm"))]
mod load;
#[cfg(not(target_family = "wasm"))]
mod meter;
mod muxer;
mod network;
mod offers;
mod peer;
mod records;
mod refusal;
#[cfg(not(target_family = "wasm"))]
mod relay;
mod route;
mod runtime;
mod seal;
#[cfg(all(not(target_family = "wasm"), any(test, feature = "simulation")))]
#[doc(hidden)]
pub mod simulation;
mod slim;
mod statuses;
mod taken_back;
mod transport;
#[cfg(target_arch = "wasm32")]
mod web_socket;
#[cfg(not(target_family = "wasm"))]
mod web_socket_server;
#[cfg(any(target_arch = "wasm32", test))]
mod web_socket_url;

pub use admission::Admission;
pub use block::Block;
pub use config::{Config, RelayLimits, Role, StartError};
#[cfg(not(target_family = "wasm"))]
pub use handed::WebSockets;
pub use incoming::{Calls, IncomingCall};
#[cfg(not(target_family = "wasm"))]
pub use load::{Answered, Load, Refused, Routed};
#[cfg(not(target_family = "wasm"))]
pub use meter::{Meter, Metered};
pub use peer::Peer;
pub use statuses::Statuses;

pub use libp2p::identity::Keypair;
pub use libp2p::multiaddr::Protocol;
pub use libp2p::{Multiaddr, PeerId};
