//! For whom a reverse proxy asks: `X-Forwarded-For`, and `Forwarded` (RFC 7239).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Whose request it is when nobody knows. It is not the proxy's, which may have more than others.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// How many addresses of a chain of proxies are looked at.
const MAX_CHAIN: usize = 32;

/// Whether an address is that of a trusted proxy.
pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The client of a request that came from this address: the address itself, unless it is that of a
/// trusted proxy. Then it is the last address of those that the proxies name which is no trusted
/// proxy's; whatever stands before that could be anybody's invention.
///
/// A proxy that sets one of the two headers may pass on what a client has written into the other. So
/// if both are there and do not agree, neither counts, and all for whom that is so share what one address may.
pub(super) fn client(from: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address| is_trusted(address, trusted);
    if !is_trusted(from) {
        return from;
    }
    let named = |name: &str, read: fn(&str) -> Option<IpAddr>| {
        let mut values = headers.get_all(name).iter().rev().peekable();
        values.peek()?;
        let mut last = from;
        let chain = values.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
        for element in chain.take(MAX_CHAIN) {
            let Some(address) = read(element.trim()) else {
                break;
            };
            last = address;
            if !is_trusted(address) {
                break;
            }
        }
        Some(last)
    };
    let plain = named("x-forwarded-for", address);
    let standard = named("forwarded", for_of);
    match (plain, standard) {
        (Some(plain), Some(standard)) if plain != standard => NOBODY,
        (plain, standard) => plain.or(standard).unwrap_or(from),
    }
}

/// An address, which may have a port and then, as one of IPv6, brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let ip = bare.unwrap_or(text).parse::<IpAddr>().ok();
    ip.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// The address of the parameter `for` in an element of `Forwarded`.
fn for_of(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for")
            .then(|| address(value.trim_matches('"')))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]
            .map(|network| network.parse().unwrap())
            .to_vec();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        client(from.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn a_trusted_proxy_says_for_whom_it_asks() {
        const XFF: &str = "x-forwarded-for";
        for (said, client) in [
            (&[(XFF, "192.0.2.1")][..], "192.0.2.1"),
            (&[(XFF, "192.0.2.1:4711")], "192.0.2.1"),
            (&[(XFF, "2001:db8::1")], "2001:db8::1"),
            (&[(XFF, "6.6.6.6, 192.0.2.1, 10.1.2.3")], "192.0.2.1"),
            (&[(XFF, "6.6.6.6"), (XFF, "192.0.2.1")], "192.0.2.1"),
            (&[(XFF, "10.1.2.4, 10.1.2.3")], "10.1.2.4"),
            (&[(XFF, "6.6.6.6, unknown")], "127.0.0.1"),
            (
                &[("forwarded", "for=6.6.6.6, for=192.0.2.1;proto=https")],
                "192.0.2.1",
            ),
            (
                &[("forwarded", "proto=https; For=\"[2001:db8::1]:4711\"")],
                "2001:db8::1",
            ),
            (&[("forwarded", "for=_hidden")], "127.0.0.1"),
            (
                &[(XFF, "192.0.2.1"), ("forwarded", "for=192.0.2.1")],
                "192.0.2.1",
            ),
            (
                &[(XFF, "192.0.2.1"), ("forwarded", "for=6.6.6.6")],
                "0.0.0.0",
            ),
            (&[], "127.0.0.1"),
        ] {
            assert_eq!(told("127.0.0.1", said), client, "{said:?}");
        }
        assert_eq!(told("::ffff:127.0.0.1", &[(XFF, "192.0.2.1")]), "192.0.2.1");
        assert_eq!(told("203.0.113.9", &[(XFF, "192.0.2.1")]), "203.0.113.9");
    }
}
