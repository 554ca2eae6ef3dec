//! The set-up for end-to-end tests: a real node, a web page of real files, and Chromium with the
//! extension, driven through its popup, with a real mouse where that matters. `cargo xtask demo`
//! and `cargo xtask start` use it too.
//!
//! # Errors
//!
//! Functions here fail with an [`anyhow::Error`] that says what did not happen, or not in time, for
//! a test to report.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod artifacts;
pub mod axe;
pub mod browser;
pub mod command_line;
pub mod disk;
pub mod display;
pub mod face;
pub mod files;
mod firefox;
pub mod gallery;
pub mod kubo;
pub mod languages;
pub mod line;
pub mod node;
pub mod others;
pub mod pictures;
pub mod process;
pub mod scene;
pub mod site;
pub mod stranger;
pub mod tour;
pub mod tree;
