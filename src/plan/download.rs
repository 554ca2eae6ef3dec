//! Downloads from one storage: what it sends is verified block by block, and recorded as it is
//! verified.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, FutureExt, LocalBoxFuture, poll_fn, select};
use futures::stream::{self, FuturesUnordered, LocalBoxStream, StreamExt};

use super::Engine;
use super::jobs::Stop;
use super::pace::{Meter, backoff};
use super::share::is_page;
use crate::Cid;
use crate::cars::{self, Blocks, CarEnd, FromCar, Payload};
use crate::content::hash::HashError;
use crate::content::walk::{Step, Walk};
use crate::content::{Block, MAX_BLOCK};
use crate::failure::{Code, Failure, Reason};
use crate::names::{canonical, mime_of};
use crate::ports::{
    Http, HttpBody, HttpError, HttpRequest, HttpResponse, Partial, Platform, Store,
};
use crate::state::{ItemId, LogEntry};

/// How long storage may be silent before it is asked again, from the last verified block on. A dead
/// connection and a node that waits for a block in transit look the same from here. The first wait
/// is short, so that a dead connection is noticed within seconds. Each further wait in a row is
/// longer, so that a node that waits (for 30 s by the protocol) is not asked over and over. A
/// browser stops a worker that has waited for an answer for 30 s.
pub(super) const SILENCE: Duration = Duration::from_secs(8);
const SILENCE_STEP: Duration = Duration::from_secs(6);
const SILENCE_MOST: Duration = Duration::from_secs(25);
/// The number of waits in a row after which [`SILENCE_MOST`] holds.
const MAX_STEPS: u32 = 3;
/// The most blocks that are requested at the same time from a storage that does not send CARs.
const RAW_AT_ONCE: usize = 8;
/// The waits before storage is asked again for what it did not send.
pub(super) const AGAIN_BASE: Duration = Duration::from_millis(400);
pub(super) const AGAIN_MOST: Duration = Duration::from_secs(5);
/// How many times in a row a storage may be unreachable.
pub(super) const MAX_UNREACHABLE: u32 = 3;
/// How many bytes of a block that is not complete yet count as a sign of life.
pub(super) const SIGN_OF_LIFE: u64 = 128 << 10;

/// The head of a response that is being awaited.
type Answer<P> =
    LocalBoxFuture<'static, Result<HttpResponse<<<P as Platform>::Http as Http>::Body>, HttpError>>;

/// How one storage's part in a fetch ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All blocks are here.
    Whole,
    /// The storage sent only a part; it may have more later.
    Short(Failure),
    /// The storage is of no use for this file.
    Useless(Failure),
    /// The storage sent bytes that are not those of the block.
    Wrong(Failure),
    /// The storage sends no CAR that can be used.
    NoCar(Failure),
    /// The fetch cannot continue at all.
    Fatal(Failure),
    /// The fetch was told to stop.
    Stopped,
}

impl Ended {
    /// The end of a part in which an HTTP error occurred.
    pub(super) fn of_http(error: &HttpError) -> Self {
        Self::Short(Failure::of_http(Code::StorageGone, error))
    }

    /// The end of a part in which a CAR ended early.
    pub(super) fn of_car(url: &str, end: &CarEnd) -> Self {
        let failure = Failure::of_car(url, end);
        match end {
            CarEnd::Http(_) | CarEnd::Short(_) => Self::Short(failure),
            CarEnd::Unusable(_) => Self::NoCar(failure),
            CarEnd::Wrong => Self::Wrong(failure),
            CarEnd::Unverifiable(_) => Self::Fatal(failure),
        }
    }
}

/// The failure of a storage that does not send the file.
pub(super) fn storage_failure(url: &str, reason: Reason) -> Failure {
    Failure::new(Code::StorageGone).reason(reason).host(url)
}

/// How many bytes of a large file are asked for at a time on a platform that [reads ahead](Platform::reads_ahead).
pub(super) const PIECE: u64 = 32 << 20;

/// How often a fetch looks at the clock, and after how long without a look the machine must have
/// been asleep.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const SLEPT_MS: u64 = 15_000;

/// The state of a download for its watcher. Times are in Unix milliseconds.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When the clock was last looked at.
    looked: Cell<u64>,
    /// When there was last a sign of life.
    pub(super) alive: Cell<u64>,
    /// When a new block last arrived.
    pub(super) last_block: Cell<u64>,
    /// The number of bytes that are here.
    pub(super) offset: Cell<u64>,
    /// The total size in bytes, if it is a single file whose root is here.
    pub(super) size: Cell<Option<u64>>,
}

impl Pulse {
    /// The state of a download that begins now, at the position of the walk.
    pub(super) fn new(now: u64, walk: &Walk) -> Self {
        Self {
            looked: Cell::new(now),
            alive: Cell::new(now),
            last_block: Cell::new(now),
            offset: Cell::new(walk.offset()),
            size: Cell::new(walk.size()),
        }
    }

    /// Looks at the clock. The time during which the machine slept does not count, because nothing could arrive.
    pub(super) fn look(&self, now: u64) -> u64 {
        let passed = now.saturating_sub(self.looked.replace(now));
        if passed > SLEPT_MS {
            for time in [&self.alive, &self.last_block] {
                time.set((time.get() + passed).min(now));
            }
        }
        now
    }
}

/// Takes verified blocks and records them.
pub(super) struct Sink<P: Platform> {
    pub(super) engine: Engine<P>,
    pub(super) id: ItemId,
    pub(super) walk: Walk,
    pub(super) partial: <P::Store as Store>::Partial,
    pub(super) meter: Meter,
    /// The base URL of the storage that is sending.
    pub(super) url: String,
    /// The state that a watcher looks at.
    pub(super) pulse: Rc<Pulse>,
    /// The number of new blocks in this run.
    pub(super) fresh: u64,
    /// The bytes that have arrived since the last new block, and since the last sign of life.
    pub(super) since_block: u64,
    pub(super) since_sign: u64,
}

impl<P: Platform> Sink<P> {
    /// Notes that bytes have arrived, whatever they are.
    fn heard(&mut self, bytes: usize) {
        self.since_block += bytes as u64;
        self.since_sign += bytes as u64;
        // A storage that begins anew repeats what is here already. Beyond that, bytes without a block are no sign of
        // life.
        let most = 2 * MAX_BLOCK as u64 + self.walk.offset() / 4 * 5;
        if self.since_sign >= SIGN_OF_LIFE && self.since_block <= most {
            self.since_sign = 0;
            self.pulse.alive.set(self.engine.now());
        }
    }

    /// Takes a block that was verified.
    pub(super) async fn take(&mut self, cid: Cid, payload: Payload) -> Result<(), Ended> {
        let (step, kept) = match payload {
            Payload::Bytes(bytes) => (self.walk.accept(cid, bytes), None),
            Payload::Kept(kept) => (self.walk.accept_kept(kept.block(cid)), Some(kept)),
        };
        match step {
            Ok(Step::New { block, data }) => {
                let data = kept.map_or(Payload::Bytes(data), Payload::Kept);
                self.write(block, data).await?;
            }
            Ok(Step::Known) => {}
            Err(error) if error.is_senders() => {
                return Err(Ended::NoCar(Failure::from(&error).host(&self.url)));
            }
            Err(error) => return Err(Ended::Fatal(Failure::from(&error))),
        }
        self.take_inline().await
    }

    /// Takes the blocks that are contained in their own CIDs.
    pub(super) async fn take_inline(&mut self) -> Result<(), Ended> {
        while let Some((block, data)) = self
            .walk
            .inline()
            .map_err(|error| Ended::Fatal(Failure::from(&error)))?
        {
            self.write(block, Payload::Bytes(data)).await?;
        }
        Ok(())
    }

    async fn write(&mut self, block: Block, data: Payload) -> Result<(), Ended> {
        let size = self.walk.size().unwrap_or(0).max(self.walk.offset());
        let room = self.engine.make_room(&self.id, size);
        room.map_err(Ended::Fatal)?;
        let written = match data {
            Payload::Bytes(bytes) => self.partial.append(bytes, vec![block]),
            Payload::Kept(kept) => self.partial.append_kept(kept, vec![block]),
        };
        written
            .await
            .map_err(|error| Ended::Fatal(Failure::from(&error)))?;
        let now = self.engine.now();
        self.pulse.alive.set(now);
        self.pulse.last_block.set(now);
        self.fresh += 1;
        self.since_block = 0;
        self.since_sign = 0;
        self.meter.expect(self.walk.size());
        let offset = self.walk.offset();
        self.pulse.offset.set(offset);
        self.pulse.size.set(self.walk.size());
        self.engine.show(&self.id, &mut self.meter, offset);
        Ok(())
    }
}

impl<P: Platform> Engine<P> {
    /// Looks at the clock again and again, forever.
    pub(super) async fn keep_looking(&self, pulse: &Pulse) -> Infallible {
        loop {
            self.sleep(LOOK_EVERY).await;
            pulse.look(self.now());
        }
    }

    /// Takes blocks from a storage until everything is here, or until it is pointless to ask it
    /// again. This goes on forever if the storage sends nothing, so a watcher has to `stop` it.
    pub(super) async fn pull(&self, url: &str, sink: &mut Sink<P>, stop: Stop) -> Ended {
        url.clone_into(&mut sink.url);
        let mut raw = false;
        let mut in_vain: u32 = 0;
        loop {
            let before = sink.fresh;
            let silence = (SILENCE + SILENCE_STEP * in_vain.min(MAX_STEPS)).min(SILENCE_MOST);
            let ended = if raw {
                self.pull_raw(url, silence, sink, stop.clone()).await
            } else {
                self.pull_car(url, silence, sink, stop.clone()).await
            };
            match ended {
                Ended::Short(_) if sink.fresh > before => in_vain = 0,
                Ended::Short(failure) => {
                    in_vain += 1;
                    if failure.is_unreachable() && in_vain >= MAX_UNREACHABLE {
                        return Ended::Useless(failure);
                    }
                }
                Ended::NoCar(failure) if !raw => {
                    let id = sink.id.clone();
                    self.log(&id, LogEntry::SingleBlocks { failure });
                    raw = true;
                    continue;
                }
                Ended::NoCar(failure) => return Ended::Useless(failure),
                ended => return ended,
            }
            if in_vain > 0 {
                let random = self.0.platform.random();
                let wait = backoff(AGAIN_BASE, AGAIN_MOST, in_vain - 1, random);
                let wait = self.0.platform.sleep(wait);
                if let Either::Left(_) = select(stop.clone(), wait).await {
                    return Ended::Stopped;
                }
            }
        }
    }

    /// Takes one CAR, from the position of the walk on.
    async fn pull_car(
        &self,
        url: &str,
        silence: Duration,
        sink: &mut Sink<P>,
        mut stop: Stop,
    ) -> Ended {
        if let Err(ended) = sink.take_inline().await {
            return ended;
        }
        let Some(point) = sink.walk.resume_point() else {
            return Ended::Whole;
        };
        let file = canonical(&point.file);
        let in_pieces = self.in_pieces(&sink.walk);
        let query = match point.offset {
            0 if !in_pieces => "dag-scope=all".to_owned(),
            offset if in_pieces => {
                let end = offset + PIECE - 1;
                format!("dag-scope=entity&entity-bytes={offset}:{end}")
            }
            offset => format!("dag-scope=entity&entity-bytes={offset}:*"),
        };
        let response = self.get_car(format!("{url}/ipfs/{file}?format=car&{query}"), silence);
        let response = match select(response, &mut stop).await {
            Either::Left((Ok(response), _)) => response,
            Either::Left((Err(error), _)) => return Ended::of_http(&error),
            Either::Right(_) => return Ended::Stopped,
        };
        if let Err(ended) = judge(url, response.status) {
            return ended;
        }
        let kind = response.content_type.as_deref().unwrap_or_default();
        if !kind.is_empty() && !kind.starts_with("application/vnd.ipld.car") {
            return Ended::NoCar(storage_failure(url, Reason::NoCars));
        }
        self.read_car(response.body, in_pieces, sink, stop).await
    }

    /// Whether a file is so large that it is asked for in pieces.
    fn in_pieces(&self, walk: &Walk) -> bool {
        self.0.platform.reads_ahead() && walk.size().is_some_and(|size| size > 2 * PIECE)
    }

    async fn read_car(
        &self,
        mut blocks: Blocks,
        is_piece: bool,
        sink: &mut Sink<P>,
        mut stop: Stop,
    ) -> Ended {
        loop {
            let came = match select(blocks.next(), &mut stop).await {
                Either::Left((came, _)) => came,
                Either::Right(_) => return Ended::Stopped,
            };
            match came {
                Some(Ok(FromCar::Heard(bytes))) => sink.heard(bytes),
                Some(Ok(FromCar::Block(cid, payload))) => {
                    if let Err(ended) = sink.take(cid, payload).await {
                        return ended;
                    }
                    if sink.walk.is_done() {
                        return Ended::Whole;
                    }
                    if !is_piece && self.in_pieces(&sink.walk) {
                        // Now that its size is known, the rest is asked for in pieces.
                        return Ended::Short(storage_failure(&sink.url, Reason::Partial));
                    }
                }
                Some(Err(end)) => return Ended::of_car(&sink.url, &end),
                None => return Ended::Short(storage_failure(&sink.url, Reason::Partial)),
            }
        }
    }

    /// Takes single blocks, several at the same time.
    async fn pull_raw(
        &self,
        url: &str,
        silence: Duration,
        sink: &mut Sink<P>,
        mut stop: Stop,
    ) -> Ended {
        let mut asked: HashSet<Cid> = HashSet::new();
        let mut here: HashMap<Cid, Bytes> = HashMap::new();
        let mut on_way: FuturesUnordered<LocalBoxFuture<'static, (Cid, Result<Bytes, Ended>)>> =
            FuturesUnordered::new();
        loop {
            if let Err(ended) = sink.take_inline().await {
                return ended;
            }
            let Some(next) = sink.walk.next_cid() else {
                return Ended::Whole;
            };
            if let Some(block) = here.remove(&next) {
                asked.remove(&next);
                if let Err(ended) = sink.take(next, Payload::Bytes(block)).await {
                    return ended;
                }
                continue;
            }
            for cid in sink.walk.upcoming(RAW_AT_ONCE) {
                if (cid == next || asked.len() < RAW_AT_ONCE) && asked.insert(cid) {
                    on_way.push(Box::pin(self.clone().pull_block(
                        url.to_owned(),
                        cid,
                        silence,
                    )));
                }
            }
            let got = poll_fn(|cx| {
                if let Poll::Ready(Some(got)) = on_way.poll_next_unpin(cx) {
                    return Poll::Ready(Some(got));
                }
                stop.poll_unpin(cx).map(|_| None)
            })
            .await;
            match got {
                Some((cid, Ok(block))) => {
                    sink.heard(block.len());
                    here.insert(cid, block);
                }
                // Other blocks may be needed before this one.
                Some((cid, Err(Ended::Short(_)))) if cid != next => {
                    asked.remove(&cid);
                }
                Some((_, Err(ended))) => return ended,
                None => return Ended::Stopped,
            }
        }
    }

    async fn pull_block(
        self,
        url: String,
        cid: Cid,
        silence: Duration,
    ) -> (Cid, Result<Bytes, Ended>) {
        (cid, self.block(&url, &cid, silence).await)
    }

    /// Takes one block from a storage, verified.
    pub(super) async fn block(
        &self,
        url: &str,
        cid: &Cid,
        silence: Duration,
    ) -> Result<Bytes, Ended> {
        let short = |error: HttpError| Ended::of_http(&error);
        let too_large = || {
            let failure = Failure::new(Code::WrongBytes).reason(Reason::BlockTooLarge);
            Ended::Wrong(failure.host(url).limit(MAX_BLOCK as u64))
        };
        let mut response = self
            .get(
                format!("{url}/ipfs/{}?format=raw", canonical(cid)),
                "application/vnd.ipld.raw",
                silence,
            )
            .await
            .map_err(short)?;
        judge(url, response.status)?;
        // A network that wants a login first answers for everybody, with a page of its own. That is not the storage's
        // fault, and passes.
        let kind = response.content_type.as_deref().and_then(mime_of);
        let is_portal = move |block: &[u8]| is_page(kind.as_deref(), block);
        if is_portal(&[]) {
            return Err(Ended::Short(storage_failure(url, Reason::Malformed)));
        }
        if response
            .content_length
            .is_some_and(|len| len > MAX_BLOCK as u64)
        {
            return Err(too_large());
        }
        let mut block = BytesMut::new();
        while let Some(chunk) = response.body.chunk().await.map_err(short)? {
            if block.len() + chunk.len() > MAX_BLOCK {
                return Err(too_large());
            }
            block.extend_from_slice(&chunk);
        }
        let block = block.freeze();
        match self.0.platform.verify(*cid, block.clone()).await {
            Ok(()) => Ok(block),
            // A body that ended early does not count as wrong.
            Err(HashError::Mismatch(_))
                if block.is_empty()
                    || response
                        .content_length
                        .is_some_and(|len| len > block.len() as u64) =>
            {
                Err(Ended::Short(storage_failure(url, Reason::Partial)))
            }
            Err(HashError::Mismatch(_)) if is_portal(&block) => {
                Err(Ended::Short(storage_failure(url, Reason::Malformed)))
            }
            Err(error) => Err(Ended::of_car(url, &error.into())),
        }
    }

    /// Requests a CAR in depth-first order with duplicates, so that it can be verified as it arrives.
    pub(super) fn get_car(
        &self,
        url: String,
        silence: Duration,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<Blocks>, HttpError>> {
        let accept = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
        let request = request(url, accept, silence);
        if let Some(answer) = self.0.platform.car(&request) {
            return answer;
        }
        let (answer, engine) = (self.0.platform.http().send(request), self.clone());
        async move {
            let response = answer.await?;
            let verify = move |cid, block| engine.0.platform.verify(cid, block);
            Ok(response.with_body(|body| cars::blocks(chunks(body), verify)))
        }
        .boxed_local()
    }

    fn get(&self, url: String, accept: &str, silence: Duration) -> Answer<P> {
        let request = request(url, accept, silence);
        self.0.platform.http().send(request)
    }
}

fn request<S>(url: String, accept: &str, silence: Duration) -> HttpRequest<S> {
    HttpRequest {
        method: "GET",
        url,
        headers: vec![("accept", accept.to_owned())],
        body: Vec::new(),
        patience: silence,
    }
}

/// Judges the status of a response.
pub(super) fn judge(url: &str, status: u16) -> Result<(), Ended> {
    let failure = || storage_failure(url, Reason::Status).status(status);
    match status {
        200..=299 => Ok(()),
        400 | 405 | 406 | 415 | 501 => Err(Ended::NoCar(failure())),
        404 | 408 | 410 | 412 | 425 | 429 | 500..=599 => Err(Ended::Short(failure())),
        _ => Err(Ended::Useless(failure())),
    }
}

/// A body as a stream, which can be polled alongside other things without losing its position.
fn chunks<B: HttpBody>(body: B) -> LocalBoxStream<'static, Result<Bytes, HttpError>> {
    stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match body.chunk().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(body))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed_local()
}
