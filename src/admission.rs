//! Decides which calls of other peers are answered now. The engine asks it, and so does `fluence
//! provide`; everything that passes calls to them only forwards. A node answers only
//! `IPFS_multiaddr`, and does so at once; its storage limits what is granted.
//!
//! Nothing here reads a clock: `now` is Unix time in milliseconds, and is passed in.

use std::collections::HashMap;

use crate::call::{CallError, ErrorCode, Reply};

/// How long a caller that is told `busy` should wait before it tries again, in milliseconds.
pub const RETRY_AFTER_MS: u64 = 2_000;

/// The limits on what is admitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Calls that are answered at the same time.
    pub at_once: usize,
    /// Calls that one caller may make at once, before it is held to `per_second`.
    pub burst: u32,
    /// Calls that one caller may make each second, in the long run.
    pub per_second: f64,
    /// How long a caller that found no place should wait before it tries again, in milliseconds.
    pub retry_after_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 64,
            burst: 30,
            per_second: 2.0,
            retry_after_ms: RETRY_AFTER_MS,
        }
    }
}

/// The most callers that are remembered. A caller whose allowance is full again is forgotten.
const MAX_CALLERS: usize = 1024;

/// What a call costs its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The call counts against the caller's allowance.
    Call,
    /// The call moves nothing, and does not count against the allowance of its caller, who confirms
    /// an announcement. All probes together have one.
    Probe,
}

/// The refusal of a call whose caller has to try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// After how many milliseconds to try again.
    pub retry_after_ms: u64,
}

impl From<Busy> for CallError {
    fn from(busy: Busy) -> Self {
        Self {
            retry_after_ms: Some(busy.retry_after_ms),
            ..Self::new(ErrorCode::Busy, "too many calls at once")
        }
    }
}

impl From<Busy> for Reply {
    fn from(busy: Busy) -> Self {
        Self::Error(busy.into())
    }
}

/// The calls that are being answered, and how many more each caller may make.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    running: usize,
    callers: HashMap<String, Bucket>,
    probes: Option<Bucket>,
}

/// Probes that are answered at once, and then per second, whoever sends them: one confirms many
/// names, and comes from a new identity each time.
const PROBES_BURST: u32 = 100;
const PROBES_PER_SECOND: f64 = 10.0;

impl Admission {
    /// An admission with these limits, while nothing is being answered yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            running: 0,
            callers: HashMap::new(),
            probes: None,
        }
    }

    /// Admits a call, which then has a place until [`Admission::done`].
    ///
    /// # Errors
    /// [`Busy`] if there is no place, or if this caller has called too often.
    pub fn admit(&mut self, caller: &str, cost: Cost, now: u64) -> Result<(), Busy> {
        let busy = |retry_after_ms| Err(Busy { retry_after_ms });
        if self.running >= self.limits.at_once {
            return busy(self.limits.retry_after_ms);
        }
        match cost {
            Cost::Probe => {
                let probes = self.probes.get_or_insert(Bucket::new(now, PROBES_BURST));
                if let Err(wait) = probes.take(now, PROBES_BURST, PROBES_PER_SECOND) {
                    return busy(wait);
                }
            }
            Cost::Call => {
                let Limits {
                    burst, per_second, ..
                } = self.limits;
                if self.callers.len() >= MAX_CALLERS && !self.callers.contains_key(caller) {
                    self.callers
                        .retain(|_, bucket| !bucket.is_full(now, burst, per_second));
                    if self.callers.len() >= MAX_CALLERS {
                        return busy(self.limits.retry_after_ms);
                    }
                }
                let bucket = self.callers.entry(caller.to_owned());
                let bucket = bucket.or_insert_with(|| Bucket::new(now, burst));
                if let Err(wait) = bucket.take(now, burst, per_second) {
                    return busy(wait);
                }
            }
        }
        self.running += 1;
        Ok(())
    }

    /// Gives back the place of an admitted call, once it has its answer.
    pub fn done(&mut self) {
        self.running = self.running.saturating_sub(1);
    }
}

/// A token bucket: it allows a burst, and then a number of calls per second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    level: f64,
    at: u64,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(now: u64, burst: u32) -> Self {
        Self {
            level: f64::from(burst),
            at: now,
        }
    }

    /// Takes one token. If there is none, the error is the number of milliseconds until there is
    /// one.
    pub(crate) fn take(&mut self, now: u64, burst: u32, per_second: f64) -> Result<(), u64> {
        let elapsed = now.saturating_sub(self.at) as f64 / 1000.0;
        self.level = (self.level + elapsed * per_second).min(f64::from(burst));
        self.at = now;
        if self.level >= 1.0 {
            self.level -= 1.0;
            Ok(())
        } else {
            Err(((1.0 - self.level) / per_second * 1000.0).ceil() as u64)
        }
    }

    /// Whether the bucket is full again, so that it need not be remembered.
    fn is_full(&self, now: u64, burst: u32, per_second: f64) -> bool {
        let elapsed = now.saturating_sub(self.at) as f64 / 1000.0;
        self.level + elapsed * per_second >= f64::from(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        at_once: 3,
        burst: 2,
        per_second: 1.0,
        retry_after_ms: 700,
    };

    #[test]
    fn an_allowance_is_used_up_and_grows_again() {
        let mut bucket = Bucket::new(0, 3);
        for _ in 0..3 {
            assert_eq!(bucket.take(0, 3, 2.0), Ok(()));
        }
        assert_eq!(bucket.take(0, 3, 2.0), Err(500));
        assert_eq!(bucket.take(500, 3, 2.0), Ok(()));
        assert!(!bucket.is_full(1000, 3, 2.0));
        assert!(bucket.is_full(2000, 3, 2.0));
        // A clock that was set back neither adds nor removes tokens.
        assert_eq!(bucket.take(100, 3, 2.0), Err(500));
    }

    #[test]
    fn places_are_taken_and_given_back() {
        let mut admission = Admission::new(LIMITS);
        for caller in ["a", "b", "c"] {
            assert_eq!(admission.admit(caller, Cost::Call, 0), Ok(()));
        }
        let full = Err(Busy {
            retry_after_ms: 700,
        });
        assert_eq!(admission.admit("d", Cost::Call, 0), full);
        assert_eq!(admission.admit("d", Cost::Probe, 0), full);
        admission.done();
        assert_eq!(admission.admit("d", Cost::Call, 0), Ok(()));
    }

    #[test]
    fn one_caller_does_not_use_up_what_others_may_ask() {
        let mut admission = Admission::new(LIMITS);
        let mut call = |caller: &str, cost, now| {
            let admitted = admission.admit(caller, cost, now);
            if admitted.is_ok() {
                admission.done();
            }
            admitted
        };
        assert_eq!(call("a", Cost::Call, 0), Ok(()));
        assert_eq!(call("a", Cost::Call, 0), Ok(()));
        assert_eq!(
            call("a", Cost::Call, 0),
            Err(Busy {
                retry_after_ms: 1000
            })
        );
        assert_eq!(call("a", Cost::Probe, 0), Ok(()));
        assert_eq!(call("b", Cost::Call, 0), Ok(()));
        assert_eq!(call("a", Cost::Call, 1000), Ok(()));
    }

    #[test]
    fn probes_of_everybody_together_are_bounded() {
        let mut admission = Admission::new(LIMITS);
        let mut probe = |number: u32, now| {
            let admitted = admission.admit(&number.to_string(), Cost::Probe, now);
            if admitted.is_ok() {
                admission.done();
            }
            admitted.is_ok()
        };
        let answered = (0..1000).filter(|number| probe(*number, 0)).count();
        assert_eq!(answered, PROBES_BURST as usize);
        assert!(probe(0, 1000));
    }

    #[test]
    fn the_callers_that_are_remembered_are_bounded() {
        let mut admission = Admission::new(Limits {
            at_once: usize::MAX,
            ..LIMITS
        });
        for number in 0..MAX_CALLERS {
            assert_eq!(admission.admit(&number.to_string(), Cost::Call, 0), Ok(()));
        }
        let full = Err(Busy {
            retry_after_ms: 700,
        });
        assert_eq!(admission.admit("one more", Cost::Call, 0), full);
        assert_eq!(admission.admit("one more", Cost::Call, 1000), Ok(()));
        assert_eq!(admission.callers.len(), 1);
    }
}
