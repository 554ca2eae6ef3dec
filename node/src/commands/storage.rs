//! `fluence storage`: what an operator does with the storage of a running or a stopped node.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Context, STOP, is_stdout, stop_signal};
use crate::exit::{Failed, printable};
use crate::home::Home;
use crate::node::Options;
#[cfg(unix)]
use crate::operator::Remote;
use crate::operator::{self, Local, Operation, perform};
use crate::output::Output;
use crate::platform::random;
use crate::storage::{OpenError, Storage};
use crate::text;

/// Manage the storage of a node, running or stopped.
#[derive(Debug, Args)]
pub(super) struct StorageArgs {
    #[command(subcommand)]
    operation: OperationArgs,
    /// The storage's directory [default: that of the running node, or else storage/ in the state
    /// directory].
    #[arg(long, global = true, value_name = "DIR", env = "FLUENCE_STORAGE")]
    storage: Option<PathBuf>,
    /// The node's configuration file [default: node.toml in the state directory, if it is there].
    #[arg(long, global = true, value_name = "FILE", env = "FLUENCE_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum OperationArgs {
    /// Store CAR files, and pin their roots; - is standard input.
    Import {
        /// The CAR files.
        #[arg(required = true, value_name = "FILE.car")]
        files: Vec<PathBuf>,
    },
    /// Write a DAG as a CAR file.
    Export {
        /// The root of the DAG.
        cid: String,
        /// Where to write it; - is standard output [default: CID.car].
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// List what is stored, most recently used first.
    List,
    /// Pin DAGs, so that they are kept whatever else needs room.
    Pin {
        /// The roots of the DAGs.
        #[arg(required = true, value_name = "CID")]
        cids: Vec<String>,
        /// Unpin them instead.
        #[arg(long)]
        off: bool,
    },
    /// Remove DAGs, even pinned ones.
    Remove {
        /// The roots of the DAGs.
        #[arg(required = true, value_name = "CID")]
        cids: Vec<String>,
    },
    /// Verify every block. Damaged ones are listed and removed, and the exit code is 5.
    Check,
    /// Remove everything that need not be kept.
    Gc,
}

impl StorageArgs {
    /// Whether standard output is for the bytes of a file.
    pub fn prints_bytes(&self) -> bool {
        matches!(&self.operation, OperationArgs::Export { output, .. } if is_stdout(output.as_deref()))
    }

    /// Whether a file is written, which has to be removed when the command is stopped.
    fn writes_file(&self) -> bool {
        matches!(self.operation, OperationArgs::Export { .. }) && !self.prints_bytes()
    }
}

pub(super) async fn run(context: &Context, args: StorageArgs) -> Result<(), Failed> {
    let writes_file = args.writes_file();
    let stopped = Arc::new(AtomicBool::new(false));
    let (context, stops) = (context.clone(), stopped.clone());
    // The work blocks, and waits for other threads.
    let mut work = tokio::task::spawn_blocking(move || work(&context, args, stops));
    let ending = |_| Failed::ending();
    if !writes_file {
        return work.await.map_err(ending)?;
    }
    tokio::select! {
        done = &mut work => done.map_err(ending)?,
        () = stop_signal() => {
            stopped.store(true, Ordering::Relaxed);
            match tokio::time::timeout(STOP, work).await {
                // The work was complete before it could be stopped.
                Ok(Ok(Ok(()))) => Ok(()),
                _ => Err(Failed::interrupted(text::START_OVER)),
            }
        }
    }
}

fn work(context: &Context, args: StorageArgs, stopped: Arc<AtomicBool>) -> Result<(), Failed> {
    let home = context.home()?;
    let output = &context.output;
    let mut access = Access {
        home,
        storage: args.storage,
        config: args.config,
        open: None,
        stopped,
        output,
    };
    match args.operation {
        OperationArgs::Import { files } => {
            for file in files {
                access.import(&file)?;
            }
            Ok(())
        }
        OperationArgs::Export { cid, output } => access.export(cid, output),
        OperationArgs::List => {
            let listed = access.perform(&Operation::List)?;
            list(output, &listed);
            Ok(())
        }
        OperationArgs::Pin { cids, off } => {
            for cid in cids {
                let done = access.perform(&Operation::Pin { cid, pinned: !off })?;
                output.event(&done);
                output.say(&text::pinned(text(&done, "cid"), !off));
            }
            Ok(())
        }
        OperationArgs::Remove { cids } => {
            for cid in cids {
                let done = access.perform(&Operation::Remove { cid })?;
                output.event(&done);
                output.say(&text::removed(text(&done, "cid")));
            }
            Ok(())
        }
        OperationArgs::Check => {
            let report = access.perform(&Operation::Check)?;
            check(output, &report)
        }
        OperationArgs::Gc => {
            let done = access.perform(&Operation::Gc)?;
            output.event(&done);
            output.result(&text::collected(
                number(&done, "removed"),
                number(&done["usage"], "bytes"),
                number(&done["usage"], "quota"),
            ));
            Ok(())
        }
    }
}

/// The two ways to a storage.
enum Reach {
    /// This process has the storage open.
    Here(Arc<Storage>),
    /// A running node has the storage open, and performs operations on request.
    #[cfg(unix)]
    Node(Remote),
}

/// Access to the storage of a running or a stopped node.
struct Access<'a> {
    home: Home,
    storage: Option<PathBuf>,
    config: Option<PathBuf>,
    open: Option<Arc<Storage>>,
    /// Set when the person or the system stops the command.
    stopped: Arc<AtomicBool>,
    output: &'a Output,
}

impl Access<'_> {
    fn perform(&mut self, operation: &Operation) -> Result<Value, Failed> {
        self.perform_with(
            operation,
            Box::new(std::io::empty()),
            Box::new(std::io::sink()),
        )
    }

    fn perform_with(
        &mut self,
        operation: &Operation,
        input: Box<dyn Read + Send>,
        output: Box<dyn Write + Send>,
    ) -> Result<Value, Failed> {
        let reach = self.reach()?;
        let bar = self.output.bar("storage");
        let mut port = Local::new(input, output, bar.clone());
        let done = match reach {
            Reach::Here(storage) => perform(
                &storage,
                &tokio::runtime::Handle::current(),
                operation,
                &mut port,
            ),
            #[cfg(unix)]
            Reach::Node(node) => node.perform(operation, &mut port),
        };
        bar.finish_and_clear();
        done
    }

    /// Opens the storage, once, or finds the node that has it open. If a storage was named, it is
    /// that one or none.
    fn reach(&mut self) -> Result<Reach, Failed> {
        if let Some(storage) = &self.open {
            return Ok(Reach::Here(storage.clone()));
        }
        #[cfg(unix)]
        if self.storage.is_none()
            && self.config.is_none()
            && let Some(node) = Remote::connect(self.home.path(), None)?
        {
            return Ok(Reach::Node(node));
        }
        let options = Options {
            storage: self.storage.clone(),
            ..Options::default()
        };
        let config = options
            .complete(self.config.as_deref(), self.home.path())?
            .config(self.home.path())?;
        let directory = &config.storage_directory;
        if !directory.is_dir() {
            return Err(text::no_storage(directory));
        }
        let error = match Storage::open(directory, config.storage) {
            Ok(storage) => {
                self.open = Some(storage.clone());
                return Ok(Reach::Here(storage));
            }
            Err(error) => error,
        };
        #[cfg(unix)]
        if matches!(error, OpenError::InUse(_))
            && let Some(node) = Remote::connect(self.home.path(), Some(directory))?
        {
            return Ok(Reach::Node(node));
        }
        Err(text::not_opened(&error))
    }

    fn import(&mut self, path: &Path) -> Result<(), Failed> {
        let input: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| Failed::file(path, &error))?)
        };
        let imported = self.perform_with(&Operation::Import, input, Box::new(std::io::sink()))?;
        self.output.event(&imported);
        for root in imported["roots"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            self.output.result(root);
        }
        let missing = number(&imported, "missing");
        self.output.say(&text::imported(
            path,
            number(&imported, "blocks"),
            number(&imported, "bytes"),
        ));
        if missing > 0 {
            self.output.say(&text::blocks_missing(missing));
        }
        Ok(())
    }

    fn export(&mut self, cid: String, output: Option<PathBuf>) -> Result<(), Failed> {
        let operation = |cid| Operation::Export { cid };
        if is_stdout(output.as_deref()) {
            self.perform_with(
                &operation(cid),
                Box::new(std::io::empty()),
                Box::new(std::io::stdout()),
            )?;
            return Ok(());
        }
        let path = match output {
            Some(path) => path,
            None => {
                let root = operator::root(&cid)?;
                PathBuf::from(format!("{}.car", fluence::names::canonical(&root)))
            }
        };
        if path.symlink_metadata().is_ok() {
            return Err(text::export_exists(&path));
        }
        let fail = |error| Failed::file(&path, &error);
        let temporary = path.with_extension(format!("{:032x}.part", random()));
        let file = File::create_new(&temporary).map_err(fail)?;
        let part = Part {
            file: file.try_clone().map_err(fail)?,
            stopped: self.stopped.clone(),
        };
        let written = self
            .perform_with(&operation(cid), Box::new(std::io::empty()), Box::new(part))
            .and_then(|done| {
                file.sync_all()
                    .and_then(|()| fs::rename(&temporary, &path))
                    .map_err(fail)
                    .map(|()| done)
            });
        match written {
            Ok(done) => {
                self.output
                    .event(&json!({"cid": done["cid"], "path": path.to_string_lossy()}));
                self.output.result(&path.to_string_lossy());
                Ok(())
            }
            Err(failed) => {
                let _ = fs::remove_file(&temporary);
                Err(failed)
            }
        }
    }
}

/// A file that is being written; writing fails once the command is stopped.
struct Part {
    file: File,
    stopped: Arc<AtomicBool>,
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(io::Error::other("the command was stopped"));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn list(output: &Output, listed: &Value) {
    output.event(listed);
    for dag in listed["dags"].as_array().into_iter().flatten() {
        let missing = number(dag, "missing");
        let state = text::dag_state(missing, dag["pinned"].as_bool() == Some(true));
        output.result(&format!(
            "{}  {:>10}  {state:>8}  {}",
            text(dag, "cid"),
            words::size(number(dag, "bytes")),
            printable(text(dag, "name")),
        ));
    }
    let usage = &listed["usage"];
    output.say(&text::usage(number(usage, "bytes"), number(usage, "quota")));
}

fn check(output: &Output, report: &Value) -> Result<(), Failed> {
    output.event(report);
    let damaged = report["damaged"].as_array().map_or(&[][..], Vec::as_slice);
    for damage in damaged {
        output.result(&format!(
            "{}: {}",
            text(damage, "block"),
            printable(text(damage, "problem"))
        ));
    }
    output.say(&text::checked(
        number(report, "blocks"),
        number(report, "bytes"),
    ));
    if damaged.is_empty() {
        return Ok(());
    }
    Err(text::blocks_damaged(damaged.len()))
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

fn number(object: &Value, member: &str) -> u64 {
    object[member].as_u64().unwrap_or_default()
}
