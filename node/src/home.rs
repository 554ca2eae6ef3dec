//! The state directory, which holds the identity and the shares and fetches that are under way.
//!
//! ```text
//! identity.key       the Ed25519 key, readable by its owner alone
//! identity.lock      held by the process that uses the key
//! work/NAME/         the journal and the bytes of a share or a fetch; a process that works on
//!                    it holds `lock` in it. It has an `identity.key` if that process could not
//!                    take the identity, `leave` if what it uploads is to stay, and
//!                    `over` if nothing is left to do but to take that back
//! ```
//!
//! Several processes may use one directory. The first takes the identity, and each of the others
//! uses a fresh one, which stays with its work: storages take a file back only for whom they took
//! it from. No two processes work in the same `work/NAME`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fluence_peer::Keypair;

use crate::exit::Failed;
use crate::text;

/// The name of a file with a key.
const KEY: &str = "identity.key";
/// The name of the file by which a work directory says that its uploads are to stay.
const LEAVE: &str = "leave";
/// The name of the file by which a work directory says that nothing is left to do but to take back its uploads.
const OVER: &str = "over";
/// How much of a key file is read at most, in bytes.
const MAX_KEY: u64 = 4096;

/// A state directory.
#[derive(Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Opens the state directory, and creates it if it does not exist.
    ///
    /// # Errors
    /// Fails if the directory cannot be created.
    pub fn open(root: &Path) -> Result<Self, Failed> {
        let root = std::path::absolute(root).map_err(|error| Failed::file(root, &error))?;
        make_private_directory(&root).map_err(|error| text::state_unusable(&root, &error))?;
        Ok(Self { root })
    }

    /// The default path of the state directory.
    pub fn default_path() -> PathBuf {
        let set = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        set("XDG_STATE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".local/state")))
            .or_else(|| set("LOCALAPPDATA"))
            .unwrap_or_else(std::env::temp_dir)
            .join("fluence")
    }

    /// The path of the state directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Takes the identity for as long as the result is kept, or generates a fresh one if another
    /// process holds it.
    ///
    /// # Errors
    /// Fails if the directory or the key in it cannot be used.
    pub fn identity(&self) -> Result<Identity, Failed> {
        match self.lock_identity()? {
            Some(lock) => Ok(Identity {
                keypair: self.keypair()?,
                lock: Some(lock),
            }),
            None => Ok(Identity {
                keypair: Keypair::generate_ed25519(),
                lock: None,
            }),
        }
    }

    /// The identity for this work: its own, if an earlier process gave it one, or that of the directory, or else a fresh one,
    /// which the work keeps.
    ///
    /// # Errors
    /// Fails if the directory or a key in it cannot be used.
    pub fn identity_for(&self, work: &Work) -> Result<Identity, Failed> {
        let own = work.path.join(KEY);
        let lock = match own.exists() {
            true => None,
            false => self.lock_identity()?,
        };
        let path = match lock {
            Some(_) => self.root.join(KEY),
            None => own,
        };
        let keypair = keypair(&path)?;
        Ok(Identity { keypair, lock })
    }

    /// Takes the identity for as long as the result is kept.
    ///
    /// # Errors
    /// Fails if another process holds it, or if the directory or the key in it cannot be used.
    pub fn exclusive_identity(&self) -> Result<Identity, Failed> {
        let lock = self
            .lock_identity()?
            .ok_or_else(|| text::state_in_use(&self.root))?;
        Ok(Identity {
            keypair: self.keypair()?,
            lock: Some(lock),
        })
    }

    fn lock_identity(&self) -> Result<Option<File>, Failed> {
        let path = self.root.join("identity.lock");
        lock(&path).map_err(|error| text::state_unusable(&path, &error))
    }

    /// Reads the key in the directory, and generates one if there is none.
    ///
    /// # Errors
    /// Fails if the file cannot be used or does not hold a key.
    pub fn keypair(&self) -> Result<Keypair, Failed> {
        keypair(&self.root.join(KEY))
    }

    /// Locks the work directory of this name until the result is dropped; `None` if another process
    /// holds it.
    ///
    /// # Errors
    /// Fails if the directory cannot be created or locked.
    pub fn work(&self, name: &str) -> Result<Option<Work>, Failed> {
        let _gate = self.gate()?;
        let path = self.work_path(name);
        fs::create_dir_all(&path).map_err(|error| text::state_unusable(&path, &error))?;
        let held = lock(&path.join("lock")).map_err(|error| text::state_unusable(&path, &error))?;
        Ok(held.map(|lock| Work { path, _lock: lock }))
    }

    /// Locks the work directory of this name, as [`Self::work`] does, if it exists.
    ///
    /// # Errors
    /// Fails if the directory cannot be locked.
    pub fn left(&self, name: &str) -> Result<Option<Work>, Failed> {
        match self.work_path(name).exists() {
            true => self.work(name),
            false => Ok(None),
        }
    }

    /// Removes a work directory.
    ///
    /// # Errors
    /// Fails if the directory cannot be removed.
    pub fn remove(&self, work: Work) -> Result<(), Failed> {
        let _gate = self.gate()?;
        fs::remove_dir_all(&work.path).map_err(|error| text::state_unusable(&work.path, &error))
    }

    /// The path of the work directory of this name.
    pub fn work_path(&self, name: &str) -> PathBuf {
        self.root.join("work").join(name)
    }

    /// The work directories whose names have this prefix, the longest untouched first.
    pub fn works(&self, prefix: &str) -> Vec<WorkUsage> {
        let Ok(entries) = fs::read_dir(self.root.join("work")) else {
            return Vec::new();
        };
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let mut works: Vec<WorkUsage> = names
            .filter(|name| name.starts_with(prefix))
            .map(|name| {
                let mut usage = WorkUsage {
                    name,
                    bytes: 0,
                    touched: SystemTime::UNIX_EPOCH,
                };
                usage.add(&self.work_path(&usage.name));
                usage
            })
            .collect();
        works.sort_by_key(|usage| usage.touched);
        works
    }

    /// Removes the work directories whose names have this prefix, that no process has locked, and
    /// that have not been modified for at least `idle`.
    ///
    /// # Errors
    /// Fails if the state directory cannot be used.
    pub fn sweep(&self, prefix: &str, idle: Duration) -> Result<(), Failed> {
        let _gate = self.gate()?;
        let now = SystemTime::now();
        for usage in self.works(prefix) {
            // If the clock has been set back, nothing counts as old.
            let age = now.duration_since(usage.touched).unwrap_or_default();
            let path = self.work_path(&usage.name);
            // The next sweep tries again to remove whatever cannot be removed now.
            if age >= idle && matches!(lock(&path.join("lock")), Ok(Some(_))) {
                let _ = fs::remove_dir_all(&path);
            }
        }
        Ok(())
    }

    /// Takes the lock that is held while work directories are created and removed, so that none is
    /// locked while it is being removed.
    fn gate(&self) -> Result<File, Failed> {
        let path = self.root.join("work.lock");
        open_lock(&path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| text::state_unusable(&path, &error))
    }
}

/// Reads the key in a file, and generates one if there is none.
fn keypair(path: &Path) -> Result<Keypair, Failed> {
    let damaged = |reason: String| text::bad_identity(path, &reason);
    match File::open(path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(MAX_KEY)
                .read_to_end(&mut bytes)
                .map_err(|error| text::state_unusable(path, &error))?;
            Keypair::from_protobuf_encoding(&bytes).map_err(|error| damaged(error.to_string()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let new = Keypair::generate_ed25519();
            let bytes = new
                .to_protobuf_encoding()
                .map_err(|error| damaged(error.to_string()))?;
            match write_private(path, &bytes) {
                // Another process has just written a key, and that is the one to use.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => keypair(path),
                Err(error) => Err(text::state_unusable(path, &error)),
                Ok(()) => Ok(new),
            }
        }
        Err(error) => Err(text::state_unusable(path, &error)),
    }
}

/// An identity that no other process uses at the same time.
#[derive(Debug)]
pub struct Identity {
    /// The key.
    pub keypair: Keypair,
    lock: Option<File>,
}

impl Identity {
    /// Whether this is the identity in the directory, as opposed to a fresh one for this process
    /// alone.
    pub fn is_lasting(&self) -> bool {
        self.lock.is_some()
    }
}

/// A work directory that this process has locked.
#[derive(Debug)]
pub struct Work {
    path: PathBuf,
    _lock: File,
}

impl Work {
    /// The path of the work directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that an earlier process gave it.
    ///
    /// # Errors
    /// Fails if there is one that cannot be used.
    pub fn keypair(&self) -> Result<Option<Keypair>, Failed> {
        let own = self.path.join(KEY);
        own.exists().then(|| keypair(&own)).transpose()
    }

    /// Notes that what is uploaded from here is to stay where it is, whatever becomes of this process.
    ///
    /// # Errors
    /// Fails if the directory cannot be written.
    pub fn leave(&self) -> Result<(), Failed> {
        self.mark(LEAVE)
    }

    /// Whether what was uploaded from here is to stay where it is.
    pub fn is_left(&self) -> bool {
        self.path.join(LEAVE).exists()
    }

    /// Notes that nothing is left to do here but to take back what was uploaded.
    ///
    /// # Errors
    /// Fails if the directory cannot be written.
    pub fn end(&self) -> Result<(), Failed> {
        self.mark(OVER)
    }

    /// Notes that there is something to do here again.
    ///
    /// # Errors
    /// Fails if the directory cannot be written.
    pub fn begin(&self) -> Result<(), Failed> {
        let path = self.path.join(OVER);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(text::state_unusable(&path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing is left to do here but to take back what was uploaded.
    pub fn is_over(&self) -> bool {
        self.path.join(OVER).exists()
    }

    fn mark(&self, name: &str) -> Result<(), Failed> {
        let path = self.path.join(name);
        fs::write(&path, "").map_err(|error| text::state_unusable(&path, &error))
    }
}

/// The size and age of a work directory.
#[derive(Debug)]
pub struct WorkUsage {
    /// The directory's name.
    pub name: String,
    /// The total size of its files, in bytes.
    pub bytes: u64,
    /// When any of its files was last modified.
    pub touched: SystemTime,
}

impl WorkUsage {
    /// Adds the files in a directory, as far as it can be read.
    fn add(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => self.add(&entry.path()),
                Ok(metadata) => {
                    self.bytes += metadata.len();
                    self.touched = self
                        .touched
                        .max(metadata.modified().unwrap_or(self.touched));
                }
                Err(_) => {}
            }
        }
    }
}

/// Writes a new file that only its owner may read, completely or not at all.
///
/// # Errors
/// Fails if something already exists at the path, or if the disk fails.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension(format!("new{:x}", crate::platform::random()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        // A hard link, unlike a rename, never replaces an existing file.
        .and_then(|()| fs::hard_link(&new, path));
    let removed = fs::remove_file(&new);
    written.and(removed)
}

fn make_private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Takes a lock; `None` if another process holds it.
fn lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Fault;

    #[test]
    fn work_that_begins_again_is_not_over() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::open(root.path()).unwrap();
        let work = home.work("fetch-1").unwrap().unwrap();
        work.begin().unwrap();
        work.end().unwrap();
        assert!(work.is_over());
        work.begin().unwrap();
        assert!(!work.is_over());
    }

    #[test]
    fn an_identity_lasts_and_is_private() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::open(&root.path().join("a/b")).unwrap();
        let first = home.identity().unwrap();
        assert!(first.is_lasting());
        let second = home.identity().unwrap();
        assert!(!second.is_lasting(), "two processes are two peers");
        assert_ne!(first.keypair.public(), second.keypair.public());
        assert_eq!(
            home.exclusive_identity().unwrap_err().failure.code,
            Fault::Locked
        );
        let key = first.keypair.public();
        // A fresh one stays with the work for which it was made.
        let work = home.work("share-1").unwrap().unwrap();
        let own = home.identity_for(&work).unwrap().keypair.public();
        assert_ne!(own, key);
        drop(first);
        assert_eq!(home.identity_for(&work).unwrap().keypair.public(), own);
        assert_eq!(work.keypair().unwrap().map(|key| key.public()), Some(own));
        let other = home.work("share-2").unwrap().unwrap();
        assert_eq!(home.identity_for(&other).unwrap().keypair.public(), key);
        assert!(other.keypair().unwrap().is_none());
        assert_eq!(home.exclusive_identity().unwrap().keypair.public(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(root.path().join("a/b/identity.key"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(root.path().join("a/b/identity.key"), "nonsense").unwrap();
        assert_eq!(
            home.identity().unwrap_err().failure.code,
            Fault::BadIdentity
        );
    }

    #[test]
    fn work_is_for_one_at_a_time_and_what_is_left_behind_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::open(root.path()).unwrap();
        let work = home.work("share-1").unwrap().unwrap();
        assert!(home.work("share-1").unwrap().is_none());
        home.sweep("share-", Duration::ZERO).unwrap();
        assert!(work.path().exists(), "another process is working in it");
        let path = work.path().to_owned();
        drop(work);
        let other = home.work("fetch-1").unwrap().unwrap();
        home.sweep("share-", Duration::ZERO).unwrap();
        assert!(!path.exists());
        assert!(other.path().exists());
        home.remove(other).unwrap();
        assert!(!root.path().join("work/fetch-1").exists());
    }

    #[test]
    fn what_is_touched_is_not_swept() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::open(root.path()).unwrap();
        let hours = |n: u64| Duration::from_secs(n * 3600);
        let path = home.work("fetch-1").unwrap().unwrap().path().to_owned();
        fs::create_dir(path.join("items")).unwrap();
        fs::write(path.join("items/data"), "123").unwrap();
        for (lock, data, stays) in [(5, 1, true), (1, 5, true), (5, 3, false)] {
            for (name, age) in [("lock", lock), ("items/data", data)] {
                let file = OpenOptions::new().write(true).open(path.join(name));
                file.unwrap()
                    .set_modified(SystemTime::now() - hours(age))
                    .unwrap();
            }
            assert_eq!(home.works("fetch-")[0].bytes, 3);
            home.sweep("fetch-", hours(2)).unwrap();
            assert_eq!(path.exists(), stays, "{lock} {data}");
        }
    }
}
