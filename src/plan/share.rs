//! Shares bytes: they are stored once, hashed in place, and offered.

use std::collections::HashSet;
use std::future::ready;
use std::ops::Range;

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use sha2::{Digest, Sha256};

use super::jobs::JobKind;
use super::journal::log_line;
use super::listing::Listing;
use super::pace::Meter;
use super::{Engine, Expected, Input, ShareInput};
use crate::command::Answer;
use crate::content::layout::{layout, layout_directory, order};
use crate::content::{Dag, DagFile, Profile};
use crate::failure::{Code, Failure};
use crate::names::{canonical, chosen_name, free_path, mime_of, note_of};
use crate::ports::{HttpError, Partial, Platform, Source, Store, StoreError};
use crate::state::{EventKind, FOLDER, Item, ItemId, LogEntry, MAX_ITEMS, Secret, Status};

/// The most shares that are read and hashed at the same time; the others wait.
pub(super) const SHARES_AT_ONCE: usize = 4;
/// The largest file that is read, hashed and written at once, in bytes.
const SMALL: u64 = 32 * 1024;
/// The most small files that are shared at the same time. What many of them have to write is written together.
pub(super) const SMALL_AT_ONCE: usize = 64;
/// The least size of a chosen file that stays where it is, in bytes. A smaller one is copied: that costs little, and the
/// copy can be read without a click after the browser was started again.
pub const LEFT_FROM: u64 = 16 << 20;
/// The MIME type of an item that is a directory.
pub(super) const DIRECTORY: &str = FOLDER;
/// How many bytes at the beginning of a file are examined to tell a web page from a picture.
const SNIFFED: usize = 512;

impl<P: Platform> Engine<P> {
    /// Shares bytes. Returns once the item is recorded, with its id; reading, hashing and announcing continue by
    /// themselves. If it turns out to be the same file as another item, [`EventKind::Merged`] says which one.
    pub async fn share(&self, input: ShareInput<P::Source>) -> Answer {
        let stays =
            !input.private && matches!(&input.body, Input::Stored(source) if self.may_stay(source));
        // What stays where it is takes no room.
        let taken = |size: Option<u64>| size.filter(|_| !stays);
        if let Err(failure) = self.room_for(taken(input.size), None) {
            return Answer::Refused { failure };
        }
        // A second click on the same thing finds the first share.
        let url = input.source.as_ref().and_then(|source| source.url.as_ref());
        let same = url.and_then(|url| {
            self.with_state(|state| {
                state
                    .items
                    .values()
                    .find(|item| {
                        item.status.is_moving()
                            && item.key.is_some() == input.private
                            && item.ends == input.ends
                            && item.source.as_ref().and_then(|s| s.url.as_ref()) == Some(url)
                    })
                    .map(|item| item.id.clone())
            })
        });
        if let Some(id) = same {
            return Answer::Done { id: Some(id) };
        }
        let id = self.new_id();
        let directory = matches!(input.body, Input::Many(_));
        let mime = if directory {
            Some(DIRECTORY.to_owned())
        } else {
            input.mime.as_deref().and_then(mime_of)
        };
        let size = match &input.body {
            Input::Remote(_) => input.size,
            Input::Stored(source) => Some(source.len()),
            Input::Many(files) => Some(files.iter().map(|(_, source)| source.len()).sum()),
        };
        if let Err(failure) = self.room_for(taken(size), None) {
            return Answer::Refused { failure };
        }
        let began = EventKind::ShareBegan {
            id: id.clone(),
            name: input.name.as_deref().map_or_else(String::new, chosen_name),
            mime,
            // What stays takes no room in the list either.
            size: taken(size),
            source: input.source,
            key: input.private.then(|| Secret(self.new_key())),
            ends: input.ends,
        };
        if input.note.is_some() {
            self.0.named.borrow_mut().insert(id.clone());
        }
        let note = input.note.as_deref().and_then(note_of);
        let noted = note.map(|note| EventKind::Named {
            id: id.clone(),
            name: None,
            note: Some(note),
        });
        self.record(std::iter::once(began).chain(noted)).await;
        self.start_share(&id, input.body);
        Answer::Done { id: Some(id) }
    }

    /// Whether a chosen file may stay where it is, in place of being copied.
    fn may_stay(&self, source: &P::Source) -> bool {
        let settings = self.settings();
        let size = source.len();
        !settings.copy_large && (LEFT_FROM..=settings.max_file).contains(&size) && source.can_stay()
    }

    /// Starts to read a share, which is in the list.
    pub(super) fn start_share(&self, id: &ItemId, body: Input<P::Source>) {
        let engine = self.clone();
        let job_id = id.clone();
        self.start_job(JobKind::In, id, async move {
            let id = job_id;
            let is_remote = matches!(body, Input::Remote(_));
            let slots = match &body {
                Input::Remote(_) => &engine.0.reading,
                Input::Stored(source) if source.len() <= SMALL => &engine.0.small,
                Input::Stored(_) | Input::Many(_) => &engine.0.sharing,
            };
            let mut slot = slots.take().await;
            let key = engine.key_of(&id);
            // The order of a folder's files depends on the profile, which therefore stays the same until there is a
            // hash.
            let profile = engine.settings().profile;
            if let Input::Stored(source) = &body
                && source.len() <= SMALL
                && key.is_none()
            {
                if let Err(failure) = engine.share_small(&id, source, profile).await {
                    engine.give_up_share(&id, failure).await;
                }
                return;
            }
            let taken = match &key {
                Some(key) => engine
                    .take_private(&id, key, body)
                    .await
                    .map(|partial| (partial, None)),
                None => engine.take_in(&id, body, profile).await,
            };
            let ended = match taken {
                Ok((partial, files)) => {
                    if is_remote {
                        // The next one is read while this one waits for its turn.
                        drop(slot);
                        slot = engine.0.sharing.take().await;
                    }
                    engine.hash_listed(&id, partial, files, profile).await
                }
                Err(failure) => Err(failure),
            };
            if let Err(failure) = ended {
                engine.give_up_share(&id, failure).await;
            }
            drop(slot);
        });
    }

    /// Reads, hashes, stores and offers a small file.
    async fn share_small(
        &self,
        id: &ItemId,
        source: &P::Source,
        profile: Profile,
    ) -> Result<(), Failure> {
        let bytes = source.read(0..source.len()).await?;
        let dag = layout(&InMemory(bytes.clone()), profile, |_| {}).await?;
        self.0.platform.store().put(id, bytes, dag.clone()).await?;
        self.settle(id, &dag).await;
        Ok(())
    }

    /// Whether there is room for something of this size: for one more item, or for what one that is in the list
    /// already brings.
    pub(super) fn room_for(&self, size: Option<u64>, id: Option<&ItemId>) -> Result<(), Failure> {
        if id.is_none() && self.with_state(|state| state.items.len()) >= MAX_ITEMS {
            return Err(Failure::new(Code::TooManyItems).limit(MAX_ITEMS as u64));
        }
        self.limit_for(id).check(size.unwrap_or(0))
    }

    /// The limits on the size of an item, beside what the other items take now.
    pub(super) fn limit_for(&self, id: Option<&ItemId>) -> Limit {
        let settings = self.settings();
        let mut arriving = self.0.arriving.borrow_mut();
        self.with_state(|state| {
            let has_ended = |item: &Item| {
                matches!(
                    item.status,
                    Status::Failed { .. } | Status::Interrupted { .. }
                )
            };
            arriving.retain(|id, _| {
                let item = state.items.get(id);
                item.is_some_and(|item| !item.status.is_here() && !has_ended(item))
            });
            let more = arriving.iter().filter(|(other, _)| Some(*other) != id);
            let more = more.map(|(id, size)| {
                let known = state.items.get(id).map_or(0, Item::kept);
                size.saturating_sub(known)
            });
            Limit {
                file: settings.max_file,
                used: state.used(id) + more.sum::<u64>(),
                room: state.limit(&settings),
            }
        })
    }

    /// Whether an item that is coming may be as large as this. What it may be it has the room for until it is here, whatever
    /// comes beside it.
    pub(super) fn make_room(&self, id: &ItemId, size: u64) -> Result<(), Failure> {
        let has = self.0.arriving.borrow().get(id).copied();
        if has.is_none_or(|has| size > has) {
            self.limit_for(Some(id)).check(size)?;
            self.0.arriving.borrow_mut().insert(id.clone(), size);
        }
        Ok(())
    }

    /// Removes the bytes of a share, and ends it as a failure.
    pub(super) async fn give_up_share(&self, id: &ItemId, failure: Failure) {
        self.close_now(id).await;
        self.forget_listing(id).await;
        self.forget_bytes(id).await;
        self.fail(id, failure, false);
    }

    /// Removes what is stored for an item. Whatever cannot be removed now is removed at the next
    /// start.
    pub(super) async fn forget_bytes(&self, id: &ItemId) {
        if let Err(error) = self.0.platform.store().remove(id).await {
            let failure = Failure::from(&error);
            self.log(id, LogEntry::DiskFailed { failure });
        }
    }

    /// Stores the bytes of a share, and returns when all of them are written.
    #[allow(clippy::type_complexity)]
    async fn take_in(
        &self,
        id: &ItemId,
        body: Input<P::Source>,
        profile: Profile,
    ) -> Result<(<P::Store as Store>::Partial, Option<Vec<DagFile>>), Failure> {
        let store = self.0.platform.store();
        let mut files = None;
        let mut partial = match body {
            Input::Remote(remote) => self.take_remote(id, &*remote, None).await?.into_partial(),
            Input::Stored(source) => {
                let mut partial = store.partial(id).await?;
                let len = source.len();
                if self.may_stay(&source) && partial.leave(&source).await? {
                    self.record([EventKind::Stays { id: id.clone() }]).await;
                } else {
                    self.limit_for(Some(id)).check(len)?;
                    partial.adopt(source, 0..len).await?;
                }
                partial
            }
            Input::Many(many) => {
                let mut partial = store.partial(id).await?;
                let many = distinct_paths(many);
                let paths: Vec<(&str, u64)> = many
                    .iter()
                    .map(|(path, source)| (path.as_str(), source.len()))
                    .collect();
                let total = paths.iter().map(|(_, len)| len).sum();
                let mut meter = Meter::new(self.now(), 0, Some(total));
                let mut list = Vec::with_capacity(many.len());
                let mut done = 0;
                for number in order(&paths, profile).map_err(|error| Failure::from(&error))? {
                    let (path, source) = &many[number];
                    let len = source.len();
                    list.push(DagFile {
                        path: path.clone(),
                        offset: done,
                        len,
                    });
                    done += len;
                    self.make_room(id, done)?;
                    partial.adopt(source.clone(), 0..len).await?;
                    self.show(id, &mut meter, done);
                }
                files = Some(list);
                partial
            }
        };
        partial.flush().await?;
        Ok((partial, files))
    }

    /// Shows progress when it is time to.
    pub(super) fn show(&self, id: &ItemId, meter: &mut Meter, bytes: u64) {
        if let Some(progress) = meter.update(self.now(), bytes) {
            self.tell([EventKind::Progress {
                id: id.clone(),
                progress,
            }]);
        }
    }

    /// Records the files of a folder, if it is one, and hashes what is stored.
    async fn hash_listed(
        &self,
        id: &ItemId,
        partial: <P::Store as Store>::Partial,
        files: Option<Vec<DagFile>>,
        profile: Profile,
    ) -> Result<(), Failure> {
        let Some(files) = files else {
            return self.hash(id, partial, None, profile).await;
        };
        let listing = Listing { profile, files };
        self.keep_listing(id, &listing)
            .await
            .map_err(|error| Failure::from(&error))?;
        self.hash(id, partial, Some(listing.files), profile).await
    }

    /// Hashes what is stored, and offers it.
    pub(super) async fn hash(
        &self,
        id: &ItemId,
        mut partial: <P::Store as Store>::Partial,
        files: Option<Vec<DagFile>>,
        profile: Profile,
    ) -> Result<(), Failure> {
        let wrap = |error: StoreError| Failure::from(&error);
        // A program that starts again after this line finds all bytes.
        self.set_status(id, Status::Hashing).await;
        // What was taken from an address to be shared privately was beside it until now.
        self.close_now(id).await;
        let source = partial.source().await.map_err(wrap)?;
        let mut meter = Meter::new(self.now(), 0, Some(source.len()));
        let progress = |done| self.show(id, &mut meter, done);
        let dag = match files {
            None => layout(&source, profile, progress).await.map_err(wrap)?,
            Some(files) => layout_directory(&source, &files, profile, progress)
                .await
                .map_err(|error| Failure::from(&error))?,
        };
        let is_directory = dag.is_directory();
        partial.finish(dag.clone()).await.map_err(wrap)?;
        self.settle(id, &dag).await;
        if is_directory {
            self.forget_listing(id).await;
        }
        Ok(())
    }

    /// What gives an item the name and the note of another share of the same file, if the person gave that one any: they would
    /// be lost with it. A note that they did not replace stays.
    fn named_as(&self, id: &ItemId, was_named: bool, other: &ItemId) -> Option<EventKind> {
        self.with_state(|state| {
            let (new, old) = (state.items.get(id)?, state.items.get(other)?);
            if !was_named && new.note.is_none() {
                return None;
            }
            let name = old.renamed(&new.name);
            let note = new.note.clone().or_else(|| old.note.clone());
            (name.is_some() || note != old.note).then(|| EventKind::Named {
                id: other.clone(),
                name,
                note,
            })
        })
    }

    /// Offers a whole file that is stored and has a CID, unless it is here already.
    pub(super) async fn settle(&self, id: &ItemId, dag: &Dag) {
        self.0.hashed.borrow_mut().insert(id.clone());
        let ends = self.item(id, |item| item.ends).flatten();
        let was_named = self.0.named.borrow_mut().remove(id);
        while let Some(other) = self.find(&dag.root, Some(id)) {
            if self
                .item(&other, |item| item.status.is_here())
                .unwrap_or(false)
            {
                // What was chosen last counts.
                let limits = ends.and_then(|_| self.limits(&other, ends));
                let merged = EventKind::Merged {
                    id: id.clone(),
                    into: other.clone(),
                };
                let named = self.named_as(id, was_named, &other);
                let merged = [log_line(&other, LogEntry::SharedAgain), merged];
                self.record(merged.into_iter().chain(named).chain(limits))
                    .await;
                self.forget_bytes(id).await;
                match ends {
                    Some(_) => self.offer_if_not(&other, dag, None),
                    None => self.offer_again(&other, dag),
                }
                return;
            }
            // This is a fetch of the same file, which needs nothing from others any more.
            self.end_job(JobKind::In, &other).await;
            if self.item(&other, |_| ()).is_some() {
                let merged = EventKind::Merged {
                    id: other.clone(),
                    into: id.clone(),
                };
                self.record([merged]).await;
                self.forget_bytes(&other).await;
            }
        }
        let cid = canonical(&dag.root);
        self.offer(id, &dag.root);
        let limits = self.limits(id, ends);
        // The size of what is private is that of the files in it.
        let size = self
            .item(id, |item| item.size.filter(|_| item.key.is_some()))
            .flatten()
            .unwrap_or(dag.len());
        let shared = [
            log_line(
                id,
                LogEntry::Hashed {
                    cid: cid.clone(),
                    size: dag.len(),
                },
            ),
            EventKind::Hashed {
                id: id.clone(),
                cid,
                size,
                files: dag.is_directory().then(|| dag.file_count()),
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Announcing,
            },
        ];
        self.record(shared.into_iter().chain(limits)).await;
        self.watch_limits();
    }

    /// Shares a file that is here, because a person wants it. It ends as they have set it for all.
    pub(super) fn offer_again(&self, id: &ItemId, dag: &Dag) {
        self.offer_if_not(id, dag, self.limits(id, None));
    }

    /// Shares a file that is here with these limits, unless it is shared already.
    fn offer_if_not(&self, id: &ItemId, dag: &Dag, limits: Option<EventKind>) {
        let shared = self.item(id, |item| item.status.is_offered());
        if shared == Some(false) {
            let status = EventKind::Status {
                id: id.clone(),
                status: Status::Announcing,
            };
            self.tell(limits.into_iter().chain([status]));
            self.offer(id, &dag.root);
        }
        self.watch_limits();
    }
}

/// The bytes of a small file.
#[derive(Clone)]
struct InMemory(Bytes);

impl InMemory {
    fn slice(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let (start, end) = (range.start as usize, range.end as usize);
        if start > end || end > self.0.len() {
            return Err(StoreError::Gone(format!("{start} to {end}")));
        }
        Ok(self.0.slice(start..end))
    }
}

impl Source for InMemory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        Box::pin(ready(self.slice(range)))
    }

    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let digest = self.slice(range).map(|bytes| {
            let mut hasher = Sha256::new();
            for part in [&prefix, &bytes, &suffix] {
                hasher.update(part);
            }
            hasher.finalize().into()
        });
        Box::pin(ready(digest))
    }
}

/// How large an item may be.
pub(super) struct Limit {
    /// The most bytes of one file.
    file: u64,
    /// The bytes that the other items take.
    used: u64,
    /// The most bytes of all items together.
    room: u64,
}

impl Limit {
    /// Whether an item of this size, which is everything of it and not only what comes next, may be here.
    pub(super) fn check(&self, size: u64) -> Result<(), Failure> {
        if size > self.file {
            return Err(Failure::new(Code::TooLarge).limit(self.file));
        }
        // Something empty takes no room.
        if size > 0 && self.used.saturating_add(size) > self.room {
            return Err(Failure::new(Code::RoomFull).limit(self.room));
        }
        Ok(())
    }
}

/// Whether the bytes are of the kind that the person clicked on. A web page in place of a picture
/// is a login form or an error.
pub(super) fn check_kind(expects: Expected, mime: Option<&str>, first: &[u8]) -> Result<(), Code> {
    let states_page = mime.is_some_and(is_mime_of_page);
    let kind = match expects {
        Expected::Any => return Ok(()),
        Expected::File => {
            return if is_page(mime, first) {
                Err(Code::LoginPage)
            } else {
                Ok(())
            };
        }
        Expected::Image => "image/",
        Expected::Video => "video/",
        Expected::Audio => "audio/",
    };
    let right = mime.is_some_and(|mime| mime.starts_with(kind));
    // An SVG may well look like a page.
    let page = !right && states_page || mime != Some("image/svg+xml") && looks_like_page(first);
    if page { Err(Code::LoginPage) } else { Ok(()) }
}

/// Whether something of this MIME type, which begins with these bytes, is a web page.
pub fn is_page(mime: Option<&str>, first: &[u8]) -> bool {
    match mime {
        // Text in other formats may well begin like a page.
        Some(mime) if mime != "application/octet-stream" => is_mime_of_page(mime),
        _ => looks_like_page(first),
    }
}

fn is_mime_of_page(mime: &str) -> bool {
    matches!(mime, "text/html" | "application/xhtml+xml")
}

fn looks_like_page(first: &[u8]) -> bool {
    let first = &first[..first.len().min(SNIFFED)];
    let text = String::from_utf8_lossy(first).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// The failure of a share whose bytes could not be read over HTTP.
pub(super) fn of_source(error: &HttpError) -> Failure {
    let code = match error {
        HttpError::Unreachable(_) => Code::SourceUnreachable,
        HttpError::Silent(_) => Code::SourceSilent,
        HttpError::Broken(_) => Code::SourceBroken,
    };
    Failure::of_http(code, error)
}

/// The files and empty folders of a directory, with paths that are distinct and lead nowhere else. The path of an empty
/// folder ends with `/`.
pub fn distinct_paths<S: Source>(files: Vec<(String, S)>) -> Vec<(String, S)> {
    let mut taken: HashSet<String> = HashSet::new();
    // A name cannot be that of a file and of a folder.
    let mut folders: HashSet<String> = HashSet::new();
    let mut safe = Vec::with_capacity(files.len());
    let (mut empty, full): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(path, source)| path.ends_with('/') && source.is_empty());
    // The deepest come first: a folder that contains another one is not empty.
    empty.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    let full = full.into_iter().map(|file| (file, false));
    for ((path, source), is_folder) in full.chain(empty.into_iter().map(|folder| (folder, true))) {
        let names: Vec<&str> = path
            .split('/')
            .filter(|name| !matches!(*name, "" | "." | ".."))
            .collect();
        let path = if names.is_empty() {
            "file".to_owned()
        } else {
            names.join("/")
        };
        if is_folder && folders.contains(&path) {
            continue;
        }
        let is_free = |path: &str| !taken.contains(path) && !folders.contains(path);
        let mut distinct = if is_free(&path) {
            path
        } else {
            free_path(&path, 2, is_free).0
        };
        if is_folder {
            distinct.push('/');
        }
        for (at, _) in distinct.match_indices('/') {
            folders.insert(distinct[..at].to_owned());
        }
        taken.insert(distinct.clone());
        safe.push((distinct, source));
    }
    safe
}
