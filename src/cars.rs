//! A CAR that comes over HTTP, as verified blocks: several are hashed at the same time, and come in the CAR's order.

use std::any::Any;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use futures::future::{LocalBoxFuture, poll_fn};
use futures::stream::{self, FuturesOrdered, LocalBoxStream, StreamExt};

use crate::Cid;
use crate::content::car::{CarError, CarLimits, CarReader};
use crate::content::hash::HashError;
use crate::ports::HttpError;

/// Blocks that are hashed at the same time, and their bytes.
const CHECKS_AT_ONCE: usize = 16;
const CHECK_BYTES: usize = 2 << 20;

/// What comes of a CAR.
#[derive(Debug, Clone)]
pub enum FromCar {
    /// So many bytes, whatever they are.
    Heard(usize),
    /// A block that was verified.
    Block(Cid, Payload),
}

/// A block's bytes.
#[derive(Debug, Clone)]
pub enum Payload {
    /// These.
    Bytes(Bytes),
    /// Of a raw block, kept where the platform verified them.
    Kept(Kept),
}

/// Bytes that a platform keeps outside of this program's memory until this is dropped.
#[derive(Debug, Clone)]
pub struct Kept {
    /// How many they are.
    pub len: u64,
    /// The platform's own note of where they are.
    pub place: Rc<dyn Any>,
}

/// Why no more comes of a CAR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarTrouble {
    /// The connection.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It ends early; there may be more later.
    #[error("{0}")]
    Short(String),
    /// It is no CAR, or none that can be taken.
    #[error("{0}")]
    Unusable(String),
    /// Its bytes are not those of the block that it says.
    #[error("{0}")]
    Wrong(String),
    /// A block of it cannot be verified, whoever sends it.
    #[error("{0}")]
    Unverifiable(String),
}

impl From<CarError> for CarTrouble {
    fn from(error: CarError) -> Self {
        match error {
            CarError::Empty | CarError::Truncated => Self::Short(error.to_string()),
            other => Self::Unusable(other.to_string()),
        }
    }
}

impl From<HashError> for CarTrouble {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Mismatch(_) => Self::Wrong(error.to_string()),
            other => Self::Unverifiable(other.to_string()),
        }
    }
}

/// A CAR's blocks; an error is the last.
pub type Blocks = LocalBoxStream<'static, Result<FromCar, CarTrouble>>;

/// Whether a block is what its CID says.
pub type Check = LocalBoxFuture<'static, Result<(), HashError>>;

/// The blocks of a CAR that comes in these pieces.
pub fn blocks(
    pieces: LocalBoxStream<'static, Result<Bytes, HttpError>>,
    verify: impl Fn(Cid, Bytes) -> Check + 'static,
) -> Blocks {
    let coming = Coming {
        pieces,
        verify,
        reader: CarReader::new(CarLimits::default()),
        checks: FuturesOrdered::new(),
        checking: 0,
        end: None,
    };
    stream::unfold(Some(coming), |coming| async move {
        let mut coming = coming?;
        let next = coming.next().await?;
        let go_on = next.is_ok().then_some(coming);
        Some((next, go_on))
    })
    .boxed_local()
}

struct Coming<V> {
    pieces: LocalBoxStream<'static, Result<Bytes, HttpError>>,
    verify: V,
    reader: CarReader,
    /// In the order of the CAR.
    checks: FuturesOrdered<LocalBoxFuture<'static, Result<(Cid, Bytes), HashError>>>,
    /// Bytes that are being hashed.
    checking: usize,
    /// How the pieces ended, when they have.
    end: Option<Result<(), HttpError>>,
}

impl<V: Fn(Cid, Bytes) -> Check> Coming<V> {
    async fn next(&mut self) -> Option<Result<FromCar, CarTrouble>> {
        enum Got {
            Checked(Result<(Cid, Bytes), HashError>),
            Piece(Option<Result<Bytes, HttpError>>),
        }
        loop {
            let hungry = match self.begin_checks() {
                Ok(hungry) => hungry,
                Err(error) => return Some(Err(error.into())),
            };
            if self.checks.is_empty()
                && let Some(end) = self.end.take()
            {
                return match (end, self.reader.finish()) {
                    (Err(error), _) => Some(Err(error.into())),
                    (Ok(()), Ok(())) => None,
                    (Ok(()), Err(error)) => Some(Err(error.into())),
                };
            }
            let read_on = hungry && self.end.is_none();
            let got = poll_fn(|cx| {
                if let Poll::Ready(Some(checked)) = self.checks.poll_next_unpin(cx) {
                    return Poll::Ready(Got::Checked(checked));
                }
                if read_on && let Poll::Ready(piece) = self.pieces.poll_next_unpin(cx) {
                    return Poll::Ready(Got::Piece(piece));
                }
                Poll::Pending
            })
            .await;
            match got {
                Got::Checked(Err(error)) => return Some(Err(error.into())),
                Got::Checked(Ok((cid, block))) => {
                    self.checking -= block.len();
                    return Some(Ok(FromCar::Block(cid, Payload::Bytes(block))));
                }
                Got::Piece(Some(Ok(piece))) => {
                    let heard = piece.len();
                    self.reader.push(piece);
                    return Some(Ok(FromCar::Heard(heard)));
                }
                Got::Piece(Some(Err(error))) => self.end = Some(Err(error)),
                Got::Piece(None) => self.end = Some(Ok(())),
            }
        }
    }

    /// Begins to hash what is here; says whether more can be taken.
    fn begin_checks(&mut self) -> Result<bool, CarError> {
        while self.checks.len() < CHECKS_AT_ONCE && self.checking < CHECK_BYTES {
            match self.reader.next() {
                Ok(Some((cid, block))) => {
                    self.checking += block.len();
                    let check = (self.verify)(cid, block.clone());
                    let check = async move { check.await.map(|()| (cid, block)) };
                    self.checks.push_back(Box::pin(check));
                }
                Ok(None) => return Ok(true),
                // What came before it counts.
                Err(_) if !self.checks.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
