//! What a person tries from the settings: whether a node works, what is in a list of nodes, and what a function returns.

use std::time::Duration;

use fluence::call::{self, MAX_MESSAGE, Reply, Request};
use fluence::command::Answer;
use fluence::failure::{Code, Failure, Reason};
use fluence::live::LinkView;
use fluence::names::FunctionName;
use fluence::node_list::{self, MAX_LIST};
use fluence::ports::{self, HttpBody, NetworkError};
use fluence::state::{LinkCause, LinkError, NetworkStatus, check_node};
use fluence_peer::{Config, Keypair, Multiaddr, Peer};
use futures::StreamExt;
use futures::future::{Either, select};
use web::time;

use crate::network::Network;
use crate::own_ipfs::ask;

/// How long a node may take to grant a reservation or to refuse it. A link gives up sooner.
const TEST: Duration = Duration::from_secs(30);
/// How often it is looked for the time of the first ping, which follows at once, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 60;
/// How long all of a list of nodes may take.
const LIST: Duration = Duration::from_secs(20);
/// How long a call may take, and the most providers that are called, one after the other.
const CALL: Duration = Duration::from_millis(call::DEADLINE_MS);
const PROVIDERS: usize = 3;

/// Connects to a node with an identity of its own, as this peer would, and ends again.
///
/// # Errors
/// [`Code::BadSetting`] if the address is not one of a node.
pub async fn test(address: &str) -> Result<Answer, Failure> {
    check_node(address)?;
    let unusable = || LinkCause::UnsupportedAddress;
    let node = address.parse::<Multiaddr>().map_err(|_| unusable());
    let started = node.and_then(|node| {
        let config = Config::client(Keypair::generate_ed25519(), vec![node]);
        Peer::start(config).map_err(|_| unusable())
    });
    // Its calls are dropped, and so refused: nobody knows this peer.
    let (peer, _calls, mut statuses) = match started {
        Ok(started) => started,
        Err(cause) => return Ok(tested(None, Some(cause))),
    };
    let settled = async {
        while let Some(status) = statuses.next().await {
            match status {
                NetworkStatus::Starting
                | NetworkStatus::NoNode
                | NetworkStatus::Connecting { .. } => {}
                NetworkStatus::Online { .. } | NetworkStatus::Unreachable { .. } => return None,
                NetworkStatus::Offline { error, .. } => return Some(error.cause),
            }
        }
        Some(LinkCause::DialTimeout)
    };
    let failed = match select(Box::pin(settled), Box::pin(time::sleep(TEST))).await {
        Either::Left((failed, _)) => failed,
        Either::Right(_) => Some(LinkCause::DialTimeout),
    };
    let mut answer = tested(None, failed.clone());
    if failed.is_none() {
        for _ in 0..LOOKS {
            let report = peer.report().await;
            let Some(node) = report.first() else {
                answer = tested(None, Some(LinkCause::ConnectionLost));
                break;
            };
            let cause = match (node.link, node.cause.clone()) {
                (LinkView::Online, _) => None,
                (LinkView::Unreachable, None) => {
                    Some(LinkCause::ReservationRefused { detail: None })
                }
                (LinkView::Idle | LinkView::Connecting, None) => Some(LinkCause::ConnectionLost),
                (_, cause) => cause,
            };
            answer = tested(node.rtt, cause);
            if node.rtt.is_some() {
                break;
            }
            time::sleep(LOOK).await;
        }
    }
    peer.shutdown().await;
    Ok(answer)
}

fn tested(ms: Option<u64>, cause: Option<LinkCause>) -> Answer {
    let error = cause.map(|cause| LinkError {
        node: None,
        others_failed: false,
        cause,
    });
    Answer::Tested { ms, error }
}

/// Reads a list of nodes, without cookies.
///
/// # Errors
/// [`Code::NodeList`] if there is none that can be used.
pub async fn list(url: &str) -> Result<Answer, Failure> {
    let url = node_list::url_of(url)?;
    let read = Box::pin(read_list(&url));
    let nodes = match select(read, Box::pin(time::sleep(LIST))).await {
        Either::Left((nodes, _)) => nodes?,
        Either::Right(_) => {
            return Err(Failure::new(Code::NodeList)
                .host(&url)
                .reason(Reason::Silent));
        }
    };
    Ok(Answer::Nodes { nodes })
}

async fn read_list(url: &str) -> Result<Vec<String>, Failure> {
    let bad = |reason| Failure::new(Code::NodeList).host(url).reason(reason);
    let broken = |error| Failure::of_http(Code::NodeList, &error);
    let mut answer = ask("GET", url.to_owned()).await.map_err(broken)?;
    // What the list leads to has to be as safe as the list.
    let from = answer.body.url().to_owned();
    if let Err(failure) = node_list::url_of(&from) {
        return Err(failure.host(url));
    }
    if answer.status != 200 {
        return Err(bad(Reason::Status).status(answer.status));
    }
    let mut list = Vec::new();
    while let Some(piece) = answer.body.chunk().await.map_err(broken)? {
        if list.len() + piece.len() > MAX_LIST {
            return Err(bad(Reason::TooLong));
        }
        list.extend_from_slice(&piece);
    }
    let is_private = node_list::is_private(url) && node_list::is_private(&from);
    node_list::parse(&list, is_private).map_err(|failure| failure.host(url))
}

/// Calls a function of one who provides it: of the first who can be reached, because a call that was sent may have been
/// carried out.
///
/// # Errors
/// [`Code::CallFailed`] if the name or the arguments cannot be used, or nobody replies.
pub async fn call(network: &Network, function: &str, args: &str) -> Result<Answer, Failure> {
    let function = function.trim();
    let bad = |reason| Failure::new(Code::CallFailed).name(function).reason(reason);
    let name: FunctionName = function.parse().map_err(|_| bad(Reason::BadFunction))?;
    let args = match args.trim() {
        "" => "{}",
        args => args,
    };
    if args.len() > MAX_MESSAGE {
        return Err(bad(Reason::TooLong));
    }
    let args = serde_json::from_str(args).map_err(|_| bad(Reason::BadArguments))?;
    let request = Request {
        function: name.clone(),
        args,
    };
    let mut failure = bad(Reason::NoFunction);
    let mut providers = ports::Network::providers(network, name).take(PROVIDERS);
    while let Some(provider) = providers.next().await {
        let began = time::now_ms();
        let called = ports::Network::call(network, provider.clone(), request.clone(), CALL).await;
        match called {
            Ok(reply) => {
                let text = match &reply {
                    Reply::Ok(ok) => serde_json::to_string_pretty(ok),
                    Reply::Error(error) => serde_json::to_string_pretty(error),
                };
                return Ok(Answer::Text {
                    text: text.unwrap_or_default(),
                    peer: Some(provider),
                    ms: Some(time::now_ms().saturating_sub(began)),
                });
            }
            Err(NetworkError::Offline) => return Err(Code::Offline.into()),
            Err(error) => {
                failure = Failure::of_call(Code::CallFailed, &error).name(function);
                if error != NetworkError::Unreachable {
                    break;
                }
            }
        }
    }
    Err(failure)
}
