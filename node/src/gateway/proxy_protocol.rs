//! For whom a proxy that does not read HTTP opens a connection: the [PROXY
//! protocol](https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt), versions 1 and 2.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// How a header of version 1 begins, and one of version 2.
const TEXT: &[u8] = b"PROXY ";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest header of version 1, with its line break.
const MAX_TEXT: usize = 107;
/// How many bytes there are before the addresses of version 2.
const FIXED: usize = 16;
/// The most bytes of addresses, and of what a proxy adds to them, that are read. Proxies add some identifiers and, at
/// most, what a certificate says.
const MAX_REST: usize = 2048;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    /// How many bytes it has.
    length: usize,
    /// Who has connected to the proxy; `None` if the proxy speaks for itself, or of an address that is no IP address.
    client: Option<SocketAddr>,
}

/// Reads the header with which a connection begins, and nothing beyond it. Returns who has connected to the proxy;
/// `None` if that is the proxy itself, such as to see whether somebody is there.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the connection begins with something else, and whatever its stream has for an error.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut bytes = Vec::new();
    loop {
        match header(&bytes)? {
            Ok(header) => return Ok(header.client),
            Err(needed) => {
                let read = bytes.len();
                bytes.resize(needed, 0);
                stream.read_exact(&mut bytes[read..]).await?;
            }
        }
    }
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Reads a header; `Err(n)` if it has `n` bytes at least.
fn header(bytes: &[u8]) -> io::Result<Result<Header, usize>> {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(byte, with)| byte == with);
    if !begins(TEXT) && !begins(BINARY) {
        return Err(invalid());
    }
    match bytes.first() {
        None => Ok(Err(TEXT.len())),
        Some(b'P') => text(bytes),
        Some(_) => binary(bytes),
    }
}

fn text(bytes: &[u8]) -> io::Result<Result<Header, usize>> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        // The line break has two bytes, and nothing behind it may be read.
        let missing = if bytes.last() == Some(&b'\r') { 1 } else { 2 };
        let needed = (bytes.len() + missing).max(TEXT.len());
        return if needed > MAX_TEXT {
            Err(invalid())
        } else {
            Ok(Err(needed))
        };
    };
    let line = bytes[..end].strip_suffix(b"\r").ok_or_else(invalid)?;
    let line = std::str::from_utf8(line).map_err(|_| invalid())?;
    let words: Vec<&str> = line.split(' ').collect();
    let client = match words[..] {
        // Whatever follows says nothing.
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", "TCP4", from, to, port, to_port] => {
            let (from, _) = (ip::<Ipv4Addr>(from)?, ip::<Ipv4Addr>(to)?);
            Some(ported(from.into(), port, to_port)?)
        }
        ["PROXY", "TCP6", from, to, port, to_port] => {
            let (from, _) = (ip::<Ipv6Addr>(from)?, ip::<Ipv6Addr>(to)?);
            Some(ported(from.into(), port, to_port)?)
        }
        _ => return Err(invalid()),
    };
    let length = end + 1;
    Ok(Ok(Header { length, client }))
}

fn ip<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| invalid())
}

fn ported(ip: IpAddr, port: &str, to_port: &str) -> io::Result<SocketAddr> {
    let number = |text: &str| text.parse::<u16>().map_err(|_| invalid());
    number(to_port)?;
    Ok(SocketAddr::new(ip, number(port)?))
}

fn binary(bytes: &[u8]) -> io::Result<Result<Header, usize>> {
    let Some([version, family, high, low]) = bytes.get(BINARY.len()..FIXED) else {
        return Ok(Err(FIXED));
    };
    let rest = usize::from(u16::from_be_bytes([*high, *low]));
    let length = FIXED + rest;
    if rest > MAX_REST {
        return Err(invalid());
    }
    let Some(rest) = bytes.get(FIXED..length) else {
        return Ok(Err(length));
    };
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    // The address family in the upper half, and TCP in the lower one.
    const TCP4: u8 = 0x11;
    const TCP6: u8 = 0x21;
    let client = match (*version, *family) {
        (LOCAL, _) => None,
        (PROXY, TCP4) => match *rest {
            [a, b, c, d, _, _, _, _, high, low, _, _, ..] => {
                let port = u16::from_be_bytes([high, low]);
                Some((Ipv4Addr::new(a, b, c, d), port).into())
            }
            _ => return Err(invalid()),
        },
        (PROXY, TCP6) => {
            let (ip, ports) = rest.split_first_chunk::<16>().ok_or_else(invalid)?;
            // After the other address, both ports.
            let ports = ports.get(16..20).ok_or_else(invalid)?;
            let port = u16::from_be_bytes([ports[0], ports[1]]);
            Some((Ipv6Addr::from(*ip), port).into())
        }
        // Addresses of another kind, such as paths of sockets.
        (PROXY, _) => None,
        _ => return Err(invalid()),
    };
    Ok(Ok(Header { length, client }))
}

/// Reads a header as it comes: whole, and in pieces of which none says more than the whole.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(data: &[u8]) {
    let mut needed = 0;
    loop {
        match header(&data[..needed]) {
            Ok(Ok(header)) => {
                assert!(header.length == needed && needed <= FIXED + MAX_REST);
                let mut rest = data;
                let read = futures::FutureExt::now_or_never(read(&mut rest));
                assert!(matches!(read, Some(Ok(client)) if client == header.client));
                assert_eq!(rest.len(), data.len() - needed);
                return;
            }
            Ok(Err(more)) => {
                assert!(more > needed && more <= FIXED + MAX_REST);
                if more > data.len() {
                    return;
                }
                needed = more;
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of these bytes, and what is left of them.
    async fn told(bytes: &[u8]) -> (io::Result<Option<String>>, usize) {
        let mut rest = bytes;
        let client = read(&mut rest).await;
        let client = client.map(|client| client.map(|client| client.to_string()));
        (client, rest.len())
    }

    /// A header of version 2.
    fn second(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = BINARY.to_vec();
        bytes.extend([version, family]);
        bytes.extend((rest.len() as u16).to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 127, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];

    #[tokio::test]
    async fn a_header_says_who_has_connected_and_nothing_behind_it_is_read() {
        let v6: Vec<u8> = [
            &[0x20, 0x01, 0x0d, 0xb8][..],
            &[0; 11],
            &[1],
            &[0; 16],
            &[0, 80, 1, 0xbb],
        ]
        .concat();
        for (header, client) in [
            (
                b"PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n".to_vec(),
                Some("192.0.2.1:4711"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n".to_vec(),
                Some("[2001:db8::1]:4711"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff:f...f:ffff 1 2\r\n".to_vec(), None),
            (second(0x21, 0x11, &V4), Some("192.0.2.1:4711")),
            // Whatever a proxy adds is passed over.
            (
                second(0x21, 0x11, &[&V4[..], &[4, 0, 1, 0]].concat()),
                Some("192.0.2.1:4711"),
            ),
            (second(0x21, 0x21, &v6), Some("[2001:db8::1]:80")),
            // The proxy's own connection, addresses of another kind, and paths of sockets.
            (second(0x20, 0x00, &[]), None),
            (second(0x20, 0x11, &V4), None),
            (second(0x21, 0x00, &[]), None),
            (second(0x21, 0x31, &[0; 216]), None),
        ] {
            for behind in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\n", b"\r\nPROXY "] {
                let (read, left) = told(&[&header[..], behind].concat()).await;
                let read = read.unwrap_or_else(|error| panic!("{error}: {header:?}"));
                assert_eq!(read.as_deref(), client, "{header:?}");
                assert_eq!(left, behind.len(), "{header:?}");
            }
            // Whoever ends in the middle of it is not taken for somebody else.
            for cut in 0..header.len() {
                assert!(told(&header[..cut]).await.0.is_err(), "{header:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused_at_its_first_wrong_byte_or_at_the_limit() {
        let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 200], b"\r\n"].concat();
        for wrong in [
            &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            // A record of TLS.
            &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3],
            b"\r\n\r\nPROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n",
            b"PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\n and more of it\r\n",
            b"PROXY TCP4 192.0.2.1 127.0.0.1 4711\r\n",
            b"PROXY TCP4 192.0.2.1 127.0.0.1 4711 70000\r\n",
            b"PROXY TCP4 2001:db8::1 127.0.0.1 4711 443\r\n",
            b"PROXY TCP4 192.0.2.1  127.0.0.1 4711 443\r\n",
            b"PROXY TCP5 192.0.2.1 127.0.0.1 4711 443\r\n",
            b"PROXY \xff\r\n and more of it",
            &long,
            // Versions and commands that there are not, too few bytes of addresses, and too many of anything.
            &second(0x11, 0x11, &V4),
            &second(0x22, 0x11, &V4),
            &second(0x21, 0x11, &V4[..11]),
            &second(0x21, 0x21, &[0; 35]),
            &second(0x21, 0x11, &[0; MAX_REST + 1]),
        ] {
            let (read, _) = told(wrong).await;
            let error = read.expect_err(&format!("{wrong:?}"));
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{wrong:?}");
        }
        // Of a client that speaks first, no more is read than it takes to tell.
        assert_eq!(told(b"GET / HTTP/1.1\r\n").await.1, 10);
    }
}
