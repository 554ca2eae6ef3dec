//! The command line's words: the one module that turns what the engine, the peer and the storage report into English
//! sentences. Advice is in the terms of a terminal: what to run next.

use fluence::call::{CallError, ErrorCode};
use fluence::failure::{About, Code, Failure, Reason};
use fluence::ports::NetworkError;
use fluence::state::{LinkCause, LinkError, LogEntry};

use crate::exit::{Fault, printable};

/// Advice after a fetch that can go on from what is kept.
pub const KEPT: &str =
    "What has come so far is kept: run the same command again to go on from there.";
/// Advice where a second try may end otherwise.
const AGAIN: &str = "Run the same command again.";
/// Advice where the provider is away.
const ASK_TO_BE_ONLINE: &str =
    "Ask whoever shared it to be online, then run the same command again.";
/// Advice where another node may do better.
const OTHER_NODE: &str = "Name another node with --node, or try again later.";

/// A number of bytes: `999 B`, `1.20 kB`, `4.29 GB`.
pub fn size(bytes: u64) -> String {
    indicatif::DecimalBytes(bytes).to_string()
}

/// What happened and what to do next, as two sentences. The second is empty where nothing can be done.
pub fn failure(failure: &Failure, about: About) -> (String, String) {
    (what(failure, about), advice(failure, about).to_owned())
}

/// Both sentences as one line.
pub fn failure_line(failure: &Failure, about: About) -> String {
    format!("{} {}", what(failure, about), advice(failure, about))
        .trim_end()
        .to_owned()
}

/// What happened, as a sentence.
fn what(failure: &Failure, about: About) -> String {
    let host = failure.host.as_deref().unwrap_or("the server");
    let name = failure.name.as_deref().unwrap_or_default();
    let limit = failure.limit.unwrap_or_default();
    let why = why(failure);
    // The sentence, and the cause after a colon where one is known.
    let because = |sentence: String| match &why {
        Some(why) => format!("{sentence}: {why}."),
        None => format!("{sentence}."),
    };
    match &failure.code {
        Code::NotHere => "This cannot be done from the command line.".to_owned(),
        Code::BadLink | Code::BadSetting => {
            why.map_or_else(|| "That cannot be used.".to_owned(), |why| sentence(&why))
        }
        Code::Paused => match about {
            About::Share => "It was stopped before all of it was read.".to_owned(),
            About::Fetch | About::Upload | About::Other => "It was paused.".to_owned(),
        },
        Code::Stopped => match about {
            About::Share => "It is not shared any more.".to_owned(),
            About::Upload => "The upload was stopped.".to_owned(),
            About::Fetch | About::Other => "It was stopped.".to_owned(),
        },
        Code::Interrupted => match about {
            About::Share => "It was cut off before all of it was read.".to_owned(),
            About::Upload => "The upload was cut off.".to_owned(),
            About::Fetch | About::Other => "It was cut off.".to_owned(),
        },
        Code::FileGone => because("The stored file is gone or was changed".to_owned()),
        Code::UnknownItem => "It is not in the list any more.".to_owned(),
        Code::TooManyItems => format!("No more than {limit} files can be shared at once."),
        Code::TooLarge => match about {
            About::Share | About::Upload => {
                format!(
                    "It is larger than {}, the most that is shared.",
                    size(limit)
                )
            }
            About::Fetch | About::Other => {
                format!(
                    "It is larger than {}, the most that is fetched.",
                    size(limit)
                )
            }
        },
        Code::DiskFull => "There is no room left on the disk.".to_owned(),
        Code::StoreFailed => because("The disk failed".to_owned()),
        Code::SourceUnreachable => format!("{host} cannot be reached."),
        Code::SourceSilent => format!("{host} sent nothing for too long."),
        Code::SourceBroken => format!("The answer of {host} broke off."),
        Code::HttpStatus => match failure.status {
            Some(status) => format!("{host} answered with the HTTP status {status}."),
            None => because(format!("{host} did not send it")),
        },
        Code::LoginPage => {
            format!("{host} sent a web page in the place of the file, most likely a login form.")
        }
        Code::BadFolder => because("The files cannot become one folder".to_owned()),
        Code::BadAddress => because("What is at the address cannot be shared".to_owned()),
        Code::PageGone => "Only the page itself could read it, and it did not.".to_owned(),
        Code::NeedsAccess => format!("The browser extension may not read from {host} yet."),
        Code::NotAllowed => format!("The browser extension was not allowed to read from {host}."),
        Code::Offline => "There is no connection to the network.".to_owned(),
        Code::NoProvider => "Nobody who has this file could be found.".to_owned(),
        Code::ProviderGone => {
            because("A provider was found, but does not give the file".to_owned())
        }
        Code::BadAnswer => because("The provider's answer cannot be used".to_owned()),
        Code::WrongBytes => match failure.reason {
            Some(Reason::Banned) => {
                format!("The provider names {host}, which sent wrong bytes before.")
            }
            _ => because(format!(
                "Storage at {host} sent wrong bytes, and none was kept"
            )),
        },
        Code::Stalled => format!("{host} sent nothing new for too long."),
        Code::StorageGone => match about {
            About::Share | About::Upload => because(format!("Storage at {host} does not take it")),
            About::Fetch | About::Other => because(format!("Storage at {host} does not send it")),
        },
        Code::BadDag => because("The hash does not name a file that can be fetched".to_owned()),
        Code::BadStorage => because(format!("The storage {host} cannot be used")),
        Code::NoStorage => because("No node with storage could be reached".to_owned()),
        Code::Busy => match about {
            About::Upload => because(
                "Somebody asked for it, and the node has too much to do to store it now".to_owned(),
            ),
            About::Share | About::Fetch | About::Other => {
                because("The other side has too much to do".to_owned())
            }
        },
        Code::Refused => match (about, &failure.host) {
            (About::Upload, Some(host)) => because(format!(
                "Storage at {host} does not permit the upload any more"
            )),
            (About::Upload, None) => because("The node refused to store it".to_owned()),
            (About::Share | About::Fetch | About::Other, _) => {
                because("The provider refused".to_owned())
            }
        },
        Code::Quota => because(format!("Storage at {host} has no room for it")),
        Code::StorageRefused => because(format!("Storage at {host} refused it")),
        Code::OwnIpfs => because("The provider's own IPFS node does not take it".to_owned()),
        Code::RpcUnreachable | Code::GatewayUnreachable => {
            format!("Nothing answers at {host}.")
        }
        Code::RpcFailed => because(format!(
            "{host} does not answer as the RPC of an IPFS node does"
        )),
        Code::OriginRefused => format!("The IPFS node at {host} takes no calls from this origin."),
        Code::GatewayFailed => because(format!("{host} does not answer as a gateway does")),
        Code::AnotherNode => {
            format!("The gateway at {host} belongs to another IPFS node than the RPC at {name}.")
        }
        Code::NotSaved => because("It was not saved".to_owned()),
        Code::JournalFailed => because("What happened could not be written down".to_owned()),
        Code::JournalDamaged => match failure.size.unwrap_or_default() {
            1 => "One record of the unfinished work could not be read.".to_owned(),
            lost => format!("{lost} records of the unfinished work could not be read."),
        },
        Code::SettingsDamaged => {
            format!("These settings could not be read and have their defaults: {name}.")
        }
        Code::NotSent => "A message was not sent.".to_owned(),
        Code::NoAnswer => "The program that was asked ended before it answered.".to_owned(),
        Code::Handover => "The files were not taken.".to_owned(),
        Code::Unknown(word) => because(format!("It failed ({})", printable(word))),
    }
}

/// What to do next, as a sentence.
fn advice(failure: &Failure, about: About) -> &'static str {
    match &failure.code {
        Code::NotHere => "Use the browser extension.",
        Code::BadLink => match failure.reason {
            Some(Reason::Empty) => "Give a hash (it begins with Qm or bafy) or a fluence: link.",
            Some(Reason::NotACid) => {
                "A hash begins with Qm or bafy; check that it was copied whole."
            }
            Some(Reason::NotAFile) => {
                "Ask for a hash that was made by `fluence share` or by `ipfs add`."
            }
            Some(Reason::InsideFolder) => {
                "Only the whole folder can be fetched: leave out all that follows its hash."
            }
            _ => "Ask whoever shared the file for its link.",
        },
        Code::BadSetting => "Correct it, then run the command again.",
        Code::Paused => match about {
            About::Fetch => KEPT,
            About::Share | About::Upload | About::Other => AGAIN,
        },
        Code::Stopped | Code::Interrupted => match about {
            About::Upload => "It begins again when somebody asks for the file.",
            About::Fetch => KEPT,
            About::Share | About::Other => AGAIN,
        },
        Code::FileGone => match about {
            About::Share | About::Upload => "Share it again, and leave it as it is meanwhile.",
            About::Fetch => "Run the same command again to fetch it anew.",
            About::Other => "Check the path, then run the same command again.",
        },
        Code::UnknownItem => AGAIN,
        Code::TooManyItems => "Share fewer files at once, or one folder.",
        Code::TooLarge => match about {
            About::Share | About::Upload => "Share a part of it.",
            About::Fetch | About::Other => "Ask whoever shared it for a part of it.",
        },
        Code::DiskFull => match about {
            About::Fetch => {
                "Free some space, then run the same command again; what has come so far is kept."
            }
            About::Share | About::Upload | About::Other => {
                "Free some space, then run the same command again."
            }
        },
        Code::StoreFailed => "Check the disk and the path, then run the same command again.",
        Code::SourceUnreachable | Code::SourceSilent | Code::SourceBroken => {
            "Check the connection, then run the same command again."
        }
        Code::HttpStatus => "Check the address.",
        Code::LoginPage | Code::BadAddress | Code::PageGone => {
            "Download the file with a browser, then share the downloaded file."
        }
        Code::BadFolder => "Share the files by themselves, or a part of the folder.",
        Code::NeedsAccess | Code::NotAllowed => "Allow it in the browser.",
        Code::Offline => match about {
            About::Fetch => KEPT,
            About::Share | About::Upload | About::Other => {
                "Start a node with `fluence node`, or name one with --node."
            }
        },
        Code::NoProvider => {
            "Check the hash, or ask whoever shared it to be online; then run the same command again."
        }
        Code::ProviderGone => ASK_TO_BE_ONLINE,
        Code::BadAnswer => "The provider's program is at fault: tell whoever shared the file.",
        Code::WrongBytes => "Run the same command again to ask other providers.",
        Code::Stalled => KEPT,
        Code::StorageGone => match about {
            About::Share | About::Upload => {
                "It is tried again, elsewhere if possible, when somebody asks for the file."
            }
            About::Fetch | About::Other => KEPT,
        },
        Code::BadDag => "Ask whoever shared it for the right hash.",
        Code::BadStorage => OTHER_NODE,
        Code::NoStorage => "Check the node, or name another one with --node.",
        Code::Busy => match about {
            About::Upload => "It is tried again when somebody asks for the file.",
            About::Share | About::Fetch | About::Other => "Run the same command again later.",
        },
        Code::Refused => match about {
            About::Share | About::Upload => {
                "Wait until the node has room again, or name another one with --node."
            }
            About::Fetch | About::Other => "Ask whoever shared it, or try again later.",
        },
        Code::Quota | Code::StorageRefused => OTHER_NODE,
        Code::OwnIpfs => match about {
            About::Share | About::Upload => "Start the IPFS node, then share the file again.",
            About::Fetch | About::Other => ASK_TO_BE_ONLINE,
        },
        Code::RpcUnreachable | Code::RpcFailed => {
            "Start the IPFS node with `ipfs daemon`, and check the address of its RPC."
        }
        Code::OriginRefused => "Allow the origin in the configuration of the IPFS node.",
        Code::GatewayUnreachable | Code::GatewayFailed | Code::AnotherNode => {
            "Check the address of the gateway in the configuration of the IPFS node."
        }
        Code::NotSaved => "Check the directory, then run the same command again.",
        Code::JournalFailed => "Check the disk of the state directory; it is tried again.",
        Code::JournalDamaged => {
            "The rest goes on; the original is set aside in the state directory, beside the new journal."
        }
        Code::SettingsDamaged => "The original is set aside in the state directory.",
        Code::NotSent | Code::NoAnswer | Code::Handover => AGAIN,
        Code::Unknown(_) => "A newer version of this program may say more.",
    }
}

/// Why, as a clause in which “it” is the one that did it; `None` where that is not known.
fn why(failure: &Failure) -> Option<String> {
    let detail = failure
        .detail
        .as_deref()
        .map(|detail| printable(detail.trim_end_matches(['.', ' '])));
    let Some(reason) = &failure.reason else {
        return detail;
    };
    let said = reason_clause(reason, failure);
    match (reason, detail) {
        // The sentence says so already.
        (Reason::Refused, detail) if failure.code == Code::Refused => detail,
        (Reason::Busy, detail) if failure.code == Code::Busy => detail,
        // The clause quotes the detail.
        (Reason::NotACid | Reason::InsideFolder, _) | (_, None) => Some(said),
        (_, Some(detail)) => Some(format!("{said} ({detail})")),
    }
}

fn reason_clause(reason: &Reason, failure: &Failure) -> String {
    let name = printable(failure.name.as_deref().unwrap_or_default());
    let detail = printable(failure.detail.as_deref().unwrap_or_default());
    let host = failure.host.as_deref().unwrap_or("a storage");
    let size = failure.size.unwrap_or_default();
    let limit = failure.limit.unwrap_or_default();
    match reason {
        Reason::Empty => "there is nothing to fetch".to_owned(),
        Reason::TooLong => "that is too long".to_owned(),
        Reason::NotACid => format!("“{detail}” is not a hash of a file"),
        Reason::NotAFile => {
            format!("that is a CID of something that is not a file (codec 0x{size:x})")
        }
        Reason::InsideFolder => format!("“{detail}” is inside a folder"),
        Reason::Unreachable => "it cannot be reached".to_owned(),
        Reason::Silent => "it sent nothing for too long".to_owned(),
        Reason::BrokenOff => "its answer broke off".to_owned(),
        Reason::Status => match failure.status {
            Some(status) => format!("it answered with the HTTP status {status}"),
            None => "its answer is not a success".to_owned(),
        },
        Reason::NoReply => "it did not answer in time".to_owned(),
        Reason::Malformed => "its answer is not understood".to_owned(),
        Reason::NoSuchFunction => "it does not provide it any more".to_owned(),
        Reason::Refused => "it refused".to_owned(),
        Reason::Busy => "it is busy".to_owned(),
        Reason::Unavailable => "it has no storage at hand".to_owned(),
        Reason::BadRequest => "it did not understand the call".to_owned(),
        Reason::Internal => "it failed".to_owned(),
        Reason::NoAddress => "it names no storage".to_owned(),
        Reason::BadAddress => "it names an address that cannot be used".to_owned(),
        Reason::Banned => format!("it names {host}, which sent wrong bytes before"),
        Reason::Partial => "only a part came".to_owned(),
        Reason::TooMuch => "more came than was asked for".to_owned(),
        Reason::Lost => "bytes that had come were lost before they were written".to_owned(),
        Reason::NoCars => "it sends no CARs".to_owned(),
        Reason::BadCar => "what came is not a CAR that can be read".to_owned(),
        Reason::UnexpectedBlock => "another block came than the one that was asked for".to_owned(),
        Reason::RepeatedBlocks => "the same blocks came over and over".to_owned(),
        Reason::BlockTooLarge => "a block is larger than 2 MiB".to_owned(),
        Reason::UnknownHash => format!("its hash function (0x{size:x}) is not known here"),
        Reason::ShortDigest => format!("its digest of {size} bytes is too short to prove anything"),
        Reason::UnknownCodec => {
            format!("a block has the codec 0x{size:x}, which is not one of files")
        }
        Reason::BadNode => "a block of it cannot be read".to_owned(),
        Reason::Contradiction => "a block is not what the link to it says".to_owned(),
        Reason::SymbolicLink => "it is a symbolic link or metadata".to_owned(),
        Reason::TooManyBlocks => format!("it has more than {limit} blocks"),
        Reason::TooManyFiles => format!("it has more than {limit} files"),
        Reason::TooDeep => match failure.limit {
            Some(limit) => format!("it is more than {limit} levels deep"),
            None => "its folders are nested too deeply".to_owned(),
        },
        Reason::PathsTooLong => "its paths are too long".to_owned(),
        Reason::Incomplete => "not all of it is there".to_owned(),
        Reason::DamagedRecord => "what was kept of it was damaged".to_owned(),
        Reason::EmptyName => format!("a name in the path “{name}” is empty"),
        Reason::DotName => format!("the path “{name}” has “.” or “..” for a name"),
        Reason::ControlCharacter => format!("the name “{name}” has a control character"),
        Reason::SameName => format!("two have the name “{name}”"),
        Reason::NameCollision => format!("the hashes of “{name}” and of another name are equal"),
        Reason::TooManyNodes => format!("more than {limit} nodes are set"),
        Reason::BadNodeAddress => format!("“{name}” is not the multiaddr of a node"),
        Reason::BadHost => format!("“{name}” has no IP address or host name where one has to be"),
        Reason::BadPort => format!("“{name}” has a port that is not a number from 1 to 65535"),
        Reason::NotWebSocket => {
            format!("“{name}” is not a WebSocket address, the only kind that a browser can use")
        }
        Reason::BadPeerId => format!("what follows /p2p/ in “{name}” is not a peer id"),
        Reason::BadUrl => format!("“{name}” is not an http:// or https:// address"),
        Reason::Zero => "the number has to be larger than zero".to_owned(),
        Reason::BadDataUrl => "the data: address is damaged".to_owned(),
        Reason::UnsupportedScheme => {
            format!("what is at an address of the scheme “{name}” cannot be read from here")
        }
        Reason::NotAnAddress => "it is not an address on the web".to_owned(),
        Reason::Unknown(word) => printable(word),
    }
}

/// A line of an item's log, as a sentence.
pub fn log_entry(entry: &LogEntry) -> String {
    let other = |failure: &Failure| failure_line(failure, About::Other);
    let fetch = |failure: &Failure| what(failure, About::Fetch);
    match entry {
        LogEntry::Hashed { cid, size: bytes } => {
            format!("The file of {} has the hash {cid}.", size(*bytes))
        }
        LogEntry::SharedAgain => "It was shared once more: it is the same file.".to_owned(),
        LogEntry::Reached => {
            "It was announced, found by look-up, and reached from outside.".to_owned()
        }
        LogEntry::NotReachedYet => "It is not found from outside yet; trying again.".to_owned(),
        LogEntry::NoLongerReached => {
            "It could not be found from outside any more; announcing it again.".to_owned()
        }
        LogEntry::Requested { peer } => format!("{peer} asked for it."),
        LogEntry::NodeRefused { peer, failure } => {
            format!(
                "The node {peer} names no storage. {}",
                what(failure, About::Upload)
            )
        }
        LogEntry::AlreadyStored => "Storage has it already; nothing was uploaded.".to_owned(),
        LogEntry::Uploading { multiaddr } => format!("Uploading to {multiaddr}."),
        LogEntry::PartFailed { failure } => {
            format!(
                "A part has to be sent again. {}",
                what(failure, About::Upload)
            )
        }
        LogEntry::Uploaded { size: bytes } => format!("Uploaded: {} were sent.", size(*bytes)),
        LogEntry::UploadFailed { failure } => {
            format!(
                "The upload failed. {}",
                failure_line(failure, About::Upload)
            )
        }
        LogEntry::ResumedAfterRestart => "It goes on after a restart.".to_owned(),
        LogEntry::ResumedOnline => "It goes on: the network is back.".to_owned(),
        LogEntry::BeganAgain => "What was kept of it was damaged; it begins again.".to_owned(),
        LogEntry::ProviderFailed { peer, failure } => {
            format!("Provider {peer}: {}", fetch(failure))
        }
        LogEntry::StorageNamed { peer, host } => format!("{peer} says that it is at {host}."),
        LogEntry::StillStored { host } => {
            format!("Nobody offers it at the moment, but storage at {host} still has it.")
        }
        LogEntry::StorageSilent { host, seconds } => {
            format!("Nothing new came from {host} for {seconds} s; asking others.")
        }
        LogEntry::StorageChanged { host } => format!("It goes on from {host}."),
        LogEntry::StoragesAdded { hosts } => {
            format!(
                "It comes from these storages at the same time: {}.",
                hosts.join(", ")
            )
        }
        LogEntry::OneStorageLeft { failure } => {
            format!("It goes on from one storage alone. {}", fetch(failure))
        }
        LogEntry::SingleBlocks { failure } => {
            format!("The storage is asked for single blocks. {}", fetch(failure))
        }
        LogEntry::StorageFailed { failure } => fetch(failure),
        LogEntry::Kept { size: bytes } => format!("{} of it are here and verified.", size(*bytes)),
        LogEntry::Fetched { size: bytes } => {
            format!("All of it is here, {}, and verified.", size(*bytes))
        }
        LogEntry::DiskFailed { failure }
        | LogEntry::NotSaved { failure }
        | LogEntry::Failed { failure } => other(failure),
        LogEntry::Text { text } => printable(text),
        LogEntry::Unknown => "Something happened that this version has no words for.".to_owned(),
    }
}

/// Why there is no connection, as a clause without a full stop.
pub fn link_error(error: &LinkError) -> String {
    let cause = link_cause(&error.cause);
    let others = if error.others_failed {
        ", nor can any other node"
    } else {
        ""
    };
    match &error.node {
        Some(node) => format!("{node} cannot be used{others}: {cause}"),
        None => cause,
    }
}

fn link_cause(cause: &LinkCause) -> String {
    let with = |said: &str, detail: &Option<String>| match detail {
        Some(detail) => format!("{said} ({})", printable(detail.trim_end_matches('.'))),
        None => said.to_owned(),
    };
    match cause {
        LinkCause::ConnectionLost => "the connection was lost".to_owned(),
        LinkCause::ConnectionClosed => "it closed the connection".to_owned(),
        LinkCause::Unreachable { detail } => with("no connection could be made", detail),
        LinkCause::DialTimeout => "it does not answer".to_owned(),
        LinkCause::UnsupportedAddress => "addresses of this kind cannot be used".to_owned(),
        LinkCause::WrongPeer { found } => format!("another peer answers there, {found}"),
        LinkCause::OwnAddress => "that is this peer itself".to_owned(),
        LinkCause::TooManyConnections => "too many connections are open".to_owned(),
        LinkCause::ReservationRefused { detail } => with("it grants no reservation", detail),
        LinkCause::ReservationTimeout => "it did not grant a reservation in time".to_owned(),
        LinkCause::ReservationEnded => "it ended the reservation".to_owned(),
        LinkCause::PingTimeout => "it does not answer any more".to_owned(),
    }
}

/// Why a call of a function had no result: the fault, what happened, and what to do next.
pub fn call_error(error: &NetworkError) -> (Fault, String, String) {
    let (fault, what, advice): (Fault, _, _) = match error {
        NetworkError::Offline => (
            Code::Offline.into(),
            "There is no connection to the network.",
            "Check that the node runs and that its address is right.",
        ),
        NetworkError::Unreachable => (
            Fault::Unreachable,
            "The provider cannot be reached.",
            "Run the same command again later.",
        ),
        NetworkError::NoReply => (
            Fault::NoReply,
            "The provider did not answer in time; it may have received the call.",
            "Run the same command again, or allow more time with --timeout.",
        ),
        NetworkError::Malformed => (
            Fault::Malformed,
            "The provider's answer is not understood.",
            "The provider's program is at fault.",
        ),
        NetworkError::Call(error) => return refusal(error),
    };
    (fault, what.to_owned(), advice.to_owned())
}

/// What a provider said instead of a result.
fn refusal(error: &CallError) -> (Fault, String, String) {
    const LATER: &str = "Run the same command again later.";
    let (fault, what, advice): (Fault, _, _) = match error.code {
        ErrorCode::BadRequest => (
            Fault::BadRequest,
            "The provider did not understand the call.",
            "Check the arguments.",
        ),
        ErrorCode::NoSuchFunction => (
            Fault::NoSuchFunction,
            "The provider does not provide that function.",
            "Check the name.",
        ),
        ErrorCode::Refused => (Code::Refused.into(), "The provider refused.", ""),
        ErrorCode::Busy => (Code::Busy.into(), "The provider is busy.", LATER),
        ErrorCode::Unavailable => (
            Fault::Unavailable,
            "The provider lacks what it needs to answer.",
            LATER,
        ),
        ErrorCode::Internal => (Fault::Internal, "The function failed.", ""),
    };
    let what = if error.message.is_empty() {
        what.to_owned()
    } else {
        let said = printable(&error.message);
        format!("The provider says: {}.", said.trim_end_matches('.'))
    };
    (fault, what, advice.to_owned())
}

/// A clause as a sentence: with a capital letter and a full stop.
fn sentence(clause: &str) -> String {
    let mut chars = clause.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [About; 4] = [About::Share, About::Fetch, About::Upload, About::Other];

    #[test]
    fn every_failure_has_whole_sentences_in_the_terms_of_a_terminal() {
        for code in Code::ALL
            .iter()
            .cloned()
            .chain([Code::Unknown("new".into())])
        {
            for reason in Reason::ALL.iter().cloned().map(Some).chain([None]) {
                for about in ALL {
                    let mut told = Failure::new(code.clone()).name("name").host("a.example");
                    told.reason = reason.clone();
                    let (what, advice) = failure(&told, about);
                    for text in [&what, &advice] {
                        assert!(
                            text.ends_with('.') && !text.ends_with(".."),
                            "{code}: {text}"
                        );
                        assert!(
                            !text.contains("Resume") && !text.contains("choose"),
                            "{text}"
                        );
                        let first = text.chars().next().unwrap();
                        assert!(
                            first.is_uppercase() || text.starts_with("a.example") || first == '“',
                            "{text}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_failure_says_what_happened_and_what_to_run_next() {
        let stalled = Failure::new(Code::Stalled).host("https://a.example/ipfs/x");
        assert_eq!(
            failure_line(&stalled, About::Fetch),
            format!("a.example sent nothing new for too long. {KEPT}")
        );
        let call = CallError::new(ErrorCode::Refused, "the node takes files of up to 1 MB");
        let refused = Failure::of_call(Code::NoStorage, &call.clone().into()).coded(Code::Refused);
        assert_eq!(
            failure_line(&refused, About::Upload),
            "The node refused to store it: the node takes files of up to 1 MB. \
             Wait until the node has room again, or name another one with --node."
        );
        let bad = Failure::from(&fluence::names::parse_link("hello").unwrap_err());
        assert_eq!(
            failure_line(&bad, About::Fetch),
            "“hello” is not a hash of a file. A hash begins with Qm or bafy; check that it was copied whole."
        );
        let quoted = Failure::new(Code::StoreFailed).detail("a\u{1b}[2Jb.");
        assert_eq!(what(&quoted, About::Fetch), "The disk failed: a [2Jb.");
    }

    #[test]
    fn why_there_is_no_connection_is_one_clause() {
        let error = LinkError {
            node: Some("/ip4/127.0.0.1/tcp/9".to_owned()),
            others_failed: true,
            cause: LinkCause::Unreachable {
                detail: Some("Connection refused.".to_owned()),
            },
        };
        assert_eq!(
            link_error(&error),
            "/ip4/127.0.0.1/tcp/9 cannot be used, nor can any other node: no connection could be made (Connection refused)"
        );
    }
}
