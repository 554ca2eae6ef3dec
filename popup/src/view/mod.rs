//! How the face looks: pure functions from what the face holds to elements.

mod fetch;
mod header;
mod identity;
mod items;
mod naming;
mod network;
pub mod nodes;
mod options;
mod page;
mod preview;
mod share;
mod time;
mod welcome;

use fluence::failure::{About, Failure};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Element};
use words::Extension;
use yew::prelude::*;

use crate::browser::Pasted;
use crate::face::{Face, Msg, Sender, Topic, View};
use crate::files::Dropped;
use crate::{name, qr, text};
pub use items::Menu;

/// Draws the whole face.
pub fn face(face: &Face, sender: &Sender) -> Html {
    let content = match face.view {
        View::Options => html! {
            <main class="options">{ header::banners(face, sender) }{ options::view(face, sender) }</main>
        },
        View::Welcome => html! {
            <main class="options">{ welcome::view(face, sender) }</main>
        },
        View::Network => html! {
            <main class="options">{ header::banners(face, sender) }{ network::view(face, sender) }</main>
        },
        View::Time => html! {
            <main class="options">{ header::now(face, sender) }{ time::view(face, sender) }</main>
        },
        View::Popup | View::Tab | View::Panel => html! {
            <main class="files">
                { header::banners(face, sender) }
                { share::view(face, sender) }
                { items::view(face, sender) }
            </main>
        },
    };
    let drags = face.view.has_files();
    let ondragover = sender.callback_if(move |event: DragEvent| {
        let data = event.data_transfer().filter(|_| drags)?;
        let files = has_files(&data);
        if files || (has_text(&data) && !is_into_other_field(&event)) {
            event.prevent_default();
        }
        files.then_some(Msg::Dragged(true))
    });
    let ondragleave = sender.callback_if(|event: DragEvent| {
        // Moving from one element to another does not leave the face.
        event
            .related_target()
            .is_none()
            .then_some(Msg::Dragged(false))
    });
    let ondrop = sender.callback_if(move |event: DragEvent| {
        let data = event.data_transfer().filter(|_| drags)?;
        if has_files(&data) {
            event.prevent_default();
            return Some(Msg::Dropped(Dropped::take(&data)));
        }
        if is_into_other_field(&event) {
            return None;
        }
        // Otherwise the browser would go to a link.
        event.prevent_default();
        Some(Msg::PastedHere(Pasted::Text(dropped_text(&data)?)))
    });
    html! {
        <div class={classes!("face", face.dragging.then_some("dragging"))} {ondragover} {ondragleave} {ondrop}>
            { header::view(face, sender) }
            { content }
            <p class="unseen" role="status" aria-live="polite" data-testid="said">{ &face.said }</p>
            { preview::view(face, sender) }
            if face.dragging {
                <div class="curtain" aria-hidden="true"><span>{ text::share_drop_now() }</span></div>
            }
        </div>
    }
}

/// What a link is dragged as, and what any text is.
const TEXTS: [&str; 2] = ["text/uri-list", "text/plain"];

fn has_files(data: &DataTransfer) -> bool {
    data.types().includes(&"Files".into(), 0)
}

fn has_text(data: &DataTransfer) -> bool {
    let types = data.types();
    TEXTS.iter().any(|kind| types.includes(&(*kind).into(), 0))
}

/// Whether something is dragged over a field other than the one for links, which takes a text by itself.
fn is_into_other_field(event: &DragEvent) -> bool {
    const OTHERS: &str = "input:not([data-testid=fetch-input]), textarea";
    let over = event.target().and_then(|over| over.dyn_into().ok());
    over.is_some_and(|over: Element| over.matches(OTHERS) == Ok(true))
}

/// The link that was dropped, or the text. Of several links it is the first one; lines with `#` are comments (RFC 2483).
fn dropped_text(data: &DataTransfer) -> Option<String> {
    let text = |kind: &&str| data.get_data(kind).ok();
    let is_said = |text: &String| !text.trim().is_empty();
    let [links, plain] = TEXTS;
    let link = text(&links).and_then(|links| {
        let mut lines = links.lines().map(str::trim);
        let link = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        link.map(str::to_owned)
    });
    link.or_else(|| text(&plain).filter(is_said))
}

/// An icon of the sprite in `popup.html`.
pub fn icon(name: &'static str) -> Html {
    html! { <svg class="icon" aria-hidden="true"><use href={format!("#icon-{name}")} /></svg> }
}

/// A button with words, and with an icon unless `picture` is empty.
#[inline(never)]
pub fn button(
    class: &'static str,
    picture: &'static str,
    words: AttrValue,
    testid: &'static str,
    disabled: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! {
        <button type="button" {class} {disabled} data-testid={testid} {onclick}>
            if !picture.is_empty() { { icon(picture) } }
            { words }
        </button>
    }
}

/// What a button says that copies something: what became of that for a moment, or else `words`. `key` names the button.
pub fn copy_words(copied: Option<&(String, bool)>, key: &str, words: &'static str) -> &'static str {
    match copied.filter(|(copied, _)| copied == key) {
        Some((_, true)) => text::copied(),
        Some((_, false)) => text::copy_refused_short(),
        None => words,
    }
}

/// Where there is nothing to list: why, and what to do about it.
pub fn empty(title: &'static str, advice: &'static str, testid: &'static str) -> Html {
    html! {
        <div class="empty" data-testid={testid}>
            <img src="icons/mark.svg" width="40" height="40" alt="" />
            <p><strong>{ title }</strong></p>
            { hint(advice.into()) }
        </div>
    }
}

/// A section of the page with its title.
#[inline(never)]
pub fn card(class: &'static str, id: &'static str, title: &'static str, content: Html) -> Html {
    html! {
        <section class={classes!("card", class)} aria-labelledby={id}><h2 {id}>{ title }</h2>{ content }</section>
    }
}

/// Says in words that something takes a moment.
#[inline(never)]
pub fn waiting(words: &'static str, testid: &'static str) -> Html {
    html! { <p class="waiting" role="status" data-testid={testid}><span class="spinner" aria-hidden="true"></span>{ words }</p> }
}

/// A hint, in a paragraph.
#[inline(never)]
pub fn hint(words: AttrValue) -> Html {
    html! { <p class="hint">{ words }</p> }
}

/// What is wrong with what the person typed or chose, if anything is.
#[inline(never)]
pub fn complaint(wrong: Option<&String>, id: &'static str) -> Html {
    html! {
        if let Some(wrong) = wrong { <p {id} class="wrong" role="alert" data-testid={id}>{ wrong }</p> }
    }
}

/// The QR code of a text, with a hint below it, or else that the text is too long for one.
pub fn qr_code(of: &str, label: String, help: &'static str) -> Html {
    let Some(qr::Picture { side, path }) = qr::picture(of) else {
        return hint(text::qr_too_long().into());
    };
    html! {
        <>
            <svg role="img" aria-label={label} viewBox={format!("0 0 {side} {side}")} shape-rendering="crispEdges">
                <rect width="100%" height="100%" fill="#fff" /><path d={path} fill="#000" />
            </svg>
            { hint(help.into()) }
        </>
    }
}

/// A button with only an icon. Its label is read out, and shown while the mouse is over it.
pub fn icon_button(
    picture: &'static str,
    label: &'static str,
    testid: &'static str,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! {
        <button type="button" class="quiet" title={label} aria-label={label} data-testid={testid} {onclick}>{ icon(picture) }</button>
    }
}

/// A file's name on one line, cut in the middle if there is no room; its title has the whole name.
pub fn file_name(whole: &str, testid: &'static str) -> Html {
    let (head, tail) = name::split(whole);
    html! {
        <bdi class="name" title={whole.to_owned()} data-testid={testid}><span class="head">{ head }</span><span class="tail">{ tail }</span></bdi>
    }
}

/// What went wrong, and what to do next. A screen reader reads it at once if the person can dismiss it, because
/// it is new then.
pub fn failure(
    failure: &Failure,
    about: About,
    testid: &'static str,
    dismiss: Option<Callback<MouseEvent>>,
) -> Html {
    let words = words::failure::<Extension>(failure, about);
    html! {
        <div class="trouble" role={dismiss.is_some().then_some("alert")} data-testid={testid} data-code={failure.code.as_str().to_owned()}>
            { icon("warn") }
            <p><strong>{ words.what }</strong>{ " " }<span class="advice">{ words.advice }</span></p>
            if let Some(dismiss) = dismiss {
                { icon_button("close", text::dismiss(), "dismiss", dismiss) }
            }
        </div>
    }
}

/// The failure of a command about a topic, and its question for permission, if there are any.
pub fn outcome(face: &Face, sender: &Sender, topic: &Topic, testid: &'static str) -> Html {
    let dismiss = |topic: &Topic| {
        let topic = topic.clone();
        sender.callback(move |_| Msg::Dismiss(topic.clone()))
    };
    let refused = face
        .failures
        .get(topic)
        .map(|what| failure(what, face.about(topic), testid, Some(dismiss(topic))));
    let access = face.access.as_ref();
    let access = access.filter(|_| *topic == Topic::Shares && face.asks_for_access());
    let access = access.map(|access| {
        let waiting = face.waiting_for_access();
        let names: Vec<&str> = waiting.iter().map(|item| &*item.name).collect();
        let allow = sender.asking(access.origins.clone(), async |may| Msg::Allowed(may));
        html! {
            <div class="access" role="alert" data-testid="access">
                { icon("key") }
                <div>
                    <p>{ text::access(&access.origins, &names) }</p>
                    if access.refused { <p class="advice">{ text::access_refused() }</p> }
                    <p class="buttons">
                        { button("main", "", text::access_allow().into(), "access-allow", false, allow) }
                        { button("", "", text::access_not_now().into(), "access-not-now", false, dismiss(topic)) }
                    </p>
                </div>
            </div>
        }
    });
    html! { <>{ refused }{ access }</> }
}
