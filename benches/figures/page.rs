//! A page of a browser in which something is measured: `page.js`, and what it compares with.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use fluence_tests::browser::Browser;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::{By, WebDriver};

use crate::PATIENCE;

const PAGE: &str = include_str!("page.js");

/// What other people's work took, as the page says.
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
    /// How long it took.
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.ms / 1e3)
    }
}

/// The bundle of other people's work that `cargo xtask figures` made; `None` where it could not.
pub fn others() -> Option<PathBuf> {
    std::env::var_os("FLUENCE_OTHERS").map(PathBuf::from)
}

/// The page that is in the current tab of a browser.
pub struct Page {
    driver: WebDriver,
}

impl Page {
    /// Prepares the page.
    pub async fn new(browser: &Browser) -> Result<Self> {
        let driver = browser.driver()?.clone();
        driver.execute(PAGE, vec![]).await?;
        Ok(Self { driver })
    }

    /// Prepares a page that is opened for it, with other people's work where there is a bundle.
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

    /// Calls a function of `page.js` and waits for what it gives.
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
            .with_context(|| format!("{name} in a page gave {answer}"))
    }

    /// Chooses a file in a field of the page's own.
    pub async fn choose(&self, file: &Path) -> Result<()> {
        self.call::<Value>("field", json!([])).await?;
        let field = self.driver.find(By::Id("bench-file")).await?;
        let file = file
            .to_str()
            .ok_or_else(|| anyhow!("a path that is not text"))?;
        Ok(field.send_keys(file).await?)
    }

    /// Begins to note what the worker tells its faces.
    pub async fn watch(&self) -> Result<()> {
        self.call::<Value>("watch", json!([])).await.map(drop)
    }

    /// What came since [`Self::watch`], a line for each: milliseconds since the first one, and what.
    pub async fn events(&self) -> Result<String> {
        let lines: Vec<String> = self.call("listed", json!([])).await?;
        Ok(lines.join("\n"))
    }

    /// When the first event came since [`Self::watch`] that passes a test: JavaScript on `kind`, see
    /// `fluence::state::EventKind`. A failure of any item, or [`PATIENCE`], ends the wait.
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

/// The time between two instants.
pub fn between(from: SystemTime, to: SystemTime) -> Result<Duration> {
    to.duration_since(from).context("time ran backwards")
}
