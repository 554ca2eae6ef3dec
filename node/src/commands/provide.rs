//! `fluence provide`: provides a function that runs a command.

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use fluence::admission::{Admission, Cost, Limits};
use fluence::call::{CallError, ErrorCode, MAX_MESSAGE, Reply};
use fluence::names::{FILE_PREFIX, FunctionName};
use fluence_peer::{Calls, IncomingCall, PeerId};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::call::function_name;
use super::session::{Client, Earlier};
use super::{Context, NetworkArgs, close, stop_signal};
use crate::exit::Failed;
use crate::output::Output;
use crate::platform::now_ms;
use crate::text;

/// How much of a command's standard error is shown when it fails, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// Provide a function: each call runs a command.
///
/// The command gets the call's arguments, a JSON object, on standard input, and prints its result,
/// a JSON object, on standard output. The environment has FLUENCE_FUNCTION and FLUENCE_CALLER (the
/// caller's peer id). No shell is involved. An exit code other than 0 is an error for the caller,
/// who is not told what the command wrote to standard error. While the function is being announced,
/// a call with just {"probe": true} is answered with {} and runs nothing: with it, the network
/// makes sure that this peer can be reached. Once the function is provided, each call runs the
/// command; for the name of a file, IPFS_…, {"probe": true} then asks for an answer without moving
/// any data.
#[derive(Debug, Args)]
pub(super) struct ProvideArgs {
    /// The function's name.
    name: String,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// How long a call may run, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// The most calls that run at the same time; further callers are told to try again later.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: u32,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) async fn run(context: &Context, args: ProvideArgs) -> Result<(), Failed> {
    let name = function_name(&args.name)?;
    if name.as_str().starts_with(FILE_PREFIX) {
        context.output.say(text::RESERVED_NAME);
    }
    let client = Client::connect(&context.home()?, None, &args.network, &context.output).await?;
    let earlier = Earlier::of(context, &client, &args.network)?.begin(|_| false);
    let Client {
        peer,
        calls,
        statuses: _statuses,
        nodes: _,
        authorities: _,
        _identity,
    } = client;
    let function = Arc::new(Function {
        name: name.clone(),
        command: args.command,
        timeout: Duration::from_secs(args.timeout),
        admission: Mutex::new(Admission::new(Limits {
            at_once: args.concurrency as usize,
            // One caller may use the whole capacity, which is up to the person who provides the
            // function.
            burst: u32::MAX,
            ..Limits::default()
        })),
        confirmed: AtomicBool::new(false),
        output: context.output.clone(),
    });
    let serving = tokio::spawn(answer(function.clone(), calls));
    let ended = tokio::select! {
        () = stop_signal() => Ok(()),
        ended = announce(&peer, &function) => ended,
        _ = serving => Err(text::peer_stopped()),
    };
    // Running calls are not waited for: their callers ask another provider.
    let _ = peer.withdraw(name).await;
    earlier.end().await;
    close(&peer).await;
    ended
}

/// Announces the function and says so; from then on the peer keeps it announced. Returns only with
/// a failure.
async fn announce(peer: &fluence_peer::Peer, function: &Function) -> Result<(), Failed> {
    let Function { name, output, .. } = function;
    let unconfirmed = peer.announce(vec![name.clone()]).await?;
    if !unconfirmed.is_empty() {
        return Err(text::unconfirmed(name));
    }
    function.confirmed.store(true, Ordering::Relaxed);
    output.event(&json!({"event": "providing", "function": name, "peer": peer.id().to_string()}));
    output.say(&text::providing(name));
    std::future::pending().await
}

/// The function that is provided.
struct Function {
    name: FunctionName,
    command: Vec<OsString>,
    timeout: Duration,
    admission: Mutex<Admission>,
    /// Whether the probe that confirms the announcement has come through. Only its timing tells
    /// that call from others.
    confirmed: AtomicBool,
    output: Output,
}

/// Answers calls until there are no more.
async fn answer(function: Arc<Function>, mut calls: Calls) {
    while let Some(call) = calls.next().await {
        match function.admit(&call) {
            Ok(place) => {
                tokio::spawn(async move { place.0.run(call).await });
            }
            Err(reply) => call.reply(reply),
        }
    }
}

/// A call that was admitted; its place is given back when it is dropped.
struct Place(Arc<Function>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.admission().done();
    }
}

impl Function {
    fn admission(&self) -> std::sync::MutexGuard<'_, Admission> {
        self.admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the call a place, so that the command can run for it; if it is not to run, returns the
    /// reply.
    fn admit(self: &Arc<Self>, call: &IncomingCall) -> Result<Place, Reply> {
        let of_announcement = call.request.is_probe() && !self.confirmed.load(Ordering::Relaxed);
        let cost = if of_announcement {
            Cost::Probe
        } else {
            Cost::Call
        };
        let caller = call.from.to_string();
        self.admission().admit(&caller, cost, now_ms())?;
        let place = Place(Arc::clone(self));
        if call.request.function != self.name {
            return Err(Reply::error(
                ErrorCode::NoSuchFunction,
                "this peer does not provide that function",
            ));
        }
        if of_announcement {
            return Err(Reply::Ok(Map::new()));
        }
        Ok(place)
    }

    async fn run(&self, call: IncomingCall) {
        let began = std::time::Instant::now();
        let reply =
            match tokio::time::timeout(self.timeout, self.execute(call.from, &call.request.args))
                .await
            {
                Ok(Ok(result)) => Reply::Ok(result),
                Ok(Err(error)) => Reply::Error(error),
                Err(_) => Reply::error(
                    ErrorCode::Unavailable,
                    format!(
                        "the function did not end within {} s",
                        self.timeout.as_secs()
                    ),
                ),
            };
        let took = began.elapsed();
        self.output.event(&json!({
            "event": "called",
            "caller": call.from.to_string(),
            "ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "reply": &reply,
        }));
        self.output.say(&text::called(&call.from, &reply, took));
        call.reply(reply);
    }

    /// Runs the command. When the future is dropped, the command is killed.
    async fn execute(
        &self,
        caller: PeerId,
        args: &Map<String, Value>,
    ) -> Result<Map<String, Value>, CallError> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| internal("there is no command"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("FLUENCE_FUNCTION", self.name.as_str())
            .env("FLUENCE_CALLER", caller.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| {
            tracing::error!("{} cannot be run: {error}", program.display());
            internal("the function cannot be run")
        })?;
        #[cfg(unix)]
        let _group = Group::of(&child);
        let input = Value::Object(args.clone()).to_string();
        let (output, complaint) = talk(&mut child, input).await.map_err(|error| {
            tracing::warn!("talking to the command failed: {error}");
            internal("the function failed")
        })?;
        if output.len() > MAX_MESSAGE {
            return Err(internal("the function's result is too large"));
        }
        let status = child
            .wait()
            .await
            .map_err(|_| internal("the function failed"))?;
        if !status.success() {
            self.output.say(&text::command_failed(status, &complaint));
            return Err(internal("the function failed"));
        }
        serde_json::from_slice(&output).map_err(|error| {
            self.output.say(&text::not_an_object(&error));
            internal("the function's result is not a JSON object")
        })
    }
}

/// The process group of the command. Dropping it kills everything that the command started, whether
/// or not the command ended by itself.
#[cfg(unix)]
struct Group(rustix::process::Pid);

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Option<Self> {
        let id = i32::try_from(child.id()?).ok()?;
        rustix::process::Pid::from_raw(id).map(Self)
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        // It is no error if no process is left in the group.
        let _ = rustix::process::kill_process_group(self.0, rustix::process::Signal::KILL);
    }
}

/// Writes the input and reads both outputs at the same time, so that a full pipe does not stop
/// everything. One byte more than the limit is read, which shows that there was more.
async fn talk(child: &mut Child, input: String) -> std::io::Result<(Vec<u8>, String)> {
    let gone = || std::io::Error::other("a pipe is missing");
    let mut stdin = child.stdin.take().ok_or_else(gone)?;
    let stdout = child.stdout.take().ok_or_else(gone)?;
    let stderr = child.stderr.take().ok_or_else(gone)?;
    let write = async move {
        // A command may ignore its arguments: a closed pipe is no error.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let read = async {
        let mut bytes = Vec::new();
        stdout
            .take(MAX_MESSAGE as u64 + 1)
            .read_to_end(&mut bytes)
            .await
            .map(|_| bytes)
    };
    let complain = async {
        let mut stderr = stderr;
        let mut bytes = Vec::new();
        (&mut stderr)
            .take(MAX_COMPLAINT)
            .read_to_end(&mut bytes)
            .await?;
        // The rest is read and dropped, so that the command does not stop at a full pipe.
        tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let ((), output, complaint) = tokio::join!(write, read, complain);
    Ok((output?, complaint?))
}

fn internal(message: &str) -> CallError {
    CallError::new(ErrorCode::Internal, message)
}
