//! Connects the events of the browser, the faces, the peer and the engine.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use fluence::command::{Answer, Command, FACE_PORT, MAX_THUMBNAILS, ToFace, ToWorker};
use fluence::failure::{Code, Failure};
use fluence::history::{self, History};
use fluence::identity_file::Passphrase;
use fluence::journal::Reader;
use fluence::live::{MAX_PEERS, short};
use fluence::plan::{Engine, Unknown};
use fluence::ports::Platform;
use fluence::report;
use fluence::settings_file;
use fluence::state::{EventKind, Item, ItemId, NetworkStatus, Seen, Settings, State, Status};
use fluence_peer::{Calls, Config, Keypair, Peer, PeerId, Statuses};
use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web::browser;
use web::extension::pages::{self, open_tab};
use web::extension::runtime::url_of;
use web::extension::{runtime, storage, toolbar};
use web::js::{self, warn_on_error};
use web::port::{Port, Sender};
use web::time;
use web_sys::BroadcastChannel;

use crate::acquire::{Reading, Wanted};
use crate::badge::Button;
use crate::database::Database;
use crate::disk::Disk;
use crate::faces::{Faces, PortId};
use crate::identity::{self, Identity, Kept};
use crate::journal::{Journal, Opened};
use crate::memory::Memory;
use crate::network::{self, Network};
use crate::nodes;
use crate::notices::Notices;
use crate::offscreen::Offscreen;
use crate::omnibox;
use crate::outcomes::{Outcomes, addresses};
use crate::own_ipfs;
use crate::pages::PAGE_PORT;
use crate::platform::{Browser, Recorder};
use crate::rest::Rest;
use crate::save::Saver;
use crate::saving::Saving;
use crate::sharing::{self, How, Sharing, Wish};
use crate::store::DiskStore;

/// The nodes of this build: `FLUENCE_NODES`, or else one on this computer.
const NODES: &str = match option_env!("FLUENCE_NODES") {
    Some(nodes) => nodes,
    None => "/ip4/127.0.0.1/tcp/4102/ws",
};
/// The alarm that brings the worker back after the browser has stopped it.
const ALARM: &str = "awake";
/// The key in the session's storage that says that the browser has an update of the extension. A restart of the extension,
/// which installs it, clears that storage.
const UPDATE: &str = "update";
/// The key in the storage of the extension that says that the first page was shown once.
const WELCOMED: &str = "welcomed";
/// The page that is shown then.
const WELCOME: &str = "popup.html?view=welcome";
/// How often those faces that want to know of the nodes and the calls are told of what has changed.
const LIVE: Duration = Duration::from_millis(500);
/// The most nodes that are tested at the same time.
const TESTS: u32 = fluence::state::MAX_NODES as u32;
/// The command of the key that shares files, and the page in which they are chosen.
const SHARE_KEY: (&str, &str) = ("share-files", "popup.html?view=tab&choose=files");
const MENU_CONTEXTS: [&str; 6] = ["link", "image", "video", "audio", "selection", "page"];
/// Files may take one part in this many of the disk, unless the person sets another limit.
const SHARE_OF_DISK: u64 = 10;
/// How long the node and its storage may take to answer that they serve web links.
const WEB_PATIENCE: Duration = Duration::from_secs(10);

/// The worker.
pub struct Worker {
    engine: Engine<Browser>,
    defaults: Settings,
    network: Network,
    database: Database,
    journal: Journal,
    recorder: Rc<Recorder>,
    faces: Rc<Faces>,
    sharing: Rc<Sharing>,
    saving: Rc<Saving>,
    notices: Notices,
    button: Rc<Button>,
    rest: Rc<Rest>,
    /// Whether the browser has an update of the extension that it has not installed yet.
    has_update: Cell<bool>,
    /// Whether faces are told of the nodes and the calls.
    is_live: Cell<bool>,
    /// How many nodes are being tested.
    tests: Cell<u32>,
    /// This peer's identity, and for how long it is kept.
    identity: RefCell<(Keypair, Kept)>,
    /// Whether this peer is being given another identity.
    is_renewing: Cell<bool>,
}

/// Why the worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The peer cannot be started.
    #[error(transparent)]
    Peer(#[from] fluence_peer::StartError),
    /// The browser refuses something that the worker cannot do without.
    #[error("{0}")]
    Browser(String),
}

/// What start-up found that the person should know, and what to do with unknown files.
struct Found {
    known_as: Option<String>,
    failures: Vec<Failure>,
    /// The clicks that an earlier worker left, and that are shared again.
    clicks: Vec<String>,
    unknown: Unknown,
}

impl Worker {
    /// Reads what was written, starts the peer, and continues what was left unfinished. No stored
    /// data can prevent it from starting: what cannot be read is set aside, and the person is told. `clicks` are those that an
    /// earlier worker left.
    ///
    /// # Errors
    /// [`StartError`] if the browser lacks something that the worker cannot do without.
    pub async fn start(clicks: Vec<String>) -> Result<Rc<Self>, StartError> {
        let database = Database::open().await;
        let Opened {
            journal,
            state,
            damage,
            adopt,
        } = Journal::open(database.clone()).await;
        let mut failures = damage.failures();
        if database.waits_for_room() {
            failures = vec![Code::DiskFull.into()];
        }
        let substitute = database.is_substitute();
        // The person is told when the substitute is new, and not at every start from then on.
        if substitute && state.seq == 0 && failures.is_empty() {
            failures.push(Code::JournalDamaged.into());
        }
        let defaults = Settings {
            nodes: NODES.split_whitespace().map(str::to_owned).collect(),
            provide_fetched: state.provides_unset,
            ..Settings::default()
        };
        let settings = state.settings.as_ref().unwrap_or(&defaults);
        let kept = Kept::by(settings.session_identity);
        let Identity { keypair, replaced } = identity::load(&database, kept).await;
        if replaced && !database.waits_for_room() {
            failures.push(Code::IdentityLost.into());
        }
        let (peer, calls, statuses) = Peer::start(Config {
            links: settings.links(),
            ..Config::client(keypair.clone(), addresses(&settings.nodes))
        })?;
        let network = Network::new(peer);
        let faces = Rc::new(Faces::default());
        let recorder = Rc::new(Recorder::new(journal.clone(), Rc::clone(&faces)));
        let page = Offscreen::new().map_err(StartError::Browser)?;
        let store = DiskStore::new(database.clone(), Disk::offscreen(page.clone()));
        let reading = Rc::new(Reading::new(page.clone()));
        let platform = Browser::new(
            store,
            network.clone(),
            Rc::clone(&recorder),
            Rc::clone(&reading),
        );
        let found = Found {
            known_as: state.peer.clone(),
            failures,
            clicks,
            // Stored files that a substitute does not know belong to the items of the database that it stands for.
            unknown: if adopt || substitute {
                Unknown::Adopt
            } else {
                Unknown::Remove
            },
        };
        let engine = Engine::new(platform, state, defaults.clone());
        recorder.look_at(engine.clone());
        let notices = Notices::new(engine.clone());
        let button = Rc::new(Button::new(engine.clone()));
        let saver = Saver::open(page.clone()).await;
        let saving = Saving::new(engine.clone(), notices.clone(), saver, Rc::clone(&faces));
        let saving = Rc::new(saving.map_err(StartError::Browser)?);
        let sharing = Sharing::new(
            engine.clone(),
            reading,
            Rc::clone(&faces),
            notices.clone(),
            Rc::clone(&button),
        );
        let worker = Rc::new(Self {
            engine,
            defaults,
            network,
            database,
            journal,
            recorder: Rc::clone(&recorder),
            faces,
            sharing,
            saving,
            notices,
            button,
            rest: Rc::default(),
            has_update: Cell::new(false),
            is_live: Cell::new(false),
            tests: Cell::new(0),
            identity: RefCell::new((keypair, kept)),
            is_renewing: Cell::new(false),
        });
        let outcomes = Rc::new(Outcomes {
            engine: worker.engine.clone(),
            network: worker.network.clone(),
            sharing: Rc::clone(&worker.sharing),
            saving: Rc::clone(&worker.saving),
            notices: worker.notices.clone(),
            button: Rc::clone(&worker.button),
            memory: Rc::new(Memory::new(worker.engine.clone(), worker.defaults.clone())),
            rest: Rc::clone(&worker.rest),
            page,
        });
        recorder.observe(move |event| outcomes.of(event));
        runtime::wake_regularly(ALARM);
        if browser::forgets_menus() {
            spawn_local(make_menu());
        }
        spawn_local({
            let worker = Rc::clone(&worker);
            async move {
                let has_update = storage::session(UPDATE).await;
                if has_update.is_ok_and(|has| has.is_truthy()) {
                    worker.has_update.set(true);
                }
            }
        });
        spawn_local(Rc::clone(&worker).answer_calls(calls));
        let peer = worker.network.peer().id();
        spawn_local(Rc::clone(&worker).go_on(found, peer, statuses));
        Ok(worker)
    }

    async fn go_on(self: Rc<Self>, found: Found, peer: PeerId, statuses: Statuses) {
        // What is shared once more was not interrupted. All of it is found before anything is waited for, because the clicks
        // are delivered meanwhile, and what is made of them now is to stay.
        let clicks = found.clicks.iter();
        let again: Vec<ItemId> = clicks
            .flat_map(|click| self.sharing.made_of(click).1)
            .collect();
        // The person has not been told yet of what an earlier worker was reading.
        self.engine.with_state(|state| {
            let items = state.items.values();
            let is_read = |item: &&Item| matches!(item.status, Status::Preparing | Status::Hashing);
            let ids = items.filter(is_read).map(|item| item.id.clone());
            let ids: Vec<ItemId> = ids.filter(|id| !again.contains(id)).collect();
            self.sharing.are_wanted(&ids);
        });
        if !again.is_empty() {
            self.engine.command(Command::Remove { ids: again }).await;
        }
        match storage::available().await {
            Ok(0) => {}
            Ok(bytes) => {
                let size = bytes / SHARE_OF_DISK;
                self.engine.record([EventKind::Room { size }]).await;
            }
            Err(why) => warn_on_error("the size of the disk is not known", Err::<(), _>(why)),
        }
        self.engine.start(found.unknown).await;
        if found.unknown == Unknown::Adopt {
            let noted = self.journal.adopted().await;
            warn_on_error("files may be looked for again at the next start", noted);
        }
        let id = peer.to_string();
        // If the person has wanted another identity meanwhile, that one is recorded already.
        if found.known_as.as_ref() != Some(&id) && self.network.peer().id() == peer {
            self.engine.record([EventKind::Started { peer: id }]).await;
        }
        self.button.show(self.sharing.waiting_count());
        for failure in found.failures {
            self.notices.tell(failure).await;
        }
        self.saving.resume();
        spawn_local({
            let saving = Rc::clone(&self.saving);
            async move { saving.close_others().await }
        });
        let saving = Rc::clone(&self.saving);
        spawn_local(async move { saving.look_at_downloads().await });
        self.follow(peer, statuses).await;
    }

    /// Follows the connection of a peer, until that ends or another one takes its place.
    async fn follow(self: Rc<Self>, peer: PeerId, mut statuses: Statuses) {
        while let Some(status) = statuses.next().await {
            if self.network.peer().id() != peer {
                return;
            }
            self.engine.network_changed(status.clone());
            if status.is_online() {
                spawn_local(find_web(self.engine.clone(), status));
            } else if self.faces.any_watching() {
                self.network.peer().hurry();
            }
        }
    }

    /// Gives this peer another identity, in the place of the one that it has.
    async fn renew(self: &Rc<Self>, keypair: Keypair) -> Result<(), Failure> {
        if self.is_renewing.replace(true) {
            return Err(Code::Busy.into());
        }
        let kept = self.identity.borrow().1;
        let renewed = self.renew_once(keypair, kept).await;
        self.is_renewing.set(false);
        // The setting may have been changed meanwhile.
        renewed.and(self.keep_as_set().await)
    }

    /// Gives this peer the lasting identity or that of the session, as the settings say.
    async fn keep_as_set(self: &Rc<Self>) -> Result<(), Failure> {
        let wanted = || Kept::by(self.engine.settings().session_identity);
        let is_so = |kept| self.identity.borrow().1 == kept;
        while !is_so(wanted()) {
            if self.is_renewing.replace(true) {
                // Whoever does that looks here afterwards.
                return Ok(());
            }
            let kept = wanted();
            let Identity { keypair, .. } = identity::load(&self.database, kept).await;
            let renewed = self.renew_once(keypair, kept).await;
            self.is_renewing.set(false);
            renewed?;
        }
        Ok(())
    }

    /// Another peer takes the place of this one, and announces everything again.
    async fn renew_once(self: &Rc<Self>, keypair: Keypair, kept: Kept) -> Result<(), Failure> {
        let failed = |why: String| Failure::new(Code::NotRenewed).detail(why);
        if keypair.public() == self.identity.borrow().0.public() {
            self.identity.borrow_mut().1 = kept;
            return Ok(());
        }
        let settings = self.engine.settings();
        let (peer, calls, statuses) = Peer::start(Config {
            links: settings.links(),
            ..Config::client(keypair.clone(), addresses(&settings.nodes))
        })
        .map_err(|why| failed(why.to_string()))?;
        // What is stored is what the next start uses, so nothing is stored that does not run.
        if let Err(why) = identity::renew(&self.database, kept, &keypair).await {
            peer.shutdown().await;
            return Err(failed(why.to_string()));
        }
        self.identity.replace((keypair, kept));
        let id = peer.id();
        let former = self.network.replace(peer.clone());
        // The new peer may be connected as the former one was already. Its connection is another one all the same, through
        // which nothing is announced yet.
        self.engine.network_changed(NetworkStatus::Starting);
        // What it announces now is not to count for the new one.
        former.shutdown().await;
        let nodes = self.engine.settings().nodes;
        if nodes != settings.nodes {
            // They were set while the identity was stored, and only the former peer was told.
            let set = peer.set_nodes(addresses(&nodes)).await;
            warn_on_error("the nodes were not set", set.map_err(|why| why.to_string()));
        }
        spawn_local(Rc::clone(self).answer_calls(calls));
        let started = EventKind::Started {
            peer: id.to_string(),
        };
        self.engine.record([EventKind::Unconfirmed, started]).await;
        // What a former identity uploaded can be taken back once this peer has it again.
        self.engine.release_unwanted();
        spawn_local(Rc::clone(self).follow(id, statuses));
        Ok(())
    }

    /// Tells the faces that want to know of the nodes and the calls, as long as there is one.
    async fn show_live(self: Rc<Self>) {
        while self.faces.any_live() {
            let peer = self.network.peer();
            let nodes = peer.report().await;
            let connected = peer.connected().await.into_iter();
            let mut peers: Vec<String> = connected
                .map(|peer| short(&peer.to_base58()).to_owned())
                .collect();
            peers.sort_unstable();
            peers.truncate(MAX_PEERS);
            let calls_since = |change| self.network.calls_since(change);
            self.faces.show_live(&nodes, &peers, calls_since);
            time::sleep(LIVE).await;
        }
        self.is_live.set(false);
    }

    async fn test_node(&self, address: &str) -> Result<Answer, Failure> {
        if self.tests.get() >= TESTS {
            return Err(Code::Busy.into());
        }
        self.tests.set(self.tests.get() + 1);
        let tested = nodes::test(address).await;
        self.tests.set(self.tests.get() - 1);
        tested
    }

    /// Passes every call of another peer to the engine, which decides on the answer.
    async fn answer_calls(self: Rc<Self>, mut calls: Calls) {
        while let Some(call) = calls.next().await {
            let worker = Rc::clone(&self);
            spawn_local(async move {
                let from = call.from.to_string();
                let number = worker.network.begins(true, &call.request, &from);
                let reply = Ok(worker.engine.serve(from, call.request.clone()).await);
                worker.network.ended(number, network::failed(&reply));
                if let Ok(reply) = reply {
                    call.reply(reply);
                }
            });
        }
    }

    /// Takes an event of the browser: its name in `static/background.js`, and the arguments of its listener.
    pub fn event(self: &Rc<Self>, kind: &str, details: &Array) {
        let worker = Rc::clone(self);
        let first = details.get(0);
        let second = details.get(1);
        // Ports are counted in JavaScript, from 1.
        let port = first.as_f64().unwrap_or_default() as PortId;
        match kind {
            "connect" => self.connect(port, second.unchecked_into()),
            "message" => self.message(port, second),
            "disconnect" => {
                self.faces.remove(port);
                self.rest.stir();
                self.sharing.reading.pages.disconnect(port);
                spawn_local(async move { worker.saving.hide(port).await });
            }
            "files" => {
                if let Ok(channel) = second.dyn_into() {
                    self.sharing.handovers.message(&first, &channel);
                    if let Ok(ids) = js::member(&first, "locked").dyn_into() {
                        spawn_local(async move { worker.give_handles(first, ids, &channel).await });
                    }
                }
            }
            "menu" => {
                let asked = details.get(2).dyn_into().ok();
                let listed: Option<Function> = details.get(3).dyn_into().ok();
                // An earlier worker may have listed it before it was killed.
                let earlier = details.get(4).as_f64();
                let click = details.get(5).as_string();
                let is_later = earlier.is_some();
                spawn_local(async move {
                    let sharing = &worker.sharing;
                    let is_listed = earlier.is_some_and(|at| sharing.is_listed(&first, at));
                    let begins = !is_listed
                        && match (&click, earlier) {
                            (Some(click), Some(_)) => sharing.begin_again(click).await,
                            _ => true,
                        };
                    let mut needed = None;
                    if begins {
                        needed = sharing
                            .share_clicked(&first, &second, asked, click, is_later)
                            .await;
                    }
                    match (listed, needed) {
                        (Some(listed), Some(id)) => sharing.keep_click(id, listed),
                        (Some(listed), None) => sharing::called(&listed),
                        (None, _) => {}
                    }
                });
            }
            "lost" => {
                let click = first.as_string().unwrap_or_default();
                let cross_out: Option<Function> = second.dyn_into().ok();
                spawn_local(async move {
                    worker.sharing.tell_lost(&click).await;
                    if let Some(cross_out) = cross_out {
                        sharing::called(&cross_out);
                    }
                });
            }
            "installed" => {
                if !browser::forgets_menus() {
                    spawn_local(make_menu());
                }
                spawn_local(welcome());
            }
            "language" => {
                words::changed();
                spawn_local(make_menu());
                self.button.show(self.sharing.waiting_count());
            }
            "permission" => spawn_local(async move { worker.sharing.reading.permitted().await }),
            "download" => spawn_local(async move { worker.saving.look_at_downloads().await }),
            "typing" => omnibox::began(),
            "typed" => omnibox::typed(&first.as_string().unwrap_or_default()),
            "entered" => {
                let text = first.as_string().unwrap_or_default();
                let place = second.as_string().unwrap_or_default();
                spawn_local(async move { omnibox::entered(&text, &place).await });
            }
            "key" => {
                let (command, page) = SHARE_KEY;
                if first.as_string().as_deref() == Some(command) {
                    spawn_local(async move {
                        warn_on_error("the page does not open", open_tab(&url_of(page)).await);
                    });
                }
            }
            "notification" => {
                let id = first.as_string().unwrap_or_default();
                spawn_local(async move {
                    toolbar::unnotify(&id).await;
                    toolbar::show_face().await;
                });
            }
            "decision" => {
                let id = first.as_string().unwrap_or_default();
                let allow = second.as_f64() == Some(0.0);
                spawn_local(async move { worker.notices.decided(&id, allow).await });
            }
            "online" => spawn_local(async move { worker.reconnect().await }),
            "alarm" => {
                self.sharing.reading.give_up_waiting();
                self.update_when_idle();
                spawn_local(async move {
                    if worker.database.has_room_again().await {
                        runtime::reload();
                    }
                });
            }
            "update" => {
                self.has_update.set(true);
                // The browser tells of it once, and this worker may end before nothing moves any more.
                spawn_local(async {
                    let kept = storage::keep_for_session(UPDATE, true.into()).await;
                    warn_on_error("an update may wait for the browser to start", kept);
                });
                self.update_when_idle();
            }
            // The browser may have another language than when it made the menu. The event has done the rest of its work by
            // waking the worker.
            "startup" => {
                if !browser::forgets_menus() {
                    spawn_local(make_menu());
                }
            }
            other => web_sys::console::warn_1(&format!("there is no event called {other}").into()),
        }
    }

    /// Gives a face the handles on files that the browser reads only after a click, for which it asks.
    async fn give_handles(&self, question: JsValue, ids: Array, channel: &BroadcastChannel) {
        let handles = self.engine.platform().store().handles(ids).await;
        let answer = js::object([
            ("told", js::member(&question, "ask")),
            ("handles", handles.unwrap_or_default().into()),
        ]);
        let told = channel.post_message(&answer);
        warn_on_error(
            "no handles were given",
            told.map_err(|why| js::message_of(&why)),
        );
    }

    /// Restarts the extension, if that installs an update and disturbs nothing.
    fn update_when_idle(&self) {
        // A file that stays where the person has it would have to wait for a click of theirs.
        let is_disturbed = |item: &Item| {
            item.status.is_moving() || item.upload.is_some() || item.stays && item.providing
        };
        let idle = self
            .engine
            .with_state(|state| !state.items.values().any(is_disturbed));
        if self.has_update.get() && idle && !self.faces.any_watching() && self.saving.is_idle() {
            runtime::reload();
        }
    }

    fn connect(&self, id: PortId, port: Port) {
        match web::port::sender_of(&port) {
            Sender::OwnPage if port.name() == FACE_PORT => {
                if let Some(evicted) = self.faces.add(id, port) {
                    let saving = Rc::clone(&self.saving);
                    spawn_local(async move { saving.hide(evicted).await });
                }
            }
            Sender::InPage(tab) if port.name().starts_with(PAGE_PORT) => {
                self.sharing.reading.pages.connect(id, port, Some(tab));
            }
            Sender::OwnPage if port.name().starts_with(PAGE_PORT) => {
                self.sharing.reading.pages.connect(id, port, None);
            }
            Sender::OwnPage | Sender::InPage(_) | Sender::Stranger => port.disconnect(),
        }
    }

    fn message(self: &Rc<Self>, id: PortId, message: JsValue) {
        if !self.faces.has(id) {
            return self.sharing.reading.pages.message(id, message);
        }
        let asked: ToWorker = match serde_wasm_bindgen::from_value(message) {
            Ok(asked) => asked,
            Err(why) => {
                return warn_on_error("a command is not understood", Err::<(), _>(why.to_string()));
            }
        };
        let number = asked.number;
        let Some(turn) = self.faces.turn(id) else {
            let answer = refused(Code::Busy.into());
            return self.faces.send(id, &ToFace::Answer { number, answer });
        };
        let worker = Rc::clone(self);
        spawn_local(async move {
            let answer = worker.obey(id, asked.command).await;
            worker.faces.send(id, &ToFace::Answer { number, answer });
            drop(turn);
        });
    }

    async fn obey(self: &Rc<Self>, face: PortId, command: Command) -> Answer {
        let answer = |answer: Result<Answer, Failure>| answer.unwrap_or_else(refused);
        let done = |done: Result<(), Failure>, id| match done {
            Ok(()) => Answer::Done { id },
            Err(failure) => refused(failure),
        };
        match command {
            Command::Watch => {
                self.watch(face);
                Answer::Done { id: None }
            }
            Command::ShareUrl {
                url,
                tab,
                page,
                name,
                private,
                ends,
            } => {
                let (own_cookies, jar) = match tab {
                    // Of a tab that is gone nobody knows any more whose cookies it had.
                    Some(id) => match pages::tab(Some(id)).await {
                        Ok(tab) => (tab.jar.is_some(), tab.jar),
                        Err(_) => (browser::has_containers(), None),
                    },
                    None => (false, None),
                };
                let wanted = Wanted {
                    url,
                    page,
                    own_cookies,
                    seen: Seen {
                        tab,
                        jar,
                        name,
                        ..Seen::default()
                    },
                    ..Wanted::default()
                };
                let how = How { private, ends };
                self.sharing.share_url(wanted, None, Wish::Told, how).await
            }
            Command::ShareFiles {
                key,
                files,
                together,
                private,
                ends,
                note,
            } => {
                let how = How { private, ends };
                let sharing = &self.sharing;
                sharing.share_files(&key, files, together, how, note).await
            }
            Command::Save { id } => done(self.saving.save(&id).await, Some(id)),
            Command::SaveFile { id, file } => {
                done(self.saving.save_file(&id, file).await, Some(id))
            }
            Command::Show { id, file, key } => {
                done(self.saving.show(face, &id, file, &key).await, Some(id))
            }
            Command::Hide => {
                self.saving.hide(face).await;
                Answer::Done { id: None }
            }
            Command::Files { id, after } => answer(self.saving.files(face, &id, after).await),
            Command::Reconnect => {
                self.reconnect().await;
                Answer::Done { id: None }
            }
            Command::TestIpfs { rpc, gateway } => done(own_ipfs::test(&rpc, &gateway).await, None),
            Command::Live { with_calls } => {
                self.faces.live(face, with_calls);
                if !self.is_live.replace(true) {
                    spawn_local(Rc::clone(self).show_live());
                }
                Answer::Done { id: None }
            }
            Command::TestNode { address } => answer(self.test_node(&address).await),
            Command::NodeList { url } => answer(nodes::list(&url).await),
            Command::ExportSettings { theme } => Answer::Text {
                text: settings_file::write(&self.engine.settings(), &theme),
                peer: None,
                ms: None,
            },
            Command::ReadSettings { text } => match settings_file::read(&text) {
                Ok((settings, theme)) => Answer::Settings {
                    settings: Box::new(settings),
                    theme,
                },
                Err(failure) => refused(failure),
            },
            Command::NewIdentity => done(self.renew(Keypair::generate_ed25519()).await, None),
            Command::ExportIdentity { passphrase } => self.write_identity(&passphrase).await,
            Command::ImportIdentity { text, passphrase } => {
                let renewed = match identity::read(&text, &passphrase).await {
                    Ok(keypair) => self.renew(keypair).await,
                    Err(failure) => Err(failure),
                };
                done(renewed, None)
            }
            Command::Set { .. } => match self.engine.command(command).await {
                Answer::Done { id } => done(self.keep_as_set().await, id),
                answer => answer,
            },
            Command::Call { function, args } => {
                answer(nodes::call(&self.network, &function, &args).await)
            }
            Command::Thumbnails { ids } => self.thumbnails(&ids).await,
            Command::Log { id } => match self.journal.log(&id).await {
                Ok(lines) => Answer::Log { lines },
                Err(why) => refused(Failure::from(&why)),
            },
            Command::Report => self.report().await,
            Command::History { after } => answer(self.history(after).await),
            Command::ExportHistory => answer(self.export_history().await),
            Command::ForgetHistory => {
                let forgotten = Rc::clone(&self.recorder).forget().await;
                done(forgotten.map_err(|why| Failure::from(&why)), None)
            }
            command @ (Command::ShareAgain { .. } | Command::SharePage { .. }) => {
                if let Command::ShareAgain { id } | Command::SharePage { id } = &command {
                    self.sharing.is_wanted(id);
                }
                self.engine.command(command).await
            }
            command @ (Command::Fetch { .. }
            | Command::Look { .. }
            | Command::Inside { .. }
            | Command::Resume { .. }
            | Command::Pause { .. }
            | Command::Stop { .. }
            | Command::Rename { .. }
            | Command::Limit { .. }
            | Command::AskFirst { .. }
            | Command::Decide { .. }
            | Command::LookPublicly { .. }
            | Command::Remove { .. }) => self.engine.command(command).await,
        }
    }

    /// This peer's identity as a file that the passphrase opens.
    async fn write_identity(&self, passphrase: &Passphrase) -> Answer {
        let keypair = self.identity.borrow().0.clone();
        match identity::write(&keypair, passphrase).await {
            Ok(text) => Answer::Text {
                text,
                peer: None,
                ms: None,
            },
            Err(why) => refused(Failure::new(Code::StoreFailed).detail(why)),
        }
    }

    /// A report of what happened, in which nothing says to which files and with whom.
    async fn report(&self) -> Answer {
        let mut logs = Vec::new();
        for id in self.engine.with_state(report::reported) {
            match self.journal.log(&id).await {
                Ok(lines) => logs.push((id, lines)),
                Err(why) => return refused(Failure::from(&why)),
            }
        }
        let version = runtime::version();
        let now = web::time::now_ms();
        let report = |state: &State| report::report(&version, now, state, &logs);
        Answer::Text {
            text: self.engine.with_state(report),
            peer: None,
            ms: None,
        }
    }

    async fn history(&self, after: Option<u64>) -> Result<Answer, Failure> {
        let part = self.journal.history(after).await;
        let (snapshot, events) = part.map_err(|why| Failure::from(&why))?;
        let more = events.len() == history::PART as usize;
        Ok(Answer::History {
            snapshot,
            events,
            more,
        })
    }

    /// What happened, as a file in which nothing says to which files and with whom.
    async fn export_history(&self) -> Result<Answer, Failure> {
        let mut whole: Option<History> = None;
        loop {
            let after = whole.as_ref().map(History::seq);
            let part = self.journal.history(after).await;
            let (snapshot, events) = part.map_err(|why| Failure::from(&why))?;
            let whole = whole.get_or_insert_with(|| {
                History::new(Reader::new(snapshot.as_deref()).finish().state)
            });
            let before = whole.len();
            let events = events.iter().filter_map(|text| history::event(text));
            events.for_each(|event| whole.add(event));
            if whole.len() == before {
                let text = whole.export(&runtime::version());
                let (peer, ms) = (None, None);
                return Ok(Answer::Text { text, peer, ms });
            }
        }
    }

    fn watch(&self, face: PortId) {
        self.network.peer().hurry();
        self.engine.with_state(|state| {
            let messages = ToFace::first(state, &self.defaults);
            self.faces.watch(face, messages, state.seq);
        });
        if self.sharing.waiting_count() > 0 {
            self.faces.send(face, &self.sharing.access());
        }
    }

    async fn thumbnails(&self, ids: &[ItemId]) -> Answer {
        let ids = &ids[..ids.len().min(MAX_THUMBNAILS)];
        match self.journal.thumbnails(ids).await {
            Ok(thumbnails) => Answer::Thumbnails { thumbnails },
            Err(why) => refused(Failure::from(&why)),
        }
    }

    async fn reconnect(&self) {
        let asked = self
            .network
            .peer()
            .reconnect()
            .await
            .map_err(|why| why.to_string());
        warn_on_error("the peer has ended", asked);
    }
}

/// Makes the entries of the context menu.
async fn make_menu() {
    let entries = [
        (sharing::MENU, words::worker::menu_share()),
        (sharing::MENU_PRIVATE, words::worker::menu_share_privately()),
    ];
    toolbar::make_menu(&entries, &MENU_CONTEXTS).await;
}

/// Shows the first page once, when the extension is installed.
async fn welcome() {
    // An extension that is loaded from a directory is installed anew each time that the browser starts.
    let welcomed = storage::kept(WELCOMED).await;
    if welcomed.is_ok_and(|welcomed| welcomed.is_undefined()) {
        warn_on_error(
            "the first page may open again",
            storage::keep(WELCOMED, "yes").await,
        );
        warn_on_error("the first page does not open", open_tab(WELCOME).await);
    }
}

/// Finds the base URL of web links, and records it if the connection is still the same by then.
async fn find_web(engine: Engine<Browser>, status: NetworkStatus) {
    let (base, page) = engine
        .find_web(WEB_PATIENCE)
        .await
        .map(|web| (web.base, web.page))
        .unzip();
    // The result is discarded if the node is no longer the connected one.
    if engine.with_state(|state| state.network == status) {
        engine.record([EventKind::Web { base, page }]).await;
    }
}

fn refused(failure: Failure) -> Answer {
    Answer::Refused { failure }
}
