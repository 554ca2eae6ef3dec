//! Turns at something that one at a time may use: whoever came first is first.
//!
//! A mutex lets the thread that has just let go take it again before those that wait have woken up, so that a long row of
//! short transactions, such as the removal of a large DAG, keeps everybody else out. Here each waits for those before it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A row of threads that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    row: Mutex<Row>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Row {
    /// The number that the next one to come gets.
    next: u64,
    /// The number whose turn it is.
    now: u64,
}

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    fn row(&self) -> MutexGuard<'_, Row> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. Blocks: not for threads that drive tasks.
    pub fn wait(&self) -> Turn<'_> {
        let mut row = self.row();
        let mine = row.next;
        row.next += 1;
        while row.now != mine {
            row = self
                .changed
                .wait(row)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.row().now += 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn whoever_waits_is_next() {
        let turns = Arc::new(Turns::default());
        let (sender, order) = mpsc::channel();
        let first = turns.wait();
        let waiting = {
            let (turns, sender) = (Arc::clone(&turns), sender.clone());
            thread::spawn(move || {
                let _turn = turns.wait();
                sender.send("waited").unwrap();
            })
        };
        while turns.row().next < 2 {
            thread::yield_now();
        }
        drop(first);
        // At once again, as a loop of transactions asks.
        let _again = turns.wait();
        sender.send("again").unwrap();
        assert_eq!(order.recv(), Ok("waited"));
        assert_eq!(order.recv(), Ok("again"));
        waiting.join().unwrap();
    }
}
