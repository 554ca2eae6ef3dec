//! The keyboard focus.

use fluence::state::ItemId;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, HtmlDialogElement, HtmlElement, HtmlInputElement, ScrollIntoViewOptions,
    ScrollLogicalPosition,
};
use yew::NodeRef;

use crate::browser;

/// Puts the focus on an element, and selects its text if it is an input.
pub fn element(element: &NodeRef) {
    if let Some(element) = element.cast::<Element>() {
        focus_on(&element);
    }
}

/// Puts the focus on the element with this `id`, and selects its text if it is an input.
pub fn id(id: &str) {
    if let Some(element) = browser::document().get_element_by_id(id) {
        focus_on(&element);
    }
}

/// Puts the focus on the first entry of the menu that is shown.
pub fn menu() {
    let first = browser::document().query_selector("[role=menu] > [role^=menuitem]");
    if let Ok(Some(first)) = first {
        focus_on(&first);
    }
}

/// Shows the dialog with this `id` over the page, if it is there and not shown yet. It has the focus from then on, and
/// nothing behind it can be reached.
pub fn modal(id: &str) {
    let dialog = browser::document().get_element_by_id(id);
    let dialog = dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
        // It is in the document, and not open.
        let _ = dialog.show_modal();
    }
}

/// Moves the focus from one entry of the menu to another by a key, and returns whether the key does that.
pub fn in_menu(key: &str) -> bool {
    let Some(active) = browser::document().active_element() else {
        return false;
    };
    let menu = active.parent_element();
    let first = || menu.as_ref().and_then(Element::first_element_child);
    let last = || menu.as_ref().and_then(Element::last_element_child);
    let to = match key {
        "ArrowDown" => active.next_element_sibling().or_else(first),
        "ArrowUp" => active.previous_element_sibling().or_else(last),
        "Home" => first(),
        "End" => last(),
        _ => return false,
    };
    if let Some(to) = to {
        focus_on(&to);
    }
    true
}

fn focus_on(element: &Element) {
    let Some(element) = element.dyn_ref::<HtmlElement>() else {
        return;
    };
    // If the element has just gone, there is nothing to focus.
    let _ = element.focus();
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        match stem(input) {
            // A field for text has a selection.
            Some(end) => {
                let _ = input.set_selection_range(0, end);
            }
            None => input.select(),
        }
    }
}

/// Where the ending of the file's name in a field begins, in UTF-16 code units, if what is typed there should keep it.
fn stem(input: &HtmlInputElement) -> Option<u32> {
    let has_name = input.get_attribute("data-select").as_deref() == Some("stem");
    let name = has_name.then(|| input.value())?;
    let (stem, ending) = name.rsplit_once('.')?;
    let is_ending = !stem.is_empty() && !ending.is_empty() && !ending.contains(' ');
    is_ending.then(|| stem.encode_utf16().count() as u32)
}

/// Scrolls to an item of the list and puts the focus on it.
pub fn item(id: &ItemId) {
    let element = browser::document()
        .get_element_by_id(&item_id(id))
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        // The browser scrolls to it. If it has just gone, there is nothing to focus.
        let _ = element.focus();
    }
}

/// Scrolls as little as it takes to see an item of the list; the focus stays where it is.
pub fn see(id: &ItemId) {
    let element = browser::document().get_element_by_id(&item_id(id));
    let how = ScrollIntoViewOptions::new();
    how.set_block(ScrollLogicalPosition::Nearest);
    if let Some(element) = element {
        element.scroll_into_view_with_scroll_into_view_options(&how);
    }
}

/// The `id` of the item whose row has the focus somewhere in it.
pub fn row() -> Option<ItemId> {
    row_of(&browser::document().active_element()?)
}

/// The `id` of the item in whose row this element is.
pub fn row_of(element: &Element) -> Option<ItemId> {
    let row = element.closest(".item[data-id]").ok()??;
    row.get_attribute("data-id").map(ItemId)
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
    is_nowhere() || active.is_some_and(|element| element.has_attribute("disabled"))
}

/// Whether the element that has the focus is one that this CSS selector finds.
pub fn is_on(selector: &str) -> bool {
    let active = browser::document().active_element();
    active.is_some_and(|element| element.matches(selector) == Ok(true))
}

/// Whether no element has the focus.
pub fn is_nowhere() -> bool {
    let active = browser::document().active_element();
    active.is_none_or(|element| element.tag_name() == "BODY")
}

/// The `id` of an item's element.
pub fn item_id(id: &ItemId) -> String {
    format!("item-{}", id.0)
}

/// The `id` of what is pressed in an item's row: its name, or the box that selects it.
pub fn about_id(id: &ItemId) -> String {
    format!("about-{}", id.0)
}
