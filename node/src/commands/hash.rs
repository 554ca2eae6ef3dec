//! `fluence hash`: computes CIDs without a network.

use std::path::{Path, PathBuf};

use clap::Args;
use fluence::content::Profile;
use fluence::content::layout::layout;
use fluence::names::{canonical, link};
use fluence::ports::Source;
use serde_json::json;

use super::Context;
use crate::exit::Failed;
use crate::output::Output;
use crate::platform::FileSource;
use crate::text;

/// Print the hashes of files, without using the network.
#[derive(Debug, Args)]
pub(super) struct HashArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How files are cut: unixfs-v1-2025 (the default) or unixfs-v0-2015 (Qm… hashes).
    #[arg(long, value_parser = super::profile, default_value = "unixfs-v1-2025")]
    profile: Profile,
}

pub(super) async fn run(context: &Context, args: HashArgs) -> Result<(), Failed> {
    for path in &args.files {
        hash(&context.output, path, args.profile).await?;
    }
    Ok(())
}

async fn hash(output: &Output, path: &Path, profile: Profile) -> Result<(), Failed> {
    let source = FileSource::open(path).map_err(|error| Failed::file(path, &error))?;
    let bar = output.bar(&path.to_string_lossy());
    bar.set_length(source.len());
    bar.set_message(text::HASHING);
    let dag = layout(&source, profile, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let cid = canonical(&dag.root);
    output.event(&json!({
        "event": "hash",
        "path": path.to_string_lossy(),
        "cid": cid,
        "link": link(&dag.root),
        "size": source.len(),
    }));
    output.result(&format!("{cid}  {}", path.display()));
    Ok(())
}
