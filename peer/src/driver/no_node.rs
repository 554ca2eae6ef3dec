//! A browser cannot listen, so no node runs there, and the programs of the extension do not carry its code.

use fluence::state::NetworkStatus;
use libp2p::Multiaddr;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::Swarm;
use tokio::sync::oneshot;

use crate::behaviour::Behaviour;
use crate::guests::Guests;

/// A node, of which there is none.
pub(super) enum Node {}

impl Node {
    pub(super) fn guests(&self) -> Option<&Guests> {
        match *self {}
    }

    pub(super) fn listens(&mut self, _: &mut Swarm<Behaviour>, _: ListenerId, _: Multiaddr) {
        match *self {}
    }

    pub(super) fn listener_closed(
        &mut self,
        _: &Swarm<Behaviour>,
        _: ListenerId,
        _: &Result<(), std::io::Error>,
    ) {
        match *self {}
    }

    pub(super) fn tell_listeners(
        &mut self,
        _: &Swarm<Behaviour>,
        _: oneshot::Sender<Vec<Multiaddr>>,
    ) {
        match *self {}
    }

    pub(super) fn status(&self, _: &Swarm<Behaviour>) -> NetworkStatus {
        match *self {}
    }
}
