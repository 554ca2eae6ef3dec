//! The wiring: events of the browser, faces, the peer and the engine, in one place.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use fluence::call::{CallError, ErrorCode, Reply};
use fluence::command::{Answer, Command, ToFace, ToWorker};
use fluence::content::zip;
use fluence::names::{link, safe_file_name};
use fluence::plan::Engine;
use fluence::ports::{Platform, Store, StoreError};
use fluence::state::{Event, EventKind, Failure, ItemId, NetworkStatus, Origin, Settings, Status};
use fluence_peer::{Calls, Config, Multiaddr, Peer, Statuses};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use crate::acquire::{PAGE_PORT, Pages, Wanted, failure};
use crate::badge::{Badge, badge};
use crate::browser::{self, Port, Sender, grumble};
use crate::database::{self, Database};
use crate::disk::Disk;
use crate::faces::{self, Faces, PortId};
use crate::handover::Handovers;
use crate::identity;
use crate::journal::Journal;
use crate::offscreen::Offscreen;
use crate::own_ipfs;
use crate::platform::{Browser, Recorder};
use crate::save::{Saved, Saver};
use crate::sharing::{WAITING, Waiting};
use crate::source::blob_of_pieces;
use crate::store::DiskStore;
use crate::thumbnail;

/// The nodes of this build: `FLUENCE_NODES`, else one on this machine.
const NODES: &str = match option_env!("FLUENCE_NODES") {
    Some(nodes) => nodes,
    None => "/ip4/127.0.0.1/tcp/4102/ws",
};
/// The alarm that brings the worker back after the browser ended it.
const ALARM: &str = "awake";
/// The context menu's one entry.
const MENU: &str = "share";
const MENU_TITLE: &str = "Share via Fluence";
const MENU_CONTEXTS: [&str; 6] = ["link", "image", "video", "audio", "selection", "page"];
/// Calls of other peers that are answered at the same time; more are told to come again.
const MAX_CALLS: usize = 64;
/// How often progress alone changes what the button says, in milliseconds. That the worker says it also tells the browser
/// that it is at work, where there is no connection that would.
const BADGE_EVERY_MS: u64 = 5000;
/// When those may come again, in milliseconds.
const CALL_AGAIN_MS: u64 = 1000;
/// How long the node and its storage may take to say that they open links.
const WEB_PATIENCE: Duration = Duration::from_secs(10);

/// Where a share was begun, so that its link goes to that page's clipboard.
pub(crate) type Clicked = Option<(i32, Option<i32>)>;

/// The worker.
pub struct Worker {
    pub(crate) engine: Engine<Browser>,
    defaults: Settings,
    peer: Peer,
    pub(crate) faces: Rc<Faces>,
    pub(crate) pages: Pages,
    saver: Saver,
    pub(crate) handovers: Handovers,
    /// Shares that a person began since the worker started: they are told when it is done.
    pub(crate) fresh: RefCell<BTreeMap<ItemId, Clicked>>,
    /// What the browser lets nobody read yet.
    pub(crate) waiting: RefCell<Vec<Waiting>>,
    shown: RefCell<Option<Badge>>,
    shown_at: Cell<u64>,
    calls: Cell<usize>,
}

/// Why the worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The peer cannot be started.
    #[error(transparent)]
    Peer(#[from] fluence_peer::StartError),
    /// The browser refuses something that the worker cannot do without.
    #[error("{0}")]
    Browser(String),
}

impl Worker {
    /// Reads what was written, starts the peer, and goes on with what was left unfinished.
    pub async fn start() -> Result<Rc<Self>, StartError> {
        let database = Database::open().await?;
        let (journal, state) = Journal::open(database.clone()).await?;
        let keypair = identity::load(&database).await?;
        let defaults = Settings {
            nodes: NODES.split_whitespace().map(str::to_owned).collect(),
            ..Settings::default()
        };
        let nodes = addresses(&state.settings.as_ref().unwrap_or(&defaults).nodes);
        let (peer, calls, statuses) = Peer::start(Config::client(keypair, nodes))?;
        let faces = Rc::new(Faces::default());
        let recorder = Rc::new(Recorder::new(journal, Rc::clone(&faces)));
        let page = Offscreen::new();
        let store = DiskStore::new(database, Disk::offscreen(page.clone()));
        let platform = Browser::new(store, peer.clone(), Rc::clone(&recorder));
        let known_as = state.peer.clone();
        let waiting = browser::session(WAITING)
            .await
            .ok()
            .and_then(|text| serde_json::from_str(&text.as_string()?).ok())
            .unwrap_or_default();
        let worker = Rc::new(Self {
            engine: Engine::new(platform, state, defaults.clone()),
            defaults,
            peer,
            faces,
            pages: Pages::default(),
            saver: Saver::open(page).await.map_err(StartError::Browser)?,
            handovers: Handovers::default(),
            fresh: RefCell::default(),
            waiting: RefCell::new(waiting),
            shown: RefCell::default(),
            shown_at: Cell::new(0),
            calls: Cell::new(0),
        });
        let observed = Rc::clone(&worker);
        recorder.observe(move |event| observed.observe(event));
        browser::wake_regularly(ALARM);
        spawn_local(Rc::clone(&worker).answer_calls(calls));
        spawn_local(Rc::clone(&worker).go_on(known_as, statuses));
        Ok(worker)
    }

    async fn go_on(self: Rc<Self>, known_as: Option<String>, mut statuses: Statuses) {
        self.engine.start().await;
        let peer = self.peer.id().to_string();
        if known_as.as_ref() != Some(&peer) {
            self.engine.record(vec![EventKind::Started { peer }]).await;
        }
        self.show_badge();
        for id in self.saver.intended() {
            let worker = Rc::clone(&self);
            spawn_local(async move {
                let saved = worker.save_intended(&id).await;
                worker.tell_unless_done(saved).await;
            });
        }
        spawn_local(Rc::clone(&self).look_at_downloads());
        while let Some(status) = statuses.next().await {
            self.engine.network_changed(status.clone());
            if let NetworkStatus::Online { .. } = status {
                let engine = self.engine.clone();
                spawn_local(async move {
                    let base = engine.find_web(WEB_PATIENCE).await;
                    // What is found of a node that is not the connected one any more comes too late.
                    if engine.with_state(|state| state.network == status) {
                        engine.record(vec![EventKind::Web { base }]).await;
                    }
                });
            }
        }
    }

    async fn answer_calls(self: Rc<Self>, mut calls: Calls) {
        while let Some(call) = calls.next().await {
            if self.calls.get() >= MAX_CALLS {
                call.reply(Reply::Error(CallError {
                    retry_after_ms: Some(CALL_AGAIN_MS),
                    ..CallError::new(ErrorCode::Busy, "this peer answers too many calls now")
                }));
                continue;
            }
            self.calls.set(self.calls.get() + 1);
            let worker = Rc::clone(&self);
            spawn_local(async move {
                let from = call.from.to_string();
                let reply = worker.engine.serve(from, call.request.clone()).await;
                call.reply(reply);
                worker.calls.set(worker.calls.get() - 1);
            });
        }
    }

    /// An event of the browser: what `static/background.js` calls it, and what its listener was given.
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
                self.pages.disconnect(port);
            }
            "files" => {
                if let Ok(channel) = second.dyn_into() {
                    self.handovers.message(&first, &channel);
                }
            }
            "menu" => spawn_local(async move { worker.share_clicked(&first, &second).await }),
            "installed" => spawn_local(browser::make_menu(MENU, MENU_TITLE, &MENU_CONTEXTS)),
            "permission" => spawn_local(async move { worker.share_waiting().await }),
            "download" => spawn_local(worker.look_at_downloads()),
            "notification" => {
                let id = first.as_string().unwrap_or_default();
                spawn_local(async move {
                    browser::unnotify(&id).await;
                    browser::show_face().await;
                });
            }
            "online" => spawn_local(async move { worker.reconnect().await }),
            "alarm" => spawn_local(async move { worker.give_up_waiting().await }),
            // To be awake is all that it is for: the worker has started, and goes on.
            "startup" => {}
            other => web_sys::console::warn_1(&format!("no event is called {other}").into()),
        }
    }

    fn connect(&self, id: PortId, port: Port) {
        match browser::sender_of(&port) {
            Sender::OwnPage if port.name() == faces::PORT => self.faces.add(id, port),
            Sender::InPage(tab) if port.name().starts_with(PAGE_PORT) => {
                self.pages.connect(id, port, tab);
            }
            _ => port.disconnect(),
        }
    }

    fn message(self: &Rc<Self>, id: PortId, message: JsValue) {
        if !self.faces.has(id) {
            return self.pages.message(id, message);
        }
        let asked: ToWorker = match serde_wasm_bindgen::from_value(message) {
            Ok(asked) => asked,
            Err(why) => {
                return grumble("a command is not understood", Err::<(), _>(why.to_string()));
            }
        };
        let Some(turn) = self.faces.turn(id) else {
            let failure = failure(
                "busy",
                "Too much was asked at once.",
                "Wait a moment and try again.",
            );
            let answer = Answer::Refused { failure };
            let number = asked.number;
            return self.faces.send(id, &ToFace::Answer { number, answer });
        };
        let worker = Rc::clone(self);
        spawn_local(async move {
            let answer = worker.obey(id, asked.command).await;
            let number = asked.number;
            worker.faces.send(id, &ToFace::Answer { number, answer });
            drop(turn);
        });
    }

    async fn obey(self: &Rc<Self>, face: PortId, command: Command) -> Answer {
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
            } => {
                self.share_url(Wanted {
                    url,
                    tab,
                    page,
                    name,
                    ..Wanted::default()
                })
                .await
            }
            Command::ShareFiles {
                key,
                files,
                together,
            } => self.share_files(&key, files, together).await,
            Command::Save { id } => match self.save(&id).await {
                Ok(()) => Answer::Done { id: Some(id) },
                Err(failure) => Answer::Refused { failure },
            },
            Command::Reconnect => {
                self.reconnect().await;
                Answer::Done { id: None }
            }
            Command::TestIpfs { rpc, gateway } => match own_ipfs::test(&rpc, &gateway).await {
                Ok(()) => Answer::Done { id: None },
                Err(failure) => Answer::Refused { failure },
            },
            Command::ShareAgain { id } => {
                self.fresh.borrow_mut().insert(id.clone(), None);
                self.engine.command(Command::ShareAgain { id }).await
            }
            command => self.engine.command(command).await,
        }
    }

    fn watch(&self, face: PortId) {
        let state = self.engine.state();
        let seq = state.seq;
        let message = ToFace::State {
            state: Box::new(state),
            defaults: self.defaults.clone(),
        };
        self.faces.watch(face, &message, seq);
        if !self.waiting.borrow().is_empty() {
            self.faces.send(face, &self.access());
        }
    }

    async fn reconnect(&self) {
        let asked = self.peer.reconnect().await.map_err(|why| why.to_string());
        grumble("the peer has ended", asked);
    }

    /// Looks at an event that was written down.
    fn observe(self: &Rc<Self>, event: &Event) {
        let worker = Rc::clone(self);
        match &event.kind {
            EventKind::ShareBegan { id, .. } => {
                self.fresh.borrow_mut().entry(id.clone()).or_default();
            }
            EventKind::Hashed { id, .. } => {
                let id = id.clone();
                spawn_local(async move { worker.make_thumbnail(&id).await });
            }
            EventKind::Merged { id, into } => {
                let Some(clicked) = self.fresh.borrow_mut().remove(id) else {
                    return;
                };
                self.fresh.borrow_mut().insert(into.clone(), clicked);
                if self.status_of(into) == Some(Status::Shared) {
                    let into = into.clone();
                    spawn_local(async move { worker.tell_shared(&into).await });
                }
            }
            EventKind::Status { id, status } => {
                let id = id.clone();
                match status {
                    Status::Shared => spawn_local(async move { worker.tell_shared(&id).await }),
                    Status::Done => spawn_local(async move { worker.tell_fetched(id).await }),
                    Status::Failed { failure } => {
                        let failure = failure.clone();
                        spawn_local(async move { worker.tell_failed(&id, &failure).await });
                    }
                    _ => {}
                }
            }
            EventKind::Confirmed { ids } => {
                // Most of them were shared long ago; who shares one of them anew just now is told.
                let ids: Vec<ItemId> = {
                    let fresh = self.fresh.borrow();
                    let is_fresh = |id: &&ItemId| fresh.contains_key(*id);
                    ids.iter().filter(is_fresh).cloned().collect()
                };
                spawn_local(async move {
                    for id in ids {
                        worker.tell_shared(&id).await;
                    }
                });
            }
            EventKind::Settings { settings } => {
                let nodes = addresses(&settings.nodes);
                spawn_local(async move {
                    let set = worker.peer.set_nodes(nodes).await;
                    grumble("the nodes were not set", set.map_err(|why| why.to_string()));
                });
            }
            EventKind::Removed { id } => {
                self.fresh.borrow_mut().remove(id);
            }
            EventKind::Progress { .. }
                if event.at.saturating_sub(self.shown_at.get()) < BADGE_EVERY_MS =>
            {
                return;
            }
            EventKind::Log { .. } => return,
            _ => {}
        }
        self.show_badge();
    }

    fn status_of(&self, id: &ItemId) -> Option<Status> {
        self.engine
            .with_state(|state| state.items.get(id).map(|item| item.status.clone()))
    }

    /// Makes the badge say how it is, where it does not yet.
    pub(crate) fn show_badge(&self) {
        let now = self
            .engine
            .with_state(|state| badge(state, self.waiting.borrow().len()));
        self.shown_at.set(browser::now_ms());
        let mut shown = self.shown.borrow_mut();
        if shown.as_ref() != Some(&now) {
            *shown = Some(now.clone());
            spawn_local(async move { browser::badge(&now.text, now.colour, &now.title).await });
        }
    }

    async fn tell_shared(&self, id: &ItemId) {
        // What was announced again after a start is no news.
        let Some(clicked) = self.fresh.borrow_mut().remove(id) else {
            return;
        };
        let described = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            Some((item.name.clone(), item.cid.as_ref()?.parse().ok()?))
        });
        let Some((name, cid)) = described else {
            return;
        };
        let settings = self.engine.settings();
        let mut copied = false;
        if let (true, Some((tab, frame))) = (settings.copy_link, clicked) {
            let arguments = ["copy".into(), link(&cid).into()];
            let ran = browser::in_page(tab, frame, &arguments).await;
            copied = ran.as_ref().is_ok_and(JsValue::is_truthy);
            grumble("the link was not copied", ran);
        }
        if settings.notify {
            let what = if copied {
                "Others can fetch it now, while this browser is open. Its link is on the clipboard."
            } else {
                "Others can fetch it now, while this browser is open. The Fluence button has its link."
            };
            browser::notify(&notification(id), &format!("{name} is shared"), what).await;
        }
    }

    async fn tell_fetched(self: Rc<Self>, id: ItemId) {
        let item = self
            .engine
            .with_state(|state| state.items.get(&id).cloned());
        let Some(item) = item.filter(|item| item.origin == Origin::Fetch) else {
            return;
        };
        let settings = self.engine.settings();
        let to_be_saved = settings.save_fetched && item.saved_as.is_none();
        // Before all that takes time: the browser may end meanwhile.
        let intended = to_be_saved && self.saver.intend(&id).await;
        if settings.notify {
            browser::notify(
                &notification(&id),
                &format!("{} is here", item.name),
                "All of it came, and every byte of it was checked.",
            )
            .await;
        }
        spawn_local({
            let (worker, id) = (Rc::clone(&self), id.clone());
            async move { worker.make_thumbnail(&id).await }
        });
        if intended {
            self.tell_unless_done(self.save_intended(&id).await).await;
        }
    }

    async fn tell_failed(&self, id: &ItemId, failure: &Failure) {
        self.fresh.borrow_mut().remove(id);
        let name = self
            .engine
            .with_state(|state| state.items.get(id).map(|item| item.name.clone()));
        if let (true, Some(name)) = (self.engine.settings().notify, name) {
            browser::notify(
                &notification(id),
                &format!("{name}: {}", failure.what),
                &failure.advice,
            )
            .await;
        }
    }

    /// Tells what belongs to no item: open faces, and a notification.
    pub(crate) async fn tell(&self, failure: Failure) {
        if self.engine.settings().notify {
            browser::notify("fluence", &failure.what, &failure.advice).await;
        }
        self.engine
            .record(vec![EventKind::Notice { failure }])
            .await;
    }

    async fn tell_unless_done(&self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.tell(failure).await;
        }
    }

    async fn make_thumbnail(&self, id: &ItemId) {
        let picture = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            let mime = item.mime.clone().unwrap_or_default();
            // Vector pictures cannot be drawn without a page.
            let drawable = mime.starts_with("image/") && mime != "image/svg+xml";
            let small = item.size.is_some_and(|size| size <= thumbnail::MAX_PICTURE);
            (drawable && small && item.thumbnail.is_none()).then_some(mime)
        });
        let Some(mime) = picture else {
            return;
        };
        let Ok((source, _)) = self.engine.platform().store().open(id).await else {
            return;
        };
        // What is no picture after all has none.
        if let Ok(blob) = typed(source.blob(), &mime)
            && let Ok(data_url) = thumbnail::of(&blob).await
        {
            let id = id.clone();
            self.engine
                .record(vec![EventKind::Thumbnail { id, data_url }])
                .await;
        }
    }

    async fn save(&self, id: &ItemId) -> Result<(), Failure> {
        if self.saver.intend(id).await {
            self.save_intended(id).await
        } else {
            // It is on its way.
            Ok(())
        }
    }

    async fn save_intended(&self, id: &ItemId) -> Result<(), Failure> {
        let name = self
            .engine
            .with_state(|state| state.items.get(id).map(|item| item.name.clone()));
        let Some(name) = name else {
            self.saver.forget(id).await;
            return Err(failure(
                "gone",
                "That file is not in the list any more.",
                "Fetch it again.",
            ));
        };
        let not_saved = |why: String, advice: &str| {
            failure(
                "not_saved",
                &format!("{name} was not saved: {why}."),
                advice,
            )
        };
        let (blob, file_name) = match self.file_of(id, &name).await {
            Ok(file) => file,
            Err(why) => {
                self.saver.forget(id).await;
                return Err(not_saved(why.to_string(), "Fetch it again."));
            }
        };
        self.saver
            .save(id, &blob, &file_name)
            .await
            .map_err(|why| not_saved(why, "Choose Save to try again."))
    }

    /// What is saved of an item, and under which name: its bytes, or a ZIP of a directory's.
    async fn file_of(&self, id: &ItemId, name: &str) -> Result<(Blob, String), StoreError> {
        let (source, dag) = self.engine.platform().store().open(id).await?;
        let (blob, ending) = if dag.is_directory() {
            let checksums = zip::checksums(&dag, &source, |_| {}).await?;
            (
                blob_of_pieces(&zip::pieces(&dag, &source, &checksums))?,
                ".zip",
            )
        } else {
            (source.blob().clone(), "")
        };
        // Without a type the browser looks for one in the bytes, and changes the name's ending after it.
        let blob = typed(&blob, "application/octet-stream").map_err(database::error)?;
        let name = name.strip_suffix(ending).unwrap_or(name);
        Ok((blob, safe_file_name(&format!("{name}{ending}"))))
    }

    async fn look_at_downloads(self: Rc<Self>) {
        for saved in self.saver.look().await {
            match saved {
                Saved::Done(id, name) => {
                    self.engine
                        .record(vec![EventKind::Saved { id, name }])
                        .await;
                }
                Saved::Again(id) => {
                    let saved = self.save_intended(&id).await;
                    self.tell_unless_done(saved).await;
                }
                Saved::Failed(id, why) => {
                    let line = format!("It was not saved: the browser says {why}.");
                    self.engine.record(vec![EventKind::Log { id, line }]).await;
                    self.tell(failure(
                        "not_saved",
                        &format!("A file was not saved to the download folder ({why})."),
                        "Choose Save to try again; look whether there is room on the disk.",
                    ))
                    .await;
                }
            }
        }
    }
}

fn notification(id: &ItemId) -> String {
    format!("item:{}", id.0)
}

/// Those of the addresses that are addresses.
fn addresses(nodes: &[String]) -> Vec<Multiaddr> {
    nodes.iter().filter_map(|node| node.parse().ok()).collect()
}

/// The same bytes, of a type.
fn typed(blob: &Blob, mime: &str) -> Result<Blob, JsValue> {
    blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), mime)
}
