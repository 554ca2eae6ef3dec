//! Files shared from a terminal are fetched in a browser, and the other way round.

use anyhow::{Context, ensure};
use fluence_tests::files;
use fluence_tests::scene::same_bytes;

use crate::{SMALL, play};

#[test]
fn a_file_from_the_command_line_is_fetched_in_a_browser() {
    play("command_line_to_browser", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(5_000_000, 11);
        let file = scene.file("holiday.bin", &bytes)?;
        let terminal = scene.command_line("terminal", &node)?;
        let (sharing, cid) = terminal.share(&file).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.fetch(&format!("https://gateway.example/ipfs/{cid}?filename=x"))
            .await?;
        face.wait_named("holiday.bin", &["done", "shared"], SMALL)
            .await?;
        same_bytes(&bob.saved("holiday.bin", SMALL).await?, &bytes)?;
        let code = sharing.terminate().await?;
        ensure!(
            code == Some(0),
            "`fluence share` ended with {code:?} on SIGTERM"
        );
        Ok(())
    });
}

#[test]
fn a_file_from_a_browser_is_fetched_on_the_command_line() {
    play("browser_to_command_line", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(5_000_000, 12);
        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("holiday.bin", &bytes)?]).await?;
        let shown = face.wait_named("holiday.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        let file = terminal.fetch(&cid, SMALL).await?;
        ensure!(file.ends_with("holiday.bin"), "saved as {}", file.display());
        same_bytes(&file, &bytes)
    });
}
