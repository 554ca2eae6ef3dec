//! What the page says, and what can go wrong. The words themselves are in `locales/`: each message is a function here, too.

use fluence::cars::CarEnd;
use fluence::content::walk::WalkError;
use fluence::private::record::RecordError;
use fluence::private::tar::TarError;
use fluence::web_link::BadWebLink;

use crate::save::Way;

pub use words::page::*;

/// Where it is, and how much there is.
pub fn progress_of(bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => words::units::of_total(&words::size(bytes), &words::size(total)),
        None => words::size(bytes),
    }
}

/// The size of what is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many bytes.
    Exactly(u64),
    /// About so many bytes, as its maker says.
    About(u64),
    /// More than so many bytes, which are here.
    MoreThan(u64),
}

impl Size {
    /// The number of bytes, if it is known.
    pub fn exactly(self) -> Option<u64> {
        match self {
            Self::Exactly(size) => Some(size),
            Self::About(_) | Self::MoreThan(_) => None,
        }
    }

    /// How large it is.
    pub fn words(self) -> String {
        match self {
            Self::Exactly(size) => words::size(size),
            Self::About(size) => size_about(&words::size(size)),
            Self::MoreThan(size) => size_more_than(&words::size(size)),
        }
    }
}

/// How a file is saved that is not held, and whether it is shown all the same.
pub fn large(way: Way, size: Size, shown: bool) -> String {
    match way {
        Way::Download | Way::Choice if shown => String::new(),
        Way::Download => large_download().to_owned(),
        Way::Choice => large_choice().to_owned(),
        Way::Memory if shown => kept_in_memory(&size.words()),
        Way::Memory => large_memory(&size.words()),
    }
}

/// What was saved.
pub fn saved(name: &str, way: Way) -> String {
    match way {
        Way::Download => saved_download(name),
        Way::Memory => saved_memory(name),
        Way::Choice => saved_choice(name),
    }
}

/// How many files there are, of which no more than `listed` are listed.
pub fn files(count: usize, listed: usize) -> String {
    let (count, listed) = (count as u64, listed as u64);
    if count > listed {
        file_count_listed(count, listed)
    } else {
        file_count(count)
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

impl Trouble {
    fn new(what: &'static str, advice: &'static str) -> Self {
        Self { what, advice }
    }

    /// The node answered with this status.
    pub fn refused(status: u16) -> Self {
        match status {
            404 | 410 | 504 => Self::new(not_there(), do_not_there()),
            429 | 503 => Self::new(node_busy(), do_again()),
            _ => Self::new(node_refused(), do_ask_again()),
        }
    }

    /// There is no connection to the node.
    pub fn unreachable() -> Self {
        Self::new(node_unreachable(), do_node_unreachable())
    }

    /// The node sends nothing.
    pub fn silent() -> Self {
        Self::new(node_silent(), do_again())
    }

    /// An answer ended early.
    pub fn broken() -> Self {
        Self::new(node_broken(), do_again())
    }

    /// The browser could not begin to save.
    pub fn not_saved() -> Self {
        Self::new(not_saved(), do_again())
    }

    /// The person, or the browser, has ended saving.
    pub fn cancelled() -> Self {
        Self::new(cancelled(), do_cancelled())
    }

    /// A file cannot be read from anywhere in it.
    pub fn not_shown() -> Self {
        Self::new(not_shown(), do_not_shown())
    }

    /// The address is that of a private share whose key this page has taken out of it.
    pub fn key_gone() -> Self {
        Self::new(key_gone(), do_key_gone())
    }

    /// The browser decrypts nothing here.
    pub fn not_secure() -> Self {
        Self::new(not_secure(), do_not_secure())
    }
}

impl From<BadWebLink> for Trouble {
    fn from(error: BadWebLink) -> Self {
        match error {
            BadWebLink::Empty => Self::new(no_file(), do_no_file()),
            BadWebLink::NotACid => Self::new(not_a_link(), do_ask_again()),
            BadWebLink::BadKey => Self::new(bad_key(), do_bad_key()),
        }
    }
}

impl From<CarEnd> for Trouble {
    fn from(end: CarEnd) -> Self {
        match end {
            CarEnd::Http(_) | CarEnd::Short(_) => Self::broken(),
            CarEnd::Wrong | CarEnd::Unusable(_) => Self::new(wrong_bytes(), do_wrong_bytes()),
            CarEnd::Unverifiable(_) => Self::new(unverifiable(), do_unverifiable()),
        }
    }
}

impl From<WalkError> for Trouble {
    fn from(error: WalkError) -> Self {
        if error.is_senders() {
            CarEnd::Wrong.into()
        } else {
            Self::new(not_a_file(), do_ask_again())
        }
    }
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Cipher if !crate::view::is_secure() => Self::not_secure(),
            RecordError::Cipher => Self::new(not_decrypted(), do_again()),
            RecordError::Header => Self::new(not_private(), do_ask_again()),
            RecordError::Key => Self::new(wrong_key(), do_bad_key()),
            RecordError::Altered(_) | RecordError::Truncated => {
                Self::new(altered(), do_ask_again())
            }
        }
    }
}

impl From<TarError> for Trouble {
    fn from(error: TarError) -> Self {
        match error {
            TarError::Truncated => RecordError::Truncated.into(),
            _ => Self::new(bad_archive(), do_ask_again()),
        }
    }
}
