//! A list of nodes at a URL, by which a group gives its people one address to paste (`docs/protocol.md`, “Lists of
//! nodes”).

use serde::Deserialize;

use crate::failure::{Code, Failure, Reason};
use crate::state::{MAX_NODES, check_node};
use crate::storage::{self, MAX_ADDRESS, is_base_url, is_local};

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

/// Whether what is at this URL, such as a list, comes from this computer or from a private network.
pub fn is_private(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => host,
    };
    storage::is_private(host.trim_matches(['[', ']']))
}

/// The nodes in a list that a browser can reach, in their order and at most [`MAX_NODES`]: JSON, `{"nodes": ["…"]}`, or
/// one multiaddr on each line, where what follows `#` is a comment. Only a list that comes from a private network itself
/// can have nodes in one: nobody on the internet has a browser connect to what is beside it.
///
/// # Errors
/// [`Code::NodeList`] if the list is too long, or has no such node.
pub fn parse(list: &[u8], from_private: bool) -> Result<Vec<String>, Failure> {
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
        let host = address.split('/').nth(2).unwrap_or_default();
        let may_be = from_private || !storage::is_private(host);
        let is_new = may_be && check_node(&address).is_ok() && !nodes.contains(&address);
        if nodes.len() < MAX_NODES && is_new {
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
            assert_eq!(parse(list.as_bytes(), false).unwrap(), [A, B], "{list}");
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
            let failure = parse(list, false).unwrap_err();
            assert_eq!(
                (failure.code, failure.reason),
                (Code::NodeList, Some(reason)),
                "{:?}",
                String::from_utf8_lossy(&list[..list.len().min(40)])
            );
        }
    }

    #[test]
    fn a_list_of_the_internet_leads_into_no_private_network() {
        let private = [
            "/ip4/192.168.1.1/tcp/80/ws",
            "/ip4/127.0.0.1/tcp/4102/ws",
            "/ip6/fd00::1/tcp/80/ws",
            "/dns4/printer.local/tcp/80/ws",
        ];
        let list = format!("{}\n{A}", private.join("\n"));
        assert_eq!(parse(list.as_bytes(), false).unwrap(), [A]);
        assert_eq!(parse(list.as_bytes(), true).unwrap().len(), 5);
        let failure = parse(private.join("\n").as_bytes(), false).unwrap_err();
        assert_eq!(failure.reason, Some(Reason::NoNodes));
        for (url, expected) in [
            ("http://127.0.0.1:4180/x", true),
            ("http://[::1]:4180/x", true),
            ("https://10.0.0.5/x", true),
            ("https://nas.local/x", true),
            ("https://a.example/127.0.0.1", false),
            ("https://[2606:4700::1111]:443/x", false),
        ] {
            assert_eq!(is_private(url), expected, "{url}");
        }
    }

    #[test]
    fn a_list_has_at_most_as_many_nodes_as_can_be_set() {
        let lines: String = (1..100)
            .map(|port| format!("/dns4/a.example/tcp/{port}/ws\n"))
            .collect();
        assert_eq!(parse(lines.as_bytes(), false).unwrap().len(), MAX_NODES);
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
