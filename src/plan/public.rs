//! Where the public IPFS has a file that nobody provides here: delegated routing ([IPIP-337]) names the HTTP gateways that
//! have it, and trustless gateways from the settings are asked after these. What they send is verified like everything else.
//!
//! [IPIP-337]: https://specs.ipfs.tech/ipips/ipip-0337/

use std::time::Duration;

use serde::Deserialize;

use super::Engine;
use crate::Cid;
use crate::names::canonical;
use crate::ports::{Http, HttpBody, HttpRequest, HttpResponse, Platform};

/// How long a router may be silent.
const ROUTER_PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of a router's answer that are read.
const MAX_ANSWER: usize = 256 * 1024;
/// The most gateways that are asked in one fetch.
const MAX_GATEWAYS: usize = 12;
/// The protocol of peers that are trustless gateways.
const GATEWAY: &str = "transport-ipfs-gateway-http";

/// The answer of `/routing/v1/providers/{cid}`.
#[derive(Deserialize)]
struct Routed {
    #[serde(rename = "Providers")]
    providers: Option<Vec<Provider>>,
}

/// A record of the schema `peer`. Other records lack what is read here.
#[derive(Deserialize)]
struct Provider {
    #[serde(rename = "Addrs", default)]
    addresses: Option<Vec<String>>,
    #[serde(rename = "Protocols", default)]
    protocols: Option<Vec<String>>,
}

/// The multiaddrs of the gateways in the answer of a router; none if it is no such answer.
fn gateways(answer: &[u8]) -> Vec<String> {
    let routed: Option<Routed> = serde_json::from_slice(answer).ok();
    let providers = routed.and_then(|routed| routed.providers);
    let is_gateway = |provider: &Provider| {
        let protocols = provider.protocols.iter().flatten();
        protocols.into_iter().any(|protocol| protocol == GATEWAY)
    };
    let providers = providers.into_iter().flatten().filter(is_gateway);
    providers
        .filter_map(|provider| provider.addresses)
        .flatten()
        .collect()
}

impl<P: Platform> Engine<P> {
    /// The base URLs of gateways that may have a file, if the person allows that they are asked.
    pub(super) async fn public_gateways(&self, cid: &Cid) -> Vec<String> {
        let settings = self.settings();
        if settings.public != Some(true) {
            return Vec::new();
        }
        let mut urls: Vec<String> = Vec::new();
        let mut add = |url: &str| {
            let url = url.trim_end_matches('/');
            if urls.len() < MAX_GATEWAYS && !urls.iter().any(|other| other == url) {
                urls.push(url.to_owned());
            }
        };
        for router in &settings.routers {
            for multiaddr in gateways(&self.ask_router(router, cid).await) {
                // Anybody can tell a router anything, so that a place in a private network is not asked.
                if let Ok(url) = self.storage_url(&multiaddr) {
                    add(&url);
                }
            }
        }
        settings.gateways.iter().for_each(|url| add(url));
        urls
    }

    /// What a router answers about a file; nothing if it does not answer with success.
    async fn ask_router(&self, router: &str, cid: &Cid) -> Vec<u8> {
        let router = router.trim_end_matches('/');
        let answer = self.0.platform.http().send(HttpRequest {
            method: "GET",
            url: format!(
                "{router}/routing/v1/providers/{}?filter-protocols={GATEWAY}",
                canonical(cid)
            ),
            headers: vec![("accept", "application/json".to_owned())],
            body: Vec::new(),
            patience: ROUTER_PATIENCE,
        });
        let Ok(HttpResponse {
            status: 200,
            mut body,
            ..
        }) = answer.await
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        while let Ok(Some(piece)) = body.chunk().await {
            all.extend_from_slice(&piece);
            if all.len() > MAX_ANSWER {
                return Vec::new();
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_of_an_answer_are_read_and_nothing_else() {
        let answer = br#"{"Providers":[
            {"Schema":"peer","ID":"12D3KooW","Addrs":["/dns4/a.example/tcp/443/https"],"Protocols":["transport-bitswap"]},
            {"Schema":"peer","ID":"12D3KooX","Addrs":["/dns4/b.example/tcp/443/https","/ip4/1.1.1.1/tcp/4001"],
             "Protocols":["transport-bitswap","transport-ipfs-gateway-http"],"Extra":{}},
            {"Schema":"peer","ID":"12D3KooY","Protocols":["transport-ipfs-gateway-http"],"Addrs":null},
            {"Schema":"unknown"}]}"#;
        let found = ["/dns4/b.example/tcp/443/https", "/ip4/1.1.1.1/tcp/4001"];
        assert_eq!(gateways(answer), found);
        for none in [
            "",
            "{}",
            r#"{"Providers":null}"#,
            r#"{"Providers":[]}"#,
            "[]",
        ] {
            assert_eq!(gateways(none.as_bytes()), [""; 0], "{none}");
        }
    }
}
