//! Everything that the worker asks of the browser, and the one place where browsers differ.
//!
//! `api` is what `static/background.js` found: `browser` where there is one, or else `chrome`. Both return promises.

use std::time::Duration;

use js_sys::{Array, ArrayBuffer, Function, JsString, Object, Promise, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Client, ClientQueryOptions, ImageBitmap, MessagePort, ReadableStream,
    ReadableStreamByobReader, RequestInit, ServiceWorkerGlobalScope,
};

#[wasm_bindgen]
extern "C" {
    /// Fetches as the worker, with the permissions of the extension and the cookies that the request asks for.
    #[wasm_bindgen(js_name = fetch)]
    pub fn fetch(url: &str, init: &RequestInit) -> Promise;

    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn digest(algorithm: &str, data: &[u8]) -> Result<Promise, JsValue>;
    type Bytes;
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn get_reader(this: &Bytes, options: &JsValue) -> Result<ReadableStreamByobReader, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_values(into: &Uint8Array);

    /// Writes a panic to the console, and restarts the extension unless that happened a short while ago.
    #[wasm_bindgen(js_name = crashed)]
    pub fn crashed(message: &str);

    /// The function of `static/inpage.js` that is run in a page.
    #[wasm_bindgen(thread_local_v2, js_name = inpage)]
    static IN_PAGE: Function;

    #[wasm_bindgen(thread_local_v2, js_namespace = ["api", "runtime"], js_name = id)]
    static ID: JsString;
    #[wasm_bindgen(thread_local_v2, js_namespace = api, js_name = offscreen)]
    static OFFSCREEN: Option<Object>;
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = getURL)]
    fn url_of(path: &str) -> String;

    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setBadgeText, catch)]
    fn set_badge_text(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setBadgeBackgroundColor, catch)]
    fn set_badge_colour(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setTitle, catch)]
    fn set_title(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = openPopup, catch)]
    fn open_popup() -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "alarms"], js_name = create, catch)]
    fn create_alarm(name: &str, details: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "contextMenus"], js_name = removeAll, catch)]
    fn remove_menus() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "contextMenus"], js_name = create, catch)]
    fn create_menu(details: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "notifications"], js_name = create, catch)]
    fn create_notification(id: &str, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "notifications"], js_name = clear, catch)]
    fn clear_notification(id: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "downloads"], js_name = download, catch)]
    fn start_download(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "downloads"], js_name = search, catch)]
    fn search_downloads(query: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "storage", "session"], js_name = get, catch)]
    fn session_get(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "storage", "session"], js_name = set, catch)]
    fn session_set(items: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "storage", "local"], js_name = get, catch)]
    fn local_get(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "storage", "local"], js_name = set, catch)]
    fn local_set(items: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "scripting"], js_name = executeScript, catch)]
    fn execute_script(injection: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = create, catch)]
    fn create_tab(details: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "permissions"], js_name = contains, catch)]
    fn contains_permission(permissions: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "offscreen"], js_name = createDocument, catch)]
    fn create_offscreen(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "offscreen"], js_name = closeDocument, catch)]
    fn close_offscreen() -> Result<Promise, JsValue>;

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

/// The result of a call of the browser. The error is the browser's own message.
pub type Outcome<T> = Result<T, String>;

async fn outcome(called: Result<Promise, JsValue>) -> Outcome<JsValue> {
    let promise = called.map_err(|why| message_of(&why))?;
    JsFuture::from(promise)
        .await
        .map_err(|why| message_of(&why))
}

/// Warns on the console about a failure on which nothing depends.
pub fn warn_on_error<T>(doing: &str, outcome: Result<T, impl std::fmt::Display>) {
    if let Err(why) = outcome {
        web_sys::console::warn_1(&format!("{doing}: {why}").into());
    }
}

/// The message of an exception.
pub fn message_of(why: &JsValue) -> String {
    member(why, "message")
        .as_string()
        .or_else(|| why.as_string())
        .unwrap_or_else(|| format!("{why:?}"))
}

/// The member of an object with this name; `undefined` where there is none.
pub fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// An object with these members.
pub fn object<const N: usize>(members: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        // This never fails for a plain object.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}

/// A value as plain objects and numbers, in the form that ports can send.
///
/// # Errors
/// A message, where it cannot be written so.
pub fn plain<T: Serialize>(value: &T) -> Outcome<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|why| why.to_string())
}

/// Returns after this time.
pub async fn sleep(duration: Duration) {
    /// The longest time of a timer of the browser, in milliseconds.
    const LONGEST: u128 = i32::MAX as u128;
    let ms = duration.as_millis().min(LONGEST) as u32;
    gloo_timers::future::TimeoutFuture::new(ms).await;
}

/// The Unix time in milliseconds.
pub fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A random number that cannot be guessed.
pub fn random() -> u128 {
    let bytes = Uint8Array::new_with_length(16);
    random_values(&bytes);
    let mut number = [0; 16];
    bytes.copy_to(&mut number);
    u128::from_le_bytes(number)
}

/// The SHA-256 of bytes, computed on another thread. The browser copies the bytes before this returns, so that they may
/// change before the future is awaited.
pub fn sha256(bytes: &[u8]) -> impl Future<Output = Result<[u8; 32], JsValue>> + use<> {
    let digest = digest("SHA-256", bytes);
    async move {
        let digest = JsFuture::from(digest?).await?;
        let bytes = Uint8Array::new(&digest);
        let mut hash = [0; 32];
        if bytes.length() != 32 {
            return Err("the browser's SHA-256 has not 32 bytes".into());
        }
        bytes.copy_to(&mut hash);
        Ok(hash)
    }
}

/// Reads a stream of bytes into the same buffer again and again: new buffers would wait for the garbage collection, and
/// hundreds of megabytes of them would gather until then.
pub struct ByteReader {
    reader: ReadableStreamByobReader,
    buffer: ArrayBuffer,
}

impl ByteReader {
    /// A reader of this stream that reads into this buffer.
    ///
    /// # Errors
    /// The exception of the browser, where the stream has a reader already.
    pub fn new(stream: &ReadableStream, buffer: ArrayBuffer) -> Result<Self, JsValue> {
        let bytes: &Bytes = stream.unchecked_ref();
        let reader = bytes.get_reader(&object([("mode", "byob".into())]))?;
        Ok(Self { reader, buffer })
    }

    /// The next piece, which is in the buffer; `None` at the end. The browser takes the buffer and returns it with the
    /// piece, and arrays on it that are still held become empty.
    ///
    /// # Errors
    /// The exception of the browser, where the stream fails.
    pub async fn read(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        if self.buffer.byte_length() == 0 {
            // A read that was not awaited to its end keeps the buffer.
            return Err("there is no buffer to read into".into());
        }
        let all = Uint8Array::new(&self.buffer);
        let read = JsFuture::from(self.reader.read_with_array_buffer_view(&all)).await?;
        let Ok(piece) = member(&read, "value").dyn_into::<Uint8Array>() else {
            return Ok(None);
        };
        self.buffer = piece.buffer();
        let ended = member(&read, "done").is_truthy();
        Ok((!ended).then_some(piece))
    }
}

/// The picture in a blob, scaled so that the larger of its width and height is this many pixels.
///
/// # Errors
/// The message of the browser, where the blob is not a picture that it can decode.
pub async fn bitmap(blob: &Blob, edge: u32) -> Outcome<ImageBitmap> {
    let whole = outcome(create_image_bitmap(blob, &Object::new())).await?;
    let whole: ImageBitmap = whole.dyn_into().map_err(|_| "no picture came".to_owned())?;
    let (width, height) = (whole.width().max(1), whole.height().max(1));
    if width.max(height) <= edge {
        return Ok(whole);
    }
    whole.close();
    let side = if width >= height {
        "resizeWidth"
    } else {
        "resizeHeight"
    };
    let options = object([
        (side, edge.into()),
        ("resizeQuality", JsValue::from_str("high")),
    ]);
    outcome(create_image_bitmap(blob, options.unchecked_ref()))
        .await?
        .dyn_into()
        .map_err(|_| "no picture came".to_owned())
}

/// The id of this extension.
pub fn own_id() -> String {
    ID.with(|id| String::from(id.clone()))
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

/// Sets the text and colour of the badge, and the title that is shown while the mouse is over the button.
pub async fn badge(text: &str, colour: &str, title: &str) {
    let text = outcome(set_badge_text(&object([("text", text.into())]))).await;
    warn_on_error("the badge's text was not set", text);
    let colour = outcome(set_badge_colour(&object([("color", colour.into())]))).await;
    warn_on_error("the badge's colour was not set", colour);
    let title = outcome(set_title(&object([("title", title.into())]))).await;
    warn_on_error("the title was not set", title);
}

/// Shows the popup; where the browser does not let the worker open it, the same page in a tab.
pub async fn show_face() {
    if outcome(open_popup()).await.is_err() {
        let page = object([("url", url_of("popup.html").into())]);
        warn_on_error("the page was not opened", outcome(create_tab(&page)).await);
    }
}

/// Wakes the worker twice a minute, which is as often as the browser allows.
pub fn wake_regularly(name: &str) {
    let period = object([("periodInMinutes", JsValue::from_f64(0.5))]);
    let created = create_alarm(name, &period).map_err(|why| message_of(&why));
    warn_on_error("the alarm was not set", created);
}

/// Makes the one entry of the context menu.
pub async fn make_menu(id: &str, title: &str, contexts: &[&str]) {
    warn_on_error("the old menu stays", outcome(remove_menus()).await);
    let contexts: Array = contexts.iter().map(|c| JsValue::from_str(c)).collect();
    let entry = object([
        ("id", id.into()),
        ("title", title.into()),
        ("contexts", contexts.into()),
    ]);
    let made = create_menu(&entry).map_err(|why| message_of(&why));
    warn_on_error("the menu was not made", made);
}

/// Shows a notification, in the place of one with the same id.
pub async fn notify(id: &str, title: &str, message: &str) {
    let details = object([
        ("type", "basic".into()),
        ("iconUrl", url_of("icons/128.png").into()),
        ("title", title.into()),
        ("message", message.into()),
    ]);
    let shown = outcome(create_notification(id, &details)).await;
    warn_on_error("the notification was not shown", shown);
}

/// Removes a notification.
pub async fn unnotify(id: &str) {
    let cleared = outcome(clear_notification(id)).await;
    warn_on_error("the notification stays", cleared);
}

/// Begins a download to the download folder, and returns its id.
///
/// # Errors
/// The message of the browser.
pub async fn download(url: &str, file_name: &str) -> Outcome<f64> {
    let details = object([
        ("url", url.into()),
        ("filename", file_name.into()),
        ("conflictAction", "uniquify".into()),
        ("saveAs", false.into()),
    ]);
    outcome(start_download(&details))
        .await?
        .as_f64()
        .ok_or_else(|| "the browser gave the download no number".to_owned())
}

/// The state of a download.
#[derive(Debug, PartialEq, Eq)]
pub enum Download {
    /// It is in progress.
    Running,
    /// It is complete, and saved under this name.
    Complete(String),
    /// It ended early, for this reason in the browser's words.
    Interrupted(String),
    /// The browser does not know it.
    Unknown,
}

/// The state of the download with this id.
///
/// # Errors
/// The message of the browser.
pub async fn download_state(id: f64) -> Outcome<Download> {
    let found = outcome(search_downloads(&object([("id", id.into())]))).await?;
    let item = Array::from(&found).get(0);
    Ok(match member(&item, "state").as_string().as_deref() {
        Some("complete") => {
            let path = member(&item, "filename").as_string().unwrap_or_default();
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            Download::Complete(name.to_owned())
        }
        Some("interrupted") => {
            Download::Interrupted(member(&item, "error").as_string().unwrap_or_default())
        }
        Some(_) => Download::Running,
        None => Download::Unknown,
    })
}

/// The value under a key in the storage that lasts until the browser ends; `undefined` where there is none.
///
/// # Errors
/// The message of the browser.
pub async fn session(key: &str) -> Outcome<JsValue> {
    let found = outcome(session_get(key)).await?;
    Ok(member(&found, key))
}

/// Keeps a text under a key until the browser ends.
///
/// # Errors
/// The message of the browser.
pub async fn keep_for_session(key: &str, text: &str) -> Outcome<()> {
    let items = object([(key, text.into())]);
    outcome(session_set(&items)).await.map(drop)
}

/// The value under a key in the storage that outlasts the browser; `undefined` where there is none.
///
/// # Errors
/// The message of the browser.
pub async fn kept(key: &str) -> Outcome<JsValue> {
    let found = outcome(local_get(key)).await?;
    Ok(member(&found, key))
}

/// Keeps a text under a key in the storage that outlasts the browser.
///
/// # Errors
/// The message of the browser.
pub async fn keep(key: &str, text: &str) -> Outcome<()> {
    let items = object([(key, text.into())]);
    outcome(local_set(&items)).await.map(drop)
}

/// Runs the function of `static/inpage.js` in a frame, isolated from the page's own scripts, and returns its result.
///
/// # Errors
/// The message of the browser, where the function may not be run there or fails.
pub async fn in_page(tab: i32, frame: Option<i32>, arguments: &[JsValue]) -> Outcome<JsValue> {
    let frames = Array::of1(&frame.unwrap_or(0).into());
    let arguments: Array = arguments.iter().collect();
    let injection = object([
        (
            "target",
            object([("tabId", tab.into()), ("frameIds", frames.into())]),
        ),
        ("func", IN_PAGE.with(|function| function.clone().into())),
        ("args", arguments.into()),
    ]);
    let results = outcome(execute_script(&injection)).await?;
    Ok(member(&Array::from(&results).get(0), "result"))
}

/// Whether the extension may read from an origin, given as a match pattern.
pub async fn may_read(origin: &str) -> bool {
    let origins = object([("origins", Array::of1(&origin.into()).into())]);
    outcome(contains_permission(&origins))
        .await
        .is_ok_and(|may| may.is_truthy())
}

/// The page that can do what a service worker cannot.
const OFFSCREEN_PAGE: &str = "offscreen.html";
/// The message with which a port for the file worker is sent.
const FILES: &str = "files";

/// Opens the page that makes blob URLs and runs the file worker, unless it is open.
///
/// # Errors
/// The message of the browser.
pub async fn open_offscreen() -> Outcome<()> {
    if OFFSCREEN.with(Option::is_none) {
        return Ok(());
    }
    let details = object([
        ("url", OFFSCREEN_PAGE.into()),
        (
            "reasons",
            Array::of2(&"BLOBS".into(), &"WORKERS".into()).into(),
        ),
        (
            "justification",
            "Files are written and hashed by a worker, and saved through a blob URL; a service worker can make neither."
                .into(),
        ),
    ]);
    match outcome(create_offscreen(&details)).await {
        Err(why) if !why.contains("Only a single offscreen") => Err(why),
        _ => Ok(()),
    }
}

/// Hands a port to the file worker of that page; `false` where the page is not loaded yet or is gone.
///
/// # Errors
/// The message of the browser.
pub async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
    let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
    let all = ClientQueryOptions::new();
    all.set_include_uncontrolled(true);
    let clients = outcome(Ok(scope.clients().match_all_with_options(&all))).await?;
    let page = url_of(OFFSCREEN_PAGE);
    for client in Array::from(&clients).iter() {
        let client: Client = client.unchecked_into();
        if client.url() == page {
            return client
                .post_message_with_transfer(&FILES.into(), &Array::of1(port).into())
                .map(|()| true)
                .map_err(|why| message_of(&why));
        }
    }
    Ok(false)
}

/// Closes that page, which revokes its blob URLs and ends its worker.
pub async fn close_offscreen_page() {
    if OFFSCREEN.with(Option::is_some) {
        // It may be closed already.
        let _ = outcome(close_offscreen()).await;
    }
}

/// The origin of this extension's pages and worker.
pub fn own_origin() -> String {
    url_of("").trim_end_matches('/').to_owned()
}
