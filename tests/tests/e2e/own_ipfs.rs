//! A person's own IPFS node in place of a node's storage: it is entered and tested in the settings,
//! and used for sharing and fetching.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::kubo::{Daemon, KUBO, Software};
use fluence_tests::scene::{Scene, same_bytes};
use serde_json::{Value, json};
use thirtyfour::{By, Key};

use crate::{SMALL, play};

/// How long the settings may take to show the result of a test.
const TEST: Duration = Duration::from_secs(40);

#[test]
fn a_kubo_of_ones_own_is_used() {
    match Software::kubo() {
        Some(kubo) => play("own_kubo", async |scene| own_node(scene, &kubo).await),
        None => eprintln!("skipped a_kubo_of_ones_own_is_used: {KUBO} names no Kubo"),
    }
}

#[test]
fn an_ipfs_node_of_ones_own_is_used() {
    match Software::go_peer() {
        Some(peer) => play("own_ipfs", async |scene| own_node(scene, &peer).await),
        None => eprintln!("skipped an_ipfs_node_of_ones_own_is_used: there is no Go"),
    }
}

async fn own_node(scene: &Scene, software: &Software) -> Result<()> {
    let node = scene.node("node", &[]).await?;
    let mut daemon = software.start().await?;
    let other = software.start().await?;
    let (alice, face) = scene.online("alice", &node).await?;
    set_up(&alice, &face, &mut daemon, &other.gateway).await?;
    drop(other);

    let bytes = files::noise(5_000_000, 91);
    face.share(&[&scene.file("holiday.bin", &bytes)?]).await?;
    let shared = face.wait_named("holiday.bin", &["shared"], SMALL).await?;
    let cid = shared.cid.context("a shared file without a hash")?;
    ensure!(
        !daemon.has(&cid).await?,
        "it was uploaded before anybody asked for it"
    );

    let (mut bob, at_bob) = scene.online("bob", &node).await?;
    at_bob.fetch(&cid).await?;
    at_bob
        .wait_named("holiday.bin", &["done", "shared"], SMALL)
        .await?;
    same_bytes(&bob.saved("holiday.bin", SMALL).await?, &bytes)?;
    ensure!(
        daemon.cat(&cid).await? == bytes,
        "the daemon has other bytes"
    );
    // Otherwise Bob would also serve the file to others, through the node's storage.
    bob.close().await?;
    ensure!(
        node.uploaded().await? == 0,
        "bytes went to the node's storage"
    );

    let item = "[data-testid=\"item\"]";
    let toggle = format!("{item} [data-testid=\"item-log-toggle\"]");
    alice.driver()?.find(By::Css(toggle)).await?.click().await?;
    logged(&face, "Uploaded: ", 1).await?;
    let carol = scene.command_line("carol", &node)?;
    same_bytes(&carol.fetch(&cid, SMALL).await?, &bytes)?;
    logged(&face, "nothing is uploaded", 1).await?;

    // The file is not pinned, so garbage collection removes it, and it is sent again when somebody
    // asks.
    daemon.call("repo/gc", &[]).await?.ok()?;
    ensure!(!daemon.has(&cid).await?, "the garbage was not collected");
    let dave = scene.command_line("dave", &node)?;
    same_bytes(&dave.fetch(&cid, SMALL).await?, &bytes)?;
    logged(&face, "Uploaded: ", 2).await?;
    ensure!(
        node.uploaded().await? == 0,
        "bytes went to the node's storage"
    );
    face.picture("shared").await
}

/// Enters the daemon in the settings, making every mistake on the way, and saves them once the test
/// succeeds.
async fn set_up(
    alice: &Browser,
    face: &Face,
    daemon: &mut Daemon,
    other_gateway: &str,
) -> Result<()> {
    let driver = alice.driver()?;
    let here = driver.current_url().await?;
    let mut settings = here.clone();
    settings.set_query(Some("view=options"));
    driver.goto(settings.as_str()).await?;
    shown(face, "settings-ipfs").await?;
    press(alice, "advanced").await?;
    press(alice, "settings-ipfs").await?;
    shown(face, "settings-rpc").await?;

    // Nothing listens at this port, which was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    fill(alice, "settings-rpc", &format!("http://{free}")).await?;
    fill(alice, "settings-gateway", &daemon.gateway).await?;
    failed(alice, face, "rpc_unreachable").await?;

    // The daemon does not allow the extension's origin; the settings show the command that allows
    // it.
    fill(alice, "settings-rpc", &daemon.rpc).await?;
    let advice = failed(alice, face, "origin_refused").await?;
    face.picture("refused").await?;
    let at = advice.find("ipfs config").context("no command is shown")?;
    daemon.configure(&advice[at..]).await?;
    daemon.stop().await?;
    daemon.start_again().await?;

    fill(alice, "settings-gateway", other_gateway).await?;
    failed(alice, face, "another_node").await?;

    fill(alice, "settings-gateway", &daemon.gateway).await?;
    press(alice, "settings-test").await?;
    // The gateway is one of this computer, which nobody else can reach.
    shown(face, "ipfs-local").await?;
    face.picture("good").await?;
    press(alice, "settings-save").await?;
    face.wait(
        "the end of saving",
        SMALL,
        r#"return document.querySelector('[data-testid="settings-save"]').disabled
             && document.querySelector('[data-testid="settings-revert"]') === null;"#,
    )
    .await?;
    driver.goto(here.as_str()).await?;
    shown(face, "network").await?;
    Ok(())
}

async fn shown(face: &Face, testid: &str) -> Result<Value> {
    let body = format!("return !!document.querySelector('[data-testid=\"{testid}\"]');");
    face.wait(&format!("“{testid}”"), TEST, &body).await
}

/// Presses a button that may be out of view. It is scrolled to the middle, because the bar at the
/// bottom of the window could cover it.
async fn press(alice: &Browser, testid: &str) -> Result<()> {
    let driver = alice.driver()?;
    let middle = format!(
        "document.querySelector('[data-testid=\"{testid}\"]').scrollIntoView({{ block: 'center' }});"
    );
    driver.execute(middle, vec![]).await?;
    Ok(driver.find(By::Testid(testid)).await?.click().await?)
}

async fn fill(alice: &Browser, testid: &str, text: &str) -> Result<()> {
    press(alice, testid).await?;
    let field = alice.driver()?.find(By::Testid(testid)).await?;
    field.send_keys(Key::Control + "a").await?;
    Ok(field.send_keys(text).await?)
}

/// Presses *Test*, waits for this failure, and returns its advice.
async fn failed(alice: &Browser, face: &Face, code: &str) -> Result<String> {
    press(alice, "settings-test").await?;
    let body = format!(
        "const shown = document.querySelector('[data-testid=\"ipfs-failure\"]');
         return shown?.dataset.code === {} && shown.querySelector('.advice').textContent;",
        json!(code)
    );
    let advice = face.wait(&format!("“{code}”"), TEST, &body).await?;
    Ok(advice.as_str().unwrap_or_default().to_owned())
}

/// Waits until the open log contains `what` this many times.
async fn logged(face: &Face, what: &str, times: usize) -> Result<()> {
    let body = format!(
        "const log = document.querySelector('[data-testid=\"item-log\"]')?.innerText ?? '';
         return log.split({}).length === {};",
        json!(what),
        times + 1
    );
    face.wait(&format!("“{what}” in the log"), SMALL, &body)
        .await?;
    Ok(())
}
