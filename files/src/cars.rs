//! CARs that are fetched here: what comes is verified here, raw blocks are kept here until they are written, and only the
//! others cross over to whoever asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::cars::{self, CarTrouble, FromCar, Payload};
use fluence::content::hash::{self, HashError};
use fluence::ports::HttpError;
use futures::FutureExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use gloo_timers::future::TimeoutFuture;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamByobReader, RequestCache, RequestCredentials,
    RequestInit, Response,
};

use crate::Kept;
use crate::garbage;
use crate::message::{Answer, Came, Head, Piece, Problem, Said, member};
use crate::open::{byob_reader, sha256};

/// The codec of raw blocks.
const RAW: u64 = 0x55;
/// Smaller raw blocks cross over too: to have each of them written by itself would take longer.
const WORTH_KEEPING: usize = 64 * 1024;
/// Smaller blocks are hashed by this program: asking the browser takes as long.
const WORTH_A_CALL: usize = 16 * 1024;
/// How often a CAR may be asked for more before it has answered.
const MAX_ASKED: usize = 64;
/// What is gathered for one answer: bytes of blocks, blocks, and how long after the first of it is there. Each message
/// leaves garbage, which the browser lets lie until it is many megabytes.
const GATHERED: usize = 2 << 20;
const GATHERED_BLOCKS: usize = 256;
const GATHERED_FOR: Duration = Duration::from_millis(200);
/// Bytes that are read of a body at a time.
const PIECE: u32 = 512 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &RequestInit) -> Promise;
    /// Milliseconds of a clock that nobody sets.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now() -> f64;
}

/// A CAR that is being fetched.
struct Fetched {
    /// Blocks and the end, to be told one after the other.
    blocks: cars::Blocks,
    _abort: AbortOnDrop,
}

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) accept: String,
    pub(crate) patience: Duration,
    /// The host, for people.
    pub(crate) host: String,
}

/// Sends the request; gives the answer's head, and its blocks where it is a success.
async fn begin(wanted: Wanted) -> Result<(Head, Fetched), HttpError> {
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
    let pieces = match response.body() {
        Some(body) => {
            let reader = byob_reader(&body).map_err(|_| HttpError::Broken(host.clone()))?;
            pieces(reader, patience, host)
        }
        None => stream::empty().boxed_local(),
    };
    let verify = |cid, block| verify(cid, block).boxed_local();
    let fetched = Fetched {
        blocks: cars::blocks(pieces, verify),
        _abort: abort,
    };
    Ok((head, fetched))
}

impl Fetched {
    /// What comes next. Raw blocks are kept, unless they are small.
    async fn next(&mut self, kept: &Kept) -> Came {
        let mut came = Came::default();
        let mut bytes = 0;
        let mut gathered_for = None;
        while bytes < GATHERED && came.blocks.len() < GATHERED_BLOCKS {
            let next = self.blocks.next();
            let next = if came.heard == 0 && came.blocks.is_empty() {
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
                Some(Ok(FromCar::Block(cid, Payload::Bytes(block)))) => {
                    bytes += block.len();
                    let cid_bytes = Uint8Array::from(&cid.to_bytes()[..]);
                    let piece = if cid.codec() != RAW || block.len() < WORTH_KEEPING {
                        Piece::Bytes(Uint8Array::from(&block[..]))
                    } else {
                        let len = block.len() as u32;
                        Piece::Kept(kept.keep(block), len)
                    };
                    came.blocks.push((cid_bytes, piece));
                }
                Some(Ok(FromCar::Block(..))) => {
                    let text = "a block is kept elsewhere".to_owned();
                    came.end = Some(Err(CarTrouble::Unusable(text)));
                }
            }
            if came.end.is_some() {
                break;
            }
        }
        came
    }
}

/// All CARs that are being fetched, by the number of the request that began them.
#[derive(Default)]
pub(crate) struct Cars(RefCell<BTreeMap<u32, Asking>>);

/// Where a CAR is asked for more; it ends when this is dropped.
struct Asking {
    more: mpsc::Sender<u32>,
    _end: oneshot::Sender<()>,
}

impl Cars {
    /// Fetches a CAR under a number: answers with its head, and then each time that [`Self::next`] asks.
    pub(crate) async fn fetch(
        &self,
        number: u32,
        wanted: Wanted,
        kept: &Kept,
        answer: impl Fn(u32, Answer),
    ) {
        let (more, mut asked) = mpsc::channel(MAX_ASKED);
        let (end, ended) = oneshot::channel::<()>();
        let asking = Asking { more, _end: end };
        self.0.borrow_mut().insert(number, asking);
        let serve = async {
            let mut fetched = match begin(wanted).await {
                Ok((head, fetched)) => {
                    answer(number, Ok(Said::Head(head)));
                    fetched
                }
                Err(error) => return answer(number, Err(Problem::Http(error))),
            };
            while let Some(next) = asked.next().await {
                let came = fetched.next(kept).await;
                let last = came.end.is_some();
                answer(next, Ok(Said::Came(came)));
                if last {
                    return;
                }
            }
        };
        select(pin!(serve), ended).await;
        self.0.borrow_mut().remove(&number);
    }

    /// Asks for what comes next of a CAR, to be answered under a number; false where there is no such CAR.
    pub(crate) fn next(&self, car: u32, number: u32) -> bool {
        let mut cars = self.0.borrow_mut();
        cars.get_mut(&car)
            .is_some_and(|asking| asking.more.try_send(number).is_ok())
    }

    /// Ends a CAR.
    pub(crate) fn stop(&self, car: u32) {
        self.0.borrow_mut().remove(&car);
    }

    /// Ends all.
    pub(crate) fn end(&self) {
        self.0.take();
    }
}

async fn verify(cid: Cid, block: Bytes) -> Result<(), HashError> {
    let expected = hash::is_sha2_256(&cid).filter(|_| block.len() >= WORTH_A_CALL);
    match expected {
        Some(expected) => match sha256(&block).await {
            Ok(digest) if digest == expected => Ok(()),
            Ok(_) => Err(HashError::Mismatch(cid)),
            // The browser does not hash; this program does.
            Err(_) => hash::verify(&cid, &block),
        },
        None => hash::verify(&cid, &block),
    }
}

fn pieces(
    reader: ReadableStreamByobReader,
    patience: Duration,
    host: String,
) -> LocalBoxStream<'static, Result<Bytes, HttpError>> {
    let state = Some((reader, ArrayBuffer::new(PIECE), Silence::new(patience)));
    stream::unfold(state, move |state| {
        let host = host.clone();
        async move {
            let (reader, buffer, mut silence) = state?;
            let read = reader.read_with_array_buffer_view(&Uint8Array::new(&buffer));
            let read = match select(JsFuture::from(read), pin!(silence.comes())).await {
                Either::Left((read, _)) => read.map_err(|_| HttpError::Broken(host)),
                Either::Right(_) => Err(HttpError::Silent(host)),
            };
            let read = match read {
                Ok(read) => read,
                Err(error) => return Some((Err(error), None)),
            };
            if member(&read, "done").is_truthy() {
                return None;
            }
            let piece: Uint8Array = member(&read, "value").unchecked_into();
            let bytes = Bytes::from(piece.to_vec());
            garbage::left();
            Some((Ok(bytes), Some((reader, piece.buffer(), silence))))
        }
    })
    .boxed_local()
}

/// Notices that nothing has come for so long, with one timer for many reads: a timer for each would leave more garbage
/// than all else.
struct Silence {
    patience: Duration,
    timer: TimeoutFuture,
}

impl Silence {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            timer: timer(patience),
        }
    }

    /// Resolves when it has lasted so long from now.
    async fn comes(&mut self) {
        let end = now() + self.patience.as_secs_f64() * 1000.0;
        loop {
            (&mut self.timer).await;
            let left = end - now();
            // A timer is a little early, too.
            if left < 1.0 {
                return;
            }
            self.timer = TimeoutFuture::new(left as u32);
        }
    }
}

fn timer(patience: Duration) -> TimeoutFuture {
    TimeoutFuture::new(patience.as_millis().min(u128::from(u32::MAX >> 1)) as u32)
}

/// Ends the transfer when nobody reads it any more.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
