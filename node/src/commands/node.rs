//! `fluence node`: runs a node.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Context, stop_signal};
use crate::exit::Failed;
use crate::node::{Node, Options};

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
    if hides_http {
        let what = format!(
            "Others are told that the storage is at {}, where each of them finds only their own \
             machine. They can neither upload nor fetch.",
            node.url()
        );
        let advice = "Say with --public-url (or FLUENCE_PUBLIC_URL) how they reach this node's HTTP, such as \
                      http://192.168.1.5:4180 or https://node.example.org.";
        context.output.event(
            &json!({"event": "warning", "code": "public_url", "message": what, "advice": advice}),
        );
        context.output.say(&format!("Warning: {what} {advice}"));
    }
    context.output.say("The node runs until Ctrl-C.");
    stopping.await;
    context.output.say("Stopping.");
    node.stop().await;
    context.output.event(&json!({"event": "stopped"}));
    Ok(())
}
