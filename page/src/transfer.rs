//! Fetches a file from the node as verified bytes, in their order.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::cars::{self, Blocks, CarEnd, FromCar, Payload};
use fluence::content::hash::{self, HashError};
use fluence::content::walk::{Limits, Step, Walk};
use fluence::content::{Dag, DagFile};
use fluence::names::canonical;
use fluence::ports::HttpError;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use gloo_timers::future::TimeoutFuture;
use js_sys::ArrayBuffer;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web::bytes::ByteReader;
use web::http::fetch;
use web::time::{Silence, timer};
use web_sys::{AbortController, Headers, RequestCache, RequestCredentials, RequestInit, Response};

use crate::content::Changes;
use crate::text::Trouble;

/// The form of the answer: blocks in the order in which they are verified.
const ACCEPT: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
/// How long the node may take to get the file from whoever shares it, and then for each further byte.
const PATIENCE: Duration = Duration::from_secs(90);
/// How many bytes are read at a time.
const PIECE: u32 = 512 * 1024;
/// Blocks that are smaller, in bytes, are hashed by this program, because a call of the browser takes as long.
const WORTH_A_CALL: usize = 16 * 1024;
/// How many bytes of a large file are asked for at a time. Firefox reads all of an answer as fast as it comes, and keeps in
/// memory what this program has not read yet.
const ASKED: u64 = 32 << 20;
/// How many times an answer may break off without a new block before the transfer ends.
pub const MAX_TRIES: u32 = 4;
/// The wait before it is asked for again, in milliseconds.
pub const RETRY_MS: u32 = 1500;

/// A transfer that is under way. Dropping it ends it.
pub struct Transfer {
    walk: Walk,
    answer: Option<Answer>,
    tries: u32,
}

/// What the node sends.
struct Answer {
    /// Whether it ends before the end of the file.
    is_piece: bool,
    /// Whether there was anything new in it.
    brought: bool,
    coming: Coming,
}

/// Blocks that the node sends, all of which are verified. Dropping it ends the transfer.
pub struct Coming {
    /// The blocks.
    pub blocks: Blocks,
    _abort: AbortOnDrop,
}

impl Transfer {
    /// Begins to fetch the file with this CID.
    pub async fn begin(cid: Cid) -> Result<Self, Trouble> {
        let mut transfer = Self {
            walk: Walk::new(cid, Limits::default()),
            answer: None,
            tries: 0,
        };
        // What is wrong at first is told at once.
        transfer.ask().await?;
        Ok(transfer)
    }

    /// The number of bytes so far.
    pub fn offset(&self) -> u64 {
        self.walk.offset()
    }

    /// The number of bytes of the whole file, once it is known. That of a folder is not.
    pub fn size(&self) -> Option<u64> {
        self.walk.size()
    }

    /// About how many bytes a folder has, as whoever made it says.
    pub fn stated_len(&self) -> Option<u64> {
        self.walk.stated_len()
    }

    /// The files and empty folders that have begun. The bytes that came last are of the last one.
    pub fn files(&self) -> &[DagFile] {
        self.walk.files()
    }

    /// Whether it is a folder, as far as is known.
    pub fn is_folder(&self) -> bool {
        let first = self.walk.files().first();
        first.is_some_and(|file| !file.path.is_empty())
    }

    /// The next bytes, all of which are verified; `None` if all are here.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            if let Some((_, data)) = self.walk.inline()? {
                return Ok(Some(data));
            }
            if self.walk.is_done() {
                return Ok(None);
            }
            let Some(answer) = &mut self.answer else {
                self.ask().await?;
                continue;
            };
            match answer.coming.blocks.next().await {
                Some(Ok(FromCar::Heard(_))) => {}
                Some(Ok(FromCar::Block(cid, Payload::Bytes(bytes)))) => {
                    if let Step::New { data, .. } = self.walk.accept(cid, bytes)? {
                        self.tries = 0;
                        answer.brought = true;
                        if !answer.is_piece && self.is_large() {
                            // Now that this is known, the rest is asked for piece by piece.
                            self.answer = None;
                        }
                        return Ok(Some(data));
                    }
                }
                // Nothing is kept elsewhere here.
                Some(Ok(FromCar::Block(_, Payload::Kept(_)))) => {}
                Some(Err(end @ (CarEnd::Http(_) | CarEnd::Short(_)))) => {
                    self.again(end.into()).await?;
                }
                Some(Err(end)) => return Err(end.into()),
                // The next piece is asked for at once, if this one has brought anything.
                None if answer.is_piece && answer.brought => self.answer = None,
                None => self.again(Trouble::broken()).await?,
            }
        }
    }

    /// Whether it is one file that is asked for in pieces.
    fn is_large(&self) -> bool {
        self.walk.size().is_some_and(|size| size > 2 * ASKED)
    }

    /// What of a folder cannot be saved as it was shared, as far as it is here.
    pub fn changes(&self) -> Changes {
        let links = self.walk.symlinks().iter().map(|link| &*link.path);
        let left_out: HashSet<&str> = links.clone().collect();
        let renamed = self.walk.renamed().iter();
        let mut names: Vec<(String, String)> = renamed
            .filter(|(path, _)| !left_out.contains(path.as_str()))
            .map(|(path, name)| (String::from_utf8_lossy(name).into_owned(), path.clone()))
            .collect();
        names.sort_unstable_by(|one, other| one.1.cmp(&other.1));
        Changes {
            links: links.map(str::to_owned).collect(),
            names,
        }
    }

    /// The DAG, all of which is here.
    pub fn finish(self) -> Result<Dag, Trouble> {
        Ok(self.walk.finish()?)
    }

    /// Goes on after an answer that broke off, unless that has happened too often.
    async fn again(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.answer = None;
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return Err(trouble);
        }
        TimeoutFuture::new(RETRY_MS).await;
        Ok(())
    }

    /// Asks the node for what is missing.
    async fn ask(&mut self) -> Result<(), Trouble> {
        let Some(point) = self.walk.resume_point() else {
            return Ok(());
        };
        let is_piece = self.is_large();
        let scope = match point.offset {
            0 if !is_piece => "dag-scope=all".to_owned(),
            offset => {
                let end = if is_piece {
                    (offset + ASKED - 1).to_string()
                } else {
                    "*".to_owned()
                };
                format!("dag-scope=entity&entity-bytes={offset}:{end}")
            }
        };
        match ask(&point.file, &scope).await {
            Ok(coming) => {
                self.answer = Some(Answer {
                    is_piece,
                    brought: false,
                    coming,
                });
            }
            Err(trouble) if self.walk.offset() > 0 => self.again(trouble).await?,
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }
}

/// Asks the node for blocks of a file: those that the parameters say.
pub async fn ask(cid: &Cid, scope: &str) -> Result<Coming, Trouble> {
    let url = format!("/ipfs/{}?format=car&{scope}", canonical(cid));
    let abort = AbortController::new().map_err(|_| Trouble::broken())?;
    let headers = Headers::new().map_err(|_| Trouble::broken())?;
    headers
        .set("accept", ACCEPT)
        .map_err(|_| Trouble::broken())?;
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::Omit);
    // Otherwise browsers read far ahead of this program, and keep what they read.
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&abort.signal()));
    let abort = AbortOnDrop(abort);
    let response = select(JsFuture::from(fetch(&url, &init)), timer(PATIENCE)).await;
    let response: Response = match response {
        Either::Left((Ok(response), _)) => response.unchecked_into(),
        Either::Left((Err(_), _)) => return Err(Trouble::unreachable()),
        Either::Right(_) => return Err(Trouble::silent()),
    };
    if !response.ok() {
        return Err(Trouble::refused(response.status()));
    }
    let body = response.body().ok_or_else(Trouble::broken)?;
    let reader = ByteReader::new(&body, ArrayBuffer::new(PIECE));
    let reader = reader.map_err(|_| Trouble::broken())?;
    Ok(Coming {
        blocks: cars::blocks(pieces(reader), verify),
        _abort: abort,
    })
}

fn pieces(reader: ByteReader) -> LocalBoxStream<'static, Result<Bytes, HttpError>> {
    let silence = Silence::new(PATIENCE);
    stream::try_unfold((reader, silence), |(mut reader, mut silence)| async move {
        let read = match select(pin!(reader.read()), pin!(silence.comes())).await {
            Either::Left((Ok(piece), _)) => piece.map(|piece| Bytes::from(piece.to_vec())),
            Either::Left((Err(_), _)) => return Err(HttpError::Broken(String::new())),
            Either::Right(_) => return Err(HttpError::Silent(String::new())),
        };
        Ok(read.map(|piece| (piece, (reader, silence))))
    })
    .boxed_local()
}

fn verify(cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
    let expected = hash::is_sha2_256(&cid).filter(|_| block.len() >= WORTH_A_CALL);
    async move {
        if let Some(expected) = expected
            && let Ok(digest) = web::hash::sha256(&block).await
        {
            let is_right = digest == expected;
            return is_right.then_some(()).ok_or(HashError::Mismatch(cid));
        }
        // The browser computes no such hash, or none on a page that is not from a secure address.
        hash::verify(&cid, &block)
    }
    .boxed_local()
}

/// Ends the transfer when its reader is dropped.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
