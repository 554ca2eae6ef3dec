//! Whatever the input, each fetch or share ends in bounded time with a message that says what
//! happened, and disturbs nothing else.

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use fluence_tests::command_line::CommandLine;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::process::{Program, repository};
use fluence_tests::scene::{Scene, same_bytes};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{FAILURE, SMALL, play};

#[test]
fn what_is_no_hash_is_named_and_begins_nothing() {
    play("no_hash", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (_bob, face) = scene.online("bob", &node).await?;
        for text in [
            "hello",
            "Qm",
            "https://example.org/",
            "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ",
            "../../etc/passwd",
        ] {
            face.fetch(text).await?;
            let said = face.fetch_error(SMALL).await?;
            ensure!(said.contains(text), "“{text}”: {said}");
        }
        face.picture("no-hash").await?;
        let items = face.items().await?;
        ensure!(items.is_empty(), "something began: {items:?}");
        Ok(())
    });
}

#[test]
fn a_fetch_that_cannot_succeed_says_why() {
    play("failing_fetches", async |scene| {
        let node = scene.node("node", &[]).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let (bob, face) = scene.online("bob", &node).await?;
        let fails = async |cid: &str, codes: &[&str]| -> Result<String> {
            face.fetch(cid).await?;
            let shown = face.wait_failed(cid, FAILURE).await?;
            let code = shown.failure.clone().unwrap_or_default();
            ensure!(
                codes.contains(&code.as_str()),
                "not one of {codes:?}: {shown:?}"
            );
            face.picture(&code).await?;
            face.remove(&shown).await?;
            Ok(shown.text)
        };

        let nobody_s = scene.file("nobody-s.bin", &files::noise(1000, 51))?;
        fails(&terminal.hash(&nobody_s).await?, &["no_provider"])
            .await
            .context("nobody provides it")?;

        // A killed program cannot withdraw what it announced.
        let file = scene.file("gone.bin", &files::noise(1000, 52))?;
        let (sharing, cid) = terminal.share(&file).await?;
        sharing.kill().await?;
        fails(&cid, &["provider_gone"])
            .await
            .context("its provider is gone")?;

        // Nothing listens on port 9 (discard).
        let cid = some_cid(scene, &terminal, 53).await?;
        let provider = provide(scene, &node, &cid, "/ip4/127.0.0.1/tcp/9/http", "x.bin").await?;
        fails(&cid, &["storage_gone"])
            .await
            .context("its storage is gone")?;
        provider.kill().await?;

        let liar = liar().await?;
        let cid = some_cid(scene, &terminal, 54).await?;
        let provider = provide(scene, &node, &cid, &liar, "x.bin").await?;
        let text = fails(&cid, &["wrong_bytes"])
            .await
            .context("its storage lies")?;
        ensure!(!text.is_empty(), "there is no message");
        provider.kill().await?;

        let path = scene.file("vanished.bin", &files::noise(1_000_000, 55))?;
        let (sharing, cid) = terminal.share(&path).await?;
        std::fs::remove_file(&path)?;
        fails(&cid, &["provider_gone"])
            .await
            .context("the file vanished")?;
        sharing.terminate().await?;

        ensure!(
            bob.downloaded()?.is_empty(),
            "something was saved: {:?}",
            bob.downloaded()?
        );
        // A valid file can be fetched as before.
        let bytes = files::noise(1_000_000, 56);
        let (_sharing, cid) = terminal.share(&scene.file("good.bin", &bytes)?).await?;
        face.fetch(&cid).await?;
        face.wait_named("good.bin", &["done", "shared"], SMALL)
            .await?;
        same_bytes(&bob.saved("good.bin", SMALL).await?, &bytes)
    });
}

#[test]
fn a_hostile_name_stays_in_the_download_folder() {
    play("hostile_names", async |scene| {
        let node = scene.node("node", &[]).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let (bob, face) = scene.online("bob", &node).await?;
        let storage = storage_of(&node);
        let long = format!("{}.tar.gz", "語".repeat(300));
        let cut = format!("{}.gz", "語".repeat(65));
        let cases = [
            ("../../evil.txt", "evil.txt", "evil.txt"),
            ("C:\\Windows\\con.txt", "C:\\Windows\\con.txt", "_con.txt"),
            ("a\u{0}b\u{7}c\u{202e}txt.png", "abctxt.png", "abctxt.png"),
            (&long, &cut, &cut),
            (".env", ".env", "env"),
        ];
        for (seed, (name, seen, safe)) in (60..).zip(cases) {
            let bytes = files::noise(10_000, seed);
            let file = scene.file(&format!("honest-{seed}.bin"), &bytes)?;
            // The storage has the file from an honest fetch, and then a stranger provides it under
            // another name.
            let (sharing, cid) = terminal.share(&file).await?;
            terminal.fetch(&cid, SMALL).await?;
            // If it were asked to stop, it would take the file back.
            sharing.kill().await?;
            let provider = provide(scene, &node, &cid, &storage, name).await?;
            face.fetch(&cid).await?;
            let condition = format!(
                "item.cid === {} && ['done', 'shared', 'failed'].includes(item.status)",
                json!(cid)
            );
            let shown = face.wait_item("the fetch", SMALL, &condition).await?;
            ensure!(shown.name == seen, "“{name}” is shown as “{}”", shown.name);
            same_bytes(&bob.saved(safe, SMALL).await?, &bytes)?;
            // A name that had to change is told.
            let told = if safe == seen {
                "saved".to_owned()
            } else {
                format!("“{safe}”")
            };
            let saved = format!(
                "item.cid === {} && item.text.includes({})",
                json!(cid),
                json!(told)
            );
            face.wait_item("that it is told to be saved", SMALL, &saved)
                .await?;
            provider.kill().await?;
        }
        face.picture("names").await
    });
}

#[test]
fn what_a_zip_file_does_not_have_as_it_was_shared_is_told() {
    play("not_as_shared", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        for (car, words, changed) in [
            ("symlinks.car", ["left out", "escape"], false),
            ("dup-names.car", ["were changed", "a (2)"], true),
        ] {
            let car = repository().join("node/tests/awkward").join(car);
            let cid = node.import(&car).await?;
            face.fetch(&cid).await?;
            // Nobody knows its name.
            let name = format!("{cid}.zip");
            let shown = face.wait_named(&name, &["done", "shared"], SMALL).await?;
            bob.saved(&name, SMALL).await?;
            // The row itself says so, to whoever does not look at the log.
            let said = format!(
                "item.id === '{}' && item.text.includes('saved') && item.text.includes('1 name changed') === {changed}",
                shown.id
            );
            face.wait_item("what the row says", SMALL, &said).await?;
            face.press_in(&shown, "item-log-toggle").await?;
            let log = format!(
                r#"const log = document.querySelector('[data-testid="item-log"]')?.innerText ?? '';
                return {}.every((words) => log.includes(words));"#,
                json!(words)
            );
            face.wait(words[0], SMALL, &log).await?;
            face.picture(words[1]).await?;
            face.press_in(&shown, "item-log-toggle").await?;
        }
        Ok(())
    });
}

#[test]
fn a_node_that_refuses_is_named_to_both() {
    play("refusal", async |scene| {
        let node = scene.node("node", &["--max-file", "1MB"]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("too-large.bin", &files::noise(3_000_000, 71))?])
            .await?;
        let shown = face.wait_named("too-large.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let stranger = scene.command_line("stranger", &node)?;
        let ended = stranger.run(&["fetch", &cid], FAILURE).await?;
        let code = ended.error()?;
        ensure!(
            code == "refused",
            "the stranger is told {code}: {:?}",
            ended.lines
        );
        let shown = face
            .wait_item(
                "the refusal in the sharer's popup",
                SMALL,
                "item.failure !== null",
            )
            .await?;
        face.picture("refused").await?;
        ensure!(
            shown.status == "shared",
            "it is not offered any more: {shown:?}"
        );
        ensure!(
            node.uploaded().await? == 0,
            "bytes were uploaded all the same"
        );
        Ok(())
    });
}

#[test]
fn a_full_quota_is_named_and_disturbs_nothing_else() {
    play("quota", async |scene| {
        let node = scene.node("node", &["--peer-quota", "4MB"]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let stranger = scene.command_line("stranger", &node)?;
        let first = files::noise(3_000_000, 72);
        let mut cids = Vec::new();
        for (name, bytes) in [
            ("first.bin", &first),
            ("second.bin", &files::noise(3_000_000, 73)),
        ] {
            face.share(&[&scene.file(name, bytes)?]).await?;
            let shown = face.wait_named(name, &["shared"], SMALL).await?;
            cids.push(shown.cid.context("a shared file without a hash")?);
        }
        same_bytes(&stranger.fetch(&cids[0], SMALL).await?, &first)?;
        let ended = stranger.run(&["fetch", &cids[1]], FAILURE).await?;
        let code = ended.error()?;
        ensure!(
            code == "refused",
            "the stranger is told {code}: {:?}",
            ended.lines
        );
        face.wait_item(
            "the full quota in the sharer's popup",
            SMALL,
            "item.failure !== null && item.name === 'second.bin' && item.status === 'shared'",
        )
        .await?;
        face.picture("quota").await?;
        let other = scene.command_line("other", &node)?;
        same_bytes(&other.fetch(&cids[0], SMALL).await?, &first)
    });
}

/// The CID of a new file that nobody shares.
async fn some_cid(scene: &Scene, terminal: &CommandLine, seed: u64) -> Result<String> {
    let file = scene.file("some.bin", &files::noise(300_000, seed))?;
    terminal.hash(&file).await
}

/// Starts a provider of a file that refers every caller to `storage` and calls the file `name`.
async fn provide(
    scene: &Scene,
    node: &Node,
    cid: &str,
    storage: &str,
    name: &str,
) -> Result<Program> {
    let answer = json!({"multiaddr": storage, "name": name});
    let file = scene.file(&format!("{cid}.json"), answer.to_string().as_bytes())?;
    let stranger = scene.command_line(&format!("provider-{cid}"), node)?;
    stranger
        .provide(&format!("IPFS_{cid}"), &format!("cat '{}'", file.display()))
        .await
}

fn storage_of(node: &Node) -> String {
    let port = node
        .listening()
        .http
        .trim_end_matches('/')
        .rsplit(':')
        .next();
    format!("/ip4/127.0.0.1/tcp/{}/http", port.unwrap_or_default())
}

/// Starts a storage that answers every request with wrong bytes, and returns its multiaddr.
async fn liar() -> Result<String> {
    let answer = async || {
        (
            StatusCode::OK,
            [
                (header::CONTENT_TYPE, "application/vnd.ipld.car"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ],
            files::noise(400_000, 59),
        )
            .into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("/ip4/127.0.0.1/tcp/{port}/http"))
}
