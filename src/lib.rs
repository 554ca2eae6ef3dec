//! What Fluence Share is, the same in a browser and natively, and touching neither.
//!
//! *Everything is a function call*: a file `F` is the function `IPFS_F`, the place to put a file
//! is the function `IPFS_multiaddr`. This crate has the names and the calls ([`names`], [`call`]),
//! files as DAGs of verified blocks ([`content`]), what providers and consumers do
//! ([`plan`], behind the traits of [`ports`]), and the one [`state`] that a face shows.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod admission;
pub mod call;
pub mod cars;
pub mod command;
pub mod content;
pub mod failure;
pub mod journal;
pub mod names;
pub mod plan;
pub mod ports;
pub mod state;
pub mod storage;
pub mod text;

/// The longest digest that a CID may have, in bytes: Kubo's limit for identity CIDs, which have the whole block in them.
pub const MAX_DIGEST: usize = 128;
/// The name of a block.
pub type Cid = cid::CidGeneric<MAX_DIGEST>;
