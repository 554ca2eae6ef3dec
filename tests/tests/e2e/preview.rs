//! What is in files and folders that are here is shown in the extension, and nothing in them can do anything there.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::{Face, Shown};
use fluence_tests::files;
use fluence_tests::scene::same_bytes;
use serde_json::{Value, json};
use thirtyfour::{By, Key};

use crate::conditions::Away;
use crate::private::until_stored;
use crate::web_link::{make_video, play_it};
use crate::{SMALL, play};

/// Shows what is in an item, by its menu, and waits for the element with this test id.
async fn show(face: &Face, name: &str, testid: &str) -> Result<()> {
    let item = face.wait_named(name, &["shared", "done"], SMALL).await?;
    face.enter_in(&item, "item-show").await?;
    shows(face, testid).await
}

/// Waits until the element with this test id is in the dialog.
async fn shows(face: &Face, testid: &str) -> Result<()> {
    let body =
        format!(r#"return !!document.querySelector('dialog[open] [data-testid="{testid}"]');"#);
    face.wait(testid, SMALL, &body).await?;
    Ok(())
}

/// Evaluates an expression in the page.
async fn value(browser: &Browser, expression: &str) -> Result<Value> {
    let script = format!("return {expression};");
    let value = browser.driver()?.execute(script, vec![]).await?;
    Ok(value.json().clone())
}

/// The width and height of the picture that is shown, once it is there.
async fn size_of_picture(browser: &Browser) -> Result<Value> {
    let script = "const [done] = arguments;
        const shown = document.querySelector('[data-testid=preview-image]');
        const end = () => done([shown.naturalWidth, shown.naturalHeight]);
        if (shown.complete) end(); else shown.onload = end;";
    let size = browser.driver()?.execute_async(script, vec![]).await?;
    Ok(size.json().clone())
}

/// Closes the dialog by the keyboard, and checks that the focus is where it was.
async fn close(browser: &Browser, face: &Face, item: &Shown) -> Result<()> {
    let focused = browser.driver()?.active_element().await?;
    focused.send_keys(Key::Escape + "").await?;
    let body = format!(
        "return !document.querySelector('dialog') && document.activeElement.id === 'menu-{}';",
        item.id
    );
    face.wait("the end of the preview", SMALL, &body).await?;
    Ok(())
}

#[test]
fn what_is_here_is_shown_and_nothing_in_it_acts() {
    play("preview", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let driver = alice.driver()?;
        let here = driver.current_url().await?;
        driver.goto(scene.site.url("/")).await?;
        let video = make_video(&alice).await?;
        driver.goto(here.as_str()).await?;
        face.wait_network("online", SMALL).await?;

        let spy = scene.site.add("spy.txt", "text/plain", b"seen".to_vec());
        let acts = format!(
            "document.title = 'pwned'; fetch('{spy}'); new Image().src = '{spy}'; window.open('{spy}');"
        );
        let page =
            format!("<!doctype html><title>x</title><script>{acts}</script><img src='{spy}'>");
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" onload="{acts}"><script>{acts}</script>
            <image href="{spy}" width="9" height="9"/><rect width="120" height="80" fill="teal"/></svg>"#
        );
        // More than is shown, in which a character is cut off.
        let text = format!("{page}{}", "Alles ist ein Funktionsäufruf. ".repeat(20_000));
        let given: [(&str, Vec<u8>); 8] = [
            ("sunset.png", files::picture(800, 600)?),
            ("notes.html", text.into_bytes()),
            ("drawing.svg", svg.into_bytes()),
            ("setup.exe", b"MZ\x00\x01\x02\x00".repeat(100)),
            ("tone.wav", files::sound()),
            ("colours.webm", video),
            (
                "broken.png",
                b"\x89PNG\r\n\x1a\nnothing of a picture".to_vec(),
            ),
            (
                "script.pdf",
                files::acting_document(
                    "Everything is a function call.",
                    &format!(
                        "/S /JavaScript /JS (app.launchURL\\('{spy}'\\); this.submitForm\\('{spy}'\\);)"
                    ),
                ),
            ),
        ];
        for (name, bytes) in &given {
            face.share(&[&scene.file(name, bytes)?]).await?;
            face.wait_named(name, &["shared"], SMALL).await?;
        }
        let windows = driver.windows().await?.len();
        let item = async |name: &str| face.wait_named(name, &["shared"], SMALL).await;

        show(&face, "sunset.png", "preview-image").await?;
        let picture = size_of_picture(&alice).await?;
        ensure!(picture == json!([800, 600]), "the picture is {picture}");
        let source = "document.querySelector('[data-testid=preview-image]').src";
        let source = value(&alice, source).await?;
        ensure!(source.as_str().is_some_and(|url| url.starts_with("blob:")));
        face.picture("picture").await?;
        close(&alice, &face, &item("sunset.png").await?).await?;

        // A click on the picture in the list does the same, and the button closes it.
        let sunset = item("sunset.png").await?;
        face.find_in(&sunset, "item-picture").await?.click().await?;
        shows(&face, "preview-image").await?;
        face.press("preview-close").await?;
        let body = "return !document.querySelector('dialog');";
        face.wait("the end of the preview", SMALL, body).await?;

        // A web page is a text.
        show(&face, "notes.html", "preview-text").await?;
        let shown = value(
            &alice,
            "document.querySelector('[data-testid=preview-text]').textContent",
        )
        .await?;
        let shown = shown.as_str().context("there is no text")?;
        ensure!(shown.starts_with(&page), "the text is another one");
        ensure!(
            (262_000..=262_144).contains(&shown.len()),
            "{} bytes are shown",
            shown.len()
        );
        shows(&face, "preview-cut").await?;
        shows(&face, "preview-acts").await?;
        face.picture("text").await?;
        close(&alice, &face, &item("notes.html").await?).await?;

        // What a picture of text has in it does nothing, and its address belongs to no page.
        show(&face, "drawing.svg", "preview-image").await?;
        let drawing = size_of_picture(&alice).await?;
        ensure!(drawing == json!([120, 80]), "the drawing is {drawing}");
        let address = value(
            &alice,
            "document.querySelector('[data-testid=preview-image]').src",
        )
        .await?;
        let is_data = |address: &str| address.starts_with("data:image/svg+xml");
        ensure!(address.as_str().is_some_and(is_data), "it is at {address}");
        close(&alice, &face, &item("drawing.svg").await?).await?;

        // A program is not opened, and it is said why. What only begins like a picture is none.
        show(&face, "setup.exe", "preview-nothing").await?;
        shows(&face, "preview-acts").await?;
        face.picture("program").await?;
        close(&alice, &face, &item("setup.exe").await?).await?;
        show(&face, "broken.png", "preview-nothing").await?;
        close(&alice, &face, &item("broken.png").await?).await?;

        for (name, element) in [("tone.wav", "audio"), ("colours.webm", "video")] {
            show(&face, name, &format!("preview-{element}")).await?;
            play_it(&alice, element).await?;
            let plays = format!(
                "const player = document.querySelector('{element}');
                 player.ontimeupdate = () => {{ player.dataset.at = player.currentTime; }};
                 return Number(player.dataset.at ?? 0) > 0 && (player.videoWidth ?? 64) === 64 && player.error === null;"
            );
            face.wait("that it plays", SMALL, &plays).await?;
            face.picture(element).await?;
            close(&alice, &face, &item(name).await?).await?;
        }

        // A document is opened by a click alone.
        show(&face, "script.pdf", "preview-open").await?;
        ensure!(
            value(&alice, "document.querySelector('iframe')")
                .await?
                .is_null()
        );
        face.picture("before_document").await?;
        let watched =
            "document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
              window.violated = violatedDirective;
            });";
        driver.execute(watched, vec![]).await?;
        face.press("preview-open").await?;
        shows(&face, "preview-document").await?;
        face.picture("document").await?;
        let violated = value(&alice, "window.violated ?? null").await?;
        ensure!(violated.is_null(), "the browser refused it: {violated}");
        face.press("preview-close").await?;

        ensure!(
            scene.site.asked("/files/spy.txt") == 0,
            "something was asked for"
        );
        ensure!(value(&alice, "document.title").await? != json!("pwned"));
        ensure!(
            driver.windows().await?.len() == windows,
            "a page was opened"
        );
        // What was shown is at no address any more.
        let read =
            "const [url, done] = arguments; fetch(url).then(() => done(true), () => done(false));";
        let read = driver.execute_async(read, vec![source]).await?;
        ensure!(
            *read.json() == json!(false),
            "the picture can still be read"
        );

        // It is the same in the panel, which is narrow.
        let mut panel = here.clone();
        panel.set_query(Some("view=panel"));
        driver.goto(panel.as_str()).await?;
        show(&face, "notes.html", "preview-text").await?;
        face.picture("panel").await?;
        close(&alice, &face, &item("notes.html").await?).await?;
        Ok(())
    });
}

/// How many bytes a second come of what is looked into: so few that a busy machine has long looked before the rest is here.
const SLOW: u64 = 60_000;

/// Begins to fetch a file over a line that becomes slow once some of it is here, and shows it.
async fn show_coming(away: &Away, link: &str, testid: &str) -> Result<Shown> {
    let cid = link.trim_start_matches("fluence:").split('#').next();
    let cid = cid.unwrap_or_default();
    let storage = &away.lines[1];
    storage.limit(Some(600_000));
    away.begin(link).await?;
    storage.limit(Some(SLOW));
    let coming = format!(
        "item.cid === {} && item.status === 'downloading'",
        json!(cid)
    );
    let item = away.face.wait_item("some of it", SMALL, &coming).await?;
    away.face.enter_in(&item, "item-show").await?;
    shows(&away.face, testid).await?;
    Ok(item)
}

/// Waits until this is true of what is shown while the rest of the file is still to come.
async fn until_coming(away: &Away, item: &Shown, what: &str, condition: &str) -> Result<()> {
    let body = format!(
        r#"const row = document.querySelector('[data-testid="item"][data-id="{}"]');
        if (row?.dataset.status !== 'downloading') throw new Error('all of it is here: {what}');
        return {condition};"#,
        item.id
    );
    away.face.wait(what, SMALL, &body).await?;
    Ok(())
}

/// Makes what is shown tell this page how far it has been played: a page says nothing else of that to who waits for a change.
async fn watch_player(browser: &Browser) -> Result<()> {
    let watch = "const player = document.querySelector('dialog :is(audio, video)');
        player.addEventListener('timeupdate', () => { player.dataset.at = player.ended ? -1 : player.currentTime; });";
    browser.driver()?.execute(watch, vec![]).await?;
    Ok(())
}

#[test]
fn what_comes_is_shown_before_the_rest_is_here() {
    play("preview_coming", async |scene| {
        /// How many bytes of each file are still to come when it is looked at, at least.
        const MORE: usize = 6_000_000;
        let away = Away::from(scene).await?;
        let (bob, face) = (&away.browser, &away.face);
        let driver = bob.driver()?;
        let here = driver.current_url().await?;
        driver.goto(scene.site.url("/")).await?;
        let video = make_video(bob).await?;
        driver.goto(here.as_str()).await?;
        face.wait_network("online", SMALL).await?;
        let sharer = scene.command_line("sharer", &away.node)?;

        let words = "Alles ist ein Funktionsaufruf.\n";
        let text = words.repeat((2 * MORE).div_ceil(words.len()));
        let picture = files::noisy_picture(2000, 1500)?;
        let mut document = files::document("Everything is a function call.");
        document.extend(files::noise(MORE, 17));
        let mut programs = Vec::new();
        let mut links = Vec::new();
        for (name, bytes) in [
            ("notes.txt", text.as_bytes()),
            ("noise.png", &picture),
            ("colours.webm", &files::with_void(video, MORE as u32)),
            ("letter.pdf", &document),
            ("tone.wav", &files::tone(90)),
        ] {
            let (program, link) = sharer.share(&scene.file(name, bytes)?).await?;
            programs.push(program);
            links.push(link);
        }

        let item = show_coming(&away, &links[0], "preview-text").await?;
        let begins = format!(
            "document.querySelector('[data-testid=preview-text]').textContent.startsWith({})",
            json!(words.repeat(5000))
        );
        until_coming(&away, &item, "the text", &begins).await?;
        let says = "/are here$/.test(document.querySelector('[data-testid=preview-about]').textContent) \
                    && !document.querySelector('[data-testid=preview-save]')";
        until_coming(&away, &item, "how much is here", says).await?;
        face.picture("text").await?;
        close(bob, face, &item).await?;
        face.press_in(&item, "item-pause").await?;

        let item = show_coming(&away, &links[1], "preview-image").await?;
        let size = size_of_picture(bob).await?;
        ensure!(size == json!([2000, 1500]), "the picture is {size}");
        until_coming(&away, &item, "the picture", "true").await?;
        face.picture("picture").await?;
        // It grows with what comes, until all of it is here.
        let source = value(
            bob,
            "document.querySelector('[data-testid=preview-image]').src",
        )
        .await?;
        away.lines[1].limit(None);
        let whole = format!(
            "document.querySelector('[data-testid=preview-image]').src !== {source} \
             && document.querySelector('[data-testid=preview-save]')"
        );
        face.wait("the whole picture", SMALL, &format!("return {whole};"))
            .await?;
        close(bob, face, &item).await?;

        let item = show_coming(&away, &links[2], "preview-video").await?;
        watch_player(bob).await?;
        play_it(bob, "video").await?;
        let plays = "Number(document.querySelector('video').dataset.at ?? 0) > 0 \
                     && document.querySelector('video').videoWidth === 64";
        until_coming(&away, &item, "the video", plays).await?;
        face.picture("video").await?;
        // It was played to the end of what there is, and waits for more.
        let waits = "document.querySelector('[data-testid=preview-more-comes]').textContent !== ''";
        until_coming(&away, &item, "that it waits", waits).await?;
        face.picture("waiting").await?;
        close(bob, face, &item).await?;
        face.press_in(&item, "item-pause").await?;

        // A document needs its end.
        let item = show_coming(&away, &links[3], "preview-nothing").await?;
        until_coming(
            &away,
            &item,
            "no document",
            "!document.querySelector('iframe, [data-testid=preview-open]')",
        )
        .await?;
        face.picture("document").await?;
        close(bob, face, &item).await?;
        face.press_in(&item, "item-pause").await?;

        // Sound goes on with what has come meanwhile.
        let item = show_coming(&away, &links[4], "preview-audio").await?;
        watch_player(bob).await?;
        let first = value(bob, "document.querySelector('audio').src").await?;
        let first = first.as_str().context("it has an address")?.to_owned();
        play_it(bob, "audio").await?;
        let plays = "Number(document.querySelector('audio').dataset.at ?? 0) > 1";
        until_coming(&away, &item, "the sound", plays).await?;
        face.picture("sound").await?;
        let goes_on = format!(
            "(() => {{ const {{ src, dataset, error }} = document.querySelector('audio');
               const from = Number(src.split('#t=')[1] ?? 0);
               return !src.startsWith({}) && from > 1 && Number(dataset.at) > from && error === null; }})()",
            json!(first)
        );
        away.lines[1].limit(Some(250_000));
        until_coming(&away, &item, "more of the sound", &goes_on).await?;
        // Once all of it is here, it can be played from anywhere.
        away.lines[1].limit(None);
        let done = format!(
            r#"return document.querySelector('[data-testid="item"][data-id="{}"]')?.dataset.status === 'done';"#,
            item.id
        );
        face.wait("all of it", SMALL, &done).await?;
        let long = "return document.querySelector('audio').duration > 89;";
        face.wait("the whole length", SMALL, long).await?;
        driver
            .execute("document.querySelector('audio').currentTime = 80;", vec![])
            .await?;
        let end = "const { dataset, error } = document.querySelector('audio');
                   return Number(dataset.at) > 80.5 && error === null;";
        face.wait("the end of the sound", SMALL, end).await?;
        close(bob, face, &item).await
    });
}

#[test]
fn what_is_private_is_shown_while_it_comes() {
    play("preview_coming_private", async |scene| {
        let away = Away::from(scene).await?;
        let (bob, face) = (&away.browser, &away.face);
        let sharer = scene.command_line("sharer", &away.node)?;
        let letter = "Liebe Ä., alles ist ein Funktionsaufruf.\n".repeat(300_000);
        let file = scene.file("Brief.txt", letter.as_bytes())?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let item = show_coming(&away, &link, "preview-text").await?;
        let begins = format!(
            "document.querySelector('[data-testid=preview-text]').textContent.startsWith({}) \
             && document.querySelector('[data-testid=preview-name]').textContent.includes('Brief')",
            json!(letter.chars().take(200_000).collect::<String>())
        );
        until_coming(&away, &item, "the letter", &begins).await?;
        face.picture("letter").await?;
        // What was decrypted is there as long as it is shown.
        until_stored(bob, 2).await?;
        close(bob, face, &item).await?;
        until_stored(bob, 1).await?;
        away.lines[1].limit(None);
        same_bytes(&bob.saved("Brief.txt", SMALL).await?, letter.as_bytes())
    });
}

#[test]
fn what_is_private_is_decrypted_only_while_it_is_shown() {
    play("preview_private", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let letter = "Liebe Ä., alles ist ein Funktionsaufruf.\n".repeat(20_000);
        let file = scene.file("Brief.txt", letter.as_bytes())?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.fetch(&link).await?;
        let item = face.wait_named("Brief.txt", &["done"], SMALL).await?;
        until_stored(&bob, 1).await?;
        show(&face, "Brief.txt", "preview-text").await?;
        let shown = value(
            &bob,
            "document.querySelector('[data-testid=preview-text]').textContent",
        )
        .await?;
        ensure!(letter.starts_with(shown.as_str().context("there is no text")?));
        until_stored(&bob, 2).await?;
        close(&bob, &face, &item).await?;
        until_stored(&bob, 1).await?;

        // A page that closes shows nothing any more.
        show(&face, "Brief.txt", "preview-text").await?;
        until_stored(&bob, 2).await?;
        bob.driver()?.refresh().await?;
        until_stored(&bob, 1).await?;
        Ok(())
    });
}

#[test]
fn single_files_are_taken_from_a_folder() {
    play("preview_folder", async |scene| {
        /// The number of files in the large folder.
        const MANY: usize = 600;
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let folder = scene.path("holidays");
        std::fs::create_dir_all(folder.join("a/b"))?;
        std::fs::create_dir_all(folder.join("many"))?;
        let picture = files::picture(80, 60)?;
        let deep = "Tief unten.".repeat(10_000);
        std::fs::write(folder.join("a/b/deep.txt"), &deep)?;
        std::fs::write(folder.join("a/sunset.png"), &picture)?;
        for number in 0..MANY {
            std::fs::write(
                folder.join(format!("many/{number:03}.txt")),
                format!("number {number}"),
            )?;
        }
        for private in [false, true] {
            let (_program, link) = match private {
                true => sharer.share_privately(&folder).await?,
                false => sharer.share(&folder).await?,
            };
            let (bob, face) = scene
                .online(if private { "carol" } else { "bob" }, &node)
                .await?;
            face.fetch(&link).await?;
            let whole = face
                .wait_item(
                    "the folder",
                    SMALL,
                    "item.name.startsWith('holidays') && item.status === 'done'",
                )
                .await?;
            show(&face, &whole.name, "preview-file").await?;
            let rows = "document.querySelectorAll('[data-testid=preview-file]').length";
            ensure!(
                value(&bob, rows).await? == json!(500),
                "another number of files is listed"
            );
            face.picture("folder").await?;
            face.press("preview-more").await?;
            let all = format!("return {rows} === {};", MANY + 2);
            face.wait("all files", SMALL, &all).await?;
            let tree = "const within = (row) => [...(function* () {
                  for (let up = row.closest('details'); up; up = up.parentElement.closest('details'))
                    yield up.querySelector('summary').textContent;
                })()].reverse().join('/');
                const names = [...document.querySelectorAll('[data-testid=preview-file]')].map((row) =>
                  `${within(row)}/${row.querySelector('[data-testid=preview-file-name]').textContent}`);
                return names.includes('a/b/deep.txt') && names.includes('a/sunset.png') && names.includes('many/599.txt');";
            face.wait("the tree", SMALL, tree).await?;

            // By the keyboard: a file, back to where it was, and away.
            let button = bob
                .driver()?
                .find(By::Css(
                    "[data-testid=preview-file-show][title='Show deep.txt']",
                ))
                .await?;
            button.send_keys(Key::Enter + "").await?;
            shows(&face, "preview-text").await?;
            let shown = value(
                &bob,
                "document.querySelector('[data-testid=preview-text]').textContent",
            )
            .await?;
            ensure!(shown == json!(deep), "another text is shown");
            face.picture("file").await?;
            face.press("preview-save").await?;
            same_bytes(&bob.saved("deep.txt", SMALL).await?, deep.as_bytes())?;
            face.press("preview-back").await?;
            let back = "return document.activeElement.title === 'Show deep.txt';";
            face.wait("the focus on the file", SMALL, back).await?;
            bob.driver()?
                .find(By::Css(
                    "[data-testid=preview-file-save][title='Save sunset.png']",
                ))
                .await?
                .click()
                .await?;
            same_bytes(&bob.saved("sunset.png", SMALL).await?, &picture)?;
            close(&bob, &face, &whole).await?;
            if private {
                until_stored(&bob, 1).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn single_files_are_taken_from_a_folder_that_is_not_here() {
    play("inside_folder", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let folder = scene.path("holidays");
        std::fs::create_dir_all(folder.join("a"))?;
        let picture = files::picture(80, 60)?;
        std::fs::write(folder.join("a/sunset.png"), &picture)?;
        std::fs::write(folder.join("large.bin"), files::noise(3_000_000, 5))?;
        std::fs::write(folder.join("notes.txt"), "alles")?;
        let (_program, cid) = sharer.share(&folder).await?;
        for name in ["bob", "carol"] {
            let (browser, face) = scene.online(name, &node).await?;
            let driver = browser.driver()?;
            let field = driver.find(By::Testid("fetch-input")).await?;
            field.send_keys(format!("fluence:{cid}")).await?;
            let there = |testid: &str| {
                format!(r#"return !!document.querySelector('[data-testid="{testid}"]');"#)
            };
            face.wait("the button", SMALL, &there("inside-show"))
                .await?;
            face.press("inside-show").await?;
            if name == "bob" {
                // Nothing is uploaded before he says so.
                face.wait("the question", SMALL, &there("inside-upload"))
                    .await?;
                face.picture("question").await?;
                face.press("inside-upload").await?;
            }
            let names = r#"return JSON.stringify([...document.querySelectorAll('[data-testid=entry-name]')].map((name) => name.textContent))"#;
            face.wait(
                "what is in it",
                SMALL,
                &format!("{names} === '[\"a\",\"large.bin\",\"notes.txt\"]';"),
            )
            .await?;
            face.press("entry-open").await?;
            face.wait(
                "what is in a",
                SMALL,
                &format!("{names} === '[\"a\",\"sunset.png\",\"large.bin\",\"notes.txt\"]';"),
            )
            .await?;
            face.picture("listed").await?;
            ensure!(face.items().await?.is_empty(), "something is fetched");
            driver
                .find(By::Css(
                    "[data-testid=entry-fetch][title='Fetch sunset.png']",
                ))
                .await?
                .click()
                .await?;
            face.wait_named("sunset.png", &["done"], SMALL).await?;
            same_bytes(&browser.saved("sunset.png", SMALL).await?, &picture)?;
            ensure!(
                face.items().await?.len() == 1,
                "more is fetched than what was chosen"
            );
            show(&face, "sunset.png", "preview-image").await?;
        }
        Ok(())
    });
}
