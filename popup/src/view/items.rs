//! The list of shared and fetched items.

use std::rc::Rc;

use fluence::command::Command;
use fluence::failure::About;
use fluence::state::{Copy, Item, ItemId, Left, LogLine, Origin, Status};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use super::options::chosen;
use super::{
    button, copy_words, empty, failure, file_name, hint, icon, naming, outcome, page, qr_code,
    share, waiting,
};
use crate::face::{
    COPY_BUTTON, COPY_SELECTED, Face, LIST, LIST_MENU, Msg, Name, Naming, Peek, ROOM_BUTTON,
    SEARCH_BUTTON, SEARCH_FIELD, SELECT_ALL, SELECT_BUTTON, SELECTED_KEEP, SELECTED_REMOVE, Sender,
    Spare, Topic, View, WorkerState, free_id, menu_id, naming_id, qr_id, question_id, sum,
};
use crate::focus::{self, about_id, item_id, row_of};
use crate::page::FileKind;
use crate::preferences::{Filter, Sort};
use crate::text;
use crate::{askers, browser};

/// The number of items from which on there is a field to search them.
const SEARCH_FROM: usize = 6;

/// Draws the list, with its tabs.
pub fn view(face: &Face, sender: &Sender) -> Html {
    let all = face.state.items.len();
    let shares = face.count(Filter::Shared);
    let shown = face.tab();
    let on_page = shown == Filter::Page;
    let count = face.count_listed();
    let tab = |filter: Filter, name: &'static str, count: usize, testid: &'static str| {
        let on = shown == filter;
        html! {
            <button type="button" aria-pressed={on.to_string()} data-testid={testid} onclick={sender.callback(move |_| Msg::Filter(filter))}>
                { name }<span class="count">{ count }</span>
            </button>
        }
    };
    let selecting = face.selection.is_some();
    let has_room = (all > 0 || !face.state.removed_copies().is_empty())
        && !face.is_tight()
        && !on_page
        && !selecting;
    html! {
        <section class={classes!("items", selecting.then_some("selecting"))} aria-labelledby="items-title" data-testid="items" onkeydown={keys(sender, Some(selecting))}>
            <h2 id="items-title" class="unseen">{ text::items_title() }</h2>
            if selecting && !on_page {
                { selection(face, sender) }
            } else {
                <div class="line bar">
                    <div class="tabs" role="group" aria-labelledby="items-title">
                        { tab(Filter::All, text::filter_all(), all, "filter-all") }
                        { tab(Filter::Shared, text::filter_shared(), shares, "filter-shared") }
                        { tab(Filter::Fetched, text::filter_fetched(), all - shares, "filter-fetched") }
                        if face.has_page() { { tab(Filter::Page, text::page_title(), face.page_files().count(), "filter-page") } }
                    </div>
                    if all > 0 && !on_page { { tools(face, sender, all) } }
                </div>
            }
            if has_room && face.freeing { { room(face, sender) } }
            if on_page {
                { page::view(face, sender) }
            } else if face.worker_state == WorkerState::Starting && all == 0 {
                { waiting(text::worker_starting(), "starting") }
            } else if count == 0 {
                { nothing(face) }
            } else {
                { list(face, sender, count) }
            }
            if has_room && !face.freeing { { room(face, sender) } }
        </section>
    }
}

/// Draws the rows that are in the document, with gaps in the place of the others.
pub fn list(face: &Face, sender: &Sender, count: usize) -> Html {
    let mut end = 0;
    let gap = |from: usize, to: usize| match face.rows.height(from..to) {
        0 => None,
        height => Some(html! {
            <li key={format!("gap {from}")} class="gap" aria-hidden="true" style={format!("height:{height}px")}></li>
        }),
    };
    let mut rows: Vec<Html> = Vec::new();
    for (at, item) in face.drawn() {
        rows.extend(gap(end, at));
        rows.push(row(face, sender, item, (at + 1, count)));
        end = at + 1;
    }
    rows.extend(gap(end, count));
    html! { <ul id={LIST} class="list">{ rows }</ul> }
}

/// What keys do in the list: they select everything and end selecting, unless nothing can be selected, and go from row to row.
pub fn keys(sender: &Sender, selecting: Option<bool>) -> Callback<KeyboardEvent> {
    /// Where keys have a meaning of their own.
    const OTHERS: &str = "input:not([type=checkbox]), select, [role=menu] *, .log";
    sender.callback_if(move |event: KeyboardEvent| {
        let element: Element = event.target()?.dyn_into().ok()?;
        if element.matches(OTHERS).ok()? {
            return None;
        }
        let key = event.key();
        let msg = match &*key {
            "a" if selecting.is_some() && (event.ctrl_key() || event.meta_key()) => {
                Msg::PickAll(true)
            }
            // Otherwise the browser would close the popup.
            "Escape" if selecting == Some(true) => Msg::Select(false),
            "ArrowDown" | "ArrowUp" | "Home" | "End" => Msg::Walk(row_of(&element)?, key),
            _ => return None,
        };
        event.prevent_default();
        Some(msg)
    })
}

/// Draws what is done with the list: selecting, its order, searching.
fn tools(face: &Face, sender: &Sender, all: usize) -> Html {
    let onsearch = sender.callback_if(|event: InputEvent| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Search(input.value()))
    });
    let onkeydown = sender.callback_if(|event: KeyboardEvent| {
        // Otherwise the browser would close the popup.
        (event.key() == "Escape").then(|| {
            event.prevent_default();
            Msg::ToggleSearch
        })
    });
    let open = sender.callback_if(|event: MouseEvent| {
        let clicked: Element = event.target()?.dyn_into().ok()?;
        let button = clicked.closest("button").ok()??;
        Some(Msg::ListMenu(Some(browser::beside(&button)?.into())))
    });
    html! {
        <>
            <span class="tools">
                if all > 1 {
                    <button id={SELECT_BUTTON} type="button" class="quiet" title={text::select()} aria-label={text::select()} data-testid="select-toggle" onclick={sender.callback(|_| Msg::Select(true))}>{ icon("check") }</button>
                }
                <button id={LIST_MENU} type="button" class="quiet" title={text::sort_title()} aria-label={text::sort_title()} aria-haspopup="menu" aria-expanded={face.list_menu.is_some().to_string()}
                    data-testid="list-menu" onclick={open}>{ icon("sort") }</button>
                if let Some(style) = &face.list_menu { { list_menu(face, sender, style) } }
                if all >= SEARCH_FROM {
                    <button id={SEARCH_BUTTON} type="button" class="quiet" title={text::search()} aria-label={text::search()} aria-expanded={face.searching.to_string()} data-testid="search-toggle" onclick={sender.callback(|_| Msg::ToggleSearch)}>{ icon("search") }</button>
                }
            </span>
            if face.searching {
                <input id={SEARCH_FIELD} class="search" type="search" placeholder={text::search()} aria-label={text::search()} value={face.search.clone()} oninput={onsearch} {onkeydown} data-testid="items-search" />
            }
        </>
    }
}

fn list_menu(face: &Face, sender: &Sender, style: &AttrValue) -> Html {
    let onkeydown = menu_keys(sender, || Msg::ListMenu(None));
    let chosen = |make: fn() -> Msg| sender.callback(move |_| Msg::ListChosen(Box::new(make())));
    let order = |sort: Sort| {
        let onclick = sender.callback(move |_| Msg::ListChosen(Box::new(Msg::Sort(sort))));
        let on = face.sort == sort;
        html! {
            <button type="button" role="menuitemradio" tabindex="-1" aria-checked={on.to_string()} data-testid={format!("sort-{}", sort.word())} {onclick}>
                if on { { icon("done") } } else { <span class="icon none"></span> }
                { text::sort(sort) }
            </button>
        }
    };
    let close = || sender.callback(|_| Msg::ListMenu(None));
    html! {
        <>
            <div class="behind" onclick={close()} onwheel={sender.callback(|_: WheelEvent| Msg::ListMenu(None))}></div>
            <div class="menu" role="menu" aria-label={text::sort_title()} style={style.clone()} {onkeydown} data-testid="menu">
                { for Sort::ALL.into_iter().map(order) }
                if !face.freeing && !face.is_tight() {
                    <button type="button" role="menuitem" class="apart" tabindex="-1" data-testid="clear-old" onclick={chosen(|| Msg::Free)}>{ icon("bin") }{ text::clear_old() }</button>
                }
            </div>
        </>
    }
}

/// Draws how many items are selected, and what can be done with them.
fn selection(face: &Face, sender: &Sender) -> Html {
    let (ids, bytes) = sum(face.selected(|_| true).into_iter());
    let (selected, listed) = (ids.len(), face.count_listed());
    let all = selected == listed && listed > 0;
    let onclick = sender.callback(move |_: MouseEvent| Msg::PickAll(!all));
    let links: Vec<String> = face
        .selected(|_| true)
        .into_iter()
        .filter_map(Item::link)
        .collect();
    let words = copy_words(face.copied.as_ref(), COPY_SELECTED, text::copy_links());
    let no_links = links.is_empty();
    let links = links.join("\n");
    let copy = sender.callback(move |_| Msg::Copy(COPY_SELECTED.to_owned(), links.clone()));
    let each =
        |words: &'static str, testid, is: fn(&Item) -> bool, command: fn(ItemId) -> Command| {
            let (ids, _) = sum(face.selected(is).into_iter());
            let none = ids.is_empty();
            let onclick = sender.callback(move |_| Msg::Each(ids.clone(), command));
            button("small", "", words.into(), testid, none, onclick)
        };
    let ask = |asks| sender.callback(move |_: MouseEvent| Msg::AskSelected(asks));
    let removing = face
        .selection
        .as_ref()
        .is_some_and(|selection| selection.removing);
    html! {
        <div class="bar selected" role="group" aria-label={text::selected_label()} data-testid="selection">
            <div class="line">
                <label class="line"><input id={SELECT_ALL} type="checkbox" checked={all} {onclick} data-testid="select-all" />{ text::filter_all() }<span class="count">{ listed }</span></label>
                <span class="hint" data-testid="selected">{ text::selected_bytes(selected, bytes) }</span>
                <span class="space"></span>
                { button("small", "", text::select_end().into(), "select-end", false, sender.callback(|_| Msg::Select(false))) }
            </div>
            if removing {
                <div class="line">
                    <span class="space">{ text::remove_selected() }</span>
                    { button("small danger", "", text::remove_many(selected as u64).into(), "selected-confirm", false, sender.callback(|_| Msg::RemoveSelected)) }
                    <button id={SELECTED_KEEP} type="button" class="small" data-testid={SELECTED_KEEP} onclick={ask(false)}>{ text::cancel() }</button>
                </div>
            } else {
                <div class="line">
                    { button("small", "", words.into(), COPY_SELECTED, no_links, copy) }
                    { each(text::save(), "selected-save", |item| item.status.is_here(), |id| Command::Save { id }) }
                    { each(text::stop(), "selected-stop", |item| item.providing && item.status.is_here(), |id| Command::Stop { id }) }
                    <button id={SELECTED_REMOVE} type="button" class="small" disabled={selected == 0} data-testid={SELECTED_REMOVE} onclick={ask(true)}>{ text::remove() }</button>
                </div>
            }
        </div>
    }
}

/// Draws how much room there is, and what can be removed to make more.
pub fn room(face: &Face, sender: &Sender) -> Html {
    let (used, limit) = face.room();
    let left = face.state.removed_copies();
    let spare = |(words, always, (ids, bytes)): Spare| {
        let count = ids.len();
        let ask = |asked| sender.callback(move |_: MouseEvent| Msg::AskFree(asked));
        let remove =
            sender.callback(move |_| Msg::Send(Topic::Room, Command::Remove { ids: ids.clone() }));
        html! {
            if count > 0 || always {
                <li key={words}>
                    <span>{ words }</span><span class="hint">{ text::picked(count, bytes) }</span>
                    if face.asked_free == Some(words) {
                        { button("small danger", "", text::remove_many(count as u64).into(), "room-confirm", false, remove) }
                        { button("small", "", text::cancel().into(), "room-keep", false, ask(None)) }
                    } else if count > 0 {
                        <button id={free_id(words)} type="button" class="small" data-testid="room-remove" data-kind={words} onclick={ask(Some(words))}>{ text::remove() }</button>
                    }
                </li>
            }
        }
    };
    html! {
        <div class={classes!("room", face.is_tight().then_some("banner"))} data-testid="room">
            <p class="line">
                if face.is_tight() { { icon("warn") } }
                <span class="hint">if face.is_tight() { <strong>{ text::room_short() }</strong>{ " " } }{ text::room(used, limit) }</span>
                <button id={ROOM_BUTTON} type="button" class="small" aria-expanded={face.freeing.to_string()} data-testid="room-free" onclick={sender.callback(|_| Msg::Free)}>{ text::free() }</button>
            </p>
            { for Whence::of(&left).into_iter().map(|(whence, copies)| html! {
                <p class="hint" data-testid={whence.testid()}>{ text::removed_files(copies.len() as u64, &whence.removed(&copies)) }</p>
            }) }
            if face.freeing {
                <ul>{ for face.spare().into_iter().map(spare) }</ul>
                { hint(text::free_help().into()) }
            }
            { outcome(face, sender, &Topic::Room, "room-refused") }
        </div>
    }
}

fn nothing(face: &Face) -> Html {
    let (title, advice) = match face.tab() {
        _ if !face.search.trim().is_empty() => (text::empty_search(), text::empty_search_advice()),
        Filter::All | Filter::Page => (text::empty_all(), text::empty_all_advice()),
        Filter::Shared => (text::empty_shared(), text::empty_shared_advice()),
        Filter::Fetched => (text::empty_fetched(), text::empty_fetched_advice()),
    };
    empty(title, advice, "empty")
}

/// The properties of a row, which is drawn again only when one of them changes.
#[derive(PartialEq, Properties)]
pub struct RowProps {
    item: Item,
    /// Its place in the list, counted from 1, and the number of items in the list.
    place: (usize, usize),
    /// Whether it is selected, while the person selects.
    picked: Option<bool>,
    /// Which page this is.
    view: View,
    /// Whether the moment that is shown is the one in which it changed.
    changed: bool,
    /// Its status in a few words, which also depends on the connection.
    status: String,
    /// Whether all is well with it: others can fetch it now, or it is for this person alone.
    well: bool,
    /// What others can do with it now.
    now: Option<&'static str>,
    thumbnail: Option<AttrValue>,
    /// The copies of it at storages.
    copies: Vec<Copy>,
    /// The link that opens it in any browser, and whether only the browsers of this computer can follow it.
    web: Option<(String, bool)>,
    /// The origins for which it waits for permission.
    access: Option<Vec<String>>,
    /// Whether the person is asked whether it may be looked for in the public IPFS.
    publicly: bool,
    /// Whether its bytes should be moving and do not.
    stalled: bool,
    /// The button that has just copied something of it, and whether that succeeded.
    copied: Option<(String, bool)>,
    /// Its menu, if that is shown.
    menu: Option<Rc<Menu>>,
    /// Whether its QR code is shown.
    qr: bool,
    /// The name and the note that are typed for it.
    naming: Option<Naming>,
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
    sender: Sender,
}

fn row(face: &Face, sender: &Sender, item: &Item, place: (usize, usize)) -> Html {
    let topic = Topic::Item(item.id.clone());
    let of_item = |key: &str| key.ends_with(&item.id.0);
    let paused = face.settings().paused;
    let waits = face.waits_for_access(item);
    let access = face.access.as_ref();
    let access = access.filter(|_| waits && face.view != View::Time);
    let status = if access.is_some() {
        text::needs_access().to_owned()
    } else if item.providing && paused {
        text::paused_status(item).to_owned()
    } else if item.providing && face.rests_on_metered() {
        text::metered_status(item).to_owned()
    } else {
        text::status(item, face.reach())
    };
    let now = match item.providing && face.rests_on_metered() && !paused {
        true => Some(text::now_metered()),
        false => text::now(item, face.reach(), paused),
    };
    let log_outcome = outcome(
        face,
        sender,
        &Topic::Log(item.id.clone()),
        "item-log-refused",
    );
    html! {
        <Row key={item.id.0.clone()} item={item.clone()} {place} picked={face.selection.as_ref().map(|selection| selection.has(&item.id))} view={face.view} changed={face.time.changed() == Some(&item.id)} {status} well={is_well(face, item)} {now}
            thumbnail={face.thumbnails.get(&item.id).cloned().flatten()} copies={face.state.copies_of(std::slice::from_ref(item))} web={web_link(face, item)}
            access={access.map(|access| access.origins.clone())} stalled={face.is_stalled(item)} publicly={face.asks_publicly(item)}
            copied={face.copied.clone().filter(|(key, _)| of_item(key))}
            menu={face.menu.clone().filter(|menu| menu.id == item.id)} qr={face.qr.as_ref() == Some(&item.id)}
            naming={face.naming.as_ref().filter(|(id, _)| *id == item.id).map(|(_, naming)| naming.clone())} removing={face.removing.as_ref() == Some(&item.id)} waiting={face.is_waiting(&topic)} log={face.open.get(&item.id).cloned()}
            outcome={outcome(face, sender, &topic, "item-refused")} log_outcome={log_outcome} sender={sender.clone()} />
    }
}

/// Whether others can fetch an item now, or it is here for this person alone.
pub fn is_well(face: &Face, item: &Item) -> bool {
    let rests = face.settings().paused || face.rests_on_metered();
    let reachable = face.reach().is_online() && !rests;
    match item.providing {
        true => item.is_shared() && reachable,
        false => item.status == Status::Done,
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

/// Why copies of files are at storages that are not shared any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whence {
    /// Their nodes have not been asked yet, or have not answered.
    Asked,
    /// They would give them up only to a former identity.
    Former,
    /// See [`Left`].
    Left(Left),
}

impl Whence {
    /// Copies by why they are there.
    fn of(copies: &[Copy]) -> Vec<(Self, Vec<Copy>)> {
        let whence = |copy: &Copy| match (copy.left, &copy.owner) {
            (Some(left), _) => Self::Left(left),
            (None, Some(_)) => Self::Former,
            (None, None) => Self::Asked,
        };
        let all = [
            Self::Asked,
            Self::Left(Left::Refused),
            Self::Left(Left::ForOthers),
            Self::Former,
        ];
        let of = |kind: Self| {
            let copies = copies.iter().filter(|copy| whence(copy) == kind);
            (kind, copies.cloned().collect::<Vec<_>>())
        };
        let all = all.into_iter().map(of);
        all.filter(|(_, copies)| !copies.is_empty()).collect()
    }

    fn testid(self) -> &'static str {
        match self {
            Self::Asked => "left-at-storage",
            Self::Former => "left-of-former",
            Self::Left(Left::ForOthers) => "left-for-others",
            Self::Left(Left::Refused) => "left-refused",
        }
    }

    /// The words about copies of a file that is listed.
    fn still(self, copies: &[Copy]) -> String {
        let (hosts, until) = (hosts(copies), last_of(copies));
        match self {
            Self::Asked | Self::Former => text::still_at_storages(&hosts, until),
            Self::Left(Left::ForOthers) => text::still_for_others(&hosts),
            Self::Left(Left::Refused) => text::still_not_taken_back(&hosts, until),
        }
    }

    /// The words about copies of files that were removed.
    fn removed(self, copies: &[Copy]) -> String {
        let (hosts, until) = (hosts(copies), last_of(copies));
        match self {
            Self::Asked => text::removed_at_storages(&hosts, until),
            Self::Former => text::former_at_storages(&hosts, until),
            Self::Left(Left::ForOthers) => text::removed_for_others(&hosts),
            Self::Left(Left::Refused) => text::removed_not_taken_back(&hosts, until),
        }
    }
}

/// Until when the last of these copies has to be kept, in words.
fn last_of(copies: &[Copy]) -> Option<String> {
    copies
        .iter()
        .filter_map(|copy| copy.until)
        .max()
        .map(moment_of)
}

/// Draws one item of the list.
#[function_component]
fn Row(props: &RowProps) -> Html {
    let item = &props.item;
    let open = props.log.is_some();
    let status = item.status.name();
    let name = if item.name.is_empty() {
        text::unknown_name()
    } else {
        &item.name
    };
    let toggle = {
        let id = item.id.clone();
        props
            .sender
            .callback(move |_| Msg::ToggleDetails(id.clone()))
    };
    let about = html! { <>{ file_name(name, "item-name") }{ line(props) }</> };
    let (at, count) = props.place;
    // Firefox does not pass a click with a key on to the box.
    let range = {
        let (id, on) = (item.id.clone(), props.picked == Some(false));
        props.sender.callback_if(move |event: MouseEvent| {
            event.shift_key().then(|| {
                event.prevent_default();
                Msg::Pick(id.clone(), on, true)
            })
        })
    };
    html! {
        <li class={classes!("item", status, text::is_paused(item).then_some("paused"), props.well.then_some("well"), props.changed.then_some("changed"))} id={item_id(&item.id)} tabindex="-1" data-testid="item"
            aria-posinset={at.to_string()} aria-setsize={count.to_string()} data-id={item.id.0.clone()} data-cid={item.cid.clone()} data-status={status}>
            if let Some(picked) = props.picked { { pick(props, picked) } }
            { picture(props) }
            if props.picked.is_some() {
                <label class="about" for={about_id(&item.id)} onclick={range}>{ about }</label>
            } else {
                <button id={about_id(&item.id)} type="button" class="about" aria-expanded={open.to_string()} data-testid="item-log-toggle" onclick={toggle}>{ about }</button>
                // What is shown as it was can only be looked at.
                if props.view != View::Time { { main_action(props) }{ menu_button(props, name) } }
            }
            { progress(props) }
            { troubles(item) }
            if item.lacks_key() { <p class="under line acts" data-testid="item-lacks-key">{ icon("warn") }<span class="hint">{ text::lacks_key() }</span></p> }
            { props.outcome.clone() }
            if let Some(peer) = &item.asking { { asking(props, peer) } }
            if props.publicly { { look_publicly(props) } }
            if props.removing { { question(props) } }
            if let Some(naming) = &props.naming { { name_and_note(props, naming) } }
            if props.qr { { code(props, name) } }
            if let Some(log) = &props.log { { details(props, log.as_deref()) } }
        </li>
    }
}

/// Draws the box that selects the item. With the shift key, it selects all from the last one on.
fn pick(props: &RowProps, picked: bool) -> Html {
    let id = props.item.id.clone();
    let onclick = props.sender.callback_if(move |event: MouseEvent| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Pick(id.clone(), input.checked(), event.shift_key()))
    });
    html! { <input id={about_id(&props.item.id)} type="checkbox" checked={picked} {onclick} data-testid="item-select" /> }
}

/// Draws the line below the name: what others can do now, and then what else there is to say, for which there may be no
/// room.
fn line(props: &RowProps) -> Html {
    let item = &props.item;
    let counters = text::counters(item.requests, item.uploaded);
    // What was copied by the menu has no button that says so.
    let by_menu = |key: &str| !key.starts_with(COPY_BUTTON) || main_of(item) != COPY_BUTTON;
    let copied = props.copied.as_ref().filter(|(key, _)| by_menu(key));
    let state = match copied {
        Some((_, true)) => text::link_copied(),
        Some((_, false)) => text::copy_refused_short(),
        None => &props.status,
    };
    let copied = match item.providing {
        true => {
            let copies = props.copies.iter().filter(|copy| copy.left.is_none());
            // The storage that keeps it longest.
            let copy = copies.max_by_key(|copy| copy.until);
            copy.map(|copy| text::copied_until(copy.until.map(moment_of)))
        }
        false => {
            let kinds = Whence::of(&props.copies).into_iter();
            let kinds: Vec<String> = kinds.map(|(whence, of)| whence.still(&of)).collect();
            (!kinds.is_empty()).then(|| kinds.join(", "))
        }
    };
    let saved = item.saved_as.as_deref();
    let parts = [
        ("item-copied", copied),
        ("item-until", until(props)),
        ("item-calls", calls(props)),
        (
            "item-private-mark",
            item.key.as_ref().map(|_| text::private().to_owned()),
        ),
        ("item-note", item.note.clone()),
        ("item-size", item.size.map(words::size)),
        ("item-files", item.files.map(text::file_count)),
        (
            "item-saved-name",
            saved.map(|saved| text::saved_under(saved, &item.name)),
        ),
        (
            "item-changed",
            (item.changed > 0).then(|| text::names_changed(item.changed)),
        ),
        (
            "item-counters",
            Some(counters).filter(|words| !words.is_empty()),
        ),
    ];
    html! {
        <span class="meta">
            <span class="state" title={state.to_owned()} data-testid="item-status">{ state }</span>
            { for parts.into_iter().filter_map(|(testid, words)| Some(html! { <bdi data-testid={testid}>{ words? }</bdi> })) }
        </span>
    }
}

/// Until when it is shared, in words.
fn until(props: &RowProps) -> Option<String> {
    let until = props.item.limits.until.filter(|_| props.item.providing)?;
    Some(text::shared_until(&browser::minute(until)))
}

/// For how many more calls it is shared, in words.
fn calls(props: &RowProps) -> Option<String> {
    let item = &props.item;
    let calls = item.limits.calls.filter(|_| item.providing)?;
    Some(text::fetches_left(calls.saturating_sub(item.requests)))
}

/// A moment in words, of Unix seconds.
fn moment_of(seconds: u64) -> String {
    browser::minute(seconds.saturating_mul(1000))
}

/// Whether the file, or its beginning, is here, so that it can be shown.
fn can_be_shown(item: &Item) -> bool {
    let has_bytes = item.progress.is_some_and(|progress| progress.bytes > 0);
    item.status.is_here() || item.is_coming() && has_bytes
}

fn picture(props: &RowProps) -> Html {
    let item = &props.item;
    // Keys have the menu for that.
    let shows = can_be_shown(item) && props.view.has_files() && props.picked.is_none();
    let onclick = shows.then(|| {
        let id = item.id.clone();
        let show = move |_: MouseEvent| Msg::Peek(Peek::Open(id.clone()));
        props.sender.callback(show)
    });
    let class = classes!("picture", shows.then_some("shows"));
    // The worker makes a picture in a `data:` URL. Nothing else is shown, least of all anything from the
    // network.
    let thumbnail = props.thumbnail.as_ref();
    match thumbnail.filter(|url| url.starts_with("data:image/")) {
        Some(url) => {
            html! { <img {class} src={url.clone()} alt="" {onclick} data-testid="item-picture" /> }
        }
        None => {
            let kind = match item.is_folder() {
                true => FileKind::Folder,
                false => FileKind::of(item.mime.as_deref(), &item.name),
            };
            html! { <span {class} {onclick} data-testid="item-picture">{ icon(kind.class()) }</span> }
        }
    }
}

fn progress(props: &RowProps) -> Html {
    let item = &props.item;
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
                <div class="under">
                    <progress max="1000" {value} aria-label={text::progress_label()} data-testid="item-progress"></progress>
                    <p class="meta" data-testid="item-moved">{ text::progress(progress, moving, props.stalled.then_some(text::stalled(item.upload.is_some()))) }</p>
                </div>
            }
        }
        None if moving && props.access.is_none() => {
            html! { <div class="under"><progress aria-label={text::progress_label()} data-testid="item-progress"></progress></div> }
        }
        _ => Html::default(),
    }
}

/// Draws a button that copies the item's link; nothing as long as there is no link.
pub fn copy_button(
    copied: Option<&(String, bool)>,
    sender: &Sender,
    item: &Item,
    testid: &'static str,
    class: &'static str,
) -> Html {
    let Some(address) = item.link() else {
        return Html::default();
    };
    let key = format!("{testid} {}", item.id.0);
    let words = copy_words(copied, &key, text::copy_link());
    let onclick = sender.callback(move |_| Msg::Copy(key.clone(), address.clone()));
    button(class, "", words.into(), testid, false, onclick)
}

/// The link that opens the item in any browser, and whether only the browsers of this machine can follow it;
/// `None` if others cannot have the item.
fn web_link(face: &Face, item: &Item) -> Option<(String, bool)> {
    let shared = item.is_shared();
    shared.then(|| face.state.web_link(item)).flatten()
}

/// What a button or an entry of the menu does.
#[derive(Clone, PartialEq)]
enum Deed {
    /// It gives the worker a command.
    Give(Command),
    /// It asks the browser for files that it reads only after a click, and shares them.
    Unlock,
    /// It copies a text.
    Copy(String),
    /// It has the system send a link.
    Send(String),
    /// It shows what is in it.
    Show,
    /// It shows the QR code.
    Qr,
    /// It asks for a name and a note.
    Name,
    /// It shows or hides the details.
    Details,
    /// It asks whether to remove the item.
    Remove,
}

/// Something that a person can do with an item.
#[derive(Clone, PartialEq)]
struct Action {
    picture: &'static str,
    words: &'static str,
    testid: &'static str,
    deed: Deed,
}

/// The menu of an item. Its entries are those of the moment when it was opened: nothing moves under a pointer or a focus
/// that is on its way to one of them, whatever the item does meanwhile. What has become impossible the worker refuses.
#[derive(PartialEq)]
pub struct Menu {
    /// The item.
    pub id: ItemId,
    /// The style that puts it beside its button.
    style: AttrValue,
    entries: Vec<Action>,
}

impl Menu {
    /// The menu with everything that has no button in the row, if there is such an item.
    pub fn new(face: &Face, id: ItemId, style: AttrValue) -> Option<Self> {
        let item = face.state.items.get(&id)?;
        let main = main_of(item);
        let asks = face.access.is_some() && face.waits_for_access(item);
        let mut entries = actions(item, web_link(face, item).as_ref());
        entries.retain(|action| action.testid != main || asks);
        Some(Self { id, style, entries })
    }
}

impl Menu {
    /// The same menu with another style.
    pub fn placed(&self, style: AttrValue) -> Self {
        Self {
            id: self.id.clone(),
            style,
            entries: self.entries.clone(),
        }
    }
}

impl Action {
    fn msg(deed: &Deed, id: &ItemId, testid: &str) -> Msg {
        match deed.clone() {
            Deed::Give(command) => Msg::Send(Topic::Item(id.clone()), command),
            Deed::Unlock => Msg::Unlock(id.clone()),
            Deed::Copy(text) => Msg::Copy(format!("{testid} {}", id.0), text),
            Deed::Send(link) => Msg::SendLink(link),
            Deed::Show => Msg::Peek(Peek::Open(id.clone())),
            Deed::Qr => Msg::Qr(Some(id.clone())),
            Deed::Name => Msg::Name(Name::Ask(Some(id.clone()))),
            Deed::Details => Msg::ToggleDetails(id.clone()),
            Deed::Remove => Msg::AskRemove(Some(id.clone())),
        }
    }
}

/// What a person can do with the item in its present status, in the order of the menu.
fn actions(item: &Item, web: Option<&(String, bool)>) -> Vec<Action> {
    let id = || item.id.clone();
    let whole = item.status.is_here();
    let interrupted = item.status.is_interrupted();
    let share = item.origin == Origin::Share;
    let mut actions = Vec::new();
    let mut add = |picture, words, testid, deed| {
        actions.push(Action {
            picture,
            words,
            testid,
            deed,
        });
    };
    let resume = Deed::Give(Command::Resume { id: id() });
    let again = match item.stays {
        true => Deed::Unlock,
        false => Deed::Give(Command::ShareAgain { id: id() }),
    };
    if interrupted && text::is_paused(item) {
        add("play", text::resume(), "item-resume", resume);
    } else if interrupted {
        add("again", text::retry(), "item-resume", resume);
    } else if item.can_resume() {
        add("again", text::retry(), "item-retry", resume);
    }
    if item.status.is_moving() {
        let words = if share { text::cancel() } else { text::pause() };
        add(
            "pause",
            words,
            "item-pause",
            Deed::Give(Command::Pause { id: id() }),
        );
    }
    if let Some(link) = item.link() {
        add("copy", text::copy_link(), COPY_BUTTON, Deed::Copy(link));
    }
    if let Some((link, _)) = web.cloned() {
        add(
            "window",
            text::copy_web_link(),
            "item-web",
            Deed::Copy(link),
        );
    }
    if let Some(link) = item.link().filter(|_| browser::can_send()) {
        // Whoever gets one that opens in any browser needs nothing else.
        let in_any = web.filter(|(_, is_local)| !is_local);
        let link = in_any.map_or(link, |(link, _)| link.clone());
        add("out", text::send_link(), "item-send", Deed::Send(link));
    }
    if item.link().is_some() {
        add("qr", text::qr(), "item-qr", Deed::Qr);
    }
    if can_be_shown(item) {
        add("eye", text::show(), "item-show", Deed::Show);
    }
    if whole {
        let words = match item.saved_as {
            Some(_) => text::save_again(),
            None => text::save(),
        };
        add(
            "down",
            words,
            "item-save",
            Deed::Give(Command::Save { id: id() }),
        );
    }
    if whole && item.providing {
        add(
            "stop",
            text::stop(),
            "item-stop",
            Deed::Give(Command::Stop { id: id() }),
        );
    } else if whole {
        let words = if share {
            text::again()
        } else {
            text::share_too()
        };
        add("up", words, "item-again", again);
    } else if item.needs_click() {
        add("up", text::again(), "item-unlock", again);
    } else if item.can_read_again() {
        add("again", text::retry(), "item-again", again);
    }
    if item.can_be_page() {
        let page = Deed::Give(Command::SharePage { id: id() });
        add("up", text::share_page(), "item-page", page);
    }
    let words = match item.can_be_renamed() {
        true => text::rename_and_note(),
        false => text::note_only(),
    };
    add("pen", words, "item-rename", Deed::Name);
    add("document", text::details(), "item-details", Deed::Details);
    if interrupted {
        add("bin", text::discard(), "item-discard", Deed::Remove);
    } else {
        add("bin", text::remove(), "item-remove", Deed::Remove);
    }
    actions
}

/// The one action that a person most likely wants, by its test id.
fn main_of(item: &Item) -> &'static str {
    let share = item.origin == Origin::Share;
    match () {
        () if item.status.is_interrupted() => "item-resume",
        () if item.can_resume() => "item-retry",
        () if item.status.is_moving() => "item-pause",
        () if item.needs_click() => "item-unlock",
        () if item.can_read_again() => "item-again",
        () if share && !item.providing => "item-again",
        () if !share && item.saved_as.is_none() => "item-save",
        () if item.providing => COPY_BUTTON,
        () => "item-save",
    }
}

/// Draws the one thing that a person most likely wants to do, as a button of the row.
fn main_action(props: &RowProps) -> Html {
    let (item, sender) = (&props.item, &props.sender);
    if let Some(origins) = props.access.clone() {
        let allow = sender.asking(origins, async |may| Msg::Allowed(may));
        return button(
            "small main",
            "",
            text::access_allow().into(),
            "item-allow-access",
            false,
            allow,
        );
    }
    let main = main_of(item);
    let Some(action) = actions(item, props.web.as_ref())
        .into_iter()
        .find(|action| action.testid == main)
    else {
        // A file that the person chose: its bytes are no longer here, and nobody else has them.
        let id = item.id.clone();
        let told = move |picked| Msg::PickedFor(id.clone(), picked);
        return share::choose(
            props.view,
            sender,
            false,
            "small",
            text::choose_again(),
            "item-choose",
            told,
        );
    };
    if main == COPY_BUTTON {
        return copy_button(props.copied.as_ref(), sender, item, COPY_BUTTON, "small");
    }
    let class = match action.testid {
        "item-resume" | "item-retry" | "item-again" | "item-unlock" => "small main",
        _ => "small",
    };
    let (id, deed) = (item.id.clone(), action.deed);
    let onclick = sender.callback(move |_| Action::msg(&deed, &id, main));
    button(class, "", action.words.into(), main, props.waiting, onclick)
}

/// Draws the button that opens the menu, and the menu.
fn menu_button(props: &RowProps, name: &str) -> Html {
    let (item, sender) = (&props.item, &props.sender);
    let label = text::more_about(name);
    let open = {
        let id = item.id.clone();
        sender.callback_if(move |event: MouseEvent| {
            // The click may be on the icon in the button.
            let clicked: Element = event.target()?.dyn_into().ok()?;
            let button = clicked.closest("button").ok()??;
            Some(Msg::OpenMenu(id.clone(), browser::beside(&button)?.into()))
        })
    };
    let shown = props.menu.is_some();
    html! {
        <>
            <span class="tools">
            { web_button(props) }
            <button id={menu_id(&item.id)} type="button" class="quiet" title={text::more_actions()} aria-label={label.clone()} aria-haspopup="menu"
                aria-expanded={shown.to_string()} data-testid="item-menu" onclick={open}>{ icon("dots") }</button>
            </span>
            if let Some(shown) = &props.menu { { menu(props, &label, shown) } }
        </>
    }
}

fn web_help(props: &RowProps) -> &'static str {
    match props.web {
        Some((_, true)) => text::web_local_help(),
        _ => text::web_help(),
    }
}

/// Draws the button that copies the web link, which is there while the row has the pointer or the focus.
fn web_button(props: &RowProps) -> Html {
    let Some((link, _)) = props.web.clone() else {
        return Html::default();
    };
    let key = format!("item-web {}", props.item.id.0);
    let onclick = props
        .sender
        .callback(move |_| Msg::Copy(key.clone(), link.clone()));
    let title = words::join(&text::sentence(text::copy_web_link()), web_help(props));
    html! {
        <button type="button" class="quiet web" {title} aria-label={text::copy_web_link()} data-testid="item-web-copy" {onclick}>{ icon("window") }</button>
    }
}

/// Draws the button in the details that copies a link.
fn copy_of(props: &RowProps, testid: &'static str, link: String) -> Html {
    let key = format!("{testid} {}", props.item.id.0);
    let words = copy_words(props.copied.as_ref(), &key, text::copy());
    let onclick = props
        .sender
        .callback(move |_| Msg::Copy(key.clone(), link.clone()));
    button("small", "", words.into(), testid, false, onclick)
}

fn menu(props: &RowProps, label: &str, menu: &Menu) -> Html {
    let sender = &props.sender;
    let onkeydown = menu_keys(sender, || Msg::CloseMenu);
    let entry = |action: &Action| {
        let Action {
            picture,
            words,
            testid,
            deed,
        } = action;
        let (id, testid, deed) = (menu.id.clone(), *testid, deed.clone());
        let onclick =
            sender.callback(move |_| Msg::Chosen(Box::new(Action::msg(&deed, &id, testid))));
        let help = (testid == "item-web").then(|| web_help(props));
        html! {
            <button type="button" role="menuitem" tabindex="-1" title={help} data-testid={testid} {onclick}>
                { icon(picture) }{ words }
            </button>
        }
    };
    html! {
        <>
            <div class="behind" onclick={sender.callback(|_| Msg::CloseMenu)} onwheel={sender.callback(|_: WheelEvent| Msg::CloseMenu)}></div>
            <div class="menu" role="menu" aria-label={label.to_owned()} style={menu.style.clone()} {onkeydown} data-testid="menu">
                { for menu.entries.iter().map(entry) }
            </div>
        </>
    }
}

/// What keys do in a menu: they go from entry to entry, or close it.
fn menu_keys(sender: &Sender, close: fn() -> Msg) -> Callback<KeyboardEvent> {
    sender.callback_if(move |event: KeyboardEvent| {
        let key = event.key();
        if focus::in_menu(&key) {
            event.prevent_default();
            return None;
        }
        // Otherwise the browser would close the popup.
        if key == "Escape" {
            event.prevent_default();
        }
        matches!(&*key, "Escape" | "Tab").then(close)
    })
}

/// Draws the QR code of the link: of the one that opens in any browser, unless only this computer can follow that.
fn code(props: &RowProps, name: &str) -> Html {
    let web = props.web.as_ref().filter(|(_, local)| !local);
    let (link, help) = match web {
        Some((link, _)) => (Some(link.clone()), text::qr_web()),
        None => (props.item.link(), text::qr_link()),
    };
    let link = link.unwrap_or_default();
    let close = props.sender.callback(|_| Msg::Qr(None));
    html! {
        <div class="under code-of" data-testid="item-qr-code">
            { qr_code(&link, text::qr_of(name), help) }
            <button id={qr_id(&props.item.id)} type="button" class="small" data-testid="item-qr-close" onclick={close}>{ text::close() }</button>
        </div>
    }
}

/// Draws the fields for the name and the note of the item.
fn name_and_note(props: &RowProps, naming: &Naming) -> Html {
    let (item, sender) = (&props.item, &props.sender);
    let name = naming.name.as_ref().unwrap_or(&item.name);
    let name = item.can_be_renamed().then_some(&**name);
    let help = match name {
        Some(_) if item.providing => text::name_told(),
        Some(_) => "",
        None if item.key.is_some() => text::name_sealed(),
        None => text::name_later(),
    };
    let onsubmit = sender.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Name(Name::Give)
    });
    let onkeydown = sender.callback_if(|event: KeyboardEvent| {
        // Otherwise the browser would close the popup.
        (event.key() == "Escape").then(|| {
            event.prevent_default();
            Msg::Name(Name::Ask(None))
        })
    });
    html! {
        <form class="under question" aria-label={text::rename_and_note()} novalidate=true {onsubmit} {onkeydown} data-testid="item-naming">
            { naming::fields(sender, naming_id(&item.id), name, help, &naming.note) }
            <p class="buttons">
                <button type="submit" class="small main" data-testid="item-name-give">{ text::save() }</button>
                { button("small", "", text::cancel().into(), "item-name-keep", false, sender.callback(|_| Msg::Name(Name::Ask(None)))) }
            </p>
        </form>
    }
}

fn question(props: &RowProps) -> Html {
    let item = &props.item;
    let discard = item.status.is_interrupted();
    let remove = {
        let id = item.id.clone();
        props.sender.callback(move |_| {
            Msg::Send(
                Topic::Item(id.clone()),
                Command::Remove {
                    ids: vec![id.clone()],
                },
            )
        })
    };
    html! {
        <div class="under question" role="group" aria-label={text::remove()}>
            <p>{ text::remove_question(item) }</p>
            <p class="buttons">
                { button("small danger", "", if discard { text::discard() } else { text::remove() }.into(), "item-confirm", false, remove) }
                <button id={question_id(&item.id)} type="button" class="small" data-testid="item-keep" onclick={props.sender.callback(|_| Msg::AskRemove(None))}>{ text::cancel() }</button>
            </p>
        </div>
    }
}

fn troubles(item: &Item) -> Html {
    // What the person has paused themselves is no trouble.
    let paused = text::is_paused(item) && item.status.is_interrupted();
    let ended = item.status.failure().filter(|_| !paused);
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
    let past = props.view == View::Time;
    let source = item
        .source
        .as_ref()
        .and_then(|source| source.page.clone().or_else(|| source.url.clone()));
    let private = item.key.as_ref().map(|_| text::private_help().to_owned());
    let web = props.web.as_ref().map(|(address, _)| address.clone());
    let now = props.now.map(str::to_owned);
    let facts = [
        (text::now_label(), "", "item-now", now, None),
        (text::private(), "", "item-private", private, None),
        (
            text::note_label(),
            "",
            "item-noted",
            item.note.clone(),
            None,
        ),
        (
            text::link(),
            "code",
            "item-link",
            item.link(),
            Some("item-link-copy"),
        ),
        (
            text::web_link(),
            "code",
            "item-web-link",
            web,
            Some("item-web-link-copy"),
        ),
        (text::from(), "code", "item-from", source, None),
        (
            text::saved_as(),
            "",
            "item-saved",
            item.saved_as.clone(),
            None,
        ),
    ];
    let fact = |(title, class, testid, words, copy): (
        &'static str,
        &'static str,
        &'static str,
        Option<String>,
        Option<&'static str>,
    )| {
        let words = words?;
        let copy = copy
            .filter(|_| !past)
            .map(|copy| copy_of(props, copy, words.clone()));
        Some(
            html! { <><dt>{ title }</dt><dd {class}><bdi data-testid={testid}>{ words }</bdi>{ copy }</dd></> },
        )
    };
    let limits: Vec<String> = until(props).into_iter().chain(calls(props)).collect();
    let limits = match limits.is_empty() {
        true => text::ends_never().to_owned(),
        false => words::list(limits.iter().map(String::as_str)),
    };
    html! {
        <div class="under details">
            <dl>
                { for facts.into_iter().filter_map(fact) }
                if !props.copies.is_empty() { <dt>{ text::copies() }</dt> }
                { for props.copies.iter().map(|copy| html! {
                    <dd data-testid="item-copy">{ text::kept(&copy.host(), copy.left, copy.until.map(moment_of)) }</dd>
                }) }
                if item.providing { <dt>{ text::ends_label() }</dt><dd><p>{ limits }</p>if !past { { ends(props) }{ ask_first(props) } }</dd> }
                <dt>{ text::added() }</dt><dd>{ time(item.created) }</dd>
            </dl>
            if !past { { whole_log(props, log) } }
        </div>
    }
}

/// Draws the log of an item, and who asked for it.
fn whole_log(props: &RowProps, log: Option<&[LogLine]>) -> Html {
    let about = text::about(props.item.origin);
    html! {
        <>
            { who_asked(&props.item, log.unwrap_or_default()) }
            <h3>{ text::log_title() }</h3>
            { props.log_outcome.clone() }
            <ol class="log" tabindex="0" aria-label={text::log_title()} data-testid="item-log">
                { for log.unwrap_or_default().iter().rev().map(|line| html! { <li>{ time(line.at) }{ " " }<bdi>{ text::log(&line.entry, about) }</bdi></li> }) }
                if log.is_none() {
                    <li class="hint">{ text::log_reading() }</li>
                } else if log.is_some_and(<[LogLine]>::is_empty) {
                    <li class="hint">{ text::log_empty() }</li>
                }
            </ol>
        </>
    }
}

/// Draws the calls for the item that were answered: when, which peer, and what was uploaded for it.
fn who_asked(item: &Item, log: &[LogLine]) -> Html {
    let askers = askers::of(log);
    if askers.is_empty() {
        return Html::default();
    }
    // A log keeps only so many lines.
    let earlier = item.requests.saturating_sub(askers::count(&askers));
    html! {
        <>
            <h3 id={format!("askers-{}", item.id.0)}>{ text::askers() }</h3>
            <div class="log askers" tabindex="0" role="region" aria-labelledby={format!("askers-{}", item.id.0)}>
                <table data-testid="item-askers">
                    <thead><tr><th scope="col">{ text::asked_when() }</th><th scope="col">{ text::asked_who() }</th><th scope="col">{ text::asked_sent() }</th></tr></thead>
                    <tbody>
                        { for askers.iter().map(|asker| html! {
                            <tr><td>{ time(asker.at) }</td><td class="code">{ text::who(asker.who) }</td><td>{ text::sent(asker.who, asker.sent) }</td></tr>
                        }) }
                    </tbody>
                </table>
                if earlier > 0 { <p class="hint" data-testid="item-earlier">{ text::earlier_calls(earlier) }</p> }
            </div>
        </>
    }
}

/// Draws the choice of when the item stops being shared by itself.
fn ends(props: &RowProps) -> Html {
    let id = props.item.id.clone();
    let onchange = props.sender.callback_if(move |event: Event| {
        // The first option says only what the others are for.
        let at = chosen(&event)?.checked_sub(1)?;
        let (seconds, calls) = text::ENDS.get(at)?;
        let command = Command::Limit {
            id: id.clone(),
            seconds: *seconds,
            calls: *calls,
        };
        Some(Msg::Send(Topic::Item(id.clone()), command))
    });
    html! {
        <select aria-label={text::ends_label()} {onchange} data-testid="item-ends">
            <option selected=true>{ text::ends_change() }</option>
            { for text::ends().into_iter().map(|words| html! { <option>{ words }</option> }) }
        </select>
    }
}

/// Draws whether the person is asked before anybody gets the item.
fn ask_first(props: &RowProps) -> Html {
    let (id, checked) = (props.item.id.clone(), props.item.asks);
    let onchange = props.sender.callback(move |_: Event| {
        let command = Command::AskFirst {
            id: id.clone(),
            asks: !checked,
        };
        Msg::Send(Topic::Item(id.clone()), command)
    });
    html! {
        <label class="check"><input type="checkbox" {checked} {onchange} data-testid="item-ask-first" /><span>{ text::ask_first() }</span></label>
    }
}

/// Draws the question whether a caller gets the item.
fn asking(props: &RowProps, peer: &str) -> Html {
    let decide = |allow: bool| {
        let id = props.item.id.clone();
        props.sender.callback(move |_| {
            let command = Command::Decide {
                id: id.clone(),
                allow,
            };
            Msg::Send(Topic::Item(id.clone()), command)
        })
    };
    html! {
        <div class="under question" role="alert" data-testid="item-asking">
            <p>{ text::somebody_asks(&text::peer_end(peer).unwrap_or_default()) }</p>
            <p class="buttons">
                { button("small main", "", words::worker::allow().into(), "item-allow", false, decide(true)) }
                { button("small", "", words::worker::refuse().into(), "item-refuse", false, decide(false)) }
            </p>
        </div>
    }
}

/// Asks whether a file that nobody shares may be looked for elsewhere.
fn look_publicly(props: &RowProps) -> Html {
    let decide = |allow: bool| {
        let id = props.item.id.clone();
        props.sender.callback(move |_| {
            let command = Command::LookPublicly {
                id: id.clone(),
                allow,
            };
            Msg::Send(Topic::Item(id.clone()), command)
        })
    };
    html! {
        <div class="under question" data-testid="item-public">
            <p>{ text::public_question() }</p>
            <p class="buttons">
                { button("small main", "", text::public_look().into(), "public-allow", props.waiting, decide(true)) }
                { button("small", "", text::public_never().into(), "public-refuse", props.waiting, decide(false)) }
            </p>
        </div>
    }
}

fn time(at: u64) -> Html {
    html! { <time datetime={browser::timestamp(at)}>{ browser::moment(at) }</time> }
}
