//! The page of the network: this peer, its nodes, and the calls as they happen.

use fluence::live::CallLine;
use fluence::state::NetworkStatus;
use yew::prelude::*;

use super::options::{own_id, typed};
use super::{card, hint, nodes, outcome, waiting};
use crate::browser;
use crate::face::{Do, Face, Msg, Sender, Topic, WorkerState};
use crate::text;

/// Draws the page.
pub fn view(face: &Face, sender: &Sender) -> Html {
    if face.worker_state == WorkerState::Starting {
        return waiting(text::worker_starting(), "starting");
    }
    html! {
        <>
            { this(face, sender) }
            { links(face) }
            { calls(face) }
            { call(face, sender) }
        </>
    }
}

fn this(face: &Face, sender: &Sender) -> Html {
    let reach = match &face.state.network {
        NetworkStatus::Online { .. } => text::network_reachable().to_owned(),
        NetworkStatus::Unreachable { .. } => text::unreachable_advice().to_owned(),
        NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {
            text::network_not_yet().to_owned()
        }
        NetworkStatus::NoNode => text::no_node_advice().to_owned(),
        NetworkStatus::Offline { error, .. } => nodes::offline(error),
    };
    let now = web::time::now_ms();
    let (sent, fetched) = (face.state.sent_today(now), face.state.fetched_today(now));
    let peers = &face.pages.peers;
    let content = html! {
        <>
            { own_id(face, sender) }
            <p role="status" data-testid="reach">{ reach }</p>
            <dl>
                <dt>{ text::network_sent_today() }</dt><dd data-testid="sent-today">{ words::size(sent) }</dd>
                <dt>{ text::network_fetched_today() }</dt><dd data-testid="fetched-today">{ words::size(fetched) }</dd>
                <dt>{ text::network_peers() }</dt>
                <dd>
                    <span data-testid="peers">{ peers.len() }</span>
                    <ul class="peers code">{ for peers.iter().map(|peer| html! { <li key={peer.clone()}><bdi dir="ltr">{ named(face, peer) }</bdi></li> }) }</ul>
                </dd>
            </dl>
        </>
    };
    card("", "this-title", text::network_you(), content)
}

fn links(face: &Face) -> Html {
    let content = html! {
        <>
            if face.pages.nodes.is_empty() { { hint(text::network_nodes_none().into()) } }
            <ol class="nodes">{ for face.pages.nodes.iter().map(nodes::row) }</ol>
            <p><a href="popup.html?view=options" data-testid="change-nodes">{ text::nodes_change() }</a></p>
        </>
    };
    card("", "links-title", text::network_nodes(), content)
}

/// The places of peers on the map, around this one in the middle.
const PLACES: [(u16, u16); 12] = [
    (280, 80),
    (264, 111),
    (220, 134),
    (160, 142),
    (100, 134),
    (56, 111),
    (40, 80),
    (56, 49),
    (100, 26),
    (160, 18),
    (220, 26),
    (264, 49),
];
const MIDDLE: (u16, u16) = (160, 80);
/// How many calls are drawn. Each moves once, when it begins.
const DRAWN: usize = 12;

/// The host of the node whose peer id ends like this, if it is one.
fn host_of(face: &Face, peer: &str) -> Option<String> {
    let is_this = |id: &String| id.ends_with(peer);
    let mut known = face.pages.nodes.iter();
    let node = known.find(|node| node.peer.as_ref().is_some_and(is_this))?;
    Some(nodes::host(&node.address))
}

/// What a peer with this end of its id is called: its host if it is a node.
fn named(face: &Face, peer: &str) -> String {
    host_of(face, peer).unwrap_or_else(|| format!("…{peer}"))
}

/// Draws the calls on a map. The table says the same to those who do not see it.
fn map(face: &Face) -> Html {
    let newest = || face.pages.calls.iter().rev();
    let mut places: [Option<&str>; PLACES.len()] = [None; PLACES.len()];
    for call in newest() {
        let peer = call.peer.as_str();
        if places.contains(&Some(peer)) {
            continue;
        }
        // It is at the same place each time, unless somebody is there.
        let start = peer.bytes().map(usize::from).sum::<usize>();
        let mut free = (start..start + PLACES.len()).map(|at| at % PLACES.len());
        if let Some(at) = free.find(|at| places[*at].is_none()) {
            places[at] = Some(peer);
        }
    }
    let at = |peer: &str| places.iter().position(|there| *there == Some(peer));
    let line = |class, key: u64, (x, y): (u16, u16)| {
        html! { <line {key} {class} x1={MIDDLE.0.to_string()} y1={MIDDLE.1.to_string()} x2={x.to_string()} y2={y.to_string()} /> }
    };
    let peer = |(place, peer): (usize, &Option<&str>)| {
        let peer = (*peer)?;
        let (x, y) = PLACES[place];
        let node = host_of(face, peer);
        let class = if node.is_some() { "node-dot" } else { "" };
        let label = node.unwrap_or_else(|| format!("…{peer}"));
        // The line to the middle does not cross it.
        let label_y = if y < MIDDLE.1 { y - 9 } else { y + 16 };
        Some(html! {
            <g>{ line("way-line", 0, (x, y)) }<circle {class} cx={x.to_string()} cy={y.to_string()} r="5" /><text x={x.to_string()} y={label_y.to_string()}>{ label }</text></g>
        })
    };
    let flow = |call: &CallLine| {
        let class = if call.incoming { "flow in" } else { "flow out" };
        at(&call.peer).map(|place| line(class, call.number, PLACES[place]))
    };
    html! {
        <svg class="map" viewBox="0 0 320 164" aria-hidden="true">
            { for places.iter().enumerate().filter_map(peer) }
            { for newest().take(DRAWN).filter_map(flow) }
            <circle class="self" cx={MIDDLE.0.to_string()} cy={MIDDLE.1.to_string()} r="8" />
        </svg>
    }
}

fn calls(face: &Face) -> Html {
    let row = |line: &CallLine| {
        let (class, result) = match (line.ms, &line.failed) {
            (None, _) => ("", text::call_runs()),
            (_, None) => ("good", text::call_good()),
            (_, Some(reason)) => ("bad", text::call_failed(reason)),
        };
        let (way_class, way) = if line.incoming {
            ("in", text::call_in())
        } else {
            ("out", text::call_out())
        };
        html! {
            <tr key={line.number} data-testid="call" data-function={line.function.clone()} data-way={way_class}>
                <td>{ browser::moment(line.at) }</td>
                <td><span class={classes!("way", way_class)}>{ way }</span></td>
                <td class="code"><bdi dir="ltr">{ &line.function }</bdi></td>
                <td class="code"><bdi dir="ltr">{ named(face, &line.peer) }</bdi></td>
                <td class="number">{ line.ms.map(text::millis) }</td>
                <td><span class={class}>{ result }</span></td>
            </tr>
        }
    };
    let heads = [
        text::call_when(),
        text::call_way(),
        text::call_function(),
        text::call_peer(),
        text::call_took(),
        text::call_result(),
    ];
    let content = html! {
        <>
            { hint(text::calls_help().into()) }
            if face.pages.calls.is_empty() {
                <p class="hint" data-testid="calls-none">{ text::calls_none() }</p>
            } else {
                { map(face) }
                <div class="scroll" tabindex="0" role="group" aria-labelledby="calls-title">
                    <table class="calls">
                        <thead><tr>{ for heads.map(|words| html! { <th scope="col">{ words }</th> }) }</tr></thead>
                        <tbody>{ for face.pages.calls.iter().rev().map(row) }</tbody>
                    </table>
                </div>
            }
        </>
    };
    card("", "calls-title", text::calls(), content)
}

fn call(face: &Face, sender: &Sender) -> Html {
    let text_of = |what: fn(String) -> Do| {
        sender.callback_if(move |event: InputEvent| Some(Msg::Pages(what(typed(&event)?))))
    };
    let onsubmit = sender.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Pages(Do::Call)
    });
    let waits = face.is_waiting(&Topic::Call);
    let disabled = waits || face.pages.function.trim().is_empty();
    let content = html! {
        <form class="call" {onsubmit}>
            { hint(text::call_lead().into()) }
            <label class="over" for="call-name">{ text::call_name() }</label>
            <input id="call-name" class="code wide" type="text" dir="ltr" spellcheck="false" autocomplete="off" value={face.pages.function.clone()} oninput={text_of(Do::Function)} data-testid="call-name" />
            <label class="over" for="call-args">{ text::call_args() }</label>
            <textarea id="call-args" class="code" rows="2" dir="ltr" spellcheck="false" placeholder="{}" value={face.pages.args.clone()} oninput={text_of(Do::Args)} data-testid="call-args" />
            <p class="buttons"><button type="submit" class="main" {disabled} data-testid="call-button">{ if waits { text::calling() } else { text::call() } }</button></p>
            { outcome(face, sender, &Topic::Call, "call-failure") }
            if let Some((reply, peer, ms)) = &face.pages.reply {
                <p class="hint"><bdi>{ text::replied(peer, &text::millis(*ms)) }</bdi></p>
                <pre class="code reply" tabindex="0" role="group" aria-label={text::call_reply()} dir="ltr" data-testid="call-reply">{ reply }</pre>
            }
        </form>
    };
    card("", "call-title", text::call_title(), content)
}
