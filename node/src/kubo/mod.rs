//! A Kubo daemon behind a node.
//!
//! The node's own storage stays in front: there uploads are checked, there readers wait for blocks on their way, which
//! Kubo alone does not let them do after a `dag/import`. A DAG that is whole goes on to Kubo, is pinned there for its
//! token's time and unpinned after it; the node's copy may then go when room is needed, and reads are passed on to
//! Kubo's gateway. Kubo's RPC is never shown to the network.

mod client;
#[cfg(test)]
mod fake;
mod keeper;
mod proxy;

pub use client::{Kubo, KuboError};
pub use keeper::Keeper;
pub use proxy::front;
