//! Who asked for a file, read from its log.

use fluence::state::{LogEntry, LogLine};

/// A call that was answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Asker<'a> {
    /// When, in Unix milliseconds.
    pub at: u64,
    /// The peer id of the caller.
    pub peer: &'a str,
    /// What was uploaded because of it.
    pub sent: Sent,
}

/// What was uploaded because of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Nothing: a storage had the file already, or an earlier call had begun the upload.
    Nothing,
    /// It is being uploaded.
    Uploading,
    /// So many bytes.
    Bytes(u64),
    /// The upload ended early.
    Failed,
}

/// The calls in a log, the latest first.
pub fn of(log: &[LogLine]) -> Vec<Asker<'_>> {
    let mut askers: Vec<Asker<'_>> = Vec::new();
    // The caller for whom an upload runs. An upload that an earlier run of the program began is nobody's.
    let mut uploading: Option<usize> = None;
    for line in log {
        let sent = match &line.entry {
            LogEntry::Requested { peer } => {
                askers.push(Asker {
                    at: line.at,
                    peer,
                    sent: Sent::Nothing,
                });
                continue;
            }
            LogEntry::Uploading { .. } => {
                uploading = askers.len().checked_sub(1);
                Sent::Uploading
            }
            LogEntry::Uploaded { size } => Sent::Bytes(*size),
            LogEntry::UploadFailed { .. } => Sent::Failed,
            _ => continue,
        };
        if let Some(asker) = uploading.and_then(|at| askers.get_mut(at)) {
            asker.sent = sent;
        }
        if sent != Sent::Uploading {
            uploading = None;
        }
    }
    askers.reverse();
    askers
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Code;

    #[test]
    fn each_upload_is_of_the_call_before_it() {
        let asked = |peer: &str| LogEntry::Requested { peer: peer.into() };
        let uploading = || LogEntry::Uploading {
            multiaddr: "/ip4/1.2.3.4/tcp/80/http".into(),
        };
        let entries = [
            // What an earlier run of the program had begun.
            LogEntry::Uploaded { size: 3 },
            LogEntry::Reached,
            asked("a"),
            uploading(),
            asked("b"),
            LogEntry::Uploaded { size: 7 },
            asked("c"),
            LogEntry::AlreadyStored,
            asked("d"),
            uploading(),
            LogEntry::UploadFailed {
                failure: Code::Stopped.into(),
            },
            asked("e"),
            uploading(),
        ];
        let log: Vec<LogLine> = (0..)
            .zip(entries)
            .map(|(at, entry)| LogLine { at, entry })
            .collect();
        let found: Vec<(u64, &str, Sent)> = of(&log)
            .iter()
            .map(|asker| (asker.at, asker.peer, asker.sent))
            .collect();
        assert_eq!(
            found,
            [
                (11, "e", Sent::Uploading),
                (8, "d", Sent::Failed),
                (6, "c", Sent::Nothing),
                (4, "b", Sent::Nothing),
                (2, "a", Sent::Bytes(7)),
            ]
        );
        assert_eq!(of(&[]), []);
    }
}
