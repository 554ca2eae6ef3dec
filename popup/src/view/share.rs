//! The field at the top, in which a person pastes a link, and onto which they drop files to share.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web::browser::dialog_closes_popup;
use web::handle;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::options::chosen;
use super::{button, complaint, fetch, file_name, hint, icon, naming, outcome, waiting};
use crate::face::{Face, Msg, Name, STAGE_BUTTON, STAGE_LINK, STAGE_NAME, Sender, Topic, View};
use crate::files::{PickError, Picked};
use crate::preferences::Filter;
use crate::{files, text};

/// The number of picked files that are named before they are shared.
const NAMED: usize = 3;

/// Draws the field in which one pastes and onto which one drops, the buttons that choose files, what was picked, and what
/// went wrong.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let onprivate = sender.callback_if(|event: Event| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Private(input.checked()))
    });
    let wrong = face.fetch_error.is_some();
    html! {
        <section class={classes!("give", wrong.then_some("wrong"))} aria-label={text::give()} data-testid="drop-zone">
            { fetch::field(face, sender) }
            { fetch::look(face, sender) }
            <div class="line tools">
                { choose(face.view, sender, true, "small", text::share_choose(), "file-input", Msg::Picked) }
                if !picks_in_tab(face.view) {
                    <label class="button small">
                        <input class="unseen" type="file" webkitdirectory=true data-testid="folder-input" onchange={picked(sender, Msg::Picked)} />
                        { icon("folder") }{ text::share_folder() }
                    </label>
                }
                <span class="space"></span>
                // A file of the page is shared at once, by the name that it has there.
                if face.tab() != Filter::Page { { names_first(face, sender) } }
                { ends(face, sender) }
                <label class="switch" title={text::private_help()}>
                    <input type="checkbox" role="switch" checked={face.is_private()} onchange={onprivate} data-testid="share-private" />
                    <span>{ text::share_privately() }</span>
                </label>
            </div>
            if face.fetch_given { <p class="hint" role="status" data-testid="fetch-given">{ text::fetch_given() }</p> }
            { complaint(face.fetch_error.as_ref(), "fetch-error") }
            { outcome(face, sender, &Topic::Fetch, "fetch-error") }
            if face.scanning { { waiting(text::scanning(), "scanning") } }
            if !face.stage.is_empty() { { stage(face, sender) } }
            if face.is_waiting(&Topic::Files) {
                { waiting(text::share_handing(), "share-waiting") }
            }
            { complaint(face.stage_error.as_ref(), "share-error") }
            { outcome(face, sender, &Topic::Files, "share-error") }
        </section>
    }
}

/// Draws whether a file that is picked waits for a name and a note before it is shared.
fn names_first(face: &Face, sender: &Sender) -> Html {
    let first = face.names_first;
    let onclick = sender.callback(move |_| Msg::Name(Name::First(!first)));
    html! {
        <button type="button" class="quiet names-first" title={text::names_first()} aria-label={text::names_first()} aria-pressed={first.to_string()} data-testid="names-first" {onclick}>{ icon("pen") }</button>
    }
}

/// Draws the choice of when what is shared here stops being shared by itself.
fn ends(face: &Face, sender: &Sender) -> Html {
    let at = face.ends_at();
    // What was set for all may be none of these, and is kept until something else is chosen.
    let others = usize::from(at.is_none());
    let onchange = sender
        .callback_if(move |event: Event| Some(Msg::Ends(chosen(&event)?.checked_sub(others)?)));
    html! {
        <label class={classes!("ends", at.is_none_or(|at| at > 0).then_some("on"))} title={text::ends_help()}>
            { icon("clock") }
            <select aria-label={text::options_ends()} {onchange} data-testid="share-ends">
                if at.is_none() { <option selected=true>{ text::ends_as_set() }</option> }
                { for text::ends().into_iter().enumerate().map(|(index, words)| html! { <option selected={at == Some(index)}>{ words }</option> }) }
            </select>
        </label>
    }
}

/// Whether files are picked in a tab, because the browser closes the popup when it opens the dialog for them.
fn picks_in_tab(view: View) -> bool {
    view == View::Popup && dialog_closes_popup()
}

/// What a field does in which files were chosen.
fn picked(
    sender: &Sender,
    told: impl Fn(Result<Vec<Picked>, PickError>) -> Msg + 'static,
) -> Callback<Event> {
    sender.callback_if(move |event: Event| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        let picked = files::of_list(&input.files()?);
        // This allows the same file to be picked again.
        input.set_value("");
        Some(told(picked))
    })
}

/// What a field does that is clicked: it opens the dialog whose files may stay where they are, if the browser has one.
fn open_dialog(
    sender: &Sender,
    many: bool,
    told: impl Fn(Result<Vec<Picked>, PickError>) -> Msg + Clone + 'static,
) -> Callback<MouseEvent> {
    let sender = sender.clone();
    Callback::from(move |event: MouseEvent| {
        if !handle::has_dialog() {
            return;
        }
        event.prevent_default();
        let (sender, told, chosen) = (sender.clone(), told.clone(), files::choose(many));
        spawn_local(async move {
            if let Some(picked) = chosen.await {
                sender.send(told(picked));
            }
        });
    })
}

/// A button with which one file or many are chosen, or a link to the tab in which they can be.
pub fn choose(
    view: View,
    sender: &Sender,
    many: bool,
    class: &'static str,
    words: &'static str,
    testid: &'static str,
    told: impl Fn(Result<Vec<Picked>, PickError>) -> Msg + Clone + 'static,
) -> Html {
    if picks_in_tab(view) {
        return html! {
            <a class={classes!("button", class)} href="popup.html?view=tab" target="_blank" data-testid="choose-in-tab">{ icon("up") }{ words }</a>
        };
    }
    html! {
        <label class={classes!("button", class)}>
            <input class="unseen" type="file" multiple={many} data-testid={testid} onclick={open_dialog(sender, many, told.clone())} onchange={picked(sender, told)} />
            { icon("up") }{ words }
        </label>
    }
}

fn stage(face: &Face, sender: &Sender) -> Html {
    let bytes = face.stage.iter().map(Picked::size).sum();
    let more = face.stage.len().saturating_sub(NAMED);
    let together = |value: bool| sender.callback(move |_: Event| Msg::Together(value));
    let staged = face.staged_name();
    let typed = face.stage_naming.name.as_ref();
    let name = staged.as_ref().map(|staged| &**typed.unwrap_or(staged));
    let help = match name {
        Some(_) if face.is_private() => text::name_private(),
        _ => "",
    };
    let (share_class, share_words) = match face.stage_link {
        Some(_) => ("", text::scanned_share()),
        None => ("main", text::share()),
    };
    let onsubmit = sender.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::ShareStage
    });
    let onkeydown = sender.callback_if(|event: KeyboardEvent| {
        // Otherwise the browser would close the popup.
        (event.key() == "Escape").then(|| {
            event.prevent_default();
            Msg::DropStage
        })
    });
    html! {
        <form class="stage" novalidate=true {onsubmit} {onkeydown} data-testid="stage">
            <ul>
                { for face.stage.iter().take(NAMED).map(|picked| html! { <li>{ file_name(&picked.path, "stage-name") }</li> }) }
                if more > 0 { <li class="hint">{ text::and_more(more as u64) }</li> }
            </ul>
            { hint(text::picked(face.stage.len(), bytes).into()) }
            if face.stage.len() > 1 || face.together {
                <fieldset>
                    <legend class="unseen">{ text::share_how() }</legend>
                    <label><input type="radio" name="together" checked={!face.together} onchange={together(false)} data-testid="stage-each" />{ text::share_each() }</label>
                    <label><input type="radio" name="together" checked={face.together} onchange={together(true)} data-testid="stage-together" />{ text::share_together() }</label>
                </fieldset>
            }
            if let Some(link) = &face.stage_link {
                <p class="hint">{ text::scanned() }</p>
                <p><bdi class="code" dir="ltr" data-testid="stage-found">{ link }</bdi></p>
            }
            // Whoever has a picture of a code most likely wants what it leads to.
            if face.stage_link.is_none() || face.names_first {
                { naming::fields(sender, STAGE_NAME.to_owned(), name, help, &face.stage_naming.note) }
            }
            <p class="buttons">
                if face.stage_link.is_some() {
                    <button id={STAGE_LINK} type="button" class="main" data-testid="stage-link" onclick={sender.callback(|_| Msg::FollowScanned)}>{ text::scanned_follow() }</button>
                }
                <button id={STAGE_BUTTON} type="submit" class={share_class} data-testid="stage-share">{ share_words }</button>
                { button("", "", text::cancel().into(), "stage-cancel", false, sender.callback(|_| Msg::DropStage)) }
            </p>
            if face.view == View::Popup && face.stage.len() > NAMED {
                <p class="hint">{ text::share_big() }{ " " }<a href="popup.html?view=tab" target="_blank">{ text::open_tab() }</a></p>
            }
        </form>
    }
}
