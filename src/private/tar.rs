//! The archive inside a private share: POSIX tar (pax), written and read as a stream.
//!
//! What is written says nothing about the person's machine: no owner, mode or time. What is read comes from a stranger
//! who has the key, so everything but files and folders with plain paths is refused, and all sizes have limits.

use std::collections::{HashMap, VecDeque};

use crate::content::walk::{Limits, MAX_PATH};
use crate::names::mime_of;

/// The unit of an archive, in bytes.
pub const BLOCK: usize = 512;
/// What follows the last entry.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// The pax keyword of an entry's media type.
pub const MEDIA_TYPE: &str = "FLUENCE.media-type";

/// The most bytes of the pax records of one entry: a path, a size and a type, and what other programs add.
const MAX_PAX: u64 = 64 * 1024;
/// The size from which an octal number of 11 digits does not hold it, in bytes.
const OCTAL_LIMIT: u64 = 1 << 33;
/// The most names in a path.
const MAX_NAMES: usize = 128;

/// The offsets and lengths of the parts of a header that are used, in bytes.
mod field {
    use std::ops::Range;
    pub const NAME: Range<usize> = 0..100;
    pub const MODE: Range<usize> = 100..108;
    pub const UID: Range<usize> = 108..116;
    pub const GID: Range<usize> = 116..124;
    pub const SIZE: Range<usize> = 124..136;
    pub const MTIME: Range<usize> = 136..148;
    pub const CHECKSUM: Range<usize> = 148..156;
    pub const KIND: usize = 156;
    pub const MAGIC: Range<usize> = 257..265;
    pub const PREFIX: Range<usize> = 345..500;
}

/// The magic number and the version of a POSIX header.
const MAGIC: &[u8] = b"ustar\x0000";

/// A file or a folder in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path: names separated by `/`; none is empty, `.` or `..`, and there is no `/` at either end.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// The number of bytes that follow; 0 for a folder.
    pub len: u64,
    /// The media type, where it is known.
    pub media_type: Option<String>,
}

impl Entry {
    /// The headers of the entry, to which its bytes and [`padding`] are added.
    pub fn head(&self) -> Vec<u8> {
        let mut path = self.path.clone();
        if self.folder {
            path.push('/');
        }
        let short = path.is_ascii() && path.len() <= field::NAME.len();
        let mut pax = Vec::new();
        if !short {
            pax_record(&mut pax, "path", &path);
        }
        if self.len >= OCTAL_LIMIT {
            pax_record(&mut pax, "size", &self.len.to_string());
        }
        if let Some(media_type) = &self.media_type {
            pax_record(&mut pax, MEDIA_TYPE, media_type);
        }
        let mut head = Vec::with_capacity(3 * BLOCK);
        if !pax.is_empty() {
            head.extend(header(b"pax", b'x', pax.len() as u64));
            head.append(&mut pax);
            head.resize(head.len().next_multiple_of(BLOCK), 0);
        }
        // A program that does not read pax records finds a name all the same.
        let name = if short { path.as_bytes() } else { b"file" };
        let kind = if self.folder { b'5' } else { b'0' };
        let len = if self.len < OCTAL_LIMIT { self.len } else { 0 };
        head.extend(header(name, kind, len));
        head
    }
}

/// Checks that a [`Reader`] takes an archive with these entries.
///
/// # Errors
/// [`TarError`] if it does not.
pub fn check<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<(), TarError> {
    let mut reader = Reader::default();
    for entry in entries {
        reader.place(&entry.path, entry.folder)?;
        reader.count(entry.len)?;
    }
    Ok(())
}

/// The number of zeros that follow the bytes of an entry.
pub fn padding(len: u64) -> usize {
    (len.wrapping_neg() % BLOCK as u64) as usize
}

/// A record `LENGTH KEYWORD=VALUE`, whose length counts its own digits.
fn pax_record(out: &mut Vec<u8>, keyword: &str, value: &str) {
    let rest = keyword.len() + value.len() + 3;
    let mut len = rest + 1;
    while rest + len.to_string().len() != len {
        len += 1;
    }
    out.extend(format!("{len} {keyword}={value}\n").bytes());
}

fn header(name: &[u8], kind: u8, len: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    let mut put = |range: std::ops::Range<usize>, number: u64| {
        let digits = range.len() - 1;
        let text = format!("{number:0digits$o}");
        block[range][..digits].copy_from_slice(text.as_bytes());
    };
    put(field::MODE, if kind == b'5' { 0o755 } else { 0o644 });
    put(field::UID, 0);
    put(field::GID, 0);
    put(field::SIZE, len);
    put(field::MTIME, 0);
    block[field::KIND] = kind;
    block[field::MAGIC].copy_from_slice(MAGIC);
    let sum = checksum(&block);
    block[field::CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The sum of the bytes of a header, in which those of the checksum count as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = block[field::CHECKSUM].iter().copied().map(u64::from).sum();
    sum - own + field::CHECKSUM.len() as u64 * u64::from(b' ')
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TarError {
    /// A header is not one of POSIX tar, or contradicts itself.
    #[error("a header of the archive is damaged")]
    Header,
    /// It has something that is neither a file nor a folder.
    #[error("the archive has an entry that is neither a file nor a folder")]
    Kind,
    /// A path leads elsewhere, or cannot be one.
    #[error("a path in the archive cannot be used")]
    Path,
    /// Two entries have one path, or a file is used as a folder.
    #[error("two entries of the archive have one path")]
    Twice,
    /// There are several entries, and not all of them are in one folder.
    #[error("the archive is neither one file nor one folder")]
    Shape,
    /// It has more than is accepted.
    #[error("the archive has more entries or longer paths than are accepted")]
    TooMuch,
    /// It ends before its end.
    #[error("the archive ends too early")]
    Truncated,
    /// Something follows its end.
    #[error("something follows the end of the archive")]
    Surplus,
}

/// What a piece of an archive brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// An entry begins. Its bytes follow, before the next entry.
    Entry(Entry),
    /// The next bytes of the file that began last.
    Bytes(Vec<u8>),
}

/// Reads an archive piece by piece. It holds no more than a header, and the paths so far.
///
/// The archive of a share is either one file, whose path is its name, or one folder: every path begins with the
/// folder's name.
#[derive(Debug, Clone)]
pub struct Reader {
    limits: Limits,
    state: State,
    /// What the pax records before the next entry say.
    pax: Pax,
    /// By path, whether it is a folder.
    seen: HashMap<String, bool>,
    /// The number of entries.
    entries: usize,
    /// The bytes of all paths.
    path_bytes: usize,
    /// The bytes of all files.
    total: u64,
    /// The name of the folder that everything is in; `None` if it is one file, or nothing has come yet.
    folder: Option<String>,
}

#[derive(Debug, Clone)]
enum State {
    /// A header comes; these bytes of it are here.
    Header(Vec<u8>),
    /// Pax records come, so many bytes of them with their padding; `len` are records.
    Pax {
        len: usize,
        left: usize,
        bytes: Vec<u8>,
    },
    /// Bytes of a file come, and then padding.
    Bytes { left: u64, padding: usize },
    /// The first block of the end is here, and the second comes, of which so many bytes are missing.
    Ending(usize),
    /// All of the end is here; zeros may follow.
    Ended,
}

#[derive(Debug, Clone, Default)]
struct Pax {
    path: Option<String>,
    size: Option<u64>,
    media_type: Option<String>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Reader {
    /// A reader with the limits on files, paths and sizes that hold for folders.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Header(Vec::new()),
            pax: Pax::default(),
            seen: HashMap::new(),
            entries: 0,
            path_bytes: 0,
            total: 0,
            folder: None,
        }
    }

    /// Takes the next piece, and returns what it brings, in order.
    ///
    /// # Errors
    /// [`TarError`] if the archive is refused. Nothing that comes after may be used.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<VecDeque<Part>, TarError> {
        let mut parts = VecDeque::new();
        while !piece.is_empty() {
            match &mut self.state {
                State::Header(block) => {
                    take(block, &mut piece, BLOCK);
                    if let Ok(block) = <[u8; BLOCK]>::try_from(block.as_slice()) {
                        self.header(&block, &mut parts)?;
                    }
                }
                State::Pax { len, left, bytes } => {
                    let before = bytes.len();
                    take(bytes, &mut piece, before + *left);
                    *left -= bytes.len() - before;
                    if *left == 0 {
                        self.pax = pax(&bytes[..*len])?;
                        self.state = State::Header(Vec::new());
                    }
                }
                State::Bytes { left, padding } => {
                    let now = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(piece.len());
                    if now > 0 {
                        parts.push_back(Part::Bytes(piece[..now].to_vec()));
                        piece = &piece[now..];
                        *left -= now as u64;
                    }
                    let skipped = if *left == 0 {
                        piece.len().min(*padding)
                    } else {
                        0
                    };
                    piece = &piece[skipped..];
                    *padding -= skipped;
                    if *left == 0 && *padding == 0 {
                        self.state = State::Header(Vec::new());
                    }
                }
                State::Ending(left) => {
                    let now = piece.len().min(*left);
                    if piece[..now].iter().any(|byte| *byte != 0) {
                        return Err(TarError::Surplus);
                    }
                    piece = &piece[now..];
                    *left -= now;
                    if *left == 0 {
                        self.state = State::Ended;
                    }
                }
                State::Ended => {
                    if piece.iter().any(|byte| *byte != 0) {
                        return Err(TarError::Surplus);
                    }
                    piece = &[];
                }
            }
        }
        Ok(parts)
    }

    /// Takes the next piece, as [`Self::push`] does, but copies nothing if all of it belongs to one file.
    ///
    /// # Errors
    /// [`TarError`], as of [`Self::push`].
    pub fn push_owned(&mut self, piece: Vec<u8>) -> Result<VecDeque<Part>, TarError> {
        let len = piece.len() as u64;
        if len == 0 || len > self.left() {
            return self.push(&piece);
        }
        self.skip(len);
        Ok([Part::Bytes(piece)].into())
    }

    /// The number of bytes that the file that began last still has. They come next.
    pub fn left(&self) -> u64 {
        match self.state {
            State::Bytes { left, .. } => left,
            _ => 0,
        }
    }

    /// Takes the next bytes of the file that began last as read, at most [`Self::left`] of them.
    pub fn skip(&mut self, bytes: u64) {
        if let State::Bytes { left, padding } = &mut self.state {
            *left = left.saturating_sub(bytes);
            if *left == 0 && *padding == 0 {
                self.state = State::Header(Vec::new());
            }
        }
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// [`TarError::Truncated`] if its end has not come, or nothing came before it.
    pub fn finish(self) -> Result<(), TarError> {
        match self.state {
            State::Ended if !self.seen.is_empty() => Ok(()),
            _ => Err(TarError::Truncated),
        }
    }

    fn header(&mut self, block: &[u8; BLOCK], parts: &mut VecDeque<Part>) -> Result<(), TarError> {
        let pax = std::mem::take(&mut self.pax);
        let expects_entry = pax.path.is_some() || pax.size.is_some() || pax.media_type.is_some();
        if block.iter().all(|byte| *byte == 0) {
            if expects_entry {
                return Err(TarError::Header);
            }
            self.state = State::Ending(BLOCK);
            return Ok(());
        }
        let sum = octal(&block[field::CHECKSUM]).ok_or(TarError::Header)?;
        if sum != checksum(block) || &block[field::MAGIC] != MAGIC {
            return Err(TarError::Header);
        }
        let size = octal(&block[field::SIZE]).ok_or(TarError::Header)?;
        let folder = match block[field::KIND] {
            b'x' => {
                if expects_entry {
                    return Err(TarError::Header);
                }
                if size > MAX_PAX {
                    return Err(TarError::TooMuch);
                }
                let len = usize::try_from(size).map_err(|_| TarError::TooMuch)?;
                self.state = match len {
                    0 => State::Header(Vec::new()),
                    len => State::Pax {
                        len,
                        left: len + padding(size),
                        bytes: Vec::new(),
                    },
                };
                return Ok(());
            }
            b'0' | 0 => false,
            b'5' => true,
            _ => return Err(TarError::Kind),
        };
        let path = match pax.path {
            Some(path) => path,
            None => {
                let prefix = text(&block[field::PREFIX])?;
                let name = text(&block[field::NAME])?;
                if prefix.is_empty() {
                    name.to_owned()
                } else {
                    format!("{prefix}/{name}")
                }
            }
        };
        let path = match path.strip_suffix('/') {
            Some(path) if folder => path.to_owned(),
            Some(_) => return Err(TarError::Path),
            None => path,
        };
        let len = pax.size.unwrap_or(size);
        if folder && len > 0 {
            return Err(TarError::Header);
        }
        self.place(&path, folder)?;
        self.count(len)?;
        self.state = State::Bytes {
            left: len,
            padding: padding(len),
        };
        if len == 0 {
            self.state = State::Header(Vec::new());
        }
        parts.push_back(Part::Entry(Entry {
            path,
            folder,
            len,
            media_type: pax.media_type,
        }));
        Ok(())
    }

    /// Counts the bytes of a file.
    fn count(&mut self, len: u64) -> Result<(), TarError> {
        self.total = self.total.saturating_add(len);
        if self.total > self.limits.size {
            return Err(TarError::TooMuch);
        }
        Ok(())
    }

    /// Checks a path against those before it, and remembers it.
    fn place(&mut self, path: &str, folder: bool) -> Result<(), TarError> {
        let names = || path.split('/');
        if path.len() > MAX_PATH
            || path.contains('\0')
            || names().any(|name| matches!(name, "" | "." | ".."))
        {
            return Err(TarError::Path);
        }
        self.path_bytes += path.len();
        self.entries += 1;
        if self.entries > self.limits.files
            || self.path_bytes > self.limits.paths
            || names().count() > MAX_NAMES
        {
            return Err(TarError::TooMuch);
        }
        let first = names().next().unwrap_or_default();
        match &self.folder {
            // One file is all there is.
            None if !self.seen.is_empty() => return Err(TarError::Shape),
            None if folder || first.len() < path.len() => self.folder = Some(first.to_owned()),
            None => {}
            Some(root) if root == first && (folder || first.len() < path.len()) => {}
            Some(_) => return Err(TarError::Shape),
        }
        for (at, _) in path.match_indices('/') {
            match self.seen.get(&path[..at]) {
                Some(true) => {}
                Some(false) => return Err(TarError::Twice),
                None => {
                    self.path_bytes += at;
                    // Folders that no entry names count as what they are, or a few paths would make a million.
                    if self.seen.len() >= 2 * self.limits.files
                        || self.path_bytes > 2 * self.limits.paths
                    {
                        return Err(TarError::TooMuch);
                    }
                    self.seen.insert(path[..at].to_owned(), true);
                }
            }
        }
        match self.seen.insert(path.to_owned(), folder) {
            // A folder may be named after what is in it.
            Some(true) if folder => Ok(()),
            Some(_) => Err(TarError::Twice),
            None => Ok(()),
        }
    }
}

/// Moves bytes from the piece, until there are `len` of them.
fn take(bytes: &mut Vec<u8>, piece: &mut &[u8], len: usize) {
    let now = piece.len().min(len - bytes.len());
    bytes.extend_from_slice(&piece[..now]);
    *piece = &piece[now..];
}

/// An octal number, which spaces may precede and a space or a zero byte ends.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches([' ', '\0']);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(text) {
        return None;
    }
    u64::from_str_radix(if text.is_empty() { "0" } else { text }, 8).ok()
}

/// A text that a zero byte ends.
fn text(field: &[u8]) -> Result<&str, TarError> {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).map_err(|_| TarError::Path)
}

/// Reads the pax records of one entry. Those that are not used here are left out.
fn pax(mut rest: &[u8]) -> Result<Pax, TarError> {
    let mut pax = Pax::default();
    while !rest.is_empty() {
        let record = || {
            let space = rest.iter().position(|b| *b == b' ')?;
            let digits = std::str::from_utf8(&rest[..space]).ok()?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let len: usize = digits.parse().ok()?;
            let record = rest.get(space + 1..len)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|b| *b == b'=')?;
            Some((len, &record[..equals], &record[equals + 1..]))
        };
        let (len, keyword, value) = record().ok_or(TarError::Header)?;
        rest = &rest[len..];
        let value = || std::str::from_utf8(value).map_err(|_| TarError::Path);
        let twice = match keyword {
            b"path" => pax.path.replace(value()?.to_owned()).is_some(),
            b"size" => {
                let size = value()?;
                if size.is_empty() || !size.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(TarError::Header);
                }
                let size = size.parse().map_err(|_| TarError::Header)?;
                pax.size.replace(size).is_some()
            }
            b"FLUENCE.media-type" => {
                let known = pax.media_type.is_some();
                pax.media_type = mime_of(value()?);
                known
            }
            // Links have entries of their own, which are refused; a sparse file would not be what it seems.
            _ if keyword.starts_with(b"GNU.sparse") => return Err(TarError::Kind),
            _ => false,
        };
        if twice {
            return Err(TarError::Header);
        }
    }
    Ok(pax)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, len: u64) -> Entry {
        Entry {
            path: path.to_owned(),
            folder: false,
            len,
            media_type: None,
        }
    }

    fn folder(path: &str) -> Entry {
        Entry {
            folder: true,
            ..file(path, 0)
        }
    }

    /// The archive of these entries, whose bytes are all `7`.
    fn archive(entries: &[Entry]) -> Vec<u8> {
        let mut archive = Vec::new();
        for entry in entries {
            archive.extend(entry.head());
            archive.extend(vec![7; entry.len as usize]);
            archive.extend(vec![0; padding(entry.len)]);
        }
        archive.extend(END);
        archive
    }

    /// The entries of an archive that is read in pieces of `size`, with the number of
    /// right bytes that came for each.
    fn read(archive: &[u8], size: usize) -> Result<Vec<(Entry, u64)>, TarError> {
        let mut reader = Reader::default();
        let mut entries: Vec<(Entry, u64)> = Vec::new();
        for piece in archive.chunks(size) {
            for part in reader.push(piece)? {
                match part {
                    Part::Entry(entry) => entries.push((entry, 0)),
                    Part::Bytes(bytes) => {
                        let right = bytes.iter().filter(|byte| **byte == 7).count();
                        entries.last_mut().unwrap().1 += right as u64;
                    }
                }
            }
        }
        reader.finish()?;
        Ok(entries)
    }

    #[test]
    fn what_is_written_is_read_in_pieces_of_any_size() {
        let long = format!("d/{}/{}", "x".repeat(150), "я".repeat(100));
        let one = Entry {
            media_type: Some("image/jpeg".to_owned()),
            ..file("отпуск 2026 🏖.jpg", 1000)
        };
        for entries in [
            vec![file("empty", 0)],
            vec![one],
            vec![folder("d")],
            vec![file("d/a", 511), folder("d/b/c"), file(&long, 513)],
            vec![folder("d"), folder("d/e"), file("d/e/f", 512)],
        ] {
            let archive = archive(&entries);
            assert_eq!(archive.len() % BLOCK, 0);
            for size in [1, 7, 512, 513, 1 << 20] {
                let read = read(&archive, size).unwrap();
                assert!(read.iter().all(|(entry, came)| *came == entry.len));
                let read: Vec<Entry> = read.into_iter().map(|(entry, _)| entry).collect();
                assert_eq!(read, entries);
            }
        }
    }

    #[test]
    fn sizes_that_octal_digits_do_not_hold_are_pax_records() {
        for len in [OCTAL_LIMIT - 1, OCTAL_LIMIT, 1 << 39] {
            let mut reader = Reader::default();
            let parts = reader.push(&file("large", len).head()).unwrap();
            assert_eq!(parts, [Part::Entry(file("large", len))]);
        }
        let mut reader = Reader::default();
        let head = file("large", (1 << 40) + 1).head();
        assert_eq!(reader.push(&head), Err(TarError::TooMuch));
    }

    #[test]
    fn an_archive_that_ends_anywhere_else_is_refused() {
        let whole = archive(&[file("d/a", 600), file("d/b", 3)]);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut], 512), Err(TarError::Truncated), "{cut}");
        }
        assert_eq!(read(&END, 512), Err(TarError::Truncated));
        // Programs fill the last of their records with zeros.
        let filled = [whole.as_slice(), &[0; 8192]].concat();
        assert_eq!(read(&filled, 512).unwrap().len(), 2);
        for more in [b"x".as_slice(), &whole] {
            let more = [whole.as_slice(), more].concat();
            assert_eq!(read(&more, 512), Err(TarError::Surplus));
        }
    }

    /// Changes the header at the beginning of an archive, and corrects its checksum.
    fn changed(mut archive: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        change(&mut archive[..BLOCK]);
        let block: [u8; BLOCK] = archive[..BLOCK].try_into().unwrap();
        let sum = format!("{:06o}\0 ", checksum(&block));
        archive[field::CHECKSUM].copy_from_slice(sum.as_bytes());
        archive
    }

    #[test]
    fn hostile_archives_are_refused() {
        use TarError::{Header, Kind, Path, Shape, TooMuch, Twice};
        let paths = |paths: &[&str]| archive(&paths.iter().map(|p| file(p, 1)).collect::<Vec<_>>());
        let deep = vec!["d"; MAX_NAMES + 1].join("/");
        let long = format!("d/{}", "x".repeat(MAX_PATH));
        let one = || archive(&[file("a", 1)]);
        for (archive, refused) in [
            (paths(&["/etc/passwd"]), Path),
            (paths(&["../a"]), Path),
            (paths(&["d/../../a"]), Path),
            (paths(&["d/./a"]), Path),
            (paths(&["d//a"]), Path),
            (paths(&[".."]), Path),
            (paths(&[""]), Path),
            (paths(&["d/"]), Path),
            (paths(&["я\0b"]), Path),
            (paths(&[&long]), Path),
            (paths(&[&deep]), TooMuch),
            (paths(&["a", "b"]), Shape),
            (paths(&["a", "a"]), Shape),
            (paths(&["d/a", "e/a"]), Shape),
            (paths(&["d/a", "d"]), Shape),
            (paths(&["d/a", "d/a"]), Twice),
            (paths(&["d/a", "d/a/b"]), Twice),
            (paths(&["d/a/b", "d/a"]), Twice),
            // Links, devices and pipes, and what other programs than POSIX's write.
            (changed(one(), |h| h[field::KIND] = b'1'), Kind),
            (changed(one(), |h| h[field::KIND] = b'2'), Kind),
            (changed(one(), |h| h[field::KIND] = b'3'), Kind),
            (changed(one(), |h| h[field::KIND] = b'6'), Kind),
            (changed(one(), |h| h[field::KIND] = b'L'), Kind),
            (changed(one(), |h| h[field::KIND] = b'g'), Kind),
            (changed(one(), |h| h[field::MAGIC][5] = b' '), Header),
            (changed(one(), |h| h[field::NAME][0] = 0xff), Path),
            // A folder has no bytes, and a number has octal digits.
            (changed(one(), |h| h[field::KIND] = b'5'), Header),
            (changed(one(), |h| h[field::SIZE][0] = 0x80), Header),
            (changed(one(), |h| h[field::SIZE][0] = b'-'), Header),
            (changed(one(), |h| h[field::SIZE][10] = b'9'), Header),
            (
                changed(archive(&[file("я", 1)]), |h| {
                    h[field::SIZE].copy_from_slice(b"77777777777\0");
                }),
                TooMuch,
            ),
        ] {
            let name = String::from_utf8_lossy(&archive[..40]).into_owned();
            assert_eq!(read(&archive, 512), Err(refused), "{name}");
        }
        let mut archive = one();
        archive[3] ^= 1;
        assert_eq!(read(&archive, 512), Err(Header), "a wrong checksum");
    }

    #[test]
    fn hostile_pax_records_are_refused() {
        let with = |records: &[u8]| {
            let mut archive = header(b"pax", b'x', records.len() as u64).to_vec();
            archive.extend(records);
            archive.resize(archive.len().next_multiple_of(BLOCK), 0);
            archive.extend(self::archive(&[file("a", 1)]));
            read(&archive, 512)
        };
        let path = |path: &str| {
            let mut records = Vec::new();
            pax_record(&mut records, "path", path);
            records
        };
        assert_eq!(with(b"14 comment=hi\n").unwrap()[0].0, file("a", 1));
        assert_eq!(with(&path("b")).unwrap()[0].0, file("b", 1));
        for records in [
            &b"x"[..],
            b"5 a=b",
            b"99 path=a\n",
            b"+9 path=a\n",
            b"0 path=a\n",
            b"8 path=a\n",
            b"99999999999999999999999 path=a\n",
            b"11 size=-1\n",
            b"11 size=+1\n",
            b"7 nope\n",
        ] {
            assert_eq!(with(records), Err(TarError::Header), "{records:?}");
        }
        assert_eq!(
            with(&[path("b"), path("c")].concat()),
            Err(TarError::Header)
        );
        assert_eq!(with(&path("../b")), Err(TarError::Path));
        assert_eq!(with(b"10 path=\xff\xfe\xfd\n"), Err(TarError::Header));
        assert_eq!(with(b"12 path=\xff\xfe\xfd\n").unwrap_err(), TarError::Path);
        // A size that the bytes do not have: what comes next is no header.
        assert!(with(b"12 size=600\n").is_err());
        assert_eq!(
            with(&vec![b' '; 65 * 1024]),
            Err(TarError::TooMuch),
            "more than is held in memory"
        );
        // Records without an entry.
        let mut archive = header(b"pax", b'x', 9).to_vec();
        archive.extend(b"9 path=a\n");
        archive.resize(2 * BLOCK, 0);
        archive.extend(END);
        assert_eq!(read(&archive, 512), Err(TarError::Header));
    }

    #[test]
    fn no_more_files_and_paths_are_taken_than_of_a_folder() {
        let mut reader = Reader::new(Limits {
            files: 2,
            ..Limits::default()
        });
        for name in ["d/a", "d/b"] {
            reader.push(&file(name, 0).head()).unwrap();
        }
        let fourth = reader.push(&file("d/c", 0).head());
        assert_eq!(fourth, Err(TarError::TooMuch));
        let mut reader = Reader::new(Limits {
            paths: 40,
            ..Limits::default()
        });
        let long = file(&format!("d/{}", "x".repeat(40)), 0).head();
        assert_eq!(reader.push(&long), Err(TarError::TooMuch));
        let mut reader = Reader::new(Limits {
            size: 10,
            ..Limits::default()
        });
        assert_eq!(reader.push(&file("a", 11).head()), Err(TarError::TooMuch));
    }

    #[test]
    fn whatever_comes_no_path_leads_elsewhere_and_no_file_is_longer_than_it_says() {
        let one = archive(&[file("я/a", 600), folder("я/b"), file("я/c/d", 3)]);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let mut whole = 0;
        for _ in 0..5000 {
            let mut archive = one.clone();
            for _ in 0..=next(4) {
                let at = next(archive.len());
                archive[at] = [0, b'/', b'.', b'5', b'x', 0xff, b' ', archive[at] ^ 1][next(8)];
            }
            // Whoever has the key can make every checksum right.
            for at in (0..archive.len()).step_by(BLOCK) {
                let block: &[u8; BLOCK] = archive[at..at + BLOCK].try_into().unwrap();
                if &block[field::MAGIC] == MAGIC {
                    let sum = format!("{:06o}\0 ", checksum(block));
                    archive[at..][field::CHECKSUM].copy_from_slice(sum.as_bytes());
                }
            }
            let mut reader = Reader::default();
            let mut left = 0;
            let mut pieces = archive.chunks(1 + next(700));
            let read = pieces.try_for_each(|piece| {
                for part in reader.push_owned(piece.to_vec())? {
                    match part {
                        Part::Entry(entry) => {
                            assert_eq!(left, 0);
                            left = entry.len;
                            let mut names = entry.path.split('/');
                            assert!(names.all(|name| !matches!(name, "" | "." | "..")));
                        }
                        Part::Bytes(bytes) => {
                            assert!(!bytes.is_empty() && bytes.len() as u64 <= left);
                            left -= bytes.len() as u64;
                        }
                    }
                }
                Ok::<(), TarError>(())
            });
            if read.is_ok() && reader.finish().is_ok() {
                assert_eq!(left, 0);
                whole += 1;
            }
        }
        // Most changes are in the bytes of the file.
        assert!((1000..4900).contains(&whole), "{whole}");
    }

    #[test]
    fn nothing_of_the_persons_machine_is_written() {
        let head = Entry {
            media_type: Some("text/plain".to_owned()),
            ..file("a.txt", 5)
        }
        .head();
        assert_eq!(head.len(), 3 * BLOCK);
        let block = &head[2 * BLOCK..];
        assert_eq!(&block[field::MODE], b"0000644\0");
        for range in [field::UID, field::GID] {
            assert_eq!(&block[range], b"0000000\0");
        }
        assert_eq!(&block[field::MTIME], b"00000000000\0");
        assert!(block[265..345].iter().all(|byte| *byte == 0), "no owner");
    }
}
