//! The page of what happened: a moment that can be moved, and the list as it was then.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use fluence::command::Command;

use super::{button, card, complaint, hint, items, options, outcome, waiting};
use crate::face::{Face, Msg, Sender, Topic, Travel};
use crate::{browser, text};

/// Draws the page.
pub fn view(face: &Face, sender: &Sender) -> Html {
    if !face.time.whole {
        return html! {
            <>{ waiting(text::time_reading(), "time-reading") }{ outcome(face, sender, &Topic::History, "time-refused") }</>
        };
    }
    let count = face.count_listed();
    html! {
        <>
            { moment(face, sender) }
            <section class="items" aria-label={text::items_title()} onkeydown={items::keys(sender, None)} data-testid="then">
                if count == 0 { { hint(text::time_nothing().into()) } } else { { items::list(face, sender, count) } }
            </section>
            { file(face, sender) }
        </>
    }
}

fn moment(face: &Face, sender: &Sender) -> Html {
    let time = &face.time;
    let (at, last) = (time.at, time.history.len());
    let oninput = sender.callback_if(|event: InputEvent| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        Some(Msg::Time(Travel::To(input.value().parse().ok()?)))
    });
    let step = |words: &'static str, testid: &'static str, to: Option<usize>| {
        let onclick = sender.callback_if(move |_| Some(Msg::Time(Travel::To(to?))));
        button("small", "", words.into(), testid, to.is_none(), onclick)
    };
    let when = time.event().map(|event| browser::minute(event.at));
    let what = time
        .event()
        .map(|event| text::event(&event.kind, &face.state));
    let content = html! {
        <div class="moment">
            <p data-testid="time-event">
                <strong>{ what.clone().unwrap_or_else(|| text::time_beginning().to_owned()) }</strong>
                if let Some(when) = &when { { " · " }<span class="hint">{ when }</span> }
            </p>
            if !time.changes.is_empty() {
                <ul class="hint" data-testid="time-changes">{ for time.changes.iter().map(options::change) }</ul>
            }
            <input type="range" min="0" max={last.to_string()} value={at.to_string()} aria-label={text::time_moment()} aria-valuetext={what} {oninput} data-testid="time-moment" />
            <p class="line">
                { step(text::time_before(), "time-before", at.checked_sub(1)) }
                { step(text::time_after(), "time-after", Some(at + 1).filter(|to| *to <= last)) }
                { step(text::time_now(), "time-now", Some(last).filter(|to| *to > at)) }
                <span class="hint" data-testid="time-count">{ text::time_count(at as u64, last as u64) }</span>
            </p>
        </div>
    };
    let title = match &time.file {
        Some(name) => {
            html! { <p class="hint" data-testid="time-file">{ text::time_of_file(name) }</p> }
        }
        None => hint(text::time_help().into()),
    };
    card(
        "stays",
        "time-title",
        text::time_title(),
        html! { <>{ title }{ content }</> },
    )
}

fn file(face: &Face, sender: &Sender) -> Html {
    let time = &face.time;
    let travel = |what: fn() -> Travel| sender.callback(move |_: MouseEvent| Msg::Time(what()));
    let export = sender.callback(|_| Msg::Send(Topic::HistoryFile, Command::ExportHistory));
    let onchange = sender.callback_if(|event: Event| {
        let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
        let file = input.files()?.get(0)?;
        // This allows the same file to be chosen again.
        input.set_value("");
        Some(Msg::Time(Travel::Chosen(file)))
    });
    let content = html! {
        <>
            { hint(text::time_file_help().into()) }
            <p class="buttons">
                if time.file.is_some() {
                    { button("", "", text::time_back().into(), "time-back", false, travel(|| Travel::Back)) }
                } else {
                    { button("", "down", text::time_export().into(), "time-export", face.is_waiting(&Topic::HistoryFile), export) }
                }
                <label class="button">
                    <input class="unseen" type="file" accept=".json" {onchange} data-testid="time-open" />{ text::time_open() }
                </label>
                if time.file.is_none() && !time.asks {
                    { button("", "bin", text::time_forget().into(), "time-forget", false, travel(|| Travel::Ask(true))) }
                }
            </p>
            if time.asks {
                <p role="alert">{ text::time_forget_question() }</p>
                <p class="buttons">
                    { button("danger", "", text::time_forget().into(), "time-forget-now", false, travel(|| Travel::Forget)) }
                    { button("", "", text::cancel().into(), "time-keep", false, travel(|| Travel::Ask(false))) }
                </p>
            }
            { complaint(time.wrong.map(str::to_owned).as_ref(), "time-wrong") }
            { outcome(face, sender, &Topic::HistoryFile, "time-export-refused") }
            { outcome(face, sender, &Topic::Forget, "time-forget-refused") }
        </>
    };
    card("", "time-file-title", text::time_file(), content)
}
