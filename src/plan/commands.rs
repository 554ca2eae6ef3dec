//! What a person asks for, one command at a time.

use super::failure::failure;
use super::jobs::JobKind;
use super::{Engine, is_here};
use crate::Cid;
use crate::command::{Answer, Command};
use crate::names::{canonical, parse_link};
use crate::ports::{Platform, Store};
use crate::state::{EventKind, Failure, Item, ItemId, Origin, Settings, Status};
use crate::storage::multiaddr_of;

/// The most nodes that can be set.
pub const MAX_NODES: usize = 16;
/// The longest address that can be set, in bytes.
pub const MAX_SETTING: usize = 512;

impl<P: Platform> Engine<P> {
    pub(super) async fn obey(&self, command: Command) -> Answer {
        let done = match command {
            Command::Fetch { link } => self.begin_fetch(&link).await,
            Command::Resume { id } => self.resume(id).await,
            Command::Pause { id } => self.pause(id).await,
            Command::Stop { id } => self.stop(id).await,
            Command::ShareAgain { id } => self.share_again(id).await,
            Command::Remove { id } => self.remove(id).await,
            Command::Set { settings } => self.set(settings).await,
            Command::Watch
            | Command::ShareUrl { .. }
            | Command::ShareFiles { .. }
            | Command::Save { .. }
            | Command::Reconnect
            | Command::TestIpfs { .. } => Err(failure(
                "not_here",
                "This cannot be done from here.",
                "Use the browser extension.",
            )),
        };
        match done {
            Ok(id) => Answer::Done { id },
            Err(failure) => Answer::Refused { failure },
        }
    }

    async fn begin_fetch(&self, link: &str) -> Result<Option<ItemId>, Failure> {
        let cid = parse_link(link).map_err(|error| {
            failure(
                "bad_link",
                error.to_string(),
                "Ask whoever shared the file for its link.",
            )
        })?;
        if let Some(id) = self.find(&cid, None) {
            let (here, fetch) = self
                .item(&id, |item| (is_here(item), item.origin == Origin::Fetch))
                .unwrap_or_default();
            if here {
                return Ok(Some(id));
            }
            if fetch {
                return self.resume(id).await;
            }
        }
        self.room_for(None)?;
        let id = self.new_id();
        // Known before anything is waited for, so that a second click finds it.
        self.write([EventKind::FetchBegan {
            id: id.clone(),
            cid: canonical(&cid),
        }])
        .await;
        self.start_fetch(&id, cid);
        Ok(Some(id))
    }

    async fn resume(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        if self.has_job(JobKind::In, &id) || is_here(&item) && item.status != Status::Stopped {
            return Ok(Some(id));
        }
        match item.origin {
            Origin::Fetch if item.status != Status::Stopped => {
                let cid = item_cid(&item).ok_or_else(|| self.unknown())?;
                self.0.resumed.borrow_mut().remove(&id);
                self.set_status(&id, Status::Searching).await;
                self.start_fetch(&id, cid);
            }
            Origin::Share if matches!(item.status, Status::Interrupted { .. }) => {
                self.start_hashing(&id);
            }
            _ => return self.share_again(id).await,
        }
        Ok(Some(id))
    }

    async fn pause(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        if !self.end_job(JobKind::In, &id).await {
            return Ok(Some(id));
        }
        // It may have come to its end in the meantime.
        let Some(status) = self.item(&id, |item| item.status.clone()) else {
            return Ok(None);
        };
        match (item.origin, status) {
            (Origin::Share, Status::Preparing) => {
                let stopped = failure(
                    "paused",
                    "You stopped it before all of it was read.",
                    "Share it again.",
                );
                self.give_up_share(&id, stopped).await;
            }
            (Origin::Share, Status::Hashing)
            | (
                Origin::Fetch,
                Status::Searching | Status::Asked { .. } | Status::Downloading { .. },
            ) => {
                let paused = failure(
                    "paused",
                    "You paused it.",
                    "Choose Resume to go on; what has come so far is kept.",
                );
                self.fail(&id, paused, true);
            }
            _ => {}
        }
        Ok(Some(id))
    }

    async fn stop(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        let item = self.known(&id)?;
        self.stop_offering(&id).await;
        match item.status {
            Status::Announcing | Status::Shared => self.set_status(&id, Status::Stopped).await,
            _ if item.providing => {
                self.write([EventKind::Providing {
                    id: id.clone(),
                    providing: false,
                }])
                .await;
            }
            _ => {}
        }
        Ok(Some(id))
    }

    /// Withdraws it, and ends its upload.
    async fn stop_offering(&self, id: &ItemId) {
        self.withdraw(id);
        self.end_job(JobKind::Out, id).await;
        if self.item(id, |item| item.upload.is_some()) == Some(true) {
            self.tell([EventKind::UploadEnded {
                id: id.clone(),
                sent: 0,
                error: Some(failure(
                    "stopped",
                    "The upload was stopped.",
                    "It goes on when the file is shared again and asked for.",
                )),
            }]);
        }
    }

    async fn share_again(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        self.known(&id)?;
        if self.has_job(JobKind::In, &id) {
            return Ok(Some(id));
        }
        match self.0.platform.store().open(&id).await {
            Ok((_, dag)) => {
                // It may have been removed in the meantime.
                self.known(&id)?;
                self.offer_again(&id, &dag);
                Ok(Some(id))
            }
            Err(error) => Err(failure(
                "file_gone",
                format!("Its bytes are not here: {error}."),
                "Share the file itself once more.",
            )),
        }
    }

    async fn remove(&self, id: ItemId) -> Result<Option<ItemId>, Failure> {
        self.known(&id)?;
        self.end_job(JobKind::In, &id).await;
        self.withdraw(&id);
        self.end_job(JobKind::Out, &id).await;
        self.0.resumed.borrow_mut().remove(&id);
        // First the item, then its bytes: the other way round, a kill would leave an item without bytes.
        self.write([EventKind::Removed { id: id.clone() }]).await;
        self.forget_listing(&id).await;
        self.forget_bytes(&id).await;
        Ok(None)
    }

    async fn set(&self, settings: Settings) -> Result<Option<ItemId>, Failure> {
        let bad = |what: String, advice: &str| Err(failure("bad_setting", what, advice));
        if settings.nodes.len() > MAX_NODES {
            return bad(
                format!("{} nodes are too many.", settings.nodes.len()),
                "Name 16 at most.",
            );
        }
        for node in &settings.nodes {
            let control = node.chars().any(|c| c.is_control() || c.is_whitespace());
            if !node.starts_with('/') || node.len() > MAX_SETTING || control {
                return bad(
                    format!(
                        "“{}” is not the address of a node.",
                        super::failure::quote(node)
                    ),
                    "An address looks like /dns4/node.example.org/tcp/443/tls/ws.",
                );
            }
        }
        if let Some(own) = &settings.own_ipfs {
            for url in [&own.rpc, &own.gateway] {
                if url.len() > MAX_SETTING {
                    return bad(
                        "The address of your IPFS node is too long.".to_owned(),
                        "It looks like http://127.0.0.1:5001.",
                    );
                }
                if let Err(error) = multiaddr_of(url) {
                    return bad(format!("{error}."), "It looks like http://127.0.0.1:5001.");
                }
            }
        }
        if settings.max_file == 0 {
            return bad(
                "With a largest file of 0 bytes nothing could be shared.".to_owned(),
                "Choose a larger one.",
            );
        }
        self.write([EventKind::Settings { settings }]).await;
        Ok(None)
    }

    fn known(&self, id: &ItemId) -> Result<Item, Failure> {
        self.item(id, Item::clone).ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> Failure {
        failure(
            "unknown_item",
            "This file is not in the list any more.",
            "Open the list anew.",
        )
    }
}

/// The item's CID.
pub(super) fn item_cid(item: &Item) -> Option<Cid> {
    item.cid.as_ref()?.parse().ok()
}
