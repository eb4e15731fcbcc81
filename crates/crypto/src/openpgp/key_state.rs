// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a certificate can be used for something at a moment, and with which of its keys.
//!
//! The key iterator of the library looks at a subkey's own expiry and revocation alone: on a revoked
//! certificate it still offers the encryption subkey. So the certificate is asked first, always.

use std::time::{Duration, SystemTime};

use chancery_mail::{Instant, KeyState};
use sequoia_openpgp::{
    Cert,
    cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation},
    packet::{Key, key},
    policy::StandardPolicy,
    types::{KeyFlags, RevocationStatus},
};

/// A public key packet of any role.
pub(super) type PublicKey = Key<key::PublicParts, key::UnspecifiedRole>;

/// For what a key is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Encryption,
    Signing,
}

impl Purpose {
    fn flags(self) -> KeyFlags {
        match self {
            Self::Encryption => KeyFlags::empty().set_transport_encryption().set_storage_encryption(),
            Self::Signing => KeyFlags::empty().set_signing(),
        }
    }

    pub(super) fn fits(self, flags: &KeyFlags) -> bool {
        match self {
            Self::Encryption => flags.for_transport_encryption() || flags.for_storage_encryption(),
            Self::Signing => flags.for_signing(),
        }
    }
}

/// A key that can be used now.
pub(super) struct UsableKey {
    pub(super) key: PublicKey,
    /// When it or its certificate ends, whichever is first.
    pub(super) expires: Option<Instant>,
}

/// The policy as it stands at a moment.
pub(super) fn policy(now: Instant) -> StandardPolicy<'static> {
    StandardPolicy::at(system_time(now))
}

/// The key of this certificate that fits, the newest if there are several, or why there is none.
pub(super) fn usable_key(cert: &Cert, purpose: Purpose, now: Instant) -> Result<UsableKey, KeyState> {
    let policy = policy(now);
    let valid = cert.with_policy(&policy, system_time(now)).map_err(|error| refused(&error))?;
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Err(KeyState::Revoked);
    }
    if valid.alive().is_err() {
        return Err(KeyState::Expired);
    }
    let certificate_ends = valid.primary_key().key_expiration_time();
    let mut best: Option<(SystemTime, UsableKey)> = None;
    let mut reason = KeyState::Incapable;
    for candidate in valid.keys().supported().key_flags(purpose.flags()) {
        if matches!(candidate.revocation_status(), RevocationStatus::Revoked(_)) {
            reason = KeyState::Revoked;
        } else if candidate.alive().is_err() {
            // "Revoked" tells more than "expired" when both are there.
            if reason != KeyState::Revoked {
                reason = KeyState::Expired;
            }
        } else if best.as_ref().is_none_or(|(made, _)| candidate.key().creation_time() > *made) {
            let expires = [certificate_ends, candidate.key_expiration_time()].into_iter().flatten().min();
            let key = candidate.key().clone();
            best = Some((key.creation_time(), UsableKey { key, expires: expires.map(instant) }));
        }
    }
    match best {
        Some((_, usable)) => Ok(usable),
        None if reason == KeyState::Incapable && has_weak_key(cert, purpose, now) => Err(KeyState::Weak),
        None => Err(reason),
    }
}

/// Whether there is a fitting key that only the policy keeps us from using.
fn has_weak_key(cert: &Cert, purpose: Purpose, now: Instant) -> bool {
    let policy = policy(now);
    cert.keys().any(|key| {
        let claims = key
            .self_signatures()
            .any(|signature| signature.key_flags().is_some_and(|flags| purpose.fits(&flags)));
        claims
            && key
                .with_policy(&policy, system_time(now))
                .is_err_and(|error| refused(&error) == KeyState::Weak)
    })
}

/// Why the policy took none of it.
pub(super) fn refused(error: &sequoia_openpgp::anyhow::Error) -> KeyState {
    let weak = error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(sequoia_openpgp::Error::PolicyViolation(..))));
    if weak { KeyState::Weak } else { KeyState::Incapable }
}

/// A moment as the library wants it.
pub(super) fn system_time(instant: Instant) -> SystemTime {
    let seconds = u64::try_from(instant.unix()).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A moment as the library gives it.
pub(super) fn instant(time: SystemTime) -> Instant {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Instant::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
