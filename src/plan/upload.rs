//! Uploads the blocks that a storage lacks, as CARs made of slices, in parts that are each answered
//! soon.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;

use super::Engine;
use super::inventory::{CHECK_PATIENCE, Inventory, Missing, SAMPLES};
use super::jobs::JobKind;
use super::journal::log_line;
use super::pace::{Meter, backoff};
use crate::content::car::{self, Part};
use crate::content::hash;
use crate::content::{Block, Dag};
use crate::failure::{Code, Failure, Reason};
use crate::ports::{
    Http, HttpBody, HttpError, HttpRequest, Piece, Platform, Source, Store, StoreError,
};
use crate::state::{EventKind, ItemId, LogEntry, Upload};
use crate::storage::{is_same, multiaddr_of, url_of};

/// The size of the first part's CAR in bytes. Even a slow line has to transfer it in time.
const PART_START: u64 = 1 << 20;
/// The smallest and the largest part that is aimed at, in bytes.
const PART_LEAST: u64 = 256 << 10;
const PART_MOST: u64 = 64 << 20;
/// A large file is cut into at least this many parts, because a fetcher reads them one after the
/// other and, at the end, waits for those that are sent at the same time.
const PARTS_OF_A_FILE: u64 = 64;
const PART_LARGE: u64 = 4 << 20;
/// How long a part should take: far less than the 30 s after which a browser ends a worker that waits for an answer.
const PART_TIME: Duration = Duration::from_secs(6);
/// How long to wait for the answer to a part.
const PART_PATIENCE: Duration = Duration::from_secs(25);
/// The most parts that are sent at the same time, on a fast line. On a slow line several would
/// share it, and none would arrive in time.
pub(super) const PARTS_AT_ONCE: usize = 3;
/// How many parts may fail one after the other.
const MAX_FAILURES: u32 = 8;
/// The waits before a part is sent again.
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MOST: Duration = Duration::from_secs(15);
/// How many times a new token is requested in one upload.
const MAX_RENEWALS: u32 = 16;
/// How long a token must still be valid, in seconds.
const TOKEN_MARGIN: u64 = 30;
/// The longest token, in bytes.
pub(super) const MAX_TOKEN: usize = 4096;
/// The most bytes that are read of the answer to a part.
const MAX_ANSWER: usize = 64 * 1024;
/// The beginning of the boundary in a multipart body; a CAR contains the whole boundary with a chance of 2^-128.
const BOUNDARY_PREFIX: &str = "fluence-";

/// The storage to which an upload goes.
#[derive(Debug, Clone)]
struct Target {
    multiaddr: String,
    /// The base URL that takes the parts.
    post: String,
    /// Where to ask what the storage has.
    inventory: Inventory,
    token: Option<String>,
    expires: Option<u64>,
}

/// How many times a storage is asked what it still lacks, after it accepted what it lacked before.
const MAX_ROUNDS: u32 = 3;

/// Why a part was not accepted.
enum PartError {
    /// The part may be sent again.
    Again(Failure),
    /// The token is not valid, or no longer is.
    Token(Failure),
    /// It is pointless to try again.
    Final(Failure),
}

/// A part that was sent.
struct Sent {
    part: Part,
    inner: bool,
    outcome: Outcome,
}

/// The outcome of a part.
enum Outcome {
    /// It was sent within this many milliseconds, and was accepted or not.
    Sent(u64, Result<(), PartError>),
    /// It failed before, and the storage lacks these of its blocks.
    Lacks(Vec<Range<usize>>),
}

impl<P: Platform> Engine<P> {
    /// Continues an upload that an earlier run began.
    pub(super) fn resume_upload(&self, id: &ItemId, upload: Upload) {
        let (engine, job_id) = (self.clone(), id.clone());
        self.start_job(JobKind::Out, id, async move {
            let id = job_id;
            match engine.0.platform.store().open(&id).await {
                Ok((source, dag)) => engine.upload(&id, source, dag, upload).await,
                Err(error) => {
                    engine.end_upload(&id, 0, Some(Failure::from(&error)));
                    if let StoreError::Gone(_) | StoreError::Locked = error {
                        engine.say_gone_if_so(&id).await;
                    }
                }
            }
        });
    }

    /// Begins an upload that is recorded.
    pub(super) fn start_upload(&self, id: &ItemId, source: P::Source, dag: Dag, upload: Upload) {
        let (engine, job_id) = (self.clone(), id.clone());
        self.start_job(JobKind::Out, id, async move {
            engine.upload(&job_id, source, dag, upload).await;
        });
    }

    /// What is recorded when an upload ends, of which so many bytes were sent and accepted in this run.
    pub(super) fn upload_ended(
        &self,
        id: &ItemId,
        sent: u64,
        error: Option<Failure>,
    ) -> [EventKind; 2] {
        let left = self.item(id, |item| item.upload.as_ref().map(|upload| upload.sent));
        let size = left.flatten().unwrap_or_default().max(sent);
        let entry = match &error {
            None if size == 0 => LogEntry::AlreadyStored,
            None => LogEntry::Uploaded { size },
            Some(failure) => LogEntry::UploadFailed {
                failure: failure.clone(),
                size: Some(size),
            },
        };
        let ended = EventKind::UploadEnded {
            id: id.clone(),
            sent,
            error,
        };
        [log_line(id, entry), ended]
    }

    fn end_upload(&self, id: &ItemId, sent: u64, error: Option<Failure>) {
        self.tell(self.upload_ended(id, sent, error));
        // This may have been the answer to the last call.
        let engine = self.clone();
        self.spawn(async move { engine.watch_limits() });
    }

    async fn upload(&self, id: &ItemId, source: P::Source, dag: Dag, upload: Upload) {
        let mut sent = 0;
        let mut target = match self.target(upload) {
            Ok(target) => target,
            Err(failure) => return self.end_upload(id, 0, Some(failure)),
        };
        let Err((failure, offset)) = self
            .upload_missing(id, &source, &dag, &mut target, &mut sent)
            .await
        else {
            return self.end_upload(id, sent, None);
        };
        match failure.code {
            Code::FileGone => {
                self.end_upload(id, sent, Some(failure.clone()));
                return self.say_gone(id, failure);
            }
            // That is no fault of the storage's, or it has to be sent too much.
            Code::Paused | Code::Metered | Code::DayBudget => {
                return self.end_upload(id, sent, Some(failure));
            }
            _ => {}
        }
        // A part that cannot be read looks like a broken connection.
        let end = dag.len().min(offset + 1);
        if let Err(error @ (StoreError::Gone(_) | StoreError::Locked)) =
            source.read(offset..end).await
        {
            self.end_upload(id, sent, Some(Failure::from(&error)));
            return self.say_gone_if_so(id).await;
        }
        self.shun(&target.multiaddr, &failure);
        self.end_upload(id, sent, Some(failure));
    }

    fn target(&self, upload: Upload) -> Result<Target, Failure> {
        let get = self.storage_url(&upload.multiaddr).map_err(|error| {
            Failure::new(Code::BadStorage)
                .reason(Reason::BadAddress)
                .detail(error.address)
        })?;
        let own = self.settings().own_ipfs.filter(|own| {
            let own = multiaddr_of(&own.gateway).and_then(|own| url_of(&own));
            own == url_of(&upload.multiaddr)
        });
        let (post, inventory) = match own {
            Some(own) => {
                let rpc = own.rpc.trim_end_matches('/').to_owned();
                (rpc.clone(), Inventory::Rpc(rpc))
            }
            None => (get.clone(), Inventory::Gateway(get)),
        };
        Ok(Target {
            multiaddr: upload.multiaddr,
            post,
            inventory,
            token: upload.token,
            expires: upload.expires,
        })
    }

    /// Sends what the storage lacks, until it lacks nothing. A failure comes with its offset in the body.
    async fn upload_missing(
        &self,
        id: &ItemId,
        source: &P::Source,
        dag: &Dag,
        target: &mut Target,
        sent: &mut u64,
    ) -> Result<(), (Failure, u64)> {
        // What was not sent yet by this upload.
        let mut unsent: Vec<Range<usize>> = std::iter::once(0..dag.blocks.len()).collect();
        for _ in 0..MAX_ROUNDS {
            let missing = match self.missing(&target.inventory, dag).await {
                Ok(Missing::Nothing) => return Ok(()),
                Ok(Missing::These(missing)) => missing,
                // A storage that does not say what it has will say for each part why it does not accept it.
                Ok(Missing::Something) | Err(_) => unsent.clone(),
            };
            unsent = without(&unsent, &missing);
            self.upload_these(missing, id, source, dag, target, sent)
                .await?;
            if unsent.is_empty() {
                // What the storage has of a part that failed was found out by samples, and it may have had later blocks before.
                let root = &dag.root;
                if !self.says_it_lacks(&target.inventory, root).await {
                    return Ok(());
                }
                unsent = std::iter::once(0..dag.blocks.len()).collect();
            }
        }
        Ok(())
    }

    async fn upload_these(
        &self,
        missing: Vec<Range<usize>>,
        id: &ItemId,
        source: &P::Source,
        dag: &Dag,
        target: &mut Target,
        sent: &mut u64,
    ) -> Result<(), (Failure, u64)> {
        let mut offsets = Vec::with_capacity(dag.blocks.len());
        let mut end = 0;
        for block in &dag.blocks {
            offsets.push(end);
            end += block.len;
        }
        let lacking: u64 = missing
            .iter()
            .flat_map(|range| &dag.blocks[range.clone()])
            .map(|block| block.len)
            .sum();
        let total = dag.len();
        // What lies where the person has it may change at any time.
        let is_sure = !source.can_stay() && self.0.hashed.borrow().contains(id);
        let mut meter = Meter::new(self.now(), total - lacking, Some(total));
        // Nodes are sent before leaves, so that the parent of each block is there already, in
        // whatever order the parts arrive.
        let inner = inner_nodes(dag);
        let mut queue: VecDeque<(bool, Range<usize>)> = VecDeque::new();
        queue.push_back((true, 0..inner.blocks.len()));
        queue.extend(missing.into_iter().map(|range| (false, range)));
        let mut inner_left = inner.blocks.len();
        let mut aim = PART_START;
        let mut at_once = 1;
        let mut failures = 0;
        let mut renewals = 0;
        let mut done = total - lacking;
        let mut on_way: FuturesUnordered<LocalBoxFuture<'_, Sent>> = FuturesUnordered::new();
        loop {
            while on_way.len() < at_once {
                let Some((is_inner, range)) = queue.front_mut() else {
                    break;
                };
                if range.start == range.end {
                    queue.pop_front();
                    continue;
                }
                let is_inner = *is_inner;
                if !is_inner && inner_left > 0 || is_inner && !on_way.is_empty() {
                    break;
                }
                let (blocks, offset) = if is_inner {
                    (&inner, 0)
                } else {
                    (dag, offsets[range.start])
                };
                let part = car::part(blocks, range.clone(), offset, aim);
                range.start = part.blocks.end;
                if !is_inner && part.body == 0 {
                    continue;
                }
                if let Some(expires) = target.expires
                    && expires < self.now() / 1000 + TOKEN_MARGIN
                {
                    let renewed = self.renew(id, dag, target, &mut renewals).await;
                    renewed.map_err(|failure| (failure, part.offset))?;
                }
                // The network may have become another one.
                if let Some(why) = self.rests() {
                    return Err((why.into(), part.offset));
                }
                let pieces = car::pieces(blocks, source, &part);
                let target = target.clone();
                on_way.push(Box::pin(async move {
                    if !is_sure && let Some(failure) = self.damage(blocks, source, &part).await {
                        return Sent {
                            part,
                            inner: is_inner,
                            outcome: Outcome::Sent(0, Err(PartError::Final(failure))),
                        };
                    }
                    let size = part.car;
                    // A storage that does not keep what it gets is sent more than the file has.
                    if let Some(failure) = self.over_day_budget(size) {
                        return Sent {
                            part,
                            inner: is_inner,
                            outcome: Outcome::Sent(0, Err(PartError::Final(failure))),
                        };
                    }
                    let id = id.clone();
                    self.record([EventKind::UploadSent { id, size }]).await;
                    self.send_part(target, part, is_inner, pieces).await
                }));
            }
            let Some(sent_part) = on_way.next().await else {
                if lacking == total {
                    self.0.hashed.borrow_mut().insert(id.clone());
                }
                return Ok(());
            };
            let Sent {
                part,
                inner: is_inner,
                outcome,
            } = sent_part;
            let blocks = if is_inner { &inner } else { dag };
            let reason = match outcome {
                Outcome::Sent(took_ms, Ok(())) => {
                    failures = 0;
                    *sent += part.car;
                    done += part.body;
                    if is_inner {
                        inner_left -= part.blocks.len();
                    }
                    at_once = next_at_once(at_once, aim, part.car, took_ms);
                    aim = next_aim(aim, part.car, took_ms).min(largest_part(total));
                    self.show(id, &mut meter, done);
                    continue;
                }
                Outcome::Lacks(ranges) => {
                    let lacks: usize = ranges.iter().map(Range::len).sum();
                    let lacking = ranges
                        .iter()
                        .flat_map(|range| &blocks.blocks[range.clone()]);
                    done += part.body - lacking.map(|block| block.len).sum::<u64>();
                    if is_inner {
                        inner_left -= part.blocks.len() - lacks;
                    }
                    if lacks < part.blocks.len() {
                        failures = 0;
                    }
                    for range in ranges.into_iter().rev() {
                        queue.push_front((is_inner, range));
                    }
                    continue;
                }
                Outcome::Sent(_, Err(PartError::Final(failure))) => {
                    return Err((failure, part.offset));
                }
                Outcome::Sent(_, Err(PartError::Token(reason))) => {
                    let renewed = self.renew(id, dag, target, &mut renewals).await;
                    renewed.map_err(|_| (reason.clone().coded(Code::Refused), part.offset))?;
                    reason
                }
                Outcome::Sent(_, Err(PartError::Again(reason))) => reason,
            };
            failures += 1;
            if failures == 1 {
                let failure = reason.clone();
                self.log(id, LogEntry::PartFailed { failure });
            }
            if failures > MAX_FAILURES {
                return Err((reason, part.offset));
            }
            aim = (aim / 2).max(PART_LEAST);
            at_once = 1;
            let random = self.0.platform.random();
            let wait = backoff(RETRY_BASE, RETRY_MOST, failures - 1, random);
            on_way.push(Box::pin(self.look_again(
                target.inventory.clone(),
                blocks,
                part,
                is_inner,
                wait,
            )));
        }
    }

    /// After a wait, finds out which blocks of a failed part the storage did not keep.
    async fn look_again(
        &self,
        storage: Inventory,
        dag: &Dag,
        part: Part,
        inner: bool,
        wait: Duration,
    ) -> Sent {
        self.sleep(wait).await;
        let all = || std::iter::once(part.blocks.clone()).collect();
        let lacks = if inner && part.blocks.len() > SAMPLES {
            // They are small, and one that is left out by mistake would have all below it refused.
            all()
        } else {
            let missing = self.missing_of(&storage, dag, part.blocks.clone());
            match self.within(CHECK_PATIENCE, missing).await {
                Some(Ok(lacks)) => lacks,
                // If the storage does not say, all of the part is sent again.
                Some(Err(_)) | None => all(),
            }
        };
        Sent {
            part,
            inner,
            outcome: Outcome::Lacks(lacks),
        }
    }

    /// Requests a new token for the same storage.
    async fn renew(
        &self,
        id: &ItemId,
        dag: &Dag,
        target: &mut Target,
        renewals: &mut u32,
    ) -> Result<(), Failure> {
        let refused = || Failure::new(Code::Refused).host(&target.post);
        *renewals += 1;
        if *renewals > MAX_RENEWALS {
            return Err(refused());
        }
        let mut nodes = self.storages(self.settings().foreign_storage);
        while let Some(node) = nodes.next().await {
            if let Ok(upload) = self.ask_storage_of(&node, &dag.root, dag).await
                && is_same(&upload.multiaddr, &target.multiaddr)
            {
                // The storage keeps the file for longer, and a later run goes on with this token.
                self.tell([upload_began(id, &upload)]);
                target.token = upload.token;
                // A new token that seems to expire at once shows that the clocks differ. Then the storage says when it
                // has expired.
                let soon = self.now() / 1000 + TOKEN_MARGIN;
                target.expires = upload.expires.filter(|expires| *expires >= soon);
                return Ok(());
            }
        }
        Err(refused())
    }

    /// The failure of a part whose bytes are not those that were hashed, as after a power failure, if they are not.
    async fn damage(&self, dag: &Dag, source: &P::Source, part: &Part) -> Option<Failure> {
        let mut offset = part.offset;
        for block in &dag.blocks[part.blocks.clone()] {
            let bytes = offset..offset + block.len;
            offset = bytes.end;
            let (true, Some(expected)) = (block.len > 0, hash::is_sha2_256(&block.cid)) else {
                continue;
            };
            let (prefix, suffix) = (block.prefix.clone(), block.suffix.clone());
            match source.sha256(prefix, bytes, suffix).await {
                Ok(digest) if digest == expected => {}
                Ok(_) => {
                    return Some(Failure::new(Code::FileGone).detail("its bytes were changed"));
                }
                // What cannot be read looks like a broken connection, and is told apart at the end.
                Err(_) => return None,
            }
        }
        None
    }

    async fn send_part(
        &self,
        target: Target,
        part: Part,
        inner: bool,
        car: Vec<Piece<P::Source>>,
    ) -> Sent {
        let began = self.now();
        let boundary = format!("{BOUNDARY_PREFIX}{:032x}", self.0.platform.random());
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"part.car\"\r\n\
             Content-Type: application/vnd.ipld.car\r\n\r\n"
        );
        let mut body = vec![Piece::Bytes(Bytes::from(head))];
        body.extend(car);
        body.push(Piece::Bytes(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
        let mut headers = vec![(
            "content-type",
            format!("multipart/form-data; boundary={boundary}"),
        )];
        if let Some(token) = &target.token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        let request = HttpRequest {
            method: "POST",
            url: format!("{}/api/v0/dag/import?pin-roots=false", target.post),
            headers,
            body,
            patience: PART_PATIENCE,
        };
        let result = match self.0.platform.http().send(request).await {
            Ok(response) => {
                let status = response.status;
                match read_answer(response.body).await {
                    Ok(answer) => judge(&target.post, status, &answer),
                    Err(error) => Err(again(&error)),
                }
            }
            Err(error) => Err(again(&error)),
        };
        Sent {
            part,
            inner,
            outcome: Outcome::Sent(self.now().saturating_sub(began), result),
        }
    }
}

/// The event for an upload that begins, or gets a new token.
pub(super) fn upload_began(id: &ItemId, upload: &Upload) -> EventKind {
    EventKind::UploadBegan {
        id: id.clone(),
        multiaddr: upload.multiaddr.clone(),
        token: upload.token.clone(),
        expires: upload.expires,
        peer: upload.peer.clone(),
    }
}

/// What is in some runs and not in others; both are in order.
fn without(runs: &[Range<usize>], others: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut left = Vec::new();
    for run in runs {
        let mut from = run.start;
        let within = others
            .iter()
            .filter(|other| other.start < run.end && other.end > run.start);
        for other in within {
            if other.start > from {
                left.push(from..other.start);
            }
            from = other.end;
        }
        if from < run.end {
            left.push(from..run.end);
        }
    }
    left
}

/// The nodes of a DAG that hold no bytes of the body, as a DAG of their own in the same order.
fn inner_nodes(dag: &Dag) -> Dag {
    let blocks: Vec<Block> = dag
        .blocks
        .iter()
        .filter(|block| block.len == 0)
        .cloned()
        .collect();
    Dag {
        root: dag.root,
        blocks,
        files: Vec::new(),
    }
}

/// The most bytes of CARs in which all of a DAG leaves, if nothing has to be sent again.
pub(super) fn most_sent(dag: &Dag) -> u64 {
    let all = car::part(dag, 0..dag.blocks.len(), 0, u64::MAX);
    // Two parts that follow one another are larger than one may be, unless these are the last ones.
    let parts = 2 * (all.car / PART_LEAST) + 4;
    all.car + parts * car::header(&dag.root).len() as u64
}

/// The size of the largest part of a file of so many bytes.
pub(super) fn largest_part(total: u64) -> u64 {
    (total / PARTS_OF_A_FILE).clamp(PART_LARGE, PART_MOST)
}

/// The size of the next part, after one of `bytes` took `took_ms`.
fn next_aim(aim: u64, bytes: u64, took_ms: u64) -> u64 {
    let per_ms = bytes / took_ms.max(1);
    let ideal = per_ms.saturating_mul(PART_TIME.as_millis() as u64);
    // A small part, such as the last of a run, says little about the line.
    if bytes < aim / 2 && u128::from(took_ms) < PART_TIME.as_millis() {
        return aim;
    }
    ideal
        .min(aim.saturating_mul(2))
        .clamp(PART_LEAST, PART_MOST)
}

/// How many parts to send at the same time, after one of `bytes` took `took_ms`.
fn next_at_once(at_once: usize, aim: u64, bytes: u64, took_ms: u64) -> usize {
    let aimed_at = PART_TIME.as_millis() as u64;
    if took_ms > 2 * aimed_at {
        1
    } else if bytes >= aim / 2 && took_ms <= aimed_at / 2 {
        PARTS_AT_ONCE
    } else {
        at_once
    }
}

/// Reads the answer to a part, up to a limit.
async fn read_answer(mut body: impl HttpBody) -> Result<Vec<u8>, HttpError> {
    let mut answer = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        let room = MAX_ANSWER - answer.len();
        answer.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if answer.len() == MAX_ANSWER {
            break;
        }
    }
    Ok(answer)
}

/// Judges the answer to a part. Kubo reports a failed import in lines of JSON after a `200`.
fn judge(url: &str, status: u16, answer: &[u8]) -> Result<(), PartError> {
    let said = answer
        .split(|b| *b == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .find(|value| value.get("Type").is_some_and(|kind| kind == "error"))
        .and_then(|value| Some(value.get("Message")?.as_str()?.to_owned()));
    let text = match &said {
        Some(message) => message.clone(),
        None => String::from_utf8_lossy(&answer[..answer.len().min(400)]).into_owned(),
    };
    let failure = |code| {
        Failure::new(code)
            .reason(Reason::Status)
            .host(url)
            .status(status)
            .detail(&text)
    };
    match status {
        200..=299 if said.is_none() => Ok(()),
        401 | 403 => Err(PartError::Token(failure(Code::StorageGone))),
        413 | 507 => Err(PartError::Final(failure(Code::Quota))),
        408 | 425 | 429 => Err(PartError::Again(failure(Code::StorageGone))),
        400..=499 => Err(PartError::Final(failure(Code::StorageRefused))),
        _ => Err(PartError::Again(failure(Code::StorageGone))),
    }
}

fn again(error: &HttpError) -> PartError {
    PartError::Again(Failure::of_http(Code::StorageGone, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_measured_speed() {
        // At 1 MiB/s, six seconds are 6 MiB.
        let aim = next_aim(4 << 20, 4 << 20, 4_000);
        assert!((5 << 20..7 << 20).contains(&aim), "{aim}");
        assert_eq!(next_aim(PART_START, PART_START, 1), PART_START * 2);
        assert_eq!(next_aim(PART_MOST, PART_MOST, 1), PART_MOST);
        assert_eq!(next_aim(PART_START, PART_START, 1_000_000), PART_LEAST);
        assert_eq!(next_aim(PART_START, 10, 1000), PART_START);
        assert_eq!(next_aim(PART_START, 10, 10_000), PART_LEAST);
    }

    #[test]
    fn parts_go_together_only_where_the_line_is_fast() {
        assert_eq!(
            next_at_once(1, PART_START, PART_START, 1_000),
            PARTS_AT_ONCE
        );
        assert_eq!(next_at_once(1, PART_START, PART_START, 5_000), 1);
        // Too little was sent to say anything about the line.
        assert_eq!(next_at_once(1, PART_START, 100, 5), 1);
        assert_eq!(next_at_once(3, PART_START, PART_START, 8_000), 3);
        assert_eq!(next_at_once(3, PART_START, PART_START, 20_000), 1);
    }

    #[test]
    fn answers_of_storage_are_understood() {
        let code = |status, answer: &str| match judge("h", status, answer.as_bytes()) {
            Ok(()) => "ok".to_owned(),
            Err(PartError::Again(_)) => "again".to_owned(),
            Err(PartError::Token(_)) => "token".to_owned(),
            Err(PartError::Final(failure)) => failure.code.to_string(),
        };
        assert_eq!(code(200, ""), "ok");
        assert_eq!(code(200, "{\"Root\":{}}\n"), "ok");
        assert_eq!(
            code(
                200,
                "{\"Message\":\"boom\",\"Code\":0,\"Type\":\"error\"}\n"
            ),
            "again"
        );
        assert_eq!(code(401, "expired"), "token");
        assert_eq!(code(507, ""), "quota");
        assert_eq!(code(400, "not of this DAG"), "storage_refused");
        assert_eq!(code(503, ""), "again");
    }
}
