//! The connections of the HTTP server: how many each block of addresses may have, and which ends
//! when there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::limits::{HEAD_PATIENCE, IDLE_PATIENCE};
use crate::fairness::{AddressBlock, is_fair, is_news};

/// The requests under way on a connection. hyper has a timer for the head of an HTTP/1.1 request,
/// but none before it knows the version of HTTP, and none for an HTTP/2 client that sends no
/// request.
#[derive(Debug)]
pub(super) struct Traffic {
    open: AtomicUsize,
    changed: Notify,
    /// Since when as many requests are under way as now.
    since: Mutex<Instant>,
    /// Notified if the connection must end, although it has not been idle for too long.
    displaced: Notify,
}

impl Traffic {
    fn new() -> Self {
        Self {
            open: AtomicUsize::new(0),
            changed: Notify::new(),
            since: Mutex::new(Instant::now()),
            displaced: Notify::new(),
        }
    }

    fn since(&self) -> MutexGuard<'_, Instant> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }

    fn change(&self) {
        *self.since() = Instant::now();
        self.changed.notify_one();
    }

    /// Returns when no request has been under way for too long, or another connection needs the
    /// place.
    pub async fn ends(&self) {
        tokio::select! {
            () = self.idle() => {}
            () = self.displaced.notified() => {}
        }
    }

    async fn idle(&self) {
        let mut patience = HEAD_PATIENCE;
        loop {
            let changed = timeout(patience, self.changed.notified()).await;
            if changed.is_err() && self.is_idle() {
                return;
            }
            patience = IDLE_PATIENCE;
        }
    }
}

/// Counts a request as under way until it is dropped.
pub(super) struct UnderWay(Arc<Traffic>);

impl UnderWay {
    /// Begins a request.
    pub fn begin(traffic: &Arc<Traffic>) -> Self {
        traffic.open.fetch_add(1, Ordering::Relaxed);
        traffic.change();
        Self(Arc::clone(traffic))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.change();
    }
}

/// The open connections.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, (AddressBlock, Arc<Traffic>)>,
    by_block: HashMap<AddressBlock, usize>,
}

/// An open connection, which has a place until this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    connections: Arc<Connections>,
    number: u64,
    /// Its requests.
    pub traffic: Arc<Traffic>,
}

impl Connections {
    /// Allows up to `most` connections.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open, and how many may be.
    pub fn count(&self) -> (usize, usize) {
        (self.open().all.len(), self.most)
    }

    /// Gives a new connection a place, in exchange for one without a request if all are taken or this
    /// block of addresses has its share. Returns `None` if there is none to be had.
    pub fn enter(self: &Arc<Self>, block: AddressBlock) -> Option<Connection> {
        let mut open = self.open();
        let own = open.by_block.get(&block).copied().unwrap_or_default() + 1;
        let left = self.most.checked_sub(open.all.len() + 1);
        let is_fair = left.is_some_and(|left| is_fair(own as u64, left as u64));
        if !is_fair {
            // Somebody new gets the place of whoever has most.
            let from = match open.name_largest() {
                Some((largest, connections)) if connections > own => largest,
                _ => block,
            };
            open.displace(Some(from))?;
        }
        let number = open.next;
        open.next += 1;
        let traffic = Arc::new(Traffic::new());
        open.all.insert(number, (block, Arc::clone(&traffic)));
        *open.by_block.entry(block).or_default() += 1;
        Some(Connection {
            connections: Arc::clone(self),
            number,
            traffic,
        })
    }

    /// Ends the connection that has been without a request for the longest time, because the process
    /// has too many files open.
    pub fn make_room(&self) {
        let mut open = self.open();
        open.name_largest();
        let _ = open.displace(None);
    }
}

impl Open {
    /// The block of addresses that has most connections, and how many. The log names it.
    fn name_largest(&self) -> Option<(AddressBlock, usize)> {
        let largest = self.by_block.iter().max_by_key(|(_, count)| **count);
        let (culprit, connections) = largest.map(|(block, count)| (*block, *count))?;
        if is_news(culprit, "HTTP connections") {
            tracing::warn!(
                address = %culprit,
                "HTTP has too many connections, {connections} of them from {culprit}; those without a request are ended"
            );
        }
        Some((culprit, connections))
    }

    /// Ends the connection of these addresses, or of any, that has been without a request for the
    /// longest time.
    fn displace(&mut self, of: Option<AddressBlock>) -> Option<()> {
        let idle = self
            .all
            .iter()
            .filter(|(_, (block, traffic))| of.is_none_or(|of| of == *block) && traffic.is_idle());
        let number = *idle.min_by_key(|(_, (_, traffic))| *traffic.since())?.0;
        self.remove(number)?.displaced.notify_one();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Traffic>> {
        let (block, traffic) = self.all.remove(&number)?;
        if let Some(own) = self.by_block.get_mut(&block) {
            *own -= 1;
            if *own == 0 {
                self.by_block.remove(&block);
            }
        }
        Some(traffic)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.open().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn block(last: u8) -> AddressBlock {
        AddressBlock::from(IpAddr::from([10, 0, 0, last]))
    }

    #[tokio::test]
    async fn who_is_idle_gives_way_and_who_is_served_stays() {
        let connections = Connections::new(100);
        let mut mine = Vec::new();
        while connections.open().all.len() < 75 {
            mine.push(connections.enter(block(1)).expect("a place"));
        }
        let busy = UnderWay::begin(&mine[0].traffic);
        // One more of the same takes the place of the one that was idle for the longest time.
        mine.push(connections.enter(block(1)).expect("a place"));
        mine[1].traffic.displaced.notified().await;
        assert_eq!(connections.open().all.len(), 75);
        // Somebody else is welcome, also when all places are taken.
        let theirs: Vec<_> = (2..102)
            .map(|last| connections.enter(block(last)))
            .collect();
        assert_eq!(
            theirs.iter().flatten().count(),
            98,
            "all but the busy one give way"
        );
        assert!(connections.open().all.len() <= 100);
        assert!(connections.open().all.contains_key(&mine[0].number));
        drop(busy);
        drop((mine, theirs));
        assert_eq!(connections.open().by_block.len(), 0);
    }

    #[tokio::test]
    async fn without_an_idle_connection_a_crowd_gets_no_more() {
        let connections = Connections::new(100);
        let mine: Vec<_> = std::iter::from_fn(|| {
            let connection = connections.enter(block(1))?;
            Some((UnderWay::begin(&connection.traffic), connection))
        })
        .take(1000)
        .collect();
        assert_eq!(mine.len(), 75);
        assert!(connections.enter(block(2)).is_some());
    }
}
