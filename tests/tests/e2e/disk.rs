//! The disk becomes full while a browser writes to it.

use anyhow::{Context, ensure};
use fluence_tests::disk::Disk;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::json;

use crate::lifetime::until_answered;
use crate::{SMALL, play, play_in_chromium};

/// The first size of the disk, in bytes: room for the browser itself and for a part of the file.
const SMALL_DISK: u64 = 160_000_000;
/// The later size of the disk, in bytes: room for everything twice.
const LARGE_DISK: u64 = 1_000_000_000;
/// The length of the file, in bytes.
const FILE: usize = 180_000_000;

/// Writes to the extension's database until a write is cut off in the middle, which leaves half of it in Chromium's log.
/// The worker itself does not write when the disk is full, but another program may fill it just then.
const CUT_OFF: &str = r#"
    const done = arguments[0];
    const opening = indexedDB.open("fluence");
    opening.onerror = () => done(String(opening.error));
    opening.onsuccess = async () => {
        const write = () => new Promise((written, failed) => {
            const transaction = opening.result.transaction(["meta"], "readwrite");
            transaction.oncomplete = written;
            transaction.onabort = () => failed(transaction.error);
            transaction.objectStore("meta").put("-".repeat(5000), "test");
        });
        try {
            for (let writes = 0; writes < 1000; writes++) await write();
            done(false);
        } catch {
            done(true);
        }
    };
"#;

#[test]
fn a_fetch_goes_on_when_there_is_room_again() {
    if !Disk::can_be_made() {
        // In some containers even root may not mount.
        eprintln!("skipped: no small disk can be made, which needs the right to mount");
        return;
    }
    play_in_chromium(
        "disk_full",
        "it keeps more of a small disk free than the test leaves",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let bytes = files::noise(FILE, 91);
            let terminal = scene.command_line("terminal", &node)?;
            let (_sharing, cid) = terminal.share(&scene.file("large.bin", &bytes)?).await?;
            let disk = Disk::new(&scene.path("browsers"), SMALL_DISK)?;
            let (bob, face) = scene.online("bob", &node).await?;
            // By itself the extension would leave nine tenths of the disk free.
            face.set("settings-max-room", "10").await?;
            let small = files::noise(100_000, 92);
            face.share(&[&scene.file("other.bin", &small)?]).await?;
            let other = face.wait_named("other.bin", &["shared"], SMALL).await?;

            face.fetch(&cid).await?;
            let stopped = face.wait_failed(&cid, SMALL).await?;
            face.picture("full").await?;
            ensure!(
                stopped.status == "interrupted" && stopped.failure.as_deref() == Some("disk_full"),
                "not stopped by the full disk: {stopped:?}"
            );
            let served = node.counter("/counters/served_bytes").await?;

            // Everything else works as before.
            let stranger = scene.command_line("stranger", &node)?;
            let other = other.cid.context("a shared file without a hash")?;
            until_answered(&stranger, &other).await?;
            same_bytes(&stranger.fetch(&other, SMALL).await?, &small)?;

            disk.resize(LARGE_DISK)?;
            face.go_on(&stopped, "item-resume").await?;
            face.wait_named("large.bin", &["done", "shared"], SMALL)
                .await?;
            same_bytes(&bob.saved("large.bin", SMALL).await?, &bytes)?;
            // The fetch resumed where it had stopped: what was written was not sent again.
            let again = node.counter("/counters/served_bytes").await? - served;
            ensure!(
                again < FILE as u64 * 2 / 3,
                "{served} bytes came before, and {again} after that, for {FILE}"
            );
            bob.picture("resumed").await
        },
    );
}

#[test]
fn a_database_outlasts_a_disk_that_becomes_full_again_and_again() {
    if !Disk::can_be_made() {
        eprintln!("skipped: no small disk can be made, which needs the right to mount");
        return;
    }
    play("disk_full_often", async |scene| {
        let node = scene.node("node", &[]).await?;
        let disk = Disk::new(&scene.path("browsers"), LARGE_DISK)?;
        let (mut bob, face) = scene.online("bob", &node).await?;
        // A file of this size is in the database.
        let bytes = files::noise(20_000, 93);
        face.share(&[&scene.file("kept.bin", &bytes)?]).await?;
        let shown = face.wait_named("kept.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        for room in ["5", "6", "7"] {
            disk.fill()?;
            let cut_off = bob.driver()?.execute_async(CUT_OFF, vec![]).await?;
            ensure!(
                cut_off.json() == &json!(true),
                "no write was cut off: {:?}",
                cut_off.json()
            );
            disk.resize(LARGE_DISK)?;
            face.set("settings-max-room", room).await?;
        }
        let before = face.state().await?;
        bob.crash().await?;

        bob.open().await?;
        let face = bob.face().await?;
        face.wait_network("online", ONLINE).await?;
        let after = face.state().await?;
        for kept in ["peer", "settings"] {
            ensure!(
                before[kept] == after[kept],
                "another {kept}: {} is now {}",
                before[kept],
                after[kept]
            );
        }
        let stranger = scene.command_line("stranger", &node)?;
        until_answered(&stranger, &cid).await?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)
    });
}
