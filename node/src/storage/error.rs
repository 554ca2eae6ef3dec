//! Errors of the node's own disk.

use std::io;
use std::path::PathBuf;

use super::index::DbError;

/// Why a storage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the storage open.
    #[error(
        "the storage in {0} is open in another process; stop that node first, or use it instead"
    )]
    InUse(PathBuf),
    /// The disk failed.
    #[error("the storage in {path} cannot be opened: {error}")]
    Io {
        /// The directory of the storage.
        path: PathBuf,
        /// The error of the disk.
        error: io::Error,
    },
    /// The database failed.
    #[error("the database of the storage in {path} cannot be opened: {error}")]
    Database {
        /// The directory of the storage.
        path: PathBuf,
        /// The error of the database.
        error: Box<redb::Error>,
    },
}

/// An error of this node's own disk.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no room on the disk.
    #[error("the storage's disk is full")]
    DiskFull,
    /// The disk failed.
    #[error("the storage's disk failed: {0}")]
    Io(io::Error),
    /// The database failed.
    #[error("the storage's database failed: {0}")]
    Database(Box<redb::Error>),
}

impl From<DbError> for StorageError {
    fn from(error: DbError) -> Self {
        match *error {
            redb::Error::Io(error) => error.into(),
            _ => Self::Database(error),
        }
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

/// An error that may stem from this node's own disk.
pub(super) trait MayBeDisk {
    /// Whether it does.
    fn is_disk(&self) -> bool;
}

impl MayBeDisk for DbError {
    fn is_disk(&self) -> bool {
        true
    }
}

impl MayBeDisk for StorageError {
    fn is_disk(&self) -> bool {
        true
    }
}
