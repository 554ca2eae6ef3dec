//! Runs other programs, and finds the workspace.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The directories of this repository and of what Cargo builds from it.
pub struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the workspace by asking Cargo.
    ///
    /// # Errors
    /// If Cargo cannot be asked, or its answer is not understood.
    pub fn find() -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let output = Run::new(cargo())
            .arguments([
                "metadata",
                "--no-deps",
                "--format-version=1",
                "--manifest-path",
            ])
            .arguments([manifest.as_os_str()])
            .output()?;
        let metadata: Metadata =
            serde_json::from_str(&output).context("`cargo metadata` is not understood")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
        })
    }

    /// A cargo command at the root of the workspace.
    pub fn cargo<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        Run::new(cargo()).directory(&self.root).arguments(arguments)
    }

    /// The directory of the built extension for Chromium, where the tests look for it. It is the
    /// value of `FLUENCE_EXTENSION`, or `dist/chrome` by default.
    pub fn chrome(&self) -> PathBuf {
        std::env::var_os("FLUENCE_EXTENSION")
            .map_or_else(|| self.root.join("dist").join("chrome"), PathBuf::from)
    }

    /// The directory of the built extension for Firefox, which is beside that for Chromium.
    pub fn firefox(&self) -> PathBuf {
        self.chrome().with_file_name("firefox")
    }

    /// The directory of the built page for web links, where the build of the command looks for it.
    pub fn page(&self) -> PathBuf {
        self.root.join("dist").join("page")
    }
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// A program to run. Its output goes to the output of this program.
pub struct Run {
    command: Command,
    shown: String,
}

impl Run {
    /// A program by name or path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let name = Path::new(program.as_ref())
            .file_stem()
            .unwrap_or(program.as_ref())
            .to_string_lossy()
            .into_owned();
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self {
            command,
            shown: name,
        }
    }

    /// Adds arguments.
    pub fn arguments<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        for argument in arguments {
            self.shown.push(' ');
            self.shown.push_str(&argument.as_ref().to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Sets its working directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Sets an environment variable.
    pub fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// If it cannot be started or does not succeed.
    pub fn done(mut self) -> Result<()> {
        let status = self
            .command
            .status()
            .with_context(|| format!("`{}` cannot be started", self.shown))?;
        ensure!(status.success(), "`{}` failed ({status})", self.shown);
        Ok(())
    }

    /// Runs the program to its end without its output; returns whether it could be started and succeeded.
    pub fn starts(mut self) -> bool {
        let quiet = self.command.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Runs the program to its end, shows the lines of its standard output to `each` as they come, and returns how it
    /// ended.
    ///
    /// # Errors
    /// If it cannot be started, or its output cannot be read.
    pub fn watched(mut self, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}` cannot be started", self.shown))?;
        let output = child.stdout.take().into_iter();
        for line in output.flat_map(|output| BufReader::new(output).split(b'\n')) {
            let line = line.with_context(|| format!("the output of `{}`", self.shown))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            each(&line);
        }
        child
            .wait()
            .with_context(|| format!("the end of `{}`", self.shown))
    }

    /// Runs the program to its end and returns its standard output.
    ///
    /// # Errors
    /// If it cannot be started, does not succeed, or prints something that is not UTF-8.
    pub fn output(self) -> Result<String> {
        let shown = self.shown.clone();
        let (status, printed) = self.printed()?;
        ensure!(status.success(), "`{shown}` failed ({status})");
        Ok(printed)
    }

    /// Runs the program to its end, whether it succeeds or not, and returns how it ended and its standard output.
    ///
    /// # Errors
    /// If it cannot be started, or prints something that is not UTF-8.
    pub fn printed(mut self) -> Result<(ExitStatus, String)> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("`{}` cannot be started", self.shown))?;
        let printed = String::from_utf8(output.stdout)
            .with_context(|| format!("`{}` printed something that is not text", self.shown))?;
        Ok((output.status, printed))
    }
}

/// The path of a program that is in `PATH`.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}
