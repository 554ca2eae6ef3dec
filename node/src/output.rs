//! What the command prints: to a person words and bars, to a program one JSON object a line.
//!
//! Results go to standard output, and everything else that is for people to standard error.

use std::io::{IsTerminal, Write};

use fluence::state::EventKind;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::exit::{Failed, printable};

/// The longest text beside a bar, in characters.
const MAX_LABEL: usize = 20;

/// Where output goes.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    quiet: bool,
    /// Standard output is for bytes: results and events go to standard error.
    aside: bool,
    bars: MultiProgress,
}

impl Output {
    /// For a person, or for a program; quiet means only results and errors, aside that standard output is left to bytes.
    pub fn new(json: bool, quiet: bool, aside: bool) -> Self {
        let bars = MultiProgress::new();
        if json || quiet || !std::io::stderr().is_terminal() {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            json,
            quiet,
            aside,
            bars,
        }
    }

    /// For a program: one line.
    pub fn event(&self, event: &Value) {
        if self.json {
            self.line(&event.to_string());
        }
    }

    fn line(&self, line: &str) {
        // A reader that is gone is no reason to stop.
        let _ = if self.aside {
            writeln!(std::io::stderr().lock(), "{line}")
        } else {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        };
    }

    /// For a program: what the engine tells, without what is secret.
    pub fn engine_event(&self, kind: &EventKind) {
        if self.json
            && let Ok(mut event) = serde_json::to_value(kind)
        {
            if let Some(members) = event.as_object_mut() {
                members.remove("token");
            }
            self.event(&event);
        }
    }

    /// For a person: a result.
    pub fn result(&self, line: &str) {
        if !self.json {
            self.bars.suspend(|| self.line(line));
        }
    }

    /// For a person: what goes on.
    pub fn say(&self, line: &str) {
        if !self.json && !self.quiet {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            });
        }
    }

    /// Why the command fails.
    pub fn failed(&self, failed: &Failed) {
        let failure = &failed.failure;
        self.event(&json!({
            "event": "error",
            "code": failure.code,
            "message": failure.what,
            "advice": failure.advice,
            "exit": failed.exit as u8,
        }));
        if !self.json {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "fluence: {failed}");
            });
        }
    }

    /// A bar of bytes, hidden where no person looks.
    pub fn bar(&self, label: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::no_length());
        bar.set_style(
            // At 80 columns there is room for a short bar.
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

/// Says what a bar is of.
pub fn label_bar(bar: &ProgressBar, label: &str) {
    bar.set_prefix(printable(label).chars().take(MAX_LABEL).collect::<String>());
}

/// Bytes, for people.
pub fn size_text(bytes: u64) -> String {
    indicatif::DecimalBytes(bytes).to_string()
}
