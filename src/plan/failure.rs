//! What a person is told when something does not work: what happened, and what to do next.

use crate::call::{CallError, ErrorCode};
use crate::ports::{HttpError, NetworkError, StoreError};
use crate::state::{Failure, Origin};

/// The longest text of a stranger that is shown, in bytes.
const MAX_QUOTE: usize = 200;

/// A failure.
pub(super) fn failure(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Failure {
    Failure {
        code: code.to_owned(),
        what: what.into(),
        advice: advice.into(),
    }
}

/// A stranger's text, made fit to be shown: one line, no control characters, at most [`MAX_QUOTE`] bytes.
pub(super) fn quote(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shorten(clean.trim(), MAX_QUOTE)
}

/// The text, or its beginning where it is over `most` bytes.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// The host of a storage's URL, for people.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    shorten(rest.split('/').next().unwrap_or_default(), MAX_QUOTE)
}

/// Bytes, for people.
pub(super) fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The store failed while an item was being written, or later. Of a share that is not whole nothing is kept.
pub(super) fn of_store(error: &StoreError, origin: Origin) -> Failure {
    let (code, what) = match error {
        StoreError::Full => ("disk_full", "There is no room left on the disk.".to_owned()),
        StoreError::Gone(_) => (
            "file_gone",
            "The stored file is gone or was changed.".to_owned(),
        ),
        StoreError::Failed(reason) => (
            "store_failed",
            format!("The file could not be stored: {}.", quote(reason)),
        ),
    };
    let advice = match (error, origin) {
        (StoreError::Full, Origin::Share) => {
            "Free some space and share it again; nothing was kept."
        }
        (StoreError::Full, Origin::Fetch) => {
            "Free some space, then choose Resume; what has come so far is kept."
        }
        (StoreError::Gone(_), Origin::Share) => "Share it again.",
        (StoreError::Gone(_), Origin::Fetch) => "Fetch it again.",
        (StoreError::Failed(_), Origin::Share) => {
            "Share it again; if it fails again, check the disk."
        }
        (StoreError::Failed(_), Origin::Fetch) => "Try again; if it fails again, check the disk.",
    };
    failure(code, what, advice)
}

/// A call had no result.
pub(super) fn of_call(error: &NetworkError) -> String {
    match error {
        NetworkError::Call(CallError { code, message, .. }) => {
            let said = match code {
                ErrorCode::NoSuchFunction => "does not provide it any more",
                ErrorCode::Refused => "refused",
                ErrorCode::Busy => "is busy",
                ErrorCode::Unavailable => "has no storage at hand",
                ErrorCode::BadRequest => "did not understand the call",
                ErrorCode::Internal => "failed",
            };
            if message.is_empty() {
                said.to_owned()
            } else {
                format!("{said}: {}", quote(message))
            }
        }
        other => other.to_string(),
    }
}

/// The share's bytes could not be read over HTTP.
pub(super) fn of_source(error: &HttpError) -> Failure {
    match error {
        HttpError::Unreachable(host) => failure(
            "source_unreachable",
            format!("{} cannot be reached.", quote(host)),
            "Check the connection and share it again.",
        ),
        HttpError::Silent(host) => failure(
            "source_silent",
            format!("{} sent nothing for too long.", quote(host)),
            "Share it again later.",
        ),
        HttpError::Broken(host) => failure(
            "source_broken",
            format!("The answer of {} broke off.", quote(host)),
            "Share it again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_is_cut_and_cleaned() {
        assert_eq!(quote("a\u{7}b\nc"), "a b c");
        let long = quote(&"語".repeat(500));
        assert!(long.len() <= MAX_QUOTE && long.ends_with('…'), "{long}");
        assert_eq!(host("https://a.b:443/ipfs/x"), "a.b:443");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(bytes_text(999), "999 bytes");
        assert_eq!(bytes_text(1_048_576), "1.0 MB");
        assert_eq!(bytes_text(4 << 30), "4.3 GB");
    }
}
