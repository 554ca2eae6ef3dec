//! The package for the browsers' stores. The same source gives the same bytes, whoever builds it
//! and whenever.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::extension::Built;
use crate::run::Workspace;

/// Packs a built extension into `dist/fluence-chrome.zip` and `dist/fluence-firefox.zip`, and returns the paths of these
/// files.
///
/// # Errors
/// If the extension is not optimised, or a file cannot be read or written.
pub fn zip(workspace: &Workspace, built: &Built) -> Result<Vec<PathBuf>> {
    built.require_optimised()?;
    [("chrome", &built.chrome), ("firefox", &built.firefox)]
        .into_iter()
        .map(|(browser, directory)| {
            let name = format!("fluence-{browser}.zip");
            let file = workspace.root.join("dist").join(name);
            pack(directory, &file)?;
            Ok(file)
        })
        .collect()
}

/// Packs a directory into a file.
fn pack(directory: &Path, file: &Path) -> Result<()> {
    let mut names = Vec::new();
    list(directory, Path::new(""), &mut names)?;
    names.sort();
    // The result must not depend on the clock, on the order of files in the file system, or on
    // their permissions.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(
        File::create(file).with_context(|| format!("cannot write {}", file.display()))?,
    );
    for name in names {
        archive.start_file(&name, options)?;
        archive.write_all(&fs::read(directory.join(&name))?)?;
    }
    archive.finish()?;
    Ok(())
}

fn list(directory: &Path, below: &Path, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(directory, &name, names)?;
        } else {
            let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            names.push(parts.join("/"));
        }
    }
    Ok(())
}
