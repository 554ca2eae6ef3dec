//! What an address says about the file there, by its name and its ending.

use fluence::names::told_name;
use fluence::plan::Expected;
use percent_encoding::percent_decode_str;

/// The last name in the path of an address; `None` if it has none.
pub fn name_in(url: &str) -> Option<String> {
    let after_scheme = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let (_host, path) = after_scheme.split_once('/')?;
    let path = path.split(['?', '#']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
    (!name.is_empty()).then_some(name)
}

/// Endings of files that are often shared, and their types.
const ENDINGS: [(&str, &str); 28] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("svg", "image/svg+xml"),
    ("bmp", "image/bmp"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("json", "application/json"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("xml", "application/xml"),
];

fn ending_of(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let plausible = !stem.is_empty()
        && (1..=10).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    plausible.then(|| ending.to_ascii_lowercase())
}

/// The name with an ending, which is added if it has none and there is a usual one for the type.
pub fn with_ending(name: &str, mime: Option<&str>) -> String {
    let usual = ENDINGS.iter().find(|(_, of)| Some(*of) == mime);
    match usual {
        Some((ending, _)) if ending_of(name).is_none() => told_name(&format!("{name}.{ending}")),
        _ => name.to_owned(),
    }
}

/// The type that the ending of an address promises.
fn mime_at(url: &str) -> Option<&'static str> {
    let ending = ending_of(&name_in(url)?)?;
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    known.map(|(_, mime)| *mime)
}

/// The kind of thing that the ending of an address promises.
pub fn expected_at(url: &str) -> Expected {
    let mime = mime_at(url).unwrap_or_default();
    expected_of(mime.split('/').next().unwrap_or_default())
}

/// Endings of addresses that show web pages.
const PAGES: [&str; 14] = [
    "html", "htm", "xhtml", "shtml", "php", "php5", "phtml", "asp", "aspx", "jsp", "jspx", "cgi",
    "do", "cfm",
];

/// Whether a name is that of a file which no server shows as a web page.
pub fn is_file(name: &str) -> bool {
    ending_of(name).is_some_and(|ending| {
        // A number is that of a version.
        ending.bytes().any(|b| b.is_ascii_alphabetic()) && !PAGES.contains(&ending.as_str())
    })
}

/// Whether a name says that it is that of a web page.
pub fn is_page_name(name: &str) -> bool {
    ending_of(name).is_some_and(|ending| matches!(&*ending, "html" | "htm" | "xhtml" | "shtml"))
}

/// What a web page is called that is shared as such.
pub fn as_page(name: &str) -> String {
    match is_page_name(name) {
        true => name.to_owned(),
        false => told_name(&format!("{name}.html")),
    }
}

/// What a compressed file is called once it is decompressed; `None` if the name is not that of one. `encoding` is the
/// `Content-Encoding` that was undone. If nobody knows whether there was one, only names count whose files begin with bytes
/// that tell.
pub fn unpacked(name: &str, encoding: Option<&str>) -> Option<String> {
    const PACKED: [(&str, &str, &str); 5] = [
        ("gzip", ".tgz", ".tar"),
        ("gzip", ".svgz", ".svg"),
        ("gzip", ".gz", ""),
        ("br", ".br", ""),
        ("zstd", ".zst", ""),
    ];
    let was_packed = |by: &str| match encoding {
        Some(encoding) => encoding.split(',').any(|one| {
            let one = one.trim().to_ascii_lowercase();
            one.strip_prefix("x-").unwrap_or(&one) == by
        }),
        None => by != "br",
    };
    let fitting = PACKED.iter().filter(|(by, ..)| was_packed(by));
    fitting.into_iter().find_map(|(_, packed, plain)| {
        let at = name.len().checked_sub(packed.len()).filter(|at| *at > 0)?;
        let is_packed = name.get(at..)?.eq_ignore_ascii_case(packed);
        is_packed.then(|| format!("{}{plain}", &name[..at]))
    })
}

/// The kind of thing that a medium or the first half of a MIME type names.
pub fn expected_of(media: &str) -> Expected {
    match media {
        "image" => Expected::Image,
        "video" => Expected::Video,
        "audio" => Expected::Audio,
        _ => Expected::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_addresses() {
        for (url, name) in [
            (
                "https://a.b/c/holiday%20one.jpg?x=/y.png#z",
                Some("holiday one.jpg"),
            ),
            ("http://a.b/c/", Some("c")),
            ("https://a.b/", None),
            ("https://a.b", None),
            ("data:text/plain,x/y.z", None),
        ] {
            assert_eq!(name_in(url).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn names_get_an_ending() {
        assert_eq!(with_ending("photo", Some("image/jpeg")), "photo.jpg");
        assert_eq!(with_ending("photo.png", Some("image/jpeg")), "photo.png");
        assert_eq!(
            with_ending("v1.2 notes", Some("text/plain")),
            "v1.2 notes.txt"
        );
        assert_eq!(with_ending("photo", None), "photo");
        assert_eq!(with_ending("photo", Some("application/x-strange")), "photo");
    }

    #[test]
    fn addresses_promise_by_their_ending() {
        assert_eq!(expected_at("https://a.b/x.JPG?y"), Expected::Image);
        assert_eq!(expected_at("https://a.b/x.mp4"), Expected::Video);
        assert_eq!(expected_at("https://a.b/x.html"), Expected::Any);
        assert_eq!(expected_at("https://a.b/x"), Expected::Any);
    }

    #[test]
    fn names_tell_files_from_pages() {
        for file in [
            "report.PDF",
            "report.docx",
            "a.tar.gz",
            "setup.exe",
            "x.7z",
            "notes.md",
        ] {
            assert!(is_file(file), "{file}");
        }
        for page in [
            "report.html",
            "index.PHP",
            "pdf",
            "v1.2",
            "release-2.0",
            ".env",
            "a b. c",
        ] {
            assert!(!is_file(page), "{page}");
        }
    }

    #[test]
    fn compressed_files_have_plain_names() {
        for (name, encoding, plain) in [
            ("b.tar.gz", Some("gzip"), Some("b.tar")),
            ("b.TGZ", Some("x-gzip"), Some("b.tar")),
            ("b.svgz", Some("br, GZip"), Some("b.svg")),
            ("b.tar.br", Some("br"), Some("b.tar")),
            ("b.tar.zst", Some("zstd"), Some("b.tar")),
            // It was compressed once more on its way.
            ("b.tar.br", Some("gzip"), None),
            ("b.tar.gz", Some("br"), None),
            ("b.tar.bz2", Some("gzip"), None),
            ("b.tar.gz", Some("identity"), None),
            ("b.tar.gz", None, Some("b.tar")),
            ("b.tar.br", None, None),
            ("b.txt", Some("gzip"), None),
            (".gz", Some("gzip"), None),
            ("gz", Some("gzip"), None),
        ] {
            assert_eq!(
                unpacked(name, encoding).as_deref(),
                plain,
                "{name} {encoding:?}"
            );
        }
    }

    #[test]
    fn web_pages_are_called_web_pages() {
        for (name, page) in [
            ("report.docx", "report.docx.html"),
            ("About node.js", "About node.js.html"),
            ("index.HTML", "index.HTML"),
            ("index.php", "index.php.html"),
            ("Welcome", "Welcome.html"),
        ] {
            assert_eq!(as_page(name), page);
        }
    }
}
