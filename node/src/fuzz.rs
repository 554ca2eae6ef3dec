//! What the fuzz targets of this crate do with an input; its tests do the same with the inputs that
//! were kept in `fuzz/corpus`. This is no part of the crate's interface.

use bytes::Bytes;

use crate::storage::ipld;

/// The blocks of other formats than UnixFS, their links, and paths in them.
pub fn ipld(data: &[u8]) {
    let block = Bytes::copy_from_slice(data);
    for codec in [0x55, 0x70, 0x71, 0x0129, 0x51, 0x0200, 0x72] {
        if let Ok(links) = ipld::links(codec, &block) {
            assert!(links.len() <= data.len());
        }
        let _ = ipld::needed(codec, &block);
        for path in [&[][..], &["a"], &["0"], &["a", "/"]] {
            let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            let _ = ipld::step(codec, data, &path);
        }
    }
}

/// Tokens, as they come and as this storage would have signed them.
pub fn token(data: &[u8]) {
    crate::storage::fuzz_token(data);
}

/// What a request to the gateway asks for: its path and query in the first line, then its headers.
pub fn request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let mut request = axum::http::Request::builder().uri(lines.next().unwrap_or_default());
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        request = request.header(name.trim(), value.trim());
    }
    if let Ok(request) = request.body(()) {
        crate::gateway::parse_request(request.uri(), request.headers());
    }
}

/// The body of an upload, after a line with its `Content-Type`.
pub fn form(data: &[u8]) {
    crate::gateway::fuzz_form(data);
}

/// What a connection from a proxy begins with.
pub fn proxy(data: &[u8]) {
    crate::gateway::fuzz_proxy(data);
}

#[cfg(test)]
#[path = "../../fuzz/bodies/kept.rs"]
mod kept;

#[cfg(test)]
mod tests {
    use super::kept::each;

    #[test]
    fn blocks_that_were_kept() {
        each("../fuzz/corpus/ipld", super::ipld);
    }

    #[test]
    fn tokens_that_were_kept() {
        each("../fuzz/corpus/token", super::token);
    }

    #[test]
    fn forms_that_were_kept() {
        each("../fuzz/corpus/form", super::form);
    }

    #[test]
    fn beginnings_of_a_proxys_connections_that_were_kept() {
        each("../fuzz/corpus/proxy", super::proxy);
    }

    #[test]
    fn requests_that_were_kept() {
        each("../fuzz/corpus/request", super::request);
    }
}
