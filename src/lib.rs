//! The part of Fluence Share that is the same in a browser and natively, and depends on neither.
//!
//! *Everything is a function call*: a file `F` is the function `IPFS_F`, and the place where a file is put is the
//! function `IPFS_multiaddr`. This crate has the names and the calls ([`names`], [`call`]), files as DAGs of verified
//! blocks ([`content`]), the plans of providers and consumers ([`plan`], behind the traits of [`ports`]), the one
//! [`state`] that a face shows, and the [`journal`] that it is read from.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod admission;
pub mod call;
pub mod cars;
pub mod command;
pub mod content;
pub mod disposition;
pub mod failure;
pub mod history;
pub mod identity_file;
pub mod journal;
pub mod kind;
pub mod live;
pub mod names;
pub mod node_list;
pub mod plan;
pub mod ports;
pub mod private;
pub mod report;
pub mod routing;
pub mod settings_file;
pub mod state;
pub mod storage;
pub mod text;
pub mod web_link;

/// The longest digest of a CID, in bytes. This is Kubo's limit for identity CIDs, which hold the whole block.
pub const MAX_DIGEST: usize = 128;
/// The CID of a block.
pub type Cid = cid::CidGeneric<MAX_DIGEST>;
