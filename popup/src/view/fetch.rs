//! The field for links and hashes.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{icon, icon_button};
use crate::face::{Face, Msg, Sender, Topic};
use crate::text;

/// Draws the field and its buttons.
pub fn field(face: &Face, sender: &Sender) -> Html {
    let oninput = sender.callback_if(|event: InputEvent| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::FetchText(input.value()))
    });
    let onsubmit = sender.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Fetch
    });
    let waiting = face.is_waiting(&Topic::Fetch);
    let wrong = face.fetch_error.is_some();
    html! {
        <form class="field" {onsubmit} novalidate=true>
            { icon("copy") }
            <input ref={face.fetch_field.clone()} type="text" dir={(!face.fetch_text.is_empty()).then_some("ltr")} value={face.fetch_text.clone()} {oninput}
                placeholder={text::give_hint()} aria-label={text::give_hint()} aria-invalid={wrong.to_string()}
                aria-describedby={wrong.then_some("fetch-error")} autocomplete="off" autocapitalize="off" spellcheck="false"
                data-testid="fetch-input" />
            { icon_button("paste", text::fetch_paste(), "fetch-paste", sender.callback(|_| Msg::Paste)) }
            if !face.fetch_text.is_empty() {
                <button type="submit" class="small main" disabled={waiting} data-testid="fetch-button">{ icon("down") }{ text::fetch() }</button>
            }
        </form>
    }
}
