//! The journal: what happened, one JSON line an event, and now and then a snapshot of the state that it makes.
//!
//! `journal.jsonl` holds the events after `state.json`'s. A line that a kill has torn, and what follows a line that is
//! damaged, is cut off at the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fluence::state::{Event, State};

/// A snapshot is written when the journal has this many bytes.
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
    lines: Vec<u8>,
    state: State,
}

#[derive(Debug)]
struct JournalFile {
    directory: PathBuf,
    file: Option<File>,
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
        let path = directory.join("journal.jsonl");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let len = replay(&file, &mut state)?;
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        let journal = Self {
            waiting: Arc::new(Mutex::new(Waiting {
                lines: Vec::new(),
                state: state.clone(),
            })),
            file: Arc::new(tokio::sync::Mutex::new(JournalFile {
                directory: directory.to_owned(),
                file: Some(file),
                len,
            })),
        };
        Ok((journal, state))
    }

    /// Takes the events, in the order of the calls; the future ends when they outlast a kill. Those that come while the
    /// disk works are written together.
    pub fn append(&self, events: &[Event]) -> impl Future<Output = io::Result<()>> + use<> {
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for event in events.iter().filter(|event| !event.kind.is_ephemeral()) {
                waiting.state.apply(event);
                serde_json::to_writer(&mut waiting.lines, event).expect("an event is JSON");
                waiting.lines.push(b'\n');
            }
        }
        let journal = self.clone();
        async move {
            let mut file = journal.file.clone().lock_owned().await;
            let (lines, snapshot) = {
                let mut waiting = journal
                    .waiting
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let lines = std::mem::take(&mut waiting.lines);
                let full = file.len + lines.len() as u64 > MAX_JOURNAL;
                (lines, full.then(|| waiting.state.clone()))
            };
            if lines.is_empty() {
                return Ok(());
            }
            tokio::task::spawn_blocking(move || {
                file.write(&lines)?;
                snapshot.map_or(Ok(()), |state| file.snapshot(&state))
            })
            .await
            .map_err(io::Error::other)?
        }
    }
}

impl JournalFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = self
            .file
            .as_mut()
            .ok_or_else(|| io::Error::other("an earlier write failed"))?;
        let written = file.write_all(lines).and_then(|()| file.sync_data());
        match written {
            Ok(()) => self.len += lines.len() as u64,
            // A half line must not stand before the next one.
            Err(_) => {
                let whole = file
                    .set_len(self.len)
                    .and_then(|()| file.seek(SeekFrom::Start(self.len)).map(drop));
                if whole.is_err() {
                    self.file = None;
                }
            }
        }
        written
    }

    /// Events up to the snapshot that stay in the journal after a kill here are skipped by their numbers.
    fn snapshot(&mut self, state: &State) -> io::Result<()> {
        let new = self.directory.join("state.json.new");
        let mut snapshot = File::create(&new)?;
        snapshot.write_all(&serde_json::to_vec(state)?)?;
        snapshot.sync_all()?;
        fs::rename(&new, self.directory.join("state.json"))?;
        if let Some(file) = &mut self.file {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            self.len = 0;
        }
        Ok(())
    }
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
