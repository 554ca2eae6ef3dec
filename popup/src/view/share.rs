//! The section in which the person picks and drops files to share.

use wasm_bindgen::JsCast;
use web::browser::dialog_closes_popup;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{button, complaint, file_name, hint, icon, outcome, waiting};
use crate::face::{Face, Msg, Sender, Topic, View};
use crate::{files, text};

/// The number of picked files that are named before they are shared.
const NAMED: usize = 3;

/// Draws the buttons, what was picked, and what went wrong.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let onchange = sender.callback_if(|event: Event| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        let picked = files::of_list(&input.files()?);
        // This allows the same file to be picked again.
        input.set_value("");
        Some(Msg::Picked(picked))
    });
    let onprivate = sender.callback_if(|event: Event| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Private(input.checked()))
    });
    html! {
        <section class="card share" aria-labelledby="share-title" data-testid="drop-zone">
            <h2 id="share-title">{ text::SHARE_TITLE }</h2>
            <div class="line drop">
                if face.view == View::Popup && dialog_closes_popup() {
                    <a class="button" href="popup.html?view=tab" target="_blank" data-testid="choose-in-tab">{ icon("up") }{ text::SHARE_CHOOSE }</a>
                } else {
                    <label class="button">
                        <input class="unseen" type="file" multiple=true data-testid="file-input" onchange={onchange.clone()} />
                        { icon("up") }{ text::SHARE_CHOOSE }
                    </label>
                    <label class="button" title={text::SHARE_FOLDER}>
                        <input class="unseen" type="file" webkitdirectory=true aria-label={text::SHARE_FOLDER} data-testid="folder-input" {onchange} />
                        { icon("folder") }
                    </label>
                }
                <span class="hint">{ text::SHARE_DROP }</span>
                <label class="check private" title={text::PRIVATE_HELP}>
                    <input type="checkbox" checked={face.is_private()} onchange={onprivate} data-testid="share-private" />
                    <span>{ text::SHARE_PRIVATELY }</span>
                </label>
            </div>
            if !face.stage.is_empty() { { stage(face, sender) } }
            if face.is_waiting(&Topic::Files) {
                { waiting(text::SHARE_HANDING, "share-waiting") }
            }
            { complaint(face.stage_error.as_ref(), "share-error") }
            { outcome(face, sender, &Topic::Files, "share-error") }
        </section>
    }
}

fn stage(face: &Face, sender: &Sender) -> Html {
    let bytes = face.stage.iter().map(files::Picked::size).sum();
    let more = face.stage.len().saturating_sub(NAMED);
    let together = |value: bool| sender.callback(move |_: Event| Msg::Together(value));
    html! {
        <div class="stage" data-testid="stage">
            <ul>
                { for face.stage.iter().take(NAMED).map(|picked| html! { <li>{ file_name(&picked.path, "stage-name") }</li> }) }
                if more > 0 { <li class="hint">{ text::and_more(more) }</li> }
            </ul>
            { hint(text::picked(face.stage.len(), bytes).into()) }
            if face.stage.len() > 1 || face.together {
                <fieldset>
                    <legend class="unseen">{ text::SHARE_HOW }</legend>
                    <label><input type="radio" name="together" checked={!face.together} onchange={together(false)} data-testid="stage-each" />{ text::SHARE_EACH }</label>
                    <label><input type="radio" name="together" checked={face.together} onchange={together(true)} data-testid="stage-together" />{ text::SHARE_TOGETHER }</label>
                </fieldset>
            }
            <p class="buttons">
                <button ref={face.stage_button.clone()} type="button" class="main" data-testid="stage-share" onclick={sender.callback(|_| Msg::ShareStage)}>{ text::SHARE }</button>
                { button("", "", text::CANCEL.into(), "stage-cancel", false, sender.callback(|_| Msg::DropStage)) }
            </p>
            if face.view == View::Popup && face.stage.len() > NAMED {
                <p class="hint">{ text::SHARE_BIG }{ " " }<a href="popup.html?view=tab" target="_blank">{ text::OPEN_TAB }</a></p>
            }
        </div>
    }
}
