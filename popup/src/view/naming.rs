//! The fields for the name and the note of a file.

use fluence::names::{MAX_FILE_NAME, MAX_NOTE};
use yew::prelude::*;

use super::hint;
use super::options::typed;
use crate::face::{Msg, Name, STAGE_NAME, Sender};
use crate::text;

/// Draws the fields, of which `id` is the first one's: those of an item, or of what is to be shared. The name is left out if there can
/// be no other; `help` says why, or what another one does.
pub fn fields(
    sender: &Sender,
    id: String,
    name: Option<&str>,
    help: &'static str,
    note: &str,
) -> Html {
    let of_item = id != STAGE_NAME;
    let on = |what: fn(bool, String) -> Name| {
        sender.callback_if(move |event: InputEvent| Some(Msg::Name(what(of_item, typed(&event)?))))
    };
    let (onname, onnote) = (on(Name::Called), on(Name::Noted));
    let (name_id, note_id) = match name {
        Some(_) => (Some(id), None),
        None => (None, Some(id)),
    };
    html! {
        <div class="naming">
            if let Some(name) = name {
                <label>
                    <span>{ text::name_label() }</span>
                    <input id={name_id} type="text" dir="auto" maxlength={MAX_FILE_NAME.to_string()} autocomplete="off" spellcheck="false" value={name.to_owned()} oninput={onname} data-select="stem" data-testid="naming-name" />
                </label>
            }
            if !help.is_empty() { { hint(help.into()) } }
            <label>
                <span>{ text::note_label() }</span>
                <input id={note_id} type="text" dir="auto" maxlength={MAX_NOTE.to_string()} autocomplete="off" placeholder={text::note_hint()} value={note.to_owned()} oninput={onnote} data-testid="naming-note" />
            </label>
        </div>
    }
}
