//! The browser APIs that the programs of the extension (the worker, the file worker and the popup)
//! use: JavaScript values, messages and ports, streams, hashes, and the extension API.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod browser;
pub mod bytes;
pub mod crypto;
pub mod database;
pub mod extension;
pub mod garbage;
pub mod handle;
pub mod hash;
pub mod http;
pub mod js;
pub mod message;
pub mod picture;
pub mod port;
pub mod time;
