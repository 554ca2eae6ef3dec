//! Tests of the adaptors in a real browser. They run in a dedicated worker of Chromium, which has
//! everything of the extension's worker that is tested here. `cargo xtask test` runs them. To run
//! them by hand:
//!
//! ```text
//! cargo xtask build
//! cargo build --package fluence-tests --bin adaptors
//! CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=target/debug/adaptors \
//!   cargo test --package background --test browser --target wasm32-unknown-unknown
//! ```
#![cfg(target_arch = "wasm32")]

mod cars;
mod cipher;
mod database;
mod handover;
mod http;
mod identity;
mod journal;
mod other_versions;
mod source;
mod store;
mod thumbnail;

use background::database::Database;
use background::disk::Disk;
use background::source::blob_of;
use background::store::DiskStore;
use fluence::content::Block;
use fluence::names::cid_v1;
use fluence::state::ItemId;
use js_sys::{Array, Uint8Array};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Bytes that do not repeat: the stream of the vectors in `tests/vectors`.
fn noise(len: usize) -> Vec<u8> {
    let mut x = 2_463_534_242_u32;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x as u8
        })
        .collect()
}

/// Opens the database, which all tests share; each test uses its own ids.
async fn database() -> Database {
    let database = Database::open().await;
    assert!(!database.is_substitute(), "the database does not open");
    database
}

/// A file worker in the same worker as the tests, which may open files. As in the extension, it
/// starts the built extension's worker to write for it.
fn disk() -> Disk {
    Disk::new(None, |port| {
        files::serve(port);
        std::future::ready(Ok(()))
    })
}

/// A file worker that cannot start another worker, and so does everything itself.
fn lone_disk() -> Disk {
    Disk::new(None, |port| {
        files::serve_here(port);
        std::future::ready(Ok(()))
    })
}

/// The stored files, as a worker that has just started sees them. Files that an earlier one had
/// open are closed.
async fn store() -> DiskStore {
    DiskStore::new(database().await, disk())
}

fn blob(bytes: &[u8]) -> web_sys::Blob {
    blob_of(&Array::of1(&Uint8Array::from(bytes))).expect("a blob is made")
}

fn id(name: &str) -> ItemId {
    ItemId(name.to_owned())
}

/// A block of this many bytes of a file; the number makes it distinct.
fn block(number: u8, len: u64) -> Block {
    Block {
        cid: cid_v1(0x55, &[number; 32]),
        prefix: vec![number].into(),
        len,
        suffix: Default::default(),
    }
}
