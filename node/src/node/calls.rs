//! Answering calls: a node answers `IPFS_multiaddr`, which tells callers where its storage is, and
//! `IPFS_release`, by which who uploaded a file takes it back.
//!
//! How often a peer, and all peers of one block of addresses, may call is limited here; callers are
//! told when to try again. Answering `IPFS_multiaddr` never waits for a disk or a network, so these
//! calls are answered one after the other; those that wait stay in the peer's queue, which tells
//! callers when it is full.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fluence::Cid;
use fluence::call::{
    CallError, ErrorCode, MultiaddrArgs, MultiaddrOk, ReleaseArgs, ReleaseOk, Reply, Request,
};
use fluence::names::{MULTIADDR, RELEASE};
use fluence_peer::Calls;

use crate::fairness::{AddressBlock, Shares};
use crate::kubo::Keeper;
use crate::storage::{Refusal, Storage};

/// How long a caller waits before it tries again to take back a file, in milliseconds.
const RETRY_AFTER_MS: u64 = 2_000;
/// How many files may be taken back at one time; each waits for the disk.
const MAX_RELEASES: usize = 16;
/// How long the caller waits until all blocks of a file that it takes back are removed. Calls have
/// a deadline of 30 s.
const RELEASE_PATIENCE: Duration = Duration::from_secs(20);

/// Why a storage's address is not told to everybody: it is this machine's own, and would lead others to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Whether it is told to nobody at all: where others come by way of a proxy, they come from this machine too.
    pub from_all: bool,
}

impl Hidden {
    fn from(self, address: Option<IpAddr>) -> bool {
        self.from_all || !address.is_some_and(|ip| ip.to_canonical().is_loopback())
    }
}

/// Answers the calls of a node.
pub(super) struct Answerer {
    storage: Arc<Storage>,
    multiaddr: Arc<str>,
    hidden: Option<Hidden>,
    own_uploads: bool,
    keeper: Option<Arc<Keeper>>,
    /// Whether only programs on this machine can call.
    is_private: bool,
    releases: Arc<Shares>,
}

impl Answerer {
    /// Creates it for the storage that grants uploads, and the multiaddr of its HTTP server, which may be hidden.
    /// `own_uploads` is whether only the node's own clients may upload. The keeper copies files to the Kubo daemon behind the
    /// node, if there is one. No share limits the callers of a node that `is_private`, which are all programs of the same
    /// person.
    pub fn new(
        storage: Arc<Storage>,
        multiaddr: Arc<str>,
        hidden: Option<Hidden>,
        own_uploads: bool,
        keeper: Option<Arc<Keeper>>,
        is_private: bool,
    ) -> Self {
        Self {
            storage,
            multiaddr,
            hidden,
            own_uploads,
            keeper,
            is_private,
            releases: Shares::new(MAX_RELEASES, "takes back more files at a time than it may"),
        }
    }

    /// Answers calls until the stream of calls ends.
    pub async fn run(self, mut calls: Calls) {
        while let Some(call) = calls.next().await {
            let from = call.from.to_string();
            let block = match call.address {
                Some(address) if self.is_private && address.is_loopback() => AddressBlock::Own,
                address => AddressBlock::from(address),
            };
            if call.request.function.as_str() == RELEASE {
                match self.release(from, block, &call.request) {
                    Ok(released) => {
                        tokio::spawn(async move { call.reply(reply(released.await)) });
                    }
                    Err(error) => call.reply(Reply::Error(error)),
                }
            } else if call.request.function.as_str() == MULTIADDR
                && self.hidden.is_some_and(|hidden| hidden.from(call.address))
            {
                call.reply(Reply::Error(CallError::new(
                    ErrorCode::Unavailable,
                    "this node does not know at which address others reach its storage",
                )));
            } else {
                let may_upload = !self.own_uploads || call.is_of_client();
                let answer = self.answer(&from, block, may_upload, &call.request);
                call.reply(reply(answer));
            }
        }
    }

    /// Answers a call that waits for nothing.
    fn answer(
        &self,
        from: &str,
        block: AddressBlock,
        may_upload: bool,
        request: &Request,
    ) -> Result<MultiaddrOk, CallError> {
        if request.function.as_str() != MULTIADDR {
            return Err(CallError::new(
                ErrorCode::NoSuchFunction,
                "this node does not provide that function",
            ));
        }
        if self.keeper.as_ref().is_some_and(|keeper| !keeper.answers()) {
            return Err(CallError::new(
                ErrorCode::Unavailable,
                "the IPFS node behind this one does not answer",
            ));
        }
        let args = request.args::<MultiaddrArgs>()?;
        if args.cid.is_some() && !may_upload {
            return Err(refused(&Refusal::NotListed));
        }
        self.multiaddr(from, block, &args)
    }

    /// Begins to take back a file that this peer uploaded.
    fn release(
        &self,
        from: String,
        block: AddressBlock,
        request: &Request,
    ) -> Result<impl Future<Output = Result<ReleaseOk, CallError>> + Send + use<>, CallError> {
        let cid = cid_of(&request.args::<ReleaseArgs>()?.cid)?;
        let busy = |message| CallError {
            retry_after_ms: Some(RETRY_AFTER_MS),
            ..CallError::new(ErrorCode::Busy, message)
        };
        let place = self.releases.take(block);
        let place = place.ok_or_else(|| busy("too many files are being taken back"))?;
        let (storage, keeper) = (self.storage.clone(), self.keeper.clone());
        let releasing = tokio::task::spawn_blocking(move || {
            let released = storage.release(&from, block, &cid);
            if let (Ok(Some(false)), Some(keeper)) = (&released, keeper) {
                keeper.release(&cid, block);
            }
            drop(place);
            released
        });
        Ok(async move {
            let failed = || CallError::new(ErrorCode::Internal, Refusal::OutOfOrder.to_string());
            match tokio::time::timeout(RELEASE_PATIENCE, releasing).await {
                Ok(Ok(Ok(Some(kept)))) => Ok(ReleaseOk { kept }),
                Ok(Ok(Ok(None))) => Err(CallError::new(
                    ErrorCode::Refused,
                    "this storage does not hold that file for this peer",
                )),
                Ok(Ok(Err(error))) => {
                    tracing::error!(%error, "a file could not be taken back");
                    Err(failed())
                }
                Ok(Err(_)) => Err(failed()),
                Err(_) => Err(busy("the file is being removed")),
            }
        })
    }

    /// Tells where the storage is, and grants an upload if one is asked for.
    fn multiaddr(
        &self,
        from: &str,
        block: AddressBlock,
        args: &MultiaddrArgs,
    ) -> Result<MultiaddrOk, CallError> {
        let mut ok = MultiaddrOk {
            multiaddr: self.multiaddr.to_string(),
            token: None,
            expires: None,
        };
        let Some(text) = &args.cid else {
            return Ok(ok);
        };
        let cid = cid_of(text)?;
        let grant = self
            .storage
            .grant_from(from, block, &cid, args.size)
            .map_err(|refusal| refused(&refusal))?;
        if let Some(keeper) = &self.keeper {
            // If only Kubo has the file, it must keep it for as long as the caller is told.
            keeper.promise(&cid, grant.expires);
        }
        ok.token = Some(grant.token);
        ok.expires = Some(grant.expires);
        Ok(ok)
    }
}

fn reply<T: serde::Serialize>(answer: Result<T, CallError>) -> Reply {
    match answer {
        Ok(ok) => Reply::ok(&ok),
        Err(error) => Reply::Error(error),
    }
}

fn cid_of(text: &str) -> Result<Cid, CallError> {
    text.parse()
        .map_err(|_| CallError::new(ErrorCode::BadRequest, "“cid” is not a CID"))
}

/// The error that a caller gets when its upload is not granted.
fn refused(refusal: &Refusal) -> CallError {
    let code = match refusal {
        Refusal::OutOfOrder => ErrorCode::Internal,
        Refusal::Peer { .. }
        | Refusal::NotListed
        | Refusal::Denied
        | Refusal::Inline
        | Refusal::Codec(_)
        | Refusal::Hash(_)
        | Refusal::FileTooLarge { .. }
        | Refusal::PeerQuota { .. }
        | Refusal::NoRoom { .. } => ErrorCode::Refused,
    };
    CallError::new(code, refusal.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use fluence::content::unixfs::RAW;
    use fluence::names::{canonical, cid_v1};
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::storage::StorageConfig;

    const PEER: &str = "12D3KooWEXAMPLE";
    const ADDRESS: &str = "/dns4/a.example/tcp/443/https";

    fn answerer(config: StorageConfig) -> (tempfile::TempDir, Answerer) {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path(), config).unwrap();
        (
            dir,
            Answerer::new(storage, ADDRESS.into(), None, false, None, false),
        )
    }

    #[tokio::test]
    async fn a_call_is_answered_with_a_token_or_a_reason() {
        let (_dir, answerer) = answerer(StorageConfig {
            min_free: 0,
            ..StorageConfig::default()
        });
        let ask = |cid: Option<&str>, size| {
            let args = MultiaddrArgs {
                cid: cid.map(str::to_owned),
                size,
            };
            answerer.multiaddr(PEER, AddressBlock::Relayed, &args)
        };
        let ok = ask(None, None).unwrap();
        assert_eq!(ok.multiaddr, ADDRESS);
        assert_eq!((ok.token, ok.expires), (None, None));
        let data = Bytes::from_static(b"hello");
        let cid = cid_v1(RAW, &Sha256::digest(&data).into());
        let text = canonical(&cid);
        let ok = ask(Some(&text), Some(5)).unwrap();
        assert!(ok.expires.is_some());
        let upload = answerer.storage.upload(&ok.token.unwrap()).unwrap();
        assert!(upload.add(cid, data).await.unwrap());
        let code = |result: Result<MultiaddrOk, CallError>| result.unwrap_err().code;
        assert_eq!(code(ask(Some("x"), None)), ErrorCode::BadRequest);
        assert_eq!(code(ask(Some("bafkqaaa"), None)), ErrorCode::Refused);
        assert_eq!(code(ask(Some(&text), Some(u64::MAX))), ErrorCode::Refused);
    }

    #[test]
    fn an_address_of_this_machine_is_told_only_to_this_machine() {
        let [own, mapped, other] =
            ["127.0.0.1", "::ffff:127.0.0.1", "192.168.1.5"].map(|ip| ip.parse().ok());
        let callers = [own, mapped, other, None];
        let hidden = |from_all| callers.map(|address| Hidden { from_all }.from(address));
        assert_eq!(hidden(false), [false, false, true, true]);
        assert_eq!(hidden(true), [true; 4]);
    }

    #[test]
    fn a_refusal_says_whose_fault_it_is() {
        let full = refused(&Refusal::NoRoom { size: 1 });
        assert_eq!((full.code, full.retry_after_ms), (ErrorCode::Refused, None));
        assert_eq!(refused(&Refusal::OutOfOrder).code, ErrorCode::Internal);
    }
}
