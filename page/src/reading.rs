//! Reads a file at the node from anywhere in it, as bytes that are verified, and decrypted if it is private.

use std::ops::Range;

use bytes::Bytes;
use fluence::Cid;
use fluence::cars::{CarEnd, FromCar, Payload};
use fluence::content::part::Part;
use fluence::content::walk::Limits;
use futures::StreamExt;
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;

use crate::open::{Inside, Unsealing};
use crate::text::Trouble;
use crate::transfer::{Coming, MAX_TRIES, RETRY_MS, ask};

/// How many bytes are asked for at a time. Whoever plays a file reads as much as is played and a little more, and Firefox
/// takes all of an answer into memory.
const ASKED: u64 = 8 << 20;

/// A file at the node.
#[derive(Clone, Copy)]
pub struct Body(pub Cid);

impl Body {
    /// Reads bytes of the file, as they are at the node.
    pub fn read(self, range: Range<u64>) -> Stretch {
        Stretch {
            cid: self.0,
            range,
            answer: None,
            tries: 0,
        }
    }
}

/// Bytes of a file that are being fetched. Dropping it ends that.
pub struct Stretch {
    cid: Cid,
    /// What has not come.
    range: Range<u64>,
    answer: Option<Answer>,
    tries: u32,
}

/// What the node sends of it.
struct Answer {
    part: Part,
    /// Where it ends.
    end: u64,
    coming: Coming,
}

impl Stretch {
    /// The next bytes, all of which are verified; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        while !self.range.is_empty() {
            let Some(Answer { part, end, coming }) = &mut self.answer else {
                self.ask().await?;
                continue;
            };
            let bytes = match part.inline()? {
                Some(bytes) => bytes,
                None if part.is_done() => {
                    if part.offset() < *end {
                        // The file has no more.
                        self.range.end = self.range.start;
                    }
                    self.answer = None;
                    continue;
                }
                None => match coming.blocks.next().await {
                    Some(Ok(FromCar::Block(cid, Payload::Bytes(bytes)))) => {
                        part.accept(cid, bytes)?
                    }
                    Some(Ok(FromCar::Heard(_) | FromCar::Block(_, Payload::Kept(_)))) => continue,
                    Some(Err(end @ (CarEnd::Http(_) | CarEnd::Short(_)))) => {
                        self.again(end.into()).await?;
                        continue;
                    }
                    Some(Err(end)) => return Err(end.into()),
                    None => {
                        self.again(Trouble::broken()).await?;
                        continue;
                    }
                },
            };
            if !bytes.is_empty() {
                self.tries = 0;
                self.range.start += bytes.len() as u64;
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    async fn ask(&mut self) -> Result<(), Trouble> {
        let asked = self.range.start..self.range.end.min(self.range.start + ASKED);
        let scope = format!(
            "dag-scope=entity&entity-bytes={}:{}",
            asked.start,
            asked.end - 1
        );
        match ask(&self.cid, &scope).await {
            Ok(coming) => {
                self.answer = Some(Answer {
                    end: asked.end,
                    part: Part::new(self.cid, asked, Limits::default()),
                    coming,
                });
                Ok(())
            }
            Err(trouble) => self.again(trouble).await,
        }
    }

    /// Goes on after an answer that broke off, unless that has happened too often.
    async fn again(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.answer = None;
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return Err(trouble);
        }
        TimeoutFuture::new(RETRY_MS).await;
        Ok(())
    }
}

/// A file that can be read from anywhere in it.
#[derive(Clone)]
pub enum Source {
    /// A plain one.
    Plain(Body),
    /// The only file of a private share.
    Private(Inside),
}

impl Source {
    /// Reads bytes of the file.
    pub fn read(&self, range: Range<u64>) -> Reading {
        match self {
            Self::Plain(body) => Reading::Plain(body.read(range)),
            Self::Private(inside) => Reading::Private(inside.read(range)),
        }
    }
}

/// Bytes that are being read.
pub enum Reading {
    /// Of a plain file.
    Plain(Stretch),
    /// Of a private one.
    Private(Unsealing),
}

impl Reading {
    /// The next bytes, all of which are verified and authentic; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Trouble> {
        match self {
            Self::Plain(stretch) => {
                let bytes = stretch.next().await?;
                Ok(bytes.map(|bytes| Uint8Array::from(&bytes[..])))
            }
            Self::Private(unsealing) => unsealing.next().await,
        }
    }
}
