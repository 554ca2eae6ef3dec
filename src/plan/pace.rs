//! Pace: progress meters, backoff, and limits on what runs at the same time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;

use crate::state::Progress;

/// The least time between two progress events of one item, in milliseconds.
const SHOW_EVERY_MS: u64 = 250;
/// The weight of the newest measurement in a smoothed rate.
const SMOOTHING: f64 = 0.3;

/// Measures bytes as they move, and says when to show them.
pub(super) struct Meter {
    shown_at: u64,
    shown: u64,
    rate: f64,
    total: Option<u64>,
}

impl Meter {
    /// A meter that begins at `bytes` of `total`.
    pub(super) fn new(now: u64, bytes: u64, total: Option<u64>) -> Self {
        Self {
            shown_at: now,
            shown: bytes,
            rate: 0.0,
            total,
        }
    }

    /// Notes the total once it is known.
    pub(super) fn expect(&mut self, total: Option<u64>) {
        self.total = total.or(self.total);
    }

    /// The progress to show now that `bytes` have moved; `None` if it is too early to show it.
    pub(super) fn update(&mut self, now: u64, bytes: u64) -> Option<Progress> {
        let elapsed = now.saturating_sub(self.shown_at);
        if elapsed < SHOW_EVERY_MS {
            return None;
        }
        let latest = bytes.saturating_sub(self.shown) as f64 * 1000.0 / elapsed as f64;
        self.rate = if self.rate == 0.0 {
            latest
        } else {
            self.rate + SMOOTHING * (latest - self.rate)
        };
        self.shown_at = now;
        self.shown = bytes;
        Some(Progress {
            bytes,
            total: self.total.map(|total| total.max(bytes)),
            rate: self.rate as u64,
        })
    }
}

/// The wait before attempt number `attempt` (from 0). It doubles from `base` up to `most`, and
/// chance shortens it by up to a half.
pub(super) fn backoff(base: Duration, most: Duration, attempt: u32, random: u128) -> Duration {
    let full = base.saturating_mul(1 << attempt.min(16)).min(most);
    let part = (random % 1024) as u32;
    full / 2 + full / 2 * part / 1024
}

/// A limit on what runs at the same time; others wait in line.
#[derive(Clone)]
pub(super) struct Slots(Rc<RefCell<SlotsInner>>);

struct SlotsInner {
    free: usize,
    line: VecDeque<oneshot::Sender<Slot>>,
}

/// A place among those that run. Dropping it lets the next one in.
pub(super) struct Slot(Option<Rc<RefCell<SlotsInner>>>);

impl Slots {
    /// A limit of `free` places.
    pub(super) fn new(free: usize) -> Self {
        Self(Rc::new(RefCell::new(SlotsInner {
            free,
            line: VecDeque::new(),
        })))
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Slot {
        let turn = {
            let mut inner = self.0.borrow_mut();
            if inner.free > 0 {
                inner.free -= 1;
                None
            } else {
                let (sender, turn) = oneshot::channel();
                inner.line.push_back(sender);
                Some(turn)
            }
        };
        match turn {
            None => Slot(Some(Rc::clone(&self.0))),
            // The line is dropped only with all slots, when nothing is left to wait.
            Some(turn) => turn.await.unwrap_or(Slot(None)),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(slots) = self.0.take() else { return };
        let mut next = Slot(Some(Rc::clone(&slots)));
        loop {
            let waiting = slots.borrow_mut().line.pop_front();
            match waiting {
                // A waiter that has gone gives the place back.
                Some(sender) => match sender.send(next) {
                    Ok(()) => return,
                    Err(back) => next = back,
                },
                None => {
                    next.0 = None;
                    slots.borrow_mut().free += 1;
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_meter_shows_four_times_a_second_and_smooths() {
        let mut meter = Meter::new(0, 0, Some(1000));
        assert_eq!(meter.update(100, 10), None);
        assert_eq!(
            meter.update(250, 100),
            Some(Progress {
                bytes: 100,
                total: Some(1000),
                rate: 400
            })
        );
        assert_eq!(meter.update(499, 200), None);
        let shown = meter.update(500, 300).unwrap();
        assert!(shown.rate > 400 && shown.rate < 800, "{shown:?}");
    }

    #[test]
    fn backoff_grows_to_its_limit_and_never_is_zero() {
        let (base, most) = (Duration::from_secs(1), Duration::from_secs(60));
        for random in [0, 512, 1023, u128::MAX] {
            assert!(backoff(base, most, 0, random) >= base / 2);
            assert!(backoff(base, most, 0, random) <= base);
            assert!(backoff(base, most, u32::MAX, random) <= most);
            assert!(backoff(base, most, 9, random) >= most / 2);
        }
    }

    #[test]
    fn slots_are_given_on_even_when_a_waiter_has_left() {
        let slots = Slots::new(1);
        let first = slots.take().now_or_never().unwrap();
        let mut left = Box::pin(slots.take());
        let mut third = Box::pin(slots.take());
        assert!(left.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(left);
        drop(first);
        drop(
            third
                .as_mut()
                .now_or_never()
                .expect("the place was given on"),
        );
        assert!(slots.take().now_or_never().is_some());
    }
}
