//! What follows from a recorded event: the person is told, links are copied, files are saved and
//! thumbnails are made.

use std::rc::Rc;

use fluence::failure::{Code, Failure};
use fluence::plan::Engine;
use fluence::state::{Event, EventKind, Item, ItemId, LogEntry, Origin, Status};
use fluence_peer::Multiaddr;
use wasm_bindgen_futures::spawn_local;
use web::js::warn_on_error;

use crate::badge::Button;
use crate::memory::Memory;
use crate::network::Network;
use crate::notices::{Kind, Notices};
use crate::offscreen::Offscreen;
use crate::platform::Browser;
use crate::rest::Rest;
use crate::saving::Saving;
use crate::sharing::{Ended, Sharing, Wish};
use crate::source::typed;
use crate::thumbnail;

/// Deals with the events of an engine.
pub struct Outcomes {
    /// The engine.
    pub engine: Engine<Browser>,
    /// The network, whose peer is told of changed settings.
    pub network: Network,
    /// The person's shares.
    pub sharing: Rc<Sharing>,
    /// The files that are saved.
    pub saving: Rc<Saving>,
    /// How the person is told.
    pub notices: Notices,
    /// The toolbar button.
    pub button: Rc<Button>,
    /// What is shown while the worker starts the next time.
    pub memory: Rc<Memory>,
    /// What is done when nothing happens any more.
    pub rest: Rc<Rest>,
    /// The page that copies links.
    pub page: Offscreen,
}

impl Outcomes {
    /// Deals with an event.
    pub fn of(self: &Rc<Self>, event: &Event) {
        let outcomes = Rc::clone(self);
        self.rest.stir();
        if let EventKind::Hashed { id, .. }
        | EventKind::Merged { id, .. }
        | EventKind::Removed { id }
        | EventKind::Status {
            id,
            status: Status::Failed { .. },
        } = &event.kind
        {
            self.sharing.forget_click(id);
        }
        match &event.kind {
            EventKind::ShareBegan { id, .. } => self.sharing.is_wanted(id),
            // What is fetched gets one when it is done.
            EventKind::Hashed { id, .. } if self.is_of(id, Origin::Share) => {
                let id = id.clone();
                spawn_local(async move {
                    outcomes.make_thumbnail(&id).await;
                    outcomes.saving.close(&id).await;
                });
            }
            EventKind::Merged { id, into } => {
                let (told, done) = self.sharing.merge(id, into);
                let is_shared = told && self.is_shared(into);
                let into = into.clone();
                spawn_local(async move {
                    if let Some(together) = done {
                        outcomes.sharing.one_is_done(&together, Ended::Shared).await;
                    }
                    if is_shared {
                        outcomes.shared(&into).await;
                    }
                });
            }
            EventKind::Asking { id, peer } => {
                let (id, asked) = (id.clone(), peer.is_some());
                spawn_local(async move { outcomes.notices.asking(&id, asked).await });
            }
            EventKind::Status { id, status } => self.changed(id, status),
            EventKind::Confirmed { ids } => {
                // Most of them were shared long ago. The person is told only about those that they
                // shared just now.
                let is_fresh = |id: &&ItemId| self.sharing.is_fresh(id);
                let ids: Vec<ItemId> = ids.iter().filter(is_fresh).cloned().collect();
                spawn_local(async move {
                    for id in ids {
                        outcomes.shared(&id).await;
                    }
                });
            }
            EventKind::Settings { settings } => {
                let nodes = addresses(&settings.nodes);
                spawn_local(async move {
                    let set = outcomes.network.peer().set_nodes(nodes).await;
                    warn_on_error("the nodes were not set", set.map_err(|why| why.to_string()));
                });
            }
            EventKind::Removed { id } => {
                if let Some(Wish::Together(together)) = self.sharing.take(id) {
                    spawn_local(async move {
                        outcomes.sharing.one_is_done(&together, Ended::Known).await;
                    });
                }
            }
            EventKind::Progress { .. } if !self.button.is_due(event.at) => return,
            EventKind::Log {
                id,
                entry: LogEntry::FetchedAgain,
            } => {
                let id = id.clone();
                spawn_local(async move { outcomes.fetched(&id).await });
            }
            // These change little that is shown.
            EventKind::Log { .. } | EventKind::Thumbnail { .. } => return,
            EventKind::Progress { .. }
            | EventKind::Hashed { .. }
            | EventKind::Stays { .. }
            | EventKind::FetchBegan { .. }
            | EventKind::Found { .. }
            | EventKind::Described { .. }
            | EventKind::Named { .. }
            | EventKind::Unconfirmed
            | EventKind::Requested { .. }
            | EventKind::UploadBegan { .. }
            | EventKind::UploadSent { .. }
            | EventKind::UploadEnded { .. }
            | EventKind::Released { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Limited { .. }
            | EventKind::AsPage { .. }
            | EventKind::AsksFirst { .. }
            | EventKind::Providing { .. }
            | EventKind::Saved { .. }
            | EventKind::Network { .. }
            | EventKind::Web { .. }
            | EventKind::Room { .. }
            | EventKind::Started { .. }
            | EventKind::Notice { .. } => {}
        }
        self.button.show(self.sharing.waiting_count());
        self.memory.keep();
    }

    fn changed(self: &Rc<Self>, id: &ItemId, status: &Status) {
        let (outcomes, id) = (Rc::clone(self), id.clone());
        match status {
            Status::Shared => spawn_local(async move { outcomes.shared(&id).await }),
            Status::Done => spawn_local(async move { outcomes.fetched(&id).await }),
            Status::Failed { failure } => {
                let failure = failure.clone();
                spawn_local(async move { outcomes.failed(&id, &failure).await });
            }
            // An interrupted fetch is shown in the list, where it can be resumed.
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. } => {}
        }
    }

    fn is_of(&self, id: &ItemId, origin: Origin) -> bool {
        let is_of = |item: &Item| item.origin == origin;
        self.engine
            .with_state(|state| state.items.get(id).is_some_and(is_of))
    }

    fn is_shared(&self, id: &ItemId) -> bool {
        self.engine
            .with_state(|state| state.items.get(id).is_some_and(Item::is_shared))
    }

    async fn shared(&self, id: &ItemId) {
        // The person is not told of a file that is announced again after a start.
        let Some(wish) = self.sharing.take(id) else {
            return;
        };
        if let Wish::Together(together) = wish {
            return self.sharing.one_is_done(&together, Ended::Shared).await;
        }
        let described = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            Some((item.name.clone(), item.link()?))
        });
        let Some((name, link)) = described else {
            return;
        };
        let mut copied = false;
        if self.engine.settings().copy_link && matches!(wish, Wish::Link) {
            let done = self.page.copy(&link).await;
            copied = done.is_ok();
            warn_on_error("the link was not copied", done);
        }
        let notice = words::shared(&name, copied);
        self.notices.about(id, Kind::Shared, &notice).await;
    }

    /// What a person fetched is here. It may have been here before, as something that they shared.
    async fn fetched(self: &Rc<Self>, id: &ItemId) {
        let item = self.engine.with_state(|state| state.items.get(id).cloned());
        let Some(item) = item else {
            return;
        };
        let to_be_saved = self.engine.settings().save_fetched && item.saved_as.is_none();
        // This comes before everything that takes time, because the browser may end in the
        // meantime.
        let intended = to_be_saved && self.saving.intend(id).await;
        let notice = words::fetched(&item.name);
        self.notices.about(id, Kind::Fetched, &notice).await;
        spawn_local({
            let (outcomes, id) = (Rc::clone(self), id.clone());
            async move {
                outcomes.make_thumbnail(&id).await;
                outcomes.saving.close(&id).await;
            }
        });
        if intended {
            let saved = self.saving.save_intended(id).await;
            self.notices.tell_failure(saved).await;
        }
    }

    async fn failed(&self, id: &ItemId, failure: &Failure) {
        if let Some(Wish::Together(together)) = self.sharing.take(id) {
            // What the person has stopped themselves they need not be told.
            let ended = match failure.code {
                Code::Paused => Ended::Known,
                _ => Ended::Failed,
            };
            return self.sharing.one_is_done(&together, ended).await;
        }
        self.notices.failed(id, failure).await;
    }

    async fn make_thumbnail(&self, id: &ItemId) {
        let picture = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            let mime = item.mime.clone().unwrap_or_default();
            // Vector pictures cannot be drawn without a page.
            let drawable = mime.starts_with("image/") && mime != "image/svg+xml";
            let small = item.size.is_some_and(|size| size <= thumbnail::MAX_PICTURE);
            (drawable && small && !item.thumbnail).then_some(mime)
        });
        let Some(mime) = picture else {
            return;
        };
        let Ok((source, _)) = self.engine.opened(id).await else {
            return;
        };
        // A file that is not a picture after all has no thumbnail.
        let made = match typed(source.blob(), &mime) {
            Ok(blob) => thumbnail::of(&blob).await.ok(),
            Err(_) => None,
        };
        if let Some(data_url) = made {
            let id = id.clone();
            self.engine
                .record([EventKind::Thumbnail { id, data_url }])
                .await;
        }
    }
}

/// The addresses of nodes, without those that are not multiaddrs.
pub fn addresses(nodes: &[String]) -> Vec<Multiaddr> {
    nodes.iter().filter_map(|node| node.parse().ok()).collect()
}
