//! Where browsers differ: one interface, and a file for each kind of browser. Which one this is, is told by what the
//! browser has, not by its name.

use web_sys::{Blob, MessagePort};

use crate::js::Outcome;

mod chrome;
mod firefox;

/// What a port for the file worker comes with.
const FILES: &str = "files";

/// Makes ready what makes blob URLs and runs the file worker; what is ready stays so.
///
/// # Errors
/// The browser opens no page, or starts no worker.
pub async fn open_offscreen() -> Outcome<()> {
    if chrome::is_this() {
        chrome::open().await
    } else {
        firefox::open()
    }
}

/// Hands a port to the file worker; false where it is not ready yet, or not any more.
///
/// # Errors
/// The port cannot be transferred.
pub async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
    if chrome::is_this() {
        chrome::hand_to_files(port).await
    } else {
        firefox::hand_to_files(port)
    }
}

/// A blob URL that is made in place; `None` where the offscreen page has to be asked for it.
///
/// # Errors
/// The browser makes none.
pub fn url_in_place(blob: &Blob) -> Outcome<Option<String>> {
    if chrome::is_this() {
        Ok(None)
    } else {
        firefox::url_of_blob(blob).map(Some)
    }
}

/// Ends the file worker; the blob URLs go with it.
pub async fn close_offscreen_page() {
    if chrome::is_this() {
        chrome::close().await;
    } else {
        firefox::close();
    }
}
