//! Links that open in any browser, without the extension.

use std::time::Duration;

use super::Engine;
use crate::call::{MultiaddrArgs, MultiaddrOk, Request};
use crate::names::FunctionName;
use crate::ports::{Http, HttpRequest, Network, Platform};
use crate::state::NetworkStatus;

/// The CID of an empty file. It contains the file, so nothing has to be stored to open it.
const EMPTY: &str = "bafkqaaa";

impl<P: Platform> Engine<P> {
    /// The base URL of the connected node's storage ([`crate::storage::web_link`]); `None` if it
    /// has none, serves no links, or does not answer in time.
    pub async fn find_web(&self, patience: Duration) -> Option<String> {
        self.within(patience, self.ask_web(patience)).await?
    }

    async fn ask_web(&self, patience: Duration) -> Option<String> {
        // A node's address ends with its peer id.
        let node = self.with_state(|state| match &state.network {
            NetworkStatus::Online { node } => Some(node.rsplit_once("/p2p/")?.1.to_owned()),
            _ => None,
        })?;
        let request = Request::new(FunctionName::multiaddr(), &MultiaddrArgs::default());
        let reply = self.0.platform.network().call(node, request, patience);
        let ok: MultiaddrOk = reply.await.ok()?.into_result().ok()?;
        let url = self.storage_url(&ok.multiaddr).ok()?;
        // The node's operator may have switched links off.
        let request = HttpRequest {
            method: "HEAD",
            url: format!("{url}/ipfs/{EMPTY}"),
            headers: Vec::new(),
            body: Vec::new(),
            patience,
        };
        let answer = self.0.platform.http().send(request).await.ok()?;
        (answer.status == 200).then_some(url)
    }
}
