//! The file name in a `Content-Disposition` header (RFC 6266, RFC 8187), read as browsers read it, because servers
//! write it in many other ways too.

use multibase::Base;
use percent_encoding::percent_decode_str;

/// The file name that the value of the header states, as the server meant it. `filename*` takes precedence over
/// `filename`. The value has a character for each byte, as browsers and HTTP libraries give it, or is proper text.
pub fn file_name(value: &str) -> Option<String> {
    let value = text_of(value);
    let mut plain = None;
    for (name, value) in parameters(&value) {
        if name.eq_ignore_ascii_case("filename*") {
            if let Some(decoded) = extended(&value) {
                return Some(decoded);
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    plain
        .map(|name| meant_by(&name))
        .filter(|name| !name.is_empty())
}

/// A header whose bytes became one character each, as UTF-8 if they are.
fn text_of(value: &str) -> String {
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_else(|| value.to_owned())
}

/// The name in a plain `filename`, which servers write as words of RFC 2047 or with percent signs although the
/// standard has neither there. Chromium reads both.
fn meant_by(name: &str) -> String {
    if let Some(decoded) = encoded_words(name) {
        return decoded;
    }
    let bytes: Vec<u8> = percent_decode_str(name).collect();
    match String::from_utf8(bytes) {
        Ok(decoded) if name.is_ascii() => decoded,
        _ => name.to_owned(),
    }
}

/// A text of words such as `=?UTF-8?B?...?=` (RFC 2047), possibly with plain text between them; `None` if there is no
/// such word, or one that cannot be read.
fn encoded_words(text: &str) -> Option<String> {
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
        decoded.push_str(&in_charset(charset, bytes)?);
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
fn in_charset(charset: &str, bytes: Vec<u8>) -> Option<String> {
    let charset = charset.split('*').next().unwrap_or_default();
    match charset.to_ascii_lowercase().as_str() {
        "iso-8859-1" => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// An extended value such as `UTF-8'en'na%C3%AFve.txt`. ISO-8859-1 is the other charset that RFC 8187 names.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let text = in_charset(charset, percent_decode_str(encoded).collect())?;
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
        let name: String = rest.by_ref().take_while(|c| *c != '=').collect();
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
    use super::file_name;

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
            ("attachment; filename = x.txt ; y=z", Some("x.txt")),
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
