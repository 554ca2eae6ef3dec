//! Translates libp2p's errors into those of the engine.

use std::error::Error;

use fluence::ports::NetworkError;
use fluence::state::{LinkCause, LinkError, NetworkStatus};
use libp2p::TransportError::MultiaddrNotSupported;
use libp2p::request_response::OutboundFailure;
use libp2p::swarm::DialError;

/// The status of a peer that waits until `retry_at`, in Unix milliseconds.
pub(super) fn offline(error: LinkError, retry_at: u64) -> NetworkStatus {
    NetworkStatus::Offline { error, retry_at }
}

/// Why a node could not be dialed.
pub(super) fn of_dial(error: &DialError) -> LinkCause {
    match error {
        DialError::WrongPeerId { obtained, .. } => LinkCause::WrongPeer {
            found: obtained.to_string(),
        },
        DialError::LocalPeerId { .. } => LinkCause::OwnAddress,
        DialError::Denied { .. } => LinkCause::TooManyConnections,
        DialError::Transport(errors)
            if !errors.is_empty()
                && errors
                    .iter()
                    .all(|(_, error)| matches!(error, MultiaddrNotSupported(_))) =>
        {
            LinkCause::UnsupportedAddress
        }
        DialError::Transport(errors) => LinkCause::Unreachable {
            detail: errors.last().map(|(_, error)| root(error)),
        },
        DialError::NoAddresses | DialError::Aborted | DialError::DialPeerConditionFalse(_) => {
            LinkCause::Unreachable { detail: None }
        }
    }
}

/// What a failed call means to its caller.
pub(super) fn of_call(error: &OutboundFailure) -> NetworkError {
    match error {
        OutboundFailure::DialFailure | OutboundFailure::UnsupportedProtocols => {
            NetworkError::Unreachable
        }
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            NetworkError::Malformed
        }
        OutboundFailure::Timeout | OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
            NetworkError::NoReply
        }
    }
}

/// The innermost source of an error; the outer errors only name layers of the library.
pub(super) fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_dials_have_causes() {
        let address: libp2p::Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let unsupported = || (address.clone(), MultiaddrNotSupported(address.clone()));
        let refused = || {
            let error = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
            (address.clone(), libp2p::TransportError::Other(error))
        };
        let unreachable = |detail: Option<&str>| LinkCause::Unreachable {
            detail: detail.map(str::to_owned),
        };
        for (error, cause) in [
            (
                DialError::Transport(vec![unsupported(), unsupported()]),
                LinkCause::UnsupportedAddress,
            ),
            (
                DialError::Transport(vec![unsupported(), refused()]),
                unreachable(Some("refused")),
            ),
            (DialError::Transport(Vec::new()), unreachable(None)),
            (DialError::Aborted, unreachable(None)),
            (DialError::LocalPeerId { address }, LinkCause::OwnAddress),
        ] {
            assert_eq!(of_dial(&error), cause, "{error:?}");
        }
    }
}
