//! Where browsers differ: one interface (the trait `Browser`), and a file for each browser that implements it. Which one this is,
//! is told by what the browser has and not by its name.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use web_sys::{Blob, MessagePort};

use crate::js::{Outcome, member, outcome};

mod chrome;
mod firefox;

use chrome::Chrome;
use firefox::Firefox;

/// The message with which a port for the file worker is sent.
const FILES: &str = "files";

/// What differs: where blob URLs are made and the file worker runs, which a service worker can do neither of, and what a
/// browser remembers and closes by itself.
trait Browser {
    /// Whether the context menu has to be made each time that the worker starts.
    const FORGETS_MENUS: bool;

    /// Whether tabs may have cookies of their own.
    const HAS_CONTAINERS: bool;

    /// Whether the whole answer to a request is read into memory as fast as it comes.
    const READS_AHEAD: bool;

    /// Whether a worker is ended when its `fetch()` has had no answer for 30 s.
    const ENDS_WAITING_WORKERS: bool;

    /// Whether a permission may be asked for a moment after the click that needs it, and not only while that is handled.
    const ASKS_AFTER_CLICK: bool;

    /// Whether the popup is closed by the dialog in which files are chosen.
    const DIALOG_CLOSES_POPUP: bool;

    /// Whether the browser knows from the manifest which links the extension opens, and asks at the first click on one.
    const HAS_LINKS_IN_MANIFEST: bool;

    /// Whether the keys of extensions are changed in the menu of the page about:addons, which has no address of its own.
    const KEYS_AT_ADDONS: bool;

    /// Whether notifications have buttons, and stay until they are answered.
    const HAS_NOTIFICATION_BUTTONS: bool;

    /// Whether suggestions of the address bar are XML.
    const MARKS_UP_SUGGESTIONS: bool;

    /// Whether the browser writes down what is typed into the address bar after the keyword of an extension.
    const KEEPS_TYPED: bool;

    /// Opens the panel beside the page.
    ///
    /// # Errors
    /// The exception of the browser, where it has no panels.
    fn open_panel() -> Result<Promise, JsValue>;

    /// Opens the page of the browser on which a person changes the keys of extensions.
    ///
    /// # Errors
    /// The exception of the browser, where it has no such page.
    fn open_keys() -> Result<Promise, JsValue>;

    /// Makes sure that blob URLs can be made and that the file worker runs.
    ///
    /// # Errors
    /// The message of the browser, where it opens no page or starts no worker.
    async fn open_offscreen() -> Outcome<()>;

    /// Hands a port to the file worker; `false` where it is not ready yet, or not any more.
    ///
    /// # Errors
    /// The message of the browser, where the port cannot be transferred.
    async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool>;

    /// A blob URL that is made here; `None` where the offscreen page has to be asked for it.
    ///
    /// # Errors
    /// The message of the browser, where it makes none.
    fn url_in_place(blob: &Blob) -> Outcome<Option<String>>;

    /// Copies a text to the clipboard; `false` where the offscreen page has to be asked for it.
    ///
    /// # Errors
    /// The message of the browser, where it does not copy.
    async fn copy_in_place(text: &str) -> Outcome<bool>;

    /// Ends the file worker, and revokes the blob URLs.
    async fn close_offscreen();
}

/// The browsers.
enum Kind {
    Chrome,
    Firefox,
}

fn kind() -> Kind {
    if chrome::has_offscreen_pages() {
        Kind::Chrome
    } else {
        Kind::Firefox
    }
}

/// Whether the context menu has to be made each time that the worker starts.
pub fn forgets_menus() -> bool {
    match kind() {
        Kind::Chrome => Chrome::FORGETS_MENUS,
        Kind::Firefox => Firefox::FORGETS_MENUS,
    }
}

/// Whether tabs may have cookies of their own.
pub fn has_containers() -> bool {
    match kind() {
        Kind::Chrome => Chrome::HAS_CONTAINERS,
        Kind::Firefox => Firefox::HAS_CONTAINERS,
    }
}

/// Whether the whole answer to a request is read into memory as fast as it comes, however slowly its stream is read.
pub fn reads_ahead() -> bool {
    match kind() {
        Kind::Chrome => Chrome::READS_AHEAD,
        Kind::Firefox => Firefox::READS_AHEAD,
    }
}

/// Whether a worker is ended when its `fetch()` has had no answer for 30 s.
pub fn ends_waiting_workers() -> bool {
    match kind() {
        Kind::Chrome => Chrome::ENDS_WAITING_WORKERS,
        Kind::Firefox => Firefox::ENDS_WAITING_WORKERS,
    }
}

/// Whether each byte costs something on the network that is used now, as far as the browser tells: Firefox does not.
pub fn is_metered() -> bool {
    let navigator = member(&js_sys::global(), "navigator");
    let connection = member(&navigator, "connection");
    member(&connection, "saveData").as_bool() == Some(true)
        || member(&connection, "type").as_string().as_deref() == Some("cellular")
}

/// Whether the browser writes down what is typed into the address bar after the keyword of the extension, letter by letter.
pub fn keeps_typed() -> bool {
    match kind() {
        Kind::Chrome => Chrome::KEEPS_TYPED,
        Kind::Firefox => Firefox::KEEPS_TYPED,
    }
}

/// Whether a permission may be asked for a moment after the click that needs it, and not only while that is handled.
pub fn asks_after_click() -> bool {
    match kind() {
        Kind::Chrome => Chrome::ASKS_AFTER_CLICK,
        Kind::Firefox => Firefox::ASKS_AFTER_CLICK,
    }
}

/// Whether the popup is closed by the dialog in which files are chosen, so that a tab is needed for it.
pub fn dialog_closes_popup() -> bool {
    match kind() {
        Kind::Chrome => Chrome::DIALOG_CLOSES_POPUP,
        Kind::Firefox => Firefox::DIALOG_CLOSES_POPUP,
    }
}

/// Whether notifications have buttons, and stay until they are answered.
pub fn has_notification_buttons() -> bool {
    match kind() {
        Kind::Chrome => Chrome::HAS_NOTIFICATION_BUTTONS,
        Kind::Firefox => Firefox::HAS_NOTIFICATION_BUTTONS,
    }
}

/// Whether suggestions of the address bar are XML.
pub fn marks_up_suggestions() -> bool {
    match kind() {
        Kind::Chrome => Chrome::MARKS_UP_SUGGESTIONS,
        Kind::Firefox => Firefox::MARKS_UP_SUGGESTIONS,
    }
}

/// Whether the browser has panels beside a page.
pub fn has_panels() -> bool {
    match kind() {
        Kind::Chrome => chrome::has_side_panels(),
        Kind::Firefox => firefox::has_sidebars(),
    }
}

/// Opens the panel beside the page. The browser is called at once, not when the future is first polled, because it opens
/// one only while it handles a click.
///
/// # Errors
/// Fails with the browser's message if it has no panels.
pub fn open_panel() -> impl Future<Output = Outcome<JsValue>> {
    outcome(match kind() {
        Kind::Chrome => Chrome::open_panel(),
        Kind::Firefox => Firefox::open_panel(),
    })
}

/// Opens the page of the browser on which a person changes the keys of extensions. The browser is called at once, not when
/// the future is first polled.
///
/// # Errors
/// Fails with the browser's message if it has no such page.
pub fn open_keys() -> impl Future<Output = Outcome<JsValue>> {
    outcome(match kind() {
        Kind::Chrome => Chrome::open_keys(),
        Kind::Firefox => Firefox::open_keys(),
    })
}

/// Whether the browser knows from the manifest which links the extension opens, and asks at the first click on one.
pub fn has_links_in_manifest() -> bool {
    match kind() {
        Kind::Chrome => Chrome::HAS_LINKS_IN_MANIFEST,
        Kind::Firefox => Firefox::HAS_LINKS_IN_MANIFEST,
    }
}

/// Whether the keys of extensions are changed in the menu of the page about:addons, which has no address of its own.
pub fn has_keys_at_addons() -> bool {
    match kind() {
        Kind::Chrome => Chrome::KEYS_AT_ADDONS,
        Kind::Firefox => Firefox::KEYS_AT_ADDONS,
    }
}

/// Makes sure that blob URLs can be made and that the file worker runs.
///
/// # Errors
/// Fails with the browser's message if it cannot open the page or start the worker.
pub async fn open_offscreen() -> Outcome<()> {
    match kind() {
        Kind::Chrome => Chrome::open_offscreen().await,
        Kind::Firefox => Firefox::open_offscreen().await,
    }
}

/// Hands a port to the file worker. Returns `false` if the worker is not ready yet, or no longer
/// runs.
///
/// # Errors
/// Fails with the browser's message if the port cannot be transferred.
pub async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
    match kind() {
        Kind::Chrome => Chrome::hand_to_offscreen(port).await,
        Kind::Firefox => Firefox::hand_to_offscreen(port).await,
    }
}

/// Makes a blob URL in this program. Returns `None` in a browser where the offscreen page has to
/// make it.
///
/// # Errors
/// Fails with the browser's message if it cannot make the URL.
pub fn url_in_place(blob: &Blob) -> Outcome<Option<String>> {
    match kind() {
        Kind::Chrome => Chrome::url_in_place(blob),
        Kind::Firefox => Firefox::url_in_place(blob),
    }
}

/// Copies a text to the clipboard in this program. Returns `false` in a browser where the offscreen
/// page has to copy it.
///
/// # Errors
/// Fails with the browser's message if it does not copy.
pub async fn copy_in_place(text: &str) -> Outcome<bool> {
    match kind() {
        Kind::Chrome => Chrome::copy_in_place(text).await,
        Kind::Firefox => Firefox::copy_in_place(text).await,
    }
}

/// Ends the file worker, and revokes the blob URLs.
pub async fn close_offscreen() {
    match kind() {
        Kind::Chrome => Chrome::close_offscreen().await,
        Kind::Firefox => Firefox::close_offscreen().await,
    }
}
