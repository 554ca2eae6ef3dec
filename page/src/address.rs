//! What the address of the page names, and the key in it.
//!
//! The address is what a browser suggests when somebody types, restores with a tab, hands on when it is copied, and shows to
//! whoever looks at the screen. So the key of a private share is taken out of it as soon as it is read. What a browser writes
//! down before any page can run, it keeps: Chromium's history has the address as it was opened, and nothing that a page does
//! takes it out of there. The key is kept in the session storage of this tab, where the page finds it when the person reloads
//! it or comes back to it, and which ends with the tab. (`history.state` would be kept with each entry of the tab instead.) An
//! address without its key says that it had one.

use fluence::names::canonical;
use fluence::web_link::WebLink;
use web_sys::Storage;

use crate::text::Trouble;
use crate::view::{fragment, window};

/// What precedes the CID in the name of a key in the storage of the tab.
const STORED: &str = "key ";

/// What the address names. If there is a key in it, it is taken out of it.
pub fn link() -> Result<WebLink, Trouble> {
    let mut link = WebLink::parse(&fragment())?;
    let name = format!("{STORED}{}", canonical(&link.cid));
    match &link.key {
        Some(key) => {
            if let Some(storage) = storage() {
                // Where nothing can be stored, the link has to be opened again after a reload.
                let _ = storage.set_item(&name, &key.text());
            }
            hide(&link);
        }
        None if link.private => {
            let stored = storage().and_then(|storage| storage.get_item(&name).ok().flatten());
            let key = stored.and_then(|key| key.parse().ok());
            link.key = Some(key.ok_or_else(Trouble::key_gone)?);
        }
        None => {}
    }
    Ok(link)
}

/// The storage of this tab, unless the browser does not let pages store anything.
fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Replaces the address by one without the key.
fn hide(link: &WebLink) {
    let Ok(history) = window().history() else {
        return;
    };
    let address = link.without_key();
    let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
}
