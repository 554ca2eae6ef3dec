//! `fluence fetch`: fetches a file or a folder by its hash.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fluence::Cid;
use fluence::command::{Answer, Command};
use fluence::failure::{About, Code};
use fluence::names::{Link, MAX_LINK, canonical, link};
use fluence::ports::{Platform, Store};
use fluence::private::record::RecordError;
use fluence::state::{Event, EventKind, GATEWAY, Item, ItemId, ROUTER, Settings, Status};
use indicatif::ProgressBar;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::broadcast::error::RecvError;
use words::Terminal;

use super::open::{self, Arriving, Opened, Unlocking};
use super::save::{Changes, Fetched, Saving, Target, part_of};
use super::session::{CliEngine, Client, Earlier, Session, take_back};
use super::{Context, NetworkArgs, close, is_stdout, stop_signal};
use crate::exit::{Failed, printable};
use crate::home::{Home, Work};
use crate::node::{BaseUrl, List, urls};
use crate::output::{Output, failure_line, label_bar};
use crate::text;

/// The prefix of the work directories of fetches; the CID follows it.
const WORK: &str = "fetch-";
/// What stands between the CID and a digest of the path, if something in a folder is fetched.
const PATH: &str = "-in-";
/// The name of the file in the work directory of a fetch with what the person typed.
const TYPED: &str = "typed";
/// How long an unfinished fetch is kept after its last progress.
const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Fetch a file or a folder by its hash or link, every block verified.
///
/// If the command is interrupted, for whatever reason, everything that has arrived is kept in the
/// state directory, and the same command continues from there, even days later. A fetch that nobody
/// continues for 30 days is removed when another one begins; --discard removes it at once.
#[derive(Debug, Args)]
pub(super) struct FetchArgs {
    /// A hash (Qm… or bafy…), a fluence: or ipfs:// link, or a gateway's URL. A path after the hash of a folder fetches just
    /// what is there. The link of a private share has its key after #; in a shell, put it between quotes.
    #[arg(value_name = "CID|LINK", required_unless_present = "unfinished")]
    link: Option<String>,
    /// Where to save it: a path, a directory, or - for standard output [default: this directory,
    /// under the file's own name].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Replace an existing file. A folder is never replaced.
    #[arg(long, short)]
    force: bool,
    /// Once the file is fetched, provide it to others until Ctrl-C.
    #[arg(long)]
    provide: bool,
    /// Fetch nothing; list the unfinished fetches, and how many bytes of each are kept.
    #[arg(long, conflicts_with_all = ["link", "discard"])]
    unfinished: bool,
    /// Fetch nothing; remove what has arrived of this file.
    #[arg(long)]
    discard: bool,
    /// If nobody shares it, look for it in the public IPFS: ask delegated routers who has it, and then trustless gateways.
    /// They learn this hash and your address. What they send is verified like everything else.
    #[arg(long, env = "FLUENCE_PUBLIC")]
    public: bool,
    /// Delegated routers to ask with --public, as URLs; separate several with spaces [default: delegated-ipfs.dev].
    #[arg(long, value_name = "URLS", env = "FLUENCE_PUBLIC_ROUTERS")]
    public_routers: Option<List<BaseUrl>>,
    /// Trustless gateways to ask with --public, as URLs; separate several with spaces [default: trustless-gateway.link].
    #[arg(long, value_name = "URLS", env = "FLUENCE_PUBLIC_GATEWAYS")]
    public_gateways: Option<List<BaseUrl>>,
    #[command(flatten)]
    network: NetworkArgs,
}

impl FetchArgs {
    /// Whether standard output is for the bytes of the file.
    pub fn prints_bytes(&self) -> bool {
        is_stdout(self.output.as_deref())
    }

    /// Whether the file is provided to others once it is here.
    pub fn provides(&self) -> bool {
        self.provide
    }
}

pub(super) async fn run(context: &Context, args: FetchArgs) -> Result<(), Failed> {
    let home = context.home()?;
    if args.unfinished {
        list(&home, &context.output);
        return Ok(());
    }
    let link_text = args.link.as_deref().unwrap_or_default();
    if args.discard {
        return discard(&home, link_text, &context.output);
    }
    // Nothing but the saving at the end knows the key.
    let wanted: Link = link_text.parse()?;
    let target = Target::new(args.output.clone(), args.force)?;
    home.sweep(WORK, KEEP)?;
    let work = work(&home, &wanted)?;
    keep_typed(&work, &typed(link_text, &wanted))?;
    let client = Client::connect(&home, Some(&work), &args.network, &context.output).await?;
    let earlier = Earlier::of(context, &client, &args.network)?;
    let settings = Settings {
        provide_fetched: args.provide,
        save_fetched: false,
        public: Some(args.public),
        routers: urls(args.public_routers.clone(), ROUTER),
        gateways: urls(args.public_gateways.clone(), GATEWAY),
        ..Settings::default()
    };
    if let Some((_, failure)) = settings.check().into_iter().next() {
        return Err(Failed::of(failure, About::Other));
    }
    let session = Session::begin(client, &work, settings, &context.output).await?;
    let earlier = earlier.begin(session.provides());
    let name = wanted.to_string();
    let mut unlocking = wanted
        .key
        .map(|key| Unlocking::begin(key, &target, args.force, work.path()));
    let arriving = unlocking.as_ref().map(Unlocking::arriving);
    // One future for the whole run, so that no signal between two waits is lost.
    let mut stopping = std::pin::pin!(stop_signal());
    let ended = tokio::select! {
        ended = fetch(&session.engine, &name, arriving, &context.output) => ended,
        failed = early(&mut unlocking) => {
            stop(&session.engine).await;
            Err(failed)
        }
        () = &mut stopping => Err(stop(&session.engine).await),
    };
    let mut has_left = false;
    let ended = match ended {
        Ok(id) => tokio::select! {
            saved = save(&session.engine, &work, &id, &target, unlocking.take(), &args, &context.output) => {
                if let Ok(cid) = &saved && args.provide {
                    context.output.say(&text::provided(&link(cid)));
                    stopping.await;
                    has_left = take_back(&session.engine, &context.output).await;
                    session.peer.withdraw_all().await;
                }
                saved
            }
            () = &mut stopping => Err(Failed::interrupted(text::KEPT)),
        },
        Err(failed) => Err(failed),
    };
    earlier.end().await;
    close(&session.peer).await;
    // A fetch that can continue is kept; one that is saved, or that can only start over, is not.
    let useless = |failed: &Failed| failed.failure.code == Code::NotOpened.into();
    let failed = ended.as_ref().is_err_and(|failed| !useless(failed));
    let keep = session
        .engine
        .with_state(|state| failed && state.items.values().any(|item| keeps_bytes(&item.status)));
    if has_left {
        work.end()?;
    } else if !keep {
        home.remove(work)?;
    }
    ended.map(drop)
}

/// The failure to open what has arrived of a private share, as soon as there is one.
async fn early(unlocking: &mut Option<Unlocking>) -> Failed {
    match unlocking {
        Some(unlocking) => unlocking.failed().await,
        None => std::future::pending().await,
    }
}

/// The name of the work directory of a fetch.
fn work_name(wanted: &Link) -> String {
    let cid = canonical(&wanted.cid);
    if wanted.path.is_empty() {
        return format!("{WORK}{cid}");
    }
    let path = Sha256::digest(wanted.path.as_bytes());
    let path: String = path[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{WORK}{cid}{PATH}{path}")
}

/// Opens the work directory of a fetch.
fn work(home: &Home, wanted: &Link) -> Result<Work, Failed> {
    let work = home
        .work(&work_name(wanted))?
        .ok_or_else(text::being_fetched)?;
    // An earlier fetch may have left only what is to be taken back.
    work.begin()?;
    Ok(work)
}

/// What the person typed. A key is not shown or written down.
fn typed(text: &str, wanted: &Link) -> String {
    match wanted.key {
        Some(_) => link(&wanted.cid),
        None => printable(text.trim()),
    }
}

/// Writes down what the person typed, for [`list`].
fn keep_typed(work: &Work, typed: &str) -> Result<(), Failed> {
    let path = work.path().join(TYPED);
    fs::write(&path, typed).map_err(|error| Failed::file(&path, &error))
}

/// What the person typed to begin a fetch, if it is written down and leads to what is kept in this directory.
fn kept_typed(path: &Path, name: &str) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path.join(TYPED)).ok()?;
    file.take(MAX_LINK as u64).read_to_string(&mut text).ok()?;
    let wanted: Link = text.parse().ok()?;
    (work_name(&wanted) == name).then(|| typed(&text, &wanted))
}

/// Lists the unfinished fetches.
fn list(home: &Home, output: &Output) {
    for left in home.works(WORK) {
        let name = left.name.trim_start_matches(WORK);
        let (cid, inside) = match name.split_once(PATH) {
            Some((cid, _)) => (cid, true),
            None => (name, false),
        };
        let typed = kept_typed(&home.work_path(&left.name), &left.name);
        output.event(&json!({
            "event": "unfinished", "cid": cid, "inside": inside, "link": typed, "bytes": left.bytes,
        }));
        let shown = typed.unwrap_or_else(|| {
            // Earlier versions did not write it down.
            let path = if inside { "/…" } else { "" };
            format!("{cid}{path}")
        });
        output.result(&format!("{shown}  {:>10}", words::size(left.bytes)));
    }
}

/// Removes an unfinished fetch.
fn discard(home: &Home, link_text: &str, output: &Output) -> Result<(), Failed> {
    let wanted: Link = link_text.parse()?;
    let typed = typed(link_text, &wanted);
    let name = work_name(&wanted);
    if !home.works(WORK).iter().any(|left| left.name == name) {
        return Err(text::nothing_kept(&typed));
    }
    let work = work(home, &wanted)?;
    open::clean(work.path());
    home.remove(work)?;
    output.event(&json!({"event": "discarded", "cid": canonical(&wanted.cid), "link": typed}));
    output.say(&text::discarded(&typed));
    Ok(())
}

/// Fetches a file; returns the item once all of it is here and verified.
/// `arriving` is told where the bytes of a private share are.
async fn fetch(
    engine: &CliEngine,
    cid: &str,
    arriving: Option<Arc<Arriving>>,
    output: &Output,
) -> Result<ItemId, Failed> {
    let mut events = engine.platform().watch();
    let mut id = match engine
        .command(Command::Fetch {
            link: cid.to_owned(),
        })
        .await
    {
        Answer::Done { id: Some(id) } => id,
        Answer::Refused { failure } => return Err(Failed::of(failure, About::Fetch)),
        _ => return Err(text::fetch_not_begun()),
    };
    let bar = output.bar(cid);
    loop {
        let item = engine.with_state(|state| state.items.get(&id).cloned());
        if let Some(item) = &item {
            show(&bar, item);
            match &item.status {
                Status::Done | Status::Announcing | Status::Shared | Status::Stopped => {
                    bar.finish_and_clear();
                    return Ok(id);
                }
                Status::Failed { failure } | Status::Interrupted { failure } => {
                    bar.finish_and_clear();
                    return Err(Failed::of(failure.clone(), About::Fetch));
                }
                // What an earlier run wrote and did not record is cut off by now.
                Status::Downloading { .. } => {
                    if let Some(arriving) = &arriving {
                        arriving.grow(engine.platform().store().data_path(&id)?);
                    }
                }
                Status::Preparing | Status::Hashing | Status::Searching | Status::Asked { .. } => {}
            }
        }
        match events.recv().await {
            Ok(event) => {
                tell(output, &event);
                match event.kind {
                    // What is at the end of a path was here already.
                    EventKind::Merged { id: gone, into } if gone == id => id = into,
                    EventKind::Removed { id: gone } if gone == id => {
                        return Err(text::fetch_removed());
                    }
                    _ => {}
                }
            }
            // Events were missed; the state has all that they changed.
            Err(RecvError::Lagged(_)) if item.is_some() => {}
            Err(RecvError::Lagged(_)) => return Err(text::fetch_removed()),
            Err(RecvError::Closed) => {
                return Err(text::fetch_stopped());
            }
        }
    }
}

/// Whether something of a fetch with this status is stored, after which it can continue.
fn keeps_bytes(status: &Status) -> bool {
    match status {
        Status::Failed { .. } => false,
        Status::Preparing
        | Status::Hashing
        | Status::Announcing
        | Status::Shared
        | Status::Stopped
        | Status::Searching
        | Status::Asked { .. }
        | Status::Downloading { .. }
        | Status::Interrupted { .. }
        | Status::Done => true,
    }
}

fn tell(output: &Output, event: &Event) {
    output.engine_event(&event.kind, About::Fetch);
    match &event.kind {
        EventKind::Log { entry, .. } => {
            tracing::info!("{}", words::log::<Terminal>(entry, About::Fetch))
        }
        EventKind::Notice { failure } => output.say(&failure_line(failure, About::Fetch)),
        _ => {}
    }
}

fn show(bar: &ProgressBar, item: &Item) {
    bar.set_message(text::fetching(&item.status));
    label_bar(bar, &item.name);
    if let Some(progress) = item.progress {
        if let Some(total) = progress.total.or(item.size) {
            bar.set_length(total);
        }
        bar.set_position(progress.bytes);
    }
}

/// Pauses the fetch, so that everything that has arrived is written down.
async fn stop(engine: &CliEngine) -> Failed {
    for id in engine.with_state(|state| state.items.keys().cloned().collect::<Vec<_>>()) {
        engine.command(Command::Pause { id }).await;
    }
    Failed::interrupted(text::KEPT)
}

/// Saves what was fetched to where the person wants it, and returns its CID. When the future is dropped, saving stops.
async fn save(
    engine: &CliEngine,
    work: &Work,
    id: &ItemId,
    target: &Target,
    unlocking: Option<Unlocking>,
    args: &FetchArgs,
    output: &Output,
) -> Result<Cid, Failed> {
    let store = engine.platform().store();
    let (source, dag) = store.open(id).await?;
    if let Some(unlocking) = unlocking {
        if dag.is_directory() {
            return Err(Failed::of(RecordError::Header.into(), About::Fetch));
        }
        let opened = unlocking.finish(source).await?;
        tell_opened(&opened, &canonical(&dag.root), target, output);
        return Ok(dag.root);
    }
    let (name, lacks_key) = engine
        .with_state(|state| {
            let item = state.items.get(id)?;
            Some((item.name.clone(), item.lacks_key()))
        })
        .unwrap_or_default();
    // The engine names a folder as the ZIP file that a browser would save.
    let name = match name.strip_suffix(".zip") {
        Some(folder) if dag.is_directory() => folder.to_owned(),
        _ => name,
    };
    let root = dag.root;
    let (cid, size) = (canonical(&root), dag.len());
    let files = dag.file_count();
    // While the file is provided, the stored copy must not change when the saved one does.
    let file = (!args.provide).then(|| store.own_file(id)).flatten();
    let path = target.path(&name);
    let to = path.clone().map(|path| {
        let part = part_of(&path);
        (path, part)
    });
    let saving = Saving {
        stopped: Arc::default(),
        part: to.as_ref().map(|(_, part)| part.clone()),
    };
    let fetched = Fetched {
        source,
        dag,
        file,
        stopped: saving.stopped.clone(),
    };
    let force = args.force;
    let changes = tokio::task::spawn_blocking(move || match to {
        Some((path, part)) => fetched.save(&path, &part, force),
        None => fetched.print().map(|()| Changes::default()),
    })
    .await
    .map_err(|_| Failed::ending())??;
    tracing::debug!("{} is saved", work.path().display());
    tell_changes(&changes, output);
    if let Some(path) = &path
        && !path.ends_with(&name)
        && matches!(target, Target::In(_))
    {
        tell_renamed(&name, path.file_name().unwrap_or_default().as_ref(), output);
    }
    let path = path.as_ref().map(|path| path.to_string_lossy());
    output.event(&json!({
        "event": "fetched", "cid": cid, "name": name, "path": path, "size": size, "files": files,
    }));
    if let Some(path) = &path {
        output.result(path);
    }
    output.say(&text::verified(size));
    if lacks_key {
        output.warn("lacks_key", text::LACKS_KEY, text::DO_LACKS_KEY);
    }
    Ok(root)
}

/// Tells the person what was in a private share.
fn tell_opened(opened: &Opened, cid: &str, target: &Target, output: &Output) {
    tell_changes(&opened.changes, output);
    if let Some(path) = &opened.path
        && !path.ends_with(&opened.name)
        && matches!(target, Target::In(_))
    {
        let saved_as = path.file_name().unwrap_or_default();
        tell_renamed(&opened.name, saved_as.as_ref(), output);
    }
    let path = opened.path.as_ref().map(|path| path.to_string_lossy());
    output.event(&json!({
        "event": "fetched", "cid": cid, "name": opened.name, "path": path, "size": opened.size,
        "files": opened.files, "type": opened.media_type,
    }));
    if let Some(path) = &path {
        output.result(path);
    }
    output.say(&text::verified(opened.size));
}

/// Tells the person of everything in a folder that could not be saved as it is.
fn tell_changes(changes: &Changes, output: &Output) {
    for (name, path) in &changes.renamed {
        tell_renamed(name, path, output);
    }
    for path in &changes.left_out {
        output.event(&json!({"event": "left_out", "name": path}));
        output.say(&text::link_left_out(path));
    }
}

fn tell_renamed(name: &str, path: &Path, output: &Output) {
    let to = path.to_string_lossy();
    output.event(&json!({"event": "renamed", "name": name, "path": to}));
    output.say(&text::renamed(name, &to));
}
