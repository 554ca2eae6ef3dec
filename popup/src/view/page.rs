//! The files on the page in the current tab.

use std::collections::HashMap;

use fluence::state::Item;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{button, empty, file_name, hint, icon, outcome, waiting};
use crate::face::{FEW_PAGE_FILES, Face, Msg, PageView, Sender, Topic, page_row};
use crate::page::PageFile;
use crate::text;

/// Draws the list of the page's files, which takes the place of the list of items.
pub fn view(face: &Face, sender: &Sender) -> Html {
    match &face.page {
        PageView::Reading => waiting(text::page_reading(), "page-reading"),
        PageView::Elsewhere | PageView::Closed => empty(
            text::page_closed(),
            text::page_closed_advice(),
            "page-closed",
        ),
        PageView::Files {
            downloads, links, ..
        } => {
            let found = links.as_deref().unwrap_or_default();
            lists(face, sender, downloads, found, links.is_none())
        }
    }
}

fn lists(
    face: &Face,
    sender: &Sender,
    downloads: &[PageFile],
    links: &[PageFile],
    refused: bool,
) -> Html {
    let shared = face.shared_from();
    let all = downloads.len() + links.len();
    let room = if face.page_all { all } else { FEW_PAGE_FILES };
    let list = |title: &'static str, files: &[PageFile]| {
        if files.is_empty() {
            return Html::default();
        }
        html! {
            <>
                <h3>{ title }</h3>
                <ul class="list">{ for files.iter().map(|file| row(face, sender, file, &shared)) }</ul>
            </>
        }
    };
    let first = downloads.len().min(room);
    let second = links.len().min(room - first);
    html! {
        <div class="page" data-testid="page">
            if all == 0 && !refused { { empty(text::page_none(), text::page_none_advice(), "page-none") } }
            { selection(face, sender) }
            { list(text::page_downloads(), &downloads[..first]) }
            { list(text::page_links(), &links[..second]) }
            if refused { { hint(text::page_links_refused().into()) } }
            if first + second < all {
                { button("more", "", text::show_more((all - first - second) as u64).into(), "page-more", false, sender.callback(|_| Msg::MorePage)) }
            }
        </div>
    }
}

/// Whether the box was checked by which an event happened.
fn checked(event: &Event) -> Option<bool> {
    let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
    Some(input.checked())
}

/// Draws the box that selects all files, and the button that shares the selected ones.
fn selection(face: &Face, sender: &Sender) -> Html {
    let selectable = face.selectable();
    if selectable.len() < 2 {
        return Html::default();
    }
    let urls: Vec<String> = selectable.iter().map(|file| file.url.clone()).collect();
    let selected = urls
        .iter()
        .filter(|url| face.page_selected.contains(url))
        .count();
    let all = selected == urls.len();
    let onchange = sender
        .callback_if(move |event: Event| Some(Msg::SelectPage(urls.clone(), checked(&event)?)));
    html! {
        <div class="line select">
            <label class="line"><input type="checkbox" checked={all} {onchange} data-testid="page-select-all" /><span>{ text::page_all() }</span></label>
            <span class="space"></span>
            if selected > 0 {
                { button("small main", "", text::share_many(selected as u64).into(), "page-share-selected", false, sender.callback(|_| Msg::ShareSelected)) }
            }
        </div>
    }
}

fn row(face: &Face, sender: &Sender, file: &PageFile, shared: &HashMap<&str, &Item>) -> Html {
    let about = Topic::Page(file.url.clone());
    let item = shared.get(&*file.url);
    let waits = face.is_sharing_page(&file.url);
    let state = match item {
        _ if waits => text::page_sharing().to_owned(),
        Some(item) => text::status(item, &face.state.network),
        None => String::new(),
    };
    let onclick = {
        let file = file.clone();
        sender.callback(move |_| Msg::SharePage(file.clone()))
    };
    let onchange = {
        let url = file.url.clone();
        sender.callback_if(move |event: Event| {
            Some(Msg::SelectPage(vec![url.clone()], checked(&event)?))
        })
    };
    html! {
        <li class={classes!("item", item.is_some_and(|item| super::items::is_well(face, item)).then_some("well"))} id={page_row(&file.url)} tabindex="-1" key={file.url.clone()} data-testid="page-file" data-url={file.url.clone()}>
            if waits || item.is_some() {
                <span></span>
            } else {
                <input type="checkbox" checked={face.page_selected.contains(&file.url)} aria-label={text::select_named(&file.name)} {onchange} data-testid="page-select" />
            }
            if let Some(picture) = &file.picture {
                <img class="picture" src={picture.clone()} alt="" />
            } else {
                <span class="picture">{ icon(file.kind.class()) }</span>
            }
            <div class="about">
                { file_name(&file.name, "page-name") }
                <span class="meta">
                    if !state.is_empty() { <span class="state" role="status" data-testid="page-state">{ state }</span> }
                    if let Some(size) = file.size { <span>{ words::size(size) }</span> }
                    if let Some(host) = crate::page::host(&file.url).filter(|_| item.is_none()) { <bdi>{ host }</bdi> }
                </span>
            </div>
            if let Some(item) = item {
                { super::items::copy_button(face.copied.as_ref(), sender, item, "page-copy", "small") }
            } else if !waits {
                <button type="button" class="small" aria-label={text::share_named(&file.name)} data-testid="page-share" {onclick}>{ text::share() }</button>
            }
            { outcome(face, sender, &about, "page-failure") }
        </li>
    }
}
