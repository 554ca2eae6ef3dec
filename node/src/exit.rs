//! How the command ends: an exit code for programs, and for people what happened and what to do next.

use std::fmt;
use std::process::ExitCode;

use fluence::call::ErrorCode;
use fluence::ports::{NetworkError, StoreError};
use fluence::state::Failure;

/// The exit codes. 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Anything that has no code of its own.
    Failure = 1,
    /// The command line or its configuration is wrong.
    Usage = 2,
    /// Nobody provides it, or it is not there.
    NotFound = 3,
    /// The network, a provider or a storage cannot be reached, or did not answer in time.
    Network = 4,
    /// What came is not what was asked for.
    Verification = 5,
    /// The other side refused: a quota, a limit, too much to do.
    Refused = 6,
    /// Stopped by Ctrl-C before the end; what has come so far is kept.
    Interrupted = 130,
}

/// Why the command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// For programs.
    pub exit: Exit,
    /// For people, and a finer word for programs.
    pub failure: Failure,
}

impl Failed {
    /// A failure with its code, what happened and what to do.
    pub fn new(exit: Exit, code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        let (what, advice) = (what.into(), advice.into());
        Self {
            exit,
            failure: Failure {
                code: code.to_owned(),
                what,
                advice,
            },
        }
    }

    /// The command line is wrong.
    pub fn usage(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", what, advice)
    }

    /// Stopped by the person or the system.
    pub fn interrupted(advice: impl Into<String>) -> Self {
        Self::new(
            Exit::Interrupted,
            "interrupted",
            "Stopped before the end.",
            advice,
        )
    }

    /// A file or directory cannot be used.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{
            InvalidInput, NotFound, PermissionDenied, QuotaExceeded, StorageFull,
        };
        let name = path.display();
        let (code, advice) = match error.kind() {
            NotFound => {
                let what = format!("There is no file {name}.");
                return Self::new(Exit::Failure, "no_such_file", what, "Check the path.");
            }
            InvalidInput => ("not_a_file", "Name another path."),
            PermissionDenied => (
                "no_permission",
                "Choose another place, or change its permissions.",
            ),
            StorageFull | QuotaExceeded => {
                ("disk_full", "Free some space and run the command again.")
            }
            _ => ("file", "Check the disk and the path, then try again."),
        };
        Self::new(Exit::Failure, code, format!("{name}: {error}."), advice)
    }

    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.failure.what)?;
        if !self.failure.advice.is_empty() {
            write!(f, " {}", self.failure.advice)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failed {}

/// A plan's failure.
impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let exit = match failure.code.as_str() {
            "no_provider" | "not_found" | "no_such_function" => Exit::NotFound,
            "offline" | "no_node" | "provider_gone" | "storage_gone" | "unreachable"
            | "stalled" | "no_answer" => Exit::Network,
            "wrong_bytes" | "bad_dag" | "malformed" => Exit::Verification,
            "refused" | "busy" | "quota" | "too_large" => Exit::Refused,
            "bad_link" => Exit::Usage,
            _ => Exit::Failure,
        };
        Self { exit, failure }
    }
}

impl From<NetworkError> for Failed {
    fn from(error: NetworkError) -> Self {
        let what = error.to_string();
        let (exit, code, advice) = match &error {
            NetworkError::Offline => (
                Exit::Network,
                "offline",
                "Check that the node runs and that its address is right.",
            ),
            NetworkError::Unreachable => (Exit::Network, "unreachable", "Try again later."),
            NetworkError::NoReply => (Exit::Network, "no_answer", "Try again, or allow more time."),
            NetworkError::Malformed => (
                Exit::Verification,
                "malformed",
                "The provider's program is at fault.",
            ),
            NetworkError::Call(error) => match error.code {
                ErrorCode::BadRequest => (Exit::Failure, "bad_request", "Check the arguments."),
                ErrorCode::NoSuchFunction => {
                    (Exit::NotFound, "no_such_function", "Check the name.")
                }
                ErrorCode::Refused => (Exit::Refused, "refused", ""),
                ErrorCode::Busy => (Exit::Refused, "busy", "Try again later."),
                ErrorCode::Unavailable => (Exit::Network, "unavailable", "Try again later."),
                ErrorCode::Internal => (Exit::Failure, "internal", ""),
            },
        };
        let what = match error {
            NetworkError::Call(error) if !error.message.is_empty() => {
                format!(
                    "The provider says: {}.",
                    printable(&error.message).trim_end_matches('.')
                )
            }
            _ => sentence(&what),
        };
        Self::new(exit, code, what, advice)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        let (code, advice) = match error {
            StoreError::Full => ("disk_full", "Free some space and run the command again."),
            StoreError::Gone(_) => ("file_gone", "Check the path, and run the command again."),
            StoreError::Failed(_) => (
                "store_failed",
                "Check the disk and the path, then try again.",
            ),
        };
        Self::new(Exit::Failure, code, sentence(&error.to_string()), advice)
    }
}

/// A stranger's text without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}
