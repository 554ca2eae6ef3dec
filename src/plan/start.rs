//! Continues everything that an earlier run left unfinished, after a start.

use std::collections::HashSet;
use std::time::Duration;

use super::commands::{item_cid, sought};
use super::jobs::JobKind;
use super::journal::log_line;
use super::listing::{Listing, listing_id};
use super::private::{is_opened, opened_id};
use super::share::DIRECTORY;
use super::{Engine, Input, Unknown};
use crate::Cid;
use crate::failure::{Code, Failure, Kind};
use crate::names::canonical;
use crate::ports::{Platform, Source, Store, StoreError};
use crate::state::{EventKind, Item, ItemId, LogEntry, Origin, Status};

/// How long it may take until a loss of the network is noticed, in milliseconds.
const NOTICED_MS: u64 = 120_000;
/// How long after a read that found nothing the file is looked for again.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// How many times a fetch continues by itself without a new block; after that a person has to resume it.
const MAX_RESUMED: u32 = 4;

impl<P: Platform> Engine<P> {
    /// Continues everything that an earlier run left unfinished. Call it once, before anything else is asked of the
    /// engine. It returns when everything is under way; what needs the network waits for [`Engine::network_changed`].
    ///
    /// After damage to the journal, [`Unknown::Adopt`] makes items of stored files whose items were lost.
    pub async fn start(&self, unknown: Unknown) {
        let engine = self.clone();
        self.spawn(engine.announce_forever());
        let stored: Option<HashSet<ItemId>> = match self.0.platform.store().ids().await {
            Ok(ids) => Some(ids.into_iter().collect()),
            Err(error) => {
                let failure = Failure::from(&error);
                self.tell([EventKind::Notice { failure }]);
                None
            }
        };
        // What a person began since this program started is known, and is not continued here: it runs already.
        if let Some(stored) = &stored {
            let known: HashSet<ItemId> = self.with_state(|state| {
                let items = state.items.values();
                let listings = items
                    .clone()
                    .filter(|item| item.cid.is_none() && item.mime.as_deref() == Some(DIRECTORY))
                    .filter_map(|item| listing_id(&item.id));
                // What was decrypted may be being saved by the browser, even though this program was killed, and what is
                // at an address is beside the item until all of it has come.
                let is_beside =
                    |item: &&Item| item.status.is_here() || item.status == Status::Preparing;
                let opened = items
                    .clone()
                    .filter(|item| item.key.is_some())
                    .filter(is_beside)
                    .map(|item| opened_id(&item.id));
                items
                    .map(|item| item.id.clone())
                    .chain(listings)
                    .chain(opened)
                    .collect()
            });
            for id in stored {
                match unknown {
                    _ if known.contains(id) => {}
                    Unknown::Remove => self.forget_bytes(id).await,
                    Unknown::Adopt => self.adopt(id).await,
                }
            }
        }
        let earlier = self.0.earlier.take();
        let is_shared = |id: &&ItemId| self.item(id, Item::is_shared).unwrap_or_default();
        let shared: HashSet<ItemId> = earlier.iter().filter(is_shared).cloned().collect();
        // This stops being true until each file has been found and reached again.
        if !shared.is_empty() {
            self.tell([EventKind::Unconfirmed]);
        }
        for id in earlier {
            // The person may have been faster, and stopped, removed or resumed it.
            let Some(item) = self.item(&id, Item::clone) else {
                continue;
            };
            if self.has_job(JobKind::In, &id) {
                continue;
            }
            let gone = stored
                .as_ref()
                .is_some_and(|stored| !stored.contains(&item.id));
            self.go_on_with(item, gone, shared.contains(&id)).await;
        }
        self.withdraw_unprovided();
        self.watch_limits();
    }

    /// Goes on with an item of an earlier run: whether its bytes are gone, and whether it was shared then.
    async fn go_on_with(&self, item: Item, gone: bool, was_shared: bool) {
        let id = &item.id;
        match &item.status {
            Status::Announcing | Status::Shared | Status::Stopped | Status::Done if gone => {
                self.say_gone(id, not_stored());
            }
            Status::Preparing => match self.0.platform.remote(&item) {
                Some(remote) => self.start_share(id, Input::Remote(remote)),
                None => self.give_up_share(id, Code::Interrupted.into()).await,
            },
            // An empty file may have left nothing that could be found.
            Status::Hashing if gone && item.size != Some(0) => self.say_gone(id, not_stored()),
            Status::Hashing => self.start_hashing(id),
            Status::Searching | Status::Asked { .. } | Status::Downloading { .. } => {
                if let Some(cid) = sought(&item) {
                    self.tell([
                        log_line(id, LogEntry::ResumedAfterRestart),
                        EventKind::Status {
                            id: id.clone(),
                            status: Status::Searching,
                        },
                    ]);
                    self.start_fetch(id, cid);
                }
            }
            Status::Announcing | Status::Shared if item.stays && !self.is_readable(id).await => {}
            Status::Announcing | Status::Shared | Status::Done if item.providing => {
                match item_cid(&item) {
                    Some(cid) if was_shared => self.offer_known(id, &cid),
                    Some(cid) => self.offer(id, &cid),
                    None => {}
                }
                if let Some(upload) = item.upload.clone()
                    && self.held_back(&item).is_none()
                {
                    self.resume_upload(id, upload);
                }
            }
            Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Done
            | Status::Interrupted { .. }
            | Status::Failed { .. } => {}
        }
        if item.upload.is_some() && !self.has_job(JobKind::Out, id) {
            self.tell(self.upload_ended(id, 0, Some(Code::Interrupted.into())));
        }
    }

    /// Whether a file that stays where the person has it can be read now. If it cannot, that is recorded: nothing is
    /// announced that nobody could get.
    async fn is_readable(&self, id: &ItemId) -> bool {
        match self.0.platform.store().open(id).await {
            Err(error @ (StoreError::Gone(_) | StoreError::Locked)) => {
                self.say_gone(id, Failure::from(&error));
                false
            }
            // What fails for another reason is found out when somebody asks for it.
            Ok(_) | Err(_) => true,
        }
    }

    /// Offers what could be read only after a click, as far as it can be read now.
    pub(super) async fn offer_all_readable(&self) {
        let locked: Vec<ItemId> = self.with_state(|state| {
            let locked = state.items.values().filter(|item| item.needs_click());
            locked.map(|item| item.id.clone()).collect()
        });
        for id in locked {
            if let Ok((_, dag)) = self.0.platform.store().open(&id).await {
                self.offer_readable(&id, &dag.root);
            }
        }
    }

    /// Offers what could be read only after a click. Its limits are those that it had.
    pub(super) fn offer_readable(&self, id: &ItemId, cid: &Cid) {
        if self.item(id, Item::needs_click) == Some(true) {
            self.tell([EventKind::Status {
                id: id.clone(),
                status: Status::Announcing,
            }]);
            self.offer(id, cid);
            self.watch_limits();
        }
    }

    /// Makes an item of a whole file that belongs to none. Its name is lost, but its hash is not.
    async fn adopt(&self, id: &ItemId) {
        let Ok((source, dag)) = self.0.platform.store().open(id).await else {
            return;
        };
        if is_opened(&dag) {
            return self.forget_bytes(id).await;
        }
        let cid = canonical(&dag.root);
        if self.find(&dag.root, None).is_some() {
            return self.forget_bytes(id).await;
        }
        let stays = source
            .can_stay()
            .then(|| EventKind::Stays { id: id.clone() });
        let adopted = [
            EventKind::ShareBegan {
                id: id.clone(),
                name: cid.clone(),
                mime: dag.is_directory().then(|| DIRECTORY.to_owned()),
                size: Some(dag.len()),
                source: None,
                key: None,
                ends: None,
            },
            EventKind::Hashed {
                id: id.clone(),
                cid,
                size: dag.len(),
                files: dag.is_directory().then(|| dag.file_count()),
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Stopped,
            },
        ];
        self.record(adopted.into_iter().chain(stays)).await;
    }

    /// Records that the bytes of an item are missing, if they still are after a moment: a read may fail once.
    pub(super) async fn say_gone_if_so(&self, id: &ItemId) {
        self.sleep(SECOND_LOOK).await;
        let opened = self.0.platform.store().open(id).await;
        let read = match opened {
            Ok((source, _)) => {
                let last = source.len().saturating_sub(1)..source.len();
                source.read(last).await.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error @ (StoreError::Gone(_) | StoreError::Locked)) = read {
            self.say_gone(id, Failure::from(&error));
        }
    }

    /// Records that the bytes of an item are missing, which is this failure.
    pub(super) fn say_gone(&self, id: &ItemId, failure: Failure) {
        self.withdraw(id);
        if self.item(id, |item| item.providing) == Some(true) {
            self.tell([EventKind::Providing {
                id: id.clone(),
                providing: false,
            }]);
        }
        self.fail(id, failure, false);
    }

    /// Hashes what an earlier run stored as a whole.
    pub(super) fn start_hashing(&self, id: &ItemId) {
        let engine = self.clone();
        let job_id = id.clone();
        self.start_job(JobKind::In, id, async move {
            let id = job_id;
            let _slot = engine.0.sharing.take().await;
            // It may have been hashed and written down, without that having been recorded.
            if let Ok((_, dag)) = engine.0.platform.store().open(&id).await {
                engine.settle(&id, &dag).await;
                if dag.is_directory() {
                    engine.forget_listing(&id).await;
                }
                return;
            }
            // A private share is one encrypted file, whatever is in it.
            let directory = engine.item(&id, |item| {
                item.key.is_none() && item.mime.as_deref() == Some(DIRECTORY)
            });
            let (files, profile) = if directory == Some(false) {
                (None, engine.settings().profile)
            } else if let Some(Listing { profile, files }) = engine.kept_listing(&id).await {
                (Some(files), profile)
            } else {
                engine.give_up_share(&id, Code::Interrupted.into()).await;
                return;
            };
            let hashed = match engine.0.platform.store().partial(&id).await {
                Ok(partial) => engine.hash(&id, partial, files, profile).await,
                Err(error) => Err(Failure::from(&error)),
            };
            match hashed {
                Ok(()) => {}
                Err(failure) if failure.code == Code::NeedsClick => {
                    engine.fail(&id, failure, false);
                }
                Err(failure) => engine.give_up_share(&id, failure).await,
            }
        });
    }

    /// Continues the fetches that ended, or may have ended, because there was no network. If a
    /// fetch ends shortly before the loss of the network is noticed, or before the network is back,
    /// it looks as if the others were gone.
    pub(super) fn resume_cut_off(&self) {
        let since = self.0.lost.get().saturating_sub(NOTICED_MS);
        let mut resumed = self.0.resumed.borrow_mut();
        let waiting: Vec<Item> = self.with_state(|state| {
            state
                .items
                .values()
                .filter(|item| item.origin == Origin::Fetch)
                .filter(|item| {
                    let Some(kind) = item.status.failure().map(|failure| failure.code.kind())
                    else {
                        return false;
                    };
                    kind == Kind::Offline
                        || kind.may_be_network()
                            && item.since >= since
                            && resumed.get(&item.id).is_none_or(|n| *n < MAX_RESUMED)
                })
                .cloned()
                .collect()
        });
        for item in waiting {
            if let Some(cid) = sought(&item) {
                *resumed.entry(item.id.clone()).or_default() += 1;
                self.tell([
                    log_line(&item.id, LogEntry::ResumedOnline),
                    EventKind::Status {
                        id: item.id.clone(),
                        status: Status::Searching,
                    },
                ]);
                self.start_fetch(&item.id, cid);
            }
        }
    }
}

/// The failure of an item that has neither a file nor a record in the store.
fn not_stored() -> Failure {
    Failure::new(Code::FileGone).detail("nothing of it is stored")
}
