//! Proof that a function can be found and reached: a stranger tries.

use std::time::Duration;

use fluence::call::{ErrorCode, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence::state::NetworkStatus;
use futures::future::{Either, select};
use futures::{StreamExt, stream};
use futures_timer::Delay;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use serde_json::json;
use web_time::Instant;

use crate::config::Config;
use crate::peer::{Command, Peer};

/// How long an announcement may last, and more for each name of a large one.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_PER_NAME: Duration = Duration::from_millis(50);
/// How long the probing call may take.
const PROBE: Duration = Duration::from_secs(15);
/// Names that are stored, or looked up, at the same time; kad drops what is over 32 streams of a connection.
const PARALLEL: usize = 16;
/// How often a name is looked up: nodes do not say when a record is stored, so the first look may come too early.
const LOOKS: u32 = 4;
/// The wait before the second look; it doubles.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// See [`Peer::announce`].
pub(crate) async fn announce(
    peer: &Peer,
    mut names: Vec<FunctionName>,
) -> Result<Vec<FunctionName>, NetworkError> {
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(names);
    }
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let patience = PATIENCE.saturating_add(PATIENCE_PER_NAME.saturating_mul(count));
    let until = Instant::now() + patience.min(crate::peer::MAX_DEADLINE);

    peer.online().await?;
    let store = stream::iter(&names).for_each_concurrent(PARALLEL, |name| async move {
        // Whether it was stored is seen by the stranger.
        let _ = peer.provide(name.clone()).await;
    });
    if by(until, store).await.is_none() {
        return Ok(names);
    }

    let stranger = Peer::start_visitor(Config::client(
        Keypair::generate_ed25519(),
        addresses(peer).await,
    ))
    .map_err(|_| NetworkError::Offline)?;
    let unconfirmed = confirm(&stranger, peer.id(), &names, until).await;
    drop(stranger);
    if !unconfirmed.is_empty() {
        peer.command(Command::NotFound(unconfirmed.clone())).await?;
    }
    Ok(unconfirmed)
}

/// Where the stranger goes: to this peer's node, or, if it is one, to this peer.
async fn addresses(peer: &Peer) -> Vec<Multiaddr> {
    if peer.is_node() {
        return peer.listeners().await;
    }
    match peer.status() {
        NetworkStatus::Online { node } | NetworkStatus::Connecting { node } => {
            node.parse().into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The names that the stranger could not confirm by the deadline.
async fn confirm(
    stranger: &Peer,
    provider: PeerId,
    names: &[FunctionName],
    until: Instant,
) -> Vec<FunctionName> {
    if by(until, stranger.online()).await != Some(Ok(())) {
        return names.to_vec();
    }
    let mut found: Vec<FunctionName> = Vec::new();
    let mut looks = stream::iter(names)
        .map(|name| async move { look_up(stranger, provider, name).await.then_some(name) })
        .buffer_unordered(PARALLEL);
    while let Some(Some(name)) = by(until, looks.next()).await {
        found.extend(name.cloned());
    }
    let Some(probed) = found.first().cloned() else {
        return names.to_vec();
    };
    let request = Request::new(probed.clone(), &json!({"probe": true}));
    let left = until.saturating_duration_since(Instant::now()).min(PROBE);
    match stranger.call(provider, request, left).await {
        Ok(Reply::Error(error)) if error.code == ErrorCode::NoSuchFunction => {
            // It is reached, and does not know this one.
            found.retain(|name| *name != probed);
        }
        // Whatever it answers, it can be reached.
        Ok(_) => {}
        Err(_) => found.clear(),
    }
    found.sort();
    names
        .iter()
        .filter(|name| found.binary_search(name).is_err())
        .cloned()
        .collect()
}

/// Whether the provider is found under the name.
async fn look_up(stranger: &Peer, provider: PeerId, name: &FunctionName) -> bool {
    for look in 0..LOOKS {
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

/// What a future gives, if it gives it in time.
async fn by<T>(until: Instant, work: impl Future<Output = T>) -> Option<T> {
    let left = until.saturating_duration_since(Instant::now());
    match select(std::pin::pin!(work), Delay::new(left)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
