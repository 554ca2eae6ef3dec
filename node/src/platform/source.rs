//! Bytes in files on a disk, read in slices.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use fluence::ports::{Source, StoreError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sha2::{Digest, Sha256};

use super::failure::{blocking, store_error};

/// Bytes that are read at once while hashing: they stay in the processor's cache.
const HASH_BUFFER: usize = 256 * 1024;

/// A slice of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    /// The file.
    pub path: PathBuf,
    /// Where the slice begins in it.
    pub offset: u64,
    /// Bytes of the slice.
    pub len: u64,
    /// How the file looked when it was taken; `None` for files that only the store writes.
    pub stamp: Option<Stamp>,
}

/// What tells that a file has not been written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, 0 where the file system does not say.
    pub modified: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        Self {
            size: metadata.len(),
            modified,
        }
    }
}

/// Slices of files, one after the other. No file is held open: a share of ten thousand files costs no descriptors, and a
/// file that was deleted or changed is noticed at the next read, not served from a ghost.
#[derive(Debug, Clone)]
pub struct FileSource {
    extents: Arc<[Extent]>,
    /// Where each extent begins in the whole.
    starts: Arc<[u64]>,
    len: u64,
}

impl FileSource {
    /// A file as it is now. A change of it later is an error of reading.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        // Before it is opened: some devices begin something then.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
        }
        let stamp = Stamp::of(&open(&path)?.metadata()?);
        Ok(Self::of(vec![Extent {
            path,
            offset: 0,
            len: stamp.size,
            stamp: Some(stamp),
        }]))
    }

    /// No bytes, of no file.
    pub fn empty() -> Self {
        Self::of(Vec::new())
    }

    pub(super) fn of(extents: Vec<Extent>) -> Self {
        let mut len = 0;
        let starts = extents
            .iter()
            .map(|extent| {
                let start = len;
                len += extent.len;
                start
            })
            .collect();
        Self {
            extents: extents.into(),
            starts,
            len,
        }
    }

    /// The extents that a range is made of, cut to it.
    pub(super) fn slices(&self, range: &Range<u64>) -> Result<Vec<Extent>, StoreError> {
        if range.start > range.end || range.end > self.len {
            return Err(StoreError::Failed(format!(
                "bytes {} to {} were asked for, of {}",
                range.start, range.end, self.len
            )));
        }
        let first = self
            .starts
            .partition_point(|start| *start <= range.start)
            .saturating_sub(1);
        Ok(self.extents[first..]
            .iter()
            .zip(&self.starts[first..])
            .take_while(|(_, start)| **start < range.end)
            .filter_map(|(extent, start)| {
                let from = range.start.max(*start);
                let to = range.end.min(start + extent.len);
                (from < to).then(|| Extent {
                    path: extent.path.clone(),
                    offset: extent.offset + (from - start),
                    len: to - from,
                    stamp: extent.stamp,
                })
            })
            .collect())
    }

    /// Reads a slice; unlike [`Source::read`] from any thread.
    pub async fn read_slice(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let source = self.clone();
        blocking(move || source.read_now(range)).await
    }

    /// Reads a slice on this thread, which waits for the disk.
    pub fn read_now(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let slices = self.slices(&range)?;
        let len = usize::try_from(range.end - range.start)
            .map_err(|_| StoreError::Failed("the slice does not fit in memory".to_owned()))?;
        let mut bytes = vec![0; len];
        let mut rest = bytes.as_mut_slice();
        for slice in &slices {
            let len = usize::try_from(slice.len).expect("part of a slice that fits");
            let (now, later) = rest.split_at_mut(len);
            slice.read(|file| file.read_exact(now))?;
            rest = later;
        }
        Ok(bytes.into())
    }
}

/// Opens a file to read. A pipe that took its place would be waited for until somebody writes: it is not.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    options.open(path)
}

impl Extent {
    /// Whether the file is still what was taken.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| store_error(&self.path, &error))?;
        self.check_stamp(&metadata)
    }

    fn check_stamp(&self, metadata: &Metadata) -> Result<(), StoreError> {
        match self.stamp {
            Some(stamp) if Stamp::of(metadata) != stamp => Err(self.changed()),
            _ => Ok(()),
        }
    }

    fn changed(&self) -> StoreError {
        StoreError::Gone(format!(
            "{} was changed since it was shared",
            self.path.display()
        ))
    }

    /// Opens the file at the slice, lets it be read, and then looks whether the file is still what was taken: a change
    /// during the reading is seen too.
    fn read(&self, read: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
        let fail = |error| store_error(&self.path, &error);
        let mut file = open(&self.path).map_err(fail)?;
        // Whatever it is, only a file can be what was taken, or end.
        if !file.metadata().map_err(fail)?.is_file() {
            return Err(self.changed());
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(fail)?;
        read(&mut file).map_err(fail)?;
        self.check_stamp(&file.metadata().map_err(fail)?)
    }
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        let source = self.clone();
        async move { source.read_slice(range).await }.boxed_local()
    }

    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let slices = self.slices(&range);
        blocking(move || {
            let mut hasher = Sha256::new_with_prefix(&prefix);
            let mut buffer = vec![
                0;
                HASH_BUFFER.min(
                    usize::try_from(range.end - range.start).unwrap_or(HASH_BUFFER)
                )
            ];
            for slice in slices? {
                slice.read(|file| {
                    let mut left = slice.len;
                    while left > 0 {
                        let now = buffer
                            .len()
                            .min(usize::try_from(left).unwrap_or(usize::MAX));
                        file.read_exact(&mut buffer[..now])?;
                        hasher.update(&buffer[..now]);
                        left -= now as u64;
                    }
                    Ok(())
                })?;
            }
            hasher.update(&suffix);
            Ok(hasher.finalize().into())
        })
        .boxed_local()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"bytes").unwrap();
        let source = FileSource::open(&path).unwrap();
        assert_eq!(&source.read_slice(1..3).await.unwrap()[..], b"yt");
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let read = tokio::time::timeout(Duration::from_secs(5), source.read_slice(0..5)).await;
        // Or the thread that opens it would keep the test.
        drop(File::options().read(true).write(true).open(&path));
        assert!(matches!(read, Ok(Err(StoreError::Gone(_)))), "{read:?}");
    }
}
