//! The top of the page: the name and the connection, and what a person should know before anything else.

use fluence::command::Command;
use fluence::failure::{About, Code};
use fluence::state::{NetworkStatus, Settings};
use web::browser::{has_panels, open_panel};
use web::extension::pages::open_tab;
use web::extension::runtime;
use yew::prelude::*;

use super::{button, failure, icon, icon_button, nodes, outcome};
use crate::face::{Face, Msg, PageView, Sender, Topic, View, WorkerState};
use crate::text;

/// The address of the extension in a tab.
const TAB_PAGE: &str = "popup.html?view=tab";

/// Draws the top of the page.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let tab_page = match &face.page {
        PageView::Files { tab, .. } => format!("{TAB_PAGE}&tab={}", tab.id),
        _ => TAB_PAGE.to_owned(),
    };
    let paused = face.settings().paused;
    html! {
        <header class="top">
            <img class="mark" src="icons/mark.svg" width="28" height="28" alt="" />
            <div class="who">
                <h1>{ text::NAME }</h1>
                <a class="to-network" href="popup.html?view=network" target={face.view.is_small().then_some("_blank")} title={text::network_open()} data-testid="open-network">{ network(face) }</a>
            </div>
            if !paused && !matches!(face.view, View::Options | View::Time) { { icon_button("pause", text::pause_all(), "pause-all", pause(face, sender)) } }
            if matches!(face.view, View::Popup | View::Tab) && has_panels() { { icon_button("panel", text::open_panel(), "open-panel", to_panel(sender)) } }
            if face.view.is_small() {
                { icon_button("out", text::open_tab(), "open-tab", Callback::from(move |_| drop(open_tab(&tab_page)))) }
                { icon_button("gear", text::settings(), "open-settings", Callback::from(|_| drop(runtime::open_options()))) }
            } else if face.view == View::Tab {
                <a class="quiet" href="popup.html?view=options" title={text::settings()} aria-label={text::settings()} data-testid="open-settings">{ icon("gear") }</a>
            } else {
                <a class="quiet back" href={TAB_PAGE} data-testid="back">{ icon("back") }{ text::back() }</a>
            }
        </header>
    }
}

/// What a click does that opens the panel beside the page. The popup would cover it, and closes.
fn to_panel(sender: &Sender) -> Callback<MouseEvent> {
    let sender = sender.clone();
    Callback::from(move |_| {
        let opening = open_panel();
        sender.send_future(async move { Msg::Panel(opening.await.is_ok()) });
    })
}

/// What a click does that pauses all sharing, or goes on with it.
fn pause(face: &Face, sender: &Sender) -> Callback<MouseEvent> {
    let paused = !face.settings().paused;
    sender.callback(move |_| {
        let change = move |settings: &mut Settings| settings.paused = paused;
        Msg::Set(Topic::Settings, Box::new(change))
    })
}

/// What a click does that says that the network is not metered.
fn not_metered(sender: &Sender) -> Callback<MouseEvent> {
    sender.callback(|_| {
        let change = |settings: &mut Settings| settings.metered_now = false;
        Msg::Set(Topic::Settings, Box::new(change))
    })
}

fn network(face: &Face) -> Html {
    let status = &face.state.network;
    let (word, class) = match (face.worker_state, status) {
        (WorkerState::Ready, NetworkStatus::Starting) => (text::network(status), "starting"),
        (WorkerState::Ready, NetworkStatus::NoNode) => (text::network(status), "no_node"),
        (WorkerState::Ready, NetworkStatus::Connecting { .. }) => {
            (text::network(status), "connecting")
        }
        (WorkerState::Ready, NetworkStatus::Online { .. }) => (text::network(status), "online"),
        (WorkerState::Ready, NetworkStatus::Unreachable { .. }) => {
            (text::network(status), "unreachable")
        }
        (WorkerState::Ready, NetworkStatus::Offline { .. }) => (text::network(status), "offline"),
        _ => (text::network_starting(), "starting"),
    };
    let title = match status {
        NetworkStatus::Online { node }
        | NetworkStatus::Connecting { node }
        | NetworkStatus::Unreachable { node } => node.clone(),
        _ => text::network_label().to_owned(),
    };
    html! {
        <span class={classes!("network", class)} {title} role="status" data-testid="network" data-network={class}>{ word }</span>
    }
}

/// Draws what keeps things from working, each with what to do about it.
pub fn banners(face: &Face, sender: &Sender) -> Html {
    html! {
        <>
            { now(face, sender) }
            if face.settings().paused {
                <div class="banner" role="status" data-testid="paused">
                    { icon("pause") }
                    <p>{ text::paused() }</p>
                    { button("main", "play", text::resume_all().into(), "resume-all", false, pause(face, sender)) }
                </div>
            }
            if face.rests_on_metered() && !face.settings().paused {
                <div class="banner" role="status" data-testid="metered">
                    { icon("pause") }
                    <p>{ text::metered() }</p>
                    if face.settings().metered_now { { button("", "", text::metered_not().into(), "not-metered", false, not_metered(sender)) } }
                </div>
            }
            if let Some(notice) = face.state.notice.as_ref().filter(|notice| !face.notice_read && notice.code != Code::NeedsAccess) {
                { failure(notice, About::Other, "notice", Some(sender.callback(|_| Msg::DismissNotice))) }
            }
            if face.is_tight() { { super::items::room(face, sender) } }
            { outcome(face, sender, &Topic::Shares, "shares-failure") }
        </>
    }
}

/// Draws what keeps the worker and the connection from working now, which is all that concerns a page that shows the settings
/// of another moment: what is chosen with those would take the place of today's.
pub fn now(face: &Face, sender: &Sender) -> Html {
    html! {
        <>
            { worker(face) }
            { if face.worker_state == WorkerState::Ready { connection(face, sender) } else { Html::default() } }
            { outcome(face, sender, &Topic::Network, "network-failure") }
        </>
    }
}

fn worker(face: &Face) -> Html {
    let (words, reload) = match face.worker_state {
        WorkerState::Starting | WorkerState::Ready => return Html::default(),
        WorkerState::Lost => (text::worker_lost(), false),
        WorkerState::Silent => (text::worker_silent(), true),
        WorkerState::Strange => (text::worker_strange(), false),
    };
    html! {
        <div class="banner" role="status" data-testid="worker-lost">
            { if reload { icon("warn") } else { html! { <span class="spinner" aria-hidden="true"></span> } } }
            <p>{ words }</p>
            if reload {
                { button("", "", text::worker_reload().into(), "worker-reload", false, Callback::from(|_| runtime::reload())) }
            }
        </div>
    }
}

fn connection(face: &Face, sender: &Sender) -> Html {
    match &face.state.network {
        NetworkStatus::NoNode => html! {
            <div class="banner" role="status" data-testid="network-advice">
                { icon("warn") }
                <p><strong>{ text::sentence(text::network_no_node()) }</strong>{ " " }{ text::no_node_advice() }</p>
                if face.view.is_small() {
                    { button("main", "", text::no_node_button().into(), "add-node", false, Callback::from(|_| drop(runtime::open_options()))) }
                } else if face.view == View::Tab {
                    <a class="button main" href="popup.html?view=options" data-testid="add-node">{ text::no_node_button() }</a>
                }
            </div>
        },
        NetworkStatus::Unreachable { .. } => html! {
            <div class="banner" role="status" data-testid="network-advice">
                { icon("warn") }
                <p><strong>{ text::sentence(text::network_unreachable()) }</strong>{ " " }{ text::unreachable_advice() }</p>
            </div>
        },
        NetworkStatus::Offline { error, retry_at } => {
            let seconds = retry_at.saturating_sub(web::time::now_ms()).div_ceil(1000);
            let again = sender.callback(|_| Msg::Send(Topic::Network, Command::Reconnect));
            html! {
                <div class="banner" data-testid="network-advice">
                    { icon("warn") }
                    <p>
                        <strong>{ text::network_with_colon(text::network_offline()) }</strong>{ " " }<span class="reason">{ nodes::offline(error) }</span>{ " " }
                        // It changes each second, so a screen reader does not read it out.
                        <span class="count" aria-live="off">{ text::next_try(seconds) }</span>
                    </p>
                    { button("", "", text::try_now().into(), "try-now", face.is_waiting(&Topic::Network), again) }
                </div>
            }
        }
        _ => Html::default(),
    }
}
