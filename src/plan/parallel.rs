//! Downloads from several storages at the same time, each of which sends one segment of the file
//! after another.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::task::Poll;

use futures::future::{FutureExt, LocalBoxFuture, poll_fn};
use futures::stream::{FuturesUnordered, StreamExt};

use super::Engine;
use super::download::{Ended, Pulse, SIGN_OF_LIFE, SILENCE, Sink, judge, storage_failure};
use super::jobs::Stop;
use crate::Cid;
use crate::cars::{FromCar, Payload};
use crate::content::MAX_BLOCK;
use crate::failure::Reason;
use crate::names::canonical;
use crate::ports::Platform;

/// The number of bytes of the file in a segment.
pub(super) const SEGMENT: u64 = 4 << 20;
/// The most segments that one storage sends at the same time, so that it is not idle between
/// segments.
const SEGMENTS_AT_ONCE: usize = 2;
/// How far a segment may be ahead of what is written, in bytes. It is kept in memory until its turn.
const AHEAD: u64 = 6 * SEGMENT;
/// The most bytes that are accepted for one segment, which include nodes, and leaves that extend
/// beyond its ends.
const MAX_SEGMENT: u64 = 2 * SEGMENT + 2 * MAX_BLOCK as u64;

/// The verified blocks of one segment.
type Blocks = HashMap<Cid, Payload>;

/// The result of a segment: the number of its storage, its offset, and its blocks.
type Came = (usize, u64, Result<Blocks, Ended>);

impl<P: Platform> Engine<P> {
    /// Takes a file from several storages until everything is here, or until using them at the same
    /// time is of no use. Returns the number of the storage that ended the download, and how it
    /// ended.
    pub(super) async fn pull_parallel(
        &self,
        urls: &[String],
        sink: &mut Sink<P>,
        mut stop: Stop,
    ) -> (usize, Ended) {
        let url = urls.first().cloned().unwrap_or_default();
        let not_parallel = || (0, Ended::Short(storage_failure(&url, Reason::Incomplete)));
        sink.url.clone_from(&url);
        let (Some(size), Some(point)) = (sink.walk.size(), sink.walk.resume_point()) else {
            // Only one file whose size is known can be cut into segments.
            return not_parallel();
        };
        let file = point.file;
        let mut next = sink.walk.offset() / SEGMENT * SEGMENT;
        let mut again: Vec<u64> = Vec::new();
        let mut here: BTreeMap<u64, Blocks> = BTreeMap::new();
        // These are the segments that each storage is sending.
        let mut sending: Vec<Vec<u64>> = vec![Vec::new(); urls.len()];
        let mut on_way: FuturesUnordered<LocalBoxFuture<'static, Came>> = FuturesUnordered::new();
        loop {
            while let Some(cid) = sink.walk.next_cid() {
                let Some(block) = here.values().find_map(|blocks| blocks.get(&cid).cloned()) else {
                    break;
                };
                if let Err(ended) = sink.take(cid, block).await {
                    return (0, ended);
                }
            }
            if sink.walk.is_done() {
                return (0, Ended::Whole);
            }
            let offset = sink.walk.offset();
            here.retain(|start, _| start + SEGMENT > offset);
            let current = offset / SEGMENT * SEGMENT;
            if here.contains_key(&current) {
                // A segment came without all of its blocks.
                return not_parallel();
            }
            for (number, url) in urls.iter().enumerate() {
                while sending[number].len() < SEGMENTS_AT_ONCE {
                    let wanted = if let Some(start) = again.pop() {
                        start
                    } else if next < size && next < offset + AHEAD {
                        next += SEGMENT;
                        next - SEGMENT
                    } else if sending.iter().flatten().filter(|s| **s == current).count() == 1
                        && !sending[number].contains(&current)
                    {
                        // Everything waits for one slow segment.
                        current
                    } else {
                        break;
                    };
                    sending[number].push(wanted);
                    on_way.push(Box::pin(self.clone().segment(
                        number,
                        url.clone(),
                        file,
                        wanted,
                        Rc::clone(&sink.pulse),
                    )));
                }
            }
            let came = poll_fn(|cx| {
                if let Poll::Ready(came) = on_way.poll_next_unpin(cx) {
                    return Poll::Ready(Some(came));
                }
                stop.poll_unpin(cx).map(|_| None)
            })
            .await;
            match came {
                Some(Some((number, start, result))) => {
                    sending[number].retain(|segment| *segment != start);
                    match result {
                        Ok(blocks) => {
                            here.insert(start, blocks);
                        }
                        // The other segments go on by themselves.
                        Err(ended) => return (number, ended),
                    }
                }
                Some(None) => return not_parallel(),
                None => return (0, Ended::Stopped),
            }
        }
    }

    async fn segment(
        self,
        number: usize,
        url: String,
        file: Cid,
        start: u64,
        pulse: Rc<Pulse>,
    ) -> Came {
        let blocks = self.segment_blocks(&url, &file, start, &pulse).await;
        (number, start, blocks)
    }

    async fn segment_blocks(
        &self,
        url: &str,
        file: &Cid,
        start: u64,
        pulse: &Pulse,
    ) -> Result<Blocks, Ended> {
        let end = start + SEGMENT - 1;
        let file = canonical(file);
        let mut response = self
            .get_car(
                format!("{url}/ipfs/{file}?format=car&dag-scope=entity&entity-bytes={start}:{end}"),
                SILENCE,
            )
            .await
            .map_err(|error| Ended::of_http(&error))?;
        judge(url, response.status)?;
        let mut blocks = HashMap::new();
        let (mut heard, mut since_sign) = (0, 0);
        while let Some(came) = response.body.next().await {
            match came.map_err(|end| Ended::of_car(url, &end))? {
                FromCar::Heard(bytes) => {
                    heard += bytes as u64;
                    since_sign += bytes as u64;
                }
                FromCar::Block(cid, payload) => {
                    blocks.insert(cid, payload);
                }
            }
            if heard > MAX_SEGMENT {
                return Err(Ended::Useless(storage_failure(url, Reason::TooMuch)));
            }
            if since_sign >= SIGN_OF_LIFE {
                since_sign = 0;
                pulse.alive.set(self.now());
            }
        }
        Ok(blocks)
    }
}
