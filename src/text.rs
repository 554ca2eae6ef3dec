//! Makes texts from strangers safe to keep and to show.

/// The longest text of a stranger that is kept, in bytes.
pub const MAX_QUOTE: usize = 200;

/// A stranger's text as one line without control characters, of at most [`MAX_QUOTE`] bytes.
pub fn quote(text: &str) -> String {
    // Only the beginning of a long text is examined.
    let text = text.trim_start();
    let clean: String = text
        .chars()
        .take(MAX_QUOTE + 1)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shorten(clean.trim(), MAX_QUOTE)
}

/// The text, or its beginning and an ellipsis if it is over `limit` bytes.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// The host and port of a URL, made safe to show, without a user name and password. If there is no
/// scheme, the authority is everything before the first `/`, `?` or `#` (RFC 3986, section 3.2).
pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    quote(authority.rsplit('@').next().unwrap_or_default())
}

/// Whether a text can be a host name: labels of letters, digits and hyphens with at most 63 bytes each, and 253 bytes in
/// all (RFC 1035, section 2.3.4).
pub fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_are_cut_and_cleaned() {
        assert_eq!(quote("a\u{7}b\nc"), "a b c");
        let long = quote(&"語".repeat(500));
        assert!(long.len() <= MAX_QUOTE && long.ends_with('…'), "{long}");
        assert_eq!(quote(" \n "), "");
        assert_eq!(host_of("https://a.b:443/ipfs/x"), "a.b:443");
        assert_eq!(host_of("a.b:1"), "a.b:1");
        assert_eq!(host_of("https://me:secret@a.b/x@y"), "a.b");
        assert_eq!(host_of("https://a.b?x=c@d/e"), "a.b");
    }
}
