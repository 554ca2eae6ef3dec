//! The files on the page and those that the person picks, and the permission to read them.

use fluence::command::{Command, HandedFile};
use fluence::failure::Code;
use web::extension::{downloads, pages};
use web_sys::File;

use super::{Access, Face, Focus, Msg, PageView, Sender, Topic};
use crate::browser::{self, Handover};
use crate::files::{self, PickError, Picked};
use crate::page::{self, PageFile};
use crate::text;

/// The number of files on the page that are listed at first.
pub const FEW_PAGE_FILES: usize = 4;
/// How many of the newest downloads are searched for those of one page.
const MAX_DOWNLOADS: u32 = 500;

/// Examines the page of a tab: the tab with this id, or else the one that the popup was opened on.
pub(super) async fn look_at(number: Option<i32>) -> PageView {
    let tab = pages::tab(number).await.ok();
    let Some((tab, url)) = tab.and_then(|tab| {
        let url = tab.url.clone()?;
        Some((tab, url))
    }) else {
        // The browser shows the popup its page, unless that page is the browser's own. A tab that was opened
        // from the popup is shown it until that page goes.
        return if number.is_some() {
            PageView::Elsewhere
        } else {
            PageView::Closed
        };
    };
    if page::host(&url).is_none() && !url.starts_with("file:") {
        return PageView::Closed;
    }
    let downloads = page::downloads_of(
        &url,
        downloads::newest(MAX_DOWNLOADS).await.unwrap_or_default(),
    );
    let links = browser::links(tab.id)
        .await
        .ok()
        .map(|links| page::files_of(&url, links, &downloads));
    PageView::Files {
        tab,
        downloads,
        links,
    }
}

impl Face {
    /// Shares a file on the page.
    pub(super) fn share_page(&mut self, sender: &Sender, file: PageFile) {
        let PageView::Files { tab, .. } = &self.page else {
            return;
        };
        let command = Command::ShareUrl {
            url: file.url.clone(),
            tab: Some(tab.id),
            page: tab.url.clone(),
            name: Some(file.name),
        };
        self.send(sender, Topic::Page(file.url), command);
    }

    /// Asks the person for the permissions that shares wait for: at once if a click began one of them, and otherwise
    /// when they choose so.
    pub(super) fn ask_for_shares(&mut self, sender: &Sender, origins: Vec<String>) {
        let refused = self
            .access
            .take()
            .is_some_and(|access| access.refused && access.origins == origins);
        if !origins.is_empty() {
            self.access = Some(Access { origins, refused });
            if !refused && browser::is_in_click() {
                self.allow(sender);
            }
        }
    }

    /// Asks the person for the permission that shares wait for.
    pub(super) fn allow(&mut self, sender: &Sender) {
        if let Some(access) = &self.access {
            let asked = pages::ask_to_read(&access.origins);
            sender.send_future(async move { Msg::Allowed(asked.await) });
        }
    }

    /// Handles the person's decision. The shares go on by themselves.
    pub(super) fn allowed(&mut self, granted: bool) {
        match &mut self.access {
            Some(access) if !granted => access.refused = true,
            access => *access = None,
        }
    }

    /// Takes files that were picked. A single file is shared at once: nothing leaves the browser before
    /// somebody asks for it, and there is nothing to choose. For several files, or a folder, the person chooses
    /// whether they get one hash or one each.
    pub(super) fn picked(&mut self, sender: &Sender, picked: Result<Vec<Picked>, PickError>) {
        self.stage_error = None;
        self.failures.remove(&Topic::Files);
        match picked {
            Ok(picked)
                if self.stage.is_empty()
                    && matches!(&picked[..], [only] if !only.path.contains('/')) =>
            {
                self.share_files(sender, picked);
            }
            Ok(picked) => {
                if self.stage.len() + picked.len() > files::MAX_FILES {
                    self.stage_error = Some(text::too_many_files(files::MAX_FILES));
                    return;
                }
                self.together |= picked.iter().any(|picked| picked.path.contains('/'));
                self.stage.extend(picked);
                self.focus = Some(Focus::Stage);
            }
            Err(error) => {
                self.stage_error = Some(match error {
                    PickError::TooMany => text::too_many_files(files::MAX_FILES),
                    PickError::None => text::SHARE_EMPTY.to_owned(),
                    PickError::Unreadable => text::SHARE_UNREADABLE.to_owned(),
                });
            }
        }
    }

    /// Shares files that the person picked, by handing them over to the worker.
    pub(super) fn share_files(&mut self, sender: &Sender, picked: Vec<Picked>) {
        if picked.is_empty() {
            return;
        }
        let handed = picked
            .iter()
            .map(|picked| HandedFile {
                name: picked.path.clone(),
                mime: picked.file.type_(),
                size: picked.size(),
            })
            .collect();
        let blobs: Vec<File> = picked.into_iter().map(|picked| picked.file).collect();
        // The command below gets this number. The channel is open before the worker learns its key.
        let number = self.last_number.wrapping_add(1);
        let ended = sender.callback(move |taken| Msg::HandedOver(number, taken));
        let together = std::mem::take(&mut self.together);
        let handover = browser::unique_key().and_then(|key| {
            let handover = Handover::open(key.clone(), &blobs, move |taken| ended.emit(taken))?;
            Ok((key, handover))
        });
        match handover {
            Ok((key, handover)) => {
                self.handovers.insert(number, handover);
                let command = Command::ShareFiles {
                    key,
                    files: handed,
                    together,
                };
                self.send(sender, Topic::Files, command);
            }
            Err(_) => {
                self.failures.insert(Topic::Files, Code::Handover.into());
            }
        }
    }

    /// Handles whether the worker took the files of the command with this number.
    pub(super) fn handed_over(&mut self, number: u32, taken: bool) {
        if taken {
            // The handover is kept until the answer, which says what became of the files.
            return;
        }
        self.handovers.remove(&number);
        if self.pending.remove(&number).is_some() {
            self.failures.insert(Topic::Files, Code::Handover.into());
        }
    }
}
