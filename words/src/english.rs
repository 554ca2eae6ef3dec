//! The sentences in English.

use fluence::failure::{About, Code, Failure, Reason};
use fluence::state::{LinkCause, LinkError, LogEntry};

use crate::{Medium, Words, size};

/// The general words for a value that is not set.
pub(crate) fn unset(place: &str) -> &'static str {
    match place {
        "host" => "the server",
        "peer" => "a peer",
        "name" => "it",
        "limit_size" | "limit" => "the limit",
        "status" => "an error",
        "codec" => "unknown",
        "reason" => "no reason is known",
        _ => "something",
    }
}

/// What went wrong.
pub(crate) fn failure(failure: &Failure, about: About) -> &'static str {
    let fetch = about == About::Fetch;
    match &failure.code {
        Code::NotHere => "This cannot be done from here.",
        Code::BadLink => match &failure.reason {
            Some(Reason::Empty) => {
                "There is nothing to fetch yet: paste a hash (it begins with Qm or bafy) or a fluence: link."
            }
            Some(Reason::TooLong) => "That is too long to be a hash or a link.",
            Some(Reason::NotAFile) => {
                "That is the CID of something that is not a file (codec {codec})."
            }
            Some(Reason::InsideFolder) => {
                "“{detail}” is inside a folder, and only whole folders can be fetched."
            }
            Some(Reason::LoweredCid | Reason::PeerId | Reason::IpnsName) => {
                "“{detail}” is not the hash of a file: {reason}."
            }
            Some(Reason::BadKey) => {
                "The key at the end of the link, after #, is damaged or not whole."
            }
            Some(_) | None => "“{detail}” is not the hash of a file.",
        },
        Code::Paused if fetch => "You paused it.",
        Code::Paused if matches!(about, About::Upload) => {
            "You paused sharing while it was being sent."
        }
        Code::Paused => "You stopped it before all of it was read.",
        Code::Stopped => "You stopped the upload.",
        Code::Interrupted => match about {
            About::Upload => "The upload was cut off.",
            About::Share | About::Fetch | About::Other => "It was cut off before it was ready.",
        },
        Code::FileGone => "The stored file is missing or was changed.",
        Code::BadSetting => match &failure.reason {
            Some(Reason::TooManyNodes) => "There are more than {limit} nodes.",
            Some(Reason::TooLong) if failure.name.is_some() => "“{name}” is too long.",
            Some(Reason::Zero | Reason::TooLong) => "A size must be 1 byte to 9 PB.",
            Some(Reason::BadUrl) => "“{name}” is not the address of an IPFS node.",
            Some(Reason::BadFolderName) => "“{name}” cannot be the name of a folder.",
            Some(_) => "“{name}” is not the address of a node: {reason}.",
            None => "A setting has a value that it cannot have.",
        },
        Code::BadSettingsFile => match &failure.reason {
            Some(Reason::BadValue) => "This file's value for “{name}” cannot be read.",
            Some(Reason::NewerVersion) => {
                "These settings are from a newer version of Fluence Share."
            }
            Some(Reason::TooLong) => "This file is too large to be one of settings.",
            Some(_) | None => "This is not a settings file of Fluence Share.",
        },
        Code::NodeList => "The list of nodes at {host} cannot be used: {reason}.",
        Code::CallFailed => "{name} gives no result: {reason}.",
        Code::UnknownItem => "This file is not in the list any more.",
        Code::TooManyItems => "There are {limit} files in the list already.",
        Code::TooLarge => "It is larger than {limit_size}, the most that the settings allow.",
        Code::DiskFull => "There is no room left on the disk.",
        Code::RoomFull => "It does not fit into {limit_size}, which all files together may take.",
        Code::Budget => {
            "Somebody asked for it, and it is larger than the {limit_size} that you let be uploaded."
        }
        Code::DayBudget => {
            "Somebody asked for it, and the {limit_size} that you let be uploaded in a day do not suffice."
        }
        Code::Metered => {
            "Somebody asked for it, and you let nothing be uploaded over a metered network."
        }
        Code::StoreFailed if fetch => "The disk failed while the file was written.",
        Code::StoreFailed => "The disk failed while the file was stored or read.",
        Code::SourceUnreachable => "{host} cannot be reached.",
        Code::SourceSilent => "{host} sent nothing for too long.",
        Code::SourceBroken => "The answer of {host} broke off.",
        Code::HttpStatus => match failure.status {
            Some(401 | 403) => "{host} refuses to give this file ({status}).",
            Some(404 | 410) => "{host} has no such file ({status}).",
            Some(429) => "{host} was asked too often ({status}).",
            Some(500..=599) => "{host} failed to give this file ({status}).",
            Some(_) | None => "{host} did not give this file ({status}).",
        },
        Code::LoginPage => {
            "{host} sent a web page in the place of the file, most likely a login form."
        }
        Code::BadFolder => match &failure.reason {
            Some(Reason::TooManyFiles) => {
                "The folder has more than {limit} files, too many to share with one hash."
            }
            Some(_) => "“{name}” cannot be shared in a folder: {reason}.",
            None => "These files cannot be shared as a folder.",
        },
        Code::BadAddress => match &failure.reason {
            Some(Reason::BadDataUrl) => "The data: address of the picture is damaged.",
            Some(Reason::UnsupportedScheme) => {
                "What is at a {name}: address cannot be shared from here."
            }
            Some(Reason::TooLong) => "That address is too long.",
            Some(_) | None => "That is not an address on the web.",
        },
        Code::PageGone => "Only the page itself can read this, and it did not.",
        Code::NeedsAccess => "The browser does not let Fluence Share read from {host} yet.",
        Code::NotAllowed => {
            "Nothing was shared from {host}: the browser was not allowed to read it there."
        }
        Code::Offline => "There is no connection to the network.",
        Code::NoProvider => "Nobody who has this file could be found.",
        Code::ProviderGone => "A provider was found, but {reason}.",
        Code::BadAnswer => "The provider {peer} gave an answer that cannot be used: {reason}.",
        Code::WrongBytes => match &failure.reason {
            Some(Reason::Banned) => "The provider {peer} names {host}, which sent wrong bytes.",
            Some(_) | None => {
                "{host} (named by the provider {peer}) sent bytes that are not those of the file."
            }
        },
        Code::Stalled => "{host} sent nothing new for too long.",
        Code::StorageGone => match about {
            About::Fetch | About::Other => {
                "The storage at {host} does not send the file: {reason}."
            }
            About::Share | About::Upload => {
                "The storage at {host} does not take the file: {reason}."
            }
        },
        Code::BadDag => "The hash does not name a file that can be fetched: {reason}.",
        Code::NotOpened => match &failure.reason {
            Some(Reason::NotPrivate) => {
                "The link has a key, but what it leads to is not a private share."
            }
            Some(_) | None => "The private share cannot be opened: {reason}.",
        },
        Code::BadStorage => "The node named a storage whose address cannot be used.",
        Code::NoStorage => match failure.reason {
            Some(_) => "The node does not name a storage: {reason}.",
            None => "Somebody asked for it, and no node with storage could be reached.",
        },
        Code::Busy => match about {
            About::Upload => {
                "Somebody asked for it, and the node has too much to do to store it now."
            }
            About::Share | About::Fetch | About::Other => "Too much was asked at once.",
        },
        Code::Refused => match about {
            About::Upload => "The storage refused to take the file.",
            About::Fetch => "The provider refused.",
            About::Share | About::Other => "It was refused.",
        },
        Code::Quota => "The storage at {host} has no room for the file.",
        Code::StorageRefused => "The storage at {host} refused the file.",
        Code::OwnIpfs => "Somebody asked for it, and your IPFS node does not take it: {reason}.",
        Code::RpcUnreachable => "Nothing answers at {host}.",
        Code::RpcFailed => match &failure.reason {
            Some(Reason::Status) => {
                "{host} answered {status}; the RPC of an IPFS node answers 200."
            }
            Some(Reason::Malformed) => "What answers at {host} is not the RPC of an IPFS node.",
            Some(_) | None => "The IPFS node at {host} does not take files.",
        },
        Code::OriginRefused => {
            "{host} does not let this extension in: an IPFS node accepts calls only from origins in its configuration."
        }
        Code::GatewayUnreachable => "No gateway can be reached at {host}.",
        Code::GatewayFailed => {
            "The gateway at {host} answered {status} for a block that its node has."
        }
        Code::AnotherNode => {
            "The gateway at {host} does not have what the RPC at {name} has just taken: they do not belong to the same node."
        }
        Code::NotSaved => "“{name}” was not saved to the download folder.",
        Code::JournalFailed => "What has just happened could not be written down.",
        Code::JournalDamaged => match failure.size {
            Some(_) => {
                "A part of what was written down could not be read: {size} records are lost."
            }
            None => "What was written down could not be opened, so a new list was begun.",
        },
        Code::SettingsDamaged => "Some settings could not be read and have their defaults: {name}.",
        Code::IdentityLost => "The identity of this peer could not be read, so it has a new one.",
        Code::NotRenewed => {
            "This browser keeps its identity, because a new one cannot be used: {detail}."
        }
        Code::NotSent => "A message between this page and the background worker could not be sent.",
        Code::NoAnswer => {
            "The background worker stopped before it answered; it may have begun all the same."
        }
        Code::Handover => "The background worker did not take the files.",
        Code::Unknown(_) => "Something went wrong that this version does not know ({code}).",
    }
}

/// What to do next, for somebody who uses the extension.
pub(crate) fn advice_in_extension(failure: &Failure, about: About) -> &'static str {
    let share = about == About::Share;
    match &failure.code {
        Code::NotHere => "Use the browser extension.",
        Code::BadLink => match &failure.reason {
            Some(Reason::Empty) => "",
            Some(Reason::InsideFolder) => {
                "To fetch the folder, leave out everything after its hash."
            }
            Some(Reason::NotACid) => {
                "A hash begins with Qm or bafy. Check that it was copied whole."
            }
            Some(Reason::IpnsName) => "Fetch what it leads to by its hash.",
            Some(Reason::BadKey) => "Copy the whole link again.",
            Some(Reason::TooLong) => "Copy the link alone, without the text around it.",
            Some(Reason::PeerId) => "It is the name of a peer. Paste the link of one of its files.",
            Some(Reason::NotAFile) => "Only files and folders can be fetched.",
            Some(_) | None => "Ask the person who shared the file for its link.",
        },
        Code::Paused => match about {
            About::Fetch => "Choose “Resume” to continue; what has arrived so far is kept.",
            About::Upload => "It continues when you go on sharing and somebody asks for it.",
            About::Share | About::Other => "Nothing of it was shared.",
        },
        Code::Stopped => "It continues when the file is shared again and somebody asks for it.",
        Code::Interrupted => match about {
            About::Upload => "It begins again when somebody asks for the file.",
            About::Fetch => "Choose “Try again” to continue.",
            About::Share | About::Other => "Try again, or choose the file again.",
        },
        Code::FileGone => match about {
            About::Fetch => "Fetch it again.",
            About::Share | About::Upload | About::Other => "Share the file again.",
        },
        Code::BadSetting => match &failure.reason {
            Some(Reason::TooManyNodes) => "Remove some of them.",
            Some(Reason::Zero) => "Choose another size.",
            Some(Reason::TooLong) if failure.name.is_none() => "Choose another size.",
            Some(Reason::BadUrl) => "An address looks like http://127.0.0.1:5001.",
            Some(Reason::BadFolderName) => {
                "Use a plain name, without / and other characters that systems forbid."
            }
            Some(_) | None => "An address looks like /dns4/node.example.org/tcp/443/tls/ws.",
        },
        Code::BadSettingsFile => match &failure.reason {
            Some(Reason::NewerVersion) => "Update the extension. Nothing was changed here.",
            Some(_) | None => {
                "Choose a file that was made with “Export settings”. Nothing was changed here."
            }
        },
        Code::NodeList => match &failure.reason {
            Some(Reason::Unreachable | Reason::Silent | Reason::BrokenOff | Reason::Status) => {
                "Check the address, and try again later."
            }
            Some(_) | None => {
                "Ask whoever gave you the address. The list of a host is at https://HOST/.well-known/fluence-nodes."
            }
        },
        Code::CallFailed => match &failure.reason {
            Some(Reason::BadFunction | Reason::BadArguments) => "Correct it, and call again.",
            Some(_) | None => "Check the name, or try again later.",
        },
        Code::UnknownItem => "Look at the list again.",
        Code::TooManyItems => "Remove some that are not needed any more.",
        Code::TooLarge => match about {
            About::Fetch => "Raise the limit in the settings, then choose “Try again”.",
            About::Share | About::Upload | About::Other => {
                "Raise the limit in the settings, or share a part of it."
            }
        },
        Code::Budget => "Raise the limit in the settings, or share it in another way.",
        Code::DayBudget => {
            "It is uploaded when somebody asks for it tomorrow; or raise the limit in the settings."
        }
        Code::Metered => "It is uploaded when somebody asks for it while you use another network.",
        Code::RoomFull => match about {
            About::Fetch => {
                "Choose “Free space” below the list or raise the limit in the settings, then choose “Try again”."
            }
            About::Share | About::Upload | About::Other => {
                "Choose “Free space” below the list or raise the limit in the settings, then share it again."
            }
        },
        Code::DiskFull => match about {
            About::Share => "Free some space and share it again; nothing was kept.",
            About::Fetch => {
                "Free some space, then choose “Try again”; what has arrived so far is kept."
            }
            About::Upload | About::Other => "Free some space on the disk, or remove files here.",
        },
        Code::StoreFailed if share => "Share it again; if it fails again, check the disk.",
        Code::StoreFailed => "Try again; if it fails again, check the disk.",
        Code::SourceUnreachable => "Check the address and the connection, and try again.",
        Code::SourceSilent => "Try again later.",
        Code::SourceBroken => "Try again.",
        Code::HttpStatus => match failure.status {
            Some(401 | 403) => "Log in there in this browser, and try again.",
            Some(404 | 410) => "Check the link; it may be out of date.",
            Some(429) => "Try again in a few minutes.",
            Some(500..=599) => "Try again later; the fault is there, not here.",
            Some(_) | None => "Open the link in a tab to see what is there.",
        },
        Code::LoginPage => "Open the file in a tab, log in there, and try again.",
        Code::BadFolder => match &failure.reason {
            Some(Reason::NameCollision) => "Rename it, and share the folder again.",
            Some(_) | None => "Share the files by themselves, or a part of the folder.",
        },
        Code::BadAddress => match &failure.reason {
            Some(Reason::NotAnAddress) => "Copy the whole address, from https:// on.",
            Some(_) | None => "Save it with the browser, and share the file.",
        },
        Code::PageGone => "Reload the page and try again, or save the file and share that.",
        Code::NeedsAccess => {
            "Click the Fluence Share button and choose “Allow access”; the share then continues."
        }
        Code::NotAllowed => "Try again and allow access, or save the file and share that.",
        Code::Offline => "It continues by itself when the connection is back.",
        Code::NoProvider => {
            "Check the hash, or ask the person who shared it to open their browser; then choose “Try again”."
        }
        Code::ProviderGone => "Ask the person who shared it to open their browser, then try again.",
        Code::BadAnswer => {
            "Try again. If that does not help, the other side has to update its program."
        }
        Code::WrongBytes => "None of them was kept. Try again to ask other providers.",
        Code::Stalled | Code::StorageGone => match about {
            About::Fetch => "Try again; what has arrived so far is kept.",
            About::Share | About::Upload | About::Other => {
                "It is tried again, elsewhere if possible, when somebody asks for the file."
            }
        },
        Code::BadDag => "Ask the person who shared it for the right hash, or to share it again.",
        Code::NotOpened => {
            "Nothing of it was kept. Ask the person who shared it for the whole link."
        }
        Code::BadStorage => "Choose another node in the settings.",
        Code::NoStorage => "Check the connection, and the nodes in the settings.",
        Code::Busy => match about {
            About::Upload => "It is tried again when somebody asks for the file.",
            About::Share | About::Fetch | About::Other => "Wait a moment and try again.",
        },
        Code::Refused => match about {
            About::Upload => {
                "It is tried again when somebody asks for the file. You can also set another node."
            }
            About::Share | About::Fetch | About::Other => {
                "Try again later, or ask the person who shared it."
            }
        },
        Code::Quota => {
            "Wait until the storage has room again, or choose another node in the settings."
        }
        Code::StorageRefused => "Choose another node in the settings, or try again later.",
        Code::OwnIpfs => {
            "Start your IPFS node, then open the settings and choose “Test”, which says what is wrong with it."
        }
        Code::RpcUnreachable => {
            "Start the IPFS node (`ipfs daemon`), and look up the address with `ipfs config Addresses.API`."
        }
        Code::RpcFailed => match &failure.reason {
            Some(Reason::Status | Reason::Malformed) => {
                "Check that the address is that of the RPC, which is usually http://127.0.0.1:5001."
            }
            Some(_) | None => {
                "It has to be Kubo 0.42 or later, with room on its disk. Its own log says more."
            }
        },
        Code::OriginRefused => {
            "If that is your IPFS node, run this command, and then stop and start the node: {name}"
        }
        Code::GatewayUnreachable => {
            "Start the IPFS node (`ipfs daemon`), and look up the address with `ipfs config Addresses.Gateway`."
        }
        Code::GatewayFailed => {
            "Check that the address is that of the gateway, which is usually http://127.0.0.1:8080."
        }
        Code::AnotherNode => "Look up both addresses with `ipfs config Addresses`.",
        Code::NotSaved => "Choose “Save” to try again; check that there is room on the disk.",
        Code::JournalFailed => {
            "It is tried again by itself, and is lost only if the browser ends before."
        }
        Code::JournalDamaged => {
            "The rest is here. Files whose records were lost are listed under their hashes."
        }
        Code::SettingsDamaged => "Open the settings, and set them again.",
        Code::IdentityLost => "What you share is announced again under it.",
        Code::NotRenewed => "Check that there is room on the disk, and try again.",
        Code::NotSent => "Close this page and open it again.",
        Code::NoAnswer => match about {
            About::Share | About::Fetch | About::Upload => {
                "Look at the list, and try again if nothing happens there."
            }
            About::Other => "Look whether it was done, and try again if it was not.",
        },
        Code::Handover => "Choose them again, or fewer at once.",
        Code::Unknown(_) => "Look for a newer version.",
    }
}

/// What to do next, for somebody at the command line.
pub(crate) fn advice_in_terminal(failure: &Failure, about: About) -> &'static str {
    match &failure.code {
        Code::NotHere => "Use the browser extension.",
        Code::BadLink => match &failure.reason {
            Some(Reason::Empty) => "",
            Some(Reason::InsideFolder) => {
                "To fetch the folder, leave out everything after its hash."
            }
            Some(Reason::NotACid) => {
                "A hash begins with Qm or bafy. Check that it was copied whole."
            }
            Some(Reason::IpnsName) => "Fetch what it leads to by its hash.",
            Some(Reason::BadKey) => "Copy the whole link again.",
            Some(_) | None => "Ask the person who shared the file for its link.",
        },
        Code::Paused | Code::Stopped | Code::Interrupted => {
            "Run the same command again to continue."
        }
        Code::FileGone => "Check the path, and run the command again.",
        Code::BadSetting | Code::BadSettingsFile | Code::NodeList | Code::CallFailed => {
            "Check the options of the command."
        }
        Code::UnknownItem => "Run the command again.",
        Code::TooManyItems => "Share fewer files at once.",
        Code::Budget | Code::DayBudget | Code::Metered => "Use the browser extension's settings.",
        Code::TooLarge | Code::RoomFull => "Use a smaller file, or a part of it.",
        Code::DiskFull => match about {
            About::Fetch => {
                "Free some space and run the command again; what has arrived so far is kept."
            }
            About::Share | About::Upload | About::Other => {
                "Free some space and run the command again."
            }
        },
        Code::StoreFailed => "Check the disk and the path, and run the command again.",
        Code::SourceUnreachable
        | Code::SourceSilent
        | Code::SourceBroken
        | Code::HttpStatus
        | Code::LoginPage => "Check the address, and run the command again.",
        Code::BadFolder => match &failure.reason {
            Some(Reason::NameCollision) => "Rename it, and run the command again.",
            Some(_) | None => "Share the files by themselves, or a part of the folder.",
        },
        Code::BadAddress | Code::PageGone | Code::NeedsAccess | Code::NotAllowed => {
            "Check the address."
        }
        Code::Offline => "Check that the node runs and that its address is right.",
        Code::NoProvider => {
            "Check the hash, or ask the person who shared it to come online; then run the command again."
        }
        Code::ProviderGone => {
            "Ask the person who shared it to come online; then run the command again."
        }
        Code::BadAnswer => "The provider's program is at fault; ask the person who shared it.",
        Code::WrongBytes => "None of them was kept. Run the command again to ask other providers.",
        Code::Stalled | Code::StorageGone => match about {
            About::Fetch => {
                "Run the same command again to continue; what has arrived so far is kept."
            }
            About::Share | About::Upload | About::Other => {
                "It is tried again, elsewhere if possible, when somebody asks for the file."
            }
        },
        Code::BadDag => "Ask the person who shared it for the right hash, or to share it again.",
        Code::NotOpened => {
            "Nothing of it was kept. Ask the person who shared it for the whole link."
        }
        Code::BadStorage | Code::NoStorage => "Check the node, or use another one with --node.",
        Code::Busy => match about {
            About::Upload => "It is tried again when somebody asks for the file.",
            About::Share | About::Fetch | About::Other => "Run the command again in a moment.",
        },
        Code::Refused => match about {
            About::Upload => "It is tried again when somebody asks for the file.",
            About::Share | About::Fetch | About::Other => {
                "Ask the person who shared it, or try again later."
            }
        },
        Code::Quota | Code::StorageRefused => {
            "Wait until the storage has room again, or use another node with --node."
        }
        Code::OwnIpfs
        | Code::RpcUnreachable
        | Code::RpcFailed
        | Code::OriginRefused
        | Code::GatewayUnreachable
        | Code::GatewayFailed
        | Code::AnotherNode => "Check the IPFS node and its addresses.",
        Code::NotSaved => "Check that there is room on the disk, and run the command again.",
        Code::JournalFailed => "Check the disk; it is written with what happens next.",
        Code::JournalDamaged => "Everything else is here, and the original is kept beside it.",
        Code::SettingsDamaged | Code::IdentityLost => "The original is kept beside it.",
        Code::NotRenewed | Code::NotSent | Code::NoAnswer | Code::Handover | Code::Unknown(_) => {
            "Run the command again."
        }
    }
}

/// A reason as a clause. Its subject "it" is what the sentence is about: the provider, the storage
/// or the file.
pub(crate) fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::Empty => "it is empty",
        Reason::TooLong => "it is too long",
        Reason::NotACid => "it is not a CID",
        Reason::NotAFile => "it does not name a file",
        Reason::InsideFolder => "it is inside a folder",
        Reason::LoweredCid => "it is a hash without its capital letters",
        Reason::PeerId => "it is the id of a peer",
        Reason::IpnsName => "it is an IPNS name",
        Reason::BadKey => "its key is not whole",
        Reason::Unreachable => "it cannot be reached",
        Reason::Silent => "it was silent for too long",
        Reason::BrokenOff => "its answer broke off",
        Reason::Status => "it answered {status}",
        Reason::NoReply => "it did not answer in time",
        Reason::Malformed => "its answer is not understood",
        Reason::NoSuchFunction => "it does not provide the file any more",
        Reason::Refused => "it refused",
        Reason::Busy => "it is busy",
        Reason::Unavailable => "it has no storage at hand",
        Reason::BadRequest => "it did not understand the call",
        Reason::Internal => "it failed",
        Reason::NoAddress => "it names no storage",
        Reason::BadAddress => "it names an address that is not that of a storage",
        Reason::Banned => "it names a storage that sent wrong bytes",
        Reason::Partial => "it sent only a part",
        Reason::TooMuch => "it sends more than was requested",
        Reason::Lost => "bytes were lost on this computer before they were written",
        Reason::NoCars => "it sends no CARs",
        Reason::BadCar => "what it sends is not a CAR",
        Reason::UnexpectedBlock => "it sent a block other than the next one",
        Reason::RepeatedBlocks => "it repeats the same blocks",
        Reason::BlockTooLarge => "a block is too large",
        Reason::UnknownHash => "it uses a hash function that is not supported ({codec})",
        Reason::ShortDigest => "its digest is too short to prove anything",
        Reason::UnknownCodec => "a block is not part of a file (codec {codec})",
        Reason::BadNode => "a block is not a UnixFS node",
        Reason::Contradiction => "its blocks contradict one another",
        Reason::SymbolicLink => "it is a symbolic link or metadata",
        Reason::TooManyBlocks => "it has too many blocks ({limit} are allowed)",
        Reason::TooManyFiles => "it has too many files ({limit} are allowed)",
        Reason::TooDeep => "it is nested too deeply",
        Reason::PathsTooLong => "its path is too long",
        Reason::Incomplete => "not all of it is there",
        Reason::DamagedRecord => "what was kept of it is damaged",
        Reason::NotPrivate => "it is not a private share",
        Reason::WrongKey => "the key in the link is not its key",
        Reason::Altered => "a part of it was changed",
        Reason::BadArchive => "what is in it is no file and no folder that a share can have",
        Reason::EmptyName => "a name in its path is empty",
        Reason::DotName => "a name in its path is “.” or “..”",
        Reason::ZeroByte => "its name has a zero byte",
        Reason::SameName => "another file has the same name",
        Reason::NameCollision => "its name and another one have the same hash",
        Reason::TooManyNodes => "there are more than {limit} nodes",
        Reason::BadNodeAddress => "an address begins with /ip4/, /ip6/ or /dns4/",
        Reason::BadHost => "there is no IP address or host name in it",
        Reason::BadPort => "the port must be a number from 1 to 65535",
        Reason::NotWebSocket => {
            "a browser needs a WebSocket address, …/tcp/PORT/ws or …/tcp/PORT/tls/ws"
        }
        Reason::BadPeerId => "what follows /p2p/ is not a peer id",
        Reason::BadUrl => "it is not an http:// or https:// address",
        Reason::Zero => "it must be larger than zero",
        Reason::BadFolderName => "it cannot be the name of a folder",
        Reason::NewerVersion => "it is of a newer version",
        Reason::BadValue => "a value in it cannot be read",
        Reason::NoNodes => "it names no node that a browser can reach",
        Reason::NotSecure => "it has to be at an https:// address",
        Reason::BadFunction => "the name of a function has 1 to 256 bytes and no spaces",
        Reason::BadArguments => "the arguments are not a JSON object",
        Reason::NoFunction => "nobody who provides it was found",
        Reason::BadDataUrl => "the data: address is damaged",
        Reason::UnsupportedScheme => "addresses of this kind cannot be read",
        Reason::NotAnAddress => "it is not an address on the web",
        Reason::Unknown(_) => "the reason is one that this version does not know",
    }
}

/// A line of an item's log.
pub(crate) fn log<M: Medium>(entry: &LogEntry, about: About) -> String {
    let words = |failure: &Failure, about| {
        let Words { what, advice } = crate::failure::<M>(failure, about);
        (what, advice)
    };
    let what = |failure: &Failure, about| words(failure, about).0;
    match entry {
        LogEntry::Hashed { cid, size: bytes } => join(&["Hashed ", &size(*bytes), ": ", cid]),
        LogEntry::SharedAgain => "Shared once more: it is the same file.".to_owned(),
        LogEntry::Reached => "Announced, found by look-up, and reached from outside.".to_owned(),
        LogEntry::NotReachedYet => "Not found from outside yet; trying again.".to_owned(),
        LogEntry::NoLongerReached => {
            "It could not be found from outside any more; announcing it again.".to_owned()
        }
        LogEntry::Requested { peer } => join(&[peer, " asked for it."]),
        LogEntry::MoreRequested { calls: 1 } => "It was asked for once more.".to_owned(),
        LogEntry::MoreRequested { calls } => {
            join(&["It was asked for ", &calls.to_string(), " more times."])
        }
        LogEntry::NodeRefused { peer, failure } => {
            join(&[peer, ": ", &what(failure, About::Upload)])
        }
        LogEntry::AlreadyStored => "Storage has it already; nothing is uploaded.".to_owned(),
        LogEntry::Expired => "It is not shared any more, as was set.".to_owned(),
        LogEntry::Released { host } => join(&[host, " has removed its copy."]),
        LogEntry::KeptForOthers { host } => join(&[
            host,
            " keeps a copy, because somebody else has put the file there too, or its operator wants to keep it.",
        ]),
        LogEntry::NotHeld { host } => join(&[host, " keeps nothing of it in your name."]),
        LogEntry::NotReleased { host } => join(&[host, " could not be asked to remove its copy."]),
        LogEntry::Uploading { multiaddr, .. } => join(&["Uploading to ", multiaddr, "."]),
        LogEntry::PartFailed { failure } => join(&[
            "A part has to be sent again. ",
            &what(failure, About::Upload),
        ]),
        LogEntry::Uploaded { size: bytes } => join(&["Uploaded: ", &size(*bytes), "."]),
        LogEntry::UploadFailed { failure } => {
            let (what, advice) = words(failure, About::Upload);
            join(&["The upload failed. ", &what, " ", &advice])
        }
        LogEntry::ResumedAfterRestart => "Continuing after a restart.".to_owned(),
        LogEntry::ResumedOnline => "Continuing: the network is back.".to_owned(),
        LogEntry::BeganAgain => "What was kept of it was damaged; beginning again.".to_owned(),
        LogEntry::ProviderFailed { peer, failure } => {
            join(&[peer, ": ", &what(failure, About::Fetch)])
        }
        LogEntry::StorageNamed { peer, host } => join(&[peer, " says that it is at ", host, "."]),
        LogEntry::PublicGateway { host } => join(&[
            "Nobody shares it here; asking ",
            host,
            ", a gateway of the public IPFS.",
        ]),
        LogEntry::StillStored { host } => join(&[
            "Nobody provides it at the moment, but the storage at ",
            host,
            " still has it.",
        ]),
        LogEntry::StorageSilent { host, seconds } => join(&[
            "Nothing new from ",
            host,
            " for ",
            &seconds.to_string(),
            " s; asking others.",
        ]),
        LogEntry::StorageChanged { host } => join(&["Continuing from ", host, "."]),
        LogEntry::StoragesAdded { hosts } => join(&[
            "It is also stored at ",
            &hosts.join(" and "),
            "; all of them are used at the same time.",
        ]),
        LogEntry::OneStorageLeft { failure } => join(&[
            "Continuing with one storage. ",
            &what(failure, About::Fetch),
        ]),
        LogEntry::SingleBlocks { failure } => {
            join(&["Asking for single blocks. ", &what(failure, About::Fetch)])
        }
        LogEntry::StorageFailed { failure } => what(failure, About::Fetch),
        LogEntry::Kept { size: bytes } => join(&[&size(*bytes), " of it is here and verified."]),
        LogEntry::Fetched { size: bytes } => {
            join(&["All of it is here and verified: ", &size(*bytes), "."])
        }
        LogEntry::DiskFailed { failure } | LogEntry::NotSaved { failure } => what(failure, about),
        LogEntry::Failed { failure } => {
            let (what, advice) = words(failure, about);
            join(&[&what, " ", &advice]).trim_end().to_owned()
        }
        LogEntry::Text { text } => text.clone(),
        LogEntry::Unknown => "Something happened that this version does not know.".to_owned(),
    }
}

/// Why there is no link to a node.
pub(crate) fn link(error: &LinkError) -> String {
    let quoted = |text: &'static str, detail: &Option<String>| match detail {
        Some(detail) => join(&[text, " (", detail, ")"]),
        None => text.to_owned(),
    };
    let cause = match &error.cause {
        LinkCause::ConnectionLost => "the connection to the node was lost".to_owned(),
        LinkCause::ConnectionClosed => "it closed the connection".to_owned(),
        LinkCause::Unreachable { detail } => quoted("no connection could be made", detail),
        LinkCause::DialTimeout => "it does not answer".to_owned(),
        LinkCause::UnsupportedAddress => {
            "this kind of address cannot be reached from here".to_owned()
        }
        LinkCause::WrongPeer { found } => join(&["another peer answers there, ", found]),
        LinkCause::OwnAddress => "the address is this peer's own".to_owned(),
        LinkCause::TooManyConnections => "too many connections are open".to_owned(),
        LinkCause::ReservationRefused { detail } => quoted("it grants no reservation", detail),
        LinkCause::ReservationTimeout => {
            "it does not answer the request for a reservation".to_owned()
        }
        LinkCause::ReservationEnded => "the node ended the reservation".to_owned(),
        LinkCause::PingTimeout => "the node has been silent for too long".to_owned(),
        LinkCause::NotListening => "this node listens nowhere".to_owned(),
    };
    let others = if error.others_failed {
        ", and neither can any other node in the settings"
    } else {
        ""
    };
    match &error.node {
        Some(node) => join(&[node, " cannot be used: ", &cause, others]),
        None => join(&[&cause, others]),
    }
}

/// Joins the parts. This makes the downloaded program much smaller than formatting would.
fn join(parts: &[&str]) -> String {
    parts.concat()
}

/// The name of the extension.
pub const NAME: &str = "Fluence Share";
/// The entry of the context menu that shares something.
pub const MENU_SHARE: &str = "Share via Fluence";
/// The entry that shares it privately.
pub const MENU_SHARE_PRIVATELY: &str = "Share privately";

/// What the keyword of the address bar is for.
pub const OMNIBOX: &str = "Type or paste a Fluence link or a hash, and press Enter to fetch it.";

/// A suggestion of the address bar: what would be fetched, by its CID, and whether that is encrypted.
pub fn would_fetch(cid: &str, private: bool) -> String {
    if private {
        format!("Fetch the private share {cid}")
    } else {
        format!("Fetch {cid}")
    }
}

/// A notification: a file is shared, and its link is on the clipboard or not.
pub fn shared(name: &str, copied: bool) -> Words {
    let advice = if copied {
        "Others can fetch it now, while this browser is open. Its link is on the clipboard."
    } else {
        "Others can fetch it now, while this browser is open. The Fluence Share button has its link."
    };
    Words {
        what: format!("{name} is shared"),
        advice: advice.to_owned(),
    }
}

/// The buttons of a notification that asks whether somebody gets a file.
pub const ALLOW: &str = "Allow";
/// See [`ALLOW`].
pub const REFUSE: &str = "Refuse";

/// A notification: somebody asks for a file of which the person wants to be asked.
pub fn asking(name: &str) -> Words {
    Words {
        what: format!("Somebody asks for {name}"),
        advice: "Allow it within a minute, or nothing is sent.".to_owned(),
    }
}

/// A notification: several files that were chosen together are shared.
pub fn shared_many(count: usize) -> Words {
    Words {
        what: match count {
            1 => "1 file is shared".to_owned(),
            count => format!("{count} files are shared"),
        },
        advice:
            "Others can fetch them now, while this browser is open. The Fluence Share button has their links."
                .to_owned(),
    }
}

/// A notification: a file was fetched.
pub fn fetched(name: &str) -> Words {
    Words {
        what: format!("{name} is here"),
        advice: "All of it has arrived, and every byte of it was checked.".to_owned(),
    }
}

/// The sentence that follows a failure which names one of several refused files.
pub(crate) fn and_others_refused(others: u64) -> String {
    match others {
        0 => String::new(),
        1 => " One more file was refused.".to_owned(),
        n => format!(" {n} more files were refused."),
    }
}

/// What the toolbar button says while the mouse is over it.
pub mod button {
    use fluence::state::{LinkError, NetworkStatus};

    use crate::megabytes;

    /// Says that a share waits for the person's permission.
    pub const WAITS_FOR_PERMISSION: &str =
        "Fluence Share: a share is waiting for your permission. Click to give it.";

    /// The connection, with the number of files that are shared.
    pub fn network(status: &NetworkStatus, shared: usize) -> String {
        match status {
            NetworkStatus::NoNode => {
                "Fluence Share: no node is set. Choose one in the settings.".to_owned()
            }
            NetworkStatus::Offline { error, .. } => offline(error),
            NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {
                "Fluence Share: connecting…".to_owned()
            }
            NetworkStatus::Unreachable { .. } => {
                "Fluence Share: connected, but nobody can reach this browser. It tries again by itself."
                    .to_owned()
            }
            NetworkStatus::Online { .. } => match shared {
                0 => "Fluence Share: online.".to_owned(),
                1 => "Fluence Share: online, 1 file is shared.".to_owned(),
                n => format!("Fluence Share: online, {n} files are shared."),
            },
        }
    }

    fn offline(error: &LinkError) -> String {
        let why = super::link(error);
        format!("Fluence Share: not connected ({why}). It tries again by itself.")
    }

    /// The files that are moving, and their bytes so far.
    pub fn moving(files: usize, bytes: u64) -> String {
        let files = if files == 1 {
            "1 file is on the way".to_owned()
        } else {
            format!("{files} files are on the way")
        };
        match bytes {
            0 => format!(" {files}."),
            bytes => format!(" {files}, {} so far.", megabytes(bytes)),
        }
    }
}
