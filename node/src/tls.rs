//! TLS of a node's own port: a certificate and its key in PEM files, which are read again when they
//! change. The node itself may be what writes them ([`crate::acme`]).

use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, KeyUsage};

use crate::text;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(5);
/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The protocol of a connection that is made to look at a proof and for nothing else (RFC 8737).
pub const PROOF: &[u8] = b"acme-tls/1";
/// A time after the end of any certificate, in Unix seconds: the year 10000.
const NEVER: u64 = 253_402_300_800;

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// The reason that the system gives.
        error: io::Error,
    },
    /// A file has no certificate.
    #[error("{} has no certificate in PEM (“-----BEGIN CERTIFICATE-----”)", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error("{} has no private key in PEM (“-----BEGIN PRIVATE KEY-----”)", .0.display())]
    NoKey(PathBuf),
    /// The key is another one's.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The path of the key.
        key: PathBuf,
        /// The path of the certificate.
        certificate: PathBuf,
    },
    /// The certificate is not valid any more.
    #[error("the certificate in {} has expired: it was valid until {}", path.display(), text::utc(*until))]
    Expired {
        /// Its path.
        path: PathBuf,
        /// Until when it was valid, in Unix seconds.
        until: u64,
    },
    /// The certificate is not valid yet.
    #[error("the certificate in {} is valid from {} on; is this machine's clock right?", path.display(), text::utc(*from))]
    TooEarly {
        /// Its path.
        path: PathBuf,
        /// From when on it is valid, in Unix seconds.
        from: u64,
    },
    /// The certificate or the key is of a kind that cannot be used.
    #[error("the certificate in {} or its key cannot be used: {reason}", path.display())]
    Unusable {
        /// The path of the certificate.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// The certificate of a node, and its key.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    /// `None` until there is a certificate.
    current: RwLock<Option<Arc<Loaded>>>,
    /// The name for which a certificate is to come.
    domain: Option<String>,
    /// What proves to an authority that the name is this node's, while it asks for that.
    proof: RwLock<Option<Arc<CertifiedKey>>>,
}

#[derive(Debug)]
struct Loaded {
    certified: Arc<CertifiedKey>,
    names: Vec<String>,
    begins: u64,
    expires: u64,
    stamps: [Stamp; 2],
}

/// By what a change of a file is noticed.
type Stamp = Option<(SystemTime, u64)>;

impl Tls {
    /// Reads a certificate, followed by those between it and its authority, and its key.
    ///
    /// # Errors
    /// If a file cannot be read or has no such thing, if the two do not belong together, or if the
    /// certificate is not valid now.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let loaded = Loaded::read(certificate, key)?;
        Ok(Self::new(certificate, key, Some(loaded), None))
    }

    /// The same for a name for which the node gets a certificate by itself. There is none until it
    /// has one.
    pub fn awaited(certificate: &Path, key: &Path, domain: String) -> Arc<Self> {
        let loaded = Loaded::read(certificate, key).ok();
        Self::new(certificate, key, loaded, Some(domain))
    }

    fn new(
        certificate: &Path,
        key: &Path,
        loaded: Option<Loaded>,
        domain: Option<String>,
    ) -> Arc<Self> {
        Arc::new(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(loaded.map(Arc::new)),
            domain,
            proof: RwLock::default(),
        })
    }

    fn current(&self) -> Option<Arc<Loaded>> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the node gets the certificate by itself.
    pub fn is_awaited(&self) -> bool {
        self.domain.is_some()
    }

    /// Whether there is a certificate that has not expired.
    pub fn is_ready(&self) -> bool {
        let now = UnixTime::now().as_secs();
        self.current().is_some_and(|current| now <= current.expires)
    }

    /// How long the certificate need not be renewed: until a third of its time is left.
    pub fn renewal_in(&self) -> Duration {
        let now = UnixTime::now().as_secs();
        let at = self.current().map_or(0, |current| {
            current.expires - current.expires.saturating_sub(current.begins) / 3
        });
        Duration::from_secs(at.saturating_sub(now))
    }

    /// Sets what is shown to an authority that asks for a proof (RFC 8737).
    pub fn set_proof(&self, proof: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>) {
        // The two are not compared: no ordinary reader accepts the extension that makes it a proof.
        let proof = proof.and_then(|(certificate, key)| {
            let key = provider().key_provider.load_private_key(key).ok()?;
            Some(CertifiedKey::new(vec![certificate], key))
        });
        let mut current = self.proof.write().unwrap_or_else(PoisonError::into_inner);
        *current = proof.map(Arc::new);
    }

    /// Reads both files again. New connections get the new certificate, and open ones go on.
    ///
    /// # Errors
    /// As [`Tls::load`]. The certificate that was in use stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let loaded = Arc::new(Loaded::read(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        Ok(())
    }

    /// Reads the files again if they have changed; returns whether it did.
    ///
    /// # Errors
    /// As [`Tls::reload`].
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        if self
            .current()
            .is_some_and(|current| current.stamps == stamps)
        {
            return Ok(false);
        }
        self.reload().map(|()| true)
    }

    /// Looks for changes for as long as it is polled.
    pub async fn watch(self: Arc<Self>) {
        let mut said = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let tls = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || tls.reload_if_changed()).await {
                Ok(Ok(true)) => {
                    said = None;
                    tracing::info!("the certificate was read again");
                }
                Ok(Err(error)) => {
                    // It may stay as it is for long.
                    let error = error.to_string();
                    if said.as_ref() != Some(&error) {
                        tracing::error!("the certificate that was in use stays in use: {error}");
                    }
                    said = Some(error);
                }
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }

    /// The host names for which the certificate is valid or will be; some may begin with `*.`.
    pub fn names(&self) -> Vec<String> {
        match (&self.domain, self.current()) {
            (Some(domain), _) => vec![domain.clone()],
            (None, current) => current.map_or(Vec::new(), |current| current.names.clone()),
        }
    }

    /// Whether the certificate is valid for an IP address.
    pub fn is_for(&self, address: IpAddr) -> bool {
        let Some(current) = self.current() else {
            return false;
        };
        let name = ServerName::IpAddress(address.into());
        current.certified.cert.first().is_some_and(|certificate| {
            EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
                certificate.verify_is_valid_for_subject_name(&name).is_ok()
            })
        })
    }

    /// Until when the certificate is valid, in Unix seconds; `None` if there is none yet.
    pub fn expires(&self) -> Option<u64> {
        self.current().map(|current| current.expires)
    }

    /// The configuration of a server that has this certificate, and speaks HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] if TLS cannot be set up at all.
    pub fn server(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let unusable = |error: rustls::Error| TlsError::Unusable {
            path: self.certificate.clone(),
            reason: error.to_string(),
        };
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if self.domain.is_some() {
            server.alpn_protocols.push(PROOF.to_vec());
        }
        Ok(Arc::new(server))
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // An authority that asks for a proof offers this protocol alone.
        if hello
            .alpn()
            .is_some_and(|mut offered| offered.any(|protocol| protocol == PROOF))
        {
            let proof = self.proof.read();
            return proof.unwrap_or_else(PoisonError::into_inner).clone();
        }
        Some(Arc::clone(&self.current()?.certified))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Loaded {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let stamps = [stamp(certificate), stamp(key)];
        let unusable = |reason: String| TlsError::Unusable {
            path: certificate.to_owned(),
            reason,
        };
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|_| TlsError::NoKey(key.to_owned()))?;
        let Some(first) = chain.first() else {
            return Err(TlsError::NoCertificate(certificate.to_owned()));
        };
        let parsed = EndEntityCert::try_from(first).map_err(|error| unusable(error.to_string()))?;
        let names = parsed.valid_dns_names().map(str::to_owned).collect();
        let (from, until) = validity(&parsed);
        let now = UnixTime::now().as_secs();
        let path = certificate.to_owned();
        if now > until {
            return Err(TlsError::Expired { path, until });
        }
        if now < from {
            return Err(TlsError::TooEarly { path, from });
        }
        let certified = CertifiedKey::from_der(chain, secret, &provider());
        let certified = certified.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                key: key.to_owned(),
                certificate: path,
            },
            error => unusable(error.to_string()),
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            names,
            begins: from,
            expires: until,
            stamps,
        })
    }
}

/// The certificates in a PEM file.
///
/// # Errors
/// If the file cannot be read, or has none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NoCertificate(path.to_owned());
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(none)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
    read.map_err(|error| TlsError::File {
        path: path.to_owned(),
        error,
    })?;
    Ok(bytes)
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// From when on and until when a certificate is valid, in Unix seconds. webpki tells it as the reason
/// why the certificate is not valid at another time; it looks at that first of all.
fn validity(certificate: &EndEntityCert<'_>) -> (u64, u64) {
    let at = |seconds| {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        certificate
            .verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None)
            .err()
    };
    let from = match at(0) {
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
        _ => 0,
    };
    let until = match at(NEVER) {
        Some(webpki::Error::CertExpired { not_after, .. }) => not_after.as_secs(),
        _ => NEVER,
    };
    (from, until)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// Writes a certificate for this name that is valid between two years, and its key.
    fn write(directory: &Path, name: &str, years: [i32; 2]) -> [PathBuf; 2] {
        let paths = [directory.join("cert.pem"), directory.join("key.pem")];
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years[0], 1, 1);
        params.not_after = date_time_ymd(years[1], 1, 1);
        fs::write(&paths[0], params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&paths[1], key.serialize_pem()).unwrap();
        paths
    }

    #[test]
    fn a_certificate_says_for_whom_and_until_when_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let [certificate, key] = write(directory.path(), "a.example", [2020, 4000]);
        let tls = Tls::load(&certificate, &key).unwrap();
        assert_eq!(tls.names(), ["a.example"]);
        assert_eq!(text::utc(tls.expires().unwrap()), "4000-01-01 00:00 UTC");
        assert!(!tls.is_for([127, 0, 0, 1].into()));
        assert!(!tls.reload_if_changed().unwrap());
        write(directory.path(), "127.0.0.1", [2020, 3000]);
        assert!(tls.reload_if_changed().unwrap());
        assert!(tls.is_for([127, 0, 0, 1].into()) && tls.names().is_empty());
        // What cannot be used does not take the place of what can.
        fs::write(&certificate, "nonsense").unwrap();
        assert!(tls.reload().is_err());
        assert!(tls.is_for([127, 0, 0, 1].into()));
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let failed = |[certificate, key]: &[PathBuf; 2]| {
            Tls::load(certificate, key).unwrap_err().to_string()
        };
        let expired = failed(&write(path, "a.example", [2000, 2010]));
        assert!(expired.contains("valid until 2010-01-01"), "{expired}");
        let early = failed(&write(path, "a.example", [3000, 3010]));
        assert!(early.contains("valid from 3000-01-01"), "{early}");
        let paths = write(path, "a.example", [2020, 3000]);
        let swapped = failed(&[paths[1].clone(), paths[0].clone()]);
        assert!(swapped.contains("has no certificate"), "{swapped}");
        let no_key = failed(&[paths[0].clone(), paths[0].clone()]);
        assert!(no_key.contains("has no private key"), "{no_key}");
        let missing = failed(&[path.join("none"), paths[1].clone()]);
        assert!(missing.contains("cannot be read"), "{missing}");
        fs::write(&paths[1], KeyPair::generate().unwrap().serialize_pem()).unwrap();
        let mismatched = failed(&paths);
        assert!(mismatched.contains("does not belong"), "{mismatched}");
    }
}
