//! The requests to the file worker and its answers: plain objects, whose large members are transferred or
//! copied by reference.

use std::ops::Range;
use std::time::Duration;

use fluence::cars::CarEnd;
use fluence::failure::Reason;
use fluence::ports::HttpError;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web::js::{member, object, set, text};
use web_sys::{Blob, DomException};

/// The most bytes of a file that are written to another one by one request ([`Request::Excerpt`]).
pub const MAX_EXCERPT: u32 = 4 << 20;

/// A request. Offsets and lengths are in bytes.
#[derive(Debug, Clone)]
pub enum Request {
    /// Writes bytes at an offset.
    Write {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset.
        at: f64,
        /// The bytes, as consecutive `Uint8Array`s whose buffers are transferred.
        pieces: Array,
    },
    /// Writes all bytes of a blob at an offset.
    Copy {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset.
        at: f64,
        /// The blob.
        blob: Blob,
    },
    /// Computes the SHA-256 of leaves.
    Hash {
        /// The name of the file.
        name: String,
        /// The leaves.
        leaves: Vec<Leaf>,
    },
    /// Reads leaves.
    Read {
        /// The name of the file.
        name: String,
        /// The leaves.
        leaves: Vec<Leaf>,
        /// An `ArrayBuffer` for each leaf, which is large enough and is transferred.
        into: Array,
    },
    /// Fetches a CAR. The head is answered, and then the CAR is asked for part by part under this request's
    /// number.
    Car {
        /// The address of the CAR.
        url: String,
        /// The value of the `accept` header.
        accept: String,
        /// How long to wait for the head, and then for each further byte.
        patience: Duration,
        /// The host of the address, as people are told of it.
        host: String,
    },
    /// Asks for the next part of a CAR. Several may be asked for before the first is answered.
    Next {
        /// The number of the CAR.
        car: u32,
    },
    /// Ends a CAR.
    Stop {
        /// The number of the CAR.
        car: u32,
    },
    /// Keeps a block until it is released.
    Keep {
        /// The number under which the block is kept.
        kept: u32,
        /// The block, whose buffer is transferred.
        bytes: Uint8Array,
        /// Those of its bytes that are written later.
        own: Range<u32>,
        /// Whether the SHA-256 of the block is wanted.
        hash: bool,
    },
    /// Writes kept blocks one after the other.
    WriteKept {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset of the first block.
        at: f64,
        /// The numbers of the blocks.
        kept: Vec<u32>,
    },
    /// Releases kept blocks.
    LetGo {
        /// The numbers of the blocks.
        kept: Vec<u32>,
    },
    /// Encrypts bytes as records of a private share, and writes these at an offset. All are full, except for the last one
    /// if the body ends.
    Seal {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset of the first record.
        at: f64,
        /// What makes and numbers the records.
        records: Records,
        /// The bytes, as consecutive `Blob`s and `Uint8Array`s. The buffers of the latter are transferred.
        parts: Array,
        /// Whether the body ends with them.
        ends: bool,
    },
    /// Decrypts records of a private share, all of which are full and none of which is the last, and writes their contents
    /// at an offset.
    Unseal {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset of the first content.
        at: f64,
        /// What makes and numbers the records.
        records: Records,
        /// The name of the file with the records.
        from: String,
        /// The offset of the first one.
        offset: f64,
        /// The number of the records.
        count: u32,
    },
    /// Writes bytes of another file at an offset. At most [`MAX_EXCERPT`] of them are.
    Excerpt {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The offset.
        at: f64,
        /// The name of the other file.
        from: String,
        /// The offset of the bytes in it.
        offset: f64,
        /// The number of the bytes.
        len: u32,
    },
    /// Cuts a file to a length, and closes it.
    Finish {
        /// The name of the file, which is created if it does not exist.
        name: String,
        /// The length in bytes.
        len: f64,
    },
    /// Closes a file.
    Close {
        /// The name of the file.
        name: String,
    },
}

/// Records of a private share that follow one another.
#[derive(Debug, Clone)]
pub struct Records {
    /// The key, as a `CryptoKey`.
    pub key: JsValue,
    /// What the nonces are made from, 12 bytes.
    pub base: Uint8Array,
    /// The size of each record but the last, in bytes.
    pub size: u32,
    /// The number of the first record.
    pub first: f64,
}

impl Records {
    fn write(self, message: &JsValue) {
        set(message, "key", &self.key);
        set(message, "base", &self.base.into());
        set(message, "recordSize", &self.size.into());
        set(message, "first", &self.first.into());
    }

    fn read(message: &JsValue) -> Option<Self> {
        Some(Self {
            key: member(message, "key"),
            base: member(message, "base").dyn_into().ok()?,
            size: member(message, "recordSize").as_f64()? as u32,
            first: member(message, "first").as_f64()?,
        })
    }
}

/// A leaf: bytes of a file, and what surrounds them when they are hashed.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The offset of the bytes in the file.
    pub at: f64,
    /// The number of the bytes.
    pub len: u32,
    /// The bytes that precede them.
    pub prefix: Uint8Array,
    /// The bytes that follow them.
    pub suffix: Uint8Array,
}

impl Leaf {
    /// The number of bytes with prefix and suffix; `None` if there are too many.
    pub fn whole(&self) -> Option<u32> {
        let (before, after) = (self.prefix.length(), self.suffix.length());
        before.checked_add(self.len)?.checked_add(after)
    }

    fn write(self) -> JsValue {
        let leaf = object([("at", self.at.into()), ("len", self.len.into())]);
        for (name, bytes) in [("prefix", self.prefix), ("suffix", self.suffix)] {
            if bytes.length() > 0 {
                set(&leaf, name, &bytes.into());
            }
        }
        leaf
    }

    fn read(leaf: &JsValue) -> Option<Self> {
        let bytes = |name| {
            let bytes = member(leaf, name).dyn_into::<Uint8Array>();
            bytes.unwrap_or_else(|_| Uint8Array::new_with_length(0))
        };
        Some(Self {
            at: member(leaf, "at").as_f64()?,
            len: member(leaf, "len").as_f64()? as u32,
            prefix: bytes("prefix"),
            suffix: bytes("suffix"),
        })
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The disk is full, or the browser's quota is used up.
    Full,
    /// The bytes do not exist, or no longer.
    Gone(String),
    /// There is no response over HTTP.
    Http(HttpError),
    /// It failed in another way.
    Failed(String),
}

/// What was asked for.
#[derive(Debug, Clone)]
pub enum Said {
    /// It is done. There are 32 bytes for each hash that was asked for.
    Done(Uint8Array),
    /// The bytes that were read, as `Uint8Array`s whose buffers are transferred.
    Read(Array),
    /// The head of the response with a CAR.
    Head(Head),
    /// The next part of a CAR.
    Came(Came),
}

/// The head of a response over HTTP.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`, if there is one.
    pub content_type: Option<String>,
}

/// A part of a CAR: as much as is worth a message.
#[derive(Debug, Clone, Default)]
pub struct Came {
    /// The number of bytes that have arrived, whatever they are.
    pub heard: u32,
    /// The blocks that were verified: the CID and the bytes of each.
    pub blocks: Vec<(Uint8Array, Piece)>,
    /// The end, if nothing more comes: success, or why it ended early.
    pub end: Option<Result<(), CarEnd>>,
}

/// The bytes of a block.
#[derive(Debug, Clone)]
pub enum Piece {
    /// The bytes themselves.
    Bytes(Uint8Array),
    /// Those of a leaf, which the file worker keeps.
    Kept {
        /// The number under which it keeps them.
        kept: u32,
        /// What precedes them in their block.
        prefix: Uint8Array,
        /// The number of bytes.
        len: u32,
        /// What follows them.
        suffix: Uint8Array,
    },
}

/// The answer to a request.
pub type Answer = Result<Said, Problem>;

impl Request {
    /// The request as a message, with what is transferred.
    pub fn write(self, number: u32) -> (JsValue, Array) {
        let handed_over = Array::new();
        let message = match self {
            Self::Write { name, at, pieces } => {
                for buffer in buffers_of(&pieces) {
                    handed_over.push(&buffer);
                }
                object([
                    ("ask", "write".into()),
                    ("name", name.into()),
                    ("at", at.into()),
                    ("pieces", pieces.into()),
                ])
            }
            Self::Copy { name, at, blob } => object([
                ("ask", "copy".into()),
                ("name", name.into()),
                ("at", at.into()),
                ("blob", blob.into()),
            ]),
            Self::Hash { name, leaves } => object([
                ("ask", "hash".into()),
                ("name", name.into()),
                ("leaves", write_leaves(leaves)),
            ]),
            Self::Read { name, leaves, into } => {
                for buffer in into.iter() {
                    handed_over.push(&buffer);
                }
                object([
                    ("ask", "read".into()),
                    ("name", name.into()),
                    ("leaves", write_leaves(leaves)),
                    ("into", into.into()),
                ])
            }
            Self::Car {
                url,
                accept,
                patience,
                host,
            } => object([
                ("ask", "car".into()),
                ("url", url.into()),
                ("accept", accept.into()),
                ("patience", (patience.as_millis() as f64).into()),
                ("host", host.into()),
            ]),
            Self::Next { car } => object([("ask", "next".into()), ("car", car.into())]),
            Self::Stop { car } => object([("ask", "stop".into()), ("car", car.into())]),
            Self::Keep {
                kept,
                bytes,
                own,
                hash,
            } => {
                handed_over.push(&bytes.buffer());
                object([
                    ("ask", "keep".into()),
                    ("kept", kept.into()),
                    ("bytes", bytes.into()),
                    ("from", own.start.into()),
                    ("to", own.end.into()),
                    ("hash", hash.into()),
                ])
            }
            Self::WriteKept { name, at, kept } => object([
                ("ask", "write kept".into()),
                ("name", name.into()),
                ("at", at.into()),
                ("kept", numbers(&kept)),
            ]),
            Self::LetGo { kept } => object([("ask", "let go".into()), ("kept", numbers(&kept))]),
            Self::Seal {
                name,
                at,
                records,
                parts,
                ends,
            } => {
                for buffer in buffers_of(&parts) {
                    handed_over.push(&buffer);
                }
                let message = object([
                    ("ask", "seal".into()),
                    ("name", name.into()),
                    ("at", at.into()),
                    ("parts", parts.into()),
                    ("ends", ends.into()),
                ]);
                records.write(&message);
                message
            }
            Self::Unseal {
                name,
                at,
                records,
                from,
                offset,
                count,
            } => {
                let message = object([
                    ("ask", "unseal".into()),
                    ("name", name.into()),
                    ("at", at.into()),
                    ("from", from.into()),
                    ("offset", offset.into()),
                    ("count", count.into()),
                ]);
                records.write(&message);
                message
            }
            Self::Excerpt {
                name,
                at,
                from,
                offset,
                len,
            } => object([
                ("ask", "excerpt".into()),
                ("name", name.into()),
                ("at", at.into()),
                ("from", from.into()),
                ("offset", offset.into()),
                ("len", len.into()),
            ]),
            Self::Finish { name, len } => object([
                ("ask", "finish".into()),
                ("name", name.into()),
                ("len", len.into()),
            ]),
            Self::Close { name } => object([("ask", "close".into()), ("name", name.into())]),
        };
        set(&message, "number", &number.into());
        (message, handed_over)
    }

    /// The number and the request in a message; `None` if it is not a request.
    pub fn read(message: &JsValue) -> Option<(u32, Self)> {
        let number = member(message, "number").as_f64()? as u32;
        let text = |name| text(message, name);
        let name = text("name").unwrap_or_default();
        let float = |name| member(message, name).as_f64();
        let request = match member(message, "ask").as_string()?.as_str() {
            "write" => Self::Write {
                name,
                at: float("at")?,
                pieces: member(message, "pieces").dyn_into().ok()?,
            },
            "copy" => Self::Copy {
                name,
                at: float("at")?,
                blob: member(message, "blob").dyn_into().ok()?,
            },
            "hash" => Self::Hash {
                name,
                leaves: read_leaves(message)?,
            },
            "read" => Self::Read {
                name,
                leaves: read_leaves(message)?,
                into: member(message, "into").dyn_into().ok()?,
            },
            "car" => Self::Car {
                url: text("url")?,
                accept: text("accept")?,
                patience: Duration::from_millis(float("patience")? as u64),
                host: text("host")?,
            },
            "next" => Self::Next {
                car: float("car")? as u32,
            },
            "stop" => Self::Stop {
                car: float("car")? as u32,
            },
            "keep" => Self::Keep {
                kept: float("kept")? as u32,
                bytes: member(message, "bytes").dyn_into().ok()?,
                own: float("from")? as u32..float("to")? as u32,
                hash: member(message, "hash").is_truthy(),
            },
            "write kept" => Self::WriteKept {
                name,
                at: float("at")?,
                kept: read_numbers(&member(message, "kept"))?,
            },
            "let go" => Self::LetGo {
                kept: read_numbers(&member(message, "kept"))?,
            },
            "seal" => Self::Seal {
                name,
                at: float("at")?,
                records: Records::read(message)?,
                parts: member(message, "parts").dyn_into().ok()?,
                ends: member(message, "ends").is_truthy(),
            },
            "unseal" => Self::Unseal {
                name,
                at: float("at")?,
                records: Records::read(message)?,
                from: text("from")?,
                offset: float("offset")?,
                count: float("count")? as u32,
            },
            "excerpt" => Self::Excerpt {
                name,
                at: float("at")?,
                from: text("from")?,
                offset: float("offset")?,
                len: float("len")? as u32,
            },
            "finish" => Self::Finish {
                name,
                len: float("len")?,
            },
            "close" => Self::Close { name },
            _ => return None,
        };
        Some((number, request))
    }
}

/// The answer to the request with this number, as a message.
pub fn answer(number: u32, answer: Answer) -> JsValue {
    let message = match answer {
        Ok(Said::Done(bytes)) => object([("bytes", bytes.into())]),
        Ok(Said::Read(pieces)) => object([("pieces", pieces.into())]),
        Ok(Said::Head(head)) => object([
            ("status", head.status.into()),
            ("type", head.content_type.into()),
        ]),
        Ok(Said::Came(came)) => {
            let blocks = Array::new();
            for (cid, piece) in came.blocks {
                let block = match piece {
                    Piece::Bytes(bytes) => object([("cid", cid.into()), ("bytes", bytes.into())]),
                    Piece::Kept {
                        kept,
                        prefix,
                        len,
                        suffix,
                    } => object([
                        ("cid", cid.into()),
                        ("kept", kept.into()),
                        ("prefix", prefix.into()),
                        ("len", len.into()),
                        ("suffix", suffix.into()),
                    ]),
                };
                blocks.push(&block);
            }
            let message = object([("heard", came.heard.into()), ("blocks", blocks.into())]);
            if let Some(end) = came.end {
                let (kind, text) = match end {
                    Ok(()) => ("", String::new()),
                    Err(CarEnd::Http(error)) => of_http(error),
                    Err(CarEnd::Short(reason)) => ("short", reason.to_string()),
                    Err(CarEnd::Unusable(reason)) => ("unusable", reason.to_string()),
                    Err(CarEnd::Wrong) => ("wrong", String::new()),
                    Err(CarEnd::Unverifiable(reason)) => ("unverifiable", reason.to_string()),
                };
                set(&message, "end", &kind.into());
                set(&message, "text", &text.into());
            }
            message
        }
        Err(problem) => {
            let (kind, text) = match problem {
                Problem::Full => ("full", String::new()),
                Problem::Gone(text) => ("gone", text),
                Problem::Http(error) => of_http(error),
                Problem::Failed(text) => ("failed", text),
            };
            object([("problem", kind.into()), ("text", text.into())])
        }
    };
    set(&message, "number", &number.into());
    message
}

/// The number and the answer in a message; `None` if it is not an answer.
pub fn read_answer(message: &JsValue) -> Option<(u32, Answer)> {
    let number = |name| member(message, name).as_f64();
    let string = |name| text(message, name);
    let text = string("text").unwrap_or_default();
    let bytes = || member(message, "bytes").dyn_into::<Uint8Array>().ok();
    let answer = if let Some(kind) = string("problem") {
        Err(match kind.as_str() {
            "full" => Problem::Full,
            "gone" => Problem::Gone(text),
            kind => match http(kind, &text) {
                Some(error) => Problem::Http(error),
                None => Problem::Failed(text),
            },
        })
    } else if let Some(status) = number("status") {
        Ok(Said::Head(Head {
            status: status as u16,
            content_type: string("type"),
        }))
    } else if let Some(heard) = number("heard") {
        let blocks: Array = member(message, "blocks").dyn_into().ok()?;
        let end = string("end").map(|kind| match kind.as_str() {
            "" => Ok(()),
            "short" => Err(CarEnd::Short(Reason::from(&*text))),
            "wrong" => Err(CarEnd::Wrong),
            "unverifiable" => Err(CarEnd::Unverifiable(Reason::from(&*text))),
            kind => Err(match http(kind, &text) {
                Some(error) => CarEnd::Http(error),
                None => CarEnd::Unusable(Reason::from(&*text)),
            }),
        });
        Ok(Said::Came(Came {
            heard: heard as u32,
            blocks: blocks.iter().map(read_block).collect::<Option<_>>()?,
            end,
        }))
    } else if let Ok(pieces) = member(message, "pieces").dyn_into() {
        Ok(Said::Read(pieces))
    } else {
        Ok(Said::Done(bytes()?))
    };
    Some((number("number")? as u32, answer))
}

fn write_leaves(leaves: Vec<Leaf>) -> JsValue {
    let array: Array = leaves.into_iter().map(Leaf::write).collect();
    array.into()
}

fn read_leaves(message: &JsValue) -> Option<Vec<Leaf>> {
    let leaves: Array = member(message, "leaves").dyn_into().ok()?;
    leaves.iter().map(|leaf| Leaf::read(&leaf)).collect()
}

fn read_block(block: JsValue) -> Option<(Uint8Array, Piece)> {
    let number = |name| member(&block, name).as_f64();
    let piece = match number("kept") {
        Some(kept) => Piece::Kept {
            kept: kept as u32,
            prefix: member(&block, "prefix").dyn_into().ok()?,
            len: number("len")? as u32,
            suffix: member(&block, "suffix").dyn_into().ok()?,
        },
        None => Piece::Bytes(member(&block, "bytes").dyn_into().ok()?),
    };
    Some((member(&block, "cid").dyn_into().ok()?, piece))
}

/// The buffers of these `Uint8Array`s.
pub(crate) fn buffers_of(pieces: &Array) -> impl Iterator<Item = ArrayBuffer> {
    let buffer = |piece: JsValue| Some(piece.dyn_into::<Uint8Array>().ok()?.buffer());
    pieces.iter().filter_map(buffer)
}

fn numbers(numbers: &[u32]) -> JsValue {
    let array: Array = numbers.iter().copied().map(JsValue::from).collect();
    array.into()
}

fn read_numbers(array: &JsValue) -> Option<Vec<u32>> {
    let number = |number: JsValue| Some(number.as_f64()? as u32);
    array.dyn_ref::<Array>()?.iter().map(number).collect()
}

fn of_http(error: HttpError) -> (&'static str, String) {
    match error {
        HttpError::Unreachable(host) => ("unreachable", host),
        HttpError::Silent(host) => ("silent", host),
        HttpError::Broken(host) => ("broken", host),
    }
}

fn http(kind: &str, host: &str) -> Option<HttpError> {
    let error = match kind {
        "unreachable" => HttpError::Unreachable,
        "silent" => HttpError::Silent,
        "broken" => HttpError::Broken,
        _ => return None,
    };
    Some(error(host.to_owned()))
}

impl Problem {
    /// The meaning of an exception of the browser's file system or of a blob.
    pub fn of(why: &JsValue) -> Self {
        let Some(exception) = why.dyn_ref::<DomException>() else {
            return Self::Failed(format!("{why:?}"));
        };
        match exception.name().as_str() {
            "QuotaExceededError" => Self::Full,
            "NotFoundError" | "NotReadableError" => Self::Gone(exception.message()),
            name => Self::Failed(format!("{name}: {}", exception.message())),
        }
    }
}
