//! The format of a response, which the query or `Accept` decides.

use axum::http::{HeaderMap, StatusCode, header};

use super::reply::Refused;
use crate::storage::ipld;

/// How many media types of `Accept` are considered.
const MAX_ACCEPTED: usize = 64;

/// The parameters of a CAR. The order is not among them: it is always depth-first, and requests for
/// another order are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CarParams {
    /// Whether a block is sent again each time it is linked.
    pub dups: bool,
}

/// The format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A single block.
    Raw,
    /// A CAR.
    Car(CarParams),
    /// A single block of JSON or CBOR, requested in that format.
    Data(DataForm),
    /// The file itself, or a page that lists a directory.
    Plain,
}

impl Format {
    /// Its value of the query parameter `format`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Car(_) => "car",
            Self::Data(form) => form.name(),
            Self::Plain => "",
        }
    }
}

/// A format of structured data. Blocks are never converted: each is served in the format of its
/// codec, or in the plain variant of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataForm {
    Json,
    Cbor,
    DagJson,
    DagCbor,
}

impl DataForm {
    const ALL: [Self; 4] = [Self::Json, Self::Cbor, Self::DagJson, Self::DagCbor];

    /// The format of a codec's blocks.
    pub fn of(codec: u64) -> Option<Self> {
        match codec {
            ipld::JSON => Some(Self::Json),
            ipld::CBOR => Some(Self::Cbor),
            ipld::DAG_JSON => Some(Self::DagJson),
            ipld::DAG_CBOR => Some(Self::DagCbor),
            _ => None,
        }
    }

    /// The same format without IPLD links.
    pub fn plain(self) -> Self {
        match self {
            Self::Json | Self::DagJson => Self::Json,
            Self::Cbor | Self::DagCbor => Self::Cbor,
        }
    }

    /// Its name in the query parameter `format` and in an `Etag`.
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

/// A media type that a client accepts.
pub(super) struct Accepted<'a> {
    /// The type without its parameters, in lower case.
    pub essence: String,
    params: Vec<(String, &'a str)>,
    quality: f32,
}

/// The media type of a single block.
pub(super) const RAW: &str = "application/vnd.ipld.raw";
/// The media type of a CAR.
pub(super) const CAR: &str = "application/vnd.ipld.car";

/// The media types that a client accepts, the preferred one first.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<Accepted<'_>> {
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
    // With equal quality, a specific type precedes a wildcard. The sort is stable, so otherwise the
    // order of the header decides.
    let stars = |accepted: &Accepted<'_>| accepted.essence.matches('*').count();
    accepted.sort_by(|a, b| {
        b.quality
            .total_cmp(&a.quality)
            .then(stars(a).cmp(&stars(b)))
    });
    accepted
}

/// The format that is asked for, and whether `Accept` decided it.
pub(super) fn format(
    query: Option<&str>,
    accept: &[Accepted<'_>],
    open: bool,
) -> Result<(Format, bool), Refused> {
    let car = |accepted: &Accepted<'_>| accept_car(accepted).map(Format::Car);
    match query {
        Some("raw") => return Ok((Format::Raw, false)),
        Some("car") => {
            // `Accept` may still set the parameters of the CAR.
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
                    format!("the format {name} is not supported; raw and car are"),
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
            other if other.starts_with("application/vnd.ip") => refused = Some("that media type"),
            _ if open => return Ok((Format::Plain, false)),
            "*/*" | "application/*" => {}
            _ => refused = Some("that media type"),
        }
    }
    match refused {
        Some(what) => Err(Refused(
            StatusCode::NOT_ACCEPTABLE,
            format!("{what} is not supported; {RAW} and {CAR} (version=1; order=dfs) are"),
        )),
        None if open => Ok((Format::Plain, false)),
        None => Err(Refused::bad(format!(
            "this gateway serves only verifiable blocks: ask with format=raw or format=car, or accept {RAW} or {CAR}"
        ))),
    }
}

/// The format of structured data with this media type.
fn form_of(mime: &str) -> Option<DataForm> {
    let mut forms = DataForm::ALL.into_iter();
    forms.find(|form| form.mime() == mime)
}

/// The parameters of the CAR that a media type asks for; `None` if this gateway does not make such
/// a CAR.
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

/// Applies the query's CAR parameters, which override those of `Accept`.
pub(super) fn car_params(
    mut params: CarParams,
    version: Option<&str>,
    order: Option<&str>,
    dups: Option<&str>,
) -> Result<CarParams, Refused> {
    if !matches!(version, None | Some("1")) {
        return Err(Refused::bad("only CAR version 1 is supported"));
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
