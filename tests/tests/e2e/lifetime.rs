//! Files are served for as long as the browser is open, whatever a person does with it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use fluence_tests::command_line::CommandLine;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{SMALL, TEST, play_for, skips_firefox};

/// How long nothing at all happens. This is several times longer than the browser lets an idle
/// worker live.
const QUIET: Duration = Duration::from_secs(180);
/// The environment variable that sets another number of seconds, such as an hour for a run by hand.
const QUIET_SECONDS: &str = "FLUENCE_QUIET_SECONDS";
/// How long one probing call may take.
const PROBE: Duration = Duration::from_secs(20);

#[test]
fn with_no_popup_and_no_tab_a_stranger_s_call_is_answered() {
    let (name, quiet) = match std::env::var(QUIET_SECONDS) {
        Ok(seconds) => {
            let seconds = seconds.parse().expect("a number of seconds");
            ("lifetime-by-hand", Duration::from_secs(seconds))
        }
        Err(_) => ("lifetime", QUIET),
    };
    if skips_firefox(name, "it runs the extension only under its driver") {
        return;
    }
    play_for(TEST + quiet, name, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(3_000_000, 31);
        let (mut alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("quiet.bin", &bytes)?]).await?;
        let shown = face.wait_named("quiet.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        drop(face);
        alice.close().await?;

        // From here on nothing is attached to the browser, because that would keep the worker
        // alive.
        let alone = alice.open_alone("about:blank")?;
        let stranger = scene.command_line("stranger", &node)?;
        until_answered(&stranger, &cid).await?;
        sleep(quiet).await;
        let asked = Instant::now();
        let file = stranger
            .fetch(&cid, SMALL)
            .await
            .with_context(|| format!("after {quiet:?} without popup or tab"))?;
        eprintln!("answered after {quiet:?}, in {:?}", asked.elapsed());
        same_bytes(&file, &bytes)?;
        alone.close().await
    });
}

/// Calls the file's function until it is answered, which shows that the browser has announced it
/// again by itself.
pub async fn until_answered(stranger: &CommandLine, cid: &str) -> Result<()> {
    let function = format!("IPFS_{cid}");
    let deadline = Instant::now() + ONLINE;
    loop {
        match stranger
            .call(&function, &json!({"probe": true}), PROBE)
            .await
        {
            Ok(_) => return Ok(()),
            // Each attempt is a look-up and a call through the node, so a short wait is enough.
            Err(error) if Instant::now() >= deadline => {
                bail!(error.context(format!("not announced again within {ONLINE:?}")))
            }
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}
