//! `fluence call`: calls a function of another peer.

use std::time::Duration;

use clap::Args;
use fluence::call::{self, CallError, ErrorCode, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence_peer::{Peer, PeerId};
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::session::{Client, Earlier};
use super::{Context, NetworkArgs, close};
use crate::exit::Failed;
use crate::text;

/// The most providers that are asked, one after the other.
const MAX_PROVIDERS: usize = 16;

/// Call a function and print its result.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The function's name.
    name: String,
    /// The arguments, a JSON object.
    #[arg(default_value = "{}", value_name = "JSON")]
    args: String,
    /// Ask only this peer, without looking up providers.
    #[arg(long, value_name = "PEER")]
    peer: Option<String>,
    /// How long one provider may take, in seconds; if all are busy, one of them is asked again
    /// within that time.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) async fn run(context: &Context, args: CallArgs) -> Result<(), Failed> {
    let function = function_name(&args.name)?;
    let arguments: Map<String, Value> =
        serde_json::from_str(&args.args).map_err(|error| text::arguments_no_object(&error))?;
    let only = args
        .peer
        .map(|peer| {
            peer.parse::<PeerId>()
                .map_err(|_| text::not_a_peer_id(&peer))
        })
        .transpose()?;
    let request = Request {
        function,
        args: arguments,
    };
    // Checked here, because a call that is too large is not the fault of a provider.
    call::encode(&request).map_err(|error| text::call_too_large(&error))?;
    let client = Client::connect(&context.home()?, None, &args.network, &context.output).await?;
    let earlier = Earlier::of(context, &client, &args.network)?.begin(|_| false);
    let deadline = Duration::from_secs(args.timeout);
    let asked = ask(&client.peer, request, only, deadline).await;
    let (provider, result) = match asked {
        Ok(asked) => asked,
        Err(failed) => {
            earlier.end().await;
            close(&client.peer).await;
            return Err(failed);
        }
    };
    let result = Value::Object(result);
    context
        .output
        .event(&json!({"event": "result", "provider": provider.to_string(), "ok": &result}));
    context.output.result(&format!("{result:#}"));
    earlier.end().await;
    close(&client.peer).await;
    Ok(())
}

/// Asks one provider after the other until one has a result. When none is left, the busy provider
/// that is free first is asked once more.
async fn ask(
    peer: &Peer,
    request: Request,
    only: Option<PeerId>,
    deadline: Duration,
) -> Result<(PeerId, Map<String, Value>), Failed> {
    let function = request.function.clone();
    let providers = match only {
        Some(provider) => futures::stream::iter([provider]).boxed(),
        None => peer.providers(function.clone()).take(MAX_PROVIDERS).boxed(),
    };
    let mut providers = std::pin::pin!(providers.fuse());
    let mut busy: Option<Busy> = None;
    let mut last = None;
    loop {
        let (provider, until, again) = match providers.next().await {
            Some(provider) => (provider, Instant::now() + deadline, false),
            None => {
                let Some(busy) = busy.take() else { break };
                tokio::time::sleep_until(busy.free).await;
                (busy.provider, busy.until, true)
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        let error = match peer.call(provider, request.clone(), left).await {
            Ok(Reply::Ok(result)) => return Ok((provider, result)),
            Ok(Reply::Error(error)) => NetworkError::Call(error),
            Err(error) => error,
        };
        tracing::info!("{provider}: {error}");
        if !again
            && let Some(free) = free_at(&error).filter(|free| *free < until)
            && busy.as_ref().is_none_or(|busy| free < busy.free)
        {
            busy = Some(Busy {
                provider,
                free,
                until,
            });
        }
        // Another provider would not understand the request either.
        if matches!(
            &error,
            NetworkError::Call(CallError {
                code: ErrorCode::BadRequest,
                ..
            })
        ) {
            return Err(error.into());
        }
        last = Some(error);
    }
    Err(match last {
        Some(error) => error.into(),
        None => text::nobody_provides(&function),
    })
}

/// A provider that was busy.
struct Busy {
    provider: PeerId,
    /// When it may be asked again.
    free: Instant,
    /// The time by which it must have answered.
    until: Instant,
}

/// When a busy provider can be asked again, if it says so.
fn free_at(error: &NetworkError) -> Option<Instant> {
    match error {
        NetworkError::Call(CallError {
            code: ErrorCode::Busy,
            retry_after_ms: Some(wait),
            ..
        }) => Instant::now().checked_add(Duration::from_millis(*wait)),
        _ => None,
    }
}

/// Parses the name of a function from the command line.
pub(super) fn function_name(text: &str) -> Result<FunctionName, Failed> {
    text.parse()
        .map_err(|error| text::bad_function(text, &error))
}
