//! Opens a private share while it is fetched: decrypts what has arrived, and saves the file or the folder in it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use fluence::failure::{About, Failure};
use fluence::private::Key;
use fluence::private::tar::{Entry, Part};
use tokio::task::JoinHandle;

use super::save::{
    Changes, Target, Tree, commit, is_part, must_be_free, must_be_replaceable, part_of, remove,
};
use crate::exit::Failed;
use crate::platform::{FileSource, OpenError, Opening};
use crate::text;

/// How long it takes at most until it is noticed that more of a share has arrived.
const LOOK: Duration = Duration::from_millis(50);
/// After how many bytes of a file the disk is to have them, so that not all of it waits for that at the end.
const SYNC: u64 = 32 * 1024 * 1024;

/// The file in the directory of a fetch that names the temporary path of what is opened.
const NOTE: &str = "part";
/// The longest path that is read from that file, in bytes.
const MAX_NOTE: u64 = 16 * 1024;

/// Removes what a fetch that was killed had opened; `work` is its directory. Unlike what is fetched, it is written anew.
pub(super) fn clean(work: &Path) {
    let note = File::open(work.join(NOTE)).and_then(|file| {
        let mut path = String::new();
        file.take(MAX_NOTE).read_to_string(&mut path).map(|_| path)
    });
    if let Ok(path) = note
        && is_part(Path::new(&path))
    {
        remove(Path::new(&path));
    }
}

/// The bytes of a private share as they arrive in the store.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    here: Mutex<Here>,
    changed: Condvar,
}

/// Where the bytes of a private share are.
#[derive(Debug, Clone, Default)]
enum Here {
    /// Nowhere yet.
    #[default]
    Nothing,
    /// In this file, at the end of which more are written. All that are in it are verified.
    Growing(PathBuf),
    /// All of them are here.
    Whole(FileSource),
    /// No more of them will come.
    Stopped,
}

impl Arriving {
    /// Says in which file they are written, one after the other. All that are in it must be verified.
    pub fn grow(&self, path: PathBuf) {
        self.set(Here::Growing(path));
    }

    fn set(&self, here: Here) {
        *self.here.lock().unwrap_or_else(PoisonError::into_inner) = here;
        self.changed.notify_all();
    }

    /// What is here, after a while if `wait`.
    fn look(&self, wait: bool) -> Here {
        let here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if wait && !matches!(*here, Here::Whole(_) | Here::Stopped) {
            let waited = self.changed.wait_timeout(here, LOOK);
            return waited.unwrap_or_else(PoisonError::into_inner).0.clone();
        }
        here.clone()
    }
}

/// A private share that is being opened on another thread. Dropping it stops that, and removes what was written.
pub(super) struct Unlocking {
    arriving: Arc<Arriving>,
    /// Ends with an error at once when there is one, and otherwise after [`Self::finish`].
    thread: JoinHandle<Result<Opened, Failed>>,
    /// Where it is written to until it has its name.
    part: Option<PathBuf>,
}

impl Drop for Unlocking {
    fn drop(&mut self) {
        self.arriving.set(Here::Stopped);
        // The other thread removes it too, but it may be waiting for the disk.
        if let Some(part) = &self.part {
            remove(part);
        }
    }
}

impl Unlocking {
    /// Begins to open a share. Nothing of it is used before [`Arriving`] says where it is. `work` is the directory of the
    /// fetch.
    pub fn begin(key: Key, target: &Target, force: bool, work: &Path) -> Self {
        // The name is in the share. Whatever it is, the temporary file is in the same directory.
        let part = target.path("file").map(|path| part_of(&path));
        clean(work);
        if let Some(part) = part
            .as_ref()
            .and_then(|part| std::path::absolute(part).ok())
        {
            // Without the note, a part would stay if this process were killed.
            if let Err(error) = fs::write(work.join(NOTE), part.as_os_str().as_encoded_bytes()) {
                tracing::debug!("no note of {} could be made: {error}", part.display());
            }
        }
        let arriving = Arc::<Arriving>::default();
        let private = Private {
            arriving: arriving.clone(),
            key,
        };
        let (to, path) = (target.clone(), part.clone());
        let thread = tokio::task::spawn_blocking(move || match path {
            Some(part) => private.save(&to, &part, force),
            None => private.print(&mut std::io::stdout().lock()),
        });
        Self {
            arriving,
            thread,
            part,
        }
    }

    /// What has to be told where the share is arriving.
    pub fn arriving(&self) -> Arc<Arriving> {
        self.arriving.clone()
    }

    /// The failure with which it ends before all of the share has arrived.
    pub async fn failed(&mut self) -> Failed {
        match (&mut self.thread).await {
            Ok(Err(failed)) => failed,
            Ok(Ok(_)) | Err(_) => Failed::ending(),
        }
    }

    /// Opens the rest of the share, all of which is here.
    ///
    /// # Errors
    /// Those of [`Private::save`] and [`Private::print`].
    pub async fn finish(mut self, body: FileSource) -> Result<Opened, Failed> {
        self.arriving.set(Here::Whole(body));
        (&mut self.thread).await.map_err(|_| Failed::ending())?
    }
}

/// A private share that is arriving, and the key to it.
struct Private {
    arriving: Arc<Arriving>,
    key: Key,
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
    fn save(&self, target: &Target, part: &Path, force: bool) -> Result<Opened, Failed> {
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
    fn print(&self, out: &mut impl Write) -> Result<Opened, Failed> {
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
        let mut opening = Opening::new(self.key.clone());
        let mut wait = false;
        loop {
            let here = self.arriving.look(wait);
            let parts = match &here {
                Here::Stopped => return Err(Failed::interrupted(text::KEPT)),
                Here::Nothing => Some(Vec::new()),
                Here::Growing(path) => match opening.next(&FileSource::growing(path), false) {
                    // The engine may begin with the file anew. If the disk is at fault, that shows at the end.
                    Err(OpenError::Store(_)) => Some(Vec::new()),
                    parts => parts?,
                },
                Here::Whole(body) => opening.next(body, true)?,
            };
            let Some(parts) = parts else {
                return Ok(());
            };
            wait = parts.is_empty();
            parts.into_iter().try_for_each(&mut take)?;
        }
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
    /// How many bytes of it the disk may not have yet.
    unsynced: u64,
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
            unsynced: 0,
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
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        self.unsynced += bytes.len() as u64;
        let mut written = file.write_all(bytes);
        if self.unsynced >= SYNC {
            self.unsynced = 0;
            written = written.and_then(|()| file.sync_data());
        }
        written.map_err(|error| Failed::file(path, &error))
    }

    /// Gives it its name.
    fn finish(mut self, part: &Path, force: bool) -> Result<Opened, Failed> {
        sync(self.file.take())?;
        match self.tree {
            None => commit(part, &self.path, force)?,
            Some(tree) => {
                self.opened.changes = tree.commit(part, &self.path)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Code;
    use fluence::ports::Source;
    use fluence::private::record::RECORD;

    /// The number of bytes of a file of three records.
    const LEN: usize = 2 * RECORD as usize + 19_000;

    /// That file, as its private share is stored.
    fn body(directory: &Path, key: &Key) -> Vec<u8> {
        let plain = directory.join("plain");
        fs::write(&plain, vec![7; LEN]).unwrap();
        let entry = Entry {
            path: "secret.txt".to_owned(),
            folder: false,
            len: LEN as u64,
            media_type: None,
        };
        let source = FileSource::open(&plain).unwrap();
        let sealed = FileSource::sealed(vec![(entry, source)], key).unwrap();
        let body = sealed.read_now(0..sealed.len()).unwrap();
        fs::remove_file(plain).unwrap();
        body.to_vec()
    }

    fn private(stored: &Path, body: &[u8], key: &Key) -> Private {
        fs::write(stored, body).unwrap();
        let arriving = Arc::<Arriving>::default();
        arriving.set(Here::Whole(FileSource::open(stored).unwrap()));
        Private {
            arriving,
            key: key.clone(),
        }
    }

    #[test]
    fn nothing_of_a_body_that_was_tampered_with_is_shown() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("out");
        fs::create_dir(&out).unwrap();
        let stored = home.path().join("stored");
        let target = Target::new(Some(out.clone()), false).unwrap();
        let part = part_of(&out.join("file"));
        let key = Key::new([3; 16]);
        let body = body(home.path(), &key);
        let (size, len) = (RECORD as usize, body.len());
        let flipped = |at: usize| {
            let mut body = body.clone();
            body[at] ^= 1;
            body
        };
        let cases = [
            flipped(0),
            flipped(16),
            flipped(20),
            flipped(21),
            flipped(21 + size),
            flipped(21 + 2 * size),
            flipped(len - 1),
            body[..len - 1].to_vec(),
            body[..21 + 2 * size].to_vec(),
            [&body[..], b"x"].concat(),
            [&body[..21], &body[21 + size..]].concat(),
            Vec::new(),
        ];
        for (number, body) in cases.iter().enumerate() {
            let private = private(&stored, body, &key);
            let failed = private.save(&target, &part, true).unwrap_err();
            assert_eq!(failed.failure.code, Code::NotOpened.into(), "{number}");
            assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "{number}");
            let mut printed = Vec::new();
            private.print(&mut printed).unwrap_err();
            assert!(printed.is_empty(), "{number}");
        }
        let whole = private(&stored, &body, &key);
        let mut printed = Vec::new();
        whole.print(&mut printed).unwrap();
        assert_eq!(printed, vec![7; LEN]);
        whole.save(&target, &part, false).unwrap();
        assert!(fs::read(out.join("secret.txt")).unwrap() == printed);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    }

    #[test]
    fn only_what_this_program_named_is_cleaned_up() {
        let home = tempfile::tempdir().unwrap();
        let kept = home.path().join("precious.part");
        let part = part_of(&home.path().join("file"));
        for (path, stays) in [(&kept, true), (&part, false)] {
            fs::write(path, "x").unwrap();
            fs::write(home.path().join(NOTE), path.as_os_str().as_encoded_bytes()).unwrap();
            clean(home.path());
            assert_eq!(path.exists(), stays, "{path:?}");
        }
    }
}
