//! Which part of a response a client wants, and whether it already has the response.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// A range of a file's bytes, both ends inclusive, as in the gateway parameter `entity-bytes`.
/// Negative values count from the end of the file, and `None` is its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntityBytes {
    /// The first byte.
    pub from: i64,
    /// The last byte.
    pub to: Option<i64>,
}

/// The [`EntityBytes`] in a file of known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntityRange {
    Bytes(Range<u64>),
    /// The range is empty.
    Empty,
    /// The range begins after the end of the file.
    Outside,
}

impl EntityBytes {
    /// Parses `FROM:TO`.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(':')?;
        let from = if from == "*" {
            return None;
        } else {
            from.parse().ok()?
        };
        let to = if to == "*" {
            None
        } else {
            Some(to.parse().ok()?)
        };
        // If both ends count from the same side, their order is known without the size.
        match to {
            Some(to) if (from < 0) == (to < 0) && to < from => None,
            _ => Some(Self { from, to }),
        }
    }

    /// Resolves the range in a file of `size` bytes.
    pub fn within(self, size: u64) -> EntityRange {
        let place = |at: i64| {
            if at < 0 {
                i128::from(size) + i128::from(at)
            } else {
                i128::from(at)
            }
        };
        let last = i128::from(size) - 1;
        let from = place(self.from).max(0);
        let to = self.to.map_or(last, place).min(last);
        if from > last && size > 0 {
            EntityRange::Outside
        } else if to < from {
            EntityRange::Empty
        } else {
            // Both lie within 0..size.
            EntityRange::Bytes(from as u64..to as u64 + 1)
        }
    }
}

/// Whether `If-None-Match` says that a client already has the response.
pub(super) fn has_etag(headers: &HeaderMap, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || value.split(',').any(|tag| strong(tag) == strong(etag)))
}

/// The part of a response that a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ByteRange {
    Whole,
    Part(Range<u64>),
    /// The range lies outside the response.
    Unsatisfiable,
}

impl ByteRange {
    /// Parses `Range` for a response of `len` bytes. Of several ranges, the first satisfiable one
    /// is served, which HTTP allows. `Range` is defined for `GET` only (RFC 9110, section 14.2).
    pub fn parse(headers: &HeaderMap, head: bool, etag: &str, len: u64) -> Self {
        if head {
            return Self::Whole;
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // A client whose part is of another version wants the whole.
        if text(header::IF_RANGE).is_some_and(|tag| tag != etag) {
            return Self::Whole;
        }
        let Some(ranges) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes="))
        else {
            return Self::Whole;
        };
        let ranges = ranges.split(',').map(str::trim).filter(|r| !r.is_empty());
        let ranges: Option<Vec<Self>> = ranges.map(|range| Self::one(range, len)).collect();
        match ranges {
            Some(ranges) if !ranges.is_empty() => ranges
                .into_iter()
                .find(|range| matches!(range, Self::Part(_)))
                .unwrap_or(Self::Unsatisfiable),
            // An invalid `Range` is to be ignored.
            _ => Self::Whole,
        }
    }

    fn one(range: &str, len: u64) -> Option<Self> {
        let (from, to) = range.split_once('-')?;
        let range = if from.is_empty() {
            let last: u64 = to.parse().ok()?;
            if last == 0 {
                return Some(Self::Unsatisfiable);
            }
            len.saturating_sub(last)..len
        } else {
            let from: u64 = from.parse().ok()?;
            let end = if to.is_empty() {
                len
            } else {
                let to: u64 = to.parse().ok()?;
                if to < from {
                    return None;
                }
                to.saturating_add(1).min(len)
            };
            from..end
        };
        Some(if range.start >= len {
            Self::Unsatisfiable
        } else {
            Self::Part(range)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn entity_bytes_are_placed() {
        let within = |text, size| EntityBytes::parse(text).map(|bytes| bytes.within(size));
        for (text, size, range) in [
            ("0:*", 10, 0..10),
            ("2:5", 10, 2..6),
            ("2:500", 10, 2..10),
            ("-3:*", 10, 7..10),
            ("-300:*", 10, 0..10),
            ("-300:-3", 10, 0..8),
            ("4:-3", 10, 4..8),
        ] {
            assert_eq!(
                within(text, size),
                Some(EntityRange::Bytes(range)),
                "{text}"
            );
        }
        assert_eq!(within("10:*", 10), Some(EntityRange::Outside));
        assert_eq!(within("8:-5", 10), Some(EntityRange::Empty));
        assert_eq!(within("0:*", 0), Some(EntityRange::Empty));
        for bad in [
            "",
            "5",
            "*:*",
            "*:5",
            "5:4",
            "-3:-4",
            "1:x",
            "99999999999999999999:*",
        ] {
            assert_eq!(EntityBytes::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ranges_are_those_of_http() {
        let parse = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(text));
            ByteRange::parse(&headers, false, "\"x\"", 100)
        };
        for (text, range) in [
            ("bytes=0-9", 0..10),
            ("bytes=90-", 90..100),
            ("bytes=90-900", 90..100),
            ("bytes=-5", 95..100),
            ("bytes=-500", 0..100),
            ("bytes=5-6, 8-9", 5..7),
            ("bytes=100-200,0-1", 0..2),
            ("bytes=-0, 100-, -1", 99..100),
        ] {
            assert_eq!(parse(text), ByteRange::Part(range), "{text}");
        }
        for text in ["bytes=100-", "bytes=-0", "bytes=200-300, 100-"] {
            assert_eq!(parse(text), ByteRange::Unsatisfiable, "{text}");
        }
        for text in [
            "bytes=9-5",
            "bytes=x",
            "lines=1-2",
            "bytes=",
            "bytes=--1",
            "bytes=0-1,x",
        ] {
            assert_eq!(parse(text), ByteRange::Whole, "{text}");
        }
    }
}
