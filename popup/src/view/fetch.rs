//! The field for links and hashes, and what is at the link in it.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::items::FOLDER;
use super::{file_name, icon, icon_button, waiting};
use crate::face::{Face, Msg, Sender, Topic};
use crate::page::FileKind;
use crate::text;

/// How much of the end of a peer id is shown.
const PEER_END: usize = 8;

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

/// Draws what is at the link in the field, or that it is being asked for.
pub fn look(face: &Face) -> Html {
    match &face.look {
        None if face.is_looking() => waiting(text::looking(), "look-waiting"),
        None => Html::default(),
        Some(Err(failure)) => html! {
            <p class="hint" role="status" data-testid="look-failed">{ text::not_seen(failure) }</p>
        },
        Some(Ok(look)) => {
            let name = look.name.as_deref();
            let kind = match look.mime.as_deref() {
                Some(FOLDER) => FileKind::Folder,
                mime => FileKind::of(mime, name.unwrap_or_default()),
            };
            let kind_known = (!look.private).then_some(kind);
            let end = |peer: &str| format!("…{}", &peer[peer.len().saturating_sub(PEER_END)..]);
            // Peer ids are ASCII; what is not one is not shown.
            let peer = look.peer.as_deref().filter(|peer| peer.is_ascii()).map(end);
            html! {
                <div class="look" role="status" data-testid="look">
                    <span class="picture">{ icon(kind.class()) }</span>
                    <div>
                        if let Some(name) = name { { file_name(name, "look-name") } }
                        if look.private { <p>{ text::look_private() }</p> }
                        <p class="hint" data-testid="look-about">{ text::seen(kind_known, look.size, peer.as_deref()) }</p>
                        if look.peer.is_none() { <p class="hint">{ text::look_here() }</p> }
                    </div>
                </div>
            }
        }
    }
}
