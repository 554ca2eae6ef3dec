//! The extension API, in one file for each part of it.
//!
//! `api` is what the script that loads the program found (`static/background.js`, `static/popup.js`): `browser` where
//! there is one, or else `chrome`. Both return promises. What browsers do differently is in [`crate::browser`].

pub mod downloads;
pub mod pages;
pub mod runtime;
pub mod storage;
pub mod toolbar;
