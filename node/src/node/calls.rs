//! Answering calls: a node provides `IPFS_multiaddr`, which tells callers where its storage is.
//!
//! Answering a call never waits for a disk or a network, so calls are answered one after the other.
//! Those that wait stay in the peer's queue, which tells callers when it is full; this is the only
//! admission control.

use std::sync::Arc;
use std::time::Duration;

use fluence::Cid;
use fluence::call::{CallError, ErrorCode, MultiaddrArgs, MultiaddrOk, Reply, Request};
use fluence::names::MULTIADDR;
use fluence_peer::Calls;

use crate::kubo::Keeper;
use crate::storage::{Refusal, Storage};

/// How long a caller is told to wait before it tries again after too many uploads were granted.
const RETRY: Duration = Duration::from_secs(60);

/// Answers the calls of a node.
pub(super) struct Answerer {
    /// The storage that grants uploads.
    pub storage: Arc<Storage>,
    /// The address of the storage's HTTP server, as a multiaddr.
    pub multiaddr: Arc<str>,
    /// Copies files to the Kubo daemon behind the node, if there is one.
    pub keeper: Option<Arc<Keeper>>,
}

impl Answerer {
    /// Answers calls until the stream of calls ends.
    pub async fn run(self, mut calls: Calls) {
        while let Some(call) = calls.next().await {
            let reply = self.answer(&call.from.to_string(), &call.request);
            call.reply(reply);
        }
    }

    /// Answers a call from a peer.
    fn answer(&self, from: &str, request: &Request) -> Reply {
        if self.keeper.as_ref().is_some_and(|keeper| !keeper.answers()) {
            return Reply::error(
                ErrorCode::Unavailable,
                "the IPFS node behind this one does not answer",
            );
        }
        if request.function.as_str() != MULTIADDR {
            return Reply::error(
                ErrorCode::NoSuchFunction,
                "this node does not provide that function",
            );
        }
        let answered = request
            .args::<MultiaddrArgs>()
            .and_then(|args| self.multiaddr(from, &args));
        match answered {
            Ok(ok) => Reply::ok(&ok),
            Err(error) => Reply::Error(error),
        }
    }

    /// Tells where the storage is, and grants an upload if one is asked for.
    fn multiaddr(&self, from: &str, args: &MultiaddrArgs) -> Result<MultiaddrOk, CallError> {
        let mut ok = MultiaddrOk {
            multiaddr: self.multiaddr.to_string(),
            token: None,
            expires: None,
        };
        let Some(text) = &args.cid else {
            return Ok(ok);
        };
        let cid: Cid = text
            .parse()
            .map_err(|_| CallError::new(ErrorCode::BadRequest, "“cid” is not a CID"))?;
        let grant = self
            .storage
            .grant(from, &cid, args.size)
            .map_err(|refusal| refused(&refusal))?;
        if let Some(keeper) = &self.keeper {
            // If only Kubo has the file, it must keep it for as long as the caller is told.
            keeper.promise(cid, grant.expires);
        }
        ok.token = Some(grant.token);
        ok.expires = Some(grant.expires);
        Ok(ok)
    }
}

/// The error that a caller gets when its upload is not granted.
fn refused(refusal: &Refusal) -> CallError {
    let (code, retry) = match refusal {
        Refusal::TooMany => (ErrorCode::Busy, Some(RETRY)),
        Refusal::OutOfOrder => (ErrorCode::Internal, None),
        Refusal::Peer { .. }
        | Refusal::Inline
        | Refusal::Codec(_)
        | Refusal::Hash(_)
        | Refusal::FileTooLarge { .. }
        | Refusal::PeerQuota { .. }
        | Refusal::NoRoom { .. } => (ErrorCode::Refused, None),
    };
    let mut error = CallError::new(code, refusal.to_string());
    error.retry_after_ms = retry.map(|retry| retry.as_millis() as u64);
    error
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
        let answerer = Answerer {
            storage: Storage::open(dir.path(), config).unwrap(),
            multiaddr: ADDRESS.into(),
            keeper: None,
        };
        (dir, answerer)
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
            answerer.multiaddr(PEER, &args)
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
    fn too_many_uploads_are_to_be_tried_again_and_a_refusal_is_not() {
        let busy = refused(&Refusal::TooMany);
        assert_eq!(
            (busy.code, busy.retry_after_ms),
            (ErrorCode::Busy, Some(60_000))
        );
        let full = refused(&Refusal::NoRoom { size: 1 });
        assert_eq!((full.code, full.retry_after_ms), (ErrorCode::Refused, None));
        assert_eq!(refused(&Refusal::OutOfOrder).code, ErrorCode::Internal);
    }
}
