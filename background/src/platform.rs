//! The browser as the plans see it: [`Platform`].

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::MAX_BLOCK;
use fluence::content::hash::{self, HashError};
use fluence::ports::{Platform, StoreError};
use fluence::state::{Event, EventKind, Failure};
use fluence_peer::Peer;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use js_sys::Uint8Array;

use crate::browser;
use crate::faces::Faces;
use crate::http::Fetch;
use crate::journal::Journal;
use crate::source::BlobSource;
use crate::store::BlobStore;

/// Smaller blocks are hashed here: the browser is faster, but a call of it takes as long as hashing these.
const WORTH_A_CALL: usize = 16 * 1024;

thread_local! {
    /// Where blocks are put for the browser to hash: one array, since new ones would wait for the garbage collection.
    static SCRATCH: Uint8Array = Uint8Array::new_with_length(MAX_BLOCK as u32);
}

/// The browser.
pub struct Browser {
    store: BlobStore,
    peer: Peer,
    recorder: Rc<Recorder>,
}

impl Browser {
    /// With this store and this peer, written down by this recorder.
    pub fn new(store: BlobStore, peer: Peer, recorder: Rc<Recorder>) -> Self {
        Self {
            store,
            peer,
            recorder,
        }
    }
}

impl Platform for Browser {
    type Source = BlobSource;
    type Store = BlobStore;
    type Http = Fetch;
    type Network = Peer;

    fn store(&self) -> &BlobStore {
        &self.store
    }

    fn http(&self) -> &Fetch {
        &Fetch
    }

    fn network(&self) -> &Peer {
        &self.peer
    }

    fn now_ms(&self) -> u64 {
        browser::now_ms()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        browser::sleep(duration).boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn random(&self) -> u128 {
        browser::random()
    }

    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        let Some(expected) =
            hash::is_sha2_256(&cid).filter(|_| (WORTH_A_CALL..=MAX_BLOCK).contains(&block.len()))
        else {
            return std::future::ready(hash::verify(&cid, &block)).boxed_local();
        };
        let digest = SCRATCH.with(|scratch| {
            let bytes = scratch.subarray(0, block.len() as u32);
            bytes.copy_from(&block);
            browser::sha256(&bytes)
        });
        async move {
            match digest.await {
                Ok(digest) if digest == expected => Ok(()),
                Ok(_) => Err(HashError::Mismatch(cid)),
                // The browser does not hash; this program does.
                Err(_) => hash::verify(&cid, &block),
            }
        }
        .boxed_local()
    }

    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        Rc::clone(&self.recorder).record(events)
    }
}

type Observer = Box<dyn Fn(&Event)>;

/// Writes events down and shows them, in the order in which they were given; those that come while a transaction runs
/// go together into the next.
pub struct Recorder {
    journal: Journal,
    faces: Rc<Faces>,
    waiting: RefCell<Waiting>,
    running: Cell<bool>,
    observer: OnceCell<Observer>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<Event>,
    done: Vec<oneshot::Sender<()>>,
}

impl Recorder {
    /// Into this journal, and to these faces.
    pub fn new(journal: Journal, faces: Rc<Faces>) -> Self {
        Self {
            journal,
            faces,
            waiting: RefCell::default(),
            running: Cell::new(false),
            observer: OnceCell::new(),
        }
    }

    /// Who looks at every event after it was written.
    pub fn observe(&self, observer: impl Fn(&Event) + 'static) {
        // There is one observer, set once at the start.
        let _ = self.observer.set(Box::new(observer));
    }

    fn record(self: Rc<Self>, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        let (done, wait) = oneshot::channel();
        {
            let mut waiting = self.waiting.borrow_mut();
            waiting.events.extend(events);
            waiting.done.push(done);
        }
        if !self.running.replace(true) {
            wasm_bindgen_futures::spawn_local(async move { self.run().await });
        }
        wait.map(drop).boxed_local()
    }

    async fn run(&self) {
        loop {
            let waiting = self.waiting.take();
            if waiting.done.is_empty() {
                self.running.set(false);
                return;
            }
            let written = self.journal.append(&waiting.events).await;
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
                // Nobody may be waiting.
                let _ = done.send(());
            }
        }
    }
}

fn not_written(why: &StoreError) -> Failure {
    let (code, advice) = match why {
        StoreError::Full => (
            "disk_full",
            "Make room on the disk, or remove files here; what happens until then is forgotten when the browser ends.",
        ),
        _ => (
            "journal_failed",
            "Restart the browser; what happens until then is forgotten when it ends.",
        ),
    };
    Failure {
        code: code.to_owned(),
        what: format!("What just happened could not be written down: {why}."),
        advice: advice.to_owned(),
    }
}
