//! The options page.

use fluence::command::Command;
use fluence::content::Profile;
use fluence::state::{Field, Settings};
use fluence::storage;
use wasm_bindgen::JsCast;
use web::extension::pages;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::html::Scope;
use yew::prelude::*;

use super::{button, card, complaint, hint, icon, outcome, waiting};
use crate::draft::{Draft, Size, UNITS, Wrong};
use crate::face::{EVERY_SITE, Face, Msg, Sender, Topic, WorkerState};
use crate::preferences::Theme;
use crate::text;

/// Draws all settings.
pub fn view(face: &Face, sender: &Sender) -> Html {
    if face.worker_state == WorkerState::Starting {
        return waiting(text::WORKER_STARTING, "starting");
    }
    let onsave = sender.callback(|settings| Msg::Send(Topic::Settings, Command::Set { settings }));
    let ontest = sender
        .callback(|(rpc, gateway)| Msg::Send(Topic::Ipfs, Command::TestIpfs { rpc, gateway }));
    html! {
        <>
            { reading(face, sender) }
            <Form settings={face.settings().clone()} defaults={face.defaults.clone()} {onsave} {ontest}
                saving={face.is_waiting(&Topic::Settings)} saved={face.done.contains(&Topic::Settings)}
                testing={face.is_waiting(&Topic::Ipfs)} good={face.done.contains(&Topic::Ipfs)}
                save_outcome={outcome(face, sender, &Topic::Settings, "settings-failure")}
                test_outcome={outcome(face, sender, &Topic::Ipfs, "ipfs-failure")} />
            { look(face, sender) }
            { about(face) }
        </>
    }
}

/// Draws which sites may be read.
fn reading(face: &Face, sender: &Sender) -> Html {
    let every = face.readable.iter().any(|origin| origin == EVERY_SITE);
    let row = |origin: &String| {
        let words = match &origin[..] {
            EVERY_SITE => text::READING_EVERY,
            one => one.trim_end_matches("/*"),
        };
        let origin = origin.clone();
        let onclick = sender.callback(move |_| Msg::GiveBack(origin.clone()));
        html! {
            <li><span>{ words.to_owned() }</span>{ button("small", "", text::READING_GIVE_BACK.into(), "reading-give-back", false, onclick) }</li>
        }
    };
    let allow = sender.asking(vec![EVERY_SITE.to_owned()], async |_| {
        Msg::Readable(pages::readable().await)
    });
    let content = html! {
        <>
            { hint(text::READING_HELP.into()) }
            if !every { { button("main", "key", text::READING_ALLOW.into(), "reading-allow", false, allow) } }
            <ul class="rows" data-testid="reading">{ for face.readable.iter().map(row) }</ul>
            <p class="hint" data-testid="private-windows">{ text::PRIVATE_WINDOWS }</p>
        </>
    };
    card("", "reading-title", text::READING_TITLE, content)
}

fn look(face: &Face, sender: &Sender) -> Html {
    let words = |theme| match theme {
        Theme::Auto => text::THEME_AUTO,
        Theme::Light => text::THEME_LIGHT,
        Theme::Dark => text::THEME_DARK,
    };
    let content = html! {
        <fieldset class="tabs">
            <legend class="unseen">{ text::THEME }</legend>
            { for Theme::ALL.map(|theme| html! {
                <button type="button" aria-pressed={(face.theme == theme).to_string()} data-testid={format!("theme-{}", theme.word())}
                    onclick={sender.callback(move |_| Msg::Theme(theme))}>{ words(theme) }</button>
            }) }
        </fieldset>
    };
    card("", "look-title", text::OPTIONS_LOOK, content)
}

fn about(face: &Face) -> Html {
    let content = html! {
        <>
            <p>{ text::OPTIONS_ABOUT_TEXT }</p>
            <dl>
                <dt>{ text::OPTIONS_VERSION }</dt><dd data-testid="version">{ web::extension::runtime::version() }</dd>
                if let Some(peer) = &face.state.peer { <dt>{ text::OPTIONS_PEER }</dt><dd class="code" data-testid="settings-peer">{ peer }</dd> }
            </dl>
        </>
    };
    card("about", "about-title", text::OPTIONS_ABOUT, content)
}

#[derive(PartialEq, Properties)]
struct FormProps {
    settings: Settings,
    defaults: Settings,
    onsave: Callback<Settings>,
    ontest: Callback<(String, String)>,
    saving: bool,
    saved: bool,
    testing: bool,
    good: bool,
    save_outcome: Html,
    test_outcome: Html,
}

/// The form, with what was typed and has not been saved yet.
struct Form {
    draft: Draft,
    /// The draft that was saved last. The worker may write it differently.
    sent: Option<Draft>,
    /// Whether the last attempt to save found something wrong. From then on the draft is checked with each key.
    checked: bool,
}

enum Edit {
    /// A field has changed; this applies the change to the draft.
    Change(Box<dyn FnOnce(&mut Draft)>),
    Save,
    Revert,
    Test,
}

impl Component for Form {
    type Message = Edit;
    type Properties = FormProps;

    fn create(ctx: &Context<Self>) -> Self {
        Self {
            draft: Draft::of(&ctx.props().settings),
            sent: None,
            checked: false,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &FormProps) -> bool {
        // Settings that were changed elsewhere are shown, unless there are unsaved changes here.
        let untouched =
            self.sent.as_ref() == Some(&self.draft) || self.draft == Draft::of(&old.settings);
        if old.settings != ctx.props().settings && untouched {
            self.draft = Draft::of(&ctx.props().settings);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, edit: Edit) -> bool {
        let props = ctx.props();
        match edit {
            Edit::Change(change) => change(&mut self.draft),
            Edit::Save => match self.draft.settings(&props.settings) {
                Ok(settings) => {
                    self.draft = Draft::of(&settings);
                    self.sent = Some(self.draft.clone());
                    self.checked = false;
                    props.onsave.emit(settings);
                }
                Err(_) => self.checked = true,
            },
            Edit::Revert => {
                self.draft = Draft::of(&props.settings);
                self.checked = false;
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

    fn view(&self, ctx: &Context<Self>) -> Html {
        let (props, link) = (ctx.props(), ctx.link());
        let wrong = match self.draft.settings(&props.settings) {
            Err(wrong) if self.checked => wrong,
            _ => Wrong::default(),
        };
        let changed = self.draft != Draft::of(&props.settings);
        let onsubmit = link.callback(|event: SubmitEvent| {
            event.prevent_default();
            Edit::Save
        });
        html! {
            <form {onsubmit} novalidate=true data-testid="settings">
                { self.nodes(props, link, &wrong) }
                { self.sharing(link, &wrong) }
                { self.fetching(link, &wrong) }
                { self.ipfs(props, link, &wrong) }
                <div class="save" data-testid="settings-bar">
                    <button type="submit" class="main" disabled={props.saving || !changed} data-testid="settings-save">
                        { if props.saving { text::OPTIONS_SAVING } else { text::OPTIONS_SAVE_BUTTON } }
                    </button>
                    if changed {
                        { button("", "", text::OPTIONS_REVERT.into(), "settings-revert", false, link.callback(|_| Edit::Revert)) }
                    }
                    <span class="hint" role="status" data-testid="settings-state">
                        { if !wrong.is_empty() { text::OPTIONS_WRONG } else if changed { text::OPTIONS_UNSAVED } else if props.saved { text::OPTIONS_SAVED } else { "" } }
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

impl Form {
    fn nodes(&self, props: &FormProps, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let oninput = link.batch_callback(|event: InputEvent| {
            let value = event
                .target()?
                .dyn_into::<HtmlTextAreaElement>()
                .ok()?
                .value();
            Some(Edit::Change(Box::new(|draft| draft.nodes = value)))
        });
        let wrong_nodes = wrong_with(wrong, Field::Nodes);
        let defaults = props.defaults.nodes.join("\n");
        let is_default = self.draft.nodes.trim() == defaults;
        let reset = link.callback(move |_| {
            let defaults = defaults.clone();
            Edit::Change(Box::new(|draft| draft.nodes = defaults))
        });
        let content = html! {
            <>
                <p class="hint" id="nodes-help">{ text::OPTIONS_NODES_HELP }</p>
                <textarea class="code" rows="3" dir="ltr" spellcheck="false" autocomplete="off" aria-labelledby="nodes-title" aria-describedby="nodes-help nodes-wrong"
                    aria-invalid={wrong_nodes.is_some().to_string()} value={self.draft.nodes.clone()} {oninput} data-testid="settings-nodes" />
                { complaint(wrong_nodes.as_ref(), "nodes-wrong") }
                if self.draft.nodes.trim().is_empty() { <p class="wrong" data-testid="nodes-none">{ text::OPTIONS_NODES_NONE }</p> }
                <p class="buttons">
                    { button("small", "", text::OPTIONS_NODES_RESET.into(), "settings-nodes-reset", is_default, reset) }
                    if !is_default && !props.defaults.nodes.is_empty() { <span class="hint code">{ props.defaults.nodes.join(" ") }</span> }
                </p>
            </>
        };
        card("", "nodes-title", text::OPTIONS_NODES, content)
    }

    fn check(
        &self,
        link: &Scope<Self>,
        words: &'static str,
        testid: &'static str,
        field: fn(&mut Draft) -> &mut bool,
    ) -> Html {
        let checked = *field(&mut self.draft.clone());
        let onchange = link.callback(move |_: Event| {
            Edit::Change(Box::new(move |draft| *field(draft) = !checked))
        });
        html! {
            <label class="check"><input type="checkbox" {checked} {onchange} data-testid={testid} /><span>{ words }</span></label>
        }
    }

    fn sharing(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let day = (
            Field::MaxSentDay,
            text::OPTIONS_SENT_DAY,
            text::OPTIONS_SENT_HELP,
        );
        let file = (
            Field::MaxSentFile,
            text::OPTIONS_SENT_FILE,
            text::OPTIONS_SENT_HELP,
        );
        let onends = link.batch_callback(|event: Event| {
            let ends = chosen(&event)?;
            Some(Edit::Change(Box::new(move |draft| draft.ends = Some(ends))))
        });
        let profile = |profile: Profile, words: &'static str, testid: &'static str| {
            let onchange = link.callback(move |_: Event| {
                Edit::Change(Box::new(move |draft| draft.profile = profile))
            });
            html! {
                <label class="check"><input type="radio" name="profile" checked={self.draft.profile == profile} {onchange} data-testid={testid} /><span>{ words }</span></label>
            }
        };
        let content = html! {
            <>
                { self.check(link, text::OPTIONS_COPY, "settings-copy-link", |draft| &mut draft.copy_link) }
                { self.check(link, text::OPTIONS_PRIVATE, "settings-private", |draft| &mut draft.private) }
                { self.check(link, text::OPTIONS_NOTIFY, "settings-notify", |draft| &mut draft.notify) }
                <div class="pair">
                    <label for="settings-ends">{ text::OPTIONS_ENDS }</label>
                    <select id="settings-ends" onchange={onends} data-testid="settings-ends">
                        { for text::ENDS.iter().enumerate().map(|(at, (words, ..))| html! { <option selected={self.draft.ends == Some(at)}>{ *words }</option> }) }
                    </select>
                </div>
                { self.size(link, wrong, day, "settings-max-sent-day", "sent-day-wrong", |draft| &mut draft.max_sent_day) }
                { self.size(link, wrong, file, "settings-max-sent-file", "sent-file-wrong", |draft| &mut draft.max_sent_file) }
                { self.check(link, text::OPTIONS_METERED, "settings-metered", |draft| &mut draft.metered) }
                <fieldset>
                    <legend>{ text::OPTIONS_PROFILE }</legend>
                    { profile(Profile::UnixfsV1_2025, text::OPTIONS_PROFILE_2025, "settings-profile-2025") }
                    { profile(Profile::UnixfsV0_2015, text::OPTIONS_PROFILE_2015, "settings-profile-2015") }
                </fieldset>
            </>
        };
        card("", "sharing-title", text::OPTIONS_SHARING, content)
    }

    fn fetching(&self, link: &Scope<Self>, wrong: &Wrong) -> Html {
        let max = (Field::MaxFile, text::OPTIONS_MAX, text::OPTIONS_MAX_HELP);
        let room = (Field::MaxRoom, text::OPTIONS_ROOM, text::OPTIONS_ROOM_HELP);
        let content = html! {
            <>
                { self.check(link, text::OPTIONS_SAVE, "settings-save-fetched", |draft| &mut draft.save_fetched) }
                { self.check(link, text::OPTIONS_PROVIDE, "settings-provide-fetched", |draft| &mut draft.provide_fetched) }
                { self.size(link, wrong, max, "settings-max-file", "max-wrong", |draft| &mut draft.max_file) }
                { self.size(link, wrong, room, "settings-max-room", "room-wrong", |draft| &mut draft.max_room) }
            </>
        };
        card("", "fetching-title", text::OPTIONS_FETCHING, content)
    }

    /// Draws a size with its unit.
    fn size(
        &self,
        link: &Scope<Self>,
        wrong: &Wrong,
        (field, words, help): (Field, &'static str, &'static str),
        id: &'static str,
        wrong_id: &'static str,
        size: fn(&mut Draft) -> &mut Size,
    ) -> Html {
        let wrong = wrong_with(wrong, field);
        let Size { number, unit } = size(&mut self.draft.clone()).clone();
        let oninput = link.batch_callback(move |event: InputEvent| {
            let value = event.target()?.dyn_into::<HtmlInputElement>().ok()?.value();
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
                    <input {id} class="number" type="text" inputmode="decimal" value={number} {oninput}
                        aria-invalid={wrong.is_some().to_string()} aria-describedby={wrong_id} data-testid={id} />
                    <select aria-label={words} onchange={onunit}>
                        { for UNITS.iter().enumerate().map(|(index, (name, _))| html! { <option selected={index == unit}>{ *name }</option> }) }
                    </select>
                    <span class="hint">{ help }</span>
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
                let value = event.target()?.dyn_into::<HtmlInputElement>().ok()?.value();
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
        let content = html! {
            <>
                { hint(text::OPTIONS_IPFS_HELP.into()) }
                { self.check(link, text::OPTIONS_IPFS_USE, "settings-ipfs", |draft| &mut draft.use_ipfs) }
                if self.draft.use_ipfs {
                    { field(text::OPTIONS_RPC, "settings-rpc", &self.draft.rpc, wrong_with(wrong, Field::Rpc).as_ref(), "rpc-wrong", |draft, value| draft.rpc = value) }
                    { field(text::OPTIONS_GATEWAY, "settings-gateway", &self.draft.gateway, wrong_with(wrong, Field::Gateway).as_ref(), "gateway-wrong", |draft, value| draft.gateway = value) }
                    <p class="buttons">
                        { button("small", "", if props.testing { text::OPTIONS_TESTING } else { text::OPTIONS_TEST }.into(), "settings-test", props.testing, link.callback(|_| Edit::Test)) }
                        if props.good && storage::is_local(&self.draft.own_ipfs().gateway) {
                            <span class="wrong" role="status" data-testid="ipfs-local">{ text::OPTIONS_TEST_LOCAL }</span>
                        } else if props.good {
                            <span class="good" role="status" data-testid="ipfs-good">{ icon("done") }{ text::OPTIONS_TEST_GOOD }</span>
                        }
                    </p>
                    { props.test_outcome.clone() }
                }
            </>
        };
        card("", "ipfs-title", text::OPTIONS_IPFS, content)
    }
}
