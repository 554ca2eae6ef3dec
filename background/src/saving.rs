//! Saving fetched files to the download folder.

use std::rc::Rc;

use fluence::content::walk::{Limits, Walk};
use fluence::content::{Dag, zip};
use fluence::failure::{Code, Failure};
use fluence::names::safe_file_name;
use fluence::plan::Engine;
use fluence::state::{EventKind, ItemId, LogEntry};
use fluence::text::quote;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use crate::notices::Notices;
use crate::platform::Browser;
use crate::save::{Saved, Saver};
use crate::source::blob_of_pieces;

/// The most names of one kind that are told when a folder is saved.
const TOLD_NAMES: usize = 10;

/// Saves the files of items, and records the outcome.
pub struct Saving {
    engine: Engine<Browser>,
    notices: Notices,
    saver: Saver,
}

impl Saving {
    /// Creates what saves the files of this engine's items.
    pub fn new(engine: Engine<Browser>, notices: Notices, saver: Saver) -> Self {
        Self {
            engine,
            notices,
            saver,
        }
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

    /// Removes what was decrypted and is not being saved, such as by a worker that was killed.
    pub async fn close_others(&self) {
        self.engine.close_others(&self.saver.items()).await;
    }

    /// Whether an item is being saved, or is to be.
    pub fn is_saving(&self, id: &ItemId) -> bool {
        self.saver.items().contains(id)
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

    /// Saves an item that [`Self::intend`] has noted.
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being saved.
    pub async fn save_intended(&self, id: &ItemId) -> Result<(), Failure> {
        let name = self
            .engine
            .with_state(|state| state.items.get(id).map(|item| item.name.clone()));
        let Some(name) = name else {
            self.saver.forget(id).await;
            return Err(Code::UnknownItem.into());
        };
        let not_saved = |detail: String| Failure::new(Code::NotSaved).name(&name).detail(detail);
        let (blob, file_name) = match self.file_of(id, &name).await {
            Ok(file) => file,
            Err(why) => {
                self.saver.forget(id).await;
                return Err(why.name(&name));
            }
        };
        self.saver
            .save(id, &blob, &file_name)
            .await
            .map_err(not_saved)
    }

    /// What is saved for an item, and under which name: its bytes, or a ZIP file for a directory. A private item is
    /// decrypted for that.
    async fn file_of(&self, id: &ItemId, name: &str) -> Result<(Blob, String), Failure> {
        let (source, dag) = self.engine.opened(id).await?;
        let (blob, ending) = if dag.is_directory() {
            self.tell_changes(id, &dag).await;
            let checksums = zip::checksums(&dag, &source, |_| {}).await?;
            (
                blob_of_pieces(&zip::pieces(&dag, &source, &checksums))?,
                ".zip",
            )
        } else {
            (source.blob().clone(), "")
        };
        let name = name.strip_suffix(ending).unwrap_or(name);
        let file_name = safe_file_name(&format!("{name}{ending}"));
        Ok((
            blob,
            match self.engine.settings().save_folder {
                folder if folder.is_empty() => file_name,
                folder => format!("{folder}/{file_name}"),
            },
        ))
    }

    /// Writes into an item's log what the ZIP file of a directory does not have as it was shared.
    async fn tell_changes(&self, id: &ItemId, dag: &Dag) {
        // The blocks say what the paths do not. What was opened with a key has none, and is as it was shared.
        let Ok(walk) = Walk::resume(dag.root, Limits::default(), &dag.blocks) else {
            return;
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
        self.engine
            .record(entries.into_iter().flatten().map(log))
            .await;
    }

    /// Checks which downloads have ended, and records them.
    pub async fn look_at_downloads(&self) {
        for saved in self.saver.look().await {
            match saved {
                Saved::Done(id, name) => {
                    let saved = EventKind::Saved {
                        id: id.clone(),
                        name,
                    };
                    self.engine.record([saved]).await;
                    self.saver.forget(&id).await;
                    self.engine.close(&id).await;
                }
                Saved::Again(id) => {
                    let saved = self.save_intended(&id).await;
                    self.notices.tell_failure(saved).await;
                }
                Saved::Failed(id, why) => {
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
                    self.saver.forget(&id).await;
                    self.engine.close(&id).await;
                    self.notices.tell(failure).await;
                }
            }
        }
    }
}
