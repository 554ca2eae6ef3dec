//! A Kubo daemon behind a node.
//!
//! The node's own storage stays in front. It checks uploads, and it lets readers wait for blocks
//! that are still on their way, which Kubo alone does not do after a `dag/import`. A complete DAG
//! is copied to Kubo, pinned there for as long as its token is valid, and unpinned afterwards. The
//! node's own copy may then be evicted when room is needed, and its blocks are read from Kubo. Neither
//! Kubo's RPC nor its gateway is exposed to the network.

mod blocks;
mod client;
#[cfg(test)]
mod fake;
mod keeper;
mod wake;

pub use blocks::{BehindStorage, Blocks};
pub use client::{Kubo, KuboError};
pub use keeper::Keeper;
pub use wake::waking;
