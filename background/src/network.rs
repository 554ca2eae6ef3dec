//! The peer as the engine sees it, and the calls that pass through: the last of them are remembered for faces that ask.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use fluence::call::{Reply, Request};
use fluence::failure::{Code, Failure, Reason};
use fluence::live::{CallLine, Calls};
use fluence::names::FunctionName;
use fluence::ports::{self, NetworkError, PeerName};
use fluence_peer::Peer;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;
use web::time;

/// This program's peer, which is replaced when the person wants a new identity. Cheap to clone.
#[derive(Clone)]
pub struct Network(Rc<Inner>);

struct Inner {
    peer: RefCell<Peer>,
    calls: RefCell<Calls>,
}

impl Network {
    /// The network of this peer.
    pub fn new(peer: Peer) -> Self {
        Self(Rc::new(Inner {
            peer: RefCell::new(peer),
            calls: RefCell::default(),
        }))
    }

    /// The peer of now.
    pub fn peer(&self) -> Peer {
        self.0.peer.borrow().clone()
    }

    /// Puts another peer in the place of this one, which is returned.
    pub fn replace(&self, peer: Peer) -> Peer {
        self.0.peer.replace(peer)
    }

    /// Notes a call that begins, and returns its number.
    pub fn begins(&self, incoming: bool, request: &Request, peer: &str) -> u64 {
        let mut calls = self.0.calls.borrow_mut();
        calls.begins(time::now_ms(), incoming, request, peer)
    }

    /// Notes how a call ended.
    pub fn ended(&self, number: u64, failed: Option<Reason>) {
        let mut calls = self.0.calls.borrow_mut();
        calls.ended(number, time::now_ms(), failed);
    }

    /// The lines that have changed since this change, oldest first, and the number of the last change.
    pub fn calls_since(&self, change: u64) -> (Vec<CallLine>, u64) {
        self.0.calls.borrow().since(change)
    }
}

/// Why a call failed, if it did.
pub fn failed(result: &Result<Reply, NetworkError>) -> Option<Reason> {
    match result {
        Ok(Reply::Ok(_)) => None,
        Ok(Reply::Error(error)) => Some(Reason::from(&error.code)),
        Err(error) => {
            let failure = Failure::of_call(Code::CallFailed, error);
            // Without a connection nothing can be reached.
            Some(failure.reason.unwrap_or(Reason::Unreachable))
        }
    }
}

impl ports::Network for Network {
    fn providers(&self, name: FunctionName) -> LocalBoxStream<'static, PeerName> {
        ports::Network::providers(&self.peer(), name)
    }

    fn call(
        &self,
        provider: PeerName,
        request: Request,
        deadline: Duration,
    ) -> LocalBoxFuture<'static, Result<Reply, NetworkError>> {
        let network = self.clone();
        async move {
            let number = network.begins(false, &request, &provider);
            // A call that nobody waits for any more is over too.
            let mut ends = Ends(network.clone(), number, Some(Reason::NoReply));
            let result = ports::Network::call(&network.peer(), provider, request, deadline).await;
            ends.2 = failed(&result);
            result
        }
        .boxed_local()
    }

    fn announce(
        &self,
        names: Vec<FunctionName>,
        again: bool,
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>> {
        ports::Network::announce(&self.peer(), names, again)
    }

    fn nodes(&self) -> LocalBoxFuture<'static, Vec<PeerName>> {
        ports::Network::nodes(&self.peer())
    }

    fn hurry(&self) {
        self.peer().hurry();
    }

    fn withdraw(&self, names: Vec<FunctionName>) -> LocalBoxFuture<'static, Vec<FunctionName>> {
        ports::Network::withdraw(&self.peer(), names)
    }
}

/// Notes the end of a call when it is dropped.
struct Ends(Network, u64, Option<Reason>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ended(self.1, self.2.take());
    }
}
