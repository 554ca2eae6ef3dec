//! Large files of incompressible bytes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fluence_tests::files::noise;
use fluence_tests::scene::Scene;

/// How many bytes are generated at once.
const PIECE: u64 = 16 << 20;

/// Writes a file of this length, whose content depends on the seed.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn file(scene: &Scene, name: &str, length: u64, seed: u64) -> Result<PathBuf> {
    let path = scene.file(name, &[])?;
    write(&path, length, seed).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn write(path: &Path, length: u64, seed: u64) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    let mut left = length;
    while left > 0 {
        let now = left.min(PIECE);
        file.write_all(&noise(now as usize, seed ^ left << 8))?;
        left -= now;
    }
    // Data that is not on the disk yet would slow down what is measured.
    file.sync_all()
}
