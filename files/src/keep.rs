//! The verified blocks that are kept until they are written.

use std::cell::Cell;
use std::rc::Rc;

use fluence::Cid;
use fluence::cars::{self, CarEnd, Check, Payload};
use fluence::content::hash::{self, HashError};
use fluence::failure::Reason;
use futures::FutureExt;
use js_sys::{ArrayBuffer, Uint8Array};

use crate::Files;
use crate::message::Problem;
use crate::open::sha256_of;
use crate::writer::Buffers;

/// Verifies blocks and keeps them in the worker that will write them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper(Rc<Inner>);

struct Inner {
    files: Rc<Files>,
    buffers: Rc<Buffers>,
    last: Cell<u32>,
}

/// A kept block. Unless its number was told to somebody, dropping this lets go of it.
pub(crate) struct Held {
    keeper: Keeper,
    number: u32,
    told: Cell<bool>,
}

impl Held {
    /// The number of the block. From now on, whoever is told the number has to let go of the block.
    pub(crate) fn tell(&self) -> u32 {
        self.told.set(true);
        self.number
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.told.get() {
            self.keeper.0.files.let_go(vec![self.number]);
        }
    }
}

impl Keeper {
    pub(crate) fn new(files: Rc<Files>, buffers: Rc<Buffers>) -> Self {
        let last = Cell::new(0);
        Self(Rc::new(Inner {
            files,
            buffers,
            last,
        }))
    }

    /// A buffer of at least `len` bytes, for a block.
    pub(crate) fn buffer(&self, len: u32) -> ArrayBuffer {
        self.0.buffers.take(len)
    }

    /// Keeps a block if it matches its CID.
    pub(crate) fn keep(&self, cid: Cid, block: Uint8Array) -> Check {
        let number = self.0.last.get().wrapping_add(1);
        self.0.last.set(number);
        let held = Held {
            keeper: self.clone(),
            number,
            told: Cell::new(false),
        };
        let len = block.length().into();
        async move {
            held.keeper.0.files.keep(number, &cid, block).await?;
            let place = Rc::new(held);
            Ok(Payload::Kept(cars::Kept { len, place }))
        }
        .boxed_local()
    }
}

impl Files {
    /// Keeps a block under a number if it matches its CID. The browser hashes in the thread that
    /// asks for the hash, so the writer shares the work: it hashes a block whenever it has none to
    /// hash.
    async fn keep(&self, number: u32, cid: &Cid, block: Uint8Array) -> Result<(), CarEnd> {
        let failed = |problem| match problem {
            Problem::Http(error) => CarEnd::Http(error),
            Problem::Full | Problem::Gone(_) | Problem::Failed(_) => CarEnd::Short(Reason::Lost),
        };
        match self {
            Self::Apart(writer) => match hash::is_sha2_256(cid).filter(|_| writer.is_idle()) {
                Some(expected) => {
                    let digest = writer.keep_and_hash(number, block).await;
                    if digest.map_err(failed)?.to_vec() == expected {
                        Ok(())
                    } else {
                        Err(HashError::Mismatch(*cid).into())
                    }
                }
                None => {
                    verify(cid, &block).await?;
                    writer.keep(number, block).map_err(failed)
                }
            },
            Self::Here(open) => {
                verify(cid, &block).await?;
                open.keep(number, block);
                Ok(())
            }
        }
    }
}

async fn verify(cid: &Cid, block: &Uint8Array) -> Result<(), HashError> {
    if let Some(expected) = hash::is_sha2_256(cid)
        && let Ok(digest) = sha256_of(block).await
    {
        return if digest.to_vec() == expected {
            Ok(())
        } else {
            Err(HashError::Mismatch(*cid))
        };
    }
    // This program computes every other kind of hash, and SHA-256 too if the browser cannot.
    hash::verify(cid, &block.to_vec())
}
