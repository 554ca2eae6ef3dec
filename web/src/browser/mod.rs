//! The differences between browsers: one interface, and a file for each kind of browser. The kind
//! is detected by the APIs that the browser has, and not by its name.

use web_sys::{Blob, MessagePort};

use crate::js::Outcome;

mod chrome;
mod firefox;

/// The message that accompanies a port for the file worker.
const FILES: &str = "files";

/// Makes sure that blob URLs can be made and that the file worker runs.
///
/// # Errors
/// Fails with the browser's message if it cannot open the page or start the worker.
pub async fn open_offscreen() -> Outcome<()> {
    if chrome::is_this() {
        chrome::open().await
    } else {
        firefox::open()
    }
}

/// Hands a port to the file worker. Returns `false` if the worker is not ready yet, or no longer
/// runs.
///
/// # Errors
/// Fails with the browser's message if the port cannot be transferred.
pub async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
    if chrome::is_this() {
        chrome::hand_to_files(port).await
    } else {
        firefox::hand_to_files(port)
    }
}

/// Makes a blob URL in this program. Returns `None` in a browser where the offscreen page has to
/// make it.
///
/// # Errors
/// Fails with the browser's message if it cannot make the URL.
pub fn url_in_place(blob: &Blob) -> Outcome<Option<String>> {
    if chrome::is_this() {
        Ok(None)
    } else {
        firefox::url_of_blob(blob).map(Some)
    }
}

/// Ends the file worker, and revokes the blob URLs.
pub async fn close_offscreen_page() {
    if chrome::is_this() {
        chrome::close().await;
    } else {
        firefox::close();
    }
}
