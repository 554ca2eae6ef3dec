//! Puts the page for web links into the command, if it was built before (`cargo xtask build`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The files of the page and their types. The page itself comes first.
const FILES: [(&str, &str); 9] = [
    ("index.html", "text/html; charset=utf-8"),
    ("page.css", "text/css; charset=utf-8"),
    ("mark.svg", "image/svg+xml"),
    ("start.js", "text/javascript; charset=utf-8"),
    ("worker.js", "text/javascript; charset=utf-8"),
    ("page.js", "text/javascript; charset=utf-8"),
    ("words.js", "text/javascript; charset=utf-8"),
    ("languages.js", "text/javascript; charset=utf-8"),
    ("page_bg.wasm", "application/wasm"),
];

/// The type of the words of a language, which are in `words.LANGUAGE.txt`.
const WORDS: &str = "text/plain; charset=utf-8";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let page = root.join("../dist/page");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../dist/page");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let is_built = FILES.iter().all(|(name, _)| page.join(name).is_file());
    let files = if is_built {
        let files = FILES.iter().map(|(name, kind)| file(&page, name, kind));
        let words = words(&page)?
            .into_iter()
            .map(|name| file(&page, &name, WORDS));
        files.chain(words).collect::<io::Result<String>>()?
    } else {
        String::new()
    };
    fs::write(out.join("page.rs"), format!("&[{files}]"))
}

/// The names of the files with the words of each language.
fn words(page: &Path) -> io::Result<Vec<String>> {
    let names =
        fs::read_dir(page)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<String>>>()?;
    names.retain(|name| name.starts_with("words.") && name.ends_with(".txt"));
    names.sort();
    Ok(names)
}

/// A file as an expression: its name, its type, something that changes with its bytes, and the bytes.
fn file(page: &Path, name: &str, kind: &str) -> io::Result<String> {
    let path = fs::canonicalize(page.join(name))?;
    let mut hasher = DefaultHasher::new();
    fs::read(&path)?.hash(&mut hasher);
    let tag = hasher.finish();
    Ok(format!(
        "File {{ name: {name:?}, kind: {kind:?}, tag: \"\\\"{tag:016x}\\\"\", bytes: include_bytes!({path:?}) }},"
    ))
}
