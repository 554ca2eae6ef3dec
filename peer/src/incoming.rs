//! The calls that other peers make to this one.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use fluence::call::{Reply, Request};
use futures::Stream;
use libp2p::PeerId;
use tokio::sync::{mpsc, oneshot};

use crate::guests::Place;

/// The calls that come in. Once this is dropped, callers are told that this peer provides no functions.
#[derive(Debug)]
pub struct Calls {
    pub(crate) calls: mpsc::Receiver<IncomingCall>,
}

impl Calls {
    /// The next call, or `None` once the peer has ended.
    pub async fn next(&mut self) -> Option<IncomingCall> {
        self.calls.recv().await
    }
}

impl Stream for Calls {
    type Item = IncomingCall;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<IncomingCall>> {
        self.calls.poll_recv(cx)
    }
}

/// A call from another peer. If it is dropped without a reply, the caller gets the error
/// `internal`.
pub struct IncomingCall {
    /// The caller, as its key proves.
    pub from: PeerId,
    /// The address that the caller's connection comes from; `None` if it is relayed.
    pub address: Option<IpAddr>,
    /// The function and its arguments.
    pub request: Request,
    pub(crate) answer: oneshot::Sender<Reply>,
    /// The call's place at a node, until it is answered or dropped.
    pub(crate) place: Option<Place>,
}

impl IncomingCall {
    /// Whether the caller is one of a node's own clients: it has a reservation here, which makes it reachable.
    pub fn is_of_client(&self) -> bool {
        let place = self.place.as_ref();
        place.is_some_and(|place| place.is_of_client(&self.from))
    }

    /// Answers the call. If the caller is gone by now, nothing happens.
    pub fn reply(self, reply: Reply) {
        if let Some(place) = &self.place {
            place.answered(&reply);
        }
        let _ = self.answer.send(reply);
    }
}

impl std::fmt::Debug for IncomingCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IncomingCall")
            .field("from", &self.from)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
