//! The top: who and where, and what a person should know before anything else.

use fluence::command::Command;
use fluence::failure::{About, Code};
use fluence::state::NetworkStatus;
use yew::html::Scope;
use yew::prelude::*;

use super::{failure, icon, icon_button, outcome};
use crate::browser;
use crate::face::{Connection, Face, Msg, PageView, Topic, View};
use crate::text;

/// The characters of the own peer id that are shown: its end, for all begin alike.
const SHORT_PEER: usize = 6;

/// The page of the extension in a tab.
const TAB_PAGE: &str = "popup.html?view=tab";

/// The top.
pub fn view(face: &Face, link: &Scope<Face>) -> Html {
    let tab_page = match &face.page {
        PageView::Files { tab, .. } => format!("{TAB_PAGE}&tab={}", tab.id),
        _ => TAB_PAGE.to_owned(),
    };
    html! {
        <header class="top">
            <img class="mark" src="icons/mark.svg" width="28" height="28" alt="" />
            <div class="who"><h1>{ text::NAME }</h1>{ peer(face, link) }</div>
            { network(face) }
            <span class="space"></span>
            if face.view == View::Popup {
                { icon_button("out", text::OPEN_TAB, "open-tab", Callback::from(move |_| browser::open_tab(&tab_page))) }
                { icon_button("gear", text::SETTINGS, "open-settings", Callback::from(|_| browser::open_options())) }
            } else if face.view == View::Tab {
                <a class="quiet" href="popup.html?view=options" title={text::SETTINGS} aria-label={text::SETTINGS} data-testid="open-settings">{ icon("gear") }</a>
            } else {
                <a class="quiet back" href={TAB_PAGE} data-testid="back">{ icon("back") }{ text::BACK }</a>
            }
        </header>
    }
}

fn network(face: &Face) -> Html {
    let status = &face.state.network;
    let (word, class) = match (face.link, status) {
        (Connection::Ready, NetworkStatus::Starting) => (text::network(status), "starting"),
        (Connection::Ready, NetworkStatus::NoNode) => (text::network(status), "no_node"),
        (Connection::Ready, NetworkStatus::Connecting { .. }) => {
            (text::network(status), "connecting")
        }
        (Connection::Ready, NetworkStatus::Online { .. }) => (text::network(status), "online"),
        (Connection::Ready, NetworkStatus::Offline { .. }) => (text::network(status), "offline"),
        _ => (text::NETWORK_STARTING, "starting"),
    };
    let title = match status {
        NetworkStatus::Online { node } | NetworkStatus::Connecting { node } => node.clone(),
        _ => text::NETWORK_LABEL.to_owned(),
    };
    html! {
        <span class={classes!("network", class)} {title} role="status" data-testid="network" data-network={class}>{ word }</span>
    }
}

fn peer(face: &Face, link: &Scope<Face>) -> Html {
    let Some(peer) = face.state.peer.clone() else {
        return Html::default();
    };
    let start = peer
        .char_indices()
        .rev()
        .nth(SHORT_PEER - 1)
        .map_or(0, |(at, _)| at);
    let short = format!("…{}", &peer[start..]);
    let copied = face
        .copied
        .as_ref()
        .is_some_and(|(key, copied)| key == "peer" && *copied);
    let title = format!("{peer}\n{}", text::YOUR_ID);
    let onclick = link.callback(move |_| Msg::Copy("peer".to_owned(), peer.clone()));
    html! {
        <button type="button" class="peer" {title} aria-label={text::YOUR_ID} data-testid="peer" {onclick}>
            { if copied { text::COPIED.to_owned() } else { short } }
        </button>
    }
}

/// What keeps things from working, each with what to do.
pub fn banners(face: &Face, link: &Scope<Face>) -> Html {
    html! {
        <>
            { worker(face) }
            { if face.link == Connection::Ready { connection(face, link) } else { Html::default() } }
            if let Some(notice) = face.state.notice.as_ref().filter(|notice| !face.notice_read && notice.code != Code::NeedsAccess) {
                { failure(notice, About::Other, "notice", Some(link.callback(|_| Msg::DismissNotice))) }
            }
            { outcome(face, link, &Topic::Network, "network-failure") }
            { outcome(face, link, &Topic::Shares, "shares-failure") }
        </>
    }
}

fn worker(face: &Face) -> Html {
    let (words, reload) = match face.link {
        Connection::Starting | Connection::Ready => return Html::default(),
        Connection::Lost => (text::WORKER_LOST, false),
        Connection::Silent => (text::WORKER_SILENT, true),
        Connection::Strange => (text::WORKER_STRANGE, false),
    };
    html! {
        <div class="banner" role="status" data-testid="worker-lost">
            { if reload { icon("warn") } else { html! { <span class="spinner" aria-hidden="true"></span> } } }
            <p>{ words }</p>
            if reload {
                <button type="button" data-testid="worker-reload" onclick={Callback::from(|_| browser::reload_extension())}>{ text::WORKER_RELOAD }</button>
            }
        </div>
    }
}

fn connection(face: &Face, link: &Scope<Face>) -> Html {
    match &face.state.network {
        NetworkStatus::NoNode => html! {
            <div class="banner" role="status" data-testid="network-advice">
                { icon("warn") }
                <p><strong>{ text::NETWORK_NO_NODE }{ "." }</strong>{ " " }{ text::NO_NODE_ADVICE }</p>
                if face.view == View::Popup {
                    <button type="button" class="main" data-testid="add-node" onclick={Callback::from(|_| browser::open_options())}>{ text::NO_NODE_BUTTON }</button>
                } else if face.view == View::Tab {
                    <a class="button main" href="popup.html?view=options" data-testid="add-node">{ text::NO_NODE_BUTTON }</a>
                }
            </div>
        },
        NetworkStatus::Offline { error, retry_at } => {
            let seconds = retry_at.saturating_sub(browser::now_ms()).div_ceil(1000);
            let again = link.callback(|_| Msg::Send(Topic::Network, Command::Reconnect));
            html! {
                <div class="banner" data-testid="network-advice">
                    { icon("warn") }
                    <p>
                        <strong>{ text::NETWORK_OFFLINE }{ ":" }</strong>{ " " }<span class="reason">{ text::sentence(&words::link(error)) }</span>{ " " }
                        // Not read out each second.
                        <span class="count" aria-live="off">{ text::retry_in(seconds) }</span>
                    </p>
                    <button type="button" data-testid="try-now" disabled={face.is_waiting(&Topic::Network)} onclick={again}>{ text::TRY_NOW }</button>
                </div>
            }
        }
        _ => Html::default(),
    }
}
