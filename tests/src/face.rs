//! The popup, opened as a page and used as a person uses it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Key, WebDriver, WebElement};
use tokio::time::{Instant, sleep};

use crate::artifacts::Artifacts;
use crate::browser::{self, Check, Kind};

/// How long the popup may take to appear.
const SHOW: Duration = Duration::from_secs(20);

/// How often a condition is checked for which there is no event.
const LOOK: Duration = Duration::from_millis(50);

/// The button of an item that opens its menu.
const MENU: &str = "item-menu";
/// The most entries that a menu has.
const ENTRIES: usize = 13;

/// An open popup.
pub struct Face {
    browser: String,
    kind: Kind,
    driver: WebDriver,
    artifacts: Arc<Artifacts>,
}

/// What the popup shows about a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shown {
    /// The id of the item.
    pub id: String,
    /// Its status, as in `fluence::state::Status`.
    pub status: String,
    /// The name of the file.
    pub name: String,
    /// The CID, if it is known.
    pub cid: Option<String>,
    /// The code of its failure, if it failed.
    pub failure: Option<String>,
    /// All text that the item shows.
    pub text: String,
}

/// JavaScript that reads the items.
const ITEMS: &str = r#"
const items = [...document.querySelectorAll('[data-testid="item"]')].map(item => ({
  id: item.dataset.id ?? '',
  status: item.dataset.status ?? '',
  name: item.querySelector('[data-testid="item-name"]')?.textContent.trim() ?? '',
  cid: item.dataset.cid || null,
  failure: item.querySelector('[data-testid="item-failure"], [data-testid="item-upload-failure"]')?.dataset.code ?? null,
  text: item.innerText,
}));
"#;

impl Face {
    pub(crate) async fn new(
        browser: &str,
        kind: Kind,
        driver: WebDriver,
        artifacts: Arc<Artifacts>,
    ) -> Result<Self> {
        let face = Self {
            browser: browser.to_owned(),
            kind,
            driver,
            artifacts,
        };
        face.wait_shown().await?;
        Ok(face)
    }

    /// Waits until `body`, the body of a JavaScript function, returns a truthy value, and returns
    /// it. The function is called whenever the page changes.
    pub async fn wait(&self, what: &str, limit: Duration, body: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const test = () => {{ {body} }};
             const observer = new MutationObserver(() => check());
             const late = setTimeout(() => end({{ late: document.body.innerText }}), {limit});
             const end = answer => {{ observer.disconnect(); clearTimeout(late); done(answer); }};
             const check = () => {{ const found = test(); if (found) end({{ found }}); }};
             observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
             check();",
            limit = limit.as_millis()
        );
        let answer = self
            .driver
            .execute_async(script, vec![])
            .await
            .with_context(|| format!("waiting for {what} in {}", self.browser))?;
        let answer = answer.json();
        match answer.get("found") {
            Some(found) => Ok(found.clone()),
            None => bail!(
                "{what} did not come within {limit:?}; the popup of {} shows:\n{}",
                self.browser,
                answer["late"].as_str().unwrap_or_default()
            ),
        }
    }

    /// The whole state, as the worker sends it to a popup that begins to watch.
    pub async fn state(&self) -> Result<Value> {
        let script = "const done = arguments[arguments.length - 1];
             const port = api.runtime.connect({ name: 'face' });
             port.onMessage.addListener(message => {
               if (message.type === 'state') { port.disconnect(); done(message.state); }
             });
             port.postMessage({ number: 1, command: { command: 'watch' } });";
        let state = self.driver.execute_async(script, vec![]).await?;
        Ok(state.json().clone())
    }

    /// Gives the worker a command that no button gives, and waits until it is carried out.
    pub async fn command(&self, command: Value) -> Result<()> {
        let script = "const [command, done] = arguments;
             const port = api.runtime.connect({ name: 'face' });
             port.onMessage.addListener(message => {
               if (message.type === 'answer') { port.disconnect(); done(message.answer.answer); }
             });
             port.postMessage({ number: 1, command });";
        let answer = self.driver.execute_async(script, vec![command]).await?;
        ensure!(*answer.json() == json!("done"), "{}", answer.json());
        Ok(())
    }

    /// Waits until the title of the toolbar button contains `title`.
    pub async fn wait_badge(&self, title: &str, limit: Duration) -> Result<()> {
        let script = "const done = arguments[arguments.length - 1];
             api.action.getTitle({}).then(done);";
        let deadline = Instant::now() + limit;
        loop {
            let shown = self.driver.execute_async(script, vec![]).await?;
            let shown = shown.json().as_str().unwrap_or_default().to_owned();
            if shown.contains(title) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the button says “{shown}”, not “{title}”, after {limit:?}"
            );
            // There is no event for a change of the title.
            sleep(LOOK).await;
        }
    }

    /// Waits until the popup shows this state of the network (`online`, `offline`, `no_node`, …).
    pub async fn wait_network(&self, network: &str, limit: Duration) -> Result<()> {
        let body = format!(
            r#"return document.querySelector('[data-testid="network"]')?.dataset.network === {};"#,
            json!(network)
        );
        self.wait(&format!("the network state “{network}”"), limit, &body)
            .await?;
        Ok(())
    }

    /// Sets the nodes in the settings, as a person does, and returns to the page where the popup
    /// was.
    pub async fn set_nodes(&self, nodes: &[String]) -> Result<()> {
        // A comma or a line break would do as well as a space.
        self.set("settings-nodes", &nodes.join(" ")).await
    }

    /// Changes boxes of the settings by a click on each, saves them, and returns to the page where the popup was.
    pub async fn switch(&self, testids: &[&'static str]) -> Result<()> {
        let here = self.open_settings().await?;
        for testid in testids {
            let field = self.setting(testid).await?;
            field.click().await?;
        }
        self.save_settings(&here).await
    }

    /// Types a text into a field of the settings, saves them, and returns to the page where the popup was.
    pub async fn set(&self, testid: &'static str, text: &str) -> Result<()> {
        let here = self.open_settings().await?;
        let field = self.setting(testid).await?;
        field.click().await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(Key::Delete + "").await?;
        field.send_keys(text).await?;
        self.save_settings(&here).await
    }

    /// Shows the settings, and returns where the popup was.
    async fn open_settings(&self) -> Result<String> {
        let here = self.driver.current_url().await?;
        let mut settings = here.clone();
        settings.set_query(Some("view=options"));
        self.driver.goto(settings.as_str()).await?;
        self.wait(
            "the settings",
            SHOW,
            r#"return !!document.querySelector('[data-testid="settings-nodes"]');"#,
        )
        .await?;
        Ok(here.into())
    }

    /// A field of the settings, which is in view.
    async fn setting(&self, testid: &'static str) -> Result<WebElement> {
        let field = self.driver.find(By::Testid(testid)).await?;
        if !field.is_displayed().await? {
            let fold = self.driver.find(By::Testid("advanced")).await?;
            fold.scroll_into_view().await?;
            fold.click().await?;
        }
        // The bar with the buttons may lie over what is at the bottom.
        field.scroll_into_view().await?;
        Ok(field)
    }

    async fn save_settings(&self, here: &str) -> Result<()> {
        self.press("settings-save").await?;
        self.wait(
            "the end of saving",
            SHOW,
            r#"return document.querySelector('[data-testid="settings-save"]').disabled
                 && document.querySelector('[data-testid="settings-revert"]') === null;"#,
        )
        .await?;
        self.driver.goto(here).await?;
        self.wait_shown().await
    }

    async fn wait_shown(&self) -> Result<()> {
        self.wait(
            "the popup",
            SHOW,
            r#"return !!document.querySelector('[data-testid="network"]');"#,
        )
        .await?;
        Ok(())
    }

    /// The items that the popup lists.
    pub async fn items(&self) -> Result<Vec<Shown>> {
        let script = format!("{ITEMS} return items;");
        let items = self.driver.execute(script, vec![]).await?;
        Ok(serde_json::from_value(items.json().clone())?)
    }

    /// Waits until an item fulfils `condition`, a JavaScript expression of `item` (see [`Shown`]),
    /// and returns it.
    pub async fn wait_item(&self, what: &str, limit: Duration, condition: &str) -> Result<Shown> {
        let body = format!("{ITEMS} return items.find(item => {condition});");
        let found = self.wait(what, limit, &body).await?;
        Ok(serde_json::from_value(found)?)
    }

    /// Waits until the item of that name has one of these states, and returns it. Any other final
    /// failure of the item is an error.
    pub async fn wait_named(&self, name: &str, states: &[&str], limit: Duration) -> Result<Shown> {
        let ends = ["failed", "interrupted"];
        let shown = self
            .wait_item(
                &format!("“{name}” as {}", states.join(" or ")),
                limit,
                &format!(
                    "item.name === {} && [...{}, ...{}].includes(item.status)",
                    json!(name),
                    json!(states),
                    json!(ends)
                ),
            )
            .await?;
        if !states.contains(&shown.status.as_str()) {
            bail!("“{name}” {}: {}", shown.status, shown.text);
        }
        Ok(shown)
    }

    /// Presses a button of an item that has failed or stopped, and waits until it goes on: until then it is still what it was.
    pub async fn go_on(&self, item: &Shown, testid: &str) -> Result<()> {
        self.press_in(item, testid).await?;
        let goes_on = format!(
            "item.id === {} && item.status !== {}",
            json!(item.id),
            json!(item.status)
        );
        self.wait_item("that it goes on", SHOW, &goes_on).await?;
        Ok(())
    }

    /// Waits until the item of that CID has failed, and returns it.
    pub async fn wait_failed(&self, cid: &str, limit: Duration) -> Result<Shown> {
        let condition = format!(
            "item.cid === {} && ['failed', 'interrupted', 'done', 'shared'].includes(item.status)",
            json!(cid)
        );
        let shown = self.wait_item("a failure", limit, &condition).await?;
        if shown.failure.is_none() {
            bail!("no failure, but {shown:?}");
        }
        Ok(shown)
    }

    /// Removes an item and confirms it.
    pub async fn remove(&self, item: &Shown) -> Result<()> {
        let ask = if item.status == "interrupted" {
            "item-discard"
        } else {
            "item-remove"
        };
        self.press_in(item, ask).await?;
        self.press_in(item, "item-confirm").await?;
        let body = format!(
            r#"return !document.querySelector('[data-testid="item"][data-id="{}"]');"#,
            item.id
        );
        self.wait("that the item is gone", SHOW, &body).await?;
        Ok(())
    }

    /// Shares files through the popup's file input. A single file is shared at once; several are
    /// staged first, and then shared as they are.
    pub async fn share(&self, files: &[&Path]) -> Result<()> {
        let paths = files
            .iter()
            .map(|path| {
                path.to_str()
                    .ok_or_else(|| anyhow!("the path is not valid UTF-8"))
            })
            .collect::<Result<Vec<_>>>()?;
        let field = self.driver.find(By::Testid("file-input")).await?;
        field.send_keys(paths.join("\n")).await?;
        if paths.len() == 1 {
            return Ok(());
        }
        self.wait(
            "the list of chosen files",
            SHOW,
            r#"return !!document.querySelector('[data-testid="stage-share"]');"#,
        )
        .await?;
        self.press("stage-share").await
    }

    /// Chooses when what is shared from now on stops being shared by itself, by the words of the list.
    pub async fn choose_end(&self, words: &str) -> Result<()> {
        let body = format!(
            r#"const list = document.querySelector('[data-testid="share-ends"]');
            const at = [...list.options].findIndex((option) => option.text === {});
            if (at < 0) return false;
            list.selectedIndex = at;
            list.dispatchEvent(new Event('change', {{ bubbles: true }}));
            return true;"#,
            json!(words)
        );
        self.wait("the choice of an end", SHOW, &body).await?;
        Ok(())
    }

    /// Types a link or hash into the fetch field and presses the button.
    pub async fn fetch(&self, link: &str) -> Result<()> {
        let field = self.driver.find(By::Testid("fetch-input")).await?;
        field.clear().await?;
        field.send_keys(link).await?;
        self.press("fetch-button").await
    }

    /// Presses the button with this test id.
    pub async fn press(&self, testid: &str) -> Result<()> {
        let button = self
            .driver
            .find(By::Testid(testid))
            .await
            .with_context(|| format!("{} has no “{testid}”", self.browser))?;
        button.click().await?;
        Ok(())
    }

    /// Clicks a button of an item, which may be in its menu.
    pub async fn press_in(&self, item: &Shown, testid: &str) -> Result<()> {
        if let Ok(button) = self.find_in(item, testid).await {
            button.click().await?;
            return Ok(());
        }
        self.find_in(item, MENU).await?.click().await?;
        let entry = self.find_in(item, testid).await;
        if let Ok(entry) = &entry {
            entry.click().await?;
        } else {
            let focused = self.driver.active_element().await?;
            focused.send_keys(Key::Escape + "").await?;
        }
        entry.map(drop)
    }

    /// Presses a button of an item by the keyboard, once it is there. If it is in the menu, it is reached with the arrow
    /// keys.
    pub async fn enter_in(&self, item: &Shown, testid: &str) -> Result<()> {
        let script = format!(
            r#"const row = document.querySelector('[data-testid="item"][data-id="{}"]');
            const find = (testid) => row?.querySelector(`[data-testid="${{testid}}"]`);
            const button = find('{testid}') ?? find('{MENU}');
            if (!button || button.disabled) return false;
            button.focus();
            return document.activeElement === button && button.dataset.testid;"#,
            item.id
        );
        let found = self.wait(testid, SHOW, &script).await?;
        if found != json!(testid) {
            let menu = self.find_in(item, MENU).await?;
            menu.send_keys(Key::Enter + "").await?;
            for _ in 0..ENTRIES {
                let focused = self.driver.active_element().await?;
                if focused.attr("data-testid").await?.as_deref() == Some(testid) {
                    break;
                }
                focused.send_keys(Key::Down + "").await?;
            }
        }
        let button = self.find_in(item, testid).await?;
        button.send_keys(Key::Enter + "").await?;
        Ok(())
    }

    /// An element of an item, which may be hidden.
    pub async fn find_in(&self, item: &Shown, testid: &str) -> Result<WebElement> {
        let selector = format!(
            r#"[data-testid="item"][data-id="{}"] [data-testid="{testid}"]"#,
            item.id
        );
        self.driver
            .find(By::Css(selector))
            .await
            .with_context(|| format!("“{}” has no “{testid}”", item.name))
    }

    /// Waits until the browser shows a notification about an item.
    pub async fn wait_notified(&self, item: &Shown, limit: Duration) -> Result<()> {
        self.wait_shown_notification(&format!("item:{}", item.id), limit)
            .await
            .with_context(|| format!("nothing tells of “{}”", item.name))
    }

    /// Waits until the browser shows the notification with this id.
    pub async fn wait_shown_notification(&self, id: &str, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !self.shows_notification(id).await? {
            ensure!(
                Instant::now() < deadline,
                "there is no notification “{id}” after {limit:?}"
            );
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Whether the browser shows a notification about an item.
    pub async fn is_notified_of(&self, item: &Shown) -> Result<bool> {
        self.shows_notification(&format!("item:{}", item.id)).await
    }

    async fn shows_notification(&self, id: &str) -> Result<bool> {
        let script = "const [id, done] = arguments; api.notifications.getAll().then(all => done(id in all));";
        let shown = self.driver.execute_async(script, vec![json!(id)]).await?;
        Ok(shown.json() == &json!(true))
    }

    /// Drags files over the popup and drops them.
    pub async fn drop_files(&self, files: &[&Path]) -> Result<()> {
        if self.kind == Kind::Firefox {
            return self.drop_made_files(files).await;
        }
        // The value 1 means to copy.
        self.drag(&json!({"items": [], "files": files, "dragOperationsMask": 1}))
            .await
    }

    /// Drags a text of this type over the popup and drops it.
    pub async fn drop_text(&self, kind: &str, text: &str) -> Result<()> {
        if self.kind == Kind::Firefox {
            let drop = "const dataTransfer = new DataTransfer();
                dataTransfer.setData(...arguments);
                const zone = document.querySelector('[data-testid=drop-zone]');
                for (const step of ['dragenter', 'dragover', 'drop'])
                  zone.dispatchEvent(new DragEvent(step, { dataTransfer, bubbles: true, cancelable: true }));";
            self.driver
                .execute(drop, vec![json!(kind), json!(text)])
                .await?;
            return Ok(());
        }
        let data = json!({
            "items": [{"mimeType": kind, "data": text}], "dragOperationsMask": 1,
        });
        self.drag(&data).await
    }

    /// Drags this over the popup and drops it.
    async fn drag(&self, data: &Value) -> Result<()> {
        let tools = ChromeDevTools::new(self.driver.handle.clone());
        let event = async |step: &str| {
            let event = json!({ "type": step, "x": 200, "y": 200, "data": data });
            tools
                .execute_cdp_with_params("Input.dispatchDragEvent", event)
                .await
        };
        let watch = "window.over = new Promise(done => addEventListener('dragover', () => done(true), { once: true }));";
        self.driver.execute(watch, vec![]).await?;
        event("dragEnter").await?;
        event("dragOver").await?;
        // What the page has not said yet that it takes is not dropped.
        let over = "const [done] = arguments; window.over.then(done);";
        self.driver.execute_async(over, vec![]).await?;
        event("drop").await?;
        Ok(())
    }

    /// Drops files by an event that is made in the page, because nothing can drag files over a page of Firefox. They are
    /// real ones, from a field in which they are chosen.
    async fn drop_made_files(&self, files: &[&Path]) -> Result<()> {
        let field = "const field = document.createElement('input');
            Object.assign(field, { type: 'file', multiple: true, id: 'dropped' });
            document.body.append(field);";
        self.driver.execute(field, vec![]).await?;
        let field = self.driver.find(By::Id("dropped")).await?;
        let paths: Vec<String> = files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        field.send_keys(paths.join("\n")).await?;
        let drop = "const field = document.getElementById('dropped');
            const dataTransfer = new DataTransfer();
            for (const file of field.files) dataTransfer.items.add(file);
            field.remove();
            const zone = document.querySelector('[data-testid=drop-zone]');
            for (const step of ['dragenter', 'dragover', 'drop'])
              zone.dispatchEvent(new DragEvent(step, { dataTransfer, bubbles: true, cancelable: true }));";
        self.driver.execute(drop, vec![]).await?;
        Ok(())
    }

    /// Waits for the message below the fetch field, and returns it.
    pub async fn fetch_error(&self, limit: Duration) -> Result<String> {
        let body =
            r#"return document.querySelector('[data-testid="fetch-error"]')?.innerText.trim();"#;
        let found = self.wait("a message about the hash", limit, body).await?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }

    /// Takes a picture, in light and in dark, and checks that everybody can use what is shown.
    ///
    /// # Errors
    /// If axe-core finds anything.
    pub async fn picture(&self, label: &str) -> Result<()> {
        self.picture_of(label, Check::Axe).await
    }

    /// Takes a picture, in light and in dark, and checks nothing: what is shown to somebody needs no axe-core.
    pub async fn plain_picture(&self, label: &str) -> Result<()> {
        self.picture_of(label, Check::Nothing).await
    }

    async fn picture_of(&self, label: &str, check: Check) -> Result<()> {
        let label = format!("{}-{label}", self.browser);
        browser::picture(&self.driver, self.kind, &self.artifacts, &label, check).await
    }
}
