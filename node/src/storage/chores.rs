//! What a storage does that nobody waits for, on a thread of its own.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;

use super::Storage;
use super::files::BlockFiles;
use super::key::hash_of;
use super::ledger::MAX_GRANTED;
use super::upload::Target;

/// Chores that wait; one for each grant that may wait for its first block.
const MAX_CHORES: usize = MAX_GRANTED;

/// Something that is done when there is time.
#[derive(Debug)]
pub(super) enum Chore {
    /// Remove what is left of the DAGs that were given up.
    Remove,
    /// Make a DAG of what may lie here as a part of others: its uploader, which finds the blocks here, will bring none.
    Adopt(Box<Target>),
    /// Open the database again after an error.
    Recover,
}

/// The chores that wait.
#[derive(Debug)]
pub(super) struct Chores(SyncSender<Chore>);

impl Chores {
    /// A list, and its other end, for [`work`].
    pub fn new() -> (Self, Receiver<Chore>) {
        let (sender, chores) = sync_channel(MAX_CHORES);
        (Self(sender), chores)
    }

    /// Adds a chore, which is dropped when too many wait: what is to be removed is removed by those that need the room,
    /// and whatever else is not done has to be asked for again.
    pub fn add(&self, chore: Chore) {
        if self.0.try_send(chore).is_err() {
            tracing::debug!("too many chores wait; one is dropped");
        }
    }
}

/// Starts the thread that does a storage's chores. It ends with the storage.
///
/// # Errors
/// When no thread can be started.
pub(super) fn start(storage: &Arc<Storage>, chores: Receiver<Chore>) -> io::Result<()> {
    let storage = Arc::downgrade(storage);
    thread::Builder::new()
        .name("storage-chores".to_owned())
        .spawn(move || work(&storage, &chores))
        .map(drop)
}

fn work(storage: &Weak<Storage>, chores: &Receiver<Chore>) {
    while let Ok(chore) = chores.recv() {
        // The storage is not kept by its chores: each piece of work asks whether it is still there.
        let done = match chore {
            Chore::Remove => loop {
                let Some(storage) = storage.upgrade() else {
                    return;
                };
                match storage.remove_batch_and_rest() {
                    Ok(true) => {}
                    Ok(false) => break Ok(()),
                    Err(error) => break Err(error),
                }
            },
            Chore::Adopt(target) => {
                let Some(storage) = storage.upgrade() else {
                    return;
                };
                let is_here = |files: &BlockFiles| files.size(hash_of(&target.key)).is_some();
                if is_here(&storage.files)
                    && let Err(error) = storage.adopt(&target, vec![target.key.clone()])
                {
                    tracing::warn!(%error, "a part of a DAG cannot be made a DAG of its own");
                }
                Ok(())
            }
            Chore::Recover => {
                let Some(storage) = storage.upgrade() else {
                    return;
                };
                storage.recover()
            }
        };
        if let Err(error) = done {
            tracing::error!(%error, "the storage is out of order");
        }
    }
}
