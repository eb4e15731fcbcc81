// SPDX-License-Identifier: GPL-3.0-or-later
//! Many certificates from one file, for imports.

use sequoia_openpgp::{Cert, cert::CertParser, parse::Parse};

use super::certificate::Certificate;
use crate::CertificateError;

impl Certificate {
    /// Reads one certificate after the other, armoured or binary (`gpg --export`). The file is the
    /// operator's own: its size is not bounded.
    ///
    /// # Errors
    /// When one of them is a secret key or cannot be read, or there is none.
    pub fn parse_many(octets: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let certs: Vec<Cert> = CertParser::from_bytes(octets)
            .and_then(Iterator::collect)
            .map_err(|_| CertificateError::NotACertificate)?;
        if certs.is_empty() {
            return Err(CertificateError::NotACertificate);
        }
        certs
            .into_iter()
            .map(|cert| if cert.is_tsk() { Err(CertificateError::Secret) } else { Ok(Self::of(cert)) })
            .collect()
    }
}
