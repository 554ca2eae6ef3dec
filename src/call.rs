//! A function call as it crosses the wire: one JSON object in each direction, of at most 64 KiB (`docs/protocol.md`,
//! “A call”).

use multibase::Base;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::names::FunctionName;

/// The protocol id of a call in libp2p.
pub const PROTOCOL: &str = "/fluence/call/1.0.0";
/// The largest request or reply, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// How long a call may take unless the caller says otherwise, in milliseconds.
pub const DEADLINE_MS: u64 = 30_000;

/// The request that a caller sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The name of the function that is called.
    pub function: FunctionName,
    /// Its arguments. A provider ignores those that it does not know.
    #[serde(default, deserialize_with = "object_or_null")]
    pub args: Map<String, Value>,
}

/// The reply that a provider sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Members")]
pub enum Reply {
    /// The function's result.
    Ok(Map<String, Value>),
    /// Why there is no result.
    Error(CallError),
}

/// The members of a reply that matter. All others are ignored, whereas serde's own enums would
/// reject them.
#[derive(Deserialize)]
struct Members {
    ok: Option<Map<String, Value>>,
    error: Option<CallError>,
}

impl TryFrom<Members> for Reply {
    type Error = &'static str;
    fn try_from(members: Members) -> Result<Self, &'static str> {
        match members {
            Members {
                ok: Some(ok),
                error: None,
            } => Ok(Self::Ok(ok)),
            Members {
                ok: None,
                error: Some(error),
            } => Ok(Self::Error(error)),
            _ => Err("a reply has either a result or an error"),
        }
    }
}

/// Why a call had no result, as the provider says it. A malformed error is still an error: a part
/// that is not understood counts as missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct CallError {
    /// The code, for programs.
    #[serde(default, deserialize_with = "or_default")]
    pub code: ErrorCode,
    /// The message, for people. This peer writes at most [`MAX_ERROR_TEXT`] bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
    /// With [`ErrorCode::Busy`], after how many milliseconds to try again.
    #[serde(
        default,
        deserialize_with = "milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub retry_after_ms: Option<u64>,
}

/// The longest message in an error, in bytes.
pub const MAX_ERROR_TEXT: usize = 1024;

/// The error codes of protocol version 1. A code that is not known counts as [`ErrorCode::Internal`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request was not understood.
    BadRequest,
    /// This peer does not provide that function, or no longer does.
    NoSuchFunction,
    /// This peer provides the function and refuses the call, because of a quota or a setting.
    Refused,
    /// This peer has too much to do; `retry_after_ms` says when to try again.
    Busy,
    /// Something that the function needs, such as storage or the network, cannot be reached.
    Unavailable,
    /// The function failed.
    #[default]
    #[serde(other)]
    Internal,
}

/// Reads an object; `null` counts as an empty one.
fn object_or_null<'de, D: Deserializer<'de>>(value: D) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// Reads a value, or the default if the value has another type.
fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    value: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(value)?).unwrap_or_default())
}

/// Reads a time as whole milliseconds, rounded up; `None` if the value is not a time.
fn milliseconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    let time = Value::deserialize(value)?.as_f64();
    Ok(time.filter(|ms| *ms >= 0.0).map(|ms| ms.ceil() as u64))
}

impl CallError {
    /// An error with a code and a message for people, which is cut to [`MAX_ERROR_TEXT`] bytes.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_ERROR_TEXT {
            let mut end = MAX_ERROR_TEXT;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
        }
        Self {
            code,
            message,
            retry_after_ms: None,
        }
    }
}

/// Why bytes are not a message of this protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The message is larger than [`MAX_MESSAGE`].
    #[error("the message is over {MAX_MESSAGE} bytes")]
    TooLarge,
    /// The message is not the JSON object that is expected here.
    #[error("the message is not understood: {0}")]
    Malformed(String),
}

/// Reads a message.
///
/// # Errors
/// [`MessageError`] if the message is malformed, or too large; a message is never truncated.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MessageError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge);
    }
    serde_json::from_slice(bytes).map_err(|e| MessageError::Malformed(e.to_string()))
}

/// Writes a message.
///
/// # Errors
/// [`MessageError::TooLarge`] if it is over the limit.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    let bytes = serde_json::to_vec(message).map_err(|e| MessageError::Malformed(e.to_string()))?;
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge);
    }
    Ok(bytes)
}

impl Request {
    /// A request with arguments. `args` must serialise to an object; anything else counts as no arguments.
    pub fn new(function: FunctionName, args: &impl Serialize) -> Self {
        let args = match serde_json::to_value(args) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Self { function, args }
    }

    /// Whether this only asks whether the peer answers, for whoever confirms an announcement: its
    /// arguments are `{"probe": true}`.
    pub fn is_probe(&self) -> bool {
        self.args.len() == 1 && self.args.get("probe") == Some(&Value::Bool(true))
    }

    /// The arguments, read as a type.
    ///
    /// # Errors
    /// A [`CallError`] with [`ErrorCode::BadRequest`], to be sent to the caller.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_value(Value::Object(self.args.clone())).map_err(|e| {
            CallError::new(
                ErrorCode::BadRequest,
                format!("the arguments are not understood: {e}"),
            )
        })
    }
}

impl Reply {
    /// A reply with a result. `ok` must serialise to an object.
    pub fn ok(ok: &impl Serialize) -> Self {
        match serde_json::to_value(ok) {
            Ok(Value::Object(map)) => Self::Ok(map),
            _ => Self::error(ErrorCode::Internal, "the result is not an object"),
        }
    }

    /// A reply with an error.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error(CallError::new(code, message))
    }

    /// The result, read as a type.
    ///
    /// # Errors
    /// The provider's error; a result that is not understood counts as an internal error of the provider.
    pub fn into_result<T: DeserializeOwned>(self) -> Result<T, CallError> {
        match self {
            Self::Ok(map) => serde_json::from_value(Value::Object(map)).map_err(|e| {
                CallError::new(
                    ErrorCode::Internal,
                    format!("the provider's answer is not understood: {e}"),
                )
            }),
            Self::Error(error) => Err(error),
        }
    }
}

/// The arguments of `IPFS_multiaddr`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MultiaddrArgs {
    /// The CID of the file that is to be uploaded, if a token is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<String>,
    /// The size of that file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The result of `IPFS_multiaddr`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiaddrOk {
    /// The HTTP address of the storage ([`crate::storage`]).
    pub multiaddr: String,
    /// The permission to upload that CID; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the token expires, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// The arguments of `IPFS_release`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseArgs {
    /// The CID of the file that the caller takes back.
    pub cid: String,
}

/// The result of `IPFS_release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseOk {
    /// Whether the storage keeps the file nevertheless, because it is held for another sharer.
    pub kept: bool,
}

/// The most keys in a call of `FLUENCE_holds` or `FLUENCE_withdraw`.
pub const MAX_HELD: usize = 512;
/// How many records are taken back in one call of `FLUENCE_withdraw` if that is signed: about as many as fit into it.
pub const MAX_SIGNED: usize = 256;
/// What precedes the digest in the key of a function, in bytes.
const KEY_PREFIX: usize = 2;

/// The arguments of `FLUENCE_holds`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldsArgs {
    /// The peer id of the provider.
    pub provider: String,
    /// The digests of the keys of functions: 32 bytes each, in hexadecimal digits. There are at most [`MAX_HELD`].
    pub keys: Vec<String>,
}

/// The result of `FLUENCE_holds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldsOk {
    /// For each key whether the node has a record of the provider under it.
    pub held: Vec<bool>,
}

impl HoldsArgs {
    /// Asks about these functions, of which there are at most [`MAX_HELD`].
    pub fn new(provider: String, names: &[FunctionName]) -> Self {
        let keys = names.iter().map(key_of).collect();
        Self { provider, keys }
    }

    /// The digests.
    ///
    /// # Errors
    /// A [`CallError`] with [`ErrorCode::BadRequest`] if there are too many, or one of them is none.
    pub fn digests(&self) -> Result<Vec<[u8; 32]>, CallError> {
        digests_of(&self.keys)
    }
}

/// The arguments of `FLUENCE_withdraw`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawArgs {
    /// The digests of the keys of functions that the caller does not provide any more: 32 bytes each, in hexadecimal
    /// digits. There are at most [`MAX_HELD`].
    pub keys: Vec<String>,
    /// For each key what the caller has signed; absent if it has signed nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<SignedWithdrawal>,
}

/// What a provider says for other nodes than the one that it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedWithdrawal {
    /// When it took the record back, in Unix seconds.
    pub at: u64,
    /// Its signature of the key and that time: 64 bytes in hexadecimal digits.
    pub signature: String,
}

impl SignedWithdrawal {
    /// The record was taken back then, in Unix seconds, which has this signature.
    pub fn new(at: u64, signature: &[u8]) -> Self {
        let signature = Base::Base16Lower.encode(signature);
        Self { at, signature }
    }
}

impl WithdrawArgs {
    /// Takes the records of these functions back, of which there are at most [`MAX_HELD`], or [`MAX_SIGNED`] if that is
    /// signed.
    pub fn new<'a>(
        names: impl Iterator<Item = &'a FunctionName>,
        signed: Vec<SignedWithdrawal>,
    ) -> Self {
        let keys = names.map(key_of).collect();
        Self { keys, signed }
    }

    /// The digests.
    ///
    /// # Errors
    /// Like [`HoldsArgs::digests`].
    pub fn digests(&self) -> Result<Vec<[u8; 32]>, CallError> {
        digests_of(&self.keys)
    }
}

fn key_of(name: &FunctionName) -> String {
    Base::Base16Lower.encode(&name.dht_key()[KEY_PREFIX..])
}

fn digests_of(keys: &[String]) -> Result<Vec<[u8; 32]>, CallError> {
    let bad = |message: &str| CallError::new(ErrorCode::BadRequest, message);
    if keys.len() > MAX_HELD {
        return Err(bad("there are more than 512 keys"));
    }
    let digest = |key: &String| Base::Base16Lower.decode(key).ok()?.try_into().ok();
    let digests: Option<Vec<_>> = keys.iter().map(digest).collect();
    digests.ok_or_else(|| bad("a key does not have 32 bytes in hexadecimal digits"))
}

/// The arguments of `IPFS_<cid>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileArgs {
    /// Whether the provider is only to answer, and to move nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
}

/// The result of `IPFS_<cid>`. All of it comes from a stranger, so the name and the type are made
/// safe before use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileOk {
    /// The address of a storage from which the file can be fetched; absent in the answer to a
    /// probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiaddr: Option<String>,
    /// The size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The provider's name for the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The MIME type of the file.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_most_keys_fit_into_a_message() {
        let name = |n: usize| format!("f{n}").parse().unwrap();
        let names: Vec<FunctionName> = (0..=MAX_HELD).map(name).collect();
        let provider = "1".repeat(52);
        let args = HoldsArgs::new(provider.clone(), &names[..MAX_HELD]);
        let digests = args.digests().unwrap();
        assert_eq!(digests[7], names[7].dht_key()[2..]);
        assert!(encode(&Request::new(FunctionName::holds(), &args)).is_ok());
        let held = vec![false; MAX_HELD];
        assert!(encode(&Reply::ok(&HoldsOk { held })).is_ok());
        for keys in [
            HoldsArgs::new(provider.clone(), &names).keys,
            vec!["AA".into()],
            vec!["=".into()],
        ] {
            let provider = provider.clone();
            assert!(HoldsArgs { provider, keys }.digests().is_err());
        }
    }

    #[test]
    fn messages_are_those_of_the_protocol() {
        let request: Request = decode(br#"{"function":"IPFS_multiaddr","more":1}"#).unwrap();
        assert!(request.args.is_empty());
        assert_eq!(
            serde_json::to_value(Reply::ok(&FileOk {
                size: Some(1),
                ..FileOk::default()
            }))
            .unwrap(),
            json!({"ok": {"size": 1}})
        );
        assert_eq!(
            serde_json::to_value(Reply::error(ErrorCode::NoSuchFunction, "gone")).unwrap(),
            json!({"error": {"code": "no_such_function", "message": "gone"}})
        );
        let strange: Reply = decode(br#"{"error":{"code":"new_in_v2"}}"#).unwrap();
        assert_eq!(strange, Reply::error(ErrorCode::Internal, ""));
    }

    #[test]
    fn what_is_not_known_in_a_message_is_ignored() {
        let request = |text: &str| decode::<Request>(text.as_bytes());
        assert!(request(r#"{"function":"f","args":null,"id":7}"#).is_ok_and(|r| r.args.is_empty()));
        for wrong in [
            r#"{"function":"f","args":"x"}"#,
            r#"{"function":7}"#,
            r#"{"args":{}}"#,
        ] {
            assert!(request(wrong).is_err(), "{wrong}");
        }
        let reply = |text: &str| decode::<Reply>(text.as_bytes());
        for ok in [
            r#"{"ok":{"a":1},"id":7}"#,
            r#"{"id":7,"ok":{"a":1},"error":null}"#,
        ] {
            assert_eq!(reply(ok), Ok(Reply::ok(&json!({"a": 1}))), "{ok}");
        }
        for wrong in [
            "{}",
            r#"{"ok":null,"error":null}"#,
            r#"{"ok":{},"error":{"code":"busy"}}"#,
            r#"{"ok":[]}"#,
            r#"{"ok":"yes"}"#,
            r#"{"error":"busy"}"#,
        ] {
            let malformed = matches!(reply(wrong), Err(MessageError::Malformed(_)));
            assert!(malformed, "{wrong}");
        }
        let busy = |retry_after_ms| {
            let mut error = CallError::new(ErrorCode::Busy, "");
            error.retry_after_ms = retry_after_ms;
            Ok(Reply::Error(error))
        };
        for (said, retry_after_ms) in [
            ("1500", Some(1500)),
            ("1499.5", Some(1500)),
            ("1e99", Some(u64::MAX)),
            ("-1", None),
            ("null", None),
            (r#""soon""#, None),
        ] {
            let text = format!(
                r#"{{"ok":null,"id":7,"error":{{"code":"busy","retry_after_ms":{said},"more":{{}}}}}}"#
            );
            assert_eq!(reply(&text), busy(retry_after_ms), "{said}");
        }
        for strange in ["{}", r#"{"code":null,"message":["x"]}"#, r#"{"code":404}"#] {
            let text = format!(r#"{{"error":{strange}}}"#);
            assert_eq!(reply(&text), Ok(Reply::error(ErrorCode::Internal, "")));
        }
    }

    #[test]
    fn messages_are_bounded() {
        assert_eq!(
            decode::<Request>(&vec![b' '; MAX_MESSAGE + 1]),
            Err(MessageError::TooLarge)
        );
        let big = json!({"x": "y".repeat(MAX_MESSAGE)});
        assert_eq!(encode(&Reply::ok(&big)), Err(MessageError::TooLarge));
        assert!(decode::<Request>(br#"{"function":"a b","args":{}}"#).is_err());
        assert!(decode::<Request>(br#"{"function":"a","args":[]}"#).is_err());
    }
}
