//! Finds out which blocks of a file a storage has. A storage is a cache, and may have dropped any
//! block since it accepted it. So nothing is remembered about it: it is asked each time, about
//! enough blocks that a gap does not stay hidden.

use std::ops::Range;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;

use super::Engine;
use crate::Cid;
use crate::content::{Dag, car, hash};
use crate::failure::{Code, Failure, Reason};
use crate::names::canonical;
use crate::ports::{Http, HttpRequest, Platform};

/// The number of pieces about which a storage is asked, each represented by its first and last
/// block, and their least size in bytes.
const CHECK_PIECES: u64 = 128;
const CHECK_PIECE_LEAST: u64 = 4 << 20;
/// About how many blocks a storage is asked because of a call, apart from what it says of the whole. A hole that these do not
/// show is found by whoever fetches, and filled when they call once more.
const CALL_SAMPLES: usize = 8;
/// A person's own IPFS node, which is near, is asked about every block of a DAG with up to this
/// many; any storage is asked that way about a part of a DAG.
const CHECK_EACH: usize = 1024;
/// The same limit for a storage that says that a DAG is incomplete, because it knows more than a
/// few samples can show.
const CHECK_ALL: usize = 65_536;
/// The most such questions at the same time, and how long each may take.
const CHECKS_AT_ONCE: usize = 16;
pub(super) const CHECK_PATIENCE: Duration = Duration::from_secs(5);

/// Where to ask what a storage has, as a base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inventory {
    /// The gateway of the storage.
    Gateway(String),
    /// The RPC of the person's own IPFS node. Kubo's gateway does not let an extension send `only-if-cached`, without
    /// which it would look for the block in the whole network.
    Rpc(String),
}

impl<P: Platform> Engine<P> {
    /// The runs of blocks that a storage lacks, as far as its answers about some of them tell. If a
    /// gateway cannot be asked, everything counts as missing.
    ///
    /// # Errors
    /// The failure of an [`Inventory::Rpc`] that cannot be asked.
    pub(super) async fn missing(
        &self,
        storage: &Inventory,
        dag: &Dag,
    ) -> Result<Vec<Range<usize>>, Failure> {
        let all = 0..dag.blocks.len();
        if !self.has_block(storage, &dag.root).await? {
            return Ok(vec![all]);
        }
        if matches!(storage, Inventory::Rpc(_)) && dag.blocks.len() <= CHECK_EACH {
            return self.missing_of(storage, dag, all).await;
        }
        let piece = (dag.len() / CHECK_PIECES).max(CHECK_PIECE_LEAST);
        let parts = car::parts(dag, piece).into_iter();
        let ends = parts.map(|part| {
            let blocks = &dag.blocks[part.blocks.clone()];
            let ends = [blocks.first(), blocks.last().filter(|_| blocks.len() > 1)];
            let ends = ends.into_iter().flatten().map(|block| block.cid);
            (part.blocks, ends.collect())
        });
        let missing = self.lacking(storage, ends.collect()).await?;
        if missing.is_empty() && self.says_it_lacks(storage, &dag.root).await {
            return self.each_of(storage, dag, all, CHECK_ALL).await;
        }
        Ok(missing)
    }

    /// Whether a storage seems to have all of a DAG, found out with the few questions that a call may cause.
    ///
    /// # Errors
    /// As for [`Self::missing`].
    pub(super) async fn has_whole(&self, storage: &Inventory, dag: &Dag) -> Result<bool, Failure> {
        if matches!(storage, Inventory::Rpc(_)) {
            return Ok(self.missing(storage, dag).await?.is_empty());
        }
        if !self.has_block(storage, &dag.root).await?
            || self.says_it_lacks(storage, &dag.root).await
        {
            return Ok(false);
        }
        let last = dag.blocks.len().saturating_sub(1);
        let samples = last.min(CALL_SAMPLES);
        let samples = (1..=samples).map(|number| (number * last).div_ceil(samples));
        let samples = samples.map(|at| (at..at + 1, vec![dag.blocks[at].cid]));
        Ok(self.lacking(storage, samples.collect()).await?.is_empty())
    }

    /// Whether a storage says that a DAG whose root it has is incomplete. A plain gateway does not
    /// track DAGs, and never says so.
    async fn says_it_lacks(&self, storage: &Inventory, root: &Cid) -> bool {
        let Inventory::Gateway(url) = storage else {
            return false;
        };
        let answer = self.0.platform.http().send(HttpRequest {
            method: "HEAD",
            url: format!("{url}/ipfs/{}?format=car", canonical(root)),
            headers: vec![
                ("accept", "application/vnd.ipld.car".to_owned()),
                ("cache-control", "only-if-cached".to_owned()),
            ],
            body: Vec::new(),
            patience: CHECK_PATIENCE,
        });
        answer.await.is_ok_and(|answer| answer.status == 412)
    }

    /// Like [`Self::missing`], for a few blocks, about each of which the storage is asked. About
    /// more blocks nothing is known.
    pub(super) async fn missing_of(
        &self,
        storage: &Inventory,
        dag: &Dag,
        blocks: Range<usize>,
    ) -> Result<Vec<Range<usize>>, Failure> {
        self.each_of(storage, dag, blocks, CHECK_EACH).await
    }

    async fn each_of(
        &self,
        storage: &Inventory,
        dag: &Dag,
        blocks: Range<usize>,
        most: usize,
    ) -> Result<Vec<Range<usize>>, Failure> {
        if blocks.len() > most {
            return Ok(vec![blocks]);
        }
        let each = blocks.map(|number| (number..number + 1, vec![dag.blocks[number].cid]));
        self.lacking(storage, each.collect()).await
    }

    /// The runs of blocks whose representative the storage lacks.
    async fn lacking(
        &self,
        storage: &Inventory,
        runs: Vec<(Range<usize>, Vec<Cid>)>,
    ) -> Result<Vec<Range<usize>>, Failure> {
        let asked = runs
            .iter()
            .enumerate()
            .flat_map(|(number, (_, cids))| cids.iter().map(move |cid| (number, *cid)));
        let mut answers = stream::iter(asked.collect::<Vec<_>>())
            .map(|(number, cid)| async move { (number, self.has_block(storage, &cid).await) })
            .buffer_unordered(CHECKS_AT_ONCE);
        let mut lacks = vec![false; runs.len()];
        while let Some((number, has)) = answers.next().await {
            lacks[number] |= !has?;
        }
        let mut missing: Vec<Range<usize>> = Vec::new();
        for ((blocks, _), _) in runs.into_iter().zip(lacks).filter(|(_, lacks)| *lacks) {
            match missing.last_mut() {
                Some(last) if last.end == blocks.start => last.end = blocks.end,
                _ => missing.push(blocks),
            }
        }
        Ok(missing)
    }

    /// Whether the gateway of a storage has a block now. A block in transit does not count.
    pub(super) async fn has(&self, url: &str, cid: &Cid) -> bool {
        let storage = Inventory::Gateway(url.to_owned());
        self.has_block(&storage, cid).await.unwrap_or(false)
    }

    async fn has_block(&self, storage: &Inventory, cid: &Cid) -> Result<bool, Failure> {
        if hash::identity(cid).is_some() {
            return Ok(true);
        }
        let cid = canonical(cid);
        let request = match storage {
            Inventory::Gateway(url) => HttpRequest {
                method: "HEAD",
                url: format!("{url}/ipfs/{cid}?format=raw"),
                headers: vec![
                    ("accept", "application/vnd.ipld.raw".to_owned()),
                    ("cache-control", "only-if-cached".to_owned()),
                ],
                body: Vec::new(),
                patience: CHECK_PATIENCE,
            },
            // The request sets no headers, so that a browser sends it without a preflight.
            Inventory::Rpc(url) => HttpRequest {
                method: "POST",
                url: format!("{url}/api/v0/block/stat?arg={cid}&offline=true"),
                headers: Vec::new(),
                body: Vec::new(),
                patience: CHECK_PATIENCE,
            },
        };
        let answer = self.0.platform.http().send(request).await;
        match storage {
            Inventory::Gateway(_) => Ok(answer.is_ok_and(|answer| answer.status == 200)),
            Inventory::Rpc(url) => match answer
                .map_err(|error| Failure::of_http(Code::OwnIpfs, &error))?
                .status
            {
                200 => Ok(true),
                500 => Ok(false),
                status => Err(Failure::new(Code::OwnIpfs)
                    .reason(Reason::Status)
                    .host(url)
                    .status(status)),
            },
        }
    }
}
