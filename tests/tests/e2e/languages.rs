//! The faces in every language: nothing is left in English, nothing is cut off, and the person's choice lasts.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::languages::Languages;
use serde_json::json;
use thirtyfour::By;
use thirtyfour::extensions::cdp::ChromeDevTools;
use tokio::time::timeout;

use crate::{SMALL, play, play_in_chromium};

async fn press(alice: &Browser, testid: &str) -> Result<()> {
    let driver = alice.driver()?;
    let found = driver.find(By::Testid(testid)).await;
    let element = found.with_context(|| format!("there is no “{testid}”"))?;
    let middle = "arguments[0].scrollIntoView({ block: 'center' });";
    driver.execute(middle, vec![element.to_json()?]).await?;
    Ok(element.click().await?)
}

async fn shown(face: &Face, testid: &str) -> Result<()> {
    let body = format!("return !!document.querySelector('[data-testid=\"{testid}\"]');");
    face.wait(&format!("“{testid}”"), SMALL, &body).await?;
    Ok(())
}

#[test]
fn every_word_is_translated_and_every_layout_holds() {
    play("languages", async |scene| {
        let languages = Languages::read()?;
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        // All that is wrong is told at once.
        let wrong = RefCell::new(Vec::new());
        let check = async |label: &str| -> Result<()> {
            let found = languages.check(&alice, &scene.artifacts, label).await?;
            wrong.borrow_mut().extend(found);
            Ok(())
        };
        // A page whose messages are kept as they were said has to say them in the language.
        let go = async |view: &str, testid: &str| -> Result<()> {
            let page = alice.extension_url(&format!("popup.html?view={view}"));
            alice.driver()?.goto(page).await?;
            shown(&face, testid).await?;
            languages.pretend(&alice).await
        };

        go("tab", "fetch-input").await?;
        check("empty").await?;
        face.fetch("nonsense").await?;
        shown(&face, "fetch-error").await?;
        check("refused").await?;

        let file = scene.file("a report.pdf", b"a report")?;
        face.share(&[&file]).await?;
        let report = face.wait_named("a report.pdf", &["shared"], SMALL).await?;
        check("files").await?;
        face.press_in(&report, "item-log-toggle").await?;
        shown(&face, "item-link").await?;
        check("details").await?;
        face.press_in(&report, "item-remove").await?;
        shown(&face, "item-keep").await?;
        check("remove").await?;
        face.press("item-keep").await?;
        face.press_in(&report, "item-qr").await?;
        shown(&face, "item-qr-close").await?;
        check("qr").await?;
        face.press("item-qr-close").await?;
        let paths = ["one.txt", "two.txt"].map(|name| scene.file(name, name.as_bytes()));
        let paths = paths.into_iter().collect::<Result<Vec<_>>>()?;
        face.drop_files(&[&paths[0], &paths[1]]).await?;
        shown(&face, "stage-share").await?;
        check("stage").await?;
        face.press("stage-cancel").await?;
        face.press("list-menu").await?;
        check("list-menu").await?;

        go("options", "settings-save").await?;
        check("settings").await?;
        press(&alice, "advanced").await?;
        shown(&face, "settings-max-sent-day").await?;
        press(&alice, "settings-private").await?;
        check("advanced").await?;
        press(&alice, "identity-new").await?;
        shown(&face, "identity-question").await?;
        check("identity").await?;

        go("welcome", "welcome-private").await?;
        check("welcome").await?;
        go("network", "sent-today").await?;
        check("network").await?;

        // Without a connection.
        drop(node);
        go("tab", "network-advice").await?;
        check("offline").await?;
        let wrong = wrong.take();
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}

#[test]
fn the_page_for_web_links_is_translated() {
    // Nothing gives the page other words in Firefox; its words come from the same files.
    play_in_chromium(
        "page_languages",
        "its page cannot be given other words",
        async |scene| {
            let languages = Languages::read()?;
            let node = scene.node("node", &[]).await?;
            let sharer = scene.command_line("sharer", &node)?;
            let mut bob = scene.browser("bob", None)?;
            bob.open().await?;
            let base = node.listening().http.trim_end_matches('/').to_owned();
            let (_sharing, cid) = sharer.share(&scene.file("notes.txt", b"notes")?).await?;
            let link = format!("{base}/#{cid}&name=notes.txt");
            languages.check_page(&bob, &link, "checked").await?;
            languages
                .check_page(&bob, &format!("{base}/#nonsense"), "trouble")
                .await
        },
    );
}

#[test]
fn a_page_that_cannot_start_says_so_in_the_language() {
    play_in_chromium(
        "page_failed",
        "its page cannot be kept from its program",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let mut bob = scene.browser("bob", None)?;
            bob.open().await?;
            let driver = bob.driver()?;
            let script = "Object.defineProperty(navigator, 'languages', { value: ['tlh', 'ar-EG', 'en'] });
                const real = fetch;
                fetch = (url, ...more) => String(url).endsWith('.wasm') ? Promise.reject(new Error('no program')) : real(url, ...more);";
            ChromeDevTools::new(driver.handle.clone())
                .execute_cdp_with_params(
                    "Page.addScriptToEvaluateOnNewDocument",
                    json!({ "source": script }),
                )
                .await?;
            driver.goto(&node.listening().http).await?;
            let says = "const [done] = arguments;
                const look = () => document.getElementById('state').textContent;
                const observer = new MutationObserver(() => look().includes('no program') && done([root.lang, root.dir, look()]));
                const root = document.documentElement;
                observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
                if (look().includes('no program')) done([root.lang, root.dir, look()]);";
            let says = timeout(SMALL, driver.execute_async(says, vec![]))
                .await
                .context("the page says nothing")??;
            let sentence = "تعذّر بدء هذه الصفحة (no program). تحتاج إلى متصفح حديث؛ أعد تحميلها للمحاولة مرة أخرى.";
            ensure!(
                *says.json() == json!(["ar", "rtl", sentence]),
                "{:?}",
                says.json()
            );
            Ok(())
        },
    );
}

#[test]
fn a_language_is_chosen_and_lasts() {
    play("language", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let options = alice.extension_url("popup.html?view=options");
        let says = async |language: &str, direction: &str, button: &str| -> Result<()> {
            let body = format!(
                "const {{ lang, dir }} = document.documentElement;
                 const save = document.querySelector('[data-testid=\"settings-save\"]');
                 return lang === {} && dir === {} && save?.textContent.trim() === {};",
                json!(language),
                json!(direction),
                json!(button)
            );
            face.wait(&format!("the settings in {language}"), SMALL, &body)
                .await?;
            Ok(())
        };
        let choose = async |at: usize| -> Result<()> {
            let option = format!("[data-testid=language] option:nth-child({at})");
            Ok(alice.driver()?.find(By::Css(option)).await?.click().await?)
        };
        let title = async |part: &str| face.wait_badge(part, SMALL).await;

        alice.driver()?.goto(&options).await?;
        says("en-US", "ltr", "Save settings").await?;
        // What was typed before stays.
        let folder = alice.driver()?.find(By::Testid("settings-folder")).await?;
        folder.send_keys("Von Freunden").await?;
        // English, Arabic, German, after that of the browser.
        choose(4).await?;
        says("de", "ltr", "Einstellungen speichern").await?;
        ensure!(folder.value().await?.as_deref() == Some("Von Freunden"));
        // The worker speaks it, too.
        title("bereit").await?;
        choose(3).await?;
        says("ar", "rtl", "حفظ الإعدادات").await?;
        title("جاهز").await?;

        alice.driver()?.goto(&options).await?;
        says("ar", "rtl", "حفظ الإعدادات").await?;
        choose(1).await?;
        says("en-US", "ltr", "Save settings").await?;
        title("ready").await
    });
}
