//! A client of Kubo's RPC and gateway.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fluence::Cid;
use fluence::content::MAX_BLOCK;
use fluence::names::canonical;
use futures::{Stream, StreamExt};
use reqwest::header::CACHE_CONTROL;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::watch;

use crate::exit::printable;

/// How long Kubo may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many times [`PATIENCE`] Kubo may take for calls that may wait for its lock, which its
/// garbage collection holds.
const LOCKED: u32 = 5;
/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// The shortest and longest time that Kubo is given for a pin, and how many bytes per second it is
/// sure to walk on its disk.
const PIN_LEAST: Duration = Duration::from_secs(60);
const PIN_MOST: Duration = Duration::from_secs(15 * 60);
const PIN_PACE: u64 = 8 * 1024 * 1024;
/// The longest line of a response, in bytes.
const MAX_LINE: usize = 64 * 1024;
/// How much of Kubo's error messages is shown at most, in bytes.
const MAX_TEXT: usize = 300;

/// Why a request to Kubo failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KuboError {
    /// No connection could be made, or it broke, or nothing arrived in time.
    #[error("the IPFS node at {0} does not answer")]
    Unreachable(String),
    /// Kubo answered with an error.
    #[error("the IPFS node says: {0}")]
    Failed(String),
    /// The answer could not be understood; it may not come from Kubo.
    #[error("{0} does not answer like a Kubo daemon")]
    Strange(String),
}

/// A Kubo daemon.
#[derive(Debug, Clone)]
pub struct Kubo {
    http: Client,
    rpc: String,
    gateway: String,
    /// How long Kubo may be silent.
    patience: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

/// A line of a response that consists of one JSON object per line.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    stats: Option<Stats>,
    message: Option<String>,
    cid: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stats {
    block_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RpcFailure {
    message: String,
}

impl Kubo {
    /// Creates a client of the daemon with these base URLs, such as `http://127.0.0.1:5001` and
    /// `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// Fails if the HTTP client cannot be set up.
    pub fn new(rpc: &str, gateway: &str) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .user_agent(concat!("fluence-node/", env!("CARGO_PKG_VERSION")))
            // Redirects would lead to a gateway other than the configured one.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_PATIENCE)
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            rpc: rpc.trim_end_matches('/').to_owned(),
            gateway: gateway.trim_end_matches('/').to_owned(),
            patience: PATIENCE,
        })
    }

    /// Shortens the patience for tests.
    #[cfg(test)]
    pub(super) fn impatient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Asks for Kubo's version, which shows that the RPC answers.
    ///
    /// # Errors
    /// Fails if Kubo does not answer, or answers with an error or with something else than a
    /// version.
    pub async fn version(&self) -> Result<String, KuboError> {
        let answer: Version = self.object(self.call("version", &[])).await?;
        Ok(printable(&answer.version))
    }

    /// Reads a block from Kubo's disk; it does not search the network. The bytes are not verified.
    ///
    /// # Errors
    /// Fails if the gateway does not answer, or answers with an error.
    pub async fn block(&self, cid: &Cid) -> Result<Option<Bytes>, KuboError> {
        let url = format!("{}/ipfs/{}?format=raw", self.gateway, canonical(cid));
        let ask = self
            .http
            .get(url)
            .header(CACHE_CONTROL, "only-if-cached")
            .timeout(self.patience);
        let mut answer = ask.send().await.map_err(|_| self.no_gateway())?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::PRECONDITION_FAILED | StatusCode::NOT_FOUND => return Ok(None),
            status => {
                return Err(KuboError::Failed(format!("its gateway answers {status}")));
            }
        }
        let mut block = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| self.no_gateway())? {
            block.extend_from_slice(&chunk);
            if block.len() > MAX_BLOCK {
                return Err(KuboError::Strange(self.gateway.clone()));
            }
        }
        Ok(Some(block.freeze()))
    }

    /// Imports the blocks of a CAR without pinning them; returns how many blocks Kubo took.
    ///
    /// The import may take any time, but it is given up if Kubo stops reading the CAR, or does not
    /// answer after its end.
    ///
    /// # Errors
    /// Fails if Kubo does not take the whole CAR or answers with an error.
    pub async fn import(
        &self,
        car: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<u64, KuboError> {
        let (takes, mut taking) = watch::channel(());
        let car = car.inspect(move |_| {
            takes.send_replace(());
        });
        let part = Part::stream(Body::wrap_stream(car)).file_name("dag.car");
        let call = self
            .call("dag/import", &[("pin-roots", "false"), ("stats", "true")])
            .multipart(Form::new().part("file", part));
        let patience = self.patience * LOCKED;
        let silence = async {
            loop {
                match tokio::time::timeout(patience, taking.changed()).await {
                    Ok(Ok(())) => {}
                    // Kubo has the whole CAR and now must answer.
                    Ok(Err(_)) => return tokio::time::sleep(patience).await,
                    Err(_) => return,
                }
            }
        };
        let mut taken = None;
        let lines = self.lines(call, Duration::MAX, |line| {
            if let Some(stats) = line.stats {
                taken = Some(stats.block_count);
            }
        });
        tokio::select! {
            done = lines => done?,
            () = silence => return Err(self.no_rpc()),
        }
        taken.ok_or_else(|| KuboError::Strange(self.rpc.clone()))
    }

    /// Pins a DAG of `bytes` bytes under a name; a DAG that is already pinned gets the new name.
    ///
    /// Kubo waits forever for a block that it lacks, even if it is told to stay offline, so it is
    /// given a timeout.
    ///
    /// # Errors
    /// Fails if Kubo does not answer, or cannot pin the DAG in time.
    pub async fn pin(&self, cid: &Cid, name: &str, bytes: u64) -> Result<(), KuboError> {
        let patience = pin_patience(bytes);
        let options = [
            ("arg", &*canonical(cid)),
            ("name", name),
            ("timeout", &format!("{}s", patience.as_secs())),
        ];
        // The extra patience lets Kubo itself report that its time is up.
        let call = self.call("pin/add", &options);
        self.lines(call, patience + self.patience, |_| {}).await
    }

    /// Removes the pin of a DAG; a DAG that is not pinned is not an error.
    ///
    /// # Errors
    /// Fails if Kubo does not answer, or answers with another error.
    pub async fn unpin(&self, cid: &Cid) -> Result<(), KuboError> {
        let call = self.call("pin/rm", &[("arg", &canonical(cid))]);
        match self.lines(call, self.patience * LOCKED, |_| {}).await {
            // Somebody else has already removed the pin.
            Err(KuboError::Failed(reason)) if reason.contains("not pinned") => Ok(()),
            done => done,
        }
    }

    /// The name of a DAG's pin, which is empty if the pin has no name; `None` if the DAG is not
    /// pinned.
    ///
    /// # Errors
    /// Fails if Kubo does not answer, or answers with another error.
    pub async fn pin_name(&self, cid: &Cid) -> Result<Option<String>, KuboError> {
        let options = [
            ("arg", &*canonical(cid)),
            ("type", "recursive"),
            ("names", "true"),
            ("stream", "true"),
        ];
        let mut name = None;
        let listed = self
            .lines(self.call("pin/ls", &options), self.patience, |line| {
                if line.cid.is_some() {
                    name = Some(line.name.unwrap_or_default());
                }
            })
            .await;
        match listed {
            Err(KuboError::Failed(reason)) if reason.contains("not pinned") => Ok(None),
            listed => listed.map(|()| name),
        }
    }

    /// Calls `each` for every recursive pin that has a name.
    ///
    /// # Errors
    /// Fails if Kubo does not answer, or answers with an error.
    pub async fn pins(&self, mut each: impl FnMut(Cid, &str)) -> Result<(), KuboError> {
        let options = [("type", "recursive"), ("names", "true"), ("stream", "true")];
        self.lines(self.call("pin/ls", &options), self.patience, |line| {
            if let (Some(Ok(cid)), Some(name)) = (line.cid.map(|cid| cid.parse()), line.name) {
                each(cid, &name);
            }
        })
        .await
    }

    fn call(&self, command: &str, options: &[(&str, &str)]) -> RequestBuilder {
        self.http
            .post(format!("{}/api/v0/{command}", self.rpc))
            .query(options)
    }

    async fn send(&self, call: RequestBuilder) -> Result<Response, KuboError> {
        let answer = call.send().await.map_err(|_| self.no_rpc())?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let mut body = answer.bytes_stream();
        let text = match tokio::time::timeout(self.patience, body.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            _ => Bytes::new(),
        };
        Err(KuboError::Failed(
            match serde_json::from_slice::<RpcFailure>(&text) {
                Ok(failure) => shorten(&failure.message),
                Err(_) => format!("its RPC answers {status}"),
            },
        ))
    }

    /// Sends a call whose response is one JSON object.
    async fn object<T: for<'de> Deserialize<'de>>(
        &self,
        call: RequestBuilder,
    ) -> Result<T, KuboError> {
        let mut answer = self.send(call.timeout(self.patience)).await?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| self.no_rpc())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_LINE {
                return Err(KuboError::Strange(self.rpc.clone()));
            }
        }
        serde_json::from_slice(&bytes).map_err(|_| KuboError::Strange(self.rpc.clone()))
    }

    /// Sends a call whose response has one JSON object per line. If something fails after Kubo has
    /// begun to answer, the last line says so. `patience` is how long Kubo may be silent, before
    /// and within its response.
    async fn lines(
        &self,
        call: RequestBuilder,
        patience: Duration,
        mut each: impl FnMut(Line),
    ) -> Result<(), KuboError> {
        let silent = |_| self.no_rpc();
        let mut answer = tokio::time::timeout(patience, self.send(call))
            .await
            .map_err(silent)??;
        let mut rest = BytesMut::new();
        loop {
            let chunk = tokio::time::timeout(patience, answer.chunk())
                .await
                .map_err(silent)?
                .map_err(|_| self.no_rpc())?;
            let ended = chunk.is_none();
            rest.extend_from_slice(chunk.as_deref().unwrap_or(b"\n"));
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest.split_to(end + 1);
                if line.trim_ascii().is_empty() {
                    continue;
                }
                let line: Line = serde_json::from_slice(&line)
                    .map_err(|_| KuboError::Strange(self.rpc.clone()))?;
                if let Some(message) = &line.message {
                    return Err(KuboError::Failed(shorten(message)));
                }
                each(line);
            }
            if ended {
                return Ok(());
            }
            if rest.len() > MAX_LINE {
                return Err(KuboError::Strange(self.rpc.clone()));
            }
        }
    }

    fn no_rpc(&self) -> KuboError {
        KuboError::Unreachable(self.rpc.clone())
    }

    fn no_gateway(&self) -> KuboError {
        KuboError::Unreachable(self.gateway.clone())
    }
}

/// How long pinning a DAG of `bytes` bytes may take.
fn pin_patience(bytes: u64) -> Duration {
    (PIN_LEAST + Duration::from_secs(bytes / PIN_PACE)).min(PIN_MOST)
}

fn shorten(text: &str) -> String {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    printable(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_time_for_its_bytes_and_no_more() {
        assert_eq!(pin_patience(0), PIN_LEAST);
        assert_eq!(pin_patience(1 << 30), PIN_LEAST + Duration::from_secs(128));
        assert_eq!(pin_patience(u64::MAX), PIN_MOST);
    }
}
