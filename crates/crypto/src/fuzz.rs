// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets, run on stable by the test suite too: whatever the bytes, they return.

use std::sync::OnceLock;

use chancery_mail::{Entity, Instant, Public};

use crate::{Certificate, KeyHolder, KeyPair, Keyring, RecipientKey, SealedBody, withdraw};

/// When it is, for the targets.
pub const NOW: Instant = Instant::from_unix(1_767_225_600);

/// A key that is in the source for all to read: for fuzzing alone.
pub const SECRET_KEY: &[u8] = include_bytes!("fuzz/secret-key.pgp");

fn holder() -> Option<&'static Keyring> {
    static HOLDER: OnceLock<Option<Keyring>> = OnceLock::new();
    HOLDER
        .get_or_init(|| KeyPair::parse(SECRET_KEY, None).ok().map(|pair| Keyring::new(pair, Vec::new())))
        .as_ref()
}

/// Opens arbitrary bytes as a received message, with a key that may really open it and a certificate
/// that may really verify it.
pub fn open(data: &[u8]) {
    let Some(holder) = holder() else { return };
    let received = Entity::<Public>::new(data.to_vec());
    let _ = crate::open(&received, holder, &mut |_| vec![holder.certificate()], NOW);
}

/// Reads arbitrary bytes as everything that comes from outside or from the disk.
pub fn read(data: &[u8]) {
    let Some(holder) = holder() else { return };
    let _ = Certificate::parse(data).map(|certificate| certificate.facts(NOW));
    let _ = KeyPair::parse(data, Some(b"passphrase"));
    let _ = RecipientKey::from_octets(data);
    let _ = SealedBody::withdraw(data, holder);
    let _ = withdraw(data, holder);
}
