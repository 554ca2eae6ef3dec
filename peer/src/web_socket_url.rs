//! The URL of a WebSocket multiaddr.

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// The URL of `/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT` with `/ws`, `/wss` or `/tls/ws` after it; a `/p2p/…` at the end is
/// ignored. `None` for an address of any other kind.
pub(crate) fn url_of(address: &Multiaddr) -> Option<String> {
    let mut parts = address.iter();
    let host = match parts.next()? {
        Protocol::Ip4(ip) => ip.to_string(),
        Protocol::Ip6(ip) => format!("[{ip}]"),
        Protocol::Dns(host) | Protocol::Dns4(host) | Protocol::Dns6(host) => host.into_owned(),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else {
        return None;
    };
    let (scheme, path) = match parts.next()? {
        Protocol::Ws(path) => ("ws", path),
        Protocol::Wss(path) => ("wss", path),
        Protocol::Tls => match parts.next()? {
            Protocol::Ws(path) => ("wss", path),
            _ => return None,
        },
        _ => return None,
    };
    // Circuit addresses belong to another transport.
    parts
        .all(|part| matches!(part, Protocol::P2p(_)))
        .then(|| format!("{scheme}://{host}:{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_sockets_have_urls() {
        let peer = libp2p::PeerId::random();
        for (address, url) in [
            (
                "/ip4/127.0.0.1/tcp/4102/ws".to_owned(),
                "ws://127.0.0.1:4102/",
            ),
            (format!("/ip6/::1/tcp/1/ws/p2p/{peer}"), "ws://[::1]:1/"),
            (
                "/dns4/a.example/tcp/443/tls/ws".to_owned(),
                "wss://a.example:443/",
            ),
            (
                format!("/dns/a.example/tcp/443/wss/p2p/{peer}"),
                "wss://a.example:443/",
            ),
        ] {
            let address: Multiaddr = address.parse().unwrap();
            assert_eq!(url_of(&address).as_deref(), Some(url));
        }
        for address in [
            "/ip4/127.0.0.1/tcp/4101".to_owned(),
            "/ip4/127.0.0.1/udp/4101/quic-v1".to_owned(),
            "/ip4/127.0.0.1/tcp/1/tls/wss".to_owned(),
            format!("/ip4/127.0.0.1/tcp/1/ws/p2p/{peer}/p2p-circuit"),
        ] {
            let address: Multiaddr = address.parse().unwrap();
            assert_eq!(url_of(&address), None, "{address}");
        }
    }
}
