//! Web pages and tabs: finding and opening them, running scripts in them, and the permission to
//! read from them.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::js::{Outcome, member, message_of, object, outcome, text};

#[wasm_bindgen]
extern "C" {
    /// The function of `static/inpage.js` that is run in a page.
    #[wasm_bindgen(thread_local_v2, js_name = inpage)]
    static IN_PAGE: Function;

    #[wasm_bindgen(js_namespace = ["api", "scripting"], js_name = executeScript, catch)]
    fn execute_script(injection: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = create, catch)]
    fn create_tab(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = update, catch)]
    fn update_tab(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = query, catch)]
    fn query_tabs(query: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = get, catch)]
    fn get_tab(id: i32) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = navigator, js_name = registerProtocolHandler, catch)]
    fn register_protocol_handler(scheme: &str, url: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "permissions"], js_name = getAll, catch)]
    fn all_permissions() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "permissions"], js_name = remove, catch)]
    fn remove_permission(permissions: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "permissions"], js_name = contains, catch)]
    fn contains_permission(permissions: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "permissions"], js_name = request, catch)]
    fn request_permission(permissions: &JsValue) -> Result<Promise, JsValue>;
}

/// Runs the function of `static/inpage.js` in a frame, isolated from the page's own scripts, and returns its result.
///
/// # Errors
/// Fails with the browser's message if the function may not be run there or fails.
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
    let results = match outcome(execute_script(&injection)).await {
        Ok(results) => results,
        // Chromium may tell of a click a moment before it grants what the click permits.
        Err(_) => outcome(execute_script(&injection)).await?,
    };
    Ok(member(&Array::from(&results).get(0), "result"))
}

/// Runs a script of the extension, given its path, in the page of a tab, and returns the value of its last statement.
///
/// # Errors
/// Fails with the browser's message if the script may not be run there or fails.
pub async fn run_file(tab: i32, path: &str) -> Outcome<JsValue> {
    let injection = object([
        ("target", object([("tabId", tab.into())])),
        ("files", Array::of1(&path.into()).into()),
    ]);
    let results = outcome(execute_script(&injection)).await?;
    Ok(member(&Array::from(&results).get(0), "result"))
}

/// Opens an address in a new tab. The browser is called at once, not when the future is first
/// polled.
///
/// # Errors
/// Fails with the browser's message.
pub fn open_tab(url: &str) -> impl Future<Output = Outcome<JsValue>> + use<> {
    outcome(create_tab(&object([("url", url.into())])))
}

/// Opens an address where a person wants what they typed into the address bar: `place` is `currentTab`,
/// `newForegroundTab` or `newBackgroundTab`.
///
/// # Errors
/// Fails with the browser's message.
pub async fn open_at(url: &str, place: &str) -> Outcome<JsValue> {
    let url = ("url", url.into());
    match place {
        "currentTab" => outcome(update_tab(&object([url]))).await,
        _ => {
            let active = place != "newBackgroundTab";
            outcome(create_tab(&object([url, ("active", active.into())]))).await
        }
    }
}

/// A tab, as far as the browser lets the extension see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tab {
    /// The id by which the browser knows the tab.
    pub id: i32,
    /// The address of its page; `None` if the browser hides it from the extension.
    pub url: Option<String>,
    /// Its jar of cookies, if that is one of its own ([`own_jar`]).
    pub jar: Option<String>,
}

/// What the browser calls the jar of a tab, as it gives the tab, that has cookies of its own, as those in a container of
/// Firefox do.
pub fn own_jar(tab: &JsValue) -> Option<String> {
    text(tab, "cookieStoreId").filter(|store| store != DEFAULT_STORE)
}

/// The jar of cookies of tabs that are in no container.
const DEFAULT_STORE: &str = "firefox-default";

/// The tab with this id, or else the active tab of the current window.
///
/// # Errors
/// Fails with the browser's message if there is no such tab.
pub async fn tab(id: Option<i32>) -> Outcome<Tab> {
    let tab = match id {
        Some(id) => outcome(get_tab(id)).await?,
        None => {
            let query = object([("active", true.into()), ("currentWindow", true.into())]);
            Array::from(&outcome(query_tabs(&query)).await?).get(0)
        }
    };
    let id = member(&tab, "id").as_f64().ok_or("there is no such tab")?;
    Ok(Tab {
        id: id as i32,
        url: text(&tab, "url"),
        jar: own_jar(&tab),
    })
}

/// Asks the person whether links of a scheme are to open this address of the extension, in which `%s` stands for the link.
/// The browser does not say what they answer.
///
/// # Errors
/// Fails with the browser's message if it does not let an extension open links.
pub fn ask_for_links(scheme: &str, url: &str) -> Outcome<()> {
    register_protocol_handler(scheme, url).map_err(|why| message_of(&why))
}

/// Whether the extension may read from an origin, given as a match pattern.
pub async fn may_read(origin: &str) -> bool {
    let origins = object([("origins", Array::of1(&origin.into()).into())]);
    outcome(contains_permission(&origins))
        .await
        .is_ok_and(|may| may.is_truthy())
}

/// The origins that the person lets the extension read from, as match patterns.
pub async fn readable() -> Vec<String> {
    let Ok(permissions) = outcome(all_permissions()).await else {
        return Vec::new();
    };
    let origins: Array = member(&permissions, "origins").unchecked_into();
    origins
        .iter()
        .filter_map(|origin| origin.as_string())
        .collect()
}

/// Gives back the permission to read from an origin.
pub async fn give_back(origin: &str) {
    let origins = object([("origins", Array::of1(&origin.into()).into())]);
    // The list of what may be read says what became of it.
    let _ = outcome(remove_permission(&origins)).await;
}

/// Asks the person to let the extension read from these origins, given as match patterns, and
/// returns whether it may. The browser is called at once, not when the future is first polled,
/// because it asks only while it handles a click.
pub fn ask_to_read(origins: &[String]) -> impl Future<Output = bool> + use<> {
    let origins: Array = origins.iter().map(|o| JsValue::from_str(o)).collect();
    let asked = request_permission(&object([("origins", origins.into())]));
    async move { outcome(asked).await.is_ok_and(|may| may.is_truthy()) }
}
