//! How a node gets a file that its storage lacks when somebody opens a link to it: it calls the
//! file's function.
//!
//! The provider then uploads the file to a storage. If that is this node's own storage, the blocks
//! are already on their way; otherwise the node pulls them from the storage that the provider
//! names, and verifies each of them.

use std::sync::Arc;
use std::time::Duration;

use fluence::Cid;
use fluence::call::{FileArgs, FileOk, Reply, Request};
use fluence::names::{FunctionName, canonical};
use fluence::routing;
use fluence::storage::{is_private, url_of};
use fluence_peer::{Meter, Peer, PeerId};
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::exit::printable;
use crate::fairness::{AddressBlock, Repeated, Shares};
use crate::gateway::{FetchError, Fetched, Fetcher};
use crate::platform::Careful;
use crate::storage::{PUBLIC, Storage};

use super::config::{PublicIpfs, PullLimits};
use super::pull::Puller;

/// How many providers are asked at most, one after the other.
const MAX_PROVIDERS: usize = 8;
/// How long one provider may take to answer.
const CALL_PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to find a provider that answers.
const FIND_PATIENCE: Duration = Duration::from_secs(60);
/// How many files are pulled at one time from the same storage, which may be slow.
const MAX_PULLS_FROM_ONE: usize = 4;
/// How long a connection to another storage may take, and how long that storage may then be silent.
const PULL_PATIENCE: Duration = Duration::from_secs(30);
/// How long a gateway may take to begin.
const GATEWAY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a router may take to answer; all are asked at the same time.
const ROUTER_PATIENCE: Duration = Duration::from_secs(10);
/// The most gateways that routers name which are asked.
const MAX_GATEWAYS: usize = 8;
/// The longest name or type from a provider that is kept, in bytes.
const MAX_TEXT: usize = 1024;

/// How a node gets files.
pub(super) struct FinderConfig {
    /// Whether others reach the node, and the URL of its storage leads them to themselves.
    pub is_hidden: bool,
    /// Where it looks for files that nobody shares.
    pub public: Option<PublicIpfs>,
    /// How many it copies at one time.
    pub limits: PullLimits,
    /// Counts and limits the bytes that come.
    pub meter: Meter,
    /// Whether the node stores only what its own clients upload to it, and copies nothing from the storages of others.
    pub own_uploads: bool,
}

/// Gets files for a node's gateway.
pub(super) struct Finder {
    inner: Arc<Inner>,
}

struct Inner {
    peer: Peer,
    storage: Arc<Storage>,
    /// The URL of this node's own storage, as [`url_of`] writes it.
    own: String,
    /// The host of that storage, if it is in a private network and others there may be asked.
    beside: Option<String>,
    own_uploads: bool,
    puller: Puller,
    /// For addresses that the operator has set, and for those where this node's own storage is, which may be private.
    own_puller: Puller,
    http: reqwest::Client,
    public: Option<PublicIpfs>,
    public_pulls: Arc<Shares>,
    /// One place for each file that may be pulled, for whoever asked for it first.
    pulls: Arc<Shares>,
    pulls_from_one: Arc<Repeated>,
}

impl Finder {
    /// `own` is the multiaddr of this node's storage. Strangers supply the addresses of others, so
    /// this node connects to none that is not public, except at the very host of its own storage if that is in a
    /// private network itself: the storages of other nodes of that machine.
    /// Storages may have certificates of these `authorities`, besides those of Mozilla.
    pub fn new(
        peer: Peer,
        storage: Arc<Storage>,
        own: &str,
        authorities: &[CertificateDer<'_>],
        config: FinderConfig,
    ) -> Result<Self, reqwest::Error> {
        let FinderConfig {
            is_hidden,
            public,
            limits,
            meter,
            own_uploads,
        } = config;
        let own = url_of(own).unwrap_or_default();
        let beside = host_of(&own).filter(|host| is_private(host) && !is_hidden);
        let client = |anywhere: bool| -> Result<reqwest::Client, reqwest::Error> {
            let mut http = reqwest::Client::builder()
                .user_agent(concat!("fluence-node/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(PULL_PATIENCE)
                .read_timeout(PULL_PATIENCE)
                .no_proxy();
            for authority in authorities {
                http = http.add_root_certificate(reqwest::Certificate::from_der(authority)?);
            }
            if !anywhere {
                http = http.dns_resolver(Arc::new(Careful::default()));
            }
            http.build()
        };
        let http = client(true)?;
        let inner = Inner {
            peer,
            puller: Puller::new(Arc::clone(&storage), client(false)?, meter.clone()),
            own_puller: Puller::new(Arc::clone(&storage), http.clone(), meter),
            http,
            public,
            public_pulls: Shares::new(
                limits.public,
                "has more files fetched from public gateways at a time than it may",
            ),
            storage,
            own,
            beside,
            own_uploads,
            pulls: Shares::new(
                limits.storages,
                "has more files copied at a time than it may",
            ),
            pulls_from_one: Repeated::new(MAX_PULLS_FROM_ONE),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

impl Fetcher for Finder {
    fn fetch(
        &self,
        cid: Cid,
        from: AddressBlock,
    ) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        let inner = Arc::clone(&self.inner);
        async move {
            let found = tokio::time::timeout(FIND_PATIENCE, inner.clone().find(cid, from)).await;
            let found = found.unwrap_or_else(|_| {
                let late = "its providers did not answer in time";
                Err(FetchError::Failed(late.to_owned()))
            });
            match found {
                Err(_) if inner.find_publicly(&cid, from).await => Ok(Fetched::default()),
                found => found,
            }
        }
        .boxed()
    }

    fn describe(&self, cid: Cid, absent: bool) -> BoxFuture<'static, Option<Fetched>> {
        let inner = Arc::clone(&self.inner);
        async move { inner.describe(cid, absent).await }.boxed()
    }
}

impl Inner {
    /// Asks one provider after another until one describes the file. Then, if it is not here, gateways of the public IPFS are
    /// asked whether they have it, if the operator wants that.
    async fn describe(&self, cid: Cid, absent: bool) -> Option<Fetched> {
        let name = FunctionName::file(&cid);
        let mut providers = std::pin::pin!(self.peer.providers(name.clone()).take(MAX_PROVIDERS));
        while let Some(provider) = providers.next().await {
            if let Ok(ok) = self.call(provider, &name, true).await {
                return Some(fetched(ok));
            }
        }
        let public = self.public.as_ref().filter(|_| absent)?;
        for (gateway, puller) in self.gateways(public, &cid).await {
            if puller.has(&gateway, &cid).await {
                // It knows no more of a file than its bytes.
                return Some(Fetched::default());
            }
        }
        None
    }

    /// Calls a file's function. With `probe`, the provider only describes the file.
    async fn call(
        &self,
        provider: PeerId,
        name: &FunctionName,
        probe: bool,
    ) -> Result<FileOk, String> {
        let request = Request::new(name.clone(), &FileArgs { probe });
        let reply: Reply = self
            .peer
            .call(provider, request, CALL_PATIENCE)
            .await
            .map_err(|error| printable(&error.to_string()))?;
        reply
            .into_result()
            .map_err(|error| printable(&error.message))
    }

    /// Asks one provider after another until the file is on its way.
    async fn find(self: Arc<Self>, cid: Cid, from: AddressBlock) -> Result<Fetched, FetchError> {
        let name = FunctionName::file(&cid);
        let mut providers = std::pin::pin!(self.peer.providers(name.clone()).take(MAX_PROVIDERS));
        let mut last = None;
        while let Some(provider) = providers.next().await {
            match self.ask(provider, &name, &cid, from).await {
                Ok(found) => return Ok(found),
                Err(reason) => {
                    tracing::debug!("{provider} did not provide {name}: {reason}");
                    last = Some(reason);
                }
            }
        }
        Err(last.map_or(FetchError::NotFound, FetchError::Failed))
    }

    /// Asks the public IPFS, if the operator wants that; returns whether the file is on its way from there.
    async fn find_publicly(self: &Arc<Self>, cid: &Cid, from: AddressBlock) -> bool {
        let Some(public) = &self.public else {
            return false;
        };
        let Some(place) = self.public_pulls.take(from) else {
            return false;
        };
        let mut gateways = self.gateways(public, cid).await.into_iter();
        let Some(pull) = self.next_gateway(&mut gateways, cid, from).await else {
            return false;
        };
        let (inner, cid) = (Arc::clone(self), *cid);
        tokio::spawn(async move {
            let mut pull = Some(pull);
            while let Some(running) = pull {
                running.await;
                // One that sends something else, or not all of it, is followed by the next.
                pull = match inner.storage.dag_state(&cid) {
                    Some(true) => None,
                    _ => inner.next_gateway(&mut gateways, &cid, from).await,
                };
            }
            drop(place);
        });
        true
    }

    /// The gateways that may have a file: those that routers name, and then the operator's.
    async fn gateways(&self, public: &PublicIpfs, cid: &Cid) -> Vec<(String, Puller)> {
        let mut gateways: Vec<(String, Puller)> = Vec::new();
        let routers = public.routers.iter();
        let answers = join_all(routers.map(|router| self.ask_router(router, cid)));
        for answer in answers.await {
            for multiaddr in routing::gateways(&answer) {
                // Anybody can tell a router anything.
                let is_new = |url: &String| gateways.iter().all(|(known, _)| known != url);
                if let Some(url) = url_of(&multiaddr).ok().filter(is_new)
                    && let Some(puller) = self.puller_of(&url)
                    && gateways.len() < MAX_GATEWAYS
                {
                    gateways.push((url, puller.clone()));
                }
            }
        }
        let own = public.gateways.iter();
        gateways.extend(own.map(|url| (url.clone(), self.own_puller.clone())));
        gateways
    }

    /// Begins to copy a file from the next gateway that gives it.
    async fn next_gateway(
        &self,
        gateways: &mut impl Iterator<Item = (String, Puller)>,
        cid: &Cid,
        asker: AddressBlock,
    ) -> Option<BoxFuture<'static, ()>> {
        for (gateway, puller) in gateways {
            let puller = puller.of_many();
            let grantee = (PUBLIC, asker);
            let begun = self.prepare(&puller, grantee, &gateway, cid, None, true);
            match tokio::time::timeout(GATEWAY_PATIENCE, begun).await {
                Ok(Ok(pull)) => return Some(pull),
                Ok(Err(reason)) => {
                    tracing::debug!("{gateway} did not give {}: {reason}", canonical(cid));
                }
                Err(_) => tracing::debug!("{gateway} did not answer in time"),
            }
        }
        None
    }

    /// What a router answers about a file; nothing if it does not answer with success.
    async fn ask_router(&self, router: &str, cid: &Cid) -> Vec<u8> {
        let request = self.http.get(routing::url(router, cid));
        let request = request.header(reqwest::header::ACCEPT, "application/json");
        let mut all = Vec::new();
        let read = async {
            let mut response = request.send().await.ok()?.error_for_status().ok()?;
            while let Some(piece) = response.chunk().await.ok()? {
                all.extend_from_slice(&piece);
                if all.len() > routing::MAX_ANSWER {
                    return None;
                }
            }
            Some(())
        };
        match tokio::time::timeout(ROUTER_PATIENCE, read).await {
            Ok(Some(())) => all,
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    /// Asks one provider; returns when the file is on its way.
    async fn ask(
        self: &Arc<Self>,
        provider: PeerId,
        name: &FunctionName,
        cid: &Cid,
        asker: AddressBlock,
    ) -> Result<Fetched, String> {
        let ok = self.call(provider, name, false).await?;
        let (multiaddr, size) = (ok.multiaddr.clone(), ok.size);
        let multiaddr = multiaddr.ok_or("its provider has no storage")?;
        let url = url_of(&multiaddr).map_err(|error| error.to_string())?;
        if url != self.own {
            let puller = self.puller_of(&url);
            let puller = puller.ok_or("its storage has no public address")?;
            self.begin_pull(puller, provider, url, cid, size, asker)
                .await?;
        }
        Ok(fetched(ok))
    }

    /// What copies from a storage that a stranger names; `None` if that is in a private network in which strangers have
    /// nothing to say.
    fn puller_of(&self, url: &str) -> Option<&Puller> {
        let host = host_of(url)?;
        if !is_private(&host) {
            Some(&self.puller)
        } else {
            (self.beside.as_ref() == Some(&host)).then_some(&self.own_puller)
        }
    }

    /// Begins to copy a file; the copying continues in the background.
    async fn begin_pull(
        &self,
        puller: &Puller,
        provider: PeerId,
        from: String,
        cid: &Cid,
        size: Option<u64>,
        asker: AddressBlock,
    ) -> Result<(), String> {
        if self.own_uploads {
            return Err("this node stores only what its own clients share".to_owned());
        }
        let place = self.pulls.take(asker).ok_or("this node is busy")?;
        // Its provider wants it to be here, so it counts against the provider's quota, and against the share of
        // whoever asked for it.
        let provider = provider.to_string();
        let pull = self.prepare(puller, (&provider, asker), &from, cid, size, false);
        let pull = pull.await?;
        tokio::spawn(async move {
            pull.await;
            drop(place);
        });
        Ok(())
    }

    /// Asks a storage for a file, and returns what copies it. The first answer is awaited here, so that a storage that cannot
    /// be reached or refuses counts as a failure, and the next one is asked. `now` is whether it must have the file already.
    async fn prepare(
        &self,
        puller: &Puller,
        (grantee, asker): (&str, AddressBlock),
        from: &str,
        cid: &Cid,
        size: Option<u64>,
        now: bool,
    ) -> Result<BoxFuture<'static, ()>, String> {
        let once = self.pulls_from_one.begin(from.as_bytes().to_vec());
        let once = once.ok_or("this node is busy with that storage")?;
        let grantee = grantee.to_owned();
        let (storage, root) = (self.storage.clone(), *cid);
        let upload = tokio::task::spawn_blocking(move || {
            let grant = storage
                .grant_from(&grantee, asker, &root, size)
                .map_err(|refusal| refusal.to_string())?;
            storage
                .upload(&grant.token)
                .map_err(|error| error.to_string())
        })
        .await
        .map_err(|_| "the node is stopping".to_owned())??;
        let first = puller.request(from, cid).await?;
        if now && !first.status().is_success() {
            return Err(format!("it answers {}", first.status()));
        }
        let pull = puller.clone().pull(from.to_owned(), *cid, upload, first);
        Ok(async move {
            pull.await;
            drop(once);
        }
        .boxed())
    }
}

/// The description that a provider gives of its file.
fn fetched(ok: FileOk) -> Fetched {
    let text = |text: Option<String>| text.filter(|text| text.len() <= MAX_TEXT);
    Fetched {
        name: text(ok.name),
        mime: text(ok.mime),
        size: ok.size,
    }
}

/// The host of a URL, as a URL is understood: an IPv4 address in any form, and an IPv6 address in brackets.
fn host_of(url: &str) -> Option<String> {
    Some(reqwest::Url::parse(url).ok()?.host_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use fluence::content::unixfs::RAW;
    use fluence::names::cid_v1;
    use fluence_peer::{Config, Keypair};
    use sha2::{Digest as _, Sha256};
    use tempfile::TempDir;

    use super::*;
    use crate::storage::StorageConfig;

    /// What finds files for a node whose storage has this address and room for 64 MiB.
    async fn finder(own: &str, is_hidden: bool) -> (TempDir, Finder) {
        let dir = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            min_free: 0,
            total_quota: 64 << 20,
            ..StorageConfig::default()
        };
        let storage = Storage::open(dir.path(), config).unwrap();
        let config = Config::client(Keypair::generate_ed25519(), Vec::new());
        let (peer, _calls, _statuses) = Peer::start(config).unwrap();
        let config = FinderConfig {
            is_hidden,
            public: None,
            limits: PullLimits::default(),
            meter: Meter::new(None),
            own_uploads: false,
        };
        let finder = Finder::new(peer, storage, own, &[], config).unwrap();
        (dir, finder)
    }

    #[tokio::test]
    async fn strangers_lead_a_node_nowhere_but_to_its_own_host_in_a_private_network() {
        let near = "/ip4/192.168.1.5/tcp/4180/http";
        let (own, loopback) = ("http://192.168.1.5:80", "http://127.0.0.1:5001");
        let public = ["https://1.1.1.1:443", "https://example.org:443"];
        let private = [
            "http://192.168.1.1:80",
            "http://169.254.169.254:80",
            "http://0xa9fea9fe:80",
            "http://[::ffff:127.0.0.1]:80",
            "http://localhost:80",
            "http://router:80",
            "nonsense",
        ];
        for (address, is_hidden, allowed) in [
            (near, false, vec![own]),
            (near, true, Vec::new()),
            ("/ip4/127.0.0.1/tcp/4180/http", false, vec![loopback]),
            ("/dns4/node.example/tcp/443/https", false, Vec::new()),
        ] {
            let (_dir, finder) = finder(address, is_hidden).await;
            let all = [own, loopback].into_iter().chain(public).chain(private);
            let all = all.filter(|url| finder.inner.puller_of(url).is_some());
            let allowed: Vec<_> = allowed.into_iter().chain(public).collect();
            assert_eq!(all.collect::<Vec<_>>(), allowed, "{address} {is_hidden}");
        }
    }

    #[tokio::test]
    async fn what_one_address_has_copied_leaves_room_for_others() {
        let (_dir, finder) = finder("/ip4/127.0.0.1/tcp/4180/http", false).await;
        let inner = &finder.inner;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let storage = axum::Router::new().fallback(async || "");
        tokio::spawn(async move { axum::serve(listener, storage).await });
        let block = |last: u8| AddressBlock::from(std::net::IpAddr::from([192, 0, 2, last]));
        let file = |seed: u8| {
            let data = Bytes::from(vec![seed; 1 << 20]);
            (cid_v1(RAW, &Sha256::digest(&data).into()), data)
        };
        // A stranger's pulls are granted like this, until there is no room left for more of them.
        let prepare = async |from: u8, seed: u8| {
            let (cid, data) = file(seed);
            let grantee = (&*format!("provider {seed}"), block(from));
            let size = Some(data.len() as u64);
            let pull = inner.prepare(&inner.own_puller, grantee, &url, &cid, size, true);
            pull.await.map(drop)
        };
        let mut copied = 0;
        while prepare(1, copied).await.is_ok() {
            let (cid, data) = file(copied);
            let grant =
                inner
                    .storage
                    .grant_from("provider", block(1), &cid, Some(data.len() as u64));
            let upload = inner.storage.upload(&grant.unwrap().token).unwrap();
            upload.add(cid, data).await.unwrap();
            upload.finish().await.unwrap();
            copied += 1;
        }
        assert_eq!(copied, 48, "three quarters of 64 MiB");
        assert_eq!(prepare(2, copied).await, Ok(()));
    }
}
