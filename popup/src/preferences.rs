//! What the face remembers for itself: texts, each under a key. What the worker must know is in its settings.

use fluence::state::ItemId;
use gloo_storage::{LocalStorage, Storage};
use web::extension::storage;
use web::js::Outcome;

use crate::browser;

/// The key of the theme. `first.js` reads the same key, before the page is painted for the first time.
const THEME: &str = "theme";
/// The key of the picture of the list, which `first.js` takes, and shows before this program is here.
const PICTURE: &str = "picture";
/// The key of the filter.
const FILTER: &str = "filter";
/// The key of the order.
const SORT: &str = "sort";
/// The key of the ids of the items about which the person is not to be asked now.
const NOT_NOW: &str = "not_now";
/// The key of the text of the notice that was dismissed last.
const DISMISSED: &str = "dismissed";

/// The key of the language in the storage of the extension, where the worker finds it, too (`words/static/language.js`).
const LANGUAGE: &str = "language";

/// The word that is kept under a key; empty if there is none, or if the browser keeps nothing.
fn load(key: &str) -> String {
    let kept = LocalStorage::raw().get_item(key).ok().flatten();
    // It is a JSON string, because `first.js` parses it. The words need no escapes.
    kept.unwrap_or_default().trim_matches('"').to_owned()
}

fn keep(key: &str, word: &str) {
    // If the browser keeps nothing, the change still shows now.
    let _ = LocalStorage::raw().set_item(key, &format!("\"{word}\""));
}

/// Forgets how the list looked, because it has something that nobody is to see any more.
pub fn forget_picture() {
    LocalStorage::delete(PICTURE);
}

/// The tag of the language that was chosen last, or nothing for that of the browser.
pub async fn language() -> String {
    let kept = storage::kept(LANGUAGE).await;
    kept.ok()
        .and_then(|kept| kept.as_string())
        .unwrap_or_default()
}

/// Keeps the tag of a language, or nothing for that of the browser. All pages and the worker are told of it.
///
/// # Errors
/// Fails with the browser's message.
pub async fn speak(language: &str) -> Outcome<()> {
    forget_picture();
    storage::keep(LANGUAGE, language).await
}

/// Whether the pages are light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light or dark as the system is.
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All themes, in the order in which they are offered. The first applies if none was chosen.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The name of the theme in the stylesheet and in storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme that was chosen last.
    pub fn load() -> Self {
        let word = load(THEME);
        let chosen = Self::ALL.into_iter().find(|theme| theme.word() == word);
        chosen.unwrap_or(Self::Auto)
    }

    /// Applies the theme to this page, and keeps it for every page from now on.
    pub fn choose(self) {
        browser::mark_page("data-theme", self.word());
        keep(THEME, self.word());
    }
}

/// Which items are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All items.
    All,
    /// The items that were shared.
    Shared,
    /// The items that were fetched.
    Fetched,
    /// The files on the page, in the place of the items.
    Page,
}

impl Filter {
    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Shared => "shared",
            Self::Fetched => "fetched",
            Self::Page => "page",
        }
    }

    /// The filter that was chosen last.
    pub fn load() -> Self {
        match load(FILTER).as_str() {
            "shared" => Self::Shared,
            "fetched" => Self::Fetched,
            _ => Self::All,
        }
    }

    /// Keeps the filter for the next page, which belongs to another page of the web.
    pub fn keep(self) {
        if self != Self::Page {
            keep(FILTER, self.word());
        }
    }
}

/// The order of the listed items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    Newest,
    /// By name.
    Name,
    /// The largest first.
    Size,
    /// Those that others asked for most often first.
    Asked,
}

impl Sort {
    /// All orders, as they are offered. The first applies if none was chosen.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Name, Self::Size, Self::Asked];

    /// The name of the order in storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Name => "name",
            Self::Size => "size",
            Self::Asked => "asked",
        }
    }

    /// The order that was chosen last.
    pub fn load() -> Self {
        let word = load(SORT);
        let chosen = Self::ALL.into_iter().find(|sort| sort.word() == word);
        chosen.unwrap_or(Self::Newest)
    }

    /// Keeps the order for every page from now on.
    pub fn keep(self) {
        keep(SORT, self.word());
    }
}

/// The items about which the person does not want to be asked for permission now.
pub fn not_now() -> Vec<ItemId> {
    let ids = load(NOT_NOW);
    ids.split_whitespace()
        .map(|id| ItemId(id.to_owned()))
        .collect()
}

/// Keeps that the person does not want to be asked about these items now.
pub fn keep_not_now(ids: &[ItemId]) {
    let ids: Vec<&str> = ids.iter().map(|id| &*id.0).collect();
    keep(NOT_NOW, &ids.join(" "));
}

/// Whether the person has dismissed the notice of this time, in Unix milliseconds.
pub fn is_dismissed(noticed: u64) -> bool {
    load(DISMISSED) == noticed.to_string()
}

/// Remembers that the person has dismissed the notice of this time.
pub fn keep_dismissed(noticed: u64) {
    keep(DISMISSED, &noticed.to_string());
}
