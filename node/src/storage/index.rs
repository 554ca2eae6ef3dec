//! What is stored, in redb: the DAGs, the blocks with their reference counts, and which block belongs to which DAG.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};

/// Root (a [`Key`]) to [`Record`], as JSON.
const DAGS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("dags");
/// Multihash to size and number of members that point to it.
const BLOCKS: TableDefinition<&[u8], (u64, u64)> = TableDefinition::new("blocks");
/// The blocks that a DAG has: its number and the block's [`Key`].
const MEMBERS: TableDefinition<(u64, &[u8]), ()> = TableDefinition::new("members");
/// The blocks that a DAG links to and lacks.
const WANTED: TableDefinition<(u64, &[u8]), ()> = TableDefinition::new("wanted");

/// Members that are dropped in one transaction when a DAG is removed.
const REMOVED_AT_ONCE: usize = 4096;
/// Memory that redb may use for its pages, in bytes.
const CACHE: usize = 32 * 1024 * 1024;

/// A CIDv1 in bytes: the codec tells how its links are read, the multihash where its bytes are.
pub(super) type Key = Vec<u8>;

/// Multihashes of blocks with their sizes.
pub(super) type SizedBlocks = Vec<(Vec<u8>, u64)>;

/// Any failure of redb, boxed: it is large, and nobody acts on its variants.
pub(super) type Failure = Box<redb::Error>;

/// What is written of a DAG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number in [`MEMBERS`] and [`WANTED`].
    pub id: u64,
    /// Who was the first to be granted it.
    pub owner: String,
    /// Unix seconds.
    pub created: u64,
    /// When it was last asked for or added to, in Unix seconds.
    pub last_used: u64,
    /// When the last block came, in Unix seconds.
    pub last_block: u64,
    /// Until when it is kept whatever else needs room, in Unix seconds.
    pub keep_until: u64,
    /// An operator keeps it.
    pub pinned: bool,
    /// Bytes of the file, as its uploader declared them.
    pub size: u64,
    /// Bytes that uploads may make its blocks.
    pub limit: u64,
    /// Bytes of its blocks, each counted once.
    pub bytes: u64,
    /// Its blocks, each counted once.
    pub blocks: u64,
    /// Blocks that are linked and not there.
    pub wanted: u64,
    /// It is being removed.
    pub removing: bool,
    /// What its provider calls it.
    pub name: Option<String>,
    /// Its type, as its provider says.
    pub mime: Option<String>,
}

impl Record {
    /// Whether every block that is linked from the root is there.
    pub fn is_complete(&self) -> bool {
        self.wanted == 0 && self.blocks > 0
    }
}

/// The database.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    /// Absent when it could not be opened again.
    db: RwLock<Option<Database>>,
}

/// The tables, open for writing.
pub(super) struct Tables<'t> {
    dags: Table<'t, &'static [u8], &'static [u8]>,
    blocks: Table<'t, &'static [u8], (u64, u64)>,
    members: Table<'t, (u64, &'static [u8]), ()>,
    wanted: Table<'t, (u64, &'static [u8]), ()>,
}

/// The multihash in a [`Key`]: what is left after version and codec.
pub(super) fn hash_of(key: &[u8]) -> &[u8] {
    let varint = |bytes: &[u8]| {
        bytes
            .iter()
            .position(|b| b & 0x80 == 0)
            .map_or(bytes.len(), |n| n + 1)
    };
    let codec = key.get(1..).unwrap_or_default();
    &codec[varint(codec)..]
}

impl Index {
    /// Opens the database, or makes it.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let index = Self {
            path: path.to_owned(),
            db: RwLock::new(None),
        };
        index.reopen()?;
        Ok(index)
    }

    /// Closes the database and opens it again, as it was synced last: after a failure of the disk redb refuses all else.
    pub fn reopen(&self) -> Result<(), Failure> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        *db = None;
        let opened = Database::builder()
            .set_cache_size(CACHE)
            .create(&self.path)
            .map_err(boxed)?;
        *db = Some(opened);
        drop(db);
        // Makes the tables.
        self.write(true, |_| Ok::<_, Failure>(()))
    }

    fn begin_read(&self) -> Result<ReadTransaction, Failure> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = db
            .as_ref()
            .ok_or_else(|| boxed(redb::Error::DatabaseClosed))?;
        db.begin_read().map_err(boxed)
    }

    /// Changes the tables in one transaction: all of it or nothing. One that is not `durable` outlasts this process
    /// with the next one that is.
    pub fn write<T, E: From<Failure>>(
        &self,
        durable: bool,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = db
            .as_ref()
            .ok_or_else(|| boxed(redb::Error::DatabaseClosed))?;
        let mut txn = db.begin_write().map_err(boxed)?;
        txn.set_durability(if durable {
            Durability::Immediate
        } else {
            Durability::None
        })
        .map_err(boxed)?;
        let result = change(&mut Tables::open(&txn)?)?;
        txn.commit().map_err(boxed)?;
        Ok(result)
    }

    /// All DAGs.
    pub fn dags(&self) -> Result<Vec<(Key, Record)>, Failure> {
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

    /// The size of a block that counts.
    pub fn block(&self, hash: &[u8]) -> Result<Option<u64>, Failure> {
        let txn = self.begin_read()?;
        let table = txn.open_table(BLOCKS).map_err(boxed)?;
        Ok(table.get(hash).map_err(boxed)?.map(|row| row.value().0))
    }

    /// Shows every block's multihash, size and references.
    pub fn each_block(&self, mut visit: impl FnMut(&[u8], u64)) -> Result<(), Failure> {
        let txn = self.begin_read()?;
        let table = txn.open_table(BLOCKS).map_err(boxed)?;
        for row in table.iter().map_err(boxed)? {
            let (hash, value) = row.map_err(boxed)?;
            visit(hash.value(), value.value().0);
        }
        Ok(())
    }

    /// Up to `most` multihashes of blocks with their sizes, from after `after`.
    pub fn blocks(&self, after: Option<&[u8]>, most: usize) -> Result<SizedBlocks, Failure> {
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
    pub fn relation(&self, id: u64, key: &[u8]) -> Result<(bool, bool), Failure> {
        let txn = self.begin_read()?;
        let members = txn.open_table(MEMBERS).map_err(boxed)?;
        let wanted = txn.open_table(WANTED).map_err(boxed)?;
        Ok((
            members.get((id, key)).map_err(boxed)?.is_some(),
            wanted.get((id, key)).map_err(boxed)?.is_some(),
        ))
    }
}

fn range(
    table: &impl ReadableTable<(u64, &'static [u8]), ()>,
    id: u64,
    after: Option<&[u8]>,
    most: usize,
) -> Result<Vec<Key>, Failure> {
    let mut keys = Vec::new();
    for row in table
        .range((id, after.unwrap_or_default())..)
        .map_err(boxed)?
    {
        let (row, _) = row.map_err(boxed)?;
        let (of, key) = row.value();
        if of != id || keys.len() == most {
            break;
        }
        if Some(key) != after {
            keys.push(key.to_vec());
        }
    }
    Ok(keys)
}

impl<'t> Tables<'t> {
    fn open(txn: &'t WriteTransaction) -> Result<Self, Failure> {
        Ok(Self {
            dags: txn.open_table(DAGS).map_err(boxed)?,
            blocks: txn.open_table(BLOCKS).map_err(boxed)?,
            members: txn.open_table(MEMBERS).map_err(boxed)?,
            wanted: txn.open_table(WANTED).map_err(boxed)?,
        })
    }

    /// Writes what is known of a DAG.
    pub fn put_dag(&mut self, root: &[u8], record: &Record) -> Result<(), Failure> {
        let json = serde_json::to_vec(record).expect("a record is plain JSON");
        self.dags.insert(root, json.as_slice()).map_err(boxed)?;
        Ok(())
    }

    /// Notes a block that a DAG lacks although nothing in it links there: its root.
    pub fn want(&mut self, record: &mut Record, key: &[u8]) -> Result<(), Failure> {
        let known = self.wanted.insert((record.id, key), ()).map_err(boxed)?;
        record.wanted += u64::from(known.is_none());
        Ok(())
    }

    /// Adds a block to a DAG: counts it, and notes which of its links the DAG lacks. Returns the bytes that are new on
    /// disk, and those lacking links whose bytes are on disk already for another DAG.
    pub fn add(
        &mut self,
        record: &mut Record,
        key: &[u8],
        size: u64,
        links: &[Key],
    ) -> Result<(u64, Vec<Key>), Failure> {
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

    /// Takes back a block whose file is gone: every DAG that has it wants it again.
    pub fn lose(&mut self, dags: &mut [(Key, Record)], hash: &[u8]) -> Result<(), Failure> {
        let size = self
            .blocks
            .remove(hash)
            .map_err(boxed)?
            .map_or(0, |row| row.value().0);
        for (root, record) in dags {
            // A multihash may be linked under several codecs.
            for codec in super::ipld::CODECS {
                let key = super::ipld::key_of(codec, hash);
                let member = (record.id, key.as_slice());
                if self.members.remove(member).map_err(boxed)?.is_some() {
                    self.wanted.insert(member, ()).map_err(boxed)?;
                    record.blocks -= 1;
                    record.bytes -= size;
                    record.wanted += 1;
                    let json = serde_json::to_vec(record).expect("a record is plain JSON");
                    self.dags
                        .insert(root.as_slice(), json.as_slice())
                        .map_err(boxed)?;
                }
            }
        }
        Ok(())
    }

    /// Drops some of a DAG's members. Returns the multihashes that nothing points to any more, with their sizes, and
    /// whether the DAG is gone.
    pub fn remove_some(&mut self, root: &[u8], id: u64) -> Result<(SizedBlocks, bool), Failure> {
        let mut orphans = Vec::new();
        let keys = range(&self.members, id, None, REMOVED_AT_ONCE)?;
        for key in &keys {
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
        let wanted = range(&self.wanted, id, None, REMOVED_AT_ONCE)?;
        for key in &wanted {
            self.wanted.remove((id, key.as_slice())).map_err(boxed)?;
        }
        let gone = keys.len() < REMOVED_AT_ONCE && wanted.len() < REMOVED_AT_ONCE;
        if gone {
            self.dags.remove(root).map_err(boxed)?;
        }
        Ok((orphans, gone))
    }
}

fn boxed(error: impl Into<redb::Error>) -> Failure {
    Box::new(error.into())
}
