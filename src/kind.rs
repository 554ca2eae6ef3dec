//! How a file may be shown: from its first bytes, and from what it is called where they say nothing.

use crate::names::is_direction_mark;

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
    let is_svg = ending(name).is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
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

/// The endings of files that can do something when they are opened, in lower case and in order: programs and scripts of all
/// systems, what installs programs, what leads to them or changes settings, images of disks, which a system opens without a
/// warning, pages, and documents with programs in them. These are all of which Chromium (`download_file_types.asciipb`, version 49)
/// warns on any system, or Firefox (`sExecutableExts`), and some that neither of them lists.
const ACTING: &str = "\
    aab accda accdb accde accdr action ad ade adp afploc ahk air apk app appimage appinstaller applescript \
    application appref-ms appx appxbundle as asp aspx asx atloc bas bash bat caction cdr cer cfg chi chm cjs class \
    cmd com command configprofile cpgz cpi cpl crt crx csh dart dc42 deb definition der desklink deskthemepack \
    desktop dex dht dhtm dhtml diagcab diagpkg diskcopy42 dll dmg dmgpart docm dotm drv dvdr dylib efi ehtml eml exe \
    fileloc fish flatpak flatpakref flatpakrepo fon ftploc fxp gadget grp hlp hta htm html htt img imgpart inetloc \
    inf ini ins internetconnect inx ipa iqy iso isp isu jar jnlp job js jse ksh library-ms lnk local mad maf mag mam \
    manifest mapimail maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz mht mhtml mjs mmc mobileconfig mof mpkg \
    msc msg msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu ndif networkconnect ocx one ops \
    osas osax out oxt paf partial pax pcd pet pif pkg pl plg potm ppam ppsm pptm prf prg printerexport ps1 ps1xml \
    ps2 ps2xml psc1 psc2 psd1 psm1 pst pup py pyc pyd pyo pyw pyz pyzw rb rdp reg rels rgs rpm run scf scpt scptd \
    scr sct search-ms seplugin service settingcontent-ms sh shar shb shs sht shtm shtml sldm slk slp smi snap \
    sparsebundle sparseimage spl svg svgz swf sys tcsh terminal theme themepack toast u3p udif udl url vb vbe vbs \
    vbscript vdi vdx vhd vhdx vmdk vsd vsdm vsdx vsix vsmacros vss vssm vssx vst vstm vstx vsw vsx vtx webloc \
    website wflow wim wll workflow ws wsb wsc wsf wsh xapk xbap xht xhtm xhtml xip xla xlam xll xlm xlsb xlsm xltm \
    xml xnk xpi xrm-ms xsd xsl zsh";

/// Whether a file with this name can do something when it is opened. The name counts as systems read it: in any case, without
/// what cannot be seen and the dots and spaces at its end, which Windows drops, and up to a colon, after which Windows has a stream
/// of the same file.
pub fn can_act(name: &str) -> bool {
    let name: String = name.chars().filter(|c| is_seen(*c)).collect();
    name.split(':').filter_map(ending).any(|ending| {
        ACTING
            .split(' ')
            .any(|other| ending.eq_ignore_ascii_case(other))
    })
}

/// Whether a character is seen in a name, and not only what it does to others.
fn is_seen(c: char) -> bool {
    !c.is_control()
        && !is_direction_mark(c)
        && !matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
        )
}

/// What is after the last dot of a name, without the dots and spaces at its end.
fn ending(name: &str) -> Option<&str> {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    name.rsplit_once('.').map(|(_, ending)| ending)
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
            "a.html",
            "drawing.Svg",
            "letter.docm",
            "x/y.sh",
            ".scf",
            "update.settingcontent-ms",
            // Windows drops what is at the end.
            "a.exe. ",
            "a.exe ...",
            "a.exe\u{3000}",
            // A stream of the file, and a file of the stream.
            "a.exe:x",
            "a.exe::$DATA",
            "a.exe. :x",
            "a.txt:b.exe",
            // It looks like `photoexe.jpg`, `a.exe` or `a.jpg` of which nothing is seen.
            "photo\u{202e}gpj.exe",
            "a.e\u{200b}xe",
            "a.exe\u{202c}",
            "a.\u{2066}exe\u{2069}",
            "a.exe\u{0}",
        ] {
            assert!(can_act(name), "{name:?}");
        }
        for name in [
            "exe",
            "exe.",
            "a.exe.txt",
            "a.jpg",
            "a.pdf",
            "a.zip",
            "a.docx",
            "a.exec",
            "a.xe",
            "10:30 a.txt",
            "photo\u{202e}exe.jpg",
            "a",
            "",
            ".",
            ":",
        ] {
            assert!(!can_act(name), "{name:?}");
        }
    }

    #[test]
    fn the_endings_that_can_act_are_in_order_and_of_every_system() {
        let endings: Vec<&str> = ACTING.split(' ').collect();
        assert!(endings.is_sorted_by(|one, next| one < next));
        let is_ending = |ending: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !ending.is_empty() && ending.bytes().all(|byte| is_plain(byte) || byte == b'-')
        };
        assert!(endings.iter().all(is_ending));
        // Of each kind of file, and of each browser's list.
        for ending in [
            "appimage",
            "application",
            "appref-ms",
            "appx",
            "appxbundle",
            "chm",
            "command",
            "dmg",
            "docm",
            "dotm",
            "fileloc",
            "hta",
            "html",
            "img",
            "iso",
            "jar",
            "jnlp",
            "library-ms",
            "lnk",
            "mobileconfig",
            "msix",
            "msixbundle",
            "msp",
            "pif",
            "pkg",
            "ppam",
            "psm1",
            "pyw",
            "reg",
            "rpm",
            "run",
            "scpt",
            "search-ms",
            "settingcontent-ms",
            "sh",
            "svg",
            "terminal",
            "url",
            "vhd",
            "vhdx",
            "webloc",
            "xlam",
            "xll",
            "xlsb",
            "xpi",
        ] {
            assert!(endings.contains(&ending), "{ending}");
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
