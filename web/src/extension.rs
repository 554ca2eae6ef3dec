//! The extension API, and what else the worker asks of the browser.
//!
//! `api` is what `static/background.js` found: `browser` where there is one, or else `chrome`. Both return promises.

use js_sys::{Array, Function, JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ImageBitmap, RequestInit};

use crate::js::{Outcome, member, message_of, object, outcome, warn_on_error};

#[wasm_bindgen]
extern "C" {
    /// Fetches as the worker, with the permissions of the extension and the cookies that the request asks for.
    #[wasm_bindgen(js_name = fetch)]
    pub fn fetch(url: &str, init: &RequestInit) -> Promise;

    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;

    /// Writes a panic to the console, and restarts the extension unless that happened a short while ago.
    #[wasm_bindgen(js_name = crashed)]
    pub fn crashed(message: &str);

    /// The function of `static/inpage.js` that is run in a page.
    #[wasm_bindgen(thread_local_v2, js_name = inpage)]
    static IN_PAGE: Function;

    #[wasm_bindgen(thread_local_v2, js_namespace = ["api", "runtime"], js_name = id)]
    static ID: JsString;
    #[wasm_bindgen(js_namespace = ["api", "runtime"], js_name = getURL)]
    pub(crate) fn url_of(path: &str) -> String;

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

/// The origin of this extension's pages and worker.
pub fn own_origin() -> String {
    url_of("").trim_end_matches('/').to_owned()
}
