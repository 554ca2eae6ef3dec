//! The connection to the worker, and the browser APIs of a page that Yew lacks. All other browser
//! APIs are wrapped in the crate `web`.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use fluence::command::{FACE_PORT, HANDOVER, REMEMBERED, ToFace, ToWorker, given_key};
use fluence::history::{self, History};
use fluence::state::{Event, State};
use gloo_timers::callback::{Interval, Timeout};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::bytes::ByteReader;
use web::extension::{pages, storage};
use web::handle::FileHandle;
use web::js::{Outcome, member, object, plain, text_or_empty};
use web::message;
use web::port::Connection;
use web_sys::{Blob, ClipboardEvent, File, FileList, MessageEvent};
use yew::AttrValue;

use crate::files::Picked;
use crate::page::{LinkKind, PageLink};

/// How long the worker may take to accept files, in milliseconds.
const HANDOVER_MS: u32 = 15_000;
/// The interval at which files are offered again, in milliseconds.
const HANDOVER_AGAIN_MS: u32 = 3_000;
/// How long after a click the browser lets a page ask for something, in milliseconds.
const CLICK_COUNTS_MS: u32 = 5_000;
/// How many bytes of an answer are read at a time.
const READ_BUFFER: u32 = 4096;
/// The script that reads what a page links to and shows.
const PAGE_SCRIPT: &str = "page.js";

/// Whether the person has just clicked, so that the browser lets the page ask for a permission.
pub fn is_in_click() -> bool {
    web_sys::window().is_some_and(|window| {
        let activation = member(&window.navigator(), "userActivation");
        member(&activation, "isActive").is_truthy()
    })
}

/// What comes from the worker through the port.
pub enum FromWorker {
    /// A message from the worker.
    Message(ToFace),
    /// A message that is not understood, because the worker is of another version.
    Strange,
    /// The worker has ended, and the connection with it.
    Gone,
}

/// A connection to the worker, which is closed when this is dropped.
pub struct Worker(Connection);

impl Worker {
    /// Connects to the worker; the browser starts it if it is not running. `on` is called with
    /// everything that the port delivers.
    ///
    /// # Errors
    /// Fails with the browser's message if the extension itself was unloaded.
    pub fn connect(on: impl Fn(FromWorker) + Clone + 'static) -> Outcome<Self> {
        let gone = on.clone();
        Connection::open(
            FACE_PORT,
            move |message| {
                on(message::read(message).map_or(FromWorker::Strange, FromWorker::Message));
            },
            move || gone(FromWorker::Gone),
        )
        .map(Self)
    }

    /// Sends a command to the worker.
    ///
    /// # Errors
    /// Fails with the browser's error if the worker has ended; the command was not sent.
    pub fn send(&self, message: &ToWorker) -> Result<(), JsValue> {
        self.0.post(&plain(message)?)
    }
}

/// How long the worker may take to send its state before what an earlier one left is shown, in milliseconds: longer
/// than it takes if it is awake.
const AWAKE_MS: u32 = 40;

/// What an earlier worker left to be shown while the worker starts.
pub struct Remembered(JsValue);

impl Remembered {
    /// Reads it, and waits for as long as a worker that is awake takes.
    pub async fn read() -> Self {
        let wait = TimeoutFuture::new(AWAKE_MS);
        let kept = storage::session(REMEMBERED).await;
        wait.await;
        // If it cannot be read, the worker's state comes soon.
        Self(kept.unwrap_or_default())
    }

    /// The message in it, if there is one.
    pub fn message(self) -> Option<ToFace> {
        message::read(self.0).ok()
    }
}

/// Reads an event of a journal.
pub fn event_of(text: &str) -> Option<Event> {
    message::read(js_sys::JSON::parse(text).ok()?).ok()
}

/// Reads the state of a journal's snapshot.
pub fn state_of(snapshot: &str) -> Option<State> {
    let snapshot = js_sys::JSON::parse(snapshot).ok()?;
    message::read(member(&snapshot, "state")).ok()
}

/// Reads a history that was saved as a file; `None` if the text is none. Events that cannot be read are left out.
pub fn history_of(file: &str) -> Option<History> {
    let file = js_sys::JSON::parse(file).ok()?;
    let version = member(&file, history::FORMAT).as_f64()?;
    let mut read = History::new(message::read(member(&file, "state")).ok()?);
    let events: Array = member(&file, "events").dyn_into().ok()?;
    let events = events.iter().take(history::MAX_READ);
    events
        .filter_map(|event| message::read(event).ok())
        .for_each(|event| read.add(event));
    (version == history::VERSION as f64).then_some(read)
}

/// Files on their way to the worker over the channel [`HANDOVER`]. Dropping this ends the handover.
pub struct Handover {
    channel: web_sys::BroadcastChannel,
    offer: JsValue,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _again: Interval,
    _late: Timeout,
}

impl Handover {
    /// Opens the channel. The files are sent with the first [`Self::offer`]. `ended` is told whether the worker
    /// took them.
    pub fn open(
        key: String,
        picked: &[Picked],
        ended: impl Fn(bool) + 'static,
    ) -> Result<Self, JsValue> {
        let channel = web_sys::BroadcastChannel::new(HANDOVER)?;
        let files: Array = picked.iter().map(|picked| &picked.file).collect();
        let handles: Array = picked.iter().map(Picked::handle_if_large).collect();
        let offer = object([
            ("key", key.as_str().into()),
            ("files", files.into()),
            ("handles", handles.into()),
        ]);
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
                    // A failure is made good by the next offer, or ends when the time is up.
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

    /// Sends the files. The worker is running, because it has just been sent the command. It may still miss
    /// them if it ends just then, so they are sent again until it says that it took them.
    pub fn offer(&self) {
        // A failure is made good by the next offer.
        let _ = self.channel.post_message(&self.offer);
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// The handles on those of these items that the browser reads only after a click. They come over the channel for files,
/// because ports cannot carry them. There are none if the worker does not answer while the click counts.
///
/// # Errors
/// Fails with the browser's exception if there is no channel.
pub async fn locked(ids: &[String]) -> Result<Vec<FileHandle>, JsValue> {
    let channel = web_sys::BroadcastChannel::new(HANDOVER)?;
    let key = unique_key()?;
    let list: Array = ids.iter().map(|id| JsValue::from_str(id)).collect();
    let question = object([("ask", key.as_str().into()), ("locked", list.into())]);
    let mut waiting = None;
    let answer = Promise::new(&mut |resolve, _| {
        // A promise is settled once, and a function that settles it does not fail.
        let (key, late) = (key.clone(), resolve.clone());
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            if member(&data, "told").as_string().as_deref() == Some(&key) {
                let _ = resolve.call1(&JsValue::NULL, &member(&data, "handles"));
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let late = Timeout::new(CLICK_COUNTS_MS, move || {
            let _ = late.call1(&JsValue::NULL, &Array::new());
        });
        waiting = Some((heard, late));
    });
    channel.post_message(&question)?;
    let handles = JsFuture::from(answer).await?;
    channel.set_onmessage(None);
    channel.close();
    Ok(Array::from(&handles)
        .iter()
        .filter_map(FileHandle::of)
        .collect())
}

/// What the worker tells of a file that is to be shown.
pub struct Told {
    /// Its bytes; `None` if they can be shown only once all of them are here.
    pub blob: Option<Blob>,
    /// Whether only the beginning of the file is here.
    pub is_part: bool,
    /// The name, if only the bytes say it.
    pub name: Option<String>,
}

/// Bytes that the worker is asked to hand over, until this is dropped.
pub struct Opening {
    /// The key under which they are handed over.
    pub key: String,
    channel: web_sys::BroadcastChannel,
    _message: Closure<dyn FnMut(MessageEvent)>,
}

impl Opening {
    /// Begins to listen. `came` is called with the key and what is told, each time that something is.
    ///
    /// # Errors
    /// Fails with the browser's exception if there is no channel.
    pub fn begin(came: impl Fn(String, Told) + 'static) -> Result<Self, JsValue> {
        let channel = web_sys::BroadcastChannel::new(HANDOVER)?;
        let key = unique_key()?;
        let message = {
            let key = key.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                if member(&data, "told").as_string().as_deref() == Some(&key) {
                    let told = Told {
                        blob: member(&data, "blob").dyn_into().ok(),
                        is_part: member(&data, "part").is_truthy(),
                        name: member(&data, "name").as_string(),
                    };
                    came(key.clone(), told);
                }
            })
        };
        channel.set_onmessage(Some(message.as_ref().unchecked_ref()));
        Ok(Self {
            key,
            channel,
            _message: message,
        })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// An address at which this page reads a blob, until it is dropped.
pub struct BlobUrl(AttrValue);

impl BlobUrl {
    /// An address at which these bytes have this type, whatever they are.
    ///
    /// # Errors
    /// Fails with the browser's exception.
    pub fn of(blob: &Blob, media_type: &str) -> Result<Self, JsValue> {
        let url = web_sys::Url::create_object_url_with_blob(&typed(blob, media_type)?)?;
        Ok(Self(url.into()))
    }

    /// The address.
    pub fn value(&self) -> AttrValue {
        self.0.clone()
    }
}

impl Drop for BlobUrl {
    fn drop(&mut self) {
        // It was made here.
        let _ = web_sys::Url::revoke_object_url(&self.0);
    }
}

/// The same bytes with a type; they are not copied.
///
/// # Errors
/// Fails with the browser's exception.
pub fn typed(blob: &Blob, media_type: &str) -> Result<Blob, JsValue> {
    blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), media_type)
}

/// All bytes of a blob.
///
/// # Errors
/// Fails with the browser's exception if they cannot be read any more.
pub async fn bytes_of(blob: &Blob) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(blob.array_buffer()).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Reads what the page in a tab links to and shows.
///
/// # Errors
/// Fails with the browser's message if it does not let the extension read the page.
pub async fn links(tab: i32) -> Outcome<Vec<PageLink>> {
    let found = pages::run_file(tab, PAGE_SCRIPT).await?;
    let read = |link: JsValue| {
        let text = |name| text_or_empty(&link, name);
        let pixels = |name| member(&link, name).as_f64().unwrap_or_default() as u32;
        Some(PageLink {
            kind: LinkKind::of(&text("kind"))?,
            url: text("url"),
            name: text("name"),
            text: text("text"),
            width: pixels("width"),
            height: pixels("height"),
            small: text("small"),
        })
    };
    let list = found
        .dyn_ref::<Array>()
        .ok_or("the script was not run in the page")?;
    Ok(list.iter().filter_map(read).collect())
}

fn window() -> web_sys::Window {
    // A face is always a page, so it has a window.
    web_sys::window().unwrap_throw()
}

/// Whether the page is wider than the browser makes a popup.
pub fn is_wide() -> bool {
    const WIDEST_POPUP: f64 = 800.0;
    window()
        .inner_width()
        .ok()
        .and_then(|width| width.as_f64())
        .is_some_and(|width| width > WIDEST_POPUP)
}

/// The style that puts a menu beside the button that was clicked, above or below it, where there is more room.
pub fn beside(button: &web_sys::Element) -> Option<String> {
    const GAP: i32 = 4;
    let place = button.get_bounding_client_rect();
    // Whole pixels: a program that writes fractions is larger by the tables for them.
    let [top, bottom, left, right] =
        [place.top(), place.bottom(), place.left(), place.right()].map(|edge| edge as i32);
    let root = document().document_element()?;
    let (width, height) = (root.client_width(), root.client_height());
    let (edge, offset, room) = if top > height - bottom {
        ("bottom", height - top, top)
    } else {
        ("top", bottom, height - bottom)
    };
    // The button is at the end of its row, which is at the left where one reads from right to left.
    let (side, inset) = if left > width / 2 {
        ("right", width - right)
    } else {
        ("left", left)
    };
    let (offset, room) = (offset + GAP, room - 2 * GAP);
    Some(format!(
        "{edge}:{offset}px;{side}:{inset}px;max-height:{room}px"
    ))
}

/// The same for the button with this `id`, if there is one.
pub fn beside_id(id: &str) -> Option<String> {
    beside(&document().get_element_by_id(id)?)
}

/// The document of the page.
pub fn document() -> web_sys::Document {
    window().document().unwrap_throw()
}

/// A text in lower case, in any script.
pub fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// A random key that no other handover has.
///
/// # Errors
/// Fails with the browser's error if it has no source of randomness.
pub fn unique_key() -> Result<String, JsValue> {
    Ok(window().crypto()?.random_uuid())
}

/// The text that the worker left for this page under an id.
pub async fn given(id: &str) -> Option<String> {
    let text = storage::take_from_session(&given_key(id)).await;
    text.ok()?.as_string()
}

/// The value of a query parameter in the page's own address.
pub fn parameter(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search)
        .ok()?
        .get(name)
}

/// The link that another page handed to this one, which is given once. It is in no address, because it may have a key in it.
pub fn take_link() -> Option<String> {
    /// The key under which `popup.js` and `link.js` put it.
    const LINK: &str = "link";
    let storage = window().session_storage().ok()??;
    let link = storage.get_item(LINK).ok()?;
    // What cannot be removed goes with the tab.
    let _ = storage.remove_item(LINK);
    link
}

/// The value of a query parameter in the page's own address, from which it is removed: a page that is loaded again does not
/// have it.
pub fn take_parameter(name: &str) -> Option<String> {
    let location = window().location();
    let parameters = web_sys::UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    let value = parameters.get(name)?;
    parameters.delete(name);
    let rest = format!(
        "{}?{}",
        location.pathname().ok()?,
        String::from(parameters.to_string())
    );
    let history = window().history().ok()?;
    // Otherwise the address only stays as it was.
    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&rest));
    Some(value)
}

/// Closes the page.
pub fn close() {
    // The browser closes every page that it opened for the extension.
    let _ = window().close();
}

/// Puts a text on the clipboard.
pub async fn copy(text: String) -> Result<(), JsValue> {
    JsFuture::from(window().navigator().clipboard().write_text(&text)).await?;
    Ok(())
}

/// The browser's function that opens the system's dialog from which programs send things; not every system has one.
fn sheet() -> Option<js_sys::Function> {
    member(&window().navigator(), "share").dyn_into().ok()
}

/// Whether the system has a dialog from which programs send a link.
pub fn can_send() -> bool {
    sheet().is_some()
}

/// Opens that dialog for a link, for which the person must just have clicked. `failed` is called if the browser does not; that
/// the person closes the dialog is no failure.
pub fn send(link: &str, failed: impl Fn() + 'static) {
    let what = object([("text", link.into())]);
    let sent = sheet().map(|sheet| sheet.call1(&window().navigator(), &what));
    wasm_bindgen_futures::spawn_local(async move {
        let sent = match sent {
            Some(Ok(sent)) => JsFuture::from(Promise::resolve(&sent)).await,
            Some(Err(why)) => Err(why),
            None => return,
        };
        if sent.is_err_and(|why| text_or_empty(&why, "name") != "AbortError") {
            failed();
        }
    });
}

/// The text on the clipboard, if the browser allows it to be read.
pub async fn paste() -> Result<String, JsValue> {
    let text = JsFuture::from(window().navigator().clipboard().read_text()).await?;
    text.as_string().ok_or(JsValue::UNDEFINED)
}

/// What a person pasted into the page.
pub enum Pasted {
    /// Files, which may be pictures.
    Files(FileList),
    /// A text.
    Text(String),
}

/// Listens until it is dropped for what is pasted into the page.
pub struct PasteListener(Closure<dyn FnMut(ClipboardEvent)>);

impl PasteListener {
    /// Starts to listen. Text that is pasted into a field is left to the field.
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
        // If this fails, pasting into the field still works.
        let _ =
            document().add_event_listener_with_callback("paste", listener.as_ref().unchecked_ref());
        Self(listener)
    }
}

impl Drop for PasteListener {
    fn drop(&mut self) {
        // The listener goes with the page at the latest.
        let _ = document()
            .remove_event_listener_with_callback("paste", self.0.as_ref().unchecked_ref());
    }
}

/// Calls `on` whenever something is scrolled, and with `true` when the page gets another size, as long as there is
/// the page.
pub fn watch_view(on: impl Fn(bool) + Clone + 'static) {
    for (event, resized) in [("scroll", false), ("resize", true)] {
        let on = on.clone();
        let told = Closure::<dyn FnMut()>::new(move || on(resized)).into_js_value();
        // If this fails, the first rows are listed and no others. Scrolling does not bubble.
        let _ =
            window().add_event_listener_with_callback_and_bool(event, told.unchecked_ref(), true);
    }
}

/// Calls `on` whenever the words of another language are here, as long as there is the page.
pub fn watch_words(on: impl Fn() + 'static) {
    let told = Closure::<dyn FnMut()>::new(on).into_js_value();
    // If this fails, the page keeps its language until it is opened again. `words.js` sends the event.
    let _ = document().add_event_listener_with_callback("words", told.unchecked_ref());
}

/// What is seen of the element with this `id`, if there is one: from where to where, in CSS pixels from its top.
pub fn seen(id: &str) -> Option<Range<i32>> {
    let top = document().get_element_by_id(id)?.get_bounding_client_rect();
    let from = -top.top() as i32;
    Some(from..from + document().document_element()?.client_height())
}

/// The height of the element with this `id`, if there is one, in CSS pixels.
pub fn height(id: &str) -> Option<i32> {
    let element = document().get_element_by_id(id)?;
    Some(element.dyn_ref::<web_sys::HtmlElement>()?.offset_height())
}

/// The last moment that is a date to a browser (ECMA-262, “Time Values and Time Range”), in milliseconds since the Unix epoch.
const LAST: f64 = 8.64e15;

/// A moment as a date. What comes from a file may be later than any, and a browser writes nothing that is no date.
fn date_of(at_ms: u64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64((at_ms as f64).min(LAST)))
}

/// A moment as the person's language writes it: the time if it is today, or else date and time.
pub fn moment(at_ms: u64) -> String {
    let at = date_of(at_ms);
    let today = js_sys::Date::new_0().to_date_string() == at.to_date_string();
    if today {
        at.to_locale_time_string(&words::locale()).into()
    } else {
        at.to_locale_string(&words::locale(), &JsValue::UNDEFINED)
            .into()
    }
}

/// A moment to the minute, as the person's language writes it: the time if it is today, or else date and time.
pub fn minute(at_ms: u64) -> String {
    let at = date_of(at_ms);
    let is_today = js_sys::Date::new_0().to_date_string() == at.to_date_string();
    let date = if is_today { None } else { Some("medium") };
    let short = |style: Option<&str>| style.map_or(JsValue::UNDEFINED, JsValue::from);
    let style = object([
        ("dateStyle", short(date)),
        ("timeStyle", short(Some("short"))),
    ]);
    at.to_locale_string(&words::locale(), &style).into()
}

/// A moment, in milliseconds since the Unix epoch, in the format of RFC 3339, for the `datetime` of
/// an element.
pub fn timestamp(at_ms: u64) -> String {
    date_of(at_ms).to_iso_string().into()
}

/// Takes the picture of an earlier list away, which `first.js` shows until there is one.
pub fn end_picture() {
    if let Ok(Some(picture)) = document().query_selector(".first") {
        picture.remove();
    }
}

/// Sets an attribute of the root element, which the stylesheet reads.
pub fn mark_page(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // The names are constants of this program, and valid.
        let _ = root.set_attribute(name, value);
    }
}

/// The text in a file.
///
/// # Errors
/// Fails with the browser's error if the file cannot be read.
pub async fn text_of(file: &File) -> Result<String, JsValue> {
    let text = JsFuture::from(file.text()).await?;
    text.as_string().ok_or(JsValue::UNDEFINED)
}

/// A file with this name and text.
///
/// # Errors
/// Fails with the browser's error.
pub fn file_of(name: &str, text: &str) -> Result<File, JsValue> {
    let options = web_sys::FilePropertyBag::new();
    options.set_type("text/plain");
    File::new_with_str_sequence_and_options(&Array::of1(&text.into()), name, &options)
}

/// Saves a text to the download folder, as a click on a link to it would.
///
/// # Errors
/// Fails with the browser's error.
pub fn save_text(name: &str, text: &str) -> Result<(), JsValue> {
    let url = web_sys::Url::create_object_url_with_blob(file_of(name, text)?.as_ref())?;
    let link = document()
        .create_element("a")?
        .dyn_into::<web_sys::HtmlAnchorElement>()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has the text once the click is over; the URL goes with the page.
    Ok(())
}

/// The text at an address, without cookies and without the cache. Of a longer text than `most` bytes, a little more than
/// that comes back; after `patience_ms` milliseconds the request is given up.
///
/// # Errors
/// Fails with the browser's error, or if the answer is not one of success.
pub async fn fetch_text(url: &str, most: usize, patience_ms: u32) -> Result<String, JsValue> {
    let abort = web_sys::AbortController::new()?;
    let init = web_sys::RequestInit::new();
    init.set_cache(web_sys::RequestCache::NoStore);
    init.set_credentials(web_sys::RequestCredentials::Omit);
    init.set_signal(Some(&abort.signal()));
    let ending = abort.clone();
    let _late = Timeout::new(patience_ms, move || ending.abort());
    let answer: web_sys::Response = JsFuture::from(web::http::fetch(url, &init))
        .await?
        .dyn_into()?;
    if !answer.ok() {
        return Err(JsValue::UNDEFINED);
    }
    let mut bytes = Vec::new();
    if let Some(body) = answer.body() {
        let buffer = js_sys::ArrayBuffer::new(READ_BUFFER);
        let mut reader = ByteReader::new(&body, buffer)?;
        while let Some(piece) = reader.read().await? {
            bytes.extend(piece.to_vec());
            if bytes.len() > most {
                // The rest is not wanted.
                abort.abort();
                break;
            }
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How long the search for QR codes in a picture may take, in milliseconds.
const SCAN_MS: u32 = 2_000;

/// What is in a QR code.
pub struct Scanned {
    /// Its text.
    pub text: String,
    /// Whether that is a link to a file.
    pub is_link: bool,
}

impl Scanned {
    /// The link to a file in it, if it is one.
    pub fn link(self) -> Option<String> {
        self.is_link.then_some(self.text)
    }
}

/// The QR codes in a picture. They are read by a worker of their own, which ends with the search: a large picture takes a while,
/// and as much memory as it has pixels. What takes too long, or is no picture, has none.
pub async fn codes_in(picture: &File) -> Vec<Scanned> {
    /// The script of the worker.
    const SCRIPT: &str = "scan.js";
    let options = web_sys::WorkerOptions::new();
    options.set_type(web_sys::WorkerType::Module);
    let Ok(worker) = web_sys::Worker::new_with_options(SCRIPT, &options) else {
        return Vec::new();
    };
    let mut waiting = None;
    let answer = Promise::new(&mut |resolve, _| {
        // A promise is settled once, and a function that settles it does not fail.
        let (failed, late) = (resolve.clone(), resolve.clone());
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let _ = resolve.call1(&JsValue::NULL, &event.data());
        });
        let failed = Closure::<dyn FnMut()>::new(move || {
            let _ = failed.call0(&JsValue::NULL);
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        let late = Timeout::new(SCAN_MS, move || {
            let _ = late.call0(&JsValue::NULL);
        });
        waiting = Some((heard, failed, late));
    });
    let found = match worker.post_message(picture) {
        Ok(()) => JsFuture::from(answer).await.ok(),
        Err(_) => None,
    };
    worker.terminate();
    drop(waiting);
    let found = found.and_then(|found| found.as_string());
    let lines = found.as_deref().unwrap_or_default().lines();
    let code = |line: &str| {
        let (mark, text) = line.split_at_checked(1)?;
        let (text, is_link) = (text.to_owned(), mark == "+");
        Some(Scanned { text, is_link })
    };
    lines.filter_map(code).collect()
}

/// The time of now, as the person's language writes it.
pub fn now_in_words() -> String {
    js_sys::Date::new_0()
        .to_locale_string(&words::locale(), &JsValue::UNDEFINED)
        .into()
}
