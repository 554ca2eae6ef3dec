//! What must be installed on the machine. It is found, or installed if that is possible, or named
//! so that a person can install it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::{Run, Workspace, which};

/// The version of npm's `binaryen`, whose `wasm-opt` is used.
const BINARYEN: &str = "132.0.0";
/// The compilation target for code that runs in a browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Checks that the compiler is the one that `rust-toolchain.toml` names, because lints, formatting
/// and sizes depend on the version.
///
/// # Errors
/// If it is another version, or if either version cannot be determined.
pub fn compiler(workspace: &Workspace) -> Result<()> {
    let file = workspace.root.join("rust-toolchain.toml");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let wanted = text
        .lines()
        .find_map(|line| line.strip_prefix("channel = ")?.split('"').nth(1))
        .with_context(|| format!("{} names no channel", file.display()))?;
    let version = Run::new("rustc").arguments(["--version"]).output()?;
    let found = version.split_whitespace().nth(1).unwrap_or_default();
    if found != wanted {
        bail!(
            "rustc is {found}, and changes are checked with {wanted}: run `rustup toolchain install {wanted}`, and \
             unset RUSTUP_TOOLCHAIN if it is set"
        );
    }
    Ok(())
}

/// Returns the path of a program from the crates registry, which is built and installed below the
/// target directory if it is not there yet.
///
/// # Errors
/// If it cannot be installed.
pub fn tool(workspace: &Workspace, name: &str, version: &str) -> Result<PathBuf> {
    let home = workspace
        .target
        .join("tools")
        .join(format!("{name}-{version}"));
    let program = home.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    workspace
        .cargo(["install", "--locked", "--quiet", name, "--version", version])
        .arguments(["--root".as_ref(), home.as_os_str()])
        // The program runs only for seconds, so a quick build matters more. cargo-deny's own
        // profile asks for fat LTO.
        .environment("CARGO_PROFILE_RELEASE_LTO", "off")
        .environment("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .environment("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .done()?;
    Ok(program)
}

/// Makes sure that the compiler can build for a browser.
///
/// # Errors
/// If the target is missing and cannot be installed.
pub fn wasm_target() -> Result<()> {
    let libraries = Run::new("rustc")
        .arguments(["--print=target-libdir", "--target", WASM])
        .output()?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    if which("rustup").is_none() {
        bail!(
            "the Rust compiler here has no standard library for {WASM}, and there is no rustup to fetch it: \
             install rustup, or your system's package for that target"
        );
    }
    Run::new("rustup").arguments(["target", "add", WASM]).done()
}

/// Returns the path of the `wasm-opt` of npm's `binaryen`, which is installed below the target
/// directory if it is not there yet.
///
/// # Errors
/// If it cannot be installed; the error says why.
pub fn wasm_opt(workspace: &Workspace) -> Result<PathBuf> {
    let home = workspace
        .target
        .join("tools")
        .join(format!("binaryen-{BINARYEN}"));
    let program = home.join("node_modules/binaryen/bin/wasm-opt");
    if which("node").is_none() {
        bail!("wasm-opt needs Node.js (`node`), which is not in PATH");
    }
    if program.is_file() {
        return Ok(program);
    }
    if which("npm").is_none() {
        bail!("wasm-opt is installed with `npm`, which is not in PATH");
    }
    std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    Run::new("npm")
        .arguments([
            "install",
            "--no-save",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ])
        .arguments(["--loglevel=error", "--prefix"])
        .arguments([home.as_os_str()])
        .arguments([format!("binaryen@{BINARYEN}")])
        .done()?;
    if !program.is_file() {
        bail!("npm's binaryen {BINARYEN} has no wasm-opt");
    }
    Ok(program)
}

/// Installs the packages of `tests/NAME` from npm, exactly those of its lock file, unless they are there. `what` names them
/// to a person.
///
/// # Errors
/// If they cannot be installed; the error says why.
pub fn packages(workspace: &Workspace, name: &str, what: &str) -> Result<()> {
    let home = workspace.root.join("tests").join(name);
    let lock = home.join("package-lock.json");
    let installed = home.join("node_modules").join("installed.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if which("npm").is_none() {
        bail!(
            "{what} is installed with `npm`, which is not in PATH. It comes with Node.js (https://nodejs.org); on \
             Debian or Ubuntu:\n\n    sudo apt-get update && sudo apt-get install npm\n"
        );
    }
    Run::new("npm")
        .arguments(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arguments(["--loglevel=error"])
        .directory(&home)
        .done()?;
    std::fs::write(&installed, wanted)
        .with_context(|| format!("cannot write {}", installed.display()))
}

/// Returns the path of one script for a page with the software that figures are compared with:
/// `benches/others.js` and the packages that it imports, installed and bundled below the target
/// directory.
///
/// # Errors
/// If it cannot be installed or bundled; the error says why.
pub fn others(workspace: &Workspace) -> Result<PathBuf> {
    let home = workspace.target.join("tools").join("figures");
    let bundle = home.join("bundle.js");
    let sources = ["package.json", "others.js"].map(|name| {
        let source = workspace.root.join("benches").join(name);
        let copy = home.join(name);
        (source, copy)
    });
    let same = |(source, copy): &(PathBuf, PathBuf)| {
        let (source, copy) = (std::fs::read(source), std::fs::read(copy));
        matches!((source, copy), (Ok(source), Ok(copy)) if source == copy)
    };
    if bundle.is_file() && sources.iter().all(same) {
        return Ok(bundle);
    }
    if which("npm").is_none() {
        bail!("the packages are installed with `npm`, which is not in PATH");
    }
    match std::fs::remove_dir_all(&home) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", home.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    for (source, copy) in &sources {
        std::fs::copy(source, copy).with_context(|| format!("cannot copy {}", source.display()))?;
    }
    Run::new("npm")
        .arguments(["install", "--no-package-lock", "--ignore-scripts"])
        // This leaves out packages that only other platforms than a browser need.
        .arguments(["--legacy-peer-deps", "--no-audit", "--no-fund"])
        .arguments(["--loglevel=error"])
        .directory(&home)
        .done()?;
    Run::new("node")
        .arguments(["node_modules/esbuild/bin/esbuild", "others.js"])
        .arguments([
            "--bundle",
            "--minify",
            "--format=iife",
            "--platform=browser",
        ])
        .arguments(["--log-level=warning", "--outfile=bundle.js"])
        .directory(&home)
        .done()?;
    Ok(bundle)
}

/// Whether real browsers can be driven here.
pub struct Browser {
    missing: Vec<&'static str>,
}

/// The version of geckodriver, which drives Firefox and is in no package of Debian.
const GECKODRIVER: &str = "0.37.0";

/// The names of a program, one of which is enough, and the Debian package that contains it.
pub type Needed = (&'static [&'static str], &'static str);

/// The programs that the demonstration needs.
pub const CHROMIUM: &[Needed] = &[
    (&["chromium"], "chromium"),
    (&["chromedriver"], "chromium-driver"),
    (&["Xvfb"], "xvfb"),
    (&["xdotool"], "xdotool"),
];
/// What the tests need beside that. Other systems than Debian have the release without extended support alone.
pub const FIREFOX: &[Needed] = &[(&["firefox-esr", "firefox"], "firefox-esr")];

/// Installs the program that drives Firefox below the target directory, and returns its path.
///
/// # Errors
/// If it cannot be installed.
pub fn geckodriver(workspace: &Workspace) -> Result<PathBuf> {
    tool(workspace, "geckodriver", GECKODRIVER)
}

/// The web servers that a node can stand behind, each a Debian package, with the argument that asks for its version.
const SERVERS: [(&str, &str); 3] = [("nginx", "-v"), ("haproxy", "-v"), ("caddy", "version")];

/// Makes the web servers that the tests have a node stand behind available where they are not installed: their packages
/// are unpacked below the target directory, where the tests find them. That takes no root, and starts no service, which
/// installing them would. Returns the names of those that cannot be had here.
pub fn servers(workspace: &Workspace) -> Vec<&'static str> {
    let home = workspace.target.join("tools").join("servers");
    let missing = SERVERS.iter().filter(|(name, version)| {
        if which(name).is_some() {
            return false;
        }
        // What was unpacked before may have been for another system.
        let program = home.join("bin").join(name);
        let starts = || Run::new(&program).arguments([version]).starts();
        if starts() {
            return false;
        }
        let unpacked = unpack(&home, name);
        if let Err(error) = &unpacked {
            eprintln!("warning: {name} cannot be had: {error:#}");
        }
        unpacked.is_err() || !starts()
    });
    missing.map(|(name, _)| *name).collect()
}

/// Unpacks a Debian package, with those that it needs and that are not installed, and makes its program `bin/NAME`.
fn unpack(home: &Path, name: &str) -> Result<()> {
    if which("apt-get").is_none() {
        bail!("there is no apt-get");
    }
    let (root, archives) = (home.join(name), home.join(format!("{name}-packages")));
    for directory in [&root, &archives] {
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
    }
    std::fs::create_dir_all(archives.join("partial"))?;
    println!("Downloading {name}");
    let download = || {
        Run::new("apt-get")
            .arguments(["install", "--yes", "--quiet", "--quiet", "--download-only"])
            // Where it is installed, it may be in none of a person's own paths.
            .arguments(["--reinstall"])
            .arguments(["--no-install-recommends", "--option=Debug::NoLocking=1"])
            .arguments(["--option=APT::Sandbox::User=root"])
            .arguments([format!(
                "--option=Dir::Cache::Archives={}",
                archives.display()
            )])
            .arguments([name])
            .environment("DEBIAN_FRONTEND", "noninteractive")
            .done()
    };
    if download().is_err() {
        // A new machine knows no packages.
        if is_root() {
            let update = ["update", "--quiet", "--quiet"];
            Run::new("apt-get").arguments(update).done()?;
        }
        download()?;
    }
    for archive in std::fs::read_dir(&archives)? {
        let archive = archive?.path();
        if archive
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            Run::new("dpkg-deb")
                .arguments(["--extract".as_ref(), archive.as_os_str(), root.as_os_str()])
                .done()?;
        }
    }
    std::fs::remove_dir_all(&archives)?;
    let program = ["usr/sbin", "usr/bin"].map(|bin| root.join(bin).join(name));
    let program = program.iter().find(|program| program.is_file());
    let program = program.with_context(|| format!("the package {name} has no such program"))?;
    // Its libraries are for it alone.
    let mut libraries = String::new();
    for libs in ["usr/lib", "lib"].map(|libs| root.join(libs)) {
        for system in std::fs::read_dir(libs).into_iter().flatten() {
            let system = system?.path().display().to_string();
            if system.contains("-linux-gnu") {
                libraries = format!("{libraries}{system}:");
            }
        }
    }
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH='{}' exec '{}' \"$@\"\n",
        libraries.trim_end_matches(':'),
        program.display()
    );
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin)?;
    std::fs::write(bin.join(name), script)?;
    make_executable(&bin.join(name))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(
        path,
        std::fs::Permissions::from_mode(0o755),
    )?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

/// Looks for browsers and the programs that drive them. Installs what is missing if this is Debian
/// and we are root; [`Browser::require`] reports what is still missing.
///
/// # Errors
/// None at present: an installation that fails is only a warning.
pub fn browser(programs: &[Needed]) -> Result<Browser> {
    let missing = || {
        let is_missing = |names: &[&str]| names.iter().all(|name| which(name).is_none());
        let missing = programs.iter().filter(|(names, _)| is_missing(names));
        missing.map(|(_, package)| *package).collect()
    };
    let mut browser = Browser { missing: missing() };
    if browser.missing.is_empty() || which("apt-get").is_none() || !is_root() {
        return Ok(browser);
    }
    println!("Installing {}", browser.missing.join(", "));
    let apt = |arguments: &[&str]| {
        Run::new("apt-get")
            .arguments(arguments)
            .environment("DEBIAN_FRONTEND", "noninteractive")
            .done()
    };
    let installed = apt(&["update", "--quiet", "--quiet"]).and_then(|()| {
        let mut arguments = vec![
            "install",
            "--yes",
            "--quiet",
            "--quiet",
            "--no-install-recommends",
        ];
        arguments.extend(&browser.missing);
        apt(&arguments)
    });
    if let Err(error) = installed {
        eprintln!("warning: {error:#}");
    }
    browser.missing = missing();
    Ok(browser)
}

impl Browser {
    /// Checks that nothing is missing.
    ///
    /// # Errors
    /// If something is missing; the error says what to install.
    pub fn require(&self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        bail!(
            "real browsers are needed, and these packages are missing: {0}. On Debian or Ubuntu:\n\n    \
             sudo apt-get update && sudo apt-get install {0}\n",
            self.missing.join(" ")
        )
    }
}

fn is_root() -> bool {
    Run::new("id")
        .arguments(["-u"])
        .output()
        .is_ok_and(|id| id.trim() == "0")
}
