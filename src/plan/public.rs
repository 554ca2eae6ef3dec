//! Where the public IPFS has a file that nobody provides here: delegated routing ([IPIP-337]) names the HTTP gateways that
//! have it, and trustless gateways from the settings are asked after these. What they send is verified like everything else.
//!
//! [IPIP-337]: https://specs.ipfs.tech/ipips/ipip-0337/

use std::time::Duration;

use futures::future::join_all;

use super::Engine;
use crate::Cid;
use crate::ports::{Http, HttpBody, HttpRequest, HttpResponse, Platform};
use crate::routing;
use crate::state::MAX_PUBLIC;

/// How long a router may take to answer; all are asked at the same time.
const ROUTER_PATIENCE: Duration = Duration::from_secs(10);
/// The most gateways that routers name which are asked in one fetch. Those in the settings are asked all the same.
const MAX_ROUTED: usize = 8;

impl<P: Platform> Engine<P> {
    /// The base URLs of gateways that may have a file, if the person allows that they are asked.
    pub(super) async fn public_gateways(&self, cid: &Cid) -> Vec<String> {
        let settings = self.settings();
        if settings.public != Some(true) {
            return Vec::new();
        }
        let mut urls: Vec<String> = Vec::new();
        let mut add = |url: &str, most: usize| {
            let url = url.trim_end_matches('/');
            if urls.len() < most && !urls.iter().any(|other| other == url) {
                urls.push(url.to_owned());
            }
        };
        let answers = settings.routers.iter().map(|router| {
            // One that sends a little again and again is never silent.
            self.within(ROUTER_PATIENCE, self.ask_router(router, cid))
        });
        for answer in join_all(answers).await {
            for multiaddr in routing::gateways(&answer.unwrap_or_default()) {
                // Anybody can tell a router anything, so that a place in a private network is not asked.
                if let Ok(url) = self.storage_url(&multiaddr) {
                    add(&url, MAX_ROUTED);
                }
            }
        }
        let own = settings.gateways.iter();
        own.for_each(|url| add(url, MAX_ROUTED + MAX_PUBLIC));
        urls
    }

    /// What a router answers about a file; nothing if it does not answer with success.
    async fn ask_router(&self, router: &str, cid: &Cid) -> Vec<u8> {
        let answer = self.0.platform.http().send(HttpRequest {
            method: "GET",
            url: routing::url(router, cid),
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
            if all.len() > routing::MAX_ANSWER {
                return Vec::new();
            }
        }
        all
    }
}
