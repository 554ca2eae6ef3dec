//! Takes back the copies that storages keep of files that are no longer provided.

use std::collections::HashSet;
use std::time::Duration;

use super::Engine;
use super::journal::log_line;
use super::pace::backoff;
use crate::call::{CallError, ErrorCode, ReleaseArgs, ReleaseOk, Request};
use crate::names::FunctionName;
use crate::ports::{Network, NetworkError, Platform};
use crate::state::{Copy, EventKind, ItemId, Left, LogEntry};

/// How long a node may take to take a file back.
const RELEASE_PATIENCE: Duration = Duration::from_secs(25);
/// The waits before a storage that did not answer is asked again.
const RETRY_BASE: Duration = Duration::from_secs(5);
const RETRY_MOST: Duration = Duration::from_secs(10 * 60);
/// For how long after the storage last agreed to keep a copy its node is asked to take it back, in milliseconds. By then
/// a storage needs no permission to remove it, and a node that does not come back is not waited for.
const GIVE_UP_AFTER_MS: u64 = 30 * 24 * 3600 * 1000;

impl<P: Platform> Engine<P> {
    /// Has everything taken back that is no longer provided here, now or as soon as it can be. What is left to do is
    /// read from the state, so that it is done by a later run if this one ends.
    pub fn release_unwanted(&self) {
        let expired = self.with_state(|state| state.expired(self.now()));
        if !expired.is_empty() {
            // What cannot be taken back goes by itself.
            self.tell(expired.into_iter().map(|copy| EventKind::Released {
                cid: copy.cid,
                multiaddr: copy.multiaddr,
                left: None,
            }));
        }
        if self.0.releasing.get() || self.unwanted().is_empty() {
            return;
        }
        self.0.releasing.set(true);
        let engine = self.clone();
        self.spawn(async move {
            let mut attempt = 0;
            loop {
                // Who has no connection has asked nobody, and asks as soon as there is one.
                while !engine.wait_online(RETRY_MOST).await {}
                let count = || engine.with_state(|state| state.copies.len());
                let before = count();
                engine.release_unwanted_once().await;
                let after = count();
                if engine.unwanted().is_empty() {
                    break;
                }
                if after < before {
                    attempt = 0;
                }
                let random = engine.0.platform.random();
                let wait = backoff(RETRY_BASE, RETRY_MOST, attempt, random);
                engine.sleep(wait).await;
                attempt += 1;
            }
            engine.0.releasing.set(false);
            // What is left goes at its time.
            engine.watch_limits();
        });
    }

    /// Stops providing everything, and has storages remove all copies as far as they answer in time. Returns the copies that
    /// are left.
    pub async fn take_back(&self, patience: Duration) -> Vec<Copy> {
        let ids: Vec<ItemId> = self.with_state(|state| {
            let providing = state.items.values().filter(|item| item.providing);
            providing.map(|item| item.id.clone()).collect()
        });
        let stopping = async {
            for id in ids {
                self.stop_providing(&id).await;
            }
        };
        // What takes longer is not waited for.
        let _ = self.within(patience, stopping).await;
        self.give_back(patience, |_| false).await
    }

    /// Has storages remove the copies that a run which has ended left there, whatever it provided, as far as they answer in
    /// time. Those that are `wanted`, by the CID of their file, stay. Returns the copies that are left.
    pub async fn give_back(&self, patience: Duration, wanted: impl Fn(&str) -> bool) -> Vec<Copy> {
        let own = || {
            let mut copies = self.with_state(|state| state.copies.clone());
            copies.retain(|copy| copy.owner.is_none());
            copies
        };
        let is_there = |copy: &Copy| {
            !wanted(&copy.cid) && self.with_state(|state| state.copies.contains(copy))
        };
        // What does not answer by then is left.
        let released = self.release_once(own(), is_there);
        let _ = self.within(patience, released).await;
        own()
    }

    /// Asks each storage once to take back what is no longer provided here.
    async fn release_unwanted_once(&self) {
        self.release_once(self.unwanted(), |copy| self.is_unwanted(copy))
            .await;
    }

    /// Asks the storage of each copy once to take it back, if that `is_due` still.
    async fn release_once(&self, copies: Vec<Copy>, is_due: impl Fn(&Copy) -> bool) {
        // A node that does not answer, or is busy, is not asked for the next file at once.
        let mut silent = HashSet::new();
        for copy in copies {
            // The person may have shared it again.
            if silent.contains(&copy.peer) || !is_due(&copy) {
                continue;
            }
            let released = self.release(&copy).await;
            // If it was uploaded again meanwhile, that copy is another one.
            if !is_due(&copy) {
                continue;
            }
            let host = copy.host();
            let (entry, left) = match released {
                Ok(ReleaseOk { kept: false }) => (LogEntry::Released { host }, None),
                Ok(ReleaseOk { kept: true }) => {
                    (LogEntry::KeptForOthers { host }, Some(Left::ForOthers))
                }
                Err(NetworkError::Call(CallError {
                    code: ErrorCode::Refused,
                    ..
                })) => (LogEntry::NotHeld { host }, None),
                // A node that takes nothing back is not asked again, and one that is away is asked for a while.
                Err(error)
                    if !is_final(&error)
                        && self.now().saturating_sub(copy.at) < GIVE_UP_AFTER_MS =>
                {
                    silent.insert(copy.peer);
                    continue;
                }
                Err(_) => (LogEntry::NotReleased { host }, Some(Left::Refused)),
            };
            let items = self.with_state(|state| {
                let items = state.items.values();
                let of_copy = items.filter(|item| item.cid.as_ref() == Some(&copy.cid));
                of_copy.map(|item| item.id.clone()).collect::<Vec<_>>()
            });
            for id in &items {
                self.0.serving.forget_place(id);
            }
            let lines = items.iter().map(|id| log_line(id, entry.clone()));
            let released = EventKind::Released {
                cid: copy.cid.clone(),
                multiaddr: copy.multiaddr.clone(),
                left,
            };
            self.record(lines.chain([released])).await;
        }
    }

    fn unwanted(&self) -> Vec<Copy> {
        let now = self.now();
        self.with_state(|state| state.unwanted(now))
    }

    fn is_unwanted(&self, copy: &Copy) -> bool {
        let now = self.now();
        self.with_state(|state| state.is_unwanted(copy, now))
    }

    async fn release(&self, copy: &Copy) -> Result<ReleaseOk, NetworkError> {
        let args = ReleaseArgs {
            cid: copy.cid.clone(),
        };
        let request = Request::new(FunctionName::release(), &args);
        let network = self.0.platform.network();
        let reply = network.call(copy.peer.clone(), request, RELEASE_PATIENCE);
        Ok(reply.await?.into_result()?)
    }
}

/// Whether asking again would give the same answer.
fn is_final(error: &NetworkError) -> bool {
    match error {
        NetworkError::Call(error) => matches!(
            error.code,
            ErrorCode::BadRequest | ErrorCode::NoSuchFunction
        ),
        NetworkError::Offline
        | NetworkError::Unreachable
        | NetworkError::NoReply
        | NetworkError::Malformed => false,
    }
}
