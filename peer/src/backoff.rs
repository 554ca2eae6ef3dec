//! The waits between attempts to connect.

use std::time::Duration;

/// The wait after the first failure; it doubles with each further failure.
pub(crate) const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The fraction of each wait that is always kept; chance decides how much of the rest is added.
const LEAST_PART: f64 = 0.5;

/// Exponential backoff. Chance shortens each wait, so that the clients of a node that restarts do
/// not all come back at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How many attempts have failed.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The next wait, which is at most `longest`; `chance` is between 0 and 1, and a greater `chance` makes a longer
    /// wait.
    pub(crate) fn next(&mut self, chance: f64, longest: Duration) -> Duration {
        let wait = FIRST_WAIT
            .saturating_mul(1 << self.failures.min(16))
            .min(longest);
        self.failures = self.failures.saturating_add(1);
        wait.mul_f64(LEAST_PART + (1.0 - LEAST_PART) * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9)
            .map(|_| backoff.next(1.0, LONGEST).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..100 {
            assert_eq!(backoff.next(1.0, LONGEST), LONGEST);
        }
    }

    #[test]
    fn chance_takes_up_to_half_of_a_wait() {
        let wait = |chance| Backoff::default().next(chance, LONGEST).as_millis();
        assert_eq!([wait(0.0), wait(0.5), wait(1.0)], [500, 750, 1000]);
    }
}
