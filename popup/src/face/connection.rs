//! The port to the worker, and the commands that wait for an answer.

use fluence::command::{Answer, Command, Look, Thumbnail, ToFace, ToWorker};
use fluence::failure::{Code, Failure};
use fluence::state::{Item, ItemId, NetworkStatus, Origin};
use gloo_timers::callback::{Interval, Timeout};
use web::time::now_ms;

use super::{Face, Inside, Listed, Msg, Sender, Time, Topic, View, WorkerState};
use crate::browser::{FromWorker, Worker};
use crate::preferences::{self, Filter};
use crate::{focus, text};

/// How long the face first waits before it connects to the worker again, in milliseconds. Each further wait is
/// twice as long.
pub(super) const FIRST_WAIT_MS: u32 = 50;
/// The longest wait between two attempts, in milliseconds.
const MAX_WAIT_MS: u32 = 5_000;
/// How long the worker may take to send its state before the person is told, in milliseconds.
const SILENCE_MS: u32 = 15_000;
/// The largest number of commands that wait while the worker is away.
const MAX_QUEUE: usize = 100;
/// How many times in a row the worker may end before it is not told again of what it has not answered.
const MAX_LOST: u32 = 3;

impl Face {
    /// Connects to the worker, and asks for its state and events.
    pub(super) fn connect(&mut self, sender: &Sender) {
        self.timers.connect = None;
        let on = sender.callback(Msg::Worker);
        match Worker::connect(move |from| on.emit(from)) {
            Ok(worker) => {
                self.worker = Some(worker);
                let number = self.number();
                self.post(ToWorker {
                    number,
                    command: Command::Watch,
                });
                if self.timers.silence.is_none() && self.worker_state != WorkerState::Silent {
                    let sender = sender.clone();
                    self.timers.silence =
                        Some(Timeout::new(SILENCE_MS, move || sender.send(Msg::Silence)));
                }
            }
            // The extension was unloaded or updated, so this page no longer belongs to an extension.
            Err(_) => self.worker_state = WorkerState::Silent,
        }
    }

    /// Asks again, after a connection, for what an earlier one may have left unanswered: thumbnails, and the
    /// logs that are shown, whose latest lines were sent while nobody listened.
    pub(super) fn ask_again(&mut self, sender: &Sender) {
        if !self.is_waiting(&Topic::Thumbnails) {
            self.thumbnails.retain(|_, picture| picture.is_some());
        }
        let open: Vec<ItemId> = self.open.keys().cloned().collect();
        for id in open {
            let topic = Topic::Log(id.clone());
            if !self.is_waiting(&topic) {
                self.send(sender, topic, Command::Log { id });
            }
        }
    }

    /// A number for the next command.
    pub(super) fn number(&mut self) -> u32 {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    /// Sends a message now. If the port does not take it, it waits for the next connection; if too many wait
    /// already, the command ends with a failure that the person sees.
    pub(super) fn post(&mut self, message: ToWorker) {
        let sent = self
            .worker
            .as_ref()
            .is_some_and(|worker| worker.send(&message).is_ok());
        if let Some(handover) = self.handovers.get(&message.number).filter(|_| sent) {
            handover.offer();
        }
        if sent || matches!(message.command, Command::Watch) {
            return;
        }
        if self.queue.len() < MAX_QUEUE {
            self.queue.push(message);
        } else if let Some((topic, _)) = self.pending.remove(&message.number) {
            self.handovers.remove(&message.number);
            self.failures.insert(topic, Code::NotSent.into());
        }
    }

    /// Sends a command about a topic, and forgets how the last one about it ended.
    pub(super) fn send(&mut self, sender: &Sender, about: Topic, command: Command) {
        self.failures.remove(&about);
        self.done.remove(&about);
        if matches!(command, Command::Remove { .. }) {
            self.forget_picture();
        }
        let number = self.number();
        self.pending.insert(number, (about, command.clone()));
        self.post(ToWorker { number, command });
        if self.worker.is_none() && self.timers.connect.is_none() {
            self.connect(sender);
        }
    }

    /// Handles what the port to the worker delivers, except for events.
    pub(super) fn receive(&mut self, sender: &Sender, from: FromWorker) {
        match from {
            FromWorker::Message(ToFace::State {
                state, defaults, ..
            }) => {
                self.state = *state;
                if self.state.items.is_empty() {
                    self.forget_picture();
                }
                self.close_gone(sender);
                self.defaults = defaults;
                self.worker_state = WorkerState::Ready;
                self.wait = FIRST_WAIT_MS;
                self.timers.silence = None;
                self.notice_read = preferences::is_dismissed(self.state.noticed);
                // Nobody knows since when those that move have not moved.
                let now = now_ms();
                for item in self.state.items.values().filter(|item| is_moving(item)) {
                    self.moved.insert(item.id.clone(), now);
                }
                self.watch_clock(sender);
                for message in std::mem::take(&mut self.queue) {
                    self.post(message);
                }
                self.ask_again(sender);
                self.show_again(sender);
                self.show_more(sender);
                self.ask_live(sender);
                self.ask_history(sender);
                self.stay_then();
                self.look_at_given(sender);
                self.share_next(sender);
            }
            FromWorker::Message(ToFace::Items { items, copies }) => {
                self.state.items.extend(items);
                self.state.copies.extend(copies);
            }
            FromWorker::Message(ToFace::Access { origins }) => {
                self.ask_for_shares(sender, origins);
            }
            FromWorker::Message(ToFace::Answer { number, answer }) => {
                let replaced = self.replacing.remove(&number);
                let is_done = matches!(answer, Answer::Done { .. });
                self.answered(number, answer);
                if let Some(id) = replaced.filter(|_| is_done) {
                    self.remove_replaced(sender, id);
                }
                self.share_next(sender);
                self.copy_begun(sender);
                self.use_found(sender);
                self.fetch_back(sender);
                self.ask_history(sender);
            }
            FromWorker::Message(ToFace::Live {
                nodes,
                peers,
                calls,
            }) => self.pages.live(nodes, peers, calls),
            // `update` has dealt with it.
            FromWorker::Message(ToFace::Event { .. }) => {}
            FromWorker::Strange => self.worker_state = WorkerState::Strange,
            FromWorker::Gone => self.gone(sender),
        }
    }

    /// Notes that the worker has ended, because the browser stopped it or it was updated.
    pub(super) fn gone(&mut self, sender: &Sender) {
        self.worker = None;
        if self.worker_state == WorkerState::Ready {
            self.worker_state = WorkerState::Lost;
        }
        let (queue, failures) = (&mut self.queue, &mut self.failures);
        // The worker may have ended before it wrote down what it was told. It is told again, unless that is what ends
        // it. What became of files is looked at first (`give_again`).
        self.lost += 1;
        let tells_again = self.lost <= MAX_LOST;
        let handovers = &mut self.handovers;
        self.pending.retain(|number, (about, command)| {
            if queue.iter().any(|message| message.number == *number) {
                return true;
            }
            handovers.remove(number);
            // These are asked for again anyway.
            let is_asked = matches!(
                about,
                Topic::Thumbnails | Topic::Log(_) | Topic::Live | Topic::Look | Topic::PreviewHide
            );
            // Done twice, these would do more than what the person wanted.
            let is_single = matches!(command, Command::NewIdentity | Command::Call { .. });
            let again = tells_again
                && !is_asked
                && !is_single
                && *about != Topic::Files
                && queue.len() < MAX_QUEUE;
            if again {
                let (number, command) = (*number, command.clone());
                queue.push(ToWorker { number, command });
            } else if !is_asked && (*about != Topic::Files || !tells_again) {
                failures.insert(about.clone(), Code::NoAnswer.into());
            }
            again
        });
        let wait = self.wait;
        self.wait = (wait * 2).min(MAX_WAIT_MS);
        let sender = sender.clone();
        self.timers.connect = Some(Timeout::new(wait, move || sender.send(Msg::Connect)));
    }

    /// Counts seconds, but only while a countdown is shown, or bytes move: no event tells that they stop.
    pub(super) fn watch_clock(&mut self, sender: &Sender) {
        let items = &self.state.items;
        self.moved.retain(|id, _| {
            let item = items.get(id);
            item.is_some_and(|item| item.progress.is_some() && is_moving(item))
        });
        let offline = matches!(self.state.network, NetworkStatus::Offline { .. });
        let counting = offline || self.moved.len() > 0;
        if counting && self.timers.tick.is_none() {
            let sender = sender.clone();
            self.timers.tick = Some(Interval::new(1000, move || sender.send(Msg::Tick)));
        } else if !counting {
            self.timers.tick = None;
        }
    }

    /// Handles the answer to the command with this number.
    pub(super) fn answered(&mut self, number: u32, answer: Answer) {
        self.handovers.remove(&number);
        self.lost = 0;
        match &answer {
            Answer::Refused { .. } => self.given.retain(|given| given.number != number),
            _ => {
                let given = self.given.iter_mut().find(|given| given.number == number);
                given.into_iter().for_each(|given| given.answered = true);
            }
        }
        let Some((about, command)) = self.pending.remove(&number) else {
            return;
        };
        match answer {
            Answer::Done { id } => {
                let is_many = matches!(&command, Command::ShareFiles { files, together: false, .. } if files.len() > 1);
                if matches!(
                    command,
                    Command::ShareUrl { .. } | Command::ShareFiles { .. }
                ) {
                    self.begun.clone_from(&id);
                }
                match about {
                    Topic::Import => self.imported(),
                    Topic::Nodes => self.nodes_added(),
                    Topic::Identity => self.has_identity(),
                    Topic::Forget => {
                        self.time = Time {
                            forgotten: true,
                            ..Time::default()
                        }
                    }
                    Topic::Fetch => {
                        self.fetch_text.clear();
                        self.look = None;
                        self.inside = Inside::default();
                        self.show(Filter::Fetched, id);
                    }
                    Topic::Files if self.view == View::Welcome => {
                        self.begun = None;
                        self.pages.sample.id = id;
                    }
                    // Of several, the answer names the one that was made first, which is the last of the list.
                    Topic::Files => {
                        let is_share = |item: &&Item| item.origin == Origin::Share;
                        let newest = self.state.items.newest().find(is_share);
                        let newest = newest.map(|item| item.id.clone());
                        self.show(Filter::Shared, if is_many { newest } else { id });
                    }
                    _ => {}
                }
                self.done.insert(about, ());
            }
            Answer::Seen { look } => self.seen(&command, Ok(look)),
            Answer::Refused { failure } if about == Topic::Look => {
                self.seen(&command, Err(failure));
            }
            Answer::Thumbnails { thumbnails } => {
                for Thumbnail { id, data_url } in thumbnails {
                    self.keep_thumbnail(id, data_url);
                }
            }
            Answer::Log { lines } => {
                if let Command::Log { id } = command
                    && let Some(log) = self.open.get_mut(&id)
                {
                    *log = Some(lines);
                }
            }
            Answer::Inside {
                root,
                entries,
                more,
            } => {
                let listed = Listed {
                    root,
                    entries,
                    more,
                };
                self.keep_inside(command, listed);
            }
            Answer::Files { files, count } => self.listed(&command, files, count),
            Answer::History {
                snapshot,
                events,
                more,
            } => self.take_history(snapshot.as_deref(), &events, more),
            Answer::Tested { .. }
            | Answer::Nodes { .. }
            | Answer::Text { .. }
            | Answer::Settings { .. } => self.told(about, answer),
            Answer::Refused { failure } if about == Topic::Fetch => {
                self.fetch_error = Some(text::fetch_refused(&failure));
                focus::element(&self.fetch_field);
            }
            Answer::Refused { failure } => {
                self.said = text::notice(&failure);
                self.failures.insert(about, failure);
            }
        }
    }

    /// Whether it is being asked what is at the link in the field.
    pub fn is_looking(&self) -> bool {
        let asked = |command: &Command| matches!(command, Command::Look { link } if link == self.fetch_text.trim());
        self.pending.values().any(|(_, command)| asked(command))
    }

    /// Keeps what is at a link, if that is still the one in the field. What is wrong with the link is said when it is to be
    /// fetched.
    fn seen(&mut self, command: &Command, look: Result<Look, Failure>) {
        let is_bad = |failure: &Failure| failure.code == Code::BadLink;
        if let Command::Look { link } = command
            && link == self.fetch_text.trim()
            && !look.as_ref().is_err_and(is_bad)
        {
            self.look = Some(look);
        }
    }
}

/// Whether bytes of an item are on the way, in or out.
fn is_moving(item: &Item) -> bool {
    item.status.is_moving() || item.upload.is_some()
}
