//! What the face remembers for itself; what the worker must know is in its settings.

use gloo_storage::{LocalStorage, Storage};
use serde::{Deserialize, Serialize};

use crate::browser;

const THEME: &str = "theme";
const PREFERENCES: &str = "preferences";

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All, as they are offered.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word for it in the stylesheet.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What was chosen last; `popup.js` reads the same key, before the first paint.
    pub fn load() -> Self {
        LocalStorage::get(THEME).unwrap_or_default()
    }

    /// Shows the page so, and from now on every page.
    pub fn choose(self) {
        browser::mark_page("data-theme", self.word());
        // A browser that keeps nothing still shows it now.
        let _ = LocalStorage::set(THEME, self);
    }
}

/// Which items are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// What was shared.
    Shared,
    /// What was fetched.
    Fetched,
}

/// How the person left the face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The list that was open.
    pub filter: Filter,
    /// Whether the files of the page are shown.
    pub page_open: bool,
    /// The notice that was dismissed last.
    pub dismissed: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            filter: Filter::All,
            page_open: true,
            dismissed: None,
        }
    }
}

impl Preferences {
    /// As they were left.
    pub fn load() -> Self {
        LocalStorage::get(PREFERENCES).unwrap_or_default()
    }

    /// Remembers them.
    pub fn keep(&self) {
        // A browser that keeps nothing still shows them now.
        let _ = LocalStorage::set(PREFERENCES, self);
    }
}
