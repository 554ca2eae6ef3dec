//! The card of the settings about the identity: another one, and its file.

use fluence::state::Settings;
use fluence::text::quote;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::options::{own_id, ticked, typed};
use super::{button, card, complaint, hint, icon, outcome};
use crate::face::{AboutIdentity, Do, Face, Msg, PASSPHRASE, Sender, Topic};
use crate::text;

/// Draws the card.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let waits = face.is_waiting(&Topic::Identity) || face.is_waiting(&Topic::IdentityFile);
    let ask = |asks: fn() -> Option<AboutIdentity>| {
        sender.callback(move |_| Msg::Pages(Do::AskIdentity(asks())))
    };
    let onchange = sender.callback_if(|event: Event| {
        let field = event.target()?.dyn_into::<HtmlInputElement>().ok()?;
        let file = field.files()?.get(0)?;
        // The same file can be chosen again.
        field.set_value("");
        Some(Msg::Pages(Do::IdentityFile(file)))
    });
    let each = sender.callback_if(|event: Event| {
        let on = ticked(&event)?;
        let change = move |settings: &mut Settings| settings.session_identity = on;
        Some(Msg::Set(Topic::Identity, Box::new(change)))
    });
    let state = if waits {
        text::identity_waits()
    } else if face.done.contains(&Topic::Identity) {
        text::identity_done()
    } else if face.done.contains(&Topic::IdentityFile) {
        text::identity_saved()
    } else {
        ""
    };
    let content = html! {
        <>
            { hint(text::identity_help().into()) }
            { own_id(face, sender) }
            <label class="check">
                <input type="checkbox" checked={face.settings().session_identity} disabled={waits} onchange={each} data-testid="identity-session" />
                <span>{ text::identity_session() }</span>
            </label>
            { hint(text::identity_session_help().into()) }
            <p class="buttons">
                { button("", "", text::identity_new().into(), "identity-new", waits, ask(|| Some(AboutIdentity::New))) }
                { button("", "down", text::identity_save().into(), "identity-save", waits, ask(|| Some(AboutIdentity::Save))) }
                <label class="button">{ icon("up") }{ text::identity_use() }<input type="file" class="unseen" accept=".json,application/json" disabled={waits} {onchange} data-testid="identity-use" /></label>
            </p>
            { question(face, sender, waits) }
            <p class="hint" role="status" data-testid="identity-state">{ state }</p>
            { complaint(face.pages.identity_error.map(str::to_owned).as_ref(), "identity-wrong") }
            { outcome(face, sender, &Topic::Identity, "identity-failure") }
            { outcome(face, sender, &Topic::IdentityFile, "identity-file-failure") }
        </>
    };
    card("", "identity-title", text::identity(), content)
}

/// Draws what the person is asked.
fn question(face: &Face, sender: &Sender, waits: bool) -> Html {
    let Some(asked) = &face.pages.identity else {
        return Html::default();
    };
    let onsubmit = sender.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Pages(Do::Identity)
    });
    let wrong = face.pages.identity_error.is_some().to_string();
    let field = |at: usize, id: &'static str, words: &'static str, complete: &'static str| {
        let oninput = sender.callback_if(move |event: InputEvent| {
            Some(Msg::Pages(Do::Passphrase(at, typed(&event)?)))
        });
        html! {
            <div class="pair">
                <label for={id}>{ words }</label>
                <input {id} type="password" autocomplete={complete} value={face.pages.passphrase[at].clone()} {oninput} disabled={waits}
                    aria-invalid={wrong.clone()} aria-describedby="identity-wrong" data-testid={id} />
            </div>
        }
    };
    let (class, words, fields, confirm) = match asked {
        AboutIdentity::New => (
            "danger",
            html! { text::identity_question() },
            Html::default(),
            text::identity_confirm(),
        ),
        AboutIdentity::Save => (
            "main",
            html! { text::identity_save_question() },
            html! {
                <>
                    { field(0, PASSPHRASE, text::passphrase(), "new-password") }
                    { field(1, "passphrase-again", text::passphrase_again(), "new-password") }
                </>
            },
            text::identity_save_confirm(),
        ),
        AboutIdentity::Use(name, _) => (
            "danger",
            html! { <><bdi>{ quote(name) }</bdi><br />{ text::identity_use_question() }</> },
            field(0, PASSPHRASE, text::passphrase(), "current-password"),
            text::identity_confirm(),
        ),
    };
    let keep = sender.callback(|_| Msg::Pages(Do::AskIdentity(None)));
    html! {
        <form class="question" {onsubmit} novalidate=true data-testid="identity-question">
            <p role="alert">{ words }</p>
            { fields }
            <p class="buttons">
                <button type="submit" {class} disabled={waits} data-testid="identity-confirm">{ confirm }</button>
                { button("", "", text::cancel().into(), "identity-keep", waits, keep) }
            </p>
        </form>
    }
}
