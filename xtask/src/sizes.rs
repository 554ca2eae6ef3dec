//! Measures the extension's parts, and checks whether they grew.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::extension::{Built, PARTS};
use crate::run::Workspace;

/// How much a part may grow beyond its recorded size, in percent, before somebody has to record the
/// new size.
const MAX_GROWTH_PERCENT: u64 = 5;

/// The size of a part of the extension, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// The size without compression, as on the disk.
    pub raw: u64,
    /// The size as a web server would send it, compressed by brotli: with quality 11, or with 5 if
    /// the extension is not optimised.
    pub brotli: u64,
}

/// The sizes of all parts, by the name of the part.
pub type Sizes = BTreeMap<String, Size>;

/// Measures the WebAssembly of a built extension.
///
/// # Errors
/// If a part cannot be read.
pub fn measure(built: &Built) -> Result<Sizes> {
    let mut sizes = Sizes::new();
    for part in PARTS {
        let file = built.wasm(part);
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // The best quality takes seconds per megabyte, which is worth it only for what is shipped.
        let quality = if built.unoptimised.is_none() { 11 } else { 5 };
        let mut compressor = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 22);
        compressor.write_all(&bytes)?;
        let size = Size {
            raw: bytes.len() as u64,
            brotli: compressor.into_inner().len() as u64,
        };
        sizes.insert(part.to_owned(), size);
    }
    Ok(sizes)
}

/// Prints the sizes as a table.
pub fn print(sizes: &Sizes) {
    println!("{:12} {:>12} {:>12}", "part", "raw", "brotli");
    for (part, size) in sizes {
        println!("{part:12} {:>12} {:>12}", size.raw, size.brotli);
    }
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.root.join("benches").join("sizes.json")
}

/// Records these sizes as those to compare with.
///
/// # Errors
/// If the file cannot be written.
pub fn record(workspace: &Workspace, sizes: &Sizes) -> Result<()> {
    let file = file(workspace);
    let text = serde_json::to_string_pretty(sizes)? + "\n";
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Compares the sizes with the recorded ones.
///
/// # Errors
/// If a part has grown by more than [`MAX_GROWTH_PERCENT`], or if the recorded sizes cannot be
/// read.
pub fn compare(workspace: &Workspace, measured: &Sizes) -> Result<()> {
    let file = file(workspace);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let recorded: Sizes = serde_json::from_str(&text)
        .with_context(|| format!("{} is not understood", file.display()))?;
    let grown = growth(&recorded, measured);
    if grown.is_empty() {
        return Ok(());
    }
    bail!(
        "{}. Make it smaller, or, if that is intended, run `cargo xtask sizes --record` and commit {}",
        grown.join("; "),
        file.display()
    )
}

fn growth(recorded: &Sizes, measured: &Sizes) -> Vec<String> {
    let mut grown = Vec::new();
    for (part, now) in measured {
        let Some(then) = recorded.get(part) else {
            grown.push(format!("{part} has no recorded size"));
            continue;
        };
        for (what, then, now) in [
            ("raw", then.raw, now.raw),
            ("brotli", then.brotli, now.brotli),
        ] {
            if now * 100 > then * (100 + MAX_GROWTH_PERCENT) {
                grown.push(format!("{part} ({what}) grew from {then} to {now} bytes"));
            }
        }
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(raw: u64, brotli: u64) -> Sizes {
        Sizes::from([("popup".to_owned(), Size { raw, brotli })])
    }

    #[test]
    fn growth_over_five_percent_is_named() {
        assert!(growth(&sizes(1000, 100), &sizes(1050, 105)).is_empty());
        assert!(growth(&sizes(1000, 100), &sizes(10, 1)).is_empty());
        assert_eq!(
            growth(&sizes(1000, 100), &sizes(1051, 106)),
            [
                "popup (raw) grew from 1000 to 1051 bytes",
                "popup (brotli) grew from 100 to 106 bytes"
            ]
        );
        assert_eq!(
            growth(&Sizes::new(), &sizes(1, 1)),
            ["popup has no recorded size"]
        );
    }
}
