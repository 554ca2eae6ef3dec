//! Where a link opens for people who have nothing but a browser.

use std::net::IpAddr;
use std::time::Duration;

use fluence::call::{MultiaddrArgs, MultiaddrOk, Request};
use fluence::names::FunctionName;
use fluence::ports::{Http, HttpRequest};
use fluence::state::NetworkStatus;
use fluence::storage::url_of;
use fluence_peer::{Peer, PeerId};

use crate::platform::WebClient;

/// How long the node and its storage may take to say that they open links.
const PATIENCE: Duration = Duration::from_secs(2);
/// An empty file, which its CID carries: nothing has to be stored to open it.
const EMPTY: &str = "bafkqaaa";

/// A storage that opens links.
#[derive(Debug, Clone)]
pub(super) struct Web {
    url: String,
}

impl Web {
    /// That of the node which a peer is connected to; `None` where it has none, or opens no links, or does not say so soon.
    pub async fn find(peer: Peer) -> Option<Self> {
        let found = tokio::time::timeout(PATIENCE, find(&peer)).await;
        found.ok().flatten().map(|url| Self { url })
    }

    /// Where a CID opens.
    pub fn link(&self, cid: &str) -> String {
        let (scheme, host) = self.url.split_once("://").unwrap_or_default();
        let port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(port).unwrap_or(host);
        format!("{scheme}://{host}/ipfs/{cid}")
    }

    /// Whether its address leads everybody to their own machine.
    pub fn is_local(&self) -> bool {
        let host = self.url.split_once("://").map_or("", |(_, host)| host);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

async fn find(peer: &Peer) -> Option<String> {
    let NetworkStatus::Online { node } = peer.status() else {
        return None;
    };
    // Its address ends with who it is.
    let node: PeerId = node.rsplit_once("/p2p/")?.1.parse().ok()?;
    let request = Request::new(FunctionName::multiaddr(), &MultiaddrArgs::default());
    let reply = peer.call(node, request, PATIENCE).await.ok()?;
    let ok: MultiaddrOk = reply.into_result().ok()?;
    let url = url_of(&ok.multiaddr).ok()?;
    // Its operator may have switched links off.
    let request = HttpRequest {
        method: "HEAD",
        url: format!("{url}/ipfs/{EMPTY}"),
        headers: Vec::new(),
        body: Vec::new(),
        patience: PATIENCE,
    };
    let answer = WebClient::new().ok()?.send(request).await.ok()?;
    (answer.status == 200).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_as_short_as_they_can_be() {
        for (url, link, is_local) in [
            ("https://a.b:443", "https://a.b/ipfs/x", false),
            ("http://a.b:443", "http://a.b:443/ipfs/x", false),
            ("http://10.0.0.1:80", "http://10.0.0.1/ipfs/x", false),
            (
                "http://127.0.0.1:4180",
                "http://127.0.0.1:4180/ipfs/x",
                true,
            ),
            ("http://[::1]:80", "http://[::1]/ipfs/x", true),
        ] {
            let url = url.to_owned();
            let web = Web { url };
            assert_eq!((&*web.link("x"), web.is_local()), (link, is_local));
        }
    }
}
