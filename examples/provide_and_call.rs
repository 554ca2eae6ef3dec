//! Provides a function at one peer and calls it from another, through a node (`fluence node`):
//!
//!     cargo run --package fluence-peer --example provide_and_call -- /ip4/127.0.0.1/tcp/4102/ws

use std::{error::Error, pin::pin, time::Duration};

use fluence::call::{Reply, Request};
use fluence_peer::{Config, Keypair, Multiaddr, Peer};
use futures::StreamExt;
use serde_json::{Map, Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let node: Multiaddr = address
        .as_deref()
        .unwrap_or("/ip4/127.0.0.1/tcp/4102/ws")
        .parse()?;
    let client = || {
        Peer::start(Config::client(
            Keypair::generate_ed25519(),
            vec![node.clone()],
        ))
    };

    let (provider, mut calls, _status) = client()?;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let name = call
                .request
                .args
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("nobody");
            let reply = Reply::ok(&json!({"greeting": format!("Hello, {name}!")}));
            call.reply(reply);
        }
    });
    // A second, short-lived peer looks the function up and calls it. The functions that it could
    // not reach are returned.
    let unreachable = provider.announce(vec!["greet".parse()?]).await?;
    assert!(unreachable.is_empty(), "nobody can call {unreachable:?}");

    let (caller, _calls, _status) = client()?;
    let first = pin!(caller.providers("greet".parse()?)).next().await;
    let request = Request::new("greet".parse()?, &json!({"name": "Ada"}));
    let reply = caller
        .call(
            first.ok_or("no provider")?,
            request,
            Duration::from_secs(10),
        )
        .await?;
    println!(
        "{}",
        Value::Object(reply.into_result::<Map<String, Value>>()?)
    );
    Ok(())
}
