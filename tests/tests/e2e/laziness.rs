//! Nothing is uploaded before somebody asks for it, and nothing is uploaded twice. The bytes are
//! counted at the storage.

use anyhow::{Context, ensure};
use fluence_tests::files;
use fluence_tests::scene::same_bytes;

use crate::{SMALL, play};

#[test]
fn a_file_is_uploaded_when_it_is_asked_for_and_once() {
    play("laziness", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (first, second) = (files::noise(4_000_000, 21), files::noise(6_000_000, 22));
        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[
            &scene.file("first.bin", &first)?,
            &scene.file("second.bin", &second)?,
        ])
        .await?;
        let mut cids = Vec::new();
        for name in ["first.bin", "second.bin"] {
            let shown = face.wait_named(name, &["shared"], SMALL).await?;
            cids.push(shown.cid.context("a shared file without a hash")?);
        }
        ensure!(
            node.uploaded().await? == 0,
            "bytes left the browser before anybody asked for them"
        );

        // The first request uploads the file, with no overhead but the DAG's inner nodes and the
        // CAR's framing.
        let once = |bytes: &[u8]| bytes.len() as u64..bytes.len() as u64 + 4096;
        let terminals = ["one", "two", "three", "four"]
            .iter()
            .map(|name| scene.command_line(name, &node))
            .collect::<Result<Vec<_>, _>>()?;
        same_bytes(&terminals[0].fetch(&cids[0], SMALL).await?, &first)?;
        let uploaded = node.uploaded().await?;
        ensure!(
            once(&first).contains(&uploaded),
            "{uploaded} bytes were uploaded"
        );

        // While the storage has the file, another request uploads nothing.
        same_bytes(&terminals[1].fetch(&cids[0], SMALL).await?, &first)?;
        let again = node.uploaded().await?;
        ensure!(
            again == uploaded,
            "{} bytes were uploaded again",
            again - uploaded
        );

        // Two requests at the same time upload the file once.
        let (one, two) = futures::try_join!(
            terminals[2].fetch(&cids[1], SMALL),
            terminals[3].fetch(&cids[1], SMALL)
        )?;
        same_bytes(&one, &second)?;
        same_bytes(&two, &second)?;
        let both = node.uploaded().await? - uploaded;
        ensure!(
            once(&second).contains(&both),
            "{both} bytes were uploaded for two at the same time"
        );
        Ok(())
    });
}
