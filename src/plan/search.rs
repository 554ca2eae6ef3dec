//! The search for storages that have a file: by asking its providers one after the other, and when none is left, by
//! asking nodes whether their storages still have it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures::stream::{LocalBoxStream, StreamExt};

use super::Engine;
use super::pace::backoff;
use crate::Cid;
use crate::call::{
    DEADLINE_MS, ErrorCode, FileArgs, FileOk, MultiaddrArgs, MultiaddrOk, Reply, Request,
};
use crate::failure::{Code, Failure, Kind, Reason};
use crate::names::FunctionName;
use crate::ports::{Network, NetworkError, PeerName, Platform};
use crate::state::{ItemId, LogEntry, Status};
use crate::text::quote;

/// How long a call to a provider may take.
const CALL_PATIENCE: Duration = Duration::from_millis(DEADLINE_MS);
/// The waits between look-ups.
const LOOKUP_BASE: Duration = Duration::from_secs(3);
const LOOKUP_MOST: Duration = Duration::from_secs(15);
/// The most providers of one look-up that are asked.
pub(super) const MAX_PROVIDERS: usize = 20;
/// How many times a provider may fail before it is not asked again in this fetch.
const MAX_STRIKES: u32 = 3;

/// The most nodes that are asked about their storages when no provider is left, and how long each may take.
const MAX_STORAGES: usize = 10;
const STORAGE_PATIENCE: Duration = Duration::from_secs(5);
/// The most further storages that send a file at the same time as the first.
const MAX_HELPERS: usize = 2;

/// A storage that has the file, or will have it soon.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The peer that named it; empty for a gateway of the public IPFS.
    pub(super) peer: PeerName,
    /// Its base URL.
    pub(super) url: String,
    /// What a provider said about the file; `None` if the storage itself said that it has it.
    pub(super) told: Option<FileOk>,
    /// Base URLs of other storages that have it too.
    pub(super) helpers: Vec<String>,
}

/// The answer of a provider that named no storage.
struct NotNamed {
    /// How many strikes it counts for.
    strikes: u32,
    /// After how many milliseconds the provider wants to be asked again.
    again_in: Option<u64>,
    /// Whether the provider itself answered so.
    answered: bool,
    failure: Failure,
}

/// The state of the search for storages that have a file.
pub(super) struct Search<P: Platform> {
    engine: Engine<P>,
    id: ItemId,
    cid: Cid,
    name: FunctionName,
    lookup: Option<LocalBoxStream<'static, PeerName>>,
    strikes: HashMap<PeerName, u32>,
    /// The base URLs of storages that sent wrong bytes.
    banned: HashSet<String>,
    /// The base URLs of storages that were used although nobody provides the file.
    leftovers: HashSet<String>,
    /// Whether gateways of the public IPFS were found.
    public: bool,
    /// The candidates that were named while another one was in use.
    spare: VecDeque<Candidate>,
    /// The number of providers that were asked since the look-up began.
    asked: u32,
    /// The earliest moment at which a busy provider wants to be asked again, in Unix milliseconds.
    busy_until: Option<u64>,
    /// The providers whose last answer was a refusal, and the reason.
    denied: HashMap<PeerName, Failure>,
    /// The last failure. Once it is wrong bytes, it stays that, whatever follows.
    last: Option<Failure>,
}

impl Candidate {
    /// Whether it is a gateway of the public IPFS.
    pub(super) fn is_public(&self) -> bool {
        self.peer.is_empty()
    }
}

impl<P: Platform> Search<P> {
    /// A search in which nothing has been asked yet.
    pub(super) fn new(engine: Engine<P>, id: ItemId, cid: Cid) -> Self {
        Self {
            engine,
            id,
            cid,
            name: FunctionName::file(&cid),
            lookup: None,
            strikes: HashMap::new(),
            banned: HashSet::new(),
            leftovers: HashSet::new(),
            public: false,
            spare: VecDeque::new(),
            asked: 0,
            busy_until: None,
            denied: HashMap::new(),
            last: None,
        }
    }

    /// The number of providers that were asked since the last call of this.
    pub(super) fn take_asked(&mut self) -> u32 {
        std::mem::take(&mut self.asked)
    }

    /// Keeps a candidate for later, behind those that are kept already.
    pub(super) fn keep(&mut self, candidate: Candidate) {
        self.spare.push_back(candidate);
    }

    /// Makes a candidate the next one.
    pub(super) fn keep_first(&mut self, candidate: Candidate) {
        self.spare.push_front(candidate);
    }

    /// Counts a failure of a storage against its provider, which is no longer asked after a few of
    /// them.
    pub(super) fn strike(&mut self, peer: &PeerName) {
        *self.strikes.entry(peer.clone()).or_default() += 1;
    }

    /// Excludes a storage that sent wrong bytes.
    pub(super) fn ban(&mut self, url: String) {
        self.banned.insert(url);
    }

    /// Excludes a provider that named a storage with wrong bytes; this stays the reason from then
    /// on.
    pub(super) fn distrust(&mut self, peer: &PeerName, failure: Failure) {
        self.strikes.insert(peer.clone(), MAX_STRIKES);
        self.last = Some(failure);
    }

    /// A candidate that was kept, and does not have to be looked for.
    pub(super) fn spare(&mut self) -> Option<Candidate> {
        loop {
            let candidate = self.spare.pop_front()?;
            if !self.banned.contains(&candidate.url) {
                return Some(candidate);
            }
        }
    }

    /// The next candidate, found by asking one provider after the other; `None` at the end of a look-up.
    pub(super) async fn next(&mut self, quiet: bool) -> Option<Candidate> {
        if let Some(candidate) = self.spare() {
            return Some(candidate);
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
                Ok(candidate) => {
                    self.denied.remove(&peer);
                    return Some(candidate);
                }
                Err(NotNamed {
                    strikes,
                    again_in,
                    answered,
                    failure,
                }) => {
                    if answered {
                        self.denied.insert(peer.clone(), failure.clone());
                    }
                    let entry = LogEntry::ProviderFailed {
                        peer: quote(&peer),
                        failure: failure.clone(),
                    };
                    engine.log(&self.id, entry);
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

    /// How long to wait before the next look-up, after this many look-ups. It is as long as a busy
    /// provider asks for, but at most `patience` milliseconds.
    pub(super) fn wait(&mut self, lookups: u32, patience: u64) -> Duration {
        let random = self.engine.0.platform.random();
        let wait = backoff(LOOKUP_BASE, LOOKUP_MOST, lookups, random);
        let busy = self.busy_until.take().unwrap_or_default();
        let busy = Duration::from_millis(busy.saturating_sub(self.engine.now()));
        wait.max(busy.min(Duration::from_millis(patience)))
    }

    /// Why it is pointless to wait for this provider's storage, if the provider itself says so:
    /// what it began to upload there will not arrive.
    pub(super) fn denied(&self, peer: &PeerName) -> Option<Failure> {
        let struck_out = self.strikes.get(peer).is_some_and(|n| *n >= MAX_STRIKES);
        self.denied.get(peer).filter(|_| struck_out).cloned()
    }

    /// Asks one provider.
    async fn ask(&self, peer: &PeerName) -> Result<Candidate, NotNamed> {
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
            NotNamed {
                strikes,
                again_in,
                answered: matches!(error, NetworkError::Call(_)),
                failure: of_provider(peer, &error),
            }
        })?;
        let bad = |failure: Failure| NotNamed {
            strikes: MAX_STRIKES,
            again_in: None,
            answered: true,
            failure: failure.peer(peer),
        };
        let multiaddr = told
            .multiaddr
            .as_deref()
            .ok_or_else(|| bad(Failure::new(Code::BadAnswer).reason(Reason::NoAddress)))?;
        let url = self.engine.storage_url(multiaddr).map_err(|error| {
            let failure = Failure::new(Code::BadAnswer).reason(Reason::BadAddress);
            bad(failure.detail(error.address))
        })?;
        if self.banned.contains(&url) {
            let failure = Failure::new(Code::WrongBytes).reason(Reason::Banned);
            return Err(bad(failure.host(&url)));
        }
        Ok(Candidate {
            peer: peer.clone(),
            url,
            told: Some(told),
            helpers: Vec::new(),
        })
    }

    /// A storage that still has the block that is needed next, although nobody provides the file any more.
    pub(super) async fn leftover(&mut self, next: Cid) -> Option<Candidate> {
        let passed = |url: &str| self.banned.contains(url) || self.leftovers.contains(url);
        let (peer, url) = self.storages_with(&next, 1, passed).await.pop()?;
        // Each is used once, since what it lacks now it will lack later too.
        self.leftovers.insert(url.clone());
        Some(Candidate {
            peer,
            url,
            told: None,
            helpers: Vec::new(),
        })
    }

    /// The base URL of a storage that has a block of the file now. If there is none and `upload` is set, of the one to which a
    /// provider uploads the file, which it begins by that.
    pub(super) async fn storage_of(
        &self,
        block: &Cid,
        upload: bool,
    ) -> Result<Option<String>, Failure> {
        if let Some((_, url)) = self.storages_with(block, 1, |_| false).await.pop() {
            return Ok(Some(url));
        }
        if !upload {
            return Ok(None);
        }
        let network = self.engine.0.platform.network();
        let providers = network.providers(self.name.clone()).take(MAX_PROVIDERS);
        let mut providers = std::pin::pin!(providers);
        let mut last = Code::NoProvider.into();
        while let Some(peer) = providers.next().await {
            match self.ask(&peer).await {
                Ok(candidate) => return Ok(Some(candidate.url)),
                Err(not_named) => last = not_named.failure,
            }
        }
        Err(last)
    }

    /// A gateway of the public IPFS, when nobody provides the file and the person allows it. Those that it does not return
    /// come next. All of them are asked once in a fetch.
    pub(super) async fn public(&mut self) -> Option<Candidate> {
        if self.public {
            return None;
        }
        let urls = self.engine.public_gateways(&self.cid).await;
        self.public = true;
        let candidates = urls.into_iter().map(|url| Candidate {
            peer: PeerName::default(),
            url,
            told: None,
            helpers: Vec::new(),
        });
        self.spare.extend(candidates);
        self.spare()
    }

    /// Other storages that have the file.
    pub(super) async fn helpers(&self, than: &str) -> Vec<String> {
        let passed = |url: &str| url == than || self.banned.contains(url);
        let found = self.storages_with(&self.cid, MAX_HELPERS, passed).await;
        found.into_iter().map(|(_, url)| url).collect()
    }

    /// The nodes whose storages have a block now. Asking them moves nothing.
    async fn storages_with(
        &self,
        cid: &Cid,
        most: usize,
        passed: impl Fn(&str) -> bool,
    ) -> Vec<(PeerName, String)> {
        let network = self.engine.0.platform.network();
        // What they send is verified, so strangers do no harm here.
        let nodes = self.engine.storages(true).take(MAX_STORAGES);
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
            let Ok(url) = self.engine.storage_url(&ok.multiaddr) else {
                continue;
            };
            let twice = found.iter().any(|(_, other)| *other == url);
            if !twice && !passed(&url) && self.engine.has(&url, cid).await {
                found.push((node, url));
            }
        }
        found
    }

    pub(super) fn remember(&mut self, failure: Failure) {
        let wrong = |failure: &Failure| failure.code.kind() == Kind::WrongBytes;
        if !self.last.as_ref().is_some_and(wrong) {
            self.last = Some(failure);
        }
    }

    /// Why the fetch did not succeed.
    pub(super) fn verdict(&self) -> Failure {
        self.last.clone().unwrap_or_else(|| Code::NoProvider.into())
    }
}

/// The failure of a provider whose call had no result.
fn of_provider(peer: &str, error: &NetworkError) -> Failure {
    let failure = Failure::of_call(Code::ProviderGone, error).peer(peer);
    match error {
        NetworkError::Call(call) if call.code == ErrorCode::Refused => failure.coded(Code::Refused),
        NetworkError::Call(_)
        | NetworkError::Offline
        | NetworkError::Unreachable
        | NetworkError::NoReply
        | NetworkError::Malformed => failure,
    }
}
