//! The first page: what Fluence Share does in four sentences, what has to be chosen once, and a sample that is shared and
//! fetched.

use fluence::state::{NetworkStatus, Settings};
use yew::prelude::*;

use super::options::{sites, ticked, typed};
use super::{button, card, copy_words, hint, icon, nodes, outcome, waiting};
use crate::face::{Do, EVERY_SITE, Face, Msg, Sender, Topic, WorkerState};
use crate::text;

/// Draws the page.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let fact = |(picture, title, words): (&'static str, &'static str, &'static str)| {
        html! { <li>{ icon(picture) }<div><h3>{ title }</h3><p>{ words }</p></div></li> }
    };
    html! {
        <>
            <section class="hero" aria-labelledby="welcome-title">
                <img src="icons/mark.svg" width="56" height="56" alt="" />
                <h2 id="welcome-title">{ text::welcome_title() }</h2>
                <p>{ text::welcome_lead() }</p>
                <ul class="facts">{ for text::welcome_facts().into_iter().map(fact) }</ul>
            </section>
            if face.worker_state == WorkerState::Starting {
                { waiting(text::worker_starting(), "starting") }
            } else {
                { choices(face, sender) }
                { sample(face, sender) }
            }
        </>
    }
}

fn choices(face: &Face, sender: &Sender) -> Html {
    let every = face.readable.iter().any(|origin| origin == EVERY_SITE);
    let chosen = face.chosen_settings();
    let check = |words: &'static str,
                 testid: &'static str,
                 checked: bool,
                 set: fn(&mut Settings, bool)| {
        let onchange = sender.callback_if(move |event: Event| {
            let on = ticked(&event)?;
            let change = move |settings: &mut Settings| set(settings, on);
            Some(Msg::Set(Topic::Settings, Box::new(change)))
        });
        html! { <label class="check"><input type="checkbox" {checked} {onchange} data-testid={testid} /><span>{ words }</span></label> }
    };
    let content = html! {
        <>
            <section>
                <h3>{ text::welcome_node() }</h3>
                { node(face, sender) }
            </section>
            <section>
                <h3>{ text::welcome_reading() }</h3>
                { hint(if every { text::welcome_reading_all() } else { text::welcome_reading_ask() }.into()) }
                { sites(face, sender) }
            </section>
            { check(text::welcome_private(), "welcome-private", chosen.private, |settings, on| settings.private = on) }
            { check(text::welcome_provide(), "welcome-provide", chosen.provide_fetched, |settings, on| settings.provide_fetched = on) }
            // Who does not allow it here is asked when it matters.
            { check(text::public_allow(), "welcome-public", chosen.public == Some(true), |settings, on| settings.public = on.then_some(true)) }
            { hint(text::welcome_public_help().into()) }
            { outcome(face, sender, &Topic::Settings, "choices-failure") }
            { hint(text::welcome_later().into()) }
        </>
    };
    card("", "choices-title", text::welcome_choices(), content)
}

/// Draws the node that is used, or a field for one.
fn node(face: &Face, sender: &Sender) -> Html {
    let works = matches!(
        face.state.network,
        NetworkStatus::Online { .. } | NetworkStatus::Unreachable { .. }
    );
    let wrong = face.failures.get(&Topic::Nodes).map(text::setting_wrong);
    let wrong = wrong.or_else(|| face.pages.add_wrong.clone());
    let waits = face.is_waiting(&Topic::NodeList) || face.is_waiting(&Topic::Nodes);
    let on = nodes::On {
        input: sender.callback_if(|event: InputEvent| Some(Msg::Pages(Do::Adding(typed(&event)?)))),
        keydown: sender.callback_if(|event: KeyboardEvent| {
            nodes::adds(&event).then_some(Msg::Pages(Do::AddNode))
        }),
        add: sender.callback(|_| Msg::Pages(Do::AddNode)),
        scan: sender.callback(|picture| Msg::Pages(Do::Scan(picture))),
    };
    let disabled = waits || face.pages.adding.trim().is_empty();
    let more = sender.callback(|event: MouseEvent| {
        event.prevent_default();
        Msg::Pages(Do::More)
    });
    let field = html! {
        <>
            { nodes::field("welcome-node", &face.pages.adding, wrong.as_ref(), disabled, face.pages.scanning, on) }
            { outcome(face, sender, &Topic::NodeList, "nodes-failure") }
        </>
    };
    html! {
        <>
            <ol class="nodes">{ for face.pages.nodes.iter().map(nodes::row) }</ol>
            if face.state.network == NetworkStatus::NoNode { { hint(text::no_node_advice().into()) } }
            // Whoever was given the address of a group can use it though a node works. What is being typed stays when one does.
            <details class="more" open={!works || face.pages.more || !face.pages.adding.is_empty()}>
                <summary hidden={!works} onclick={more} data-testid="welcome-more">{ text::welcome_more() }</summary>
                { field }
            </details>
        </>
    }
}

/// How far a step of the sample is.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Waits,
    Runs,
    Done,
    Failed,
}

fn sample(face: &Face, sender: &Sender) -> Html {
    let sample = &face.pages.sample;
    let item = sample.id.as_ref().and_then(|id| face.state.items.get(id));
    let begun = !sample.text.is_empty();
    let removed = begun && sample.id.is_some() && item.is_none();
    let failure = item.and_then(|item| item.status.failure());
    let is_shared = item.is_some_and(|item| item.is_shared());
    let hashed = item.is_some_and(|item| item.cid.is_some());
    let no_web = is_shared && !sample.fetching && sample.back.is_none() && face.state.web.is_none();
    let step = |done: bool, before: bool| match (done, before) {
        (true, _) => Step::Done,
        (_, true) if failure.is_some() => Step::Failed,
        (_, true) => Step::Runs,
        _ => Step::Waits,
    };
    let back = match &sample.back {
        Some(Ok(_)) => Step::Done,
        Some(Err(_)) => Step::Failed,
        None if no_web => Step::Waits,
        None => step(false, is_shared),
    };
    let shared = is_shared || sample.back.is_some();
    let hash = item
        .and_then(|item| item.cid.as_deref())
        .unwrap_or_default();
    let online = face.state.network.is_online();
    let steps = [
        (
            item.is_some(),
            step(item.is_some(), begun),
            text::try_made(),
            text::TRY_NAME,
        ),
        (
            hashed,
            step(hashed, item.is_some()),
            text::try_hashed(),
            hash,
        ),
        (
            shared,
            step(shared, hashed),
            text::try_shared(),
            if hashed && !shared && !online {
                text::try_waits()
            } else {
                ""
            },
        ),
        (back == Step::Done, back, text::try_back(), ""),
    ];
    let row = |(_, step, words, more): (bool, Step, &'static str, &str)| {
        let (class, picture) = match step {
            Step::Waits => (
                "waits",
                html! { <span class="ring" aria-hidden="true"></span> },
            ),
            Step::Runs => (
                "runs",
                html! { <span class="spinner" aria-hidden="true"></span> },
            ),
            Step::Done => ("done", icon("done")),
            Step::Failed => ("failed", icon("warn")),
        };
        html! {
            <li {class} data-testid="step" data-step={class}>{ picture }<div>{ words }if !more.is_empty() { <bdi class="hint code">{ more.to_owned() }</bdi> }</div></li>
        }
    };
    let result = match &sample.back {
        Some(Ok(_)) => Some(Ok(text::try_same().to_owned())),
        Some(Err(why)) => Some(Err(why.clone())),
        None if no_web => Some(Err(text::try_no_web().to_owned())),
        None => None,
    };
    let refused = face.failures.get(&Topic::Files).is_some();
    let runs = begun && !removed && result.is_none() && failure.is_none() && !refused;
    let again = sample.back.is_some() || failure.is_some() || removed || refused;
    let content = html! {
        <>
            { hint(text::try_lead().into()) }
            if begun && !removed { <ol class="steps" data-testid="steps">{ for steps.into_iter().map(row) }</ol> }
            if !removed { { result_of(result.as_ref()) } }
            if let Some(failure) = failure { { super::failure(failure, fluence::failure::About::Share, "try-failure", None) } }
            { outcome(face, sender, &Topic::Files, "try-failure") }
            if let Some(Ok(back)) = sample.back.as_ref().filter(|_| !removed) { <pre class="reply" data-testid="try-text">{ back }</pre> }
            if let Some(link) = item.filter(|_| shared).and_then(|item| item.link()) {
                <p class="line"><span class="hint">{ text::try_link() }</span><bdi class="code own-id" dir="ltr" data-testid="try-link">{ &link }</bdi>
                    { copy(face, sender, &link) }</p>
                { hint(text::try_link_help().into()) }
            }
            <p class="buttons">
                if !begun || again {
                    { button("main", "play", if again { text::try_again() } else { text::try_title() }.into(), "try", false, sender.callback(|_| Msg::Pages(Do::Try))) }
                }
                if let Some(item) = item.filter(|_| !runs) {
                    { remove(sender, item.id.clone()) }
                }
                if removed { <span class="hint" role="status">{ text::try_removed() }</span> }
                <a class="button" href="popup.html?view=tab" data-testid="go">{ text::try_done() }</a>
            </p>
        </>
    };
    card("", "try-title", text::try_title(), content)
}

fn result_of(result: Option<&Result<String, String>>) -> Html {
    match result {
        None => html! { <p role="status" data-testid="try-result"></p> },
        Some(Ok(words)) => {
            html! { <p class="good" role="status" data-testid="try-result">{ icon("done") }{ words }</p> }
        }
        Some(Err(words)) => {
            html! { <p class="wrong" role="status" data-testid="try-result">{ words }</p> }
        }
    }
}

fn copy(face: &Face, sender: &Sender, link: &str) -> Html {
    let words = copy_words(face.copied.as_ref(), "sample", text::copy_link());
    let link = link.to_owned();
    let onclick = sender.callback(move |_| Msg::Copy("sample".to_owned(), link.clone()));
    button("small", "copy", words.into(), "try-copy", false, onclick)
}

fn remove(sender: &Sender, id: fluence::state::ItemId) -> Html {
    let onclick = sender.callback(move |_| {
        let ids = vec![id.clone()];
        Msg::Send(
            Topic::Item(id.clone()),
            fluence::command::Command::Remove { ids },
        )
    });
    button(
        "",
        "bin",
        text::try_remove().into(),
        "try-remove",
        false,
        onclick,
    )
}
