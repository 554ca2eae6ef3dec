//! The pages beside the list of files, used as a person uses them: the settings, the first page and the network.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence::names::canonical;
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::kubo::Software;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Key};
use tokio::time::{Instant, sleep};

use crate::{FAILURE, SMALL, play};

/// How often it is looked for what there is no event for.
const LOOK: Duration = Duration::from_millis(50);

/// Goes to a page of the extension, and waits until it shows this element.
async fn go(alice: &Browser, face: &Face, view: &str, testid: &str) -> Result<()> {
    let page = alice.extension_url(&format!("popup.html?view={view}"));
    alice.driver()?.goto(page).await?;
    shown(face, testid).await
}

async fn shown(face: &Face, testid: &str) -> Result<()> {
    let body = format!("return !!document.querySelector('[data-testid=\"{testid}\"]');");
    face.wait(&format!("“{testid}”"), SMALL, &body).await?;
    Ok(())
}

/// Presses what may be out of view or under the bar at the bottom.
async fn press(alice: &Browser, css: &str) -> Result<()> {
    let driver = alice.driver()?;
    let element = driver
        .find(By::Css(css))
        .await
        .with_context(|| format!("there is no “{css}”"))?;
    let middle = "arguments[0].scrollIntoView({ block: 'center' });";
    driver.execute(middle, vec![element.to_json()?]).await?;
    element.click().await?;
    Ok(())
}

async fn press_id(alice: &Browser, testid: &str) -> Result<()> {
    press(alice, &format!("[data-testid=\"{testid}\"]")).await
}

/// Types into a field, in the place of what is there.
async fn fill(alice: &Browser, testid: &str, text: &str) -> Result<()> {
    press_id(alice, testid).await?;
    let field = alice.driver()?.find(By::Testid(testid)).await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys(Key::Delete + "").await?;
    Ok(field.send_keys(text).await?)
}

/// Waits until an element has this text in it, and returns all of its text.
async fn says(face: &Face, testid: &str, part: &str) -> Result<String> {
    let body = format!(
        "const all = [...document.querySelectorAll('[data-testid=\"{testid}\"]')];
         return all.map(one => one.textContent).find(text => text.includes({}));",
        json!(part)
    );
    let text = face
        .wait(&format!("“{part}” in “{testid}”"), FAILURE, &body)
        .await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

async fn save(alice: &Browser, face: &Face) -> Result<()> {
    press_id(alice, "settings-save").await?;
    face.wait(
        "the end of saving",
        SMALL,
        r#"return document.querySelector('[data-testid="settings-save"]').disabled
             && document.querySelector('[data-testid="settings-revert"]') === null;"#,
    )
    .await?;
    Ok(())
}

/// The addresses of the rows of nodes.
async fn nodes(alice: &Browser) -> Result<Vec<String>> {
    let script = r#"return [...document.querySelectorAll('[data-testid="node"]')].map(row => row.dataset.address);"#;
    let listed = alice.driver()?.execute(script, vec![]).await?;
    Ok(serde_json::from_value(listed.json().clone())?)
}

/// Whether a box is checked.
async fn checked(alice: &Browser, testid: &str) -> Result<bool> {
    let field = alice.driver()?.find(By::Testid(testid)).await?;
    Ok(field.is_selected().await?)
}

/// Checks that the page fits into 320 px, from left to right and from right to left, and takes pictures of it.
async fn fits(alice: &Browser, face: &Face) -> Result<()> {
    let driver = alice.driver()?;
    if alice.kind() == Kind::Firefox {
        // Nothing makes its pages as narrow as that.
        return Ok(());
    }
    let tools = ChromeDevTools::new(driver.handle.clone());
    let narrow = json!({ "width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": false });
    tools
        .execute_cdp_with_params("Emulation.setDeviceMetricsOverride", narrow)
        .await?;
    for direction in ["ltr", "rtl"] {
        let script = "document.documentElement.dir = arguments[0];
            const wide = [...document.querySelectorAll('main *')].filter(one => !one.closest('.scroll, pre, .unseen')
              && !one.matches('.unseen') && one.getBoundingClientRect().width > 0
              && (one.getBoundingClientRect().right > innerWidth + 1 || one.getBoundingClientRect().left < -1));
            const { scrollWidth, clientWidth } = document.documentElement;
            return [...wide.map(one => one.outerHTML.slice(0, 200)), ...(scrollWidth > clientWidth ? ['the page'] : [])];";
        let wide = driver.execute(script, vec![json!(direction)]).await?;
        ensure!(wide.json() == &json!([]), "{direction}: {wide:?}");
        face.picture(&format!("narrow-{direction}")).await?;
    }
    let script = "document.documentElement.dir = '';";
    driver.execute(script, vec![]).await?;
    tools
        .execute_cdp("Emulation.clearDeviceMetricsOverride")
        .await?;
    Ok(())
}

#[test]
fn settings_are_changed_and_last() {
    play("settings", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(200_000, 95);
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal
            .share(&scene.file("for-the-folder.bin", &bytes)?)
            .await?;
        let (mut alice, face) = scene.online("alice", &node).await?;
        go(&alice, &face, "options", "settings-save").await?;
        says(&face, "node-state", "makes you reachable").await?;
        face.picture("plain").await?;

        // Something is wrong, and is named beside the field; nothing is saved.
        fill(&alice, "settings-folder", "../up").await?;
        press_id(&alice, "settings-save").await?;
        says(&face, "folder-wrong", "cannot be the name of a folder").await?;
        press_id(&alice, "settings-revert").await?;
        // So is what is folded away.
        press_id(&alice, "advanced").await?;
        fill(&alice, "settings-max-sent-day", "much").await?;
        press_id(&alice, "settings-save").await?;
        says(&face, "sent-day-wrong", "A size must be").await?;
        face.picture("wrong").await?;
        press_id(&alice, "settings-revert").await?;
        shown(&face, "settings-max-sent-day").await?;
        press_id(&alice, "settings-max-sent-day").await?;
        face.picture("advanced").await?;
        fits(&alice, &face).await?;

        press_id(&alice, "settings-private").await?;
        press_id(&alice, "notify-shared").await?;
        fill(&alice, "settings-folder", "From friends").await?;
        press(&alice, "[data-testid=settings-ends] option:nth-child(5)").await?;
        save(&alice, &face).await?;
        let is_changed = async |alice: &Browser, face: &Face| -> Result<()> {
            go(alice, face, "options", "settings-save").await?;
            shown(face, "notify-shared").await?;
            ensure!(checked(alice, "settings-private").await?);
            ensure!(!checked(alice, "notify-shared").await?);
            ensure!(checked(alice, "notify-failed").await?);
            let script = r#"const value = (id) => document.querySelector(`[data-testid="${id}"]`);
                return [value('settings-folder').value, value('settings-ends').selectedIndex];"#;
            let values = alice.driver()?.execute(script, vec![]).await?;
            ensure!(values.json() == &json!(["From friends", 4]), "{values:?}");
            Ok(())
        };
        is_changed(&alice, &face).await?;

        // It is saved where the settings say.
        let face = alice.face().await?;
        face.share(&[&scene.file("not-told-of.txt", b"quiet")?])
            .await?;
        let quiet = face
            .wait_named("not-told-of.txt", &["shared"], SMALL)
            .await?;
        face.fetch(&cid).await?;
        let fetched = face
            .wait_named("for-the-folder.bin", &["done"], SMALL)
            .await?;
        // The person is told of what arrives, and not of what is shared. Without a desktop, Firefox's notifications go at
        // once.
        if alice.kind() == Kind::Chromium {
            face.wait_notified(&fetched, SMALL).await?;
            ensure!(!face.is_notified_of(&quiet).await?);
        }
        let file = "From friends/for-the-folder.bin";
        same_bytes(&alice.saved(file, SMALL).await?, &bytes)?;

        alice.close().await?;
        alice.open().await?;
        let face = alice.face().await?;
        is_changed(&alice, &face).await
    });
}

#[test]
fn nodes_are_tested_added_moved_and_removed() {
    play("nodes", async |scene| {
        let node = scene.node("node", &[]).await?;
        let other = scene.node("other", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let (first, second) = (node.websocket()?, other.websocket()?);
        go(&alice, &face, "options", "node-add").await?;
        says(&face, "node-state", "Connected · makes you reachable").await?;

        // What is no address is refused in words, and what was there stays.
        for (typed, words) in [
            ("nonsense", "is not the address of a node"),
            (
                "/ip4/127.0.0.1/tcp/4101",
                "a browser needs a WebSocket address",
            ),
            (&first, "in the list already"),
        ] {
            fill(&alice, "node-add", typed).await?;
            press_id(&alice, "node-add-button").await?;
            says(&face, "node-wrong", words).await?;
            ensure!(nodes(&alice).await? == std::slice::from_ref(&first));
        }
        face.picture("refused").await?;

        // A node is tested as soon as it is added, and on demand.
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let dead = format!("/ip4/127.0.0.1/tcp/{}/ws", free.port());
        fill(&alice, "node-add", &dead).await?;
        press_id(&alice, "node-add-button").await?;
        says(&face, "node-tested", "It does not work.").await?;
        // The list of a host is read from where it has it.
        let host = other.listening().http.trim_end_matches('/').to_owned();
        fill(&alice, "node-add", &host).await?;
        press_id(&alice, "node-add-button").await?;
        let row = |address: &str| format!(r#"[data-testid="node"][data-address="{address}"]"#);
        let works = says(&face, "node-tested", "It works: it answers in").await?;
        ensure!(works.contains("ms"), "{works}");
        ensure!(nodes(&alice).await? == [first.clone(), dead.clone(), second.clone()]);
        press(&alice, &format!("{} [data-testid=node-test]", row(&first))).await?;
        face.wait(
            "two nodes that work",
            SMALL,
            r#"return [...document.querySelectorAll('[data-testid="node-tested"]')]
                 .filter(row => row.textContent.includes('It works')).length === 2;"#,
        )
        .await?;
        face.picture("tested").await?;
        fits(&alice, &face).await?;
        // A site that has none says nothing else.
        let site = scene.site.url("nothing-here");
        fill(&alice, "node-add", &site).await?;
        press_id(&alice, "node-add-button").await?;
        says(&face, "nodes-failure", "cannot be used").await?;

        // The order is changed, one goes, and all of it is used and lasts.
        press(&alice, &format!("{} [data-testid=node-up]", row(&second))).await?;
        press(&alice, &format!("{} [data-testid=node-up]", row(&second))).await?;
        press(&alice, &format!("{} [data-testid=node-down]", row(&first))).await?;
        ensure!(nodes(&alice).await? == [second.clone(), dead.clone(), first.clone()]);
        press(
            &alice,
            &format!("{} [data-testid=node-remove]", row(&first)),
        )
        .await?;
        save(&alice, &face).await?;
        face.wait(
            "the other node",
            SMALL,
            &format!(
                r#"return document.querySelector('{} [data-testid="node-state"]')?.textContent.startsWith('Connected · makes you reachable');"#,
                row(&second)
            ),
        )
        .await?;
        face.picture("saved").await?;
        go(&alice, &face, "options", "node").await?;
        ensure!(nodes(&alice).await? == [second, dead]);
        Ok(())
    });
}

#[test]
fn settings_go_into_a_file_and_come_from_one() {
    play("settings_file", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        go(&alice, &face, "options", "settings-export").await?;
        press_id(&alice, "settings-private").await?;
        press_id(&alice, "theme-dark").await?;
        save(&alice, &face).await?;
        press_id(&alice, "settings-export").await?;
        let file = alice.saved("fluence-share-settings.json", SMALL).await?;
        let written: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        ensure!(
            written["fluence_settings"] == 1 && written["settings"]["private"] == true,
            "{written}"
        );
        ensure!(written["settings"]["nodes"] == json!([node.websocket()?]));

        // A bad file is refused in words, and changes nothing.
        press_id(&alice, "settings-private").await?;
        press_id(&alice, "theme-light").await?;
        save(&alice, &face).await?;
        let import = async |name: &str, text: &[u8]| -> Result<()> {
            let path = scene.file(name, text)?;
            let field = alice.driver()?.find(By::Testid("settings-import")).await?;
            Ok(field.send_keys(path.display().to_string()).await?)
        };
        let newer = br#"{"fluence_settings": 2, "settings": {}}"#;
        let bad_node = br#"{"fluence_settings": 1, "settings": {"nodes": ["nonsense"]}}"#;
        import("picture.json", b"\x89PNG").await?;
        says(&face, "file-failure", "is not a settings file").await?;
        face.picture("bad").await?;
        import("newer.json", newer).await?;
        says(&face, "file-failure", "from a newer version").await?;
        import("node.json", bad_node).await?;
        says(
            &face,
            "file-failure",
            "“nonsense” is not the address of a node",
        )
        .await?;
        import("large.json", &vec![b' '; 100_000]).await?;
        says(&face, "import-wrong", "too large").await?;
        ensure!(!checked(&alice, "settings-private").await?);
        ensure!(nodes(&alice).await? == [node.websocket()?]);

        // A good one is asked about first.
        let good = std::fs::read(&file)?;
        import("mine.json", &good).await?;
        says(&face, "import-question", "mine.json").await?;
        face.picture("question").await?;
        press_id(&alice, "import-keep").await?;
        ensure!(!checked(&alice, "settings-private").await?);
        import("mine.json", &good).await?;
        says(&face, "import-question", "There is 1 node:").await?;
        press_id(&alice, "import-confirm").await?;
        let imported = r#"return document.querySelector('[data-testid="settings-private"]').checked
            && document.querySelector('[data-testid="theme-dark"]').ariaPressed === 'true';"#;
        face.wait("the settings of the file", SMALL, imported)
            .await?;
        go(&alice, &face, "options", "settings-export").await?;
        face.wait("them after a reload", SMALL, imported).await?;
        Ok(())
    });
}

#[test]
fn a_new_identity_is_asked_about_and_shares_what_there_is() {
    play("identity", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(150_000, 96);
        let (mut alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("lasting.bin", &bytes)?]).await?;
        let shared = face.wait_named("lasting.bin", &["shared"], SMALL).await?;
        let cid = shared.cid.context("a shared file without a hash")?;
        go(&alice, &face, "options", "settings-peer").await?;
        let peer = async |alice: &Browser| -> Result<String> {
            let shown = alice.driver()?.find(By::Testid("settings-peer")).await?;
            Ok(shown.text().await?)
        };
        let before = peer(&alice).await?;
        press_id(&alice, "identity-new").await?;
        says(&face, "identity-question", "There is no way back unless").await?;
        face.picture("question").await?;
        press_id(&alice, "identity-keep").await?;
        let focused = "return document.activeElement?.dataset.testid === 'identity-new';";
        face.wait("the focus on the button", SMALL, focused).await?;
        ensure!(peer(&alice).await? == before);
        press_id(&alice, "identity-new").await?;
        press_id(&alice, "identity-confirm").await?;
        says(&face, "identity-state", "another identity").await?;
        let after = peer(&alice).await?;
        ensure!(after != before && after.starts_with("12D3Koo"), "{after}");

        // What was shared is found under the new one, now and after a restart.
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        face.wait_named("lasting.bin", &["shared"], SMALL).await?;
        let terminal = scene.command_line("terminal", &node)?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)?;
        alice.close().await?;
        alice.open().await?;
        let face = alice.face().await?;
        go(&alice, &face, "options", "settings-peer").await?;
        ensure!(peer(&alice).await? == after, "it did not last");
        Ok(())
    });
}

/// Waits until the worker has settings that pass a test.
async fn settings(face: &Face, what: &str, is: impl Fn(&Value) -> bool) -> Result<()> {
    let deadline = Instant::now() + SMALL;
    loop {
        let settings = face.state().await?["settings"].take();
        if is(&settings) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{what}: {settings}");
        // Only an answer of the worker says what it has written down.
        sleep(LOOK).await;
    }
}

#[test]
fn choices_that_are_made_quickly_on_the_first_page_all_count() {
    play("welcome_quick", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        go(&alice, &face, "welcome", "try").await?;
        shown(&face, "welcome-more").await?;
        // Both before the worker can say anything.
        let both = "for (const box of ['welcome-private', 'welcome-provide'])
              document.querySelector(`[data-testid=${box}]`).click();";
        alice.driver()?.execute(both, vec![]).await?;
        settings(&face, "both are chosen", |settings| {
            settings["private"] == json!(true) && settings["provide_fetched"] == json!(true)
        })
        .await?;
        // Who does not want it for good has not refused it for good.
        press_id(&alice, "welcome-public").await?;
        settings(&face, "it is allowed", |settings| {
            settings["public"] == json!(true)
        })
        .await?;
        press_id(&alice, "welcome-public").await?;
        settings(&face, "it is asked", |settings| {
            settings["public"].is_null()
        })
        .await?;

        // What is being typed stays where it is when a connection is lost and another one made.
        press_id(&alice, "welcome-more").await?;
        fill(&alice, "welcome-node", "/dns4/half").await?;
        node.kill().await?;
        face.wait_network("offline", SMALL).await?;
        node.start_again().await?;
        face.wait_network("online", ONLINE).await?;
        let there = "const field = document.activeElement;
            return field.dataset.testid === 'welcome-node' && field.value === '/dns4/half'
                && field.closest('details').open && field.checkVisibility();";
        face.wait("what was typed", SMALL, there).await?;
        Ok(())
    });
}

/// Waits until this browser has another peer ID than one, and returns it.
async fn other_than(face: &Face, peer: &str) -> Result<String> {
    let body = format!(
        "const peer = document.querySelector('[data-testid=settings-peer]')?.textContent;
         return peer !== {} && peer;",
        json!(peer)
    );
    let found = face.wait("another peer ID", ONLINE, &body).await?;
    Ok(found.as_str().unwrap_or_default().to_owned())
}

#[test]
fn an_identity_is_kept_in_a_file_or_for_a_session() {
    play("identity_file", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (mut alice, face) = scene.online("alice", &node).await?;
        go(&alice, &face, "options", "settings-peer").await?;
        let first = other_than(&face, "").await?;

        // It is saved once the passphrase was typed twice, and is not too short.
        press_id(&alice, "identity-save").await?;
        let focused = "return document.activeElement?.dataset.testid === 'passphrase';";
        face.wait("the focus in the field", SMALL, focused).await?;
        fill(&alice, "passphrase", "kurz").await?;
        press_id(&alice, "identity-confirm").await?;
        says(&face, "identity-wrong", "at least 8").await?;
        fill(&alice, "passphrase", "Zwölf Boxkämpfer").await?;
        fill(&alice, "passphrase-again", "Zwölf Boxkampfer").await?;
        press_id(&alice, "identity-confirm").await?;
        says(&face, "identity-wrong", "not the same").await?;
        face.picture("save").await?;
        fill(&alice, "passphrase-again", "Zwölf Boxkämpfer").await?;
        press_id(&alice, "identity-confirm").await?;
        let file = alice.saved("fluence-share-identity.json", SMALL).await?;
        let text = std::fs::read_to_string(&file)?;
        ensure!(text.contains("encrypted_key") && !text.contains(&first));

        // It comes back from the file, by the right passphrase alone.
        press_id(&alice, "identity-new").await?;
        press_id(&alice, "identity-confirm").await?;
        let second = other_than(&face, &first).await?;
        let path = file.to_str().context("the path is not valid UTF-8")?;
        let field = alice.driver()?.find(By::Testid("identity-use")).await?;
        field.send_keys(path).await?;
        says(&face, "identity-question", "fluence-share-identity.json").await?;
        fill(&alice, "passphrase", "Zwölf Boxkampfer").await?;
        press_id(&alice, "identity-confirm").await?;
        says(&face, "identity-failure", "does not open").await?;
        face.picture("use").await?;
        ensure!(other_than(&face, "").await? == second);
        fill(&alice, "passphrase", "Zwölf Boxkämpfer").await?;
        press_id(&alice, "identity-confirm").await?;
        ensure!(other_than(&face, &second).await? == first);

        // In each session it is another one, until that is switched off.
        press_id(&alice, "identity-session").await?;
        let third = other_than(&face, &first).await?;
        ensure!(third != second, "{third}");
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        alice.close().await?;
        alice.open().await?;
        let face = alice.face().await?;
        go(&alice, &face, "options", "settings-peer").await?;
        let fourth = other_than(&face, &third).await?;
        ensure!(![&first, &second].contains(&&fourth), "{fourth}");
        press_id(&alice, "identity-session").await?;
        ensure!(other_than(&face, &fourth).await? == first);
        Ok(())
    });
}

#[test]
fn the_first_minute_ends_with_a_file_that_came_back() {
    play("welcome", async |scene| {
        let node = scene.node("node", &[]).await?;
        let mut alice = scene.browser("alice", None)?;
        ensure!(
            alice.open_as_it_is().await?,
            "the extension was there before"
        );
        let page = alice.close_first_page().await?;
        ensure!(page.contains("view=welcome"), "it shows {page}");
        alice.driver()?.goto(page).await?;
        let face = alice.shown().await?;
        shown(&face, "try").await?;
        let facts = r#"return document.querySelectorAll('.facts li').length === 4;"#;
        face.wait("four sentences", SMALL, facts).await?;
        ensure!(!checked(&alice, "welcome-provide").await?);
        ensure!(!checked(&alice, "welcome-private").await?);
        ensure!(!checked(&alice, "welcome-public").await?);

        // Without a node there is a field for one, which takes an address or a list.
        shown(&face, "welcome-node").await?;
        face.picture("first").await?;
        fill(&alice, "welcome-node", "nonsense").await?;
        press_id(&alice, "node-add-button").await?;
        says(&face, "node-wrong", "is not the address of a node").await?;
        face.picture("refused").await?;
        fill(&alice, "welcome-node", &node.websocket()?).await?;
        press_id(&alice, "node-add-button").await?;
        face.wait_network("online", ONLINE).await?;
        // Whoever works with a node can still use that of a group.
        press_id(&alice, "welcome-more").await?;
        fill(&alice, "welcome-node", &node.websocket()?).await?;
        press_id(&alice, "node-add-button").await?;
        says(&face, "node-wrong", "in the list already").await?;
        for chosen in ["welcome-private", "welcome-provide", "welcome-public"] {
            press_id(&alice, chosen).await?;
            let is_on = format!(
                r#"return document.querySelector('[data-testid="{chosen}"]').checked
                     && !document.querySelector('[data-testid="choices-failure"]');"#
            );
            face.wait(chosen, SMALL, &is_on).await?;
        }

        press_id(&alice, "try").await?;
        says(&face, "try-result", "every byte is the same").await?;
        says(&face, "try-text", "This text was made in a browser").await?;
        let steps = r#"return [...document.querySelectorAll('[data-testid="step"]')]
            .every(step => step.dataset.step === 'done');"#;
        face.wait("every step", SMALL, steps).await?;
        let end =
            "document.querySelector('[data-testid=try-link]').scrollIntoView({ block: 'end' });";
        alice.driver()?.execute(end, vec![]).await?;
        face.picture("tried").await?;
        fits(&alice, &face).await?;
        // It was shared through the node for anybody who has its link.
        let link = alice.driver()?.find(By::Testid("try-link")).await?;
        let link = link.text().await?;
        let terminal = scene.command_line("terminal", &node)?;
        let fetched = std::fs::read_to_string(terminal.fetch(&link, SMALL).await?)?;
        ensure!(fetched.starts_with("Hello!"), "{fetched}");
        press_id(&alice, "try-remove").await?;
        face.wait(
            "that the sample is gone",
            SMALL,
            r#"return !document.querySelector('[data-testid="try-link"]');"#,
        )
        .await?;
        // What was chosen lasts.
        go(&alice, &face, "options", "settings-save").await?;
        ensure!(checked(&alice, "settings-private").await?);
        ensure!(checked(&alice, "settings-provide-fetched").await?);
        press_id(&alice, "advanced").await?;
        ensure!(checked(&alice, "settings-public").await?);
        // The node was added to the one of the build.
        let nodes = nodes(&alice).await?;
        ensure!(
            nodes.len() == 2 && nodes[1] == node.websocket()?,
            "{nodes:?}"
        );
        Ok(())
    });
}

#[test]
fn calls_are_shown_as_they_happen() {
    play("network", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(120_000, 97);
        face.share(&[&scene.file("asked-for.bin", &bytes)?]).await?;
        let shown_item = face.wait_named("asked-for.bin", &["shared"], SMALL).await?;
        let cid = shown_item.cid.context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        let other = scene.file("from-others.bin", &files::noise(90_000, 98))?;
        let (_sharing, other) = terminal.share(&other).await?;
        face.fetch(&other).await?;
        face.wait_named("from-others.bin", &["done"], SMALL).await?;
        press_id(&alice, "open-network").await?;
        shown(&face, "reach").await?;
        says(&face, "fetched-today", "90 kB").await?;
        says(&face, "sent-today", "0 bytes").await?;
        // This browser is connected to its node, at least.
        let peers = r#"const peers = [...document.querySelectorAll('.peers li')].map(peer => peer.textContent);
            const count = document.querySelector('[data-testid="peers"]').textContent;
            return peers.some(peer => peer.startsWith('127.0.0.1:')) && count === `${peers.length}`;"#;
        face.wait("the connected peers", SMALL, peers).await?;
        says(&face, "reach", "Others can reach this browser").await?;
        says(&face, "node-state", "Connected · makes you reachable").await?;
        // The stranger who looked whether the file is there has called.
        says(&face, "call", "probe").await?;

        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)?;
        let asked = r#"const calls = [...document.querySelectorAll('[data-testid="call"]')];
            const has = (way, name) => calls.some(call => call.dataset.way === way
                && call.dataset.function === name && call.textContent.includes('answered'));
            return has('in', 'IPFS_…') && has('out', 'IPFS_multiaddr');"#;
        face.wait("the call for the file", SMALL, asked).await?;
        says(&face, "sent-today", "120 kB").await?;
        // The map has a place for each peer of the table.
        let map = r#"const of = (css) => document.querySelectorAll(css);
            const peers = new Set([...of('[data-testid="call"] td:nth-child(4)')].map(cell => cell.textContent));
            return of('.map text').length === peers.size && of('.map .flow').length > 0;"#;
        face.wait("the map", SMALL, map).await?;
        let text = alice.driver()?.source().await?;
        ensure!(!text.contains(&cid), "the name of the file is on the page");
        face.picture("calls").await?;

        // A function is called, and what is wrong with a call is said.
        fill(&alice, "call-name", "two words").await?;
        press_id(&alice, "call-button").await?;
        says(&face, "call-failure", "no spaces").await?;
        fill(&alice, "call-name", "IPFS_multiaddr").await?;
        fill(&alice, "call-args", "[1").await?;
        press_id(&alice, "call-button").await?;
        says(&face, "call-failure", "not a JSON object").await?;
        fill(&alice, "call-args", "{\"size\": 5}").await?;
        press_id(&alice, "call-button").await?;
        let reply = says(&face, "call-reply", "multiaddr").await?;
        ensure!(reply.contains("/tcp/"), "{reply}");
        face.picture("replied").await?;
        fits(&alice, &face).await?;
        fill(&alice, "call-name", "nobody_provides_this").await?;
        press_id(&alice, "call-button").await?;
        says(&face, "call-failure", "nobody who provides it").await?;
        Ok(())
    });
}

#[test]
fn what_nobody_shares_is_looked_for_where_the_person_allows_it() {
    let Some(software) = Software::go_peer() else {
        eprintln!(
            "skipped what_nobody_shares_is_looked_for_where_the_person_allows_it: there is no Go"
        );
        return;
    };
    play("public", async |scene| {
        let node = scene.node("node", &[]).await?;
        let daemon = software.start().await?;
        let bytes = files::noise(3_000_000, 97);
        let added = daemon.add_file(&scene.file("public.bin", &bytes)?).await?;
        let cid = canonical(&added.parse()?);
        let (alice, face) = scene.online("alice", &node).await?;
        // A router that knows who has it, and a gateway that does not answer.
        face.set("settings-routers", &daemon.gateway).await?;
        face.set("settings-gateways", "http://127.0.0.1:9").await?;

        face.fetch(&cid).await?;
        shown(&face, "item-public").await?;
        face.picture("question").await?;
        let failed = face.wait_failed(&cid, SMALL).await?;
        face.go_on(&failed, "public-allow").await?;
        let shown = face.wait_named(&cid, &["done"], SMALL).await?;
        same_bytes(&alice.saved(&cid, SMALL).await?, &bytes)?;
        face.press_in(&shown, "item-log-toggle").await?;
        says(&face, "item-log", "a gateway of the public IPFS").await?;
        face.picture("fetched").await?;

        // A report says what happened, and not to what.
        go(&alice, &face, "options", "report").await?;
        ensure!(checked(&alice, "settings-public").await?);
        press_id(&alice, "report").await?;
        let report = std::fs::read_to_string(alice.saved("fluence-report.json", SMALL).await?)?;
        ensure!(report.contains("public_gateway"), "{report}");
        for secret in [&cid, "127.0.0.1", "12D3Koo"] {
            ensure!(!report.contains(secret), "it has {secret}: {report}");
        }
        Ok(())
    });
}

/// Whether there is anything on the page that would set the settings of the moment that is shown, or act on its items.
async fn can_act(alice: &Browser) -> Result<bool> {
    let acts = [
        "pause-all",
        "resume-all",
        "not-metered",
        "item-menu",
        "item-copy",
        "item-again",
    ];
    let script = "return arguments[0].some(act => document.querySelector(`[data-testid=${act}]`));";
    let found = alice.driver()?.execute(script, vec![json!(acts)]).await?;
    Ok(found.convert()?)
}

/// What the page of what happened says about the moment that it shows, and the statuses in the list as it was then.
async fn moment(alice: &Browser) -> Result<(String, Vec<String>)> {
    let script = r#"const of = (testid) => document.querySelector(`[data-testid="${testid}"]`);
      const rows = [...of('then').querySelectorAll('[data-testid="item-status"]')];
      return [of('time-event').textContent, ...rows.map(row => row.textContent)];"#;
    let told = alice.driver()?.execute(script, vec![]).await?;
    let mut told: Vec<String> = told.convert()?;
    Ok((told.remove(0), told))
}

#[test]
fn the_list_is_shown_as_it_was_at_any_moment() {
    play("what_happened", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let picture = scene.file("holiday.png", &files::picture(64, 48)?)?;
        face.share(&[&picture]).await?;
        let shared = face.wait_named("holiday.png", &["shared"], SMALL).await?;
        // A moment at which the settings were others.
        let rests = |rests| {
            format!(r#"return !!document.querySelector('[data-testid="paused"]') === {rests};"#)
        };
        face.press("pause-all").await?;
        face.wait("the pause", SMALL, &rests(true)).await?;
        face.press("resume-all").await?;
        face.wait("its end", SMALL, &rests(false)).await?;
        face.press_in(&shared, "item-menu").await?;
        face.press("item-stop").await?;
        face.wait_named("holiday.png", &["stopped"], SMALL).await?;

        go(&alice, &face, "options", "about-time").await?;
        press_id(&alice, "about-time").await?;
        shown(&face, "time-moment").await?;
        let now = moment(&alice).await?;
        ensure!(now.1 == ["No longer shared"], "{now:?}");
        face.picture("now").await?;
        fits(&alice, &face).await?;
        let mut seen = vec![now];
        while seen.last().is_some_and(|(what, _)| what != "The beginning") {
            press_id(&alice, "time-before").await?;
            seen.push(moment(&alice).await?);
            ensure!(!can_act(&alice).await?, "{:?}", seen.last());
            ensure!(seen.len() < 100, "it has no beginning: {seen:?}");
        }
        let at = |words: &str| seen.iter().find(|(what, _)| what.contains(words));
        let was = |words: &str| at(words).map(|(_, rows)| rows.clone()).unwrap_or_default();
        ensure!(was("began to share") == ["Reading the file"], "{seen:?}");
        ensure!(
            was("Others can fetch") == ["Others can fetch it"],
            "{seen:?}"
        );
        ensure!(was("The beginning").is_empty(), "{seen:?}");
        ensure!(
            seen.iter().any(|(_, rows)| *rows == ["Sharing is paused"]),
            "{seen:?}"
        );
        // What has the focus is never a button that no longer does anything.
        let on = r#"return document.activeElement.dataset.testid === 'time-after';"#;
        face.wait("the focus on the way back", SMALL, on).await?;
        let last = format!(
            r#"return document.querySelector('[data-testid="time-count"]').textContent === '0 of {}';"#,
            seen.len() - 1
        );
        face.wait("the number of moments", SMALL, &last).await?;
        for _ in 0..seen.len() / 2 {
            press_id(&alice, "time-after").await?;
        }
        ensure!(
            moment(&alice).await? == seen[seen.len() - 1 - seen.len() / 2],
            "{seen:?}"
        );
        face.picture("then").await?;
        press_id(&alice, "time-now").await?;
        ensure!(moment(&alice).await? == seen[0], "{seen:?}");
        // The handle is dragged from the last moment to the first, and an item of any moment has its details.
        let handle = alice.driver()?.find(By::Testid("time-moment")).await?;
        let half = handle.rect().await?.width / 2.0;
        alice
            .driver()?
            .action_chain()
            .move_to_element_center(&handle)
            .move_by_offset(half as i64 - 8, 0)
            .click_and_hold()
            .move_by_offset(-(half as i64), 0)
            .move_by_offset(8 - half as i64, 0)
            .release()
            .perform()
            .await?;
        face.wait("the first moment", SMALL, &last).await?;
        press_id(&alice, "time-now").await?;
        press_id(&alice, "item-log-toggle").await?;
        shown(&face, "item-link").await?;
        ensure!(!can_act(&alice).await?);
        face.picture("details").await?;
        // That nobody can reach it now says nothing about then, and is said where it is about now.
        node.kill().await?;
        face.wait_network("offline", SMALL).await?;
        ensure!(moment(&alice).await? == seen[0], "{seen:?}");
        let whole = seen
            .iter()
            .position(|(what, _)| what.contains("Others can fetch"));
        for _ in 0..whole.context("it was shared")? {
            press_id(&alice, "time-before").await?;
        }
        let (_, rows) = moment(&alice).await?;
        ensure!(rows == ["Others can fetch it"], "{rows:?}");
        node.start_again().await?;
        face.wait_network("online", ONLINE).await?;

        // Somebody else opens it, and sees what happened, and not to what.
        press_id(&alice, "time-export").await?;
        let file = alice.saved("fluence-history.json", SMALL).await?;
        let text = std::fs::read_to_string(&file)?;
        let cid = shared.cid.context("it has a hash")?;
        for secret in ["holiday", &cid, "127.0.0.1", "12D3Koo"] {
            ensure!(!text.contains(secret), "it has {secret}: {text}");
        }
        let (bob, bobs) = scene.online("bob", &node).await?;
        go(&bob, &bobs, "time", "time-open").await?;
        let field = bob.driver()?.find(By::Testid("time-open")).await?;
        field.send_keys(picture.display().to_string()).await?;
        says(&bobs, "time-wrong", "no history").await?;
        field.send_keys(file.display().to_string()).await?;
        says(&bobs, "time-file", "fluence-history.json").await?;
        let there = moment(&bob).await?;
        ensure!(there.1 == ["No longer shared"], "{there:?}");
        says(&bobs, "time-count", &format!("{0} of {0}", seen.len() - 1)).await?;

        // What is forgotten is gone from there, and from nowhere else.
        go(&alice, &face, "time", "time-forget").await?;
        press_id(&alice, "time-forget").await?;
        let on =
            |testid: &str| format!("return document.activeElement.dataset.testid === '{testid}';");
        face.wait("the focus on “no”", SMALL, &on("time-keep"))
            .await?;
        press_id(&alice, "time-forget-now").await?;
        says(&face, "time-count", "0 of 0").await?;
        face.wait("the focus there", SMALL, &on("time-forget"))
            .await?;
        let there = moment(&alice).await?;
        ensure!(there.1 == ["No longer shared"], "{there:?}");
        Ok(())
    });
}

#[test]
fn a_node_is_tested_under_an_identity_made_for_that() {
    play("node_tested", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        go(&alice, &face, "options", "settings-peer").await?;
        let shown = alice.driver()?.find(By::Testid("settings-peer")).await?;
        let peer = shown.text().await?;
        ensure!(peer.starts_with("12D3Koo"), "{peer}");
        // This node refuses her peer, and so would not pass the test if it were hers that connects.
        let list = scene.file("denied", format!("{peer}\n").as_bytes())?;
        let list = list.to_str().context("a path")?;
        let other = scene.node("other", &["--deny-peers", list]).await?;
        fill(&alice, "node-add", &other.websocket()?).await?;
        press_id(&alice, "node-add-button").await?;
        says(&face, "node-tested", "It works: it answers in").await?;
        Ok(())
    });
}
