//! The extension API, in one file for each part of it.
//!
//! `api` is set by the script that loads the program (`static/background.js`, `static/popup.js`):
//! it is `browser` if that exists, or else `chrome`. Both return promises. What browsers do
//! differently is in [`crate::browser`].

pub mod commands;
pub mod downloads;
pub mod omnibox;
pub mod pages;
pub mod runtime;
pub mod storage;
pub mod toolbar;
