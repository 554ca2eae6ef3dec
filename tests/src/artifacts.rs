//! What a run leaves for people to look at: screenshots and logs, below `artifacts/`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use thirtyfour::WebDriver;

/// A directory for one run of one test.
pub struct Artifacts {
    directory: PathBuf,
    next: AtomicU32,
    browsers: Mutex<Vec<(String, WebDriver)>>,
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
            browsers: Mutex::default(),
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

    /// Remembers an open browser, for [`Self::picture_all`].
    pub(crate) fn opened(&self, name: &str, driver: WebDriver) {
        let mut browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
        browsers.retain(|(known, _)| known != name);
        browsers.push((name.to_owned(), driver));
    }

    /// Takes a picture of what each open browser shows: a test has failed.
    pub async fn picture_all(&self) {
        let browsers: Vec<_> = {
            let mut browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
            browsers.drain(..).collect()
        };
        for (name, driver) in browsers {
            // One that was closed meanwhile has nothing to show.
            let _ = crate::browser::picture(&driver, self, &format!("{name}-failed")).await;
        }
    }
}
