//! The names and notes that a person gives to files, before they are shared and after.

use fluence::command::Command;
use fluence::names::told_name;
use fluence::state::ItemId;

use super::{Face, Focus, Sender, Topic, menu_id};
use crate::files::Picked;

/// The `id` of the first field of an item's name and note.
pub fn naming_id(id: &ItemId) -> String {
    format!("naming-{}", id.0)
}

/// A name and a note as they are typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Naming {
    /// The name; `None` as long as it is as it was.
    pub name: Option<String>,
    /// The note.
    pub note: String,
}

impl Naming {
    /// The note, unless it is empty.
    pub fn noted(&self) -> Option<String> {
        Some(self.note.clone()).filter(|note| !note.trim().is_empty())
    }

    /// The note, or an empty one if only a name was typed; `None` if nothing was.
    pub fn given(&self) -> Option<String> {
        let name = self.name.as_deref().unwrap_or_default();
        let named = (!name.trim().is_empty()).then(String::new);
        self.noted().or(named)
    }
}

/// What can happen to names and notes.
pub enum Name {
    /// Those of an item are to be typed, or no longer.
    Ask(Option<ItemId>),
    /// A name was typed, for an item (`true`) or for what is to be shared.
    Called(bool, String),
    /// A note was typed, as a name is.
    Noted(bool, String),
    /// The item is to have them.
    Give,
    /// Whether a single file that is picked waits for them before it is shared.
    First(bool),
}

impl Face {
    /// Does what the person wants with names and notes.
    pub(super) fn name(&mut self, sender: &Sender, what: Name) {
        match what {
            Name::Ask(Some(id)) => {
                let Some(item) = self.state.items.get(&id) else {
                    return;
                };
                let note = item.note.clone().unwrap_or_default();
                self.focus = Some(Focus::Id(naming_id(&id)));
                self.naming = Some((id, Naming { name: None, note }));
            }
            Name::Ask(None) => self.end_naming(),
            Name::Called(of_item, typed) => self.typed_naming(of_item).name = Some(typed),
            Name::Noted(of_item, typed) => self.typed_naming(of_item).note = typed,
            Name::Give => {
                if let Some((id, naming)) = self.naming.clone() {
                    self.end_naming();
                    let note = naming.noted();
                    let name = naming.name;
                    let topic = Topic::Item(id.clone());
                    self.send(sender, topic, Command::Rename { id, name, note });
                }
            }
            Name::First(first) => self.names_first = first,
        }
    }

    fn typed_naming(&mut self, of_item: bool) -> &mut Naming {
        match &mut self.naming {
            Some((_, naming)) if of_item => naming,
            _ => &mut self.stage_naming,
        }
    }

    fn end_naming(&mut self) {
        if let Some((id, _)) = self.naming.take() {
            self.focus = Some(Focus::Id(menu_id(&id)));
        }
    }

    /// The name of what was picked, if it becomes one item that has a name.
    pub fn staged_name(&self) -> Option<String> {
        match &self.stage[..] {
            [] => None,
            [only] if !self.together => Some(only.path.clone()),
            _ if !self.together => None,
            files => Some(common_folder(files).unwrap_or_default().to_owned()),
        }
    }
}

/// The folder in which all of these files are, if there is one.
fn common_folder(files: &[Picked]) -> Option<&str> {
    let (folder, _) = files.first()?.path.split_once('/')?;
    let is_in = |picked: &Picked| {
        picked
            .path
            .split_once('/')
            .is_some_and(|(of, _)| of == folder)
    };
    files.iter().all(is_in).then_some(folder)
}

/// Gives what was picked another name, unless that is empty: the only file, or the folder that all files become.
pub(super) fn rename(files: &mut [Picked], together: bool, typed: &str) {
    if typed.trim().is_empty() {
        return;
    }
    let name = told_name(typed);
    match files {
        [only] if !together => only.path = name,
        files if together => {
            let taken = common_folder(files).map_or(0, |folder| folder.len() + 1);
            for picked in files {
                picked.path = format!("{name}/{}", &picked.path[taken..]);
            }
        }
        _ => {}
    }
}
