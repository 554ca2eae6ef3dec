//! Parsing requests below `/ipfs/`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use fluence::Cid;
use fluence::names::MAX_LINK;
use percent_encoding::percent_decode_str;

use super::accept::{self, Format, accepted, car_params};
use super::ranges::EntityBytes;
use super::reply::Refused;

/// What browsers ask for in order to run it (`Sec-Fetch-Dest`).
const PROGRAMS: &[&[u8]] = &[
    b"audioworklet",
    b"paintworklet",
    b"script",
    b"serviceworker",
    b"sharedworker",
    b"worker",
    b"xslt",
];
/// How many names a path may have.
const MAX_SEGMENTS: usize = 256;

/// Which part of a DAG a CAR contains (the gateway parameter `dag-scope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DagScope {
    Block,
    Entity,
    All,
}

/// A parsed request below `/ipfs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The CID after `/ipfs/`.
    pub root: Cid,
    /// The root as it was written in the request.
    pub root_text: String,
    /// The names below the root, percent-decoded.
    pub path: Vec<Vec<u8>>,
    /// Whether the path ends with a slash.
    pub slash: bool,
    /// The format of the response.
    pub format: Format,
    /// Whether `Accept` decided the format.
    pub by_accept: bool,
    /// Whether the client prefers `text/html` to everything else.
    pub page: bool,
    /// The query parameter `dag-scope` of a CAR.
    pub scope: DagScope,
    /// The query parameter `entity-bytes` of a CAR.
    pub bytes: Option<EntityBytes>,
    /// The URL of the same response without an `Accept` header, if `Accept` made a difference or
    /// would have made one without the query.
    pub content_location: Option<String>,
    /// The query parameter `filename`: the name under which the response is saved.
    pub filename: Option<String>,
    /// Whether the response is to be saved, not shown.
    pub download: bool,
    /// Whether only data that is already in the storage may be used.
    pub only_if_cached: bool,
    /// Whether the client refuses cached responses, so that the response need not be cached either.
    pub uncached: bool,
}

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

/// Whether a page of this node's own origin wants to run what it asks for. The page of web links has that origin, and a
/// shared file must not be able to become a part of it. Browsers say what they ask for only at secure addresses and on the
/// machine itself; elsewhere the page's policy and the sandbox of the files are what there is.
fn is_program(headers: &HeaderMap) -> bool {
    let says = |name: &str, values: &[&[u8]]| {
        let value = headers.get(name).map(HeaderValue::as_bytes);
        value.is_some_and(|value| values.contains(&value))
    };
    says("sec-fetch-site", &[b"same-origin"]) && says("sec-fetch-dest", PROGRAMS)
}

impl Asked {
    /// Parses a request. `open` says whether the gateway serves more than verifiable blocks.
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
            .map(|segment| percent_decode_str(segment).collect())
            .collect::<Vec<Vec<u8>>>();
        if path.len() > MAX_SEGMENTS {
            return Err(Refused::bad("the path has too many segments"));
        }
        let slash = below.ends_with('/');
        if headers.get("service-worker").is_some_and(|v| v == "script") && path.is_empty() && !slash
        {
            return Err(Refused::bad("a service worker cannot be registered here"));
        }
        if is_program(headers) {
            return Err(Refused(
                StatusCode::FORBIDDEN,
                "a shared file is no program of a page of this node".into(),
            ));
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
        let accepts = accepted(headers);
        let (format, by_accept) = accept::format(get("format"), &accepts, open)?;
        // The query decides, and `Accept` would have decided otherwise.
        let overrides = !by_accept
            && get("format").is_some()
            && accept::format(None, &accepts, open)
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
        // Both parameters apply to CARs only, and are ignored elsewhere, whatever they say.
        let of_car = |name| get(name).filter(|_| matches!(format, Format::Car(_)));
        let scope = match of_car("dag-scope") {
            None | Some("all") => DagScope::All,
            Some("entity") => DagScope::Entity,
            Some("block") => DagScope::Block,
            Some(_) => return Err(Refused::bad("dag-scope is not block, entity or all")),
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
            page: accepts
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

/// Parses a root; returns it with its text for the response, which is the text in the request if
/// that is safe everywhere.
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

/// The URL of the same response, with the format in its query.
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

#[cfg(test)]
mod tests {
    use super::super::accept::{CAR, CarParams, DataForm, RAW};
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
        // There is no location if `Accept` has no say, but there is one if it would have decided
        // otherwise.
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
        // The identity multibase holds raw bytes: here an identity CID of «"><b>».
        let (_, text) = root_of("%00%01%55%00%05%22%3E%3Cb%3E").unwrap();
        assert!(text.starts_with("bafk"), "{text}");
        assert!(root_of("%ff").is_none() && root_of("..").is_none());
    }
}
