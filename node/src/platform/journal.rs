//! The journal: what happened, one JSON line an event, and now and then a snapshot of the state that it makes.
//!
//! `journal.jsonl` holds the events after `state.json`'s. A line that a kill has torn, and what follows a line that is
//! damaged, is cut off at the next start. What could not be written is written before what happens next.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fluence::state::{Event, State};

/// A snapshot is written in the journal's place when it would have more bytes.
const MAX_JOURNAL: u64 = 4 * 1024 * 1024;
/// The longest line that is read, in bytes.
const MAX_LINE: usize = 256 * 1024;

/// The journal in a directory. Clones are the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    waiting: Arc<Mutex<Waiting>>,
    file: Arc<tokio::sync::Mutex<JournalFile>>,
}

/// What is applied and not yet written.
#[derive(Debug)]
struct Waiting {
    /// At most [`MAX_JOURNAL`] and what one call brings.
    lines: Vec<u8>,
    /// Whether more waited than `lines` may hold, so that only a snapshot will do.
    behind: bool,
    state: State,
}

#[derive(Debug)]
struct JournalFile {
    directory: PathBuf,
    /// `None` after a failure, until it is opened again.
    file: Option<File>,
    /// Bytes that are sound.
    len: u64,
}

impl Journal {
    /// Opens the journal and gives the state that it makes.
    pub fn open(directory: &Path) -> io::Result<(Self, State)> {
        fs::create_dir_all(directory)?;
        let mut state = match fs::read(directory.join("state.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                io::Error::new(
                    ErrorKind::InvalidData,
                    format!(
                        "{}: {error}; remove it to begin anew",
                        directory.join("state.json").display()
                    ),
                )
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => State::default(),
            Err(error) => return Err(error),
        };
        let len = replay(&open(directory)?, &mut state)?;
        let mut file = JournalFile {
            directory: directory.to_owned(),
            file: None,
            len,
        };
        file.at_end()?;
        let journal = Self {
            waiting: Arc::new(Mutex::new(Waiting {
                lines: Vec::new(),
                behind: false,
                state: state.clone(),
            })),
            file: Arc::new(tokio::sync::Mutex::new(file)),
        };
        Ok((journal, state))
    }

    /// Takes the events, in the order of the calls; the future ends when they outlast a kill. Those that come while the
    /// disk works are written together, and those that failed before with them.
    pub fn append(&self, events: &[Event]) -> impl Future<Output = io::Result<()>> + use<> {
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for event in events.iter().filter(|event| !event.kind.is_ephemeral()) {
                waiting.state.apply(event);
                if !waiting.behind {
                    serde_json::to_writer(&mut waiting.lines, event).expect("an event is JSON");
                    waiting.lines.push(b'\n');
                }
            }
        }
        let journal = self.clone();
        async move {
            let mut file = journal.file.clone().lock_owned().await;
            let (lines, behind, snapshot) = {
                let mut waiting = journal
                    .waiting
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let lines = std::mem::take(&mut waiting.lines);
                let behind = std::mem::take(&mut waiting.behind);
                let full = behind || file.len + lines.len() as u64 > MAX_JOURNAL;
                (lines, behind, full.then(|| waiting.state.clone()))
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
                    // Before the next call gets hold of the file.
                    let waiting = &journal.waiting;
                    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    waiting.put_back(lines, behind);
                }
                written
            })
            .await
            .map_err(io::Error::other)?
        }
    }
}

impl Waiting {
    /// What failed waits again, before what has come since.
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

    /// The file, open where its sound part ends; a half line must not stand before the next one.
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

    /// Events up to the snapshot that stay in the journal after a kill here are skipped by their numbers.
    fn snapshot(&mut self, state: &State) -> io::Result<()> {
        let new = self.directory.join("state.json.new");
        let mut snapshot = File::create(&new)?;
        snapshot.write_all(&serde_json::to_vec(state)?)?;
        snapshot.sync_all()?;
        fs::rename(&new, self.directory.join("state.json"))?;
        self.len = 0;
        self.file = None;
        self.at_end().map(drop)
    }
}

fn open(directory: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join("journal.jsonl"))
}

/// Applies the journal's events; returns where its sound part ends.
fn replay(file: &File, state: &mut State) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut sound = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut reader, MAX_LINE as u64).read_until(b'\n', &mut line)?;
        let Some(text) = line.strip_suffix(b"\n") else {
            return Ok(sound);
        };
        let Ok(event) = serde_json::from_slice::<Event>(text) else {
            return Ok(sound);
        };
        if event.seq > state.seq {
            state.apply(&event);
        }
        sound += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::state::EventKind;

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
        let (journal, state) = Journal::open(home.path()).unwrap();
        assert_eq!(state, State::default());
        let (first, second) = (journal.append(&events(1, 3)), journal.append(&events(4, 5)));
        // In the order of the calls, whichever is waited for first.
        second.await.unwrap();
        first.await.unwrap();
        let path = home.path().join("journal.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"seq\":6,\"at\":6,\"kind\":{\"ev")
            .unwrap();
        let (journal, state) = Journal::open(home.path()).unwrap();
        assert_eq!(state.seq, 5);
        journal.append(&events(6, 6)).await.unwrap();
        assert_eq!(Journal::open(home.path()).unwrap().1.seq, 6);
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_written_before_what_happens_next() {
        let home = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(home.path()).unwrap();
        journal.append(&events(1, 2)).await.unwrap();
        let path = home.path().join("journal.jsonl");
        // It cannot be written.
        journal.file.lock().await.file = Some(File::open(&path).unwrap());
        journal.append(&events(3, 4)).await.unwrap_err();
        assert_eq!(Journal::open(home.path()).unwrap().1.seq, 2);
        journal.append(&events(5, 5)).await.unwrap();
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(lines.lines().count(), 5);
        assert_eq!(Journal::open(home.path()).unwrap().1.seq, 5);

        // Nor can a snapshot, for long.
        let new = home.path().join("state.json.new");
        fs::create_dir(&new).unwrap();
        let mut failed = 0;
        for n in 0..20 {
            let more = events(n * 500 + 6, n * 500 + 505);
            failed += u32::from(journal.append(&more).await.is_err());
            let waiting = journal.waiting.lock().unwrap().lines.len() as u64;
            assert!(waiting <= MAX_JOURNAL, "{waiting}");
        }
        assert!(failed > 5, "{failed}");
        fs::remove_dir(&new).unwrap();
        journal.append(&events(10_006, 10_006)).await.unwrap();
        let (again, state) = Journal::open(home.path()).unwrap();
        assert_eq!(state.seq, 10_006);
        assert_eq!(state, again.waiting.lock().unwrap().state);
        let state = &journal.waiting.lock().unwrap().state;
        assert_eq!(&again.waiting.lock().unwrap().state, state);
    }

    #[tokio::test]
    async fn the_journal_is_bounded() {
        let home = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(home.path()).unwrap();
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
        assert_eq!(Journal::open(home.path()).unwrap().1.seq, 10_000);
    }
}
