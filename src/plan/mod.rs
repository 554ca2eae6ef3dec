//! What providers and consumers do: one [`Engine`] for the worker, the command line and the tests.
//!
//! The engine owns the [`State`]. It applies events, hands them to its [`Platform`] (which writes the journal and shows
//! them to faces), and runs the plans: sharing, announcing, serving, uploading, fetching. What matters is recorded before
//! it is claimed, so that [`Engine::start`] goes on after a kill between any two lines.

mod announce;
mod commands;
mod download;
mod fetch;
mod inventory;
mod jobs;
mod journal;
mod listing;
mod pace;
mod parallel;
mod search;
mod serve;
mod share;
mod start;
#[cfg(test)]
mod tests;
mod upload;
mod web;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use crate::Cid;
use crate::call::{Reply, Request};
use crate::command::{Answer, Command};
use crate::names::canonical;
use crate::ports::{HttpBody, PeerName, Platform};
use crate::state::{EventKind, ItemId, ItemSource, NetworkStatus, Settings, State};

/// What a person asked to share.
pub struct ShareInput<S> {
    /// As the page, the server or the person's system calls it; made safe here.
    pub name: String,
    /// MIME type, where it is known.
    pub mime: Option<String>,
    /// Bytes, where it is known; only for showing how far it is.
    pub size: Option<u64>,
    /// Where it came from.
    pub source: Option<ItemSource>,
    /// What kind of thing the person clicked on.
    pub expects: Expected,
    /// The bytes.
    pub body: Input<S>,
}

/// Where the bytes of a share come from.
pub enum Input<S> {
    /// They come once, in order.
    Stream(Box<dyn HttpBody>),
    /// They are somewhere already.
    Stored(S),
    /// Files that become one directory: paths with `/` between names, and their bytes. A path that ends with `/` is a
    /// folder with nothing in it.
    Many(Vec<(String, S)>),
}

/// What kind of thing a person clicked on, so that a login page in its place is noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expected {
    /// Anything.
    #[default]
    Any,
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Sound.
    Audio,
}

/// What [`Engine::start`] does with stored bytes that no item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are what a kill left over, and are removed.
    Remove,
    /// Items may have been lost: whole files become items, which are not shared; parts of files are left alone.
    Adopt,
}

/// All plans over one state. Cheap to clone; all clones are the same engine.
pub struct Engine<P: Platform>(Rc<Inner<P>>);

impl<P: Platform> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<P> {
    platform: P,
    state: RefCell<State>,
    defaults: Settings,
    journal: journal::Journal,
    jobs: jobs::Jobs,
    offers: announce::Offers,
    serving: serve::Serving,
    /// Shares that are read and hashed.
    sharing: pace::Slots,
    fetching: pace::Slots,
    /// Those who wait for the network.
    offline: RefCell<Vec<oneshot::Sender<()>>>,
    /// When the network was lost, the last time; in Unix milliseconds.
    lost: Cell<u64>,
    /// How often fetches went on by themselves since their last new block.
    resumed: RefCell<HashMap<ItemId, u32>>,
}

impl<P: Platform> Engine<P> {
    /// An engine over the state that the journal gave. Nothing runs before [`Engine::start`].
    pub fn new(platform: P, state: State, defaults: Settings) -> Self {
        Self(Rc::new(Inner {
            state: RefCell::new(state),
            defaults,
            journal: journal::Journal::default(),
            jobs: jobs::Jobs::default(),
            offers: announce::Offers::default(),
            serving: serve::Serving::new(platform.now_ms()),
            sharing: pace::Slots::new(share::SHARES_AT_ONCE),
            fetching: pace::Slots::new(fetch::FETCHES_AT_ONCE),
            offline: RefCell::default(),
            lost: Cell::new(platform.now_ms()),
            resumed: RefCell::default(),
            platform,
        }))
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.0.platform
    }

    /// Goes on with all that an earlier run left unfinished. To be called once, before anything else is asked of the engine.
    /// Returns when all of it is under way; what needs the network waits for [`Engine::network_changed`].
    ///
    /// With [`Unknown::Adopt`], which is for a journal that was damaged, stored files that no item is about become items
    /// again; otherwise they are removed.
    pub async fn start(&self, unknown: Unknown) {
        self.go_on(unknown).await;
    }

    /// The settings that hold: the person's, else the build's.
    pub fn settings(&self) -> Settings {
        self.with_state(|state| state.settings.clone())
            .unwrap_or_else(|| self.0.defaults.clone())
    }

    /// Looks at the state as it is now. `look` must not call the engine.
    pub fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.borrow())
    }

    /// A copy of the state, for a face that begins to watch.
    pub fn state(&self) -> State {
        self.with_state(State::clone)
    }

    /// Applies and records what the platform itself has to tell: [`EventKind::Started`], [`EventKind::Thumbnail`],
    /// [`EventKind::Saved`], [`EventKind::Log`], [`EventKind::Notice`], [`EventKind::Web`]. Returns when it outlasts a kill.
    pub async fn record(&self, kinds: Vec<EventKind>) {
        self.write(kinds).await;
    }

    /// The connection changed. When it comes (back), all that is offered is announced again, and fetches that it cut off
    /// go on.
    pub fn network_changed(&self, network: NetworkStatus) {
        let before = self.with_state(|state| state.network.clone());
        if before == network {
            return;
        }
        let was_online = self.is_online();
        self.tell([EventKind::Network { network }]);
        if was_online && !self.is_online() {
            self.0.lost.set(self.now());
        }
        if self.is_online() {
            self.offer_all_again();
            for waiting in self.0.offline.take() {
                // One that waits no more needs no answer.
                let _ = waiting.send(());
            }
            if !was_online {
                self.resume_cut_off();
            }
        }
    }

    /// Does what a face asks. What only a platform can do ([`Command::Watch`], [`Command::ShareUrl`],
    /// [`Command::ShareFiles`], [`Command::Save`], [`Command::Reconnect`], [`Command::TestIpfs`]) is refused here; the
    /// platform does it first.
    pub async fn command(&self, command: Command) -> Answer {
        self.obey(command).await
    }

    /// Shares bytes. Returns once the item is recorded, with its id; reading, hashing and announcing go on by themselves.
    /// When it turns out to be the same file as another item, [`EventKind::Merged`] says into which.
    pub async fn share(&self, input: ShareInput<P::Source>) -> Answer {
        self.begin_share(input).await
    }

    /// Answers a call from another peer, within [`crate::call::DEADLINE_MS`].
    pub async fn serve(&self, from: PeerName, request: Request) -> Reply {
        self.answer(from, request).await
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

    /// What the future gives, or `None` when it takes too long.
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

    /// The item for a file, the one that is furthest on its way where there are several.
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

    /// Returns when the network is there, or when it took too long: then `false`.
    async fn wait_online(&self, patience: Duration) -> bool {
        if self.is_online() {
            return true;
        }
        let (sender, online) = oneshot::channel();
        {
            let mut waiting = self.0.offline.borrow_mut();
            waiting.retain(|sender| !sender.is_canceled());
            waiting.push(sender);
        }
        self.within(patience, online).await.is_some()
    }

    fn is_online(&self) -> bool {
        self.with_state(|state| state.network.is_online())
    }
}
