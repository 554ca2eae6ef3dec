//! What the fuzz targets of the crate `fluence` do with an input. `tests/corpus.rs` does the same
//! with the inputs that were kept.

use bytes::Bytes;
use fluence::Cid;
use fluence::call::{self, FileArgs, FileOk, MultiaddrArgs, MultiaddrOk, Reply, Request};
use fluence::content::car::{CarLimits, CarReader};
use fluence::content::trail::Trail;
use fluence::content::unixfs::{self, DAG_PB};
use fluence::content::walk::{Limits, Walk};
use fluence::names::{self, FunctionName, Link, cid_v1};
use fluence::private::record::Header;
use fluence::private::tar::{BLOCK, Part, Reader, TarError};
use fluence::state::MAX_NODES;
use fluence::{node_list, routing, storage};
use serde_json::Value;

/// A message without its fractions, of which serde_json reads and writes the last digit as it can.
fn without_fractions<T: serde::Serialize>(message: &T) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => *value = Value::Null,
            Value::Array(values) => values.iter_mut().for_each(clear),
            Value::Object(values) => values.values_mut().for_each(clear),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(message).expect("it is JSON");
    clear(&mut value);
    value
}

/// The messages of a call.
pub fn call(data: &[u8]) {
    if let Ok(request) = call::decode::<Request>(data) {
        let again = call::encode(&request).expect("what was read can be written");
        let again = call::decode::<Request>(&again).expect("and read");
        assert_eq!(without_fractions(&again), without_fractions(&request));
        let _ = request.args::<FileArgs>();
        let _ = request.args::<MultiaddrArgs>();
        let _ = request.is_probe();
        let _ = request.function.as_file();
    }
    if let Ok(reply) = call::decode::<Reply>(data) {
        let again = call::encode(&reply).expect("what was read can be written");
        let again = call::decode::<Reply>(&again).expect("and read");
        assert_eq!(without_fractions(&again), without_fractions(&reply));
        let _ = reply.clone().into_result::<FileOk>();
        let _ = reply.into_result::<MultiaddrOk>();
    }
}

/// What a CAR has, and how it ends, if it arrives in pieces of this size.
fn read_car(data: &[u8], piece: usize) -> (Vec<(Cid, Bytes)>, Result<(), String>) {
    let limits = CarLimits {
        header: 1024,
        block: 4096,
    };
    let mut reader = CarReader::new(limits);
    let mut blocks = Vec::new();
    for piece in data.chunks(piece) {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(block)) => {
                    assert!(block.1.len() <= limits.block);
                    blocks.push(block);
                }
                Ok(None) => break,
                Err(error) => return (blocks, Err(error.to_string())),
            }
        }
    }
    let end = reader.finish().map_err(|error| error.to_string());
    (blocks, end)
}

/// A CAR, which is the same in whatever pieces it comes.
pub fn car(data: &[u8]) {
    let whole = read_car(data, data.len().max(1));
    for piece in [1, 7, 1000] {
        assert_eq!(read_car(data, piece), whole, "in pieces of {piece}");
    }
}

/// A UnixFS node, as a block that a fetcher gets and a storage takes.
pub fn unixfs(data: &[u8]) {
    let block = Bytes::copy_from_slice(data);
    let _ = unixfs::links(&block);
    let cid = cid_v1(DAG_PB, &[7; 32]);
    if let Ok(node) = unixfs::decode(&block) {
        let _ = node.file_size();
        let _ = node.lacks_sizes();
        let (recorded, content) = node.split(cid, &block);
        assert!(content.len() <= block.len());
        // What a journal keeps of a block is enough to read the node again.
        let _ = unixfs::decode_recorded(&recorded);
    }
    let mut trail = Trail::new(cid, "a/%41/b");
    if trail.accept(&block).is_ok() {
        let _ = trail.inline();
        let _ = trail.end();
    }
    let mut walk = Walk::new(cid, Limits::default());
    if walk.accept(cid, block).is_ok() {
        // What comes next are blocks inside their CIDs, if there are any.
        while let Ok(Some(_)) = walk.inline() {}
        let _ = walk.upcoming(16);
        let _ = walk.resume_point();
        if walk.is_done() {
            let _ = walk.finish();
        }
    }
}

/// Names, links and addresses.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(link) = text.parse::<Link>() {
        // The canonical form of a CID may be longer than what was read.
        if link.to_string().len() <= names::MAX_LINK {
            let again = link
                .to_string()
                .parse::<Link>()
                .expect("it can be read again");
            assert_eq!((again.cid, again.key), (link.cid, None));
        }
    }
    if let Ok(cid) = names::parse_link(&text) {
        let link = names::link(&cid);
        assert_eq!(names::parse_link(&link), Ok(names::canonical_cid(&cid)));
    }
    if let Ok(name) = text.parse::<FunctionName>() {
        if let Some(cid) = name.as_file() {
            assert_eq!(
                FunctionName::file(&cid).as_file(),
                Some(names::canonical_cid(&cid))
            );
        }
        let _ = name.dht_key();
    }
    let safe = names::safe_file_name(&text);
    assert!(!safe.is_empty() && !safe.contains(['/', '\0']));
    let _ = names::entry_name(data);
    let _ = names::mime_of(&text);
    if let Ok(url) = storage::url_of(&text) {
        let multiaddr = storage::multiaddr_of(&url).expect("it is a base URL");
        assert_eq!(storage::url_of(&multiaddr), Ok(url));
    }
    let _ = storage::is_private(&text);
}

/// What servers answer: lists of nodes, and who has a file.
pub fn lists(data: &[u8]) {
    for from_private in [false, true] {
        if let Ok(nodes) = node_list::parse(data, from_private) {
            assert!((1..=MAX_NODES).contains(&nodes.len()));
            // Lines of what was read are read as the same.
            let again = node_list::parse(nodes.join("\n").as_bytes(), from_private);
            assert_eq!(again.as_ref(), Ok(&nodes));
        }
    }
    for gateway in routing::gateways(data) {
        if let Ok(url) = storage::url_of(&gateway) {
            let _ = node_list::is_private(&url);
        }
    }
    let _ = node_list::url_of(&String::from_utf8_lossy(data));
}

/// The parts of an archive, one after the other and each file in one piece, and how it ends.
fn read_archive(data: &[u8], piece: usize) -> (Vec<Part>, Result<(), TarError>) {
    let mut reader = Reader::default();
    let mut parts: Vec<Part> = Vec::new();
    for piece in data.chunks(piece) {
        let new = match reader.push(piece) {
            Ok(new) => new,
            // What came before it in the same piece is not used, so it depends on the pieces.
            Err(error) => return (Vec::new(), Err(error)),
        };
        for part in new {
            match (parts.last_mut(), part) {
                (Some(Part::Bytes(bytes)), Part::Bytes(more)) => bytes.extend(more),
                (_, part) => parts.push(part),
            }
        }
    }
    (parts, reader.finish())
}

/// The archive in a private share, with the right checksums, and the header of its encrypted body.
pub fn archive(data: &[u8]) {
    let _ = Header::parse(data);
    if let Ok(header) = Header::parse_share(data) {
        assert_eq!(Header::parse_share(&header.bytes()), Ok(header));
    }
    let mut data = data.to_vec();
    for block in data.chunks_exact_mut(BLOCK) {
        if block[257..].starts_with(b"ustar") {
            block[148..156].fill(b' ');
            let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    let whole = read_archive(&data, data.len().max(1));
    for piece in [1, 100, BLOCK] {
        assert_eq!(read_archive(&data, piece), whole, "in pieces of {piece}");
    }
    let mut bytes = 0;
    for part in whole.0 {
        match part {
            Part::Entry(entry) => {
                let mut names = entry.path.split('/');
                assert!(
                    names.all(|name| !["", ".", ".."].contains(&name)),
                    "{entry:?}"
                );
            }
            Part::Bytes(more) => bytes += more.len(),
        }
    }
    assert!(bytes <= data.len());
}
