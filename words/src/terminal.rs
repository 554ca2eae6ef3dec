//! What somebody at the command line can do next, in English as everything there.

use fluence::failure::{About, Code, Failure, Reason};

/// What to do next, for somebody at the command line.
pub(crate) fn advice(failure: &Failure, about: About) -> &'static str {
    match &failure.code {
        Code::NotHere => "Use the browser extension.",
        Code::BadLink => match &failure.reason {
            Some(Reason::Empty) => "",
            Some(Reason::InsideFolder) => "To fetch all of it, leave out the path after the hash.",
            Some(Reason::NoSuchEntry) => "Check the path. To fetch the whole folder, leave it out.",
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
        Code::BadSetting
        | Code::BadSettingsFile
        | Code::BadIdentityFile
        | Code::WrongPassphrase
        | Code::NodeList
        | Code::CallFailed => "Check the options of the command.",
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
        Code::BadAddress
        | Code::PageGone
        | Code::NeedsAccess
        | Code::NeedsClick
        | Code::NotAllowed => "Check the address.",
        Code::Offline => "Check that the node runs and that its address is right.",
        Code::NoProvider => {
            "Check the hash, or ask the person who shared it to come online; then run the command again. With --public, \
             it is looked for in the public IPFS too."
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
