//! What a request asks for.

use std::ops::Range;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use fluence::Cid;
use fluence::names::MAX_LINK;
use percent_encoding::percent_decode_str;

use crate::storage::ipld;

/// Names in a path.
const MAX_SEGMENTS: usize = 256;
/// Media types of an `Accept` that are looked at.
const MAX_ACCEPTED: usize = 64;

/// Why a request is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub StatusCode, pub String);

impl Refused {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

/// The order of a CAR's blocks is always depth first; so it is only checked whether that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CarParams {
    /// Whether a block is sent again where it is linked again.
    pub dups: bool,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One block.
    Raw,
    /// Blocks in a row.
    Car(CarParams),
    /// One block of JSON or CBOR, named as such.
    Data(DataForm),
    /// The file itself, or a list of a directory's names.
    Plain,
}

impl Format {
    /// What `format` says of it in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Car(_) => "car",
            Self::Data(form) => form.name(),
            Self::Plain => "",
        }
    }
}

/// A form of data. None is made of another: a block has the form of its codec, or the plain form of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataForm {
    Json,
    Cbor,
    DagJson,
    DagCbor,
}

impl DataForm {
    const ALL: [Self; 4] = [Self::Json, Self::Cbor, Self::DagJson, Self::DagCbor];

    /// That of a codec.
    pub fn of(codec: u64) -> Option<Self> {
        match codec {
            ipld::JSON => Some(Self::Json),
            ipld::CBOR => Some(Self::Cbor),
            ipld::DAG_JSON => Some(Self::DagJson),
            ipld::DAG_CBOR => Some(Self::DagCbor),
            _ => None,
        }
    }

    /// The same without links.
    pub fn plain(self) -> Self {
        match self {
            Self::Json | Self::DagJson => Self::Json,
            Self::Cbor | Self::DagCbor => Self::Cbor,
        }
    }

    /// What `format` says of it, and an `Etag`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
            Self::DagJson => "dag-json",
            Self::DagCbor => "dag-cbor",
        }
    }

    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
            Self::DagJson => "application/vnd.ipld.dag-json",
            Self::DagCbor => "application/vnd.ipld.dag-cbor",
        }
    }
}

/// How much of a DAG a CAR is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DagScope {
    Block,
    Entity,
    All,
}

/// A range of a file's bytes, both ends included; negative ones count from its end, and `None` is its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntityBytes {
    pub from: i64,
    pub to: Option<i64>,
}

/// What [`EntityBytes`] are in a file of known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntityRange {
    Bytes(Range<u64>),
    /// There are none between the ends.
    Empty,
    /// It begins after the file's end.
    Outside,
}

impl EntityBytes {
    fn parse(text: &str) -> Option<Self> {
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
        // Where both ends count from the same side, their order is known.
        match to {
            Some(to) if (from < 0) == (to < 0) && to < from => None,
            _ => Some(Self { from, to }),
        }
    }

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

/// A request below `/ipfs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub root: Cid,
    /// The root as it was written.
    pub root_text: String,
    /// Names below it, decoded.
    pub path: Vec<String>,
    /// Whether the path ends with a slash.
    pub slash: bool,
    pub format: Format,
    /// Whether `Accept` decided that.
    pub by_accept: bool,
    /// Whether a page is what the client likes best.
    pub page: bool,
    pub scope: DagScope,
    pub bytes: Option<EntityBytes>,
    /// Where the same answer is found without an `Accept`, when that made a difference or would have.
    pub content_location: Option<String>,
    pub filename: Option<String>,
    pub download: bool,
    pub only_if_cached: bool,
    /// Whether the client wants nothing from a cache, and so nothing in it.
    pub uncached: bool,
}

/// A media type that a client accepts.
struct Accepted<'a> {
    essence: String,
    params: Vec<(String, &'a str)>,
    quality: f32,
}

const RAW: &str = "application/vnd.ipld.raw";
const CAR: &str = "application/vnd.ipld.car";

/// Whether `Cache-Control` has one of these directives.
fn has_directive(headers: &HeaderMap, directives: &[&str]) -> bool {
    headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|said| {
            let is_said = |directive: &&str| said.trim().eq_ignore_ascii_case(directive);
            directives.iter().any(is_said)
        })
}

impl Asked {
    pub fn parse(uri: &Uri, headers: &HeaderMap, open: bool) -> Result<Self, Refused> {
        let below = uri
            .path()
            .strip_prefix("/ipfs/")
            .ok_or_else(|| Refused::bad("the path does not begin with /ipfs/"))?;
        if below.len() > MAX_LINK {
            return Err(Refused(
                StatusCode::URI_TOO_LONG,
                "the path is too long".into(),
            ));
        }
        let (root_text, rest) = match below.split_once('/') {
            Some((root, rest)) => (root, Some(rest)),
            None => (below, None),
        };
        let (root, root_text) =
            root_of(root_text).ok_or_else(|| Refused::bad("what follows /ipfs/ is not a CID"))?;
        let path = rest
            .unwrap_or_default()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| {
                percent_decode_str(segment)
                    .decode_utf8()
                    .map(|text| text.into_owned())
                    .map_err(|_| Refused::bad("the path is not UTF-8"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if path.len() > MAX_SEGMENTS {
            return Err(Refused::bad("the path has too many parts"));
        }
        let slash = below.ends_with('/');
        if headers.get("service-worker").is_some_and(|v| v == "script") && path.is_empty() && !slash
        {
            return Err(Refused::bad("a service worker cannot be registered here"));
        }
        let query: Vec<(String, String)> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let decode = |text: &str| {
                    percent_decode_str(&text.replace('+', " "))
                        .decode_utf8_lossy()
                        .into_owned()
                };
                (decode(name), decode(value))
            })
            .collect();
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
        };
        let accept = accepted(headers);
        let (format, by_accept) = format(get("format"), &accept, open)?;
        // Where the query decides, and `Accept` would have otherwise.
        let overrides = !by_accept
            && get("format").is_some()
            && self::format(None, &accept, open)
                .is_ok_and(|(other, explicit)| explicit && other.name() != format.name());
        let format = match format {
            Format::Car(params) => Format::Car(car_params(
                params,
                get("car-version"),
                get("car-order"),
                get("car-dups"),
            )?),
            other => other,
        };
        // Both are of CARs, and elsewhere ignored, whatever they say.
        let of_car = |name| get(name).filter(|_| matches!(format, Format::Car(_)));
        let scope = match of_car("dag-scope") {
            None | Some("all") => DagScope::All,
            Some("entity") => DagScope::Entity,
            Some("block") => DagScope::Block,
            Some(_) => return Err(Refused::bad("dag-scope is none of block, entity and all")),
        };
        let bytes = of_car("entity-bytes")
            .map(|text| {
                EntityBytes::parse(text).ok_or_else(|| Refused::bad("entity-bytes is not FROM:TO"))
            })
            .transpose()?;
        let content_location = (by_accept || overrides).then(|| content_location(uri, format));
        Ok(Self {
            root,
            root_text,
            path,
            slash,
            format,
            by_accept,
            page: accept
                .first()
                .is_some_and(|best| best.essence == "text/html"),
            scope: if bytes.is_some() {
                DagScope::Entity
            } else {
                scope
            },
            bytes,
            content_location,
            filename: get("filename").map(str::to_owned),
            download: get("download") == Some("true"),
            only_if_cached: has_directive(headers, &["only-if-cached"]),
            uncached: has_directive(headers, &["no-cache", "no-store"]),
        })
    }
}

/// A root, and how it is written in what is answered: as it was, where that can stand anywhere.
fn root_of(text: &str) -> Option<(Cid, String)> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let root: Cid = text.parse().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let text = if plain {
        text.into_owned()
    } else {
        root.to_string()
    };
    Some((root, text))
}

/// The URL of the same answer, with its format in it.
fn content_location(uri: &Uri, format: Format) -> String {
    let mut query: Vec<String> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !matches!(name, "format" | "car-version" | "car-order" | "car-dups")
        })
        .map(str::to_owned)
        .collect();
    match format {
        Format::Car(params) => {
            query.push("format=car".into());
            query.push("car-order=dfs".into());
            query.push(format!("car-dups={}", if params.dups { 'y' } else { 'n' }));
        }
        other => query.push(format!("format={}", other.name())),
    }
    format!("{}?{}", uri.path(), query.join("&"))
}

/// What a client accepts, the best first.
fn accepted(headers: &HeaderMap) -> Vec<Accepted<'_>> {
    let mut accepted: Vec<Accepted<'_>> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(MAX_ACCEPTED)
        .map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
            let mut quality = 1.0;
            let mut params = Vec::new();
            for part in parts {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                let (name, value) = (name.trim(), value.trim().trim_matches('"'));
                if name.eq_ignore_ascii_case("q") {
                    quality = value.parse().unwrap_or(0.0);
                } else {
                    params.push((name.to_ascii_lowercase(), value));
                }
            }
            Accepted {
                essence,
                params,
                quality,
            }
        })
        .filter(|accepted| accepted.quality > 0.0 && !accepted.essence.is_empty())
        .collect();
    // Stable: of equal quality what is named counts before what is meant by a `*`, and then the first.
    let stars = |accepted: &Accepted<'_>| accepted.essence.matches('*').count();
    accepted.sort_by(|a, b| {
        b.quality
            .total_cmp(&a.quality)
            .then(stars(a).cmp(&stars(b)))
    });
    accepted
}

/// The form that is asked for, and whether `Accept` decided that.
fn format(
    query: Option<&str>,
    accept: &[Accepted<'_>],
    open: bool,
) -> Result<(Format, bool), Refused> {
    let car = |accepted: &Accepted<'_>| accept_car(accepted).map(Format::Car);
    match query {
        Some("raw") => return Ok((Format::Raw, false)),
        Some("car") => {
            // `Accept` may still say how the CAR is to be.
            let named: Vec<_> = accept.iter().filter(|a| a.essence == CAR).collect();
            let chosen = named.iter().find_map(|a| car(a));
            return match chosen {
                Some(format) => Ok((format, false)),
                None => Ok((Format::Car(CarParams { dups: false }), false)),
            };
        }
        Some(name) => {
            let form = DataForm::ALL.into_iter().find(|form| form.name() == name);
            return match form {
                Some(form) if open => Ok((Format::Data(form), false)),
                None if name != "tar" => Err(Refused::bad("the format is neither raw nor car")),
                _ => Err(Refused(
                    StatusCode::NOT_ACCEPTABLE,
                    format!("the format {name} is not made here; raw and car are"),
                )),
            };
        }
        None => {}
    }
    let mut refused = None;
    for accepted in accept {
        if let Some(form) = form_of(&accepted.essence).filter(|_| open) {
            return Ok((Format::Data(form), true));
        }
        match accepted.essence.as_str() {
            RAW => return Ok((Format::Raw, true)),
            CAR => match car(accepted) {
                Some(format) => return Ok((format, true)),
                None => refused = Some("a CAR of that version or order"),
            },
            "application/x-tar" => refused = Some("tar"),
            other if other.starts_with("application/vnd.ip") => refused = Some("that"),
            _ if open => return Ok((Format::Plain, false)),
            "*/*" | "application/*" => {}
            _ => refused = Some("that"),
        }
    }
    match refused {
        Some(what) => Err(Refused(
            StatusCode::NOT_ACCEPTABLE,
            format!("{what} is not made here; {RAW} and {CAR} (version=1; order=dfs) are"),
        )),
        None if open => Ok((Format::Plain, false)),
        None => Err(Refused::bad(format!(
            "this gateway gives verifiable blocks only: ask with format=raw or format=car, or accept {RAW} or {CAR}"
        ))),
    }
}

/// The form of data that has a media type.
fn form_of(mime: &str) -> Option<DataForm> {
    let mut forms = DataForm::ALL.into_iter();
    forms.find(|form| form.mime() == mime)
}

/// The CAR that a media type asks for, if it is one that is made here.
fn accept_car(accepted: &Accepted<'_>) -> Option<CarParams> {
    let mut dups = false;
    for (name, value) in &accepted.params {
        match (name.as_str(), *value) {
            ("version", "1") | ("order", "dfs" | "unk" | "") => {}
            ("version" | "order", _) => return None,
            ("dups", "y") => dups = true,
            ("dups", "n" | "") => dups = false,
            ("dups", _) => return None,
            _ => {}
        }
    }
    Some(CarParams { dups })
}

fn car_params(
    mut params: CarParams,
    version: Option<&str>,
    order: Option<&str>,
    dups: Option<&str>,
) -> Result<CarParams, Refused> {
    if !matches!(version, None | Some("1")) {
        return Err(Refused::bad("only version 1 of CAR is made here"));
    }
    if !matches!(order, None | Some("dfs" | "unk")) {
        return Err(Refused::bad("car-order is neither dfs nor unk"));
    }
    match dups {
        None => {}
        Some("y") => params.dups = true,
        Some("n") => params.dups = false,
        Some(_) => return Err(Refused::bad("car-dups is neither y nor n")),
    }
    Ok(params)
}

/// Whether a client has the answer already.
pub(super) fn has_etag(headers: &HeaderMap, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || value.split(',').any(|tag| strong(tag) == strong(etag)))
}

/// What part of an answer a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ByteRange {
    Whole,
    Part(Range<u64>),
    /// None of it is there.
    Unsatisfiable,
}

impl ByteRange {
    /// Reads `Range` for an answer of so many bytes; of several ranges the first that is there is given, which HTTP
    /// allows. It is defined for `GET` only.
    pub fn parse(headers: &HeaderMap, head: bool, etag: &str, len: u64) -> Self {
        if head {
            return Self::Whole;
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // A client that has a part of something else wants the whole.
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
            // What is not understood is to be ignored.
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

    const CID: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    fn ask(tail: &str, accept: &str, open: bool) -> Result<Asked, StatusCode> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        let uri: Uri = format!("/ipfs/{CID}{tail}").parse().unwrap();
        Asked::parse(&uri, &headers, open).map_err(|refused| refused.0)
    }

    const DUPS: Format = Format::Car(CarParams { dups: true });
    const NO_DUPS: Format = Format::Car(CarParams { dups: false });

    #[test]
    fn the_form_is_negotiated() {
        for (tail, accept, format) in [
            ("?format=raw", "", Format::Raw),
            ("?format=raw", CAR, Format::Raw),
            ("", RAW, Format::Raw),
            ("", CAR, NO_DUPS),
            (
                "",
                "application/vnd.ipld.car; version=1; order=dfs; dups=y",
                DUPS,
            ),
            (
                "",
                "application/vnd.ipld.car;order=foo, application/vnd.ipld.car;order=dfs;dups=y;q=0.5",
                DUPS,
            ),
            ("?format=car", "application/vnd.ipld.car;dups=y", DUPS),
            (
                "?format=car&car-dups=n",
                "application/vnd.ipld.car;dups=y",
                NO_DUPS,
            ),
            ("?format=car&car-dups=y", "", DUPS),
            ("", "text/html, */*;q=0.8", Format::Plain),
            (
                "",
                "*/*, application/*, application/vnd.ipld.raw",
                Format::Raw,
            ),
            (
                "",
                "text/html;q=0.9, */*, application/vnd.ipld.raw;q=0.9",
                Format::Plain,
            ),
            ("?format=dag-cbor", "", Format::Data(DataForm::DagCbor)),
            ("", "application/json", Format::Data(DataForm::Json)),
            ("?dag-scope=x&entity-bytes=y", "", Format::Plain),
            ("?format=raw&dag-scope=x&entity-bytes=y", "", Format::Raw),
            ("", "", Format::Plain),
        ] {
            assert_eq!(
                ask(tail, accept, true).map(|asked| asked.format),
                Ok(format),
                "{tail} {accept}"
            );
        }
        for (tail, accept, open, status) in [
            ("", "", false, 400),
            ("", "*/*", false, 400),
            ("", "text/html", false, 406),
            ("", "application/vnd.ipld.car; version=2", true, 406),
            ("", "application/vnd.ipld.dag-json", false, 406),
            ("", "application/vnd.ipld.car-index", true, 406),
            ("?format=json", "", false, 406),
            ("?format=tar", "", true, 406),
            ("?format=nonsense", "", true, 400),
            ("?format=car&dag-scope=some", "", true, 400),
            ("?format=car&entity-bytes=a:b", "", true, 400),
            ("?format=car&entity-bytes=5", "", true, 400),
            ("?format=car&car-version=2", "", true, 400),
            ("?format=car&car-order=bfs", "", true, 400),
            ("/%ff", "", true, 400),
        ] {
            assert_eq!(
                ask(tail, accept, open).map_err(|s| s.as_u16()),
                Err(status),
                "{tail} {accept}"
            );
        }
    }

    #[test]
    fn what_accept_decided_has_a_location() {
        assert_eq!(
            ask("/a?dag-scope=block", CAR, true)
                .unwrap()
                .content_location,
            Some(format!(
                "/ipfs/{CID}/a?dag-scope=block&format=car&car-order=dfs&car-dups=n"
            ))
        );
        assert_eq!(
            ask("", RAW, true).unwrap().content_location,
            Some(format!("/ipfs/{CID}?format=raw"))
        );
        assert_eq!(
            ask("?format=raw", RAW, true).unwrap().content_location,
            None
        );
        // Nor what it had no say in; but what it would have decided otherwise.
        assert_eq!(
            ask("?format=raw", "text/html", true)
                .unwrap()
                .content_location,
            None
        );
        assert_eq!(
            ask("?format=raw", CAR, true).unwrap().content_location,
            Some(format!("/ipfs/{CID}?format=raw"))
        );
    }

    #[test]
    fn a_root_is_written_as_it_was_where_that_is_safe() {
        assert_eq!(root_of(CID).unwrap().1, CID);
        let encoded = CID.replace("fk", "%66k");
        assert_eq!(root_of(&encoded).unwrap().1, CID);
        // A multibase that says bytes as they are: an identity CID of «"><b>».
        let (_, text) = root_of("%00%01%55%00%05%22%3E%3Cb%3E").unwrap();
        assert!(text.starts_with("bafk"), "{text}");
        assert!(root_of("%ff").is_none() && root_of("..").is_none());
    }

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
