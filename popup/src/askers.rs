//! Who asked for a file, read from its log.

use fluence::state::{LogEntry, LogLine};

/// A call that was answered, or several.
#[derive(Debug, PartialEq, Eq)]
pub struct Asker<'a> {
    /// When, in Unix milliseconds.
    pub at: u64,
    /// Who called.
    pub who: Who<'a>,
    /// What was uploaded because of it.
    pub sent: Sent,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// The peer with this id.
    Peer(&'a str),
    /// So many calls of anybody, which came faster than each is written down.
    Others(u64),
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
    /// The upload ended early, after so many bytes.
    Failed(u64),
    /// Nothing: it could not be uploaded, and the caller was told so.
    NotGiven,
}

/// The calls in a log, the latest first.
pub fn of(log: &[LogLine]) -> Vec<Asker<'_>> {
    let mut askers: Vec<Asker<'_>> = Vec::new();
    // The caller for whom an upload runs. An upload that an earlier run of the program began is nobody's.
    let mut uploading: Option<usize> = None;
    for line in log {
        let asked = |who| Asker {
            at: line.at,
            who,
            sent: Sent::Nothing,
        };
        let sent = match &line.entry {
            LogEntry::Requested { peer } => {
                askers.push(asked(Who::Peer(peer)));
                continue;
            }
            LogEntry::MoreRequested { calls } => {
                askers.push(asked(Who::Others(*calls)));
                continue;
            }
            LogEntry::Uploading {
                peer: Some(peer), ..
            } => {
                let who = Who::Peer(peer);
                uploading = askers.iter().rposition(|asker| asker.who == who);
                if uploading.is_none() {
                    // Its call is among those that were only counted.
                    uploading = Some(askers.len());
                    askers.push(asked(who));
                }
                Sent::Uploading
            }
            // Earlier versions did not write down for whom.
            LogEntry::Uploading { peer: None, .. } => {
                uploading = askers.len().checked_sub(1);
                Sent::Uploading
            }
            LogEntry::Uploaded { size } => Sent::Bytes(*size),
            // Earlier versions did not write down how much.
            LogEntry::UploadFailed { size, .. } => Sent::Failed(size.unwrap_or_default()),
            LogEntry::NotGiven { peer } => {
                let who = Who::Peer(peer);
                if let Some(asker) = askers.iter_mut().rfind(|asker| asker.who == who) {
                    asker.sent = Sent::NotGiven;
                }
                continue;
            }
            // Storage turned out to have all of it.
            LogEntry::AlreadyStored if uploading.is_some() => Sent::Nothing,
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

/// How many calls these are.
pub fn count(askers: &[Asker<'_>]) -> u64 {
    let calls = askers.iter().map(|asker| match asker.who {
        Who::Peer(_) => 1,
        Who::Others(calls) => calls,
    });
    calls.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Code;

    #[test]
    fn each_upload_is_of_the_call_that_caused_it() {
        let asked = |peer: &str| LogEntry::Requested { peer: peer.into() };
        let uploading = |peer: Option<&str>| LogEntry::Uploading {
            multiaddr: "/ip4/1.2.3.4/tcp/80/http".into(),
            peer: peer.map(Into::into),
        };
        let entries = [
            // What an earlier run of the program had begun.
            LogEntry::Uploaded { size: 3 },
            LogEntry::Reached,
            asked("a"),
            uploading(None),
            asked("b"),
            LogEntry::Uploaded { size: 7 },
            asked("c"),
            asked("d"),
            // Somebody else may call before the storage is found.
            uploading(Some("c")),
            LogEntry::UploadFailed {
                failure: Code::Stopped.into(),
                size: Some(5),
            },
            asked("d"),
            LogEntry::NotGiven { peer: "d".into() },
            asked("f"),
            uploading(Some("f")),
            LogEntry::AlreadyStored,
            LogEntry::MoreRequested { calls: 9 },
            uploading(Some("e")),
        ];
        let log: Vec<LogLine> = (0..)
            .zip(entries)
            .map(|(at, entry)| LogLine { at, entry })
            .collect();
        let found: Vec<(u64, Who<'_>, Sent)> = of(&log)
            .iter()
            .map(|asker| (asker.at, asker.who, asker.sent))
            .collect();
        assert_eq!(
            found,
            [
                (16, Who::Peer("e"), Sent::Uploading),
                (15, Who::Others(9), Sent::Nothing),
                (12, Who::Peer("f"), Sent::Nothing),
                (10, Who::Peer("d"), Sent::NotGiven),
                (7, Who::Peer("d"), Sent::Nothing),
                (6, Who::Peer("c"), Sent::Failed(5)),
                (4, Who::Peer("b"), Sent::Nothing),
                (2, Who::Peer("a"), Sent::Bytes(7)),
            ]
        );
        assert_eq!(of(&[]), []);
    }
}
