//! What the worker asks of the browser. The popup shares its values and messages.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod browser;
pub mod bytes;
pub mod extension;
pub mod hash;
pub mod js;
pub mod message;
pub mod port;
pub mod time;
