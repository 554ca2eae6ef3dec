//! Opens a private share that was fetched: decrypts it, and saves the file or the folder in it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fluence::failure::{About, Failure};
use fluence::private::Key;
use fluence::private::tar::{Entry, Part};

use super::save::{Changes, Target, Tree, commit, must_be_free, must_be_replaceable, remove};
use crate::exit::Failed;
use crate::platform::{FileSource, OpenError, Opening};
use crate::text;

/// A private share that is here as it was stored, and the key to it.
pub(super) struct Private {
    /// The encrypted body.
    pub body: FileSource,
    /// The key of the link.
    pub key: Key,
    /// Set when the person stops the command.
    pub stopped: Arc<AtomicBool>,
}

/// What was in a private share.
#[derive(Debug)]
pub(super) struct Opened {
    /// The name of the file or folder.
    pub name: String,
    /// Where it is now; `None` for standard output.
    pub path: Option<PathBuf>,
    /// The bytes of all files.
    pub size: u64,
    /// The number of files and of folders that have an entry.
    pub files: usize,
    /// The media type of a file, if it is known.
    pub media_type: Option<String>,
    /// What could not be saved as it is.
    pub changes: Changes,
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Record(error) => Self::of(error.into(), About::Fetch),
            OpenError::Archive(error) => Self::of(error.into(), About::Fetch),
        }
    }
}

impl Private {
    /// Saves what is in the share, by way of the temporary path `part`. It gets its name once all of it is authenticated.
    /// Blocks the thread.
    ///
    /// # Errors
    /// If the key does not open all of it, the disk fails, something already exists in its place, or the command was
    /// stopped.
    pub fn save(&self, target: &Target, part: &Path, force: bool) -> Result<Opened, Failed> {
        let saved = self.unpack(target, part, force);
        // After a rename there is nothing left to remove; otherwise there may be.
        remove(part);
        saved
    }

    fn unpack(&self, target: &Target, part: &Path, force: bool) -> Result<Opened, Failed> {
        let names = HashMap::new();
        let mut unpacking: Option<Unpacking<'_>> = None;
        self.each(|piece| match (piece, &mut unpacking) {
            (Part::Bytes(bytes), Some(unpacking)) => unpacking.bytes(&bytes),
            (Part::Entry(entry), Some(unpacking)) => unpacking.entry(entry),
            (Part::Entry(entry), first) => {
                let begun = Unpacking::begin(&entry, target, part, force, &names)?;
                first.insert(begun).entry(entry)
            }
            // No bytes precede the first entry.
            (Part::Bytes(_), None) => Ok(()),
        })?;
        match unpacking {
            Some(unpacking) => unpacking.finish(part, force),
            None => Err(not_whole()),
        }
    }

    /// Writes the bytes of the file in the share to standard output, once all of it is authenticated. Blocks the thread.
    ///
    /// # Errors
    /// If the key does not open all of it, it is a folder, standard output cannot be written, or the command was stopped.
    pub fn print(&self) -> Result<Opened, Failed> {
        let mut first = None;
        self.each(|piece| match piece {
            Part::Entry(entry) if is_folder(&entry) => Err(text::folder_to_stdout()),
            Part::Entry(entry) => {
                first = Some(entry);
                Ok(())
            }
            Part::Bytes(_) => Ok(()),
        })?;
        let entry = first.ok_or_else(not_whole)?;
        let fail = |error| Failed::file(Path::new("standard output"), &error);
        let mut out = std::io::stdout().lock();
        self.each(|piece| match piece {
            Part::Entry(_) => Ok(()),
            Part::Bytes(bytes) => out.write_all(&bytes).map_err(fail),
        })?;
        out.flush().map_err(fail)?;
        Ok(Opened {
            name: entry.path,
            path: None,
            size: entry.len,
            files: 1,
            media_type: entry.media_type,
            changes: Changes::default(),
        })
    }

    /// Gives everything in the share to `take`, in order. Each piece is authentic; that nothing is missing is known once
    /// this has returned.
    fn each(&self, mut take: impl FnMut(Part) -> Result<(), Failed>) -> Result<(), Failed> {
        let mut opening = Opening::new(self.body.clone(), &self.key)?;
        while let Some(parts) = opening.next()? {
            if self.stopped.load(Ordering::Relaxed) {
                return Err(Failed::interrupted(text::KEPT));
            }
            parts.into_iter().try_for_each(&mut take)?;
        }
        Ok(())
    }
}

fn not_whole() -> Failed {
    let failure = Failure::from(fluence::private::tar::TarError::Truncated);
    Failed::of(failure, About::Fetch)
}

/// Whether the share that begins with this entry is a folder.
fn is_folder(first: &Entry) -> bool {
    first.folder || first.path.contains('/')
}

/// What is being saved, under temporary names.
struct Unpacking<'a> {
    opened: Opened,
    /// Where it is to be.
    path: PathBuf,
    /// The folder, unless it is one file.
    tree: Option<Tree<'a>>,
    /// The file that is being written.
    file: Option<(PathBuf, File)>,
}

impl<'a> Unpacking<'a> {
    fn begin(
        first: &Entry,
        target: &Target,
        part: &Path,
        force: bool,
        names: &'a HashMap<String, Vec<u8>>,
    ) -> Result<Self, Failed> {
        let name = first.path.split('/').next().unwrap_or_default().to_owned();
        let path = target.path(&name).ok_or_else(Failed::ending)?;
        let (mut tree, mut file) = (None, None);
        if is_folder(first) {
            must_be_free(&path)?;
            fs::create_dir(part).map_err(|error| Failed::file(part, &error))?;
            tree = Some(Tree::new(part, names));
        } else {
            if force {
                must_be_replaceable(&path)?;
            } else {
                must_be_free(&path)?;
            }
            let new = File::create_new(part).map_err(|error| Failed::file(part, &error))?;
            file = Some((part.to_owned(), new));
        }
        let opened = Opened {
            name,
            path: None,
            size: 0,
            files: 0,
            media_type: first.media_type.clone(),
            changes: Changes::default(),
        };
        Ok(Self {
            opened,
            path,
            tree,
            file,
        })
    }

    fn entry(&mut self, entry: Entry) -> Result<(), Failed> {
        self.opened.size += entry.len;
        let Some(tree) = &mut self.tree else {
            self.opened.files = 1;
            return Ok(());
        };
        sync(self.file.take())?;
        // Everything is in one folder, which has the name of the share.
        let Some((_, path)) = entry.path.split_once('/') else {
            return Ok(());
        };
        self.opened.files += 1;
        if entry.folder {
            tree.folder(path)?;
        } else {
            self.file = Some(tree.file(path)?);
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        match &mut self.file {
            Some((path, file)) => file
                .write_all(bytes)
                .map_err(|error| Failed::file(path, &error)),
            None => Ok(()),
        }
    }

    /// Gives it its name.
    fn finish(mut self, part: &Path, force: bool) -> Result<Opened, Failed> {
        sync(self.file.take())?;
        match self.tree {
            None => commit(part, &self.path, force)?,
            Some(tree) => {
                self.opened.changes = tree.into_changes();
                must_be_free(&self.path)?;
                fs::rename(part, &self.path).map_err(|error| Failed::file(&self.path, &error))?;
            }
        }
        self.opened.path = Some(self.path);
        Ok(self.opened)
    }
}

/// Has the disk keep a file that was written.
fn sync(file: Option<(PathBuf, File)>) -> Result<(), Failed> {
    match file {
        Some((path, file)) => file.sync_all().map_err(|error| Failed::file(&path, &error)),
        None => Ok(()),
    }
}
