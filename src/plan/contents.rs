//! What is in a folder at a link, before the folder is fetched.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt};
use percent_encoding::percent_encode;

use super::Engine;
use super::download::Ended;
use super::search::Search;
use crate::Cid;
use crate::command::{Answer, Entry};
use crate::content::hash;
use crate::content::unixfs::{self, DAG_PB, Kind, Node};
use crate::content::walk::{WalkError, distinct_names};
use crate::failure::{Code, Failure};
use crate::names::{Link, ParseLinkError, canonical, chosen_name, entry_name, parse_link};
use crate::ports::Platform;
use crate::web_link::ESCAPED;

/// The most entries of a folder that are listed, and the most blocks of a large folder that are read for that.
const ENTRIES: usize = 2_000;
const SHARDS: usize = 512;
/// How long all of it may take, which a person waits for. A provider may first have to upload the folder.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a storage may take for one block, which may be in transit, how many times it is asked for, and the wait between.
const BLOCK_PATIENCE: Duration = Duration::from_secs(25);
const TRIES: u32 = 4;
const AGAIN: Duration = Duration::from_secs(1);
/// How many blocks are asked for at the same time.
const AT_ONCE: usize = 8;
/// The most entries of which is found out whether they are folders, and how long that may take.
const LOOKED_INTO: usize = 64;
const KINDS_PATIENCE: Duration = Duration::from_secs(5);

impl<P: Platform> Engine<P> {
    /// Lists what is in the folder at a link, or in one of the folders in it, and says whether there is more. Storages that
    /// have the folder are asked, which moves nothing else. Where none has it, there are no entries, unless `upload` is set: then a
    /// provider is asked to upload it to a storage, which it does as a whole.
    ///
    /// # Errors
    /// If the link cannot be read or leads to no folder, or if it cannot be listed.
    pub async fn inside(
        &self,
        link: &str,
        within: Option<&str>,
        upload: bool,
    ) -> Result<Answer, Failure> {
        let unread = |error: ParseLinkError| Failure::from(&error);
        let link = link.parse::<Link>().map_err(unread)?;
        if link.key.is_some() || !link.path.is_empty() {
            // The names in a private folder are in its bytes.
            return Err(unread(ParseLinkError::Inside(link.path)));
        }
        let root = link.cid;
        let folder = match within {
            Some(cid) => parse_link(cid).map_err(unread)?,
            None => root,
        };
        let listing = async {
            let search = Search::new(self.clone(), self.new_id(), root);
            let (mut listed, mut more) = (None, false);
            if let Some(url) = search.storage_of(&folder, upload).await? {
                let mut entries;
                (entries, more) = self.entries(&url, folder).await?;
                self.find_kinds(&url, &mut entries).await;
                listed = Some(entries.into_iter().map(|(_, entry)| entry).collect());
            }
            Ok(Answer::Inside {
                root: canonical(&root),
                entries: listed,
                more,
            })
        };
        let listed = self.within(PATIENCE, listing).await;
        listed.unwrap_or(Err(Code::Stalled.into()))
    }

    /// The entries of a folder in the order of their names, and whether there are more.
    async fn entries(&self, url: &str, folder: Cid) -> Result<(Vec<(Cid, Entry)>, bool), Failure> {
        let (mut entries, mut more) = (Vec::new(), false);
        // The parts of a large folder that are still to be read.
        let mut open = vec![folder];
        let mut read = 0;
        while !open.is_empty() {
            if read > SHARDS || entries.len() > ENTRIES {
                more = true;
                break;
            }
            let some = open.split_off(open.len().saturating_sub(AT_ONCE));
            read += some.len();
            let nodes = some.iter().map(|cid| self.node(url, cid));
            let nodes = try_join_all(nodes).await?;
            for (cid, node) in some.into_iter().zip(nodes) {
                let wrong = |reason| Failure::from(&WalkError::Node { cid, reason });
                let prefix = match node.kind {
                    Kind::Directory if cid == folder => 0,
                    Kind::HamtShard => node.prefix_len().map_err(wrong)?,
                    _ => return Err(Failure::from(&WalkError::Contradiction(cid))),
                };
                // Names as they stand in paths, where the ones that are there lead elsewhere or nowhere.
                let names = match prefix {
                    0 => distinct_names(node.links.iter().map(|link| &link.name[..])),
                    _ => Vec::new(),
                };
                let mut met = HashSet::new();
                for (at, link) in node.links.iter().enumerate() {
                    let mut name = link.name.get(prefix..).unwrap_or_default();
                    if prefix > 0 && name.is_empty() {
                        // Nothing bounds how many a shard says that it has.
                        if read + open.len() < SHARDS {
                            open.push(link.cid);
                        } else {
                            more = true;
                        }
                        continue;
                    }
                    if let Some(other) = names.get(at)
                        && (name.is_empty() || !met.insert(name))
                    {
                        name = other.as_bytes();
                    }
                    let entry = Entry {
                        name: chosen_name(&entry_name(name)),
                        part: percent_encode(name, ESCAPED).to_string(),
                        cid: canonical(&link.cid),
                        size: link.tsize,
                        folder: (link.cid.codec() != DAG_PB).then_some(false),
                    };
                    entries.push((link.cid, entry));
                }
            }
        }
        more |= entries.len() > ENTRIES;
        entries.sort_by_cached_key(|(_, entry)| entry.name.to_lowercase());
        entries.truncate(ENTRIES);
        Ok((entries, more))
    }

    /// Finds out which of the first entries are folders, as far as the storage says so soon.
    async fn find_kinds(&self, url: &str, entries: &mut [(Cid, Entry)]) {
        let unknown = entries.iter().enumerate();
        let unknown = unknown.filter(|(_, (_, entry))| entry.folder.is_none());
        let unknown: Vec<(usize, Cid)> = unknown.map(|(at, (cid, _))| (at, *cid)).collect();
        let nodes = unknown.into_iter().take(LOOKED_INTO);
        let nodes = nodes.map(|(at, cid)| async move { (at, self.node(url, &cid).await) });
        let mut nodes = stream::iter(nodes).buffer_unordered(AT_ONCE);
        let finding = async {
            while let Some((at, node)) = nodes.next().await {
                let (Ok(node), Some((_, entry))) = (node, entries.get_mut(at)) else {
                    continue;
                };
                entry.folder = Some(matches!(node.kind, Kind::Directory | Kind::HamtShard));
                if let Ok(size) = node.file_size() {
                    entry.size = Some(size);
                }
            }
        };
        self.within(KINDS_PATIENCE, finding).await;
    }

    /// A node that a storage has, or will have soon.
    async fn node(&self, url: &str, cid: &Cid) -> Result<Node, Failure> {
        let wrong = |reason| Failure::from(&WalkError::Node { cid: *cid, reason });
        if let Some(block) = hash::identity(cid) {
            return unixfs::decode(&Bytes::copy_from_slice(block)).map_err(wrong);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.block(url, cid, BLOCK_PATIENCE).await {
                Ok(block) => return unixfs::decode(&block).map_err(wrong),
                Err(Ended::Short(_)) if tries < TRIES => self.sleep(AGAIN).await,
                Err(
                    Ended::Short(failure)
                    | Ended::Useless(failure)
                    | Ended::Wrong(failure)
                    | Ended::NoCar(failure)
                    | Ended::Fatal(failure),
                ) => return Err(failure),
                Err(Ended::Whole | Ended::Stopped) => return Err(Code::Stalled.into()),
            }
        }
    }
}
