//! Operations for the operator of a storage.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use cid::multihash::Multihash;
use fluence::Cid;
use fluence::content::car::{self, CarError, CarLimits, CarReader};
use fluence::content::hash::{self, IDENTITY};
use fluence::content::unixfs::RAW;
use fluence::names::canonical;
use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::key::{Key, cid_of, key};
use super::traverse::{Scope, Walk, WalkError};
use super::upload::Target;
use super::{AddError, ReadError, Storage, StorageError};
use crate::fairness::AddressBlock;

/// The owner of the DAGs that an operator imported.
pub const OPERATOR: &str = "operator";
/// The longest header of an operator's CAR, in bytes: the same limit as Kubo's. The header names
/// every root.
const MAX_HEADER: usize = 32 * 1024 * 1024;
/// How many bytes of a CAR file are read at once.
const READ_AT_ONCE: usize = 1024 * 1024;
/// How many blocks are looked up at once.
const CHECKED_AT_ONCE: usize = 1024;
/// How many DAGs are listed at once.
const PAGE: usize = 1024;

/// A DAG, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredDag {
    /// The CID of its root, in canonical form.
    pub cid: String,
    /// The peer that uploaded it, or `operator` if an operator imported it.
    pub owner: String,
    /// The total size of its blocks, in bytes.
    pub bytes: u64,
    /// The number of its blocks.
    pub blocks: u64,
    /// The number of blocks that it links to and lacks.
    pub missing: u64,
    /// Whether an operator has pinned it.
    pub pinned: bool,
    /// Until when it is kept for its uploader, in Unix seconds.
    pub keep_until: u64,
    /// When it was stored, in Unix seconds.
    pub created: u64,
    /// When it was last used, in Unix seconds.
    pub last_used: u64,
    /// The name that its provider gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A damaged block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The block, as a CID with the raw codec.
    pub block: String,
    /// What is wrong.
    pub problem: String,
}

/// What is wrong with a block whose file is gone.
pub(super) const MISSING: &str = "its file is missing";

fn cid_of_hash(hash: &[u8]) -> Option<Cid> {
    let hash = Multihash::from_bytes(hash).ok()?;
    Some(Cid::new_v1(RAW, hash))
}

/// Damage of the block with this multihash.
pub(super) fn damage(hash: &[u8], problem: &str) -> Damage {
    Damage {
        block: cid_of_hash(hash).map_or_else(|| "unknown".into(), |cid| cid.to_string()),
        problem: problem.to_owned(),
    }
}

/// The findings of [`Storage::check`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The number of blocks that were read and hashed.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The damaged blocks. Each was removed, and the DAGs that had it now lack it.
    pub damaged: Vec<Damage>,
    /// The roots of DAGs that lack blocks, in canonical form.
    pub incomplete: Vec<String>,
}

/// The result of importing a CAR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Its roots, in canonical form.
    pub roots: Vec<String>,
    /// The number of blocks that were new.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The number of blocks that are linked to and are still missing.
    pub missing: u64,
}

/// Why a CAR could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The CAR cannot be read.
    #[error("the CAR cannot be read: {0}")]
    Read(std::io::Error),
    /// The file is not a valid CAR.
    #[error(transparent)]
    Car(#[from] CarError),
    /// A block in it is refused.
    #[error(transparent)]
    Add(#[from] AddError),
    /// It has neither roots nor blocks.
    #[error("the CAR contains no blocks")]
    Nothing,
}

/// Why a CAR could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The CAR cannot be written.
    #[error("the CAR cannot be written: {0}")]
    Write(std::io::Error),
    /// A block of the DAG is not here.
    #[error("the DAG is incomplete: {0}")]
    Incomplete(Cid),
    /// A block cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A block is damaged.
    #[error("{0}")]
    Damaged(String),
}

impl Storage {
    /// All DAGs, the most recently used first.
    pub fn list(&self) -> Vec<StoredDag> {
        let mut dags = Vec::new();
        let mut after: Option<Key> = None;
        // The ledger is unlocked between pages, since there may be very many DAGs.
        loop {
            let page = self.ledger().page(after.as_deref(), PAGE);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            dags.extend(page.into_iter().filter_map(|(key, record)| {
                Some(StoredDag {
                    cid: canonical(&cid_of(&key)?),
                    owner: record.owner,
                    bytes: record.bytes,
                    blocks: record.blocks,
                    missing: record.wanted,
                    pinned: record.pinned,
                    keep_until: record.keep_until,
                    created: record.created,
                    last_used: record.last_used,
                    name: record.name,
                })
            }));
        }
        dags.sort_by(|a, b| b.last_used.cmp(&a.last_used).then(a.cid.cmp(&b.cid)));
        dags
    }

    /// Pins a DAG, so that it is never removed to make room, or unpins it. Returns whether it is
    /// here. Blocks the thread.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub fn pin(&self, root: &Cid, pinned: bool) -> Result<bool, StorageError> {
        self.recover()?;
        let key = key(root);
        let now = self.now();
        self.write(true, |tables| {
            let mut ledger = self.ledger();
            let Some(mut record) = ledger.dag(&key).cloned() else {
                return Ok(false);
            };
            record.pinned = pinned;
            let record = ledger.put(&key, record, now);
            drop(ledger);
            tables.put_dag(&key, &record)?;
            Ok(true)
        })
    }

    /// Reads and hashes every block, and removes damaged ones. Calls `progress` with the number of
    /// blocks and bytes checked so far. Blocks the thread.
    ///
    /// # Errors
    /// Fails if the disk or the database fails.
    pub fn check(&self, mut progress: impl FnMut(u64, u64)) -> Result<CheckReport, StorageError> {
        let mut report = CheckReport {
            damaged: std::mem::take(&mut *self.found()),
            ..CheckReport::default()
        };
        let mut after: Option<Vec<u8>> = None;
        loop {
            let blocks = self.index.blocks(after.as_deref(), CHECKED_AT_ONCE)?;
            let Some((last, _)) = blocks.last() else {
                break;
            };
            after = Some(last.clone());
            for (hash, size) in blocks {
                report.blocks += 1;
                report.bytes += size;
                if let Some(damage) = self.check_block(&hash)? {
                    report.damaged.push(damage);
                }
            }
            progress(report.blocks, report.bytes);
        }
        let incomplete = self.list().into_iter().filter(|dag| dag.missing > 0);
        report.incomplete = incomplete.map(|dag| dag.cid).collect();
        report.incomplete.sort();
        Ok(report)
    }

    pub(super) fn check_block(&self, hash: &[u8]) -> Result<Option<Damage>, StorageError> {
        let cid = cid_of_hash(hash);
        let problem = match (&cid, self.files.read(hash)?) {
            (None, _) => "its name is not a multihash".to_owned(),
            (Some(_), None) => MISSING.to_owned(),
            (Some(cid), Some(data)) => match hash::verify(cid, &data) {
                Ok(()) => return Ok(None),
                Err(error) => error.to_string(),
            },
        };
        if self.index.block(hash)?.is_none() {
            // It was removed since it was listed.
            return Ok(None);
        }
        self.lose(hash)?;
        Ok(Some(damage(hash, &problem)))
    }

    /// Imports all blocks of a CAR, in any order, as DAGs of the operator, which are pinned. Blocks
    /// the thread.
    ///
    /// # Errors
    /// Fails if the CAR cannot be read or is invalid, or if a block cannot be added.
    pub fn import_car(self: &Arc<Self>, car: impl Read) -> Result<Imported, ImportError> {
        // The blocks of several roots are put together in a DAG of their own, so that each root gets
        // what is below it and nothing else.
        let number = self.imports.fetch_add(1, Ordering::Relaxed).to_string();
        let name = Multihash::wrap(IDENTITY, number.as_bytes());
        let staging = name.map(|name| Cid::new_v1(RAW, name));
        let staging = staging.map_err(|error| ImportError::Read(std::io::Error::other(error)))?;
        let imported = self.import_staged(car, staging);
        self.remove(&staging).map_err(AddError::from)?;
        imported
    }

    fn import_staged(
        self: &Arc<Self>,
        mut car: impl Read,
        staging: Cid,
    ) -> Result<Imported, ImportError> {
        let mut reader = CarReader::new(CarLimits {
            header: MAX_HEADER,
            ..CarLimits::default()
        });
        let mut imported = Imported::default();
        let mut target: Option<Target> = None;
        loop {
            let mut chunk = BytesMut::zeroed(READ_AT_ONCE);
            let read = car.read(&mut chunk).map_err(ImportError::Read)?;
            if read == 0 {
                break;
            }
            chunk.truncate(read);
            reader.push(chunk.freeze());
            while let Some((cid, data)) = reader.next()? {
                // A CAR without roots is treated as the DAG of its first block.
                let target = target.get_or_insert_with(|| match reader.roots() {
                    [] => operator_target(cid),
                    [root] => operator_target(*root),
                    _ => operator_target(staging),
                });
                if self.add(target, &cid, &data)? {
                    imported.blocks += 1;
                    imported.bytes += data.len() as u64;
                }
            }
        }
        reader.finish()?;
        let first = target.ok_or(ImportError::Nothing)?;
        let mut roots = reader.roots().to_vec();
        if roots.is_empty() {
            roots.push(first.root);
        }
        for root in &roots {
            let target = operator_target(*root);
            self.adopt(&target, vec![target.key.clone()])?;
            imported.missing += self
                .ledger()
                .dag(&target.key)
                // Nothing of the DAG is here, so its root is missing, unless that is an identity
                // CID.
                .map_or(u64::from(root.hash().code() != IDENTITY), |record| {
                    record.wanted
                });
            self.pin(root, true).map_err(AddError::from)?;
        }
        imported.roots = roots.iter().map(canonical).collect();
        self.flush().map_err(AddError::from)?;
        Ok(imported)
    }

    /// Writes a DAG as a CAR, depth-first and each block once.
    ///
    /// # Errors
    /// Fails if a block is missing, cannot be read or is damaged, or if the CAR cannot be written.
    pub async fn export_car(
        self: &Arc<Self>,
        root: &Cid,
        mut out: impl AsyncWrite + Unpin,
    ) -> Result<(), ExportError> {
        if self.dag_state(root) == Some(false) {
            return Err(ExportError::Incomplete(*root));
        }
        let reader = self.reader(root).without_waiting();
        if reader.size(root).await?.is_none() {
            return Err(ExportError::Incomplete(*root));
        }
        out.write_all(&car::header(root))
            .await
            .map_err(ExportError::Write)?;
        let mut walk = Walk::new(&reader, false);
        let mut visits = walk.begin(*root, &Scope::All);
        while let Some(seen) = walk.next(&mut visits).await.map_err(|error| match error {
            WalkError::Read(ReadError::Late(cid) | ReadError::Missing(cid)) => {
                ExportError::Incomplete(cid)
            }
            WalkError::Read(error) => ExportError::Read(error),
            other => ExportError::Damaged(other.to_string()),
        })? {
            if seen.inline {
                continue;
            }
            let head = section(&seen.cid, seen.data.len());
            out.write_all(&head).await.map_err(ExportError::Write)?;
            out.write_all(&seen.data)
                .await
                .map_err(ExportError::Write)?;
        }
        out.flush().await.map_err(ExportError::Write)
    }
}

/// The section header of a CAR: what precedes a block of `len` bytes.
pub(crate) fn section(cid: &Cid, len: usize) -> Bytes {
    let cid = cid.to_bytes();
    let mut buffer = unsigned_varint::encode::usize_buffer();
    let len = unsigned_varint::encode::usize(cid.len() + len, &mut buffer);
    [len, &cid].concat().into()
}

fn operator_target(root: Cid) -> Target {
    let key = key(&root);
    Target {
        root,
        key,
        owner: OPERATOR.to_owned(),
        block: AddressBlock::Own,
        size: 0,
        limit: u64::MAX,
        keep_until: 0,
        trusted: true,
    }
}
