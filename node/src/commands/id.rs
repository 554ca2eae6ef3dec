//! `fluence id`: prints the peer id of the state directory.

use serde_json::json;

use super::Context;
use crate::exit::Failed;

pub(super) fn run(context: &Context) -> Result<(), Failed> {
    let peer = context.home()?.keypair()?.public().to_peer_id();
    context
        .output
        .event(&json!({"event": "id", "peer": peer.to_string()}));
    context.output.result(&peer.to_string());
    Ok(())
}
