//! A node in a row: where it is, and what the link to it is like.

use fluence::live::{LinkView, NodeView};
use fluence::state::LinkError;
use yew::prelude::*;

use super::{button, complaint};
use crate::text;

/// The host of a multiaddr, as people know it: with its port, unless that is the one of the web.
pub fn host(address: &str) -> String {
    let mut parts = address.split('/').skip(2);
    let host = parts.next().unwrap_or_default();
    match parts.nth(1) {
        Some("443") | None => host.to_owned(),
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
    }
}

/// Why there is no connection, as a sentence that names the node as people know it.
pub fn offline(error: &LinkError) -> String {
    let error = LinkError {
        node: error.node.as_deref().map(host),
        ..error.clone()
    };
    text::sentence(&words::link(&error))
}

/// The class of the dot before a node.
pub fn class(node: Option<&NodeView>) -> &'static str {
    match node {
        None => "",
        Some(node) => match (node.link, &node.cause) {
            (LinkView::Online, _) => "online",
            (LinkView::Unreachable, _) => "unreachable",
            (LinkView::Connecting, _) => "connecting",
            (LinkView::Idle, Some(_)) => "offline",
            (LinkView::Idle, None) => "",
        },
    }
}

/// The head of a row: the host, and below it what the link is like.
pub fn head(address: &str, node: Option<&NodeView>, saved: bool) -> Html {
    let state = match node {
        Some(node) => text::node_state(node),
        None if saved => text::node_connecting().to_owned(),
        None => text::node_unsaved().to_owned(),
    };
    html! {
        <div class="node-head">
            <span class={classes!("network", "node-host", class(node))} title={address.to_owned()}><bdi>{ host(address) }</bdi></span>
            <span class="hint" data-testid="node-state">{ state }</span>
        </div>
    }
}

/// A row that only shows a node.
#[inline(never)]
pub fn row(node: &NodeView) -> Html {
    html! { <li class="node" data-testid="link">{ head(&node.address, Some(node), true) }</li> }
}

/// A field for the address of a node or of a list of nodes, with its button. The callbacks are those of typing, of a key,
/// and of the button.
#[inline(never)]
pub fn field(
    id: &'static str,
    value: &str,
    wrong: Option<&String>,
    disabled: bool,
    (oninput, onkeydown, onadd): (
        Callback<InputEvent>,
        Callback<KeyboardEvent>,
        Callback<MouseEvent>,
    ),
) -> Html {
    html! {
        <>
            <label class="over" for={id}>{ text::node_add_label() }</label>
            <div class="line">
                <input {id} class="code wide" type="text" dir="ltr" spellcheck="false" autocomplete="off" value={value.to_owned()} {oninput} {onkeydown}
                    aria-invalid={wrong.is_some().to_string()} aria-describedby="node-help node-wrong" data-testid={id} />
                { button("", "", text::node_add().into(), "node-add-button", disabled, onadd) }
            </div>
            <p class="hint" id="node-help">{ text::node_add_help() }</p>
            { complaint(wrong, "node-wrong") }
        </>
    }
}

/// Adds on Enter, which would send the form that the field is in.
pub fn adds(event: &KeyboardEvent) -> bool {
    let adds = event.key() == "Enter";
    if adds {
        event.prevent_default();
    }
    adds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_connection_names_the_host() {
        let error = LinkError {
            node: Some("/dns4/node.example.org/tcp/443/tls/ws/p2p/12D3Koo".into()),
            others_failed: false,
            cause: fluence::state::LinkCause::DialTimeout,
        };
        let said = offline(&error);
        assert!(
            said.starts_with("node.example.org cannot be used: "),
            "{said}"
        );
        assert!(said.ends_with('.') && !said.contains("12D3Koo"), "{said}");
    }

    #[test]
    fn a_host_is_written_as_people_know_it() {
        for (address, words) in [
            ("/dns4/node.example.org/tcp/443/tls/ws", "node.example.org"),
            ("/ip4/127.0.0.1/tcp/4102/ws/p2p/12D3Koo", "127.0.0.1:4102"),
            ("/ip6/::1/tcp/4102/ws", "[::1]:4102"),
            ("/dnsaddr/a", "a"),
            ("nonsense", ""),
        ] {
            assert_eq!(host(address), words, "{address}");
        }
    }
}
