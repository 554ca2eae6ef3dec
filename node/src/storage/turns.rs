//! A fair lock: threads get their turn in the order in which they asked.
//!
//! A mutex lets the thread that has just released it take it again before waiting threads have
//! woken up, so a long series of short transactions, such as the removal of a large DAG, would keep
//! everybody else out. Here each thread waits for those that asked before it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of threads that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// The number of the next thread to ask.
    next: u64,
    /// The number of the thread whose turn it is.
    now: u64,
}

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. Blocks the thread, so async tasks must not call it.
    pub fn wait(&self) -> Turn<'_> {
        let mut queue = self.queue();
        let mine = queue.next;
        queue.next += 1;
        while queue.now != mine {
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.queue().now += 1;
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
        while turns.queue().next < 2 {
            thread::yield_now();
        }
        drop(first);
        // Ask again at once, as a loop of transactions does.
        let _again = turns.wait();
        sender.send("again").unwrap();
        assert_eq!(order.recv(), Ok("waited"));
        assert_eq!(order.recv(), Ok("again"));
        waiting.join().unwrap();
    }
}
