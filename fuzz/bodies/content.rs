//! What the fuzz targets of the crate `fluence` do with an input. `tests/corpus.rs` does the same
//! with the inputs that were kept.

use bytes::Bytes;
use fluence::Cid;
use fluence::call::{self, FileArgs, FileOk, MultiaddrArgs, MultiaddrOk, Reply, Request};
use fluence::content::car::{CarLimits, CarReader};
use fluence::content::unixfs::{self, DAG_PB};
use fluence::content::walk::{Limits, Walk};
use fluence::names::{self, FunctionName, cid_v1};
use fluence::storage;

/// The messages of a call.
pub fn call(data: &[u8]) {
    if let Ok(request) = call::decode::<Request>(data) {
        let again = call::encode(&request).expect("what was read can be written");
        assert_eq!(call::decode::<Request>(&again).expect("and read"), request);
        let _ = request.args::<FileArgs>();
        let _ = request.args::<MultiaddrArgs>();
        let _ = request.is_probe();
        let _ = request.function.as_file();
    }
    if let Ok(reply) = call::decode::<Reply>(data) {
        let again = call::encode(&reply).expect("what was read can be written");
        assert_eq!(call::decode::<Reply>(&again).expect("and read"), reply);
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
