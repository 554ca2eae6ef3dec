//! How a file may be shown: from its first bytes, and from what it is called where they say nothing.

/// How many bytes at the beginning of a file say how it is shown.
pub const SNIFFED: u64 = 4096;
/// The most bytes of a text that are shown.
pub const TEXT: u64 = 262_144;
/// The type of pictures that consist of text.
pub const SVG: &str = "image/svg+xml";

/// How a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As a picture of this type. A picture in an `<img>` runs no scripts and loads nothing, SVG included.
    Image(&'static str),
    /// As a video of this type.
    Video(&'static str),
    /// As sound of this type.
    Audio(&'static str),
    /// By the browser's own viewer of PDF.
    Pdf,
    /// As characters, whatever they mean.
    Text,
    /// Not at all.
    None,
}

impl Kind {
    /// The type as which the browser shows it; `None` if it shows nothing by itself.
    pub fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Image(media_type) | Self::Video(media_type) | Self::Audio(media_type) => {
                Some(media_type)
            }
            Self::Pdf | Self::Text | Self::None => None,
        }
    }

    /// Whether it is shown while it comes. A picture is shown as a whole where it is not too large for that, and SVG only as a
    /// blob, which is no address of this page.
    pub fn is_played(self, is_large: bool) -> bool {
        match self {
            Self::Video(_) | Self::Audio(_) => true,
            Self::Image(media_type) => is_large && media_type != SVG,
            Self::Pdf | Self::Text | Self::None => false,
        }
    }
}

/// The beginnings of formats, with an offset.
const BEGINNINGS: [(usize, &[u8], Kind); 16] = [
    (0, b"\x89PNG\r\n\x1a\n", Kind::Image("image/png")),
    (0, b"\xff\xd8\xff", Kind::Image("image/jpeg")),
    (0, b"GIF8", Kind::Image("image/gif")),
    (8, b"WEBP", Kind::Image("image/webp")),
    (4, b"ftypavif", Kind::Image("image/avif")),
    (0, b"BM", Kind::Image("image/bmp")),
    (0, b"%PDF-", Kind::Pdf),
    (4, b"ftypM4A", Kind::Audio("audio/mp4")),
    (4, b"ftyp", Kind::Video("video/mp4")),
    (0, b"\x1a\x45\xdf\xa3", Kind::Video("video/webm")),
    (0, b"OggS", Kind::Audio("audio/ogg")),
    (0, b"ID3", Kind::Audio("audio/mpeg")),
    (0, b"\xff\xfb", Kind::Audio("audio/mpeg")),
    (0, b"\xff\xf3", Kind::Audio("audio/mpeg")),
    (8, b"WAVE", Kind::Audio("audio/wav")),
    (0, b"fLaC", Kind::Audio("audio/flac")),
];

/// Pictures in the container of MP4 that browsers do not show.
const PICTURES: [&[u8]; 5] = [
    b"ftypheic",
    b"ftypheix",
    b"ftypheim",
    b"ftypmif1",
    b"ftypmsf1",
];

/// How a file with this name is shown that begins with these bytes.
pub fn of(name: &str, first: &[u8]) -> Kind {
    if first
        .get(4..12)
        .is_some_and(|brand| PICTURES.contains(&brand))
    {
        return Kind::None;
    }
    for (at, beginning, kind) in BEGINNINGS {
        if first
            .get(at..)
            .is_some_and(|rest| rest.starts_with(beginning))
        {
            return kind;
        }
    }
    let is_svg = has_ending(name, &["svg"]);
    match std::str::from_utf8(first) {
        Ok(text) if text.contains('\0') => Kind::None,
        Ok(_) if is_svg => Kind::Image(SVG),
        Ok(_) => Kind::Text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            of(name, &first[..error.valid_up_to()])
        }
        Err(_) => Kind::None,
    }
}

/// The endings of files that can do something when they are opened: programs and scripts of all systems, what installs
/// programs, what leads to them, and documents with programs in them.
const ACTING: [&str; 58] = [
    "apk", "app", "appimage", "bat", "chm", "cmd", "com", "command", "cpl", "crx", "deb",
    "desktop", "dll", "dmg", "docm", "exe", "gadget", "hta", "htm", "html", "img", "inf", "iso",
    "jar", "js", "jse", "lnk", "mht", "mhtml", "mjs", "msc", "msi", "msix", "pif", "pkg", "pl",
    "pptm", "ps1", "py", "rb", "reg", "rpm", "scf", "scr", "sh", "shtml", "svgz", "url", "vb",
    "vbe", "vbs", "webloc", "wsf", "xht", "xhtml", "xll", "xlsm", "xpi",
];

/// Whether a file with this name can do something when it is opened.
pub fn can_act(name: &str) -> bool {
    has_ending(name, &ACTING)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    // Windows drops what is at the end of a name.
    let name = name.trim_end_matches(['.', ' ']);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        endings
            .iter()
            .any(|other| ending.eq_ignore_ascii_case(other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_and_video_are_played_at_any_size_and_pictures_if_they_are_large() {
        for (kind, small, large) in [
            (Kind::Video("video/mp4"), true, true),
            (Kind::Audio("audio/wav"), true, true),
            (Kind::Image("image/png"), false, true),
            (Kind::Image("image/svg+xml"), false, false),
            (Kind::Pdf, false, false),
            (Kind::Text, false, false),
            (Kind::None, false, false),
        ] {
            assert_eq!(
                (kind.is_played(false), kind.is_played(true)),
                (small, large)
            );
        }
    }

    #[test]
    fn what_can_act_is_told_by_its_last_ending() {
        for name in [
            "a.exe",
            "holiday.jpg.EXE",
            "a.exe. ",
            "a.html",
            "letter.docm",
            "x/y.sh",
        ] {
            assert!(can_act(name), "{name}");
        }
        for name in ["exe", "a.exe.txt", "a.jpg", "a.pdf", "a", "", "."] {
            assert!(!can_act(name), "{name}");
        }
    }

    #[test]
    fn files_are_shown_as_what_they_begin_like_and_never_as_pages() {
        for (name, first, kind) in [
            (
                "a.txt",
                &b"\x89PNG\r\n\x1a\n..."[..],
                Kind::Image("image/png"),
            ),
            (
                "a.html",
                b"<!doctype html><script>alert(1)</script>",
                Kind::Text,
            ),
            (
                "a.xhtml",
                b"<html xmlns=\"http://www.w3.org/1999/xhtml\">",
                Kind::Text,
            ),
            (
                "a.SVG",
                b"<svg onload=\"alert(1)\">",
                Kind::Image("image/svg+xml"),
            ),
            ("a.xml", b"<?xml version=\"1.0\"?><svg>", Kind::Text),
            ("a.pdf", b"%PDF-1.7", Kind::Pdf),
            ("a.pdf", b"<script>", Kind::Text),
            ("a", b"RIFF....WAVE", Kind::Audio("audio/wav")),
            ("a", b"RIFF....WEBP", Kind::Image("image/webp")),
            ("a", b"....ftypisom", Kind::Video("video/mp4")),
            ("a", b"....ftypheic", Kind::None),
            ("a", b"\x00\x01\x02", Kind::None),
            ("a.svg", b"\xff\xfe\x00", Kind::None),
            ("a", "überlang ü".as_bytes(), Kind::Text),
            ("a", &"ü".as_bytes()[..1], Kind::None),
            ("a", &"aü".as_bytes()[..2], Kind::Text),
            ("a", b"", Kind::Text),
        ] {
            assert_eq!(of(name, first), kind, "{name}");
        }
    }
}
