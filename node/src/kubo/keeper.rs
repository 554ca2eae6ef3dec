//! Brings what is stored to Kubo, and keeps it pinned there for as long as it was promised.
//!
//! What was promised stands in the pins' names, so that nothing else needs to be remembered: a node that was killed
//! goes on from what Kubo has. Pins of others are never touched.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::names::canonical;
use futures::stream::{self, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

use super::{Kubo, KuboError};
use crate::platform::now_ms;
use crate::storage::{Storage, StoredDag};

/// DAGs that are brought to Kubo at the same time.
const AT_ONCE: usize = 4;
/// How often it is looked what is there, and whether Kubo is.
const TICK: Duration = Duration::from_secs(60);
/// When Kubo is tried again after it failed.
const RETRY: Duration = Duration::from_secs(5);
/// Bytes of a CAR that wait for Kubo to take them.
const PIPE: usize = 1024 * 1024;
/// Bytes of a piece of it.
const PIECE: usize = 256 * 1024;
/// Until when Kubo keeps what an operator pinned.
const FOR_EVER: u64 = u64::MAX;

/// Keeps Kubo and a storage agreed.
pub struct Keeper {
    kubo: Kubo,
    pub(super) storage: Arc<Storage>,
    /// What the names of this node's pins begin with.
    prefix: String,
    wake: Notify,
    answers: AtomicBool,
    /// What Kubo keeps for this node, and until when, in Unix seconds; `None` where it has to say so first.
    pins: Mutex<Option<HashMap<Cid, u64>>>,
    /// What was promised again of that, and is not yet in the pins' names.
    promised: Mutex<HashMap<Cid, u64>>,
}

impl Keeper {
    /// For the node with this peer id.
    pub fn new(kubo: Kubo, storage: Arc<Storage>, peer: &str) -> Self {
        Self {
            kubo,
            storage,
            prefix: format!("fluence {peer} until "),
            wake: Notify::new(),
            answers: AtomicBool::new(true),
            pins: Mutex::default(),
            promised: Mutex::default(),
        }
    }

    /// Kubo.
    pub fn kubo(&self) -> &Kubo {
        &self.kubo
    }

    /// Whether Kubo did what it was last asked.
    pub fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Whether Kubo was asked to keep a DAG, all of which it had then.
    pub fn keeps(&self, cid: &Cid) -> bool {
        self.pins()
            .as_ref()
            .is_some_and(|pins| pins.contains_key(cid))
    }

    fn pins(&self) -> MutexGuard<'_, Option<HashMap<Cid, u64>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A DAG was promised until then, in Unix seconds. The storage knows, but not of what Kubo alone keeps.
    pub fn promise(&self, cid: Cid, until: u64) {
        if self.keeps(&cid) && self.storage.dag_state(&cid) != Some(true) {
            self.promised().insert(cid, until);
        }
    }

    fn promised(&self) -> MutexGuard<'_, HashMap<Cid, u64>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something new may be whole.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            let woken = self.wake.notified();
            let worked = self.turn().await;
            let answers = worked.is_ok();
            if self.answers.swap(answers, Ordering::Relaxed) != answers {
                match &worked {
                    Ok(()) => tracing::info!("the IPFS node answers again"),
                    Err(error) => {
                        tracing::error!("{error}; uploads wait in the node's own storage")
                    }
                }
            }
            if answers {
                let next = until_next(self.pins().as_ref());
                let _ = tokio::time::timeout(next, woken).await;
            } else {
                // An error is not mended by new uploads.
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Has Kubo once agree with the storage.
    pub(super) async fn turn(&self) -> Result<(), KuboError> {
        let (pins, done) = match self.agree().await {
            Ok(pins) => (Some(pins), Ok(())),
            // A Kubo that was away may come back without what it had.
            Err(error) => (None, Err(error)),
        };
        *self.pins() = pins;
        done
    }

    /// Makes Kubo keep what is promised and no more; returns what it keeps now.
    async fn agree(&self) -> Result<HashMap<Cid, u64>, KuboError> {
        let known = self.pins().clone();
        let mut pins = match known {
            Some(pins) => {
                // Asked each time: whether it lives is not seen from a turn without work.
                self.kubo.version().await?;
                pins
            }
            None => {
                let mut pins = HashMap::new();
                self.kubo
                    .pins(|cid, name| {
                        if let Some(until) = self.until(name) {
                            pins.insert(cid, until);
                        }
                    })
                    .await?;
                pins
            }
        };
        let now = now_ms() / 1000;
        let storage = self.storage.clone();
        let dags = tokio::task::spawn_blocking(move || storage.list())
            .await
            .unwrap_or_default();
        let mut wanted: Vec<Promise> = dags.iter().filter_map(|dag| promised(dag, now)).collect();
        let promised = std::mem::take(&mut *self.promised());
        let prolonged = promised
            .into_iter()
            .filter(|(cid, _)| pins.get(cid).is_some_and(|has| *has != FOR_EVER));
        wanted.extend(prolonged.map(|(cid, until)| Promise {
            cid,
            until,
            // Kubo has them all, and may take as long as it ever may.
            bytes: u64::MAX,
        }));
        let brought: Vec<_> = stream::iter(wanted)
            .filter(|promise| {
                let has = pins.get(&promise.cid).copied();
                let agrees = |has| has == promise.until || has > promise.until && has != FOR_EVER;
                std::future::ready(!has.is_some_and(agrees))
            })
            .map(|promise| {
                let pinned = pins.contains_key(&promise.cid);
                async move {
                    let done = self.bring(&promise, pinned).await;
                    (promise.cid, promise.until, done)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut unreachable = None;
        for (cid, until, done) in brought {
            match done {
                Ok(()) => {
                    pins.insert(cid, until);
                }
                Err(error) => {
                    tracing::warn!("{} is not on the IPFS node: {error}", canonical(&cid));
                    if matches!(error, KuboError::Unreachable(_)) {
                        unreachable = Some(error);
                    }
                }
            }
        }
        // What an operator keeps is never evicted: if nothing is promised here, it is because an operator said so.
        let kept: HashSet<&str> = dags
            .iter()
            .filter(|dag| promised_until(dag) > now)
            .map(|dag| &*dag.cid)
            .collect();
        let expired: Vec<Cid> = pins
            .iter()
            .filter(|(cid, until)| match **until {
                FOR_EVER => !kept.contains(&*canonical(cid)),
                until => until <= now,
            })
            .map(|(cid, _)| *cid)
            .collect();
        for cid in expired {
            self.free(&cid).await?;
            pins.remove(&cid);
        }
        unreachable.map_or(Ok(pins), Err)
    }

    /// Brings a DAG to Kubo, unless it is there, and pins it.
    async fn bring(&self, promise: &Promise, pinned: bool) -> Result<(), KuboError> {
        let Promise { cid, until, bytes } = promise;
        let name = format!("{}{until}", self.prefix);
        if pinned {
            match self.kubo.pin(cid, &name, *bytes).await {
                // It has lost a block in spite of the pin: it gets all of them again.
                Err(KuboError::Failed(_)) => {}
                done => return done,
            }
        } else {
            // Somebody else's pin holds it anyhow, and must not be renamed.
            match self.kubo.pin_name(cid).await? {
                Some(name) if self.until(&name).is_none() => return Ok(()),
                _ => {}
            }
        }
        self.copy(cid).await?;
        self.kubo.pin(cid, &name, *bytes).await
    }

    async fn copy(&self, cid: &Cid) -> Result<(), KuboError> {
        let (from, to) = tokio::io::duplex(PIPE);
        let (storage, root) = (self.storage.clone(), *cid);
        let exporting = tokio::spawn(async move { storage.export_car(&root, to).await });
        let car = stream::unfold(from, |mut from| async move {
            let mut piece = vec![0; PIECE];
            match from.read(&mut piece).await {
                Ok(0) => None,
                Ok(read) => {
                    piece.truncate(read);
                    Some((Ok(Bytes::from(piece)), from))
                }
                Err(error) => Some((Err(error), from)),
            }
        });
        let taken = self.kubo.import(car).await;
        // An export that fails ends its CAR early, which Kubo may take for a whole one.
        match exporting.await {
            Ok(Ok(())) => taken.map(drop),
            Ok(Err(error)) => {
                taken?;
                Err(KuboError::Failed(format!(
                    "the storage could not give it: {error}"
                )))
            }
            Err(_) => Err(KuboError::Failed("the node is stopping".to_owned())),
        }
    }

    /// Unpins what is not promised any more, if the pin is still this node's.
    async fn free(&self, cid: &Cid) -> Result<(), KuboError> {
        match self.kubo.pin_name(cid).await? {
            Some(name) if self.until(&name).is_some() => self.kubo.unpin(cid).await,
            _ => Ok(()),
        }
    }

    /// Until when a pin of this node's holds.
    fn until(&self, name: &str) -> Option<u64> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }
}

/// Until the next pin expires, or for [`TICK`].
fn until_next(pins: Option<&HashMap<Cid, u64>>) -> Duration {
    let now = now_ms() / 1000;
    let next = pins.into_iter().flat_map(HashMap::values).min();
    // A second more, for the one that is cut off here.
    next.map_or(TICK, |until| {
        Duration::from_secs(until.saturating_sub(now) + 1).min(TICK)
    })
}

/// A whole DAG that is to be kept.
struct Promise {
    cid: Cid,
    /// In Unix seconds.
    until: u64,
    /// Bytes of its blocks.
    bytes: u64,
}

/// Until when a DAG is to be kept, in Unix seconds.
fn promised_until(dag: &StoredDag) -> u64 {
    if dag.pinned { FOR_EVER } else { dag.keep_until }
}

/// What was promised of a DAG, if it is whole and the promise still holds.
fn promised(dag: &StoredDag, now: u64) -> Option<Promise> {
    let until = promised_until(dag);
    if dag.missing > 0 || until <= now {
        return None;
    }
    Some(Promise {
        cid: dag.cid.parse().ok()?,
        until,
        bytes: dag.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, block, keeper, put};
    use super::*;

    #[tokio::test]
    async fn a_kubo_that_comes_back_without_its_pins_gets_them_again() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (cid, _) = put(&keeper.storage, b"a").await;
        keeper.turn().await.unwrap();
        assert!(fake.pin(&cid).is_some() && keeper.keeps(&cid));
        fake.silent(true);
        assert!(matches!(
            keeper.turn().await,
            Err(KuboError::Unreachable(_))
        ));
        fake.forget();
        fake.silent(false);
        keeper.turn().await.unwrap();
        assert!(fake.pin(&cid).is_some() && fake.has(&cid));
    }

    #[tokio::test]
    async fn what_kubo_alone_has_is_kept_for_as_long_as_it_was_promised_last() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (a, _) = put(&keeper.storage, b"a").await;
        let (b, _) = block(b"b");
        keeper.turn().await.unwrap();
        keeper.storage.remove(&a).unwrap();
        let until = keeper.until(&fake.pin(&a).unwrap()).unwrap() + 1000;
        for cid in [a, b] {
            keeper.promise(cid, until);
        }
        keeper.turn().await.unwrap();
        assert_eq!(keeper.until(&fake.pin(&a).unwrap()), Some(until));
        assert!(fake.pin(&b).is_none());
    }

    #[tokio::test]
    async fn what_an_operator_keeps_no_more_is_kept_for_its_token_or_freed() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let storage = &keeper.storage;
        let (a, _) = put(storage, b"a").await;
        let (b, _) = put(storage, b"b").await;
        let dags = storage.list();
        let until = dags
            .iter()
            .find(|dag| dag.cid == canonical(&a))
            .unwrap()
            .keep_until;
        let holds = |cid: &Cid| Some(keeper.until(&fake.pin(cid)?).unwrap());
        for (pinned, then) in [(true, FOR_EVER), (false, until), (true, FOR_EVER)] {
            storage.pin(&a, pinned).unwrap();
            storage.pin(&b, true).unwrap();
            keeper.turn().await.unwrap();
            assert_eq!((holds(&a), holds(&b)), (Some(then), Some(FOR_EVER)));
        }
        storage.remove(&a).unwrap();
        keeper.turn().await.unwrap();
        assert_eq!((holds(&a), holds(&b)), (None, Some(FOR_EVER)));
    }

    #[tokio::test]
    async fn a_silent_kubo_keeps_nobody_waiting() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (cid, _) = block(b"a");
        fake.silent(true);
        let endless = stream::repeat(Bytes::from_static(&[0; 4096])).map(Ok);
        let kubo = keeper.kubo();
        let asked = async {
            [
                kubo.import(stream::empty()).await.map(drop),
                kubo.import(endless).await.map(drop),
                kubo.pins(|_, _| {}).await,
                kubo.pin_name(&cid).await.map(drop),
                kubo.unpin(&cid).await,
            ]
        };
        let answers = tokio::time::timeout(Duration::from_secs(20), asked)
            .await
            .expect("it is not waited for without end");
        for answer in answers {
            assert!(matches!(answer, Err(KuboError::Unreachable(_))));
        }
    }
}
