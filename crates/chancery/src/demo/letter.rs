// SPDX-License-Identifier: GPL-3.0-or-later
//! Letters to the list, as a mail program writes them: the subject inside the protection.

use std::fmt::Write as _;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_crypto::{Certificate, RecipientKeyId, deposit, seal};
use chancery_mail::{Address, Cleartext, Entity, Instant};

use super::people::Person;
use super::{SUBJECT, WORDS};

/// How a letter is protected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    SignedAndEncrypted,
    EncryptedOnly,
}

/// A whole message, ready to be handed in.
pub(super) fn letter(
    author: &Person,
    list: &Address,
    list_certificate: &Certificate,
    protection: Protection,
    now: Instant,
) -> Result<Vec<u8>> {
    let date = now.to_rfc5322();
    let content = format!(
        "Content-Type: text/plain; charset=utf-8; hp=\"cipher\"; protected-headers=\"v1\"\r\nFrom: {name} \
         <{from}>\r\nTo: <{list}>\r\nDate: {date}\r\nSubject: {SUBJECT}\r\n\r\n{WORDS}\r\n",
        name = author.name,
        from = author.address,
    );
    let armored = match protection {
        Protection::SignedAndEncrypted => {
            let key = list_certificate.recipient_key(now).map_err(|state| {
                anyhow::anyhow!("the list's key cannot be encrypted to: {}", state.as_str())
            })?;
            let content = Entity::<Cleartext>::new(content.into_bytes());
            let (body, session_key) = seal(&content, &author.keys, key.format(), now)?;
            body.wrap(&session_key, &key, RecipientKeyId::Shown)?.slices().concat()
        }
        Protection::EncryptedOnly => armor(&deposit(content.as_bytes(), list_certificate)?).into_bytes(),
    };
    let mut message = format!(
        "From: {name} <{from}>\r\nTo: <{list}>\r\nDate: {date}\r\nSubject: [...]\r\nMessage-ID: \
         <{id}.demo@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; \
         protocol=\"application/pgp-encrypted\"; boundary=\"demo\"\r\n\r\n--demo\r\nContent-Type: \
         application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--demo\r\nContent-Type: application/octet-stream; \
         name=\"encrypted.asc\"\r\n\r\n",
        name = author.name,
        from = author.address,
        id = now.unix(),
    )
    .into_bytes();
    message.extend_from_slice(&armored);
    message.extend_from_slice(b"\r\n--demo--\r\n");
    Ok(message)
}

/// The same letter under another Message-ID, as somebody who caught it would send it.
pub(super) fn sent_again(letter: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(letter).replacen(".demo@", ".again@", 1).into_bytes()
}

/// ASCII armour without its optional checksum (RFC 9580, section 6).
fn armor(octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let mut armored = "-----BEGIN PGP MESSAGE-----\r\n\r\n".to_owned();
    for line in encoded.as_bytes().chunks(64) {
        // Writing to a string does not fail.
        let _ = write!(armored, "{}\r\n", String::from_utf8_lossy(line));
    }
    armored + "-----END PGP MESSAGE-----\r\n"
}
