//! The words of the page, in English, and what can go wrong.

use fluence::cars::CarEnd;
use fluence::content::walk::WalkError;
use fluence::private::record::RecordError;
use fluence::private::tar::TarError;
use fluence::web_link::BadWebLink;

use crate::save::Way;

pub const WAITING: &str =
    "Asking for the file. If the node does not have it, it asks whoever shares it…";
pub const PLAIN_CHECKED: &str = "Every byte was compared with the hash in the link.";
pub const PRIVATE_CHECKED: &str =
    "Every byte was compared with the hash in the link, and decrypted in this browser.";
pub const SAVE: &str = "Save";
pub const SHOW: &str = "Show";
pub const PRIVATE: &str = "private";
pub const CUT: &str = "…\n(The rest is in the file.)";
/// The title of the frame in which a PDF is shown.
pub const PREVIEW: &str = "Preview";

/// Where it is, and how much there is.
pub fn progress(bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{} of {}", words::size(bytes), words::size(total)),
        None => words::size(bytes),
    }
}

/// How a file is saved that is too large to be shown.
pub fn large(way: Way, size: Option<u64>) -> String {
    match way {
        Way::Download => "It is too large to be shown here, and can be saved.".to_owned(),
        Way::Choice => {
            "It is too large to be shown here, and can be saved where you choose.".to_owned()
        }
        Way::Memory => format!(
            "It is too large to be shown here. This browser keeps all {} in memory until it is saved: browsers save files \
             as they come only on pages with an https address, and not in every private window.",
            size.map_or_else(|| "of it".to_owned(), words::size)
        ),
    }
}

/// What was saved.
pub fn saved(name: &str, way: Way) -> String {
    match way {
        Way::Download => format!("“{name}” is in the folder for downloads."),
        Way::Memory => {
            format!("The browser has “{name}”, and may ask whether you want to keep it.")
        }
        Way::Choice => format!("“{name}” is saved."),
    }
}

/// What is read for the button that saves one of several files.
pub fn save_named(name: &str) -> String {
    format!("Save {name}")
}

/// How many files there are, of which no more than `listed` are listed.
pub fn files(count: usize, listed: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count if count > listed => format!(
            "{count} files, of which the first {listed} are listed. The extension and `fluence fetch` save all of them."
        ),
        count => format!("{count} files"),
    }
}

/// What went wrong, and what to do next. It contains nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong.
    pub what: &'static str,
    /// What to do next.
    pub advice: &'static str,
}

const AGAIN: &str = "Try again in a moment.";
const ANOTHER: &str = "Ask whoever sent it for the link once more.";

impl Trouble {
    const fn new(what: &'static str, advice: &'static str) -> Self {
        Self { what, advice }
    }

    /// The node answered with this status.
    pub fn refused(status: u16) -> Self {
        match status {
            404 | 410 | 504 => Self::new(
                "The node does not have the file, and nobody who shares it can be reached now.",
                "Whoever shares it has to be online. Try again later.",
            ),
            429 | 503 => Self::new("The node is busy.", AGAIN),
            _ => Self::new("The node does not give this file.", ANOTHER),
        }
    }

    /// There is no connection to the node.
    pub fn unreachable() -> Self {
        Self::new(
            "The node cannot be reached.",
            "Look at the connection to the internet, and try again.",
        )
    }

    /// The node sends nothing.
    pub fn silent() -> Self {
        Self::new("The node has sent nothing for a while.", AGAIN)
    }

    /// An answer ended early.
    pub fn broken() -> Self {
        Self::new("The connection to the node broke off.", AGAIN)
    }

    /// The browser could not begin to save.
    pub fn not_saved() -> Self {
        Self::new("The browser did not save it.", AGAIN)
    }

    /// The person, or the browser, has ended saving.
    pub fn cancelled() -> Self {
        Self::new("Saving was cancelled.", "Save it again if you want it.")
    }

    /// The browser decrypts nothing here.
    pub fn not_secure() -> Self {
        Self::new(
            "Browsers decrypt only on pages with an https address.",
            "Open the link at an https address of the node, or fetch it with the extension.",
        )
    }
}

impl From<BadWebLink> for Trouble {
    fn from(error: BadWebLink) -> Self {
        match error {
            BadWebLink::Empty => Self::new(
                "This address leads to a node, and not to a file.",
                "Links to files have the file’s hash after #.",
            ),
            BadWebLink::NotACid => Self::new("This is not the link of a file.", ANOTHER),
            BadWebLink::BadKey => Self::new(
                "The key at the end of the link is not whole.",
                "Copy the whole link, up to its last character.",
            ),
        }
    }
}

impl From<CarEnd> for Trouble {
    fn from(end: CarEnd) -> Self {
        match end {
            CarEnd::Http(_) | CarEnd::Short(_) => Self::broken(),
            CarEnd::Wrong | CarEnd::Unusable(_) => Self::new(
                "The node sent something else than what the link names, so nothing of it was used.",
                "Open the link at another node, or fetch it with the extension.",
            ),
            CarEnd::Unverifiable(_) => Self::new(
                "The file is hashed in a way that this page cannot check.",
                "Ask whoever shares it for another link.",
            ),
        }
    }
}

impl From<WalkError> for Trouble {
    fn from(error: WalkError) -> Self {
        if error.is_senders() {
            CarEnd::Wrong.into()
        } else {
            Self::new(
                "This is not a file or a folder that can be opened here.",
                ANOTHER,
            )
        }
    }
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Cipher if !crate::view::is_secure() => Self::not_secure(),
            RecordError::Cipher => Self::new("The browser could not decrypt it.", AGAIN),
            RecordError::Header => Self::new(
                "The link has a key, but what it leads to is not a private share.",
                ANOTHER,
            ),
            RecordError::Key => Self::new(
                "The key in the link does not open it.",
                "Copy the whole link, up to its last character.",
            ),
            RecordError::Altered(_) | RecordError::Truncated => Self::new(
                "What the link leads to was changed or cut off after it was encrypted, so nothing more of it was used.",
                ANOTHER,
            ),
        }
    }
}

impl From<TarError> for Trouble {
    fn from(error: TarError) -> Self {
        match error {
            TarError::Truncated => RecordError::Truncated.into(),
            _ => Self::new(
                "What the link leads to has files that cannot be taken.",
                ANOTHER,
            ),
        }
    }
}
