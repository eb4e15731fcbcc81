// SPDX-License-Identifier: GPL-3.0-or-later
//! What the store keeps of a member's certificate, so that fan-out parses none: the chosen
//! encryption key's packet, how it can be used, and until when that is true.

use chancery_crypto::Certificate;
use chancery_mail::{Instant, KeyState};
use chancery_store::NewPin;

/// The row for a certificate that is pinned to an address.
pub(crate) fn new_pin(certificate: &Certificate, confirmed: bool, now: Instant) -> NewPin {
    let facts = certificate.facts(now);
    let (recipient_key, key_format, key_state, key_expires) = match certificate.recipient_key(now) {
        Ok(key) => {
            let format = key.format().as_str().to_owned();
            (Some(key.to_octets()), Some(format), KeyState::Usable, key.expires())
        }
        Err(state) => (None, None, state, facts.expires),
    };
    NewPin {
        fingerprint: certificate.fingerprint(),
        certificate: certificate.octets(),
        key_ids: certificate.key_ids(),
        confirmed,
        recipient_key,
        format: key_format,
        key_state: key_state.as_str().to_owned(),
        key_expires,
        pinned_at: now,
    }
}
