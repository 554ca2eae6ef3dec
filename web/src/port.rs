//! Ports of `runtime.connect`, and the programs at their other ends.

use js_sys::{Function, Object};
use wasm_bindgen::prelude::*;

use crate::extension::runtime::{own_id, url_of};
use crate::js::{Outcome, member, message_of, object};

#[wasm_bindgen]
extern "C" {
    /// A port of `runtime.connect`, from a page of this extension or from the function that was run in a page.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone)]
    pub type Port;
    /// Sends a message. It fails if the other end is gone, or if the message cannot be sent.
    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn post(this: &Port, message: &JsValue) -> Result<(), JsValue>;
    /// Closes the connection; the other end is notified.
    #[wasm_bindgen(method)]
    pub fn disconnect(this: &Port);
    /// The name that the connecting end gave the port.
    #[wasm_bindgen(method, getter)]
    pub fn name(this: &Port) -> String;
    #[wasm_bindgen(method, getter)]
    fn sender(this: &Port) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = onMessage)]
    fn on_message(this: &Port) -> Event;
    #[wasm_bindgen(method, getter, js_name = onDisconnect)]
    fn on_disconnect(this: &Port) -> Event;

    type Event;
    #[wasm_bindgen(method, js_name = addListener)]
    fn add_listener(this: &Event, listener: &Function);

    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = connect, catch)]
    fn connect(info: &JsValue) -> Result<Port, JsValue>;
}

/// A page's connection to the worker, which is closed when this is dropped.
pub struct Connection {
    port: Port,
    _on_message: Closure<dyn FnMut(JsValue)>,
    _on_end: Closure<dyn FnMut()>,
}

impl Connection {
    /// Connects under a name; the browser starts the worker if it is not running. `on_message` is
    /// called with each message of the worker, and `on_end` when the worker has ended, and the
    /// connection with it.
    ///
    /// # Errors
    /// Fails with the browser's message if the extension itself was unloaded.
    pub fn open(
        name: &str,
        on_message: impl FnMut(JsValue) + 'static,
        on_end: impl FnMut() + 'static,
    ) -> Outcome<Self> {
        let port = connect(&object([("name", name.into())])).map_err(|why| message_of(&why))?;
        let on_message = Closure::<dyn FnMut(JsValue)>::new(on_message);
        let on_end = Closure::<dyn FnMut()>::new(on_end);
        port.on_message()
            .add_listener(on_message.as_ref().unchecked_ref());
        port.on_disconnect()
            .add_listener(on_end.as_ref().unchecked_ref());
        Ok(Self {
            port,
            _on_message: on_message,
            _on_end: on_end,
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Fails with the browser's exception if the worker has ended; the message was not sent.
    pub fn post(&self, message: &JsValue) -> Result<(), JsValue> {
        self.port.post(message)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.port.disconnect();
    }
}

/// The kind of program at the other end of a port.
#[derive(Debug, PartialEq, Eq)]
pub enum Sender {
    /// A page of this extension: popup, tab, options.
    OwnPage,
    /// The function of this extension that runs in the page of the tab with this id.
    InPage(i32),
    /// Any other program.
    Stranger,
}

/// The kind of program at the other end of a port. It is judged by what the browser reports, and
/// not by what it sends.
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
