//! The peer as the engine sees it: [`fluence::ports::Network`].

use std::time::Duration;

use fluence::call::{Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::{Network, NetworkError, PeerName};
use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;
use tokio::sync::oneshot;

use crate::command::Command;
use crate::peer::Peer;
use crate::runtime;

impl Network for Peer {
    fn providers(&self, name: FunctionName) -> LocalBoxStream<'static, PeerName> {
        Peer::providers(self, name)
            .map(|id| id.to_string())
            .boxed_local()
    }

    fn call(
        &self,
        provider: PeerName,
        request: Request,
        deadline: Duration,
    ) -> LocalBoxFuture<'static, Result<Reply, NetworkError>> {
        let peer = self.clone();
        async move {
            let provider: PeerId = provider.parse().map_err(|_| NetworkError::Unreachable)?;
            Peer::call(&peer, provider, request, deadline).await
        }
        .boxed_local()
    }

    fn announce(
        &self,
        names: Vec<FunctionName>,
        again: bool,
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>> {
        let peer = self.clone();
        async move {
            if again {
                Peer::announce_again(&peer, names).await
            } else {
                Peer::announce(&peer, names).await
            }
        }
        .boxed_local()
    }

    fn nodes(&self) -> LocalBoxFuture<'static, Vec<PeerName>> {
        let peer = self.clone();
        async move {
            let nodes = Peer::nodes(&peer).await;
            nodes.iter().map(ToString::to_string).collect()
        }
        .boxed_local()
    }

    fn hurry(&self) {
        Peer::hurry(self);
    }

    fn withdraw(&self, names: Vec<FunctionName>) -> LocalBoxFuture<'static, Vec<FunctionName>> {
        let (done, told) = oneshot::channel();
        self.tell(Command::Withdraw(names.clone(), done));
        async move { told.await.unwrap_or(names) }.boxed_local()
    }
}

impl Peer {
    /// Sends a command without waiting for it to be taken.
    pub(crate) fn tell(&self, command: Command) {
        if let Err(command) = self.try_command(command) {
            // The queue is full, so the command waits for its turn in the background.
            let peer = self.clone();
            runtime::spawn(async move {
                let _ = peer.command(*command).await;
            });
        }
    }
}
