//! The scene of a test: a node, a site, browsers and command lines in a directory that is removed
//! afterwards, and the artifacts, which stay for people to look at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::artifacts::Artifacts;
use crate::browser::{Browser, Extension, Kind};
use crate::command_line::CommandLine;
use crate::display::Display;
use crate::face::Face;
use crate::gallery::Gallery;
use crate::node::Node;
use crate::process::repository;
use crate::site::Site;

/// How long the extension of a browser may take to come online.
pub const ONLINE: std::time::Duration = std::time::Duration::from_secs(45);

/// The scene of a test.
pub struct Scene {
    /// Screenshots and logs, which are kept after the test.
    pub artifacts: Arc<Artifacts>,
    /// A web site with files to share.
    pub site: Site,
    directory: PathBuf,
    extension: Arc<Extension>,
    _temporary: Option<TempDir>,
}

impl Scene {
    /// An empty scene. Its name becomes that of its directory in `artifacts/`.
    pub async fn new(name: &str) -> Result<Self> {
        let temporary = tempfile::Builder::new().prefix("fluence-").tempdir()?;
        Ok(Self {
            artifacts: Arc::new(Artifacts::new(name)?),
            site: Site::start().await?,
            directory: temporary.path().to_owned(),
            extension: Arc::new(Extension::find(Kind::tested())?),
            _temporary: Some(temporary),
        })
    }

    /// A scene whose files are kept below `artifacts/` for the next run.
    pub async fn lasting(name: &str) -> Result<Self> {
        let directory = repository().join("artifacts").join(format!("{name}-state"));
        Ok(Self {
            artifacts: Arc::new(Artifacts::new(name)?),
            site: Site::start().await?,
            directory,
            extension: Arc::new(Extension::find(Kind::tested())?),
            _temporary: None,
        })
    }

    /// A path in the scene's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file to share.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let directory = self.path("files");
        std::fs::create_dir_all(&directory)?;
        let file = directory.join(name);
        std::fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// The gallery of the extension.
    pub async fn gallery(&self) -> Result<Gallery> {
        Gallery::open(self.extension.directory(), &self.path("gallery"), 0).await
    }

    /// Starts a node.
    pub async fn node(&self, name: &str, options: &[&str]) -> Result<Node> {
        let log = self.artifacts.directory().join(format!("{name}.log"));
        Node::start(&self.path(name), &log, options).await
    }

    /// A command line that uses a node.
    pub fn command_line(&self, name: &str, node: &Node) -> Result<CommandLine> {
        let log = self.artifacts.directory().join(format!("{name}.log"));
        CommandLine::new(node.tcp()?, &self.path(name), &log)
    }

    /// A browser, which is not open yet.
    pub fn browser(&self, name: &str, display: Option<Arc<Display>>) -> Result<Browser> {
        Browser::new(
            name,
            self.extension.clone(),
            &self.path("browsers"),
            display,
            self.artifacts.clone(),
        )
    }

    /// A browser of this kind, which is not open yet.
    pub fn browser_of(
        &self,
        kind: Kind,
        name: &str,
        display: Option<Arc<Display>>,
    ) -> Result<Browser> {
        Browser::new(
            name,
            Arc::new(Extension::find(kind)?),
            &self.path("browsers"),
            display,
            self.artifacts.clone(),
        )
    }

    /// A browser, which is not open yet, in which it is as many hours later for the extension.
    pub fn browser_with_clock(&self, name: &str, hours: i32) -> Result<Browser> {
        let directory = self.path(&format!("{name}-extension"));
        Browser::new(
            name,
            Arc::new(self.extension.with_clock(&directory, hours)?),
            &self.path("browsers"),
            None,
            self.artifacts.clone(),
        )
    }

    /// A browser, which is not open yet, whose extension can be [updated](Extension::with_updates), and that extension.
    pub fn browser_with_updates(&self, name: &str) -> Result<(Browser, Arc<Extension>)> {
        let directory = self.path(&format!("{name}-extension"));
        let extension = Arc::new(self.extension.with_updates(&directory)?);
        let browser = Browser::new(
            name,
            Arc::clone(&extension),
            &self.path("browsers"),
            None,
            self.artifacts.clone(),
        )?;
        Ok((browser, extension))
    }

    /// An open browser without a window, whose extension is online through the node and whose tab shows its popup.
    pub async fn online(&self, name: &str, node: &Node) -> Result<(Browser, Face)> {
        let mut browser = self.browser(name, None)?;
        browser.open().await?;
        let face = browser.face().await?;
        face.set_nodes(&[node.websocket()?]).await?;
        face.wait_network("online", ONLINE).await?;
        Ok((browser, face))
    }

    /// An X display that nobody sees.
    pub async fn hidden_display(&self) -> Result<Arc<Display>> {
        let log = self.artifacts.directory().join("xvfb.log");
        Ok(Arc::new(Display::hidden(&log).await?))
    }
}

/// Checks that a file has the expected bytes.
///
/// # Errors
/// If it has other bytes or cannot be read; the error says where they differ.
pub fn same_bytes(file: &Path, expected: &[u8]) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let differs = bytes.iter().zip(expected).position(|(a, b)| a != b);
    anyhow::ensure!(
        bytes.len() == expected.len() && differs.is_none(),
        "{} has {} bytes, expected {}; the first that differs is {differs:?}",
        file.display(),
        bytes.len(),
        expected.len()
    );
    Ok(())
}

/// Checks that a file has the expected length in bytes.
///
/// # Errors
/// If it has another length or cannot be read.
pub fn same_length(file: &Path, expected: u64) -> Result<()> {
    let length = std::fs::metadata(file)
        .with_context(|| format!("cannot read {}", file.display()))?
        .len();
    anyhow::ensure!(
        length == expected,
        "{} has {length} bytes, expected {expected}",
        file.display()
    );
    Ok(())
}
