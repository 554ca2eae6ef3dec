//! A browser with the extension, its own profile, and a folder for downloads: Chromium, or Firefox if
//! `FLUENCE_BROWSER` is `firefox`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thirtyfour::common::config::WebDriverConfig;
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Capabilities, Key, TimeoutConfiguration, WebDriver, WindowHandle};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::artifacts::Artifacts;
use crate::axe;
use crate::display::Display;
use crate::face::Face;
use crate::firefox;
use crate::process::{Program, STOP, repository, signal};

/// Where the middle of a notification's first and second button is in Chromium: right of the notification's left edge, and
/// above its lower edge, in pixels. Their words are *Allow* and *Refuse*.
const NOTIFICATION_BUTTONS: [(i64, i64); 2] = [(48, 27), (141, 27)];
/// How long a browser may take to start.
pub(crate) const START: Duration = Duration::from_secs(60);
/// The longest wait inside a page. Each wait has its own limit, which is shorter.
pub(crate) const LONGEST_SCRIPT: Duration = Duration::from_secs(600);
/// How often a condition is checked.
const LOOK: Duration = Duration::from_millis(100);

/// How far the middle of *Fluence Share* is above the lower edge of Chromium's context menu of an element, in pixels.
/// Below it there are a separator and *Inspect*.
const OUR_MENU: i64 = 66;
/// The same in the context menu of a page, which also has *View page source*.
const OUR_MENU_ON_A_PAGE: i64 = 95;
/// How far the middles of *Share via Fluence* and *Share privately* are below the upper edge of that menu, in pixels.
const SHARE_ENTRY: i64 = 22;
/// See [`SHARE_ENTRY`].
const PRIVATE_ENTRY: i64 = 51;

/// The keys that open *Fluence Share* in Firefox's context menus, where it is the last entry.
const FIREFOX_MENU: [&str; 2] = ["Up", "Right"];

/// The centre of the extension's button, as distances from the right and the upper edge of the
/// window, in pixels.
const BUTTON: (i64, i64) = (148, 63);
/// How long the browser may take to open the popup or to ask a question.
const POPUP: Duration = Duration::from_secs(20);

/// How long the browser ignores answers to a new question, with some margin.
const QUESTION: Duration = Duration::from_secs(2);

/// The programs that the tests need, whatever the browser, and those for Chromium.
const PROGRAMS: [&str; 2] = ["Xvfb", "xdotool"];
const CHROMIUM: [&str; 2] = ["chromium", "chromedriver"];

/// The kinds of browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium, and others of its family.
    Chromium,
    /// Firefox.
    Firefox,
}

impl Kind {
    /// The kind that is tested: that of the environment variable `FLUENCE_BROWSER`, `chromium` or `firefox`.
    pub fn tested() -> Self {
        match std::env::var("FLUENCE_BROWSER").as_deref() {
            Ok("firefox") => Self::Firefox,
            _ => Self::Chromium,
        }
    }
}

/// The built extension.
pub struct Extension {
    kind: Kind,
    directory: PathBuf,
    /// The host of its pages.
    id: String,
}

impl Extension {
    /// Finds the extension for a browser that `cargo xtask build` made: in the directory that `FLUENCE_EXTENSION` names or
    /// beside it, or else in `dist`.
    pub fn find(kind: Kind) -> Result<Self> {
        let chrome = std::env::var_os("FLUENCE_EXTENSION")
            .map_or_else(|| repository().join("dist").join("chrome"), PathBuf::from);
        let directory = match kind {
            Kind::Chromium => chrome,
            Kind::Firefox => chrome.with_file_name("firefox"),
        };
        let manifest = directory.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).with_context(|| {
            format!(
                "there is no {}: run `cargo xtask build`",
                manifest.display()
            )
        })?;
        if kind == Kind::Firefox {
            let id = firefox::HOST.to_owned();
            return Ok(Self {
                kind,
                directory,
                id,
            });
        }
        let manifest: Value = serde_json::from_str(&text)?;
        let key = manifest["key"]
            .as_str()
            .ok_or_else(|| anyhow!("the manifest has no key, so the extension has no fixed id"))?;
        let key = base64::engine::general_purpose::STANDARD.decode(key)?;
        Ok(Self {
            kind,
            directory,
            id: id_of(&key),
        })
    }

    /// A copy of this extension, below `directory`, for which it is as many hours later. Everything else is the same.
    pub fn with_clock(&self, directory: &Path, hours: i32) -> Result<Self> {
        copy(&self.directory, directory)?;
        let clock = format!(
            "const Real = Date, late = {hours} * 3600e3;
             globalThis.Date = class extends Real {{
               constructor(...when) {{ when.length ? super(...when) : super(Real.now() + late); }}
               static now() {{ return Real.now() + late; }}
             }};"
        );
        std::fs::write(directory.join("clock.js"), clock)?;
        // Modules run in the order in which they are imported.
        for program in ["background.js", "files.js", "popup.js"] {
            let program = directory.join(program);
            let text = std::fs::read_to_string(&program)?;
            std::fs::write(&program, format!("import \"./clock.js\";\n{text}"))?;
        }
        Ok(Self {
            kind: self.kind,
            directory: directory.to_owned(),
            id: self.id.clone(),
        })
    }

    /// A copy of this extension, below `directory`, that hears of an update from the channel `update`: the browser tells
    /// those of none that were loaded from a directory. [`Self::set_version`] makes the update.
    pub fn with_updates(&self, directory: &Path) -> Result<Self> {
        copy(&self.directory, directory)?;
        let updates = "const told = new BroadcastChannel('update');
             const event = chrome.runtime.onUpdateAvailable;
             event.addListener = listener => {
               told.onmessage = ({ data }) => { listener(data); told.postMessage('heard'); };
             };";
        std::fs::write(directory.join("updates.js"), updates)?;
        let program = directory.join("background.js");
        let text = std::fs::read_to_string(&program)?;
        std::fs::write(&program, format!("import \"./updates.js\";\n{text}"))?;
        Ok(Self {
            kind: self.kind,
            directory: directory.to_owned(),
            id: self.id.clone(),
        })
    }

    /// Makes another version of the files of this extension.
    pub fn set_version(&self, version: &str) -> Result<()> {
        let path = self.directory.join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        manifest["version"] = json!(version);
        Ok(std::fs::write(path, manifest.to_string())?)
    }

    /// The directory of the extension.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The URL of one of its pages.
    pub fn url(&self, page: &str) -> String {
        let scheme = match self.kind {
            Kind::Chromium => "chrome-extension",
            Kind::Firefox => "moz-extension",
        };
        format!("{scheme}://{}/{page}", self.id)
    }
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Chromium's id of an extension with this public key: the first half of its SHA-256 hash, in the
/// letters a to p.
fn id_of(key: &[u8]) -> String {
    Sha256::digest(key)[..16]
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b'a' + digit))
        .collect()
}

/// A message that names the missing programs; `None` if all are installed.
pub fn missing() -> Option<String> {
    let missing_of = |programs: [&'static str; 2]| {
        let missing = programs.into_iter().filter(|name| find(name).is_none());
        missing.collect::<Vec<&str>>()
    };
    let mut missing = missing_of(PROGRAMS);
    missing.extend(match Kind::tested() {
        Kind::Chromium => missing_of(CHROMIUM),
        Kind::Firefox => firefox::missing(),
    });
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// The path of a program: in PATH, or among those that `cargo xtask test` has built.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path)
        .map(|at| at.join(program))
        .find(|file| file.is_file());
    installed.or_else(|| {
        let own = std::env::current_exe().ok()?;
        let tools = own.ancestors().map(|at| at.join("tools"));
        let tools = tools.filter_map(|tools| std::fs::read_dir(tools).ok());
        tools
            .flatten()
            .filter_map(Result::ok)
            .map(|tool| tool.path().join("bin").join(program))
            .find(|file| file.is_file())
    })
}

/// How long a driver waits for what it is asked.
pub(crate) fn timeouts() -> TimeoutConfiguration {
    let none = Duration::ZERO;
    TimeoutConfiguration::new(Some(LONGEST_SCRIPT), Some(START), Some(none))
}

/// How many times the driver is started again when it finds no port.
const DRIVER_TRIES: u32 = 3;

/// A browser, open or closed. Its profile is kept for the next time that it is opened.
pub struct Browser {
    name: String,
    extension: Arc<Extension>,
    home: PathBuf,
    display: Option<Arc<Display>>,
    artifacts: Arc<Artifacts>,
    session: Option<Session>,
}

/// An open browser and the program that drives it.
struct Session {
    driver: WebDriver,
    program: Program,
}

impl Browser {
    /// A closed browser with an empty profile, in its own directory below `homes`. It opens a
    /// window if there is a display, and is headless otherwise.
    pub fn new(
        name: &str,
        extension: Arc<Extension>,
        homes: &Path,
        display: Option<Arc<Display>>,
        artifacts: Arc<Artifacts>,
    ) -> Result<Self> {
        let home = homes.join(name);
        for directory in ["profile", "downloads"] {
            std::fs::create_dir_all(home.join(directory))?;
        }
        Ok(Self {
            name: name.to_owned(),
            extension,
            home,
            display,
            artifacts,
            session: None,
        })
    }

    /// The name given by the test.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens the browser, and closes the page that the extension shows when it is installed.
    pub async fn open(&mut self) -> Result<()> {
        if self.open_as_it_is().await? {
            self.close_first_page().await?;
        }
        Ok(())
    }

    /// Waits for the page that the extension shows when it is installed, closes it, and returns its URL.
    pub async fn close_first_page(&self) -> Result<String> {
        if self.kind() == Kind::Firefox {
            return self.close_first_tab().await;
        }
        let tools = ChromeDevTools::new(self.driver()?.handle.clone());
        let own = self.extension.url("");
        let deadline = Instant::now() + START;
        // The driver does not list tabs that an extension opened.
        loop {
            // The browser may also show it in the place of a new tab, which is the one that the driver has.
            let here = self.driver()?.current_url().await?;
            if here.as_str().starts_with(&own) {
                self.driver()?.goto("data:,").await?;
                return Ok(here.into());
            }
            let targets = tools.execute_cdp("Target.getTargets").await?;
            let targets = targets["targetInfos"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let pages = targets.iter().filter(|target| target["type"] == "page");
            let page = pages.clone().find_map(|target| {
                let url = target["url"].as_str()?;
                url.starts_with(&own).then_some((target, url))
            });
            // If it is the only one, it has just taken the place of the driver's tab.
            if let Some((target, url)) = page.filter(|_| pages.count() > 1) {
                let which = json!({ "targetId": target["targetId"] });
                tools
                    .execute_cdp_with_params("Target.closeTarget", which)
                    .await?;
                return Ok(url.to_owned());
            }
            ensure!(
                Instant::now() < deadline,
                "no page was shown when the extension was installed"
            );
            sleep(LOOK).await;
        }
    }

    /// The same in Firefox, whose driver lists every tab.
    async fn close_first_tab(&self) -> Result<String> {
        let (driver, own) = (self.driver()?, self.extension.url(""));
        let deadline = Instant::now() + START;
        let first = driver.window().await?;
        loop {
            for tab in driver.windows().await? {
                driver.switch_to_window(tab.clone()).await?;
                let url = driver.current_url().await?;
                if !url.as_str().starts_with(&own) {
                    continue;
                }
                if tab == first {
                    driver.goto("data:,").await?;
                } else {
                    driver.close_window().await?;
                    driver.switch_to_window(first).await?;
                }
                return Ok(url.into());
            }
            driver.switch_to_window(first.clone()).await?;
            ensure!(
                Instant::now() < deadline,
                "no page was shown when the extension was installed"
            );
            sleep(LOOK).await;
        }
    }

    /// The kind of the browser.
    pub fn kind(&self) -> Kind {
        self.extension.kind
    }

    /// Opens the browser, and returns whether the extension is installed by that.
    pub async fn open_as_it_is(&mut self) -> Result<bool> {
        ensure!(self.session.is_none(), "{} is open", self.name);
        let log = self
            .artifacts
            .directory()
            .join(format!("{}.log", self.name));
        if self.kind() == Kind::Firefox {
            let installs = !self.profile().join("prefs.js").exists();
            let place = firefox::Place {
                profile: &self.profile(),
                downloads: &self.downloads(),
                log: &log,
                display: self.display.as_deref(),
            };
            let (driver, program) = firefox::open(&self.extension.directory, &place).await?;
            self.session = Some(Session { driver, program });
            return Ok(installs);
        }
        let installs = !self.profile().join("Default").exists();
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        if let Some(display) = &self.display {
            command.env("DISPLAY", display.name());
            // This is where dialogs suggest to save.
            command.env("HOME", &self.home);
        }
        // It takes a port that is free for one version of the Internet Protocol, and ends if that is not free for the
        // other one.
        let mut tries = 0;
        let (program, port) = loop {
            let mut program = Program::start(&mut command, &log)?;
            let started = program.until(|line| {
                let port = line.split_once("started successfully on port ")?.1;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
            match started.await {
                Ok(port) => break (program, port),
                Err(_) if tries < DRIVER_TRIES => tries += 1,
                Err(why) => return Err(why),
            }
        };
        let options = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": self.arguments(),
                "prefs": self.preferences(),
                // Chromedriver sets these switches, which change what a person would see.
                "excludeSwitches": ["enable-automation", "disable-popup-blocking"],
            },
        });
        let capabilities: Capabilities = serde_json::from_value(options)?;
        let server = format!("http://127.0.0.1:{port}");
        let config = WebDriverConfig::builder()
            .reqwest_timeout(LONGEST_SCRIPT)
            .build()?;
        let driver = timeout(
            START,
            WebDriver::new_with_config(server, capabilities, config),
        )
        .await
        .with_context(|| format!("{} did not start within {START:?}", self.name))?
        .with_context(|| format!("{} did not start", self.name))?;
        driver.update_timeouts(timeouts()).await?;
        self.session = Some(Session { driver, program });
        Ok(installs)
    }

    /// Opens the browser without a debugger, as a person does. An attached debugger would keep the
    /// worker alive.
    pub fn open_alone(&self, url: &str) -> Result<Alone> {
        ensure!(self.session.is_none(), "{} is open", self.name);
        let log = self
            .artifacts
            .directory()
            .join(format!("{}.log", self.name));
        let mut command = Command::new("chromium");
        command.args(self.arguments()).arg(url);
        if let Some(display) = &self.display {
            command.env("DISPLAY", display.name());
        }
        Ok(Alone {
            program: Program::start(&mut command, &log)?,
            profile: self.profile(),
        })
    }

    fn profile(&self) -> PathBuf {
        self.home.join("profile")
    }

    /// The folder for downloads.
    pub fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }

    fn preferences(&self) -> Value {
        json!({
            // Otherwise an extension from a directory does not come back when it restarts.
            "extensions.ui.developer_mode": true,
            // This shows the extension's button beside the address bar.
            "extensions.pinned_extensions": [self.extension.id],
            "download.default_directory": self.downloads(),
            "download.prompt_for_download": false,
            "profile.default_content_setting_values.automatic_downloads": 1,
        })
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "--no-first-run",
            "--no-default-browser-check",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-search-engine-choice-screen",
            "--password-store=basic",
            "--lang=en-US",
            // A name of this machine that browsers do not take for a secure address.
            "--host-resolver-rules=MAP insecure.test 127.0.0.1",
            "--window-position=0,0",
            "--window-size=1000,900",
        ]
        .map(str::to_owned)
        .to_vec();
        if self.display.is_none() {
            arguments.push("--headless=new".to_owned());
        }
        arguments.push(format!("--user-data-dir={}", self.profile().display()));
        arguments.push(format!(
            "--load-extension={}",
            self.extension.directory.display()
        ));
        arguments
    }

    /// The connection that drives the browser.
    pub fn driver(&self) -> Result<&WebDriver> {
        let session = self.session.as_ref();
        Ok(&session
            .ok_or_else(|| anyhow!("{} is not open", self.name))?
            .driver)
    }

    /// Closes the browser as a person does.
    pub async fn close(&mut self) -> Result<()> {
        let session = self
            .session
            .take()
            .ok_or_else(|| anyhow!("{} is not open", self.name))?;
        timeout(STOP, session.driver.quit())
            .await
            .with_context(|| format!("{} did not close", self.name))??;
        session.program.kill().await?;
        released(&self.profile()).await
    }

    /// Kills the browser without warning, as a power failure would.
    pub async fn crash(&mut self) -> Result<()> {
        let session = self
            .session
            .take()
            .ok_or_else(|| anyhow!("{} is not open", self.name))?;
        if let Some(process) = holder(&self.profile()) {
            signal("KILL", process).await?;
        }
        session
            .driver
            .leak()
            .map_err(|_| anyhow!("the driver was closed"))?;
        session.program.kill().await?;
        released(&self.profile()).await
    }

    /// The main process of the browser.
    pub fn process(&self) -> Result<u32> {
        holder(&self.profile()).with_context(|| format!("{} does not run", self.name))
    }

    /// Stops every process of the browser, as a computer that goes to sleep does, until [`Self::wake`].
    pub async fn sleep(&self) -> Result<()> {
        self.signal_all("STOP").await
    }

    /// Lets a browser go on that sleeps.
    pub async fn wake(&self) -> Result<()> {
        self.signal_all("CONT").await
    }

    async fn signal_all(&self, name: &str) -> Result<()> {
        let mut all = vec![self.process()?];
        let mut at = 0;
        while let Some(process) = all.get(at) {
            let children = format!("/proc/{process}/task/{process}/children");
            let children = std::fs::read_to_string(children).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
            at += 1;
        }
        for process in all {
            signal(name, process).await?;
        }
        Ok(())
    }

    /// Opens the popup as a page, in the current tab.
    pub async fn face(&self) -> Result<Face> {
        let driver = self.driver()?;
        driver.goto(self.extension.url("popup.html")).await?;
        self.shown().await
    }

    /// The page of the extension that the current tab shows.
    pub async fn shown(&self) -> Result<Face> {
        let driver = self.driver()?.clone();
        Face::new(&self.name, self.kind(), driver, self.artifacts.clone()).await
    }

    /// Opens the popup as a page, in a new tab; the current tab stays open.
    pub async fn face_beside(&self) -> Result<Face> {
        let tab = self.driver()?.new_tab().await?;
        self.driver()?.switch_to_window(tab).await?;
        self.face().await
    }

    /// Opens an address in a container of Firefox, where it has cookies of its own, and goes to its new tab.
    pub async fn open_in_container(&self, url: &str) -> Result<WindowHandle> {
        let driver = self.driver()?;
        let before = driver.windows().await?;
        firefox::open_in_container(driver, url).await?;
        let deadline = Instant::now() + POPUP;
        loop {
            let tabs = driver.windows().await?;
            if let Some(tab) = tabs.into_iter().find(|tab| !before.contains(tab)) {
                driver.switch_to_window(tab.clone()).await?;
                return Ok(tab);
            }
            ensure!(Instant::now() < deadline, "no tab was opened");
            sleep(LOOK).await;
        }
    }

    /// An address in an ordinary window of Firefox and in a private one, into which the extension is let as far as it can be.
    pub async fn in_windows(&self, url: &str) -> Result<[firefox::InWindow; 2]> {
        firefox::in_windows(self.driver()?, &self.extension.directory, url).await
    }

    /// The URL of a page of the extension.
    pub fn extension_url(&self, page: &str) -> String {
        self.extension.url(page)
    }

    /// Stops the extension's worker, as Chromium does when it considers it idle. The current tab
    /// must show a page of the extension. Firefox ends no worker, so nothing happens there.
    pub async fn stop_worker(&self) -> Result<()> {
        if self.kind() == Kind::Firefox {
            return Ok(());
        }
        let tools = ChromeDevTools::new(self.driver()?.handle.clone());
        tools.execute_cdp("ServiceWorker.enable").await?;
        tools.execute_cdp("ServiceWorker.stopAllWorkers").await?;
        Ok(())
    }

    /// Runs a script in the extension's worker, in Chromium. Nothing says when it has run.
    pub async fn run_in_worker(&self, script: &str) -> Result<()> {
        let tools = ChromeDevTools::new(self.driver()?.handle.clone());
        let targets = tools.execute_cdp("Target.getTargets").await?;
        let worker = targets["targetInfos"].as_array().and_then(|all| {
            let own = json!(self.extension.url("background.js"));
            all.iter()
                .find(|target| target["type"] == "service_worker" && target["url"] == own)
        });
        let worker = worker.context("there is no worker")?;
        let which = json!({ "targetId": worker["targetId"], "flatten": false });
        let attached = tools
            .execute_cdp_with_params("Target.attachToTarget", which)
            .await?;
        let run =
            json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": script } });
        let message = json!({ "sessionId": attached["sessionId"], "message": run.to_string() });
        tools
            .execute_cdp_with_params("Target.sendMessageToTarget", message)
            .await?;
        Ok(())
    }

    /// Right-clicks an element of the page with a real mouse and chooses *Share via Fluence*. The
    /// element is a picture, a link or a selected text.
    pub async fn share_by_right_click(&self, element: By) -> Result<()> {
        self.right_click(element, OUR_MENU, SHARE_ENTRY).await
    }

    /// Does the same and chooses *Share privately*.
    pub async fn share_privately_by_right_click(&self, element: By) -> Result<()> {
        self.right_click(element, OUR_MENU, PRIVATE_ENTRY).await
    }

    /// Does the same at a place where there is nothing but the page itself.
    pub async fn share_page_by_right_click(&self, element: By) -> Result<()> {
        self.right_click(element, OUR_MENU_ON_A_PAGE, SHARE_ENTRY)
            .await
    }

    async fn right_click(&self, element: By, menu: i64, entry: i64) -> Result<()> {
        let (x, y) = self.place_of(element).await?;
        if self.kind() == Kind::Firefox {
            let mut keys = FIREFOX_MENU.to_vec();
            if entry == PRIVATE_ENTRY {
                keys.push("Down");
            }
            keys.push("Return");
            return self.display()?.choose_by_keys(x, y, &keys).await;
        }
        self.display()?
            .choose_from_context_menu(x, y, menu, entry)
            .await
    }

    /// The coordinates of the centre of a page's element on the display.
    async fn place_of(&self, element: By) -> Result<(i64, i64)> {
        let driver = self.driver()?;
        let element = driver.find(element).await?;
        element.scroll_into_view().await?;
        let place = driver
            .execute(
                "const box = arguments[0].getBoundingClientRect();
                 return [
                   window.screenX + (window.outerWidth - window.innerWidth) / 2 + box.x + box.width / 2,
                   window.screenY + window.outerHeight - window.innerHeight + box.y + box.height / 2,
                 ].map(Math.round);",
                vec![element.to_json()?],
            )
            .await?;
        Ok(serde_json::from_value(place.json().clone())?)
    }

    fn display(&self) -> Result<&Display> {
        let display = self.display.as_deref();
        display.ok_or_else(|| anyhow!("{} has no window", self.name))
    }

    /// Opens the popup as a person does, by clicking the extension's button with a real mouse.
    pub async fn open_popup(&self) -> Result<()> {
        let corner = "return [screenX + outerWidth, screenY];";
        let corner = self.driver()?.execute(corner, vec![]).await?;
        let (right, top): (i64, i64) = serde_json::from_value(corner.json().clone())?;
        let (x, y) = (right - BUTTON.0, top + BUTTON.1);
        self.display()?.click(x, y).await?;
        let tools = ChromeDevTools::new(self.driver()?.handle.clone());
        let popup = self.extension.url("popup.html");
        let deadline = Instant::now() + POPUP;
        loop {
            let targets = tools.execute_cdp("Target.getTargets").await?;
            let targets = targets["targetInfos"].as_array();
            if targets.is_some_and(|all| all.iter().any(|target| target["url"] == json!(popup))) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "no popup opened within {POPUP:?} of a click at {x}, {y}"
            );
            sleep(LOOK).await;
        }
    }

    /// Gives the current tab the keyboard's focus, with a real mouse.
    pub async fn focus_page(&self) -> Result<()> {
        let (x, y) = self.place_of(By::Tag("h1")).await?;
        self.display()?.click(x, y).await
    }

    /// Types letters, digits, spaces, colons and number signs into the address bar, and presses Enter.
    pub async fn type_into_address_bar(&self, text: &str) -> Result<()> {
        self.focus_page().await?;
        let letters = text.chars().map(|letter| match letter {
            ' ' => "space".to_owned(),
            ':' => "colon".to_owned(),
            '#' => "numbersign".to_owned(),
            letter => letter.to_string(),
        });
        let mut keys = vec!["ctrl+l".to_owned()];
        keys.extend(letters);
        keys.push("Return".to_owned());
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.press_keys(&keys).await
    }

    /// Has pages that are opened from now on have neither service workers nor, where `files` is set, a dialog in which a
    /// person chooses a file that the page writes.
    pub async fn without_service_workers(&self, files: bool) -> Result<()> {
        let driver = self.driver()?;
        if self.kind() == Kind::Firefox {
            // It has no such dialog.
            return firefox::without_service_workers(driver).await;
        }
        let mut source =
            "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });"
                .to_owned();
        if files {
            source.push_str("window.showSaveFilePicker = undefined;");
        }
        ChromeDevTools::new(driver.handle.clone())
            .execute_cdp_with_params(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": source }),
            )
            .await?;
        Ok(())
    }

    /// The files of the closed browser's profile in which a text is, in UTF-8 or UTF-16, or in whose name it is.
    pub fn keeps(&self, text: &str) -> Result<Vec<PathBuf>> {
        ensure!(self.session.is_none(), "{} is open", self.name);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (mut found, mut left) = (Vec::new(), vec![self.profile()]);
        while let Some(directory) = left.pop() {
            for entry in std::fs::read_dir(directory)? {
                let entry = entry?;
                let (path, kind) = (entry.path(), entry.file_type()?);
                if kind.is_dir() {
                    left.push(path);
                } else if kind.is_file() {
                    let mut bytes = match std::fs::read(&path) {
                        // The last of its programs may still be tidying up.
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                        bytes => bytes?,
                    };
                    bytes.extend(path.as_os_str().as_encoded_bytes());
                    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
                    if has(text.as_bytes()) || has(&wide) {
                        found.push(path.strip_prefix(self.profile())?.to_owned());
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Waits for the dialog in which a page has a file chosen, accepts the suggested name with a real mouse, and returns the
    /// path of the file.
    pub async fn save_in_dialog(&self, suggested: &str) -> Result<PathBuf> {
        self.display()?.accept_dialog().await?;
        Ok(self.home.join(suggested))
    }

    /// Waits for the dialog in which a person chooses files, and accepts what is chosen in it at first with a real mouse: the
    /// first file of the home directory, by its name ([`Self::at_home`]).
    pub async fn choose_in_dialog(&self) -> Result<()> {
        self.display()?.accept_dialog().await
    }

    /// Writes a file to the home directory.
    pub fn at_home(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.home.join(name);
        std::fs::write(&file, bytes)?;
        Ok(file)
    }

    /// Waits until the open popup has an element, and clicks it with a real mouse. No driver can reach into the popup, but a
    /// page of the extension can: the current tab must show one.
    pub async fn click_in_popup(&self, testid: &str) -> Result<()> {
        let place = "const [popup] = chrome.extension.getViews({ type: 'popup' });
             const found = popup?.document.querySelector(`[data-testid=${arguments[0]}]`);
             const box = found?.getBoundingClientRect();
             return box && [popup.screenX + box.x + box.width / 2, popup.screenY + box.y + box.height / 2].map(Math.round);";
        let deadline = Instant::now() + POPUP;
        loop {
            let found = self.driver()?.execute(place, vec![json!(testid)]).await?;
            let place: Option<(i64, i64)> = serde_json::from_value(found.json().clone())?;
            if let Some((x, y)) = place {
                return self.display()?.click(x, y).await;
            }
            ensure!(Instant::now() < deadline, "the popup shows no {testid}");
            sleep(LOOK).await;
        }
    }

    /// Presses a button of the notification that is shown next, counted from 0, with a real mouse.
    pub async fn press_in_notification(&self, button: usize) -> Result<()> {
        let (right, above) = NOTIFICATION_BUTTONS[button];
        self.display()?.click_in_notification(right, above).await
    }

    /// Presses keys on the display's keyboard; they are given by their X names.
    pub async fn press_keys(&self, keys: &[&str]) -> Result<()> {
        self.display()?.press(keys).await
    }

    /// Lets `ask` make the browser ask for a permission, and answers *Allow*. The current tab has
    /// the focus until the question appears.
    pub async fn allow(&self, ask: impl Future<Output = Result<()>>) -> Result<()> {
        self.answer(ask, true).await
    }

    /// The same, and answers *Deny*.
    pub async fn deny(&self, ask: impl Future<Output = Result<()>>) -> Result<()> {
        self.answer(ask, false).await
    }

    async fn answer(&self, ask: impl Future<Output = Result<()>>, allow: bool) -> Result<()> {
        if self.kind() == Kind::Firefox {
            ask.await?;
            return firefox::answer(self.driver()?, allow, POPUP).await;
        }
        let (x, y) = self.place_of(By::Tag("h1")).await?;
        self.display()?.click(x, y).await?;
        self.focus_is(true).await?;
        ask.await?;
        self.focus_is(false)
            .await
            .context("the browser does not ask")?;
        // The browser ignores an answer that comes so soon that it may have been meant for
        // something else, and nothing says when it starts to accept one.
        sleep(QUESTION).await;
        // *Deny* has the focus.
        let keys = if allow {
            &["Tab", "Return"][..]
        } else {
            &["Return"]
        };
        self.press_keys(keys).await?;
        self.focus_is(true).await.context("the browser still asks")
    }

    /// Whether the current tab has the focus, rather than, say, a question of the browser.
    async fn has_focus(&self) -> Result<bool> {
        let script = "return document.hasFocus();";
        let has = self.driver()?.execute(script, vec![]).await?;
        Ok(*has.json() == json!(true))
    }

    /// Waits until the current tab has the focus, or no longer has it.
    async fn focus_is(&self, wanted: bool) -> Result<()> {
        let deadline = Instant::now() + POPUP;
        while self.has_focus().await? != wanted {
            ensure!(
                Instant::now() < deadline,
                "the focus did not change within {POPUP:?}"
            );
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Pastes into a field of the current tab with the keyboard, again and again, until the text
    /// passes, and returns it.
    pub async fn pasted(
        &self,
        field: By,
        limit: Duration,
        passes: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let field = self.driver()?.find(field).await?;
        let deadline = Instant::now() + limit;
        loop {
            field.click().await?;
            field.send_keys(Key::Control + "a").await?;
            field.send_keys(Key::Control + "v").await?;
            let text = field.value().await?.unwrap_or_default();
            if passes(&text) {
                return Ok(text);
            }
            ensure!(
                Instant::now() < deadline,
                "the clipboard has “{text}” after {limit:?}"
            );
            sleep(LOOK).await;
        }
    }

    /// Waits until a complete file of that name is in the folder for downloads, and returns its
    /// path.
    pub async fn saved(&self, name: &str, limit: Duration) -> Result<PathBuf> {
        let file = self.downloads().join(name);
        let deadline = Instant::now() + limit;
        let is_whole = || match self.kind() {
            // Chromium gives a file its final name only when it is complete.
            Kind::Chromium => Ok(file.is_file()),
            Kind::Firefox => firefox::is_whole(&file),
        };
        while !is_whole()? {
            ensure!(
                Instant::now() < deadline,
                "“{name}” was not saved within {limit:?}; the folder has {:?}",
                self.downloaded()?
            );
            sleep(LOOK).await;
        }
        Ok(file)
    }

    /// The names of the files in the folder for downloads.
    pub fn downloaded(&self) -> Result<Vec<String>> {
        std::fs::read_dir(self.downloads())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    /// Waits until nothing is in the download folder, not even a part of a file.
    ///
    /// # Errors
    /// If something is still there after this time.
    pub async fn until_nothing_is_downloaded(&self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let left = self.downloaded()?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{left:?} is left");
            sleep(LOOK).await;
        }
    }

    /// Takes a picture of the current tab, in light and in dark.
    pub async fn picture(&self, label: &str) -> Result<()> {
        self.picture_of(label, Check::Nothing).await
    }

    /// Takes a picture of a page of ours in the current tab, in light and in dark, and checks that everybody can use what
    /// is shown.
    ///
    /// # Errors
    /// If axe-core finds anything.
    pub async fn checked_picture(&self, label: &str) -> Result<()> {
        self.picture_of(label, Check::Axe).await
    }

    async fn picture_of(&self, label: &str, check: Check) -> Result<()> {
        let label = format!("{}-{label}", self.name);
        picture(self.driver()?, self.kind(), &self.artifacts, &label, check).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        self.artifacts.take_over(Left {
            name: self.name.clone(),
            process: holder(&self.profile()),
            session: Some(session),
            kind: self.kind(),
            _display: self.display.take(),
        });
    }
}

/// A browser that was not closed; it is killed when this value is dropped.
pub(crate) struct Left {
    name: String,
    kind: Kind,
    /// Looked up while the profile exists, because the disk that it is on may be removed before the
    /// browser ends.
    process: Option<u32>,
    session: Option<Session>,
    _display: Option<Arc<Display>>,
}

impl Left {
    /// Takes a picture of the current tab, in light and in dark.
    pub(crate) async fn picture(&self, artifacts: &Artifacts) -> Result<()> {
        match &self.session {
            Some(session) => {
                let label = format!("{}-failed", self.name);
                timeout(
                    STOP,
                    picture(
                        &session.driver,
                        self.kind,
                        artifacts,
                        &label,
                        Check::Nothing,
                    ),
                )
                .await?
            }
            None => Ok(()),
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            let _: std::io::Result<std::process::Child> = std::process::Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .stderr(Stdio::null())
                .spawn();
        }
        if let Some(session) = self.session.take() {
            // Ending the driver normally would wait for an answer from a browser that is gone.
            let _ = session.driver.leak();
        }
    }
}

/// A browser to which no debugger is attached; it is killed when this value is dropped.
pub struct Alone {
    program: Program,
    profile: PathBuf,
}

impl Alone {
    /// Waits until a person has closed it.
    pub async fn closed(&mut self) -> Result<()> {
        self.program.ended().await
    }

    /// Closes it as the end of a desktop session does.
    pub async fn close(self) -> Result<()> {
        self.program.terminate().await?;
        released(&self.profile).await
    }
}

/// The links by which Chromium and Firefox mark a profile as in use: their targets are `HOST-PROCESS` and
/// `ADDRESS:+PROCESS`.
const LOCKS: [&str; 2] = ["SingletonLock", "lock"];

/// The process that uses a profile, if it still runs. The link alone does not show that, because a
/// terminated browser leaves it behind.
fn holder(profile: &Path) -> Option<u32> {
    let targets = LOCKS.map(|lock| std::fs::read_link(profile.join(lock)).ok());
    let target = targets.into_iter().flatten().next()?;
    let process = target.to_str()?.rsplit_once(['-', '+'])?.1.parse().ok()?;
    Path::new("/proc")
        .join(format!("{process}"))
        .exists()
        .then_some(process)
}

/// Waits until no browser uses a profile.
async fn released(profile: &Path) -> Result<()> {
    let deadline = Instant::now() + STOP;
    while holder(profile).is_some() {
        if Instant::now() >= deadline {
            bail!("the browser still runs {STOP:?} after it was closed");
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// JavaScript that ends when CSS transitions have finished; endless animations are not waited for, nor those of what is folded away,
/// which rest.
pub(crate) const SETTLED: &str = "const [done] = arguments;
    const changes = () => document.getAnimations()
      .filter(change => change instanceof CSSTransition && change.effect.target.checkVisibility());
    const settled = () => Promise.allSettled(changes().map(change => change.finished)).then(() => done(true));
    requestAnimationFrame(() => requestAnimationFrame(settled));";

/// JavaScript that ends when the page is light or dark. Firefox tells its pages of that a little later.
const THEMED: &str = "const [scheme, done] = arguments;
    const wanted = matchMedia(`(prefers-color-scheme: ${scheme})`);
    if (wanted.matches) done(true);
    else wanted.addEventListener('change', () => done(true), { once: true });";

/// What is checked about a page of which a picture is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing: the page is none of ours, or a test has failed.
    Nothing,
    /// That axe-core finds nothing.
    Axe,
}

/// Takes a picture of the current tab, in light and in dark.
pub(crate) async fn picture(
    driver: &WebDriver,
    kind: Kind,
    artifacts: &Artifacts,
    label: &str,
    check: Check,
) -> Result<()> {
    for scheme in ["light", "dark"] {
        set_theme(driver, kind, Some(scheme)).await?;
        driver.execute_async(THEMED, vec![json!(scheme)]).await?;
        driver.execute_async(SETTLED, vec![]).await?;
        let file = artifacts.numbered(&format!("{label}-{scheme}.png"));
        driver.screenshot(&file).await?;
        if check == Check::Axe {
            axe::check(driver, &format!("{label}, {scheme}")).await?;
        }
    }
    set_theme(driver, kind, None).await
}

/// Makes pages light or dark, or leaves it to the system again.
async fn set_theme(driver: &WebDriver, kind: Kind, scheme: Option<&str>) -> Result<()> {
    if kind == Kind::Firefox {
        return firefox::set_theme(driver, scheme).await;
    }
    let feature = |scheme| json!({"name": "prefers-color-scheme", "value": scheme});
    let features: Vec<Value> = scheme.into_iter().map(feature).collect();
    ChromeDevTools::new(driver.handle.clone())
        .execute_cdp_with_params("Emulation.setEmulatedMedia", json!({"features": features}))
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_letters() {
        // The SHA-256 hash of an empty text is e3b0c442 98fc1c14 9afbf4c8 996fb924 …
        assert_eq!(id_of(b""), "odlameecjipmbmbejkplpemijjgpljce");
    }
}
