//! Chrome, where the worker is a service worker, and an offscreen page does what it cannot do
//! itself.

use js_sys::{Array, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, Client, ClientQueryOptions, MessagePort, ServiceWorkerGlobalScope};

use crate::browser::{Browser, FILES};
use crate::extension::runtime::url_of;
use crate::js::{Outcome, message_of, object, outcome};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_namespace = api, js_name = offscreen)]
    static OFFSCREEN: Option<Object>;
    #[wasm_bindgen(thread_local_v2, js_namespace = api, js_name = sidePanel)]
    static SIDE_PANEL: Option<Object>;
    #[wasm_bindgen(js_namespace = ["api", "offscreen"], js_name = createDocument, catch)]
    fn create_offscreen(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "offscreen"], js_name = closeDocument, catch)]
    fn close_offscreen_page() -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "sidePanel"], js_name = open, catch)]
    fn open_side_panel(options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "tabs"], js_name = create, catch)]
    fn create_tab(details: &JsValue) -> Result<Promise, JsValue>;
}

/// The page that does what a service worker cannot.
const OFFSCREEN_PAGE: &str = "offscreen.html";

/// The page on which a person changes the keys of extensions.
const KEYS_PAGE: &str = "chrome://extensions/shortcuts";
/// `chrome.windows.WINDOW_ID_CURRENT`: the window of the page that asks.
const THIS_WINDOW: i32 = -2;

/// Whether the browser has offscreen pages.
pub fn has_offscreen_pages() -> bool {
    OFFSCREEN.with(Option::is_some)
}

/// Whether the browser has panels beside a page.
pub fn has_side_panels() -> bool {
    SIDE_PANEL.with(Option::is_some)
}

/// Chrome, and other browsers with service workers and offscreen pages.
pub struct Chrome;

impl Browser for Chrome {
    const FORGETS_MENUS: bool = false;
    const HAS_CONTAINERS: bool = false;
    const READS_AHEAD: bool = false;
    const ENDS_WAITING_WORKERS: bool = true;
    const ASKS_AFTER_CLICK: bool = true;
    const DIALOG_CLOSES_POPUP: bool = false;

    const HAS_LINKS_IN_MANIFEST: bool = false;
    const KEYS_AT_ADDONS: bool = false;
    const HAS_NOTIFICATION_BUTTONS: bool = true;
    const MARKS_UP_SUGGESTIONS: bool = true;
    const KEEPS_TYPED: bool = true;

    fn open_panel() -> Result<Promise, JsValue> {
        open_side_panel(&object([("windowId", THIS_WINDOW.into())]))
    }

    fn open_keys() -> Result<Promise, JsValue> {
        create_tab(&object([("url", KEYS_PAGE.into())]))
    }

    async fn open_offscreen() -> Outcome<()> {
        let details = object([
            ("url", OFFSCREEN_PAGE.into()),
            (
                "reasons",
                Array::of3(&"BLOBS".into(), &"WORKERS".into(), &"CLIPBOARD".into()).into(),
            ),
            (
                "justification",
                "Files are written and hashed by a worker, and saved through a blob URL, and links are copied to the clipboard; a service worker can do none of that."
                    .into(),
            ),
        ]);
        match outcome(create_offscreen(&details)).await {
            // It is open already.
            Err(why) if why.contains("Only a single offscreen") => Ok(()),
            opened => opened.map(drop),
        }
    }

    async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
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

    fn url_in_place(_blob: &Blob) -> Outcome<Option<String>> {
        Ok(None)
    }

    async fn copy_in_place(_text: &str) -> Outcome<bool> {
        Ok(false)
    }

    async fn close_offscreen() {
        // It may be closed already.
        let _ = outcome(close_offscreen_page()).await;
    }
}
