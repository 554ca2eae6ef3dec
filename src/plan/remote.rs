//! What is shared from an address. It is asked for once the share is in the list, and asked for again from where an
//! answer broke off, also by a later run.

use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::private::Intake;
use super::share::{check_kind, is_page, of_source};
use super::{Engine, pace};
use crate::failure::{Code, Failure};
use crate::names::chosen_name;
use crate::ports::{HttpBody, HttpError, Platform};
use crate::private::Key;
use crate::state::{EventKind, ItemId};

/// The most shares that are read from addresses at the same time; the others wait.
pub(super) const READ_AT_ONCE: usize = 64;
/// How many times in a row an answer may break off without a new byte, and how many times altogether.
const MAX_TRIES: u32 = 5;
const MAX_ANSWERS: u32 = 200;
/// The MIME type of a web page.
const WEB_PAGE: &str = "text/html";
/// The waits between them.
const RETRY_BASE: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(30);

/// Something at an address. It can be asked for more than once.
pub trait Remote: 'static {
    /// Asks for its bytes: for all of them, or only for those that are not here yet. A server may send all of them in
    /// either case.
    ///
    /// # Errors
    /// The [`Failure`] for which nothing can be read.
    fn open(&self, resume: Option<Resume>) -> LocalBoxFuture<'_, Result<Opened, Failure>>;
}

/// Where a transfer that broke off continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The number of bytes that are here.
    pub at: u64,
    /// What the server called this version: the `ETag` or the `Last-Modified` of the earlier answer.
    pub validator: String,
}

/// An answer, with its bytes still to be read.
pub struct Opened {
    /// The name of the file, if the answer or the address tells it.
    pub name: Option<String>,
    /// The name that it has instead if it is a web page, and one is wanted.
    pub page: Option<String>,
    /// Its MIME type, if the answer states it.
    pub mime: Option<String>,
    /// The size of the whole file in bytes, if the answer states it.
    pub size: Option<u64>,
    /// The offset of the first byte that comes: that of [`Resume::at`], or 0.
    pub start: u64,
    /// What the server calls this version, if that proves that a later part belongs to the same bytes.
    pub validator: Option<String>,
    /// The kind of thing that should come.
    pub expects: Expected,
    /// The name that the file has instead if its bytes do not begin like a compressed file, because they were
    /// decompressed on the way.
    pub unpacked: Option<String>,
    /// The bytes.
    pub body: Box<dyn HttpBody>,
}

/// The kind of thing that a person clicked on, so that a login page in its place is noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expected {
    /// Anything at all.
    #[default]
    Any,
    /// A file that is not a web page.
    File,
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A sound.
    Audio,
}

/// Why a transfer ended early.
enum Ended {
    /// It broke off, and may continue.
    Http(HttpError),
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<P: Platform> Engine<P> {
    /// Stores what is at an address, encrypted if there is a key, and returns when all of it has come.
    pub(super) async fn take_remote(
        &self,
        id: &ItemId,
        remote: &dyn Remote,
        key: Option<&Key>,
    ) -> Result<Intake<P>, Failure> {
        let mut partial = self.intake(id, key).await?;
        if partial.is_whole() {
            return Ok(partial);
        }
        let (mut tries, mut waits, mut answers) = (0, 0, 0);
        loop {
            let at = partial.len();
            let validator = self.item(id, |item| item.validator.clone()).flatten();
            let resume = validator
                .filter(|_| at > 0)
                .map(|validator| Resume { at, validator });
            let resumes = resume.is_some();
            let failure = match remote.open(resume).await {
                // A network that wants a login first answers for everybody, with a page of its own.
                Ok(opened) if resumes && opened.start != at && self.is_other_page(id, &opened) => {
                    Failure::of_http(Code::SourceBroken, &self.broken(id))
                }
                Ok(opened) => {
                    if opened.start != at {
                        drop(partial);
                        partial = self.intake_again(id, key).await?;
                    }
                    if opened.start != partial.len() {
                        return Err(Code::SourceBroken.into());
                    }
                    let has_validator = opened.validator.is_some();
                    match self.take_answer(id, opened, &mut partial).await {
                        Ok(()) => return Ok(partial),
                        Err(Ended::Failed(failure)) => return Err(failure),
                        Err(Ended::Http(error)) if has_validator => {
                            partial.flush().await?;
                            of_source(&error)
                        }
                        Err(Ended::Http(error)) => return Err(of_source(&error)),
                    }
                }
                // What broke off before may be reached again in a moment.
                Err(failure) if resumes && is_of_source(&failure.code) => failure,
                Err(failure) => return Err(failure),
            };
            (tries, waits) = match partial.len() > at {
                true => (0, 0),
                // Without a network nothing is reached, and that is not the server's fault.
                false => (tries + u32::from(self.can_call()), waits + 1),
            };
            answers += 1;
            if tries == MAX_TRIES || answers == MAX_ANSWERS {
                return Err(failure);
            }
            let random = self.0.platform.random();
            self.sleep(pace::backoff(RETRY_BASE, RETRY_MOST, waits, random))
                .await;
        }
    }

    /// Whether an answer is a web page, where what has come before is none.
    fn is_other_page(&self, id: &ItemId, opened: &Opened) -> bool {
        let mime = self.item(id, |item| item.mime.clone()).flatten();
        is_page(opened.mime.as_deref(), &[]) && !is_page(mime.as_deref(), &[])
    }

    /// That an answer broke off.
    fn broken(&self, id: &ItemId) -> HttpError {
        let url = self.item(id, |item| item.source.as_ref()?.url.clone());
        HttpError::Broken(crate::text::host_of(&url.flatten().unwrap_or_default()))
    }

    /// Stores what an answer brings.
    async fn take_answer(
        &self,
        id: &ItemId,
        opened: Opened,
        partial: &mut Intake<P>,
    ) -> Result<(), Ended> {
        let Opened {
            name,
            page,
            mime,
            size,
            start,
            validator,
            expects,
            unpacked,
            mut body,
        } = opened;
        self.make_room(id, size.unwrap_or(0))?;
        let host = self.item(id, |item| item.source.as_ref()?.url.clone());
        let host = host.flatten().unwrap_or_default();
        let mut meter = pace::Meter::new(self.now(), start, size);
        let mut told = Some((name, mime.clone(), size, validator));
        loop {
            let chunk = body.chunk().await.map_err(Ended::Http)?;
            // What the answer says of the file counts once it has turned out to be the right kind of thing.
            if let Some((name, mime, size, validator)) = told.take() {
                let first = chunk.as_deref().unwrap_or_default();
                if start == 0 {
                    let fits = check_kind(expects, mime.as_deref(), first);
                    fits.map_err(|code| Failure::new(code).host(&host))?;
                }
                let is_unpacked = unpacked.is_some() && !is_compressed(first);
                let (name, mime) = match page.clone() {
                    Some(page) if is_page(mime.as_deref(), first) => {
                        (Some(page), Some(WEB_PAGE.to_owned()))
                    }
                    _ if is_unpacked => (unpacked.clone(), None),
                    _ => (name, mime),
                };
                self.record([EventKind::Described {
                    id: id.clone(),
                    name: name.filter(|_| start == 0).map(|name| chosen_name(&name)),
                    mime,
                    size,
                    validator,
                }])
                .await;
            }
            let Some(chunk) = chunk else { break };
            self.make_room(id, partial.len() + chunk.len() as u64)?;
            partial.append(chunk).await?;
            self.show(id, &mut meter, partial.len());
        }
        // The connection may have been closed early without an error.
        if size.is_some_and(|size| size != partial.len()) {
            return Err(Ended::Http(self.broken(id)));
        }
        Ok(())
    }
}

/// Whether a server could not be reached or did not answer, which may pass.
fn is_of_source(code: &Code) -> bool {
    matches!(
        code,
        Code::SourceUnreachable | Code::SourceSilent | Code::SourceBroken
    )
}

/// Whether bytes begin like gzip or Zstandard. Brotli has no such beginning.
fn is_compressed(first: &[u8]) -> bool {
    [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd]]
        .iter()
        .any(|magic| first.starts_with(magic))
}
