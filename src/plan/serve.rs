//! Answers calls as a lazy provider: nothing moves before somebody asks, and nothing moves twice.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{FutureExt, Shared, ready};
use futures::stream::{self, LocalBoxStream, StreamExt};

use super::Engine;
use super::inventory::Inventory;
use super::jobs::JobKind;
use super::journal::log_line;
use super::share::DIRECTORY;
use super::upload::upload_began;
use crate::Cid;
use crate::admission::{Admission, Bucket, Cost, Limits, RETRY_AFTER_MS};
use crate::call::{
    CallError, ErrorCode, FileArgs, FileOk, MultiaddrArgs, MultiaddrOk, Reply, Request,
};
use crate::content::Dag;
use crate::failure::{Code, Failure};
use crate::names::{FunctionName, canonical};
use crate::ports::{Network, NetworkError, PeerName, Platform, Store, StoreError};
use crate::private::SEALED;
use crate::state::{EventKind, Item, ItemId, LogEntry, Upload};
use crate::storage::{AddressError, is_private, multiaddr_of, url_of};
use crate::text::quote;

/// The most requests that get a line of their own at once, and then per second. The others are answered all the same, and
/// counted together, for so many files at a time.
const NOTED_BURST: u32 = 30;
const NOTED_PER_SECOND: f64 = 0.5;
const COUNTED_TOGETHER: usize = 256;
/// How long requests are counted before their number becomes a line, and how many files get theirs then: those with the most.
/// Whoever is killed meanwhile loses what was counted since.
const COUNTING: Duration = Duration::from_secs(4);
const COUNTED_AT_ONCE: usize = 32;
/// How long a node may take to say where a file may be uploaded.
const STORAGE_PATIENCE: Duration = Duration::from_secs(8);
/// How long the whole search for a storage may take; the caller waits 30 s.
const PLACE_PATIENCE: Duration = Duration::from_secs(24);
/// How long it may take to find out whether a storage has the file already.
const CHECK_PATIENCE: Duration = Duration::from_secs(6);
/// The most nodes that are asked for storage.
const MAX_STORAGES: usize = 10;
/// How long it counts that a storage had all of a file, or had not, in milliseconds. Meanwhile calls for it cause no
/// requests.
const PLACED_MS: u64 = 30_000;
/// How many times storages are asked about files at once because of calls, and then per second.
const CHECKS_BURST: u32 = 64;
const CHECKS_PER_SECOND: f64 = 4.0;
/// The most uploads at the same time.
const MAX_UPLOADS: usize = 16;
/// How long a storage is avoided after an upload to it failed, in milliseconds, and how many are remembered.
const SHUN_MS: u64 = 60_000;
const MAX_SHUNNED: usize = 64;

/// For how long a storage is taken to keep a file at most, in seconds. What it says beyond that nobody knows, and it would be shown
/// as long.
const MAX_KEPT: u64 = 366 * 24 * 3600;

type Placing = Shared<oneshot::Receiver<Result<String, CallError>>>;

/// The state of answering calls.
pub(super) struct Serving {
    admission: RefCell<Admission>,
    noted: RefCell<Bucket>,
    /// The requests that have no line of their own, and that no line counts yet.
    unnoted: RefCell<HashMap<ItemId, u64>>,
    /// The files for which storage is being found.
    placing: RefCell<HashMap<ItemId, Placing>>,
    /// The files about which a storage was asked: its multiaddr if it had all of one, and when that was.
    placed: RefCell<HashMap<ItemId, (Option<String>, u64)>>,
    /// How often storages are asked because of calls.
    checks: RefCell<Bucket>,
    /// How many calls for a file are being answered that count ([`crate::state::Limits::calls`]).
    counted: RefCell<HashMap<ItemId, u64>>,
    /// The storages to which an upload failed, by multiaddr.
    shunned: RefCell<HashMap<String, Shunned>>,
}

impl Serving {
    pub(super) fn new(now: u64) -> Self {
        Self {
            admission: RefCell::new(Admission::new(Limits::default())),
            noted: RefCell::new(Bucket::new(now, NOTED_BURST)),
            unnoted: RefCell::default(),
            placing: RefCell::default(),
            placed: RefCell::default(),
            checks: RefCell::new(Bucket::new(now, CHECKS_BURST)),
            counted: RefCell::default(),
            shunned: RefCell::default(),
        }
    }

    /// Forgets whether a storage had this file a moment ago.
    pub(super) fn forget_place(&self, id: &ItemId) {
        self.placed.borrow_mut().remove(id);
    }
}

/// A storage that is avoided.
struct Shunned {
    /// Until when, in Unix milliseconds.
    until: u64,
    /// What callers are told, if the storage refused for good.
    refused: Option<CallError>,
}

/// A call that is being answered. Dropping it gives its place back.
struct Admitted<'a>(&'a RefCell<Admission>);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().done();
    }
}

/// What callers are told while sharing rests.
fn resting() -> CallError {
    CallError::new(ErrorCode::Unavailable, "sharing is paused here")
}

/// A call that is being answered and counts. Dropping it gives it back, unless it is recorded.
struct Counted<'a>(&'a RefCell<HashMap<ItemId, u64>>, ItemId);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut all = self.0.borrow_mut();
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

fn requested(id: &ItemId, from: &PeerName) -> EventKind {
    EventKind::Requested {
        id: id.clone(),
        peer: quote(from),
    }
}

/// The host in a base URL, without its port and without the brackets of an IPv6 address.
fn host_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    host.trim_matches(['[', ']'])
}

/// The description of an item for other peers.
fn described(item: &Item) -> FileOk {
    if item.key.is_some() {
        // What it is called, and what it is, are in its bytes. Their number is known to the store.
        return FileOk {
            mime: Some(SEALED.to_owned()),
            ..FileOk::default()
        };
    }
    let directory = item.files.is_some();
    FileOk {
        multiaddr: None,
        size: item.size,
        // A person sees a fetched directory as a .zip; the directory itself has no such ending.
        name: Some(match item.name.strip_suffix(".zip") {
            Some(name) if directory => name.to_owned(),
            _ => item.name.clone(),
        })
        // A private share has no name outside of its own bytes.
        .filter(|name| !name.is_empty()),
        mime: if directory {
            Some(DIRECTORY.to_owned())
        } else {
            item.mime.clone()
        },
    }
}

impl<P: Platform> Engine<P> {
    /// Answers the call of another peer within [`crate::call::DEADLINE_MS`], or refuses it if there
    /// are too many calls at once ([`crate::admission`]). A host forwards every call to this, and
    /// decides nothing itself.
    pub async fn serve(&self, from: PeerName, request: Request) -> Reply {
        // A probe moves nothing, and a peer that confirms announcements sends many.
        let cost = if request.is_probe() {
            Cost::Probe
        } else {
            Cost::Call
        };
        let admission = &self.0.serving.admission;
        let admitted = admission.borrow_mut().admit(&from, cost, self.now());
        if let Err(busy) = admitted {
            return busy.into();
        }
        let _admitted = Admitted(admission);
        match self.file(&from, &request).await {
            Ok(ok) => Reply::ok(&ok),
            Err(error) => Reply::Error(error),
        }
    }

    async fn file(&self, from: &PeerName, request: &Request) -> Result<FileOk, CallError> {
        let no_such = || {
            CallError::new(
                ErrorCode::NoSuchFunction,
                "this peer does not provide that function",
            )
        };
        let cid = request.function.as_file().ok_or_else(no_such)?;
        let id = self.find(&cid, None).ok_or_else(no_such)?;
        let args: FileArgs = request.args()?;
        let mut ok = self
            .item(&id, |item| {
                let is_here = item.providing && item.status.is_here();
                is_here.then(|| described(item))
            })
            .flatten()
            .filter(|_| self.is_given(&id))
            .ok_or_else(no_such)?;
        if self.key_of(&id).is_some()
            && let Ok((_, dag)) = self.0.platform.store().open(&id).await
        {
            ok.size = Some(dag.len());
        }
        // While sharing rests it stays announced, so that it is found as soon as it goes on.
        if args.probe {
            return Ok(ok);
        }
        if self.settings().paused {
            return Err(resting());
        }
        self.may_have(&id, from).await?;
        // The person may have taken a while, and it may have been stopped meanwhile.
        if !self.is_given(&id) {
            return Err(no_such());
        }
        // Where calls are counted, one that nobody gets anything from does not count, and none is given twice.
        let counted = self.count(&id)?;
        let noted = self.note_request(&id, from, counted.is_none()).await;
        // It may have been stopped while that was written.
        if self.settings().paused {
            return Err(resting());
        }
        if !self.is_given(&id) {
            return Err(no_such());
        }
        let place = match self.place(&id, cid, from).await {
            Ok(place) => place,
            Err(error) => {
                if noted {
                    self.log(&id, LogEntry::NotGiven { peer: quote(from) });
                }
                return Err(error);
            }
        };
        if counted.is_some() {
            // Whoever is killed after the reply has counted it.
            self.record([requested(&id, from)]).await;
            drop(counted);
            self.watch_limits();
        }
        ok.multiaddr = Some(place);
        Ok(ok)
    }

    /// Takes one of the calls that are left for a file; `None` if they are not counted.
    ///
    /// # Errors
    /// `busy` while the last of them may be being answered.
    fn count(&self, id: &ItemId) -> Result<Option<Counted<'_>>, CallError> {
        let left = |item: &Item| Some(item.limits.calls?.saturating_sub(item.requests));
        let Some(left) = self.item(id, left).flatten() else {
            return Ok(None);
        };
        let counted = &self.0.serving.counted;
        let mut all = counted.borrow_mut();
        let count = all.entry(id.clone()).or_default();
        if *count >= left {
            return Err(CallError {
                retry_after_ms: Some(RETRY_AFTER_MS),
                ..CallError::new(ErrorCode::Busy, "it is being given to somebody else")
            });
        }
        *count += 1;
        Ok(Some(Counted(counted, id.clone())))
    }

    /// Whether a file is provided, and neither its time nor its number of calls is over.
    fn is_given(&self, id: &ItemId) -> bool {
        let now = self.now();
        self.item(id, |item| item.providing && !item.is_over(now)) == Some(true)
    }

    /// Whether storage is being found for this file.
    pub(super) fn is_placing(&self, id: &ItemId) -> bool {
        self.0.serving.placing.borrow().contains_key(id)
    }

    /// Writes a request into the log of a file, and counts it if that is wanted, unless there are too many. Returns whether
    /// it has a line, which is written before the request is answered.
    async fn note_request(&self, id: &ItemId, from: &PeerName, counts: bool) -> bool {
        let now = self.now();
        let noted = self
            .0
            .serving
            .noted
            .borrow_mut()
            .take(now, NOTED_BURST, NOTED_PER_SECOND);
        if noted.is_ok() {
            let line = log_line(id, LogEntry::Requested { peer: quote(from) });
            let count = counts.then(|| requested(id, from));
            self.record([line].into_iter().chain(count)).await;
        } else {
            self.count_together(id);
        }
        noted.is_ok()
    }

    /// Counts a request that gets no line of its own.
    fn count_together(&self, id: &ItemId) {
        let mut unnoted = self.0.serving.unnoted.borrow_mut();
        let is_first = unnoted.is_empty();
        if unnoted.len() < COUNTED_TOGETHER || unnoted.contains_key(id) {
            *unnoted.entry(id.clone()).or_default() += 1;
        }
        if is_first {
            let engine = self.clone();
            self.spawn(async move {
                loop {
                    engine.sleep(COUNTING).await;
                    let mut counted: Vec<_> = engine.0.serving.unnoted.take().into_iter().collect();
                    counted.sort_unstable_by_key(|(_, calls)| Reverse(*calls));
                    let rest = counted.split_off(counted.len().min(COUNTED_AT_ONCE));
                    let is_all = rest.is_empty();
                    engine.0.serving.unnoted.borrow_mut().extend(rest);
                    let line = |(id, calls)| log_line(&id, LogEntry::MoreRequested { calls });
                    engine.tell(counted.into_iter().map(line));
                    if is_all {
                        return;
                    }
                }
            });
        }
    }

    /// The address of a storage with the file: the one to which it is being uploaded, the one that has it, or a new
    /// one, to which it is uploaded for this caller.
    async fn place(&self, id: &ItemId, cid: Cid, from: &PeerName) -> Result<String, CallError> {
        if self.has_job(JobKind::Out, id)
            && let Some(Some(upload)) = self.item(id, |item| item.upload.clone())
        {
            return Ok(upload.multiaddr);
        }
        let placed = self.0.serving.placed.borrow().get(id).cloned();
        if let Some((Some(multiaddr), at)) = placed
            && self.now().saturating_sub(at) < PLACED_MS
        {
            return Ok(multiaddr);
        }
        let placing = self.0.serving.placing.borrow().get(id).cloned();
        let placing = match placing {
            Some(placing) => placing,
            None => {
                let (sender, receiver) = oneshot::channel();
                let placing = receiver.shared();
                self.0
                    .serving
                    .placing
                    .borrow_mut()
                    .insert(id.clone(), placing.clone());
                let (engine, id, from) = (self.clone(), id.clone(), from.clone());
                // This is a task of its own: it continues when the caller hangs up, and the next caller finds its
                // result.
                self.spawn(async move {
                    let found = engine
                        .within(PLACE_PATIENCE, engine.find_place(&id, cid, &from))
                        .await
                        .unwrap_or_else(|| {
                            Err(CallError::new(
                                ErrorCode::Unavailable,
                                "no storage answered in time",
                            ))
                        });
                    engine.0.serving.placing.borrow_mut().remove(&id);
                    // Nobody may be waiting any more.
                    let _ = sender.send(found);
                });
                placing
            }
        };
        placing
            .await
            .unwrap_or_else(|_| Err(CallError::new(ErrorCode::Internal, "stopped")))
    }

    async fn find_place(
        &self,
        id: &ItemId,
        cid: Cid,
        from: &PeerName,
    ) -> Result<String, CallError> {
        let (source, dag) = match self.0.platform.store().open(id).await {
            Ok(opened) => opened,
            Err(StoreError::Gone(_) | StoreError::Locked) => {
                self.say_gone_if_so(id).await;
                return Err(CallError::new(
                    ErrorCode::NoSuchFunction,
                    "the file is not here any more",
                ));
            }
            Err(error) => {
                let failure = Failure::from(&error);
                self.log(id, LogEntry::DiskFailed { failure });
                return Err(CallError::new(
                    ErrorCode::Unavailable,
                    "the file cannot be read at the moment",
                ));
            }
        };
        let own = match self.settings().own_ipfs {
            Some(own) => {
                let multiaddr = multiaddr_of(&own.gateway)
                    .map_err(|error| CallError::new(ErrorCode::Unavailable, error.to_string()))?;
                let rpc = own.rpc.trim_end_matches('/').to_owned();
                Some((multiaddr, Inventory::Rpc(rpc)))
            }
            None => None,
        };
        let before = match &own {
            Some(own) => Some(own.clone()),
            None => self
                .item(id, |item| item.placed.clone())
                .flatten()
                .and_then(|placed| {
                    Some((
                        placed.clone(),
                        Inventory::Gateway(self.storage_url(&placed).ok()?),
                    ))
                }),
        };
        let now = self.now();
        self.0
            .serving
            .placed
            .borrow_mut()
            .retain(|_, (_, at)| now.saturating_sub(*at) < PLACED_MS);
        let is_known = self.0.serving.placed.borrow().contains_key(id);
        if let Some((multiaddr, storage)) = before.filter(|_| !is_known) {
            let turn = {
                let mut checks = self.0.serving.checks.borrow_mut();
                checks.take(now, CHECKS_BURST, CHECKS_PER_SECOND)
            };
            turn.map_err(|wait| CallError {
                retry_after_ms: Some(wait.max(RETRY_AFTER_MS)),
                ..CallError::new(ErrorCode::Busy, "too many files are asked for at once")
            })?;
            // If a storage does not answer enough in time, the upload asks it again.
            let has = self.within(CHECK_PATIENCE, self.has_whole(&storage, &dag));
            let has = match has.await {
                Some(Ok(has)) => has,
                Some(Err(failure)) => return Err(self.own_ipfs_failed(id, failure)),
                None => false,
            };
            let place = has.then(|| multiaddr.clone());
            let checked = (place, self.now());
            let mut placed = self.0.serving.placed.borrow_mut();
            placed.insert(id.clone(), checked);
            drop(placed);
            if has {
                self.log(id, LogEntry::AlreadyStored);
                return Ok(multiaddr);
            }
        }
        if self.jobs_of(JobKind::Out) >= MAX_UPLOADS {
            return Err(CallError {
                retry_after_ms: Some(RETRY_AFTER_MS),
                ..CallError::new(ErrorCode::Busy, "too many uploads at once")
            });
        }
        if let Some(failure) = self.over_budget(&dag) {
            self.note_no_place(id, failure);
            return Err(CallError::new(
                ErrorCode::Refused,
                "the provider uploads no more at the moment",
            ));
        }
        let upload = match own {
            Some((multiaddr, _)) => {
                if let Some(Some(refused)) = self.shunned(&multiaddr) {
                    return Err(refused);
                }
                Upload {
                    multiaddr,
                    token: None,
                    expires: None,
                    peer: None,
                    sent: 0,
                }
            }
            None => self.ask_for_storage(id, &cid, &dag).await?,
        };
        if self.item(id, |item| item.providing) != Some(true) {
            return Err(CallError::new(
                ErrorCode::NoSuchFunction,
                "this peer does not provide that function",
            ));
        }
        if self.settings().paused {
            return Err(resting());
        }
        let multiaddr = upload.multiaddr.clone();
        self.record([
            log_line(
                id,
                LogEntry::Uploading {
                    multiaddr: multiaddr.clone(),
                    peer: Some(quote(from)),
                },
            ),
            upload_began(id, &upload),
        ])
        .await;
        // It is there once that has ended.
        self.0.serving.forget_place(id);
        self.start_upload(id, source, dag, upload);
        Ok(multiaddr)
    }

    /// The nodes that may have storage: those that the person chose, in their order, and then strangers, if they are
    /// wanted. Anyone can say that they have storage, and sees every file that is put there.
    pub(super) fn storages(&self, strangers: bool) -> LocalBoxStream<'static, PeerName> {
        let network = self.0.platform.network();
        let own = network.nodes();
        let found = strangers.then(|| network.providers(FunctionName::multiaddr()));
        let all = async move {
            let own = own.await;
            let others = stream::iter(found).flatten();
            let known = own.clone();
            let others = others.filter(move |node| ready(!known.contains(node)));
            stream::iter(own).chain(others)
        };
        stream::once(all).flatten().boxed_local()
    }

    /// Asks nodes, one after the other, where this file may be uploaded.
    async fn ask_for_storage(
        &self,
        id: &ItemId,
        cid: &Cid,
        dag: &Dag,
    ) -> Result<Upload, CallError> {
        let mut worst: Option<CallError> = None;
        let mut shunned: Option<Upload> = None;
        let mut nodes = self
            .storages(self.settings().foreign_storage)
            .take(MAX_STORAGES);
        while let Some(node) = nodes.next().await {
            match self.ask_storage_of(&node, cid, dag).await {
                Ok(upload) => match self.shunned(&upload.multiaddr) {
                    None => return Ok(upload),
                    Some(None) => shunned = Some(upload),
                    Some(Some(refused)) => worst = Some(refused),
                },
                Err(error) => {
                    let entry = LogEntry::NodeRefused {
                        peer: quote(&node),
                        failure: Failure::of_call(Code::NoStorage, &error),
                    };
                    self.log(id, entry);
                    // A node that is busy may accept the file later.
                    let weight = |error: &CallError| match error.code {
                        ErrorCode::Busy => 2,
                        ErrorCode::Refused => 1,
                        _ => 0,
                    };
                    if let NetworkError::Call(error) = error
                        && weight(&error) > worst.as_ref().map_or(0, weight)
                    {
                        worst = Some(error);
                    }
                }
            }
        }
        // A storage that failed before is better than none.
        if let Some(upload) = shunned {
            return Ok(upload);
        }
        let (failure, error) = match worst {
            Some(error) if error.code == ErrorCode::Busy => (
                Failure::new(Code::Busy).detail(&error.message),
                CallError {
                    message: format!("storage is busy: {}", quote(&error.message)),
                    ..error
                },
            ),
            Some(error) => (
                Failure::new(Code::Refused).detail(&error.message),
                CallError::new(
                    ErrorCode::Refused,
                    format!("storage refused the file: {}", quote(&error.message)),
                ),
            ),
            None => (
                Code::NoStorage.into(),
                CallError::new(ErrorCode::Unavailable, "no storage can be reached"),
            ),
        };
        self.note_no_place(id, failure);
        Err(error)
    }

    /// The person's own IPFS node does not say what it has, so it would not take anything either.
    fn own_ipfs_failed(&self, id: &ItemId, failure: Failure) -> CallError {
        self.note_no_place(id, failure);
        CallError::new(
            ErrorCode::Unavailable,
            "the provider's own IPFS node does not work at the moment",
        )
    }

    /// Records that there was no storage for a file, unless that is recorded already.
    fn note_no_place(&self, id: &ItemId, failure: Failure) {
        let known = self.item(id, |item| item.upload_failure.clone()).flatten();
        if known.as_ref() != Some(&failure) {
            self.tell([EventKind::UploadEnded {
                id: id.clone(),
                sent: 0,
                error: Some(failure),
            }]);
        }
    }

    /// Asks one node where this file may be uploaded.
    pub(super) async fn ask_storage_of(
        &self,
        node: &PeerName,
        cid: &Cid,
        dag: &Dag,
    ) -> Result<Upload, NetworkError> {
        let args = MultiaddrArgs {
            cid: Some(canonical(cid)),
            size: Some(dag.len()),
        };
        let request = Request::new(FunctionName::multiaddr(), &args);
        let reply = self
            .0
            .platform
            .network()
            .call(node.clone(), request, STORAGE_PATIENCE)
            .await?;
        let ok: MultiaddrOk = reply.into_result()?;
        // The token goes into the journal and into headers.
        let token = ok.token.filter(|token| {
            token.len() <= super::upload::MAX_TOKEN && token.bytes().all(|b| b.is_ascii_graphic())
        });
        self.storage_url(&ok.multiaddr)
            .map_err(|error| CallError::new(ErrorCode::Internal, error.to_string()))?;
        let latest = (self.now() / 1000).saturating_add(MAX_KEPT);
        Ok(Upload {
            multiaddr: ok.multiaddr,
            token,
            expires: ok.expires.map(|expires| expires.min(latest)),
            peer: Some(node.clone()),
            sent: 0,
        })
    }

    /// The base URL of a storage that a stranger names. A place in a private network is that of whoever looks at it, so
    /// it is used only if the person's own node, or own IPFS node, is there too.
    ///
    /// # Errors
    /// [`AddressError`] says what is wrong with the address.
    pub(super) fn storage_url(&self, multiaddr: &str) -> Result<String, AddressError> {
        let url = url_of(multiaddr)?;
        let host = host_name(&url);
        if !is_private(host) {
            return Ok(url);
        }
        let settings = self.settings();
        let of_node = |node: &String| node.split('/').nth(2).map(str::to_owned);
        let own = settings.own_ipfs.map(|own| own.gateway);
        let is_own = settings
            .nodes
            .iter()
            .filter_map(of_node)
            .any(|own| own == host)
            || own.is_some_and(|own| host_name(&own) == host);
        if is_own {
            Ok(url)
        } else {
            Err(AddressError {
                address: multiaddr.to_owned(),
                reason: "it is in a private network",
            })
        }
    }

    /// Whether a storage is avoided, and what it said if it refused for good.
    fn shunned(&self, multiaddr: &str) -> Option<Option<CallError>> {
        let now = self.now();
        let shunned = self.0.serving.shunned.borrow();
        let shunned = shunned.get(multiaddr)?;
        (shunned.until > now).then(|| shunned.refused.clone())
    }

    /// Avoids a storage for a while.
    pub(super) fn shun(&self, multiaddr: &str, failure: &Failure) {
        let now = self.now();
        let mut shunned = self.0.serving.shunned.borrow_mut();
        shunned.retain(|_, shunned| shunned.until > now);
        if shunned.len() < MAX_SHUNNED {
            let refused = failure.code.kind().is_final_refusal().then(|| {
                let said = failure.detail.as_deref().unwrap_or("no reason given");
                CallError::new(ErrorCode::Refused, said)
            });
            shunned.insert(
                multiaddr.to_owned(),
                Shunned {
                    until: now + SHUN_MS,
                    refused,
                },
            );
        }
    }
}
