//! `fluence share --ask`: asks the person at the terminal before anybody gets a file.

use std::collections::VecDeque;
use std::io::{BufRead, IsTerminal};
use std::time::{Duration, Instant};

use fluence::state::ItemId;
use tokio::sync::mpsc;

use crate::exit::Failed;
use crate::output::Output;
use crate::text;

/// How many lines may wait to be read.
const LINES: usize = 16;
/// A line that comes sooner after a question was meant for another one.
const READING: Duration = Duration::from_millis(300);

/// The terminal, and the questions that wait for an answer there, one at a time.
pub(super) struct Asking {
    output: Output,
    lines: mpsc::Receiver<String>,
    waiting: VecDeque<Question>,
    /// When the first one was shown.
    shown: Instant,
}

struct Question {
    id: ItemId,
    words: String,
}

impl Asking {
    /// Begins to read from the terminal.
    ///
    /// # Errors
    /// If the program has no terminal, or its person would not see what it asks.
    pub fn begin(output: &Output) -> Result<Self, Failed> {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(text::nobody_to_ask());
        }
        let (sender, lines) = mpsc::channel(LINES);
        // A thread of its own, because nothing ends a read from a terminal.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            output: output.clone(),
            lines,
            waiting: VecDeque::new(),
            shown: Instant::now(),
        })
    }

    /// Asks whether this peer gets a file.
    pub fn ask(&mut self, id: ItemId, peer: &str, name: &str) {
        let words = text::asking(peer, name);
        self.waiting.push_back(Question { id, words });
        if self.waiting.len() == 1 {
            self.show();
        }
    }

    /// Takes a question back that was not answered in time.
    pub fn forget(&mut self, id: &ItemId) {
        let first = self.waiting.front().is_some_and(|first| first.id == *id);
        let before = self.waiting.len();
        self.waiting.retain(|question| question.id != *id);
        if self.waiting.len() < before {
            self.output.ask(text::NOT_ANSWERED);
        }
        if first && !self.waiting.is_empty() {
            self.show();
        }
    }

    /// Waits for an answer, and returns the file and whether it is given.
    pub async fn answered(&mut self) -> (ItemId, bool) {
        loop {
            let Some(line) = self.lines.recv().await else {
                // Nobody is there any more, and whoever asks is refused after a while.
                std::future::pending::<()>().await;
                continue;
            };
            if self.waiting.is_empty() {
                continue;
            }
            let answer = match line.trim().to_ascii_lowercase().as_str() {
                _ if self.shown.elapsed() < READING => None,
                "y" | "yes" => Some(true),
                "n" | "no" => Some(false),
                _ => None,
            };
            let Some((question, allow)) = answer.and_then(|allow| {
                let question = self.waiting.pop_front();
                question.map(|question| (question, allow))
            }) else {
                self.show();
                continue;
            };
            if !self.waiting.is_empty() {
                self.show();
            }
            return (question.id, allow);
        }
    }

    fn show(&mut self) {
        if let Some(question) = self.waiting.front() {
            self.output.ask(&question.words);
            self.shown = Instant::now();
        }
    }
}
