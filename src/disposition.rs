//! The file name in a `Content-Disposition` header (RFC 6266, RFC 8187).

use percent_encoding::percent_decode_str;

/// The file name that the value of the header states, as the server wrote it. `filename*` takes precedence over `filename`.
pub fn file_name(value: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(value) {
        if name.eq_ignore_ascii_case("filename*") {
            if let Some(decoded) = extended(&value) {
                return Some(decoded);
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    plain.filter(|name| !name.is_empty())
}

/// An extended value such as `UTF-8'en'na%C3%AFve.txt`. ISO-8859-1 is the other charset that RFC 8187 names.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    let text = if charset.eq_ignore_ascii_case("iso-8859-1") {
        bytes.iter().map(|&byte| char::from(byte)).collect()
    } else {
        String::from_utf8(bytes).ok()?
    };
    (!text.is_empty()).then_some(text)
}

/// The parameters after the disposition type, without their quotes.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.chars().peekable();
    // The disposition type, such as `attachment`.
    rest.by_ref().find(|c| *c == ';');
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
            ("attachment", None),
            ("attachment; filename=", None),
            ("attachment; filename", None),
            ("", None),
            (r#"attachment; filename="open"#, Some("open")),
        ] {
            assert_eq!(file_name(value).as_deref(), name, "{value}");
        }
    }
}
