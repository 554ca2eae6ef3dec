//! What a run leaves for people to look at: screenshots and logs, below `artifacts/`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// A directory for one run of one test.
pub struct Artifacts {
    directory: PathBuf,
    next: AtomicU32,
}

impl Artifacts {
    /// An empty directory of that name.
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
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file with a number before its name, so that they lie in the order in which they were made.
    pub fn numbered(&self, name: &str) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.directory.join(format!("{number:02}-{name}"))
    }
}
