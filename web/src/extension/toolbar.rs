//! The parts of the worker that a person sees while no page of the extension is open: the toolbar
//! button with its badge, the context menu, and notifications.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::browser::has_notification_buttons;
use crate::extension::pages::open_tab;
use crate::extension::runtime::url_of;
use crate::js::{message_of, object, outcome, set, warn_on_error};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setBadgeText, catch)]
    fn set_badge_text(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setBadgeBackgroundColor, catch)]
    fn set_badge_colour(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = setTitle, catch)]
    fn set_title(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "action"], js_name = openPopup, catch)]
    fn open_popup() -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "contextMenus"], js_name = removeAll, catch)]
    fn remove_menus() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "contextMenus"], js_name = create, catch)]
    fn create_menu(details: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "notifications"], js_name = create, catch)]
    fn create_notification(id: &str, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "notifications"], js_name = clear, catch)]
    fn clear_notification(id: &str) -> Result<Promise, JsValue>;
}

/// Sets the text and the colour of the badge, and the title that is shown while the mouse is over
/// the button.
pub async fn badge(text: &str, colour: &str, title: &str) {
    let text = outcome(set_badge_text(&object([("text", text.into())]))).await;
    warn_on_error("the badge's text was not set", text);
    let colour = outcome(set_badge_colour(&object([("color", colour.into())]))).await;
    warn_on_error("the badge's colour was not set", colour);
    let title = outcome(set_title(&object([("title", title.into())]))).await;
    warn_on_error("the title was not set", title);
}

/// Shows the popup, or the same page in a tab if the browser does not let the worker open the
/// popup.
pub async fn show_face() {
    if outcome(open_popup()).await.is_err() {
        warn_on_error(
            "the page was not opened",
            open_tab(&url_of("popup.html")).await,
        );
    }
}

/// Makes the entries of the context menu, each with an id and a title, in place of earlier ones.
pub async fn make_menu(entries: &[(&str, &str)], contexts: &[&str]) {
    warn_on_error(
        "the old menu was not removed",
        outcome(remove_menus()).await,
    );
    let contexts: Array = contexts.iter().map(|c| JsValue::from_str(c)).collect();
    for (id, title) in entries {
        let entry = object([
            ("id", (*id).into()),
            ("title", (*title).into()),
            ("contexts", (&contexts).into()),
        ]);
        let made = create_menu(&entry).map_err(|why| message_of(&why));
        warn_on_error("the menu was not made", made);
    }
}

/// Shows a notification, in place of one with the same id.
pub async fn notify(id: &str, title: &str, message: &str) {
    create(id, title, message, None).await;
}

/// Shows a notification that stays until it is answered with one of its buttons. A browser without buttons refuses one that
/// has them, and shows one whose click leads to the list of files.
pub async fn ask(id: &str, title: &str, message: &str, buttons: [&str; 2]) {
    let buttons = has_notification_buttons().then_some(buttons);
    create(id, title, message, buttons).await;
}

async fn create(id: &str, title: &str, message: &str, buttons: Option<[&str; 2]>) {
    let details = object([
        ("type", "basic".into()),
        ("iconUrl", url_of("icons/128.png").into()),
        ("title", title.into()),
        ("message", message.into()),
    ]);
    if let Some(buttons) = buttons {
        let buttons: Array = buttons
            .into_iter()
            .map(|title| object([("title", title.into())]))
            .collect();
        set(&details, "buttons", &buttons);
        set(&details, "requireInteraction", &true.into());
    }
    let shown = outcome(create_notification(id, &details)).await;
    warn_on_error("the notification was not shown", shown);
}

/// Removes a notification.
pub async fn unnotify(id: &str) {
    let cleared = outcome(clear_notification(id)).await;
    warn_on_error("the notification was not removed", cleared);
}
