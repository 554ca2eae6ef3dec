//! The options page.

use std::rc::Rc;

use fluence::command::Command;
use fluence::content::Profile;
use fluence::live::NodeView;
use fluence::state::{Field, Settings, check_node};
use fluence::storage;
use fluence::text::quote;
use wasm_bindgen::JsCast;
use web::browser::{has_keys_at_addons, has_links_in_manifest, open_keys};
use web::extension::commands::Key;
use web::extension::pages;
use web::extension::runtime::url_of;
use web::handle;
use web_sys::{File, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use words::LANGUAGES;
use yew::html::Scope;
use yew::prelude::*;

use super::{button, card, complaint, copy_words, hint, icon, identity, nodes, outcome, waiting};
use crate::draft::{self, Draft, Size, UNITS, Wrong, trimmed};
use crate::face::{Do, EVERY_SITE, Face, Msg, Sender, Tested, Topic, WorkerState};
use crate::preferences::Theme;
use crate::text::When;
use crate::{focus, text};

/// The schemes of links that open the extension, and the page that they open, in which `%s` stands for the link. Firefox has
/// both from the manifest.
const SCHEMES: [&str; 2] = ["web+fluence", "ipfs"];
const LINK_PAGE: &str = "link.html?link=%s";

/// The selector of what says how the settings of the form are.
const STATE: &str = "[data-testid=settings-state]";

/// Draws all settings.
pub fn view(face: &Face, sender: &Sender) -> Html {
    if face.worker_state == WorkerState::Starting {
        return waiting(text::worker_starting(), "starting");
    }
    let onsave = sender.callback(|settings| Msg::Send(Topic::Settings, Command::Set { settings }));
    let ontest = sender
        .callback(|(rpc, gateway)| Msg::Send(Topic::Ipfs, Command::TestIpfs { rpc, gateway }));
    let pages = |what: fn(String) -> Do| sender.callback(move |text| Msg::Pages(what(text)));
    let live = face.pages.nodes.iter().map(|node| {
        let address = trimmed(&node.address).to_owned();
        let topic = Topic::Node(address.clone());
        Row {
            tested: face.pages.tested.get(&address).cloned(),
            testing: face.is_waiting(&topic),
            node: Some(node.clone()),
            address,
        }
    });
    let mut rows: Vec<Row> = live.collect();
    // Nodes that are not saved yet can be tested, too.
    for (address, tested) in face.pages.tested.entries() {
        if !rows.iter().any(|row| row.address == *address) {
            rows.push(Row {
                address: address.clone(),
                node: None,
                tested: Some(tested.clone()),
                testing: false,
            });
        }
    }
    for topic in face.waiting() {
        if let Topic::Node(address) = topic
            && !rows.iter().any(|row| row.address == *address)
        {
            rows.push(Row {
                address: address.clone(),
                node: None,
                tested: None,
                testing: true,
            });
        }
    }
    html! {
        <>
            { look(face, sender) }
            <Form settings={face.settings().clone()} defaults={face.defaults.clone()} {onsave} {ontest}
                imports={face.pages.imports} saving={face.is_waiting(&Topic::Settings)} saved={face.done.contains(&Topic::Settings)}
                testing={face.is_waiting(&Topic::Ipfs)} good={face.done.contains(&Topic::Ipfs)}
                save_outcome={outcome(face, sender, &Topic::Settings, "settings-failure")}
                test_outcome={outcome(face, sender, &Topic::Ipfs, "ipfs-failure")}
                {rows} onnode={pages(Do::Test)} onlist={pages(Do::List)} onadded={sender.callback(|()| Msg::Pages(Do::Added))}
                found={face.pages.found.clone()} listing={face.is_waiting(&Topic::NodeList)}
                list_outcome={outcome(face, sender, &Topic::NodeList, "nodes-failure")} />
            { reading(face, sender) }
            { identity::view(face, sender) }
            { keys(face, sender) }
            { file(face, sender) }
            { about(face, sender) }
        </>
    }
}

/// Draws which sites may be read.
fn reading(face: &Face, sender: &Sender) -> Html {
    let content = html! {
        <>
            { hint(text::reading_help().into()) }
            { sites(face, sender) }
            <p class="hint" data-testid="private-windows">{ text::private_windows() }</p>
        </>
    };
    card("", "reading-title", text::reading_title(), content)
}

fn look(face: &Face, sender: &Sender) -> Html {
    let words = |theme| match theme {
        Theme::Auto => text::theme_auto(),
        Theme::Light => text::theme_light(),
        Theme::Dark => text::theme_dark(),
    };
    let onlanguage = sender.callback_if(|event: Event| {
        let tag = match chosen(&event)?.checked_sub(1) {
            Some(at) => LANGUAGES.get(at)?.0,
            None => "",
        };
        Some(Msg::Speak(tag.to_owned()))
    });
    let content = html! {
        <>
            <fieldset class="tabs">
                <legend class="unseen">{ text::theme() }</legend>
                { for Theme::ALL.map(|theme| html! {
                    <button type="button" aria-pressed={(face.theme == theme).to_string()} data-testid={format!("theme-{}", theme.word())}
                        onclick={sender.callback(move |_| Msg::Theme(theme))}>{ words(theme) }</button>
                }) }
            </fieldset>
            <div class="pair">
                <label for="language">{ text::look_language() }</label>
                <select id="language" onchange={onlanguage} data-testid="language">
                    <option selected={face.language.is_empty()}>{ text::look_language_auto() }</option>
                    { for LANGUAGES.map(|(tag, name)| html! { <option lang={tag} selected={face.language == tag}>{ name }</option> }) }
                </select>
            </div>
        </>
    };
    card("", "look-title", text::options_look(), content)
}

/// Draws which sites may be read, for the first page and the settings.
pub fn sites(face: &Face, sender: &Sender) -> Html {
    let every = face.readable.iter().any(|origin| origin == EVERY_SITE);
    let row = |origin: &String| {
        let words = match &origin[..] {
            EVERY_SITE => text::reading_every(),
            one => one.trim_end_matches("/*"),
        };
        let origin = origin.clone();
        let onclick = sender.callback(move |_| Msg::GiveBack(origin.clone()));
        html! {
            <li><span>{ words.to_owned() }</span>{ button("small", "", text::reading_give_back().into(), "reading-give-back", false, onclick) }</li>
        }
    };
    let allow = sender.asking(vec![EVERY_SITE.to_owned()], async |_| {
        Msg::Readable(pages::readable().await)
    });
    html! {
        <>
            if !every { <p class="buttons">{ button("", "key", text::reading_allow().into(), "reading-allow", false, allow) }</p> }
            <ul class="rows" data-testid="reading">{ for face.readable.iter().map(row) }</ul>
        </>
    }
}

/// This peer's id, with a button that copies it.
pub fn own_id(face: &Face, sender: &Sender) -> Html {
    let Some(peer) = face.state.peer.clone() else {
        return Html::default();
    };
    let words = copy_words(face.copied.as_ref(), "peer", text::copy());
    let text = peer.clone();
    let onclick = sender.callback(move |_| Msg::Copy("peer".to_owned(), text.clone()));
    html! {
        <p class="line"><bdi class="code own-id" dir="ltr" data-testid="settings-peer">{ peer }</bdi>{ button("small", "", words.into(), "copy-peer", false, onclick) }</p>
    }
}

/// Draws the keys, and how links open here, with what the browser is asked to change them.
fn keys(face: &Face, sender: &Sender) -> Html {
    let row = |key: &Key| {
        let words = text::key_command(&key.command)?;
        let pressed = match &key.key[..] {
            "" => text::key_none().to_owned(),
            key => key.to_owned(),
        };
        Some(html! {
            <><dt>{ words }</dt><dd><kbd data-testid="key" data-command={key.command.clone()}>{ pressed }</kbd></dd></>
        })
    };
    let change = {
        let sender = sender.clone();
        Callback::from(move |_| {
            let opening = open_keys();
            sender.send_future(async move {
                let asked = opening.await.err().map_or("", |_| text::keys_refused());
                Msg::Pages(Do::Asked(asked))
            });
        })
    };
    let links = sender.callback(|_| {
        let page = url_of(LINK_PAGE);
        let asked = SCHEMES
            .iter()
            .try_for_each(|scheme| pages::ask_for_links(scheme, &page));
        Msg::Pages(Do::Asked(match asked {
            Ok(()) => text::links_asked(),
            Err(_) => text::links_refused(),
        }))
    });
    let content = html! {
        <>
            <dl class="keys">{ for face.pages.keys.iter().filter_map(row) }</dl>
            { hint(if has_keys_at_addons() { text::keys_help_firefox() } else { text::keys_help() }.into()) }
            <p class="buttons">{ button("", "", text::keys_change().into(), "keys-change", false, change) }</p>
            { hint(text::keyword_help().into()) }
            { hint(text::links_help().into()) }
            if has_links_in_manifest() {
                { hint(text::links_at_click().into()) }
            } else {
                <p class="buttons">{ button("", "", text::links_ask().into(), "links-ask", false, links) }</p>
            }
            <p class="hint" role="status" data-testid="asked">{ face.pages.asked.unwrap_or_default() }</p>
        </>
    };
    card("", "keys-title", text::keys(), content)
}

/// A change of the settings in words, with the hosts that it concerns.
pub fn change((words, hosts): &(&'static str, String)) -> Html {
    html! { <li>{ *words }if !hosts.is_empty() { { " " }<bdi dir="ltr">{ hosts }</bdi> }</li> }
}

/// Draws the settings file: writing one, and using one.
fn file(face: &Face, sender: &Sender) -> Html {
    let export = sender.callback(|_| Msg::Pages(Do::Export));
    let onchange = sender.callback_if(|event: Event| {
        let field = event.target()?.dyn_into::<HtmlInputElement>().ok()?;
        let file = field.files()?.get(0)?;
        // The same file can be chosen again.
        field.set_value("");
        Some(Msg::Pages(Do::Chosen(file)))
    });
    let import = |wanted| sender.callback(move |_| Msg::Pages(Do::Import(wanted)));
    let read = face.pages.import.as_ref();
    let read = read.filter(|_| face.done.contains(&Topic::SettingsFile));
    let wrong = face.pages.import_error.map(str::to_owned);
    let unsaved = face.pages.export_error.map(str::to_owned);
    let waits = face.is_waiting(&Topic::Import);
    let content = html! {
        <>
            { hint(text::file_help().into()) }
            <p class="buttons">
                { button("", "down", text::export().into(), "settings-export", face.is_waiting(&Topic::Export), export) }
                <label class="button">{ icon("up") }{ text::import() }<input type="file" class="unseen" accept=".json,application/json" {onchange} data-testid="settings-import" /></label>
            </p>
            if let Some(read) = read {
                <div class="question" role="alert" data-testid="import-question">
                    <p><bdi>{ quote(&read.name) }</bdi><br />{ text::import_question() }</p>
                    <ul>{ for text::changes(When::Next, face.settings(), &read.settings, nodes::host).iter().map(change) }</ul>
                    <p class="buttons">
                        { button("main", "", text::import_confirm().into(), "import-confirm", waits, import(true)) }
                        { button("", "", text::import_cancel().into(), "import-keep", false, import(false)) }
                    </p>
                </div>
            }
            <p class="hint" role="status" data-testid="import-state">{ if face.done.contains(&Topic::Import) { text::import_done() } else { "" } }</p>
            { complaint(wrong.as_ref(), "import-wrong") }
            { complaint(unsaved.as_ref(), "export-wrong") }
            { outcome(face, sender, &Topic::SettingsFile, "file-failure") }
            { outcome(face, sender, &Topic::Import, "import-failure") }
            { outcome(face, sender, &Topic::Export, "export-failure") }
        </>
    };
    card("", "file-title", text::file(), content)
}

fn about(face: &Face, sender: &Sender) -> Html {
    let report = sender.callback(|_| Msg::Send(Topic::Report, Command::Report));
    let content = html! {
        <>
            <p>{ text::options_about_text() }</p>
            <dl>
                <dt>{ text::options_version() }</dt><dd data-testid="version">{ web::extension::runtime::version() }</dd>
            </dl>
            <p><a href="popup.html?view=network" data-testid="about-network">{ text::network_open() }</a></p>
            <p><a href="popup.html?view=time" data-testid="about-time">{ text::time_title() }</a></p>
            <p><a href="popup.html?view=welcome" data-testid="about-welcome">{ text::welcome_again() }</a></p>
            { hint(text::report_help().into()) }
            <p class="buttons">{ button("", "down", text::report().into(), "report", face.is_waiting(&Topic::Report), report) }</p>
            { complaint(face.pages.report_error.map(str::to_owned).as_ref(), "report-wrong") }
            { outcome(face, sender, &Topic::Report, "report-failure") }
        </>
    };
    card("about", "about-title", text::options_about(), content)
}

#[derive(PartialEq, Properties)]
struct FormProps {
    settings: Settings,
    defaults: Settings,
    /// How many times the settings of a file took the place of these, with all that was typed.
    imports: u32,
    onsave: Callback<Settings>,
    ontest: Callback<(String, String)>,
    saving: bool,
    saved: bool,
    testing: bool,
    good: bool,
    save_outcome: Html,
    test_outcome: Html,
    /// What is known of nodes, whether or not they are in the form.
    rows: Vec<Row>,
    /// Tests a node.
    onnode: Callback<String>,
    /// Reads a list of nodes.
    onlist: Callback<String>,
    /// Says that the nodes of a list were taken over.
    onadded: Callback<()>,
    found: Option<Rc<Vec<String>>>,
    listing: bool,
    list_outcome: Html,
}

/// What is known of a node.
#[derive(Clone, PartialEq)]
struct Row {
    address: String,
    node: Option<NodeView>,
    tested: Option<Tested>,
    testing: bool,
}

/// The form, with what was typed and has not been saved yet.
struct Form {
    draft: Draft,
    /// The draft that was saved last. The worker may write it differently.
    sent: Option<Draft>,
    /// Whether the last attempt to save found something wrong. From then on the draft is checked with each key.
    checked: bool,
    /// The address of a node that is being typed, and what was wrong with it.
    adding: String,
    add_wrong: Option<String>,
    /// Whether a picture is searched for one.
    scanning: bool,
    /// Whether what is for few people is shown.
    advanced: bool,
    /// The row of nodes, and the button in it, that gets the focus when the form is drawn.
    focus: Option<(usize, &'static str)>,
    /// What gets it otherwise, as a CSS selector: the button that was pressed has nothing to do any more.
    next: Option<&'static str>,
}

enum Edit {
    /// A field has changed; this applies the change to the draft.
    Change(Box<dyn FnOnce(&mut Draft)>),
    Save,
    Revert,
    Test,
    /// The address of a node, or of a list, was typed.
    Adding(String),
    /// It is to be added.
    Add,
    /// A picture with the QR code of one was chosen.
    Scan(File),
    /// What was found in it.
    Scanned(Option<String>),
    /// What is for few people is to be shown or hidden.
    Fold,
    /// The node at this place is to come before the one above it, or after the one below it.
    Move(usize, bool),
    /// The node at this place is to go.
    Remove(usize),
}

impl Component for Form {
    type Message = Edit;
    type Properties = FormProps;

    fn create(ctx: &Context<Self>) -> Self {
        Self {
            draft: Draft::of(&ctx.props().settings),
            sent: None,
            checked: false,
            adding: String::new(),
            add_wrong: None,
            scanning: false,
            advanced: false,
            focus: None,
            next: None,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &FormProps) -> bool {
        // Settings that were changed elsewhere are shown, unless there are unsaved changes here.
        let imported = old.imports != ctx.props().imports;
        let untouched = imported
            || self.sent.as_ref() == Some(&self.draft)
            || self.draft == Draft::of(&old.settings);
        if (imported || old.settings != ctx.props().settings) && untouched {
            self.draft = Draft::of(&ctx.props().settings);
        }
        if imported {
            self.checked = false;
            self.add_wrong = None;
        }
        // They are added once, even if the face is drawn again before it knows.
        let is_new = |found: &&Rc<Vec<String>>| {
            let before = old.found.as_ref();
            before.is_none_or(|before| !Rc::ptr_eq(before, found))
        };
        if let Some(found) = ctx.props().found.as_ref().filter(is_new) {
            self.add(ctx.props(), found);
            ctx.props().onadded.emit(());
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, edit: Edit) -> bool {
        let (props, link) = (ctx.props(), ctx.link());
        match edit {
            Edit::Change(change) => change(&mut self.draft),
            Edit::Save => match self.draft.settings(&props.settings) {
                Ok(settings) => {
                    self.draft = Draft::of(&settings);
                    self.sent = Some(self.draft.clone());
                    self.checked = false;
                    self.next = Some(STATE);
                    props.onsave.emit(settings);
                }
                Err(wrong) => {
                    self.checked = true;
                    self.advanced |= is_advanced(&wrong);
                    self.next = Some("[data-testid=settings] [aria-invalid=true]");
                }
            },
            Edit::Revert => {
                self.draft = Draft::of(&props.settings);
                self.checked = false;
                self.next = Some(STATE);
            }
            Edit::Fold => self.advanced = !self.advanced,
            Edit::Move(at, up) => {
                let mut nodes = self.draft.node_list();
                let to = if up { at.wrapping_sub(1) } else { at + 1 };
                if at < nodes.len() && to < nodes.len() {
                    nodes.swap(at, to);
                    self.draft.nodes = nodes.join("\n");
                    self.focus = Some((to, if up { "node-up" } else { "node-down" }));
                }
            }
            Edit::Remove(at) => {
                let mut nodes = self.draft.node_list();
                if at < nodes.len() {
                    nodes.remove(at);
                    self.draft.nodes = nodes.join("\n");
                    self.focus = Some((at.min(nodes.len().saturating_sub(1)), "node-remove"));
                }
            }
            Edit::Adding(address) => {
                self.adding = address;
                self.add_wrong = None;
                // What is typed while a picture is searched counts.
                self.scanning = false;
            }
            Edit::Scan(picture) => {
                (self.scanning, self.add_wrong) = (true, None);
                link.send_future(async move { Edit::Scanned(nodes::scan(&picture).await) });
            }
            Edit::Scanned(_) if !self.scanning => return false,
            Edit::Scanned(found) => {
                self.scanning = false;
                match found {
                    Some(address) => self.adding = address,
                    None => self.add_wrong = Some(text::node_scan_none().to_owned()),
                }
                self.next = Some("#node-add");
            }
            Edit::Add => {
                let typed = self.adding.trim().to_owned();
                self.add_wrong = None;
                if typed.contains("://") {
                    props.onlist.emit(typed);
                } else if let Err(failure) = check_node(&typed) {
                    self.add_wrong = Some(text::setting_wrong(&failure));
                } else {
                    self.add(props, &[typed]);
                }
            }
            Edit::Test => {
                let own = self.draft.own_ipfs();
                let tested = Settings {
                    own_ipfs: Some(own.clone()),
                    ..Settings::default()
                };
                if tested.check().is_empty() {
                    props.ontest.emit((own.rpc, own.gateway));
                } else {
                    self.checked = true;
                }
            }
        }
        true
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        // A row that moves or goes takes the focus with it.
        if let Some((row, button)) = self.focus.take() {
            let row = format!(".nodes > :nth-child({})", row + 1);
            focus::first_of(&[
                &format!("{row} [data-testid={button}]:enabled"),
                &format!("{row} [data-testid=node-remove]"),
                "#node-add",
            ]);
        }
        if let Some(next) = self.next.take() {
            focus::first_of(&[next]);
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let (props, link) = (ctx.props(), ctx.link());
        let wrong = match self.draft.settings(&props.settings) {
            Err(wrong) if self.checked => wrong,
            _ => Wrong::default(),
        };
        let changed = self.draft != Draft::of(&props.settings);
        let onfold = link.callback(|event: MouseEvent| {
            // It is as the form has it, so that what is wrong in it can be shown.
            event.prevent_default();
            Edit::Fold
        });
        let onsubmit = link.callback(|event: SubmitEvent| {
            event.prevent_default();
            Edit::Save
        });
        html! {
            <form {onsubmit} novalidate=true data-testid="settings">
                { self.fetching(link, &wrong) }
                { self.sharing(link) }
                { self.notices(link) }
                { self.nodes(props, link) }
                <details class="card advanced" open={self.advanced}>
                    <summary onclick={onfold} data-testid="advanced"><h2>{ text::options_advanced() }</h2><span class="hint">{ text::options_advanced_help() }</span></summary>
                    { self.limits(link, &wrong) }
                    { self.node_text(link, &wrong) }
                    { self.public(link, &wrong) }
                    { self.ipfs(props, link, &wrong) }
                    { self.hashes(link) }
                </details>
                <div class="save" data-testid="settings-bar">
                    <button type="submit" class="main" disabled={props.saving || !changed} data-testid="settings-save">
                        { if props.saving { text::options_saving() } else { text::options_save_button() } }
                    </button>
                    if changed {
                        { button("", "", text::options_revert().into(), "settings-revert", false, link.callback(|_| Edit::Revert)) }
                    }
                    <span class="hint" role="status" tabindex="-1" data-testid="settings-state">
                        { if !wrong.is_empty() { text::options_wrong() } else if changed { text::options_unsaved() } else if props.saved { text::options_saved() } else { "" } }
                    </span>
                    { props.save_outcome.clone() }
                </div>
            </form>
        }
    }
}

/// The index of the option that was chosen.
pub fn chosen(event: &Event) -> Option<usize> {
    let select = event.target()?.dyn_into::<HtmlSelectElement>().ok()?;
    usize::try_from(select.selected_index()).ok()
}

/// What is wrong with a setting, in words, or `None`.
fn wrong_with(wrong: &Wrong, field: Field) -> Option<String> {
    let failure = wrong.iter().find(|(wrong, _)| *wrong == field);
    failure.map(|(_, failure)| text::setting_wrong(failure))
}

/// Whether something is wrong among what is folded away.
fn is_advanced(wrong: &Wrong) -> bool {
    let plain = [Field::MaxRoom, Field::SaveFolder];
    wrong.iter().any(|(field, _)| !plain.contains(field))
}

/// The value of the field that an event comes from.
pub fn typed(event: &InputEvent) -> Option<String> {
    let target = event.target()?;
    match target.dyn_into::<HtmlInputElement>() {
        Ok(input) => Some(input.value()),
        Err(target) => Some(target.dyn_into::<HtmlTextAreaElement>().ok()?.value()),
    }
}

/// Whether the box that an event comes from is ticked now.
pub fn ticked(event: &Event) -> Option<bool> {
    let field: HtmlInputElement = event.target()?.dyn_into().ok()?;
    Some(field.checked())
}

impl Form {
    /// Adds nodes at the end, and has them tested. What was typed stays if they could not be added.
    fn add(&mut self, props: &FormProps, more: &[String]) {
        let mut nodes = self.draft.node_list();
        let (added, told) = draft::add_nodes(&mut nodes, more);
        self.draft.nodes = nodes.join("\n");
        for node in added {
            props.onnode.emit(trimmed(&node).to_owned());
        }
        self.add_wrong = told.err();
        if self.add_wrong.is_none() {
            self.adding.clear();
        }
    }

    fn nodes(&self, props: &FormProps, link: &Scope<Self>) -> Html {
        let list = self.draft.node_list();
        let row = |(at, address): (usize, &String)| {
            let address = trimmed(address);
            let known = props.rows.iter().find(|row| row.address == address);
            let node = known.and_then(|row| row.node.as_ref());
            let is_saved = |saved: &String| trimmed(saved) == address;
            let saved = props.settings.nodes.iter().any(is_saved);
            let testing = known.is_some_and(|row| row.testing);
            let tested = known.and_then(|row| row.tested.as_ref());
            let host = nodes::host(address);
            let tool = |picture, words: &str, testid: &'static str, disabled, onclick| {
                let label = text::of_node(words, &host);
                html! { <button type="button" class="quiet" title={words.to_owned()} aria-label={label} {disabled} data-testid={testid} {onclick}>{ icon(picture) }</button> }
            };
            let test = {
                let (onnode, address) = (props.onnode.clone(), address.to_owned());
                Callback::from(move |_| onnode.emit(address.clone()))
            };
            html! {
                <li key={format!("{at} {address}")} class="node" data-testid="node" data-address={address.to_owned()}>
                    { nodes::head(address, node.filter(|_| saved), saved) }
                    <div class="tools">
                        <button type="button" class="small" aria-label={text::of_node(text::node_test(), &host)} disabled={testing} data-testid="node-test" onclick={test}>{ text::node_test() }</button>
                        { tool("open", text::node_up(), "node-up", at == 0, link.callback(move |_| Edit::Move(at, true))) }
                        { tool("shut", text::node_down(), "node-down", at + 1 == list.len(), link.callback(move |_| Edit::Move(at, false))) }
                        { tool("bin", text::node_remove(), "node-remove", false, link.callback(move |_| Edit::Remove(at))) }
                    </div>
                    <p class="tested" role="status" data-testid="node-tested">
                        if testing { <span class="spinner" aria-hidden="true"></span>{ text::node_testing() } }
                        else if let Some(tested) = tested {
                            <span class={if tested.1.is_none() { "good" } else { "bad" }}>{ icon(if tested.1.is_none() { "done" } else { "warn" }) }<span>{ text::tested(tested) }</span></span>
                        }
                    </p>
                </li>
            }
        };
        let on = nodes::On {
            input: link.batch_callback(|event: InputEvent| typed(&event).map(Edit::Adding)),
            keydown: link
                .batch_callback(|event: KeyboardEvent| nodes::adds(&event).then_some(Edit::Add)),
            add: link.callback(|_| Edit::Add),
            scan: link.callback(Edit::Scan),
        };
        let is_default = list == props.defaults.nodes;
        let defaults = props.defaults.nodes.join("\n");
        let reset = link.callback(move |_| {
            let defaults = defaults.clone();
            Edit::Change(Box::new(|draft| draft.nodes = defaults))
        });
        let content = html! {
            <>
                { hint(text::options_nodes_help().into()) }
                <ol class="nodes" data-testid="nodes">{ for list.iter().enumerate().map(row) }</ol>
                if list.is_empty() { <p class="wrong" data-testid="nodes-none">{ text::options_nodes_none() }</p> }
                { nodes::field("node-add", &self.adding, self.add_wrong.as_ref(), self.adding.trim().is_empty() || props.listing, self.scanning, on) }
                if props.listing { { waiting(text::node_adding(), "nodes-listing") } }
                { props.list_outcome.clone() }
                if !is_default && !props.defaults.nodes.is_empty() {
                    <p class="buttons">{ button("small", "", text::options_nodes_reset().into(), "settings-nodes-reset", false, reset) }</p>
                }
            </>
        };
        card("", "nodes-title", text::options_nodes(), content)
    }

    /// Draws the addresses of the nodes as a text.
    fn node_text(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        html! {
            <section>
                <h3 id="nodes-text">{ text::options_nodes_text() }</h3>
                <p class="hint" id="nodes-help">{ text::options_nodes_text_help() }</p>
                { self.lines(link, wrong_with(wrong, Field::Nodes), ["nodes-text", "nodes-help", "nodes-wrong", "settings-nodes"], |draft| &mut draft.nodes) }
            </section>
        }
    }

    /// Draws where files are looked for that nobody shares.
    fn public(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        html! {
            <section>
                <h3>{ text::public() }</h3>
                { hint(text::public_help().into()) }
                { self.check(link, text::public_allow(), "settings-public", |draft| &mut draft.public) }
                <p class="over" id="routers-text">{ text::public_routers() }</p>
                { self.lines(link, wrong_with(wrong, Field::Routers), ["routers-text", "", "routers-wrong", "settings-routers"], |draft| &mut draft.routers) }
                <p class="over" id="gateways-text">{ text::public_gateways() }</p>
                { self.lines(link, wrong_with(wrong, Field::Gateways), ["gateways-text", "", "gateways-wrong", "settings-gateways"], |draft| &mut draft.gateways) }
            </section>
        }
    }

    /// Draws addresses, one on each line. The ids are those of the title, of a hint if there is one, of what is wrong, and of
    /// the field in tests.
    fn lines(
        &self,
        link: &Scope<Self>,
        wrong: Option<String>,
        [title, help, wrong_id, testid]: [&'static str; 4],
        field: fn(&mut Draft) -> &mut String,
    ) -> Html {
        let value = field(&mut self.draft.clone()).clone();
        let oninput = link.batch_callback(move |event: InputEvent| {
            let value = typed(&event)?;
            Some(Edit::Change(Box::new(move |draft| *field(draft) = value)))
        });
        html! {
            <>
                <textarea class="code" rows="3" dir="ltr" spellcheck="false" autocomplete="off" aria-labelledby={title} aria-describedby={format!("{help} {wrong_id}")}
                    aria-invalid={wrong.is_some().to_string()} {value} {oninput} data-testid={testid} />
                { complaint(wrong.as_ref(), wrong_id) }
            </>
        }
    }

    fn check(
        &self,
        link: &Scope<Self>,
        words: &'static str,
        testid: &'static str,
        field: fn(&mut Draft) -> &mut bool,
    ) -> Html {
        let checked = *field(&mut self.draft.clone());
        let onchange = link.batch_callback(move |event: Event| {
            let on = ticked(&event)?;
            Some(Edit::Change(Box::new(move |draft| *field(draft) = on)))
        });
        html! {
            <label class="check"><input type="checkbox" {checked} {onchange} data-testid={testid} /><span>{ words }</span></label>
        }
    }

    fn sharing(&self, link: &Scope<Self>) -> Html {
        let onends = link.batch_callback(|event: Event| {
            let ends = chosen(&event)?;
            Some(Edit::Change(Box::new(move |draft| draft.ends = Some(ends))))
        });
        let content = html! {
            <>
                { self.check(link, text::options_private(), "settings-private", |draft| &mut draft.private) }
                { self.check(link, text::options_copy(), "settings-copy-link", |draft| &mut draft.copy_link) }
                <div class="pair">
                    <label for="settings-ends">{ text::options_ends() }</label>
                    <select id="settings-ends" onchange={onends} data-testid="settings-ends">
                        { for text::ends().into_iter().enumerate().map(|(at, words)| html! { <option selected={self.draft.ends == Some(at)}>{ words }</option> }) }
                    </select>
                </div>
                if handle::has_dialog() {
                    { self.check(link, text::options_copy_large(), "settings-copy-large", |draft| &mut draft.copy_large) }
                    { hint(text::options_copy_large_help().into()) }
                }
            </>
        };
        card("", "sharing-title", text::options_sharing(), content)
    }

    fn fetching(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let room = (
            Field::MaxRoom,
            text::options_room(),
            text::options_room_auto(),
        );
        let wrong_folder = wrong_with(wrong, Field::SaveFolder);
        let onfolder = link.batch_callback(|event: InputEvent| {
            let value = typed(&event)?;
            Some(Edit::Change(Box::new(|draft| draft.save_folder = value)))
        });
        let content = html! {
            <>
                { self.check(link, text::options_save(), "settings-save-fetched", |draft| &mut draft.save_fetched) }
                <div class="pair">
                    <label for="settings-folder">{ text::options_folder() }</label>
                    <input id="settings-folder" type="text" autocomplete="off" placeholder={text::options_folder_none()} value={self.draft.save_folder.clone()} oninput={onfolder}
                        aria-invalid={wrong_folder.is_some().to_string()} aria-describedby="folder-wrong" data-testid="settings-folder" />
                </div>
                { complaint(wrong_folder.as_ref(), "folder-wrong") }
                { self.check(link, text::options_provide(), "settings-provide-fetched", |draft| &mut draft.provide_fetched) }
                { self.size(link, wrong, room, "settings-max-room", "room-wrong", |draft| &mut draft.max_room) }
            </>
        };
        card("", "fetching-title", text::options_fetching(), content)
    }

    fn notices(&self, link: &Scope<Self>) -> Html {
        let content = html! {
            <>
                { self.check(link, text::options_notify(), "settings-notify", |draft| &mut draft.notify) }
                if self.draft.notify {
                    <div class="inner">
                        { self.check(link, text::notify_shared(), "notify-shared", |draft| &mut draft.notify_shared) }
                        { self.check(link, text::notify_fetched(), "notify-fetched", |draft| &mut draft.notify_fetched) }
                        { self.check(link, text::notify_failed(), "notify-failed", |draft| &mut draft.notify_failed) }
                        { self.check(link, text::notify_asked(), "notify-asked", |draft| &mut draft.notify_asked) }
                    </div>
                }
            </>
        };
        card("", "notices-title", text::options_notices(), content)
    }

    /// Draws how much may be uploaded, and how large a file may be.
    fn limits(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let field = |field, words| (field, words, text::options_no_limit());
        html! {
            <section>
                <h3>{ text::options_limits() }</h3>
                { self.size(link, wrong, field(Field::MaxSentDay, text::options_sent_day()), "settings-max-sent-day", "sent-day-wrong", |draft| &mut draft.max_sent_day) }
                { self.size(link, wrong, field(Field::MaxSentFile, text::options_sent_file()), "settings-max-sent-file", "sent-file-wrong", |draft| &mut draft.max_sent_file) }
                { self.size(link, wrong, (Field::MaxFile, text::options_max(), &text::options_max_none()), "settings-max-file", "max-wrong", |draft| &mut draft.max_file) }
                { hint(text::options_max_help().into()) }
                { self.check(link, text::options_metered(), "settings-metered", |draft| &mut draft.metered) }
                if !self.draft.metered {
                    <div class="inner">
                        { self.check(link, text::options_metered_now(), "settings-metered-now", |draft| &mut draft.metered_now) }
                        { hint(text::options_metered_help().into()) }
                    </div>
                }
            </section>
        }
    }

    /// Draws the form of new hashes.
    fn hashes(&self, link: &Scope<Self>) -> Html {
        let profile = |profile: Profile, words: &'static str, testid: &'static str| {
            let onchange = link.callback(move |_: Event| {
                Edit::Change(Box::new(move |draft| draft.profile = profile))
            });
            html! {
                <label class="choice"><input type="radio" name="profile" checked={self.draft.profile == profile} {onchange} data-testid={testid} /><span>{ words }</span></label>
            }
        };
        html! {
            <fieldset>
                <legend><h3>{ text::options_profile() }</h3></legend>
                { profile(Profile::UnixfsV1_2025, text::options_profile_2025(), "settings-profile-2025") }
                { profile(Profile::UnixfsV0_2015, text::options_profile_2015(), "settings-profile-2015") }
            </fieldset>
        }
    }

    /// Draws a size with its unit.
    fn size(
        &self,
        link: &Scope<Self>,
        wrong: &Wrong,
        (field, words, empty): (Field, &'static str, &str),
        id: &'static str,
        wrong_id: &'static str,
        size: fn(&mut Draft) -> &mut Size,
    ) -> Html {
        let wrong = wrong_with(wrong, field);
        let Size { number, unit } = size(&mut self.draft.clone()).clone();
        let oninput = link.batch_callback(move |event: InputEvent| {
            let value = typed(&event)?;
            Some(Edit::Change(Box::new(move |draft| {
                size(draft).number = value
            })))
        });
        let onunit = link.batch_callback(move |event: Event| {
            let unit = chosen(&event).filter(|unit| *unit < UNITS.len())?;
            Some(Edit::Change(Box::new(move |draft| size(draft).unit = unit)))
        });
        html! {
            <>
                <div class="pair">
                    <label for={id}>{ words }</label>
                    <input {id} class="number" type="text" inputmode="decimal" autocomplete="off" placeholder={empty.to_owned()} value={number} {oninput}
                        aria-invalid={wrong.is_some().to_string()} aria-describedby={wrong_id} data-testid={id} />
                    <select aria-label={words} onchange={onunit}>
                        { for text::units().into_iter().enumerate().map(|(index, name)| html! { <option selected={index == unit}>{ name }</option> }) }
                    </select>
                </div>
                { complaint(wrong.as_ref(), wrong_id) }
            </>
        }
    }

    fn ipfs(&self, props: &FormProps, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let field = |words: &'static str,
                     id: &'static str,
                     value: &str,
                     wrong: Option<&String>,
                     wrong_id: &'static str,
                     set: fn(&mut Draft, String)| {
            let oninput = link.batch_callback(move |event: InputEvent| {
                let value = typed(&event)?;
                Some(Edit::Change(Box::new(move |draft| set(draft, value))))
            });
            html! {
                <>
                    <div class="pair">
                        <label for={id}>{ words }</label>
                        <input {id} class="code" type="url" dir="ltr" spellcheck="false" autocomplete="off" value={value.to_owned()} {oninput}
                            aria-invalid={wrong.is_some().to_string()} aria-describedby={wrong_id} data-testid={id} />
                    </div>
                    { complaint(wrong, wrong_id) }
                </>
            }
        };
        html! {
            <section>
                <h3>{ text::options_ipfs() }</h3>
                { hint(text::options_ipfs_help().into()) }
                { self.check(link, text::options_ipfs_use(), "settings-ipfs", |draft| &mut draft.use_ipfs) }
                if self.draft.use_ipfs {
                    { field(text::options_rpc(), "settings-rpc", &self.draft.rpc, wrong_with(wrong, Field::Rpc).as_ref(), "rpc-wrong", |draft, value| draft.rpc = value) }
                    { field(text::options_gateway(), "settings-gateway", &self.draft.gateway, wrong_with(wrong, Field::Gateway).as_ref(), "gateway-wrong", |draft, value| draft.gateway = value) }
                    <p class="buttons">
                        { button("small", "", if props.testing { text::options_testing() } else { text::options_test() }.into(), "settings-test", props.testing, link.callback(|_| Edit::Test)) }
                        if props.good && storage::is_local(&self.draft.own_ipfs().gateway) {
                            <span class="wrong" role="status" data-testid="ipfs-local">{ text::options_test_local() }</span>
                        } else if props.good {
                            <span class="good" role="status" data-testid="ipfs-good">{ icon("done") }{ text::options_test_good() }</span>
                        }
                    </p>
                    { props.test_outcome.clone() }
                }
            </section>
        }
    }
}
