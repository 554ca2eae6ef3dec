//! `fluence share`: shares files until it is stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use fluence::command::{Answer, Command};
use fluence::content::Profile;
use fluence::failure::{About, Code, Failure};
use fluence::names::{chosen_name, link_to, mime_of, private_link};
use fluence::plan::{Input, ShareInput, distinct_paths};
use fluence::ports::Source;
use fluence::private::tar::Entry;
use fluence::private::{Key, SEALED};
use fluence::state::{Copy, Event, EventKind, Item, ItemId, Settings, Status};
use fluence::storage::is_local;
use fluence::web_link::Web;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use words::Terminal;

use super::asking::Asking;
use super::session::{CliEngine, Client, Earlier, SHARE, Session, take_back};
use super::{Context, NetworkArgs, close, stop_signal};
use crate::exit::Failed;
use crate::node::Size;
use crate::output::{Output, failure_json, failure_line};
use crate::platform::{FileSource, now_ms, random};
use crate::text;

/// The most files in one share.
const MAX_FILES: usize = 100_000;
/// How long the node may take to say whether it opens links in any browser.
const WEB_PATIENCE: Duration = Duration::from_secs(2);
/// How long the storage of a file that was fetched as often as it should be may take to remove it, in milliseconds.
const RELEASE_MS: u64 = 30_000;
/// How soon it is noticed that this machine slept.
const LOOK: Duration = Duration::from_secs(30);
/// How deeply folders may be nested.
const MAX_DEPTH: usize = 64;

/// Share files: print their links, and serve them until Ctrl-C.
///
/// Nothing is copied and nothing leaves this machine before somebody asks for it. A folder is
/// shared as one directory with one hash. If the node opens links, a web link is printed too, which
/// opens in any browser, without the extension. Do not change a file while it is shared: it would
/// no longer match its hash, and would not be served.
#[derive(Debug, Args)]
pub(super) struct ShareArgs {
    /// Files and folders.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How files are cut: unixfs-v1-2025 (the default) or unixfs-v0-2015 (Qm… hashes).
    #[arg(long, value_parser = super::profile, default_value = "unixfs-v1-2025")]
    profile: Profile,
    /// Share everything as one directory with one hash.
    #[arg(long)]
    together: bool,
    /// Encrypt it before it is stored or leaves this machine. Only who has the whole link can read it: the key is the part
    /// after #, and is nowhere else. Others still see how much there is, and who asks for it when. A web link has it too.
    #[arg(long)]
    private: bool,
    /// The name that others see. With several files, it requires --together.
    #[arg(long)]
    name: Option<String>,
    /// In folders, leave out everything whose name begins with a dot.
    #[arg(long)]
    no_hidden: bool,
    /// Include everything whose name begins with a dot, which is the default.
    #[arg(long, overrides_with = "no_hidden", hide = true)]
    hidden: bool,
    /// If no storage of the given nodes takes a file, put it into one of any node. Whoever runs that storage sees the
    /// file.
    #[arg(long)]
    foreign_storage: bool,
    /// Stop when each file has been fetched into storage once, and leave it there.
    #[arg(long)]
    once: bool,
    /// Stop by itself after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Stop sharing a file by itself after so many calls for it were answered. Whoever made the last one still gets it; after
    /// a minute and the time that its bytes take, its copy is taken back.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["once", "leave"])]
    fetches: Option<u64>,
    /// Ask at the terminal before anybody gets a file; without an answer they are refused after a minute. A copy that is in
    /// storage already can be fetched there by whoever knows its hash.
    #[arg(long)]
    ask: bool,
    /// Upload no file that is larger, such as 500MB. Whoever asks for one is refused.
    #[arg(long, value_name = "SIZE")]
    max_upload: Option<Size>,
    /// Upload no more than this on a day (UTC), counted for this command.
    #[arg(long, value_name = "SIZE")]
    max_upload_day: Option<Size>,
    /// When stopped, leave the copies that were uploaded in storage. Otherwise they are taken back, and only who has fetched
    /// a file by then keeps it.
    #[arg(long)]
    leave: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) async fn run(context: &Context, args: ShareArgs) -> Result<(), Failed> {
    if args.name.is_some() && args.files.len() > 1 && !args.together {
        return Err(text::one_name());
    }
    let inputs = inputs(&args, &context.output)?;
    let inputs = inputs.into_iter().map(|input| match args.private {
        true => sealed(input),
        false => Ok((input, None)),
    });
    let inputs = inputs.collect::<Result<Vec<_>, Failed>>()?;
    let asking = match args.ask {
        true => Some(Asking::begin(&context.output)?),
        false => None,
    };
    let settings = Settings {
        profile: args.profile,
        foreign_storage: args.foreign_storage,
        share_calls: args.fetches,
        max_sent_file: args.max_upload.map(|size| size.0),
        max_sent_day: args.max_upload_day.map(|size| size.0),
        ..Settings::default()
    };
    if let Some((_, failure)) = settings.check().into_iter().next() {
        return Err(Failed::of(failure, About::Other));
    }
    let home = context.home()?;
    let work = home
        .work(&format!("{SHARE}{:032x}", random()))?
        .ok_or_else(text::work_in_use)?;
    let leaves = args.leave || args.once;
    if leaves {
        work.leave()?;
    }
    let client = Client::connect(&home, Some(&work), &args.network, &context.output).await?;
    let earlier = Earlier::of(context, &client, &args.network)?;
    let session = Session::begin(client, &work, settings, &context.output).await?;
    let earlier = earlier.begin(session.provides());
    let mut shares = Shares {
        engine: &session.engine,
        output: &context.output,
        asking,
        once: args.once,
        web: None,
        shown: BTreeMap::new(),
        failed: None,
    };
    // The node is asked while files are being hashed.
    let engine = session.engine.clone();
    let web = tokio::task::spawn_local(async move { engine.find_web(WEB_PATIENCE).await });
    let ended = tokio::select! {
        ended = share(&mut shares, inputs, web) => ended,
        () = stop_signal() => shares.stopped(),
        () = expired(args.seconds) => shares.stopped(),
    };
    let has_left = !leaves && take_back(&session.engine, &context.output).await;
    // A storage where the file stays provides it in its own name.
    session.peer.withdraw_all().await;
    earlier.end().await;
    close(&session.peer).await;
    if !has_left {
        home.remove(work)?;
    }
    context.output.event(&json!({"event": "stopped"}));
    ended
}

/// Completes after so many seconds, or never.
async fn expired(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => passed(Duration::from_secs(seconds), now_ms).await,
        None => std::future::pending().await,
    }
}

/// Completes when so much time has passed by the clock, or while this machine was awake. A timer stands still while the machine
/// sleeps, and a clock can be set back.
async fn passed(time: Duration, now_ms: impl Fn() -> u64) {
    let until = u128::from(now_ms()) + time.as_millis();
    let by_the_clock = async {
        loop {
            let left = until.saturating_sub(u128::from(now_ms()));
            if left == 0 {
                return;
            }
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
            tokio::time::sleep(left.min(LOOK)).await;
        }
    };
    tokio::select! {
        () = by_the_clock => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Shares all inputs and serves them. Ends when all have failed, or, with `--once`, when each has
/// been fetched.
async fn share(
    shares: &mut Shares<'_>,
    inputs: Vec<(ShareInput<FileSource>, Option<Secret>)>,
    web: JoinHandle<Option<Web>>,
) -> Result<(), Failed> {
    let mut events = shares.engine.platform().watch();
    for (input, secret) in inputs {
        let name = match &secret {
            Some(secret) => secret.name.clone(),
            None => input.name.clone().unwrap_or_default(),
        };
        match shares.engine.share(input).await {
            Answer::Done { id: Some(id) } => {
                if shares.asking.is_some() {
                    // Nobody can have asked for it yet: its bytes are read after this.
                    let asks = Command::AskFirst {
                        id: id.clone(),
                        asks: true,
                    };
                    shares.engine.command(asks).await;
                }
                shares.add(id, &name, secret);
            }
            Answer::Refused { failure } => shares.fail(&name, failure),
            // What is shared has an id.
            _ => {}
        }
    }
    shares.web = web.await.ok().flatten();
    loop {
        shares.look();
        if let Some(ended) = shares.ended() {
            return ended;
        }
        let given_up = expired(shares.given_up());
        let event = tokio::select! {
            event = events.recv() => event,
            (id, allow) = answered(&mut shares.asking) => {
                shares.engine.command(Command::Decide { id, allow }).await;
                continue;
            }
            () = given_up => continue,
        };
        match event {
            Ok(event) => shares.tell(&event),
            // Events were missed; the state has all that they changed.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Waits for what the person decides, if they are asked.
async fn answered(asking: &mut Option<Asking>) -> (ItemId, bool) {
    match asking {
        Some(asking) => asking.answered().await,
        None => std::future::pending().await,
    }
}

/// The shares of this command, as they were last shown.
struct Shares<'a> {
    engine: &'a CliEngine,
    output: &'a Output,
    /// How the person is asked first, if they are.
    asking: Option<Asking>,
    /// Whether each share ends when it has been fetched into storage.
    once: bool,
    /// Where the node opens links, if it does.
    web: Option<Web>,
    shown: BTreeMap<ItemId, Shown>,
    /// The first failure.
    failed: Option<Failed>,
}

/// What only the person and the link know of a private share.
struct Secret {
    name: String,
    /// The bytes of its files.
    size: u64,
    /// The number of files, if it is a folder.
    files: Option<u64>,
    key: Key,
}

/// What was last shown of a share.
struct Shown {
    bar: ProgressBar,
    secret: Option<Secret>,
    linked: bool,
    ended: bool,
    fetched: bool,
    /// Until when whoever made the last call may take, in Unix milliseconds, if it was fetched as often as it should be.
    spent: Option<u64>,
    upload_failure: Option<Failure>,
}

impl Shares<'_> {
    fn add(&mut self, id: ItemId, name: &str, secret: Option<Secret>) {
        let bar = self.output.bar(name);
        let shown = Shown {
            bar,
            secret,
            linked: false,
            ended: false,
            fetched: false,
            spent: None,
            upload_failure: None,
        };
        // The same file given twice is one item.
        self.shown.entry(id).or_insert(shown);
    }

    fn fail(&mut self, name: &str, failure: Failure) {
        let told = failure_json(&failure, About::Share);
        self.output
            .event(&json!({"event": "failed", "name": name, "failure": told}));
        self.say_of(name, &failure, About::Share);
        self.failed
            .get_or_insert_with(|| Failed::of(failure, About::Share));
    }

    /// Tells the person of a failure of one file.
    fn say_of(&self, name: &str, failure: &Failure, about: About) {
        let said = failure_line(failure, about);
        self.output.say(&text::of_file(name, &said));
    }

    fn tell(&mut self, event: &Event) {
        self.output.engine_event(&event.kind, About::Share);
        match &event.kind {
            EventKind::Merged { id, into } => {
                if let Some(shown) = self.shown.remove(id) {
                    shown.bar.finish_and_clear();
                    self.add(into.clone(), "", shown.secret);
                }
            }
            EventKind::Requested { id, peer } => {
                let name = self
                    .engine
                    .with_state(|state| state.items.get(id).map(|item| self.name_of(id, item)));
                self.output
                    .say(&text::asked_for(peer, &name.unwrap_or_default()));
            }
            EventKind::Asking { id, peer } => {
                let name = self
                    .engine
                    .with_state(|state| state.items.get(id).map(|item| self.name_of(id, item)));
                if let Some(asking) = &mut self.asking {
                    match peer {
                        Some(peer) => asking.ask(id.clone(), peer, &name.unwrap_or_default()),
                        None => asking.forget(id),
                    }
                }
            }
            EventKind::UploadEnded {
                sent, error: None, ..
            } if *sent > 0 => {
                self.output.say(&text::uploaded(*sent));
            }
            EventKind::Log { entry, .. } => {
                tracing::info!("{}", words::log::<Terminal>(entry, About::Share))
            }
            EventKind::Notice { failure } => {
                self.output.say(&failure_line(failure, About::Share));
            }
            _ => {}
        }
    }

    /// Shows what has changed.
    fn look(&mut self) {
        let ids: Vec<ItemId> = self.shown.keys().cloned().collect();
        for id in ids {
            let item = self
                .engine
                .with_state(|state| state.items.get(&id).cloned());
            let Some(shown) = self.shown.get_mut(&id) else {
                continue;
            };
            let Some(item) = item else {
                shown.ended = true;
                continue;
            };
            shown.show(&item);
            shown.fetched = item.placed.is_some() && item.upload.is_none();
            let was_spent = shown.spent.is_some();
            shown.spent = item.fetched_until();
            if let Some(until) = shown.spent {
                let is_of_it = |copy: &Copy| item.cid.as_ref() == Some(&copy.cid);
                let is_gone = self
                    .engine
                    .with_state(|state| !state.copies.iter().any(is_of_it));
                // A storage that does not answer is asked once more at the end.
                shown.ended |= is_gone || now_ms() > until + RELEASE_MS;
            }
            let upload_failed = shown.upload_failure != item.upload_failure;
            shown.upload_failure.clone_from(&item.upload_failure);
            let (was_linked, had_ended) = (shown.linked, shown.ended);
            let failure = match &item.status {
                Status::Preparing | Status::Hashing | Status::Announcing => None,
                Status::Shared => {
                    shown.linked |= item.cid.is_some();
                    None
                }
                Status::Failed { failure } | Status::Interrupted { failure } => {
                    Some(failure.clone())
                }
                // A share that is under way has none of these states. Whatever led here, there is
                // nothing more to wait for.
                Status::Stopped if item.is_spent() => None,
                Status::Stopped
                | Status::Done
                | Status::Searching
                | Status::Asked { .. }
                | Status::Downloading { .. } => Some(Code::Stopped.into()),
            };
            shown.ended |= failure.is_some();
            let is_spent = shown.spent.is_some() && !was_spent;
            if shown.linked && !was_linked {
                self.tell_link(&id, &item);
            }
            if is_spent {
                self.output
                    .say(&text::fetched_enough(&self.name_of(&id, &item)));
            }
            if let Some(failure) = item.upload_failure.as_ref().filter(|_| upload_failed) {
                self.say_of(&self.name_of(&id, &item), failure, About::Upload);
            }
            if let Some(failure) = failure.filter(|_| !had_ended) {
                self.fail(&self.name_of(&id, &item), failure);
            }
        }
    }

    /// The secret of a private share.
    fn secret_of(&self, id: &ItemId) -> Option<&Secret> {
        self.shown.get(id)?.secret.as_ref()
    }

    /// The name by which the person knows a share.
    fn name_of(&self, id: &ItemId, item: &Item) -> String {
        self.secret_of(id)
            .map_or_else(|| item.name.clone(), |secret| secret.name.clone())
    }

    /// Prints the link of a file that is shared now.
    fn tell_link(&self, id: &ItemId, item: &Item) {
        let Some(cid) = &item.cid else {
            return;
        };
        let secret = self.secret_of(id);
        let name = self.name_of(id, item);
        let key = secret.map(|secret| &secret.key);
        let web = self.web.as_ref();
        let web = web.and_then(|web| web.link(cid, &name, key));
        let link = secret.map_or_else(|| link_to(cid), |secret| private_link(cid, &secret.key));
        let (size, files) = match secret {
            Some(secret) => (Some(secret.size), secret.files),
            None => (item.size, item.files),
        };
        self.output.event(&json!({
            "event": "shared", "id": id.0, "cid": cid, "link": link, "web": web, "name": name,
            "size": size, "files": files,
        }));
        self.output.result(&link);
        self.output.say(&text::shared(&name, size));
        if secret.is_some() {
            self.output.say(text::PRIVATE);
        }
        if let (Some(Web { base, .. }), Some(link)) = (&self.web, web) {
            self.output.say(&text::opens(&link, is_local(base)));
        }
    }

    /// In how many seconds a share is given up whose copy its storage does not give up.
    fn given_up(&self) -> Option<u64> {
        let shares = self.shown.values().filter(|shown| !shown.ended);
        let until = shares.filter_map(|shown| shown.spent).min()?;
        Some((until + RELEASE_MS).saturating_sub(now_ms()) / 1000 + 1)
    }

    /// The result of the command, once all shares have ended.
    fn ended(&mut self) -> Option<Result<(), Failed>> {
        let over = self
            .shown
            .values()
            .all(|shown| shown.ended || self.once && shown.fetched);
        over.then(|| self.failed.take().map_or(Ok(()), Err))
    }

    /// The result of the command when the person stops it: success only if each share has done what
    /// it was meant to do.
    fn stopped(&mut self) -> Result<(), Failed> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let done =
            |shown: &Shown| shown.spent.is_some() || shown.linked && (shown.fetched || !self.once);
        if !self.shown.is_empty() && self.shown.values().all(done) {
            return Ok(());
        }
        Err(Failed::interrupted(text::SHARE_AGAIN))
    }
}

impl Shown {
    fn show(&self, item: &Item) {
        self.bar
            .set_message(text::sharing(&item.status, item.upload.is_some()));
        match item.progress {
            Some(progress) => {
                if self.bar.is_finished() {
                    self.bar.reset();
                }
                if let Some(total) = progress.total.or(item.size) {
                    self.bar.set_length(total);
                }
                self.bar.set_position(progress.bytes);
            }
            // No bytes are moving.
            None if item.is_shared() && item.upload.is_none() => {
                if !self.bar.is_finished() {
                    self.bar.finish_and_clear();
                }
            }
            None => {
                let size = item.size.unwrap_or_default();
                self.bar.set_length(size);
                self.bar
                    .set_position(if item.cid.is_some() { size } else { 0 });
            }
        }
    }
}

/// Checks and opens all files before the network is used.
fn inputs(args: &ShareArgs, output: &Output) -> Result<Vec<ShareInput<FileSource>>, Failed> {
    let named = |path: &Path| -> Result<String, Failed> {
        match &args.name {
            Some(name) => Ok(name.clone()),
            None => file_name(path),
        }
    };
    if args.together {
        let mut files = Vec::new();
        for path in &args.files {
            walk(
                path,
                &file_name(path)?,
                !args.no_hidden,
                0,
                &mut files,
                output,
            )?;
        }
        let name = args.name.clone().unwrap_or_else(|| "files".to_owned());
        return Ok(vec![directory(name, files)]);
    }
    args.files
        .iter()
        .map(|path| {
            let name = named(path)?;
            if path.is_dir() {
                let mut files = Vec::new();
                walk_directory(path, "", !args.no_hidden, 0, &mut files, output)?;
                return Ok(directory(name, files));
            }
            let source = open(path)?;
            Ok(ShareInput {
                private: false,
                ends: None,
                mime: mime_guess::from_path(path).first_raw().map(str::to_owned),
                name: Some(name),
                size: Some(source.len()),
                source: None,
                note: None,
                body: Input::Stored(source),
            })
        })
        .collect()
}

/// The private share of an input: its encrypted body, without a name and a type, and with a key that is its own.
fn sealed(
    input: ShareInput<FileSource>,
) -> Result<(ShareInput<FileSource>, Option<Secret>), Failed> {
    let key = Key::new(random().to_le_bytes());
    let name = chosen_name(input.name.as_deref().unwrap_or_default());
    let entry = |path: String, source: &FileSource| Entry {
        path,
        folder: false,
        len: source.len(),
        media_type: None,
    };
    let folder = |path: String| Entry {
        folder: true,
        ..entry(path, &FileSource::empty())
    };
    let (mut entries, mut files) = (Vec::new(), None);
    match input.body {
        Input::Stored(source) => {
            let file = Entry {
                media_type: input.mime.as_deref().and_then(mime_of),
                ..entry(name.clone(), &source)
            };
            entries.push((file, source));
        }
        Input::Many(many) => {
            files = Some(many.len() as u64);
            for (path, source) in distinct_paths(many) {
                let path = format!("{name}/{path}");
                entries.push(match path.strip_suffix('/') {
                    Some(path) => (folder(path.to_owned()), source),
                    None => (entry(path, &source), source),
                });
            }
            if entries.is_empty() {
                entries.push((folder(name.clone()), FileSource::empty()));
            }
        }
        // The command line shares nothing from addresses.
        Input::Remote(_) => return Err(text::not_sealed(&name, &"it is at an address")),
    }
    let size = entries.iter().map(|(entry, _)| entry.len).sum();
    let body =
        FileSource::sealed(entries, &key).map_err(|error| text::not_sealed(&name, &error))?;
    let secret = Secret {
        name,
        size,
        files,
        key,
    };
    let input = ShareInput {
        private: false,
        ends: None,
        name: None,
        mime: Some(SEALED.to_owned()),
        size: Some(body.len()),
        source: None,
        note: None,
        body: Input::Stored(body),
    };
    Ok((input, Some(secret)))
}

fn open(path: &Path) -> Result<FileSource, Failed> {
    FileSource::open(path).map_err(|error| Failed::file(path, &error))
}

fn directory(name: String, files: Vec<(String, FileSource)>) -> ShareInput<FileSource> {
    ShareInput {
        private: false,
        ends: None,
        name: Some(name),
        mime: None,
        size: Some(files.iter().map(|(_, source)| source.len()).sum()),
        source: None,
        note: None,
        body: Input::Many(files),
    }
}

/// Collects a file, or the files of a folder.
fn walk(
    path: &Path,
    name: &str,
    hidden: bool,
    depth: usize,
    files: &mut Vec<(String, FileSource)>,
    output: &Output,
) -> Result<(), Failed> {
    if path.is_dir() {
        return walk_directory(path, name, hidden, depth, files, output);
    }
    if files.len() == MAX_FILES {
        return Err(text::too_many_files(MAX_FILES));
    }
    files.push((name.to_owned(), open(path)?));
    Ok(())
}

/// Collects the files of a folder. Symbolic links are left out: they may point to anything on this
/// machine.
fn walk_directory(
    path: &Path,
    name: &str,
    hidden: bool,
    depth: usize,
    files: &mut Vec<(String, FileSource)>,
    output: &Output,
) -> Result<(), Failed> {
    if depth == MAX_DEPTH {
        return Err(text::too_deep(path, MAX_DEPTH));
    }
    let fail = |error| Failed::file(path, &error);
    let before = files.len();
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let entry_path = entry.path();
        let entry_name = file_name(&entry_path)?;
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_symlink() {
            leave_out(output, &entry_path, &text::left_out(&entry_path));
            continue;
        }
        if !kind.is_dir() && !kind.is_file() {
            continue;
        }
        if !hidden && entry_name.starts_with('.') {
            leave_out(output, &entry_path, &text::hidden_left_out(&entry_path));
            continue;
        }
        let inside = if name.is_empty() {
            entry_name
        } else {
            format!("{name}/{entry_name}")
        };
        walk(&entry_path, &inside, hidden, depth + 1, files, output)?;
    }
    // A folder from which nothing is taken is still part of the directory.
    if files.len() == before && !name.is_empty() {
        files.push((format!("{name}/"), FileSource::empty()));
    }
    Ok(())
}

/// Tells the person of something in a folder that is not shared.
fn leave_out(output: &Output, path: &Path, said: &str) {
    output.event(&json!({"event": "left_out", "name": path.to_string_lossy()}));
    output.say(said);
}

/// The last name in a path; for `.` and `..` the name of the directory itself.
fn file_name(path: &Path) -> Result<String, Failed> {
    let name = match path.file_name() {
        Some(name) => name.to_owned(),
        None => {
            let whole = path
                .canonicalize()
                .map_err(|error| Failed::file(path, &error))?;
            whole
                .file_name()
                .unwrap_or_else(|| "files".as_ref())
                .to_owned()
        }
    };
    name.into_string()
        .map_err(|name| text::name_not_utf8(&name))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_that_a_machine_sleeps_counts() {
        let hour = Duration::from_secs(3600);
        let began = tokio::time::Instant::now();
        let slept = Cell::new(0);
        let clock = || began.elapsed().as_millis() as u64 + slept.get();
        passed(hour, clock).await;
        let second = Duration::from_secs(1);
        let is_over = |time: Duration| hour <= time && time < hour + second;
        assert!(is_over(began.elapsed()), "{:?}", began.elapsed());

        // It falls asleep after ten minutes, for an hour.
        let began = tokio::time::Instant::now();
        let asleep = async {
            tokio::time::sleep(hour / 6).await;
            slept.set(3_600_000);
        };
        let clock = || began.elapsed().as_millis() as u64 + slept.get();
        slept.set(0);
        tokio::join!(passed(hour, clock), asleep);
        assert!(
            began.elapsed() <= hour / 6 + LOOK + second,
            "{:?}",
            began.elapsed()
        );

        // Nobody makes it last longer by setting the clock back.
        let began = tokio::time::Instant::now();
        passed(hour, || 5).await;
        assert!(is_over(began.elapsed()), "{:?}", began.elapsed());
    }
}
