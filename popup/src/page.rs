//! Chooses, from what a page links to and shows, the files that a person may want to share.

use fluence::command::MAX_URL;
use fluence::names::told_name;
use fluence::text::host_of;
use percent_encoding::percent_decode_str;
use web::extension::downloads::Completed;

/// The most files of a page that are shown.
pub const MAX_FILES: usize = 200;
/// A picture with a side shorter than this, in pixels, is taken for decoration.
const MIN_PICTURE: u32 = 48;
/// The longest small copy of a picture, as a `data:` URL, in bytes.
const MAX_SMALL: usize = 16 * 1024;
/// The extensions of pages, which are not files to share.
const PAGES: [&str; 14] = [
    "html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "jspx", "cgi", "do", "cfm", "shtml",
    "action", "mhtml",
];
/// The longest extension of a file, in characters.
const MAX_ENDING: usize = 8;

/// Something that the page script found.
#[derive(Debug, Clone, PartialEq)]
pub struct PageLink {
    /// The kind of element.
    pub kind: LinkKind,
    /// The absolute address.
    pub url: String,
    /// The name that the page gives it; empty if it gives none.
    pub name: String,
    /// The text that the page shows for it.
    pub text: String,
    /// The width of a picture, in pixels.
    pub width: u32,
    /// The height of a picture, in pixels.
    pub height: u32,
    /// A small copy of a picture, as a `data:` URL; empty if there is none.
    pub small: String,
}

/// The kind of element that points to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A link.
    Link,
    /// A link that the page itself marks as a download.
    Download,
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A sound.
    Audio,
}

impl LinkKind {
    /// The kind for a word of the page script; `None` if there is no such word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "link" => Some(Self::Link),
            "download" => Some(Self::Download),
            "image" => Some(Self::Image),
            "video" => Some(Self::Video),
            "audio" => Some(Self::Audio),
            _ => None,
        }
    }
}

/// A file that can be shared from a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFile {
    /// The address of its bytes.
    pub url: String,
    /// Its name, made safe.
    pub name: String,
    /// What kind of file it is.
    pub kind: FileKind,
    /// The size in bytes, if it is known.
    pub size: Option<u64>,
    /// A small picture of it, as a `data:` URL. Nothing is fetched for it.
    pub picture: Option<String>,
}

/// The kind of a file, by which its icon is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A sound.
    Audio,
    /// A text to read: a document, a book, code.
    Document,
    /// An archive.
    Archive,
    /// A directory: several files with one hash.
    Folder,
    /// A file of any other kind.
    Other,
}

impl FileKind {
    /// The kind of a file by its MIME type if that says enough, or else by its name's extension.
    pub fn of(mime: Option<&str>, name: &str) -> Self {
        match mime.and_then(|mime| mime.split('/').next()) {
            Some("image") => return Self::Image,
            Some("video") => return Self::Video,
            Some("audio") => return Self::Audio,
            Some("text") => return Self::Document,
            _ => {}
        }
        match ending(name).unwrap_or_default().as_str() {
            "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg" | "bmp" | "tif" | "tiff"
            | "heic" | "ico" => Self::Image,
            "mp4" | "m4v" | "webm" | "mkv" | "mov" | "avi" | "ogv" | "mpg" | "mpeg" => Self::Video,
            "mp3" | "m4a" | "ogg" | "oga" | "opus" | "flac" | "wav" | "aac" => Self::Audio,
            "pdf" | "epub" | "mobi" | "djvu" | "txt" | "md" | "doc" | "docx" | "odt" | "rtf"
            | "xls" | "xlsx" | "ods" | "ppt" | "pptx" | "odp" | "csv" | "json" | "xml" => {
                Self::Document
            }
            "zip" | "tar" | "gz" | "tgz" | "bz2" | "xz" | "zst" | "7z" | "rar" | "iso" | "dmg"
            | "deb" | "rpm" | "apk" | "jar" | "car" => Self::Archive,
            _ => Self::Other,
        }
    }

    /// The class of its icon in the stylesheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Archive => "archive",
            Self::Folder => "folder",
            Self::Other => "file",
        }
    }
}

/// The extension of a name in lower case, if the name has one that looks like that of a file.
fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let plausible = !stem.is_empty()
        && (1..=MAX_ENDING).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_alphanumeric())
        && ending.bytes().any(|b| b.is_ascii_alphabetic());
    plausible.then(|| ending.to_ascii_lowercase())
}

/// The host (and port) of an `http:` or `https:` address, in lower case and without a leading
/// `www.`.
pub fn host(url: &str) -> Option<String> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return None;
    }
    let host = host_of(url).to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (!host.is_empty()).then(|| host.to_owned())
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// Whether an address is new, in which case it is added. There are few of them.
fn is_new(seen: &mut Vec<String>, url: &str) -> bool {
    let url = without_fragment(url);
    let new = !seen.iter().any(|other| other == url);
    if new {
        seen.push(url.to_owned());
    }
    new
}

/// The last segment of the path of an address, decoded; `None` for a directory or an address without a path.
fn last_segment(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let path = rest.split(['?', '#']).next()?;
    let (_, path) = path.split_once('/')?;
    let last = path.rsplit('/').next()?;
    let name = percent_decode_str(last).decode_utf8_lossy();
    (!name.trim().is_empty()).then(|| name.into_owned())
}

/// The downloads that came from the page's host or from the page itself, newest first, without duplicate
/// addresses.
pub fn downloads_of(page: &str, downloads: Vec<Completed>) -> Vec<PageFile> {
    let Some(page_host) = host(page) else {
        return Vec::new();
    };
    let mut seen = Vec::new();
    downloads
        .into_iter()
        .filter(|download| {
            let of_page = |url: &str| host(url).is_some_and(|host| host == page_host);
            of_page(&download.referrer) || of_page(&download.url)
        })
        .filter(|download| host(&download.url).is_some() && download.url.len() <= MAX_URL)
        .filter(|download| is_new(&mut seen, &download.url))
        .take(MAX_FILES)
        .map(|download| {
            let name = download.path.rsplit(['/', '\\']).next();
            let name = told_name(name.unwrap_or_default());
            PageFile {
                kind: FileKind::of(Some(&download.mime), &name),
                url: download.url,
                name,
                size: download.size,
                picture: None,
            }
        })
        .collect()
}

/// The files that the page links to or shows, in the order of the page, without duplicate addresses and without
/// those in `known`.
pub fn files_of(page: &str, links: Vec<PageLink>, known: &[PageFile]) -> Vec<PageFile> {
    let mut seen: Vec<String> = known
        .iter()
        .map(|file| without_fragment(&file.url).to_owned())
        .collect();
    seen.push(without_fragment(page).to_owned());
    links
        .into_iter()
        .filter_map(file_of)
        .filter(|file| is_new(&mut seen, &file.url))
        .take(MAX_FILES)
        .collect()
}

fn file_of(link: PageLink) -> Option<PageFile> {
    let scheme = link
        .url
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    let on_the_web = matches!(scheme.as_str(), "http" | "https");
    if !on_the_web && !matches!(scheme.as_str(), "data" | "blob") || link.url.len() > MAX_URL {
        return None;
    }
    let segment = if on_the_web {
        last_segment(&link.url)
    } else {
        None
    };
    let by_kind = match link.kind {
        LinkKind::Download => None,
        LinkKind::Link => {
            let ending = ending(segment.as_deref()?)?;
            if PAGES.contains(&ending.as_str()) {
                return None;
            }
            None
        }
        LinkKind::Image if link.width.min(link.height) < MIN_PICTURE => return None,
        LinkKind::Image => Some(FileKind::Image),
        LinkKind::Video => Some(FileKind::Video),
        LinkKind::Audio => Some(FileKind::Audio),
    };
    let name = [Some(link.name), segment, Some(link.text)]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_default();
    let name = told_name(&name);
    Some(PageFile {
        kind: by_kind.unwrap_or_else(|| FileKind::of(None, &name)),
        url: link.url,
        name,
        size: None,
        picture: Some(link.small)
            .filter(|small| small.starts_with("data:image/") && small.len() <= MAX_SMALL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(kind: LinkKind, url: &str) -> PageLink {
        PageLink {
            kind,
            url: url.to_owned(),
            name: String::new(),
            text: "what the page says".to_owned(),
            width: 640,
            height: 480,
            small: String::new(),
        }
    }

    fn names(files: &[PageFile]) -> Vec<&str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn files_are_told_from_pages() {
        use LinkKind::*;
        let found = vec![
            link(Link, "https://a.example/report.pdf?x=1.html#page=3"),
            link(Link, "https://a.example/index.html"),
            link(Link, "https://a.example/about"),
            link(Link, "https://a.example"),
            link(Link, "https://a.example/v1.2"),
            link(Link, "mailto:a@example.zip"),
            link(Link, "javascript:void(0).zip"),
            link(Download, "https://a.example/get?id=7"),
            link(
                Image,
                "https://cdn.example/%D0%BE%D1%82%D0%BF%D1%83%D1%81%D0%BA.jpg",
            ),
            link(Video, "blob:https://a.example/3b1f"),
            link(Image, "data:image/png;base64,AAAA"),
        ];
        let files = files_of("https://a.example/page", found, &[]);
        assert_eq!(
            names(&files),
            [
                "report.pdf",
                "get",
                "отпуск.jpg",
                "what the page says",
                "what the page says"
            ]
        );
        assert_eq!(files[2].kind, FileKind::Image);
        assert_eq!(files[0].kind, FileKind::Document);
    }

    #[test]
    fn an_address_is_shown_once() {
        let small = PageLink {
            width: 16,
            ..link(LinkKind::Image, "https://a.example/pixel.gif")
        };
        let found = vec![
            link(LinkKind::Link, "https://a.example/a.zip"),
            link(LinkKind::Link, "https://a.example/a.zip#again"),
            link(LinkKind::Link, "https://a.example/b.zip"),
            link(LinkKind::Link, "https://a.example/self.pdf"),
            small,
        ];
        let known = downloads_of(
            "https://a.example/",
            vec![Completed {
                url: "https://a.example/b.zip".into(),
                referrer: String::new(),
                path: "/home/me/b (1).zip".into(),
                mime: "application/zip".into(),
                size: Some(3),
            }],
        );
        let files = files_of("https://a.example/self.pdf#x", found, &known);
        assert_eq!(names(&files), ["a.zip"]);
    }

    #[test]
    fn downloads_belong_to_the_page_they_came_from() {
        let download = |url: &str, referrer: &str| Completed {
            url: url.into(),
            referrer: referrer.into(),
            path: "C:\\Users\\me\\x.bin".into(),
            mime: String::new(),
            size: None,
        };
        let all = vec![
            download("https://cdn.example/1", "https://www.a.example/page"),
            download("https://a.example/2", ""),
            download("https://b.example/3", "https://b.example/"),
            download("blob:https://a.example/4", "https://a.example/"),
            download("https://not-a.example/5", ""),
        ];
        let urls: Vec<String> = downloads_of("https://a.example/x", all.clone())
            .into_iter()
            .map(|file| file.url)
            .collect();
        assert_eq!(urls, ["https://cdn.example/1", "https://a.example/2"]);
        assert!(downloads_of("chrome://newtab/", all).is_empty());
    }

    #[test]
    fn hosts_are_compared_without_www_and_user() {
        assert_eq!(
            host("https://www.A.example/x").as_deref(),
            Some("a.example")
        );
        assert_eq!(
            host("http://u:p@a.example:8080?x").as_deref(),
            Some("a.example:8080")
        );
        assert_eq!(host("file:///etc/passwd"), None);
        assert_eq!(host("https:///x"), None);
    }
}
