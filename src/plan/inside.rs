//! Finds what a link names in a folder, by the nodes of the folders on its path alone. Whoever provides the folder has it.

use futures::future::{Either, select};

use super::Engine;
use super::download::{AGAIN_BASE, AGAIN_MOST, Ended, MAX_UNREACHABLE, SILENCE};
use super::fetch::{Looked, MAX_WITHOUT_BLOCK_MS, PATIENCE_MS, Round};
use super::jobs::Stop;
use super::journal::log_line;
use super::pace::backoff;
use super::search::{Candidate, Search};
use crate::Cid;
use crate::content::trail::{Trail, TrailError};
use crate::failure::Failure;
use crate::names::{Link, canonical, chosen_name};
use crate::ports::Platform;
use crate::state::{EventKind, ItemId, LogEntry, Status};
use crate::text::host_of;

impl<P: Platform> Engine<P> {
    /// The item that a link with a path was made to; of several, one that is here.
    pub(super) fn find_inside(&self, link: &Link) -> Option<ItemId> {
        let folder = canonical(&link.cid);
        self.with_state(|state| {
            let items = state.items.values();
            items
                .filter(|item| {
                    let inside = item.inside.as_ref();
                    inside.is_some_and(|at| at.folder == folder && at.path == link.path)
                })
                .max_by_key(|item| item.status.is_here())
                .map(|item| item.id.clone())
        })
    }

    /// What is to be fetched: what was asked for, or what is at the end of a path in it. `None` if the fetch was told to
    /// stop, or needs nothing more because the file is here already.
    pub(super) async fn wanted(
        &self,
        id: &ItemId,
        asked: Cid,
        search: &mut Search<P>,
        stop: &Stop,
    ) -> Result<Option<Cid>, Failure> {
        let item = self.item(id, |item| (item.inside.clone(), item.cid.clone()));
        let Some((inside, known)) = item else {
            return Ok(None);
        };
        let Some(inside) = inside else {
            return Ok(Some(asked));
        };
        let cid = if let Some(cid) = known.and_then(|cid| cid.parse().ok()) {
            cid
        } else {
            let end = self.end_of(id, asked, &inside.path, search, stop).await?;
            let Some((cid, name)) = end else {
                return Ok(None);
            };
            self.record([EventKind::Found {
                id: id.clone(),
                cid: canonical(&cid),
                name: chosen_name(&name),
            }])
            .await;
            cid
        };
        let other = self.find(&cid, Some(id));
        let is_here = |other: &ItemId| self.item(other, |item| item.status.is_here());
        let Some(other) = other.filter(|other| is_here(other) == Some(true)) else {
            return Ok(Some(cid));
        };
        self.merge_fetch(id, other).await;
        Ok(None)
    }

    /// Records that a fetch is of the same file as another item, which is here.
    pub(super) async fn merge_fetch(&self, id: &ItemId, into: ItemId) {
        let again = log_line(&into, LogEntry::FetchedAgain);
        let id = id.clone();
        let merged = EventKind::Merged {
            id: id.clone(),
            into,
        };
        self.record([again, merged]).await;
        self.forget_bytes(&id).await;
    }

    /// Follows a path from a folder. Returns what is at its end, and its name there; `None` if the fetch was told to stop.
    async fn end_of(
        &self,
        id: &ItemId,
        folder: Cid,
        path: &str,
        search: &mut Search<P>,
        stop: &Stop,
    ) -> Result<Option<(Cid, String)>, Failure> {
        let mut trail = Trail::new(folder, path);
        trail.inline().map_err(|error| Failure::from(&error))?;
        let (mut round, mut last) = (Round::default(), self.now());
        while let Some(next) = trail.next_cid() {
            let candidate = match self.look_for(search, Some(next), stop).await? {
                Looked::Found(candidate) => candidate,
                Looked::Nothing => {
                    let barren = self.now().saturating_sub(last);
                    if self
                        .wait_for_more(id, search, &mut round, barren, stop)
                        .await?
                    {
                        continue;
                    }
                    return Ok(None);
                }
                Looked::Stopped => return Ok(None),
            };
            let followed = self.follow_trail(id, &candidate, &mut trail, stop).await;
            if trail.next_cid() != Some(next) {
                (round, last) = (Round::default(), self.now());
            }
            match followed {
                // What is there comes from the same storage.
                Ok(()) => search.keep_first(candidate),
                Err(Ended::Stopped) => return Ok(None),
                Err(Ended::Fatal(failure)) => return Err(failure),
                Err(Ended::Wrong(failure)) => {
                    search.ban(candidate.url.clone());
                    let entry = LogEntry::StorageFailed {
                        failure: failure.clone(),
                    };
                    self.log(id, entry);
                    if !candidate.is_public() {
                        search.distrust(&candidate.peer, failure.peer(&candidate.peer));
                    }
                }
                Err(Ended::Short(failure) | Ended::Useless(failure) | Ended::NoCar(failure)) => {
                    let entry = LogEntry::StorageFailed {
                        failure: failure.clone(),
                    };
                    self.log(id, entry);
                    // A gateway that has nothing is as good a reason as none.
                    if !candidate.is_public() {
                        search.remember(failure);
                        search.strike(&candidate.peer);
                    }
                }
                Err(Ended::Whole) => {}
            }
            if self.now().saturating_sub(last) >= MAX_WITHOUT_BLOCK_MS {
                return Err(search.verdict());
            }
        }
        Ok(trail.end())
    }

    /// Follows a path with the blocks of one storage, to its end.
    async fn follow_trail(
        &self,
        id: &ItemId,
        candidate: &Candidate,
        trail: &mut Trail,
        stop: &Stop,
    ) -> Result<(), Ended> {
        let fatal = |error: TrailError| Ended::Fatal(Failure::from(&error));
        let from = host_of(&candidate.url);
        self.set_status(id, Status::Downloading { from }).await;
        let (mut since, mut tries) = (self.now(), 0);
        while let Some(cid) = trail.next_cid() {
            let block = std::pin::pin!(self.block(&candidate.url, &cid, SILENCE));
            let block = match select(block, stop.clone()).await {
                Either::Left((block, _)) => block,
                Either::Right(_) => return Err(Ended::Stopped),
            };
            match block {
                Ok(block) => {
                    trail.accept(&block).map_err(fatal)?;
                    trail.inline().map_err(fatal)?;
                    (since, tries) = (self.now(), 0);
                }
                // It may be on its way to the storage.
                Err(Ended::Short(failure))
                    if self.now().saturating_sub(since) < PATIENCE_MS && !candidate.is_public() =>
                {
                    tries += 1;
                    if failure.is_unreachable() && tries >= MAX_UNREACHABLE {
                        return Err(Ended::Useless(failure));
                    }
                    let random = self.0.platform.random();
                    let wait = backoff(AGAIN_BASE, AGAIN_MOST, tries - 1, random);
                    let wait = self.0.platform.sleep(wait);
                    if let Either::Left(_) = select(stop.clone(), wait).await {
                        return Err(Ended::Stopped);
                    }
                }
                Err(ended) => return Err(ended),
            }
        }
        Ok(())
    }
}
