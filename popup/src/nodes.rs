//! Addresses of nodes as a person writes them: one a line, or with spaces or commas between them.

use crate::text;

/// The most nodes that are kept.
pub const MAX_NODES: usize = 16;
/// The longest address, in bytes.
const MAX_ADDRESS: usize = 512;

/// The addresses in a text, or what is wrong with its first wrong line. An address that is there twice is taken once.
pub fn parse(lines: &str) -> Result<Vec<String>, String> {
    let mut nodes: Vec<String> = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        let addresses = line.split(|c: char| c.is_whitespace() || c == ',');
        for address in addresses.filter(|address| !address.is_empty()) {
            if nodes.iter().any(|node| node == address) {
                continue;
            }
            check(address).map_err(|reason| text::node_wrong(index + 1, reason))?;
            if nodes.len() == MAX_NODES {
                return Err(text::node_wrong(index + 1, text::NODE_MANY));
            }
            nodes.push(address.to_owned());
        }
    }
    Ok(nodes)
}

/// Whether this is an address at which a browser can reach a node: a host, a TCP port, WebSocket, and perhaps the
/// node's identity.
fn check(address: &str) -> Result<(), &'static str> {
    if address.len() > MAX_ADDRESS {
        return Err(text::NODE_LONG);
    }
    let parts: Vec<&str> = address
        .strip_prefix('/')
        .ok_or(text::NODE_NO_SLASH)?
        .trim_end_matches('/')
        .split('/')
        .collect();
    let [kind, host, rest @ ..] = parts.as_slice() else {
        return Err(text::NODE_NO_SLASH);
    };
    let good_host = match *kind {
        "ip4" => host.parse::<std::net::Ipv4Addr>().is_ok(),
        "ip6" => host.parse::<std::net::Ipv6Addr>().is_ok(),
        "dns" | "dns4" | "dns6" | "dnsaddr" => is_host_name(host),
        _ => return Err(text::NODE_NO_SLASH),
    };
    if !good_host {
        return Err(text::NODE_HOST);
    }
    let ["tcp", port, rest @ ..] = rest else {
        return Err(text::NODE_TRANSPORT);
    };
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(text::NODE_PORT);
    }
    let rest = match rest {
        ["tls", "ws", rest @ ..]
        | ["tls", "sni", _, "ws", rest @ ..]
        | ["ws" | "wss", rest @ ..] => rest,
        _ => return Err(text::NODE_TRANSPORT),
    };
    match rest {
        [] => Ok(()),
        ["p2p", peer] if is_peer_id(peer) => Ok(()),
        ["p2p", ..] => Err(text::NODE_PEER),
        _ => Err(text::NODE_TRANSPORT),
    }
}

fn is_host_name(host: &str) -> bool {
    let good_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(good_label)
}

/// Whether it has the form of a peer id in base58; the worker reads it for good.
fn is_peer_id(text: &str) -> bool {
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (40..=64).contains(&text.len()) && text.bytes().all(base58)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    #[test]
    fn addresses_that_a_browser_can_reach_are_taken() {
        let lines = format!(
            "/ip4/127.0.0.1/tcp/4102/ws\n\n  /dns4/node.example.org/tcp/443/tls/ws/p2p/{PEER}\n/ip6/::1/tcp/1/ws\n\
             /dns/n.example/tcp/443/wss\n/ip4/127.0.0.1/tcp/4102/ws\n"
        );
        assert_eq!(parse(&lines).map(|nodes| nodes.len()), Ok(4));
        let in_a_line = "/dns4/a/tcp/1/ws, /dns4/b/tcp/1/ws /dns4/c/tcp/1/ws";
        assert_eq!(parse(in_a_line).map(|nodes| nodes.len()), Ok(3));
        assert_eq!(parse(" \n\n"), Ok(vec![]));
    }

    #[test]
    fn others_are_refused_with_their_line_and_reason() {
        for (line, reason) in [
            ("node.example.org", text::NODE_NO_SLASH),
            ("/unix/x", text::NODE_NO_SLASH),
            ("/ip4/127.0.0/tcp/1/ws", text::NODE_HOST),
            ("/dns4/a_b/tcp/1/ws", text::NODE_HOST),
            ("/dns4/a b/tcp/1/ws", text::NODE_TRANSPORT),
            ("/dns4//tcp/1/ws", text::NODE_HOST),
            ("/ip4/127.0.0.1/tcp/0/ws", text::NODE_PORT),
            ("/ip4/127.0.0.1/tcp/65536/ws", text::NODE_PORT),
            ("/ip4/127.0.0.1/tcp/4101", text::NODE_TRANSPORT),
            ("/ip4/127.0.0.1/udp/4101/quic-v1", text::NODE_TRANSPORT),
            ("/ip4/127.0.0.1/tcp/1/ws/p2p/short", text::NODE_PEER),
            ("/ip4/127.0.0.1/tcp/1/ws/p2p", text::NODE_PEER),
        ] {
            assert_eq!(
                parse(&format!("\n{line}")),
                Err(text::node_wrong(2, reason)),
                "{line}"
            );
        }
        let many: String = (1..=MAX_NODES + 1)
            .map(|port| format!("/ip4/127.0.0.1/tcp/{port}/ws\n"))
            .collect();
        assert_eq!(
            parse(&many),
            Err(text::node_wrong(MAX_NODES + 1, text::NODE_MANY))
        );
    }
}
