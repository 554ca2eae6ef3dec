//! The extension itself: its id, its version and its addresses, how it is restarted, and the alarm
//! that wakes it.

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;

use crate::js::{Outcome, message_of, object, outcome, text, warn_on_error};

#[wasm_bindgen]
extern "C" {
    /// Writes a panic to the console, and restarts the extension unless it was restarted a short
    /// while ago. This is a function of `static/background.js`.
    #[wasm_bindgen(js_name = crashed)]
    pub fn crashed(message: &str);

    #[wasm_bindgen(thread_local_v2, js_namespace = ["api", "runtime"], js_name = id)]
    static ID: JsString;
    /// The address of a file of the extension, given its path.
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = getURL)]
    pub fn url_of(path: &str) -> String;
    /// Restarts the extension.
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = reload)]
    pub fn reload();
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = getManifest, catch)]
    fn manifest() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = openOptionsPage, catch)]
    fn open_options_page() -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "alarms"], js_name = create, catch)]
    fn create_alarm(name: &str, details: &JsValue) -> Result<JsValue, JsValue>;
}

/// The id of this extension.
pub fn own_id() -> String {
    ID.with(|id| String::from(id.clone()))
}

/// The origin of this extension's pages and worker.
pub fn own_origin() -> String {
    url_of("").trim_end_matches('/').to_owned()
}

/// The version in the extension's manifest; empty if the extension was unloaded.
pub fn version() -> String {
    manifest()
        .ok()
        .and_then(|manifest| text(&manifest, "version"))
        .unwrap_or_default()
}

/// Opens the options page. The browser is called at once, not when the future is first polled.
///
/// # Errors
/// Fails with the browser's message.
pub fn open_options() -> impl Future<Output = Outcome<JsValue>> {
    outcome(open_options_page())
}

/// Wakes the worker twice a minute, which is as often as the browser allows.
pub fn wake_regularly(name: &str) {
    let period = object([("periodInMinutes", JsValue::from_f64(0.5))]);
    let created = create_alarm(name, &period).map_err(|why| message_of(&why));
    warn_on_error("the alarm was not set", created);
}
