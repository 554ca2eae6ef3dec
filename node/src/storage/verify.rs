//! Verifying blocks after a power failure.
//!
//! Block files are not synced one by one, so a machine that loses power may be left with files of the
//! right length and the wrong bytes. A storage that finds out that this may have happened hashes all
//! blocks in the background, and until that is done, each block also when it is read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use super::{Storage, StorageError};

/// How many blocks are listed, and verified without a pause.
const AT_ONCE: usize = 64;
/// The file that says how the storage was last closed.
const FILE: &str = "state";
/// What it contains if the storage was closed.
const CLOSED: &str = "closed";

/// The file that says how the storage was last closed, or in which run of the system it is open.
#[derive(Debug)]
pub(super) struct Marker(PathBuf);

impl Marker {
    /// The marker of a storage in a directory.
    pub fn new(dir: &Path) -> Self {
        Self(dir.join(FILE))
    }

    /// Marks the storage as open. Returns whether all that was written by the last run is there: it
    /// was closed, or merely killed while the system has been running ever since.
    pub fn take(&self) -> io::Result<bool> {
        let run = run_of_system();
        let before = match fs::read_to_string(&self.0) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.write(&run)?;
        Ok(before.is_some_and(|before| before == CLOSED || !run.is_empty() && before == run))
    }

    fn write(&self, what: &str) -> io::Result<()> {
        let new = self.0.with_extension("new");
        fs::write(&new, what)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(new, &self.0)
    }
}

/// What tells this run of the system from others; empty if that is not known.
fn run_of_system() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

impl Storage {
    /// Whether what is on disk has to be verified when it is read.
    pub(super) fn is_suspect(&self) -> bool {
        self.is_suspect.load(Ordering::Acquire)
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // What could not be verified or synced is looked at again next time.
        if !self.is_suspect() && self.index.sync().is_ok() {
            let _ = self.marker.write(CLOSED);
        }
    }
}

/// Starts the thread that verifies all blocks, if they are suspect. It ends when the storage is
/// dropped.
///
/// # Errors
/// Fails if the thread cannot be started.
pub(super) fn start(storage: &Arc<Storage>) -> io::Result<()> {
    if !storage.is_suspect() {
        return Ok(());
    }
    tracing::info!("the machine stopped while the storage was open; its blocks are being verified");
    let storage = Arc::downgrade(storage);
    thread::Builder::new()
        .name("storage-verify".to_owned())
        .spawn(move || match verify(&storage) {
            Ok(damaged) => tracing::info!(damaged, "the blocks of the storage are verified"),
            Err(error) => tracing::error!(%error, "the blocks of the storage cannot be verified"),
        })
        .map(drop)
}

/// Verifies all blocks; returns how many were damaged.
fn verify(storage: &Weak<Storage>) -> Result<usize, StorageError> {
    let mut after: Option<Vec<u8>> = None;
    let mut damaged = 0;
    loop {
        // The thread must not keep the storage alive while it rests.
        let Some(storage) = storage.upgrade() else {
            return Ok(damaged);
        };
        let began = Instant::now();
        let blocks = storage.index.blocks(after.as_deref(), AT_ONCE)?;
        let Some((last, _)) = blocks.last() else {
            storage.is_suspect.store(false, Ordering::Release);
            return Ok(damaged);
        };
        after = Some(last.clone());
        for (hash, _) in blocks {
            if let Some(found) = storage.check_block(&hash)? {
                damaged += 1;
                storage.note_damage(found);
            }
        }
        drop(storage);
        // Others need the disk too.
        thread::sleep(began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use fluence::Cid;
    use fluence::content::unixfs::RAW;
    use fluence::names::cid_v1;
    use sha2::{Digest, Sha256};

    use super::super::{OpenError, StorageConfig};
    use super::*;

    fn open(dir: &Path) -> Arc<Storage> {
        let config = StorageConfig {
            min_free: 0,
            ..StorageConfig::default()
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match Storage::open(dir, config.clone()) {
                // A thread of the storage that was dropped may be about to notice that.
                Err(OpenError::InUse(_)) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                opened => return opened.unwrap(),
            }
        }
    }

    fn block(number: u8) -> (Cid, Bytes) {
        let data = Bytes::from(vec![number; 1000]);
        (cid_v1(RAW, &Sha256::digest(&data).into()), data)
    }

    async fn put(storage: &Arc<Storage>, number: u8) -> Cid {
        let (cid, data) = block(number);
        let grant = storage.grant("somebody", &cid, Some(1000)).unwrap();
        let upload = storage.upload(&grant.token).unwrap();
        upload.add(cid, data).await.unwrap();
        upload.finish().await.unwrap();
        cid
    }

    /// What a power failure may leave: a file of the right length, and a run of the system that is
    /// not this one.
    fn lose_power(dir: &Path, cid: &Cid) {
        let hash = cid.hash().to_bytes();
        let files = super::super::BlockFiles::open(dir).unwrap();
        files.remove(&hash).unwrap();
        let zeros = files.write(&[0; 1000]).unwrap();
        files.keep(zeros, &hash).unwrap();
        fs::write(dir.join(FILE), "another run").unwrap();
    }

    #[tokio::test]
    async fn what_a_power_failure_damaged_is_not_served_and_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let storage = open(dir.path());
        let mut cids = Vec::new();
        for number in 0..100 {
            cids.push(put(&storage, number).await);
        }
        drop(storage);
        lose_power(dir.path(), &cids[7]);
        // Without the thread, only what is read is verified.
        let config = open(tempfile::tempdir().unwrap().path()).config().clone();
        let (storage, chores) = Storage::prepare(dir.path(), config).unwrap();
        assert!(storage.is_suspect());
        let reader = storage.reader(&cids[7]).without_waiting();
        assert_eq!(reader.size(&cids[7]).await.unwrap(), None);
        assert!(reader.present(&cids[7]).await.unwrap().is_none());
        assert!(reader.present(&cids[8]).await.unwrap().is_some());
        assert_eq!(
            storage.dag_state(&cids[7]),
            Some(false),
            "its uploader may send it again"
        );
        drop((reader, storage, chores));
        // It is still suspect, and the thread verifies the rest.
        lose_power(dir.path(), &cids[9]);
        let storage = open(dir.path());
        while storage.is_suspect() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let report = storage.check(|_, _| ()).unwrap();
        let named: Vec<&str> = report.damaged.iter().map(|d| &*d.block).collect();
        assert!(named.contains(&&*cids[9].to_string()), "{named:?}");
        drop(storage);
        // Closed as it should be, it is trusted again.
        let storage = open(dir.path());
        assert!(!storage.is_suspect());
    }

    #[tokio::test]
    async fn a_block_whose_file_is_gone_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let storage = open(dir.path());
        let cid = put(&storage, 1).await;
        drop(storage);
        let files = super::super::BlockFiles::open(dir.path()).unwrap();
        files.remove(&cid.hash().to_bytes()).unwrap();
        drop(files);
        // The storage notices when it is opened, and says so when it is checked.
        let storage = open(dir.path());
        let report = storage.check(|_, _| ()).unwrap();
        let damage = &report.damaged[0];
        assert_eq!(
            (&*damage.block, report.damaged.len()),
            (&*cid.to_string(), 1)
        );
        assert!(damage.problem.contains("missing"), "{damage:?}");
        assert_eq!(storage.check(|_, _| ()).unwrap().damaged, []);
    }
}
