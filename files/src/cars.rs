//! Fetching CARs. What arrives is verified here, raw blocks are kept where they will be written, and only the
//! other blocks are sent to whoever asked.
//!
//! A raw block is read into the buffer from which it is hashed and written. It never enters this program's own
//! memory, because copying it there and back would take as long as writing it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::cars::{self, CarEnd, FromCar, Payload, Section, Sections};
use fluence::content::car::{CarError, CarLimits, CarReader};
use fluence::content::hash::{self, HashError};
use fluence::content::unixfs::{self, DAG_PB, RAW};
use fluence::failure::Reason;
use fluence::node_list::is_private;
use fluence::ports::HttpError;
use futures::FutureExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::bytes::ByobReader;
use web::garbage;
use web::hash::sha256;
use web::http::fetch;
use web::time::{Silence, timer};
use web_sys::{
    AbortController, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
    Response,
};

use crate::keep::{Held, Keeper};
use crate::message::{Answer, Came, Head, Piece, Problem, Said};

/// Leaves that are smaller, in bytes, are sent over too: it would take longer to have each of them written
/// by itself.
const WORTH_KEEPING: usize = 64 * 1024;
/// The number of bytes that may be read beyond a block together with its end. The next block's length and CID
/// are among them.
const BEYOND: u32 = 4 * 1024;
/// Blocks that are smaller, in bytes, are hashed by this program, because a call of the browser takes as long.
const WORTH_A_CALL: usize = 16 * 1024;
/// The most bytes that precede and follow those of a file in a leaf that is kept.
const AROUND: u32 = 64;
/// How many times a CAR may be asked for more before it has answered.
const MAX_ASKED: usize = 64;
/// How much is gathered for one answer: bytes of blocks, blocks, and the time since the first of it arrived.
/// Each message leaves garbage, which the browser collects only once there are many megabytes of it.
const GATHERED: usize = 2 << 20;
/// How many blocks are gathered for one answer.
const GATHERED_BLOCKS: usize = 256;
/// How long an answer waits for more after its first part has arrived.
const GATHERED_FOR: Duration = Duration::from_millis(200);
/// The number of bytes of a body that are read at a time.
const PIECE: u32 = 512 * 1024;

/// A CAR that is being fetched.
struct Fetched {
    /// The blocks and the end, in their order.
    blocks: cars::Blocks,
    _abort: AbortOnDrop,
}

/// A request for a CAR.
pub(crate) struct Wanted {
    /// The address of the CAR.
    pub(crate) url: String,
    /// The value of the `Accept` header.
    pub(crate) accept: String,
    /// How long to wait for the head, and afterwards for further bytes.
    pub(crate) patience: Duration,
    /// The host, as people are told of it.
    pub(crate) host: String,
}

/// Sends the request, and returns the head of the response with the CAR's blocks.
async fn begin(wanted: Wanted, keeper: &Keeper) -> Result<(Head, Fetched), HttpError> {
    let Wanted {
        url,
        accept,
        patience,
        host,
    } = wanted;
    let unreachable = || HttpError::Unreachable(host.clone());
    let abort = AbortController::new().map_err(|_| unreachable())?;
    let init = RequestInit::new();
    init.set_signal(Some(&abort.signal()));
    let abort = AbortOnDrop(abort);
    let headers = Headers::new().map_err(|_| unreachable())?;
    headers.set("accept", &accept).map_err(|_| unreachable())?;
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::Omit);
    init.set_cache(RequestCache::NoStore);
    if !is_private(&url) {
        // Strangers name storages, and nobody on the internet leads into a private network.
        init.set_redirect(RequestRedirect::Error);
    }
    let answer = JsFuture::from(fetch(&url, &init));
    let response: Response = match select(answer, timer(patience)).await {
        Either::Left((Ok(response), _)) => response.unchecked_into(),
        Either::Left((Err(_), _)) => return Err(unreachable()),
        Either::Right(_) => return Err(HttpError::Silent(host)),
    };
    let header = |name| response.headers().get(name).ok().flatten();
    let head = Head {
        status: response.status(),
        content_type: header("content-type"),
    };
    let reader = match response.body() {
        Some(body) => {
            let reader = ByobReader::new(&body).map_err(|_| HttpError::Broken(host.clone()))?;
            Some(reader)
        }
        None => None,
    };
    let body = Body {
        reader,
        silence: Silence::new(patience),
        host,
        car: CarReader::new(CarLimits::default()),
        buffer: Some(ArrayBuffer::new(PIECE)),
        filling: None,
        keeper: keeper.clone(),
    };
    let keeper = keeper.clone();
    let check = move |cid, bytes| match bytes {
        Block::Here(bytes) => verify(cid, bytes).boxed_local(),
        Block::InBuffer(bytes) => match own(&cid, &bytes) {
            Some(own) => keeper.keep(cid, bytes, own),
            None => verify(cid, bytes.to_vec().into()).boxed_local(),
        },
    };
    let fetched = Fetched {
        blocks: cars::checked(body.sections(), check),
        _abort: abort,
    };
    Ok((head, fetched))
}

impl Fetched {
    /// The next part of the CAR.
    async fn next(&mut self) -> Came {
        let mut came = Came::default();
        let mut blocks = Vec::new();
        let mut bytes = 0;
        let mut gathered_for = None;
        while bytes < GATHERED && blocks.len() < GATHERED_BLOCKS && came.end.is_none() {
            let next = self.blocks.next();
            let next = if came.heard == 0 && blocks.is_empty() {
                next.await
            } else {
                let enough = gathered_for.get_or_insert_with(|| timer(GATHERED_FOR));
                match select(next, enough).await {
                    Either::Left((next, _)) => next,
                    Either::Right(_) => break,
                }
            };
            match next {
                None => came.end = Some(Ok(())),
                Some(Err(trouble)) => came.end = Some(Err(trouble)),
                Some(Ok(FromCar::Heard(heard))) => came.heard += heard as u32,
                Some(Ok(FromCar::Block(cid, payload))) => {
                    bytes += match &payload {
                        Payload::Bytes(block) => block.len(),
                        Payload::Kept(kept) => kept.len as usize,
                    };
                    blocks.push((cid, payload));
                }
            }
        }
        // Not earlier: the blocks of a part that is dropped here are released.
        for (cid, payload) in blocks {
            let piece = match payload {
                Payload::Bytes(block) => Piece::Bytes(Uint8Array::from(&block[..])),
                Payload::Kept(kept) => match kept.place.downcast::<Held>() {
                    Ok(held) => Piece::Kept {
                        kept: held.tell(),
                        prefix: Uint8Array::from(&kept.prefix[..]),
                        len: kept.len as u32,
                        suffix: Uint8Array::from(&kept.suffix[..]),
                    },
                    Err(_) => {
                        came.end = Some(Err(CarEnd::Short(Reason::Lost)));
                        break;
                    }
                },
            };
            came.blocks
                .push((Uint8Array::from(&cid.to_bytes()[..]), piece));
        }
        came
    }
}

/// All CARs that are being fetched, by the number of the request that began each.
pub(crate) struct Cars {
    asking: RefCell<BTreeMap<u32, Asking>>,
    keeper: Keeper,
}

/// The way to ask a CAR for more. The CAR ends when this is dropped.
struct Asking {
    more: mpsc::Sender<u32>,
    _end: oneshot::Sender<()>,
}

impl Cars {
    /// No CARs yet. The keeper keeps their leaves.
    pub(crate) fn new(keeper: Keeper) -> Self {
        Self {
            asking: RefCell::default(),
            keeper,
        }
    }

    /// Fetches a CAR under a number. It answers with the head, and then each time that [`Self::next`] asks.
    pub(crate) async fn fetch(&self, number: u32, wanted: Wanted, answer: impl Fn(u32, Answer)) {
        let (more, mut asked) = mpsc::channel(MAX_ASKED);
        let (end, ended) = oneshot::channel::<()>();
        let asking = Asking { more, _end: end };
        self.asking.borrow_mut().insert(number, asking);
        let serve = async {
            let mut fetched = match begin(wanted, &self.keeper).await {
                Ok((head, fetched)) => {
                    answer(number, Ok(Said::Head(head)));
                    fetched
                }
                Err(error) => return answer(number, Err(Problem::Http(error))),
            };
            while let Some(next) = asked.next().await {
                let came = fetched.next().await;
                let last = came.end.is_some();
                answer(next, Ok(Said::Came(came)));
                if last {
                    return;
                }
            }
        };
        select(pin!(serve), ended).await;
        self.asking.borrow_mut().remove(&number);
    }

    /// Asks for the next part of a CAR, to be answered under a number; returns false if there is no such CAR.
    pub(crate) fn next(&self, car: u32, number: u32) -> bool {
        let mut cars = self.asking.borrow_mut();
        cars.get_mut(&car)
            .is_some_and(|asking| asking.more.try_send(number).is_ok())
    }

    /// Ends the transfer of a CAR.
    pub(crate) fn stop(&self, car: u32) {
        self.asking.borrow_mut().remove(&car);
    }

    /// Ends all CARs.
    pub(crate) fn end(&self) {
        self.asking.take();
    }
}

async fn verify(cid: Cid, block: Bytes) -> Result<Payload, CarEnd> {
    let expected = hash::is_sha2_256(&cid).filter(|_| block.len() >= WORTH_A_CALL);
    match expected {
        Some(expected) => match sha256(&block).await {
            Ok(digest) if digest == expected => {}
            Ok(_) => return Err(HashError::Mismatch(cid).into()),
            // The browser computes no hashes here, so this program does.
            Err(_) => hash::verify(&cid, &block)?,
        },
        None => hash::verify(&cid, &block)?,
    }
    Ok(Payload::Bytes(block))
}

/// The bytes of a block, as they were read.
enum Block {
    /// They are in this program's memory.
    Here(Bytes),
    /// They are those of what may be a leaf, in a buffer of its own.
    InBuffer(Uint8Array),
}

/// The body of a response that is a CAR.
struct Body {
    /// `None` if the response has no body.
    reader: Option<ByobReader>,
    silence: Silence,
    /// The host, as people are told of it.
    host: String,
    car: CarReader,
    /// The buffer for whatever is not read into the buffer of a block.
    buffer: Option<ArrayBuffer>,
    filling: Option<Filling>,
    keeper: Keeper,
}

/// A block that is being read and may be a leaf.
struct Filling {
    cid: Cid,
    len: u32,
    /// The number of bytes that have arrived, which may be more than the block has.
    have: u32,
    buffer: ArrayBuffer,
}

impl Body {
    fn sections(self) -> Sections<Block> {
        stream::try_unfold(self, |mut body| async move {
            let section = body.section().await?;
            Ok(section.map(|section| (section, body)))
        })
        .boxed_local()
    }

    async fn section(&mut self) -> Result<Option<Section<Block>>, CarEnd> {
        if let Some(filling) = self.filling.take() {
            return self.fill(filling).await.map(Some);
        }
        if let Some((cid, bytes)) = self.car.next()? {
            let len = bytes.len();
            let bytes = if worth_keeping(&cid, len) {
                let buffer = self.keeper.buffer(len as u32);
                let block = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, len as u32);
                block.copy_from(&bytes);
                Block::InBuffer(block)
            } else {
                Block::Here(bytes)
            };
            return Ok(Some(Section::Block { cid, len, bytes }));
        }
        if let Some(begun) = self.car.begun(worth_keeping)? {
            let len = begun.len as u32;
            let have = begun.bytes.len() as u32;
            let buffer = self.keeper.buffer(len + BEYOND);
            Uint8Array::new_with_byte_offset_and_length(&buffer, 0, have).copy_from(&begun.bytes);
            let cid = begun.cid;
            let filling = Filling {
                cid,
                len,
                have,
                buffer,
            };
            return self.fill(filling).await.map(Some);
        }
        let buffer = self.buffer.take();
        let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(PIECE));
        let Some(piece) = self.read(&Uint8Array::new(&buffer)).await? else {
            self.car.finish()?;
            return Ok(None);
        };
        self.car.push(piece.to_vec().into());
        self.buffer = Some(piece.buffer());
        Ok(Some(Section::Heard(piece.length() as usize)))
    }

    /// Reads more of a block, and returns it once it is whole.
    async fn fill(&mut self, mut filling: Filling) -> Result<Section<Block>, CarEnd> {
        let Filling { cid, len, have, .. } = filling;
        if have >= len {
            let beyond = Uint8Array::new(&filling.buffer).subarray(len, have);
            self.car.push(beyond.to_vec().into());
            let block = Uint8Array::new_with_byte_offset_and_length(&filling.buffer, 0, len);
            let (len, bytes) = (len as usize, Block::InBuffer(block));
            return Ok(Section::Block { cid, len, bytes });
        }
        let end = len + BEYOND;
        let into = Uint8Array::new_with_byte_offset_and_length(&filling.buffer, have, end - have);
        let Some(piece) = self.read(&into).await? else {
            return Err(CarError::Truncated.into());
        };
        filling.have += piece.length();
        filling.buffer = piece.buffer();
        self.filling = Some(filling);
        Ok(Section::Heard(piece.length() as usize))
    }

    /// Reads the next bytes into an array, whose buffer is taken for that; `None` at the end.
    async fn read(&mut self, into: &Uint8Array) -> Result<Option<Uint8Array>, HttpError> {
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let read = pin!(reader.read_into(into));
        let read = match select(read, pin!(self.silence.comes())).await {
            Either::Left((read, _)) => read.map_err(|_| HttpError::Broken(self.host.clone()))?,
            Either::Right(_) => return Err(HttpError::Silent(self.host.clone())),
        };
        garbage::made();
        Ok(read.piece.filter(|_| !read.ended))
    }
}

fn worth_keeping(cid: &Cid, len: usize) -> bool {
    matches!(cid.codec(), RAW | DAG_PB) && len >= WORTH_KEEPING
}

/// Where the bytes of a file are in a block, if it is a leaf.
fn own(cid: &Cid, block: &Uint8Array) -> Option<Range<u32>> {
    let len = block.length();
    if cid.codec() == RAW {
        return Some(0..len);
    }
    let first = block.subarray(0, AROUND).to_vec().into();
    let last = block.subarray(len - AROUND, len).to_vec().into();
    let own = unixfs::in_leaf(&first, (len - 2 * AROUND) as usize, &last)?;
    Some(own.start as u32..own.end as u32)
}

/// Aborts the transfer when its reader is dropped.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
