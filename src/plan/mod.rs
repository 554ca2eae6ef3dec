//! What providers and consumers do: one [`Engine`] for the worker, the command line and the tests.
//!
//! The engine owns the [`State`]. It applies events, hands them to its [`Platform`] (which writes the journal and shows
//! them to faces), and runs the plans: sharing, announcing, serving, uploading, fetching. What matters is recorded before
//! it is claimed, so that [`Engine::start`] goes on after a kill between any two lines.

use std::rc::Rc;

use crate::call::{ErrorCode, Reply, Request};
use crate::command::{Answer, Command};
use crate::ports::{HttpBody, PeerName, Platform};
use crate::state::{EventKind, Failure, ItemSource, NetworkStatus, Settings, State};

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
    /// Files that become one directory: paths with `/` between names, and their bytes.
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

/// All plans over one state. Cheap to clone; all clones are the same engine.
pub struct Engine<P: Platform>(Rc<Inner<P>>);

impl<P: Platform> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<P> {
    platform: P,
    state: std::cell::RefCell<State>,
    defaults: Settings,
}

impl<P: Platform> Engine<P> {
    /// An engine over the state that the journal gave. Nothing runs before [`Engine::start`].
    pub fn new(platform: P, state: State, defaults: Settings) -> Self {
        Self(Rc::new(Inner {
            platform,
            state: std::cell::RefCell::new(state),
            defaults,
        }))
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.0.platform
    }

    /// Goes on with all that an earlier run left unfinished, and clears what nothing points to. Returns when that is
    /// under way; what needs the network waits for [`Engine::network_changed`].
    pub async fn start(&self) {}

    /// The settings that hold: the person's, else the build's.
    pub fn settings(&self) -> Settings {
        self.with_state(|state| state.settings.clone())
            .unwrap_or_else(|| self.0.defaults.clone())
    }

    /// Looks at the state as it is now.
    pub fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.borrow())
    }

    /// A copy of the state, for a face that begins to watch.
    pub fn state(&self) -> State {
        self.with_state(State::clone)
    }

    /// Applies and records what the platform itself has to tell: [`EventKind::Started`], [`EventKind::Thumbnail`],
    /// [`EventKind::Saved`], [`EventKind::Log`], [`EventKind::Notice`]. Returns when it outlasts a kill.
    pub async fn record(&self, kinds: Vec<EventKind>) {
        let _ = kinds;
    }

    /// The connection changed. When it comes (back), all that is offered is announced again.
    pub fn network_changed(&self, network: NetworkStatus) {
        let _ = network;
    }

    /// Does what a face asks. What only a platform can do ([`Command::Watch`], [`Command::ShareUrl`],
    /// [`Command::ShareFiles`], [`Command::Save`], [`Command::Reconnect`], [`Command::TestIpfs`]) is refused here; the
    /// platform does it first.
    pub async fn command(&self, command: Command) -> Answer {
        let _ = command;
        Answer::Refused {
            failure: Failure {
                code: "not_here".into(),
                what: String::new(),
                advice: String::new(),
            },
        }
    }

    /// Shares bytes. Returns once the item is recorded, with its id; reading, hashing and announcing go on by themselves.
    /// When it turns out to be the same file as another item, [`EventKind::Merged`] says into which.
    pub async fn share(&self, input: ShareInput<P::Source>) -> Answer {
        let _ = input;
        Answer::Refused {
            failure: Failure {
                code: "not_here".into(),
                what: String::new(),
                advice: String::new(),
            },
        }
    }

    /// Answers a call from another peer.
    pub async fn serve(&self, from: PeerName, request: Request) -> Reply {
        let _ = (from, request);
        Reply::error(
            ErrorCode::NoSuchFunction,
            "this peer does not provide that function",
        )
    }
}
