//! What a person does in the popup: dropping files, copying links, clicking twice, opening it
//! twice.

use anyhow::{Context, Result, ensure};
use fluence_tests::files;
use fluence_tests::scene::same_bytes;
use serde_json::json;
use thirtyfour::{By, Key};

use crate::{SMALL, play, play_in_chromium};

#[test]
fn dropped_files_are_shared() {
    play("dropped_files", async |scene| {
        let node = scene.node("node", &[]).await?;
        let given = [
            ("one.txt", b"one".to_vec()),
            ("two.bin", files::noise(300_000, 81)),
            ("three.bin", files::noise(2_000_000, 82)),
        ];
        let paths = given
            .iter()
            .map(|(name, bytes)| scene.file(name, bytes))
            .collect::<Result<Vec<_>>>()?;
        let (alice, face) = scene.online("alice", &node).await?;

        // A single file is shared at once, and its link can be copied and pasted.
        face.drop_files(&[&paths[0]]).await?;
        let one = face.wait_named("one.txt", &["shared"], SMALL).await?;
        face.press_in(&one, "item-copy").await?;
        let link = format!("fluence:{}", one.cid.clone().unwrap_or_default());
        alice
            .pasted(By::Testid("fetch-input"), SMALL, |text| text == link)
            .await?;

        // When several files are dropped, the person chooses to share them together.
        face.drop_files(&[&paths[1], &paths[2]]).await?;
        face.wait(
            "the dropped files",
            SMALL,
            r#"return document.querySelectorAll('[data-testid="stage-name"]').length === 2;"#,
        )
        .await?;
        face.picture("staged").await?;
        face.press("stage-together").await?;
        face.press("stage-share").await?;
        let both = face.wait_named("2 files", &["shared"], SMALL).await?;
        let cid = both.cid.context("a shared directory without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        let directory = terminal.fetch(&cid, SMALL).await?;
        for (name, bytes) in &given[1..] {
            same_bytes(&directory.join(name), bytes)?;
        }
        Ok(())
    });
}

#[test]
fn a_dropped_link_is_in_the_field() {
    play("dropped_link", async |scene| {
        let mut alice = scene.browser("alice", None)?;
        alice.open().await?;
        let face = alice.face().await?;
        let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        let link = format!("fluence:{cid}");
        let has = |text: &str| {
            format!(
                r#"const field = document.querySelector('[data-testid="fetch-input"]');
                   return field.value === {} && document.activeElement === field;"#,
                json!(text)
            )
        };
        face.drop_text("text/uri-list", &link).await?;
        face.wait("the dropped link", SMALL, &has(&link)).await?;
        // A text in which there is one is found there when it is fetched.
        let text = format!("Here it is: {link}");
        face.drop_text("text/plain", &text).await?;
        face.wait("the dropped text", SMALL, &has(&text)).await?;
        ensure!(face.items().await?.is_empty(), "a fetch has begun");
        let wrong = r#"return !document.querySelector('[data-testid="share-error"]');"#;
        face.wait("no complaint", SMALL, wrong).await?;
        // Any other text is a file once the person says so, like one that is pasted.
        face.drop_text("text/plain", "milk, eggs, bread").await?;
        let staged =
            r#"return document.querySelectorAll('[data-testid="stage-name"]').length === 1;"#;
        face.wait("the text as a file", SMALL, staged).await?;
        face.picture("dropped").await
    });
}

#[test]
fn the_keyboard_s_focus_stays_in_the_list() {
    play("focus", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        for name in ["first.txt", "second.txt", "third.txt"] {
            face.share(&[&scene.file(name, name.as_bytes())?]).await?;
            face.wait_named(name, &["shared"], SMALL).await?;
        }
        let second = face.wait_named("second.txt", &["shared"], SMALL).await?;
        let first = face.wait_named("first.txt", &["shared"], SMALL).await?;
        let focused = |id: &str| {
            format!("return document.activeElement?.closest('[data-id]')?.dataset.id === '{id}';")
        };
        // Where the focus was on something that goes with nothing beside it, it is in the field at the top.
        let files = ["fourth.txt", "fifth.txt"].map(|name| scene.file(name, b"not shared"));
        let [fourth, fifth] = files;
        face.drop_files(&[&fourth?, &fifth?]).await?;
        let staged = "return document.activeElement?.dataset.testid === 'stage-share';";
        face.wait("the files to be shared", SMALL, staged).await?;
        face.press("stage-cancel").await?;
        let in_field = "return document.activeElement?.dataset.testid === 'fetch-input';";
        face.wait("the focus in the field", SMALL, in_field).await?;
        // The button that stops goes when it has done its work.
        face.enter_in(&second, "item-stop").await?;
        face.wait_named("second.txt", &["stopped"], SMALL).await?;
        face.wait("the focus", SMALL, &focused(&second.id)).await?;
        // So does the one that asks, and the one that is asked about goes with its row.
        face.enter_in(&second, "item-remove").await?;
        face.wait("the focus", SMALL, &focused(&second.id)).await?;
        face.enter_in(&second, "item-keep").await?;
        face.wait("the focus", SMALL, &focused(&second.id)).await?;
        face.enter_in(&second, "item-remove").await?;
        face.enter_in(&second, "item-confirm").await?;
        face.wait("the focus on the next row", SMALL, &focused(&first.id))
            .await?;
        Ok(())
    });
}

#[test]
fn the_same_file_in_two_tabs_is_fetched_once() {
    play("two_tabs", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(30_000_000, 83);
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&scene.file("once.bin", &bytes)?).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        let driver = bob.driver()?;
        let first = driver.window().await?;
        let other = bob.face_beside().await?;
        let second = driver.window().await?;

        // The CID is typed in both tabs, and then the button is pressed twice in each, faster than
        // any person could.
        let twice = r#"const button = document.querySelector('[data-testid="fetch-button"]');
            button.click(); button.click();"#;
        let field = By::Testid("fetch-input");
        driver.find(field.clone()).await?.send_keys(&cid).await?;
        driver.switch_to_window(first.clone()).await?;
        driver.find(field).await?.send_keys(&cid).await?;
        driver.execute(twice, vec![]).await?;
        driver.switch_to_window(second).await?;
        driver.execute(twice, vec![]).await?;

        for (face, tab) in [(&other, None), (&face, Some(first))] {
            if let Some(tab) = tab {
                driver.switch_to_window(tab).await?;
            }
            face.wait_named("once.bin", &["done", "shared"], SMALL)
                .await?;
            let items = face.items().await?;
            ensure!(items.len() == 1, "not one item: {items:?}");
        }
        same_bytes(&bob.saved("once.bin", SMALL).await?, &bytes)?;
        ensure!(bob.downloaded()?.len() == 1, "{:?}", bob.downloaded()?);
        // The storage served the file's blocks, and some bytes again where two parts meet.
        let served = node.counter("/counters/served_bytes").await?;
        let once = bytes.len() as u64..bytes.len() as u64 * 5 / 4;
        ensure!(once.contains(&served), "storage gave {served} bytes");
        Ok(())
    });
}

#[test]
fn a_file_that_is_shared_twice_is_one() {
    play("shared_twice", async |scene| {
        let node = scene.node("node", &[]).await?;
        let file = scene.file("twice.bin", &files::noise(1_000_000, 84))?;
        let (alice, face) = scene.online("alice", &node).await?;
        face.drop_files(&[&file]).await?;
        face.drop_files(&[&file]).await?;
        let shown = face.wait_named("twice.bin", &["shared"], SMALL).await?;
        let link = format!("fluence:{}", shown.cid.as_deref().unwrap_or_default());
        // The link of a file that was shared from the popup is on the clipboard once others can
        // fetch it.
        let field = By::Css(r#"[data-testid="fetch-input"]"#);
        alice.pasted(field, SMALL, |text| text == link).await?;
        face.wait(
            "that the second one is merged with the first",
            SMALL,
            r#"return document.querySelectorAll('[data-testid="item"]').length === 1;"#,
        )
        .await?;
        face.share(&[&file]).await?;
        // Sharing the same file again ends by showing the existing item.
        face.wait(
            "that the third one is merged too",
            SMALL,
            r#"return !document.querySelector('[data-testid="share-waiting"]')
                 && document.querySelectorAll('[data-testid="item"]').length === 1;"#,
        )
        .await?;
        let items = face.items().await?;
        ensure!(
            items.len() == 1 && items[0].cid == shown.cid,
            "not the one file: {items:?}"
        );
        Ok(())
    });
}

#[test]
fn a_web_link_opens_without_the_extension() {
    play("web_link", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(2_300_000, 86);
        let (alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("für alle.bin", &bytes)?]).await?;
        let shown = face.wait_named("für alle.bin", &["shared"], SMALL).await?;
        face.press_in(&shown, "item-log-toggle").await?;
        face.wait(
            "a web link in the details",
            SMALL,
            r#"return document.querySelector('[data-testid="item-web-link"]');"#,
        )
        .await?;
        face.picture("web_link").await?;
        face.press_in(&shown, "item-web").await?;
        let field = By::Css(r#"[data-testid="fetch-input"]"#);
        let link = alice
            .pasted(field, SMALL, |text| text.starts_with("http"))
            .await?;
        let http = node.listening().http.trim_end_matches('/');
        let cid = shown.cid.as_deref().unwrap_or_default();
        let expected = format!("{http}/#{cid}&name=f%C3%BCr%20alle.bin");
        ensure!(link == expected, "the link is {link}");
        ensure!(
            node.uploaded().await? == 0,
            "bytes left the browser before anybody opened the link"
        );
        // Other programs get the file as always.
        let file = format!("{http}/ipfs/{cid}");
        let answer = reqwest::get(&file).await?.error_for_status()?;
        let named = answer.headers().get("content-disposition").cloned();
        let named = named.context("the answer has no name")?;
        ensure!(
            named.to_str()?.contains("f%C3%BCr%20alle.bin"),
            "it is called {named:?}"
        );
        ensure!(answer.bytes().await? == bytes, "other bytes came");
        ensure!(
            node.uploaded().await? >= bytes.len() as u64,
            "nothing was uploaded for it"
        );
        Ok(())
    });
}

#[test]
fn a_text_that_is_pasted_is_shared_once_the_person_says_so() {
    play("pasted_text", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let driver = alice.driver()?;
        // As a person has it on the clipboard, and pastes it beside the field.
        let paste = async |text: &str| -> Result<()> {
            let field = driver.find(By::Testid("fetch-input")).await?;
            field.send_keys(text).await?;
            for key in ["a", "x"] {
                field.send_keys(Key::Control + key).await?;
            }
            let empty = "return document.querySelector('[data-testid=fetch-input]').value === '';";
            face.wait("that it is cut out", SMALL, empty).await?;
            let leave = "document.activeElement.blur();";
            driver.execute(leave, vec![]).await?;
            let page = driver.find(By::Tag("body")).await?;
            Ok(page.send_keys(Key::Control + "v").await?)
        };
        let text = "Milch, Eier und Brot";
        paste(text).await?;
        let staged = "return document.querySelector('[data-testid=stage-name]')?.title === 'Pasted text.txt' && document.activeElement.dataset.testid === 'stage-share';";
        face.wait("the question", SMALL, staged).await?;
        face.picture("staged").await?;
        ensure!(face.items().await?.is_empty(), "it is shared at once");
        face.press("stage-share").await?;
        let shown = face
            .wait_named("Pasted text.txt", &["shared"], SMALL)
            .await?;
        let cid = shown.cid.context("it has no hash")?;
        let url = format!("{}/ipfs/{cid}", node.listening().http.trim_end_matches('/'));
        let got = reqwest::get(&url).await?.error_for_status()?.text().await?;
        ensure!(got == text, "“{got}” was shared");
        // What may be a link goes into the field.
        let message = format!("Schau: fluence:{cid} bis dann");
        paste(&message).await?;
        let field = format!(
            "return document.querySelector('[data-testid=fetch-input]').value === {};",
            json!(message)
        );
        face.wait("the text in the field", SMALL, &field).await?;
        Ok(())
    });
}

#[test]
fn the_system_sends_a_link_where_it_can() {
    play("send_link", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("notes.txt", b"notes")?]).await?;
        let shown = face.wait_named("notes.txt", &["shared"], SMALL).await?;
        let driver = alice.driver()?;
        let sent = |body: &str| format!("navigator.share = async (what) => {{ {body} }};");
        // The dialog is the system's, and the one on which tests run has none.
        let none =
            "Object.defineProperty(navigator, 'share', { value: undefined, writable: true });";
        driver.execute(none, vec![]).await?;
        face.find_in(&shown, "item-menu").await?.click().await?;
        let menu = "return !!document.querySelector('[data-testid=item-qr]');";
        face.wait("the menu", SMALL, menu).await?;
        let entry = By::Testid("item-send");
        ensure!(driver.find(entry.clone()).await.is_err(), "there is one");
        driver
            .active_element()
            .await?
            .send_keys(Key::Escape + "")
            .await?;

        driver.execute(sent("window.sent = what;"), vec![]).await?;
        face.press_in(&shown, "item-send").await?;
        let sent_to = face.wait("the link", SMALL, "return window.sent;").await?;
        let link = format!("fluence:{}", shown.cid.as_deref().unwrap_or_default());
        ensure!(sent_to == json!({ "text": link }), "{sent_to}");

        // Who closes the dialog is told nothing, and who cannot open it how to go on.
        let told = "return !!document.querySelector('[data-testid=share-error]')?.checkVisibility() &&
            document.querySelector('[data-testid=share-error]').textContent.includes('did not send');";
        for (why, is_told) in [("AbortError", false), ("NotAllowedError", true)] {
            let refused = format!("window.asked = true; throw new DOMException('', '{why}');");
            driver.execute(sent(&refused), vec![]).await?;
            face.press_in(&shown, "item-send").await?;
            face.wait("the question", SMALL, "return window.asked;")
                .await?;
            driver.execute("window.asked = false;", vec![]).await?;
            if is_told {
                face.wait("that it was not sent", SMALL, told).await?;
            } else {
                let drawn =
                    "const [done] = arguments; requestAnimationFrame(() => setTimeout(done));";
                driver.execute_async(drawn, vec![]).await?;
                let told = driver.execute(told, vec![]).await?;
                ensure!(*told.json() == json!(false), "it is called a failure");
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_stopped_is_not_served_until_it_is_shared_again() {
    play("stopped", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(1_200_000, 85);
        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("now-and-then.bin", &bytes)?])
            .await?;
        let shown = face
            .wait_named("now-and-then.bin", &["shared"], SMALL)
            .await?;
        face.wait_badge("1 file is shared", SMALL).await?;
        face.press_in(&shown, "item-stop").await?;
        let stopped = face
            .wait_named("now-and-then.bin", &["stopped"], SMALL)
            .await?;
        face.wait_badge("ready to share and fetch.", SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let stranger = scene.command_line("stranger", &node)?;
        let refused = stranger.fetch(&cid, SMALL).await;
        ensure!(refused.is_err(), "it was served although it was stopped");
        ensure!(node.uploaded().await? == 0, "bytes left the browser");

        face.press_in(&stopped, "item-again").await?;
        face.wait_named("now-and-then.bin", &["shared"], SMALL)
            .await?;
        face.wait_badge("1 file is shared", SMALL).await?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)
    });
}

#[test]
fn a_folder_is_the_same_whoever_shares_it() {
    play_in_chromium("same_folder", "nothing can drop a folder", async |scene| {
        let node = scene.node("node", &[]).await?;
        let folder = scene.path("F");
        std::fs::create_dir_all(folder.join("sub/nothing"))?;
        for name in [
            ".env",
            "100%.txt",
            "~x",
            "a:b.txt",
            "back\\slash.txt",
            "index.html",
            "e\u{301}",
            "\u{e9}",
            "sub/x",
        ] {
            std::fs::write(folder.join(name), name)?;
        }
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&folder).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        face.drop_files(&[&folder]).await?;
        face.wait(
            "the dropped folder",
            SMALL,
            r#"return !!document.querySelector('[data-testid="stage-share"]');"#,
        )
        .await?;
        face.press("stage-share").await?;
        let shown = face.wait_named("F", &["shared"], SMALL).await?;
        ensure!(
            shown.cid.as_deref() == Some(&cid),
            "the command line calls it {cid}: {shown:?}"
        );
        Ok(())
    });
}
