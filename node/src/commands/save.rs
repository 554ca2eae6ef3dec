//! Saves a fetched file: never over another file unless the person says so, and completely or not
//! at all.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fluence::content::Dag;
use fluence::names::{free_path, safe_file_name};
use fluence::ports::Source;

use super::is_stdout;
use crate::exit::Failed;
use crate::platform::{FileSource, random};
use crate::text;

/// How many bytes are copied at a time.
const COPY: u64 = 1024 * 1024;

/// Where a fetched file is to be saved.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// In this directory, under the name that its provider gave.
    In(PathBuf),
    /// Under this name.
    At(PathBuf),
}

impl Target {
    /// The target that `-o` names, checked before anything is fetched.
    ///
    /// # Errors
    /// If nothing can be saved there, or something would be overwritten without `force`.
    pub fn new(output: Option<PathBuf>, force: bool) -> Result<Self, Failed> {
        let Some(path) = output else {
            return Ok(Self::In(PathBuf::from(".")));
        };
        if is_stdout(Some(&path)) {
            return Ok(Self::Stdout);
        }
        if path.is_dir() {
            return Ok(Self::In(path));
        }
        if path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator)
        {
            return Err(text::no_directory(&path));
        }
        if !force {
            must_be_free(&path)?;
        }
        let parent = parent(&path);
        if !parent.is_dir() {
            return Err(text::no_parent(&parent));
        }
        Ok(Self::At(path))
    }

    /// The path for a file that its provider calls `name`; `None` for standard output.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::In(directory) => Some(directory.join(safe_file_name(name))),
            Self::At(path) => Some(path.clone()),
        }
    }
}

/// A fetched file or folder that is to be saved.
pub(super) struct Fetched {
    /// The bytes.
    pub source: FileSource,
    /// Their layout: the blocks and the files.
    pub dag: Dag,
    /// The stored file with these bytes, if it may become the saved file by a hard link, without a
    /// copy.
    pub file: Option<PathBuf>,
    /// Set when the person stops the command.
    pub stopped: Arc<AtomicBool>,
}

/// Stops a save on another thread when it is dropped, and removes what was written of it.
pub(super) struct Saving {
    /// The flag of the [`Fetched`] that is being saved.
    pub stopped: Arc<AtomicBool>,
    /// The temporary path of the unfinished file.
    pub part: Option<PathBuf>,
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The other thread removes it too, but it may be waiting for the disk.
        if let Some(part) = &self.part {
            remove(part);
        }
    }
}

/// A temporary path beside `path`, for writing to before the file is complete.
pub(super) fn part_of(path: &Path) -> PathBuf {
    parent(path).join(format!(".fluence-{:032x}.part", random()))
}

impl Fetched {
    /// Saves under `path`, by way of the temporary path `part`. Blocks the thread.
    ///
    /// # Errors
    /// If the disk fails, something already exists at `path`, or the command was stopped.
    pub fn save(&self, path: &Path, part: &Path, force: bool) -> Result<(), Failed> {
        let saved = if self.dag.is_directory() {
            self.save_directory(path, part)
        } else {
            self.save_file(path, part, force)
        };
        // After a rename there is nothing left to remove; after a hard link there is.
        remove(part);
        saved
    }

    /// Fails if the command has been stopped.
    fn go_on(&self) -> Result<(), Failed> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Failed::interrupted(text::KEPT));
        }
        Ok(())
    }

    fn save_file(&self, path: &Path, temporary: &Path, force: bool) -> Result<(), Failed> {
        if force && path.is_dir() {
            return Err(text::exists(path));
        }
        let fail = |error| Failed::file(path, &error);
        let linked = self
            .file
            .as_ref()
            .is_some_and(|file| fs::hard_link(file, temporary).is_ok());
        if !linked {
            self.copy(0..self.source.len(), temporary)?;
        }
        if force {
            return fs::rename(temporary, path).map_err(fail);
        }
        // A link, unlike a rename, never replaces what is there.
        match fs::hard_link(temporary, path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(text::exists(path)),
            // The file system has no hard links.
            Err(_) => {
                must_be_free(path)?;
                fs::rename(temporary, path).map_err(fail)
            }
        }
    }

    fn save_directory(&self, path: &Path, temporary: &Path) -> Result<(), Failed> {
        must_be_free(path)?;
        let fail = |error| Failed::file(temporary, &error);
        fs::create_dir(temporary).map_err(fail)?;
        let mut names = SafeNames::default();
        for file in &self.dag.files {
            self.go_on()?;
            let to = temporary.join(names.path(&file.path));
            if file.is_folder() {
                fs::create_dir_all(&to).map_err(fail)?;
                continue;
            }
            fs::create_dir_all(parent(&to)).map_err(fail)?;
            self.copy(file.offset..file.offset + file.len, &to)?;
        }
        must_be_free(path)?;
        fs::rename(temporary, path).map_err(|error| Failed::file(path, &error))
    }

    fn copy(&self, range: std::ops::Range<u64>, to: &Path) -> Result<(), Failed> {
        let fail = |error| Failed::file(to, &error);
        let mut file = File::create_new(to).map_err(fail)?;
        let mut at = range.start;
        while at < range.end {
            self.go_on()?;
            let end = range.end.min(at + COPY);
            file.write_all(&self.source.read_now(at..end)?)
                .map_err(fail)?;
            at = end;
        }
        file.sync_all().map_err(fail)
    }

    /// Writes the bytes of a file to standard output. Blocks the thread.
    ///
    /// # Errors
    /// If the DAG is a folder, standard output cannot be written, or the command was stopped.
    pub fn print(&self) -> Result<(), Failed> {
        if self.dag.is_directory() {
            return Err(text::folder_to_stdout());
        }
        let mut out = std::io::stdout().lock();
        let mut at = 0;
        while at < self.source.len() {
            self.go_on()?;
            let end = self.source.len().min(at + COPY);
            let bytes = self.source.read_now(at..end)?;
            out.write_all(&bytes)
                .map_err(|error| Failed::file(Path::new("standard output"), &error))?;
            at = end;
        }
        out.flush()
            .map_err(|error| Failed::file(Path::new("standard output"), &error))
    }
}

/// Gives each path of a folder a safe and unique place.
#[derive(Default)]
struct SafeNames {
    /// The place of each folder, by the path that its provider gave it.
    folders: HashMap<String, PathBuf>,
    /// All places that are taken, in lower case, because some file systems do not distinguish case.
    /// With each is the next number to try, so that a hundred thousand equal names take no longer
    /// than others.
    taken: HashMap<String, u64>,
}

impl SafeNames {
    /// The place of a file or an empty folder.
    fn path(&mut self, path: &str) -> PathBuf {
        let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
        let (mut original, mut safe) = (String::new(), PathBuf::new());
        while let Some(name) = names.next() {
            let wanted = safe.join(safe_file_name(name));
            if names.peek().is_none() {
                return self.free(&wanted);
            }
            original.push('/');
            original.push_str(name);
            safe = match self.folders.get(&original) {
                Some(safe) => safe.clone(),
                None => {
                    let free = self.free(&wanted);
                    self.folders.insert(original.clone(), free.clone());
                    free
                }
            };
        }
        self.free(Path::new("file"))
    }

    /// Takes the path or, if that is taken, the path with a number.
    fn free(&mut self, path: &Path) -> PathBuf {
        let key = |path: &Path| path.to_string_lossy().to_lowercase();
        let wanted = key(path);
        let Some(number) = self.taken.get(&wanted).copied() else {
            self.taken.insert(wanted, 2);
            return path.to_owned();
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_free = |name: &str| !self.taken.contains_key(&key(&path.with_file_name(name)));
        let (name, number) = free_path(&name, number, is_free);
        let free = path.with_file_name(name);
        self.taken.insert(wanted, number);
        self.taken.insert(key(&free), 2);
        free
    }
}

/// Removes a file or a directory, if it exists.
fn remove(part: &Path) {
    let _ = fs::remove_file(part).or_else(|_| fs::remove_dir_all(part));
}

/// Fails if there is something at the path.
fn must_be_free(path: &Path) -> Result<(), Failed> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failed::file(path, &error)),
        Ok(_) => Err(text::exists(path)),
    }
}

/// The directory that the path is in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::exit::Fault;
    use fluence::content::DagFile;

    fn fetched(home: &Path, text: &str, files: Vec<DagFile>) -> Fetched {
        let file = home.join("data");
        fs::write(&file, text).unwrap();
        Fetched {
            source: FileSource::open(&file).unwrap(),
            dag: Dag {
                root: fluence::names::cid_v1(0x55, &[0; 32]),
                blocks: Vec::new(),
                files,
            },
            file: Some(file),
            stopped: Arc::default(),
        }
    }

    fn save(fetched: &Fetched, path: &Path, force: bool) -> Result<(), Failed> {
        fetched.save(path, &part_of(path), force)
    }

    fn file(path: &str, offset: u64, len: u64) -> DagFile {
        DagFile {
            path: path.to_owned(),
            offset,
            len,
        }
    }

    #[test]
    fn nothing_is_overwritten_unasked() {
        let home = tempfile::tempdir().unwrap();
        let mut fetched = fetched(home.path(), "new", vec![file("", 0, 3)]);
        let path = home.path().join("out");
        fs::write(&path, "old").unwrap();
        assert_eq!(
            Target::new(Some(path.clone()), false)
                .unwrap_err()
                .failure
                .code,
            Fault::Exists
        );
        for linked in [true, false] {
            if !linked {
                fetched.file = None;
            }
            fs::write(&path, "old").unwrap();
            assert_eq!(
                save(&fetched, &path, false).unwrap_err().failure.code,
                Fault::Exists
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
            save(&fetched, &path, true).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            fs::remove_file(&path).unwrap();
            save(&fetched, &path, false).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_save_that_is_stopped_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("out");
        for files in [vec![file("", 0, 3)], vec![file("a", 0, 1), file("b", 1, 2)]] {
            let mut fetched = fetched(home.path(), "new", files);
            fetched.file = None;
            fetched.stopped.store(true, Ordering::Relaxed);
            let failed = save(&fetched, &path, false).unwrap_err();
            assert_eq!(failed.exit, Exit::Interrupted);
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        }
        // The thread that writes the file may be slow to notice that it must stop.
        let part = part_of(&path);
        fs::write(&part, "ne").unwrap();
        let stopped = Arc::<AtomicBool>::default();
        drop(Saving {
            stopped: stopped.clone(),
            part: Some(part.clone()),
        });
        assert!(stopped.load(Ordering::Relaxed) && !part.exists());
    }

    #[test]
    fn a_folder_stays_in_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let files = vec![
            file("a/x.txt", 0, 1),
            file("../../etc/passwd", 1, 1),
            file("a/X?.txt", 2, 1),
            file("a/x_.TXT", 3, 1),
            file("/", 4, 1),
            file("a/nothing/", 5, 0),
        ];
        let fetched = fetched(home.path(), "01234", files);
        let path = home.path().join("out");
        save(&fetched, &path, false).unwrap();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
        assert_eq!(read("a/x.txt"), "0");
        assert_eq!(read("file/file/etc/passwd"), "1");
        assert_eq!(read("a/X_.txt"), "2");
        assert_eq!(read("a/x_ (2).TXT"), "3");
        assert_eq!(read("file (2)"), "4");
        assert!(path.join("a/nothing").is_dir());
        assert_eq!(
            save(&fetched, &path, true).unwrap_err().failure.code,
            Fault::Exists
        );
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            2,
            "nothing is left behind"
        );
    }
}
