// SPDX-License-Identifier: GPL-3.0-or-later
//! What leaves: a sealed copy for one recipient, or something public. Delivery takes nothing else.

use std::sync::Arc;

use chancery_crypto::WrappedCopy;
use chancery_mail::compose::Frame;
use chancery_mail::{Entity, Header, Public};

/// The format of a body that leaves in clear, beside those of `BodyFormat`.
pub(crate) const PUBLIC: &str = "public";

/// Stands first in what is stored for sending in clear. Sealed content begins with a MIME header
/// of ours, so that nobody who can write to the database turns one kind into the other.
const PUBLIC_MARK: &[u8] = b"Chancery-Departure: public\r\n";

/// The header fields that a sealed copy may show.
const OUTER_FIELDS: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "list-id",
    "list-post",
    "list-help",
    "list-owner",
    "list-unsubscribe",
    "list-subscribe",
    "list-archive",
    "precedence",
    "auto-submitted",
    "autocrypt",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-description",
    "content-disposition",
];

/// One message on its way out.
pub(crate) enum Departure {
    /// PGP/MIME around one recipient's wrap and the shared ciphertext.
    Sealed { frame: Arc<Frame>, copy: WrappedCopy },
    /// Content that came unprotected, or words of our own.
    Public(Arc<Entity<Public>>),
}

/// A sealed copy did not look like one: it stays here.
#[derive(Debug, thiserror::Error)]
#[error("held back right before sending: {0}")]
pub(crate) struct WouldLeak(&'static str);

impl Departure {
    /// The octets, as slices to be written one after the other.
    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        match self {
            Self::Sealed { frame, copy } => {
                let [head, shared, tail] = copy.slices();
                vec![&frame.head, head, shared, tail, &frame.tail]
            }
            Self::Public(entity) => vec![entity.octets()],
        }
    }

    /// Looks once more at the very octets that go out: a sealed copy shows nothing but allowed
    /// header fields and one armored OpenPGP message.
    ///
    /// # Errors
    /// Says what was seen that must not leave.
    pub(crate) fn check(&self) -> Result<(), WouldLeak> {
        let Self::Sealed { frame, copy } = self else { return Ok(()) };
        let allowed = |name: &str| OUTER_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name));
        let header = Header::of(&frame.head);
        if !header.fields().all(|field| allowed(field.name)) {
            return Err(WouldLeak("a header field that is not on the list of allowed ones"));
        }
        // A header that does not read has no fields at all, and would pass with anything in it.
        if header.is_endless() || header.only("From").is_none() || header.only("Content-Type").is_none() {
            return Err(WouldLeak("a header that does not read"));
        }
        let [head, shared, tail] = copy.slices();
        if !head.starts_with(b"-----BEGIN PGP MESSAGE-----\r\n") {
            return Err(WouldLeak("no OpenPGP message where one must begin"));
        }
        if !tail.ends_with(b"-----END PGP MESSAGE-----\r\n") {
            return Err(WouldLeak("no end of the OpenPGP message"));
        }
        let base64 = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=\r\n".contains(octet);
        if !shared.iter().all(base64) {
            return Err(WouldLeak("something else than base64 inside the OpenPGP message"));
        }
        Ok(())
    }
}

/// Marks a public message for the store.
pub(crate) fn mark_public(entity: &Entity<Public>) -> Vec<u8> {
    let mut marked = PUBLIC_MARK.to_vec();
    marked.extend_from_slice(entity.octets());
    marked
}

/// Takes a public message out of the store; `None` when it is anything else.
pub(crate) fn unmark_public(octets: &[u8]) -> Option<Entity<Public>> {
    octets.strip_prefix(PUBLIC_MARK).map(|rest| Entity::new(rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use chancery_crypto::{BodyFormat, KeyAlgorithm, KeyPair, Keyring, NewKey, RecipientKeyId, seal};
    use chancery_mail::{Cleartext, Instant};

    use super::*;

    const NOW: Instant = Instant::from_unix(1_767_225_600);

    fn sealed(head: &str) -> Departure {
        let new = NewKey {
            address: "alice@example.org".parse().unwrap(),
            name: String::new(),
            algorithm: KeyAlgorithm::default(),
            lifetime: None,
        };
        let (pair, _) = KeyPair::generate(&new, NOW).unwrap();
        let key = pair.certificate().recipient_key(NOW).unwrap();
        let content = Entity::<Cleartext>::new(b"Content-Type: text/plain\r\n\r\nwords\r\n".to_vec());
        let (body, session_key) =
            seal(&content, &Keyring::new(pair, Vec::new()), BodyFormat::SeipdV1, NOW).unwrap();
        let copy = body.wrap(&session_key, &key, RecipientKeyId::Hidden).unwrap();
        let frame = Frame { head: head.as_bytes().to_vec(), tail: b"--b--\r\n".to_vec() };
        Departure::Sealed { frame: Arc::new(frame), copy }
    }

    #[test]
    fn a_sealed_copy_shows_allowed_fields_and_ciphertext_alone() {
        assert!(
            sealed(
                "From: <friends@lists.example.org>\r\nContent-Type: multipart/encrypted\r\n\r\n--b\r\n\r\n"
            )
            .check()
            .is_ok()
        );
        for leak in ["X-Original-From: alice@example.org", "Reply-To: <alice@example.org>", "Comments: words"]
        {
            let head =
                format!("From: <f@x>\r\nContent-Type: multipart/encrypted\r\n{leak}\r\n\r\n--b\r\n\r\n");
            assert!(sealed(&head).check().is_err(), "{leak}");
        }
        assert!(sealed("words that are no header\r\n\r\n").check().is_err());
    }

    #[test]
    fn what_is_not_marked_as_public_does_not_leave_as_such() {
        let entity = Entity::<Public>::new(b"Subject: x\r\n\r\nwords\r\n".to_vec());
        assert_eq!(unmark_public(&mark_public(&entity)).unwrap().octets(), entity.octets());
        assert!(unmark_public(entity.octets()).is_none());
        assert!(unmark_public(b"Content-Type: multipart/mixed\r\n\r\n").is_none());
    }
}
