//! A certificate from an authority that speaks ACME (RFC 8555), such as Let's Encrypt: for one name,
//! which is proven at the node's own port with TLS (TLS-ALPN-01, RFC 8737), and renewed in time.

use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType,
    Error, HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::exit::printable;
use crate::tls::Tls;

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = instant_acme::LetsEncrypt::Production.url();
/// How long getting a certificate may take.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long the authority may take to look at the proof, or to issue the certificate.
const POLLING: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(90));
/// How long to wait after the first failure. The wait doubles each time: Let's Encrypt allows five
/// failures an hour.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);
/// The longest time until it is looked again whether the certificate must be renewed; the clock may
/// be set meanwhile.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// How long an authority may take for one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer of an authority that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// The problem of an authority that does not know the account any more.
const UNKNOWN_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// How a node gets its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeOptions {
    /// The name that it is for.
    pub domain: String,
    /// The URL of the authority's directory.
    pub directory: String,
    /// Where the authority writes to, as an e-mail address.
    pub contact: Option<String>,
}

/// The files of a certificate that a node gets by itself, in its state directory.
pub fn paths(state: &Path, domain: &str) -> [PathBuf; 2] {
    ["pem", "key"].map(|ending| state.join("acme").join(format!("{domain}.{ending}")))
}

/// Gets a certificate and renews it.
pub struct Acme {
    options: AcmeOptions,
    state: PathBuf,
    tls: Arc<Tls>,
    http: Http,
    /// Notified to try now.
    hurry: Arc<Notify>,
}

/// The account at an authority, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    /// What the authority was told, as a URL.
    #[serde(default)]
    contact: Option<String>,
    credentials: AccountCredentials,
}

impl Acme {
    /// Gets certificates for this TLS of a node with this state directory. The authority may have a
    /// certificate of `authorities`, besides those of Mozilla.
    ///
    /// # Errors
    /// If no HTTP client can be set up.
    pub fn new(
        options: AcmeOptions,
        state: &Path,
        tls: Arc<Tls>,
        authorities: &[CertificateDer<'_>],
        hurry: Arc<Notify>,
    ) -> Result<Self, reqwest::Error> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("fluence-node/", env!("CARGO_PKG_VERSION")))
            .timeout(ANSWER_PATIENCE)
            .no_proxy();
        for authority in authorities {
            http = http.add_root_certificate(reqwest::Certificate::from_der(authority)?);
        }
        Ok(Self {
            options,
            state: state.to_owned(),
            tls,
            http: Http(http.build()?),
            hurry,
        })
    }

    /// Gets the certificate if there is none, and renews it when a third of its time is left, for as
    /// long as it is polled.
    pub async fn run(self) {
        let mut failures = 0;
        loop {
            let due = self.tls.renewal_in();
            let wait = if due.is_zero() {
                match tokio::time::timeout(PATIENCE, self.issue()).await {
                    Ok(Ok(())) => {
                        failures = 0;
                        tracing::info!("there is a new certificate for {}", self.options.domain);
                    }
                    Ok(Err(error)) => {
                        failures += 1;
                        self.failed(&printable(&error.to_string()));
                    }
                    Err(_) => {
                        failures += 1;
                        self.failed("it did not answer in time");
                    }
                }
                // Whatever has come of it, nobody else looks at the proof.
                self.tls.set_proof(None);
                let due = self.tls.renewal_in();
                if failures == 0 && !due.is_zero() {
                    continue;
                }
                // A certificate that is due as soon as it is there is not ordered again and again.
                let failures = failures.max(1);
                LONGEST_WAIT.min(FIRST_WAIT * 2_u32.saturating_pow(failures - 1).min(1024))
            } else {
                due.min(LOOK)
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.hurry.notified() => {}
            }
        }
    }

    fn failed(&self, why: &str) {
        let Self { options, .. } = self;
        tracing::error!(
            "no certificate for {} came from {}: {why}. It is asked again in a while; check that the name leads to port 443 of \
             this machine",
            options.domain,
            options.directory
        );
    }

    /// Gets a certificate. The library panics at some answers, such as a directory whose URLs are none; that must not keep
    /// the node from asking again later.
    async fn issue(&self) -> Result<(), Error> {
        let ordered = AssertUnwindSafe(self.order()).catch_unwind().await;
        ordered.unwrap_or(Err(Error::Str("its answer makes no sense")))
    }

    async fn order(&self) -> Result<(), Error> {
        let names = [Identifier::Dns(self.options.domain.clone())];
        let new = NewOrder::new(&names);
        let mut order = match self.account().await?.new_order(&new).await {
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(UNKNOWN_ACCOUNT) => {
                fs::remove_file(self.account_path()).map_err(other)?;
                self.account().await?.new_order(&new).await
            }
            order => order,
        }?;
        self.prove(&mut order).await?;
        let key = order.finalize().await?;
        let certificate = order.poll_certificate(&POLLING).await?;
        let [certificate_path, key_path] = paths(&self.state, &self.options.domain);
        write(&key_path, key.as_bytes()).map_err(other)?;
        write(&certificate_path, certificate.as_bytes()).map_err(other)?;
        self.tls.reload().map_err(other)
    }

    /// Shows the authority that the name leads here.
    async fn prove(&self, order: &mut Order) -> Result<(), Error> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let mut challenge = authorization
                .challenge(ChallengeType::TlsAlpn01)
                .ok_or(Error::Str("the authority does not offer TLS-ALPN-01"))?;
            let digest = challenge.key_authorization().digest();
            let proof = proof(&self.options.domain, digest.as_ref()).map_err(other)?;
            self.tls.set_proof(Some(proof));
            challenge.set_ready().await?;
        }
        if order.poll_ready(&POLLING).await? == OrderStatus::Ready {
            return Ok(());
        }
        // The order says only that it failed; why, its challenges do.
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let authorization = authorization?;
            let mut problems = authorization.challenges.iter();
            if let Some(problem) = problems.find_map(|challenge| challenge.error.as_ref()) {
                return Err(other(problem.to_string()));
            }
        }
        Err(Error::Str("the authority was not convinced"))
    }

    fn account_path(&self) -> PathBuf {
        self.state.join("acme").join("account.json")
    }

    /// The account that was kept, or a new one.
    async fn account(&self) -> Result<Account, Error> {
        let path = self.account_path();
        let directory = &self.options.directory;
        let builder = || Account::builder_with_http(Box::new(self.http.clone()));
        let kept = fs::read(&path).ok();
        let kept = kept.and_then(|kept| serde_json::from_slice::<Kept>(&kept).ok());
        let contact = self.options.contact.as_ref();
        let contact = contact.map(|contact| format!("mailto:{contact}"));
        if let Some(kept) = kept.filter(|kept| kept.directory == *directory) {
            let account = builder().from_credentials(kept.credentials).await?;
            if kept.contact != contact {
                let contacts: Vec<&str> = contact.as_deref().into_iter().collect();
                account.update_contacts(&contacts).await?;
                let text = fs::read(&path).map_err(other)?;
                let mut json: Kept = serde_json::from_slice(&text).map_err(other)?;
                json.contact = contact;
                write(&path, &serde_json::to_vec(&json).map_err(other)?).map_err(other)?;
            }
            return Ok(account);
        }
        let new = NewAccount {
            contact: &contact.as_deref().into_iter().collect::<Vec<_>>(),
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let (account, credentials) = builder().create(&new, directory.clone(), None).await?;
        let kept = Kept {
            directory: directory.clone(),
            contact: contact.clone(),
            credentials,
        };
        let json = serde_json::to_vec(&kept).map_err(other)?;
        write(&path, &json).map_err(other)?;
        Ok(account)
    }
}

/// The certificate by which a name is proven, and its key.
fn proof(
    domain: &str,
    digest: &[u8],
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?.der().clone();
    Ok((
        certificate,
        PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    ))
}

/// Writes a file that only its owner can read, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Other(error.into())
}

/// The node's HTTP client, for the library.
#[derive(Clone)]
struct Http(reqwest::Client);

impl HttpClient for Http {
    fn request(
        &self,
        request: axum::http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let request = request.map(reqwest::Body::wrap);
            let request = reqwest::Request::try_from(request).map_err(other)?;
            let mut response = client.execute(request).await.map_err(other)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(other)? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    return Err(Error::Str("the authority's answer is too long"));
                }
                body.extend_from_slice(&chunk);
            }
            let (parts, _) = axum::http::Response::<reqwest::Body>::from(response).into_parts();
            Ok(BytesResponse {
                parts,
                body: Box::new(body.freeze()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode, header};
    use axum::response::{IntoResponse, Redirect, Response};
    use axum::routing::{get, post};
    use futures::stream;
    use serde_json::json;

    use super::*;

    /// As long as the tests wait for one answer.
    const SHORT: Duration = Duration::from_secs(1);

    /// Spaces, with such a pause before each piece of them.
    fn endless(piece: &'static [u8], pause: Duration) -> Body {
        Body::from_stream(stream::unfold((), move |()| async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(piece)), ()))
        }))
    }

    /// A directory that leads to this server, which then answers a request for an account like this.
    fn then(answer: fn() -> Response) -> Router {
        let directory = async |headers: HeaderMap| {
            let host = headers[header::HOST].to_str().unwrap().to_owned();
            let at = |path: &str| format!("http://{host}/{path}");
            json!({"newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("order")})
                .to_string()
        };
        let nonce = [("replay-nonce", "bm9uY2U"), ("cache-control", "no-store")];
        Router::new()
            .route("/dir", get(directory))
            .route("/nonce", get(async move || (nonce, "")))
            .route("/account", post(async move || (nonce, answer())))
    }

    #[tokio::test]
    async fn an_authority_that_answers_nonsense_is_given_up_and_nothing_of_it_stays() {
        let silent = async || std::future::pending::<()>().await;
        let no_pause = async || endless(&[b' '; 4096], Duration::ZERO);
        let drips = async || endless(b" ", SHORT / 20);
        let authorities = [
            ("nonsense", Router::new().route("/dir", get("<html>"))),
            ("no directory", Router::new()),
            (
                "an endless answer",
                Router::new().route("/dir", get(no_pause)),
            ),
            ("silence", Router::new().route("/dir", get(silent))),
            (
                "an answer that drips",
                Router::new().route("/dir", get(drips)),
            ),
            (
                "a redirect to itself",
                Router::new().route("/dir", get(async || Redirect::temporary("/dir"))),
            ),
            (
                "other addresses",
                Router::new().route(
                    "/dir",
                    get(r#"{"newNonce": "file:///etc/passwd", "newAccount": "x", "newOrder": ""}"#),
                ),
            ),
            ("an account that is none", then(|| "{}".into_response())),
            (
                "an account at no address",
                then(|| (StatusCode::CREATED, r#"{"status": "valid"}"#).into_response()),
            ),
            (
                "an endless account",
                then(|| Response::new(endless(&[b' '; 4096], Duration::ZERO))),
            ),
            (
                "a problem that paints the terminal",
                then(|| {
                    let problem = r#"{"type": "x", "detail": "\u001b[2J"}"#;
                    (StatusCode::BAD_REQUEST, problem).into_response()
                }),
            ),
        ];
        for (what, router) in authorities {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let authority = format!("http://{}/dir", listener.local_addr().unwrap());
            let serving = tokio::spawn(async move { axum::serve(listener, router).await });
            let directory = tempfile::tempdir().unwrap();
            let domain = "node.example.org".to_owned();
            let [certificate, key] = paths(directory.path(), &domain);
            let tls = Tls::awaited(&certificate, &key, domain.clone());
            let options = AcmeOptions {
                domain,
                directory: authority,
                contact: None,
            };
            let hurry = Arc::default();
            let mut acme = Acme::new(options, directory.path(), tls.clone(), &[], hurry).unwrap();
            acme.http = Http(reqwest::Client::builder().timeout(SHORT).build().unwrap());
            let issued = tokio::time::timeout(PATIENCE, acme.issue()).await;
            let error = issued.expect(what).expect_err(what).to_string();
            assert!(!tls.is_ready(), "{what}");
            assert!(!acme.account_path().exists(), "{what}: {error}");
            let said = printable(&error);
            assert!(!said.contains(char::is_control), "{what}: {said:?}");
            serving.abort();
        }
    }
}
