//! Blocks that are kept from their verification until they are written.

use std::cell::Cell;
use std::ops::Range;
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

/// Keeps blocks where they will be written. A clone is cheap.
#[derive(Clone)]
pub(crate) struct Keeper(Rc<Inner>);

struct Inner {
    files: Rc<Files>,
    buffers: Rc<Buffers>,
    last: Cell<u32>,
}

/// A block that is kept. It is released when this is dropped, unless somebody was told its number.
pub(crate) struct Held {
    keeper: Keeper,
    number: u32,
    told: Cell<bool>,
}

impl Held {
    /// The number under which it is kept until whoever is told releases it.
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

    /// A buffer of at least this many bytes, for a block.
    pub(crate) fn buffer(&self, len: u32) -> ArrayBuffer {
        self.0.buffers.take(len)
    }

    /// Keeps the bytes of a leaf if its block matches its CID.
    pub(crate) fn keep(&self, cid: Cid, block: Uint8Array, own: Range<u32>) -> Check {
        let number = self.0.last.get().wrapping_add(1);
        self.0.last.set(number);
        let held = Held {
            keeper: self.clone(),
            number,
            told: Cell::new(false),
        };
        let len = u64::from(own.end - own.start);
        let prefix = block.subarray(0, own.start).to_vec().into();
        let suffix = block.subarray(own.end, block.length()).to_vec().into();
        async move {
            held.keeper.0.files.keep(number, &cid, block, own).await?;
            Ok(Payload::Kept(cars::Kept {
                prefix,
                len,
                suffix,
                place: Rc::new(held),
            }))
        }
        .boxed_local()
    }
}

impl Files {
    /// Keeps bytes of a block under a number until they are released, if the block matches its CID. The browser hashes in the
    /// thread that asks for it, so the worker that writes also hashes some of the blocks: those that arrive
    /// while it has none to hash.
    async fn keep(
        &self,
        number: u32,
        cid: &Cid,
        block: Uint8Array,
        own: Range<u32>,
    ) -> Result<(), CarEnd> {
        let failed = |problem| match problem {
            Problem::Http(error) => CarEnd::Http(error),
            Problem::Full | Problem::Gone(_) | Problem::Failed(_) => CarEnd::Short(Reason::Lost),
        };
        match self {
            Self::Apart(writer) => match hash::is_sha2_256(cid).filter(|_| writer.is_idle()) {
                Some(expected) => {
                    let digest = writer.keep_and_hash(number, block, own).await;
                    if digest.map_err(failed)?.to_vec() == expected {
                        Ok(())
                    } else {
                        Err(HashError::Mismatch(*cid).into())
                    }
                }
                None => {
                    verify(cid, &block).await?;
                    writer.keep(number, block, own).map_err(failed)
                }
            },
            Self::Here(open) => {
                verify(cid, &block).await?;
                open.keep(number, block.subarray(own.start, own.end));
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
    // The hash is of another kind, or the browser computes none here; then this program does.
    hash::verify(cid, &block.to_vec())
}
