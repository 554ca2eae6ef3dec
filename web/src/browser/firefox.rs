//! Firefox, where the worker is a background page, which can start workers and make blob URLs
//! itself.

use std::cell::RefCell;

use js_sys::Array;
use web_sys::{Blob, MessagePort, Url, Worker, WorkerOptions, WorkerType};

use crate::browser::FILES;
use crate::js::{Outcome, message_of};

/// The script of the file worker.
const WORKER: &str = "files.js";

thread_local! {
    static STARTED: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static MADE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Starts the file worker, unless it is already running.
///
/// # Errors
/// Fails with the browser's message if it cannot start the worker.
pub fn open() -> Outcome<()> {
    STARTED.with_borrow_mut(|started| {
        if started.is_none() {
            let options = WorkerOptions::new();
            options.set_type(WorkerType::Module);
            let worker = Worker::new_with_options(WORKER, &options);
            *started = Some(worker.map_err(|why| message_of(&why))?);
        }
        Ok(())
    })
}

/// Hands a port to the file worker. Returns `false` if the worker was not started.
///
/// # Errors
/// Fails with the browser's message if the port cannot be transferred.
pub fn hand_to_files(port: &MessagePort) -> Outcome<bool> {
    STARTED.with_borrow(|started| match started {
        Some(worker) => worker
            .post_message_with_transfer(&FILES.into(), &Array::of1(port).into())
            .map(|()| true)
            .map_err(|why| message_of(&why)),
        None => Ok(false),
    })
}

/// Makes a blob URL, which is valid until [`close`].
///
/// # Errors
/// Fails with the browser's message if it cannot make the URL.
pub fn url_of_blob(blob: &Blob) -> Outcome<String> {
    let url = Url::create_object_url_with_blob(blob).map_err(|why| message_of(&why))?;
    MADE.with_borrow_mut(|made| made.push(url.clone()));
    Ok(url)
}

/// Ends the file worker and revokes the blob URLs.
pub fn close() {
    if let Some(worker) = STARTED.take() {
        worker.terminate();
    }
    for url in MADE.take() {
        // This cannot fail, because the URL was made here.
        let _ = Url::revoke_object_url(&url);
    }
}
