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
use crate::message::{Answer, Head, Item, Piece, Problem, Said, member};
use crate::open::{byob_reader, sha256};

/// The codec of raw blocks.
const RAW: u64 = 0x55;
/// Smaller raw blocks cross over too: to have each of them written by itself would take longer.
const WORTH_KEEPING: usize = 64 * 1024;
/// Smaller blocks are hashed by this program: asking the browser takes as long.
const WORTH_A_CALL: usize = 16 * 1024;
/// How often a CAR may be asked for more before it has answered.
const MAX_ASKED: usize = 64;
/// Bytes that are read of a body at a time.
const PIECE: u32 = 512 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &RequestInit) -> Promise;
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
    async fn next(&mut self, kept: &Kept) -> Item {
        match self.blocks.next().await {
            None => Item::End(Ok(())),
            Some(Err(trouble)) => Item::End(Err(trouble)),
            Some(Ok(FromCar::Heard(bytes))) => Item::Heard(bytes as u32),
            Some(Ok(FromCar::Block(cid, Payload::Bytes(bytes)))) => {
                let cid_bytes = Uint8Array::from(&cid.to_bytes()[..]);
                if cid.codec() != RAW || bytes.len() < WORTH_KEEPING {
                    return Item::Block(cid_bytes, Piece::Bytes(Uint8Array::from(&bytes[..])));
                }
                let len = bytes.len() as u32;
                Item::Block(cid_bytes, Piece::Kept(kept.keep(bytes), len))
            }
            Some(Ok(FromCar::Block(..))) => {
                let text = "a block is kept elsewhere".to_owned();
                Item::End(Err(CarTrouble::Unusable(text)))
            }
        }
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
                let item = fetched.next(kept).await;
                let last = matches!(item, Item::End(_));
                answer(next, Ok(Said::Item(item)));
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
    let state = Some((reader, ArrayBuffer::new(PIECE)));
    stream::unfold(state, move |state| {
        let host = host.clone();
        async move {
            let (reader, buffer) = state?;
            let read = reader.read_with_array_buffer_view(&Uint8Array::new(&buffer));
            match select(JsFuture::from(read), timer(patience)).await {
                Either::Left((Ok(read), _)) => {
                    if member(&read, "done").is_truthy() {
                        return None;
                    }
                    let piece: Uint8Array = member(&read, "value").unchecked_into();
                    let bytes = Bytes::from(piece.to_vec());
                    Some((Ok(bytes), Some((reader, piece.buffer()))))
                }
                Either::Left((Err(_), _)) => Some((Err(HttpError::Broken(host)), None)),
                Either::Right(_) => Some((Err(HttpError::Silent(host)), None)),
            }
        }
    })
    .boxed_local()
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
