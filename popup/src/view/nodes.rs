//! A node in a row: where it is, and what the link to it is like.

use fluence::live::{LinkView, NodeView};
use fluence::node_list;
use fluence::state::{LinkError, check_node};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, File, HtmlInputElement};
use yew::prelude::*;

use super::{button, complaint, icon, qr_code, waiting};
use crate::files::may_have_code;
use crate::{browser, text};

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

/// What is done with such a field: a text is typed into it, a key is pressed, what is in it is added, and a picture with a QR code
/// is chosen or pasted.
pub struct On {
    pub input: Callback<InputEvent>,
    pub keydown: Callback<KeyboardEvent>,
    pub add: Callback<MouseEvent>,
    pub scan: Callback<File>,
}

/// A field for the address of a node or of a list of nodes, with its button. `scanning` says that a picture is searched for one.
#[inline(never)]
pub fn field(
    id: &'static str,
    value: &str,
    wrong: Option<&String>,
    disabled: bool,
    scanning: bool,
    on: On,
) -> Html {
    let (oninput, onkeydown, onadd) = (on.input, on.keydown, on.add);
    let onpaste = {
        let scan = on.scan.clone();
        Callback::from(move |event: Event| {
            let pasted: Option<&ClipboardEvent> = event.dyn_ref();
            let Some(data) = pasted.and_then(ClipboardEvent::clipboard_data) else {
                return;
            };
            // Some programs copy a picture beside each text, which is what the field is for.
            let has_text = data
                .get_data("text/plain")
                .is_ok_and(|text| !text.trim().is_empty());
            let picture = data.files().and_then(|files| files.get(0));
            if let Some(picture) = picture.filter(|file| !has_text && may_have_code(file)) {
                event.prevent_default();
                scan.emit(picture);
            }
        })
    };
    let onscan = Callback::from(move |event: Event| {
        let input: Option<HtmlInputElement> = event.target().and_then(|of| of.dyn_into().ok());
        let Some(input) = input else {
            return;
        };
        if let Some(picture) = input.files().and_then(|files| files.get(0)) {
            // This allows the same picture to be chosen again.
            input.set_value("");
            on.scan.emit(picture);
        }
    });
    let list = node_list::url_of(value).ok();
    html! {
        <>
            <label class="over" for={id}>{ text::node_add_label() }</label>
            <div class="line">
                <input {id} class="code wide" type="text" dir="ltr" spellcheck="false" autocomplete="off" value={value.to_owned()} {oninput} {onkeydown} {onpaste}
                    aria-invalid={wrong.is_some().to_string()} aria-describedby="node-help node-wrong" data-testid={id} />
                { button("", "", text::node_add().into(), "node-add-button", disabled, onadd) }
            </div>
            <p class="hint" id="node-help">{ text::node_add_help() }</p>
            { complaint(wrong, "node-wrong") }
            if scanning { { waiting(text::scanning(), "node-scanning") } }
            <p class="buttons">
                <label class="button small">
                    <input class="unseen" type="file" accept="image/*" onchange={onscan} data-testid="node-scan" />{ icon("qr") }{ text::node_scan() }
                </label>
            </p>
            if let Some(list) = list {
                <details class="more">
                    <summary data-testid="node-qr">{ text::node_qr() }</summary>
                    <div class="code-of" data-testid="node-qr-code">{ qr_code(&list, text::node_qr_of(&list), text::node_qr_help()) }</div>
                </details>
            }
        </>
    }
}

/// The address of a node, or of a list of nodes, in a QR code of a picture.
pub async fn scan(picture: &File) -> Option<String> {
    if !may_have_code(picture) {
        return None;
    }
    let codes = browser::codes_in(picture).await;
    let mut texts = codes.into_iter().map(|code| code.text);
    texts.find(|text| check_node(text).is_ok() || node_list::url_of(text).is_ok())
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
