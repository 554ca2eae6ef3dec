//! The commands of the `fluence` program: their arguments, and what each does.

mod asking;
mod call;
mod fetch;
mod hash;
mod id;
mod node;
mod open;
mod provide;
mod save;
mod session;
mod share;
mod storage;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ContextValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use fluence::content::Profile;
use fluence::names::without_key;
use fluence::state::{LINKS, MAX_LINKS};
use fluence_peer::Multiaddr;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tracing_subscriber::EnvFilter;

use crate::exit::Failed;
use crate::home::Home;
use crate::output::Output;
use crate::text;
use crate::tls;

/// How long the end of the program may take before it is forced.
const STOP: Duration = Duration::from_secs(5);

/// Share files peer to peer: a file is a function, and whoever calls it gets the file.
///
/// Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not found, or nobody provides it; 4 the network
/// or the other side cannot be reached; 5 what arrived is not what was asked for; 6 refused (a
/// quota, a limit, too busy); 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "fluence", version)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// Reads the command line. If it is wrong, or asks for help, this says so and ends the program.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| without_keys(error).exit())
    }
}

/// An error that repeats no key of a private link: what is said on standard error may be kept in a log.
fn without_keys(mut error: clap::Error) -> clap::Error {
    let told: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, without_key(text).into_owned())),
            _ => None,
        })
        .collect();
    for (kind, text) in told {
        error.insert(kind, ContextValue::String(text));
    }
    error
}

#[derive(Debug, Args)]
struct Common {
    /// The directory for the identity and unfinished work [default: ~/.local/state/fluence; for a
    /// node, node/ in it].
    #[arg(long, global = true, value_name = "DIR", env = "FLUENCE_STATE")]
    state: Option<PathBuf>,
    /// Print JSON for programs, one object per line, on standard output, or on standard error if
    /// standard output is for the bytes of a file.
    #[arg(long, global = true)]
    json: bool,
    /// Print only results and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Print more on standard error; give it twice to print everything. RUST_LOG, if set, overrides
    /// it.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// How the log on standard error is written: as text, or as one JSON object per line with
    /// timestamp, level, target, message and fields.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        env = "FLUENCE_LOG_FORMAT"
    )]
    log_format: LogFormat,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// As lines of text.
    #[default]
    Text,
    /// As JSON, one object per line.
    Json,
}

/// The subcommands. The help of each is at the type of its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    Node(Box<node::NodeArgs>),
    Share(share::ShareArgs),
    Fetch(fetch::FetchArgs),
    Call(call::CallArgs),
    Provide(provide::ProvideArgs),
    Hash(hash::HashArgs),
    Storage(storage::StorageArgs),
    /// Print this directory's peer id.
    Id,
}

impl Command {
    /// Whether the command moves one file and serves nobody meanwhile. One thread then takes the bytes from the network and
    /// hands them on, since handing them from thread to thread costs a fetch a fifth of its time; blocks are verified and
    /// files are written on others.
    fn is_one_transfer(&self) -> bool {
        matches!(self, Self::Fetch(args) if !args.provides())
    }

    /// Whether standard output is for the bytes of a file, so that messages have to go to standard
    /// error.
    fn prints_bytes(&self) -> bool {
        match self {
            Self::Fetch(args) => args.prints_bytes(),
            Self::Storage(args) => args.prints_bytes(),
            _ => false,
        }
    }
}

/// Whether the path given with `-o` means standard output.
fn is_stdout(output: Option<&Path>) -> bool {
    output.is_some_and(|path| path.as_os_str() == "-")
}

/// The options for reaching the network.
#[derive(Debug, Args)]
struct NetworkArgs {
    /// The address of a node, such as /ip4/127.0.0.1/tcp/4101 or /dns4/HOST/tcp/443/tls/ws. To give
    /// several, separate them by white space or repeat the option; they are tried in this order
    /// [default: the node on this machine].
    #[arg(long = "node", value_name = "MULTIADDR", env = "FLUENCE_NODES")]
    nodes: Vec<String>,
    /// At how many nodes to be reachable at the same time. With 1, only the given ones are used; with more, also others of
    /// their network.
    #[arg(long, value_name = "NUMBER", default_value_t = LINKS, value_parser = clap::value_parser!(u64).range(1..=MAX_LINKS))]
    links: u64,
    /// A file (PEM) with certificates of authorities that are trusted besides the usual ones, for
    /// nodes and storages with TLS.
    #[arg(long, value_name = "FILE", env = "FLUENCE_CA")]
    ca: Option<PathBuf>,
    /// How long to wait for the network at the start, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    wait: u64,
}

/// The addresses on which a node on this machine listens by default.
const LOCAL_NODE: [&str; 2] = ["/ip4/127.0.0.1/tcp/4101", "/ip4/127.0.0.1/tcp/4102/ws"];

impl NetworkArgs {
    fn nodes(&self) -> Result<Vec<Multiaddr>, Failed> {
        let given: Vec<&str> = self
            .nodes
            .iter()
            .flat_map(|nodes| nodes.split_whitespace())
            .collect();
        let nodes = if given.is_empty() {
            &LOCAL_NODE[..]
        } else {
            &given
        };
        nodes.iter().map(|node| multiaddr(node)).collect()
    }

    /// The certificates of further authorities.
    fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, Failed> {
        let authorities = self.ca.as_deref().map(tls::certificates).transpose();
        let authorities = authorities.map_err(|error| text::authorities(&error))?;
        Ok(authorities.unwrap_or_default())
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.wait)
    }
}

/// Parses a multiaddr from the command line.
fn multiaddr(text: &str) -> Result<Multiaddr, Failed> {
    text.parse()
        .map_err(|error| text::not_a_multiaddr(text, &error))
}

/// Parses the name of a profile, as docs/protocol.md lists them.
fn profile(text: &str) -> Result<Profile, String> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|_| "the profiles are unixfs-v1-2025 and unixfs-v0-2015".to_owned())
}

/// What every command needs: the path of the state directory, and the output.
#[derive(Debug, Clone)]
struct Context {
    home: PathBuf,
    output: Output,
}

impl Context {
    fn home(&self) -> Result<Home, Failed> {
        Home::open(&self.home)
    }
}

/// Runs a command to its end, and returns the exit code.
pub fn run(cli: Cli) -> ExitCode {
    let Cli { common, command } = cli;
    // The log is all that a node has to say while it runs.
    let is_node = matches!(command, Command::Node(_)) && !common.quiet;
    start_log(common.verbose.max(u8::from(is_node)), common.log_format);
    let own = |path: PathBuf| match &command {
        // A node and a client on one machine are two peers.
        Command::Node(_) | Command::Storage(_) => path.join("node"),
        _ => path,
    };
    let context = Context {
        home: common.state.unwrap_or_else(|| own(Home::default_path())),
        output: Output::new(common.json, common.quiet, command.prints_bytes())
            .logging(common.log_format == LogFormat::Json),
    };
    let mut builder = if command.is_one_transfer() {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failed = text::no_threads(&error);
            context.output.failed(&failed);
            return failed.exit_code();
        }
    };
    let ended = runtime.block_on(LocalSet::new().run_until(dispatch(&context, command)));
    // A thread that is stuck on a dead disk must not keep the program from ending.
    runtime.shutdown_timeout(STOP);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            context.output.failed(&failed);
            failed.exit_code()
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> Result<(), Failed> {
    match command {
        Command::Node(args) => node::run(context, *args).await,
        Command::Share(args) => share::run(context, args).await,
        Command::Fetch(args) => fetch::run(context, args).await,
        Command::Call(args) => call::run(context, args).await,
        Command::Provide(args) => provide::run(context, args).await,
        Command::Hash(args) => hash::run(context, args).await,
        Command::Storage(args) => storage::run(context, args).await,
        Command::Id => id::run(context),
    }
}

/// How long a peer may take to close its connections.
const CLOSE: Duration = Duration::from_secs(3);

/// Shuts a peer down; its connections are closed cleanly if that takes no longer than [`CLOSE`].
async fn close(peer: &fluence_peer::Peer) {
    let _ = tokio::time::timeout(CLOSE, peer.shutdown()).await;
}

/// Starts logging to standard error, with more detail the higher `verbose` is.
fn start_log(verbose: u8, format: LogFormat) {
    let default = match verbose {
        0 => "error,fluence_cli::output=info",
        1 => "error,fluence=info,fluence_peer=info,fluence_cli=info",
        _ => "info,fluence=debug,fluence_peer=debug,fluence_cli=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A terminal that was closed is no reason to end without taking back what was uploaded.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            log.json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .init();
            // What Rust itself prints is not for programs, and has several lines.
            std::panic::set_hook(Box::new(log_panic));
        }
    }
}

/// Logs a panic, wherever it happens: whoever waits for the task or the thread may not say so.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let (payload, trace) = (panic.payload(), Backtrace::capture());
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let is_wanted = trace.status() == BacktraceStatus::Captured;
    tracing::error!(
        thread = std::thread::current().name(),
        place = panic.location().map(ToString::to_string),
        backtrace = is_wanted.then(|| trace.to_string()),
        "a fault of this program: {}",
        said.unwrap_or("it panicked")
    );
}

/// Completes when the program is asked to stop: by Ctrl-C, by `SIGTERM`, or because its terminal is closed (`SIGHUP`).
async fn stop_signal() {
    if ignores_hang_up() {
        return terminated().await;
    }
    let mut hang_up = HangUp::new();
    tokio::select! {
        () = terminated() => {}
        () = hang_up.heard() => {}
    }
}

/// Whether the program was started so that it outlasts its terminal, as by `nohup`.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    use std::sync::OnceLock;
    // From the first handler on, it is not ignored any more.
    static IGNORES: OnceLock<bool> = OnceLock::new();
    *IGNORES.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
            Some(mask) => mask & 1 == 1,
            // Elsewhere it is known by what `nohup` does with the terminal.
            None => !std::io::stderr().is_terminal(),
        }
    })
}

#[cfg(not(unix))]
fn ignores_hang_up() -> bool {
    true
}

/// Completes when the program is asked to stop, by Ctrl-C or by `SIGTERM`.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // If the handlers cannot be installed, the signals' default action ends the program.
        if let (Ok(mut terminate), Ok(mut interrupt)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The signal by which an operator has a node read its files again (`SIGHUP`).
struct HangUp {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUp {
    fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self {
                signal: signal(SignalKind::hangup()).ok(),
            }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Completes when the signal comes.
    async fn heard(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// What [`a_panic_is_one_line_of_a_log_for_programs`] runs in a process of its own.
    #[test]
    #[ignore = "another test runs it"]
    fn panics() {
        start_log(0, LogFormat::Json);
        let part = std::thread::Builder::new().name("part".to_owned());
        let part = part.spawn(|| panic!("two\nlines: {}", 2));
        assert!(part.unwrap().join().is_err());
        let runtime = Builder::new_multi_thread().build().unwrap();
        runtime.block_on(async {
            // Nobody asks what has become of it.
            let task = tokio::spawn(async { panic!("in a task") });
            while !task.is_finished() {
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn a_panic_is_one_line_of_a_log_for_programs() {
        let own = std::env::current_exe().unwrap();
        let mut panics = std::process::Command::new(own);
        panics.args([
            "--ignored",
            "--exact",
            "commands::tests::panics",
            "--nocapture",
        ]);
        panics.env_remove("RUST_LOG").env("RUST_BACKTRACE", "1");
        let ended = panics.output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let log = String::from_utf8(ended.stderr).unwrap();
        let lines = log.lines().map(serde_json::from_str::<serde_json::Value>);
        let lines: Vec<_> = lines.collect::<Result<_, _>>().expect(&log);
        let said: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
        assert_eq!(
            said,
            [
                "a fault of this program: two\nlines: 2",
                "a fault of this program: in a task"
            ]
        );
        assert_eq!(lines[0]["thread"], "part");
        for line in &lines {
            assert_eq!(line["level"], "ERROR");
            let names = |member: &str, what: &str| line[member].as_str().unwrap().contains(what);
            assert!(
                names("place", "mod.rs:") && names("backtrace", "panics"),
                "{line}"
            );
        }
    }

    #[test]
    fn the_long_help_of_a_command_is_complete() {
        let mut cli = Cli::command();
        cli.build();
        for (command, said) in [
            ("node", "browsers require TLS"),
            ("share", "Do not change a file"),
            ("share", "opens in any browser"),
            ("fetch", "30 days"),
            ("provide", "FLUENCE_CALLER"),
        ] {
            let command = cli.find_subcommand_mut(command).unwrap();
            let help = command.render_long_help().to_string();
            assert!(help.contains(said), "{help}");
            assert!(command.get_about().is_some());
        }
    }
}
