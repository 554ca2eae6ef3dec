//! The address of a storage: a multiaddr on the wire, and a URL in use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::is_host_name;

/// The longest address that is read or can be set, in bytes.
pub const MAX_ADDRESS: usize = 512;

/// Why a multiaddr is not the address of a storage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{address}” is not the HTTP address of a storage: {reason}")]
pub struct AddressError {
    /// The beginning of the address that was read.
    pub address: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The base URL of a storage's multiaddr: `https://host:port`, without a slash at its end.
///
/// It accepts `/dns4|dns6|dns|ip4|ip6/H/tcp/P/http|https`, the same with `/tls/http`, and the old
/// form `/dns4/H/https/P`.
///
/// # Errors
/// [`AddressError`] says what is wrong with the address.
pub fn url_of(multiaddr: &str) -> Result<String, AddressError> {
    let fail = |reason| AddressError {
        address: multiaddr
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect(),
        reason,
    };
    if multiaddr.len() > MAX_ADDRESS {
        return Err(fail("it is too long"));
    }
    let mut parts = multiaddr
        .strip_prefix('/')
        .ok_or(fail("it does not begin with /"))?
        .split('/');
    let (kind, host) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let host = match kind {
        "ip4" => host
            .parse::<Ipv4Addr>()
            .map_err(|_| fail("that is no IPv4 address"))?
            .to_string(),
        "ip6" => format!(
            "[{}]",
            host.parse::<Ipv6Addr>()
                .map_err(|_| fail("that is no IPv6 address"))?
        ),
        "dns" | "dns4" | "dns6" if is_name(host) => host.to_ascii_lowercase(),
        "dns" | "dns4" | "dns6" => return Err(fail("that is no host name")),
        _ => return Err(fail("it begins with neither ip4, ip6 nor dns")),
    };
    let rest: Vec<&str> = parts.filter(|p| !p.is_empty()).collect();
    let (scheme, port) = match rest.as_slice() {
        ["tcp", port, "tls", "http"] => ("https", *port),
        ["tcp", port, scheme @ ("http" | "https")] => (*scheme, *port),
        // The form that the demonstration of 2020 used.
        [scheme @ ("http" | "https"), port] => (*scheme, *port),
        _ => return Err(fail("it does not end with /tcp/PORT/https")),
    };
    let port: u16 = port.parse().map_err(|_| fail("its port is no number"))?;
    if port == 0 {
        return Err(fail("its port is 0"));
    }
    Ok(format!("{scheme}://{host}:{port}"))
}

/// The zones of names that are not looked up on the internet (RFC 6761, RFC 6762, RFC 8375), and two that many networks use
/// for their own.
const OWN_ZONES: [&str; 5] = ["localhost", "local", "home.arpa", "internal", "lan"];

/// Whether a host is in a private network, so that its name or address means another machine to everybody: an IP address
/// that [is not one of the internet](is_private_ip), in any form that programs take for one, or a name that is not looked up
/// on the internet, such as one without a dot.
pub fn is_private(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    if let Ok(ip) = host.parse() {
        return is_private_ip(ip);
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let Some((_, last)) = host.rsplit_once('.') else {
        return true;
    };
    // To browsers and URLs such a name is an IPv4 address with fewer parts or in another base, such as 127.1 and 0x7f.0.0.1.
    let is_number = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    is_number
        || OWN_ZONES
            .iter()
            .any(|zone| host == *zone || host.ends_with(&format!(".{zone}")))
}

/// Whether an IP address is not one of a machine on the internet (the special-purpose registries of IANA, RFC 6890; without
/// the networks for documentation, in which there are no machines).
pub fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_ip4(ip),
        IpAddr::V6(ip) => match ip.segments() {
            // An IPv4 address: as one of IPv6, and as a network without IPv4 reaches it (RFC 6052).
            [0, 0, 0, 0, 0, 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] => {
                let [[a, b], [c, d]] = [a.to_be_bytes(), b.to_be_bytes()];
                is_private_ip4(Ipv4Addr::new(a, b, c, d))
            }
            // Of what is given out to networks (2000::/3), the part for protocols and 6to4 may lead elsewhere.
            [first, second, ..] => {
                first & 0xe000 != 0x2000 || first == 0x2001 && second < 0x200 || first == 0x2002
            }
        },
    }
}

fn is_private_ip4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    // The last ones are a network of this machine, that of carriers between them and their customers, that of protocols, that
    // of measurements, and those of groups and of the future.
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || a == 0
        || a == 100 && (64..128).contains(&b)
        || (a, b, c) == (192, 0, 0)
        || a == 198 && (18..20).contains(&b)
        || a >= 224
}

/// A host in a base URL.
enum Host<'a> {
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Name(&'a str),
}

/// The scheme, the host and the port of a base URL.
fn parse_base_url(url: &str) -> Result<(&str, Host<'_>, u16), &'static str> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or("it does not begin with http:// or https://")?;
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err("it does not begin with http:// or https://"),
    };
    let authority = rest.trim_end_matches('/');
    if authority.contains(['/', '?', '#', '@']) {
        return Err("it has more than a host and a port");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, port.parse().map_err(|_| "its port is no number")?)
        }
        _ => (authority, default_port),
    };
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok((scheme, Host::Ip4(ip), port));
    }
    if let Some(ip) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let ip = ip.parse().map_err(|_| "that is no IPv6 address")?;
        return Ok((scheme, Host::Ip6(ip), port));
    }
    if !is_name(host) {
        return Err("that is no host name");
    }
    Ok((scheme, Host::Name(host), port))
}

/// Whether this is a base URL such as `https://ipfs.example.org` or `http://127.0.0.1:8080/`.
pub fn is_base_url(url: &str) -> bool {
    parse_base_url(url).is_ok()
}

/// The multiaddr of a storage at a base URL such as `https://ipfs.example.org` or `http://127.0.0.1:8080/`.
///
/// # Errors
/// [`AddressError`] says what is wrong with the URL.
pub fn multiaddr_of(url: &str) -> Result<String, AddressError> {
    let (scheme, host, port) = parse_base_url(url).map_err(|reason| AddressError {
        address: url.chars().take(100).collect(),
        reason,
    })?;
    Ok(match host {
        Host::Ip4(ip) => format!("/ip4/{ip}/tcp/{port}/{scheme}"),
        Host::Ip6(ip) => format!("/ip6/{ip}/tcp/{port}/{scheme}"),
        // The name may have addresses of IPv4, of IPv6, or of both.
        Host::Name(name) => format!("/dns/{}/tcp/{port}/{scheme}", name.to_ascii_lowercase()),
    })
}

/// Whether two multiaddrs are of the same storage. There are several ways to write one, and a node may write its own in another
/// way after an update, such as `/dns/…` for what was `/dns4/…`.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || matches!((url_of(one), url_of(other)), (Ok(one), Ok(other)) if one == other)
}

/// The URL at which a file opens in any browser, made from the base URL of a storage that serves
/// links and the canonical CID. The browser has to believe what comes ([`crate::web_link`] is for nodes with a page).
pub fn web_link(base: &str, cid: &str) -> String {
    format!("{}/ipfs/{cid}", short_base(base))
}

/// A base URL without a port that goes without saying.
pub fn short_base(base: &str) -> String {
    let (scheme, host) = base.split_once("://").unwrap_or_default();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(port).unwrap_or(host);
    format!("{scheme}://{}", host.trim_end_matches('/'))
}

/// Whether a base URL leads every computer to itself.
pub fn is_local(base: &str) -> bool {
    let host = base.split_once("://").map_or("", |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a text can be the name of a storage. Underscores are allowed beyond what host names have, because resolvers
/// know such names.
fn is_name(host: &str) -> bool {
    is_host_name(&host.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_places_are_known() {
        for local in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "localhost",
            "a.localhost",
            "printer.local",
            "x.home.arpa",
            "nas.lan",
            "db.internal.",
            "router",
            "",
            // Other ways to write 127.0.0.1.
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.0x1",
            "127.0.0.1.",
            "[::1]",
            // Addresses of protocols, measurements, groups and the future.
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.251",
            "255.255.255.255",
            "fec0::1",
            "ff02::1",
            "::7f00:1",
            "100::1",
            // IPv4 by way of IPv6.
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
        ] {
            assert!(is_private(local), "{local}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
            "198.20.0.1",
            "192.0.1.1",
            "example.org",
            "example.org.",
            "local.example",
            "1.example",
            "a.0xyz",
        ] {
            assert!(!is_private(public), "{public}");
        }
    }

    #[test]
    fn both_forms_are_understood() {
        for (multiaddr, url) in [
            (
                "/dns4/ipfs2.fluence.one/tcp/443/https",
                "https://ipfs2.fluence.one:443",
            ),
            (
                "/dns4/ipfs2.fluence.one/https/443",
                "https://ipfs2.fluence.one:443",
            ),
            ("/dns4/a.b/tcp/443/tls/http", "https://a.b:443"),
            ("/ip4/127.0.0.1/tcp/8080/http", "http://127.0.0.1:8080"),
            ("/ip6/::1/tcp/8080/http", "http://[::1]:8080"),
        ] {
            assert_eq!(url_of(multiaddr).as_deref(), Ok(url));
        }
        for url in [
            "https://a.b:8443",
            "http://127.0.0.1:80",
            "http://[::1]:8080",
        ] {
            assert_eq!(url_of(&multiaddr_of(url).unwrap()).as_deref(), Ok(url));
        }
        let multiaddr = multiaddr_of("https://a.b");
        assert_eq!(multiaddr.as_deref(), Ok("/dns/a.b/tcp/443/https"));
    }

    #[test]
    fn a_storage_is_the_same_however_its_address_is_written() {
        let storage = "/dns/a.b/tcp/443/https";
        for same in [
            storage,
            "/dns4/A.b/tcp/443/https",
            "/dns6/a.b/tcp/443/tls/http",
            "/dns4/a.b/https/443",
        ] {
            assert!(is_same(storage, same) && is_same(same, storage), "{same}");
        }
        for other in [
            "/dns/a.b/tcp/443/http",
            "/dns/a.b/tcp/8443/https",
            "/dns/a.c/tcp/443/https",
            "",
        ] {
            assert!(!is_same(storage, other), "{other}");
        }
        assert!(!is_same("a", "b"), "what is no address is only itself");
    }

    #[test]
    fn what_is_no_storage_is_refused() {
        for bad in [
            "",
            "dns4",
            "/dns4/a b/tcp/1/http",
            "/dns4/a@b/tcp/1/http",
            "/dns4/h/tcp/0/http",
            "/dns4/h/tcp/99999/https",
            "/unix/x",
            "/ip4/1.2.3/tcp/1/http",
            "/dns4/h/tcp/1/ws",
        ] {
            assert!(url_of(bad).is_err(), "{bad}");
        }
        for bad in ["ftp://x", "https://x/path", "https://u@x", "https://"] {
            assert!(multiaddr_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_are_as_short_as_they_can_be() {
        for (base, link, local) in [
            ("https://a.b:443", "https://a.b/ipfs/x", false),
            ("http://a.b:443", "http://a.b:443/ipfs/x", false),
            ("http://10.0.0.1:80", "http://10.0.0.1/ipfs/x", false),
            (
                "http://127.0.0.1:4180",
                "http://127.0.0.1:4180/ipfs/x",
                true,
            ),
            ("http://[::1]:80", "http://[::1]/ipfs/x", true),
            ("http://localhost:1", "http://localhost:1/ipfs/x", true),
        ] {
            assert_eq!((&*web_link(base, "x"), is_local(base)), (link, local));
        }
    }
}
