//! The page of what happened: the list as it was after each event.

use fluence::command::Command;
use fluence::history::{self, History};
use fluence::state::{Event, EventKind, ItemId};
use web_sys::File;

use super::{Face, Focus, Msg, Sender, Topic, View};
use crate::text::When;
use crate::view::nodes;
use crate::{browser, text};

/// The selector of the button that asks whether the history is to be forgotten.
const FORGET: &str = "[data-testid=time-forget]";

/// What the page of what happened has.
#[derive(Default)]
pub struct Time {
    /// What happened.
    pub history: History,
    /// After how many events the list is shown.
    pub at: usize,
    /// Whether all of it is here.
    pub whole: bool,
    /// The name of the file whose history is shown, in the place of this browser's.
    pub file: Option<String>,
    /// What is wrong with a file, or why none was written.
    pub wrong: Option<&'static str>,
    /// Whether the person is asked whether the history is to be forgotten.
    pub asks: bool,
    /// What the event that came last changed in the settings, in words, with the hosts that it concerns.
    pub changes: Vec<(&'static str, String)>,
    /// Whether the history was forgotten, until what is left of it is here.
    pub(super) forgotten: bool,
    /// The item that it changed, until it is in view.
    pub(super) to_see: Option<ItemId>,
}

/// What can happen on that page.
pub enum Travel {
    /// The list after so many events is to be shown.
    To(usize),
    /// A file with a history was chosen.
    Chosen(File),
    /// It was read: its name, and what is in it.
    Read(String, Option<String>),
    /// This browser's history is to be shown again.
    Back,
    /// The person is to be asked whether the history is to be forgotten, or no longer.
    Ask(bool),
    /// It is to be forgotten.
    Forget,
}

impl Time {
    /// The event that came last.
    pub fn event(&self) -> Option<&Event> {
        self.history.event(self.at)
    }

    /// The item that it changed.
    pub fn changed(&self) -> Option<&ItemId> {
        match &self.event()?.kind {
            EventKind::Merged { into, .. } => Some(into),
            kind => kind.item(),
        }
    }
}

impl Face {
    /// Asks for this browser's history, or for more of it.
    pub(super) fn ask_history(&mut self, sender: &Sender) {
        if self.view != View::Time || self.time.whole || self.is_waiting(&Topic::History) {
            return;
        }
        let known = self.time.history.seq();
        let after = (!self.time.history.is_empty()).then_some(known);
        self.send(sender, Topic::History, Command::History { after });
    }

    /// Takes a part of this browser's history.
    pub(super) fn take_history(&mut self, snapshot: Option<&str>, events: &[String], more: bool) {
        let time = &mut self.time;
        // It was asked for before a file was opened.
        if time.file.is_some() {
            return;
        }
        if time.history.is_empty() {
            let start = snapshot.and_then(browser::state_of);
            time.history = History::new(start.unwrap_or_default());
        }
        let before = time.history.len();
        let events = events.iter().filter_map(|text| browser::event_of(text));
        events.for_each(|event| time.history.add(event));
        time.whole = !more || time.history.len() == before;
        if time.whole {
            if std::mem::take(&mut time.forgotten) {
                self.focus = Some(Focus::First(FORGET));
            }
            self.travel_to(self.time.history.len());
        }
    }

    /// Shows the same moment again after the worker has sent its state.
    pub(super) fn stay_then(&mut self) {
        if self.view == View::Time && self.time.whole {
            self.travel_to(self.time.at);
        }
    }

    /// Does what the person wants on the page of what happened.
    pub(super) fn travel(&mut self, sender: &Sender, what: Travel) {
        self.time.asks = matches!(what, Travel::Ask(true));
        match what {
            Travel::To(at) => self.travel_to(at),
            Travel::Chosen(file) => {
                self.time.wrong =
                    (file.size() > history::MAX_FILE as f64).then_some(text::time_no_file());
                if self.time.wrong.is_none() {
                    sender.send_future(async move {
                        let read = browser::text_of(&file).await;
                        Msg::Time(Travel::Read(file.name(), read.ok()))
                    });
                }
            }
            Travel::Read(name, read) => match read.and_then(|text| browser::history_of(&text)) {
                Some(history) => {
                    self.time = Time {
                        at: history.len(),
                        history,
                        whole: true,
                        file: Some(name),
                        ..Time::default()
                    };
                    self.travel_to(self.time.at);
                }
                None => self.time.wrong = Some(text::time_no_file()),
            },
            Travel::Back => {
                self.time = Time::default();
                self.ask_history(sender);
            }
            // The button that was pressed goes.
            Travel::Ask(asks) => {
                self.focus = Some(Focus::First(match asks {
                    true => "[data-testid=time-keep]",
                    false => FORGET,
                }));
            }
            Travel::Forget => self.send(sender, Topic::Forget, Command::ForgetHistory),
        }
    }

    /// Shows the list as it was after so many events.
    fn travel_to(&mut self, at: usize) {
        let at = at.min(self.time.history.len());
        let network = std::mem::take(&mut self.state.network);
        self.state = self.time.history.at(at);
        self.state.network = network;
        self.time.at = at;
        self.time.to_see = self.time.changed().cloned();
        if let Some(event) = self.time.event() {
            self.said = text::event(&event.kind, &self.state);
        }
        self.time.changes = self.changes();
    }

    /// What the event that came last changed in the settings, in words.
    fn changes(&self) -> Vec<(&'static str, String)> {
        let Some(EventKind::Settings { settings }) = self.time.event().map(|event| &event.kind)
        else {
            return Vec::new();
        };
        let before = self.time.history.at(self.time.at.saturating_sub(1));
        let before = before.settings.as_ref().unwrap_or(&self.defaults);
        let mut changes = text::changes(When::Then, before, settings, nodes::host);
        if before.nodes == settings.nodes {
            // What comes first says which nodes there are.
            changes.remove(0);
        }
        changes
    }
}
