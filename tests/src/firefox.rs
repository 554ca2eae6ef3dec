//! Firefox, as `browser.rs` needs it: it is driven by geckodriver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::common::config::WebDriverConfig;
use thirtyfour::extensions::addons::firefox::FirefoxTools;
use thirtyfour::{Capabilities, RequestData, SessionId, WebDriver};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::browser::{LONGEST_SCRIPT, START, find, timeouts};
use crate::display::Display;
use crate::process::{Program, repository};

/// The browser, which Debian has as the release with extended support, and the program that drives it.
const BROWSERS: [&str; 2] = ["firefox-esr", "firefox"];
const DRIVER: &str = "geckodriver";

/// The host of the extension's pages, which Firefox would choose at random.
pub const HOST: &str = "5eed5eed-0000-4000-8000-5eed5eed5eed";

/// How long a file is empty before it counts as complete.
const STAYS: Duration = Duration::from_secs(3);
/// How often it is looked whether the browser asks.
const LOOK: Duration = Duration::from_millis(100);

/// The names of the programs that are missing.
pub fn missing() -> Vec<&'static str> {
    let browser = browser().is_none().then_some(BROWSERS[0]);
    let driver = find(DRIVER).is_none().then_some(DRIVER);
    browser.into_iter().chain(driver).collect()
}

fn browser() -> Option<PathBuf> {
    BROWSERS.into_iter().find_map(find)
}

/// Where a browser keeps what it has, and shows itself.
pub struct Place<'a> {
    /// The directory of its profile.
    pub profile: &'a Path,
    /// The folder for downloads.
    pub downloads: &'a Path,
    /// The file for its log.
    pub log: &'a Path,
    /// The display; without one it has no window.
    pub display: Option<&'a Display>,
}

/// Lets the next scripts run in the page, or in Firefox itself.
#[derive(Debug)]
struct Context(&'static str);

impl FormatRequestData for Context {
    fn format_request(&self, session_id: &SessionId) -> RequestData {
        let path = format!("/session/{session_id}/moz/context");
        RequestData::new(reqwest::Method::POST, path).add_body(json!({ "context": self.0 }))
    }
}

/// Loads the extension again, and lets it into private windows, as a person can who installs it.
#[derive(Debug)]
struct LetIn<'a>(&'a str);

impl FormatRequestData for LetIn<'_> {
    fn format_request(&self, session_id: &SessionId) -> RequestData {
        let path = format!("/session/{session_id}/moz/addon/install");
        let body = json!({ "path": self.0, "temporary": true, "allowPrivateBrowsing": true });
        RequestData::new(reqwest::Method::POST, path).add_body(body)
    }
}

/// Opens a browser, and loads the extension into it.
pub async fn open(extension: &Path, place: &Place<'_>) -> Result<(WebDriver, Program)> {
    let driver = find(DRIVER).context("there is no geckodriver")?;
    let mut command = Command::new(driver);
    command.args(["--port=0", "--websocket-port=0", "--allow-system-access"]);
    // It would send what it finds to its makers.
    command.env("MOZ_CRASHREPORTER_DISABLE", "1");
    if let Some(display) = place.display {
        command.env("DISPLAY", display.name());
    }
    let mut program = Program::start(&mut command, place.log)?;
    let server = program
        .until(|line| Some(line.split_once("Listening on ")?.1.trim().to_owned()))
        .await?;
    let mut arguments = vec![
        "-profile".to_owned(),
        place.profile.display().to_string(),
        "--width=1000".to_owned(),
        "--height=900".to_owned(),
    ];
    if place.display.is_none() {
        arguments.push("-headless".to_owned());
    }
    let options = json!({
        "browserName": "firefox",
        "moz:firefoxOptions": {
            "binary": browser().context("there is no Firefox")?,
            "args": arguments,
            "prefs": preferences(place.downloads)?,
        },
    });
    let capabilities: Capabilities = serde_json::from_value(options)?;
    let config = WebDriverConfig::builder()
        .reqwest_timeout(LONGEST_SCRIPT)
        .build()?;
    let opening = WebDriver::new_with_config(format!("http://{server}"), capabilities, config);
    let driver = timeout(START, opening)
        .await
        .with_context(|| format!("Firefox did not start within {START:?}"))?
        .context("Firefox did not start")?;
    driver.update_timeouts(timeouts()).await?;
    let extension = extension.to_str().context("the path is not valid UTF-8")?;
    FirefoxTools::new(driver.handle.clone())
        .install_addon(extension, Some(true))
        .await?;
    Ok((driver, program))
}

fn preferences(downloads: &Path) -> Result<Value> {
    let manifest = std::fs::read(repository().join("manifest.json"))?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    let id = manifest["browser_specific_settings"]["gecko"]["id"].as_str();
    let id = id.context("the manifest has no id for Firefox")?;
    Ok(json!({
        "extensions.webextensions.uuids": json!({ id: HOST }).to_string(),
        // The extension is loaded anew each time that the browser opens, and is the same one.
        "extensions.webextensions.keepStorageOnUninstall": true,
        "extensions.webextensions.keepUuidOnUninstall": true,
        "browser.download.dir": downloads,
        "browser.download.folderList": 2,
        "browser.download.always_ask_before_handling_new_types": false,
        "browser.download.alwaysOpenPanel": false,
        "intl.accept_languages": "en-US",
        // Otherwise it takes no answer to a question in its first moments.
        "security.notification_enable_delay": 0,
        "security.dialog_enable_delay": 0,
        // A name of this machine that is no secure address.
        "network.dns.localDomains": "insecure.test",
        // The browser asks its makers for nothing.
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "browser.region.network.url": "",
        "network.proxy.type": 1,
        "network.proxy.no_proxies_on": "insecure.test",
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": 9,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": 9,
    }))
}

/// Makes pages light or dark, or leaves it to the system again.
pub async fn set_theme(driver: &WebDriver, scheme: Option<&str>) -> Result<()> {
    let number = match scheme {
        Some("dark") => 0,
        Some(_) => 1,
        None => 2,
    };
    let set = "Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', arguments[0]);";
    in_browser(driver, set, Value::from(number)).await?;
    Ok(())
}

/// Opens an address in a container, in a new tab, and returns when the browser has selected it.
pub async fn open_in_container(driver: &WebDriver, url: &str) -> Result<()> {
    let open = "Services.prefs.setBoolPref('privacy.userContext.enabled', true);
        const { gBrowser } = Services.wm.getMostRecentWindow('navigator:browser');
        gBrowser.selectedTab = gBrowser.addTab(arguments[0], {
          userContextId: 1,
          triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal(),
        });";
    driver.handle.cmd(Context("chrome")).await?;
    let done = driver.execute(open, vec![Value::from(url)]).await;
    driver.handle.cmd(Context("content")).await?;
    done?;
    Ok(())
}

/// JavaScript of the browser's own that opens an address in a new window, private or not, and answers with whether the
/// extension may know of the window, and with what is in the context menu of the page there.
const MENU_OF: &str = "const [url, isPrivate, host, done] = arguments;
    const wait = (what, name, passes = () => true) => new Promise(resolve => {
      const listen = event => {
        if (!passes(event)) return;
        what.removeEventListener(name, listen);
        resolve();
      };
      what.addEventListener(name, listen);
    });
    (async () => {
      const opener = Services.wm.getMostRecentWindow('navigator:browser');
      const window = opener.OpenBrowserWindow({ private: isPrivate });
      if (!window.gBrowserInit?.delayedStartupFinished) await new Promise(resolve => {
        const see = subject => {
          if (subject !== window) return;
          Services.obs.removeObserver(see, 'browser-delayed-startup-finished');
          resolve();
        };
        Services.obs.addObserver(see, 'browser-delayed-startup-finished');
      });
      const loaded = new Promise(resolve => window.gBrowser.addTabsProgressListener({
        onStateChange(browser, _progress, _request, flags) {
          const { STATE_STOP, STATE_IS_WINDOW } = Ci.nsIWebProgressListener;
          if (flags & STATE_STOP && flags & STATE_IS_WINDOW && browser.currentURI.spec === url) resolve();
        },
      }));
      const triggeringPrincipal = Services.scriptSecurityManager.getSystemPrincipal();
      window.gBrowser.selectedTab = window.gBrowser.addTab(url, { triggeringPrincipal });
      await loaded;
      const menu = window.document.getElementById('contentAreaContextMenu');
      const shown = wait(menu, 'popupshown', event => event.target === menu);
      const page = window.gBrowser.selectedBrowser;
      const box = page.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      for (const type of ['mousedown', 'contextmenu', 'mouseup'])
        window.synthesizeMouseEvent(type, x, y, { button: 2, clickCount: 1 });
      await shown;
      const labels = [...menu.children].filter(entry => !entry.hidden).map(entry => entry.label).filter(Boolean);
      const hidden = wait(menu, 'popuphidden', event => event.target === menu);
      menu.hidePopup();
      await hidden;
      const knows = WebExtensionPolicy.getByHostname(host).canAccessWindow(window);
      window.close();
      done({ labels, knows });
    })().catch(why => done({ why: `${why}` }));";

/// A page in a new window.
#[derive(Debug, serde::Deserialize)]
pub struct InWindow {
    /// What is in the context menu of the page.
    pub labels: Vec<String>,
    /// Whether the extension may know of the window.
    pub knows: bool,
}

/// Lets the extension into private windows, as far as it can be, and opens an address in an ordinary window and in a private
/// one.
pub async fn in_windows(driver: &WebDriver, extension: &Path, url: &str) -> Result<[InWindow; 2]> {
    let extension = extension.to_str().context("the path is not valid UTF-8")?;
    driver.handle.cmd(LetIn(extension)).await?;
    let mut found = Vec::new();
    driver.handle.cmd(Context("chrome")).await?;
    for is_private in [false, true] {
        let arguments = vec![json!(url), json!(is_private), json!(HOST)];
        found.push(driver.execute_async(MENU_OF, arguments).await);
    }
    driver.handle.cmd(Context("content")).await?;
    let mut windows = Vec::new();
    for answer in found {
        let answer = answer?.json().clone();
        let window = serde_json::from_value(answer.clone());
        windows.push(window.with_context(|| format!("in a window: {answer}"))?);
    }
    windows
        .try_into()
        .map_err(|_| anyhow::anyhow!("two windows were opened"))
}

/// JavaScript of the browser's own that presses a button of its question, if there is one, and returns whether it did.
const PRESS: &str = "const [name] = arguments;
    const window = Services.wm.getMostRecentWindow('navigator:browser');
    const panel = window.document.getElementById('notification-popup');
    const button = panel?.querySelector(`popupnotification .${name}`);
    if (panel?.state !== 'open' || !button) return false;
    button.click();
    return true;";

/// Answers a question that the browser asks, once it does.
pub async fn answer(driver: &WebDriver, allow: bool, limit: Duration) -> Result<()> {
    let button = match allow {
        true => "popup-notification-primary-button",
        false => "popup-notification-secondary-button",
    };
    pressed(driver, PRESS, button, limit).await
}

/// Has no page that is opened from now on have service workers, like those of private windows of earlier versions.
pub async fn without_service_workers(driver: &WebDriver) -> Result<()> {
    let set = "Services.prefs.setBoolPref('dom.serviceWorkers.enabled', arguments[0]);";
    in_browser(driver, set, Value::from(false)).await?;
    Ok(())
}

/// Runs a script of the browser's own.
async fn in_browser(driver: &WebDriver, script: &str, argument: Value) -> Result<Value> {
    driver.handle.cmd(Context("chrome")).await?;
    let done = driver.execute(script, vec![argument]).await;
    driver.handle.cmd(Context("content")).await?;
    Ok(done?.json().clone())
}

/// Runs a script of the browser's own until it has pressed the button of this name.
async fn pressed(driver: &WebDriver, script: &str, button: &str, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let pressed = in_browser(driver, script, Value::from(button)).await?;
        if pressed == json!(true) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the browser does not ask");
        sleep(LOOK).await;
    }
}

/// Whether a downloaded file is complete: Firefox reserves its name with an empty file, and writes to another one beside it
/// until then.
pub fn is_whole(file: &Path) -> Result<bool> {
    // The folder is made only when the first file is saved in it.
    let Some(Ok(mut beside)) = file.parent().map(std::fs::read_dir) else {
        return Ok(false);
    };
    let is_part = |path: PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "part")
    };
    let about = file.metadata();
    let is_coming = beside.any(|entry| entry.is_ok_and(|entry| is_part(entry.path())));
    let (Ok(about), false) = (about, is_coming) else {
        return Ok(false);
    };
    // One that stays empty is an empty file.
    let stays = about.modified()?.elapsed().is_ok_and(|age| age > STAYS);
    Ok(about.len() > 0 || stays)
}
