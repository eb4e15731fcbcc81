// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets, run on stable by the test suite too: whatever the bytes, they return.

use std::io::Write;
use std::sync::OnceLock;

use chancery_mail::{Entity, Instant, Public};
use sequoia_openpgp::{
    crypto::SessionKey,
    serialize::stream::{Encryptor, Message},
    types::SymmetricAlgorithm,
};

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

/// Opens arbitrary bytes as the packets inside a well-made encryption to the list. Anybody can send one:
/// its integrity protection proves that it came as it was sent, not that who sent it means well.
pub fn inside(data: &[u8]) {
    let Some(holder) = holder() else { return };
    let Some(message) = encrypted(data) else { return };
    let _ = withdraw(&message, holder);
    let mut letter =
        b"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
        --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
        --b\r\nContent-Type: application/octet-stream\r\n\r\n"
            .to_vec();
    letter.extend(message);
    letter.extend(b"\r\n--b--\r\n");
    open(&letter);
}

/// An encrypted message to the key of the targets with these packets in it, whatever they are.
fn encrypted(packets: &[u8]) -> Option<Vec<u8>> {
    const SESSION_KEY: [u8; 32] = [7; 32];
    static PREFIX: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let prefix = PREFIX.get_or_init(|| {
        let reader = holder()?.certificate().recipient_key(NOW).ok()?;
        crate::openpgp::session_key_packet_for_fuzzing(&SESSION_KEY, &reader)
    });
    let mut out = prefix.clone()?;
    let session_key = SessionKey::from(SESSION_KEY.as_slice());
    let mut message =
        Encryptor::with_session_key(Message::new(&mut out), SymmetricAlgorithm::AES256, session_key)
            .and_then(Encryptor::build)
            .ok()?;
    message.write_all(packets).ok()?;
    message.finalize().ok()?;
    Some(out)
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
