//! A small disk that soon becomes full: a file system in memory whose size can be changed. Only
//! root can make one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// How many times it is tried to leave no room on a disk to which something is being written.
const FILL_TRIES: u32 = 100;

/// A small disk; it is unmounted when this value is dropped.
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Whether a disk can be made here. This makes one in a temporary directory to find out.
    pub fn can_be_made() -> bool {
        let tried = tempfile::tempdir().map(|at| Self::new(at.path(), 1 << 20).is_ok());
        tried.unwrap_or(false)
    }

    /// Mounts an empty disk of this many bytes over a directory.
    pub fn new(at: &Path, bytes: u64) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        mount(
            at,
            &["-t", "tmpfs", "-o", &format!("size={bytes}"), "fluence"],
        )?;
        Ok(Self { at: at.to_owned() })
    }

    /// Leaves no room on it; its content stays.
    pub fn fill(&self) -> Result<()> {
        let mut tries = 0;
        loop {
            let used = Command::new("df")
                .args(["--output=used", "--block-size=1"])
                .arg(&self.at)
                .output()?;
            let used = String::from_utf8(used.stdout)?;
            let bytes = used.lines().last().unwrap_or_default().trim().parse()?;
            match self.resize(bytes) {
                Ok(()) => return Ok(()),
                // More was written in the meantime.
                Err(_) if tries < FILL_TRIES => tries += 1,
                Err(why) => return Err(why),
            }
        }
    }

    /// Changes its size; its content stays. It cannot be less than its content takes.
    pub fn resize(&self, bytes: u64) -> Result<()> {
        mount(&self.at, &["-o", &format!("remount,size={bytes}")])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The unmount is lazy, because a browser that is being ended may still write to the disk.
        let _: std::io::Result<std::process::ExitStatus> =
            Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn mount(at: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("mount")
        .args(arguments)
        .arg(at)
        .stderr(Stdio::null())
        .status()
        .context("`mount` cannot be started")?;
    ensure!(
        status.success(),
        "cannot make a disk at {} ({status}): that needs root",
        at.display()
    );
    Ok(())
}
