//! A page of a browser in which something is measured by `page.js`, and the bundle of the programs
//! to compare with.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use fluence_tests::browser::Browser;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::{By, WebDriver};

use crate::PATIENCE;

/// The script that measures in the page.
const PAGE: &str = include_str!("page.js");

/// The result of a measurement in the page.
#[derive(Debug, serde::Deserialize)]
pub struct Took {
    /// The time that it took, in milliseconds.
    pub ms: f64,
    /// The number of bytes that arrived.
    pub bytes: Option<u64>,
    /// The hash of the bytes, if it was computed.
    pub cid: Option<String>,
}

impl Took {
    /// The time that it took.
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.ms / 1e3)
    }
}

/// The path of the bundle of other people's programs that `cargo xtask figures` made; `None` if it
/// could not.
pub fn others() -> Option<PathBuf> {
    std::env::var_os("FLUENCE_OTHERS").map(PathBuf::from)
}

/// The page in the current tab of a browser.
pub struct Page {
    driver: WebDriver,
}

impl Page {
    /// Loads `page.js` into the page.
    ///
    /// # Errors
    /// Fails if the browser does not run the script.
    pub async fn new(browser: &Browser) -> Result<Self> {
        let driver = browser.driver()?.clone();
        driver.execute(PAGE, vec![]).await?;
        Ok(Self { driver })
    }

    /// Opens a page, and loads `page.js` and, if there is one, the bundle of other people's
    /// programs.
    ///
    /// # Errors
    /// Fails if the bundle cannot be read, or if the browser does not open the page.
    pub async fn open(browser: &Browser, url: &str, others: Option<&Path>) -> Result<Self> {
        let driver = browser.driver()?.clone();
        driver.goto(url).await?;
        if let Some(others) = others {
            let bundle = std::fs::read_to_string(others)
                .with_context(|| format!("cannot read {}", others.display()))?;
            driver.execute(bundle, vec![]).await?;
        }
        Self::new(browser).await
    }

    /// Calls a function of `page.js`, and waits for its result.
    ///
    /// # Errors
    /// Fails if the function throws, or if its result is not a `T`.
    pub async fn call<T: DeserializeOwned>(&self, name: &str, arguments: Value) -> Result<T> {
        let script = format!(
            "const [args, done] = arguments;
             Promise.resolve(bench.{name}(...args)).then(value => done({{ value: value ?? null }}), why => done({{ why: `${{why?.stack ?? why}}` }}));"
        );
        let answer = self.driver.execute_async(script, vec![arguments]).await?;
        let answer = answer.json();
        if let Some(why) = answer["why"].as_str() {
            bail!("{name} in a page: {why}");
        }
        serde_json::from_value(answer["value"].clone())
            .with_context(|| format!("{name} in a page returned {answer}"))
    }

    /// Chooses a file in a new file field of the page.
    ///
    /// # Errors
    /// Fails if the browser does not take the file.
    pub async fn choose(&self, file: &Path) -> Result<()> {
        self.call::<Value>("field", json!([])).await?;
        let field = self.driver.find(By::Id("bench-file")).await?;
        let file = file
            .to_str()
            .ok_or_else(|| anyhow!("a path that is not text"))?;
        Ok(field.send_keys(file).await?)
    }

    /// Begins to record the events that the worker sends to its faces.
    ///
    /// # Errors
    /// Fails if the page does not belong to the extension.
    pub async fn watch(&self) -> Result<()> {
        self.call::<Value>("watch", json!([])).await.map(drop)
    }

    /// The events since [`Self::watch`], one on each line, with the milliseconds since the first.
    ///
    /// # Errors
    /// Fails if [`Self::watch`] was not called.
    pub async fn events(&self) -> Result<String> {
        let lines: Vec<String> = self.call("listed", json!([])).await?;
        Ok(lines.join("\n"))
    }

    /// The time of the first event since [`Self::watch`] that passes a test, which is awaited if
    /// necessary. The test is a JavaScript expression on `kind` (see `fluence::state::EventKind`).
    ///
    /// # Errors
    /// Fails if an item fails, or if no such event arrives within [`PATIENCE`].
    pub async fn event(&self, test: &str) -> Result<SystemTime> {
        let script = format!(
            "const [limit, done] = arguments;
             const late = setTimeout(() => done({{ why: bench.events.slice(-20) }}), limit);
             const ends = kind => kind.event === 'status' && ['failed', 'interrupted'].includes(kind.status.status);
             bench.event(kind => ends(kind) || ({test})).then(at => {{
               clearTimeout(late);
               done({{ at, why: bench.events.map(event => event.kind).find(ends) }});
             }});"
        );
        let limit = json!(PATIENCE.as_millis() as u64);
        let answer = self.driver.execute_async(script, vec![limit]).await?;
        let answer = answer.json();
        if !answer["why"].is_null() {
            bail!("{test} did not come: {}", answer["why"]);
        }
        let at = answer["at"].as_u64().context("an event without a time")?;
        Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(at))
    }
}

/// The time between two moments.
///
/// # Errors
/// Fails if the second moment is before the first.
pub fn between(from: SystemTime, to: SystemTime) -> Result<Duration> {
    to.duration_since(from).context("time ran backwards")
}
