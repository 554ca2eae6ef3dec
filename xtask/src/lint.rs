//! Checks the built extension as the browsers' stores do: Firefox's with Mozilla's own program, and Chromium's by the rules
//! that Google publishes (<https://developer.chrome.com/docs/webstore/program-policies> and the reference of the manifest).

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::extension::Built;
use crate::run::{Run, Workspace};
use crate::setup;

/// The warnings that are known, by their code and the directory or file that they are about, with the reason why they stay.
const EXPLAINED: [(&str, &str, &str); 2] = [
    (
        "DANGEROUS_EVAL",
        "wasm/",
        "wasm-bindgen looks for the global object that way where `globalThis` is missing; no browser that runs this is so old, \
         and the policy in the manifest forbids it",
    ),
    (
        "UNSAFE_VAR_ASSIGNMENT",
        "wasm/popup.js",
        "Yew can render raw HTML; no page of ours uses that",
    ),
];

/// The most characters of a name, and of a description, in the store for Chromium.
const MAX_NAME: usize = 75;
const MAX_DESCRIPTION: usize = 132;
/// The sizes of icons that the store for Chromium wants, in pixels.
const ICONS: [u32; 2] = [48, 128];

/// What Mozilla's program prints.
#[derive(Deserialize)]
struct Report {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    message: String,
    #[serde(default)]
    file: Option<String>,
}

/// Checks both.
///
/// # Errors
/// If a check cannot be made or finds something that is not explained here; the error names all of it.
pub fn both(workspace: &Workspace, built: &Built) -> Result<()> {
    setup::packages(workspace, "lint", "addons-linter")?;
    firefox(workspace, &built.firefox)?;
    chrome(&built.chrome)
}

fn firefox(workspace: &Workspace, directory: &Path) -> Result<()> {
    let program = workspace
        .root
        .join("tests/lint/node_modules/addons-linter/bin/addons-linter");
    // It fails if it finds an error, which its report says better.
    let (_, report) = Run::new("node")
        .arguments([program.as_os_str()])
        .arguments(["--output", "json", "--boring"])
        .arguments([directory.as_os_str()])
        .printed()?;
    let report: Report =
        serde_json::from_str(&report).context("the report of addons-linter is not understood")?;
    let explained = |finding: &Finding| {
        let file = finding.file.as_deref().unwrap_or_default();
        let mut known = EXPLAINED.iter();
        known.any(|(code, place, _)| *code == finding.code && file.starts_with(place))
    };
    let warnings = report.warnings.iter().filter(|found| !explained(found));
    let found: Vec<String> = report
        .errors
        .iter()
        .chain(warnings)
        .map(|finding| {
            let file = finding.file.as_deref().unwrap_or("the manifest");
            format!("{} ({file}): {}", finding.code, finding.message)
        })
        .collect();
    ensure!(
        found.is_empty(),
        "addons-linter finds in dist/firefox:\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

fn chrome(directory: &Path) -> Result<()> {
    let manifest = std::fs::read(directory.join("manifest.json"))
        .context("the manifest for Chromium cannot be read")?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    let mut wrong = Vec::new();
    let mut must = |holds: bool, rule: &str| {
        if !holds {
            wrong.push(rule.to_owned());
        }
    };
    let text = |name: &str| manifest[name].as_str().unwrap_or_default();
    must(
        manifest["manifest_version"] == 3,
        "only Manifest V3 is taken",
    );
    must(
        (1..=MAX_NAME).contains(&text("name").chars().count()),
        "the name has 1 to 75 characters",
    );
    for (language, description) in descriptions(directory)? {
        must(
            (1..=MAX_DESCRIPTION).contains(&description.chars().count()),
            &format!("the description has 1 to 132 characters, also in {language}"),
        );
    }
    let numbers: Vec<&str> = text("version").split('.').collect();
    must(
        (1..=4).contains(&numbers.len()) && numbers.iter().all(|n| n.parse::<u16>().is_ok()),
        "the version is one to four numbers up to 65535",
    );
    for size in ICONS {
        let icon = manifest["icons"][size.to_string()].as_str();
        let icon = icon.and_then(|icon| std::fs::read(directory.join(icon)).ok());
        must(
            icon.is_some_and(|icon| size_of_png(&icon) == Some((size, size))),
            &format!("there is an icon of {size} by {size} pixels, as PNG"),
        );
    }
    let policy = manifest["content_security_policy"]["extension_pages"].as_str();
    must(
        policy.is_some_and(|policy| !policy.contains("http") && !policy.contains("'unsafe-eval'")),
        "no code comes from elsewhere: the policy allows the extension's own alone",
    );
    for file in scripts(directory)? {
        let code = std::fs::read_to_string(&file)?;
        must(
            ![
                "import(\"http",
                "import('http",
                "from \"http",
                "from 'http",
                "importScripts(",
            ]
            .iter()
            .any(|remote| code.contains(remote)),
            &format!("no code comes from elsewhere, as in {}", file.display()),
        );
    }
    must(
        manifest.get("update_url").is_none(),
        "the store itself says where updates are",
    );
    if wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "the store for Chromium refuses dist/chrome:\n  {}",
        wrong.join("\n  ")
    )
}

/// The description in each language, by the name of its directory.
fn descriptions(directory: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory.join("_locales"))? {
        let entry = entry?;
        let messages = std::fs::read(entry.path().join("messages.json"))?;
        let messages: Value = serde_json::from_slice(&messages)?;
        let description = messages["description"]["message"].as_str();
        found.push((
            entry.file_name().to_string_lossy().into_owned(),
            description.unwrap_or_default().to_owned(),
        ));
    }
    ensure!(!found.is_empty(), "no language has a description");
    Ok(found)
}

/// The width and the height of a picture, if it is a PNG.
fn size_of_png(picture: &[u8]) -> Option<(u32, u32)> {
    let head = picture.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = head.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// The scripts in a directory and those below it.
fn scripts(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(scripts(&entry.path())?);
        } else if entry.path().extension().is_some_and(|ext| ext == "js") {
            found.push(entry.path());
        }
    }
    Ok(found)
}
