//! A CAR that arrives over HTTP, as verified blocks. Several blocks are hashed at the same time,
//! and they are yielded in the order of the CAR.

use std::any::Any;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use futures::future::{LocalBoxFuture, poll_fn};
use futures::stream::{self, FuturesOrdered, LocalBoxStream, StreamExt};

use crate::Cid;
use crate::content::Block;
use crate::content::car::{CarError, CarLimits, CarReader};
use crate::content::hash::HashError;
use crate::failure::Reason;
use crate::ports::HttpError;

/// The most blocks that are verified at the same time, and their most bytes in total.
const CHECKS_AT_ONCE: usize = 16;
const CHECK_BYTES: usize = 4 << 20;

/// An item that has arrived from a CAR.
#[derive(Debug, Clone)]
pub enum FromCar {
    /// This many bytes, whether they make a block or not.
    Heard(usize),
    /// A block that was verified.
    Block(Cid, Payload),
}

/// The bytes of a block.
#[derive(Debug, Clone)]
pub enum Payload {
    /// The bytes themselves.
    Bytes(Bytes),
    /// The bytes of a leaf, kept where the platform verified the block.
    Kept(Kept),
}

/// Bytes that a platform keeps outside of this program's memory until this value is dropped.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What precedes the bytes in their block.
    pub prefix: Bytes,
    /// The number of bytes.
    pub len: u64,
    /// What follows them.
    pub suffix: Bytes,
    /// The platform's own note of where the bytes are.
    pub place: Rc<dyn Any>,
}

impl Kept {
    /// The block with this CID that they are in, without them.
    pub fn block(&self, cid: Cid) -> Block {
        Block {
            cid,
            prefix: self.prefix.clone(),
            len: self.len,
            suffix: self.suffix.clone(),
        }
    }
}

/// Why a CAR ended before it was complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarEnd {
    /// The connection failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It ends early; there may be more later.
    #[error("it ends early ({0})")]
    Short(Reason),
    /// It is not a CAR, or not one that can be accepted.
    #[error("it is not a CAR that can be taken ({0})")]
    Unusable(Reason),
    /// The bytes of a block are not those that its CID names.
    #[error("the bytes of a block are not those that its CID names")]
    Wrong,
    /// A block of it cannot be verified, whoever sends it.
    #[error("a block cannot be verified ({0})")]
    Unverifiable(Reason),
}

impl From<CarError> for CarEnd {
    fn from(error: CarError) -> Self {
        let reason = Reason::from(&error);
        match error {
            CarError::Empty | CarError::Truncated => Self::Short(reason),
            CarError::Header(_) | CarError::BadCid | CarError::BlockTooLarge { .. } => {
                Self::Unusable(reason)
            }
        }
    }
}

impl From<HashError> for CarEnd {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Mismatch(_) => Self::Wrong,
            HashError::Unknown { .. } => Self::Unverifiable(Reason::UnknownHash),
            HashError::Length { .. } => Self::Unverifiable(Reason::ShortDigest),
        }
    }
}

/// The blocks of a CAR. An error is the last item.
pub type Blocks = LocalBoxStream<'static, Result<FromCar, CarEnd>>;

/// The sections of a CAR in their order. An error is the last item.
pub type Sections<B> = LocalBoxStream<'static, Result<Section<B>, CarEnd>>;

/// One section of a CAR, or a part of one.
#[derive(Debug, Clone)]
pub enum Section<B> {
    /// This many bytes have arrived, whether they make a block or not.
    Heard(usize),
    /// A whole block that has not been verified.
    Block {
        /// The CID that the CAR states for it.
        cid: Cid,
        /// Its size in bytes.
        len: usize,
        /// Its bytes, in whatever form the reader of the CAR has them.
        bytes: B,
    },
}

/// The payload of a block, once the block has been verified.
pub type Check = LocalBoxFuture<'static, Result<Payload, CarEnd>>;

/// The verified blocks of a CAR that arrives in these pieces.
pub fn blocks(
    pieces: LocalBoxStream<'static, Result<Bytes, HttpError>>,
    verify: impl Fn(Cid, Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> + 'static,
) -> Blocks {
    checked(sections(pieces), move |cid, block| {
        let check = verify(cid, block.clone());
        Box::pin(async move { Ok(check.await.map(|()| Payload::Bytes(block))?) })
    })
}

/// The sections of a CAR that arrives in these pieces.
fn sections(pieces: LocalBoxStream<'static, Result<Bytes, HttpError>>) -> Sections<Bytes> {
    let reader = CarReader::new(CarLimits::default());
    stream::try_unfold((pieces, reader), |(mut pieces, mut reader)| async move {
        let section = match reader.next()? {
            Some((cid, bytes)) => Section::Block {
                cid,
                len: bytes.len(),
                bytes,
            },
            None => match pieces.next().await.transpose()? {
                Some(piece) => {
                    let heard = piece.len();
                    reader.push(piece);
                    Section::Heard(heard)
                }
                None => {
                    reader.finish()?;
                    return Ok(None);
                }
            },
        };
        Ok(Some((section, (pieces, reader))))
    })
    .boxed_local()
}

/// The verified blocks of these sections; several are verified at the same time.
pub fn checked<B: 'static>(
    sections: Sections<B>,
    check: impl Fn(Cid, B) -> Check + 'static,
) -> Blocks {
    let coming = Coming {
        sections,
        check,
        checks: FuturesOrdered::new(),
        checking: 0,
        end: None,
    };
    stream::try_unfold(coming, |mut coming| async move {
        let next = coming.next().await?;
        Ok(next.map(|next| (next, coming)))
    })
    .boxed_local()
}

struct Coming<B, C> {
    sections: Sections<B>,
    check: C,
    /// The blocks that are being verified, in the order of the CAR.
    checks: FuturesOrdered<LocalBoxFuture<'static, Checked>>,
    /// The bytes that are being verified.
    checking: usize,
    /// How the sections ended, once they have. The blocks before the end still count.
    end: Option<Result<(), CarEnd>>,
}

/// A verified block, and its size in bytes.
type Checked = Result<(Cid, Payload, usize), CarEnd>;

impl<B, C: Fn(Cid, B) -> Check> Coming<B, C> {
    async fn next(&mut self) -> Result<Option<FromCar>, CarEnd> {
        enum Got<B> {
            Checked(Checked),
            Section(Option<Result<Section<B>, CarEnd>>),
        }
        loop {
            if self.checks.is_empty()
                && let Some(end) = self.end.take()
            {
                return end.map(|()| None);
            }
            let read_on = self.end.is_none()
                && self.checks.len() < CHECKS_AT_ONCE
                && self.checking < CHECK_BYTES;
            let got = poll_fn(|cx| {
                if let Poll::Ready(Some(checked)) = self.checks.poll_next_unpin(cx) {
                    return Poll::Ready(Got::Checked(checked));
                }
                if read_on && let Poll::Ready(section) = self.sections.poll_next_unpin(cx) {
                    return Poll::Ready(Got::Section(section));
                }
                Poll::Pending
            })
            .await;
            match got {
                Got::Checked(checked) => {
                    let (cid, payload, len) = checked?;
                    self.checking -= len;
                    return Ok(Some(FromCar::Block(cid, payload)));
                }
                Got::Section(Some(Ok(Section::Heard(heard)))) => {
                    return Ok(Some(FromCar::Heard(heard)));
                }
                Got::Section(Some(Ok(Section::Block { cid, len, bytes }))) => {
                    self.checking += len;
                    let check = (self.check)(cid, bytes);
                    let check = async move { check.await.map(|payload| (cid, payload, len)) };
                    self.checks.push_back(Box::pin(check));
                }
                Got::Section(Some(Err(trouble))) => self.end = Some(Err(trouble)),
                Got::Section(None) => self.end = Some(Ok(())),
            }
        }
    }
}
