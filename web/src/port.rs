//! Ports of `runtime.connect`, and the programs at their other ends.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::extension::{own_id, url_of};
use crate::js::member;

#[wasm_bindgen]
extern "C" {
    /// A port of `runtime.connect`, from a page of this extension or from the function that was run in a page.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone)]
    pub type Port;
    /// Sends a message. It fails where the other side is gone, or the message cannot be sent.
    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn post(this: &Port, message: &JsValue) -> Result<(), JsValue>;
    /// Closes the connection, of which the other side is told.
    #[wasm_bindgen(method)]
    pub fn disconnect(this: &Port);
    /// The name that the connecting side gave it.
    #[wasm_bindgen(method, getter)]
    pub fn name(this: &Port) -> String;
    #[wasm_bindgen(method, getter)]
    fn sender(this: &Port) -> JsValue;
}

/// The kind of program at the other end of a port.
#[derive(Debug, PartialEq, Eq)]
pub enum Sender {
    /// A page of this extension: popup, tab, options.
    OwnPage,
    /// The function of this extension in a page that is open in the tab with this number.
    InPage(i32),
    /// Any other program.
    Stranger,
}

/// The kind of program at the other end of a port, by what the browser says of it and not by what it sends.
pub fn sender_of(port: &Port) -> Sender {
    let sender = port.sender();
    if member(&sender, "id").as_string() != Some(own_id()) {
        return Sender::Stranger;
    }
    let own_page = |url: String| url.starts_with(&url_of(""));
    if member(&sender, "url").as_string().is_some_and(own_page) {
        return Sender::OwnPage;
    }
    match member(&member(&sender, "tab"), "id").as_f64() {
        Some(tab) => Sender::InPage(tab as i32),
        None => Sender::Stranger,
    }
}
