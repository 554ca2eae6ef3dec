//! Saving fetched files to the download folder, and showing what is in them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fluence::command::{Answer, FOLDER_PART, FolderFile, HANDOVER};
use fluence::content::walk::{Limits, Walk};
use fluence::content::{Dag, zip};
use fluence::failure::{Code, Failure};
use fluence::names::{chosen_name, safe_file_name};
use fluence::plan::Engine;
use fluence::ports::{Platform, Store, StoreError};
use fluence::state::{EventKind, ItemId, LogEntry, Secret, State};
use fluence::text::quote;
use wasm_bindgen_futures::spawn_local;
use web::js::{self, Outcome};
use web_sys::{Blob, BroadcastChannel};

use crate::beginnings::{Beginnings, Here};
use crate::faces::{Faces, PortId};
use crate::notices::Notices;
use crate::platform::Browser;
use crate::save::{Saved, Saver};
use crate::source::{BlobSource, blob_of_pieces};

/// The most names of one kind that are told when a folder is saved.
const TOLD_NAMES: usize = 100;

/// What is between the id of a folder and the number of one of its files, in the name under which the [`Saver`] knows the
/// file. No id contains it.
const FILE_OF: char = '.';

/// Saves the files of items and records the outcome, and hands them to faces that show them.
pub struct Saving {
    engine: Engine<Browser>,
    notices: Notices,
    saver: Saver,
    faces: Rc<Faces>,
    beginnings: Beginnings,
    /// The item that each face shows.
    shown: RefCell<BTreeMap<PortId, ItemId>>,
    /// The channel over which faces get the bytes, because ports cannot carry blobs.
    channel: BroadcastChannel,
}

/// The item, and the number of the file in it, of which the [`Saver`] knows this.
fn parts_of(saved: &ItemId) -> (ItemId, Option<u32>) {
    match saved.0.split_once(FILE_OF) {
        Some((id, file)) => (ItemId(id.to_owned()), file.parse().ok()),
        None => (saved.clone(), None),
    }
}

impl Saving {
    /// Creates what saves the files of this engine's items, and hands them to these faces.
    ///
    /// # Errors
    /// The message of the browser, if it has no channels between pages.
    pub fn new(
        engine: Engine<Browser>,
        notices: Notices,
        saver: Saver,
        faces: Rc<Faces>,
    ) -> Outcome<Self> {
        let channel = BroadcastChannel::new(HANDOVER).map_err(|why| js::message_of(&why))?;
        Ok(Self {
            beginnings: Beginnings::new(engine.clone()),
            engine,
            notices,
            saver,
            faces,
            shown: RefCell::default(),
            channel,
        })
    }

    /// Hands what is in an item, or in a file of a folder, to a face under a key; of a file that is being fetched, what is here
    /// of it. What was decrypted or copied for that is kept until the face shows something else, [hides](Self::hide) it, or
    /// closes.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being opened.
    pub async fn show(
        &self,
        face: PortId,
        id: &ItemId,
        file: Option<u32>,
        key: &str,
    ) -> Result<(), Failure> {
        let begun = self.engine.with_state(|state| {
            let item = state.items.get(id).filter(|item| item.is_coming())?;
            Some(item.key.clone())
        });
        let message = js::object([("told", key.into())]);
        if let (Some(private), None) = (begun, file) {
            let here = self.beginning_for(face, id, private).await?;
            js::set(&message, "part", &true.into());
            if let Here::File(blob, name) = here {
                js::set(&message, "blob", &blob.into());
                js::set(&message, "name", &name.into());
            }
        } else {
            let (source, dag) = self.open_for(face, id).await?;
            let blob = match file {
                Some(file) => file_in(&source, &dag, file)?.0,
                None => source.blob().clone(),
            };
            js::set(&message, "blob", &blob.into());
        }
        self.channel
            .post_message(&message)
            .map_err(|why| StoreError::Failed(js::message_of(&why)).into())
    }

    /// The files in a folder after so many, for a face.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being opened.
    pub async fn files(&self, face: PortId, id: &ItemId, after: u64) -> Result<Answer, Failure> {
        let (_, dag) = self.open_for(face, id).await?;
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let files = dag.files.iter().skip(after).take(FOLDER_PART);
        Ok(Answer::Files {
            files: files
                .map(|file| FolderFile {
                    path: file.path.clone(),
                    size: file.len,
                })
                .collect(),
            count: dag.files.len() as u64,
        })
    }

    /// Opens an item for a face, which shows nothing else any more.
    async fn open_for(&self, face: PortId, id: &ItemId) -> Result<(BlobSource, Dag), Failure> {
        self.shows(face, id).await;
        let opened = self.engine.opened(id).await;
        self.hide_if_closed(face).await;
        opened
    }

    /// What is here of a file, for a face, which shows nothing else any more.
    async fn beginning_for(
        &self,
        face: PortId,
        id: &ItemId,
        private: Option<Secret>,
    ) -> Result<Here, Failure> {
        self.shows(face, id).await;
        let key = private.map(|Secret(key)| key);
        let here = self.beginnings.of(id, key.as_ref()).await;
        self.hide_if_closed(face).await;
        here
    }

    async fn shows(&self, face: PortId, id: &ItemId) {
        let former = self.shown.borrow_mut().insert(face, id.clone());
        if let Some(former) = former.filter(|former| former != id) {
            self.close(&former).await;
        }
    }

    /// Removes what was decrypted or copied for a face that has closed meanwhile.
    async fn hide_if_closed(&self, face: PortId) {
        if !self.faces.has(face) {
            self.hide(face).await;
        }
    }

    /// Removes what was decrypted or copied for a face, which does not show it any more.
    pub async fn hide(&self, face: PortId) {
        let shown = self.shown.borrow_mut().remove(&face);
        if let Some(id) = shown {
            self.close(&id).await;
        }
    }

    /// Removes what was decrypted of a private item, unless it is being saved or shown, and the copy of its beginning.
    pub async fn close(&self, id: &ItemId) {
        let is_shown = self.shown.borrow().values().any(|shown| shown == id);
        if !is_shown {
            self.beginnings.forget(id).await;
        }
        self.engine.close(id, |id| self.is_needed(id)).await;
    }

    fn is_needed(&self, id: &ItemId) -> bool {
        let saved = self.saver.items();
        saved.iter().any(|saved| parts_of(saved).0 == *id)
            || self.shown.borrow().values().any(|shown| shown == id)
    }

    /// Continues what an earlier worker intended to save.
    pub fn resume(self: &Rc<Self>) {
        for id in self.saver.intended() {
            let saving = Rc::clone(self);
            spawn_local(async move {
                let saved = saving.save_intended(&id).await;
                saving.notices.tell_failure(saved).await;
            });
        }
    }

    /// Removes what was decrypted and is not needed, such as by a worker that was killed.
    pub async fn close_others(&self) {
        self.engine.close_others(|id| self.is_needed(id)).await;
    }

    /// Whether nothing is being saved.
    pub fn is_idle(&self) -> bool {
        self.saver.is_idle()
    }

    /// Notes that an item is to be saved, before anything is done; returns `false` if it is being
    /// saved already.
    pub async fn intend(&self, id: &ItemId) -> bool {
        self.saver.intend(id).await
    }

    /// Saves an item, unless it is being saved already.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being saved.
    pub async fn save(&self, id: &ItemId) -> Result<(), Failure> {
        if self.saver.intend(id).await {
            self.save_intended(id).await
        } else {
            // It is being saved already.
            Ok(())
        }
    }

    /// Saves a file of a folder, unless it is being saved already.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being saved.
    pub async fn save_file(&self, id: &ItemId, file: u32) -> Result<(), Failure> {
        self.save(&ItemId(format!("{}{FILE_OF}{file}", id.0))).await
    }

    /// Saves what [`Self::intend`] has noted.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being saved.
    pub async fn save_intended(&self, id: &ItemId) -> Result<(), Failure> {
        let (item, file) = parts_of(id);
        let name = self
            .engine
            .with_state(|state| state.items.get(&item).map(|item| item.name.clone()));
        let Some(name) = name else {
            self.saver.forget(id).await;
            return Err(Code::UnknownItem.into());
        };
        let not_saved = |detail: String| Failure::new(Code::NotSaved).name(&name).detail(detail);
        let (blob, file_name) = match self.file_of(&item, file, &name).await {
            Ok(file) => file,
            Err(why) => {
                self.saver.forget(id).await;
                self.close(&item).await;
                return Err(why.name(&name));
            }
        };
        let saved = self.saver.save(id, &blob, &file_name).await;
        if saved.is_err() {
            self.close(&item).await;
        }
        saved.map_err(not_saved)
    }

    /// What is saved for an item, and under which name: its bytes, or a ZIP file for a directory, or one file of that. A
    /// private item is decrypted for that.
    async fn file_of(
        &self,
        id: &ItemId,
        file: Option<u32>,
        name: &str,
    ) -> Result<(Blob, String), Failure> {
        let (source, dag) = self.engine.opened(id).await?;
        let (mut own, mut name) = (None, name.to_owned());
        if let Some(file) = file {
            let (blob, path) = file_in(&source, &dag, file)?;
            own = Some(blob);
            name = chosen_name(&path);
        }
        let (blob, ending) = if let Some(blob) = own {
            (blob, "")
        } else if dag.is_directory() {
            let checksums = zip::checksums(&dag, &source, |_| {}).await?;
            (
                blob_of_pieces(&zip::pieces(&dag, &source, &checksums))?,
                ".zip",
            )
        } else {
            (source.blob().clone(), "")
        };
        let name = name.strip_suffix(ending).unwrap_or(&name);
        let file_name = safe_file_name(&format!("{name}{ending}"));
        Ok((
            blob,
            match self.engine.settings().save_folder {
                folder if folder.is_empty() => file_name,
                folder => format!("{folder}/{file_name}"),
            },
        ))
    }

    /// What is to be recorded of an item that was saved under this name: what the ZIP file of a directory does not have as it
    /// was shared, and that it was saved.
    async fn saved(&self, id: &ItemId, name: String) -> Vec<EventKind> {
        let saved = |changed| EventKind::Saved {
            id: id.clone(),
            name: name.clone(),
            changed,
        };
        let is_folder =
            |state: &State| state.items.get(id).is_some_and(|item| item.files.is_some());
        if !self.engine.with_state(is_folder) {
            return vec![saved(None)];
        }
        // The blocks say what the paths do not. Those of a private share are of one file, and what is in that is as it was
        // shared.
        let Ok((_, dag)) = self.engine.platform().store().open(id).await else {
            return vec![saved(None)];
        };
        let Ok(walk) = Walk::resume(dag.root, Limits::default(), &dag.blocks) else {
            return vec![saved(None)];
        };
        let first = |names: Vec<&str>| names.into_iter().take(TOLD_NAMES).map(quote).collect();
        let links: Vec<&str> = walk.symlinks().iter().map(|link| &*link.path).collect();
        let mut changed: Vec<&str> = walk.renamed().keys().map(String::as_str).collect();
        changed.retain(|path| !links.contains(path));
        changed.sort_unstable();
        let (left_out, renamed) = (links.len() as u64, changed.len() as u64);
        let entries = [
            (left_out > 0).then(|| LogEntry::LinksLeftOut {
                names: first(links),
                count: left_out,
            }),
            (renamed > 0).then(|| LogEntry::NamesChanged {
                names: first(changed),
                count: renamed,
            }),
        ];
        let log = |entry| EventKind::Log {
            id: id.clone(),
            entry,
        };
        let told = entries.into_iter().flatten().map(log);
        told.chain([saved((renamed > 0).then_some(renamed))])
            .collect()
    }

    /// Checks which downloads have ended, and records them.
    pub async fn look_at_downloads(&self) {
        for saved in self.saver.look().await {
            match saved {
                Saved::Done(saved, name) => {
                    // The folder was not saved if one of its files was.
                    let (id, file) = parts_of(&saved);
                    if file.is_none() {
                        let saved = self.saved(&id, name).await;
                        self.engine.record(saved).await;
                    }
                    self.saver.forget(&saved).await;
                    self.close(&id).await;
                }
                Saved::Again(id) => {
                    let saved = self.save_intended(&id).await;
                    self.notices.tell_failure(saved).await;
                }
                Saved::Failed(saved, why) => {
                    let (id, _) = parts_of(&saved);
                    let name = self
                        .engine
                        .with_state(|state| state.items.get(&id).map(|item| item.name.clone()));
                    let failure = Failure::new(Code::NotSaved)
                        .name(&name.unwrap_or_default())
                        .detail(why);
                    let entry = LogEntry::NotSaved {
                        failure: failure.clone(),
                    };
                    let log = EventKind::Log {
                        id: id.clone(),
                        entry,
                    };
                    self.engine.record([log]).await;
                    self.saver.forget(&saved).await;
                    self.close(&id).await;
                    self.notices.tell(failure).await;
                }
            }
        }
    }
}

/// A file of a folder, and its path. Its bytes are not copied.
fn file_in(source: &BlobSource, dag: &Dag, file: u32) -> Result<(Blob, String), Failure> {
    let file = dag.files.get(file as usize).ok_or(Code::UnknownItem)?;
    let blob = source.slice(&(file.offset..file.offset + file.len))?;
    Ok((blob, file.path.clone()))
}
