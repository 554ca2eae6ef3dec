//! Where browsers differ: one interface, and a file for each kind of browser. The kind is told by what the browser has
//! and not by its name.

use web_sys::{Blob, MessagePort};

use crate::js::Outcome;

mod chrome;
mod firefox;

/// The message with which a port for the file worker is sent.
const FILES: &str = "files";

/// Makes sure that blob URLs can be made and that the file worker runs.
///
/// # Errors
/// The message of the browser, where it opens no page or starts no worker.
pub async fn open_offscreen() -> Outcome<()> {
    if chrome::is_this() {
        chrome::open().await
    } else {
        firefox::open()
    }
}

/// Hands a port to the file worker; `false` where it is not ready yet, or not any more.
///
/// # Errors
/// The message of the browser, where the port cannot be transferred.
pub async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
    if chrome::is_this() {
        chrome::hand_to_files(port).await
    } else {
        firefox::hand_to_files(port)
    }
}

/// A blob URL that is made here; `None` where the offscreen page has to be asked for it.
///
/// # Errors
/// The message of the browser, where it makes none.
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
