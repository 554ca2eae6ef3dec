//! A display with a real mouse and keyboard: the user's own, or one in memory (Xvfb).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::process::Program;

/// How long a menu may take to appear.
const MENU: Duration = Duration::from_secs(20);
/// The same for a dialog in which files are chosen, which the system makes and a busy machine is slow to show.
const DIALOG: Duration = Duration::from_secs(60);
/// How many looks a menu that was clicked on may take to close, or to open another, before it is clicked on again.
const LOOKS: usize = 10;
/// How far a menu's edge may be from the mouse, in pixels.
const NEAR: i64 = 10;
/// The height of the dialog in which a file is chosen, at least and less than, and where the middle of its button that saves
/// or opens is: left of its right edge, and above its lower edge; all in pixels.
const DIALOG_HEIGHT: (i64, i64) = (500, 880);
const ACCEPT_BUTTON: (i64, i64) = (50, 25);
/// The least height of a notification with buttons, in pixels.
const WITH_BUTTONS: i64 = 150;
/// The size of the display in memory, and how far from its edge a notification may end, in pixels.
const SCREEN: (i64, i64) = (1280, 960);
const CORNER: i64 = 40;
/// How often the display is polled: X has no simple event for the windows of other programs.
const LOOK: Duration = Duration::from_millis(100);

/// A menu that is shown, in pixels of the display.
struct Menu {
    window: String,
    left: i64,
    top: i64,
    width: i64,
    height: i64,
}

/// An X display.
pub struct Display {
    name: String,
    _server: Option<Program>,
}

impl Display {
    /// The display that this program was started on, if there is one.
    pub fn own() -> Option<Self> {
        let name = std::env::var("DISPLAY")
            .ok()
            .filter(|name| !name.is_empty())?;
        Some(Self {
            name,
            _server: None,
        })
    }

    /// Starts a display in memory, which nobody sees.
    pub async fn hidden(log: &Path) -> Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &format!("{}x{}x24", SCREEN.0, SCREEN.1),
            "-nolisten",
            "tcp",
        ]);
        let mut server = Program::start(&mut command, log)?;
        let number = server
            .until(|line| line.trim().parse::<u32>().ok())
            .await
            .context("cannot make a display (install xvfb)")?;
        Ok(Self {
            name: format!(":{number}"),
            _server: Some(server),
        })
    }

    /// Its name, as in `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Presses the right mouse button at a position, waits for the menu, clicks on the entry whose middle is `above_end`
    /// pixels above the menu's lower edge, waits for the menu that this opens, and clicks on the entry whose middle is
    /// `below_start` pixels below its upper edge. Keys would not do: a new menu may not take the first ones, and an entry
    /// that comes to lie under the mouse is where they go on from.
    pub async fn choose_from_context_menu(
        &self,
        x: i64,
        y: i64,
        above_end: i64,
        below_start: i64,
    ) -> Result<()> {
        let mut before = self.windows().await?;
        self.press_mouse(x, y, "3").await?;
        let deadline = Instant::now() + MENU;
        let menu = loop {
            if let Some(menu) = self.menu_at(x, y, &before).await? {
                break menu;
            }
            ensure!(
                Instant::now() < deadline,
                "no context menu showed within {MENU:?}"
            );
            sleep(LOOK).await;
        };
        before.push(menu.window.clone());
        let (x, y) = (
            menu.left + menu.width / 2,
            menu.top + menu.height - above_end,
        );
        // A menu takes no click in its first moments, and nothing says when it starts to. The inner one may also be closed
        // and opened again meanwhile.
        loop {
            let inner = self.new_windows(&before).await?.into_iter().find(|inner| {
                let beside = (inner.left - menu.left - menu.width).abs() <= NEAR
                    || (inner.left + inner.width - menu.left).abs() <= NEAR;
                beside && (inner.top..inner.top + inner.height).contains(&y)
            });
            let (x, y) = inner.as_ref().map_or((x, y), |inner| {
                (inner.left + inner.width / 2, inner.top + below_start)
            });
            self.press_mouse(x, y, "1").await?;
            for _ in 0..LOOKS {
                sleep(LOOK).await;
                let windows = self.windows().await?;
                if !windows.contains(&menu.window) {
                    return Ok(());
                }
                if inner.is_none() && windows.iter().any(|window| !before.contains(window)) {
                    break;
                }
            }
            ensure!(
                Instant::now() < deadline,
                "the context menu took no click within {MENU:?}"
            );
        }
    }

    /// Presses the right mouse button at a position, waits for the menu, and presses keys. A menu of Firefox takes them as
    /// soon as it is shown.
    pub async fn choose_by_keys(&self, x: i64, y: i64, keys: &[&str]) -> Result<()> {
        let before = self.windows().await?;
        self.press_mouse(x, y, "3").await?;
        let deadline = Instant::now() + MENU;
        while self.menu_at(x, y, &before).await?.is_none() {
            ensure!(
                Instant::now() < deadline,
                "no context menu showed within {MENU:?}"
            );
            sleep(LOOK).await;
        }
        self.press(keys).await
    }

    /// Presses the left mouse button at a position.
    pub async fn click(&self, x: i64, y: i64) -> Result<()> {
        self.press_mouse(x, y, "1").await
    }

    /// Waits for the dialog in which a page has a file chosen, and clicks on its button that saves or opens. Without a window
    /// manager it takes keys only sometimes, so the file is the suggested one.
    pub async fn accept_dialog(&self) -> Result<()> {
        let deadline = Instant::now() + DIALOG;
        let mut shown = false;
        loop {
            let windows = self.new_windows(&[]).await?;
            let dialog = windows.iter().find(|window| {
                let is_browser = window.height >= DIALOG_HEIGHT.1;
                window.height >= DIALOG_HEIGHT.0 && !is_browser
            });
            match dialog {
                Some(dialog) => {
                    let (x, y) = (
                        dialog.left + dialog.width - ACCEPT_BUTTON.0,
                        dialog.top + dialog.height - ACCEPT_BUTTON.1,
                    );
                    // It may take no click in its first moments.
                    if self.is_there(&dialog.window).await? {
                        self.press_mouse(x, y, "1").await?;
                    }
                    shown = true;
                }
                None if shown => return Ok(()),
                None => {}
            }
            ensure!(
                Instant::now() < deadline,
                "no dialog showed and took a click within {DIALOG:?}"
            );
            sleep(LOOK).await;
        }
    }

    /// Waits for a notification with buttons, which is at the right edge, and clicks on its button whose middle is so many pixels
    /// right of its left edge and above its lower edge, until it is gone.
    pub async fn click_in_notification(&self, right: i64, above: i64) -> Result<()> {
        let deadline = Instant::now() + MENU;
        let mut shown = None;
        loop {
            let windows = self.new_windows(&[]).await?;
            let notification = windows.iter().find(|window| {
                // Others, without buttons, may be below it.
                window.width < SCREEN.0 / 2
                    && (window.left + window.width - SCREEN.0).abs() <= CORNER
                    && (WITH_BUTTONS..SCREEN.1 / 2).contains(&window.height)
            });
            match (notification, &shown) {
                (Some(notification), _) => {
                    let (x, y) = (
                        notification.left + right,
                        notification.top + notification.height - above,
                    );
                    // It may take no click in its first moments.
                    if self.is_there(&notification.window).await? {
                        self.press_mouse(x, y, "1").await?;
                    }
                    shown = Some(notification.window.clone());
                }
                (None, Some(_)) => return Ok(()),
                (None, None) => {}
            }
            ensure!(
                Instant::now() < deadline,
                "no notification showed and took a click within {MENU:?}"
            );
            sleep(LOOK).await;
        }
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, keys: &[&str]) -> Result<()> {
        let mut command = vec!["key", "--delay", "60"];
        command.extend(keys);
        self.xdotool(&command).await?;
        Ok(())
    }

    async fn press_mouse(&self, x: i64, y: i64, button: &str) -> Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        // `--sync` waits for a movement, for many seconds if the mouse is there already.
        let away = ["mousemove", "0", "0"];
        let there = ["mousemove", "--sync", &x, &y, "click", button];
        self.xdotool(&[&away[..], &there[..]].concat()).await?;
        Ok(())
    }

    /// A new window beside a position. A menu opens beside the mouse, whereas the bubble with a link's address opens in
    /// the corner of the browser's window, which itself seems new if the display could not be read a moment before.
    async fn menu_at(&self, x: i64, y: i64, before: &[String]) -> Result<Option<Menu>> {
        let is_near = |edge: i64| (x - edge).abs() <= NEAR;
        let new = self.new_windows(before).await?;
        Ok(new.into_iter().find(|menu| {
            let beside = is_near(menu.left) || is_near(menu.left + menu.width);
            beside && (menu.top - NEAR..menu.top + menu.height + NEAR).contains(&y)
        }))
    }

    /// The windows that were not there before.
    async fn new_windows(&self, before: &[String]) -> Result<Vec<Menu>> {
        let mut new = Vec::new();
        for window in self.windows().await? {
            if before.contains(&window) {
                continue;
            }
            // A window that is gone by now is not a menu.
            let Ok(place) = self
                .xdotool(&["getwindowgeometry", "--shell", &window])
                .await
            else {
                continue;
            };
            let value = |name: &str| -> Option<i64> {
                let line = place.lines().find_map(|line| line.strip_prefix(name))?;
                line.strip_prefix('=')?.parse().ok()
            };
            if let (Some(left), Some(top), Some(width), Some(height)) =
                (value("X"), value("Y"), value("WIDTH"), value("HEIGHT"))
            {
                new.push(Menu {
                    window,
                    left,
                    top,
                    width,
                    height,
                });
            }
        }
        Ok(new)
    }

    /// Whether a window is visible still: after it has closed, a click would land on what is beneath.
    async fn is_there(&self, window: &str) -> Result<bool> {
        Ok(self.windows().await?.iter().any(|there| there == window))
    }

    /// The visible windows.
    async fn windows(&self) -> Result<Vec<String>> {
        // `xdotool search` fails if there is none.
        let found = self
            .xdotool(&["search", "--onlyvisible", "--name", ".*"])
            .await;
        Ok(found
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect())
    }

    async fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("xdotool")
            .env("DISPLAY", &self.name)
            .args(arguments)
            .output()
            .await
            .context("xdotool cannot be started (install xdotool)")?;
        if !output.status.success() {
            bail!(
                "xdotool: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
