//! The index of the storage, in redb: the DAGs, the blocks with their reference counts, and which
//! block belongs to which DAG.
//!
//! Only one transaction writes at a time. Threads take turns in the order in which they asked, each
//! for a limited piece of work: see [`super::turns`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use super::ipld::CODECS;
use super::key::{Key, hash_of, key_of};
use super::record::{DagId, Record};
use super::turns::Turns;

/// From a root (a [`Key`]) to its [`Record`], as JSON.
const DAGS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("dags");
/// From a multihash to the block's size and the number of members that refer to it.
const BLOCKS: TableDefinition<&[u8], (u64, u64)> = TableDefinition::new("blocks");
/// The blocks that a DAG has: the DAG's number and the block's [`Key`].
const MEMBERS: TableDefinition<(u64, &[u8]), ()> = TableDefinition::new("members");
/// The blocks that a DAG links to and lacks.
const WANTED: TableDefinition<(u64, &[u8]), ()> = TableDefinition::new("wanted");
/// The numbers of DAGs that were marked for removal and still have members or wanted blocks.
const LEAVING: TableDefinition<u64, ()> = TableDefinition::new("leaving");

/// Memory that redb may use for its pages, in bytes.
const CACHE: usize = 32 * 1024 * 1024;

/// Multihashes of blocks with their sizes.
pub(super) type SizedBlocks = Vec<(Vec<u8>, u64)>;

/// Any error of redb. It is boxed because it is large.
pub(super) type DbError = Box<redb::Error>;

/// The database.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    /// Absent if it could not be opened again. The lock is held to clone or to replace the handle,
    /// not while using it.
    db: RwLock<Option<Arc<Database>>>,
    turns: Turns,
    /// Whether something was written since the database was synced.
    unsynced: AtomicBool,
}

/// The tables, open for writing.
pub(super) struct Tables<'t> {
    dags: Table<'t, &'static [u8], &'static [u8]>,
    blocks: Table<'t, &'static [u8], (u64, u64)>,
    members: Table<'t, (u64, &'static [u8]), ()>,
    wanted: Table<'t, (u64, &'static [u8]), ()>,
    leaving: Table<'t, u64, ()>,
}

/// How much of a removal one transaction may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// How many members, and how many wanted blocks, are removed at most.
    pub most: usize,
    /// When the transaction ends even if more are left.
    pub until: Instant,
}

impl Index {
    /// Opens the database, or creates it.
    ///
    /// # Errors
    /// Fails if the file cannot be read, is not a database, or is open in another process.
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let index = Self {
            path: path.to_owned(),
            db: RwLock::new(None),
            turns: Turns::default(),
            unsynced: AtomicBool::new(false),
        };
        index.reopen()?;
        Ok(index)
    }

    /// Closes the database and opens it again, in the state that was last synced: redb refuses
    /// everything else after an error of the disk.
    ///
    /// # Errors
    /// Fails like [`Index::open`], and also if a reader is just beginning; it may then be tried
    /// again.
    pub fn reopen(&self) -> Result<(), DbError> {
        let turn = self.turns.wait();
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
        let opened = Database::builder()
            .set_cache_size(CACHE)
            .create(&self.path)
            .map_err(boxed)?;
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(opened));
        drop(turn);
        // Creates the tables.
        self.write(true, |_| Ok::<_, DbError>(()))
    }

    fn db(&self) -> Result<Arc<Database>, DbError> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        db.clone().ok_or_else(|| boxed(redb::Error::DatabaseClosed))
    }

    fn begin_read(&self) -> Result<ReadTransaction, DbError> {
        self.db()?.begin_read().map_err(boxed)
    }

    /// Changes the tables in one atomic transaction. If it is not `durable`, it survives a crash
    /// only once a later durable one is committed. Waits for the threads that asked before.
    ///
    /// # Errors
    /// Fails with the error of `change`, or with an error of the database.
    pub fn write<T, E: From<DbError>>(
        &self,
        durable: bool,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = self.turns.wait();
        let mut txn = self.db()?.begin_write().map_err(boxed)?;
        txn.set_durability(if durable {
            Durability::Immediate
        } else {
            Durability::None
        })
        .map_err(boxed)?;
        let result = change(&mut Tables::open(&txn)?)?;
        txn.commit().map_err(boxed)?;
        self.unsynced.store(!durable, Ordering::Release);
        Ok(result)
    }

    /// Syncs what was written, unless that has already happened.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub fn sync(&self) -> Result<(), DbError> {
        let _turn = self.turns.wait();
        if !self.unsynced.load(Ordering::Acquire) {
            return Ok(());
        }
        let txn = self.db()?.begin_write().map_err(boxed)?;
        txn.commit().map_err(boxed)?;
        self.unsynced.store(false, Ordering::Release);
        Ok(())
    }

    /// All DAGs.
    pub fn dags(&self) -> Result<Vec<(Key, Record)>, DbError> {
        let txn = self.begin_read()?;
        let table = txn.open_table(DAGS).map_err(boxed)?;
        let mut dags = Vec::new();
        for row in table.iter().map_err(boxed)? {
            let (key, value) = row.map_err(boxed)?;
            let record = serde_json::from_slice(value.value())
                .map_err(|e| boxed(redb::Error::Corrupted(e.to_string())))?;
            dags.push((key.value().to_vec(), record));
        }
        Ok(dags)
    }

    /// The DAGs that were marked for removal and are not gone yet.
    pub fn leaving(&self) -> Result<Vec<DagId>, DbError> {
        let txn = self.begin_read()?;
        let table = txn.open_table(LEAVING).map_err(boxed)?;
        let rows = table.iter().map_err(boxed)?;
        rows.map(|row| row.map(|(id, _)| id.value()).map_err(boxed))
            .collect()
    }

    /// The size of a block that counts.
    pub fn block(&self, hash: &[u8]) -> Result<Option<u64>, DbError> {
        let txn = self.begin_read()?;
        let table = txn.open_table(BLOCKS).map_err(boxed)?;
        Ok(table.get(hash).map_err(boxed)?.map(|row| row.value().0))
    }

    /// Calls `visit` with every block's multihash and size.
    pub fn each_block(&self, mut visit: impl FnMut(&[u8], u64)) -> Result<(), DbError> {
        let txn = self.begin_read()?;
        let table = txn.open_table(BLOCKS).map_err(boxed)?;
        for row in table.iter().map_err(boxed)? {
            let (hash, value) = row.map_err(boxed)?;
            visit(hash.value(), value.value().0);
        }
        Ok(())
    }

    /// Up to `most` blocks after `after`, as multihashes with sizes.
    pub fn blocks(&self, after: Option<&[u8]>, most: usize) -> Result<SizedBlocks, DbError> {
        let txn = self.begin_read()?;
        let table = txn.open_table(BLOCKS).map_err(boxed)?;
        let mut blocks = Vec::new();
        for row in table.range(after.unwrap_or_default()..).map_err(boxed)? {
            let (hash, value) = row.map_err(boxed)?;
            if blocks.len() == most {
                break;
            }
            if Some(hash.value()) != after {
                blocks.push((hash.value().to_vec(), value.value().0));
            }
        }
        Ok(blocks)
    }

    /// Whether a DAG has the block, and whether it wants it.
    pub fn relation(&self, id: DagId, key: &[u8]) -> Result<(bool, bool), DbError> {
        let txn = self.begin_read()?;
        let members = txn.open_table(MEMBERS).map_err(boxed)?;
        let wanted = txn.open_table(WANTED).map_err(boxed)?;
        Ok((
            members.get((id, key)).map_err(boxed)?.is_some(),
            wanted.get((id, key)).map_err(boxed)?.is_some(),
        ))
    }

    /// Those of the given DAGs (each with its number) that have a block with this multihash, under
    /// any codec.
    pub fn having<D>(
        &self,
        dags: impl IntoIterator<Item = (D, DagId)>,
        hash: &[u8],
    ) -> Result<Vec<D>, DbError> {
        let txn = self.begin_read()?;
        let members = txn.open_table(MEMBERS).map_err(boxed)?;
        let keys = CODECS.map(|codec| key_of(codec, hash));
        let mut having = Vec::new();
        for (dag, id) in dags {
            for key in &keys {
                if members.get((id, key.as_slice())).map_err(boxed)?.is_some() {
                    having.push(dag);
                    break;
                }
            }
        }
        Ok(having)
    }
}

/// Up to `most` keys of a DAG in a table.
fn some_of(
    table: &impl ReadableTable<(u64, &'static [u8]), ()>,
    id: DagId,
    most: usize,
) -> Result<Vec<Key>, DbError> {
    let mut keys = Vec::new();
    for row in table.range((id, [].as_slice())..).map_err(boxed)? {
        let (row, _) = row.map_err(boxed)?;
        let (of, key) = row.value();
        if of != id || keys.len() == most {
            break;
        }
        keys.push(key.to_vec());
    }
    Ok(keys)
}

impl<'t> Tables<'t> {
    fn open(txn: &'t WriteTransaction) -> Result<Self, DbError> {
        Ok(Self {
            dags: txn.open_table(DAGS).map_err(boxed)?,
            blocks: txn.open_table(BLOCKS).map_err(boxed)?,
            members: txn.open_table(MEMBERS).map_err(boxed)?,
            wanted: txn.open_table(WANTED).map_err(boxed)?,
            leaving: txn.open_table(LEAVING).map_err(boxed)?,
        })
    }

    /// Writes the record of a DAG.
    pub fn put_dag(&mut self, root: &[u8], record: &Record) -> Result<(), DbError> {
        let json = serde_json::to_vec(record).expect("a record is plain JSON");
        self.dags.insert(root, json.as_slice()).map_err(boxed)?;
        Ok(())
    }

    /// The size of a block that counts.
    pub fn block(&self, hash: &[u8]) -> Result<Option<u64>, DbError> {
        let row = self.blocks.get(hash).map_err(boxed)?;
        Ok(row.map(|row| row.value().0))
    }

    /// Notes that a DAG lacks a block to which no block of it links: its root.
    pub fn want(&mut self, record: &mut Record, key: &[u8]) -> Result<(), DbError> {
        let known = self.wanted.insert((record.id, key), ()).map_err(boxed)?;
        record.wanted += u64::from(known.is_none());
        Ok(())
    }

    /// Adds a block to a DAG: counts it, and notes which of its links the DAG lacks. Returns how
    /// many bytes are new on disk, and those missing links whose bytes are already on disk for
    /// another DAG.
    pub fn add(
        &mut self,
        record: &mut Record,
        key: &[u8],
        size: u64,
        links: &[Key],
    ) -> Result<(u64, Vec<Key>), DbError> {
        let id = record.id;
        if self.wanted.remove((id, key)).map_err(boxed)?.is_some() {
            record.wanted -= 1;
        }
        if self.members.insert((id, key), ()).map_err(boxed)?.is_some() {
            return Ok((0, Vec::new()));
        }
        record.blocks += 1;
        record.bytes += size;
        let hash = hash_of(key);
        let references = self
            .blocks
            .get(hash)
            .map_err(boxed)?
            .map_or(0, |row| row.value().1);
        self.blocks
            .insert(hash, (size, references + 1))
            .map_err(boxed)?;
        let mut known = Vec::new();
        for link in links {
            if self
                .members
                .get((id, link.as_slice()))
                .map_err(boxed)?
                .is_some()
                || self
                    .wanted
                    .insert((id, link.as_slice()), ())
                    .map_err(boxed)?
                    .is_some()
            {
                continue;
            }
            record.wanted += 1;
            if self.blocks.get(hash_of(link)).map_err(boxed)?.is_some() {
                known.push(link.clone());
            }
        }
        Ok((if references == 0 { size } else { 0 }, known))
    }

    /// Removes a block whose bytes are gone: the DAGs among `dags` that have it now lack it.
    pub fn lose<'a>(
        &mut self,
        dags: impl IntoIterator<Item = &'a mut Record>,
        hash: &[u8],
    ) -> Result<(), DbError> {
        let size = self
            .blocks
            .remove(hash)
            .map_err(boxed)?
            .map_or(0, |row| row.value().0);
        for record in dags {
            // Links may refer to one multihash under several codecs.
            for codec in CODECS {
                let key = key_of(codec, hash);
                let member = (record.id, key.as_slice());
                if self.members.remove(member).map_err(boxed)?.is_some() {
                    self.wanted.insert(member, ()).map_err(boxed)?;
                    record.blocks -= 1;
                    record.bytes -= size;
                    record.wanted += 1;
                }
            }
        }
        Ok(())
    }

    /// Marks a DAG for removal: its root can be used again at once, and its blocks are removed by
    /// [`Tables::remove_some`].
    pub fn give_up(&mut self, root: &[u8], id: DagId) -> Result<(), DbError> {
        self.dags.remove(root).map_err(boxed)?;
        self.leaving.insert(id, ()).map_err(boxed)?;
        Ok(())
    }

    /// Removes some members of a DAG that was marked for removal. Returns the multihashes that
    /// nothing refers to any more, with their sizes, and whether nothing is left of the DAG.
    pub fn remove_some(&mut self, id: DagId, batch: Batch) -> Result<(SizedBlocks, bool), DbError> {
        let mut orphans = Vec::new();
        let keys = some_of(&self.members, id, batch.most)?;
        let mut left = keys.len() == batch.most;
        for (n, key) in keys.iter().enumerate() {
            if n > 0 && Instant::now() >= batch.until {
                left = true;
                break;
            }
            self.members.remove((id, key.as_slice())).map_err(boxed)?;
            let hash = hash_of(key);
            let row = self.blocks.get(hash).map_err(boxed)?.map(|r| r.value());
            match row {
                Some((size, references)) if references > 1 => {
                    self.blocks
                        .insert(hash, (size, references - 1))
                        .map_err(boxed)?;
                }
                Some((size, _)) => {
                    self.blocks.remove(hash).map_err(boxed)?;
                    orphans.push((hash.to_vec(), size));
                }
                None => {}
            }
        }
        if !left {
            let wanted = some_of(&self.wanted, id, batch.most)?;
            left = wanted.len() == batch.most;
            for key in &wanted {
                self.wanted.remove((id, key.as_slice())).map_err(boxed)?;
            }
        }
        if !left {
            self.leaving.remove(id).map_err(boxed)?;
        }
        Ok((orphans, !left))
    }
}

fn boxed(error: impl Into<redb::Error>) -> DbError {
    Box::new(error.into())
}
