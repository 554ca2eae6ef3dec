//! The field for links and hashes, and what is at the link in it.

use fluence::command::{Entry, Look};
use fluence::kind::can_act;
use fluence::state::FOLDER;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{button, file_name, hint, icon, icon_button, outcome, waiting};
use crate::face::{Face, Msg, Sender, Topic};
use crate::page::FileKind;
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

/// Draws what is at the link in the field, or that it is being asked for.
pub fn look(face: &Face, sender: &Sender) -> Html {
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
            let peer = look.peer.as_deref().and_then(text::peer_end);
            html! {
                <>
                <div class="look" role="status" data-testid="look">
                    <span class="picture">{ icon(kind.class()) }</span>
                    <div>
                        if let Some(name) = name { { file_name(name, "look-name") } }
                        if look.private { <p>{ text::look_private() }</p> }
                        if look.lacks_key() { <p class="line acts" data-testid="look-lacks-key">{ icon("warn") }<span class="hint">{ text::lacks_key() }</span></p> }
                        <p class="hint" data-testid="look-about">{ text::seen(kind_known, look.size, peer.as_deref()) }</p>
                        if look.peer.is_none() { <p class="hint">{ text::look_here() }</p> }
                        if kind != FileKind::Folder && name.is_some_and(can_act) { <p class="line acts" data-testid="look-acts">{ icon("warn") }<span class="hint">{ text::look_acts() }</span></p> }
                    </div>
                </div>
                // The names in a private folder are in its bytes.
                if kind == FileKind::Folder && !look.private && look.peer.is_some() { { inside(face, sender, look) } }
                </>
            }
        }
    }
}

/// Draws what is in the folder at the link in the field, of which single files can be fetched.
fn inside(face: &Face, sender: &Sender, look: &Look) -> Html {
    let list = |upload| sender.callback(move |_| Msg::LookInside(None, upload));
    let asked = face.is_looking_inside(&None);
    html! {
        <div class="inside" data-testid="inside">
            { outcome(face, sender, &Topic::Inside, "inside-refused") }
            if asked {
                { waiting(text::inside_looking(), "inside-waiting") }
            } else if face.inside.of(&None).is_some_and(|listed| listed.entries.is_none()) {
                { hint(text::inside_upload(look.size).into()) }
                { button("small", "", text::inside_upload_it().into(), "inside-upload", false, list(true)) }
            } else if face.inside.of(&None).is_some() {
                { entries(face, sender, None, "") }
            } else {
                { button("small", "", text::inside_show().into(), "inside-show", false, list(false)) }
            }
        </div>
    }
}

/// Draws what is in a folder, if that is known. `path` leads to it from the folder at the link, and ends with `/` unless it
/// is that.
fn entries(face: &Face, sender: &Sender, folder: Option<String>, path: &str) -> Html {
    if face.is_looking_inside(&folder) {
        return waiting(text::inside_looking(), "inside-waiting");
    }
    let Some(listed) = face.inside.of(&folder) else {
        return Html::default();
    };
    html! {
        <>
            <ul class="tree">
                { for listed.entries.iter().flatten().map(|inner| entry(face, sender, inner, path)) }
            </ul>
            if listed.entries.as_ref().is_none_or(Vec::is_empty) { { hint(text::inside_nothing().into()) } }
            if listed.more { { hint(text::inside_more().into()) } }
        </>
    }
}

/// Draws an entry of a folder.
fn entry(face: &Face, sender: &Sender, entry: &Entry, path: &str) -> Html {
    let Entry {
        name,
        part,
        cid,
        size,
        folder,
    } = entry;
    let fetch = {
        let path = format!("{path}{part}");
        sender.callback(move |_| Msg::FetchEntry(path.clone()))
    };
    let size = size.map(words::size);
    if *folder != Some(true) {
        let kind = FileKind::of(None, name);
        return html! {
            <li key={format!("{cid} {name}")} class="line" data-testid="entry">
                { icon(kind.class()) }{ file_name(name, "entry-name") }
                <span class="space"></span><span class="hint">{ size }</span>
                <button type="button" class="quiet" title={text::fetch_named(name)} aria-label={text::fetch_named(name)} data-testid="entry-fetch" onclick={fetch}>{ icon("down") }</button>
            </li>
        };
    }
    let within = Some(cid.clone());
    let open = face.inside.of(&within).is_some();
    let toggle = {
        let within = within.clone();
        sender.callback(move |_| Msg::LookInside(within.clone(), false))
    };
    html! {
        <li key={format!("{cid} {name}")} data-testid="entry">
            <div class="line">
                <button type="button" class="about" aria-expanded={open.to_string()} data-testid="entry-open" onclick={toggle}>{ icon("folder") }{ file_name(name, "entry-name") }</button>
                <span class="hint">{ size }</span>
                <button type="button" class="quiet" title={text::fetch_named(name)} aria-label={text::fetch_named(name)} data-testid="entry-fetch" onclick={fetch}>{ icon("down") }</button>
            </div>
            { entries(face, sender, within, &format!("{path}{part}/")) }
        </li>
    }
}
