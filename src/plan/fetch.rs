//! Fetches a file from the storages that have it, and turns to others if one fails.

use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, FutureExt, select};

use super::Engine;
use super::download::{Ended, Pulse, Sink};
use super::jobs::{JobKind, Stop};
use super::journal::log_line;
use super::pace::Meter;
use super::parallel::SEGMENT;
use super::search::{Candidate, Search};
use super::share::DIRECTORY;
use crate::Cid;
use crate::call::{DEADLINE_MS, FileOk};
use crate::content::Dag;
use crate::content::walk::{Limits, Walk};
use crate::failure::{Code, Failure};
use crate::names::{canonical, chosen_name, mime_of};
use crate::ports::{Partial, Platform, Store, StoreError};
use crate::private::SEALED;
use crate::state::{EventKind, Item, ItemId, LogEntry, Status};
use crate::text::{host_of, quote};

/// The most fetches that run at the same time; the others wait.
pub(super) const FETCHES_AT_ONCE: usize = 8;
/// After how long without anything new other providers are asked, in milliseconds.
const STALL_MS: u64 = 10_000;
/// After how long without anything new a storage is given up, in milliseconds.
pub(super) const PATIENCE_MS: u64 = 60_000;
/// After how long without a new block from any storage the fetch ends, in milliseconds.
pub(super) const MAX_WITHOUT_BLOCK_MS: u64 = 180_000;
/// How long a fetch waits for the network.
const OFFLINE_PATIENCE: Duration = Duration::from_secs(30);
/// The most look-ups without a new block in between, and the most of them that find no provider to ask.
const MAX_LOOKUPS: u32 = 4;
const MAX_LOOKUPS_IN_VAIN: u32 = 2;

/// How long it may take to ask for the name of a file that is here.
const LATE_PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to ask nodes whether their storages have a file.
const STORAGES_PATIENCE: Duration = Duration::from_secs(20);

/// If a download has run for this long, will take as long again, and lacks at least this many
/// bytes, other storages that have the file are used at the same time as the first.
const PARALLEL_AFTER_MS: u64 = 4_000;
const PARALLEL_LEAST: u64 = 2 * SEGMENT;

/// Whether a download that took `took_ms` since it was at `before` will take as long again.
fn worth_helpers(pulse: &Pulse, took_ms: u64, before: u64) -> bool {
    let offset = pulse.offset.get();
    let Some(size) = pulse.size.get() else {
        return false;
    };
    let left = size.saturating_sub(offset);
    let came = offset.saturating_sub(before).max(1);
    left >= PARALLEL_LEAST && left.saturating_mul(took_ms) / came >= PARALLEL_AFTER_MS
}

/// The result of watching a download.
enum Watched {
    /// It is well under way, and these storages have the file too.
    Parallel(Vec<String>),
    /// It stalls, and this candidate is better.
    Switch(Candidate),
    /// It stalls, and there is no other storage. The failure is what its provider says about that,
    /// if it says anything.
    GaveUp(Option<Failure>),
}

/// What a look for a storage came to.
pub(super) enum Looked {
    /// A storage that has the file, or will have it soon.
    Found(Candidate),
    /// Nobody who could be asked has named one.
    Nothing,
    /// The fetch was told to stop.
    Stopped,
}

/// How many look-ups there were since the last new block, and how many of them found no provider to ask.
#[derive(Default)]
pub(super) struct Round {
    lookups: u32,
    in_vain: u32,
}

impl<P: Platform> Engine<P> {
    /// Starts a fetch whose status says already that it runs. `asked` is the CID that its providers have
    /// ([`Item::sought`]).
    pub(super) fn start_fetch(&self, id: &ItemId, asked: Cid) {
        let (engine, job_id) = (self.clone(), id.clone());
        self.start_stoppable_job(JobKind::In, id, |stop| async move {
            let id = job_id;
            let slot = engine.0.fetching.take();
            let slot = std::pin::pin!(slot);
            let _slot = match select(slot, stop.clone()).await {
                Either::Left((slot, _)) => slot,
                Either::Right(_) => return,
            };
            if let Err((failure, resumable)) = engine.fetch(&id, asked, stop).await {
                if !resumable {
                    engine.forget_bytes(&id).await;
                }
                // This comes last, so that a second attempt can begin as soon as the failure is seen.
                engine.fail(&id, failure, resumable);
            }
        });
    }

    /// Fetches a file. An error says also whether the fetch can continue from what is here.
    async fn fetch(&self, id: &ItemId, asked: Cid, stop: Stop) -> Result<(), (Failure, bool)> {
        // A disk that fails for a moment is no reason to give up what is here.
        let of_store = |error: StoreError| (Failure::from(&error), true);
        let store = self.0.platform.store();
        if let Ok((_, dag)) = store.open(id).await {
            return self.fetched(id, &dag).await;
        }
        let mut search = Search::new(self.clone(), id.clone(), asked);
        let wanted = self.wanted(id, asked, &mut search, &stop).await;
        let Some(cid) = wanted.map_err(|failure| (failure, false))? else {
            return Ok(());
        };
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
                self.log(id, LogEntry::BeganAgain);
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
            url: String::new(),
            pulse: Rc::clone(&pulse),
            fresh: 0,
            since_block: 0,
            since_sign: 0,
        };
        let fetched = {
            let looking = std::pin::pin!(self.keep_looking(&pulse));
            let gather = std::pin::pin!(self.gather(id, &mut search, &mut sink, stop));
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
                // What was verified is kept as far as possible.
                let flushed = sink.partial.flush().await;
                let kept = kept && failure.code.kind().keeps_progress();
                if kept {
                    let size = sink.walk.offset();
                    self.log(id, LogEntry::Kept { size });
                }
                if let Err(error) = flushed {
                    let failure = Failure::from(&error);
                    self.log(id, LogEntry::DiskFailed { failure });
                }
                return Err((failure, kept));
            }
        }
        let dag = sink
            .walk
            .finish()
            .map_err(|error| (Failure::from(&error), false))?;
        sink.partial.finish(dag.clone()).await.map_err(of_store)?;
        self.0.hashed.borrow_mut().insert(id.clone());
        self.fetched(id, &dag).await
    }

    /// Finds candidates and takes from them until everything is here; returns `false` if the fetch
    /// was told to stop.
    async fn gather(
        &self,
        id: &ItemId,
        search: &mut Search<P>,
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
        let (mut round, mut fresh) = (Round::default(), 0);
        loop {
            if sink.fresh > fresh {
                fresh = sink.fresh;
                round = Round::default();
            }
            match self.look_for(search, sink.walk.next_cid(), &stop).await? {
                Looked::Found(candidate) => {
                    self.describe(id, &candidate, sink).await;
                    sink.pulse.alive.set(self.now());
                    if self.follow(&candidate, sink, search, &stop).await? {
                        return Ok(true);
                    }
                    if stop.clone().now_or_never().is_some() {
                        return Ok(false);
                    }
                }
                Looked::Nothing => {
                    let barren = self.now().saturating_sub(sink.pulse.last_block.get());
                    if !self
                        .wait_for_more(id, search, &mut round, barren, &stop)
                        .await?
                    {
                        return Ok(false);
                    }
                }
                Looked::Stopped => return Ok(false),
            }
            let now = sink.pulse.look(self.now());
            if now.saturating_sub(sink.pulse.last_block.get()) >= MAX_WITHOUT_BLOCK_MS {
                return Err(search.verdict());
            }
        }
    }

    /// Looks for a storage once: among the providers, then among the storages that have the block `next`, then in the
    /// public IPFS.
    pub(super) async fn look_for(
        &self,
        search: &mut Search<P>,
        next: Option<Cid>,
        stop: &Stop,
    ) -> Result<Looked, Failure> {
        let look = async {
            if let Some(candidate) = self.next_candidate(search).await? {
                return Ok(Looked::Found(candidate));
            }
            if let Some(next) = next {
                let left = self.within(STORAGES_PATIENCE, search.leftover(next)).await;
                if let Some(candidate) = left.flatten() {
                    return Ok(Looked::Found(candidate));
                }
            }
            let public = search.public().await;
            Ok::<_, Failure>(public.map_or(Looked::Nothing, Looked::Found))
        };
        match select(std::pin::pin!(look), stop.clone()).await {
            Either::Left((looked, _)) => looked,
            Either::Right(_) => Ok(Looked::Stopped),
        }
    }

    /// Waits before the next look-up, after nothing new has come for so many milliseconds. Returns `false` if the fetch was
    /// told to stop.
    ///
    /// # Errors
    /// The verdict of the search, if it is pointless to look again.
    pub(super) async fn wait_for_more(
        &self,
        id: &ItemId,
        search: &mut Search<P>,
        round: &mut Round,
        barren: u64,
        stop: &Stop,
    ) -> Result<bool, Failure> {
        round.lookups += 1;
        round.in_vain += u32::from(search.take_asked() == 0);
        if round.lookups >= MAX_LOOKUPS || round.in_vain >= MAX_LOOKUPS_IN_VAIN {
            return Err(search.verdict());
        }
        // This leaves time to ask once more.
        let left = MAX_WITHOUT_BLOCK_MS.saturating_sub(barren + DEADLINE_MS);
        self.set_status(id, Status::Searching).await;
        let wait = search.wait(round.lookups - 1, left);
        let wait = self.0.platform.sleep(wait);
        Ok(matches!(select(stop.clone(), wait).await, Either::Right(_)))
    }

    async fn next_candidate(&self, search: &mut Search<P>) -> Result<Option<Candidate>, Failure> {
        if let Some(candidate) = search.spare() {
            return Ok(Some(candidate));
        }
        if !self.wait_online(OFFLINE_PATIENCE).await {
            // The public IPFS needs no node.
            let candidate = search.public().await;
            return candidate.map(Some).ok_or(Code::Offline.into());
        }
        Ok(search.next(false).await)
    }

    /// Records what the provider said about the file. Its name is made safe for a disk only when it is saved.
    async fn describe(&self, id: &ItemId, candidate: &Candidate, sink: &mut Sink<P>) {
        let Some(item) = self.item(id, Item::clone) else {
            return;
        };
        let nothing = FileOk::default();
        // What is said of a folder is not said of what is in it.
        let told = candidate.told.as_ref().filter(|_| item.inside.is_none());
        let told = told.unwrap_or(&nothing);
        sink.meter.expect(sink.walk.size().or(told.size));
        // The first provider that says something is believed, so that a name does not change while a person looks at
        // it.
        // What a private share is called is in its bytes.
        let is_plain = item.key.is_none();
        let name = told
            .name
            .as_deref()
            .filter(|_| is_plain && Some(&item.name) == item.cid.as_ref())
            .map(chosen_name);
        let mime = told
            .mime
            .as_deref()
            .filter(|_| is_plain && item.mime.is_none())
            .and_then(mime_of);
        let size = sink
            .walk
            .size()
            .or(told.size)
            .filter(|_| item.size.is_none());
        let host = host_of(&candidate.url);
        let entry = match &candidate.told {
            Some(_) => LogEntry::StorageNamed {
                peer: quote(&candidate.peer),
                host,
            },
            None if candidate.is_public() => LogEntry::PublicGateway { host },
            None => LogEntry::StillStored { host },
        };
        let mut events = Vec::new();
        if candidate.helpers.is_empty() {
            events.push(log_line(id, entry));
        }
        // Whether it is a private share is found out from its bytes.
        let is_unnamed = name.is_none() && Some(&item.name) == item.cid.as_ref();
        let mime = mime.filter(|mime| !is_unnamed || mime != SEALED);
        if name.is_some() || mime.is_some() || size.is_some() {
            events.push(EventKind::Described {
                id: id.clone(),
                name,
                mime,
                size,
                validator: None,
            });
        }
        events.push(EventKind::Status {
            id: id.clone(),
            status: Status::Downloading {
                from: host_of(&candidate.url),
            },
        });
        self.record(events).await;
    }

    /// Takes blocks from one candidate while watching its progress. Returns whether everything is
    /// here now.
    async fn follow(
        &self,
        candidate: &Candidate,
        sink: &mut Sink<P>,
        search: &mut Search<P>,
        stop: &Stop,
    ) -> Result<bool, Failure> {
        let (cancel, cancelled) = oneshot::channel::<()>();
        // Either signal ends the download; a dropped sender is not a signal.
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
            let work = std::pin::pin!(self.pull_from(candidate, sink, stop_or_cancel));
            let watch = std::pin::pin!(self.watch(&id, candidate, search, pulse));
            match select(work, watch).await {
                Either::Left((ended, _)) => (ended, None),
                Either::Right((watched, work)) => {
                    // The download ends at a point where it is not writing.
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
                let host = host_of(&other.url);
                self.log(&id, LogEntry::StorageChanged { host });
                search.keep(other);
            }
            Some(Watched::Parallel(helpers)) if matches!(ended, Ended::Stopped) => {
                let hosts = helpers.iter().map(|url| host_of(url)).collect();
                self.log(&id, LogEntry::StoragesAdded { hosts });
                search.keep_first(Candidate {
                    helpers,
                    ..candidate.clone()
                });
                return Ok(false);
            }
            _ => {}
        }
        let helper = number.checked_sub(1).and_then(|n| candidate.helpers.get(n));
        let url = helper.unwrap_or(&candidate.url);
        match ended {
            Ended::Whole => return Ok(true),
            Ended::Fatal(failure) => return Err(failure),
            Ended::Wrong(failure) => {
                search.ban(url.clone());
                let failure = if candidate.is_public() {
                    failure
                } else {
                    failure.peer(&candidate.peer)
                };
                let entry = LogEntry::StorageFailed {
                    failure: failure.clone(),
                };
                self.log(&id, entry);
                if helper.is_some() {
                    search.keep_first(Candidate {
                        helpers: Vec::new(),
                        ..candidate.clone()
                    });
                    return Ok(false);
                }
                search.distrust(&candidate.peer, failure);
            }
            Ended::Useless(failure) | Ended::Short(failure) | Ended::NoCar(failure) => {
                let entry = LogEntry::StorageFailed {
                    failure: failure.clone(),
                };
                self.log(&id, entry);
                // A gateway that has nothing is as good a reason as none.
                if !candidate.is_public() {
                    search.remember(failure);
                    search.strike(&candidate.peer);
                }
            }
            Ended::Stopped => {
                if stalled && !candidate.is_public() {
                    let stalled = || Failure::new(Code::Stalled).host(url);
                    search.remember(denied.unwrap_or_else(stalled));
                    search.strike(&candidate.peer);
                }
            }
        }
        Ok(false)
    }

    /// Takes blocks from a candidate. Returns the number of the storage that ended the download, 0
    /// being the candidate's own, and how it ended.
    async fn pull_from(
        &self,
        candidate: &Candidate,
        sink: &mut Sink<P>,
        stop: Stop,
    ) -> (usize, Ended) {
        if !candidate.helpers.is_empty() {
            let urls: Vec<String> = [&candidate.url]
                .into_iter()
                .chain(&candidate.helpers)
                .cloned()
                .collect();
            match self.pull_parallel(&urls, sink, stop.clone()).await {
                (_, Ended::Short(failure) | Ended::Useless(failure) | Ended::NoCar(failure)) => {
                    let id = sink.id.clone();
                    self.log(&id, LogEntry::OneStorageLeft { failure });
                }
                ended => return ended,
            }
        }
        (0, self.pull(&candidate.url, sink, stop).await)
    }

    /// Watches while a candidate sends, and asks others when it stalls.
    async fn watch(
        &self,
        id: &ItemId,
        candidate: &Candidate,
        search: &mut Search<P>,
        pulse: Rc<Pulse>,
    ) -> Watched {
        let alive = &pulse.alive;
        let mut told_at = None;
        let mut lookups = 0;
        let (began, before) = (self.now(), pulse.offset.get());
        // This is when to find out whether other storages could help.
        let mut look_at = candidate
            .helpers
            .is_empty()
            .then_some(began + PARALLEL_AFTER_MS);
        loop {
            let now = pulse.look(self.now());
            let silent = now.saturating_sub(alive.get());
            if silent < STALL_MS {
                match look_at {
                    Some(at) if at <= now => {
                        look_at = None;
                        if worth_helpers(&pulse, now.saturating_sub(began), before) {
                            let helpers = search.helpers(&candidate.url);
                            let helpers = self.within(STORAGES_PATIENCE, helpers).await;
                            if let Some(helpers) = helpers.filter(|helpers| !helpers.is_empty()) {
                                return Watched::Parallel(helpers);
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
            // Repeating known blocks is a sign of life too, but makes no progress.
            let barren = now.saturating_sub(pulse.last_block.get());
            if silent >= PATIENCE_MS || barren >= MAX_WITHOUT_BLOCK_MS {
                return Watched::GaveUp(None);
            }
            if told_at != Some(alive.get()) {
                told_at = Some(alive.get());
                let entry = LogEntry::StorageSilent {
                    host: host_of(&candidate.url),
                    seconds: STALL_MS / 1000,
                };
                self.log(id, entry);
            }
            let left = Duration::from_millis(PATIENCE_MS - silent);
            let next = self.within(left, search.next(true)).await;
            let now = pulse.look(self.now());
            let stalls = now.saturating_sub(alive.get()) >= STALL_MS;
            match next {
                Some(Some(other)) if other.url != candidate.url => {
                    if stalls {
                        return Watched::Switch(other);
                    }
                    // The download is moving again; the other candidate is kept for later.
                    search.keep(other);
                    self.sleep(Duration::from_millis(STALL_MS)).await;
                }
                Some(Some(_)) => {}
                Some(None) => match search.denied(&candidate.peer) {
                    Some(failure) if stalls => return Watched::GaveUp(Some(failure)),
                    _ => {
                        let left = PATIENCE_MS.saturating_sub(now.saturating_sub(alive.get()));
                        self.sleep(search.wait(lookups, left)).await;
                        lookups += 1;
                    }
                },
                None => {}
            }
        }
    }

    /// What providers say of a file that is here and has no name yet, because a storage had it when none of them could be
    /// asked. They are asked once more before it is saved under its hash.
    async fn told_late(&self, item: &Item) -> FileOk {
        let is_named = Some(&item.name) != item.cid.as_ref();
        let cid = item.cid.as_ref().and_then(|cid| cid.parse().ok());
        let Some(cid) = cid.filter(|_| !is_named && item.key.is_none()) else {
            return FileOk::default();
        };
        let told = self.ask_about(&cid, LATE_PATIENCE).await;
        told.map(|(_, told)| told).unwrap_or_default()
    }

    /// Records that the whole file is here. A private share is opened first, since what its key does not open is of no
    /// use. An error says also whether what is here is kept.
    async fn fetched(&self, id: &ItemId, dag: &Dag) -> Result<(), (Failure, bool)> {
        let Some(item) = self.item(id, Item::clone) else {
            return Ok(());
        };
        let directory = dag.is_directory();
        let told = self.told_late(&item).await;
        let shown = told.name.as_deref().map(chosen_name);
        let shown = shown.as_ref().unwrap_or(&item.name);
        let (name, mime, files, size) = if let Some(key) = &item.key {
            let unlocked = self.unlock(id, &key.0).await;
            let contents = unlocked.map_err(|failure| {
                let is_of_disk = failure.code != Code::NotOpened;
                (failure, is_of_disk)
            })?;
            (
                Some(contents.name),
                contents.mime,
                contents.files,
                contents.size,
            )
        } else {
            let name = if directory && !shown.ends_with(".zip") {
                Some(chosen_name(&format!("{shown}.zip")))
            } else {
                Some(shown.clone()).filter(|shown| *shown != item.name)
            };
            let told_mime = || told.mime.as_deref().and_then(mime_of);
            let is_unnamed = item.cid.as_ref() == Some(shown);
            let mime = match directory {
                true => Some(DIRECTORY.to_owned()),
                // Nobody may have been there to say so.
                false if is_unnamed && self.is_sealed(id).await => Some(SEALED.to_owned()),
                // Only its bytes say that.
                false => told_mime().filter(|mime| !is_unnamed || mime != SEALED),
            };
            let files = directory.then(|| dag.file_count());
            (name, mime, files, dag.len())
        };
        let provide = self.settings().provide_fetched;
        let mut events = vec![
            log_line(id, LogEntry::Fetched { size: dag.len() }),
            EventKind::Described {
                id: id.clone(),
                name,
                mime,
                size: Some(size),
                validator: None,
            },
            EventKind::Hashed {
                id: id.clone(),
                cid: canonical(&dag.root),
                size,
                files,
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Done,
            },
        ];
        if provide {
            // It ends as the person has set it for all.
            events.extend(self.limits(id, None));
            events.push(EventKind::Providing {
                id: id.clone(),
                providing: true,
            });
        }
        self.record(events).await;
        if provide {
            self.offer(id, &dag.root);
            self.watch_limits();
        }
        Ok(())
    }
}
