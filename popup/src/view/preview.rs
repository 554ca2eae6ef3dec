//! What is in a file or a folder, over the page.

use std::rc::Rc;

use fluence::command::FolderFile;
use fluence::kind::{Kind, can_act};
use wasm_bindgen::JsValue;
use web::js::member;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::{button, file_name, hint, icon, outcome, waiting};
use crate::face::{
    Face, Folder, Msg, PREVIEW, PREVIEW_CLOSE, Peek, Preview, Sender, Shown, Topic, preview_file_id,
};
use crate::page::FileKind;
use crate::text;

/// How many folders are drawn within one another. What is deeper is listed with the rest of its path.
const DEPTH: usize = 16;

/// Draws what is shown over the page, if anything is.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let Some(preview) = &face.preview else {
        return Html::default();
    };
    let Some(item) = face.state.items.get(&preview.id) else {
        return Html::default();
    };
    let name = preview.name(item);
    let lists = preview.folder.as_ref().filter(|_| preview.file.is_none());
    let size = match preview.file_of_folder() {
        Some(file) => Some(file.size),
        None => item.size,
    };
    let is_here = item.status.is_here();
    let here = item.progress.filter(|_| !is_here);
    let here = here.map(|progress| words::size(progress.bytes));
    let about: Vec<String> = size
        .map(words::size)
        .into_iter()
        .chain(lists.and(item.files).map(text::file_count))
        .chain(here.as_deref().map(text::preview_here))
        .collect();
    let peek = |make: fn() -> Peek| sender.callback(move |_: MouseEvent| Msg::Peek(make()));
    let onkeydown = sender.callback_if(|event: KeyboardEvent| {
        // Otherwise the browser would close the popup.
        (event.key() == "Escape").then(|| {
            event.prevent_default();
            Msg::Peek(Peek::Close)
        })
    });
    let onclose = sender.callback(|_: Event| Msg::Peek(Peek::Close));
    let file = preview.file;
    let save = sender.callback(move |_| Msg::Peek(Peek::Save(file)));
    let saved = face.done.contains(&Topic::PreviewSave);
    html! {
        <dialog id={PREVIEW} class="preview" aria-labelledby="preview-name" {onkeydown} {onclose} data-testid="preview">
            <div class="line">
                <h2 id="preview-name">{ file_name(&name, "preview-name") }</h2>
                <button id={PREVIEW_CLOSE} type="button" class="quiet" title={text::close()} aria-label={text::close()} data-testid={PREVIEW_CLOSE} onclick={peek(|| Peek::Close)}>{ icon("close") }</button>
            </div>
            <div class="line">
                if file.is_some() { { button("small", "", text::preview_back().into(), "preview-back", false, peek(|| Peek::File(None))) } }
                <p class="hint" data-testid="preview-about">{ about.join(" · ") }</p>
                <span class="space"></span>
                if is_here { { button("small", "down", text::save().into(), "preview-save", false, save) } }
            </div>
            <p class="hint" role="status" data-testid="preview-saved">{ saved.then(text::preview_saved) }</p>
            { outcome(face, sender, &Topic::PreviewSave, "preview-save-refused") }
            if can_act(&name) && lists.is_none() && !matches!(preview.shown, Shown::Document(..)) { <p class="line acts" data-testid="preview-acts">{ icon("warn") }<span class="hint">{ text::preview_acts() }</span></p> }
            <div class="shown">
                { outcome(face, sender, &Topic::Preview, "preview-refused") }
                if let Some(folder) = lists {
                    { self::folder(face, sender, folder) }
                } else if !face.failures.contains(&Topic::Preview) {
                    { shown(preview, sender, &name) }
                }
            </div>
        </dialog>
    }
}

/// Draws what is shown of a file.
fn shown(preview: &Preview, sender: &Sender, name: &str) -> Html {
    let broken = |address: AttrValue| {
        sender.callback(move |_: Event| Msg::Peek(Peek::Broken(address.clone())))
    };
    match &preview.shown {
        Shown::Waiting => waiting(text::preview_waiting(), "preview-waiting"),
        Shown::Nothing(why) => {
            html! { <p class="hint" role="alert" data-testid="preview-nothing">{ *why }</p> }
        }
        // A text is set as text, whatever it means.
        Shown::Text(words, is_cut) => html! {
            <>
                <pre tabindex="0" dir="auto" aria-label={name.to_owned()} role="region" data-testid="preview-text">{ words }</pre>
                if *is_cut { <p class="hint" data-testid="preview-cut">{ text::preview_cut() }</p> }
            </>
        },
        Shown::Media(kind @ (Kind::Video(_) | Kind::Audio(_)), address, (from, autoplay)) => {
            let address = address.value();
            let ended = address.clone();
            let onended = sender.callback(move |_: Event| Msg::Peek(Peek::Played(ended.clone())));
            let at = Rc::clone(&preview.at);
            let onmove = Callback::from(move |event: Event| {
                let player = JsValue::from(event.target());
                // Where the file breaks off, Chromium says that it is at the end of the whole; and what has nothing yet is
                // nowhere.
                if !member(&player, "ended").is_truthy()
                    && member(&player, "readyState").is_truthy()
                    && let Some(now) = member(&player, "currentTime").as_f64()
                {
                    at.set((now, !member(&player, "paused").is_truthy()));
                }
            });
            let src = if *from > 0.0 {
                format!("{address}#t={from}").into()
            } else {
                address.clone()
            };
            let (onerror, label, autoplay) = (broken(address), name.to_owned(), *autoplay);
            // The element stays when the file grows, so that whoever has made it larger, or quiet, need not do so again.
            let player = match kind {
                Kind::Video(_) => html! {
                    <video {src} controls=true {autoplay} aria-label={label} {onerror} {onended} onplay={onmove.clone()} onpause={onmove.clone()} onseeking={onmove.clone()} ontimeupdate={onmove} data-testid="preview-video"></video>
                },
                _ => html! {
                    <audio {src} controls=true {autoplay} aria-label={label} {onerror} {onended} onplay={onmove.clone()} onpause={onmove.clone()} onseeking={onmove.clone()} ontimeupdate={onmove} data-testid="preview-audio"></audio>
                },
            };
            let waits = preview.is_played.then(text::preview_more);
            html! {
                <>
                    { player }
                    <p class="hint" role="status" data-testid="preview-more-comes">{ waits }</p>
                </>
            }
        }
        Shown::Media(_, address, _) => html! {
            <img src={address.value()} alt={name.to_owned()} onerror={broken(address.value())} data-testid="preview-image" />
        },
        Shown::Document(url, true) => html! {
            <iframe src={url.value()} title={name.to_owned()} data-testid="preview-document"></iframe>
        },
        Shown::Document(_, false) => {
            let open = sender.callback(|_| Msg::Peek(Peek::Document));
            html! {
                <>
                    { hint(text::preview_document().into()) }
                    { button("main", "", text::preview_open().into(), "preview-open", false, open) }
                </>
            }
        }
    }
}

/// Draws the files of a folder, as far as they are known.
fn folder(face: &Face, sender: &Sender, folder: &Folder) -> Html {
    let asked = face.is_waiting(&Topic::Preview);
    let files: Vec<(u32, &FolderFile)> = (0..).zip(&folder.files).collect();
    let more = folder.count.unwrap_or_default();
    let more = more.saturating_sub(folder.files.len() as u64);
    html! {
        <>
            { tree(sender, &files, 0, 0) }
            if asked && folder.files.is_empty() { { waiting(text::preview_waiting(), "preview-waiting") } }
            if folder.count == Some(0) { { hint(text::preview_empty().into()) } }
            if more > 0 {
                <button type="button" class="more" disabled={asked} data-testid="preview-more" onclick={sender.callback(|_| Msg::Peek(Peek::More))}>{ text::show_more(more) }</button>
            }
        </>
    }
}

/// Draws files of which the first `from` bytes of the paths are those of a folder that is drawn already. They are in the
/// order of the folder, so what is in a folder is together.
fn tree(sender: &Sender, files: &[(u32, &FolderFile)], from: usize, depth: usize) -> Html {
    let mut rows: Vec<Html> = Vec::new();
    let mut at = 0;
    while let Some((number, file)) = files.get(at) {
        let rest = file.path.get(from..).unwrap_or_default();
        let inner = rest.split_once('/').filter(|_| depth < DEPTH);
        let Some((name, _)) = inner else {
            if !rest.is_empty() {
                rows.push(row(sender, *number, file, rest));
            }
            at += 1;
            continue;
        };
        let below = from + name.len() + 1;
        let path = &file.path[..below];
        let count = files[at..]
            .iter()
            .take_while(|(_, file)| file.path.starts_with(path))
            .count();
        let within = &files[at..at + count];
        rows.push(html! {
            <li key={format!("{path} {number}")}>
                <details open=true>
                    <summary class="line">{ icon("folder") }<bdi>{ name }</bdi></summary>
                    { tree(sender, within, below, depth + 1) }
                </details>
            </li>
        });
        at += count;
    }
    html! { <ul class="tree" data-testid="preview-files">{ rows }</ul> }
}

/// Draws a file of a folder.
fn row(sender: &Sender, number: u32, file: &FolderFile, name: &str) -> Html {
    let show = sender.callback(move |_| Msg::Peek(Peek::File(Some(number))));
    let save = sender.callback(move |_| Msg::Peek(Peek::Save(Some(number))));
    let kind = FileKind::of(None, name);
    html! {
        <li key={number.to_string()} class="line" data-testid="preview-file">
            <button id={preview_file_id(number)} type="button" class="about" title={text::show_named(name)} data-testid="preview-file-show" onclick={show}>
                { icon(kind.class()) }{ file_name(name, "preview-file-name") }
            </button>
            <span class="hint">{ words::size(file.size) }</span>
            <button type="button" class="quiet" title={text::save_named(name)} aria-label={text::save_named(name)} data-testid="preview-file-save" onclick={save}>{ icon("down") }</button>
        </li>
    }
}
