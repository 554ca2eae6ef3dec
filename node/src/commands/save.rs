//! Saves a fetched file: never over another file unless the person says so, and completely or not
//! at all.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fluence::content::Dag;
use fluence::content::walk::{Limits, Walk};
use fluence::failure::About;
use fluence::names::{chosen_name, numbered, safe_file_name};
use fluence::ports::Source;

use super::is_stdout;
use crate::exit::Failed;
use crate::platform::{FileSource, random, sync_directory};
use crate::text;

/// How many bytes are copied at a time.
const COPY: u64 = 1024 * 1024;

/// Where a fetched file is to be saved.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// In this directory, under the name that its provider gave.
    In(PathBuf),
    /// Under this name.
    At(PathBuf),
}

impl Target {
    /// The target that `-o` names, checked before anything is fetched.
    ///
    /// # Errors
    /// If nothing can be saved there, or something would be overwritten without `force`.
    pub fn new(output: Option<PathBuf>, force: bool) -> Result<Self, Failed> {
        let Some(path) = output else {
            return Ok(Self::In(PathBuf::from(".")));
        };
        if is_stdout(Some(&path)) {
            return Ok(Self::Stdout);
        }
        if path.is_dir() {
            return Ok(Self::In(path));
        }
        if path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator)
        {
            return Err(text::no_directory(&path));
        }
        if !force {
            must_be_free(&path)?;
        } else {
            must_be_replaceable(&path)?;
        }
        let parent = parent(&path);
        if !parent.is_dir() {
            return Err(text::no_parent(&parent));
        }
        Ok(Self::At(path))
    }

    /// The path for a file that its provider calls `name`; `None` for standard output.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::In(directory) => Some(directory.join(own_or_safe(name))),
            Self::At(path) => Some(path.clone()),
        }
    }
}

/// A stranger's name for a file, as it is where this system can hold it. A hidden one, such as `.profile`, could be that
/// of a file that other programs run, so it is made visible.
fn own_or_safe(name: &str) -> String {
    let chosen = chosen_name(name);
    if cfg!(windows) || chosen.starts_with('.') {
        safe_file_name(&chosen)
    } else {
        chosen
    }
}

/// A fetched file or folder that is to be saved.
pub(super) struct Fetched {
    /// The bytes.
    pub source: FileSource,
    /// Their layout: the blocks and the files.
    pub dag: Dag,
    /// The stored file with these bytes, if it may become the saved file by a hard link, without a
    /// copy.
    pub file: Option<PathBuf>,
    /// Set when the person stops the command.
    pub stopped: Arc<AtomicBool>,
}

/// What became of a folder's entries that could not be saved as they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The names that had to be changed, each with the path under which the entry was saved.
    pub renamed: Vec<(String, PathBuf)>,
    /// The symbolic links that were left out, because they lead out of the folder or this disk has none.
    pub left_out: Vec<String>,
}

/// Stops a save on another thread when it is dropped, and removes what was written of it.
pub(super) struct Saving {
    /// The flag of the [`Fetched`] that is being saved.
    pub stopped: Arc<AtomicBool>,
    /// The temporary path of the unfinished file.
    pub part: Option<PathBuf>,
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The other thread removes it too, but it may be waiting for the disk.
        if let Some(part) = &self.part {
            remove(part);
        }
    }
}

/// A temporary path beside `path`, for writing to before the file is complete.
pub(super) fn part_of(path: &Path) -> PathBuf {
    parent(path).join(format!(".fluence-{:032x}.part", random()))
}

/// Whether a path is one that [`part_of`] made.
pub(super) fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let number = name
        .strip_prefix(".fluence-")
        .and_then(|name| name.strip_suffix(".part"));
    path.is_absolute()
        && number.is_some_and(|number| {
            number.len() == 32 && number.bytes().all(|b| b.is_ascii_hexdigit())
        })
}

impl Fetched {
    /// Saves under `path`, by way of the temporary path `part`, and says what could not be saved as it is. Blocks the
    /// thread.
    ///
    /// # Errors
    /// If the disk fails, something already exists at `path`, or the command was stopped.
    pub fn save(&self, path: &Path, part: &Path, force: bool) -> Result<Changes, Failed> {
        let saved = if self.dag.is_directory() {
            self.save_directory(path, part)
        } else {
            self.save_file(path, part, force)
                .map(|()| Changes::default())
        };
        // After a rename there is nothing left to remove; after a hard link there is.
        remove(part);
        saved
    }

    /// Fails if the command has been stopped.
    fn go_on(&self) -> Result<(), Failed> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Failed::interrupted(text::KEPT));
        }
        Ok(())
    }

    fn save_file(&self, path: &Path, temporary: &Path, force: bool) -> Result<(), Failed> {
        if force {
            must_be_replaceable(path)?;
        }
        let linked = self
            .file
            .as_ref()
            .is_some_and(|file| fs::hard_link(file, temporary).is_ok());
        if !linked {
            self.copy(0..self.source.len(), temporary)?;
        }
        commit(temporary, path, force)
    }

    fn save_directory(&self, path: &Path, temporary: &Path) -> Result<Changes, Failed> {
        must_be_free(path)?;
        // The blocks say what the paths do not: names as they were, and symbolic links.
        let walk = Walk::resume(self.dag.root, Limits::default(), &self.dag.blocks)
            .map_err(|error| Failed::of((&error).into(), About::Fetch))?;
        fs::create_dir(temporary).map_err(|error| Failed::file(temporary, &error))?;
        let mut tree = Tree::new(temporary, walk.renamed());
        for file in &self.dag.files {
            self.go_on()?;
            if file.is_folder() {
                tree.folder(file.path.trim_end_matches('/'))?;
                continue;
            }
            let (to, out) = tree.file(&file.path)?;
            self.copy_into(file.offset..file.offset + file.len, out, &to)?;
        }
        // They come last, so that nothing is written through one of them.
        for link in walk.symlinks() {
            self.go_on()?;
            tree.symlink(&link.path, &link.target)?;
        }
        tree.commit(temporary, path)
    }

    fn copy(&self, range: std::ops::Range<u64>, to: &Path) -> Result<(), Failed> {
        let file = File::create_new(to).map_err(|error| Failed::file(to, &error))?;
        self.copy_into(range, file, to)
    }

    fn copy_into(
        &self,
        range: std::ops::Range<u64>,
        mut file: File,
        to: &Path,
    ) -> Result<(), Failed> {
        let fail = |error| Failed::file(to, &error);
        let mut at = range.start;
        while at < range.end {
            self.go_on()?;
            let end = range.end.min(at + COPY);
            file.write_all(&self.source.read_now(at..end)?)
                .map_err(fail)?;
            at = end;
        }
        file.sync_all().map_err(fail)
    }

    /// Writes the bytes of a file to standard output. Blocks the thread.
    ///
    /// # Errors
    /// If the DAG is a folder, standard output cannot be written, or the command was stopped.
    pub fn print(&self) -> Result<(), Failed> {
        if self.dag.is_directory() {
            return Err(text::folder_to_stdout());
        }
        let mut out = std::io::stdout().lock();
        let mut at = 0;
        while at < self.source.len() {
            self.go_on()?;
            let end = self.source.len().min(at + COPY);
            let bytes = self.source.read_now(at..end)?;
            out.write_all(&bytes)
                .map_err(|error| Failed::file(Path::new("standard output"), &error))?;
            at = end;
        }
        out.flush()
            .map_err(|error| Failed::file(Path::new("standard output"), &error))
    }
}

/// A folder that is being saved. Each entry keeps its name, unless the disk does not take it or has something else
/// under it, such as a name that differs in case alone.
pub(super) struct Tree<'a> {
    /// The names that the entries have in the DAG, where their paths have others.
    names: &'a HashMap<String, Vec<u8>>,
    /// The place of each folder, by its path in the DAG; that of the whole is under the empty path.
    folders: HashMap<String, PathBuf>,
    /// By place, the next number to try, so that a hundred thousand equal names take no longer than others.
    numbers: HashMap<PathBuf, u64>,
    root: PathBuf,
    changes: Changes,
}

impl<'a> Tree<'a> {
    /// An empty folder at `root`, in which the entries of these paths have other names.
    pub fn new(root: &Path, names: &'a HashMap<String, Vec<u8>>) -> Self {
        Self {
            names,
            folders: HashMap::from([(String::new(), root.to_owned())]),
            numbers: HashMap::new(),
            root: root.to_owned(),
            changes: Changes::default(),
        }
    }

    /// Gives the whole folder at a temporary path its own, and says what could not be saved as it is.
    pub fn commit(self, temporary: &Path, path: &Path) -> Result<Changes, Failed> {
        for folder in self.folders.values() {
            sync_directory(folder).map_err(|error| Failed::file(folder, &error))?;
        }
        must_be_free(path)?;
        fs::rename(temporary, path).map_err(|error| Failed::file(path, &error))?;
        keep_name(path)?;
        Ok(self.changes)
    }

    /// Makes a folder and those above it, and returns its place.
    pub fn folder(&mut self, path: &str) -> Result<PathBuf, Failed> {
        if let Some(place) = self.folders.get(path) {
            return Ok(place.clone());
        }
        let (place, ()) = self.make(path, |place| fs::create_dir(place))?;
        self.folders.insert(path.to_owned(), place.clone());
        Ok(place)
    }

    /// Makes an empty file, and the folders that it is in.
    pub fn file(&mut self, path: &str) -> Result<(PathBuf, File), Failed> {
        self.make(path, |place| File::create_new(place))
    }

    /// Makes a symbolic link, if it stays within the folder.
    fn symlink(&mut self, path: &str, target: &[u8]) -> Result<(), Failed> {
        if !self.stays_inside(path, target) {
            self.changes.left_out.push(path.to_owned());
            return Ok(());
        }
        match self.make(path, |place| symlink(target, place)) {
            Ok(_) => Ok(()),
            Err(_) => {
                self.changes.left_out.push(path.to_owned());
                Ok(())
            }
        }
    }

    /// Whether a link leads to a place in the folder. It may go up only at its beginning: a name before `..` may be
    /// that of another link.
    fn stays_inside(&self, path: &str, target: &[u8]) -> bool {
        let Ok(target) = std::str::from_utf8(target) else {
            return false;
        };
        let mut depth = path.matches('/').count();
        let mut names = target.split(std::path::is_separator).peekable();
        while let Some(name) = names.next_if(|name| matches!(*name, "." | "..")) {
            if name == ".." {
                match depth.checked_sub(1) {
                    Some(above) => depth = above,
                    None => return false,
                }
            }
        }
        !target.is_empty()
            && !target.starts_with(std::path::is_separator)
            && !cfg!(windows)
            && names.all(|name| name != "..")
    }

    /// Makes something under its own name, or else under one that the disk takes.
    fn make<T>(
        &mut self,
        path: &str,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<(PathBuf, T), Failed> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let above = self.folder(above)?;
        let original = self.names.get(path).cloned();
        let told = original.clone().unwrap_or_else(|| name.as_bytes().to_vec());
        // On Windows a name may be made without an error and still be that of a device or a stream.
        let as_it_is = (!cfg!(windows)).then(|| own_name(&told)).flatten();
        let wanted = [as_it_is, Some(name.into()).filter(|_| !cfg!(windows))];
        for name in wanted.into_iter().flatten() {
            let place = above.join(&name);
            match make(&place) {
                Ok(made) => {
                    if name.as_encoded_bytes() != told {
                        self.renamed(&told, &place);
                    }
                    return Ok((place, made));
                }
                Err(error) if is_about_the_disk(&error) => {
                    return Err(Failed::file(&place, &error));
                }
                // The name is too long for the disk, has characters that it does not take, or is taken.
                Err(_) => {}
            }
        }
        let safe = safe_file_name(name);
        let first = above.join(&safe);
        let mut number = self.numbers.get(&first).copied().unwrap_or(1);
        loop {
            let place = match number {
                1 => first.clone(),
                number => above.join(numbered(&safe, number)),
            };
            number += 1;
            match make(&place) {
                Ok(made) => {
                    self.numbers.insert(first, number);
                    self.renamed(&told, &place);
                    return Ok((place, made));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Failed::file(&place, &error)),
            }
        }
    }

    fn renamed(&mut self, name: &[u8], place: &Path) {
        if place.file_name().map(OsStr::as_encoded_bytes) != Some(name) {
            let place = place.strip_prefix(&self.root).unwrap_or(place).to_owned();
            let name = String::from_utf8_lossy(name).into_owned();
            self.changes.renamed.push((name, place));
        }
    }
}

/// Whether an error would be the same under another name.
fn is_about_the_disk(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotFound
    )
}

/// A name of the DAG as one of this system, if it can be the name of an entry here.
#[cfg(unix)]
fn own_name(name: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    let possible =
        !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0);
    possible.then(|| OsString::from_vec(name.to_vec()))
}

#[cfg(not(unix))]
fn own_name(_name: &[u8]) -> Option<OsString> {
    None
}

#[cfg(unix)]
fn symlink(target: &[u8], place: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    std::os::unix::fs::symlink(OsStr::from_bytes(target), place)
}

#[cfg(not(unix))]
fn symlink(_target: &[u8], _place: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Gives a whole file at a temporary path its own, and replaces what is there if `force` says so.
pub(super) fn commit(temporary: &Path, path: &Path, force: bool) -> Result<(), Failed> {
    let fail = |error| Failed::file(path, &error);
    if force {
        fs::rename(temporary, path).map_err(fail)?;
        return keep_name(path);
    }
    // A link, unlike a rename, never replaces what is there.
    match fs::hard_link(temporary, path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(text::exists(path)),
        // The file system has no hard links.
        Err(_) => {
            must_be_free(path)?;
            fs::rename(temporary, path).map_err(fail)?;
        }
    }
    keep_name(path)
}

/// Has the disk keep the name that something was just given.
fn keep_name(path: &Path) -> Result<(), Failed> {
    let directory = parent(path);
    sync_directory(&directory).map_err(|error| Failed::file(&directory, &error))
}

/// Removes a file or a directory, if it exists.
pub(super) fn remove(part: &Path) {
    let _ = fs::remove_file(part).or_else(|_| fs::remove_dir_all(part));
}

/// Fails if there is something other than a file at the path: a device or a pipe would be replaced by a file.
pub(super) fn must_be_replaceable(path: &Path) -> Result<(), Failed> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(text::not_a_file(path));
    }
    Ok(())
}

/// Fails if there is something at the path.
pub(super) fn must_be_free(path: &Path) -> Result<(), Failed> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failed::file(path, &error)),
        Ok(_) => Err(text::exists(path)),
    }
}

/// The directory that the path is in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::exit::Fault;
    use fluence::content::DagFile;

    fn fetched(home: &Path, text: &str, files: Vec<DagFile>) -> Fetched {
        let file = home.join("data");
        fs::write(&file, text).unwrap();
        Fetched {
            source: FileSource::open(&file).unwrap(),
            dag: Dag {
                root: fluence::names::cid_v1(0x55, &[0; 32]),
                blocks: Vec::new(),
                files,
            },
            file: Some(file),
            stopped: Arc::default(),
        }
    }

    fn save(fetched: &Fetched, path: &Path, force: bool) -> Result<(), Failed> {
        fetched.save(path, &part_of(path), force).map(drop)
    }

    fn file(path: &str, offset: u64, len: u64) -> DagFile {
        DagFile {
            path: path.to_owned(),
            offset,
            len,
        }
    }

    #[test]
    fn nothing_is_overwritten_unasked() {
        let home = tempfile::tempdir().unwrap();
        let mut fetched = fetched(home.path(), "new", vec![file("", 0, 3)]);
        let path = home.path().join("out");
        fs::write(&path, "old").unwrap();
        assert_eq!(
            Target::new(Some(path.clone()), false)
                .unwrap_err()
                .failure
                .code,
            Fault::Exists
        );
        for linked in [true, false] {
            if !linked {
                fetched.file = None;
            }
            fs::write(&path, "old").unwrap();
            assert_eq!(
                save(&fetched, &path, false).unwrap_err().failure.code,
                Fault::Exists
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
            save(&fetched, &path, true).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            fs::remove_file(&path).unwrap();
            save(&fetched, &path, false).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_save_that_is_stopped_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("out");
        for files in [vec![file("", 0, 3)], vec![file("a", 0, 1), file("b", 1, 2)]] {
            let mut fetched = fetched(home.path(), "new", files);
            fetched.file = None;
            fetched.stopped.store(true, Ordering::Relaxed);
            let failed = save(&fetched, &path, false).unwrap_err();
            assert_eq!(failed.exit, Exit::Interrupted);
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        }
        // The thread that writes the file may be slow to notice that it must stop.
        let part = part_of(&path);
        fs::write(&part, "ne").unwrap();
        let stopped = Arc::<AtomicBool>::default();
        drop(Saving {
            stopped: stopped.clone(),
            part: Some(part.clone()),
        });
        assert!(stopped.load(Ordering::Relaxed) && !part.exists());
    }

    #[test]
    fn what_is_saved_is_what_was_fetched_where_directories_can_be_synced_and_where_not() {
        // What is in the first is in memory, on systems that have it.
        let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        for place in places.iter().filter(|place| place.is_dir()) {
            let home = tempfile::tempdir_in(place).unwrap();
            let fetched = fetched(home.path(), "new", vec![file("", 0, 3)]);
            let path = home.path().join("out");
            save(&fetched, &path, false).unwrap();
            save(&fetched, &path, true).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");

            let (part, folder) = (part_of(&path), home.path().join("folder"));
            fs::create_dir(&part).unwrap();
            let names = HashMap::new();
            let mut tree = tree(&part, &names);
            tree.folder("empty").unwrap();
            let (_, mut inner) = tree.file("a/b/c").unwrap();
            inner.write_all(b"inner").unwrap();
            // What cannot be opened cannot be synced, which is no reason to call what was saved a failure.
            let gone = tree.folder("gone").unwrap();
            fs::remove_dir(gone).unwrap();
            assert_eq!(tree.commit(&part, &folder).unwrap(), Changes::default());
            assert_eq!(fs::read_to_string(folder.join("a/b/c")).unwrap(), "inner");
            assert!(folder.join("empty").is_dir() && !part.exists());
        }
    }

    fn tree<'a>(root: &Path, names: &'a HashMap<String, Vec<u8>>) -> Tree<'a> {
        Tree::new(root, names)
    }

    #[test]
    #[cfg(unix)]
    fn names_change_only_where_the_disk_does_not_take_them() {
        use std::os::unix::ffi::OsStrExt;
        let home = tempfile::tempdir().unwrap();
        let long = "x".repeat(300);
        let names = HashMap::from([
            ("a (2)".to_owned(), b"a".to_vec()),
            ("\u{fffd}.txt".to_owned(), b"\xff.txt".to_vec()),
            ("_..".to_owned(), b"..".to_vec()),
        ]);
        let mut tree = tree(home.path(), &names);
        let paths = [
            ".hidden",
            "100%",
            "q?x=1#y.png",
            "NUL",
            "a:b",
            "back\\slash",
            "a",
            "A",
            "a (2)",
            "\u{fffd}.txt",
            "_..",
            "e\u{301}",
            "\u{e9}",
            &long,
            "d/x",
            "d/y/z",
        ];
        for path in paths {
            tree.file(path).unwrap();
        }
        tree.folder("d/nothing").unwrap();
        let changes = tree.changes;
        let mut found: Vec<Vec<u8>> = fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
            .collect();
        found.sort();
        let cut = "x".repeat(200);
        let mut expected: Vec<&[u8]> = vec![
            b".hidden",
            b"100%",
            b"q?x=1#y.png",
            b"NUL",
            b"a:b",
            b"back\\slash",
            b"a",
            b"A",
            b"a (2)",
            b"\xff.txt",
            b"_..",
            "e\u{301}".as_bytes(),
            "\u{e9}".as_bytes(),
            cut.as_bytes(),
            b"d",
        ];
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert!(home.path().join("d/y/z").is_file() && home.path().join("d/nothing").is_dir());
        let renamed: Vec<(&str, &str)> = changes
            .renamed
            .iter()
            .map(|(name, to)| (name.as_str(), to.to_str().unwrap()))
            .collect();
        assert_eq!(
            renamed,
            [("a", "a (2)"), ("..", "_.."), (long.as_str(), cut.as_str())]
        );
    }

    #[test]
    #[cfg(unix)]
    fn links_are_kept_where_they_stay_inside() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        fs::create_dir(&root).unwrap();
        let names = HashMap::new();
        let mut tree = tree(&root, &names);
        tree.file("sub/file").unwrap();
        for (path, target, kept) in [
            ("to-file", "sub/file", true),
            ("sub/up", "../to-file", true),
            ("sub/here", ".", true),
            ("dangling", "not/here", true),
            ("out", "../secret", false),
            ("sub/out", "../../secret", false),
            ("absolute", "/etc/passwd", false),
            // `sub/here` could be a link that leads upwards.
            ("around", "sub/here/../../..", false),
            ("nothing", "", false),
        ] {
            tree.symlink(path, target.as_bytes()).unwrap();
            let place = root.join(path);
            assert_eq!(place.is_symlink(), kept, "{path} -> {target}");
            if kept {
                assert_eq!(fs::read_link(place).unwrap(), Path::new(target));
            }
        }
        assert_eq!(
            tree.changes.left_out,
            ["out", "sub/out", "absolute", "around", "nothing"]
        );
    }
}
