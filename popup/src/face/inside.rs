//! What is in the folder at the link in the field, which is not here.

use fluence::command::{Command, Entry};

use super::{Face, Sender, Topic};
use crate::small_map::SmallMap;

/// What is in the folder at a link, as far as the person has looked.
#[derive(Default)]
pub struct Inside {
    /// What is in the folders that are open, by their CIDs; that of the folder at the link is not needed.
    open: SmallMap<Option<String>, Listed>,
}

/// What is in one folder.
pub struct Listed {
    /// The CID of the folder at the link.
    pub root: String,
    /// Its entries; `None` if no storage has the folder, so that it would have to be uploaded first.
    pub entries: Option<Vec<Entry>>,
    /// Whether there are more.
    pub more: bool,
}

impl Inside {
    /// What is in a folder in the folder at the link (`None` for that one), if it is open.
    pub fn of(&self, folder: &Option<String>) -> Option<&Listed> {
        self.open.get(folder)
    }
}

impl Face {
    /// Lists what is in a folder, or closes it again. Only if the person wants that (`upload`) it is uploaded for this.
    pub(super) fn look_inside(&mut self, sender: &Sender, within: Option<String>, upload: bool) {
        if self.inside.open.remove(&within).is_some() && !upload {
            return;
        }
        let link = self.fetch_text.trim().to_owned();
        let command = Command::Inside {
            link,
            within,
            upload,
        };
        self.send(sender, Topic::Inside, command);
    }

    /// Forgets what is in the folder, because another link is in the field. What is answered late is not about that.
    pub(super) fn forget_inside(&mut self) {
        self.inside = Inside::default();
        self.failures.remove(&Topic::Inside);
        let is_listing = |command: &Command| matches!(command, Command::Inside { .. });
        self.pending.retain(|_, (_, command)| !is_listing(command));
    }

    /// Fetches what is at a path in the folder.
    pub(super) fn fetch_entry(&mut self, sender: &Sender, path: &str) {
        if let Some(listed) = self.inside.of(&None) {
            let link = format!("{}/{path}", listed.root);
            self.send(sender, Topic::Inside, Command::Fetch { link });
        }
    }

    /// Keeps what is in a folder, if its link is still the one in the field.
    pub(super) fn keep_inside(&mut self, command: Command, listed: Listed) {
        if let Command::Inside { link, within, .. } = command
            && link == self.fetch_text.trim()
        {
            self.inside.open.insert(within, listed);
        }
    }

    /// Whether it is being asked what is in a folder.
    pub fn is_looking_inside(&self, folder: &Option<String>) -> bool {
        let asked = |command: &Command| matches!(command, Command::Inside { within, .. } if within == folder);
        self.pending.values().any(|(_, command)| asked(command))
    }
}
