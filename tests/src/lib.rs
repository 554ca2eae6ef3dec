//! A stage for what people do: a real node, a page of real files, and Chromium with the extension, driven through its
//! face, with a real mouse where that matters. The end-to-end tests play on it, and so do `cargo xtask demo` and
//! `cargo xtask start`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod artifacts;
pub mod browser;
pub mod command_line;
pub mod disk;
pub mod display;
pub mod face;
pub mod files;
pub mod kubo;
pub mod node;
pub mod process;
pub mod scene;
pub mod site;
pub mod stranger;
