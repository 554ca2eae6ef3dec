//! The files on the page and those that the person picks, and the permission to read them.

use std::collections::HashMap;

use fluence::command::{Command, HandedFile};
use fluence::failure::Code;
use fluence::names::chosen_name;
use fluence::state::{Ends, Item, ItemId, Origin, Status};
use gloo_timers::callback::Timeout;
use web::browser::asks_after_click;
use web::extension::{downloads, pages};
use web::handle;

use super::naming::{self, Naming};
use super::{
    Access, Face, Focus, Msg, PageView, STAGE_BUTTON, STAGE_LINK, STAGE_NAME, Sender, Topic, View,
    WorkerState,
};
use crate::browser::{self, Handover, Scanned};
use crate::files::{self, PickError, Picked};
use crate::page::{self, PageFile};
use crate::preferences::{self, Filter};
use crate::text;

/// How long after something happened to the worker it has said what became of the files, in milliseconds.
const SETTLED_MS: u32 = 1500;
/// How many times files are handed over: what ends the worker again and again is left as it is.
const MAX_GIVEN: u32 = 4;

/// Files that were handed over to the worker. They are kept as long as this page is open, because a worker that ends
/// before it has copied them takes them with it.
pub(super) struct Given {
    /// The number of the command.
    pub(super) number: u32,
    /// Whether the worker has answered it.
    pub(super) answered: bool,
    picked: Vec<Picked>,
    together: bool,
    how: How,
    /// How many times they were handed over.
    times: u32,
}

/// How something is shared.
#[derive(Clone, Default)]
pub(super) struct How {
    private: bool,
    /// When it stops being shared by itself, if the person chose that here.
    ends: Option<Ends>,
    /// What the person notes about it; empty if they only gave it a name.
    note: Option<String>,
}

/// What became of something that was handed over.
enum Became {
    /// The worker has it, or has refused it.
    Settled,
    /// A worker ended before it had it; this item says so.
    CutOff(ItemId),
    /// Nothing is known of it.
    Unknown,
}

/// The `id` of the row of a file of the page.
pub fn page_row(url: &str) -> String {
    format!("page-{url}")
}

/// The number of files on the page that are listed at first.
pub const FEW_PAGE_FILES: usize = 50;
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
    /// Whether what the person shares here is shared privately.
    pub fn is_private(&self) -> bool {
        self.private.unwrap_or_else(|| self.settings().private)
    }

    /// When what the person shares here stops being shared by itself, as an index into [`text::ENDS`]; `None` for what the
    /// settings say if that is none of these.
    pub fn ends_at(&self) -> Option<usize> {
        let ends = self.settings().ends();
        let is_set = |(seconds, calls): &(Option<u64>, Option<u64>)| {
            (*seconds, *calls) == (ends.seconds, ends.calls)
        };
        self.ends.or_else(|| text::ENDS.iter().position(is_set))
    }

    /// How the person shares here.
    pub(super) fn how(&self) -> How {
        let ends = self.ends.and_then(|at| text::ENDS.get(at));
        How {
            private: self.is_private(),
            ends: ends.map(|(seconds, calls)| Ends {
                seconds: *seconds,
                calls: *calls,
            }),
            note: None,
        }
    }

    /// The files of the page: its downloads, and then what it links to.
    pub fn page_files(&self) -> impl Iterator<Item = &PageFile> {
        let (downloads, links) = match &self.page {
            PageView::Files {
                downloads, links, ..
            } => (&downloads[..], links.as_deref().unwrap_or_default()),
            _ => (&[][..], &[][..]),
        };
        downloads.iter().chain(links)
    }

    /// What has been shared from addresses: the newest item of each.
    pub fn shared_from(&self) -> HashMap<&str, &Item> {
        let mut shared = HashMap::new();
        for item in self.state.items.newest() {
            let source = item.source.as_ref();
            let url = source.and_then(|source| source.url.as_deref());
            if let Some(url) = url.filter(|_| item.origin == Origin::Share) {
                shared.entry(url).or_insert(item);
            }
        }
        shared
    }

    /// The listed files of the page that can be selected, because they are not shared yet.
    pub fn selectable(&self) -> Vec<&PageFile> {
        let shared = self.shared_from();
        let is_new =
            |file: &&PageFile| !shared.contains_key(&*file.url) && !self.is_sharing_page(&file.url);
        let listed = if self.page_all {
            usize::MAX
        } else {
            FEW_PAGE_FILES
        };
        self.page_files().take(listed).filter(is_new).collect()
    }

    /// Shares the selected files of the page.
    pub(super) fn share_selected(&mut self, sender: &Sender) {
        let selected = std::mem::take(&mut self.page_selected);
        let files = self.selectable().into_iter();
        let files: Vec<PageFile> = files
            .filter(|file| selected.contains(&file.url))
            .cloned()
            .collect();
        if let Some(first) = files.first() {
            self.stay_on_page(&first.url);
        }
        self.page_next.splice(0..0, files.into_iter().rev());
        self.share_next(sender);
    }

    /// Shares the next of the selected files once the worker has answered about the one before: it takes only so many
    /// commands at a time.
    pub(super) fn share_next(&mut self, sender: &Sender) {
        if self.waiting().any(|topic| matches!(topic, Topic::Page(_))) {
            return;
        }
        if let Some(file) = self.page_next.pop() {
            self.share_found(sender, file);
        }
    }

    /// Whether a file of the page is being shared, or is one of those that are shared next.
    pub fn is_sharing_page(&self, url: &str) -> bool {
        self.page_next.iter().any(|next| next.url == url)
            || self.is_waiting(&Topic::Page(url.to_owned()))
    }

    /// Shares a file on the page, whose button was pressed.
    pub(super) fn share_page(&mut self, sender: &Sender, file: PageFile) {
        self.stay_on_page(&file.url);
        self.page_selected.retain(|url| *url != file.url);
        self.share_found(sender, file);
    }

    /// Keeps the page in view, although there is an item now, and puts the focus on a row whose button goes.
    fn stay_on_page(&mut self, url: &str) {
        self.filter = Filter::Page;
        self.filter_chosen = true;
        self.focus = Some(Focus::Id(page_row(url)));
    }

    fn share_found(&mut self, sender: &Sender, file: PageFile) {
        let PageView::Files { tab, .. } = &self.page else {
            return;
        };
        let How { private, ends, .. } = self.how();
        let command = Command::ShareUrl {
            url: file.url.clone(),
            tab: Some(tab.id),
            page: tab.url.clone(),
            name: Some(file.name),
            private: Some(private),
            ends,
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
            if !refused && asks_after_click() && browser::is_in_click() {
                let asked = pages::ask_to_read(&origins);
                sender.send_future(async move { Msg::Allowed(asked.await) });
            }
            self.access = Some(Access { origins, refused });
        }
    }

    /// The shares that wait for permission, as far as can be told from here: what is read may lie on another site than
    /// its address says.
    pub fn waiting_for_access(&self) -> Vec<&Item> {
        let Some(access) = &self.access else {
            return Vec::new();
        };
        let mut waiting: Vec<(&Item, bool)> = Vec::new();
        for item in self.state.items.newest() {
            let source = item.source.as_ref();
            let url = source.and_then(|source| source.url.as_deref());
            if let Some(url) = url
                && item.status == Status::Preparing
                && item.progress.is_none()
            {
                let mut origins = access.origins.iter();
                let named = origins.any(|origin| text::is_of_origin(url, origin));
                waiting.push((item, named));
            }
        }
        let any_named = waiting.iter().any(|(_, named)| *named);
        waiting.retain(|(_, named)| *named || !any_named);
        waiting.into_iter().map(|(item, _)| item).collect()
    }

    /// Whether a share waits for permission, as far as can be told from here.
    pub fn waits_for_access(&self, item: &Item) -> bool {
        let may = self.access.is_some() && item.status == Status::Preparing;
        may && self
            .waiting_for_access()
            .iter()
            .any(|other| other.id == item.id)
    }

    /// Whether the person is asked for permission now: not again about what they put off.
    pub fn asks_for_access(&self) -> bool {
        let waiting = self.waiting_for_access();
        self.access.is_some()
            && (waiting.is_empty() || waiting.iter().any(|item| !self.not_now.contains(&item.id)))
    }

    /// Does not ask again about the shares that wait for permission now. Their rows have a button for it.
    pub(super) fn do_not_ask_now(&mut self) {
        let waiting = self.waiting_for_access();
        if waiting.is_empty() {
            self.access = None;
            return;
        }
        let mut ids: Vec<ItemId> = waiting.iter().map(|item| item.id.clone()).collect();
        // Those that were put off before and wait no longer need not be remembered.
        for id in std::mem::take(&mut self.not_now) {
            let item = self.state.items.get(&id);
            if item.is_some_and(|item| item.status == Status::Preparing) && !ids.contains(&id) {
                ids.push(id);
            }
        }
        preferences::keep_not_now(&ids);
        self.not_now = ids;
    }

    /// Asks the browser for files that it reads only after a click. In the popup one click is enough for all of them; in a
    /// tab the browser asks the person about each, and so only about the one that they chose.
    pub(super) fn unlock(&mut self, sender: &Sender, id: ItemId) {
        let items = self.state.items.values();
        let all = self.view == View::Popup;
        let locked = items.filter(|item| item.id == id || all && item.needs_click());
        let ids: Vec<String> = locked.map(|item| item.id.0.clone()).collect();
        sender.send_future(async move {
            // If the worker does not say which, it says that a click is needed still.
            let handles = browser::locked(&ids).await.unwrap_or_default();
            handle::ask_to_read(&handles).await;
            Msg::Send(Topic::Item(id.clone()), Command::ShareAgain { id })
        });
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
            Ok(mut picked)
                if self.stage.is_empty()
                    && matches!(&picked[..], [only] if !only.path.contains('/')) =>
            {
                let Some(only) = picked.pop() else {
                    return;
                };
                if !files::may_have_code(&only.file) {
                    return self.scanned(sender, only, None);
                }
                self.scanning = true;
                sender.send_future(async move {
                    let codes = browser::codes_in(&only.file).await;
                    let link = codes.into_iter().find_map(Scanned::link);
                    Msg::Scanned(Box::new(only), link)
                });
            }
            Ok(picked) => {
                if self.stage.len() + picked.len() > files::MAX_FILES {
                    self.stage_error = Some(text::too_many_files(files::MAX_FILES as u64));
                    return;
                }
                self.together |= picked.iter().any(|picked| picked.path.contains('/'));
                self.stage.extend(picked);
                self.stage_link = None;
                self.focus = Some(Focus::Id(STAGE_BUTTON.to_owned()));
            }
            Err(error) => {
                self.stage_error = Some(match error {
                    PickError::TooMany => text::too_many_files(files::MAX_FILES as u64),
                    PickError::None => text::share_empty().to_owned(),
                    PickError::Unreadable => text::share_unreadable().to_owned(),
                });
            }
        }
    }

    /// Takes a single file that was picked. If it is a picture with a link in it, the person may have meant that.
    pub(super) fn scanned(&mut self, sender: &Sender, picked: Picked, link: Option<String>) {
        self.scanning = false;
        if link.is_none() && !self.names_first && self.stage.is_empty() {
            let together = std::mem::take(&mut self.together);
            self.share_files(sender, vec![picked], together, self.how(), 1);
            return;
        }
        // Another one may have been picked in the meantime.
        self.stage_link = link.filter(|_| self.stage.is_empty());
        self.stage.push(picked);
        let next = match self.stage_link {
            Some(_) => {
                text::scanned().clone_into(&mut self.said);
                STAGE_LINK
            }
            None if self.names_first => STAGE_NAME,
            None => STAGE_BUTTON,
        };
        self.focus = Some(Focus::Id(next.to_owned()));
    }

    /// Shares what was picked, as the person named it.
    pub(super) fn share_stage(&mut self, sender: &Sender) {
        let has_name = self.staged_name().is_some();
        let mut picked = std::mem::take(&mut self.stage);
        let together = self.together;
        let mut naming = std::mem::take(&mut self.stage_naming);
        // More may have been picked since a name was typed for the only file.
        naming.name.take_if(|_| !has_name);
        self.forget_stage();
        naming::rename(
            &mut picked,
            together,
            naming.name.as_deref().unwrap_or_default(),
        );
        let how = How {
            note: naming.given(),
            ..self.how()
        };
        self.share_files(sender, picked, together, how, 1);
    }

    /// Forgets what was picked.
    pub(super) fn forget_stage(&mut self) {
        self.stage.clear();
        self.stage_link = None;
        self.stage_naming = Naming::default();
        self.together = false;
    }

    /// Asks the person whether to share a text that they pasted, as a file. It may have been meant for something else.
    pub(super) fn stage_text(&mut self, pasted: &str) {
        if self.stage.len() >= files::MAX_FILES {
            self.stage_error = Some(text::too_many_files(files::MAX_FILES as u64));
            return;
        }
        // Several may become files of one folder.
        let numbered = |number: usize| match number {
            1 => format!("{}.txt", text::pasted_text()),
            number => format!("{} {number}.txt", text::pasted_text()),
        };
        let is_free = |name: &String| self.stage.iter().all(|picked| picked.path != *name);
        let Some(name) = (1..).map(numbered).find(is_free) else {
            return;
        };
        let Ok(file) = browser::file_of(&name, pasted) else {
            return;
        };
        self.stage_error = None;
        self.stage_link = None;
        self.stage.push(Picked {
            file,
            handle: None,
            path: name,
        });
        self.focus = Some(Focus::Id(STAGE_BUTTON.to_owned()));
    }

    /// Shares files that the person picked, by handing them over to the worker, for the first time or once more.
    pub(super) fn share_files(
        &mut self,
        sender: &Sender,
        picked: Vec<Picked>,
        together: bool,
        how: How,
        times: u32,
    ) {
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
        // The command below gets this number. The channel is open before the worker learns its key.
        let number = self.last_number.wrapping_add(1);
        let ended = sender.callback(move |taken| Msg::HandedOver(number, taken));
        let handover = browser::unique_key().and_then(|key| {
            let handover = Handover::open(key.clone(), &picked, move |taken| ended.emit(taken))?;
            Ok((key, handover))
        });
        match handover {
            Ok((key, handover)) => {
                self.handovers.insert(number, handover);
                self.given.push(Given {
                    number,
                    answered: false,
                    picked,
                    together,
                    how: how.clone(),
                    times,
                });
                while self.given.len() > 1 && self.given_files() > files::MAX_FILES {
                    self.given.remove(0);
                }
                let command = Command::ShareFiles {
                    key,
                    files: handed,
                    together,
                    private: Some(how.private),
                    ends: how.ends,
                    note: how.note,
                };
                self.send(sender, Topic::Files, command);
            }
            Err(_) => {
                self.failures.insert(Topic::Files, Code::Handover.into());
            }
        }
    }

    fn given_files(&self) -> usize {
        self.given.iter().map(|given| given.picked.len()).sum()
    }

    /// Looks soon at what became of the files that were handed over.
    pub(super) fn look_at_given(&mut self, sender: &Sender) {
        if self.given.is_empty() || self.timers.given.is_some() {
            return;
        }
        let sender = sender.clone();
        let look = move || sender.send(Msg::Given);
        self.timers.given = Some(Timeout::new(SETTLED_MS, look));
    }

    /// Hands over again what a worker had not copied when it ended.
    pub(super) fn give_again(&mut self, sender: &Sender) {
        self.timers.given = None;
        if self.worker_state != WorkerState::Ready {
            return;
        }
        for mut given in std::mem::take(&mut self.given) {
            if self.pending.get(&given.number).is_some() || given.times >= MAX_GIVEN {
                self.given.push(given);
                continue;
            }
            let replaced = self.replacing.get(&given.number).cloned();
            let mut cut_off = Vec::new();
            let mut is_lost = |became: Became| match became {
                Became::Settled => false,
                Became::CutOff(id) => {
                    cut_off.push(id);
                    true
                }
                Became::Unknown => !given.answered,
            };
            let again = if given.together {
                match is_lost(self.became_together(&given.picked)) {
                    true => std::mem::take(&mut given.picked),
                    false => Vec::new(),
                }
            } else {
                let known = self.known_shares();
                let (lost, kept): (Vec<Picked>, Vec<Picked>) = std::mem::take(&mut given.picked)
                    .into_iter()
                    .partition(|picked| is_lost(became(&known, picked)));
                given.picked = kept;
                lost
            };
            if replaced.is_some() {
                self.replacing.remove(&given.number);
            }
            let (together, how, times) = (given.together, given.how.clone(), given.times + 1);
            if !given.picked.is_empty() {
                // Whatever is asked again has an answer of its own.
                given.answered = true;
                self.given.push(given);
            }
            if !cut_off.is_empty() {
                self.send(sender, Topic::Shares, Command::Remove { ids: cut_off });
            }
            match replaced {
                Some(id) if again.is_empty() => self.remove_replaced(sender, id),
                Some(id) => self.share_in_place(sender, id, again, how, times),
                None => self.share_files(sender, again, together, how, times),
            }
        }
    }

    /// Shares the file that the person chose again for an item, by the item's name and with its note. What looks like another
    /// file has the name that it was chosen by.
    pub(super) fn choose_again(&mut self, sender: &Sender, id: ItemId, mut picked: Vec<Picked>) {
        let mut how = self.how();
        if let (Some(item), [only]) = (self.state.items.get(&id), &mut picked[..]) {
            let ending = |name: &str| name.rsplit_once('.').map(|(_, of)| of.to_lowercase());
            let is_same =
                item.size == Some(only.size()) || ending(&item.name) == ending(&only.path);
            let renamed = is_same && !item.name.is_empty() && item.name != only.path;
            if renamed {
                only.path.clone_from(&item.name);
            }
            how.note = item.note.clone().or(renamed.then(String::new));
        }
        self.share_in_place(sender, id, picked, how, 1);
    }

    /// Shares a file in the place of an item whose bytes are gone. The item stays until the worker has the file.
    pub(super) fn share_in_place(
        &mut self,
        sender: &Sender,
        id: ItemId,
        picked: Vec<Picked>,
        how: How,
        times: u32,
    ) {
        // The command gets this number.
        let number = self.last_number.wrapping_add(1);
        self.share_files(sender, picked, false, how, times);
        if self.pending.get(&number).is_some() {
            self.replacing.insert(number, id);
        }
    }

    /// Removes an item in whose place the worker has another one.
    pub(super) fn remove_replaced(&mut self, sender: &Sender, id: ItemId) {
        let ids = vec![id.clone()];
        self.send(sender, Topic::Item(id), Command::Remove { ids });
    }

    /// The shares of chosen files, by name and size.
    fn known_shares(&self) -> HashMap<(&str, u64), Vec<&Item>> {
        let mut known: HashMap<_, Vec<&Item>> = HashMap::new();
        let is_replaced = |item: &Item| self.replacing.values().any(|id| *id == item.id);
        for item in self.state.items.values() {
            if item.origin == Origin::Share && item.source.is_none() && !is_replaced(item) {
                let key = (&*item.name, item.size.unwrap_or_default());
                known.entry(key).or_default().push(item);
            }
        }
        known
    }

    /// What became of files that were to be one directory.
    fn became_together(&self, picked: &[Picked]) -> Became {
        let size = picked.iter().map(Picked::size).sum();
        let items = self.state.items.values().filter(|item| {
            item.origin == Origin::Share && item.source.is_none() && item.size == Some(size)
        });
        of_items(items)
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

/// What became of a file that was to be shared by itself.
fn became(known: &HashMap<(&str, u64), Vec<&Item>>, picked: &Picked) -> Became {
    let name = chosen_name(&picked.path);
    let items = known.get(&(&*name, picked.size()));
    of_items(items.into_iter().flatten().copied())
}

fn of_items<'a>(items: impl Iterator<Item = &'a Item>) -> Became {
    let mut became = Became::Unknown;
    for item in items {
        let failure = item.status.failure().filter(|_| item.cid.is_none());
        match failure {
            Some(failure) if failure.code == Code::Interrupted => {
                became = Became::CutOff(item.id.clone());
            }
            _ => return Became::Settled,
        }
    }
    became
}
