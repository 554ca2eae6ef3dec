//! The names of functions, and the many ways in which a person writes the name of a file.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::Cid;
use crate::private::{BadKey, Key};
use crate::web_link::{BadWebLink, WebLink};
use multihash::Multihash;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the function that says where a file may be uploaded.
pub const MULTIADDR: &str = "IPFS_multiaddr";
/// The name of the function by which who uploaded a file takes it back from a storage.
pub const RELEASE: &str = "IPFS_release";
/// The name of the function by which nodes say which records they hold.
pub const HOLDS: &str = "FLUENCE_holds";
/// The name of the function by which a provider takes its records back from a node.
pub const WITHDRAW: &str = "FLUENCE_withdraw";
/// The prefix of the name of a file's function.
pub const FILE_PREFIX: &str = "IPFS_";
/// The longest name of a function, in bytes of UTF-8.
pub const MAX_NAME: usize = 256;
/// The longest text that is searched for a CID, in bytes.
pub const MAX_LINK: usize = 4096;

const SHA2_256: u64 = 0x12;
const DAG_PB: u64 = 0x70;
const LIBP2P_KEY: u64 = 0x72;

/// The name of a function: 1 to 256 bytes of UTF-8 without white space or control characters (`docs/protocol.md`,
/// “Names”).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionName(String);

/// Why a text is not the name of a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a function's name cannot be empty")]
    Empty,
    /// The text is longer than [`MAX_NAME`] bytes.
    #[error("a function's name may have {MAX_NAME} bytes; this one has {0}")]
    TooLong(usize),
    /// There is white space or a control character at this byte.
    #[error("a function's name has no spaces or control characters; this one has one at byte {0}")]
    Character(usize),
}

impl FunctionName {
    /// The name of the function by which the file `cid` is requested.
    pub fn file(cid: &Cid) -> Self {
        Self(format!("{FILE_PREFIX}{}", canonical(cid)))
    }

    /// The name of the function that says where a file may be uploaded, [`MULTIADDR`].
    pub fn multiaddr() -> Self {
        Self(MULTIADDR.to_owned())
    }

    /// The name of the function that takes a file back, [`RELEASE`].
    pub fn release() -> Self {
        Self(RELEASE.to_owned())
    }

    /// The name of the function by which nodes say which records they hold, [`HOLDS`].
    pub fn holds() -> Self {
        Self(HOLDS.to_owned())
    }

    /// The name of the function by which a provider takes its records back, [`WITHDRAW`].
    pub fn withdraw() -> Self {
        Self(WITHDRAW.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The CID of the file whose function this is; `None` unless it is the name of a file's function in canonical
    /// form.
    pub fn as_file(&self) -> Option<Cid> {
        let text = self.0.strip_prefix(FILE_PREFIX)?;
        let cid = Cid::from_str(text).ok()?;
        (canonical(&cid) == text).then_some(cid)
    }

    /// The key of the function in the DHT: the sha2-256 multihash of the name, which is the bytes `12 20` and 32 bytes
    /// of digest.
    pub fn dht_key(&self) -> [u8; 34] {
        let mut key = [0; 34];
        key[0] = 0x12;
        key[1] = 0x20;
        key[2..].copy_from_slice(&Sha256::digest(self.0.as_bytes()));
        key
    }
}

impl fmt::Debug for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FunctionName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong(text.len()));
        }
        if let Some((at, _)) = text
            .char_indices()
            .find(|(_, c)| c.is_whitespace() || c.is_control())
        {
            return Err(NameError::Character(at));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for FunctionName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<FunctionName> for String {
    fn from(name: FunctionName) -> String {
        name.0
    }
}

/// The canonical text of a CID: `Qm…` for dag-pb with sha2-256, and CIDv1 in lower-case base32 for everything else.
pub fn canonical(cid: &Cid) -> String {
    canonical_cid(cid).to_string()
}

/// The CID whose text form is [`canonical`]: version 0 for dag-pb with sha2-256, and version 1 for everything else.
pub fn canonical_cid(cid: &Cid) -> Cid {
    let hash = *cid.hash();
    if cid.codec() == DAG_PB && hash.code() == SHA2_256 && hash.size() == 32 {
        Cid::new_v0(hash).unwrap_or(*cid)
    } else {
        Cid::new_v1(cid.codec(), hash)
    }
}

/// The link that people send each other: `fluence:` and the canonical CID.
pub fn link(cid: &Cid) -> String {
    link_to(&canonical(cid))
}

/// The link to a CID whose text is canonical already.
pub fn link_to(canonical: &str) -> String {
    format!("fluence:{canonical}")
}

/// The link to a private share: that of its CID, `#`, and the key.
pub fn private_link(canonical: &str, key: &Key) -> String {
    format!("{}#{}", link_to(canonical), key.text())
}

/// The CIDv1 with this codec and this sha2-256 digest.
pub fn cid_v1(codec: u64, digest: &[u8; 32]) -> Cid {
    let hash = Multihash::wrap(SHA2_256, digest).expect("32 bytes fit a multihash");
    Cid::new_v1(codec, hash)
}

/// Why no CID of a file was found in a text that a person typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseLinkError {
    /// The text holds nothing but white space.
    #[error("the text is empty")]
    Empty,
    /// The text is longer than [`MAX_LINK`] bytes.
    #[error("the text is too long to be a hash or a link")]
    TooLong,
    /// No part of the text is a CID.
    #[error("“{0}” is not the hash of a file")]
    NotACid(String),
    /// There is a CID, but it names something that is not a file, such as an IPNS key or an Ethereum block.
    #[error("the CID names something that is not a file (codec 0x{0:x})")]
    NotAFile(u64),
    /// There is a path after the CID where only that of a whole file or folder can be used.
    #[error("“{0}” is inside a folder")]
    Inside(String),
    /// It is a `Qm…` hash whose letters have all become small, which cannot be undone.
    #[error("“{0}” is a hash whose capital letters were lost")]
    Lowered(String),
    /// It is the id of a peer.
    #[error("“{0}” is the id of a peer")]
    Peer(String),
    /// It is a name of IPNS, which may name another file every day.
    #[error("“{0}” is an IPNS name")]
    Ipns(String),
    /// What follows `#` in the link of a private share is not a key. The key itself is not told.
    #[error("the key at the end of the link is not whole")]
    BadKey,
}

/// What a person's link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The CID of a file or a folder.
    pub cid: Cid,
    /// The path below that folder of what is meant, as it is written: names that are separated by `/` and may be
    /// percent-encoded. It is empty if all of it is meant.
    pub path: String,
    /// The key, if it is the link of a private share: what follows `#` in `fluence:CID#KEY`, or in `CID#KEY`. In links of
    /// other kinds that part means something else, and is no key.
    pub key: Option<Key>,
}

/// Finds the link in a text that a person typed or copied: any form of CID, `fluence:CID`, `fluence://CID`,
/// `ipfs://CID`, `/ipfs/CID`, the name of a function `IPFS_CID`, or the URL of a gateway (path or subdomain), each with a
/// path after the CID or without, or a web link ([`crate::web_link`]), alone or somewhere in a message. A private link that
/// was broken into lines, and a link whose `#` was escaped, are read as what they were.
///
/// [`ParseLinkError`] says why there is none; it is [`ParseLinkError::BadKey`] if something that is not a key is in its
/// place. No error contains the key, or a part of it.
impl FromStr for Link {
    type Err = ParseLinkError;

    fn from_str(text: &str) -> Result<Self, ParseLinkError> {
        // Where a line ends within a link, what precedes it may look like a whole one without a key.
        if text.len() <= MAX_LINK && text.trim().contains(is_gap) {
            let joined: String = text.chars().filter(|c| !is_gap(*c)).collect();
            if let Ok(link) = Self::read(&joined)
                && link.key.is_some()
            {
                return Ok(link);
            }
        }
        unescaping(text, Self::read)
    }
}

impl Link {
    /// Reads the link in a text as it is.
    fn read(text: &str) -> Result<Self, ParseLinkError> {
        let (cid, path, word) = find_link(text)?;
        let key = match word.split_once('#') {
            Some((place, key)) => Self::key_after(place, key)?,
            None => None,
        };
        // What is in a private share has no hashes of its own.
        if key.is_some() && !path.is_empty() {
            return Err(ParseLinkError::Inside(shorten(path)));
        }
        Ok(Self {
            cid,
            path: path.to_owned(),
            key,
        })
    }

    /// The key in what follows `#`, if it is the place of one.
    fn key_after(place: &str, fragment: &str) -> Result<Option<Key>, ParseLinkError> {
        if is_web(place) {
            return match WebLink::parse(fragment) {
                Ok(link) if link.private => link.key.map(Some).ok_or(ParseLinkError::BadKey),
                Err(BadWebLink::BadKey) => Err(ParseLinkError::BadKey),
                // There is none, or it is that of a gateway.
                Ok(_) | Err(_) => Ok(None),
            };
        }
        let ours = ["fluence:", "web+fluence:"]
            .iter()
            .any(|scheme| strip_prefix_ignoring_case(place, scheme).is_some());
        if !ours && (place.contains('/') || Cid::from_str(place).is_err()) {
            return Ok(None);
        }
        let key = key_in(fragment).map_err(|_| ParseLinkError::BadKey)?;
        Ok(Some(key))
    }
}

/// The key in its place in a link, with the punctuation that a message may have put after it.
pub(crate) fn key_in(text: &str) -> Result<Key, BadKey> {
    text.trim_matches(|c| ends_word(c) || MARKS.contains(&c))
        .parse()
}

/// Reads a text, and if there is no link in it, once more as it was before a program escaped it.
fn unescaping<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, ParseLinkError>,
) -> Result<T, ParseLinkError> {
    let found = read(text);
    if !matches!(found, Err(ParseLinkError::NotACid(_))) || !text.contains('%') {
        return found;
    }
    let [hash, and, is] = [("%23", "#"), ("%26", "&"), ("%3D", "=")];
    let replace = |text: String, (escaped, plain): (&str, &str)| {
        text.replace(escaped, plain)
            .replace(&escaped.to_lowercase(), plain)
    };
    let text = [hash, and, is].into_iter().fold(text.to_owned(), replace);
    read(&text)
}

/// The link without its key, as [`Link`] reads it.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&canonical(&self.cid))?;
        if !self.path.is_empty() {
            write!(f, "/{}", self.path)?;
        }
        Ok(())
    }
}

/// Finds the CID of a whole file or folder in a text, as [`Link`] does.
///
/// # Errors
/// [`ParseLinkError`] says why there is none. A path after the CID is an error.
pub fn parse_link(text: &str) -> Result<Cid, ParseLinkError> {
    unescaping(text, |text| {
        let (cid, path, _) = find_link(text)?;
        if !path.is_empty() {
            return Err(ParseLinkError::Inside(shorten(path)));
        }
        Ok(cid)
    })
}

/// Finds the CID in a text, the path after it, and the part of the text that is the link.
fn find_link(text: &str) -> Result<(Cid, &str, &str), ParseLinkError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ParseLinkError::Empty);
    }
    if text.len() > MAX_LINK {
        return Err(ParseLinkError::TooLong);
    }
    // In a message, the link is one of the words.
    let words = || text.split(ends_word).map(|word| word.trim_matches(MARKS));
    let whole = is_link_alone(text).then_some(text);
    let found = whole
        .into_iter()
        .chain(words())
        .find_map(|word| cid_in(word).map(|(cid, path)| (cid, path, word)));
    let Some((cid, path, word)) = found else {
        let told = words().find_map(almost);
        return Err(told.unwrap_or_else(|| ParseLinkError::NotACid(shorten(text))));
    };
    match cid.codec() {
        // The codecs raw and dag-pb.
        0x55 | 0x70 => Ok((canonical_cid(&cid), path.trim_matches('/'), word)),
        LIBP2P_KEY => Err(ParseLinkError::Ipns(shorten(&cid.to_string()))),
        other => Err(ParseLinkError::NotAFile(other)),
    }
}

/// Whether a text is one link with a path, so that what people put around links may be part of a name: it begins with a
/// CID, or is a URL in which nothing is that cannot be in one.
fn is_link_alone(text: &str) -> bool {
    let bare = text.strip_prefix("/ipfs/").unwrap_or(text);
    let (cid, path) = split_path(bare);
    if Cid::from_str(cid).is_ok() {
        return !path.is_empty();
    }
    let is_scheme = |scheme: &str| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+')
    };
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let stands_in_urls = |c| !ends_word(c) || "()[]".contains(c);
        is_scheme(scheme) && rest.contains('/') && rest.chars().all(stands_in_urls)
    })
}

/// The punctuation that may precede or follow a link in a message.
const MARKS: &[char] = &['.', ',', ';', ':', '!', '?', '\'', '*', '…'];

/// Whether a character is none of a link's own, such as those that people put around one.
fn ends_word(c: char) -> bool {
    const BRACKETS: &str = "<>()[]{}\"`“”„«»‹›‘’（）「」『』《》【】，。、；：！？؟،";
    is_gap(c) || BRACKETS.contains(c)
}

/// Whether a character is nothing but room, or a place where a line may be broken.
fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

/// Whether this is the address of a web page.
fn is_web(text: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| strip_prefix_ignoring_case(text, scheme).is_some())
}

/// The CID in a word, and the path after it.
fn cid_in(word: &str) -> Option<(Cid, &str)> {
    candidates(word).find_map(|(part, path)| Some((Cid::from_str(part).ok()?, path)))
}

/// What a word is that looks like a hash and is not that of a file.
fn almost(word: &str) -> Option<ParseLinkError> {
    let ipns = ["ipns://", "ipns:", "dweb:/ipns/"]
        .iter()
        .any(|scheme| strip_prefix_ignoring_case(word, scheme).is_some());
    if ipns || word.contains("/ipns/") || word.contains(".ipns.") {
        return Some(ParseLinkError::Ipns(shorten(word)));
    }
    candidates(word).find_map(|(part, _)| {
        let is_base_58 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
        // The ids of Ed25519 and of secp256k1 keys, which contain the key itself.
        let peer = part.starts_with("12D3KooW") || part.starts_with("16Uiu2HA");
        if peer && is_base_58(part) {
            return Some(ParseLinkError::Peer(shorten(part)));
        }
        let lowered = part.len() == 46
            && part.starts_with("qm")
            && is_base_58(part)
            && !part.bytes().any(|b| b.is_ascii_uppercase());
        lowered.then(|| ParseLinkError::Lowered(shorten(part)))
    })
}

/// The parts of a text that may be a CID, the most specific first, each with the path that follows it.
fn candidates(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let bare = [
        "fluence://",
        "fluence:",
        "web+fluence:",
        "ipfs://",
        "ipfs:",
        "dweb:/ipfs/",
        FILE_PREFIX,
    ]
    .iter()
    .find_map(|scheme| strip_prefix_ignoring_case(text, scheme));
    let after_ipfs = text.find("/ipfs/").map(|at| &text[at + 6..]);
    // The URL of a subdomain gateway: https://CID.ipfs.host/…
    let subdomain = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once(".ipfs."))
        .map(|(cid, rest)| (cid, split_path(rest).1));
    // A web link: https://NODE/#CID&…
    let page = text
        .split_once('#')
        .filter(|(place, _)| is_web(place))
        .map(|(_, fragment)| (fragment.split('&').next().unwrap_or_default(), ""));
    let places = [
        after_ipfs,
        bare.map(|b| b.trim_start_matches('/')),
        Some(text),
    ];
    let [after_ipfs, bare, whole] = places.map(|place| place.map(split_path));
    [after_ipfs, bare, subdomain, page, whole]
        .into_iter()
        .flatten()
        .filter(|(part, _)| !part.is_empty())
}

/// What precedes the path, and the path without its query and fragment.
fn split_path(text: &str) -> (&str, &str) {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    text.split_at(text.find('/').unwrap_or(end))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// A text that a person typed as it may be told: what is, or was meant to be, the link of a private share is without its key.
pub fn without_key(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let is_meant = ["fluence:", "&key="]
        .iter()
        .any(|part| lower.contains(part));
    let may_have_key = || match text.parse::<Link>() {
        Ok(link) => link.key.is_some(),
        Err(error) => error == ParseLinkError::BadKey,
    };
    match is_meant || may_have_key() {
        true => shorten(text).into(),
        false => text.into(),
    }
}

/// A text as it may be told: not too long, and without what follows `#`, which may be the key of a private share.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    // Also where `#` was escaped, once or more.
    let key = ["#", "%23", "%25"]
        .iter()
        .filter_map(|mark| text.split_once(mark));
    let text = match key.min_by_key(|(before, _)| before.len()) {
        Some((before, after)) if !after.is_empty() => &format!("{before}#…"),
        _ => text,
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    match clean.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}

/// The longest file name that is written or shown, in bytes of UTF-8: the limit of most file systems, less room for an
/// ending such as `.part`.
pub const MAX_FILE_NAME: usize = 200;

/// The name of an entry of a directory as it stands in a path: as it is, except where a path cannot hold it, which is a
/// name that is empty, `.` or `..`, one with `/` or a zero byte in it, and bytes that are not UTF-8.
pub fn entry_name(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name).replace(['/', '\0'], "_");
    match text.as_str() {
        "" | "." | ".." => format!("_{text}"),
        _ => text,
    }
}

/// The name at the end of a path in a link, as it is shown before it is known what is there.
pub fn path_name(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    chosen_name(&percent_decode_str(last).decode_utf8_lossy())
}

/// The name of a file that a person chose, as it is shown and told to others: as it is, without a path in front of it
/// or characters that cannot be seen, and at most [`MAX_FILE_NAME`] bytes.
pub fn chosen_name(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    let seen = |c: &char| !c.is_control() && !is_direction_mark(*c);
    let name: String = last.chars().filter(seen).collect();
    let name = shortened(name);
    if name
        .trim_matches(|c: char| c == '.' || c.is_whitespace())
        .is_empty()
    {
        "file".to_owned()
    } else {
        name
    }
}

/// The name of a file that a page, a server or an address tells, as it is shown and told to others: what would be a path
/// is one name.
pub fn told_name(name: &str) -> String {
    chosen_name(name.replace(['/', '\\'], "_").trim())
}

/// The longest note on a file, in characters.
pub const MAX_NOTE: usize = 300;

/// What a person notes about a file, as it is kept: one line without characters that cannot be seen, of at most [`MAX_NOTE`]
/// characters; `None` if nothing is left of it.
pub fn note_of(text: &str) -> Option<String> {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    let seen: String = text
        .chars()
        .map(spaced)
        .filter(|c| !is_direction_mark(*c))
        .collect();
    let note = seen.trim();
    let short: String = note.chars().take(MAX_NOTE).collect();
    let note = short.trim_end();
    (!note.is_empty()).then(|| note.to_owned())
}

/// The name with at most [`MAX_FILE_NAME`] bytes, of which the file's ending is kept.
fn shortened(mut name: String) -> String {
    if name.len() > MAX_FILE_NAME {
        let ending = name
            .rfind('.')
            .map(|at| name[at..].to_owned())
            .filter(|ending| ending.len() <= 16)
            .unwrap_or_default();
        let mut end = MAX_FILE_NAME - ending.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        name.push_str(&ending);
    }
    name
}

/// A name that is safe to save a file under, whatever a peer, a web page or a server called it. It has no path, no
/// control characters and no name that an operating system reserves, and at most [`MAX_FILE_NAME`] bytes, of which the
/// file's ending is kept.
pub fn safe_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_direction_mark(*c))
        .map(|c| {
            if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '~' | '%') {
                '_'
            } else {
                c
            }
        })
        .collect();
    clean = clean.trim().trim_matches('.').trim().to_owned();
    let stem = clean
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let reserved = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.as_bytes()[3].is_ascii_digit());
    if reserved {
        clean.insert(0, '_');
    }
    clean = shortened(clean);
    if clean.is_empty() {
        "file".to_owned()
    } else {
        clean
    }
}

/// The name, or the last one in a path, with a number before its ending, for a second file of the same name: `a/b.jpg`
/// becomes `a/b (2).jpg`.
pub fn numbered(path: &str, number: u64) -> String {
    let name_at = path.rfind('/').map_or(0, |at| at + 1);
    match path[name_at..].rfind('.') {
        Some(dot) if dot > 0 => {
            let (stem, ending) = path.split_at(name_at + dot);
            format!("{stem} ({number}){ending}")
        }
        _ => format!("{path} ({number})"),
    }
}

/// The first of a path with a number from `number` on that `is_free` accepts, and the number after it.
pub fn free_path(path: &str, number: u64, is_free: impl Fn(&str) -> bool) -> (String, u64) {
    let mut number = number;
    loop {
        let other = numbered(path, number);
        number += 1;
        if is_free(&other) {
            return (other, number);
        }
    }
}

/// The longest MIME type, in bytes: RFC 6838 allows 127 in each half, and none in use is that long.
pub const MAX_MIME: usize = 127;

/// The MIME type in a `Content-Type`, without its parameters and in lower case; `None` if it is not
/// one.
pub fn mime_of(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (kind, sub) = essence.split_once('/')?;
    (essence.len() <= MAX_MIME && token(kind) && token(sub)).then(|| essence.to_ascii_lowercase())
}

/// Whether a character changes the direction of text; such characters make `gpj.exe` look like `exe.jpg`.
pub(crate) fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dht_keys_are_those_of_the_vectors() {
        let vectors: std::collections::BTreeMap<String, String> =
            serde_json::from_str(include_str!("../tests/vectors/names.json")).unwrap();
        assert!(!vectors.is_empty());
        for (name, key) in vectors {
            let name: FunctionName = name.parse().unwrap();
            let hex: String = name.dht_key().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, key, "{name}");
        }
    }

    const V0: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
    const V1: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    #[test]
    fn every_form_of_a_cid_is_understood() {
        let v0: Cid = V0.parse().unwrap();
        let as_v1 = Cid::new_v1(v0.codec(), *v0.hash());
        for text in [
            V0.to_owned(),
            format!("  {V0}\n"),
            as_v1.to_string(),
            as_v1.to_string_of_base(multibase::Base::Base58Btc).unwrap(),
            as_v1
                .to_string_of_base(multibase::Base::Base36Lower)
                .unwrap(),
            format!("fluence:{V0}"),
            format!("FLUENCE:{V0}"),
            format!("fluence://{V0}"),
            format!("ipfs://{V0}/?x=1/2"),
            format!("/ipfs/{V0}"),
            format!("IPFS_{V0}"),
            format!("https://example.org/ipfs/{V0}/?download=true#x/y"),
            format!("https://{as_v1}.ipfs.dweb.link/?filename=a"),
        ] {
            assert_eq!(
                parse_link(&text).map(|c| canonical(&c)),
                Ok(V0.to_owned()),
                "{text}"
            );
        }
        assert_eq!(parse_link(V1).map(|c| canonical(&c)), Ok(V1.to_owned()));
    }

    #[test]
    fn a_path_below_a_cid_is_read_as_it_is_written() {
        let v0: Cid = V0.parse().unwrap();
        let as_v1 = Cid::new_v1(v0.codec(), *v0.hash());
        for (text, path) in [
            (format!("{V0}/a/b.jpg"), "a/b.jpg"),
            (format!("{V0}/a b/c (1).jpg"), "a b/c (1).jpg"),
            (format!("/ipfs/{V0}/100% «x».txt"), "100% «x».txt"),
            (format!("{V0}/"), ""),
            (format!("fluence:{V0}/a/b.jpg"), "a/b.jpg"),
            (format!("web+fluence:{V0}/a//b/"), "a//b"),
            (format!("ipfs://{V0}/a/b.jpg?x=1"), "a/b.jpg"),
            (
                format!("https://example.org/ipfs/{V0}/a/b.jpg#x"),
                "a/b.jpg",
            ),
            (
                format!("https://example.org/ipfs/{V0}/a%20b%20(1).jpg"),
                "a%20b%20(1).jpg",
            ),
            (
                format!("https://{as_v1}.ipfs.dweb.link/a/b.jpg?x"),
                "a/b.jpg",
            ),
            // In a message the path ends where the link does.
            (format!("Here: fluence:{V0}/a/b.jpg, look"), "a/b.jpg"),
            (format!("fluence:{V0}/b.jpg is what you wanted."), "b.jpg"),
            (format!("(https://example.org/ipfs/{V0}/b.jpg)"), "b.jpg"),
            (format!("它在这里：fluence:{V0}/b.jpg。"), "b.jpg"),
            (format!("<fluence:{V0}/b.jpg>"), "b.jpg"),
        ] {
            let link: Link = text.parse().unwrap();
            assert_eq!((link.cid, &*link.path), (v0, path), "{text}");
            let again = link.to_string().parse();
            assert_eq!(again, Ok(link), "{text}");
            let whole = match path {
                "" => Ok(v0),
                path => Err(ParseLinkError::Inside(path.to_owned())),
            };
            assert_eq!(parse_link(&text), whole, "{text}");
        }
        let key = Key::new([0xfb; 16]).text();
        assert_eq!(
            format!("fluence:{V0}/a.jpg#{key}").parse::<Link>(),
            Err(ParseLinkError::Inside("a.jpg".to_owned()))
        );
    }

    #[test]
    fn what_is_no_cid_is_named() {
        assert_eq!(parse_link("  "), Err(ParseLinkError::Empty));
        assert_eq!(parse_link(&"x".repeat(5000)), Err(ParseLinkError::TooLong));
        for text in [
            "Qm",
            "hello",
            "https://example.org/",
            "fluence:",
            &V0[..45],
            "../../etc/passwd",
            "🦀",
        ] {
            assert!(
                matches!(parse_link(text), Err(ParseLinkError::NotACid(_))),
                "{text}"
            );
        }
        let block = Cid::new_v1(0x90, *V0.parse::<Cid>().unwrap().hash()).to_string();
        assert_eq!(parse_link(&block), Err(ParseLinkError::NotAFile(0x90)));
    }

    #[test]
    fn what_looks_like_a_hash_is_called_what_it_is() {
        let lowered = V0.to_lowercase();
        for text in [
            lowered.clone(),
            format!("fluence:{lowered}"),
            format!("see <{lowered}>."),
        ] {
            assert_eq!(
                parse_link(&text),
                Err(ParseLinkError::Lowered(lowered.clone())),
                "{text}"
            );
        }
        let peer = "12D3KooWHFvVkGYhSXcHkhMF3KHPWvcGmBFQDNoJhxQMQ1cRA7Xz";
        assert_eq!(parse_link(peer), Err(ParseLinkError::Peer(peer.to_owned())));
        let key = Cid::new_v1(LIBP2P_KEY, *V0.parse::<Cid>().unwrap().hash()).to_string();
        for text in [
            key.clone(),
            format!("/ipns/{key}"),
            "ipns://example.org/x".to_owned(),
            "https://ipfs.io/ipns/en.wikipedia-on-ipfs.org/".to_owned(),
            "https://k51abc.ipns.dweb.link/".to_owned(),
        ] {
            assert!(
                matches!(parse_link(&text), Err(ParseLinkError::Ipns(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_is_found_in_a_message() {
        for text in [
            format!("Here it is: fluence:{V0}"),
            format!("<fluence:{V0}>"),
            format!("“fluence:{V0}”"),
            format!("\"{V0}\","),
            format!("fluence:{V0}."),
            format!("Look at https://example.org/ipfs/{V0}?filename=a.jpg!\nAnna"),
            format!("[the picture](fluence:{V0})"),
            format!("它在这里：fluence:{V0}。"),
            format!("(see ipfs://{V0}/)"),
        ] {
            assert_eq!(
                parse_link(&text).map(|c| canonical(&c)),
                Ok(V0.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_may_have_a_key() {
        let key = Key::new([0xfb; 16]);
        let text = key.text();
        let private = private_link(V0, &key);
        assert_eq!(private, format!("fluence:{V0}#{text}"));
        for link in [
            private.clone(),
            format!("  {private}\n"),
            format!("FLUENCE://{V0}#{text}"),
            format!("web+fluence:{V0}#{text}"),
            format!("{V0}#{text}"),
            format!("Here: {private}."),
            format!("{private} is what you wanted"),
            format!("({private}), see https://example.org/#1"),
            format!("[this]({private})"),
            format!("“{private}”"),
        ] {
            let found: Link = link.parse().unwrap();
            assert_eq!(canonical(&found.cid), V0);
            assert_eq!(found.key, Some(key.clone()), "{link}");
            assert_eq!(parse_link(&link), Ok(found.cid), "{link}");
        }
        for link in [
            V0.to_owned(),
            format!("fluence:{V0}"),
            format!("ipfs://{V0}#{text}"),
            format!("https://example.org/ipfs/{V0}/?download=true#x/y"),
            format!("https://example.org/ipfs/{V0}#{text}"),
            format!("fluence:{V0}? See #1"),
        ] {
            let found: Link = link.parse().unwrap();
            assert_eq!((&*canonical(&found.cid), found.key), (V0, None), "{link}");
        }
        for key in ["", "x", &text[..21], &format!("{text}x"), "%23"] {
            for link in [format!("fluence:{V0}#{key}"), format!("{V0}#{key}")] {
                assert_eq!(link.parse::<Link>(), Err(ParseLinkError::BadKey));
                assert!(parse_link(&link).is_ok(), "{link}");
            }
        }
    }

    #[test]
    fn a_web_link_is_read_like_others() {
        let key = Key::new([0xfb; 16]);
        let text = key.text();
        for (link, expected) in [
            (format!("https://node.example/#{V1}"), Ok(None)),
            (
                format!("HTTP://127.0.0.1:4180/#{V1}&name=a%20b.jpg"),
                Ok(None),
            ),
            (
                format!("Look: https://node.example/#{V1}&name=a.jpg."),
                Ok(None),
            ),
            (
                format!("https://node.example/#{V1}&key={text}"),
                Ok(Some(&key)),
            ),
            (
                format!("https://h.example/a/b/#{V1}&key={text}"),
                Ok(Some(&key)),
            ),
            (
                format!("<https://node.example/#{V1}&key={text}>."),
                Ok(Some(&key)),
            ),
            (
                format!("https://node.example/#{V1}&amp;key={text}"),
                Ok(Some(&key)),
            ),
            // What the page leaves in the address.
            (
                format!("https://node.example/#{V1}&private"),
                Err(ParseLinkError::BadKey),
            ),
            (
                format!("https://node.example/#{V1}&key={}", &text[1..]),
                Err(ParseLinkError::BadKey),
            ),
        ] {
            let found = link.parse::<Link>();
            let found = found.as_ref().map(|found| found.key.as_ref());
            assert_eq!(found, expected.as_ref().copied(), "{link}");
            assert_eq!(
                parse_link(&link).map(|cid| canonical(&cid)),
                Ok(V1.to_owned()),
                "{link}"
            );
        }
        for link in ["https://example.org/#1", "https://example.org/#&key=x"] {
            assert!(
                matches!(link.parse::<Link>(), Err(ParseLinkError::NotACid(_))),
                "{link}"
            );
        }
    }

    #[test]
    fn a_web_link_is_a_link() {
        let key = Key::new([0xfb; 16]);
        let text = key.text();
        for (link, expected) in [
            (format!("https://node.example/#{V0}"), None),
            (format!("HTTP://127.0.0.1:4180/#{V0}&name=a%20b.jpg"), None),
            (
                format!("Here: https://node.example/#{V0}&name=a, bye"),
                None,
            ),
            (format!("https://node.example/#{V0}&key={text}"), Some(&key)),
            (
                format!("(https://node.example/#{V0}&key={text})."),
                Some(&key),
            ),
            (
                format!("https://node.example/#{V0}&key={text}."),
                Some(&key),
            ),
        ] {
            let found: Link = link.parse().unwrap();
            assert_eq!((&*canonical(&found.cid), &*found.path), (V0, ""), "{link}");
            assert_eq!(found.key.as_ref(), expected, "{link}");
        }
        for part in ["key=x", "private", "key="] {
            let link = format!("https://node.example/#{V0}&{part}");
            assert_eq!(link.parse::<Link>(), Err(ParseLinkError::BadKey), "{link}");
        }
        let elsewhere = format!("see node.example/#{V0}");
        let error = elsewhere.parse::<Link>();
        assert!(
            matches!(error, Err(ParseLinkError::NotACid(_))),
            "{error:?}"
        );
    }

    #[test]
    fn a_link_is_read_as_it_was_before_a_message_changed_it() {
        let key = Key::new([0xfb; 16]);
        let text = key.text();
        let (first, last) = text.split_at(9);
        for cid in [V0, V1] {
            let (beginning, end) = cid.split_at(30);
            for link in [
                // Escaped.
                format!("fluence:{cid}%23{text}"),
                format!("See {cid}%23{text}."),
                format!("https://node.example/%23{cid}&key={text}"),
                format!("https://node.example/#{cid}%26key%3d{text}"),
                format!("https://node.example/%23{cid}%26key%3D{text}"),
                // Broken into lines.
                format!("fluence:{cid}\n#{text}"),
                format!("fluence:{cid}#\r\n{text}"),
                format!(" fluence:{beginning}\n{end}#{first}\n{last}\n"),
                format!("fluence:{cid}#{first} {last}"),
                format!("https://node.example/#{cid}&key={first}\n{last}"),
                // With something after it.
                format!("fluence:{cid}#{text}\u{200b}"),
                format!("fluence:{cid}#{text}…"),
                format!("»fluence:{cid}#{text}«,"),
            ] {
                let found: Link = link.parse().unwrap_or_else(|why| panic!("{link}: {why}"));
                assert_eq!(
                    (&*canonical(&found.cid), found.key.as_ref()),
                    (cid, Some(&key)),
                    "{link}"
                );
            }
            // What follows a link in another line is not a part of it.
            for link in [
                format!("fluence:{cid}\n#holiday"),
                format!("fluence:{cid}\n\nSee #1"),
                format!("fluence:{cid} fluence:{V1}#{text}"),
            ] {
                let found: Link = link.parse().unwrap();
                assert_eq!((&*canonical(&found.cid), found.key), (cid, None), "{link}");
            }
            // A name may have such characters.
            let path: Link = format!("https://example.org/ipfs/{cid}/a%23b")
                .parse()
                .unwrap();
            assert_eq!(path.path, "a%23b");
        }
        let cut = format!("fluence:{V1}#{first}");
        assert_eq!(cut.parse::<Link>(), Err(ParseLinkError::BadKey));
    }

    #[test]
    fn a_note_is_one_short_line() {
        assert_eq!(note_of(" for\nAnna \u{202e}"), Some("for Anna".to_owned()));
        assert_eq!(note_of(" \t\u{200f}"), None);
        // A character is one, however many bytes it takes.
        let long = "語".repeat(MAX_NOTE);
        assert_eq!(note_of(&format!("{long}語")), Some(long));
    }

    #[test]
    fn no_error_has_a_part_of_the_key() {
        let key = Key::new([0xfb; 16]).text();
        let lowered = V0.to_lowercase();
        for place in ["Qm", "fluence:x", &lowered, "/ipns/x", "a", "", &V0[..45]] {
            for text in [
                format!("{place}#{key}"),
                format!("see fluence:{place}#{key}"),
                format!("{place}%23{key}"),
                format!("https://node.example/#{place}&key={key}"),
                format!("https://node.example/%23{place}%26key%3d{key}"),
            ] {
                let error = text.parse::<Link>().unwrap_err();
                let told = format!("{error:?} {error}");
                assert!(!told.contains(&key[..3]), "{text}: {told}");
            }
        }
        // Escaped twice.
        let text = format!("{V0}%2523{key}");
        let error = text.parse::<Link>().unwrap_err();
        assert!(!format!("{error:?} {error}").contains(&key[..3]), "{error}");
    }

    #[test]
    fn what_was_typed_is_told_without_a_key() {
        let key = Key::new([0xfb; 16]).text();
        for text in [
            format!("fluence:{V1}#{key}"),
            format!("FLUENCE:{V1}#{key}"),
            format!("fluence:{V1}\n#{}\n{}", &key[..9], &key[9..]),
            format!("fluence:{V1}%23{key}"),
            format!("{V1}#{key}"),
            format!("{V1}#{}", &key[..20]),
            format!("fluence:x#{key}"),
            format!("see fluence:{V1}#{key}."),
            format!("https://node.example/#{V1}&key={key}"),
            format!("https://node.example/#x&key={key}"),
        ] {
            let told = without_key(&text);
            assert!(
                !told.contains(&key[..9]) && !told.contains(&key[9..20]),
                "{told}"
            );
            assert!(told.contains(text.split_at(4).0), "{told}");
        }
        for text in [
            "holiday #1.jpg",
            "C# in a week.pdf",
            "/a/b#c",
            V1,
            "",
            "100%23.txt",
        ] {
            assert_eq!(without_key(text), text);
        }
    }

    #[test]
    fn names_are_checked() {
        assert_eq!("".parse::<FunctionName>(), Err(NameError::Empty));
        assert_eq!("a b".parse::<FunctionName>(), Err(NameError::Character(1)));
        assert_eq!(
            "a\u{7f}".parse::<FunctionName>(),
            Err(NameError::Character(1))
        );
        assert_eq!(
            "é".repeat(128)
                .parse::<FunctionName>()
                .map(|n| n.as_str().len()),
            Ok(256)
        );
        assert_eq!(
            "x".repeat(257).parse::<FunctionName>(),
            Err(NameError::TooLong(257))
        );
        assert_eq!("IPFS_x".parse::<FunctionName>().unwrap().as_file(), None);
        let name = FunctionName::file(&V0.parse().unwrap());
        assert_eq!(name.as_file().map(|c| canonical(&c)), Some(V0.to_owned()));
    }

    #[test]
    fn names_of_entries_change_only_where_a_path_cannot_hold_them() {
        for same in [
            ".env",
            "100%.txt",
            "~x",
            "a:b",
            "back\\slash.txt",
            "NUL",
            "q?x=1#y.png",
            "e\u{301}",
            " ",
        ] {
            assert_eq!(entry_name(same.as_bytes()), same);
        }
        for (name, changed) in [
            (&b""[..], "_"),
            (b".", "_."),
            (b"..", "_.."),
            (b"../../etc/passwd", ".._.._etc_passwd"),
            (b"a\0b", "a_b"),
            (b"\xff.txt", "\u{fffd}.txt"),
        ] {
            assert_eq!(entry_name(name), changed);
        }
    }

    #[test]
    fn told_names_lead_nowhere() {
        for same in ["100%.txt", "~x", ".env", "a:b?.pdf", "отпуск 2026.jpg"] {
            assert_eq!(told_name(same), same);
        }
        assert_eq!(told_name("a/b.pdf"), "a_b.pdf");
        assert_eq!(told_name("..\\a.pdf"), ".._a.pdf");
        assert_eq!(told_name(" a\n.pdf "), "a.pdf");
        assert_eq!(told_name(".."), "file");
    }

    #[test]
    fn chosen_names_stay_what_they_are() {
        for same in [
            ".env",
            "100%.txt",
            "~x",
            "a:b",
            "back\\slash.txt",
            "отпуск 2026.jpg",
        ] {
            assert_eq!(chosen_name(same), same);
        }
        assert_eq!(chosen_name("folder/a\nb.txt"), "ab.txt");
        assert_eq!(chosen_name("exe\u{202e}gpj.exe"), "exegpj.exe");
        assert_eq!(chosen_name("  "), "file");
        assert_eq!(chosen_name("a/.."), "file");
        assert_eq!(chosen_name(&"語".repeat(300)).len(), 198);
    }

    #[test]
    fn numbers_stand_before_the_ending() {
        for (path, second) in [
            ("a/b.jpg", "a/b (2).jpg"),
            ("a.tar.gz", "a.tar (2).gz"),
            ("a.b/c", "a.b/c (2)"),
            (".hidden", ".hidden (2)"),
        ] {
            assert_eq!(numbered(path, 2), second);
        }
    }

    #[test]
    fn saved_names_are_safe() {
        assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_file_name("a\u{0}b\nc.txt"), "abc.txt");
        assert_eq!(safe_file_name("C:\\x\\con.txt"), "_con.txt");
        assert_eq!(safe_file_name(".."), "file");
        assert_eq!(safe_file_name(""), "file");
        assert_eq!(safe_file_name("отпуск 2026.jpg"), "отпуск 2026.jpg");
        assert_eq!(safe_file_name("exe\u{202e}gpj.exe"), "exegpj.exe");
        let long = format!("{}.tar.gz", "語".repeat(300));
        let safe = safe_file_name(&long);
        assert!(
            safe.len() <= MAX_FILE_NAME && safe.ends_with(".gz"),
            "{safe}"
        );
    }

    #[test]
    fn types_are_types() {
        assert_eq!(
            mime_of("Text/HTML; charset=utf-8").as_deref(),
            Some("text/html")
        );
        for none in ["", "html", "a/b/c", "a b/c", "<x>/y"] {
            assert_eq!(mime_of(none), None, "{none}");
        }
    }
}
