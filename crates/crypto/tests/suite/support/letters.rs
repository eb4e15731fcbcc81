// SPDX-License-Identifier: GPL-3.0-or-later
//! Letters as mail programs write them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chancery_mail::{Entity, Public};

/// A payload with CRLF, as it stands inside.
pub(crate) const PAYLOAD: &str =
    "Content-Type: text/plain; charset=utf-8\r\n\r\nDear friends,\r\n\r\n-- \r\nAlice\r\n";

const HEADER: &str = "From: Alice <alice@example.org>\r\nTo: friends@lists.example.org\r\n\
                      Subject: hello\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n";

pub(crate) fn entity(text: impl AsRef<[u8]>) -> Entity<Public> {
    Entity::new(text.as_ref().to_vec())
}

/// PGP/MIME around an armoured message.
pub(crate) fn encrypted(message: impl AsRef<[u8]>) -> Entity<Public> {
    let mut out = format!(
        "{HEADER}Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(message.as_ref());
    out.extend_from_slice(b"\r\n--b--\r\n");
    Entity::new(out)
}

/// The same for a binary message.
pub(crate) fn encrypted_binary(message: &[u8]) -> Entity<Public> {
    encrypted(armored("MESSAGE", message))
}

/// A block without a check sum.
pub(crate) fn armored(kind: &str, octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PGP {kind}-----\r\n\r\n{}\r\n-----END PGP {kind}-----\r\n", lines.join("\r\n"))
}

/// multipart/signed, with or without the header of a message.
pub(crate) fn signed(part: &str, signature: impl AsRef<[u8]>, is_message: bool) -> String {
    let header = if is_message { HEADER } else { "" };
    format!(
        "{header}Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"; boundary=\"s\"\r\n\r\n\
         --s\r\n{part}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n{}\r\n--s--\r\n",
        std::str::from_utf8(signature.as_ref()).unwrap()
    )
}

/// A message whose body is this text.
pub(crate) fn inline(text: &str) -> Entity<Public> {
    entity(format!("{HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"))
}
