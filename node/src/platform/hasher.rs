//! Verifies blocks on threads of its own.
//!
//! The threads take one block after another from a queue. While blocks come fast, they need not be woken for each of them,
//! which a pool for all kinds of blocking work does: a fetch takes a sixth longer with that.

use std::num::NonZero;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::{self, HashError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

/// Blocks with fewer bytes are hashed on the calling thread: waking another one would take longer.
const ELSEWHERE: usize = 16 * 1024;
/// The most threads. With two, a processor that knows SHA-256 hashes more than networks bring.
const THREADS: usize = 4;

/// A block, what it should be, and who wants to know.
type Job = (Cid, Bytes, oneshot::Sender<Result<(), HashError>>);

/// Threads that verify blocks. They are started for the first large one, and end when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Hasher(OnceLock<Sender<Job>>);

impl Hasher {
    /// Checks that these are the bytes of the block.
    pub fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        if block.len() < ELSEWHERE {
            return std::future::ready(hash::verify(&cid, &block)).boxed_local();
        }
        let (answer, answered) = oneshot::channel();
        let job = (cid, block, answer);
        // Where no thread can be started, this one does it.
        if let Err(mpsc::SendError((cid, block, answer))) = self.0.get_or_init(start).send(job) {
            let _ = answer.send(hash::verify(&cid, &block));
        }
        async move {
            match answered.await {
                Ok(verified) => verified,
                Err(_) => unreachable!("a thread answers before it takes the next block"),
            }
        }
        .boxed_local()
    }
}

/// Starts the threads: all but one processor have one, because who asks needs the last one.
fn start() -> Sender<Job> {
    let (jobs, queue) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 0..(processors - 1).clamp(1, THREADS) {
        let queue = Arc::clone(&queue);
        let started = thread::Builder::new()
            .name("hasher".to_owned())
            .spawn(move || work(&queue));
        if let Err(error) = started {
            tracing::debug!("a thread for hashing cannot be started: {error}");
            break;
        }
    }
    jobs
}

/// Verifies one block after another until nobody can ask any more.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((cid, block, answer)) = job else {
            return;
        };
        let _ = answer.send(hash::verify(&cid, &block));
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use sha2::{Digest, Sha256};

    use super::*;

    /// CIDv1, raw, SHA-256 of 32 bytes.
    fn raw(block: &[u8]) -> Cid {
        let digest = Sha256::digest(block);
        Cid::try_from([&[0x01, 0x55, 0x12, 0x20], &digest[..]].concat()).unwrap()
    }

    #[tokio::test]
    async fn many_blocks_are_verified_at_once() {
        let hasher = Hasher::default();
        // The first few are hashed on this thread, the others elsewhere.
        let blocks: Vec<_> = (0..40_u8)
            .map(|n| Bytes::from(vec![n; ELSEWHERE - 3 + usize::from(n)]))
            .collect();
        let right = blocks.iter().zip(&blocks);
        let wrong = blocks.iter().zip(&blocks[1..]);
        let answers = right.chain(wrong).map(|(named, block)| {
            let cid = raw(named);
            let answer = hasher.verify(cid, block.clone());
            async move { (cid, answer.await) }
        });
        for (number, (cid, answer)) in join_all(answers).await.into_iter().enumerate() {
            let due = if number < blocks.len() {
                Ok(())
            } else {
                Err(HashError::Mismatch(cid))
            };
            assert_eq!(answer, due, "{number}");
        }
    }

    #[tokio::test]
    async fn what_was_asked_is_answered_after_the_end() {
        let hasher = Hasher::default();
        let block = Bytes::from(vec![7; 4 * ELSEWHERE]);
        let answer = hasher.verify(raw(&block), block);
        drop(hasher);
        assert_eq!(answer.await, Ok(()));
    }
}
