//! How a node gets a file that its storage lacks when somebody opens a link to it: it calls the
//! file's function.
//!
//! The provider then uploads the file to a storage. If that is this node's own storage, the blocks
//! are already on their way; otherwise the node pulls them from the storage that the provider
//! names, and verifies each of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fluence::Cid;
use fluence::call::{FileArgs, FileOk, Reply, Request};
use fluence::names::{FunctionName, canonical};
use fluence::routing;
use fluence::storage::url_of;
use fluence_peer::{Peer, PeerId};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::exit::printable;
use crate::fairness::{AddressBlock, Repeated, Shares};
use crate::gateway::{FetchError, Fetched, Fetcher};
use crate::storage::{PUBLIC, Storage};

use super::config::PublicIpfs;
use super::pull::Puller;

/// How many providers are asked at most, one after the other.
const MAX_PROVIDERS: usize = 8;
/// How long one provider may take to answer.
const CALL_PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to find a provider that answers.
const FIND_PATIENCE: Duration = Duration::from_secs(60);
/// How many files are pulled from other storages at one time.
const MAX_PULLS: usize = 16;
/// How many of them from the same storage, which may be slow.
const MAX_PULLS_FROM_ONE: usize = 4;
/// How long a connection to another storage may take, and how long that storage may then be silent.
const PULL_PATIENCE: Duration = Duration::from_secs(30);
/// How many files are copied from the public IPFS at one time.
const MAX_PUBLIC_PULLS: usize = 4;
/// How long all routers together may take, and how long a gateway may take to begin.
const PUBLIC_PATIENCE: Duration = Duration::from_secs(20);
const GATEWAY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a router may take to answer.
const ROUTER_PATIENCE: Duration = Duration::from_secs(10);
/// The most gateways that routers name which are asked.
const MAX_GATEWAYS: usize = 8;
/// The longest name or type from a provider that is kept, in bytes.
const MAX_TEXT: usize = 1024;

/// Gets files for a node's gateway.
pub(super) struct Finder {
    inner: Arc<Inner>,
}

struct Inner {
    peer: Peer,
    storage: Arc<Storage>,
    /// The URL of this node's own storage, as [`url_of`] writes it.
    own: String,
    puller: Puller,
    /// For addresses that the operator has set, which may be private.
    own_puller: Puller,
    http: reqwest::Client,
    public: Option<PublicIpfs>,
    public_pulls: Arc<Shares>,
    /// Whether storages on this machine and in private networks may be asked.
    private: bool,
    /// One place for each file that may be pulled, for whoever asked for it first.
    pulls: Arc<Shares>,
    pulls_from_one: Arc<Repeated>,
}

impl Finder {
    /// `own` is the multiaddr of this node's storage. A node that others reach at a public address
    /// never connects to addresses that are not public, because a stranger supplies them.
    /// Storages may have certificates of these `authorities`, besides those of Mozilla. `is_hidden` is whether others reach
    /// the node, and the URL of its storage leads them to themselves.
    pub fn new(
        peer: Peer,
        storage: Arc<Storage>,
        own: &str,
        authorities: &[CertificateDer<'_>],
        (is_hidden, public): (bool, Option<PublicIpfs>),
    ) -> Result<Self, reqwest::Error> {
        let own = url_of(own).unwrap_or_default();
        let private = is_private_url(&own) && !is_hidden;
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
                http = http.dns_resolver(Arc::new(PublicOnly));
            }
            http.build()
        };
        let http = client(true)?;
        let inner = Inner {
            peer,
            puller: Puller::new(Arc::clone(&storage), client(private)?),
            own_puller: Puller::new(Arc::clone(&storage), http.clone()),
            http,
            public,
            public_pulls: Shares::new(
                MAX_PUBLIC_PULLS,
                "has more files fetched from public gateways at a time than it may",
            ),
            storage,
            own,
            private,
            pulls: Shares::new(MAX_PULLS, "has more files copied at a time than it may"),
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

    fn describe(&self, cid: Cid) -> BoxFuture<'static, Option<Fetched>> {
        let inner = Arc::clone(&self.inner);
        async move { inner.describe(cid).await }.boxed()
    }
}

impl Inner {
    /// Asks one provider after another until one describes the file.
    async fn describe(&self, cid: Cid) -> Option<Fetched> {
        let name = FunctionName::file(&cid);
        let mut providers = std::pin::pin!(self.peer.providers(name.clone()).take(MAX_PROVIDERS));
        while let Some(provider) = providers.next().await {
            if let Ok(ok) = self.call(provider, &name, true).await {
                return Some(fetched(ok));
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
        let found = self.gateways(public, cid);
        let found = tokio::time::timeout(PUBLIC_PATIENCE, found).await;
        let mut gateways = found.unwrap_or_default().into_iter();
        let Some(pull) = self.next_gateway(&mut gateways, cid).await else {
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
                    _ => inner.next_gateway(&mut gateways, &cid).await,
                };
            }
            drop(place);
        });
        true
    }

    /// The gateways that may have a file: those that routers name, and then the operator's.
    async fn gateways(&self, public: &PublicIpfs, cid: &Cid) -> Vec<(String, Puller)> {
        let mut gateways: Vec<(String, Puller)> = Vec::new();
        for router in &public.routers {
            for multiaddr in routing::gateways(&self.ask_router(router, cid).await) {
                // Anybody can tell a router anything.
                let url = url_of(&multiaddr).ok();
                let url = url.filter(|url| self.private || !is_private_url(url));
                let is_new = |url: &String| gateways.iter().all(|(known, _)| known != url);
                if let Some(url) = url.filter(is_new)
                    && gateways.len() < MAX_GATEWAYS
                {
                    gateways.push((url, self.puller.clone()));
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
    ) -> Option<BoxFuture<'static, ()>> {
        for (gateway, puller) in gateways {
            let begun = self.prepare(&puller, PUBLIC, &gateway, cid, None, true);
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
            if !self.private && is_private_url(&url) {
                return Err("its storage has no public address".to_owned());
            }
            self.begin_pull(provider, url, cid, size, asker).await?;
        }
        Ok(fetched(ok))
    }

    /// Begins to copy a file; the copying continues in the background.
    async fn begin_pull(
        self: &Arc<Self>,
        provider: PeerId,
        from: String,
        cid: &Cid,
        size: Option<u64>,
        asker: AddressBlock,
    ) -> Result<(), String> {
        let place = self.pulls.take(asker).ok_or("this node is busy")?;
        // Its provider wants it to be here, so it counts against the provider's quota.
        let grantee = provider.to_string();
        let pull = self.prepare(&self.puller, &grantee, &from, cid, size, false);
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
        grantee: &str,
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
                .grant_from(&grantee, AddressBlock::Relayed, &root, size)
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

/// Whether a URL's host is an address that is not public. The addresses of a domain name are
/// checked by [`PublicOnly`] when it is resolved.
fn is_private_url(url: &str) -> bool {
    match reqwest::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
    {
        Some(host) if host.eq_ignore_ascii_case("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| !is_public(address)),
        None => true,
    }
}

/// Whether an address may belong to the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                // Shared address space of carrier-grade NAT (RFC 6598), and reserved addresses.
                || a == 100 && (b & 0xc0) == 64
                || a >= 240)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(v4.into()),
            // Global unicast, without the prefixes for documentation (2001:db8::/32) and 6to4
            // (2002::/16).
            None => {
                let [first, second, ..] = v6.segments();
                (first & 0xe000) == 0x2000
                    && !(first == 0x2001 && second == 0xdb8)
                    && first != 0x2002
            }
        },
    }
}

/// Resolves names, and drops addresses that are not public.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_other_networks_are_told_apart() {
        for private in [
            "http://127.0.0.1:5001",
            "http://10.1.2.3:80",
            "http://192.168.0.1:80",
            "http://169.254.169.254:80",
            "http://100.64.0.1:80",
            "http://0.0.0.0:80",
            "http://[::1]:80",
            "http://[fd00::1]:80",
            "http://[::ffff:127.0.0.1]:80",
            "http://localhost:80",
            "nonsense",
        ] {
            assert!(is_private_url(private), "{private}");
        }
        for public in [
            "https://1.1.1.1:443",
            "https://[2606:4700::1111]:443",
            "https://example.org:443",
        ] {
            assert!(!is_private_url(public), "{public}");
        }
    }
}
