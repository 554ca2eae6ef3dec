//! A page as those have it who do not see it: the roles and names that the browser gives to assistive technology, and the keyboard.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Key, RequestData, SessionId, TypingData, WebDriver, WebElement};
use tokio::time::{Instant, sleep};

use crate::browser::{Browser, Kind};

/// How often it is looked again. There is no event for a change of the tree.
const LOOK: Duration = Duration::from_millis(100);
/// The most elements of a page that are reached with the Tab key, one after the other.
const STOPS: usize = 60;
/// The keys that are held while others are pressed.
const HELD: [Key; 2] = [Key::Control, Key::Shift];
/// What can have the focus. Firefox's driver lists no tree, and tells the role and the name of one element at a time.
const CANDIDATES: &str = "a[href], button, input, select, textarea, summary";

/// The page that the current tab of a browser shows.
pub struct Tree {
    kind: Kind,
    driver: WebDriver,
}

/// What is told of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its role, as in ARIA.
    pub role: String,
    /// Its name.
    pub name: String,
}

impl Told {
    fn is(&self, role: &str, parts: &[&str]) -> bool {
        self.role == role && parts.iter().all(|part| self.name.contains(part))
    }
}

/// An element that can have the focus.
enum Handle {
    /// Chromium's number of its node.
    Node(Value),
    /// The element itself.
    Element(WebElement),
}

/// Asks the driver for what the browser computes of an element: its `role` or `label`.
#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl FormatRequestData for Computed {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let Self { element, what } = self;
        let path = format!("session/{session}/element/{element}/computed{what}");
        RequestData::new(Method::GET, path)
    }
}

impl Tree {
    /// The page that the current tab of a browser shows.
    ///
    /// # Errors
    /// If the browser is not open.
    pub fn of(browser: &Browser) -> Result<Self> {
        Ok(Self {
            kind: browser.kind(),
            driver: browser.driver()?.clone(),
        })
    }

    /// Waits until there is an element with this role whose name has all of these parts, and returns its name.
    ///
    /// # Errors
    /// If there is none in time; the error has all that can have the focus.
    pub async fn wait(&self, role: &str, parts: &[&str], limit: Duration) -> Result<String> {
        Ok(self.find(role, parts, limit).await?.0.name)
    }

    /// Puts the focus on the element with this role and name as soon as it is there, and presses a key or types.
    ///
    /// # Errors
    /// If there is none in time, or if it does not get the focus.
    pub async fn press(
        &self,
        role: &str,
        parts: &[&str],
        keys: impl Into<TypingData>,
        limit: Duration,
    ) -> Result<()> {
        let (told, handle) = self.find(role, parts, limit).await?;
        match handle {
            Handle::Node(node) => {
                ChromeDevTools::new(self.driver.handle.clone())
                    .execute_cdp_with_params("DOM.focus", json!({ "backendNodeId": node }))
                    .await
                    .with_context(|| format!("{told:?} does not get the focus"))?;
            }
            Handle::Element(element) => element.focus().await?,
        }
        Ok(self.driver.active_element().await?.send_keys(keys).await?)
    }

    /// Presses the Tab key until the element with this role and name has the focus.
    ///
    /// # Errors
    /// If it cannot be reached so, or if it is not seen that something has the focus on the way; the error has all that was
    /// reached.
    pub async fn tab_to(&self, role: &str, parts: &[&str]) -> Result<()> {
        self.stop_at(role, parts, TypingData::from(Key::Tab)).await
    }

    /// Like [`Self::tab_to`], with the Shift key: to what is before.
    ///
    /// # Errors
    /// See [`Self::tab_to`].
    pub async fn tab_back_to(&self, role: &str, parts: &[&str]) -> Result<()> {
        self.stop_at(role, parts, Key::Shift + Key::Tab).await
    }

    async fn stop_at(&self, role: &str, parts: &[&str], keys: TypingData) -> Result<()> {
        let mut reached = Vec::new();
        for _ in 0..STOPS {
            self.key(keys.to_string()).await?;
            let told = self.told(&self.driver.active_element().await?).await?;
            let seen = "const active = document.activeElement;
                return active === document.body || active.matches(':focus-visible');";
            let seen = self.driver.execute(seen, vec![]).await?;
            ensure!(*seen.json() == json!(true), "nobody sees where {told:?} is");
            if told.is(role, parts) {
                return Ok(());
            }
            reached.push(told);
        }
        bail!("no {role} “{parts:?}” is reached by the Tab key, but {reached:?}")
    }

    /// Presses keys where the focus is, one after the other. Control and Shift are held until the last one.
    ///
    /// # Errors
    /// If the driver fails.
    pub async fn key(&self, keys: impl Into<TypingData>) -> Result<()> {
        // To send them to the element would choose a file if it is a field for one.
        let mut keyboard = self.driver.action_chain();
        let mut held = Vec::new();
        for key in keys.into().as_vec() {
            keyboard = keyboard.key_down(key);
            if HELD.into_iter().any(|held| char::from(held) == key) {
                held.push(key);
            } else {
                keyboard = keyboard.key_up(key);
            }
        }
        for key in held {
            keyboard = keyboard.key_up(key);
        }
        Ok(keyboard.perform().await?)
    }

    /// What is told of the element that has the focus.
    ///
    /// # Errors
    /// If the driver fails.
    pub async fn focused(&self) -> Result<Told> {
        self.told(&self.driver.active_element().await?).await
    }

    /// Waits until the element that has the focus has this role, and a name with all of these parts.
    ///
    /// # Errors
    /// If it does not in time; the error has what has the focus.
    pub async fn wait_focus(&self, role: &str, parts: &[&str], limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let told = self.focused().await;
            if told.as_ref().is_ok_and(|told| told.is(role, parts)) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the focus is on {told:?}, not on a {role} “{parts:?}”"
            );
            sleep(LOOK).await;
        }
    }

    async fn find(&self, role: &str, parts: &[&str], limit: Duration) -> Result<(Told, Handle)> {
        let deadline = Instant::now() + limit;
        loop {
            let all = self.all().await?;
            let is_late = Instant::now() >= deadline;
            let names: Vec<Told> = all.iter().map(|(told, _)| told.clone()).collect();
            if let Some(found) = all.into_iter().find(|(told, _)| told.is(role, parts)) {
                return Ok(found);
            }
            ensure!(!is_late, "there is no {role} “{parts:?}”, but {names:?}");
            sleep(LOOK).await;
        }
    }

    /// All that is told of the page, in Firefox of what can have the focus.
    async fn all(&self) -> Result<Vec<(Told, Handle)>> {
        if self.kind == Kind::Firefox {
            let mut all = Vec::new();
            for element in self.driver.find_all(By::Css(CANDIDATES)).await? {
                // What was removed meanwhile is told of no more.
                if let Ok(told) = self.told(&element).await {
                    all.push((told, Handle::Element(element)));
                }
            }
            return Ok(all);
        }
        let tree = ChromeDevTools::new(self.driver.handle.clone())
            .execute_cdp("Accessibility.getFullAXTree")
            .await?;
        let nodes = tree["nodes"].as_array().context("there is no tree")?;
        let all = nodes.iter().filter(|node| node["ignored"] != json!(true));
        Ok(all
            .map(|node| {
                let text = |key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
                let told = Told {
                    role: text("role"),
                    name: text("name"),
                };
                (told, Handle::Node(node["backendDOMNodeId"].clone()))
            })
            .collect())
    }

    async fn told(&self, element: &WebElement) -> Result<Told> {
        let ask = async |what| {
            let element = element.element_id.to_string();
            let answer = self.driver.handle.cmd(Computed { element, what }).await?;
            anyhow::Ok(answer.value::<String>()?)
        };
        Ok(Told {
            role: ask("role").await?,
            name: ask("label").await?,
        })
    }
}
