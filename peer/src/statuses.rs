//! The changing status of the peer's connection to the network.

use fluence::state::NetworkStatus;
use tokio::sync::watch;

/// The statuses of a peer's connection to the network. A slow reader sees only the latest.
#[derive(Debug, Clone)]
pub struct Statuses {
    changes: watch::Receiver<NetworkStatus>,
    begun: bool,
}

impl Statuses {
    pub(crate) fn new(changes: watch::Receiver<NetworkStatus>) -> Self {
        Self {
            changes,
            begun: false,
        }
    }

    /// The next status, beginning with the current one; `None` once the peer has ended.
    pub async fn next(&mut self) -> Option<NetworkStatus> {
        if self.begun {
            self.changes.changed().await.ok()?;
        }
        self.begun = true;
        Some(self.changes.borrow_and_update().clone())
    }

    /// Waits until the peer is online, and returns that status; `None` once the peer has ended.
    pub async fn online(&mut self) -> Option<NetworkStatus> {
        let status = self
            .changes
            .wait_for(|status| matches!(status, NetworkStatus::Online { .. }))
            .await
            .ok()?
            .clone();
        self.begun = true;
        Some(status)
    }
}
