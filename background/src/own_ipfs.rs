//! Tests a person's own IPFS node, and finds out what is wrong with it.

use std::time::Duration;

use bytes::Bytes;
use fluence::content::car;
use fluence::failure::{Code, Failure, Reason};
use fluence::names::{canonical, cid_v1};
use fluence::ports::{Http, HttpBody, HttpError, HttpRequest, HttpResponse, Piece};
use fluence::state::OwnIpfs;
use web::extension::runtime;
use web::hash;
use web::time;
use web_sys::{RequestInit, RequestMode};

use crate::http::{self, Fetch, FetchBody};

const PATIENCE: Duration = Duration::from_secs(10);
/// The beginning of the block that is sent to the node as a test; a random number follows.
const SAMPLE: &str = "A test by Fluence Share: ";
/// The codec of a raw block.
const RAW: u64 = 0x55;
/// The size of the CID of a raw block with SHA-256, and that of a random number in hex digits, in bytes.
const RAW_CID: usize = 36;
const RANDOM: usize = 32;
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;
/// The address of the RPC by Kubo's defaults. It is allowed too, so that the pages that Kubo itself
/// serves there keep their access.
const DEFAULT_RPC: &str = "http://127.0.0.1:5001";

/// Tests whether the RPC takes a block, and whether the gateway then has it.
///
/// # Errors
/// The [`Failure`] that says what is wrong.
pub async fn test(rpc: &str, gateway: &str) -> Result<(), Failure> {
    let addresses = OwnIpfs {
        rpc: rpc.to_owned(),
        gateway: gateway.to_owned(),
    };
    if let Some((_, failure)) = addresses.check().into_iter().next() {
        return Err(failure);
    }
    let (rpc, gateway) = (rpc.trim_end_matches('/'), gateway.trim_end_matches('/'));
    is_rpc(rpc).await?;
    let sample = format!("{SAMPLE}{:032x}", time::random());
    let digest = hash::sha256(sample.as_bytes()).await;
    let cid = cid_v1(RAW, &digest.unwrap_or_default());
    give(rpc, &cid, sample.as_bytes()).await?;
    let address = format!("{gateway}/ipfs/{}?format=raw", canonical(&cid));
    let answer = match ask("GET", address).await {
        Ok(answer) => answer,
        Err(HttpError::Silent(_)) => return Err(another_node(rpc, gateway)),
        Err(_) => {
            return Err(Failure::new(Code::GatewayUnreachable).host(gateway));
        }
    };
    let status = answer.status;
    if status == 200 && text(answer).await.as_deref() == Some(sample.as_str()) {
        return Ok(());
    }
    match status {
        // A gateway that does not have the block answers with one of these, whether or not it
        // looked for it elsewhere.
        200 | 404 | 412 | 504 => Err(another_node(rpc, gateway)),
        _ => Err(Failure::new(Code::GatewayFailed)
            .host(gateway)
            .status(status)),
    }
}

/// Tests whether the RPC of an IPFS node answers at this address and accepts this extension.
async fn is_rpc(rpc: &str) -> Result<(), Failure> {
    let version = format!("{rpc}/api/v0/version");
    let answer = match ask("POST", version.clone()).await {
        Ok(answer) => answer,
        Err(_) if answers_anybody(&version).await => return Err(origin_refused(rpc)),
        Err(_) => {
            return Err(Failure::new(Code::RpcUnreachable).host(rpc));
        }
    };
    let failed = |reason| Failure::new(Code::RpcFailed).reason(reason).host(rpc);
    match answer.status {
        200 => {}
        403 => return Err(origin_refused(rpc)),
        status => {
            return Err(failed(Reason::Status).status(status));
        }
    }
    if !text(answer)
        .await
        .unwrap_or_default()
        .contains("\"Version\"")
    {
        return Err(failed(Reason::Malformed));
    }
    Ok(())
}

/// Sends the node a small block, as an upload would.
async fn give(rpc: &str, cid: &fluence::Cid, block: &[u8]) -> Result<(), Failure> {
    let boundary = format!("fluence-{:032x}", time::random());
    let section = [&cid.to_bytes()[..], block].concat();
    // A section begins with its length as a varint, which takes one byte up to 127.
    const { assert!(RAW_CID + SAMPLE.len() + RANDOM < 128) };
    let len = section.len() as u8;
    let body = [
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"part.car\"\r\n\
             Content-Type: application/vnd.ipld.car\r\n\r\n"
        )
        .as_bytes(),
        &car::header(cid),
        &[len],
        &section,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    let answer = Fetch
        .send(HttpRequest {
            method: "POST",
            url: format!("{rpc}/api/v0/dag/import?pin-roots=false"),
            headers: vec![(
                "content-type",
                format!("multipart/form-data; boundary={boundary}"),
            )],
            body: vec![Piece::Bytes(Bytes::from(body))],
            patience: PATIENCE,
        })
        .await;
    let (status, said) = match answer {
        Ok(answer) => (answer.status, text(answer).await.unwrap_or_default()),
        Err(error) => (0, error.to_string()),
    };
    if status == 200 && !said.contains("\"Type\":\"error\"") {
        return Ok(());
    }
    Err(Failure::new(Code::RpcFailed).host(rpc).detail(said))
}

/// Whether a server answers at all. A browser gives an extension the same error for a refused connection and for an
/// answer that the extension may not read; this request does not ask to read it.
async fn answers_anybody(url: &str) -> bool {
    let init = RequestInit::new();
    init.set_mode(RequestMode::NoCors);
    http::send(url, &init, PATIENCE, PATIENCE).await.is_ok()
}

fn another_node(rpc: &str, gateway: &str) -> Failure {
    Failure::new(Code::AnotherNode)
        .host(gateway)
        .name(&fluence::text::host_of(rpc))
}

fn origin_refused(rpc: &str) -> Failure {
    // The command is longer than quoted texts may be, and it comes from here.
    Failure {
        name: Some(mending(rpc)),
        ..Failure::new(Code::OriginRefused).host(rpc)
    }
}

/// The command that makes the node accept this extension. It replaces the list of origins, so it
/// includes that of the node's own pages.
fn mending(rpc: &str) -> String {
    let mut origins = vec![runtime::own_origin(), DEFAULT_RPC.to_owned()];
    if !origins.iter().any(|origin| origin == rpc) {
        origins.push(rpc.to_owned());
    }
    let list = origins
        .iter()
        .map(|origin| format!("\"{origin}\""))
        .collect::<Vec<_>>()
        .join(", ");
    format!("ipfs config --json API.HTTPHeaders.Access-Control-Allow-Origin '[{list}]'")
}

/// Asks without a body, cookies or the cache.
pub(crate) async fn ask(
    method: &'static str,
    url: String,
) -> Result<HttpResponse<FetchBody>, HttpError> {
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

/// The whole answer; `None` if it breaks off, is longer than [`MAX_ANSWER`], or is not UTF-8.
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
