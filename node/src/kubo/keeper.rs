//! Copies stored files to Kubo, and keeps them pinned there for as long as was promised.
//!
//! Each promise is recorded in the name of its pin, so nothing else has to be remembered: a node
//! that was killed continues from what Kubo has. Pins of others are never touched.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::names::{canonical, canonical_cid};
use futures::stream::{self, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

use super::{Blocks, Kubo, KuboError};
use crate::fairness::AddressBlock;
use crate::platform::now_ms;
use crate::storage::{Storage, StoredDag};

/// How many DAGs are copied to Kubo at one time.
const AT_ONCE: usize = 4;
/// How often the keeper checks what is stored, and whether Kubo answers.
const TICK: Duration = Duration::from_secs(60);
/// How long to wait before trying Kubo again after a failure.
const RETRY: Duration = Duration::from_secs(5);
/// How many bytes of a CAR are buffered until Kubo takes them.
const PIPE: usize = 1024 * 1024;
/// The size of the pieces in which a CAR is sent, in bytes.
const PIECE: usize = 256 * 1024;
/// The expiry time of DAGs that an operator pinned: never.
const FOR_EVER: u64 = u64::MAX;

/// Keeps Kubo in step with a storage.
pub struct Keeper {
    blocks: Arc<Blocks>,
    /// The storage whose DAGs are copied to Kubo.
    pub(super) storage: Arc<Storage>,
    /// The prefix of the names of this node's pins.
    prefix: String,
    wake: Notify,
    /// What Kubo keeps for this node, as canonical CIDs, and until when, in Unix seconds; `None` if
    /// Kubo must be asked first.
    pins: Mutex<Option<HashMap<Cid, u64>>>,
    /// New promises for DAGs that only Kubo keeps, as canonical CIDs, until they are recorded in the
    /// pins' names.
    promised: Mutex<HashMap<Cid, u64>>,
    /// The DAGs of which it was logged that they could not be copied.
    failed: Mutex<HashSet<Cid>>,
}

impl Keeper {
    /// Creates a keeper for the node with this peer ID.
    pub fn new(blocks: Arc<Blocks>, storage: Arc<Storage>, peer: &str) -> Self {
        Self {
            blocks,
            storage,
            prefix: format!("fluence {peer} until "),
            wake: Notify::new(),
            pins: Mutex::default(),
            promised: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// The client of Kubo.
    pub(super) fn kubo(&self) -> &Kubo {
        self.blocks.kubo()
    }

    /// Whether the last round of work with Kubo succeeded.
    pub fn answers(&self) -> bool {
        self.blocks.answers()
    }

    /// Whether Kubo keeps a DAG for this node; it had the whole DAG when it was asked to.
    pub fn keeps(&self, cid: &Cid) -> bool {
        self.pins()
            .as_ref()
            .is_some_and(|pins| pins.contains_key(&canonical_cid(cid)))
    }

    fn pins(&self) -> MutexGuard<'_, Option<HashMap<Cid, u64>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a DAG was promised until `until`, in Unix seconds. The storage itself notes this
    /// only for DAGs that it has; here it is noted for those that only Kubo keeps.
    pub fn promise(&self, cid: &Cid, until: u64) {
        let cid = canonical_cid(cid);
        self.blocks.keep(&cid);
        if self.keeps(&cid) && self.storage.dag_state(&cid) != Some(true) {
            self.promised().insert(cid, until);
        }
    }

    /// Notes that the last peer that held a DAG has taken it back: its pin is removed, and its root
    /// is not read from Kubo any more. Kubo frees the blocks when it next collects garbage.
    pub fn release(&self, cid: &Cid, block: AddressBlock) {
        self.promised().remove(&canonical_cid(cid));
        self.blocks.release(cid, block);
        self.wake();
    }

    fn promised(&self) -> MutexGuard<'_, HashMap<Cid, u64>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the keeper, because a DAG may have become complete.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Keeps Kubo in step with the storage for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            let woken = self.wake.notified();
            let worked = self.round().await;
            let answers = worked.is_ok();
            if self.blocks.set_answers(answers) != answers {
                match &worked {
                    Ok(()) => tracing::info!("the IPFS node answers"),
                    Err(error) => {
                        tracing::error!("{error}; uploads wait in the node's own storage")
                    }
                }
            }
            if answers {
                let next = until_next_expiry(self.pins().as_ref());
                let _ = tokio::time::timeout(next, woken).await;
            } else {
                // New uploads do not resolve an error, so they do not cut the wait short.
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Brings Kubo in step with the storage once.
    pub(super) async fn round(&self) -> Result<(), KuboError> {
        let (pins, done) = match self.synchronize().await {
            Ok(pins) => (Some(pins), Ok(())),
            // A Kubo that was unreachable may come back without its pins.
            Err(error) => (None, Err(error)),
        };
        *self.pins() = pins;
        done
    }

    /// Makes Kubo keep exactly what is promised; returns what it keeps now.
    async fn synchronize(&self) -> Result<HashMap<Cid, u64>, KuboError> {
        let known = self.pins().clone();
        let mut pins = match known {
            Some(pins) => {
                // A round without work would not reveal whether Kubo still answers, so it is asked
                // each time.
                self.kubo().version().await?;
                pins
            }
            None => {
                let mut pins = HashMap::new();
                self.kubo()
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
            // Kubo has all the blocks; it gets the longest time for a pin.
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
        let failed: HashSet<Cid> = brought
            .iter()
            .filter(|(_, _, done)| done.is_err())
            .map(|(cid, _, _)| *cid)
            .collect();
        // What fails is tried again in each round, and logged once.
        let known = {
            let mut known = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, failed)
        };
        for (cid, until, done) in brought {
            match done {
                Ok(()) => {
                    pins.insert(cid, until);
                }
                Err(error) => {
                    if !known.contains(&cid) {
                        tracing::warn!(
                            "{} could not be copied to the IPFS node: {error}",
                            canonical(&cid)
                        );
                    }
                    if matches!(error, KuboError::Unreachable(_)) {
                        unreachable = Some(error);
                    }
                }
            }
        }
        // What an operator pinned is never evicted: if the storage no longer promises it, an
        // operator has unpinned or removed it.
        let kept: HashSet<&str> = dags
            .iter()
            .filter(|dag| promised_until(dag) > now)
            .map(|dag| &*dag.cid)
            .collect();
        let expired: Vec<Cid> = pins
            .iter()
            .filter(|(cid, until)| match **until {
                FOR_EVER => !kept.contains(&*canonical(cid)),
                until => until <= now || self.blocks.is_released(cid),
            })
            .map(|(cid, _)| *cid)
            .collect();
        for cid in expired {
            self.free(&cid).await?;
            pins.remove(&cid);
        }
        unreachable.map_or(Ok(pins), Err)
    }

    /// Copies a DAG to Kubo, unless Kubo already has it, and pins it.
    async fn bring(&self, promise: &Promise, pinned: bool) -> Result<(), KuboError> {
        let Promise { cid, until, bytes } = promise;
        let name = format!("{}{until}", self.prefix);
        if pinned {
            match self.kubo().pin(cid, &name, *bytes).await {
                // Kubo has lost a block despite the pin, so it gets all of them again.
                Err(KuboError::Failed(_)) => {}
                done => return done,
            }
        } else {
            // Somebody else's pin already holds the DAG, and must not be renamed.
            match self.kubo().pin_name(cid).await? {
                Some(name) if self.until(&name).is_none() => return Ok(()),
                _ => {}
            }
        }
        self.copy(cid).await?;
        self.kubo().pin(cid, &name, *bytes).await
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
        let taken = self.kubo().import(car).await;
        // If the export fails, its CAR ends early, and Kubo may take it for a complete one.
        match exporting.await {
            Ok(Ok(())) => taken.map(drop),
            Ok(Err(error)) => {
                taken?;
                Err(KuboError::Failed(format!(
                    "the storage could not export it: {error}"
                )))
            }
            Err(_) => Err(KuboError::Failed("the node is stopping".to_owned())),
        }
    }

    /// Unpins a DAG that is no longer promised, if the pin is still this node's.
    async fn free(&self, cid: &Cid) -> Result<(), KuboError> {
        match self.kubo().pin_name(cid).await? {
            Some(name) if self.until(&name).is_some() => self.kubo().unpin(cid).await,
            _ => Ok(()),
        }
    }

    /// The expiry time in the name of a pin, in Unix seconds; `None` if the pin is not this node's.
    fn until(&self, name: &str) -> Option<u64> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }
}

/// The time until the next pin expires, but at most [`TICK`].
fn until_next_expiry(pins: Option<&HashMap<Cid, u64>>) -> Duration {
    let now = now_ms() / 1000;
    let next = pins.into_iter().flat_map(HashMap::values).min();
    // One second more, because the current time is rounded down.
    next.map_or(TICK, |until| {
        Duration::from_secs(until.saturating_sub(now) + 1).min(TICK)
    })
}

/// A complete DAG that is to be kept.
struct Promise {
    cid: Cid,
    /// Until when it is to be kept, in Unix seconds.
    until: u64,
    /// The total size of its blocks, in bytes.
    bytes: u64,
}

/// Until when a DAG is to be kept, in Unix seconds.
fn promised_until(dag: &StoredDag) -> u64 {
    if dag.pinned { FOR_EVER } else { dag.keep_until }
}

/// What was promised for a DAG, if it is complete and the promise still holds.
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
    use fluence::content::unixfs::{self, DAG_PB};
    use fluence::names::cid_v1;
    use sha2::{Digest as _, Sha256};

    use super::super::BehindStorage;
    use super::super::fake::{Fake, block, impatient_keeper, keeper, put, put_block};
    use super::*;
    use crate::platform::captured;
    use crate::storage::Behind as _;

    #[tokio::test]
    async fn a_kubo_that_comes_back_without_its_pins_gets_them_again() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (cid, _) = put(&keeper.storage, b"a").await;
        keeper.round().await.unwrap();
        assert!(fake.pin(&cid).is_some() && keeper.keeps(&cid));
        fake.gone(true);
        assert!(matches!(
            keeper.round().await,
            Err(KuboError::Unreachable(_))
        ));
        fake.forget();
        fake.gone(false);
        keeper.round().await.unwrap();
        assert!(fake.pin(&cid).is_some() && fake.has(&cid));
    }

    #[tokio::test]
    async fn what_kubo_alone_has_is_kept_for_as_long_as_it_was_promised_last() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (a, _) = put(&keeper.storage, b"a").await;
        let (b, _) = block(b"b");
        keeper.round().await.unwrap();
        keeper.storage.remove(&a).unwrap();
        let until = keeper.until(&fake.pin(&a).unwrap()).unwrap() + 1000;
        for cid in [a, b] {
            keeper.promise(&cid, until);
        }
        keeper.round().await.unwrap();
        assert_eq!(keeper.until(&fake.pin(&a).unwrap()), Some(until));
        assert!(fake.pin(&b).is_none());
    }

    #[tokio::test]
    async fn what_an_operator_unpins_is_kept_for_its_token_or_unpinned() {
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
            keeper.round().await.unwrap();
            assert_eq!((holds(&a), holds(&b)), (Some(then), Some(FOR_EVER)));
        }
        storage.remove(&a).unwrap();
        keeper.round().await.unwrap();
        assert_eq!((holds(&a), holds(&b)), (None, Some(FOR_EVER)));
    }

    #[tokio::test]
    async fn what_was_taken_back_is_unpinned_and_not_read_from_kubo() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let (cid, data) = put(&keeper.storage, b"a").await;
        keeper.round().await.unwrap();
        let behind = BehindStorage(keeper.blocks.clone());
        assert_eq!(behind.block(cid).await, Some(data.clone()));
        release(&keeper, &cid);
        // Kubo has the block until it collects garbage.
        assert_eq!(behind.block(cid).await, None);
        keeper.round().await.unwrap();
        assert!(fake.pin(&cid).is_none() && fake.has(&cid));
        // Whoever shares it again has it kept again.
        put(&keeper.storage, b"a").await;
        keeper.promise(&cid, u64::MAX);
        keeper.round().await.unwrap();
        assert!(fake.pin(&cid).is_some());
        assert_eq!(behind.block(cid).await, Some(data));
    }

    /// Takes a file back, as a call does.
    fn release(keeper: &Keeper, cid: &Cid) {
        let released = keeper.storage.release("somebody", AddressBlock::Own, cid);
        assert_eq!(released.unwrap(), Some(false));
        keeper.release(cid, AddressBlock::Own);
    }

    #[tokio::test]
    async fn a_file_is_the_same_however_its_cid_is_written() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let data = unixfs::directory(std::iter::empty());
        let v0 = Cid::new_v0(*cid_v1(DAG_PB, &Sha256::digest(&data).into()).hash()).unwrap();
        let v1 = Cid::new_v1(v0.codec(), *v0.hash());
        let behind = BehindStorage(keeper.blocks.clone());
        for (said, other) in [(v0, v1), (v1, v0)] {
            put_block(&keeper.storage, said, &data).await;
            keeper.promise(&said, 1);
            keeper.round().await.unwrap();
            assert!(fake.pin(&v0).is_some() && keeper.keeps(&said) && keeper.keeps(&other));
            assert_eq!(behind.block(other).await, Some(data.clone()));
            release(&keeper, &said);
            for cid in [v0, v1] {
                assert_eq!(behind.block(cid).await, None);
            }
            keeper.round().await.unwrap();
            assert!(fake.pin(&v0).is_none() && fake.has(&v0));
        }
        // What Kubo alone has is kept for longer in the name of either.
        put_block(&keeper.storage, v0, &data).await;
        keeper.promise(&v0, 1);
        keeper.round().await.unwrap();
        keeper.storage.remove(&v0).unwrap();
        let until = keeper.until(&fake.pin(&v0).unwrap()).unwrap() + 1000;
        keeper.promise(&v1, until);
        keeper.round().await.unwrap();
        assert_eq!(keeper.until(&fake.pin(&v0).unwrap()), Some(until));
    }

    #[tokio::test]
    async fn what_cannot_be_copied_is_logged_once() {
        let (log, _capturing) = captured();
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        for data in [b"a", b"b"] {
            put(&keeper.storage, data).await;
        }
        let logged = || log.lines("could not be copied to the IPFS node");
        fake.refuse(true);
        for _ in 0..3 {
            keeper.round().await.unwrap();
        }
        assert_eq!(logged(), 2);
        fake.refuse(false);
        keeper.round().await.unwrap();
        // It is news again if it had been copied meanwhile.
        fake.forget();
        fake.gone(true);
        assert!(keeper.round().await.is_err());
        fake.gone(false);
        fake.refuse(true);
        keeper.round().await.unwrap();
        assert_eq!(logged(), 4);
    }

    #[tokio::test]
    async fn a_silent_kubo_keeps_nobody_waiting() {
        let fake = Fake::start().await;
        let (_dir, keeper) = impatient_keeper(&fake);
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
            .expect("the wait is bounded");
        for answer in answers {
            assert!(matches!(answer, Err(KuboError::Unreachable(_))));
        }
    }
}
