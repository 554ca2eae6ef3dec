//! Builds the extension from its sources into the directory that a browser loads
//! (`docs/architecture.md`, "Packaged extension").

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::run::{Run, Workspace};
use crate::setup::{self, WASM};

/// Whether the extension is optimised for size and speed, which takes minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Optimise {
    /// Optimised, as it is shipped.
    Yes,
    /// Not optimised, for trying out changes during development.
    No,
}

/// The parts that are compiled to WebAssembly, by the names of their crates.
pub const PARTS: [&str; 3] = ["background", "files", "popup"];

/// The crate of the page that nodes show for web links.
pub const PAGE: &str = "page";

/// The options of `wasm-opt`. It is limited to `-O1` on purpose: higher levels make the parts
/// smaller on disk but larger when compressed, as measurements showed. Functions of similar names are
/// similar, and compress better beside one another (2 % of the worker). The other options enable the
/// features that the compiler's output uses by default.
const WASM_OPT: [&str; 13] = [
    "-O1",
    "--duplicate-function-elimination",
    "--remove-unused-brs",
    "--rse",
    "--dealign",
    "--reorder-functions-by-name",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-debug",
];

/// A built extension.
pub struct Built {
    /// The directory that a browser loads.
    pub directory: PathBuf,
    /// Why it is not optimised; `None` if it is, and may be shipped.
    pub unoptimised: Option<String>,
}

impl Built {
    /// Checks that the extension is optimised, as it is shipped.
    ///
    /// # Errors
    /// If it is not; the error says why.
    pub fn require_optimised(&self) -> Result<()> {
        match &self.unoptimised {
            None => Ok(()),
            Some(reason) => anyhow::bail!("the extension is not optimised: {reason}"),
        }
    }

    /// The WebAssembly of a part.
    pub fn wasm(&self, part: &str) -> PathBuf {
        self.directory.join("wasm").join(format!("{part}_bg.wasm"))
    }
}

/// Builds the extension for Chromium, and the page that nodes show for web links.
///
/// # Errors
/// If it does not compile, or if a tool fails. A missing `wasm-opt` is only a warning.
pub fn build(workspace: &Workspace, optimise: Optimise) -> Result<Built> {
    setup::wasm_target()?;
    let (profile, profile_directory) = match optimise {
        Optimise::Yes => ("release-wasm", "release-wasm"),
        Optimise::No => ("dev", "debug"),
    };
    let mut build = workspace
        .cargo(["build", "--target", WASM, "--profile", profile])
        .arguments(PARTS.iter().flat_map(|part| ["--package", part]))
        .arguments(["--package", PAGE]);
    if optimise == Optimise::Yes {
        build = build.environment("CARGO_ENCODED_RUSTFLAGS", anonymous(workspace)?);
    }
    build.done()?;
    let compiled = workspace.target.join(WASM).join(profile_directory);

    let (wasm_opt, unoptimised) = match optimise {
        Optimise::No => (None, Some("it was built with --dev".to_owned())),
        Optimise::Yes => match setup::wasm_opt(workspace) {
            Ok(program) => (Some(program), None),
            Err(error) => {
                eprintln!("warning: the extension is larger than it need be: {error:#}");
                (None, Some(format!("{error:#}")))
            }
        },
    };

    let page = workspace.page();
    let fresh = page.with_extension("new");
    remove(&fresh)?;
    bind(&compiled.join("page.wasm"), PAGE, &fresh, optimise)?;
    if let Some(wasm_opt) = &wasm_opt {
        shrink(wasm_opt, &fresh.join("page_bg.wasm"))?;
    }
    copy(&workspace.root.join(PAGE).join("static"), &fresh)?;
    // The command contains it, and is built again only if it has changed.
    if same(&page, &fresh) {
        remove(&fresh)?;
    } else {
        remove(&page)?;
        fs::rename(&fresh, &page)
            .with_context(|| format!("{} cannot be replaced", page.display()))?;
    }

    // The extension is built beside the directory and then moved there, so that a browser that has
    // the directory open never sees half of it.
    let directory = workspace.chrome();
    let fresh = directory.with_extension("new");
    remove(&fresh)?;
    for part in PARTS {
        bind(
            &compiled.join(format!("{part}.wasm")),
            part,
            &fresh.join("wasm"),
            optimise,
        )?;
        if let Some(wasm_opt) = &wasm_opt {
            shrink(
                wasm_opt,
                &fresh.join("wasm").join(format!("{part}_bg.wasm")),
            )?;
        }
        copy(&workspace.root.join(part).join("static"), &fresh)?;
    }
    let manifest = fresh.join("manifest.json");
    fs::copy(workspace.root.join("manifest.json"), &manifest)
        .context("the extension's manifest.json cannot be copied")?;
    remove(&directory)?;
    fs::rename(&fresh, &directory)
        .with_context(|| format!("{} cannot be replaced", directory.display()))?;
    Ok(Built {
        directory,
        unoptimised,
    })
}

/// Flags that keep this machine's directories out of the compiler's output, so that the same source
/// gives the same bytes everywhere. They are separated as Cargo requires.
fn anonymous(workspace: &Workspace) -> Result<String> {
    let sysroot = Run::new("rustc").arguments(["--print=sysroot"]).output()?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    let version = Run::new("rustc")
        .arguments(["--version", "--verbose"])
        .output()?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "))
        .unwrap_or("unknown");
    // The compiler itself uses `/rustc/COMMIT` if the source of its library is not installed.
    let mut remapped = vec![
        (workspace.root.clone(), ".".to_owned()),
        (library, format!("/rustc/{commit}")),
    ];
    let sources = cargo_home()?.join("registry/src");
    let registries =
        fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))?;
    for registry in registries {
        remapped.push((registry?.path(), "crates".to_owned()));
    }
    let flags: Vec<String> = remapped
        .into_iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    Ok(flags.join("\u{1f}"))
}

fn cargo_home() -> Result<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context("neither CARGO_HOME nor a home directory is known")
}

/// Writes the JavaScript that loads a part, and the part itself.
fn bind(compiled: &Path, part: &str, to: &Path, optimise: Optimise) -> Result<()> {
    let shipped = optimise == Optimise::Yes;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(part)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_producers_section(shipped);
    bindgen
        .generate(to)
        .with_context(|| format!("wasm-bindgen failed for {}", compiled.display()))
}

fn shrink(wasm_opt: &Path, file: &Path) -> Result<()> {
    let smaller = file.with_extension("opt");
    Run::new("node")
        .arguments([wasm_opt, file])
        .arguments(WASM_OPT)
        .arguments(["--output"])
        .arguments([&smaller])
        .done()?;
    fs::rename(&smaller, file).with_context(|| format!("{} cannot be replaced", file.display()))
}

/// Copies a directory into another. No file may exist in both.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            ensure!(!target.exists(), "two sources for {}", target.display());
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// Whether two directories have the same files. Neither has other directories.
fn same(one: &Path, other: &Path) -> bool {
    let files = |directory: &Path| -> std::io::Result<Vec<(std::ffi::OsString, Vec<u8>)>> {
        let mut files = fs::read_dir(directory)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name(), fs::read(entry.path())?))
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    };
    matches!((files(one), files(other)), (Ok(one), Ok(other)) if one == other)
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
