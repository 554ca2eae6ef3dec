//! What the face remembers for itself, each a text under a key; what the worker must know is in its settings.

use gloo_storage::{LocalStorage, Storage};

use crate::browser;

/// Light or dark; `popup.js` reads the same key, before the first paint.
const THEME: &str = "theme";
const FILTER: &str = "filter";
/// Whether the files of the page are folded away.
const PAGE: &str = "page";
const FOLDED: &str = "folded";
const OPEN: &str = "open";
/// What the notice says that was dismissed last.
const DISMISSED: &str = "dismissed";

/// A word that was kept under a key; nothing where none was, or where the browser keeps nothing.
fn load(key: &str) -> String {
    let kept = LocalStorage::raw().get_item(key).ok().flatten();
    // A JSON text, as `popup.js` reads it. The words that are kept need no escapes.
    kept.unwrap_or_default().trim_matches('"').to_owned()
}

fn keep(key: &str, word: &str) {
    // A browser that keeps nothing still shows it now.
    let _ = LocalStorage::raw().set_item(key, &format!("\"{word}\""));
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All, as they are offered; the first holds where none was chosen.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word for it in the stylesheet.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What was chosen last.
    pub fn load() -> Self {
        let word = load(THEME);
        let chosen = Self::ALL.into_iter().find(|theme| theme.word() == word);
        chosen.unwrap_or(Self::Auto)
    }

    /// Shows the page so, and from now on every page.
    pub fn choose(self) {
        browser::mark_page("data-theme", self.word());
        keep(THEME, self.word());
    }
}

/// Which items are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All.
    All,
    /// What was shared.
    Shared,
    /// What was fetched.
    Fetched,
}

impl Filter {
    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Shared => "shared",
            Self::Fetched => "fetched",
        }
    }

    /// What was chosen last.
    pub fn load() -> Self {
        match load(FILTER).as_str() {
            "shared" => Self::Shared,
            "fetched" => Self::Fetched,
            _ => Self::All,
        }
    }

    /// Remembers it.
    pub fn keep(self) {
        keep(FILTER, self.word());
    }
}

/// Whether the files of the page were open when the face was last seen.
pub fn page_was_open() -> bool {
    load(PAGE) != FOLDED
}

/// Remembers whether they are.
pub fn keep_page_open(open: bool) {
    keep(PAGE, if open { OPEN } else { FOLDED });
}

/// Whether the person has dismissed a notice with this text, and no other since.
pub fn is_dismissed(notice: &str) -> bool {
    load(DISMISSED) == without_quotes(notice)
}

/// Remembers that the person has dismissed a notice with this text.
pub fn keep_dismissed(notice: &str) {
    keep(DISMISSED, &without_quotes(notice));
}

fn without_quotes(text: &str) -> String {
    text.replace(['"', '\\'], "")
}
