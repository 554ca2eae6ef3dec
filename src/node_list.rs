//! A list of nodes at a URL, by which a group gives its people one address to paste (`docs/protocol.md`, “Lists of
//! nodes”).

use serde::Deserialize;

use crate::failure::{Code, Failure, Reason};
use crate::state::{MAX_NODES, check_node};
use crate::storage::{MAX_ADDRESS, is_base_url, is_local};

/// The path at which a host has its list.
pub const PATH: &str = "/.well-known/fluence-nodes";
/// The longest list that is read, in bytes.
pub const MAX_LIST: usize = 16 * 1024;

/// The list in its JSON form.
#[derive(Deserialize)]
struct List {
    nodes: Vec<String>,
}

/// The URL of the list that a person means: a host without a path has it at [`PATH`].
///
/// # Errors
/// [`Code::NodeList`] if it is not the URL of a list, or one that others on the way could change: only this computer's own
/// may lack TLS.
pub fn url_of(typed: &str) -> Result<String, Failure> {
    let typed = typed.trim();
    let bad = |reason| Failure::new(Code::NodeList).host(typed).reason(reason);
    let (scheme, rest) = typed.split_once("://").ok_or(bad(Reason::BadUrl))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let base = format!("{}://{host}", scheme.to_ascii_lowercase());
    if typed.len() > MAX_ADDRESS || !is_base_url(&base) {
        return Err(bad(Reason::BadUrl));
    }
    if base.starts_with("http:") && !is_local(&base) {
        return Err(bad(Reason::NotSecure));
    }
    let path = if path.len() > 1 { path } else { PATH };
    Ok(format!("{base}{path}"))
}

/// The nodes in a list that a browser can reach, in their order and at most [`MAX_NODES`]: JSON, `{"nodes": ["…"]}`, or
/// one multiaddr on each line, where what follows `#` is a comment.
///
/// # Errors
/// [`Code::NodeList`] if the list is too long, or has no such node.
pub fn parse(list: &[u8]) -> Result<Vec<String>, Failure> {
    let bad = |reason| Failure::new(Code::NodeList).reason(reason);
    if list.len() > MAX_LIST {
        return Err(bad(Reason::TooLong));
    }
    let text = std::str::from_utf8(list).map_err(|_| bad(Reason::Malformed))?;
    let addresses: Vec<String> = if text.trim_start().starts_with('{') {
        let list: List = serde_json::from_str(text).map_err(|_| bad(Reason::Malformed))?;
        list.nodes
    } else {
        let lines = text.lines().map(|line| line.split('#').next());
        lines.flatten().map(|line| line.trim().to_owned()).collect()
    };
    let mut nodes: Vec<String> = Vec::new();
    for address in addresses {
        if nodes.len() < MAX_NODES && check_node(&address).is_ok() && !nodes.contains(&address) {
            nodes.push(address);
        }
    }
    if nodes.is_empty() {
        return Err(bad(Reason::NoNodes));
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "/dns4/a.example/tcp/443/tls/ws";
    const B: &str = "/ip4/192.0.2.7/tcp/4102/ws";

    #[test]
    fn both_forms_are_read() {
        let json = format!(r#"{{"nodes": ["{A}", "{B}", "{A}"], "of_a_newer_version": 1}}"#);
        let lines =
            format!("# our nodes\n\n{A}  # the near one\r\n  {B}\n/ip4/192.0.2.7/tcp/4101\n");
        for list in [json, lines] {
            assert_eq!(parse(list.as_bytes()).unwrap(), [A, B], "{list}");
        }
    }

    #[test]
    fn what_is_no_list_is_named_for_what_it_is() {
        let long = format!("{A}\n").repeat(1000);
        for (list, reason) in [
            (&b""[..], Reason::NoNodes),
            (b"<!doctype html><p>Not found", Reason::NoNodes),
            (b"/ip4/192.0.2.7/tcp/4101", Reason::NoNodes),
            (br#"{"nodes": []}"#, Reason::NoNodes),
            (br#"{"nodes": 7}"#, Reason::Malformed),
            (br#"{"nodes": ["#, Reason::Malformed),
            (b"\xff\xfe", Reason::Malformed),
            (long.as_bytes(), Reason::TooLong),
        ] {
            let failure = parse(list).unwrap_err();
            assert_eq!(
                (failure.code, failure.reason),
                (Code::NodeList, Some(reason)),
                "{:?}",
                String::from_utf8_lossy(&list[..list.len().min(40)])
            );
        }
    }

    #[test]
    fn a_list_has_at_most_as_many_nodes_as_can_be_set() {
        let lines: String = (1..100)
            .map(|port| format!("/dns4/a.example/tcp/{port}/ws\n"))
            .collect();
        assert_eq!(parse(lines.as_bytes()).unwrap().len(), MAX_NODES);
    }

    #[test]
    fn a_host_has_its_list_at_the_known_path() {
        for (typed, url) in [
            (
                "https://a.example",
                "https://a.example/.well-known/fluence-nodes",
            ),
            (
                " HTTPS://a.example/ ",
                "https://a.example/.well-known/fluence-nodes",
            ),
            (
                "https://a.example/nodes.json",
                "https://a.example/nodes.json",
            ),
            (
                "http://127.0.0.1:4180",
                "http://127.0.0.1:4180/.well-known/fluence-nodes",
            ),
        ] {
            assert_eq!(url_of(typed).unwrap(), url);
        }
        for (typed, reason) in [
            ("a.example", Reason::BadUrl),
            ("ftp://a.example", Reason::BadUrl),
            ("https://", Reason::BadUrl),
            ("https://user@a.example/", Reason::BadUrl),
            ("http://a.example/nodes", Reason::NotSecure),
        ] {
            assert_eq!(url_of(typed).unwrap_err().reason, Some(reason), "{typed}");
        }
    }
}
