//! Block files: one per multihash, in up to 1024 directories; each is either complete or absent.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cid::multibase::Base;

/// How many inodes are left free on the disk.
const MIN_FREE_INODES: u64 = 1024;
/// How long to wait for files to be deleted before checking again whether there is enough room.
const DELETING: Duration = Duration::from_millis(5);
/// How many files are deleted before pausing for [`DELETING`], unless the room is needed.
const DELETED_AT_ONCE: usize = 64;

/// The block files under one directory.
///
/// A file is written in `tmp/` and renamed once it is complete, so every file in `blocks/` is
/// complete even if the program is killed. Files are not synced: after a power cut a file may be
/// short, which [`BlockFiles::scan`] reveals by its size, and the provider uploads lost blocks
/// again.
///
/// A removed file is moved to `trash/`, from where a thread deletes it: removing a large DAG makes
/// others wait, and deleting files takes several times as long as moving them.
#[derive(Debug)]
pub(super) struct BlockFiles {
    blocks: PathBuf,
    tmp: PathBuf,
    next: AtomicU64,
    trash: Trash,
}

/// A block file that has been written, but not moved into place yet. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct TempBlock(PathBuf);

impl Drop for TempBlock {
    fn drop(&mut self) {
        // If it was kept, nothing is left to remove. A file that cannot be removed now is removed
        // at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl BlockFiles {
    /// Opens or creates the directories, and clears what an earlier run left half written.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let files = Self {
            blocks: dir.join("blocks"),
            tmp: dir.join("tmp"),
            next: AtomicU64::new(0),
            trash: Trash::start(dir.join("trash"))?,
        };
        fs::create_dir_all(&files.blocks)?;
        for cleared in [&files.tmp, &files.trash.dir] {
            match fs::remove_dir_all(cleared) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            fs::create_dir_all(cleared)?;
        }
        Ok(files)
    }

    fn path(&self, hash: &[u8]) -> PathBuf {
        let name = Base::Base32Lower.encode(hash);
        // The last characters of a digest are evenly distributed, except for the very last one,
        // which holds few bits.
        let shard = &name[name.len().saturating_sub(3)..name.len().saturating_sub(1)];
        self.blocks.join(shard).join(&name)
    }

    /// Writes the bytes of a block to a temporary file.
    pub fn write(&self, data: &[u8]) -> io::Result<TempBlock> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let temp = TempBlock(self.tmp.join(name));
        let mut file = fs::File::create_new(&temp.0)?;
        file.write_all(data)?;
        Ok(temp)
    }

    /// Moves a written block into place, under its multihash.
    pub fn keep(&self, temp: TempBlock, hash: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        match fs::rename(&temp.0, &path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().expect("a block's path has a directory"))?;
                fs::rename(&temp.0, &path)
            }
            done => done,
        }
    }

    /// Reads a block, if it is there.
    pub fn read(&self, hash: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(hash)) {
            Ok(data) => Ok(Some(data)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The size of a block, if it is there.
    pub fn size(&self, hash: &[u8]) -> Option<u64> {
        fs::metadata(self.path(hash)).ok().map(|m| m.len())
    }

    /// Removes a block; it is not an error if the block is absent.
    pub fn remove(&self, hash: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let moved = self.trash.dir.join(number.to_string());
        let removed = match fs::rename(&path, &moved) {
            Ok(()) => {
                self.trash.add(moved);
                return Ok(());
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(e),
            // If the disk is full, there may be no room for a new directory entry.
            Err(_) => fs::remove_file(path),
        };
        match removed {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Calls `visit` for every file with its multihash (`None` if the file's name is not one) and
    /// size; files for which it returns `false` are removed.
    pub fn scan(
        &self,
        mut visit: impl FnMut(Option<&[u8]>, u64) -> io::Result<bool>,
    ) -> io::Result<()> {
        for shard in fs::read_dir(&self.blocks)? {
            let shard = shard?;
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shard.path())? {
                let file = file?;
                let hash = file
                    .file_name()
                    .to_str()
                    .and_then(|name| Base::Base32Lower.decode(name).ok());
                let size = file.metadata()?.len();
                if !visit(hash.as_deref(), size)? {
                    fs::remove_file(file.path())?;
                }
            }
        }
        Ok(())
    }

    /// Whether the file system has enough bytes and inodes free for this program once removed files
    /// are deleted. Waits for the deletion only as long as there is too little room.
    pub fn has_free(&self, bytes: u64) -> io::Result<bool> {
        loop {
            // Checked first, so that no deletion goes unnoticed between the two checks.
            let is_deleting = self.trash.is_deleting();
            if self.has_free_now(bytes)? {
                return Ok(true);
            }
            if !is_deleting {
                return Ok(false);
            }
            self.trash.wait();
        }
    }

    fn has_free_now(&self, bytes: u64) -> io::Result<bool> {
        let (free, inodes) = self.free()?;
        Ok(inodes > 0 && free >= bytes)
    }

    /// How many bytes and inodes the file system has free for this program.
    pub fn free(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::statvfs(&self.blocks)?;
        // Some file systems create inodes on demand, and report a total of zero.
        let inodes = match stat.f_files {
            0 => u64::MAX,
            _ => stat.f_favail.saturating_sub(MIN_FREE_INODES),
        };
        Ok((stat.f_bavail.saturating_mul(stat.f_frsize), inodes))
    }
}

/// Files that are waiting to be deleted. Those that are left when the program ends are deleted at
/// the next start.
#[derive(Debug)]
struct Trash {
    dir: PathBuf,
    /// `None` while the trash is being dropped.
    sender: Option<mpsc::Sender<PathBuf>>,
    left: Arc<Backlog>,
    thread: Option<JoinHandle<()>>,
}

/// The state of the deletion.
#[derive(Debug, Default)]
struct Backlog {
    /// How many files are still to be deleted.
    count: Mutex<usize>,
    none: Condvar,
    /// Whether somebody is waiting for the room.
    wanted: AtomicBool,
    /// Whether the storage is being closed.
    closing: AtomicBool,
}

impl Backlog {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trash {
    fn start(dir: PathBuf) -> io::Result<Self> {
        let (sender, files) = mpsc::channel::<PathBuf>();
        let left = Arc::<Backlog>::default();
        let thread = {
            let left = Arc::clone(&left);
            let work = move || {
                for (n, file) in files.into_iter().enumerate() {
                    let hurries = left.closing.load(Ordering::Relaxed)
                        || left.wanted.swap(false, Ordering::Relaxed);
                    if n % DELETED_AT_ONCE == 0 && !hurries {
                        thread::sleep(DELETING);
                    }
                    // A file that cannot be deleted is tried again at the next start.
                    let _ = fs::remove_file(file);
                    let mut count = left.count();
                    *count -= 1;
                    if *count == 0 {
                        left.none.notify_all();
                    }
                }
            };
            thread::Builder::new()
                .name("storage-trash".to_owned())
                .spawn(work)?
        };
        Ok(Self {
            dir,
            sender: Some(sender),
            left,
            thread: Some(thread),
        })
    }

    fn add(&self, file: PathBuf) {
        *self.left.count() += 1;
        if let Some(sender) = &self.sender {
            // The thread receives for as long as this sender exists.
            let _ = sender.send(file);
        }
    }

    fn is_deleting(&self) -> bool {
        *self.left.count() > 0
    }

    /// Waits until nothing is left to delete, but at most [`DELETING`].
    fn wait(&self) {
        self.left.wanted.store(true, Ordering::Relaxed);
        let count = self.left.count();
        if *count > 0 {
            // The caller checks again, whether notified or timed out.
            let _ = self.left.none.wait_timeout(count, DELETING);
        }
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        self.left.closing.store(true, Ordering::Relaxed);
        // The thread ends once it has deleted everything.
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_gone_at_once_and_leaves_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let files = BlockFiles::open(dir.path()).unwrap();
        let hash = |number: u8| [[0x12, 0x20].as_slice(), &[number; 32]].concat();
        for number in 0..50 {
            let block = files.write(&[number; 1000]).unwrap();
            files.keep(block, &hash(number)).unwrap();
        }
        for number in 0..50 {
            files.remove(&hash(number)).unwrap();
            assert_eq!(files.read(&hash(number)).unwrap(), None);
        }
        files.remove(&hash(7)).unwrap();
        // A block that is added again in the meantime stays.
        let block = files.write(b"again").unwrap();
        files.keep(block, &hash(7)).unwrap();
        assert!(files.has_free(1).unwrap());
        assert!(!files.has_free(u64::MAX).unwrap());
        let trash = files.trash.dir.clone();
        assert_eq!(fs::read_dir(&trash).unwrap().count(), 0);
        files.remove(&hash(7)).unwrap();
        drop(files);
        assert_eq!(fs::read_dir(&trash).unwrap().count(), 0);

        // Files left behind by a kill are deleted at the next start.
        fs::write(trash.join("left"), b"left").unwrap();
        let files = BlockFiles::open(dir.path()).unwrap();
        assert_eq!(fs::read_dir(&trash).unwrap().count(), 0);
        assert_eq!(files.read(&hash(7)).unwrap(), None);
    }
}
