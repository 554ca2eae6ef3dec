//! What is at a link, before anything of it is fetched.

use std::time::Duration;

use futures::StreamExt;

use super::Engine;
use super::search::MAX_PROVIDERS;
use crate::Cid;
use crate::call::{FileArgs, FileOk, Request};
use crate::command::Look;
use crate::failure::{Code, Failure};
use crate::names::{FunctionName, Link, chosen_name, mime_of, path_name};
use crate::ports::{Network, PeerName, Platform};
use crate::state::Item;
use crate::text::quote;

/// How long all of it may take; a person is looking at the field.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one provider may take.
const EACH: Duration = Duration::from_secs(5);
/// How many providers are asked at the same time.
const ASKED_AT_ONCE: usize = 3;

impl<P: Platform> Engine<P> {
    /// Says what is at a link: asks its providers, none of which moves anything for that, and returns the first answer.
    ///
    /// # Errors
    /// If the link cannot be read, or nobody answers.
    pub async fn look(&self, link: &str) -> Result<Look, Failure> {
        let link = link.parse::<Link>();
        let link = link.map_err(|error| Failure::from(&error))?;
        let private = link.key.is_some();
        let path = Some(&link.path).filter(|path| !path.is_empty());
        let found = match path {
            Some(_) => self.find_inside(&link),
            None => self.find(&link.cid, None),
        };
        if let Some(id) = found {
            let here = |item: &Item| {
                item.status.is_here().then(|| Look {
                    name: Some(item.name.clone()),
                    mime: item.mime.clone(),
                    size: item.size,
                    peer: None,
                    private,
                })
            };
            if let Some(look) = self.item(&id, here).flatten() {
                return Ok(look);
            }
        }
        let first = self.ask_about(&link.cid, PATIENCE).await;
        let (peer, told) = first.ok_or(Code::NoProvider)?;
        if let Some(path) = path {
            // What is said of the folder is not said of what is in it.
            return Ok(Look {
                name: Some(path_name(path)),
                mime: None,
                size: None,
                peer: Some(quote(&peer)),
                private,
            });
        }
        // What a private share is called is in its bytes.
        let told_name = told.name.as_deref().filter(|_| !private);
        Ok(Look {
            name: told_name.map(chosen_name),
            mime: told.mime.as_deref().filter(|_| !private).and_then(mime_of),
            size: told.size,
            peer: Some(quote(&peer)),
            private,
        })
    }

    /// What a provider says of a file, without moving anything: the first answer, if one comes in time.
    pub(super) async fn ask_about(
        &self,
        cid: &Cid,
        patience: Duration,
    ) -> Option<(PeerName, FileOk)> {
        let name = FunctionName::file(cid);
        let network = self.0.platform.network();
        let ask = |peer: PeerName| {
            let request = Request::new(name.clone(), &FileArgs { probe: true });
            async move {
                let reply = network.call(peer.clone(), request, EACH).await.ok()?;
                Some((peer, reply.into_result::<FileOk>().ok()?))
            }
        };
        let answers = network
            .providers(name.clone())
            .take(MAX_PROVIDERS)
            .map(ask)
            .buffer_unordered(ASKED_AT_ONCE)
            .filter_map(std::future::ready);
        let mut answers = std::pin::pin!(answers);
        self.within(patience, answers.next()).await.flatten()
    }
}
