//! Bytes in files on disk, read in slices.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use fluence::ports::{Source, StoreError};
use fluence::private::Key;
use fluence::private::tar::Entry;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sha2::{Digest, Sha256};

use super::failure::{blocking, store_error};
use super::private::{SealError, Sealed};

/// How many bytes are read at a time for hashing: few enough to stay in the processor's cache.
const HASH_BUFFER: usize = 256 * 1024;

/// A slice of a file, or of the body of a private share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    /// The file; empty if it is a slice of a body.
    pub path: PathBuf,
    /// The body of a private share, if it is a slice of one.
    pub sealed: Option<Arc<Sealed>>,
    /// Where the slice begins in the file or body, in bytes.
    pub offset: u64,
    /// The length of the slice in bytes.
    pub len: u64,
    /// The stamp of the file when it was taken; `None` for files that only the store writes.
    pub stamp: Option<Stamp>,
}

/// The size and time by which a change of a file is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The size in bytes.
    pub size: u64,
    /// When the file was last modified, in nanoseconds since 1970; 0 if the file system does not
    /// say.
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

/// Slices of files, one after the other. No file is kept open, so a share of ten thousand files
/// costs no file descriptors, and the next read notices that a file was deleted or changed, rather
/// than returning its old bytes.
#[derive(Debug, Clone)]
pub struct FileSource {
    extents: Arc<[Extent]>,
    /// The offset of each extent in the whole, in bytes.
    starts: Arc<[u64]>,
    len: u64,
}

impl FileSource {
    /// The file at `path` as it is now. If it changes later, reading from it fails.
    ///
    /// # Errors
    /// If the file cannot be opened, and, with [`ErrorKind::InvalidInput`], if the path is not that
    /// of a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        // Checked before the file is opened, because opening some devices has side effects.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
        }
        let stamp = Stamp::of(&open(&path)?.metadata()?);
        Ok(Self::of(vec![Extent {
            path,
            sealed: None,
            offset: 0,
            len: stamp.size,
            stamp: Some(stamp),
        }]))
    }

    /// The bytes that are in the file at `path` now, to which others may be added; none if it cannot be read.
    pub fn growing(path: &Path) -> Self {
        let len = fs::metadata(path).map_or(0, |metadata| metadata.len());
        Self::of(vec![Extent {
            path: path.to_owned(),
            sealed: None,
            offset: 0,
            len,
            stamp: None,
        }])
    }

    /// A source of no bytes.
    pub fn empty() -> Self {
        Self::of(Vec::new())
    }

    /// The encrypted body of these files and folders, which is made while it is read. A folder has an empty source.
    ///
    /// # Errors
    /// [`SealError`] if nobody could open it.
    pub fn sealed(entries: Vec<(Entry, Self)>, key: &Key) -> Result<Self, SealError> {
        Ok(Self::of(vec![Extent::of_sealed(Arc::new(Sealed::new(
            entries, key,
        )?))]))
    }

    /// Checks that no file has changed since it was taken. Blocks the thread.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.extents.iter().try_for_each(Extent::check)
    }

    /// The bytes of these extents, one after the other.
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

    /// The extents that make up a range, cut to it.
    pub(super) fn slices(&self, range: &Range<u64>) -> Result<Vec<Extent>, StoreError> {
        if range.start > range.end || range.end > self.len {
            return Err(StoreError::Failed(format!(
                "bytes {} to {} were requested, but there are {}",
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
                    sealed: extent.sealed.clone(),
                    offset: extent.offset + (from - start),
                    len: to - from,
                    stamp: extent.stamp,
                })
            })
            .collect())
    }

    /// Reads a slice. The future may run on any thread, unlike that of [`Source::read`].
    ///
    /// # Errors
    /// [`StoreError`] if the range is not within the source, if a file cannot be read, or if it has
    /// changed since it was opened.
    pub async fn read_slice(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let source = self.clone();
        blocking(move || source.read_now(range)).await
    }

    /// Reads a slice on this thread, which is blocked until the disk answers.
    ///
    /// # Errors
    /// The same as those of [`Self::read_slice`].
    pub fn read_now(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let slices = self.slices(&range)?;
        let len = usize::try_from(range.end - range.start)
            .map_err(|_| StoreError::Failed("the slice does not fit in memory".to_owned()))?;
        let mut bytes = vec![0; len];
        fill(&slices, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Reads as many bytes from an offset as there is room for, on this thread.
    pub(super) fn read_into(&self, start: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let range = start..start.saturating_add(bytes.len() as u64);
        fill(&self.slices(&range)?, bytes)
    }
}

/// Reads slices one after the other into memory that is as long as all of them.
fn fill(slices: &[Extent], mut rest: &mut [u8]) -> Result<(), StoreError> {
    for slice in slices {
        let len = usize::try_from(slice.len).expect("a part of a slice that fits");
        let (now, later) = rest.split_at_mut(len);
        slice.fill(now)?;
        rest = later;
    }
    Ok(())
}

/// Opens a file for reading without blocking. If a pipe had taken the file's place, a blocking open
/// would wait until somebody writes to it.
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
    /// All of the body of a private share.
    pub(super) fn of_sealed(sealed: Arc<Sealed>) -> Self {
        Self {
            path: PathBuf::new(),
            offset: 0,
            len: sealed.len(),
            stamp: None,
            sealed: Some(sealed),
        }
    }

    /// Checks that the file has not changed since it was taken.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if let Some(sealed) = &self.sealed {
            return sealed.check();
        }
        let metadata = fs::metadata(&self.path).map_err(|error| store_error(&self.path, &error))?;
        self.check_stamp(&metadata)
    }

    /// Reads all of the slice.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), StoreError> {
        let Some(sealed) = &self.sealed else {
            return self.read(|file| file.read_exact(bytes));
        };
        let mut rest = bytes;
        sealed.read(self.offset..self.offset + self.len, |piece| {
            let (now, later) = std::mem::take(&mut rest).split_at_mut(piece.len());
            now.copy_from_slice(piece);
            rest = later;
        })
    }

    fn check_stamp(&self, metadata: &Metadata) -> Result<(), StoreError> {
        match self.stamp {
            Some(stamp) if Stamp::of(metadata) != stamp => Err(self.changed()),
            _ => Ok(()),
        }
    }

    fn changed(&self) -> StoreError {
        StoreError::Gone(format!(
            "{} has changed since it was shared",
            self.path.display()
        ))
    }

    /// Opens the file, calls `read` with it at the start of the slice, and then checks that the
    /// file has not changed. Checking last notices a change during the read too.
    fn read(&self, read: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
        let fail = |error| store_error(&self.path, &error);
        let mut file = open(&self.path).map_err(fail)?;
        // Anything but a regular file is a change, and reading it might never end.
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
                if let Some(sealed) = &slice.sealed {
                    sealed.read(slice.offset..slice.offset + slice.len, |piece| {
                        hasher.update(piece);
                    })?;
                    continue;
                }
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
        // A thread that was stuck opening the pipe would otherwise keep the test from ending.
        drop(File::options().read(true).write(true).open(&path));
        assert!(matches!(read, Ok(Err(StoreError::Gone(_)))), "{read:?}");
    }
}
