//! The file name in a `Content-Disposition` header (RFC 6266, RFC 8187), read as browsers read it, because servers
//! write it in many other ways too.

use multibase::Base;
use percent_encoding::percent_decode_str;

/// Decodes bytes in the charset with this label; `None` if no such charset is known, or the bytes are no text in it.
pub type Decode<'a> = &'a dyn Fn(&str, &[u8]) -> Option<String>;

/// The charset of bytes if nothing says which one it is, as browsers have it.
const UNTOLD: &str = "windows-1252";

/// The file name that the value of the header states, as the server meant it. `filename*` takes precedence over
/// `filename`. The value has a character for each byte, as browsers and HTTP libraries give it, or is proper text.
///
/// `page` is the label of the charset of the page that led there, which is that of the header if [`is_untold`].
pub fn file_name(value: &str, page: Option<&str>, decode: Decode<'_>) -> Option<String> {
    let value = text_of(value, page, decode);
    let mut plain = None;
    for (name, value) in parameters(&value) {
        if name.eq_ignore_ascii_case("filename*") {
            if let Some(decoded) = extended(&value, decode) {
                return Some(decoded);
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    plain
        .map(|name| meant_by(&name, decode))
        .filter(|name| !name.is_empty())
}

/// Whether the value of the header is in a charset that nothing in it tells.
pub fn is_untold(value: &str) -> bool {
    bytes_of(value).is_some_and(|bytes| str::from_utf8(&bytes).is_err())
}

/// The bytes of a header, if they became one character each.
fn bytes_of(value: &str) -> Option<Vec<u8>> {
    value.chars().map(|c| u8::try_from(c).ok()).collect()
}

/// A header whose bytes became one character each, as UTF-8 if they are, or else in the charset of the page.
fn text_of(value: &str, page: Option<&str>, decode: Decode<'_>) -> String {
    let text = bytes_of(value).and_then(|bytes| match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => page
            .into_iter()
            .chain([UNTOLD])
            .find_map(|label| decode(label, error.as_bytes())),
    });
    text.unwrap_or_else(|| value.to_owned())
}

/// The name in a plain `filename`, which servers write as words of RFC 2047 or with percent signs although the
/// standard has neither there. Chromium reads both.
fn meant_by(name: &str, decode: Decode<'_>) -> String {
    if let Some(decoded) = encoded_words(name, decode) {
        return decoded;
    }
    // Chromium decides for each word.
    let words = name.split_inclusive(char::is_whitespace);
    words
        .map(|word| {
            let bytes: Vec<u8> = percent_decode_str(word).collect();
            match String::from_utf8(bytes) {
                Ok(decoded) if word.is_ascii() => decoded,
                _ => word.to_owned(),
            }
        })
        .collect()
}

/// A text of words such as `=?UTF-8?B?...?=` (RFC 2047), possibly with plain text between them; `None` if there is no
/// such word, or one that cannot be read.
fn encoded_words(text: &str, decode: Decode<'_>) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let plain = &rest[..at];
        // White space between two words only separates them.
        if !(after_word && plain.trim().is_empty()) {
            decoded.push_str(plain);
        }
        let mut parts = rest[at + 2..].splitn(3, '?');
        let (charset, encoding, after) = (parts.next()?, parts.next()?, parts.next()?);
        let (word, after) = after.split_once("?=")?;
        let bytes = match encoding {
            "B" | "b" => {
                let word = word.trim_end_matches('=');
                Base::Base64.decode(word).ok()?
            }
            "Q" | "q" => quoted(word)?,
            _ => return None,
        };
        decoded.push_str(&in_charset(charset, bytes, decode)?);
        rest = after;
        after_word = true;
    }
    decoded.push_str(rest);
    after_word.then_some(decoded)
}

/// The bytes of the encoding Q of RFC 2047.
fn quoted(word: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    Some(bytes)
}

/// Bytes as text. A charset may name a language after `*` (RFC 2231).
fn in_charset(charset: &str, bytes: Vec<u8>, decode: Decode<'_>) -> Option<String> {
    let charset = charset.split('*').next().unwrap_or_default();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        charset => decode(charset, &bytes),
    }
}

/// An extended value such as `UTF-8'en'na%C3%AFve.txt`. RFC 8187 names UTF-8 alone, and servers use others too.
fn extended(value: &str, decode: Decode<'_>) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let text = in_charset(charset, percent_decode_str(encoded).collect(), decode)?;
    (!text.is_empty()).then_some(text)
}

/// The parameters after the disposition type, without their quotes.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // The disposition type, such as `attachment`, which some servers leave out.
    let (first, after) = value.split_once(';').unwrap_or((value, ""));
    let parameters = if first.contains('=') { value } else { after };
    let mut rest = parameters.chars().peekable();
    while rest.peek().is_some() {
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| *c != '=' && *c != ';') {
            name.push(c);
        }
        // Something without a value, or nothing at all.
        if rest.next() != Some('=') {
            continue;
        }
        let mut value = String::new();
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next_if_eq(&'"').is_some() {
            while let Some(c) = rest.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(rest.next()),
                    c => value.push(c),
                }
            }
            rest.by_ref().find(|c| *c == ';');
        } else {
            value.extend(rest.by_ref().take_while(|c| *c != ';'));
            value.truncate(value.trim_end().len());
        }
        found.push((name.trim().to_owned(), value));
    }
    found
}

#[cfg(test)]
mod tests {
    use encoding_rs::Encoding;

    /// Decodes as browsers do.
    fn decode(label: &str, bytes: &[u8]) -> Option<String> {
        let charset = Encoding::for_label(label.as_bytes())?;
        let text = charset.decode_without_bom_handling_and_without_replacement(bytes);
        text.map(Into::into)
    }

    fn file_name(value: &str) -> Option<String> {
        super::file_name(value, None, &decode)
    }

    /// A header as it comes from a server that writes in this charset, as browsers give it.
    fn sent_in(label: &str, value: &str) -> String {
        let charset = Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, is_lossy) = charset.encode(value);
        assert!(!is_lossy, "{value}");
        bytes.iter().map(|&byte| char::from(byte)).collect()
    }

    #[test]
    fn names_in_other_charsets_are_read_with_that_of_the_page() {
        for (label, name) in [
            ("windows-1252", "Übersicht – 2026 €.pdf"),
            ("gbk", "会议记录.docx"),
            ("gb18030", "會議記錄𠮷.docx"),
            ("big5", "會議記錄.docx"),
            // The second byte of the first character is that of a backslash.
            ("shift_jis", "表示.txt"),
            ("euc-kr", "한글 파일.hwp"),
            ("windows-1251", "Отчёт.doc"),
        ] {
            let value = format!("attachment; filename=\"{name}\"; size=3");
            let sent = sent_in(label, &value);
            assert!(super::is_untold(&sent), "{name}");
            let read = super::file_name(&sent, Some(label), &decode);
            assert_eq!(read.as_deref(), Some(name), "{label}");
            // What says which charset it is in, or is UTF-8, needs no page.
            let utf_8: String = value.bytes().map(char::from).collect();
            assert!(!super::is_untold(&utf_8) && !super::is_untold(&value));
            let read = super::file_name(&utf_8, Some(label), &decode);
            assert_eq!(read.as_deref(), Some(name), "{label}");
        }
        // Without a page, or where its charset does not fit, it is the usual one.
        let sent = sent_in("windows-1252", "attachment; filename=naïve™.txt");
        for page in [None, Some("utf-8"), Some("nonsense")] {
            let read = super::file_name(&sent, page, &decode);
            assert_eq!(read.as_deref(), Some("naïve™.txt"), "{page:?}");
        }
    }

    #[test]
    fn names_are_found() {
        for (value, name) in [
            ("attachment; filename=a.txt", Some("a.txt")),
            (
                r#"attachment; filename="a b;c.txt"; size=3"#,
                Some("a b;c.txt"),
            ),
            (r#"attachment; filename="a\"b.txt""#, Some("a\"b.txt")),
            (
                "attachment; filename=\"n.txt\"; filename*=UTF-8''na%C3%AFve.txt",
                Some("naïve.txt"),
            ),
            ("inline; FileName*=iso-8859-1'en'%A3.txt", Some("£.txt")),
            ("attachment; filename*=UTF-8''%ff; filename=x", Some("x")),
            (
                "attachment; filename*=GBK''%BB%E1%D2%E9.docx",
                Some("会议.docx"),
            ),
            (
                "attachment; filename*=windows-1251''%CE%F2.doc",
                Some("От.doc"),
            ),
            ("attachment; filename*=nonsense''%CE; filename=x", Some("x")),
            (
                "attachment; filename=\"=?gb2312?B?u+HS6S5kb2N4?=\"",
                Some("会议.docx"),
            ),
            (
                "attachment; filename=\"=?ISO-2022-JP?B?GyRCST08KBsoQi50eHQ=?=\"",
                Some("表示.txt"),
            ),
            ("attachment; filename = x.txt ; y=z", Some("x.txt")),
            ("attachment;; filename=x.txt", Some("x.txt")),
            ("attachment; ; quiet; filename=x.txt;", Some("x.txt")),
            (
                "attachment; filename=\"한글 a%20b %EC%82%AC.jpg\"",
                Some("한글 a b 사.jpg"),
            ),
            ("attachment; filename=\"50% %41.txt\"", Some("50% A.txt")),
            ("filename=x.txt", Some("x.txt")),
            (r#"filename="a;b.txt"; size=3"#, Some("a;b.txt")),
            ("attachment", None),
            ("attachment; filename=", None),
            ("attachment; filename", None),
            ("", None),
            (r#"attachment; filename="open"#, Some("open")),
            (
                "attachment; filename=\"한글 파일.pdf\"",
                Some("한글 파일.pdf"),
            ),
            (
                "attachment; filename=%EC%82%AC%EB%B3%B8.jpg",
                Some("사본.jpg"),
            ),
            ("attachment; filename=100%.txt", Some("100%.txt")),
            ("attachment; filename=a%FFb.txt", Some("a%FFb.txt")),
            (
                "attachment; filename=\"=?UTF-8?B?7IKs67O4LmpwZw==?=\"",
                Some("사본.jpg"),
            ),
            (
                "attachment; filename=\"=?utf-8?Q?na=C3=AFve_one?= =?utf-8?q?.txt?=\"",
                Some("naïve one.txt"),
            ),
            (
                "attachment; filename=\"=?iso-8859-1?q?caf=E9?=.txt\"",
                Some("café.txt"),
            ),
            ("attachment; filename=\"=?x?y?z\"", Some("=?x?y?z")),
        ] {
            assert_eq!(file_name(value).as_deref(), name, "{value}");
            // As the bytes come from the network.
            let bytes: String = value.bytes().map(char::from).collect();
            assert_eq!(file_name(&bytes).as_deref(), name, "{value}");
        }
    }
}
