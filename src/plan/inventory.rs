//! Finds out which blocks of a file a storage has. A storage is a cache, and may have dropped any
//! block since it accepted it. So nothing is remembered about it: it is asked each time, about
//! enough blocks that a gap does not stay hidden.

use std::ops::Range;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;

use super::Engine;
use super::upload::{PARTS_AT_ONCE, largest_part};
use crate::Cid;
use crate::content::{Dag, hash};
use crate::failure::{Code, Failure, Reason};
use crate::names::canonical;
use crate::ports::{Http, HttpRequest, Platform};

/// About how many blocks a storage is asked at most, be it because of a call or before an upload, apart from its root and what
/// it says of the whole. A hole that these do not show is found by whoever fetches, and filled when they call once more.
pub(super) const SAMPLES: usize = 8;
/// A person's own IPFS node, which is near, is asked about every block of a DAG with up to this many.
const CHECK_EACH: usize = 1024;
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

/// What a storage lacks of a DAG, as far as its answers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing.
    Nothing,
    /// These runs of blocks.
    These(Vec<Range<usize>>),
    /// Something, and it is not known what.
    Something,
}

impl<P: Platform> Engine<P> {
    /// What a storage lacks. If a gateway cannot be asked, everything counts as missing.
    ///
    /// # Errors
    /// The failure of an [`Inventory::Rpc`] that cannot be asked.
    pub(super) async fn missing(&self, storage: &Inventory, dag: &Dag) -> Result<Missing, Failure> {
        let all = 0..dag.blocks.len();
        if !self.has_block(storage, &dag.root).await? {
            return Ok(Missing::These(vec![all]));
        }
        let lacks = self.says_it_lacks(storage, &dag.root).await;
        let or_nothing = |missing: Vec<Range<usize>>| match missing.is_empty() {
            false => Missing::These(missing),
            true if lacks => Missing::Something,
            true => Missing::Nothing,
        };
        if matches!(storage, Inventory::Rpc(_)) && all.len() <= CHECK_EACH {
            return Ok(or_nothing(self.each_of(storage, dag, all).await?));
        }
        // Inner nodes are sent before the others, so what an interrupted upload left out is leaves.
        let leaves: Vec<usize> = all.clone().filter(|at| dag.blocks[*at].len > 0).collect();
        let Some((last, others)) = leaves.split_last() else {
            return Ok(or_nothing(Vec::new()));
        };
        if leaves.len() > SAMPLES && !self.has_block(storage, &dag.blocks[*last].cid).await? {
            let first = self
                .first_lacking(storage, dag, others, SAMPLES - 1)
                .await?;
            let from = leaves[before_what_was_on_its_way(dag, &leaves, first)];
            return Ok(Missing::These(std::iter::once(from..all.end).collect()));
        }
        let samples = leaves.len().min(SAMPLES);
        // Of more leaves than that the last one is there, as was just asked.
        let asked = samples - usize::from(leaves.len() > SAMPLES);
        let ends = (1..=asked).map(|number| (number * leaves.len()).div_ceil(samples));
        let runs = ends.scan(0, |from, to| {
            let (first, last) = (leaves[std::mem::replace(from, to)], leaves[to - 1]);
            Some((first..last + 1, last))
        });
        Ok(or_nothing(
            self.lacking(storage, dag, runs.collect()).await?,
        ))
    }

    /// Which of these blocks is the first that a storage lacks, if it has every one before that and none after it, as after an
    /// upload that was cut off; their number if it lacks none. If so many questions do not suffice, it is an earlier one.
    async fn first_lacking(
        &self,
        storage: &Inventory,
        dag: &Dag,
        blocks: &[usize],
        questions: usize,
    ) -> Result<usize, Failure> {
        let (mut low, mut high) = (0, blocks.len());
        for _ in 0..questions {
            if low == high {
                break;
            }
            let middle = low + (high - low) / 2;
            match self
                .has_block(storage, &dag.blocks[blocks[middle]].cid)
                .await?
            {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    /// Whether a storage seems to have all of a DAG, found out with the few questions that a call may cause.
    ///
    /// # Errors
    /// As for [`Self::missing`].
    pub(super) async fn has_whole(&self, storage: &Inventory, dag: &Dag) -> Result<bool, Failure> {
        if matches!(storage, Inventory::Rpc(_)) {
            return Ok(self.missing(storage, dag).await? == Missing::Nothing);
        }
        if !self.has_block(storage, &dag.root).await?
            || self.says_it_lacks(storage, &dag.root).await
        {
            return Ok(false);
        }
        let last = dag.blocks.len().saturating_sub(1);
        let samples = last.min(SAMPLES);
        let samples = (1..=samples).map(|number| (number * last).div_ceil(samples));
        let samples = samples.map(|at| (at..at + 1, at)).collect();
        Ok(self.lacking(storage, dag, samples).await?.is_empty())
    }

    /// Whether a storage says that a DAG whose root it has is incomplete. A plain gateway does not
    /// track DAGs, and never says so.
    pub(super) async fn says_it_lacks(&self, storage: &Inventory, root: &Cid) -> bool {
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

    /// The runs that a storage lacks of the blocks of one part, which it takes in their order. About the blocks of a large part
    /// that is for a person's own node nothing is known.
    ///
    /// # Errors
    /// As for [`Self::missing`].
    pub(super) async fn missing_of(
        &self,
        storage: &Inventory,
        dag: &Dag,
        blocks: Range<usize>,
    ) -> Result<Vec<Range<usize>>, Failure> {
        if matches!(storage, Inventory::Rpc(_)) || blocks.len() <= SAMPLES {
            return self.each_of(storage, dag, blocks).await;
        }
        let each: Vec<usize> = blocks.clone().collect();
        let kept = self.first_lacking(storage, dag, &each, SAMPLES).await?;
        let left = blocks.start + kept..blocks.end;
        Ok(std::iter::once(left)
            .filter(|left| !left.is_empty())
            .collect())
    }

    async fn each_of(
        &self,
        storage: &Inventory,
        dag: &Dag,
        blocks: Range<usize>,
    ) -> Result<Vec<Range<usize>>, Failure> {
        if blocks.len() > CHECK_EACH {
            return Ok(vec![blocks]);
        }
        let each = blocks.map(|at| (at..at + 1, at)).collect();
        self.lacking(storage, dag, each).await
    }

    /// The runs of blocks of which the storage lacks the one that stands for them.
    async fn lacking(
        &self,
        storage: &Inventory,
        dag: &Dag,
        runs: Vec<(Range<usize>, usize)>,
    ) -> Result<Vec<Range<usize>>, Failure> {
        let mut answers = stream::iter(runs)
            .map(|(run, at)| async move {
                let has = self.has_block(storage, &dag.blocks[at].cid).await;
                has.map(|has| (run, has))
            })
            .buffered(CHECKS_AT_ONCE);
        let mut missing: Vec<Range<usize>> = Vec::new();
        while let Some(answer) = answers.next().await {
            let (run, has) = answer?;
            match missing.last_mut() {
                _ if has => {}
                Some(last) if last.end == run.start => last.end = run.end,
                _ => missing.push(run),
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

/// Before which of these leaves an upload goes on whose first missing leaf seems to be that number `first`: several parts
/// were on their way at the same time, and an earlier one may have come less far.
fn before_what_was_on_its_way(dag: &Dag, leaves: &[usize], first: usize) -> usize {
    let len = |at: &usize| dag.blocks[*at].len;
    let there: u64 = leaves[..first].iter().map(len).sum();
    let mut left = (PARTS_AT_ONCE as u64 * largest_part(dag.len())).min(there / 2);
    let again = leaves[..first].iter().rev().take_while(|at| {
        let rest = left.checked_sub(len(at));
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    first - again.count()
}
