//! The simulation in which the engine runs: tasks, a clock, and disks that survive a kill.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{FutureExt, LocalBoxFuture};
use futures::task::ArcWake;
use sha2::{Digest, Sha256};

use crate::content::{Block, Dag};
use crate::plan::LEFT_FROM;
use crate::ports::{Partial, Source, Store, StoreError};
use crate::state::ItemId;

/// The number of a group of tasks that are killed together.
pub type Group = u32;

/// The tasks and the clock.
#[derive(Clone, Default)]
pub struct Sim(Rc<Inner>);

#[derive(Default)]
struct Inner {
    now: Cell<u64>,
    /// How long the machine has slept.
    slept: Cell<u64>,
    next: Cell<usize>,
    tasks: RefCell<HashMap<usize, (Group, LocalBoxFuture<'static, ()>)>>,
    ready: Arc<Mutex<VecDeque<usize>>>,
    timers: RefCell<BinaryHeap<Reverse<(u64, usize)>>>,
    sleepers: RefCell<HashMap<usize, Waker>>,
    /// Groups that are to be killed before the next task runs.
    doomed: RefCell<Vec<Group>>,
}

struct Wake {
    task: usize,
    ready: Arc<Mutex<VecDeque<usize>>>,
}

impl ArcWake for Wake {
    fn wake_by_ref(wake: &Arc<Self>) {
        wake.ready.lock().unwrap().push_back(wake.task);
    }
}

/// The time at which the simulation begins, which is in 2026, in Unix milliseconds.
const EPOCH: u64 = 1_790_000_000_000;

impl Sim {
    pub fn now(&self) -> u64 {
        EPOCH + self.0.now.get() + self.0.slept.get()
    }

    /// Puts the machine to sleep: the clock advances, and nothing else happens.
    pub fn doze(&self, duration: Duration) {
        let slept = self.0.slept.get() + duration.as_millis() as u64;
        self.0.slept.set(slept);
    }

    fn number(&self) -> usize {
        self.0.next.set(self.0.next.get() + 1);
        self.0.next.get()
    }

    pub fn spawn(&self, group: Group, task: impl Future<Output = ()> + 'static) {
        let number = self.number();
        self.0
            .tasks
            .borrow_mut()
            .insert(number, (group, task.boxed_local()));
        self.0.ready.lock().unwrap().push_back(number);
    }

    pub fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        let until = self.0.now.get() + duration.as_millis() as u64;
        let number = self.number();
        self.0.timers.borrow_mut().push(Reverse((until, number)));
        let sim = self.clone();
        futures::future::poll_fn(move |cx| {
            if sim.0.now.get() >= until {
                return Poll::Ready(());
            }
            sim.0
                .sleepers
                .borrow_mut()
                .insert(number, cx.waker().clone());
            Poll::Pending
        })
        .boxed_local()
    }

    /// Ends all tasks of a group before any other task runs.
    pub fn doom(&self, group: Group) {
        self.0.doomed.borrow_mut().push(group);
    }

    fn bury(&self) -> bool {
        let doomed = self.0.doomed.take();
        for group in &doomed {
            let dead: Vec<_> = {
                let mut tasks = self.0.tasks.borrow_mut();
                let numbers: Vec<usize> = tasks
                    .iter()
                    .filter(|(_, (of, _))| of == group)
                    .map(|(number, _)| *number)
                    .collect();
                numbers.into_iter().map(|n| tasks.remove(&n)).collect()
            };
            drop(dead);
        }
        !doomed.is_empty()
    }

    /// Runs one task, or advances the clock; returns `false` if nothing can ever happen any more.
    fn turn(&self) -> bool {
        let next = self.0.ready.lock().unwrap().pop_front();
        if let Some(number) = next {
            let task = self.0.tasks.borrow_mut().remove(&number);
            if let Some((group, mut task)) = task {
                let waker = futures::task::waker(Arc::new(Wake {
                    task: number,
                    ready: Arc::clone(&self.0.ready),
                }));
                let poll = task.as_mut().poll(&mut Context::from_waker(&waker));
                if poll.is_pending() {
                    self.0.tasks.borrow_mut().insert(number, (group, task));
                }
            }
            return true;
        }
        let timer = self.0.timers.borrow_mut().pop();
        let Some(Reverse((until, number))) = timer else {
            return false;
        };
        self.0.now.set(self.0.now.get().max(until));
        if let Some(waker) = self.0.sleepers.borrow_mut().remove(&number) {
            waker.wake();
        }
        true
    }

    /// Runs until `done` returns true, or a group is killed, or `patience` is over. Returns whether
    /// it was done.
    pub fn run_until(&self, patience: Duration, mut done: impl FnMut() -> bool) -> bool {
        let end = self.0.now.get() + patience.as_millis() as u64;
        loop {
            if done() {
                return true;
            }
            if self.bury() || self.0.now.get() > end || !self.turn() {
                return done();
            }
        }
    }

    /// Lets this much time pass.
    pub fn pass(&self, duration: Duration) {
        let end = self.0.now.get() + duration.as_millis() as u64;
        let sim = self.clone();
        // This gives the simulation something to wait for.
        drop(self.sleep(duration));
        self.run_until(duration, move || sim.0.now.get() >= end);
    }

    /// Runs a future to its end.
    pub fn wait<T: 'static>(&self, group: Group, future: impl Future<Output = T> + 'static) -> T {
        let (sender, mut receiver) = oneshot::channel();
        self.spawn(group, async move {
            let _ = sender.send(future.await);
        });
        let mut result = None;
        // Another group may be killed in the meantime.
        for _ in 0..3 {
            let came = self.run_until(Duration::from_secs(3600), || {
                result = receiver.try_recv().unwrap_or_default();
                result.is_some()
            });
            if came {
                break;
            }
        }
        result.expect("the future came to its end")
    }
}

/// A disk. What is flushed survives a kill.
#[derive(Clone, Default)]
pub struct Disk(pub Rc<RefCell<DiskInner>>);

#[derive(Default)]
pub struct DiskInner {
    pub files: BTreeMap<ItemId, File>,
    /// How many bytes fit; `None` means no limit.
    pub room: Option<u64>,
    /// How many of the next openings of files find nothing.
    pub failing: u32,
    /// Whether the person has to allow that their own files are read.
    pub locked: bool,
}

#[derive(Clone, Default)]
pub struct File {
    pub bytes: Vec<u8>,
    pub blocks: Vec<Block>,
    pub dag: Option<Dag>,
    /// Whether it is the person's own file, of which nothing is stored.
    pub left: bool,
}

/// The store on a disk. Everything takes a moment, so that a kill can come in the middle.
#[derive(Clone)]
pub struct SimStore {
    pub sim: Sim,
    pub disk: Disk,
    /// Called before each change that survives a kill.
    pub step: Rc<dyn Fn()>,
}

const MOMENT: Duration = Duration::from_millis(1);
/// How many bytes wait in memory before they are written.
const GATHERED: usize = 100_000;

#[derive(Clone)]
pub struct SimSource(pub Bytes);

impl Source for SimSource {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
    fn can_stay(&self) -> bool {
        self.len() >= LEFT_FROM
    }
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        let result = if range.end <= self.len() {
            Ok(self.0.slice(range.start as usize..range.end as usize))
        } else {
            Err(StoreError::Gone("shorter than it was".into()))
        };
        async move { result }.boxed_local()
    }
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let bytes = self.read(range);
        async move {
            let mut hash = Sha256::new();
            hash.update(&prefix);
            hash.update(&bytes.await?);
            hash.update(&suffix);
            Ok(hash.finalize().into())
        }
        .boxed_local()
    }
}

pub struct SimPartial {
    store: SimStore,
    id: ItemId,
    bytes: Vec<u8>,
    blocks: Vec<Block>,
}

impl SimPartial {
    async fn write(&mut self) -> Result<(), StoreError> {
        if self.bytes.is_empty() && self.blocks.is_empty() {
            return Ok(());
        }
        self.store.sim.sleep(MOMENT).await;
        (self.store.step)();
        let mut disk = self.store.disk.0.borrow_mut();
        let stored = disk.files.values().filter(|file| !file.left);
        let used: usize = stored.map(|file| file.bytes.len()).sum();
        if disk
            .room
            .is_some_and(|room| (used + self.bytes.len()) as u64 > room)
        {
            return Err(StoreError::Full);
        }
        let file = disk.files.entry(self.id.clone()).or_default();
        file.bytes.append(&mut self.bytes);
        file.blocks.append(&mut self.blocks);
        Ok(())
    }
}

impl Store for SimStore {
    type Source = SimSource;
    type Partial = SimPartial;

    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<SimPartial, StoreError>> {
        let partial = SimPartial {
            store: self.clone(),
            id: id.clone(),
            bytes: Vec::new(),
            blocks: Vec::new(),
        };
        self.disk
            .0
            .borrow_mut()
            .files
            .entry(id.clone())
            .or_default();
        async move { Ok(partial) }.boxed_local()
    }

    fn open(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(SimSource, Dag), StoreError>> {
        let mut disk = self.disk.0.borrow_mut();
        let mut file = disk.files.get(id).cloned();
        if disk.failing > 0 {
            disk.failing -= 1;
            file = None;
        }
        let locked = disk.locked;
        async move {
            let gone = || StoreError::Gone("not there".into());
            let file = file.ok_or_else(gone)?;
            if file.left && locked {
                return Err(StoreError::Locked);
            }
            let dag = file.dag.ok_or_else(gone)?;
            Ok((SimSource(file.bytes.into()), dag))
        }
        .boxed_local()
    }

    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            store.sim.sleep(MOMENT).await;
            (store.step)();
            store.disk.0.borrow_mut().files.remove(&id);
            Ok(())
        }
        .boxed_local()
    }

    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>> {
        let ids = self.disk.0.borrow().files.keys().cloned().collect();
        async move { Ok(ids) }.boxed_local()
    }
}

impl Partial for SimPartial {
    type Source = SimSource;

    fn len(&self) -> u64 {
        let disk = self.store.disk.0.borrow();
        let written = disk.files.get(&self.id).map_or(0, |file| file.bytes.len());
        (written + self.bytes.len()) as u64
    }

    fn blocks(&self) -> Vec<Block> {
        let disk = self.store.disk.0.borrow();
        let mut blocks = disk
            .files
            .get(&self.id)
            .map(|file| file.blocks.clone())
            .unwrap_or_default();
        blocks.extend(self.blocks.iter().cloned());
        blocks
    }

    fn append(
        &mut self,
        data: Bytes,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        self.bytes.extend_from_slice(&data);
        self.blocks.extend(blocks);
        async move {
            if self.bytes.len() >= GATHERED {
                self.write().await?;
            }
            Ok(())
        }
        .boxed_local()
    }

    fn adopt(
        &mut self,
        source: SimSource,
        range: Range<u64>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            let bytes = source.read(range).await?;
            self.append(bytes, Vec::new()).await
        }
        .boxed_local()
    }

    fn leave(&mut self, source: &SimSource) -> LocalBoxFuture<'_, Result<bool, StoreError>> {
        let bytes = source.0.to_vec();
        async move {
            self.store.sim.sleep(MOMENT).await;
            (self.store.step)();
            let mut disk = self.store.disk.0.borrow_mut();
            let file = disk.files.entry(self.id.clone()).or_default();
            file.bytes = bytes;
            file.left = true;
            Ok(true)
        }
        .boxed_local()
    }

    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        self.write().boxed_local()
    }

    fn source(&mut self) -> LocalBoxFuture<'_, Result<SimSource, StoreError>> {
        let disk = self.store.disk.0.borrow();
        let left = disk.files.get(&self.id).is_some_and(|file| file.left);
        if left && disk.locked {
            return async { Err(StoreError::Locked) }.boxed_local();
        }
        let bytes = disk.files.get(&self.id).map(|file| file.bytes.clone());
        drop(disk);
        async move { Ok(SimSource(bytes.unwrap_or_default().into())) }.boxed_local()
    }

    fn finish(mut self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        async move {
            self.write().await?;
            self.store.sim.sleep(MOMENT).await;
            (self.store.step)();
            let mut disk = self.store.disk.0.borrow_mut();
            let file = disk.files.entry(self.id.clone()).or_default();
            assert_eq!(
                file.bytes.len() as u64,
                dag.len(),
                "the DAG is of these bytes"
            );
            file.dag = Some(dag);
            Ok(())
        }
        .boxed_local()
    }
}
