//! Proves that functions can be found and called: a stranger, which is a second peer with a fresh
//! identity, tries it.

use std::collections::HashSet;
use std::time::Duration;

use fluence::call::{ErrorCode, HoldsArgs, HoldsOk, MAX_HELD, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use futures::future::{Either, select};
use futures::{StreamExt, stream};
use futures_timer::Delay;
use libp2p::PeerId;
use serde_json::json;
use web_time::Instant;

use crate::command::Command;
use crate::limits::MAX_DEADLINE;
use crate::peer::Peer;

/// How long an announcement may last, apart from [`TIMEOUT_PER_NAME`].
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much longer it may last for each name.
const TIMEOUT_PER_NAME: Duration = Duration::from_millis(50);
/// How long the probing call may take.
const PROBE: Duration = Duration::from_secs(15);
/// Names that are stored, or looked up, at the same time. Kad drops requests beyond 32 streams of one connection.
const PARALLEL: usize = 16;
/// How many times a name is looked up. Nodes do not acknowledge that a record is stored, so the
/// first look-up may come too early.
const LOOKS: u32 = 4;
/// How many of the names of an announcement are looked up in any case. Nodes are asked about the others together, because
/// a look-up of each would take seconds for thousands of names.
const LOOKED_UP: usize = 32;
/// How long a node may take to say which records it holds.
const HOLDS: Duration = Duration::from_secs(10);
/// The wait before the second look-up of a name; it doubles with each further look-up.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Peer {
    /// Provides functions, and proves that they can be found and called: a stranger, which is a
    /// second peer with a fresh identity, looks up each name, or asks its nodes about many of them
    /// together, and calls one of them at this peer,
    /// through the relay, with `{"probe": true}`. That call arrives at [`crate::Calls`] while this
    /// runs, and must be answered. Returns the names that could not be confirmed.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has no connection to the network and is not making one, or has ended.
    pub async fn announce(
        &self,
        names: Vec<FunctionName>,
    ) -> Result<Vec<FunctionName>, NetworkError> {
        let _permit = self.announcement().await?;
        announce(self, names, false).await
    }

    /// Like [`Peer::announce`], for functions that an earlier run of this peer announced. Nodes most likely have their
    /// records still: those that the stranger finds are stored again later, so that this takes a third of the time.
    ///
    /// # Errors
    /// Like [`Peer::announce`].
    pub async fn announce_again(
        &self,
        names: Vec<FunctionName>,
    ) -> Result<Vec<FunctionName>, NetworkError> {
        let _permit = self.announcement().await?;
        announce(self, names, true).await
    }
}

async fn announce(
    peer: &Peer,
    mut names: Vec<FunctionName>,
    again: bool,
) -> Result<Vec<FunctionName>, NetworkError> {
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(names);
    }
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let timeout = TIMEOUT.saturating_add(TIMEOUT_PER_NAME.saturating_mul(count));
    let until = Instant::now() + timeout.min(MAX_DEADLINE);

    peer.online().await?;
    if !peer.status().is_online() {
        return Err(NetworkError::Offline);
    }
    // It connects while the records are stored.
    let stranger = peer
        .start_visitor(peer.entry_points().await)
        .map_err(|_| NetworkError::Offline)?;
    let stranger = Stranger {
        peer: stranger,
        provider: peer.id(),
        until,
    };
    let mut found = Vec::new();
    if again {
        found = stranger.find(&names, 1).await;
        peer.command(Command::Keep(found.clone())).await?;
    }
    let others = missing(&names, &found);
    let store = stream::iter(&others).for_each_concurrent(PARALLEL, |name| async move {
        // The stranger will see whether the record was stored.
        let _ = peer.provide(name.clone()).await;
    });
    if by(until, store).await.is_none() {
        return Ok(names);
    }
    found.extend(stranger.find(&others, LOOKS).await);
    let unconfirmed = missing(&names, &stranger.probe(found).await);
    if !unconfirmed.is_empty() {
        peer.command(Command::NotFound(unconfirmed.clone())).await?;
    }
    Ok(unconfirmed)
}

/// The names that are not among those that were found.
fn missing(names: &[FunctionName], found: &[FunctionName]) -> Vec<FunctionName> {
    let found: HashSet<&FunctionName> = found.iter().collect();
    let names = names.iter().filter(|name| !found.contains(name));
    names.cloned().collect()
}

/// A second peer, which has some time to find and call what the provider announces.
struct Stranger {
    peer: Peer,
    provider: PeerId,
    until: Instant,
}

impl Stranger {
    /// The names under which it finds the provider, each of which it looks up so many times.
    async fn find(&self, names: &[FunctionName], looks: u32) -> Vec<FunctionName> {
        let mut found = Vec::new();
        if names.is_empty() || by(self.until, self.peer.online()).await != Some(Ok(())) {
            return found;
        }
        let (looked_up, others) = names.split_at(names.len().min(LOOKED_UP));
        found = by(self.until, self.held(others)).await.unwrap_or_default();
        let mut looked_up = looked_up.to_vec();
        looked_up.extend(missing(others, &found));
        let mut looks = stream::iter(&looked_up)
            .map(|name| async move {
                let is_found = look_up(&self.peer, self.provider, name, looks).await;
                is_found.then_some(name)
            })
            .buffer_unordered(PARALLEL);
        while let Some(Some(name)) = by(self.until, looks.next()).await {
            found.extend(name.cloned());
        }
        found
    }

    /// Those of the names under which its nodes say that they have records of the provider.
    async fn held(&self, names: &[FunctionName]) -> Vec<FunctionName> {
        let mut held = Vec::new();
        if names.is_empty() {
            return held;
        }
        for node in self.peer.nodes().await {
            for some in missing(names, &held).chunks(MAX_HELD) {
                let args = HoldsArgs::new(self.provider.to_string(), some);
                let request = Request::new(FunctionName::holds(), &args);
                let reply = self.peer.call(node, request, HOLDS).await;
                // A node of another make may not know the function. What it does not answer is looked up.
                let Ok(Ok(answer)) = reply.map(Reply::into_result::<HoldsOk>) else {
                    break;
                };
                let names = some.iter().zip(answer.held);
                held.extend(
                    names
                        .filter(|(_, is_held)| *is_held)
                        .map(|(name, _)| name.clone()),
                );
            }
        }
        held
    }

    /// Those of the names that it found under which it can call the provider; it calls one of them.
    async fn probe(&self, mut found: Vec<FunctionName>) -> Vec<FunctionName> {
        let Some(probed) = found.first().cloned() else {
            return found;
        };
        let request = Request::new(probed.clone(), &json!({"probe": true}));
        let left = self
            .until
            .saturating_duration_since(Instant::now())
            .min(PROBE);
        match self.peer.call(self.provider, request, left).await {
            Ok(Reply::Error(error)) if error.code == ErrorCode::NoSuchFunction => {
                // The peer was reached but does not know this function.
                found.retain(|name| *name != probed);
            }
            // Any other answer proves that the peer can be reached.
            Ok(_) => {}
            Err(_) => found.clear(),
        }
        found
    }
}

/// Whether a look-up of the name finds the provider.
async fn look_up(stranger: &Peer, provider: PeerId, name: &FunctionName, looks: u32) -> bool {
    for look in 0..looks {
        if look > 0 {
            Delay::new(BETWEEN_LOOKS * (1 << (look - 1))).await;
        }
        let found = stranger.look_up(name.clone(), Some(provider));
        if found.any(async |found| found == provider).await {
            return true;
        }
    }
    false
}

/// The result of `work`, or `None` if it was not done by the time `until`.
async fn by<T>(until: Instant, work: impl Future<Output = T>) -> Option<T> {
    let left = until.saturating_duration_since(Instant::now());
    match select(std::pin::pin!(work), Delay::new(left)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
