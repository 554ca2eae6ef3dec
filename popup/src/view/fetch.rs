//! The field for hashes and links.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{card, complaint, icon, icon_button, outcome};
use crate::face::{Face, Msg, Sender, Topic};
use crate::text;

/// Draws the field, its button, and what went wrong.
pub fn view(face: &Face, sender: &Sender) -> Html {
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
    let content = html! {
        <>
            <form class="line" {onsubmit} novalidate=true>
                <div class={classes!("field", wrong.then_some("wrong"))}>
                    <input ref={face.fetch_field.clone()} type="text" dir="ltr" value={face.fetch_text.clone()} {oninput}
                        placeholder={text::FETCH_HINT} aria-labelledby="fetch-title" aria-invalid={wrong.to_string()}
                        aria-describedby={wrong.then_some("fetch-error")} autocomplete="off" autocapitalize="off" spellcheck="false"
                        data-testid="fetch-input" />
                    { icon_button("paste", text::FETCH_PASTE, "fetch-paste", sender.callback(|_| Msg::Paste)) }
                </div>
                <button type="submit" class="main" disabled={waiting} data-testid="fetch-button">{ icon("down") }{ text::FETCH }</button>
            </form>
            { complaint(face.fetch_error.as_ref(), "fetch-error") }
            { outcome(face, sender, &Topic::Fetch, "fetch-error") }
        </>
    };
    card("fetch", "fetch-title", text::FETCH_TITLE, content)
}
