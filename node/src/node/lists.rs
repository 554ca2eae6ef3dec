//! The lists of peers and of files that an operator allows or denies, in text files: one peer ID or
//! CID in a line; empty lines and what follows a `#` are ignored.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use fluence::Cid;
use fluence_peer::{Admission, PeerId};

use crate::exit::Failed;
use crate::storage::Rules;
use crate::text;

/// The largest list that is read, in bytes: about 300,000 entries.
const MAX_LIST: u64 = 16 * 1024 * 1024;

/// The files of the lists, of which any may be missing.
#[derive(Debug, Clone, Default)]
pub struct ListFiles {
    /// The only peers that may connect.
    pub allow_peers: Option<PathBuf>,
    /// Peers that may not connect.
    pub deny_peers: Option<PathBuf>,
    /// The only peers that may upload.
    pub uploads_from: Option<PathBuf>,
    /// The only files that are taken and served.
    pub allow_cids: Option<PathBuf>,
    /// Files that are neither taken nor served.
    pub deny_cids: Option<PathBuf>,
}

impl ListFiles {
    /// Reads all lists.
    ///
    /// # Errors
    /// If a file cannot be read or a line is no entry; no list is used in part.
    pub fn read(&self) -> Result<(Admission, Rules), Failed> {
        let (peer, file) = (
            |text: &str| text.parse::<PeerId>().ok(),
            |text: &str| Some(text.parse::<Cid>().ok()?.hash().to_bytes()),
        );
        let admission = Admission {
            only: list(self.allow_peers.as_deref(), "a peer ID", peer)?,
            never: list(self.deny_peers.as_deref(), "a peer ID", peer)?.unwrap_or_default(),
        };
        let uploads_from = list(self.uploads_from.as_deref(), "a peer ID", peer)?;
        let names = |peers: &HashSet<PeerId>| peers.iter().map(PeerId::to_string).collect();
        let rules = Rules {
            uploaders: [&admission.only, &uploads_from]
                .into_iter()
                .flatten()
                .map(names)
                .collect(),
            never_uploaders: names(&admission.never),
            files: list(self.allow_cids.as_deref(), "a CID", file)?,
            never_files: list(self.deny_cids.as_deref(), "a CID", file)?.unwrap_or_default(),
        };
        Ok((admission, rules))
    }
}

/// The entries of a list, if there is one.
fn list<T: Eq + std::hash::Hash>(
    path: Option<&Path>,
    kind: &str,
    entry: impl Fn(&str) -> Option<T>,
) -> Result<Option<HashSet<T>>, Failed> {
    let Some(path) = path else { return Ok(None) };
    let mut text = String::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(MAX_LIST + 1).read_to_string(&mut text))
        .map_err(|error| Failed::file(path, &error))?;
    if read as u64 > MAX_LIST {
        return Err(text::list_too_large(path, MAX_LIST));
    }
    let lines = (1..).zip(text.lines()).map(|(number, line)| {
        let said = line.split('#').next().unwrap_or_default().trim();
        (number, said)
    });
    let entries = lines.filter(|(_, said)| !said.is_empty());
    entries
        .map(|(number, said)| entry(said).ok_or_else(|| text::not_listed(path, number, said, kind)))
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "12D3KooWDuBfpCgTjMgUUmh66VpBzDUkxuZ6ZV4hGFQf8J3dXxAR";

    #[test]
    fn a_list_has_one_entry_in_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("peers");
        fs::write(&path, format!("# friends\n\n  {PEER}  # Alice\n")).unwrap();
        let files = ListFiles {
            allow_peers: Some(path.clone()),
            ..ListFiles::default()
        };
        let (admission, rules) = files.read().unwrap();
        assert!(admission.admits(&PEER.parse().unwrap()));
        assert!(!admission.admits(&PeerId::random()));
        assert!(rules.lets_upload(PEER) && !rules.lets_upload("12D3KooWEXAMPLE"));
        fs::write(&path, format!("{PEER}\nnobody\n")).unwrap();
        let failed = files.read().unwrap_err().failure.what;
        assert!(
            failed.contains("line 2") && failed.contains("nobody"),
            "{failed}"
        );
        fs::remove_file(&path).unwrap();
        assert!(files.read().is_err());
    }

    #[test]
    fn a_file_is_told_by_its_hash() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cids");
        fs::write(&path, "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG\n").unwrap();
        let files = ListFiles {
            deny_cids: Some(path),
            ..ListFiles::default()
        };
        let (_, rules) = files.read().unwrap();
        let old: Cid = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
            .parse()
            .unwrap();
        let new = Cid::new_v1(old.codec(), *old.hash());
        assert!(!rules.lets_serve(&old) && !rules.lets_serve(&new));
        assert!(rules.lets_serve(&"bafkqaaa".parse().unwrap()));
    }
}
