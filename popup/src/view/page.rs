//! The files on the page in the current tab.

use fluence::state::{Item, Origin};
use yew::prelude::*;

use super::{button, file_name, icon, outcome};
use crate::face::{FEW_PAGE_FILES, Face, Msg, PageView, Sender, Topic};
use crate::page::PageFile;
use crate::{page, text};

/// Draws the section, folded or open.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let open = face.page_open;
    let (count, host, content) = match &face.page {
        PageView::Reading => (None, None, hint(text::PAGE_READING, "reading")),
        PageView::Elsewhere => (None, None, hint(text::PAGE_IN_TAB, "elsewhere")),
        PageView::Closed => (None, None, hint(text::PAGE_CLOSED, "closed")),
        PageView::Files {
            tab,
            downloads,
            links,
        } => {
            let found = links.as_deref().unwrap_or_default();
            let host = tab.url.as_deref().and_then(page::host);
            let content = if open {
                lists(face, sender, downloads, found, links.is_none())
            } else {
                Html::default()
            };
            (Some(downloads.len() + found.len()), host, content)
        }
    };
    html! {
        <section class="card page" aria-labelledby="page-title" data-testid="page">
            <h2 id="page-title">
                <button type="button" class="fold" aria-expanded={open.to_string()} data-testid="page-toggle" onclick={sender.callback(|_| Msg::TogglePage)}>
                    { icon(if open { "open" } else { "shut" }) }
                    { text::PAGE_TITLE }
                    if let Some(host) = host { <bdi class="hint">{ host }</bdi> }
                    if let Some(count) = count { <span class="count">{ count }</span> }
                </button>
            </h2>
            if open { { content } }
        </section>
    }
}

fn hint(words: &'static str, state: &'static str) -> Html {
    html! { <p class="hint" data-testid="page-hint" data-state={state}>{ words }</p> }
}

fn lists(
    face: &Face,
    sender: &Sender,
    downloads: &[PageFile],
    links: &[PageFile],
    refused: bool,
) -> Html {
    let shared = |file: &PageFile| {
        let is_of_file = |item: &&Item| {
            let source = item
                .source
                .as_ref()
                .and_then(|source| source.url.as_deref());
            item.origin == Origin::Share && source == Some(file.url.as_str())
        };
        face.state.items.values().find(is_of_file)
    };
    let all = downloads.len() + links.len();
    let room = if face.page_all { all } else { FEW_PAGE_FILES };
    let list = |title: &'static str, files: &[PageFile]| {
        if files.is_empty() {
            return Html::default();
        }
        html! {
            <>
                <h3>{ title }</h3>
                <ul class="rows">{ for files.iter().map(|file| row(face, sender, file, shared(file))) }</ul>
            </>
        }
    };
    let first = downloads.len().min(room);
    let second = links.len().min(room - first);
    html! {
        <>
            if all == 0 && !refused { { hint(text::PAGE_NONE, "none") } }
            { list(text::PAGE_DOWNLOADS, &downloads[..first]) }
            { list(text::PAGE_LINKS, &links[..second]) }
            if refused { { hint(text::PAGE_LINKS_REFUSED, "refused") } }
            if first + second < all {
                { button("more", "", text::more(all - first - second).into(), "page-more", false, sender.callback(|_| Msg::MorePage)) }
            }
        </>
    }
}

fn row(face: &Face, sender: &Sender, file: &PageFile, item: Option<&Item>) -> Html {
    let about = Topic::Page(file.url.clone());
    let state = if face.is_waiting(&about) {
        html! { <span class="state" role="status" data-testid="page-state">{ text::PAGE_SHARING }</span> }
    } else if let Some(item) = item {
        html! {
            <>
                <span class="state" role="status" data-testid="page-state">{ text::status(item, &face.state.network) }</span>
                { super::items::copy_button(face.copied.as_ref(), sender.messages(), item, "page-copy") }
            </>
        }
    } else {
        let onclick = {
            let file = file.clone();
            sender.callback(move |_| Msg::SharePage(file.clone()))
        };
        html! {
            <button type="button" class="small" aria-label={text::share_named(&file.name)} data-testid="page-share" {onclick}>{ text::SHARE }</button>
        }
    };
    html! {
        <li class="page-file" key={file.url.clone()} data-testid="page-file" data-url={file.url.clone()}>
            { icon(file.kind.class()) }
            { file_name(&file.name, "page-name") }
            if let Some(size) = file.size { <span class="hint size">{ words::size(size) }</span> }
            { state }
            { outcome(face, sender, &about, "page-failure") }
        </li>
    }
}
