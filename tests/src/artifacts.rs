//! What a run leaves behind for people to look at: screenshots and logs, below `artifacts/`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::browser::Left;

/// A directory for one run of one test.
pub struct Artifacts {
    directory: PathBuf,
    next: AtomicU32,
    left: Mutex<Vec<Left>>,
}

impl Artifacts {
    /// Makes an empty directory of that name, removing what it held before.
    pub fn new(name: &str) -> Result<Self> {
        let directory = crate::process::repository().join("artifacts").join(name);
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .with_context(|| format!("cannot empty {}", directory.display()))?;
        }
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(Self {
            directory,
            next: AtomicU32::new(1),
            left: Mutex::default(),
        })
    }

    /// The directory of this test's artifacts.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of a file whose name begins with a running number, so that files sort in the order
    /// in which they were made.
    pub fn numbered(&self, name: &str) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.directory.join(format!("{number:02}-{name}"))
    }

    /// Takes over a browser that was not closed, for [`Self::picture_all`].
    pub(crate) fn take_over(&self, browser: Left) {
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(browser);
    }

    /// Takes a picture of each browser that was not closed, because the test failed, and ends them.
    pub async fn picture_all(&self) {
        let left: Vec<_> = {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.drain(..).collect()
        };
        for browser in left {
            // A browser that has crashed has nothing to show.
            let _ = browser.picture(self).await;
        }
    }
}
