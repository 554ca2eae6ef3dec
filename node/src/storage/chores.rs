//! Work of a storage that nobody waits for, done on a thread of its own.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;

use super::files::BlockFiles;
use super::key::hash_of;
use super::upload::Target;
use super::{AddError, Storage};
use crate::fairness::{AddressBlock, Place, is_news};

/// How many DAGs may wait to be built from blocks that are here, those of all peers together.
pub(super) const MAX_ADOPTIONS: usize = 256;
/// How many chores may be queued: those, and as many others.
const MAX_CHORES: usize = 2 * MAX_ADOPTIONS;

/// Work that is done when there is time.
#[derive(Debug)]
pub(super) enum Chore {
    /// Remove what is left of the DAGs that were marked for removal.
    Remove,
    /// Build a DAG from blocks that may be here as parts of other DAGs: its uploader will find them
    /// here and not send them.
    Adopt(Box<Target>, Place),
    /// Open the database again after an error.
    Recover,
}

/// The queue of chores.
#[derive(Debug)]
pub(super) struct Chores(SyncSender<Chore>);

impl Chores {
    /// Creates the queue, and its receiving end for [`work`].
    pub fn new() -> (Self, Receiver<Chore>) {
        let (sender, chores) = sync_channel(MAX_CHORES);
        (Self(sender), chores)
    }

    /// Queues a chore, or drops it if the queue is full. Removals are then done by whoever needs
    /// the room, and anything else has to be requested again.
    pub fn add(&self, chore: Chore) {
        if self.0.try_send(chore).is_err() {
            tracing::debug!("too many chores are queued; one was dropped");
        }
    }
}

/// Starts the thread that does a storage's chores. It ends when the storage is dropped.
///
/// # Errors
/// Fails if the thread cannot be started.
pub(super) fn start(storage: &Arc<Storage>, chores: Receiver<Chore>) -> io::Result<()> {
    let storage = Arc::downgrade(storage);
    thread::Builder::new()
        .name("storage-chores".to_owned())
        .spawn(move || work(&storage, &chores))
        .map(drop)
}

/// Logs that a DAG could not be built from what is here: for a block of addresses once in a while, since anybody can ask for
/// what finds no room.
fn not_adopted(block: AddressBlock, error: &AddError) {
    if is_news(block, "asks for parts of DAGs that cannot be stored") {
        tracing::warn!(address = %block, %error, "a part of a DAG could not be stored as a DAG of its own");
    }
}

fn work(storage: &Weak<Storage>, chores: &Receiver<Chore>) {
    while let Ok(chore) = chores.recv() {
        // The chores must not keep the storage alive, so each piece of work checks whether it still
        // exists.
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
            Chore::Adopt(target, _place) => {
                let Some(storage) = storage.upgrade() else {
                    return;
                };
                let is_here = |files: &BlockFiles| files.size(hash_of(&target.key)).is_some();
                if is_here(&storage.files)
                    && let Err(error) = storage.adopt(&target, vec![target.key.clone()])
                {
                    not_adopted(target.block, &error);
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
            tracing::error!(%error, "a chore of the storage failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::platform::captured;

    #[test]
    fn who_asks_for_what_finds_no_room_fills_no_log() {
        let (log, _capturing) = captured();
        for _ in 0..1000 {
            let block = AddressBlock::from(IpAddr::from([198, 51, 100, 77]));
            not_adopted(block, &AddError::NoRoom);
        }
        assert_eq!(log.lines("198.51.100.77"), 1);
    }
}
