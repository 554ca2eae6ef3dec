//! What the command prints: words and progress bars for a person, one JSON object per line for a
//! program.
//!
//! Results go to standard output, and everything else meant for people goes to standard error.

use std::io::{IsTerminal, Write};

use fluence::failure::{About, Failure};
use fluence::state::{EventKind, NetworkStatus, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use words::{Terminal, Words};

use crate::exit::{Failed, printable};

/// The longest text beside a bar, in characters.
const MAX_LABEL: usize = 20;

/// The output of a command.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    quiet: bool,
    /// Standard output carries the bytes of a file, so results and events go to standard error.
    aside: bool,
    /// Standard error is a log that programs read, so what is said to a person goes there as well.
    logs: bool,
    bars: MultiProgress,
}

impl Output {
    /// Creates the output for a program (`json`) or for a person. `quiet` leaves only results and
    /// errors; `aside` reserves standard output for the bytes of a file.
    pub fn new(json: bool, quiet: bool, aside: bool) -> Self {
        let bars = MultiProgress::new();
        if json || quiet || !std::io::stderr().is_terminal() {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            json,
            quiet,
            aside,
            logs: false,
            bars,
        }
    }

    /// The same output, which writes what it has to say on standard error into the log, if `logs`.
    pub fn logging(self, logs: bool) -> Self {
        if logs {
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { logs, ..self }
    }

    /// Prints an event as one line for a program, and nothing for a person.
    pub fn event(&self, event: &Value) {
        if self.json {
            self.line(&event.to_string());
        }
    }

    fn line(&self, line: &str) {
        // The command goes on even if nobody reads its output any more.
        let _ = if self.aside {
            writeln!(std::io::stderr().lock(), "{line}")
        } else {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        };
    }

    /// Prints an event of the engine for a program, without secrets and with the words for it.
    pub fn engine_event(&self, kind: &EventKind, about: About) {
        if self.json
            && let Some(event) = event_json(kind, about)
        {
            self.event(&event);
        }
    }

    /// Prints the state of the connection for a program.
    pub fn network(&self, status: &NetworkStatus) {
        if !self.json {
            return;
        }
        let mut network = json!(status);
        if let NetworkStatus::Offline { error, .. } = status {
            network["reason"] = words::link(error).into();
        }
        self.event(&json!({"event": "network", "network": network}));
    }

    /// Warns of something that went wrong but does not end the command.
    pub fn warn(&self, code: &str, what: &str, advice: &str) {
        self.event(&json!({"event": "warning", "code": code, "message": what, "advice": advice}));
        if self.logs {
            tracing::warn!(code, advice, "{what}");
        } else if !self.json {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "Warning: {what} {advice}");
            });
        }
    }

    /// Prints a result for a person.
    pub fn result(&self, line: &str) {
        if !self.json {
            self.bars.suspend(|| self.line(line));
        }
    }

    /// Prints a line about the progress for a person.
    pub fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        if self.logs {
            tracing::info!("{line}");
        } else if !self.json {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            });
        }
    }

    /// Asks something at the terminal, whatever else is printed.
    pub fn ask(&self, question: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stderr().lock(), "{question}");
        });
    }

    /// Prints why the command failed.
    pub fn failed(&self, failed: &Failed) {
        self.event(&error_event(failed));
        if self.logs {
            let told = &failed.failure;
            let (code, advice) = (told.code.as_str(), told.advice.as_str());
            tracing::error!(code, advice, "{}", told.what);
        } else if !self.json {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "fluence: {failed}");
            });
        }
    }

    /// Adds a progress bar that counts bytes; it is hidden if no person can see it.
    pub fn bar(&self, label: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::no_length());
        bar.set_style(
            // At 80 columns this leaves room for a short bar.
            ProgressStyle::with_template(
                "{prefix:20!} {msg:9} {wide_bar} {decimal_bytes}/{decimal_total_bytes} \
                 {decimal_bytes_per_sec} {eta}",
            )
            .expect("the template is sound"),
        );
        label_bar(&bar, label);
        bar
    }
}

/// Sets the label of a progress bar.
pub fn label_bar(bar: &ProgressBar, label: &str) {
    bar.set_prefix(printable(label).chars().take(MAX_LABEL).collect::<String>());
}

/// The event that says why the command failed: `message` and `advice` for people, and for programs
/// `code` and, if the engine failed, the values of its failure (`reason`, `host`, `peer`, `name`,
/// `size`, `limit`, `status`, `detail`).
fn error_event(failed: &Failed) -> Value {
    let told = &failed.failure;
    let mut event = told
        .cause
        .as_ref()
        .map_or_else(|| json!({}), |cause| json!(cause));
    event["event"] = "error".into();
    event["code"] = told.code.as_str().into();
    event["message"] = told.what.as_str().into();
    event["advice"] = told.advice.as_str().into();
    event["exit"] = (failed.exit as u8).into();
    event
}

/// Formats a failure for a person, on one line.
pub fn failure_line(failure: &Failure, about: About) -> String {
    let Words { what, advice } = words::failure::<Terminal>(failure, about);
    format!("{what} {advice}").trim_end().to_owned()
}

/// Formats a failure for a program: its values, and the words for it as `what` and `advice`.
pub fn failure_json(failure: &Failure, about: About) -> Value {
    let Words { what, advice } = words::failure::<Terminal>(failure, about);
    let mut value = json!(failure);
    value["what"] = what.into();
    value["advice"] = advice.into();
    value
}

/// An event of the engine as JSON, with the words for failures and log lines, and without the token
/// of an upload.
fn event_json(kind: &EventKind, about: About) -> Option<Value> {
    let mut event = serde_json::to_value(kind).ok()?;
    match kind {
        EventKind::Status { status, .. } => match status {
            Status::Interrupted { failure } | Status::Failed { failure } => {
                event["status"]["failure"] = failure_json(failure, about);
            }
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Done => {}
        },
        EventKind::UploadEnded {
            error: Some(failure),
            ..
        } => event["error"] = failure_json(failure, About::Upload),
        EventKind::Notice { failure } => event["failure"] = failure_json(failure, about),
        EventKind::Log { entry, .. } => event["line"] = words::log::<Terminal>(entry, about).into(),
        EventKind::UploadBegan { .. } => {
            event.as_object_mut()?.remove("token");
        }
        EventKind::ShareBegan { .. } | EventKind::FetchBegan { .. } => {
            event.as_object_mut()?.remove("key");
        }
        EventKind::Found { .. }
        | EventKind::Described { .. }
        | EventKind::Thumbnail { .. }
        | EventKind::Hashed { .. }
        | EventKind::Stays { .. }
        | EventKind::Named { .. }
        | EventKind::Unconfirmed
        | EventKind::Confirmed { .. }
        | EventKind::Progress { .. }
        | EventKind::Requested { .. }
        | EventKind::UploadSent { .. }
        | EventKind::UploadEnded { error: None, .. }
        | EventKind::Released { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Limited { .. }
        | EventKind::AsPage { .. }
        | EventKind::AsksFirst { .. }
        | EventKind::Asking { .. }
        | EventKind::Providing { .. }
        | EventKind::Saved { .. }
        | EventKind::Removed { .. }
        | EventKind::Merged { .. }
        | EventKind::Settings { .. }
        | EventKind::Network { .. }
        | EventKind::Web { .. }
        | EventKind::Room { .. }
        | EventKind::Started { .. } => {}
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Code;
    use fluence::private::Key;
    use fluence::state::{ItemId, Secret};

    #[test]
    fn programs_get_the_values_and_the_words() {
        let quota = Failure::new(Code::Quota)
            .host("https://a.example/x")
            .status(507);
        let Words { what, advice } = words::failure::<Terminal>(&quota, About::Upload);
        let event = error_event(&Failed::of(quota.clone(), About::Upload));
        assert_eq!(
            event,
            json!({
                "event": "error", "code": "quota", "host": "a.example", "status": 507, "exit": 6, "message": what,
                "advice": advice,
            })
        );
        let ended = EventKind::UploadEnded {
            id: ItemId("a".into()),
            sent: 0,
            error: Some(quota),
        };
        let event = event_json(&ended, About::Share).unwrap();
        assert_eq!(event["error"]["what"], what);
        assert_eq!(event["error"]["code"], "quota");
    }

    #[test]
    fn neither_a_token_nor_a_key_is_told() {
        let began = EventKind::UploadBegan {
            id: ItemId("a".into()),
            multiaddr: "/dns4/a/tcp/1/http".into(),
            token: Some("secret".into()),
            expires: None,
            peer: None,
        };
        let event = event_json(&began, About::Share).unwrap();
        assert!(!event.to_string().contains("secret"), "{event}");
        let key = || Some(Secret(Key::new([0; 16])));
        for (began, about) in [
            (
                EventKind::ShareBegan {
                    ends: None,
                    id: ItemId("a".into()),
                    key: key(),
                    name: "a".into(),
                    mime: None,
                    size: None,
                    source: None,
                },
                About::Share,
            ),
            (
                EventKind::FetchBegan {
                    id: ItemId("a".into()),
                    key: key(),
                    cid: "Qm".into(),
                    path: None,
                },
                About::Fetch,
            ),
        ] {
            let event = event_json(&began, about).unwrap();
            assert!(event.get("key").is_none(), "{event}");
            let text = Key::new([0; 16]).text();
            assert!(!event.to_string().contains(&text), "{event}");
        }
    }
}
