//! How many requests were answered with each status.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// The least status code, and the number of codes that are counted: all that a server answers with.
const FIRST: u16 = 100;
const CODES: usize = 500;

/// A counter for each status code.
#[derive(Debug)]
pub(super) struct Counts(Box<[AtomicU64]>);

impl Default for Counts {
    fn default() -> Self {
        Self((0..CODES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Counts {
    /// Counts a response.
    pub fn add(&self, status: StatusCode) {
        let place = usize::from(status.as_u16().saturating_sub(FIRST));
        if let Some(count) = self.0.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The codes that occurred, and how often, in their order.
    pub fn all(&self) -> Vec<(u16, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        (FIRST..).zip(counts).filter(|(_, n)| *n > 0).collect()
    }
}
