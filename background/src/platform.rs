//! The browser as the engine sees it: [`Platform`].

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::cars::Blocks;
use fluence::content::MAX_BLOCK;
use fluence::content::hash::{self, HashError};
use fluence::failure::{Code, Failure};
use fluence::history;
use fluence::journal;
use fluence::plan::{Engine, Remote};
use fluence::ports::{HttpError, HttpRequest, HttpResponse, Piece, Platform, StoreError};
use fluence::private::Key;
use fluence::private::record::{Nonce, RecordError, Run, SALT};
use fluence::state::{Event, EventKind, Item, State};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use web::{js, time};

use crate::acquire::Reading;
use crate::cipher::Cipher;
use crate::faces::Faces;
use crate::http::Fetch;
use crate::journal::Journal;
use crate::network::Network;
use crate::source::BlobSource;
use crate::store::{DiskPartial, DiskStore};

/// The most events that are kept until the disk has room again.
const MAX_UNWRITTEN: usize = 10_000;

/// How often it is tried to write them.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// The size, in bytes, below which blocks are hashed here. The browser hashes faster, but calling
/// it takes as long as hashing this many bytes.
const WORTH_A_CALL: usize = 16 * 1024;

/// The browser, as a platform of an [`Engine`].
pub struct Browser {
    store: DiskStore,
    network: Network,
    recorder: Rc<Recorder>,
    reading: Rc<Reading>,
}

impl Browser {
    /// A platform with this store and this network, whose events this recorder writes down.
    pub fn new(
        store: DiskStore,
        network: Network,
        recorder: Rc<Recorder>,
        reading: Rc<Reading>,
    ) -> Self {
        Self {
            store,
            network,
            recorder,
            reading,
        }
    }
}

impl Platform for Browser {
    type Source = BlobSource;
    type Store = DiskStore;
    type Http = Fetch;
    type Network = Network;
    type Cipher = Cipher;

    fn store(&self) -> &DiskStore {
        &self.store
    }

    fn http(&self) -> &Fetch {
        &Fetch
    }

    fn network(&self) -> &Network {
        &self.network
    }

    fn now_ms(&self) -> u64 {
        time::now_ms()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        time::sleep(duration).boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn is_metered(&self) -> bool {
        web::browser::is_metered()
    }

    fn random(&self) -> u128 {
        time::random()
    }

    fn reads_ahead(&self) -> bool {
        web::browser::reads_ahead()
    }

    fn cipher(
        &self,
        key: &Key,
        salt: [u8; SALT],
    ) -> LocalBoxFuture<'static, Result<(Cipher, Nonce), RecordError>> {
        let key = key.clone();
        async move { Cipher::derive(&key, &salt).await }.boxed_local()
    }

    fn seal<'a>(
        &'a self,
        into: &'a mut DiskPartial,
        run: Run<'a, Cipher>,
        plain: Vec<Piece<BlobSource>>,
        ends: bool,
    ) -> LocalBoxFuture<'a, Result<(), Failure>> {
        async move { Ok(into.seal(Cipher::records(&run), plain, ends).await?) }.boxed_local()
    }

    fn open<'a>(
        &'a self,
        into: &'a mut DiskPartial,
        run: Run<'a, Cipher>,
        source: &'a BlobSource,
        at: u64,
        count: u64,
    ) -> LocalBoxFuture<'a, Result<(), Failure>> {
        async move {
            let Some(name) = source.stored_name() else {
                // What is small enough to be in the database passes through this program.
                return Err(StoreError::Gone("it is no file".to_owned()).into());
            };
            let records = Cipher::records(&run);
            Ok(into.unseal(records, name, at, count).await?)
        }
        .boxed_local()
    }

    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        let Some(expected) =
            hash::is_sha2_256(&cid).filter(|_| (WORTH_A_CALL..=MAX_BLOCK).contains(&block.len()))
        else {
            return std::future::ready(hash::verify(&cid, &block)).boxed_local();
        };
        let digest = web::hash::sha256(&block);
        async move {
            match digest.await {
                Ok(digest) if digest == expected => Ok(()),
                Ok(_) => Err(HashError::Mismatch(cid)),
                // If the browser does not hash, this program does.
                Err(_) => hash::verify(&cid, &block),
            }
        }
        .boxed_local()
    }

    fn car(
        &self,
        request: &HttpRequest<BlobSource>,
    ) -> Option<LocalBoxFuture<'static, Result<HttpResponse<Blocks>, HttpError>>> {
        Some(self.store.disk().car(request))
    }

    fn remote(&self, item: &Item) -> Option<Box<dyn Remote>> {
        self.reading.remote_of(item)
    }

    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        Rc::clone(&self.recorder).record(events)
    }
}

type Observer = Box<dyn Fn(&Event)>;
/// Looks at the state of the engine.
type Snapshots = Box<dyn Fn(&dyn Fn(&State) -> Option<Snapshot>) -> Option<Snapshot>>;

/// Records events in the journal and then shows them, in the order in which they arrived. Those
/// that arrive while a transaction runs go into the next one together.
pub struct Recorder {
    journal: Journal,
    faces: Rc<Faces>,
    waiting: RefCell<Batch>,
    /// Events that could not be written yet; they are written before the next ones.
    unwritten: RefCell<Vec<Event>>,
    running: Cell<bool>,
    /// Whether a task tries again to write what could not be written.
    trying: Cell<bool>,
    observer: OnceCell<Observer>,
    snapshots: OnceCell<Snapshots>,
}

/// A state as the journal keeps it.
pub struct Snapshot {
    /// All of it.
    pub text: String,
    /// What history keeps of it ([`history::frame`]).
    pub frame: String,
    /// The number of the last event in it.
    pub seq: u64,
}

impl Snapshot {
    /// The snapshot of a state.
    pub fn of(state: &State) -> Self {
        Self {
            text: journal::snapshot(state),
            frame: history::frame(state),
            seq: state.seq,
        }
    }
}

/// The events that go into the next transaction.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    /// A snapshot of the state after these events, if it is time for one.
    snapshot: Option<Snapshot>,
    /// The task that waits until the history before this snapshot is forgotten.
    forget: Option<(Snapshot, oneshot::Sender<Result<(), StoreError>>)>,
    /// The tasks that wait until the events are written.
    done: Vec<oneshot::Sender<()>>,
}

impl Recorder {
    /// A recorder that writes to this journal and shows to these faces.
    pub fn new(journal: Journal, faces: Rc<Faces>) -> Self {
        Self {
            journal,
            faces,
            waiting: RefCell::default(),
            unwritten: RefCell::default(),
            running: Cell::new(false),
            trying: Cell::new(false),
            observer: OnceCell::new(),
            snapshots: OnceCell::new(),
        }
    }

    /// Sets the function that is called with every event after it was written.
    pub fn observe(&self, observer: impl Fn(&Event) + 'static) {
        // There is one observer, set once at the start.
        let _ = self.observer.set(Box::new(observer));
    }

    /// Sets whose state the snapshots in the journal are of.
    pub fn look_at(&self, engine: Engine<Browser>) {
        // There is one engine, set once at the start.
        let _ = self
            .snapshots
            .set(Box::new(move |look| engine.with_state(look)));
    }

    /// Records events that the engine passes on as soon as it has applied them, so that its state is the one after them.
    fn record(self: Rc<Self>, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        let (done, wait) = oneshot::channel();
        {
            let mut waiting = self.waiting.borrow_mut();
            waiting.events.extend(events);
            let lasting = |event: &&Event| !event.kind.is_ephemeral();
            let count = waiting.events.iter().filter(lasting).count();
            waiting.snapshot = self.snapshots.get().and_then(|look| {
                look(&|state| {
                    let is_due = self.journal.is_snapshot_due(count, state.items.len());
                    (count > 0 && is_due).then(|| Snapshot::of(state))
                })
            });
            waiting.done.push(done);
        }
        self.start();
        wait.map(drop).boxed_local()
    }

    /// Forgets the history before now, once all that has happened until now is written.
    ///
    /// # Errors
    /// [`StoreError`] if it was not forgotten.
    pub async fn forget(self: Rc<Self>) -> Result<(), StoreError> {
        let closed = || StoreError::Failed("the history was not forgotten".to_owned());
        let (told, forgotten) = oneshot::channel();
        let look = self.snapshots.get().ok_or_else(closed)?;
        let now = look(&|state| Some(Snapshot::of(state))).ok_or_else(closed)?;
        {
            let mut waiting = self.waiting.borrow_mut();
            waiting.forget = Some((now, told));
            waiting.done.push(oneshot::channel().0);
        }
        self.start();
        forgotten.await.unwrap_or_else(|_| Err(closed()))
    }

    fn start(self: Rc<Self>) {
        if !self.running.replace(true) {
            wasm_bindgen_futures::spawn_local(self.run());
        }
    }

    /// Writes events, after the earlier ones that could not be written.
    async fn write(
        &self,
        Batch {
            events, snapshot, ..
        }: &Batch,
    ) -> Result<(), StoreError> {
        let text = snapshot.as_ref().map(|snapshot| &*snapshot.text);
        let earlier = self.unwritten.take();
        let written = if earlier.is_empty() {
            self.journal.append(events, text).await
        } else {
            let all = [&earlier[..], events].concat();
            self.journal.append(&all, text).await
        };
        if let Some(Snapshot { frame, seq, .. }) = snapshot
            && written.is_ok()
        {
            let kept = self.journal.keep_history(frame, *seq).await;
            js::warn_on_error(
                "the history was not kept",
                kept.map_err(|why| why.to_string()),
            );
        }
        if written.is_err() {
            let lasting = events.iter().filter(|event| !event.kind.is_ephemeral());
            let mut unwritten = earlier;
            unwritten.extend(lasting.cloned());
            let beyond = unwritten.len().saturating_sub(MAX_UNWRITTEN);
            // After this many events without room on the disk, the oldest are given up.
            unwritten.drain(..beyond);
            self.unwritten.replace(unwritten);
        }
        written
    }

    /// Tries to write what could not be written, until it is written.
    async fn try_again(self: Rc<Self>) {
        while !self.unwritten.borrow().is_empty() {
            time::sleep(TRY_AGAIN).await;
            Rc::clone(&self).record(Vec::new()).await;
        }
        self.trying.set(false);
    }

    async fn run(self: Rc<Self>) {
        loop {
            let waiting = self.waiting.take();
            if waiting.done.is_empty() {
                self.running.set(false);
                return;
            }
            let written = self.write(&waiting).await;
            if let Some((Snapshot { text, frame, seq }, told)) = waiting.forget {
                let forgotten = match &written {
                    Ok(()) => self.journal.forget_history(&text, &frame, seq).await,
                    Err(why) => Err(why.clone()),
                };
                // A task that has stopped waiting needs no answer.
                let _ = told.send(forgotten);
            }
            if written.is_err() && !self.trying.replace(true) {
                wasm_bindgen_futures::spawn_local(Rc::clone(&self).try_again());
            }
            for event in &waiting.events {
                self.faces.show(event);
                if let Some(observer) = self.observer.get() {
                    observer(event);
                }
            }
            if let (Err(why), Some(last)) = (written, waiting.events.last()) {
                let failure = not_written(&why);
                self.faces.tell(last.seq, EventKind::Notice { failure });
            }
            for done in waiting.done {
                // A task that has stopped waiting needs no answer.
                let _ = done.send(());
            }
        }
    }
}

/// The failure of writing the journal.
fn not_written(why: &StoreError) -> Failure {
    match why {
        StoreError::Full => Code::DiskFull.into(),
        StoreError::Locked => Code::JournalFailed.into(),
        StoreError::Gone(detail) | StoreError::Failed(detail) => {
            Failure::new(Code::JournalFailed).detail(detail)
        }
    }
}
