//! Links that open in any browser, without the extension.

use std::time::Duration;

use super::Engine;
use crate::call::{MultiaddrArgs, MultiaddrOk, Request};
use crate::names::FunctionName;
use crate::ports::{Http, HttpRequest, Network, Platform};
use crate::state::NetworkStatus;
use crate::web_link::Web;

/// An empty file, whose CID contains it, so that nothing has to be stored to open it.
const EMPTY: &str = "/ipfs/bafkqaaa";
/// A part of the page that opens web links.
const PAGE: &str = "/page/start.js";

impl<P: Platform> Engine<P> {
    /// Where the connected node opens links; `None` if it has no storage, opens no links, or does not answer in time.
    pub async fn find_web(&self, patience: Duration) -> Option<Web> {
        self.within(patience, self.ask_web(patience)).await?
    }

    async fn ask_web(&self, patience: Duration) -> Option<Web> {
        // A node's address ends with its peer id.
        let node = self.with_state(|state| match &state.network {
            NetworkStatus::Online { node } => Some(node.rsplit_once("/p2p/")?.1.to_owned()),
            _ => None,
        })?;
        let request = Request::new(FunctionName::multiaddr(), &MultiaddrArgs::default());
        let reply = self.0.platform.network().call(node, request, patience);
        let ok: MultiaddrOk = reply.await.ok()?.into_result().ok()?;
        let url = self.storage_url(&ok.multiaddr).ok()?;
        let has = async |path: &str| {
            let request = HttpRequest {
                method: "HEAD",
                url: format!("{url}{path}"),
                headers: Vec::new(),
                body: Vec::new(),
                patience,
            };
            let answer = self.0.platform.http().send(request).await;
            answer.is_ok_and(|answer| answer.status == 200)
        };
        // The node's operator may have switched links off.
        if !has(EMPTY).await {
            return None;
        }
        let page = has(PAGE).await;
        Some(Web { base: url, page })
    }
}
