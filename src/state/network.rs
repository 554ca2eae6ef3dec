//! The connection to the network of functions.

use serde::{Deserialize, Serialize};

/// The connection to the network, as a face shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "network", rename_all = "snake_case")]
pub enum NetworkStatus {
    /// The program has only just started.
    #[default]
    Starting,
    /// No node is set.
    NoNode,
    /// A connection to a node is being made.
    Connecting {
        /// Its multiaddr.
        node: String,
    },
    /// Connected, and reachable through a node.
    Online {
        /// Its multiaddr.
        node: String,
    },
    /// Not connected; the peer tries again by itself.
    Offline {
        /// Why.
        error: LinkError,
        /// When it tries again, in Unix milliseconds.
        retry_at: u64,
    },
}

impl NetworkStatus {
    /// Whether functions can be called and provided now.
    pub fn is_online(&self) -> bool {
        match self {
            Self::Online { .. } => true,
            Self::Starting | Self::NoNode | Self::Connecting { .. } | Self::Offline { .. } => false,
        }
    }
}

/// Why a link to a node could not be made, or ended. A face turns it into a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkError {
    /// The node's multiaddr, where the fault lies with one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Whether other configured nodes were tried too, in vain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others_failed: bool,
    /// What happened.
    pub cause: LinkCause,
}

/// What happened to a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum LinkCause {
    /// An established connection was lost.
    ConnectionLost,
    /// The node closed the connection before it granted a reservation.
    ConnectionClosed,
    /// No connection could be made.
    Unreachable {
        /// The operating system's or the browser's own words, where it gave any.
        detail: Option<String>,
    },
    /// The dial was not answered in time.
    DialTimeout,
    /// This platform has no transport for the address: TCP in a browser, for example.
    UnsupportedAddress,
    /// Another peer answers at that address.
    WrongPeer {
        /// The peer id that was found there.
        found: String,
    },
    /// The address is this peer's own.
    OwnAddress,
    /// Too many connections are open.
    TooManyConnections,
    /// The node granted no reservation.
    ReservationRefused {
        /// The node's reason, where it gave one.
        detail: Option<String>,
    },
    /// The request for a reservation was not answered in time.
    ReservationTimeout,
    /// The node ended the reservation, or did not renew it.
    ReservationEnded,
    /// No ping was answered for too long.
    PingTimeout,
}
