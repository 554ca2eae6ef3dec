//! The extension's worker: the adaptors to the browser, and the code that connects them to the
//! engine.
//!
//! `static/background.js` registers the listeners, starts this program and passes every event to
//! [`deliver`]. The engine is that of [`fluence::plan`], on a [`platform::Browser`].
//!
//! `manifest.json` keeps the extension out of private windows (`"incognito": "not_allowed"`): everything that it does is
//! written down, including files, hashes and where they came from, and a private window must leave no trace. Its `key`
//! fixes the id of the extension, by which an IPFS node can list its origin.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

pub mod acquire;
pub mod badge;
pub mod beginnings;
pub mod cipher;
pub mod codec;
pub mod database;
pub mod disk;
pub mod faces;
pub mod file_names;
pub mod handover;
pub mod http;
pub mod identity;
pub mod journal;
pub mod memory;
pub mod network;
pub mod nodes;
pub mod notices;
pub mod offscreen;
pub mod omnibox;
pub mod outcomes;
pub mod own_ipfs;
pub mod pages;
pub mod platform;
pub mod rest;
pub mod save;
pub mod saving;
pub mod sharing;
pub mod source;
pub mod store;
pub mod thumbnail;
pub mod worker;

use web::extension::runtime;
use worker::Worker;

thread_local! {
    static WORKER: OnceCell<Rc<Worker>> = const { OnceCell::new() };
}

/// Starts the worker, and returns when events can be delivered to it. `clicks` are the names of those clicks that an earlier
/// worker left, and that are delivered next.
///
/// # Errors
/// Fails with the message of a [`worker::StartError`] if the worker cannot start.
#[wasm_bindgen]
pub async fn start(clicks: Vec<String>) -> Result<(), JsError> {
    std::panic::set_hook(Box::new(|panic| runtime::crashed(&panic.to_string())));
    let worker = Worker::start(clicks)
        .await
        .map_err(|why| JsError::new(&why.to_string()))?;
    WORKER.with(|cell| {
        // This cannot fail, because `static/background.js` calls `start` only once.
        let _ = cell.set(worker);
    });
    Ok(())
}

/// Delivers an event of the browser. `kind` is its name in `static/background.js`, and `details`
/// are the arguments of its listener.
#[wasm_bindgen]
pub fn deliver(kind: &str, details: &Array) {
    WORKER.with(|cell| {
        if let Some(worker) = cell.get() {
            worker.event(kind, details);
        }
    });
}
