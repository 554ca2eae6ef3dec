//! Links that any browser opens, at the page of a node: `https://NODE/#CID`.
//!
//! Everything that says what is fetched follows `#`, which a browser keeps to itself. The page fetches the file, checks it
//! block by block, and opens it if it is private (`docs/protocol.md`, “Web links”).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::Cid;
use crate::names::{canonical, chosen_name, key_in, parse_link};
use crate::private::Key;
use crate::storage::{is_local, short_base, web_link};

/// The longest fragment that is read, in bytes.
const MAX_FRAGMENT: usize = 4096;
/// What is written as `%XX` in a name.
pub(crate) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Where a node opens links in any browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// The base URL of its storage.
    pub base: String,
    /// Whether it has the page that checks what it gives. Without one, it gives plain files, and has to be believed.
    pub page: bool,
}

impl Web {
    /// The link to a file. There is none to a private share if the node has no page that opens it, or has it at an address
    /// without TLS, at which browsers decrypt nothing unless it is that of their own machine.
    pub fn link(&self, cid: &str, name: &str, key: Option<&Key>) -> Option<String> {
        let opens = self.base.starts_with("https://") || is_local(&self.base);
        if key.is_some() && !opens {
            return None;
        }
        if self.page {
            Some(address(&self.base, cid, name, key))
        } else {
            key.is_none().then(|| web_link(&self.base, cid))
        }
    }
}

/// What a web link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLink {
    /// The CID of the file.
    pub cid: Cid,
    /// The name that whoever made the link gives the file, made safe. That of a private share is in its bytes.
    pub name: Option<String>,
    /// Whether it is a private share.
    pub private: bool,
    /// The key of a private share, unless it was taken out of the address.
    pub key: Option<Key>,
}

/// The part of an address that says that there was a key.
const PRIVATE: &str = "private";

/// The address of a file at the page of the node whose storage has this base URL. The CID is canonical.
fn address(base: &str, cid: &str, name: &str, key: Option<&Key>) -> String {
    let mut link = format!("{}/#{cid}", short_base(base));
    match key {
        Some(key) => {
            link.push_str("&key=");
            link.push_str(&key.text());
        }
        None if !name.is_empty() => {
            link.push_str("&name=");
            link.extend(utf8_percent_encode(name, ESCAPED));
        }
        None => {}
    }
    link
}

/// Why the part of an address after `#` leads to nothing. No message contains a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWebLink {
    /// There is nothing after `#`.
    #[error("the address has no hash after #")]
    Empty,
    /// It does not begin with a CID.
    #[error("what follows # in the address is not the hash of a file")]
    NotACid,
    /// The key is not whole.
    #[error("the key at the end of the address is not whole")]
    BadKey,
}

impl WebLink {
    /// Reads the part of an address after `#`, with or without it. What it has beside a name and a key is ignored.
    ///
    /// # Errors
    /// [`BadWebLink`].
    pub fn parse(fragment: &str) -> Result<Self, BadWebLink> {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        if fragment.is_empty() {
            return Err(BadWebLink::Empty);
        }
        if fragment.len() > MAX_FRAGMENT {
            return Err(BadWebLink::NotACid);
        }
        // A program that handed the link on may have escaped all of it.
        let is_escaped = fragment
            .split('&')
            .next()
            .is_some_and(|cid| cid.contains('%'));
        let unescaped = is_escaped.then(|| percent_decode_str(fragment).decode_utf8_lossy());
        let fragment = unescaped.as_deref().unwrap_or(fragment);
        let mut parts = fragment.split('&');
        let cid = parts.next().unwrap_or_default();
        // Nothing but a CID: a link to somewhere else would have been made for another program.
        let is_bare = cid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let cid = Some(cid).filter(|_| is_bare);
        let cid = cid.and_then(|cid| parse_link(cid).ok());
        let mut link = Self {
            cid: cid.ok_or(BadWebLink::NotACid)?,
            name: None,
            private: false,
            key: None,
        };
        for part in parts {
            // It may have been copied from the source of a page.
            let part = part.strip_prefix("amp;").unwrap_or(part);
            match part.split_once('=') {
                Some(("name", name)) => {
                    let name = percent_decode_str(name).decode_utf8_lossy();
                    link.name = (!name.is_empty()).then(|| chosen_name(&name));
                }
                Some(("key", key)) => {
                    link.key = Some(key_in(key).map_err(|_| BadWebLink::BadKey)?);
                    link.private = true;
                }
                None if part == PRIVATE => link.private = true,
                _ => {}
            }
        }
        Ok(link)
    }

    /// The fragment that leads to the same private share in a tab that has its key, with `#`.
    pub fn without_key(&self) -> String {
        format!("#{}&{PRIVATE}", canonical(&self.cid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

    fn link(name: Option<&str>, key: Option<Key>) -> WebLink {
        WebLink {
            cid: CID.parse().unwrap(),
            name: name.map(str::to_owned),
            private: key.is_some(),
            key,
        }
    }

    #[test]
    fn links_are_read_as_they_are_written() {
        let key = Key::new([0xfb; 16]);
        for (link, text) in [
            (link(None, None), format!("#{CID}")),
            (
                link(Some("a & b = ü#.jpg"), None),
                format!("#{CID}&name=a%20%26%20b%20%3D%20%C3%BC%23.jpg"),
            ),
            (
                link(None, Some(key.clone())),
                format!("#{CID}&key={}", key.text()),
            ),
        ] {
            let name = link.name.as_deref().unwrap_or_default();
            let written = address("https://node.example:443", CID, name, link.key.as_ref());
            assert_eq!(written, format!("https://node.example/{text}"));
            assert_eq!(WebLink::parse(&text), Ok(link.clone()));
            assert_eq!(WebLink::parse(&text[1..]), Ok(link.clone()));
            let more = format!("{text}&other=1&also");
            assert_eq!(WebLink::parse(&more), Ok(link));
        }
        let hidden = link(None, Some(key.clone())).without_key();
        assert_eq!(hidden, format!("#{CID}&private"));
        let expected = WebLink {
            private: true,
            ..link(None, None)
        };
        assert_eq!(WebLink::parse(&hidden), Ok(expected));
        // A private share is not named outside of its bytes.
        let both = address("http://a", CID, "diary.txt", Some(&key));
        assert!(!both.contains("diary"), "{both}");
    }

    #[test]
    fn a_link_is_read_as_it_was_before_a_message_changed_it() {
        let key = Key::new([0xfb; 16]);
        let text = key.text();
        for fragment in [
            format!("#{CID}%26key%3D{text}"),
            format!("{CID}&amp;key={text}"),
            format!("{CID}&key={text}."),
            format!("{CID}&key={text})"),
            format!("{CID}&key={text}”,"),
        ] {
            let expected = link(None, Some(key.clone()));
            assert_eq!(WebLink::parse(&fragment), Ok(expected), "{fragment}");
        }
    }

    #[test]
    fn a_node_without_a_page_opens_plain_shares_alone() {
        let key = Key::new([1; 16]);
        let web = |page| Web {
            base: "https://a.b:443".to_owned(),
            page,
        };
        let link = |page, key| web(page).link(CID, "a", key);
        let plain = format!("https://a.b/ipfs/{CID}");
        assert_eq!(link(false, None), Some(plain));
        assert_eq!(link(false, Some(&key)), None);
        let checked = format!("https://a.b/#{CID}&name=a");
        assert_eq!(link(true, None), Some(checked));
        let private = format!("https://a.b/#{CID}&key={}", key.text());
        assert_eq!(link(true, Some(&key)), Some(private));
    }

    #[test]
    fn there_is_no_link_at_which_a_browser_decrypts_nothing() {
        let key = Key::new([1; 16]);
        for (base, opens) in [
            ("https://a.b:443", true),
            ("http://127.0.0.1:4180", true),
            ("http://localhost:4180", true),
            ("http://192.168.1.7:4180", false),
            ("http://a.b:80", false),
        ] {
            let web = Web {
                base: base.to_owned(),
                page: true,
            };
            assert_eq!(web.link(CID, "a", Some(&key)).is_some(), opens, "{base}");
            assert!(web.link(CID, "a", None).is_some(), "{base}");
        }
    }

    #[test]
    fn names_are_made_safe() {
        let parsed = WebLink::parse(&format!("{CID}&name=..%2F%E2%80%AEgpj.exe%00")).unwrap();
        assert_eq!(parsed.name.as_deref(), Some("gpj.exe"));
        let parsed = WebLink::parse(&format!("{CID}&name=&name=%ff")).unwrap();
        assert_eq!(parsed.name.as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn what_leads_to_nothing_is_refused_without_being_quoted() {
        let key = Key::new([0xfb; 16]).text();
        for (fragment, error) in [
            (String::new(), BadWebLink::Empty),
            ("#".to_owned(), BadWebLink::Empty),
            ("x".to_owned(), BadWebLink::NotACid),
            (format!("/ipfs/{CID}"), BadWebLink::NotACid),
            (format!("fluence:{CID}"), BadWebLink::NotACid),
            (format!("{CID}/a"), BadWebLink::NotACid),
            (format!("&key={key}"), BadWebLink::NotACid),
            ("a".repeat(5000), BadWebLink::NotACid),
            (format!("{CID}&key="), BadWebLink::BadKey),
            (format!("{CID}&key={}", &key[1..]), BadWebLink::BadKey),
            (format!("{CID}&key={key}A"), BadWebLink::BadKey),
        ] {
            let refused = WebLink::parse(&fragment);
            assert_eq!(refused, Err(error), "{fragment}");
            assert!(!error.to_string().contains(&key[2..6]));
        }
    }
}
