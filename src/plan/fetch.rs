//! Fetching: who has it, where it can be had, and what is done when that is not true.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, FutureExt, select};
use futures::stream::{LocalBoxStream, StreamExt};

use super::Engine;
use super::download::{Ended, Pulse, Reason, Sink};
use super::failure::{bytes_text, failure, host, of_call, of_store, quote};
use super::jobs::{JobKind, Stop};
use super::journal::log_line;
use super::pace::{Meter, backoff};
use super::share::{DIRECTORY, safe_mime};
use super::together::SEGMENT;
use crate::Cid;
use crate::call::{
    DEADLINE_MS, ErrorCode, FileArgs, FileOk, MultiaddrArgs, MultiaddrOk, Reply, Request,
};
use crate::content::walk::{Limits, Walk};
use crate::names::{FunctionName, canonical, safe_file_name};
use crate::ports::{Network, NetworkError, Partial, PeerName, Platform, Store, StoreError};
use crate::state::{EventKind, Failure, Item, ItemId, Origin, Status};
use crate::storage::url_of;

/// Fetches that run at the same time; the others wait.
pub(super) const FETCHES_AT_ONCE: usize = 8;
/// How long a call to a provider may take.
const CALL_PATIENCE: Duration = Duration::from_millis(DEADLINE_MS);
/// When nothing new has come for so long, others are asked.
const STALL_MS: u64 = 10_000;
/// When nothing new has come for so long, a storage is given up.
const PATIENCE_MS: u64 = 60_000;
/// When no new block has come for so long, from whomever, the fetch ends.
const MAX_WITHOUT_BLOCK_MS: u64 = 180_000;
/// How long a fetch waits for the network.
const OFFLINE_PATIENCE: Duration = Duration::from_secs(30);
/// Look-ups without a new block in between, and those among them that found nobody to ask.
const MAX_LOOKUPS: u32 = 4;
const MAX_LOOKUPS_IN_VAIN: u32 = 2;
/// The waits between look-ups.
const LOOKUP_BASE: Duration = Duration::from_secs(3);
const LOOKUP_MOST: Duration = Duration::from_secs(15);
/// The providers of one look-up that are asked.
const MAX_PROVIDERS: usize = 20;
/// How often a provider may fail before it is not asked again in this fetch.
const MAX_STRIKES: u32 = 3;

/// Nodes whose storages are looked into when no provider is left, and how long that may take.
const MAX_STORAGES: usize = 10;
const STORAGES_PATIENCE: Duration = Duration::from_secs(20);
const STORAGE_PATIENCE: Duration = Duration::from_secs(5);

/// When a download has run so long, will take as long again, and lacks so many bytes, other storages that have the file
/// are used together with the first; so many of them.
const TOGETHER_AFTER_MS: u64 = 4_000;
const TOGETHER_LEAST: u64 = 2 * SEGMENT;
const MAX_HELPERS: usize = 2;

/// A storage that has the file, or will have it soon.
#[derive(Debug, Clone)]
struct Place {
    /// Who named it.
    peer: PeerName,
    url: String,
    /// What a provider told about the file; `None` where the storage itself said that it has it.
    told: Option<FileOk>,
    /// Base URLs of other storages that have it too.
    helpers: Vec<String>,
}

/// A provider named no place.
struct NoPlace {
    /// How much that counts against it.
    strikes: u32,
    /// In how many milliseconds it wants to be asked again.
    again_in: Option<u64>,
    /// Whether it said so itself.
    answered: bool,
    failure: Failure,
}

/// The search for places.
struct Hunt<P: Platform> {
    engine: Engine<P>,
    id: ItemId,
    cid: Cid,
    name: FunctionName,
    lookup: Option<LocalBoxStream<'static, PeerName>>,
    strikes: HashMap<PeerName, u32>,
    /// Base URLs of storages that sent wrong bytes.
    banned: HashSet<String>,
    /// Base URLs of storages that were used without a provider.
    leftovers: HashSet<String>,
    /// Places that were named while another one was used.
    spare: VecDeque<Place>,
    /// The providers that were asked since the look-up began.
    asked: u32,
    /// When the first of them that is busy wants to be asked again, in Unix milliseconds.
    busy_until: Option<u64>,
    /// Providers whose last answer was that they do not give it, and why.
    denied: HashMap<PeerName, Failure>,
    /// The last thing that went wrong; wrong bytes stay the reason whatever comes after.
    last: Option<Failure>,
}

impl<P: Platform> Hunt<P> {
    /// The next place, by asking one provider after the other; `None` at the end of a look-up.
    async fn next(&mut self, quiet: bool) -> Option<Place> {
        while let Some(place) = self.spare.pop_front() {
            if !self.banned.contains(&place.url) {
                return Some(place);
            }
        }
        loop {
            let engine = self.engine.clone();
            let lookup = self.lookup.get_or_insert_with(|| {
                let found = engine.0.platform.network().providers(self.name.clone());
                found.take(MAX_PROVIDERS).boxed_local()
            });
            let Some(peer) = lookup.next().await else {
                self.lookup = None;
                return None;
            };
            if self.strikes.get(&peer).is_some_and(|n| *n >= MAX_STRIKES) {
                continue;
            }
            self.asked += 1;
            if !quiet {
                let status = Status::Asked { peer: quote(&peer) };
                engine.set_status(&self.id, status).await;
            }
            match self.ask(&peer).await {
                Ok(place) => {
                    self.denied.remove(&peer);
                    return Some(place);
                }
                Err(NoPlace {
                    strikes,
                    again_in,
                    answered,
                    failure,
                }) => {
                    if answered {
                        self.denied.insert(peer.clone(), failure.clone());
                    }
                    engine.log(&self.id, format!("{}: {}", quote(&peer), failure.what));
                    let struck = self.strikes.entry(peer).or_default();
                    *struck += strikes;
                    if let Some(again_in) = again_in
                        && *struck < MAX_STRIKES
                    {
                        let until = engine.now().saturating_add(again_in);
                        let first = self.busy_until.map_or(until, |first| first.min(until));
                        self.busy_until = Some(first);
                    }
                    self.remember(failure);
                }
            }
        }
    }

    /// How long to wait before the next look-up, after so many: as long as a busy provider asks for, and no longer than
    /// there is patience, in milliseconds.
    fn wait(&mut self, lookups: u32, patience: u64) -> Duration {
        let random = self.engine.0.platform.random();
        let wait = backoff(LOOKUP_BASE, LOOKUP_MOST, lookups, random);
        let busy = self.busy_until.take().unwrap_or_default();
        let busy = Duration::from_millis(busy.saturating_sub(self.engine.now()));
        wait.max(busy.min(Duration::from_millis(patience)))
    }

    /// Why there is no use in waiting for this provider's storage, if the provider itself says so: what it began to
    /// upload there will not come.
    fn denied(&self, peer: &PeerName) -> Option<Failure> {
        let struck_out = self.strikes.get(peer).is_some_and(|n| *n >= MAX_STRIKES);
        self.denied.get(peer).filter(|_| struck_out).cloned()
    }

    /// Asks one provider.
    async fn ask(&self, peer: &PeerName) -> Result<Place, NoPlace> {
        let request = Request::new(self.name.clone(), &FileArgs::default());
        let network = self.engine.0.platform.network();
        let called = network
            .call(peer.clone(), request, CALL_PATIENCE)
            .await
            .and_then(|reply| Ok(reply.into_result::<FileOk>()?));
        let told = called.map_err(|error| {
            let strikes = match &error {
                NetworkError::Call(error) => match error.code {
                    ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::Internal => 1,
                    _ => MAX_STRIKES,
                },
                NetworkError::Malformed => MAX_STRIKES,
                _ => 1,
            };
            let again_in = match &error {
                NetworkError::Call(error) => error.retry_after_ms,
                _ => None,
            };
            NoPlace {
                strikes,
                again_in,
                answered: matches!(error, NetworkError::Call(_)),
                failure: of_provider(&error),
            }
        })?;
        let bad = |what: String| NoPlace {
            strikes: MAX_STRIKES,
            again_in: None,
            answered: true,
            failure: failure(
                "bad_answer",
                what,
                "Ask whoever shared it to look at their list.",
            ),
        };
        let multiaddr = told
            .multiaddr
            .as_deref()
            .ok_or_else(|| bad("The provider named no storage.".to_owned()))?;
        let url = url_of(multiaddr).map_err(|error| bad(format!("{error}.")))?;
        if self.banned.contains(&url) {
            let what = format!("The provider names {}, which sent wrong bytes.", host(&url));
            let advice = "Try again later, or find another provider.";
            return Err(NoPlace {
                strikes: MAX_STRIKES,
                again_in: None,
                answered: true,
                failure: failure("wrong_bytes", what, advice),
            });
        }
        Ok(Place {
            peer: peer.clone(),
            url,
            told: Some(told),
            helpers: Vec::new(),
        })
    }

    /// A storage that still has the block that is needed next, although nobody offers the file any more.
    async fn leftover(&mut self, next: Cid) -> Option<Place> {
        let passed = |url: &str| self.banned.contains(url) || self.leftovers.contains(url);
        let (peer, url) = self.storages_with(&next, 1, passed).await.pop()?;
        // Once: what it lacks further on, it goes on lacking.
        self.leftovers.insert(url.clone());
        Some(Place {
            peer,
            url,
            told: None,
            helpers: Vec::new(),
        })
    }

    /// Other storages that have the file.
    async fn helpers(&self, than: &str) -> Vec<String> {
        let passed = |url: &str| url == than || self.banned.contains(url);
        let found = self.storages_with(&self.cid, MAX_HELPERS, passed).await;
        found.into_iter().map(|(_, url)| url).collect()
    }

    /// Nodes whose storages have a block now. Asking for that moves nothing.
    async fn storages_with(
        &self,
        cid: &Cid,
        most: usize,
        passed: impl Fn(&str) -> bool,
    ) -> Vec<(PeerName, String)> {
        let network = self.engine.0.platform.network();
        let nodes = network
            .providers(FunctionName::multiaddr())
            .take(MAX_STORAGES);
        let mut nodes = std::pin::pin!(nodes);
        let mut found: Vec<(PeerName, String)> = Vec::new();
        while found.len() < most {
            let Some(node) = nodes.next().await else {
                break;
            };
            let request = Request::new(FunctionName::multiaddr(), &MultiaddrArgs::default());
            let reply = network.call(node.clone(), request, STORAGE_PATIENCE).await;
            let Ok(Ok(ok)) = reply.map(Reply::into_result::<MultiaddrOk>) else {
                continue;
            };
            let Ok(url) = url_of(&ok.multiaddr) else {
                continue;
            };
            let twice = found.iter().any(|(_, other)| *other == url);
            if !twice && !passed(&url) && self.engine.has(&url, cid).await {
                found.push((node, url));
            }
        }
        found
    }

    fn remember(&mut self, failure: Failure) {
        let wrong = |failure: &Failure| failure.code == "wrong_bytes";
        if !self.last.as_ref().is_some_and(wrong) {
            self.last = Some(failure);
        }
    }

    /// Why the fetch did not succeed.
    fn verdict(&self) -> Failure {
        self.last.clone().unwrap_or_else(|| {
            failure(
                "no_provider",
                "Nobody who has this file could be found.",
                "Check the hash, or ask whoever shared it to open their browser; then choose Resume.",
            )
        })
    }
}

fn of_provider(error: &NetworkError) -> Failure {
    match error {
        NetworkError::Offline => offline(),
        NetworkError::Call(call) if call.code == ErrorCode::Refused => failure(
            "refused",
            format!("The provider refused: {}", quote(&call.message)),
            "Ask whoever shared it, or try again later.",
        ),
        error => failure(
            "provider_gone",
            format!("A provider was found, but {}.", of_called(error)),
            "Ask whoever shared it to open their browser; then choose Resume.",
        ),
    }
}

fn of_called(error: &NetworkError) -> String {
    match error {
        NetworkError::Call(_) => format!("it {}", of_call(error)),
        NetworkError::Unreachable => "it cannot be reached".to_owned(),
        NetworkError::NoReply => "it did not answer in time".to_owned(),
        other => other.to_string(),
    }
}

fn offline() -> Failure {
    failure(
        "offline",
        "There is no connection to the network.",
        "It goes on by itself when the connection is back.",
    )
}

/// Whether a fetch that ended so may have ended because this machine had no network, without knowing that yet.
pub(super) fn was_cut_off(failure: &Failure) -> bool {
    matches!(
        failure.code.as_str(),
        "stalled" | "storage_gone" | "provider_gone" | "no_provider"
    )
}

/// Whether a download that took so long since it stood at `before` will take as long again.
fn worth_company(pulse: &Pulse, took_ms: u64, before: u64) -> bool {
    let offset = pulse.offset.get();
    let Some(size) = pulse.size.get() else {
        return false;
    };
    let left = size.saturating_sub(offset);
    let came = offset.saturating_sub(before).max(1);
    left >= TOGETHER_LEAST && left.saturating_mul(took_ms) / came >= TOGETHER_AFTER_MS
}

/// What watching a download came to.
enum Watched {
    /// It goes on, but these storages have it too.
    Together(Vec<String>),
    /// It stalls, and this place is better.
    Switch(Place),
    /// It stalls, and there is no other; with what its provider says about that, if it does.
    GaveUp(Option<Failure>),
}

impl<P: Platform> Engine<P> {
    /// Starts a fetch whose status says that it runs.
    pub(super) fn start_fetch(&self, id: &ItemId, cid: Cid) {
        let (engine, job_id) = (self.clone(), id.clone());
        self.start_stoppable_job(JobKind::In, id, |stop| async move {
            let id = job_id;
            let slot = engine.0.fetching.take();
            let slot = std::pin::pin!(slot);
            let _slot = match select(slot, stop.clone()).await {
                Either::Left((slot, _)) => slot,
                Either::Right(_) => return,
            };
            if let Err((failure, resumable)) = engine.fetch(&id, cid, stop).await {
                if !resumable {
                    engine.forget_bytes(&id).await;
                }
                // Last, so that whoever sees it can try again at once.
                engine.fail(&id, failure, resumable);
            }
        });
    }

    /// Fetches; an error comes with whether the fetch can go on from what is here.
    async fn fetch(&self, id: &ItemId, cid: Cid, stop: Stop) -> Result<(), (Failure, bool)> {
        // Nothing is forgotten because a disk failed for a moment.
        let of_store = |error: StoreError| (of_store(&error, Origin::Fetch), true);
        let store = self.0.platform.store();
        if let Ok((_, dag)) = store.open(id).await {
            self.fetched(id, &dag).await;
            return Ok(());
        }
        let mut partial = store.partial(id).await.map_err(of_store)?;
        let limits = Limits {
            size: self.settings().max_file,
            ..Limits::default()
        };
        let blocks = partial.blocks();
        let bytes: u64 = blocks.iter().map(|block| block.len).sum();
        let walk = match Walk::resume(cid, limits, &blocks) {
            Ok(walk) if bytes == partial.len() => walk,
            _ => {
                drop(partial);
                store.remove(id).await.map_err(of_store)?;
                self.log(id, "What was kept of it was damaged; beginning again.");
                partial = store.partial(id).await.map_err(of_store)?;
                Walk::new(cid, limits)
            }
        };
        let size = walk.size().or(self.item(id, |item| item.size).flatten());
        let now = self.now();
        let pulse = Rc::new(Pulse::new(now, &walk));
        let mut sink = Sink {
            engine: self.clone(),
            id: id.clone(),
            meter: Meter::new(now, walk.offset(), size),
            walk,
            partial,
            pulse: Rc::clone(&pulse),
            fresh: 0,
            since_block: 0,
            since_sign: 0,
        };
        let fetched = {
            let looking = std::pin::pin!(self.keep_looking(&pulse));
            let gather = std::pin::pin!(self.gather(id, &cid, &mut sink, stop));
            match select(looking, gather).await {
                Either::Left((never, _)) => match never {},
                Either::Right((fetched, _)) => fetched,
            }
        };
        if sink.fresh > 0 {
            self.0.resumed.borrow_mut().remove(id);
        }
        let kept = !sink.walk.blocks().is_empty();
        match fetched {
            Ok(true) => {}
            Ok(false) => {
                sink.partial.flush().await.map_err(of_store)?;
                return Ok(());
            }
            Err(failure) => {
                // What was verified is kept as far as it can be.
                let flushed = sink.partial.flush().await;
                let useless = failure.code == "bad_dag";
                if kept && !useless {
                    let bytes = bytes_text(sink.walk.offset());
                    self.log(id, format!("{bytes} of it are here, verified."));
                }
                if let Err(error) = flushed {
                    self.log(id, format!("The last of it could not be written: {error}"));
                }
                return Err((failure, kept && !useless));
            }
        }
        let dag = sink
            .walk
            .finish()
            .map_err(|error| (failure("bad_dag", format!("{error}."), "Try again."), false))?;
        sink.partial.finish(dag.clone()).await.map_err(of_store)?;
        self.fetched(id, &dag).await;
        Ok(())
    }

    /// Finds places and takes from them until all is here; `false` when it was told to stop.
    async fn gather(
        &self,
        id: &ItemId,
        cid: &Cid,
        sink: &mut Sink<P>,
        stop: Stop,
    ) -> Result<bool, Failure> {
        match sink.take_inline().await {
            Ok(()) => {}
            Err(Ended::Fatal(failure)) => return Err(failure),
            Err(_) => {}
        }
        if sink.walk.is_done() {
            return Ok(true);
        }
        let mut hunt = Hunt {
            engine: self.clone(),
            id: id.clone(),
            cid: *cid,
            name: FunctionName::file(cid),
            lookup: None,
            strikes: HashMap::new(),
            banned: HashSet::new(),
            leftovers: HashSet::new(),
            spare: VecDeque::new(),
            asked: 0,
            busy_until: None,
            denied: HashMap::new(),
            last: None,
        };
        let (mut lookups, mut in_vain, mut fresh) = (0, 0, 0);
        loop {
            if sink.fresh > fresh {
                fresh = sink.fresh;
                (lookups, in_vain) = (0, 0);
            }
            let place = {
                let next = std::pin::pin!(self.next_place(&mut hunt));
                match select(next, stop.clone()).await {
                    Either::Left((place, _)) => place?,
                    Either::Right(_) => return Ok(false),
                }
            };
            let place = match (place, sink.walk.next_cid()) {
                (None, Some(next)) => {
                    let left = std::pin::pin!(self.within(STORAGES_PATIENCE, hunt.leftover(next)));
                    match select(left, stop.clone()).await {
                        Either::Left((place, _)) => place.flatten(),
                        Either::Right(_) => return Ok(false),
                    }
                }
                (place, _) => place,
            };
            match place {
                Some(place) => {
                    self.describe(id, &place, sink).await;
                    sink.pulse.alive.set(self.now());
                    if self.follow(&place, sink, &mut hunt, &stop).await? {
                        return Ok(true);
                    }
                    if stop.clone().now_or_never().is_some() {
                        return Ok(false);
                    }
                }
                None => {
                    lookups += 1;
                    in_vain += u32::from(std::mem::take(&mut hunt.asked) == 0);
                    if lookups >= MAX_LOOKUPS || in_vain >= MAX_LOOKUPS_IN_VAIN {
                        return Err(hunt.verdict());
                    }
                    let barren = self.now().saturating_sub(sink.pulse.last_block.get());
                    // So that it is asked once more.
                    let left = MAX_WITHOUT_BLOCK_MS.saturating_sub(barren + DEADLINE_MS);
                    self.set_status(id, Status::Searching).await;
                    let wait = self.0.platform.sleep(hunt.wait(lookups - 1, left));
                    if let Either::Left(_) = select(stop.clone(), wait).await {
                        return Ok(false);
                    }
                }
            }
            let now = sink.pulse.look(self.now());
            if now.saturating_sub(sink.pulse.last_block.get()) >= MAX_WITHOUT_BLOCK_MS {
                return Err(hunt.verdict());
            }
        }
    }

    async fn next_place(&self, hunt: &mut Hunt<P>) -> Result<Option<Place>, Failure> {
        if !self.wait_online(OFFLINE_PATIENCE).await {
            return Err(offline());
        }
        Ok(hunt.next(false).await)
    }

    /// Writes down what the provider told, made safe.
    async fn describe(&self, id: &ItemId, place: &Place, sink: &mut Sink<P>) {
        let nothing = FileOk::default();
        let told = place.told.as_ref().unwrap_or(&nothing);
        let Some(item) = self.item(id, Item::clone) else {
            return;
        };
        sink.meter.expect(sink.walk.size().or(told.size));
        // The first one who says something is believed, so that a name does not change under a person's eyes.
        let name = told
            .name
            .as_deref()
            .filter(|_| Some(&item.name) == item.cid.as_ref())
            .map(safe_file_name);
        let mime = told
            .mime
            .as_deref()
            .filter(|_| item.mime.is_none())
            .and_then(safe_mime);
        let size = sink
            .walk
            .size()
            .or(told.size)
            .filter(|_| item.size.is_none());
        let (who, at) = (quote(&place.peer), host(&place.url));
        let line = match &place.told {
            Some(_) => format!("{who} says that it is at {at}."),
            None => format!("Nobody offers it at the moment, but storage at {at} still has it."),
        };
        let mut events = Vec::new();
        if place.helpers.is_empty() {
            events.push(log_line(id, line));
        }
        if name.is_some() || mime.is_some() || size.is_some() {
            events.push(EventKind::Described {
                id: id.clone(),
                name,
                mime,
                size,
            });
        }
        events.push(EventKind::Status {
            id: id.clone(),
            status: Status::Downloading {
                from: host(&place.url),
            },
        });
        self.write(events).await;
    }

    /// Takes from one place while watching that it goes on. Whether all is here now.
    async fn follow(
        &self,
        place: &Place,
        sink: &mut Sink<P>,
        hunt: &mut Hunt<P>,
        stop: &Stop,
    ) -> Result<bool, Failure> {
        let (cancel, cancelled) = oneshot::channel::<()>();
        // Either of the two ends the download; a dropped sender is no message.
        let stop_or_cancel = {
            let stop = stop.clone();
            let (sender, receiver) = oneshot::channel();
            self.spawn(async move {
                let told = select(stop, cancelled).await;
                match told {
                    Either::Left(_) | Either::Right((Ok(()), _)) => {
                        // The download may have ended.
                        let _ = sender.send(());
                    }
                    Either::Right((Err(_), _)) => {}
                }
            });
            receiver.shared()
        };
        let (pulse, id) = (Rc::clone(&sink.pulse), sink.id.clone());
        let ((number, ended), watched) = {
            let work = std::pin::pin!(self.pull_from(place, sink, stop_or_cancel));
            let watch = std::pin::pin!(self.watch(&id, place, hunt, pulse));
            match select(work, watch).await {
                Either::Left((ended, _)) => (ended, None),
                Either::Right((watched, work)) => {
                    // It ends where it writes nothing.
                    let _ = cancel.send(());
                    (work.await, Some(watched))
                }
            }
        };
        let stalled = watched.is_some();
        let mut denied = None;
        match watched {
            Some(Watched::GaveUp(said)) => denied = said,
            Some(Watched::Switch(other)) => {
                self.log(&id, format!("Going on from {}.", host(&other.url)));
                hunt.spare.push_back(other);
            }
            Some(Watched::Together(helpers)) if matches!(ended, Ended::Stopped) => {
                let names: Vec<String> = helpers.iter().map(|url| host(url)).collect();
                let names = names.join(" and ");
                self.log(&id, format!("{names} has it too: they are used together."));
                hunt.spare.push_front(Place {
                    helpers,
                    ..place.clone()
                });
                return Ok(false);
            }
            _ => {}
        }
        let helper = number.checked_sub(1).and_then(|n| place.helpers.get(n));
        let url = helper.unwrap_or(&place.url);
        let from = host(url);
        match ended {
            Ended::Whole => return Ok(true),
            Ended::Fatal(failure) => return Err(failure),
            Ended::Wrong(reason) => {
                hunt.banned.insert(url.clone());
                let what = format!(
                    "{from} sent wrong bytes for it (named by the provider {}): {reason}.",
                    quote(&place.peer)
                );
                self.log(&id, format!("{what} None of them was kept."));
                if helper.is_some() {
                    hunt.spare.push_front(Place {
                        helpers: Vec::new(),
                        ..place.clone()
                    });
                    return Ok(false);
                }
                hunt.strikes.insert(place.peer.clone(), MAX_STRIKES);
                hunt.last = Some(failure(
                    "wrong_bytes",
                    what,
                    "None of them was kept. Try again to ask other providers.",
                ));
            }
            Ended::Useless(Reason { text, .. })
            | Ended::Short(Reason { text, .. })
            | Ended::NoCar(text) => {
                let what = format!("Storage at {from} does not send it: {text}.");
                self.log(&id, &what);
                hunt.remember(failure(
                    "storage_gone",
                    what,
                    "Choose Resume to go on; what has come so far is kept.",
                ));
                *hunt.strikes.entry(place.peer.clone()).or_default() += 1;
            }
            Ended::Stopped => {
                if stalled {
                    hunt.remember(denied.unwrap_or_else(|| {
                        failure(
                            "stalled",
                            format!("{from} sent nothing new for too long."),
                            "Choose Resume to go on; what has come so far is kept.",
                        )
                    }));
                    *hunt.strikes.entry(place.peer.clone()).or_default() += 1;
                }
            }
        }
        Ok(false)
    }

    /// Takes from a place, with the number of the storage that ended it: 0 is the place's own.
    async fn pull_from(&self, place: &Place, sink: &mut Sink<P>, stop: Stop) -> (usize, Ended) {
        if !place.helpers.is_empty() {
            let urls: Vec<String> = [&place.url]
                .into_iter()
                .chain(&place.helpers)
                .cloned()
                .collect();
            match self.pull_together(&urls, sink, stop.clone()).await {
                (
                    number,
                    Ended::Short(Reason { text, .. })
                    | Ended::Useless(Reason { text, .. })
                    | Ended::NoCar(text),
                ) => {
                    let (id, from) = (sink.id.clone(), host(&urls[number]));
                    self.log(&id, format!("Going on with one storage; {from}: {text}."));
                }
                ended => return ended,
            }
        }
        (0, self.pull(&place.url, sink, stop).await)
    }

    /// Looks on while a place sends; when it stalls, asks others.
    async fn watch(
        &self,
        id: &ItemId,
        place: &Place,
        hunt: &mut Hunt<P>,
        pulse: Rc<Pulse>,
    ) -> Watched {
        let alive = &pulse.alive;
        let mut told_at = None;
        let mut lookups = 0;
        let (began, before) = (self.now(), pulse.offset.get());
        // When to look whether others could help.
        let mut look_at = place
            .helpers
            .is_empty()
            .then_some(began + TOGETHER_AFTER_MS);
        loop {
            let now = pulse.look(self.now());
            let silent = now.saturating_sub(alive.get());
            if silent < STALL_MS {
                match look_at {
                    Some(at) if at <= now => {
                        look_at = None;
                        if worth_company(&pulse, now.saturating_sub(began), before) {
                            let helpers = hunt.helpers(&place.url);
                            let helpers = self.within(STORAGES_PATIENCE, helpers).await;
                            if let Some(helpers) = helpers.filter(|helpers| !helpers.is_empty()) {
                                return Watched::Together(helpers);
                            }
                        }
                    }
                    _ => {
                        let until = look_at.map_or(STALL_MS, |at| at - now);
                        let wait = (STALL_MS - silent).min(until);
                        self.sleep(Duration::from_millis(wait)).await;
                    }
                }
                continue;
            }
            // What is sent again when it is asked again is a sign of life too, but none that helps.
            let barren = now.saturating_sub(pulse.last_block.get());
            if silent >= PATIENCE_MS || barren >= MAX_WITHOUT_BLOCK_MS {
                return Watched::GaveUp(None);
            }
            if told_at != Some(alive.get()) {
                told_at = Some(alive.get());
                let from = host(&place.url);
                self.log(
                    id,
                    format!("Nothing new from {from} for 10 s; asking others."),
                );
            }
            let left = Duration::from_millis(PATIENCE_MS - silent);
            let next = self.within(left, hunt.next(true)).await;
            let now = pulse.look(self.now());
            let stalls = now.saturating_sub(alive.get()) >= STALL_MS;
            match next {
                Some(Some(other)) if other.url != place.url => {
                    if stalls {
                        return Watched::Switch(other);
                    }
                    // It goes on: the other one is kept for later.
                    hunt.spare.push_back(other);
                    self.sleep(Duration::from_millis(STALL_MS)).await;
                }
                Some(Some(_)) => {}
                Some(None) => match hunt.denied(&place.peer) {
                    Some(failure) if stalls => return Watched::GaveUp(Some(failure)),
                    _ => {
                        let left = PATIENCE_MS.saturating_sub(now.saturating_sub(alive.get()));
                        self.sleep(hunt.wait(lookups, left)).await;
                        lookups += 1;
                    }
                },
                None => {}
            }
        }
    }

    /// All of it is here.
    async fn fetched(&self, id: &ItemId, dag: &crate::content::Dag) {
        let Some(item) = self.item(id, Item::clone) else {
            return;
        };
        let directory = dag.is_directory();
        let name = (directory && !item.name.ends_with(".zip")).then(|| {
            let mut name = item.name.clone();
            name.push_str(".zip");
            safe_file_name(&name)
        });
        let mime = directory.then(|| DIRECTORY.to_owned());
        let provide = self.settings().provide_fetched;
        let mut events = vec![
            log_line(
                id,
                format!(
                    "All of it is here, {}, and verified.",
                    bytes_text(dag.len())
                ),
            ),
            EventKind::Described {
                id: id.clone(),
                name,
                mime,
                size: Some(dag.len()),
            },
            EventKind::Hashed {
                id: id.clone(),
                cid: canonical(&dag.root),
                size: dag.len(),
                files: directory.then(|| dag.file_count()),
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Done,
            },
        ];
        if provide {
            events.push(EventKind::Providing {
                id: id.clone(),
                providing: true,
            });
        }
        self.write(events).await;
        if provide {
            self.offer(id, &dag.root);
        }
    }
}
