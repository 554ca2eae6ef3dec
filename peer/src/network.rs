//! The peer as the plans see it: [`fluence::ports::Network`].

use std::time::Duration;

use fluence::call::{Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::{Network, NetworkError, PeerName};
use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;

use crate::peer::{Command, Peer};
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
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>> {
        let peer = self.clone();
        async move { Peer::announce(&peer, names).await }.boxed_local()
    }

    fn withdraw(&self, names: Vec<FunctionName>) {
        let mut left = names.into_iter();
        while let Some(name) = left.next() {
            if let Err(command) = self.try_command(Command::Withdraw(name)) {
                // The queue is full, or the peer has ended: the rest waits for its turn in the background.
                let peer = self.clone();
                let rest: Vec<FunctionName> = left.collect();
                runtime::spawn(async move {
                    let _ = peer.command(command).await;
                    for name in rest {
                        let _ = peer.command(Command::Withdraw(name)).await;
                    }
                });
                return;
            }
        }
    }
}
