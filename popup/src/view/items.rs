//! The list of shared and fetched items.

use fluence::command::Command;
use fluence::failure::About;
use fluence::state::{Copy, Item, ItemId, LogLine, Origin};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::options::chosen;
use super::{button, failure, file_name, hint, icon, icon_button, outcome, waiting};
use crate::face::{COPY_BUTTON, Face, Msg, Sender, Topic, WorkerState};
use crate::focus::item_id;
use crate::page::FileKind;
use crate::preferences::Filter;
use crate::text;
use crate::{askers, browser};

/// The number of items from which on there is a field to search them.
const SEARCH_FROM: usize = 6;

/// Draws the list, with its filters.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let all = face.state.items.len();
    let shares = face.count(Filter::Shared);
    let (listed, count) = face.listed();
    let tab = |filter: Filter, name: &'static str, count: usize, testid: &'static str| {
        let on = face.filter == filter;
        html! {
            <button type="button" aria-pressed={on.to_string()} data-testid={testid} onclick={sender.callback(move |_| Msg::Filter(filter))}>
                { name }<span class="count">{ count }</span>
            </button>
        }
    };
    let onsearch = sender.callback_if(|event: InputEvent| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Search(input.value()))
    });
    let on = sender.messages();
    html! {
        <section class="items" aria-labelledby="items-title" data-testid="items">
            <div class="line">
                <h2 id="items-title" class="unseen">{ text::ITEMS_TITLE }</h2>
                <div class="tabs" role="group" aria-labelledby="items-title">
                    { tab(Filter::All, text::FILTER_ALL, all, "filter-all") }
                    { tab(Filter::Shared, text::FILTER_SHARED, shares, "filter-shared") }
                    { tab(Filter::Fetched, text::FILTER_FETCHED, all - shares, "filter-fetched") }
                </div>
                if all >= SEARCH_FROM || !face.search.is_empty() {
                    <input class="search" type="search" placeholder={text::SEARCH} aria-label={text::SEARCH} value={face.search.clone()} oninput={onsearch} data-testid="items-search" />
                }
            </div>
            if face.worker_state == WorkerState::Starting && all == 0 {
                { waiting(text::WORKER_STARTING, "starting") }
            } else if count == 0 {
                { empty(face) }
            } else {
                <ul class="list">{ for listed.into_iter().map(|item| row(face, sender, on, item)) }</ul>
            }
            if count > face.shown {
                { button("more", "", text::more(count - face.shown).into(), "items-more", false, sender.callback(|_| Msg::More)) }
            }
            if (all > 0 || !face.state.removed_copies().is_empty()) && !face.is_tight() { { room(face, sender) } }
        </section>
    }
}

/// Draws how much room there is, and what can be removed to make more.
pub fn room(face: &Face, sender: &Sender) -> Html {
    let (used, limit) = face.room();
    let left = face.state.removed_copies();
    let spare = |(words, (ids, bytes)): (&'static str, (Vec<ItemId>, u64))| {
        let count = ids.len();
        let ask = |asked| sender.callback(move |_| Msg::AskFree(asked));
        let remove =
            sender.callback(move |_| Msg::Send(Topic::Room, Command::Remove { ids: ids.clone() }));
        html! {
            if count > 0 {
                <li>
                    <span>{ words }</span><span class="hint">{ text::picked(count, bytes) }</span>
                    if face.asked_free == Some(words) {
                        { button("small danger", "", text::remove_many(count).into(), "room-confirm", false, remove) }
                        { button("small", "", text::KEEP.into(), "room-keep", false, ask(None)) }
                    } else {
                        { button("small", "", text::REMOVE.into(), "room-remove", false, ask(Some(words))) }
                    }
                </li>
            }
        }
    };
    html! {
        <div class={classes!("room", face.is_tight().then_some("banner"))} data-testid="room">
            <p class="line">
                if face.is_tight() { { icon("warn") } }
                <span class="hint">{ text::room(used, limit) }</span>
                <button type="button" class="small" aria-expanded={face.freeing.to_string()} data-testid="room-free" onclick={sender.callback(|_| Msg::Free)}>{ text::FREE }</button>
            </p>
            if !left.is_empty() { <p class="hint" data-testid="left-at-storage">{ text::removed_still_at(left.len(), &hosts(&left)) }</p> }
            if face.freeing {
                <ul>{ for face.spare().into_iter().map(spare) }</ul>
                { hint(text::FREE_HELP.into()) }
            }
            { outcome(face, sender, &Topic::Room, "room-refused") }
        </div>
    }
}

fn empty(face: &Face) -> Html {
    let (title, advice) = match face.filter {
        _ if !face.search.trim().is_empty() => (text::EMPTY_SEARCH, text::EMPTY_SEARCH_ADVICE),
        Filter::All => (text::EMPTY_ALL, text::EMPTY_ALL_ADVICE),
        Filter::Shared => (text::EMPTY_SHARED, text::EMPTY_SHARED_ADVICE),
        Filter::Fetched => (text::EMPTY_FETCHED, text::EMPTY_FETCHED_ADVICE),
    };
    html! {
        <div class="empty" data-testid="empty">
            <img src="icons/mark.svg" width="48" height="48" alt="" />
            <p><strong>{ title }</strong></p>
            { hint(advice.into()) }
        </div>
    }
}

/// The properties of a row, which is drawn again only when one of them changes.
#[derive(PartialEq, Properties)]
pub struct RowProps {
    item: Item,
    /// Its status in words, which also depends on the connection.
    status: String,
    thumbnail: Option<AttrValue>,
    /// The copies of it at storages.
    copies: Vec<Copy>,
    /// The link that opens it in any browser, and whether only the browsers of this computer can follow it.
    web: Option<(String, bool)>,
    /// The button that has just copied something of it, and whether that succeeded.
    copied: Option<(String, bool)>,
    /// Whether the person is asked whether to remove it.
    removing: bool,
    /// Whether a command about it waits for its answer.
    waiting: bool,
    /// Its log while its details are shown; the inner value is `None` until the log has arrived.
    log: Option<Option<Vec<LogLine>>>,
    /// The outcome of the last command about it.
    outcome: Html,
    /// Why its log could not be read.
    log_outcome: Html,
    /// Where the messages of its buttons go.
    on: Callback<Msg>,
}

fn row(face: &Face, sender: &Sender, on: &Callback<Msg>, item: &Item) -> Html {
    let topic = Topic::Item(item.id.clone());
    let of_item = |key: &str| key.ends_with(&item.id.0);
    let status = if item.providing && face.settings().paused {
        text::paused_status(item).to_owned()
    } else {
        text::status(item, &face.state.network)
    };
    let log_outcome = outcome(
        face,
        sender,
        &Topic::Log(item.id.clone()),
        "item-log-refused",
    );
    html! {
        <Row key={item.id.0.clone()} item={item.clone()} {status}
            thumbnail={face.thumbnails.get(&item.id).cloned().flatten()} copies={face.state.copies_of(std::slice::from_ref(item))} web={web_link(face, item)}
            copied={face.copied.clone().filter(|(key, _)| of_item(key))} removing={face.removing.as_ref() == Some(&item.id)}
            waiting={face.is_waiting(&topic)} log={face.open.get(&item.id).cloned()}
            outcome={outcome(face, sender, &topic, "item-refused")} log_outcome={log_outcome} on={on.clone()} />
    }
}

/// The hosts of storages, for people.
fn hosts(copies: &[Copy]) -> String {
    let mut hosts: Vec<String> = Vec::new();
    for host in copies.iter().map(Copy::host) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(", ")
}

/// The MIME type of folders.
const FOLDER: &str = "inode/directory";

/// Draws one item of the list.
#[function_component]
fn Row(props: &RowProps) -> Html {
    let item = &props.item;
    let open = props.log.is_some();
    let status = item.status.name();
    let name = if item.name.is_empty() {
        text::UNKNOWN_NAME
    } else {
        &item.name
    };
    let toggle = {
        let id = item.id.clone();
        props.on.reform(move |_| Msg::ToggleDetails(id.clone()))
    };
    let counters = text::counters(item.requests, item.uploaded);
    html! {
        <li class={classes!("item", status, text::is_paused(item).then_some("paused"))} id={item_id(&item.id)} tabindex="-1" data-testid="item"
            data-id={item.id.0.clone()} data-cid={item.cid.clone()} data-status={status}>
            { picture(props) }
            <div class="about">
                { file_name(name, "item-name") }
                <p class="meta">
                    <span class="state" data-testid="item-status">{ &props.status }</span>
                    if item.key.is_some() { <span class="private" title={text::PRIVATE_HELP} data-testid="item-private-mark">{ icon("key") }{ text::PRIVATE }</span> }
                    if let Some(size) = item.size { <span data-testid="item-size">{ words::size(size) }</span> }
                    if let Some(files) = item.files { <span>{ text::files(files) }</span> }
                    if let Some(saved) = &item.saved_as { <bdi data-testid="item-saved-name">{ text::saved(saved, &item.name) }</bdi> }
                    if item.providing {
                        if let Some(until) = item.limits.until { <span data-testid="item-until">{ text::shared_until(&browser::moment(until)) }</span> }
                        if let Some(calls) = item.limits.calls { <span data-testid="item-calls">{ text::calls_left(calls.saturating_sub(item.requests)) }</span> }
                    }
                    if !item.providing && !props.copies.is_empty() { <span data-testid="item-still-at">{ text::still_at(&hosts(&props.copies)) }</span> }
                    if !counters.is_empty() { <span class="counters" data-testid="item-counters">{ counters }</span> }
                </p>
                { progress(item) }
            </div>
            <button type="button" class="quiet" title={text::DETAILS} aria-label={text::DETAILS} aria-expanded={open.to_string()} data-testid="item-log-toggle" onclick={toggle}>
                { icon(if open { "open" } else { "shut" }) }
            </button>
            { troubles(item) }
            { props.outcome.clone() }
            if let Some(peer) = &item.asking { { asking(props, peer) } }
            { if props.removing { question(props) } else { actions(props) } }
            if let Some(log) = &props.log { { details(props, log.as_deref()) } }
        </li>
    }
}

fn picture(props: &RowProps) -> Html {
    let item = &props.item;
    // The worker makes a picture in a `data:` URL. Nothing else is shown, least of all anything from the
    // network.
    let thumbnail = props.thumbnail.as_ref();
    match thumbnail.filter(|url| url.starts_with("data:image/")) {
        Some(url) => html! { <img class="picture" src={url.clone()} alt="" /> },
        None => {
            let kind = match item.files {
                Some(_) => FileKind::Folder,
                // The files of a private folder are not counted, because it is one file to others.
                None if item.mime.as_deref() == Some(FOLDER) => FileKind::Folder,
                None => FileKind::of(item.mime.as_deref(), &item.name),
            };
            html! { <span class="picture">{ icon(kind.class()) }</span> }
        }
    }
}

fn progress(item: &Item) -> Html {
    let moving = item.status.is_moving() || item.upload.is_some();
    match &item.progress {
        Some(progress) if moving || item.status.is_interrupted() => {
            let total = progress.total.or(item.size).filter(|total| *total > 0);
            // The value is in thousandths. Without a value the bar is indeterminate, because nobody knows the
            // total.
            let value = total.map(|total| {
                let share = progress.bytes as f64 / total as f64 * 1000.0;
                (share as u32).min(1000).to_string()
            });
            html! {
                <>
                    <progress max="1000" {value} aria-label={text::PROGRESS} data-testid="item-progress"></progress>
                    <p class="meta moved" data-testid="item-moved">{ text::progress(progress) }</p>
                </>
            }
        }
        None if moving => {
            html! { <progress aria-label={text::PROGRESS} data-testid="item-progress"></progress> }
        }
        _ => Html::default(),
    }
}

/// Draws a button that copies the item's link; nothing as long as there is no link.
pub fn copy_button(
    copied: Option<&(String, bool)>,
    on: &Callback<Msg>,
    item: &Item,
    testid: &'static str,
) -> Html {
    let Some(address) = item.link() else {
        return Html::default();
    };
    let key = format!("{testid} {}", item.id.0);
    let words = match copied.filter(|(copied, _)| *copied == key) {
        Some((_, true)) => text::COPIED,
        Some((_, false)) => text::COPY_REFUSED,
        None => text::COPY_LINK,
    };
    let onclick = on.reform(move |_| Msg::Copy(key.clone(), address.clone()));
    button("small", "copy", words.into(), testid, false, onclick)
}

/// The link that opens the item in any browser, and whether only the browsers of this machine can follow it;
/// `None` if others cannot have the item.
fn web_link(face: &Face, item: &Item) -> Option<(String, bool)> {
    let shared = item.is_shared();
    shared.then(|| face.state.web_link(item)).flatten()
}

/// Draws a button that copies the item's link for people who have nothing but a browser.
fn web_button(props: &RowProps) -> Html {
    let Some((address, local)) = props.web.clone() else {
        return Html::default();
    };
    let key = format!("item-web {}", props.item.id.0);
    let (picture, label) = match props.copied.as_ref().filter(|(copied, _)| *copied == key) {
        Some((_, true)) => ("done", text::COPIED),
        Some((_, false)) => ("warn", text::COPY_REFUSED),
        None if local => ("web", text::COPY_LOCAL_WEB_LINK),
        None => ("web", text::COPY_WEB_LINK),
    };
    let onclick = props
        .on
        .reform(move |_| Msg::Copy(key.clone(), address.clone()));
    icon_button(picture, label, "item-web", onclick)
}

/// Draws what a person can do with the item in its present status.
fn actions(props: &RowProps) -> Html {
    let item = &props.item;
    let topic = Topic::Item(item.id.clone());
    let waiting = props.waiting;
    let button = |picture: &'static str,
                  words: &'static str,
                  testid: &'static str,
                  main: bool,
                  command: Command| {
        let topic = topic.clone();
        let onclick = props
            .on
            .reform(move |_| Msg::Send(topic.clone(), command.clone()));
        let class = if main { "small main" } else { "small" };
        super::button(class, picture, words.into(), testid, waiting, onclick)
    };
    let id = || item.id.clone();
    let whole = item.status.is_here();
    let interrupted = item.status.is_interrupted();
    let again = match item.origin {
        Origin::Fetch => text::SHARE_TOO,
        Origin::Share => text::AGAIN,
    };
    let ask = {
        let id = id();
        props.on.reform(move |_| Msg::AskRemove(Some(id.clone())))
    };
    html! {
        <div class="actions">
            if interrupted { { button("play", text::RESUME, "item-resume", true, Command::Resume { id: id() }) } }
            if item.can_resume() && !interrupted { { button("again", text::RETRY, "item-retry", true, Command::Resume { id: id() }) } }
            { copy_button(props.copied.as_ref(), &props.on, item, COPY_BUTTON) }
            if whole {
                { button("save", text::SAVE, "item-save", false, Command::Save { id: id() }) }
            }
            if whole && item.providing { { button("stop", text::STOP, "item-stop", false, Command::Stop { id: id() }) } }
            if whole && !item.providing || item.can_read_again() { { button("again", again, "item-again", false, Command::ShareAgain { id: id() }) } }
            if item.status.is_moving() { { button("pause", text::PAUSE, "item-pause", false, Command::Pause { id: id() }) } }
            <span class="space"></span>
            { web_button(props) }
            if interrupted {
                { icon_button("bin", text::DISCARD, "item-discard", ask) }
            } else {
                { icon_button("bin", text::REMOVE, "item-remove", ask) }
            }
        </div>
    }
}

fn question(props: &RowProps) -> Html {
    let item = &props.item;
    let discard = item.status.is_interrupted();
    let remove = {
        let id = item.id.clone();
        props.on.reform(move |_| {
            Msg::Send(
                Topic::Item(id.clone()),
                Command::Remove {
                    ids: vec![id.clone()],
                },
            )
        })
    };
    html! {
        <div class="question" role="group" aria-label={text::REMOVE}>
            <p>{ text::remove_question(item) }</p>
            <p class="buttons">
                { button("small danger", "", if discard { text::DISCARD } else { text::REMOVE }.into(), "item-confirm", false, remove) }
                { button("small", "", text::KEEP.into(), "item-keep", false, props.on.reform(|_| Msg::AskRemove(None))) }
            </p>
        </div>
    }
}

fn troubles(item: &Item) -> Html {
    let ended = item.status.failure().filter(|_| !text::is_paused(item));
    let upload = item
        .upload_failure
        .as_ref()
        .filter(|_| ended.is_none() && item.upload.is_none());
    html! {
        <>
            if let Some(ended) = ended { { failure(ended, text::about(item.origin), "item-failure", None) } }
            if let Some(upload) = upload { { failure(upload, About::Upload, "item-upload-failure", None) } }
        </>
    }
}

fn details(props: &RowProps, log: Option<&[LogLine]>) -> Html {
    let item = &props.item;
    let about = text::about(item.origin);
    let address = item.link();
    let source = item
        .source
        .as_ref()
        .and_then(|source| source.page.clone().or_else(|| source.url.clone()));
    html! {
        <div class="details">
            <dl>
                if item.key.is_some() { <dt>{ text::PRIVATE }</dt><dd data-testid="item-private">{ text::PRIVATE_HELP }</dd> }
                if let Some(address) = address { <dt>{ text::LINK }</dt><dd class="code" data-testid="item-link">{ address }</dd> }
                if let Some((address, _)) = &props.web { <dt>{ text::WEB_LINK }</dt><dd class="code" data-testid="item-web-link">{ address }</dd> }
                if let Some(source) = source { <dt>{ text::FROM }</dt><dd class="code">{ source }</dd> }
                if let Some(saved) = &item.saved_as { <dt>{ text::SAVED_AS }</dt><dd data-testid="item-saved"><bdi>{ saved }</bdi></dd> }
                if !props.copies.is_empty() { <dt>{ text::COPIES }</dt> }
                { for props.copies.iter().map(|copy| html! {
                    <dd data-testid="item-copy">{ text::kept_until(&copy.host(), copy.until.map(|until| browser::moment(until.saturating_mul(1000)))) }</dd>
                }) }
                if item.providing { <dt>{ text::ENDS_LABEL }</dt><dd>{ ends(props) }{ ask_first(props) }</dd> }
                <dt>{ text::ADDED }</dt><dd>{ time(item.created) }</dd>
            </dl>
            { who_asked(item, log.unwrap_or_default()) }
            <h3>{ text::LOG }</h3>
            { props.log_outcome.clone() }
            <ol class="log" tabindex="0" aria-label={text::LOG} data-testid="item-log">
                { for log.unwrap_or_default().iter().rev().map(|line| html! { <li>{ time(line.at) }{ " " }<bdi>{ text::log(&line.entry, about) }</bdi></li> }) }
                if log.is_none() {
                    <li class="hint">{ text::LOG_READING }</li>
                } else if log.is_some_and(<[LogLine]>::is_empty) {
                    <li class="hint">{ text::LOG_EMPTY }</li>
                }
            </ol>
        </div>
    }
}

/// Draws the calls for the item that were answered: when, which peer, and what was uploaded for it.
fn who_asked(item: &Item, log: &[LogLine]) -> Html {
    let askers = askers::of(log);
    if askers.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h3 id={format!("askers-{}", item.id.0)}>{ text::ASKERS }</h3>
            <div class="log askers" tabindex="0" role="region" aria-labelledby={format!("askers-{}", item.id.0)}>
                <table data-testid="item-askers">
                    <thead><tr><th scope="col">{ text::ASKED_WHEN }</th><th scope="col">{ text::ASKED_WHO }</th><th scope="col">{ text::ASKED_SENT }</th></tr></thead>
                    <tbody>
                        { for askers.iter().map(|asker| html! {
                            <tr><td>{ time(asker.at) }</td><td class="code">{ text::who(asker.who) }</td><td>{ text::sent(asker.who, asker.sent) }</td></tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </>
    }
}

/// Draws the choice of when the item stops being shared by itself.
fn ends(props: &RowProps) -> Html {
    let (id, on) = (props.item.id.clone(), props.on.clone());
    let onchange = Callback::from(move |event: Event| {
        // The first option says only what the others are for.
        let at = chosen(&event).and_then(|at| at.checked_sub(1));
        if let Some((_, seconds, calls)) = at.and_then(|at| text::ENDS.get(at)) {
            let command = Command::Limit {
                id: id.clone(),
                seconds: *seconds,
                calls: *calls,
            };
            on.emit(Msg::Send(Topic::Item(id.clone()), command));
        }
    });
    html! {
        <select aria-label={text::ENDS_LABEL} {onchange} data-testid="item-ends">
            <option selected=true>{ text::ENDS_CHANGE }</option>
            { for text::ENDS.iter().map(|(words, ..)| html! { <option>{ *words }</option> }) }
        </select>
    }
}

/// Draws whether the person is asked before anybody gets the item.
fn ask_first(props: &RowProps) -> Html {
    let (id, checked) = (props.item.id.clone(), props.item.asks);
    let onchange = props.on.reform(move |_: Event| {
        let command = Command::AskFirst {
            id: id.clone(),
            asks: !checked,
        };
        Msg::Send(Topic::Item(id.clone()), command)
    });
    html! {
        <label class="check"><input type="checkbox" {checked} {onchange} data-testid="item-ask-first" /><span>{ text::ASK_FIRST }</span></label>
    }
}

/// Draws the question whether a caller gets the item.
fn asking(props: &RowProps, peer: &str) -> Html {
    let decide = |allow: bool| {
        let id = props.item.id.clone();
        props.on.reform(move |_| {
            let command = Command::Decide {
                id: id.clone(),
                allow,
            };
            Msg::Send(Topic::Item(id.clone()), command)
        })
    };
    html! {
        <div class="question" role="alert" data-testid="item-asking">
            <p>{ text::asking(peer) }</p>
            <p class="buttons">
                { button("small main", "", words::ALLOW.into(), "item-allow", false, decide(true)) }
                { button("small", "", words::REFUSE.into(), "item-refuse", false, decide(false)) }
            </p>
        </div>
    }
}

fn time(at: u64) -> Html {
    html! { <time datetime={browser::timestamp(at)}>{ browser::moment(at) }</time> }
}
