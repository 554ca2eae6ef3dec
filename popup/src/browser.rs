//! Every call to the browser, in one file: the extension's API, and the parts of the page's API that Yew lacks.

use std::cell::Cell;
use std::rc::Rc;

use fluence::command::{HANDOVER, ToFace, ToWorker};
use gloo_timers::callback::{Interval, Timeout};
use js_sys::{Array, Function, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::js::member;
use web::message;
use web_sys::{ClipboardEvent, File, FileList, MessageEvent};

use crate::page::{Download, Link, LinkKind};

/// The name of the port by which the worker knows a face.
const PORT: &str = "face";
/// How long the worker may take to take files, in milliseconds.
const HANDOVER_MS: u32 = 15_000;
/// After this they are offered again, in milliseconds.
const HANDOVER_AGAIN_MS: u32 = 3_000;
/// The downloads that are looked through for those of one page.
const MAX_DOWNLOADS: u32 = 500;
/// The script that reads which files a page links to.
const PAGE_SCRIPT: &str = "page.js";

// `api` is the browser's extension API under whichever name it has; `static/popup.js` sets it.
#[wasm_bindgen]
extern "C" {
    type Port;
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn disconnect(this: &Port);
    #[wasm_bindgen(method, getter, js_name = onMessage)]
    fn on_message(this: &Port) -> Listeners;
    #[wasm_bindgen(method, getter, js_name = onDisconnect)]
    fn on_disconnect(this: &Port) -> Listeners;

    type Listeners;
    #[wasm_bindgen(method, js_name = addListener)]
    fn add_listener(this: &Listeners, listener: &Function);

    #[wasm_bindgen(catch, js_namespace = ["api", "runtime"], js_name = connect)]
    fn runtime_connect(info: &JsValue) -> Result<Port, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "runtime"], js_name = openOptionsPage)]
    fn runtime_open_options() -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "runtime"], js_name = getManifest)]
    fn runtime_manifest() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = reload)]
    fn runtime_reload();
    #[wasm_bindgen(catch, js_namespace = ["api", "tabs"], js_name = query)]
    fn tabs_query(query: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "tabs"], js_name = get)]
    fn tabs_get(id: i32) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "tabs"], js_name = create)]
    fn tabs_create(properties: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "downloads"], js_name = search)]
    fn downloads_search(query: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "scripting"], js_name = executeScript)]
    fn scripting_execute(injection: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["api", "permissions"], js_name = request)]
    fn permissions_request(permissions: &JsValue) -> Result<Promise, JsValue>;
}

/// An object with these members.
fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        // A new plain object takes any member.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// A member that is text, else empty.
fn text_of(value: &JsValue, name: &str) -> String {
    member(value, name).as_string().unwrap_or_default()
}

/// What the worker's end of the port says.
pub enum FromWorker {
    /// A message.
    Message(ToFace),
    /// A message that is not understood: the worker is of another version.
    Strange,
    /// The worker is gone, and the port with it.
    Gone,
}

/// A connection to the worker. Dropping it ends it.
pub struct Worker {
    port: Port,
    _message: Closure<dyn FnMut(JsValue)>,
    _gone: Closure<dyn FnMut()>,
}

impl Worker {
    /// Connects; the browser starts the worker if it sleeps. An error means that the extension itself was unloaded.
    pub fn connect(on: impl Fn(FromWorker) + 'static) -> Result<Self, JsValue> {
        let port = runtime_connect(&object(&[("name", PORT.into())]))?;
        let on = Rc::new(on);
        let message = {
            let on = Rc::clone(&on);
            Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
                on(message::read(message).map_or(FromWorker::Strange, FromWorker::Message));
            })
        };
        let gone = Closure::<dyn FnMut()>::new(move || on(FromWorker::Gone));
        port.on_message()
            .add_listener(message.as_ref().unchecked_ref());
        port.on_disconnect()
            .add_listener(gone.as_ref().unchecked_ref());
        Ok(Self {
            port,
            _message: message,
            _gone: gone,
        })
    }

    /// Sends a command. An error means that the worker is gone and the command was not sent.
    pub fn send(&self, message: &ToWorker) -> Result<(), JsValue> {
        // `None` becomes `null`, as in JSON.
        let plain = serde_wasm_bindgen::Serializer::json_compatible();
        self.port.post_message(&message.serialize(&plain)?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.port.disconnect();
    }
}

/// Files on their way to the worker over the channel [`HANDOVER`]. Dropping it ends the handover.
pub struct Handover {
    channel: web_sys::BroadcastChannel,
    offer: JsValue,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _again: Interval,
    _late: Timeout,
}

impl Handover {
    /// Opens the channel; the files are sent with the first [`Self::offer`]. `ended` says whether the worker took them.
    pub fn open(
        key: String,
        files: &[File],
        ended: impl Fn(bool) + 'static,
    ) -> Result<Self, JsValue> {
        let channel = web_sys::BroadcastChannel::new(HANDOVER)?;
        let list: Array = files.iter().collect();
        let offer = object(&[("key", key.as_str().into()), ("files", list.into())]);
        let ended = Rc::new(ended);
        let over = Rc::new(Cell::new(false));
        let message = {
            let (ended, over) = (Rc::clone(&ended), Rc::clone(&over));
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                let ours = member(&data, "key").as_string().as_deref() == Some(&key);
                if ours && member(&data, "taken").is_truthy() && !over.replace(true) {
                    ended(true);
                }
            })
        };
        channel.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let again = {
            let (channel, offer, over) = (channel.clone(), offer.clone(), Rc::clone(&over));
            Interval::new(HANDOVER_AGAIN_MS, move || {
                if !over.get() {
                    // Once more below, or late.
                    let _ = channel.post_message(&offer);
                }
            })
        };
        let late = Timeout::new(HANDOVER_MS, move || {
            if !over.replace(true) {
                ended(false);
            }
        });
        Ok(Self {
            channel,
            offer,
            _message: message,
            _again: again,
            _late: late,
        })
    }

    /// Sends the files; the worker is there, for it was sent the command. It may still have missed them, if it ended just
    /// then: they are sent again until it says that it took them.
    pub fn offer(&self) {
        // What fails now is tried again.
        let _ = self.channel.post_message(&self.offer);
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// A tab, as far as the browser lets the extension see it.
#[derive(Clone, PartialEq)]
pub struct Tab {
    /// The browser's number for it.
    pub id: i32,
    /// Its address; `None` when the extension was not opened on it.
    pub url: Option<String>,
}

/// The tab that the popup was opened on, or the one with this number.
pub async fn tab(id: Option<i32>) -> Result<Tab, JsValue> {
    let tab = match id {
        Some(id) => JsFuture::from(tabs_get(id)?).await?,
        None => {
            let query = object(&[("active", true.into()), ("currentWindow", true.into())]);
            let tabs: Array = JsFuture::from(tabs_query(&query)?).await?.into();
            tabs.get(0)
        }
    };
    let id = member(&tab, "id")
        .as_f64()
        .ok_or_else(|| JsValue::from_str("no tab"))?;
    Ok(Tab {
        id: id as i32,
        url: member(&tab, "url").as_string(),
    })
}

/// The newest downloads that ended well.
pub async fn downloads() -> Result<Vec<Download>, JsValue> {
    let query = object(&[
        ("state", "complete".into()),
        ("orderBy", Array::of1(&"-startTime".into()).into()),
        ("limit", MAX_DOWNLOADS.into()),
    ]);
    let found: Array = JsFuture::from(downloads_search(&query)?).await?.into();
    Ok(found
        .iter()
        .map(|item| Download {
            url: match text_of(&item, "finalUrl") {
                url if url.is_empty() => text_of(&item, "url"),
                url => url,
            },
            referrer: text_of(&item, "referrer"),
            path: text_of(&item, "filename"),
            mime: text_of(&item, "mime"),
            size: member(&item, "fileSize")
                .as_f64()
                .filter(|size| *size > 0.0)
                .map(|size| size as u64),
        })
        .collect())
}

/// What the page in a tab links to and shows; an error when the browser does not let the extension look.
pub async fn links(tab: i32) -> Result<Vec<Link>, JsValue> {
    let injection = object(&[
        ("target", object(&[("tabId", tab.into())])),
        ("files", Array::of1(&PAGE_SCRIPT.into()).into()),
    ]);
    let results: Array = JsFuture::from(scripting_execute(&injection)?).await?.into();
    let found = member(&results.get(0), "result");
    if !Array::is_array(&found) {
        return Err(JsValue::from_str("the page script was not run"));
    }
    let pixels =
        |link: &JsValue, name: &str| member(link, name).as_f64().unwrap_or_default() as u32;
    Ok(Array::from(&found)
        .iter()
        .filter_map(|link| {
            Some(Link {
                kind: LinkKind::of(&text_of(&link, "kind"))?,
                url: text_of(&link, "url"),
                name: text_of(&link, "name"),
                text: text_of(&link, "text"),
                width: pixels(&link, "width"),
                height: pixels(&link, "height"),
            })
        })
        .collect())
}

/// Asks the person to let the extension read from these origins; only from a click. Whether they did.
pub fn ask_for(list: &[String]) -> impl Future<Output = bool> + use<> {
    // The request is made before the future is first polled: the browser wants it inside the click.
    let origins: Array = list
        .iter()
        .map(|origin| JsValue::from_str(origin))
        .collect();
    let asked = permissions_request(&object(&[("origins", origins.into())]));
    async move {
        match asked {
            Ok(asked) => JsFuture::from(asked)
                .await
                .is_ok_and(|granted| granted.is_truthy()),
            Err(_) => false,
        }
    }
}

/// Opens a page of the extension in a tab.
pub fn open_tab(address: &str) {
    // Without a tab there is nothing to show, nor a place to say so.
    let _ = tabs_create(&object(&[("url", address.into())]));
}

/// Opens the settings.
pub fn open_options() {
    // As in `open_tab`.
    let _ = runtime_open_options();
}

/// Starts the extension anew: the last resort when the worker does not answer.
pub fn reload_extension() {
    runtime_reload();
}

/// The extension's version.
pub fn version() -> String {
    runtime_manifest()
        .ok()
        .and_then(|manifest| member(&manifest, "version").as_string())
        .unwrap_or_default()
}

fn window() -> web_sys::Window {
    // A face is always a page.
    web_sys::window().unwrap_throw()
}

/// Whether the page has more room than the browser gives a popup.
pub fn is_wide() -> bool {
    const WIDEST_POPUP: f64 = 800.0;
    window()
        .inner_width()
        .ok()
        .and_then(|width| width.as_f64())
        .is_some_and(|width| width > WIDEST_POPUP)
}

/// The page's document.
pub fn document() -> web_sys::Document {
    window().document().unwrap_throw()
}

/// Unix time in milliseconds.
pub fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A text in small letters, of any script.
pub fn in_small_letters(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// A name that no other handover has.
pub fn unique_key() -> Result<String, JsValue> {
    Ok(window().crypto()?.random_uuid())
}

/// The value of a parameter in the page's own address.
pub fn parameter(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search)
        .ok()?
        .get(name)
}

/// Puts text on the clipboard.
pub async fn copy(text: String) -> Result<(), JsValue> {
    JsFuture::from(window().navigator().clipboard().write_text(&text)).await?;
    Ok(())
}

/// The text on the clipboard, where the browser gives it.
pub async fn paste() -> Result<String, JsValue> {
    let text = JsFuture::from(window().navigator().clipboard().read_text()).await?;
    text.as_string().ok_or(JsValue::UNDEFINED)
}

/// What a person pasted outside of any field.
pub enum Pasted {
    /// Files, pictures among them.
    Files(FileList),
    /// Text.
    Text(String),
}

/// Listens for what is pasted into the page until it is dropped.
pub struct PasteListener(Closure<dyn FnMut(ClipboardEvent)>);

impl PasteListener {
    /// Text that is pasted into a field stays the field's.
    pub fn new(on: impl Fn(Pasted) + 'static) -> Self {
        let listener = Closure::<dyn FnMut(ClipboardEvent)>::new(move |event: ClipboardEvent| {
            let Some(data) = event.clipboard_data() else {
                return;
            };
            let into_field = event.target().is_some_and(|target| {
                target.has_type::<web_sys::HtmlInputElement>()
                    || target.has_type::<web_sys::HtmlTextAreaElement>()
            });
            let files = data.files().filter(|files| files.length() > 0);
            let pasted = match files {
                Some(files) => Pasted::Files(files),
                None if into_field => return,
                None => match data.get_data("text/plain") {
                    Ok(text) if !text.trim().is_empty() => Pasted::Text(text),
                    _ => return,
                },
            };
            event.prevent_default();
            on(pasted);
        });
        // Where it fails, pasting into the field still works.
        let _ =
            document().add_event_listener_with_callback("paste", listener.as_ref().unchecked_ref());
        Self(listener)
    }
}

impl Drop for PasteListener {
    fn drop(&mut self) {
        // As above.
        let _ = document()
            .remove_event_listener_with_callback("paste", self.0.as_ref().unchecked_ref());
    }
}

/// A moment as the person's system writes it: the time of today, else date and time.
pub fn moment(at_ms: u64) -> String {
    let at = js_sys::Date::new(&JsValue::from_f64(at_ms as f64));
    let today = js_sys::Date::new_0().to_date_string() == at.to_date_string();
    if today {
        at.to_locale_time_string("default").into()
    } else {
        at.to_locale_string("default", &JsValue::UNDEFINED).into()
    }
}

/// A moment in the form of RFC 3339, for the `datetime` of an element.
pub fn timestamp(at_ms: u64) -> String {
    js_sys::Date::new(&JsValue::from_f64(at_ms as f64))
        .to_iso_string()
        .into()
}

/// Sets an attribute of the whole page, which the stylesheet reads.
pub fn mark_page(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // The names are constants of this program and valid.
        let _ = root.set_attribute(name, value);
    }
}
