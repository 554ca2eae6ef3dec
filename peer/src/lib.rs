//! One libp2p peer, the same natively and in a browser: it provides functions and calls functions.
//!
//! [`Peer::start`] begins one and gives three things: the [`Peer`] to ask with, the [`Calls`] that come in, and the
//! [`Statuses`] that say how the connection to the network is. A **client** keeps a connection and a relay reservation
//! at one node and comes back by itself when either is lost; a **node** relays, and holds the provider records of
//! others. What crosses the wire is said in `docs/protocol.md`.
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

mod announce;
mod behaviour;
mod codec;
mod config;
mod driver;
mod link;
mod network;
mod offers;
mod peer;
mod records;
mod runtime;
mod transport;
#[cfg(target_arch = "wasm32")]
mod web_socket;
#[cfg(any(target_arch = "wasm32", test))]
mod web_socket_url;

pub use config::{Config, RelayLimits, Role, StartError};
pub use peer::{Calls, IncomingCall, Peer, Statuses};

pub use libp2p::identity::Keypair;
pub use libp2p::{Multiaddr, PeerId};
