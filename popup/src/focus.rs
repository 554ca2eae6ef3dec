//! The keyboard focus.

use fluence::state::ItemId;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::NodeRef;

use crate::browser;

/// Puts the focus on an element, and selects its text if it is an input.
pub fn element(element: &NodeRef) {
    let Some(element) = element.cast::<HtmlElement>() else {
        return;
    };
    // If the element has just gone, there is nothing to focus.
    let _ = element.focus();
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        input.select();
    }
}

/// Scrolls to an item of the list and puts the focus on it.
pub fn item(id: &ItemId) {
    let element = browser::document()
        .get_element_by_id(&item_id(id))
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        element.scroll_into_view();
        // If the element has just gone, there is nothing to focus.
        let _ = element.focus();
    }
}

/// Puts the focus on the first of these elements, given as CSS selectors, that there is.
pub fn first_of(selectors: &[&str]) {
    let found = selectors.iter().find_map(|selector| {
        let element = browser::document().query_selector(selector).ok().flatten();
        element?.dyn_into::<HtmlElement>().ok()
    });
    if let Some(element) = found {
        // If the element has just gone, there is nothing to focus.
        let _ = element.focus();
    }
}

/// Whether the element that had the focus has gone, or can no longer have it.
pub fn is_lost() -> bool {
    let active = browser::document().active_element();
    active.is_none_or(|element| element.tag_name() == "BODY" || element.has_attribute("disabled"))
}

/// The `id` of an item's element.
pub fn item_id(id: &ItemId) -> String {
    format!("item-{}", id.0)
}
