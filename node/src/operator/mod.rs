//! What an operator asks of a storage: the same on a running node, over a socket in its state directory, and on a
//! stopped one's directory.

mod local;
#[cfg(unix)]
mod socket;

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fluence::Cid;
use fluence::failure::Code;
use fluence::names::canonical;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWrite;
use tokio::runtime::Handle;

use crate::exit::{Failed, Fault};
use crate::storage::{AddError, ExportError, ImportError, Storage, StorageError};

pub use local::Local;
#[cfg(unix)]
pub use socket::{Remote, SOCKET, serve};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Store the blocks of a CAR, and pin its roots.
    Import,
    /// Write a DAG as a CAR.
    Export {
        /// Its root.
        cid: String,
    },
    /// Name all DAGs.
    List,
    /// Keep a DAG whatever else needs room, or no longer.
    Pin {
        /// Its root.
        cid: String,
        /// Whether it is kept.
        pinned: bool,
    },
    /// Remove a DAG.
    Remove {
        /// Its root.
        cid: String,
    },
    /// Hash every block.
    Check,
    /// Remove all that need not be kept.
    Gc,
}

/// Where an operation's bytes come from and go to.
pub trait Port {
    /// The bytes of [`Operation::Import`].
    fn input(&mut self) -> Box<dyn Read + '_>;
    /// Takes bytes of [`Operation::Export`].
    fn output(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Is told how far it is: so many bytes of so many.
    fn progress(&mut self, done: u64, total: u64);
}

/// Does what is asked; returns an object. Blocks; must not run on a thread that drives tasks.
pub fn perform(
    storage: &Arc<Storage>,
    runtime: &Handle,
    operation: &Operation,
    port: &mut dyn Port,
) -> Result<Value, Failed> {
    match operation {
        Operation::Import => {
            let imported = storage.import_car(port.input()).map_err(import_failed)?;
            Ok(json!(imported))
        }
        Operation::Export { cid } => {
            let cid = root(cid)?;
            runtime
                .block_on(storage.export_car(&cid, Out(port)))
                .map_err(|error| export_failed(&canonical(&cid), error))?;
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
            // More may come while it goes on.
            let total = storage.usage().bytes;
            let report = storage
                .check(|_, bytes| port.progress(bytes, total.max(bytes)))
                .map_err(storage_failed)?;
            Ok(json!(report))
        }
        Operation::Gc => {
            let removed = storage.gc().map_err(storage_failed)?;
            Ok(json!({"removed": removed, "usage": storage.usage()}))
        }
    }
}

/// The root that an operator names: that of a file, as people write it, or any CID.
pub fn root(text: &str) -> Result<Cid, Failed> {
    fluence::names::parse_link(text).or_else(|error| text.parse().map_err(|_| error.into()))
}

fn found(cid: &Cid, found: Result<bool, StorageError>) -> Result<(), Failed> {
    if found.map_err(storage_failed)? {
        return Ok(());
    }
    Err(Failed::new(
        Fault::NotFound,
        format!("{} is not stored here.", canonical(cid)),
        "`fluence storage list` names what is.",
    ))
}

fn storage_failed(error: StorageError) -> Failed {
    let (code, advice) = match error {
        StorageError::DiskFull => (
            Fault::from(Code::DiskFull),
            "Free some space, then do it again.",
        ),
        StorageError::Io(_) | StorageError::Database(_) => (
            Fault::Storage,
            "Check its disk; what was damaged is found by `fluence storage check`.",
        ),
    };
    Failed::new(code, format!("It was not done: {error}."), advice)
}

/// Why a CAR is not imported, or not to its end.
fn import_failed(error: ImportError) -> Failed {
    let error = match error {
        ImportError::Add(AddError::Storage(error)) => return storage_failed(error),
        error => error,
    };
    let (code, advice) = match &error {
        ImportError::Read(_) => (
            Fault::File,
            "What came before is stored; see that the file can be read, and import it again.",
        ),
        ImportError::Add(AddError::NoRoom | AddError::TooLarge { .. }) => (
            Code::Quota.into(),
            "`fluence storage gc` and `remove` make room; a larger --storage-quota is more. Then import it again.",
        ),
        ImportError::Add(_) | ImportError::Car(_) | ImportError::Nothing => (
            Fault::Import,
            "What came before the fault is stored; check the file and import it again.",
        ),
    };
    let what = match &error {
        // What it says is for uploaders.
        ImportError::Add(AddError::NoRoom) => "there is no room left in the storage".to_owned(),
        error => error.to_string(),
    };
    Failed::new(code, format!("The CAR is not imported: {what}."), advice)
}

/// Why a DAG is not exported, or not to its end.
fn export_failed(cid: &str, error: ExportError) -> Failed {
    let (code, advice) = match &error {
        ExportError::Incomplete(_) => (Fault::Export, ""),
        ExportError::Write(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
                Code::DiskFull.into(),
                "Free some space, or name another place with -o.",
            ),
            _ => (Fault::File, "Name another place with -o."),
        },
        ExportError::Damaged(_) => (
            Fault::Damaged,
            "`fluence storage check` removes what is damaged.",
        ),
        ExportError::Read(_) => (Fault::Storage, "Check the storage's disk."),
    };
    Failed::new(code, format!("{cid} is not exported: {error}."), advice)
}

/// A port's output for code that writes without blocking; this thread may block.
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
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::exit::Exit;
    use crate::storage::StorageConfig;

    #[test]
    fn what_an_import_fails_for_is_told_apart() {
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
            let failed = import_failed(error);
            assert_eq!((failed.exit, failed.failure.code.as_str()), (exit, code));
        }
        let failed = export_failed("It", ExportError::Write(full()));
        assert_eq!(failed.failure.code, Code::DiskFull.into());
    }

    /// Notes how far it is.
    struct Noted(Vec<(u64, u64)>);

    impl Port for Noted {
        fn input(&mut self) -> Box<dyn Read + '_> {
            // A raw block of three bytes, without a header that names it.
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
    async fn a_check_tells_how_many_bytes_are_done_of_all() {
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
