//! Large files of bytes that do not compress.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fluence_tests::files::noise;
use fluence_tests::scene::Scene;

/// Bytes that are made at once.
const PIECE: u64 = 16 << 20;

/// Writes a file of this length; another one for another seed.
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
    // What is still to be written would slow down what is measured.
    file.sync_all()
}
