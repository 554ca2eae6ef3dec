//! Builds the extension from its sources into the directory that a browser loads
//! (`docs/architecture.md`, "Packaged extension").

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use locales::{Locales, Program};
use serde_json::{Map, Value, json};
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
pub const PARTS: [&str; 4] = ["background", "files", "popup", "scan"];

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

/// The permissions of which Firefox knows nothing.
const ONLY_CHROME: [&str; 2] = ["offscreen", "sidePanel"];

/// A built extension.
pub struct Built {
    /// The directory that Chromium loads.
    pub chrome: PathBuf,
    /// The directory that Firefox loads.
    pub firefox: PathBuf,
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
        self.chrome.join("wasm").join(format!("{part}_bg.wasm"))
    }
}

/// Builds the extension for Chromium and for Firefox, and the page that nodes show for web links.
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

    let locales = Locales::read(&workspace.root.join("locales"))?;
    let words = workspace.root.join("words/static");

    let page = workspace.page();
    let fresh = page.with_extension("new");
    remove(&fresh)?;
    bind(&compiled.join("page.wasm"), PAGE, &fresh, optimise)?;
    if let Some(wasm_opt) = &wasm_opt {
        shrink(wasm_opt, &fresh.join("page_bg.wasm"))?;
    }
    copy(&workspace.root.join(PAGE).join("static"), &fresh)?;
    begin_with_tokens(workspace, &fresh.join("page.css"))?;
    fs::copy(words.join("words.js"), fresh.join("words.js")).context("cannot copy words.js")?;
    write_words(&locales, Program::Page, &fresh)?;
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
    let chrome = workspace.chrome();
    let fresh = chrome.with_extension("new");
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
    begin_with_tokens(workspace, &fresh.join("popup.css"))?;
    copy(&words, &fresh)?;
    write_words(&locales, Program::Extension, &fresh)?;
    for language in locales.languages() {
        let (name, messages) = locales.messages(language);
        let directory = fresh.join("_locales").join(name);
        fs::create_dir_all(&directory)?;
        let text = format!("{}\n", serde_json::to_string_pretty(&messages)?);
        fs::write(directory.join("messages.json"), text).context("cannot write the messages")?;
    }
    let manifest = fs::read_to_string(workspace.root.join("manifest.json"))
        .context("the extension's manifest.json cannot be read")?;
    let manifest: Value = serde_json::from_str(&manifest)
        .context("the extension's manifest.json is not understood")?;
    let firefox = workspace.firefox();
    let fresh_firefox = firefox.with_extension("new");
    remove(&fresh_firefox)?;
    copy(&fresh, &fresh_firefox)?;
    // Its background page does what Chromium needs another page for, and clicked links need none on their way.
    for name in ["offscreen.html", "offscreen.js", "link.html", "link.js"] {
        fs::remove_file(fresh_firefox.join(name)).with_context(|| format!("there is no {name}"))?;
    }
    for (fresh, directory, manifest) in [
        (fresh, &chrome, for_chrome(&manifest)?),
        (fresh_firefox, &firefox, for_firefox(&manifest)?),
    ] {
        let text = format!("{}\n", serde_json::to_string_pretty(&manifest)?);
        fs::write(fresh.join("manifest.json"), text).context("a manifest cannot be written")?;
        remove(directory)?;
        fs::rename(&fresh, directory)
            .with_context(|| format!("{} cannot be replaced", directory.display()))?;
    }
    Ok(Built {
        chrome,
        firefox,
        unoptimised,
    })
}

/// Writes the tokens, which all stylesheets have, at the beginning of one.
fn begin_with_tokens(workspace: &Workspace, stylesheet: &Path) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let tokens = read(&workspace.root.join("web/static/tokens.css"))?;
    let text = format!("{tokens}\n{}", read(stylesheet)?);
    fs::write(stylesheet, text).with_context(|| format!("cannot write {}", stylesheet.display()))
}

/// Writes the words of all languages for a program, and which languages there are; for the page also what it says without the
/// program.
fn write_words(locales: &Locales, program: Program, to: &Path) -> Result<()> {
    let mut directions = Map::new();
    let mut failed = Map::new();
    for language in locales.languages() {
        let tag = &language.tag;
        let table = locales.table(language, program);
        fs::write(to.join(format!("words.{tag}.txt")), table)
            .with_context(|| format!("cannot write the words of {tag}"))?;
        let direction = if language.is_rtl() { "rtl" } else { "ltr" };
        directions.insert(tag.clone(), direction.into());
        let (_, messages) = locales.messages(language);
        failed.insert(tag.clone(), messages["link_page_failed"]["message"].clone());
    }
    let mut text = format!(
        "// The languages that there are words for, and their directions.\nexport default {};\n",
        Value::from(directions)
    );
    // The extension says this by means of the browser.
    if program == Program::Page {
        text += &format!(
            "// What is said if the page cannot start, with the reason in the place of $WHY$.\nexport const failed = {};\n",
            Value::from(failed)
        );
    }
    fs::write(to.join("languages.js"), text).context("cannot write the languages")
}

/// The manifest for Chromium: what only Firefox reads is left out.
fn for_chrome(manifest: &Value) -> Result<Value> {
    let mut manifest = members(manifest)?;
    for only_firefox in ["browser_specific_settings", "protocol_handlers"] {
        take(&mut manifest, only_firefox)?;
    }
    Ok(manifest.into())
}

/// The manifest for Firefox, of version 2: a page of version 3 is ended after 30 s without an event, whatever its
/// connections do, and nobody could be reached.
fn for_firefox(manifest: &Value) -> Result<Value> {
    let mut manifest = members(manifest)?;
    for only_chrome in [
        "key",
        "minimum_chrome_version",
        "externally_connectable",
        "web_accessible_resources",
    ] {
        take(&mut manifest, only_chrome)?;
    }
    let background = take(&mut manifest, "background")?;
    let script = member(&background, "service_worker")?;
    let module = member(&background, "type")?;
    let mut action = take(&mut manifest, "action")?;
    // Otherwise the button would be in a menu, where nobody sees it.
    action["default_area"] = json!("navbar");
    let optional = take(&mut manifest, "optional_host_permissions")?;
    let policy = take(&mut manifest, "content_security_policy")?;
    let permissions = take(&mut manifest, "permissions")?;
    let permissions = permissions.as_array().context("permissions are a list")?;
    let permissions: Vec<&Value> = permissions
        .iter()
        .filter(|permission| !ONLY_CHROME.contains(&permission.as_str().unwrap_or_default()))
        .collect();
    let panel = take(&mut manifest, "side_panel")?;
    let mut commands = members(&take(&mut manifest, "commands")?)?;
    let action_key = take(&mut commands, "_execute_action")?;
    commands.insert("_execute_browser_action".to_owned(), action_key);
    let sidebar = json!({
        "default_panel": member(&panel, "default_path")?,
        "default_title": member(&action, "default_title")?,
        "default_icon": member(&action, "default_icon")?,
        // Otherwise it would be beside the first page.
        "open_at_install": false,
    });
    manifest.extend([
        ("manifest_version".to_owned(), json!(2)),
        ("permissions".to_owned(), json!(permissions)),
        ("optional_permissions".to_owned(), optional),
        ("browser_action".to_owned(), action),
        ("sidebar_action".to_owned(), sidebar),
        ("commands".to_owned(), commands.into()),
        (
            "content_security_policy".to_owned(),
            member(&policy, "extension_pages")?,
        ),
        (
            "background".to_owned(),
            json!({"scripts": [script], "type": module, "persistent": true}),
        ),
    ]);
    Ok(manifest.into())
}

fn members(manifest: &Value) -> Result<Map<String, Value>> {
    let members = manifest.as_object().cloned();
    members.context("the manifest is not an object")
}

fn take(manifest: &mut Map<String, Value>, name: &str) -> Result<Value> {
    let value = manifest.remove(name);
    value.with_context(|| format!("the manifest has no “{name}”"))
}

fn member(object: &Value, name: &str) -> Result<Value> {
    let value = object.get(name).cloned();
    value.with_context(|| format!("the manifest has no “{name}”"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Value {
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifest.json"));
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    #[test]
    fn one_manifest_makes_both() {
        let own = manifest();
        let chrome = for_chrome(&own).unwrap();
        assert_eq!(chrome["manifest_version"], 3);
        assert_eq!(chrome["background"]["service_worker"], "background.js");
        assert_eq!(
            chrome["side_panel"]["default_path"],
            "popup.html?view=panel"
        );
        for only_firefox in [
            "browser_specific_settings",
            "protocol_handlers",
            "sidebar_action",
        ] {
            assert!(chrome.get(only_firefox).is_none(), "{only_firefox}");
        }
        let firefox = for_firefox(&own).unwrap();
        assert_eq!(firefox["manifest_version"], 2);
        assert_eq!(firefox["background"]["scripts"], json!(["background.js"]));
        assert_eq!(firefox["background"]["persistent"], true);
        assert_eq!(firefox["optional_permissions"], json!(["<all_urls>"]));
        let permissions = firefox["permissions"].as_array().unwrap();
        for only_chrome in ONLY_CHROME {
            assert!(!permissions.contains(&json!(only_chrome)), "{only_chrome}");
            let permissions = chrome["permissions"].as_array().unwrap();
            assert!(permissions.contains(&json!(only_chrome)), "{only_chrome}");
        }
        assert!(permissions.contains(&json!("scripting")));
        assert!(firefox["content_security_policy"].is_string());
        assert!(firefox["browser_action"]["default_popup"].is_string());
        assert_eq!(firefox["browser_action"]["default_area"], "navbar");
        let sidebar = &firefox["sidebar_action"];
        assert_eq!(
            sidebar["default_panel"],
            chrome["side_panel"]["default_path"]
        );
        assert_eq!(sidebar["open_at_install"], false);
        assert!(firefox["commands"].get("_execute_action").is_none());
        assert_eq!(
            firefox["commands"]["_execute_browser_action"],
            chrome["commands"]["_execute_action"]
        );
        assert_eq!(
            firefox["commands"]["share-files"],
            chrome["commands"]["share-files"]
        );
        assert_eq!(firefox["protocol_handlers"][0]["protocol"], "web+fluence");
        assert_eq!(firefox["protocol_handlers"][1]["protocol"], "ipfs");
        for only_chrome in [
            "key",
            "action",
            "side_panel",
            "web_accessible_resources",
            "optional_host_permissions",
            "externally_connectable",
        ] {
            assert!(firefox.get(only_chrome).is_none(), "{only_chrome}");
        }
        for same in [
            "name",
            "version",
            "description",
            "icons",
            "options_ui",
            "omnibox",
            "incognito",
        ] {
            assert_eq!(firefox[same], chrome[same], "{same}");
            assert!(!firefox[same].is_null(), "{same}");
        }
    }
}
