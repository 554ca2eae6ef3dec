//! The reasons for which a peer refuses a call by itself, without asking the program that it
//! belongs to.

use fluence::admission::RETRY_AFTER_MS;
use fluence::call::{CallError, ErrorCode, MessageError, Reply};

/// Why a call was not carried out, or why its result was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// A limit of [`crate::limits`] on outgoing calls is reached.
    #[error("too many calls of this peer are under way")]
    TooManyOutgoing,
    /// The queue of incoming calls is full.
    #[error("too many calls wait at this peer")]
    TooManyIncoming,
    /// The caller, or somebody at the same address, calls too often.
    #[error("too many calls came from this peer or its address")]
    TooManyOfOne,
    /// The program does not take calls.
    #[error("this peer provides no functions")]
    NoFunctions,
    /// The program dropped the call without a reply.
    #[error("the function ended without a result")]
    NoResult,
    /// The caller's message is not a request.
    #[error(transparent)]
    BadRequest(MessageError),
    /// The request cannot be encoded.
    #[error("the call was not sent: {0}")]
    UnsendableRequest(MessageError),
    /// The reply cannot be encoded.
    #[error("the function's result cannot be sent: {0}")]
    UnsendableReply(MessageError),
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        let (code, retry_after_ms) = match refusal {
            Refusal::TooManyOutgoing | Refusal::TooManyIncoming | Refusal::TooManyOfOne => {
                (ErrorCode::Busy, Some(RETRY_AFTER_MS))
            }
            Refusal::NoFunctions => (ErrorCode::NoSuchFunction, None),
            Refusal::NoResult | Refusal::UnsendableReply(_) => (ErrorCode::Internal, None),
            Refusal::BadRequest(_) | Refusal::UnsendableRequest(_) => (ErrorCode::BadRequest, None),
        };
        Self {
            retry_after_ms,
            ..Self::new(code, refusal.to_string())
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal.into())
    }
}
