//! `fluence node`: runs a node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use words::Words;

use super::{Context, HangUp, terminated};
use crate::exit::Failed;
use crate::node::{Node, Options};
use crate::text;

/// Run a node: it relays, keeps the records of who provides what, and stores files for their
/// sharers.
///
/// By default it serves this machine alone. To let others use it, say with --domain which host name
/// leads to it, for which it then gets a certificate, or give it one with --tls-cert and --tls-key; or
/// have it listen on other addresses, and say with --external-address and --public-url how they
/// reach it. For both, browsers require TLS, which a reverse proxy can provide too.
/// docs/operating.md has the steps. SIGHUP has the lists and the certificate read again.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct NodeArgs {
    #[command(subcommand)]
    command: Option<NodeCommand>,
    /// The configuration file, in TOML [default: node.toml in the state directory, if it is there].
    #[arg(long, value_name = "FILE", env = "FLUENCE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// What else can be done with a node.
#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// Tell what the node that runs with this state directory is, holds, has done and refuses.
    Status,
}

pub(super) async fn run(context: &Context, args: NodeArgs) -> Result<(), Failed> {
    if let Some(NodeCommand::Status) = args.command {
        return status(context).await;
    }
    let home = context.home()?;
    let config = args
        .options
        .complete(args.config.as_deref(), home.path())?
        .config(home.path())?;
    let hides_http = config.hides_http();
    let identity = home.exclusive_identity()?;
    // From now on, SIGHUP does not end the node.
    let mut hang_up = HangUp::new();
    // One future for the whole run, so that no signal between two waits is lost.
    let mut stopping = std::pin::pin!(terminated());
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
        "metrics": node.metrics(),
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
    if node.announced().await.is_empty() {
        warn("external_address", text::announces_nothing());
    }
    if node.ipfs_answers() == Some(false) {
        warn("ipfs", text::ipfs_away());
    }
    context.output.say(text::NODE_RUNS);
    loop {
        tokio::select! {
            () = &mut stopping => break,
            () = hang_up.heard() => {
                let failed = node.reload().await;
                if failed.is_empty() {
                    tracing::info!("{}", text::RELOADED);
                }
                for failed in failed {
                    tracing::error!("what was in use stays in use: {failed}");
                }
            }
        }
    }
    context.output.say(text::STOPPING);
    node.stop().await;
    context.output.event(&json!({"event": "stopped"}));
    Ok(())
}

/// Asks the node that runs for its status.
#[cfg(unix)]
async fn status(context: &Context) -> Result<(), Failed> {
    use indicatif::ProgressBar;

    use crate::operator::{Local, Operation, Remote};
    let home = context.home.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let node = Remote::connect(&home, None)?.ok_or_else(|| text::no_node_here(&home))?;
        let (input, output) = (Box::new(std::io::empty()), Box::new(std::io::sink()));
        let mut port = Local::new(input, output, ProgressBar::hidden());
        node.perform(&Operation::Status, &mut port)
    });
    let status = asked.await.map_err(|_| Failed::ending())??;
    context.output.event(&status);
    for line in text::status(&status) {
        context.output.result(&line);
    }
    Ok(())
}

/// A node has no socket for its operator here.
#[cfg(not(unix))]
async fn status(context: &Context) -> Result<(), Failed> {
    Err(text::no_node_here(&context.home))
}
