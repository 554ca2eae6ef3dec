//! What an operator can do with a storage. The operations are the same on a running node, through a
//! socket in its state directory, and on the directory of a stopped one.

mod local;
#[cfg(unix)]
mod socket;

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fluence::Cid;
use fluence::names::canonical;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWrite;
use tokio::runtime::Handle;

use crate::exit::Failed;
use crate::storage::{Storage, StorageError};
use crate::text;

pub use local::Local;
#[cfg(unix)]
pub use socket::{Remote, SOCKET, Status, serve};

/// An operation on a storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Store the blocks of a CAR, and pin its roots.
    Import,
    /// Write a DAG as a CAR.
    Export {
        /// The root of the DAG.
        cid: String,
    },
    /// List all DAGs.
    List,
    /// Pin a DAG, so that it is kept whatever else needs room, or unpin it.
    Pin {
        /// The root of the DAG.
        cid: String,
        /// Whether the DAG is to be pinned.
        pinned: bool,
    },
    /// Remove a DAG.
    Remove {
        /// The root of the DAG.
        cid: String,
    },
    /// Verify every block, and remove the damaged ones.
    Check,
    /// Remove everything that need not be kept.
    Gc,
    /// Tell what the node is, holds and has done.
    Status,
}

/// Where an operation's bytes come from and go to.
pub trait Port {
    /// The bytes that [`Operation::Import`] reads.
    fn input(&mut self) -> Box<dyn Read + '_>;
    /// Takes bytes that [`Operation::Export`] writes.
    ///
    /// # Errors
    /// If they cannot be written.
    fn output(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Takes note that `done` of `total` bytes have been processed.
    fn progress(&mut self, done: u64, total: u64);
}

/// Performs an operation; returns its result, a JSON object. This blocks, and must not run on a
/// thread that drives asynchronous tasks.
///
/// # Errors
/// If the operation names no CID, names a DAG that is not stored, or fails.
pub fn perform(
    storage: &Arc<Storage>,
    runtime: &Handle,
    operation: &Operation,
    port: &mut dyn Port,
) -> Result<Value, Failed> {
    match operation {
        Operation::Import => {
            let imported = storage
                .import_car(port.input())
                .map_err(text::import_failed)?;
            Ok(json!(imported))
        }
        Operation::Export { cid } => {
            let cid = root(cid)?;
            runtime
                .block_on(storage.export_car(&cid, Out(port)))
                .map_err(|error| text::export_failed(&canonical(&cid), error))?;
            Ok(json!({"cid": canonical(&cid)}))
        }
        Operation::List => Ok(json!({"dags": storage.list(), "usage": storage.usage()})),
        Operation::Pin { cid, pinned } => {
            let cid = root(cid)?;
            found(&cid, storage.pin(&cid, *pinned))?;
            Ok(json!({"cid": canonical(&cid), "pinned": pinned}))
        }
        Operation::Remove { cid } => {
            let cid = root(cid)?;
            found(&cid, storage.remove(&cid))?;
            Ok(json!({"cid": canonical(&cid)}))
        }
        Operation::Check => {
            // More bytes may arrive during the check.
            let total = storage.usage().bytes;
            let report = storage
                .check(|_, bytes| port.progress(bytes, total.max(bytes)))
                .map_err(text::storage_failed)?;
            Ok(json!(report))
        }
        Operation::Gc => {
            let removed = storage.gc().map_err(text::storage_failed)?;
            Ok(json!({"removed": removed, "usage": storage.usage()}))
        }
        // Only a node that runs has one, and answers this itself.
        Operation::Status => Err(text::no_status()),
    }
}

/// Parses the root that an operator names: a file's hash or link, as people write it, or any CID.
///
/// # Errors
/// If the text is neither.
pub fn root(text: &str) -> Result<Cid, Failed> {
    fluence::names::parse_link(text).or_else(|error| text.parse().map_err(|_| error.into()))
}

fn found(cid: &Cid, found: Result<bool, StorageError>) -> Result<(), Failed> {
    if found.map_err(text::storage_failed)? {
        return Ok(());
    }
    Err(text::not_stored(cid))
}

/// The output of a port as an [`AsyncWrite`]. It blocks, which is allowed on this thread.
struct Out<'a>(&'a mut dyn Port);

impl AsyncWrite for Out<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.output(bytes).map(|()| bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use fluence::content::car::CarError;
    use fluence::failure::Code;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::exit::Exit;
    use crate::storage::StorageConfig;
    use crate::storage::{AddError, ExportError, ImportError};

    #[test]
    fn reasons_for_failed_imports_are_told_apart() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        for (error, exit, code) in [
            (ImportError::Add(AddError::NoRoom), Exit::Refused, "quota"),
            (
                ImportError::Add(StorageError::from(full()).into()),
                Exit::Failure,
                "disk_full",
            ),
            (ImportError::Read(full()), Exit::Failure, "file"),
            (CarError::Truncated.into(), Exit::Verification, "import"),
        ] {
            let failed = text::import_failed(error);
            assert_eq!((failed.exit, failed.failure.code.as_str()), (exit, code));
        }
        let failed = text::export_failed("It", ExportError::Write(full()));
        assert_eq!(failed.failure.code, Code::DiskFull.into());
    }

    /// A port that records the progress.
    struct Noted(Vec<(u64, u64)>);

    impl Port for Noted {
        fn input(&mut self) -> Box<dyn Read + '_> {
            // A raw block of three bytes, which the header does not name as a root.
            let car = [
                &b"\x11\xa2eroots\x80gversion\x01\x27\x01\x55\x12\x20"[..],
                &Sha256::digest("abc"),
                b"abc",
            ];
            Box::new(io::Cursor::new(car.concat()))
        }

        fn output(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }

        fn progress(&mut self, done: u64, total: u64) {
            self.0.push((done, total));
        }
    }

    #[tokio::test]
    async fn a_check_reports_how_many_of_all_bytes_are_done() {
        let directory = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            min_free: 0,
            ..StorageConfig::default()
        };
        let storage = Storage::open(directory.path(), config).unwrap();
        let mut port = Noted(Vec::new());
        for operation in [Operation::Import, Operation::Check] {
            perform(&storage, &Handle::current(), &operation, &mut port).unwrap();
        }
        assert_eq!(port.0, [(3, 3)]);
    }
}
