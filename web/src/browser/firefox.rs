//! Firefox, where the worker is a background page, which can start workers and make blob URLs
//! itself.

use std::cell::RefCell;

use js_sys::{Array, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessagePort, Url, Worker, WorkerOptions, WorkerType};

use crate::browser::{Browser, FILES};
use crate::js::{Outcome, message_of, outcome};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["navigator", "clipboard"], js_name = writeText, catch)]
    fn write_text(text: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(thread_local_v2, js_namespace = api, js_name = sidebarAction)]
    static SIDEBAR: Option<Object>;
    #[wasm_bindgen(js_namespace = ["api", "sidebarAction"], js_name = open, catch)]
    fn open_sidebar() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "commands"], js_name = openShortcutSettings, catch)]
    fn open_shortcut_settings() -> Result<Promise, JsValue>;
}

/// The script of the file worker.
const WORKER: &str = "files.js";

thread_local! {
    static STARTED: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static MADE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Whether the browser has a sidebar.
pub fn has_sidebars() -> bool {
    SIDEBAR.with(Option::is_some)
}

/// Firefox, and other browsers with background pages.
pub struct Firefox;

impl Browser for Firefox {
    const FORGETS_MENUS: bool = true;
    const HAS_CONTAINERS: bool = true;
    const READS_AHEAD: bool = true;
    const ENDS_WAITING_WORKERS: bool = false;
    const ASKS_AFTER_CLICK: bool = false;
    const DIALOG_CLOSES_POPUP: bool = true;

    const HAS_LINKS_IN_MANIFEST: bool = true;
    const KEYS_AT_ADDONS: bool = true;
    const HAS_NOTIFICATION_BUTTONS: bool = false;
    const MARKS_UP_SUGGESTIONS: bool = false;
    const KEEPS_TYPED: bool = false;

    fn open_panel() -> Result<Promise, JsValue> {
        open_sidebar()
    }

    fn open_keys() -> Result<Promise, JsValue> {
        open_shortcut_settings()
    }

    async fn open_offscreen() -> Outcome<()> {
        STARTED.with_borrow_mut(|started| {
            if started.is_none() {
                let options = WorkerOptions::new();
                options.set_type(WorkerType::Module);
                let worker = Worker::new_with_options(WORKER, &options);
                *started = Some(worker.map_err(|why| message_of(&why))?);
            }
            Ok(())
        })
    }

    async fn hand_to_offscreen(port: &MessagePort) -> Outcome<bool> {
        STARTED.with_borrow(|started| match started {
            Some(worker) => worker
                .post_message_with_transfer(&FILES.into(), &Array::of1(port).into())
                .map(|()| true)
                .map_err(|why| message_of(&why)),
            None => Ok(false),
        })
    }

    fn url_in_place(blob: &Blob) -> Outcome<Option<String>> {
        let url = Url::create_object_url_with_blob(blob).map_err(|why| message_of(&why))?;
        MADE.with_borrow_mut(|made| made.push(url.clone()));
        Ok(Some(url))
    }

    async fn copy_in_place(text: &str) -> Outcome<bool> {
        outcome(write_text(text)).await.map(|_| true)
    }

    async fn close_offscreen() {
        if let Some(worker) = STARTED.take() {
            worker.terminate();
        }
        for url in MADE.take() {
            // The URL was made here.
            let _ = Url::revoke_object_url(&url);
        }
    }
}
