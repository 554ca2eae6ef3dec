//! `fluence node`: runs a node.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use words::Words;

use super::{Context, stop_signal};
use crate::exit::Failed;
use crate::node::{Node, Options};
use crate::text;

/// Run a node: it relays, keeps the records of who provides what, and stores files for their
/// sharers.
///
/// By default it serves this machine alone. To let others use it, have it listen on other
/// addresses, and say with --external-address and --public-url how they reach it. For both,
/// browsers require TLS, which a reverse proxy can provide.
#[derive(Debug, Args)]
pub(super) struct NodeArgs {
    /// The configuration file, in TOML [default: node.toml in the state directory, if it is there].
    #[arg(long, value_name = "FILE", env = "FLUENCE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

pub(super) async fn run(context: &Context, args: NodeArgs) -> Result<(), Failed> {
    let home = context.home()?;
    let config = args
        .options
        .complete(args.config.as_deref(), home.path())?
        .config(home.path())?;
    let hides_http = config.hides_http();
    let identity = home.exclusive_identity()?;
    // One future for the whole run, so that no signal between two waits is lost.
    let mut stopping = std::pin::pin!(stop_signal());
    let node = tokio::select! {
        node = Node::start(identity.keypair.clone(), home.path(), config) => node?,
        () = &mut stopping => return Ok(()),
    };
    let addresses: Vec<String> = node
        .addresses()
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    context.output.event(&json!({
        "event": "listening",
        "peer": node.peer().id().to_string(),
        "addresses": &addresses,
        "http": node.http(),
        "url": node.url(),
    }));
    for address in &addresses {
        context.output.result(address);
    }
    context.output.result(&node.http());
    let warn =
        |code: &str, Words { what, advice }: Words| context.output.warn(code, &what, &advice);
    if hides_http {
        warn("public_url", text::hidden_http(node.url()));
    }
    if node.ipfs_answers() == Some(false) {
        warn("ipfs", text::ipfs_away());
    }
    context.output.say(text::NODE_RUNS);
    stopping.await;
    context.output.say(text::STOPPING);
    node.stop().await;
    context.output.event(&json!({"event": "stopped"}));
    Ok(())
}
