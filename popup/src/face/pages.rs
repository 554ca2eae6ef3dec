//! What the pages beside the list of files have: the settings, the first page and the network.

use std::rc::Rc;

use fluence::command::{Answer, Command};
use fluence::history;
use fluence::identity_file::{self, Passphrase};
use fluence::live::{CallLine, MAX_CALLS, NodeView};
use fluence::report;
use fluence::settings_file;
use fluence::state::{ItemId, LinkError, Settings};
use fluence::storage;
use web::extension::commands::Key;
use web_sys::File;

use super::sharing::How;
use super::{Face, Focus, Msg, Sender, Topic, View};
use crate::files::Picked;
use crate::preferences::Theme;
use crate::small_map::SmallMap;
use crate::view::nodes;
use crate::{browser, draft, focus, text};

/// How long the sample may take to come back, in milliseconds. The node waits for the browser that shares it.
const BACK_MS: u32 = 60_000;

/// What these pages have.
#[derive(Default)]
pub struct Pages {
    /// The nodes and what the links to them are like.
    pub nodes: Vec<NodeView>,
    /// The ends of the ids of the peers that are connected now.
    pub peers: Vec<String>,
    /// The last calls, oldest first.
    pub calls: Vec<CallLine>,
    /// How tests of nodes ended, by their addresses.
    pub tested: SmallMap<String, Tested>,
    /// The nodes that are to be added to those in the form, because they were in a list.
    pub found: Option<Rc<Vec<String>>>,
    /// A settings file that was read, which the person is asked about.
    pub import: Option<Import>,
    /// What is wrong with a settings file that was not even sent to the worker.
    pub import_error: Option<&'static str>,
    /// Why the settings were not saved to a file.
    pub export_error: Option<&'static str>,
    /// Why the report was not saved to a file.
    pub report_error: Option<&'static str>,
    /// How many times the settings of a file took the place of these.
    pub imports: u32,
    /// The theme in the file whose settings are being set.
    importing: Option<Theme>,
    /// What the person is asked about their identity.
    pub identity: Option<AboutIdentity>,
    /// The passphrase of the file of an identity as it was typed, and how it was typed again.
    pub passphrase: [String; 2],
    /// What is wrong with it, or with the file.
    pub identity_error: Option<&'static str>,
    /// The address of a node that the first page asks for.
    pub adding: String,
    /// Whether the person wants to see the field for it though a node works.
    pub more: bool,
    /// Why what was typed there was not added, or not all of it.
    pub add_wrong: Option<String>,
    /// Whether a picture is searched for the QR code of one.
    pub scanning: bool,
    /// The function that the person calls, its arguments, and the last reply with the peer and the time that it took.
    pub function: String,
    /// See [`Pages::function`].
    pub args: String,
    /// See [`Pages::function`].
    pub reply: Option<(String, String, u64)>,
    /// The file that the first page shares.
    pub sample: Sample,
    /// Whether a node was added on the first page, whose field for it goes once the node works.
    has_added: bool,
    /// The keys of the extension, as the browser has them now.
    pub keys: Vec<Key>,
    /// What became of the last question about keys or links.
    pub asked: Option<&'static str>,
}

/// How the test of a node ended: the time of a round trip in milliseconds, and what is wrong.
pub type Tested = (Option<u64>, Option<LinkError>);

/// A settings file that was read.
pub struct Import {
    /// The name of the file.
    pub name: String,
    /// What is in it.
    pub settings: Settings,
    /// The theme in it.
    pub theme: Option<String>,
}

/// A question about the identity.
pub enum AboutIdentity {
    /// Whether they want a new one.
    New,
    /// With which passphrase it is to be saved.
    Save,
    /// The passphrase of the file with this name and this text.
    Use(String, String),
}

/// The `id` of the field for the passphrase.
pub const PASSPHRASE: &str = "passphrase";

/// The shortest passphrase of a new file, in characters.
pub const MIN_PASSPHRASE: usize = 8;

/// The file that the first page shares and fetches.
#[derive(Default)]
pub struct Sample {
    /// The number of the run: it is shared and fetched anew each time that the person wants it.
    run: u32,
    /// What is in it; empty if it is not made yet.
    pub text: String,
    /// Its item.
    pub id: Option<ItemId>,
    /// What came back: `None` while nothing did, and an error if the wrong thing did, or nothing for too long.
    pub back: Option<Result<String, String>>,
    /// Whether it is being fetched.
    pub fetching: bool,
}

/// What can happen on these pages.
pub enum Do {
    /// A node is to be tested.
    Test(String),
    /// The nodes of the list at this URL are to be added.
    List(String),
    /// They were added.
    Added,
    /// The settings are to be written to a file.
    Export,
    /// A settings file was chosen.
    Chosen(File),
    /// A settings file was read: its name, and what is in it.
    Read(String, Option<String>),
    /// The settings in the file are to replace those of now, or not.
    Import(bool),
    /// The person is to be asked something about their identity, or no longer.
    AskIdentity(Option<AboutIdentity>),
    /// The file of an identity was chosen.
    IdentityFile(File),
    /// It was read: its name, and what is in it.
    IdentityRead(String, Option<String>),
    /// A passphrase was typed, or typed again.
    Passphrase(usize, String),
    /// What the person was asked about their identity is to be done.
    Identity,
    /// The address of a node was typed on the first page.
    Adding(String),
    /// A picture with the QR code of one was chosen.
    Scan(File),
    /// What was found in it.
    Scanned(Option<String>),
    /// It is to be used.
    AddNode,
    /// The function or its arguments were typed.
    Function(String),
    /// See [`Do::Function`].
    Args(String),
    /// The function is to be called.
    Call,
    /// The field for another node than those that are used is to be shown or hidden.
    More,
    /// The sample is to be shared and fetched.
    Try,
    /// The keys of the extension, as the browser has them now.
    Keys(Vec<Key>),
    /// What became of a question about keys or links.
    Asked(&'static str),
    /// The sample of the run with this number came back, or did not.
    Back(u32, Result<String, String>),
}

impl Pages {
    /// Takes what changed of the nodes, the connected peers and the calls.
    pub(super) fn live(
        &mut self,
        nodes: Option<Vec<NodeView>>,
        peers: Option<Vec<String>>,
        calls: Vec<CallLine>,
    ) {
        if let Some(nodes) = nodes {
            self.nodes = nodes;
        }
        if let Some(peers) = peers {
            self.peers = peers;
        }
        for call in calls {
            let known = self
                .calls
                .iter_mut()
                .find(|known| known.number == call.number);
            match known {
                Some(known) => *known = call,
                None => self.calls.push(call),
            }
        }
        let beyond = self.calls.len().saturating_sub(MAX_CALLS);
        self.calls.drain(..beyond);
    }
}

impl Face {
    /// Asks the worker to tell what the nodes and the calls are like, on the pages that show it.
    pub(super) fn ask_live(&mut self, sender: &Sender) {
        let wants = !self.view.has_files() && self.view != View::Time;
        if wants && !self.is_waiting(&Topic::Live) {
            // A worker that has begun anew counts its calls anew.
            self.pages.calls.clear();
            let with_calls = self.view == View::Network;
            self.send(sender, Topic::Live, Command::Live { with_calls });
        }
    }

    /// Does what the person wants on one of these pages.
    pub(super) fn on_page(&mut self, sender: &Sender, what: Do) {
        match what {
            Do::Test(address) => {
                self.pages.tested.remove(&address);
                let topic = Topic::Node(address.clone());
                self.send(sender, topic, Command::TestNode { address });
            }
            Do::List(url) => self.send(sender, Topic::NodeList, Command::NodeList { url }),
            Do::Keys(keys) => self.pages.keys = keys,
            Do::Asked(asked) => self.pages.asked = Some(asked),
            Do::Added => self.pages.found = None,
            Do::Export => {
                let theme = self.theme.word().to_owned();
                let command = Command::ExportSettings { theme };
                self.send(sender, Topic::Export, command);
            }
            Do::Chosen(file) => {
                self.pages.import = None;
                self.failures.remove(&Topic::SettingsFile);
                self.done.remove(&Topic::SettingsFile);
                self.failures.remove(&Topic::Import);
                self.done.remove(&Topic::Import);
                let is_large = file.size() > settings_file::MAX_FILE as f64;
                self.pages.import_error = is_large.then_some(text::import_too_large());
                if !is_large {
                    sender.send_future(async move {
                        let read = browser::text_of(&file).await;
                        Msg::Pages(Do::Read(file.name(), read.ok()))
                    });
                }
            }
            Do::Read(_, None) => self.pages.import_error = Some(text::import_unreadable()),
            Do::Read(name, Some(text)) => {
                self.pages.import = Some(Import {
                    name,
                    settings: Settings::default(),
                    theme: None,
                });
                self.send(sender, Topic::SettingsFile, Command::ReadSettings { text });
            }
            Do::Import(wanted) => {
                // The button that was pressed goes.
                focus::first_of(&["[data-testid=settings-import]"]);
                let import = self.pages.import.take().filter(|_| wanted);
                self.done.remove(&Topic::SettingsFile);
                if let Some(Import {
                    settings, theme, ..
                }) = import
                {
                    let settings = Settings {
                        // Whether sharing rests is no setting that people keep.
                        paused: self.settings().paused,
                        metered_now: self.settings().metered_now,
                        ..settings
                    };
                    let is_known = |known: &Theme| theme.as_deref() == Some(known.word());
                    self.pages.importing = Theme::ALL.into_iter().find(is_known);
                    self.send(sender, Topic::Import, Command::Set { settings });
                }
            }
            Do::AskIdentity(asks) => self.ask_identity(asks),
            Do::IdentityFile(file) => {
                self.ask_identity(None);
                self.focus = Some(Focus::First("[data-testid=identity-use]"));
                let is_large = file.size() > identity_file::MAX_FILE as f64;
                self.pages.identity_error = is_large.then_some(text::identity_too_large());
                if !is_large {
                    sender.send_future(async move {
                        let read = browser::text_of(&file).await;
                        Msg::Pages(Do::IdentityRead(file.name(), read.ok()))
                    });
                }
            }
            Do::IdentityRead(_, None) => {
                self.pages.identity_error = Some(text::import_unreadable());
            }
            Do::IdentityRead(name, Some(text)) => {
                self.ask_identity(Some(AboutIdentity::Use(name, text)));
            }
            Do::Passphrase(at, text) => {
                self.pages.passphrase[at] = text;
                self.pages.identity_error = None;
            }
            Do::Identity => self.do_identity(sender),
            Do::Adding(address) => {
                self.pages.adding = address;
                self.pages.add_wrong = None;
                // What is typed while a picture is searched counts.
                self.pages.scanning = false;
                self.failures.remove(&Topic::Nodes);
                self.failures.remove(&Topic::NodeList);
            }
            Do::Scan(picture) => {
                (self.pages.scanning, self.pages.add_wrong) = (true, None);
                sender.send_future(
                    async move { Msg::Pages(Do::Scanned(nodes::scan(&picture).await)) },
                );
            }
            Do::Scanned(_) if !self.pages.scanning => {}
            Do::Scanned(found) => {
                self.pages.scanning = false;
                self.focus = Some(Focus::First("#welcome-node"));
                match found {
                    Some(address) => self.on_page(sender, Do::Adding(address)),
                    None => self.pages.add_wrong = Some(text::node_scan_none().to_owned()),
                }
            }
            Do::AddNode => {
                self.pages.has_added = !self.state.network.can_call();
                let url = self.pages.adding.trim().to_owned();
                if url.contains("://") {
                    self.send(sender, Topic::NodeList, Command::NodeList { url });
                } else {
                    self.add_nodes(sender, &[url]);
                }
            }
            Do::Function(name) => self.pages.function = name,
            Do::Args(args) => self.pages.args = args,
            Do::Call => {
                self.pages.reply = None;
                let command = Command::Call {
                    function: self.pages.function.clone(),
                    args: self.pages.args.clone(),
                };
                self.send(sender, Topic::Call, command);
            }
            Do::More => self.pages.more = !self.pages.more,
            Do::Try => {
                // The button that was pressed goes.
                self.focus = Some(Focus::First("[data-testid=go]"));
                self.share_sample(sender);
            }
            // An earlier run says nothing of this one.
            Do::Back(run, _) if run != self.pages.sample.run => {}
            Do::Back(_, back) => {
                self.pages.sample.fetching = false;
                let back = match back {
                    Ok(back) if back != self.pages.sample.text => Err(text::try_other().to_owned()),
                    back => back,
                };
                self.said = match &back {
                    Ok(_) => text::try_same().to_owned(),
                    Err(why) => why.clone(),
                };
                self.pages.sample.back = Some(back);
            }
        }
    }

    fn ask_identity(&mut self, asks: Option<AboutIdentity>) {
        // The button that was pressed goes.
        self.focus = Some(match (&asks, &self.pages.identity) {
            (Some(AboutIdentity::Save | AboutIdentity::Use(..)), _) => {
                Focus::Id(PASSPHRASE.to_owned())
            }
            (None, Some(AboutIdentity::Save)) => Focus::First("[data-testid=identity-save]"),
            (None, Some(AboutIdentity::Use(..))) => Focus::First("[data-testid=identity-use]"),
            (Some(AboutIdentity::New), _) | (None, _) => Focus::First("[data-testid=identity-new]"),
        });
        self.pages.identity = asks;
        self.pages.passphrase = Default::default();
        self.pages.identity_error = None;
        for topic in [Topic::Identity, Topic::IdentityFile] {
            self.failures.remove(&topic);
            self.done.remove(&topic);
        }
    }

    /// Does what the person was asked about their identity. A passphrase stays until it was good.
    fn do_identity(&mut self, sender: &Sender) {
        let [typed, again] = &self.pages.passphrase;
        let passphrase = Passphrase(typed.clone());
        match &self.pages.identity {
            None => {}
            Some(AboutIdentity::New) => {
                self.ask_identity(None);
                self.send(sender, Topic::Identity, Command::NewIdentity);
            }
            Some(AboutIdentity::Save) if typed.chars().count() < MIN_PASSPHRASE => {
                self.pages.identity_error = Some(text::passphrase_short());
            }
            Some(AboutIdentity::Save) if typed != again => {
                self.pages.identity_error = Some(text::passphrase_differs());
            }
            Some(AboutIdentity::Save) => {
                let command = Command::ExportIdentity { passphrase };
                self.send(sender, Topic::IdentityFile, command);
            }
            Some(AboutIdentity::Use(_, text)) => {
                let text = text.clone();
                let command = Command::ImportIdentity { text, passphrase };
                self.send(sender, Topic::Identity, command);
            }
        }
    }

    /// Notes that this browser has another identity.
    pub(super) fn has_identity(&mut self) {
        if self.pages.identity.is_some() {
            self.ask_identity(None);
        }
    }

    /// Notes that the settings of a file are those of now.
    pub(super) fn imported(&mut self) {
        self.pages.imports += 1;
        if let Some(theme) = self.pages.importing.take() {
            self.theme = theme;
            theme.choose();
        }
    }

    /// Takes the answer to a command of these pages.
    pub(super) fn told(&mut self, about: Topic, answer: Answer) {
        match (about, answer) {
            (Topic::Node(address), Answer::Tested { ms, error }) => {
                let tested = (ms, error);
                self.said = text::tested(&tested);
                self.pages.tested.insert(address, tested);
            }
            (Topic::NodeList, Answer::Nodes { nodes }) => {
                self.pages.found = Some(Rc::new(nodes));
            }
            (Topic::Export, Answer::Text { text, .. }) => {
                let saved = browser::save_text(settings_file::NAME, &text);
                self.pages.export_error = saved.err().map(|_| text::not_saved());
            }
            (Topic::IdentityFile, Answer::Text { text, .. }) => {
                self.ask_identity(None);
                let saved = browser::save_text(identity_file::NAME, &text);
                match saved {
                    Ok(()) => self.done.insert(Topic::IdentityFile, ()),
                    Err(_) => self.pages.identity_error = Some(text::not_saved()),
                }
            }
            (Topic::Report, Answer::Text { text, .. }) => {
                let saved = browser::save_text(report::NAME, &text);
                self.pages.report_error = saved.err().map(|_| text::not_saved());
            }
            (Topic::HistoryFile, Answer::Text { text, .. }) => {
                let saved = browser::save_text(history::NAME, &text);
                self.time.wrong = saved.err().map(|_| text::not_saved());
            }
            (Topic::SettingsFile, Answer::Settings { settings, theme }) => {
                if let Some(import) = &mut self.pages.import {
                    import.settings = *settings;
                    import.theme = theme;
                    self.done.insert(Topic::SettingsFile, ());
                }
            }
            (Topic::Call, Answer::Text { text, peer, ms }) => {
                self.said = text::called().to_owned();
                self.pages.reply = Some((text, peer.unwrap_or_default(), ms.unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// Puts the focus on what comes next once the field for a node has gone, or the moment that is shown can be moved in one
    /// direction alone.
    pub(super) fn keep_focus_on_page(&mut self) {
        if self.view == View::Time && focus::is_on("button[data-testid^=time-]:disabled") {
            focus::first_of(&[
                "[data-testid=time-before]:enabled",
                "[data-testid=time-after]:enabled",
            ]);
        }
        // The browser takes the focus from what is folded away a moment later.
        let is_gone = || focus::is_lost() || focus::is_on("details:not([open]) :not(summary)");
        if self.pages.has_added && self.state.network.can_call() && is_gone() {
            self.pages.has_added = false;
            focus::first_of(&[
                "[data-testid=reading-allow]",
                "[data-testid=welcome-private]",
            ]);
        }
    }

    /// Uses the nodes of a list on the first page. The form of the settings adds them to its own.
    pub(super) fn use_found(&mut self, sender: &Sender) {
        if self.view == View::Welcome
            && let Some(found) = self.pages.found.take()
        {
            self.add_nodes(sender, &found);
        }
    }

    /// Adds nodes to those that are set. What was typed stays if they could not be added.
    fn add_nodes(&mut self, sender: &Sender, more: &[String]) {
        let mut settings = self.chosen_settings().clone();
        let (added, told) = draft::add_nodes(&mut settings.nodes, more);
        self.pages.add_wrong = told.err();
        if !added.is_empty() {
            self.send(sender, Topic::Nodes, Command::Set { settings });
        }
    }

    /// Forgets what was typed once it is added, unless some of it was not.
    pub(super) fn nodes_added(&mut self) {
        if self.pages.add_wrong.is_none() {
            self.pages.adding.clear();
        }
    }

    fn share_sample(&mut self, sender: &Sender) {
        let made = text::sample(&browser::now_in_words());
        let Ok(file) = browser::file_of(text::TRY_NAME, &made) else {
            return;
        };
        self.pages.sample = Sample {
            run: self.pages.sample.run.wrapping_add(1),
            text: made,
            ..Sample::default()
        };
        let picked = Picked {
            file,
            handle: None,
            path: text::TRY_NAME.to_owned(),
        };
        self.share_files(sender, vec![picked], false, How::default(), 1);
    }

    /// Fetches the sample through the node, once others can fetch it and the node serves web links.
    pub(super) fn fetch_back(&mut self, sender: &Sender) {
        let sample = &mut self.pages.sample;
        if sample.fetching || sample.back.is_some() {
            return;
        }
        let id = sample.id.as_ref();
        let item = id.and_then(|id| self.state.items.get(id));
        let item = item.filter(|item| item.is_shared());
        let (Some(cid), Some(base)) = (item.and_then(|item| item.cid.as_ref()), &self.state.web)
        else {
            return;
        };
        sample.fetching = true;
        let (run, most) = (sample.run, sample.text.len());
        let url = storage::web_link(base, cid);
        sender.send_future(async move {
            let back = browser::fetch_text(&url, most, BACK_MS).await;
            let back = back.map_err(|_| text::try_not_back().to_owned());
            Msg::Pages(Do::Back(run, back))
        });
    }
}
