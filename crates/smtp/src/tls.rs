// SPDX-License-Identifier: GPL-3.0-or-later
//! TLS towards the relay: the certificate must be valid, trusted, and bear the configured name.
//!
//! The cryptographic provider is named here and not taken from a process-wide default, so that no
//! other part of the program changes it.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::SubmitError;

/// How one relay is verified.
#[derive(Clone)]
pub(crate) struct Verification {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Verification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verification").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Verification {
    /// For a relay of this name; trusts the certificates in `ca_file`, or else the system's.
    pub(crate) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, SubmitError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| SubmitError::Tls(format!("{host:?} is not a name that a certificate can bear")))?;
        let roots = match ca_file {
            Some(path) => roots_of_file(path)?,
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SubmitError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Makes the handshake; an unverified connection is never returned.
    pub(crate) async fn secure<S>(&self, stream: S) -> Result<TlsStream<S>, SubmitError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = self.connector.connect(self.name.clone(), stream).await;
        handshake.map_err(|error| SubmitError::Tls(error.to_string()))
    }
}

fn roots_of_file(path: &Path) -> Result<RootCertStore, SubmitError> {
    let unreadable = |why: String| SubmitError::Tls(format!("CA file {}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unreadable("no certificate in it".to_owned())) } else { Ok(roots) }
}

/// A few of a system's certificates may be unreadable to rustls; the others count.
fn system_roots() -> Result<RootCertStore, SubmitError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(SubmitError::Tls("the system has no trusted certificates; set a CA file".to_owned()));
    }
    Ok(roots)
}
