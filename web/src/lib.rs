//! What the extension's programs ask of the browser, written once for the worker, the file worker and the popup.
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
