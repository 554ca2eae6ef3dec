//! Block files: one for each multihash, in 1024 directories, whole or not there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cid::multibase::Base;

/// The block files under one directory.
///
/// A file is written under `tmp/` and renamed when it is whole, so what stands under `blocks/` was complete when the
/// program was killed. It is not synced: after a power cut a file may be short, which [`BlockFiles::scan`] tells by its
/// size, and what is lost the provider uploads again.
#[derive(Debug)]
pub(super) struct BlockFiles {
    blocks: PathBuf,
    tmp: PathBuf,
    next: AtomicU64,
}

/// A block file that is written, but does not count yet. Dropping it removes it.
#[derive(Debug)]
pub(super) struct TempBlock(PathBuf);

impl Drop for TempBlock {
    fn drop(&mut self) {
        // Gone when it was kept; else start-up removes what this could not.
        let _ = fs::remove_file(&self.0);
    }
}

impl BlockFiles {
    /// Opens or makes the directories, and clears what an earlier run left half written.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let files = Self {
            blocks: dir.join("blocks"),
            tmp: dir.join("tmp"),
            next: AtomicU64::new(0),
        };
        fs::create_dir_all(&files.blocks)?;
        match fs::remove_dir_all(&files.tmp) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        fs::create_dir_all(&files.tmp)?;
        Ok(files)
    }

    fn path(&self, hash: &[u8]) -> PathBuf {
        let name = Base::Base32Lower.encode(hash);
        // The last characters of a digest are spread evenly; the very last one holds few bits.
        let shard = &name[name.len().saturating_sub(3)..name.len().saturating_sub(1)];
        self.blocks.join(shard).join(&name)
    }

    /// Writes bytes that do not count yet.
    pub fn write(&self, data: &[u8]) -> io::Result<TempBlock> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let temp = TempBlock(self.tmp.join(name));
        let mut file = fs::File::create_new(&temp.0)?;
        file.write_all(data)?;
        Ok(temp)
    }

    /// Makes a written block count, under its multihash.
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

    /// Removes a block; one that is not there is no error.
    pub fn remove(&self, hash: &[u8]) -> io::Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Shows every file to `visit` with its multihash (`None` for a file whose name is none) and size; those for which
    /// it says `false` are removed.
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

    /// Bytes that the file system has free for this program.
    pub fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.blocks)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}
