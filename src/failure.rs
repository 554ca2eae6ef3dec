//! What went wrong, as a type: a code, a reason, and the values that a sentence about it needs. The
//! faces (the popup, the command line) turn it into words in the person's language; no other place
//! has sentences.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::call::{CallError, ErrorCode};
use crate::cars::CarEnd;
use crate::content::car::CarError;
use crate::content::hash::HashError;
use crate::content::layout::LayoutError;
use crate::content::trail::TrailError;
use crate::content::unixfs::NodeError;
use crate::content::walk::WalkError;
use crate::names::ParseLinkError;
use crate::ports::{HttpError, NetworkError, StoreError};
use crate::private::record::RecordError;
use crate::private::tar::TarError;
use crate::text::{host_of, quote};

/// Declares an enum whose variants are words on the wire. A word from a newer version is kept as it is.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A word that this version does not know, as it was read.
            Unknown(Box<str>),
        }

        impl $name {
            /// Every variant that this version knows.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire, in snake_case.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Unknown(quote(word).into()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;
                impl serde::de::Visitor<'_> for Word {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a word")
                    }
                    fn visit_str<E>(self, word: &str) -> Result<$name, E> {
                        Ok($name::from(word))
                    }
                }
                deserializer.deserialize_str(Word)
            }
        }
    };
}

words! {
    /// What went wrong.
    Code {
        /// The command is one that only the browser extension can carry out.
        NotHere = "not_here",
        /// The text is not the link or hash of a file ([`Reason`] says why).
        BadLink = "bad_link",
        /// The person paused it, or stopped a share before all of it was read.
        Paused = "paused",
        /// The person stopped the upload.
        Stopped = "stopped",
        /// The program was ended while it ran.
        Interrupted = "interrupted",
        /// The stored bytes are gone or were changed.
        FileGone = "file_gone",
        /// A setting has a value that it cannot have.
        BadSetting = "bad_setting",
        /// The file is not one of settings that can be read here ([`Reason`] says why; `name` is a setting).
        BadSettingsFile = "bad_settings_file",
        /// The file holds no identity that can be read here.
        BadIdentityFile = "bad_identity_file",
        /// The passphrase does not open the file of an identity.
        WrongPassphrase = "wrong_passphrase",
        /// The list of nodes at `host` cannot be used ([`Reason`] says why).
        NodeList = "node_list",
        /// A function that a person calls by its name (`name`) gives no result ([`Reason`] says why).
        CallFailed = "call_failed",
        /// The item is no longer in the list.
        UnknownItem = "unknown_item",
        /// The list is full (`limit` items).
        TooManyItems = "too_many_items",
        /// The file is larger than the settings allow (`limit` bytes).
        TooLarge = "too_large",
        /// There is no room left on the disk.
        DiskFull = "disk_full",
        /// The room that the settings give to files (`limit` bytes) is used up.
        RoomFull = "room_full",
        /// The file is larger than what the settings let be uploaded (`limit` bytes).
        Budget = "budget",
        /// What the settings let be uploaded on a day (`limit` bytes) is used up.
        DayBudget = "day_budget",
        /// The settings let nothing be uploaded over a network where each byte costs something.
        Metered = "metered",
        /// The disk or the browser's storage failed (`detail`).
        StoreFailed = "store_failed",
        /// The server that has the file to share (`host`) cannot be reached.
        SourceUnreachable = "source_unreachable",
        /// The server that has the file to share (`host`) sent nothing for too long.
        SourceSilent = "source_silent",
        /// The answer of the server that has the file to share (`host`) broke off.
        SourceBroken = "source_broken",
        /// A server (`host`) answered with a status other than success (`status`).
        HttpStatus = "http_status",
        /// A web page came in place of the file, most likely a login form.
        LoginPage = "login_page",
        /// The files cannot become one folder.
        BadFolder = "bad_folder",
        /// The address is not one whose content can be shared.
        BadAddress = "bad_address",
        /// Only the page itself could read it, and it did not.
        PageGone = "page_gone",
        /// The browser does not let the extension read from `host` yet.
        NeedsAccess = "needs_access",
        /// The browser lets the extension read a file of the person's only after a click.
        NeedsClick = "needs_click",
        /// The person did not let the extension read from `host`.
        NotAllowed = "not_allowed",
        /// There is no connection to the network of functions.
        Offline = "offline",
        /// Nobody who provides the file was found.
        NoProvider = "no_provider",
        /// A provider was found, but does not deliver the file.
        ProviderGone = "provider_gone",
        /// A provider's answer cannot be used.
        BadAnswer = "bad_answer",
        /// A storage (`host`) sent bytes that are not those of the file.
        WrongBytes = "wrong_bytes",
        /// A storage (`host`) sent nothing new for too long.
        Stalled = "stalled",
        /// A storage (`host`) does not send or does not accept the file.
        StorageGone = "storage_gone",
        /// The hash does not name a file that can be fetched.
        BadDag = "bad_dag",
        /// What was fetched cannot be opened with the key of the link ([`Reason`] says why).
        NotOpened = "not_opened",
        /// The address of a storage cannot be used.
        BadStorage = "bad_storage",
        /// No node with storage could be reached.
        NoStorage = "no_storage",
        /// The other side has too much to do.
        Busy = "busy",
        /// The other side refused.
        Refused = "refused",
        /// A storage (`host`) has no room for the file.
        Quota = "quota",
        /// A storage (`host`) refused the file.
        StorageRefused = "storage_refused",
        /// The person's own IPFS node does not work.
        OwnIpfs = "own_ipfs",
        /// Nothing answers at the address of the RPC (`host`).
        RpcUnreachable = "rpc_unreachable",
        /// The address of the RPC (`host`) does not answer as an RPC does.
        RpcFailed = "rpc_failed",
        /// The RPC (`host`) accepts no calls from this extension.
        OriginRefused = "origin_refused",
        /// Nothing answers at the address of the gateway (`host`).
        GatewayUnreachable = "gateway_unreachable",
        /// The gateway (`host`) does not answer as a gateway does.
        GatewayFailed = "gateway_failed",
        /// The gateway (`host`) does not belong to the node whose RPC was given (`name`).
        AnotherNode = "another_node",
        /// The file was not saved to the download folder.
        NotSaved = "not_saved",
        /// What happened could not be written to the journal.
        JournalFailed = "journal_failed",
        /// A part of the journal could not be read at start-up: `size` records, or all of it if
        /// there is no size. The original is set aside.
        JournalDamaged = "journal_damaged",
        /// The settings in `name` could not be read at start-up; they have their defaults, and the original is set aside.
        SettingsDamaged = "settings_damaged",
        /// The identity of this peer could not be read at start-up; it has a new one, and the original is set aside.
        IdentityLost = "identity_lost",
        /// This peer was not given the new identity that the person wanted, because a peer with it cannot be started or it
        /// cannot be stored (`detail`). It keeps the one that it has.
        NotRenewed = "not_renewed",
        /// The list that the worker keeps beside its journal is too large for a message, or a message could not be sent.
        NotSent = "not_sent",
        /// The worker ended before it answered.
        NoAnswer = "no_answer",
        /// The worker did not take the files.
        Handover = "handover",
    }
}

/// What the person wanted when something failed, on which the words may depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    /// Something that is shared.
    Share,
    /// Something that is fetched.
    Fetch,
    /// The upload of something that is shared, for somebody who asked.
    Upload,
    /// None of these.
    Other,
}

impl Code {
    /// What kind of failure it is. Every decision that depends on a code is made from its kind, so
    /// that a new code only has to be assigned to one here to be treated correctly everywhere.
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadLink
            | Self::BadSetting
            | Self::BadSettingsFile
            | Self::BadIdentityFile
            | Self::WrongPassphrase
            | Self::BadAddress
            | Self::BadFolder
            | Self::NotHere
            | Self::UnknownItem => Kind::Request,
            Self::Paused
            | Self::Stopped
            | Self::Interrupted
            | Self::NeedsAccess
            | Self::NeedsClick
            | Self::NotAllowed => Kind::Person,
            Self::Offline => Kind::Offline,
            Self::NoProvider => Kind::NotFound,
            Self::ProviderGone | Self::Stalled | Self::StorageGone | Self::NoStorage => Kind::Lost,
            Self::BadAnswer
            | Self::BadStorage
            | Self::SourceUnreachable
            | Self::SourceSilent
            | Self::SourceBroken
            | Self::HttpStatus
            | Self::LoginPage
            | Self::PageGone
            | Self::OwnIpfs
            | Self::RpcUnreachable
            | Self::RpcFailed
            | Self::OriginRefused
            | Self::GatewayUnreachable
            | Self::GatewayFailed
            | Self::AnotherNode
            | Self::NodeList
            | Self::CallFailed => Kind::Other,
            Self::WrongBytes => Kind::WrongBytes,
            Self::BadDag | Self::NotOpened => Kind::BadDag,
            Self::Refused | Self::Quota | Self::StorageRefused => Kind::Refused,
            Self::Busy => Kind::Busy,
            Self::TooLarge
            | Self::TooManyItems
            | Self::RoomFull
            | Self::Budget
            | Self::DayBudget
            | Self::Metered => Kind::Limit,
            Self::FileGone
            | Self::DiskFull
            | Self::StoreFailed
            | Self::NotSaved
            | Self::JournalFailed
            | Self::JournalDamaged
            | Self::SettingsDamaged
            | Self::IdentityLost
            | Self::NotRenewed
            | Self::NotSent
            | Self::NoAnswer
            | Self::Handover
            | Self::Unknown(_) => Kind::Machine,
        }
    }
}

/// What kind of failure a [`Code`] is: what has to change before a second attempt can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for cannot be done.
    Request,
    /// The person or the end of the program interrupted it, or the person did not allow it.
    Person,
    /// There is no network.
    Offline,
    /// Nobody who has it was found.
    NotFound,
    /// A peer or a storage that was there no longer does its part, as if it were gone.
    Lost,
    /// A server, or another peer's answer, is at fault.
    Other,
    /// A storage sent bytes that the hash does not name.
    WrongBytes,
    /// The hash names no file that can be fetched, whoever sends it.
    BadDag,
    /// The other side refused, and will again.
    Refused,
    /// The other side has too much to do now.
    Busy,
    /// A limit of this program was reached.
    Limit,
    /// This machine is at fault: its disk, its browser, this program.
    Machine,
}

impl Kind {
    /// Whether a fetch with this failure may have ended because this machine had lost the network
    /// without noticing it yet.
    pub fn may_be_network(self) -> bool {
        match self {
            Self::Offline | Self::NotFound | Self::Lost => true,
            Self::Request
            | Self::Person
            | Self::Other
            | Self::WrongBytes
            | Self::BadDag
            | Self::Refused
            | Self::Busy
            | Self::Limit
            | Self::Machine => false,
        }
    }

    /// Whether what was fetched so far is worth keeping, because the fetch can continue from it.
    pub fn keeps_progress(self) -> bool {
        match self {
            Self::BadDag => false,
            Self::Request
            | Self::Person
            | Self::Offline
            | Self::NotFound
            | Self::Lost
            | Self::Other
            | Self::WrongBytes
            | Self::Refused
            | Self::Busy
            | Self::Limit
            | Self::Machine => true,
        }
    }

    /// Whether the same request, sent to the same storage again within a minute, would be refused again.
    pub fn is_final_refusal(self) -> bool {
        match self {
            Self::Refused => true,
            Self::Request
            | Self::Person
            | Self::Offline
            | Self::NotFound
            | Self::Lost
            | Self::Other
            | Self::WrongBytes
            | Self::BadDag
            | Self::Busy
            | Self::Limit
            | Self::Machine => false,
        }
    }
}

words! {
    /// The reason for a failure, which makes its code more precise.
    Reason {
        /// There is no text.
        Empty = "empty",
        /// The text is too long.
        TooLong = "too_long",
        /// No part of the text is a CID (`detail` is the text).
        NotACid = "not_a_cid",
        /// The CID is not one of a file (`size` is its codec).
        NotAFile = "not_a_file",
        /// The link leads to something inside a private share (`detail`), or a path is where none can be.
        InsideFolder = "inside_folder",
        /// A folder has no entry of this name (`detail`).
        NoSuchEntry = "no_such_entry",
        /// It is a `Qm…` hash whose capital letters were lost (`detail`).
        LoweredCid = "lowered_cid",
        /// It is the id of a peer (`detail`).
        PeerId = "peer_id",
        /// It is a name of IPNS (`detail`).
        IpnsName = "ipns_name",
        /// The key of the link is not whole.
        BadKey = "bad_key",

        /// No connection, or a browser forbids the request.
        Unreachable = "unreachable",
        /// Nothing came for too long.
        Silent = "silent",
        /// The connection broke while an answer came.
        BrokenOff = "broken_off",
        /// The HTTP status is not one of success (`status`).
        Status = "status",

        /// The peer did not answer in time; it may have received the call.
        NoReply = "no_reply",
        /// The answer is not understood.
        Malformed = "malformed",
        /// The peer no longer provides the function.
        NoSuchFunction = "no_such_function",
        /// The peer refused (`detail`).
        Refused = "refused",
        /// The peer is busy (`detail`).
        Busy = "busy",
        /// The peer cannot reach something that it needs, such as storage (`detail`).
        Unavailable = "unavailable",
        /// The peer did not understand the call (`detail`).
        BadRequest = "bad_request",
        /// The peer failed (`detail`).
        Internal = "internal",
        /// The answer names no storage.
        NoAddress = "no_address",
        /// The answer names something that is not an address (`detail`).
        BadAddress = "bad_address",
        /// The answer names a storage that sent wrong bytes before (`host`).
        Banned = "banned",

        /// A storage sent only a part.
        Partial = "partial",
        /// A storage sends more than it was asked for.
        TooMuch = "too_much",
        /// Bytes that had arrived were lost on this machine before they were written.
        Lost = "lost",
        /// A storage sends no CARs.
        NoCars = "no_cars",
        /// What a storage sent is not a CAR that can be read.
        BadCar = "bad_car",
        /// A storage sent another block than the expected one.
        UnexpectedBlock = "unexpected_block",
        /// A storage sends the same blocks over and over.
        RepeatedBlocks = "repeated_blocks",
        /// A block is larger than 2 MiB.
        BlockTooLarge = "block_too_large",

        /// The CID uses a hash function that is not known here (`size` is its multihash code).
        UnknownHash = "unknown_hash",
        /// The CID's digest is too short to prove anything.
        ShortDigest = "short_digest",
        /// A block has a codec that is not used for files (`size` is the codec).
        UnknownCodec = "unknown_codec",
        /// A block is not a UnixFS node that can be read.
        BadNode = "bad_node",
        /// A block is not what the link to it says.
        Contradiction = "contradiction",
        /// It is a symbolic link or metadata.
        SymbolicLink = "symbolic_link",
        /// The DAG has more blocks than are accepted (`limit`).
        TooManyBlocks = "too_many_blocks",
        /// The folder has more files than are accepted (`limit`).
        TooManyFiles = "too_many_files",
        /// The DAG or the folder is deeper than is accepted (`limit`).
        TooDeep = "too_deep",
        /// The paths of the folder are longer than is accepted (`limit` bytes).
        PathsTooLong = "paths_too_long",
        /// Some of it is missing.
        Incomplete = "incomplete",
        /// The record of what was fetched so far is damaged.
        DamagedRecord = "damaged_record",

        /// It is not a private share.
        NotPrivate = "not_private",
        /// The key opens not even the beginning.
        WrongKey = "wrong_key",
        /// A part of it was changed.
        Altered = "altered",
        /// The archive in it is damaged, or has what no share has.
        BadArchive = "bad_archive",

        /// A name in the path is empty (`name` is the path).
        EmptyName = "empty_name",
        /// A name in the path is `.` or `..` (`name`).
        DotName = "dot_name",
        /// A name has a zero byte (`name`).
        ZeroByte = "zero_byte",
        /// Two files or folders have the same name (`name`).
        SameName = "same_name",
        /// The hashes of two names are equal (`name`).
        NameCollision = "name_collision",

        /// There are more nodes than can be set (`limit`).
        TooManyNodes = "too_many_nodes",
        /// It is not the multiaddr of a node (`name`).
        BadNodeAddress = "bad_node_address",
        /// There is no IP address or host name where there must be one (`name`).
        BadHost = "bad_host",
        /// The port is not a number from 1 to 65535 (`name`).
        BadPort = "bad_port",
        /// A browser can reach a node only over WebSocket, and this is another transport (`name`).
        NotWebSocket = "not_web_socket",
        /// What follows `/p2p/` is not a peer id (`name`).
        BadPeerId = "bad_peer_id",
        /// It is not an `http://` or `https://` address (`name`).
        BadUrl = "bad_url",
        /// A number has to be larger than zero.
        Zero = "zero",
        /// It cannot be the name of a folder (`name`).
        BadFolderName = "bad_folder_name",
        /// It is of a newer version of the program.
        NewerVersion = "newer_version",
        /// A value in it is not one that can be read (`name`).
        BadValue = "bad_value",
        /// It has no node that a browser can reach.
        NoNodes = "no_nodes",
        /// It is not an `https://` address, and others on the way could change what comes from there.
        NotSecure = "not_secure",
        /// It is not the name of a function.
        BadFunction = "bad_function",
        /// The arguments are not a JSON object.
        BadArguments = "bad_arguments",
        /// Nobody who provides the function was found.
        NoFunction = "no_function",

        /// The `data:` address is damaged.
        BadDataUrl = "bad_data_url",
        /// What is at an address of this scheme cannot be read from here (`name` is the scheme).
        UnsupportedScheme = "unsupported_scheme",
        /// It is not an address on the web.
        NotAnAddress = "not_an_address",
    }
}

/// What went wrong, with the values that a sentence about it needs. Which of them are set depends on the code.
///
/// On the wire and in the journal, values that are not set are left out; values that this version
/// does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub code: Code,
    /// The reason, which makes the code more precise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// A host, or the address of a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A peer id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The name of a file, or of a setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A size or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The limit that was reached, in the unit of what is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// A moment, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// How many others in the same command failed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
    /// An HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What somebody else said about it: a peer, a server, the operating system. It is made safe to
    /// show ([`crate::text::quote`]), and must not be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self {
            code,
            reason: None,
            host: None,
            peer: None,
            name: None,
            size: None,
            limit: None,
            time: None,
            others: None,
            status: None,
            detail: None,
        }
    }
}

impl Failure {
    /// A failure of which only the code is known.
    pub fn new(code: Code) -> Self {
        code.into()
    }

    /// Adds a reason.
    pub fn reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds the host of a URL, or a host as it is. A URL may have none.
    pub fn host(mut self, url: &str) -> Self {
        self.host = Some(host_of(url)).filter(|host| !host.is_empty());
        self
    }

    /// Adds a peer id.
    pub fn peer(mut self, peer: &str) -> Self {
        self.peer = Some(quote(peer));
        self
    }

    /// Adds a name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(quote(name));
        self
    }

    /// Adds a size.
    pub fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Adds the limit that was reached.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Adds an HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds what somebody else said, unless that is empty.
    pub fn detail(mut self, detail: impl AsRef<str>) -> Self {
        let detail = quote(detail.as_ref());
        self.detail = (!detail.is_empty()).then_some(detail);
        self
    }

    /// The same values under another code.
    pub fn coded(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The failure that the end of a CAR from the storage at this URL means.
    pub fn of_car(url: &str, end: &CarEnd) -> Self {
        let gone = Self::new(Code::StorageGone);
        match end {
            CarEnd::Http(error) => Self::of_http(Code::StorageGone, error),
            CarEnd::Short(reason) | CarEnd::Unusable(reason) => {
                gone.reason(reason.clone()).host(url)
            }
            CarEnd::Wrong => Self::new(Code::WrongBytes).host(url),
            CarEnd::Unverifiable(reason) => Self::new(Code::BadDag).reason(reason.clone()),
        }
    }

    /// Whether the other side could not be reached at all.
    pub fn is_unreachable(&self) -> bool {
        self.reason == Some(Reason::Unreachable)
    }

    /// The failure that an HTTP error means, under this code.
    pub fn of_http(code: Code, error: &HttpError) -> Self {
        let (reason, host) = match error {
            HttpError::Unreachable(host) => (Reason::Unreachable, host),
            HttpError::Silent(host) => (Reason::Silent, host),
            HttpError::Broken(host) => (Reason::BrokenOff, host),
        };
        Self::new(code).reason(reason).host(host)
    }

    /// The failure that a call without a result means, under this code.
    pub fn of_call(code: Code, error: &NetworkError) -> Self {
        match error {
            NetworkError::Offline => Self::new(Code::Offline),
            NetworkError::Unreachable => Self::new(code).reason(Reason::Unreachable),
            NetworkError::NoReply => Self::new(code).reason(Reason::NoReply),
            NetworkError::Malformed => Self::new(code).reason(Reason::Malformed),
            NetworkError::Call(CallError {
                code: said,
                message,
                ..
            }) => Self::new(code).reason(said.into()).detail(message),
        }
    }
}

impl From<&ErrorCode> for Reason {
    fn from(code: &ErrorCode) -> Self {
        match code {
            ErrorCode::NoSuchFunction => Self::NoSuchFunction,
            ErrorCode::Refused => Self::Refused,
            ErrorCode::Busy => Self::Busy,
            ErrorCode::Unavailable => Self::Unavailable,
            ErrorCode::BadRequest => Self::BadRequest,
            ErrorCode::Internal => Self::Internal,
        }
    }
}

impl From<&CarError> for Reason {
    fn from(error: &CarError) -> Self {
        match error {
            CarError::Empty | CarError::Truncated => Self::Partial,
            CarError::Header(_) | CarError::BadCid => Self::BadCar,
            CarError::BlockTooLarge { .. } => Self::BlockTooLarge,
        }
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full => Self::new(Code::DiskFull),
            StoreError::Gone(detail) => Self::new(Code::FileGone).detail(detail),
            StoreError::Locked => Code::NeedsClick.into(),
            StoreError::Failed(detail) => Self::new(Code::StoreFailed).detail(detail),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&ParseLinkError> for Failure {
    fn from(error: &ParseLinkError) -> Self {
        let bad = Self::new(Code::BadLink);
        match error {
            ParseLinkError::Empty => bad.reason(Reason::Empty),
            ParseLinkError::TooLong => bad.reason(Reason::TooLong),
            ParseLinkError::NotACid(text) => bad.reason(Reason::NotACid).detail(text),
            ParseLinkError::NotAFile(codec) => bad.reason(Reason::NotAFile).size(*codec),
            ParseLinkError::Inside(text) => bad.reason(Reason::InsideFolder).detail(text),
            ParseLinkError::Lowered(text) => bad.reason(Reason::LoweredCid).detail(text),
            ParseLinkError::Peer(text) => bad.reason(Reason::PeerId).detail(text),
            ParseLinkError::Ipns(text) => bad.reason(Reason::IpnsName).detail(text),
            ParseLinkError::BadKey => bad.reason(Reason::BadKey),
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::new(Code::NotOpened).reason(match error {
            RecordError::Header => Reason::NotPrivate,
            RecordError::Key => Reason::WrongKey,
            RecordError::Altered(_) | RecordError::Cipher => Reason::Altered,
            RecordError::Truncated => Reason::Incomplete,
        })
    }
}

impl From<TarError> for Failure {
    fn from(error: TarError) -> Self {
        Self::new(Code::NotOpened).reason(match error {
            TarError::Header
            | TarError::Kind
            | TarError::Path
            | TarError::Twice
            | TarError::Shape
            | TarError::TooMuch
            | TarError::Truncated
            | TarError::Surplus => Reason::BadArchive,
        })
    }
}

impl From<&TrailError> for Failure {
    fn from(error: &TrailError) -> Self {
        match error {
            TrailError::Missing(name) => Self::new(Code::BadLink)
                .reason(Reason::NoSuchEntry)
                .detail(name),
            TrailError::Walk(error) => error.into(),
        }
    }
}

impl From<&HashError> for Failure {
    fn from(error: &HashError) -> Self {
        match error {
            HashError::Mismatch(_) => Self::new(Code::WrongBytes),
            HashError::Unknown { code, .. } => Self::new(Code::BadDag)
                .reason(Reason::UnknownHash)
                .size(*code),
            HashError::Length { len, .. } => Self::new(Code::BadDag)
                .reason(Reason::ShortDigest)
                .size(*len as u64),
        }
    }
}

impl From<&WalkError> for Failure {
    fn from(error: &WalkError) -> Self {
        let bad = Self::new(Code::BadDag);
        match error {
            WalkError::Foreign { .. } | WalkError::Surplus(_) => {
                Self::new(Code::StorageGone).reason(Reason::UnexpectedBlock)
            }
            WalkError::Repeating(_) => Self::new(Code::StorageGone).reason(Reason::RepeatedBlocks),
            WalkError::Node { reason, .. } => bad.reason(match reason {
                NodeError::TooLarge => Reason::BlockTooLarge,
                NodeError::TooManyLinks
                | NodeError::Malformed
                | NodeError::BadLink
                | NodeError::NotUnixFs
                | NodeError::Sizes
                | NodeError::NoSizes
                | NodeError::Shard => Reason::BadNode,
            }),
            WalkError::Codec(cid) => bad.reason(Reason::UnknownCodec).size(cid.codec()),
            WalkError::Contradiction(_) => bad.reason(Reason::Contradiction),
            WalkError::NotAFile(_) => bad.reason(Reason::SymbolicLink),
            WalkError::TooMuch { what, limit, .. } => {
                use crate::content::walk::Limited;
                let reason = match what {
                    Limited::Bytes => return Self::new(Code::TooLarge).limit(*limit),
                    Limited::Blocks | Limited::Links | Limited::EmptyParts => Reason::TooManyBlocks,
                    Limited::Files => Reason::TooManyFiles,
                    Limited::Levels => Reason::TooDeep,
                    Limited::PathBytes => Reason::PathsTooLong,
                };
                bad.reason(reason).limit(*limit)
            }
            WalkError::Record => bad.reason(Reason::DamagedRecord),
            WalkError::Incomplete(_) => bad.reason(Reason::Incomplete),
        }
    }
}

impl From<&LayoutError> for Failure {
    fn from(error: &LayoutError) -> Self {
        use crate::content::layout::PathError;
        let bad = Self::new(Code::BadFolder);
        match error {
            LayoutError::Store(error) => error.into(),
            LayoutError::TooMany(_) => {
                let limit = crate::content::walk::Limits::default().files;
                bad.reason(Reason::TooManyFiles).limit(limit as u64)
            }
            LayoutError::Order => bad.reason(Reason::DamagedRecord),
            LayoutError::Path { path, reason } => bad.name(path).reason(match reason {
                PathError::TooLong => Reason::PathsTooLong,
                PathError::TooDeep => Reason::TooDeep,
                PathError::ZeroByte => Reason::ZeroByte,
                PathError::EmptyName => Reason::EmptyName,
                PathError::DotName => Reason::DotName,
                PathError::SameName => Reason::SameName,
                PathError::Collision => Reason::NameCollision,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_word_is_snake_case_and_read_back() {
        for code in Code::ALL {
            let word = code.as_str();
            assert!(
                word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{word}"
            );
            assert_eq!(&Code::from(word), code);
        }
        for reason in Reason::ALL {
            assert_eq!(&Reason::from(reason.as_str()), reason);
        }
        let mut words: Vec<&str> = Code::ALL.iter().map(Code::as_str).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn a_newer_code_is_kept_as_it_is() {
        let text = r#"{"code":"quantum_lost","reason":"decayed","host":"a.example","new":1}"#;
        let failure: Failure = serde_json::from_str(text).unwrap();
        assert_eq!(failure.code, Code::Unknown("quantum_lost".into()));
        assert_eq!(
            serde_json::to_value(&failure).unwrap(),
            json!({"code": "quantum_lost", "reason": "decayed", "host": "a.example"})
        );
    }

    #[test]
    fn values_are_made_fit_to_be_shown() {
        let failure = Failure::new(Code::StorageGone)
            .host("https://user.example:8080/ipfs/x")
            .detail("line one\nline two\u{7}")
            .peer(&"x".repeat(1000));
        assert_eq!(failure.host.as_deref(), Some("user.example:8080"));
        assert_eq!(failure.detail.as_deref(), Some("line one line two"));
        assert!(failure.peer.unwrap().len() <= crate::text::MAX_QUOTE);
        assert_eq!(Failure::new(Code::Refused).detail(" ").detail, None);
    }

    #[test]
    fn only_losses_of_others_may_be_the_networks_fault() {
        let network: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| code.kind().may_be_network())
            .map(Code::as_str)
            .collect();
        assert_eq!(
            network,
            [
                "offline",
                "no_provider",
                "provider_gone",
                "stalled",
                "storage_gone",
                "no_storage"
            ]
        );
    }
}
