//! Programs that run beside a test.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a program may take to report that it is ready.
pub const START: Duration = Duration::from_secs(30);
/// How long a program may take to end when it is asked to.
pub const STOP: Duration = Duration::from_secs(15);

/// A running program; it is killed when this value is dropped.
pub struct Program {
    name: String,
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    /// Starts a program. Its stderr is appended to the file `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let name = Path::new(command.as_std().get_program())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(directory) = log.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let lines = child
            .stdout
            .take()
            .map(|stdout| BufReader::new(stdout).lines());
        Ok(Self { name, child, lines })
    }

    /// The process id, unless it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Reads lines of stdout until `find` returns a value for one, and returns that value. The rest
    /// of the output is read and discarded.
    pub async fn until<T>(&mut self, mut find: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let mut lines = self
            .lines
            .take()
            .ok_or_else(|| anyhow!("the output of {} was read already", self.name))?;
        let name = &self.name;
        let found = timeout(START, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(found) = find(&line) {
                    return Ok(found);
                }
            }
            bail!("{name} ended before it was ready")
        })
        .await
        .with_context(|| format!("{name} was not ready within {START:?}"))??;
        tokio::spawn(drain(lines));
        Ok(found)
    }

    /// Waits until the program has ended by itself.
    pub async fn ended(&mut self) -> Result<()> {
        self.child.wait().await?;
        Ok(())
    }

    /// Asks the program to end, as a service manager does, waits until it has, and returns its exit
    /// code.
    pub async fn terminate(mut self) -> Result<Option<i32>> {
        if let Some(id) = self.child.id() {
            signal("TERM", id).await?;
        }
        let status = timeout(STOP, self.child.wait())
            .await
            .with_context(|| format!("{} did not stop within {STOP:?} of SIGTERM", self.name))??;
        Ok(status.code())
    }

    /// Kills the program without warning, as a power failure would.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// Reads and discards what a program prints, so that the program never blocks on its output.
async fn drain<R: AsyncRead + Unpin>(mut lines: Lines<BufReader<R>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

/// Sends a signal, given by its name, to a process.
pub async fn signal(name: &str, process: u32) -> Result<()> {
    Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.to_string())
        .stderr(Stdio::null())
        .status()
        .await
        .context("`kill` cannot be started")?;
    Ok(())
}

/// The program `fluence` that Cargo built beside the running program, or the one that
/// `FLUENCE_PROGRAM` names.
pub fn fluence() -> Result<PathBuf> {
    if let Some(file) = std::env::var_os("FLUENCE_PROGRAM") {
        return Ok(file.into());
    }
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .map(|directory| directory.join("fluence"))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            anyhow!("the program `fluence` is not built: run `cargo build --package fluence-cli`")
        })
}

/// The root of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}
