// SPDX-License-Identifier: GPL-3.0-or-later
//! The verbs for OpenPGP (RFC 9580, and RFC 4880 where programs still live there).
//!
//! * keys: [`certificate`], [`key_pair`], [`recipient`], and [`holder`], the joint behind which
//!   secret keys can move to another process;
//! * out: [`seal`] once, [`wrap`] per reader (with the packet writers of [`session_key_packet`] and
//!   the armour of [`armor`]), [`sign`];
//! * away and back: [`deposit`];
//! * in: [`open`], which stands on [`decrypt`], [`verify`] and [`inline`].

mod armor;
mod certificate;
mod certificates;
mod crc24;
mod decrypt;
mod deposit;
mod holder;
mod inline;
mod key_pair;
mod key_state;
mod line_ends;
mod open;
mod recipient;
mod seal;
mod session_key;
mod session_key_packet;
mod sign;
mod verify;
mod words;
mod wrap;

pub use certificate::Certificate;
pub use deposit::{deposit, withdraw};
pub use holder::{DigestToSign, KeyHolder, Keyring, Unwrapped, UnwrappedSessionKey, WrappedSessionKey};
pub use key_pair::{KeyAlgorithm, KeyPair, NewKey, RevocationCertificate, RevocationReason};
pub use open::{AuthorSignature, Content, Opened, open};
pub use recipient::{RecipientKey, RecipientKeyId};
pub use seal::{BodyFormat, SealedBody, seal};
pub use session_key::SessionKey;
pub use sign::{DetachedSignature, clearsign, detached_signature};
pub use verify::IssuerHint;
pub use wrap::WrappedCopy;

/// A session key packet for a session key of the caller's choice: what the fuzz targets begin with.
pub(crate) fn session_key_packet_for_fuzzing(
    session_key: &[u8; 32],
    reader: &RecipientKey,
) -> Option<Vec<u8>> {
    let session_key = SessionKey::from_octets(session_key).ok()?;
    session_key_packet::write(&session_key, reader, RecipientKeyId::Shown).ok()
}
