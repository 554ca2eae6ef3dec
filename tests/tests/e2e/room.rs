//! The room that files take: how much it is, that the limit is respected, and how a person makes more.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use serde_json::json;
use thirtyfour::{By, Key};

use crate::{SMALL, play, play_in_chromium};

/// How long nothing may be shown after the browser was started again: several times as long as it takes when the
/// extension is installed.
const STILL: Duration = Duration::from_secs(5);

/// The words about the room that files take.
async fn room(face: &Face, part: &str) -> Result<()> {
    let script = format!(
        r#"const room = document.querySelector('[data-testid="room"]');
        return !!room && room.textContent.includes({part:?});"#
    );
    face.wait(part, SMALL, &script).await?;
    Ok(())
}

#[test]
fn the_limit_is_respected_and_room_can_be_made() {
    play("room", async |scene| {
        let node = scene.node("node", &[]).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal
            .share(&scene.file("fetched.bin", &files::noise(2_000_000, 90))?)
            .await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let path = |name: &str, seed| scene.file(name, &files::noise(2_000_000, seed));

        // Without a limit of the person, a tenth of what the disk has left is shown as free.
        let first = path("first.bin", 91)?;
        face.share(&[&first]).await?;
        let first = face.wait_named("first.bin", &["shared"], SMALL).await?;
        room(&face, "2 MB used · ").await?;

        // With one, what does not fit is refused before anything is read, and says what to do.
        face.set("settings-max-room", "0.005").await?;
        room(&face, "2 MB used · 3 MB free").await?;
        face.fetch(&cid).await?;
        let fetched = face.wait_named("fetched.bin", &["done"], SMALL).await?;
        room(&face, "4 MB used · 1 MB free").await?;
        face.share(&[&path("second.bin", 92)?]).await?;
        let refused = r#"const refused = document.querySelector('[data-code="room_full"]');
            return !!refused && refused.textContent;"#;
        let words = face.wait("the refusal", SMALL, refused).await?;
        ensure!(
            words
                .as_str()
                .is_some_and(|words| words.contains("Free space")),
            "it says {words}"
        );
        face.picture("refused").await?;

        // What was fetched is offered first. Nothing else goes.
        face.press("room-free").await?;
        face.picture("free").await?;
        face.press("room-remove").await?;
        face.press("room-keep").await?;
        // A key that is pressed twice removes nothing: what it meets the second time is “no”.
        let focused =
            |testid: &str| format!("return document.activeElement.dataset.testid === '{testid}';");
        let back = focused("room-remove");
        face.wait("the focus on the question", SMALL, &back).await?;
        for next in ["room-keep", "room-remove"] {
            let active = alice.driver()?.active_element().await?;
            active.send_keys(Key::Enter + "").await?;
            face.wait(next, SMALL, &focused(next)).await?;
        }
        face.press("room-remove").await?;
        face.press("room-confirm").await?;
        face.wait(
            "the fetched file to go",
            SMALL,
            &format!(
                "return document.querySelector('[data-id=\"{}\"]') === null;",
                fetched.id
            ),
        )
        .await?;
        room(&face, "2 MB used · 3 MB free").await?;
        face.share(&[&path("second.bin", 92)?]).await?;
        face.wait_named("second.bin", &["shared"], SMALL).await?;

        // Nine tenths are told before it is too late.
        face.share(&[&scene.file("third.bin", &files::noise(600_000, 93))?])
            .await?;
        let banner = r#"return !!document.querySelector('[data-testid="room"].banner');"#;
        face.wait("the warning", SMALL, banner).await?;
        face.picture("tight").await?;

        // Stopped files are offered too, and everything that is listed, with the number of files.
        face.press_in(&first, "item-stop").await?;
        face.wait_named("first.bin", &["stopped"], SMALL).await?;
        let rows = alice
            .driver()?
            .find_all(By::Css("[data-testid=room] li"))
            .await?;
        let mut words = Vec::new();
        for row in &rows {
            words.push(row.text().await?.replace('\n', " "));
        }
        ensure!(
            words.len() == 4
                && words[0].starts_with("No longer shared 1 file · 2 MB")
                && words[1].starts_with("Not used for a week 0 files")
                && words[2].starts_with("Not used for a month 0 files")
                && words[3].starts_with("All that are listed 3 files · 4.6 MB"),
            "{words:?}"
        );
        let all = rows.last().context("nothing can be removed")?;
        all.find(By::Testid("room-remove")).await?.click().await?;
        face.picture("all").await?;
        let confirm = all.find(By::Testid("room-confirm")).await?;
        let words = confirm.text().await?;
        ensure!(words == "Remove 3 files", "it asks {words}");
        confirm.click().await?;
        face.wait(
            "the empty list",
            SMALL,
            r#"return document.querySelectorAll('[data-testid="item"]').length === 0;"#,
        )
        .await?;
        Ok(())
    });
}

/// Lets so many days pass, as far as the page knows.
async fn pass(alice: &Browser, days: u32) -> Result<()> {
    let script = format!(
        "const now = Date.now.bind(Date);
        Date.now = () => now() + {days} * 24 * 3600 * 1000;"
    );
    alice.driver()?.execute(script, vec![]).await?;
    Ok(())
}

/// Removes what was not used for so long, in words, of which there have to be this many files.
async fn remove_old(face: &Face, alice: &Browser, kind: &str, count: usize) -> Result<()> {
    let says = format!(
        r#"const rows = [...document.querySelectorAll('[data-testid="room"] li')];
        return rows.some((row) => row.textContent.startsWith("{kind}{count} file"));"#
    );
    face.wait(kind, SMALL, &says).await?;
    let remove = By::Css(format!("[data-testid=room-remove][data-kind='{kind}']"));
    alice.driver()?.find(remove).await?.click().await?;
    face.press("room-confirm").await?;
    let gone = "return document.querySelectorAll('[data-testid=item]').length === 0;";
    face.wait("that they are gone", SMALL, gone).await?;
    Ok(())
}

#[test]
fn what_is_old_is_removed_by_week_and_by_month() {
    let why = "nothing changes the clock of a page";
    play_in_chromium("old", why, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        for (days, kind, other) in [
            (8, "Not used for a week", "Not used for a month"),
            (31, "Not used for a month", ""),
        ] {
            let name = format!("stopped-{days}.txt");
            face.share(&[&scene.file(&name, &files::noise(100, days.into()))?])
                .await?;
            let shown = face.wait_named(&name, &["shared"], SMALL).await?;
            face.press_in(&shown, "item-stop").await?;
            face.wait_named(&name, &["stopped"], SMALL).await?;
            // One that cannot be shared, because nothing answers there.
            let nowhere = json!({
                "command": "share_url", "url": "http://127.0.0.1:9/nowhere.bin", "name": "nowhere.bin",
            });
            face.command(nowhere).await?;
            let failed = "item.name === 'nowhere.bin' && item.status === 'failed'";
            face.wait_item("a failure", SMALL, failed).await?;

            pass(&alice, days).await?;
            face.press("list-menu").await?;
            face.press("clear-old").await?;
            if !other.is_empty() {
                let none = format!(
                    r#"const rows = [...document.querySelectorAll('[data-testid="room"] li')];
                    return rows.some((row) => row.textContent.startsWith("{other}0 files"));"#
                );
                face.wait(other, SMALL, &none).await?;
            }
            remove_old(&face, &alice, kind, 2).await?;
            alice.face().await?;
        }
        Ok(())
    });
}

#[test]
fn the_first_page_asks_once_for_every_site() {
    play("first_page", async |scene| {
        let display = scene.hidden_display().await?;
        let mut alice = scene.browser("alice", Some(display))?;
        ensure!(
            alice.open_as_it_is().await?,
            "the extension was there before"
        );
        let page = alice.close_first_page().await?;
        alice.driver()?.goto(page).await?;
        let face = alice.shown().await?;
        let listed = |every: bool| {
            format!(
                r#"const rows = [...document.querySelectorAll('[data-testid="reading"] li')];
                return rows.some((row) => row.textContent.startsWith("Every site")) === {every}
                    && (document.querySelector('[data-testid="reading-allow"]') === null) === {every};"#
            )
        };
        face.wait("the offer", SMALL, &listed(false)).await?;
        face.picture("first").await?;
        alice.allow(face.press("reading-allow")).await?;
        face.wait("every site", SMALL, &listed(true)).await?;
        let may = "return api.permissions.contains({ origins: ['https://example.org/*'] });";
        ensure!(alice.driver()?.execute(may, vec![]).await?.json() == &true);
        face.picture("allowed").await?;
        face.press("reading-give-back").await?;
        face.wait("nothing allowed", SMALL, &listed(false)).await?;
        ensure!(alice.driver()?.execute(may, vec![]).await?.json() == &false);

        // It is shown once, and not each time that the browser starts.
        alice.close().await?;
        ensure!(!alice.open_as_it_is().await?, "it was installed again");
        let shown = tokio::time::timeout(STILL, alice.close_first_page()).await;
        ensure!(shown.is_err(), "it was shown again");
        Ok(())
    });
}
