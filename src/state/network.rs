//! The connection to the network of functions.

use serde::{Deserialize, Serialize};

use super::Unreadable;
use super::flat::{Slot, flat};

/// The connection to the network, as a face shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatNetwork", into = "FlatNetwork")]
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
    /// Connected to a node that has no room to make this peer reachable: it can call, and nobody can
    /// call it. The peer asks again by itself.
    Unreachable {
        /// The node's multiaddr.
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
            Self::Starting
            | Self::NoNode
            | Self::Connecting { .. }
            | Self::Unreachable { .. }
            | Self::Offline { .. } => false,
        }
    }

    /// Whether functions can be called now.
    pub fn can_call(&self) -> bool {
        self.is_online() || matches!(self, Self::Unreachable { .. })
    }
}

/// Why a link to a node could not be made, or ended. A face turns it into a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkError {
    /// The node's multiaddr, if the fault lies with one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Whether other configured nodes were tried too, without success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others_failed: bool,
    /// What happened.
    pub cause: LinkCause,
}

/// What happened to a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlatCause", into = "FlatCause")]
pub enum LinkCause {
    /// An established connection was lost.
    ConnectionLost,
    /// The node closed the connection before it granted a reservation.
    ConnectionClosed,
    /// No connection could be made.
    Unreachable {
        /// The operating system's or the browser's own words, if it gave any.
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
        /// The node's reason, if it gave one.
        detail: Option<String>,
    },
    /// The request for a reservation was not answered in time.
    ReservationTimeout,
    /// The node ended the reservation, or did not renew it.
    ReservationEnded,
    /// No ping was answered for too long.
    PingTimeout,
    /// This peer is a node, and none of its listeners is open any more.
    NotListening,
}

/// A [`NetworkStatus`] on the wire: a word, and the values that belong to it.
#[derive(Default, Serialize, Deserialize)]
struct FlatNetwork {
    network: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<LinkError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_at: Option<u64>,
}

flat! {
    NetworkStatus as FlatNetwork { network }:
    Starting = "starting",
    NoNode = "no_node",
    Connecting { node } = "connecting",
    Online { node } = "online",
    Unreachable { node } = "unreachable",
    Offline { error, retry_at } = "offline",
}

impl TryFrom<FlatNetwork> for NetworkStatus {
    type Error = Unreadable;

    fn try_from(flat: FlatNetwork) -> Result<Self, Unreadable> {
        Self::read(flat)
    }
}

/// A [`LinkCause`] on the wire: a word, and the value that belongs to it.
#[derive(Default, Serialize, Deserialize)]
struct FlatCause {
    cause: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

flat! {
    LinkCause as FlatCause { cause }:
    ConnectionLost = "connection_lost",
    ConnectionClosed = "connection_closed",
    Unreachable { detail } = "unreachable",
    DialTimeout = "dial_timeout",
    UnsupportedAddress = "unsupported_address",
    WrongPeer { found as detail } = "wrong_peer",
    OwnAddress = "own_address",
    TooManyConnections = "too_many_connections",
    ReservationRefused { detail } = "reservation_refused",
    ReservationTimeout = "reservation_timeout",
    ReservationEnded = "reservation_ended",
    PingTimeout = "ping_timeout",
    NotListening = "not_listening",
}

impl TryFrom<FlatCause> for LinkCause {
    type Error = Unreadable;

    fn try_from(flat: FlatCause) -> Result<Self, Unreadable> {
        Self::read(flat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_as_they_were_written() {
        let offline = |cause| NetworkStatus::Offline {
            error: LinkError {
                node: Some("/dns4/a/tcp/1/ws".into()),
                others_failed: true,
                cause,
            },
            retry_at: 7,
        };
        for status in [
            NetworkStatus::Starting,
            NetworkStatus::NoNode,
            NetworkStatus::Connecting { node: "a".into() },
            NetworkStatus::Online { node: "a".into() },
            NetworkStatus::Unreachable { node: "a".into() },
            offline(LinkCause::ConnectionLost),
            offline(LinkCause::WrongPeer {
                found: "12D3Koo".into(),
            }),
            offline(LinkCause::Unreachable { detail: None }),
            offline(LinkCause::ReservationRefused {
                detail: Some("full".into()),
            }),
        ] {
            let text = serde_json::to_string(&status).unwrap();
            assert_eq!(
                serde_json::from_str::<NetworkStatus>(&text).unwrap(),
                status,
                "{text}"
            );
        }
    }
}
