//! The plans of providers and consumers: one [`Engine`] for the worker, the command line and the tests.
//!
//! The engine owns the [`State`]. It applies events, passes them to its [`Platform`] (which writes
//! the journal and shows them to faces), and runs the plans: sharing, announcing, serving,
//! uploading and fetching. What matters is recorded before it is claimed, so that [`Engine::start`]
//! can continue after a kill between any two lines.

mod announce;
mod asking;
mod commands;
mod contents;
mod download;
mod fetch;
mod inside;
mod inventory;
mod jobs;
mod journal;
mod limits;
mod listing;
mod look;
mod pace;
mod parallel;
mod private;
mod public;
mod release;
mod remote;
mod search;
mod serve;
mod share;
mod start;
#[cfg(test)]
mod tests;
mod upload;
mod web;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use crate::Cid;
use crate::names::canonical;
use crate::ports::{Network, Platform};
use crate::state::{Ends, EventKind, ItemId, ItemSource, NetworkStatus, Settings, State};

pub use private::{Begun, BegunFile};
pub use remote::{Expected, Opened, Remote, Resume};
pub use share::{LEFT_FROM, distinct_paths, is_page};

/// Something that a person asked to share.
pub struct ShareInput<S> {
    /// The name that the page, the server or the person's system gives it; it is made safe here. A private share has none
    /// that others may be told.
    pub name: Option<String>,
    /// Its MIME type, if it is known.
    pub mime: Option<String>,
    /// Its size in bytes, if it is known; it is used only to show progress.
    pub size: Option<u64>,
    /// Where it came from.
    pub source: Option<ItemSource>,
    /// Whether it is shared privately: encrypted, with the key in the link alone.
    pub private: bool,
    /// When it stops being shared by itself; `None` for what the settings say.
    pub ends: Option<Ends>,
    /// What the person notes about it, for nobody else; it is made safe here. It is empty if they only gave it a name: if the
    /// same file is in the list already, that gets the name and the note.
    pub note: Option<String>,
    /// Its bytes.
    pub body: Input<S>,
}

/// The bytes of a share.
pub enum Input<S> {
    /// Something at an address.
    Remote(Box<dyn Remote>),
    /// Bytes that are stored somewhere already.
    Stored(S),
    /// Files that become one directory: their paths, with `/` between the names, and their bytes. A path that ends
    /// with `/` is that of a folder that contains nothing.
    Many(Vec<(String, S)>),
}

/// What [`Engine::start`] does with stored bytes that belong to no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The bytes are what a kill left behind, and are removed.
    Remove,
    /// Items may have been lost: whole files become items, which are not shared, and parts of files are left alone.
    Adopt,
}

/// All plans over one state. A clone is cheap, and is the same engine.
pub struct Engine<P: Platform>(Rc<Inner<P>>);

impl<P: Platform> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<P> {
    platform: P,
    state: RefCell<State>,
    /// The items of earlier runs, until [`Engine::start`] has taken them over.
    earlier: RefCell<Vec<ItemId>>,
    defaults: Settings,
    journal: journal::Journal,
    jobs: jobs::Jobs,
    offers: announce::Offers,
    serving: serve::Serving,
    asking: asking::Asking,
    /// The slots for shares that are read from this machine, and hashed.
    sharing: pace::Slots,
    /// The slots for small shares, which are read and hashed at once.
    small: pace::Slots,
    /// The slots for shares that are read from addresses, where a slow server holds up no other.
    reading: pace::Slots,
    fetching: pace::Slots,
    /// The bytes that items have room for, beyond what the state says of them.
    arriving: RefCell<HashMap<ItemId, u64>>,
    /// Taken while a private item is decrypted: one at a time, because each is decrypted to one place.
    unlocking: pace::Slots,
    /// The tasks that wait for the network.
    offline: RefCell<Vec<oneshot::Sender<()>>>,
    /// When the network was last lost, in Unix milliseconds.
    lost: Cell<u64>,
    /// The items whose bytes this run has hashed. Those of other items may have been lost in a power failure since an
    /// earlier run did.
    hashed: RefCell<HashSet<ItemId>>,
    /// The shares to which the person gave a name or a note, until they have a CID.
    named: RefCell<HashSet<ItemId>>,
    /// When limits of shares are looked at next, in Unix milliseconds; zero if nothing waits for that.
    watching: Cell<u64>,
    /// Whether copies at storages are being taken back.
    releasing: Cell<bool>,
    /// Whether nodes are being told of what is not provided any more.
    withdrawing: Cell<bool>,
    /// How many times each fetch has been resumed without a person since its last new block.
    resumed: RefCell<HashMap<ItemId, u32>>,
}

impl<P: Platform> Engine<P> {
    /// An engine over the state that the journal gave. Nothing runs before [`Engine::start`].
    pub fn new(platform: P, state: State, defaults: Settings) -> Self {
        Self(Rc::new(Inner {
            earlier: RefCell::new(state.items.keys().cloned().collect()),
            state: RefCell::new(state),
            defaults,
            journal: journal::Journal::default(),
            jobs: jobs::Jobs::default(),
            offers: announce::Offers::default(),
            serving: serve::Serving::new(platform.now_ms()),
            asking: asking::Asking::default(),
            sharing: pace::Slots::new(share::SHARES_AT_ONCE),
            small: pace::Slots::new(share::SMALL_AT_ONCE),
            reading: pace::Slots::new(remote::READ_AT_ONCE),
            fetching: pace::Slots::new(fetch::FETCHES_AT_ONCE),
            arriving: RefCell::default(),
            unlocking: pace::Slots::new(1),
            offline: RefCell::default(),
            lost: Cell::new(platform.now_ms()),
            hashed: RefCell::default(),
            named: RefCell::default(),
            releasing: Cell::default(),
            withdrawing: Cell::default(),
            watching: Cell::default(),
            resumed: RefCell::default(),
            platform,
        }))
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.0.platform
    }

    /// The settings that apply: those of the person, or else those of the build.
    pub fn settings(&self) -> Settings {
        self.with_state(|state| state.settings.clone())
            .unwrap_or_else(|| self.0.defaults.clone())
    }

    /// Looks at the state as it is now. `look` must not call the engine.
    pub fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.borrow())
    }

    /// A copy of the state.
    pub fn state(&self) -> State {
        self.with_state(State::clone)
    }

    /// Tells the engine that the connection changed. When it is there (again), everything that is offered is announced
    /// anew, and fetches that its loss interrupted continue.
    pub fn network_changed(&self, network: NetworkStatus) {
        let before = self.with_state(|state| state.network.clone());
        if before == network {
            return;
        }
        let could_call = before.can_call();
        self.tell([EventKind::Network { network }]);
        if could_call && !self.can_call() {
            self.0.lost.set(self.now());
        }
        if !self.0.offline.borrow().is_empty() {
            self.0.platform.network().hurry();
        }
        if self.is_online() {
            self.offer_all_again();
            // Time may have passed without any program.
            self.watch_limits();
        }
        if self.can_call() {
            for waiting in self.0.offline.take() {
                // A task that has stopped waiting needs no answer.
                let _ = waiting.send(());
            }
            if !could_call {
                self.resume_cut_off();
            }
        }
    }

    fn now(&self) -> u64 {
        self.0.platform.now_ms()
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.platform.spawn(Box::pin(task));
    }

    async fn sleep(&self, duration: Duration) {
        self.0.platform.sleep(duration).await;
    }

    /// The result of the future, or `None` if it takes too long.
    async fn within<T>(&self, patience: Duration, future: impl Future<Output = T>) -> Option<T> {
        let future = std::pin::pin!(future);
        match select(future, self.0.platform.sleep(patience)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }

    fn new_id(&self) -> ItemId {
        ItemId(format!("{:032x}", self.0.platform.random()))
    }

    /// The item of a file; if there are several, the one that has come furthest.
    fn find(&self, cid: &Cid, other_than: Option<&ItemId>) -> Option<ItemId> {
        let cid = canonical(cid);
        self.with_state(|state| {
            state
                .items
                .values()
                .filter(|item| {
                    item.cid.as_deref() == Some(cid.as_str()) && Some(&item.id) != other_than
                })
                .max_by_key(|item| {
                    let failed = item.status.failure().is_some() && !item.status.is_interrupted();
                    (item.status.is_here(), !failed)
                })
                .map(|item| item.id.clone())
        })
    }

    /// Waits until functions can be called. Returns `false` if that took too long.
    async fn wait_online(&self, patience: Duration) -> bool {
        if self.can_call() {
            return true;
        }
        let (sender, online) = oneshot::channel();
        {
            let mut waiting = self.0.offline.borrow_mut();
            waiting.retain(|sender| !sender.is_canceled());
            waiting.push(sender);
        }
        self.0.platform.network().hurry();
        self.within(patience, online).await.is_some()
    }

    fn is_online(&self) -> bool {
        self.with_state(|state| state.network.is_online())
    }

    fn can_call(&self) -> bool {
        self.with_state(|state| state.network.can_call())
    }
}
