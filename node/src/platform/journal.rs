//! The journal in a directory: `state.json` holds a snapshot, and `journal.jsonl` the events since
//! then, one JSON object per line, in the format of [`fluence::journal`].
//!
//! A kill may leave half a line at the end. It is cut off at the next start, and nobody is told.
//! Any other damage loses only the parts that cannot be read: the original files are set aside
//! under other names, a new snapshot is written of everything that could be read, and the person is
//! told. Events that could not be written are written before any later ones.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fluence::failure::Failure;
use fluence::journal::{self, Reader};
use fluence::plan::Unknown;
use fluence::state::{Event, EventKind, State};

use super::now_ms;

const EVENTS: &str = "journal.jsonl";
const SNAPSHOT: &str = "state.json";
/// What precedes the Unix time, in seconds, in the name of an original that was set aside.
const ASIDE: &str = ".damaged-";
/// The most originals of one name that are kept aside; the oldest ones are removed.
const MAX_ASIDE: usize = 3;
/// A snapshot replaces the journal when the journal would become longer than this, in bytes.
const MAX_JOURNAL: u64 = 4 * 1024 * 1024;
/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 256 * 1024;

/// The journal in a directory. A clone is the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    unwritten: Arc<Mutex<Unwritten>>,
    file: Arc<tokio::sync::Mutex<JournalFile>>,
}

/// What [`Journal::open`] found.
#[derive(Debug)]
pub struct Opened {
    /// The journal, ready to be appended to.
    pub journal: Journal,
    /// The state, made of everything that could be read.
    pub state: State,
    /// What to tell the person about the parts that could not be read; empty if there were none.
    pub damage: Vec<Failure>,
    /// What to do with stored bytes that belong to no item. As long as the directory has originals
    /// that were set aside, items may be missing.
    pub unknown: Unknown,
}

/// The events that have been applied to the state, but are not yet written.
#[derive(Debug)]
struct Unwritten {
    /// The lines to write. After a failed write, at most [`MAX_JOURNAL`] bytes are kept.
    lines: Vec<u8>,
    /// Whether lines were dropped, so that only a snapshot will do.
    behind: bool,
    /// The state after all events.
    state: State,
}

/// The file `journal.jsonl`, and the directory that it is in.
#[derive(Debug)]
struct JournalFile {
    directory: PathBuf,
    /// `None` after a failure, until the file is opened again.
    file: Option<File>,
    /// The length of the file without a torn line at its end, in bytes.
    len: u64,
}

impl Journal {
    /// Opens the journal in a directory, which is created if it does not exist.
    ///
    /// # Errors
    /// If the disk cannot be read or written. Damaged files are not an error.
    pub fn open(directory: &Path) -> io::Result<Opened> {
        fs::create_dir_all(directory)?;
        let snapshot = snapshot(directory)?;
        let mut reader = Reader::new(snapshot.as_deref());
        let len = replay(&open(directory)?, &mut reader)?;
        let read = reader.finish();
        let mut file = JournalFile {
            directory: directory.to_owned(),
            file: None,
            len,
        };
        if !read.damage.is_none() {
            file.set_aside(&read.state)?;
        } else if read.outdated {
            file.snapshot(&read.state)?;
        }
        file.at_end()?;
        let unknown = if has_aside(directory)? {
            Unknown::Adopt
        } else {
            Unknown::Remove
        };
        let journal = Self {
            unwritten: Arc::new(Mutex::new(Unwritten {
                lines: Vec::new(),
                behind: false,
                state: read.state.clone(),
            })),
            file: Arc::new(tokio::sync::Mutex::new(file)),
        };
        Ok(Opened {
            journal,
            state: read.state,
            damage: read.damage.failures(),
            unknown,
        })
    }

    /// The state in a directory that another process may be using: nothing there is changed.
    ///
    /// # Errors
    /// If there is no journal, or the disk cannot be read.
    pub fn look(directory: &Path) -> io::Result<State> {
        let snapshot = snapshot(directory)?;
        let mut reader = Reader::new(snapshot.as_deref());
        replay(&File::open(directory.join(EVENTS))?, &mut reader)?;
        Ok(reader.finish().state)
    }

    /// Takes the events, in the order of the calls. The future completes when they survive a kill.
    /// Events that arrive while the disk is busy are written together, after those that could not
    /// be written before.
    ///
    /// # Errors
    /// If the disk cannot be written. The events are then written together with the next ones.
    pub fn append(&self, events: &[Event]) -> impl Future<Output = io::Result<()>> + use<> {
        {
            let mut unwritten = self
                .unwritten
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for event in events.iter().filter(|event| is_written(&event.kind)) {
                unwritten.state.apply(event);
                if !unwritten.behind {
                    unwritten
                        .lines
                        .extend_from_slice(journal::event(event).as_bytes());
                    unwritten.lines.push(b'\n');
                }
            }
        }
        let journal = self.clone();
        async move {
            let mut file = journal.file.clone().lock_owned().await;
            let (lines, behind, snapshot) = {
                let mut unwritten = journal
                    .unwritten
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let lines = std::mem::take(&mut unwritten.lines);
                let behind = std::mem::take(&mut unwritten.behind);
                let full = behind || file.len + lines.len() as u64 > MAX_JOURNAL;
                (lines, behind, full.then(|| unwritten.state.clone()))
            };
            if lines.is_empty() && !behind {
                return Ok(());
            }
            tokio::task::spawn_blocking(move || {
                let written = match &snapshot {
                    Some(state) => file.snapshot(state),
                    None => file.write(&lines),
                };
                if written.is_err() {
                    // Done before the lock of the file is released, so that the next call finds the
                    // lines.
                    let unwritten = &journal.unwritten;
                    let mut unwritten = unwritten.lock().unwrap_or_else(PoisonError::into_inner);
                    unwritten.put_back(lines, behind);
                }
                written
            })
            .await
            .map_err(io::Error::other)?
        }
    }
}

/// Whether an event has to survive a kill. The command line shows log entries while it runs, and
/// does not store them; it makes no thumbnails.
fn is_written(kind: &EventKind) -> bool {
    !kind.is_ephemeral() && !matches!(kind, EventKind::Log { .. } | EventKind::Thumbnail { .. })
}

impl Unwritten {
    /// Puts lines that could not be written back before those that have arrived since.
    fn put_back(&mut self, mut lines: Vec<u8>, behind: bool) {
        lines.append(&mut self.lines);
        self.behind |= behind || lines.len() as u64 > MAX_JOURNAL;
        if !self.behind {
            self.lines = lines;
        }
    }
}

impl JournalFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = self.at_end()?;
        let written = file.write_all(lines).and_then(|()| file.sync_data());
        match written {
            Ok(()) => self.len += lines.len() as u64,
            Err(_) => self.file = None,
        }
        written
    }

    /// The file, open at its end. A torn line is cut off, so that it does not spoil the next one.
    fn at_end(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = open(&self.directory)?;
                file.set_len(self.len)?;
                file.seek(SeekFrom::Start(self.len))?;
                file
            }
        };
        Ok(self.file.insert(file))
    }

    /// Writes a snapshot and empties the journal. If a kill comes between the two, the journal
    /// still has events that the snapshot includes; they are skipped by their sequence numbers.
    fn snapshot(&mut self, state: &State) -> io::Result<()> {
        self.replace(SNAPSHOT, journal::snapshot(state).as_bytes())?;
        self.len = 0;
        self.file = None;
        self.at_end().map(drop)
    }

    /// Keeps the files as they are under other names, and starts afresh with a snapshot of what
    /// could be read of them. They keep their old names too until new files replace them, so that a
    /// kill here loses nothing.
    fn set_aside(&mut self, state: &State) -> io::Result<()> {
        let now = now_ms() / 1000;
        for name in [SNAPSHOT, EVENTS] {
            let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
            let aside = format!("{stem}{ASIDE}{now}.{ending}");
            let (from, to) = (self.directory.join(name), self.directory.join(&aside));
            match fs::hard_link(&from, &to) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                // An earlier run set it aside within the same second, and was killed.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // The file system has no hard links.
                Err(_) => drop(fs::copy(&from, &to)?),
            }
            let mut kept = asides(&self.directory, &format!("{stem}{ASIDE}"))?;
            kept.sort_unstable();
            kept.truncate(kept.len().saturating_sub(MAX_ASIDE));
            for old in kept {
                fs::remove_file(self.directory.join(old))?;
            }
        }
        self.replace(SNAPSHOT, journal::snapshot(state).as_bytes())?;
        // Replaced rather than truncated: the original may be the same file under its other name.
        self.replace(EVENTS, b"")?;
        self.len = 0;
        self.file = None;
        Ok(())
    }

    /// Replaces the file called `name` in one step by a file with these bytes.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.directory.join(format!("{name}.new"));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.directory.join(name))
    }
}

/// The names in a directory that begin with `prefix`.
fn asides(directory: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(
            entry?
                .file_name()
                .into_string()
                .ok()
                .filter(|name| name.starts_with(prefix)),
        );
    }
    Ok(names)
}

/// Whether a directory has an original that was set aside.
fn has_aside(directory: &Path) -> io::Result<bool> {
    for name in [SNAPSHOT, EVENTS] {
        let stem = name.split('.').next().unwrap_or(name);
        if !asides(directory, &format!("{stem}{ASIDE}"))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn snapshot(directory: &Path) -> io::Result<Option<String>> {
    match fs::read(directory.join(SNAPSHOT)) {
        // Where it is not UTF-8, it is either not JSON or damaged within a string.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open(directory: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join(EVENTS))
}

/// Passes the journal's lines to the reader; returns where the last whole line ends, in bytes.
fn replay(file: &File, journal: &mut Reader) -> io::Result<u64> {
    let mut file = BufReader::new(file);
    let mut end = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut read = io::Read::take(&mut file, MAX_LINE).read_until(b'\n', &mut line)? as u64;
        // The rest of a line that is too long is skipped.
        while read >= MAX_LINE && line.last() != Some(&b'\n') {
            line.clear();
            match io::Read::take(&mut file, MAX_LINE).read_until(b'\n', &mut line)? {
                0 => break,
                more => read += more as u64,
            }
        }
        let Some(text) = line.strip_suffix(b"\n") else {
            return Ok(end);
        };
        end += read;
        // A line that is too long counts as damaged, whatever its last part says.
        let text = if read > MAX_LINE { &[][..] } else { text };
        journal.event(&String::from_utf8_lossy(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Code;
    use fluence::state::{ItemId, LogEntry, Status};

    fn events(from: u64, to: u64) -> Vec<Event> {
        (from..=to)
            .map(|seq| Event {
                seq,
                at: seq,
                kind: EventKind::Started {
                    peer: format!("peer {seq} {}", "x".repeat(1000)),
                },
            })
            .collect()
    }

    #[tokio::test]
    async fn a_restart_knows_what_was_written_and_a_torn_line_is_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let Opened { journal, state, .. } = Journal::open(home.path()).unwrap();
        assert_eq!(state, State::default());
        let (first, second) = (journal.append(&events(1, 3)), journal.append(&events(4, 5)));
        // They are written in the order of the calls, whichever is awaited first.
        second.await.unwrap();
        first.await.unwrap();
        let path = home.path().join("journal.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"seq\":6,\"at\":6,\"kind\":{\"ev")
            .unwrap();
        let Opened { journal, state, .. } = Journal::open(home.path()).unwrap();
        assert_eq!(state.seq, 5);
        journal.append(&events(6, 6)).await.unwrap();
        assert_eq!(Journal::open(home.path()).unwrap().state.seq, 6);
    }

    #[tokio::test]
    async fn events_that_could_not_be_written_are_written_before_later_ones() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path()).unwrap().journal;
        journal.append(&events(1, 2)).await.unwrap();
        let path = home.path().join("journal.jsonl");
        // The file is open for reading only, so writing to it fails.
        journal.file.lock().await.file = Some(File::open(&path).unwrap());
        journal.append(&events(3, 4)).await.unwrap_err();
        assert_eq!(Journal::open(home.path()).unwrap().state.seq, 2);
        journal.append(&events(5, 5)).await.unwrap();
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(lines.lines().count(), 5);
        assert_eq!(Journal::open(home.path()).unwrap().state.seq, 5);

        // A snapshot fails too, many times in a row: a directory has its temporary name.
        let new = home.path().join("state.json.new");
        fs::create_dir(&new).unwrap();
        let mut failed = 0;
        for n in 0..20 {
            let more = events(n * 500 + 6, n * 500 + 505);
            failed += u32::from(journal.append(&more).await.is_err());
            let unwritten = journal.unwritten.lock().unwrap().lines.len() as u64;
            assert!(unwritten <= MAX_JOURNAL, "{unwritten}");
        }
        assert!(failed > 5, "{failed}");
        fs::remove_dir(&new).unwrap();
        journal.append(&events(10_006, 10_006)).await.unwrap();
        let Opened {
            journal: again,
            state,
            ..
        } = Journal::open(home.path()).unwrap();
        assert_eq!(state.seq, 10_006);
        assert_eq!(state, again.unwritten.lock().unwrap().state);
        let state = &journal.unwritten.lock().unwrap().state;
        assert_eq!(&again.unwritten.lock().unwrap().state, state);
    }

    #[tokio::test]
    async fn the_journal_is_bounded() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path()).unwrap().journal;
        for n in 0..10 {
            journal
                .append(&events(n * 1000 + 1, (n + 1) * 1000))
                .await
                .unwrap();
        }
        let len = fs::metadata(home.path().join("journal.jsonl"))
            .unwrap()
            .len();
        assert!(len < MAX_JOURNAL, "{len}");
        assert_eq!(Journal::open(home.path()).unwrap().state.seq, 10_000);
    }

    fn fetches(from: u64, to: u64) -> Vec<Event> {
        (from..=to)
            .map(|seq| Event {
                seq,
                at: seq,
                kind: EventKind::FetchBegan {
                    key: None,
                    id: ItemId(format!("{seq:032x}")),
                    cid: format!("Qm{seq}"),
                    path: None,
                },
            })
            .collect()
    }

    fn names(home: &Path) -> Vec<String> {
        let mut names = asides(home, "").unwrap();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn a_damaged_line_costs_itself_alone_and_the_original_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(EVENTS);
        let journal = Journal::open(home.path()).unwrap().journal;
        journal.append(&fetches(1, 5)).await.unwrap();
        let mut lines: Vec<String> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        lines[1] = lines[1].replace("fetch_began", "of_a_newer_version");
        lines[3] = format!("\u{0}{}", "x".repeat(3 * MAX_LINE as usize));
        let damaged = format!("{}\n{{\"seq\":6,", lines.join("\n"));
        fs::write(&path, &damaged).unwrap();

        let opened = Journal::open(home.path()).unwrap();
        let kept: Vec<&str> = opened
            .state
            .items
            .values()
            .filter_map(|item| item.cid.as_deref())
            .collect();
        assert_eq!((opened.state.seq, kept), (5, vec!["Qm1", "Qm3", "Qm5"]));
        assert_eq!(opened.damage, [Failure::new(Code::JournalDamaged).size(2)]);
        assert_eq!(opened.unknown, Unknown::Adopt);
        let aside = names(home.path())
            .into_iter()
            .find(|name| name.contains(ASIDE))
            .unwrap();
        assert!(
            aside.starts_with("journal.damaged-") && aside.ends_with(".jsonl"),
            "{aside}"
        );
        assert!(fs::read_to_string(home.path().join(&aside)).unwrap() == damaged);

        opened.journal.append(&fetches(6, 6)).await.unwrap();
        let again = Journal::open(home.path()).unwrap();
        assert_eq!((again.state.items.len(), again.state.seq), (4, 6));
        assert_eq!((again.damage, again.unknown), (vec![], Unknown::Adopt));
        assert!(fs::read_to_string(home.path().join(&aside)).unwrap() == damaged);
        fs::remove_file(home.path().join(aside)).unwrap();
        assert_eq!(Journal::open(home.path()).unwrap().unknown, Unknown::Remove);
    }

    #[tokio::test]
    async fn a_damaged_snapshot_is_no_reason_not_to_start() {
        for snapshot in [
            &b""[..],
            b"\xff\x00",
            b"[1]",
            b"{\"version\":2,\"state\":7}",
        ] {
            let home = tempfile::tempdir().unwrap();
            let journal = Journal::open(home.path()).unwrap().journal;
            journal.append(&fetches(8, 9)).await.unwrap();
            fs::write(home.path().join(SNAPSHOT), snapshot).unwrap();
            let opened = Journal::open(home.path()).unwrap();
            assert_eq!(opened.state.items.len(), 2);
            assert_eq!(opened.damage, [Failure::new(Code::JournalDamaged).size(1)]);
            let aside = names(home.path())
                .into_iter()
                .find(|name| name.starts_with("state.damaged-"));
            assert_eq!(
                fs::read(home.path().join(aside.unwrap())).unwrap(),
                snapshot
            );
            let again = Journal::open(home.path()).unwrap();
            assert_eq!((again.state, again.damage), (opened.state, vec![]));
        }
    }

    #[tokio::test]
    async fn the_originals_that_are_set_aside_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        for second in 0..5 {
            let name = format!("state{ASIDE}100000000{second}.json");
            fs::write(home.path().join(name), "{").unwrap();
        }
        fs::write(home.path().join(SNAPSHOT), "{").unwrap();
        Journal::open(home.path()).unwrap();
        let kept = asides(home.path(), "state.damaged-").unwrap();
        assert_eq!(kept.len(), MAX_ASIDE, "{kept:?}");
        assert!(
            kept.contains(&"state.damaged-1000000004.json".to_owned()),
            "{kept:?}"
        );
    }

    #[tokio::test]
    async fn log_entries_are_not_stored() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path()).unwrap().journal;
        journal.append(&fetches(1, 1)).await.unwrap();
        let line = EventKind::Log {
            id: ItemId(format!("{:032x}", 1)),
            entry: LogEntry::BeganAgain,
        };
        journal
            .append(&[Event {
                seq: 2,
                at: 2,
                kind: line,
            }])
            .await
            .unwrap();
        let done = EventKind::Status {
            id: ItemId(format!("{:032x}", 1)),
            status: Status::Done,
        };
        journal
            .append(&[Event {
                seq: 3,
                at: 3,
                kind: done,
            }])
            .await
            .unwrap();
        let written = fs::read_to_string(home.path().join(EVENTS)).unwrap();
        assert_eq!(written.lines().count(), 2);
        assert!(
            written
                .lines()
                .all(|line| line.starts_with("{\"version\":3,")),
            "{written}"
        );
        let state = Journal::open(home.path()).unwrap().state;
        assert_eq!(state.seq, 3);
        assert!(state.items.values().all(|item| item.status == Status::Done));
    }
}
