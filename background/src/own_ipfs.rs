//! Trying an IPFS node of the person's own, and saying what is wrong and how it is mended.

use std::time::Duration;

use fluence::ports::{Http, HttpBody, HttpError, HttpRequest, HttpResponse};
use fluence::state::Failure;
use fluence::storage::multiaddr_of;

use crate::acquire::failure;
use crate::browser;
use crate::http::{Fetch, FetchBody};

const PATIENCE: Duration = Duration::from_secs(10);
/// The raw block of no bytes: its CID says all of it, so that every gateway has it.
const EMPTY: &str = "bafkqaaa";
/// The most that is read of an answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Whether the RPC and the gateway answer as they should.
pub async fn test(rpc: &str, gateway: &str) -> Result<(), Failure> {
    for (what, address) in [("RPC", rpc), ("gateway", gateway)] {
        if let Err(why) = multiaddr_of(address) {
            return Err(failure(
                "bad_address",
                &format!("The {what}'s address is wrong: {}.", why.reason),
                "It looks like http://127.0.0.1:5001 for the RPC and http://127.0.0.1:8080 for the gateway.",
            ));
        }
    }
    let base = rpc.trim_end_matches('/');
    let answer = ask("POST", format!("{base}/api/v0/version"))
        .await
        .map_err(|_| rpc_unreachable(rpc))?;
    match answer.status {
        200 => {}
        403 => return Err(origin_refused()),
        status => {
            return Err(failure(
                "rpc_failed",
                &format!("{rpc} answered {status}; an IPFS node's RPC answers 200."),
                "Check that the address is the RPC's, which is usually http://127.0.0.1:5001.",
            ));
        }
    }
    let body = text(answer).await.unwrap_or_default();
    if !body.contains("\"Version\"") {
        return Err(failure(
            "rpc_failed",
            &format!("What answers at {rpc} is not the RPC of an IPFS node."),
            "Check that the address is the RPC's, which is usually http://127.0.0.1:5001.",
        ));
    }
    let base = gateway.trim_end_matches('/');
    let answer = ask("GET", format!("{base}/ipfs/{EMPTY}?format=raw"))
        .await
        .map_err(|_| {
            failure(
                "gateway_unreachable",
                &format!("No gateway can be reached at {gateway}."),
                "Start the IPFS node (`ipfs daemon`), and look up the address with `ipfs config Addresses.Gateway`.",
            )
        })?;
    if answer.status != 200 {
        return Err(failure(
            "gateway_failed",
            &format!(
                "The gateway at {gateway} answered {} to a block that every gateway has.",
                answer.status
            ),
            "Check that the address is the gateway's, which is usually http://127.0.0.1:8080.",
        ));
    }
    Ok(())
}

/// A browser tells a refused connection from a refused origin to nobody; the node's log would.
fn rpc_unreachable(rpc: &str) -> Failure {
    failure(
        "rpc_unreachable",
        &format!(
            "Nothing that lets Fluence in answers at {rpc}: the node is not running, or it does not know this extension."
        ),
        &format!(
            "Start the node (`ipfs daemon`). If it runs, let this extension in and start it again: {}",
            mending()
        ),
    )
}

fn origin_refused() -> Failure {
    failure(
        "origin_refused",
        "The IPFS node runs, but refuses this extension, because it does not know where its calls come from.",
        &format!("Run this, and start the node again: {}", mending()),
    )
}

fn mending() -> String {
    let origin = browser::own_origin();
    format!(
        r#"ipfs config --json API.HTTPHeaders.Access-Control-Allow-Origin '["{origin}", "http://127.0.0.1:5001"]'"#
    )
}

async fn ask(method: &'static str, url: String) -> Result<HttpResponse<FetchBody>, HttpError> {
    Fetch
        .send(HttpRequest {
            method,
            url,
            headers: Vec::new(),
            body: Vec::new(),
            patience: PATIENCE,
        })
        .await
}

async fn text(mut response: HttpResponse<FetchBody>) -> Option<String> {
    let mut all = Vec::new();
    while let Some(piece) = response.body.chunk().await.ok()? {
        if all.len() + piece.len() > MAX_ANSWER {
            return None;
        }
        all.extend_from_slice(&piece);
    }
    String::from_utf8(all).ok()
}
