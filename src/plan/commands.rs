//! The commands of a person, one at a time.

use std::collections::HashSet;

use futures::{StreamExt, stream};

use super::jobs::JobKind;
use super::private::opened_id;
use super::{Engine, Input};
use crate::Cid;
use crate::command::{Answer, Command};
use crate::failure::{Code, Failure};
use crate::names::{Link, canonical, note_of};
use crate::ports::{Platform, Store};
use crate::state::{EventKind, Item, ItemId, Origin, Secret, Settings, Status};

/// The most items whose bytes are removed at the same time.
const REMOVED_AT_ONCE: usize = 32;

impl<P: Platform> Engine<P> {
    /// Carries out the command of a face. Commands that only a platform can carry out ([`Command::Watch`],
    /// [`Command::ShareUrl`], [`Command::ShareFiles`], [`Command::Save`] and what shows files, [`Command::Reconnect`],
    /// [`Command::TestIpfs`], [`Command::Thumbnails`], [`Command::Log`], [`Command::Report`], those of the history, and those of the settings and of the page of the
    /// network, from [`Command::Live`] on) are refused here; the platform deals with them first.
    pub async fn command(&self, command: Command) -> Answer {
        let done = match command {
            Command::Fetch { link } => self.begin_fetch(&link).await,
            Command::Inside {
                link,
                within,
                upload,
            } => {
                let inside = self.inside(&link, within.as_deref(), upload).await;
                return inside.unwrap_or_else(|failure| Answer::Refused { failure });
            }
            Command::Look { link } => {
                return match self.look(&link).await {
                    Ok(look) => Answer::Seen { look },
                    Err(failure) => Answer::Refused { failure },
                };
            }
            Command::Resume { id } => self.resume(id).await,
            Command::Pause { id } => self.pause(id).await,
            Command::Stop { id } => self.stop(id).await,
            Command::ShareAgain { id } => self.share_again(id).await,
            Command::SharePage { id } => self.share_page(id).await,
            Command::Rename { id, name, note } => self.rename(id, name, note).await,
            Command::Limit { id, seconds, calls } => match self.known(&id) {
                Ok(_) => {
                    self.limit(&id, seconds, calls).await;
                    Ok(Some(id))
                }
                Err(failure) => Err(failure),
            },
            Command::AskFirst { id, asks } => match self.known(&id) {
                Ok(_) => {
                    let set = EventKind::AsksFirst {
                        id: id.clone(),
                        asks,
                    };
                    self.record([set]).await;
                    if !asks {
                        // Who waits gets it as everybody does now.
                        self.ask_no_more(&id, true);
                    }
                    Ok(Some(id))
                }
                Err(failure) => Err(failure),
            },
            Command::Decide { id, allow } => {
                self.decide(&id, allow);
                Ok(Some(id))
            }
            Command::LookPublicly { id, allow } => self.look_publicly(id, allow).await,
            Command::Remove { ids } => self.remove(&ids).await,
            Command::Set { settings } => self.set(settings).await,
            Command::Watch
            | Command::ShareUrl { .. }
            | Command::ShareFiles { .. }
            | Command::Save { .. }
            | Command::SaveFile { .. }
            | Command::Show { .. }
            | Command::Hide
            | Command::Files { .. }
            | Command::Reconnect
            | Command::TestIpfs { .. }
            | Command::Thumbnails { .. }
            | Command::Log { .. }
            | Command::Report
            | Command::History { .. }
            | Command::ExportHistory
            | Command::ForgetHistory
            | Command::Live { .. }
            | Command::TestNode { .. }
            | Command::NodeList { .. }
            | Command::ExportSettings { .. }
            | Command::ReadSettings { .. }
            | Command::NewIdentity
            | Command::ExportIdentity { .. }
            | Command::ImportIdentity { .. }
            | Command::Call { .. } => Err(Code::NotHere.into()),
        };
        match done {
            Ok(id) => Answer::Done { id },
            Err(failure) => Answer::Refused { failure },
        }
    }

    async fn begin_fetch(&self, link: &str) -> Result<Option<ItemId>, Failure> {
        let link = link.parse::<Link>();
        let link = link.map_err(|error| Failure::from(&error))?;
        let key = link.key.clone().map(Secret);
        let path = (!link.path.is_empty()).then(|| link.path.clone());
        let found = match path {
            Some(_) => self.find_inside(&link),
            None => self.find(&link.cid, None),
        };
        let id = if let Some(id) = found {
            let (here, fetch, same_key, same_place) = self
                .item(&id, |item| {
                    let fetch = item.origin == Origin::Fetch;
                    (
                        item.status.is_here(),
                        fetch,
                        key.is_none() || item.key == key,
                        path.is_some() || item.inside.is_none(),
                    )
                })
                .unwrap_or_default();
            if here && same_key {
                return Ok(Some(id));
            }
            if fetch && same_key && same_place {
                return self.resume(id).await;
            }
            if fetch {
                // Whoever is given another link to what they have loses nothing by it, unless that opens it.
                if let Some(Secret(key)) = key.as_ref().filter(|_| here)
                    && let Err(failure) = self.try_key(&id, key).await
                    && failure.code == Code::NotOpened
                {
                    return Err(failure);
                }
                // The earlier link had another key, or none, or led through a folder that somebody else provides. What is
                // here of the bytes can be used.
                self.end_job(JobKind::In, &id).await;
                self.stop_offering(&id).await;
                self.close_now(&id).await;
                id
            } else {
                self.new_id()
            }
        } else {
            self.new_id()
        };
        self.room_for(None, Some(&id))?;
        // The item is recorded before anything is awaited, so that a second click finds it.
        self.record([EventKind::FetchBegan {
            id: id.clone(),
            cid: canonical(&link.cid),
            key,
            path,
        }])
        .await;
        self.start_fetch(&id, link.cid);
        Ok(Some(id))
    }

    async fn look_publicly(&self, id: ItemId, allow: bool) -> Result<Option<ItemId>, Failure> {
        let settings = Settings {
            public: Some(allow),
            ..self.settings()
        };
        self.set(settings).await?;
        if allow {
            self.resume(id).await
        } else {
            Ok(Some(id))
        }
    }

    async fn resume(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        if self.has_job(JobKind::In, &id) {
            return Ok(Some(id));
        }
        match (&item.status, item.origin) {
            (Status::Announcing | Status::Shared | Status::Done, _) => {}
            (
                Status::Preparing
                | Status::Hashing
                | Status::Searching
                | Status::Asked { .. }
                | Status::Downloading { .. }
                | Status::Interrupted { .. }
                | Status::Failed { .. },
                Origin::Fetch,
            ) => {
                let cid = sought(&item).ok_or(Code::UnknownItem)?;
                self.0.resumed.borrow_mut().remove(&id);
                self.set_status(&id, Status::Searching).await;
                self.start_fetch(&id, cid);
            }
            (Status::Interrupted { .. }, Origin::Share) => self.start_hashing(&id),
            (Status::Stopped, _)
            | (
                Status::Preparing
                | Status::Hashing
                | Status::Searching
                | Status::Asked { .. }
                | Status::Downloading { .. }
                | Status::Failed { .. },
                Origin::Share,
            ) => return self.share_again(id).await,
        }
        Ok(Some(id))
    }

    async fn pause(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        self.known(&id)?;
        if !self.end_job(JobKind::In, &id).await {
            return Ok(Some(id));
        }
        // It may have ended in the meantime.
        let Some(status) = self.item(&id, |item| item.status.clone()) else {
            return Ok(None);
        };
        match status {
            Status::Preparing => self.give_up_share(&id, Code::Paused.into()).await,
            Status::Hashing
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. } => self.fail(&id, Code::Paused.into(), true),
            Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Interrupted { .. }
            | Status::Done
            | Status::Failed { .. } => {}
        }
        Ok(Some(id))
    }

    async fn stop(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        self.known(&id)?;
        self.stop_providing(&id).await;
        // Who says stop does not want to wait for those who fetch it now.
        self.unlimit(&id).await;
        self.release_unwanted();
        Ok(Some(id))
    }

    /// Stops providing a file, whose copies at storages are still to be taken back.
    pub(super) async fn stop_providing(&self, id: &ItemId) {
        self.stop_offering(id).await;
        // It may have been removed in the meantime.
        let Some(item) = self.item(id, Item::clone) else {
            return;
        };
        match item.status {
            Status::Announcing | Status::Shared => self.set_status(id, Status::Stopped).await,
            Status::Preparing
            | Status::Hashing
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. }
            | Status::Done
            | Status::Failed { .. } => {
                if item.providing {
                    self.record([EventKind::Providing {
                        id: id.clone(),
                        providing: false,
                    }])
                    .await;
                }
            }
        }
    }

    /// Withdraws the file of an item, and ends its upload.
    pub(super) async fn stop_offering(&self, id: &ItemId) {
        self.withdraw(id);
        self.cut_upload(id, Code::Stopped.into()).await;
    }

    /// Ends the upload of an item, if there is one.
    pub(super) async fn cut_upload(&self, id: &ItemId, why: Failure) {
        self.end_job(JobKind::Out, id).await;
        if self.item(id, |item| item.upload.is_some()) == Some(true) {
            self.tell(self.upload_ended(id, 0, Some(why)));
        }
    }

    /// Reads anew what could not be read, and takes a web page too.
    async fn share_page(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        if self.known(&id)?.can_be_page() {
            self.record([EventKind::AsPage { id: id.clone() }]).await;
        }
        self.share_again(id).await
    }

    /// Gives an item another name if it can have one, and a note.
    async fn rename(
        &self,
        id: ItemId,
        name: Option<String>,
        note: Option<String>,
    ) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        let name = name.and_then(|name| item.renamed(&name));
        let note = note.as_deref().and_then(note_of);
        if name.is_some() || note != item.note {
            let named = EventKind::Named {
                id: id.clone(),
                name,
                note,
            };
            self.record([named]).await;
        }
        Ok(Some(id))
    }

    /// Offers a file that is here, or reads one anew that could not be read.
    async fn share_again(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        if self.has_job(JobKind::In, &id) {
            return Ok(Some(id));
        }
        if item.can_read_again()
            && let Some(remote) = self.0.platform.remote(&item)
        {
            self.set_status(&id, Status::Preparing).await;
            self.start_share(&id, Input::Remote(remote));
            return Ok(Some(id));
        }
        if item.needs_click() && item.cid.is_none() {
            self.set_status(&id, Status::Hashing).await;
            self.start_hashing(&id);
            return Ok(Some(id));
        }
        match self.0.platform.store().open(&id).await {
            Ok((_, dag)) => {
                // It may have been removed in the meantime.
                self.known(&id)?;
                if item.needs_click() {
                    self.offer_readable(&id, &dag.root);
                    // The browser asked the person about all of them together.
                    self.offer_all_readable().await;
                } else {
                    self.offer_again(&id, &dag);
                }
                Ok(Some(id))
            }
            Err(error) => Err((&error).into()),
        }
    }

    async fn remove(&self, ids: &[ItemId]) -> Result<Option<ItemId>, Failure> {
        for id in ids {
            self.end_job(JobKind::In, id).await;
            self.withdraw(id);
            self.end_job(JobKind::Out, id).await;
            self.0.resumed.borrow_mut().remove(id);
            self.0.hashed.borrow_mut().remove(id);
            self.0.named.borrow_mut().remove(id);
        }
        let private: HashSet<ItemId> = ids
            .iter()
            .filter(|id| self.key_of(id).is_some())
            .cloned()
            .collect();
        // The items are removed before their bytes. The other way round, a kill could leave an item
        // without bytes.
        let removed = ids.iter().cloned().map(|id| EventKind::Removed { id });
        self.record(removed).await;
        self.release_unwanted();
        let private = &private;
        let forget = |id| async move {
            if private.contains(id) {
                self.forget_bytes(&opened_id(id)).await;
            }
            self.forget_listing(id).await;
            self.forget_bytes(id).await;
        };
        stream::iter(ids)
            .for_each_concurrent(REMOVED_AT_ONCE, forget)
            .await;
        Ok(None)
    }

    async fn set(&self, settings: Settings) -> Result<Option<ItemId>, Failure> {
        if let Some((_, failure)) = settings.check().into_iter().next() {
            return Err(failure);
        }
        self.record([EventKind::Settings { settings }]).await;
        self.rest().await;
        Ok(None)
    }

    fn known(&self, id: &ItemId) -> Result<Item, Failure> {
        self.item(id, Item::clone).ok_or(Code::UnknownItem.into())
    }
}

/// The CID whose providers have an item.
pub(super) fn sought(item: &Item) -> Option<Cid> {
    item.sought()?.parse().ok()
}

/// The CID of an item.
pub(super) fn item_cid(item: &Item) -> Option<Cid> {
    item.cid.as_ref()?.parse().ok()
}
