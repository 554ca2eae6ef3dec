//! A function call as it crosses the wire: one JSON object there, one back, neither over 64 KiB.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::names::FunctionName;

/// The libp2p protocol of a call.
pub const PROTOCOL: &str = "/fluence/call/1.0.0";
/// The largest request or reply, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// How long a call may take unless the caller says otherwise, in milliseconds.
pub const DEADLINE_MS: u64 = 30_000;

/// What a caller sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The function that is called.
    pub function: FunctionName,
    /// Its arguments; what a function does not know it ignores.
    #[serde(default)]
    pub args: Map<String, Value>,
}

/// What a provider answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The function's result.
    Ok(Map<String, Value>),
    /// Why there is none.
    Error(CallError),
}

/// Why a call had no result, as the provider says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct CallError {
    /// For programs.
    pub code: ErrorCode,
    /// For people; at most [`MAX_ERROR_TEXT`] bytes when this peer writes it.
    #[serde(default)]
    pub message: String,
    /// With [`ErrorCode::Busy`]: when to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The longest message in an error, in bytes.
pub const MAX_ERROR_TEXT: usize = 1024;

/// The codes of protocol version 1; one that is not known is taken for [`ErrorCode::Internal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request was not understood.
    BadRequest,
    /// This peer does not provide that function (any more).
    NoSuchFunction,
    /// It does, and will not: a quota, a setting.
    Refused,
    /// It has too much to do; see `retry_after_ms`.
    Busy,
    /// What it needs cannot be reached (no storage, no network).
    Unavailable,
    /// It failed.
    #[serde(other)]
    Internal,
}

impl CallError {
    /// An error with a code and a text for people.
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
    /// Over [`MAX_MESSAGE`].
    #[error("the message is over {MAX_MESSAGE} bytes")]
    TooLarge,
    /// Not the JSON object that is expected here.
    #[error("the message is not understood: {0}")]
    Malformed(String),
}

/// Reads a message; what is over the limit is an error, not cut.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MessageError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge);
    }
    serde_json::from_slice(bytes).map_err(|e| MessageError::Malformed(e.to_string()))
}

/// Writes a message; one over the limit is an error.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    let bytes = serde_json::to_vec(message).map_err(|e| MessageError::Malformed(e.to_string()))?;
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge);
    }
    Ok(bytes)
}

impl Request {
    /// A call with arguments; `args` must serialise to an object (or nothing).
    pub fn new(function: FunctionName, args: &impl Serialize) -> Self {
        let args = match serde_json::to_value(args) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Self { function, args }
    }

    /// The arguments as a type.
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
    /// A result; `ok` must serialise to an object.
    pub fn ok(ok: &impl Serialize) -> Self {
        match serde_json::to_value(ok) {
            Ok(Value::Object(map)) => Self::Ok(map),
            _ => Self::error(ErrorCode::Internal, "the result is not an object"),
        }
    }

    /// An error.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error(CallError::new(code, message))
    }

    /// The result as a type; one that is not understood counts as an internal error of the provider.
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

/// Arguments of `IPFS_multiaddr`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MultiaddrArgs {
    /// The file that is to be put there, for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// Result of `IPFS_multiaddr`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiaddrOk {
    /// The storage's HTTP address ([`crate::storage`]).
    pub multiaddr: String,
    /// Permission to upload that CID; absent when none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the token ends, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// Arguments of `IPFS_<cid>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileArgs {
    /// Answer, but move nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
}

/// Result of `IPFS_<cid>`. All of it is what a stranger says: name and type are made safe before use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileOk {
    /// Where the file can be had; absent for a probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiaddr: Option<String>,
    /// Bytes of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What its provider calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// MIME type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
