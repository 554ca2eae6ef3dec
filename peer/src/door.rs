//! Connections that are being made to this peer. Until a connection is encrypted, nobody knows who
//! is at its other end, so there is little that it may cost.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::{FutureExt, TryFutureExt};
use libp2p::Multiaddr;
use libp2p::PeerId;
use libp2p::core::Transport;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};

use crate::block::Block;
use crate::guests::Guests;

/// How many incoming connections may be half-open, that is, not yet encrypted and multiplexed.
const HALF_OPEN: usize = 256;

type Output = (PeerId, StreamMuxerBox);
type Upgrade = BoxFuture<'static, std::io::Result<Output>>;

/// A transport with a limited number of half-open incoming connections.
///
/// When there are too many, the oldest of the address block that has the most is ended. So somebody
/// who opens connections and says nothing loses their own, and an honest newcomer, who is done
/// within a few round trips, still gets in.
pub(crate) struct Door {
    inner: Boxed<Output>,
    guests: Guests,
    half_open: HalfOpen,
}

/// The half-open connections, the oldest first, by the block that they come from.
#[derive(Default)]
struct HalfOpen {
    /// Each has a token that is shared with its future, and so tells when that has ended.
    blocks: HashMap<Option<Block>, VecDeque<(Arc<()>, AbortHandle)>>,
    total: usize,
}

impl HalfOpen {
    /// Adds a connection, and ends another one if there are too many. Returns the block of the one
    /// that was ended.
    fn add(
        &mut self,
        block: Option<Block>,
        alive: Arc<()>,
        abort: AbortHandle,
    ) -> Option<Option<Block>> {
        let waiting = self.blocks.entry(block).or_default();
        waiting.push_back((alive, abort));
        self.total += 1;
        if self.total <= HALF_OPEN {
            return None;
        }
        // Those that have ended in the meantime are counted until now.
        self.blocks.retain(|_, waiting| {
            waiting.retain(|(alive, _)| Arc::strong_count(alive) > 1);
            !waiting.is_empty()
        });
        self.total = self.blocks.values().map(VecDeque::len).sum();
        if self.total <= HALF_OPEN {
            return None;
        }
        let (block, most) = self
            .blocks
            .iter_mut()
            .max_by_key(|(_, waiting)| waiting.len())?;
        let (_, oldest) = most.pop_front()?;
        oldest.abort();
        self.total -= 1;
        Some(*block)
    }
}

impl Door {
    pub(crate) fn new(inner: Boxed<Output>, guests: Guests) -> Self {
        Self {
            inner,
            guests,
            half_open: HalfOpen::default(),
        }
    }
}

impl Transport for Door {
    type Output = Output;
    type Error = std::io::Error;
    type ListenerUpgrade = Upgrade;
    type Dial = <Boxed<Output> as Transport>::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<Self::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        let event = ready!(Pin::new(&mut self.inner).poll(cx));
        let event = match event {
            TransportEvent::Incoming {
                listener_id,
                upgrade,
                local_addr,
                send_back_addr,
            } => {
                let block = self.guests.block_of(&send_back_addr);
                let (abort, registration) = AbortHandle::new_pair();
                let alive = Arc::new(());
                let ended = self.half_open.add(block, alive.clone(), abort);
                if let Some(block) = ended {
                    self.guests
                        .blame(block, "opens connections and does not go on with them");
                }
                let upgrade = Abortable::new(upgrade, registration)
                    .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
                    .inspect(move |_| drop(alive))
                    .boxed();
                TransportEvent::Incoming {
                    listener_id,
                    upgrade,
                    local_addr,
                    send_back_addr,
                }
            }
            event => event,
        };
        Poll::Ready(event)
    }
}
