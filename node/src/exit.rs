//! How a command ends: with an exit code for programs, and with a message for people that says what
//! happened and what to do next.

use std::fmt;
use std::process::ExitCode;

use fluence::failure::{About, Code, Failure, Kind};
use fluence::names::ParseLinkError;
use fluence::ports::StoreError;
use serde::{Deserialize, Serialize};
use words::{Terminal, Words};

/// The exit codes of a failed command; a command that succeeds exits with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Any failure that has no exit code of its own.
    Failure = 1,
    /// The command line or its configuration is wrong.
    Usage = 2,
    /// What was asked for does not exist, or nobody provides it.
    NotFound = 3,
    /// The network, a provider or a storage could not be reached or did not answer in time.
    Network = 4,
    /// The data received is not the data that was asked for.
    Verification = 5,
    /// The other side refused, because of a quota or a limit or because it is busy.
    Refused = 6,
    /// The command was stopped with Ctrl-C before it finished; whatever has arrived so far is kept.
    Interrupted = 130,
}

/// Declares the faults that only the command line knows, each with its code in JSON output and its
/// exit code.
macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident = $word:literal => $exit:ident,)*) => {
        /// What went wrong, as a code for programs.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
            /// A failure code that comes from the engine.
            Core(Code),
        }

        impl Fault {
            /// The code as it appears in JSON output.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$fault => $word,)*
                    Self::Core(code) => code.as_str(),
                }
            }

            /// The exit code of a command that fails with this fault.
            pub fn exit(&self) -> Exit {
                match self {
                    $(Self::$fault => Exit::$exit,)*
                    Self::Core(code) => exit_of(code),
                }
            }
        }

        impl From<String> for Fault {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$fault,)*
                    word => Self::Core(word.into()),
                }
            }
        }
    };
}

faults! {
    /// The command line is wrong.
    Usage = "usage" => Usage,
    /// The file does not exist.
    NoSuchFile = "no_such_file" => Failure,
    /// The path does not name a file.
    NotAFile = "not_a_file" => Failure,
    /// The operating system denied access.
    NoPermission = "no_permission" => Failure,
    /// A file or directory cannot be read or written.
    File = "file" => Failure,
    /// Something already exists at the path.
    Exists = "exists" => Failure,
    /// Another process is using it.
    Locked = "locked" => Failure,
    /// The state directory cannot be used.
    StateDirectory = "state_directory" => Failure,
    /// The identity file does not hold a key.
    BadIdentity = "bad_identity" => Failure,
    /// The system cannot start a thread for this program.
    Threads = "threads" => Failure,
    /// The program is shutting down.
    Ending = "stopped" => Failure,
    /// The engine did not create an item.
    NoItem = "no_item" => Failure,
    /// The item was removed.
    Removed = "removed" => Failure,
    /// Nothing of the file has been kept from an earlier fetch.
    NotBegun = "not_begun" => NotFound,
    /// The node cannot listen.
    Listen = "listen" => Failure,
    /// A certificate or its key cannot be used.
    Certificate = "certificate" => Failure,
    /// No node runs.
    NotRunning = "not_running" => Network,
    /// The node stopped unexpectedly.
    Node = "node" => Failure,
    /// The storage cannot be used.
    Storage = "storage" => Failure,
    /// The running node uses a different storage from the one that was named.
    OtherStorage = "other_storage" => Failure,
    /// The content is not stored here.
    NotFound = "not_found" => NotFound,
    /// The stored data is damaged.
    Damaged = "damaged" => Verification,
    /// A CAR cannot be imported.
    Import = "import" => Verification,
    /// A DAG cannot be exported because some of its blocks are missing.
    Export = "export" => NotFound,
    /// The IPFS node cannot be used.
    Ipfs = "ipfs" => Network,
    /// The network cannot be used at all.
    Network = "network" => Network,
    /// A function was announced, but it could not be called from outside.
    Unconfirmed = "unconfirmed" => Network,
    /// The provider cannot be reached.
    Unreachable = "unreachable" => Network,
    /// The provider did not answer in time.
    NoReply = "no_answer" => Network,
    /// The provider's answer could not be understood.
    Malformed = "malformed" => Verification,
    /// The provider did not understand the call.
    BadRequest = "bad_request" => Failure,
    /// The provider does not provide the function.
    NoSuchFunction = "no_such_function" => NotFound,
    /// The provider lacks something that it needs to answer.
    Unavailable = "unavailable" => Network,
    /// The provider failed.
    Internal = "internal" => Failure,
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.as_str().to_owned()
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self::Core(code)
    }
}

/// The exit code of a command that fails with a code from the engine.
fn exit_of(code: &Code) -> Exit {
    match code.kind() {
        Kind::Request if *code == Code::BadLink => Exit::Usage,
        Kind::Person if matches!(code, Code::Interrupted | Code::Paused | Code::Stopped) => {
            Exit::Interrupted
        }
        Kind::NotFound => Exit::NotFound,
        Kind::Offline | Kind::Lost => Exit::Network,
        Kind::WrongBytes | Kind::BadDag => Exit::Verification,
        Kind::Refused | Kind::Busy | Kind::Limit => Exit::Refused,
        Kind::Request | Kind::Person | Kind::Other | Kind::Machine => Exit::Failure,
    }
}

/// A failure as it is reported to people and to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The fault, for programs.
    pub code: Fault,
    /// What happened, as a sentence.
    pub what: String,
    /// What to do next, as a sentence; empty where nothing can be done.
    pub advice: String,
    /// The engine's failure, if it came from the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Failure>>,
}

/// The failure of a command, with its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The exit code.
    pub exit: Exit,
    /// What is reported.
    pub failure: Told,
}

impl Failed {
    /// Creates a failure that says what happened and what to do next.
    pub fn new(
        fault: impl Into<Fault>,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let code = fault.into();
        Self {
            exit: code.exit(),
            failure: Told {
                code,
                what: what.into(),
                advice: advice.into(),
                cause: None,
            },
        }
    }

    /// Puts a failure of the engine into the command line's words.
    pub fn of(failure: Failure, about: About) -> Self {
        let Words { what, advice } = words::failure::<Terminal>(&failure, about);
        let mut failed = Self::new(failure.code.clone(), what, advice);
        failed.failure.cause = Some(Box::new(failure));
        failed
    }

    /// A failure because the command line is wrong.
    pub fn usage(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Fault::Usage, what, advice)
    }

    /// The exit code, in the form in which `main` returns it.
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

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        let mut failure = Failure::from(&error);
        match error {
            StoreError::Gone(detail) => failure = failure.detail(detail),
            StoreError::Full | StoreError::Locked | StoreError::Failed(_) => {}
        }
        Self::of(failure, About::Other)
    }
}

impl From<ParseLinkError> for Failed {
    fn from(error: ParseLinkError) -> Self {
        Self::of(Failure::from(&error), About::Fetch)
    }
}

/// Replaces the control characters in a stranger's text with spaces, since a terminal would obey
/// them.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_as_what_it_was() {
        for fault in [
            Fault::Usage,
            Fault::NoReply,
            Fault::Ending,
            Code::Quota.into(),
        ] {
            assert_eq!(Fault::from(fault.as_str().to_owned()), fault);
        }
        let newer = Fault::from("of_a_newer_version".to_owned());
        assert_eq!(
            (newer.as_str(), newer.exit()),
            ("of_a_newer_version", Exit::Failure)
        );
    }

    #[test]
    fn programs_can_tell_failures_apart_by_the_exit_code() {
        for (code, exit) in [
            (Code::BadLink, Exit::Usage),
            (Code::NoProvider, Exit::NotFound),
            (Code::Offline, Exit::Network),
            (Code::ProviderGone, Exit::Network),
            (Code::Stalled, Exit::Network),
            (Code::WrongBytes, Exit::Verification),
            (Code::BadDag, Exit::Verification),
            (Code::Busy, Exit::Refused),
            (Code::Quota, Exit::Refused),
            (Code::TooLarge, Exit::Refused),
            (Code::FileGone, Exit::Failure),
            (Code::DiskFull, Exit::Failure),
            (Code::Interrupted, Exit::Interrupted),
        ] {
            assert_eq!(Failed::of(code.into(), About::Fetch).exit, exit);
        }
    }
}
