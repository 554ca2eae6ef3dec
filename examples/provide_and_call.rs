//! Provides a function at one peer and calls it from another, through a node (`fluence node`):
//!
//!     cargo run --package fluence-peer --example provide_and_call -- /ip4/127.0.0.1/tcp/4102/ws

use std::{env, error::Error, pin::pin, time::Duration};

use fluence::call::{Reply, Request};
use fluence_peer::{Config, Keypair, Multiaddr, Peer};
use futures::StreamExt;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let node: Multiaddr = env::args().nth(1).ok_or("name a node")?.parse()?;
    let config = || Config::client(Keypair::generate_ed25519(), vec![node.clone()]);

    let (provider, mut calls, _status) = Peer::start(config())?;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let args = json!(call.request.args);
            let name = args["name"].as_str().unwrap_or("nobody");
            call.reply(Reply::ok(&json!({"greeting": format!("Hello, {name}!")})));
        }
    });
    // A second, short-lived peer looks the function up and calls it; what it cannot reach comes back.
    let unreachable = provider.announce(vec!["greet".parse()?]).await?;
    assert!(unreachable.is_empty(), "nobody can call {unreachable:?}");

    let (caller, _calls, _status) = Peer::start(config())?;
    let first = pin!(caller.providers("greet".parse()?)).next().await;
    let request = Request::new("greet".parse()?, &json!({"name": "Ada"}));
    let peer = first.ok_or("no provider")?;
    let reply = caller.call(peer, request, Duration::from_secs(10)).await?;
    println!("{}", reply.into_result::<Value>()?);
    Ok(())
}
